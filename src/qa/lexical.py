"""BM25 over our own words; tantivy holds the postings.

The words come folded and cut from ``qa.text.words``; tantivy only splits them at the spaces they were
joined with. No text is stored, only which word is in which passage. What a word weighs in a question
(``qa.text.weight``) is decided when it is asked, so that no index need be written anew for it.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.dense import is_number, write_json
from qa.errors import LibraryCorrupt, LibraryLocked, QAError, refused
from qa.text import weight
from qa.types import Floats, Ints

if TYPE_CHECKING:
    import tantivy

STATE = "state.json"  # written after each commit: it may lag behind the postings, never run ahead
WORDS = 2  # raised with every change of qa.text.words: postings of other words are written anew
MAX_QUERY_WORDS = 64
HEAP = 64_000_000
KEPT_WORDS = 10_000  # whose frequencies and queries are kept: a question asks for each of its own three times
FEW = 2_000  # passages that a query names one by one
K1 = 1.2  # of tantivy's BM25: a word scores at most K1 + 1 times its inverse document frequency
CHECKED = 32_000_000  # bytes of a file that is checked whole when it is opened: damage can make tantivy abort
FOOTER = (1337).to_bytes(4, "little")  # the last bytes of every tantivy file
COMMON = 100
"""Passages that may have a word, however few there are, before it counts as one that most have."""
NOTHING = np.zeros(0, np.int64), np.zeros(0, np.float32)
_proven: dict[Path, dict[str, tuple[int, int, int]]] = {}
"""Inode, size and time of the files that this process found whole when it opened the index of a folder. Postings that
are written never change, and to open an index for each document must not read all of them again."""


class LexicalIndex:
    """Words by passage id. ``change`` and ``stamp`` say up to which change of the library it is complete.

    What is added or removed is found, or not, from the next ``commit`` on. One process at a time may
    add, remove and commit; readers call ``refresh`` to see its commits.
    """

    def __init__(self, path: Path | None, index: tantivy.Index) -> None:
        self._path = path
        self._index = index
        self._schema = index.schema
        self._term = lru_cache(KEPT_WORDS)(partial(_term, self._schema))
        self._writer: tantivy.IndexWriter | None = None
        self.change = 0
        self.stamp = 0
        self.removed = 0
        """How many passages were removed since all postings were last written anew."""
        self._index.config_reader("manual", 0)
        self._highest = 0  # no id above it was added since opening
        self._cleared = False  # what was committed goes with the next commit
        self.refresh()

    @classmethod
    def open(cls, path: Path) -> LexicalIndex:
        """Open the index of a folder; ``FileNotFoundError`` without one, ``LibraryCorrupt`` if damaged."""
        import tantivy

        if not (path / "meta.json").is_file():
            raise FileNotFoundError(path)
        _check_footers(path, whole=False)
        with _translated():
            index = tantivy.Index.open(str(path))
            if not tantivy.Index.is_compatible(str(path)):
                raise LibraryCorrupt("lexical/ was written by another version of tantivy")
            return cls(path, index)

    @classmethod
    def create(cls, path: Path) -> LexicalIndex:
        """Create an empty index in a folder, in the place of whatever is there."""
        import tantivy

        with refused(path):
            if path.exists():
                shutil.rmtree(path)
            path.mkdir()
        with _translated():
            return cls(path, tantivy.Index(_schema(), str(path)))

    @classmethod
    def in_memory(cls) -> LexicalIndex:
        """Create an index that no file keeps."""
        import tantivy

        return cls(None, tantivy.Index(_schema()))

    @property
    def volatile(self) -> bool:
        """Whether no file keeps it."""
        return self._path is None

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def refresh(self) -> None:
        """See what was committed last, here or by the process that writes."""
        if self._path:
            self._read_state()  # before the postings: these may then be newer than it says, never older
        with _translated():
            self._index.reload()
            self._searcher = self._index.searcher()
        self._frequency = lru_cache(KEPT_WORDS)(partial(_frequency, self._searcher))

    def add(self, ids: Sequence[int], texts: Sequence[Sequence[str]]) -> None:
        """Add passages by the words of each, replacing those there are."""
        import tantivy

        if not ids:
            return
        if min(ids) <= self._highest or (not self._cleared and self.holds(ids)):
            self.remove(ids)
        self._highest = max(self._highest, *ids)
        with _translated():
            writer = self._write()
            for key, words in zip(ids, texts, strict=True):
                document = tantivy.Document()
                document.add_unsigned("id", key)
                document.add_text("words", " ".join(words))
                writer.add_document(document)

    def remove(self, ids: Sequence[int]) -> int:
        """Remove passages; return how many of them had been committed."""
        if not ids:
            return 0
        there = self.holds(ids)
        with _translated():
            self._write().delete_documents_by_query(self._by_ids(ids))
        self.removed += there
        return there

    def clear(self) -> None:
        """Remove everything: with the next commit no posting written before is left on the disk."""
        with _translated():
            self._write().rollback()  # documents on their way to a segment escape the deletion of all
            self._write().delete_all_documents()
        self.removed = 0
        self._highest, self._cleared = 0, True

    def commit(self, change: int, stamp: int = 0) -> None:
        """Make what was added and removed durable, all or nothing, and complete up to ``change``."""
        with _translated():
            if self._writer:
                self._writer.commit()
        self.change, self.stamp, self._cleared = change, stamp, False
        if self._path:
            state = {"words": WORDS, "change": change, "stamp": stamp, "removed": self.removed}
            write_json(self._path / STATE, state)
        self.refresh()

    def rollback(self) -> None:
        """Forget what was added and removed since the last commit."""
        if self._writer:
            self._writer.rollback()
        self._cleared = False

    def search(self, words: Sequence[str], k: int, among: Ints | None = None) -> tuple[Ints, Floats]:
        """Return ids and weighted BM25 scores (at most k,) of passages with any of the words, highest first.

        A word counts once however often it is asked; of more than ``MAX_QUERY_WORDS`` the rarest count. With ``among``
        (n,) only those passages count.
        """
        import tantivy

        terms = self._terms(words)
        return self._found(tantivy.Query.boolean_query(terms), k, among) if terms else NOTHING

    def search_meant(
        self, meant: Sequence[Sequence[tuple[str, float]]], k: int, among: Ints | None = None
    ) -> tuple[Ints, Floats]:
        """Return ids and scores (at most k,) as ``search`` does, for words any of which may stand for one.

        Each of ``meant`` has terms and how much they count; the one that scores most is what it adds to a passage.
        Terms that more than a tenth of the passages have say too little for the time they take.
        """
        import tantivy

        most = max(COMMON, len(self) // 10)
        clauses: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for each in meant:
            known = [
                tantivy.Query.boost_query(self._term(term), counts)
                for term, counts in each
                if 0 < self._frequency(term) <= most
            ]
            if known:
                clauses.append((tantivy.Occur.Should, tantivy.Query.disjunction_max_query(known)))
        return self._found(tantivy.Query.boolean_query(clauses), k, among) if clauses else NOTHING

    def _found(self, query: tantivy.Query, k: int, among: Ints | None) -> tuple[Ints, Floats]:
        hits: list[tuple[int, float]] = []
        if k > 0 and (among is None or len(among)):
            hits = self._hits(query, k) if among is None else self._hits_among(query, k, among)
        ids = np.array([key for key, _ in hits], dtype=np.int64)
        scores = np.array([score for _, score in hits], dtype=np.float32)
        order = np.lexsort((ids, -scores))
        return ids[order], scores[order]

    def _hits_among(self, query: tantivy.Query, k: int, among: Ints) -> list[tuple[int, float]]:
        """Return the best hits among passages: few are a clause of the query, of many what is found is sifted."""
        import tantivy

        if len(among) <= FEW:
            must = tantivy.Occur.Must
            there = tantivy.Query.const_score_query(self._by_ids(among.tolist()), 0.0)
            return self._hits(tantivy.Query.boolean_query([(must, there), (must, query)]), k)
        wanted, chosen = 4 * k, set(among.tolist())
        while True:
            found = self._hits(query, wanted)
            hits = [(key, score) for key, score in found if key in chosen]
            if len(hits) >= k or len(found) < wanted:
                return hits[:k]
            wanted *= 4

    def scores(self, words: Sequence[str], ids: Ints) -> Floats:
        """Return the BM25 scores (n,) of given passages (n,): 0 for one with none of the words."""
        import tantivy

        scores = np.zeros(len(ids), np.float32)
        terms = self._terms(words)
        if not terms or not len(ids):
            return scores
        must = tantivy.Occur.Must
        # id by id: for the few that are scored, a set of terms takes tantivy five times as long
        any_of = [(tantivy.Occur.Should, _term_query(self._schema, "id", int(key))) for key in ids]
        among = tantivy.Query.const_score_query(tantivy.Query.boolean_query(any_of), 0.0)
        query = tantivy.Query.boolean_query([(must, among), (must, tantivy.Query.boolean_query(terms))])
        found = dict(self._hits(query, len(ids)))
        for at, key in enumerate(ids.tolist()):
            scores[at] = found.get(key, 0.0)
        return scores

    def holds(self, ids: Sequence[int]) -> int:
        """Return how many of ``ids`` are there."""
        with _translated():
            result: Any = self._searcher.search(self._by_ids(ids), limit=1, count=True)
        return int(result.count)

    def shares(self, words: Sequence[str], ids: Ints, found: tuple[Ints, Floats]) -> Floats:
        """Return BM25 (n,) of passages as a share (0 to 1) of the most that the words could score.

        Words that no passage has count as the rarest: a share does not depend on the library's size. ``found`` is what
        ``search`` gave for the words: those need not be scored again.
        """
        unique = list(dict.fromkeys(words))
        most = sum((K1 + 1) * weight(word) * self._idf(word) for word in unique)
        known = dict(zip(*(array.tolist() for array in found), strict=True))
        missing = np.array([key for key in ids.tolist() if key not in known], dtype=np.int64)
        known |= zip(missing.tolist(), self.scores(unique, missing).tolist(), strict=True)
        scores = np.array([known[key] for key in ids.tolist()], np.float32)
        return scores / np.float32(max(most, 1e-9))

    def ids(self) -> Ints:
        """Return all ids (n,), ascending."""
        import tantivy

        hits = self._hits(tantivy.Query.all_query(), len(self)) if len(self) else []
        return np.sort(np.array([key for key, _ in hits], dtype=np.int64))

    def check(self) -> None:
        """Raise ``LibraryCorrupt`` if a byte of the postings is not as it was written. Reads all of them."""
        if self._path:
            _check_footers(self._path, whole=True)

    def close(self) -> None:
        """Finish merges and let go of the folder; what was not committed is forgotten."""
        if self._writer:
            with _translated():
                self._writer.wait_merging_threads()
            self._writer = None

    def _hits(self, query: tantivy.Query, k: int) -> list[tuple[int, float]]:
        searcher = self._searcher  # one and the same for both calls: addresses are its own
        with _translated():
            hits = searcher.search(query, limit=k, count=False).hits
            ids = searcher.fast_field_values("id", [address for _, address in hits])
        return [(int(key or 0), score) for key, (score, _) in zip(ids, hits, strict=True)]

    def _terms(self, words: Sequence[str]) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        import tantivy

        return [(tantivy.Occur.Should, self._term(word)) for word in self._rarest(words)]

    def _rarest(self, words: Sequence[str]) -> list[str]:
        unique = list(dict.fromkeys(words))
        counts = {word: self._frequency(word) for word in unique}
        known = [word for word in unique if counts[word]]
        if len(known) > MAX_QUERY_WORDS:
            known = sorted(known, key=lambda word: (counts[word], word))[:MAX_QUERY_WORDS]
        return known

    def _idf(self, word: str) -> float:
        """Return the inverse document frequency as tantivy's BM25 has it."""
        there = self._frequency(word)
        return math.log1p((len(self) - there + 0.5) / (there + 0.5))

    def _write(self) -> tantivy.IndexWriter:
        if self._writer is None:
            try:
                self._writer = self._index.writer(HEAP, 1)
                # What a killed writer left would stand in the way: the same names come up again
                self._writer.garbage_collect_files()
            except ValueError as error:
                if "LockBusy" in str(error):
                    raise LibraryLocked("Another process is writing to lexical/.") from error
                raise
        return self._writer

    def _by_ids(self, ids: Sequence[int]) -> tantivy.Query:
        import tantivy

        return tantivy.Query.term_set_query(self._schema, "id", [int(key) for key in ids])

    def _read_state(self) -> None:
        assert self._path
        try:
            with refused(self._path / STATE):
                state = json.loads((self._path / STATE).read_bytes())
            if state["words"] != WORDS:
                raise ValueError("postings of other words")
            values = [state[key] for key in ("change", "stamp", "removed")]
            if not all(is_number(value) for value in values):
                raise ValueError("no numbers")
            self.change, self.stamp, self.removed = values
        except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
            self.change = self.stamp = self.removed = 0  # unknown or of no use: everything is replayed


