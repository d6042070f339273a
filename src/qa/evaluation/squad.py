"""Question sets in SQuAD's format: articles of paragraphs, with questions whose answers have offsets.

Rajpurkar et al. 2016 and 2018; also written so: DRCD, KorQuAD, GermanQuAD and many more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.errors import QuestionError
from qa.evaluation.benchmark import CorpusLine
from qa.evaluation.questions import Question
from qa.types import Span


@dataclass(frozen=True, slots=True)
class Reading:
    """The questions of a file and the paragraphs that they were asked of.

    Every paragraph is a document, called by its article and its number in it: ``Normans/3``. The spans of
    a question are offsets of that document.
    """

    path: Path
    questions: tuple[Question, ...]
    passages: tuple[CorpusLine, ...] = field(repr=False)


def load_squad(path: str | Path) -> Reading:
    """Read a question set in SQuAD's format, version 1.1 or 2.0.

    ``lang`` and ``passage_lang`` are read where the file, an article, a paragraph or a question gives them.

    Raises:
        QuestionError: the file is malformed, an id is given twice, or an answer is not at its offset.
    """
    path = Path(path)
    file = _read(path)
    passages: list[CorpusLine] = []
    questions: dict[str, Question] = {}
    articles: dict[str, int] = {}
    for article in _list(file, "data", str(path)):
        title = _text(article, "title", f"{path}: an article", default="untitled")
        for paragraph in _list(article, "paragraphs", f"{path}, article '{title}'"):
            articles[title] = articles.get(title, 0) + 1
            source = f"{title}/{articles[title]}"
            place = f"{path}, paragraph '{source}'"
            context = _text(paragraph, "context", place)
            passages.append(CorpusLine(source, title, _with_newlines(context)))
            for asked in _list(paragraph, "qas", place):
                found = _labels(file, article, paragraph, asked)
                question = _question(asked, context, source, found, place)
                if question.id in questions:
                    raise QuestionError(f"{place}: the id '{question.id}' was given before; ids must differ.")
                questions[question.id] = question
    if not questions:
        raise QuestionError(f"{path} holds no questions.")
    return Reading(path, tuple(questions.values()), tuple(passages))


def _question(
    asked: dict[str, Any], context: str, source: str, labels: dict[str, str | None], place: str
) -> Question:
    identifier = _text(asked, "id", place)
    where = f"{place}, question '{identifier}'"
    possible = not asked.get("is_impossible", False)
    answers = _list(asked, "answers", where) if possible else []
    texts = tuple(dict.fromkeys(_text(answer, "text", where) for answer in answers))
    spans = dict.fromkeys(span for answer in answers if (span := _span(answer, context, where)))
    return Question(
        identifier,
        _text(asked, "question", where),
        texts,
        (source,) if texts else (),
        spans=tuple(spans),
        lang=labels["lang"],
        passage_lang=labels["passage_lang"],
        kind=labels["kind"],
    )


def _span(answer: dict[str, Any], context: str, where: str) -> Span | None:
    start = answer.get("answer_start")
    if start is None:
        return None
    text = answer["text"]
    if not isinstance(start, int) or start < 0 or context[start : start + len(text)] != text:
        raise QuestionError(
            f"{where}: '{text}' is not at answer_start {start!r} of the paragraph; offsets count code points."
        )
    return Span(len(_with_newlines(context[:start])), len(_with_newlines(context[: start + len(text)])))


def _with_newlines(text: str) -> str:
    """Return ``text`` with the line ends of stored documents."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _labels(*levels: dict[str, Any]) -> dict[str, str | None]:
    """Return each label as the innermost level gives it."""
    found: dict[str, str | None] = dict.fromkeys(("lang", "passage_lang", "kind"))
    for level in levels:
        found |= {name: level[name] for name in found if isinstance(level.get(name), str)}
    return found


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise QuestionError(f"There is no file '{path}'.")
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise QuestionError(f"{path}: this is not JSON in UTF-8 ({error}).") from error
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise QuestionError(
            f"{path}: a .json file is read in SQuAD's format, and this one has no list under 'data'. "
            "A question set with a JSON object a line is called .jsonl."
        )
    return value


def _list(value: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    found = value.get(key)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise QuestionError(f"{place}: '{key}' must be a list of objects.")
    return found


def _text(value: dict[str, Any], key: str, place: str, *, default: str | None = None) -> str:
    found = value.get(key, default)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not found.strip():
        raise QuestionError(f"{place}: '{key}' must be a text that is not empty, it is {found!r}.")
    return found
