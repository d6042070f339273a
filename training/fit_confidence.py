"""Fits the calibrator on development questions asked with and without the passage that answers them.

Each question is asked of the whole collection, of random parts of it and of one document alone, with its passage and
without, and all that once more among many others: what is then quoted is labelled by whether it holds the answer. Half
of the questions are fitted on; the other half is reported.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.retrieval.run import LANGS, open_collection, open_documents, open_sample
from benchmarks.speed.texts import passages
from qa.confidence import COMPARED, FEATURES, features
from qa.encoder import load_token_encoder
from qa.evaluation.calibration import calibration_error
from qa.extractor import load_extractor
from qa.library import Library
from qa.quotes import best_quote
from qa.ranking import load_ranking, top_k, with_answers, worth_reading
from qa.search import SEARCHED, Searcher
from qa.text import sentences
from qa.types import Hit
from training.dev import (
    Half,
    SourcedQuestion,
    bare,
    key_of,
    load_articles,
    load_asked,
    load_dev,
    load_sample_questions,
)
from training.fit_ranking import news

Numbers = NDArray[np.float64]

SAMPLE_WEIGHT = 5
"""How often each question of the sample corpus counts: there are few, and they are like what people ask."""

MAX_ERRORS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Shares of wrong answers that a limit is fitted for."""

SURE = 0.95

SHARES = (1.0, 0.3, 0.1)
"""Which parts of the candidates a library of a smaller size would have."""

LEFT = 24
"""Candidates of a question that are read: a tenth of them still leaves two."""

CASES = 2 * (len(SHARES) + 1)
"""How often a question is asked of a collection: of each part and of one document, with what answers it and without."""


@dataclass(frozen=True, slots=True)
class Case:
    """One quote: what the calibrator sees, whether it holds the answer, which half it belongs to, and whether the
    question is asked across languages."""

    values: tuple[float, ...]
    same_language: float
    right: bool
    half: str
    weight: float
    across: bool
    part: float
    """Of its question, that it stands for: one by the number of its cases."""


def cases(
    library: Library,
    searcher: Searcher,
    questions: Iterable[SourcedQuestion],
    *,
    weight: float = 1.0,
    times: int = 1,
    seed: int = 0,
) -> Iterator[Case]:
    """Yield what each question gets quoted with and without its sources, in parts of the collection; it is asked of so
    many collections, ``times``."""
    ranking, encoder, extractor = load_ranking(), load_token_encoder(), load_extractor()
    rng = random.Random(seed)
    owner = {info.id: info.source for info in library.documents()}
    sizes = {info.source: info.passages for info in library.documents()}
    everything = sum(sizes.values())
    for question in questions:
        found = searcher.candidates(question.text, depth=100)
        # whatever is taken away, the first of those that are left are read, but for the hindmost
        best = top_k(ranking.found.scores(found.features), found.ids, k=LEFT)
        answers = searcher.read(found, best)[best, -1]
        told = library.passages(found.ids[best].tolist())
        sources = [owner[passage.document_id] for passage in told]
        for share, chosen in _parts(sources, question.sources, rng):
            searched = share * everything if share else sum(sizes.get(source, 0) for source in chosen)
            left = np.array([place for place, source in enumerate(sources) if source in chosen], np.int64)
            features_left, ids = found.features[best[left]], found.ids[best[left]]
            read = worth_reading(ranking.found.scores(features_left), ids)
            if not len(read):
                continue
            seen = with_answers(features_left, read, answers[left[read]])
            scores = ranking.read.scores(seen)
            order = top_k(scores, ids, k=COMPARED)
            hits = [
                Hit(
                    0,
                    float(scores[place]),
                    told[left[place]],
                    sources[left[place]],
                    ranking.read.named(seen[place]) | {SEARCHED: float(searched)},
                )
                for place in order.tolist()
            ]
            stored = found.texts[int(best[left[order[0]]])]
            quote = best_quote(question.text, hits[0].passage, encoder, extractor, stored)
            if quote is None:
                continue
            text = bare(quote.span.shift(-hits[0].passage.span.start).of(hits[0].passage.text))
            yield Case(
                features(hits, quote),
                hits[0].features["same_language"],
                any(bare(answer) in text for answer in question.answers),
                question.half,
                weight,
                question.kind != "same",
                1 / (CASES * times),
            )


def written_questions(data: Path) -> tuple[dict[str, str], list[SourcedQuestion]]:
    """Return news passages in many languages and the questions that were written about one sentence of them: a quote
    is right if it holds that sentence, in whatever language it stands."""
    passages: dict[str, str] = {}
    questions: list[SourcedQuestion] = []
    for half in get_args(Half):
        told = news(data, half=half)
        passages |= told.passages
        questions += [
            question
            for question in told.written
            if all(len(sentences(answer)) == 1 for answer in question.answers)
        ]
    return passages, questions


def _parts(
    found: Sequence[str], own: frozenset[str], rng: random.Random
) -> Iterator[tuple[float, frozenset[str]]]:
    """Yield the sources of libraries that a question is asked of: with those that answer it, its ``own``, and without;
    and which share of the whole each is, 0 for single documents.

    ``found`` are the sources of its candidates, best first.
    """
    sources = sorted(set(found))
    for share in SHARES:
        kept = frozenset(source for source in sources if rng.random() < share) - own
        yield from ((share, kept | own), (share, kept))
    nearest = next((source for source in found if source not in own), "")
    yield from ((0.0, own), (0.0, frozenset([nearest])))


