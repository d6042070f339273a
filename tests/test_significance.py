"""Intervals, tests and calibration against values worked out by hand."""

from __future__ import annotations

import ir_measures
import pytest

from qa.errors import QuestionError
from qa.evaluation.calibration import Risk, auroc, calibration_error, reliability, risk_coverage
from qa.evaluation.marks import mark_values, overlap
from qa.evaluation.measures import is_by_passage, measure, parse_measures
from qa.evaluation.questions import Question
from qa.evaluation.significance import holm, intervals, paired_test
from qa.types import Quote, Span


def test_signs_are_flipped_in_every_way_where_they_are_few() -> None:
    # 2 of the 2^5 ways give a sum as far from 0 as five equal wins: all plus, all minus
    assert paired_test([0.5] * 5) == pytest.approx(2 / 32)
    # |2 + 1 - 1|: of the 8 sums 4, 2, 2, 0 and their opposites, 6 are at least as far as 2
    assert paired_test([2.0, 1.0, -1.0]) == pytest.approx(6 / 8)


def test_questions_without_a_difference_change_nothing() -> None:
    assert paired_test([0.5] * 5 + [0.0] * 1000) == pytest.approx(2 / 32)
    assert paired_test([0.0] * 10) == 1.0
    assert paired_test([]) == 1.0
    assert paired_test([1.0]) == 1.0


def test_many_questions_are_drawn_at_random_and_by_the_seed() -> None:
    differences = [1.0] * 30 + [-1.0] * 10
    # the exact p, by the binomial of 40 signs with at most 10 of one kind, is 0.00222
    assert paired_test(differences, seed=1) == pytest.approx(0.0022, abs=0.0015)
    assert paired_test(differences, seed=1) == paired_test(differences, seed=1)


def test_holm_as_worked_out_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.2]) == pytest.approx([0.04, 0.09, 0.09, 0.2])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


def test_an_interval_holds_the_mean_and_is_the_same_every_time() -> None:
    values = [0.0] * 50 + [1.0] * 50
    ((low, high),) = [spread for spread in intervals([values]) if spread]
    # the normal approximation: 0.5 +- 1.96 * sqrt(0.25 / 100)
    assert (low, high) == (pytest.approx(0.402, abs=0.015), pytest.approx(0.598, abs=0.015))
    assert intervals([values]) == [(low, high)]


def test_no_interval_of_one_question() -> None:
    assert intervals([[1.0], [0.0]]) == [None, None]
    assert intervals([[]]) == [None]
    assert intervals([[1.0, 1.0]]) == [(1.0, 1.0)]


# --- confidence --------------------------------------------------------------------------------------------

JUDGED = [(0.95, True), (0.9, True), (0.9, False), (0.2, False), (1.0, True)]


def test_reliability_by_hand() -> None:
    bins = reliability(JUDGED, bins=2)
    assert [(each.low, each.high, each.count) for each in bins] == [(0.0, 0.5, 1), (0.5, 1.0, 4)]
    assert (bins[1].stated, bins[1].right) == (pytest.approx(0.9375), 0.75)
    # 1/5 * |0.2 - 0| + 4/5 * |0.9375 - 0.75|
    assert calibration_error(JUDGED, bins=2) == pytest.approx(0.04 + 0.15)
    assert calibration_error([]) is None


def test_equal_probabilities_are_answered_together() -> None:
    assert risk_coverage(JUDGED) == [
        Risk(1.0, 0.2, 0.0),
        Risk(0.95, 0.4, 0.0),
        Risk(0.9, 0.8, 0.25),
        Risk(0.2, 1.0, 0.4),
    ]


def test_auroc_counts_a_tie_as_a_half() -> None:
    # of the 3 * 2 pairs of right and wrong: 5 in order, one tie
    assert auroc(JUDGED) == pytest.approx(5.5 / 6)
    assert auroc([(0.5, True)]) is None


# --- marked words ------------------------------------------------------------------------------------------


def quote(start: int, end: int, marks: list[tuple[int, int]], source: str = "a") -> Quote:
    return Quote(
        "x" * (end - start), Span(start, end), "d", source, 1, highlights=tuple(Span(*m) for m in marks)
    )


