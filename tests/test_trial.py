"""A question set run from the page: the report of ``qa eval``, or one sentence about what is wrong with the set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa.web import trial
from qa.web.render import render_evaluated
from qa.web.strings import DE, EN
from qa.web.trial import run_trial
from qa.web.troubles import Trouble
from tests.test_render import HOSTILE, _Page
from tests.web_fakes import FakeQA, demo


def question_set(folder: Path, *lines: dict[str, object]) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


RIGHT = {
    "id": "1",
    "question": "How did the council vote?",
    "answers": ["17 to 5"],
    "source": "reading-room.txt",
}
WRONG = {"id": "2", "question": "What is the secret number?", "answers": ["forty-three"]}
NONE = {"id": "3", "question": "Who won the chess game?", "answers": []}


def test_report_says_what_was_right(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    report = run_trial(
        demo(tmp_path),
        question_set(tmp_path, RIGHT, WRONG, NONE),
        "my set.jsonl",
        EN,
        on_progress=lambda done, total, _: told.append((done, total)),
    )
    assert isinstance(report, str)
    assert "Evaluation of my set.jsonl" in report
    assert "3 questions" in report
    assert "50.0 %" in report  # of two answerable questions one
    assert told[-1] == (3, 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "holds no questions"), ("{", "set.jsonl"), ('{"id": 1}', "question"), ("\xff", "set.jsonl")],
)
def test_malformed_set_is_told_by_its_own_name_in_the_reader_s_language(
    tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "0a1b" / "blob.jsonl"
    path.parent.mkdir()
    path.write_bytes(content.encode("latin-1"))
    trouble = run_trial(demo(tmp_path), path, "set.jsonl", DE)
    assert isinstance(trouble, Trouble)
    assert trouble.sentence == DE.evaluation_malformed
    assert words in trouble.details
    assert "0a1b" not in trouble.details


def test_too_many_questions_are_refused_before_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "MOST_QUESTIONS", 2)
    trouble = run_trial(demo(tmp_path), question_set(tmp_path, RIGHT, WRONG, NONE), "set.jsonl", EN)
    assert trouble == Trouble("The set has 3 questions; 2 can be asked here. Use: qa eval")


def test_library_in_trouble_is_told(tmp_path: Path) -> None:
    trouble = run_trial(FakeQA(tmp_path), question_set(tmp_path, RIGHT), "set.jsonl", EN)
    assert isinstance(trouble, Trouble)
    assert "No library" in trouble.sentence


@pytest.mark.parametrize("text", HOSTILE)
def test_report_stands_in_a_frame_in_which_nothing_runs(text: str) -> None:
    page = _Page(render_evaluated(f"<p>{text}</p>", text, EN))
    assert not page.open
    assert set(page.tags) == {"section", "header", "h2", "bdi", "button", "iframe"}
    assert ("sandbox", None) in page.attributes
    assert "iframe" not in page.tags or dict(page.attributes)["srcdoc"] == f"<p>{text}</p>"
