"""Names in other letters: which words may be one, where a text has them, and that they are found."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.encoder import load_token_encoder
from qa.names import READ
from qa.ranking import Question, interact, lay

ENCODER = load_token_encoder()


def met(question: str, text: str) -> set[str]:
    """Return the stretches of ``text`` that are read as names of the question."""
    tokens, names = ENCODER.tokens(text), ENCODER.names(question)
    if names is None:
        return set()
    return {
        "".join(text[start:end] for start, end in tokens.spans[name.places].tolist())
        for name in names.met(lay([tokens.ids], ENCODER))
        if name.cosine == READ
    }


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        ("How many people live in Tangyin?", "汤阴县有多少人", {"汤阴"}),
        ("Anji's economy", "安吉县的经济", {"安吉"}),
        ("¿Quién es Yang Weidong?", "书记杨卫东说", {"杨卫东", "卫东"}),
        ("Lu Luping?", "县委书记路录平：", {"路录平", "录平"}),
        ("Where is Xi'an?", "陕西省西安市", {"西安"}),
        ("Lǚliáng", "山西省吕梁市", {"吕梁"}),
        ("Chongqing", "重庆是直辖市", {"重庆"}),  # the second reading of 重
        ("tangyin", "湯陰縣", {"湯陰"}),  # without a capital, in traditional characters
        ("汤阴县有多少人？", "Tangyin is a county", {"Tangyin"}),
        ("湯陰縣", "El condado de Tangyin.", {"Tangyin"}),
        ("杨卫东是谁？", "the party secretary Yang Weidong said", {"Weidong"}),
        ("利马在哪里？", "Lima, Peru", {"Lima"}),  # one token, but known as a name
    ],
)
def test_characters_that_are_read_as_a_name_are_met(question: str, text: str, found: set[str]) -> None:
    assert met(question, text) == found


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Which women change the world?", "我们 长额"),  # words with a vector of their own
        ("Tangyin", "汤，阴"),  # not one after the other
        ("Tangyin", "阴汤"),
        ("Washington and Strength", "华盛顿"),
        ("", "汤阴"),
        ("Tangyin", ""),
        ("汤阴县在哪里？", "汤阴县"),
        ("那么我们", "the name of women"),
        ("汤。阴", "Tangyin"),
    ],
)
def test_nothing_else_is_met(question: str, text: str) -> None:
    assert met(question, text) == set()


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        ("Who was Rockefeller?", "Город посетил Рокфеллер, потом министр.", "Рокфеллер"),
        ("Who was Rockefeller?", "בעיר ביקר רוקפלר ואחריו השר", "רוקפלר"),
        ("Где родился Рокфеллер?", "The town was visited by Rockefeller, then by others.", "Rockefeller"),
        ("¿Quién es Villanueva?", "وصل فيلانويفا إلى المدينة", "فيلانويفا"),
        ("Who was Kubrick?", "彼はキューブリックに会った。", "キューブリック"),
        ("who was gallagher?", "彼はギャラガーに会った。", "ギャラガー"),
        ("Kim jest Szymborska?", "поэтесса Шимборская умерла", "Шимборская"),
    ],
)
def test_a_word_that_may_be_a_name_meets_the_whole_word_of_another_script(
    question: str, text: str, found: str
) -> None:
    tokens, names = ENCODER.tokens(text), ENCODER.names(question)
    assert names is not None
    met = [name for name in names.met(lay([tokens.ids], ENCODER)) if name.cosine != READ]
    best = max(met, key=lambda name: name.cosine)
    start, end = tokens.spans[best.places[0]][0], tokens.spans[best.places[-1]][1]
    assert text[start:end] == found


@pytest.mark.parametrize("text", ["Rochester is a town.", "", "!", "Рим"])
def test_a_word_of_the_same_script_is_no_other_form_of_a_name(text: str) -> None:
    names = ENCODER.names("Where is Manchester, or Winchester?")
    assert names is None or not list(names.met(lay(ENCODER.token_ids([text]), ENCODER)))


def test_a_name_that_is_met_counts_as_a_translation_and_no_other_token_changes() -> None:
    text = lay(ENCODER.token_ids(["汤阴县的人口"]), ENCODER)
    question = Question.asked("population of Tangyin", text, ENCODER)
    found = interact(question, text).alone
    plain = interact(Question.of(question.ids, ENCODER), text).alone
    (name,) = {(*question.own(met).tolist(), *met.places.tolist()): met for met in question.met}.values()
    own = np.ix_(question.own(name), name.places)
    assert np.allclose(found[own], READ)
    plain[own] = READ
    assert np.array_equal(found, plain)


def test_a_very_long_question_and_one_of_names_alone_are_read() -> None:
    for question in ("Tangyin " * 200, "Yang Lu Wei Dong " * 50, "a" * 2000, "xi" * 1000):
        texts = lay(ENCODER.token_ids(["汤阴县", "", "Yang Weidong"]), ENCODER)
        interact(Question.asked(question, texts, ENCODER), texts)


def test_the_place_that_is_asked_for_in_characters_is_found_in_a_document_in_pinyin(tmp_path: Path) -> None:
    places = {"汤阴": "Tangyin", "临漳": "Linzhang", "玉环": "Yuhuan", "柘城": "Zhecheng", "浦江": "Pujiang"}
    with QA.open(tmp_path / "index") as qa:
        for number, latin in enumerate(places.values()):
            text = f"The county of {latin} built three bridges and a school."
            (tmp_path / f"{number}.txt").write_text(text, encoding="utf-8")
        qa.add(tmp_path)
        for han, latin in places.items():
            assert latin in qa.search(f"{han}县建了几座桥？")[0].text


def test_the_place_that_is_named_is_found_among_others_alike(tmp_path: Path) -> None:
    places = {
        "Tangyin": "汤阴",
        "Anji": "安吉",
        "Linzhang": "临漳",
        "Yuhuan": "玉环",
        "Zhecheng": "柘城",
        "Pujiang": "浦江",
    }
    with QA.open(tmp_path / "index") as qa:
        for number, han in enumerate(places.values()):
            (tmp_path / f"{number}.txt").write_text(
                f"{han}县去年建成了三座新桥和一所学校。", encoding="utf-8"
            )
        qa.add(tmp_path)
        for latin, han in places.items():
            for question in (
                f"How many bridges did {latin} County build?",
                f"¿Cuántos puentes construyó {latin}?",
            ):
                first = qa.search(question)[0]
                assert first.text.startswith(han), question
                shown = [meeting.met for meeting in first.explain().words]
                assert re.search(han, " ".join(shown)), shown
