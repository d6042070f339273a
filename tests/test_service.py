"""The public object on real files: add, ask, update, remove, reopen, and the shape of an answer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qa import QA, retrieve
from qa.config import Config
from qa.errors import DocumentNotFound, LibraryNotFound, QuestionError, QuoteMismatch
from qa.library import Library
from qa.types import DocumentInfo, Quote, Span

TEXTS = {
    "mill.md": "# Mühle\n\n## Geschichte\n\nDie Mühle am Fluss wurde 1784 gebaut. Sie mahlte bis 1951 Korn.\n",
    "茶园.txt": "云山茶园\n\n云山茶园位于县城以北，面积约33平方公里。茶园每年春天采茶，工人有120名。\n",
    "harbour.txt": "The harbour of Port Lerrin was opened on 3 May 1902. Its lighthouse is 41 metres high.\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "docs"
    source.mkdir()
    for name, text in TEXTS.items():
        (source / name).write_text(text, encoding="utf-8")
    return source


def test_list_of_documents_is_read_again_only_when_something_changed(qa: QA, tmp_path: Path) -> None:
    first = qa.documents()
    first.clear()  # a caller's own list
    read = qa._read().documents
    calls: list[int] = []
    qa._read().documents = lambda: calls.append(1) or read()  # type: ignore[method-assign]
    assert len(qa.documents()) == len(TEXTS)
    assert calls == []
    with QA.open(tmp_path / "index") as other:
        other.remove("mill.md")
    assert "mill.md" not in {info.source for info in qa.documents()}
    assert len(qa.documents()) == len(TEXTS) - 1
    assert calls == [1]


def test_list_that_many_ask_for_at_once_is_read_by_one_of_them(qa: QA) -> None:
    read, calls = qa._read().documents, list[int]()

    def slowly() -> list[DocumentInfo]:
        calls.append(1)
        time.sleep(0.1)
        return read()

    qa._read().documents = slowly  # type: ignore[method-assign]
    with ThreadPoolExecutor(4) as pool:
        assert {len(listed) for listed in pool.map(lambda _: qa.documents(), range(4))} == {len(TEXTS)}
    assert calls == [1]


@pytest.fixture
def qa(folder: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    with QA.open(tmp_path / "index", config=Config(max_error=0.9)) as service:
        service.sync(folder)
        yield service


def test_a_new_library_is_made_by_the_first_add_and_reading_none_says_so(
    folder: Path, tmp_path: Path
) -> None:
    with QA.open(tmp_path / "new") as service:
        with pytest.raises(LibraryNotFound, match="qa index"):
            service.ask("Wann wurde die Mühle gebaut?")
        assert service.add(folder / "mill.md").added == ("mill.md",)
        assert [document.source for document in service.documents()] == ["mill.md"]


def test_an_answer_is_a_slice_of_the_stored_document(qa: QA) -> None:
    answer = qa.ask("Wann wurde die Mühle gebaut?")
    assert answer.quote is not None
    document = qa.document(answer.quote.source)
    assert answer.quote.source == "mill.md"
    assert answer.quote.span.of(document.text) == answer.quote.text
    assert "1784" in answer.quote.text
    assert answer.quote.headings[-1] == "Geschichte"
    assert [mark.of(document.text) for mark in answer.quote.highlights] == ["1784"]
    answer.quote.verify(document.text)


def test_every_hit_is_a_slice_of_its_document(qa: QA) -> None:
    hits = qa.search("How high is the lighthouse?", k=10)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert qa.document(hit.source).text[hit.start : hit.end] == hit.text


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("茶园有多大？", "茶园.txt"),
        ("茶園有多大？", "茶园.txt"),
        ("How big is the tea garden?", "茶园.txt"),
        ("When was the harbour opened?", "harbour.txt"),
        ("港口是哪一年开放的？", "harbour.txt"),
        ("When was the mill built?", "mill.md"),
    ],
)
def test_questions_find_their_document_in_any_language(qa: QA, question: str, source: str) -> None:
    assert qa.search(question, k=1)[0].source == source


def test_an_updated_file_replaces_its_old_text(qa: QA, folder: Path) -> None:
    (folder / "harbour.txt").write_text("The harbour of Port Lerrin was closed in 1999.\n", encoding="utf-8")
    report = qa.sync(folder)
    assert report.updated == ("harbour.txt",)
    assert set(report.unchanged) == {"mill.md", "茶园.txt"}
    texts = [hit.text for hit in qa.search("harbour of Port Lerrin", k=10) if hit.source == "harbour.txt"]
    assert texts == ["The harbour of Port Lerrin was closed in 1999."]


def test_a_removed_document_is_not_found_and_leaves_a_receipt(qa: QA) -> None:
    receipt = qa.remove("茶园.txt")
    assert receipt.passages == receipt.vectors == receipt.postings > 0
    assert all(hit.source != "茶园.txt" for hit in qa.search("茶园有多大？", k=10))
    with pytest.raises(DocumentNotFound, match="qa list"):
        qa.remove("茶园.txt")


def test_a_file_gone_from_the_folder_is_gone_from_the_library(qa: QA, folder: Path) -> None:
    (folder / "mill.md").unlink()
    assert qa.sync(folder).removed == ("mill.md",)
    assert {document.source for document in qa.documents()} == {"茶园.txt", "harbour.txt"}


def test_a_reader_follows_a_writer(qa: QA, folder: Path, tmp_path: Path) -> None:
    with QA.open(tmp_path / "index") as reader:
        assert reader.search("Who wrote the letter?", k=1)
        (folder / "letter.txt").write_text(
            "The letter of 1811 was written by Agnes Vorl.\n", encoding="utf-8"
        )
        qa.add(folder / "letter.txt")
        assert reader.search("Who wrote the letter?", k=1)[0].source == "letter.txt"


def test_nothing_is_lost_by_reopening(folder: Path, tmp_path: Path) -> None:
    with QA.open(tmp_path / "again") as service:
        service.sync(folder)
        before = service.search("lighthouse", k=5)
    with QA.open(tmp_path / "again") as service:
        assert service.search("lighthouse", k=5) == before
        assert service.check() == []


@pytest.mark.parametrize("question", ["", "   ", "？！", "\n", "😀🎉"])
def test_a_question_without_words_is_refused(qa: QA, question: str) -> None:
    with pytest.raises(QuestionError, match="holds no words"):
        qa.ask(question)


def test_a_question_as_long_as_a_document_is_refused(qa: QA) -> None:
    with pytest.raises(QuestionError, match="2001 characters"):
        qa.ask("a" * 2001)


def test_odd_questions_get_an_answer_or_none_but_no_error(qa: QA) -> None:
    for question in (
        "🎉 1",
        "\x00 a",
        "ａ",
        "<script>alert(1)</script>",
        "a AND OR NOT (",
        "\u202eabc",
        "é" * 500,
        "how many ships " * 130,
        "half a pair \ud83d",
    ):
        assert qa.ask(question).hits


def test_a_quote_that_differs_from_the_stored_text_is_not_shown(
    qa: QA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Library, "slice", lambda self, document_id, span: "something else")
    with pytest.raises(QuoteMismatch, match="qa doctor"):
        qa.ask("Wann wurde die Mühle gebaut?")


def test_verify_compares_with_the_document() -> None:
    quote = Quote("kept", Span(2, 6), "d", "a.txt", 1)
    quote.verify("I kept it")
    with pytest.raises(QuoteMismatch):
        quote.verify("I lost it")


def test_retrieve_is_one_call(qa: QA, tmp_path: Path) -> None:
    hits = retrieve("When was the harbour opened?", k=2, index=tmp_path / "index")
    assert len(hits) == 2
    assert hits[0].source == "harbour.txt"
    with pytest.raises(LibraryNotFound):
        retrieve("x", index=tmp_path / "none")


def test_the_answer_as_json(qa: QA) -> None:
    answer = json.loads(json.dumps(qa.ask("How high is the lighthouse?").to_dict(), ensure_ascii=False))
    assert set(answer) == {"question", "answered", "confidence", "reason", "quote", "hits"}
    assert {"text", "source", "page", "headings", "start", "end", "passage_id", "also"} <= set(
        answer["quote"]
    )
    assert {"rank", "score", "source", "page", "headings", "start", "end", "text"} <= set(answer["hits"][0])
    text = qa.document(answer["quote"]["source"]).text
    assert text[answer["quote"]["start"] : answer["quote"]["end"]] == answer["quote"]["text"]


def test_the_service_loads_neither_torch_nor_gradio(qa: QA, tmp_path: Path) -> None:
    code = (
        "import sys; from qa import QA; qa = QA.open(sys.argv[1]); qa.ask('Wann wurde die Mühle gebaut?'); qa.close();"
        "loaded = {'torch', 'gradio', 'sentence_transformers'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "index")], check=True)


def test_each_file_is_reported_with_its_language(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text("Die Mühle am Fluss wurde vor vielen Jahren von einem Müller gebaut.")
    (folder / "b.txt").write_text("安吉县有居民2142户。")
    (folder / "c.txt").write_text("12 34 56 78")
    with QA.open(tmp_path / "index") as qa:
        files = qa.sync(folder).files
    assert [(file.source, file.passages, file.language) for file in files] == [
        ("a.txt", 1, "de"),
        ("b.txt", 1, "zh"),
        ("c.txt", 1, ""),
    ]
