"""Fits the calibrator on development questions asked with and without the passage that answers them.

Each question is asked of the whole collection and of random parts of it (a library may be one page), with its passage
and without: what is then quoted is labelled by whether it holds the answer. Half of the questions are fitted on; the
other half is reported.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.retrieval.run import LANGS, open_collection, open_sample
from qa.confidence import FEATURES, features
from qa.encoder import load_token_encoder
from qa.library import Library
from qa.quotes import best_quote
from qa.ranking import load_ranking_model
from qa.search import Searcher
from qa.types import Hit
from training.dev import SourcedQuestion, bare, load_dev, load_sample_questions

SAMPLE_WEIGHT = 5
"""How often each question of the sample corpus counts: there are few, and they are like what people ask."""

SHARES = (1.0, 0.3, 0.1)
"""Which parts of the candidates a library of a smaller size would have."""


@dataclass(frozen=True, slots=True)
class Case:
    """One quote: what the calibrator sees, whether it holds the answer, and which half it belongs to."""

    values: tuple[float, ...]
    same_language: float
    right: bool
    half: str


def cases(
    library: Library, searcher: Searcher, questions: Iterable[SourcedQuestion], *, seed: int = 0
) -> Iterator[Case]:
    """Yield what each question gets quoted with and without its sources, in parts of the collection."""
    model, encoder, rng = load_ranking_model(), load_token_encoder(), random.Random(seed)
    owner = {info.id: info.source for info in library.documents()}
    for question in questions:
        found = searcher.candidates(question.text, depth=100)
        scores = model.scores(found.features)
        order = np.argsort(-scores, kind="stable")
        told = library.passages(found.ids[order].tolist())
        rows = [
            Hit(
                0,
                float(scores[place]),
                passage,
                owner[passage.document_id],
                model.named(found.features[place]),
            )
            for place, passage in zip(order.tolist(), told, strict=True)
        ]
        sources = sorted({hit.source for hit in rows})
        for share in SHARES:
            kept = {source for source in sources if rng.random() < share} - question.sources
            for there in (True, False):
                chosen = kept | question.sources if there else kept
                hits = [hit for hit in rows if hit.source in chosen][:2]
                quote = best_quote(question.text, hits[0].passage, encoder) if hits else None
                if quote is None:
                    continue
                text = bare(quote.span.shift(-hits[0].passage.span.start).of(hits[0].passage.text))
                yield Case(
                    features(hits, quote),
                    hits[0].features["same_language"],
                    any(bare(answer) in text for answer in question.answers),
                    question.half,
                )


def calibration_error(chances: np.ndarray, right: np.ndarray, *, bins: int = 10) -> float:
    """Return the expected calibration error: the mean gap between stated and found share, over equal bins."""
    which = np.minimum((chances * bins).astype(int), bins - 1)
    gaps = [
        abs(chances[which == number].mean() - right[which == number].mean()) * (which == number).mean()
        for number in range(bins)
        if (which == number).any()
    ]
    return float(sum(gaps))


def fit(some: list[Case], name: str) -> list[float]:
    """Return intercept and weights, fitted on one half and reported on the other."""
    halves = {half: [case for case in some if case.half == half] for half in ("fit", "final")}
    arrays = {half: np.array([case.values for case in chosen]) for half, chosen in halves.items()}
    right = {half: np.array([case.right for case in chosen]) for half, chosen in halves.items()}
    model = LogisticRegression(C=1.0, max_iter=2000).fit(arrays["fit"], right["fit"])
    for half in halves:
        chances = model.predict_proba(arrays[half])[:, 1]
        bold = chances >= 0.5
        print(
            f"{name} {half}: {len(bold)} cases, {right[half].mean():.2f} right; ECE "
            f"{calibration_error(chances, right[half]):.3f}, AUROC {roc_auc_score(right[half], chances):.3f}; "
            f"at 0.5 answers {bold.mean():.2f} with {1 - right[half][bold].mean():.3f} wrong and "
            f"{right[half][bold].sum() / right[half].sum():.2f} of the right ones"
        )
    return [round(float(value), 4) for value in (model.intercept_[0], *model.coef_[0])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("src/qa/model/confidence.json"))
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--most", type=int, default=60, help="questions a language")
    args = parser.parse_args()

    dev = load_dev(args.data, langs=frozenset(LANGS), most=args.most)
    with open_collection(dev.passages) as (library, searcher):
        found = list(cases(library, searcher, (question.sourced() for question in dev.questions)))
    sample = load_sample_questions(args.corpus)
    # Only questions that ask across languages tell how sure to be across: to the others a passage in another language
    # is merely what is left when their own is taken away.
    far = [question for question in sample if question.kind != "same"]
    with open_sample(args.corpus) as (library, searcher):
        ours = list(cases(library, searcher, sample))
        cross = [case for case in cases(library, searcher, far) if case.same_language <= 0.5]
    same = [case for case in found + ours * SAMPLE_WEIGHT if case.same_language > 0.5]
    weights = {"names": list(FEATURES), "same": fit(same, "same language"), "cross": fit(cross, "across")}
    args.out.write_text(json.dumps(weights) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
