"""Bytes to ``Document``: one text, and blocks over it that know their page and headings.

Each format has a small module that returns ``Parsed``; this one opens files, refuses what is no document
with a sentence that says why, and puts the ``Document`` together. ``processes`` does the same in processes of
their own, which a hostile file cannot leave.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath

from qa.errors import ReadError
from qa.readers import ocr
from qa.readers.building import Member, NoDocument, NotNow, Parsed, Unreadable, one_line, shown
from qa.readers.byline import printed_author
from qa.readers.dateline import printed_date
from qa.readers.encoding import MARKS, Decoded, clean, decode
from qa.types import Document, LeftOut

MAX_FILE_MB = 200
MAX_UNPACKED_MB = 2_000
"""Size of all files inside a file, and inside those."""
MAX_DEPTH = 3
"""Archives in archives."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
_DOCX = f"{_OFFICE}.wordprocessingml.document"
_XLSX = f"{_OFFICE}.spreadsheetml.sheet"
_PPTX = f"{_OFFICE}.presentationml.presentation"
_MEDIA_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".docx": _DOCX,
    ".docm": _DOCX,
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".xlsx": _XLSX,
    ".xlsm": _XLSX,
    ".pptx": _PPTX,
    ".pptm": _PPTX,
    ".odt": "application/vnd.oasis.opendocument.text",
    ".epub": "application/epub+zip",
    ".rtf": "application/rtf",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".eml": "message/rfc822",
    ".zip": "application/zip",
}
_PICTURE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
READABLE = frozenset(_MEDIA_TYPES)
"""Extensions of readable files, in lower case."""
HOLDERS = (".zip", ".eml")
"""Those that hold files, each of which is a document by itself, ``archive.zip/folder/file.txt``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file, or of a file inside it, whose path in there ``member`` is.

    There is a ``document``, or a ``problem`` in a sentence, or it was ``left_out`` as of a kind that is not read
    (then ``problem`` says more); with none of them it is ``unchanged``. ``sha256`` is of bytes that gave no document
    and would give none if they were read again.
    """

    member: str = ""
    document: Document | None = None
    problem: str = ""
    left_out: str = ""
    sha256: str = ""

    @property
    def unchanged(self) -> bool:
        return not (self.document or self.problem or self.left_out)


@dataclass(frozen=True, slots=True)
class Files:
    """The files below a folder: those to read, in order of their paths, and those left out, with their kind."""

    paths: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()


def read_document(path: Path, *, source: str | None = None) -> Document:
    """Read a file of any readable format; ``source`` is what people see, by default the file's name.

    Raises ``ReadError`` with the reason and what to do for a file that is no document. Files inside it are not read.
    """
    data = _checked(path)
    try:
        parsed = _parse(path.suffix, data)
        if not parsed.blocks:
            raise Unreadable(
                "holds no text." if not parsed.members else "holds files and no text of its own."
            )
    except Unreadable as error:
        raise ReadError(path, str(error)) from error
    return _document(parsed, path.name, data, source=source or path.name)


def read_file(
    path: Path,
    *,
    source: str,
    known: Mapping[str, str] | None = None,
    skip: Set[str] = frozenset(),
    begin: Callable[[str, int], None] = lambda member, size: None,
) -> Iterator[Outcome]:
    """Yield what becomes of a file and of the files inside it; the file itself comes last.

    ``known`` has the SHA-256 of members by path: one with the same bytes is unchanged and not read. Those in ``skip``
    are passed over. ``begin(member, bytes)`` is called before each is unpacked and before it is read.
    """
    try:
        data = _checked(path)
    except ReadError as error:
        yield Outcome(problem=error.reason)
        return
    yield from _Walk(source, known or {}, skip, begin).outcomes("", path.name, data)


@dataclass(slots=True)
class _Walk:
    """Reads a file and the files inside it, within limits for them all."""

    source: str
    known: Mapping[str, str]
    skip: Set[str]
    begin: Callable[[str, int], None]
    unpacked: int = 0

    def outcomes(self, member: str, name: str, data: bytes, depth: int = 0) -> Iterator[Outcome]:
        self.begin(member, len(data))
        try:
            parsed = _parse(PurePosixPath(name).suffix, data)
        except Unreadable as error:
            yield _without_document(member, error, data)
            return
        for inner in parsed.members:
            path = f"{member}/{inner.name}".lstrip("/")
            if path not in self.skip:
                yield from self._inner_outcomes(path, inner, depth + 1)
        if parsed.blocks:
            source = f"{self.source}/{member}".rstrip("/")
            yield Outcome(member, _document(parsed, name, data, source=source))
        elif not parsed.members:
            reason = "holds no text." if not name.lower().endswith(HOLDERS) else "is empty."
            yield _without_document(member, Unreadable(reason), data)

    def _inner_outcomes(self, path: str, inner: Member, depth: int) -> Iterator[Outcome]:
        try:
            kind = unreadable_kind(inner.name)
            if kind:
                yield Outcome(path, left_out=kind)
                return
            self.begin(path, inner.size)
            data = self._unpacked(inner, depth)
        except Unreadable as error:
            yield Outcome(path, problem=str(error))
            return
        if self.known.get(path) == hashlib.sha256(data).hexdigest():
            yield Outcome(path)  # a mail's own text comes after what is attached: that is known then, too
            yield from (Outcome(each) for each in self.known if each.startswith(f"{path}/"))
        else:
            yield from self.outcomes(path, inner.name, data, depth)

    def _unpacked(self, inner: Member, depth: int) -> bytes:
        """Return the bytes of a member, if they are within the limits."""
        if depth > MAX_DEPTH:
            raise Unreadable(f"stands deeper than {MAX_DEPTH} archives in each other; unpack them.")
        _check_size(inner.size)
        if self.unpacked + inner.size > MAX_UNPACKED_MB * 1_000_000:
            raise Unreadable(f"was not read: {MAX_UNPACKED_MB} MB of the archive are unpacked, not more.")
        data = inner.unpack()
        self.unpacked += len(data)
        _check_size(len(data))
        if _is_empty(data):
            raise Unreadable("is empty.")
        return data


