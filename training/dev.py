"""Development sets as documents and questions: one half to fit on, one that nothing is fitted on."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from qa.readers import document_from_text
from qa.types import Block, Document, Span

Half = Literal["fit", "final"]
WRITTEN = Path(__file__).with_name("questions.jsonl")
ASKED = Path(__file__).with_name("asked.jsonl")
ARTICLES = Path(__file__).with_name("articles")


@dataclass(frozen=True, slots=True)
class SourcedQuestion:
    """A question that any of ``answers`` in any of ``sources`` answers."""

    text: str
    answers: tuple[str, ...]
    sources: frozenset[str]
    kind: str
    half: Half


@dataclass(frozen=True, slots=True)
class DevQuestion:
    """A question with its passage's key and the answer's text; ``half`` goes by passage.

    ``extracted`` tells whether the answer stands in the passage: some are written freely or left empty, and no quote
    can be told right or wrong by them.
    """

    text: str
    lang: str
    passage: str
    passage_lang: str
    answer: str
    half: Half
    extracted: bool = True

    def sourced(self) -> SourcedQuestion:
        """Return the question as asked of a collection whose sources are passage keys."""
        kind = kind_of(self.lang, self.passage_lang)
        return SourcedQuestion(self.text, (self.answer,), frozenset([self.passage]), kind, self.half)


@dataclass(frozen=True, slots=True)
class DevSet:
    """Passages by key and the questions about them."""

    passages: dict[str, str]
    langs: dict[str, str]
    questions: list[DevQuestion]


def key_of(passage: str) -> str:
    return hashlib.sha256(passage.encode()).hexdigest()[:16]


def kind_of(asked: str, told: str) -> str:
    """Return whether a question is asked in the ``same`` language as it is answered in, in whatever script, or not."""
    one, other = (lang.replace("_", "-").partition("-")[0] for lang in (asked, told))
    return "same" if one == other else "cross"


def half_of(key: str) -> Half:
    return "fit" if int(key[:8], 16) % 2 == 0 else "final"


def load_dev(
    data: Path, *, split: str = "dev", langs: frozenset[str] | None = None, most: int | None = None
) -> DevSet:
    """Read the ``split`` rows of ``qa/``; at most ``most`` questions a language, the same ones each time."""
    passages: dict[str, str] = {}
    languages: dict[str, str] = {}
    questions: list[DevQuestion] = []
    for path in sorted((data / "qa").glob("*.parquet")):
        if langs is not None and path.stem not in langs:
            continue
        frame = pd.read_parquet(path)
        frame = frame[frame.split == split].dropna(subset=["question", "passage", "answer"])
        if most is not None and len(frame) > most:
            frame = frame.sample(n=most, random_state=0)
        for row in frame.itertuples():
            key = key_of(row.passage)
            asked = getattr(row, "q_lang", path.stem)
            told = getattr(row, "p_lang", path.stem)
            passages[key] = row.passage
            languages[key] = told
            extracted = bool(bare(row.answer)) and bare(row.answer) in bare(row.passage)
            questions.append(DevQuestion(row.question, asked, key, told, row.answer, half_of(key), extracted))
    return DevSet(passages, languages, questions)


@dataclass(frozen=True, slots=True)
class WrittenQuestion:
    """A question that was written about a sentence of ``source`` (``ntrex-128``, ``tico-19``): ``sentence`` is the key
    of its English text, by which ``half`` goes."""

    text: str
    lang: str
    source: str
    sentence: str

    @property
    def half(self) -> Half:
        return half_of(self.sentence)


def load_written() -> list[WrittenQuestion]:
    """Read the questions in many languages that this project wrote about sentences that exist in many languages."""
    rows = WRITTEN.read_text(encoding="utf-8").splitlines()
    return [WrittenQuestion(**json.loads(row)) for row in rows]


def load_asked(data: Path, *, split: str = "dev") -> DevSet:
    """Read the questions in many languages that this project wrote about passages of ``qa/``, those of one ``split``:
    the answer is what stands at a place of the passage."""
    rows = [json.loads(row) for row in ASKED.read_text(encoding="utf-8").splitlines()]
    wanted = {row["passage"] for row in rows}
    passages: dict[str, str] = {}
    languages: dict[str, str] = {}
    for path in sorted((data / "qa").glob("*.parquet")):
        frame = pd.read_parquet(path, columns=["passage", "split"]).dropna()
        for text in frame[frame.split == split].passage.unique():
            if (key := key_of(text)) in wanted and path.stem != "xling":
                passages[key], languages[key] = text, path.stem
    questions = [
        DevQuestion(
            row["text"],
            row["lang"],
            key,
            languages[key],
            Span(row["start"], row["end"]).of(passages[key]),
            half_of(key),
        )
        for row in rows
        if (key := row["passage"]) in passages
    ]
    return DevSet(passages, languages, questions)


@dataclass(frozen=True, slots=True)
class Article:
    """An article that this project wrote, with questions in many languages and the words that answer each, as they
    stand in the text."""

    title: str
    lang: str
    text: str
    questions: tuple[AskedOfArticle, ...]

    @property
    def key(self) -> str:
        return key_of(self.title)

    @property
    def half(self) -> Half:
        return half_of(self.key)

    def document(self) -> Document:
        return document_from_text(self.text, source=self.key, title=self.title)

    def sourced(self) -> list[SourcedQuestion]:
        """Return the questions as asked of a collection whose sources are keys."""
        sources = frozenset([self.key])
        return [
            SourcedQuestion(each.text, each.answers, sources, self.kind_of(each), self.half)
            for each in self.questions
        ]

    def kind_of(self, question: AskedOfArticle) -> str:
        return kind_of(question.lang, self.lang)


@dataclass(frozen=True, slots=True)
class AskedOfArticle:
    """A question in one language, and the words of an article that answer it, each where they stand."""

    text: str
    lang: str
    answers: tuple[str, ...]


def load_articles(half: Half | None = None) -> list[Article]:
    """Read the articles that this project wrote, those of one half or all."""
    rows = [
        json.loads(row)
        for path in sorted(ARTICLES.glob("*.jsonl"))
        for row in path.read_text(encoding="utf-8").splitlines()
    ]
    articles = [
        Article(
            row["title"],
            row["lang"],
            row["text"],
            tuple(
                AskedOfArticle(each["text"], each["lang"], tuple(each["answers"]))
                for each in row["questions"]
            ),
        )
        for row in rows
    ]
    return [article for article in articles if half in (None, article.half)]


def load_sample_questions(corpus: Path) -> list[SourcedQuestion]:
    """Read ``corpus/questions.jsonl``; the half goes by the question's text."""
    rows = map(json.loads, (corpus / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        SourcedQuestion(
            text=row["question"],
            answers=tuple(row["answers"]),
            sources=frozenset(row.get("sources") or [row.get("source", "")]),
            kind=row["kind"],
            half=half_of(key_of(row["question"])),
        )
        for row in rows
    ]


def bare(text: str) -> str:
    """Return a text without white space, in one case: how answers are looked for."""
    return "".join(text.split()).casefold()


def load_ntrex(data: Path) -> dict[str, dict[str, str]]:
    """Return NTREX sentences by English sentence, by language: ``[lang][english] -> text``."""
    return load_translations(data, "ntrex-128")


def load_translations(data: Path, source: str) -> dict[str, dict[str, str]]:
    """Return a source's sentences by English sentence, by language: ``[lang][english] -> text``."""
    table: dict[str, dict[str, str]] = {}
    for path in sorted((data / "parallel").glob("*.parquet")):
        frame = pd.read_parquet(path, filters=[("source", "==", source)])
        if len(frame):
            table[path.stem] = dict(zip(frame.en, frame.text, strict=True))
    return table


def join_sentences(
    sentences: Sequence[str], texts: Mapping[str, str], *, size: int = 4
) -> Iterator[tuple[str, dict[str, Span]]]:
    """Yield passages of ``size`` sentences in a language's ``texts``, and where in it each stands, by its key."""
    for start in range(0, len(sentences), size):
        block = sentences[start : start + size]
        spans: dict[str, Span] = {}
        at = 0
        for sentence in block:
            spans[key_of(sentence)] = Span(at, at + len(texts[sentence]))
            at += len(texts[sentence]) + 1
        yield " ".join(texts[sentence] for sentence in block), spans


def cut_run(text: str, rng: random.Random, *, length: int, spaced: bool) -> str:
    """Return ``length`` words in a row of a text, or characters where no spaces part the words."""
    units = text.split() if spaced else list(text)
    length = min(len(units), length)
    start = rng.randint(0, len(units) - length)
    return (" " if spaced else "").join(units[start : start + length])


def as_document(key: str, text: str) -> Document:
    """Return a passage as a document of one paragraph, whose source is its key."""
    return Document(key, key, "", text, (Block(Span(0, len(text.rstrip()) or 1)),), key)
