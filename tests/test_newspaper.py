"""The real newspaper page: hard line breaks, columns cut in mid-sentence, and facts to be quoted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa import QA
from qa.types import Answer

QUESTIONS = Path(__file__).parent / "data" / "newspaper.jsonl"


@pytest.fixture(scope="module")
def answers(seed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Answer, list[str]]]:
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    with QA.open(tmp_path_factory.mktemp("newspaper") / "index") as qa:
        assert len(qa.sync(seed).added) == 1
        return {row["id"]: (qa.ask(row["question"]), row["answers"]) for row in rows}


def right(answers: dict[str, tuple[Answer, list[str]]], group: str) -> list[str]:
    """Return the ids of a group that were answered by a quote holding the answer, or rightly not answered."""
    found: list[str] = []
    for name, (answer, expected) in answers.items():
        text = "".join(answer.quote.text.split()) if answer.quote else ""
        good = any("".join(one.split()) in text for one in expected) if expected else answer.quote is None
        if name.startswith(group) and good:
            found.append(name)
    return found


def test_chinese_questions_are_answered(answers: dict[str, tuple[Answer, list[str]]]) -> None:
    assert len(right(answers, "zh")) >= 17


def test_english_questions_are_answered(answers: dict[str, tuple[Answer, list[str]]]) -> None:
    assert len(right(answers, "en")) >= 6


def test_a_county_that_is_named_in_latin_letters_is_found(seed: Path, tmp_path: Path) -> None:
    asked = {
        "汤阴": (
            "How many people live in Tangyin?",
            "¿Qué industrias tiene Tangyin?",
            "Was plant Tangyin?",
            "Lu Luping ?",
        ),
        "安吉": (
            "How many people live in Anji?",
            "¿Qué industrias tiene Anji?",
            "Was plant Anji?",
            "Yang Weidong ?",
        ),
    }
    with QA.open(tmp_path / "index") as qa:
        qa.sync(seed)
        for county, questions in asked.items():
            for question in questions:
                first = qa.search(question)[0]
                assert county in first.text or any(county in heading for heading in first.headings), question


def test_what_the_page_does_not_hold_is_not_answered(answers: dict[str, tuple[Answer, list[str]]]) -> None:
    assert len(right(answers, "no")) >= 7
