"""Scans and pictures read by tesseract, where that program is on the PATH.

It runs apart, within the limits of the process that reads the file, and is stopped before that one's time is up.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from qa.readers.building import NoDocument, NotNow, Parsed, TextBuilder, Unreadable, numbered, one_line
from qa.readers.encoding import clean
from qa.readers.scan import HEAD, Scanned, scanned

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".tif", ".tiff"))
"""Extensions of pictures that are read where tesseract is installed, in lower case."""
NONE = "none"
"""In place of languages: pictures and scans are not read."""
DPI = 300
SCREEN_DPI = 96
"""Of a small picture that does not say its own; a larger one was photographed or scanned."""
SMALL = 1_600
MAX_SIDE = 6_000
"""Pixels; a larger page is drawn smaller."""
MAX_PIXELS = 120_000_000
MAX_SECONDS = 300
"""For one page."""
MAX_FILE_SECONDS = 3_600
"""For all scans of a file: a page is a few kilobytes, so that the time by its size would end a book in its middle."""
MOST_HUNG = 3
"""Pages in a row for which tesseract took too long: it hangs, and would on all the others of the file."""
MIN_LEFT = 20.0
"""Seconds that must be left of the time of a file to begin another page."""
MIN_LETTERS = 20
MIN_CONFIDENCE = 0.5
"""A picture with fewer letters, or less sure ones, is one of something else than text."""
SURE = 0.85
"""Below it a page may be turned or of another script than the one before."""
SCRIPTS = {
    "Arabic": "ara fas kur_ara pus snd uig urd",
    "Armenian": "hye",
    "Bengali": "asm ben",
    "Cyrillic": "aze_cyrl bel bul kaz kir mkd mon rus srp tat tgk ukr uzb_cyrl",
    "Devanagari": "hin mar nep san",
    "Ethiopic": "amh tir",
    "Fraktur": "frk Fraktur deu_latf deu_frak dan_frak slk_frak",
    "Georgian": "kat kat_old",
    "Greek": "ell grc",
    "Gujarati": "guj",
    "Gurmukhi": "pan",
    "Han": "chi_sim chi_tra",
    "Hebrew": "heb yid",
    "Japanese": "jpn",
    "Kannada": "kan",
    "Khmer": "khm",
    "Korean": "kor",
    "Lao": "lao",
    "Malayalam": "mal",
    "Myanmar": "mya",
    "Oriya": "ori",
    "Sinhala": "sin",
    "Syriac": "syr",
    "Tamil": "tam",
    "Telugu": "tel",
    "Thaana": "div",
    "Thai": "tha",
    "Tibetan": "bod dzo",
}
"""What tesseract calls a script, and its languages; all others are written in Latin letters."""
_LATIN, _LATIN_MODEL = "Latin", "script/Latin"
MOST_LATIN = 3
"""Languages in which the first page is read in turn; where there are more, one model of all of them is used."""
_TAKEN_FOR = {"Han": "Japanese", "Japanese": "Han", "Cyrillic": "Latin", "Latin": "Cyrillic"}
"""Scripts that tesseract takes for each other where it is not sure."""
_SURE_SCRIPT = 0.5
_SURE_TURN = 1.0
"""In the units of tesseract: pages that were told right had 10 and more, those told wrong 0.5."""

_chosen = ""


def use_languages(languages: str) -> None:
    """Set the languages of this process as tesseract names them, ``chi_sim+eng``; "" is those of each page's script."""
    global _chosen
    _chosen = languages


def is_available() -> bool:
    return _chosen != NONE and shutil.which("tesseract") is not None


def described(languages: str) -> str:
    """Return what reads scans where ``languages`` are asked for: another one may read what this one could not."""
    program = shutil.which("tesseract")
    if languages == NONE or program is None:
        return "no tesseract"
    return f"tesseract {languages or 'in all'} of {'+'.join(_installed(program))}"


def advice() -> str:
    """Return what to do with a scan."""
    return "run OCR first (for example: ocrmypdf in.pdf out.pdf), or install tesseract with its languages"


def installed() -> tuple[str, ...]:
    """Return the languages that are installed, as tesseract names them."""
    return tuple(name for name in _installed(shutil.which("tesseract") or "") if name not in _NO_LANGUAGES)


