"""Question sets: one JSON object a line, or one row of a table, with the answers that a right quote holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import QuestionError
from qa.evaluation.lines import Place, Wrong, json_lines, optional_text_of, table_rows, text_of, texts_of
from qa.types import Span

TABLES = (".csv", ".tsv")
ACCEPTED, PROPOSED, REJECTED = "accepted", "proposed", "rejected"
MARKED_WITHOUT_REASON = "marked without a reason"


@dataclass(frozen=True, slots=True)
class Question:
    """One question; without ``answers`` the documents cannot answer it, and to abstain is right.

    ``lang`` is the language of the question, ``passage_lang`` of the passage that answers it, ``kind``
    any label that figures should be grouped by. ``sources`` are the documents that answer it, and ``spans``
    where in them: of the stored text of the first source. ``known_failure`` says why the service is known
    not to answer it yet; None for every other question. ``status`` is ``accepted``, or what a reviewer has
    not accepted: ``proposed`` or ``rejected``.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    lang: str | None = None
    passage_lang: str | None = None
    kind: str | None = None
    known_failure: str | None = None
    spans: tuple[Span, ...] = ()
    status: str = ACCEPTED

    @property
    def answerable(self) -> bool:
        return bool(self.answers)

    @property
    def pair(self) -> str | None:
        """Question and passage language, as ``en>zh``; None unless both are known."""
        return f"{self.lang}>{self.passage_lang}" if self.lang and self.passage_lang else None

    @property
    def crossing(self) -> str | None:
        """``same`` or ``across`` languages; ``zh-Hant`` and ``zh-Hans`` are one language."""
        if not self.lang or not self.passage_lang:
            return None
        return "same" if _language(self.lang) == _language(self.passage_lang) else "across"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions to ask, and how many a file holds that no reviewer has accepted."""

    questions: tuple[Question, ...]
    proposed: int = 0
    rejected: int = 0


def load_questions(path: str | Path) -> list[Question]:
    """Read the accepted questions of a set (see ``load_question_set``)."""
    return list(load_question_set(path).questions)


def load_question_set(path: str | Path) -> QuestionSet:
    """Read a question set: a line for each question, as ``{"id", "question", "answers": […]}``.

    Optional are ``source`` or ``sources``, ``lang``, ``passage_lang``, ``kind``, ``known_failure``, ``spans`` and
    ``status``. A ``.csv`` or ``.tsv`` file has a column for each of these; several answers or sources in one
    cell are parted by ``|``, and a row without ``id`` is called by its line.

    Raises:
        QuestionError: malformed lines, each of them named, an id given twice, or no question at all.
    """
    path, wrong = Path(path), Wrong()
    questions: dict[str, Question] = {}
    with wrong.noting():  # what ends the reading: the rest is unknown
        for place, value in (_table_lines if path.suffix.lower() in TABLES else json_lines)(
            path, wrong=wrong
        ):
            with wrong.noting():
                question = question_of(value, place)
                if question.id in questions:
                    raise place.error(f"the id '{question.id}' was given before; ids must differ.")
                questions[question.id] = question
    wrong.check()
    accepted = tuple(question for question in questions.values() if question.status == ACCEPTED)
    statuses = [question.status for question in questions.values()]
    found = QuestionSet(accepted, statuses.count(PROPOSED), statuses.count(REJECTED))
    if found.proposed and not accepted:
        raise QuestionError(f"{path} holds only proposed questions; accept some: qa questions accept ID")
    if not accepted:
        raise QuestionError(f"{path} holds no questions.")
    return found


def holds_answer(text: str, answers: Iterable[str]) -> bool:
    """Say whether ``text`` contains one of ``answers``, white space and line breaks ignored."""
    squeezed = _squeeze(text)
    return any(_squeeze(answer) in squeezed for answer in answers)


def question_of(value: dict[str, Any], place: Place) -> Question:
    """Return the question that one line states."""
    if "answer" in value:  # read on, it would count as unanswerable
        raise place.error("the key 'answer' is not known; give 'answers', a list of texts.")
    source = optional_text_of(value, "source", place)
    sources = tuple(dict.fromkeys(([source] if source else []) + list(texts_of(value, "sources", place))))
    return Question(
        id=text_of(value, "id", place),
        question=text_of(value, "question", place),
        answers=texts_of(value, "answers", place),
        sources=sources,
        lang=optional_text_of(value, "lang", place),
        passage_lang=optional_text_of(value, "passage_lang", place),
        kind=optional_text_of(value, "kind", place),
        known_failure=known_failure_of(value, place),
        spans=_spans(value, sources, place),
        status=_status(value, place),
    )


def known_failure_of(value: dict[str, Any], place: Place) -> str | None:
    """Return why a question is known to fail; None for every other."""
    found = value.get("known_failure")
    if found is None or found is False:
        return None
    if found is True:
        return MARKED_WITHOUT_REASON
    if not isinstance(found, str) or not found.strip():
        raise place.error(f"'known_failure' must be true or the reason in words, it is {found!r}.")
    return found


def _spans(value: dict[str, Any], sources: tuple[str, ...], place: Place) -> tuple[Span, ...]:
    found = value.get("spans")
    if found is None:
        return ()
    if not isinstance(found, list) or not all(_is_span(pair) for pair in found):
        raise place.error(f"'spans' must be a list of [start, end] with 0 <= start < end, it is {found!r}.")
    if len(sources) != 1:
        raise place.error("'spans' are of one document: name it as 'source', and no other.")
    return tuple(Span(start, end) for start, end in found)


def _is_span(pair: object) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(end, int) and not isinstance(end, bool) for end in pair)
        and 0 <= pair[0] < pair[1]
    )


def _status(value: dict[str, Any], place: Place) -> str:
    found = value.get("status", ACCEPTED)
    if found not in (ACCEPTED, PROPOSED, REJECTED):
        raise place.error(f"'status' must be {ACCEPTED}, {PROPOSED} or {REJECTED}, it is {found!r}.")
    return str(found)


_MARKS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _table_lines(path: Path, *, wrong: Wrong) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the rows of a table in the shape of JSON lines; an empty cell is an absent key."""
    for place, row in table_rows(path, wrong=wrong):
        value: dict[str, Any] = {name: cell for name, cell in row.items() if cell}
        if "answer" in row:
            raise place.error("the column 'answer' is not known; call it 'answers'.")
        for name in ("answers", "sources"):
            if name in value:
                value[name] = [part.strip() for part in value[name].split("|")]
        if "known_failure" in value:
            value["known_failure"] = _MARKS.get(value["known_failure"].lower(), value["known_failure"])
        yield place, {"id": str(place.number), **value}


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _language(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].casefold()
