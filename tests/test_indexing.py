from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from qa import indexing
from qa.errors import DocumentNotFound, ReadError
from qa.library import Library
from qa.readers import Outcome
from qa.readers.processes import Readers, Reading
from qa.text import words
from qa.types import Floats, IndexReport, TokenIds
from qa.views import Views
from tests.fakes import HashingEncoder, create, make_document
from tests.made_files import eml, zip_of

FILES = {
    "zh/概况.txt": "全县有居民2142户。今年上半年，地区生产总值增长7.6%。",
    "zh/歷史.txt": "這座橋建於1887年。",
    "en/county.md": "# County\n\nThe county has 2142 households.\n\n## Economy\n\nIt grew by 7.6%.",
    "de/straße 📰.txt": "Die Straße ist 3,5 km lang.",
    "ja.txt": "東京タワーの高さは333メートルです。",
    "ko.txt": "서울의 인구는 약 940만 명이다.",
    "ar.txt": "العاصمة هي القاهرة.",
    "hi.txt": "दिल्ली भारत की राजधानी है।",
    "th.txt": "กรุงเทพมหานครเป็นเมืองหลวงของไทย",
    "ru.txt": "Население города — 12 тысяч человек.",
    "vi.txt": "Hà Nội là thủ đô của Việt Nam.",
}


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    for name, text in FILES.items():
        write(folder / name, text)
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with create(tmp_path / "index") as library:
        yield library
        assert library.check() == []
        with Views(library) as views:
            assert views.check() == []


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def add(library: Library, encoder: HashingEncoder, *paths: Path) -> IndexReport:
    return indexing.add(library, paths, encoder=encoder, token_encoder=encoder)


def sync(library: Library, encoder: HashingEncoder, root: Path) -> IndexReport:
    return indexing.sync(library, root, encoder=encoder, token_encoder=encoder)


class CountingReaders(Readers):
    """Notes the name of every file that is read."""

    def __init__(self) -> None:
        super().__init__(processes=1)
        self.names: list[str] = []

    def read(self, path: Path, *, source: str, known: Mapping[str, str] | None = None) -> Reading:
        self.names.append(path.name)
        return super().read(path, source=source, known=known)


@pytest.fixture
def readers() -> Iterator[CountingReaders]:
    with CountingReaders() as readers:
        yield readers


def sources(library: Library) -> list[str]:
    return [info.source for info in library.documents()]


def lexical_sources(library: Library, question: str) -> list[str]:
    with Views(library) as views:
        ids, _ = views.lexical.search(words(question), 10)
        passages = library.passages(ids.tolist())
    return sorted(set(library.sources(passage.document_id for passage in passages).values()))


