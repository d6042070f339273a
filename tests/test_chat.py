"""A conversation: what a follow-up carries over, and what a new topic must not."""

from __future__ import annotations

import pytest

from qa.chat import LONGEST_FOLLOW_UP, Conversation
from qa.text import words
from qa.types import Answer, Hit, Passage, Scope, Span


class Shelf:
    """``Asks`` over a few documents, (title, passages): the passage with most words of the question, and as confidence
    the share of them that it holds."""

    def __init__(self, *documents: tuple[str, list[str]]) -> None:
        self._passages = [
            Passage(title, Span(0, len(text)), text, title=title, id=number)
            for title, texts in documents
            for number, text in enumerate(texts)
        ]
        self.asked: list[str] = []

    def ask(self, question: str, *, scope: Scope | None = None) -> Answer:
        self.asked.append(question)
        asked = set(words(question))
        found = [
            (len(asked & set(words(f"{p.title} {p.text}"))) / max(len(asked), 1), p) for p in self._passages
        ]
        found.sort(key=lambda pair: -pair[0])
        hits = tuple(
            Hit(rank, share, passage, passage.title) for rank, (share, passage) in enumerate(found, 1)
        )
        return Answer(question, None, found[0][0] if found else 0.0, "", hits)


SHELF = Shelf(
    ("安吉县：三新", ["安吉县属于湖州市，县委书记是杨卫东。", "全票150元，学生80元，买票的规则。"]),
    ("汤阴县的改革", ["汤阴县属于安阳市，县委书记是路录平。"]),
    (
        "The Suez Canal",
        ["The Suez Canal is 193 kilometres long and 24 metres deep.", "In 2023 and in 2024 ships passed."],
    ),
    ("The Panama Canal", ["The Panama Canal is 82 kilometres long. Goethals finished the Panama Canal."]),
    ("Bibliothek Lindenfurt", ["Bücher leiht die Bibliothek Lindenfurt 28 Tage aus, Filme 14 Tage."]),
    (
        "Alta velocidad",
        ["El tren llegó a Barcelona en 2008, a Valencia en 2010. Une Madrid con Barcelona."],
    ),
    ("Транссиб", ["Западно-Сибирский участок построили в 1896 году, Амурский участок в 1916 году."]),
    ("ابن بطوطة", ["كان ابن بطوطة في الهند سنة 1333 وفي الصين سنة 1345. وُلد ابن بطوطة في طنجة."]),
    ("日本の茶", ["玉露は50度のお湯でいれます。煎茶は70度のお湯でいれます。"]),
    ("고속철도", ["호남고속선은 2015년에 개통되었다. 강릉선은 2017년에 개통되었다."]),
    ("Curie à Paris", ["Marie Curie repose au Panthéon depuis 1995. Marie Curie est née à Varsovie."]),
    ("दार्जिलिंग", ["दार्जिलिंग में चाय के पौधे कैंपबेल ने 1841 में लगाए।"]),
    ("Cà phê", ["Cà phê trứng có nguồn gốc ở Hà Nội, cà phê muối ở Huế."]),
)


def read(*questions: str) -> str:
    """Return how the last of some questions, asked in turn, was read."""
    conversation = Conversation(SHELF)
    return [conversation.ask(question).standalone for question in questions][-1]


@pytest.mark.parametrize(
    ("before", "follow_up", "standalone"),
    [
        # what the document of before does not speak of takes the place of its name
        ("安吉县归哪个市管？", "那汤阴县呢？", "汤阴县归哪个市管？"),
        ("How long is the Panama Canal?", "What about the Suez Canal?", "How long is the Suez Canal?"),
        # what it speaks of takes the place of the other side of the same thing
        ("安吉县的全票多少钱？", "学生呢？", "安吉县的学生多少钱？"),
        (
            "Wie lange leiht die Bibliothek Lindenfurt Bücher aus?",
            "Und Filme?",
            "Wie lange leiht die Bibliothek Lindenfurt Filme aus?",
        ),
        ("玉露は何度のお湯でいれますか。", "では煎茶は？", "煎茶は何度のお湯でいれますか。"),
        # a number that of a number
        ("How many ships passed in 2023?", "And 2024?", "How many ships passed in 2024?"),
        # what follows a preposition that of what followed it
        ("How many ships passed in 2023?", "And in 2024?", "How many ships passed in 2024?"),
        ("¿Cuándo llegó el tren a Barcelona?", "¿Y a Valencia?", "¿Cuándo llegó el tren a Valencia?"),
        ("متى كان ابن بطوطة في الهند؟", "وفي الصين؟", "متى كان ابن بطوطة في الصين؟"),
        # a name that of one that ends alike
        ("Когда построили Западно-Сибирский участок?", "А Амурский?", "Когда построили Амурский участок?"),
        ("호남고속선은 언제 개통되었나요?", "강릉선은요?", "강릉선은 언제 개통되었나요?"),
    ],
)
def test_a_fragment_takes_the_place_of_what_it_replaces(before: str, follow_up: str, standalone: str) -> None:
    assert read(before, follow_up) == standalone


