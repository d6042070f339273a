"""The sentence(s) to show: spans of a passage, chosen by the token scores that ranked it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex

from qa.ranking import Question, interact
from qa.text import fold, unwrap, word_spans
from qa.types import Floats, Ints, Passage, Span, TokenEncoder

LONGEST = 3
"""Sentences in a quote at most."""

EXTRA_SENTENCE = 0.025
"""What one more sentence must add to the token score to be worth reading."""

KIND_BONUS = 0.12
"""What it adds to the token score to hold the kind of answer that the question asks for."""

HIGHLIGHT = 0.62
"""Token score from which a passage word counts as met by a question word."""

ASKS: dict[str, tuple[str, ...]] = {
    "number": (
        "多少", "几", "多大", "多高", "多长", "多远", "多久", "多重", "百分之几", "第几", "how many", "how much", "how long",
        "how far", "how high", "how tall", "how old", "how big", "how deep", "how wide", "what percentage", "what share",
        "what is the population", "cuánto", "cuánta", "qué porcentaje", "combien", "quel pourcentage", "wie viel", "wie hoch",
        "wie lang", "wie groß", "wie weit", "wie tief", "wie alt", "сколько", "какова длина", "какой процент", "كم", "いくつ", "何人",
        "何キロ", "何メートル", "いくら", "何台", "何件", "何本", "どのくらい", "どれくらい", "何パーセント", "몇", "얼마", "कितन", "bao nhiêu",
        "mấy", "quanto", "quanta", "kaç", "ne kadar", "berapa", "כמה", "เท่าไร", "เท่าใด", "กี่", "ile ", "hoeveel", "πόσ",
        "hur många", "hvor mange", "kuinka", "hány", "mennyi", "кілька", "скільки", "kolik", "cât", "چند", "কত",
    ),
    "date": (
        "何时", "什么时候", "哪一年", "哪年", "几月", "几号", "何年", "何时", "when ", "what year", "which year", "what date",
        "what time", "cuándo", "en qué año", "quand", "en quelle année", "wann", "in welchem jahr", "когда", "в каком году",
        "متى", "في أي عام", "في أي سنة", "いつ", "何年", "何月", "何時", "언제", "몇 년", "कब", "किस वर्ष", "khi nào", "năm nào", "quando",
        "em que ano", "in che anno", "ne zaman", "hangi yıl", "kapan", "tahun berapa", "מתי", "באיזו שנה", "เมื่อไร", "เมื่อใด", "ปีใด",
        "ปีไหน", "kiedy", "wanneer", "πότε", "när ", "hvornår", "milloin", "mikor", "коли", "kdy", "când", "کی ", "چه سالی", "কবে",
    ),
}  # fmt: skip
"""Question words of the kinds of answer that can be seen on the page: figures and dates."""


@dataclass(frozen=True, slots=True)
class BestQuote:
    """The best span of one passage: document offsets, its token score (-1 to about 1), and the highlights."""

    span: Span
    score: float
    highlights: tuple[Span, ...]
    met: Floats
    """How well each question token is met inside the span, (q,)."""


def asked_kind(question: str) -> str | None:
    """Return ``number``, ``date`` or None for what a question asks for."""
    folded = " " + fold(unwrap(question)) + " "
    for kind, cues in _FOLDED_ASKS.items():
        if any(cue in folded for cue in cues):
            return kind
    return None


_FOLDED_ASKS = {kind: tuple(fold(cue) for cue in cues) for kind, cues in reversed(ASKS.items())}
# dates first: "몇 년" and "tahun berapa" hold the cue for a number as well


def best_quote(question: str, passage: Passage, encoder: TokenEncoder) -> BestQuote | None:
    """Return the one to three neighbouring sentences that answer best, or None for a passage without words."""
    tokens = encoder.tokens(passage.text)
    asked = Question.of(encoder.token_ids([question])[0], encoder)
    if not len(tokens.ids) or not len(asked.ids):
        return None
    found = interact(asked, [tokens.ids], encoder)
    scores = found.scores[:, found.starts[0] : found.ends[0]]
    sentences = passage.sentences or (passage.span,)
    starts = tokens.spans[:, 0] + passage.span.start
    best = np.stack([_best_inside(scores, starts, sentence) for sentence in sentences])
    kind = asked_kind(question)
    new = _figures(passage, question)
    fits = [kind is not None and any(sentence.contains(figure) for figure in new) for sentence in sentences]
    first, last, score = _choose(best, asked.weights, fits)
    span = Span(sentences[first].start, sentences[last].end)
    met = scores * asked.weights[:, None]
    if kind is None:
        highlights = _met_words(passage, span, scores, starts, asked.weights)
    else:
        highlights = _nearest_figure([figure for figure in new if span.contains(figure)], met, starts)
    return BestQuote(span, score, highlights, best[first : last + 1].max(axis=0))


def _best_inside(scores: Floats, starts: Ints, sentence: Span) -> Floats:
    """Return each question token's best score (q,) among the tokens of one sentence."""
    inside = (starts >= sentence.start) & (starts < sentence.end)
    if not inside.any():
        return np.full(len(scores), -1.0, np.float32)
    return np.asarray(scores[:, inside].max(axis=1))


