"""The dialogues over the sample corpus: their answers stand in it, and follow-ups fare as if written out."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from benchmarks.conversation.dialogues import FIRST, FOLLOW_UP, TOPIC, half_of, load_dialogues
from benchmarks.conversation.run import Outcome, hold
from qa import QA

CORPUS = Path(__file__).parent.parent / "corpus"
DIALOGUES = load_dialogues(CORPUS / "dialogues.jsonl")


@pytest.fixture(scope="module")
def qa(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with QA.open(tmp_path_factory.mktemp("dialogues") / "index") as opened:
        opened.sync(CORPUS)
        yield opened


@pytest.fixture(scope="module")
def outcomes(qa: QA) -> list[Outcome]:
    ask = cache(qa.ask)
    return [outcome for dialogue in DIALOGUES for outcome in hold(dialogue, qa, ask)]


def test_there_are_enough_dialogues_in_enough_languages() -> None:
    assert len(DIALOGUES) >= 60
    assert all(2 <= len(dialogue.turns) <= 4 for dialogue in DIALOGUES)
    assert len({dialogue.id for dialogue in DIALOGUES}) == len(DIALOGUES)
    held = {dialogue.lang for dialogue in DIALOGUES if dialogue.half == "final"}
    assert held >= {"zh", "zh-hant", "en", "es", "fr", "de", "ru", "ar", "ja", "ko"}


def test_the_half_of_a_dialogue_is_told_by_its_id() -> None:
    assert all(dialogue.half == half_of(dialogue.id) for dialogue in DIALOGUES)
    halves = Counter(dialogue.half for dialogue in DIALOGUES)
    assert min(halves.values()) >= 0.45 * len(DIALOGUES)


def test_only_follow_ups_differ_from_their_written_out_form() -> None:
    for dialogue in DIALOGUES:
        kinds = [turn.kind for turn in dialogue.turns]
        assert kinds[0] == FIRST
        assert set(kinds[1:]) <= {FOLLOW_UP, TOPIC}
        for turn in dialogue.turns:
            assert (turn.question != turn.standalone) == (turn.kind == FOLLOW_UP), turn.question


def test_every_answer_stands_in_its_source(qa: QA) -> None:
    texts = {info.source: "".join(qa.document(info.source).text.split()) for info in qa.documents()}
    for dialogue in DIALOGUES:
        for turn in dialogue.turns:
            answers = ["".join(answer.split()) for answer in turn.answers]
            held = {
                source: [answer for answer in answers if answer in texts[source]] for source in turn.sources
            }
            assert all(held.values()), f"{dialogue.id}: {turn.question} has no answer in {held}"
            assert set(answers) == set().union(*held.values()), f"{dialogue.id}: {turn.answers}"


@pytest.mark.parametrize("half", ["fit", "final"])
def test_follow_ups_are_answered_as_if_written_out(outcomes: list[Outcome], half: str) -> None:
    asked = [one for one in outcomes if one.asked.kind == FOLLOW_UP and one.dialogue.half == half]
    right = sum(one.asked.is_quote(one.turn.answer) for one in asked)
    written = sum(one.asked.is_quote(one.written) for one in asked)
    assert right >= 0.8 * written
    assert sum(one.decided for one in asked) >= 0.85 * len(asked)


@pytest.mark.parametrize("half", ["fit", "final"])
def test_topic_changes_are_not_harmed(outcomes: list[Outcome], half: str) -> None:
    asked = [one for one in outcomes if one.asked.kind == TOPIC and one.dialogue.half == half]
    right = sum(one.asked.is_quote(one.turn.answer) for one in asked)
    alone = sum(one.asked.is_quote(one.alone) for one in asked)
    assert right >= 0.95 * alone
    assert sum(one.decided for one in asked) >= 0.9 * len(asked)
