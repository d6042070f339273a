"""Keeps a library equal to files: read, split, encode, commit; what is unchanged is skipped.

Files are committed a batch at a time, each file whole, and a file that is in the library with the same
path and bytes is not read again: an interrupted run goes on where it was killed.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from qa import uploads
from qa.dense import DenseIndex
from qa.errors import ReadError
from qa.languages import Languages
from qa.library import Change, Library, Stored, Unread
from qa.readers import HOLDERS, Outcome, file_type, find_files
from qa.readers.processes import IN_LINE, PROCESSES, Readers, Reading, shared_readers
from qa.splitter import search_text, split_document
from qa.types import (
    Compaction,
    Document,
    DocumentInfo,
    Duplicate,
    Encoder,
    FileProblem,
    Floats,
    IndexedFile,
    IndexReport,
    LeftOut,
    Passage,
    Receipt,
    TokenEncoder,
    TokenIds,
)
from qa.views import Views

BATCH = 512  # passages that are encoded and committed together, if the last document does not bring more
AHEAD = PROCESSES * IN_LINE  # files that are read before they are stored
LANGUAGE_PASSAGES = 20  # passages that tell the language of a document
ENCODED = 4096  # passages that are encoded at once
NOTES = 64  # files without a document that are noted together
LEXICAL_BATCH = 20_000  # passages between two commits of the lexical view, each of which writes a segment
OnProgress = Callable[[int, int, str], None]


def add(
    library: Library,
    paths: Sequence[Path],
    *,
    encoder: Encoder,
    token_encoder: TokenEncoder,
    languages: Languages | None = None,
    readers: Readers | None = None,
    on_progress: OnProgress | None = None,
) -> IndexReport:
    """Add files and the readable files below folders; update those that changed, skip those that did not.

    A file that cannot be read is in ``report.failed``; an older version of it stays. Files of a kind that is not read
    are in ``report.left_out``. With ``languages``, ``report.files`` says the language of each document.
    ``on_progress(done, total, label)`` counts files.
    """
    with Views(library) as views, _Run(library, views, encoder, token_encoder, languages, readers) as run:
        for root in paths:
            run.index_files(root, on_progress)
        return run.finish()


def sync(
    library: Library,
    root: Path,
    *,
    encoder: Encoder,
    token_encoder: TokenEncoder,
    languages: Languages | None = None,
    readers: Readers | None = None,
    on_progress: OnProgress | None = None,
) -> IndexReport:
    """Make the library equal to the folder ``root``: as ``add``, and remove what is gone from the folder.

    Documents from elsewhere stay. A file that moved keeps its vectors.
    """
    with Views(library) as views, _Run(library, views, encoder, token_encoder, languages, readers) as run:
        run.index_files(root, on_progress)
        run.remove_gone(root)
        return run.finish()


def add_documents(
    library: Library,
    documents: Iterable[Document],
    *,
    encoder: Encoder,
    token_encoder: TokenEncoder,
    languages: Languages | None = None,
    total: int = 0,
    on_progress: OnProgress | None = None,
) -> IndexReport:
    """Add documents that are no files; one with a source that is there replaces it unless it is the same.

    ``on_progress(done, total, label)`` counts documents; ``total`` is passed through.
    """
    return add_stored(
        library,
        (Stored(document) for document in documents),
        encoder=encoder,
        token_encoder=token_encoder,
        languages=languages,
        total=total,
        on_progress=on_progress,
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What indexing would make of files: their documents with their passages, and what it would not take in."""

    documents: tuple[tuple[Document, tuple[Passage, ...]], ...]
    failed: tuple[FileProblem, ...]
    left_out: tuple[LeftOut, ...]


def preview(paths: Sequence[Path], *, readers: Readers | None = None) -> Preview:
    """Read and split files, and the readable files below folders, as ``add`` does; nothing is stored."""
    documents: list[tuple[Document, tuple[Passage, ...]]] = []
    failed: list[FileProblem] = []
    left_out: list[LeftOut] = []
    for root in paths:
        files = find_files(root)
        left_out += files.left_out
        for path in files.paths:
            source = path.relative_to(root).as_posix() if path != root else path.name
            for outcome in (readers or shared_readers()).read(path, source=source).result():
                shown = f"{path}/{outcome.member}".rstrip("/")
                if outcome.document:
                    documents.append((outcome.document, tuple(split_document(outcome.document))))
                elif outcome.left_out and (outcome.member or path != root):
                    left_out.append(LeftOut(shown, outcome.left_out))
                else:
                    failed.append(FileProblem(shown, outcome.problem))
    return Preview(tuple(documents), tuple(failed), tuple(left_out))


