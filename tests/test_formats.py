"""Tables, slides, e-books, mail and archives: one text, with the place of everything in it."""

from __future__ import annotations

import io
import random
import re
import signal
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from qa.errors import ReadError
from qa.readers import Outcome, building, package, read_document, read_file
from qa.splitter import split_document
from qa.types import Document
from tests import made_files
from tests.made_files import FILES, write, zip_of
from tests.made_pdf import make_pdf, pdf_of


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.span.of(document.text)) for block in document.blocks]


def read(folder: Path, name: str, data: bytes) -> Document:
    (folder / name).write_bytes(data)
    return read_document(folder / name)


def refused(folder: Path, name: str, data: bytes) -> str:
    with pytest.raises(ReadError) as error:
        read(folder, name, data)
    assert error.value.reason.endswith(".")
    return error.value.reason


def outcomes(path: Path, **options: object) -> dict[str, Outcome]:
    return {each.member: each for each in read_file(path, source=path.name, **options)}  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in FILES if name != "a.zip"])
def test_blocks_are_in_order_and_passages_are_slices(tmp_path: Path, name: str) -> None:
    document = read_document(write(tmp_path, name))
    last = 0
    for block in document.blocks:
        assert last <= block.span.start < block.span.end <= len(document.text)
        assert block.span.of(document.text) == block.span.of(document.text).strip()
        last = block.span.end
    passages = split_document(document)
    assert passages
    assert all(passage.span.of(document.text) == passage.text for passage in passages)


# --- tables ------------------------------------------------------------------------------------------------


