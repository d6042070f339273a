from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import upkeep
from qa.dense import FLAT, TWO_BITS, DenseIndex
from qa.errors import QAError
from qa.library import Library
from qa.text import words
from qa.types import Floats
from qa.vectors import VectorFile
from qa.views import LEXICAL, Views
from tests.fakes import ENCODER, create, drop, make_document, put

TEXTS = {
    "zh": "全县有居民2142户。\n今年上半年，地区生产总值增长7.6%。",
    "en": "The county has 2142 households.\nGross product grew by 7.6%.",
    "de": "Die Straße ist 3,5 km lang.",
    "ru": "Население города — 12 тысяч человек.",
    "ar": "العاصمة هي القاهرة.",
    "hi": "दिल्ली भारत की राजधानी है।",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with create(tmp_path / "index") as library:
        for source, text in TEXTS.items():
            put(library, make_document(source, text))
        yield library


def sources(library: Library, views: Views, question: str) -> list[list[str]]:
    """Return the sources of the best dense hit and of all lexical hits."""
    views.catch_up()
    dense, _ = views.dense.search(ENCODER.encode_queries([question])[0], 1)
    lexical, _ = views.lexical.search(words(question), 10)
    found = []
    for ids in (dense, lexical):
        passages = library.passages(ids.tolist())
        names = library.sources(passage.document_id for passage in passages)
        found.append(sorted({names[passage.document_id] for passage in passages}))
    return found


def test_both_views_hold_the_library(library: Library) -> None:
    with Views.open(library) as views:
        for source, text in TEXTS.items():
            dense, lexical = sources(library, views, text.split("\n")[0])
            assert dense == [source]
            assert source in lexical
        assert views.check() == []


def test_views_follow_adding_and_removing(library: Library) -> None:
    with Views.open(library) as views:
        assert not views.catch_up()
        put(library, make_document("new", "unicorns graze here"))
        assert views.catch_up()
        assert not views.catch_up()
        assert sources(library, views, "unicorns graze") == [["new"], ["new"]]
        drop(library, "new")
        dense, lexical = sources(library, views, "unicorns graze")
        assert dense != ["new"]
        assert lexical == []
        assert views.check() == []


def test_a_reader_follows_the_writer_without_opening_again(library: Library) -> None:
    with Views(library) as writer, Library.open(library.path) as reading, Views.open(reading) as reader:
        writer.catch_up()
        for number in range(5):
            put(library, make_document(f"new{number}", f"unicorn{number} grazes"))
            drop(library, f"new{number - 1}") if number else None
            writer.catch_up()
            assert sources(reading, reader, f"unicorn{number}")[1] == [f"new{number}"]
            assert reader.check() == []


def test_a_reader_beside_a_writer_never_finds_what_was_removed(library: Library) -> None:
    with Views(library) as writer, Library.open(library.path) as reading, Views(reading) as reader:
        writer.catch_up()
        reader.catch_up()
        drop(library, "de")  # and the writer's views are not caught up yet
        dense, lexical = sources(reading, reader, "Die Straße ist lang")
        assert "de" not in dense + lexical
        assert reader.dense.change == library.last_change() > reader.lexical.change


def test_a_reader_finishes_what_a_killed_writer_left(library: Library) -> None:
    with Views(library) as writer:
        writer.save()
    put(library, make_document("new", "unicorns graze here"))
    path = library.path
    library.close()  # the views know nothing of the last change
    with Library.open(path) as reading, Views(reading) as reader:
        assert sources(reading, reader, "unicorns") == [["new"], ["new"]]
        assert reader.problems == []
        assert reader.check() == []


def test_a_reader_that_may_not_write_answers_from_memory(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = library.path
    library.close()

    def denied(*_: object, **__: object) -> None:
        raise PermissionError("read-only")

    with Library.open(path) as reading, Views(reading) as reader:
        monkeypatch.setattr("qa.views.Library.open", denied)
        assert sources(reading, reader, "القاهرة العاصمة")[1] == ["ar"]
        assert reader.lexical.volatile
        assert reader.check() == []
    assert not (path / LEXICAL).exists()
    assert not (path / "dense.faiss").exists()


def test_a_reader_that_answered_from_memory_returns_to_the_files(library: Library, tmp_path: Path) -> None:
    upkeep.backup(library, tmp_path / "backup")
    put(library, make_document("new", "unicorn grazes"))
    with Views(library) as writer, Library.open(library.path) as reading, Views(reading) as reader:
        writer.catch_up()
        reader.catch_up()
        with Library.open(tmp_path / "backup") as backup:
            library.become(backup)  # the first half of a restoration: the files are of another history
        assert sources(reading, reader, "Straße ist lang")[1] == ["de"]
        assert reader.lexical.volatile
        writer.rewrite()
        put(library, make_document("newer", "dragon sleeps"))
        writer.catch_up()
        assert sources(reading, reader, "dragon")[1] == ["newer"]
        assert not reader.lexical.volatile
        assert sources(reading, reader, "unicorn")[1] == []


def test_a_reader_writes_nothing_when_all_is_well(library: Library) -> None:
    with Views(library) as writer:
        writer.save()
    path = library.path
    library.close()
    before = listing(path)
    with Library.open(path) as reading, Views(reading) as reader:
        sources(reading, reader, "Straße")
        with pytest.raises(QAError, match="open for reading"):
            reader.save()
    assert listing(path) == before


def listing(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.name.endswith(("-wal", "-shm"))
    }


# Snapshots


def test_the_snapshot_is_rewritten_when_its_tail_has_grown_by_a_tenth(library: Library) -> None:
    with Views(library) as views:
        put(library, make_document("many", "\n".join(f"line {number}" for number in range(92))))
        views.save()
        assert DenseIndex.described(library.path) == (7, 100)
        for number in range(10):
            put(library, make_document(f"one{number}", f"single {number}"))
            views.save()
        assert DenseIndex.described(library.path) == (7, 100)
        put(library, make_document("eleventh", "single"))
        views.save()
        assert DenseIndex.described(library.path) == (18, 111)


def test_opening_reads_the_snapshot_and_only_the_tail_from_the_library(library: Library) -> None:
    with Views(library) as views:
        put(library, make_document("many", "\n".join(f"line {number}" for number in range(92))))
        views.save()
    tail = put(library, make_document("new", "unicorns"))
    read: list[int] = []
    real = library.vectors_left

    class Watched(Library):
        def vectors_left(self, ids):  # type: ignore[no-untyped-def]
            read.extend(ids)
            return real(ids)

    library.__class__ = Watched
    with Views(library) as views:
        views.catch_up()
        assert len(views.dense) == 101
    library.__class__ = Library
    assert read == tail


def test_a_long_tail_is_saved_however_large_the_library(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Views(library) as views:
        put(library, make_document("many", "\n".join(f"line {number}" for number in range(92))))
        views.save()
        monkeypatch.setattr("qa.views.LONGEST_TAIL", 2)
        put(library, make_document("two", "first\nsecond"))
        views.save()
        assert DenseIndex.described(library.path) == (7, 100)
        put(library, make_document("third", "third"))
        views.save()
        assert DenseIndex.described(library.path) == (9, 103)


def test_a_quantised_view_is_checked_mended_and_purged_too(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.dense.LIMITS", {FLAT: 50, TWO_BITS: 10**6})
    with Views(library) as views:
        put(library, make_document("many", "\n".join(f"line {number}" for number in range(200))))
        ids = put(library, make_document("secret", "zyxwvut mystery"))
        views.save()
        assert (views.dense.kind, views.check()) == (TWO_BITS, [])
        assert sources(library, views, "zyxwvut mystery")[0] == ["secret"]
        row = row_of(library.vectors(ids))
        assert [row in file.read_bytes() for file in library.path.glob("dense-*")] == [True]
        drop(library, "secret")
        with monkeypatch.context() as patch:
            patch.setattr("qa.views.LONGEST_TAIL", 0)
            views.save()
        assert views.dense.dead == 1  # in a snapshot that is complete
        views.save(force=True)
        assert [row in file.read_bytes() for file in library.path.glob("dense-*")] == [False]
        assert (views.dense.dead, views.check()) == (0, [])
        views.dense.remove([1])
        views.dense.add([1], ENCODER.encode_passages(["something else"]))
        assert any("vectors of the dense view differ" in problem for problem in views.check())
    for file in library.path.glob("dense-*"):
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    with Views(library) as views:
        assert sources(library, views, "line 7")[0] == ["many"]
        assert any("rebuilt from library.sqlite" in problem for problem in views.problems)
        views.save()
    with Views(library) as views:
        assert (views.check(), views.dense.kind) == ([], TWO_BITS)


def row_of(vector: Floats) -> bytes:
    """Return the bytes of a vector (1, dim) in eight bits a dimension."""
    file = VectorFile(vector.shape[1])
    file.add(vector)
    return file._held[1].tobytes()


def test_purging_leaves_nothing_of_a_removed_document_in_the_files(library: Library) -> None:
    with Views(library) as views:
        put(library, make_document("many", "\n".join(f"line {number}" for number in range(200))))
        ids = put(library, make_document("secret", "zyxwvut mystery"))
        vector = library.vectors(ids).astype("<f2").tobytes()
        views.save()
        assert vector in (library.path / "dense.faiss").read_bytes()
        drop(library, "secret")
        views.save()
        assert views.lexical._searcher.doc_freq("words", "zyxwvut") == 1  # dead, not found, still in the file
        views.save(force=True)
        assert views.lexical._searcher.doc_freq("words", "zyxwvut") == 0
        assert vector not in (library.path / "dense.faiss").read_bytes()
        assert views.check() == []


# Damage


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("name", ["dense.faiss", "dense.json", "lexical/meta.json", "lexical/state.json"])
def test_a_damaged_view_is_rebuilt_loudly(
    library: Library, caplog: pytest.LogCaptureFixture, name: str, writable: bool
) -> None:
    with Views(library) as views:
        views.save()
    path = library.path
    library.close()
    (path / name).write_bytes(b"\xffgarbage")
    with (
        Library.open(path, write=writable) as again,
        caplog.at_level(logging.WARNING, logger="qa"),
        Views(again) as views,
    ):
        for source, text in TEXTS.items():
            dense, lexical = sources(again, views, text.split("\n")[0])
            assert (dense, source in lexical) == ([source], True)
        if name != "lexical/state.json":  # then all is replayed; nothing was wrong with the postings
            assert name.split("/")[0] in caplog.text
            assert any("rebuilt from library.sqlite" in problem for problem in views.problems)
        views.catch_up()
        if writable:
            views.save()
    with Library.open(path) as again, Views(again) as views:
        assert views.check() == []  # it was mended for good


@pytest.mark.parametrize("name", ["dense.faiss", "dense.json", "lexical"])
def test_a_missing_view_is_rebuilt(library: Library, name: str) -> None:
    import shutil

    with Views(library) as views:
        views.save()
    path = library.path
    library.close()
    shutil.rmtree(path / name) if name == "lexical" else (path / name).unlink()
    with Library.open(path) as again, Views(again) as views:
        assert sources(again, views, TEXTS["de"])[0] == ["de"]
        assert views.check() == views.problems
    assert (path / name).exists()


def test_views_of_another_history_are_rebuilt(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import shutil

    path = tmp_path / "index"
    with create(path) as library:
        put(library, make_document("a", "the first word"))
    shutil.copy(path / "library.sqlite", tmp_path / "backup")
    with create(path) as library, Views(library) as views:
        put(library, make_document("b", "a second word"))
        views.save()
    shutil.copy(tmp_path / "backup", path / "library.sqlite")
    with create(path) as library:
        put(library, make_document("c", "another history"))  # the same change number as "b" had
        with Views(library) as views:
            assert sources(library, views, "second")[1] == []
            assert sources(library, views, "another history") == [["c"], ["c"]]
            views.save()
            assert sum("another history" in problem for problem in views.problems) == 2
        with Views(library) as views:
            assert views.check() == []


def test_the_check_tells_when_a_view_lies(library: Library) -> None:
    with Views.open(library) as views:
        views.dense.remove([1])
        views.lexical.remove([2])
        views.lexical.commit(views.lexical.change, views.lexical.stamp)
        problems = views.check()
        assert any("dense view holds 7" in problem for problem in problems)
        assert any("lexical view holds 7" in problem for problem in problems)
        views.dense.add([1], ENCODER.encode_passages(["something else"]))
        assert any("vectors of the dense view differ" in problem for problem in views.check())


# Threads


def test_threads_search_while_one_writes(library: Library) -> None:
    errors: list[BaseException] = []
    done = threading.Event()
    reading = Library.open(library.path)
    with Views(library) as writer, Views(reading) as reader:
        writer.catch_up()

        def search() -> None:
            try:
                while not done.is_set():
                    dense, lexical = sources(reading, reader, "Die Straße ist 3,5 km lang.")
                    assert dense == ["de"]
                    assert "de" in lexical
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(25):
            put(library, make_document(f"new{number}", f"unicorn{number} grazes"))
            if number % 2:
                drop(library, f"new{number - 1}")
            writer.catch_up()
        done.set()
        for thread in threads:
            thread.join()
        assert errors == []
        assert reader.check() == []
    reading.close()
