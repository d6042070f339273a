"""What a document costs, counted and not timed, is the same in a small library and in a large one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import qa.library
from qa import indexing
from qa.library import Library
from qa.types import Document
from qa.views import Views
from tests.fakes import ENCODER, create, make_document

SMALL, LARGE = 60, 1200
"""Documents; the snapshot of the smaller one is not yet old after what is done here."""
DEEPER = 2
"""Times the bytes: a tree of twenty times as many rows is a page or two deeper."""


@dataclass
class Cost:
    """Statements that SQLite was given, steps of its machine, and bytes that this process read."""

    statements: int = 0
    steps: int = 0
    bytes: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Cost:
    """What is done with SQLite from here on; ``bytes`` is set by ``reading``."""
    cost, connect = Cost(), qa.library._connect

    def counting(file: Path, *, write: bool, small: bool = False) -> sqlite3.Connection:
        connection = connect(file, write=write, small=small)

        def statement(_: str) -> None:
            cost.statements += 1

        def step() -> int:
            cost.steps += 1
            return 0

        connection.set_trace_callback(statement)
        connection.set_progress_handler(step, 1)
        return connection

    monkeypatch.setattr(qa.library, "_connect", counting)
    return cost


@contextmanager
def reading(cost: Cost) -> Iterator[Cost]:
    """Count from nothing while the block runs."""
    cost.statements = cost.steps = 0
    before = _read()
    yield cost
    cost.bytes = _read() - before


def _read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


def text(number: int) -> Document:
    """Return a document of three passages."""
    lines = "\n".join(f"House {number} of street {line} has {number * line + 7} rooms." for line in range(3))
    return make_document(f"{number:05}", lines)


def built(path: Path, documents: int) -> Path:
    with create(path) as library:
        indexing.add_documents(library, map(text, range(documents)), encoder=ENCODER, token_encoder=ENCODER)
    return path


def add(path: Path, file: Path) -> None:
    with create(path) as library:
        report = indexing.add(library, [file], encoder=ENCODER, token_encoder=ENCODER)
    assert len([*report.added, *report.updated]) == 1


def changed(path: Path, file: Path) -> None:
    file.write_text("The house has a new roof.\n\nIt is red.", encoding="utf-8")
    add(path, file)


def moved(path: Path, file: Path) -> None:
    file.rename(file.with_name("moved.txt"))
    add(path, file.with_name("moved.txt"))


def remove(path: Path, file: Path) -> None:
    with create(path) as library:
        assert indexing.remove(library, file.name).postings > 0


def cost_of(work: Callable[[Path, Path], None], path: Path, folder: Path, cost: Cost) -> tuple[Cost, Cost]:
    """Return what a piece of work costs, and then the first look of a reader that has the library open."""
    folder.mkdir()
    for name in ("warm.txt", "file.txt"):
        (folder / name).write_text(f"The house {name} is old.\n\nIt has a garden.", encoding="utf-8")
        if work is not add:
            add(path, folder / name)
    with Library.open(path) as library, Views(library) as views:
        work(path, folder / "warm.txt")  # what is read once is read
        views.catch_up()
        (folder / "moved.txt").unlink(missing_ok=True)
        with reading(cost):
            work(path, folder / "file.txt")
        done = Cost(**vars(cost))
        with reading(cost):
            assert views.catch_up()
        return done, Cost(**vars(cost))


@pytest.mark.parametrize("work", [add, changed, moved, remove])
def test_a_document_costs_as_much_in_a_large_library_as_in_a_small_one(
    work: Callable[[Path, Path], None], counted: Cost, tmp_path: Path
) -> None:
    few = cost_of(work, built(tmp_path / "few", SMALL), tmp_path / "one", counted)
    many = cost_of(work, built(tmp_path / "many", LARGE), tmp_path / "two", counted)
    for one, other in zip(few, many, strict=True):
        assert one.statements > 0
        assert one.statements == other.statements
        assert other.steps <= 1.1 * one.steps
        assert other.bytes <= DEEPER * one.bytes
