"""What keeps a library safe and whole: backups, exports, and mending.

A backup is a folder that is a library itself, without the views: these are made from it when it is opened. It holds
what people gave, too: uploaded files, verdicts, conversations, and the users.
An export is a file of JSON lines, one a document, that any program can read.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from qa import indexing, uploads
from qa.dense import sync_folder
from qa.errors import DocumentNotFound, HistoryError, LibraryCorrupt, QAError, ReadError, refused
from qa.feedback import FILE as FEEDBACK
from qa.feedback import FeedbackStore
from qa.history import History
from qa.languages import Languages
from qa.library import FILE, UPLOADS, Library, Stored
from qa.readers import read_document
from qa.types import Block, Copy, Document, DocumentInfo, Encoder, IndexReport, Mending, Span, TokenEncoder
from qa.users import Users
from qa.views import MENDING, Views

_NO_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
DAMAGED = "library.sqlite.damaged"
"""What is kept of a library that documents of were lost."""


# Backups


def backup(library: Library, folder: Path) -> Copy:
    """Write a copy of the present state into a new folder, checked, whole or not at all; others go on meanwhile.

    Raises:
        QAError: the folder is there and not empty, or lies in the library itself.
        LibraryCorrupt: the library is damaged; nothing is written.
    """
    target = folder.resolve()
    if target.is_relative_to(library.path.resolve()):
        raise QAError(f"'{folder}' lies in the library itself. Name a folder elsewhere.")
    with refused(folder):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise QAError(f"'{folder}' is there already. Name a folder that is new or empty.")
        new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        new.mkdir(parents=True)
        try:
            library.copy_to(new / FILE)
            _copy_beside(library.path, new)
            made = _checked(new, f"The library '{library.path}'")
            for path in new.rglob("*"):
                sync_folder(path) if path.is_dir() else _sync(path)
            sync_folder(new)
            new.replace(target)
            sync_folder(target.parent)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return Copy(str(folder), *made)


def _copy_beside(path: Path, new: Path) -> None:
    """Copy uploads, verdicts, conversations and users; the secret that signs the sessions stays where it is."""
    if (path / UPLOADS).is_dir():
        (new / UPLOADS).mkdir()
        for file in _uploaded(path):
            with suppress(FileNotFoundError):  # removed this instant
                shutil.copy(file, new / UPLOADS)
    if (path / FEEDBACK).exists():
        shutil.copy(path / FEEDBACK, new)
    History(path).copy_to(History(new))
    Users(new).take(Users(path))


def restore(library: Library, folder: Path) -> Copy:
    """Make a library what it was when the backup in ``folder`` was made, in one transaction; readers go on.

    Uploaded files become what they were, too. Verdicts and conversations since stay, and those of the backup come
    back, but not the conversations of a user who was removed since. Users come back where there are none.

    Raises:
        LibraryNotFound: there is no backup.
        LibraryCorrupt: the backup is damaged; nothing is changed.
        HistoryError: its conversations are damaged; nothing is changed.
    """
    made = _checked(folder, f"The backup '{folder}'")
    before = library.documents()
    uploads.note(library, (info.path for info in before))
    with Library.open(folder) as source:
        library.become(source)
    with refused(library.path):
        _restore_uploads(library, folder, before)
        _take_beside(library, folder)
        sweep(library)
    with Views(library) as views:
        views.rewrite()
    return Copy(str(folder), *made)


def _restore_uploads(library: Library, folder: Path, before: list[DocumentInfo]) -> None:
    """Put the uploaded files of a backup in their place, and drop later ones."""
    for info in before:
        uploads.drop(library, info.path)
    for file in _uploaded(folder):
        uploads.put(library, file)


def _uploaded(path: Path) -> list[Path]:
    """Return the uploaded files of a library, without those that are being taken in."""
    found = (path / UPLOADS).glob("[!.]*")
    return sorted(file for file in found if file.is_file() and not file.is_symlink())


def _take_beside(library: Library, folder: Path) -> None:
    """Take over verdicts, users and conversations of a backup."""
    verdicts, history = FeedbackStore(library.path), History(library.path)
    users, past_users = Users(library.path), Users(folder)
    verdicts.take(FeedbackStore(folder))
    users.take(past_users)
    removed = {user.name for user in past_users.list()} - {user.name for user in users.list()}
    history.take(History(folder), without=removed)


def _checked(folder: Path, what: str) -> tuple[int, int, int]:
    """Return documents, passages and bytes of a copy that is sound."""
    with Library.open(folder) as library:
        if problems := library.check():
            raise LibraryCorrupt(
                f"{what} is damaged: {'; '.join(problems[:3])}. Nothing was written. See: qa doctor"
            )
        if problems := History(folder).check():
            raise HistoryError(problems[0])
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        return len(library.documents()), library.count(), size


def sweep(library: Library) -> None:
    """Take out what a removal or an upload that was killed left beside the library: its files, and names of documents.

    What is kept of a document that is there stays; the questions stay in any case.
    """
    verdicts, history = FeedbackStore(library.path), History(library.path)
    uploads.sweep(library)
    named = verdicts.sources() | history.sources()
    gone = {source for source in named if library.by_source(source) is None}
    verdicts.forget(gone)
    history.forget(gone)


# Exports


def export(library: Library, file: Path) -> Copy:
    """Write every document with its text, blocks and place into a file of JSON lines, whole or not at all."""
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    documents = passages = 0
    with refused(file):
        try:
            with new.open("x", encoding="utf-8") as stream:
                total, passages = len(library.keys()), library.count()
                for documents, stored in enumerate(library.all_stored(), start=1):
                    stream.write(json.dumps(_line(stored, documents, total), ensure_ascii=False) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            size = new.stat().st_size
            new.replace(file)
            sync_folder(file.resolve().parent)
        finally:
            new.unlink(missing_ok=True)
    return Copy(str(file), documents, passages, size)


def read_export(file: Path) -> Iterator[Stored]:
    """Yield the documents of an export, each proven identical to what was exported.

    Raises:
        QAError: the file is no export, or is damaged or cut short; the line is named.
    """
    number, total = 0, 0
    with refused(file), file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            stored, at, total = _read_line(file, number, line)
            if at != number:
                raise QAError(f"{file}, line {number}: document {number} of the export is missing.")
            yield stored
    if number < total:
        raise QAError(f"{file} ends after {number} of {total} documents. Nothing was imported; export again.")


def import_(
    library: Library,
    file: Path,
    *,
    encoder: Encoder,
    token_encoder: TokenEncoder,
    on_progress: indexing.OnProgress | None = None,
) -> IndexReport:
    """Add the documents of an export; those that are there as they are in it are skipped, others replaced.

    The file is read to its end before anything is added.
    """
    total = sum(1 for _ in read_export(file))
    return indexing.add_stored(
        library,
        read_export(file),
        encoder=encoder,
        token_encoder=token_encoder,
        total=total,
        on_progress=on_progress,
    )


def _line(stored: Stored, number: int, total: int) -> dict[str, Any]:
    document = stored.document
    facts = asdict(document) | {
        "blocks": [
            [block.span.start, block.span.end, block.kind, block.page, list(block.headings), block.level]
            for block in document.blocks
        ]
    }
    digest = hashlib.sha256(document.text.encode()).hexdigest()
    return {
        "number": number,
        "of": total,
        **facts,
        "path": stored.path,
        "added": stored.added,
        "text_sha256": digest,
    }


def _read_line(file: Path, number: int, line: bytes) -> tuple[Stored, int, int]:
    try:
        value = json.loads(line)
        text = value["text"]
        if hashlib.sha256(text.encode()).hexdigest() != value["text_sha256"]:
            raise QAError(f"{file}, line {number}: the text of '{value['source']}' is not what was exported.")
        blocks = tuple(
            Block(Span(start, end), kind, page, tuple(headings), level)
            for start, end, kind, page, headings, level in value["blocks"]
        )
        if any(not 0 <= block.span.start <= block.span.end <= len(text) for block in blocks):
            raise QAError(f"{file}, line {number}: a block of '{value['source']}' lies outside its text.")
        document = Document(
            id=value["id"],
            source=value["source"],
            title=value["title"],
            text=text,
            blocks=blocks,
            sha256=value["sha256"],
            media_type=value["media_type"],
            pages=value["pages"],
            warnings=tuple(value["warnings"]),
            author=value["author"],
            date=value["date"],
            language=value["language"],
        )
        return Stored(document, value["path"], value["added"]), int(value["number"]), int(value["of"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise QAError(
            f"{file}, line {number} is no line of a qa export ({type(error).__name__}: {error})."
        ) from error


# Mending


def mend(
    path: Path, *, encoder: Encoder, token_encoder: TokenEncoder, languages: Languages | None = None
) -> Mending:
    """Check everything and mend what can be mended; say what was wrong, what was done, and what is lost.

    The views are written anew from the library. Where the library itself is damaged, every document whose text is
    proven identical is put into a new one; one that is not is read from its file again if that has the same bytes.
    Conversations are checked, and not mended.

    Raises:
        LibraryCorrupt: nothing can be read of it.
        QAError: the file of a damaged document cannot be read, though it is there; nothing is changed.
    """
    verdicts = FeedbackStore(path)
    with Library.open(path, write=True) as library:
        library.check_encoder(encoder.fingerprint, token_encoder.fingerprint, encoder.dim)
        with refused(path):
            for left in path.glob(MENDING):  # by a mending that was killed
                shutil.rmtree(left)
        damage = library.check()
        problems, done = [*damage], list[str]()
        lost: list[str] = []
        if damage:
            again, lost = _rescue(library, encoder, token_encoder, languages)
            done.append(f"{FILE}: written anew with the {again} documents that are whole")
        with Views(library) as views:
            wrong = [] if damage else views.check()
            problems += wrong
            if damage or wrong:
                views.rewrite()
                done.append("dense.faiss and lexical/: written anew from library.sqlite")
        if not lost and not History(path).check():
            sweep(library)
    if wrong := verdicts.check():
        problems += wrong
        done.append(f"{verdicts.path.name}: {verdicts.mend()} lines that cannot be read are taken out")
    wrong = History(path).check()
    return Mending((*problems, *wrong), tuple(done), (*lost, *wrong))


def _rescue(
    library: Library, encoder: Encoder, token_encoder: TokenEncoder, languages: Languages | None
) -> tuple[int, list[str]]:
    """Put what is whole into a new library and make the damaged one equal to it; return its number and the lost."""
    lost: list[str] = []
    new = library.path / MENDING.replace("*", secrets.token_hex(4))
    try:
        with Library.open(
            new,
            fingerprint=encoder.fingerprint,
            token_fingerprint=token_encoder.fingerprint,
            dim=encoder.dim,
            write=True,
            create=True,
        ) as sound:
            report = indexing.add_stored(
                sound,
                _whole(library, lost),
                encoder=encoder,
                token_encoder=token_encoder,
                languages=languages,
            )
            if lost:
                with refused(library.path):
                    shutil.copyfile(library.path / FILE, library.path / DAMAGED)
                lost.append(f"What is left of them is in {library.path / DAMAGED}.")
            library.become(sound)
        return len(report.added), lost
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _whole(library: Library, lost: list[str]) -> Iterator[Stored]:
    """Yield every document that is whole, or that its file still is; name the others in ``lost``."""
    for key in range(1, library.highest_key() + 1):
        try:
            stored = library.stored(key)
            yield replace(stored, path=library.places.kept(stored.path))
            continue
        except DocumentNotFound:
            continue
        except LibraryCorrupt:
            pass
        name, path, sha256, added = library.place(key)
        try:
            document = read_document(Path(path), source=name)
            if document.sha256 != sha256:
                raise ReadError(path, "is no longer the file that was added.")
        except (ReadError, OSError, ValueError) as error:
            if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, _NO_FILE):
                raise QAError(
                    f"'{name}' is damaged, and its file, which may bring it back, cannot be read now: {error} "
                    "Nothing was changed. Make it readable, or move it away, and mend again: qa doctor --mend"
                ) from error
            reason = error.reason if isinstance(error, ReadError) else str(error)
            lost.append(
                f"'{name}' is damaged, and its file does not bring it back: {path or 'it was no file,'} {reason}"
            )
            continue
        yield Stored(document, library.places.kept(path), added)


def _sync(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
