"""Reads passages with the question in hand: where in each the answer begins and ends, and whether it is there at all.

A small network over the static token vectors. The vectors tell which words mean the same, in any two languages; the
network adds what they cannot: the kind of answer that is asked for, and which words stand beside the ones that the
question names. It runs with numpy over a few passages at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.languages import Languages
from qa.ranking import Interaction, Question
from qa.types import Floats, TokenEncoder, TokenIds

DILATIONS = (1, 3, 9)
"""How far apart the three tokens are that each layer of the network looks at."""

LONGEST = 512
"""Tokens of a passage that are read at most."""

SCALARS = 6
"""Numbers a token besides its vector: see ``token_scalars``."""

LEAST = -10.0
"""Under which nothing is told apart when a passage's tokens are put together."""

NOTHING = -30.0
"""The score of a passage in which nothing was read."""

LONGEST_ANSWER = 40
"""Tokens between the first and the last of an answer at most."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What is extracted from one passage: how likely the answer begins (t,) and ends (t,) at each token, as log odds
    against there being none, and the best answer: its first and last token, and its score."""

    begins: Floats
    ends: Floats
    first: int
    last: int
    score: float


def token_scalars(
    question: Question, text: TokenIds, scores: Floats, lengths: Floats, figures: NDArray[np.bool_]
) -> Floats:
    """Return numbers (t, ``SCALARS``) of a passage's tokens: the best and the best weighted score that a question token
    has with each, whether it is one of the question's, whether it is a figure, its length, and one that is always 1.

    ``scores`` (q, t) are those of ``qa.ranking.interact``.
    """
    weighted = scores * (question.weights / max(float(question.weights.max()), 1e-9))[:, None]
    exact = (text[:, None] == question.ids).any(axis=1)
    one = np.ones(len(text), np.float32)
    columns = (scores.max(axis=0), weighted.max(axis=0), exact, figures, np.minimum(lengths, 3.0), one)
    return np.stack(columns, axis=1).astype(np.float32)


class Extractor:
    """The trained network: see ``training/extractor.py``, which names its parts alike."""

    def __init__(self, weights: Mapping[str, Floats], figures: NDArray[np.bool_]) -> None:
        self._weights = {name: np.ascontiguousarray(value.T, np.float32) for name, value in weights.items()}
        self._figures = figures

    def extract(
        self, question: Question, texts: Sequence[TokenIds], found: Interaction, encoder: TokenEncoder
    ) -> list[Extraction]:
        """Return what is read in each of ``texts``, whose interaction with the question is ``found``."""
        lengths = [min(len(text), LONGEST) for text in texts]
        if not any(lengths) or not len(question.ids):
            return [best_answer(*np.zeros((2, 0), np.float32)) for _ in texts]
        odds = self._odds(question, texts, lengths, found, encoder)
        return [best_answer(odds[n, :length, 0], odds[n, :length, 1]) for n, length in enumerate(lengths)]

    def _odds(
        self,
        question: Question,
        texts: Sequence[TokenIds],
        lengths: Sequence[int],
        found: Interaction,
        encoder: TokenEncoder,
    ) -> Floats:
        """Return log odds (n, t, 2) that the answer begins and ends at each token, texts filled up to one length."""
        w = self._weights
        h, u = self._asked(question)
        n, t = len(texts), max(lengths)
        at = np.concatenate([number * t + np.arange(length) for number, length in enumerate(lengths)])
        ids = np.concatenate([text[:length] for text, length in zip(texts, lengths, strict=True)])
        vectors, sizes = unit_rows(encoder.vectors(ids))
        scores = np.concatenate(
            [
                found.scores[:, start : start + length]
                for start, length in zip(found.starts.tolist(), lengths, strict=True)
            ],
            axis=1,
        )
        x = vectors @ w["project.weight"]
        x += token_scalars(question, ids, scores, sizes, self._figures[ids]) @ w["scalars.weight"]
        logits = x @ (h @ w["meet.weight"]).T * np.float32(x.shape[1] ** -0.5)
        logits += w["sharp"] * scores.T
        pull = softmax(logits)
        # the layer over [x, c, x c, x u] with c = pull h, put so that the few question tokens are multiplied first
        of_x, of_c, of_both, of_kind = np.split(w["fuse.weight"], 4)
        fused = x @ (of_x + u[:, None] * of_kind) + pull @ (h @ of_c) + (x * (pull @ h)) @ of_both
        z = np.maximum(fused + w["fuse.bias"], 0.0)
        laid = np.zeros((n * t, z.shape[1]), np.float32)
        laid[at] = z
        for number, step in enumerate(DILATIONS):
            near = around(normed(laid).reshape(n, t, -1), step).reshape(n * t, -1)[at]
            y = np.maximum(near @ w[f"near.{number}.weight"] + w[f"near.{number}.bias"], 0.0)
            laid[at] += y @ w[f"out.{number}.weight"]
        z = laid.reshape(n, t, -1)
        top = np.full((n, z.shape[2]), LEAST, np.float32)
        for number, length in enumerate(lengths):
            top[number] = z[number, :length].max(axis=0, initial=LEAST)
        whole = (normed(top) @ w["whole.weight"] + w["whole.bias"]) * u
        return normed(z + whole[:, None, :]) @ w["ends.weight"] + w["ends.bias"]

    def _asked(self, question: Question) -> tuple[Floats, Floats]:
        """Return the question's tokens as the network sees them (q, w), and the kind of answer it takes it for (w,)."""
        w = self._weights
        sizes = question.lengths
        h = question.units @ w["project.weight"]
        h += np.stack([np.minimum(sizes, 3.0), np.ones_like(sizes)], axis=1) @ w["scalars.weight"][-2:]
        near = around(normed(h)[None], 1)[0] @ w["question_near.weight"] + w["question_near.bias"]
        h = h + np.maximum(near, 0.0) @ w["question_out.weight"]
        pull = softmax((h @ w["kinds.weight"]).T)  # (2, q)
        return h, np.maximum((pull @ h).reshape(-1) @ w["asked.weight"] + w["asked.bias"], 0.0)


