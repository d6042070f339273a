"""SQLite: documents, passages, vectors, tokens and the change log. The only truth; all else is a view of it.

Every write goes through one door, ``with library.transaction() as change``, and is one SQLite transaction
that also writes the change log: a crash at any instant leaves the state before or after. One process
writes at a time (the file ``LOCK``, held by ``flock``, so the kernel frees it when the writer is killed);
any number of threads and processes read meanwhile, and see each commit at their next call.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import secrets
import socket
import sqlite3
import stat
import threading
import time
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import (
    DocumentNotFound,
    EncoderMismatch,
    LibraryCorrupt,
    LibraryGone,
    LibraryLocked,
    LibraryNotFound,
    QAError,
    refused,
)
from qa.sketches import bands, resemblance
from qa.tables import tables_made_by, tables_of
from qa.types import (
    Document,
    DocumentInfo,
    Floats,
    Ints,
    Passage,
    Receipt,
    Span,
    TokenIds,
    blocks_from_json,
    blocks_to_json,
)

FILE = "library.sqlite"
LOCK = "LOCK"
UPLOADS = "uploads"
"""The folder, in that of the library, of files that were given to it: they go with their documents.

The database names them by their place in the library, not on the machine: one that is moved has them still."""
APPLICATION_ID = 0x71614C62  # "qaLb": tells a library from any other SQLite file
FORMAT = 5
"""``user_version``. Format 1 had no FACTS, 2 no sketches, 3 neither READING, unread files nor PLACES, 4 uploads by
their place on the machine: all can be read, and the first writer upgrades them."""
ALIKE = 0.8  # resemblance from which a document passes for a copy: of its words about one in 25 may differ
COMPARED = 3  # documents that a new one is compared with, letter by letter
PART = 4096  # code points of a stored piece of text: reading a quote costs the quote, not the document
TRIES = 3  # a library that cannot be opened, but is there, may have been away at that moment
LOCK_WAIT = 2.0  # seconds; a reader that mends a view may hold the lock for a moment

FACTS = ("author", "date", "language")
ADDED = [f"{name} TEXT NOT NULL DEFAULT ''" for name in FACTS]  # columns of documents since format 2
READING = "reading REAL"  # column of passages since format 4

SCHEMA = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY, value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, source TEXT NOT NULL UNIQUE, path TEXT NOT NULL, title TEXT NOT NULL,
    media_type TEXT NOT NULL, pages INTEGER, passages INTEGER NOT NULL, characters INTEGER NOT NULL,
    sha256 TEXT NOT NULL, text_sha256 TEXT NOT NULL, added TEXT NOT NULL,
    blocks TEXT NOT NULL, warnings TEXT NOT NULL{added}
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
    sentences BLOB NOT NULL, crc INTEGER NOT NULL, tokens BLOB NOT NULL, vector BLOB NOT NULL{reading}
) STRICT;
CREATE INDEX passages_document ON passages (document);
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'remove', 'move')),
    first INTEGER NOT NULL, last INTEGER NOT NULL, stamp INTEGER NOT NULL
) STRICT;
"""

SKETCHES = """
CREATE TABLE sketches (
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    band INTEGER NOT NULL,
    PRIMARY KEY (document, band)
) STRICT, WITHOUT ROWID;
CREATE INDEX sketches_band ON sketches (band);
"""

UNREAD = """
CREATE TABLE unread (
    path TEXT NOT NULL, member TEXT NOT NULL,
    sha256 TEXT NOT NULL, kind TEXT NOT NULL, problem TEXT NOT NULL, reader TEXT NOT NULL,
    PRIMARY KEY (path, member)
) STRICT, WITHOUT ROWID;
"""

PLACES = """
CREATE INDEX documents_path ON documents (path);
CREATE INDEX documents_sha256 ON documents (sha256);
"""

CACHE, SMALL_CACHE = 32_000, 2_000
"""Kilobytes of the database that a connection keeps in memory."""
READER_PRAGMAS = ("trusted_schema = OFF", "cell_size_check = ON")
WRITER_PRAGMAS = (
    *READER_PRAGMAS,
    "journal_mode = WAL",
    "synchronous = FULL",  # a commit is on the disk when reported: a view never knows more than the library
    "secure_delete = ON",
    "foreign_keys = ON",
    "wal_autocheckpoint = 4000",
)
# What the machine denies, not what is wrong with the file
OUTSIDE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
INFO = "id, source, title, path, media_type, pages, passages, characters, sha256, added"


