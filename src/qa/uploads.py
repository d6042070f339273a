"""The files that were given to a library: each goes with the last document that was read from it.

What is done to one is noted first, in an empty file beside it, so that what a killed upload or removal left is known
from what people put there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import refused
from qa.library import UPLOADS, Library

PENDING, PREVIOUS, ARRIVING = ".pending", ".previous", ".arriving"
"""Ends of hidden names: the note that something is done to a file, what it was before, and what is not yet whole."""


@contextmanager
def taking(file: Path) -> Iterator[Path]:
    """Make room for an upload at ``file``, and give the place for what is there; nothing is swept until it is in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _locked(file.parent, fcntl.LOCK_SH):
        _note(file).touch()
        try:
            yield file.with_name(f".{file.name}{PREVIOUS}")
        finally:
            _note(file).unlink(missing_ok=True)


def note(library: Library, paths: Iterable[str]) -> None:
    """Note that the uploads among the files of documents are to go with them."""
    for file in {upload for path in paths if (upload := _upload(library, path))}:
        if file.exists():
            with refused(file):
                _note(file).touch()


def drop(library: Library, path: str) -> None:
    """Remove the upload that a removed document was read from, unless others are read from it still."""
    file = _upload(library, path)
    if file:
        with refused(file):
            if not _is_read(library, file):
                file.unlink(missing_ok=True)
            _note(file).unlink(missing_ok=True)


def put(library: Library, file: Path) -> None:
    """Copy a file of a backup to its place among the uploads; one of its name is replaced by it, or stays whole."""
    folder = library.path.resolve() / UPLOADS
    folder.mkdir(exist_ok=True)
    new = folder / f".{file.name}{ARRIVING}"
    try:
        shutil.copy(file, new)
        new.replace(folder / file.name)
    finally:
        new.unlink(missing_ok=True)


def sweep(library: Library) -> None:
    """Finish what was done to uploads by processes that were killed; where one is being taken in now, do nothing."""
    folder = library.path.resolve() / UPLOADS
    if not folder.is_dir():
        return
    with refused(folder):
        try:
            with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
                for arriving in folder.glob(f".*{ARRIVING}"):
                    arriving.unlink()
                for previous in sorted(folder.glob(f".*{PREVIOUS}")):
                    _settle(library, previous, _named(previous, PREVIOUS))
                for noted in sorted(folder.glob(f".*{PENDING}")):
                    file = _named(noted, PENDING)
                    if not _is_read(library, file):
                        file.unlink(missing_ok=True)
                    noted.unlink()
        except BlockingIOError:
            return


def _settle(library: Library, previous: Path, file: Path) -> None:
    """Put back what a file was if the library knows it so, or if nothing is in its place."""
    known = library.read_from(str(file))
    if not file.exists() or (known and known.sha256 == sha256_of(previous)):
        previous.replace(file)
    else:
        previous.unlink()


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def _upload(library: Library, path: str) -> Path | None:
    """Return the upload that a document's path names, or lies in; None if it is no upload."""
    folder = library.path.resolve() / UPLOADS
    if not path or not Path(path).is_relative_to(folder):
        return None
    return folder / Path(path).relative_to(folder).parts[0]  # an archive holds several


def _is_read(library: Library, file: Path) -> bool:
    """Tell whether a document was read from a file, or from inside it."""
    return bool(library.read_from(str(file)) or library.read_below(str(file)))


def _note(file: Path) -> Path:
    return file.with_name(f".{file.name}{PENDING}")


def _named(hidden: Path, end: str) -> Path:
    return hidden.with_name(hidden.name[1:].removesuffix(end))


def sha256_of(file: Path) -> str:
    """Return the hash by which a file's bytes are known again."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
