"""Any number of passages of realistic length in five scripts, and documents of ten of them, the same ones each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import regex

from qa.types import Block, Document, Span
from training.dev import key_of

SCRIPTS = {"en": "Latin", "zh": "Han", "ru": "Cyrillic", "ar": "Arabic", "hi": "Devanagari"}
LENGTHS = {"zh": 150}
LENGTH = 400  # characters, at least
PER_DOCUMENT = 10
_DIGIT = regex.compile(r"[0-9]")


def documents(data: Path, first: int, last: int) -> Iterator[Document]:
    """Yield documents ``first`` to ``last`` of ten passages each, made of sentences of ``data/parallel``."""
    pools = {lang: _sentences(data, lang) for lang in SCRIPTS}
    for number in range(first, last):
        lang = list(SCRIPTS)[number % len(SCRIPTS)]
        chance = random.Random(number)
        texts = [_passage(pools[lang], LENGTHS.get(lang, LENGTH), chance) for _ in range(PER_DOCUMENT)]
        yield _document(f"{number:07}", texts)


def questions(data: Path, number: int) -> list[tuple[str, str]]:
    """Return languages and questions of the same data, each language as often as any other."""
    asked = [
        pd.read_parquet(data / "qa" / f"{lang}.parquet", columns=["question"])
        .question.dropna()
        .drop_duplicates()
        .sample(number // len(SCRIPTS), random_state=7)
        for lang in SCRIPTS
    ]
    return [(lang, text) for row in zip(*asked, strict=True) for lang, text in zip(SCRIPTS, row, strict=True)]


def _sentences(data: Path, lang: str) -> list[str]:
    """Return the sentences of one language: the English ones are the other side of the French."""
    path, column = (
        (data / "parallel" / "fr.parquet", "en")
        if lang == "en"
        else (data / "parallel" / f"{lang}.parquet", "text")
    )
    texts = pd.read_parquet(path, columns=[column])[column].dropna().drop_duplicates()
    return [str(text) for text in texts[texts.str.len().between(8, 300)]]


def _passage(pool: list[str], length: int, chance: random.Random) -> str:
    """Return sentences drawn by chance, with other figures: no two passages are alike."""
    drawn: list[str] = []
    while sum(map(len, drawn)) < length:
        drawn.append(pool[chance.randrange(len(pool))])
    turn = chance.randrange(10)
    return _DIGIT.sub(lambda digit: str((int(digit[0]) + turn) % 10), " ".join(drawn))


def _document(name: str, texts: list[str]) -> Document:
    """Return a document of a record for each text: the splitter makes a passage of each."""
    blocks, start = [], 0
    for text in texts:
        blocks.append(Block(Span(start, start + len(text)), "record"))
        start += len(text) + 1
    text = "\n".join(texts)
    key = key_of(f"{name} {text}")
    return Document(key, name, "", text, tuple(blocks), key)
