"""Files of every format with the same paragraphs, made by the libraries that write them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
from ebooklib import epub
from odf import text as odf_text
from odf.opendocument import OpenDocumentText
from pypdf import PdfWriter

from qa.readers import find_files, read_document

Paragraphs = Sequence[str]
CORPUS = Path("corpus")


def paragraphs(count: int) -> list[str]:
    """Return paragraphs of the sample corpus in turn, in all its languages."""
    documents = [
        read_document(path) for path in find_files(CORPUS).paths if path.suffix in (".txt", ".md", ".html")
    ]
    found = [
        " ".join(block.span.of(document.text).split())
        for document in documents
        for block in document.blocks
        if block.kind == "paragraph"
    ]
    return [found[at % len(found)] for at in range(count)]


def _docx(texts: Paragraphs) -> bytes:
    made = docx.Document()
    for text in texts:
        made.add_paragraph(text)
    return _saved(made)


def _pdf(texts: Paragraphs) -> bytes:
    """Return the pages of the sample corpus, over and over: a PDF with fonts of many scripts is not made in a line."""
    writer = PdfWriter()
    for _ in range(max(1, len(texts) // 400)):
        for path in sorted(CORPUS.rglob("*.pdf"))[: len(texts)]:
            writer.append(path)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def _csv(texts: Paragraphs) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows([("Number", "Text"), *enumerate(texts)])
    return stream.getvalue().encode()


def _xlsx(texts: Paragraphs) -> bytes:
    book = openpyxl.Workbook()
    for row in [("Number", "Text"), *enumerate(texts)]:
        book.active.append(row)
    return _saved(book)


def _pptx(texts: Paragraphs) -> bytes:
    show = pptx.Presentation()
    for number, text in enumerate(texts):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = f"Slide {number}", text
    return _saved(show)


def _odt(texts: Paragraphs) -> bytes:
    made = OpenDocumentText()
    for text in texts:
        made.text.addElement(odf_text.P(text=text))
    return _saved(made)


def _epub(texts: Paragraphs) -> bytes:
    book = epub.EpubBook()
    book.set_title("Book")
    for at in range(0, len(texts), 50):
        chapter = epub.EpubHtml(title=f"Chapter {at}", file_name=f"{at}.xhtml")
        chapter.content = _html(texts[at : at + 50]).decode()
        book.add_item(chapter)
        book.spine.append(chapter)
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    stream = io.BytesIO()
    epub.write_epub(stream, book)
    return stream.getvalue()


def _html(texts: Paragraphs) -> bytes:
    return f"<html><body>{''.join(f'<p>{escape(text)}</p>' for text in texts)}</body></html>".encode()


def _rtf(texts: Paragraphs) -> bytes:
    def written(char: str) -> str:
        halves = char.encode("utf-16-le")
        codes = [
            int.from_bytes(halves[at : at + 2], "little", signed=True) for at in range(0, len(halves), 2)
        ]
        return char if char.isascii() else "".join(f"\\u{code}?" for code in codes)

    body = "\\par\\par\n".join("".join(map(written, text)) for text in texts)
    return f"{{\\rtf1\\ansi {body}}}".encode()


def _eml(texts: Paragraphs) -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "All of it", "a@example.org"
    mail.set_content("\n\n".join(texts))
    return bytes(mail)


def _zip(texts: Paragraphs) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for at in range(0, len(texts), 10):
            archive.writestr(f"{at}.txt", "\n\n".join(texts[at : at + 10]))
    return stream.getvalue()


def _saved(made: Any) -> bytes:
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


MADE: dict[str, Callable[[Paragraphs], bytes]] = {
    "txt": lambda texts: "\n\n".join(texts).encode(),
    "md": lambda texts: "\n\n".join(texts).encode(),
    "html": _html,
    "docx": _docx,
    "pdf": _pdf,
    "csv": _csv,
    "xlsx": _xlsx,
    "pptx": _pptx,
    "odt": _odt,
    "epub": _epub,
    "rtf": _rtf,
    "json": lambda texts: json.dumps([{"text": text} for text in texts]).encode(),
    "eml": _eml,
    "zip": _zip,
}
