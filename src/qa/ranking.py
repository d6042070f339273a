"""Pure functions of ids and scores: fusion, token-level late interaction, top-k with open ties."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from qa.types import Floats, Ints, TokenEncoder, TokenIds

NEIGHBOURS = 2
NEIGHBOUR_SHARE = 0.5
"""How many neighbours on either side, and how much of each, are mixed into a token before late interaction (as in
training)."""

RRF_CONSTANT = 60

LONGEST_QUESTION = 64
"""Question tokens in late interaction at most."""


def fuse(rankings: Sequence[Ints], *, k: int) -> Ints:
    """Return the ``k`` best ids by reciprocal rank fusion: ids (n,) best first -> ids (<= k,).

    An id that one ranking lacks is not punished by it. Source: Cormack, Clarke and Büttcher (SIGIR 2009).
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, identifier in enumerate(ranking.tolist(), start=1):
            scores[identifier] = scores.get(identifier, 0.0) + 1.0 / (RRF_CONSTANT + rank)
    best = sorted(scores, key=lambda identifier: (-scores[identifier], identifier))
    return np.array(best[:k], dtype=np.int64)


def top_k(scores: Floats, ids: Ints, *, k: int) -> Ints:
    """Return positions (<= k,) of the best scores; equal scores are ordered by id, the older first."""
    return np.lexsort((ids, -scores))[:k].astype(np.int64)


def blend(values: Floats) -> Floats:
    """Add a share of the two neighbours on either side along the last axis: (…, t) -> (…, t)."""
    blended = values.copy(order="K")  # as it lies in memory: ``interact`` gives a transposed array
    share = NEIGHBOUR_SHARE * values
    for offset in range(1, NEIGHBOURS + 1):
        blended[..., offset:] += share[..., :-offset]
        blended[..., :-offset] += share[..., offset:]
    return blended


@dataclass(frozen=True, slots=True)
class Question:
    """A question's tokens ready for late interaction: vectors (q, d) blended to unit length, weights (q,), and which of
    the question's tokens they are (q,): all of them, unless there are more than ``LONGEST_QUESTION``."""

    ids: TokenIds
    vectors: Floats
    weights: Floats
    places: Ints

    @classmethod
    def of(cls, ids: TokenIds, encoder: TokenEncoder) -> Question:
        raw = encoder.vectors(ids)
        squares = np.square(raw).sum(axis=1)
        blended = blend(raw.T).T * _inverse_lengths(squares)[:, None]
        norms = np.sqrt(squares)
        places = np.arange(len(ids))
        if len(ids) > LONGEST_QUESTION:  # of a question as long as a page the weightiest tokens are enough
            places = np.sort(np.argsort(-norms, kind="stable")[:LONGEST_QUESTION])
            ids, blended, norms = ids[places], blended[places], norms[places]
        weights = norms / max(float(norms.sum()), 1e-9)
        return cls(ids, blended.astype(np.float32), weights.astype(np.float32), places)


