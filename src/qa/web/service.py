"""What the page and the server ask of ``qa.service.QA``, as protocols: tests stand in for it with fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from qa.feedback import Feedback
from qa.types import Answer, Document, DocumentInfo, Hit, IndexReport, Receipt, Scope, Turn

OnProgress = Callable[[int, int, str], None]


def may_edit(scope: Mapping[str, Any]) -> bool:
    """Say whether who sent a request may change documents and have the machine work for long.

    Who signs people in puts a user with ``edits`` into the ``scope`` of the request; where nobody does, all may.
    """
    user = scope.get("user")
    return user is None or bool(user.edits)


def kept_for(scope: Mapping[str, Any]) -> str | None:
    """Return for whom conversations are kept: a user's name, "" for all who use this machine, None for nobody.

    Strangers whom ``--allow-remote`` lets read have no name to be told apart by.
    """
    user = scope.get("user")
    return user.name if user is not None and (user.name or user.edits) else None


class Talk(Protocol):
    """A conversation: questions may refer to earlier ones."""

    def ask(self, question: str, *, alone: bool = False, scope: Scope | None = None) -> Turn:
        """Answer a question; with ``alone`` it refers to nothing before it, with ``scope`` from some documents."""
        ...


class Service(Protocol):
    """The part of ``QA`` that is shown to the network."""

    @property
    def path(self) -> Path:
        """The folder of the library."""
        ...

    def ask(self, question: str, *, scope: Scope | None = None) -> Answer: ...

    def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]: ...

    def document(self, source: str) -> Document:
        """Return a document with its text, by source or id."""
        ...

    def find(self, source: str) -> DocumentInfo:
        """Return a line of the list of documents, by source or id."""
        ...

    def documents(self) -> list[DocumentInfo]: ...

    def add(self, path: Path, *, on_progress: OnProgress | None = None) -> IndexReport: ...

    def remove(self, source: str) -> Receipt:
        """Remove a document by its source or id; the receipt says what is gone."""
        ...

    def chat(self, turns: Sequence[Turn] = ()) -> Talk:
        """Begin a conversation, or go on after ``turns``."""
        ...

    def give_feedback(self, feedback: Feedback) -> Feedback: ...
