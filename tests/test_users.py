"""Users in a file: what is kept of a password, and which sessions hold."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from qa import users as module
from qa.errors import ConfigError
from qa.users import FILE, User, Users

PASSWORD = "tall green reeds"


@pytest.fixture
def users(tmp_path: Path) -> Users:
    users = Users(tmp_path / "index")
    users.put("anna", "editor", PASSWORD)
    return users


def test_only_the_right_password_signs_in(users: Users) -> None:
    assert users.check("anna", PASSWORD) == User("anna", "editor")
    for name, password in (
        ("anna", PASSWORD + " "),
        ("anna", PASSWORD + "\0"),
        ("anna", "\0" + PASSWORD),
        ("anna", ""),
        ("Anna", PASSWORD),
        ("", PASSWORD),
        ("bob", PASSWORD),
    ):
        assert users.check(name, password) is None


def test_composed_and_decomposed_letters_are_one(users: Users) -> None:
    users.put("Zoe\u0308", "reader", "cafe\u0301 au lait")
    assert users.check("Zo\u00eb", "caf\u00e9 au lait") == User("Zo\u00eb", "reader")


def test_file_holds_no_password_and_is_for_its_owner_alone(users: Users) -> None:
    assert PASSWORD not in users.path.read_text()
    assert users.path.stat().st_mode & 0o777 == 0o600
    assert users.path.name.startswith(".")


def test_one_password_of_two_users_gives_two_hashes_made_slowly(users: Users) -> None:
    users.put("ben", "reader", PASSWORD)
    kept = json.loads(users.path.read_text())["users"]
    assert kept["anna"]["salt"] != kept["ben"]["salt"]
    assert kept["anna"]["hash"] != kept["ben"]["hash"]
    started = time.process_time()
    users.check("anna", "wrong")
    assert time.process_time() - started > 0.05


def test_unknown_name_takes_as_long_as_a_wrong_password(users: Users) -> None:
    def seconds(name: str) -> float:
        started = time.process_time()
        users.check(name, "wrong")
        return time.process_time() - started

    assert 0.3 < min(seconds("anna") for _ in range(3)) / min(seconds("nobody") for _ in range(3)) < 3


def test_user_whom_a_proxy_signs_in_has_no_password(users: Users) -> None:
    users.put("ben", "editor", None)
    assert users.find("ben") == User("ben", "editor")
    for password in ("", "00" * 32, PASSWORD):
        assert users.check("ben", password) is None


def test_session_is_of_its_user_until_something_changes(users: Users) -> None:
    def opened() -> str:
        token = users.open_session("anna")
        assert users.of_session(token) == User("anna", "editor")
        return token

    token = opened()
    users.end_sessions("anna")
    assert users.of_session(token) is None
    token = opened()
    users.put("anna", "editor", PASSWORD)
    assert users.of_session(token) is None
    token = opened()
    users.remove("anna")
    assert users.of_session(token) is None
    users.put("anna", "editor", PASSWORD)
    assert users.of_session(token) is None


def test_session_outlives_the_process_and_not_its_time(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    token = users.open_session("anna")
    again = Users(users.path.parent)
    assert again.of_session(token) == User("anna", "editor")
    later = time.time() + module.SESSION_SECONDS + 1
    monkeypatch.setattr(module.time, "time", lambda: later)
    assert again.of_session(token) is None


def test_forged_sessions_are_nobodys(users: Users) -> None:
    users.put("ben", "reader", PASSWORD)
    owner, until, signature = users.open_session("ben").split(".")
    other = users.open_session("anna").split(".")
    forged = [
        f"{other[0]}.{until}.{signature}",
        f"{owner}.{int(until) + 1}.{signature}",
        f"{owner}.{until}.{signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
        f"{owner}.{until}.",
        f"{owner}.{until}.ä",
        f"{owner}.x.{signature}",
        f"{owner}.{'9' * 5000}.{signature}",
        "",
        ".",
        "..",
        "ä.1.x",
        "%%%.1.x",
        "/w.1.x",
    ]
    assert [users.of_session(token) for token in forged] == [None] * len(forged)


def test_change_by_another_process_counts_at_once(users: Users) -> None:
    token = users.open_session("anna")
    Users(users.path.parent).remove("anna")
    assert users.of_session(token) is None
    assert users.list() == []


def test_changes_at_the_same_time_are_all_kept(users: Users) -> None:
    names = [f"user {number}" for number in range(8)]
    threads = [threading.Thread(target=users.put, args=(name, "reader", None)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [user.name for user in users.list()] == ["anna", *names]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"secret": "0a", "users": {"anna": {"role": "owner"}}}',
        b'{"secret": "0a", "users": {"anna": {}}}',
        b'{"secret": "no hex", "users": {}}',
        b'{"secret": "0a", "users": {"anna": {"role": "editor", "salt": "x"}}}',
        b"\xff" * 100,
        b"[" * 100_000,
    ],
)
def test_damaged_file_lets_nobody_in_and_is_an_error_in_words(users: Users, content: bytes) -> None:
    token = users.open_session("anna")
    users.path.write_bytes(content)
    for ask in (lambda: users.check("anna", PASSWORD), lambda: users.of_session(token), users.list):
        with pytest.raises(ConfigError, match=FILE):
            ask()