def _inverse_lengths(squares: Floats) -> Floats:
    """Return 1 / length (t,) of blended tokens from squared norms (t,).

    Neighbours count as if at right angles: the true length would need every vector again.
    """
    around = (blend(squares) - squares) * NEIGHBOUR_SHARE
    return np.asarray(1.0 / np.sqrt(squares + around + 1e-6), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Interaction:
    """How well each question token meets each text token: scores (q, t) of texts laid end to end with gaps between
    them; text i is ``scores[:, starts[i]:ends[i]]``."""

    scores: Floats
    starts: Ints
    ends: Ints

    def of(self, texts: Ints) -> Interaction:
        """Return the interaction with some of the texts, by their numbers."""
        return Interaction(self.scores, self.starts[texts], self.ends[texts])


def interact(question: Question, texts: Sequence[TokenIds], encoder: TokenEncoder) -> Interaction:
    """Return the token scores of a question with each of ``texts``."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    # a gap as wide as the blending: no text mixes with the next
    ends = np.cumsum(lengths + NEIGHBOURS) - NEIGHBOURS
    starts = ends - lengths
    if not lengths.sum() or not len(question.ids):
        return Interaction(
            np.zeros((len(question.ids), 0), np.float32), np.zeros_like(starts), np.zeros_like(ends)
        )
    flat = np.concatenate(texts)
    distinct, inverse = np.unique(flat, return_inverse=True)
    vectors = encoder.vectors(distinct)
    row = np.full(int(ends[-1]) + NEIGHBOURS, len(distinct), dtype=np.int64)  # a gap has the row of zeros
    row[np.arange(len(flat)) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)] = inverse
    # one row a text token, so that whole rows are copied and mixed: twice as fast as one a question token
    raw = np.pad(vectors @ question.vectors.T, ((0, 1), (0, 0))).take(row, axis=0)
    squares = np.pad(np.einsum("td,td->t", vectors, vectors), (0, 1)).take(row)
    scores = blend(raw.T)
    scores *= _inverse_lengths(squares)
    scores[:, row == len(distinct)] = -1.0  # the lowest cosine: a gap is nobody's best partner
    return Interaction(scores, starts, ends)


BLOCK = 16
"""Tokens in half a window."""


def maxsim(question: Question, found: Interaction, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return late interaction (n,) with each whole text, the same under other ``weights`` (q,) of the question's
    tokens, and with the text's best window of two blocks.

    Late interaction is the weighted mean of each question token's best partner; the window asks that the partners
    stand together. A text without tokens scores -1. Source: ColBERT (Khattab and Zaharia, SIGIR 2020), here over
    static vectors mixed with their neighbours.
    """
    whole, other, window = np.full((3, len(found.starts)), -1.0, dtype=np.float32)
    full = np.flatnonzero(found.ends > found.starts)
    if not len(full) or not len(question.ids):
        return whole, other, window
    counts = -(-(found.ends[full] - found.starts[full]) // BLOCK)
    first = np.cumsum(counts) - counts
    number = np.arange(int(counts.sum())) - np.repeat(first, counts)
    blocks = np.maximum.reduceat(found.scores, np.repeat(found.starts[full], counts) + BLOCK * number, axis=1)
    best = np.maximum.reduceat(blocks, first, axis=1)
    whole[full], other[full] = question.weights @ best, weights @ best
    pairs = blocks.copy()
    follows = np.flatnonzero(number[1:] > 0)  # a block and the next one of the same text
    pairs[:, follows] = np.maximum(blocks[:, follows], blocks[:, follows + 1])
    window[full] = np.maximum.reduceat(question.weights @ pairs, first)
    return whole, other, window


FEATURES = (
    "dense",
    "late",
    "content",
    "window",
    "lexical",
    "background",
    "figures",
    "same_language",
    "length",
)
"""What the ranking model sees of a candidate, none of it dependent on the library's size: cosine of the vectors,
weighted MaxSim with the whole passage, the same with the weights of tokens that any text of the question's language
would meet taken away, MaxSim with the best window, BM25 as a share of the most that the question's words could score,
the MaxSim that the commonest tokens of the passage's language would reach, whether it holds a figure where the question
asks for a number or a date, the probability that question and passage
are in one language, log of the passage's tokens."""

READ = (*FEATURES, "answer")
"""What is seen of the best of them, which are read as well: the log odds of the best answer in the passage."""


@dataclass(frozen=True, slots=True)
class RankingModel:
    """Linear scores of "this passage answers": one for passages in the question's language and one for others.

    A cross-lingual passage is judged by what it can have, never by the words it cannot share.
    """

    names: tuple[str, ...]
    same: tuple[float, ...]
    cross: tuple[float, ...]
    """Intercept, then a weight for each name."""

    def scores(self, features: Floats) -> Floats:
        """Return scores (n,) of features (n, f), mixed by how sure the language is."""
        sides = features @ np.array([self.same[1:], self.cross[1:]], dtype=np.float32).T
        sides += np.array([self.same[0], self.cross[0]], dtype=np.float32)
        share = features[:, self.names.index("same_language")]
        return np.asarray(share * sides[:, 0] + (1 - share) * sides[:, 1], dtype=np.float32)

    def weights(self, same_language: float) -> tuple[float, ...]:
        """Return the intercept and the weights for a passage, mixed as ``scores`` mixes the two sides."""
        sides = zip(self.same, self.cross, strict=True)
        return tuple(same_language * same + (1 - same_language) * cross for same, cross in sides)

    def named(self, row: Floats) -> dict[str, float]:
        return {name: float(value) for name, value in zip(self.names, row, strict=True)}


@dataclass(frozen=True, slots=True)
class Ranking:
    """Two models: ``found`` chooses which candidates are read, ``read`` orders them."""

    found: RankingModel
    read: RankingModel


def load_ranking() -> Ranking:
    """Read the fitted weights that the package carries (``training/fit_ranking.py`` writes them)."""
    data = json.loads(resources.files("qa").joinpath("model/ranking.json").read_text(encoding="utf-8"))
    models: list[RankingModel] = []
    for name, features in (("found", FEATURES), ("read", READ)):
        weights = data[name]
        if tuple(weights["names"]) != features:
            raise ValueError(f"ranking.json was fitted for {weights['names']}, the code computes {features}.")
        models.append(RankingModel(features, tuple(weights["same"]), tuple(weights["cross"])))
    return Ranking(*models)
