from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import upkeep
from qa.errors import (
    DocumentNotFound,
    EncoderMismatch,
    LibraryCorrupt,
    LibraryLocked,
    LibraryNotFound,
    QAError,
)
from qa.library import APPLICATION_ID, FILE, LOCK, PART, Library
from qa.types import Block, Document, DocumentInfo, Passage, Receipt, Span
from tests.fakes import ENCODER, HashingEncoder, create, drop, make_document, make_passages, put

TEXTS = {
    "zh.txt": "全县有居民2142户。\n今年上半年，地区生产总值增长7.6%。",
    "ja.txt": "東京タワーの高さは333メートルです。\n１９５８年に完成した。",
    "ko.txt": "서울의 인구는 약 940만 명이다.",
    "ar.txt": "يبلغ عدد السكان ألفي نسمة.\nالعاصمة هي القاهرة.",
    "he.txt": "ירושלים היא עיר עתיקה.",
    "hi.txt": "दिल्ली भारत की राजधानी है।",
    "th.txt": "กรุงเทพมหานครเป็นเมืองหลวงของไทย",
    "ru.txt": "Население города — 12 тысяч человек.\nЁлка стоит на площади.",
    "de.txt": "Die Straße ist 3,5 km lang.",
    "emoji.txt": "👩‍👩‍👧 und e\u0301\x00 NUL\r\nmit \U0001f600 Zeilen",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with create(tmp_path / "index") as library:
        yield library
        assert library.check() == []


# What goes in comes out


def test_every_document_comes_back_identical(library: Library) -> None:
    for source, text in TEXTS.items():
        put(library, make_document(source, text, title="題 " + source))
    for source, text in TEXTS.items():
        assert library.document(source) == make_document(source, text, title="題 " + source)


def test_passages_are_slices_of_the_stored_text(library: Library) -> None:
    ids = [number for source, text in TEXTS.items() for number in put(library, make_document(source, text))]
    texts = {library.find(source).id: text for source, text in TEXTS.items()}
    passages = library.passages(ids)
    assert [passage.id for passage in passages] == ids
    assert all(passage.span.of(texts[passage.document_id]) == passage.text for passage in passages)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 3 * PART), min_size=2, max_size=8, unique=True),
    alphabet=st.sampled_from(["ab", "漢字", "😀é", "กข", "\x00a"]),
)
def test_passages_across_stored_pieces_of_a_long_text(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], alphabet: str
) -> None:
    text = (alphabet * (2 * PART))[: 3 * PART]
    document = make_document("long.txt", text)
    spans = [Span(start, end) for start, end in zip(sorted(cuts), sorted(cuts)[1:], strict=False)]
    passages = [Passage(document.id, span, span.of(text)) for span in spans]
    with create(tmp_path_factory.mktemp("index")) as library:
        with library.transaction() as change:
            vectors = np.zeros((len(passages), 32), np.float32)
            ids = change.add(document, "", passages, vectors, ENCODER.token_ids([""] * len(passages)))
        assert [(p.span, p.text) for p in library.passages(ids)] == [(p.span, p.text) for p in passages]
        assert library.document("long.txt").text == text


def test_all_fields_of_a_passage_survive(library: Library) -> None:
    document = make_document("a.txt", "One two. Three.", title="Title")
    passage = Passage(
        document.id, Span(0, 15), document.text, "Title", ("Über", "章 2"), 7, 0, (Span(0, 8), Span(9, 15))
    )
    with library.transaction() as change:
        (number,) = change.add(
            document, "", [passage], np.zeros((1, 32), np.float32), ENCODER.token_ids(["x"])
        )
    (stored,) = library.passages([number])
    assert stored == Passage(
        document.id,
        Span(0, 15),
        document.text,
        "Title",
        ("Über", "章 2"),
        7,
        number,
        (Span(0, 8), Span(9, 15)),
    )