def test_a_row_of_a_table_says_its_columns_and_is_a_passage(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.csv"))
    assert blocks(document) == [
        ("record", "County: Anji | Population: 590,000 | Growth: 7.6%"),
        ("record", "County: هانغتشو | Population: 12000000 | Growth: 5%"),
        ("record", "County: 安吉县 | Population: 590000 | Growth: 7.6%"),
    ]
    assert [passage.text for passage in split_document(document)] == [text for _, text in blocks(document)]


@pytest.mark.parametrize(
    ("name", "data", "first"),
    [
        ("a.csv", "名称;长度\n苏伊士;193,3\n巴拿马;82\n", "名称: 苏伊士 | 长度: 193,3"),
        ("a.csv", "sep=|\nName|Length\nSuez|193\n", "Name: Suez | Length: 193"),
        ("a.tsv", "القناة\tالطول\nالسويس\t193\n", "القناة: السويس | الطول: 193"),
        ("a.csv", "Region,2022,2023\nNorth,10,12\nSouth,8,9\n", "Region: North | 2022: 10 | 2023: 12"),
        ("a.csv", "Suez,1869\nPanama,1914\n", "Suez | 1869"),
        ("a.csv", "Canals of the world\n\nName,Note\nSuez,\nPanama,locks\n", "Name: Suez"),
        ("a.csv", 'Name,Note\nSuez,"no locks,\nsea level"\n', "Name: Suez | Note: no locks, sea level"),
    ],
)
def test_delimiter_and_names_of_columns_are_found(tmp_path: Path, name: str, data: str, first: str) -> None:
    records = [text for kind, text in blocks(read(tmp_path, name, data.encode())) if kind == "record"]
    assert records[0] == first


def test_tables_in_other_encodings_and_with_a_stray_quote(tmp_path: Path) -> None:
    table = "名称,长度\n苏伊士运河的名称很长,一百九十三公里\n巴拿马运河也是一条运河,八十二公里\n"
    assert "名称: 苏伊士运河的名称很长" in read(tmp_path, "a.csv", table.encode("gb18030")).text
    rows = 'Name,Height\nThe "Tower",12\n"broken,3\n' + "tree,4\n" * 300
    document = read(tmp_path, "b.csv", rows.encode())
    assert len(document.blocks) == 302
    assert "never closed" in document.warnings[0]


def test_a_workbook_shows_values_as_people_see_them(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.xlsx"))
    assert blocks(document) == [
        ("heading", "人口"),
        ("paragraph", "2024年统计表"),
        ("record", "县: 安吉县 | 人口: 590,000 | 增长: 7.6%"),
        ("record", "县: 德清县 | 人口: 541,001 | 增长: 5.0%"),
        ("heading", "تواريخ"),
        ("record", "الحدث: افتتاح القناة | السنة: 1869"),
    ]
    assert document.blocks[3].headings == ("人口",)
    assert document.title == "统计年鉴"
    assert document.warnings == ("hidden sheets were left out: secret.",)


SHOWN = {
    (1.2, '#,##0.00 "€"'): "1.20 €",
    (-1234.5, "[$$-409]#,##0.00;[Red]-[$$-409]#,##0.00"): "-$1,234.50",
    (5, '_-* #,##0.00\\ "€"_-;-* #,##0.00'): "5.00 €",
    (1234567, "¥#,##0"): "¥1,234,567",
    (3, '"第"0"期"'): "第3期",
    (12, '0"%"'): "12%",
    (0.125, "0.0%"): "12.5%",
    (1, "00000"): "00001",
    (1.5, "0.###"): "1.5",
    (2, "0.##"): "2",
    (0.5, "# ?/?"): "0.5",
    (3, "[Blue]0.0"): "3.0",
}


def test_numbers_of_a_sheet_keep_their_units_and_zeros(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row, (value, number_format) in enumerate(SHOWN, 1):
        book.active.append([f"row {row}", value])
        book.active.cell(row, 2).number_format = number_format
    document = read(tmp_path, "a.xlsx", made_files.saved(book))
    shown = [text.partition(" | ")[2] for kind, text in blocks(document) if kind == "record"]
    assert shown == list(SHOWN.values())


def test_a_sheet_that_claims_a_million_rows_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    with zipfile.ZipFile(write(tmp_path, "a.xlsx")) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'<dimension ref="A1:C4"', b'<dimension ref="A1:XFD1048576"')
    assert b"XFD" in parts[sheet]
    assert "安吉县" in read(tmp_path, "b.xlsx", zip_of(parts)).text


def test_formulas_that_nothing_has_computed_are_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "合计"
    for row in (["Name", "Sum"], ["Anji", "=1+2"], ["Deqing", "=B2*2"], ["Huzhou", 7]):
        book.active.append(row)
    book.create_sheet("Sound").append(["nothing", "to compute"])
    (tmp_path / "a.xlsx").write_bytes(made_files.saved(book))
    assert read_document(tmp_path / "a.xlsx").warnings == (
        "2 formulas have no computed value in the sheet '合计'; open the workbook in a spreadsheet program, save it, "
        "and add it again.",
    )
    with zipfile.ZipFile(tmp_path / "a.xlsx") as saved:
        parts = {name: saved.read(name) for name in saved.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    empty = parts[sheet].replace(b'<c r="B2">', b'<c r="B2" t="str">')
    computed = empty.replace(b"<f>B2*2</f><v />", b"<f>B2*2</f><v>0</v>").replace(
        b"<f>B2*2</f><v></v>", b"<f>B2*2</f><v>0</v>"
    )
    assert computed != empty != parts[sheet]
    document = read(tmp_path, "b.xlsx", zip_of({**parts, sheet: computed}))
    assert document.warnings == ()
    assert "Name: Deqing | Sum: 0" in document.text


def test_a_workbook_of_nothing_but_formulas_says_why_it_has_no_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "=1+2"
    with pytest.raises(ReadError, match="formulas have no computed values"):
        read(tmp_path, "a.xlsx", made_files.saved(book))


# --- json --------------------------------------------------------------------------------------------------


def test_json_records_stand_under_their_titles(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.jsonl"))
    assert blocks(document) == [("heading", "One"), ("paragraph", "First text."), ("paragraph", "نص ثان.")]
    nested = '{"meta": {"n": 2}, "articles": [{"标题": "桥", "正文": ["第一段。", "第二段。"], "id": 1}]}'
    document = read(tmp_path, "b.json", nested.encode())
    assert blocks(document) == [("heading", "桥"), ("paragraph", "第一段。"), ("paragraph", "第二段。")]
    assert document.warnings == ("only titles and texts are read; other fields were left out: id.",)


def test_a_record_without_a_title_is_not_under_the_one_before(tmp_path: Path) -> None:
    assert read_document(write(tmp_path, "a.jsonl")).blocks[2].headings == ()


def test_author_and_date_that_all_records_share_are_those_of_the_file(tmp_path: Path) -> None:
    lines = [f'{{"text": "Text {at}.", "author": "Ann Lee", "date": "2023-08-1{at}"}}' for at in (5, 6)]
    document = read(tmp_path, "a.jsonl", "\n".join(lines).encode())
    assert (document.author, document.date) == ("Ann Lee", "")
    document = read(tmp_path, "b.jsonl", "\n".join(lines[:1] * 2).encode())
    assert (document.author, document.date) == ("Ann Lee", "2023-08-15")


def test_json_that_is_damaged_or_holds_no_texts(tmp_path: Path) -> None:
    assert "is no JSON" in refused(tmp_path, "a.json", b'{"text": "cut')
    assert "nests too deep" in refused(tmp_path, "a.json", b"[" * 100_000)
    (tmp_path / "b.jsonl").write_text('{"question": "Who?"}\n')
    (outcome,) = read_file(tmp_path / "b.jsonl", source="b.jsonl")
    assert outcome.left_out == "JSON without texts"
    document = read(tmp_path, "c.jsonl", b'{"text": "One."}\n{broken\n{"text": "Two."}\n')
    assert document.warnings[0] == "1 of its lines are no JSON and were left out: 2."


# --- slides, texts and books -----------------------------------------------------------------------------


def test_a_slide_is_a_page_with_its_title_and_notes(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.pptx"))
    found = [(b.page, b.kind, b.headings, b.span.of(document.text)) for b in document.blocks]
    assert found == [
        (1, "heading", (), "苏伊士运河"),
        (1, "item", ("苏伊士运河",), "全长约193公里。"),
        (1, "item", ("苏伊士运河",), "Opened in 1869."),
        (1, "paragraph", ("苏伊士运河",), "Mention the widening of 2015."),
        (2, "row", (), "القناة | الطول"),
        (2, "row", (), "السويس | 193 كم"),
    ]
    assert (document.pages, document.title) == (3, "苏伊士运河")
    assert document.warnings == ("hidden slides were left out: 3.",)


def test_an_opendocument_text_is_read_in_order(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.odt"))
    assert blocks(document) == [
        ("heading", "县志"),
        ("heading", "经济"),
        ("paragraph", "The county has  2142 households."),
        ("item", "شاي أبيض"),
        ("item", "خيزران"),
        ("row", "Tea | 3.5"),
        ("row", "Bamboo | 1.2"),
        ("paragraph", "As of 2024."),
    ]
    assert document.blocks[2].headings == ("县志", "经济")


def test_chapters_follow_the_spine_and_have_headings(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.epub"))
    found = {block.span.of(document.text): block.headings for block in document.blocks}
    assert found["苏伊士运河全长约193公里。"] == ("第一章 苏伊士",)
    assert found["1869年通航。"] == ("第一章 苏伊士", "开通")
    assert found["巴拿马运河于1914年通航。"] == ("第二章",)
    assert found["افتتحت قناة كورنث سنة 1893."] == ("قناة كورنث",)
    assert document.title == "运河史"


def test_a_protected_book_and_a_missing_chapter_are_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(write(tmp_path, "a.epub")) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    chapter = next(name for name in parts if name.endswith("c1.xhtml"))
    lock = f'<encryption><EncryptedData><CipherReference URI="{chapter}"/></EncryptedData></encryption>'
    locked = zip_of({**parts, "META-INF/encryption.xml": lock.encode()})
    assert "DRM" in refused(tmp_path, "b.epub", locked)
    del parts[chapter]
    document = read(tmp_path, "c.epub", zip_of(parts))
    assert document.warnings == (f"the chapter '{chapter}' is missing from the file.",)
    assert "苏伊士运河" in document.text


def test_rtf_in_three_scripts(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.rtf"))
    texts = [text for _, text in blocks(document)]
    assert texts == ["The harbour was opened in 1902.", "安吉县有居民2142户。", "القاهرة 😀"]
    assert document.title == "Harbour"
    assert "no RTF" in refused(tmp_path, "b.rtf", b"plain text")
    noted = read(tmp_path, "c.rtf", rb"{\rtf1 The mill{\footnote Built in 1784.} is old.\par}")
    assert (noted.text.strip(), noted.warnings) == ("The mill is old.", ("notes were left out: 1.",))


# --- mail and archives -----------------------------------------------------------------------------------


def test_a_mail_tells_who_wrote_when_and_its_attachments_are_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no tesseract
    found = outcomes(write(tmp_path, "a.eml"))
    assert list(found) == ["码头.txt", "map.png", ""]
    mail, attachment = found[""].document, found["码头.txt"].document
    assert mail
    assert attachment
    assert mail.title == "码头的开放 – opening of the pier"
    assert mail.text.count("码头将于2024年6月1日开放。") == 1
    [header] = [text for kind, text in blocks(mail) if kind == "record"]
    assert header.splitlines()[0] == "From: 林薇 <lin@example.org>"
    assert header.splitlines()[-1] == "Attachments: 码头.txt, map.png"
    assert next(passage.text for passage in split_document(mail)) == header
    assert all(block.headings[0] == mail.title for block in mail.blocks[1:])
    assert (attachment.source, attachment.text) == ("a.eml/码头.txt", "The pier is 90 metres long.")
    assert found["map.png"].left_out == ".png"


def test_a_mail_of_html_alone_and_one_in_a_mail(tmp_path: Path) -> None:
    html = b"From: a@b.c\nSubject: =?gb2312?B?xOO6ww==?=\nContent-Type: text/html; charset=gb2312\n\n"
    html += "<p>你好</p>".encode("gb2312")
    document = read(tmp_path, "a.eml", html)
    assert (document.title, document.text.endswith("\n\n你好")) == ("你好", True)
    outer = (
        b"From: x@y.z\nSubject: Fwd\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\nSee below.\n--B\n"
    )
    (tmp_path / "b.eml").write_bytes(outer + b"Content-Type: message/rfc822\n\n" + html + b"\n--B--\n")
    found = outcomes(tmp_path / "b.eml")
    assert list(found) == ["你好.eml", ""]
    assert "no mail" in refused(tmp_path, "c.eml", b"Just a text.\n\nNo headers.")


def test_attachments_of_one_name_are_told_apart_and_no_name_leads_elsewhere(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Three"
    mail.set_content("See below.")
    for name in ("a.txt", "a.txt", "../a.txt", "..\\..\\b.txt", ".hidden"):
        mail.add_attachment(f"In {name}.".encode(), maintype="text", subtype="plain", filename=name)
    (tmp_path / "a.eml").write_bytes(bytes(mail))
    found = outcomes(tmp_path / "a.eml")
    assert list(found) == ["a.txt", "a (2).txt", "_a.txt", "_.._b.txt", "hidden", ""]
    assert found["a (2).txt"].document


def test_the_files_of_an_archive_are_documents_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no tesseract
    data = zip_of(
        {
            "新闻/一.txt": "安吉县有居民2142户。".encode(),
            "mail.eml": made_files.eml(),
            "inner.zip": zip_of({"deep.md": b"# Deep\n\nA text."}),
            "x.exe": b"MZ",
            ".hidden.txt": b"hidden",
            "__MACOSX/._a.txt": b"x",
            "empty.txt": b"",
            "bad.docx": b"no docx",
        }
    )
    (tmp_path / "a.zip").write_bytes(data)
    found = outcomes(tmp_path / "a.zip")
    documents = {name: each.document.source for name, each in found.items() if each.document}
    assert documents == {
        "新闻/一.txt": "a.zip/新闻/一.txt",
        "mail.eml/码头.txt": "a.zip/mail.eml/码头.txt",
        "mail.eml": "a.zip/mail.eml",
        "inner.zip/deep.md": "a.zip/inner.zip/deep.md",
    }
    assert {name: each.left_out for name, each in found.items() if each.left_out} == {
        "mail.eml/map.png": ".png",
        "x.exe": ".exe",
    }
    assert found["empty.txt"].problem == "is empty."
    assert "no Word document" in found["bad.docx"].problem


def test_names_of_an_old_archive_are_decoded(tmp_path: Path) -> None:
    names = ["新闻报道.txt", "县政府工作报告.txt"]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for at, name in enumerate(names):
            archive.writestr(f"{at}" + "x" * (len(name.encode("gb18030")) - 1), b"A text of words.")
    data = (tmp_path / "a.zip").read_bytes()
    for at, name in enumerate(names):
        raw = name.encode("gb18030")
        data = data.replace(f"{at}".encode() + b"x" * (len(raw) - 1), raw)
    (tmp_path / "a.zip").write_bytes(data)
    assert list(outcomes(tmp_path / "a.zip")) == names


@pytest.mark.parametrize("name", ["../up.txt", "/etc/passwd.txt", "a/../../b.txt", "C:\\x.txt", "..\\up.txt"])
def test_an_entry_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({name: b"A text.", "good.txt": b"A good text."}))
    found = outcomes(tmp_path / "a.zip")
    assert [member for member, each in found.items() if each.document] == ["good.txt"]
    assert [each.problem for each in found.values() if each.problem] == [
        "has a name that leads out of the archive."
    ]


def test_an_entry_without_a_name_costs_none_of_the_others(tmp_path: Path) -> None:
    # found by fuzzing
    data = zip_of({"x": b"A text.", "good.txt": b"A good text."})
    for header, lengths in ((b"PK\x03\x04", 26), (b"PK\x01\x02", 28)):
        at = data.index(header) + lengths
        data = data[:at] + b"\0\0\1\0" + data[at + 4 :]  # its one byte is no name, but an extra field
    (tmp_path / "a.zip").write_bytes(data)
    found = outcomes(tmp_path / "a.zip")
    assert found["good.txt"].document
    assert found["."].left_out == "no extension"


def test_links_locked_and_double_entries_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    locked = zipfile.ZipInfo("locked.txt")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr(locked, "secret words")
        archive.writestr("one.txt", "The first.")
    data = (tmp_path / "a.zip").read_bytes()
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"locked.txt"))
    data = data[: at + 8] + b"\x01" + data[at + 9 :]
    (tmp_path / "a.zip").write_bytes(data)
    found = outcomes(tmp_path / "a.zip")
    assert found["link.txt"].problem == "is a link."
    assert "password" in found["locked.txt"].problem
    assert found["one.txt"].document


def test_archives_are_unpacked_within_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"A text."
    for level in range(5):
        data = zip_of({f"{level}.zip" if level else "a.txt": data})
    (tmp_path / "deep.zip").write_bytes(data)
    (problem,) = outcomes(tmp_path / "deep.zip").values()
    assert "deeper than 3 archives" in problem.problem
    monkeypatch.setattr("qa.readers.MAX_UNPACKED_MB", 2)
    (tmp_path / "big.zip").write_bytes(zip_of({f"{at}.txt": b"word " * 200_000 for at in range(3)}))
    found = [bool(each.document) for each in outcomes(tmp_path / "big.zip").values()]
    assert found == [True, True, False]
    monkeypatch.setattr(package, "MAX_PACKAGE_MB", 2)
    assert "unpacks to 3 MB" in refused(tmp_path, "bomb.zip", (tmp_path / "big.zip").read_bytes())


def test_a_line_break_in_a_name_is_a_space(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({"新\n闻.txt": b"A text."}))
    assert list(outcomes(tmp_path / "a.zip")) == ["新 闻.txt"]


def test_known_members_are_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({"a.txt": b"One text.", "mail.eml": made_files.eml()}))
    first = outcomes(tmp_path / "a.zip")
    known = {member: each.document.sha256 for member, each in first.items() if each.document}
    again = outcomes(tmp_path / "a.zip", known=known)
    assert {member for member, each in again.items() if each.unchanged} == set(known)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("a.docx", "vnd.ms-word.document", "2142 households"),
        ("a.xlsx", "vnd.ms-excel.sheet", "590,000"),
        ("a.pptx", "vnd.ms-powerpoint.presentation", "1869"),
    ],
)
def test_files_with_macros_are_read_without_them(tmp_path: Path, name: str, kind: str, text: str) -> None:
    with zipfile.ZipFile(io.BytesIO(SOUND[name])) as package:
        parts = {part: package.read(part) for part in package.namelist()}
    types, main = "[Content_Types].xml", f"application/{kind}.macroEnabled.main+xml".encode()
    parts[types] = re.sub(
        rb"application/vnd[^\"]*(?:document|sheet|presentation)\.main\+xml", main, parts[types]
    )
    assert main in parts[types]
    macros = {**parts, "vba/vbaProject.bin": b"Sub AutoOpen()"}
    assert text in read(tmp_path, name.removesuffix("x") + "m", zip_of(macros)).text


# --- damage ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.xlsx", "a.pptx", "a.odt", "a.epub", "a.zip"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_package_is_told(tmp_path: Path, name: str, share: float) -> None:
    data = made_files.made(name)
    assert "is cut off or damaged" in refused(tmp_path, name, data[: int(share * len(data))])


@pytest.mark.parametrize("name", ["a.xlsx", "a.pptx", "a.odt", "a.epub"])
def test_another_package_by_this_name_is_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, name, zip_of({"readme.txt": b"Nothing of the kind."}))
    assert "password" in refused(tmp_path, name, package.OLE + bytes(600))


def test_xml_entities_stay_unexpanded_and_nothing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    entities = f'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY f SYSTEM "{tmp_path}/secret.txt">]>'
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'{entities}<o:document-content xmlns:o="{space}:office:1.0" xmlns:t="{space}:text:1.0"><o:body><o:text>'
        "<t:p>Shown &a;&f;</t:p></o:text></o:body></o:document-content>"
    )
    assert read(tmp_path, "a.odt", zip_of({"content.xml": content.encode()})).text == "Shown"


def with_link(name: str, address: str) -> bytes:
    """Return a sound file that refers to an address in every way that its format has for what is loaded with it."""
    if name == "a.html":
        return (
            f'<link rel="stylesheet" href="{address}"><script src="{address}"></script><img src="{address}">'
            f'<iframe src="{address}"></iframe><object data="{address}"></object><p>A text.</p>'
        ).encode()
    if name == "a.md":
        return f"A text. ![picture]({address})\n\n[link]: {address}\n".encode()
    if name == "a.eml":
        html = f'<img src="{address}"><p>A text.</p>'
        return f"From: a@b.c\nContent-Type: text/html\n\n{html}".encode()
    if name == "a.pdf":
        action = f"/Type /Catalog /OpenAction << /S /URI /URI ({address}) >>"
        return SOUND[name].replace(b"/Type /Catalog", action.encode())
    with zipfile.ZipFile(io.BytesIO(SOUND[name])) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    for part in list(parts):
        if part.endswith(".rels"):
            linked = "".join(
                f'<Relationship Id="x{at}" Type="{kind}/{what}" Target="{address}" TargetMode="External"/>'
                for at, what in enumerate(("attachedTemplate", "image", "externalLink", "oleObject"))
            )
            parts[part] = parts[part].replace(b"</Relationships>", f"{linked}</Relationships>".encode())
        elif part.endswith((".xml", ".xhtml", ".opf", ".ncx")) and part != "[Content_Types].xml":
            head, mark, body = parts[part].rpartition(b"?>")
            body = re.sub(rb"^\s*<!DOCTYPE[^>]*>", b"", body)
            parts[part] = head + mark + f'<!DOCTYPE x SYSTEM "{address}">'.encode() + body
    return zip_of(parts)


@pytest.mark.parametrize(
    "name", ["a.html", "a.md", "a.eml", "a.pdf", "a.docx", "a.xlsx", "a.pptx", "a.odt", "a.epub"]
)
def test_nothing_that_a_file_refers_to_is_fetched(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        (tmp_path / name).write_bytes(with_link(name, address))
        (outcome,) = (each for member, each in outcomes(tmp_path / name).items() if not member)
        assert outcome.document
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("name", ["a.xlsx", "a.pptx"])
def test_a_billion_laughs_end_in_a_sentence(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(write(tmp_path, name)) as book:
        parts = {part: book.read(part) for part in book.namelist()}
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    for part in parts:
        if part.endswith(("sheet1.xml", "sharedStrings.xml", "slide1.xml")):
            head, _, body = parts[part].rpartition(b"?>")
            text = body.replace(b"<t>", b"<t>&l11;").replace(b"<a:t>", b"<a:t>&l11;")
            parts[part] = head + b"?>" * bool(head) + f"<!DOCTYPE x [{laughs}]>".encode() + text
    (tmp_path / f"b{name}").write_bytes(zip_of(parts))
    with within(20):
        (outcome,) = outcomes(tmp_path / f"b{name}").values()
    assert outcome.problem or (outcome.document and len(outcome.document.text) < 10_000)


def with_nested(name: str, part: str, before: str, opening: str, closing: str, count: int) -> bytes:
    """Return a package with so many elements inside each other put before some place of a part."""
    with zipfile.ZipFile(io.BytesIO(SOUND[name])) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    xml = parts[part].decode()
    assert before in xml
    parts[part] = xml.replace(before, opening * count + closing * count + before, 1).encode()
    return zip_of(parts)


GROUP = "<p:grpSp><p:nvGrpSpPr><p:cNvPr id='9' name='g'/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>"
INSIDE = {
    "a.docx": ("word/document.xml", "<w:sectPr", "<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>"),
    "a.odt": ("content.xml", "</office:text>", "<text:section>", "</text:section>"),
    "a.pptx": ("ppt/slides/slide1.xml", "</p:spTree>", GROUP, "</p:grpSp>"),
}
"""The part, the place in it, and what is put inside itself there."""


@pytest.mark.parametrize("name", INSIDE)
def test_parts_in_each_other_are_read_or_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    assert (
        read(tmp_path, name, with_nested(name, *INSIDE[name], 40)).text
        == read(tmp_path, name, SOUND[name]).text
    )
    assert "is damaged" in refused(tmp_path, name, with_nested(name, *INSIDE[name], 2_000))


@pytest.mark.parametrize(
    ("name", "opening", "closing"),
    [
        ("a.html", "<div>", "</div>"),
        ("a.html", "<ul><li>", ""),
        ("a.html", "<table><tr><td>", ""),
        ("a.md", "> ", ""),
        ("a.md", "- ", ""),
        ("a.md", "[", "](x)"),
        ("a.rtf", "{", "}"),
        ("a.json", '{"a":[', "]}"),
        ("a.csv", '"', '"'),
        ("a.txt", "(", ")"),
    ],
)
def test_deep_nesting_ends_in_a_text_or_a_sentence(
    tmp_path: Path, name: str, opening: str, closing: str
) -> None:
    head, words = {"a.rtf": "{\\rtf1 ", "a.json": ""}.get(name, ""), "A text."
    inner = '{"text": "A text."}' if name == "a.json" else words
    (tmp_path / name).write_text(f"{head}{opening * 3_000}{inner}{closing * 3_000}")
    with within(20):
        (outcome,) = outcomes(tmp_path / name).values()
    assert outcome.problem == "nests too deep to be read." or (
        outcome.document and words in outcome.document.text
    )


def test_mails_and_parts_of_mails_in_each_other_are_read_or_refused(tmp_path: Path) -> None:
    parts, mails = "A text.", "From: a@b.c\n\nA text."
    for number in range(300):
        parts = (
            f"Content-Type: multipart/mixed; boundary=B{number}\n\n--B{number}\n\n{parts}\n--B{number}--\n"
        )
        mails = f"From: a@b.c\nSubject: {number}\nContent-Type: message/rfc822\n\n{mails}"
    (tmp_path / "a.eml").write_text(f"From: a@b.c\n{parts}")
    (tmp_path / "b.eml").write_text(mails)
    assert outcomes(tmp_path / "a.eml")[""].document
    found = outcomes(tmp_path / "b.eml")
    assert found[""].document
    assert all(outcome.problem.endswith(".") for member, outcome in found.items() if member)


class Late(BaseException):
    """No ``Exception``: a reader that goes on after any of those does not go on after this."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail, rather than hang, after some seconds."""

    def late(*_: object) -> None:
        raise Late(f"it hangs for {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def docx_of(*lines: str, author: str = "", modified: datetime = datetime(2024, 5, 3, 10)) -> bytes:
    """Return a heading and paragraphs, with what the file says of its author and its last change."""
    made = docx.Document()
    made.add_heading(lines[0], 1)
    for line in lines[1:]:
        made.add_paragraph(line)
    made.core_properties.author, made.core_properties.modified = author, modified
    return made_files.saved(made)


def pdf_with_facts(*lines: str, **facts: str) -> bytes:
    """Return a page with a headline and lines under it, and with properties such as ``Author``."""
    page = [(72, 740 - 26 * at, 11 if at else 24, line) for at, line in enumerate(lines)]
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf([page]))))
    writer.add_metadata({f"/{name}": value for name, value in facts.items()})
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def a_docx() -> bytes:
    made = docx.Document()
    made.add_heading("县志", 1)
    made.add_paragraph("The county has 2142 households.")
    made.add_table(1, 2).cell(0, 1).text = "شاي"
    return made_files.saved(made)


SOUND = {
    **{name: made_files.made(name) for name in FILES},
    "a.docx": a_docx(),
    "a.pdf": pdf_of(
        b"BT /L 12 Tf 72 700 Td (A line of text.) Tj ET", b"BT /L 12 Tf 72 700 Td (Another.) Tj ET"
    ),
    "a.html": "<html><head><title>县志</title></head><body><h1>县</h1><ul><li>شاي<table><tr><td>1".encode(),
    "a.md": "---\ntitle: 县志\n---\n# One\n\n- شاي\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx\n```\n".encode(),
    "a.txt": "县志\n\n一、茶\n\nThe county has\n2142 households.\f\n- شاي\n".encode(),
}


def damaged(data: bytes, seed: int) -> bytes:
    """Return bytes with some of them changed, cut or doubled; in a package also after it is unpacked."""
    chance = random.Random(seed)
    if data.startswith(b"PK") and chance.random() < 0.7:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        name = chance.choice(sorted(parts))
        return zip_of({**parts, name: damaged(parts[name], seed + 1) if parts[name] else b"x"})
    found = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        at = chance.randrange(len(found))
        way = chance.randrange(3)
        if way == 0:
            found[at] = chance.randrange(256)
        elif way == 1:
            del found[at : at + chance.randint(1, 30)]
        else:
            found[at:at] = found[max(0, at - chance.randint(1, 200)) : at]
        if not found:
            return b"x"
    return bytes(found)


@pytest.mark.parametrize("name", SOUND)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_damage_of_any_kind_ends_in_a_sentence(tmp_path: Path, name: str, seed: int) -> None:
    (tmp_path / name).write_bytes(damaged(SOUND[name], seed))
    with within(20):
        for outcome in read_file(tmp_path / name, source=name):
            if outcome.problem:
                assert outcome.problem.endswith(".")
            if outcome.document:
                text = outcome.document.text
                assert all(0 <= b.span.start < b.span.end <= len(text) for b in outcome.document.blocks)


@pytest.mark.parametrize("name", SOUND)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.binary(min_size=1, max_size=300))
def test_bytes_of_any_kind_end_in_a_sentence(tmp_path: Path, name: str, data: bytes) -> None:
    head = {
        "a.rtf": b"{\\rtf1",
        "a.eml": b"From: a\n",
        "a.json": b'{"text": "',
        "a.jsonl": b'{"text": "a"}\n',
    }
    (tmp_path / name).write_bytes(head.get(name, b"") + data)
    with within(20):
        list(read_file(tmp_path / name, source=name))


