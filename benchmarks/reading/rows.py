"""Whether the rows of narrow tables and the items of lists without bullets are told apart in a PDF.

    python -m benchmarks.reading.rows

Tables of two to eight rows stand between two paragraphs, their cells as far apart as the gap says (in sizes of the
type), figures flush left or right. Lists have no bullet, no number and no full stop. A row is right if it is a row with
its cells between bars, an item if it is a block of its own; prose is right if it is a block as it was written. Pages
are set by reportlab, with the fonts of the PDF standard, drawn from the top to the bottom.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.reading.order import letters, read_pdf
from benchmarks.reading.pages import articles
from benchmarks.reading.press import Frame, Printer
from qa.types import Document

SIZE = 10.0
LEADS = (1.2, 1.6)
GAPS = (0.7, 1.0, 1.5, 2.0, 3.0)
LANGUAGES = ("en", "zh", "ja")
COLUMN = 240.0
"""Points: the width of the text that stands around tables and lists."""
SEED = 5
COUNTS = (2, 4, 8)
"""Rows of a table under the names of its columns."""

TABLES = {
    "en": (
        ("Town", "People", "Beds"),
        ("Ashford", "Brookham", "Elm", "Kettermouth", "Lang", "Dunstead Hill", "Glencombe", "Hart"),
    ),
    "zh": (
        ("乡镇", "人口", "床位"),
        ("青溪镇", "白桥", "石塘镇", "柳口", "云湖镇", "龙岭", "金坪镇", "竹山"),
    ),
    "ja": (
        ("町", "人口", "病床"),
        ("みさき町", "青山", "白川町", "石橋", "松原町", "竹田", "梅ヶ丘", "二本松"),
    ),
}
LISTS = {
    "en": (
        "Fresh bread from the mill",
        "Milk",
        "Butter and cheese",
        "Honey of the county",
        "Eggs",
        "Apples, pears and plums",
        "Rye flour in bags of two kilograms",
        "Candles",
        "Wool",
        "Firewood by the cord",
    ),
    "zh": (
        *("本地蜂蜜", "鲜牛奶和奶酪", "鸡蛋", "磨坊的新鲜面包", "苹果、梨和李子"),
        *("熏鳟鱼", "两公斤装的黑麦面粉", "蜡烛", "羊毛", "按捆出售的木柴"),
    ),
    "ja": (
        *("地元の蜂蜜", "牛乳とチーズ", "卵", "水車小屋の焼きたてのパン", "りんごと梨"),
        *("鱒の燻製", "二キロ入りのライ麦粉", "ろうそく", "羊毛", "薪の束"),
    ),
}


@dataclass(frozen=True, slots=True)
class Page:
    """A PDF, the rows or items that should be blocks of a kind, and the paragraphs around them."""

    name: str
    data: bytes
    rows: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()


def table_pages(language: str) -> Iterator[Page]:
    """Yield a page for each gap, distance of the lines and side on which figures are flush."""
    names, places = TABLES[language]
    chance = random.Random(SEED)
    for gap, lead, count, right in product(GAPS, LEADS, COUNTS, (False, True)):
        figures = [(chance.randrange(300, 40000), chance.randrange(1, 400)) for _ in range(count)]
        rows = [
            (place, f"{people:,}", str(beds)) for place, (people, beds) in zip(places, figures, strict=False)
        ]
        yield _table_page(language, [names, *rows], gap, lead, right=right)


def _table_page(
    language: str, rows: Sequence[tuple[str, ...]], gap: float, lead: float, *, right: bool
) -> Page:
    printer = Printer(language)
    above, below = _prose(language)
    y = printer.paragraph(above, Frame(60, 780, COLUMN, 700), SIZE)
    widths = [max(printer.wide(row[at], SIZE) for row in rows) for at in range(len(rows[0]))]
    y -= 6
    for row in rows:
        y -= lead * SIZE
        x = 60.0
        for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
            shift = width - printer.wide(cell, SIZE) if right and at else 0.0
            printer.put(x + shift, y, cell, SIZE)
            x += width + gap * SIZE
    printer.paragraph(below, Frame(60, y - 8, COLUMN, 700), SIZE)
    name = f"table gap {gap} lead {lead}"
    return Page(name, printer.data(), tuple(" | ".join(row) for row in rows), prose=(above, below))


def list_pages(language: str) -> Iterator[Page]:
    """Yield a page for each distance of the lines: under a paragraph of the same width, and a list alone."""
    for lead in LEADS:
        for apart in (0.0, 6.0):
            printer = Printer(language)
            above, below = _prose(language)
            y = printer.paragraph(above, Frame(60, 780, COLUMN, 700), SIZE) - apart
            for item in LISTS[language]:
                y -= lead * SIZE
                printer.put(60, y, item, SIZE)
            printer.paragraph(below, Frame(60, y - 4 - apart, COLUMN, 700), SIZE)
            name = f"list {'apart' if apart else 'close'} lead {lead}"
            yield Page(name, printer.data(), items=LISTS[language], prose=(above, below))


def _prose(language: str) -> tuple[str, str]:
    joint = "" if language in ("zh", "ja") else " "
    first, second = articles(language)[0].paragraphs[:2]
    return joint.join(first), joint.join(second)


def score(document: Document, page: Page) -> tuple[int, int, int, int]:
    """Return how many rows or items a page has and how many are right, and the same of its paragraphs."""
    blocks = [(block.kind, block.span.of(document.text)) for block in document.blocks]
    rows = {text for kind, text in blocks if kind == "row"}
    alone = {text for _, text in blocks}
    right = sum(row in rows for row in page.rows) + sum(item in alone for item in page.items)
    said = {letters(text) for text in alone}
    return (
        len(page.rows + page.items),
        right,
        len(page.prose),
        sum(letters(each) in said for each in page.prose),
    )


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    for kind, pages in (("table", table_pages), ("list", list_pages)):
        for language in LANGUAGES:
            sums: dict[str, list[int]] = {}
            for page in pages(language):
                found = score(read_pdf(page.data), page)
                for name in (page.name.rpartition(" lead")[0], f"{kind} in all"):
                    sums[name] = [a + b for a, b in zip(sums.get(name, [0] * 4), found, strict=True)]
            for name, (rows, right, prose, whole) in sorted(sums.items()):
                print(
                    f"{language} {name:16} {right:4} of {rows:4}  {right / rows:6.1%}  prose {whole} of {prose}"
                )


if __name__ == "__main__":
    main()
