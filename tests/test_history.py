"""Conversations that are kept: each user's own, without a word of the documents, and gone when they are removed."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa import QA, history
from qa.errors import ConversationNotFound, HistoryError, LibraryGone
from qa.history import History, PastTurn
from qa.types import Answer, Turn
from qa.web.conversations import COLUMNS, Recall, as_csv, as_jsonl, as_markdown, as_records, harmless
from qa.web.strings import EN, LANGUAGES
from tests.web_fakes import EXAMPLES, Fact, FakeQA, demo

PAGE = "http://127.0.0.1/"


def asked(service: FakeQA, question: str) -> Turn:
    return service.chat().ask(question)


def plain(question: str) -> Turn:
    """A turn without a quote and without passages."""
    return Turn(question, question, Answer(question, None, 0.2, "", ()))


@pytest.fixture
def kept(tmp_path: Path) -> History:
    return History(tmp_path)


def recalled(service: FakeQA, past: PastTurn) -> Turn:
    turn = Recall(service).turn(past)
    assert turn is not None
    assert turn.answer.quote is None or turn.answer.quote.title == service.titles.get(
        turn.answer.quote.source, ""
    )
    return turn


# --- kept ---------------------------------------------------------------------------------------


def test_turn_comes_back_with_its_quote_place_and_passages(tmp_path: Path, kept: History) -> None:
    service = demo(tmp_path)
    for question in EXAMPLES:
        turn = asked(service, question)
        [past] = kept.read("anna", kept.keep("anna", "", turn))
        again = recalled(service, past)
        assert turn.answer.quote is not None
        assert again.answer.quote
        assert replace(again.answer.quote, title="") == turn.answer.quote
        assert again.answer.hits[0].text == turn.answer.hits[0].text
        assert len(again.answer.hits) == history.MOST_PLACES
        assert again.answer.confidence == turn.answer.confidence


def test_damage_is_found_by_the_doctor_and_not_called_mended(tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_text("The mill was built in 1784.", encoding="utf-8")
    with QA.open(tmp_path / "index") as qa:
        qa.add(tmp_path / "mill.txt")
        assert qa.check() == []
        assert not (tmp_path / "index" / history.FILE).exists()
        kept = History(tmp_path / "index")
        for number in range(200):
            kept.keep("anna", "", plain(f"question {number} " + "x" * 200))
        assert qa.check() == []
        content = bytearray(kept.path.read_bytes())
        content[8 * 4096 : 9 * 4096] = b"\xff" * 4096
        kept.path.write_bytes(content)
        [problem] = qa.check()
        assert history.FILE in problem
        assert "Move it away" in problem or "move away" in problem
        mending = qa.mend()
        assert mending.lost == mending.problems
        assert history.FILE in mending.lost[0]
        assert kept.path.read_bytes() == content
        kept.path.unlink()
        assert qa.mend().lost == ()


def test_row_without_its_conversation_is_damage(kept: History) -> None:
    kept.keep("anna", "", plain("first?"))
    assert kept.check() == []
    with closing(sqlite3.connect(kept.path)) as database, database:
        database.execute("DELETE FROM conversations")
    [problem] = kept.check()
    assert "1 rows belong to no conversation" in problem
    kept.path.write_bytes(b"no database at all" * 100)
    [problem] = kept.check()
    assert "cannot be used" in problem


def test_conversation_goes_on_under_its_id_and_is_named_by_its_first_question(kept: History) -> None:
    first = kept.keep("anna", "", plain("first?"))
    assert kept.keep("anna", first, plain("second?")) == first
    assert kept.keep("anna", "", plain("other?")) != first
    assert {(each.title, each.turns) for each in kept.conversations("anna")} == {("first?", 2), ("other?", 1)}
    assert [past.question for past in kept.read("anna", first)] == ["first?", "second?"]


def test_file_holds_no_word_of_a_document_and_is_for_its_owner_alone(tmp_path: Path, kept: History) -> None:
    service = demo(tmp_path)
    kept.keep("anna", "", asked(service, EXAMPLES[1]))
    written = kept.path.read_bytes()
    assert b"council vote?" in written
    assert b"voted 17 to 5" not in written
    assert b"reading room" not in written
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert kept.path.name.startswith(".")


def test_users_reach_nothing_of_each_other(kept: History) -> None:
    own = kept.keep("anna", "", plain("a secret?"))
    for other in ("ben", "", "Anna", "anna' OR '1'='1"):
        assert kept.conversations(other) == []
        with pytest.raises(ConversationNotFound):
            kept.read(other, own)
        with pytest.raises(ConversationNotFound):
            kept.remove(other, own)
        assert kept.keep(other, own, plain("mine?")) != own
    assert [past.question for past in kept.read("anna", own)] == ["a secret?"]


def test_removed_conversation_is_gone_to_the_last_byte(kept: History) -> None:
    stays, goes = kept.keep("anna", "", plain("stays?")), kept.keep("anna", "", plain("goes forever?"))
    assert kept.remove("anna", goes) == 1
    assert b"goes forever" not in kept.path.read_bytes()
    assert [path.name for path in kept.path.parent.iterdir()] == [kept.path.name]
    with pytest.raises(ConversationNotFound):
        kept.read("anna", goes)
    assert [each.id for each in kept.conversations("anna")] == [stays]
    assert kept.remove_user("anna") == 1
    assert b"stays?" not in kept.path.read_bytes()


def test_removed_document_is_gone_from_every_conversation(tmp_path: Path, kept: History) -> None:
    service = demo(tmp_path)
    own = kept.keep("anna", "", asked(service, EXAMPLES[1]))
    kept.keep("anna", own, asked(service, EXAMPLES[3]))
    kept.forget({"reading-room.txt"})
    assert b"reading-room.txt" not in kept.path.read_bytes()
    lost, stays = kept.read("anna", own)
    assert (lost.answered, lost.quote) == (True, None)
    assert Recall(service).turn(lost) is None
    assert (
        recalled(service, stays).answer.quote == asked(service, EXAMPLES[3]).answer.quote
    )  # it has no title


def test_changed_document_shows_no_other_words_in_place_of_the_quote(tmp_path: Path, kept: History) -> None:
    service = demo(tmp_path)
    [past] = kept.read("anna", kept.keep("anna", "", asked(service, EXAMPLES[1])))

    class Changed(FakeQA):
        @staticmethod
        def _id(source: str) -> str:
            return "0" * 32

    assert Recall(Changed(tmp_path, texts=service.texts)).turn(past) is None


def test_library_forgets_a_removed_document_in_its_conversations(tmp_path: Path) -> None:
    mill = tmp_path / "docs" / "mill.txt"
    mill.parent.mkdir()
    mill.write_text("The mill of Kern was built in 1784.")
    with QA.open(tmp_path / "index") as qa:
        for removes in (lambda: qa.remove("mill.txt"), lambda: qa.sync(mill.parent)):
            mill.write_text("The mill of Kern was built in 1784.")
            qa.sync(mill.parent)
            kept = History(qa.path)
            own = kept.keep("", "", qa.chat().ask("When was the mill of Kern built?"))
            assert kept.read("", own)[0].passages
            mill.unlink()
            removes()
            assert kept.read("", own)[0].passages == ()
            assert b"mill.txt" not in kept.path.read_bytes()


def test_follow_up_leans_on_a_conversation_that_was_opened_again(tmp_path: Path) -> None:
    (tmp_path / "mill.md").write_text(
        "# The mill of Kern\n\nThe mill of Kern was built in 1784 by Anton Weber.\n"
    )
    with QA.open(tmp_path / "index") as qa:
        qa.add(tmp_path / "mill.md")
        kept = History(qa.path)
        own = kept.keep("", "", qa.chat().ask("When was the mill of Kern built?"))
        turns = [Recall(qa).turn(past) for past in kept.read("", own)]
        again = qa.chat([turn for turn in turns if turn]).ask("And who built it?")
        assert "mill of Kern" in again.standalone


# --- limits and damage --------------------------------------------------------------------------


def test_oldest_conversations_go_and_a_full_one_ends(kept: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_CONVERSATIONS", 2)
    monkeypatch.setattr(history, "MOST_TURNS", 2)
    bens = kept.keep("ben", "", plain("b?"))
    ids = [kept.keep("anna", "", plain(f"{number}?")) for number in range(3)]
    assert {each.id for each in kept.conversations("anna")} == set(ids[1:])
    assert [each.id for each in kept.conversations("ben")] == [bens]
    kept.keep("anna", ids[2], plain("next?"))
    assert kept.keep("anna", ids[2], plain("one too many?")) != ids[2]


def test_no_room_is_an_error_in_words_and_what_was_kept_stays(
    kept: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = kept.keep("anna", "", plain("first?"))
    pragmas = (*history._PRAGMAS[:-1], "max_page_count = 12")
    monkeypatch.setattr(history, "_PRAGMAS", pragmas)
    with pytest.raises(HistoryError, match="full"):
        kept.keep("anna", own, plain("x" * 100_000))
    assert [past.question for past in kept.read("anna", own)] == ["first?"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"this is no database " * 300),
        lambda path: path.write_bytes(path.read_bytes()[:5000] + b"\0" * 5000),
        lambda path: _run(path, "CREATE TRIGGER t AFTER DELETE ON turns BEGIN DELETE FROM places; END"),
        lambda path: _run(path, "PRAGMA user_version = 9"),
        lambda path: _run(path, "DROP TABLE places"),
    ],
)
def test_damaged_or_foreign_file_is_refused_in_words(kept: History, damage: Any) -> None:
    own = kept.keep("anna", "", plain("first?"))
    damage(kept.path)
    for call in (lambda: kept.read("anna", own), lambda: kept.keep("anna", own, plain("x"))):
        with pytest.raises(HistoryError, match=r"[Mm]ove (it )?away"):
            call()


def test_a_library_that_vanished_is_named_when_a_turn_is_kept(tmp_path: Path) -> None:
    kept = History(tmp_path / "index")
    with pytest.raises(LibraryGone, match=r"folder '.*index' is gone"):
        kept.keep("anna", "", plain("first?"))
    assert kept.conversations("anna") == []
    assert not (tmp_path / "index").exists()


def _run(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()


def test_turns_kept_at_once_are_all_kept(kept: History) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda number: kept.keep("anna", "", plain(f"{number}?")), range(40)))
    assert len(set(ids)) == len(kept.conversations("anna")) == 40


# --- exported -----------------------------------------------------------------------------------

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u200b=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "\ufeff=1",
)


@pytest.mark.parametrize("cell", FORMULAS)
def test_cell_that_could_be_a_formula_is_made_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "1902", "a=b", "“=1”", "苏伊士运河", "مكتبة", "  text"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


def test_no_cell_of_a_saved_conversation_is_a_formula(tmp_path: Path, kept: History) -> None:
    evil = "=cmd|' /C calc'!A0"
    service = FakeQA(
        tmp_path,
        texts={f"{evil}.txt": f'{evil}",=1+1\r\n=2+2'},
        facts=[Fact("cmd", f"{evil}.txt", evil, "cmd")],
        headings={f"{evil}.txt": ("@heading",)},
    )
    own = kept.keep("anna", "", asked(service, evil))
    kept.keep("anna", own, asked(service, "+nothing"))
    written = as_csv(as_records(kept.read("anna", own), Recall(service), PAGE), EN)
    assert written.startswith("\ufeff")
    header, *rows = list(csv.reader(io.StringIO(written.removeprefix("\ufeff"))))
    assert tuple(header) == COLUMNS
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r\n")]
    told = dict(zip(header, rows[0], strict=True))
    assert (told["quote"], told["source"]) == (f"'{evil}", f"'{evil}.txt")
    assert rows[1][header.index("quote")] == ""


def test_json_lines_hold_the_quote_as_it_is(tmp_path: Path, kept: History) -> None:
    service = demo(tmp_path)
    own = kept.keep("anna", "", asked(service, EXAMPLES[0]))
    kept.keep("anna", own, asked(service, "Who won?"))
    first, second = map(
        json.loads, as_jsonl(as_records(kept.read("anna", own), Recall(service), PAGE), EN).splitlines()
    )
    quote = asked(service, EXAMPLES[0]).answer.quote
    assert quote is not None
    assert first["quote"]["text"] == quote.text
    assert first["quote"]["link"].startswith(f"{PAGE}#document={quote.document_id}&start={quote.span.start}")
    assert (second["answered"], second["quote"]) == (False, None)


def test_markdown_shows_markup_of_strangers_as_text(tmp_path: Path, kept: History) -> None:
    hostile = "# <img src=x> [a](javascript:x) **b** | `c`\n- item\n1. one\n=====\n    code"
    service = FakeQA(tmp_path, texts={"*a*.txt": hostile}, facts=[Fact("ask", "*a*.txt", hostile, "")])
    own = kept.keep("anna", "", asked(service, "<b>ask</b>\n# now"))
    written = as_markdown(as_records(kept.read("anna", own), Recall(service), PAGE), EN)
    assert written.startswith("## &lt;b&gt;ask&lt;/b&gt; \\# now\n")
    assert (
        "> \\# &lt;img src=x&gt; \\[a\\](javascript:x) \\*\\*b\\*\\* \\| \\`c\\`\n> \\- item\n> 1\\. one\n> \\====="
        in written
    )
    assert "— \\*a\\*.txt" in written
    assert LANGUAGES["zh-Hans"].confidence[0] in as_markdown(
        as_records(kept.read("anna", own), Recall(service), PAGE), LANGUAGES["zh-Hans"]
    )
