"""FAISS: the vectors of all passages by id, inner product on unit vectors. A passage may have one for each window.

Exact (float16, which is what the library stores) while they are few. Above that, FAISS scans product-quantised codes
of two bits a dimension, and of one bit when they are very many; the best of the scan are put in order by their vectors
in eight bits a dimension, which lie beside the index in a memory-mapped file. What else was tried: ``docs/scale.md``.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from qa.errors import LibraryCorrupt, refused
from qa.types import Floats, Ints
from qa.vectors import PATTERN, VectorFile, rounded

FLAT, TWO_BITS, ONE_BIT = "flat-fp16", "pq-2-bits", "pq-1-bit"
LIMITS = {FLAT: 100_000, TWO_BITS: 3_000_000}
"""Up to how many vectors each kind is used."""
LOOKED_AT = {TWO_BITS: 16, ONE_BIT: 200}
"""How many vectors of the scan are looked at exactly for each passage that is wanted."""
TRAINING = 16_384  # vectors that the quantiser is trained on
BATCH = 65_536
WINDOWS = 64
"""Vectors of a passage at most. The label of a vector is its passage's id times this, plus its number."""
CROWD = 6  # vectors looked for, a passage that is wanted, where one may have several
_reading = threading.Lock()  # FAISS's deserialisation limits are global


