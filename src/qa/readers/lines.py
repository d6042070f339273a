"""Glyphs of a printed page put together to lines: words across the gaps of justified text, never across a gutter.

Coordinates are points with the origin at the lower left, as in PDF. Vertical text is turned by a quarter first, so that
its lines run from left to right and follow each other from top to bottom like any others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import regex

from qa.readers.glyphs import in_order, logical
from qa.readers.layout import Box, Line
from qa.text.characters import is_unspaced


@dataclass(frozen=True, slots=True)
class Glyph:
    """What a font draws at one place; spaces are glyphs, too."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    face: str
    bold: bool

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2

    @property
    def is_space(self) -> bool:
        return not self.text.strip()


MIN_SPACE = 0.18
"""Of the font size: from here a gap is a space."""
_TAKEN = 0.05
MAX_JOINED = 0.5
"""Of the font size: glyphs drawn one after the other with a smaller gap are of one line, wherever they stand."""
_UNSPACED_GAP = 0.7
"""A wider gap in Chinese or Japanese parts columns or cells: such lines are not stretched at a single place."""
_WIDEST = 100.0
"""Of the font size: no line is stretched so far that a wider gap were within it."""
_GUTTERS = ((0.55, 5), (1.2, 3), (2.5, 2), (5.0, 1))
"""How wide a white strip must be, in font sizes, and how many lines high on either side, to part columns."""
_RIVERS = ((0.55, 9), (1.2, 7), (2.2, 5), (5.0, 3))
"""The same where the gap is as wide as the next one on its line: words of a stretched line are so far apart."""
_WINDOW = 7.5
"""Font sizes above and below a gap that are looked at."""
_BESIDE, _RAGGED = 3.0, 8.0
"""Font sizes from a strip in which lines count as standing beside it: where they begin, and where they end."""
_NEXT_LINE = 2.2
"""Font sizes from a line within which the next one is looked for."""
_MOST_NEAR = 400
"""Runs of a line and the next ones; where there are more it is a drawing."""
_WIDE_CELL = 3.0
"""Of the font size: cells of a narrow table are no further apart."""
_ALIGNED = 0.25
"""Points that cells of a column may be out of line."""


def turned(glyph: Glyph, height: float) -> Glyph:
    """Return a glyph of vertical text on a page turned by a quarter to the left."""
    return Glyph(
        glyph.text,
        height - glyph.y1,
        glyph.x0,
        height - glyph.y0,
        glyph.x1,
        glyph.size,
        glyph.face,
        glyph.bold,
    )


def vertical_marks(glyphs: Sequence[Glyph]) -> list[bool]:
    """Tell of each glyph whether it stands in a vertical line: above or below the one drawn next."""
    links = [_is_stacked(glyph, after) for glyph, after in pairwise(glyphs)]
    if 2 * sum(links) < len(links):  # two alone may stand above each other by chance
        links = [
            link and ((at > 0 and links[at - 1]) or links[at + 1 : at + 2] == [True])
            for at, link in enumerate(links)
        ]
    return [not glyph.is_space and any(links[max(0, at - 1) : at + 1]) for at, glyph in enumerate(glyphs)]


def _is_stacked(glyph: Glyph, after: Glyph) -> bool:
    """Tell whether the second glyph stands right under the first, and not on the next line of a narrow column."""
    size = max(glyph.size, after.size)
    apart = glyph.middle - after.middle
    return (
        abs(glyph.x0 + glyph.x1 - after.x0 - after.x1) < 0.4 * size
        and 0.2 * size < apart < 1.25 * size
        and not (glyph.text.isascii() and after.text.isascii() and apart > 0.9 * size)
    )


def lines_of(glyphs: Sequence[Glyph], page: int, *, rules: Sequence[Box] = ()) -> Iterator[Line]:
    """Yield the lines of a page, each a part of one column or a cell; ``rules`` are upright lines between columns."""
    runs = list(_runs(glyphs))
    caps = list(_drop_caps(runs))
    runs = [run for run in runs if run not in caps]
    if not runs:
        return
    groups = _joined(runs, rules)
    lines = [
        line for group in groups for line in _line([glyph for run in group for glyph in run.glyphs], page)
    ]
    for cap in caps:
        lines = _with_drop_cap(lines, cap)
    yield from lines


