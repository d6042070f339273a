"""What is asked of the ranking beside the dev questions: passages of other languages, with and without a crowd."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from benchmarks.retrieval.tasks import (
    PASSAGE_SENTENCES,
    SPAN_LANGS,
    Asked,
    Collection,
    Translations,
    dev_collections,
    distractors,
    run_of,
    span_blocks,
)
from training.dev import Half, half_of, key_of, load_dev

CROWD = 10
"""Texts in the question's language for each passage that is right for some question."""

BLOCKS = 125
"""Passages of news in a half of a crowded collection: more would leave too few texts of Vietnamese to crowd them."""

SPANS = 2
"""Spans asked of each of them."""

FEWEST = 20
"""Dev questions in a language of which fewer say nothing."""


def split_by_language(data: Path) -> Iterator[tuple[str, Collection]]:
    """Yield the dev questions across languages by the language they are asked in, and the passages that answer them."""
    dev = load_dev(data, langs=frozenset(["xling"]))
    for lang in sorted({question.lang for question in dev.questions}):
        questions = [question for question in dev.questions if question.lang == lang]
        if len(questions) < FEWEST:
            continue
        numbers = {
            key: number
            for number, key in enumerate(dict.fromkeys(question.passage for question in questions))
        }
        asked = [Asked(q.text, numbers[q.passage], f"{lang}>{q.passage_lang}", q.half) for q in questions]
        yield lang, Collection([dev.passages[key] for key in numbers], asked)


def across_dev(data: Path) -> Iterator[Collection]:
    """Yield the dev questions across languages, asked among all dev passages of the language that answers."""
    yield from dev_collections(load_dev(data, langs=frozenset(["xling"])))


def mixed_spans(table: Translations, lang: str) -> Collection:
    """Ask runs of words in ``lang`` of passages of news each of which is in one of the other languages."""
    rng = random.Random(lang)
    others = [other for other in SPAN_LANGS if other != lang]
    halves: dict[Half, list[tuple[str, ...]]] = {"fit": [], "final": []}
    for block in span_blocks(table):
        halves[half_of(key_of(block[0]))].append(block)
    texts: list[str] = []
    asked: list[Asked] = []
    for half, blocks in halves.items():
        for block in blocks[:BLOCKS]:
            told = others[len(texts) % len(others)]
            for english in rng.sample(block, SPANS):
                span = run_of(table[lang][english], lang, rng)
                asked.append(Asked(span, len(texts), f"{lang}>{told}", half))
            texts.append(" ".join(table[told][english] for english in block))
    return Collection(texts, asked)


def joined_questions(data: Path, lang: str, *, count: int) -> list[str]:
    """Return texts of four training questions each, for languages of which the data have nothing else to read."""
    frame = pd.read_parquet(data / "qa" / "xling.parquet")
    dev = set(frame[frame.split == "dev"].question)
    train = frame[(frame.split == "train") & (frame.q_lang == lang)].question.dropna()
    questions = sorted(set(train) - dev)
    rng = random.Random(lang)
    return [" ".join(rng.sample(questions, PASSAGE_SENTENCES)) for _ in range(count)]


def crowded(collection: Collection, crowd: list[str]) -> Collection:
    return shuffled(Collection(collection.texts + crowd, collection.asked))


def shuffled(collection: Collection) -> Collection:
    """Return a collection in another order: of equal scores the first wins, and the right ones would all be first."""
    order = list(range(len(collection.texts)))
    random.Random(0).shuffle(order)
    place = {number: new for new, number in enumerate(order)}
    asked = [replace(one, right=place[one.right]) for one in collection.asked]
    return Collection([collection.texts[number] for number in order], asked)


@dataclass(frozen=True, slots=True)
class Crowds:
    """Questions in a language, of passages in others: among these alone, in a crowd of texts in the question's own
    language, and in one of as many texts in the passages' languages."""

    lang: str
    alone: Collection
    own: Collection
    other: Collection


def crowds(data: Path, table: Translations) -> Iterator[Crowds]:
    """Yield spans of news, then dev questions, by the language they are asked in."""
    for lang in SPAN_LANGS:
        news = mixed_spans(table, lang)
        yield Crowds(
            lang,
            news,
            crowded(news, distractors(data, lang, count=CROWD * len(news.texts))),
            crowded(news, strangers(data, news)),
        )
    for lang, dev in split_by_language(data):
        own = joined_questions(data, lang, count=CROWD * len(dev.texts))
        yield Crowds(lang, dev, crowded(dev, own), crowded(dev, strangers(data, dev)))


def strangers(data: Path, collection: Collection) -> list[str]:
    """Return ``CROWD`` times as many texts as there are, in the same languages in equal parts."""
    langs = sorted({asked.row.split(">")[1] for asked in collection.asked})
    count = -(-CROWD * len(collection.texts) // len(langs))
    return [text for lang in langs for text in distractors(data, lang, count=count)]
