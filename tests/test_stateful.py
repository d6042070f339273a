"""A library beside a plain dict: whatever is done in whatever order, both hold and find the same."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from qa import indexing, upkeep
from qa.library import Library
from qa.text import words
from qa.views import Views
from tests.fakes import ENCODER, create, make_document

NAMES = st.sampled_from(["a", "b", "文", "ж"])
WORDS = ("harbour", "mill", "茶園", "大橋", "мост", "القاهرة", "दिल्ली")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


class LibraryBesideADict(RuleBasedStateMachine):
    """Files below a folder and documents that are no files; a reader stays open over all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.docs, self.index = self.root / "docs", self.root / "index"
        self.docs.mkdir()
        self.files: dict[str, str] = {}
        self.indexed: dict[str, str] = {}
        self.others: dict[str, str] = {}
        self.saved: list[tuple[Path, dict[str, str], dict[str, str]]] = []
        create(self.index).close()
        self.open_reader()

    def open_reader(self) -> None:
        self.reading = Library.open(self.index)
        self.reader = Views(self.reading)

    def close_reader(self) -> None:
        self.reader.close()
        self.reading.close()

    def teardown(self) -> None:
        self.close_reader()
        with create(self.index) as library, Views(library) as views:
            assert library.check() == []
            assert views.check() == []
        shutil.rmtree(self.root)

    @rule(name=NAMES, text=TEXTS)
    def write_file(self, name: str, text: str) -> None:
        self.files[name] = text
        (self.docs / f"{name}.txt").write_text(text, encoding="utf-8")

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def delete_file(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        del self.files[name]
        (self.docs / f"{name}.txt").unlink()

    @rule()
    def sync(self) -> None:
        with create(self.index) as library:
            report = indexing.sync(library, self.docs, encoder=ENCODER, token_encoder=ENCODER)
        assert len(report.added) + len(report.updated) + len(report.unchanged) == len(self.files)
        self.indexed = dict(self.files)

    @rule(name=NAMES, text=TEXTS)
    def add_or_replace(self, name: str, text: str) -> None:
        with create(self.index) as library:
            document = make_document(f"other/{name}", text)
            indexing.add_documents(library, [document], encoder=ENCODER, token_encoder=ENCODER)
        self.others[name] = text

    @precondition(lambda self: self.others)
    @rule(data=st.data(), purge=st.booleans())
    def remove(self, data: st.DataObject, purge: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.others)))
        with create(self.index) as library:
            receipt = indexing.remove(library, f"other/{name}", purge=purge)
        assert receipt.passages == receipt.vectors == receipt.postings == 1
        del self.others[name]

    @rule()
    def compact(self) -> None:
        with create(self.index) as library:
            indexing.compact(library)

    @rule()
    def encode_anew(self) -> None:
        with create(self.index) as library:
            indexing.reencode(library, encoder=ENCODER, token_encoder=ENCODER)

    @rule()
    def backup(self) -> None:
        folder = self.root / f"backup{len(self.saved)}"
        upkeep.backup(self.reading, folder)
        self.saved.append((folder, dict(self.indexed), dict(self.others)))

    @precondition(lambda self: self.saved)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        folder, self.indexed, self.others = data.draw(st.sampled_from(self.saved))
        self.indexed, self.others = dict(self.indexed), dict(self.others)
        with create(self.index) as library:
            upkeep.restore(library, folder)

    @rule()
    def export_and_import(self) -> None:
        upkeep.export(self.reading, self.root / "all.jsonl")
        if self.expected():
            with create(self.index) as library:
                report = upkeep.import_(
                    library, self.root / "all.jsonl", encoder=ENCODER, token_encoder=ENCODER
                )
            assert len(report.unchanged) == len(self.expected())

    @rule()
    def reopen(self) -> None:
        self.close_reader()
        self.open_reader()

    def expected(self) -> dict[str, str]:
        files = {f"{name}.txt": text for name, text in self.indexed.items()}
        return files | {f"other/{name}": text for name, text in self.others.items()}

    @invariant()
    def both_hold_and_find_the_same(self) -> None:
        expected = self.expected()
        found = {info.source: self.reading.document(info.source).text for info in self.reading.documents()}
        assert found == expected
        self.reader.catch_up()
        for word in WORDS:
            ids, _ = self.reader.lexical.search(words(word), 50)
            assert self.sources(ids.tolist()) == {source for source, text in expected.items() if word in text}
        for source, text in expected.items():
            ids, _ = self.reader.dense.search(ENCODER.encode_queries([text])[0], 50)
            assert source in self.sources(ids.tolist())
            assert self.sources(ids.tolist()) <= set(expected)

    def sources(self, ids: list[int]) -> set[str]:
        passages = self.reading.passages(ids)
        assert len(passages) == len(ids), "a passage is found that is gone"
        names = self.reading.sources(passage.document_id for passage in passages)
        return {names[passage.document_id] for passage in passages}


LibraryBesideADict.TestCase.settings = settings(
    max_examples=int(os.environ.get("QA_EXAMPLES", "15")), stateful_step_count=20, deadline=None
)
TestLibraryBesideADict = LibraryBesideADict.TestCase
