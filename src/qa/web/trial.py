"""A question set run from the page: every question is asked, and what comes back is the report of ``qa eval``."""

from __future__ import annotations

from pathlib import Path

from qa.errors import QAError, QuestionError
from qa.evaluation import evaluate
from qa.evaluation.questions import load_question_set
from qa.evaluation.report import render_report
from qa.web.service import OnProgress, Service
from qa.web.strings import Strings
from qa.web.troubles import Trouble, told, trouble_of

MOST_QUESTIONS = 2000
KINDS = (".jsonl", ".csv", ".tsv")


def run_trial(
    service: Service, file: Path, name: str, strings: Strings, *, on_progress: OnProgress | None = None
) -> str | Trouble:
    """Ask all questions of a set; return the report as HTML, a page by itself, or what is wrong."""
    try:
        questions = load_question_set(file).questions
    except (QuestionError, OSError) as error:
        return told(strings.evaluation_malformed, str(error).replace(str(file), name), strings)
    if len(questions) > MOST_QUESTIONS:
        return Trouble(strings.evaluation_many.format(total=len(questions), count=MOST_QUESTIONS))
    try:
        return render_report(evaluate(questions, service, name=name, on_progress=on_progress))
    except QAError as error:
        return trouble_of(error, strings)
