"""Uploaded files: a safe name, a place under the library, and one outcome a file."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from qa.errors import LibraryNotFound, QAError
from qa.library import UPLOADS
from qa.types import IndexReport
from qa.uploads import taking
from qa.web.render import FileOutcome
from qa.web.service import OnProgress, Service
from qa.web.strings import Strings
from qa.web.troubles import told, trouble_of

T = TypeVar("T")
SECONDS_BETWEEN_REPORTS = 0.3
MAX_NAME_BYTES = 200
"""File systems take 255; the rest is room for a suffix while a file is replaced."""

# Separators, what Windows refuses, controls, and invisible characters that can fake a name; the joiners
# that Persian and emoji need (U+200C, U+200D) stay.
_UNSAFE = re.compile(
    r'[/\\:*?"<>|]' + "|[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(name: str) -> str:
    """Return ``name`` as one that can only be a plain file of one folder, on any system.

    Letters of every script, spaces and emoji stay; ``../`` and hidden names do not.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    clean = _UNSAFE.sub("_", last).strip(" .")
    if not clean.strip("_"):
        clean = "document"
    if _RESERVED.match(clean):
        clean = f"_{clean}"
    return _shorten(clean)


def _shorten(name: str) -> str:
    """Return the name within ``MAX_NAME_BYTES`` of UTF-8, its extension kept."""
    stem, extension = Path(name).stem, Path(name).suffix
    room = MAX_NAME_BYTES - len(extension.encode())
    if room <= 0:
        return name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + extension


def take_upload(
    service: Service, file: Path, name: str, strings: Strings, *, on_progress: OnProgress | None = None
) -> FileOutcome:
    """Move ``file`` under the library as ``name``, add it, and say what became of it.

    A file that cannot be read leaves nothing behind; the one it was to replace comes back.
    """
    kept = service.path / UPLOADS / safe_name(name)
    outcome = FileOutcome(name, "failed")
    try:
        with suppress(LibraryNotFound):  # the first upload makes it
            service.documents()  # in the place of one that is gone, nothing is made
        with taking(kept) as previous:
            try:
                _place(file, kept, previous)
                outcome = _outcome(name, service.add(kept, on_progress=on_progress), strings)
            finally:
                _settle(kept, previous, keep=outcome.outcome != "failed")
    except QAError as error:
        outcome = FileOutcome(name, "failed", trouble_of(error, strings))
    except OSError as error:
        outcome = FileOutcome(name, "failed", told(strings.trouble_other, str(error), strings))
    return outcome


def follow(work: Callable[[OnProgress], T]) -> Iterator[float | T]:
    """Do ``work`` beside, yield the share done (0 to 1) now and then, and at the end its outcome."""
    share = 0.0

    def on_progress(done: int, total: int, _: str) -> None:
        nonlocal share
        share = done / total if total else 0.0

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work, on_progress)
        while not wait([future], timeout=SECONDS_BETWEEN_REPORTS).done:
            yield share
        yield future.result()


def _place(file: Path, kept: Path, previous: Path) -> None:
    if kept.exists():
        kept.replace(previous)
    shutil.move(file, kept)


def _settle(kept: Path, previous: Path, *, keep: bool) -> None:
    if keep:
        previous.unlink(missing_ok=True)
        return
    kept.unlink(missing_ok=True)
    if previous.exists():
        previous.replace(kept)


def _outcome(name: str, report: IndexReport, strings: Strings) -> FileOutcome:
    """Return what the report on a single file comes to; one that holds files fails only if none of them is read."""
    if report.failed and not (report.added or report.updated or report.unchanged):
        return FileOutcome(name, "failed", told(strings.trouble_file, report.failed[0].message, strings))
    words = " ".join(
        [
            *(problem.message for problem in report.warnings),
            *(f"{Path(problem.path).name} {problem.message}" for problem in report.failed),
        ]
    )
    warnings = told("", words, strings) if words else None
    if report.updated:
        return FileOutcome(name, "updated", warnings)
    if report.added:
        return FileOutcome(name, "added", warnings)
    return FileOutcome(name, "unchanged", warnings)
