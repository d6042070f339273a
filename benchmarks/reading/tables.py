"""Whether a question that names a row and a column of a long table finds the passage with that cell.

    python -m benchmarks.reading.tables [--rows 60]

One document a format and language, with three tables one after the other: the same places in their rows, two columns
of figures each. So the name of the row is in three passages, and only the names of the columns tell which is meant;
they stand in the first row of a table alone. The library holds that document and nothing else.
"""

from __future__ import annotations

import argparse
import io
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import docx

from benchmarks.reading.pages import Browser
from qa import QA

SEED = 7
ASKED = 30
"""Questions about each column."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the tables of a language say: the name of the first column, the other columns with a question each."""

    heads: tuple[str, ...]
    tails: tuple[str, ...]
    """A place is a head and a tail."""
    place: str
    columns: tuple[tuple[str, str], ...]


LANGUAGES = {
    "en": Words(
        ("Ash", "Brook", "Cald", "Dun", "Elm", "Fern", "Glen", "Hart", "Ketter", "Lang"),
        ("ford", "ham", "wick", "by", "mouth", "field", "stead", "combe"),
        "Town",
        (
            ("Population", "How many people live in {}?"),
            ("Area in hectares", "How large is the area of {}?"),
            ("Hospital beds", "How many hospital beds are there in {}?"),
            ("Pupils", "How many pupils does {} have?"),
            ("Rainfall in mm", "How much rain falls in {}?"),
            ("Hours of sunshine", "How many hours of sunshine does {} get?"),
        ),
    ),
    "zh": Words(
        ("青", "白", "石", "柳", "云", "龙", "金", "竹", "梅", "双"),
        ("溪镇", "桥镇", "山镇", "塘镇", "口镇", "湖镇", "岭镇", "坪镇"),
        "乡镇",
        (
            ("人口", "{}有多少人口？"),
            ("面积（公顷）", "{}的面积是多少？"),
            ("医院床位", "{}有多少张医院床位？"),
            ("学生人数", "{}有多少学生？"),
            ("降雨量（毫米）", "{}的降雨量是多少？"),
            ("日照时数", "{}的日照时数是多少？"),
        ),
    ),
    "ar": Words(
        ("وادي", "عين", "تل", "كفر", "بئر", "دار", "جبل", "رأس", "بيت", "برج"),
        (" النخيل", " الرمان", " السلام", " الورد", " الزيتون", " الحمام", " الغزال", " القمر"),
        "البلدة",
        (
            ("عدد السكان", "كم عدد سكان {}؟"),
            ("المساحة بالهكتار", "ما مساحة {}؟"),
            ("أسرة المستشفيات", "كم عدد أسرة المستشفيات في {}؟"),
            ("عدد التلاميذ", "كم عدد التلاميذ في {}؟"),
            ("كمية الأمطار بالمليمتر", "ما كمية الأمطار في {}؟"),
            ("ساعات سطوع الشمس", "كم عدد ساعات سطوع الشمس في {}؟"),
        ),
    ),
}

Table = tuple[tuple[str, ...], ...]


def tables(words: Words, rows: int) -> tuple[Table, ...]:
    """Return three tables of ``rows`` rows under the names of their columns, of figures that are all different."""
    chance = random.Random(SEED)
    places = chance.sample([head + tail for head in words.heads for tail in words.tails], rows)
    figures = iter(chance.sample(range(1000, 9999), 6 * rows))
    pairs = [words.columns[at : at + 2] for at in range(0, len(words.columns), 2)]
    return tuple(
        (
            (words.place, *(name for name, _ in pair)),
            *((place, *(str(next(figures)) for _ in pair)) for place in places),
        )
        for pair in pairs
    )


def _markdown(found: Sequence[Table], language: str) -> bytes:
    parts = []
    for first, *rest in found:
        lines = [first, ("---",) * len(first), *rest]
        parts.append("".join(f"| {' | '.join(line)} |\n" for line in lines))
    return "\n".join(parts).encode()


def _html(found: Sequence[Table], language: str) -> bytes:
    direction = "rtl" if language == "ar" else "ltr"
    body = "".join(f"<table>{''.join(f'<tr>{_cells(row)}</tr>' for row in table)}</table>" for table in found)
    style = "td { padding: 1mm 8mm 1mm 0 } table { margin-bottom: 8mm }"
    return (
        f'<!DOCTYPE html><html lang="{language}" dir="{direction}"><meta charset="utf-8">'
        f"<style>@page {{ size: A4; margin: 20mm }} {style}</style><body>{body}</body></html>"
    ).encode()


def _cells(row: Sequence[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in row)


def _docx(found: Sequence[Table], language: str) -> bytes:
    made = docx.Document()
    for rows in found:
        table = made.add_table(len(rows), len(rows[0]))
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
        made.add_paragraph()
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


FORMATS: dict[str, Callable[[Sequence[Table], str], bytes]] = {"md": _markdown, "html": _html, "docx": _docx}


def files(found: Sequence[Table], language: str, browser: Browser | None) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each format and the tables in it; PDF as Chromium prints the page."""
    for name, make in FORMATS.items():
        yield name, make(found, language)
    if browser is not None:
        yield "pdf", browser.pdf(_html(found, language).decode())


def asked(found: Sequence[Table], words: Words) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield questions, each with the row that answers it: from the last rows, behind the first passage."""
    questions = dict(words.columns)
    for first, *rest in found:
        for name in first[1:]:
            for row in rest[-ASKED:]:
                yield questions[name].format(row[0]), row


def right(name: str, data: bytes, questions: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[int, int]:
    """Return for how many questions the first passage holds the row, and for how many one of the first three does."""
    first = three = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        with QA.open(Path(folder) / "index") as qa:
            qa.add(path)
            for question, row in questions:
                held = [all(cell in hit.text for cell in row) for hit in qa.search(question, k=3)]
                first, three = first + held[0], three + any(held)
    return first, three


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=60)
    options = parser.parse_args()
    browser = None
    if shutil.which("chromium"):
        browser = Browser().__enter__()
    else:
        print("NOT MEASURED: pdf, Chromium is not installed", file=sys.stderr)
    for language, words in LANGUAGES.items():
        found = tables(words, options.rows)
        questions = list(asked(found, words))
        for name, data in files(found, language, browser):
            first, three = right(f"tables.{name}", data, questions)
            print(
                f"{language} {name:5} {len(questions)} questions  Success@1 {first / len(questions):6.1%}"
                f"  Success@3 {three / len(questions):6.1%}",
                flush=True,
            )
    if browser is not None:
        browser.__exit__()


if __name__ == "__main__":
    main()
