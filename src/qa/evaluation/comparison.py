"""Two evaluations of the same questions: which differences are more than chance, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from qa.errors import QuestionError
from qa.evaluation.measures import DOCUMENT_SUCCESS
from qa.evaluation.run import (
    CORRECT_ABSTENTION,
    LABELS,
    MISSED,
    RIGHT,
    SHOWN_DOCUMENTS,
    Result,
    grouped,
    value_of,
)
from qa.evaluation.saved import SavedRun
from qa.evaluation.significance import holm, intervals, paired_test

QUOTE_ACCURACY = "quote_accuracy"
SUCCESS = "succeeded"
"""A right quote, or silence where the documents hold no answer: over all questions that were asked."""

COMPARED = ("nDCG@10", "R@100", "RR@10", QUOTE_ACCURACY, SUCCESS)
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure over one group of questions: both means, their difference (b - a), and how sure it is.

    ``p`` is that of the paired randomisation test, ``p_corrected`` the same after Holm's correction for all
    tests of the comparison.
    """

    measure: str
    group: str
    questions: int
    a: float
    b: float
    difference: float
    interval: tuple[float, float] | None
    p: float
    p_corrected: float = 1.0


@dataclass(frozen=True, slots=True)
class Change:
    """A question that one of the two served better, and why: ``better`` is ``a`` or ``b``."""

    better: str
    why: str
    a: Result
    b: Result

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.b.question.id,
            "question": self.b.question.question,
            "answers": list(self.b.question.answers),
            "sources": list(self.b.question.sources),
            "lang": self.b.question.lang,
            "passage_lang": self.b.question.passage_lang,
            "better": self.better,
            "why": self.why,
            "a": _side(self.a),
            "b": _side(self.b),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from run ``a`` to run ``b``; only questions in both are compared."""

    a: str
    b: str
    questions: int
    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]
    tests: tuple[Difference, ...]
    won: tuple[Change, ...]
    lost: tuple[Change, ...]

    @property
    def same(self) -> int:
        return self.questions - len(self.won) - len(self.lost)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of ``qa compare --json``."""
        return {
            "a": self.a,
            "b": self.b,
            "questions": self.questions,
            "only_in_a": list(self.only_in_a),
            "only_in_b": list(self.only_in_b),
            "tests": [asdict(test) for test in self.tests],
            "won": [change.to_dict() for change in self.won],
            "lost": [change.to_dict() for change in self.lost],
            "same": self.same,
        }


def compare(
    a: SavedRun,
    b: SavedRun,
    *,
    measures: Sequence[str] = COMPARED,
    groups: Sequence[str] = ("languages",),
    names: tuple[str, str] | None = None,
    seed: int = 0,
) -> Comparison:
    """Compare two runs question by question; ``b`` is the new one, so what it does better is won.

    Every measure is tested over all questions and over every group of ``groups``, and all of these tests are
    corrected together. The first ranking measure of ``measures`` decides between equal outcomes.

    Raises:
        QuestionError: the runs share no question, or an id is another question in each.
    """
    before = {result.question.id: result for result in a.results}
    after = {result.question.id: result for result in b.results}
    shared = [name for name in after if name in before]
    if not shared:
        raise QuestionError("The two runs have no question in common; compare runs of one question set.")
    for name in shared:
        first, second = before[name].question.question, after[name].question.question
        if first and second and first != second:
            raise QuestionError(f"'{name}' is another question in each run: '{first}', '{second}'.")
    pairs = [(before[name], after[name]) for name in shared]
    changes = [change for pair in pairs if (change := _change(*pair, measure=_deciding(measures)))]
    changes.sort(key=lambda change: -abs(_worth(change.b) - _worth(change.a)))
    return Comparison(
        a=names[0] if names else a.name,
        b=names[1] if names else b.name,
        questions=len(shared),
        only_in_a=tuple(name for name in before if name not in after),
        only_in_b=tuple(name for name in after if name not in before),
        tests=_tests(pairs, measures, groups, seed=seed),
        won=tuple(change for change in changes if change.better == "b"),
        lost=tuple(change for change in changes if change.better == "a"),
    )


# --- tests ------------------------------------------------------------------------------


