"""Fusion, late interaction and the ranking model, with expected values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from qa.ranking import (
    FEATURES,
    READ,
    Question,
    RankingModel,
    blend,
    fuse,
    interact,
    lay,
    load_ranking,
    meet,
    top_k,
    with_answers,
    worth_reading,
)
from qa.types import Floats, TokenIds
from tests.fakes import HashingEncoder


def ids(*values: int) -> TokenIds:
    return np.array(values, dtype=np.uint32)


def late(question: Question, texts: list[TokenIds], encoder: HashingEncoder) -> Floats:
    return np.asarray(meet(question, interact(question, lay(texts, encoder))).whole @ question.weights)


def test_fusion_does_not_punish_what_one_side_lacks() -> None:
    dense, lexical = np.array([7, 1, 2]), np.array([1, 9])
    # 1: 1/62 + 1/61; 7: 1/61; 9: 1/62; 2: 1/63
    assert fuse([dense, lexical], weights=(1, 1), k=10).tolist() == [1, 7, 9, 2]


def test_fusion_weighs_one_side_less() -> None:
    dense, lexical = np.array([7, 1]), np.array([9, 1])
    # 7: 1/61; 1: 1/62 + 0.5/62; 9: 0.5/61
    assert fuse([dense, lexical], weights=(1, 0.5), k=10).tolist() == [1, 7, 9]


def test_fusion_breaks_ties_by_the_older_id() -> None:
    assert fuse([np.array([5]), np.array([3])], weights=(1, 1), k=2).tolist() == [3, 5]


def test_top_k_orders_equal_scores_by_id() -> None:
    scores, passages = np.float32([0.5, 0.9, 0.5]), np.array([30, 20, 10])
    assert top_k(scores, passages, k=3).tolist() == [1, 2, 0]


def test_what_is_far_behind_the_first_is_not_read() -> None:
    numbers = np.array([7, 3, 9, 5])
    assert worth_reading(np.array([1.0, 4.0, 2.5, 3.0], np.float32), numbers).tolist() == [1, 3, 2]
    assert worth_reading(np.array([4.0, 3.9, 3.8, 3.7], np.float32), numbers).tolist() == [
        0,
        1,
        2,
    ]  # no more than three
    assert worth_reading(np.array([9.0, 4.0, 2.5, 3.0], np.float32), numbers).tolist() == [0]
    assert worth_reading(np.zeros(0, np.float32), numbers[:0]).tolist() == []


def test_what_is_not_read_counts_as_the_least_that_is() -> None:
    features = np.arange(8, dtype=np.float32).reshape(4, 2)
    seen = with_answers(features, np.array([2, 0]), np.array([5.0, -1.0], np.float32))
    assert seen[:, :2].tolist() == features.tolist()
    assert seen[:, 2].tolist() == [-1.0, -1.0, 5.0, -1.0]


def test_blend_adds_half_of_two_neighbours_on_either_side() -> None:
    values = np.float32([1, 0, 0, 0, 0])
    assert blend(values).tolist() == [1.0, 0.5, 0.5, 0.0, 0.0]


def test_maxsim_of_a_text_with_itself_is_highest() -> None:
    encoder = HashingEncoder()
    texts = encoder.token_ids(["the county library opens at nine", "bread and butter", "opens"])
    question = Question.of(texts[0], encoder)
    scores = late(question, texts, encoder)
    assert int(scores.argmax()) == 0
    # a text's tokens laid beside others' score as they do alone
    alone = late(question, [texts[1]], encoder)
    assert scores[1] == pytest.approx(float(alone[0]), abs=1e-6)


def test_maxsim_of_one_token_by_hand() -> None:
    encoder = HashingEncoder()
    (token,) = encoder.token_ids(["word"])
    # one unit token against itself: cosine 1, weight 1
    question = Question.of(token, encoder)
    met = meet(question, interact(question, lay([token], encoder)))
    assert [met.whole[0, 0], met.near[0, 0], met.alone[0, 0]] == pytest.approx([1.0] * 3, abs=1e-4)


def test_a_window_wants_the_partners_together() -> None:
    encoder = HashingEncoder()
    filler = " ".join(f"filler{number}" for number in range(60))
    together, apart = encoder.token_ids([f"{filler} gold coin {filler}", f"gold {filler} {filler} coin"])
    (asked,) = encoder.token_ids(["gold coin"])
    question = Question.of(asked, encoder)
    met = meet(question, interact(question, lay([together, apart], encoder)))
    window = met.near @ question.weights
    assert met.beside.tolist() == [[1, 1], [0, 0]]
    assert window[0] > window[1] + 0.1


def test_maxsim_of_an_empty_text_is_the_lowest() -> None:
    encoder = HashingEncoder()
    (token,) = encoder.token_ids(["word"])
    question = Question.of(token, encoder)
    scores = late(question, [ids(), token, ids()], encoder)
    assert scores[0] == scores[2] == -1.0
    assert scores[1] > 0.9


def test_interaction_has_a_row_for_each_question_token() -> None:
    encoder = HashingEncoder()
    asked, told = encoder.token_ids(["who wrote it", "Tolstoy wrote the novel"])
    found = interact(Question.of(asked, encoder), lay([told], encoder))
    scores = found.scores[:, found.starts[0] : found.ends[0]]
    assert scores.shape == (3, 4)
    assert int(scores[1].argmax()) == 1  # "wrote" meets "wrote"


def test_tokens_without_weight_do_not_count() -> None:
    encoder = HashingEncoder()
    asked, told = encoder.token_ids(["gold coin", "gold ring"])
    question = Question.of(asked, encoder)
    met = meet(question, interact(question, lay([told], encoder)))
    # all that the first token weighs is common
    assert question.without(np.float32([1, 0])).tolist() == [0, 1]
    assert met.alone[0, 0] == pytest.approx(1.0, abs=1e-4)
    assert met.alone[0, 1] < 0.5


def test_a_passage_in_another_language_is_not_judged_by_words() -> None:
    names = ("dense", "lexical", "same_language")
    model = RankingModel(names, same=(0.0, 1.0, 5.0, 0.0), cross=(0.5, 1.0, 0.0, 0.0))
    rows = np.float32([[0.5, 0.1, 1], [0.5, 0.0, 0], [0.5, 0.2, 0.5]])
    # 0.5 + 5 · 0.1; 0.5 + 0.5; half of 0.5 + 5 · 0.2 and half of 0.5 + 0.5
    assert model.scores(rows).tolist() == pytest.approx([1.0, 1.0, 1.25])
    # half of 0 and 0.5, of 1 and 1, of 5 and 0; with them the last row makes 0.25 + 0.5 + 2.5 · 0.2
    assert model.weights(0.5) == (0.25, 1.0, 2.5, 0.0)


def test_the_shipped_weights_fit_the_features() -> None:
    ranking = load_ranking()
    for model, names in ((ranking.found, FEATURES), (ranking.read, READ)):
        assert model.names == names
        assert len(model.same) == len(model.cross) == len(names) + 1
