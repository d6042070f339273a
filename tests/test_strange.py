"""Strange files as people have them: what is in them is read or told, in a sentence and without a fault."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from openpyxl.comments import Comment
from pypdf import PdfReader, PdfWriter

from qa.errors import ReadError
from qa.readers import read_document, read_file
from qa.types import Document
from tests.made_files import zip_of
from tests.made_pdf import NOTES, pdf_of

LINE = b"BT /L 12 Tf 72 700 Td (There is a line of text on this page.) Tj ET"


def read(folder: Path, name: str, data: bytes) -> Document:
    (folder / name).write_bytes(data)
    return read_document(folder / name)


def with_parts(data: bytes, parts: dict[str, bytes]) -> bytes:
    """Return a package with more parts, or others in the place of those it has."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return zip_of({name: package.read(name) for name in package.namelist()} | parts)


def a_docx(*lines: str) -> bytes:
    made = docx.Document()
    for line in lines:
        made.add_paragraph(line)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


# --- text ------------------------------------------------------------------------------------------------


def test_halves_of_characters_and_control_characters_are_shown_as_such(tmp_path: Path) -> None:
    """They come by way of escapes; one such record ended the whole indexing."""
    record = {"title": "The \ud800 mill", "author": "An\udfffn", "text": "It was\u0000 sold \udc00 in 1912."}
    document = read(tmp_path, "a.json", json.dumps([record | {"x\ud800": 1}]).encode())
    assert document.text == "The \ufffd mill\n\nIt was  sold \ufffd in 1912."
    assert (document.title, document.author) == ("The \ufffd mill", "An\ufffdn")
    assert "x\ufffd" in document.warnings[0]
    assert document.blocks[1].headings == ("The \ufffd mill",)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xfe\0\0"])
@pytest.mark.parametrize("extension", ["txt", "csv", "json", "jsonl", "html", "eml"])
def test_a_file_that_is_a_byte_order_mark_is_empty(tmp_path: Path, extension: str, mark: bytes) -> None:
    with pytest.raises(ReadError, match="is empty"):
        read(tmp_path, f"a.{extension}", mark)


def test_byte_order_marks_where_files_were_put_together_are_no_text(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    assert read(tmp_path, "a.txt", mark * 2 + b"A text.\n" + mark + b"More.").text == "A text.\nMore."
    table = mark + b"name,year\nmill,1912\n" + mark + b"pier,1913\n"
    assert read(tmp_path, "a.csv", table).text == "name: mill | year: 1912\nname: pier | year: 1913"


def test_json_lines_by_the_name_of_json_are_read(tmp_path: Path) -> None:
    lines = b'{"text": "The first."}\n{"text": "The second."}\n{broken\n'
    document = read(tmp_path, "a.json", lines)
    assert document.text == "The first.\n\nThe second."
    assert document.warnings == ("1 of its lines are no JSON and were left out: 3.",)
    with pytest.raises(ReadError, match="is no JSON"):
        read(tmp_path, "b.json", b'[{"text": "The first."}\n, {"text": ')


# --- packages --------------------------------------------------------------------------------------------


def test_an_entry_by_another_spelling_of_a_name_is_told(tmp_path: Path) -> None:
    names = ("a/b.txt", "a/./b.txt", "a\\b.txt", "./c.txt", ".hidden/d.txt")
    (tmp_path / "a.zip").write_bytes(zip_of({name: f"The text of {name}.".encode() for name in names}))
    found = [
        (each.member, each.problem or (each.document and each.document.text))
        for each in read_file(tmp_path / "a.zip", source="a.zip")
    ]
    twice = "is in the archive twice; the first one was read."
    assert found == [
        ("a/b.txt", "The text of a/b.txt."),
        ("a/b.txt", twice),
        ("a/b.txt", twice),
        ("c.txt", "The text of ./c.txt."),
    ]


def test_a_book_without_an_order_is_read_as_it_lists_its_chapters(tmp_path: Path) -> None:
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in "ba"
    )
    parts = {
        "META-INF/container.xml": b'<container><rootfiles><rootfile full-path="o.opf"/></rootfiles></container>',
        "o.opf": f"<package><manifest>{items}</manifest></package>".encode(),
        **{
            f"{name}.xhtml": f"<html><body><p>The chapter {name}.</p></body></html>".encode() for name in "ab"
        },
    }
    document = read(tmp_path, "a.epub", zip_of(parts))
    assert document.text == "The chapter b.\n\nThe chapter a."
    assert document.warnings[0].startswith("the order of its chapters is missing")