def test_all_fields_of_a_document_survive(library: Library) -> None:
    blocks = (
        Block(Span(0, 5), "heading", 1, (), 1),
        Block(Span(6, 9), "row", 2, ("Title",), 0),
        Block(Span(9, 11), "item", None, ("Title", "小"), 0),
        Block(Span(12, 15), "ocr", 3, (), 0, 0.875),
    )
    document = Document(
        "d" * 32, "s", "t", "Title row it ocr", blocks, "ab", "application/pdf", 9, ("page 3 is empty",)
    )
    ids = put(library, document, "/x/s")
    assert library.document("s") == document
    sure = [passage.reading_confidence for passage in library.passages(ids)]
    assert sure == [None, None, None, 0.875]
    info = library.find("s")
    assert (info.path, info.pages, info.passages, info.characters) == ("/x/s", 9, 4, 16)
    assert info.media_type == "application/pdf"


def test_vectors_are_kept_as_float16_and_tokens_exactly(library: Library) -> None:
    ids = put(library, make_document("zh.txt", TEXTS["zh.txt"]))
    expected = ENCODER.encode_passages(TEXTS["zh.txt"].split("\n"))
    assert np.array_equal(library.vectors(ids[::-1]), expected.astype(np.float16).astype(np.float32)[::-1])
    for number, tokens in zip(ids, ENCODER.token_ids(TEXTS["zh.txt"].split("\n")), strict=True):
        assert np.array_equal(library.tokens([number])[number], tokens)


def test_ids_that_are_gone_are_left_out_and_order_is_kept(library: Library) -> None:
    a = put(library, make_document("a", "one\ntwo\nthree"))
    b = put(library, make_document("b", "four"))
    drop(library, "b")
    asked = [a[2], b[0], a[0], 999, a[0]]
    assert [passage.text for passage in library.passages(asked)] == ["three", "one", "one"]
    assert sorted(library.tokens(asked)) == [a[0], a[2]]
    assert library.vectors_left(asked)[0].tolist() == [a[0], a[2]]
    there, tokens, vectors = library.material(asked)
    assert there.tolist() == [a[0], a[2]]
    assert [row.tolist() for row in tokens] == [library.tokens([key])[key].tolist() for key in (a[0], a[2])]
    assert np.array_equal(vectors, library.vectors([a[0], a[2]]))
    with pytest.raises(KeyError):
        library.vectors(b)


def test_ids_are_never_used_twice(library: Library) -> None:
    first = put(library, make_document("a", "one\ntwo"))
    drop(library, "a")
    assert put(library, make_document("a", "one\ntwo")) == [number + 2 for number in first]


def test_documents_are_listed_by_source_and_found_by_source_or_id(library: Library) -> None:
    for source in ("b", "a", "ä"):
        put(library, make_document(source, "text of " + source))
    assert [info.source for info in library.documents()] == ["a", "b", "ä"]
    info = library.find("b")
    assert library.find(info.id) == info
    assert library.sources([info.id, "gone"]) == {info.id: "b"}
    assert library.count() == 3
    with pytest.raises(DocumentNotFound, match=r"'none'.*qa list"):
        library.find("none")


def test_a_document_without_passages_can_be_kept_and_removed(library: Library) -> None:
    assert put(library, make_document("empty", "")) == []
    assert library.document("empty").text == ""
    assert drop(library, "empty").passages == 0
    assert [ids for *_, ids in library.changes(0)] == [range(1, 1), range(1, 1)]


# Transactions and the change log


def test_an_error_in_a_transaction_undoes_all_of_it(library: Library) -> None:
    put(library, make_document("a", "one"))
    before = library.last_change(), library.documents()
    twice = make_document("b", "two")
    vectors, tokens = np.ones((1, 32), np.float32), ENCODER.token_ids(["x"])
    with pytest.raises(ValueError), library.transaction() as change:  # noqa: PT012
        change.remove(library.find("a").id)
        change.add(twice, "", make_passages(twice), vectors, tokens)
        change.add(twice, "", make_passages(twice), vectors, tokens)
    assert (library.last_change(), library.documents()) == before


