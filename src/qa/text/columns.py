"""The names of a table's columns: what its first row says, if it says what stands below."""

from __future__ import annotations

from collections.abc import Sequence

import regex

OPENING = 30
"""Rows that are looked at to find the names of the columns."""
_NUMBER = regex.compile(r"[\p{N}\p{Sc}\s.,:;/%+()−–-]*\p{N}[\p{N}\p{Sc}\s.,:;/%+()−–-]*|[-–—./]+")
_YEAR = regex.compile(r"(?:1[5-9]|20|21)\d\d")
_LONGEST_NAME = 80
_BARS = regex.compile(r"(?<!\\)\|")
_GAPS = regex.compile(r" {3,}|\u3000{2,}")

Row = list[str]


def cells(line: str) -> Row:
    """Return the cells of a row that is one line: between bars, else tabs, else wide gaps."""
    parts = _BARS.split(line) if "|" in line else line.split("\t") if "\t" in line else _GAPS.split(line)
    return [" ".join(part.split()) for part in parts]


def filled(row: Row) -> int:
    """Return how many cells of a row are not empty."""
    return sum(map(bool, row))


def column_names(rows: Sequence[Row]) -> Row:
    """Return the first row if it names the columns: words, all different, over other rows; else an empty one."""
    if len(rows) < 2:
        return []
    first, rest = rows[0], rows[1:]
    named = [cell for cell in first if cell]
    width = max(map(filled, rest))
    if len(named) < 2 or 2 * len(named) < width or len(set(named)) < len(named):
        return []
    if any(len(name) > _LONGEST_NAME for name in named):
        return []
    numbers = [at for at, cell in enumerate(first) if _NUMBER.fullmatch(cell)]
    if len(numbers) == len(named) or any(not _is_year_name(at, first, rest) for at in numbers):
        return []
    return first


def _is_year_name(at: int, first: Row, rest: Sequence[Row]) -> bool:
    """Tell whether a year is the name of its column: what stands below are no years."""
    below = [row[at] for row in rest if at < len(row) and row[at]]
    years = sum(bool(_YEAR.fullmatch(cell)) for cell in below)
    return bool(_YEAR.fullmatch(first[at])) and 2 * years <= len(below)
