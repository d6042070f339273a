"""Questions in one language find passages in another by words that mean the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.encoder import load_token_encoder
from qa.languages import Languages
from qa.lexical import LexicalIndex
from qa.library import Library
from qa.meanings import Meanings
from qa.text import words
from qa.types import Block, Document, Span


@pytest.fixture(scope="module")
def meanings() -> Meanings:
    return Meanings(load_token_encoder(), Languages.load())


def shares(**spoken: float) -> np.ndarray:
    names = Languages.load().names
    return np.array([spoken.get(name, 0.0) for name in names], np.float32)


def terms(meanings: Meanings, question: str, **spoken: float) -> set[str]:
    ids = load_token_encoder().token_ids([question])[0]
    return {term for each in meanings.of(ids, shares(**spoken)) for term, _ in each}


@pytest.mark.parametrize(
    ("lang", "word"),
    [
        ("zh", "战争"),
        ("ja", "戦争"),
        ("ko", "전쟁"),
        ("ar", "حرب"),
        ("hi", "युद्ध"),
        ("th", "สงคราม"),
        ("ru", "война"),
        ("de", "Krieg"),
        ("fr", "guerre"),
    ],
)
def test_a_word_is_looked_for_as_those_of_the_librarys_language(
    meanings: Meanings, lang: str, word: str
) -> None:
    found = terms(meanings, "When did the war in the south begin?", **{lang: 1.0})
    assert found & {term for term in words(word) if len(term) > 1}


@pytest.mark.parametrize("question", ["这条河从哪里流出？", "¿Dónde nace el río?", "أين ينبع هذا النهر؟"])
def test_it_is_looked_for_from_any_language(meanings: Meanings, question: str) -> None:
    assert "river" in terms(meanings, question, en=1.0)


def test_nothing_is_looked_for_in_the_questions_own_language_and_in_one_that_few_passages_are_in(
    meanings: Meanings,
) -> None:
    assert not terms(meanings, "When did the volcano break out?", en=1.0)
    assert not terms(meanings, "When did the volcano break out?", en=0.9, zh=0.1)
    assert not terms(meanings, "", zh=1.0)


def test_figures_are_not_put_in_other_words(meanings: Meanings) -> None:
    assert not terms(meanings, "1984", zh=1.0)


def test_of_what_may_stand_for_a_word_only_the_best_counts() -> None:
    index = LexicalIndex.in_memory()
    filler = [[f"w{number}"] for number in range(20)]
    index.add([1, 2, 3], [["vulkan", "krater"], ["vulkan", "stadt"], ["krater", "berg"]])
    index.add(list(range(4, 24)), filler)
    index.commit(1)
    ids, scores = index.search_meant([[("vulkan", 1.0), ("krater", 0.9)], [("stadt", 1.0)]], 10)
    assert ids.tolist() == [2, 1, 3]  # two words met, the better of two for one word, the other of them
    assert scores[1] > scores[2]
    assert index.search_meant([], 10)[0].size == 0
    assert index.search_meant([[("absent", 1.0)]], 10)[0].size == 0
    assert index.search_meant([[("vulkan", 1.0)]], 10, among=np.array([1]))[0].tolist() == [1]


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QA]:
    """A Chinese library of long passages, of which one names a volcano among much else."""
    much = "会议讨论了预算、交通、教育、医疗和住房等多项议题，代表们提出了许多意见和建议。" * 6
    texts = [f"第{number}次会议记录。{much}" for number in range(150)]
    texts[90] += "附近的火山在夜里喷发，火山灰落满了城市。" + much
    with QA.open(tmp_path_factory.mktemp("chinese") / "index") as qa:
        qa.add_documents(
            Document(str(number), str(number), "", text, (Block(Span(0, len(text))),), "")
            for number, text in enumerate(texts)
        )
        yield qa


def test_a_word_in_a_long_passage_is_found_from_another_language(chinese: QA) -> None:
    assert chinese.search("Where did the ash of the volcano fall?", k=1)[0].source == "90"


def test_languages_are_told_by_passages_all_over_the_library(tmp_path: Path) -> None:
    with QA.open(tmp_path / "index") as qa:
        qa.add_documents(
            Document(name, name, "", text, (Block(Span(0, len(text))),), "")
            for name, text in (
                ("zh", "火山在夜里喷发了，城市落满了灰。"),
                ("de", "Der Vulkan brach in der Nacht aus."),
            )
        )
    with Library.open(tmp_path / "index") as library:
        spoken = Meanings(load_token_encoder(), Languages.load()).spoken(library.sample(256))
    names = Languages.load().names
    assert spoken[names.index("zh")] == pytest.approx(0.5, abs=0.05)
    assert spoken[names.index("de")] == pytest.approx(0.5, abs=0.05)
