"""Why there is an answer or none: the words that quote and question share, or that the nearest passage lacks."""

from __future__ import annotations

import string

import pytest

from qa import reasons
from qa.encoder import load_token_encoder
from qa.reasons import LANGUAGES, language_of, reason_abstained, reason_answered, reason_empty, say
from qa.types import Hit, Passage, Quote, Reason, Span


def quote(text: str) -> Quote:
    return Quote(text, Span(0, len(text)), "d", "源.txt", 1)


def hit(text: str) -> Hit:
    return Hit(1, 0.0, Passage("d", Span(0, len(text)), text), "a.txt")


def told(question: str, reason: Reason) -> str:
    return say(reason, language_of(question))


@pytest.mark.parametrize(
    ("question", "text", "reason"),
    [
        ("长城有多长？", "长城的总长度是21196公里。", "两者都提到“长城”。"),
        ("長城有多長？", "长城的总长度是21196公里。", "兩者都提到「長城」。"),
        ("Who built the lighthouse?", "The Lighthouse was built by Ann.", "Both name “built”, “lighthouse”."),
        ("Wer ist es?", "Das Haus ist alt.", "Die Textstelle passt zu den Wörtern der Frage."),
        ("Сколько книг в библиотеке?", "В библиотеке 300 книг.", "В обоих есть слова: «книг», «библиотеке»."),
    ],
)
def test_what_question_and_quote_share(question: str, text: str, reason: str) -> None:
    assert told(question, reason_answered(question, quote(text))) == reason


def test_what_the_nearest_passage_lacks() -> None:
    text, question = "云山茶园面积约33平方公里。", "长颈鹿有多高？"
    reason = told(question, reason_abstained(question, hit(text), quote(text), load_token_encoder()))
    assert reason.startswith("最接近的段落（源.txt）没有提到“")
    assert "长颈鹿" in reason


@pytest.mark.parametrize(
    ("question", "text", "reason"),
    [
        ("汤阴有多少人？", "汤阴是岳飞的故乡。", "最接近的段落（源.txt）提到“汤阴”，但没有给出这个数字。"),
        (
            "When was the lighthouse built?",
            "The lighthouse was built by Ann.",
            "names “lighthouse”, “built” but gives no date.",
        ),
        (
            "Who painted the lighthouse?",
            "The lighthouse is tall.",
            "names “lighthouse” but says nothing about “painted”.",
        ),
        (
            "苏伊士运河有多长？",
            "苏伊士运河全长约193公里。",
            "最接近的段落（源.txt）提到“苏伊士运河”，但不能确定它回答了问题。",
        ),
    ],
)
def test_what_the_nearest_passage_has_and_what_it_lacks(question: str, text: str, reason: str) -> None:
    why = reason_abstained(question, hit(text), quote(text), load_token_encoder())
    assert told(question, why).endswith(reason)


def test_an_empty_library_says_so_in_the_language_of_the_question() -> None:
    assert told("谁？", reason_empty()) == "文档库里没有可以与问题比较的段落。"
    assert told("Who?", reason_empty()).startswith("The library holds no passage")


@pytest.mark.parametrize(
    ("question", "lang"),
    [
        ("长城有多长？", "zh-Hans"),
        ("長城有多長？", "zh-Hant"),
        ("席はいくつですか？", "ja"),
        ("좌석은 몇 개입니까?", "ko"),
        ("¿Cuándo se construyó?", "es"),
        ("Quand le phare a-t-il été construit ?", "fr"),
        ("Wann wurde die Mühle gebaut?", "de"),
        ("Когда построен маяк?", "ru"),
        ("متى افتتحت القناة؟", "ar"),
        ("When was it built?", "en"),
        ("नहर कितनी लंबी है?", "en"),
    ],
)
def test_a_reason_is_told_in_the_language_of_the_question_where_that_is_written_here(
    question: str, lang: str
) -> None:
    assert language_of(question) == lang


def test_every_language_tells_every_reason_with_the_same_words_in_it() -> None:
    def fields(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    english = reasons._WORDS["en"]
    for lang in LANGUAGES:
        table = reasons._WORDS[lang]
        assert table.keys() == english.keys()
        for kind, template in table.items():
            assert fields(template) == fields(english[kind]), f"{lang}: {kind}"


def test_a_word_that_runs_against_the_sentence_keeps_the_marks_around_it_in_place() -> None:
    question = "متى افتتحت قناة السويس؟"
    why = reason_answered(question, quote("افتتحت قناة السويس عام 1869."))
    assert "“\u2068السويس\u2069”" in say(why, "en")
    assert "«السويس»" in say(why, "ar")
    abstained = reason_abstained("Who swims?", hit("Nobody."), quote("Nobody."), load_token_encoder())
    assert "\u2068swims\u2069" in say(abstained, "ar")
    assert "“swims”" in say(abstained, "en")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("湖北省会在哪里", "湖北的天门出过一位陆羽。"),
        ("Où est la capitale du Hubei ?", "陆羽是湖北天门人。"),
        ("Wer regiert Hubei?", "陆羽是湖北天门人。"),
        ("Who should pay for the bridge?", "Lu Yu came from Tianmen."),
    ],
)
def test_what_only_asks_is_not_said_to_be_missing(question: str, text: str) -> None:
    why = reason_abstained(question, hit(text), quote(text), load_token_encoder())
    assert not {word.casefold() for word in why.missed} & {"哪里", "在哪里", "où", "wer", "should", "for"}
