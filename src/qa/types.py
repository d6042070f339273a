"""The nouns: documents, passages, hits, quotes and answers, and the protocols between layers.

Every offset is a code point of ``Document.text``, the one stored text of a document version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.errors import QAError, QuoteMismatch, ScopeError

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
TokenIds = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range ``[start, end)`` of code points."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"Span needs 0 <= start <= end, got start={self.start} end={self.end}.")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """Return the slice of ``text`` that this span names."""
        return text[self.start : self.end]

    def shift(self, offset: int) -> Span:
        """Return the span moved by ``offset``: passage offsets become document offsets."""
        return Span(self.start + offset, self.end + offset)

    def contains(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, paragraph, list item, table row or record of a document.

    ``kind`` is one of ``heading paragraph item row record ocr``; a record is a row of data that says its own
    column names, and so a passage by itself. ``page`` counts from 1 and is None where the
    format has no pages; ``headings`` are the headings above the block, outermost first (a heading's
    own text is not among its ``headings``); ``level`` is 1 for a top heading, 0 for what is not one.
    ``reading_confidence`` (0 to 1) is how sure the program that read a scan is of its characters, on average.
    """

    span: Span
    kind: str = "paragraph"
    page: int | None = None
    headings: tuple[str, ...] = ()
    level: int = 0
    reading_confidence: float | None = None


def blocks_to_json(blocks: Sequence[Block]) -> str:
    """Return blocks as the library stores them, and as readers send them."""
    trails: dict[tuple[str, ...], int] = {}  # each trail of headings once: many blocks share one
    rows = [
        (
            *(b.span.start, b.span.end, b.kind, b.page, trails.setdefault(b.headings, len(trails)), b.level),
            *(() if b.reading_confidence is None else (b.reading_confidence,)),
        )
        for b in blocks
    ]
    return json.dumps({"headings": list(trails), "blocks": rows}, ensure_ascii=False, separators=(",", ":"))


def blocks_from_json(text: str) -> tuple[Block, ...]:
    data = json.loads(text)
    trails = [tuple(headings) for headings in data["headings"]]
    return tuple(
        Block(Span(start, end), kind, page, trails[trail], level, *reading)
        for start, end, kind, page, trail, level, *reading in data["blocks"]
    )


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one document: its text and the blocks that cover what is worth searching.

    ``id`` is derived from source and text, so a link to it means this version; ``source`` is what
    people see (a path relative to the indexed folder, or a file name); ``sha256`` is of the bytes read.
    ``author`` and ``date`` (``2024``, ``2024-05`` or ``2024-05-03``) are what the file says of itself;
    ``language`` (``zh``) is told from the text, or else what the file says. They are empty where they
    are not known.
    """

    id: str
    source: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    sha256: str
    media_type: str = "text/plain"
    pages: int | None = None
    warnings: tuple[str, ...] = ()
    author: str = ""
    date: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A slice of a document made of whole sentences under one heading.

    ``document.text[span.start:span.end] == text`` always. ``id`` is 0 until the library gives one.
    ``sentences`` are the document spans of its sentences, in order: what a quote is made of.
    ``headings`` end with the row that names the columns, where the passage goes on with a table from another one.
    ``reading_confidence`` (0 to 1) is that of its least sure block that was read from a scan, None if none was.
    """

    document_id: str
    span: Span
    text: str
    title: str = ""
    headings: tuple[str, ...] = ()
    page: int | None = None
    id: int = 0
    sentences: tuple[Span, ...] = ()
    reading_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one feature of the ranking brought to a score: ``weight`` times ``value``; ``meaning`` is its name in plain
    words."""

    name: str
    meaning: str
    value: float
    weight: float

    @property
    def points(self) -> float:
        return self.weight * self.value


@dataclass(frozen=True, slots=True)
class Meeting:
    """A word of the question and the word that it met best.

    ``place`` is ``passage``, with the document span of ``met``; ``title``, for a word of the title or the headings,
    which are searched with the passage and are no part of it; or empty where the word met nothing. ``score`` (-1 to
    about 1) says how well they met: half of it by themselves, half amid their neighbours. ``weight`` is the word's
    share of the question (0 to 1).
    """

    asked: str
    weight: float
    met: str
    place: str
    span: Span | None
    score: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit was found: ``intercept`` and the points of ``shares`` add up to ``score``; ``words`` are the question's
    weighty words, in order."""

    score: float
    intercept: float
    shares: tuple[Share, ...]
    words: tuple[Meeting, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of ``explanation`` in ``qa search --explain --json``."""
        return {
            "score": self.score,
            "intercept": self.intercept,
            "shares": [
                {
                    "name": share.name,
                    "meaning": share.meaning,
                    "value": share.value,
                    "weight": share.weight,
                    "points": share.points,
                }
                for share in self.shares
            ],
            "words": [
                {
                    "asked": word.asked,
                    "weight": word.weight,
                    "met": word.met,
                    "place": word.place,
                    "start": word.span.start if word.span else None,
                    "end": word.span.end if word.span else None,
                    "score": word.score,
                }
                for word in self.words
            ],
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands."""

    source: str
    document_id: str
    page: int | None
    span: Span

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "document_id": self.document_id,
            "page": self.page,
            "start": self.span.start,
            "end": self.span.end,
        }


