"""Measures whether the probabilities hold in libraries of any size, and in domains that nothing was fitted on.

document    each question is asked of one document: the one that answers it, and the nearest that does not
collection  the dev passages of the half ``final``, every other one left out: half of the questions have no answer
large       the same among ``--passages`` texts of all languages
domain      news, reports of research and rules, asked in the collection; the calibrator fitted on encyclopedias alone
            (``qed_nq``, ``pquad`` … are articles of Wikipedia) beside the one that ships

    python -m benchmarks.confidence.run [--data ../shared/data] [--only SECTION ...] [--passages 100000]

A quote is right if it holds the answer, as in the fit: among many texts there may be others that do. Questions whose
answer does not stand in their passage are left out. ``wrong`` is the share of wrong quotes among those that a
``max_error`` lets through, ``shown`` that of the right ones.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from benchmarks.retrieval.run import LANGS, open_collection
from benchmarks.speed.texts import as_documents, passages
from qa import QA, Scope
from qa.confidence import limit_of, load_calibrator, sigmoid
from qa.evaluation.calibration import auroc, calibration_error
from qa.types import Answer, Document
from training.dev import DevQuestion, DevSet, SourcedQuestion, as_document, bare, half_of, key_of, load_dev
from training.fit_confidence import Case, cases, fit

ERRORS = (0.1, 0.2)

OTHER_DOMAINS = {"zh_antiterror_mrc": "news", "pira": "research", "faquad": "rules"}
"""Sources of questions that are not about articles of an encyclopedia, and what they are about."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """The probability stated for a quote, whether it is right, and from which on it would be shown, for ``ERRORS``."""

    probability: float
    right: bool
    limits: tuple[float, ...]


def told(name: str, quotes: Sequence[Quoted]) -> str:
    judged = [(each.probability, each.right) for each in quotes]
    right = sum(each.right for each in quotes)
    line = f"{name:<12}{len(quotes):6} quotes, {right / len(quotes):.2f} right; ECE {calibration_error(judged):.3f}"
    line += f", AUROC {auroc(judged):.3f}"
    for number, error in enumerate(ERRORS):
        shown = [each.right for each in quotes if each.probability >= each.limits[number]]
        line += f"; {error}: wrong {1 - sum(shown) / max(1, len(shown)):.3f}, shown {sum(shown) / right:.2f}"
    return line


def judge(question: DevQuestion, answer: Answer) -> Quoted:
    """Judge the best quote of an answer, shown or not."""
    quote, calibrator = answer.nearest, load_calibrator()
    limits = tuple(calibrator.limit(answer.hits, error) if answer.hits else 1.0 for error in ERRORS)
    right = quote is not None and bare(question.answer) in bare(quote.text)
    return Quoted(answer.confidence, right, limits)


def ask_documents(library: QA, questions: Iterable[DevQuestion], dev: DevSet) -> Iterator[Quoted]:
    """Ask each question of its own document, and of the nearest one that does not hold the answer."""
    for question in questions:
        sources = [hit.source for hit in library.search(question.text, k=20)]
        others = (key for key in sources if bare(question.answer) not in bare(dev.passages[key]))
        for source in (question.passage, next(others, None)):
            if source:
                yield judge(question, library.ask(question.text, scope=Scope(within=(source,))))


def collection(dev: DevSet) -> list[Document]:
    """Return the passages of the half ``final`` as documents, every other one left out."""
    kept = [key for key in dev.passages if half_of(key) == "final" and half_of(key_of(key)) == "fit"]
    return [as_document(key, dev.passages[key]) for key in kept]


def sources_of(data: Path) -> dict[tuple[str, str], str]:
    """Return the source of each dev question by its text and its passage's key."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted((data / "qa").glob("*.parquet")):
        frame = pd.read_parquet(path, columns=["question", "passage", "source", "split"])
        dev = frame[frame.split == "dev"]
        rows = zip(dev.question, dev.passage, dev.source, strict=True)
        found |= {(question, key_of(passage)): source for question, passage, source in rows}
    return found


def measure_sizes(args: argparse.Namespace, dev: DevSet) -> None:
    final = [question for question in dev.questions if question.half == "final"]
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        if "document" in args.only:
            with QA.open(Path(folder) / "all") as library:
                library.add_documents(as_document(key, text) for key, text in dev.passages.items())
                print(told("document", list(ask_documents(library, final, dev))), flush=True)
        if {"collection", "large"}.isdisjoint(args.only):
            return
        with QA.open(Path(folder) / "some") as library:
            documents = collection(dev)
            library.add_documents(documents)
            if "collection" in args.only:
                print(told("collection", [judge(q, library.ask(q.text)) for q in final]), flush=True)
            if "large" in args.only:
                texts = passages(args.data, args.passages - len(documents), split="train")
                library.add_documents(as_documents(texts))
                print(told("large", [judge(q, library.ask(q.text)) for q in final]), flush=True)


def measure_domains(args: argparse.Namespace, dev: DevSet) -> None:
    """Fit on questions about articles of an encyclopedia alone, and judge those about anything else."""
    sources = sources_of(args.data)
    asked: dict[str, list[SourcedQuestion]] = {}
    for question in dev.questions:
        domain = OTHER_DOMAINS.get(sources.get((question.text, question.passage), ""), "articles")
        asked.setdefault(domain, []).append(question.sourced())
    with open_collection(dev.passages) as (library, searcher):
        same = {
            domain: [case for case in cases(library, searcher, some) if case.same_language > 0.5]
            for domain, some in asked.items()
        }
    shipped = load_calibrator()
    limits = tuple(limit_of(shipped.limits[0], error) for error in ERRORS)
    weights, _ = fit(same["articles"], "articles")
    for name, chosen in (("as shipped", shipped.same), ("of articles", tuple(weights))):
        for domain, some in same.items():
            final = [case for case in some if case.half == "final"]
            quotes = [Quoted(chance(chosen, case), case.right, limits) for case in final]
            print(told(f"{domain}, {name}", quotes), flush=True)


def chance(weights: Sequence[float], case: Case) -> float:
    return sigmoid(sum(weight * value for weight, value in zip(weights, (1.0, *case.values), strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sections = ("document", "collection", "large", "domain")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", nargs="+", choices=sections, default=sections)
    parser.add_argument("--most", type=int, default=120, help="questions a language, both halves")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--work", type=Path, help="folder for the libraries; a temporary one without")
    args = parser.parse_args()
    dev = load_dev(args.data, langs=frozenset(LANGS), most=args.most)
    dev = replace(dev, questions=[question for question in dev.questions if question.extracted])
    if {"document", "collection", "large"} & set(args.only):
        measure_sizes(args, dev)
    if "domain" in args.only:
        measure_domains(args, dev)


if __name__ == "__main__":
    main()