def _frequency(searcher: tantivy.Searcher, word: str) -> int:
    """Return how many passages have a word; the dictionary is first read here, and its damage found."""
    with _translated():
        return int(searcher.doc_freq("words", word))


def _term(schema: tantivy.Schema, word: str) -> tantivy.Query:
    import tantivy

    query = _term_query(schema, "words", word)
    return query if (boost := weight(word)) == 1.0 else tantivy.Query.boost_query(query, boost)


def _term_query(schema: tantivy.Schema, field: str, value: int | str) -> tantivy.Query:
    import tantivy

    return tantivy.Query.term_query(schema, field, value, "freq")


def _schema() -> tantivy.Schema:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=False, indexed=True, fast=True)
    builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


_REFUSED = re.compile(r"os error|Os \{ code")  # how tantivy passes on what the system said


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what tantivy raises on damaged files, panics of Rust among them, into ``LibraryCorrupt``."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, OSError) or _REFUSED.search(str(error)):  # a full disk, a missing permission
            raise QAError(f"lexical/ cannot be used: {error}. Check free space and permissions.") from error
        reason = str(error).partition("\n")[0]
        raise LibraryCorrupt(f"lexical/ is damaged: {reason} Mend it: qa doctor --mend") from error
    except BaseException as error:
        # a Rust panic is no Exception, and its class can be imported from nowhere
        if type(error).__name__ != "PanicException":
            raise
        raise LibraryCorrupt(f"lexical/ is damaged: {error}") from None


