"""Dialogues over the sample corpus: what is asked in turn, and how each question reads when written out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qa.evaluation.questions import holds_answer
from qa.types import Answer

FIRST, FOLLOW_UP, TOPIC = "first", "follow-up", "topic"


@dataclass(frozen=True, slots=True)
class Asked:
    """One turn: the question, its written-out form, what kind of turn it is, and what answers it where."""

    question: str
    standalone: str
    kind: str
    answers: tuple[str, ...]
    sources: tuple[str, ...]

    def is_passage(self, answer: Answer) -> bool:
        """Say whether the first passage found is of a right document and holds an answer."""
        return any(
            hit.source in self.sources and holds_answer(hit.text, self.answers) for hit in answer.hits[:1]
        )

    def is_quote(self, answer: Answer) -> bool:
        """Say whether a quote was given that is of a right document and holds an answer."""
        quote = answer.quote
        return quote is not None and quote.source in self.sources and holds_answer(quote.text, self.answers)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Some turns in one language; ``half`` is ``fit``, open to tuning, or ``final``, only ever measured."""

    id: str
    lang: str
    half: str
    turns: tuple[Asked, ...]


def load_dialogues(path: Path) -> list[Dialogue]:
    """Read one dialogue a line."""
    return list(_dialogues(path))


def half_of(identifier: str) -> str:
    """Return the half that a dialogue's id puts it in, so that none is moved for its outcome."""
    return "final" if zlib.crc32(identifier.encode()) % 2 else "fit"


def _dialogues(path: Path) -> Iterator[Dialogue]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        turns = tuple(
            Asked(
                question=turn["question"],
                standalone=turn["standalone"],
                kind=turn["kind"],
                answers=tuple(turn["answers"]),
                sources=tuple(turn["sources"]),
            )
            for turn in row["turns"]
        )
        yield Dialogue(row["id"], row["lang"], row["half"], turns)
