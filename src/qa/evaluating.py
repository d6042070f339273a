"""One evaluation from its file to its results: told what kind of set it is, and where the documents are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata, resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qa.config import Config
from qa.errors import QuestionError
from qa.evaluation import Evaluation, Question, evaluate, evaluate_benchmark, load_benchmark
from qa.evaluation.benchmark import Benchmark, CorpusLine
from qa.evaluation.measures import MEASURES
from qa.evaluation.questions import load_question_set
from qa.evaluation.saved import Journal
from qa.evaluation.squad import load_squad
from qa.evaluation.trec import load_judged_queries
from qa.readers import document_from_text
from qa.service import QA
from qa.types import FileProblem

Progress = Callable[[int, int, str], None]
Steps = Callable[[], AbstractContextManager[Progress | None]]
"""Begins one step of the work; what it yields is told how far that step is."""

FITTED = ("ranking.json", "confidence.json")
SETTINGS = ("model", "k", "candidates", "max_error")
"""What the answers depend on beside the documents."""


def no_progress() -> AbstractContextManager[Progress | None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be evaluated, and what on top of the usual figures.

    ``qrels`` are the judgements of the queries in ``path``, over the library that is there, or those of a
    BEIR folder that are not its ``qrels/test.tsv``. With ``own_index`` the
    questions of a SQuAD file are asked of the library that is there, not of their own paragraphs. ``journal``
    keeps the results.
    """

    path: Path
    qrels: Path | None = None
    own_index: bool = False
    measures: Sequence[str] = ()
    groups: Sequence[str] = ()
    journal: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """An evaluation and what was done for it.

    ``indexing`` says what building a temporary library took (None where none was built), ``problems`` what
    of its documents could not be indexed, ``left_out`` how many questions no reviewer has accepted, and
    ``resumed`` how many results were there already.
    """

    evaluation: Evaluation
    indexing: dict[str, Any] | None = None
    problems: tuple[FileProblem, ...] = ()
    left_out: dict[str, int] = field(default_factory=lambda: {"proposed": 0, "rejected": 0})
    resumed: int = 0


def run(
    plan: Plan, config: Config, *, open_qa: Callable[[Config], QA] | None = None, steps: Steps = no_progress
) -> Outcome:
    """Evaluate a question set (JSON lines, CSV), a SQuAD file, a BEIR folder, or queries with judgements.

    Raises:
        QuestionError: the set is malformed, or the journal is of something else.
    """
    opened = open_qa or (lambda config: QA.open(config.index, config=config))
    if plan.path.is_dir():
        return _benchmark(plan, load_benchmark(plan.path, qrels=plan.qrels), config, opened, steps)
    if plan.qrels is not None:
        return _judged_queries(plan, load_judged_queries(plan.path, plan.qrels), config, opened, steps)
    if plan.path.suffix.lower() == ".json":
        return _squad(plan, config, opened, steps)
    questions = load_question_set(plan.path)
    left_out = {"proposed": questions.proposed, "rejected": questions.rejected}
    with opened(config) as qa:
        return replace(_asked(plan, questions.questions, qa, config, steps), left_out=left_out)


def _asked(plan: Plan, questions: Sequence[Question], qa: QA, config: Config, steps: Steps) -> Outcome:
    with _journal(plan, [plan.path], config, lambda: library_facts(qa)) as journal, steps() as on_progress:
        evaluation = evaluate(
            questions,
            qa,
            name=plan.path.name,
            measures=plan.measures,
            groups=plan.groups,
            known=journal.known if journal else None,
            on_result=journal.add if journal else None,
            on_progress=on_progress,
        )
        return Outcome(evaluation, resumed=len(journal.known) if journal else 0)


def _ranked(plan: Plan, benchmark: Benchmark, qa: QA, journal: Journal | None, steps: Steps) -> Outcome:
    with steps() as on_progress:
        evaluation = evaluate_benchmark(
            benchmark,
            qa,
            measures=plan.measures,
            groups=plan.groups,
            known=journal.known if journal else None,
            on_result=journal.add if journal else None,
            on_progress=on_progress,
        )
    return Outcome(evaluation, resumed=len(journal.known) if journal else 0)


