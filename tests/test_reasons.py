"""Why there is an answer or none: the words that quote and question share, or that the nearest passage lacks."""

from __future__ import annotations

import pytest

from qa.encoder import load_token_encoder
from qa.reasons import reason_abstained, reason_answered, reason_empty
from qa.types import Passage, Quote, Span


def quote(text: str) -> Quote:
    return Quote(text, Span(0, len(text)), "d", "源.txt", 1)


def passage(text: str) -> Passage:
    return Passage("d", Span(0, len(text)), text)


@pytest.mark.parametrize(
    ("question", "text", "reason"),
    [
        ("长城有多长？", "长城的总长度是21196公里。", "两者都提到“长城”。"),
        ("長城有多長？", "长城的总长度是21196公里。", "两者都提到“長城”。"),
        ("Who built the lighthouse?", "The Lighthouse was built by Ann.", "Both name “built”, “lighthouse”."),
        ("Wer ist es?", "Das Haus ist alt.", "The passage meets the words of the question."),
    ],
)
def test_what_question_and_quote_share(question: str, text: str, reason: str) -> None:
    assert reason_answered(question, quote(text)) == reason


def test_what_the_nearest_passage_lacks() -> None:
    text, question = "云山茶园面积约33平方公里。", "长颈鹿有多高？"
    reason = reason_abstained(question, passage(text), quote(text), load_token_encoder())
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
    ],
)
def test_what_the_nearest_passage_has_and_what_it_lacks(question: str, text: str, reason: str) -> None:
    assert reason_abstained(question, passage(text), quote(text), load_token_encoder()).endswith(reason)


def test_an_empty_library_says_so_in_the_language_of_the_question() -> None:
    assert reason_empty("谁？") == "文档库里没有可以与问题比较的段落。"
    assert reason_empty("Who?").startswith("The library holds no passage")


def test_a_word_from_right_to_left_keeps_the_marks_around_it_in_place() -> None:
    told = reason_answered("متى افتتحت قناة السويس؟", quote("افتتحت قناة السويس عام 1869."))
    assert "“\u2068السويس\u2069”" in told
