"""Collections of texts and what is asked of them, cut from the data: the same ones for every model."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from training.data import HELD_OUT, names_held_out
from training.dev import DevSet, Half, cut_run, half_of, key_of

Translations = dict[str, dict[str, str]]
"""Sentences by language and English sentence."""

SPAN_LANGS = ("en", "zh", "de", "es", "ar", "hi", "vi", "ru", "ja", "ko")
PASSAGE_SENTENCES = 4
SPAN_WORDS = {"ko": 6}
SPAN_CHARACTERS = {"ja": 18, "zh": 18}
"""How much of a sentence is asked: in characters where no spaces part the words, else words, ``OTHER_WORDS``."""
OTHER_WORDS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the number of the one text that is right, under the name of the row where it counts."""

    text: str
    right: int
    row: str
    half: Half | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    texts: list[str]
    asked: list[Asked]


def with_english(table: Translations) -> Translations:
    """Return a table in which English is a language as any other, with every sentence that another has."""
    english = sorted({sentence for sentences in table.values() for sentence in sentences})
    return {**table, "en": {sentence: sentence for sentence in english}}


def translated(table: Translations, asked: str, told: str, *, row: str) -> Collection:
    """Ask for each sentence's translation among all sentences of a language.

    The questions come in the order of their English sentences, in both directions the same.
    """
    numbers = numbered(table[told][english] for english in sorted(table[told]))
    shared = sorted(table[asked].keys() & table[told].keys())
    return Collection(
        list(numbers),
        [
            Asked(table[asked][english], numbers[table[told][english]], row, half_of(key_of(english)))
            for english in shared
        ],
    )


def numbered(texts: Iterable[str]) -> dict[str, int]:
    """Return distinct texts with their numbers in the order in which they come."""
    return {text: number for number, text in enumerate(dict.fromkeys(texts))}


def names(
    data: Path, script: str, *, into_english: bool, count: int = 1000, among: int = 10_000
) -> Collection:
    """Ask for held-out names in the other script, among others that are no second spelling of those asked for."""
    frame = pd.read_parquet(data / "names" / f"{script}.parquet")
    frame = frame.dropna(subset=["en", "text"]).reset_index(drop=True)  # the rows as training counts them
    pairs = names_held_out(frame).drop_duplicates("en").drop_duplicates("text")[:count]
    others = frame[~frame.en.isin(pairs.en) & ~frame.text.isin(pairs.text)].sample(frac=1, random_state=0)
    asked, told = ("text", "en") if into_english else ("en", "text")
    texts = list(numbered([*pairs[told], *others[told]]))[:among]
    return Collection(texts, [Asked(text, number, script) for number, text in enumerate(pairs[asked])])


def span_blocks(table: Translations) -> list[tuple[str, ...]]:
    """Return the English sentences that all of ``SPAN_LANGS`` have as passages, each within one half."""
    shared = set.intersection(*(set(table[lang]) for lang in SPAN_LANGS))
    blocks: list[tuple[str, ...]] = []
    for half in ("fit", "final"):
        english = sorted((sentence for sentence in shared if half_of(key_of(sentence)) == half), key=key_of)
        whole = len(english) - len(english) % PASSAGE_SENTENCES
        blocks += [
            tuple(english[start : start + PASSAGE_SENTENCES]) for start in range(0, whole, PASSAGE_SENTENCES)
        ]
    return blocks


def spans(table: Translations, told: str, *, count: int, distractors: list[str]) -> Collection:
    """Ask in each other language for the passage of ``told`` that holds a run of words: ``count`` times a pair."""
    blocks = span_blocks(table)
    texts = [" ".join(table[told][english] for english in block) for block in blocks]
    asked: list[Asked] = []
    for lang in SPAN_LANGS:
        if lang == told:
            continue
        rng = random.Random(f"{lang}>{told}")
        for half in ("fit", "final"):
            numbers = [number for number, block in enumerate(blocks) if half_of(key_of(block[0])) == half]
            for number in rng.sample(numbers, min(count // 2, len(numbers))):
                text = table[lang][rng.choice(blocks[number])]
                asked.append(Asked(run_of(text, lang, rng), number, f"{lang}>{told}", half))
    return Collection(texts + distractors, asked)


def run_of(text: str, lang: str, rng: random.Random) -> str:
    """Return a run of a sentence's words, or of its characters."""
    length = SPAN_CHARACTERS.get(lang) or SPAN_WORDS.get(lang, OTHER_WORDS)
    return cut_run(text, rng, length=length, spaced=lang not in SPAN_CHARACTERS)


def distractors(data: Path, lang: str, *, count: int) -> list[str]:
    """Return passages of a language that answer none of the spans: of ``qa``, and where these are few, sentences."""
    texts: list[str] = []
    path = data / "qa" / f"{lang}.parquet"
    if path.exists():
        passages = pd.read_parquet(path, columns=["passage"]).passage.dropna().drop_duplicates()
        texts += passages.sample(min(count, len(passages)), random_state=0).tolist()
    if len(texts) < count:
        frame = pd.read_parquet(data / "parallel" / f"{lang}.parquet", columns=["text", "source"])
        sentences = frame[~frame.source.isin(HELD_OUT)].text.dropna().drop_duplicates()
        few = sentences.sample(PASSAGE_SENTENCES * (count - len(texts)), random_state=0).tolist()
        texts += [
            " ".join(few[start : start + PASSAGE_SENTENCES])
            for start in range(0, len(few), PASSAGE_SENTENCES)
        ]
    return texts


def dev_collections(dev: DevSet, *, most: int | None = None) -> Iterator[Collection]:
    """Yield all passages of a language with the questions about them, at most ``most``, the same ones each time."""
    questions = dev.questions
    if most is not None and len(questions) > most:
        questions = random.Random(0).sample(questions, most)
    for lang in sorted(set(dev.langs.values())):
        numbers = {key: number for number, key in enumerate(k for k in dev.passages if dev.langs[k] == lang)}
        asked = [
            Asked(
                question.text,
                numbers[question.passage],
                lang if question.lang == lang else f"{question.lang}>{lang}",
                question.half,
            )
            for question in questions
            if question.passage_lang == lang
        ]
        yield Collection([dev.passages[key] for key in numbers], asked)
