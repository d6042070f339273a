"""Question sets and benchmarks: reading, measures worked out by hand, nothing dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log2
from pathlib import Path

import ir_measures
import pytest

from qa.errors import LibraryNotFound, QuestionError
from qa.evaluation import (
    Question,
    evaluate,
    evaluate_benchmark,
    load_benchmark,
    load_questions,
    write_run,
)
from qa.evaluation.measures import measure, rank_documents, strictly_decreasing
from qa.evaluation.questions import holds_answer
from qa.evaluation.run import deep_search
from qa.types import Answer, Hit, Passage, Place, Quote, Span


def hit(rank: int, source: str, text: str, score: float | None = None) -> Hit:
    passage = Passage(source, Span(rank, rank + len(text)), text, id=rank)
    return Hit(rank, 1.0 / rank if score is None else score, passage, source)


class FakeQA:
    """Finds what it was told to find; quotes its first hit unless the question is to be abstained."""

    def __init__(self, found: Mapping[str, Sequence[tuple[str, str]]], abstain: Sequence[str] = ()) -> None:
        self.found = found
        self.abstain = abstain
        self.depths: list[int] = []

    def search(self, question: str, *, k: int = 10) -> list[Hit]:
        self.depths.append(k)
        if question == "refused":
            raise QuestionError("The question is too long.")
        pairs = self.found.get(question, ())
        return [hit(rank, source, text) for rank, (source, text) in enumerate(pairs, start=1)][:k]

    def ask(self, question: str) -> Answer:
        hits = tuple(self.search(question))
        quote = None
        if hits and question not in self.abstain:
            first = hits[0]
            quote = Quote(first.text, first.passage.span, first.source, first.source, first.passage.id)
        return Answer(question, quote, 0.9 if quote else 0.1, "", hits)


def write_lines(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def write_beir(folder: Path, corpus: Sequence[object], queries: Sequence[object], qrels: str) -> Path:
    write_lines(folder / "corpus.jsonl", *corpus)
    write_lines(folder / "queries.jsonl", *queries)
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels, encoding="utf-8")
    return folder


# --- reading question sets ---------------------------------------------------------------------------------


def test_questions_are_read_with_optional_fields(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "questions.jsonl",
        {
            "id": 7,
            "question": "谁？",
            "answers": ["李明"],
            "source": "a.txt",
            "lang": "zh",
            "note": "ignored",
        },
        {
            "id": "b",
            "question": "Who?",
            "answers": ["Li"],
            "sources": ["a.txt", "b.txt"],
            "passage_lang": "zh",
        },
        {"id": "c", "question": "When?", "answers": []},
        {"id": "d", "question": "Why?", "answers": None, "kind": "near miss"},
    )
    first, second, third, fourth = load_questions(path)
    assert first == Question("7", "谁？", ("李明",), ("a.txt",), lang="zh")
    assert second.sources == ("a.txt", "b.txt")
    assert (first.answerable, third.answerable, fourth.answerable) == (True, False, False)
    assert fourth.kind == "near miss"


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a", "question": "?"}\r\n\r\n{"id": "b", "question": "?"}')
    assert [question.id for question in load_questions(path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "a JSON object is needed"),
        ('{"question": "?"}', "'id'"),
        ('{"id": "b"}', "'question'"),
        ('{"id": "b", "question": " "}', "'question'"),
        ('{"id": "b", "question": "?", "answers": "Li"}', "'answers' must be a list"),
        ('{"id": "b", "question": "?", "answers": [" "]}', "'answers' must hold texts"),
        ('{"id": "b", "question": "?", "answers": [7]}', "'answers' must hold texts"),
        ('{"id": "b", "question": "?", "answer": ["Li"]}', "'answers'"),
        ('{"id": "b", "question": "?", "source": ["a"]}', "'source'"),
        ('{"id": "a", "question": "?"}', "given before"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_malformed_line_is_named_by_file_and_line(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "a", "question": "?"}\n\n' + line + "\n", encoding="utf-8")
    with pytest.raises(QuestionError, match=r"questions\.jsonl, line 3: ") as caught:
        load_questions(path)
    assert reason in str(caught.value)


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes('{"id": "a", "question": "谁是中国首都的市长？"}'.encode("gb18030"))
    with pytest.raises(QuestionError, match="line 1: this is not UTF-8"):
        load_questions(path)


def test_an_empty_set_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    with pytest.raises(QuestionError, match="no file"):
        load_questions(path)
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(QuestionError, match="holds no questions"):
        load_questions(path)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("增长\n7.\n6 %，达到", "7.6%"),
        ("3.5　亿元", "3.5亿元"),
        ("Angela\n   Merkel sprach", "Angela Merkel"),
        ("وقال أحمد\nزويل", "أحمد زويل"),
        ("אמר דוד\u00a0בן־גוריון", "דוד בן־גוריון"),
        ("ภาษา ไทย", "ภาษาไทย"),
        ("नई\nदिल्ली", "नई दिल्ली"),
        ("Hà\nNội", "Hà Nội"),
    ],
)
def test_white_space_is_ignored_when_looking_for_an_answer(text: str, answer: str) -> None:
    assert holds_answer(text, ["nothing such", answer])
    assert not holds_answer(text, ["nothing such"])


def test_regional_forms_are_one_language() -> None:
    assert Question("a", "?", lang="zh-Hant", passage_lang="zh").crossing == "same"
    assert Question("a", "?", lang="en", passage_lang="zh").crossing == "across"
    assert Question("a", "?", lang="en").crossing is None


# --- ranking measures --------------------------------------------------------------------------------------


def test_a_document_stands_at_its_best_passage() -> None:
    hits = [hit(1, "a", "x", 0.9), hit(2, "b", "x", 0.8), hit(3, "a", "y", 0.7), hit(4, "c", "x", 0.8)]
    ranked = rank_documents(hits, depth=10)
    assert [source for source, _ in ranked] == ["a", "b", "c"]
    assert ranked[1][1] > ranked[2][1]
    assert rank_documents(hits, depth=2) == ranked[:2]


def test_tied_scores_are_parted_in_the_order_shown() -> None:
    scores = strictly_decreasing([0.5, 0.5, 0.5, 0.9, -1.0])
    assert scores == sorted(set(scores), reverse=True)
    assert scores[0] == 0.5
    assert scores[-1] == -1.0
    written = [float(f"{score:.9g}") for score in scores]
    assert written == sorted(set(written), reverse=True)


def test_a_question_missing_from_the_run_or_without_anything_relevant_counts_as_0() -> None:
    qrels = {
        "found": {"d": 1},
        "not in the run": {"d": 1},
        "nothing relevant": {"d": 0},
        "nothing judged": {},
    }
    run = {"found": [("d", 1.0)], "nothing relevant": [("d", 1.0)], "not judged": [("d", 1.0)]}
    values = measure(["RR@10", "nDCG@10", "Success@1"], qrels, run)
    assert values == {
        name: dict.fromkeys(["RR@10", "nDCG@10", "Success@1"], 1.0 if name == "found" else 0.0)
        for name in qrels
    }
    assert measure(["RR@10"], {"a": {"d": 1}}, {}) == {"a": {"RR@10": 0.0}}


def test_measures_by_passage_and_by_document_worked_out_by_hand() -> None:
    question = Question("q", "?", ("7.6%",), ("a.txt", "b.txt"))
    found = [
        ("c.txt", "growth of 7.6%"),  # holds the answer, but is none of the sources
        ("a.txt", "nothing of it"),
        ("a.txt", "growth of 7.\n6%"),
        ("b.txt", "nothing of it"),
    ]
    (result,) = evaluate([question], FakeQA({"?": found})).results
    assert result.values is not None
    assert result.values["Success@1"] == 0.0
    assert result.values["RR@10"] == pytest.approx(1 / 3)  # the passage
    ideal = 1 + 1 / log2(3)
    assert result.values["nDCG@10"] == pytest.approx((1 / log2(3) + 1 / log2(4)) / ideal)  # ranks 2 and 3
    assert result.values["R@10"] == 1.0
    assert result.outcome == "right"  # the quote is of c.txt and does hold an answer
    assert [source for source, _ in result.documents] == ["c.txt", "a.txt", "b.txt"]


def test_a_passage_that_is_printed_twice_counts_for_both_documents() -> None:
    copies = hit(1, "copy.txt", "growth of 7.6%")
    copies = replace(copies, also=(Place("a.txt", "a", None, copies.passage.span),))

    class Twice(FakeQA):
        def search(self, question: str, *, k: int = 10) -> list[Hit]:
            return [copies, hit(2, "b.txt", "nothing")][:k]

    (result,) = evaluate(
        [Question("q", "?", ("7.6%",), ("a.txt",))], Twice({"?": [("copy.txt", "7.6%")]})
    ).results
    assert result.values is not None
    assert result.values["Success@1"] == 1.0
    assert [source for source, _ in result.documents] == ["copy.txt", "a.txt", "b.txt"]
    assert result.ranks == (2,)


def test_without_a_source_the_documents_that_hold_the_answer_are_relevant() -> None:
    found = [("a.txt", "no"), ("b.txt", "yes 42")]
    (result,) = evaluate([Question("q", "?", ("42",))], FakeQA({"?": found})).results
    assert result.values is not None
    assert result.values["RR@10"] == 0.5
    assert result.values["R@10"] == 1.0
    assert result.values["nDCG@10"] == pytest.approx(1 / log2(3))


def test_search_goes_deeper_until_there_are_enough_documents() -> None:
    crowded = [("crowd", f"passage {number}") for number in range(150)]
    many = [(f"d{number}", "passage") for number in range(150)]
    qa = FakeQA({"crowded": crowded + many, "many": many, "few": crowded[:20]})
    assert len({found.source for found in deep_search(qa, "crowded")}) == 151
    assert qa.depths == [10, 100, 400]
    qa.depths.clear()
    deep_search(qa, "many")
    assert qa.depths == [10, 100]
    qa.depths.clear()
    assert [found.rank for found in deep_search(qa, "few")] == list(range(1, 21))
    assert qa.depths == [10, 100]


def test_a_deeper_search_never_changes_what_stands_first() -> None:
    class Shifting(FakeQA):
        def search(self, question: str, *, k: int = 10) -> list[Hit]:
            hits = super().search(question, k=k)
            return hits if k == 10 else [hit(rank, h.source, h.text) for rank, h in enumerate(hits[::-1], 1)]

    hits = deep_search(Shifting({"?": [(f"d{number}", "x") for number in range(30)]}), "?")
    assert [found.source for found in hits[:10]] == [f"d{number}" for number in range(10)]


# --- quotes and abstentions --------------------------------------------------------------------------------


@pytest.fixture
def questions() -> list[Question]:
    return [
        Question("right", "right?", ("42",), ("a",), lang="en", passage_lang="zh", kind="number"),
        Question("wrong", "wrong?", ("42",), ("a",), lang="en", passage_lang="en", kind="number"),
        Question("missed", "missed?", ("42",), ("a",), lang="zh", passage_lang="en"),
        Question("unknown", "never heard of?", ("42",), ("a",)),
        Question("refused", "refused", ("42",), ("a",)),
        Question("false", "false?", lang="en"),
        Question("abstained", "abstained?", lang="zh"),
        Question("refused too", "refused"),
    ]


@pytest.fixture
def qa() -> FakeQA:
    return FakeQA(
        {
            "right?": [("a", "it is 4 2")],
            "wrong?": [("a", "it is 41"), ("a", "it is 42")],
            "missed?": [("a", "it is 42")],
            "false?": [("a", "it is 42")],
            "abstained?": [("a", "it is 42")],
        },
        abstain=["missed?", "abstained?"],
    )


def test_every_outcome_is_counted(questions: list[Question], qa: FakeQA) -> None:
    evaluation = evaluate(questions, qa)
    outcomes = {result.question.id: result.outcome for result in evaluation.results}
    assert outcomes == {
        "right": "right",
        "wrong": "wrong",
        "missed": "missed",
        "unknown": "missed",
        "refused": "failed",
        "false": "false answer",
        "abstained": "correct abstention",
        "refused too": "failed",
    }
    figures = evaluation.to_dict()
    assert figures["counts"] == {
        "questions": 8,
        "answerable": 5,
        "unanswerable": 3,
        "failed": 2,
        "missing": 0,
    }
    assert figures["quote_accuracy"] == pytest.approx(1 / 5)
    assert figures["Success@1"] == pytest.approx(2 / 5)  # right and missed; refused and unknown count as 0
    assert figures["RR@10"] == pytest.approx((1 + 1 / 2 + 1) / 5)
    assert figures["abstention"] == {
        "answered": 3,
        "abstained": 3,
        "right_answers": 1,
        "wrong_answers": 1,
        "false_answers": 1,
        "missed": 2,
        "correct_abstentions": 1,
        "error_rate": pytest.approx(2 / 3),
        "abstention_precision": pytest.approx(1 / 3),
        "abstention_recall": pytest.approx(1 / 3),
    }
    assert evaluation.results[4].error == "The question is too long."


def test_figures_are_given_by_language_pair_and_kind(questions: list[Question], qa: FakeQA) -> None:
    by = evaluate(questions, qa).to_dict()["by"]
    assert set(by["lang"]) == {"en", "zh"}
    assert set(by["pair"]) == {"en>zh", "en>en", "zh>en"}
    assert by["pair"]["en>zh"]["quote_accuracy"] == 1.0
    assert by["languages"]["across"]["Success@1"] == 1.0
    assert by["languages"]["same"]["Success@1"] == 0.0
    assert by["kind"]["number"]["counts"]["questions"] == 2
    assert by["lang"]["en"]["abstention"]["false_answers"] == 1


def test_a_figure_of_no_questions_is_none_and_json_can_hold_it(qa: FakeQA) -> None:
    figures = evaluate([Question("a", "abstained?")], qa).to_dict()
    assert figures["nDCG@10"] is None
    assert figures["quote_accuracy"] is None
    assert figures["abstention"]["error_rate"] is None
    json.dumps(figures, allow_nan=False)


def test_an_error_that_is_not_the_questions_fault_stops_the_evaluation() -> None:
    class NoLibrary(FakeQA):
        def search(self, question: str, *, k: int = 10) -> list[Hit]:
            raise LibraryNotFound("No library.")

    with pytest.raises(LibraryNotFound):
        evaluate([Question("a", "?")], NoLibrary({}))


def test_progress_runs_from_nothing_to_all(questions: list[Question], qa: FakeQA) -> None:
    seen: list[tuple[int, int]] = []
    evaluate(questions, qa, on_progress=lambda done, total, _: seen.append((done, total)))
    assert seen == [(done, 8) for done in range(9)]


# --- benchmarks --------------------------------------------------------------------------------------------

CORPUS = [
    {"_id": "d1", "title": "Title", "text": "Text"},
    {"_id": "d2", "title": "Only a title", "text": ""},
    {"_id": "d3", "title": "", "text": ""},
    {"_id": "d4", "text": "只有正文", "metadata": {}},
]
QUERIES = [
    {"_id": "q1", "text": "one"},
    {"_id": "q2", "text": "two"},
    {"_id": "of training", "text": "not judged"},
]


def test_a_benchmark_is_read(tmp_path: Path) -> None:
    benchmark = load_benchmark(
        write_beir(tmp_path, CORPUS, QUERIES, "q1\td1\t2\nq1\td4\t0\nq2\td9\t1\ngone\td1\t1\n")
    )
    assert benchmark.qrels == {"q1": {"d1": 2, "d4": 0}, "q2": {"d9": 1}, "gone": {"d1": 1}}
    assert [question.id for question in benchmark.questions] == ["q1", "q2"]
    assert benchmark.missing == ("gone",)
    lines = [(line.id, line.title, line.text) for line in benchmark.documents()]
    assert lines == [("d1", "Title", "Text"), ("d2", "Only a title", "Only a title"), ("d4", "", "只有正文")]
    assert benchmark.count_documents() == 4


def test_every_judged_question_of_a_benchmark_counts(tmp_path: Path) -> None:
    benchmark = load_benchmark(write_beir(tmp_path, CORPUS, QUERIES, "q1\td1\t1\nq2\td9\t1\ngone\td1\t1\n"))
    evaluation = evaluate_benchmark(benchmark, FakeQA({"one": [("d4", "x"), ("d4", "y"), ("d1", "z")]}))
    figures = evaluation.to_dict()
    assert figures["RR@10"] == pytest.approx((1 / 2) / 3)  # d1 is the second document; three are judged
    assert figures["nDCG@10"] == pytest.approx((1 / log2(3)) / 3)
    assert figures["R@100"] == pytest.approx(1 / 3)
    assert figures["Success@1"] == 0.0
    assert figures["counts"]["missing"] == 1
    assert figures["quote_accuracy"] is None
    assert figures["abstention"] is None


@pytest.mark.parametrize(
    ("qrels", "reason"),
    [
        ("q1 d1 1\n", "line 2: three columns"),
        ("q1\td1\n", "line 2: three columns"),
        ("q1\td1\t1\nq1\td2\tyes\n", "line 3: the score"),
        ("", "holds no judgements"),
    ],
)
def test_malformed_judgements_are_named(tmp_path: Path, qrels: str, reason: str) -> None:
    with pytest.raises(QuestionError, match=reason):
        load_benchmark(write_beir(tmp_path, CORPUS, QUERIES, qrels))


def test_a_folder_that_is_no_benchmark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match=r"no corpus\.jsonl; a BEIR folder has"):
        load_benchmark(tmp_path)


def test_a_document_id_given_twice_is_refused(tmp_path: Path) -> None:
    benchmark = load_benchmark(write_beir(tmp_path, [CORPUS[0], CORPUS[0]], QUERIES, "q1\td1\t1\n"))
    with pytest.raises(QuestionError, match=r"corpus\.jsonl, line 2: the _id 'd1' was given before"):
        list(benchmark.documents())


# --- runs --------------------------------------------------------------------------------------------------


def test_a_written_run_gives_the_same_figures(tmp_path: Path) -> None:
    benchmark = load_benchmark(write_beir(tmp_path, CORPUS, QUERIES, "q1\td1\t1\nq1\td4\t2\nq2\td4\t1\n"))

    class Tied(FakeQA):
        def search(self, question: str, *, k: int = 10) -> list[Hit]:
            return [hit(found.rank, found.source, found.text, 0.5) for found in super().search(question, k=k)]

    # By name, ties would be broken the other way round.
    qa = Tied({"one": [("d1", "x"), ("d2", "x"), ("d4", "x")], "two": [("d1", "x"), ("d4", "x")]})
    evaluation = evaluate_benchmark(benchmark, qa)
    write_run(evaluation, tmp_path / "run.txt")
    lines = (tmp_path / "run.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "q1 Q0 d1 1 0.5 qa"
    assert all(len(line.split()) == 6 for line in lines)
    names = ("nDCG@10", "R@10", "RR@10", "Success@1")
    again = ir_measures.calc_aggregate(
        [ir_measures.parse_measure(name) for name in names],
        [
            ir_measures.Qrel(q, d, grade)
            for q, grades in benchmark.qrels.items()
            for d, grade in grades.items()
        ],
        list(ir_measures.read_trec_run(str(tmp_path / "run.txt"))),  # type: ignore[no-untyped-call]
    )
    figures = evaluation.to_dict()
    for measured, value in again.items():
        assert figures[str(measured)] == pytest.approx(value)


def test_white_space_in_ids_never_breaks_the_columns_of_a_run(tmp_path: Path) -> None:
    found = [("我的 文件\u3000一.txt", "42"), ("b\tc.txt", "x")]
    evaluation = evaluate([Question("q 1", "?", ("42",))], FakeQA({"?": found}))
    write_run(evaluation, tmp_path / "run.txt")
    columns = [line.split() for line in (tmp_path / "run.txt").read_text(encoding="utf-8").splitlines()]
    assert [line[0] for line in columns] == ["q%201", "q%201"]
    assert [line[2] for line in columns] == ["我的%20文件%E3%80%80一.txt", "b%09c.txt"]
    assert [line[3] for line in columns] == ["1", "2"]


def test_ids_that_would_become_one_are_refused(tmp_path: Path) -> None:
    evaluation = evaluate([Question("q", "?", ("42",))], FakeQA({"?": [("a b", "42"), ("a%20b", "42")]}))
    with pytest.raises(QuestionError, match="are one id in a TREC run"):
        write_run(evaluation, tmp_path / "run.txt")
    assert not (tmp_path / "run.txt").exists()
