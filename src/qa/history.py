"""Conversations of the page, kept for each user: what was asked, and which places answered it.

A turn names places of documents and holds none of their text. What is removed from the library is gone from here, too,
and what is shown again of a turn are the document's own words, or none. The file is a SQLite database of its own; its
name begins with a dot, so that indexing a folder around it never takes it for a document.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qa.errors import ConversationNotFound, HistoryError, QAError, beside, refused
from qa.tables import tables_made_by, tables_of
from qa.types import Reason, Span, Turn

FILE = ".history.sqlite"
MOST_CONVERSATIONS = 300
"""Of one user; the oldest go."""
MOST_TURNS = 200
"""Of one conversation; then another one begins."""
MOST_PLACES = 4
"""Of one turn beside its quote: the quoted passage, and the next ones."""
MOST_BYTES = 500_000_000
"""Of all users together: a page that many may use must not fill the disk."""

_APPLICATION_ID = 0x71614869
_FORMAT = 1
_PAGE_BYTES = 4096
_SCHEMA = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, user TEXT NOT NULL, begun TEXT NOT NULL, changed TEXT NOT NULL);
CREATE INDEX conversations_of ON conversations (user, changed);
CREATE TABLE turns (
  conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE, number INTEGER NOT NULL, asked TEXT NOT NULL,
  question TEXT NOT NULL, standalone TEXT NOT NULL, answered INTEGER NOT NULL, confidence REAL NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (conversation, number)
) WITHOUT ROWID;
CREATE TABLE places (
  conversation TEXT NOT NULL, number INTEGER NOT NULL, rank INTEGER NOT NULL, document TEXT NOT NULL,
  source TEXT NOT NULL, passage INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, marks TEXT NOT NULL,
  PRIMARY KEY (conversation, number, rank),
  FOREIGN KEY (conversation, number) REFERENCES turns ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX places_in ON places (source)
"""
_PRAGMAS = (
    "foreign_keys = ON",
    "secure_delete = ON",
    "trusted_schema = OFF",
    "cell_size_check = ON",
    f"max_page_count = {MOST_BYTES // _PAGE_BYTES}",
)
_QUOTE = 0
"""The rank of the quote's place; passages have theirs from 1."""


