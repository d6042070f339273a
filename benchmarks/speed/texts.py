"""Realistic multilingual passages and questions in any number, the same ones each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count, cycle, islice
from pathlib import Path

import pandas as pd
import regex

from qa.readers import document_from_text
from qa.splitter import split_document
from qa.types import Block, Document, Passage, Span
from training.dev import key_of

SEED = 20
_DIGIT = regex.compile(r"[0-9]")


def passages(data: Path, number: int, *, split: str | None = None) -> list[str]:
    """Return texts of one passage each from the rows of ``data/qa``, or those of one ``split``, in all its languages.

    When they are used up they come again with other figures and their sentences in another order.
    """
    pool: list[Passage] = []
    for path in sorted((data / "qa").glob("*.parquet")):
        frame = pd.read_parquet(path, columns=["passage", "split"])
        chosen = frame if split is None else frame[frame.split == split]
        for text in chosen.passage.dropna().unique():
            pool += split_document(document_from_text(text, source=path.stem))
    random.Random(SEED).shuffle(pool)
    rounds = (_varied(passage, round_) for round_ in count() for passage in pool)
    return list(islice(rounds, number))


def _varied(passage: Passage, round_: int) -> str:
    """Return the passage's text, from the second round on rotated by sentences and with other digits."""
    if not round_:
        return passage.text
    sentences = [span.shift(-passage.span.start).of(passage.text) for span in passage.sentences]
    turn = round_ % len(sentences)
    text = " ".join(sentences[turn:] + sentences[:turn])
    return _DIGIT.sub(lambda digit: str((int(digit[0]) + round_) % 10), text)


def questions(data: Path, number: int) -> list[tuple[str, str]]:
    """Return languages and questions, each language as often as any other."""
    by_lang: dict[str, Iterator[str]] = {}
    for path in sorted((data / "qa").glob("*.parquet")):
        if path.stem != "xling":
            asked = pd.read_parquet(path, columns=["question"]).question.dropna().drop_duplicates()
            by_lang[path.stem] = iter(asked.sample(frac=1, random_state=SEED))
    asked_in_turn = ((lang, next(by_lang[lang], None)) for lang in cycle(by_lang))
    return list(islice(((lang, text) for lang, text in asked_in_turn if text), number))


def as_documents(texts: list[str]) -> Iterator[Document]:
    """Yield each text as a document of one block, as ``qa eval`` does with a line of a corpus."""
    for number, text in enumerate(texts):
        key = key_of(f"{number} {text}")
        yield Document(key, f"{number:06}", "", text, (Block(Span(0, len(text))),), key)


def write_files(texts: list[str], folder: Path, *, per_file: int) -> None:
    """Write the texts as Markdown files, a thousand a folder, with a heading above each text."""
    for number, start in enumerate(range(0, len(texts), per_file)):
        path = folder / f"{number // 1000:03}" / f"{number:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        sections = (f"## {start + at}\n\n{text}\n" for at, text in enumerate(texts[start : start + per_file]))
        path.write_text("\n".join((f"# Document {number}\n", *sections)), encoding="utf-8")
