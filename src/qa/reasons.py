"""Why there is an answer or none: a ``Reason`` without a language, then put into words in one of ``LANGUAGES``."""

from __future__ import annotations

from qa.explaining import meetings
from qa.followups import is_phrase, language
from qa.quotes import asked_kind, asks_only, new_figures
from qa.text import fold, is_traditional, script, word_spans
from qa.types import Hit, Quote, Reason, Span, TokenEncoder

SHOWN = 4
"""Words named in a reason at most."""

_WORDS = {
    "en": {
        "empty": "The library holds no passage that could be compared with the question.",
        "answered": "The passage meets the words of the question.",
        "agrees": "Both name {shared}.",
        "missing": "The nearest passage, in {source}, says nothing about {missed}.",
        "but": "The nearest passage, in {source}, names {shared} but says nothing about {missed}.",
        "number": "The nearest passage, in {source}, names {shared} but gives no such figure.",
        "date": "The nearest passage, in {source}, names {shared} but gives no date.",
        "unsure": "The nearest passage, in {source}, names {shared}, but it is not certain that it answers.",
        "weak": "The nearest passage, in {source}, is about something else or says too little.",
        "word": "“{}”",
        "comma": ", ",
    },
    "zh-Hans": {
        "empty": "文档库里没有可以与问题比较的段落。",
        "answered": "这一段与问题的词语相符。",
        "agrees": "两者都提到{shared}。",
        "missing": "最接近的段落（{source}）没有提到{missed}。",
        "but": "最接近的段落（{source}）提到{shared}，但没有提到{missed}。",
        "number": "最接近的段落（{source}）提到{shared}，但没有给出这个数字。",
        "date": "最接近的段落（{source}）提到{shared}，但没有给出日期。",
        "unsure": "最接近的段落（{source}）提到{shared}，但不能确定它回答了问题。",
        "weak": "最接近的段落（{source}）说的是别的事，或说得太少。",
        "word": "“{}”",
        "comma": "、",
    },
    "zh-Hant": {
        "empty": "文件庫裡沒有可以與問題比較的段落。",
        "answered": "這一段與問題的詞語相符。",
        "agrees": "兩者都提到{shared}。",
        "missing": "最接近的段落（{source}）沒有提到{missed}。",
        "but": "最接近的段落（{source}）提到{shared}，但沒有提到{missed}。",
        "number": "最接近的段落（{source}）提到{shared}，但沒有給出這個數字。",
        "date": "最接近的段落（{source}）提到{shared}，但沒有給出日期。",
        "unsure": "最接近的段落（{source}）提到{shared}，但不能確定它回答了問題。",
        "weak": "最接近的段落（{source}）說的是別的事，或說得太少。",
        "word": "「{}」",
        "comma": "、",
    },
    "ja": {
        "empty": "質問と比べられる段落が、この文書庫にはありません。",
        "answered": "この段落は質問の語と合っています。",
        "agrees": "どちらにも{shared}とあります。",
        "missing": "最も近い段落（{source}）は{missed}に触れていません。",
        "but": "最も近い段落（{source}）には{shared}とありますが、{missed}に触れていません。",
        "number": "最も近い段落（{source}）には{shared}とありますが、求められた数値がありません。",
        "date": "最も近い段落（{source}）には{shared}とありますが、日付がありません。",
        "unsure": "最も近い段落（{source}）には{shared}とありますが、質問の答えかどうかは確かではありません。",
        "weak": "最も近い段落（{source}）は別のことを述べているか、述べていることが少なすぎます。",
        "word": "「{}」",
        "comma": "、",
    },
    "ko": {
        "empty": "이 문서 모음에는 질문과 견줄 만한 단락이 없습니다.",
        "answered": "이 단락은 질문의 낱말과 들어맞습니다.",
        "agrees": "양쪽에 모두 나오는 말: {shared}.",
        "missing": "가장 가까운 단락({source})에 나오지 않는 말: {missed}.",
        "but": "가장 가까운 단락({source})에 나오는 말: {shared}. 나오지 않는 말: {missed}.",
        "number": "가장 가까운 단락({source})에 나오는 말: {shared}. 그러나 찾는 수치는 없습니다.",
        "date": "가장 가까운 단락({source})에 나오는 말: {shared}. 그러나 날짜는 없습니다.",
        "unsure": "가장 가까운 단락({source})에 나오는 말: {shared}. 그러나 답인지는 확실하지 않습니다.",
        "weak": "가장 가까운 단락({source})은 다른 내용을 다루거나 내용이 너무 적습니다.",
        "word": "‘{}’",
        "comma": ", ",
    },
    "es": {
        "empty": "La biblioteca no tiene ningún pasaje que se pueda comparar con la pregunta.",
        "answered": "El pasaje coincide con las palabras de la pregunta.",
        "agrees": "Ambos nombran {shared}.",
        "missing": "El pasaje más cercano, en {source}, no dice nada de {missed}.",
        "but": "El pasaje más cercano, en {source}, nombra {shared}, pero no dice nada de {missed}.",
        "number": "El pasaje más cercano, en {source}, nombra {shared}, pero no da esa cifra.",
        "date": "El pasaje más cercano, en {source}, nombra {shared}, pero no da ninguna fecha.",
        "unsure": "El pasaje más cercano, en {source}, nombra {shared}, pero no es seguro que responda.",
        "weak": "El pasaje más cercano, en {source}, trata de otra cosa o dice demasiado poco.",
        "word": "«{}»",
        "comma": ", ",
    },
    "fr": {
        "empty": "La bibliothèque ne contient aucun passage comparable à la question.",
        "answered": "Le passage correspond aux mots de la question.",
        "agrees": "Les deux mentionnent {shared}.",
        "missing": "Le passage le plus proche, dans {source}, ne dit rien de {missed}.",
        "but": "Le passage le plus proche, dans {source}, mentionne {shared}, mais ne dit rien de {missed}.",
        "number": "Le passage le plus proche, dans {source}, mentionne {shared}, mais ne donne pas ce chiffre.",
        "date": "Le passage le plus proche, dans {source}, mentionne {shared}, mais ne donne aucune date.",
        "unsure": "Le passage le plus proche, dans {source}, mentionne {shared}, mais il n’est pas sûr qu’il réponde.",
        "weak": "Le passage le plus proche, dans {source}, parle d’autre chose ou en dit trop peu.",
        "word": "« {} »",
        "comma": ", ",
    },
    "de": {
        "empty": "Die Bibliothek enthält keine Textstelle, die sich mit der Frage vergleichen ließe.",
        "answered": "Die Textstelle passt zu den Wörtern der Frage.",
        "agrees": "Beide nennen {shared}.",
        "missing": "Die nächstliegende Textstelle, in {source}, sagt nichts zu {missed}.",
        "but": "Die nächstliegende Textstelle, in {source}, nennt {shared}, sagt aber nichts zu {missed}.",
        "number": "Die nächstliegende Textstelle, in {source}, nennt {shared}, aber keine solche Zahl.",
        "date": "Die nächstliegende Textstelle, in {source}, nennt {shared}, aber kein Datum.",
        "unsure": "Die nächstliegende Textstelle, in {source}, nennt {shared}, doch ob sie die Frage beantwortet, ist nicht sicher.",
        "weak": "Die nächstliegende Textstelle, in {source}, handelt von etwas anderem oder sagt zu wenig.",
        "word": "„{}“",
        "comma": ", ",
    },
    "ru": {
        "empty": "В библиотеке нет фрагмента, который можно было бы сравнить с вопросом.",
        "answered": "Фрагмент соответствует словам вопроса.",
        "agrees": "В обоих есть слова: {shared}.",
        "missing": "В ближайшем фрагменте ({source}) нет ничего о {missed}.",
        "but": "В ближайшем фрагменте ({source}) есть {shared}, но нет ничего о {missed}.",
        "number": "В ближайшем фрагменте ({source}) есть {shared}, но нет такого числа.",
        "date": "В ближайшем фрагменте ({source}) есть {shared}, но нет даты.",
        "unsure": "В ближайшем фрагменте ({source}) есть {shared}, но неясно, отвечает ли он на вопрос.",
        "weak": "Ближайший фрагмент ({source}) говорит о другом или слишком мало.",
        "word": "«{}»",
        "comma": ", ",
    },
    "ar": {
        "empty": "لا تحوي المكتبة أي مقطع يمكن مقارنته بالسؤال.",
        "answered": "يوافق المقطع كلمات السؤال.",
        "agrees": "كلاهما يذكر {shared}.",
        "missing": "أقرب مقطع، في {source}، لا يقول شيئًا عن {missed}.",
        "but": "أقرب مقطع، في {source}، يذكر {shared} لكنه لا يقول شيئًا عن {missed}.",
        "number": "أقرب مقطع، في {source}، يذكر {shared} لكنه لا يعطي هذا الرقم.",
        "date": "أقرب مقطع، في {source}، يذكر {shared} لكنه لا يعطي تاريخًا.",
        "unsure": "أقرب مقطع، في {source}، يذكر {shared} لكن ليس مؤكدًا أنه يجيب.",
        "weak": "أقرب مقطع، في {source}، يتناول أمرًا آخر أو يقول القليل جدًا.",
        "word": "«{}»",
        "comma": "، ",
    },
}
LANGUAGES = tuple(_WORDS)
"""BCP 47 tags of the languages that a reason can be told in."""

