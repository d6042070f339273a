"""Vectors in eight bits a dimension: those of a snapshot memory-mapped from its file, those added since in memory.

A quantised index finds candidates; these say how near they are. A row is ``dim`` integers and the float32 that
multiplies them. The file only grows, and what is written in it never changes: a reader of an older snapshot goes on.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import LibraryCorrupt, refused
from qa.types import Floats, Ints

PATTERN = "dense-*.int8"
SCALE = 4  # bytes of a row after its integers
SUMMED = 1 << 16  # rows under one sha256
AT_ONCE = 2048  # rows made floats at once: they stay in the processor's cache
_NAME = re.compile(r"dense-[0-9a-f]{8}\.int8")
Rows = NDArray[np.int8]


class VectorFile:
    """Rows of vectors, numbered from 0 in the order of their adding. One thread adds or saves, any number reads."""

    def __init__(self, dim: int, *, small: bool = False) -> None:
        none = np.empty((0, dim + SCALE), np.int8)
        self._held = none, none  # mapped, added: one attribute, so that a reader never sees half a change
        self._room = none  # what the added lie in
        self._small = small  # rows are read one by one: of what is mapped, the system brings 64 kB for each
        self._file: _Descriptor | None = None
        self._name = ""
        self._sums: list[str] = []

    @classmethod
    def open(cls, folder: Path, described: dict[str, Any], dim: int, *, small: bool = False) -> VectorFile:
        """Map the file that ``save`` described. All of it is read once to prove it, and none of that stays in memory.

        Raises:
            FileNotFoundError: it is gone.
            LibraryCorrupt: it is not what was described.
        """
        opened = cls(dim, small=small)
        width = opened._room.shape[1]
        try:
            name, count, sums = str(described["file"]), int(described["count"]), list(described["sums"])
        except (KeyError, TypeError, ValueError) as error:
            raise LibraryCorrupt("dense.json describes no file of vectors") from error
        if not _NAME.fullmatch(name) or count < 0 or len(sums) != -(-count // SUMMED):
            raise LibraryCorrupt("dense.json describes no file of vectors")
        with refused(folder / name), (folder / name).open("rb") as file:

            def summed(number: int) -> str:
                size = min(SUMMED, count - number * SUMMED) * width
                return hashlib.sha256(os.pread(file.fileno(), size, number * SUMMED * width)).hexdigest()

            with ThreadPoolExecutor(os.cpu_count()) as threads:
                if list(threads.map(summed, range(len(sums)))) != sums:
                    raise LibraryCorrupt(f"{name} is not the file that dense.json describes")
            opened._map(file, count)
        opened._name, opened._sums = name, sums
        return opened

    def __len__(self) -> int:
        return sum(map(len, self._held))

    def add(self, vectors: Floats) -> None:
        """Add vectors (n, dim), rounded."""
        self._append(_rows(vectors))

    def vectors(self, places: Ints) -> Floats:
        """Return the rounded vectors (n, dim) at ``places`` (n,)."""
        return _floats(self._at(places))

    def scores(self, places: Ints, query: Floats) -> Floats:
        """Return the inner products (n,) of a query (dim,) with the vectors at ``places`` (n,)."""
        scores = np.empty(len(places), np.float32)
        for start in range(0, len(places), AT_ONCE):
            rows = self._at(places[start : start + AT_ONCE])
            scores[start : start + AT_ONCE] = (rows[:, :-SCALE].astype(np.float32) @ query) * _scales(rows)
        return scores

    def only(self, places: Ints) -> VectorFile:
        """Return the rows at ``places`` (n,) as a file of their own that is not written yet."""
        kept = VectorFile(self._room.shape[1] - SCALE, small=self._small)
        for start in range(0, len(places), SUMMED):
            kept._append(self._at(places[start : start + SUMMED]))
        return kept

    def save(self, folder: Path) -> dict[str, Any]:
        """Write what was added, durably, and return what ``open`` needs; the memory it took is free then.

        A file that is no longer in the folder is written whole, under another name.
        """
        before = len(self._held[0]) if self._name and (folder / self._name).is_file() else 0
        if not before:
            self._name, self._sums = f"dense-{secrets.token_hex(4)}.int8", []
        path, count, first = folder / self._name, len(self), before - before % SUMMED
        sums = self._sums[: before // SUMMED]
        with refused(path), path.open("r+b" if before else "w+b") as file:
            file.seek(before * self._room.shape[1])
            for start in range(first, count, SUMMED):
                rows = self._at(np.arange(start, min(start + SUMMED, count)))
                sums.append(hashlib.sha256(rows.data).hexdigest())
                file.write(rows[max(before - start, 0) :].data)
            file.truncate()  # what a writer left that was killed
            file.flush()
            os.fsync(file.fileno())
            self._map(file, count)
        self._sums = sums
        return {"file": self._name, "count": count, "sums": sums}

    def _map(self, file: Any, count: int) -> None:
        none = np.empty((0, self._room.shape[1]), np.int8)
        size = count * none.shape[1]
        if os.fstat(file.fileno()).st_size < size:
            raise LibraryCorrupt(f"{file.name} is too short")
        if self._small:
            self._file = _Descriptor(file)
        rows = (
            np.frombuffer(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ), np.int8) if size else none
        )
        self._held, self._room = (rows.reshape(-1, none.shape[1]), none), none

    def _append(self, rows: Rows) -> None:
        mapped, added = self._held
        end = len(added) + len(rows)
        if end > len(self._room):
            room = np.empty((max(end, 2 * len(added)), rows.shape[1]), np.int8)
            room[: len(added)] = added
            self._room = room
        self._room[len(added) : end] = rows
        self._held = mapped, self._room[:end]

    def _at(self, places: Ints) -> Rows:
        mapped, added = self._held
        if not len(added):
            return self._written(mapped, places)
        rows = np.empty((len(places), added.shape[1]), np.int8)
        old = places < len(mapped)
        rows[old], rows[~old] = self._written(mapped, places[old]), added[places[~old] - len(mapped)]
        return rows

    def _written(self, mapped: Rows, places: Ints) -> Rows:
        """Return rows of the file."""
        file, width = self._file, mapped.shape[1]
        if file is None:
            return mapped[places]
        data = b"".join([os.pread(file.number, width, place) for place in (places * width).tolist()])
        if len(data) != len(places) * width:
            raise LibraryCorrupt(f"{self._name} was cut short while it was in use")
        return np.frombuffer(data, np.int8).reshape(-1, width)


class _Descriptor:
    """A descriptor of its own of an open file, closed when nobody reads by it any more."""

    def __init__(self, file: Any) -> None:
        self.number = os.dup(file.fileno())

    def __del__(self) -> None:
        os.close(self.number)


def rounded(vectors: Floats) -> Floats:
    """Return vectors (n, dim) as a file holds them."""
    return _floats(_rows(vectors))


def _rows(vectors: Floats) -> Rows:
    scales = np.abs(vectors).max(axis=1, keepdims=True).astype("<f4") / np.float32(127)
    rows = np.empty((len(vectors), vectors.shape[1] + SCALE), np.int8)
    rows[:, :-SCALE] = np.rint(vectors / np.where(scales > 0, scales, 1))
    rows[:, -SCALE:] = scales.view(np.int8)
    return rows


def _floats(rows: Rows) -> Floats:
    return np.asarray(rows[:, :-SCALE].astype(np.float32) * _scales(rows)[:, None], np.float32)


def _scales(rows: Rows) -> Floats:
    return np.asarray(np.ascontiguousarray(rows[:, -SCALE:]).view("<f4")[:, 0], np.float32)
