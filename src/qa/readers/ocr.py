"""Scans and pictures read by tesseract, where that program is on the PATH.

It runs apart, within the limits of the process that reads the file, and is stopped before that one's time is up.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from qa.readers.building import NoDocument, NotNow, Parsed, TextBuilder, Unreadable, numbered, one_line
from qa.readers.layout import join_lines

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".tif", ".tiff"))
"""Extensions of pictures that are read where tesseract is installed, in lower case."""
NONE = "none"
"""In place of languages: pictures and scans are not read."""
DPI = 300
MAX_SIDE = 6_000
"""Pixels; a larger page is drawn smaller."""
MAX_SECONDS = 300
"""For one page."""
MIN_LEFT = 20.0
"""Seconds that must be left of the time of a file to begin another page."""
MIN_LETTERS = 20
MIN_CONFIDENCE = 0.5
"""A picture with fewer letters, or less sure ones, is one of something else than text."""

_chosen = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a scan, and how sure (0 to 1) tesseract is of its characters on average."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Scanned:
    """The text of a scanned page, and how sure (0 to 1) tesseract is of its characters on average."""

    paragraphs: tuple[Paragraph, ...]
    confidence: float
    problem: Unreadable | None = None
    """Why it could not be read."""


def use_languages(languages: str) -> None:
    """Set the languages of this process as tesseract names them, ``chi_sim+eng``; "" is all that are installed."""
    global _chosen
    _chosen = languages


def is_available() -> bool:
    return _chosen != NONE and shutil.which("tesseract") is not None


def languages() -> str:
    """Return the languages that are read, as tesseract names them."""
    return _chosen or "+".join(_installed(shutil.which("tesseract") or ""))


def described(languages: str) -> str:
    """Return what reads scans where ``languages`` are asked for: another one may read what this one could not."""
    program = shutil.which("tesseract")
    if languages == NONE or program is None:
        return "no tesseract"
    return f"tesseract {languages or 'in all'} of {'+'.join(_installed(program))}"


def advice() -> str:
    """Return what to do with a scan."""
    return "run OCR first (for example: ocrmypdf in.pdf out.pdf), or install tesseract with its languages"


@cache
def _installed(program: str) -> tuple[str, ...]:
    listed = subprocess.run(
        [program, "--list-langs"], capture_output=True, text=True, timeout=30, check=False
    )
    names = listed.stdout.splitlines()[1:]
    return tuple(name for name in names if name not in ("osd", "equ", "snum"))


def parse(data: bytes, *, kind: str) -> Parsed:
    """Return the text of a picture; ``kind`` is its extension.

    Raises ``NoDocument`` for one that shows no text, or where there is no tesseract.
    """
    if not is_available():
        raise NoDocument(kind, f"is a picture; {advice()}.")
    pages = _read(data)
    letters = sum(char.isalpha() for page in pages for each in page.paragraphs for char in each.text)
    if letters < MIN_LETTERS or max(page.confidence for page in pages) < MIN_CONFIDENCE:
        raise NoDocument(kind, "is a picture without text that can be read.")
    builder = TextBuilder()
    for number, page in enumerate(pages, 1):
        for paragraph in page.paragraphs:
            builder.add(paragraph.text, "ocr", page=number, reading_confidence=paragraph.confidence)
    return Parsed(
        builder.text, tuple(builder.blocks), "", len(pages), tuple(warnings(dict(enumerate(pages, 1))))
    )


def read_pages(data: bytes, numbers: Sequence[int]) -> Iterator[tuple[int, Scanned]]:
    """Yield the text of pages of a PDF, by their numbers from 1, as many as there is time for."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:  # pages whose text was read without it are not lost
        problem = Unreadable(f"cannot be drawn ({one_line(str(error))}).")
        yield from ((number, Scanned((), 0.0, problem)) for number in numbers)
        return
    try:
        for number in numbers:
            if 0 < signal.getitimer(signal.ITIMER_REAL)[0] < MIN_LEFT:
                return
            try:
                [scanned, *_] = _read(_drawn(document, number))
            except Unreadable as error:  # one page leaves the others
                scanned = Scanned((), 0.0, error)
            yield number, scanned
    finally:
        document.close()


