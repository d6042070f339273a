"""Words of other languages that mean what the words of a question mean, to look for passages by.

The mean vector of a passage drowns the one word that a question hangs on. Where a library is in another language than
the question, each token of the question is looked for as the whole words of that language that are nearest to it:
probabilistic structured queries (Darwish and Oard, SIGIR 2003), the probabilities being cosines.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qa.languages import Languages
from qa.text import words
from qa.types import Floats, TokenEncoder, TokenIds

NEAREST = 8
"""Words that may stand for one of a question."""

LEAST = 0.35
"""Cosine from which they may."""

APART = 0.43
"""Share of the signs in which the vectors of a token and of a word may differ: of a hundred words one is that near, and
nine in ten of those with a cosine of 0.35. To compare the vectors themselves takes several times as long."""

COMPARED = 256
"""Words whose vectors are compared: those that differ in the fewest signs. Of the nearest, 98 in 100 are there."""

LIGHT = 0.5
"""Length of a token's vector under which it says too little to be looked for."""

KEPT = 20_000
"""Tokens of questions whose words in a language are kept."""

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
        self._known: dict[int, dict[int, Meant]] = {}

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
        vectors = self._encoder.vectors(question)
        lengths = np.linalg.norm(vectors, axis=1)
        weighty = np.flatnonzero((lengths >= LIGHT) & ~self._languages.figures[question])
        units = vectors[weighty] / lengths[weighty, None]
        meant: list[Meant] = [[] for _ in weighty]
        for language in others.tolist():
            nearest = self._nearest(language, question[weighty].tolist(), units)
            for each, length, near in zip(meant, lengths[weighty].tolist(), nearest, strict=True):
                each += [(term, length * cosine) for term, cosine in near]
        return [each for each in meant if each]

    def _nearest(self, language: int, tokens: list[int], units: Floats) -> list[Meant]:
        """Return the terms of the words of a language that are nearest to each of ``tokens``, with their cosines."""
        known = self._known.setdefault(language, {})
        if len(known) > KEPT:
            known.clear()
        new = [place for place, token in enumerate(tokens) if token not in known]
        if new:
            ids, signs = self._words(language)
            for place in new:
                apart = np.bitwise_count(signs ^ _signs(units[place])[:, None]).sum(axis=0, dtype=np.uint16)
                chosen = np.flatnonzero(apart <= APART * units.shape[1])
                if len(chosen) > COMPARED:
                    chosen = chosen[np.argpartition(apart[chosen], COMPARED)[:COMPARED]]
                alike = ids[chosen]
                directions, norms, _ = self._encoder.directions(alike)
                cosines = directions @ units[place] / np.maximum(norms, 1e-6)
                near = [
                    word for word in np.argsort(-cosines, kind="stable")[:NEAREST] if cosines[word] >= LEAST
                ]
                counts: dict[str, float] = {}  # of a term that several words have, the nearest word counts
                for word in near:
                    for term in self._terms(int(alike[word])):
                        counts.setdefault(term, float(cosines[word]))
                known[tokens[place]] = list(counts.items())
        return [known[token] for token in tokens]

    def _words_of(self, language: int) -> tuple[TokenIds, NDArray[np.uint64]]:
        """Return the tokens (w,) that are words of a language, and the signs of their vectors, 64 at a time, (s, w)."""
        ids = self._languages.tokens_of(language)
        if self._languages.names[language] not in UNSPACED:
            begins = [text.startswith(WORD) for text in self._encoder.texts(ids)]
            ids = ids[np.array(begins, np.bool_)]
        return ids, np.ascontiguousarray(_signs(self._encoder.directions(ids)[0]).T)

    def _terms_of(self, token: int) -> list[str]:
        """Return the search terms of a token: of one character only where there are no longer ones."""
        terms = words(self._encoder.texts(np.array([token], np.uint32))[0].replace(WORD, " "))
        return [term for term in terms if len(term) > 1] or terms


def _signs(vectors: Floats) -> NDArray[np.uint64]:
    """Return the signs of vectors (…, d) as bits, 64 at a time: (…, s)."""
    bits = np.packbits(vectors > 0, axis=-1)
    filled = np.zeros((*bits.shape[:-1], -(-bits.shape[-1] // 8) * 8), np.uint8)
    filled[..., : bits.shape[-1]] = bits
    return filled.view(np.uint64)
