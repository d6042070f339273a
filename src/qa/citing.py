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
        """Return the quote and its entry in the numeric system: author. title[Z]. date: page."""
        author = f"{self.author}. " if self.author else ""
        page = f": {self.page}" if self.page else ""
        date = f". {self.date}" if self.date else ""
        return f"“{self.text}”[1]\n[1] {author}{self.title}[Z]{date}{page}."

    def _key(self) -> str:
        """Return a name of ASCII letters and digits, as every BibTeX takes it."""
        folded = unicodedata.normalize("NFKD", self.source.rpartition(".")[0] or self.source)
        words = re.findall(r"[A-Za-z0-9]+", folded)
        return "-".join([*words, self.date[:4]]).strip("-").lower() or "document"


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
