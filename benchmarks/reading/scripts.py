"""Whether the words of Hindi and Thai come out of a PDF as they went in, beside other readers.

    python -m benchmarks.reading.scripts [--font hi=Lohit-Devanagari.ttf] [--readers qa pypdf] [--unsaid]

Chromium prints the paragraphs of a sample document; a font may be given as a file, or the system must have one. A word
is right if it stands in the text read, with the words beside it in the same order (the longest common sequence).
With ``--unsaid`` the file does not say which text its glyphs stand for (``ActualText``).
"""

from __future__ import annotations

import argparse
import base64
import io
import subprocess
from collections.abc import Mapping
from difflib import SequenceMatcher
from html import escape
from importlib.util import find_spec
from pathlib import Path

from benchmarks.reading.order import OTHERS, missing, read_pdf
from benchmarks.reading.pages import Browser
from qa.readers import read_document

DOCUMENTS = {"hi": Path("corpus/hi/bharat-ki-chai.md"), "th": Path("corpus/th/rotfai-thai.txt")}
PACKAGES = {"hi": "fonts-lohit-deva", "th": "fonts-tlwg-loma-ttf"}


def paragraphs(path: Path) -> list[str]:
    document = read_document(path)
    return [
        " ".join(block.span.of(document.text).split())
        for block in document.blocks
        if block.kind == "paragraph"
    ]


def page(language: str, texts: list[str], font: str | None) -> str:
    """Return the paragraphs as HTML, with the font inside if it is a file."""
    face = ""
    if font:
        data = base64.b64encode(Path(font).read_bytes()).decode()
        face = f"@font-face {{ font-family: given; src: url(data:font/ttf;base64,{data}) }}"
    style = f"{face} @page {{ size: A4; margin: 20mm }} body {{ font: 12pt/1.5 given, sans-serif }}"
    body = "".join(f"<p>{escape(text)}</p>" for text in texts)
    return f'<!DOCTYPE html><html lang="{language}"><meta charset="utf-8"><style>{style}</style><body>{body}</html>'


def unsaid(data: bytes) -> bytes:
    """Return a PDF in which ``ActualText`` has a name that means nothing."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import DecodedStreamObject, NameObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    for page in writer.pages:
        contents = page.get_contents()
        stream = DecodedStreamObject()
        stream.set_data(
            (b"" if contents is None else contents.get_data()).replace(b"/ActualText", b"/UnsaidText")
        )
        page[NameObject("/Contents")] = writer._add_object(stream)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def has_font(language: str) -> bool:
    found = subprocess.run(["fc-list", f":lang={language}"], capture_output=True, text=True, check=True)
    return bool(found.stdout.strip())


def right(said: str, read: str) -> tuple[int, int]:
    """Return how many words were printed, and how many of them were read."""
    words, found = said.split(), read.split()
    pairs = SequenceMatcher(None, words, found, autojunk=False).get_matching_blocks()
    return len(words), sum(pair.size for pair in pairs)


def measure(browser: Browser, fonts: Mapping[str, str], readers: list[str], *, is_unsaid: bool) -> None:
    for language, path in DOCUMENTS.items():
        if language not in fonts and not has_font(language):
            missing(f"a font for {language}", f"apt-get install {PACKAGES[language]}, or --font")
            continue
        texts = paragraphs(path)
        data = browser.pdf(page(language, texts, fonts.get(language)))
        data = unsaid(data) if is_unsaid else data
        for reader in readers:
            read = read_pdf(data).text if reader == "qa" else OTHERS[reader](data)
            words, found = right("\n".join(texts), read)
            print(f"{language} {reader:12} {found:4} of {words:4} words  {found / words:6.1%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--font", nargs="*", default=[], help="LANGUAGE=FILE")
    parser.add_argument("--readers", nargs="+", default=["qa", *OTHERS], choices=["qa", *OTHERS])
    parser.add_argument("--unsaid", action="store_true", help="without ActualText")
    options = parser.parse_args()
    fonts = dict(each.split("=", 1) for each in options.font)
    readers = [reader for reader in options.readers if reader == "qa" or find_spec(reader)]
    with Browser() as browser:
        measure(browser, fonts, readers, is_unsaid=options.unsaid)


if __name__ == "__main__":
    main()
