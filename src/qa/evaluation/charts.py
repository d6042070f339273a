"""Plots as SVG text: no library, no script, no network; colours and fonts come from the page around them.

Every plot carries a title and a description for screen readers; the numbers belong in a table beside it.
"""

from __future__ import annotations

import html
import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 330
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 74
LETTER = 8  # width of one, at most
_LEGEND = 30
"""Of the height, left out where there is one line."""
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CHARACTER = 7.0
"""Width of a letter of a legend, roughly."""


def escape(text: str) -> str:
    """Return ``text`` as HTML or XML that shows exactly it; what neither may hold shows as a mark."""
    return html.escape(_UNSENDABLE.sub("\ufffd", text), quote=True)


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows: its words, its ends, and the values that are written at it."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Return where ``value`` stands, 0 at ``low`` and 1 at ``high``."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


SHARE = tuple(number / 5 for number in range(6))


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a plot; ``sizes`` draw its points as dots of that share of the largest."""

    name: str
    points: tuple[tuple[float, float], ...]
    sizes: tuple[float, ...] = ()


def line_chart(
    identifier: str,
    title: str,
    description: str,
    series: Sequence[Series],
    *,
    x: Axis,
    y: Axis,
    ideal: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> str:
    """Return lines over two axes; ``ideal`` is a thin line to compare them with."""
    parts = [_grid(x, y)]
    if ideal is not None:
        parts.append(f'<path class="ideal" d="{_path(ideal, x, y)}"/>')
    for number, each in enumerate(series):
        parts.append(f'<path class="line s{number}" d="{_path(each.points, x, y)}"/>')
        for (across, up), size in itertools.zip_longest(each.points, each.sizes):
            if size is not None:
                radius = 3 + 7 * math.sqrt(size)
                parts.append(
                    f'<circle class="dot s{number}" cx="{_x(across, x):.1f}" cy="{_y(up, y):.1f}" r="{radius:.1f}"/>'
                )
    parts.append(_legend([each.name for each in series]))
    return _svg(identifier, title, description, "".join(parts), legend=len(series) > 1)


def bar_chart(
    identifier: str, title: str, description: str, bars: Sequence[tuple[str, int]], *, label: str
) -> str:
    """Return a histogram: a bar for each name, its number above it."""
    highest = max((count for _, count in bars), default=0) or 1
    y = Axis("questions", 0, highest, ())
    width = (WIDTH - LEFT - RIGHT) / max(1, len(bars))
    parts = [f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>']
    for number, (name, count) in enumerate(bars):
        left, top = LEFT + number * width, _y(count, y)
        middle = left + width / 2
        parts.append(
            f'<rect class="bar" x="{left + 2:.1f}" y="{top:.1f}" width="{width - 4:.1f}" '
            f'height="{HEIGHT - BOTTOM - top:.1f}"/>'
        )
        if count:
            parts.append(
                f'<text class="tick" x="{middle:.1f}" y="{top - 4:.1f}" text-anchor="middle">{count}</text>'
            )
        parts.append(
            f'<text class="tick" x="{middle:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(name)}</text>'
        )
    parts.append(_axis_label(label))
    return _svg(identifier, title, description, "".join(parts), top=-8)


def _svg(
    identifier: str, title: str, description: str, body: str, *, top: int = 0, legend: bool = False
) -> str:
    bottom = HEIGHT if legend else HEIGHT - _LEGEND
    return (
        f'<svg class="plot" viewBox="0 {top} {WIDTH} {bottom - top}" role="img" '
        f'aria-labelledby="{identifier}-title {identifier}-text">'
        f'<title id="{identifier}-title">{escape(title)}</title>'
        f'<desc id="{identifier}-text">{escape(description)}</desc>{body}</svg>'
    )


def _grid(x: Axis, y: Axis) -> str:
    parts = []
    for tick in y.ticks:
        place = _y(tick, y)
        parts.append(f'<path class="grid" d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(
            f'<text class="tick" x="{LEFT - 8}" y="{place + 4:.1f}" text-anchor="end">{_number(tick)}</text>'
        )
    for tick in x.ticks:
        place, number = _x(tick, x), _number(tick)
        anchor = "middle" if place + LETTER * len(number) / 2 < WIDTH else "end"
        parts.append(f'<path class="grid" d="M{place:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(
            f'<text class="tick" x="{place:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="{anchor}">{number}</text>'
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="label" transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y.label)}</text>"
    )
    parts.append(_axis_label(x.label))
    return "".join(parts)


def _axis_label(text: str) -> str:
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'<text class="label" x="{middle:.0f}" y="{HEIGHT - BOTTOM + 36}" text-anchor="middle">{escape(text)}</text>'


def _legend(names: Sequence[str]) -> str:
    """Return the names of the lines below the plot; one line needs none."""
    if len(names) < 2:
        return ""
    parts, left = [], float(LEFT)
    for number, name in enumerate(names):
        parts.append(f'<path class="line s{number}" d="M{left:.0f} {HEIGHT - 14}h24"/>')
        parts.append(f'<text class="tick" x="{left + 30:.0f}" y="{HEIGHT - 10}">{escape(name)}</text>')
        left += 54 + _CHARACTER * len(name)
    return "".join(parts)


def _path(points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> str:
    places = [f"{_x(across, x):.1f} {_y(up, y):.1f}" for across, up in points]
    return "M" + "L".join(places) if places else ""


def _x(value: float, axis: Axis) -> float:
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def _y(value: float, axis: Axis) -> float:
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}"
