"""Keeps the dense and the lexical index equal to the library by replaying its change log.

Each view knows the last change it has applied. Ids are never used twice, so a replay is simple: take out
what was removed, put in what was added and is still there; doing it twice changes nothing. A view that is
missing, damaged, or of another history than the library is rebuilt from the library, with a warning.

Whose library is open for writing keeps both views on the disk. A reader replays the dense view in its own
memory. Its lexical view follows the writer's commits; if it is behind and nobody is writing (the writer
was killed), the reader takes the lock for a moment and finishes the writer's work.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from qa.dense import DenseIndex
from qa.encoder import window_encoder
from qa.errors import LibraryCorrupt, QAError, refused
from qa.lexical import LexicalIndex
from qa.library import FILE, Library
from qa.splitter import search_text
from qa.text import words
from qa.types import Floats, Ints, Passage

log = logging.getLogger("qa")

LEXICAL = "lexical"
MENDING = ".mending.*"  # the new library while a damaged one is mended
LEFT_BY_KILLS = ("*.new", f"{LEXICAL}/*.new", f"{LEXICAL}/.tmp*", MENDING)  # nothing reads them
BATCH = 4096  # passages replayed at once
LONGEST_TAIL = 20_000  # passages that are replayed when a library is opened: a second or two
Cut = Callable[[Passage], list[str]]


def passage_words(passage: Passage) -> list[str]:
    """Return the words under which a passage is in the lexical index."""
    return words(search_text(passage))


class Views:
    """The dense and the lexical view of one open library; loaded when first used, then kept up to date.

    Safe to use from several threads. One at a time for a library that is open for writing.
    ``problems`` tells what was found damaged since opening.
    """

    def __init__(self, library: Library, *, cut: Cut = passage_words) -> None:
        self._library = library
        self._cut = cut
        self._dense: DenseIndex | None = None
        self._lexical: LexicalIndex | None = None
        self._lock = threading.RLock()
        self.problems: list[str] = []

    @classmethod
    def open(cls, library: Library) -> Views:
        """Load both views and bring them up to date."""
        views = cls(library)
        views.catch_up()
        return views

    def __enter__(self) -> Views:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def dense(self) -> DenseIndex:
        """The dense view, complete up to the library's last change when it was loaded or caught up."""
        with self._lock:
            if self._dense is None:
                dense = self._load_dense()
                self._replay_dense(dense)
                self._dense = dense
            return self._dense

    @property
    def lexical(self) -> LexicalIndex:
        """The lexical view, complete up to the library's last change when it was loaded or caught up."""
        with self._lock:
            if self._lexical is None:
                self._lexical = self._load_lexical()
                self._catch_up_lexical()
            return self._lexical

    def catch_up(self) -> bool:
        """Apply what the library changed since the last call; return whether there was anything.

        Costs some microseconds when there was nothing: call it before every search.
        """
        head = self._library.head()
        before = self._applied()
        if before == (head, head):
            return False
        with self._lock:
            self._library.check_unchanged()
            self.catch_up_lexical()  # first: what it finds is then in the dense view too
            dense = self._dense
            if dense is not None and self._library.stamp(dense.change) != dense.stamp:
                self._dense = None  # a backup was restored meanwhile
            self._replay_dense(self.dense)
            return before != self._applied()

    def catch_up_lexical(self) -> None:
        """Apply what is missing to the lexical view alone, as indexing does between its batches."""
        with self._lock:
            if self._lexical is not None:  # an empty index is false
                self._catch_up_lexical()
            else:
                self._lexical = self.lexical

    def save(self, *, force: bool = False) -> None:
        """Bring the files up to date: the postings always, the snapshot once its tail has grown by a tenth, or long.

        Both are written anew, without what was removed, once that is a tenth of them. ``force`` does so
        at once: then nothing of a removed document is left on the disk.
        """
        library = self._library
        if not library.writable:
            raise QAError(f"The library '{library.path}' is open for reading. Open it with write=True.")
        with self._lock:
            self.catch_up_lexical()
            removed = self.lexical.removed
            if removed * 10 > len(self.lexical) or (force and removed):
                self._rewrite_lexical()
            unsaved = self._snapshot_change() != library.last_change()
            if self._snapshot_is_old() or (force and (unsaved or self.dense.dead)):
                self._replay_dense(self.dense)
                if self.dense.dead * 10 > self.dense.count or (force and self.dense.dead):
                    self.dense.compact()
                self.dense.save(library.path)
            library.checkpoint()

    def rewrite(self) -> None:
        """Write both anew from the library, whatever they hold: what was removed is in none of their files."""
        library = self._library
        with self._lock:
            if self._lexical is None:
                self._lexical = self._sound_lexical(library.path / LEXICAL)
            self._rewrite_lexical()
            self._dense = DenseIndex(library.dim, small=library.small)
            self._replay_dense(self._dense)
            self._dense.save(library.path)
            with refused(library.path):
                for pattern in LEFT_BY_KILLS:
                    for left in library.path.glob(pattern):
                        shutil.rmtree(left) if left.is_dir() else left.unlink()

    def check(self) -> list[str]:
        """Return how the views differ from the library, in words; nothing if they are equal. Reads all."""
        with self._lock:
            self.catch_up()
            problems = [*self.problems, *self._dense_problems()]
            if self.lexical.change == self._library.last_change():  # else a writer is at work on it
                problems += self._lexical_problems()
            return problems

    def close(self) -> None:
        """Let go of both views; what was not saved is replayed by who opens the library next."""
        with self._lock:
            if self._lexical is not None:  # an empty index is false
                self._lexical.close()
            self._dense = self._lexical = None

    # Dense

    def _load_dense(self, *, mend: bool = True) -> DenseIndex:
        library = self._library
        try:
            dense = DenseIndex.load(library.path, small=library.small)
            self._check_history("dense.faiss", dense.change, dense.stamp)
            if dense.dim != library.dim:
                raise LibraryCorrupt(f"dense.faiss has dim {dense.dim}, the library {library.dim}")
        except FileNotFoundError:
            dense = DenseIndex(library.dim, small=library.small)  # replayed from change 0
        except LibraryCorrupt as error:
            self._warn(error)
            dense = DenseIndex(library.dim, small=library.small)
            if library.writable:
                DenseIndex.discard(library.path)  # the next save writes it anew
        if mend and not library.writable and self._snapshot_is_old(dense) and self._mend():
            return self._load_dense(mend=False)
        return dense

    def _replay_dense(self, dense: DenseIndex) -> None:
        library = self._library
        # both at once: what another history wrote meanwhile is then found by the next look
        last, stamp = library.head()
        if library.stamp(dense.change) != dense.stamp:  # a backup was restored this instant
            dense.remove(dense.ids())
            dense.change = dense.stamp = 0
        if dense.change == last:
            return
        added, removed = self._tail(dense.change, last)
        dense.remove(removed)
        for batch in batches(added):
            dense.add(*self._vectors(batch))
            dense.reshape()
        dense.change, dense.stamp = last, stamp

    def _vectors(self, ids: Sequence[int]) -> tuple[Ints, Floats, Ints]:
        """Return those of ``ids`` that are not gone (n,), their vectors and how many each has (n,).

        An encoder whose vectors are means of token vectors gives a passage one a window, made from its tokens.
        """
        library = self._library
        encoder = window_encoder(library.fingerprint, library.token_fingerprint)
        if encoder is None:
            there, vectors = library.vectors_left(ids)
            return there, vectors, np.ones(len(there), np.int64)
        tokens = library.tokens(ids)
        vectors, counts = encoder.encode_windows(list(tokens.values()))
        return np.fromiter(tokens, np.int64, len(tokens)), vectors, counts

    def _snapshot_change(self) -> int:
        described = DenseIndex.described(self._library.path)
        return described[0] if described else 0

    def _snapshot_is_old(self, dense: DenseIndex | None = None) -> bool:
        described = (
            (dense.change, len(dense)) if dense is not None else DenseIndex.described(self._library.path)
        )
        change, count = described or (0, 0)
        return self._library.tail(change) > min(count / 10, LONGEST_TAIL)

    def _dense_problems(self) -> Iterator[str]:
        expected = self._library.ids()
        if not np.array_equal(self.dense.ids(), expected):
            yield f"the dense view holds {len(self.dense)} passages, not the {len(expected)} of the library"
            return
        for batch in batches(expected.tolist()):
            ids, vectors, _ = self._vectors(batch)
            if not np.array_equal(self.dense.vectors(ids), self.dense.rounded(vectors)):
                yield f"vectors of the dense view differ among passages {ids[0]} to {ids[-1]}"

    # Lexical

    def _load_lexical(self) -> LexicalIndex:
        path = self._library.path / LEXICAL
        try:
            return self._opened_lexical(path)
        except FileNotFoundError:
            pass
        except LibraryCorrupt as error:
            self._warn(error)
        if self._library.writable:
            return LexicalIndex.create(path)
        if self._mend():
            return self._opened_lexical(path)
        return LexicalIndex.in_memory()  # complete, if slow to make: a reader cannot write the files

    def _opened_lexical(self, path: Path) -> LexicalIndex:
        lexical = LexicalIndex.open(path)
        self._check_history("lexical/", lexical.change, lexical.stamp)
        return lexical

    def _catch_up_lexical(self) -> None:
        assert self._lexical is not None
        last = self._library.last_change()
        if self._lexical.change == last:
            return
        if self._lexical.volatile and not self._library.writable:
            self._return_to_files()
        if self._library.writable or self._lexical.volatile:
            self._replay_lexical(self._lexical, last)
            return
        self._follow_lexical()
        if self._lexical.change < last and self._mend():
            self._follow_lexical()

    def _return_to_files(self) -> None:
        """Read the files again, instead of memory, once a writer has mended them."""
        with suppress(FileNotFoundError, QAError):
            self._lexical = self._opened_lexical(self._library.path / LEXICAL)

    def _follow_lexical(self) -> None:
        """See what the writer has committed; open anew if it had to replace the files."""
        assert self._lexical is not None
        try:
            self._lexical.refresh()
            self._check_history("lexical/", self._lexical.change, self._lexical.stamp)
        except LibraryCorrupt as error:
            self._warn(error)
            self._lexical = self._load_lexical()
            if self._lexical.volatile:
                self._replay_lexical(self._lexical, self._library.last_change())

    def _replay_lexical(self, lexical: LexicalIndex, last: int) -> None:
        added, removed = self._tail(lexical.change, last)
        try:
            lexical.remove(removed)
            for batch in batches(added):
                passages = self._library.passages(batch)
                lexical.add(
                    [passage.id for passage in passages], [self._cut(passage) for passage in passages]
                )
            lexical.commit(last, self._library.stamp(last) or 0)
        except BaseException:
            lexical.rollback()
            raise

    def _rewrite_lexical(self) -> None:
        assert self._lexical is not None
        self._lexical.clear()
        self._lexical.change = 0
        self._replay_lexical(self._lexical, self._library.last_change())

    @staticmethod
    def _sound_lexical(path: Path) -> LexicalIndex:
        """Open the postings to write them anew, whatever history they have; make new ones if they are damaged."""
        try:
            lexical = LexicalIndex.open(path)
            lexical.check()
        except (FileNotFoundError, LibraryCorrupt):
            return LexicalIndex.create(path)
        return lexical

    def _lexical_problems(self) -> Iterator[str]:
        try:
            self.lexical.check()
        except LibraryCorrupt as error:
            yield str(error)
            return
        expected = self._library.ids()
        if not np.array_equal(self.lexical.ids(), expected):
            yield f"the lexical view holds {len(self.lexical)} passages, the library {len(expected)}"

    # Both

    def _applied(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """Return number and stamp of the last change that each view has applied, None for one that is not loaded."""
        dense, lexical = self._dense, self._lexical
        return (
            None if dense is None else (dense.change, dense.stamp),
            None if lexical is None else (lexical.change, lexical.stamp),
        )

    def _tail(self, after: int, last: int) -> tuple[list[int], list[int]]:
        """Return the ids added and the ids removed by the changes in ``(after, last]``."""
        added: list[int] = []
        removed: list[int] = []
        for number, kind, ids in self._library.changes(after):
            if number > last:
                break
            (removed if kind == "remove" else added).extend(ids)
        gone = set(removed)
        return [number for number in added if number not in gone], removed

    def _check_history(self, name: str, change: int, stamp: int) -> None:
        if self._library.stamp(change) != stamp:
            raise LibraryCorrupt(
                f"{name} belongs to another history of the library (restored from a backup?)"
            )

    def _mend(self) -> bool:
        """Finish what a killed writer left undone, if nobody is writing; return whether that was done."""
        try:
            with (
                Library.open(self._library.path, write=True, wait=0) as library,
                Views(library, cut=self._cut) as views,
            ):
                views.catch_up()
                views.save()
                return True
        except (QAError, OSError) as error:  # a writer is at work, or the folder is read-only
            log.debug("views of '%s' are not mended: %s", self._library.path, error)
            return False

    def _warn(self, error: LibraryCorrupt) -> None:
        self.problems.append(f"{error}; rebuilt from {FILE}")
        log.warning("%s; rebuilding it from %s", error, self._library.path / FILE)


def batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield ``ids`` ``BATCH`` at a time."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
