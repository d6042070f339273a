"""Ranking measures through ir_measures, a value for every judged question."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from qa.errors import QuestionError
from qa.types import Hit

DOCUMENT_SUCCESS = "Success@1 of documents"
"""The first document is relevant, whichever of its passages was found; in a BEIR folder it is ``Success@1``."""
MEASURES = ("nDCG@10", "R@10", "R@100", "RR@10", "Success@1")

_PASSAGE_FAMILIES = ("RR", "Success")
"""In question sets these are of passages: what is shown first is a passage."""

Ranking = Sequence[tuple[str, float]]
"""Ids with their scores, best first."""


def parse_measures(names: str) -> tuple[str, ...]:
    """Return the canonical names of measures parted by commas: ``MRR@10`` is ``RR@10``.

    Raises:
        QuestionError: ir_measures does not know one, or needs another program for it.
    """
    import ir_measures

    computed = (ir_measures.pytrec_eval, ir_measures.msmarco, ir_measures.judged)
    found = []
    for name in _parted(names):
        try:
            measure = ir_measures.parse_measure(name)
        except (NameError, ValueError, SyntaxError, TypeError, AttributeError) as error:
            raise QuestionError(
                f"'{name}' is no measure. Known are nDCG@10, R@100, RR@10, AP, P@5 …."
            ) from error
        if not any(provider.supports(measure) for provider in computed):
            raise QuestionError(f"'{name}' needs another program than trec_eval and is not computed here.")
        found.append(str(measure))
    return tuple(dict.fromkeys(found))


def _parted(names: str) -> list[str]:
    """Part ``names`` at the commas that are outside of brackets: ``R(rel=2,judged_only=True)@10`` is one."""
    parts, depth = [""], 0
    for character in names:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def is_by_passage(name: str) -> bool:
    """Say whether a question set measures ``name`` over passages; everything else is over documents."""
    family = name.partition("@")[0].partition("(")[0]
    return family in _PASSAGE_FAMILIES


def rank_documents(hits: Sequence[Hit], *, depth: int) -> list[tuple[str, float]]:
    """Return the sources of ``hits`` (best first), each once at the rank and score of its best passage."""
    best: dict[str, float] = {}
    for hit in hits:
        for source in printed_in(hit):
            best.setdefault(source, hit.score)
    sources = list(best)[:depth]
    return list(zip(sources, strictly_decreasing([best[source] for source in sources]), strict=True))


def printed_in(hit: Hit) -> tuple[str, ...]:
    """Return the sources of all documents that print the passage of a hit, its own first."""
    return hit.source, *(place.source for place in hit.also)


def strictly_decreasing(scores: Sequence[float]) -> list[float]:
    """Lower each score just below the one before it, as 32-bit floats, where it is not lower already.

    Evaluation programs sort a run by its 32-bit score and break ties each in their own way; so written,
    the order is the order that was shown.
    """
    lowered: list[float] = []
    ceiling = np.float32(np.inf)
    for score in scores:
        ceiling = min(np.float32(score), np.nextafter(ceiling, np.float32(-np.inf)))
        lowered.append(float(ceiling))
    return lowered


def measure(
    names: Collection[str], qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Ranking]
) -> dict[str, dict[str, float]]:
    """Return question id -> measure name -> value, for every question of ``qrels``.

    A question that ``run`` lacks, or for which nothing is relevant, has 0 in every measure: evaluation
    programs leave such questions out of the mean, which rewards a system for finding nothing.
    """
    import ir_measures

    values = {question: dict.fromkeys(names, 0.0) for question in qrels}
    judgements = [
        ir_measures.Qrel(question, document, grade)
        for question, grades in qrels.items()
        for document, grade in grades.items()
    ]
    scored = [
        ir_measures.ScoredDoc(question, document, score)
        for question in qrels
        for document, score in run.get(question, ())
    ]
    if judgements and scored:
        measures = [ir_measures.parse_measure(name) for name in names]
        for metric in ir_measures.iter_calc(measures, judgements, scored):
            values[metric.query_id][str(metric.measure)] = float(metric.value)
    return values
