"""Fits the ranking model's weights on development questions of the half that is open to fitting.

Collections: all languages' dev passages together with passages of news sentences, asked for by a run of words of their
translation, and the sample corpus: so that passages in the question's language and in others are judged on one scale.
Nothing that the model itself was trained on is asked: its scores are too good there.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.retrieval.run import LANGS, open_collection, open_sample
from qa.library import Library
from qa.ranking import FEATURES, READ, RankingModel, top_k
from qa.search import Searcher
from qa.types import Floats
from training.dev import (
    DevQuestion,
    SourcedQuestion,
    bare,
    cut_run,
    half_of,
    key_of,
    load_dev,
    load_ntrex,
    load_sample_questions,
)

SAMPLE_WEIGHT = 16
"""How often each question of the sample corpus counts: there are few, and they are like what people ask."""

COMPARED = 10
"""Candidates of a question that are read for the fit. More than a search reads: with its four the weights learn little
of what the rest is like, which they order too."""

NEWS_LANGS = ("zh", "en", "de", "fr", "ru", "ar", "ja", "ko", "es", "vi", "hi", "tr")


SHARE = "same_language"
NOT_ACROSS = "lexical"
"""What has no weight across languages: words shared there tell of a wrong guess at the language."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One question's candidates: features (n, f), whether each holds the answer (n,), how often the question counts."""

    features: Floats
    right: NDArray[np.bool_]
    count: int = 1


def kept(features: Floats, names: Sequence[str], without: Collection[str]) -> Floats:
    """Return features (…, f) with those left out the same for all: 0, or certainly one language."""
    values = features.copy()
    for name in without:
        values[..., names.index(name)] = 1.0 if name == SHARE else 0.0
    return values


def collect(
    library: Library,
    searcher: Searcher,
    questions: Iterable[SourcedQuestion],
    *,
    found: RankingModel | None,
    count: int = 1,
) -> list[Labelled]:
    """Ask questions of a collection and label their candidates, or with ``found`` the best of them, which are read;
    questions without a right one are left out."""
    asked: list[Labelled] = []
    owner = {info.id: info.source for info in library.documents()}
    for question in questions:
        candidates = searcher.candidates(question.text, depth=100)
        features, ids = candidates.features, candidates.ids
        if found is not None:
            best = top_k(found.scores(features), ids, k=COMPARED)
            features, ids = searcher.read(candidates, best)[best], ids[best]
        right = np.array(
            [
                owner[passage.document_id] in question.sources
                and any(bare(answer) in bare(passage.text) for answer in question.answers)
                for passage in library.passages(ids.tolist())
            ]
        )
        if right.any():
            asked.append(Labelled(features, right, count))
    return asked


def news(data: Path, *, seed: int = 0) -> tuple[dict[str, str], list[DevQuestion]]:
    """Return news sentences of the half that is open to fitting, four at a time in one random language, and about each
    a run of words of one sentence in another language."""
    rng = random.Random(seed)
    table = load_ntrex(data)
    english = list(table["zh"])
    table["en"] = {sentence: sentence for sentence in english}
    passages: dict[str, str] = {}
    questions: list[DevQuestion] = []
    for start in range(0, len(english) - 3, 4):
        block = english[start : start + 4]
        told, *others = rng.sample(NEWS_LANGS, 3)
        passage = " ".join(table[told].get(sentence, "") for sentence in block)
        key = key_of(passage)
        passages[key] = passage
        for asked in others:
            text = table[asked].get(rng.choice(block))
            if text and half_of(key_of(block[0])) == "fit":
                questions.append(DevQuestion(some_words(text, asked, rng), asked, key, told, "", "fit"))
    return passages, questions


def some_words(text: str, lang: str, rng: random.Random) -> str:
    """Return five to ten words in a row, or as many characters as make them in a script without spaces."""
    spaced = lang not in ("zh", "ja", "th")
    return cut_run(text, rng, length=rng.randint(5, 10) if spaced else rng.randint(10, 20), spaced=spaced)


def fit(labelled: Sequence[Labelled], names: Sequence[str], *, without: Collection[str] = ()) -> RankingModel:
    """Return the weights that give the right candidates of each question the most of a softmax over all of them.

    Only comparisons within a question count (a conditional logit): how high the words of a question can score at all
    differs from question to question. Of features (n, f) those after ``names`` are not looked at.
    """
    most = max(len(one.right) for one in labelled)
    values = np.zeros((len(labelled), most, len(names)), np.float32)
    right = np.zeros((len(labelled), most), np.bool_)
    there = np.zeros_like(right)
    for row, one in enumerate(labelled):
        count = len(one.right)
        values[row, :count], right[row, :count], there[row, :count] = (
            one.features[:, : len(names)],
            one.right,
            True,
        )
    features = torch.from_numpy(kept(values, names, without))
    missing, wrong = torch.from_numpy(~there), torch.from_numpy(~right)
    counts = torch.tensor([one.count for one in labelled], dtype=torch.float32)
    used = torch.ones(2, len(names) + 1)
    used[1, 1 + names.index(NOT_ACROSS)] = 0.0
    for name in {SHARE, *without}:
        used[:, 1 + names.index(name)] = 0.0
    weights = torch.zeros(2, len(names) + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")
    same = features[..., names.index(SHARE)]

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        sides = features @ (weights * used)[:, 1:].T + weights[:, 0]
        scores = same * sides[..., 0] + (1 - same) * sides[..., 1]
        everything = torch.logsumexp(scores.masked_fill(missing, -torch.inf), 1)
        losses = everything - torch.logsumexp(scores.masked_fill(wrong, -torch.inf), 1)
        total = (losses * counts).sum() / counts.sum() + 1e-4 * weights.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        result = (weights * used).numpy().copy()
    result[:, 0] -= result[0, 0]  # only the difference of the two intercepts means anything
    return RankingModel(tuple(names), *(tuple(round(value, 4) for value in row) for row in result.tolist()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("src/qa/model/ranking.json"))
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--most", type=int, default=60, help="questions a language")
    args = parser.parse_args()

    dev = load_dev(args.data, langs=frozenset(LANGS), most=args.most * 2)
    passages, questions = news(args.data)
    some = [question.sourced() for question in dev.questions if question.half == "fit"]
    sample = [question for question in load_sample_questions(args.corpus) if question.half == "fit"]
    # one collection: passages in the question's language stand beside those that answer in another; the sample corpus
    # has titles and headings, and the same subjects in several languages
    with (
        open_collection(dev.passages | passages) as (library, searcher),
        open_sample(args.corpus) as (sample_library, sample_searcher),
    ):
        some += [question.sourced() for question in questions]

        def asked(found: RankingModel | None) -> list[Labelled]:
            ours = collect(sample_library, sample_searcher, sample, found=found, count=SAMPLE_WEIGHT)
            return collect(library, searcher, some, found=found) + ours

        found = fit(asked(None), FEATURES)
        read = fit(asked(found), READ)
        for side in (*(asdict(found).items()), *(asdict(read).items())):
            print(*side)
    weights = {"found": asdict(found), "read": asdict(read)}
    args.out.write_text(json.dumps(weights) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
