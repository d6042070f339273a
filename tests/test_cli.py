"""The command line: which stream carries what, exit statuses, and documents that cannot act on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from qa import cli
from qa.config import Config
from qa.errors import LibraryGone, LibraryNotFound, QuestionError
from qa.history import History
from qa.types import (
    Answer,
    Document,
    DocumentInfo,
    FileProblem,
    Hit,
    IndexedFile,
    IndexReport,
    LeftOut,
    Mending,
    Passage,
    Quote,
    Receipt,
    Scope,
    Span,
    Turn,
)
from qa.users import User, Users
from tests.made_files import zip_of

ROOT = Path(__file__).parent.parent

TEXT = "第一段。\n2023年增长\n7.6%。\x1b[31mrot\x9b0m\u202e [red]:smile: é\n"
QUOTED = Span(5, 18)


def quote_of(text: str = TEXT, span: Span = QUOTED, source: str = "报告 2023.pdf") -> Quote:
    highlight = Span(13, 17)
    return Quote(
        span.of(text), span, "d" * 32, source, 1, page=3, headings=("概况", "增长"), highlights=(highlight,)
    )


class FakeQA:
    """Answers ``known`` questions with the same quote; every file it is given goes as ``fail`` says."""

    def __init__(
        self, *, quote: Quote | None = None, fail: Iterable[str] = (), problems: Sequence[str] = ()
    ) -> None:
        self.quote = quote or quote_of()
        self.fail = set(fail)
        self.problems = list(problems)
        self.calls: list[tuple[str, str]] = []
        self.k = 0
        self.scope: Scope | None = None
        self.reading_confidence: float | None = None

    def __enter__(self) -> FakeQA:
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append(("close", ""))

    def _take(
        self, name: str, path: Path, on_progress: Callable[[int, int, str], None] | None
    ) -> IndexReport:
        self.calls.append((name, str(path)))
        if on_progress:
            for done in range(3):
                on_progress(done, 2, "[bold]file[/bold] \x1b[31m.txt")
                time.sleep(0.15)
        if path.name in self.fail:
            return IndexReport(failed=(FileProblem(str(path), "it is\nencrypted"),), seconds=0.5)
        return IndexReport(added=(path.name,), passages=2, seconds=0.5)

    def sync(self, path: Path, *, on_progress: Any = None) -> IndexReport:
        return self._take("sync", path, on_progress)

    def add(self, path: Path, *, on_progress: Any = None) -> IndexReport:
        return self._take("add", path, on_progress)

    def add_documents(
        self, documents: Iterable[Document], *, total: int = 0, on_progress: Any = None
    ) -> IndexReport:
        self.added = list(documents)
        return IndexReport(added=tuple(document.source for document in self.added), passages=total)

    def remove(self, source: str, *, purge: bool = False) -> Receipt:
        self.calls.append(("remove", source))
        return Receipt(source, "d" * 32, 1, 1, 1)

    def mend(self) -> Mending:
        return Mending(("it was broken",), ("it was mended",), ("'a.txt' is lost",))

    model = "builtin"

    def documents(self) -> list[DocumentInfo]:
        source = self.quote.source
        return [
            DocumentInfo(
                "d" * 32, source, "标题", "/x", "application/pdf", 3, 1, 9, "", "2025-01-01T00:00:00Z"
            )
        ]

    def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]:
        self.k, self.scope = k, scope
        if question == "nothing":
            return []
        sure = self.reading_confidence
        passage = Passage("d" * 32, Span(0, len(TEXT)), TEXT, page=3, id=1, reading_confidence=sure)
        return [Hit(1, 2.5, passage, self.quote.source)]

    def ask(self, question: str, *, scope: Scope | None = None) -> Answer:
        if question == "interrupt":
            raise KeyboardInterrupt
        if question == "empty":
            raise QuestionError("The question is empty. Ask in a few words.")
        if question == "gone":
            raise LibraryGone("The library 'index' is gone. Put its folder back.")
        hits = tuple(self.search(question, scope=scope))
        if question == "unknown":
            return Answer(question, None, 0.2, "No passage speaks of it.", hits, nearest=self.quote)
        return Answer(question, self.quote, 0.8, "The quote names “增长”.", hits, nearest=self.quote)

    def chat(self) -> FakeConversation:
        return FakeConversation(self)

    def check(self) -> list[str]:
        return self.problems


class FakeConversation:
    def __init__(self, qa: FakeQA) -> None:
        self.qa = qa

    def ask(self, question: str, *, scope: Scope | None = None) -> Turn:
        return Turn(question, f"{question} (2023)", self.qa.ask(question))


@pytest.fixture
def qa(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeQA:
    fake = FakeQA()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "open_qa", lambda config, **_: fake)
    return fake


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli.app, list(args), input=stdin)


def one_object(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("\n") == 1
    value: dict[str, Any] = json.loads(result.stdout)
    return value


# --- ask ---------------------------------------------------------------------------------------------------


def test_ask_prints_one_object_that_is_not_escaped(qa: FakeQA) -> None:
    result = run("ask", "增长", "多少？", "--json")
    value = one_object(result)
    assert list(value)[:4] == ["question", "answered", "confidence", "reason"]
    assert value["question"] == "增长 多少？"
    assert value["quote"]["text"] == TEXT[value["quote"]["start"] : value["quote"]["end"]]
    assert value["hits"][0].keys() >= {"rank", "score", "source", "page", "headings", "start", "end", "text"}
    assert "增长" in result.stdout
    assert result.stderr == ""


def test_json_output_cannot_act_on_a_terminal_and_loses_nothing(qa: FakeQA) -> None:
    result = run("ask", "x", "--json")
    assert one_object(result)["hits"][0]["text"] == TEXT
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in result.stdout.strip("\n"))


def test_ask_shows_quote_place_confidence_and_reason(qa: FakeQA) -> None:
    result = run("ask", "增长多少？")
    assert result.exit_code == 0
    assert result.stdout == (
        "“2023年增长\n7.6%。”\n"
        "报告 2023.pdf · page 3 · 概况 › 增长 [5–18]\n"
        "Likely answers this. The quote names “增长”.\n"
    )


@pytest.mark.parametrize(("sure", "words"), [(0.97, "high"), (0.8, "middling"), (0.6, "low")])
def test_ask_says_of_a_scan_in_words_how_surely_it_was_read(qa: FakeQA, sure: float, words: str) -> None:
    qa.reading_confidence = sure
    line = f"Read from a scan, reading confidence {words}: compare it with the picture."
    for question in ("增长多少？", "unknown"):
        shown = run("ask", question).stdout
        assert line in shown.splitlines()
        assert "%" not in shown.replace("7.6%", "")
    assert one_object(run("ask", "增长多少？", "--json"))["quote"]["reading_confidence"] == sure


def test_ask_says_plainly_that_the_documents_do_not_hold_the_answer(qa: FakeQA) -> None:
    result = run("ask", "unknown")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == ["Not in these documents.", "No passage speaks of it."]
    assert "Nearest, but not an answer:" in lines
    assert one_object(run("ask", "unknown", "--json"))["quote"] is None


def test_an_error_is_one_sentence_on_standard_error(qa: FakeQA) -> None:
    for arguments in (["ask", "empty"], ["ask", "empty", "--json"]):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "The question is empty. Ask in a few words.\n"


def test_a_missing_library_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(config: Any, **_: Any) -> FakeQA:
        raise LibraryNotFound(f"No library at '{config.index}'. Build one: qa index corpus/")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "open_qa", missing)
    for command in (
        ["ask", "x"],
        ["search", "x"],
        ["list"],
        ["remove", "x"],
        ["chat"],
        ["doctor"],
        ["serve"],
    ):
        result = run(*command, "--index", "nowhere", "--json")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "No library at 'nowhere'. Build one: qa index corpus/\n"


def test_the_index_comes_from_the_flag_else_from_the_environment(
    qa: FakeQA, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one_object(run("list", "--json"))["index"] == "index"
    monkeypatch.setenv("QA_INDEX", "elsewhere")
    assert one_object(run("list", "--json"))["index"] == "elsewhere"
    assert one_object(run("list", "--json", "--index", "here"))["index"] == "here"


@pytest.mark.parametrize(
    "arguments", [["ask"], ["ask", "x", "--unknown"], ["unknown"], ["search", "x", "-k", "many"]]
)
def test_wrong_usage_exits_with_2(qa: FakeQA, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (["-5 degrees?"], "-5 degrees?"),
        (["-5", "degrees", "or", "-7?"], "-5 degrees or -7?"),
        (["-5 度吗？", "-k", "3"], "-5 度吗？"),
        (["--in", "-5 folder", "--force: what is it?"], "--force: what is it?"),
        (["-k", "3", "--", "--json"], "--json"),
    ],
)
def test_a_question_may_begin_with_a_minus(
    qa: FakeQA, command: str, arguments: list[str], question: str
) -> None:
    asked = one_object(run(command, "--json", *arguments))
    assert asked["question"] == question
    assert qa.scope == (Scope(("-5 folder",)) if "--in" in arguments else None)


@pytest.mark.parametrize("option", ["--unknown", "-x", "--unknown=a b", "-k many words"])
def test_a_mistyped_option_is_no_question(qa: FakeQA, option: str) -> None:
    result = run("ask", "why?", option)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    "command",
    [
        "index",
        "add",
        "remove",
        "list",
        "search",
        "ask",
        "chat",
        "serve",
        "eval",
        "compare",
        "doctor",
        "compact",
        "backup",
        "restore",
        "export",
        "import",
        "reencode",
    ],
)
def test_every_command_has_help_and_json(command: str) -> None:
    has_help_and_json(command)


@pytest.mark.parametrize("command", ["compact", "backup", "restore", "export", "import", "reencode"])
def test_every_command_of_upkeep_has_help_and_json(command: str) -> None:
    has_help_and_json(command)


def has_help_and_json(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout


def test_ctrl_c_exits_with_130_without_a_traceback(qa: FakeQA) -> None:
    result = run("ask", "interrupt")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "Stopped.\n")


# --- text of documents on a terminal -----------------------------------------------------------------------


def test_escapes_and_markup_of_documents_are_shown_and_never_obeyed(qa: FakeQA) -> None:
    output = run("search", "x").stdout
    assert "␛[31mrot\N{REPLACEMENT CHARACTER}0m\N{REPLACEMENT CHARACTER} [red]:smile: é" in output
    assert not any(char in output for char in "\x1b\x9b\u202e")


def test_a_name_over_several_lines_stays_on_one(qa: FakeQA) -> None:
    qa.quote = quote_of(source="a\nRemoved everything.\r\x1b[2K.txt")
    assert "a Removed everything. ␛[2K.txt · page 3" in run("ask", "x").stdout


def test_neutralising_keeps_every_position() -> None:
    assert len(cli._safe(TEXT)) == len(TEXT)
    assert cli._safe("a\r\nb\x0cc\td") == "a \nb c\td"


# --- index, add, remove, list, search ----------------------------------------------------------------------


def test_index_mirrors_folders_and_adds_files(qa: FakeQA, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "文件 一.txt").write_text("x", encoding="utf-8")
    report = one_object(run("index", "folder", "文件 一.txt", "--json"))
    assert qa.calls == [("sync", "folder"), ("add", "文件 一.txt"), ("close", "")]
    assert report["added"] == ["folder", "文件 一.txt"]
    assert (report["passages"], report["seconds"], report["failed"]) == (4, 1.0, [])
    qa.calls.clear()
    assert run("add", "folder").exit_code == 0
    assert qa.calls[0] == ("add", "folder")


def test_a_failed_file_is_reported_and_the_rest_indexed(qa: FakeQA, tmp_path: Path) -> None:
    for name in ("good.txt", "bad.pdf"):
        (tmp_path / name).touch()
    qa.fail = {"bad.pdf"}
    result = run("index", "good.txt", "bad.pdf")
    assert result.exit_code == 0
    assert result.stderr == "bad.pdf: it is encrypted\n"
    assert "1 added, 0 updated, 0 unchanged, 0 removed, 1 failed" in result.stdout
    result = run("index", "good.txt", "bad.pdf", "--json")
    assert one_object(result)["failed"] == [{"path": "bad.pdf", "message": "it is\nencrypted"}]
    assert run("index", "good.txt", "bad.pdf", "--quiet").stdout == ""


def test_what_is_left_out_is_counted_by_kind_and_named_on_demand(
    qa: FakeQA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = (LeftOut("a/x.xyz", ".xyz"), LeftOut("b.txt", "broken link"), LeftOut("y.xyz", ".xyz"))
    files = (IndexedFile("县志.docx", 12, 3, "zh", ("page 3 has\nno text.",)),)
    report = IndexReport(added=("县志.docx",), passages=12, seconds=0.5, left_out=left_out, files=files)
    monkeypatch.setattr(qa, "sync", lambda path, **_: report)
    (tmp_path / "folder").mkdir()
    summary = "Left out: 3 files: .xyz 2, broken link 1 (--files names them).\n"
    short, long = run("index", "folder").stdout, run("index", "folder", "--files").stdout
    assert short.endswith(summary)
    assert "县志" not in short
    assert long.startswith(
        "县志.docx · 12 passages · 3 pages · zh · page 3 has no text.\na/x.xyz · left out: .xyz\n"
    )
    shown = one_object(run("index", "folder", "--json"))
    assert shown["left_out"][1] == {"path": "b.txt", "kind": "broken link"}
    assert shown["files"][0]["language"] == "zh"
    assert "Left out" not in run("add", "folder").stdout


def test_a_flood_of_warnings_is_cut_and_failures_are_not(
    qa: FakeQA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = tuple(FileProblem(f"{at}.txt", "is odd.") for at in range(30))
    report = IndexReport(added=("a",), failed=problems, warnings=problems)
    monkeypatch.setattr(qa, "sync", lambda path, **_: report)
    (tmp_path / "folder").mkdir()
    lines = run("index", "folder").stderr.splitlines()
    assert len(lines) == 30 + 20 + 1
    assert lines[-1] == "… and 10 more warnings; --files shows them beside their documents."


def test_preview_shows_passages_with_their_place_and_writes_nothing(qa: FakeQA, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(
        zip_of(
            {"county.md": "# 县志\n\n全县有居民2142户。\x1b[31m\n".encode(), "x.exe": b"MZ", "empty.txt": b""}
        )
    )
    before = sorted(tmp_path.iterdir())
    result = run("index", "--preview", "a.zip")
    assert result.stdout == (
        "a.zip/county.md · 县志 · 1 passage · 23 characters\n"
        "! 1 control character was replaced by a space.\n"
        "\n县志 [6–22]\n全县有居民2142户。 [31m\n\n"
        "a.zip/x.exe · left out: .exe\n"
    )
    assert result.stderr == "a.zip/empty.txt: is empty.\n"
    shown = one_object(run("index", "--preview", "a.zip", "--json"))
    assert shown["documents"][0]["passages"] == [
        {"start": 6, "end": 22, "page": None, "headings": ["县志"], "text": "全县有居民2142户。 [31m"}
    ]
    assert (qa.calls, sorted(tmp_path.iterdir())) == ([], before)
    (tmp_path / "bad.pdf").write_bytes(b"no pdf")
    assert run("index", "--preview", "bad.pdf").exit_code == 1


def test_index_fails_when_every_file_fails(qa: FakeQA, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").touch()
    qa.fail = {"bad.pdf"}
    result = run("index", "bad.pdf", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["added"] == []


def test_index_of_a_path_that_is_not_there_does_nothing(qa: FakeQA, tmp_path: Path) -> None:
    (tmp_path / "good.txt").touch()
    result = run("index", "good.txt", "missing")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "There is no file or folder 'missing'; nothing was indexed.\n"
    assert qa.calls == []


def test_remove_gives_a_receipt_and_refuses_unknown_names_before_removing(qa: FakeQA) -> None:
    source = qa.quote.source
    assert one_object(run("remove", source, "--json")) == {
        "removed": [asdict(Receipt(source, "d" * 32, 1, 1, 1))]
    }
    qa.calls.clear()
    result = run("remove", source, "no such.txt")
    assert result.exit_code == 1
    assert "No document 'no such.txt'" in result.stderr
    assert qa.calls == [("close", "")]


def test_list_names_every_document(qa: FakeQA) -> None:
    assert run("list").stdout == "报告 2023.pdf · 标题 · 3 pages · 1 passage\n1 document, 1 passage.\n"
    assert one_object(run("list", "--json"))["documents"][0]["source"] == "报告 2023.pdf"


def test_search_passes_k_on(qa: FakeQA) -> None:
    value = one_object(run("search", "x", "-k", "3", "--json"))
    assert qa.k == 3
    assert value["hits"][0]["rank"] == 1
    assert run("search", "nothing").stdout == "No passage comes near this question.\n"


def test_doctor_exits_with_1_when_there_are_problems(qa: FakeQA) -> None:
    assert run("doctor").stdout == "The library at 'index' is sound: 1 document.\n"
    assert one_object(run("doctor", "--json"))["ok"] is True
    qa.problems = ["dense.faiss is damaged; it is rebuilt at the next opening."]
    result = run("doctor")
    assert (result.exit_code, result.stdout) == (
        1,
        "Found: dense.faiss is damaged; it is rebuilt at the next opening.\n"
        "To mend what can be mended: qa doctor --mend\n",
    )
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"] == qa.problems
    result = run("doctor", "--mend")
    assert result.exit_code == 1
    assert result.stdout == "Found: it was broken\nDone: it was mended\nLost: 'a.txt' is lost\n"


# --- chat --------------------------------------------------------------------------------------------------


def test_chat_answers_until_quit_or_the_end(qa: FakeQA) -> None:
    result = run("chat", stdin="增长多少？\n\nempty\nunknown\n/quit\nnever asked\n")
    assert result.exit_code == 0
    assert result.stdout.startswith("Read as: 增长多少？ (2023)\n“2023年增长\n7.6%。”\n")
    assert "Not in these documents." in result.stdout
    assert "never asked" not in result.stdout
    assert result.stderr == "The question is empty. Ask in a few words.\n"
    assert run("chat", stdin="").exit_code == 0


def test_a_chat_goes_on_when_a_library_that_was_gone_is_back(qa: FakeQA) -> None:
    result = run("chat", stdin="gone\nunknown\n")
    assert result.exit_code == 0
    assert result.stdout.startswith("Read as: unknown (2023)\nNot in these documents.")
    assert result.stderr == "The library 'index' is gone. Put its folder back.\n"


def test_a_chat_with_a_library_that_is_not_there_says_so_before_a_question(tmp_path: Path) -> None:
    for arguments in ([], ["--json"]):
        result = run("chat", "--index", str(tmp_path / "nowhere"), *arguments, stdin="")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"No library at '{tmp_path / 'nowhere'}'. Build one: qa index")


def test_chat_as_json_is_an_object_a_line(qa: FakeQA) -> None:
    turns = [json.loads(line) for line in run("chat", "--json", stdin="a\nunknown\n").stdout.splitlines()]
    assert [(turn["question"], turn["standalone"], turn["answered"]) for turn in turns] == [
        ("a", "a (2023)", True),
        ("unknown", "unknown (2023)", False),
    ]


# --- serve -------------------------------------------------------------------------------------------------


@pytest.fixture
def served(qa: FakeQA, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def launch(service: FakeQA, config: Config, *, on_ready: Callable[[str], None], **settings: Any) -> None:
        seen.update(settings, service=service, config=config)
        on_ready("http://127.0.0.1:1234")

    monkeypatch.setattr("qa.web.launch", launch)
    return seen


def test_serve_tells_the_address(qa: FakeQA, served: dict[str, Any]) -> None:
    assert "http://127.0.0.1:1234" in run("serve").stdout
    assert (served["config"].host, served["config"].port, served["allow_remote"]) == (
        "127.0.0.1",
        7860,
        False,
    )
    assert served["service"] is qa
    assert one_object(run("serve", "--port", "0", "--json"))["address"] == "http://127.0.0.1:1234"
    assert served["config"].port == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("serve", "--port", "99999"), "port is 99999"),
        (("serve", "--port", "-1"), "port is -1"),
        (("ask", "x", "-k", "0"), "k is 0"),
        (("search", "x", "-k", "1001"), "k is 1001"),
    ],
)
def test_a_value_out_of_range_is_wrong_usage(qa: FakeQA, arguments: Sequence[str], named: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in " ".join(result.stderr.split())


def test_a_value_out_of_range_in_the_environment_is_an_error(
    qa: FakeQA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_PORT", "99999")
    result = run("serve")
    assert result.exit_code == 1
    assert "port is 99999" in result.stderr


# --- user --------------------------------------------------------------------------------------------------


def test_users_are_added_listed_changed_and_removed_and_no_password_is_shown(qa: FakeQA) -> None:
    result = run("user", "add", "anna", "--role", "editor", stdin="tall green reeds\n")
    assert result.stdout == "Added anna (editor).\n"
    assert run("user", "add", "anna", stdin="other reeds\n").stdout == "Changed anna (reader).\n"
    assert one_object(run("user", "add", "ben", "--by-proxy", "--json"))["new"] is True
    assert run("user", "list").stdout == "anna · reader\nben · reader\n2 users.\n"
    users = Users(Path("index"))
    assert users.check("anna", "other reeds") == User("anna", "reader")
    assert users.check("anna", "tall green reeds") is None
    assert users.check("ben", "") is None
    assert run("user", "remove", "anna").exit_code == 0
    assert one_object(run("user", "list", "--json"))["users"] == [{"name": "ben", "role": "reader"}]


def test_conversations_of_a_removed_user_are_nobodys(qa: FakeQA) -> None:
    run("user", "add", "zoë", stdin="tall green reeds\n")
    history, turn = History(Path("index")), Turn("a?", "a?", Answer("a?", None, 0.1, "", ()))
    history.keep("zoë", "", turn)
    history.keep("ben", "", turn)
    assert run("user", "remove", "zoe\u0308").exit_code == 0
    assert [len(history.conversations(name)) for name in ("zoë", "ben")] == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "password", "named"),
    [
        (("anna",), "short", "5 characters"),
        (("anna",), "", "0 characters"),
        (("longer-name",), "LONGER-NAME", "guessed"),
        (("anna", "--role", "owner"), "tall green reeds", "'owner'"),
        (("an:na",), "tall green reeds", "'an:na'"),
        (("an\nna",), "tall green reeds", "cannot be a name"),
    ],
)
def test_a_user_that_cannot_be_added_is_an_error(
    qa: FakeQA, arguments: Sequence[str], password: str, named: str
) -> None:
    result = run("user", "add", *arguments, stdin=password + "\n")
    assert result.exit_code == 1
    assert named in result.stderr
    assert run("user", "remove", "anna").exit_code == 1


# --- eval --------------------------------------------------------------------------------------------------


def test_eval_of_a_question_set(qa: FakeQA, tmp_path: Path) -> None:
    source = json.dumps(qa.quote.source)
    lines = (
        f'{{"id": "a", "question": "增长？", "answers": ["增长7.6%"], "source": {source}, "lang": "zh"}}\n'
        '{"id": "b", "question": "unknown", "lang": "en"}\n'
    )
    (tmp_path / "questions.jsonl").write_text(lines, encoding="utf-8")
    value = one_object(run("eval", "questions.jsonl", "--json", "--run", "run.txt"))
    for name in ("nDCG@10", "R@10", "RR@10", "Success@1", "quote_accuracy"):
        assert value[name] == 1.0
    assert value["abstention"]["correct_abstentions"] == 1
    assert value["counts"]["questions"] == 2
    assert value["seconds"] >= 0
    lines = (tmp_path / "run.txt").read_text(encoding="utf-8")
    assert [line.split()[:4] for line in lines.splitlines()] == [
        ["a", "Q0", "报告%202023.pdf", "1"],
        ["b", "Q0", "报告%202023.pdf", "1"],
    ]
    assert "lang zh" in run("eval", "questions.jsonl").stdout


def test_eval_of_a_beir_folder_ranks_documents_of_a_library_of_its_own(
    qa: FakeQA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[Path] = []

    def open_qa(config: Any, **_: Any) -> FakeQA:
        opened.append(Path(config.index))
        return qa

    monkeypatch.setattr(cli, "open_qa", open_qa)
    source = json.dumps(qa.quote.source)
    (tmp_path / "set" / "qrels").mkdir(parents=True)
    (tmp_path / "set" / "corpus.jsonl").write_text(
        f'{{"_id": {source}, "title": "标题", "text": "正文。"}}\n{{"_id": "empty", "text": ""}}\n',
        encoding="utf-8",
    )
    (tmp_path / "set" / "queries.jsonl").write_text('{"_id": "1", "text": "x"}\n', encoding="utf-8")
    (tmp_path / "set" / "qrels" / "test.tsv").write_text(
        f"query-id\tcorpus-id\tscore\n1\t{qa.quote.source}\t1\nmissing\tempty\t1\n", encoding="utf-8"
    )
    value = one_object(run("eval", "set", "--json", "--run", "run.txt"))
    assert [value[name] for name in ("nDCG@10", "R@10", "RR@10", "Success@1")] == [0.5] * 4
    assert value["counts"]["missing"] == 1
    assert value["indexing"]["documents"] == 1
    assert [(document.source, document.title, document.text) for document in qa.added] == [
        (qa.quote.source, "标题", "正文。")
    ]
    assert (tmp_path / "run.txt").read_text(encoding="utf-8") == "1 Q0 报告%202023.pdf 1 2.5 qa\n"
    assert opened[0] != Path("index")
    assert not opened[0].exists()


def test_eval_of_a_malformed_set_names_file_and_line(qa: FakeQA, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text("{}\n", encoding="utf-8")
    result = run("eval", "questions.jsonl", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("questions.jsonl, line 1: ")


def test_eval_names_every_line_that_is_malformed(qa: FakeQA, tmp_path: Path) -> None:
    whole = '{"id": "b", "question": "x"}\n'
    (tmp_path / "questions.jsonl").write_text(f"{{}}\n{whole}[1]\n{whole}{{\n", encoding="utf-8")
    result = run("eval", "questions.jsonl")
    assert (result.exit_code, result.stdout) == (1, "")
    places = [line.partition(": ")[0] for line in result.stderr.splitlines()]
    assert places == [f"questions.jsonl, line {number}" for number in (1, 3, 4, 5)]


def test_a_run_file_that_cannot_be_written_is_an_error(qa: FakeQA, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text('{"id": "b", "question": "x"}\n', encoding="utf-8")
    result = run("eval", "questions.jsonl", "--run", "no/such/folder/run.txt")
    assert (result.exit_code, result.stderr) == (1, "No such file or directory: 'no/such/folder/run.txt'\n")


@pytest.fixture
def questions(qa: FakeQA, tmp_path: Path) -> Path:
    rows = [
        {"id": "a", "question": "增长？", "answers": ["增长7.6%"], "source": qa.quote.source, "lang": "zh"},
        {"id": "b", "question": "unknown", "lang": "en", "known_failure": "was once answered"},
        {"id": "c", "question": "?", "status": "proposed"},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_eval_measures_what_it_is_asked_for(questions: Path) -> None:
    result = run("eval", "questions.jsonl", "--json", "--measures", "AP,P@2", "--by", "source")
    value = one_object(result)
    assert (value["AP"], value["P@2"]) == (1.0, 0.5)
    assert list(value["by"]["source"]) == ["报告 2023.pdf"]
    assert value["per_question"][0]["values"]["P@2"] == 0.5
    assert value["left_out"] == {"proposed": 1, "rejected": 0}
    assert result.stderr == "1 question proposed and not accepted: not asked.\n"
    shown = run("eval", "questions.jsonl", "--measures", "AP,P@2", "--by", "source").stdout
    assert shown.split()[:4] == ["questions", "AP", "P@2", "quote_accuracy"]
    assert "source 报告 2023.pdf" in shown


@pytest.mark.parametrize(
    "flags",
    [
        ("--measures", "foo@1"),
        ("--by", "mood"),
        ("--fail-under", "nDCG@10"),
        ("--fail-under", "nDCG@10=0.5", "--fail-under", "foo=1"),
    ],
)
def test_eval_that_does_not_know_a_name_asks_nothing(
    questions: Path, qa: FakeQA, flags: tuple[str, ...]
) -> None:
    result = run("eval", "questions.jsonl", *flags)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert qa.calls == []


def test_eval_below_a_limit_ends_with_1_and_a_sentence_after_its_figures(questions: Path) -> None:
    limits = ("--fail-under", "nDCG@10=0.9", "--fail-under", "P@2=0.75", "--fail-under", "lang:zh:AP=1")
    result = run("eval", "questions.jsonl", "--json", *limits)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["P@2"] == 0.5
    assert result.stderr.splitlines()[1:] == ["P@2 is 0.5000, below the 0.75 that --fail-under demands."]
    assert run("eval", "questions.jsonl", "--fail-under", "nDCG@10=1").exit_code == 0


def test_eval_notices_a_mended_failure(questions: Path) -> None:
    shown = run("eval", "questions.jsonl").stdout
    assert "Known failures: 0 still fail, 1 are mended." in shown
    assert "Mended, take its mark off: b (was once answered)" in shown


def test_eval_writes_a_report_and_keeps_its_results(questions: Path, qa: FakeQA, tmp_path: Path) -> None:
    first = one_object(run("eval", "questions.jsonl", "--json", "--html", "r.html", "--resume", "r.jsonl"))
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert first["resumed"] == 0
    qa.ask = None  # type: ignore[assignment,method-assign]
    again = run("eval", "questions.jsonl", "--json", "--resume", "r.jsonl")
    assert one_object(again)["per_question"] == first["per_question"]
    assert "2 results taken from the file of --resume." in again.stderr
    (tmp_path / "figures.json").write_text(json.dumps(first), encoding="utf-8")
    assert one_object(run("compare", "figures.json", "r.jsonl", "--json"))["same"] == 2


def test_compare_shows_tests_and_the_questions_won_and_lost(
    questions: Path, qa: FakeQA, tmp_path: Path
) -> None:
    before = one_object(run("eval", "questions.jsonl", "--json"))
    worse = json.loads(json.dumps(before))
    worse["per_question"][0] |= {"outcome": "wrong", "quote": "\x1b[31mother", "nearest": "\x1b[31mother"}
    for name, value in (("a.json", worse), ("b.json", before)):
        (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
    result = run("compare", "a.json", "b.json", "--by", "lang")
    assert result.exit_code == 0
    assert "B won 1, lost 0, and 1 are the same." in result.stdout
    assert "Won: a · 增长？" in result.stdout
    assert "wrong became right; another sentence is the best quote." in result.stdout
    assert "quote_accuracy, lang zh" in result.stdout
    assert "\x1b" not in result.stdout
    value = one_object(run("compare", "a.json", "b.json", "--json", "--measures", "nDCG@10"))
    assert [test["measure"] for test in value["tests"]][:3] == ["nDCG@10", "quote_accuracy", "succeeded"]
    assert value["won"][0]["id"] == "a"
    assert run("compare", "a.json", "questions.jsonl").exit_code == 1


# --- whole processes ---------------------------------------------------------------------------------------

DRIVER = """
import sys
from qa import cli
from tests.test_cli import FakeQA
cli.open_qa = lambda config, **_: FakeQA()
cli.main()
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "TERM": "xterm-256color"}


