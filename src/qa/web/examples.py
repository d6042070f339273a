"""Example questions: those given, or titles of the library, in as many scripts as there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path

from qa.errors import ConfigError, QAError
from qa.reasons import language_of
from qa.text import script
from qa.types import Document, DocumentInfo, Scope, Span
from qa.web.service import Service

SHOWN = 4
_TRIED = 12
"""Questions of one script that are tried, in their order."""
SHOWN_HEADINGS = 3
_TRIED_HEADINGS = 6
_TITLES_READ = 500
_LONGEST_TITLE = 60


def read_examples(path: Path) -> tuple[str, ...]:
    """Return the questions of a file, one a line: plain, or JSON objects with ``question``.

    A question set for ``qa eval`` will do; its questions without answers are left out.

    Raises:
        ConfigError: the file cannot be read, or a line of JSON has no question.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        questions = [_question(line) for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ConfigError(
            f"Example questions cannot be read from '{path}': {error}. Give one question a line."
        ) from error
    return tuple(question for question in questions if question)


def _question(line: str) -> str:
    if not line.lstrip().startswith("{"):
        return line.strip()
    entry = json.loads(line)
    return str(entry["question"]) if entry.get("answers", True) else ""


def choose_examples(
    service: Service, given: Sequence[str], documents: Sequence[DocumentInfo], lang: str
) -> tuple[str, ...]:
    """Return the questions to show: a few that were given all, else some that the documents answer, one in the
    reader's language ``lang`` before others."""
    if 0 < len(given) <= SHOWN:
        return tuple(given)
    answered = partial(_is_answered, service)
    questions = given or _titles(documents)
    own = [question for question in questions if language_of(question) == lang]
    groups = by_script([question for question in questions if question not in own])
    return tuple(islice(_in_turn([filter(answered, group[:_TRIED]) for group in (own, *groups)]), SHOWN))


def by_script(questions: Sequence[str]) -> list[list[str]]:
    """Return the questions in groups of one script, the largest group first."""
    groups: dict[str, list[str]] = {}
    for question in questions:
        groups.setdefault(script(question), []).append(question)
    return sorted(groups.values(), key=len, reverse=True)


def _in_turn(groups: Sequence[Iterable[str]]) -> Iterator[str]:
    """Yield the first of every group, then the second of every group, and so on."""
    for row in zip_longest(*groups):
        yield from (question for question in row if question is not None)


def _titles(documents: Sequence[DocumentInfo]) -> list[str]:
    titles = [info.title for info in documents[:_TITLES_READ] if info.title != info.source]
    return [title for title in titles if 0 < len(title) <= _LONGEST_TITLE]


def choose_headings(service: Service, document: Document, quoted: Span) -> tuple[str, ...]:
    """Return headings of a document that it answers by another quote, those after the one quoted first."""
    headings = [block for block in document.blocks if block.kind == "heading" and block.level > 1]
    if not headings:  # a document with headings of one rank only
        headings = [block for block in document.blocks if block.kind == "heading"][1:]
    ordered = sorted(headings, key=lambda block: (block.span.start < quoted.end, block.span.start))
    scope = Scope(within=(document.source,))
    found: dict[str, None] = {}
    for block in ordered[:_TRIED_HEADINGS]:
        text = " ".join(block.span.of(document.text).split())
        if text and len(text) <= _LONGEST_TITLE and _is_told(service, text, scope, quoted):
            found[text] = None
        if len(found) == SHOWN_HEADINGS:
            break
    return tuple(found)


def _is_told(service: Service, heading: str, scope: Scope, quoted: Span) -> bool:
    """Say whether a heading asked of its document is answered elsewhere than by what is quoted already."""
    try:
        quote = service.ask(heading, scope=scope).quote
    except QAError:
        return False
    return quote is not None and not quote.span.overlaps(quoted)


def _is_answered(service: Service, question: str) -> bool:
    try:
        return service.ask(question).answered
    except QAError:
        return False
