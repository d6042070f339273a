"""Follow-ups written out: pure functions of two questions and of what the first of them found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import regex

from qa.followups import Cues, same_preposition
from qa.text import fold, words
from qa.types import Answer, Span

LONGEST_GAP = 7
"""Characters of small words ("de la", "of the") that a name may hold between two of its words."""


MOST_NAMES = 4
"""Names that a follow-up carries at most."""

_BRACKET = regex.compile(r"\(([^()]+)\)$")
_PART = regex.compile(r"[^·\s](?:[^·]*[^·\s])?")


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
        bracket = _BRACKET.search(self.before.text)
        if bracket:  # the talk is still about what the turn before was given
            parts = _PART.finditer(self.before.text, *bracket.span(1))
            return [Span(*part.span()) for part in parts]
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
            held = [word for word in self.before.content if _stands(word.of(self.before.text), evidence)]
            return _joined(self.before, held)
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
    told = fold(question)
    names = dict.fromkeys(span.of(ground.before.text) for span in ground.subject())
    new = [name for name in names if fold(name) not in told][:MOST_NAMES]
    return f"{question.strip()} ({' · '.join(new)})" if new else question


def with_question(fragment: Cues, ground: Ground) -> str:
    """Return the question before with a fragment at its end ("für Kinder"), or a fragment with it in brackets."""
    before = ground.before.text.strip()
    if fragment.begins_small and fragment.spaced and fragment.lang == ground.before.lang:
        end = _BRACKET.search(before)
        asked = before[: end.start() if end else None].rstrip()
        words = asked.rstrip("?؟ \u00a0")
        return f"{words} {fragment.fragment}{before[len(words) :]}"
    flat = _BRACKET.sub(r"· \1", before)
    return f"{fragment.text.strip()} ({flat})"


def ask_instead(question: Cues, ground: Ground) -> str:
    """Return the question before with another question word: "Who swam the Amazon?" and "When?"."""
    before = ground.before
    if not before.asks or not question.asks:
        return with_subject(question.text, ground)
    first, last = question.asks[0], question.asks[-1]
    whole = question.spaced and not question.points
    asked = question.text[question.inside.start if whole else first.start : last.end if whole else first.end]
    asked = asked[:1].lower() + asked[1:]
    return _replaced(before.text, before.asks[0], asked)


def substitute(fragment: Cues, ground: Ground) -> str | None:
    """Return the question before with one thing replaced by the fragment's, or None where no place fits.

    A number takes the place of a number, what follows a preposition that of what followed it before, a name that of
    one that ends or begins alike. Else it depends on the document: what it speaks of is another side of the same thing
    and takes the place of a side; what it does not speak of is another thing and takes that of its name.
    """
    before = ground.before
    core = _core(fragment)
    if core is None or fragment.lang != before.lang:
        return None
    slot = _number_slot(before, core) or _preposition_slot(before, fragment)
    if slot is None and not fragment.begins_small:
        slot = _alike_slot(before, core, ground)
        if slot is None and not fragment.points:  # its depth is no other thing
            slot = _told_slot(before, core, ground)
    if slot is None:
        return None
    text = _replaced(before.text, *slot)
    return _with_particle(text, slot[0].start + len(slot[1])) if before.lang == "ko" else text


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
        return None  # a name may come first: "el del Pertús" begins with no name
    first = fragment.prepositions[0]
    new = fragment.text[first.start : fragment.inside.end]
    for preposition in reversed(before.prepositions):
        at = next((at for at, word in enumerate(before.content) if word.start >= preposition.end), None)
        if (
            at is not None
            and before.content[at].start - preposition.end <= LONGEST_GAP
            and same_preposition(preposition.of(before.text), first.of(fragment.text), before.lang)
        ):
            last = _last_word(before, at, len(fragment.content))
            return Span(preposition.start, before.content[last].end), new
    return None


def _alike_slot(before: Cues, core: str, ground: Ground) -> Slot | None:
    """Find the name that ends or begins as the new one does: Suez Canal for Panama Canal, 教师证 for 读者证."""
    new = fold(core)
    if before.spaced:
        return _alike_words(before, core, new.split())
    runs = [*before.content, *ground.subject()]
    alike = [(_common_ending(fold(run.of(before.text)), new), run) for run in runs]
    alike = [(ending, run) for ending, run in alike if 0 < ending < len(new)]
    if not alike:
        return None
    _, run = max(alike, key=lambda pair: pair[0])
    held = [span.start for span in ground.subject() if span.end == run.end]
    return Span(min(held, default=max(run.start, run.end - len(core))), run.end), core


def _alike_words(before: Cues, core: str, new: list[str]) -> Slot | None:
    for at, word in enumerate(before.content):
        old = fold(word.of(before.text))
        if len(new) > 1 and old == new[-1]:
            return Span(before.content[_first_word(before, at, len(new))].start, word.end), core
        alike = max(_common_ending(old, new[0]), _common_ending(old[::-1], new[0][::-1]))
        if len(new) == 1 and old != new[0] and alike >= _ALIKE.get(before.lang, 4):
            return word, core
    return None


_ALIKE = {"ko": 1}
"""Letters at the end or beginning that make two words alike: four, a syllable in Korean."""


def _told_slot(before: Cues, core: str, ground: Ground) -> Slot | None:
    """Find the name, if the document says nothing of the fragment, else what was said of it last."""
    names = ground.names()
    others = _things(ground)
    if core[:1].isupper() and before.lang not in _CAPITAL_NOUNS:
        capitals = [word for word in before.content if word.start > 0 and _is_capital(before, word)]
        others = [word for word in others if word in capitals] or others
        if not names and capitals and not ground.holds(core):
            return _joined(before, capitals)[0], core
    if names and not ground.holds(core):
        return names[0], core
    others = [span for span in others if not any(span.overlaps(name) for name in names)]
    if others:
        return _whole(before, others[-1], len(core.split())), core
    bracket = _BRACKET.search(before.text)  # "When was it? (Kobe)": another quake takes the place of this one
    if bracket and not any(Span(*bracket.span(1)).overlaps(name) for name in names):
        return Span(*bracket.span(1)), core
    return None


_CAPITAL_NOUNS = frozenset(["de"])
"""Languages in which a capital makes no name."""

_TOPIC_MARKS = {"ja": ("は",), "ko": ("은", "는")}
_OWNER_MARKS = {"ja": "の", "ko": "의"}
"""What stands after the topic, and after its owner: XのYは is about X."""

_ARTICLES = frozenset(["en", "fr", "es", "pt"])
"""Languages in which a thing mostly comes after an article or a preposition."""


def _things(ground: Ground) -> list[Span]:
    """Return what the question before says of its subject, of which another can take the place: no verbs, if they show.

    A thing shows in Japanese and Korean by the mark of the topic, in Chinese by standing before the question word, in
    German by a capital, elsewhere by an article or preposition before it.
    """
    cues = ground.before
    spans = ground.subject()
    if cues.spaced:
        held = [word for word in cues.content if _stands(word.of(cues.text), ground.passage)]
        spans = held or list(cues.content)
    if cues.lang in _TOPIC_MARKS:
        owners = [span for span in spans if cues.text.startswith(_OWNER_MARKS[cues.lang], span.end)]
        topics = [span for span in spans if cues.text.startswith(_TOPIC_MARKS[cues.lang], span.end)]
        return owners[:1] or topics
    if cues.lang == "zh" and cues.asks:
        return [span for span in spans if span.end <= cues.asks[0].start]
    if cues.lang in _CAPITAL_NOUNS:
        return [word for word in spans if _is_capital(cues, word)]
    if cues.lang in _ARTICLES:
        return [word for word in spans if _is_capital(cues, word) or _is_led(cues, cues.content.index(word))]
    return spans


def _is_led(cues: Cues, at: int) -> bool:
    """Say whether content word ``at``, or one that it goes on from, follows an article or a preposition."""
    before = cues.text[: cues.content[_led_from(cues, at)].start].rstrip(" '’")
    return any(word.end == len(before) for word in (*cues.articles, *cues.prepositions))


def _led_from(cues: Cues, at: int) -> int:
    while at > 0 and _touch(cues, at - 1):
        at -= 1
    return at


def _whole(cues: Cues, word: Span, count: int) -> Span:
    """Return a word with what belongs to it before it: capitals, the words after its article, about ``count`` words."""
    if word not in cues.content:
        return word
    at = cues.content.index(word)
    led = cues.lang in _ARTICLES and not _is_capital(cues, word) and _is_led(cues, at)
    first = _led_from(cues, at) if led else _first_word(cues, at, count)
    return Span(cues.content[first].start, word.end)


def _first_word(cues: Cues, at: int, count: int) -> int:
    """Return where a name of about ``count`` words that ends at word ``at`` begins: farther where capitals go on."""
    first = at
    while first > 0 and _touch(cues, first - 1) and (at - first + 1 < count or _capitals(cues, first - 1)):
        first -= 1
    return first


def _last_word(cues: Cues, at: int, count: int) -> int:
    """Return where a name of about ``count`` words that begins at word ``at`` ends: farther where capitals go on."""
    last = at
    while last + 1 < len(cues.content) and _touch(cues, last):
        if last - at + 1 >= count and not _is_capital(cues, cues.content[last + 1]):
            break
        last += 1
    return last


def _touch(cues: Cues, at: int) -> bool:
    """Say whether only space stands between content word ``at`` and the next."""
    return not cues.text[cues.content[at].end : cues.content[at + 1].start].strip()


def _capitals(cues: Cues, at: int) -> bool:
    """Say whether content word ``at`` and the next are capitalised in a language where that makes a name."""
    return cues.lang not in _CAPITAL_NOUNS and all(
        _is_capital(cues, word) for word in cues.content[at : at + 2]
    )


def _is_capital(cues: Cues, word: Span) -> bool:
    return word.of(cues.text)[:1].isupper()


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
    terms = _terms(evidence)
    asked = [words(word) for word in folded.split()]
    return any(len(term) > 3 for term in chain(*asked)) and all(map(terms.intersection, asked))


@lru_cache(maxsize=8)
def _terms(evidence: str) -> frozenset[str]:
    return frozenset(words(evidence))


_SHORTEST_RUN = {"th": 5}
_LONGEST_RUN = 24


def _shared_runs(cues: Cues, evidence: str) -> list[Span]:
    """Return the longest stretches of content that ``evidence`` holds, for scripts without spaces between words."""
    shortest = _SHORTEST_RUN.get(cues.lang, 2)
    runs: list[Span] = []
    for content in cues.content:
        start = content.start
        while start < content.end:
            end = min(content.end, start + _LONGEST_RUN)
            while end - start >= shortest and fold(cues.text[start:end]) not in evidence:
                end -= 1
            if end - start >= shortest:
                runs.append(Span(start, end))
                start = end
            else:
                start += 1
    return runs


_PARTICLES = ("은는", "이가", "을를", "과와")
"""Korean particles after a consonant and after a vowel."""


def _with_particle(text: str, at: int) -> str:
    """Return Korean text with the particle at ``at`` in the form that the syllable before it asks for."""
    pair = next((pair for pair in _PARTICLES if text[at : at + 1] and text[at] in pair), None)
    if pair is None or not "가" <= text[at - 1] <= "힣":
        return text
    open_syllable = (ord(text[at - 1]) - ord("가")) % 28 == 0
    return text[:at] + pair[open_syllable] + text[at + 1 :]


def _common_ending(left: str, right: str) -> int:
    count = 0
    while count < min(len(left), len(right)) and left[-1 - count] == right[-1 - count]:
        count += 1
    return count


def _replaced(text: str, slot: Span, new: str) -> str:
    first = text[slot.start : slot.start + 1].isupper()
    if first and not any(character.isalnum() for character in text[: slot.start]):
        new = new[:1].upper() + new[1:]
    return f"{text[: slot.start]}{new}{text[slot.end :]}".strip()
