"""Why there is an answer or none, in words, in the question's language where it is written here."""

from __future__ import annotations

from qa.explaining import meetings
from qa.quotes import asked_kind, asks_only, new_figures
from qa.text import fold, script, word_spans
from qa.types import Passage, Quote, Span, TokenEncoder

SHOWN = 4
"""Words named in a reason at most."""

_WORDS = {
    "en": {
        "empty": "The library holds no passage that could be compared with the question.",
        "answered": "The passage meets the words of the question.",
        "agrees": "Both name {words}.",
        "missing": "The nearest passage, in {source}, says nothing about {words}.",
        "but": "The nearest passage, in {source}, names {shared} but says nothing about {words}.",
        "number": "The nearest passage, in {source}, names {shared} but gives no such figure.",
        "date": "The nearest passage, in {source}, names {shared} but gives no date.",
        "weak": "The nearest passage, in {source}, is about something else or says too little.",
        "comma": ", ",
    },
    "zh": {
        "empty": "文档库里没有可以与问题比较的段落。",
        "answered": "这一段与问题的词语相符。",
        "agrees": "两者都提到{words}。",
        "missing": "最接近的段落（{source}）没有提到{words}。",
        "but": "最接近的段落（{source}）提到{shared}，但没有提到{words}。",
        "number": "最接近的段落（{source}）提到{shared}，但没有给出这个数字。",
        "date": "最接近的段落（{source}）提到{shared}，但没有给出日期。",
        "weak": "最接近的段落（{source}）说的是别的事，或说得太少。",
        "comma": "、",
    },
}


def reason_empty(question: str) -> str:
    return _table(question)["empty"]


def reason_answered(question: str, quote: Quote) -> str:
    """Name the question's words that stand in the quote, or say that their meaning does."""
    table = _table(question)
    shared = _shared(question, fold(quote.text))
    return table["agrees"].format(words=_listed(shared, table)) if shared else table["answered"]


def reason_abstained(question: str, passage: Passage, quote: Quote, encoder: TokenEncoder) -> str:
    """Say what the nearest passage has of the question and what it lacks: weighty words, a figure or a date."""
    table = _table(question)
    held = fold("\n".join((quote.title, *quote.headings, passage.text)))
    missed = [
        meeting.asked
        for meeting in meetings(question, passage, encoder)
        if not meeting.place and fold(meeting.asked) not in held and not asks_only(meeting.asked)
    ]
    shared = _listed(_shared(question, held), table)
    kind = asked_kind(question)
    if missed:
        gap = "but" if shared else "missing"
    else:
        gap = kind if shared and kind and not new_figures(passage.text, question) else "weak"
    return table[gap].format(source=quote.source, shared=shared, words=_listed(missed, table))


def _shared(question: str, held: str) -> list[str]:
    """Return the words of a question that stand in a folded text too, as far as they tell something."""
    met = [span for span in word_spans(question) if fold(span.of(question)) in held]
    return [word for word in _joined(question, met) if _tells(word) and fold(word) in held]


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
    return table["comma"].join(f"“{_apart(word)}”" for word in words[:SHOWN])


def _apart(word: str) -> str:
    """Return a word that runs from right to left so that the marks around it keep their places (Unicode isolates)."""
    return f"\u2068{word}\u2069" if script(word) in ("arabic", "hebrew") else word


def _table(question: str) -> dict[str, str]:
    return _WORDS["zh" if script(question) == "han" else "en"]
