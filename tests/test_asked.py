"""The questions that the project wrote about passages of the data: each is answered at its place."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from qa.encoder import StaticEncoder, load_token_encoder
from training.dev import ASKED, DevQuestion, DevSet, bare, half_of, key_of, load_asked
from training.extractor import Asked, Piece, add_asked

ROWS = [json.loads(row) for row in ASKED.read_text(encoding="utf-8").splitlines()]


def test_each_question_is_there_once_in_many_languages() -> None:
    assert len(ROWS) > 3000
    assert len({(row["passage"], row["text"]) for row in ROWS}) == len(ROWS)
    assert all(row["text"].strip() and 0 <= row["start"] < row["end"] for row in ROWS)
    assert sum(count >= 30 for count in Counter(row["lang"] for row in ROWS).values()) >= 25


def test_both_halves_are_asked() -> None:
    halves = Counter(half_of(row["passage"]) for row in ROWS)
    assert min(halves.values()) > 1000


def test_answers_stand_in_their_passages(data: Path) -> None:
    found = [load_asked(data, split=split) for split in ("train", "dev")]
    assert sum(len(each.questions) for each in found) == len(ROWS)
    for each in found:
        for question in each.questions:
            assert bare(question.answer)
            assert question.answer in each.passages[question.passage]


def test_what_is_reported_is_not_trained_on(data: Path) -> None:
    trained, reported = (set(load_asked(data, split=split).passages) for split in ("train", "dev"))
    assert trained
    assert reported
    assert not trained & reported


CANALS = (
    "The Erie Canal was opened in 1825. It runs for 584 kilometres from Albany to Buffalo.",
    "The Kiel Canal was opened in 1895. It is 98 kilometres long and joins two seas.",
    "The Corinth Canal was opened in 1893. It is 6.3 kilometres long.",
)


def test_the_reader_is_told_where_the_answer_is_beside_passages_that_lack_it() -> None:
    encoder = load_token_encoder()
    assert isinstance(encoder, StaticEncoder)
    keys = [key_of(text) for text in CANALS]
    found = DevSet(
        dict(zip(keys, CANALS, strict=True)),
        dict.fromkeys(keys, "en"),
        [
            DevQuestion("基尔运河是哪一年开通的？", "zh", keys[1], "en", "1895", "fit"),
            DevQuestion("How long is the Corinth Canal?", "en", keys[2], "en", "6.3 kilometres", "fit"),
        ],
    )
    pieces: list[Piece] = []
    asked: list[Asked] = []
    add_asked(DevSet(found.passages, found.langs, []), pieces, asked, encoder)
    assert (pieces, asked) == ([], [])
    only = DevSet(
        {keys[0]: CANALS[0]}, {keys[0]: "en"}, [replace(found.questions[1], passage=keys[0], answer="1825")]
    )
    add_asked(only, pieces, [], encoder)
    add_asked(found, pieces, asked, encoder)
    for one, answer in zip(asked, ("1895", "6.3 kilometres"), strict=True):
        piece = pieces[one.piece]
        start, end = int(piece.spans[one.first, 0]), int(piece.spans[one.last, 1])
        assert piece.whole[start:end].strip() == answer
        assert one.others == [0]
        assert answer not in pieces[0].whole