def test_a_bug_in_a_parser_is_a_problem_of_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def buggy(text: str) -> None:
        raise KeyError("no such style")

    monkeypatch.setattr("qa.readers.md.parse", buggy)
    assert refused(tmp_path, "a.md", b"# Title") == "cannot be read (KeyError: 'no such style')."


FACTS = {
    "a.xlsx": ("林薇", "today", ""),
    "a.pptx": ("Lin Wei", "2024-05-03", ""),
    "a.odt": ("Omar", "2024-05-03", ""),
    "a.epub": ("林薇", "2019-04-01", "zh"),
    "a.rtf": ("Lin Wei", "2024-05-03", ""),
    "a.eml": ("林薇 <lin@example.org>", "2024-05-03", ""),
    "a.md": ("Lin", "2024-05", "de"),
    "a.html": ("Omar", "2023-01-02", "ar"),
    "a.docx": ("林薇", "2024-05-03", "zh"),
    "a.pdf": ("Lin", "2024-05-03", ""),
}
OTHERS = {
    "a.md": b"---\nauthor: Lin\ndate: 2024-05\nlang: de-AT\n---\n\nEin Text.\n",
    "a.html": b'<html lang="ar-EG"><head><meta name="Author" content="Omar"><meta property="article:published_time"'
    b' content="2023-01-02T10:00:00Z"></head><p>A text.</p></html>',
}


