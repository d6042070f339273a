"""What every reader makes, and how: text appended piece by piece, blocks noted as it is appended."""

from __future__ import annotations

from dataclasses import dataclass, field

from qa.types import Block, Span


class Unreadable(ValueError):
    """The bytes are no document a reader can read; the message goes on after "FILE: "."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reader found in a file: the text to store and its blocks."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    pages: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Outline:
    """The headings above the place that is being read."""

    _open: list[tuple[int, str]] = field(default_factory=list)

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._open)

    def enter(self, rank: int, text: str) -> tuple[tuple[str, ...], int]:
        """Open a heading; return the headings above it and its level. A lower ``rank`` is higher up."""
        while self._open and self._open[-1][0] >= rank:
            self._open.pop()
        above = self.headings
        self._open.append((rank, one_line(text)))
        return above, len(above) + 1


class TextBuilder:
    """Builds the stored text of a format that is not text itself; offsets fall out of the appending."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._outline = Outline()
        self.blocks: list[Block] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, text: str, kind: str = "paragraph", *, page: int | None = None, rank: int = 0) -> None:
        """Append ``text`` as a block, blank text not; ``rank`` (1 is highest) is for headings."""
        text = text.strip()
        if not text:
            return
        level, headings = 0, self._outline.headings
        if kind == "heading":
            headings, level = self._outline.enter(rank, text)
        self._append(self._separator(kind))
        start = self._length
        self._append(text)
        self.blocks.append(Block(Span(start, self._length), kind, page, headings, level))

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _separator(self, kind: str) -> str:
        """Items and rows of one list or table stand on lines of their own, all else a line apart."""
        if not self.blocks:
            return ""
        together = kind in ("item", "row") and self.blocks[-1].kind == kind
        return "\n" if together else "\n\n"


def one_line(text: str, limit: int = 200) -> str:
    """Return ``text`` with its white space single and at most ``limit`` characters of it."""
    words = " ".join(text[: 4 * limit].split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def first_heading(text: str, blocks: tuple[Block, ...] | list[Block], within: int = 10) -> str:
    """Return the highest heading among the first blocks as a title, or ""."""
    headings = [block for block in blocks[:within] if block.kind == "heading"]
    best = min(headings, key=lambda block: block.level, default=None)
    return one_line(best.span.of(text)) if best else ""
