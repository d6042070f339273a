"""A question asked of some documents only: the answer is theirs, and the same as if there were no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qa import QA, Scope, dense
from qa.cli import app
from qa.dense import FLAT, TWO_BITS, DenseIndex
from qa.errors import ScopeError
from qa.lexical import FEW, LexicalIndex
from qa.server import create_app
from qa.types import DocumentInfo

TEXTS = {
    "en/mill.md": "# The mill\n\nThe mill by the river was built in 1784. It ground corn until 1951.",
    "en/old/mill.md": "# The old mill\n\nThe old mill by the river was built in 1699. It burnt down.",
    "de/muehle.md": "# Die Mühle\n\nDie Mühle am Fluss wurde 1785 gebaut. Sie mahlte bis 1951 Korn.",
    "end.txt": "The mill on the hill was built in 1786. It has no sails any more.",
}
ASKED = "When was the mill built?"


@pytest.fixture(scope="module")
def qa(tmp_path_factory: pytest.TempPathFactory) -> QA:
    folder = tmp_path_factory.mktemp("scope")
    for name, text in TEXTS.items():
        (folder / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    qa = QA.open(folder / "index")
    qa.sync(folder / "docs")
    return qa


def info(source: str, language: str = "", date: str = "") -> DocumentInfo:
    return DocumentInfo("1", source, "", "", "", None, 1, 1, "", "", "", date, language)


@pytest.mark.parametrize(
    ("scope", "sources"),
    [
        (Scope(("en",)), {"en/mill.md", "en/old/mill.md"}),
        (Scope(("en/",)), {"en/mill.md", "en/old/mill.md"}),
        (Scope(("en/old", "end.txt")), {"en/old/mill.md", "end.txt"}),
        (Scope(("de",), ("en",)), set()),
        (Scope(languages=("de",)), {"de/muehle.md"}),
        (Scope(("en/mill.md",)), {"en/mill.md"}),
    ],
)
def test_hits_are_those_of_the_documents_in_the_scope(qa: QA, scope: Scope, sources: set[str]) -> None:
    assert {document.source for document in qa.documents() if scope.holds(document)} == sources
    if not sources:
        with pytest.raises(ScopeError, match="No document is in 'de' and in the language en"):
            qa.search(ASKED, scope=scope)
        return
    hits = qa.search(ASKED, scope=scope)
    assert {hit.source for hit in hits} == sources
    inside = sum(info.passages for info in qa.documents() if info.source in sources)
    assert {hit.features["searched"] for hit in hits} == {inside}
    quote = qa.ask(ASKED, scope=scope).nearest
    assert quote is not None
    assert quote.source in sources


@pytest.mark.parametrize(
    ("date", "since", "until", "holds"),
    [
        ("2024-05-03", "2024-05", "", True),
        ("2024-05-03", "2024-05-04", "", False),
        ("2024", "2024-05", "", True),  # it may be
        ("2023", "2024-05", "", False),
        ("2024-05", "", "2024-05-03", True),
        ("2024-06", "", "2024-05-03", False),
        ("2024-06", "2024", "2024", True),
        ("", "2024", "", False),
        ("", "", "2024", False),
        ("", "", "", True),
    ],
)
def test_dates_are_compared_as_far_as_they_are_known(date: str, since: str, until: str, holds: bool) -> None:
    assert Scope(since=since, until=until).holds(info("a", date=date)) is holds


@pytest.mark.parametrize(
    "date", ["24", "2024-13", "2024-1", "2024-05-32", "May", "２０２４", "2024-05-03T10"]
)
def test_what_is_no_date_is_refused(date: str) -> None:
    with pytest.raises(ScopeError, match=f"'{date}' is no date"):
        Scope(since=date)


def test_folder_is_no_prefix_of_letters() -> None:
    assert not Scope(("en",)).holds(info("end.txt"))
    assert not Scope(("en/mill",)).holds(info("en/mill.md"))
    assert not Scope()
    assert Scope(until="2024")


def test_scope_sees_what_was_added_and_removed_since(tmp_path: Path) -> None:
    with QA.open(tmp_path / "index") as qa:
        for name in ("one.txt", "two.txt"):
            (tmp_path / name).write_text(f"The mill of {name} was built in 1784.", encoding="utf-8")
        qa.add(tmp_path / "one.txt")
        scope = Scope(("one.txt", "two.txt"))
        assert [hit.source for hit in qa.search(ASKED, scope=scope)] == ["one.txt"]
        qa.add(tmp_path / "two.txt")
        assert {hit.source for hit in qa.search(ASKED, scope=scope)} == {"one.txt", "two.txt"}
        qa.remove("one.txt")
        assert [hit.source for hit in qa.search(ASKED, scope=scope)] == ["two.txt"]


def test_follow_up_stays_in_its_scope(qa: QA) -> None:
    chat = qa.chat()
    chat.ask(ASKED, scope=Scope(("de",)))
    turn = chat.ask("And until when?", scope=Scope(("de",)))
    assert {hit.source for hit in turn.answer.hits} == {"de/muehle.md"}


# The two sides


def unit(count: int, dim: int = 16) -> np.ndarray:
    vectors = np.random.default_rng(7).standard_normal((count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("kind", [FLAT, TWO_BITS])
def test_dense_search_among_some_is_that_of_an_index_of_only_these(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "LIMITS", {FLAT: 1_000 if kind == TWO_BITS else 10_000, TWO_BITS: 10**6})
    vectors, chosen = unit(2_000), np.arange(3, 2_000, 97)
    whole, part = DenseIndex(16), DenseIndex(16)
    whole.add(np.arange(2_000), vectors)
    part.add(chosen, vectors[chosen])
    whole.reshape()
    assert whole.kind == kind
    query = vectors[100]
    ids, scores = whole.search(query, 10, chosen)
    if kind == FLAT:
        expected, best = part.search(query, 10)
        assert ids.tolist() == expected.tolist()
        assert scores == pytest.approx(best)
    assert set(ids.tolist()) <= set(chosen.tolist())
    assert len(ids) == 10
    assert len(whole.search(query, 100, chosen)[0]) == len(chosen)
    assert len(whole.search(query, 10, np.empty(0, np.int64))[0]) == 0


def test_lexical_search_among_few_and_among_many_finds_the_same() -> None:
    index = LexicalIndex.in_memory()
    count = FEW + 2_000
    index.add(range(1, count + 1), [["mill", *["river"] * (key % 3)] for key in range(1, count + 1)])
    index.commit(1)
    few = np.arange(5, count, 7)
    assert len(few) <= FEW
    many = np.arange(1, FEW + 1_000)
    for among in (few, many):
        ids, scores = index.search(["mill", "river"], 20, among)
        assert len(ids) == 20
        assert set(ids.tolist()) <= set(among.tolist())
        own = dict(zip(*(each.tolist() for each in index.search(["mill", "river"], count)), strict=True))
        best = sorted((own[key] for key in among.tolist()), reverse=True)[:20]
        assert scores.tolist() == pytest.approx(best)
    assert len(index.search(["mill"], 20, np.array([count + 5]))[0]) == 0
    assert len(index.search(["mill"], 20, np.empty(0, np.int64))[0]) == 0


# The edges


def test_command_line_takes_a_scope(qa: QA) -> None:
    run = CliRunner().invoke(
        app, ["search", ASKED, "--index", str(qa.path), "--in", "en/old", "--lang", "en"]
    )
    assert run.exit_code == 0, run.output
    assert "1699" in run.stdout
    assert "1784" not in run.stdout
    nothing = CliRunner().invoke(app, ["ask", ASKED, "--index", str(qa.path), "--in", "fr"])
    assert nothing.exit_code == 1
    assert "No document is in 'fr'. See what there is: qa list" in nothing.stderr


def test_http_takes_a_scope(qa: QA) -> None:
    with TestClient(create_app(qa, page=False), base_url="http://127.0.0.1") as client:
        found = client.post("/v1/search", json={"question": ASKED, "within": ["de"]}).json()
        assert {hit["source"] for hit in found["hits"]} == {"de/muehle.md"}
        nothing = client.post("/v1/ask", json={"question": ASKED, "languages": ["fr"]})
        assert nothing.status_code == 400
        assert nothing.json()["error"]["type"] == "ScopeError"
        assert client.post("/v1/ask", json={"question": ASKED, "since": "May"}).status_code == 400


# The page


@pytest.mark.parametrize("text", ["[", "[]", "1", '{"within": 3}', '{"since": "May"}', "[" * 100_000])
def test_scope_that_a_page_sends_malformed_is_refused(text: str) -> None:
    from qa.web.page import read_scope

    with pytest.raises(ScopeError):
        read_scope(text)


def test_scope_of_a_page() -> None:
    from qa.web.page import read_scope

    assert read_scope("") is None
    assert read_scope("{}") is None
    sent = '{"within": ["zh"], "languages": ["zh"], "since": "2024"}'
    assert read_scope(sent) == Scope(("zh",), ("zh",), "2024")


def test_headings_that_are_suggested_are_answered_elsewhere_in_the_document(tmp_path: Path) -> None:
    from qa.web.examples import choose_headings

    text = (
        "# The mill\n\nThe mill by the river was built in 1784.\n\n## Owners of the mill\n\n"
        "The owners of the mill were the Kern family until 1951.\n\n## Zzyzx\n\nNothing to see.\n"
    )
    (tmp_path / "mill.md").write_text(text, encoding="utf-8")
    (tmp_path / "other.md").write_text("# Zzyzx\n\nZzyzx is a place in California.\n", encoding="utf-8")
    with QA.open(tmp_path / "index") as qa:
        qa.sync(tmp_path)
        document = qa.document("mill.md")
        quoted = qa.ask("When was the mill built?", scope=Scope(("mill.md",))).nearest
        assert quoted is not None
        headings = choose_headings(qa, document, quoted.span)
        assert "Owners of the mill" in headings
        assert "The mill" not in headings
        for heading in headings:
            quote = qa.ask(heading, scope=Scope(("mill.md",))).quote
            assert quote is not None
            assert not quote.span.overlaps(quoted.span)