@dataclass(frozen=True, slots=True)
class Judged:
    """The cases of one half as a model sees them: stated probabilities (n,), whether the quotes were right (n,), and
    what part of a question each is (n,)."""

    chances: Numbers
    right: NDArray[np.bool_]
    parts: Numbers

    def report(self, name: str) -> None:
        print(
            f"{name}: {len(self.right)} cases, {self.right.mean():.2f} right; "
            f"ECE {calibration_error(list(zip(self.chances.tolist(), self.right.tolist(), strict=True))):.3f}, "
            f"AUROC {roc_auc_score(self.right, self.chances):.3f}"
        )


def fit(some: list[Case], name: str) -> tuple[list[float], dict[str, Judged]]:
    """Return intercept and weights, fitted on one half, and what they make of both."""
    chosen = [case for case in some if case.half == "fit"]
    model = LogisticRegression(C=1.0, max_iter=5000).fit(
        [case.values for case in chosen],
        [case.right for case in chosen],
        sample_weight=[case.weight for case in chosen],
    )
    halves: dict[str, Judged] = {}
    for half in ("fit", "final"):
        chosen = [case for case in some if case.half == half]
        chances = model.predict_proba([case.values for case in chosen])[:, 1]
        right, parts = (
            np.array(values) for values in zip(*((case.right, case.part) for case in chosen), strict=True)
        )
        halves[half] = Judged(chances, right, parts)
        halves[half].report(f"{name} {half}")
    return [round(float(value), 4) for value in (model.intercept_[0], *model.coef_[0])], halves


def limits(halves: dict[str, Judged]) -> list[tuple[float, float]]:
    """Return a limit for each of ``MAX_ERRORS``, fitted on one half, and report what each lets through."""
    found: list[tuple[float, float]] = []
    for error in MAX_ERRORS:
        found.append((error, limit(halves["fit"], error)))
        for name, half in halves.items():
            bold = half.chances >= found[-1][1]
            wrong = 1 - half.right[bold].mean() if bold.any() else 0.0
            print(
                f"    max_error {error} {name}: from {found[-1][1]:.3f} on answers {bold.mean():.2f} with {wrong:.3f} "
                f"wrong and {half.right[bold].sum() / half.right.sum():.2f} of the right ones"
            )
    return found


def limit(judged: Judged, max_error: float) -> float:
    """Return the least probability from which on at most ``max_error`` of the cases are wrong: the upper end of the
    binomial interval of Clopper and Pearson stays below.

    The cases of a question are no independent ones: together they count as one. Source: selective prediction with
    guaranteed risk (Geifman and El-Yaniv, NeurIPS 2017).
    """
    order = np.argsort(-judged.chances, kind="stable")
    wrong = np.cumsum(~judged.right[order] * judged.parts[order])
    shown = np.cumsum(judged.parts[order])
    bound = beta.ppf(SURE, wrong + 1, np.maximum(shown - wrong, 1e-9))
    good = np.flatnonzero(bound <= max_error)
    return round(float(judged.chances[order[good[-1]]]), 4) if len(good) else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("src/qa/model/confidence.json"))
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--most", type=int, default=150, help="questions a language")
    parser.add_argument("--among", type=int, default=100_000, help="passages all is asked among once more")
    args = parser.parse_args()

    dev = load_dev(args.data, langs=frozenset(LANGS), most=args.most)
    extracted = [question.sourced() for question in dev.questions if question.extracted]
    about = load_asked(args.data)
    with open_collection(dev.passages | about.passages) as (library, searcher):
        found = list(cases(library, searcher, extracted, times=2))
        found += cases(library, searcher, [question.sourced() for question in about.questions])
    many = {
        key_of(f"{number} {text}"): text
        for number, text in enumerate(passages(args.data, args.among, split="train"))
    }
    with open_collection(dev.passages | many) as (library, searcher):
        found += cases(library, searcher, extracted, times=2)
    with open_sample(args.corpus) as (library, searcher):
        found += cases(library, searcher, load_sample_questions(args.corpus), weight=SAMPLE_WEIGHT)
    articles = load_articles()
    with open_documents(article.document() for article in articles) as (library, searcher):
        found += cases(library, searcher, [one for article in articles for one in article.sourced()])
    news_passages, written = written_questions(args.data)
    with open_collection(news_passages) as (library, searcher):
        found += cases(library, searcher, written)
    same = [case for case in found if case.same_language > 0.5]
    # Only questions that ask across languages tell how sure to be across: to the others a passage in another language
    # is merely what is left when their own is taken away; with those, even at a twentieth, the right ones get doubtful.
    cross = [case for case in found if case.same_language <= 0.5 and case.across]
    near, near_halves = fit(same, "same language")
    far_off, far_halves = fit(cross, "across")
    held = {"same": limits(near_halves), "cross": limits(far_halves)}
    weights = {"names": list(FEATURES), "same": near, "cross": far_off, "limits": held}
    args.out.write_text(json.dumps(weights) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