class Library:
    """The documents of one folder ``path``; open it with ``Library.open``."""

    def __init__(
        self,
        path: Path,
        file: FileId | None,
        connection: sqlite3.Connection,
        lock: WriterLock | None,
        *,
        small: bool = False,
    ) -> None:
        self.path = path
        self._file = file
        self.places = Places(path)
        self.small = small
        self._writer = connection if lock else None
        self._lock = lock
        self._idle: list[sqlite3.Connection] = [] if lock else [connection]
        self._pool = threading.Lock()
        self._writing = threading.Lock()
        self._closed = False
        self._read_meta()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        fingerprint: str | None = None,
        token_fingerprint: str | None = None,
        dim: int | None = None,
        write: bool = False,
        create: bool = False,
        wait: float = LOCK_WAIT,
        small: bool = False,
    ) -> Library:
        """Open the library in the folder ``path``; with ``write`` hold its lock until ``close``.

        A fingerprint that is given must be the library's own (``EncoderMismatch``); a new library
        takes the three that are given. ``wait`` is how many seconds to wait for the lock. A ``small`` one, and its
        views, hold as little in memory as can be.
        """
        file = path / FILE
        create = create and write
        there = file_of(path)  # now: one that takes its place while it is opened is not taken for it
        if not create and not there:
            raise LibraryNotFound(f"No library at '{path}'. Build one: qa index FOLDER --index '{path}'")
        try:
            if create:
                path.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(path / LOCK, wait) if write else None
        except OSError as error:
            raise QAError(
                f"'{path}' cannot be written to: {error.strerror}. Choose another folder."
            ) from error
        connection: sqlite3.Connection | None = None
        try:
            connection = _connect(file, write=write, small=small)
            if create and _is_blank(connection):
                _create(connection, fingerprint, token_fingerprint, dim)
            _check_format(connection, file)
            if write:
                _upgrade(connection, path)
            library = cls(path, there or file_of(path), connection, lock, small=small)
            library.check_encoder(fingerprint, token_fingerprint, dim)
        except BaseException as error:
            if connection:
                connection.close()
            if lock:
                lock.release()
            if there and not is_library(path):
                raise gone(path) from error
            if isinstance(error, sqlite3.DatabaseError):
                raise _explained(file, error) from error
            raise
        return library

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections and free the lock, one that is being read when it is read; closing twice is allowed."""
        with self._writing, self._pool:
            if self._closed:
                return
            self._closed = True
            try:
                if self._writer:
                    # A full disk loses nothing: what is committed stands in the write-ahead log
                    with suppress(sqlite3.DatabaseError):
                        _checkpoint(self._writer)
                for connection in self._idle:  # not those in use: SQLite would read memory that it has freed
                    connection.close()
                if self._writer:
                    self._writer.close()  # last: it can delete the empty log
            finally:
                if self._lock:
                    self._lock.release()

    def is_there(self) -> bool:
        """Tell whether the file at the library's place is still the one that was opened: others can take it away."""
        return file_of(self.path) == self._file

    @property
    def writable(self) -> bool:
        return self._lock is not None

    def _read_meta(self) -> None:
        self.fingerprint, self.token_fingerprint, self.dim = self._meta()
        version = self._rows("PRAGMA user_version")[0][0]
        self._facts = ", ".join(FACTS if version > 1 else ["''"] * len(FACTS))
        self._reading = "reading" if version > 3 else "NULL"

    def _meta(self) -> tuple[str, str, int]:
        meta = dict(self._rows("SELECT key, value FROM meta"))
        with _proven(f"'{self.path / FILE}'"):
            return meta["fingerprint"], meta["token_fingerprint"], int(meta["dim"])

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[Change]:
        """Collect changes; commit them all when the block ends, none if it raises."""
        writer = self._writing_connection()
        with self._writing:
            self._check_open()
            with _translated(self.path / FILE):
                writer.execute("BEGIN IMMEDIATE")
                try:
                    yield Change(writer, self.dim, self.places)
                    writer.execute("COMMIT")
                except BaseException:
                    if writer.in_transaction:
                        writer.execute("ROLLBACK")
                    raise
        self._read_meta()

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the database and empty it; what was removed is then off the disk.

        Returns False if a reader in the middle of a statement held it up; the next one catches up.
        """
        if self._writer is None:
            return False
        with self._writing, _translated(self.path / FILE):
            return _checkpoint(self._writer)

    def vacuum(self) -> None:
        """Write the database anew, as small as it can be; needs as much free disk as it is large.

        Raises:
            QAError: a reader held on to the old state for half a minute.
        """
        writer = self._writing_connection()
        with self._writing, _translated(self.path / FILE):
            self._check_open()
            writer.execute("VACUUM")
            if not _checkpoint(writer):
                raise QAError(
                    f"'{self.path / FILE}' is compacted, but a reader at work holds on to what was before it. "
                    "Run it again when the reader is done."
                )

    def copy_to(self, file: Path) -> None:
        """Write the present state into a new database file; readers and the writer go on meanwhile."""
        with self._reader() as connection:
            connection.execute("VACUUM INTO ?", (str(file.resolve()),))

    def become(self, other: Library) -> None:
        """Take over all that another library holds, in one transaction; what was here is overwritten."""
        writer = self._writing_connection()
        with self._writing, other._reader() as source, _translated(self.path / FILE):
            self._check_open()
            source.backup(writer)
            _upgrade(writer, other.path)
        self._read_meta()

    def _writing_connection(self) -> sqlite3.Connection:
        if self._writer is None:
            raise QAError(f"The library '{self.path}' is open for reading. Open it with write=True.")
        return self._writer

    # Reading

    def documents(self) -> list[DocumentInfo]:
        """Return all documents by source."""
        return self._infos("TRUE", ())

    def by_source(self, source: str) -> DocumentInfo | None:
        """Return the document with this source, None if there is none."""
        return next(iter(self._infos("source = ?", (source,))), None)

    def read_from(self, path: str) -> DocumentInfo | None:
        """Return the document that was read from the file ``path``, None if there is none."""
        return next(reversed(self._infos("path = ?", (self.places.kept(path),))), None)

    def read_below(self, path: str) -> list[DocumentInfo]:
        """Return the documents that were read from below a folder, or from inside a file, by source."""
        found = self._infos("path > ? AND path < ?", _below(self.places.kept(path)))
        if self.places.lie_below(path):
            found += self._infos("path > ? AND path < ?", _below(UPLOADS))
        return sorted(found, key=lambda info: info.source)

    def with_bytes(self, sha256: str) -> list[DocumentInfo]:
        """Return the documents whose file had these bytes, by source."""
        return self._infos("sha256 = ? AND path != ''", (sha256,))

    def paths_below(self, source: str) -> list[tuple[str, str]]:
        """Return source and path of the documents whose source lies below ``source``, by source."""
        sql = "SELECT source, path FROM documents WHERE source > ? AND source < ? ORDER BY source"
        return [(below, self.places.found(path)) for below, path in self._rows(sql, _below(source))]

    def _infos(self, where: str, parameters: Sequence[object]) -> list[DocumentInfo]:
        sql = f"SELECT {INFO}, {self._facts} FROM documents WHERE {where} ORDER BY source"
        return [self._info(row) for row in self._rows(sql, parameters)]

    def _info(self, row: Sequence[Any]) -> DocumentInfo:
        info = DocumentInfo(*row)
        return replace(info, path=self.places.found(info.path))

    def find(self, source_or_id: str) -> DocumentInfo:
        """Return the document with this source, or else with this id."""
        sql = (
            f"SELECT {INFO}, {self._facts} FROM documents WHERE source = ?1 OR id = ?1 ORDER BY source != ?1"
        )
        rows = self._rows(sql, (source_or_id,))
        if not rows:
            raise DocumentNotFound(
                f"No document '{source_or_id}' in '{self.path}'. See what is there: qa list"
            )
        return self._info(rows[0])

    def document(self, source_or_id: str) -> Document:
        """Return a document with its whole text, proven identical to what was stored."""
        document_id = self.find(source_or_id).id
        with self._snapshot() as connection:
            key = connection.execute("SELECT key FROM documents WHERE id = ?", (document_id,)).fetchone()
            if key is None:
                raise DocumentNotFound(f"The document '{source_or_id}' was removed a moment ago.")
            return self._stored(connection, key[0]).document

    def keys(self) -> list[int]:
        """Return the keys of the documents, by source, as ``stored`` takes them."""
        return [key for (key,) in self._rows("SELECT key FROM documents ORDER BY source")]

    def stored(self, key: int) -> Stored:
        """Return all that is kept of a document but what is made from its text, proven identical."""
        with self._snapshot() as connection:
            return self._stored(connection, key)

    def highest_key(self) -> int:
        """Return the highest key that a document may have."""
        rows = self._rows("SELECT seq FROM sqlite_sequence WHERE name = 'documents'")
        return int(rows[0][0]) if rows else 0

    def place(self, key: int) -> tuple[str, str, str, str]:
        """Return source, path, sha256 and date of a document of a damaged library, as far as they can be read."""
        try:
            rows = self._rows("SELECT source, path, sha256, added FROM documents WHERE key = ?", (key,))
            source, path, sha256, added = map(str, rows[0])
        except (LibraryCorrupt, IndexError):
            return f"document number {key}", "", "", ""
        return source, self.places.found(path), sha256, added

    def all_stored(self) -> Iterator[Stored]:
        """Yield every document, by source, all from one state of the library."""
        with self._snapshot() as connection:
            rows = connection.execute("SELECT key FROM documents ORDER BY source").fetchall()
            for (key,) in rows:
                yield self._stored(connection, key)

    def _stored(self, connection: sqlite3.Connection, key: int) -> Stored:
        sql = f"""SELECT id, source, title, sha256, media_type, pages, blocks, warnings, text_sha256, path, added,
                  {self._facts} FROM documents WHERE key = ?"""
        parts = "SELECT text FROM texts WHERE document = ? ORDER BY part"
        row = connection.execute(sql, (key,)).fetchone()
        if row is None:
            raise DocumentNotFound(f"The library '{self.path}' holds no document number {key}.")
        texts = connection.execute(parts, (key,)).fetchall()
        (
            document_id,
            source,
            title,
            sha256,
            media_type,
            pages,
            blocks,
            warnings,
            text_sha256,
            path,
            added,
            *facts,
        ) = row
        with _proven(f"What '{self.path}' stores of '{source}'"):
            text = "".join(part for (part,) in texts)
            if _sha256(text) != text_sha256:
                raise LibraryCorrupt(
                    f"The stored text of '{source}' is damaged. Mend it (qa doctor --mend), or remove it and "
                    "add it again."
                )
            document = Document(
                id=document_id,
                source=source,
                title=title,
                text=text,
                blocks=blocks_from_json(blocks),
                sha256=sha256,
                media_type=media_type,
                pages=pages,
                warnings=tuple(json.loads(warnings)),
                **dict(zip(FACTS, facts, strict=True)),
            )
            return Stored(document, self.places.found(path), added)

    def slice(self, document_id: str, span: Span) -> str:
        """Return the stored text of a document at ``span``, read anew; empty if the document is gone."""
        with self._snapshot() as connection:
            row = connection.execute("SELECT key FROM documents WHERE id = ?", (document_id,)).fetchone()
            if row is None or not len(span):
                return ""
            parts = self._parts(connection, [(0, row[0], 0, span.start, span.end)])
        return _cut(parts, row[0], span)

    def sources(self, document_ids: Iterable[str]) -> dict[str, str]:
        """Return the source of each document id; ids that are gone are left out."""
        sql = "SELECT id, source FROM documents WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._rows(sql, (json.dumps(sorted(set(document_ids))),)))

    def passages(self, ids: Iterable[int]) -> list[Passage]:
        """Return passages in the order of ``ids``; ids that are gone are left out."""
        wanted = _as_ints(ids)
        sql = f"""SELECT p.id, d.key, p.crc, p.start, p.end, d.id, d.title, p.page, p.headings, {self._reading},
                 p.sentences, p.tokens, p.vector
                 FROM passages p JOIN documents d ON d.key = p.document
                 WHERE p.id IN (SELECT value FROM json_each(?))"""
        with _proven(f"The passages of '{self.path}'"):
            with self._snapshot() as connection:
                rows = connection.execute(sql, (json.dumps(wanted),)).fetchall()
                parts = self._parts(connection, rows)
            found = {}
            for number, key, crc, start, end, document, title, page, headings, reading, *blobs in rows:
                if _passage_crc(start, end, page, headings, reading, *blobs) != crc:
                    raise LibraryCorrupt(f"Passage {number} of '{self.path}' is damaged. Run: qa doctor")
                span = Span(start, end)
                text = _cut(parts, key, span)
                if len(text) != len(span):
                    raise LibraryCorrupt(
                        f"Text of passage {number} is missing in '{self.path}'. Run: qa doctor"
                    )
                trail, spans = tuple(json.loads(headings)), _sentences_from_bytes(blobs[0], start)
                found[number] = Passage(document, span, text, title, trail, page, number, spans, reading)
        return [found[number] for number in wanted if number in found]

    def _parts(self, connection: sqlite3.Connection, rows: Sequence[Any]) -> dict[tuple[int, int], str]:
        """Return the pieces of text that cover passages, each read and checked once."""
        needed = sorted(
            {
                (key, part)
                for _, key, _, start, end, *_ in rows
                for part in range(start // PART, (end - 1) // PART + 1)
            }
        )
        sql = """SELECT t.document, t.part, t.text, t.crc FROM json_each(?) j
                 JOIN texts t ON t.document = j.value ->> 0 AND t.part = j.value ->> 1"""
        parts = {}
        for key, part, text, crc in connection.execute(sql, (json.dumps(needed),)):
            if zlib.crc32(text.encode()) != crc:
                raise LibraryCorrupt(
                    f"The text stored in '{self.path}' is damaged: document {key} near {part * PART}. "
                    "To see which documents to add again, run: qa doctor"
                )
            parts[key, part] = text
        return parts

    def unread(self) -> dict[str, dict[str, Unread]]:
        """Return what is remembered of files that gave no document, by path, and by the path inside the file."""
        sql = "SELECT path, member, sha256, kind, problem, reader FROM unread ORDER BY path, member"
        found: dict[str, dict[str, Unread]] = {}
        for path, member, *facts in self._rows(sql):
            found.setdefault(self.places.found(path), {})[member] = Unread(*facts)
        return found

    def head(self) -> tuple[int, int]:
        """Return number and stamp of the last change, zeros if there is none."""
        rows = self._rows("SELECT number, stamp FROM changes ORDER BY number DESC LIMIT 1")
        return rows[0] if rows else (0, 0)

    def check_unchanged(self) -> None:
        """Raise ``EncoderMismatch`` if another process had all passages encoded anew since this was opened."""
        if self._meta() != (self.fingerprint, self.token_fingerprint, self.dim):
            raise EncoderMismatch(
                f"The library '{self.path}' is now encoded by another model than when it was opened. Open it again."
            )

    def ids_of(self, document_ids: Iterable[str]) -> Ints:
        """Return the ids (n,) of the passages of documents, ascending."""
        sql = """SELECT p.id FROM passages p JOIN documents d ON d.key = p.document
                 WHERE d.id IN (SELECT value FROM json_each(?)) ORDER BY p.id"""
        rows = self._rows(sql, (json.dumps(sorted(document_ids)),))
        return np.array([number for (number,) in rows], dtype=np.int64)

    def passage_ids(self, document_id: str) -> list[int]:
        """Return the ids of a document's passages in the order of the text."""
        sql = """SELECT p.id FROM passages p JOIN documents d ON d.key = p.document
                 WHERE d.id = ? ORDER BY p.id"""
        return [number for (number,) in self._rows(sql, (document_id,))]

    def tokens(self, ids: Iterable[int]) -> dict[int, TokenIds]:
        """Return the token ids of passages; ids that are gone are left out."""
        sql = "SELECT id, tokens FROM passages WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._rows(sql, (json.dumps(_as_ints(ids)),))
        return {number: np.frombuffer(tokens, dtype="<u4") for number, tokens in rows}

    def sample(self, count: int) -> list[TokenIds]:
        """Return the tokens of at most ``count`` passages, spread over all that there are."""
        ((highest,),) = self._rows("SELECT coalesce(max(id), 0) FROM passages")
        numbers = dict.fromkeys(np.linspace(1, highest, count).astype(int).tolist()) if highest else {}
        return list(self.tokens(numbers).values())

    def material(self, ids: Iterable[int]) -> tuple[Ints, list[TokenIds], Floats]:
        """Return those of ``ids`` that are not gone (n,), ascending, their tokens and their vectors (n, dim)."""
        sql = """SELECT id, vector, tokens FROM passages
                 WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"""
        rows = self._rows(sql, (json.dumps(_as_ints(ids)),))
        there, vectors = self._vectors([(number, vector) for number, vector, _ in rows])
        return there, [np.frombuffer(tokens, dtype="<u4") for _, _, tokens in rows], vectors

    def vectors(self, ids: Iterable[int]) -> Floats:
        """Return the vectors (n, dim) of ``ids`` in their order; a ``KeyError`` if one is gone."""
        wanted = _as_ints(ids)
        there, vectors = self.vectors_left(wanted)
        row = {number: at for at, number in enumerate(there.tolist())}
        return vectors[[row[number] for number in wanted]]

    def vectors_left(self, ids: Iterable[int]) -> tuple[Ints, Floats]:
        """Return those of ``ids`` that are not gone (n,), ascending, and their vectors (n, dim)."""
        sql = "SELECT id, vector FROM passages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
        return self._vectors(self._rows(sql, (json.dumps(_as_ints(ids)),)))

    def ids(self) -> Ints:
        """Return all passage ids (n,), ascending."""
        rows = self._rows("SELECT id FROM passages INDEXED BY passages_document ORDER BY id")
        return np.array([number for (number,) in rows], dtype=np.int64)

    def count(self) -> int:
        """Return the number of passages."""
        return int(self._rows("SELECT coalesce(sum(passages), 0) FROM documents")[0][0])

    def last_change(self) -> int:
        """Return the number of the last change, 0 if there is none; cheap: ask before each search."""
        rows = self._rows("SELECT seq FROM sqlite_sequence WHERE name = 'changes'")
        return int(rows[0][0]) if rows else 0

    def changes(self, after: int) -> Iterator[tuple[int, str, range]]:
        """Yield ``(number, kind, passage ids)`` of the changes after a number.

        ``kind`` is ``add``, ``remove`` or ``move`` (a document got another source; no ids).
        """
        sql = "SELECT number, kind, first, last FROM changes WHERE number > ? ORDER BY number LIMIT 1000"
        while rows := self._rows(sql, (after,)):
            with _proven(f"The change log of '{self.path}'"):
                batch = [
                    (int(number), str(kind), range(first, last + 1)) for number, kind, first, last in rows
                ]
            yield from batch
            after = batch[-1][0]

    def tail(self, after: int) -> int:
        """Return how many passages the changes after a number touch."""
        sql = "SELECT coalesce(sum(last - first + 1), 0) FROM changes WHERE number > ?"
        return int(self._rows(sql, (after,))[0][0])

    def stamp(self, number: int) -> int | None:
        """Return the random mark of a change: equal numbers of two histories have different marks.

        A view keeps it beside its change number, and so finds out that the library under it was
        restored from a backup. 0 for change 0, None for a change that never was.
        """
        if number == 0:
            return 0
        rows = self._rows("SELECT stamp FROM changes WHERE number = ?", (number,))
        return int(rows[0][0]) if rows else None

    def check(self) -> list[str]:
        """Return what is wrong with the database, in words; nothing if all is well. Reads all of it."""
        try:
            return [f"{FILE}: {problem}" for problem in self._problems()]
        except (LibraryCorrupt, UnicodeDecodeError, ValueError) as error:
            return [f"{FILE}: {error}"]

    def _problems(self) -> Iterator[str]:
        for (line,) in self._rows("PRAGMA integrity_check(20)"):
            if line != "ok":
                yield line
        for table, row, parent, _ in self._rows("PRAGMA foreign_key_check"):
            yield f"row {row} of {table} has lost its {parent}"
        yield from self._text_problems()
        yield from self._passage_problems()

    def _text_problems(self) -> Iterator[str]:
        for key, source, sha256 in self._rows("SELECT key, source, text_sha256 FROM documents ORDER BY key"):
            rows = self._rows("SELECT text FROM texts WHERE document = ? ORDER BY part", (key,))
            if _sha256("".join(text for (text,) in rows)) != sha256:
                yield f"the stored text of '{source}' is damaged; remove it and add it again"

    def _passage_problems(self) -> Iterator[str]:
        counts = """SELECT d.source, d.passages, count(p.id) FROM documents d
                    LEFT JOIN passages p ON p.document = d.key GROUP BY d.key
                    HAVING d.passages != count(p.id)"""
        for source, noted, there in self._rows(counts):
            yield f"'{source}' should have {noted} passages and has {there}"
        last = 0
        sql = f"""SELECT p.id, p.start, p.end, p.page, p.headings, {self._reading}, p.sentences, p.tokens, p.vector,
                 p.crc, d.characters FROM passages p JOIN documents d ON d.key = p.document
                 WHERE p.id > ? ORDER BY p.id LIMIT 4096"""
        while rows := self._rows(sql, (last,)):
            for number, start, end, page, headings, reading, *blobs, crc, characters in rows:
                if _passage_crc(start, end, page, headings, reading, *blobs) != crc:
                    yield f"passage {number} is damaged"
                elif not (0 <= start < end <= characters and len(blobs[-1]) == 2 * self.dim):
                    yield f"passage {number} does not fit its document"
            last = rows[-1][0]

    def check_encoder(
        self, fingerprint: str | None, token_fingerprint: str | None = None, dim: int | None = None
    ) -> None:
        """Raise ``EncoderMismatch`` if vectors or tokens were made by another encoder than the one given."""
        for given, own, what in (
            (fingerprint, self.fingerprint, "vectors"),
            (token_fingerprint, self.token_fingerprint, "tokens"),
            (None if dim is None else str(dim), str(self.dim), "dimension"),
        ):
            if given is not None and given != own:
                raise EncoderMismatch(
                    f"The {what} of '{self.path}' were made by the model {_named(own)}, not by {_named(given)}. Use "
                    f"that model, have all encoded anew (qa reencode --model NAME), or index into another folder: "
                    f"qa index FOLDER --index NEW --model NAME"
                )

    def _vectors(self, rows: Sequence[tuple[int, bytes]]) -> tuple[Ints, Floats]:
        ids = np.array([number for number, _ in rows], dtype=np.int64)
        try:
            halves = np.frombuffer(b"".join(vector for _, vector in rows), dtype="<f2")
            return ids, halves.reshape(len(rows), self.dim).astype(np.float32)
        except ValueError as error:
            raise LibraryCorrupt(f"A stored vector of '{self.path}' is damaged. Run: qa doctor") from error

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        # fetchall, never a cursor left open: an open read keeps the write-ahead log from being emptied
        with self._reader() as connection:
            return connection.execute(sql, parameters).fetchall()

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a read connection of its own to the calling thread."""
        with self._pool:
            self._check_open()
            connection = self._idle.pop() if self._idle else None
        with _translated(self.path / FILE):
            connection = connection or self._connected()
            try:
                yield connection
            finally:
                with self._pool:
                    if self._closed:
                        connection.close()
                    else:
                        self._idle.append(connection)

    def _connected(self) -> sqlite3.Connection:
        """Return a new read connection.

        Raises:
            LibraryGone: there is none, or it may be one to another library than the connections of before.
        """
        for tried in range(1, TRIES + 1):
            connection = None
            try:
                connection = _connect(self.path / FILE, write=False, small=self.small)
                return connection
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN or tried == TRIES:
                    raise  # else it may have been away at that moment, and be back
            finally:
                if not self.is_there():
                    if connection:
                        connection.close()
                    raise gone(self.path)
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """Lend a read connection for several statements that see one and the same state."""
        with self._reader() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    def _check_open(self) -> None:
        if self._closed:
            raise QAError(f"The library '{self.path}' is closed.")


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is kept: the file it was read from (empty if none), and when it was added."""

    document: Document
    path: str = ""
    added: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """Bytes that gave no document, their ``kind`` if folders leave it out, why in a sentence, and what tried to read
    them: another ``reader`` may have more luck."""

    sha256: str
    kind: str
    problem: str
    reader: str


