"""One evaluation from its file to its results, over real libraries."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa import QA, Config
from qa.errors import QuestionError
from qa.evaluating import Plan, run

MILL = "Die Mühle am Fluss wurde 1784 gebaut. Sie mahlte bis 1951 Korn."
WELL = "The well of Ostry is 12 metres deep. It was dug by hand."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("evaluating")
    (folder / "docs").mkdir()
    (folder / "docs" / "mill.txt").write_text(MILL, encoding="utf-8")
    (folder / "docs" / "the well.txt").write_text(WELL, encoding="utf-8")
    with QA.open(folder / "index") as qa:
        qa.sync(folder / "docs")
    return Config(index=str(folder / "index"), max_error=0.999)


def squad(path: Path) -> Path:
    paragraphs = []
    for number, (text, question, answer) in enumerate(
        [(MILL, "Wann wurde die Mühle gebaut?", "1784"), (WELL, "How deep is the well?", "12 metres")]
    ):
        answers = [{"text": answer, "answer_start": text.index(answer)}]
        paragraphs.append(
            {"context": text, "qas": [{"id": f"q{number}", "question": question, "answers": answers}]}
        )
    path.write_text(
        json.dumps({"data": [{"title": "Places", "paragraphs": paragraphs}]}, ensure_ascii=False),
        encoding="utf-8",
    )
    return path


def test_a_squad_file_brings_its_own_documents(tmp_path: Path) -> None:
    outcome = run(Plan(squad(tmp_path / "set.json")), Config(index=str(tmp_path / "none"), max_error=0.999))
    assert outcome.indexing is not None
    assert outcome.indexing["documents"] == 2
    figures = outcome.evaluation.to_dict()
    assert figures["Success@1"] == 1.0
    assert figures["quote_accuracy"] == 1.0
    assert figures["marks"]["questions"] == 2
    assert figures["marks"]["covered"] == 1.0
    assert figures["marks"]["f1"] > 0.5
    assert not (tmp_path / "none").exists()


def test_a_squad_file_can_be_asked_of_a_library_that_is_there(library: Config, tmp_path: Path) -> None:
    outcome = run(Plan(squad(tmp_path / "set.json"), own_index=True), library)
    assert outcome.indexing is None
    figures = outcome.evaluation.to_dict()
    assert figures["quote_accuracy"] == 1.0
    assert figures["marks"] is None
    assert {result.source for result in outcome.evaluation.results} == {"mill.txt", "the well.txt"}


def test_trec_judgements_name_documents_of_a_library_without_spaces(library: Config, tmp_path: Path) -> None:
    (tmp_path / "queries.tsv").write_text("1\tHow deep is the well?\n2\tMühle\n", encoding="utf-8")
    (tmp_path / "qrels.txt").write_text(
        "1 0 the%20well.txt 1\n2 0 mill.txt 1\n3 0 mill.txt 1\n", encoding="utf-8"
    )
    plan = Plan(tmp_path / "queries.tsv", qrels=tmp_path / "qrels.txt", measures=("AP",))
    figures = run(plan, library).evaluation.to_dict()
    assert figures["set"] == "queries"
    assert figures["AP"] == pytest.approx(2 / 3)
    assert figures["counts"]["missing"] == 1
    assert [entry["ranks"] for entry in figures["per_question"]] == [[1], [1], []]


def test_a_beir_folder_can_be_measured_by_other_judgements(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": "mill", "text": MILL}, {"_id": "well", "title": "Ostry", "text": WELL}]
    (folder / "corpus.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in corpus), encoding="utf-8"
    )
    query = {
        "_id": "q",
        "text": "How deep is the well?",
        "lang": "en",
        "passage_lang": "en",
        "known_failure": "hard",
    }
    (folder / "queries.jsonl").write_text(json.dumps(query) + "\n", encoding="utf-8")
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq\twell\t1\n", encoding="utf-8")
    plan = Plan(folder, qrels=folder / "qrels" / "dev.tsv", journal=tmp_path / "journal.jsonl")
    figures = run(plan, Config(index=str(tmp_path / "none"))).evaluation.to_dict()
    assert figures["nDCG@10"] == 1.0
    assert figures["by"]["pair"]["en>en"]["nDCG@10"] == 1.0
    assert figures["known_failures"]["mended"] == [{"id": "q", "reason": "hard"}]
    assert run(plan, Config(index=str(tmp_path / "none"))).resumed == 1
    with pytest.raises(QuestionError, match=r"no qrels/test\.tsv"):
        run(Plan(folder), Config(index=str(tmp_path / "none")))


def asking_fails(config: Config) -> Any:
    qa = QA.open(config.index, config=config)
    qa.ask = None  # type: ignore[assignment,method-assign]
    qa.search = None  # type: ignore[assignment,method-assign]
    return qa


def test_a_complete_journal_asks_nothing_again(library: Config, tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text(
        "id,question,answers\na,Wann wurde die Mühle gebaut?,1784\n", encoding="utf-8"
    )
    plan = Plan(tmp_path / "set.csv", journal=tmp_path / "journal.jsonl")
    first = run(plan, library)
    again = run(replace(plan, measures=("RR@10",)), library, open_qa=asking_fails)
    assert (first.resumed, again.resumed) == (0, 1)
    assert again.evaluation.results == first.evaluation.results


def test_a_journal_is_of_one_set_and_one_state_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mill.txt").write_text(MILL, encoding="utf-8")
    (tmp_path / "set.csv").write_text("id,question,answers\na,Mühle?,1784\n", encoding="utf-8")
    config = Config(index=str(tmp_path / "index"))
    plan = Plan(tmp_path / "set.csv", journal=tmp_path / "journal.jsonl")
    with QA.open(config.index) as qa:
        qa.sync(tmp_path / "docs")
        run(plan, config)
        with pytest.raises(QuestionError, match="another library, model, setting"):
            run(plan, Config(index=config.index, max_error=0.1))
        (tmp_path / "docs" / "well.txt").write_text(WELL, encoding="utf-8")
        qa.sync(tmp_path / "docs")
    with pytest.raises(QuestionError, match="another library, model, setting"):
        run(plan, config)
    (tmp_path / "set.csv").write_text("id,question,answers\na,Mill?,1784\n", encoding="utf-8")
    with pytest.raises(QuestionError, match="another question set"):
        run(plan, config)