def _drawn(document: PdfDocument, number: int) -> bytes:
    """Return the picture of a page. Raises ``Unreadable`` where it cannot be drawn."""
    from pypdfium2 import PdfiumError

    try:
        page = document[number - 1]
        scale = min(DPI / 72, MAX_SIDE / max(page.get_size()))
        drawn = page.render(scale=scale, grayscale=True)
    except (PdfiumError, IndexError, ZeroDivisionError) as error:
        raise Unreadable(f"cannot be drawn ({one_line(str(error))}).") from error
    rows = bytes(drawn.buffer)
    pixels = (rows[row * drawn.stride : row * drawn.stride + drawn.width] for row in range(drawn.height))
    return b"P5 %d %d 255\n" % (drawn.width, drawn.height) + b"".join(pixels)


def warnings(pages: dict[int, Scanned]) -> Iterator[str]:
    """Tell what was read by tesseract, in which languages, and how sure it is of the pages."""
    if not pages:
        return
    sure = {number: page.confidence for number, page in pages.items()}
    what = "is a scan" if len(pages) == 1 else "are scans"
    least = min(sure, key=sure.__getitem__)
    lowest = f" on average, {100 * sure[least]:.0f} % on page {least}" if len(pages) > 1 else ""
    yield (
        f"{numbered(list(pages))} {what}, read by tesseract ({languages()}) with"
        f" {100 * sum(sure.values()) / len(sure):.0f} % confidence{lowest}; compare quotes with the picture."
    )


def _read(picture: bytes) -> list[Scanned]:
    """Return the text of each page of a picture.

    Raises ``Unreadable`` where tesseract does not know a language, or the picture is damaged.
    """
    left = signal.getitimer(signal.ITIMER_REAL)[0] or float(MAX_SECONDS)
    command = ["tesseract", "stdin", "stdout", "-l", languages(), "--dpi", str(DPI), "tsv"]
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=min(MAX_SECONDS, max(1.0, left - 5)),
            env={
                **os.environ,
                "OMP_THREAD_LIMIT": "1",
            },  # its threads wait for each other where cores are few
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotNow(f"takes tesseract longer than {error.timeout:.0f} seconds a page.") from error
    if done.returncode:
        reason = one_line(done.stderr.decode("utf-8", "replace"), 160)
        raise Unreadable(f"could not be read by tesseract in {languages()} ({reason}).")
    words = [_word(row) for row in done.stdout.decode("utf-8", "replace").splitlines()[1:]]
    pages = groupby((word for word in words if word), key=lambda word: word.place[0])
    return [_scanned(list(page)) for _, page in pages] or [Scanned((), 0.0)]


@dataclass(frozen=True, slots=True)
class _Word:
    place: tuple[int, int, int, int]
    """Page, block, paragraph and line."""
    confidence: float
    text: str


_ROW = re.compile(r"5\t(\d+)\t(\d+)\t(\d+)\t(\d+)(?:\t\d+){5}\t([\d.]+)\t(.*\S.*)")


def _word(row: str) -> _Word | None:
    """Return a word from a row of tesseract's table; rows of other levels and blank words are none."""
    found = _ROW.fullmatch(row)
    if not found:
        return None
    page, block, paragraph, line = map(int, found.groups()[:4])
    return _Word((page, block, paragraph, line), float(found[5]), found[6].strip())


def _scanned(words: Sequence[_Word]) -> Scanned:
    paragraphs = (list(each) for _, each in groupby(words, key=lambda word: word.place[:3]))
    return Scanned(tuple(map(_paragraph, paragraphs)), _confidence(words))


def _paragraph(words: Sequence[_Word]) -> Paragraph:
    lines = groupby(words, key=lambda word: word.place)
    texts = [join_lines([word.text for word in line], frozenset()) for _, line in lines]
    return Paragraph(join_lines(texts, frozenset()), _confidence(words))


def _confidence(words: Sequence[_Word]) -> float:
    """Return how sure tesseract is of a character on average, 0 to 1 with three decimals."""
    length = sum(len(word.text) for word in words)
    return round(sum(word.confidence * len(word.text) for word in words) / length / 100, 3)
