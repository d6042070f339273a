"""Why a passage was found: what each feature brought to its score, and which of its words the question's words met."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from qa.ranking import Question, RankingModel, interact, lay
from qa.splitter import search_text
from qa.text import word_spans
from qa.types import Explanation, Floats, Hit, Ints, Meeting, Share, Span, TokenEncoder

MEANINGS = {
    "dense": "nearness of the meaning as a whole",
    "late": "question words met anywhere in the passage",
    "content": "question words met, common ones left out",
    "window": "question words met close together",
    "lexical": "the same words in both",
    "background": "what common words of its language would meet",
    "figures": "a figure, where the question asks for one",
    "same_language": "question and passage in one language",
    "length": "length of the passage",
    "evidence": "question words met or missing, each by what it weighs",
    "answer": "how much it reads like an answer",
}
"""The ranking's features in plain words; one without an entry goes by its own name."""


MET = 0.45
"""Score from which a question word counts as met by another word."""

GOES_ON = 0.1
"""How much worse a question word may be met by the word after the one that the question word before it met."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a text: its span, the positions of its tokens, and whether the text is title and headings."""

    span: Span
    tokens: range
    in_title: bool = False


@dataclass(frozen=True, slots=True)
class _Pair:
    """A question word and the word that it met best, None if that is too far away."""

    asked: Span
    word: _Word | None
    score: float
    weight: float
    weighty: bool


def explain(hit: Hit, question: str, *, model: RankingModel, encoder: TokenEncoder) -> Explanation:
    """Say what ``model`` gave to a hit of ``question`` for each feature, and which words met."""
    intercept, *weights = model.weights(hit.features["same_language"])
    shares = [
        Share(name, MEANINGS.get(name, name), hit.features[name], weight)
        for name, weight in zip(model.names, weights, strict=True)
    ]
    return Explanation(hit.score, intercept, tuple(shares), meetings(question, hit, encoder))


def meetings(question: str, hit: Hit, encoder: TokenEncoder) -> tuple[Meeting, ...]:
    """Return each weighty question word with the word of passage, title or headings that it met best.

    Amid its neighbours, as the ranking sees it, a light word stands for the weighty one beside it. So half of what two
    words score is theirs alone.
    """
    passage = hit.passage
    above = search_text(replace(passage, text=""))
    asked, title = (encoder.tokens(text) for text in (question, above))
    body = encoder.tokens(passage.text, hit.tokens)
    if not len(asked.ids):
        return ()
    ids = np.concatenate([title.ids, body.ids])
    laid = lay([ids], encoder)
    ready = Question.asked(question, laid, encoder)
    found = interact(ready, laid)
    there = slice(found.starts[0], found.ends[0])
    scores = np.asarray((found.alone[:, there] + found.scores[:, there]) / 2, dtype=np.float32)
    words = [
        *_words(above, title.spans, in_title=True),
        *_words(passage.text, body.spans, first=len(title.ids)),
    ]
    for name in ready.met:
        words = _as_names(words, name.places)
        own = np.ix_(ready.own(name), name.places)
        scores[own] = np.maximum(scores[own], name.cosine)  # whatever stands beside it
    pairs = _pairs(_words(question, asked.spans[ready.places]), words, scores, ready.weights)
    told: list[Meeting] = []
    for pair in _joined(pairs):
        if not pair.weighty:
            continue
        met, place, span = "", "", None
        if pair.word and pair.word.in_title:
            met, place = pair.word.span.of(above), "title"
        elif pair.word:
            met, place = pair.word.span.of(passage.text), "passage"
            span = pair.word.span.shift(passage.span.start)
        told.append(Meeting(pair.asked.of(question), pair.weight, met, place, span, pair.score))
    return tuple(told)


def _words(text: str, tokens: Ints, *, first: int = 0, in_title: bool = False) -> list[_Word]:
    """Return the words of ``text`` that have tokens, given as spans (t, 2) and counted from ``first``.

    Han characters and clusters of Thai stand alone among the words of a text; a token that holds several joins them.
    """
    words: list[_Word] = []
    starts, ends = tokens.T.tolist()  # both ascend
    for span in word_spans(text):
        begin, end = bisect_right(ends, span.start), bisect_left(starts, span.end)
        if begin >= end:
            continue
        inside = range(begin + first, end + first)
        if words and words[-1].tokens[-1] == inside[0]:
            before = words.pop()
            span, inside = Span(before.span.start, span.end), range(before.tokens.start, inside.stop)
        words.append(_Word(span, inside, in_title))
    return words


def _as_names(words: list[_Word], spelt: Ints) -> list[_Word]:
    """Join words that touch and whose tokens are all a name in other letters, at ``spelt`` (m,)."""
    joined: list[_Word] = []
    there = set(spelt.tolist())
    for word in words:
        before = joined[-1] if joined else None
        if (
            before
            and before.in_title == word.in_title
            and before.span.end == word.span.start
            and there.issuperset((*before.tokens, *word.tokens))
        ):
            tokens = range(before.tokens.start, word.tokens.stop)
            word = _Word(Span(before.span.start, word.span.end), tokens, word.in_title)
            joined.pop()
        joined.append(word)
    return joined


def _pairs(asked: list[_Word], words: list[_Word], scores: Floats, weights: Floats) -> list[_Pair]:
    """Pair each question word with the one of ``words`` that it meets best: scores (q, t), weights (q,) of its tokens.

    A pair scores as late interaction does: the weighted mean of each question token's best partner.
    """
    # the last column is where there is no word at all
    best = np.full((len(weights), len(words) + 1), -1.0, np.float32)
    if words:
        begins = np.cumsum([0, *(len(word.tokens) for word in words[:-1])])
        tokens = np.fromiter(chain.from_iterable(word.tokens for word in words), np.int64)
        best[:, :-1] = np.maximum.reduceat(scores[:, tokens], begins, axis=1)
    pairs: list[_Pair] = []
    at = len(words)
    for word in asked:
        there = slice(word.tokens.start, word.tokens.stop)
        own = weights[there]
        values = own @ best[there] / max(float(own.sum()), 1e-9)
        after, at = at + 1, int(values.argmax())
        # a name of several characters is met as one, and not here and there
        if after < len(words) and values[after] >= values[at] - GOES_ON:
            at = after
        met = words[at] if values[at] >= MET else None
        weighty = bool(own.max() >= 1.0 / len(weights))
        pairs.append(_Pair(word.span, met, float(values[at]), float(own.sum()), weighty))
    return pairs


def _joined(pairs: list[_Pair]) -> list[_Pair]:
    """Join question words that touch where what they met touches too, or where neither met anything."""
    joined: list[_Pair] = []
    for pair in pairs:
        if joined and _touch(joined[-1], pair):
            pair = _both(joined.pop(), pair)
        joined.append(pair)
    return joined


def _touch(one: _Pair, other: _Pair) -> bool:
    if one.asked.end != other.asked.start:
        return False
    if one.word is None or other.word is None:
        return one.word is other.word
    return one.word.in_title == other.word.in_title and one.word.span.end == other.word.span.start


def _both(one: _Pair, other: _Pair) -> _Pair:
    word = one.word
    if word and other.word:
        word = replace(word, span=Span(word.span.start, other.word.span.end))
    weight = one.weight + other.weight
    score = (one.score * one.weight + other.score * other.weight) / max(weight, 1e-9)
    asked = Span(one.asked.start, other.asked.end)
    return _Pair(asked, word, score, weight, one.weighty or other.weighty)
