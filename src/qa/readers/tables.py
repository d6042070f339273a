"""Rows of cells to records: each row says the names of its columns, and so stands by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from qa.readers.building import TextBuilder
from qa.text.columns import OPENING, Row, column_names, filled

MAX_TITLE_LINES = 5
"""Lines with one cell above the names of the columns are titles, not more than these."""


def add_table(builder: TextBuilder, rows: Iterable[Row]) -> None:
    """Append a table: title lines above it as paragraphs, then each row as a record.

    A record is ``name: value | name: value``, empty cells left out; without names the values alone.
    """
    said = ([_one_line(cell) for cell in row] for row in rows)
    said = (row for row in said if any(row))
    opening = list(islice(said, OPENING))
    titles = _titles(opening)
    for row in opening[:titles]:
        builder.add(next(filter(None, row)))
    names, start = column_names(opening[titles:]), titles
    start += bool(names)
    for row in chain(opening[start:], said):
        builder.add(" | ".join(_cells(names, row)), "record")


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


def _titles(rows: list[Row]) -> int:
    """Return how many rows with a single cell stand above a table that is wider."""
    single = 0
    while single < len(rows) and filled(rows[single]) == 1:
        single += 1
    return single if single < len(rows) and single <= MAX_TITLE_LINES else 0


def _cells(names: Row, row: Row) -> Iterator[str]:
    for at, cell in enumerate(row):
        if cell:
            name = names[at] if at < len(names) else ""
            yield f"{name.rstrip(':： ')}: {cell}" if name else cell
