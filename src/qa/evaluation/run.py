"""Asks every question of a set and sums up what came back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import numpy as np

from qa.errors import QuestionError, QuoteMismatch
from qa.evaluation.benchmark import Benchmark
from qa.evaluation.calibration import Judged, auroc, calibration_error
from qa.evaluation.marks import mark_values
from qa.evaluation.measures import (
    DOCUMENT_SUCCESS,
    MEASURES,
    is_by_passage,
    measure,
    printed_in,
    rank_documents,
    strictly_decreasing,
)
from qa.evaluation.questions import Question, holds_answer
from qa.evaluation.significance import intervals
from qa.types import Answer, Hit, Retriever

DEPTH = 100
"""Documents ranked for a question."""
SHOWN_DOCUMENTS = 10
"""Of a question, in the JSON; a run holds all that were ranked."""
_PASSAGES = (10, 100, 400, 1000)

GROUPS = ("lang", "pair", "languages", "kind")
"""What the figures are always given by; ``source`` is on demand, as there may be very many."""

LABELS: dict[str, Callable[[Question], str | None]] = {
    "lang": lambda question: question.lang,
    "pair": lambda question: question.pair,
    "languages": lambda question: question.crossing,
    "kind": lambda question: question.kind,
    "source": lambda question: question.sources[0] if question.sources else None,
}

Progress = Callable[[int, int, str], None]

RIGHT = "right"
WRONG = "wrong"
MISSED = "missed"
FALSE_ANSWER = "false answer"
CORRECT_ABSTENTION = "correct abstention"
FAILED = "failed"
MISSING = "missing"


class QuestionAnswerer(Retriever, Protocol):
    """What is evaluated: finds passages and answers questions."""

    def ask(self, question: str) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Result:
    """What one question got.

    ``values`` are its ranking measures, None where there is nothing to find. ``outcome`` is ``right``,
    ``wrong`` or ``missed`` (abstained) for an answerable question; ``correct abstention`` or ``false
    answer`` for another; ``failed`` where the service refused the question and ``missing`` where a
    benchmark judges a question that it does not have; None where only the ranking is measured.
    ``documents`` are the ranked sources with scores, ``relevant`` how many are to be found and ``ranks``
    where those stand that were. ``nearest`` is the best quote, also where it was withheld, and ``marks`` how
    well its marked words meet the spans that the question gives.
    """

    question: Question
    outcome: str | None = None
    values: dict[str, float] | None = None
    documents: tuple[tuple[str, float], ...] = ()
    relevant: int = 0
    ranks: tuple[int, ...] = ()
    quote: str | None = None
    source: str | None = None
    nearest: str | None = None
    nearest_source: str | None = None
    marks: dict[str, float] | None = None
    confidence: float | None = None
    seconds: float = 0.0
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether this is as it should be: a right quote, or silence where there is nothing to quote."""
        return self.outcome in (RIGHT, CORRECT_ABSTENTION)

    @property
    def judged(self) -> Judged | None:
        """The probability stated for the best quote, shown or withheld, and whether it is right."""
        if self.confidence is None:
            return None
        right = self.nearest is not None and holds_answer(self.nearest, self.question.answers)
        return self.confidence, right

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.question.id,
            "lang": self.question.lang,
            "passage_lang": self.question.passage_lang,
            "kind": self.question.kind,
            "outcome": self.outcome,
            "values": self.values,
            "quote": self.quote,
            "source": self.source,
            "confidence": self.confidence,
            "seconds": self.seconds,
            "error": self.error,
            "question": self.question.question,
            "answers": list(self.question.answers),
            "sources": list(self.question.sources),
            "known_failure": self.question.known_failure,
            "nearest": self.nearest,
            "nearest_source": self.nearest_source,
            "marks": self.marks,
            "relevant": self.relevant,
            "ranks": list(self.ranks),
            "documents": [source for source, _ in self.documents[:SHOWN_DOCUMENTS]],
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every result of one evaluation; the figures are computed from them.

    ``measures`` are those that were asked for beside ``MEASURES``, ``groups`` what the figures are given by.
    """

    name: str
    results: tuple[Result, ...]
    seconds: float
    measures: tuple[str, ...] = MEASURES
    groups: tuple[str, ...] = GROUPS

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of ``qa eval --json``; a figure of no questions is None."""
        return {
            "set": self.name,
            **self.figures(),
            "seconds": self.seconds,
            "milliseconds_per_question": _milliseconds(self.results),
            "known_failures": known_failures(self.results),
            "by": self.by(),
            "per_question": [result.to_dict() for result in self.results],
        }

    def figures(self) -> dict[str, Any]:
        return figures(self.results, measures=self.measures)

    def by(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the figures by language, language pair, same or across languages, kind, and ``groups``.

        Questions that do not state a label are in none of its groups.
        """
        return {
            name: {
                label: figures(results, measures=self.measures)
                for label, results in grouped(self.results, LABELS[name]).items()
            }
            for name in self.groups
        }


def evaluate(
    questions: Sequence[Question],
    qa: QuestionAnswerer,
    *,
    name: str = "questions",
    measures: Sequence[str] = (),
    groups: Sequence[str] = (),
    known: Mapping[str, Result] | None = None,
    on_result: Callable[[Result], None] | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Ask every question and measure ranking, quotes and abstentions (see ``qa.evaluation``).

    ``measures`` and ``groups`` come on top of those that are always given. Questions whose id is in ``known``
    have that result and are not asked again; ``on_result`` is told every new one as it comes.
    """
    started = time.perf_counter()
    wanted = _joined(MEASURES, measures)

    def ask(question: Question) -> Result:
        return _ask(question, qa, wanted)

    results = _each(questions, ask, known or {}, on_result, on_progress)
    return Evaluation(name, tuple(results), time.perf_counter() - started, wanted, _joined(GROUPS, groups))


def evaluate_benchmark(
    benchmark: Benchmark,
    retriever: Retriever,
    *,
    measures: Sequence[str] = (),
    groups: Sequence[str] = (),
    known: Mapping[str, Result] | None = None,
    on_result: Callable[[Result], None] | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Rank the documents of a benchmark for each of its judged questions; sources are document ids.

    A document is also known by its id as a TREC run writes it (``my%20file.txt``).
    """
    started = time.perf_counter()
    wanted = _joined(MEASURES, measures)

    def rank(question: Question) -> Result:
        return _rank(question, retriever, benchmark.qrels[question.id])

    ranked = _each(benchmark.questions, rank, known or {}, on_result, on_progress)
    ranked += [Result(Question(name, ""), MISSING) for name in benchmark.missing]
    values = measure(
        wanted, benchmark.qrels, {result.question.id: _judged_run(result, benchmark) for result in ranked}
    )
    results = tuple(replace(result, values=values[result.question.id]) for result in ranked)
    seconds = time.perf_counter() - started
    return Evaluation(benchmark.folder.resolve().name, results, seconds, wanted, _joined(GROUPS, groups))


def deep_search(retriever: Retriever, question: str, *, documents: int = DEPTH) -> list[Hit]:
    """Search deeper and deeper until the passages come from ``documents`` documents, if they can.

    What a deeper search finds goes behind what was found before: a retriever may weigh more candidates
    when more hits are wanted, and the first ones must be those that a person sees.
    """
    found: dict[tuple[str, int, int], Hit] = {}
    for k in _PASSAGES:
        hits = retriever.search(question, k=k)
        for hit in hits:
            place = hit.source, hit.start, hit.end
            found[place] = replace(found.get(place, hit), also=hit.also)
        if len(hits) < k or len(rank_documents(list(found.values()), depth=documents)) >= documents:
            break
    return [replace(hit, rank=rank) for rank, hit in enumerate(found.values(), start=1)]


def figures(results: Sequence[Result], *, measures: Sequence[str] = MEASURES) -> dict[str, Any]:
    """Return the measures, quote accuracy, abstention figures and counts of ``results``.

    The mean of a ranking measure is over all judged questions; ``quote_accuracy`` is the share of
    answerable questions that got a right quote, so an abstention counts as 0 there. ``intervals`` are those
    of these means (see ``significance.intervals``).
    """
    judged = [result for result in results if result.values is not None]
    names = (*measures, DOCUMENT_SUCCESS)
    columns = [[value_of(result, name) for result in judged] for name in names]
    asked = [result for result in results if result.outcome is not None]
    answerable = [result for result in asked if result.question.answerable]
    quoted = [float(result.outcome == RIGHT) for result in answerable]
    spreads = intervals(columns) if judged else [None] * len(names)
    return {
        **{name: _mean(values) for name, values in zip(names, columns, strict=True)},
        "quote_accuracy": _mean(quoted),
        "intervals": {
            **dict(zip(names, spreads, strict=True)),
            "quote_accuracy": intervals([quoted])[0],
        },
        "marks": _marks(results),
        "abstention": _abstention(asked),
        "confidence": _confidence(results),
        "counts": _counts(results),
    }


def value_of(result: Result, name: str) -> float:
    """Return a measure of one judged question, 0 where it was not measured."""
    values = result.values or {}
    return values.get(name, values.get("Success@1", 0.0) if name == DOCUMENT_SUCCESS else 0.0)


def known_failures(results: Sequence[Result]) -> dict[str, list[dict[str, str]]]:
    """Return the questions that are marked as known failures: those that still fail, and those mended.

    A benchmark's question is mended when its first document is relevant. All of them count in the figures.
    """
    marked = [result for result in results if result.question.known_failure is not None]
    lists: dict[str, list[dict[str, str]]] = {"failing": [], "mended": []}
    for result in marked:
        found = value_of(result, DOCUMENT_SUCCESS) == 1.0 if result.outcome is None else result.succeeded
        entry = {"id": result.question.id, "reason": str(result.question.known_failure)}
        lists["mended" if found else "failing"].append(entry)
    return lists


def grouped(results: Sequence[Result], label: Callable[[Question], str | None]) -> dict[str, list[Result]]:
    """Return the results by label, in the order of the labels; those without one are in no group."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        name = label(result.question)
        if name is not None:
            groups.setdefault(name, []).append(result)
    return {name: groups[name] for name in sorted(groups)}


def write_run(evaluation: Evaluation, path: str | Path, *, tag: str = "qa") -> None:
    """Write the ranked documents as a TREC run: question, Q0, document, rank, score and ``tag``.

    White space in an id is written as in URLs (``my%20file.txt``), because the columns are parted by it.

    Raises:
        QuestionError: two ids would become one.
    """
    _refuse_clash(result.question.id for result in evaluation.results)
    lines = []
    for result in evaluation.results:
        _refuse_clash(document for document, _ in result.documents)
        for rank, (document, score) in enumerate(result.documents, start=1):
            columns = (column(result.question.id), "Q0", column(document), str(rank), f"{score:.9g}", tag)
            lines.append(" ".join(columns) + "\n")
    Path(path).write_text("".join(lines), encoding="utf-8")


def column(identifier: str) -> str:
    """Return an id as one column: its white space as percent signs and hexadecimal UTF-8."""
    return "".join(
        "".join(f"%{byte:02X}" for byte in character.encode()) if character.isspace() else character
        for character in identifier
    )


def _each(
    questions: Sequence[Question],
    ask: Callable[[Question], Result],
    known: Mapping[str, Result],
    on_result: Callable[[Result], None] | None,
    on_progress: Progress | None,
) -> list[Result]:
    """Return a result for every question, those in ``known`` as they are."""
    results = []
    for done, question in enumerate(questions):
        _tell(on_progress, done, len(questions), question.id)
        result = known.get(question.id)
        if result is None:
            result = ask(question)
            if on_result is not None:
                on_result(result)
        results.append(replace(result, question=question))
    _tell(on_progress, len(questions), len(questions), "")
    return results


def _rank(question: Question, retriever: Retriever, grades: Mapping[str, int]) -> Result:
    relevant = {name for name, grade in grades.items() if grade > 0}
    began = time.perf_counter()
    try:
        hits = deep_search(retriever, question.question)
    except QuestionError as error:
        return Result(question, FAILED, relevant=len(relevant), error=str(error))
    seconds = time.perf_counter() - began
    documents = rank_documents(hits, depth=DEPTH)
    return Result(
        question,
        documents=tuple(documents),
        relevant=len(relevant),
        ranks=_ranks([_judged_name(source, grades) for source, _ in documents], relevant),
        seconds=seconds,
    )


def _judged_run(result: Result, benchmark: Benchmark) -> list[tuple[str, float]]:
    grades = benchmark.qrels[result.question.id]
    return [(_judged_name(source, grades), score) for source, score in result.documents]


def _judged_name(source: str, grades: Mapping[str, int]) -> str:
    """Return the name under which a document is judged: judgements in TREC's format have no spaces."""
    return source if source in grades else column(source)


def _ranks(names: Sequence[str], relevant: Iterable[str]) -> tuple[int, ...]:
    wanted = set(relevant)
    return tuple(rank for rank, name in enumerate(names, start=1) if name in wanted)


def _ask(question: Question, qa: QuestionAnswerer, measures: Sequence[str]) -> Result:
    try:
        hits = deep_search(qa, question.question)
        began = time.perf_counter()
        answer = qa.ask(question.question)
        seconds = time.perf_counter() - began
    except (QuestionError, QuoteMismatch) as error:
        failed = Result(question, FAILED, error=str(error))
        return _with_ranking(failed, [], measures) if question.answerable else failed
    nearest = answer.nearest or answer.quote
    result = Result(
        question,
        _outcome(question, answer),
        documents=tuple(rank_documents(hits, depth=DEPTH)),
        quote=answer.quote.text if answer.quote else None,
        source=answer.quote.source if answer.quote else None,
        nearest=nearest.text if nearest else None,
        nearest_source=nearest.source if nearest else None,
        marks=mark_values(question, nearest),
        confidence=answer.confidence,
        seconds=seconds,
    )
    return _with_ranking(result, hits, measures) if question.answerable else result


def _outcome(question: Question, answer: Answer) -> str:
    if answer.quote is None:
        return MISSED if question.answerable else CORRECT_ABSTENTION
    if not question.answerable:
        return FALSE_ANSWER
    return RIGHT if holds_answer(answer.quote.text, question.answers) else WRONG


def _with_ranking(result: Result, hits: Sequence[Hit], measures: Sequence[str]) -> Result:
    """Return the result with its ranking measures: of passages and of documents (see ``qa.evaluation``)."""
    question = result.question
    scores = strictly_decreasing([hit.score for hit in hits])
    passages = [(str(rank), score) for rank, score in enumerate(scores)]
    holding = {str(rank): hit for rank, hit in enumerate(hits) if holds_answer(hit.text, question.answers)}
    relevant = [
        rank
        for rank, hit in holding.items()
        if not question.sources or any(source in question.sources for source in printed_in(hit))
    ]
    named = question.sources or [source for hit in holding.values() for source in printed_in(hit)]
    sources = dict.fromkeys(named, 1)
    by_passage = [name for name in measures if is_by_passage(name)]
    by_document = [name for name in measures if not is_by_passage(name)]
    documents = rank_documents(hits, depth=DEPTH)
    of_documents = measure((*by_document, "Success@1"), {"": sources}, {"": documents})[""]
    first = of_documents.pop("Success@1")
    of_passages = measure(by_passage, {"": dict.fromkeys(relevant, 1)}, {"": passages})[""]
    return replace(
        result,
        values={**of_documents, DOCUMENT_SUCCESS: first, **of_passages},
        relevant=len(sources),
        ranks=_ranks([source for source, _ in documents], sources),
    )


def _marks(results: Sequence[Result]) -> dict[str, Any] | None:
    """Return the means of the span measures over the questions that give spans; None if none does."""
    marks = [result.marks for result in results if result.marks is not None]
    if not marks:
        return None
    return {"questions": len(marks), **{name: fmean(each[name] for each in marks) for name in marks[0]}}


def _confidence(results: Sequence[Result]) -> dict[str, float | None] | None:
    """Return how far the stated probabilities can be trusted, over shown and withheld quotes alike."""
    judged = [judged for result in results if (judged := result.judged) is not None]
    if not judged:
        return None
    return {"calibration_error": calibration_error(judged), "auroc": auroc(judged)}


def _abstention(asked: Sequence[Result]) -> dict[str, Any] | None:
    """Say how often the service answered and abstained, and how often each was right.

    ``error_rate`` is the share of the quotes shown that were wrong: what the threshold promises.
    """
    outcomes = Counter(result.outcome for result in asked)
    right, wrong, false_answers = outcomes[RIGHT], outcomes[WRONG], outcomes[FALSE_ANSWER]
    missed, correct = outcomes[MISSED], outcomes[CORRECT_ABSTENTION]
    answered, abstained = right + wrong + false_answers, missed + correct
    if not answered + abstained:
        return None
    return {
        "answered": answered,
        "abstained": abstained,
        "right_answers": right,
        "wrong_answers": wrong,
        "false_answers": false_answers,
        "missed": missed,
        "correct_abstentions": correct,
        "error_rate": _share(wrong + false_answers, answered),
        "abstention_precision": _share(correct, abstained),
        "abstention_recall": _share(correct, sum(not result.question.answerable for result in asked)),
    }


def _counts(results: Sequence[Result]) -> dict[str, int]:
    outcomes = Counter(result.outcome for result in results)
    judged = sum(result.values is not None for result in results)
    return {
        "questions": len(results),
        "answerable": judged,
        "unanswerable": len(results) - judged,
        "failed": outcomes[FAILED],
        "missing": outcomes[MISSING],
    }


def _milliseconds(results: Sequence[Result]) -> dict[str, float | None]:
    times = [1000 * result.seconds for result in results if result.outcome not in (FAILED, MISSING)]
    if not times:
        return {"median": None, "p95": None}
    return {"median": float(np.median(times)), "p95": float(np.percentile(times, 95))}


def _refuse_clash(identifiers: Iterable[str]) -> None:
    written: dict[str, str] = {}
    for identifier in identifiers:
        other = written.setdefault(column(identifier), identifier)
        if other != identifier:
            raise QuestionError(
                f"'{other}' and '{identifier}' are one id in a TREC run, which has no spaces; rename one."
            )


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _joined(first: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *more)))


def _tell(on_progress: Progress | None, done: int, total: int, label: str) -> None:
    if on_progress is not None:
        on_progress(done, total, label)