@pytest.mark.parametrize("name", FACTS)
def test_author_date_and_language_come_from_metadata(tmp_path: Path, name: str) -> None:
    if name == "a.docx":
        made = docx.Document()
        made.add_paragraph("A text.")
        made.core_properties.author, made.core_properties.language = "林薇", "zh-CN"
        made.core_properties.modified = datetime(2024, 5, 3, 10)
        made.save(str(tmp_path / name))
    elif name == "a.pdf":
        facts = {"Author": "Lin", "ModDate": "D:20240503093000+08'00'"}
        (tmp_path / name).write_bytes(pdf_with_facts("A line of text.", **facts))
    elif name in OTHERS:
        (tmp_path / name).write_bytes(OTHERS[name])
    else:
        write(tmp_path, name)
    document = next(each.document for each in read_file(tmp_path / name, source=name) if not each.member)
    assert document
    author, date, language = FACTS[name]
    assert (document.author, document.language) == (author, language)
    today = datetime.now(UTC).date().isoformat()  # openpyxl says when it saved
    assert document.date == (today if date == "today" else date)


def test_dates_and_languages_of_metadata() -> None:
    dates = ["2024", "2024-05", "2024-05-03T10:00:00Z", "20240503", "May 2024", "2024-13", None]
    assert [building.iso_date(date) for date in dates] == [
        "2024",
        "2024-05",
        "2024-05-03",
        "",
        "",
        "2024",
        "",
    ]
    tags = ["zh-Hant-TW", "EN", "english", "", None]
    assert [building.primary_language(tag) for tag in tags] == ["zh", "en", "", "", ""]