def _check_footers(path: Path, *, whole: bool) -> None:
    """Check the sums of the files in use, of those above ``CHECKED`` bytes only with ``whole``, else their footers.

    Without ``whole``, what this process has checked before is not read again.
    """
    try:
        with refused(path / "meta.json"):
            segments = json.loads((path / "meta.json").read_bytes())["segments"]
        prefixes = {segment["segment_id"].replace("-", "") for segment in segments}
        deletions = {str(segment["deletes"]["opstamp"]) for segment in segments if segment["deletes"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LibraryCorrupt(f"lexical/meta.json is damaged: {error}") from error
    known = {} if whole else _proven.get(path, {})
    proven: dict[str, tuple[int, int, int]] = {}
    for file in sorted(path.iterdir()):
        prefix, *rest = file.name.split(".")
        if prefix not in prefixes or (len(rest) == 2 and rest[0] not in deletions):
            continue  # of a commit that was never finished
        try:
            with refused(file):
                found = file.stat()
                mark = found.st_ino, found.st_size, found.st_mtime_ns
                if known.get(file.name) != mark:
                    _check_footer(file, whole=whole)
                proven[file.name] = mark
        except FileNotFoundError:
            continue  # merged away meanwhile
    _proven[path] = proven
    # A file that is missing altogether is found by tantivy when it opens the segment


def _check_footer(file: Path, *, whole: bool) -> None:
    whole = whole or file.stat().st_size <= CHECKED
    data = file.read_bytes() if whole else _end(file)
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size : -8]
    if data[-4:] != FOOTER or len(footer) != size:
        raise LibraryCorrupt(f"lexical/{file.name} is truncated or damaged")
    if whole and zlib.crc32(data[: -8 - size]) != _crc(footer, file):
        raise LibraryCorrupt(f"lexical/{file.name} is damaged")


def _crc(footer: bytes, file: Path) -> int:
    try:
        return int(json.loads(footer)["crc"])
    except (ValueError, KeyError, TypeError) as error:
        raise LibraryCorrupt(f"lexical/{file.name} is damaged") from error


def _end(file: Path) -> bytes:
    with file.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 4096))
        return stream.read()