def test_readers_see_nothing_of_an_unfinished_transaction(library: Library) -> None:
    document = make_document("a", "one")
    with Library.open(library.path) as reader:
        with library.transaction() as change:
            change.add(
                document, "", make_passages(document), np.ones((1, 32), np.float32), ENCODER.token_ids(["x"])
            )
            assert reader.documents() == []
        assert [info.source for info in reader.documents()] == ["a"]


def test_the_change_log_tells_what_happened_in_order(library: Library) -> None:
    a = put(library, make_document("a", "one\ntwo"))
    b = put(library, make_document("b", "three"))
    drop(library, "a")
    log = [(number, kind, list(ids)) for number, kind, ids in library.changes(0)]
    assert log == [(1, "add", a), (2, "add", b), (3, "remove", a)]
    assert [number for number, *_ in library.changes(2)] == [3]
    assert (library.last_change(), library.tail(0), library.tail(2)) == (3, 5, 2)


def test_changes_have_marks_of_their_own(library: Library) -> None:
    put(library, make_document("a", "one"))
    put(library, make_document("b", "one"))
    assert library.stamp(0) == 0
    assert library.stamp(1) != library.stamp(2)
    assert library.stamp(3) is None


def test_moving_changes_the_place_and_nothing_else(library: Library) -> None:
    ids = put(library, make_document("old/a", "one\ntwo"), "/old/a")
    new = make_document("new/a", "one\ntwo")
    with library.transaction() as change:
        change.move(library.find("old/a").id, new, "/new/a")
    assert library.document("new/a") == new
    assert [passage.document_id for passage in library.passages(ids)] == [new.id, new.id]
    assert library.find("new/a").path == "/new/a"


def test_what_does_not_fit_is_refused(library: Library) -> None:
    document = make_document("a", "one two")
    tokens = ENCODER.token_ids(["x"])
    good = np.ones((1, 32), np.float32)
    wrong_slice = Passage(document.id, Span(0, 3), "two")
    right = Passage(document.id, Span(0, 3), "one")
    for passages, vectors, message in (
        ([wrong_slice], good, "no slice"),
        ([right], np.ones((1, 31), np.float32), "dim 32"),
        ([right], np.full((1, 32), np.nan, np.float32), "NaN"),
        ([right, right], good, "2 passages"),
    ):
        with pytest.raises(ValueError, match=message), library.transaction() as change:
            change.add(document, "", passages, vectors, tokens)
    put(library, document)
    with pytest.raises(ValueError, match="in the library already"):
        put(library, document)
    assert library.count() == 1


def test_removing_what_is_not_there_says_so(library: Library) -> None:
    with pytest.raises(DocumentNotFound, match="nothing"), library.transaction() as change:
        change.remove("nothing")


def test_a_library_that_is_closed_while_it_is_read_is_read_to_the_end(library: Library) -> None:
    put(library, make_document("a", "eins"))
    put(library, make_document("b", "zwei"))
    with Library.open(library.path) as reader:
        texts = (stored.document.text for stored in reader.all_stored())
        assert next(texts) == "eins"
        reader.close()
        assert list(texts) == ["zwei"]
        with pytest.raises(QAError, match="is closed"):
            reader.documents()


# Deleted means gone


@pytest.mark.parametrize("marker", ["Zyxwvut-Secret-8841", "机密标记甲乙丙丁", "секретный-маркер"])
def test_removed_text_is_in_no_file(library: Library, marker: str) -> None:
    for number in range(40):
        put(library, make_document(f"keep{number}", f"Ordinary text {number}. " * 50))
    text = "\n".join(f"{marker} line {number} " + "filler " * 20 for number in range(300))
    document = make_document("secret.txt", text, title=marker)
    ids = put(library, document, f"/home/{marker}/secret.txt")
    vector = library.vectors(ids[:1]).astype("<f2").tobytes()
    tokens = library.tokens(ids[:1])[ids[0]].tobytes()
    library.checkpoint()
    assert found(library.path, marker.encode()), "the test would prove nothing"
    assert found(library.path, vector)

    receipt = drop(library, "secret.txt")

    assert receipt == Receipt("secret.txt", document.id, 300, 300, 300)
    assert library.checkpoint()
    for trace in (marker.encode(), vector, tokens, document.id.encode()):
        assert not found(library.path, trace)