DATELINES = [
    "2023年8月15日 星期二", "2023年8月15日（火曜日）", "青溪日报　2023年8月15日　第1203期", "2023년 8월 15일 화요일",
    "Tuesday, 15 August 2023", "Marlow, Tuesday 15th August 2023", "August 15, 2023", "Dienstag, 15. August 2023",
    "mardi 15 août 2023", "martes, 15 de agosto de 2023", "15 августа 2023 г.", "الثلاثاء 15 أغسطس 2023", "2023-08-15",
    "الثلاثاء ١٥ آب (أغسطس) ٢٠٢٣م", "मंगलवार, 15 अगस्त 2023", "15 สิงหาคม 2566", "令和5年8月15日", "2023. 8. 15.",
    "2023/8/15", "二〇二三年八月十五日", "民國112年8月15日", "青溪日报　2023年8月15日　星期二　第3版",
    "Marlow Gazette Tuesday, 15 August 2023 Page 3", "发布时间：2023-08-15 10:00",
]  # fmt: skip


CLOSE = "The council met again and spoke of the mill."


@pytest.mark.parametrize("line", DATELINES)
def test_a_date_is_found_on_a_line_of_its_own(tmp_path: Path, line: str) -> None:
    assert read(tmp_path, "a.txt", f"A headline\n\n{line}\n\n{CLOSE}\n".encode()).date == "2023-08-15"
    page = f"<h1>A headline</h1><p>{line}</p><p>{CLOSE}</p>"
    assert read(tmp_path, "a.html", page.encode()).date == "2023-08-15"
    assert read(tmp_path, "a.md", f"---\ndate: 2024-05\n---\n\n{line}\n\n{CLOSE}".encode()).date == "2024-05"
    assert read(tmp_path, "a.docx", docx_of("A headline", line, CLOSE)).date == "2023-08-15"


