"""Follow-ups written out: pure functions of two questions and of what the first of them found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from qa.followups import Cues, same_preposition
from qa.text import fold, words
from qa.types import Answer, Span

LONGEST_GAP = 7
"""Characters of small words ("de la", "of the") that a name may hold between two of its words."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a follow-up stands on: the written-out question before it, and what that found.

    ``title`` is of the document it was answered from, ``passage`` the first passage with its headings, ``document`` all
    that was found of the document: folded texts.
    """

    before: Cues
    title: str = ""
    passage: str = ""
    document: str = ""

    @classmethod
    def of(cls, before: Cues, answer: Answer) -> Ground:
        if not answer.hits:
            return cls(before)
        first = answer.hits[0].passage
        same = [hit.passage for hit in answer.hits if hit.passage.document_id == first.document_id]
        title = fold(first.title)
        passage = fold(" ".join((*first.headings, first.text)))
        return cls(before, title, f"{title} {passage}", fold(" ".join((title, *(p.text for p in same)))))

    def subject(self) -> list[Span]:
        """Return the words of the question before that its passage holds: what was talked about.

        Where the passage holds none, as one in another language, all words but the small ones are.
        """
        bracket = regex.search(r"\((.+)\)$", self.before.text)
        if bracket:  # the talk is still about what the turn before was given
            return [Span(*part.span()).shift(bracket.start(1)) for part in regex.finditer(r"[^·\s](?:[^·]*[^·\s])?", bracket[1])]
        return self._held(self.passage) or _joined(self.before, self.before.content)

    def names(self) -> list[Span]:
        """Return the words of the question before that stand in the document's title."""
        return self._held(self.title)

    def holds(self, text: str) -> bool:
        """Say whether all words of ``text`` stand in the document."""
        return _stands(text, self.document)

    def is_titled(self, text: str) -> bool:
        """Say whether all words of ``text`` stand in the document's title."""
        return _stands(text, self.title)

    def _held(self, evidence: str) -> list[Span]:
        if self.before.spaced:
            return _joined(self.before, [w for w in self.before.content if _stands(w.of(self.before.text), evidence)])
        return _shared_runs(self.before, evidence)


def met(cues: Cues, answer: Answer) -> float:
    """Return the share of a question's own words that stand in the passage of its answer."""
    passage = Ground.of(cues, answer).passage
    if cues.spaced:
        words = [word.of(cues.text) for word in cues.content]
        return sum(_stands(word, passage) for word in words) / max(len(words), 1)
    return sum(map(len, _shared_runs(cues, passage))) / max(sum(map(len, cues.content)), 1)


def with_subject(question: str, ground: Ground) -> str:
    """Return the question with what it is about in brackets: "How deep is it? (Suez Canal)"."""
    text = ground.before.text
    told = fold(question)
    names = [name for name in dict.fromkeys(span.of(text) for span in ground.subject()) if fold(name) not in told]
    return f"{question.strip()} ({' · '.join(names)})" if names else question


def with_question(fragment: Cues, ground: Ground) -> str:
    """Return a fragment with the whole question before it in brackets, for want of a place to put it."""
    return f"{fragment.text.strip()} ({ground.before.text.strip()})"


def ask_instead(question: Cues, ground: Ground) -> str:
    """Return the question before with its question word replaced: who swam it? when? when was it swum."""
    before = ground.before
    if not before.asks or not question.asks:
        return with_subject(question.text, ground)
    asked = question.fragment if not question.points else question.asks[0].of(question.text)
    if not question.spaced:
        asked = question.asks[0].of(question.text)
    return _replaced(before.text, before.asks[0], asked)


