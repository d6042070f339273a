"""Lines of question sets and benchmarks; every complaint names the file and the line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from qa.errors import QuestionError

MOST_NAMED = 20
"""Lines of one file; where all are wrong, twenty tell why."""


class Place:
    """A line of a file, for error messages."""

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self.number = number

    def error(self, reason: str) -> QuestionError:
        return QuestionError(f"{self.path}, line {self.number}: {reason}")


class Wrong:
    """Collects what is wrong with a file's lines, so that all are named at once."""

    def __init__(self) -> None:
        self._errors: list[QuestionError] = []

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what is wrong with one line, and go on."""
        try:
            yield
        except QuestionError as error:
            self._errors.append(error)

    def check(self) -> None:
        """Raise a ``QuestionError`` that names every line that was noted, a line for each, if there are any."""
        if not self._errors:
            return
        named = [str(error) for error in self._errors[:MOST_NAMED]]
        more = len(self._errors) - len(named)
        raise QuestionError("\n".join([*named, f"… and {more} more."] if more else named)) from self._errors[
            0
        ]


def text_lines(path: Path, *, whole: bool = False, wrong: Wrong | None = None) -> Iterator[tuple[Place, str]]:
    """Yield the lines of a UTF-8 file that are not blank, each with its place.

    With ``whole`` a last line that lacks its end is left out: it was being written when its writer was killed. With
    ``wrong`` a line that cannot be read is noted there, and left out.

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
            line = ""
            with _noting(wrong):
                line = _decoded(raw, place)
            if line:
                yield place, line


def json_lines(
    path: Path, *, whole: bool = False, wrong: Wrong | None = None
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the JSON objects of a JSON Lines file, each with its place; ``whole`` and ``wrong`` as ``text_lines``.

    Raises:
        QuestionError: a line is not one JSON object.
    """
    for place, line in text_lines(path, whole=whole, wrong=wrong):
        value: dict[str, Any] | None = None
        with _noting(wrong):
            value = _object(line, place)
        if value is not None:
            yield place, value


def _noting(wrong: Wrong | None) -> AbstractContextManager[None]:
    return wrong.noting() if wrong else nullcontext()


def _decoded(raw: bytes, place: Place) -> str:
    try:
        return raw.decode("utf-8-sig" if place.number == 1 else "utf-8").strip()
    except UnicodeDecodeError as error:
        raise place.error("this is not UTF-8; save the file as UTF-8.") from error


def _object(line: str, place: Place) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise place.error(f"this is not JSON ({error.msg} at column {error.colno}).") from error
    except RecursionError as error:
        raise place.error("the JSON is nested too deeply.") from error
    if not isinstance(value, dict):
        raise place.error(f"a JSON object is needed, this is {type(value).__name__}.")
    return value


def table_rows(path: Path, *, wrong: Wrong | None = None) -> Iterator[tuple[Place, dict[str, str]]]:
    """Yield the rows of a table with a header line, each with the place where it ends; blank rows are left out.

    Columns are parted by whichever of comma, semicolon and tab is commonest in the header: spreadsheets
    write all three. With ``wrong`` a row with too many cells is noted there, and left out.

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
            named: dict[str, str] | None = None
            with _noting(wrong):
                named = _named(header, cells, place)
            if named is not None:
                yield place, named
    except csv.Error as error:
        raise Place(path, rows.line_num).error(f"this is not CSV ({error}).") from error


def _named(header: list[str], cells: list[str], place: Place) -> dict[str, str]:
    if any(cells[len(header) :]):
        raise place.error(f"{len(cells)} cells under {len(header)} columns; put texts in quotation marks.")
    return dict(zip(header, cells, strict=False))


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
