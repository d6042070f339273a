"""Rows of cells to records: each row says the names of its columns, and so stands by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

import regex

from qa.readers.building import TextBuilder

MAX_TITLE_LINES = 5
"""Lines with one cell above the names of the columns are titles, not more than these."""
_OPENING = 30
"""Rows that are looked at to find the names of the columns."""
_NUMBER = regex.compile(r"[\p{N}\p{Sc}\s.,:;/%+()−–-]*\p{N}[\p{N}\p{Sc}\s.,:;/%+()−–-]*|[-–—./]+")
_YEAR = regex.compile(r"(?:1[5-9]|20|21)\d\d")
_LONGEST_NAME = 80

Row = list[str]


def add_table(builder: TextBuilder, rows: Iterable[Row]) -> None:
    """Append a table: title lines above it as paragraphs, then each row as a record.

    A record is ``name: value | name: value``, empty cells left out; without names the values alone.
    """
    filled = ([_one_line(cell) for cell in row] for row in rows)
    filled = (row for row in filled if any(row))
    opening = list(islice(filled, _OPENING))
    titles = _titles(opening)
    for row in opening[:titles]:
        builder.add(next(filter(None, row)))
    names, start = _names(opening[titles:]), titles
    start += bool(names)
    for row in chain(opening[start:], filled):
        builder.add(" | ".join(_cells(names, row)), "record")


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


def _count(row: Row) -> int:
    return sum(map(bool, row))


def _titles(rows: list[Row]) -> int:
    """Return how many rows with a single cell stand above a table that is wider."""
    single = 0
    while single < len(rows) and _count(rows[single]) == 1:
        single += 1
    return single if single < len(rows) and single <= MAX_TITLE_LINES else 0


def _names(rows: list[Row]) -> Row:
    """Return the names of the columns if the first row holds them: words, all different, over other rows."""
    if len(rows) < 2:
        return []
    first, rest = rows[0], rows[1:]
    named = [cell for cell in first if cell]
    width = max(map(_count, rest))
    if len(named) < 2 or 2 * len(named) < width or len(set(named)) < len(named):
        return []
    if any(len(name) > _LONGEST_NAME for name in named):
        return []
    numbers = [at for at, cell in enumerate(first) if _NUMBER.fullmatch(cell)]
    if len(numbers) == len(named) or any(not _is_year_name(at, first, rest) for at in numbers):
        return []
    return first


def _is_year_name(at: int, first: Row, rest: list[Row]) -> bool:
    """Tell whether a year is the name of its column: what stands below are no years."""
    below = [row[at] for row in rest if at < len(row) and row[at]]
    years = sum(bool(_YEAR.fullmatch(cell)) for cell in below)
    return bool(_YEAR.fullmatch(first[at])) and 2 * years <= len(below)


def _cells(names: Row, row: Row) -> Iterator[str]:
    for at, cell in enumerate(row):
        if cell:
            name = names[at] if at < len(names) else ""
            yield f"{name.rstrip(':： ')}: {cell}" if name else cell
