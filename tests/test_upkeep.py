"""Compaction, backups, exports, re-encoding and mending: nothing lost that was there, nothing left that was removed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from qa import QA, history, indexing, upkeep, uploads, users
from qa.errors import ConversationNotFound, HistoryError, LibraryCorrupt, LibraryNotFound, QAError
from qa.feedback import Feedback
from qa.history import History
from qa.lexical import LexicalIndex
from qa.library import FILE, UPLOADS, Library
from qa.text import words
from qa.types import Span, Turn
from qa.users import Users
from qa.views import LEXICAL, Views
from qa.web.strings import EN
from qa.web.uploads import take_upload
from tests.fakes import ENCODER, HashingEncoder, create, make_document, make_passages, put

TEXTS = {
    "zh/概况.txt": "全县有居民2142户。今年上半年，地区生产总值增长7.6%。",
    "en/county.md": "# County\n\nThe county has 2142 households.\n\n## Economy\n\nIt grew by 7.6%.",
    "ar.txt": "العاصمة هي القاهرة.",
    "hi.txt": "दिल्ली भारत की राजधानी है।",
    "ru.txt": "Население города — 12 тысяч человек.",
}
SECRET = "Zyxwvut-8841706325 机密标记甲乙丙丁 секретныймаркер ความลับสุดยอด"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "docs"


@pytest.fixture
def qa(folder: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    with QA.open(tmp_path / "index") as service:
        service.sync(folder)
        yield service


def stored(path: Path) -> list[object]:
    """Return everything that a library keeps of its documents and passages, but for ids of passages."""
    with Library.open(path) as library:
        assert library.check() == []
        passages = library.passages(library.ids().tolist())
        return [
            list(library.all_stored()),
            sorted((p.document_id, p.span.start, p.text, p.headings, p.sentences) for p in passages),
        ]


def traces(folder: Path, text: str) -> list[str]:
    """Return the files that hold a word of the text."""
    kinds = {word.encode() for word in [*text.split(), *words(text)] if len(word.encode()) > 3}
    found = []
    for file in sorted(folder.rglob("*")):
        data = file.read_bytes() if file.is_file() else b""
        if any(kind in data for kind in kinds):
            found.append(str(file.relative_to(folder)))
    return found


def postings(index: Path, text: str) -> tuple[int, set[str]]:
    """Return how many words of the text are in tantivy's dictionary, which it packs, and the names of its files."""
    lexical = LexicalIndex.open(index / LEXICAL)
    there = sum(lexical._searcher.doc_freq("words", word) > 0 for word in words(text))
    return there, {file.name for file in (index / LEXICAL).iterdir() if file.suffix in (".term", ".idx")}


# Deleted means gone


def test_after_compaction_a_removed_text_is_in_no_file(qa: QA, folder: Path, tmp_path: Path) -> None:
    many = folder / "many.txt"
    many.write_text("\n\n".join(f"Ordinary paragraph {number}. " * 20 for number in range(80)))
    (folder / "secret.txt").write_text(SECRET, encoding="utf-8")
    qa.sync(folder)
    index = tmp_path / "index"
    (index / "dense.faiss.new").write_text(SECRET)  # as a killed writer may leave it
    assert {FILE, "dense.faiss.new"} <= set(traces(index, SECRET))
    receipt = qa.remove("secret.txt")
    assert receipt.passages == receipt.vectors == receipt.postings == 1
    count, files = postings(index, SECRET)
    assert count > 5, "else compaction would have nothing to do"
    compaction = qa.compact()
    assert traces(index, SECRET) == []
    count, files_after = postings(index, SECRET)
    assert count == 0
    assert not files & files_after
    assert compaction.after < compaction.before
    assert qa.check() == []
    assert qa.search("生产总值增长", k=1)[0].source == "zh/概况.txt"


def test_compaction_changes_nothing_else(qa: QA, tmp_path: Path) -> None:
    before, hits = stored(tmp_path / "index"), qa.search("households", k=5)
    with QA.open(tmp_path / "index") as reader:
        assert reader.search("households", k=5) == hits
        qa.compact()
        assert reader.search("households", k=5) == hits == qa.search("households", k=5)
    assert stored(tmp_path / "index") == before


# Backups