@pytest.mark.parametrize(
    ("before", "follow_up", "standalone"),
    [
        ("安吉县归哪个市管？", "为什么？", "安吉县归为什么市管？"),
        ("Who finished the Panama Canal?", "When?", "When finished the Panama Canal?"),
        ("Où repose Marie Curie ?", "Depuis quand ?", "Depuis quand repose Marie Curie ?"),
        ("¿Cuándo llegó el tren a Barcelona?", "¿Y cómo?", "¿Cómo llegó el tren a Barcelona?"),
        ("أين وُلد ابن بطوطة؟", "ومتى؟", "متى وُلد ابن بطوطة؟"),
        ("दार्जिलिंग में चाय के पौधे किसने लगाए?", "कब?", "दार्जिलिंग में चाय के पौधे कब लगाए?"),
        ("호남고속선은 언제 개통되었나요?", "왜요?", "호남고속선은 왜요 개통되었나요?"),
    ],
)
def test_a_question_word_alone_asks_the_same_another_way(
    before: str, follow_up: str, standalone: str
) -> None:
    assert read(before, follow_up) == standalone


@pytest.mark.parametrize(
    ("before", "follow_up", "standalone"),
    [
        ("安吉县归哪个市管？", "它的县委书记是谁？", "它的县委书记是谁？ (安吉县)"),
        ("How long is the Panama Canal?", "Who finished it?", "Who finished it? (Panama Canal)"),
        ("Où repose Marie Curie ?", "Où est-elle née ?", "Où est-elle née ? (repose Marie Curie)"),
        ("متى كان ابن بطوطة في الهند؟", "أين وُلد؟", "أين وُلد؟ (ابن بطوطة في الهند)"),
    ],
)
def test_a_question_without_a_subject_gets_it_in_brackets(
    before: str, follow_up: str, standalone: str
) -> None:
    assert read(before, follow_up) == standalone


def test_the_subject_stays_over_several_turns() -> None:
    assert read("安吉县归哪个市管？", "那汤阴县呢？", "它的县委书记是谁？") == "它的县委书记是谁？ (汤阴县)"
    assert read("How long is the Panama Canal?", "What about the Suez Canal?", "How deep is it?") == (
        "How deep is the Suez Canal?"
    )


@pytest.mark.parametrize(
    ("before", "topic"),
    [
        ("安吉县归哪个市管？", "玉露は何度のお湯でいれますか。"),
        ("安吉县归哪个市管？", "汤阴县的县委书记是谁？"),
        ("How long is the Panama Canal?", "How many ships passed in 2023?"),
        ("How long is the Panama Canal?", "Where does Marie Curie rest?"),
        ("Où repose Marie Curie ?", "Who finished the Panama Canal?"),
        ("Когда построили Амурский участок?", "أين وُلد ابن بطوطة؟"),
        ("Wie lange leiht die Bibliothek Lindenfurt Bücher aus?", "¿Cuándo llegó el tren a Valencia?"),
        ("玉露は何度のお湯でいれますか。", "강릉선은 언제 개통되었나요?"),
    ],
)
def test_a_new_topic_is_asked_as_it_is(before: str, topic: str) -> None:
    assert read(before, topic) == topic


def test_the_first_question_is_asked_once_and_as_it_is() -> None:
    shelf = Shelf(("Tea", ["Tea is green."]))
    assert Conversation(shelf).ask("And it?").standalone == "And it?"
    assert shelf.asked == ["And it?"]


def test_a_turn_asks_at_most_two_readings() -> None:
    shelf = Shelf(("The Suez Canal", ["The Suez Canal is long and deep."]))
    conversation = Conversation(shelf)
    for question in ("How long is the Suez Canal?", "And how deep?", "Is it long?", "Who dug it?", "呢？"):
        before = len(shelf.asked)
        conversation.ask(question)
        assert len(shelf.asked) - before <= 2


def test_what_a_reader_has_written_out_is_taken_as_it_is() -> None:
    conversation = Conversation(SHELF)
    conversation.ask("How long is the Panama Canal?")
    turn = conversation.ask("What about the Suez Canal?", alone=True)
    assert turn.standalone == turn.question == turn.answer.question == "What about the Suez Canal?"
    assert conversation.turns[-1] is turn


def test_thanks_are_no_follow_up() -> None:
    assert read("How long is the Panama Canal?", "Thanks!") == "Thanks!"
    assert read("安吉县归哪个市管？", "谢谢！") == "谢谢！"


@pytest.mark.parametrize("question", ["?", "…", "  ", "🙂"])
def test_what_says_nothing_is_not_read_as_the_question_before(question: str) -> None:
    assert read("How long is the Panama Canal?", question) == question


def test_a_long_question_says_itself_what_it_is_about() -> None:
    question = "And how " + "very " * (LONGEST_FOLLOW_UP // 5) + "long is it?"
    assert read("How long is the Panama Canal?", question) == question


def test_an_empty_library_is_no_error() -> None:
    conversation = Conversation(Shelf())
    conversation.ask("How long is the Panama Canal?")
    assert conversation.ask("And the Suez Canal?").standalone == "How long is the Suez Canal?"