IN_PDF = [line for line in DATELINES if line.isascii() or line[0] in "二令民青发"]
"""Those that the fonts of the hand-made pages can show."""


@pytest.mark.parametrize("line", IN_PDF)
def test_a_printed_date_goes_before_that_of_the_last_change(tmp_path: Path, line: str) -> None:
    changed = {"ModDate": "D:20240503093000+08'00'"}
    assert read(tmp_path, "a.pdf", pdf_with_facts("A headline", line, CLOSE, **changed)).date == "2023-08-15"
    assert read(tmp_path, "b.pdf", pdf_with_facts("A headline", CLOSE, **changed)).date == "2024-05-03"
    assert read(tmp_path, "b.docx", docx_of("A headline", CLOSE)).date == "2024-05-03"
    page = f'<meta property="article:modified_time" content="2024-05-03"><p>{line}</p><p>{CLOSE}</p>'
    assert read(tmp_path, "a.html", page.encode()).date == "2023-08-15"
    page = page.replace("modified", "published")
    assert read(tmp_path, "b.html", page.encode()).date == "2024-05-03"


def test_a_letter_is_dated_at_its_end_and_a_chronicle_not_at_all(tmp_path: Path) -> None:
    letter = ["关于白茶的通知", *["各乡镇应当做好白茶的种植。"] * 12, "安吉县人民政府", "2023年8月15日"]
    assert read(tmp_path, "a.docx", docx_of(*letter)).date == "2023-08-15"
    days = "".join(f"## {day} May 1902\n\n{CLOSE}\n\n" for day in (3, 4))
    assert read(tmp_path, "a.md", f"# The harbour\n\n{days}".encode()).date == ""
    assert read(tmp_path, "a.txt", f"3 May 1902\n\n{CLOSE}\n\n4 May 1902\n\n{CLOSE}\n".encode()).date == ""


