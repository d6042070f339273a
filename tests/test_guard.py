"""What the layers before the server count and forget."""

from __future__ import annotations

import pytest

from qa import guard
from qa.guard import Conversations, Rate
from qa.users import User

ANNA, BEN = User("anna"), User("ben")


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(guard.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_rate_gives_so_many_at_once_and_so_many_a_minute(clock: Clock) -> None:
    rate = Rate(60, 3)
    for _ in range(3):
        assert rate.wait("a") == 0
        rate.take("a")
    assert rate.wait("a") == 1
    assert rate.wait("b") == 0
    clock.now += 1
    assert rate.wait("a") == 0
    clock.now += 1000
    for _ in range(3):
        rate.take("a")
    assert rate.wait("a") == 1


def test_conversation_is_of_the_user_who_began_it() -> None:
    conversations = Conversations(lambda session: None)
    assert conversations.is_of("s", ANNA, "1")
    assert not conversations.is_of("s", BEN, "1")
    assert conversations.is_of("s", ANNA, "2")


def test_events_on_their_way_are_counted_until_somebody_hears_their_end() -> None:
    conversations = Conversations(lambda session: None)
    conversations.is_of("s", ANNA, "1")
    assert [conversations.begin("s") for _ in range(6)] == [True] * 5 + [False]
    conversations.listen("s", 1)
    conversations.end("s", 2)
    assert [conversations.begin("s") for _ in range(3)] == [True, True, False]
    conversations.listen("s", -1)
    assert conversations.begin("s")


def test_what_nobody_listens_to_is_forgotten_after_a_minute(clock: Clock) -> None:
    forgotten: list[str] = []
    conversations = Conversations(forgotten.append)
    for number in range(25):
        conversations.is_of(f"s{number}", ANNA, "1")
        assert all(conversations.begin(f"s{number}") for _ in range(4))
    conversations.is_of("heard", ANNA, "1")
    conversations.listen("heard", 1)
    assert not conversations.begin("heard")
    clock.now += 61
    assert conversations.begin("heard")
    assert forgotten == [f"s{number}" for number in range(25)]


def test_oldest_conversations_of_a_caller_are_forgotten_and_nobody_elses() -> None:
    forgotten: list[str] = []
    conversations = Conversations(forgotten.append)
    conversations.is_of("bens", BEN, "2")
    for number in range(Conversations.FOR_CALLER + 2):
        conversations.is_of(f"s{number}", ANNA, "1")
    assert forgotten == ["s0", "s1"]
    assert not conversations.is_of("bens", ANNA, "1")