def test_a_backup_is_a_library_and_brings_everything_back(qa: QA, folder: Path, tmp_path: Path) -> None:
    qa.give_feedback(Feedback("Wie viele?", "right"))
    before = stored(tmp_path / "index")
    copy = qa.backup(tmp_path / "safe" / "备份")
    assert (copy.documents, copy.passages) == (5, len(before[1]))  # type: ignore[arg-type]
    assert stored(tmp_path / "safe" / "备份") == before
    qa.remove("ru.txt")
    (folder / "new.txt").write_text("Something new stands here.")
    qa.add(folder / "new.txt")
    with pytest.raises(QAError, match="--replace"):
        qa.restore(tmp_path / "safe" / "备份")
    with QA.open(tmp_path / "index") as reader:
        assert "new.txt" in {hit.source for hit in reader.search("Something new", k=9)}
        qa.restore(tmp_path / "safe" / "备份", replace=True)
        assert "new.txt" not in {hit.source for hit in reader.search("Something new", k=9)}
        assert reader.search("Население города", k=1)[0].source == "ru.txt"
    assert stored(tmp_path / "index") == before
    assert qa.check() == []
    with QA.open(tmp_path / "elsewhere") as other:
        other.restore(tmp_path / "safe" / "备份")
        assert stored(tmp_path / "elsewhere") == before
        assert [each.question for each in other.feedback()] == ["Wie viele?"]
        assert other.search("Население города", k=1)[0].source == "ru.txt"


def upload(qa: QA, name: str, content: bytes) -> None:
    """Add a file as the page does."""
    file = qa.path.parent / "sent"
    file.write_bytes(content)
    assert take_upload(qa, file, name, EN).outcome in ("added", "updated")


def asked(user: str, question: str, qa: QA) -> str:
    return History(qa.path).keep(user, "", Turn(question, question, qa.ask(question)))


def test_a_backup_brings_back_what_people_gave(qa: QA, tmp_path: Path) -> None:
    upload(qa, "note.txt", b"The weir was built in 1888.")
    with zipfile.ZipFile(tmp_path / "box", "w") as box:
        box.writestr("in/one.txt", "The lock was built in 1890.")
    upload(qa, "box.zip", (tmp_path / "box").read_bytes())
    Users(qa.path).put("anna", "editor", "correct horse battery")
    first = asked("anna", "When was the weir built?", qa)
    qa.backup(tmp_path / "safe")
    assert (tmp_path / "safe" / history.FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "safe" / users.FILE).stat().st_mode & 0o777 == 0o600
    token = Users(qa.path).open_session("anna")
    assert Users(tmp_path / "safe").of_session(token) is None  # no session outlives the way through a backup
    shutil.rmtree(qa.path)
    with QA.open(tmp_path / "elsewhere") as other:
        other.restore(tmp_path / "safe")
        own = tmp_path / "elsewhere" / "uploads"
        assert {file.name: file.read_bytes()[:8] for file in own.iterdir()} == {
            "note.txt": b"The weir", "box.zip": b"PK\x03\x04\x14\x00\x00\x00",
        }  # fmt: skip
        places = {info.path for info in other.documents() if UPLOADS in info.path}
        assert places == {str(own / "note.txt"), str(own / "box.zip" / "in" / "one.txt")}
        assert other.check() == []
        assert [user.name for user in Users(other.path).list()] == ["anna"]
        assert Users(other.path).check("anna", "correct horse battery") is not None
        assert Users(other.path).of_session(token) is None
        [past] = History(other.path).read("anna", first)
        assert past.question == "When was the weir built?"
        other.remove("note.txt")
        assert [file.name for file in own.iterdir()] == ["box.zip"]
        other.remove(next(info.source for info in other.documents() if info.path.endswith("one.txt")))
        assert list(own.iterdir()) == []