_RIGHT_TO_LEFT = ("arabic", "hebrew")


def reason_empty() -> Reason:
    return Reason("empty")


def reason_answered(question: str, quote: Quote) -> Reason:
    """Name the question's words that stand in the quote, or say that their meaning does."""
    shared = _shared(question, fold(quote.text))
    return Reason("agrees", quote.source, shared) if shared else Reason("answered", quote.source)


def reason_abstained(question: str, hit: Hit, quote: Quote, encoder: TokenEncoder) -> Reason:
    """Say what the nearest passage has of the question and what it lacks: weighty words, a figure or a date."""
    held = fold("\n".join((quote.title, *quote.headings, hit.text)))
    lang = language(question)
    lacking = (meeting.asked for meeting in meetings(question, hit, encoder) if not meeting.place)
    missed = tuple(
        word
        for word in lacking
        if fold(word) not in held and not asks_only(word) and not is_phrase(word, lang)
    )[:SHOWN]
    shared = _shared(question, held)
    kind = asked_kind(question)
    if missed:
        return Reason("but" if shared else "missing", quote.source, shared, missed)
    if not shared:
        return Reason("weak", quote.source)
    gives_none = kind is not None and not new_figures(hit.text, question)
    return Reason(kind if kind and gives_none else "unsure", quote.source, shared)