# --- runs --------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Run:
    """Glyphs drawn one after the other on one line without a wide gap; spaces do not count for its place."""

    glyphs: list[Glyph]
    x0: float
    y0: float
    x1: float
    y1: float
    size: float

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2

    @property
    def text(self) -> str:
        return "".join(glyph.text for glyph in self.glyphs)

    def takes(self, glyph: Glyph) -> bool:
        overlap = min(self.y1, glyph.y1) - max(self.y0, glyph.y0)
        gap = max(glyph.x0 - self.x1, self.x0 - glyph.x1)
        return (
            overlap > 0.6 * min(self.y1 - self.y0, glyph.y1 - glyph.y0)
            and gap < MAX_JOINED * min(self.size, glyph.size)
            and max(self.size, glyph.size) < 2.2 * min(self.size, glyph.size)
        )

    def add(self, glyph: Glyph) -> None:
        self.glyphs.append(glyph)
        self.x0, self.x1 = min(self.x0, glyph.x0), max(self.x1, glyph.x1)
        if glyph.size > 0.9 * self.size:  # not what is raised or lowered
            self.y0, self.y1 = min(self.y0, glyph.y0), max(self.y1, glyph.y1)
            self.size = max(self.size, glyph.size)


def _runs(glyphs: Sequence[Glyph]) -> Iterator[_Run]:
    run: _Run | None = None
    spaces: list[Glyph] = []
    for glyph in glyphs:
        if glyph.is_space:
            spaces.append(glyph)
            continue
        if run is not None and run.takes(glyph):
            run.glyphs += spaces
            run.add(glyph)
        else:
            if run is not None:
                run.glyphs += spaces
                yield run
            run = _Run([glyph], glyph.x0, glyph.y0, glyph.x1, glyph.y1, glyph.size)
        spaces = []
    if run is not None:
        yield run


# --- drop caps ---------------------------------------------------------------------------------------------

_CAP = 1.8
"""How much larger a drop cap is than the lines beside it, of which there are two at least."""


def _drop_caps(runs: Sequence[_Run]) -> Iterator[_Run]:
    """Yield the runs that are one letter, as high as several lines that begin right of it."""
    large = [run for run in runs if len(run.text.strip()) <= 2 and run.text.strip()[-1].isalpha()]
    for cap in large:
        beside = [run for run in runs if _is_beside_cap(run, cap)]
        if _count((run.middle for run in beside), min((run.size for run in beside), default=0.0)) > 1:
            yield cap


def _is_beside_cap(line: _Run | Line, cap: _Run) -> bool:
    return (
        cap.size > _CAP * line.size
        and -0.3 * line.size < line.x0 - cap.x1 < 1.2 * line.size
        and cap.y0 < line.middle < cap.y1
    )


def _with_drop_cap(lines: Sequence[Line], cap: _Run) -> list[Line]:
    """Return lines with the letter before the first of those beside it, all of which begin where it does."""
    beside = [line for line in lines if _is_beside_cap(line, cap)]
    first = max(beside, key=lambda line: line.middle, default=None)
    placed = [replace(line, x0=cap.x0) if line in beside else line for line in lines]
    return [
        replace(line, text=cap.text.lstrip() + line.text, has_drop_cap=True) if old is first else line
        for old, line in zip(lines, placed, strict=True)
    ]


# --- runs of one line --------------------------------------------------------------------------------------


def _joined(runs: Sequence[_Run], rules: Sequence[Box]) -> Iterator[list[_Run]]:
    """Yield the runs of each line: a run goes on with the next one to its right unless a gutter is between."""
    ordered = sorted(runs, key=lambda run: run.middle)
    field = _Field(ordered, rules)
    line_of = list(range(len(ordered)))

    def first(at: int) -> int:
        while line_of[at] != at:
            line_of[at] = line_of[line_of[at]]
            at = line_of[at]
        return at

    for at, right in field.whole():
        line_of[first(right)] = first(at)
    groups: dict[int, list[_Run]] = {}
    for at, run in enumerate(ordered):
        groups.setdefault(first(at), []).append(run)
    yield from groups.values()


@dataclass(slots=True)
class _Gap:
    """The white between two runs of a line, by their numbers, and whether it parts columns or cells."""

    left: int
    right: int
    parted: bool


