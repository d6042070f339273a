"""Judgements and runs as TREC writes them, and the queries they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from qa.errors import QuestionError
from qa.evaluation.benchmark import Benchmark
from qa.evaluation.lines import Place, json_lines, optional_text_of, text_lines, text_of
from qa.evaluation.questions import Question, known_failure_of


def load_judged_queries(queries: str | Path, qrels: str | Path) -> Benchmark:
    """Read queries and their judgements; the documents are those of a library that is there already.

    Queries are ``<top>`` topics, lines of id, tab and text (``.tsv``, ``.txt``), or JSON lines with ``_id`` or
    ``id`` and ``text`` or ``question``. Judgements are TREC's four columns, or BEIR's three with tabs.

    Raises:
        QuestionError: a file is missing or malformed.
    """
    queries, qrels = Path(queries), Path(qrels)
    asked = load_queries(queries)
    judged = load_qrels(qrels)
    return Benchmark(
        folder=queries.parent / queries.stem,
        questions=tuple(asked[name] for name in judged if name in asked),
        qrels=judged,
        missing=tuple(name for name in judged if name not in asked),
    )


def load_queries(path: Path) -> dict[str, Question]:
    """Return the queries of a file by their ids."""
    queries: dict[str, Question] = {}
    for place, query in _queries(path):
        if query.id in queries:
            raise place.error(f"the id '{query.id}' was given before; ids must differ.")
        queries[query.id] = query
    if not queries:
        raise QuestionError(f"{path} holds no queries.")
    return queries


def load_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return question id -> document id -> grade, of four columns (TREC) or three (BEIR).

    Raises:
        QuestionError: a line has other columns, or one document is judged twice for a question.
    """
    qrels: dict[str, dict[str, int]] = {}
    for place, line in text_lines(path):
        fields = line.split() if "\t" not in line else [part.strip() for part in line.split("\t")]
        if place.number == 1 and fields[0] == "query-id":
            continue
        if len(fields) not in (3, 4) or not all(fields):
            raise place.error(
                "columns are needed: question, 0, document, grade (or question, document, grade)."
            )
        question, document, grade = fields[0], fields[-2], fields[-1]
        try:
            value = int(grade)
        except ValueError as error:
            raise place.error(f"the score must be a whole number, it is '{grade}'.") from error
        if document in qrels.setdefault(question, {}):
            raise place.error(f"'{document}' was judged before for '{question}'.")
        qrels[question][document] = value
    if not qrels:
        raise QuestionError(f"{path} holds no judgements.")
    return qrels


def load_run(path: Path) -> dict[str, list[tuple[str, float]]]:
    """Return question id -> documents with scores, in trec_eval's order.

    That is by score as a 32-bit float, and by document id from the end of the alphabet where scores are
    equal; the rank column is not read.

    Raises:
        QuestionError: a line has not six columns, or a document is there twice for a question.
    """
    import numpy as np

    run: dict[str, dict[str, float]] = {}
    for place, line in text_lines(path):
        fields = line.split()
        if len(fields) != 6:
            raise place.error("six columns are needed: question, Q0, document, rank, score, tag.")
        question, _, document, _, score, _ = fields
        try:
            value = float(np.float32(score))
        except ValueError as error:
            raise place.error(f"the score must be a number, it is '{score}'.") from error
        if document in run.setdefault(question, {}):
            raise place.error(f"'{document}' was ranked before for '{question}'.")
        run[question][document] = value
    if not run:
        raise QuestionError(f"{path} holds no run.")
    return {
        question: sorted(documents.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)
        for question, documents in run.items()
    }


def _queries(path: Path) -> Iterator[tuple[Place, Question]]:
    if path.suffix.lower() in (".jsonl", ".json"):
        for place, value in json_lines(path):
            identifier = text_of(value, "_id" if "_id" in value else "id", place)
            text = text_of(value, "text" if "text" in value else "question", place)
            yield (
                place,
                Question(
                    identifier,
                    text,
                    lang=optional_text_of(value, "lang", place),
                    passage_lang=optional_text_of(value, "passage_lang", place),
                    kind=optional_text_of(value, "kind", place),
                    known_failure=known_failure_of(value, place),
                ),
            )
        return
    lines = list(text_lines(path))
    if any(line.lower().startswith("<top>") for _, line in lines[:50]):
        yield from _topics(lines)
        return
    for place, line in lines:
        identifier, tab, text = line.partition("\t")
        if not tab or not identifier.strip() or not text.strip():
            raise place.error("an id, a tab and the text of the query are needed.")
        yield place, Question(identifier.strip(), text.strip())


_TAG = re.compile(r"</?(\w+)>\s*", re.IGNORECASE)


def _topics(lines: list[tuple[Place, str]]) -> Iterator[tuple[Place, Question]]:
    """Yield the ``<top>`` topics: ``<num>`` is the id, ``<title>`` the query; the rest describes it."""
    field, texts, began = "", {"num": "", "title": ""}, lines[0][0]
    for place, line in lines:
        position = 0
        for tag in [*_TAG.finditer(line), None]:
            text = line[position : tag.start() if tag else len(line)].strip()
            if field in texts and text:
                texts[field] = f"{texts[field]} {text}".strip()
            if tag is None:
                break
            position, name = tag.end(), tag[1].lower()
            field = "" if tag[0].startswith("</") or name == "top" else name
            if tag[0].lower().startswith("<top"):
                texts, began = {"num": "", "title": ""}, place
            elif tag[0].lower().startswith("</top"):
                yield began, _topic(texts, began)


def _topic(texts: dict[str, str], place: Place) -> Question:
    number = re.sub(r"^Number:\s*", "", texts["num"])
    title = re.sub(r"^Topic:\s*", "", texts["title"])
    if not number or not title:
        raise place.error("a topic needs <num> and <title>.")
    return Question(number, title)