def test_restoring_keeps_what_was_said_since_and_who_may_come_in(qa: QA, tmp_path: Path) -> None:
    upload(qa, "note.txt", b"The weir was built in 1888.")
    kept, people = History(qa.path), Users(qa.path)
    for name in ("anna", "ben"):
        people.put(name, "reader", "correct horse battery")
    before, of_ben = asked("anna", "before?", qa), asked("ben", "of ben?", qa)
    removed = asked("anna", "removed since?", qa)
    qa.backup(tmp_path / "safe")
    upload(qa, "note.txt", b"The weir was built in 1999.")
    upload(qa, "later.txt", b"The sluice was built in 2001.")
    since = asked("anna", "When was the sluice built?", qa)
    assert any(place.source == "later.txt" for turn in kept.read("anna", since) for place in turn.passages)
    kept.remove("anna", removed)
    people.remove("ben")
    kept.remove_user("ben")
    people.put("cleo", "editor", "correct horse battery")
    qa.restore(tmp_path / "safe", replace=True)
    assert [user.name for user in people.list()] == ["anna", "cleo"]
    assert {each.id for each in kept.conversations("anna")} == {before, since, removed}
    assert kept.conversations("ben") == []  # who gets the name next is another
    with pytest.raises(ConversationNotFound):
        kept.read("ben", of_ben)
    uploads = {file.name: file.read_bytes() for file in (qa.path / "uploads").iterdir()}
    assert uploads == {"note.txt": b"The weir was built in 1888."}
    assert b"later.txt" not in kept.path.read_bytes()
    assert kept.check() == []
    qa.restore(tmp_path / "safe", replace=True)
    assert len(kept.conversations("anna")) == 3


