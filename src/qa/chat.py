"""A conversation: a follow-up made standalone, then answered."""

from __future__ import annotations

from typing import Protocol

from qa.text import fold, script, word_spans
from qa.types import Answer, Turn


class Asks(Protocol):
    """Anything that answers a standalone question."""

    def ask(self, question: str) -> Answer: ...


SHORT = {"han": 6, "kana": 8, "hangul": 7}
"""Characters under which a question of these scripts is read as a follow-up; three words elsewhere."""

OPENERS = (
    "那", "那么", "它", "他", "她", "其", "这", "and ", "what about", "how about", "it ", "its ", "he ", "she ", "they ", "there",
    "y ", "et ", "und ", "а ", "и ", "و", "では", "それ", "그", "그럼", "और ", "còn ", "e ",
)  # fmt: skip
"""How a question begins that leans on the one before."""


class Conversation:
    """Turns over one library; each follow-up carries the subject of the last standalone question."""

    def __init__(self, answers: Asks) -> None:
        self._answers = answers
        self.turns: list[Turn] = []

    def ask(self, question: str) -> Turn:
        """Answer a question, read with the turn before it when it cannot stand alone."""
        standalone = self.standalone(question)
        turn = Turn(question, standalone, self._answers.ask(standalone))
        self.turns.append(turn)
        return turn

    def standalone(self, question: str) -> str:
        """Return the question, with what it leaves out taken from the last standalone question.

        The new question's words stand first: where both speak of the same thing they outweigh the old ones.
        """
        if not self.turns or not is_follow_up(question):
            return question
        return f"{question.strip()} ({self.turns[-1].standalone.strip()})"


def is_follow_up(question: str) -> bool:
    """Tell whether a question is too short to stand alone or opens by pointing back."""
    folded = fold(question).strip()
    limit = SHORT.get(script(question))
    short = len(folded) < limit if limit else len(word_spans(question)) < 3
    return short or any(folded.startswith(opener) for opener in map(fold, OPENERS))
