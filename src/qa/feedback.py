"""What people said about answers: JSON lines beside the library, appended one at a time.

A line names a place of a document, and holds none of its text: what is removed from the library is gone
from here, too.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qa.errors import FeedbackError, beside, is_file_there, refused
from qa.types import Answer, Span

RIGHT, WRONG = "right", "wrong"
FILE, LOCK = "feedback.jsonl", "feedback.lock"
MOST_BYTES = 20_000_000
"""A page that is open to many must not fill the disk."""
LONGEST_TEXT = 2000
MOST_MARKS = 50
LONGEST_ID = 16


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict on one answer: the quote shown was right or wrong, or it was right or wrong to show none.

    ``document_id`` and ``span`` are the place of the quote (empty and None for an abstention), ``highlights``
    its marked words. ``expected`` is what the answer should have been and ``note`` anything else, in the
    person's words. ``replaces`` is the ``id`` of an earlier verdict that the same person changed or added to.
    ``id``, ``given`` (UTC, ISO 8601) and ``source`` are filled in when it is kept.
    """

    question: str
    verdict: str
    document_id: str = ""
    span: Span | None = None
    highlights: tuple[Span, ...] = ()
    confidence: float | None = None
    answered: bool = False
    expected: str = ""
    note: str = ""
    source: str = ""
    id: str = ""
    given: str = ""
    replaces: str = ""

    @classmethod
    def on(cls, answer: Answer, verdict: str, *, expected: str = "", note: str = "") -> Feedback:
        """Return a verdict on ``answer``: ``right`` or ``wrong``."""
        quote = answer.quote
        return cls(
            question=answer.question,
            verdict=verdict,
            document_id=quote.document_id if quote else "",
            span=quote.span if quote else None,
            highlights=quote.highlights if quote else (),
            confidence=answer.confidence,
            answered=quote is not None,
            expected=expected,
            note=note,
        )

    def without_place(self) -> Feedback:
        """Return the verdict without the document that it was about."""
        return replace(self, document_id="", source="", span=None, highlights=())

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "given": self.given,
            "question": self.question,
            "verdict": self.verdict,
            "answered": self.answered,
            "document_id": self.document_id,
            "source": self.source,
            "span": [self.span.start, self.span.end] if self.span else None,
            "highlights": [[mark.start, mark.end] for mark in self.highlights],
            "confidence": self.confidence,
            "expected": self.expected,
            "note": self.note,
            "replaces": self.replaces,
        }


class FeedbackStore:
    """The verdicts of one library. Several processes may add to it at once; none loses another's line."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = folder / LOCK

    def add(self, feedback: Feedback) -> Feedback:
        """Keep a verdict and return it as it is kept.

        Raises:
            FeedbackError: it is malformed, or the file is full.
            LibraryGone: the folder of the library is gone.
        """
        kept = replace(
            _checked(feedback),
            id=secrets.token_hex(LONGEST_ID // 2),
            given=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        line = (json.dumps(kept.to_dict(), ensure_ascii=False) + "\n").encode("utf-8", "replace")
        with self._locked():
            size = self.path.stat().st_size if is_file_there(self.path) else 0
            if size + len(line) > MOST_BYTES:
                raise FeedbackError(
                    f"{self.path} is full. Turn it into questions (qa questions from-feedback), then move it away."
                )
            if size and not _ends_whole(self.path):
                line = (
                    b"\n" + line
                )  # the line before was cut short by a crash; it must not take this one along
            _append(self.path, line)
        return kept

    def read(self) -> list[Feedback]:
        """Return what was given, the oldest first. A line that a crash cut short is left out."""
        return [feedback for _, feedback in self._lines() if feedback is not None]

    def check(self) -> list[str]:
        """Return which lines cannot be read, in sentences."""
        return [
            f"{self.path}, line {number}: this is no feedback and is left out."
            for number, feedback in self._lines()
            if feedback is None
        ]

    def take(self, other: FeedbackStore) -> int:
        """Take over the verdicts of another store that are not here; return how many there were."""
        with self._locked():
            known = {feedback.id for feedback in self.read()}
            new = [feedback for feedback in other.read() if feedback.id not in known]
            lines = [(json.dumps(each.to_dict(), ensure_ascii=False) + "\n").encode() for each in new]
            if new:
                before = self.path.read_bytes() if is_file_there(self.path) else b""
                replace_file(self.path, b"".join([before, *lines]))
        return len(new)

    def mend(self) -> int:
        """Take out the lines that cannot be read; return how many there were."""
        if not is_file_there(self.path):
            return 0
        with self._locked():
            lines = self.path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if not line.strip() or _read(line) is not None]
            if len(kept) < len(lines):
                replace_file(self.path, b"".join(kept))
            return len(lines) - len(kept)

    def forget(self, sources: Collection[str]) -> int:
        """Take documents out of the verdicts on them; return how many verdicts that concerned.

        The questions stay, as people asked them; of the documents no name and no place is left.
        """
        if not is_file_there(self.path):
            return 0
        with self._locked():
            lines = self.path.read_bytes().splitlines(keepends=True)
            kept = [_forgotten(line, sources) for line in lines]
            changed = sum(before != after for before, after in zip(lines, kept, strict=True))
            if changed:
                replace_file(self.path, b"".join(kept))
            return changed

    def sources(self) -> set[str]:
        """Return the documents that verdicts are on."""
        return {feedback.source for feedback in self.read() if feedback.source}

    def _lines(self) -> Iterator[tuple[int, Feedback | None]]:
        if not is_file_there(self.path):
            return
        with refused(self.path), self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _read(line)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with beside(self.path):
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)


def replace_file(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file anew so that a crash leaves it as it was or as it shall be; ``mode`` is that of a new one."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    finally:
        with suppress(FileNotFoundError):
            new.unlink()
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(feedback: Feedback) -> Feedback:
    if feedback.verdict not in (RIGHT, WRONG):
        raise FeedbackError(f"A verdict is '{RIGHT}' or '{WRONG}', not '{feedback.verdict}'.")
    if not feedback.question.strip():
        raise FeedbackError("A verdict needs the question it is about.")
    for text in (feedback.question, feedback.expected, feedback.note):
        if len(text) > LONGEST_TEXT:
            raise FeedbackError(f"A text has {len(text)} characters; at most {LONGEST_TEXT} are kept.")
    if len(feedback.replaces) > LONGEST_ID:
        raise FeedbackError(f"'{feedback.replaces[:LONGEST_ID]}…' is no id of a verdict.")
    if len(feedback.highlights) > MOST_MARKS:
        raise FeedbackError(f"At most {MOST_MARKS} marks are kept.")
    return feedback


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _read(line: bytes) -> Feedback | None:
    try:
        value = json.loads(line)
        span = value["span"]
        return Feedback(
            question=str(value["question"]),
            verdict=str(value["verdict"]),
            document_id=str(value["document_id"]),
            span=Span(*span) if span else None,
            highlights=tuple(Span(*mark) for mark in value["highlights"]),
            confidence=value["confidence"],
            answered=bool(value["answered"]),
            expected=str(value["expected"]),
            note=str(value["note"]),
            source=str(value["source"]),
            id=str(value["id"]),
            given=str(value["given"]),
            replaces=str(value.get("replaces", "")),  # files of before have none
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # ``check`` names it


def _forgotten(line: bytes, sources: Collection[str]) -> bytes:
    feedback = _read(line)
    if feedback is None or feedback.source not in sources or not feedback.source:
        return line
    return (json.dumps(feedback.without_place().to_dict(), ensure_ascii=False) + "\n").encode(
        "utf-8", "replace"
    )