class _Found:
    """Room beside the fields of a hit: how it was found is no part of its value, so it is neither compared, printed,
    copied nor pickled."""

    __slots__ = ("_explain", "_tokens")

    _explain: Callable[[Hit], Explanation]
    _tokens: TokenIds


@dataclass(frozen=True, slots=True)
class Hit(_Found):
    """A passage found for a question. ``score`` orders hits (higher is better) and is no probability.

    ``features`` names what the score was made of, for explanation and for the calibrator; for the latter also among how
    many passages it was found (``searched``).
    """

    rank: int
    score: float
    passage: Passage
    source: str
    features: dict[str, float] = field(default_factory=dict)
    also: tuple[Place, ...] = ()
    """Where else the very same passage is printed, as far as it was found."""

    @property
    def text(self) -> str:
        return self.passage.text

    @property
    def page(self) -> int | None:
        return self.passage.page

    @property
    def headings(self) -> tuple[str, ...]:
        return self.passage.headings

    @property
    def reading_confidence(self) -> float | None:
        return self.passage.reading_confidence

    @property
    def start(self) -> int:
        return self.passage.span.start

    @property
    def end(self) -> int:
        return self.passage.span.end

    def found_by(self, explain: Callable[[Hit], Explanation], tokens: TokenIds) -> Hit:
        """Return the hit with what is called where it is asked why it was found, and the tokens (t,) that the library
        has of its passage."""
        hit = replace(self)
        object.__setattr__(hit, "_explain", explain)
        object.__setattr__(hit, "_tokens", tokens)
        return hit

    def found_as(self, other: Hit) -> Hit:
        """Return the hit with what another was found by, if it is known."""
        return self.found_by(other._explain, other._tokens) if hasattr(other, "_explain") else self

    @property
    def tokens(self) -> TokenIds | None:
        """The passage's tokens (t,) as the library has them, those of title and headings first; None in a copy."""
        return getattr(self, "_tokens", None)

    def explain(self) -> Explanation:
        """Say what each feature brought to the score, and which words of the question met which of the passage.

        Raises:
            QAError: the hit does not come from a search of this process, but is a copy or was made by hand.
        """
        if not hasattr(self, "_explain"):
            raise QAError("This hit cannot say why it was found: it is a copy. Explain the hits of a search.")
        return self._explain(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of ``qa search --json`` and of ``hits`` in ``qa ask --json``."""
        return {
            "rank": self.rank,
            "score": self.score,
            "source": self.source,
            "title": self.passage.title,
            "page": self.page,
            "headings": list(self.headings),
            "start": self.start,
            "end": self.end,
            "passage_id": self.passage.id,
            "document_id": self.passage.document_id,
            "text": self.text,
            "reading_confidence": self.reading_confidence,
            "also": [place.to_dict() for place in self.also],
        }


@dataclass(frozen=True, slots=True)
class Quote:
    """Verbatim words of a document, with their place; ``highlights`` are the answering words.

    All spans are document offsets; highlights lie inside ``span``, ordered, without overlap.
    """

    text: str
    span: Span
    document_id: str
    source: str
    passage_id: int
    title: str = ""
    page: int | None = None
    headings: tuple[str, ...] = ()
    highlights: tuple[Span, ...] = ()
    also: tuple[Place, ...] = ()
    """Where else the passage of the quote is printed."""

    def verify(self, document_text: str) -> None:
        """Raise ``QuoteMismatch`` unless the quote equals the stored text at its span."""
        if self.span.of(document_text) != self.text:
            raise QuoteMismatch(self.source, self.span.start, self.span.end)

    def to_dict(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "source": self.source,
            "title": self.title,
            "page": self.page,
            "headings": list(self.headings),
            "start": self.span.start,
            "end": self.span.end,
            "passage_id": self.passage_id,
            "document_id": self.document_id,
            "highlights": [[span.start, span.end] for span in self.highlights],
            "also": [place.to_dict() for place in self.also],
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is an answer or none, free of any language; ``reasons.say`` puts it into words.

    ``kind`` is one of ``agrees answered`` for an answer and ``empty missing but number date unsure weak`` for none.
    ``shared`` are words of the question that stand in the passage of ``source`` too, ``missed`` those that it lacks.
    """

    kind: str
    source: str = ""
    shared: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question got: a quote, or None with the reason in words.

    ``confidence`` is the calibrated probability (0 to 1) that the best quote answers the question;
    ``nearest`` is that best quote even when it was withheld. ``reason`` is in the question's language, ``why`` in none.
    """

    question: str
    quote: Quote | None
    confidence: float
    reason: str
    hits: tuple[Hit, ...]
    nearest: Quote | None = None
    why: Reason | None = None

    @property
    def answered(self) -> bool:
        return self.quote is not None

    @property
    def reading_confidence(self) -> float | None:
        """How sure (0 to 1) the program that read the scan of the best quote is of its letters; None if it is no scan.

        It says nothing of whether the quote answers.
        """
        return self.hits[0].reading_confidence if self.hits and (self.quote or self.nearest) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the one JSON object of ``qa ask --json``."""
        return {
            "question": self.question,
            "answered": self.answered,
            "confidence": self.confidence,
            "reason": self.reason,
            "quote": self.quote and {**self.quote.to_dict(), "reading_confidence": self.reading_confidence},
            "hits": [hit.to_dict() for hit in self.hits],
        }


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation: what was asked, how it was read, what was answered."""

    question: str
    standalone: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A line of the list of documents: everything but the text."""

    id: str
    source: str
    title: str
    path: str
    media_type: str
    pages: int | None
    passages: int
    characters: int
    sha256: str
    added: str
    """UTC, ISO 8601."""
    author: str = ""
    date: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The documents that a question is asked of. What is empty leaves none out; all that is given must hold.

    ``within`` are folders (``zh``) or documents (``zh/a.txt``), as sources name them, of which one must hold the
    document; ``languages`` are tags (``zh``). ``since`` and ``until`` are dates (``2024``, ``2024-05`` or
    ``2024-05-03``): a document counts if it may be of that time, and one without a date does not.

    Raises:
        ScopeError: a date is none.
    """

    within: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        for date in (self.since, self.until):
            if date and not re.fullmatch(
                r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", date, re.ASCII
            ):
                raise ScopeError(f"'{date}' is no date. Write 2024, 2024-05 or 2024-05-03.")

    def __bool__(self) -> bool:
        return bool(self.within or self.languages or self.since or self.until)

    def holds(self, document: DocumentInfo) -> bool:
        """Say whether a document is in the scope."""
        return (
            (not self.within or any(_is_in(document.source, each) for each in self.within))
            and (not self.languages or document.language in self.languages)
            and (not self.since or _may_be_since(document.date, self.since))
            and (not self.until or _may_be_since(self.until, document.date))
        )


def _is_in(source: str, folder: str) -> bool:
    folder = folder.rstrip("/")
    return source == folder or source.startswith(f"{folder}/")


def _may_be_since(date: str, since: str) -> bool:
    """Compare two dates as far as both go: of 2024 it may be since 2024-05."""
    known = min(len(date), len(since))
    return known > 0 and date[:known] >= since[:known]


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file that could not be read, or was read with loss, and why, in a sentence."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that was not read, and its kind: ``.xyz``, ``no extension``, ``broken link`` …"""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A document that was added or updated: how much of it there is, and what was lost, in sentences.

    ``language`` is a tag such as ``zh``, "" where it is not known.
    """

    source: str
    passages: int
    pages: int | None = None
    language: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A document that has the text of another one, ``of``, or nearly so.

    ``share`` (0.8 to 1) is how much of both is in both; 1 where they differ in white space only.
    """

    source: str
    of: str
    share: float


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one indexing run did, by source. ``failed`` files are reported and the rest is indexed.

    ``left_out`` are those of a kind that is not read; ``files`` says more of those added and updated.
    """

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[FileProblem, ...] = ()
    warnings: tuple[FileProblem, ...] = ()
    passages: int = 0
    seconds: float = 0.0
    left_out: tuple[LeftOut, ...] = ()
    files: tuple[IndexedFile, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    """Which of those added and updated have the text of another document, or nearly so."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a removal: the document and how many rows of each kind are gone."""

    source: str
    document_id: str
    passages: int
    vectors: int
    postings: int


@dataclass(frozen=True, slots=True)
class Compaction:
    """The bytes of a library's files before and after they were written anew."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup or an export that was made, or that a library was restored from."""

    path: str
    documents: int
    passages: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Mending:
    """What was wrong with a library, what was done about it, and which documents are lost, in sentences."""

    problems: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one text: ids (t,), and spans (t, 2) as code points of that text."""

    ids: TokenIds
    spans: Ints

    def within(self, start: int, end: int) -> Span:
        """Return which tokens overlap the characters from ``start`` to ``end``."""
        starts, ends = self.spans.T
        return Span(int(ends.searchsorted(start, "right")), int(starts.searchsorted(end)))


@dataclass(frozen=True, slots=True)
class Laid:
    """Texts laid end to end with gaps between them: the tokens of all (t,), which of the distinct ones each is (t,),
    with a last one for what is in a gap, directions (n, d) of these with their norms (n,), the lengths (n + 1,) of the
    vectors, and where each text begins and ends."""

    tokens: TokenIds
    row: Ints
    directions: Floats
    norms: Floats
    lengths: Floats
    starts: Ints
    ends: Ints


@dataclass(frozen=True, slots=True)
class Met:
    """Tokens of a question that make a name, the places (m,) of the tokens that are the name in other letters in texts
    that are laid end to end, the cosine that each of both has with each, and the least length of the question's."""

    asked: Span
    places: Ints
    cosine: float
    length: float


class Names(Protocol):
    """What may be names in a question, able to tell where a text has them in other letters."""

    def met(self, texts: Laid) -> Iterator[Met]:
        """Yield where the names are in other letters."""
        ...

    def terms(self) -> list[str]:
        """Return what the postings have of the names in other letters."""
        ...

    def text(self) -> str:
        """Return the words that may be names, of several tokens and a script with capitals: passages are searched for
        these alone."""
        ...


class Encoder(Protocol):
    """Turns texts into unit vectors; questions and passages may be prompted differently."""

    @property
    def fingerprint(self) -> str:
        """Name, revision, dimension and prompts in one line: a library refuses another's vectors."""
        ...

    @property
    def dim(self) -> int: ...

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors (n, dim)."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors (n, dim)."""
        ...


class TokenEncoder(Protocol):
    """The vectors of single tokens, for late interaction, the quote and the highlights."""

    @property
    def fingerprint(self) -> str: ...

    def token_ids(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the token ids of each text: what a library stores beside a passage."""
        ...

    def vectors(self, ids: TokenIds) -> Floats:
        """Return the vectors (t, d) of token ids (t,); the norm is the token's weight."""
        ...

    def directions(self, ids: TokenIds) -> tuple[Floats, Floats, Floats]:
        """Return directions (t, d) of the vectors of token ids (t,), their norms (t,), and the vectors' lengths (t,).

        What needs only cosines and lengths is spared scaling every vector.
        """
        ...

    def texts(self, ids: TokenIds) -> list[str]:
        """Return how the tokenizer writes tokens: one that begins a word begins with "▁"."""
        ...

    def tokens(self, text: str, ending: TokenIds | None = None) -> Tokens:
        """Return the tokens of a text. Those of a stored passage, ``ending`` (t,), end with its text's: they need not
        be found anew."""
        ...

    def names(self, text: str) -> Names | None:
        """Return what may be names in a question; None without any."""
        ...


class Retriever(Protocol):
    """Finds passages for a question, best first."""

    def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]: ...
