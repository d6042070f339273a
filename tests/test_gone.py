"""A library that is taken away while it is used: one sentence says so, nothing is made in its place, and it goes on."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from qa import QA, library
from qa.config import Config
from qa.errors import LibraryGone, QAError
from qa.history import History
from qa.library import Library
from qa.server import create_app
from qa.users import Users
from qa.web.page import Page
from qa.web.settings import PageSettings
from qa.web.strings import DE, EN
from qa.web.uploads import take_upload

QUESTION, QUOTE = "When was the weir built?", "The weir was built in 1888."
GONE = r"^The library '.*index' is gone\. Put its folder back, or restore a backup there: qa restore FOLDER"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "weir.txt").write_text(QUOTE)
    (tmp_path / "docs" / "mill.txt").write_text("The mill has 12 wheels.")
    return tmp_path / "docs"


@pytest.fixture
def qa(docs: Path, tmp_path: Path) -> Iterator[QA]:
    with QA.open(tmp_path / "index", config=Config(max_error=0.9)) as service:
        service.sync(docs)
        assert quoted(service) == QUOTE
        yield service


def quoted(qa: QA) -> str:
    quote = qa.ask(QUESTION).quote
    return quote.text if quote else ""


def moved(index: Path) -> Callable[[], object]:
    """Take a library away; return what puts it back."""
    away = index.rename(index.with_name("away"))
    return lambda: away.rename(index)


def emptied(index: Path) -> Callable[[], object]:
    """Leave an empty folder, as a disk does that was mounted there."""
    back = moved(index)
    index.mkdir()
    return lambda: (index.rmdir(), back())


def removed(index: Path) -> Callable[[], object]:
    kept = shutil.copytree(index, index.with_name("kept"))
    shutil.rmtree(index)
    return lambda: shutil.copytree(kept, index)


@pytest.mark.parametrize("take", [moved, emptied, removed])
def test_a_library_that_is_gone_is_said_to_be_and_answers_again_when_it_is_back(
    qa: QA, docs: Path, tmp_path: Path, take: Callable[[Path], Callable[[], object]]
) -> None:
    put_back = take(qa.path)
    calls: tuple[Callable[[], object], ...] = (
        *(lambda: qa.ask(QUESTION), lambda: qa.search(QUESTION), lambda: qa.chat().ask(QUESTION)),
        *(qa.documents, qa.feedback, qa.compact, qa.check, lambda: qa.document("weir.txt")),
        *(lambda: qa.add(docs), lambda: qa.sync(docs), lambda: qa.remove("weir.txt")),
        *(lambda: qa.backup(tmp_path / "backup"), lambda: qa.export(tmp_path / "all.jsonl")),
    )
    for call in calls:
        with pytest.raises(LibraryGone, match=GONE):
            call()
    (tmp_path / "sent").write_text("The quay was built in 1891.")
    assert take_upload(qa, tmp_path / "sent", "quay.txt", EN).outcome == "failed"
    assert list(qa.path.glob("*")) == []  # what is put back finds its place free
    assert not (tmp_path / "backup").exists()
    put_back()
    assert quoted(qa) == QUOTE
    (tmp_path / "sent").write_text("The quay was built in 1891.")
    assert take_upload(qa, tmp_path / "sent", "quay.txt", EN).outcome == "added"
    assert qa.check() == []


def test_a_library_that_takes_the_place_of_another_is_the_one_that_answers(qa: QA, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("The weir was built in 1999.")
    with QA.open(tmp_path / "other") as other:
        other.add(tmp_path / "new.txt")
    moved(qa.path)
    (tmp_path / "other").rename(qa.path)
    assert quoted(qa) == "The weir was built in 1999."
    assert [info.source for info in qa.documents()] == ["new.txt"]


@pytest.mark.parametrize("take", [moved, removed])
def test_a_library_that_goes_while_it_is_written_to_is_not_said_to_be_written(
    docs: Path, tmp_path: Path, take: Callable[[Path], Callable[[], object]]
) -> None:
    put_back: list[Callable[[], object]] = []

    def take_it(done: int, total: int, label: str) -> None:
        if not put_back:
            put_back.append(take(tmp_path / "index"))

    with QA.open(tmp_path / "index") as qa:
        with pytest.raises(LibraryGone, match=GONE):
            qa.sync(docs, on_progress=take_it)
        put_back[0]()
        qa.sync(docs)
        assert quoted(qa) == QUOTE
        assert qa.check() == []


def test_a_library_that_comes_and_goes_while_many_ask_answers_or_says_that_it_is_gone(qa: QA) -> None:
    ended, told = threading.Event(), set[str]()

    def ask() -> None:
        while not ended.is_set():
            with suppress(LibraryGone):
                told.add(quoted(qa))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        ended.wait(0.02)
        put_back = moved(qa.path)
        ended.wait(0.02)
        put_back()
    ended.set()
    for thread in threads:
        thread.join()
    assert told == {QUOTE}
    assert quoted(qa) == QUOTE


def test_a_library_that_is_away_only_while_it_is_opened_is_opened(
    qa: QA, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, times = library._connect, list[int]()

    def away_at_first(file: Path, *, write: bool, small: bool = False) -> sqlite3.Connection:
        times.append(1)
        put_back = moved(qa.path) if len(times) == 1 else lambda: None
        try:
            return connect(file, write=write, small=small)
        finally:
            put_back()

    with Library.open(qa.path) as reader:
        reader._idle.clear()  # no connection is left from before
        monkeypatch.setattr(library, "_connect", away_at_first)
        assert reader.documents()
    assert len(times) == 2


def test_a_folder_that_cannot_be_looked_into_is_named(qa: QA) -> None:
    put_back = moved(qa.path)
    qa.path.symlink_to(qa.path)  # a loop: refused to everybody, as a folder without permissions is to most
    for call in (lambda: qa.ask(QUESTION), qa.documents, qa.compact):
        with pytest.raises(QAError, match=r"^'.*index' cannot be used: .*permissions"):
            call()
    qa.path.unlink()
    put_back()
    assert quoted(qa) == QUOTE


def test_a_server_whose_library_is_gone_says_so_and_goes_on(qa: QA) -> None:
    client = TestClient(create_app(qa, page=False), base_url="http://localhost")

    def asked() -> tuple[int, dict[str, str]]:
        response = client.post("/v1/ask", json={"question": QUESTION})
        return response.status_code, response.json().get("error", {})

    put_back = moved(qa.path)
    status, error = asked()
    assert (status, error["type"]) == (503, "LibraryGone")
    assert client.get("/v1/documents").json()["error"] == error
    health = client.get("/healthz")
    assert (health.status_code, health.json()) == (503, {"status": "failing", "message": error["message"]})
    put_back()
    assert asked() == (200, {})
    assert client.get("/healthz").json() == {"status": "ok", "documents": 2}


def test_a_page_whose_library_is_gone_says_so_in_the_language_of_the_reader(qa: QA) -> None:
    page = Page(qa, PageSettings(), None)
    talk = qa.chat()
    put_back = moved(qa.path)
    shown, turn = page._turn("turn-1", QUESTION, talk, "")
    assert turn is None
    for html in (shown(DE), page.documents(DE, edits=True)):
        assert "Die Bibliothek ist nicht mehr da." in html
        assert EN.no_documents not in html
    put_back()
    shown, turn = page._turn("turn-2", QUESTION, talk, "")
    assert turn is not None
    assert turn.answer.answered


def test_conversations_of_a_library_that_is_gone_are_not_said_to_be_none(qa: QA) -> None:
    kept = History(qa.path)
    assert kept.conversations("anna") == []
    conversation = kept.keep("anna", "", qa.chat().ask(QUESTION))
    assert len(kept.conversations("anna")) == 1
    put_back = moved(qa.path)
    for call in (lambda: kept.conversations("anna"), lambda: kept.read("anna", conversation)):
        with pytest.raises(LibraryGone, match=r"folder '.*index' is gone"):
            call()
    put_back()
    assert len(kept.read("anna", conversation)) == 1


def test_sessions_outlast_a_library_that_is_gone_for_a_while(qa: QA) -> None:
    users = Users(qa.path)
    users.put("anna", "reader", "tall green reeds")
    client = TestClient(create_app(qa, page=False), base_url="http://localhost")
    client.post("/login", data={"name": "anna", "password": "tall green reeds"})
    assert client.get("/v1/documents").status_code == 200
    put_back = moved(qa.path)
    response = client.get("/v1/documents")
    assert (response.status_code, response.json()["error"]["type"]) == (503, "NobodyCanSignIn")
    put_back()
    assert client.get("/v1/documents").status_code == 200
