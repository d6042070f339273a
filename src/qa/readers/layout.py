"""Lines of a printed page put into reading order: articles, columns, tables, and what stands apart from them.

Coordinates are points with the origin at the lower left, as in PDF. Lines that stand under each other are a block; the
order of blocks is the topological one of Breuel, *High Performance Document Layout Analysis* (2003), within each
article. An article is what stands under a headline over several columns.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import regex

from qa.text.characters import is_caseless, is_unspaced


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: a frame or a tint, a picture, or a rule between columns."""

    x0: float
    y0: float
    x1: float
    y1: float

    def holds(self, line: Line) -> bool:
        return self.x0 - 2 <= line.x0 and line.x1 <= self.x1 + 2 and self.y0 <= line.middle <= self.y1


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
    face: str = ""
    """The name of the typeface, the same for its cuts."""
    has_drop_cap: bool = False
    """It begins with a letter as high as several lines, and so begins a paragraph."""

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
    is_aside: bool = False
    """Apart from the text: a caption, a box, a note."""
    is_headline: bool = False
    """It stands over several columns, or cuts an article off in one."""
    is_list: bool = False
    """Each line is an item."""
    reading_confidence: float | None = None
    """Of what was read from a picture: its one line is a paragraph, and its place is not known."""
    column: float = -np.inf
    """How far the lines of its column go, where it has too few itself to tell."""

    @property
    def x0(self) -> float:
        return min(line.x0 for line in self.lines)

    @property
    def x1(self) -> float:
        return max(self.column, *(line.x1 for line in self.lines))


PROSE_FILL = 0.75
"""Lines of prose fill their column so far, on average; cells of a table do not."""
MAX_PROSE_PITCH = 1.75
"""Of the font size: rows of a table stand further apart than lines of a column."""
MIN_PROSE_WIDTH = 9.0
"""Of the font size: a narrower column is one of a table."""
MAX_LINES = 3_000
"""A page with more lines is a drawing or an index: they are read from top to bottom."""


def regions(
    lines: Sequence[Line], *, frames: Sequence[Box] = (), pictures: Sequence[Box] = ()
) -> Iterator[Region]:
    """Yield the lines of a page in reading order; ``frames`` are boxes drawn on it."""
    if not lines:
        return
    joined = _with_bullets(lines)
    body = _body(joined)
    if len(lines) > MAX_LINES:
        yield Region(tuple(_by_rows(lines)))
        return
    framed = _framed(joined, frames)
    pictures = [*pictures, *(frame for frame in frames if not any(frame.holds(line) for line in joined))]
    tables = _tables(_without(joined, framed), body)
    blocks = [_Block(tuple(stack)) for stack in _stacks(_without(joined, [*framed, *tables]))]
    blocks = _marked(blocks, pictures, body)
    blocks += [_Block(tuple(_by_rows(table)), is_table=True) for table in tables]
    blocks += [_Block(tuple(held), is_aside=True, is_framed=True) for held in framed]
    for block in _in_order(blocks, body):
        if block.is_framed:
            yield from (replace(region, is_aside=True) for region in regions(block.lines))
        else:
            yield Region(
                block.lines,
                block.is_table,
                block.is_aside,
                block.is_headline,
                is_list=_is_list(block, blocks),
                column=_column(block, blocks) if len(block.lines) <= 2 else -np.inf,
            )


def table_cells(lines: Sequence[Line]) -> frozenset[Line]:
    """Return the lines of a page that are cells of tables."""
    joined = _with_bullets(lines)
    if not lines or len(lines) > MAX_LINES:
        return frozenset()
    return frozenset(cell for table in _tables(joined, _body(joined)) for cell in table)


def _column(block: _Block, blocks: Sequence[_Block]) -> float:
    """Return the right edge of the column that a block begins or goes on, if longer ones show it."""
    edges = [
        other.x1
        for other in blocks
        if len(other.lines) > 2
        and other.lines is not block.lines
        and not (other.is_aside or other.is_table)
        and abs(other.x0 - block.x0) < 2.5 * block.size
        and other.x1 > block.x1 - block.size
    ]
    return min(edges, default=-np.inf)