def _tests(
    pairs: Sequence[tuple[Result, Result]], measures: Sequence[str], groups: Sequence[str], *, seed: int
) -> tuple[Difference, ...]:
    before = {b.question.id: a for a, b in pairs}
    after = [b for _, b in pairs]
    parts: list[tuple[str, list[Result]]] = [("all", after)]
    for by in groups:
        parts += [(f"{by} {label}", results) for label, results in grouped(after, LABELS[by]).items()]
    tests = []
    for group, results in parts:
        rows = [(before[result.question.id], result) for result in results]
        names = [name for name in measures if name != SUCCESS or _some_unanswerable(results)]
        tests += [test for name in names if (test := _test(name, group, rows, seed=seed))]
    corrected = holm([test.p for test in tests])
    return tuple(
        Difference(**{**asdict(test), "p_corrected": p}) for test, p in zip(tests, corrected, strict=True)
    )


def _some_unanswerable(results: Sequence[Result]) -> bool:
    """Say whether ``SUCCESS`` differs from ``QUOTE_ACCURACY``; one test twice would only weaken the others."""
    return any(not result.question.answerable for result in results if result.outcome is not None)


def _test(
    measure: str, group: str, pairs: Sequence[tuple[Result, Result]], *, seed: int
) -> Difference | None:
    """Return the test of one measure over one group; None where it measures none of the questions."""
    measured = [
        (first, second)
        for a, b in pairs
        if (first := _value(a, measure)) is not None and (second := _value(b, measure)) is not None
    ]
    if not measured:
        return None
    differences = [second - first for first, second in measured]
    return Difference(
        measure=measure,
        group=group,
        questions=len(measured),
        a=fmean(first for first, _ in measured),
        b=fmean(second for _, second in measured),
        difference=fmean(differences),
        interval=intervals([differences], seed=seed)[0],
        p=paired_test(differences, seed=seed),
    )


def _value(result: Result, measure: str) -> float | None:
    if measure == SUCCESS:
        return None if result.outcome is None else float(result.succeeded)
    if measure == QUOTE_ACCURACY:
        asked = result.outcome is not None and result.question.answerable
        return float(result.outcome == RIGHT) if asked else None
    if result.values is None or (measure not in result.values and measure != DOCUMENT_SUCCESS):
        return None
    return value_of(result, measure)


def _deciding(measures: Sequence[str]) -> str:
    return next((name for name in measures if name not in (SUCCESS, QUOTE_ACCURACY)), "nDCG@10")


# --- changes ----------------------------------------------------------------------------


def _change(a: Result, b: Result, *, measure: str) -> Change | None:
    """Return who served the question better: by the outcome, or the ranking where outcomes are equal."""
    first, second = _worth(a), _worth(b)
    if first == second:
        first, second = _value(a, measure) or 0.0, _value(b, measure) or 0.0
    if first == second:
        return None
    return Change("b" if second > first else "a", _why(a, b), a, b)


def _worth(result: Result) -> float:
    """Return 2 for what is right, 1 for silence, 0 for a wrong quote: a wrong quote is worse than none."""
    if result.outcome in (RIGHT, CORRECT_ABSTENTION):
        return 2.0
    return 1.0 if result.outcome in (None, MISSED) else 0.0


def _why(a: Result, b: Result) -> str:
    """Say what differs, in words: the rank of the right document, the quote, the probability."""
    facts = []
    first, second = min(a.ranks, default=None), min(b.ranks, default=None)
    if first != second:
        facts.append(f"the first relevant document went from {_rank(first)} to {_rank(second)}")
    elif len(a.ranks) != len(b.ranks):
        facts.append(f"{len(b.ranks)} of {b.relevant} relevant documents are found, not {len(a.ranks)}")
    elif a.ranks != b.ranks:
        facts.append("relevant documents below the first one moved")
    if a.nearest != b.nearest and a.outcome is not None:
        facts.append("another sentence is the best quote")
    if a.confidence is not None and b.confidence is not None and (a.quote is None) != (b.quote is None):
        verb = "is now shown" if b.quote is not None else "is now withheld"
        facts.append(f"it {verb} (probability {a.confidence:.2f} to {b.confidence:.2f})")
    if a.error != b.error:
        facts.append(f"error: {b.error}" if b.error else f"the error is gone: {a.error}")
    if a.outcome != b.outcome:
        facts.insert(0, f"{a.outcome} became {b.outcome}")
    return "; ".join(facts) if facts else "passages of the same documents moved"


def _rank(rank: int | None) -> str:
    return "not found" if rank is None else f"rank {rank}"


def _side(result: Result) -> dict[str, Any]:
    return {
        "outcome": result.outcome,
        "values": result.values,
        "quote": result.quote,
        "source": result.source,
        "nearest": result.nearest,
        "nearest_source": result.nearest_source,
        "confidence": result.confidence,
        "ranks": list(result.ranks),
        "documents": [source for source, _ in result.documents[:SHOWN_DOCUMENTS]],
    }
