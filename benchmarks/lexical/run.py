"""Measures the lexical side alone by language, beside bm25s with its own tokenizer and with Snowball stemmers.

All dev passages of a language are the collection, as ``qa`` splits them; a passage of the data is as good as its best
part. Half of the questions (by passage) are open to fitting, the other half is final: nothing is ever fitted on it.

    python -m pip install -e ".[benchmarks,training]"
    python -m benchmarks.lexical.run --data ../shared/data [--langs zh en ...] [--out FILE] [--before FILE]

``--out`` keeps each question's nDCG@10, ``--before`` tests against those of an earlier run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import Stemmer

from benchmarks.paired import Values, p_value
from benchmarks.retrieval.run import ndcg
from qa.lexical import LexicalIndex
from qa.splitter import search_text, split_document
from qa.text import words
from training.dev import DevSet, as_document, load_dev

DEPTH = 100
"""Parts looked at: enough for ten passages of the data."""

STEMMERS = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "et": "estonian",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "id": "indonesian",
    "it": "italian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
"""Snowball's stemmer of a language, where it has one."""

Search = Callable[[str], list[int]]
"""A question to the numbers of parts, best first."""


def ours(parts: Sequence[str], lang: str) -> Search:
    index = LexicalIndex.in_memory()
    index.add(range(1, len(parts) + 1), [words(part) for part in parts])
    index.commit(1)
    return lambda question: [int(number) - 1 for number in index.search(words(question), DEPTH)[0]]


def default(parts: Sequence[str], lang: str) -> Search:
    return _bm25s(parts, None)


def stemmed(parts: Sequence[str], lang: str) -> Search | None:
    return _bm25s(parts, Stemmer.Stemmer(STEMMERS[lang])) if lang in STEMMERS else None


def _bm25s(parts: Sequence[str], stemmer: Stemmer.Stemmer | None) -> Search:
    def cut(texts: Sequence[str]) -> list[list[str]]:
        return bm25s.tokenize(texts, stemmer=stemmer, return_ids=False, show_progress=False)

    index = bm25s.BM25()
    index.index(cut(parts), show_progress=False)
    most = min(DEPTH, len(parts))

    def search(question: str) -> list[int]:
        asked = cut([question])
        if not asked[0]:
            return []
        found, scores = index.retrieve(asked, k=most, show_progress=False)
        return [int(number) for number, score in zip(found[0], scores[0], strict=True) if score > 0]

    return search


WAYS: dict[str, Callable[[Sequence[str], str], Search | None]] = {
    "ours": ours,
    "bm25s": default,
    "bm25s, stemmed": stemmed,
}


def measure(dev: DevSet, lang: str) -> dict[str, Values]:
    """Return nDCG@10 (n,) of all questions by way of searching."""
    owners: list[str] = []
    parts: list[str] = []
    for key, text in dev.passages.items():
        for part in split_document(as_document(key, text)):
            owners.append(key)
            parts.append(search_text(part))
    values: dict[str, Values] = {}
    for name, way in WAYS.items():
        search = way(parts, lang)
        if search is None:
            continue
        ranks = []
        for question in dev.questions:
            ranked = list(dict.fromkeys(owners[number] for number in search(question.text)))
            ranks.append(ranked.index(question.passage) if question.passage in ranked else None)
        values[name] = np.array([ndcg(rank) for rank in ranks])
    return values


def mean_of_means(kept: dict[str, dict[str, Any]], langs: Sequence[str], half: str, name: str) -> float:
    """Return 100 times the mean over languages of a half's mean."""
    return 100 * float(np.mean([np.array(kept[lang][name])[kept[lang][half]].mean() for lang in langs]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--langs", nargs="*", help="all that have dev questions, if not given")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--before", type=Path, help="what an earlier run wrote with --out")
    args = parser.parse_args()

    before: dict[str, dict[str, Any]] = json.loads(args.before.read_text()) if args.before else {}
    kept: dict[str, dict[str, Any]] = {}
    langs = args.langs or [path.stem for path in sorted((args.data / "qa").glob("*.parquet"))]
    for lang in langs:
        dev = load_dev(args.data, langs=frozenset([lang]))
        if not dev.questions or any(question.lang != question.passage_lang for question in dev.questions):
            continue
        values = measure(dev, lang)
        if lang in before:
            values["before"] = np.array(before[lang]["ours"])
        kept[lang] = {name: column.tolist() for name, column in values.items()}
        fit = np.array([question.half == "fit" for question in dev.questions])
        for half, chosen in (("fit", fit), ("final", ~fit)):
            shown = [f"{lang:>8} {half:>5} {chosen.sum():>5}"]
            for name, column in values.items():
                shown.append(f"{name} {100 * column[chosen].mean():.1f}")
                if name != "ours":
                    shown[-1] += f" (p {p_value(values['ours'][chosen], column[chosen]):.3f})"
            print("  ".join(shown), flush=True)
            kept[lang][half] = chosen.tolist()
    for half in ("fit", "final"):
        for name in (*WAYS, "before"):
            langs = [lang for lang in kept if name in kept[lang]]
            if langs and name != "ours":
                there, here = mean_of_means(kept, langs, half, name), mean_of_means(kept, langs, half, "ours")
                print(
                    f"    mean {half:>5}  {name} {there:.1f}, ours {here:.1f} in the same {len(langs)} languages"
                )
    if args.out:
        args.out.write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main()
