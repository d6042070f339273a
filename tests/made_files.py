"""Documents made by the libraries that people's programs are like, in Chinese, Arabic and English."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import openpyxl
import pptx
from ebooklib import epub
from odf import dc, style, table, text
from odf.opendocument import OpenDocumentText

TABLE = 'County,Population,Growth\nAnji,"590,000",7.6%\nهانغتشو,12000000,5%\n安吉县,590000,7.6%\n'
RTF = (
    r"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fcharset134 SimSun;}{\f1\fcharset0 Arial;}}"
    r"{\info{\title Harbour}{\author Lin Wei}{\creatim\yr2024\mo5\dy3}}"
    r"\f1 The harbour was opened in 1902.\par\par "
    r"\f0\'b0\'b2\'bc\'aa\'cf\'d8\'d3\'d0\'be\'d3\'c3\'f12142\'bb\'a7\'a1\'a3"
    r"\par\par\f1 \uc1\u1575?\u1604?\u1602?\u1575?\u1607?\u1585?\u1577? \u-10179?\u-8704?\par}"
)


def xlsx() -> bytes:
    """Two visible sheets (a title line, percents, dates), one hidden."""
    book = openpyxl.Workbook()
    book.properties.title, book.properties.creator = "统计年鉴", "林薇"
    sheet = book.active
    sheet.title = "人口"
    for row in (
        ["2024年统计表"],
        ["县", "人口", "增长"],
        ["安吉县", 590000, 0.076],
        ["德清县", 541000.5, 0.05],
    ):
        sheet.append(row)
    for row in (3, 4):
        sheet.cell(row, 2).number_format = "#,##0"
        sheet.cell(row, 3).number_format = "0.0%"
    second = book.create_sheet("تواريخ")
    second.append(["الحدث", "السنة"])
    second.append(["افتتاح القناة", "1869"])
    book.create_sheet("secret").append(["hidden", "words"])
    book["secret"].sheet_state = "hidden"
    return saved(book)


def pptx_file() -> bytes:
    show = pptx.Presentation()
    show.core_properties.author = "Lin Wei"
    show.core_properties.modified = datetime(2024, 5, 3, 10)
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "苏伊士运河"
    first.placeholders[1].text = "全长约193公里。\nOpened in 1869."
    first.notes_slide.notes_text_frame.text = "Mention the widening of 2015."
    second = show.slides.add_slide(show.slide_layouts[6])
    cells = second.shapes.add_table(2, 2, 0, 0, 10**6, 10**6).table
    for at, words in enumerate(("القناة", "الطول", "السويس", "193 كم")):
        cells.cell(at // 2, at % 2).text = words
    third = show.slides.add_slide(show.slide_layouts[5])
    third.shapes.title.text = "Not shown"
    third._element.set("show", "0")
    return saved(show)


def odt() -> bytes:
    made = OpenDocumentText()
    made.meta.addElement(dc.Creator(text="Omar"))
    made.meta.addElement(dc.Date(text="2024-05-03T10:00:00"))
    made.text.addElement(text.P(stylename="Title", text="县志"))
    made.text.addElement(text.H(outlinelevel=1, text="经济"))
    paragraph = text.P(text="The county has")
    paragraph.addElement(text.S(c=2))
    paragraph.addText("2142 households.")
    note = text.Note(noteclass="footnote", id="n1")
    body = text.NoteBody()
    body.addElement(text.P(text="As of 2024."))
    note.addElement(text.NoteCitation(text="1"))
    note.addElement(body)
    paragraph.addElement(note)
    made.text.addElement(paragraph)
    items = text.List()
    for words in ("شاي أبيض", "خيزران"):
        item = text.ListItem()
        item.addElement(text.P(text=words))
        items.addElement(item)
    made.text.addElement(items)
    rows = table.Table(name="t")
    rows.addElement(table.TableColumn(numbercolumnsrepeated=2))
    for cells in (("Tea", "3.5"), ("Bamboo", "1.2")):
        row = table.TableRow()
        for words in cells:
            cell = table.TableCell()
            cell.addElement(text.P(text=words))
            row.addElement(cell)
        rows.addElement(row)
    made.text.addElement(rows)
    made.styles.addElement(style.Style(name="Title", family="paragraph"))
    return saved(made)


def epub_file() -> bytes:
    book = epub.EpubBook()
    book.set_title("运河史")
    book.set_language("zh-Hans")
    book.add_author("林薇")
    book.add_metadata("DC", "date", "2019-04-01")
    chapters = []
    for at, (name, page) in enumerate(
        (
            (
                "第一章",
                "<h1>第一章 苏伊士</h1><p>苏伊士运河全长约193公里。</p><h2>开通</h2><p>1869年通航。</p>",
            ),
            ("第二章", "<p>巴拿马运河于1914年通航。</p>"),
            ("ثالثا", "<h1>قناة كورنث</h1><p>افتتحت قناة كورنث سنة 1893.</p>"),
        )
    ):
        chapter = epub.EpubHtml(title=name, file_name=f"c{at}.xhtml", lang="zh")
        chapter.content = f"<html><body>{page}</body></html>"
        book.add_item(chapter)
        chapters.append(chapter)
    book.toc = tuple(chapters)
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    book.spine = ["nav", *chapters]
    stream = io.BytesIO()
    epub.write_epub(stream, book)
    return stream.getvalue()


def eml(attachment: bytes = b"The pier is 90 metres long.") -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "码头的开放 – opening of the pier"
    mail["From"] = "林薇 <lin@example.org>"
    mail["To"] = "omar@example.org"
    mail["Date"] = "Fri, 03 May 2024 09:30:00 +0800"
    mail.set_content("亲爱的奥马尔：\n\n码头将于2024年6月1日开放。\n\nLin\n")
    mail.add_alternative("<p>码头将于2024年6月1日开放。</p>", subtype="html")
    mail.add_attachment(attachment, maintype="text", subtype="plain", filename="码头.txt")
    mail.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="map.png")
    return bytes(mail)


def zip_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def saved(made: object) -> bytes:
    stream = io.BytesIO()
    made.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


FILES = {
    "a.csv": TABLE.encode(),
    "a.xlsx": xlsx,
    "a.pptx": pptx_file,
    "a.odt": odt,
    "a.epub": epub_file,
    "a.rtf": RTF.encode(),
    "a.json": '[{"title": "运河", "text": "苏伊士运河全长约193公里。", "id": 7}]'.encode(),
    "a.jsonl": '{"title": "One", "text": "First text."}\n{"text": "نص ثان."}\n'.encode(),
    "a.eml": eml,
    "a.zip": lambda: zip_of({"one.txt": b"The first file.", "sub/two.csv": TABLE.encode()}),
}
"""A small sound file of each format, its bytes or what makes them."""


def made(name: str) -> bytes:
    data = FILES[name]
    return data if isinstance(data, bytes) else data()


def write(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(made(name))
    return path
