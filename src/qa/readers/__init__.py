"""Bytes to ``Document``: one text, and blocks over it that know their page and headings.

Each format has a small module that returns ``Parsed``; this one opens files, refuses what is no document
with a sentence that says why, and puts the ``Document`` together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from qa.errors import ReadError
from qa.readers.building import Parsed, Unreadable
from qa.readers.encoding import Decoded, clean, decode
from qa.types import Document

MAX_FILE_MB = 200

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MEDIA_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".docx": _DOCX,
    ".pdf": "application/pdf",
}
READABLE = frozenset(_MEDIA_TYPES)
"""Extensions of readable files, in lower case."""


def read_document(path: Path, *, source: str | None = None) -> Document:
    """Read a file of any readable format; ``source`` is what people see, by default the file's name.

    Raises ``ReadError`` with the reason and what to do for a file that is no document.
    """
    extension = path.suffix.lower()
    if extension not in READABLE and not path.is_dir():
        raise ReadError(
            path, f"'{extension}' files cannot be read; readable are {' '.join(sorted(READABLE))}."
        )
    data = _bytes(path)
    try:
        parsed = _PARSERS[_MEDIA_TYPES[extension]](data)
    except Unreadable as error:
        raise ReadError(path, str(error)) from error
    if not parsed.blocks:
        raise ReadError(path, "holds no text.")
    return _document(
        parsed,
        source=source or path.name,
        title=parsed.title or _spoken(path.stem),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=_MEDIA_TYPES[extension],
    )


def document_from_text(
    text: str, *, source: str, title: str = "", sha256: str = "", media_type: str = "text/plain"
) -> Document:
    """Return plain text as a document, without a file; control characters in it become spaces."""
    from qa.readers import txt

    parsed = txt.parse(clean(text))
    digest = sha256 or hashlib.sha256(parsed.text.encode()).hexdigest()
    return _document(parsed, source=source, title=title or parsed.title, sha256=digest, media_type=media_type)


def iter_paths(root: Path) -> Iterator[Path]:
    """Yield the readable files under ``root`` in order of their paths, hidden ones left out.

    A file given as ``root`` is yielded as it is, and so is a folder that cannot be listed: reading it
    says why. Links are followed, but no folder is entered twice.
    """
    if root.is_dir():
        yield from _walk(root, root.resolve(), set())
    else:
        yield root


def _walk(folder: Path, root: Path, entered: set[Path]) -> Iterator[Path]:
    entered.add(folder.resolve())
    try:
        paths = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError:
        yield folder
        return
    for path in paths:
        if path.name.startswith((".", "~$")):  # Word keeps a lock file "~$name.docx" beside an open document
            continue
        if path.is_dir():
            if not _is_elsewhere(path, root, entered):
                yield from _walk(path, root, entered)
        elif path.suffix.lower() in READABLE and path.is_file():
            yield path


def _is_elsewhere(folder: Path, root: Path, entered: set[Path]) -> bool:
    """Tell whether a link leads to a folder that is, or will be, entered under its own name."""
    real = folder.resolve()
    return real in entered or (folder.is_symlink() and (real == root or root in real.parents))


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_MB * 1_000_000:
            reason = (
                f"is {size / 1e6:,.0f} MB long; {MAX_FILE_MB} MB can be read. Split it and add the parts."
            )
            raise ReadError(path, reason)
        data = path.read_bytes()
    except OSError as error:
        what = "is a folder that cannot be listed" if path.is_dir() else "cannot be opened"
        raise ReadError(path, f"{what} ({error.strerror}).") from error
    if not data.strip():
        raise ReadError(path, "is empty.")
    return data


def _spoken(stem: str) -> str:
    """Return a file name as a title: ``annual_report-2024`` as "annual report 2024".

    Bytes of a name that are no UTF-8 come as halves of characters, which no text may hold.
    """
    return " ".join(stem.encode("utf-8", "replace").decode().replace("_", " ").split())


def _document(parsed: Parsed, *, source: str, title: str, sha256: str, media_type: str) -> Document:
    return Document(
        id=hashlib.sha256(f"{source}\0{parsed.text}".encode("utf-8", "surrogatepass")).hexdigest()[:32],
        source=source,
        title=title,
        text=parsed.text,
        blocks=parsed.blocks,
        sha256=sha256,
        media_type=media_type,
        pages=parsed.pages,
        warnings=parsed.warnings,
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


def _read_docx(data: bytes) -> Parsed:
    from qa.readers import docx

    return docx.parse(data)


def _read_pdf(data: bytes) -> Parsed:
    from qa.readers import pdf

    return pdf.parse(data)


def _with_warnings(parsed: Parsed, decoded: Decoded) -> Parsed:
    return replace(parsed, warnings=decoded.warnings + parsed.warnings)


_PARSERS: dict[str, Callable[[bytes], Parsed]] = {
    "text/plain": _read_txt,
    "text/markdown": _read_md,
    "text/html": _read_html,
    _DOCX: _read_docx,
    "application/pdf": _read_pdf,
}
"""Each loads its parser when first used: they cost more to import than all the rest."""
