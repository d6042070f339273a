"""The quote: whole sentences, the figure asked for marked, and nothing marked rather than the wrong words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.encoder import load_token_encoder
from qa.extractor import load_extractor
from qa.quotes import _whole_name, asked_kind, asks_only, best_quote
from qa.text import sentences, unwrap
from qa.types import Passage, Span, TokenIds


def passage(text: str, *, offset: int = 0) -> Passage:
    spans = tuple(span.shift(offset) for span in sentences(text))
    return Passage("d" * 32, Span(offset, offset + len(text)), text, sentences=spans)


def quoted(question: str, text: str) -> tuple[str, list[str]]:
    best = best_quote(question, passage(text), load_token_encoder(), load_extractor())
    assert best is not None
    return best.span.of(text), [span.of(text) for span in best.highlights]


CASES = [
    ("茶园有多大？", "茶园在山坡上。茶园面积约33平方公里。工人每天上山采茶。", "33平方公里"),
    ("茶園有多大？", "茶园在山坡上。茶园面积约33平方公里。工人每天上山采茶。", "33平方公里"),
    (
        "When was the bridge opened?",
        "The bridge is red. The bridge was opened in 1932. Many people cross it.",
        "1932",
    ),
    ("Wie hoch ist der Turm?", "Der Turm ist alt. Der Turm ist 157 m hoch. Er steht am Markt.", "157"),
    (
        "¿Cuántos visitantes tuvo el museo?",
        "El museo es pequeño. El museo tuvo 4200 visitantes. Abre los lunes.",
        "4200",
    ),
    (
        "Сколько жителей в городе?",
        "Город стоит на реке. В городе живёт 52000 жителей. Зимой холодно.",
        "52000",
    ),
    (
        "駅はいつ開業しましたか。",
        "駅は町の北にあります。駅は1964年に開業しました。近くに川があります。",
        "1964年",
    ),
    ("كم عدد الطلاب في المدرسة؟", "المدرسة قديمة. عدد الطلاب في المدرسة 640 طالبا. تقع قرب النهر.", "640"),
]


@pytest.mark.parametrize(("question", "text", "figure"), CASES)
def test_the_sentence_with_the_figure_is_quoted_and_the_figure_marked(
    question: str, text: str, figure: str
) -> None:
    quote, marked = quoted(question, text)
    assert figure in quote
    assert len(quote) < len(text)
    assert len(marked) == 1
    assert figure in marked[0]


def test_a_figure_of_the_question_is_not_marked() -> None:
    text = "The village is old. In 1950 some 812 people lived there."
    _, marked = quoted("How many people lived there in 1950?", text)
    assert marked == ["812"]


@pytest.mark.parametrize(
    ("word", "only"),
    [
        ("多少", True),
        ("有多少", True),
        ("when", True),
        ("汤阴", False),
        ("Bo", False),
        ("馆", False),
        ("mill", False),
    ],
)
def test_a_word_that_only_asks(word: str, only: bool) -> None:
    assert asks_only(word) is only


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many people live there?", "People live there in stone houses."),
        ("When was the dam built?", "The dam was built of clay and stones."),
    ],
)
def test_nothing_is_marked_when_the_figure_asked_for_is_not_there(question: str, text: str) -> None:
    _, marked = quoted(question, text)
    assert marked == []


@pytest.mark.parametrize(
    ("text", "marked", "name"),
    [
        ("The first keeper was Una Petrie.", "Petrie", "Una Petrie"),
        ("The first keeper was Una Petrie.", "Una", "Una Petrie"),
        ("Мост построил инженер Иван Петров в 1902 году.", "Петров", "Иван Петров"),
        ("Una Petrie kept it.", "Petrie", "Petrie"),  # what begins a sentence is mostly no name
        ("They met Una, Agnes and others.", "Agnes", "Agnes"),
        ("It was built in 1902. Later Una left.", "1902", "1902"),
        ("the keeper of Tarbert", "keeper", "keeper"),
        ("那里住着三十五人。", "三十五人", "三十五人"),
    ],
)
def test_a_name_is_marked_whole(text: str, marked: str, name: str) -> None:
    start = text.index(marked)
    assert _whole_name(text, Span(start, start + len(marked))).of(text) == name


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        (
            "Wann wurde die Mühle gebaut?",
            "Die Mühle am Fluss wurde 1784 gebaut. Sie mahlte bis 1951 Korn.",
            "1784",
        ),
    ],
)
def test_a_mark_is_of_one_sentence(question: str, text: str, answer: str) -> None:
    _, marked = quoted(question, text)
    assert marked == [answer]


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("How many people live there?", "Twelve people live there in stone houses.", "Twelve"),
        ("有多少人住在那里？", "那里住着三十五人。", "三十五人"),
        ("How long did the siege last?", "The siege lasted for months.", "months"),
    ],
)
def test_what_is_asked_for_is_marked_also_where_words_tell_it(question: str, text: str, answer: str) -> None:
    _, marked = quoted(question, text)
    assert marked == [answer]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("有多少人？", "number"), ("何时建成？", "date"), ("How many?", "number"), ("When did it open?", "date"),
        ("¿Cuándo?", "date"), ("Wie viele?", "number"), ("몇 년에 생겼나요?", "date"), ("얼마입니까?", "number"), ("कितने लोग?", "number"),
        ("Ai là tác giả?", None), ("谁写的？", None), ("Who wrote it?", None),
    ],
)  # fmt: skip
def test_the_kind_of_answer(question: str, kind: str | None) -> None:
    assert asked_kind(question) == kind


def stored(text: str) -> TokenIds:
    """Return the tokens that a library has of a passage under a title."""
    return load_token_encoder().token_ids([f"The Suez Canal\n{unwrap(text)}"])[0]


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("How long is the Suez Canal?", "It joins two seas. It is 193 kilometres long. Ships pass daily.", "193 kilometres"),
        ("苏伊士运河全长多少公里？", "运河连接两个海。全长约19\n3公里，每天有船通过。船很多。", "19\n3公里"),
        ("Wie lang ist der Suezkanal?", "Er verbindet zwei Meere. Er ist 193 Kilo-\nmeter lang. Er ist alt.", "193"),
    ],
)  # fmt: skip
def test_hard_line_breaks_are_read_as_they_are_indexed_and_marked_as_they_stand(
    question: str, text: str, answer: str
) -> None:
    place = passage(text, offset=7)
    best = best_quote(question, place, load_token_encoder(), load_extractor(), stored(text))
    assert best
    assert [mark.shift(-7).of(text) for mark in best.highlights] == [answer]
    assert answer in best.span.shift(-7).of(text)


@pytest.mark.parametrize("text", ["It joins two seas. It is 193 kilometres long.", "ﬁve lochs 是 193 公里。"])
def test_tokens_that_are_known_change_no_quote(text: str) -> None:
    question = "How long is the Suez Canal?"
    alone = best_quote(question, passage(text), load_token_encoder(), load_extractor())
    for known in (stored(text), stored("A mill stands there.")):
        best = best_quote(question, passage(text), load_token_encoder(), load_extractor(), known)
        assert best
        assert alone
        assert (best.span, best.highlights, best.score) == (alone.span, alone.highlights, alone.score)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(min_size=1, max_size=200),
    question=st.text(min_size=1, max_size=40),
    offset=st.integers(0, 9),
)
def test_spans_lie_inside_the_passage_and_are_ordered(text: str, question: str, offset: int) -> None:
    best = best_quote(question, passage(text, offset=offset), load_token_encoder(), load_extractor())
    if best is None:
        return
    assert offset <= best.span.start < best.span.end <= offset + len(text)
    ends = [best.span.start]
    for mark in best.highlights:
        assert ends[-1] <= mark.start < mark.end <= best.span.end
        ends.append(mark.end)
