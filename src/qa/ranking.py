"""Pure functions of ids and scores: fusion, token-level late interaction, top-k with open ties."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from qa.encoder import distinct_tokens
from qa.types import Floats, Ints, Laid, Met, TokenEncoder, TokenIds

NEIGHBOURS = 2
NEIGHBOUR_SHARE = 0.5
"""How many neighbours on either side, and how much of each, are mixed into a token before late interaction (as in
training)."""

RRF_CONSTANT = 60

LONGEST_QUESTION = 64
"""Question tokens in late interaction at most."""

LOWEST = -1.0
"""The lowest cosine: a gap between texts is nobody's best partner."""


def fuse(rankings: Sequence[Ints], *, weights: Sequence[float], k: int) -> Ints:
    """Return the ``k`` best ids by weighted reciprocal rank fusion: ids (n,) best first -> ids (<= k,).

    An id that one ranking lacks is not punished by it. Source: Cormack, Clarke and Büttcher (SIGIR 2009).
    """
    scores: dict[int, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, identifier in enumerate(ranking.tolist(), start=1):
            scores[identifier] = scores.get(identifier, 0.0) + weight / (RRF_CONSTANT + rank)
    best = sorted(scores, key=lambda identifier: (-scores[identifier], identifier))
    return np.array(best[:k], dtype=np.int64)


def top_k(scores: Floats, ids: Ints, *, k: int) -> Ints:
    """Return positions (<= k,) of the best scores; equal scores are ordered by id, the older first."""
    return np.lexsort((ids, -scores))[:k].astype(np.int64)


READ_BEST, READ_WITHIN = 3, 2.0
"""Candidates that are read at most, and how far behind the first they may be: what comes further behind is not first
once it is read, and what reading costs goes by their number."""


def worth_reading(scores: Floats, ids: Ints) -> Ints:
    """Return positions (<= ``READ_BEST``,) of the candidates that are read, by their scores (n,) before."""
    best = top_k(scores, ids, k=READ_BEST)
    return best[scores[best] >= scores[best[:1]] - READ_WITHIN]


def with_answers(features: Floats, best: Ints, answers: Floats) -> Floats:
    """Put the ``answers`` (b,) of the candidates that are read, at positions ``best`` (b,), beside the features (n, f).

    One that is not read counts as the least of those that are.
    """
    column = np.full(len(features), answers.min(), np.float32)
    column[best] = answers
    return np.column_stack([features, column])


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
    """A question's tokens ready for late interaction: unit vectors (q, d), the lengths (q,) that they had, weights (q,)
    that sum to one, and which of the question's tokens they are (q,): all of them, unless there are more than
    ``LONGEST_QUESTION``."""

    ids: TokenIds
    units: Floats
    lengths: Floats
    weights: Floats
    places: Ints
    mixing: Floats
    """What mixes the tokens with their neighbours, (q, q): see ``blended``."""
    met: tuple[Met, ...] = ()
    """The names among them that the texts have in other letters."""

    @classmethod
    def asked(cls, text: str, texts: Laid, encoder: TokenEncoder) -> Question:
        """Return a question as it is asked of ``texts``, with the names that they have in other letters."""
        names = encoder.names(text)
        return cls.of(encoder.token_ids([text])[0], encoder, tuple(names.met(texts)) if names else ())

    @classmethod
    def of(cls, ids: TokenIds, encoder: TokenEncoder, met: tuple[Met, ...] = ()) -> Question:
        raw = encoder.vectors(ids)
        lengths = np.sqrt(np.square(raw).sum(axis=1))
        raw /= np.maximum(lengths, 1e-6)[:, None]
        for name in met:  # "an" and "ji" weigh little, Anji does not
            own = slice(name.asked.start, name.asked.end)
            lengths[own] = np.maximum(lengths[own], name.length)
        places = np.arange(len(ids))
        if len(ids) > LONGEST_QUESTION:  # of a question as long as a page the weightiest tokens are enough
            places = np.sort(np.argsort(-lengths, kind="stable")[:LONGEST_QUESTION])
        units, lengths = raw[places], lengths[places]
        mixing = blend(np.diag(lengths)) * _inverse_lengths(np.square(lengths))
        return cls(ids[places], units, lengths, weights_of(lengths), places, mixing, met)

    def blended(self, values: Floats) -> Floats:
        """Return what is linear in the unit vectors, (…, q), as of the tokens mixed with their neighbours."""
        return np.asarray(values @ self.mixing, dtype=np.float32)

    def own(self, name: Met) -> Ints:
        """Return the places (n,) of a name's tokens here."""
        return np.flatnonzero((self.places >= name.asked.start) & (self.places < name.asked.end))

    def without(self, common: Floats) -> Floats:
        """Return the weights (q,) with those taken away that common words meet as well, whose scores are ``common``."""
        return weights_of(self.weights * np.maximum(1.0 - common, 0.0))


def weights_of(values: Floats) -> Floats:
    """Return shares (q,) that sum to one."""
    return np.asarray(values / max(float(values.sum()), 1e-9), dtype=np.float32)


def _inverse_lengths(squares: Floats) -> Floats:
    """Return 1 / length (t,) of blended tokens from squared norms (t,).

    Neighbours count as if at right angles: the true length would need every vector again.
    """
    around = (blend(squares) - squares) * NEIGHBOUR_SHARE
    return np.asarray(1.0 / np.sqrt(squares + around + 1e-6), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Interaction:
    """How well each question token meets each text token: scores (q, t) of texts laid end to end with gaps between
    them; text i is ``scores[:, starts[i]:ends[i]]``. ``alone`` (q, t) are those of tokens without their neighbours."""

    scores: Floats
    alone: Floats
    starts: Ints
    ends: Ints

    def of(self, texts: Ints) -> Interaction:
        """Return the interaction with some of the texts, by their numbers."""
        return Interaction(self.scores, self.alone, self.starts[texts], self.ends[texts])


def lay(texts: Sequence[TokenIds], encoder: TokenEncoder) -> Laid:
    """Lay texts end to end, with the vectors of their distinct tokens."""
    counts = np.array([len(text) for text in texts], dtype=np.int64)
    # a gap as wide as the blending: no text mixes with the next
    ends = np.cumsum(counts + NEIGHBOURS) - NEIGHBOURS
    starts = ends - counts
    flat = np.concatenate([*texts, np.zeros(0, np.uint32)])
    distinct, places = distinct_tokens(flat)
    gap = len(distinct)  # the row of what is no token
    where = np.arange(len(flat)) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
    row = np.full(int(ends[-1]) + NEIGHBOURS if len(flat) else 0, gap, dtype=np.int64)
    row[where] = places
    tokens = np.zeros(len(row), np.uint32)
    tokens[where] = flat
    directions, norms, own = encoder.directions(distinct)
    lengths = np.append(own, np.float32(0))
    return Laid(tokens, row, directions, norms, lengths, starts, ends)


def interact(question: Question, texts: Laid) -> Interaction:
    """Return the token scores of a question with each of ``texts``."""
    if not len(texts.row) or not len(question.ids):
        none = np.zeros((len(question.ids), 0), np.float32)
        return Interaction(none, none, np.zeros_like(texts.starts), np.zeros_like(texts.ends))
    row, lengths, gap = texts.row, texts.lengths, len(texts.norms)
    # one row a text token, so that whole rows are copied and mixed: twice as fast as one a question token
    cosines = np.full((gap + 1, len(question.ids)), LOWEST, np.float32)
    np.matmul(texts.directions, question.units.T, out=cosines[:gap])
    cosines[:gap] /= (texts.norms + 1e-6)[:, None]
    raw = (question.blended(cosines) * lengths[:, None]).take(row, axis=0)
    alone = cosines.take(row, axis=0)
    for name in question.met:
        both = np.ix_(name.places, question.own(name))
        alone[both] = np.maximum(alone[both], name.cosine)
    if question.met:
        spelt = np.unique(np.concatenate([name.places for name in question.met]))
        raw[spelt] = question.blended(alone[spelt]) * lengths[row[spelt]][:, None]
    scores = blend(raw.T)
    scores *= _inverse_lengths(np.square(lengths).take(row))
    scores[:, row == gap] = LOWEST
    return Interaction(scores, alone.T, texts.starts, texts.ends)


BLOCK = 16
"""Tokens in half a window."""


@dataclass(frozen=True, slots=True)
class Partners:
    """The score (n, q) of each question token's best partner in each text: in the whole, in the best window of two
    blocks, and of the tokens without their neighbours; and how many of the two question tokens beside it have theirs in
    the same block. In a text without tokens the best is -1."""

    whole: Floats
    near: Floats
    alone: Floats
    beside: Floats


def meet(question: Question, found: Interaction) -> Partners:
    """Return what each question token meets best.

    A weighted mean of ``whole`` is late interaction: ColBERT (Khattab and Zaharia, SIGIR 2020), here over static
    vectors mixed with their neighbours. The best window is where that mean is highest: the partners are to stand
    together.
    """
    count, size = len(found.starts), len(question.ids)
    whole, near, alone = np.full((3, count, size), -1.0, dtype=np.float32)
    beside = np.zeros((count, size), np.float32)
    full = np.flatnonzero(found.ends > found.starts)
    if not len(full) or not size:
        return Partners(whole, near, alone, beside)
    counts = -(-(found.ends[full] - found.starts[full]) // BLOCK)
    first = np.cumsum(counts) - counts
    number = np.arange(int(counts.sum())) - np.repeat(first, counts)
    begins = np.repeat(found.starts[full], counts) + BLOCK * number
    text = np.repeat(np.arange(len(full)), counts)
    blocks = np.full((len(full), int(counts.max()), size), -1.0, np.float32)
    blocks[text, number] = np.maximum.reduceat(found.scores, begins, axis=1).T
    whole[full] = blocks.max(axis=1)
    alone[full] = np.maximum.reduceat(found.alone, begins[first], axis=1).T
    windows = blocks.copy()  # a block and the one before it
    np.maximum(blocks[:, 1:], blocks[:, :-1], out=windows[:, 1:])
    # not as a product of matrices: there BLAS may warn of numbers that are not in them
    means = np.einsum("nbq,q->nb", windows, question.weights)
    near[full] = windows[np.arange(len(full)), means.argmax(axis=1)]
    at = blocks.argmax(axis=1)  # (n, q)
    together = (at[:, 1:] == at[:, :-1]).astype(np.float32)
    beside[full, 1:] += together
    beside[full, :-1] += together
    return Partners(whole, near, alone, beside)


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
    "evidence",
)
"""What the ranking model sees of a candidate, none of it dependent on the library's size: cosine of the vectors,
weighted MaxSim with the whole passage, the same with the weights of tokens that any text of the question's language
would meet taken away, MaxSim with the best window, BM25 as a share of the most that the question's words could score,
the MaxSim that the commonest tokens of the passage's language would reach, whether it holds a figure where the question
asks for a number or a date, the probability that question and passage are in one language, log of the passage's
tokens, and what a small network makes of all that and of each question token's partners (``qa.evidence``)."""

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
