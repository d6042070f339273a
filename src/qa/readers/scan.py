"""What tesseract found in a picture becomes paragraphs: spaces, items of lists and paragraphs that it parted.

Its words are runs of letters with a box. In Korean every syllable may be one, whether a space is behind it or not:
there the picture is asked how wide the blank between two of them is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

import numpy as np
import numpy.typing as npt
import regex

from qa.readers.building import Unreadable
from qa.readers.glyphs import is_right_to_left
from qa.readers.layout import join_lines
from qa.text import is_terminal
from qa.text.characters import is_unspaced

_Grey = npt.NDArray[np.uint8]
_SPACE = 0.3
"""Of the height of a line of Korean: a wider blank is a space; syllables of a word are less than 0.2 apart."""
_WINDOW = 0.4
"""Heights of the line to either side of where two words meet, as tesseract has it, in which the blank is looked for."""
_EDGE = 1.2
"""Heights of the line from the edge of its block within which a line is full."""


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
    languages: str = ""
    """In which it was read, as tesseract names them."""
    is_upright: bool = False
    """Whether most of it stands in lines from the top to the bottom: vertical, or the page lies on its side."""
    problem: Unreadable | None = None
    """Why it could not be read."""


def scanned(table: str, picture: _Grey, languages: str) -> Scanned:
    """Return the page that tesseract's table of words tells of; ``picture (height, width)`` is grey."""
    words = [word for word in map(_word, table.splitlines()) if word]
    if not words:
        return Scanned((), 0.0, languages)
    lines = [tuple(line) for _, line in groupby(words, key=lambda word: word.place)]
    upright = sum(len(line) for line in lines if _is_upright(line))
    paragraphs = tuple(_paragraphs(words, picture))
    return Scanned(paragraphs, _confidence(words), languages, is_upright=2 * upright > len(words))


@dataclass(frozen=True, slots=True)
class _Word:
    place: tuple[int, int, int]
    """Block, paragraph and line."""
    left: int
    top: int
    right: int
    bottom: int
    confidence: float
    text: str


HEAD = "level"
"""What the table of words begins with."""
_ROW = regex.compile(
    r"5\t\d+\t(\d{1,6})\t(\d{1,6})\t(\d{1,6})\t\d+\t(\d{1,6})\t(\d{1,6})\t(\d{1,6})\t(\d{1,6})"
    r"\t(\d{1,3}(?:\.\d+)?)\t(.*\S.*)"
)


def _word(row: str) -> _Word | None:
    """Return a word from a row of tesseract's table; rows of other levels and blank words are none."""
    found = _ROW.fullmatch(row)
    if not found:
        return None
    block, paragraph, line, left, top, width, height = map(int, found.groups()[:7])
    place = (block, paragraph, line)
    right, bottom = left + max(1, width), top + max(1, height)
    return _Word(place, left, top, right, bottom, min(float(found[8]), 100.0), found[9].strip())


def _confidence(words: Sequence[_Word]) -> float:
    """Return how sure tesseract is of a character on average, 0 to 1 with three decimals."""
    length = sum(len(word.text) for word in words)
    return round(sum(word.confidence * len(word.text) for word in words) / length / 100, 3)


# --- lines and paragraphs -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    words: tuple[_Word, ...]
    text: str
    is_full: bool
    """Whether it reaches the edge of its block, as a line does that the next one goes on from."""

    @property
    def height(self) -> float:
        return _height(self.words)


def _paragraphs(words: Sequence[_Word], picture: _Grey) -> Iterator[Paragraph]:
    parts: list[list[_Line]] = []
    for _, block in groupby(words, key=lambda word: word.place[0]):
        for _, paragraph in groupby(_lines(list(block), picture), key=lambda line: line.words[0].place[1]):
            for part in _items(list(paragraph)):
                if parts and _goes_on(parts[-1], part):
                    parts[-1] += part
                else:
                    parts.append(part)
    for part in parts:
        text = _tightened(join_lines([line.text for line in part], frozenset()))
        yield Paragraph(text, _confidence([word for line in part for word in line.words]))


def _lines(block: Sequence[_Word], picture: _Grey) -> Iterator[_Line]:
    left, right = min(word.left for word in block), max(word.right for word in block)
    for _, found in groupby(block, key=lambda word: word.place):
        words = tuple(found)
        text = _line_text(words, picture)
        if is_right_to_left(text):
            short = min(word.left for word in words) - left
        else:
            short = right - max(word.right for word in words)
        yield _Line(words, text, short < _EDGE * _height(words))


_BULLET = regex.compile(r"[•●○◦▪■□◆▶‣⁃・*]\s*(?=\S)|[–—-]\s+(?=\S)")
_NUMBER = regex.compile(r"(?:\(?\d{1,3}[.)、](?!\d)\s*|[①-⑳]|[（(]\d{1,3}[)）])(?=\S)")


