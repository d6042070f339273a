"""Why there is an answer or none, in words, in the question's language where it is written here."""

from __future__ import annotations

from qa.quotes import BestQuote
from qa.ranking import Question
from qa.text import fold, script, word_spans
from qa.types import Quote, Span, TokenEncoder

MISSED = 0.45
"""Token score under which a question word counts as met by nothing in the quote."""

SHOWN = 4
"""Words named in a reason at most."""

_WORDS = {
    "en": {
        "empty": "The library holds no passage that could be compared with the question.",
        "answered": "The passage meets the words of the question.",
        "agrees": "Both name {words}.",
        "missing": "The nearest passage, in {source}, says nothing about {words}.",
        "weak": "The nearest passage, in {source}, is about something else or says too little.",
        "comma": ", ",
    },
    "zh": {
        "empty": "文档库里没有可以与问题比较的段落。",
        "answered": "这一段与问题的词语相符。",
        "agrees": "两者都提到{words}。",
        "missing": "最接近的段落（{source}）没有提到{words}。",
        "weak": "最接近的段落（{source}）说的是别的事，或说得太少。",
        "comma": "、",
    },
}


def reason_empty(question: str) -> str:
    return _table(question)["empty"]


def reason_answered(question: str, quote: Quote) -> str:
    """Name the question's words that stand in the quote, or say that their meaning does."""
    table = _table(question)
    held = fold(quote.text)
    met = [span for span in word_spans(question) if fold(span.of(question)) in held]
    shared = [word for word in _joined(question, met) if _tells(word) and fold(word) in held]
    return table["agrees"].format(words=_listed(shared, table)) if shared else table["answered"]


def reason_abstained(question: str, quote: Quote, best: BestQuote, encoder: TokenEncoder) -> str:
    """Name the question's weighty words that the nearest passage does not meet."""
    table = _table(question)
    tokens = encoder.tokens(question)
    asked = Question.of(tokens.ids, encoder)
    named = fold(" ".join((quote.title, *quote.headings, quote.text)))
    missed: list[Span] = []
    starts, ends = tokens.spans[asked.places].T
    for word in word_spans(question):
        inside = (starts < word.end) & (ends > word.start)
        weighty = inside.any() and float(asked.weights[inside].max()) >= 1.0 / len(asked.ids)
        if weighty and float(best.met[inside].max()) < MISSED and fold(word.of(question)) not in named:
            missed.append(word)
    if not missed:
        return table["weak"].format(source=quote.source)
    return table["missing"].format(source=quote.source, words=_listed(_joined(question, missed), table))


def _joined(text: str, words: list[Span]) -> list[str]:
    """Return words once each, those that touch in one: Han characters stand alone among the words of a text."""
    runs: list[Span] = []
    for word in words:
        if runs and runs[-1].end == word.start:
            word = Span(runs.pop().start, word.end)
        runs.append(word)
    return list(dict.fromkeys(run.of(text) for run in runs))


def _tells(word: str) -> bool:
    """Tell whether a word is long enough to say something: two Han characters, or four letters."""
    return len(word) >= (2 if script(word) in ("han", "kana", "hangul") else 4)


def _listed(words: list[str], table: dict[str, str]) -> str:
    return table["comma"].join(f"“{word}”" for word in words[:SHOWN])


def _table(question: str) -> dict[str, str]:
    return _WORDS["zh" if script(question) == "han" else "en"]