def substitute(fragment: Cues, ground: Ground) -> str | None:
    """Return the question before with one thing replaced by the fragment's, or None where no place fits.

    A number takes the place of a number, what follows a preposition that of what followed it before, a name that ends or
    begins alike that of the other. Else it depends on the document: what it speaks of is another side of the same
    thing and takes the place of a side; what it does not speak of is another thing and takes that of its name.
    """
    before = ground.before
    core = _core(fragment)
    if core is None or fragment.lang != before.lang:
        return None
    slot = (
        _number_slot(before, core)
        or _preposition_slot(before, fragment)
        or _alike_slot(before, core, ground)
        or _told_slot(before, core, ground)
    )
    return _replaced(before.text, *slot) if slot else None


Slot = tuple[Span, str]
"""A place in the question before, and what takes it."""


def _core(fragment: Cues) -> str | None:
    """Return the fragment from its first word that says something to its last."""
    if not fragment.content:
        return None
    return fragment.text[fragment.content[0].start : fragment.content[-1].end]


def _number_slot(before: Cues, core: str) -> Slot | None:
    number = regex.match(r"\p{Nd}[\p{Nd}.,]*", core)
    if not number:
        return None
    unit = core[number.end() :]
    for found in regex.finditer(r"\p{Nd}[\p{Nd}.,]*", before.text):
        if len(found[0]) == len(number[0]) and before.text[found.end() :].startswith(unit):
            return Span(found.start(), found.end() + len(unit)), core
    return None


def _preposition_slot(before: Cues, fragment: Cues) -> Slot | None:
    """Find what followed the preposition that the fragment begins with: "in 2024", "für Studierende", 在電梯裡."""
    if not fragment.prepositions or fragment.content[0].start < fragment.prepositions[0].end:
        return None
    first = fragment.prepositions[0]
    new = fragment.text[first.start : fragment.inside.end]
    for preposition in reversed(before.prepositions):
        following = [word for word in before.content if word.start >= preposition.end]
        if (
            following
            and following[0].start - preposition.end <= LONGEST_GAP
            and same_preposition(preposition.of(before.text), first.of(fragment.text), before.lang)
        ):
            return Span(preposition.start, _name_end(before, following, len(fragment.content))), new
    return None


def _name_end(cues: Cues, following: Sequence[Span], count: int) -> int:
    """Return the end of a name of about ``count`` words: longer where capitals go on."""
    end = following[0].end
    for number, (left, right) in enumerate(pairwise(following), start=1):
        capital = right.of(cues.text)[:1].isupper()
        if cues.text[left.end : right.start].strip() or not (capital or number < count):
            break
        end = right.end
    return end


def _alike_slot(before: Cues, core: str, ground: Ground) -> Slot | None:
    """Find the name that ends (or begins) as the new one does: Suez Canal for Panama Canal, 教师证 for 读者证."""
    if before.spaced:
        return _alike_words(before, core)
    new = fold(core)
    runs = [*before.content, *ground.subject()]
    endings = [_common_ending(fold(run.of(before.text)), new) for run in runs]
    alike = [(ending, run) for ending, run in zip(endings, runs, strict=True) if 0 < ending < len(new)]
    if not alike:
        return None
    _, run = max(alike, key=lambda pair: pair[0])
    held = [span for span in ground.subject() if span.end == run.end]
    start = min((span.start for span in held), default=max(run.start, run.end - len(core)))
    return Span(start, run.end), core


def _alike_words(before: Cues, core: str) -> Slot | None:
    new = fold(core)
    count = len(new.split())
    for index, word in enumerate(before.content):
        old = fold(word.of(before.text))
        if old == new.split()[-1]:
            return (_words_to(before, index, count), core) if count > 1 else None
        least = 1 if before.lang == "ko" else 4
        alike = max(_common_ending(old, new), _common_ending(old[::-1], new[::-1]))
        if count == 1 and alike >= least:
            return word, core
    return None


def _words_to(cues: Cues, index: int, count: int) -> Span:
    """Return up to ``count`` neighbouring content words that end with the one at ``index``."""
    first = index
    while first > 0 and index - first + 1 < count:
        if cues.text[cues.content[first - 1].end : cues.content[first].start].strip():
            break
        first -= 1
    return Span(cues.content[first].start, cues.content[index].end)


