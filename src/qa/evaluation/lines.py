"""Lines of question sets and benchmarks; every complaint names the file and the line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qa.errors import QuestionError


class Place:
    """A line of a file, for error messages."""

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self.number = number

    def error(self, reason: str) -> QuestionError:
        return QuestionError(f"{self.path}, line {self.number}: {reason}")


def text_lines(path: Path, *, whole: bool = False) -> Iterator[tuple[Place, str]]:
    """Yield the lines of a UTF-8 file that are not blank, each with its place.

    With ``whole`` a last line that lacks its end is left out: it was being written when its writer was killed.

    Raises:
        QuestionError: the file is not there, or a line is not UTF-8.
    """
    if not path.is_file():
        raise QuestionError(f"There is no file '{path}'.")
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            place = Place(path, number)
            if whole and not raw.endswith(b"\n"):
                return
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise place.error("this is not UTF-8; save the file as UTF-8.") from error
            if line:
                yield place, line


def json_lines(path: Path, *, whole: bool = False) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the JSON objects of a JSON Lines file, each with its place.

    Raises:
        QuestionError: a line is not one JSON object.
    """
    for place, line in text_lines(path, whole=whole):
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise place.error(f"this is not JSON ({error.msg} at column {error.colno}).") from error
        except RecursionError as error:
            raise place.error("the JSON is nested too deeply.") from error
        if not isinstance(value, dict):
            raise place.error(f"a JSON object is needed, this is {type(value).__name__}.")
        yield place, value


def table_rows(path: Path) -> Iterator[tuple[Place, dict[str, str]]]:
    """Yield the rows of a table with a header line, each with the place where it ends; blank rows are left out.

    Columns are parted by whichever of comma, semicolon and tab is commonest in the header: spreadsheets
    write all three.

    Raises:
        QuestionError: a column is named twice, or a row has more cells than the header.
    """
    if not path.is_file():
        raise QuestionError(f"There is no file '{path}'.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionError(f"{path}: this is not UTF-8; save the table as 'CSV UTF-8'.") from error
    header_line = text.partition("\n")[0]
    # not splitlines: a cell may hold a line separator of Unicode
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(",;\t", key=header_line.count), strict=True
    )
    header: list[str] = []
    try:
        for row in rows:
            place = Place(path, rows.line_num)
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if not header:
                header = [cell.lower() for cell in cells]
                twice = sorted({name for name in header if name and header.count(name) > 1})
                if twice:
                    raise place.error(f"the column '{twice[0]}' is there twice.")
                continue
            if any(cells[len(header) :]):
                raise place.error(
                    f"{len(cells)} cells under {len(header)} columns; put texts in quotation marks."
                )
            yield place, dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise Place(path, rows.line_num).error(f"this is not CSV ({error}).") from error


def text_of(value: dict[str, Any], key: str, place: Place) -> str:
    """Return the text under ``key``; a number counts as its digits, as ids are often numbers."""
    found = value.get(key)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not found.strip():
        raise place.error(f"'{key}' must be a text that is not empty, it is {found!r}.")
    return found


def optional_text_of(value: dict[str, Any], key: str, place: Place) -> str | None:
    return None if value.get(key) is None else text_of(value, key, place)


def texts_of(value: dict[str, Any], key: str, place: Place) -> tuple[str, ...]:
    """Return the list of texts under ``key``, empty where it is absent or null."""
    found = value.get(key)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise place.error(f"'{key}' must be a list of texts, it is {found!r}.")
    for item in found:
        if not isinstance(item, str) or not item.strip():
            raise place.error(f"'{key}' must hold texts that are not empty, one is {item!r}.")
    return tuple(found)
