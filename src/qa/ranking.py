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
    blended = values.copy()
    for offset in range(1, NEIGHBOURS + 1):
        share = NEIGHBOUR_SHARE * values
        blended[..., offset:] += share[..., :-offset]
        blended[..., :-offset] += share[..., offset:]
    return blended


@dataclass(frozen=True, slots=True)
class Question:
    """A question's tokens ready for late interaction: vectors (q, d) blended to unit length, weights (q,)."""

    ids: TokenIds
    vectors: Floats
    weights: Floats

    @classmethod
    def of(cls, ids: TokenIds, encoder: TokenEncoder) -> Question:
        raw = encoder.vectors(ids)
        squares = np.square(raw).sum(axis=1)
        blended = blend(raw.T).T * _inverse_lengths(squares)[:, None]
        norms = np.sqrt(squares)
        weights = norms / max(float(norms.sum()), 1e-9)
        return cls(ids, blended.astype(np.float32), weights.astype(np.float32))


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


def interact(question: Question, texts: Sequence[TokenIds], encoder: TokenEncoder) -> Interaction:
    """Return the token scores of a question with each of ``texts``."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    # a gap as wide as the blending: no text mixes with the next
    ends = np.cumsum(lengths + NEIGHBOURS) - NEIGHBOURS
    starts = ends - lengths
    if not lengths.sum() or not len(question.ids):
        return Interaction(np.zeros((len(question.ids), 0), np.float32), np.zeros_like(starts), np.zeros_like(ends))
    flat = np.concatenate(texts)
    distinct, inverse = _distinct(flat)
    vectors = encoder.vectors(distinct)
    row = np.full(int(ends[-1]) + NEIGHBOURS, len(distinct), dtype=np.int64)  # a gap has the row of zeros
    row[np.arange(len(flat)) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)] = inverse
    raw = np.pad(question.vectors @ vectors.T, ((0, 0), (0, 1)))[:, row]
    squares = np.pad(np.einsum("td,td->t", vectors, vectors), (0, 1))[row]
    scores = blend(raw)
    scores *= _inverse_lengths(squares)
    return Interaction(scores, starts, ends)


def _distinct(ids: TokenIds) -> tuple[TokenIds, Ints]:
    """Return the distinct ids (u,), ascending, and where each of ``ids`` (t,) stands among them."""
    highest = int(ids.max())
    if highest > _TABLE:
        distinct, inverse = np.unique(ids, return_inverse=True)
        return distinct, inverse
    place = np.zeros(highest + 1, dtype=np.int64)  # ten times as fast as sorting
    place[ids] = 1
    distinct = np.flatnonzero(place).astype(np.uint32)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[ids]


_TABLE = 1 << 20


def maxsim(question: Question, texts: Sequence[TokenIds], encoder: TokenEncoder) -> Floats:
    """Return the late-interaction score (n,) of each text: the weighted mean of each question token's best partner.

    A text without tokens scores -1. Source: ColBERT (Khattab and Zaharia, SIGIR 2020), over static vectors mixed with
    their neighbours.
    """
    found = interact(question, texts, encoder)
    result = np.full(len(texts), -1.0, dtype=np.float32)
    full = np.flatnonzero(found.ends > found.starts)
    if len(full):
        borders = np.stack([found.starts[full], found.ends[full]], axis=1).ravel()
        best = np.maximum.reduceat(found.scores, borders, axis=1)[:, ::2]
        result[full] = question.weights @ best
    return result


FEATURES = ("dense", "late", "lexical", "words_met", "length")
"""What the ranking model sees of a candidate, all independent of the library's size: cosine of the vectors,
weighted MaxSim, BM25 as a share of the most that the question's words could score, whether any word is shared,
log of the passage's tokens."""


@dataclass(frozen=True, slots=True)
class RankingModel:
    """A logistic model of "this passage answers", one for passages that share words with the question and one for
    those that share none: a cross-lingual passage is judged by what it can have, never by the words it lacks."""

    names: tuple[str, ...]
    shared: tuple[float, ...]
    unshared: tuple[float, ...]
    """Intercept, then a weight for each name."""

    def scores(self, features: Floats) -> Floats:
        """Return log-odds (n,) of features (n, f)."""
        met = features[:, self.names.index("words_met")] > 0
        with_one = np.concatenate([np.ones((len(features), 1), np.float32), features], axis=1)
        weights = np.array([self.unshared, self.shared], dtype=np.float32)[met.astype(np.int64)]
        return np.asarray((with_one * weights).sum(axis=1), dtype=np.float32)

    def named(self, row: Floats) -> dict[str, float]:
        return {name: float(value) for name, value in zip(self.names, row, strict=True)}


def load_ranking_model() -> RankingModel:
    """Read the fitted weights that the package carries (``training/fit_ranking.py`` writes them)."""
    data = json.loads(resources.files("qa").joinpath("model/ranking.json").read_text(encoding="utf-8"))
    if tuple(data["names"]) != FEATURES:
        raise ValueError(f"ranking.json was fitted for {data['names']}, the code computes {FEATURES}.")
    return RankingModel(tuple(data["names"]), tuple(data["shared"]), tuple(data["unshared"]))
