"""Verdicts on answers: kept safely, without the documents' text, and turned into questions that a person reviews."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qa import QA, Config
from qa.cli import app
from qa.errors import FeedbackError, LibraryGone, LibraryNotFound, QAError, QuestionError
from qa.evaluation import load_questions
from qa.evaluation.review import accept, add_proposed, propose, proposed, reject
from qa.feedback import Feedback, FeedbackStore
from qa.types import Answer, Span
from tests import web_fakes

MILL = "Die Mühle am Fluss wurde 1784 gebaut. Sie mahlte bis 1951 Korn."


def verdict(question: str = "When?", word: str = "right", **more: Any) -> Feedback:
    return Feedback(question, word, **more)


def on_mill(word: str, **more: Any) -> Feedback:
    place = {"document_id": "d1", "source": "mill.txt", "span": Span(0, 37), "highlights": (Span(25, 29),)}
    return Feedback("Wann wurde die Mühle gebaut?", word, answered=True, **{**place, **more})


# --- the store ---------------------------------------------------------------------------------------------


def test_what_is_given_is_kept_in_order(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    assert store.read() == []
    first = store.add(on_mill("right", confidence=0.8, note="谢谢"))
    second = store.add(verdict("Who?", "wrong", expected="Li"))
    assert store.read() == [first, second]
    assert first.id
    assert first.id != second.id
    assert first.given.endswith("+00:00")
    assert first.highlights == (Span(25, 29),)


def test_a_library_that_vanished_is_named_when_a_verdict_is_kept(tmp_path: Path) -> None:
    with pytest.raises(LibraryGone, match=r"folder '.*index' is gone"):
        FeedbackStore(tmp_path / "index").add(verdict())


def test_a_file_of_verdicts_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.path.mkdir()
    for reads in (store.check, store.read, store.sources):
        with pytest.raises(QAError, match=r"feedback\.jsonl' cannot be used: Is a directory"):
            reads()


def test_a_verdict_on_an_answer_names_its_place_and_none_of_its_text(tmp_path: Path) -> None:
    answer = web_fakes.demo(tmp_path).ask("How did the council vote?")
    assert answer.quote is not None
    FeedbackStore(tmp_path).add(Feedback.on(answer, "right"))
    written = (tmp_path / "feedback.jsonl").read_text(encoding="utf-8")
    assert "voted" not in written
    assert json.loads(written)["span"] == [answer.quote.span.start, answer.quote.span.end]
    silent = Feedback.on(Answer("?", None, 0.1, "", ()), "wrong")
    assert (silent.answered, silent.span, silent.confidence) == (False, None, 0.1)


@pytest.mark.parametrize(
    "bad",
    [
        verdict(word="good"),
        verdict(" "),
        verdict(note="x" * 2001),
        verdict(replaces="x" * 17),
        verdict(highlights=(Span(0, 1),) * 51),
    ],
)
def test_a_malformed_verdict_is_refused(tmp_path: Path, bad: Feedback) -> None:
    with pytest.raises(FeedbackError):
        FeedbackStore(tmp_path).add(bad)
    assert not (tmp_path / "feedback.jsonl").exists()


def test_a_line_cut_short_by_a_crash_takes_no_other_along(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.add(verdict("first?"))
    with store.path.open("ab") as file:
        file.write(b'{"id": "x", "ques')
    store.add(verdict("second?"))
    assert [feedback.question for feedback in store.read()] == ["first?", "second?"]
    assert store.check() == [f"{store.path}, line 2: this is no feedback and is left out."]


def test_a_full_file_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.feedback.MOST_BYTES", 400)
    store = FeedbackStore(tmp_path)
    store.add(verdict())
    with pytest.raises(FeedbackError, match="is full"):
        store.add(verdict(note="x" * 200))
    assert len(store.read()) == 1


def test_processes_add_at_once_and_none_loses_a_line(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from qa.feedback import Feedback, FeedbackStore\n"
        "store = FeedbackStore(Path(sys.argv[1]))\n"
        "for number in range(20): store.add(Feedback(f'{sys.argv[2]} {number}?', 'right', note='x' * 1500))"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "abc"]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    store = FeedbackStore(tmp_path)
    assert len({feedback.question for feedback in store.read()}) == 60
    assert store.check() == []


def test_a_forgotten_document_leaves_no_place_and_no_name(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.add(on_mill("right"))
    store.add(on_mill("wrong", source="other.txt"))
    assert store.forget({"mill.txt"}) == 1
    first, second = store.read()
    assert (first.source, first.document_id, first.span, first.highlights) == ("", "", None, ())
    assert first.question == "Wann wurde die Mühle gebaut?"
    assert second.source == "other.txt"
    assert "mill.txt" not in store.path.read_text(encoding="utf-8")


# --- a library ---------------------------------------------------------------------------------------------


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mill.txt").write_text(MILL, encoding="utf-8")
    with QA.open(tmp_path / "index") as qa:
        qa.sync(tmp_path / "docs")
    return tmp_path / "index"


def test_a_verdict_is_kept_with_its_library_and_gone_with_its_document(library: Path) -> None:
    with QA.open(library, config=Config(max_error=0.999)) as qa:
        answer = qa.ask("Wann wurde die Mühle gebaut?")
        kept = qa.give_feedback(Feedback.on(answer, "right"))
        assert kept.source == "mill.txt"
        assert qa.feedback() == [kept]
        assert qa.check() == []
        qa.remove("mill.txt")
        assert [feedback.source for feedback in qa.feedback()] == [""]
    for path in library.glob("feedback*"):
        assert b"mill.txt" not in path.read_bytes()


def test_a_document_gone_from_the_folder_is_gone_from_its_verdicts(library: Path) -> None:
    with QA.open(library, config=Config(max_error=0.999)) as qa:
        qa.give_feedback(Feedback.on(qa.ask("Wann wurde die Mühle gebaut?"), "right"))
        (library.parent / "docs" / "mill.txt").unlink()
        assert qa.sync(library.parent / "docs").removed == ("mill.txt",)
        assert [feedback.source for feedback in qa.feedback()] == [""]


@pytest.mark.parametrize(
    "more",
    [
        {"document_id": "0" * 32, "span": Span(0, 3)},
        {"document_id": "mill.txt", "span": Span(0, 3)},
        {"span": Span(0, 3)},
    ],
)
def test_a_place_that_the_library_does_not_have_is_left_out(library: Path, more: dict[str, Any]) -> None:
    with QA.open(library) as qa:
        kept = qa.give_feedback(verdict(answered=True, **more))
        assert (kept.document_id, kept.span, kept.source) == ("", None, "")
        document = qa.document("mill.txt")
        outside = verdict(document_id=document.id, span=Span(0, len(document.text) + 1))
        assert qa.give_feedback(outside).span is None
        marks = (Span(2, 4), Span(30, 40), Span(3, 3))
        inside = verdict(document_id=document.id, span=Span(0, 10), highlights=marks)
        assert qa.give_feedback(inside).highlights == (Span(2, 4),)


def test_no_library_no_verdict(tmp_path: Path) -> None:
    with QA.open(tmp_path / "none") as qa, pytest.raises(LibraryNotFound):
        qa.give_feedback(verdict())
    assert not (tmp_path / "none").exists()


# --- questions ---------------------------------------------------------------------------------------------


def text_of(document_id: str) -> str | None:
    return MILL if document_id == "d1" else None


def proposed_of(*feedback: Feedback) -> dict[str, Any]:
    (line,) = propose(feedback, text_of)
    return line


def test_a_right_quote_proposes_its_marked_words_as_the_answer() -> None:
    line = proposed_of(on_mill("right"))
    assert (line["question"], line["answers"], line["source"]) == (
        "Wann wurde die Mühle gebaut?",
        ["1784"],
        "mill.txt",
    )
    assert line["spans"] == [[25, 29]]
    assert line["status"] == "proposed"
    assert line["feedback"] == {"right": 1, "wrong": 0, "quoted": MILL[:37], "notes": []}
    whole = proposed_of(on_mill("right", highlights=()))
    assert (whole["answers"], whole["spans"]) == ([MILL[:37]], [[0, 37]])


@pytest.mark.parametrize(
    ("feedback", "answers", "needs"),
    [
        (on_mill("wrong"), [], True),
        (on_mill("wrong", expected="1951"), ["1951"], False),
        (on_mill("right", document_id="gone"), [], True),
        (verdict(word="right"), [], False),  # rightly silent: unanswerable
        (verdict(word="wrong"), [], True),  # silent, but it is there
        (verdict(word="wrong", expected="Li"), ["Li"], False),
    ],
)
def test_what_else_a_verdict_proposes(feedback: Feedback, answers: list[str], needs: bool) -> None:
    line = proposed_of(feedback)
    assert line["answers"] == answers
    assert ("needs" in line) == needs
    assert "source" not in line


def test_the_latest_verdict_on_a_question_decides_and_all_are_counted() -> None:
    line = proposed_of(on_mill("right"), on_mill("wrong", expected="1951", note="the mill's end"))
    assert line["answers"] == ["1951"]
    assert (line["feedback"]["right"], line["feedback"]["wrong"]) == (1, 1)
    assert line["feedback"]["notes"] == ["the mill's end"]


def test_a_verdict_that_was_changed_or_got_words_counts_once_and_its_notes_stay(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    first = store.add(on_mill("wrong", note="by whom?"))
    second = store.add(on_mill("right", replaces=first.id))
    store.add(on_mill("right", replaces=second.id, note="by whom?"))
    store.add(on_mill("right", note="see page 3"))  # another person
    line = proposed_of(*store.read())
    assert (line["feedback"]["right"], line["feedback"]["wrong"]) == (2, 0)
    assert line["feedback"]["notes"] == ["by whom?", "see page 3"]
    assert line["answers"] == ["1784"]


def test_feedback_of_before_verdicts_were_replaced_is_read(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    kept = store.add(on_mill("right", note="谢谢"))
    line = {name: value for name, value in kept.to_dict().items() if name != "replaces"}
    store.path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert store.read() == [kept]
    assert store.check() == []


def test_a_reviewer_accepts_mends_and_rejects(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "old",   "question": "kept as it is?"}', encoding="utf-8")
    lines = propose(
        [on_mill("right"), verdict("Who?", "wrong"), verdict("Why?", "wrong"), verdict("How?")], text_of
    )
    names = add_proposed(path, lines)
    assert [question.id for question in load_questions(path)] == ["old"]
    accept(path, names[0])
    with pytest.raises(QuestionError, match="has no answers yet"):
        accept(path, names[1])
    accept(path, names[1], answers=["Li", "李"], source="a.txt", question="Who was it?")
    reject(path, names[2])
    accept(path, names[3])
    assert path.read_text(encoding="utf-8").splitlines()[0] == '{"id": "old",   "question": "kept as it is?"}'
    _, mill, who, how = load_questions(path)
    assert (mill.answers, mill.sources, mill.spans) == (("1784",), ("mill.txt",), (Span(25, 29),))
    assert (who.question, who.answers, who.sources) == ("Who was it?", ("Li", "李"), ("a.txt",))
    assert not how.answerable
    assert proposed(path) == []
    assert add_proposed(path, lines) == []
    assert proposed(path) == []  # neither accepted nor rejected ones come back
    with pytest.raises(QuestionError, match=r"is accepted already"):
        accept(path, names[0])
    with pytest.raises(QuestionError, match=r"There is no question 'x'"):
        accept(path, "x")


def test_a_proposal_is_brought_up_to_date_until_it_is_reviewed(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    assert len(add_proposed(path, propose([on_mill("right")], text_of))) == 1
    assert add_proposed(path, propose([on_mill("right"), on_mill("right")], text_of)) == []
    assert proposed(path)[0]["feedback"]["right"] == 2


def test_unanswerable_or_answered_but_not_both(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    (name,) = add_proposed(path, propose([on_mill("wrong")], text_of))
    with pytest.raises(QuestionError, match="one or the other"):
        accept(path, name, answers=["x"], unanswerable=True)
    accept(path, name, unanswerable=True)
    assert not load_questions(path)[0].answerable


def test_from_a_verdict_to_an_asked_question_on_the_command_line(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_MAX_ERROR", "0.999")
    with QA.open(library) as qa:
        answer = qa.ask("Wann wurde die Mühle gebaut?")
        qa.give_feedback(Feedback.on(answer, "right"))
        qa.give_feedback(verdict("Wer baute sie?", "wrong", note="\x1b[31mred"))

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, list(arguments))

    index = ("--index", str(library))
    first, second = json.loads(run("questions", "from-feedback", *index, "--json").stdout)["new"]
    shown = run("questions", "list").stdout
    assert "answers: 1784" in shown
    assert "answers: needed" in shown
    assert "\x1b" not in shown
    assert run("questions", "accept", first, second).exit_code == 1
    assert run("questions", "accept", second, "--answer", "Müller").exit_code == 0
    assert run("questions", "accept", first, second, "--answer", "x").exit_code == 2
    assert run("questions", "from-feedback", *index).stdout.startswith("0 questions newly proposed")
    figures = json.loads(run("eval", "questions.jsonl", *index, "--json").stdout)
    assert figures["counts"]["answerable"] == 2
    assert figures["marks"]["covered"] == 1.0
    assert run("questions", "reject", first).exit_code == 1