def _items(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Yield the items of a list that tesseract took for a paragraph; other paragraphs are one."""
    part: list[_Line] = []
    for line in lines:
        if part and _begins_item(line, part[-1]):
            yield part
            part = []
        part.append(line)
    yield part


def _begins_item(line: _Line, before: _Line) -> bool:
    if _BULLET.match(line.text):
        return True
    return bool(_NUMBER.match(line.text)) and (not before.is_full or is_terminal(before.text))


def _goes_on(before: Sequence[_Line], after: Sequence[_Line]) -> bool:
    """Tell whether a paragraph is the rest of the one before, in the next column or where a block was parted."""
    last, first = before[-1], after[0]
    if len(before) < 2 or not last.is_full or is_terminal(last.text):
        return False
    if _BULLET.match(first.text) or _NUMBER.match(first.text):
        return False
    begins = first.text[0]
    return not begins.isupper() and begins.isalpha() and 0.75 < first.height / last.height < 1.33


# --- spaces -------------------------------------------------------------------------------------------------

_HANGUL = regex.compile(r"\p{Hangul}")
_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー]")


def _line_text(words: Sequence[_Word], picture: _Grey) -> str:
    text = words[0].text
    height = _height(words)
    upright = _is_upright(words)
    for before, after in pairwise(words):
        ends, begins = before.text[-1], after.text[0]
        if _HANGUL.match(ends) or _HANGUL.match(begins):
            space = _blank(before, after, picture, height, upright=upright) > _SPACE
        else:
            tight = _CJK.match(ends) or _CJK.match(begins) or (is_unspaced(ends) and is_unspaced(begins))
            space = not tight
        text += f" {after.text}" if space else after.text
    return text


def _height(words: Sequence[_Word]) -> float:
    """Return the height of a line's letters, in pixels."""
    if _is_upright(words):
        return median(word.right - word.left for word in words)
    return median(word.bottom - word.top for word in words)


def _is_upright(words: Sequence[_Word]) -> bool:
    """Tell whether a line runs from the top to the bottom, or the other way on a page that lies on its side."""
    across = max(word.right for word in words) - min(word.left for word in words)
    down = max(word.bottom for word in words) - min(word.top for word in words)
    return len(words) > 1 and down > 2 * across


def _blank(before: _Word, after: _Word, picture: _Grey, height: float, *, upright: bool) -> float:
    """Return the widest blank about the place where two words meet, in heights of the line.

    Their boxes are only near: tesseract guesses where in a line a letter was.
    """
    along, across = _sides(before, after, upright=upright)
    (a0, a1), (b0, b1) = along
    middle = (a1 + b0) / 2 if a0 + a1 < b0 + b1 else (b1 + a0) / 2
    start, end = max(0, round(middle - _WINDOW * height)), round(middle + _WINDOW * height)
    low, high = max(side[0] for side in across), min(side[1] for side in across)
    if high - low < 0.5 * height:
        low, high = min(side[0] for side in across), max(side[1] for side in across)
    band = picture[start:end, low:high].T if upright else picture[low:high, start:end]
    if not band.size:
        return 0.0
    paper, ink = np.percentile(picture[low:high] if not upright else picture[:, low:high], (90, 1))
    blank = ~(band < (paper + ink) / 2).any(axis=0)
    return max((end - start for start, end in _stretches(blank)), default=0) / height


def _sides(
    before: _Word, after: _Word, *, upright: bool
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Return where two words begin and end along their line, and across it."""
    across = tuple((word.left, word.right) for word in (before, after))
    down = tuple((word.top, word.bottom) for word in (before, after))
    return (down, across) if upright else (across, down)


def _stretches(marks: npt.NDArray[np.bool_]) -> Iterable[tuple[int, int]]:
    """Return the stretches of ``marks (n,)`` that are true, each with its start and end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], marks.astype(np.int8), [0]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


_FULL = str.maketrans(",:;?!", "，：；？！")
_HALF = regex.compile(
    r"(?<=[\p{Han}\p{Hiragana}\p{Katakana}ー」』）)”》]) ?[,:;?!](?: |(?=[^\x20-\x7e]|\d))"
    r"|(?<=[\p{L}\p{N}%]) ?[,;?!] ?(?=[\p{Han}\p{Hiragana}\p{Katakana}「『（“《])"
)
_AROUND = regex.compile(
    r" (?=[、。，；：！？・·」』）》〉】”’…])"
    r"|(?<=[、。，；：！？・·「『（《〈【“‘…」』）》〉】”]) (?=\S)"
    r"|(?<=[\p{Han}\p{Hiragana}\p{Katakana}]) (?=[「『（《〈【“‘(.)'\"])"
    r"|(?<=[().'\"]) (?=[\p{Han}\p{Hiragana}\p{Katakana}])"
)


def _tightened(text: str) -> str:
    """Return a paragraph of Chinese or Japanese without spaces around marks, and its marks as wide as they are printed.

    Between two Chinese characters a comma is as wide as they are; tesseract reads many as those of other scripts.
    """
    letters = sum(char.isalpha() for char in text)
    if 2 * len(_CJK.findall(text)) < letters or not letters:
        return text
    return _AROUND.sub("", _HALF.sub(lambda mark: mark[0].strip().translate(_FULL), text))
