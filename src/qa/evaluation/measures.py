"""Ranking measures through ir_measures, a value for every judged question."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from qa.types import Hit

BY_DOCUMENT = ("nDCG@10", "R@10", "R@100")
BY_PASSAGE = ("RR@10", "Success@1")
DOCUMENT_SUCCESS = "Success@1 of documents"
"""The first document is relevant, whichever of its passages was found; in a BEIR folder it is ``Success@1``."""
MEASURES = ("nDCG@10", "R@10", "R@100", "RR@10", "Success@1")

Ranking = Sequence[tuple[str, float]]
"""Ids with their scores, best first."""


def rank_documents(hits: Sequence[Hit], *, depth: int) -> list[tuple[str, float]]:
    """Return the sources of ``hits`` (best first), each once at the rank and score of its best passage."""
    best: dict[str, float] = {}
    for hit in hits:
        best.setdefault(hit.source, hit.score)
    sources = list(best)[:depth]
    return list(zip(sources, strictly_decreasing([best[source] for source in sources]), strict=True))


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
