"""Lines of a printed page put into reading order: columns, tables, then everything from top to bottom.

Coordinates are points with the origin at the lower left, as in PDF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

import regex

from qa.text.characters import is_unspaced


@dataclass(frozen=True, slots=True)
class Line:
    """A run of text on one baseline without a wide gap in it."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool = False
    page: int = 1

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


@dataclass(frozen=True, slots=True)
class Region:
    """A column, or a part of one: lines that are read from top to bottom. A table has its cells as lines."""

    lines: tuple[Line, ...]
    is_table: bool = False

    @property
    def x0(self) -> float:
        return min(line.x0 for line in self.lines)

    @property
    def x1(self) -> float:
        return max(line.x1 for line in self.lines)


MIN_GUTTER = 0.7
"""Of the font size: the white between two columns."""
MAX_SPANNING = 0.4
"""Of the lines: what may cross the gutter, headlines and the like."""
PROSE_FILL = 0.75
"""Lines of prose fill their column so far, on average; cells of a table do not."""
MIN_PROSE_WIDTH = 9.0
"""Of the font size: a narrower column is one of a table."""
_STEP = 2.0


def regions(lines: Sequence[Line]) -> Iterator[Region]:
    """Yield the lines of a page in reading order."""
    yield from _regions(_with_bullets(lines), 0)


def _regions(lines: Sequence[Line], depth: int) -> Iterator[Region]:
    if not lines:
        return
    gutter = _gutter(lines) if depth < 12 else None
    if gutter is None:
        yield from _stacked(lines)
        return
    left_first = not _is_right_to_left(lines)
    for spans, band in _bands(lines, gutter):
        if spans:
            yield from _stacked(band)
            continue
        if _is_table(band, gutter):
            yield Region(tuple(line for row in rows(band) for line in row), is_table=True)
            continue
        left = [line for line in band if line.x1 <= gutter]
        right = [line for line in band if line.x0 >= gutter]
        for column in (left, right) if left_first else (right, left):
            yield from _regions(column, depth + 1)


