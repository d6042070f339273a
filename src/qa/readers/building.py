"""What every reader makes, and how: text appended piece by piece, blocks noted as it is appended."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from qa.types import Block, Span


class Unreadable(ValueError):
    """The bytes are no document a reader can read; the message goes on after "FILE: "."""


class NotNow(Unreadable):
    """There was not enough time or memory: another time the same bytes may be read."""


class NoDocument(Unreadable):
    """The bytes are sound, but nothing that people read; a folder leaves such files out by ``kind``."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a file: an entry of an archive, or an attachment.

    ``unpack`` returns its bytes or raises ``Unreadable``; ``size`` is what that will cost.
    """

    name: str
    size: int
    unpack: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reader found in a file: the text to store and its blocks."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    pages: int | None = None
    warnings: tuple[str, ...] = ()
    author: str = ""
    date: str = ""
    """When it was published or sent, where the file says so: ``2024``, ``2024-05`` or ``2024-05-03``."""
    changed: str = ""
    """When the file was last changed, in the same form: what a program noted, be it only at a conversion."""
    language: str = ""
    """What the file says of its language, as a primary tag: ``zh``."""
    members: tuple[Member, ...] = ()


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
        self._parted = False
        self.blocks: list[Block] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(
        self,
        text: str,
        kind: str = "paragraph",
        *,
        page: int | None = None,
        rank: int = 0,
        reading_confidence: float | None = None,
    ) -> None:
        """Append ``text`` as a block; ``rank`` (1 is highest) is for headings. Blank text only parts two tables."""
        text = shown(text).strip()
        if not text:
            self._parted = True
            return
        level, headings = 0, self._outline.headings
        if kind == "ocr":  # none is told on a scan, and that of the page before is of another text
            headings = ()
        if kind == "heading":
            headings, level = self._outline.enter(rank, text)
        self._append(self._separator(kind))
        self._parted = False
        start = self._length
        self._append(text)
        span = Span(start, self._length)
        self.blocks.append(Block(span, kind, page, headings, level, reading_confidence))

    def end_headings(self) -> None:
        """What is appended from here on stands under none of the headings so far."""
        self._outline = Outline()

    def embed(self, parsed: Parsed) -> None:
        """Append the text of another reader whole; its headings come under those that are open."""
        if not parsed.blocks:
            return
        above = self._outline.headings
        self._append("\n\n" if self.blocks else "")
        start = self._length
        self._append(parsed.text)
        self.blocks += [
            replace(
                block,
                span=block.span.shift(start),
                headings=above + block.headings,
                level=block.level + len(above) if block.level else 0,
            )
            for block in parsed.blocks
        ]

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _separator(self, kind: str) -> str:
        """Items and rows of one list or table stand on lines of their own, all else a line apart."""
        if not self.blocks:
            return ""
        together = kind in ("item", "row", "record") and self.blocks[-1].kind == kind
        together = together and not (kind == "row" and self._parted)
        return "\n" if together else "\n\n"


_UNSHOWN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


def shown(text: str) -> str:
    """Return ``text`` with ``�`` for what no database holds and no terminal shows, one for one."""
    return _UNSHOWN.sub("\ufffd", text)


def one_line(text: str, limit: int = 200) -> str:
    """Return ``text`` with its white space single and at most ``limit`` characters of it."""
    words = " ".join(text[: 4 * limit].split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def numbered(numbers: list[int]) -> str:
    """Return "page 3" or "pages 1, 4–7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    names = ", ".join("–".join(map(str, run)) for run in runs)
    return f"page{'s' if len(numbers) > 1 else ''} {names}"


def first_heading(text: str, blocks: tuple[Block, ...] | list[Block], within: int = 10) -> str:
    """Return the highest heading among the first blocks as a title, or ""."""
    headings = [block for block in blocks[:within] if block.kind == "heading"]
    best = min(headings, key=lambda block: block.level, default=None)
    return one_line(best.span.of(text)) if best else ""


_DATE = re.compile(r"\s*(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?(?!\d)")

_TEMPLATES = ("2013-12-23T23:15", "2013-01-27T09:14")
"""When the templates of python-docx and python-pptx were saved: the date of no document made from them."""


def iso_date(text: str | None) -> str:
    """Return the date at the beginning of an ISO 8601 or W3CDTF text, or ""."""
    if text and text.startswith(_TEMPLATES):
        return ""
    found = _DATE.match(text or "")
    return "-".join(filter(None, found.groups())) if found else ""


def primary_language(tag: str | None) -> str:
    """Return ``zh`` of ``zh-Hant-TW``, or ""."""
    found = re.match(r"\s*([A-Za-z]{2,3})(?![A-Za-z])", tag or "")
    return found[1].lower() if found else ""
