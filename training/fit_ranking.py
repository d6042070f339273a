"""Fits the ranking model's weights on development questions of the half that is open to fitting.

Collections: all languages' dev passages pooled, news sentences in one language asked for by their translation, and the
sample corpus: so that passages in the question's language and in others are judged on one scale. Nothing that the
model itself was trained on is asked: its scores are too good there.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.retrieval.run import LANGS, open_collection
from qa.encoder import load_encoder, load_token_encoder
from qa.languages import Languages
from qa.library import Library
from qa.ranking import FEATURES, RankingModel
from qa.search import Searcher
from qa.service import QA
from qa.types import Floats
from qa.views import Views
from training.dev import DevQuestion, bare, half_of, key_of, load_dev, load_ntrex, load_sample_questions

UNFITTED = RankingModel(FEATURES, (0.0,) * (len(FEATURES) + 1), (0.0,) * (len(FEATURES) + 1))

SAMPLE_WEIGHT = 8
"""How often each question of the sample corpus counts: there are few, and they are like what people ask."""

NEWS_LANGS = ("zh", "en", "de", "fr", "ru", "ar", "ja", "ko", "es", "vi", "hi", "tr")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question's candidates: features (n, f) and whether each holds the answer (n,)."""

    features: Floats
    right: NDArray[np.bool_]


def collect(passages: dict[str, str], questions: Iterable[DevQuestion]) -> list[Asked]:
    """Ask questions of a collection and label their candidates; questions without a right one are left out."""
    asked: list[Asked] = []
    with tempfile.TemporaryDirectory() as folder:
        library, searcher = open_collection(Path(folder), passages, UNFITTED)
        with library:
            owner = {info.id: info.source for info in library.documents()}
            for question in questions:
                found = searcher.candidates(question.text, depth=100)
                told = library.passages(found.ids.tolist())
                right = np.array(
                    [
                        owner[p.document_id] == question.passage and bare(question.answer) in bare(p.text)
                        for p in told
                    ]
                )
                if right.any():
                    asked.append(Asked(found.features, right))
    return asked


def collect_sample(corpus: Path) -> list[Asked]:
    """Ask the half of the sample corpus's questions that is open to fitting: documents with titles and headings, and
    the same subjects in several languages."""
    asked: list[Asked] = []
    with tempfile.TemporaryDirectory() as folder, QA.open(folder) as qa:
        qa.sync(corpus)
        encoder, tokens = load_encoder(), load_token_encoder()
        with Library.open(Path(folder)) as library:
            searcher = Searcher(
                library, Views(library), encoder, tokens, languages=Languages.load(), model=UNFITTED
            )
            owner = {info.id: info.source for info in library.documents()}
            for question in load_sample_questions(corpus):
                if question.half != "fit" or not question.answers:
                    continue
                found = searcher.candidates(question.text, depth=100)
                right = np.array(
                    [
                        owner[passage.document_id] in question.sources
                        and any(bare(answer) in bare(passage.text) for answer in question.answers)
                        for passage in library.passages(found.ids.tolist())
                    ]
                )
                if right.any():
                    asked.append(Asked(found.features, right))
    return asked


def news(data: Path, *, count: int, seed: int) -> tuple[dict[str, str], list[DevQuestion]]:
    """Return each news sentence in one random language, and as a question in another."""
    rng = random.Random(seed)
    table = load_ntrex(data)
    english = [sentence for sentence in table["zh"] if half_of(key_of(sentence)) == "fit"]
    passages: dict[str, str] = {}
    questions: list[DevQuestion] = []

    def text_of(sentence: str, lang: str) -> str | None:
        return sentence if lang == "en" else table[lang].get(sentence)

    for sentence in english:
        told, asked = rng.sample(NEWS_LANGS, 2)
        passage, question = text_of(sentence, told), text_of(sentence, asked)
        if passage and question:
            key = key_of(passage)
            passages[key] = passage
            questions.append(DevQuestion(question, asked, key, told, passage, "fit"))
    return passages, rng.sample(questions, min(count, len(questions)))


def fit(asked: list[Asked]) -> dict[str, object]:
    """Return the weights that give the right candidates of each question the most of a softmax over all of them.

    Only comparisons within a question count (a conditional logit): how high the words of a question can score at all
    differs from question to question.
    """
    share = FEATURES.index("same_language")
    used = torch.ones(2, len(FEATURES) + 1)
    used[:, 1 + share] = 0.0
    used[1, 1 + FEATURES.index("lexical")] = (
        0.0  # words shared across languages tell of a wrong guess at the language
    )
    groups = [(torch.from_numpy(one.features), torch.from_numpy(one.right)) for one in asked]
    weights = torch.zeros(2, len(FEATURES) + 1, requires_grad=True)  # same language, across
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
    result: dict[str, object] = {"names": list(FEATURES)}
    for side, row in zip(("same", "cross"), values.tolist(), strict=True):
        result[side] = [round(value, 4) for value in row]
        print(side, dict(zip(("one", *FEATURES), result[side], strict=True)))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("src/qa/model/ranking.json"))
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--most", type=int, default=120, help="questions a language")
    args = parser.parse_args()

    dev = load_dev(args.data, langs=frozenset(LANGS), most=args.most * 2)
    passages, questions = news(args.data, count=150, seed=0)
    asked = [
        *collect(dev.passages, [question for question in dev.questions if question.half == "fit"]),
        *collect(passages, questions),
        *(collect_sample(args.corpus) * SAMPLE_WEIGHT),
    ]
    args.out.write_text(json.dumps(fit(asked)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
