"""Asks plain questions of the articles that this project wrote: how long, when, who, where, in the language of the
article and in others.

All articles are one library. A question is right at the top if the first passage is of its article and holds an answer;
the quote is right if it holds one; it is shown if the answerer is sure enough at its default.

    python -m benchmarks.answers.run [--most 1000] [--out FILE] [--against FILE]

Articles fall into two halves by title: reader, ranking and confidence are fitted on ``fit``, and ``final`` is what is
reported. ``--against`` names the file of an earlier run, asked the same: differences with the paired test.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.paired import p_value
from qa import QA
from qa.evaluation.calibration import calibration_error
from qa.types import Answer
from training.dev import Article, SourcedQuestion, bare, load_articles


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one question got: its article and an answer in the first passage, an answer in the quote, whether it was
    shown, and how sure the answerer was."""

    question: str
    half: str
    kind: str
    document: bool
    passage: bool
    quote: bool
    shown: bool
    confidence: float


def ask_all(articles: list[Article], *, most: int) -> Iterator[Outcome]:
    """Yield what the questions got, of each half and kind at most ``most``, the same ones each time."""
    questions = [question for article in articles for question in article.sourced()]
    random.Random(0).shuffle(questions)
    counts: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder, QA.open(folder) as library:
        library.add_documents(article.document() for article in articles)
        for question in questions:
            counts[question.half, question.kind] += 1
            if counts[question.half, question.kind] <= most:
                yield outcome(question, library.ask(question.text))


def outcome(question: SourcedQuestion, answer: Answer) -> Outcome:
    def holds(text: str) -> bool:
        return any(bare(each) in bare(text) for each in question.answers)

    nearest = answer.quote or answer.nearest
    own = bool(answer.hits) and answer.hits[0].source in question.sources
    return Outcome(
        question.text,
        question.half,
        question.kind,
        own,
        own and holds(answer.hits[0].text),
        own and nearest is not None and holds(nearest.text),
        answer.answered,
        answer.confidence,
    )


def report(outcomes: list[Outcome], before: dict[str, Outcome]) -> None:
    for half in ("fit", "final"):
        for kind in ("same", "cross"):
            chosen = [one for one in outcomes if (one.half, one.kind) == (half, kind)]
            if not chosen:
                continue
            right = [one.quote for one in chosen if one.shown]
            error = calibration_error([(one.confidence, one.quote) for one in chosen])
            print(
                f"{half:>6} {kind:>6} {len(chosen):5}  document first {share(chosen, 'document'):.3f}  "
                f"passage first {share(chosen, 'passage'):.3f}  quote holds {share(chosen, 'quote'):.3f}  "
                f"shown {share(chosen, 'shown'):.3f}  right of these {np.mean(right) if right else 0:.3f}  "
                f"ECE {error:.3f}"
            )
            pairs = [(one, before[one.question]) for one in chosen if one.question in before]
            for name in ("document", "passage", "quote") if pairs else ():
                now, then = (np.array([getattr(pair[n], name) for pair in pairs], float) for n in (0, 1))
                print(f"{'':>20}{name} {now.mean() - then.mean():+.3f}, p {p_value(now, then):.4f}")


def share(outcomes: list[Outcome], name: str) -> float:
    return float(np.mean([getattr(one, name) for one in outcomes]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--most", type=int, default=1000, help="questions of a half, in one language and across"
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--against", type=Path)
    args = parser.parse_args()
    before: dict[str, Outcome] = {}
    if args.against:
        rows = json.loads(args.against.read_text(encoding="utf-8"))
        before = {row["question"]: Outcome(**row) for row in rows}
    outcomes = list(ask_all(load_articles(), most=args.most))
    report(outcomes, before)
    if args.out:
        rows = [asdict(one) for one in outcomes]
        args.out.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