def test_damaged_conversations_are_no_backup_and_no_restoration(qa: QA, tmp_path: Path) -> None:
    asked("", "first?", qa)
    qa.backup(tmp_path / "safe")
    copy = tmp_path / "safe" / history.FILE
    copy.write_bytes(b"no database" * 400)
    before = stored(tmp_path / "index")
    qa.remove("ru.txt")
    changed = stored(tmp_path / "index")
    assert changed != before
    with pytest.raises(HistoryError):
        qa.restore(tmp_path / "safe", replace=True)
    assert stored(tmp_path / "index") == changed
    shutil.copy(copy, qa.path)
    with pytest.raises(HistoryError):
        qa.backup(tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_an_upload_goes_with_its_document_and_other_files_stay(qa: QA, folder: Path) -> None:
    upload(qa, "note.txt", b"The weir was built in 1888.")
    assert (qa.path / "uploads" / "note.txt").exists()
    qa.remove("note.txt")
    assert list((qa.path / "uploads").iterdir()) == []
    qa.remove("ru.txt")
    assert (folder / "ru.txt").exists()


def killed_in_between(qa: QA, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave what a process leaves that is killed while it does something to the upload 'note.txt'."""
    own = qa.path / UPLOADS
    if way == "removing":
        with monkeypatch.context() as patch:
            patch.setattr(uploads, "drop", lambda library, path: None)
            patch.setattr(QA, "_forget", lambda self, sources: None)
            qa.remove("note.txt")
        return
    with uploads.taking(own / "note.txt") as previous:
        if way in ("replacing", "replacing, nothing there"):
            (own / "note.txt").rename(previous)
        if way != "replacing, nothing there":
            (own / ("new.txt" if way == "adding" else "note.txt")).write_text("The quay was built in 1891.")
        uploads._note(own / "new.txt").touch()
        shutil.copytree(own, qa.path / "as it was")
    shutil.rmtree(own)
    (qa.path / "as it was").rename(own)


@pytest.mark.parametrize("way", ["removing", "adding", "replacing", "replacing, nothing there"])
@pytest.mark.parametrize("by", ["compact", "mend"])
def test_what_a_killed_upload_or_removal_left_goes_with_the_next_compaction(
    qa: QA, way: str, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(qa, "note.txt", b"The weir was built in 1888.")
    conversation = asked("anna", "When was the weir built?", qa)
    place = qa.find("note.txt")
    qa.give_feedback(Feedback("weir?", "right", document_id=place.id, span=Span(0, 8)))
    own = qa.path / UPLOADS
    (own / ".note.txt.arriving").write_text("The weir w")  # by a restoration that was killed
    (own / "by hand.txt").write_text("Nobody gave this to the library.")
    killed_in_between(qa, way, monkeypatch)
    getattr(qa, by)()
    left = {file.name: file.read_text() for file in own.iterdir()}
    kept = {} if way == "removing" else {"note.txt": "The weir was built in 1888."}
    assert left == {"by hand.txt": "Nobody gave this to the library.", **kept}
    named = {place.source for turn in History(qa.path).read("anna", conversation) for place in turn.passages}
    assert ("note.txt" in named) == bool(kept)
    assert [each.source for each in qa.feedback()] == (["note.txt"] if kept else [""])


def test_an_upload_that_is_being_taken_in_is_not_swept(qa: QA) -> None:
    with uploads.taking(qa.path / UPLOADS / "new.txt"):
        (qa.path / UPLOADS / "new.txt").write_text("The quay was built in 1891.")
        qa.compact()
        assert qa.add(qa.path / UPLOADS / "new.txt").added == ("new.txt",)
    qa.compact()
    assert [file.name for file in (qa.path / UPLOADS).iterdir()] == ["new.txt"]


def test_a_library_moved_by_hand_has_its_uploads_where_it_is_now(
    qa: QA, folder: Path, tmp_path: Path
) -> None:
    upload(qa, "note.txt", b"The weir was built in 1888.")
    with zipfile.ZipFile(tmp_path / "box", "w") as box:
        box.writestr("in/one.txt", "The lock was built in 1890.")
        box.writestr("in/two.txt", "The quay was built in 1891.")
    upload(qa, "box.zip", (tmp_path / "box").read_bytes())
    qa.close()
    moved = tmp_path / "other" / "place"
    moved.parent.mkdir()
    qa.path.rename(moved)
    with QA.open(moved) as other:
        own = moved / UPLOADS
        assert {info.path for info in other.documents()} == {
            *(str(folder / name) for name in TEXTS),
            *(str(own / name) for name in ("note.txt", "box.zip/in/one.txt", "box.zip/in/two.txt")),
        }
        assert other.add(own / "note.txt").unchanged == ("note.txt",)
        upload(other, "note.txt", b"The weir was built in 1999.")
        assert [hit.text for hit in other.search("The weir was built", k=1)] == [
            "The weir was built in 1999."
        ]
        assert other.mend().problems == ()
        one, two = (info.source for info in other.documents() if "box.zip" in info.path)
        other.remove(one)
        assert (own / "box.zip").exists()
        other.remove(two)
        assert [file.name for file in own.iterdir()] == ["note.txt"]


def named_as_before(path: Path, place: Path) -> None:
    """Make a library one of format 4, whose uploads are named by the place it had then."""
    connection = sqlite3.connect(path / FILE)
    connection.execute(
        "UPDATE documents SET path = ? || '/' || path WHERE path LIKE 'uploads/%'", (str(place),)
    )
    assert connection.total_changes == 1
    connection.execute("PRAGMA user_version = 4")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("way", ["written to", "restored"])
def test_uploads_of_an_older_library_that_was_moved_are_found_again(
    qa: QA, folder: Path, tmp_path: Path, way: str
) -> None:
    upload(qa, "note.txt", b"The weir was built in 1888.")
    (folder / UPLOADS).mkdir()
    (folder / UPLOADS / "note.txt").write_text(
        "The weir was mended in 1889."
    )  # of the same name, and no upload
    qa.sync(folder)
    qa.close()
    named_as_before(qa.path, qa.path)
    moved = tmp_path / "moved"
    qa.path.rename(moved)
    path = tmp_path / "new" if way == "restored" else moved
    with QA.open(path) as other:
        if way == "restored":
            other.restore(moved)
        else:
            other.reencode("builtin")
        assert other.find("note.txt").path == str(path / UPLOADS / "note.txt")
        assert other.find("uploads/note.txt").path == str(folder / UPLOADS / "note.txt")
        other.remove("note.txt")
        assert list((path / UPLOADS).iterdir()) == []


def test_a_mended_library_can_be_moved_like_any(qa: QA, tmp_path: Path) -> None:
    upload(qa, "note.txt", b"The weir was built in 1888.")
    qa.close()
    connection = sqlite3.connect(qa.path / FILE)
    connection.execute("UPDATE texts SET text = 'x' WHERE text LIKE 'The weir%'")
    connection.commit()
    connection.close()
    assert qa.mend().lost == ()
    qa.close()
    qa.path.rename(tmp_path / "moved")
    with QA.open(tmp_path / "moved") as other:
        assert other.find("note.txt").path == str(tmp_path / "moved" / UPLOADS / "note.txt")


def test_a_backup_under_load_is_one_state(tmp_path: Path) -> None:
    path = tmp_path / "index"
    with create(path) as library, Library.open(path) as reader:
        done = threading.Event()

        def write() -> None:
            for number in range(60):
                with library.transaction() as change:  # each state holds one document: the last
                    if number:
                        change.remove(library.find("only").id)
                    document = make_document("only", f"text number {number}\n" * 40)
                    texts = document.text.splitlines()
                    change.add(
                        document,
                        "",
                        make_passages(document),
                        ENCODER.encode_passages(texts),
                        ENCODER.token_ids(texts),
                    )
            done.set()

        writer = threading.Thread(target=write)
        put(library, make_document("kept", "kept"))
        writer.start()
        made = 0
        while not done.is_set() or not made:
            copy = upkeep.backup(reader, tmp_path / f"copy{made}")
            assert copy.passages in (1, 41)
            made += 1
        writer.join()


def test_what_cannot_be_a_backup_is_refused(qa: QA, tmp_path: Path) -> None:
    for place, message in (
        (tmp_path / "docs", "there already"),
        (tmp_path / "index" / "b", "library itself"),
    ):
        with pytest.raises(QAError, match=message):
            qa.backup(place)
    with pytest.raises(LibraryNotFound):
        qa.restore(tmp_path / "none", replace=True)
    qa.backup(tmp_path / "safe")
    file = tmp_path / "safe" / FILE
    file.write_bytes(file.read_bytes().replace("居民2142户".encode(), "居民9142户".encode()))
    before = stored(tmp_path / "index")
    with pytest.raises(LibraryCorrupt, match="damaged"):
        qa.restore(tmp_path / "safe", replace=True)
    assert stored(tmp_path / "index") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "index", "safe"]


# Exports


def test_an_export_comes_back_without_loss(qa: QA, tmp_path: Path) -> None:
    copy = qa.export(tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert copy.documents == len(lines) == 5
    assert {json.loads(line)["source"] for line in lines} == set(TEXTS)
    with QA.open(tmp_path / "again") as other:
        report = other.import_documents(tmp_path / "all.jsonl")
        assert sorted(report.added) == sorted(TEXTS)
        assert stored(tmp_path / "again") == stored(tmp_path / "index")
        assert len(other.import_documents(tmp_path / "all.jsonl").unchanged) == 5


def test_a_damaged_export_is_refused_by_line_and_nothing_is_imported(qa: QA, tmp_path: Path) -> None:
    qa.export(tmp_path / "all.jsonl")
    good = (tmp_path / "all.jsonl").read_bytes()
    lines = good.splitlines(keepends=True)
    for bad, message in (
        (b"".join(lines[:-1]), "ends after 4 of 5"),
        (b"".join(lines[:2] + lines[3:]), "line 3: document 3 of the export is missing"),
        (good[:-40], "line 5 is no line"),
        (good.replace(b"2142 households", b"9999 households"), "is not what was exported"),
        (b"[1]\n", "line 1 is no line"),
        (b"\xff\xfe", "line 1 is no line"),
    ):
        (tmp_path / "bad.jsonl").write_bytes(bad)
        with QA.open(tmp_path / "again") as other:
            with pytest.raises(QAError, match=message):
                other.import_documents(tmp_path / "bad.jsonl")
            assert other.documents() == []


# Another model


def test_encoding_anew_keeps_all_documents_and_readers_follow(qa: QA, tmp_path: Path) -> None:
    path = tmp_path / "fake"
    other = HashingEncoder(dim=48, name="other")
    with create(path) as library:
        for source, text in TEXTS.items():
            put(library, make_document(source, text))
        with Library.open(path) as reading, Views(reading) as reader:
            reader.catch_up()
            indexing.reencode(library, encoder=other, token_encoder=other)
            with pytest.raises(QAError, match="another model"):
                reader.catch_up()
        assert (library.dim, library.fingerprint) == (48, other.fingerprint)
        assert library.vectors(library.ids().tolist()).shape[1] == 48
        assert {each.document.source for each in library.all_stored()} == set(TEXTS)
        with Views(library) as views:
            assert views.check() == []
            assert views.problems == []
    before = stored(tmp_path / "index")
    with QA.open(tmp_path / "index") as reader_:
        hits = reader_.search("households", k=3)
        assert qa.reencode("builtin") == len(before[1])  # type: ignore[arg-type]
        found = reader_.search("households", k=3)
        assert [(hit.source, hit.start) for hit in found] == [(hit.source, hit.start) for hit in hits]
    assert stored(tmp_path / "index") == before


# Mending


def test_a_sound_library_is_left_alone(qa: QA) -> None:
    mending = qa.mend()
    assert (mending.problems, mending.done, mending.lost) == ((), (), ())


def test_views_that_lie_are_written_anew(qa: QA, tmp_path: Path) -> None:
    index = tmp_path / "index"
    qa.close()
    for file in (index / LEXICAL).glob("*.idx"):
        data = bytearray(file.read_bytes())
        data[len(data) // 3] ^= 1
        file.write_bytes(data)
    shutil.copy(index / "dense.json", index / "dense.faiss")
    mending = qa.mend()
    assert any("lexical/" in problem for problem in mending.problems)
    assert any("dense.faiss" in problem for problem in mending.problems)
    assert mending.lost == ()
    assert qa.check() == []
    assert qa.search("Население города", k=1)[0].source == "ru.txt"


def test_a_damaged_document_is_read_from_its_file_again(qa: QA, folder: Path, tmp_path: Path) -> None:
    before = stored(tmp_path / "index")
    qa.close()
    damage(tmp_path / "index", "居民2142户")
    assert qa.check() != []
    mending = qa.mend()
    assert mending.lost == ()
    assert stored(tmp_path / "index") == before


def test_a_document_that_cannot_be_brought_back_is_named_and_the_rest_is_kept(
    qa: QA, folder: Path, tmp_path: Path
) -> None:
    qa.close()
    (folder / "zh" / "概况.txt").unlink()
    damage(tmp_path / "index", "居民2142户")
    mending = qa.mend()
    assert "zh/概况.txt" in mending.lost[0]
    assert (tmp_path / "index" / upkeep.DAMAGED).is_file()
    assert {info.source for info in qa.documents()} == set(TEXTS) - {"zh/概况.txt"}
    assert qa.check() == []


def test_a_file_that_cannot_be_read_now_costs_no_document(qa: QA, folder: Path, tmp_path: Path) -> None:
    before = stored(tmp_path / "index")
    qa.close()
    damage(tmp_path / "index", "居民2142户")
    file = folder / "zh" / "概况.txt"
    file.rename(tmp_path / "kept.txt")
    file.symlink_to(file)  # refused to everybody, as a failing disk refuses
    with pytest.raises(QAError, match=r"'zh/概况.txt' is damaged, .* cannot be read now: .*--mend$"):
        qa.mend()
    assert {info.source for info in qa.documents()} == set(TEXTS)
    assert not (tmp_path / "index" / upkeep.DAMAGED).exists()
    (tmp_path / "kept.txt").replace(file)
    qa.close()
    assert qa.mend().lost == ()
    assert stored(tmp_path / "index") == before


def test_damaged_rows_of_passages_cost_no_document(qa: QA, tmp_path: Path) -> None:
    before = stored(tmp_path / "index")
    qa.close()
    connection = sqlite3.connect(tmp_path / "index" / FILE)
    connection.execute("UPDATE passages SET vector = zeroblob(8) WHERE id = 1")
    connection.execute("DELETE FROM passages WHERE id = 3")
    connection.commit()
    connection.close()
    assert len(qa.mend().problems) >= 2
    assert stored(tmp_path / "index") == before


@pytest.mark.parametrize("work", [QA.mend, QA.compact])
def test_what_a_killed_mending_left_is_taken_away(
    qa: QA, tmp_path: Path, work: Callable[[QA], object]
) -> None:
    left = tmp_path / "index" / ".mending.0badcafe"
    shutil.copytree(tmp_path / "index", left)
    work(qa)
    assert not left.exists()
    assert qa.check() == []


def damage(index: Path, text: str) -> None:
    file = index / FILE
    data = file.read_bytes()
    assert data.count(text.encode()) == 1
    file.write_bytes(data.replace(text.encode(), text.replace("2", "3", 1).encode()))
