"""Fakes by protocol: an encoder that hashes words, and documents made of a few lines."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from qa.library import Library
from qa.types import Block, Document, Floats, Ints, Passage, Receipt, Span, TokenIds, Tokens

VOCABULARY = 1 << 21
_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯฀-๿]|[^\W_]+")  # kana, Han, Hangul and Thai stand alone


class HashingEncoder:
    """``Encoder`` and ``TokenEncoder``: a word's vector is drawn from a generator seeded by its hash.

    A text is the unit mean of its words, so texts that share words are near each other.
    """

    def __init__(self, dim: int = 32, name: str = "hashing") -> None:
        self.name = name
        self._dim = dim
        self._vectors: dict[int, Floats] = {}
        self.encoded = 0
        """How many passages were encoded so far."""

    @property
    def fingerprint(self) -> str:
        return f'{{"model": "{self.name}", "dim": {self._dim}}}'

    @property
    def dim(self) -> int:
        return self._dim

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        self.encoded += len(texts)
        return self._encode(texts)

    def token_ids(self, texts: Sequence[str]) -> list[TokenIds]:
        return [self.tokens(text).ids for text in texts]

    def vectors(self, ids: TokenIds) -> Floats:
        return np.array([self._vector(key) for key in ids.tolist()], np.float32).reshape(-1, self._dim)

    def directions(self, ids: TokenIds) -> tuple[Floats, Floats, Floats]:
        vectors = self.vectors(ids)
        lengths = np.linalg.norm(vectors, axis=1)
        return vectors, lengths, lengths

    def texts(self, ids: TokenIds) -> list[str]:
        return [f"\u2581{key}" for key in ids.tolist()]

    def tokens(self, text: str, ending: TokenIds | None = None) -> Tokens:
        found = list(_WORD.finditer(text))
        ids = np.array(
            [zlib.crc32(word.group().casefold().encode()) % VOCABULARY for word in found], dtype=np.uint32
        )
        spans: Ints = np.array([word.span() for word in found], dtype=np.int64).reshape(-1, 2)
        return Tokens(ids, spans)

    def names(self, text: str) -> None:
        return None

    def _encode(self, texts: Sequence[str]) -> Floats:
        sums = [self.vectors(self.tokens(text).ids).sum(axis=0) for text in texts]
        vectors = np.array(sums, np.float32).reshape(-1, self._dim)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Floats = vectors / np.maximum(norms, 1e-9)
        return unit

    def _vector(self, key: int) -> Floats:
        if key not in self._vectors:
            vector = np.random.default_rng(key).standard_normal(self._dim).astype(np.float32)
            self._vectors[key] = vector / np.linalg.norm(vector)
        return self._vectors[key]


def make_document(source: str, text: str, *, title: str = "", kind: str = "paragraph") -> Document:
    """Return a document whose lines are blocks of one kind."""
    ends = [-1, *(place for place, character in enumerate(text) if character == "\n"), len(text)]
    spans = [Span(before + 1, end) for before, end in pairwise(ends) if text[before + 1 : end].strip()]
    return Document(
        id=hashlib.sha256(f"{source}\0{text}".encode()).hexdigest()[:32],
        source=source,
        title=title,
        text=text,
        blocks=tuple(Block(span, kind) for span in spans),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def make_passages(document: Document) -> list[Passage]:
    """Return one passage for each block."""
    return [
        Passage(
            document.id,
            block.span,
            block.span.of(document.text),
            document.title,
            block.headings,
            block.page,
            reading_confidence=block.reading_confidence,
        )
        for block in document.blocks
    ]


ENCODER = HashingEncoder()


def create(path: Path) -> Library:
    """Open a library for writing, made for ``ENCODER`` if it is new."""
    return Library.open(
        path,
        fingerprint=ENCODER.fingerprint,
        token_fingerprint=ENCODER.fingerprint,
        dim=ENCODER.dim,
        write=True,
        create=True,
    )


def put(library: Library, document: Document, path: str = "") -> list[int]:
    """Add a document in a transaction of its own; return the ids of its passages."""
    passages = make_passages(document)
    texts = [passage.text for passage in passages]
    with library.transaction() as change:
        return change.add(document, path, passages, ENCODER.encode_passages(texts), ENCODER.token_ids(texts))


def drop(library: Library, source: str) -> Receipt:
    """Remove a document in a transaction of its own."""
    with library.transaction() as change:
        return change.remove(library.find(source).id)