def _choose(best: Floats, weights: Floats, fits: Sequence[bool]) -> tuple[int, int, float]:
    """Return the run of sentences with the best score; each one more must earn its place."""
    winner = (0, 0, -np.inf)
    for first in range(len(best)):
        for last in range(first, min(first + LONGEST, len(best))):
            score = float(weights @ best[first : last + 1].max(axis=0))
            score += KIND_BONUS * any(fits[first : last + 1]) - EXTRA_SENTENCE * (last - first)
            if score > winner[2]:
                winner = (first, last, score)
    return winner[0], winner[1], winner[2]


_FIGURE = regex.compile(
    r"""(?:\p{Sc}\s?)?\p{N}[\p{N}.,:/\u066B\u066C-]*(?<=\p{N})
        (?:\s?[%‰°٪]|[年月日号時时分秒点万萬亿億千百十余餘多几個个家人名套台件公里米平方吨噸元倍岁歲次座条條辆輛册冊度级級层層円회명개년월일원세대만억]+
          |(?:\s?(?:million|billion|thousand|percent|per\ cent|km|kg|m|mi|kilomet\p{L}+|met\p{L}{1,3}|millon\p{L}+|millard\p{L}*
             |milliard\p{L}*|Million\p{L}*|Milliard\p{L}*|млн|млрд|тыс|миллион\p{L}*|километр\p{L}*|метр\p{L}*))\b)?
        (?:\s?[年月日時时分年월일]*\s?\p{N}+[年月日号時时分월일년]+)*""",
    regex.VERBOSE,
)
"""A figure with its unit, so that no mark cuts one from the other."""


def _figures(passage: Passage, question: str) -> list[Span]:
    """Return the figures of a passage that the question does not hold itself, as document spans."""
    asked = {fold(match.group()) for match in _FIGURE.finditer(question)}
    found = (match for match in _FIGURE.finditer(passage.text) if fold(match.group()) not in asked)
    return [Span(*match.span()).shift(passage.span.start) for match in found]


NEAR = 40
"""Characters around a figure in which the question's words count for it."""


def _nearest_figure(figures: list[Span], met: Floats, starts: Ints) -> tuple[Span, ...]:
    """Return the figure whose surroundings meet the question best, or nothing."""
    if not figures:
        return ()

    def support(figure: Span) -> float:
        near = (starts >= figure.start - NEAR) & (starts < figure.end + NEAR)
        distance = np.minimum(np.abs(starts - figure.start), np.abs(starts - figure.end))
        fading = np.where(near, 1.0 - 0.5 * distance / NEAR, 0.0)
        return float((met * fading).max(axis=1).sum()) if near.any() else 0.0

    return (max(figures, key=support),)


def _met_words(
    passage: Passage, span: Span, scores: Floats, starts: Ints, weights: Floats
) -> tuple[Span, ...]:
    """Return the words inside ``span`` that a weighty question token met, neighbours joined."""
    weighty = weights >= np.median(weights)
    met = (scores[weighty].max(axis=0) >= HIGHLIGHT) & (starts >= span.start) & (starts < span.end)
    places = np.sort(starts[met])
    marked: list[Span] = []
    for word in word_spans(passage.text):
        word = word.shift(passage.span.start)
        at = int(np.searchsorted(places, word.start))
        if at == len(places) or places[at] >= word.end or not span.contains(word):
            continue
        if marked and _only_space(passage, marked[-1].end, word.start):
            word = Span(marked.pop().start, word.end)
        marked.append(word)
    return tuple(marked)


def _only_space(passage: Passage, start: int, end: int) -> bool:
    between = passage.text[start - passage.span.start : end - passage.span.start]
    return len(between) <= 1 and not between.strip()
