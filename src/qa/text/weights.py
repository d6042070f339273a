"""How much a search term counts in a question."""

from __future__ import annotations

import regex

from qa.text.characters import HAN, HANGUL, KANA, UNSPACED
from qa.text.folding import fold
from qa.text.terms import HEAD, STEM, UNCASED_STEM, words

_PART = 0.5
"""Of a term that stands beside the stem of the same word: a form of the word, or the last part of a long one."""
_ASKING = 0.4
"""Of a term of the words that ask. They are rare in passages, which answer, and so look weighty."""

_ASKING_WORDS = {
    "en": "what who whom whose which when where why how",
    "de": (
        "was wer wem wen wessen wann wo woher wohin warum wieso weshalb wie wieviel wieviele welche "
        "welcher welches welchem welchen"
    ),
    "nl": "wat wie wanneer waar waarom hoe hoeveel welke welk",
    "sv": "vad vem vilken vilket vilka när var varför hur vems",
    "no": "hva hvem hvilken hvilket hvilke hvor hvorfor hvordan når hvad hvornår",
    "fr": "que qui quoi quel quelle quels quelles quand où comment combien pourquoi lequel laquelle est-ce",
    "es": "qué quién quiénes cuál cuáles cuándo dónde cómo cuánto cuánta cuántos cuántas",
    "pt": "que quem qual quais quando onde como quanto quanta quantos quantas porque",
    "it": "che chi cosa quale quali quando dove come quanto quanta quanti quante perché",
    "ro": "ce cine care când unde cum cât câtă câți câte",
    "pl": "co kto kogo komu jaki jaka jakie który która które kiedy gdzie jak ile dlaczego czy",
    "cs": "co kdo koho jaký jaká jaké který která které kdy kde jak kolik proč",
    "ru": (
        "что кто кого кому кем чем чего какой какая какое какие какого каком каким какую который "
        "когда где куда откуда как сколько почему зачем чей чья"
    ),
    "uk": "що хто кого кому чого чим який яка яке які якого якому коли де куди звідки як скільки чому",
    "bg": "какво кой коя кое кои кога къде как колко защо",
    "el": "τι ποιος ποια ποιο ποιοι ποιες πότε πού πώς πόσο πόσοι πόσα γιατί",
    "fi": (
        "mikä mitä minkä missä mistä mihin milloin millä miten miksi kuka ketä kenen ketkä kuinka "
        "montako monta kumpi mitkä"
    ),
    "et": "mis mida mille millal kes keda kelle kus kust kuhu kuidas miks milline mitu kui",
    "hu": "mi mit ki kit kik mikor hol hova honnan hogyan hány mennyi miért melyik milyen",
    "tr": (
        "ne nedir neler nelerdir neyi neye neden niçin nasıl kim kimdir kimler kimin kime hangi "
        "hangisi hangisidir kaç kaçıncı nerede nereye nereden neresi neresidir"
    ),
    "kk": "не нені неше нешінші кім кімді кімнің қай қандай қашан қайда қайдан қалай қанша неге неліктен",
    "id": (
        "apa apakah siapa siapakah kapan kapankah mana manakah dimana dimanakah berapa berapakah "
        "mengapa kenapa bagaimana bagaimanakah"
    ),
    "sw": (
        "nini nani nanini gani lini wapi ngapi wangapi mingapi mangapi vingapi kwanini je ipi upi yupi lipi"
    ),
    "vi": "gì nào ai đâu sao bao nhiêu",
    "ar": "ما ماذا بماذا لماذا من متى أين كيف كم هل أي أية ماهي ماهو لمن",
    "fa": "چه چی چیست چیه کی کیست کجا کجاست کدام چرا چگونه چطور چند چندمین چقدر آیا",
    "he": (
        "מה מהו מהי מי מיהו מיהי מתי איפה היכן לאן איך כיצד כמה איזה איזו אילו באיזה באיזו לאיזה "
        "מדוע למה האם למי"
    ),
    "hi": "क्या कौन किस किसने किसे किसका किसकी किसके कब कहाँ कहां क्यों कैसे कितना कितने कितनी",
    "bn": "কী কি কে কাকে কার কবে কখন কোথায় কোন কেন কত কতজন কীভাবে",
    "te": "ఏమి ఏమిటి ఏంటి ఏది ఏ ఎవరు ఎప్పుడు ఎక్కడ ఎందుకు ఎలా ఎంత ఎన్ని ఎంతమంది",
}
"""The words that ask, by language, in any form."""

_ASKING_PARTS = (
    "什 么 哪 谁 怎 吗 何 几 多少"  # zh, and ja: 何 谁 (folded)
    " どこ いつ どの どれ どう どん なぜ どち だれ いく"
    " 무엇 엇 누구 어디 언제 얼마 어느 어떤 떤 몇"
    " ማን መቼ ስንት የት ምን ንድን እንዴ"
    " อะ ใค ใด ไหน เท่าไ กี่ หร่ ทำไม"
)
"""Parts that ask, in scripts whose terms are parts of words: a term that holds one may cross the word's border."""

_LONG = regex.compile(
    rf"\p{{Ll}}.{{{STEM}}}|[[\p{{L}}]--[\p{{Ll}}{HAN}{KANA}{HANGUL}{UNSPACED}]].{{{UNCASED_STEM}}}|{HEAD}",
    regex.V1,
)
_ASKS = frozenset(term for language in _ASKING_WORDS.values() for term in words(language))
_HOLDS_ASKING = regex.compile("|".join(map(regex.escape, fold(_ASKING_PARTS).split())))


def weight(term: str) -> float:
    """Return how much a term of ``words`` counts in a question, at most 1."""
    part = _PART if _LONG.match(term) else 1.0
    return part * _ASKING if term in _ASKS or _HOLDS_ASKING.search(term) else part