def rows(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield lines by baseline from the top, each row from left to right."""
    row: list[Line] = []
    for line in sorted(lines, key=lambda line: (-line.middle, line.x0)):
        if row and abs(row[0].middle - line.middle) > 0.4 * min(row[0].size, line.size):
            yield sorted(row, key=lambda line: line.x0)
            row = []
        row.append(line)
    if row:
        yield sorted(row, key=lambda line: line.x0)


_BULLET = regex.compile(r"[•●○◦▪■□◆▶‣⁃–—*-]|\(?\d{1,3}[.)]|[①-⑳]")


def _with_bullets(lines: Sequence[Line]) -> list[Line]:
    """Put a bullet or number and what stands right of it together: they are no columns."""
    joined: list[Line] = []
    for row in rows(lines):
        parts = iter(row)
        for line in parts:
            after = next(parts, None) if _BULLET.fullmatch(line.text) else None
            near = after is not None and after.x0 - line.x1 < 4 * after.size
            joined.extend(
                [_joined([line, after])] if after and near else [line] if not after else [line, after]
            )
    return joined


def table_rows(region: Region) -> Iterator[list[str]]:
    """Yield the rows of a table as the texts of their cells; a cell may have several lines."""
    cells: list[list[Line]] = []
    pitch = _row_pitch(region.lines)
    for line in sorted(region.lines, key=lambda line: (-line.middle, line.x0)):
        above = next((cell for cell in cells if _is_below(line, cell[-1], region.lines, pitch)), None)
        if above:
            above.append(line)
        else:
            cells.append([line])
    row: list[list[Line]] = []
    for cell in sorted(cells, key=lambda cell: -(cell[0].y1 + cell[-1].y0)):
        if row and not any(_beside(cell, other) for other in row):
            yield _texts(row)
            row = []
        row.append(cell)
    if row:
        yield _texts(row)


def _row_pitch(lines: Sequence[Line]) -> float:
    """Return the usual distance between rows that have several cells on one line, 0 without two of them."""
    found = [row[0].middle for row in rows(lines) if len(row) > 1]
    steps = sorted(upper - lower for upper, lower in pairwise(found))
    return steps[len(steps) // 2] if steps else 0.0


def _is_below(line: Line, last: Line, lines: Sequence[Line], row_pitch: float) -> bool:
    """Tell whether a line goes on in the cell of the line above: closer than rows are, or round another cell.

    A cell in the middle of its row stands between the lines of a cell beside it that has two.
    """
    step = last.middle - line.middle
    if abs(line.x0 - last.x0) > 3 or not 0 < step <= 1.65 * line.size or _has_neighbour(line, lines):
        return False
    if step < 0.85 * row_pitch:
        return True
    between = (other for other in lines if line.middle + 1 < other.middle < last.middle - 1)
    return not _has_neighbour(last, lines) and any(not _has_neighbour(other, lines) for other in between)


def _has_neighbour(line: Line, lines: Sequence[Line]) -> bool:
    return any(other is not line and abs(other.middle - line.middle) < 0.2 * line.size for other in lines)


def _beside(cell: list[Line], other: list[Line]) -> bool:
    """Tell whether two cells share a row: next to each other, and at the same height for the most part."""
    shared = min(cell[0].y1, other[0].y1) - max(cell[-1].y0, other[-1].y0)
    least = min(cell[0].y1 - cell[-1].y0, other[0].y1 - other[-1].y0)
    return shared > 0.5 * least and (cell[0].x0 >= other[0].x1 or cell[0].x1 <= other[0].x0)


def _texts(row: list[list[Line]]) -> list[str]:
    return [
        join_lines([line.text for line in cell], frozenset())
        for cell in sorted(row, key=lambda cell: cell[0].x0)
    ]


def _stacked(lines: Sequence[Line]) -> Iterator[Region]:
    """Yield lines without columns: runs of table rows, and all else with the parts of a line put together."""
    for is_table, group in groupby(_marked_rows(lines), key=lambda row: row[0]):
        parts = [row for _, row in group]
        if is_table:
            yield Region(tuple(line for row in parts for line in row), is_table=True)
        else:
            yield Region(tuple(_joined(row) for row in parts))


def _marked_rows(lines: Sequence[Line]) -> list[tuple[bool, list[Line]]]:
    """Tell of each row whether it is one of a table: its cells begin or end where a neighbour's do."""
    found = list(rows(lines))
    marks = [
        len(row) > 1 and any(_align(row, found[near]) for near in (at - 1, at + 1) if 0 <= near < len(found))
        for at, row in enumerate(found)
    ]
    for at, row in enumerate(found):
        if len(row) > 1 and (more := _broken_rows(row, found[at + 1 : at + 8])):
            marks[at : at + 1 + more] = [True] * (1 + more)
    return list(zip(marks, found, strict=True))


def _broken_rows(row: list[Line], after: list[list[Line]]) -> int:
    """Return how many lines after a table row stand in its columns, the last one not in the first."""
    last = 0
    for number, other in enumerate(after, 1):
        columns = [_column(cell, row) for cell in other]
        if None in columns:
            break
        if any(columns):
            last = number
    return last


def _column(cell: Line, row: list[Line]) -> int | None:
    return next((number for number, head in enumerate(row) if abs(cell.x0 - head.x0) < 3), None)


def _align(row: list[Line], other: list[Line]) -> bool:
    return len(other) > 1 and any(
        abs(cell.x0 - above.x0) < 3 or abs(cell.x1 - above.x1) < 3 for cell in row[1:] for above in other[1:]
    )


def _joined(row: list[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    ordered = list(reversed(row)) if _is_right_to_left(row) else row
    first = row[0]
    return Line(
        " ".join(line.text for line in ordered),
        first.x0,
        min(line.y0 for line in row),
        max(line.x1 for line in row),
        max(line.y1 for line in row),
        max(line.size for line in row),
        all(line.bold for line in row),
        first.page,
    )


def _gutter(lines: Sequence[Line]) -> float | None:
    """Return where a white strip parts the lines into columns, None for a single column.

    Few lines may cross the strip, and enough of them must stand on either side; the strip that the
    fewest cross wins, then the widest.
    """
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    cells = int((right - left) / _STEP) + 2
    starts, ends = [0] * cells, [0] * cells
    for line in lines:
        starts[int((line.x0 - left) / _STEP)] += 1
        ends[int((line.x1 - left) / _STEP) + 1] += 1
    before = [0, *accumulate(starts)]  # lines that start before the cell
    done = list(accumulate(ends))  # lines that end before it
    least = max(2, len(lines) // 8)
    sizes = sorted(line.size for line in lines)
    needed = max(int(MIN_GUTTER * sizes[len(sizes) // 2] / _STEP), 2)

    def crossing(cell: int) -> int | None:
        crossed = before[cell + 1] - done[cell]
        to_come = len(lines) - before[cell + 1]
        return crossed if crossed <= MAX_SPANNING * len(lines) and min(done[cell], to_come) >= least else None

    strips = [(crossed, list(strip)) for crossed, strip in groupby(range(cells), key=crossing)]
    wide = [(crossed, strip) for crossed, strip in strips if crossed is not None and len(strip) >= needed]
    if not wide:
        return None
    _, strip = min(wide, key=lambda found: (found[0], -len(found[1])))
    return left + (strip[0] + len(strip) / 2) * _STEP


def _bands(lines: Sequence[Line], gutter: float) -> Iterator[tuple[bool, list[Line]]]:
    """Yield the page from the top as lines that cross the gutter, and lines beside it between those."""
    ordered = sorted(lines, key=lambda line: -line.middle)
    for spans, group in groupby(ordered, key=lambda line: line.x0 < gutter < line.x1):
        band = list(group)
        if spans:
            yield True, band
            continue
        above, columns, below = _trimmed(band, gutter)
        yield from ((True, part) for part in [above] if part)
        yield from ((False, part) for part in [columns] if part)
        yield from ((True, part) for part in [below] if part)


def _trimmed(band: list[Line], gutter: float) -> tuple[list[Line], list[Line], list[Line]]:
    """Part off what stands alone above or below columns: the end of a wide paragraph, a list."""
    sides = ([line for line in band if line.x1 <= gutter], [line for line in band if line.x0 >= gutter])
    if not all(sides):
        return band, [], []
    top = min(max(line.y1 for line in side) for side in sides)
    bottom = max(min(line.y0 for line in side) for side in sides)
    above = [line for line in band if line.y0 > top]
    rest = [line for line in band if line.y0 <= top]
    below = _set_off(max(sides, key=lambda side: -min(line.y0 for line in side)), bottom)
    return above, [line for line in rest if line not in below], below


def _set_off(column: list[Line], bottom: float) -> list[Line]:
    """Return the lines under ``bottom`` that are no part of the column: white above, and none is full."""
    width = max(line.width for line in column)
    ordered = sorted(column, key=lambda line: -line.y1)
    for place, (line, after) in enumerate(pairwise(ordered), 1):
        rest = ordered[place:]
        apart = after.y1 < bottom and line.y0 - after.y1 > 0.6 * after.size
        if apart and all(each.width < 0.85 * width for each in rest):
            return rest
    return []


def _is_table(band: Sequence[Line], gutter: float) -> bool:
    """Tell a table from columns of prose: its cells stand on common lines and do not fill their column."""
    found = list(rows(band))
    shared = sum(row[0].x1 <= gutter <= row[-1].x0 for row in found)
    if shared < 2 or shared < 0.6 * min(
        sum(row[0].x1 <= gutter for row in found), sum(row[-1].x0 >= gutter for row in found)
    ):
        return False
    sides = ([line for line in band if line.x1 <= gutter], [line for line in band if line.x0 >= gutter])
    return not all(_is_prose(side) for side in sides)


def _is_prose(lines: Sequence[Line]) -> bool:
    inner = _gutter(lines)
    if inner is not None:
        parts = ([line for line in lines if line.x1 <= inner], [line for line in lines if line.x0 >= inner])
        return all(_is_prose(part) for part in parts)
    widest = max(line.width for line in lines)
    size = sum(line.size for line in lines) / len(lines)
    return widest >= MIN_PROSE_WIDTH * size and sum(
        line.width for line in lines
    ) >= PROSE_FILL * widest * len(lines)


_RIGHT_TO_LEFT = regex.compile(r"[\p{Arabic}\p{Hebrew}]")


def _is_right_to_left(lines: Sequence[Line]) -> bool:
    sample = "".join(line.text for line in lines)[:2000]
    return 2 * len(_RIGHT_TO_LEFT.findall(sample)) > sum(char.isalpha() for char in sample)


# --- lines to text -----------------------------------------------------------------------------------------


def join_lines(texts: Sequence[str], known: frozenset[str]) -> str:
    """Return lines as running text: nothing between Chinese or Thai, broken words whole, else a space.

    ``known`` are words of the document: a hyphen at a line's end stays if the compound is among them.
    """
    joined = ""
    for text in texts:
        if not joined:
            joined = text
        elif _HYPHEN.search(joined) and text[0].islower():
            joined = _unhyphenated(joined, text, known)
        elif _is_tight(joined[-1], text[0]):
            joined += text
        else:
            joined = f"{joined} {text}"
    return joined


def _is_tight(before: str, after: str) -> bool:
    if is_unspaced(before) and is_unspaced(after):
        return True
    return bool((_CJK.match(before) and after.isdigit()) or (before.isdigit() and _CJK.match(after)))


_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_HYPHEN = regex.compile(r"\p{L}[-\u00ad\u2010]$")
_LAST_WORD = regex.compile(r"(?r)[\p{L}\p{M}]+")
_FIRST_WORD = regex.compile(r"[\p{L}\p{M}]+")


def _unhyphenated(before: str, after: str, known: frozenset[str]) -> str:
    stem = before[:-1]
    head, tail = _LAST_WORD.search(stem), _FIRST_WORD.match(after)
    if before[-1] != "\u00ad" and head and tail and f"{head[0]}-{tail[0]}".lower() in known:
        return before + after
    return stem + after


def hyphenated_words(texts: Sequence[str]) -> frozenset[str]:
    """Return the compounds that stand within a line with their hyphen, in lower case."""
    return frozenset(word.lower() for text in texts if "-" in text for word in _COMPOUND.findall(text))


_COMPOUND = regex.compile(r"[\p{L}\p{M}]+-[\p{L}\p{M}]+")
