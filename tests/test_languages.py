"""The language of a text from its tokens, for questions as short as people ask them."""

from __future__ import annotations

import numpy as np
import pytest

from qa.encoder import load_token_encoder
from qa.languages import Languages
from qa.ranking import Question

LANGUAGES = Languages.load()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("安吉县有多少人？", "zh"), ("安吉縣有多少人？", "zh"), ("駅はどこですか。", "ja"), ("서울의 인구는 몇 명인가요?", "ko"),
        ("كم عدد سكان المدينة؟", "ar"), ("שמו של הנהר", "he"), ("भारत की राजधानी", "hi"), ("แม่น้ำยาวเท่าไร", "th"),
        ("Сколько жителей в городе?", "ru"), ("Скільки мешканців у місті?", "uk"), ("Wie hoch ist der Turm?", "de"),
        ("How high is the tower?", "en"), ("Quelle est la hauteur de la tour ?", "fr"), ("¿Cuántos habitantes hay?", "es"),
        ("Quantos habitantes tem a cidade?", "pt"), ("Ai là tác giả?", "vi"), ("Kule ne kadar yüksek?", "tr"),
    ],
)  # fmt: skip
def test_a_short_text_tells_its_language(text: str, name: str) -> None:
    (chances,) = LANGUAGES.of(load_token_encoder().token_ids([text]))
    assert LANGUAGES.names[int(chances.argmax())] == name
    assert chances.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_text_without_tokens_may_be_in_any_language() -> None:
    alone, beside = LANGUAGES.of([np.zeros(0, np.uint32), load_token_encoder().token_ids(["the house"])[0]])
    assert alone.tolist() == pytest.approx([1 / len(LANGUAGES.names)] * len(LANGUAGES.names))
    assert LANGUAGES.names[int(beside.argmax())] == "en"


def test_a_figure_counts_unless_the_question_holds_it() -> None:
    asked, told, bare = load_token_encoder().token_ids(["哪年有96条？", "1857年有96条", "那年有很多"])
    none = np.zeros(0, np.uint32)
    assert LANGUAGES.have_figures([told, bare, none, told], besides=asked).tolist() == [
        True,
        False,
        False,
        True,
    ]
    assert LANGUAGES.have_figures([told, bare], besides=none).tolist() == [True, False]
    assert LANGUAGES.have_figures([told], besides=told).tolist() == [False]
    assert LANGUAGES.have_figures([], besides=asked).tolist() == []


def test_common_words_meet_the_common_words_of_their_own_language() -> None:
    encoder = load_token_encoder()
    asked = Question.of(encoder.token_ids(["the"])[0], encoder)
    among = np.array([LANGUAGES.names.index(name) for name in ("zh", "en")])
    met = LANGUAGES.common_met(asked, encoder, among)
    assert met.shape == (len(asked.ids), 2)
    assert met[0, 0] < met[0, 1] == pytest.approx(1.0, abs=1e-3)
