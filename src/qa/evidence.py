"""What the words of a question, as a passage meets them, say of whether it answers.

Late interaction adds up cosines. But a name that is met at 0.9 says more than two words at 0.45, a common word says
nothing, and a figure that is not met is worse than a verb: a small network tells for each token of the question what
its partners are worth, and another one what the passage's other features mean together with them. Nothing in it depends
on the size of the library. It runs with numpy over a hundred passages at a time; ``training/fit_ranking.py`` fits it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.ranking import Partners, Question
from qa.types import Floats

TOKEN = (
    "whole",
    "near",
    "alone",
    "background",
    "own",
    "length",
    "share",
    "same",
    "beside",
    "passage",
    "figure",
)
"""What is seen of a question token and a passage: its best ``qa.ranking.Partners``, what the commonest words of the
passage's language and of its own would reach, its length, its share of the question, the probability of one
language, how many of its neighbours are met beside it, log of the passage's tokens, whether it is a figure."""

SUMS = ("near", "alone")
"""Columns of ``TOKEN`` whose weighted means are seen with the passage's features."""

ASKED = 4
"""Numbers that tell what kind of question it is: log of its tokens, their mean length, how common they are, how long
the weighty ones are."""

SCALE, WHOLE_SCALE = 8.0, 4.0
"""What outputs are multiplied by, so that one learning rate serves all."""


def token_features(
    question: Question,
    met: Partners,
    told: Floats,
    background: Floats,
    own: Floats,
    figure: NDArray[np.bool_],
) -> Floats:
    """Return ``TOKEN`` (n, q, 11).

    ``told`` (n, 2) are the probability of one language and the log of the passage's tokens, ``background`` (n, q) and
    ``own`` (q,) scores with common words; ``figure`` (q,) tells which tokens are figures.
    """
    share = np.log(question.weights * len(question.ids) + 1e-3)
    columns = (
        met.whole,
        met.near,
        met.alone,
        background,
        own,
        question.lengths,
        share,
        told[:, :1],
        met.beside / 2,
        told[:, 1:] - 4.5,
        figure,
    )
    values = np.empty((*met.whole.shape, len(TOKEN)), np.float32)
    for number, column in enumerate(columns):
        values[:, :, number] = column
    return values


def asked_features(question: Question, own: Floats) -> Floats:
    """Return ``ASKED`` numbers of a question."""
    lengths = question.lengths
    if not len(lengths):  # nothing that the tokenizer knows
        return np.zeros(ASKED, np.float32)
    return np.array(
        [np.log(len(lengths)) - 2, lengths.mean(), own.mean(), question.weights @ lengths], dtype=np.float32
    )


class Evidence:
    """The fitted networks; the parts are named as in ``training/fit_ranking.py``."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = {name: np.ascontiguousarray(value.T, np.float32) for name, value in weights.items()}

    def scores(self, tokens: Floats, weights: Floats, asked: Floats, features: Floats) -> Floats:
        """Return scores (n,) of passages by ``token_features`` (n, q, 11), the weights of the question's tokens (q,),
        ``asked_features`` and features (n, f), all but "evidence"."""
        n, q, _ = tokens.shape
        if not n or not q:
            return np.zeros(n, np.float32)
        worth = self._layers("token", tokens.reshape(n * q, -1)).reshape(n, q, 2)
        words = SCALE * (worth[:, :, 0] @ weights) + worth[:, :, 1].sum(axis=1) / np.sqrt(q)
        columns = [TOKEN.index(name) for name in SUMS]
        means = np.einsum("nqc,q->nc", tokens[:, :, columns], weights)
        kind = np.broadcast_to(asked, (n, ASKED))
        whole = self._layers("whole", np.concatenate([features, means, kind], axis=1))
        linear = self._weights["linear"]  # (1 + f, 2): passages in the question's language and in others
        sides = features @ linear[1:] + linear[0]
        same = tokens[:, 0, TOKEN.index("same")]
        passage = same * sides[:, 0] + (1 - same) * sides[:, 1]
        return np.asarray(words + passage + WHOLE_SCALE * whole[:, 0])

    def _layers(self, name: str, x: Floats) -> Floats:
        w = self._weights
        for number in (0, 2):
            x = np.maximum(x @ w[f"{name}.{number}.weight"] + w[f"{name}.{number}.bias"], 0.0)
        return np.asarray(x @ w[f"{name}.4.weight"] + w[f"{name}.4.bias"])


@cache
def load_evidence() -> Evidence:
    """Read the networks that the package carries, once."""
    from safetensors.numpy import load_file

    return Evidence(load_file(Path(str(resources.files("qa") / "model" / "evidence.safetensors"))))