class _Field:
    """The runs of a page by their place: what stands right of one, and whether a gutter is between two."""

    def __init__(self, ordered: Sequence[_Run], rules: Sequence[Box]) -> None:
        self._runs = ordered
        self._rules = rules
        self._middles = [run.middle for run in ordered]
        self._places = np.array([(run.x0, run.x1, run.middle, run.y0, run.y1) for run in ordered])
        self._gaps = [np.inf] * len(ordered)
        """The white left of each run."""
        self.right_of = [self._right_of(at) for at in range(len(ordered))]
        """The nearest run to the right of each on the same line."""
        for at, right in enumerate(self.right_of):
            if right is not None:
                self._gaps[right] = min(self._gaps[right], ordered[right].x0 - ordered[at].x1)
        self._numbers = {id(run): at for at, run in enumerate(ordered)}
        self._left_gap = {id(run): gap for run, gap in zip(ordered, self._gaps, strict=True)}
        self._right_gap = {
            id(run): np.inf if right is None else ordered[right].x0 - run.x1
            for run, right in zip(ordered, self.right_of, strict=True)
        }

    def _right_of(self, at: int) -> int | None:
        run = self._runs[at]
        found, least = None, np.inf
        for other in range(
            bisect_left(self._middles, run.middle - 0.6 * run.size),
            bisect_left(self._middles, run.middle + 0.6 * run.size),
        ):
            beside = self._runs[other]
            gap = beside.x0 - run.x1
            if other == at or not -0.3 * run.size < gap < least or beside.x1 <= run.x1:
                continue
            if _on_one_line(run, beside):
                found, least = other, gap
        return found

    def whole(self) -> Iterator[tuple[int, int]]:
        """Yield each run and the one to its right where both are of one line."""
        gaps = [
            _Gap(at, right, self.parts(self._runs[at], self._runs[right]))
            for at, right in enumerate(self.right_of)
            if right is not None
        ]
        for ordered in (gaps, reversed(gaps)):  # a table is told by its middle, upwards and downwards
            for gap in ordered:
                gap.parted = gap.parted or self._is_parted_beside(gap, gaps)
        yield from ((gap.left, gap.right) for gap in gaps if not gap.parted)

    def _is_parted_beside(self, gap: _Gap, gaps: Sequence[_Gap]) -> bool:
        """Tell whether the next line above or below is parted where a wide gap is, by cells that end or begin alike.

        All the wide gaps of the line must be over or under such: between words of a stretched line there are more.
        """
        run, right = self._runs[gap.left], self._runs[gap.right]
        size = min(run.size, right.size)
        low, high = (bisect_left(self._middles, run.middle + side * _NEXT_LINE * size) for side in (-1, 1))
        if right.x0 - run.x1 <= MAX_JOINED * size or high - low > _MOST_NEAR:
            return False
        first, last = (bisect_left(gaps, place, key=lambda each: each.left) for place in (low, high))
        near = [(each, self._runs[each.left], self._runs[each.right]) for each in gaps[first:last]]
        own = [(a, b) for _, a, b in near if abs(a.middle - run.middle) < 0.4 * size]
        others = [(a, b) for each, a, b in near if each.parted and abs(a.middle - run.middle) > 0.6 * size]
        nearest = min((abs(a.middle - run.middle) for a, _ in others), default=0.0)
        beside = [(a, b) for a, b in others if abs(a.middle - run.middle) < nearest + 0.4 * size]
        wide = [(a, b) for a, b in own if b.x0 - a.x1 > MAX_JOINED * size]
        return all(any(_shared(pair, other) > 0.4 * size for other in beside) for pair in wide) and any(
            _shared((run, right), (a, b)) > 0.4 * size
            and (abs(a.x1 - run.x1) < 1 or abs(b.x0 - right.x0) < 1 or _are_figures_flush_right(b, right))
            for a, b in beside
        )

    def parts(self, run: _Run, right: _Run) -> bool:
        """Tell whether the gap between two runs of a line is one between columns or cells."""
        size = min(run.size, right.size)
        gap, middle = right.x0 - run.x1, run.middle
        if any(
            run.x1 - 1 < rule.x0 and rule.x1 < right.x0 + 1 and rule.y0 < middle < rule.y1
            for rule in self._rules
        ):
            return True
        if gap <= MAX_JOINED * size:
            return False
        if gap > _WIDEST * size:
            return True
        if max(run.size, right.size) > 1.35 * size and gap > size:
            return True
        before, after = _edge(run)[1], _edge(right)[0]
        if gap > _UNSPACED_GAP * size and is_unspaced(before) and is_unspaced(after):
            return not _has_wide_space(run, right)
        next_gaps = (self._left_gap[id(run)], self._right_gap[id(right)])
        # words of a stretched line are equally far apart, columns of three or more are, too
        is_stretched = gap < 2 * min(_word_gap(run), _word_gap(right))
        is_even = is_stretched and any(abs(other - gap) < 0.12 * size for other in next_gaps)
        cells = self._cells(run, right, size)
        if cells > (3 if is_even else 2) or (cells == 2 and self._is_short(run, size)):
            return True
        return self._is_gutter(run, right, size, _RIVERS if is_even else _GUTTERS)

    def _is_short(self, run: _Run, size: float) -> bool:
        """Tell whether a line ends well before one near it does, and the lines next to it end elsewhere.

        Then it was not stretched, for such lines fill their column, and its gap was meant.
        """
        end = self._end(run, size)
        low, high = (bisect_left(self._middles, run.middle + side * 8 * size) for side in (-1, 1))
        near = [other for other in self._runs[low:high] if abs(other.middle - run.middle) > 0.6 * size]
        return any(other.x0 < run.x1 and other.x1 > end + 2 * size for other in near) and not any(
            abs(other.x1 - end) < 1 and not _edge(other)[1].isdigit()
            for other in near
            if abs(other.middle - run.middle) < _NEXT_LINE * size
        )

    def _end(self, run: _Run, size: float) -> float:
        """Return where the line of a run ends, if no column is parted by less than a wide gap."""
        at: int | None = self._numbers[id(run)]
        end = run.x1
        while at is not None and self._runs[at].x0 - end < _WIDE_CELL * size:
            end = self._runs[at].x1
            at = self.right_of[at]
        return end

    def _cells(self, run: _Run, right: _Run, size: float) -> int:
        """Return on how many lines near it a gap ends, or begins, at the same place."""
        low, high = (bisect_left(self._middles, run.middle + side * 4 * size) for side in (-1, 1))
        wide = MAX_JOINED * size
        # by text: the same word at the end of stretched lines begins at one place, too
        begun: dict[str, float] = {}
        ended: dict[str, float] = {}
        for at in range(low, high):
            other = self._runs[at]
            if self._gaps[at] > wide and abs(other.x0 - right.x0) < _ALIGNED:
                begun.setdefault(other.text, other.middle)
            after = self.right_of[at]
            if after is not None and self._gaps[after] > wide and abs(other.x1 - run.x1) < _ALIGNED:
                ended.setdefault(other.text, other.middle)
        return max(_count(begun.values(), size), _count(ended.values(), size))

    def _is_gutter(self, run: _Run, beside: _Run, size: float, strips: Sequence[tuple[float, int]]) -> bool:
        left, right, middle = run.x1, beside.x0, run.middle
        low, high = (bisect_left(self._middles, middle + side * _WINDOW * size) for side in (-1, 1))
        x0, x1, middles, y0, y1 = self._places[low:high].T
        cells = np.arange(left, right + 1e-6, size / 8)
        within = (x0 < right) & (x1 > left)
        up, down = np.full(len(cells), _WINDOW * size), np.full(len(cells), _WINDOW * size)
        for each in np.flatnonzero(within):
            if y0[each] < middle < y1[each]:
                continue
            covered = (cells > x0[each] - 0.01) & (cells < x1[each] + 0.01)
            limits, distance = (up, y0[each] - middle) if y0[each] > middle else (down, middle - y1[each])
            limits[covered] = np.minimum(limits[covered], distance)
        if min(up.max(), down.max()) < 1.0 * size and right - left < 10 * size:
            return False  # the lines above and below run across: one that is stretched
        for width, least in strips:
            count = int(np.ceil(width * 8)) + 1
            for start in range(len(cells) - count + 1):
                part = slice(start, start + count)
                near = (middles > middle - down[part].min()) & (middles < middle + up[part].min())
                u, v = cells[start], cells[start + count - 1]
                before, after = near & (x1 <= u + 0.1), near & (x0 >= v - 0.1)
                for far_left, far_right in ((_RAGGED, _BESIDE), (_BESIDE, _RAGGED)):
                    left_rows = middles[before & (x1 > u - far_left * size)]
                    right_rows = middles[after & (x0 < v + far_right * size)]
                    if min(_count(left_rows, size), _count(right_rows, size)) >= least:
                        return True
        return False


