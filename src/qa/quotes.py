"""The sentence(s) to show: spans of a passage, chosen by the token scores that ranked it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import regex
from numpy.typing import NDArray

from qa.extractor import Extraction, Extractor, best_answer, chances
from qa.ranking import Question, interact, lay
from qa.text import fold, unwrap, unwrapped, word_spans
from qa.types import Floats, Ints, Passage, Span, TokenEncoder, TokenIds

LONGEST = 3
"""Sentences in a quote at most."""

EXTRA_SENTENCE = 0.4
"""What one more sentence must add to the score to be worth reading."""

READ_SHARE = 3.0
"""What it adds to the token score to hold the whole answer as it is read: a sentence more is shown where a seventh of the
answer's chances are in it."""

BESIDE = 4.0
"""What it costs the first or last word of an answer, in log odds, to be no figure where one is asked for and there."""

SHARP = 1.15
"""What log odds are multiplied by where sentences are chosen by them: partly the reader was told a sentence alone, and
not where in it the answer is, so that it spreads its odds wider than answers are."""

IN_WORDS = -4.0
"""Log odds that there is an answer, from which one is marked that is no figure though one is asked for: "twelve"."""

MARKED = 0.02
"""Probability from which the answer's first and last word are marked, if it is in the quote at all."""

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
    share: float
    """The probability that the answer is inside the span, if it is in the passage at all."""


@lru_cache(16)
def asked_kind(question: str) -> str | None:
    """Return ``number``, ``date`` or None for what a question asks for."""
    folded = " " + fold(unwrap(question)) + " "
    for kind, cues in _FOLDED_ASKS.items():
        if any(cue in folded for cue in cues):
            return kind
    return None


OTHERWISE = (
    "有多 谁 是谁 哪里 在哪里 哪儿 在哪 哪个 哪位 什么 是什么 为什么 怎么 如何 "
    "who whom whose where which what why how quién quiénes dónde cuál cuáles qué cómo qui où quel quelle quels quelles que "
    "pourquoi comment wer wen wem wo woher welche welcher welches welchen warum wie was кто кого где куда какой какая какие почему "
    "как что من أين ما ماذا لماذا كيف 誰 誰が 誰ですか どこ どこですか なぜ どの 何 누구 누가 어디 어디에 왜 무엇 कौन किसने कहाँ क्यों क्या ai đâu "
    "gì sao quem onde qual quais chi dove quale perché kim nerede neden hangi siapa mana mengapa"
)
"""Words that ask for other things, and what is cut off from the rest of a cue as a word of its own: 有多|长."""


def asks_only(word: str) -> bool:
    """Tell whether a word of a question only says what kind of answer is asked for."""
    folded = fold(word)
    return folded in _OTHERWISE or any(
        folded in cue.split() or (cue in folded and len(folded) - len(cue) <= 2) for cue in _CUES
    )


_FOLDED_ASKS = {kind: tuple(fold(cue) for cue in cues) for kind, cues in reversed(ASKS.items())}
# dates first: "몇 년" and "tahun berapa" hold the cue for a number as well
_OTHERWISE = frozenset(map(fold, OTHERWISE.split()))
_CUES = [cue.strip() for cues in _FOLDED_ASKS.values() for cue in cues]


def best_quote(
    question: str,
    passage: Passage,
    encoder: TokenEncoder,
    extractor: Extractor,
    stored: TokenIds | None = None,
) -> BestQuote | None:
    """Return the one to three neighbouring sentences that answer best, or None for a passage without words.

    ``stored`` (t,) are the passage's tokens as the library has them: they need not be found anew.
    """
    text, places = unwrapped(passage.text)  # as it was indexed
    tokens = encoder.tokens(text, stored)
    laid = lay([tokens.ids], encoder)
    asked = Question.asked(question, laid, encoder)
    if not len(tokens.ids) or not len(asked.ids):
        return None
    found = interact(asked, laid)
    (reading,) = extractor.extract(asked, [tokens.ids], found, encoder)
    scores = found.scores[:, found.starts[0] : found.ends[0]]
    sentences = passage.sentences or (passage.span,)
    where = np.array([*places, len(passage.text)], np.int64) + passage.span.start
    spans = np.stack([where[tokens.spans[:, 0]], where[tokens.spans[:, 1] - 1] + 1], axis=1)
    starts = spans[:, 0]
    inside = [(starts >= sentence.start) & (starts < sentence.end) for sentence in sentences]
    best = np.stack([_best_inside(scores, within) for within in inside])
    first, last, score = _choose(best, asked.weights, *_shares(reading, inside, sharp=SHARP))
    begins, ends = _shares(reading, inside)
    run = slice(first, last + 1)
    span = Span(sentences[first].start, sentences[last].end)
    return BestQuote(
        span,
        score,
        _marks(question, passage, span, reading, spans),
        best[run].max(axis=0),
        float(begins[run].sum() * ends[run].sum()),
    )