def test_marked_words_against_the_span_they_meet_best() -> None:
    question = Question("q", "?", ("y",), ("a",), spans=(Span(10, 14), Span(100, 104)))
    found = mark_values(question, quote(0, 20, [(8, 12), (18, 20)]))
    # 2 of 6 marked code points are of the answer's 4
    assert found == {
        "covered": 1.0,
        "precision": pytest.approx(1 / 3),
        "recall": 0.5,
        "f1": pytest.approx(0.4),
    }
    assert mark_values(question, quote(11, 20, [(11, 14)])) == {
        "covered": 0.0,
        "precision": 1.0,
        "recall": 0.75,
        "f1": pytest.approx(6 / 7),
    }


@pytest.mark.parametrize("given", [None, quote(0, 20, []), quote(0, 20, [(10, 14)], source="b")])
def test_marking_nothing_or_in_another_document_is_0(given: Quote | None) -> None:
    question = Question("q", "?", ("y",), ("a",), spans=(Span(10, 14),))
    values = mark_values(question, given)
    assert values is not None
    assert values["f1"] == 0.0
    assert values["covered"] == float(given is not None and given.source == "a")


def test_a_question_without_spans_has_no_marks_to_measure() -> None:
    assert mark_values(Question("q", "?", ("y",)), quote(0, 3, [])) is None
    assert overlap(set(), {1}) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


# --- measures ----------------------------------------------------------------------------------------------


def test_measures_have_their_canonical_names() -> None:
    assert parse_measures("MRR@10, NDCG@10,R(rel=2,judged_only=True)@100,nDCG@10") == (
        "RR@10",
        "nDCG@10",
        "R(rel=2,judged_only=True)@100",
    )
    assert [is_by_passage(name) for name in ("RR@10", "Success@5", "nDCG@10", "R@10")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("name", ["foo@3", "nDCG@ten", "P@@5", "ERR@20"])
def test_an_unknown_measure_is_named(name: str) -> None:
    with pytest.raises(QuestionError, match=r"is no measure|another program"):
        parse_measures(name)


def test_equal_to_pytrec_eval_on_the_example_of_its_documentation() -> None:
    qrels = {"q1": {"d1": 0, "d2": 1, "d3": 0}, "q2": {"d2": 1, "d3": 1}}
    run = {
        "q1": [("d3", 1.5), ("d1", 1.0), ("d2", 0.0)],
        "q2": [("d1", 1.5), ("d3", 0.5), ("d2", 0.2)],
    }
    values = measure(["AP", "nDCG"], qrels, run)
    assert values["q1"] == {"AP": pytest.approx(1 / 3, abs=1e-6), "nDCG": pytest.approx(0.5, abs=1e-6)}
    assert values["q2"] == {
        "AP": pytest.approx(0.5833333333333333, abs=1e-6),
        "nDCG": pytest.approx(0.6934264036172708, abs=1e-6),
    }


def test_equal_to_ir_measures_on_the_example_of_its_documentation() -> None:
    qrels = {"Q0": {"D0": 0, "D1": 1}, "Q1": {"D0": 0, "D3": 2}}
    run = {"Q0": [("D0", 1.2), ("D1", 1.0)], "Q1": [("D3", 3.6), ("D0", 2.4)]}
    names = ["P@2", "RR", "nDCG@10", "AP", "R@1", "Success@1"]
    judgements = [ir_measures.Qrel(q, d, grade) for q, grades in qrels.items() for d, grade in grades.items()]
    scored = [ir_measures.ScoredDoc(q, d, score) for q, ranked in run.items() for d, score in ranked]
    values = measure(names, qrels, run)
    for metric in ir_measures.iter_calc([ir_measures.parse_measure(n) for n in names], judgements, scored):
        assert values[metric.query_id][str(metric.measure)] == pytest.approx(metric.value, abs=1e-6)
    assert values["Q0"]["RR"] == 0.5
    assert values["Q1"]["nDCG@10"] == 1.0
