"""The language of a text, told from its tokens: whether two texts share one decides if their words can meet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.ranking import Question
from qa.types import Floats, Ints, TokenEncoder, TokenIds

MOST = 64
"""Tokens looked at: a language shows itself soon."""

SHARED = 2.0
"""How far a token's log probability in a language may be below that in its likeliest one, and it still be of both."""


class Languages:
    """How unlikely each token of the built-in tokenizer is in each language: naive Bayes over tokens."""

    def __init__(
        self,
        names: tuple[str, ...],
        below: NDArray[np.uint8],
        rows: NDArray[np.unsignedinteger[Any]],
        levels: NDArray[np.uint8],
        step: float,
        common: NDArray[np.uint32],
        figures: NDArray[np.uint8],
    ) -> None:
        self.names = names
        self._packed = below  # two languages a byte: each half is the number of a level
        self._rows = rows  # which row of these is each token's (v,)
        pairs = np.stack([levels.repeat(len(levels)), np.tile(levels, len(levels))], axis=1)
        self._pairs = pairs.view(np.uint16).ravel()  # as one number: half the time to take
        self._step = step  # what one of a level's steps is in log probability
        self.common = common  # the commonest tokens of each language (l, c)
        self.figures = figures.astype(np.bool_)  # which tokens are digits (v,)
        self._common_vectors: Floats | None = None

    @classmethod
    @cache
    def load(cls) -> Languages:
        """Read the table that the package carries, once (``training/languages.py`` writes it)."""
        return cls.read(Path(str(resources.files("qa") / "model" / "languages.safetensors")))

    @classmethod
    def read(cls, path: Path) -> Languages:
        """Read a table from a file."""
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            facts = file.metadata()
            return cls(
                names=tuple(facts["names"].split()),
                below=file.get_tensor("below"),
                rows=file.get_tensor("rows"),
                levels=file.get_tensor("levels"),
                step=float(facts["step"]),
                common=file.get_tensor("common"),
                figures=file.get_tensor("figures"),
            )

    def of(self, texts: Sequence[TokenIds]) -> Floats:
        """Return the probability (n, l) of each language for texts given by their token ids."""
        lengths = np.array([min(len(text), MOST) for text in texts], dtype=np.int64)
        chances = np.zeros((len(texts), len(self.names)), dtype=np.float32)
        full = np.flatnonzero(lengths)
        if len(full):
            rows = self._below(np.concatenate([texts[number][-MOST:] for number in full.tolist()]))
            starts = np.cumsum(lengths[full]) - lengths[full]
            sums = np.add.reduceat(rows, starts, axis=0, dtype=np.uint16)  # of at most 64 bytes each
            chances[full] = -self._step * sums.astype(np.float32)
        chances = np.exp(chances - chances.max(axis=1, keepdims=True))
        return np.asarray(chances / chances.sum(axis=1, keepdims=True), dtype=np.float32)

    def likeliest_of(self, chances: Floats) -> str:
        """Return the language of texts with these probabilities (n, l), "" where it is not clear or there are none."""
        if not len(chances):
            return ""
        mean = chances.mean(axis=0)
        return self.names[int(mean.argmax())] if mean.max() >= 0.5 else ""

    def tokens_of(self, language: int) -> TokenIds:
        """Return the tokens (t,) that may be of a language, by number, ascending: relatives share many."""
        steps = self._pairs.take(self._packed[:, language // 2]).view(np.uint8)[language % 2 :: 2]
        return np.flatnonzero((steps * self._step <= SHARED).take(self._rows)).astype(np.uint32)

    def likeliest(self, ids: TokenIds) -> Ints:
        """Return the number (t,) of the language in which each token is likeliest."""
        return np.asarray(self._below(ids).argmin(axis=1), dtype=np.int64)

    def below(self, ids: TokenIds) -> Floats:
        """Return how far below its likeliest language the log probability of each token is in each (t, l)."""
        return np.asarray(self._below(ids) * self._step, dtype=np.float32)

    def _below(self, ids: TokenIds) -> NDArray[np.uint8]:
        """Return how many steps below its likeliest language each token is in each (t, l)."""
        packed = self._packed.take(self._rows.take(ids), axis=0)
        return self._pairs.take(packed).view(np.uint8)[:, : len(self.names)]

    def have_figures(self, texts: Sequence[TokenIds], *, besides: TokenIds) -> NDArray[np.bool_]:
        """Tell of each of ``texts`` whether it holds a figure that ``besides`` does not (n,)."""
        flat = np.concatenate([*texts, besides[:0]])
        new = self.figures[flat]
        new[new] = ~np.isin(flat[new], besides)
        ends = np.cumsum([0, *map(len, texts)])
        counts = np.concatenate([[0], np.cumsum(new)])
        return np.asarray(counts[ends[1:]] > counts[ends[:-1]])

    def common_met(self, question: Question, encoder: TokenEncoder, among: Ints) -> Floats:
        """Return how well question tokens are met by the commonest tokens of languages (a,), by number: (q, a).

        What common words meet says nothing of a passage, and they meet more in the question's own language.
        """
        if self._common_vectors is None:
            vectors = encoder.vectors(self.common.ravel())
            lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
            units = np.asarray(vectors / lengths, dtype=np.float32)
            self._common_vectors = units.reshape(*self.common.shape, -1)
        met = question.blended(self._common_vectors[among] @ question.units.T)
        return np.asarray(met.max(axis=1).T, dtype=np.float32)
