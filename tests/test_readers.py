"""Reading txt, md, html, docx and pdf into one text with blocks that know page and headings."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.readers import READABLE, document_from_text, find_files, read_document
from qa.readers import html as html_reader
from qa.readers import md as md_reader
from qa.readers.encoding import decode
from qa.readers.glyphs import in_order, logical, readable
from qa.readers.layout import Line, join_lines, regions
from qa.types import Document
from tests.made_pdf import Run, make_pdf, pdf_of

NEWSPAPER = """

贯彻落实全会精神

云南省临江市委副书记高远：
“三链融合”打开县域发展新空间

作为大江源头的第一座城，临江市坚持生态立市、产业强市，努力走出一条绿色发展的新路。去年全市生产总值增长6.8%，茶叶产值达到3.5亿元。

延伸产业链
做强茶产业

临江市以“一片叶子”为牵引，全力打造覆盖42平方公里的“千

年茶山”核心区，带动1.2万户茶农增收。

“订单进山”让茶农有底气。创新制定茶叶收购专项政策，

全力支持合作社与企业签约，今年春茶均价上涨12%。



临江市古茶山晨景。
临江市融媒体中心供图

打通创新链

临江市与3所高校共建研究院，推出4000余套人才公寓、1.5万余套职

工宿舍，让年轻人留得下来。(本报记者李明采访整理)

四川省平川县县委书记周原：

坚持以桥兴县 激活山区经济

