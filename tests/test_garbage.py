"""What is no document: every such file gets one clear sentence, and none brings the reader down."""

from __future__ import annotations

import random
import struct
import time
import zipfile
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader, PdfWriter

from qa.errors import ReadError
from qa.readers import find_files, lines, package, read_document
from qa.types import Document
from tests.made_pdf import SCAN, make_pdf, pdf_of

LINE = b"BT /L 12 Tf 72 700 Td (There is a line of text on this page.) Tj ET"


def refused(path: Path, data: bytes) -> str:
    """Return why the bytes are refused under this name."""
    path.write_bytes(data)
    with pytest.raises(ReadError) as error:
        read_document(path)
    assert str(error.value).startswith(f"{path}: ")
    assert error.value.reason.endswith(".")
    return error.value.reason


def read(path: Path, data: bytes) -> Document:
    path.write_bytes(data)
    return read_document(path)


# --- text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.docx", "a.pdf"])
@pytest.mark.parametrize("data", [b"", b" \n\t\r\n "])
def test_an_empty_file_is_named_so(tmp_path: Path, name: str, data: bytes) -> None:
    assert refused(tmp_path / name, data) == "is empty."


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG image"),
        (b"PK\x03\x04" + bytes(100), "ZIP archive"),
        (b"%PDF-1.7\n" + bytes(100), "PDF file"),
        (b"\x7fELF\x02\x01\x01" + bytes(500), "program"),
        (random.Random(1).randbytes(5000), "binary data"),
        (struct.pack("<500I", *range(500)), "binary data"),
        (struct.pack("<500d", *(number / 7 for number in range(500))), "binary data"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_binary_files_named_as_text_are_refused(tmp_path: Path, name: str, data: bytes, what: str) -> None:
    assert what in refused(tmp_path / name, data)


@pytest.mark.parametrize("seed", range(20))
def test_no_random_bytes_pass_as_text(tmp_path: Path, seed: int) -> None:
    refused(tmp_path / "a.txt", random.Random(seed).randbytes(300 + 100 * seed))


def test_a_few_nulls_and_control_characters_are_replaced_and_told(tmp_path: Path) -> None:
    line = b"A line of the log file with all the words that are in it.\n"
    document = read(tmp_path / "a.txt", line * 4 + b"nul\0 and\x1b[31m red\n")
    assert document.text.endswith("nul  and [31m red\n")
    assert document.warnings == ("2 control characters were replaced by spaces.",)


def test_a_page_without_words_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "a.html", b"<html><script>run()</script></html>") == "holds no text."
    assert refused(tmp_path / "a.txt", b"----\n\n====\n") == "holds no text."


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
@pytest.mark.parametrize("unit", ["words without any line break. ", "没有换行的汉字文本。"])
def test_a_line_of_50_megabytes_is_read_in_seconds(tmp_path: Path, name: str, unit: str) -> None:
    data = unit.encode("gb18030") * (50_000_000 // len(unit.encode("gb18030")))
    start = time.perf_counter()
    document = read(tmp_path / name, data)
    assert time.perf_counter() - start < 15
    assert document.text.startswith(unit)
    assert len(document.blocks) == 1


def test_many_lines_without_a_blank_one_take_linear_time(tmp_path: Path) -> None:
    start = time.perf_counter()
    document = read(
        tmp_path / "a.txt", b"a line that goes on,\n" * 40_000 + b"a line\n\nthat goes on,\n\n" * 3_000
    )
    assert time.perf_counter() - start < 15
    assert len(document.blocks) >= 2


def test_short_paragraphs_of_chinese_take_a_megabyte_in_seconds(tmp_path: Path) -> None:
    line = "“今年上半年，全县地区生产总值增长？”他问道。\n\n“是的。”她说。\n\n"
    start = time.process_time()
    document = read(tmp_path / "a.txt", line.encode() * 11_000)
    assert time.process_time() - start < 5  # it was 3 before most lines were told by their last character
    assert len(document.blocks) == 22_000


def test_files_over_the_limit_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(201_000_000)
    with pytest.raises(ReadError, match="is 201 MB long; 200 MB can be read"):
        read_document(path)


def test_what_is_not_there_or_of_no_readable_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"cannot be opened \(No such file or directory\)"):
        read_document(tmp_path / "none.txt")
    (tmp_path / "a.xyz").write_text("x")
    with pytest.raises(ReadError, match=r"'\.xyz' files cannot be read; readable are \.csv \.docm"):
        read_document(tmp_path / "a.xyz")


def test_one_bad_file_leaves_the_others_readable(tmp_path: Path) -> None:
    (tmp_path / "新 闻 😀.txt").write_text("安吉县的白茶很有名。")
    (tmp_path / "bad.txt").write_bytes(bytes(100))
    (tmp_path / "loop").symlink_to(tmp_path)
    read_names, bad_names = [], []
    for path in find_files(tmp_path).paths:
        try:
            read_names.append(read_document(path).source)
        except ReadError as error:
            bad_names.append(Path(error.path).name)
    assert (read_names, bad_names) == (["新 闻 😀.txt"], ["bad.txt"])


# --- docx ------------------------------------------------------------------------------------------------


def a_docx(tmp_path: Path) -> bytes:
    made = docx.Document()
    made.add_paragraph("A paragraph. " * 200)
    path = tmp_path / "made.docx"
    made.save(str(path))
    return path.read_bytes()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_docx_is_cut_off(tmp_path: Path, share: float) -> None:
    whole = a_docx(tmp_path)
    assert "is cut off or damaged" in refused(tmp_path / "a.docx", whole[: int(share * len(whole))])


