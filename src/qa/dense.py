"""FAISS: the vectors of all passages by id, inner product on unit vectors. A passage may have one for each window.

Exact (float16) up to ``FLAT_LIMIT`` vectors, above that product-quantised to two bits a dimension: a scan of a million
vectors then takes some milliseconds, and what it finds is ranked anew by tokens. Float16 halves memory and time of
float32 and is what the library stores.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from qa.errors import LibraryCorrupt, refused
from qa.types import Floats, Ints

FLAT_LIMIT = 200_000
FLAT, QUANTISED = "flat-fp16", "pq4"
TRAINING = 65_536  # vectors that the quantiser is trained on
BATCH = 65_536
WINDOWS = 64
"""Vectors of a passage at most. The label of a vector is its passage's id times this, plus its number."""
DEAD = -1  # the label of a removed vector that is still among the quantised ones
_reading = threading.Lock()  # FAISS's deserialisation limits are global


class DenseIndex:
    """Unit vectors by passage id. Searches run in parallel; a change waits for them and they for it.

    ``change`` and ``stamp`` say up to which change of the library it is complete.
    """

    def __init__(self, dim: int) -> None:
        self._index: Any = _flat(dim)
        self.dim = dim
        self.change = 0
        self.stamp = 0
        self.dead = 0
        """How many removed vectors a quantised index still carries, found by no search."""
        self._passages = 0
        self._highest = 0  # no id above it was ever here: fresh ids need no removal before they are added
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
        with self._access.alone():
            if new.min() <= self._highest:
                self._remove(new)
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), labels)
            self._highest = max(self._highest, int(new.max()))
            self._passages += len(new)

    def remove(self, ids: Sequence[int] | Ints) -> int:
        """Remove passages; return how many were there. Reads all labels once: some milliseconds for millions."""
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
            wanted = k if total == len(self) else min(total, 6 * k)
            chosen = None
            if among is not None and self.kind == FLAT:
                bitmap = _bitmap(among)
                selector = faiss.IDSelectorBitmap(bitmap)
                chosen = faiss.SearchParameters(sel=selector)
            while True:
                scores, labels = self._index.search(question, wanted, params=chosen)
                found = labels[0] >= 0
                if (
                    among is not None and chosen is None
                ):  # a quantised index cannot choose: what it finds is sifted
                    found &= np.isin(labels[0] // WINDOWS, among)
                owners, best = labels[0][found] // WINDOWS, scores[0][found]
                _, first = np.unique(owners, return_index=True)  # a passage's best vector is its first
                if len(first) >= k or wanted == total:
                    break
                wanted = min(total, 4 * wanted)
        ids, best = owners[first], best[first]
        order = np.lexsort((ids, -best))[:k]
        return ids[order], best[order]

    def ids(self) -> Ints:
        """Return all passage ids (n,), ascending."""
        with self._access.shared():
            labels = _labels(self._index)
            return np.unique(labels[labels >= 0] // WINDOWS)

    def vectors(self, ids: Sequence[int] | Ints) -> Floats:
        """Return the vectors (n, dim) of passages of a flat index, one passage's after the other's."""
        with self._access.shared():
            if self.kind != FLAT:
                raise ValueError("A quantised index does not hold the vectors themselves.")
            wanted, labels = np.asarray(ids, dtype=np.int64), _labels(self._index)
            rows = _rows(labels, wanted)
            rows = rows[np.argsort(labels[rows])]
            owners = labels[rows] // WINDOWS
            starts, ends = (np.searchsorted(owners, wanted, side) for side in ("left", "right"))
            places = [rows[start:end] for start, end in zip(starts, ends, strict=True)]
            codes = _codes(self._index)[np.concatenate([np.empty(0, np.int64), *places])]
            return np.asarray(codes.view(np.float16), dtype=np.float32)

    def reshape(self, flat_limit: int = FLAT_LIMIT) -> bool:
        """Quantise the vectors when they have become many; return whether it was done."""
        if self.kind == QUANTISED or self.count <= flat_limit:
            return False
        faiss = _faiss()

        faiss.omp_set_num_threads(os.cpu_count() or 1)
        codes, labels = _codes(self._index), np.array(_labels(self._index), dtype=np.int64)
        parts = next(parts for parts in range(self.dim // 2, 0, -1) if self.dim % parts == 0)
        inner = faiss.IndexPQFastScan(self.dim, parts, 4, faiss.METRIC_INNER_PRODUCT)
        inner.train(codes[_sample(len(codes), TRAINING)].view(np.float16).astype(np.float32))
        index = faiss.IndexIDMap(inner)
        for start in range(0, len(labels), BATCH):
            batch = codes[start : start + BATCH].view(np.float16).astype(np.float32)
            index.add_with_ids(batch, labels[start : start + BATCH])
        with self._access.alone():
            self._index = index
        return True

    def save(self, path: Path) -> None:
        """Write ``dense.faiss`` and ``dense.json`` into the folder, so that a kill leaves the old or the new.

        ``dense.json`` first names both snapshots, then the file is swapped, then it names the new one.
        """
        faiss = _faiss()

        manifest, temporary = path / "dense.json", path / "dense.faiss.new"
        with refused(temporary), self._access.shared(), temporary.open("wb") as file:
            writer = _HashingWriter(file)
            faiss.write_index(self._index, faiss.PyCallbackIOWriter(writer.write))
            file.flush()
            os.fsync(file.fileno())
            entry = {
                "change": self.change,
                "stamp": self.stamp,
                "count": len(self),
                "dim": self.dim,
                "type": self.kind,
                "sha256": writer.digest.hexdigest(),
            }
        write_json(manifest, {"snapshots": [entry, *_entries(manifest)]})
        with refused(temporary):
            temporary.replace(path / "dense.faiss")
            sync_folder(path)
        write_json(manifest, {"snapshots": [entry]})

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

    @classmethod
    def load(cls, path: Path) -> DenseIndex:
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
                return cls.load(path)  # swapped since it was opened
            if entry is None:
                raise LibraryCorrupt("dense.faiss is not the file that dense.json describes")
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            _check_header(file.read(_HEADER + 4), size, entry)
            file.seek(0)
            loaded = cls.__new__(cls)
            loaded._index = _read_index(file.read, size)
        loaded.dim, loaded._access = int(loaded._index.d), _Access()
        ids = loaded.ids()
        loaded.dead, loaded._passages = int((_labels(loaded._index) < 0).sum()), len(ids)
        loaded._highest = int(ids.max(initial=0))
        loaded.change, loaded.stamp = int(entry["change"]), int(entry["stamp"])
        actual = {"count": len(loaded), "dim": loaded.dim, "type": loaded.kind}
        if any(entry.get(name) != value for name, value in actual.items()):
            raise LibraryCorrupt(f"dense.faiss holds {actual}, which is not what dense.json describes")
        return loaded

    def _remove(self, ids: Ints) -> int:
        labels = _labels(self._index)
        rows = _rows(labels, ids)
        if not len(rows):
            return 0
        removed = len(np.unique(labels[rows] // WINDOWS))
        self._passages -= removed
        if self.kind == QUANTISED:
            labels[rows] = DEAD
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


def _flat(dim: int) -> Any:
    faiss = _faiss()

    inner = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap(inner)


def _sample(size: int, count: int) -> Ints:
    return np.sort(np.random.default_rng(0).permutation(size)[:count])


_HEADER = 37
"""Bytes with which FAISS begins every index: its kind, dim (int32), count (int64), two unused numbers, whether it is
trained, and the metric. What an ``IndexIDMap`` holds comes next."""
_KINDS = {b"IxSQ": FLAT, b"IPfs": QUANTISED}
LARGEST_DIM = 1 << 16


def _check_header(header: bytes, size: int, entry: Mapping[str, Any]) -> None:
    """Raise ``LibraryCorrupt`` unless a file that begins so is an index as qa writes it, of a size that fits it."""
    outer, inner = header[:4], header[_HEADER:]
    if outer != b"IxMp" or inner not in _KINDS:
        found = " of ".join(repr(kind.decode("ascii", "replace")) for kind in (outer, inner))
        raise LibraryCorrupt(f"dense.faiss holds an index of the kind {found}, which qa does not use")
    dim, count = struct.unpack_from("<iq", header, 4)
    if dim != entry["dim"] or not 1 <= dim <= LARGEST_DIM or _KINDS[inner] != entry.get("type"):
        raise LibraryCorrupt(
            f"dense.faiss holds vectors of dim {dim} as {_KINDS[inner]}, which is not what dense.json describes"
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
    """Let FAISS read an index of one of our two kinds, with limits from the file's size."""
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
            return QUANTISED
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


def _rows(labels: Any, ids: Ints) -> Ints:
    """Return the rows (n,) of the vectors of passages ``ids``, ascending."""
    if not len(ids) or not len(labels):
        return np.empty(0, np.int64)
    # Most calls name one document, whose ids are neighbours: two comparisons leave little to look up
    rows = np.flatnonzero((labels >= ids.min() * WINDOWS) & (labels < (ids.max() + 1) * WINDOWS))
    return rows[np.isin(labels[rows] // WINDOWS, ids)]