@cache
def load_extractor() -> Extractor:
    """Read the network that the package carries, once."""
    from safetensors.numpy import load_file

    path = Path(str(resources.files("qa") / "model" / "extractor.safetensors"))
    weights = {name: value.astype(np.float32) for name, value in load_file(path).items()}
    return Extractor(weights, Languages.load().figures)


def best_answer(begins: Floats, ends: Floats) -> Extraction:
    """Return the span of at most ``LONGEST_ANSWER`` tokens whose first and last token score most together."""
    if not len(begins):
        return Extraction(begins, ends, 0, 0, -np.inf)
    padded = np.concatenate([ends, np.full(LONGEST_ANSWER - 1, -np.inf, np.float32)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, LONGEST_ANSWER)
    together = begins + windows.max(axis=1)
    first = int(together.argmax())
    last = first + int(windows[first].argmax())
    return Extraction(begins, ends, first, last, float(together[first]))


def unit_rows(raw: Floats) -> tuple[Floats, Floats]:
    """Return vectors (t, d) at unit length, and the lengths they had (t,)."""
    sizes = np.sqrt(np.einsum("td,td->t", raw, raw))
    return raw / np.maximum(sizes, 1e-6)[:, None], sizes


def normed(x: Floats) -> Floats:
    """Scale rows (…, d) to a mean square of one."""
    squares = np.einsum("...d,...d->...", x, x)
    return np.asarray(x / np.sqrt(squares / x.shape[-1] + 1e-4)[..., None], dtype=np.float32)


def chances(odds: Floats) -> Floats:
    """Return probabilities (t,) of log odds (t,)."""
    return softmax(odds) if len(odds) else odds


def softmax(x: Floats) -> Floats:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def around(x: Floats, step: int) -> Floats:
    """Put each token's neighbours ``step`` away beside it: (n, t, d) -> (n, t, 3 d)."""
    n, t, d = x.shape
    beside = np.zeros((n, t, 3 * d), np.float32)
    beside[:, :, d : 2 * d] = x
    if step < t:
        beside[:, step:, :d] = x[:, :-step]
        beside[:, :-step, 2 * d :] = x[:, step:]
    return beside
