"""What a writer does between two steps of a question: the answer is of the state before or after, never an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from qa import QA, upkeep
from qa.answer import Answerer
from qa.confidence import load_calibrator
from qa.dense import DenseIndex
from qa.encoder import load_encoder, load_token_encoder
from qa.extractor import load_extractor
from qa.library import Library
from qa.readers import document_from_text
from qa.search import Searcher
from qa.types import Floats, Hit, Scope
from qa.views import Views
from tests.fakes import ENCODER, create, drop, make_document, put

ASKED = "When was the harbour of Port Lerrin opened?"
OLD = "The harbour of Port Lerrin was opened on 3 May 1902."
NEW = "The harbour of Port Lerrin was opened on 9 June 1911."


class Once:
    """Does something the first time that it is called, and nothing afterwards."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.work: Callable[[], object] | None = work

    def __call__(self) -> None:
        work, self.work = self.work, None
        if work:
            work()


class MeddledEncoder:
    """The built-in encoder; something happens while it encodes a question."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._encoder = load_encoder()
        self._meanwhile = meanwhile
        self.fingerprint, self.dim = self._encoder.fingerprint, self._encoder.dim

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        self._meanwhile()
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        return self._encoder.encode_passages(texts)


class MeddledLibrary:
    """A library; something happens before one of its methods is called."""

    def __init__(self, library: Library, method: str, meanwhile: Callable[[], None]) -> None:
        self._library, self._method, self._meanwhile = library, method, meanwhile

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            self._meanwhile()
        return getattr(self._library, name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    replace(tmp_path / "index", OLD)
    return tmp_path / "index"


def replace(path: Path, text: str) -> None:
    with QA.open(path) as qa:
        qa.add_documents([document_from_text(text, source="harbour.txt")])


def remove(path: Path) -> None:
    with QA.open(path) as qa:
        qa.remove("harbour.txt")


def test_a_document_replaced_while_it_is_searched_is_found_as_it_is_now(path: Path) -> None:
    meddled = MeddledEncoder(Once(lambda: replace(path, NEW)))
    with Library.open(path) as library, Views(library) as views:
        views.catch_up()
        hits = Searcher(library, views, meddled, load_token_encoder()).search(ASKED)
        assert [hit.text for hit in hits] == [NEW]


@pytest.mark.parametrize("method", ["material", "passages", "sources"])
def test_a_document_removed_at_any_step_is_not_found(path: Path, method: str) -> None:
    with Library.open(path) as library, Views(library) as views:
        meddled: Any = MeddledLibrary(library, method, Once(lambda: remove(path)))
        encoder = load_encoder()
        assert Searcher(meddled, views, encoder, load_token_encoder()).search(ASKED) == []


def test_a_document_replaced_before_its_quote_is_cut_is_quoted_as_it_is_now(path: Path) -> None:
    with Library.open(path) as library, Views(library) as views:
        meanwhile = Once(lambda: replace(path, NEW))

        class Slow:
            def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]:
                hits = searcher.search(question, k=k, scope=scope)
                meanwhile()
                return hits

        encoder = load_token_encoder()
        searcher = Searcher(library, views, load_encoder(), encoder)
        answerer = Answerer(Slow(), library, encoder, load_extractor(), load_calibrator(), max_error=0.9)
        nearest = answerer.answer(ASKED).nearest
        assert nearest is not None
        assert nearest.text == NEW


def test_a_backup_restored_while_views_catch_up_leaves_none_of_the_other_history(tmp_path: Path) -> None:
    path = tmp_path / "index"
    with create(path) as writer:
        for name in "abc":
            put(writer, make_document(name, f"{name} stands here"))
        upkeep.backup(writer, tmp_path / "backup")
        for name in "defg":
            put(writer, make_document(name, f"{name} stands here"))

    def restored() -> None:
        with create(path) as writer:
            upkeep.restore(writer, tmp_path / "backup")
            put(writer, make_document("x", "x stands here"))

    class Meddled(Views):
        """Views under which a backup is restored between the look at the change log and the replay."""

        def _replay_dense(self, dense: DenseIndex) -> None:
            meanwhile()
            super()._replay_dense(dense)

    meanwhile = Once(lambda: None)
    with Library.open(path) as library, Meddled(library) as reader:
        reader.catch_up()
        meanwhile.work = restored
        with create(path) as writer:
            drop(writer, "a")
        reader.catch_up()
        reader.catch_up()
        assert meanwhile.work is None
        assert reader.dense.ids().tolist() == library.ids().tolist()
        ids, _ = reader.dense.search(ENCODER.encode_queries(["x stands here"])[0], 1)
        assert [passage.text for passage in library.passages(ids.tolist())] == ["x stands here"]