def _count(middles: Iterable[float], size: float) -> int:
    """Return how many lines the runs at these heights are."""
    count, last = 0, -np.inf
    for middle in sorted(middles):
        if middle - last > 0.7 * size:
            count, last = count + 1, middle
    return count


def _on_one_line(run: _Run, beside: _Run) -> bool:
    least = min(run.y1 - run.y0, beside.y1 - beside.y0)
    overlap = min(run.y1, beside.y1) - max(run.y0, beside.y0)
    alike = max(run.size, beside.size) < 1.3 * min(run.size, beside.size)
    return overlap > (0.7 if alike else 0.6) * least


def _edge(run: _Run) -> tuple[str, str]:
    """Return the first and the last character of a run from left to right."""
    inked = [glyph for glyph in run.glyphs if not glyph.is_space]
    first, last = min(inked, key=lambda glyph: glyph.x0), max(inked, key=lambda glyph: glyph.x1)
    return first.text[0], last.text[-1]


def _shared(pair: tuple[_Run, _Run], other: tuple[_Run, _Run]) -> float:
    """Return how much of the white between two runs is over or under that between two others."""
    return min(pair[1].x0, other[1].x0) - max(pair[0].x1, other[0].x1)


def _are_figures_flush_right(run: _Run, other: _Run) -> bool:
    return abs(run.x1 - other.x1) < 1 and _edge(run)[1].isdigit() and _edge(other)[1].isdigit()