def add_stored(
    library: Library,
    stored: Iterable[Stored],
    *,
    encoder: Encoder,
    token_encoder: TokenEncoder,
    languages: Languages | None = None,
    total: int = 0,
    on_progress: OnProgress | None = None,
) -> IndexReport:
    """Add documents as another library kept them, with the place of their file and the date of their adding."""
    with Views(library) as views, _Run(library, views, encoder, token_encoder, languages) as run:
        for done, each in enumerate(stored):
            if on_progress:
                on_progress(done, total, each.document.source)
            run.put_stored(each)
        report = run.finish()
    if on_progress:
        on_progress(total, total, "")
    return report


def reencode(
    library: Library,
    *,
    encoder: Encoder,
    token_encoder: TokenEncoder,
    on_progress: OnProgress | None = None,
) -> int:
    """Split and encode all documents anew, with another model too, in one transaction; return their passages.

    Until it is committed, and where it is killed, the library is the old one. ``on_progress`` counts documents.
    """
    keys, count = library.keys(), 0
    with library.transaction() as change:
        change.encoded_by(encoder.fingerprint, token_encoder.fingerprint, encoder.dim)
        for done, key in enumerate(keys):
            stored = library.stored(key)  # the old state, which this transaction does not change for readers
            if on_progress:
                on_progress(done, len(keys), stored.document.source)
            passages = split_document(stored.document)
            texts = [search_text(passage) for passage in passages]
            tokens = token_encoder.token_ids(texts)
            vectors = encoder.encode_passages(texts) if texts else np.zeros((0, encoder.dim), np.float32)
            change.remove(stored.document.id)
            change.add(stored.document, stored.path, passages, vectors, tokens, added=stored.added)
            count += len(passages)
        DenseIndex.discard(library.path)  # of another dimension it would pass for damaged
    with Views(library) as views:
        views.rewrite()
    if on_progress:
        on_progress(len(keys), len(keys), "")
    return count


def compact(library: Library) -> Compaction:
    """Write every file of the library anew: what was removed is in none of them, and they are as small as can be."""
    before = _size(library.path)
    with Views(library) as views:
        views.rewrite()
    library.vacuum()
    return Compaction(before, _size(library.path))


def remove(library: Library, source: str, *, purge: bool = False) -> Receipt:
    """Remove a document by its source or id, and return the counted proof that nothing of it is found.

    Its text, vectors and tokens are overwritten at once. Its words in the postings and its vectors in
    the dense snapshot are dead, and leave the disk when a tenth of them is, or at once with ``purge``,
    which costs the library and not the document. A file that was uploaded goes with the last document read from it;
    other files are not the library's, and stay.
    """
    info = library.find(source)
    ids = library.passage_ids(info.id)
    with Views(library) as views:
        before = views.lexical.holds(ids)
        uploads.note(library, [info.path])
        with library.transaction() as change:
            receipt = change.remove(info.id)
        views.catch_up_lexical()
        views.save(force=purge)
        receipt = replace(receipt, postings=before - views.lexical.holds(ids))
    uploads.drop(library, info.path)
    return receipt


@runtime_checkable
class TokenMean(Protocol):
    """An encoder whose vectors are means of token vectors: a text is then tokenised only once."""

    def encode_ids(self, rows: Sequence[TokenIds]) -> Floats: ...


@dataclass(frozen=True, slots=True)
class _Pending:
    """A document that waits for its batch, and the id of the version it takes the place of."""

    document: Document
    path: str
    passages: list[Passage]
    replaces: str | None
    added: str = ""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Documents that are being tokenised, and the texts of all their passages."""

    documents: list[_Pending]
    texts: list[str]
    tokens: Future[list[TokenIds]]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file that is being read, or what became of it; ``old`` has its documents of before, by member.

    ``unread`` has what gave this reader no document, by member: unchanged, it gives none again. ``alone`` if the file
    was named by itself: then it is a failure if it is of a kind that folders leave out.
    """

    shown: str
    path: str
    outcomes: list[Outcome] | Reading
    old: Mapping[str, DocumentInfo] = field(default_factory=dict)
    unread: Mapping[str, Unread] = field(default_factory=dict)
    alone: bool = False


