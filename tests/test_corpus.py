"""The sample corpus end to end: every file is read, every answer is in it, and questions find their passages."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from qa import QA
from qa.evaluation import evaluate, load_questions
from qa.readers import find_files, read_document
from qa.splitter import split_document
from qa.types import IndexReport

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "corpus"
QUESTIONS = CORPUS / "questions.jsonl"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with QA.open(tmp_path_factory.mktemp("corpus") / "index") as qa:
        yield qa, qa.sync(CORPUS)


@pytest.fixture(scope="module")
def measured(built: tuple[QA, IndexReport]) -> dict[str, Any]:
    return evaluate(load_questions(QUESTIONS), built[0]).to_dict()


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def test_every_document_is_read(built: tuple[QA, IndexReport]) -> None:
    qa, report = built
    assert not report.failed
    kinds = Counter(Path(document.source).suffix for document in qa.documents())
    assert set(kinds) == {".txt", ".md", ".html", ".docx", ".pdf"}
    assert sum(kinds.values()) >= 24
    assert len({document.source.split("/")[0] for document in qa.documents()}) >= 10


def test_no_passage_ends_within_a_quotation() -> None:
    documents = [read_document(path) for path in find_files(CORPUS).paths if path.suffix != ".jsonl"]
    texts = [passage.text for document in documents for passage in split_document(document)]
    assert sum(text.count(mark) for text in texts for mark in "“「«") > 50
    for opening, closing in ("“”", "「」", "«»", "『』", "《》", "（）"):
        assert [text for text in texts if text.count(opening) != text.count(closing)] == []


def test_the_question_set_is_what_it_says() -> None:
    kinds = Counter(row["kind"] for row in rows())
    assert sum(kinds.values()) >= 150
    assert kinds["cross"] * 3 >= sum(kinds.values()) * 0.99
    assert kinds["unanswerable"] + kinds["near-miss"] >= 30
    assert kinds["near-miss"] > 0


def test_every_answer_stands_in_its_source(built: tuple[QA, IndexReport]) -> None:
    qa, _ = built
    texts = {
        document.source: "".join(qa.document(document.source).text.split()) for document in qa.documents()
    }
    for row in rows():
        for source in row.get("sources", [row["source"]] if "source" in row else []):
            held = [answer for answer in row["answers"] if "".join(answer.split()) in texts[source]]
            assert held, f"{row['id']}: none of {row['answers']} is in {source}"


def test_all_documents_are_sound(built: tuple[QA, IndexReport]) -> None:
    assert built[0].check() == []


def test_success_in_the_language_of_the_passage(measured: dict[str, Any]) -> None:
    same = measured["by"]["languages"]["same"]
    assert same["Success@1 of documents"] >= 0.9
    assert same["Success@1"] >= 0.78


def test_success_across_languages(measured: dict[str, Any]) -> None:
    across = measured["by"]["languages"]["across"]
    assert across["Success@1 of documents"] >= 0.72
    assert across["Success@1"] >= 0.64


def test_the_right_passage_is_first(measured: dict[str, Any]) -> None:
    assert measured["by"]["languages"]["same"]["Success@1"] >= 0.85


def test_the_right_document_is_first_across_languages(measured: dict[str, Any]) -> None:
    assert measured["by"]["languages"]["across"]["Success@1 of documents"] >= 0.6