class Places:
    """Where the files of a library's documents are: its uploads by their place in its folder, wherever that is now."""

    def __init__(self, folder: Path) -> None:
        self._folder = f"{str(folder.resolve()).rstrip('/')}/"
        self._uploads = f"{self._folder}{UPLOADS}"

    def kept(self, path: str) -> str:
        """Return what the database calls a file."""
        ours = path == self._uploads or path.startswith(f"{self._uploads}/")
        return path[len(self._folder) :] if ours else path

    def found(self, kept: str) -> str:
        """Return where a file is that the database calls ``kept``."""
        return f"{self._folder}{kept}" if kept.startswith(f"{UPLOADS}/") else kept

    def lie_below(self, folder: str) -> bool:
        """Tell whether the uploads are somewhere below a folder that is none of theirs."""
        return self._uploads.startswith(f"{folder.rstrip('/')}/")


class Change:
    """What one transaction does; got from ``Library.transaction``."""

    def __init__(self, connection: sqlite3.Connection, dim: int, places: Places) -> None:
        self._connection = connection
        self._dim = dim
        self._places = places

    def add(
        self,
        document: Document,
        path: str,
        passages: Sequence[Passage],
        vectors: Floats,
        tokens: Sequence[TokenIds],
        *,
        added: str = "",
    ) -> list[int]:
        """Add a document with vectors (n, dim) and token ids of its n passages; return the passages' ids.

        ``path`` is the file it was read from, empty if there is none; ``added`` is when (UTC, ISO 8601), empty
        for now. Its source must be free: remove the old version first, in the same transaction.
        """
        self._check(document, passages, vectors, tokens)
        key = self._insert_document(document, path, len(passages), added)
        self._insert_text(key, document.text)
        self._insert_sketch(key, document.text)
        first = self._sequence("passages") + 1
        halves = np.ascontiguousarray(vectors, dtype="<f2")
        rows = (  # one at a time: a document may have a hundred thousand
            _passage_row(first + at, key, passage, ids, halves[at].tobytes())
            for at, (passage, ids) in enumerate(zip(passages, tokens, strict=True))
        )
        self._connection.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        last = first + len(passages) - 1
        self._log("add", first, last)
        return list(range(first, last + 1))

    def remove(self, document_id: str) -> Receipt:
        """Remove a document: its row, text, passages, vectors and tokens are overwritten with zeros."""
        key, source = self._find(document_id)
        sql = "SELECT coalesce(min(id), 1), coalesce(max(id), 0), count(*) FROM passages WHERE document = ?"
        first, last, count = self._connection.execute(sql, (key,)).fetchone()
        self._connection.execute("DELETE FROM documents WHERE key = ?", (key,))
        self._log("remove", first, last)
        return Receipt(source, document_id, passages=count, vectors=count, postings=count)

    def move(self, document_id: str, document: Document, path: str) -> None:
        """Give a stored document a new source and path; its text and title stay as they are."""
        key, _ = self._find(document_id)
        self._connection.execute(
            "UPDATE documents SET id = ?, source = ?, path = ? WHERE key = ?",
            (document.id, document.source, self._places.kept(path), key),
        )
        self._log("move", 1, 0)

    def note_unread(self, path: str, unread: Mapping[str, Unread]) -> None:
        """Remember which files inside the file ``path`` gave no document ("" is itself), and forget what was noted."""
        path = self._places.kept(path)
        self._connection.execute("DELETE FROM unread WHERE path = ?", (path,))
        rows = [
            (path, member, each.sha256, each.kind, each.problem, each.reader)
            for member, each in unread.items()
        ]
        self._connection.executemany("INSERT INTO unread VALUES (?, ?, ?, ?, ?, ?)", rows)

    def like(self, document: Document) -> tuple[str, float] | None:
        """Return the source of the older document that a stored one most resembles, and how much (``ALIKE`` to 1).

        Of many that are alike a few of the oldest are compared: the cost is that of the document, not of the library.
        """
        key, _ = self._find(document.id)
        near = Counter(
            other
            for (band,) in self._rows("SELECT band FROM sketches WHERE document = ?", key)
            for (other,) in self._rows(
                "SELECT document FROM sketches WHERE band = ? AND document < ? ORDER BY document LIMIT 8",
                band,
                key,
            )
        )
        compared = sorted(near, key=lambda other: (-near[other], other))[:COMPARED]
        found = [(resemblance(document.text, self._text(other)), -other) for other in compared]
        share, other = max(found, default=(0.0, 0))
        if share < ALIKE:
            return None
        ((source,),) = self._rows("SELECT source FROM documents WHERE key = ?", -other)
        return source, share

    def _text(self, key: int) -> str:
        return "".join(
            text for (text,) in self._rows("SELECT text FROM texts WHERE document = ? ORDER BY part", key)
        )

    def _rows(self, sql: str, *parameters: object) -> list[Any]:
        return self._connection.execute(sql, parameters).fetchall()

    def encoded_by(self, fingerprint: str, token_fingerprint: str, dim: int) -> None:
        """Take vectors and tokens of other encoders from here on; all documents must be added anew."""
        self._dim = dim
        facts = {"fingerprint": fingerprint, "token_fingerprint": token_fingerprint, "dim": str(dim)}
        self._connection.executemany(
            "UPDATE meta SET value = ? WHERE key = ?", [(value, key) for key, value in facts.items()]
        )

    def _check(
        self, document: Document, passages: Sequence[Passage], vectors: Floats, tokens: Sequence[TokenIds]
    ) -> None:
        if vectors.shape != (len(passages), self._dim) or len(tokens) != len(passages):
            raise ValueError(
                f"'{document.source}' has {len(passages)} passages, {len(tokens)} token lists and vectors "
                f"{vectors.shape}; this library needs one of each a passage, of dim {self._dim}."
            )
        if not np.isfinite(vectors).all():
            raise ValueError(f"The encoder gave vectors with NaN or infinity for '{document.source}'.")
        for passage in passages:
            if not passage.text or passage.span.of(document.text) != passage.text:
                raise ValueError(
                    f"A passage of '{document.source}' at {passage.span} is no slice of its text."
                )

    def _insert_document(self, document: Document, path: str, passages: int, added: str) -> int:
        sql = """INSERT INTO documents (id, source, path, title, media_type, pages, passages, characters,
                 sha256, text_sha256, added, blocks, warnings, author, date, language)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
        row = (
            document.id,
            document.source,
            self._places.kept(path),
            document.title,
            document.media_type,
            document.pages,
            passages,
            len(document.text),
            document.sha256,
            _sha256(document.text),
            added or datetime.now(UTC).isoformat(timespec="seconds"),
            blocks_to_json(document.blocks),
            json.dumps(document.warnings, ensure_ascii=False),
            document.author,
            document.date,
            document.language,
        )
        try:
            key = self._connection.execute(sql, row).lastrowid
        except sqlite3.IntegrityError as error:
            raise ValueError(f"'{document.source}' is in the library already; remove it first.") from error
        assert key is not None
        return key

    def _insert_text(self, key: int, text: str) -> None:
        parts = (text[start : start + PART] for start in range(0, len(text), PART))
        rows = ((key, number, part, zlib.crc32(part.encode())) for number, part in enumerate(parts))
        self._connection.executemany("INSERT INTO texts VALUES (?, ?, ?, ?)", rows)

    def _insert_sketch(self, key: int, text: str) -> None:
        rows = [(key, band) for band in set(bands(text))]
        self._connection.executemany("INSERT INTO sketches VALUES (?, ?)", rows)

    def _find(self, document_id: str) -> tuple[int, str]:
        sql = "SELECT key, source FROM documents WHERE id = ?"
        row = self._connection.execute(sql, (document_id,)).fetchone()
        if row is None:
            raise DocumentNotFound(f"No document with id '{document_id}'. See what is there: qa list")
        return row[0], row[1]

    def _sequence(self, table: str) -> int:
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(row[0]) if row else 0

    def _log(self, kind: str, first: int, last: int) -> None:
        sql = "INSERT INTO changes (kind, first, last, stamp) VALUES (?, ?, ?, ?)"
        self._connection.execute(sql, (kind, first, last, secrets.randbits(62) + 1))


class WriterLock:
    """The file ``LOCK``, locked by ``flock``: freed by the kernel however its holder ends.

    The file is never deleted (another process could hold the deleted one); its content only tells
    people who holds it.
    """

    def __init__(self, path: Path, wait: float) -> None:
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        until = time.monotonic() + wait
        while not self._acquire():
            if time.monotonic() >= until:
                holder = self._holder()
                self._file.close()
                raise LibraryLocked(
                    f"The library '{path.parent}' is being written to by {holder}. Try again when it is done."
                )
            time.sleep(0.05)
        self._tell(
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )

    def release(self) -> None:
        if not self._file.closed:
            with suppress(OSError):  # to close it frees the lock, whatever it then says
                self._tell(None)
            with suppress(OSError):
                self._file.close()

    def _acquire(self) -> bool:
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _tell(self, holder: dict[str, object] | None) -> None:
        self._file.truncate(0)
        if holder:
            self._file.write(json.dumps(holder))
        self._file.flush()

    def _holder(self) -> str:
        for _ in range(10):  # one that has just taken the lock may not have told it yet
            self._file.seek(0)
            try:
                holder = json.loads(self._file.read())
                return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
            except (ValueError, KeyError, TypeError):
                time.sleep(0.01)
        return "another process"


def _named(fingerprint: str) -> str:
    """Return an encoder's fingerprint in words."""
    try:
        facts = json.loads(fingerprint)
        return f"'{facts['model']}' (revision {facts['revision']})"
    except (ValueError, KeyError, TypeError):
        return f"'{fingerprint}'"


