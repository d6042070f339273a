"""Two writers and several readers of one library at once, each a process: nothing is lost, nothing half seen."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from qa import QA, indexing
from qa.errors import LibraryLocked
from qa.library import Library
from qa.text import words
from qa.views import Views
from tests.fakes import ENCODER, create, make_document

ROUNDS = 8
WRITERS = ("left", "right")


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "faiss", "tantivy"])
    return context


def version(source: str, number: int) -> str:
    return "\n".join(f"{source} 第{number}版 line{line} version{number}" for line in range(8))


def write(path: Path, name: str, told: Any) -> None:
    """Replace two documents by their next version, both in one transaction, again and again; wait for one's turn."""
    refused: list[str] = []
    for number in range(ROUNDS):
        documents = [make_document(f"{name}{half}", version(f"{name}{half}", number)) for half in "ab"]
        while True:
            try:
                library = Library.open(path, write=True, wait=0.05)
                break
            except LibraryLocked as error:
                refused.append(str(error))
        with library:
            indexing.add_documents(library, documents, encoder=ENCODER, token_encoder=ENCODER)
            if number % 4 == 2:
                indexing.remove(library, f"{name}a", purge=number > 4)
                indexing.add_documents(library, documents[:1], encoder=ENCODER, token_encoder=ENCODER)
    told.put(("refused", refused))


def read(path: Path, stop: Event, told: Any) -> None:
    """Look at the library through one open reader until told to stop; tell what was wrong, and what was seen."""
    wrong: list[str] = []
    seen: set[tuple[str, int]] = set()
    looks = 0
    with Library.open(path) as library, Views(library) as views:
        while not stop.is_set() or not looks:
            looks += 1
            texts = {stored.document.source: stored.document.text for stored in library.all_stored()}
            for name in WRITERS:
                there = {half: texts.get(f"{name}{half}") for half in "ab"}
                versions = [int(text.split("version")[-1]) for text in there.values() if text]
                seen |= {(name, number) for number in versions}
                # one of a pair is missing while it is removed and added again: never of another version
                if len(set(versions)) > 1:
                    wrong.append(f"{name}: versions {versions} at once")
                if there["a"] and not there["b"]:
                    wrong.append(f"{name}: half of a transaction")
            views.catch_up()
            for number in range(ROUNDS):
                ids, _ = views.lexical.search(words(f"version{number}"), 20)
                near, _ = views.dense.search(ENCODER.encode_queries([f"version{number}"])[0], 20)
                for passage in library.passages([*ids.tolist(), *near.tolist()]):
                    if passage.text not in version(
                        passage.text.split()[0], int(passage.text.split("version")[-1])
                    ):
                        wrong.append(f"'{passage.text}' is no line that was written")
    told.put(("read", wrong, sorted(seen), looks))


def test_two_writers_take_turns_and_readers_see_whole_states(
    tmp_path: Path, context: ForkServerContext
) -> None:
    path = tmp_path / "index"
    create(path).close()
    stop, told = context.Event(), context.Queue()
    readers = [context.Process(target=read, args=(path, stop, told)) for _ in range(2)]
    writers = [context.Process(target=write, args=(path, name, told)) for name in WRITERS]
    for process in (*readers, *writers):
        process.start()
    results = [
        told.get(timeout=300) for _ in writers
    ]  # before they are joined: a full pipe keeps a process alive
    stop.set()
    results += [told.get(timeout=60) for _ in readers]
    for process in (*readers, *writers):
        process.join(60)
        assert process.exitcode == 0
    for kind, *facts in results:
        if kind == "refused":
            assert all("is being written to by process" in message for message in facts[0])
        else:
            wrong, seen, looks = facts
            assert wrong == []
            assert looks > 1
            assert len(seen) > 1, "the readers should follow the writers"
    with Library.open(path) as library, Views(library) as views:
        texts = {info.source: library.document(info.source).text for info in library.documents()}
        last = ROUNDS - 1
        assert texts == {f"{name}{half}": version(f"{name}{half}", last) for name in WRITERS for half in "ab"}
        assert library.check() == views.check() == []


def run(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "qa.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_commands_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    index = str(tmp_path / "index")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for number in range(20):
            (tmp_path / name / f"{name}{number}.txt").write_text(
                f"The {name} mill number {number} was built in {1700 + number}.\n", encoding="utf-8"
            )
    (tmp_path / "first.txt").write_text("The harbour was opened in 1902.\n", encoding="utf-8")
    with QA.open(index) as qa:
        qa.add(tmp_path / "first.txt")
    adding = [run("add", str(tmp_path / name), "--index", index) for name in ("one", "two")]
    with QA.open(index) as qa:  # asks while they write
        while any(process.poll() is None for process in adding):
            hits = qa.search("When was the harbour opened?", k=30)
            assert "first.txt" in {hit.source for hit in hits}
            for hit in hits:
                assert hit.text == qa.document(hit.passage.document_id).text[hit.start : hit.end]
            time.sleep(0.05)
    for process, name in zip(adding, ("one", "two"), strict=True):
        _, errors = process.communicate()
        if process.returncode:  # its turn did not come within some seconds: it says so, and can be run again
            assert process.returncode == 1
            assert "is being written to by process" in errors
            again = run("add", str(tmp_path / name), "--index", index)
            assert (again.communicate(), again.returncode)[1] == 0
    listed = run("list", "--index", index, "--json").communicate()[0]
    sources = {document["source"] for document in json.loads(listed)["documents"]}
    assert sources == {"first.txt"} | {
        f"{name}{number}.txt" for name in ("one", "two") for number in range(20)
    }
    with QA.open(index) as qa:
        assert qa.check() == []