平川县新建桥梁17座。
"""
"""Our own text in the shape of a newspaper page: titles over lines, sentences cut by blank lines, a caption."""


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.span.of(document.text)) for block in document.blocks]


def texts(document: Document, kind: str) -> list[str]:
    return [text for found, text in kinds(document) if found == kind]


def plain(text: str) -> Document:
    return document_from_text(text, source="a.txt")


def assert_sound(document: Document) -> None:
    """Spans are in bounds, ordered and disjoint, and no block begins or ends with space."""
    last = 0
    for block in document.blocks:
        assert last <= block.span.start < block.span.end <= len(document.text)
        text = block.span.of(document.text)
        assert text == text.strip()
        last = block.span.end


# --- txt -------------------------------------------------------------------------------------------------


def test_newspaper_titles_over_several_lines_are_headings() -> None:
    document = plain(NEWSPAPER)
    assert document.title == "贯彻落实全会精神"
    assert texts(document, "heading") == [
        "贯彻落实全会精神",
        "云南省临江市委副书记高远：\n“三链融合”打开县域发展新空间",
        "延伸产业链\n做强茶产业",
        "打通创新链",
        "四川省平川县县委书记周原：",
        "坚持以桥兴县 激活山区经济",
    ]
    first, last = document.blocks[2], document.blocks[-1]
    assert first.headings == ("贯彻落实全会精神", "云南省临江市委副书记高远： “三链融合”打开县域发展新空间")
    assert last.headings == ("四川省平川县县委书记周原：", "坚持以桥兴县 激活山区经济")


def test_newspaper_sentence_cut_by_a_blank_line_is_one_block() -> None:
    paragraphs = texts(plain(NEWSPAPER), "paragraph")
    assert (
        "临江市以“一片叶子”为牵引，全力打造覆盖42平方公里的“千\n\n年茶山”核心区，带动1.2万户茶农增收。"
        in paragraphs
    )
    assert any("专项政策，\n\n全力支持" in paragraph for paragraph in paragraphs)
    assert any("1.5万余套职\n\n工宿舍" in paragraph for paragraph in paragraphs)
    assert "临江市古茶山晨景。\n临江市融媒体中心供图" in paragraphs


def test_stored_text_is_the_file_and_its_newlines_are_one_character(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"Eins\r\nzwei  drei\r\n\r\n\tVier\r")
    assert read_document(path).text == "Eins\nzwei  drei\n\n\tVier\n"


@pytest.mark.parametrize(
    "text",
    [
        "The committee met in the old town hall of the city and, after\nsome hours of talk, decided to spend "
        "3.5 million euros\non a bridge for the people of the valley below the castle.",
        "Город основан в 1147 году. В нём живёт больше людей,\nчем в любом другом городе страны, т. е.\n"
        "около 12 миллионов.",
        "今年上半年，全县地区生产总值增长7.6%，规上工业增加值增\n长11.7%，制造业投资增长35.1%，居全省前列。",
        "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見\n当がつかぬ。",
        "भारत एक विशाल देश है। इसकी राजधानी नई\nदिल्ली है।",
        "تقع مدينة القاهرة على نهر النيل. وهي أكبر مدينة في\nمصر.",
        "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย และเป็นเมืองที่มี\nประชากรมากที่สุด",
    ],
)
def test_hard_line_breaks_end_no_block(text: str) -> None:
    assert kinds(plain(text)) == [("paragraph", text)]


def test_lower_case_goes_on_after_a_blank_line_upper_case_does_not() -> None:
    first = "I am writing because the delivery that we had ordered in the month of"
    assert texts(plain(f"{first}\n\nmay has not arrived."), "paragraph") == [
        f"{first}\n\nmay has not arrived."
    ]
    assert len(plain(f"{first} May.\n\nIt has not arrived.").blocks) == 2


def test_lists_pairs_and_rows_are_blocks_of_their_own() -> None:
    document = plain(
        "Die Bibliothek ist offen.\n\nMontag: 9-17 Uhr\nDienstag: 10-18 Uhr\n\n1. Ausweis zeigen\n2. Buch abgeben,\n"
        "   dann gehen\n\nJahr\tBesucher\n2021\t1200\n\n张三\n李四\n王五\n赵六"
    )
    assert kinds(document) == [
        ("paragraph", "Die Bibliothek ist offen."),
        ("item", "Montag: 9-17 Uhr"),
        ("item", "Dienstag: 10-18 Uhr"),
        ("item", "1. Ausweis zeigen"),
        ("item", "2. Buch abgeben,\n   dann gehen"),
        ("row", "Jahr\tBesucher"),
        ("row", "2021\t1200"),
        ("item", "张三"),
        ("item", "李四"),
        ("item", "王五"),
        ("item", "赵六"),
    ]


def test_numbered_chinese_headings_nest() -> None:
    document = plain(
        "图书馆管理办法\n\n第一章 总则\n　　本办法适用于全县。\n第二章 开放\n一、平日\n周一至周五九点开门。\n"
        "（一）春季\n三月开始。\n二、周末\n周六十点开门。"
    )
    assert [(block.level, block.span.of(document.text)) for block in document.blocks if block.level] == [
        (1, "图书馆管理办法"),
        (2, "第一章 总则"),
        (2, "第二章 开放"),
        (3, "一、平日"),
        (4, "（一）春季"),
        (3, "二、周末"),
    ]
    assert document.blocks[-1].headings == ("图书馆管理办法", "第二章 开放", "二、周末")


def test_numbered_lines_in_a_row_are_a_list_and_no_headings() -> None:
    assert "heading" not in dict(kinds(plain("一、带好证件\n二、保持安静\n三、按时还书")))


def test_underlined_and_capital_lines_are_headings() -> None:
    document = plain("Introduction\n============\nText under it.\n\nTHE SECOND PART\nMore of the text.")
    assert texts(document, "heading") == ["Introduction", "THE SECOND PART"]
    assert texts(document, "paragraph") == ["Text under it.", "More of the text."]


def test_a_signature_at_the_end_is_no_heading() -> None:
    assert "heading" not in dict(kinds(plain("We thank you for your letter.\n\nJohn Smith")))


def test_form_feeds_are_pages() -> None:
    document = plain("Page one has this.\n\fPage two has that.\n")
    assert [block.page for block in document.blocks] == [1, 2]
    assert document.pages == 2


@given(st.text(st.sampled_from("aB1 .,:：。，\n\n\t-=|“”第一章、（）•汉字кЖก\u3000\f\r\0"), max_size=200))
@settings(deadline=None, max_examples=150)
def test_any_text_is_covered_by_ordered_blocks(text: str) -> None:
    document = plain(text)
    assert_sound(document)
    outside = list(document.text)
    for block in document.blocks:
        outside[block.span.start : block.span.end] = " " * len(block.span)
    assert not any(map(str.isalnum, outside))


@given(st.text(max_size=100))
@settings(deadline=None, max_examples=100)
def test_any_unicode_is_read_and_can_be_stored(text: str) -> None:
    document = plain(text)
    assert_sound(document)
    assert "\0" not in document.text
    document.text.encode()


# --- encodings -------------------------------------------------------------------------------------------

CHINESE = "今年上半年，全县地区生产总值增长7.6%，制造业投资增长35.1%，居全省前列。我们要继续努力。"
TRADITIONAL = "博物館每週二至週日開放，上午九點到下午五點，學生憑證件可以免費參觀，請保持安靜。"
JAPANESE = "新幹線は1964年10月1日に東京と新大阪の間で開業した。今では毎日およそ300本の列車が走っている。"
KOREAN = "세종대왕은 1443년에 훈민정음을 만들었다. 백성들이 쉽게 글을 읽고 쓸 수 있도록 하기 위해서였다."
RUSSIAN = "Библиотека открыта с девяти утра до семи вечера, кроме воскресенья. Вход свободный."
FRENCH = "La bibliothèque est ouverte de neuf à dix-neuf heures. L'entrée est gratuite pour les élèves."


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "gb18030"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (FRENCH, "windows-1252"),
        (
            "Die Bücherei ist täglich von neun Uhr an geöffnet, außer an Sonntagen und Feiertagen.",
            "windows-1252",
        ),
        (
            "Biblioteka jest otwarta codziennie, z wyjątkiem świąt. Wstęp wolny dla wszystkich dzieci.",
            "windows-1250",
        ),
        (
            "Knihovna je otevřena každý den kromě svátků. Vstup je volný pro všechny děti i dospělé.",
            "windows-1250",
        ),
        ("Η βιβλιοθήκη είναι ανοιχτή κάθε μέρα εκτός από τις γιορτές.", "windows-1253"),
        (
            "Kütüphane tatil günleri dışında her gün açıktır. Giriş ücretsizdir ve çocuklar için de uygundur.",
            "windows-1254",
        ),
        ("הספרייה פתוחה בכל יום מלבד חגים, והכניסה חופשית לכולם.", "windows-1255"),
        ("المكتبة مفتوحة كل يوم ما عدا أيام العطل والدخول مجاني للجميع.", "windows-1256"),
        ("ห้องสมุดเปิดทุกวันยกเว้นวันหยุด และเข้าชมได้ฟรีสำหรับทุกคน", "cp874"),
    ],
)
def test_legacy_encodings_are_recognised(text: str, codec: str) -> None:
    for repeat in (1, 20):
        whole = "\n".join([text] * repeat)
        assert decode(whole.encode(codec)).text == whole


def test_vietnamese_of_windows_1258_has_its_letters_together() -> None:
    parts = unicodedata.normalize(
        "NFC", "Thư viện mở cửa hằng ngày, trừ ngày lễ. Vào cửa tự do cho mọi người."
    )
    marks = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
    apart = ""
    for char in parts:
        pieces = unicodedata.normalize("NFD", char)
        tone = "".join(mark for mark in pieces if mark in marks)
        apart += unicodedata.normalize("NFC", "".join(mark for mark in pieces if mark not in marks)) + tone
    assert decode(apart.encode("windows-1258")).text == parts


@pytest.mark.parametrize("text", [CHINESE, JAPANESE, RUSSIAN, FRENCH, "plain ASCII\n"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised_with_and_without_mark(text: str, codec: str) -> None:
    assert decode(text.encode(codec)).text == text


def test_one_bad_byte_does_not_turn_utf8_into_something_else() -> None:
    decoded = decode(CHINESE.encode() + b"\xff" + CHINESE.encode())
    assert decoded.encoding == "utf-8"
    assert decoded.text == CHINESE + "\ufffd" + CHINESE
    assert decoded.warnings == ("1 character could not be read as utf-8 and show as \ufffd.",)


def test_chinese_words_in_english_text_do_not_make_it_western() -> None:
    text = "The county of 安吉 in 浙江 is known for its bamboo and for its white tea, which is green. " * 5
    assert decode(text.encode("gb18030")).text == text


# --- markdown --------------------------------------------------------------------------------------------

MARKDOWN = """---
title: "安吉 report"
---
Intro **para** on
two lines.

