"""The questions that the project wrote about passages of the data: each is answered at its place."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import SHARED
from training.dev import ASKED, bare, half_of, load_asked

ROWS = [json.loads(row) for row in ASKED.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def data() -> Path:
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(
            "NO DATA: ../shared/data is not beside this checkout; where the answers stand is not tested"
        )
    return folder


def test_each_question_is_there_once_in_many_languages() -> None:
    assert len(ROWS) > 3000
    assert len({(row["passage"], row["text"]) for row in ROWS}) == len(ROWS)
    assert all(row["text"].strip() and 0 <= row["start"] < row["end"] for row in ROWS)
    assert sum(count >= 30 for count in Counter(row["lang"] for row in ROWS).values()) >= 25


def test_both_halves_are_asked() -> None:
    halves = Counter(half_of(row["passage"]) for row in ROWS)
    assert min(halves.values()) > 1000


def test_answers_stand_in_their_passages(data: Path) -> None:
    found = [load_asked(data, split=split) for split in ("train", "dev")]
    assert sum(len(each.questions) for each in found) == len(ROWS)
    for each in found:
        for question in each.questions:
            assert bare(question.answer)
            assert question.answer in each.passages[question.passage]


def test_what_is_reported_is_not_trained_on(data: Path) -> None:
    trained, reported = (set(load_asked(data, split=split).passages) for split in ("train", "dev"))
    assert trained
    assert reported
    assert not trained & reported