class _Run:
    """One run of indexing: what is in the library, what waits, and what was done.

    A batch is tokenised in a thread of its own, which leaves Python free, while the next one is read and
    split and the one before is written.
    """

    def __init__(
        self,
        library: Library,
        views: Views,
        encoder: Encoder,
        token_encoder: TokenEncoder,
        languages: Languages | None,
        readers: Readers | None = None,
    ) -> None:
        self._library = library
        self._views = views
        self._encoder = encoder
        self._token_encoder = token_encoder
        self._languages = languages
        self._readers = readers or shared_readers()
        self._known = _Known(library)
        self._noted: set[str] = set()  # paths of which something else is to be remembered than before
        self._pending: dict[str, _Pending] = {}  # by source
        self._waiting_passages = 0
        self._tokenising: _Batch | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qa-tokenise")
        self._not_in_lexical = 0
        self._started = time.perf_counter()
        self._passages = 0
        self._added: list[str] = []
        self._updated: list[str] = []
        self._unchanged: list[str] = []
        self._removed: list[str] = []
        self._failed: list[FileProblem] = []
        self._warnings: list[FileProblem] = []
        self._left_out: list[LeftOut] = []
        self._files: list[IndexedFile] = []
        self._duplicates: list[Duplicate] = []

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def index_files(self, root: Path, on_progress: OnProgress | None) -> None:
        """Add or update the file ``root``, or the readable files below it."""
        if not root.exists():
            raise ReadError(root, "there is no such file or folder.")
        files = find_files(root)
        self._left_out += files.left_out
        begun: deque[_Reading] = deque()  # files that are read while those before them are stored
        left, folder = iter(files.paths), root.resolve()
        for done, path in enumerate(files.paths):
            if (
                2 * len(begun) <= AHEAD
            ):  # many at a time: every message may wake a process, and put this one to sleep
                begun.extend(self._begin(each, root, folder) for each in islice(left, AHEAD - len(begun)))
            if on_progress:
                on_progress(done, len(files.paths), path.name)
            self._end(begun.popleft())
        self._commit()
        self._known.nothing_is_read()
        if on_progress:
            on_progress(len(files.paths), len(files.paths), "")

    def put_stored(self, stored: Stored) -> None:
        """As ``put``, unless the very same document is there."""
        document = stored.document
        old = self._known.by_source(document.source)
        if old and (old.id, old.sha256, old.path) == (document.id, document.sha256, stored.path):
            self._unchanged.append(document.source)
        else:
            self.put(document, stored.path, added=stored.added)

    def put(self, document: Document, path: str, old: DocumentInfo | None = None, *, added: str = "") -> None:
        """Split a document and let it wait for its batch; it takes the place of ``old``."""
        if document.source in self._pending:
            self._tokenise_pending()
        old = old or self._known.by_source(document.source)
        if not path and old and old.id == document.id:
            self._unchanged.append(document.source)
            return
        passages = split_document(document)
        self._pending[document.source] = _Pending(document, path, passages, old.id if old else None, added)
        self._waiting_passages += len(passages)
        self._known.wait(old, _info(document, path, len(passages)))
        (self._updated if old else self._added).append(document.source)
        self._warnings += [FileProblem(document.source, warning) for warning in document.warnings]
        if self._waiting_passages >= BATCH:
            self._tokenise_pending()

    def remove_gone(self, root: Path) -> None:
        """Remove the documents from below ``root`` whose file is no longer there."""
        folder = str(root.resolve())
        file = self._library.read_from(folder)
        below = [*([file] if file else []), *self._library.read_below(folder)]
        self._remove([info for info in below if not _is_there(info.path)])
        for path in list(self._unread):
            if Path(path).is_relative_to(folder) and not os.path.lexists(path):
                self._note(path, {})

    def _remove(self, gone: Sequence[DocumentInfo]) -> None:
        for info in gone:
            with self._library.transaction() as change:
                change.remove(info.id)
            self._removed.append(info.source)

    def finish(self) -> IndexReport:
        """Commit what waits, bring the views up to date, and tell what was done."""
        self._commit()
        self._views.save()
        return IndexReport(
            added=tuple(self._added),
            updated=tuple(self._updated),
            unchanged=tuple(self._unchanged),
            removed=tuple(self._removed),
            failed=tuple(self._failed),
            warnings=tuple(self._warnings),
            left_out=tuple(self._left_out),
            files=tuple(self._files),
            passages=self._passages,
            seconds=time.perf_counter() - self._started,
            duplicates=tuple(self._duplicates),
        )

    def _begin(self, path: Path, root: Path, folder: Path) -> _Reading:
        """Begin to read a file unless it is unchanged, or none that can be read."""
        absolute = folder / path.relative_to(root)
        shown = str(path).encode("utf-8", "replace").decode()
        if shown != str(path):  # bytes that no text and no database can hold
            return _Reading(shown, "", [Outcome(problem="has a name that is not UTF-8; rename it.")])
        if file_type(path) not in (0, stat.S_IFREG, stat.S_IFDIR):  # to open a pipe is to wait for ever
            return _Reading(shown, "", [Outcome(problem="is no regular file.")])
        try:
            sha256 = uploads.sha256_of(path)
        except OSError as error:
            return _Reading(shown, "", [Outcome(problem=f"cannot be read: {error.strerror}.")])
        old = self._known.read_from(str(absolute))
        inside = self._known.inside(str(absolute))
        notes = self._unread.get(str(absolute), {})
        unread = {member: each for member, each in notes.items() if each.reader == self._reader}
        of_old = {**inside, "": old} if old else inside
        alone = path == root
        if "" in unread and unread[""].sha256 == sha256 and not alone:
            return _Reading(shown, str(absolute), [Outcome()], of_old, unread)
        if old and old.sha256 == sha256 and len(unread) == len(notes):
            # what a mail holds is stored before the mail itself
            outcomes = [Outcome(), *map(Outcome, {**inside, **unread})]
            return _Reading(shown, str(absolute), outcomes, of_old, unread)
        old = old or self._known.take_moved(sha256)
        source = self._known.free_source(absolute, folder, old)
        known = {member: each.sha256 for member, each in (inside | ({} if alone else unread)).items()}
        reading = self._readers.read(path, source=source, known=known)
        return _Reading(shown, str(absolute), reading, {**inside, "": old} if old else inside, unread, alone)

    def _end(self, reading: _Reading) -> None:
        """Note what became of a file, let its documents wait for their batch, and remove what it no longer holds."""
        outcomes = reading.outcomes if isinstance(reading.outcomes, list) else reading.outcomes.result()
        for outcome in outcomes:
            self._take(outcome, reading)
        found = {outcome.member for outcome in outcomes}
        gone = [info for member, info in reading.old.items() if member and member not in found]
        if gone and not any(outcome.problem for outcome in outcomes if not outcome.member):
            self._commit()  # an older version of what is gone may be waiting
            self._remove(gone)
        if not isinstance(reading.outcomes, list):
            self._note(reading.path, dict(self._without_document(outcomes, reading)))

    def _without_document(
        self, outcomes: Sequence[Outcome], reading: _Reading
    ) -> Iterator[tuple[str, Unread]]:
        """Yield what to remember of a file: the members that gave no document, and would give none again."""
        for outcome in outcomes:
            if outcome.sha256:
                yield (
                    outcome.member,
                    Unread(outcome.sha256, outcome.left_out, outcome.problem, self._reader),
                )
            elif outcome.unchanged and outcome.member in reading.unread:
                yield outcome.member, reading.unread[outcome.member]

    def _note(self, path: str, unread: Mapping[str, Unread]) -> None:
        """Remember what of a file gave no document, in place of what was remembered."""
        if unread == self._unread.get(path, {}):
            return
        self._unread[path] = dict(unread)
        self._noted.add(path)
        if len(self._noted) >= NOTES:
            self._store_notes()

    def _store_notes(self) -> None:
        if self._noted:
            with self._library.transaction() as change:
                for path in sorted(self._noted):
                    change.note_unread(path, self._unread[path])
            self._noted.clear()

    @cached_property
    def _unread(self) -> dict[str, dict[str, Unread]]:
        """What is remembered of files that gave no document: asked for where files are read only."""
        return self._library.unread()

    @cached_property
    def _reader(self) -> str:
        return self._readers.described()

    def _take(self, outcome: Outcome, reading: _Reading) -> None:
        """Note what became of a file or of a member of it."""
        if outcome.unchanged and outcome.member in reading.unread:
            before = reading.unread[outcome.member]
            outcome = replace(outcome, problem=before.problem, left_out=before.kind)
        shown = f"{reading.shown}/{outcome.member}".rstrip("/")
        path = f"{reading.path}/{outcome.member}".rstrip("/")
        old = reading.old.get(outcome.member)
        if outcome.document:
            if old is None or not self._move(old, outcome.document, path):
                self.put(outcome.document, path, old)
        elif outcome.left_out and not (reading.alone and not outcome.member):
            self._left_out.append(LeftOut(shown, outcome.left_out))
        elif outcome.problem:
            self._failed.append(FileProblem(shown, outcome.problem))
        elif old:
            self._unchanged.append(old.source)

    def _move(self, old: DocumentInfo, document: Document, path: str) -> bool:
        """Give a stored document its new place if nothing else of it is new; return whether that was so."""
        if old.sha256 != document.sha256:
            return False
        self._commit()  # the old version may be waiting
        stored = self._library.document(old.id)
        if (stored.text, stored.title, stored.blocks) != (document.text, document.title, document.blocks):
            return False
        with self._library.transaction() as change:
            change.move(old.id, document, path)
        self._updated.append(document.source)
        return True

    def _commit(self) -> None:
        """Commit everything that waits."""
        self._tokenise_pending()
        self._store_tokenised()
        self._store_notes()

    def _tokenise_pending(self) -> None:
        """Begin to tokenise what waits, and meanwhile commit the batch before it."""
        batch = self._next_batch() if self._pending else None
        self._store_tokenised()
        self._tokenising = batch

    def _next_batch(self) -> _Batch:
        documents = list(self._pending.values())
        self._pending.clear()
        self._waiting_passages = 0
        texts = [search_text(passage) for waiting in documents for passage in waiting.passages]
        return _Batch(documents, texts, self._thread.submit(self._token_encoder.token_ids, texts))

    def _store_tokenised(self) -> None:
        """Encode the batch that was being tokenised, if any, and commit it in one transaction."""
        batch, self._tokenising = self._tokenising, None
        if batch is None:
            return
        vectors, tokens = self._vectors(batch), batch.tokens.result()
        with self._library.transaction() as change:
            start = 0
            for waiting in self._told(batch, tokens):
                end = start + len(waiting.passages)
                self._files.append(_indexed(waiting))
                _store(change, waiting, vectors[start:end], tokens[start:end])
                if like := change.like(waiting.document):
                    self._duplicates.append(Duplicate(waiting.document.source, *like))
                start = end
        for waiting in batch.documents:
            self._known.stored(waiting.document, waiting.replaces)
        self._passages += len(vectors)
        self._not_in_lexical += len(vectors)
        if self._not_in_lexical >= LEXICAL_BATCH:
            self._views.catch_up_lexical()
            self._not_in_lexical = 0

    def _told(self, batch: _Batch, tokens: Sequence[TokenIds]) -> Iterator[_Pending]:
        """Yield the documents of a batch with their languages, by the tokens of their first passages."""
        if self._languages is None:
            yield from batch.documents
            return
        counts = [len(waiting.passages) for waiting in batch.documents]
        starts = np.cumsum([0, *counts]).tolist()
        firsts = [
            tokens[start : start + min(count, LANGUAGE_PASSAGES)]
            for start, count in zip(starts, counts, strict=False)
        ]
        chances = self._languages.of([ids for first in firsts for ids in first])
        at = 0
        for waiting, first in zip(batch.documents, firsts, strict=True):
            own, at = chances[at : at + len(first)], at + len(first)
            language = self._languages.likeliest_of(own) or waiting.document.language
            yield replace(waiting, document=replace(waiting.document, language=language))

    def _vectors(self, batch: _Batch) -> Floats:
        """Return the vectors (n, dim) of a batch's passages."""
        if not batch.texts:  # documents without words
            return np.zeros((0, self._encoder.dim), np.float32)
        encoder: object = self._encoder
        if encoder is self._token_encoder and isinstance(encoder, TokenMean):
            rows = batch.tokens.result()
            return _in_parts(lambda part: encoder.encode_ids(rows[part]), len(rows), self._encoder.dim)
        texts = batch.texts
        return _in_parts(
            lambda part: self._encoder.encode_passages(texts[part]), len(texts), self._encoder.dim
        )