def _without_document(member: str, error: Unreadable, data: bytes) -> Outcome:
    kind = error.kind if isinstance(error, NoDocument) else ""
    sha256 = "" if isinstance(error, NotNow) else hashlib.sha256(data).hexdigest()
    return Outcome(member, problem=str(error), left_out=kind, sha256=sha256)


def unreadable_kind(name: str) -> str:
    """Return the kind of a file that is not read, as ``.xyz`` or ``no extension``; "" for one that is.

    Pictures are read where tesseract is installed.
    """
    extension = PurePosixPath(name).suffix.lower()
    if extension in READABLE or (extension in ocr.PICTURES and ocr.is_available()):
        return ""
    return extension or "no extension"


def document_from_text(
    text: str, *, source: str, title: str = "", sha256: str = "", media_type: str = "text/plain"
) -> Document:
    """Return plain text as a document, without a file; control characters in it become spaces."""
    from qa.readers import txt

    parsed = txt.parse(clean(text))
    digest = sha256 or hashlib.sha256(parsed.text.encode()).hexdigest()
    return _made(parsed, source=source, title=title or parsed.title, sha256=digest, media_type=media_type)


def find_files(root: Path) -> Files:
    """Return the files under ``root``, readable ones and those left out; hidden ones are in neither list.

    A file given as ``root`` is there as it is, and so is a folder that cannot be listed: reading it says why.
    Links are followed, but no folder is entered twice.
    """
    if not root.is_dir():
        return Files((root,))
    paths: list[Path] = []
    left_out: list[LeftOut] = []
    for path in _walk(root, root.resolve(), set()):
        kind = "" if file_type(path) == stat.S_IFDIR else _kind(path)
        if kind:
            left_out.append(LeftOut(path.as_posix(), kind))
        else:
            paths.append(path)
    return Files(tuple(paths), tuple(left_out))