class DenseIndex:
    """Unit vectors by passage id. Searches run in parallel; a change waits for them and they for it.

    ``change`` and ``stamp`` say up to which change of the library it is complete. A ``small`` one keeps none of the
    vectors of its file in memory.
    """

    def __init__(self, dim: int, *, small: bool = False) -> None:
        self._index: Any = _flat(dim)
        self._vectors: VectorFile | None = None  # of a quantised index, row by row
        self.dim = dim
        self._small = small
        self.change = 0
        self.stamp = 0
        self.dead = 0
        """How many removed vectors a quantised index still carries, found by no search."""
        self._passages = 0
        self._highest = 0  # no id above it was ever here: fresh ids need no removal before they are added
        self._ordered = False  # whether the labels ascend, those of removed vectors as they were before
        self._access = _Access()

    def __len__(self) -> int:
        """Return the number of passages."""
        return self._passages

    @property
    def count(self) -> int:
        """The number of vectors."""
        return int(self._index.ntotal) - self.dead

    @property
    def kind(self) -> str:
        return _kind(self._index)

    def add(self, ids: Sequence[int] | Ints, vectors: Floats, counts: Ints | None = None) -> None:
        """Add passages ``ids`` (n,), replacing those there are, with unit vectors (sum of counts, dim).

        ``counts`` (n,) tells how many of the vectors belong to each; None: one.
        """
        new = np.ascontiguousarray(ids, dtype=np.int64)
        each = np.ones(len(new), np.int64) if counts is None else np.asarray(counts, dtype=np.int64)
        if vectors.shape != (int(each.sum()), self.dim):
            raise ValueError(
                f"{len(new)} ids need vectors ({int(each.sum())}, {self.dim}), got {vectors.shape}."
            )
        if len(np.unique(new)) != len(new):
            raise ValueError("An id is there twice.")
        if len(each) and not 1 <= each.min() <= each.max() <= WINDOWS:
            raise ValueError(f"A passage needs 1 to {WINDOWS} vectors, not {each.min()} to {each.max()}.")
        if not len(new):
            return
        numbers = np.arange(len(vectors)) - np.repeat(np.cumsum(each) - each, each)
        labels = np.repeat(new, each) * WINDOWS + numbers
        halves = _halves(vectors)
        with self._access.alone():
            if new.min() <= self._highest:
                self._remove(new)
                self._ordered = False
            self._index.add_with_ids(halves, labels)
            self._ordered = self._ordered and bool((np.diff(new) > 0).all())
            if self._vectors is not None:
                self._vectors.add(halves)
            self._highest = max(self._highest, int(new.max()))
            self._passages += len(new)

    def remove(self, ids: Sequence[int] | Ints) -> int:
        """Remove passages; return how many were there."""
        with self._access.alone():
            return self._remove(np.ascontiguousarray(ids, dtype=np.int64))

    def search(self, query: Floats, k: int, among: Ints | None = None) -> tuple[Ints, Floats]:
        """Return passages and their best inner products (at most k,) for a query (dim,), highest first, then by id.

        With ``among`` (n,), ascending, only those passages count.
        """
        faiss = _faiss()

        k = min(k, len(self) if among is None else len(among))
        if k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        # The number of threads belongs to the calling thread (OpenMP). One: a question is too small to
        # share, and parallel questions would each start a team.
        faiss.omp_set_num_threads(1)
        question = np.ascontiguousarray(query, np.float32).reshape(1, self.dim)
        with self._access.shared():
            total = int(self._index.ntotal)
            each = 1 if total == len(self) else CROWD
            wanted = each * k
            while True:
                owners, best = self._nearest(question, min(wanted, total), among, looked_at=wanted // each)
                if len(owners) >= k or wanted >= total:
                    break
                wanted *= 4
        order = np.lexsort((owners, -best))[:k]
        return owners[order], best[order]

    def _nearest(
        self, question: Floats, count: int, among: Ints | None, *, looked_at: int
    ) -> tuple[Ints, Floats]:
        """Return the passages (n,) of the ``count`` vectors nearest to a question (1, dim), and their best scores.

        Of a quantised index, those are among the best ``LOOKED_AT`` times ``looked_at`` of the scan; it cannot choose
        ``among`` passages: what it finds is sifted.
        """
        if self._vectors is None:
            chosen = None
            if among is not None:
                bitmap = _bitmap(among)
                chosen = _faiss().SearchParameters(sel=_faiss().IDSelectorBitmap(bitmap))
            scores, labels = (found[0] for found in self._index.search(question, count, params=chosen))
        else:
            scanned = min(LOOKED_AT[self.kind] * looked_at, int(self._index.ntotal))
            _, found = _faiss().downcast_index(self._index.index).search(question, scanned)
            places = np.sort(found[0][found[0] >= 0])  # as they lie in the file
            labels = _labels(self._index)[places]
            kept = labels >= 0
            if among is not None:
                kept &= np.isin(labels // WINDOWS, among)
            places, labels = places[kept], labels[kept]
            scores = self._vectors.scores(places, question[0])
            best = np.argsort(-scores, kind="stable")[:count]
            labels, scores = labels[best], scores[best]
        owners = labels // WINDOWS
        _, first = np.unique(owners, return_index=True)  # a passage's best vector is its first
        first = first[owners[first] >= 0]
        return owners[first], scores[first]

    def ids(self) -> Ints:
        """Return all passage ids (n,), ascending."""
        with self._access.shared():
            return np.sort(_passages(_labels(self._index)))

    def vectors(self, ids: Sequence[int] | Ints) -> Floats:
        """Return the vectors (n, dim) of passages as they are held, one passage's after the other's."""
        with self._access.shared():
            wanted, labels = np.asarray(ids, dtype=np.int64), _labels(self._index)
            rows = self._rows(labels, wanted)
            rows = rows[np.argsort(labels[rows])]
            owners = labels[rows] // WINDOWS
            starts, ends = (np.searchsorted(owners, wanted, side) for side in ("left", "right"))
            places = [rows[start:end] for start, end in zip(starts, ends, strict=True)]
            return self._held(np.concatenate([np.empty(0, np.int64), *places]))

    def rounded(self, vectors: Floats) -> Floats:
        """Return vectors (n, dim) as this index holds them."""
        halves = _halves(vectors)
        return halves if self._vectors is None else rounded(halves)

    def _held(self, places: Ints) -> Floats:
        if self._vectors is not None:
            return self._vectors.vectors(places)
        return np.asarray(_codes(self._index)[places].view(np.float16), dtype=np.float32)

    def reshape(self) -> bool:
        """Take to the kind for so many vectors, never back to one for fewer; return whether that was another."""
        kinds = [FLAT, TWO_BITS, ONE_BIT] if self.dim % 4 == 0 else [FLAT, TWO_BITS]
        kind = next((kind for kind in kinds[:-1] if self.count <= LIMITS[kind]), kinds[-1])
        if kinds.index(kind) <= kinds.index(self.kind):
            return False
        self._quantise(kind)
        return True

    def compact(self) -> None:
        """Leave out the vectors that were removed."""
        if self.count and self._vectors is not None:
            self._quantise(self.kind)
        elif self._vectors is not None:
            with self._access.alone():
                self._index, self._vectors, self.dead = _flat(self.dim), None, 0
                self._ordered = False

    def _quantise(self, kind: str) -> None:
        faiss = _faiss()

        faiss.omp_set_num_threads(os.cpu_count() or 1)
        labels = np.array(_labels(self._index), dtype=np.int64)
        places = np.flatnonzero(labels >= 0)
        places = places[np.argsort(labels[places], kind="stable")]
        inner = faiss.IndexPQFastScan(self.dim, _parts(self.dim, kind), 4, faiss.METRIC_INNER_PRODUCT)
        inner.train(self._held(places[_sample(len(places), TRAINING)]))
        index = faiss.IndexIDMap(inner)
        vectors = (
            VectorFile(self.dim, small=self._small) if self._vectors is None else self._vectors.only(places)
        )
        for start in range(0, len(places), BATCH):
            batch = places[start : start + BATCH]
            held = self._held(batch)
            index.add_with_ids(held, labels[batch])
            if self._vectors is None:
                vectors.add(held)
        with self._access.alone():
            self._index, self._vectors, self.dead = index, vectors, 0
            self._ordered = True

    def save(self, path: Path) -> None:
        """Write ``dense.faiss`` and ``dense.json`` into the folder, so that a kill leaves the old or the new.

        The vectors in eight bits come first: the file only grows, and one of another name is read by nobody yet. Then
        ``dense.json`` names both snapshots, then the index is swapped, then it names the new one.
        """
        faiss = _faiss()

        manifest, temporary = path / "dense.json", path / "dense.faiss.new"
        with self._access.shared():
            vectors = None if self._vectors is None else self._vectors.save(path)
            entry = {
                "change": self.change,
                "stamp": self.stamp,
                "count": len(self),
                "dim": self.dim,
                "type": self.kind,
                "vectors": vectors,
            }
            with refused(temporary), temporary.open("wb") as file:
                writer = _HashingWriter(file)
                faiss.write_index(self._index, faiss.PyCallbackIOWriter(writer.write))
                file.flush()
                os.fsync(file.fileno())
            entry["sha256"] = writer.digest.hexdigest()
        sync_folder(path)  # a file must not be named before it is there
        write_json(manifest, {"snapshots": [entry, *_entries(manifest)]})
        with refused(temporary):
            temporary.replace(path / "dense.faiss")
            sync_folder(path)
        write_json(manifest, {"snapshots": [entry]})
        with refused(path):
            for left in path.glob(PATTERN):
                if vectors is None or left.name != vectors["file"]:
                    left.unlink()

    @staticmethod
    def described(path: Path) -> tuple[int, int] | None:
        """Return change and count of the folder's snapshot by ``dense.json``, unproven, or None."""
        entries = _entries(path / "dense.json")
        if len(entries) != 1 or not (path / "dense.faiss").is_file():
            return None
        return entries[0]["change"], entries[0]["count"]

    @staticmethod
    def discard(path: Path) -> None:
        """Delete the snapshot of the folder."""
        with refused(path):
            # the snapshot first: one without its description would pass for damaged
            for name in ("dense.faiss", "dense.json", "dense.faiss.new"):
                (path / name).unlink(missing_ok=True)
            for vectors in path.glob(PATTERN):
                vectors.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, *, small: bool = False) -> DenseIndex:
        """Read the snapshot of the folder; ``FileNotFoundError`` if there is none.

        Nothing of the file reaches FAISS before its sha256 is proven, and what its first bytes say it holds is what qa
        writes and fits its size; ``LibraryCorrupt`` otherwise.
        """
        snapshot = path / "dense.faiss"
        with (
            refused(snapshot),
            snapshot.open("rb") as file,
        ):  # one open file: a swap meanwhile does it no harm
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            # The writer names a snapshot before it swaps it in, so the file is one of these
            entry = next((e for e in _entries(path / "dense.json") if e.get("sha256") == digest), None)
            if entry is None and os.fstat(file.fileno()).st_ino != snapshot.stat().st_ino:
                return cls.load(path, small=small)  # swapped since it was opened
            if entry is None:
                raise LibraryCorrupt("dense.faiss is not the file that dense.json describes")
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            _check_header(file.read(_HEADER + 4), size, entry)
            file.seek(0)
            loaded = cls.__new__(cls)
            loaded._index = _read_index(file.read, size)
            loaded.dim, loaded._access, loaded._vectors = int(loaded._index.d), _Access(), None
            loaded._small = small
            if loaded.kind != FLAT:
                try:
                    loaded._vectors = VectorFile.open(
                        path, entry.get("vectors") or {}, loaded.dim, small=small
                    )
                except FileNotFoundError as error:
                    if os.fstat(file.fileno()).st_ino != snapshot.stat().st_ino:
                        return cls.load(path, small=small)
                    raise LibraryCorrupt("dense.faiss has lost the vectors that belong to it") from error
        labels = _labels(loaded._index)
        if loaded._vectors is not None and len(loaded._vectors) != len(labels):
            raise LibraryCorrupt("dense.faiss and its vectors do not belong together")
        loaded.dead, loaded._passages = int((labels < 0).sum()), len(_passages(labels))
        first = _first_labels(labels)
        loaded._highest = int(first.max(initial=0)) // WINDOWS
        loaded._ordered = loaded._vectors is not None and bool((np.diff(first) > 0).all())
        loaded.change, loaded.stamp = int(entry["change"]), int(entry["stamp"])
        actual = {"count": len(loaded), "dim": loaded.dim, "type": loaded.kind}
        if any(entry.get(name) != value for name, value in actual.items()):
            raise LibraryCorrupt(f"dense.faiss holds {actual}, which is not what dense.json describes")
        return loaded

    def _rows(self, labels: Any, ids: Ints) -> Ints:
        """Return the rows (n,) of the vectors of passages ``ids``, ascending."""
        if not len(ids) or not len(labels):
            return np.empty(0, np.int64)
        # Most calls name one document, whose ids are neighbours: between the first and the last little is to look up
        first, end = int(ids.min()) * WINDOWS, (int(ids.max()) + 1) * WINDOWS
        if self._ordered:
            start, stop = (bisect_left(labels, bound, key=_first_label) for bound in (first, end))
            rows = np.arange(start, stop)
        else:
            rows = np.flatnonzero((labels >= first) & (labels < end))
        return rows[np.isin(labels[rows] // WINDOWS, ids)]

    def _remove(self, ids: Ints) -> int:
        labels = _labels(self._index)
        rows = self._rows(labels, ids)
        if not len(rows):
            return 0
        removed = len(np.unique(labels[rows] // WINDOWS))
        self._passages -= removed
        if self._vectors is not None:
            labels[rows] = ~labels[rows]  # below zero: no passage has it, and the order stays
            self.dead += len(rows)
            return removed
        codes, end = _codes(self._index), len(labels) - len(rows)
        gaps = rows[rows < end]  # the last rows take their places: nothing else moves
        moved = np.setdiff1d(np.arange(end, len(labels)), rows)
        codes[gaps], labels[gaps] = codes[moved], labels[moved]
        codes[end:] = 0  # deleted means gone, also from memory
        inner = _faiss().downcast_index(self._index.index)
        inner.codes.resize(end * inner.code_size)
        self._index.id_map.resize(end)
        inner.ntotal = self._index.ntotal = end
        return removed


class _Access:
    """Many readers or one writer; a waiting writer goes before new readers."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._readers = 0
        self._waiting = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        with self._free:
            self._free.wait_for(lambda: not self._waiting)
            self._readers += 1
        try:
            yield
        finally:
            with self._free:
                self._readers -= 1
                self._free.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._free:
            self._waiting += 1
            try:
                self._free.wait_for(lambda: not self._readers)
                yield  # the condition's own lock keeps all others out
            finally:
                self._waiting -= 1
                self._free.notify_all()


class _HashingWriter:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.digest.update(data)
        self._file.write(data)


def write_json(path: Path, value: object) -> None:
    """Write a small file whole or not at all, durably."""
    temporary = path.with_name(path.name + ".new")
    with refused(path):
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the renames in a folder durable."""
    with refused(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_number(value: object) -> bool:
    """Return whether a value that was read is a whole number as SQLite and FAISS can hold it, 0 or more."""
    return isinstance(value, int) and 0 <= value < 1 << 63


_NUMBERS = ("change", "stamp", "count", "dim")


def _entries(manifest: Path) -> list[dict[str, Any]]:
    try:
        with refused(manifest):
            entries = json.loads(manifest.read_bytes())["snapshots"]
        return [entry for entry in entries if all(is_number(entry[name]) for name in _NUMBERS)]
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _faiss() -> Any:
    """Import FAISS when it is first needed; ``Any`` since its stubs lack much of it."""
    import faiss

    return faiss


def _bitmap(ids: Ints) -> Any:
    """Return a bit for every label up to the highest of ``ids``, set for theirs: eight bytes a passage."""
    bits = np.zeros((int(ids.max(initial=0)) + 1, WINDOWS // 8), np.uint8)
    bits[ids] = 255
    return bits.ravel()


def _halves(vectors: Floats) -> Floats:
    return np.ascontiguousarray(vectors.astype(np.float16), np.float32)


def _flat(dim: int) -> Any:
    faiss = _faiss()

    inner = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap(inner)


def _sample(size: int, count: int) -> Ints:
    return np.sort(np.random.default_rng(0).permutation(size)[:count])


_HEADER = 37
"""Bytes with which FAISS begins every index: its kind, dim (int32), count (int64), two unused numbers, whether it is
trained, and the metric. What an ``IndexIDMap`` holds comes next."""
_KINDS = {b"IxSQ": (FLAT,), b"IPfs": (TWO_BITS, ONE_BIT)}
LARGEST_DIM = 1 << 16


def _check_header(header: bytes, size: int, entry: Mapping[str, Any]) -> None:
    """Raise ``LibraryCorrupt`` unless a file that begins so is an index as qa writes it, of a size that fits it."""
    outer, inner = header[:4], header[_HEADER:]
    if outer != b"IxMp" or inner not in _KINDS:
        found = " of ".join(repr(kind.decode("ascii", "replace")) for kind in (outer, inner))
        raise LibraryCorrupt(f"dense.faiss holds an index of the kind {found}, which qa does not use")
    dim, count = struct.unpack_from("<iq", header, 4)
    if dim != entry["dim"] or not 1 <= dim <= LARGEST_DIM or entry.get("type") not in _KINDS[inner]:
        raise LibraryCorrupt(
            f"dense.faiss holds vectors of dim {dim} as {_KINDS[inner][0]}, which is not what dense.json describes"
        )
    if not 0 <= 8 * count <= size <= 1_000_000 + count * (4 * dim + 64):
        raise LibraryCorrupt(
            f"dense.faiss is said to hold {count} vectors of dim {dim}, and has {size} bytes"
        )


def _check_parts(index: Any) -> None:
    """Raise ``LibraryCorrupt`` unless all parts are as long as the counts say: FAISS would read past their ends."""
    inner = _faiss().downcast_index(index.index)
    count, dim = int(index.ntotal), int(index.d)
    lengths = {"d": (inner.d, dim), "ntotal": (inner.ntotal, count), "id_map": (index.id_map.size(), count)}
    if _kind(index) == FLAT:
        lengths |= {"code_size": (inner.code_size, 2 * dim), "codes": (inner.codes.size(), 2 * dim * count)}
    else:
        parts, rows = inner.pq.M, -(-count // inner.bbs) * inner.bbs if inner.bbs > 0 else -1
        lengths |= {
            "M": (inner.M, parts),
            "M2": (inner.M2, parts + parts % 2),
            "dsub": (parts * inner.pq.dsub, dim),
            "nbits": (inner.pq.nbits, 4),
            "ksub": (inner.ksub, 16),
            "centroids": (inner.pq.centroids.size(), 16 * dim),
            "codes": (inner.codes.size(), rows * inner.M2 // 2),
        }
    if wrong := [name for name, (found, expected) in lengths.items() if int(found) != int(expected)]:
        raise LibraryCorrupt(f"dense.faiss does not fit together: {', '.join(wrong)}")


def _read_index(read: Callable[[int], bytes], size: int) -> Any:
    """Let FAISS read an index of one of our kinds, with limits from the file's size."""
    faiss = _faiss()

    with _reading:
        faiss.set_deserialization_vector_byte_limit(max(size, 1 << 16))
        faiss.set_deserialization_loop_limit(max(size, 1 << 16))
        try:
            index = faiss.read_index(faiss.PyCallbackIOReader(read))
        except RuntimeError as error:
            raise LibraryCorrupt(f"dense.faiss cannot be read: {error}") from error
    _check_parts(index)
    return index


def _kind(index: Any) -> str:
    faiss = _faiss()

    if isinstance(index, faiss.IndexIDMap) and not isinstance(index, faiss.IndexIDMap2):
        inner = faiss.downcast_index(index.index)
        if isinstance(inner, faiss.IndexScalarQuantizer) and inner.sq.qtype == faiss.ScalarQuantizer.QT_fp16:
            return FLAT
        if isinstance(inner, faiss.IndexPQFastScan):
            return TWO_BITS if _parts(inner.d, TWO_BITS) == inner.pq.M else ONE_BIT
    raise LibraryCorrupt(f"dense.faiss holds a {type(index).__name__}, which qa does not use")


def _codes(index: Any) -> Any:
    """View the codes (n, bytes) of a flat index in FAISS's own memory."""
    faiss = _faiss()

    inner = faiss.downcast_index(index.index)
    count, size = int(inner.ntotal), int(inner.code_size)
    if not count:
        return np.empty((0, size), np.uint8)
    return faiss.rev_swig_ptr(inner.codes.data(), count * size).reshape(count, size)


def _labels(index: Any) -> Any:
    """View the ids (n,) of a flat index in FAISS's own memory."""
    faiss = _faiss()

    if not index.ntotal:
        return np.empty(0, np.int64)
    return faiss.rev_swig_ptr(index.id_map.data(), int(index.ntotal))


def _passages(labels: Any) -> Ints:
    """Return the passages (n,) whose vectors have these labels (m,), each once."""
    return np.asarray(labels[(labels % WINDOWS == 0) & (labels >= 0)] // WINDOWS)


def _parts(dim: int, kind: str) -> int:
    """Return how many parts of four bits a quantised vector has."""
    most = max(1, dim // (2 if kind == TWO_BITS else 4))
    return next(parts for parts in range(most, 0, -1) if dim % parts == 0)


def _first_label(label: int) -> int:
    return ~label if label < 0 else label


def _first_labels(labels: Any) -> Ints:
    """Return the labels (n,) as they were before some vectors were removed."""
    return np.asarray(np.where(labels < 0, ~labels, labels))