def say(reason: Reason, lang: str) -> str:
    """Put a reason into words in one of ``LANGUAGES``."""
    table = _WORDS[lang]
    return table[reason.kind].format(
        source=_isolated(reason.source, lang),
        shared=_listed(reason.shared, lang),
        missed=_listed(reason.missed, lang),
    )


def language_of(question: str) -> str:
    """Return the one of ``LANGUAGES`` that a question is written in, English for any other."""
    lang = language(question)
    if lang == "zh":
        return "zh-Hant" if is_traditional(question) else "zh-Hans"
    return lang if lang in _WORDS else "en"


def _shared(question: str, held: str) -> tuple[str, ...]:
    """Return the words of a question that stand in a folded text too, as far as they tell something."""
    met = [span for span in word_spans(question) if fold(span.of(question)) in held]
    return tuple(word for word in _joined(question, met) if _tells(word) and fold(word) in held)[:SHOWN]


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


def _listed(words: tuple[str, ...], lang: str) -> str:
    table = _WORDS[lang]
    return table["comma"].join(table["word"].format(_isolated(word, lang)) for word in words)


def _isolated(word: str, lang: str) -> str:
    """Return a word that runs against the sentence so that the marks around it keep their places (Unicode isolates)."""
    runs_left = script(word) in _RIGHT_TO_LEFT
    return f"\u2068{word}\u2069" if word and runs_left != (lang == "ar") else word
