"""Benchmarks in BEIR's format: ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/test.tsv``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qa.errors import QuestionError
from qa.evaluation.lines import json_lines, optional_text_of, text_lines, text_of
from qa.evaluation.questions import Question, known_failure_of


@dataclass(frozen=True, slots=True)
class CorpusLine:
    """One document of a benchmark; ``text`` is never blank."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The judged questions of a benchmark and where its documents are.

    ``qrels`` maps question id to document id to grade (0 is judged not relevant). ``questions`` are
    those judged questions that ``queries.jsonl`` knows; the others are ``missing`` and score 0.
    """

    folder: Path
    questions: tuple[Question, ...]
    qrels: dict[str, dict[str, int]] = field(repr=False)
    missing: tuple[str, ...] = ()

    def documents(self) -> Iterator[CorpusLine]:
        """Read the corpus, a line at a time; what has neither text nor title is left out.

        Raises:
            QuestionError: a malformed line, or an id given twice.
        """
        seen: set[str] = set()
        for place, value in json_lines(self.folder / "corpus.jsonl"):
            identifier = text_of(value, "_id", place)
            if identifier in seen:
                raise place.error(f"the _id '{identifier}' was given before; ids must differ.")
            seen.add(identifier)
            title, text = value.get("title") or "", value.get("text") or ""
            if not isinstance(title, str) or not isinstance(text, str):
                raise place.error("'title' and 'text' must be texts.")
            if text.strip() or title.strip():
                yield CorpusLine(identifier, title.strip(), text if text.strip() else title)

    def count_documents(self) -> int:
        """Count the lines of the corpus that are not blank."""
        with (self.folder / "corpus.jsonl").open("rb") as file:
            return sum(1 for line in file if line.strip())


def load_benchmark(folder: str | Path, *, qrels: str | Path | None = None) -> Benchmark:
    """Read the queries and judgements of a BEIR folder; ``qrels`` are others than ``qrels/test.tsv``.

    Raises:
        QuestionError: a file is missing or malformed.
    """
    folder = Path(folder)
    needed = (
        ("corpus.jsonl", "queries.jsonl") if qrels else ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv")
    )
    for name in needed:
        if not (folder / name).is_file():
            raise QuestionError(
                f"'{folder}' has no {name}; a BEIR folder has corpus.jsonl, queries.jsonl and qrels/test.tsv."
            )
    judged = _read_qrels(Path(qrels) if qrels else folder / "qrels" / "test.tsv")
    queries = _read_queries(folder / "queries.jsonl")
    return Benchmark(
        folder=folder,
        questions=tuple(queries[name] for name in judged if name in queries),
        qrels=judged,
        missing=tuple(name for name in judged if name not in queries),
    )


def _read_queries(path: Path) -> dict[str, Question]:
    queries: dict[str, Question] = {}
    for place, value in json_lines(path):
        query = Question(
            id=text_of(value, "_id", place),
            question=text_of(value, "text", place),
            lang=optional_text_of(value, "lang", place),
            passage_lang=optional_text_of(value, "passage_lang", place),
            kind=optional_text_of(value, "kind", place),
            known_failure=known_failure_of(value, place),
        )
        if query.id in queries:
            raise place.error(f"the _id '{query.id}' was given before; ids must differ.")
        queries[query.id] = query
    return queries


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    for place, line in text_lines(path):
        fields = [part.strip() for part in line.split("\t")]
        if place.number == 1 and fields[0] == "query-id":
            continue
        if len(fields) != 3 or not fields[0] or not fields[1]:
            raise place.error("three columns parted by tabs are needed: query-id, corpus-id, score.")
        try:
            grade = int(fields[2])
        except ValueError as error:
            raise place.error(f"the score must be a whole number, it is '{fields[2]}'.") from error
        qrels.setdefault(fields[0], {})[fields[1]] = grade
    if not qrels:
        raise QuestionError(f"{path} holds no judgements.")
    return qrels
