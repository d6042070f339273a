"""One exception tree; every message says what, which value, and what to do next."""

from __future__ import annotations

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


class LibraryCorrupt(QAError):
    """A file of the library is damaged, foreign, or of an unknown format version."""


class LibraryLocked(QAError):
    """Another process is writing to the library."""


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


class ConfigError(QAError):
    """A setting has a value that cannot be used."""
