"""JSON and JSON lines: the records that hold a text, each under its title."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import regex

from qa.readers.building import NoDocument, Parsed, TextBuilder, Unreadable, iso_date, one_line
from qa.readers.encoding import clean

TEXTS = (
    "text", "content", "contents", "body", "full_text", "fulltext", "article", "passage", "abstract",
    "正文", "内容", "內容", "文本", "本文", "본문", "النص", "texte", "texto", "inhalt", "текст",
)  # fmt: skip
"""Names of fields that hold a text; of several the first one counts."""
TITLES = (
    "title",
    "headline",
    "heading",
    "标题",
    "標題",
    "题名",
    "題名",
    "タイトル",
    "제목",
    "العنوان",
    "titre",
    "título",
    "titel",
    "заголовок",
)
_DATES = ("date", "published", "created", "日期", "时间", "時間")
_AUTHORS = ("author", "creator", "byline", "作者")
_PARAGRAPHS = regex.compile(r"\n\s*\n")


def parse(text: str, *, lines: bool) -> Parsed:
    """Return the texts of a file of JSON values, one a line or a single one.

    A record is any object with one of the fields ``TEXTS``, however deep it stands; its other fields are left out,
    except its title. Raises ``NoDocument`` where there is none.
    """
    values, damaged = _lines(text) if lines else _values(text)
    builder = TextBuilder()
    records = [record for value in values for record in _records(value)]
    left_out: dict[str, None] = {}
    for record in records:
        builder.end_headings()
        builder.add(one_line(_first(record, TITLES)), "heading", rank=1)
        for paragraph in _PARAGRAPHS.split(_first(record, TEXTS)):
            builder.add(paragraph)
        left_out |= dict.fromkeys(name for name in record if name.lower() not in {*TEXTS, *TITLES})
    if not records:
        raise NoDocument(
            "JSON without texts",
            f"has no record with a text; fields that are read as one: {' '.join(TEXTS[:7])}.",
        )
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        one_line(_shared(records, TITLES)),
        warnings=tuple(_warnings(damaged, list(left_out))),
        author=one_line(_shared(records, _AUTHORS)),
        date=iso_date(_shared(records, _DATES)),
    )


def _values(text: str) -> tuple[list[Any], list[int]]:
    """Return the value of a file; one on each of its lines, where they are JSON and the file is not."""
    try:
        return [_load(text)], []
    except Unreadable:
        head, _, rest = text.strip().partition("\n")
        if not (rest and _is_json(head)):
            raise
        return _lines(text)


def _is_json(line: str) -> bool:
    try:
        return isinstance(_load(line), dict)
    except Unreadable:
        return False


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Unreadable("nests too deep to be read.") from error
    except ValueError as error:
        raise Unreadable(f"is no JSON ({one_line(str(error), 120)}).") from error


def _lines(text: str) -> tuple[list[Any], list[int]]:
    """Return the values of the lines, and the numbers of the lines that hold none."""
    values: list[Any] = []
    damaged: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                values.append(_load(line))
            except Unreadable:
                damaged.append(number)
    if not values:
        raise Unreadable("holds no JSON on any of its lines.")
    return values, damaged


def _records(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects with a text, in order; what stands inside one is its own."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if _first(value, TEXTS):
                yield value
            else:
                waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _first(record: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return the first of the fields that holds a text: a string, or strings that are its paragraphs."""
    fields = {name.lower(): value for name, value in record.items()}
    return next((text for name in names if (text := _text(fields.get(name)))), "")


def _shared(records: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    """Return what all the records say in one of the fields, "" where they differ."""
    values = {_first(record, names) for record in records}
    return values.pop() if len(values) == 1 else ""


def _text(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return clean("\n\n".join(value)).strip()
    return clean(value).strip() if isinstance(value, str) else ""


def _warnings(damaged: list[int], left_out: list[str]) -> Iterator[str]:
    if damaged:
        shown = ", ".join(map(str, damaged[:5])) + (" …" if len(damaged) > 5 else "")
        yield f"{len(damaged)} of its lines are no JSON and were left out: {shown}."
    if left_out:
        shown = one_line(", ".join(left_out[:8]) + (" …" if len(left_out) > 8 else ""))
        yield f"only titles and texts are read; other fields were left out: {shown}."
