"""A conversation: a follow-up made standalone, then answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import regex

from qa.answer import LONGEST_QUESTION
from qa.followups import Cues, language, read_cues
from qa.rewriting import Ground, ask_instead, substitute, with_question, with_subject
from qa.types import Answer, Turn


class Asks(Protocol):
    """Anything that answers a standalone question."""

    def ask(self, question: str) -> Answer: ...


POINTING = 0.25
"""How much surer the question must be by itself to be read so, if it points back in words."""

SHORT = {"zh": 6, "ja": 8, "ko": 7, "th": 12}
"""Characters up to which what asks nothing is a fragment of a question; two words elsewhere."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a question; ``bonus`` is added to the confidence of its answer when readings compete.

    One that is ``bound`` counts only if its answer is in the document that the turn before was answered from.
    """

    text: str
    bonus: float = 0.0
    bound: bool = False


class Conversation:
    """Turns over one library; each follow-up carries what the turn before was about."""

    def __init__(self, answers: Asks) -> None:
        self._answers = answers
        self.turns: list[Turn] = []

    def ask(self, question: str, *, alone: bool = False) -> Turn:
        """Answer a question, read with the turn before it when it leans on it.

        With ``alone`` it is taken as it is: a reader has written out what was meant.
        """
        before = self.turns[-1] if self.turns and not alone else None
        answered = [(reading, self._answers.ask(reading.text)) for reading in readings(question, before)]
        eligible = [
            (reading, answer)
            for reading, answer in answered
            if not reading.bound or (before and _document(answer) == _document(before.answer))
        ]
        reading, answer = max(eligible, key=lambda pair: pair[0].bonus + pair[1].confidence)
        turn = Turn(question, reading.text, answer)
        self.turns.append(turn)
        return turn


def readings(question: str, before: Turn | None) -> list[Reading]:
    """Return the one or two ways to read a question after a turn, the likelier first."""
    if before is None:
        return [Reading(question)]
    lang = language(question, before.standalone)
    cues = read_cues(question, lang)
    ground = Ground.of(read_cues(before.standalone, language(before.standalone)), before.answer)
    found = _readings(cues, ground)
    return [reading for reading in found if len(reading.text) <= LONGEST_QUESTION] or [Reading(question)]


def _readings(cues: Cues, ground: Ground) -> list[Reading]:
    alone = Reading(cues.text)
    if not cues.content:
        return [Reading(ask_instead(cues, ground))] if cues.asks else [Reading(with_question(cues, ground))]
    if not cues.asks and (cues.opens or cues.closes or _is_short(cues)):
        carried = substitute(cues, ground) or with_question(cues, ground)
        return [Reading(carried)] if cues.opens or cues.closes else [Reading(carried, bound=True), alone]
    carried = with_subject(cues.text, ground)
    if carried == cues.text:
        return [alone]
    if cues.opens or cues.closes or cues.points:
        return [Reading(carried, POINTING), alone]
    if _names_another(cues, ground):
        return [alone]
    return [alone, Reading(carried, bound=True)]


def _is_short(cues: Cues) -> bool:
    return len(cues.inside) <= SHORT[cues.lang] if cues.lang in SHORT else len(cues.content) <= 2


def _names_another(cues: Cues, ground: Ground) -> bool:
    """Say whether a question names something by itself that was not talked about: its own subject."""
    quoted = regex.findall(r"[《〈「『“«\"]([^》〉」』”»\"]+)[》〉」』”»\"]", cues.text)
    capitals = [
        word.of(cues.text)
        for word in cues.content
        if cues.lang != "de" and word.start > cues.inside.start and word.of(cues.text)[:1].isupper()
    ]
    return any(not ground.holds(name) for name in (*quoted, *capitals))


def _document(answer: Answer) -> str | None:
    return answer.hits[0].passage.document_id if answer.hits else None