def found(folder: Path, data: bytes) -> bool:
    return any(data in file.read_bytes() for file in folder.rglob("*") if file.is_file())


# Opening


def test_no_library_says_how_to_build_one(tmp_path: Path) -> None:
    for write in (False, True):
        with pytest.raises(LibraryNotFound, match=r"No library at '.*'\. Build one: qa index"):
            Library.open(tmp_path / "nowhere", write=write)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_hold_a_library_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(QAError, match=r"'.*file' cannot be written to: .*\. Choose another folder"):
        create(tmp_path / "file")
    with pytest.raises(LibraryNotFound):
        Library.open(tmp_path / "file")


def test_an_empty_database_file_is_no_library(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    with pytest.raises(LibraryNotFound):
        Library.open(tmp_path)
    create(tmp_path).close()
    Library.open(tmp_path).close()


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\0" + b"\xff" * 500, b"\x00" * 4096])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    for write in (False, True):
        with pytest.raises(LibraryCorrupt, match=r"library\.sqlite"):
            Library.open(tmp_path, write=write, create=write)
    assert (tmp_path / FILE).read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(LibraryCorrupt, match="another program"):
        Library.open(tmp_path)


def test_facts_of_a_document_are_kept(tmp_path: Path) -> None:
    document = replace(make_document("a", "One."), author="林薇", date="2024-05", language="zh")
    with create(tmp_path) as library:
        put(library, document)
        assert library.document("a") == document
        (info,) = library.documents()
    assert (info.author, info.date, info.language) == ("林薇", "2024-05", "zh")


FORMAT_1 = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY, value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, source TEXT NOT NULL UNIQUE, path TEXT NOT NULL, title TEXT NOT NULL,
    media_type TEXT NOT NULL, pages INTEGER, passages INTEGER NOT NULL, characters INTEGER NOT NULL,
    sha256 TEXT NOT NULL, text_sha256 TEXT NOT NULL, added TEXT NOT NULL,
    blocks TEXT NOT NULL, warnings TEXT NOT NULL
) STRICT;
CREATE TABLE texts (
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    part INTEGER NOT NULL, text TEXT NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (document, part)
) STRICT;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER, headings TEXT NOT NULL,
    sentences BLOB NOT NULL, crc INTEGER NOT NULL, tokens BLOB NOT NULL, vector BLOB NOT NULL
) STRICT;
CREATE INDEX passages_document ON passages (document);
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'remove', 'move')),
    first INTEGER NOT NULL, last INTEGER NOT NULL, stamp INTEGER NOT NULL
) STRICT;
"""


OF_FORMAT_2 = ("author", "date", "language")
OF_FORMAT_3 = """
CREATE TABLE sketches (
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    band INTEGER NOT NULL,
    PRIMARY KEY (document, band)
) STRICT, WITHOUT ROWID;
CREATE INDEX sketches_band ON sketches (band);
"""


@pytest.fixture(params=[1, 2, 3])
def of_old_format(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A library of one document as the first qa made it, or as a later one upgraded it."""
    with create(tmp_path / "new") as library:
        put(library, make_document("a", "One."))
    (tmp_path / "old").mkdir()
    connection = sqlite3.connect(tmp_path / "old" / FILE)
    connection.executescript(FORMAT_1)
    for column in OF_FORMAT_2 if request.param > 1 else ():
        connection.execute(f"ALTER TABLE documents ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    connection.executescript(OF_FORMAT_3 * (request.param > 2))
    connection.execute("ATTACH ? AS new", (str(tmp_path / "new" / FILE),))
    for table in ("meta", "documents", "texts", "passages", "changes"):
        columns = ", ".join(
            f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})").fetchall()
        )
        connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{table}")
    connection.execute(f"PRAGMA main.application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA main.user_version = {request.param}")
    connection.commit()
    connection.close()
    return tmp_path / "old"


