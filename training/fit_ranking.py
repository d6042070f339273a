"""Fits the ranking model's weights on development questions of the half that is open to fitting.

Collections: all languages' dev passages together with passages of news sentences, asked for by a run of words of their
translation, and the sample corpus: so that passages in the question's language and in others are judged on one scale.
Nothing that the model itself was trained on is asked: its scores are too good there.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.retrieval.run import LANGS, open_collection, open_sample
from qa.library import Library
from qa.ranking import FEATURES, READ, RankingModel, top_k
from qa.search import READ_BEST, Searcher
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

NEWS_LANGS = ("zh", "en", "de", "fr", "ru", "ar", "ja", "ko", "es", "vi", "hi", "tr")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question's candidates: features (n, f) and whether each holds the answer (n,)."""

    features: Floats
    right: NDArray[np.bool_]


def collect(
    library: Library, searcher: Searcher, questions: Iterable[SourcedQuestion], *, found: RankingModel | None
) -> list[Asked]:
    """Ask questions of a collection and label their candidates, or with ``found`` the best of them, which are read;
    questions without a right one are left out."""
    asked: list[Asked] = []
    owner = {info.id: info.source for info in library.documents()}
    for question in questions:
        candidates = searcher.candidates(question.text, depth=100)
        features, ids = candidates.features, candidates.ids
        if found is not None:
            best = top_k(found.scores(features), ids, k=READ_BEST)
            features, ids = searcher.read(candidates, best)[best], ids[best]
        right = np.array(
            [
                owner[passage.document_id] in question.sources
                and any(bare(answer) in bare(passage.text) for answer in question.answers)
                for passage in library.passages(ids.tolist())
            ]
        )
        if right.any():
            asked.append(Asked(features, right))
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


def fit(asked: list[Asked], names: Sequence[str]) -> RankingModel:
    """Return the weights that give the right candidates of each question the most of a softmax over all of them.

    Only comparisons within a question count (a conditional logit): how high the words of a question can score at all
    differs from question to question.
    """
    share = names.index("same_language")
    used = torch.ones(2, len(names) + 1)
    used[:, 1 + share] = 0.0
    # words shared across languages tell of a wrong guess at the language
    used[1, 1 + names.index("lexical")] = 0.0
    groups = [(torch.from_numpy(one.features), torch.from_numpy(one.right)) for one in asked]
    weights = torch.zeros(2, len(names) + 1, requires_grad=True)  # same language, across
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def scores(features: torch.Tensor) -> torch.Tensor:
        sides = features @ (weights * used)[:, 1:].T + weights[:, 0]
        same = features[:, share]
        return same * sides[:, 0] + (1 - same) * sides[:, 1]

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        found = [(scores(features), right) for features, right in groups]
        losses = [torch.logsumexp(score, 0) - torch.logsumexp(score[right], 0) for score, right in found]
        total = torch.stack(losses).mean() + 1e-4 * weights.square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    with torch.no_grad():
        first = np.mean([bool(right[scores(features).argmax()]) for features, right in groups])
        values = (weights * used).numpy()
    print(f"{len(groups)} questions, first right {first:.3f}, loss {float(loss().detach()):.3f}")
    values[:, 0] -= values[0, 0]  # only the difference of the two intercepts means anything
    sides = [tuple(round(value, 4) for value in row) for row in values.tolist()]
    for side, row in zip(("same", "cross"), sides, strict=True):
        print(side, dict(zip(("one", *names), row, strict=True)))
    return RankingModel(tuple(names), *sides)


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

        def asked(found: RankingModel | None) -> list[Asked]:
            ours = collect(sample_library, sample_searcher, sample, found=found)
            return collect(library, searcher, some, found=found) + ours * SAMPLE_WEIGHT

        found = fit(asked(None), FEATURES)
        read = fit(asked(found), READ)
    weights = {"found": asdict(found), "read": asdict(read)}
    args.out.write_text(json.dumps(weights) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
