"""What is printed in several documents is shown once, with its places; what differs by one figure is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qa import QA
from qa.cli import app
from qa.config import Config
from qa.duplicates import Distinct
from qa.types import Duplicate, Hit, Passage, Scope, Span

MILL = "The mill on the river Orne was built in 1784. It ground corn until 1951."


class Fixed:
    """A retriever of given texts, in their order; it tells how many it was asked for."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.asked: list[int] = []

    def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]:
        self.asked.append(k)
        return [
            Hit(
                rank,
                1 / rank,
                Passage(f"d{rank}", Span(5, 5 + len(text)), text, page=rank, id=rank),
                f"{rank}.txt",
            )
            for rank, text in enumerate(self.texts[:k], start=1)
        ]


def test_hits_of_equal_text_are_one_with_the_places_of_the_others() -> None:
    hits = Distinct(Fixed("one text", "two", "one\n text", "three", "two")).search("?", k=3)
    assert [(hit.rank, hit.text) for hit in hits] == [(1, "one text"), (2, "two"), (3, "three")]
    assert [[place.source for place in hit.also] for hit in hits] == [["3.txt"], ["5.txt"], []]
    assert hits[0].also[0].to_dict() == {
        "source": "3.txt",
        "document_id": "d3",
        "page": 3,
        "start": 5,
        "end": 14,
    }


def test_copies_take_no_place_from_other_passages_and_where_there_are_none_one_search_is_enough() -> None:
    crowd = Fixed(*["copy"] * 9, "a", "b", "c")
    assert [hit.text for hit in Distinct(crowd).search("?", k=3)] == ["copy", "a", "b"]
    many = Fixed(*["copy"] * 1000, "a")
    assert [len(hit.also) for hit in Distinct(many).search("?", k=3)] == [111]
    assert many.asked == [7, 28, 112]
    plain = Fixed("a", "b", "c", "d")
    assert len(Distinct(plain).search("?", k=3)) == 3
    assert plain.asked == [7]
    assert Distinct(Fixed()).search("?", k=3) == []
    assert len(Distinct(Fixed("a", "a")).search("?", k=9)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It grew by 7.6%.", "It grew by 76%."),
        ("苏伊士运河", "蘇伊士運河"),
        ("कल", "काल"),
        ("resume", "résumé"),
        ("Mill A", "Mill a"),
    ],
)
def test_what_differs_in_one_character_is_another_passage(one: str, other: str) -> None:
    assert [hit.also for hit in Distinct(Fixed(one, other)).search("?", k=2)] == [(), ()]


def test_the_terminal_names_a_few_of_the_places(tmp_path: Path) -> None:
    docs, index = tmp_path / "docs", str(tmp_path / "index")
    docs.mkdir()
    for number in range(6):
        (docs / f"mill{number}.txt").write_text(MILL)
    terminal = CliRunner()
    taken = terminal.invoke(app, ["index", str(docs), "--index", index])
    assert "mill5.txt: has the same text as mill0.txt" in taken.stderr
    for command in ("search", "ask"):
        shown = terminal.invoke(app, [command, "When was the mill built?", "--index", index]).stdout
        assert shown.count("Also printed in mill") >= 3
        assert "in 2 other places" in shown
        told = json.loads(
            terminal.invoke(app, [command, "When was the mill built?", "--index", index, "--json"]).stdout
        )
        assert len(told["hits"]) == 1
        assert len(told["hits"][0]["also"]) == 5


def test_copies_are_reported_and_answers_name_them(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("mill.txt", "copy of the mill.txt"):
        (docs / name).write_text(MILL)
    (docs / "tea.txt").write_text("The tea garden covers 33 square kilometres.")
    with QA.open(tmp_path / "index", config=Config(max_error=0.99)) as qa:
        assert qa.sync(docs).duplicates == (Duplicate("mill.txt", "copy of the mill.txt", 1.0),)
        assert qa.sync(docs).duplicates == ()
        hits = qa.search("When was the mill built?", k=5)
        assert [len(hit.also) for hit in hits] == [1, 0]
        assert {hits[0].source, hits[0].also[0].source} == {"mill.txt", "copy of the mill.txt"}
        assert hits[0].explain().words
        for place in hits[0].also:
            assert place.span.of(qa.document(place.source).text) == hits[0].text
        answer = qa.ask("When was the mill built?")
        assert answer.quote is not None
        assert answer.quote.also == hits[0].also
        assert answer.quote.to_dict()["also"][0]["source"] == hits[0].also[0].source