def reached_by_ctrl_c() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # tests that run in the background inherit that it is ignored


def on_terminal(*args: str, when: bytes = b"", press: bytes = b"") -> tuple[int, str]:
    """Run ``qa`` with all three streams on a terminal; ``press`` keys while it waits after ``when``."""
    keys, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, *args],
        env=ENVIRONMENT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=reached_by_ctrl_c,
    )
    os.close(terminal)
    output, pressed = b"", 0.0
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            # A key pressed between the prompt and the wait for keys is lost on Python: press again, but not so soon
            # that a busy machine gets two for one.
            if select.select([keys], [], [], 0.5)[0]:
                try:
                    output += os.read(keys, 65536)
                except OSError:  # the other end is closed
                    break
            elif when and when in output and time.monotonic() - pressed > 5:
                os.write(keys, press)
                pressed = time.monotonic()
        return process.wait(timeout=5), output.decode()
    finally:
        process.kill()
        process.wait()
        os.close(keys)


def test_the_answering_words_are_emphasised_on_a_terminal() -> None:
    status, output = on_terminal("ask", "x")
    assert status == 0
    assert "\x1b[1;4m7.6%\x1b[0m" in output.replace("\r\n", "\n")
    assert "\x1b[31m" not in output


def test_progress_shows_rate_and_time_left_on_a_terminal(tmp_path: Path) -> None:
    status, output = on_terminal("index", str(tmp_path))
    assert status == 0
    assert "/s" in output
    assert "0:00:0" in output
    assert "[bold]file[/bold]" in output
    assert "\x1b[31m" not in output
    for flag in ("--json", "--quiet"):
        assert "/s" not in on_terminal("index", str(tmp_path), flag)[1]


