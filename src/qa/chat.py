"""A conversation: a follow-up made standalone, then answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import regex

from qa.answer import LONGEST_QUESTION
from qa.followups import ATTACHED_OPENER, Cues, language, read_cues
from qa.rewriting import Ground, ask_instead, met, substitute, with_question, with_subject
from qa.types import Answer, Scope, Turn


class Asks(Protocol):
    """Anything that answers a standalone question."""

    def ask(self, question: str, *, scope: Scope | None = None) -> Answer: ...


POINTING = 0.25
"""How much surer a question must be by itself to be read so, if it points back in words."""

UNMARKED = 0.15
"""The same for a question that does not, but names no subject either."""

UNMET = 0.5
"""How much surer it must be with a subject from before, if that finds a passage with fewer of its own words."""

LONGEST_FOLLOW_UP = 200
"""Characters; what is longer says itself what it is about."""

LONG = 3
LONG_RUN = 8
"""Words of its own, or characters where there are no spaces, above which a question needs no subject from before."""

SHORT = {"zh": 6, "ja": 8, "ko": 7, "th": 12}
"""Characters up to which what asks nothing is a fragment of a question; two words elsewhere."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A question written out with what it takes from the turn before.

    Unless ``certain``, the question by itself competes: ``bonus`` is added to this reading's confidence, and
    ``penalty`` taken off instead where its passage meets fewer of the question's ``own`` words. One that is ``bound``
    counts only if its answer is in the document of the turn before.
    """

    text: str
    own: Cues
    bonus: float = 0.0
    penalty: float = 0.0
    bound: bool = False
    certain: bool = False


class Conversation:
    """Turns over one library, after ``turns`` of before; each follow-up carries what the turn before was about."""

    def __init__(self, answers: Asks, turns: Sequence[Turn] = ()) -> None:
        self._answers = answers
        self.turns: list[Turn] = list(turns)

    def ask(self, question: str, *, alone: bool = False, scope: Scope | None = None) -> Turn:
        """Answer a question, read with the turn before it when it leans on it: at most two readings are asked.

        With ``alone`` it is taken as it is: a reader has written out what was meant. ``scope`` counts for this one.
        """
        before = self.turns[-1] if self.turns and not alone else None
        asked = partial(self._asked, question, scope=scope)
        turn = _read(question, before, asked) if before else asked(question)
        self.turns.append(turn)
        return turn

    def _asked(self, question: str, standalone: str, *, scope: Scope | None) -> Turn:
        return Turn(question, standalone, self._answers.ask(standalone, scope=scope))


def _read(question: str, before: Turn, asked: Callable[[str], Turn]) -> Turn:
    """Answer a question after a turn: with what it carries, by itself, or the better of both."""
    carried = carry(question, before)
    if carried is None:
        return asked(question)
    together = asked(carried.text)
    if carried.certain:
        return together
    alone = asked(question)
    return together if prefers(carried, together, alone, before) else alone


def carry(question: str, before: Turn) -> Carried | None:
    """Return how a question reads with the turn before, or None where it stands alone."""
    if len(question) > LONGEST_FOLLOW_UP or not any(character.isalnum() for character in question):
        return None
    cues = read_cues(question, language(question, before.standalone))
    ground = Ground.of(read_cues(before.standalone, language(before.standalone, question)), before.answer)
    carried = _carry(cues, ground)
    if carried is None or carried.text == question or len(carried.text) > LONGEST_QUESTION:
        return None
    return carried


def prefers(carried: Carried, together: Turn, alone: Turn, before: Turn) -> bool:
    """Say whether the reading with a subject from before is the better one, by what both found."""
    if carried.bound and _document(together.answer) != _document(before.answer):
        return False
    own, least = met(carried.own, together.answer), met(carried.own, alone.answer)
    is_met = 0.0 < own >= least or (carried.own.points and not _is_long(carried.own))
    lead = together.answer.confidence - alone.answer.confidence
    return lead + (carried.bonus if is_met else -carried.penalty) > 0.0


def _carry(cues: Cues, ground: Ground) -> Carried | None:
    marked = cues.opens or cues.closes or (cues.begins_small and not cues.asks)
    if not cues.content:
        text = ask_instead(cues, ground) if cues.asks else with_question(cues, ground)
        return Carried(text, cues, certain=True)
    if not cues.asks and (marked or _is_short(cues)):
        return _carry_fragment(cues, ground, marked=marked)
    text = with_subject(cues.text, ground)
    if cues.points:
        return Carried(text, cues, POINTING)
    if _names_subject(cues, ground):
        return None
    if marked:
        return Carried(text, cues, POINTING)
    if _is_long(cues):
        return None
    return Carried(text, cues, UNMARKED, 0.0 if _is_headless(cues) else UNMET, bound=True)


def _carry_fragment(cues: Cues, ground: Ground, *, marked: bool) -> Carried:
    """Put a fragment into the question before, or beside it, or beside its subject."""
    text = substitute(cues, ground)
    if text and not marked:
        return Carried(text, cues, 0.0, UNMET, bound=True)
    if text:
        return Carried(text, cues, POINTING, certain=cues.lang not in ATTACHED_OPENER)
    if cues.lang != ground.before.lang or cues.begins_small:
        return Carried(with_question(cues, ground), cues, POINTING, certain=marked)
    return Carried(
        with_subject(cues.text, ground), cues, POINTING if marked else UNMARKED, UNMET, bound=not marked
    )


def _is_short(cues: Cues) -> bool:
    return len(cues.inside) <= SHORT[cues.lang] if cues.lang in SHORT else len(cues.content) <= 2


def _is_long(cues: Cues) -> bool:
    """Say whether a question has so many words of its own that it needs none from before."""
    if cues.spaced:
        return len(cues.content) > LONG
    return sum(map(len, cues.content)) > LONG_RUN


def _is_headless(cues: Cues) -> bool:
    """Say whether a question begins with its question word where a subject would stand first: 是哪一天發生的."""
    heads = cues.lang in ("zh", "ja", "ko", "th") and cues.asks and cues.content
    return bool(heads) and cues.asks[0].start < cues.content[0].start


def _names_subject(cues: Cues, ground: Ground) -> bool:
    """Say whether a question names its subject by itself: the document of before, or what it does not speak of."""
    quoted = regex.findall(r"[《〈「『“«\"]([^》〉」』”»\"]+)[》〉」』”»\"]", cues.text)
    capitals = [
        word.of(cues.text)
        for word in cues.content
        if cues.lang != "de" and word.start > cues.inside.start and word.of(cues.text)[:1].isupper()
    ]
    return any(not ground.holds(name) or ground.is_titled(name) for name in (*quoted, *capitals))


def _document(answer: Answer) -> str | None:
    return answer.hits[0].passage.document_id if answer.hits else None
