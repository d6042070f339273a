"""Asks every question of a set and sums up what came back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import numpy as np

from qa.errors import QuestionError, QuoteMismatch
from qa.evaluation.benchmark import Benchmark
from qa.evaluation.measures import (
    BY_DOCUMENT,
    BY_PASSAGE,
    DOCUMENT_SUCCESS,
    MEASURES,
    measure,
    rank_documents,
    strictly_decreasing,
)
from qa.evaluation.questions import Question, holds_answer
from qa.types import Answer, Hit, Retriever

DEPTH = 100
"""Documents ranked for a question."""
_PASSAGES = (10, 100, 400, 1000)

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
    ``documents`` are the ranked sources with scores.
    """

    question: Question
    outcome: str | None = None
    values: dict[str, float] | None = None
    documents: tuple[tuple[str, float], ...] = ()
    quote: str | None = None
    source: str | None = None
    confidence: float | None = None
    seconds: float = 0.0
    error: str | None = None

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
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every result of one evaluation; the figures are computed from them."""

    name: str
    results: tuple[Result, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of ``qa eval --json``; a figure of no questions is None."""
        return {
            "set": self.name,
            **figures(self.results),
            "seconds": self.seconds,
            "milliseconds_per_question": _milliseconds(self.results),
            "by": self.by(),
            "per_question": [result.to_dict() for result in self.results],
        }

    def by(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the figures by language, language pair, same or across languages, and kind.

        Questions that do not state a label are in none of its groups.
        """
        labels: dict[str, Callable[[Question], str | None]] = {
            "lang": lambda question: question.lang,
            "pair": lambda question: question.pair,
            "languages": lambda question: question.crossing,
            "kind": lambda question: question.kind,
        }
        return {name: _grouped(self.results, label) for name, label in labels.items()}


def evaluate(
    questions: Sequence[Question],
    qa: QuestionAnswerer,
    *,
    name: str = "questions",
    on_progress: Progress | None = None,
) -> Evaluation:
    """Ask every question and measure ranking, quotes and abstentions (see ``qa.evaluation``)."""
    started = time.perf_counter()
    results = []
    for done, question in enumerate(questions):
        _tell(on_progress, done, len(questions), question.id)
        results.append(_ask(question, qa))
    _tell(on_progress, len(questions), len(questions), "")
    return Evaluation(name, tuple(results), time.perf_counter() - started)


def evaluate_benchmark(
    benchmark: Benchmark, retriever: Retriever, *, on_progress: Progress | None = None
) -> Evaluation:
    """Rank the documents of a benchmark for each of its judged questions; sources are document ids."""
    started = time.perf_counter()
    total = len(benchmark.questions)
    ranked = []
    for done, question in enumerate(benchmark.questions):
        _tell(on_progress, done, total, question.id)
        ranked.append(_rank(question, retriever))
    _tell(on_progress, total, total, "")
    ranked += [Result(Question(name, ""), MISSING) for name in benchmark.missing]
    run = {result.question.id: result.documents for result in ranked}
    values = measure(MEASURES, benchmark.qrels, run)
    results = tuple(replace(result, values=values[result.question.id]) for result in ranked)
    return Evaluation(benchmark.folder.resolve().name, results, time.perf_counter() - started)


def deep_search(retriever: Retriever, question: str, *, documents: int = DEPTH) -> list[Hit]:
    """Search deeper and deeper until the passages come from ``documents`` documents, if they can.

    What a deeper search finds goes behind what was found before: a retriever may weigh more candidates
    when more hits are wanted, and the first ones must be those that a person sees.
    """
    found: dict[tuple[str, int, int], Hit] = {}
    for k in _PASSAGES:
        hits = retriever.search(question, k=k)
        for hit in hits:
            found.setdefault((hit.source, hit.start, hit.end), hit)
        if len(hits) < k or len({source for source, _, _ in found}) >= documents:
            break
    return [replace(hit, rank=rank) for rank, hit in enumerate(found.values(), start=1)]


def figures(results: Sequence[Result]) -> dict[str, Any]:
    """Return the measures, quote accuracy, abstention figures and counts of ``results``.

    The mean of a ranking measure is over all judged questions; ``quote_accuracy`` is the share of
    answerable questions that got a right quote, so an abstention counts as 0 there.
    """
    judged = [result.values for result in results if result.values is not None]
    names = (*MEASURES, DOCUMENT_SUCCESS)
    means = {name: _mean([values.get(name, values["Success@1"]) for values in judged]) for name in names}
    asked = [result for result in results if result.outcome is not None]
    answerable = [result for result in asked if result.question.answerable]
    return {
        **means,
        "quote_accuracy": _mean([float(result.outcome == RIGHT) for result in answerable]),
        "abstention": _abstention(asked),
        "counts": _counts(results),
    }


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


def _rank(question: Question, retriever: Retriever) -> Result:
    began = time.perf_counter()
    try:
        hits = deep_search(retriever, question.question)
    except QuestionError as error:
        return Result(question, FAILED, error=str(error))
    documents = rank_documents(hits, depth=DEPTH)
    return Result(question, documents=tuple(documents), seconds=time.perf_counter() - began)


def _ask(question: Question, qa: QuestionAnswerer) -> Result:
    try:
        hits = deep_search(qa, question.question)
        began = time.perf_counter()
        answer = qa.ask(question.question)
        seconds = time.perf_counter() - began
    except (QuestionError, QuoteMismatch) as error:
        return Result(question, FAILED, _ranking_values(question, []), error=str(error))
    return Result(
        question,
        _outcome(question, answer),
        _ranking_values(question, hits),
        documents=tuple(rank_documents(hits, depth=DEPTH)),
        quote=answer.quote.text if answer.quote else None,
        source=answer.quote.source if answer.quote else None,
        confidence=answer.confidence,
        seconds=seconds,
    )


def _outcome(question: Question, answer: Answer) -> str:
    if answer.quote is None:
        return MISSED if question.answerable else CORRECT_ABSTENTION
    if not question.answerable:
        return FALSE_ANSWER
    return RIGHT if holds_answer(answer.quote.text, question.answers) else WRONG


def _ranking_values(question: Question, hits: Sequence[Hit]) -> dict[str, float] | None:
    if not question.answerable:
        return None
    scores = strictly_decreasing([hit.score for hit in hits])
    passages = [(str(rank), score) for rank, score in enumerate(scores)]
    holding = {str(rank): hit for rank, hit in enumerate(hits) if holds_answer(hit.text, question.answers)}
    relevant = [
        rank for rank, hit in holding.items() if not question.sources or hit.source in question.sources
    ]
    sources = question.sources or {hit.source for hit in holding.values()}
    by_passage = measure(BY_PASSAGE, {"": dict.fromkeys(relevant, 1)}, {"": passages})[""]
    documents = rank_documents(hits, depth=DEPTH)
    by_document = measure((*BY_DOCUMENT, "Success@1"), {"": dict.fromkeys(sources, 1)}, {"": documents})[""]
    return {**by_document, DOCUMENT_SUCCESS: by_document["Success@1"], **by_passage}


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


def _grouped(results: Sequence[Result], label: Callable[[Question], str | None]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        name = label(result.question)
        if name is not None:
            groups.setdefault(name, []).append(result)
    return {name: figures(groups[name]) for name in sorted(groups)}


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


def _tell(on_progress: Progress | None, done: int, total: int, label: str) -> None:
    if on_progress is not None:
        on_progress(done, total, label)
