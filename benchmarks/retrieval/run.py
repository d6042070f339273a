"""Measures retrieval by language on the development sets, each part of the ranking beside the whole.

For each language all dev passages are the collection and the dev questions are asked, each with one relevant passage.
Half of the questions (by passage) are open to fitting, the other half is final: nothing is ever fitted on it.

    python -m benchmarks.retrieval.run --data ../shared/data [--langs zh en ...] [--pooled] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa.encoder import StaticEncoder, load_encoder, load_token_encoder
from qa.languages import Languages
from qa.library import Library
from qa.ranking import READ, load_ranking
from qa.search import Searcher
from qa.service import QA
from qa.types import Document, Floats
from qa.views import Views
from training.dev import DevQuestion, DevSet, as_document, load_dev

LANGS = (
    "zh",
    "zh_hant",
    "en",
    "ja",
    "ko",
    "ar",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "id",
    "no",
    "pt",
    "ru",
    "sv",
    "th",
    "tr",
    "vi",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's rank (from 0, or None) under each way of scoring."""

    question: DevQuestion
    ranks: dict[str, int | None]


@contextmanager
def open_collection(passages: dict[str, str], *, names: bool = True) -> Iterator[tuple[Library, Searcher]]:
    """Index passages as documents of one paragraph, and lend a searcher over them, one without ``names`` if so told."""
    with open_documents((as_document(key, text) for key, text in passages.items()), names=names) as opened:
        yield opened


@contextmanager
def open_documents(
    documents: Iterable[Document], *, names: bool = True
) -> Iterator[tuple[Library, Searcher]]:
    """Index documents, and lend a searcher over them."""
    with tempfile.TemporaryDirectory() as folder, QA.open(folder) as qa:
        qa.add_documents(documents)
        with open_searcher(Path(folder), names=names) as opened:
            yield opened


@contextmanager
def open_sample(corpus: Path, *, names: bool = True) -> Iterator[tuple[Library, Searcher]]:
    """Index the sample corpus, and lend a searcher over it."""
    with tempfile.TemporaryDirectory() as folder, QA.open(folder) as qa:
        qa.sync(corpus)
        with open_searcher(Path(folder), names=names) as opened:
            yield opened


@contextmanager
def open_searcher(folder: Path, *, names: bool = True) -> Iterator[tuple[Library, Searcher]]:
    """Lend the parts of a library that rank, for a look at the features behind the scores."""
    encoder, tokens = load_encoder(), load_token_encoder()
    if not names:
        assert isinstance(tokens, StaticEncoder)
        tokens = tokens.without_names()
    with Library.open(folder) as library, Views(library) as views:
        yield library, Searcher(library, views, encoder, tokens, languages=Languages.load())


def scorers() -> dict[str, Callable[[Floats], Floats]]:
    """Return ways to score candidates by their features (n, f) -> (n,)."""
    ranking = load_ranking()
    column = {name: number for number, name in enumerate(READ)}
    return {
        "dense": lambda features: features[:, column["dense"]],
        "late": lambda features: features[:, column["late"]],
        "window": lambda features: features[:, column["window"]],
        "lexical": lambda features: features[:, column["lexical"]],
        "dense+late": lambda features: features[:, column["dense"]] + features[:, column["late"]],
        "found": lambda features: ranking.found.scores(features[:, : len(ranking.found.names)]),
        "all": ranking.read.scores,
    }


def ask_all(
    questions: Iterable[DevQuestion], library: Library, searcher: Searcher, *, depth: int = 100
) -> list[Outcome]:
    """Return where each question's passage stands: a document's score is its best passage's."""
    owner = {info.id: info.source for info in library.documents()}
    ways = scorers()
    outcomes: list[Outcome] = []
    for question in questions:
        found = searcher.candidates(question.text, depth=depth)
        features = searcher.read(found)
        passages = library.passages(found.ids.tolist())
        keys = [owner[passage.document_id] for passage in passages]
        ranks: dict[str, int | None] = {}
        for name, way in ways.items():
            order = np.argsort(-way(features), kind="stable")
            ranked = list(dict.fromkeys(keys[position] for position in order))
            ranks[name] = ranked.index(question.passage) if question.passage in ranked else None
        outcomes.append(Outcome(question, ranks))
    return outcomes


def ndcg(rank: int | None) -> float:
    """Return nDCG@10 of one relevant passage at ``rank`` (from 0)."""
    return 1.0 / float(np.log2(rank + 2)) if rank is not None and rank < 10 else 0.0


def table(outcomes: list[Outcome]) -> dict[str, dict[str, float]]:
    """Return nDCG@10 by way of scoring, and the whole's Success@1 and R@100, for both halves."""
    rows: dict[str, dict[str, float]] = {}
    for half in ("fit", "final"):
        chosen = [outcome for outcome in outcomes if outcome.question.half == half]
        if not chosen:
            continue
        rows[half] = {name: float(np.mean([ndcg(o.ranks[name]) for o in chosen])) for name in chosen[0].ranks}
        rows[half]["Success@1"] = float(np.mean([o.ranks["all"] == 0 for o in chosen]))
        rows[half]["R@100"] = float(np.mean([o.ranks["all"] is not None for o in chosen]))
        rows[half]["questions"] = len(chosen)
    return rows


def run(dev: DevSet) -> list[Outcome]:
    with open_collection(dev.passages) as (library, searcher):
        return ask_all(dev.questions, library, searcher)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--langs", nargs="*", default=LANGS)
    parser.add_argument("--most", type=int, default=400, help="questions a language")
    parser.add_argument("--pooled", action="store_true", help="one collection of all languages")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()

    report: dict[str, dict[str, dict[str, float]]] = {}
    names = [frozenset(args.langs)] if args.pooled else [frozenset([lang]) for lang in args.langs]
    for langs in names:
        began = time.perf_counter()
        dev = load_dev(args.data, langs=langs, most=args.most)
        outcomes = run(dev)
        for lang in sorted({outcome.question.lang for outcome in outcomes}):
            label = f"pooled {lang}" if args.pooled else lang
            report[label] = table([outcome for outcome in outcomes if outcome.question.lang == lang])
            for half, row in report[label].items():
                shown = "  ".join(f"{name} {value:.3f}" for name, value in row.items())
                print(f"{label:>10} {half:>5}  {shown}", flush=True)
        print(f"           {time.perf_counter() - began:.0f} s for {len(dev.passages)} passages", flush=True)
    if args.out:
        args.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