def test_what_is_no_docx_is_told(tmp_path: Path) -> None:
    assert "no Word document" in refused(tmp_path / "a.docx", b"just text, really")
    assert "password" in refused(tmp_path / "a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with zipfile.ZipFile(tmp_path / "b.docx", "w") as package:
        package.writestr("readme.txt", "no document")
    assert "no Word document" in refused(tmp_path / "c.docx", (tmp_path / "b.docx").read_bytes())


def with_body(tmp_path: Path, xml: bytes) -> bytes:
    path = tmp_path / "crafted.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", xml)
    return path.read_bytes()


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_PART_MB", 1)
    bomb = with_body(tmp_path, b"<document>" + b" " * 3_000_000)
    assert "unpacks to 3 MB" in refused(tmp_path / "a.docx", bomb)


def test_xml_entities_are_not_expanded(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    xml = (
        f'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "{tmp_path}/secret.txt">]>'
        '<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Shown &b;&f;</w:t></w:r></w:p></w:body></w:document>'
    )
    assert read(tmp_path / "a.docx", with_body(tmp_path, xml.encode())).text == "Shown"


def test_broken_xml_is_damage(tmp_path: Path) -> None:
    assert "is damaged (word/document.xml" in refused(tmp_path / "a.docx", with_body(tmp_path, b"<a><b></a>"))


# --- pdf -------------------------------------------------------------------------------------------------


def test_a_pdf_with_a_password_is_refused_and_one_without_is_read(tmp_path: Path) -> None:
    (tmp_path / "plain.pdf").write_bytes(pdf_of(LINE))
    for password, name in (("secret", "locked.pdf"), ("", "open.pdf")):
        writer = PdfWriter(clone_from=PdfReader(tmp_path / "plain.pdf"))
        writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
        writer.write(tmp_path / name)
    assert "is encrypted; save it without a password" in refused(
        tmp_path / "locked.pdf", (tmp_path / "locked.pdf").read_bytes()
    )
    assert read_document(tmp_path / "open.pdf").text == "There is a line of text on this page."


def test_a_scan_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no tesseract
    assert "has no text on any of its 1 pages; it is a scan: run OCR first" in refused(
        tmp_path / "a.pdf", pdf_of(SCAN)
    )
    mixed = read(tmp_path / "b.pdf", pdf_of(LINE, LINE, SCAN))
    assert mixed.warnings[0].startswith("page 3 has no text; it is a scan: run OCR first")
    many = read(tmp_path / "c.pdf", pdf_of(SCAN, LINE, SCAN, SCAN, SCAN))
    assert many.warnings[0].startswith("pages 1, 3–5 have no text; they are scans: run OCR first")
    assert read(tmp_path / "d.pdf", pdf_of(LINE, b"")).warnings == ()


def test_pdfs_without_pages_or_with_too_many_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "a.pdf", pdf_of()) == "has no pages."
    assert "has 20,001 pages; 20,000 can be read" in refused(tmp_path / "b.pdf", pdf_of(LINE, count=20_001))


def test_what_is_no_pdf_is_told(tmp_path: Path) -> None:
    assert "is no PDF file" in refused(tmp_path / "a.pdf", b"<html>not found</html>")


def test_a_pdf_with_lost_pages_is_told(tmp_path: Path) -> None:
    whole = pdf_of(LINE, LINE)
    assert read(tmp_path / "a.pdf", whole).warnings == ()
    assert (
        "the end of the file is missing"
        in read(tmp_path / "b.pdf", whole.removesuffix(b"%%EOF\n")).warnings[0]
    )
    assert (
        "3 pages are announced, 2 were found"
        in read(tmp_path / "c.pdf", pdf_of(LINE, LINE, count=3)).warnings[0]
    )


def test_a_reference_that_leads_back_to_itself_is_to_nothing(tmp_path: Path) -> None:
    facts = b"<< /Title () >>"  # of the last object, which is the ninth
    looped = pdf_of(LINE).replace(facts, b"9 0 R".ljust(len(facts)))
    assert looped.count(b"9 0 R") == 2
    assert read(tmp_path / "a.pdf", looped).text == "There is a line of text on this page."


def outcome(path: Path, data: bytes) -> str:
    """Return the text that could be read, or the reason why none could."""
    path.write_bytes(data)
    try:
        return read_document(path).text
    except ReadError as error:
        return error.reason


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.8, 0.97])
def test_a_truncated_pdf_is_read_or_refused_in_a_sentence(tmp_path: Path, share: float) -> None:
    data = pdf_of(LINE, LINE)
    found = outcome(tmp_path / "a.pdf", data[: int(share * len(data))])
    assert "line of text" in found or "fetch or save it again." in found or found == "has no pages."


@pytest.mark.parametrize("seed", range(25))
def test_a_damaged_pdf_never_brings_the_reader_down(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(pdf_of(LINE, LINE, SCAN))
    for _ in range(30):
        data[chance.randrange(9, len(data))] = chance.randrange(256)
    assert outcome(tmp_path / "a.pdf", bytes(data))


def test_words_far_apart_are_not_measured_inch_by_inch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # found by fuzzing: the strips of the gap were looked at one by one, for minutes
    monkeypatch.setattr(lines, "_WINDOW", None)
    found = read(tmp_path / "a.pdf", make_pdf([[(-99_999, 700, 11, "far"), (72, 700, 11, "near")]]))
    assert found.text.split() == ["far", "near"]
