"""How well scans are read by the tesseract that is installed: characters, confidence and time.

    python -m benchmarks.reading.scans [--languages en zh] [--cases plain tilted] [--default] [--out results.json]

Chromium prints a page of a sample document; it is drawn at a resolution and kept as a PDF that is only a picture.
``plain`` is the page as it is, ``tilted`` is turned by 1.5 degrees, blurred and noisy, ``turned`` by a quarter or half,
``columns`` is set in two. Characters right are 1 less the edit distance to what was printed by its length, blanks in a
row as one. ``--default`` reads in the languages that are chosen where none is named, instead of the right one.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pypdfium2
from PIL import Image, ImageFilter

from benchmarks.reading.order import missing, read_pdf
from benchmarks.reading.pages import Browser
from benchmarks.reading.scripts import paragraphs
from qa.errors import ReadError
from qa.readers import ocr

CORPUS = Path("corpus")
DOCUMENTS = {
    "en": ("eng", "en/panama-canal.html"),
    "de": ("deu", "de/marie-curie.txt"),
    "ru": ("rus", "ru/transsib.txt"),
    "zh": ("chi_sim", "zh/苏伊士运河.txt"),
    "zh-hant": ("chi_tra", "zh-hant/居禮夫人.txt"),
    "ja": ("jpn", "ja/新幹線.txt"),
    "ko": ("kor", "ko/KTX 고속철도.txt"),
    "ar": ("ara", "ar/qanat-as-suways.docx"),
}
"""The language of tesseract and the document whose paragraphs are printed."""
FONTS = {
    "zh": "Noto Serif CJK SC",
    "zh-hant": "Noto Serif CJK TC",
    "ja": "Noto Serif CJK JP",
    "ko": "Noto Serif CJK KR",
}
MOST = 1_500
"""Letters of a page."""
RESOLUTIONS = (100, 150, 300)
QUARTERS = {"turned 90": 90, "turned 180": 180, "turned 270": 270}
CASES = ("plain", "tilted", "turned", "columns")
TILT, BLUR, NOISE = 1.5, 0.6, 14.0
"""Degrees, pixels and levels of grey."""
SEED = 3


@dataclass(frozen=True, slots=True)
class Score:
    language: str
    case: str
    dpi: int
    read_in: str
    right: float
    """Of the characters."""
    sure: float
    """Confidence of tesseract, weighed by the length of the paragraphs."""
    seconds: float
    """Of the processor."""
    paragraphs: tuple[tuple[float, float], ...]
    """Of each paragraph that was read: how sure, and the share of its characters that stand so in the page."""


def texts(language: str) -> list[str]:
    found: list[str] = []
    for text in paragraphs(CORPUS / DOCUMENTS[language][1]):
        if sum(map(len, found)) + len(text) > MOST:
            break
        found.append(text)
    return found


def page(language: str, said: Sequence[str], *, columns: int = 1) -> str:
    font = f"'{FONTS[language]}'" if language in FONTS else "'Liberation Serif', 'DejaVu Sans'"
    style = (
        f"@page {{ size: A4; margin: 20mm }} body {{ font: 11pt/1.4 {font}, serif; columns: {columns}; margin: 0;"
        " column-gap: 9mm; text-align: justify } p { margin: 0 0 3mm }"
    )
    body = "".join(f"<p>{escape(text)}</p>" for text in said)
    return (
        f'<!DOCTYPE html><html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"><meta charset="utf-8">'
        f"<style>{style}</style><body>{body}</html>"
    )


def scanned(printed: bytes, dpi: int, case: str) -> bytes:
    """Return a printed page as a PDF that is only a picture."""
    picture = pypdfium2.PdfDocument(printed)[0].render(scale=dpi / 72, grayscale=True).to_pil()
    if case == "tilted":
        picture = picture.rotate(TILT, Image.Resampling.BICUBIC, fillcolor=255)
        picture = picture.filter(ImageFilter.GaussianBlur(BLUR * dpi / 150))
        noise = np.random.default_rng(SEED).normal(0, NOISE, np.shape(picture))
        grey = 0.9 * np.asarray(picture, dtype=np.float64) + 12 + noise
        picture = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
    picture = picture.rotate(QUARTERS.get(case, 0), expand=True)
    stream = io.BytesIO()
    picture.save(stream, "PDF", resolution=dpi, quality=85)
    return stream.getvalue()


def edits(one: str, other: str) -> int:
    """Return the edit distance of two texts (Wagner and Fischer 1974)."""
    return int(_edits(one, other, np.arange(len(other) + 1))[-1])


def _edits(one: str, other: str, row: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """Return the edits from ``one`` to each beginning of ``other``, ``row (n + 1,)`` being those from nothing."""
    letters = np.frombuffer(other.encode("utf-32-le"), dtype=np.uint32)
    steps = np.arange(len(row))
    for at, letter in enumerate(one, 1):
        new = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter)))
        # each may also come from its left at the cost of one: a running minimum less the steps gone
        row = np.minimum.accumulate(np.concatenate(([at], new)) - steps) + steps
    return row


def share_right(said: str, read: str) -> float:
    """Return 1 less the edit distance by the length of what was printed, 0 at least."""
    said, read = " ".join(said.split()), " ".join(read.split())
    return max(0.0, 1 - edits(said, read) / len(said))


def share_found(read: str, said: str) -> float:
    """Return the share of a paragraph's characters that the printed text has in one place."""
    said, read = " ".join(said.split()), " ".join(read.split())
    anywhere = np.zeros(len(said) + 1, dtype=np.int_)  # it may begin anywhere, at no cost, and end anywhere
    return max(0.0, 1 - int(_edits(read, said, anywhere).min()) / len(read))