BYLINES = {
    "By Ann Lee, Staff Writer": "Ann Lee",
    "BY ANN LEE": "ANN LEE",
    "By Ann Lee, Bo Li, and Omar al Sayed": "Ann Lee, Bo Li, and Omar al Sayed",
    "Von Anna Berg": "Anna Berg",
    "Par Jean Dupont | Lyon": "Jean Dupont",
    "Автор: Иван Петров": "Иван Петров",
    "本报记者　林薇　王强　通讯员　李四": "林薇 王强",
    "记者林薇报道": "林薇",
    "作者：林薇": "林薇",
    "执笔记者 林薇": "",
    "執筆：山田太郎": "山田太郎",
    "홍길동 기자 hong@example.org": "홍길동",
    "بقلم: محمد علي": "محمد علي",
    "लेखक: राम शर्मा": "राम शर्मा",
    "By the clerk of the town": "",
    "By Train": "",
    "记者协会": "",
    "文：安吉县有居民2142户。": "",
}


@pytest.mark.parametrize(("line", "author"), BYLINES.items())
def test_an_author_is_found_on_a_line_of_its_own(tmp_path: Path, line: str, author: str) -> None:
    assert read(tmp_path, "a.txt", f"A headline\n\n{line}\n\n{CLOSE}\n".encode()).author == author
    assert read(tmp_path, "a.docx", docx_of("A headline", line, CLOSE)).author == author
    assert read(tmp_path, "b.docx", docx_of("A headline", line, CLOSE, author="Omar")).author == "Omar"
    if line.isascii() or line[0] in "本记作執文":
        assert read(tmp_path, "a.pdf", pdf_with_facts("A headline", line, CLOSE)).author == author


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("By Ann Lee Tuesday, 15 August 2023", "Ann Lee"),
        ("本报记者 林薇 2023年8月15日 星期二", "林薇"),
        ("記者 山田太郎 令和5年8月15日", "山田太郎"),
        ("بقلم: محمد علي الثلاثاء 15 أغسطس 2023", "محمد علي"),
        ("लेखक: राम शर्मा मंगलवार, 15 अगस्त 2023", "राम शर्मा"),
    ],
)
def test_byline_and_date_may_stand_on_one_line(tmp_path: Path, line: str, author: str) -> None:
    document = read(tmp_path, "a.html", f"<h1>A headline</h1><p>{line}</p><p>{CLOSE}</p>".encode())
    assert (document.author, document.date) == (author, "2023-08-15")


