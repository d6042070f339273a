"""The evidence: what is seen of each question token, and what the fitted networks make of it."""

from __future__ import annotations

import numpy as np
import pytest

from qa.evidence import ASKED, SCALE, SUMS, TOKEN, Evidence, asked_features, load_evidence, token_features
from qa.ranking import FEATURES, Question, interact, lay, meet
from qa.types import Floats, TokenIds
from tests.fakes import HashingEncoder


def seen(question: Question, texts: list[TokenIds], encoder: HashingEncoder) -> Floats:
    met = meet(question, interact(question, lay(texts, encoder)))
    size = len(question.ids)
    told = np.float32([[1.0, 4.5]] * len(texts))
    nothing = np.zeros((len(texts), size), np.float32)
    return token_features(question, met, told, nothing, nothing[0], np.arange(size) == 1)


def test_each_question_token_has_a_row_of_what_it_meets() -> None:
    encoder = HashingEncoder()
    asked, *texts = encoder.token_ids(["gold coin", "a gold coin", "nothing like"])
    tokens = seen(Question.of(asked, encoder), texts, encoder)
    assert tokens.shape == (2, 2, len(TOKEN))
    column = {name: tokens[:, :, number] for number, name in enumerate(TOKEN)}
    assert column["alone"][0] == pytest.approx([1.0, 1.0], abs=1e-3)
    assert (column["alone"][1] < 0.5).all()
    assert column["beside"][0].tolist() == [0.5, 0.5]  # one neighbour of two, met in the same block
    assert column["figure"].tolist() == [[0, 1], [0, 1]]
    assert (column["passage"] == 0).all()


def test_scores_of_networks_that_are_known() -> None:
    """One weight in each network, the sum worked out by hand."""
    sizes = {"token": (len(TOKEN), 2), "whole": (len(FEATURES) - 1 + len(SUMS) + 4, 1)}
    weights = {
        f"{name}.{number}.{part}": np.zeros((out, into) if part == "weight" else out, np.float32)
        for name, (size, ends) in sizes.items()
        for number, (into, out) in zip((0, 2, 4), ((size, 3), (3, 3), (3, ends)), strict=True)
        for part in ("weight", "bias")
    }
    for number in (0, 2, 4):
        weights[f"token.{number}.weight"][0, 0] = 1.0  # hands on ``whole``, what is negative as 0
    weights["linear"] = np.zeros((2, len(FEATURES)), np.float32)
    weights["linear"][1, 0] = 7.0  # all passages in other languages
    tokens = np.zeros((2, 2, len(TOKEN)), np.float32)
    tokens[0, :, TOKEN.index("whole")] = [0.5, 0.25]
    tokens[1, :, TOKEN.index("whole")] = [-1.0, 1.0]
    tokens[0, :, TOKEN.index("same")] = 1.0
    features = np.zeros((2, len(FEATURES) - 1), np.float32)
    scores = Evidence(weights).scores(tokens, np.float32([0.75, 0.25]), np.zeros(4, np.float32), features)
    # 0.75 · 0.5 + 0.25 · 0.25; 0.25 · 1 and what a passage in another language gets
    assert scores.tolist() == pytest.approx([SCALE * 0.4375, SCALE * 0.25 + 7.0])


def test_nothing_to_score_is_no_error() -> None:
    features = np.zeros((3, len(FEATURES) - 1), np.float32)
    empty = np.zeros((3, 0, len(TOKEN)), np.float32)
    kind = np.zeros(4, np.float32)
    assert load_evidence().scores(empty, np.zeros(0, np.float32), kind, features).tolist() == [0, 0, 0]
    assert load_evidence().scores(empty[:0], np.zeros(0, np.float32), kind, features[:0]).shape == (0,)


def test_a_question_without_tokens_has_no_kind() -> None:
    question = Question.of(np.zeros(0, np.uint32), HashingEncoder())
    assert asked_features(question, np.zeros(0, np.float32)).tolist() == [0.0] * ASKED