def _judged_queries(
    plan: Plan, benchmark: Benchmark, config: Config, opened: Callable[[Config], QA], steps: Steps
) -> Outcome:
    files = [plan.path, *([plan.qrels] if plan.qrels else [])]
    with opened(config) as qa, _journal(plan, files, config, lambda: library_facts(qa)) as journal:
        return _ranked(plan, benchmark, qa, journal, steps)


def _benchmark(
    plan: Plan, benchmark: Benchmark, config: Config, opened: Callable[[Config], QA], steps: Steps
) -> Outcome:
    qrels = plan.qrels or plan.path / "qrels" / "test.tsv"
    files = [plan.path / "corpus.jsonl", plan.path / "queries.jsonl", qrels]
    with (
        _journal(plan, files, config, lambda: "of its own corpus") as journal,
        _temporary(config, benchmark.documents(), benchmark.count_documents(), opened, steps) as built,
    ):
        qa, indexing, problems = built
        outcome = _ranked(plan, benchmark, qa, journal, steps)
        return replace(outcome, indexing=indexing, problems=problems)


def _squad(plan: Plan, config: Config, opened: Callable[[Config], QA], steps: Steps) -> Outcome:
    reading = load_squad(plan.path)
    if plan.own_index:  # its documents have names and offsets of their own
        questions = [replace(question, sources=(), spans=()) for question in reading.questions]
        with opened(config) as qa:
            return _asked(plan, questions, qa, config, steps)
    with _temporary(config, reading.passages, len(reading.passages), opened, steps) as built:
        qa, indexing, problems = built
        outcome = _asked(plan, reading.questions, qa, config, steps)
        return replace(outcome, indexing=indexing, problems=problems)


@contextmanager
def _temporary(
    config: Config,
    lines: Iterable[CorpusLine],
    total: int,
    opened: Callable[[Config], QA],
    steps: Steps,
) -> Iterator[tuple[QA, dict[str, Any], tuple[FileProblem, ...]]]:
    """Index documents into a library that is gone afterwards."""
    documents = (document_from_text(line.text, source=line.id, title=line.title) for line in lines)
    with TemporaryDirectory(prefix="qa-eval-") as index, opened(replace(config, index=index)) as qa:
        with steps() as on_progress:
            report = qa.add_documents(documents, total=total, on_progress=on_progress)
        facts = {
            "documents": len(report.added),
            "passages": report.passages,
            "seconds": report.seconds,
        }
        yield qa, facts, report.failed


@contextmanager
def _journal(
    plan: Plan, files: Sequence[Path], config: Config, library: Callable[[], str]
) -> Iterator[Journal | None]:
    """Open the journal of a plan for exactly these files, documents and settings; None without one."""
    if plan.journal is None:
        yield None
        return
    settings = {name: value for name, value in asdict(config).items() if name in SETTINGS}
    facts = {
        "set": plan.path.name,
        "questions": _digest(files),
        "library": f"{library()} {json.dumps(settings)} qa {metadata.version('qa')}",
        "measures": sorted(set(plan.measures) - set(MEASURES)),
    }
    with Journal(plan.journal, facts) as journal:
        yield journal


def library_facts(qa: QA) -> str:
    """Return a digest of what the answers of a library depend on: documents, model, fitted weights."""
    digest = hashlib.sha256(qa.model.encode())
    for name in FITTED:
        digest.update(resources.files("qa").joinpath(f"model/{name}").read_bytes())
    for document in qa.documents():
        digest.update(f"{document.source}\0{document.id}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        if not path.is_file():
            raise QuestionError(f"There is no file '{path}'.")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def facts_of(outcome: Outcome) -> Mapping[str, Any]:
    """Return the JSON of ``qa eval`` that is about the run and not about its results."""
    return {"indexing": outcome.indexing, "left_out": outcome.left_out, "resumed": outcome.resumed}
