"""Question sets: one JSON object a line, with the answer strings that a right quote holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import QuestionError
from qa.evaluation.lines import Place, json_lines, optional_text_of, text_of, texts_of


@dataclass(frozen=True, slots=True)
class Question:
    """One question; without ``answers`` the documents cannot answer it, and to abstain is right.

    ``lang`` is the language of the question, ``passage_lang`` of the passage that answers it, ``kind``
    any label that figures should be grouped by. ``sources`` are the documents that answer it.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    lang: str | None = None
    passage_lang: str | None = None
    kind: str | None = None

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


def load_questions(path: str | Path) -> list[Question]:
    """Read a question set: a line for each question, as ``{"id", "question", "answers": […]}``.

    Optional are ``source`` or ``sources``, ``lang``, ``passage_lang`` and ``kind``.

    Raises:
        QuestionError: a malformed line, an id given twice, or no question at all.
    """
    path = Path(path)
    questions: dict[str, Question] = {}
    for place, value in json_lines(path):
        question = _question(value, place)
        if question.id in questions:
            raise place.error(f"the id '{question.id}' was given before; ids must differ.")
        questions[question.id] = question
    if not questions:
        raise QuestionError(f"{path} holds no questions.")
    return list(questions.values())


def holds_answer(text: str, answers: Iterable[str]) -> bool:
    """Say whether ``text`` contains one of ``answers``, white space and line breaks ignored."""
    squeezed = _squeeze(text)
    return any(_squeeze(answer) in squeezed for answer in answers)


def _question(value: dict[str, Any], place: Place) -> Question:
    if "answer" in value:  # read on, it would count as unanswerable
        raise place.error("the key 'answer' is not known; give 'answers', a list of texts.")
    source = optional_text_of(value, "source", place)
    sources = texts_of(value, "sources", place)
    return Question(
        id=text_of(value, "id", place),
        question=text_of(value, "question", place),
        answers=texts_of(value, "answers", place),
        sources=tuple(dict.fromkeys(([source] if source else []) + list(sources))),
        lang=optional_text_of(value, "lang", place),
        passage_lang=optional_text_of(value, "passage_lang", place),
        kind=optional_text_of(value, "kind", place),
    )


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _language(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].casefold()
