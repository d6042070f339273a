"""Tables as text (csv, tsv): the delimiter is told from the rows, each row becomes a record."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from qa.readers.building import Parsed, TextBuilder
from qa.readers.tables import add_table
from qa.text.columns import Row

_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 200
_LONGEST_LINES = 200
"""Lines that a quoted cell may have; more are text swallowed by a quotation mark that is never closed."""


def parse(text: str) -> Parsed:
    """Return the rows of a table, each with the names of its columns where the first row holds them."""
    text, delimiter = _delimiter(text)
    warnings: tuple[str, ...] = ()
    quoted = not _swallows(text, delimiter)
    if not quoted:
        warnings = ("a quotation mark is never closed: they were all read as plain characters.",)
    builder = TextBuilder()
    add_table(builder, _rows(text, delimiter, quoted=quoted))
    return Parsed(builder.text, tuple(builder.blocks), warnings=warnings)


def _delimiter(text: str) -> tuple[str, str]:
    """Return the text without a line ``sep=;``, as Excel writes it, and what parts the cells."""
    if text[:4].lower() == "sep=" and text[5:6] in ("\n", ""):
        return text[6:], text[4]
    return text, max(_DELIMITERS, key=lambda delimiter: _regularity(text, delimiter))


def _regularity(text: str, delimiter: str) -> tuple[float, int]:
    """Return the share of the first rows that have the commonest count of cells, if more than one, and that count."""
    widths = Counter(len(row) for row in islice(_rows(text, delimiter), _SAMPLE_ROWS) if row)
    cells, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    return (rows / widths.total(), cells) if cells > 1 else (0.0, 0)


def _swallows(text: str, delimiter: str) -> bool:
    return any(cell.count("\n") > _LONGEST_LINES for row in _rows(text, delimiter) for cell in row)


def _rows(text: str, delimiter: str, *, quoted: bool = True) -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    lines = io.StringIO(text, newline="")
    if quoted:
        return csv.reader(lines, delimiter=delimiter)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