def test_a_folder_is_indexed_with_sources_relative_to_it(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    report = sync(library, encoder, folder)
    assert sorted(report.added) == sources(library) == sorted(FILES)
    assert (report.failed, report.removed, report.updated) == ((), (), ())
    assert report.passages == library.count() == encoder.encoded
    assert report.seconds > 0
    assert lexical_sources(library, "दिल्ली") == ["hi.txt"]
    assert lexical_sources(library, "2142") == ["en/county.md", "zh/概况.txt"]


def test_what_is_unchanged_is_not_encoded_again(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    sync(library, encoder, folder)
    before, encoder.encoded = library.last_change(), 0
    report = sync(library, encoder, folder)
    assert sorted(report.unchanged) == sorted(FILES)
    assert (encoder.encoded, library.last_change(), report.passages) == (0, before, 0)


def test_a_changed_file_takes_the_place_of_its_old_version(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    sync(library, encoder, folder)
    old = library.find("ja.txt").id
    write(folder / "ja.txt", "スカイツリーは634メートルです。")
    report = sync(library, encoder, folder)
    assert report.updated == ("ja.txt",)
    assert len(report.unchanged) == len(FILES) - 1
    assert library.find("ja.txt").id != old
    assert lexical_sources(library, "333") == []
    assert lexical_sources(library, "634") == ["ja.txt"]


def test_sync_removes_what_is_gone_and_add_does_not(
    library: Library, encoder: HashingEncoder, folder: Path, tmp_path: Path
) -> None:
    elsewhere = write(tmp_path / "elsewhere.txt", "From another place.")
    add(library, encoder, folder, elsewhere)
    (folder / "ru.txt").unlink()
    elsewhere.unlink()
    assert add(library, encoder, folder).removed == ()
    assert "ru.txt" in sources(library)
    assert sync(library, encoder, folder).removed == ("ru.txt",)
    assert "ru.txt" not in sources(library)
    assert "elsewhere.txt" in sources(library)
    assert lexical_sources(library, "Население") == []


def test_a_folder_that_is_missing_removes_nothing(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    sync(library, encoder, folder)
    shutil.rmtree(folder)
    for work in (sync, add):
        with pytest.raises(ReadError, match="no such file or folder"):
            work(library, encoder, folder)
    assert sources(library) == sorted(FILES)


def test_a_moved_file_keeps_its_vectors(library: Library, encoder: HashingEncoder, folder: Path) -> None:
    sync(library, encoder, folder)
    ids = library.passage_ids(library.find("zh/概况.txt").id)
    encoder.encoded = 0
    (folder / "new").mkdir()
    (folder / "zh/概况.txt").rename(folder / "new/概况.txt")
    report = sync(library, encoder, folder)
    assert (report.updated, report.removed, report.added) == (("new/概况.txt",), (), ())
    assert encoder.encoded == 0
    info = library.find("new/概况.txt")
    assert library.passage_ids(info.id) == ids
    assert Path(info.path) == folder / "new/概况.txt"
    assert "zh/概况.txt" not in sources(library)


def test_a_renamed_file_whose_title_changes_is_encoded_anew(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    sync(library, encoder, folder)
    (folder / "vi.txt").rename(folder / "thủ đô.txt")
    report = sync(library, encoder, folder)
    assert report.updated == ("thủ đô.txt",)
    assert report.removed == ()
    assert sources(library).count("thủ đô.txt") == 1
    assert "vi.txt" not in sources(library)


def test_a_folder_that_moved_is_recognised(
    library: Library, encoder: HashingEncoder, folder: Path, tmp_path: Path
) -> None:
    sync(library, encoder, folder)
    encoder.encoded = 0
    folder.rename(tmp_path / "moved")
    report = sync(library, encoder, tmp_path / "moved")
    assert sorted(report.updated) == sources(library) == sorted(FILES)
    assert encoder.encoded == 0


def test_a_copy_is_a_document_of_its_own(library: Library, encoder: HashingEncoder, folder: Path) -> None:
    shutil.copy(folder / "ko.txt", folder / "ko copy.txt")
    report = sync(library, encoder, folder)
    assert {"ko.txt", "ko copy.txt"} <= set(report.added)
    assert lexical_sources(library, "서울") == ["ko copy.txt", "ko.txt"]


def test_equal_names_from_two_folders_get_sources_that_differ(
    library: Library, encoder: HashingEncoder, tmp_path: Path
) -> None:
    one = write(tmp_path / "one" / "a.txt", "First text.")
    two = write(tmp_path / "two" / "a.txt", "Second text.")
    add(library, encoder, one)
    add(library, encoder, two)
    assert sources(library) == ["a.txt", "two/a.txt"]
    report = add(library, encoder, tmp_path / "one", tmp_path / "two")
    assert report.unchanged == ("a.txt", "two/a.txt")


def test_one_unreadable_file_never_stops_the_rest(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    write(folder / "empty.txt", "")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 cut off")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    report = sync(library, encoder, folder)
    failed = {Path(problem.path).name: problem.message for problem in report.failed}
    assert sorted(failed) == ["binary.txt", "broken.docx", "empty.txt"]
    assert all(failed.values())
    assert sorted(report.added) == sorted(FILES)


def test_a_name_that_no_text_can_hold_and_a_pipe_are_named_and_the_rest_is_indexed(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    bad = Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.txt"))
    bad.write_text("Gold is found here.")
    os.mkfifo(folder / "pipe.txt")
    report = indexing.add(library, [folder, folder / "pipe.txt"], encoder=encoder, token_encoder=encoder)
    assert sorted(Path(problem.path).name for problem in report.failed) == ["bad?.txt", "pipe.txt"]
    assert all(problem.message.endswith(".") for problem in report.failed)
    assert report.added


def test_a_file_that_becomes_unreadable_keeps_its_last_version(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    sync(library, encoder, folder)
    write(folder / "ru.txt", "")
    report = sync(library, encoder, folder)
    assert len(report.failed) == 1
    assert "Население" in library.document("ru.txt").text


def test_progress_counts_files(library: Library, encoder: HashingEncoder, folder: Path) -> None:
    calls: list[tuple[int, int, str]] = []
    indexing.sync(
        library,
        folder,
        encoder=encoder,
        token_encoder=encoder,
        on_progress=lambda *call: calls.append(call),
    )
    assert [done for done, *_ in calls] == list(range(len(FILES) + 1))
    assert {total for _, total, _ in calls} == {len(FILES)}


def test_a_run_that_is_interrupted_goes_on_where_it_stopped(
    library: Library, encoder: HashingEncoder, tmp_path: Path
) -> None:
    for number in range(40):
        write(tmp_path / "docs" / f"{number:02}.txt", f"Sentence {number} here. " * 600)

    class Tired(HashingEncoder):
        def encode_passages(self, texts: Sequence[str]) -> Floats:
            if self.encoded > 500:
                raise KeyboardInterrupt
            return super().encode_passages(texts)

    tired = Tired()
    with pytest.raises(KeyboardInterrupt):
        sync(library, tired, tmp_path / "docs")
    done = len(sources(library))
    assert 0 < done < 40
    report = sync(library, encoder, tmp_path / "docs")
    assert (len(report.unchanged), len(report.added)) == (done, 40 - done)
    assert library.count() == tired.encoded + encoder.encoded


def test_documents_without_files(library: Library, encoder: HashingEncoder) -> None:
    animals = [f"{first}{second}nimal" for first in "bcdfghjklm" for second in "aeiou"]
    documents = [make_document(f"doc{number}", f"Text of {animals[number]}s.") for number in range(50)]
    calls: list[tuple[int, int, str]] = []

    def run() -> IndexReport:
        return indexing.add_documents(
            library,
            documents,
            encoder=encoder,
            token_encoder=encoder,
            total=50,
            on_progress=lambda *call: calls.append(call),
        )

    assert len(run().added) == 50
    assert calls[-1] == (50, 50, "")
    assert lexical_sources(library, animals[7] + "s") == ["doc7"]
    assert len(run().unchanged) == 50
    documents[7] = make_document("doc7", "Replaced.")
    report = run()
    assert (report.updated, len(report.unchanged)) == (("doc7",), 49)
    assert lexical_sources(library, animals[7] + "s") == []


def test_the_same_source_twice_keeps_the_last(library: Library, encoder: HashingEncoder) -> None:
    documents = [make_document("a", "First."), make_document("a", "Second.")]
    indexing.add_documents(library, documents, encoder=encoder, token_encoder=encoder)
    assert library.document("a").text == "Second."
    assert library.count() == 1


def test_a_batch_is_stored_after_the_one_before_it(
    library: Library, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 1)
    texts = [("a", "First."), ("b", "Other."), ("a", "Second."), ("a", "Third."), ("empty", "")]
    documents = [make_document(source, text) for source, text in texts]
    indexing.add_documents(library, documents, encoder=encoder, token_encoder=encoder)
    assert [library.document(source).text for source in ("a", "b")] == ["Third.", "Other."]
    assert library.count() == 2


def test_an_error_while_tokenising_is_raised_and_stores_nothing_of_its_batch(
    library: Library, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(HashingEncoder):
        def token_ids(self, texts: Sequence[str]) -> list[TokenIds]:
            if "Bad." in texts:
                raise ValueError("no such token")
            return super().token_ids(texts)

    monkeypatch.setattr(indexing, "BATCH", 1)
    documents = [make_document("good", "Good."), make_document("bad", "Bad."), make_document("c", "More.")]
    with pytest.raises(ValueError, match="no such token"):
        indexing.add_documents(library, documents, encoder=encoder, token_encoder=Broken())
    assert sources(library) == ["good"]
    assert not [t for t in threading.enumerate() if t.name.startswith("qa-tokenise")]


def test_an_encoder_that_is_a_mean_of_tokens_reads_each_text_once(library: Library) -> None:
    class Mean(HashingEncoder):
        tokenised = 0

        def token_ids(self, texts: Sequence[str]) -> list[TokenIds]:
            self.tokenised += len(texts)
            return super().token_ids(texts)

        def encode_ids(self, rows: Sequence[TokenIds]) -> Floats:
            return np.stack([self.vectors(row).mean(axis=0) for row in rows])

        def encode_passages(self, texts: Sequence[str]) -> Floats:
            raise AssertionError("tokenised twice")

    mean = Mean()
    indexing.add_documents(
        library, [make_document("a", "One text of words.")], encoder=mean, token_encoder=mean
    )
    assert mean.tokenised == library.count() == 1
    other = HashingEncoder()
    indexing.add_documents(
        library, [make_document("b", "One text of words.")], encoder=other, token_encoder=mean
    )
    assert (mean.tokenised, other.encoded) == (2, 1)


# Files that hold files


def test_the_files_of_an_archive_are_kept_equal_to_it(
    library: Library, encoder: HashingEncoder, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    archive = folder / "a.zip"
    archive.write_bytes(zip_of({"one.txt": b"The first.", "sub/two.txt": b"The second.", "x.exe": b"MZ"}))
    report = sync(library, encoder, folder)
    assert report.added == ("a.zip/one.txt", "a.zip/sub/two.txt")
    assert [(Path(each.path).name, each.kind) for each in report.left_out] == [("x.exe", ".exe")]
    encoded = encoder.encoded
    assert sorted(sync(library, encoder, folder).unchanged) == ["a.zip/one.txt", "a.zip/sub/two.txt"]
    assert encoder.encoded == encoded

    archive.write_bytes(zip_of({"one.txt": b"The first, new.", "three.txt": b"The third."}))
    report = indexing.add(library, [folder], encoder=encoder, token_encoder=encoder)
    assert (report.added, report.updated) == (("a.zip/three.txt",), ("a.zip/one.txt",))
    assert report.removed == ("a.zip/sub/two.txt",)
    assert lexical_sources(library, "second") == []

    archive.write_bytes(b"PK damaged")
    report = sync(library, encoder, folder)
    assert len(report.failed) == 1
    assert sources(library) == ["a.zip/one.txt", "a.zip/three.txt"]

    archive.unlink()
    assert sorted(sync(library, encoder, folder).removed) == ["a.zip/one.txt", "a.zip/three.txt"]
    assert sources(library) == []


def test_a_mail_with_what_is_attached_is_unchanged_as_a_whole(
    library: Library, encoder: HashingEncoder, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.eml").write_bytes(eml())
    assert sync(library, encoder, folder).added == ("a.eml/码头.txt", "a.eml")
    assert sorted(sync(library, encoder, folder).unchanged) == ["a.eml", "a.eml/码头.txt"]
    (folder / "码头.txt").write_bytes(b"The pier is 90 metres long.")  # the attachment is still in its place
    assert sync(library, encoder, folder).added == ("码头.txt",)


def test_archives_of_one_name_in_two_folders_are_told_apart(
    library: Library, encoder: HashingEncoder, tmp_path: Path
) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.zip").write_bytes(zip_of({"one.txt": f"In {name}.".encode()}))
        sync(library, encoder, tmp_path / name)
    assert sources(library) == ["a.zip/one.txt", "y/a.zip/one.txt"]


def test_a_file_in_the_place_of_a_member_of_an_archive_that_moved(
    library: Library, encoder: HashingEncoder, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.zip").write_bytes(zip_of({"one.txt": b"The first.", "two.txt": b"The second."}))
    sync(library, encoder, folder)
    (folder / "sub").mkdir()
    (folder / "a.zip").rename(folder / "sub" / "a.zip")
    (folder / "a.txt").write_bytes(b"The first.")
    sync(library, encoder, folder)
    assert sources(library) == ["a.txt", "sub/a.zip/one.txt", "sub/a.zip/two.txt"]


# What waits for its batch


def test_two_files_are_never_given_one_source(
    library: Library, encoder: HashingEncoder, tmp_path: Path
) -> None:
    add(library, encoder, write(tmp_path / "x.txt", "From elsewhere."))
    root = tmp_path / "root"
    write(root / "x.txt", "The outer one.")  # "x.txt" is taken, so it is called "root/x.txt"
    write(root / "root" / "x.txt", "The inner one.")
    assert len(sync(library, encoder, root).added) == 2
    assert len(sources(library)) == 3
    assert len(sync(library, encoder, root).unchanged) == 2


def test_a_file_that_is_named_twice_is_added_once(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    report = add(library, encoder, folder, folder / "ja.txt", folder / "zh")
    assert sorted(report.added) == sorted(FILES)
    assert sorted(report.unchanged) == ["ja.txt", "zh/概况.txt", "zh/歷史.txt"]


def test_a_version_that_comes_back_in_one_run_is_stored(
    library: Library, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for batch in (1, 512):
        monkeypatch.setattr(indexing, "BATCH", batch)
        texts = ("First.", "Second.", "First.", "First.", "Second.", "First.")
        documents = [make_document(f"a{batch}", text) for text in texts]
        report = indexing.add_documents(library, documents, encoder=encoder, token_encoder=encoder)
        assert library.document(f"a{batch}").text == "First."
        assert len(report.unchanged) == 1


# Removal


def test_removal_returns_a_counted_receipt_and_nothing_is_found(
    library: Library, encoder: HashingEncoder, folder: Path
) -> None:
    sync(library, encoder, folder)
    info = library.find("en/county.md")
    receipt = indexing.remove(library, "en/county.md")
    assert (receipt.source, receipt.document_id) == ("en/county.md", info.id)
    assert receipt.passages == receipt.vectors == receipt.postings == info.passages > 0
    assert lexical_sources(library, "households") == []
    with pytest.raises(DocumentNotFound):
        indexing.remove(library, "en/county.md")
    assert "en/county.md" in sync(library, encoder, folder).added  # and it can be added again


def test_documents_of_a_folder_that_cannot_be_looked_into_stay(
    library: Library, encoder: HashingEncoder, folder: Path, tmp_path: Path
) -> None:
    sync(library, encoder, folder)
    before = sources(library)
    (folder / "zh").rename(tmp_path / "zh")
    (folder / "zh").symlink_to(folder / "zh")  # refused to everybody, as one without permissions is to most
    assert sync(library, encoder, folder).removed == ()
    assert sources(library) == before
    (folder / "zh").unlink()
    assert "zh/歷史.txt" in sync(library, encoder, folder).removed


def test_removal_by_id_and_purging(library: Library, encoder: HashingEncoder, folder: Path) -> None:
    sync(library, encoder, folder)
    indexing.remove(library, library.find("zh/歷史.txt").id, purge=True)
    assert "zh/歷史.txt" not in sources(library)
    traces = ["這座橋建於1887年".encode(), "歷史.txt".encode()]
    for file in library.path.rglob("*"):
        assert not any(trace in file.read_bytes() for trace in traces if file.is_file())


def test_a_file_without_a_document_is_read_again_only_when_it_changed(
    library: Library, encoder: HashingEncoder, tmp_path: Path, readers: CountingReaders
) -> None:
    folder = tmp_path / "docs"
    write(folder / "a.txt", "The mill has two wheels.")
    damaged = write(folder / "b.pdf", "no PDF")
    write(folder / "c.json", "[]")
    (folder / "d.zip").write_bytes(zip_of({"e.pdf": "no PDF", "f.txt": "The bridge is new.", "g.xyz": "?"}))

    def synced() -> tuple[IndexReport, list[str]]:
        readers.names.clear()
        report = indexing.sync(library, folder, encoder=encoder, token_encoder=encoder, readers=readers)
        return report, readers.names

    first, names = synced()
    assert names == ["a.txt", "b.pdf", "c.json", "d.zip"]
    assert [problem.path for problem in first.failed] == [f"{folder}/b.pdf", f"{folder}/d.zip/e.pdf"]
    assert [(left.path, left.kind) for left in first.left_out] == [
        (f"{folder}/c.json", "JSON without texts"),
        (f"{folder}/d.zip/g.xyz", ".xyz"),
    ]
    assert library.unread().keys() == {str(folder / name) for name in ("b.pdf", "c.json", "d.zip")}

    second, names = synced()
    assert names == ["d.zip"], "an archive is unpacked, to see whether what is in it has changed"
    assert (second.failed, second.left_out) == (first.failed, first.left_out), "told again all the same"
    assert second.unchanged == ("a.txt", "d.zip/f.txt")

    write(damaged, "still no PDF")
    assert synced()[1] == ["b.pdf", "d.zip"]
    damaged.unlink()
    write(folder / "c.json", '{"text": "The well is deep."}')
    report, names = synced()
    assert (names, report.added) == (["c.json", "d.zip"], ("c.json",))
    assert library.unread().keys() == {str(folder / "d.zip")}


def test_a_file_without_a_document_is_read_again_where_it_is_named_or_by_another_reader(
    library: Library,
    encoder: HashingEncoder,
    tmp_path: Path,
    readers: CountingReaders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    damaged = write(tmp_path / "docs" / "a.pdf", "no PDF")
    paths = [tmp_path / "docs", damaged, tmp_path / "docs"]
    for path in paths:
        indexing.add(library, [path], encoder=encoder, token_encoder=encoder, readers=readers)
    assert readers.names == ["a.pdf", "a.pdf"], "the folder, and the file by itself; not the folder again"
    monkeypatch.setattr(readers, "described", lambda: "another one")
    for _ in range(2):
        indexing.add(library, paths[:1], encoder=encoder, token_encoder=encoder, readers=readers)
    assert readers.names == ["a.pdf"] * 3


def test_what_ended_its_reader_is_tried_again(
    library: Library, encoder: HashingEncoder, tmp_path: Path, readers: CountingReaders
) -> None:
    write(tmp_path / "docs" / "a.pdf", "no PDF")
    readers.read = lambda path, **_: _Ended()  # type: ignore[method-assign,assignment,return-value]
    indexing.sync(library, tmp_path / "docs", encoder=encoder, token_encoder=encoder, readers=readers)
    assert library.unread() == {}


class _Ended:
    def result(self) -> list[Outcome]:
        return [Outcome(problem="takes longer than 60 seconds to be read and was stopped. Split it.")]