def test_what_word_shows_beside_the_text_is_read_or_told(tmp_path: Path) -> None:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

    def part(root: str, *lines: str) -> bytes:
        inner = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines)
        return f"<w:{root} {space}>{inner}</w:{root}>".encode()

    comment = f'<w:comments {space}><w:comment w:id="0"/><w:comment w:id="1"/></w:comments>'
    parts = {
        "word/header1.xml": part("hdr", "The Board of the Mill", "Page 3 of 7"),
        "word/header2.xml": part("hdr", "The Board of the Mill", "- 4 -"),
        "word/footer1.xml": part("ftr", "Elm, 12 Mill Lane"),
        "word/comments.xml": comment.encode(),
        "word/embeddings/sheet.xlsx": b"PK",
        "word/embeddings/figures.xlsx": b"PK",
        "word/charts/_rels/chart1.xml.rels": b'<r Target="../embeddings/figures.xlsx"/>',
    }
    document = read(tmp_path, "a.docx", with_parts(a_docx("The letter."), parts))
    assert document.text == "The letter.\n\nElm, 12 Mill Lane\n\nThe Board of the Mill"
    assert document.warnings == (
        "2 comments were left out.",
        "1 file inside it was not read; save by itself what you need.",
    )
    damaged = with_parts(a_docx("The letter."), {"word/comments.xml": b"<cut"})
    assert read(tmp_path, "b.docx", damaged).text == "The letter."


def test_comments_of_a_workbook_are_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Town", "People"])
    book.active.append(["Elm", 30])
    book.active["B2"].comment = Comment("Is this right?", "Ann")
    stream = io.BytesIO()
    book.save(stream)
    document = read(tmp_path, "a.xlsx", stream.getvalue())
    assert document.text.endswith("Town: Elm | People: 30")
    assert document.warnings == ("1 comment was left out.",)


# --- pdf -------------------------------------------------------------------------------------------------


def test_what_is_filled_into_a_form_is_read_in_its_place_and_comments_are_told(tmp_path: Path) -> None:
    lines = b"BT /L 12 Tf 72 700 Td (The owner of the mill:) Tj 0 -160 Td (Given to the board.) Tj ET"
    (tmp_path / "a.pdf").write_bytes(pdf_of(lines, b"", notes=NOTES))
    document = read_document(tmp_path / "a.pdf")
    assert [block.span.of(document.text) for block in document.blocks if block.page == 1] == [
        "The owner of the mill:",
        "Ann Lee of Ashford",
        "提供",
        "Given to the board.",
    ]
    assert document.warnings == ("2 comments on pages 1–2 were left out.",)


def test_text_that_stands_on_its_head_is_read(tmp_path: Path) -> None:
    """As a page is that was turned by half, and drawn so that it shows upright, or was not."""
    lines = (
        b"BT /L 12 Tf -1 0 0 -1 500 300 Tm (The first line of the page) Tj 0 -14 Td (and the second.) Tj ET"
    )
    (tmp_path / "a.pdf").write_bytes(pdf_of(lines))
    assert read_document(tmp_path / "a.pdf").text == "The first line of the page and the second."
    turned = pdf_of(lines).replace(b"/MediaBox [0 0 595 842]", b"/MediaBox[0 0 595 842]/Rotate 180")
    (tmp_path / "b.pdf").write_bytes(turned)
    assert read_document(tmp_path / "b.pdf").text == "The first line of the page and the second."


def test_files_that_are_attached_to_a_pdf_are_told(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_of(LINE))))
    writer.add_attachment("figures.csv", b"town,people")
    stream = io.BytesIO()
    writer.write(stream)
    document = read(tmp_path, "a.pdf", stream.getvalue())
    assert document.warnings == (
        "1 file is attached and not read: figures.csv; save by itself what you need.",
    )


def test_an_author_in_the_old_encoding_of_pdf_is_read(tmp_path: Path) -> None:
    data = pdf_of(LINE, title="x" * 20).replace(
        b"/Title (" + b"x" * 20 + b")", b"/Author (Ren\xe9 Dub\xf4is) ".ljust(29)
    )
    assert read(tmp_path, "a.pdf", data).author == "René Dubôis"
