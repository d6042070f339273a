"""The public surface, name by name: what is here may grow, and may not change or go.

A test that fails here means a breaking change: people's programs call these names and read these keys.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click import Command
from typer.main import get_command
from typer.testing import CliRunner

import qa
from qa import QA, Config, QAError, errors, retrieve, types
from qa.cli import app
from qa.evaluation import Question, compare, evaluate, load_saved, write_report
from qa.feedback import Feedback

TEXT = "# Mühle\n\nDie Mühle am Fluss wurde 1784 gebaut. Sie mahlte bis 1951 Korn.\n"
ASKED = "Wann wurde die Mühle gebaut?"

NAMES = {
    "QA", "retrieve", "Answer", "Config", "Document", "Hit", "Passage", "QAError", "Quote", "Scope", "Span", "Turn",
}  # fmt: skip

NEEDED = inspect.Parameter.empty
SIGNATURES: dict[Callable[..., Any], tuple[dict[str, Any], dict[str, Any], str]] = {
    # positional parameters in order with their defaults, keyword-only ones, and what is returned
    retrieve: ({"question": NEEDED, "k": 5, "index": "index"}, {"scope": None}, "list[Hit]"),
    QA.open: ({"path": "index"}, {"model": None, "config": None}, "QA"),
    QA.add: ({"path": NEEDED}, {"on_progress": None}, "IndexReport"),
    QA.sync: ({"folder": NEEDED}, {"on_progress": None}, "IndexReport"),
    QA.remove: ({"source": NEEDED}, {}, "Receipt"),
    QA.documents: ({}, {}, "list[DocumentInfo]"),
    QA.find: ({"source": NEEDED}, {}, "DocumentInfo"),
    QA.document: ({"source": NEEDED}, {}, "Document"),
    QA.search: ({"question": NEEDED}, {"k": 10, "scope": None}, "list[Hit]"),
    QA.ask: ({"question": NEEDED}, {"scope": None}, "Answer"),
    QA.chat: ({}, {}, "Conversation"),
    QA.give_feedback: ({"feedback": NEEDED}, {}, "Feedback"),
    QA.feedback: ({}, {}, "list[Feedback]"),
    Feedback.on: ({"answer": NEEDED, "verdict": NEEDED}, {"expected": "", "note": ""}, "Feedback"),
    compare: ({"a": NEEDED, "b": NEEDED}, {"names": None, "seed": 0}, "Comparison"),
    load_saved: ({"path": NEEDED}, {}, "SavedRun"),
    write_report: ({"evaluation": NEEDED, "path": NEEDED}, {}, "None"),
    QA.check: ({}, {}, "list[str]"),
    QA.mend: ({}, {}, "Mending"),
    QA.compact: ({}, {}, "Compaction"),
    QA.backup: ({"folder": NEEDED}, {}, "Copy"),
    QA.restore: ({"folder": NEEDED}, {"replace": False}, "Copy"),
    QA.export: ({"file": NEEDED}, {}, "Copy"),
    QA.import_documents: ({"file": NEEDED}, {"on_progress": None}, "IndexReport"),
    QA.reencode: ({"model": NEEDED}, {"on_progress": None}, "int"),
    QA.close: ({}, {}, "None"),
}

ATTRIBUTES = {
    "Answer": "question quote confidence reason hits nearest why answered reading_confidence to_dict",
    "Quote": "text span document_id source passage_id title page headings highlights also verify to_dict",
    "Hit": "rank score passage source features text page headings reading_confidence start end also explain to_dict",
    "Place": "source document_id page span to_dict",
    "Explanation": "score intercept shares words to_dict",
    "Share": "name meaning value weight points",
    "Meeting": "asked weight met place span score",
    "Passage": "document_id span text title headings page id sentences reading_confidence",
    "Document": "id source title text blocks sha256 media_type pages warnings author date language",
    "Span": "start end of",
    "Scope": "within languages since until holds",
    "Turn": "question standalone answer",
    "DocumentInfo": (
        "id source title path media_type pages passages characters sha256 added author date language"
    ),
    "IndexReport": "added updated unchanged removed failed warnings passages seconds left_out files duplicates",
    "IndexedFile": "source passages pages language warnings",
    "LeftOut": "path kind",
    "Duplicate": "source of share",
    "FileProblem": "path message",
    "Receipt": "source document_id passages vectors postings",
    "Compaction": "before after",
    "Copy": "path documents passages bytes",
    "Mending": "problems done lost",
}

ERRORS = (
    "ReadError", "EncoderNotFound", "EncoderMismatch", "LibraryNotFound", "LibraryGone", "LibraryCorrupt",
    "LibraryLocked", "DocumentNotFound", "QuoteMismatch", "QuestionError", "ScopeError", "ConfigError",
)  # fmt: skip

SETTINGS = {
    "index": "index", "model": "", "k": 10, "candidates": 100, "small": False, "max_error": 0.2, "host": "127.0.0.1",
    "port": 7860, "max_upload_mb": 50, "max_uploads": 50, "hosts": "", "trusted_proxies": "", "user_header": "",
    "certificate": "", "key": "", "requests_per_minute": 600, "ocr_languages": "",
}  # fmt: skip

COMMANDS = {
    "index": "--index --model --files --preview --json --quiet -q",
    "add": "--index --model --files --json --quiet -q",
    "remove": "--index --json --quiet -q",
    "list": "--index --json",
    "search": "--index -k --k --in --lang --since --until --explain --json",
    "ask": "--index -k --k --in --lang --since --until --json",
    "chat": "--index --in --lang --since --until --json",
    "serve": "--index --host --port --allow-remote --model --json",
    "eval": "--index --model --qrels --measures --by --resume --fail-under --html --run --json --quiet -q",
    "compare": "--qrels --measures --by --show --json",
    "doctor": "--index --mend --json",
    "compact": "--index --json",
    "backup": "--index --json",
    "restore": "--index --replace --json",
    "export": "--index --json",
    "import": "--index --model --json --quiet -q",
    "reencode": "--index --model --json --quiet -q",
}

ANSWER_KEYS = ["question", "answered", "confidence", "reason", "quote", "hits"]
QUOTE_KEYS = {
    "text", "source", "title", "page", "headings", "start", "end", "passage_id", "document_id", "highlights", "also",
    "reading_confidence",
}  # fmt: skip
HIT_KEYS = {
    "rank", "score", "source", "title", "page", "headings", "start", "end", "passage_id", "document_id", "text", "also",
    "reading_confidence",
}  # fmt: skip
REPORT_KEYS = {
    "index", "added", "updated", "unchanged", "removed", "failed", "warnings", "passages", "seconds", "left_out",
    "files", "duplicates",
}  # fmt: skip
MEASURES = {"nDCG@10", "R@10", "RR@10", "Success@1", "quote_accuracy"}
EVALUATION_KEYS = MEASURES | {
    "set", "abstention", "counts", "seconds", "milliseconds_per_question", "by", "per_question", "intervals",
    "known_failures", "marks", "confidence", "indexing", "left_out", "resumed",
}  # fmt: skip
ABSTENTION_KEYS = {
    "answered", "abstained", "right_answers", "wrong_answers", "false_answers", "missed", "correct_abstentions",
    "error_rate", "abstention_precision", "abstention_recall",
}  # fmt: skip

COMPARISON_KEYS = {"a", "b", "questions", "only_in_a", "only_in_b", "tests", "won", "lost", "same"}
TEST_KEYS = {"measure", "group", "questions", "a", "b", "difference", "interval", "p", "p_corrected"}


# Python


def test_names_to_import() -> None:
    assert set(qa.__all__) >= NAMES
    for name in qa.__all__:
        assert getattr(qa, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = qa.nothing
    assert re.fullmatch(r"\d+\.\d+\.\d+", qa.__version__)


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda function: function.__qualname__)
def test_calls_as_they_are_written_today_stay_possible(function: Callable[..., Any]) -> None:
    positional, keywords, returned = SIGNATURES[function]
    signature = inspect.signature(function)
    parameters = {name: each for name, each in signature.parameters.items() if name != "self"}
    in_order = [name for name, each in parameters.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert in_order[: len(positional)] == list(positional)
    for name, default in (positional | keywords).items():
        assert parameters[name].default == default, name
    for name in parameters.keys() - positional.keys() - keywords.keys():
        assert parameters[name].default is not NEEDED, f"'{name}' is new and has no default"
    assert signature.return_annotation == returned


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_what_values_hold(name: str) -> None:
    value = getattr(types, name)
    assert value.__dataclass_params__.frozen
    missing = {each for each in ATTRIBUTES[name].split() if not hasattr(value, each)}
    assert not missing - {field.name for field in fields(value)}


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_is_a_qa_error(name: str) -> None:
    assert issubclass(getattr(errors, name), QAError)


def test_settings_and_their_defaults() -> None:
    config = Config()
    assert {name: getattr(config, name) for name in SETTINGS} == SETTINGS


# The command line


def command(name: str) -> Command:
    group = get_command(app)
    return group.commands[name]  # type: ignore[attr-defined,no-any-return]


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    named = re.findall(r"^  (\w+) ", result.stdout.partition("Commands:")[2], re.MULTILINE)
    assert set(named) >= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_flags(name: str) -> None:
    flags = {flag for parameter in command(name).params for flag in parameter.opts}
    assert set(COMMANDS[name].split()) <= flags
    options = [parameter for parameter in command(name).params if parameter.param_type_name == "option"]
    assert not any(option.required for option in options)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public")
    (folder / "docs").mkdir()
    (folder / "docs" / "mill.md").write_text(TEXT, encoding="utf-8")
    with QA.open(folder / "index") as service:
        assert service.sync(folder / "docs").added == ("mill.md",)
    return folder / "index"


def run(*arguments: str, code: int = 0, max_error: str = "0.99") -> Any:
    """Run ``qa … --json`` and return its object."""
    result = CliRunner().invoke(app, [*arguments, "--json"], env={"QA_MAX_ERROR": max_error})
    assert result.exit_code == code, result.output
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def test_ask_with_a_quote(library: Path) -> None:
    answer = run("ask", ASKED, "--index", str(library))
    assert list(answer)[: len(ANSWER_KEYS)] == ANSWER_KEYS
    assert answer["question"] == ASKED
    assert answer["answered"] is True
    assert 0.0 <= answer["confidence"] <= 1.0
    assert isinstance(answer["reason"], str)
    assert answer["quote"].keys() >= QUOTE_KEYS
    assert all(hit.keys() >= HIT_KEYS for hit in answer["hits"])
    assert [hit["rank"] for hit in answer["hits"]] == list(range(1, len(answer["hits"]) + 1))


def test_offsets_of_ask_are_code_points_of_the_stored_text(library: Path) -> None:
    answer = run("ask", ASKED, "--index", str(library))
    with QA.open(library) as service:
        text = service.document(answer["quote"]["source"]).text
    quote = answer["quote"]
    assert text[quote["start"] : quote["end"]] == quote["text"]
    assert quote["page"] is None
    assert quote["headings"] == ["Mühle"]
    assert [text[start:end] for start, end in quote["highlights"]] == ["1784"]
    for hit in answer["hits"]:
        assert text[hit["start"] : hit["end"]] == hit["text"]


def test_ask_that_abstains_exits_with_0_and_a_quote_of_null(library: Path) -> None:
    answer = run("ask", ASKED, "--index", str(library), max_error="0.000001")
    assert list(answer)[: len(ANSWER_KEYS)] == ANSWER_KEYS
    assert answer["answered"] is False
    assert answer["quote"] is None
    assert answer["hits"]


def test_keys_of_the_other_commands(library: Path, tmp_path: Path) -> None:
    (tmp_path / "well.txt").write_text("The well of Ostry is 12 metres deep.\n", encoding="utf-8")
    index = ("--index", str(tmp_path / "index"))
    report = run("add", str(tmp_path / "well.txt"), *index)
    assert report.keys() >= REPORT_KEYS
    assert run("index", str(tmp_path), *index)["unchanged"] == ["well.txt"]
    listed = run("list", *index)
    assert listed.keys() >= {"index", "documents", "passages"}
    assert listed["documents"][0].keys() >= set(ATTRIBUTES["DocumentInfo"].split())
    found = run("search", "How deep is the well?", *index)
    assert found.keys() >= {"question", "hits"}
    assert found["hits"][0].keys() >= HIT_KEYS
    assert run("doctor", *index).keys() >= {"index", "ok", "documents", "problems"}
    assert run("doctor", "--mend", *index)["mending"].keys() == {"problems", "done", "lost"}
    assert run("compact", *index).keys() >= {"index", "before", "after"}
    copy_keys = {"path", "documents", "passages", "bytes"}
    assert run("backup", str(tmp_path / "safe"), *index).keys() >= copy_keys
    assert run("restore", str(tmp_path / "safe"), "--index", str(tmp_path / "back")).keys() >= copy_keys
    run("restore", str(tmp_path / "safe"), "--index", str(tmp_path / "back"), "--replace")
    assert run("export", str(tmp_path / "all.jsonl"), *index).keys() >= copy_keys
    assert run("import", str(tmp_path / "all.jsonl"), *index)["unchanged"] == ["well.txt"]
    assert run("reencode", *index)["passages"] == 1
    removed = run("remove", "well.txt", *index)
    assert removed["removed"][0].keys() >= set(ATTRIBUTES["Receipt"].split())


def test_keys_of_eval(library: Path, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    rows = [
        {"id": "1", "question": ASKED, "answers": ["1784"]},
        {"id": "2", "question": "Wer?", "answers": []},
    ]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    evaluation = run("eval", str(questions), "--index", str(library))
    assert evaluation.keys() >= EVALUATION_KEYS
    assert evaluation["abstention"].keys() >= ABSTENTION_KEYS


def test_keys_of_compare(library: Path, tmp_path: Path) -> None:
    (tmp_path / "questions.csv").write_text(f"id,question,answers\n1,{ASKED},1784\n", encoding="utf-8")
    evaluated = run("eval", str(tmp_path / "questions.csv"), "--index", str(library))
    (tmp_path / "a.json").write_text(json.dumps(evaluated), encoding="utf-8")
    compared = run("compare", str(tmp_path / "a.json"), str(tmp_path / "a.json"))
    assert compared.keys() >= COMPARISON_KEYS
    assert compared["tests"][0].keys() >= TEST_KEYS


def test_exit_statuses(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["ask", "anything", "--index", str(tmp_path / "none")]).exit_code == 1
    assert runner.invoke(app, ["ask"]).exit_code == 2
    assert runner.invoke(app, ["ask", "anything", "--no-such-flag"]).exit_code == 2


# One call


def test_retrieve_gives_hits_best_first(library: Path) -> None:
    hits = retrieve(ASKED, 1, library)
    assert [hit.rank for hit in hits] == [1]
    assert hits[0].source == "mill.md"


def test_evaluation_from_python(library: Path) -> None:
    with QA.open(library) as service:
        evaluation = evaluate([Question("1", ASKED, ("1784",))], service)
    assert evaluation.to_dict()["Success@1"] == 1.0
