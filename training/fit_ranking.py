"""Fits the ranking model's weights on development questions of the half that is open to fitting.

Collections: all languages' dev passages pooled, Hindi-English questions on passages of the other language, and news
sentences in one language asked for by their translation: so that passages with and without shared words are judged
on one scale.
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
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.retrieval.run import LANGS, open_collection
from qa.ranking import FEATURES
from qa.types import Floats
from training.dev import DevQuestion, half_of, key_of, load_dev, load_ntrex

NEWS_LANGS = ("zh", "en", "de", "fr", "ru", "ar", "ja", "ko", "es", "vi", "hi", "tr")


@dataclass(frozen=True, slots=True)
class Rows:
    """Features (n, f) and whether each candidate holds the answer (n,)."""

    features: Floats
    labels: NDArray[np.bool_]


def collect(passages: dict[str, str], questions: Iterable[DevQuestion]) -> Rows:
    """Ask questions of a collection and label their candidates."""
    features: list[Floats] = []
    labels: list[NDArray[np.bool_]] = []
    with tempfile.TemporaryDirectory() as folder:
        library, searcher = open_collection(Path(folder), passages)
        with library:
            owner = {info.id: info.source for info in library.documents()}
            for question in questions:
                found = searcher.candidates(question.text, depth=100)
                told = library.passages(found.ids.tolist())
                right = np.array(
                    [owner[p.document_id] == question.passage and _bare(question.answer) in _bare(p.text) for p in told]
                )
                if right.any():
                    features.append(found.features)
                    labels.append(right)
    return Rows(np.concatenate(features), np.concatenate(labels))


def _bare(text: str) -> str:
    return "".join(text.split()).casefold()


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


def fit(rows: Rows) -> dict[str, object]:
    """Return the weights for candidates with and without shared words."""
    met = rows.features[:, FEATURES.index("words_met")] > 0
    weights: dict[str, object] = {"names": list(FEATURES)}
    for name, chosen, used in (
        ("shared", met, ("dense", "late", "lexical", "length")),
        ("unshared", ~met, ("dense", "late", "length")),
    ):
        columns = [FEATURES.index(feature) for feature in used]
        model = LogisticRegression(C=100.0, max_iter=1000)
        model.fit(rows.features[chosen][:, columns], rows.labels[chosen])
        full = dict.fromkeys(FEATURES, 0.0) | dict(zip(used, model.coef_[0].tolist(), strict=True))
        weights[name] = [round(float(model.intercept_[0]), 4), *(round(full[feature], 4) for feature in FEATURES)]
        print(name, int(chosen.sum()), "candidates,", int(rows.labels[chosen].sum()), "right:", weights[name])
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("src/qa/model/ranking.json"))
    parser.add_argument("--most", type=int, default=120, help="questions a language")
    args = parser.parse_args()

    dev = load_dev(args.data, langs=frozenset(LANGS), most=args.most * 2)
    across = load_dev(args.data, split="train", langs=frozenset(["xling"]), most=1500)
    hindi = [question for question in across.questions if {question.lang, question.passage_lang} == {"hi", "en"}]
    passages, questions = news(args.data, count=400, seed=0)
    parts = [
        collect(dev.passages | across.passages, [q for q in dev.questions if q.half == "fit"]),
        collect(dev.passages | across.passages, hindi[:600]),
        collect(passages, questions),
    ]
    rows = Rows(np.concatenate([part.features for part in parts]), np.concatenate([part.labels for part in parts]))
    args.out.write_text(json.dumps(fit(rows)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
