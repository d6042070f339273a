"""The people who may sign in to a server: names, roles, and salted, slow hashes of their passwords.

They stand in one file beside the library that nobody else may read. It begins with a dot, so that indexing a
folder around it never takes it for a document.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from qa.errors import ConfigError, beside, refused
from qa.feedback import replace_file

FILE = ".users.json"
LOCK = ".users.lock"
READER, EDITOR = "reader", "editor"
ROLES = (READER, EDITOR)
LONGEST_NAME = 64
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1000
SESSION_SECONDS = 7 * 24 * 3600

# What OWASP advises for scrypt: 32 MiB and about a quarter of a second for each guess.
_COST = {"n": 2**15, "r": 8, "p": 3, "maxmem": 64 * 2**20}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody and what they may do: a reader asks, an editor also adds and removes documents."""

    name: str
    role: str = READER

    @property
    def edits(self) -> bool:
        return self.role == EDITOR


@dataclass(frozen=True, slots=True)
class _Record:
    """One user as kept; ``hash`` is empty for one whom a proxy signs in, ``epoch`` grows as sessions are ended."""

    role: str
    salt: str = ""
    hash: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    secret: str = ""
    users: dict[str, _Record] = field(default_factory=dict)


class Users:
    """The users of the library in ``folder``; safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._seen: tuple[tuple[int, int, int], _Kept] | None = None

    def list(self) -> list[User]:
        """Return all users, by name."""
        return [User(name, record.role) for name, record in sorted(self._read().users.items())]

    def find(self, name: str) -> User | None:
        """Return a user by name."""
        record = self._read().users.get(_normal(name))
        return User(_normal(name), record.role) if record else None

    def put(self, name: str, role: str, password: str | None) -> bool:
        """Add a user, or give one another role and password, which ends their sessions; say whether it is a new one.

        Without a password they can only be signed in by a proxy.

        Raises:
            ConfigError: the name, the role or the password cannot be used.
        """
        name = _checked_name(name)
        if role not in ROLES:
            raise ConfigError(f"The role is '{role}'; give one of {', '.join(ROLES)}.")
        if password is not None:
            _check_password(password, name)
        salt = secrets.token_hex(16) if password is not None else ""
        digest = _hash(password, salt) if password is not None else ""
        with self._changing() as kept:
            before = kept.users.get(name)
            epoch = before.epoch + 1 if before else 0
            kept.users[name] = _Record(role, salt, digest, epoch)
        return before is None

    def remove(self, name: str) -> str:
        """Remove a user and return their name as it was kept; their sessions end at once.

        Raises:
            ConfigError: there is no such user.
        """
        with self._changing() as kept:
            if kept.users.pop(_normal(name), None) is None:
                raise ConfigError(f"There is no user '{name}'. See who there is: qa user list")
        return _normal(name)

    def take(self, other: Users) -> None:
        """Take over the users of another library if there are none here; their sessions are not valid here."""
        users = other._read().users
        if users and not self._read().users:
            with self._changing() as kept:
                kept.users.update(users)

    def check(self, name: str, password: str) -> User | None:
        """Return the user whom name and password belong to; a wrong name takes as long as a wrong password."""
        name = _normal(name)
        record = self._read().users.get(name)
        known = record is not None and record.hash != ""
        salt, expected = (record.salt, record.hash) if record and known else ("00" * 16, "00" * 32)
        given = _hash(password[:LONGEST_PASSWORD], salt)
        if hmac.compare_digest(given, expected) and record and known:
            return User(name, record.role)
        return None

    def seal(self, name: str) -> str:
        """Return what changes with a user's password, role and sessions, and tells nothing about them."""
        kept = self._read()
        record = kept.users.get(_normal(name))
        return _signed(kept, _normal(name), record, "seal") if record else ""

    def open_session(self, name: str) -> str:
        """Return the signed token of a new session of a user."""
        kept, name = self._read(), _normal(name)
        until = str(int(time.time()) + SESSION_SECONDS)
        owner = base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")
        return f"{owner}.{until}.{_signed(kept, name, kept.users[name], until)}"

    def of_session(self, token: str) -> User | None:
        """Return whose session a token is; None if it is forged, old, or was ended."""
        owner, _, rest = token.partition(".")
        until, _, signature = rest.partition(".")
        try:
            name = base64.urlsafe_b64decode(owner + "=" * (-len(owner) % 4)).decode()
            expired = int(until) < time.time()
        except ValueError:
            return None
        kept = self._read()
        record = kept.users.get(name)
        if record is None or not hmac.compare_digest(
            signature.encode(), _signed(kept, name, record, until).encode()
        ):
            return None
        return None if expired else User(name, record.role)

    def mark(self) -> str:
        """Return what tells this file of users from others."""
        return hashlib.sha256(self._read().secret.encode()).hexdigest()[:8]

    def end_sessions(self, name: str) -> None:
        """End all sessions of a user, on every machine."""
        with self._changing() as kept:
            record = kept.users.get(_normal(name))
            if record:
                kept.users[_normal(name)] = replace(record, epoch=record.epoch + 1)

    def _read(self) -> _Kept:
        """Return the file's users; it is read again only when it changed.

        Raises:
            LibraryGone: there were some, and the folder of the library is gone.
        """
        with beside(self.path):
            try:
                state = self.path.stat()
            except FileNotFoundError:
                if self._seen and not self.path.parent.is_dir():
                    raise
                return _Kept()
            version = (state.st_mtime_ns, state.st_size, state.st_ino)
            if self._seen is None or self._seen[0] != version:
                self._seen = version, _parsed(self.path.read_bytes(), self.path)
        return self._seen[1]

    @contextmanager
    def _changing(self) -> Iterator[_Kept]:
        """Let one process at a time change the users; they are written when the block ends well."""
        with refused(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path.with_name(LOCK), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                before = self._read()
                kept = _Kept(before.secret or secrets.token_hex(32), dict(before.users))
                yield kept
                value = {
                    "secret": kept.secret,
                    "users": {name: asdict(each) for name, each in kept.users.items()},
                }
                replace_file(self.path, json.dumps(value, ensure_ascii=False, indent=1).encode(), mode=0o600)
            finally:
                os.close(descriptor)


def _parsed(content: bytes, path: Path) -> _Kept:
    try:
        value = json.loads(content)
        users = {str(name): _Record(**record) for name, record in value["users"].items()}
        if not all(record.role in ROLES and isinstance(record.epoch, int) for record in users.values()):
            raise ValueError("a role is unknown")
        for digits in (value["secret"], *(record.salt + record.hash for record in users.values())):
            bytes.fromhex(digits)
        return _Kept(value["secret"], users)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"'{path}' is damaged, and nobody can sign in. Move it away and add the users again: qa user add NAME"
        ) from error


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _checked_name(name: str) -> str:
    name = _normal(name)
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or ":" in name or name != name.strip():
        raise ConfigError(
            f"{name!r} cannot be a name; give 1 to {LONGEST_NAME} printable characters without a colon."
        )
    return name


def _check_password(password: str, name: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ConfigError(
            f"The password has {len(password)} characters; give {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}."
        )
    if password.casefold() == name.casefold() or len(set(password)) == 1:
        raise ConfigError("This password would be guessed at once; give another.")


def _hash(password: str, salt: str) -> str:
    # NFKC: the same letters typed on another keyboard may be composed in another way.
    # A last byte, because HMAC pads with zeros: "x" and "x\0" would be one password.
    given = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass") + b"\x01"
    return hashlib.scrypt(given, salt=bytes.fromhex(salt), dklen=32, **_COST).hex()


def _signed(kept: _Kept, name: str, record: _Record, until: str) -> str:
    about = json.dumps([name, until, record.role, record.salt, record.hash, record.epoch]).encode()
    return hmac.new(bytes.fromhex(kept.secret), about, hashlib.sha256).hexdigest()