def test_the_reporter_of_a_first_paragraph_is_the_author_and_of_several_articles_nobody(
    tmp_path: Path,
) -> None:
    first, second = (
        "本报讯（记者 林薇）昨日，全县召开会议。",
        "新华社北京8月15日电（记者王强）今日，运河开通。",
    )
    assert read(tmp_path, "a.docx", docx_of("全县开会", first)).author == "林薇"
    assert read(tmp_path, "a.pdf", pdf_with_facts("全县开会", first)).author == "林薇"
    assert read(tmp_path, "b.docx", docx_of("全县开会", first, second)).author == ""
    assert read(tmp_path, "a.txt", b"By Popular Demand\n\nA text of words.").author == ""


@pytest.mark.parametrize(
    "line",
    [
        "The mill burnt down on 15 August 2023.",
        "Before 15 August 2023",
        "全县2023年8月15日共有居民2142户。",
        "Tuesday, 45 August 2023",
        "2023",
        "2023-8/15",
        "二〇二三年十三月十五日",
        "1.2.2023",
    ],
)
def test_a_date_that_a_text_speaks_of_is_not_its_own(tmp_path: Path, line: str) -> None:
    assert read(tmp_path, "a.txt", f"{line}\n\nThe council met again.\n".encode()).date == ""


def test_byline_and_date_of_a_plain_text_are_no_part_of_its_title(tmp_path: Path) -> None:
    lines = "Council approves a road\nBy Ann Lee\nTuesday, 15 August 2023\n"
    document = read(tmp_path, "a.txt", f"{lines}\n{CLOSE}\n".encode())
    assert blocks(document) == [
        ("heading", "Council approves a road"),
        ("paragraph", "By Ann Lee"),
        ("paragraph", "Tuesday, 15 August 2023"),
        ("paragraph", CLOSE),
    ]
    assert (document.title, document.author, document.date) == (
        "Council approves a road",
        "Ann Lee",
        "2023-08-15",
    )
    diary = f"Tuesday, 3 May 1902\n\n{CLOSE}\n\nWednesday, 4 May 1902\n\n{CLOSE}\n"
    assert [kind for kind, _ in blocks(read(tmp_path, "b.txt", diary.encode()))] == [
        "heading",
        "paragraph",
        "heading",
        "paragraph",
    ]


def test_a_mail_has_the_date_that_it_shows(tmp_path: Path) -> None:
    mail = b"From: a@b.c\nDate: Tue, 15 Aug 2023 06:30:00 +0800\n\nA text."
    assert read(tmp_path, "a.eml", mail).date == "2023-08-15"  # in London it is the day before


def test_what_is_under_a_mail_is_no_heading(tmp_path: Path) -> None:
    mail = f"From: a@b.c\nSubject: Road\n\n{CLOSE}\n\n-- \nAnn Lee\nTel. 12 34\n\nOn Monday, X wrote:\n> {CLOSE}\n"
    document = read(tmp_path, "a.eml", mail.encode())
    assert [text for kind, text in blocks(document) if kind == "heading"] == ["Road"]