def _word_gap(run: _Run) -> float:
    """Return the widest gap between the words of a run, no limit for a single word."""
    inked = sorted((glyph for glyph in run.glyphs if not glyph.is_space), key=lambda glyph: glyph.x0)
    gaps = [after.x0 - glyph.x1 for glyph, after in pairwise(inked)]
    return max((gap for gap in gaps if gap > MIN_SPACE * run.size), default=np.inf)


def _has_wide_space(run: _Run, right: _Run) -> bool:
    return any(
        glyph.text == "\u3000" and run.x1 - 1 < glyph.x0 < right.x0 for glyph in (*run.glyphs, *right.glyphs)
    )


# --- text of a line ----------------------------------------------------------------------------------------

_LEADERS = regex.compile(r"(?:[ \u00a0]?[.·…]){5,}[ \u00a0]?")
"""The dots of a table of contents."""
_LOST_BULLET = regex.compile(r"^\ufffd(?=\s)")
"""Bullets are often drawn by a symbol font that has no Unicode values."""


def _line(glyphs: list[Glyph], page: int) -> Iterator[Line]:
    inked = [glyph for glyph in glyphs if not glyph.is_space]
    glyphs = _from_left(glyphs)
    text = in_order(_LOST_BULLET.sub("•", _LEADERS.sub(" … ", logical(_texts(glyphs)))).strip())
    if text:
        sizes = sorted(glyph.size for glyph in inked)
        bold = sum(glyph.bold for glyph in inked) > 0.8 * len(inked)
        [(face, _)] = Counter(glyph.face for glyph in inked).most_common(1)
        x0, x1 = min(glyph.x0 for glyph in inked), max(glyph.x1 for glyph in inked)
        y0, y1 = min(glyph.y0 for glyph in inked), max(glyph.y1 for glyph in inked)
        yield Line(text, x0, y0, x1, y1, sizes[len(sizes) // 2], bold, page, face)


_MARK = regex.compile(r"[\p{Mn}--[\p{Arabic}\p{Hebrew}\p{Syriac}\p{Thaana}]]", regex.V1)


def _from_left(glyphs: list[Glyph]) -> list[Glyph]:
    """Return glyphs from left to right, and a vowel sign or tone over a letter right behind it.

    It takes no room: its place is where the next letter begins, as far as it is exact.
    """
    placed: list[tuple[float, Glyph]] = []
    for glyph in glyphs:
        at = glyph.x0
        if placed and _MARK.match(glyph.text) and abs(at - placed[-1][1].x1) < 0.5 * glyph.size:
            at = placed[-1][0]
        placed.append((at, glyph))
    return [glyph for _, glyph in sorted(placed, key=lambda each: each[0])]


def _texts(glyphs: list[Glyph]) -> list[str]:
    """Return the text of each glyph from left to right, with spaces where the gaps are.

    A space that takes no room is none: some programs draw one for a place where a word may be broken.
    """
    texts: list[str] = []
    last: Glyph | None = None
    end = 0.0
    spaced = False
    for glyph in glyphs:
        if glyph.is_space:
            spaced = True
            continue
        if last is not None:
            if glyph.text == texts[-1] and abs(glyph.x0 - last.x0) < 0.15 * glyph.size:
                continue  # printed twice to look bold
            cjk = is_unspaced(texts[-1][-1]) and is_unspaced(glyph.text[0])
            gap = glyph.x0 - end
            if gap > (_TAKEN if spaced else MIN_SPACE) * glyph.size and (spaced or not cjk):
                texts.append(" ")
        end = max(end, glyph.x1) if last is not None and _MARK.match(glyph.text) else glyph.x1
        texts.append(glyph.text)
        last, spaced = glyph, False
    return texts