def test_a_library_of_an_older_format_is_read_and_its_first_writer_upgrades_it(of_old_format: Path) -> None:
    reader = Library.open(of_old_format)
    assert reader.document("a").text == "One."
    assert [passage.text for passage in reader.passages([1])] == ["One."]
    with create(of_old_format) as library:
        put(library, replace(make_document("b", "Two."), author="Lin"))
        assert [info.author for info in library.documents()] == ["", "Lin"]
        assert library.check() == []
    assert [info.source for info in reader.documents()] == ["a", "b"]
    reader.close()
    for _ in range(2):  # as it is after the upgrade, it is opened again and written to
        with Library.open(of_old_format) as library:
            assert library.find("b").author == "Lin"
        create(of_old_format).close()


def test_a_backup_of_an_older_format_is_restored_and_upgraded(of_old_format: Path, tmp_path: Path) -> None:
    with create(tmp_path / "index") as library:
        put(library, make_document("z", "Zed."))
        upkeep.restore(library, of_old_format)
        put(library, make_document("b", "Two."))
        assert [info.source for info in library.documents()] == ["a", "b"]
        assert library.check() == []
    create(tmp_path / "index").close()
    with Library.open(of_old_format) as old:
        upkeep.backup(old, tmp_path / "copy")
    with Library.open(tmp_path / "copy") as copy:
        assert copy.document("a").text == "One."


EDITS = {
    "trigger 'mine'": "CREATE TRIGGER mine AFTER INSERT ON changes BEGIN DELETE FROM texts; END",
    "view 'mine'": "CREATE VIEW mine AS SELECT * FROM documents",
    "table 'mine'": "CREATE TABLE mine (key INTEGER)",
    "index 'mine'": "CREATE INDEX mine ON documents (title)",
    "index 'passages_document'": "DROP INDEX passages_document",
    "table 'documents'": "ALTER TABLE documents RENAME COLUMN title TO name",
    "table 'texts'": "ALTER TABLE texts ADD COLUMN mine TEXT",
    "table 'changes'": "DROP TABLE changes",
}


@pytest.mark.parametrize("upgraded", [False, True])
@pytest.mark.parametrize("named", EDITS)
def test_a_library_edited_by_hand_is_refused_by_name(of_old_format: Path, named: str, upgraded: bool) -> None:
    if upgraded:
        create(of_old_format).close()
    connection = sqlite3.connect(of_old_format / FILE)
    connection.execute(EDITS[named])
    connection.commit()
    connection.close()
    for write in (False, True):
        with pytest.raises(LibraryCorrupt, match=rf"{named}.*edited by hand"):
            Library.open(of_old_format, write=write)


