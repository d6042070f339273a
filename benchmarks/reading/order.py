"""Whether the pages of newspapers and reports are read in their order, beside other readers of PDF.

    python -m benchmarks.reading.order [--readers qa pypdf pdfplumber pymupdf4llm] [--out results.json]

``order`` is the share of sentences that stand whole in the text and directly behind the one before: inside a paragraph
nothing is between the two, across paragraphs nothing of another article. ``whole`` is the share that stands somewhere,
uncut. Letters and digits alone are compared, so that spaces, hyphens and Markdown count for no one. ``headed`` is, for
qa, the share whose passage has the headline of its own article and no other above it.

Pages are made anew each time, by Chromium (``pages``) and by reportlab (``press``). The readers are used as they come;
what is not installed is left out and said to be.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import regex

from benchmarks.reading import pages
from benchmarks.reading.pages import Printed
from qa.readers import read_document
from qa.readers.glyphs import readable
from qa.types import Document


@dataclass(frozen=True, slots=True)
class Score:
    page: str
    reader: str
    sentences: int
    whole: int
    in_order: int
    headed: int | None
    seconds: float


def letters(text: str) -> str:
    """Return the letters and digits of a text; radicals and other forms of a letter are the letter."""
    compatible = unicodedata.normalize("NFKC", "".join(map(readable, text)).replace("⼾", "户"))
    return regex.sub(r"[^\p{L}\p{M}\p{N}]+", "", compatible).translate(str.maketrans("戶戸", "户户"))


def score(text: str, page: Printed) -> tuple[int, int, int]:
    """Return how many sentences a page has, how many are whole in ``text``, and how many of these in order."""
    read = letters(text)
    starts = [
        place
        for article in page.articles
        for each in article.sentences
        if (place := read.find(letters(each))) >= 0
    ]
    total = whole = in_order = 0
    for article in page.articles:
        end, cut = -1, True
        for paragraph in article.paragraphs:
            for number, sentence in enumerate(paragraph):
                total += 1
                start = read.find(letters(sentence))
                if start < 0:
                    cut = True
                    continue
                whole += 1
                between = [other for other in starts if end <= other < start]
                if number and not cut:
                    in_order += start == end
                else:  # the first of a paragraph, or the one after a sentence that was not found
                    in_order += start >= end and (end < 0 or not between)
                end, cut = start + len(letters(sentence)), False
    return total, whole, in_order


def headed(document: Document, page: Printed) -> int:
    """Return how many sentences stand in a block under the headline of their article, the deepest of the headlines."""
    headlines = {letters(article.headline) for article in page.articles}
    found = 0
    for block in document.blocks:
        above = [letters(heading) for heading in block.headings if letters(heading) in headlines]
        if block.kind == "heading" or not above:
            continue
        text = letters(block.span.of(document.text))
        own = next(article for article in page.articles if letters(article.headline) == above[-1])
        found += sum(letters(sentence) in text for sentence in own.sentences)
    return found


def read_pdf(data: bytes) -> Document:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        return read_document(Path(file.name))


def _pypdf(data: bytes) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def _pdfplumber(data: bytes) -> str:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data)) as document:
        return "\n".join(page.extract_text() for page in document.pages)


def _pdfminer(data: bytes) -> str:
    from pdfminer.high_level import extract_text

    return extract_text(io.BytesIO(data))


def _pymupdf4llm(data: bytes) -> str:
    import pymupdf
    import pymupdf4llm

    return str(pymupdf4llm.to_markdown(pymupdf.open(stream=data, filetype="pdf")))


OTHERS: dict[str, Callable[[bytes], str]] = {
    "pypdf": _pypdf,
    "pdfminer": _pdfminer,
    "pdfplumber": _pdfplumber,
    "pymupdf4llm": _pymupdf4llm,
}


def printed() -> Iterator[Printed]:
    """Yield the pages of every printer that is installed."""
    if shutil.which("chromium"):
        yield from pages.printed()
    else:
        missing("Chromium", "apt-get install chromium chromium-driver")
    if all(map(find_spec, ("reportlab", "arabic_reshaper", "bidi"))):
        from benchmarks.reading import press

        yield from press.printed()
    else:
        missing("reportlab", "pip install reportlab arabic-reshaper python-bidi")


def missing(what: str, command: str) -> None:
    print(f"NOT MEASURED: {what} is not installed ({command})", file=sys.stderr, flush=True)


def scores(readers: list[str]) -> Iterator[Score]:
    for page in printed():
        for reader in readers:
            began = time.perf_counter()
            document = read_pdf(page.data) if reader == "qa" else None
            text = document.text if document else OTHERS[reader](page.data)
            spent = time.perf_counter() - began
            under = headed(document, page) if document else None
            yield Score(f"{page.name}-{page.language}", reader, *score(text, page), under, spent)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", nargs="+", default=["qa", *OTHERS], choices=["qa", *OTHERS])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    readers = []
    for reader in options.readers:
        if reader == "qa" or find_spec(reader):
            readers.append(reader)
        else:
            missing(
                reader, f"pip install '{reader}<2'" if reader == "pymupdf4llm" else f"pip install {reader}"
            )
    found = []
    for each in scores(readers):
        found.append(each)
        under = "" if each.headed is None else f"  headed {each.headed / each.sentences:6.1%}"
        print(
            f"{each.page:14} {each.reader:12} {each.sentences:3} sentences  order {each.in_order / each.sentences:6.1%}"
            f"  whole {each.whole / each.sentences:6.1%}  {each.seconds:5.2f} s{under}",
            flush=True,
        )
    for reader in readers:
        own = [each for each in found if each.reader == reader]
        total = sum(each.sentences for each in own)
        print(
            f"{'all':14} {reader:12} {total:3} sentences  order {sum(each.in_order for each in own) / total:6.1%}"
            f"  whole {sum(each.whole for each in own) / total:6.1%}"
        )
    if options.out:
        options.out.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