def _is_list(block: _Block, blocks: Sequence[_Block]) -> bool:
    """Tell whether a block is a list: short lines in their column that begin anew and end no sentence.

    What stands under it is further away than its lines are from each other, or it were text beside a picture.
    """
    lines = block.lines
    if len(lines) < 2 or block.is_aside or block.is_table or any(_ENDS.search(line.text) for line in lines):
        return False
    widths = [line.width for line in lines]
    # where no letter is a capital, lines of a narrow column are told by their likeness
    is_even = is_caseless(lines[0].text[0]) and max(widths) - min(widths) < 1.5 * block.size
    if lines[0].text[0].islower() or (is_even and max(widths) > _NARROW * block.size):
        return False
    white = max(above.y0 - line.y1 for above, line in pairwise(lines))
    under = [
        block.y0 - other.y1
        for other in blocks
        if other.lines is not lines
        and other.y1 < block.y0 + block.size / 2
        and min(block.x1, other.x1) > max(block.x0, other.x0)
    ]
    return (
        max(widths) < _SHORT * (_column(block, blocks) - block.x0)
        and min(under, default=np.inf) > max(white, 0.0) + 0.25 * block.size
        and all(_may_begin(above, line) for above, line in pairwise(lines))
    )


def _without(lines: Sequence[Line], groups: Sequence[Sequence[Line]]) -> list[Line]:
    taken = {id(line) for group in groups for line in group}
    return [line for line in lines if id(line) not in taken]


def _by_rows(lines: Sequence[Line]) -> Iterator[Line]:
    for row in rows(lines):
        yield from row