def _processor_seconds() -> float:
    """Return the time of the processor so far, of this process and of the programs that it has run."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def measured(language: str, case: str, dpi: int, said: Sequence[str], data: bytes, read_in: str) -> Score:
    ocr.use_languages(read_in)
    began = _processor_seconds()
    try:
        document = read_pdf(data)
    except ReadError:
        return Score(language, case, dpi, read_in, 0.0, 0.0, _processor_seconds() - began, ())
    seconds = _processor_seconds() - began
    whole = "\n".join(said)
    found = [
        (
            block.reading_confidence or 0.0,
            share_found(block.span.of(document.text), whole),
            len(block.span.of(document.text)),
        )
        for block in document.blocks
    ]
    sure = sum(each[0] * each[2] for each in found) / sum(each[2] for each in found)
    pairs = tuple((sure, round(right, 3)) for sure, right, _ in found)
    return Score(language, case, dpi, read_in, share_right(whole, document.text), sure, seconds, pairs)


def scores(
    languages: Sequence[str], cases: Sequence[str], *, default: bool, only: Sequence[int]
) -> Iterator[Score]:
    installed = ocr.installed()
    with Browser() as browser:
        for language in languages:
            name = DOCUMENTS[language][0]
            if name not in installed:
                missing(f"tesseract's {name}", f"apt-get install tesseract-ocr-{name.replace('_', '-')}")
                continue
            said = texts(language)
            for columns in (1, 2):
                printed = browser.pdf(page(language, said, columns=columns))
                for case in _cases(cases, columns):
                    for dpi in (
                        (only or RESOLUTIONS)
                        if case == "plain"
                        else [each for each in (only or (150, 300)) if each > 100]
                    ):
                        data = scanned(printed, dpi, case)
                        yield measured(language, case, dpi, said, data, "" if default else name)


def _cases(cases: Sequence[str], columns: int) -> Iterator[str]:
    for case in cases:
        if (case == "columns") != (columns == 2):
            continue
        yield from QUARTERS if case == "turned" else (case,)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--languages", nargs="+", default=list(DOCUMENTS), choices=DOCUMENTS)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--dpi", nargs="+", type=int, default=[])
    parser.add_argument("--default", action="store_true", help="name no language")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not shutil.which("tesseract"):
        missing("tesseract", "apt-get install tesseract-ocr, and its languages")
        return
    if not shutil.which("chromium"):
        missing("Chromium", "apt-get install chromium chromium-driver")
        return
    found = []
    for each in scores(options.languages, options.cases, default=options.default, only=options.dpi):
        found.append(each)
        print(
            f"{each.language:8} {each.case:12} {each.dpi:4} {each.read_in or 'default':8} {each.right:6.1%} right"
            f"  {each.sure:4.0%} sure  {each.seconds:5.1f} s",
            flush=True,
        )
        if options.out:
            options.out.write_text(json.dumps([asdict(each) for each in found]), encoding="utf-8")


if __name__ == "__main__":
    main()