FileId = tuple[int, int]
"""Device and inode: another file of the same name has others."""


def file_of(path: Path) -> FileId | None:
    """Return what tells the library in a folder from every other one; None if there is none."""
    with refused(path):
        try:
            found = (path / FILE).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) and found.st_size else None


def is_library(path: Path) -> bool:
    """Return whether the folder holds a library, whole or damaged."""
    return file_of(path) is not None


def gone(path: Path) -> LibraryGone:
    """Return what is raised where there was a library, and is none or another one."""
    return LibraryGone(
        f"The library '{path}' is gone. Put its folder back, or restore a backup there: "
        f"qa restore FOLDER --index '{path}'"
    )


def _connect(file: Path, *, write: bool, small: bool = False) -> sqlite3.Connection:
    uri = f"{file.resolve().as_uri()}?mode={'rwc' if write else 'ro'}"
    connection = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
    pragmas = WRITER_PRAGMAS if write else READER_PRAGMAS
    try:
        for pragma in (f"cache_size = -{SMALL_CACHE if small else CACHE}", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.DatabaseError as error:
        connection.close()
        if write or error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        _roll_back(file)  # its first writer was killed before there was a write-ahead log
        return _connect(file, write=write, small=small)
    return connection


def _roll_back(file: Path) -> None:
    """Undo what a killed writer left half done, which a reader may not."""
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, timeout=30)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def _is_blank(connection: sqlite3.Connection) -> bool:
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    return not tables and connection.execute("PRAGMA application_id").fetchone()[0] == 0