@dataclass(frozen=True, slots=True)
class PastPlace:
    """A quote or a passage of a turn; ``marks`` are the answering words of the quote."""

    document_id: str
    source: str
    passage_id: int
    span: Span
    marks: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A turn as it is kept. One that was ``answered`` and has no ``quote`` lost it with its document."""

    asked: str
    """UTC, ISO 8601."""
    question: str
    standalone: str
    answered: bool
    confidence: float
    quote: PastPlace | None = None
    passages: tuple[PastPlace, ...] = ()
    why: Reason | None = None
    """Without its source: that is the document of the first passage."""


@dataclass(frozen=True, slots=True)
class PastConversation:
    """A line of the list of conversations; ``title`` is its first question, the times are UTC, ISO 8601."""

    id: str
    title: str
    begun: str
    changed: str
    turns: int


class History:
    """The conversations beside one library. Every call names the user, and reaches nothing of any other.

    Safe to use from several threads and processes.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._was_kept = False

    def conversations(self, user: str) -> list[PastConversation]:
        """Return the conversations of a user, the latest first."""
        if not self._is_kept():
            return []
        with self._opened() as database:
            rows = database.execute(
                """SELECT id, (SELECT question FROM turns WHERE conversation = id ORDER BY number LIMIT 1),
                          begun, changed, (SELECT count(*) FROM turns WHERE conversation = id)
                   FROM conversations WHERE user = ? ORDER BY changed DESC, rowid DESC""",
                (user,),
            ).fetchall()
        return [PastConversation(*row) for row in rows]

    def keep(self, user: str, conversation: str, turn: Turn) -> str:
        """Add a turn to a conversation of a user and return its id: another one's where it is none, gone or full.

        Raises:
            HistoryError: there is no room, or the file is damaged.
            LibraryGone: the folder of the library is gone.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            number = self._next(database, user, conversation)
            if not number:
                number, conversation = 1, secrets.token_hex(12)
                database.execute(
                    "INSERT INTO conversations VALUES (?, ?, ?, ?)", (conversation, user, now, now)
                )
                self._drop_oldest(database, user)
            database.execute("UPDATE conversations SET changed = ? WHERE id = ?", (now, conversation))
            _insert(database, conversation, number, now, turn)
            database.execute("COMMIT")
        return conversation

    def read(self, user: str, conversation: str) -> list[PastTurn]:
        """Return the turns of a conversation of a user.

        Raises:
            ConversationNotFound: the user has none of this id.
        """
        with self._opened(self._missing()) as database:
            database.execute("BEGIN")  # both tables from one state
            turns = database.execute(
                """SELECT number, asked, question, standalone, answered, confidence, why
                   FROM turns JOIN conversations ON id = conversation WHERE id = ? AND user = ? ORDER BY number""",
                (conversation, user),
            ).fetchall()
            if not turns:
                raise self._missing()
            places = database.execute(
                """SELECT number, rank, document, source, passage, start, "end", marks
                   FROM places WHERE conversation = ? ORDER BY number, rank""",
                (conversation,),
            ).fetchall()
        found: dict[int, list[tuple[int, PastPlace]]] = {}
        for number, rank, document, source, passage, start, end, marks in places:
            place = PastPlace(document, source, passage, Span(start, end), _spans(marks))
            found.setdefault(number, []).append((rank, place))
        return [_turn(row, found.get(row[0], [])) for row in turns]

    def remove(self, user: str, conversation: str) -> int:
        """Remove a conversation of a user for good, no byte of it stays in the file; return how many turns it had.

        Raises:
            ConversationNotFound: the user has none of this id.
        """
        with self._opened(self._missing()) as database:
            database.execute("BEGIN IMMEDIATE")
            count = database.execute(
                "SELECT count(*) FROM turns JOIN conversations ON id = conversation WHERE id = ? AND user = ?",
                (conversation, user),
            ).fetchone()[0]
            gone = database.execute(
                "DELETE FROM conversations WHERE id = ? AND user = ?", (conversation, user)
            )
            if not gone.rowcount:
                raise self._missing()
            database.execute("COMMIT")
        return int(count)

    def remove_user(self, user: str) -> int:
        """Remove all conversations of a user, so that nobody who gets the name later has them; return how many."""
        if not self._is_kept():
            return 0
        with self._opened() as database:
            return database.execute("DELETE FROM conversations WHERE user = ?", (user,)).rowcount

    def forget(self, sources: Collection[str]) -> None:
        """Take documents out of all conversations: no name and no place of them is left. The questions stay."""
        if not sources or not self._is_kept():
            return
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("DELETE FROM places WHERE source = ?", [(source,) for source in sources])
            database.execute("COMMIT")

    def sources(self) -> set[str]:
        """Return the documents that turns name.

        Raises:
            HistoryError: the file is damaged.
        """
        if not self._is_kept():
            return set()
        with self._opened() as database:
            return {source for (source,) in database.execute("SELECT DISTINCT source FROM places")}

    def copy_to(self, other: History) -> None:
        """Write the present state into another file, for its owner alone; others go on meanwhile.

        Raises:
            HistoryError: the file is damaged.
        """
        if not self._is_kept():
            return
        if problems := self.check():
            raise HistoryError(problems[0])
        with refused(other.path):
            os.close(os.open(other.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with self._opened() as database:
            database.execute("VACUUM INTO ?", (str(other.path),))

    def take(self, other: History, *, without: Collection[str] = ()) -> None:
        """Take over the conversations of another file that are not here, but none of the users ``without``.

        Raises:
            HistoryError: one of the files is damaged, or there is no room.
        """
        if not other._is_kept():
            return
        if problems := other.check():
            raise HistoryError(problems[0])
        with self._opened() as database:
            database.execute("ATTACH ? AS other", (str(other.path),))
            database.execute("BEGIN IMMEDIATE")
            new = database.execute(
                """SELECT id, user FROM other.conversations
                   WHERE id NOT IN (SELECT id FROM main.conversations)
                   AND user NOT IN (SELECT value FROM json_each(?))""",
                (json.dumps(list(without)),),
            ).fetchall()
            ids = json.dumps([conversation for conversation, _ in new])
            for table, column in (
                ("conversations", "id"),
                ("turns", "conversation"),
                ("places", "conversation"),
            ):
                database.execute(
                    f"""INSERT INTO main.{table} SELECT * FROM other.{table}
                        WHERE {column} IN (SELECT value FROM json_each(?))""",
                    (ids,),
                )
            for user in {user for _, user in new}:
                self._drop_oldest(database, user)
            database.execute("COMMIT")

    def check(self) -> list[str]:
        """Return what is wrong with the file, in sentences; nothing where there is none."""
        if not self._is_kept():
            return []
        try:
            with self._opened() as database:
                problems = [text for (text,) in database.execute("PRAGMA integrity_check(3)") if text != "ok"]
                strays = len(database.execute("PRAGMA foreign_key_check").fetchall())
        except QAError as error:
            return [str(error)]
        if strays:
            problems.append(f"{strays} rows belong to no conversation")
        damage = "; ".join(" ".join(problem.split()) for problem in problems)
        return (
            [f"'{self.path}' is damaged: {damage}. Move it away; new conversations begin another."]
            if damage
            else []
        )

    def _is_kept(self) -> bool:
        """Tell whether there is a file; one that was there and went with the library's folder is not just none.

        Raises:
            LibraryGone: it is such a one.
        """
        with beside(self.path):
            there = self.path.exists()
            if self._was_kept and not there and not self.path.parent.is_dir():
                raise FileNotFoundError(self.path)
            self._was_kept = self._was_kept or there
            return there

    @staticmethod
    def _next(database: sqlite3.Connection, user: str, conversation: str) -> int:
        """Return the number of the next turn, 0 where another conversation must begin."""
        count, last = database.execute(
            """SELECT count(*), max(number) FROM turns JOIN conversations ON id = conversation
               WHERE id = ? AND user = ?""",
            (conversation, user),
        ).fetchone()
        return last + 1 if 0 < count < MOST_TURNS else 0

    @staticmethod
    def _drop_oldest(database: sqlite3.Connection, user: str) -> None:
        database.execute(
            """DELETE FROM conversations WHERE id IN (
                 SELECT id FROM conversations WHERE user = ? ORDER BY changed DESC, rowid DESC LIMIT -1 OFFSET ?)""",
            (user, MOST_CONVERSATIONS),
        )

    @contextmanager
    def _opened(self, missing: ConversationNotFound | None = None) -> Iterator[sqlite3.Connection]:
        """Open the file for one call, making it unless ``missing`` is to be raised; what is not committed is undone."""
        if missing and not self._is_kept():
            raise missing
        with beside(self.path):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        try:
            with closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as database:
                for pragma in _PRAGMAS:
                    database.execute(f"PRAGMA {pragma}")
                self._check(database)
                yield database
        except sqlite3.Error as error:
            raise HistoryError(
                f"'{self.path}' cannot be used: {error}. Check space and permissions; a damaged one, move away."
            ) from error

    def _check(self, database: sqlite3.Connection) -> None:
        """Make the tables of a new file; refuse one that holds others, since a trigger would act when we write."""
        if not database.execute("PRAGMA application_id").fetchone()[0] and not tables_of(database):
            database.execute("BEGIN IMMEDIATE")
            if not tables_of(database):  # nobody else has made them meanwhile
                _create(database)
            database.execute("COMMIT")
        made = [
            database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        ]
        if made != [_APPLICATION_ID, _FORMAT] or tables_of(database) != tables_made_by(_SCHEMA):
            raise HistoryError(
                f"'{self.path}' is not as this qa makes it: of another version, or edited by hand. Move it away."
            )

    @staticmethod
    def _missing() -> ConversationNotFound:
        return ConversationNotFound("There is no such conversation. It was removed, or it is another user's.")


def _create(database: sqlite3.Connection) -> None:
    for statement in _SCHEMA.split(";"):
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {_FORMAT}")


def _insert(database: sqlite3.Connection, conversation: str, number: int, now: str, turn: Turn) -> None:
    answer, quote = turn.answer, turn.answer.quote
    why = [answer.why.kind, answer.why.shared, answer.why.missed] if answer.why else None
    texts = [text.encode("utf-8", "replace").decode() for text in (turn.question, turn.standalone)]
    database.execute(
        "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (conversation, number, now, *texts, answer.answered, answer.confidence, json.dumps(why)),
    )
    places = [
        (rank, hit.passage.document_id, hit.source, hit.passage.id, hit.start, hit.end, "[]")
        for rank, hit in enumerate(answer.hits[:MOST_PLACES], _QUOTE + 1)
    ]
    if quote:
        marks = json.dumps([[mark.start, mark.end] for mark in quote.highlights])
        span = quote.span
        places.append(
            (_QUOTE, quote.document_id, quote.source, quote.passage_id, span.start, span.end, marks)
        )
    database.executemany(
        "INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(conversation, number, *place) for place in places],
    )


def _turn(row: tuple[int, str, str, str, int, float, str], places: list[tuple[int, PastPlace]]) -> PastTurn:
    _, asked, question, standalone, answered, confidence, why = row
    told = json.loads(why)
    return PastTurn(
        asked,
        question,
        standalone,
        bool(answered),
        confidence,
        quote=next((place for rank, place in places if rank == _QUOTE), None),
        passages=tuple(place for rank, place in places if rank != _QUOTE),
        why=Reason(told[0], "", tuple(told[1]), tuple(told[2])) if told else None,
    )


def _spans(marks: str) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in json.loads(marks))