def _told_slot(before: Cues, core: str, ground: Ground) -> Slot | None:
    """Find the name, if the document says nothing of the fragment, else the last thing said of it."""
    names = ground.names()
    if before.spaced:
        words = list(before.content)
        others = [word for word in words if _stands(word.of(before.text), ground.passage)] or words
        if core[:1].isupper() and before.lang != "de":
            capitals = [word for word in words if word.start > 0 and word.of(before.text)[:1].isupper()]
            others = [word for word in others if word in capitals] or others
            names = names or _joined(before, capitals)
    else:
        others = ground.subject()
    others = [span for span in others if not any(span.overlaps(name) for name in names)]
    if ground.holds(core) and others:
        return _of_topic(before, others), core
    return (names[0], core) if names else None


_TOPIC_MARK = {"ja": "は", "ko": ("은", "는")}


def _of_topic(cues: Cues, spans: Sequence[Span]) -> Span:
    """Return the span that is marked as the topic, or the last."""
    mark = _TOPIC_MARK.get(cues.lang)
    marked = [span for span in spans if mark and cues.text.startswith(mark, span.end)]
    span = (marked or [spans[-1]])[0]
    if not cues.spaced or span not in cues.content:
        return span
    index = cues.content.index(span)
    first = index
    while first > 0 and all(word.of(cues.text)[:1].isupper() for word in cues.content[first - 1 : first + 1]):
        if cues.text[cues.content[first - 1].end : cues.content[first].start].strip() or cues.lang == "de":
            break
        first -= 1
    return Span(cues.content[first].start, span.end)


def _joined(cues: Cues, spans: Sequence[Span]) -> list[Span]:
    """Return words as runs: neighbours, and in spaced scripts those with only small words between them."""
    runs: list[Span] = []
    for span in spans:
        if runs and cues.spaced and _small(cues, Span(runs[-1].end, span.start)):
            span = Span(runs.pop().start, span.end)
        runs.append(span)
    return runs


def _small(cues: Cues, gap: Span) -> bool:
    """Say whether a gap holds nothing but space and small words."""
    text = gap.of(cues.text)
    asks = any(ask.overlaps(gap) for ask in cues.asks)
    return len(text) <= LONGEST_GAP and not asks and not regex.search(r"[^\p{L}\p{M}\s'’-]", text)


def _stands(text: str, evidence: str) -> bool:
    """Say whether folded ``evidence`` holds all words of ``text``, in any of their forms."""
    folded = fold(text)
    if folded in evidence:
        return True
    terms = set(words(evidence))
    return all(terms.intersection(words(word)) for word in folded.split()) and any(
        len(term) > 3 for term in words(folded)
    )


_SHORTEST_RUN = {"th": 5}


def _shared_runs(cues: Cues, evidence: str) -> list[Span]:
    """Return the longest stretches of content that ``evidence`` holds, for scripts without spaces between words."""
    shortest = _SHORTEST_RUN.get(cues.lang, 2)
    runs: list[Span] = []
    for content in cues.content:
        start = content.start
        while start < content.end:
            end = content.end
            while end - start >= shortest and fold(cues.text[start:end]) not in evidence:
                end -= 1
            if end - start >= shortest:
                runs.append(Span(start, end))
                start = end
            else:
                start += 1
    return runs


def _common_ending(left: str, right: str) -> int:
    count = 0
    while count < min(len(left), len(right)) and left[-1 - count] == right[-1 - count]:
        count += 1
    return count


def _replaced(text: str, slot: Span, new: str) -> str:
    if slot.start == 0 or not any(character.isalnum() for character in text[: slot.start]):
        new = new[:1].upper() + new[1:]
    return f"{text[: slot.start]}{new}{text[slot.end :]}".strip()
