"""Two runs of one question set: tests by hand, questions won and lost, runs kept and gone on with, limits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import pytrec_eval

from qa.errors import QuestionError
from qa.evaluation import (
    Evaluation,
    Question,
    Result,
    SavedRun,
    compare,
    evaluate,
    judged_run,
    load_saved,
    parse_gate,
)
from qa.evaluation.comparison import COMPARED
from qa.evaluation.gates import Gate, measures_of
from qa.evaluation.run import known_failures
from qa.evaluation.saved import Journal
from tests.test_evaluation import FakeQA


def result(
    identifier: str,
    outcome: str | None = "right",
    *,
    ndcg: float = 1.0,
    ranks: tuple[int, ...] = (1,),
    quote: str | None = "q",
    confidence: float = 0.9,
    lang: str = "en",
    passage_lang: str = "en",
    known_failure: str | None = None,
) -> Result:
    answers = () if outcome in ("false answer", "correct abstention") else ("42",)
    question = Question(
        identifier, f"{identifier}?", answers, ("a",), lang=lang, passage_lang=passage_lang,
        known_failure=known_failure,
    )  # fmt: skip
    values = {"nDCG@10": ndcg, "R@100": 1.0, "RR@10": ndcg} if answers else None
    return Result(
        question, outcome, values, ranks=ranks, relevant=1, quote=quote, nearest=quote, confidence=confidence
    )


def run(*results: Result) -> SavedRun:
    return SavedRun("set", results)


# --- comparing ---------------------------------------------------------------------------------------------


def test_means_differences_and_corrected_tests_by_hand() -> None:
    before = [result(f"{n}", "wrong", ndcg=0.5) for n in range(5)] + [result("same")]
    after = [result(f"{n}", "right", ndcg=1.0) for n in range(5)] + [result("same")]
    compared = compare(run(*before), run(*after), groups=())
    tests = {test.measure: test for test in compared.tests}
    assert list(tests) == list(COMPARED[:-1])  # all are answerable: what succeeded are the right quotes
    ndcg = tests["nDCG@10"]
    assert (ndcg.questions, ndcg.a, ndcg.b) == (6, pytest.approx(3.5 / 6), 1.0)
    assert ndcg.difference == pytest.approx(2.5 / 6)
    assert ndcg.p == pytest.approx(2 / 32)
    # three tests have p = 1/16, R@100 has p = 1: four in all, so the smallest is four times itself
    assert ndcg.p_corrected == pytest.approx(4 / 16)
    assert tests["R@100"].p_corrected == 1.0
    assert tests["quote_accuracy"].a == pytest.approx(1 / 6)
    assert ndcg.interval is not None
    assert ndcg.interval[0] <= ndcg.difference <= ndcg.interval[1]
    assert (len(compared.won), len(compared.lost), compared.same) == (5, 0, 1)


def test_what_succeeded_is_right_quotes_and_right_silence() -> None:
    before = [result("a", "wrong"), result("b", "correct abstention", quote=None)]
    after = [result("a", "right"), result("b", "false answer")]
    compared = compare(run(*before), run(*after), measures=("succeeded", "quote_accuracy"), groups=())
    assert [(test.questions, test.a, test.b) for test in compared.tests] == [(2, 0.5, 0.5), (1, 0.0, 1.0)]


def test_the_greatest_changes_are_listed_first() -> None:
    before = [result("ranking", ndcg=0.5), result("silent", "wrong"), result("right", "wrong")]
    after = [result("ranking"), replace(result("silent", "missed"), quote=None), result("right")]
    compared = compare(run(*before), run(*after))
    assert [change.b.question.id for change in compared.won] == ["right", "silent", "ranking"]


def test_tests_are_given_by_group() -> None:
    before = [result("a"), result("b", passage_lang="zh")]
    after = [result("a"), result("b", "wrong", passage_lang="zh", ndcg=0.0)]
    compared = compare(run(*before), run(*after), measures=("nDCG@10",), groups=("languages", "pair"))
    assert [(test.group, test.difference) for test in compared.tests] == [
        ("all", -0.5),
        ("languages across", -1.0),
        ("languages same", 0.0),
        ("pair en>en", 0.0),
        ("pair en>zh", -1.0),
    ]


@pytest.mark.parametrize(
    ("before", "after", "better", "why"),
    [
        (
            result("x", "wrong", quote="other", confidence=0.8),
            result("x"),
            "b",
            "wrong became right; another sentence is the best quote",
        ),
        (
            result("x"),
            replace(result("x", "missed", confidence=0.2), quote=None),
            "a",
            "right became missed; it is now withheld (probability 0.90 to 0.20)",
        ),
        (result("x", "wrong"), replace(result("x", "missed"), quote=None), "b", "wrong became missed"),
        (
            result("x", ndcg=0.5, ranks=(3,)),
            result("x"),
            "b",
            "the first relevant document went from rank 3 to rank 1",
        ),
        (
            result("x", None, ranks=(2,)),
            result("x", None, ndcg=0.0, ranks=()),
            "a",
            "the first relevant document went from rank 2 to not found",
        ),
        (
            result("x", None, ndcg=0.9, ranks=(1, 5)),
            result("x", None, ndcg=1.0, ranks=(1, 2)),
            "b",
            "relevant documents below the first one moved",
        ),
    ],
)
def test_who_won_and_why(before: Result, after: Result, better: str, why: str) -> None:
    compared = compare(run(before), run(after))
    (change,) = compared.won or compared.lost
    assert change.better == better
    assert why in change.why


def test_a_wrong_quote_is_worse_than_silence_whatever_the_ranking() -> None:
    before = replace(result("x", "missed", ndcg=0.2), quote=None)
    compared = compare(run(before), run(result("x", "wrong", ndcg=1.0)))
    assert len(compared.lost) == 1


def test_questions_of_one_run_alone_are_named_and_not_compared() -> None:
    compared = compare(run(result("a"), result("b")), run(result("b"), result("c")))
    assert (compared.questions, compared.only_in_a, compared.only_in_b) == (1, ("a",), ("c",))
    with pytest.raises(QuestionError, match="no question in common"):
        compare(run(result("a")), run(result("b")))


def test_one_id_for_two_questions_is_refused() -> None:
    other = replace(result("a"), question=Question("a", "something else?", ("42",)))
    with pytest.raises(QuestionError, match="'a' is another question in each run"):
        compare(run(result("a")), run(other))


def test_a_comparison_is_json() -> None:
    value = compare(run(result("a", "wrong")), run(result("a"))).to_dict()
    json.dumps(value, allow_nan=False)
    assert value["won"][0]["why"] == "wrong became right"
    assert value["won"][0]["a"]["outcome"] == "wrong"
    assert value["won"][0]["b"]["quote"] == "q"
    assert value["tests"][0].keys() == {
        "measure", "group", "questions", "a", "b", "difference", "interval", "p", "p_corrected",
    }  # fmt: skip


# --- runs on disk ------------------------------------------------------------------------------------------

QUESTIONS = [
    Question("a", "a?", ("42",), ("x",), lang="en", passage_lang="zh", known_failure="hard"),
    Question("b", "b?", ("42",)),
    Question("c", "c?"),
]
FOUND = {"a?": [("x", "it is 42"), ("y", "no")], "b?": [("y", "it is 41")], "c?": [("y", "it is 41")]}
FACTS = {"set": "set", "questions": "1", "library": "2", "measures": ""}


def counting(asked: list[str]) -> FakeQA:
    class Counting(FakeQA):
        def ask(self, question: str):  # type: ignore[no-untyped-def]
            asked.append(question)
            return super().ask(question)

    return Counting(FOUND)


def test_a_killed_evaluation_goes_on_from_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    asked: list[str] = []
    with Journal(path, FACTS) as journal:
        evaluate(QUESTIONS[:2], counting(asked), known=journal.known, on_result=journal.add)
    with path.open("ab") as file:
        file.write(b'{"id": "c", "outc')  # killed while it wrote
    asked.clear()
    with Journal(path, FACTS) as journal:
        assert set(journal.known) == {"a", "b"}
        again = evaluate(QUESTIONS, counting(asked), known=journal.known, on_result=journal.add)
    assert asked == ["c?"]
    whole = evaluate(QUESTIONS, FakeQA(FOUND))
    unlike = {"seconds", "milliseconds_per_question", "per_question"}
    assert {k: v for k, v in again.to_dict().items() if k not in unlike} == {
        k: v for k, v in whole.to_dict().items() if k not in unlike
    }
    assert [entry.documents for entry in again.results] == [entry.documents for entry in whole.results]
    assert [entry.question.id for entry in load_saved(path).results] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("questions", "another question set"), ("library", "another library, model, setting")],
)
def test_a_journal_of_something_else_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / "run.jsonl"
    Journal(path, FACTS).close()
    with pytest.raises(QuestionError, match=reason):
        Journal(path, FACTS | {name: "changed"})


def test_one_journal_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Journal(path, FACTS), pytest.raises(QuestionError, match="being written by another qa eval"):
        Journal(path, FACTS)
    Journal(path, FACTS).close()


@pytest.mark.parametrize("text", ["my notes\n", "my notes, without an end", '{"id": "a"}\n'])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(QuestionError, match=r"line 1: this is"):
        Journal(path, FACTS)
    assert path.read_text(encoding="utf-8") == text


def test_a_journal_killed_in_its_first_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text('{"format": "qa ev', encoding="utf-8")
    Journal(path, FACTS).close()
    assert path.read_text(encoding="utf-8").count("\n") == 1


@pytest.mark.parametrize("indent", [None, 2])
def test_the_json_of_eval_is_a_run(tmp_path: Path, indent: int | None) -> None:
    evaluation = evaluate(QUESTIONS, FakeQA(FOUND), name="set")
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(evaluation.to_dict(), indent=indent), encoding="utf-8")
    saved = load_saved(path)
    assert saved.name == "set"
    compared = compare(saved, SavedRun("set", evaluation.results))
    assert compared.same == 3
    assert all(test.difference == 0 for test in compared.tests)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "nothing", '{"per_question": [{}]}', '{"per_question": []}']
)
def test_what_is_no_run_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(QuestionError, match=r"run\.json"):
        load_saved(path)


def test_runs_of_other_systems_are_measured_as_trec_eval_does(tmp_path: Path) -> None:
    # Query 1 ties the relevant "b" with "a": trec_eval puts "b" first. Query 2 is missing from the second run.
    (tmp_path / "a.txt").write_text(
        "1 Q0 a 1 0.5 x\n1 Q0 b 2 0.5 x\n2 Q0 c 1 9 x\n2 Q0 d 2 8 x\n", encoding="utf-8"
    )
    (tmp_path / "b.txt").write_text("1 Q0 b 1 0.4 x\n1 Q0 a 2 0.5 x\n", encoding="utf-8")
    qrels = {"1": {"b": 1, "a": 0}, "2": {"d": 1}}
    before, after = (judged_run(tmp_path / name, qrels, measures=("AP",)) for name in ("a.txt", "b.txt"))
    assert [entry.values["AP"] for entry in before.results if entry.values] == [1.0, 0.5]
    assert [entry.values["AP"] for entry in after.results if entry.values] == [0.5, 0.0]
    assert [entry.ranks for entry in before.results] == [(1,), (2,)]
    assert [entry.values["RR@10"] for entry in before.results if entry.values] == [1.0, 0.5]
    trec = pytrec_eval.RelevanceEvaluator(qrels, {"map", "ndcg_cut_10", "recall_10"})
    exact = trec.evaluate({"1": {"a": 0.5, "b": 0.5}, "2": {"c": 9.0, "d": 8.0}})
    for entry in before.results:
        assert entry.values is not None
        expected = exact[entry.question.id]
        assert entry.values["AP"] == pytest.approx(expected["map"], abs=1e-6)
        assert entry.values["nDCG@10"] == pytest.approx(expected["ndcg_cut_10"], abs=1e-6)
        assert entry.values["R@10"] == pytest.approx(expected["recall_10"], abs=1e-6)
    compared = compare(before, after, measures=("AP",))
    assert compared.tests[0].difference == pytest.approx(-0.5)
    assert [change.why for change in compared.lost] == [
        "the first relevant document went from rank 1 to rank 2",
        "the first relevant document went from rank 2 to not found",
    ]


# --- known failures ----------------------------------------------------------------------------------------


def test_a_known_failure_counts_and_a_mended_one_is_noticed() -> None:
    results = (
        result("fails", "wrong", ndcg=0.0, known_failure="too hard"),
        result("mended", known_failure="was hard"),
        result("plain"),
    )
    figures = Evaluation("set", results, 1.0).to_dict()
    assert figures["known_failures"] == {
        "failing": [{"id": "fails", "reason": "too hard"}],
        "mended": [{"id": "mended", "reason": "was hard"}],
    }
    assert figures["quote_accuracy"] == pytest.approx(2 / 3)
    assert figures["nDCG@10"] == pytest.approx(2 / 3)


def test_a_ranking_is_mended_when_its_first_document_is_relevant() -> None:
    ranked = [
        replace(result(name, None, known_failure="hard"), values={"Success@1": value})
        for name, value in (("up", 1.0), ("down", 0.0))
    ]
    found = known_failures(ranked)
    assert [entry["id"] for entry in found["mended"]] == ["up"]


# --- limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("nDCG@10=0.8", Gate("nDCG@10", 0.8)),
        ("MRR@10=0.5", Gate("RR@10", 0.5)),
        ("quote_accuracy=0.3", Gate("quote_accuracy", 0.3)),
        ("R(rel=2)@10=0.3", Gate("R(rel=2)@10", 0.3)),
        ("pair:en>zh:Success@1=0.4", Gate("Success@1", 0.4, "pair", "en>zh")),
        ("source:a:b.txt:R@10=1", Gate("R@10", 1.0, "source", "a:b.txt")),
    ],
)
def test_limits_are_read(text: str, gate: Gate) -> None:
    assert parse_gate(text) == gate


@pytest.mark.parametrize(
    "text", ["nDCG@10", "nDCG@10=", "=0.5", "foo=0.5", "where:x:nDCG@10=0.5", "R@10=nan"]
)
def test_a_limit_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(QuestionError, match=r"no limit|no measure|no group"):
        parse_gate(text)


def test_a_figure_below_its_limit_says_so_in_a_sentence() -> None:
    figures = Evaluation("set", (result("a"), result("b", "wrong", ndcg=0.5)), 1.0).to_dict()
    assert Gate("nDCG@10", 0.75).failure(figures) is None
    assert Gate("nDCG@10", 0.8).failure(figures) == (
        "nDCG@10 is 0.7500, below the 0.8 that --fail-under demands."
    )
    assert Gate("nDCG@10", 0.8, "pair", "en>en").failure(figures) == (
        "nDCG@10 (pair en>en) is 0.7500, below the 0.8 that --fail-under demands."
    )
    assert "no question is in that group" in str(Gate("R@10", 0.5, "pair", "x>y").failure(figures))
    assert "no question measures it" in str(Gate("abstention_recall", 0.5).failure(figures))
    assert measures_of([Gate("AP", 0.1), Gate("quote_accuracy", 0.1)]) == ("AP",)