_OSD = "osd"
_NO_LANGUAGES = (_OSD, "equ", "snum")


@cache
def _installed(program: str) -> tuple[str, ...]:
    """Return what a program says it has; nothing if it is gone, hangs or fails, which reading a page then tells."""
    try:
        listed = subprocess.run(
            [program, "--list-langs"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    names = listed.stdout.decode("utf-8", "replace").splitlines()[1:]
    return tuple(name for name in names if _LANGUAGE.fullmatch(name))


_LANGUAGE = re.compile(r"[\w/.-]{1,40}", re.ASCII)


def languages_of(script: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the installed languages that are written in a script.

    Vertical text is in languages of its own, which tesseract loads by itself.
    """
    named = frozenset(name for each in SCRIPTS.values() for name in each.split())
    single = _horizontal(names)
    if script != _LATIN:
        return tuple(name for name in single if name in SCRIPTS.get(script, "").split())
    latin = tuple(name for name in single if name not in named)
    return (_LATIN_MODEL,) if len(latin) > MOST_LATIN and _LATIN_MODEL in names else latin


def parse(data: bytes, *, kind: str) -> Parsed:
    """Return the text of a picture; ``kind`` is its extension.

    Raises ``NoDocument`` for one that shows no text, or where there is no tesseract.
    """
    if not is_available():
        raise NoDocument(kind, f"is a picture; {advice()}.")
    pages, in_time = _read_frames(data)
    problems = {number: page.problem for number, page in pages.items() if page.problem}
    letters = sum(char.isalpha() for page in pages.values() for each in page.paragraphs for char in each.text)
    if letters < MIN_LETTERS:
        for problem in problems.values():
            if not isinstance(problem, _Unsure):
                raise problem
        raise NoDocument(kind, "is a picture without text that can be read.")
    builder = TextBuilder()
    for number, page in pages.items():
        for paragraph in page.paragraphs:
            builder.add(paragraph.text, "ocr", page=number, reading_confidence=paragraph.confidence)
    told = [*warnings({number: page for number, page in pages.items() if not page.problem})]
    told += [f"page {number} {problem}" for number, problem in problems.items()]
    if not in_time:
        told.append(f"what follows page {len(pages)} could not be read by tesseract in time. Split the file.")
    return Parsed(builder.text, tuple(builder.blocks), "", len(pages), tuple(told))


def _read_frames(data: bytes) -> tuple[dict[int, Scanned], bool]:
    """Return the pages of a picture by their numbers from 1, and whether there was time for all.

    Raises ``Unreadable`` if the first page is damaged; where a later one is, the pages end with it.
    """
    reading = _Reading()
    pages: dict[int, Scanned] = {}
    frames = _frames(data)
    while True:
        try:
            picture = next(frames, None)
        except Unreadable as error:
            if not pages:
                raise
            pages[len(pages) + 1] = Scanned((), 0.0, problem=error)
            return pages, True
        if picture is None or not reading.has_time:
            return pages, picture is None
        pages[len(pages) + 1] = reading.page(picture)


def read_pages(data: bytes, numbers: Sequence[int]) -> Iterator[tuple[int, Scanned]]:
    """Yield the text of pages of a PDF, by their numbers from 1, as many as there is time for."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:  # pages whose text was read without it are not lost
        problem = Unreadable(f"cannot be drawn ({one_line(str(error))}).")
        yield from ((number, Scanned((), 0.0, problem=problem)) for number in numbers)
        return
    reading = _Reading()
    try:
        for number in numbers:
            if not reading.has_time:
                return
            try:
                page = reading.page(_drawn(document, number))
            except Unreadable as error:  # it cannot be drawn
                page = Scanned((), 0.0, problem=error)
            yield number, page
    finally:
        document.close()


def _unsure(page: Scanned) -> _Unsure:
    return _Unsure(
        f"was left out: tesseract, reading {page.languages}, is only {100 * page.confidence:.0f} % sure of its letters."
        " Install the language of the page, or name it (ocr_languages)."
    )


class _Unsure(Unreadable):
    """Tesseract is not sure enough of a page for it to be text."""


class _Hung(NotNow):
    """Tesseract was stopped, for it took too long."""


def _drawn(document: PdfDocument, number: int) -> Image.Image:
    """Return the picture of a page. Raises ``Unreadable`` where it cannot be drawn."""
    from pypdfium2 import PdfiumError

    try:
        page = document[number - 1]
        scale = min(DPI / 72, MAX_SIDE / max(page.get_size()))
        picture: Image.Image = page.render(scale=scale, grayscale=True).to_pil()
        return picture.convert("L")
    except (PdfiumError, IndexError, ZeroDivisionError) as error:
        raise Unreadable(f"cannot be drawn ({one_line(str(error))}).") from error


def warnings(pages: dict[int, Scanned]) -> Iterator[str]:
    """Tell what was read by tesseract, in which languages, and how sure it is of the pages."""
    if not pages:
        return
    sure = {number: page.confidence for number, page in pages.items()}
    what = "is a scan" if len(pages) == 1 else "are scans"
    least = min(sure, key=sure.__getitem__)
    lowest = f" on average, {100 * sure[least]:.0f} % on page {least}" if len(pages) > 1 else ""
    yield (
        f"{numbered(list(pages))} {what}, read by tesseract ({read_in(pages.values())}) with"
        f" {100 * sum(sure.values()) / len(sure):.0f} % confidence{lowest}; compare quotes with the picture."
    )


def read_in(pages: Iterable[Scanned]) -> str:
    """Return the languages in which pages were read, those of each script once."""
    return ", ".join(dict.fromkeys(page.languages for page in pages if page.languages))


# --- pictures -----------------------------------------------------------------------------------------------


def _frames(data: bytes) -> Iterator[Image.Image]:
    """Yield the pages of a picture, upright if a camera noted how it was held, and large enough to be read.

    Raises ``Unreadable`` for a damaged one.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise Unreadable(
                    f"is a picture of more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller."
                )
            for frame in ImageSequence.Iterator(opened):
                yield _enlarged(_grey(ImageOps.exif_transpose(frame)), _dpi(frame))
    except UnidentifiedImageError as error:
        raise Unreadable("is no picture, or a damaged one; save it anew.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"is a damaged picture ({one_line(str(error), 120)}); save it anew.") from error


def _grey(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    return picture.convert("L")


def _dpi(picture: Image.Image) -> float:
    said = picture.info.get("dpi", (0, 0))[0]
    if 50 <= said <= 1_200:
        return float(said)
    return SCREEN_DPI if max(picture.size) < SMALL else DPI


def _enlarged(picture: Image.Image, dpi: float) -> Image.Image:
    scale = min(max(1.0, DPI / dpi), MAX_SIDE / max(picture.size))
    width, height = (max(1, round(scale * side)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC) if scale != 1 else picture


# --- the program --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """What tesseract says of a page before it is read: how it is to be turned (degrees, clockwise), and its script."""

    turn: int = 0
    script: str = ""
    is_sure: bool = True


@dataclass(slots=True)
class _Reading:
    """The pages of a file, read in turn: the language of one holds for the next, unless it reads badly."""

    _languages: str = ""
    _spent: float = 0.0
    _hung: int = 0

    @property
    def has_time(self) -> bool:
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        return self._spent < MAX_FILE_SECONDS and self._hung < MOST_HUNG and not 0 < left < MIN_LEFT

    def page(self, picture: Image.Image) -> Scanned:
        """Return the text of a page, or the problem for which it has none: it leaves the other pages."""
        try:
            page = self._in_time(picture)
        except Unreadable as error:
            self._hung = self._hung + 1 if isinstance(error, _Hung) else 0
            return Scanned((), 0.0, problem=error)
        self._hung = 0
        if page.paragraphs and page.confidence < MIN_CONFIDENCE:
            return Scanned((), 0.0, problem=_unsure(page))
        return page

    def _in_time(self, picture: Image.Image) -> Scanned:
        began = time.monotonic()
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        if left:  # tesseract has its own time, for pages are few bytes: that of the file goes on behind it
            signal.setitimer(signal.ITIMER_REAL, left + 4 * MAX_SECONDS)
        try:
            return self._read(picture)
        finally:
            self._spent += time.monotonic() - began
            if left:
                signal.setitimer(signal.ITIMER_REAL, left)

    def _read(self, picture: Image.Image) -> Scanned:
        known = _chosen or self._languages
        if not known:
            look = _looked(picture)
            found = _best(picture, look, _languages_for(look))
        else:
            found = _best(picture, None, (known,))
            if (found.confidence < SURE or found.is_upright) and (look := _looked(picture)):
                others = (_chosen,) if _chosen else _languages_for(look)
                if look.turn or others != (known,):
                    found = max(found, _best(picture, look, others), key=lambda each: each.confidence)
        if found.confidence >= SURE:
            self._languages = found.languages
        return found


def _horizontal(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.endswith("_vert") and not name.startswith("script/")]


def _languages_for(look: _Look | None) -> tuple[str, ...]:
    """Return the installed languages of a script, with those it is taken for; all together where none is told."""
    names = installed()
    found: tuple[str, ...] = ()
    if look:
        found = languages_of(look.script, names)
        if not look.is_sure:
            found += languages_of(_TAKEN_FOR.get(look.script, ""), names)
    if not found and not _horizontal(names):
        raise Unreadable(
            "could not be read: tesseract names no language that it has; install one, or it anew."
        )
    return found or ("+".join(_horizontal(names)),)


def _best(picture: Image.Image, look: _Look | None, languages: Sequence[str]) -> Scanned:
    """Return a page as it is read in that of the languages which tesseract is surest in.

    All at once would take as long, and mixes them: traditional characters among simplified ones.
    """
    upright = picture.rotate(-look.turn, expand=True) if look and look.turn else picture
    return max((_recognised(upright, each) for each in languages), key=lambda each: each.confidence)


def _looked(picture: Image.Image) -> _Look | None:
    """Return what tesseract says of a page at a glance, if it can and the page has enough letters."""
    if _OSD not in _installed(shutil.which("tesseract") or ""):
        return None
    try:
        told = _run(picture, "-l", _OSD, "--psm", "0", "--dpi", str(DPI))
    except _Hung:
        raise
    except Unreadable:  # too few letters
        return None
    facts = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
    try:
        turn = int(facts["Rotate"]) if float(facts["Orientation confidence"]) >= _SURE_TURN else 0
        return _Look(turn, facts["Script"], float(facts["Script confidence"]) >= _SURE_SCRIPT)
    except (KeyError, ValueError):
        return None


def _recognised(picture: Image.Image, languages: str) -> Scanned:
    try:
        table = _run(picture, "-l", languages, "--dpi", str(DPI), "tsv")
    except NotNow:
        raise
    except Unreadable as error:
        raise Unreadable(f"could not be read by tesseract in {languages} ({error}).") from error
    if not table.startswith(HEAD):
        what = "something else than words with their places" if table.strip() else "nothing"
        raise NotNow(f"could not be read: tesseract wrote {what}; install it anew.")
    return scanned(table, np.asarray(picture), languages)


def _run(picture: Image.Image, *arguments: str) -> str:
    """Return what tesseract writes about a picture; a complaint of it is an ``Unreadable``."""
    pixels = b"P5 %d %d 255\n" % picture.size + picture.tobytes()
    try:
        done = subprocess.run(
            ["tesseract", "stdin", "stdout", *arguments],
            input=pixels,
            capture_output=True,
            timeout=MAX_SECONDS,
            # its threads wait for each other where cores are few
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _Hung(f"takes tesseract longer than {error.timeout:.0f} seconds and was left out.") from error
    except OSError as error:
        raise NotNow(f"could not be read: tesseract cannot be started ({error.strerror}).") from error
    except MemoryError as error:
        raise NotNow("could not be read: tesseract wrote more than the memory for a file holds.") from error
    if done.returncode < 0:
        raise NotNow(f"could not be read: tesseract was ended by signal {-done.returncode}.")
    if done.returncode:
        complaint = one_line(clean(done.stderr.decode("utf-8", "replace")), 160)
        raise Unreadable(complaint or f"exit status {done.returncode}")
    return clean(done.stdout.decode("utf-8", "replace"))