def test_a_format_that_the_tables_are_not_of_is_refused(tmp_path: Path) -> None:
    create(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(LibraryCorrupt, match="table 'documents'"):
        create(tmp_path)


@pytest.mark.parametrize(
    ("version", "message"), [(99, "format 99.*Upgrade"), (0, "format 0.*edited by hand")]
)
def test_another_format_is_refused(tmp_path: Path, version: int, message: str) -> None:
    create(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    for write in (False, True):
        with pytest.raises(LibraryCorrupt, match=message):
            Library.open(tmp_path, write=write)
    assert (tmp_path / FILE).read_bytes() == before


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    create(tmp_path).close()
    other = HashingEncoder(name="other")
    with pytest.raises(EncoderMismatch, match=r"vectors.*other.*qa index"):
        Library.open(tmp_path, fingerprint=other.fingerprint)
    with pytest.raises(EncoderMismatch, match="tokens"):
        Library.open(tmp_path, token_fingerprint=other.fingerprint)
    with pytest.raises(EncoderMismatch, match="dimension"):
        Library.open(tmp_path, dim=99)
    Library.open(tmp_path, fingerprint=ENCODER.fingerprint, dim=32).close()
    create(tmp_path).close()  # the lock was freed each time


def test_a_folder_name_in_any_script_works(tmp_path: Path) -> None:
    path = tmp_path / "索引 📰 a#b?c%20"
    with create(path) as library:
        put(library, make_document("a", "one"))
    with Library.open(path) as reader:
        assert reader.count() == 1


# One writer, many readers


def test_a_second_writer_is_refused_and_told_who_writes(library: Library) -> None:
    with pytest.raises(LibraryLocked, match=rf"process {os.getpid()} on .* since 20"):
        Library.open(library.path, write=True, wait=0)
    Library.open(library.path).close()


def test_the_lock_is_free_after_closing(tmp_path: Path) -> None:
    for _ in range(2):
        create(tmp_path).close()
    assert (tmp_path / LOCK).read_text() == ""


def test_a_writer_waits_for_a_short_one(tmp_path: Path) -> None:
    timer = threading.Timer(0.2, create(tmp_path).close)
    timer.start()
    Library.open(tmp_path, write=True, wait=5).close()
    timer.join()


def _hold(path: Path, ready: multiprocessing.synchronize.Event) -> None:
    with create(path):
        ready.set()
        threading.Event().wait()


def test_the_lock_of_a_killed_writer_is_free(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    writer = context.Process(target=_hold, args=(tmp_path, ready), daemon=True)
    writer.start()
    assert ready.wait(30)
    assert json.loads((tmp_path / LOCK).read_text())["pid"] == writer.pid
    with pytest.raises(LibraryLocked, match=f"process {writer.pid}"):
        create_now(tmp_path)
    writer.kill()
    writer.join()
    create_now(tmp_path).close()


def create_now(path: Path) -> Library:
    return Library.open(path, write=True, wait=0)


def test_a_reader_may_not_write(library: Library) -> None:
    with (
        Library.open(library.path) as reader,
        pytest.raises(QAError, match="open for reading"),
        reader.transaction(),
    ):
        pass


def test_a_closed_library_says_so(tmp_path: Path) -> None:
    library = create(tmp_path)
    library.close()
    library.close()
    with pytest.raises(QAError, match="closed"):
        library.documents()


def test_threads_read_while_one_writes(library: Library) -> None:
    errors: list[Exception] = []
    done = threading.Event()
    reader = Library.open(library.path)

    def read() -> None:
        try:
            while not done.is_set():
                for passage in reader.passages(range(1, 100)):
                    assert passage.text == passage.span.of("alpha beta\ngamma delta")
                reader.last_change(), reader.documents()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(30):
        put(library, make_document(f"d{number}", "alpha beta\ngamma delta"))
        if number % 3 == 2:
            drop(library, f"d{number - 1}")
    done.set()
    for thread in threads:
        thread.join()
    reader.close()
    assert errors == []


# Damage is found


def test_a_changed_text_is_never_quoted(tmp_path: Path) -> None:
    with create(tmp_path) as library:
        ids = put(library, make_document("a.txt", "The county has 2142 households."))
    file = tmp_path / FILE
    data = file.read_bytes()
    assert data.count(b"2142 house") == 1
    file.write_bytes(data.replace(b"2142 house", b"9999 house"))
    with Library.open(tmp_path) as library:
        with pytest.raises(LibraryCorrupt, match="damaged"):
            library.passages(ids)
        with pytest.raises(LibraryCorrupt, match=r"'a\.txt'"):
            library.document("a.txt")
        assert any("a.txt" in problem for problem in library.check())


def test_any_damaged_piece_of_the_file_is_an_error_or_without_effect(tmp_path: Path) -> None:
    with create(tmp_path) as library:
        for source, text in TEXTS.items():
            put(library, make_document(source, text))
        ids = library.ids().tolist()
        expected = library.passages(ids)
    file = tmp_path / FILE
    good = file.read_bytes()
    for place in range(0, len(good), 1511):
        file.write_bytes(good[:place] + bytes(64) + good[place + 64 :])
        try:
            with Library.open(tmp_path) as library:
                shown = {passage.id: passage for passage in library.passages(ids)}
        except QAError:
            continue
        truth = {passage.id: passage for passage in expected}
        for number, passage in shown.items():
            assert passage.text in TEXTS_JOINED or passage == truth[number]


TEXTS_JOINED = "\n".join(TEXTS.values())


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_found(tmp_path: Path, keep: float) -> None:
    with create(tmp_path) as library:
        for number in range(20):
            put(library, make_document(f"{number}", f"text {number}\n" * 50))
    file = tmp_path / FILE
    with file.open("r+b") as handle:
        handle.truncate(int(file.stat().st_size * keep))
    assert problems_of(tmp_path) != []


def problems_of(path: Path) -> list[str]:
    try:
        with Library.open(path) as library:
            return library.check()
    except LibraryCorrupt as error:
        return [str(error)]


def test_damaged_vectors_and_tokens_are_found_by_the_check(tmp_path: Path) -> None:
    with create(tmp_path) as library:
        put(library, make_document("a", "one\ntwo"))
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("UPDATE passages SET vector = zeroblob(64) WHERE id = 1")
    connection.execute("DELETE FROM passages WHERE id = 2")
    connection.commit()
    connection.close()
    with Library.open(tmp_path) as library:
        problems = library.check()
    assert any("passage 1 is damaged" in problem for problem in problems)
    assert any("should have 2 passages and has 1" in problem for problem in problems)


def test_a_full_disk_undoes_the_transaction(tmp_path: Path) -> None:
    with create(tmp_path) as library:
        put(library, make_document("a", "one"))
        assert library._writer is not None
        pages = library._writer.execute("PRAGMA page_count").fetchone()[0]
        library._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(QAError, match="full"):
            put(library, make_document("b", "two words " * 20_000))
        library._writer.execute("PRAGMA max_page_count = 1000000")
        assert [info.source for info in library.documents()] == ["a"]
        put(library, make_document("c", "three"))
        assert library.check() == []


# Where documents were read from


def test_documents_are_found_by_their_place_and_their_bytes(library: Library) -> None:
    places = {"a": "/d/a", "b": "/d/sub/b", "c": "/d0", "d": "/d", "e": "", "ü": "/d/日本/ü"}
    for source, path in places.items():
        put(library, make_document(source, "One." if source in "ad" else f"{source}."), path)

    def sources(infos: list[DocumentInfo]) -> list[str]:
        return [info.source for info in infos]

    assert sources(library.read_below("/d")) == sources(library.read_below("/d/")) == ["a", "b", "ü"]
    assert sources(library.read_below("/")) == ["a", "b", "c", "d", "ü"]
    assert [info and info.source for info in map(library.read_from, ("/d", "/d/x"))] == ["d", None]
    assert [info and info.path for info in map(library.by_source, ("ü", "/d/a"))] == ["/d/日本/ü", None]
    assert sources(library.with_bytes(library.find("a").sha256)) == ["a", "d"]
    assert library.with_bytes(library.find("e").sha256) == []  # it was no file
    assert library.paths_below("a") == []


def test_a_library_whose_making_was_killed_half_way_is_told_to_be_empty(tmp_path: Path) -> None:
    """A journal is left that only a writer may roll back."""
    making, left = tmp_path / "making", tmp_path / "left"
    making.mkdir()
    left.mkdir()
    connection = sqlite3.connect(making / FILE, isolation_level=None)
    connection.execute("VACUUM")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE texts (text TEXT)")
    connection.executemany("INSERT INTO texts VALUES (?)", [("x" * 3000,)] * 50)
    for file in making.iterdir():
        (left / file.name).write_bytes(file.read_bytes())
    connection.close()
    assert (left / f"{FILE}-journal").stat().st_size > 0
    with pytest.raises(LibraryNotFound, match="is empty"):
        Library.open(left)
    assert not (left / f"{FILE}-journal").exists()