def file_type(path: Path) -> int:
    """Return what is at a path, as ``stat.S_IFREG``, links followed; 0 for what is not there or cannot be looked at."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return 0


def _kind(path: Path) -> str:
    """Return why a path is left out, "" if it is read, as one is that cannot be looked at: reading it says why."""
    found = file_type(path)
    if not found and os.path.lexists(path):
        return "broken link"
    return unreadable_kind(path.name) or ("no regular file" if found not in (0, stat.S_IFREG) else "")


def _walk(folder: Path, root: Path, entered: set[Path]) -> Iterator[Path]:
    """Yield the files below a folder, and the folders that cannot be listed."""
    entered.add(folder.resolve())
    try:
        paths = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError:
        yield folder
        return
    for path in paths:
        if path.name.startswith((".", "~$")):  # Word keeps a lock file "~$name.docx" beside an open document
            continue
        if file_type(path) == stat.S_IFDIR:
            if not _is_elsewhere(path, root, entered):
                yield from _walk(path, root, entered)
        else:
            yield path


def _is_elsewhere(folder: Path, root: Path, entered: set[Path]) -> bool:
    """Tell whether a link leads to a folder that is, or will be, entered under its own name."""
    real = folder.resolve()
    return real in entered or (folder.is_symlink() and (real == root or root in real.parents))


def _checked(path: Path) -> bytes:
    """Return the bytes of a file of a readable kind, not empty and not too large."""
    is_folder = file_type(path) == stat.S_IFDIR
    kind = "" if is_folder else unreadable_kind(path.name)
    if kind:
        raise ReadError(path, f"'{kind}' files cannot be read; readable are {' '.join(sorted(READABLE))}.")
    try:
        _check_size(path.stat().st_size)
        data = path.read_bytes()
    except Unreadable as error:
        raise ReadError(path, str(error)) from error
    except OSError as error:
        what = "is a folder that cannot be listed" if is_folder else "cannot be opened"
        raise ReadError(path, f"{what} ({error.strerror}).") from error
    if _is_empty(data):
        raise ReadError(path, "is empty.")
    return data


def _is_empty(data: bytes) -> bool:
    """Tell whether there is nothing but white space or a byte order mark."""
    return not data.strip() or any(data == mark for mark, _ in MARKS)


def _check_size(size: int) -> None:
    if size > MAX_FILE_MB * 1_000_000:
        raise Unreadable(
            f"is {size / 1e6:,.0f} MB long; {MAX_FILE_MB} MB can be read. Split it and add the parts."
        )


def _parse(extension: str, data: bytes) -> Parsed:
    """Read bytes by their format; every failure is an ``Unreadable``."""
    try:
        if extension.lower() in ocr.PICTURES:
            return ocr.parse(data, kind=extension.lower())
        return _PARSERS[_MEDIA_TYPES[extension.lower()]](data)
    except Unreadable:
        raise
    except MemoryError as error:
        raise NotNow("needs more memory to be read than there is for a file. Split it.") from error
    except RecursionError as error:
        raise Unreadable("nests too deep to be read.") from error
    except Exception as error:  # a parser's bug: the file is named, the others go on
        reason = one_line(f"{type(error).__name__}: {error}".rstrip(": "), 120)
        raise Unreadable(f"cannot be read ({reason}).") from error


def _spoken(stem: str) -> str:
    """Return a file name as a title: ``annual_report-2024`` as "annual report 2024".

    Bytes of a name that are no UTF-8 come as halves of characters, which no text may hold.
    """
    return " ".join(stem.encode("utf-8", "replace").decode().replace("_", " ").split())


def _document(parsed: Parsed, name: str, data: bytes, *, source: str) -> Document:
    path = PurePosixPath(name)
    return _made(
        parsed,
        source=source,
        title=parsed.title or _spoken(path.stem),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=_MEDIA_TYPES.get(path.suffix.lower()) or _PICTURE_TYPES[path.suffix.lower()],
    )


_NO_AUTHORS = frozenset(
    ("python-docx", "openpyxl", "user", "admin", "administrator", "author", "unknown", "anonymous")
)
"""What programs write where nobody gave a name."""


def _made(parsed: Parsed, *, source: str, title: str, sha256: str, media_type: str) -> Document:
    author = "" if parsed.author.lower() in _NO_AUTHORS else parsed.author
    return Document(
        id=hashlib.sha256(f"{source}\0{parsed.text}".encode("utf-8", "surrogatepass")).hexdigest()[:32],
        source=source,
        title=shown(title),
        text=parsed.text,
        blocks=parsed.blocks,
        sha256=sha256,
        media_type=media_type,
        pages=parsed.pages,
        warnings=tuple(map(shown, parsed.warnings)),
        author=shown(author) or printed_author(parsed.text, parsed.blocks),
        date=parsed.date or printed_date(parsed.text, parsed.blocks) or parsed.changed,
        language=parsed.language,
    )


def _read_txt(data: bytes) -> Parsed:
    from qa.readers import txt

    decoded = decode(data)
    return _with_warnings(txt.parse(decoded.text), decoded)


def _read_md(data: bytes) -> Parsed:
    from qa.readers import md

    decoded = decode(data)
    return _with_warnings(md.parse(decoded.text), decoded)


def _read_html(data: bytes) -> Parsed:
    from qa.readers import html

    decoded = decode(data, declared=html.declared_charset(data))
    return _with_warnings(html.parse(decoded.text), decoded)


def _read_csv(data: bytes) -> Parsed:
    from qa.readers import csv

    decoded = decode(data)
    return _with_warnings(csv.parse(decoded.text), decoded)


def _read_json(data: bytes, *, lines: bool) -> Parsed:
    from qa.readers import json

    decoded = decode(data)
    return _with_warnings(json.parse(decoded.text, lines=lines), decoded)


def _read_bytes(module: str, data: bytes) -> Parsed:
    """Read a format that is no text: its module takes the bytes."""
    parsed: Parsed = import_module(f"qa.readers.{module}").parse(data)
    return parsed


def _with_warnings(parsed: Parsed, decoded: Decoded) -> Parsed:
    return replace(parsed, warnings=decoded.warnings + parsed.warnings)


_PARSERS: dict[str, Callable[[bytes], Parsed]] = {
    "text/plain": _read_txt,
    "text/markdown": _read_md,
    "text/html": _read_html,
    "text/csv": _read_csv,
    "text/tab-separated-values": _read_csv,
    "application/json": partial(_read_json, lines=False),
    "application/jsonl": partial(_read_json, lines=True),
    **{
        _MEDIA_TYPES[f".{module}"]: partial(_read_bytes, module)
        for module in ("docx", "pdf", "xlsx", "pptx", "odt", "epub", "rtf", "eml", "zip")
    },
}
"""Each loads its parser when first used: they cost more to import than all the rest."""
