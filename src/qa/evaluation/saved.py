"""Results on disk: a journal that a killed evaluation goes on from, and what is compared later.

A journal is JSON lines: the first says what was evaluated, every other is one result, written as soon as it
is there.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from qa.errors import QuestionError
from qa.evaluation.lines import Place, json_lines
from qa.evaluation.measures import MEASURES, measure, strictly_decreasing
from qa.evaluation.questions import Question
from qa.evaluation.run import Result
from qa.evaluation.trec import load_run

FORMAT = "qa evaluation 1"


@dataclass(frozen=True, slots=True)
class SavedRun:
    """The results of one evaluation, as a journal or the output of ``qa eval --json`` holds them."""

    name: str
    results: tuple[Result, ...]


class Journal:
    """Keeps every result of an evaluation as it comes; opened again, it knows those it has.

    ``facts`` say what is evaluated: the set, the library, the settings. A file of other facts is refused, as
    its results would be those of something else.
    """

    def __init__(self, path: str | Path, facts: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.known: dict[str, Result] = {}
        header = {"format": FORMAT, **facts}
        self._file: TextIO = self.path.open("a", encoding="utf-8")
        try:
            self._lock()
            if self.path.stat().st_size:
                end = _whole_lines(self.path)
                if end:
                    self._read(header)
                elif not self.path.read_bytes().startswith(_BEGINNING[: self.path.stat().st_size]):
                    raise Place(self.path, 1).error(_FOREIGN)
                self._file.truncate(end)  # a line that was being written when the process was killed
            if not self.path.stat().st_size:
                self._write(header)
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise QuestionError(
                f"{self.path} is being written by another qa eval; give --resume another file."
            ) from error

    def add(self, result: Result) -> None:
        """Write one result, so that it outlives this process."""
        self._write(_saved(result))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, header: Mapping[str, Any]) -> None:
        lines = json_lines(self.path, whole=True)
        place, found = next(lines)
        if found.get("format") != FORMAT:
            raise place.error(_FOREIGN)
        for name in header:
            if found.get(name) != header[name]:
                raise place.error(
                    f"these are results of another {_WORDS.get(name, name)}; give --resume another file, "
                    "or delete this one to begin anew."
                )
        for place, value in lines:
            result = _result(value, place)
            self.known[result.question.id] = result

    def _write(self, value: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._file.flush()


_BEGINNING = b'{"format": "qa evaluation '
_FOREIGN = "this is no journal of qa eval; give --resume a file of its own."
_UNKNOWN = "this is neither the output of qa eval --json nor a file of --resume."
_WORDS = {
    "set": "question set",
    "questions": "question set",
    "library": "library, model, setting or version of qa",
    "measures": "choice of measures",
}


def load_saved(path: str | Path) -> SavedRun:
    """Read a journal, or the one object that ``qa eval --json`` printed.

    Raises:
        QuestionError: the file is neither, or holds no results.
    """
    path = Path(path)
    place = Place(path, 1)
    first = _first(path, place)
    if first.get("format") == FORMAT:
        lines = list(json_lines(path, whole=True))[1:]
        found = [_result(value, at) for at, value in lines]
    elif isinstance(first.get("per_question"), list):
        found = [_result(value, place) for value in first["per_question"]]
    else:
        raise place.error(_UNKNOWN)
    results = {result.question.id: result for result in found}
    name = str(first.get("set", path.stem))
    if not results:
        raise QuestionError(f"{path} holds no results.")
    return SavedRun(name, tuple(results.values()))


def _untied(ranked: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    scores = strictly_decreasing([score for _, score in ranked])
    return [(document, score) for (document, _), score in zip(ranked, scores, strict=True)]


def _first(path: Path, place: Place) -> dict[str, Any]:
    """Return the first line of a journal, or the whole of a JSON file however it is broken into lines."""
    if not path.is_file():
        raise QuestionError(f"There is no file '{path}'.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
        value = json.loads(text.partition("\n")[0] if text.startswith(_BEGINNING.decode()) else text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise place.error(_UNKNOWN) from error
    if not isinstance(value, dict):
        raise place.error(_UNKNOWN)
    return value


def judged_run(path: Path, qrels: Mapping[str, Mapping[str, int]], *, measures: Sequence[str]) -> SavedRun:
    """Return a run in TREC's format, of whatever system, measured by judgements: a result for each question.

    Equal scores are in trec_eval's order (see ``load_run``), so the values are those of trec_eval.
    """
    # one order for every measure: not all programs behind ir_measures break ties as trec_eval does
    run = {question: _untied(ranked) for question, ranked in load_run(path).items()}
    wanted = tuple(dict.fromkeys((*MEASURES, *measures)))
    values = measure(wanted, qrels, run)
    results = []
    for name, grades in qrels.items():
        ranked = run.get(name, [])
        relevant = {document for document, grade in grades.items() if grade > 0}
        ranks = (rank for rank, (document, _) in enumerate(ranked, start=1) if document in relevant)
        results.append(
            Result(
                Question(name, ""),
                values=values[name],
                documents=tuple(ranked),
                relevant=len(relevant),
                ranks=tuple(ranks),
            )
        )
    return SavedRun(path.stem, tuple(results))


def _saved(result: Result) -> dict[str, Any]:
    ranked = [[source, score] for source, score in result.documents]
    return {**result.to_dict(), "documents": ranked}


def _result(value: dict[str, Any], place: Place) -> Result:
    """Return the result that was written; keys that older versions did not write have their defaults."""
    try:
        question = Question(
            id=value["id"],
            question=value.get("question", ""),
            answers=tuple(value.get("answers", ())),
            sources=tuple(value.get("sources", ())),
            lang=value["lang"],
            passage_lang=value["passage_lang"],
            kind=value["kind"],
            known_failure=value.get("known_failure"),
        )
        return Result(
            question=question,
            outcome=value["outcome"],
            values=value["values"],
            documents=_documents(value.get("documents", ())),
            relevant=value.get("relevant", 0),
            ranks=tuple(value.get("ranks", ())),
            quote=value["quote"],
            source=value["source"],
            nearest=value.get("nearest", value["quote"]),
            nearest_source=value.get("nearest_source", value["source"]),
            marks=value.get("marks"),
            confidence=value["confidence"],
            seconds=value["seconds"],
            error=value["error"],
        )
    except (KeyError, TypeError) as error:
        raise place.error(f"this is no result of qa eval ({type(error).__name__}: {error}).") from error


def _documents(found: Any) -> tuple[tuple[str, float], ...]:
    """Return ranked documents; the JSON for people has names alone, which keep their order as scores."""
    if found and isinstance(found[0], str):
        return tuple((source, -float(rank)) for rank, source in enumerate(found, start=1))
    return tuple((source, float(score)) for source, score in found)


def _whole_lines(path: Path) -> int:
    """Return where the last line that was written whole ends."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        position, block = size, 65536
        while position > 0:
            start = max(0, position - block)
            file.seek(start)
            found = file.read(position - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            position = start
    return 0
