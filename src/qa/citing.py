"""A quote with its citation: as plain text, for BibTeX, and by GB/T 7714-2015.

Only what the document says of itself is cited: what is not known is left out, and nothing is made up for it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from qa.types import Document, Span


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote, and what is known of the document that it stands in."""

    text: str
    source: str
    title: str
    author: str = ""
    date: str = ""
    """``2024``, ``2024-05`` or ``2024-05-03``."""
    language: str = ""
    page: int | None = None
    headings: tuple[str, ...] = ()
    media_type: str = ""

    @classmethod
    def of(cls, document: Document, span: Span) -> Citation:
        """Return the citation of a span of a document."""
        block = next((block for block in document.blocks if block.span.end > span.start), None)
        return cls(
            text=span.of(document.text),
            source=document.source,
            title=document.title or document.source,
            author=document.author,
            date=document.date,
            language=document.language,
            page=block.page if block else None,
            headings=block.headings if block else (),
            media_type=document.media_type,
        )

    def plain(self) -> str:
        """Return the quote, and below it author, title, date, page, heading and file."""
        heading = self.headings[-1] if self.headings and self.headings[-1] != self.title else ""
        page = f"p. {self.page}" if self.page else ""
        file = f"[{self.source}]" if self.source != self.title else ""
        facts = ", ".join(filter(None, (self.author, self.title, self.date, page, heading)))
        return f"“{self.text}”\n— {facts} {file}".rstrip()

    def bibtex(self) -> str:
        """Return an entry ``@misc``, the quote as its annotation."""
        year, _, rest = self.date.partition("-")
        fields = {
            "author": self.author
            and f"{{{_latex(self.author)}}}",  # one name, not parted at "and" or a comma
            "title": f"{{{_latex(self.title)}}}",
            "year": year,
            "month": rest[:2].lstrip("0"),
            "pages": str(self.page or ""),
            "language": self.language,
            "howpublished": _latex(self.source),
            "annote": _latex(f"“{self.text}”"),
        }
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
        return f"@misc{{{self._key()},\n{lines}\n}}"

    def gbt7714(self) -> str:
        """Return the quote and its entry in the numeric system: author. title[kind]. date: page.

        For a page of a newspaper: author. title[N]. newspaper, date(page). A document whose source is an address:
        author. title[EB/OL]. (date). address.
        """
        start = f"“{self.text}”[1]\n[1] {f'{self.author}. ' if self.author else ''}{self.title}"
        if self.source.startswith(_ADDRESS):
            date = f" ({self.date})." if self.date else ""
            return f"{start}[EB/OL].{date} {self.source}."
        if paper := _newspaper(self.source):
            date = f", {self.date or paper.date}" if self.date or paper.date else ""
            return f"{start}[N]. {paper.name}{date}({paper.page})."
        page = f": {self.page}" if self.page else ""
        date = f". {self.date}" if self.date else ""
        return f"{start}[{self._kind()}]{date}{page}."

    def _kind(self) -> str:
        """Return the standard's letter for what a document is, ``Z`` (other) unless its format or title says it."""
        by_title = next((kind for kind, words in _TITLED.items() if words.search(self.title)), "Z")
        return _KIND_OF_FORMAT.get(self.media_type, by_title)

    def _key(self) -> str:
        """Return a name of ASCII letters and digits, as every BibTeX takes it."""
        folded = unicodedata.normalize("NFKD", self.source.rpartition(".")[0] or self.source)
        words = re.findall(r"[A-Za-z0-9]+", folded)
        return "-".join([*words, self.date[:4]]).strip("-").lower() or "document"


_ADDRESS = ("http://", "https://")
_KIND_OF_FORMAT = {
    "application/epub+zip": "M",
    "text/csv": "DS",
    "text/tab-separated-values": "DS",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "DS",
}
"""Books and tables; a PDF or a text may be anything."""
_TITLED = {
    "C": re.compile(r"(论文集|論文集|会议录|會議錄|会議録)$|^proceedings\b", re.IGNORECASE),
    "R": re.compile(r"(报告|報告|報告書|\breport)$", re.IGNORECASE),
}
"""What a title calls its own document."""


@dataclass(frozen=True, slots=True)
class _Newspaper:
    name: str
    page: int
    date: str


_PAPER = re.compile(r"([^\W\d_]*[报報])[\W\d_年月日]*第\s?(\d{1,3})\s?版")
_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})[-年._]?(0[1-9]|1[0-2])[-月._]?(0[1-9]|[12]\d|3[01])(?!\d)")


def _newspaper(source: str) -> _Newspaper | None:
    """Return the newspaper whose page a file is by its name, as in 人民日报 2024-05-03 第6版; None for any other."""
    name = source.rpartition("/")[2]
    if not (found := _PAPER.search(name)):
        return None
    day = _DAY.search(name)
    return _Newspaper(found[1], int(found[2]), "-".join(day.groups()) if day else "")


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "#$%&_"},
}


def _latex(text: str) -> str:
    """Return text that LaTeX sets as it is; line breaks become spaces."""
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))
