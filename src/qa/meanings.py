"""Words of other languages that mean what the words of a question mean, to look for passages by.

The mean vector of a passage drowns the one word that a question hangs on. Where a library is in another language than
the question, each token of the question is looked for as the whole words of that language that are nearest to it:
probabilistic structured queries (Darwish and Oard, SIGIR 2003), the probabilities being cosines.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from qa.languages import Languages
from qa.text import words
from qa.types import Floats, TokenEncoder, TokenIds

NEAREST = 8
"""Words that may stand for one of a question."""

LEAST = 0.35
"""Cosine from which they may."""

SPOKEN = 0.2
"""Share of a library's passages from which its words are looked for in a language."""

SAMPLED = 256
"""Passages that tell which languages a library is in."""

WORD = "\u2581"
"""What a token of a script with spaces begins with where it begins a word."""

UNSPACED = frozenset({"ja", "th", "zh"})

Meant = list[tuple[str, float]]
"""Search terms that may stand for one token of a question, and how much each counts."""


class Meanings:
    """Finds search terms by the vectors of whole tokens; those of a language are kept once it was asked for."""

    def __init__(self, encoder: TokenEncoder, languages: Languages) -> None:
        self._encoder = encoder
        self._languages = languages
        self._words = lru_cache(len(languages.names))(self._words_of)
        self._terms = lru_cache(10_000)(self._terms_of)

    def spoken(self, passages: Sequence[TokenIds]) -> Floats:
        """Return the share (l,) of passages in each language."""
        full = [row for row in passages if len(row)]
        none = np.zeros((1, len(self._languages.names)), np.float32)
        return np.asarray((self._languages.of(full) if full else none).mean(axis=0), np.float32)

    def of(self, question: TokenIds, spoken: Floats) -> list[Meant]:
        """Return what may stand for each token of a question in a library's languages, of which ``spoken`` (l,) tells
        the shares.

        Those in which the question is asked are left out, and tokens without a word near enough; figures are the same
        everywhere.
        """
        asked = self._languages.of([question])[0]
        others = np.flatnonzero((spoken >= SPOKEN) & (asked < SPOKEN))
        if not len(others) or not len(question):
            return []
        tokens = question[~self._languages.figures[question]]
        vectors = self._encoder.vectors(tokens)
        lengths = np.linalg.norm(vectors, axis=1)
        units = vectors / np.maximum(lengths, 1e-6)[:, None]
        meant: list[Meant] = [[] for _ in tokens]
        for language in others.tolist():
            ids, table = self._words(language)
            if not len(ids):
                continue
            cosines = units @ table.T
            count = min(NEAREST, len(ids))
            nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
            near = np.take_along_axis(cosines, nearest, axis=1)
            for row, place in np.argwhere(near >= LEAST).tolist():
                counts = float(lengths[row] * near[row, place])
                meant[row] += [(term, counts) for term in self._terms(int(ids[nearest[row, place]]))]
        return [each for each in meant if each]

    def _words_of(self, language: int) -> tuple[TokenIds, Floats]:
        """Return the tokens (w,) that are words of a language, and their unit vectors (w, d)."""
        ids = self._languages.tokens_of(language)
        if self._languages.names[language] not in UNSPACED:
            begins = [text.startswith(WORD) for text in self._encoder.texts(ids)]
            ids = ids[np.array(begins, np.bool_)]
        directions, norms, _ = self._encoder.directions(ids)
        return ids, np.asarray(directions / np.maximum(norms, 1e-6)[:, None], np.float32)

    def _terms_of(self, token: int) -> list[str]:
        """Return the search terms of a token: of one character only where there are no longer ones."""
        terms = words(self._encoder.texts(np.array([token], np.uint32))[0].replace(WORD, " "))
        return [term for term in terms if len(term) > 1] or terms
