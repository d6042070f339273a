"""The only place where parts are put together; the public object."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from qa.answer import LONGEST_QUERY, Answerer, checked
from qa.chat import Conversation
from qa.confidence import load_calibrator
from qa.config import Config, load_config
from qa.duplicates import Distinct
from qa.encoder import BUILTIN, load_encoder, load_token_encoder, model_of
from qa.errors import DocumentNotFound, EncoderMismatch, LibraryNotFound, QAError
from qa.extractor import load_extractor
from qa.feedback import Feedback, FeedbackStore
from qa.history import History
from qa.languages import Languages
from qa.library import Library, gone, is_library
from qa.search import Searcher
from qa.threads import use_one_thread
from qa.types import (
    Answer,
    Compaction,
    Copy,
    Document,
    DocumentInfo,
    Encoder,
    Hit,
    IndexReport,
    Mending,
    Receipt,
    Retriever,
    Scope,
    TokenEncoder,
    Turn,
)
from qa.views import Views

OnProgress = Callable[[int, int, str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Engine:
    """What answers questions over one open library."""

    views: Views
    searcher: Retriever
    answerer: Answerer


class QA:
    """A library of documents that answers questions by quoting them.

    Opening is cheap: encoders and indexes load with the first question, and what reads files with the first file.
    Safe to use from several threads; several processes may read one library while one writes, and readers follow the
    writer by themselves.
    """

    def __init__(self, path: Path, config: Config, model: str | None) -> None:
        self.path = path
        self.config = config
        self._asked_model = self._model = model
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self._listing = threading.Lock()
        self._feedback = FeedbackStore(path)
        self._history = History(path)
        self._library: Library | None = None
        self._was_there = False
        self._engine: _Engine | None = None
        self._encoders: tuple[Encoder, TokenEncoder] | None = None
        self._listed: tuple[tuple[int, int], tuple[DocumentInfo, ...]] | None = None

    @classmethod
    def open(
        cls, path: str | Path = "index", *, model: str | None = None, config: Config | None = None
    ) -> QA:
        """Open the library at ``path``; one that is not there yet is created by the first ``add`` or ``sync``.

        ``model`` is ``builtin``, a sentence-transformers folder or a hub id; None is the library's own.

        Raises:
            EncoderMismatch: the library's vectors were made by another model.
            LibraryCorrupt: the library is damaged or of another format version.
        """
        config = config or load_config()
        qa = cls(Path(path), config, model or config.model or None)
        if is_library(qa.path):
            with qa._lock:
                qa._read()
        return qa

    def add(self, path: str | Path, *, on_progress: OnProgress | None = None) -> IndexReport:
        """Add a file or every readable file below a folder; what is unchanged is skipped.

        Files that cannot be read are in ``report.failed``; the rest is indexed.
        """
        from qa import indexing
        from qa.readers.processes import shared_readers

        with self._write() as library:
            encoder, token_encoder = self._both()
            return indexing.add(
                library,
                [Path(path)],
                encoder=encoder,
                token_encoder=token_encoder,
                languages=Languages.load(),
                readers=shared_readers(self.config.ocr_languages),
                on_progress=on_progress,
            )

    def sync(self, folder: str | Path, *, on_progress: OnProgress | None = None) -> IndexReport:
        """Make the library equal to a folder: add and update as ``add`` does, and remove what is gone from it."""
        from qa import indexing
        from qa.readers.processes import shared_readers

        with self._write() as library:
            encoder, token_encoder = self._both()
            report = indexing.sync(
                library,
                Path(folder),
                encoder=encoder,
                token_encoder=token_encoder,
                languages=Languages.load(),
                readers=shared_readers(self.config.ocr_languages),
                on_progress=on_progress,
            )
        if report.removed:
            self._forget(set(report.removed))
        return report

    def add_documents(
        self, documents: Iterable[Document], *, total: int = 0, on_progress: OnProgress | None = None
    ) -> IndexReport:
        """Add documents that are no files, such as the lines of a benchmark's corpus."""
        from qa import indexing

        with self._write() as library:
            encoder, token_encoder = self._both()
            return indexing.add_documents(
                library,
                documents,
                encoder=encoder,
                token_encoder=token_encoder,
                languages=Languages.load(),
                total=total,
                on_progress=on_progress,
            )

    def remove(self, source: str, *, purge: bool = False) -> Receipt:
        """Remove a document by its source or id; the receipt says what is gone.

        With ``purge`` the index files are written anew at once, so that no byte of the document is left on the disk;
        without, its dead entries leave them with time.

        Raises:
            DocumentNotFound: no document has this source or id.
        """
        from qa import indexing

        self._read()
        with self._write() as library:
            receipt = indexing.remove(library, source, purge=purge)
        self._forget({receipt.source})
        return receipt

    def _forget(self, sources: set[str]) -> None:
        """Take removed documents out of what is kept beside the library."""
        self._feedback.forget(sources)
        self._history.forget(sources)

    @property
    def model(self) -> str:
        """The name of the model that the passages of the library are encoded with."""
        self._read()
        return self._model or BUILTIN

    def documents(self) -> list[DocumentInfo]:
        """Return the list of documents, by source; read again only when something changed, by one asker."""
        library = self._read()
        with self._listing:
            head = library.head()  # before the list: one that is newer than its head is only read once more
            listed = self._listed
            if listed is None or listed[0] != head:
                listed = self._listed = head, tuple(library.documents())
        return list(listed[1])

    def document(self, source: str) -> Document:
        """Return a document with its text, by source or id."""
        return self._read().document(source)

    def find(self, source: str) -> DocumentInfo:
        """Return what is known of a document but its text, by source or id.

        Raises:
            DocumentNotFound: no document has this source or id.
        """
        return self._read().find(source)

    def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]:
        """Return the ``k`` best passages for a question in any language, best first; with ``scope``, of its documents.

        Raises:
            QuestionError: the question is empty or too long.
            ScopeError: no document is in the scope.
        """
        question = checked(question, longest=LONGEST_QUERY)
        return self._with_engine(lambda engine: engine.searcher.search(question, k=k, scope=scope))

    def ask(self, question: str, *, scope: Scope | None = None) -> Answer:
        """Answer a question by a verified quote, or say why not; with ``scope``, from its documents.

        Raises:
            QuestionError: the question is empty or too long.
            ScopeError: no document is in the scope.
        """
        return self._with_engine(
            lambda engine: engine.answerer.answer(question, k=self.config.k, scope=scope)
        )

    def chat(self, turns: Sequence[Turn] = ()) -> Conversation:
        """Begin a conversation, or go on after ``turns``: follow-ups are read with the turn before."""
        return Conversation(self, turns)

    def give_feedback(self, feedback: Feedback) -> Feedback:
        """Keep a verdict on an answer beside the library; return it as it is kept.

        A place that the library does not have (the document was removed or changed meanwhile) is left out.

        Raises:
            QuestionError: the question is empty or too long.
            FeedbackError: the verdict is malformed, or there is no room for more.
        """
        library = self._read()
        feedback = replace(feedback, question=checked(feedback.question))
        try:
            document = library.document(feedback.document_id)
        except DocumentNotFound:
            return self._feedback.add(feedback.without_place())
        span = feedback.span
        if document.id != feedback.document_id or span is None or span.end > len(document.text):
            return self._feedback.add(feedback.without_place())
        marks = tuple(mark for mark in feedback.highlights if len(mark) and span.contains(mark))
        return self._feedback.add(replace(feedback, source=document.source, highlights=marks))

    def feedback(self) -> list[Feedback]:
        """Return the verdicts that were given on answers of this library, the oldest first."""
        self._read()
        return self._feedback.read()

    def compact(self) -> Compaction:
        """Write every file anew: nothing that was removed is left in any of them.

        Takes up to twice the disk meanwhile. Backups and exports keep what they hold.
        """
        from qa import indexing, upkeep

        self._read()
        with self._write() as library:
            upkeep.sweep(library)
            return indexing.compact(library)

    def backup(self, folder: str | Path) -> Copy:
        """Write a copy into a new folder, checked; questions and writers go on meanwhile.

        The folder is a library itself: it can be opened, and ``restore`` takes it.
        """
        from qa import upkeep

        return upkeep.backup(self._read(), Path(folder))

    def restore(self, folder: str | Path, *, replace: bool = False) -> Copy:
        """Make the library what it was at a backup; without ``replace`` only if it is new or empty.

        Raises:
            LibraryCorrupt: the backup is damaged; nothing is changed.
        """
        from qa import upkeep

        with Library.open(Path(folder)) as source:
            fingerprints = source.fingerprint, source.token_fingerprint, source.dim
        there = is_library(self.path)
        if there and not replace and self._read().keys():
            raise QAError(
                f"'{self.path}' holds documents. To overwrite them, say so: --replace (replace=True)."
            )
        self.close()
        made = (None, None, None) if there else fingerprints
        with (
            self._writing,
            Library.open(
                self.path,
                fingerprint=made[0],
                token_fingerprint=made[1],
                dim=made[2],
                write=True,
                create=not there,
            ) as library,
            _staying(library),
        ):
            copy = upkeep.restore(library, Path(folder))
        self._model = self._encoders = None  # the backup's own from now on
        return copy

    def export(self, file: str | Path) -> Copy:
        """Write all documents with text, blocks and place into a file of JSON lines."""
        from qa import upkeep

        return upkeep.export(self._read(), Path(file))

    def import_documents(self, file: str | Path, *, on_progress: OnProgress | None = None) -> IndexReport:
        """Add the documents of an export; what is there already is skipped, what differs is replaced.

        Raises:
            QAError: the file is no export, damaged or cut short; nothing is imported.
        """
        from qa import upkeep

        with self._write() as library:
            encoder, token_encoder = self._both()
            return upkeep.import_(
                library, Path(file), encoder=encoder, token_encoder=token_encoder, on_progress=on_progress
            )

    def reencode(self, model: str, *, on_progress: OnProgress | None = None) -> int:
        """Split and encode all documents anew, by the same or another model, all or nothing; return the passages."""
        from qa import indexing

        self._read()
        self.close()
        encoder, token_encoder = load_encoder(model), load_token_encoder()
        with self._writing, Library.open(self.path, write=True) as library, _staying(library):
            count = indexing.reencode(
                library, encoder=encoder, token_encoder=token_encoder, on_progress=on_progress
            )
        with self._lock:
            self._model, self._encoders = model, (encoder, token_encoder)
        return count

    def mend(self) -> Mending:
        """Check the library, all of it, and mend what can be mended; say what was found, done and lost."""
        from qa import upkeep

        self._read()
        encoder, token_encoder = self._both()
        self.close()
        with self._writing:
            return upkeep.mend(
                self.path, encoder=encoder, token_encoder=token_encoder, languages=Languages.load()
            )

    def check(self) -> list[str]:
        """Return what is wrong with the library, in sentences; an empty list if nothing is."""
        library = self._read()
        return [*library.check(), *Views(library).check(), *self._feedback.check(), *self._history.check()]

    def close(self) -> None:
        """Let go of the files; closing twice is fine."""
        with self._lock:
            if self._engine:
                self._engine.views.close()
            if self._library:
                self._library.close()
            self._engine = self._library = self._listed = None

    def __enter__(self) -> QA:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _read(self) -> Library:
        """Return the library opened for reading; another one if that is in its place now."""
        with self._lock:
            if self._library and not self._library.is_there():
                self._let_go()
            if self._library is None:
                if not is_library(self.path):
                    if self._was_there:
                        raise gone(self.path)
                    raise LibraryNotFound(
                        f"No library at '{self.path}'. Build one: qa index FOLDER --index {self.path}"
                    )
                library = Library.open(self.path, small=self.config.small)
                recorded = model_of(library.fingerprint)
                if self._model and self._model != recorded:
                    library.check_encoder(load_encoder(self._model).fingerprint)
                self._model = self._model or recorded
                self._library, self._was_there = library, True
            return self._library

    @contextmanager
    def _write(self) -> Iterator[Library]:
        """Open the library for writing, creating it if need be; the lock is held until the block ends."""
        if self._was_there:
            self._read()  # one that is gone is not made anew: that would stand in its way when it is put back
        encoder, token_encoder = self._both()
        with (
            self._writing,  # two uploads to one page take turns instead of finding the library locked
            Library.open(
                self.path,
                fingerprint=encoder.fingerprint,
                token_fingerprint=token_encoder.fingerprint,
                dim=encoder.dim,
                write=True,
                create=True,
                small=self.config.small,
            ) as library,
            _staying(library),
        ):
            self._was_there = True
            yield library

    def _both(self) -> tuple[Encoder, TokenEncoder]:
        with self._lock:
            if self._encoders is None:
                self._encoders = load_encoder(self._model or BUILTIN), load_token_encoder()
            return self._encoders

    def _with_engine(self, work: Callable[[_Engine], T]) -> T:
        """Do what an engine does; open the library again if it was encoded anew, or became another one, meanwhile."""
        while True:
            engine = self._running()
            try:
                return work(engine)
            except (QAError, OSError) as error:
                with self._lock:
                    if isinstance(error, EncoderMismatch) and self._engine is engine:
                        self._let_go()
                    if self._running() is engine:
                        raise

    def _let_go(self) -> None:
        """Close a library that is no longer what was opened; its model may be another one, too."""
        self.close()
        if not self._asked_model:
            self._model = self._encoders = None

    def _running(self) -> _Engine:
        with self._lock:
            library = self._read()
            if self._engine is None:
                encoder, token_encoder = self._both()
                library.check_encoder(encoder.fingerprint, token_encoder.fingerprint, encoder.dim)
                use_one_thread()
                views = Views(library)
                searcher = Distinct(
                    Searcher(
                        library,
                        views,
                        encoder,
                        token_encoder,
                        candidates=self.config.candidates,
                        languages=Languages.load(),
                    )
                )
                answerer = Answerer(
                    searcher,
                    library,
                    token_encoder,
                    load_extractor(),
                    load_calibrator(),
                    max_error=self.config.max_error,
                )
                self._engine = _Engine(views, searcher, answerer)
            return self._engine


@contextmanager
def _staying(library: Library) -> Iterator[None]:
    """Raise ``LibraryGone`` if a library was taken away while it was written to: what was done came to nothing."""
    try:
        yield
    finally:
        if not library.is_there():
            raise gone(library.path)


def retrieve(
    question: str, k: int = 5, index: str | Path = "index", *, scope: Scope | None = None
) -> list[Hit]:
    """Return the ``k`` best passages of the library at ``index`` for a question in any language.

    With ``scope`` only its documents count.

    The library stays open between calls of one process.

    Raises:
        LibraryNotFound: there is no library at ``index``.
        LibraryGone: there was one when this was called before.
        QuestionError: the question is empty or too long.
    """
    path = Path(index).resolve()
    with _shared_lock:
        if path not in _shared:
            qa = QA.open(path)
            qa.documents()
            _shared[path] = qa
        qa = _shared[path]
    return qa.search(question, k=k, scope=scope)


_shared: dict[Path, QA] = {}
_shared_lock = threading.Lock()