def _create(
    connection: sqlite3.Connection, fingerprint: str | None, token_fingerprint: str | None, dim: int | None
) -> None:
    if fingerprint is None or token_fingerprint is None or dim is None:
        raise ValueError("A new library needs fingerprint, token_fingerprint and dim.")
    meta = {"fingerprint": fingerprint, "token_fingerprint": token_fingerprint, "dim": str(dim)}
    connection.execute("BEGIN IMMEDIATE")  # one transaction: a library exists whole or not at all
    for statement in _schema(FORMAT).split(";"):
        connection.execute(statement)
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def _check_format(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("BEGIN")  # all from one state: a first writer may upgrade it meanwhile
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    blank, there = _is_blank(connection), tables_of(connection)
    connection.execute("COMMIT")
    if application == 0 and blank:
        raise LibraryNotFound(f"The library at '{file.parent}' is empty. Build it: qa index FOLDER")
    if application != APPLICATION_ID:
        raise LibraryCorrupt(f"'{file}' is a database of another program, not a qa library.")
    if not 1 <= version <= FORMAT:
        what = (
            "Upgrade qa."
            if version > FORMAT
            else "No qa makes such a one: it was damaged, or edited by hand. Restore a backup or index again."
        )
        raise LibraryCorrupt(f"'{file}' has format {version}; this qa reads format {FORMAT}. {what}")
    other = {key for key, _ in there.items() ^ tables_made_by(_schema(version)).items()}
    if other:  # a trigger would act when we write
        names = ", ".join(f"{kind} '{name}'" for kind, name in sorted(other))
        raise LibraryCorrupt(
            f"'{file}' has other tables, indexes, views or triggers than qa makes ({names}): it was damaged, or edited "
            "by hand. Restore a backup or index again."
        )


def _schema(version: int) -> str:
    """Return the statements that make the tables of a format."""
    made = SCHEMA.format(
        added="".join(f", {column}" for column in ADDED) if version > 1 else "",
        reading=f", {READING}" if version > 3 else "",
    )
    return made + SKETCHES * (version > 2) + (UNREAD + PLACES) * (version > 3)


def _upgrade(connection: sqlite3.Connection, folder: Path) -> None:
    """Bring a library of an older format, whose uploads are in ``folder``, to this one, in one transaction.

    What its documents lack, facts, sketches and how surely scans were read, they get when they change.
    """
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    statements = [f"ALTER TABLE documents ADD COLUMN {column}" for column in ADDED] if version < 2 else []
    statements += SKETCHES.split(";") if version < 3 else []
    statements += (
        [f"ALTER TABLE passages ADD COLUMN {READING}", UNREAD, *PLACES.split(";")] if version < 4 else []
    )
    for statement in statements:
        connection.execute(statement)
    if version < FORMAT:
        _name_uploads(connection, folder)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def _name_uploads(connection: sqlite3.Connection, folder: Path) -> None:
    """Call the uploads by their place in the folder, which may have been another when they were added."""
    names = {file.name for file in (folder / UPLOADS).glob("[!.]*")}
    for table, key in (("documents", "key"), ("unread", "path")):
        rows = connection.execute(f"SELECT DISTINCT {key}, path FROM {table} WHERE path LIKE '%/{UPLOADS}/%'")
        for row, path in rows.fetchall():
            if kept := _uploaded_as(path, names, folder):
                connection.execute(f"UPDATE {table} SET path = ? WHERE {key} = ?", (kept, row))


def _uploaded_as(path: str, names: Collection[str], folder: Path) -> str:
    """Return the place among the uploads ``names`` of ``folder`` of a file that was read at ``path``; "" if of none."""
    for found in re.finditer(rf"/{UPLOADS}/(?=([^/]+))", path):
        before = Path(path[: found.start()])
        others = (
            os.path.lexists(path[: found.end(1)]) and not is_library(before) and before != folder.resolve()
        )
        if found[1] in names and not others:
            return path[found.start() + 1 :]
    return ""


def _checkpoint(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


@contextmanager
def _proven(what: str) -> Iterator[None]:
    """Turn what values raise that are none of ours into ``LibraryCorrupt``."""
    try:
        yield
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
    ) as error:
        raise LibraryCorrupt(
            f"{what} is damaged ({type(error).__name__}: {error}). Run: qa doctor"
        ) from error


def _cut(parts: dict[tuple[int, int], str], key: int, span: Span) -> str:
    """Return the text at ``span`` of the document with this key, from the pieces that cover it."""
    covering = range(span.start // PART, (span.end - 1) // PART + 1)
    text = "".join(parts.get((key, part), "") for part in covering)
    return text[span.start % PART : span.start % PART + len(span)]


def _below(place: str) -> tuple[str, str]:
    """Return what all places below a folder lie between: the character after ``/`` is ``0``."""
    folder = place.rstrip("/")
    return f"{folder}/", f"{folder}0"


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    """Turn what SQLite raises into errors that say what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _explained(file, error) from error


def _explained(file: Path, error: sqlite3.DatabaseError) -> QAError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
    if code in OUTSIDE:
        return QAError(f"'{file}' cannot be used: {error}. Check free space, permissions and other programs.")
    if isinstance(error, sqlite3.ProgrammingError):
        return QAError(f"The library '{file.parent}' was closed while in use.")
    return LibraryCorrupt(f"'{file}' is damaged or no library: {error}. Restore a backup or index again.")


def _passage_row(
    number: int, document: int, passage: Passage, tokens: NDArray[Any], vector: bytes
) -> tuple[object, ...]:
    headings = json.dumps(passage.headings, ensure_ascii=False)
    ids = np.asarray(tokens, dtype="<u4").tobytes()
    start, end, page = passage.span.start, passage.span.end, passage.page
    sentences = _sentences_to_bytes(passage)
    reading = passage.reading_confidence
    crc = _passage_crc(start, end, page, headings, reading, sentences, ids, vector)
    return number, document, start, end, page, headings, sentences, crc, ids, vector, reading


def _sentences_to_bytes(passage: Passage) -> bytes:
    """Return the bounds of the sentences, counted from the passage's start."""
    bounds = [(span.start - passage.span.start, span.end - passage.span.start) for span in passage.sentences]
    return np.array(bounds, dtype="<u4").tobytes()


def _sentences_from_bytes(sentences: bytes, start: int) -> tuple[Span, ...]:
    bounds = np.frombuffer(sentences, dtype="<u4").reshape(-1, 2).tolist()
    return tuple(Span(first + start, last + start) for first, last in bounds)


def _passage_crc(
    start: int, end: int, page: int | None, headings: str, reading: float | None, *blobs: bytes
) -> int:
    head = f"{start} {end} {page} {headings}{'' if reading is None else f' {reading}'}".encode()
    return functools.reduce(lambda crc, blob: zlib.crc32(blob, crc), blobs, zlib.crc32(head))


def _as_ints(ids: Iterable[int]) -> list[int]:
    return [int(number) for number in ids]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
