"""Feedback becomes questions, and a reviewer accepts, mends or rejects them.

A proposed question stands in the question set, marked ``"status": "proposed"``, and is not asked until it is
accepted. Lines that are not touched keep every byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qa.errors import QuestionError
from qa.evaluation.lines import json_lines
from qa.evaluation.questions import ACCEPTED, PROPOSED, REJECTED
from qa.feedback import RIGHT, Feedback, replace_file

TextOf = Callable[[str], str | None]
"""The stored text of a document by its id; None when it is not there any more."""


def propose(feedback: Sequence[Feedback], text_of: TextOf) -> list[dict[str, Any]]:
    """Return a line of a question set for every question that verdicts were given on.

    The latest verdict on a question decides: what it calls right gives the answers; what it calls wrong gives
    those that the person expected, and else the line says that it ``needs`` answers. A verdict that its giver
    replaced is not counted; what was noted with it stays.
    """
    by_question: dict[str, list[Feedback]] = {}
    for each in feedback:
        by_question.setdefault(" ".join(each.question.split()), []).append(each)
    return [_line(question, verdicts, text_of) for question, verdicts in by_question.items()]


def add_proposed(path: Path, lines: Sequence[dict[str, Any]]) -> list[str]:
    """Put proposed lines into a question set; return the ids of those that are new there.

    What a reviewer has accepted or rejected stays as it is; what is still proposed is brought up to date.
    """
    known = {str(value.get("id")): value for _, value in json_lines(path)} if path.exists() else {}
    new = [line for line in lines if line["id"] not in known]
    stale = {line["id"]: line for line in lines if known.get(line["id"], {}).get("status") == PROPOSED}
    changed = {name: line for name, line in stale.items() if known[name] != line}
    if new or changed:
        _rewrite(path, changed, new)
    return [line["id"] for line in new]


def proposed(path: Path) -> list[dict[str, Any]]:
    """Return the lines that wait for a reviewer."""
    return [value for _, value in json_lines(path) if value.get("status") == PROPOSED]


def accept(
    path: Path,
    identifier: str,
    *,
    question: str | None = None,
    answers: Sequence[str] = (),
    source: str | None = None,
    unanswerable: bool = False,
) -> dict[str, Any]:
    """Accept a proposed question, mended by what is given; return the line as it now stands.

    Raises:
        QuestionError: no proposed question has this id, or it has no answers and is not called unanswerable.
    """
    if unanswerable and answers:
        raise QuestionError("A question that has answers is not unanswerable; give one or the other.")
    line = _find(path, identifier)
    needs = line.pop("needs", None)
    if needs and not answers and not unanswerable:
        raise QuestionError(
            f"'{identifier}' has no answers yet. Give them (--answer TEXT), "
            "or say that the documents hold none (--unanswerable)."
        )
    line.pop("feedback", None)
    line["status"] = ACCEPTED
    if question:
        line["question"] = question
    if answers or unanswerable:
        line["answers"] = list(answers)
        line.pop("spans", None)
    if unanswerable:
        line.pop("source", None)
    if source:
        if source != line.get("source"):
            line.pop("spans", None)
        line["source"] = source
    _rewrite(path, {identifier: line}, [])
    return line


def reject(path: Path, identifier: str) -> dict[str, Any]:
    """Reject a proposed question, so that it is not proposed again; return the line as it now stands."""
    line = _find(path, identifier)
    kept = {"id": line["id"], "question": line["question"], "status": REJECTED}
    _rewrite(path, {identifier: kept}, [])
    return kept


def _line(question: str, verdicts: Sequence[Feedback], text_of: TextOf) -> dict[str, Any]:
    latest = verdicts[-1]
    quoted = _quoted(latest, text_of)
    line: dict[str, Any] = {
        "id": "feedback-" + hashlib.sha256(question.encode("utf-8", "replace")).hexdigest()[:10],
        "question": question,
        "answers": [],
        "status": PROPOSED,
    }
    if latest.verdict == RIGHT and latest.answered:
        if quoted is None:  # the document is gone or was changed since
            line["needs"] = "answers"
        else:
            text, marked = quoted
            line["answers"] = list(dict.fromkeys(marked)) or [text]
            line["source"] = latest.source
            line["spans"] = [[mark.start, mark.end] for mark in latest.highlights] or [_pair(latest)]
    elif latest.expected:
        line["answers"] = [latest.expected]
    elif latest.verdict != RIGHT:
        line["needs"] = "answers"
    replaced = {each.replaces for each in verdicts}
    standing = [each.verdict for each in verdicts if not each.id or each.id not in replaced]
    line["feedback"] = {
        "right": standing.count(RIGHT),
        "wrong": len(standing) - standing.count(RIGHT),
        "quoted": quoted[0] if quoted else None,
        "notes": list(dict.fromkeys(each.note for each in verdicts if each.note)),
    }
    return line


def _quoted(feedback: Feedback, text_of: TextOf) -> tuple[str, list[str]] | None:
    """Return the quote and its marked words, cut out of the stored document; None when that is gone."""
    text = text_of(feedback.document_id) if feedback.document_id and feedback.span else None
    if text is None or feedback.span is None:
        return None
    return feedback.span.of(text), [mark.of(text) for mark in feedback.highlights]


def _pair(feedback: Feedback) -> list[int]:
    assert feedback.span is not None
    return [feedback.span.start, feedback.span.end]


def _find(path: Path, identifier: str) -> dict[str, Any]:
    for _, value in json_lines(path):
        if str(value.get("id")) == identifier:
            if value.get("status") != PROPOSED:
                raise QuestionError(f"'{identifier}' is {value.get('status', ACCEPTED)} already.")
            return value
    raise QuestionError(
        f"There is no question '{identifier}' in {path}. See: qa questions list --file {path}"
    )


def _rewrite(path: Path, changed: dict[str, dict[str, Any]], new: Sequence[dict[str, Any]]) -> None:
    """Write the lines in ``changed`` anew and ``new`` ones at the end; every other line keeps its bytes."""
    kept = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    places = {str(value.get("id")): place.number for place, value in json_lines(path)} if kept else {}
    for name, line in changed.items():
        kept[places[name] - 1] = _encoded(line)
    if kept and not kept[-1].endswith(b"\n"):
        kept[-1] += b"\n"
    replace_file(path, b"".join([*kept, *map(_encoded, new)]))


def _encoded(line: dict[str, Any]) -> bytes:
    return (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "replace")
