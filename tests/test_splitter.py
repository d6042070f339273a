"""Passages: whole sentences, slices, one heading, and never a broken word."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.splitter import search_text, split_document
from qa.text import sentences
from qa.types import Block, Document, Passage, Span
from tests.test_text import anything


def document(*parts: str | tuple[int, str], title: str = "") -> Document:
    """Return a document of paragraphs and of headings (level, text), parted by blank lines."""
    text = ""
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    for part in parts:
        level, content = (0, part) if isinstance(part, str) else part
        path = [above for above in path if not level or above[0] < level]
        span = Span(len(text), len(text) + len(content))
        headings = tuple(name for _, name in path)
        blocks.append(Block(span, kind="heading" if level else "paragraph", headings=headings, level=level))
        if level:
            path.append((level, content))
        text += content + "\n\n"
    return Document("id", "a.txt", title, text, tuple(blocks), "sha")


def texts(passages: Sequence[Passage]) -> list[str]:
    return [passage.text for passage in passages]


LANGUAGES = {
    "zh": "坚持以改革促发展，夯实县域经济高质量发展基础，今年增长7.6%。",
    "zh-Hant": "臺灣的經濟在今年第三季成長了3.5%，超過預期。",
    "ja": "彼は「行く。」と言って、東京の大学へ3.5キロ歩いた。",
    "ko": "그는 지난해 3.5억 원을 받고 서울에서 일했다. ",
    "ar": "قال د. محمد إن السعر ارتفع بنسبة 7.6٪ هذا العام. ",
    "he": "הממשלה הודיעה על גידול של 7.6% בשנת 2024. ",
    "hi": "सरकार ने बताया कि इस साल 7.6% की वृद्धि हुई। ",
    "th": "กระทรวงการคลังเปิดเผยว่าเศรษฐกิจไทยขยายตัวร้อยละ 3.5 ในไตรมาสที่สามของปีนี้ ",
    "ru": "К. Л. Оганесян, т. е. автор, жил в 1990 г. на ул. Ленина. ",
    "de": "Am 3. Oktober kam z. B. Herr Dr. Müller nach Berlin. ",
    "fr": "M. Dupont a dit que la hausse était de 7,6 % en 2024. ",
    "es": "El Sr. García dijo que el precio subió un 7,6 % en 2024. ",
    "vi": "TS. Lê cho biết kinh tế TP. Hồ Chí Minh tăng 7,6% trong năm nay. ",
    "en": "Dr. Li lives in the U.S. and pays 7.6 percent more. ",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_passages_are_whole_sentences_of_a_readable_length(language: str) -> None:
    sentence = LANGUAGES[language]
    passages = split_document(document(sentence * 60))
    most = 350 if language in {"zh", "zh-Hant", "ja", "ko"} else 700
    assert all(most // 4 < len(passage.text) <= most for passage in passages)
    if language != "th":
        assert {text.count(sentence.strip()) * (len(sentence)) for text in texts(passages)} == {
            len(text) + len(sentence) - len(sentence.rstrip()) for text in texts(passages)
        }


def test_sentence_over_a_blank_line_stays_whole() -> None:
    text = "全力打造覆盖33平方公里的“两\n\n山”未来科技城。"
    assert texts(split_document(document(text))) == [text]


def test_short_paragraphs_share_a_passage_with_the_text_between() -> None:
    assert texts(split_document(document("创业有舞台。", "起步有资助。"))) == ["创业有舞台。\n\n起步有资助。"]


def test_passage_ends_with_its_paragraph_rather_than_inside_the_next() -> None:
    first, second = "甲" * 99 + "。", ("乙" * 49 + "。") * 6
    assert texts(split_document(document(first, second))) == [first, second]


@pytest.mark.parametrize("kind", ["row", "item"])
def test_a_table_or_list_that_fits_is_not_parted(kind: str) -> None:
    before, rows = "x" * 199 + ".", ["y" * 69 + "." for _ in range(8)]
    parted = document(before, *rows)
    first, *rest = parted.blocks
    whole = replace(parted, blocks=(first, *(replace(block, kind=kind) for block in rest)))
    assert texts(split_document(parted))[0] == f"{before}\n\n{rows[0]}"
    assert texts(split_document(whole)) == [before, "\n\n".join(rows)]


def table(*rows: str, between: str = "\n") -> Document:
    """Return a document under the heading "Towns" that holds nothing but the rows of tables."""
    text, blocks = "", []
    for row in rows:
        span = Span(len(text), len(text) + len(row))
        if row:
            blocks.append(Block(span, kind="row", headings=("Towns",)))
        text += row + between
    return Document("id", "a.md", "Report", text, tuple(blocks), "sha")


def numbered(name: str, count: int) -> list[str]:
    return [f"{name} {number} | {number * 1000} | {number * 7}" for number in range(1, count + 1)]


@pytest.mark.parametrize(
    "names", ["Town | People | Beds", "县 | 人口 | 床位", "البلدة | السكان | الأسرة", "町 | 人口 | 病床"]
)
def test_a_table_that_goes_on_in_another_passage_keeps_the_names_of_its_columns(names: str) -> None:
    first, *others = split_document(table(names, *numbered("Ashford", 60)))
    assert first.headings == ("Towns",)
    assert first.text.startswith(names)
    assert len(others) >= 2
    assert {passage.headings for passage in others} == {("Towns", names)}
    assert not any(names in passage.text for passage in others)
    assert search_text(others[0]).startswith(f"Report\nTowns\n{names}\nAshford")


def test_a_blank_line_begins_a_table_with_names_of_its_own() -> None:
    rows = numbered("Ashford", 30)
    passages = split_document(table("Town | People | Beds", *rows, "", "Town | Rain | Sun", *rows))
    assert passages[1].headings == ("Towns", "Town | People | Beds")
    assert passages[-1].headings == ("Towns", "Town | Rain | Sun")
    titled = table("All the towns", "Town | People | Beds", *rows)
    assert split_document(titled)[-1].headings == ("Towns", "Town | People | Beds")
    marked = table("Town | People | Beds", *rows, between=" |\n|---|---|---|\n| ")
    assert split_document(marked)[-1].headings == ("Towns", "Town | People | Beds")


@pytest.mark.parametrize(
    "rows",
    [
        numbered("Ashford", 60),  # figures in the first row
        ["Town | Town | Beds", *numbered("Ashford", 60)],
        ["A sentence in one cell alone", *numbered("Ashford", 60)],
        [" | ".join(["Town", *(f"{'a long name ' * 5}{at}" for at in "abcdef")]), *numbered("Ashford", 60)],
    ],
)  # fmt: skip
def test_a_first_row_that_names_no_columns_is_no_heading(rows: list[str]) -> None:
    assert {passage.headings for passage in split_document(table(*rows))} == {("Towns",)}


def test_short_rest_is_joined_or_shared_out() -> None:
    rest = "丙" * 19 + "。"
    sentence = "甲" * 49 + "。"
    assert texts(split_document(document(sentence * 6, rest))) == [sentence * 6 + "\n\n" + rest]
    assert [len(text) for text in texts(split_document(document(sentence * 7, rest)))] == [200, 172]


def test_passage_never_crosses_a_heading() -> None:
    passages = split_document(document((1, "布局"), "一句。", (2, "产业"), "二句。", (1, "集聚"), "三句。"))
    assert [(passage.text, passage.headings) for passage in passages] == [
        ("一句。", ("布局",)),
        ("二句。", ("布局", "产业")),
        ("三句。", ("集聚",)),
    ]


def test_heading_with_nothing_under_it_is_a_passage() -> None:
    passages = split_document(document((1, "空"), (1, "有"), "一句。", (2, "完")))
    assert [(passage.text, passage.headings) for passage in passages] == [
        ("空", ()),
        ("一句。", ("有",)),
        ("完", ("有",)),
    ]


def test_passage_names_its_sentences_by_document_spans() -> None:
    (passage,) = split_document(document("甲。乙！", "丙\n丁？"))
    assert passage.sentences == (Span(0, 2), Span(2, 4), Span(6, 10))


def test_passage_carries_the_page_it_starts_on() -> None:
    text = "甲。\n\n乙。"
    blocks = (Block(Span(0, 2), page=1), Block(Span(4, 6), page=2))
    passages = split_document(Document("id", "a.pdf", "", text, blocks, "sha"))
    assert [(passage.text, passage.page) for passage in passages] == [(text, 1)]


def test_long_sentence_is_cut_after_a_clause_and_never_in_a_number() -> None:
    clauses = "坚持改革1,234.5亿元发展，"
    passages = split_document(document(clauses * 40), max_chars=60)
    assert all(text.endswith("，") and len(text) <= 60 for text in texts(passages))
    passages = split_document(document("wort " * 300))
    assert all(set(text.split()) == {"wort"} and len(text) <= 700 for text in texts(passages))
    assert all(
        "1234567.89" in text
        for text in texts(split_document(document("1234567.89" + "的" * 7), max_chars=12))[:1]
    )


def test_a_number_is_not_cut_where_the_limit_falls_on_its_point() -> None:
    for before in range(50, 60):
        pieces = texts(split_document(document("的" * before + "1234.5%" + "的" * 60), max_chars=60))
        assert sum("1234.5%" in piece for piece in pieces) == 1, before


def test_word_longer_than_a_passage_is_cut_at_the_limit() -> None:
    passages = split_document(document("x" * 1750))
    assert sorted(len(text) for text in texts(passages)) == [350, 700, 700]


def test_document_without_text_has_no_passages() -> None:
    assert split_document(document()) == []
    assert split_document(document(" \n ", "\x1c")) == []


def test_search_text_is_title_headings_and_one_line_once_each() -> None:
    passages = split_document(document((1, "報告"), (2, "新\n经济"), "覆盖“两\n\n山”。", title="报告"))
    assert search_text(passages[0]) == "报告\n新经济\n覆盖“两山”。"
    assert search_text(split_document(document((1, "空")))[0]) == "空"


documents = st.lists(st.one_of(anything, st.tuples(st.integers(1, 3), anything)), max_size=6).map(
    lambda parts: document(*parts)
)


@given(documents, st.one_of(st.none(), st.integers(40, 120)))
@settings(max_examples=200, deadline=None)
def test_passages_are_slices_that_cover_every_sentence(document: Document, max_chars: int | None) -> None:
    passages = split_document(document, max_chars=max_chars)
    end = 0
    covered: set[int] = set()
    for passage in passages:
        assert end <= passage.span.start < passage.span.end <= len(document.text)
        assert document.text[passage.span.start : passage.span.end] == passage.text == passage.text.strip()
        assert len(passage.text) <= (max_chars or 700)
        assert passage.sentences[0].start == passage.span.start
        assert passage.sentences[-1].end == passage.span.end
        assert all(left.end <= right.start for left, right in pairwise(passage.sentences))
        covered.update(place for span in passage.sentences for place in range(span.start, span.end))
        end = passage.span.end
    for block in document.blocks:
        if block.kind == "paragraph":
            spans = [span.shift(block.span.start) for span in sentences(block.span.of(document.text))]
            assert all(
                place in covered
                for span in spans
                for place in range(span.start, span.end)
                if not document.text[place].isspace()
            )
        else:
            holders = [passage for passage in passages if passage.span.overlaps(block.span)]
            assert all(block.span.contains(passage.span) for passage in holders)


@given(documents, st.integers(60, 120))
@settings(max_examples=200, deadline=None)
def test_passages_cut_no_number_word_or_cluster(document: Document, max_chars: int) -> None:
    passages = split_document(document, max_chars=max_chars)
    borders = {place for passage in passages for place in (passage.span.start, passage.span.end)}
    # letters and figures that grew together are one word, which may be longer than a passage
    letters = (
        r"[[\p{L}\p{M}]--[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]+"
    )
    word = rf"(?:[0-9]+(?:[.,][0-9]+)*%?|{letters}(?:['’]{letters})*)++"
    whole = regex.compile(rf"{word}|(?!\s)\X", regex.V1)
    for block in document.blocks:
        for found in whole.finditer(document.text, block.span.start, block.span.end):
            if len(found[0]) <= max_chars:
                assert not borders & set(range(found.start() + 1, found.end())), found


@pytest.mark.parametrize("unit", ["a", "a ", "一", "一，", "\u0301", "ก", "1,", "🇨🇳", "x\u200d", " \n"])
def test_a_long_line_is_split_in_linear_time(unit: str) -> None:
    start = time.process_time()
    passages = split_document(document("a" + unit * (200_000 // len(unit))))
    assert time.process_time() - start < 5
    assert all(len(passage.text) <= 700 for passage in passages)


def test_a_title_with_a_page_number_is_no_passage_unless_it_is_all_there_is() -> None:
    one = document("亞馬遜河\n1", (1, "流域"), "亞馬遜河流過九個國家。", title="亞馬遜河")
    assert texts(split_document(one)) == ["亞馬遜河流過九個國家。"]
    assert texts(split_document(document("亞馬遜河\n1", title="亞馬遜河"))) == ["亞馬遜河\n1"]
    told = document("Amazon 1", "Amazon: a river of 6,400 km.", title="The Amazon")
    assert len(split_document(told)) == 1  # its words are not the title's
    assert texts(split_document(document("。", (1, "A"), (2, ""), "A"))) == ["。", "A"]


def test_a_long_line_is_split_without_holding_its_sentences() -> None:
    long = document("没有换行的汉字文本。" * 30_000)
    tracemalloc.start()
    try:
        passages = split_document(long)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(passages) == 1_200
    assert peak - kept < 2_000_000
