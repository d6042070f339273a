"""Measures how fast files are read: by format beside the bare library of that format, and a folder of mixed files.

format    processor time of reading one file into a document, against the library's own text of the same bytes
folder    small files of all formats, read in this process and by the processes that indexing uses

    python -m benchmarks.reading.run [--paragraphs 1000] [--files 2000] [--out FILE]
"""

from __future__ import annotations

import argparse
import csv
import email
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from email import policy
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
from ebooklib import ITEM_DOCUMENT, epub
from markdown_it import MarkdownIt
from odf import teletype
from odf.opendocument import load as load_odf
from pdfminer.high_level import extract_text
from selectolax.lexbor import LexborHTMLParser
from striprtf.striprtf import rtf_to_text

from benchmarks.reading.make import MADE, paragraphs
from qa.readers import read_file
from qa.readers.processes import Readers

TIMES = 3


def _rows(data: bytes) -> list[Any]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    return [row for sheet in book for row in sheet.iter_rows(values_only=True)]


def _slides(data: bytes) -> list[str]:
    slides = pptx.Presentation(io.BytesIO(data)).slides
    return [shape.text_frame.text for slide in slides for shape in slide.shapes if shape.has_text_frame]


def _body(data: bytes) -> object:
    body = email.message_from_bytes(data, policy=policy.default).get_body()
    return body and body.get_content()


def _chapters(data: bytes) -> list[str]:
    with tempfile.NamedTemporaryFile(suffix=".epub") as file:
        file.write(data)
        file.flush()
        items = epub.read_epub(file.name).get_items_of_type(ITEM_DOCUMENT)
        return [LexborHTMLParser(item.get_content()).text() for item in items]


def _entries(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name).decode() for name in archive.namelist()]


BARE: dict[str, Callable[[bytes], object]] = {
    "txt": lambda data: data.decode(),
    "md": lambda data: MarkdownIt("commonmark").parse(data.decode()),
    "html": lambda data: LexborHTMLParser(data).text(),
    "docx": lambda data: [paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs],
    "pdf": lambda data: extract_text(io.BytesIO(data)),
    "csv": lambda data: list(csv.reader(io.StringIO(data.decode()))),
    "xlsx": _rows,
    "pptx": _slides,
    "odt": lambda data: teletype.extractText(load_odf(io.BytesIO(data)).text),
    "epub": _chapters,
    "rtf": lambda data: rtf_to_text(data.decode()),
    "json": json.loads,
    "eml": _body,
    "zip": _entries,
}


def seconds(work: Callable[[], object]) -> float:
    """Return the least processor time of a few runs."""
    spent = []
    for _ in range(TIMES):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def measure_formats(folder: Path, count: int) -> list[dict[str, Any]]:
    texts = paragraphs(count)
    lines = []
    for kind, make in MADE.items():
        data = make(texts)
        path = folder / f"a.{kind}"
        path.write_bytes(data)
        documents = [each.document for each in read_file(path, source=path.name) if each.document]
        line: dict[str, Any] = {
            "format": kind,
            "megabytes": len(data) / 1e6,
            "characters": sum(len(document.text) for document in documents),
            "seconds": seconds(lambda path=path: list(read_file(path, source=path.name))),  # type: ignore[misc]
            "bare_seconds": seconds(lambda kind=kind, data=data: BARE[kind](data)),  # type: ignore[misc]
        }
        lines.append(line)
        print(
            f"{kind:5} {line['megabytes']:6.2f} MB {line['characters']:9,} characters  {line['seconds']:7.3f} s"
            f"  bare library {line['bare_seconds']:7.3f} s  {line['characters'] / line['seconds'] / 1e6:6.2f} M/s",
            flush=True,
        )
    return lines


def measure_folder(folder: Path, count: int) -> dict[str, float]:
    texts = paragraphs(count)
    kinds = list(MADE)
    paths = []
    for at in range(count):
        kind = kinds[at % len(kinds)]
        paths.append(folder / f"{at}.{kind}")
        paths[-1].write_bytes(MADE[kind](texts[at : at + 1]))
    began = time.perf_counter()
    for path in paths:
        list(read_file(path, source=path.name))
    here = time.perf_counter() - began
    with Readers() as readers:
        readers.read(paths[0], source="a").result()  # they are started
        began = time.perf_counter()
        for reading in [readers.read(path, source=path.name) for path in paths]:
            reading.result()
        apart = time.perf_counter() - began
    print(f"{count:,} files: {here:.1f} s in this process, {apart:.1f} s in two others", flush=True)
    return {"files": count, "seconds_here": here, "seconds_apart": apart}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--paragraphs", type=int, default=1_000)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        formats = measure_formats(Path(folder), options.paragraphs)
        mixed = measure_folder(Path(folder), options.files)
    if options.out:
        options.out.write_text(json.dumps({"formats": formats, "folder": mixed}, indent=1) + "\n")


if __name__ == "__main__":
    main()
