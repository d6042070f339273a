"""Excel workbooks: a heading for each sheet, a record for each row, values as a reader of the sheet sees them."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import openpyxl
import regex
from lxml import etree

from qa.readers.building import Parsed, TextBuilder, Unreadable, iso_date, one_line, primary_language
from qa.readers.package import find, left_out, open_package
from qa.readers.tables import add_table
from qa.text.columns import Row

_FORMAT = regex.compile(r"([#0,?]*[0#?])(?:\.([0#?]+))?")
_LITERAL = regex.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|[_*].|([$€£¥₩₪₫₹₺₽%‰ ])')
"""What stands beside the number: words, currencies and signs; in no group what only colours or fills."""
_ADVICE = "open the workbook in a spreadsheet program, save it, and add it again"


def parse(data: bytes) -> Parsed:
    """Return the visible sheets of a workbook; formulas give the value that was last computed."""
    package = open_package(data, "Excel workbook")
    builder = TextBuilder()
    hidden: list[str] = []
    warnings: list[str] = []
    try:
        # read_only: rows are streamed; data_only: values, not formulas; keep_links: other files are left alone
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                hidden.append(sheet.title)
                continue
            sheet.reset_dimensions()  # what a file says of its size may be a million empty columns
            table = TextBuilder()
            add_table(table, _rows(sheet))
            if table.blocks:
                builder.add(sheet.title, "heading", rank=1)
                text = table.text  # once: it is put together anew each time
                for block in table.blocks:
                    builder.add(block.span.of(text), block.kind)
            if lost := _uncomputed(package, sheet._worksheet_path):
                what = "1 formula has" if lost == 1 else f"{lost:,} formulas have"
                warnings.append(
                    f"{what} no computed value in the sheet '{one_line(sheet.title)}'; {_ADVICE}."
                )
        warnings += left_out(package)
        facts = book.properties
        book.close()
    except Exception as error:  # the library meets damage with any exception there is
        reason = one_line(f"{type(error).__name__}: {error}".rstrip(": "), 120)
        raise Unreadable(f"is damaged ({reason}); open and save it again.") from error
    if any(_ADVICE in warning for warning in warnings) and not builder.blocks:
        raise Unreadable(f"holds no text: its formulas have no computed values; {_ADVICE}.")
    if hidden:
        warnings.append(f"hidden sheets were left out: {', '.join(hidden)}.")
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        one_line(facts.title or ""),
        warnings=tuple(warnings),
        author=one_line(facts.creator or ""),
        changed=iso_date(facts.modified.isoformat() if facts.modified else ""),
        language=primary_language(facts.language),
    )


def _rows(sheet: Any) -> Iterator[Row]:
    for row in sheet.iter_rows():
        yield [_shown(cell.value, cell.number_format) if cell.value is not None else "" for cell in row]


def _uncomputed(package: zipfile.ZipFile, name: str) -> int:
    """Return how many cells of a sheet have a formula that no program has computed; empty text is a value."""
    count = 0
    safely = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    with package.open(name) as sheet:
        for _, row in etree.iterparse(sheet, tag="{*}row", **safely):
            for cell in row:
                if cell.get("t") != "str" and find(cell, "f") is not None:
                    value = find(cell, "v")
                    count += value is None or not value.text
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]
    return count


def _shown(value: Any, number_format: str) -> str:
    """Return a value as the sheet shows it, by the parts of its format that change what it says."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _number(value: float, number_format: str) -> str:
    if not math.isfinite(value):
        return ""
    shown = (number_format or "General").split(";")[0]
    masked = _LITERAL.sub(lambda literal: "\0" * len(literal[0]), shown)
    found = _FORMAT.search(masked)
    if found is None or "E" in masked or "/" in masked:
        return f"{value:.15g}"
    before, after = shown[: found.start()], shown[found.end() :]
    percent = any(literal[4] == "%" for literal in _LITERAL.finditer(before + after))
    exact = Decimal(repr(value)) * (100 if percent else 1)
    whole, places = found[1], found[2] or ""
    with localcontext(prec=400):  # rounded as spreadsheets round: half away from zero
        rounded = exact.quantize(Decimal(1).scaleb(-len(places)), ROUND_HALF_UP)
    digits, _, rest = f"{abs(rounded):{',' if ',' in whole else ''}f}".partition(".")
    least = len(places.rstrip("#"))  # digits after the point that are shown though they are zeros
    rest = rest[:least] + rest[least:].rstrip("0")
    number = digits.zfill(whole.count("0")) + f".{rest}" * bool(rest)
    return ("-" * (rounded < 0) + _literals(before) + number + _literals(after)).strip()


def _literals(part: str) -> str:
    return "".join("".join(filter(None, literal.groups())) for literal in _LITERAL.finditer(part))
