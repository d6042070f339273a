"""Measures retrieval across languages by questions that this project wrote in many.

News: the collection is all sentences of NTREX-128 and TICO-19 in one language, four in a passage; the questions
(``training/questions.jsonl``) are in some twenty languages. Dev: the collection is all dev passages in one language,
with the questions in some thirty that were written about some of them (``training/asked.jsonl``). Each has one passage
that answers it. The questions about half of the sentences or passages are open to fitting, the others final.

    python -m benchmarks.retrieval.across [--of news dev] [--told zh en ...] [--out FILE] [--before FILE]

``--out`` keeps the figure of each question, ``--before`` compares with such a file of an earlier run.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.paired import interval, p_value
from benchmarks.retrieval.run import Outcome, ndcg, run
from training.dev import (
    DevQuestion,
    DevSet,
    join_sentences,
    key_of,
    kind_of,
    load_asked,
    load_dev,
    load_translations,
    load_written,
)

TOLD = {
    "news": ("zh", "en", "es", "de", "ru", "ar", "hi", "vi", "ja"),
    "dev": ("zh", "en", "ar", "fr", "hi", "ja", "ko", "ru", "tr", "vi"),
}
"""Languages of passages."""
WAYS = ("lexical", "dense", "dense+late", "found", "all")
Figures = dict[str, dict[str, float]]
"""nDCG@10 by way of scoring, by question: ``of|told|half|language|text``."""


def of_dev(data: Path, told: str) -> DevSet:
    """Return the dev passages in one language and the questions that were written about them."""
    dev, asked = load_dev(data, langs=frozenset([told])), load_asked(data)
    questions = [question for question in asked.questions if question.passage_lang == told]
    return DevSet(dev.passages, dev.langs, questions)


def of_news(data: Path, told: str) -> DevSet:
    """Return news in one language and the questions about them."""
    rng = random.Random(0)
    passages: dict[str, str] = {}
    place: dict[str, str] = {}
    for source in ("ntrex-128", "tico-19"):
        table = load_translations(data, source)
        english = sorted({sentence for texts in table.values() for sentence in texts})
        texts = {sentence: sentence for sentence in english} if told == "en" else table.get(told, {})
        there = [sentence for sentence in english if sentence in texts]
        rng.shuffle(there)
        for passage, spans in join_sentences(there, texts):
            passages[key_of(passage)] = passage
            place |= dict.fromkeys(spans, key_of(passage))
    questions = [
        DevQuestion(each.text, each.lang, place[each.sentence], told, "", each.half, extracted=False)
        for each in load_written()
        if each.sentence in place
    ]
    return DevSet(passages, dict.fromkeys(passages, told), questions)


def figures(of: str, outcomes: list[Outcome]) -> Iterator[tuple[str, dict[str, float]]]:
    for outcome in outcomes:
        asked = outcome.question
        name = f"{of}|{asked.passage_lang}|{asked.half}|{asked.lang}|{asked.text}"
        yield name, {way: ndcg(outcome.ranks[way]) for way in WAYS}


def show(found: Figures, before: Figures) -> None:
    """Print means by half, for questions in the passages' language, across, and across by either language."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name in found:
        of, told, half, lang, _ = name.split("|", 4)
        if kind_of(lang, told) == "same":
            groups[of, half, "same language"].append(name)
        else:
            for group in ("across", f"of passages in {told}", f"asked in {lang}"):
                groups[of, half, group].append(name)
    for (of, half, group), names in sorted(groups.items()):
        means = "  ".join(f"{way} {np.mean([found[name][way] for name in names]):.3f}" for way in WAYS)
        print(f"{of:>5} {half:>6} {group:<18}{len(names):6}  {means}")
        common = [name for name in names if name in before]
        if common:
            old, new = (np.array([each[name]["all"] for name in common]) for each in (before, found))
            low, high = interval(new - old)
            print(
                f"       before {old.mean():.3f}, difference {(new - old).mean():+.3f} ({low:+.3f} to {high:+.3f}), "
                f"p {p_value(new, old):.3f}"
            )


COLLECTIONS = {"news": of_news, "dev": of_dev}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--of", nargs="*", choices=COLLECTIONS, default=COLLECTIONS)
    parser.add_argument("--told", nargs="*", help="languages of passages")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--before", type=Path)
    args = parser.parse_args()
    found: Figures = {}
    for of in args.of:
        for told in args.told or TOLD[of]:
            found |= figures(of, run(COLLECTIONS[of](args.data, told)))
    show(found, json.loads(args.before.read_text(encoding="utf-8")) if args.before else {})
    if args.out:
        args.out.write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
