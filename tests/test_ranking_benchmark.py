"""What the benchmark of the ranking makes of candidates: places, weights fitted anew, losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.ranking.run import Paired, corrected, joined, lost, mean_of, script_of, worse
from benchmarks.ranking.seen import rank_of_text
from benchmarks.ranking.sets import BLOCKS, SPANS, mixed_spans, shuffled
from benchmarks.retrieval.tasks import SPAN_LANGS, Asked, Collection
from qa.evidence import ASKED, TOKEN, Evidence
from qa.ranking import FEATURES
from qa.types import Floats
from training.fit_ranking import EvidenceNet, Labelled, fit, kept, merged

NAMES = ("late", "lexical", "same_language")


def test_a_text_is_as_good_as_its_best_part() -> None:
    owners = np.array([7, 3, 3, 5, 7])
    scores = np.array([0.9, 0.1, 0.8, 0.2, 0.85], np.float32)
    assert [rank_of_text(scores, owners, text) for text in (7, 3, 5, 4)] == [0, 1, 2, None]


def test_of_equal_texts_the_first_comes_first() -> None:
    owners = np.array([1, 2, 3, 1])
    assert [rank_of_text(np.zeros(4, np.float32), owners, text) for text in (1, 2, 3)] == [0, 1, 2]


def test_shuffled_texts_keep_what_is_right() -> None:
    texts = [f"text {number}" for number in range(50)]
    before = Collection(texts, [Asked(text, number, "de>en") for number, text in enumerate(texts)])
    after = shuffled(before)
    assert after.texts != before.texts
    assert [after.texts[asked.right] for asked in after.asked] == texts


def labelled(*rows: tuple[list[float], bool]) -> Labelled:
    features, right = zip(*rows, strict=True)
    return Labelled(np.array(features, np.float32), np.array(right))


def test_weights_prefer_what_the_right_ones_have_and_know_nothing_of_what_is_left_out() -> None:
    # late tells the right one, lexical is as often wrong; questions of two and of three candidates
    asked = [
        labelled(([0.9, 0.5, 1.0], True), ([0.1, 0.5, 1.0], False)),
        labelled(([0.2, 0.9, 1.0], False), ([0.8, 0.1, 1.0], True), ([0.1, 0.1, 1.0], False)),
        labelled(([0.7, 0.3, 0.0], True), ([0.3, 0.6, 0.0], False)),
    ]
    model = fit(asked, NAMES)
    assert model.same[1] > 0
    assert model.cross[1] > 0
    assert model.same[2] < 0
    assert model.cross[2] == 0.0  # words are nothing across languages
    assert model.same[3] == model.cross[3] == 0.0
    without = fit(asked, NAMES, without=("late",))
    assert without.same[1] == without.cross[1] == 0.0


def test_what_may_only_rise_is_no_reason_against_a_passage() -> None:
    asked = [
        labelled(([0.9, 0.5, 1.0], True), ([0.1, 0.6, 1.0], False)),
        labelled(([0.2, 0.9, 0.0], False), ([0.8, 0.1, 0.0], True)),
    ]
    assert fit(asked, NAMES).same[2] < 0
    model = fit(asked, NAMES, rising={"late", "lexical"})
    assert model.same[1] > 0
    assert 0 <= model.same[2] < 0.05


def test_a_question_that_counts_twice_is_as_two() -> None:
    one = labelled(([0.9, 0.5, 1.0], True), ([0.1, 0.6, 1.0], False))
    other = labelled(([0.2, 0.9, 1.0], True), ([0.8, 0.1, 1.0], False))
    twice = Labelled(one.features, one.right, 2)
    assert fit([twice, other], NAMES).same == pytest.approx(fit([one, one, other], NAMES).same, rel=0.01)


def test_without_the_language_all_is_one_language() -> None:
    features: Floats = np.array([[0.4, 0.3, 0.2]], np.float32)
    assert kept(features, NAMES, ("same_language", "late")).tolist() == [[0.0, pytest.approx(0.3), 1.0]]
    assert features[0, 2] == pytest.approx(0.2)


def paired(values: list[float], others: list[float], final: list[bool]) -> Paired:
    return Paired(np.array(values), np.array(others), np.array(final))


def test_each_half_is_told_by_itself() -> None:
    facts = paired([1.0, 0.0, 0.5], [0.5, 0.0, 1.0], [False, False, True]).figures()
    assert facts["fit"]["n"] == 2
    assert facts["fit"]["difference"] == pytest.approx(25.0)
    assert facts["final"]["difference"] == pytest.approx(-50.0)
    assert lost(facts["final"]) == pytest.approx(50.0)


def test_a_steady_loss_on_the_final_half_is_worse_and_one_on_the_other_is_not() -> None:
    values = np.linspace(0.0, 1.0, 20)
    less = values - np.where(np.arange(20) % 2, 0.02, 0.04)
    final, first = np.ones(20, np.bool_), np.zeros(20, np.bool_)
    rows = corrected({"a": Paired(less, values, final).figures(), "b": Paired(less, values, first).figures()})
    assert worse(rows["a"])
    assert not worse(rows["b"])


def test_a_mean_counts_rows_alike_and_a_join_counts_questions_alike() -> None:
    rows = [paired([1.0], [0.0], [True]), paired([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [True, True, True])]
    assert mean_of(rows)["final"]["mean"] == pytest.approx(50.0)
    assert joined(rows).figures()["final"]["mean"] == pytest.approx(25.0)


def test_spans_in_one_language_are_asked_of_passages_in_all_others() -> None:
    english = [f"sentence {number}" for number in range(4 * 2 * (BLOCKS + 40))]
    words = " one two three four five six seven"
    table = {lang: {sentence: f"{lang} {sentence}{words}" for sentence in english} for lang in SPAN_LANGS}
    collection = mixed_spans(table, "de")
    assert len(collection.texts) == 2 * BLOCKS
    assert len(collection.asked) == SPANS * len(collection.texts)
    assert {asked.row for asked in collection.asked} == {f"de>{lang}" for lang in SPAN_LANGS if lang != "de"}
    for asked in collection.asked:
        assert asked.row == f"de>{collection.texts[asked.right].split()[0]}"
    assert not any(text.startswith("de ") for text in collection.texts)


@pytest.mark.parametrize(
    ("lang", "script"),
    [
        ("zh", "no spaces"),
        ("ja", "no spaces"),
        ("ko", "no spaces"),
        ("ar", "Arabic, Hebrew"),
        ("hi", "Indic"),
        ("th", "no spaces"),
        ("ru", "Cyrillic"),
        ("de", "Latin"),
        ("en", "Latin"),
    ],
)
def test_languages_go_by_how_they_are_written(lang: str, script: str) -> None:
    assert script_of(lang) == script


def test_merged_networks_give_the_mean_of_theirs() -> None:
    torch.manual_seed(0)
    nets = [EvidenceNet(len(FEATURES) - 1) for _ in range(3)]
    for parameter in (parameter for net in nets for parameter in net.parameters()):
        parameter.data = torch.randn_like(parameter)
    random = np.random.default_rng(0)
    tokens, features = (
        random.random(shape).astype(np.float32) for shape in ((5, 7, len(TOKEN)), (5, len(FEATURES) - 1))
    )
    weights, asked = np.full(7, 1 / 7, np.float32), random.random(ASKED).astype(np.float32)
    of_each = [
        Evidence({name: value.numpy() for name, value in net.state_dict().items()}).scores(
            tokens, weights, asked, features
        )
        for net in nets
    ]
    merged_scores = Evidence(merged(nets)).scores(tokens, weights, asked, features)
    assert merged_scores == pytest.approx(np.mean(of_each, axis=0), rel=1e-4, abs=1e-3)
