"""A writer killed at any moment leaves the state before or after, and what opens next mends the views."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import qa.dense
from qa.dense import FLAT, TWO_BITS
from qa.errors import LibraryNotFound
from qa.library import Library, is_library
from qa.views import Views
from tests.fakes import ENCODER, create, make_document, make_passages

ROUNDS = 4
KILLS = 10
PARTS = ("qa.library", "qa.views", "qa.dense", "qa.vectors", "qa.lexical")
LIMITS = {FLAT: 30, TWO_BITS: 60}  # the dense index takes each of its kinds in turn


def version(source: str, number: int) -> str:
    return "\n".join(f"{source} 第{number}版 line{line} 有{number}户" for line in range(12))


def expected(change: int) -> dict[str, str]:
    """Return the texts by source after a number of changes of ``work``; a KeyError inside a transaction."""
    states: dict[int, dict[str, str]] = {0: {}}
    state: dict[str, str] = {}
    number = 0
    for turn in range(ROUNDS):
        number += 1 + (turn > 0)
        state = {**state, "replaced": version("replaced", turn), f"new{turn}": version("new", turn)}
        number += 1
        states[number] = state
        if turn % 3 == 2:
            state = {source: text for source, text in state.items() if source != f"new{turn - 1}"}
            number += 1
            states[number] = state
    return states[change]


def work(path: Path) -> None:
    """Replace one document and add another in each transaction; remove one now and then; keep the views."""
    qa.dense.LIMITS.update(LIMITS)
    with create(path) as library, Views(library) as views:
        for turn in range(ROUNDS):
            with library.transaction() as change:
                if turn:
                    change.remove(library.find("replaced").id)
                for source, text in (
                    ("replaced", version("replaced", turn)),
                    (f"new{turn}", version("new", turn)),
                ):
                    document = make_document(source, text)
                    passages = make_passages(document)
                    texts = [passage.text for passage in passages]
                    vectors = ENCODER.encode_passages(texts)
                    change.add(document, "", passages, vectors, ENCODER.token_ids(texts))
            views.catch_up()
            if turn % 3 == 2:
                with library.transaction() as change:
                    change.remove(library.find(f"new{turn - 1}").id)
            views.save(force=turn % 2 == 1)


def work_until_line(path: Path, last: int) -> None:
    """Do the work and die at the ``last``-th line of our code that is run."""
    left = last

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_globals.get("__name__") not in PARTS:
            return None
        if event == "line":
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    sys.settrace(count)
    work(path)
    sys.settrace(None)
    (path / "lines").write_text(str(last - left))


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")  # children that start clean and fast
    context.set_forkserver_preload([__name__, "faiss", "tantivy"])
    return context


def run(context: ForkServerContext, path: Path, line: int, *, seconds: float | None = None) -> int | None:
    child = context.Process(target=work_until_line, args=(path, line), daemon=True)
    child.start()
    if seconds is not None:
        time.sleep(seconds)
        child.kill()
    child.join(60)
    return child.exitcode


def verify(path: Path, *, write: bool) -> int:
    """Open what a killed writer left, prove it right, and return its last change."""
    try:
        library = create(path) if write else Library.open(path)
    except LibraryNotFound:  # killed before it was made
        return 0
    with library, Views(library) as views:
        change = library.last_change()
        texts = {info.source: library.document(info.source).text for info in library.documents()}
        assert texts == expected(change)
        assert library.check() == []
        assert views.check() == []
        assert views.problems == []  # a kill damages nothing: views are replayed, not rebuilt
        assert views.dense.change == views.lexical.change == change
        return change


def verify_any(path: Path) -> int:
    """Prove that a library is whole whatever its documents, and return its last change."""
    try:
        with Library.open(path) as library, Views(library) as views:
            assert library.check() == views.check() == []
            return library.last_change()
    except LibraryNotFound:
        return 0


def finish(path: Path) -> None:
    """Prove that writing goes on after the kill."""
    with create(path) as library, Views(library) as views:
        document = make_document("after", "after the kill")
        passages = make_passages(document)
        with library.transaction() as change:
            vectors = ENCODER.encode_passages(["after the kill"])
            change.add(document, "", passages, vectors, ENCODER.token_ids(["after the kill"]))
        views.save(force=True)
        assert views.check() == library.check() == []


def test_a_kill_at_any_line(tmp_path: Path, context: ForkServerContext) -> None:
    whole = tmp_path / "whole"
    assert run(context, whole, -1) == 0
    lines = int((whole / "lines").read_text())
    assert verify(whole, write=False) == 2 * ROUNDS + (ROUNDS - 1) + ROUNDS // 3
    assert lines > 500
    generator = random.Random(2)
    seen = set()
    for number in range(KILLS):
        line = 1 + int((number + generator.random()) * (lines - 1) / KILLS)
        path = tmp_path / str(line)
        assert run(context, path, line) == -signal.SIGKILL
        seen.add(verify(path, write=number % 2 == 0))
        if number % 5 == 0:
            finish(path)
    assert len(seen) > 3, "the kills should fall into different states"


def test_a_kill_at_any_time(tmp_path: Path, context: ForkServerContext) -> None:
    generator = random.Random(3)
    for number in range(6):
        path = tmp_path / str(number)
        run(context, path, -1, seconds=generator.uniform(0.02, 0.6))
        verify(path, write=number % 2 == 0)


def test_kill_after_kill_on_one_library(tmp_path: Path, context: ForkServerContext) -> None:
    generator = random.Random(4)
    path = tmp_path / "index"
    before = 0
    for _ in range(5):
        child = context.Process(target=churn, args=(path, generator.randrange(10**6)), daemon=True)
        child.start()
        while not is_library(path):  # a busy machine takes its time to begin
            time.sleep(0.01)
        time.sleep(generator.uniform(0.2, 0.8))
        child.kill()
        child.join(60)
        if number := verify_any(path):
            assert number >= before
            before = number
    assert before > 0


def churn(path: Path, seed: int) -> None:
    """Add and remove at random, for ever."""
    generator = random.Random(seed)
    qa.dense.LIMITS.update(LIMITS)
    with create(path) as library, Views(library) as views:
        while True:
            there = [info.id for info in library.documents()]
            with library.transaction() as change:
                if len(there) > 10 or (there and generator.random() < 0.3):
                    change.remove(generator.choice(there))
                else:
                    number = generator.randrange(10**9)
                    document = make_document(f"d{number}", version("d", number))
                    passages = make_passages(document)
                    texts = [passage.text for passage in passages]
                    vectors = ENCODER.encode_passages(texts)
                    change.add(document, "", passages, vectors, ENCODER.token_ids(texts))
            if generator.random() < 0.7:
                views.save(force=generator.random() < 0.3)