class _Known:
    """The documents of the library, and those that wait for their batch, by source, path, bytes and the file that holds
    them. The library is asked for each: a document costs the same however many there are."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._waiting: dict[str, DocumentInfo] = {}  # by source
        self._replaced: set[str] = set()  # ids of which another version waits
        self._moved: set[str] = set()  # ids that were recognised at another place
        self._given: dict[str, str] = {}  # paths of files that are being read by the source they will have

    def wait(self, old: DocumentInfo | None, new: DocumentInfo) -> None:
        """Note a document that waits to take the place of ``old``."""
        if old:
            self._replaced.add(old.id)
        self._waiting[new.source] = new

    def stored(self, document: Document, replaces: str | None) -> None:
        """Note that the library holds a document that waited, and no longer the one that it took the place of."""
        if replaces:
            self._replaced.discard(replaces)
        if self._waiting[document.source].id == document.id:
            del self._waiting[document.source]

    def by_source(self, source: str) -> DocumentInfo | None:
        return self._waiting.get(source) or self._left(self._library.by_source(source))

    def read_from(self, path: str) -> DocumentInfo | None:
        """Return the document that was read from a file."""
        return self._left(self._library.read_from(path))

    def inside(self, path: str) -> dict[str, DocumentInfo]:
        """Return the documents that were read from inside a file, by their path in there."""
        if not path.lower().endswith(HOLDERS):
            return {}
        below = filter(self._left, self._library.read_below(path))
        return {info.path.removeprefix(f"{path}/"): info for info in below}

    def take_moved(self, sha256: str) -> DocumentInfo | None:
        """Return a document of the same bytes whose file is no longer where it was, once."""
        same = (info for info in self._library.with_bytes(sha256) if info.id not in self._moved)
        moved = next((info for info in same if self._left(info) and not _is_there(info.path)), None)
        if moved:
            self._moved.add(moved.id)
        return moved

    def free_source(self, absolute: Path, folder: Path, old: DocumentInfo | None) -> str:
        """Return the path below ``folder``, with as many folders above it as make it unique."""
        path, shortest = str(absolute), max(1, len(absolute.parts) - len(folder.parts))
        for count in range(shortest, len(absolute.parts)):
            source = "/".join(absolute.parts[-count:])
            if self._given.get(source, path) != path:
                continue
            holder, archive = self.by_source(source), self._archive(source)
            if (holder is None or (old and holder.id == old.id)) and (
                archive in ("", path) or not _is_there(archive)
            ):
                self._given[source] = path
                return source
        return absolute.as_posix()

    def nothing_is_read(self) -> None:
        """Forget the sources that were given: the library tells them now."""
        self._given.clear()

    def _archive(self, source: str) -> str:
        """Return the path of the file that holds the documents below a source, empty if there is none."""
        for below, path in self._library.paths_below(source):
            for holder, member in _holders(path):
                if below == f"{source}/{member}":
                    return holder
        return ""

    def _left(self, info: DocumentInfo | None) -> DocumentInfo | None:
        """Return a document of the library unless another version of it waits."""
        return None if info is None or info.id in self._replaced else info


def _holders(path: str) -> Iterator[tuple[str, str]]:
    """Yield the files that may hold a document, by the path of it, and its path in each."""
    for found in _HOLDER.finditer(path):
        yield path[: found.start()], path[found.end() :]


_HOLDER = re.compile(f"(?<={'|'.join(map(re.escape, HOLDERS))})/", re.IGNORECASE)


def _is_there(path: str) -> bool:
    """Tell whether a document's file, or the archive that it was read from, is where it was.

    One in a folder that cannot be looked into is not gone.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return any(Path(holder).is_file() for holder, _ in _holders(path))
    except OSError:
        return True
    return True


def _in_parts(encode: Callable[[slice], Floats], count: int, dim: int) -> Floats:
    """Return vectors (count, dim), ``ENCODED`` at a time: a long document costs its vectors and no more."""
    vectors = np.empty((count, dim), np.float32)
    for start in range(0, count, ENCODED):
        part = slice(start, start + ENCODED)
        vectors[part] = encode(part)
    return vectors


def _store(change: Change, waiting: _Pending, vectors: Floats, tokens: Sequence[TokenIds]) -> None:
    if waiting.replaces:
        change.remove(waiting.replaces)
    change.add(waiting.document, waiting.path, waiting.passages, vectors, tokens, added=waiting.added)


def _indexed(waiting: _Pending) -> IndexedFile:
    document, passages = waiting.document, len(waiting.passages)
    return IndexedFile(document.source, passages, document.pages, document.language, document.warnings)


def _info(document: Document, path: str, passages: int) -> DocumentInfo:
    return DocumentInfo(
        id=document.id,
        source=document.source,
        title=document.title,
        path=path,
        media_type=document.media_type,
        pages=document.pages,
        passages=passages,
        characters=len(document.text),
        sha256=document.sha256,
        added="",
    )


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
