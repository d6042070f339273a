"""Why there is an answer or none: the words that quote and question share, or that the nearest passage lacks."""

from __future__ import annotations

import pytest

from qa.encoder import load_token_encoder
from qa.quotes import best_quote
from qa.reasons import reason_abstained, reason_answered, reason_empty
from qa.types import Passage, Quote, Span


def quote(text: str) -> Quote:
    return Quote(text, Span(0, len(text)), "d", "源.txt", 1)


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
    best = best_quote(question, Passage("d", Span(0, len(text)), text), load_token_encoder())
    assert best is not None
    reason = reason_abstained(question, quote(text), best, load_token_encoder())
    assert reason.startswith("最接近的段落（源.txt）没有提到“")
    assert "长颈鹿" in reason


def test_an_empty_library_says_so_in_the_language_of_the_question() -> None:
    assert reason_empty("谁？") == "文档库里没有可以与问题比较的段落。"
    assert reason_empty("Who?").startswith("The library holds no passage")
