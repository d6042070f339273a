"""One exception tree; every message says what, which value, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class QAError(Exception):
    """Everything that qa raises on purpose; the command line prints it as one sentence."""


class ReadError(QAError):
    """A file cannot be read as a document."""

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(f"{self.path}: {reason}")


class EncoderNotFound(QAError):
    """A model name leads to no model that can be loaded."""


class EncoderMismatch(QAError):
    """A library's vectors were made by another encoder than the one given."""


class LibraryNotFound(QAError):
    """There is no library at the path."""


class LibraryGone(QAError):
    """A library that was open is no longer at its place: its disk was taken out, or its folder moved or removed."""


class LibraryCorrupt(QAError):
    """A file of the library is damaged, foreign, or of an unknown format version."""


class LibraryLocked(QAError):
    """Another process is writing to the library."""


class ScopeError(QAError):
    """No document is in the scope of a question, or the scope is malformed."""


class DocumentNotFound(QAError):
    """No document of the library has this source or id."""


class QuoteMismatch(QAError):
    """A quote differs from the stored document; it must not be shown."""

    def __init__(self, source: str, start: int, end: int) -> None:
        super().__init__(
            f"The quote of '{source}' [{start}:{end}] differs from the stored text and is not shown. "
            "Check the library: qa doctor"
        )


class QuestionError(QAError):
    """A question is empty or too long, or a question set is malformed."""


class FeedbackError(QAError):
    """A verdict on an answer is malformed, or there is no room to keep it."""


class HistoryError(QAError):
    """The file of the conversations is damaged or full."""


class ConversationNotFound(QAError):
    """A user has no conversation of this id."""


class ConfigError(QAError):
    """A setting has a value that cannot be used."""


def is_file_there(path: Path) -> bool:
    """Tell whether a file is there; a ``QAError`` where that cannot be seen, which is not the same as no file."""
    with refused(path):
        return path.exists()


@contextmanager
def beside(path: Path) -> Iterator[None]:
    """As ``refused``, for a file beside a library: where its folder is gone, it raises ``LibraryGone``."""
    try:
        with refused(path):
            yield
    except FileNotFoundError as error:
        raise LibraryGone(
            f"'{path.name}' cannot be used: the library's folder '{path.parent}' is gone. Put it back, or restore a "
            "backup there."
        ) from error


@contextmanager
def refused(path: str | Path) -> Iterator[None]:
    """Turn what the machine refuses (a full disk, a missing permission, a failing disk) into a ``QAError``.

    A file that is not there stays a ``FileNotFoundError``: it is for the caller to say what that means.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise QAError(
            f"'{path}' cannot be used: {reason}. Check free space, permissions and the disk."
        ) from error
