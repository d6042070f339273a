"""Columns, articles and vertical lines: pages whose reading order is known, printed by a browser and by reportlab."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.reading.order import headed, score
from benchmarks.reading.pages import Printed
from qa.readers import read_document
from qa.readers.layout import Box, Line, regions
from qa.readers.lines import Glyph, lines_of, turned, vertical_marks
from qa.types import Document
from tests.made_pdf import Run, make_pdf, pdf_of

IN_ORDER = 0.95


def read(folder: Path, data: bytes) -> Document:
    path = folder / "a.pdf"
    path.write_bytes(data)
    return read_document(path)


def texts(document: Document, kind: str = "paragraph") -> list[str]:
    return [block.span.of(document.text) for block in document.blocks if block.kind == kind]


@pytest.fixture(scope="module")
def browser_pages() -> list[Printed]:
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        reason = "NO BROWSER, NO PAGES TO READ: apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("QA_REQUIRE_BROWSER") else pytest.skip)(reason)
    from benchmarks.reading import pages

    return list(pages.printed())


@pytest.fixture(scope="module")
def press_pages() -> list[Printed]:
    for module in ("reportlab", "arabic_reshaper", "bidi"):
        pytest.importorskip(module)
    from benchmarks.reading import press

    return list(press.printed())


def assert_in_order(folder: Path, pages: list[Printed]) -> None:
    shares: dict[str, list[int]] = {}
    for page in pages:
        document = read(folder, page.data)
        total, _, in_order = score(document.text, page)
        found = shares.setdefault(page.language, [0, 0, 0])
        for at, count in enumerate((total, in_order, headed(document, page))):
            found[at] += count
        body = [block.span.of(document.text) for block in document.blocks if len(block.span) > 60]
        assert not [head for head in page.furniture if any(head in text for text in body)], page.name
    assert all(in_order >= IN_ORDER * total for total, in_order, _ in shares.values()), shares
    assert all(under >= 0.9 * total for total, _, under in shares.values()), shares


def test_pages_of_a_browser_are_read_in_order(tmp_path: Path, browser_pages: list[Printed]) -> None:
    assert_in_order(tmp_path, browser_pages)


def test_pages_drawn_line_by_line_across_the_columns_are_read_in_order(
    tmp_path: Path, press_pages: list[Printed]
) -> None:
    assert_in_order(tmp_path, press_pages)


def test_the_score_counts_what_is_cut_and_what_stands_between() -> None:
    from benchmarks.reading.pages import Article

    one = Article("A", "", (("First one.", "Second one."), ("Third one.",)))
    two = Article("B", "", (("Other one.",),))
    page = Printed("p", "en", b"", (one, two), ())
    assert score("First one. Second one. A caption. Third one. Other one.", page) == (4, 4, 4)
    assert score("First one. A caption. Second one. Third one. Other one.", page) == (4, 4, 3)
    assert score("First one. Second one. Other one. Third one.", page) == (4, 4, 3)
    assert score("First one. Second Other one. one. Third one.", page) == (4, 3, 2)


# --- a page at a time ------------------------------------------------------------------------------------

LEFT = [
    "In the year of the flood the people",
    "of the lower town moved up to the",
    "hill, where the monks gave them",
]
RIGHT = [
    "bread and a roof for the winter,",
    "and nobody was asked for money or",
    "for work. Then the water had gone.",
]


def columns(left: list[str], right: list[str], top: float = 740) -> list[Run]:
    rows = [(60.0, top - 14 * row, 11.0, text) for row, text in enumerate(left)]
    return rows + [(320.0, top - 14 * row, 11.0, text) for row, text in enumerate(right)]


def test_a_caption_in_the_middle_of_a_sentence_stands_behind_its_paragraph(tmp_path: Path) -> None:
    page: list[Run] = [
        *columns(LEFT, []),
        (60, 600, 8, "The hill before the flood."),
        *columns(RIGHT[:2], [], 560),
    ]
    page += columns(
        [], [RIGHT[2], *(f"So ended the year {year} for the town." for year in range(1342, 1352))]
    )
    document = read(tmp_path, make_pdf([page]))
    first, caption, *_ = texts(document)
    assert first.startswith(" ".join((*LEFT, *RIGHT)))
    assert caption == "The hill before the flood."


def test_what_a_browser_prints_around_a_page_is_no_text(tmp_path: Path) -> None:
    around = [
        (25, 820, 8, "11/28/26, 11:05 PM"),
        (25, 15, 8, "https://example.org/a.html"),
        (560, 15, 8, "1/1"),
    ]
    page = [(60, 744, 20, "The mill"), (60, 720, 11, "It burnt down in 1902.")]
    assert read(tmp_path, make_pdf([[*around, *page]])).text == "The mill\n\nIt burnt down in 1902."
    assert "11:05" in read(tmp_path, make_pdf([[*around[:2], *page]])).text


def test_text_goes_on_where_a_line_says_so(tmp_path: Path) -> None:
    def title(y: float, text: str) -> Run:
        return (60, y, 20, text)

    front = [
        title(780, "The flood of the lower town"),
        *columns([*LEFT, "Continued on page 2"], []),
        title(560, "A new bridge for the upper town"),
        *columns(
            ["The bridge was opened in the spring by", "the mayor of the upper town and his wife."], [], 530
        ),
    ]
    inner = [
        title(780, "Weather for the week to come"),
        *columns(["It will rain on all days of the week but", "Thursday, when there will be snow."], [], 750),
        title(600, "The flood of the lower town"),
        *columns(["Continued from page 1", *RIGHT], [], 570),
    ]
    document = read(tmp_path, make_pdf([front, inner]))
    assert texts(document)[0] == " ".join((*LEFT, *RIGHT))
    assert "ontinued" not in document.text
    assert texts(document, "heading") == [
        "The flood of the lower town",
        "A new bridge for the upper town",
        "Weather for the week to come",
    ]


def test_the_number_of_a_single_page_is_no_text(tmp_path: Path) -> None:
    assert "1" not in read(tmp_path, make_pdf([[*columns(LEFT, RIGHT), (300, 30, 9, "1")]])).text
    assert "7" in read(tmp_path, make_pdf([[*columns(LEFT, RIGHT), (300, 30, 9, "7")]])).text


@pytest.mark.parametrize(
    ("cap", "x", "beside", "joint"),
    [
        ("T", 93, ["he ford was dry in the", "month of May, and the", "carts went through it"], " "),
        ("渡", 112, ["し船はもう来ない。村", "の人は橋を渡って町", "へ行くようになった"], ""),
    ],
)
def test_a_drop_cap_is_the_first_letter_of_its_paragraph(
    tmp_path: Path, cap: str, x: float, beside: list[str], joint: str
) -> None:
    page: list[Run] = [(60, 744, 11, "By the clerk of the town"), (60, 702, 50, cap)]
    page += [(x, 730 - 14 * row, 11.0, text) for row, text in enumerate(beside)]
    page += [(60, 688, 11.0, beside[1]), (60, 674, 11.0, beside[2])]
    assert texts(read(tmp_path, make_pdf([page]))) == [
        "By the clerk of the town",
        cap + joint.join([*beside, *beside[1:]]),
    ]


def test_slanted_words_have_spaces_between_them(tmp_path: Path) -> None:
    content = b"BT /L 11 Tf 1 0 0.25 1 60 700 Tm [(Told) -250 (by) -250 (the) -250 (clerk)] TJ ET"
    assert read(tmp_path, pdf_of(content)).text == "Told by the clerk"


# --- glyphs to lines -------------------------------------------------------------------------------------


def glyphs(text: str, x: float, y: float, *, size: float = 10.0, space: float = 3.0) -> Iterator[Glyph]:
    """Draw text in glyphs half as wide as high; a space is not drawn."""
    for char in text:
        if char != " ":
            yield Glyph(char, x, y, x + size / 2, y + size, size, "Times", False)
        x += space if char == " " else size / 2


def drawn(rows: list[tuple[float, float, str, float]]) -> list[str]:
    found = [glyph for x, y, text, space in rows for glyph in glyphs(text, x, y, space=space)]
    return [line.text for line in lines_of(found, 1)]


def test_words_far_apart_in_a_stretched_line_are_one_line() -> None:
    rows = [
        (50.0, 100.0, "a line of all words", 3.0),
        (50.0, 88.0, "with wide gaps", 16.0),
        (50.0, 76.0, "and a narrow one here", 3.0),
    ]
    assert sorted(drawn(rows)) == sorted(text for _, _, text, _ in rows)


def test_a_narrow_strip_over_many_lines_parts_columns() -> None:
    left = [(50.0, 100.0 - 12 * row, "some words fill it", 3.0) for row in range(6)]
    right = [(142.0, 100.0 - 12 * row, "other words are in", 3.0) for row in range(6)]
    assert set(drawn([each for pair in zip(left, right, strict=True) for each in pair])) == {
        "some words fill it",
        "other words are in",
    }


def test_three_columns_are_parted_though_their_gutters_are_as_wide_as_each_other() -> None:
    texts = ("some words fill it", "other words are in", "and the third has")
    rows = [
        (50.0 + 102 * at, 100.0 - 12 * row, text, 3.0) for row in range(4) for at, text in enumerate(texts)
    ]
    assert set(drawn(rows)) == set(texts)


def test_a_rule_parts_lines_that_nothing_else_parts() -> None:
    found = [*glyphs("left", 50, 100), *glyphs("right", 77, 100)]
    assert [line.text for line in lines_of(found, 1)] == ["left right"]
    ruled = lines_of(found, 1, rules=[Box(73, 50, 73.5, 150)])
    assert {line.text for line in ruled} == {"left", "right"}


def test_a_vowel_sign_without_a_width_stays_with_its_letter() -> None:
    # as Chromium draws Thai: the sign begins a hair behind the next letter, and ends before its own does
    places = (("ต", 0.0, 8.0), ("ั", 8.1, 8.1), ("้", 8.0, 8.0), ("ง", 8.0, 14.0))
    thai = [Glyph(text, x0, 0, x1, 12, 12, "Loma", False) for text, x0, x1 in places]
    assert [line.text for line in lines_of(thai, 1)] == ["ตั้ง"]
    places = (("क", 0.0, 9.0), ("े", 4.0, 5.0), ("ल", 9.0, 17.0))
    hindi = [Glyph(text, x0, 0, x1, 12, 12, "Lohit", False) for text, x0, x1 in places]
    assert [line.text for line in lines_of(hindi, 1)] == ["केल"]


def test_vertical_lines_are_turned() -> None:
    page = [
        Glyph(char, x, 700 - 10 * at, x + 10, 710 - 10 * at, 10, "Mincho", False)
        for x, text in ((300, "今日は晴れた。"), (285, "明日は雨らしい。"))
        for at, char in enumerate(text)
    ]
    assert all(vertical_marks(page))
    assert [line.text for line in lines_of([turned(glyph, 842) for glyph in page], 1)] in (
        ["今日は晴れた。", "明日は雨らしい。"],
        ["明日は雨らしい。", "今日は晴れた。"],
    )
    assert not any(vertical_marks(list(glyphs("level words", 50, 100))))


# --- lines to regions ------------------------------------------------------------------------------------


def stack(name: str, x: float, top: float, rows: int) -> list[Line]:
    return [
        Line(f"{name} {row} of words", x, top - 12 * row - 10, x + 120, top - 12 * row, 10)
        for row in range(rows)
    ]


def order(lines: list[Line], **drawn_boxes: list[Box]) -> list[str]:
    return [region.lines[0].text.split()[0] for region in regions(lines, **drawn_boxes)]


def test_articles_under_each_other_are_not_mixed() -> None:
    head = Line("Upper headline over both", 0, 720, 260, 740, 20)
    lower = Line("Lower headline over both", 0, 520, 260, 540, 20)
    page = [
        *(head, lower),
        *stack("upper-left", 0, 700, 8),
        *stack("upper-right", 140, 700, 8),
        *stack("lower-left", 0, 500, 8),
        *stack("lower-right", 140, 500, 8),
    ]
    expected = ["Upper", "upper-left", "upper-right", "Lower", "lower-left", "lower-right"]
    assert order(page) == order(page[::-1]) == expected


def test_a_short_headline_is_that_of_all_columns_level_with_the_first() -> None:
    page = [
        Line("Paper", 100, 790, 300, 820, 30),
        Line("First", 0, 720, 110, 740, 20),
        *stack("one", 0, 700, 8),
        *stack("two", 140, 700, 8),
        *stack("three", 280, 700, 8),
        Line("Second", 0, 520, 110, 540, 20),
        *stack("four", 0, 500, 8),
        *stack("five", 140, 500, 8),
    ]
    assert order(page) == ["Paper", "First", "one", "two", "three", "Second", "four", "five"]


def test_a_headline_of_two_lines_beside_one_of_one_line_keeps_to_its_columns() -> None:
    page = [
        Line("Left headline over two", 0, 720, 260, 740, 20),
        Line("columns and lines", 0, 698, 200, 718, 20),
        Line("Right headline over two", 280, 720, 530, 740, 20),
        *(
            line
            for name, x in zip("abcd", (0, 140, 280, 420), strict=True)
            for line in stack(name, x, 680, 8)
        ),
    ]
    assert order(page) == ["Left", "a", "b", "Right", "c", "d"]


@pytest.mark.parametrize(("cut", "expected"), [(True, "Over a b Below c"), (False, "Over a Below c b")])
def test_a_headline_in_the_middle_of_a_sentence_ends_the_column_and_not_the_article(
    cut: bool, expected: str
) -> None:
    left = stack("a", 0, 700, 8)
    left[-1] = replace(left[-1], text="the sentence goes on" if cut else "the sentence ends.")
    right = stack("b", 140, 700, 16)
    right[0] = replace(right[0], text="b in lower case")
    page = [
        Line("Over two columns", 0, 720, 260, 740, 20),
        *left,
        Line("Below", 0, 575, 110, 591, 16),
        *stack("c", 0, 568, 5),
        *right,
    ]
    assert order(page) == expected.split()


def test_what_a_frame_holds_is_apart() -> None:
    box = stack("box", 4, 655, 3)
    page = [*stack("text", 0, 700, 3), *box, *stack("more", 0, 600, 8), *stack("right", 140, 700, 14)]
    found = list(regions(page, frames=[Box(0, 615, 124, 660)]))
    assert [region.lines[0].text.split()[0] for region in found if region.is_aside] == ["box"]
    assert [region.lines[0].text.split()[0] for region in found if not region.is_aside] == [
        "text",
        "more",
        "right",
    ]


def test_small_lines_side_by_side_under_a_headline_are_read_from_left_to_right() -> None:
    page = [
        Line("A headline over both of them", 0, 720, 260, 744, 24),
        Line("By Ann Lee", 0, 700, 60, 708, 8),
        Line("15 August 2023", 180, 700, 250, 708, 8),
        *stack("text", 0, 680, 3),
    ]
    assert [line.text for region in regions(page) for line in region.lines][:3] == [
        "A headline over both of them",
        "By Ann Lee",
        "15 August 2023",
    ]


def test_the_last_lines_of_a_column_and_a_list_beside_them_are_no_table() -> None:
    left = [*stack("a", 0, 700, 6), *stack("b", 0, 600, 2)]
    listed = [replace(line, x1=line.x0 + 40) for line in stack("item", 140, 600, 3)]
    found = list(regions([*left, *stack("c", 140, 700, 6), *listed]))
    assert not any(region.is_table for region in found)
    assert [region.lines[0].text.split()[0] for region in found] == ["a", "b", "c", "item"]


ABOVE = (
    "The harbour of Lindholm was opened by the old king",
    "who came by train and who left by ship the same day,",
    "for he had been told that the sea was calm as glass.",
)
BELOW = (
    "Since then the pier has been made longer, two times,",
    "and its light is in a house of granite that was won in",
    "the islands in the north of the bay and was shipped.",
)


def between(lines: list[list[tuple[float, str]]], *, pitch: float, apart: float = 8) -> bytes:
    """Return a PDF with lines, each of pieces with their place, between two paragraphs."""
    y = 760.0
    page: list[Run] = []
    for pieces in (
        *([(0.0, text)] for text in ABOVE),
        None,
        *lines,
        None,
        *([(0.0, text)] for text in BELOW),
    ):
        if pieces is None:
            y -= apart
            continue
        y -= pitch if pieces in lines else 12
        page += [(60 + x, y, 10, text) for x, text in pieces]
    return make_pdf([page])


def said_between(tmp_path: Path, data: bytes) -> list[tuple[str, str]]:
    """Return kind and text of what was read between the two paragraphs."""
    path = tmp_path / "page.pdf"
    path.write_bytes(data)
    document = read_document(path)
    first, *blocks, last = [(block.kind, block.span.of(document.text)) for block in document.blocks]
    assert (first[1], last[1]) == (" ".join(ABOVE), " ".join(BELOW))
    return blocks


@pytest.mark.parametrize("pitch", [12, 16])
@pytest.mark.parametrize(
    "items",
    [
        ["Fresh bread", "Milk"],
        ["Warm clothes", "Rubber boots"],
        ["Warm clothes", "Rubber boots", "Sleeping bag"],
        ["12 eggs", "3 lemons"],
        ["Warm clothes", "Rubber boots", "Sleeping bag", "Water bottle", "Pocket knife"],
    ],
    ids=lambda items: items[0] + str(len(items)),
)
def test_a_short_list_without_bullets_is_no_sentence(tmp_path: Path, items: list[str], pitch: float) -> None:
    found = said_between(tmp_path, between([[(0.0, item)] for item in items], pitch=pitch))
    assert [text for _, text in found] == items


@pytest.mark.parametrize("pitch", [12, 16])
@pytest.mark.parametrize("gap", [6, 10, 25])
@pytest.mark.parametrize(
    ("rows", "widths"),
    [
        ([("Adults", "12 euros"), ("Children", "6 euros")], (40.0,)),
        ([("2019", "4,120"), ("2020", "3,870")], (23.0,)),
        ([("Town", "People", "Beds"), ("Ashford", "12,400", "31")], (36.0, 34.0)),
        ([("Town", "People", "Beds"), ("Ashford", "12,400", "31"), ("Elm", "980", "4")], (36.0, 34.0)),
    ],
    ids=["prices", "years", "two by three", "three by three"],
)
def test_a_small_table_of_tight_cells_is_one(
    tmp_path: Path, rows: list[tuple[str, ...]], widths: tuple[float, ...], gap: float, pitch: float
) -> None:
    places = [0.0]
    for width in widths:
        places.append(places[-1] + width + gap)
    found = said_between(
        tmp_path, between([list(zip(places, row, strict=True)) for row in rows], pitch=pitch)
    )
    assert found == [("row", " | ".join(row)) for row in rows]


def test_two_short_lines_beside_a_picture_are_the_beginning_of_their_paragraph(tmp_path: Path) -> None:
    narrow = [[(0.0, "The mayor of Ashford")], [(0.0, "Ann Lee said that the")]]
    rest = "bridge would not be opened before the month of June"
    page = [[(0.0, text)] for text in ABOVE] + narrow + [[(0.0, rest)], [(0.0, "and no day is named.")]]
    runs = [
        (60 + x, 760 - 12.0 * at - (8 if at > 2 else 0), 10.0, text) for at, [(x, text)] in enumerate(page)
    ]
    (tmp_path / "a.pdf").write_bytes(make_pdf([runs]))
    document = read_document(tmp_path / "a.pdf")
    assert document.blocks[-1].span.of(document.text) == (
        f"The mayor of Ashford Ann Lee said that the {rest} and no day is named."
    )