# --- blocks ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Lines under each other in one column, a table, or a box."""

    lines: tuple[Line, ...]
    is_table: bool = False
    is_aside: bool = False
    is_framed: bool = False
    is_headline: bool = False

    @property
    def x0(self) -> float:
        return min(line.x0 for line in self.lines)

    @property
    def x1(self) -> float:
        return max(line.x1 for line in self.lines)

    @property
    def y0(self) -> float:
        return min(line.y0 for line in self.lines)

    @property
    def y1(self) -> float:
        return max(line.y1 for line in self.lines)

    @property
    def size(self) -> float:
        return sorted(line.size for line in self.lines)[len(self.lines) // 2]

    @property
    def length(self) -> int:
        return sum(len(line.text) for line in self.lines)


def _framed(lines: Sequence[Line], frames: Sequence[Box]) -> list[list[Line]]:
    """Return the lines in each frame that holds a few, but not most, of the text of a page."""
    most = 0.5 * sum(len(line.text) for line in lines)

    def held(frame: Box) -> list[Line]:
        return [line for line in lines if frame.holds(line)]

    small = [frame for frame in frames if 0 < sum(len(line.text) for line in held(frame)) < most]
    found = []
    taken: set[int] = set()
    for frame in sorted(_touching(small), key=lambda frame: -(frame.x1 - frame.x0) * (frame.y1 - frame.y0)):
        inside = [line for line in held(frame) if id(line) not in taken]
        is_text = len(list(rows(inside))) > 1 and sum(len(line.text) for line in inside) < most
        if is_text and not _crosses(frame, lines, inside):
            taken.update(map(id, inside))
            found.append(inside)
    return found


def _touching(frames: Sequence[Box]) -> list[Box]:
    """Return frames that touch as one: the cells of a table, a border over a tint."""
    united: list[Box] = []
    for frame in frames:
        while touched := [
            other
            for other in united
            if other.x0 - 2 < frame.x1
            and frame.x0 - 2 < other.x1
            and other.y0 - 2 < frame.y1
            and frame.y0 - 2 < other.y1
        ]:
            united = [other for other in united if other not in touched]
            boxes = [frame, *touched]
            frame = Box(
                min(box.x0 for box in boxes),
                min(box.y0 for box in boxes),
                max(box.x1 for box in boxes),
                max(box.y1 for box in boxes),
            )
        united.append(frame)
    return united


def _crosses(frame: Box, lines: Sequence[Line], held: Sequence[Line]) -> bool:
    """Tell whether a line runs over the border of a frame, which then is no frame of text."""
    return any(
        line.y0 < frame.y1 - 2
        and line.y1 > frame.y0 + 2
        and (line.x0 < frame.x0 - 2 < line.x1 - 4 or line.x0 + 4 < frame.x1 + 2 < line.x1)
        for line in lines
        if line not in held
    )


@dataclass(slots=True)
class _Stack:
    """Lines under each other, as they are found, and how far they go to both sides."""

    lines: list[Line]
    x0: float
    x1: float

    def add(self, line: Line) -> None:
        self.lines.append(line)
        self.x0, self.x1 = min(self.x0, line.x0), max(self.x1, line.x1)


def _stacks(lines: Sequence[Line]) -> list[list[Line]]:
    """Return lines in stacks: a line joins the one above it, unless others stand beside it there."""
    ordered = sorted(lines, key=lambda line: -line.middle)
    depths = [-line.middle for line in ordered]
    done: list[_Stack] = []
    recent: list[_Stack] = []
    for line in ordered:
        low, high = (bisect_left(depths, side * 0.7 * line.size - line.middle) for side in (-1, 1))
        recent = [
            stack for stack in recent if stack.lines[-1].middle - line.middle < 4 * stack.lines[-1].size
        ]
        above = [stack for stack in recent if _is_close(stack, line)]
        if len(above) == 1 and _is_alone(line, above[0], ordered[low:high]):
            above[0].add(line)
        else:
            done.append(_Stack([line], line.x0, line.x1))
            recent.append(done[-1])
    return [stack.lines for stack in done]


def _is_close(stack: _Stack, line: Line) -> bool:
    """Tell whether a line stands right under a stack: as near as its lines are, and over some of its width."""
    last = stack.lines[-1]
    gap = last.y0 - line.y1
    if not -0.6 * line.size < gap < 0.9 * min(line.size, last.size):
        return False
    shared = min(stack.x1, line.x1) - max(stack.x0, line.x0)
    return shared > 0.3 * min(stack.x1 - stack.x0, line.width) and last.middle - line.middle > 0.5 * line.size


def _is_alone(line: Line, stack: _Stack, beside: Sequence[Line]) -> bool:
    """Tell whether a line goes on with the stack above it: set alike, about as wide, with no line beside it there."""
    last = stack.lines[-1]
    if abs(last.size - line.size) > 0.08 * last.size:
        return False
    if last.face != line.face and abs(last.size - line.size) > 0.02 * last.size:
        return False
    slack = 2.5 * line.size
    if len(stack.lines) > 1 and (line.x0 < stack.x0 - slack or line.x1 > stack.x1 + slack):
        return False
    return not any(
        other is not line and min(stack.x1, other.x1) - max(stack.x0, other.x0) > 0.3 * other.width
        for other in beside
    )


@dataclass(frozen=True, slots=True)
class _Body:
    """How most of the text of a page is set."""

    size: float
    face: str


def _body(lines: Sequence[Line]) -> _Body:
    sizes: Counter[float] = Counter()
    faces: Counter[str] = Counter()
    for line in lines:
        sizes[round(line.size * 4) / 4] += len(line.text)
        faces[line.face] += len(line.text)
    return _Body(sizes.most_common(1)[0][0], faces.most_common(1)[0][0])


def _marked(blocks: list[_Block], pictures: Sequence[Box], body: _Body) -> list[_Block]:
    """Mark captions and notes: short, set unlike the text, and beside a picture or between two parts of a column."""
    return [
        replace(block, is_aside=True)
        if not block.is_table
        and _is_set_apart(block, body)
        and (
            _is_beside_picture(block, pictures)
            or _interrupts(block, blocks, body)
            or _is_outermost(block, blocks)
        )
        else block
        for block in blocks
    ]


def _is_set_apart(block: _Block, body: _Body) -> bool:
    if block.length > 500 or len(block.lines) > 8:
        return False
    smaller = block.size < 0.96 * body.size
    other_face = block.lines[0].face != body.face and block.size < 1.05 * body.size
    return smaller or other_face


def _is_beside_picture(block: _Block, pictures: Sequence[Box]) -> bool:
    return any(
        min(block.x1, picture.x1) - max(block.x0, picture.x0) > 0.5 * (block.x1 - block.x0)
        and (
            -block.size < picture.y0 - block.y1 < 2.5 * block.size
            or -block.size < block.y0 - picture.y1 < 2.5 * block.size
        )
        for picture in pictures
    )


def _is_outermost(block: _Block, blocks: Sequence[_Block]) -> bool:
    """Tell whether a line stands above or below all there is on the page, but for others like it."""
    if len(block.lines) > 1:
        return False
    others = [other for other in blocks if len(other.lines) > 1]
    return all(other.y1 <= block.y0 for other in others) or all(other.y0 >= block.y1 for other in others)


def _interrupts(block: _Block, blocks: Sequence[_Block], body: _Body) -> bool:
    """Tell whether a block stands in or under a column of text that is set otherwise: a note, a caption."""
    column = [
        other
        for other in blocks
        if other is not block
        and abs(other.size - body.size) < 0.06 * body.size
        and min(block.x1, other.x1) - max(block.x0, other.x0) > 0.6 * (block.x1 - block.x0)
    ]
    return any(other.y0 > block.y1 - 2 for other in column)


# --- tables ------------------------------------------------------------------------------------------------


def _tables(lines: Sequence[Line], body: _Body) -> list[list[Line]]:
    """Return the lines of each table: pairs of cells on one line over pairs in the same columns, not prose."""
    columns = _stacks(lines)
    running = [column for column in columns if _is_prose(column)]
    prose = {id(line): False for line in lines} | {
        id(line): True
        for column in columns
        if any(column is other or _fills(column, other) for other in running)
        for line in column
    }
    cells = [line for line in lines if not prose[id(line)] and line.size < 1.15 * body.size]
    pairs = [pair for row in rows(cells) for pair in pairwise(row)]
    # a cell in the middle of its row stands between the lines of the cell beside it
    loose = [*pairs, *((left, right) for left in cells for right in _beside_loosely(left, cells))]
    loose.sort(key=lambda pair: pair[0].middle)
    heights = [left.middle for left, _ in loose]
    tables: list[list[Line]] = []
    for left, right in pairs:
        low, high = (bisect_left(heights, left.middle + side * 4 * left.size) for side in (-1, 1))
        for under, beside in loose[low:high]:
            apart = abs(left.middle - under.middle)
            if apart > 0.5 * left.size and _aligned(left, under) and _aligned(right, beside):
                _unite(tables, [left, right, under, beside])
    whole: list[list[Line]] = []
    for table in tables:
        _unite(whole, _completed(table, lines, prose))
    return whole


def _beside_loosely(left: Line, cells: Sequence[Line]) -> Iterator[Line]:
    near = (
        right
        for right in cells
        if right.x0 > left.x1 and 0.4 * left.size <= abs(right.middle - left.middle) < 0.9 * left.size
    )
    found = min(near, key=lambda right: right.x0, default=None)
    if found is not None:
        yield found


def _aligned(line: Line, under: Line) -> bool:
    return (
        abs(line.x0 - under.x0) < 3
        or abs(line.x1 - under.x1) < 3
        or abs(line.x0 + line.x1 - under.x0 - under.x1) < 4
    )


def _unite(tables: list[list[Line]], lines: Sequence[Line]) -> None:
    """Put lines into the table that has one of them already, or a new one; tables that share a line become one."""
    held = {id(line) for line in lines}
    same = [table for table in tables if any(id(line) in held for line in table)]
    if len(same) == 1:
        has = {id(line) for line in same[0]}
        same[0] += [line for line in lines if id(line) not in has]
        return
    united = {id(line): line for table in (*same, lines) for line in table}
    tables[:] = [table for table in tables if not any(table is each for each in same)]
    tables.append(list(united.values()))


def _completed(table: list[Line], lines: Sequence[Line], prose: dict[int, bool]) -> list[Line]:
    """Add what stands within a table, and row by row what is in line with its columns above and below."""
    whole = {id(line): line for line in table}
    grown = True
    while grown:
        grown = False
        cells = list(whole.values())
        x0, x1 = min(cell.x0 for cell in cells) - 3, max(cell.x1 for cell in cells) + 3
        y0, y1 = min(cell.y0 for cell in cells), max(cell.y1 for cell in cells)
        near = [
            line
            for line in lines
            if min(x1, line.x1) - max(x0, line.x0) > 0.5 * line.width
            and line.y0 - y1 < 2 * line.size
            and y0 - line.y1 < 2 * line.size
        ]
        for line in near:
            if id(line) in whole:
                continue
            inside = y0 <= line.middle <= y1
            if inside or (not prose[id(line)] and _is_in_columns(line, near, cells)):
                whole[id(line)] = line
                grown = True
    return list(whole.values())


def _is_in_columns(line: Line, near: Sequence[Line], cells: Sequence[Line]) -> bool:
    """Tell whether a line is in line with a column, and one beside it with another."""
    return any(_aligned(cell, line) for cell in cells) and any(
        abs(other.middle - line.middle) < 1.2 * line.size
        and (other.x0 > line.x1 or other.x1 < line.x0)
        and any(cell is not other and _aligned(cell, other) for cell in cells)
        for other in near
    )


# --- order -------------------------------------------------------------------------------------------------


def _in_order(blocks: Sequence[_Block], body: _Body) -> list[_Block]:
    """Return the blocks of a page as they are read: article by article, asides behind what they stand under."""
    places = [_Place(block) for block in blocks]
    flowing = [place for place in places if not place.block.is_aside]
    ordered: list[_Place] = []
    for article in _articles(flowing or places, body):
        ordered += _topological(article)
    for place in sorted((place for place in places if place not in ordered), key=lambda place: -place.y1):
        above = _nearest_above(place, ordered)
        below = next((at for at, other in enumerate(ordered) if other.shares_width(place)), len(ordered))
        at = ordered.index(above) + 1 if above else below
        while at < len(ordered) and ordered[at].block.is_aside and ordered[at].is_left_of(place):
            at += 1
        ordered.insert(at, place)
    return [replace(place.block, is_headline=place.is_headline) for place in ordered]


class _Place:
    """A block with its place, which is asked for often."""

    def __init__(self, block: _Block) -> None:
        self.block = block
        self.x0, self.x1, self.y0, self.y1 = block.x0, block.x1, block.y0, block.y1
        self.is_headline = False

    def shares_width(self, other: _Place, least: float = 0.2) -> bool:
        shared = min(self.x1, other.x1) - max(self.x0, other.x0)
        return shared > least * min(self.x1 - self.x0, other.x1 - other.x0)

    def is_left_of(self, other: _Place) -> bool:
        """Tell whether this stands to the left of another at the same height."""
        return self.x0 < other.x0 and min(self.y1, other.y1) > max(self.y0, other.y0)

    def is_above(self, other: _Place) -> bool:
        return self.y1 > other.y1 and self.y0 + self.y1 > other.y0 + other.y1


def _nearest_above(place: _Place, places: Sequence[_Place]) -> _Place | None:
    above = [
        other
        for other in places
        if other is not place and other.shares_width(place) and other.is_above(place)
    ]
    return min(above, key=lambda other: other.y0, default=None)


def _articles(places: Sequence[_Place], body: _Body) -> list[list[_Place]]:
    """Return the blocks of each article, what stands under a headline over several columns, from the top."""
    ordered = sorted(places, key=lambda place: (-place.y1, place.x0))
    nearest = {place: _nearest_above(place, ordered) for place in ordered}
    above = {place: _headline_beside(place, nearest, body) or upper for place, upper in nearest.items()}
    under: dict[_Place, list[_Place]] = {place: [] for place in ordered}
    for place, upper in above.items():
        if upper is not None:
            under[upper].append(place)
    for place in ordered:
        place.is_headline = _is_over_columns(under[place]) or _cuts(place, above[place], ordered, body)
    start: dict[_Place, _Place | None] = {}
    for place, upper in above.items():
        is_title = upper is not None and len(under[upper]) == 1 and _is_title(upper, place, body)
        start[place] = None if place.is_headline and not is_title else upper
    groups: dict[_Place | None, list[_Place]] = {}
    for place in ordered:
        groups.setdefault(_headline(place, start), []).append(place)
    return list(groups.values())


def _headline_beside(place: _Place, above: Mapping[_Place, _Place | None], body: _Body) -> _Place | None:
    """Return the headline over the column to the left that begins level with this one, if it is nearer than its own.

    A short headline does not reach over all the columns of its article.
    """
    upper = above[place]
    if place.block.size > 1.1 * body.size:
        return None
    beside = [
        (other.x1, headline)
        for other, headline in above.items()
        if headline is not None
        and other.x1 < place.x0
        and abs(other.y1 - place.y1) < 1.6 * body.size
        and headline.block.size > 1.1 * body.size
        and headline.y0 - other.y1 < 2 * headline.block.size
        and other.block.size < 1.1 * body.size
        and (upper is None or (headline.y0 < upper.y0 - body.size and headline.y1 < upper.y1 - body.size))
    ]
    return max(beside, key=lambda found: found[0], default=(0.0, None))[1]


def _headline(place: _Place, start: Mapping[_Place, _Place | None]) -> _Place | None:
    """Return the first line of the headline of the article that a block is of, None for what stands under none."""
    headline = None
    at: _Place | None = place
    while at is not None:
        headline = at if at.is_headline or headline is not None else None
        at = start[at]
    return headline


def _is_over_columns(under: Sequence[_Place]) -> bool:
    columns = [place for place in under if len(place.block.lines) > 2 or place.block.length > 60]
    return any(not place.shares_width(other) for place, other in pairwise(columns))


def _cuts(place: _Place, upper: _Place | None, places: Sequence[_Place], body: _Body) -> bool:
    """Tell whether a headline in one column stands in the middle of a sentence, which goes on in the next column."""
    if upper is None or place.block.size < 1.1 * body.size or upper.block.size > 1.1 * body.size:
        return False
    last = upper.block.lines[-1]
    if len(upper.block.lines) < 3 or last.x1 < upper.x1 - 0.5 * last.size or not last.text[-1].isalpha():
        return False
    columns = [
        other
        for other in places
        if other.x0 > upper.x1
        and other.y1 > upper.y0
        and abs(other.block.size - last.size) < 0.06 * last.size
    ]
    after = min(columns, key=lambda other: (round(other.x0), -other.y1), default=None)
    if after is None:
        return False
    first = after.block.lines[0].text[0]
    return first.islower() or is_caseless(first)


def _is_title(upper: _Place, place: _Place, body: _Body) -> bool:
    """Tell whether a block is a line of the headline that the block under it ends: a title over a subtitle."""
    near = upper.y0 - place.y1 < 1.5 * max(upper.block.size, place.block.size)
    return near and upper.block.size > 1.1 * body.size and upper.block.length < 200


def _topological(places: Sequence[_Place]) -> Iterator[_Place]:
    """Yield blocks so that each follows what is above it in its columns, and what is left of it.

    Left of counts only if no block between the two, from top to bottom, spans both: that would part the page.
    """
    over = np.array([[a is not b and a.shares_width(b) and a.is_above(b) for b in places] for a in places])
    left = np.array([[not a.shares_width(b) and a.x0 < b.x0 for b in places] for a in places])
    parted = (over.astype(np.float32) @ over.astype(np.float32)) > 0
    before = over | (left & ~parted & ~parted.T)
    waiting = before.sum(axis=0)
    left_over = set(range(len(places)))
    last: int | None = None
    while left_over:
        ready = [at for at in left_over if waiting[at] == 0] or list(left_over)
        at = min(
            ready,
            key=lambda at: (
                not (last is not None and over[last, at]),
                places[at].x0 if waiting[at] == 0 else 0,
                -places[at].y1,
            ),
        )
        yield places[at]
        left_over.remove(at)
        waiting = waiting - before[at]
        last = at


# --- rows and tables as text -------------------------------------------------------------------------------


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


def table_parts(region: Region) -> Iterator[list[list[str]]]:
    """Yield rows as the texts of their cells, of tables under each other apart; a cell may have several lines."""
    cells: list[list[Line]] = []
    pitch = _row_pitch(region.lines)
    for line in sorted(region.lines, key=lambda line: (-line.middle, line.x0)):
        above = next((cell for cell in cells if _is_below(line, cell[-1], region.lines, pitch)), None)
        if above:
            above.append(line)
        else:
            cells.append([line])
    row: list[list[Line]] = []
    found: list[list[list[Line]]] = []
    for cell in sorted(cells, key=lambda cell: -(cell[0].y1 + cell[-1].y0)):
        if row and not any(_beside(cell, other) for other in row):
            found.append(row)
            row = []
        row.append(cell)
    yield from ([_texts(row) for row in part] for part in _parted(found + [row] * bool(row)))


def _parted(found: Sequence[list[list[Line]]]) -> Iterator[list[list[list[Line]]]]:
    """Yield rows of cells, parted where much more white is between two than is usual."""
    tops = [max(cell[0].y1 for cell in row) for row in found]
    ends = [min(cell[-1].y0 for cell in row) for row in found]
    gaps = [end - top for end, top in zip(ends, tops[1:], strict=False)]
    usual = sorted(gaps)[len(gaps) // 2] if gaps else 0.0
    start = 0
    for at, gap in enumerate(gaps, 1):
        if gap > usual + found[at][0][0].size:
            yield list(found[start:at])
            start = at
    yield list(found[start:])


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


def _joined(row: list[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    first = row[0]
    return Line(
        " ".join(line.text for line in row),
        first.x0,
        min(line.y0 for line in row),
        max(line.x1 for line in row),
        max(line.y1 for line in row),
        max(line.size for line in row),
        all(line.bold for line in row),
        first.page,
        first.face,
    )


def _is_prose(lines: Sequence[Line]) -> bool:
    """Tell whether lines under each other are running text: broken because the next word would not have fitted."""
    if len(lines) < 3:
        return False
    widest = max(line.width for line in lines)
    size = sum(line.size for line in lines) / len(lines)
    pitches = sorted(above.middle - line.middle for above, line in pairwise(lines))
    if pitches[len(pitches) // 2] > MAX_PROSE_PITCH * size:
        return False
    starts = [line.text[0] for line in lines[1:]]
    cased = sum(first.isupper() or first.islower() or first.isdigit() for first in starts)
    if cased > 0.7 * len(starts) and sum(first.islower() for first in starts) < 0.3 * cased:
        return False  # each line begins anew
    full = sum(line.width > 0.97 * widest for line in lines)
    if widest >= 6 * size and len(lines) >= 5 and full >= 0.6 * len(lines):
        return True
    forced = sum(line.width + _first_word(after) > 0.98 * widest for line, after in pairwise(lines))
    but_last = lines[:-1]
    filled = sum(line.width for line in but_last) >= PROSE_FILL * widest * len(but_last)
    return widest >= MIN_PROSE_WIDTH * size and filled and forced >= 0.6 * (len(lines) - 1)


def _fills(lines: Sequence[Line], column: Sequence[Line]) -> bool:
    """Tell whether a line or two go on in a column of running text: as far to both sides, but for a last line."""
    x0, x1 = min(line.x0 for line in column), max(line.x1 for line in column)
    size = column[0].size
    return (
        len(lines) < 3
        and abs(lines[0].size - size) < 0.08 * size
        and all(abs(line.x0 - x0) < 2.5 * size for line in lines)
        and all(0.85 * (x1 - x0) < line.width < x1 - x0 + size for line in lines[:1])
    )


def _first_word(line: Line) -> float:
    """Return about how wide the first word of a line is with a space before it, or its first character in Chinese."""
    word = 1 if is_unspaced(line.text[0]) else 1 + len(line.text.split(maxsplit=1)[0])
    return line.width * word / max(1, len(line.text))


# --- lists -------------------------------------------------------------------------------------------------

_NEIGHBOURS = 3
"""Lines on either side that tell how far a line may go: beside a picture a column is narrower for a while."""
_ENDS = regex.compile(r"[.:!?。：！？।؟][\p{Pf}\p{Pe}\"']*$")
_SHORT = 0.5
"""Of its column: lines that are all shorter were not broken to fill it."""
_NARROW = 6.0
"""Of the font size: no column of Chinese or Japanese is so narrow."""
_LONG = 0.8
"""Of the widest line: lines of running text are longer, half of a list's are not."""


def item_starts(region: Region) -> frozenset[int]:
    """Return the numbers of the lines that begin an item of a list without bullets, or what follows the list.

    A line was broken on purpose if the next word would have fitted into it. Two in a row are a list; so is a column
    of nothing but short lines, of which none goes on in the next one. The first item may stand under a full line.
    """
    lines = region.lines
    if region.is_list:
        return frozenset(range(1, len(lines)))
    if len(lines) > 2 and _is_ragged(lines) and not _is_like_prose(lines):
        return frozenset(range(1, len(lines)))
    meant = [False, *(_is_meant(region, at) for at in range(1, len(lines))), False]
    starts = {at for at in range(1, len(lines)) if meant[at] and (meant[at - 1] or meant[at + 1])}
    firsts = {at - 1 for at in starts if at > 1} - starts
    under = {at for at in firsts if _ENDS.search(lines[at - 1].text) and not _ENDS.search(lines[at].text)}
    for at in range(2, len(lines)):  # the last of a list has none behind it to tell how far it may go
        if at - 1 in starts and _follows_item(region, at):
            starts.add(at)
    return frozenset(starts | under)


def _follows_item(region: Region, at: int) -> bool:
    """Tell whether a line begins anew under a short item; in letters without case that is no sign."""
    last, line = region.lines[at - 1 : at + 1]
    is_short = last.width < _SHORT * (region.x1 - region.x0)
    return is_short and not is_caseless(line.text[0]) and _may_begin(last, line)


def _is_ragged(lines: Sequence[Line]) -> bool:
    """Tell whether most lines are much shorter than the longest: they were not broken to fill a column."""
    widest = max(line.width for line in lines)
    return 2 * sum(line.width < _LONG * widest for line in lines) >= len(lines)


def _is_like_prose(lines: Sequence[Line]) -> bool:
    """Tell whether a line goes on in the next one, is as long as the next one, or ends a sentence."""
    least = _LONG * max(line.width for line in lines)
    return any(_ENDS.search(line.text) for line in lines) or any(
        not _may_begin(above, line) or min(above.width, line.width) >= least
        for above, line in pairwise(lines)
    )


def _is_meant(region: Region, at: int) -> bool:
    """Tell whether the line before was broken though there was room for the first word of this one."""
    last, line = region.lines[at - 1 : at + 1]
    near = region.lines[max(0, at - 1 - _NEIGHBOURS) : at + 1 + _NEIGHBOURS]
    edge = region.x1 if _is_ragged(near) else max(each.x1 for each in near)
    needed = 2.5 * line.size if is_caseless(line.text[0]) else 1.3 * _first_word(line) + line.size
    return edge - last.x1 > needed and _may_begin(last, line)


def _may_begin(last: Line, line: Line) -> bool:
    """Tell whether a line could be the next item: set like the one before, flush with it, and begun anew."""
    return (
        abs(last.x0 - line.x0) < 1
        and abs(last.size - line.size) < 0.08 * line.size
        and not (last.bold or line.bold)
        and not line.text[0].islower()
        and last.text[-1] not in "-\u00ad\u2010,，、"
    )


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
