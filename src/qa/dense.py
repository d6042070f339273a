"""FAISS: the vectors of all passages by id, inner product on unit vectors, stored as float16.

Flat (exact) up to ``FLAT_LIMIT`` vectors, above that inverted lists whose ``nprobe`` was measured on the
vectors themselves. Float16 halves memory and time of float32 and is what the library stores, so the
index holds exactly the library's vectors.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from qa.errors import LibraryCorrupt
from qa.types import Floats, Ints

FLAT_LIMIT = 200_000
FLAT, IVF = "flat-fp16", "ivf-fp16"
RECALL = 0.99  # of the exact first 100, what nprobe is chosen for
BATCH = 65_536
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
        self._rows: dict[int, int] | None = {}  # id -> row of a flat index; None until it is needed
        self._highest = 0  # no id above it was ever here: fresh ids need no removal before they are added
        self._access = _Access()

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def kind(self) -> str:
        return _kind(self._index)

    def add(self, ids: Sequence[int] | Ints, vectors: Floats) -> None:
        """Add unit vectors (n, dim) under ``ids`` (n,), replacing those there are."""
        new = np.ascontiguousarray(ids, dtype=np.int64)
        if vectors.shape != (len(new), self.dim):
            raise ValueError(f"{len(new)} ids need vectors ({len(new)}, {self.dim}), got {vectors.shape}.")
        if len(np.unique(new)) != len(new):
            raise ValueError("An id is there twice.")
        if not len(new):
            return
        with self._access.alone():
            if new.min() <= self._highest:
                self._remove(new)
            start = len(self)
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), new)
            self._highest = max(self._highest, int(new.max()))
            if self._rows is not None:
                self._rows.update(zip(new.tolist(), range(start, len(self)), strict=True))

    def remove(self, ids: Sequence[int] | Ints) -> int:
        """Remove ``ids``; return how many were there. Costs the ids, not the index."""
        with self._access.alone():
            return self._remove(np.ascontiguousarray(ids, dtype=np.int64))

    def search(self, query: Floats, k: int) -> tuple[Ints, Floats]:
        """Return ids and inner products (at most k,) for a query (dim,), highest first, equals by id."""
        faiss = _faiss()

        k = min(k, len(self))
        if k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        # The number of threads belongs to the calling thread (OpenMP). One: a question is too small to
        # share, and parallel questions would each start a team.
        faiss.omp_set_num_threads(1)
        with self._access.shared():
            scores, ids = self._index.search(np.ascontiguousarray(query, np.float32).reshape(1, self.dim), k)
        found = ids[0] >= 0
        ids, scores = ids[0][found], scores[0][found]
        order = np.lexsort((ids, -scores))
        return ids[order], scores[order]

    def ids(self) -> Ints:
        """Return all ids (n,), ascending."""
        with self._access.shared():
            return np.sort(self._ids())

    def vectors(self, ids: Sequence[int] | Ints) -> Floats:
        """Return the vectors (n, dim) of ``ids``; zeros for one that is not there (removed meanwhile)."""
        wanted = np.ascontiguousarray(ids, dtype=np.int64)
        vectors = np.zeros((len(wanted), self.dim), np.float32)
        with self._access.shared():
            if self.kind == IVF:
                for at, key in enumerate(wanted.tolist()):
                    with suppress(RuntimeError):  # FAISS on an id that is not there
                        vectors[at] = self._index.reconstruct(key)
                return vectors
            rows = self._row_of()
            found = [(at, rows[key]) for at, key in enumerate(wanted.tolist()) if key in rows]
            if found:
                places, sources = np.array(found).T
                vectors[places] = _codes(self._index)[sources].view(np.float16)
        return vectors

    def reshape(self, flat_limit: int = FLAT_LIMIT) -> bool:
        """Change between flat and inverted lists when the count asks for it; return whether it did."""
        count = len(self)
        if self.kind == FLAT:
            fits = count <= flat_limit
        else:
            fits = count > flat_limit // 2 and lists_for(count) < 2 * self._index.nlist
        if not fits:
            self._rebuild(inverted=count > flat_limit)
        return not fits

    def save(self, path: Path) -> None:
        """Write ``dense.faiss`` and ``dense.json`` into the folder, so that a kill leaves the old or the new.

        ``dense.json`` first names both snapshots, then the file is swapped, then it names the new one.
        """
        faiss = _faiss()

        manifest, temporary = path / "dense.json", path / "dense.faiss.new"
        with self._access.shared(), temporary.open("wb") as file:
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
        temporary.replace(path / "dense.faiss")
        sync_folder(path)
        write_json(manifest, {"snapshots": [entry]})

    @staticmethod
    def described(path: Path) -> tuple[int, int] | None:
        """Return change and count of the folder's snapshot by ``dense.json``, unproven, or None."""
        entries = _entries(path / "dense.json")
        if len(entries) != 1 or not (path / "dense.faiss").is_file():
            return None
        return int(entries[0].get("change", 0)), int(entries[0].get("count", 0))

    @staticmethod
    def discard(path: Path) -> None:
        """Delete the snapshot of the folder."""
        for name in ("dense.json", "dense.faiss", "dense.faiss.new"):
            (path / name).unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> DenseIndex:
        """Read the snapshot of the folder; ``FileNotFoundError`` if there is none.

        Nothing of the file reaches FAISS before its sha256 is proven; ``LibraryCorrupt`` otherwise.
        """
        snapshot = path / "dense.faiss"
        with snapshot.open("rb") as file:  # one open file: a swap meanwhile does it no harm
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            # The writer names a snapshot before it swaps it in, so the file is one of these
            entry = next((e for e in _entries(path / "dense.json") if e.get("sha256") == digest), None)
            if entry is None and os.fstat(file.fileno()).st_ino != snapshot.stat().st_ino:
                return cls.load(path)  # swapped since it was opened
            if entry is None:
                raise LibraryCorrupt("dense.faiss is not the file that dense.json describes")
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            loaded = cls.__new__(cls)
            loaded._index = _read_index(file.read, size)
        loaded.dim, loaded._rows, loaded._access = int(loaded._index.d), None, _Access()
        loaded._highest = int(loaded._ids().max(initial=0))
        loaded.change, loaded.stamp = int(entry["change"]), int(entry["stamp"])
        actual = {"count": len(loaded), "dim": loaded.dim, "type": loaded.kind}
        if any(entry.get(name) != value for name, value in actual.items()):
            raise LibraryCorrupt(f"dense.faiss holds {actual}, which is not what dense.json describes")
        return loaded

    def _remove(self, ids: Ints) -> int:
        if self.kind == IVF:
            return self._remove_listed(ids)
        rows = self._row_of()
        if not rows:
            return 0
        faiss = _faiss()

        codes, labels = _codes(self._index), _labels(self._index)
        end = len(labels)
        for key in ids.tolist():
            row = rows.pop(key, None)
            if row is None:
                continue
            end -= 1  # the last row takes the place: nothing else moves
            if row != end:
                codes[row], labels[row] = codes[end], labels[end]
                rows[int(labels[end])] = row
            codes[end] = 0  # deleted means gone, also from memory
        removed = len(labels) - end
        if removed:
            inner = faiss.downcast_index(self._index.index)
            inner.codes.resize(end * inner.code_size)
            self._index.id_map.resize(end)
            inner.ntotal = self._index.ntotal = end
        return removed

    def _remove_listed(self, ids: Ints) -> int:
        faiss = _faiss()

        selector = faiss.IDSelectorArray(len(ids), faiss.swig_ptr(ids))
        return int(self._index.remove_ids(selector))

    def _row_of(self) -> dict[int, int]:
        if self._rows is None:
            self._rows = {key: row for row, key in enumerate(_labels(self._index).tolist())}
        return self._rows

    def _ids(self) -> Ints:
        faiss = _faiss()

        if self.kind == FLAT:
            return np.array(_labels(self._index), dtype=np.int64)
        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(at), lists.list_size(at)).copy()
            for at in range(self._index.nlist)
            if lists.list_size(at)
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _rebuild(self, *, inverted: bool) -> None:
        ids = self.ids()
        index = self._trained(ids) if inverted else _flat(self.dim)
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            index.add_with_ids(self.vectors(batch), batch)
        if inverted:
            index.nprobe = self._measured_nprobe(index, ids)
        with self._access.alone():
            self._index, self._rows = index, None

    def _trained(self, ids: Ints) -> Any:
        faiss = _faiss()

        faiss.omp_set_num_threads(os.cpu_count() or 1)
        lists = lists_for(len(ids))
        fp16, inner = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(self.dim), self.dim, lists, fp16, inner, False
        )
        index.cp.spherical = True
        index.cp.min_points_per_centroid = 1
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # removal by id without a scan
        index.train(self.vectors(_sample(ids, 40 * lists)))
        return index

    def _measured_nprobe(self, index: Any, ids: Ints, k: int = 100) -> int:
        """Return how few lists, in steps of a quarter, must be read to find ``RECALL`` of the exact first k.

        Each question is a blend of two vectors: questions lie farther from their passages than
        passages from their like, and so need more lists than the passages themselves would.
        """
        vectors = self.vectors(_sample(ids, 100))
        questions = vectors + np.roll(vectors, 1, axis=0)
        questions /= np.maximum(np.linalg.norm(questions, axis=1, keepdims=True), 1e-9)
        if self.kind == IVF:
            self._index.nprobe = self._index.nlist  # reads all: exact
        _, exact = self._index.search(questions, k)
        lists = int(index.nlist)
        probes = max(1, lists // 32)
        while probes < lists:
            index.nprobe = probes
            _, found = index.search(questions, k)
            recall = [len(np.intersect1d(a, b)) / k for a, b in zip(exact, found, strict=True)]
            if np.mean(recall) >= RECALL:
                break
            probes += max(1, probes // 4)
        return min(probes, lists)


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


def lists_for(count: int) -> int:
    """Return how many inverted lists suit ``count`` vectors: 4 times the square root."""
    return int(4 * count**0.5)


def write_json(path: Path, value: object) -> None:
    """Write a small file whole or not at all, durably."""
    temporary = path.with_name(path.name + ".new")
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


def _entries(manifest: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))["snapshots"]
        return [entry for entry in entries if isinstance(entry, dict)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _faiss() -> Any:
    """Import FAISS when it is first needed; ``Any`` since its stubs lack much of it."""
    import faiss

    return faiss


def _flat(dim: int) -> Any:
    faiss = _faiss()

    inner = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap(inner)


def _sample(ids: Ints, count: int) -> Ints:
    return np.sort(np.random.default_rng(0).permutation(ids)[:count])


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
    _kind(index)
    return index


def _kind(index: Any) -> str:
    faiss = _faiss()

    fp16 = faiss.ScalarQuantizer.QT_fp16
    if isinstance(index, faiss.IndexIVFScalarQuantizer) and index.sq.qtype == fp16:
        return IVF
    if isinstance(index, faiss.IndexIDMap) and not isinstance(index, faiss.IndexIDMap2):
        inner = faiss.downcast_index(index.index)
        if isinstance(inner, faiss.IndexScalarQuantizer) and inner.sq.qtype == fp16:
            return FLAT
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
