"""Asks for passages by nothing but a name that stands in them in other letters.

pinyin      "Who or what is Tangyin?" of Chinese dev passages that begin with a name, romanised by pypinyin
characters  汤阴在哪里？ of English passages with a name that a gloss of CC-CEDICT has and one passage alone holds
scripts     "Who or what is Rochester?" of passages in other scripts with a name of ``names/`` that one alone holds.
            Most of these names were trained on: how they do in a passage is new, the pairs are not.

    python -m pip install -e ".[benchmarks,training]"
    python -m benchmarks.names.run --data ../shared/data [--most 100]

Figures are nDCG@10 and Success@1, with names in other letters met and without; halves go by passage.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import regex
from pypinyin import lazy_pinyin

from benchmarks.ranking.run import gains
from benchmarks.ranking.seen import ask, shipped
from benchmarks.retrieval.tasks import Asked, Collection
from training.dev import half_of, key_of

WHO = (
    "Who or what is {}?",
    "¿Qué se dice de {}?",
    "Was weiß man über {}?",
    "Que dit-on de {} ?",
    "{} là gì?",
)
WHO_ZH = ("{}在哪里？", "{}是谁，或者是什么？", "关于{}说了什么？")
SCRIPTS = ("ru", "ar", "he", "ko", "ja", "zh")

_BEGINS = regex.compile(r"(\p{Han}{2,3})[县市区镇村寺山河湖江]?[（，是(]")
_LATIN = regex.compile(r"\b[A-Z][a-z]{3,}\b")


def passages(data: Path, lang: str, *, split: str = "dev", most: int = 10**9) -> list[str]:
    frame = pd.read_parquet(data / "qa" / f"{lang}.parquet")
    return list(dict.fromkeys(frame[frame.split == split].passage.dropna()))[:most]


def about(name: str, place: int, texts: list[str], forms: tuple[str, ...], row: str) -> Asked:
    text = forms[place % len(forms)].format(name)
    return Asked(text, place, row, half_of(key_of(texts[place])))


def pinyin(data: Path) -> Collection:
    """Ask for Chinese passages by the name that they begin with, written as one word or, every third, as a person's."""
    texts = passages(data, "zh")
    asked: list[Asked] = []
    for place, text in enumerate(texts):
        found = _BEGINS.match(text)
        if not found or sum(other.startswith(found[1]) for other in texts) > 1:
            continue
        first, *rest = lazy_pinyin(found[1])
        person = len(rest) > 1 and place % 3 == 0
        name = (
            f"{first.capitalize()} {''.join(rest).capitalize()}"
            if person
            else (first + "".join(rest)).capitalize()
        )
        asked.append(about(name, place, texts, WHO, "pinyin"))
    return Collection(texts, asked)


def characters(data: Path, *, pool: int = 1500) -> Collection:
    """Ask in Chinese for English passages by a name in them."""
    frame = pd.read_parquet(data / "dictionary" / "zh.parquet")
    han: dict[str, str] = {}
    for gloss, word in frame[frame.source == "cc-cedict"][["en", "text"]].dropna().itertuples(index=False):
        names = set(_LATIN.findall(gloss))
        for count in (2, 3):
            latin = "".join(lazy_pinyin(word[:count])).capitalize()
            if len(word) >= count and latin in names:
                han.setdefault(latin, word[:count])
    texts = passages(data, "en", most=pool)
    places = {text: place for place, text in enumerate(texts)}
    for text in passages(data, "en", split="train"):
        if any(name in han for name in _LATIN.findall(text)):
            places.setdefault(text, len(places))
    texts = list(places)
    holding: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        for name in han.keys() & set(_LATIN.findall(text)):
            holding.setdefault(name, []).append(place)
    return Collection(
        texts,
        [
            about(han[name], held[0], texts, WHO_ZH, "characters")
            for name, held in sorted(holding.items())
            if len(held) == 1
        ],
    )


def script(data: Path, lang: str, *, most: int) -> Collection:
    """Ask for passages of a language by names in them, in Latin letters."""
    spaced = lang in ("ru", "ar", "he")
    frame = pd.read_parquet(data / "names" / f"{lang}.parquet").dropna()
    frame = frame[frame.text.str.len() >= (5 if spaced else 3)]
    latin = dict(zip(frame.text, frame.en, strict=True))
    texts = passages(data, lang, most=1200) + passages(data, lang, split="train", most=600)
    holding: dict[str, set[int]] = {}
    for place, text in enumerate(texts):
        for name in latin.keys() & set(_stretches(text.lower(), spaced=spaced)):
            holding.setdefault(name, set()).add(place)
    alone = [(name, min(held)) for name, held in sorted(holding.items()) if len(held) == 1]
    chosen = random.Random(0).sample(alone, min(most, len(alone)))
    return Collection(
        texts, [about(latin[name].capitalize(), place, texts, WHO[:1], lang) for name, place in chosen]
    )


def _stretches(text: str, *, spaced: bool) -> Iterator[str]:
    """Yield words, or where none are told apart all stretches of three to five letters."""
    for word in regex.findall(r"\w+", text):
        if spaced:
            yield word
        else:
            yield from (word[at : at + size] for size in (3, 4, 5) for at in range(len(word) - size + 1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--most", type=int, default=100, help="names a script")
    args = parser.parse_args()
    collections = {"pinyin": pinyin(args.data), "characters": characters(args.data)}
    collections |= {lang: script(args.data, lang, most=args.most) for lang in SCRIPTS}
    print("set, half: questions, nDCG@10 without and with, Success@1 without and with")
    for name, collection in collections.items():
        answered = [ask(collection, names=met) for met in (False, True)]
        found = [gains([one.fused for one in each], shipped()) for each in answered]
        halves = np.array([asked.half for asked in collection.asked])
        for half in ("fit", "final"):
            own = [values[halves == half] for values in found]
            means = ", ".join(f"{values.mean():.3f}" for values in own)
            first = ", ".join(f"{(values > 0.999).mean():.3f}" for values in own)
            print(f"{name}, {half}: {len(own[0])}; {means}; {first}", flush=True)


if __name__ == "__main__":
    main()