# First `thing` ##

Setext *head*
-------------
> quoted text
> goes on

- item one
  continued
- item two

  second part

| a | b |
|---|--:|
| 1 | x \\| y |

```python
def f(): pass
```

<!-- hidden -->

[^1]: note

[link]: http://example.org "t"
"""


def test_markdown_keeps_the_source_and_its_blocks_leave_the_marks_out() -> None:
    parsed = md_reader.parse(MARKDOWN)
    assert parsed.text == MARKDOWN
    assert parsed.title == "安吉 report"
    assert [(block.kind, block.span.of(MARKDOWN)) for block in parsed.blocks] == [
        ("item", 'title: "安吉 report"'),
        ("paragraph", "Intro **para** on\ntwo lines."),
        ("heading", "First `thing`"),
        ("heading", "Setext *head*"),
        ("paragraph", "quoted text\n> goes on"),
        ("item", "item one\n  continued"),
        ("item", "item two"),
        ("paragraph", "second part"),
        ("row", "a | b"),
        ("row", "1 | x \\| y"),
        ("paragraph", "def f(): pass"),
        ("paragraph", "[^1]: note"),
    ]
    assert parsed.blocks[-1].headings == ("First thing", "Setext head")


@given(st.text(st.sampled_from("ab #-*>|`[]:=~1.\n\n _!<\t汉"), max_size=120))
@settings(deadline=None, max_examples=150)
def test_any_markdown_keeps_its_words_in_blocks(text: str) -> None:
    parsed = md_reader.parse(text)
    last = 0
    for block in parsed.blocks:
        assert last <= block.span.start < block.span.end <= len(text)
        last = block.span.end
    covered = "".join(block.span.of(text) for block in parsed.blocks)
    assert covered.count("汉") == text.count("汉") or "[" in text or "`" in text or "~" in text


# --- html ------------------------------------------------------------------------------------------------


def test_html_is_its_visible_text() -> None:
    parsed = html_reader.parse(
        "<!doctype html><html><head><title>T &amp; U</title><style>x</style></head><body>"
        "<nav><a href=/>home</a></nav><h1>Über  <i>uns</i></h1><p>Erste&nbsp;Zeile<br>zweite"
        "<span hidden> no</span> Zeile.<p>日<ruby>本<rt>ほん</rt></ruby>。</p><ul><li>eins<ul><li>zwei</ul>"
        "<li><p>drei</ul><dl><dt>Ort<dd>Bonn</dl><table><tr><th>a<th>b<tr><td>1<br>x<td><p>2</p></table>"
        "<table><tr><td><h2>Layout</h2><p>out</p><td>right</table><script>bad()</script>"
    )
    assert parsed.title == "T & U"
    assert [(block.kind, block.span.of(parsed.text)) for block in parsed.blocks] == [
        ("heading", "Über uns"),
        ("paragraph", "Erste\u00a0Zeile\nzweite Zeile."),
        ("paragraph", "日本。"),
        ("item", "eins"),
        ("item", "zwei"),
        ("item", "drei"),
        ("item", "Ort\nBonn"),
        ("row", "a | b"),
        ("row", "1 x | 2"),
        ("heading", "Layout"),
        ("paragraph", "out"),
        ("paragraph", "right"),
    ]
    assert parsed.blocks[-1].headings == ("Über uns", "Layout")


def test_html_charset_is_believed_if_it_fits(tmp_path: Path) -> None:
    page = f"<html><head><meta charset=gb2312></head><body><p>{CHINESE}</p>"
    for codec in ("gb18030", "utf-8"):  # the label lies for the second
        path = tmp_path / f"{codec}.html"
        path.write_bytes(page.encode(codec))
        assert read_document(path).text == CHINESE


def test_html_with_nothing_but_navigation_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<body><nav><a>Contact us in Bonn</a></nav>")
    assert read_document(path).text == "Contact us in Bonn"


def test_deeply_nested_html_is_read() -> None:
    assert html_reader.parse("<div>" * 20_000 + "deep").text == "deep"


# --- docx ------------------------------------------------------------------------------------------------


def write_docx(path: Path) -> None:
    made = docx.Document()
    made.core_properties.title = "Jahresbericht 2023"
    made.add_heading("Bericht", 0)
    made.add_heading("Über uns", 1)
    made.add_paragraph("Erster Satz. ").add_run("Zweiter Satz.").bold = True
    made.add_paragraph("Punkt", style="List Bullet")
    table = made.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"Zelle {number}"
    made.add_heading("二级标题", 2)
    changed = made.add_paragraph("Neu ")
    changed._p.append(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>ist dies</w:t></w:r></w:ins>"))
    changed._p.append(parse_xml(f"<w:del {nsdecls('w')}><w:r><w:delText>war das</w:delText></w:r></w:del>"))
    made.add_page_break()  # type: ignore[no-untyped-call]
    made.add_paragraph("Auf Seite zwei.")
    made.save(str(path))


@pytest.mark.parametrize("name", ["a.html", "a.docx"])
def test_two_tables_one_after_the_other_are_a_line_apart(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.html":
        path.write_text("<table><tr><td>a<td>b<tr><td>1<td>2</table><table><tr><td>c<td>d</table>")
    else:
        made = docx.Document()
        for rows in (("a", "b", "1", "2"), ("c", "d")):
            cells = made.add_table(len(rows) // 2, 2)._cells
            for cell, text in zip(cells, rows, strict=True):
                cell.text = text
            made.add_paragraph()
        made.save(str(path))
    assert read_document(path).text == "a | b\n1 | 2\n\nc | d"


def test_docx_in_document_order_with_styles_tables_and_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    write_docx(path)
    document = read_document(path)
    assert document.title == "Jahresbericht 2023"
    assert kinds(document) == [
        ("heading", "Bericht"),
        ("heading", "Über uns"),
        ("paragraph", "Erster Satz. Zweiter Satz."),
        ("item", "Punkt"),
        ("row", "Zelle 0 | Zelle 1"),
        ("row", "Zelle 2 | Zelle 3"),
        ("heading", "二级标题"),
        ("paragraph", "Neu ist dies"),
        ("paragraph", "Auf Seite zwei."),
    ]
    assert document.blocks[-1].page == document.pages == 2
    assert document.blocks[-1].headings == ("Bericht", "Über uns", "二级标题")
    assert_sound(document)


def test_docx_without_styles_has_headings_by_weight_and_number(tmp_path: Path) -> None:
    made = docx.Document()
    made.add_paragraph().add_run("管理办法").bold = True
    for text in ("一、总则", "本办法适用于全县。", "（一）范围", "图书馆和博物馆。"):
        made.add_paragraph(text)
    made.save(str(tmp_path / "a.docx"))
    document = read_document(tmp_path / "a.docx")
    assert texts(document, "heading") == ["管理办法", "一、总则", "（一）范围"]
    assert document.blocks[-1].headings == ("管理办法", "一、总则", "（一）范围")
    assert document.title == "管理办法"


# --- pdf -------------------------------------------------------------------------------------------------


def read_pdf(tmp_path: Path, pages: Sequence[Sequence[Run]], *, title: str = "") -> Document:
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf(pages, title=title))
    document = read_document(path)
    assert_sound(document)
    return document


def test_pdf_lines_become_paragraphs_with_pages_and_headings(tmp_path: Path) -> None:
    document = read_pdf(
        tmp_path,
        [
            [
                (60, 780, 20, "The bridge"),
                (60, 740, 11, "The bridge was opened in 1998 after a long infor-"),
                (60, 726, 11, "mation campaign; it is a well-known sight and has"),
                (60, 712, 11, "cost 3.5 million euros in all."),
                (60, 684, 11, "It has a well-known twin in the south, which the"),
                (60, 670, 11, "people of the town have called the old lady ever"),
            ],
            [
                (60, 780, 11, "since it was built."),
                (60, 740, 14, "Repairs"),
                (60, 716, 11, "None are planned at all."),
            ],
        ],
        title="Microsoft Word - bridge.docx",
    )
    assert document.title == "The bridge"
    assert document.pages == 2
    assert kinds(document) == [
        ("heading", "The bridge"),
        (
            "paragraph",
            "The bridge was opened in 1998 after a long information campaign; it is a well-known sight and has cost "
            "3.5 million euros in all.",
        ),
        (
            "paragraph",
            "It has a well-known twin in the south, which the people of the town have called the old lady ever since "
            "it was built.",
        ),
        ("heading", "Repairs"),
        ("paragraph", "None are planned at all."),
    ]
    assert [block.page for block in document.blocks] == [1, 1, 1, 2, 2]
    assert document.blocks[-1].headings == ("The bridge", "Repairs")


def test_chinese_pdf_lines_join_without_spaces(tmp_path: Path) -> None:
    document = read_pdf(
        tmp_path,
        [
            [
                (60, 780, 20, "安吉县发展报告"),
                (60, 740, 10, "今年上半年，全县地区生产总值稳步增长，制造业投资增"),
                (60, 725, 10, "长明显加快，居全省前列。"),
            ]
        ],
    )
    assert kinds(document) == [
        ("heading", "安吉县发展报告"),
        ("paragraph", "今年上半年，全县地区生产总值稳步增长，制造业投资增长明显加快，居全省前列。"),
    ]


def test_pdf_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = [
        "In the year of the flood the people",
        "of the lower town moved up to the",
        "hill, where the monks gave them",
        "bread and a roof for the winter,",
    ]
    right = [
        "and nobody was asked for money or",
        "for work. When the water had gone",
        "most of them went back to houses",
        "full of mud, and began again.",
    ]
    page: list[Run] = [(60, 790, 24, "The flood of 1342 and what came after it")]
    page += [(60, 740 - 14 * row, 11, text) for row, text in enumerate(left)]
    page += [(320, 740 - 14 * row, 11, text) for row, text in enumerate(right)]
    document = read_pdf(tmp_path, [page])
    assert texts(document, "paragraph") == [" ".join(left + right)]


def test_pdf_table_rows_stay_together(tmp_path: Path) -> None:
    rows = [("Year", "Visitors", "Note"), ("2021", "1200", "closed in May"), ("2022", "3400", "none")]
    page = [
        (x, 700 - 20 * line, 11, cell)
        for line, row in enumerate(rows)
        for x, cell in zip((60, 200, 340), row, strict=True)
    ]
    document = read_pdf(
        tmp_path, [[(60, 780, 11, "How many people came to see the museum in the last years:"), *page]]
    )
    assert texts(document, "row") == [
        "Year | Visitors | Note",
        "2021 | 1200 | closed in May",
        "2022 | 3400 | none",
    ]


def test_pdf_running_heads_stay_once_and_page_numbers_not_at_all(tmp_path: Path) -> None:
    facts = [
        "The first fact is here.",
        "The second fact is here.",
        "The third fact is here.",
        "The fourth one is here.",
    ]
    pages = [
        [
            (60, 810, 9, "Annual report of the museum"),
            (60, 700, 11, fact),
            (290, 30, 9, f"Page {number} of 4"),
        ]
        for number, fact in enumerate(facts, 1)
    ]
    document = read_pdf(tmp_path, pages)
    assert [text for _, text in kinds(document)] == ["Annual report of the museum", *facts]
    assert "Page" not in document.text


def test_figures_of_a_table_at_the_edge_of_pages_are_no_page_numbers(tmp_path: Path) -> None:
    names = [("Town", "People", "Beds")]
    cells = [*names, *((f"Ashford {row}", str(7000 + row), str(300 + row)) for row in range(1, 66))]
    tables = [(cells[at : at + 33]) for at in (0, 33)]
    pages = [
        [
            *(
                (x, 800 - 23 * line, 11, cell)
                for line, row in enumerate(rows)
                for x, cell in zip((60, 200, 340), row, strict=True)
            ),
            (290, 20, 9, str(number)),
        ]
        for number, rows in enumerate(tables, 1)
    ]
    document = read_pdf(tmp_path, pages)
    assert document.text == "\n".join(" | ".join(row) for row in cells)


def test_tables_under_each_other_are_parted_where_columns_are_named_anew(tmp_path: Path) -> None:
    cells = [("Town", "People"), ("Ashford", "7000"), ("Brookham", "800")]
    others = [("Town", "Rain"), ("Ashford", "31"), ("Brookham", "42")]
    page = [
        (x, top - 16 * line, 11, cell)
        for top, rows in ((700, cells), (630, others))
        for line, row in enumerate(rows)
        for x, cell in zip((60, 200), row, strict=True)
    ]
    document = read_pdf(tmp_path, [page])
    assert document.text == "\n\n".join(
        "\n".join(" | ".join(row) for row in rows) for rows in (cells, others)
    )


@pytest.mark.parametrize(
    ("prose", "items"),
    [
        (
            ["The shop by the old mill has been open since the spring.", "It sells what the county makes."],
            ["Fresh bread from the mill", "Milk", "Butter and cheese", "Eggs", "Rye flour in large bags"],
        ),
        (
            ["老磨坊旁边的商店从去年春天开始营业，出售本县农户生产的各种东西，每天早上八点开门。", "周日休息。"],
            ["磨坊的新鲜面包", "牛奶", "鲜奶酪和黄油", "鸡蛋", "两公斤装的黑麦面粉"],
        ),
    ],
)  # fmt: skip
def test_items_of_a_list_without_bullets_are_blocks_and_prose_is_none(
    tmp_path: Path, prose: list[str], items: list[str]
) -> None:
    size = 11 if prose[0].isascii() else 8
    page = [(60, 700 - 14 * at, size, line) for at, line in enumerate([*prose, *items])]
    joined = (" " if prose[0].isascii() else "").join(prose)
    assert kinds(read_pdf(tmp_path, [page])) == [("paragraph", joined), *(("item", item) for item in items)]


def test_a_line_of_a_narrow_table_is_parted_where_its_neighbours_are(tmp_path: Path) -> None:
    rows = [("Town", "People", "Beds"), ("Ashford", "17040", "380"), ("Brookham", "23796", "354")]
    above = "The county has counted its people and its beds again this year."
    page = [(60, 700, 10, above), (60, 643, 10, above)] + [
        (x, 686 - 12 * line, 10, cell)
        for line, row in enumerate(rows)
        for x, cell in zip((60, 121, 165), row, strict=True)
    ]
    assert texts(read_pdf(tmp_path, [page]), "row") == [" | ".join(row) for row in rows]


def test_text_that_a_pdf_gives_for_glyphs_is_theirs(tmp_path: Path) -> None:
    said = "नि".encode("utf-16-be").hex().encode()
    content = (
        b"BT /L 12 Tf 60 700 Td /P <</MCID 0>> BDC (d) Tj"
        b" /Span <</ActualText <FEFF%s>>> BDC (fx) Tj /Span BMC (y) Tj EMC EMC"
        b" (k) Tj EMC /Span <</ActualText (of many lines)>> BDC (what stands) Tj 0 -20 Td (as it is) Tj EMC ET"
        % said
    )
    (tmp_path / "a.pdf").write_bytes(pdf_of(content))
    assert read_document(tmp_path / "a.pdf").text == "dनिkwhat stands as it is"


def test_hyphenated_words_of_a_pdf_keep_the_hyphen_of_a_compound() -> None:
    known = frozenset({"well-known"})
    assert (
        join_lines(["a well-", "known bridge and infor-", "mation"], known)
        == "a well-known bridge and information"
    )
    assert join_lines(["增长", "35.1%，居全", "省前列"], known) == "增长35.1%，居全省前列"


def test_regions_put_a_wide_line_before_columns() -> None:
    wide = Line("A headline over both of the columns", 0, 100, 400, 112, 12)
    left = [
        Line(f"left {row} with words that fill it up", 0, 80 - 14 * row, 190, 92 - 14 * row, 12)
        for row in range(4)
    ]
    right = [
        Line(f"right {row} with words that fill it", 210, 80 - 14 * row, 400, 92 - 14 * row, 12)
        for row in range(4)
    ]
    ordered = [line for region in regions([*right, wide, *left]) for line in region.lines]
    assert ordered == [wide, *left, *right]


@pytest.mark.parametrize(
    ("drawn", "written"),
    [
        ("िहन्दी की िकताब", "हिन्दी की किताब"),
        ("दुिनया और आिर्चबाल्ड", "दुनिया और आर्चिबाल्ड"),
        ("हिन्दी की किताब, अधिक", "हिन्दी की किताब, अधिक"),
        ("वे फ़िल्म में थे।", "वे फ़िल्म में थे।"),
        ("ৰিপোর্ট কৰি থাকে", "ৰিপোর্ট কৰি থাকে"),
        ("িবেদেশ", "বিদেশে"),
        ("ลําพูนและนํ้าแคว", "ลำพูนและน้ำแคว"),
        ("เม่ือวันท่ี", "เมื่อวันที่"),
    ],
)
def test_vowel_signs_stand_behind_the_consonant_that_they_follow(drawn: str, written: str) -> None:
    assert in_order(drawn) == written


def test_glyphs_of_radicals_ligatures_and_right_to_left_lines() -> None:
    assert "".join(map(readable, "⽣产⼒增⻓eﬃcient")) == "生产力增长efficient"
    assert logical(list(".2022 يف (ابيرقت) ةمسن نويلم 467")) == "467 مليون نسمة (تقريبا) في 2022."
    assert logical(list("plain (text)")) == "plain (text)"


def test_a_markdown_file_may_end_with_the_row_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("| 县 | 人口 |\n|---|---|\n| 安吉 | 59万 |")
    assert kinds(read_document(tmp_path / "a.md")) == [("row", "县 | 人口"), ("row", "安吉 | 59万")]
    (tmp_path / "b.md").write_text("| a | b |\n|---|---|\n| 1 | 2 |\n[^1]: A note under the table.\n")
    assert "A note under the table." in " ".join(text for _, text in kinds(read_document(tmp_path / "b.md")))


# --- paths -----------------------------------------------------------------------------------------------


def test_files_are_sorted_and_what_is_left_out_is_told_but_for_hidden_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no tesseract
    for name in (
        "b.txt",
        "a.MD",
        ".hidden.txt",
        "Makefile",
        "~$open.docx",
        "sub/新闻 😀 报.txt",
        ".git/x.txt",
        "x.png",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("text")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.txt")
    found = find_files(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found.paths] == [
        "a.MD",
        "b.txt",
        "sub/新闻 😀 报.txt",
    ]
    assert [(Path(each.path).name, each.kind) for each in found.left_out] == [
        ("Makefile", "no extension"),
        ("gone.txt", "broken link"),
        ("pipe.txt", "no regular file"),
        ("x.png", ".png"),
    ]
    assert find_files(tmp_path / "b.txt").paths == (tmp_path / "b.txt",)
    assert ".png" not in READABLE


def test_the_search_for_files_follows_links_and_survives_loops(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "sub").mkdir(parents=True)
    outside.mkdir()
    (root / "sub" / "a.txt").write_text("a")
    (outside / "b.txt").write_text("b")
    (root / "sub" / "loop").symlink_to(root)
    (root / "again").symlink_to(root / "sub")
    (root / "other").symlink_to(outside)
    (root / "broken").symlink_to(root / "none")
    assert [path.relative_to(root).as_posix() for path in find_files(root).paths] == [
        "other/b.txt",
        "sub/a.txt",
    ]


def test_document_is_named_by_its_source_and_text(tmp_path: Path) -> None:
    path = tmp_path / "annual_report 2024.txt"
    path.write_text("It was a good year.")
    document = read_document(path)
    assert (document.source, document.title, document.pages) == (path.name, "annual report 2024", None)
    assert document.id == document_from_text(document.text, source=path.name).id
    assert document.id != read_document(path, source="b/report.txt").id
    assert len(document.id) == 32
    assert len(document.sha256) == 64