def _shares(
    reading: Extraction, inside: Sequence[NDArray[np.bool_]], *, sharp: float = 1.0
) -> tuple[Floats, Floats]:
    """Return the probabilities (s,) that the answer begins and that it ends in each sentence, if it is there at all;
    ``inside`` tells which tokens (t,) are of each."""
    begins, ends = (chances(sharp * odds) for odds in (reading.begins, reading.ends))
    read = [where[: len(begins)] for where in inside]
    return (
        np.array([begins[where].sum() for where in read]),
        np.array([ends[where].sum() for where in read]),
    )


def _best_inside(scores: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return each question token's best score (q,) among the tokens that are ``inside`` (t,) a sentence."""
    if not inside.any():
        return np.full(len(scores), -1.0, np.float32)
    return np.asarray(scores[:, inside].max(axis=1))


def _choose(best: Floats, weights: Floats, begins: Floats, ends: Floats) -> tuple[int, int, float]:
    """Return the run of sentences with the best score; each one more must earn its place."""
    winner = (0, 0, -np.inf)
    for first in range(len(best)):
        for last in range(first, min(first + LONGEST, len(best))):
            run = slice(first, last + 1)
            score = float(weights @ best[run].max(axis=0))
            score += READ_SHARE * float(begins[run].sum() * ends[run].sum()) - EXTRA_SENTENCE * (last - first)
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


def new_figures(text: str, question: str) -> list[Span]:
    """Return the figures of a text that the question does not hold itself, with their units."""
    asked = {fold(match.group()) for match in _FIGURE.finditer(question)}
    return [Span(*match.span()) for match in _FIGURE.finditer(text) if fold(match.group()) not in asked]


def _marks(
    question: str, passage: Passage, span: Span, reading: Extraction, tokens: Ints
) -> tuple[Span, ...]:
    """Return the words of the answer inside ``span``, or nothing where none is likely: tokens (t, 2) are document spans.

    A mark is never half a figure or half a word, and never of two sentences. Where a figure is asked for it is one, if
    the quote holds any.
    """
    there = (tokens[: len(reading.begins), 0] >= span.start) & (tokens[: len(reading.begins), 1] <= span.end)
    within = np.flatnonzero(there)
    if not len(within):
        return ()
    begins, ends = reading.begins[within], reading.ends[within]
    least = -np.inf
    quote = span.shift(-passage.span.start).of(passage.text)
    if asked_kind(question):
        figures = [figure.shift(span.start) for figure in new_figures(quote, question)]
        beside = [
            not any(Span(*token).overlaps(figure) for figure in figures) for token in tokens[within].tolist()
        ]
        if all(beside):
            least = IN_WORDS
        else:
            begins, ends = (odds - BESIDE * np.array(beside, np.float32) for odds in (begins, ends))
    found: list[tuple[float, int, int]] = []  # score, first, last
    starts = tokens[within, 0]
    for sentence in passage.sentences or (span,):
        own = np.flatnonzero((starts >= sentence.start) & (starts < sentence.end))
        if len(own):
            part = best_answer(begins[own], ends[own])
            found.append((part.score, int(own[part.first]), int(own[part.last])))
    score, begin, end = max(found, default=(-np.inf, 0, 0))
    if score < least or chances(begins)[begin] * chances(ends)[end] < MARKED:
        return ()
    first, last = within[begin], within[end]
    answer = Span(int(tokens[first, 0]), int(tokens[last, 1]))
    for whole in [Span(*match.span()) for match in _FIGURE.finditer(quote)] + word_spans(quote):
        whole = whole.shift(span.start)
        if whole.overlaps(answer):
            answer = Span(min(answer.start, whole.start), max(answer.end, whole.end))
    answer = _whole_name(quote, answer.shift(-span.start)).shift(span.start)
    text = answer.shift(-span.start).of(quote)
    start = answer.start + len(text) - len(text.lstrip(_EDGES))
    end = answer.end - (len(text) - len(text.rstrip(_EDGES)))
    return (Span(start, end),) if start < end else ()


def _whole_name(quote: str, marked: Span) -> Span:
    """Return what is marked with the words beside it that belong to its name: with capitals, and a space between."""
    start, end = marked.start, marked.end
    if marked.of(quote)[:1].isupper():
        before, after = _NAME_BEFORE.search(quote[:start]), _NAME_AFTER.match(quote[end:])
        start -= len(before[0]) if before else 0
        end += len(after[0]) if after and marked.of(quote).rpartition(" ")[2][:1].isupper() else 0
    return Span(start, end)


_NAME_BEFORE = regex.compile(r"(?:(?<=[\p{L}\p{M}\p{N},] )\p{Lu}[\p{L}\p{M}'’-]*+ )*$")
_NAME_AFTER = regex.compile(r"(?: \p{Lu}[\p{L}\p{M}'’-]*+)*")
_EDGES = " \t\n\r,.;:!?，。；：！？、،؛؟।"
"""What is no part of an answer at its ends."""