def test_ctrl_c_at_the_prompt_of_a_chat_is_clean() -> None:
    status, output = on_terminal("chat", when=b"> ", press=b"\x03")
    assert status == 130
    assert "Traceback" not in output
    assert "Stopped." in output


def test_a_chat_on_a_terminal_ends_with_ctrl_d() -> None:
    status, output = on_terminal("chat", when=b"> ", press=b"x\n\x04")
    assert status == 0
    assert "“2023" in output


def test_a_reader_that_goes_away_is_no_error_to_speak_of() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, "list"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=15) == 128 + signal.SIGPIPE
    assert errors == b""


def test_a_fault_of_the_program_is_one_sentence_too_and_its_traceback_can_be_had() -> None:
    driver = DRIVER.replace("FakeQA()", "1 / 0")
    for environment, lines in ((ENVIRONMENT, 1), ({**ENVIRONMENT, "QA_TRACEBACK": "1"}, None)):
        done = subprocess.run(
            [sys.executable, "-c", driver, "list"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=15,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "ZeroDivisionError" in done.stderr
        assert (done.stderr.count("\n") == 1) is (lines == 1)


def test_names_that_are_no_utf8_neither_stop_json_nor_text() -> None:
    driver = DRIVER.replace("FakeQA()", "FakeQA(quote=quote_of(source='a\\udcff.txt'))").replace(
        "import FakeQA", "import FakeQA, quote_of"
    )
    for arguments in (["ask", "x", "--json"], ["list"]):
        done = subprocess.run(
            [sys.executable, "-c", driver, *arguments],
            env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=True,
            timeout=15,
        )
        assert rb"a\udcff.txt" in done.stdout
        assert "年" in done.stdout.decode() or arguments == ["list"]


def test_starting_loads_nothing_heavy() -> None:
    code = "import sys, qa.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, check=True, text=True, timeout=15
    )
    loaded = set(done.stdout.split())
    assert "qa" in loaded
    assert not loaded & {
        "numpy",
        "rich",
        "faiss",
        "torch",
        "gradio",
        "tantivy",
        "tokenizers",
        "ir_measures",
        "fastapi",
    }


def test_the_fake_stands_for_documents_as_they_are() -> None:
    document = Document("d" * 32, "报告 2023.pdf", "", TEXT, (), "")
    quote_of().verify(document.text)
