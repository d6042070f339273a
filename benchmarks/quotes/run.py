"""Measures quotes where the right passage is on top: does the quote hold the answer, and how long is it?

Beside it the baseline: the sentence that shares most words with the question.

    python -m benchmarks.quotes.run --data ../shared/data [--langs zh en ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.retrieval.run import LANGS
from qa.encoder import load_token_encoder
from qa.extractor import load_extractor
from qa.quotes import best_quote
from qa.splitter import split_document
from qa.text import words
from qa.types import Passage, Span, TokenEncoder
from training.dev import DevQuestion, as_document, bare, load_dev


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's quote: whether it and the baseline's sentence hold the answer, its sentences, its share."""

    question: DevQuestion
    right: bool
    baseline: bool
    sentences: int
    share: float
    marked: float


def most_shared(question: str, passage: Passage) -> Span:
    """Return the sentence that shares most words with the question, the first of equals."""
    asked = set(words(question))
    text = passage.text
    start = passage.span.start
    return max(passage.sentences, key=lambda span: len(asked & set(words(span.shift(-start).of(text)))))


def outcomes(
    questions: list[DevQuestion], passages: dict[str, str], encoder: TokenEncoder
) -> Iterator[Outcome]:
    for question in questions:
        document = as_document(question.passage, passages[question.passage])
        holding = [p for p in split_document(document) if bare(question.answer) in bare(p.text)]
        if not holding:
            continue
        passage = holding[0]
        best = best_quote(question.text, passage, encoder, load_extractor())
        if best is None:
            continue
        text = document.text
        inside = [span for span in passage.sentences if best.span.contains(span)]
        marked = "".join(mark.of(text) for mark in best.highlights)
        yield Outcome(
            question,
            bare(question.answer) in bare(best.span.of(text)),
            bare(question.answer) in bare(most_shared(question.text, passage).of(text)),
            len(inside),
            len(best.span) / len(passage.span),
            token_f1(marked, question.answer),
        )


def token_f1(marked: str, answer: str) -> float:
    """Return the F1 of marked words against the answer's (SQuAD's, over our words)."""
    told, right = words(marked), words(answer)
    common = sum(min(told.count(word), right.count(word)) for word in set(told) & set(right))
    if not common:
        return 0.0
    precision, recall = common / len(told), common / len(right)
    return 2 * precision * recall / (precision + recall)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--langs", nargs="*", default=LANGS)
    parser.add_argument("--most", type=int, default=200, help="questions a language")
    args = parser.parse_args()

    encoder = load_token_encoder()
    means: dict[str, list[float]] = {"fit": [], "final": []}
    for lang in args.langs:
        dev = load_dev(args.data, langs=frozenset([lang]), most=args.most)
        for half in ("fit", "final"):
            chosen = [question for question in dev.questions if question.half == half]
            found = list(outcomes(chosen, dev.passages, encoder))
            if not found:
                continue
            right = float(np.mean([one.right for one in found]))
            means[half].append(right)
            print(
                f"{lang:>8} {half:>5}  holds {right:.3f}  baseline {np.mean([one.baseline for one in found]):.3f}  "
                f"sentences {np.mean([one.sentences for one in found]):.2f}  "
                f"of passage {np.mean([one.share for one in found]):.2f}  "
                f"marked F1 {np.mean([one.marked for one in found]):.3f}  ({len(found)})",
                flush=True,
            )
    for half, values in means.items():
        print(f"    mean {half:>5}  holds {np.mean(values):.3f}")


if __name__ == "__main__":
    main()
