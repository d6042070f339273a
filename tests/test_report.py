"""The HTML report: complete, readable without sight, and closed to what documents might try."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from qa.evaluation import Evaluation, Question, Result, write_report
from qa.evaluation.charts import Axis, Series, bar_chart, line_chart
from qa.evaluation.report import histogram, recall_at, render_report, worst_first

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(1)">\x00\ud800 & </style></table>'


def result(
    identifier: str,
    outcome: str | None,
    *,
    confidence: float | None = 0.5,
    pair: tuple[str, str] | None = ("en", "zh"),
    ndcg: float = 0.5,
    quote: str | None = "words",
    known_failure: str | None = None,
    question: str = "Who?",
) -> Result:
    answers = () if outcome in ("false answer", "correct abstention") else ("words",)
    lang, passage_lang = pair or (None, None)
    return Result(
        Question(
            identifier, question, answers, ("a.txt",) if answers else (), lang=lang,
            passage_lang=passage_lang, known_failure=known_failure,
        ),
        outcome,
        {"nDCG@10": ndcg, "R@10": 1.0, "R@100": 1.0, "RR@10": ndcg, "Success@1": 0.0} if answers else None,
        documents=(("b.txt", 2.0), ("a.txt", 1.0)),
        relevant=1 if answers else 0,
        ranks=(2,) if answers else (),
        quote=quote,
        source="b.txt" if quote else None,
        nearest=quote,
        nearest_source="b.txt",
        confidence=confidence,
        seconds=0.012,
    )  # fmt: skip


EVALUATION = Evaluation(
    "questions.jsonl",
    (
        result("r", "right", confidence=0.9, ndcg=1.0),
        result("w", "wrong", confidence=0.8),
        result("m", "missed", quote=None, pair=("zh", "zh")),
        result("f", "false answer", confidence=0.7, pair=None),
        result("c", "correct abstention", confidence=0.1, quote=None, pair=None),
        result("k", "wrong", known_failure="needs arithmetic"),
    ),
    3.0,
)


class Elements(HTMLParser):
    """The start tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.found if name == tag)


def test_a_report_has_every_part() -> None:
    page = render_report(EVALUATION)
    for heading in (
        "Figures", "By language pair", "Recall by rank", "Risk and coverage", "Reliability", "Time of an answer",
        "Known failures", "The worst questions",
    ):  # fmt: skip
        assert heading in page
    assert "en" in page
    assert "needs arithmetic" in page
    assert "first relevant document at rank 2" in page


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page = render_report(EVALUATION)
    elements = Elements(page)
    assert not {tag for tag, _ in elements.found} & {"script", "link", "img", "iframe", "object", "base"}
    assert "url(" not in page
    assert "@import" not in page
    for _, attributes in elements.found:
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    policies = [meta for meta in elements.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies[0]["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_documents_and_questions_are_text_and_never_markup(tmp_path: Path) -> None:
    hostile = Evaluation(
        HOSTILE,
        (
            result(
                HOSTILE, "wrong", quote=HOSTILE, question=HOSTILE, known_failure=None, pair=(HOSTILE, HOSTILE)
            ),
            result("known", "wrong", known_failure=HOSTILE),
        ),
        1.0,
    )
    write_report(hostile, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    elements = Elements(page)
    assert not list(elements.of("script"))
    assert not list(elements.of("img"))
    assert page.count("</style>") == 1
    assert "&lt;script&gt;alert(1)" in page
    assert "\x00" not in page


def test_every_plot_is_told_in_words_and_has_its_numbers_in_a_table() -> None:
    page = render_report(EVALUATION)
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(plots) == 4
    for plot in plots:
        svg = ElementTree.fromstring(plot)
        assert svg.attrib["role"] == "img"
        labels = {element.attrib.get("id"): element.text for element in svg}
        for name in svg.attrib["aria-labelledby"].split():
            assert labels[name]
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert all("<table" in figure for figure in figures)
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert all("<caption" in table and 'scope="col"' in table and 'scope="row"' in table for table in tables)


def test_headings_are_in_order_and_ids_are_there_once() -> None:
    page = render_report(EVALUATION)
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    identifiers = re.findall(r' id="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in identifiers


@pytest.mark.parametrize(
    "results",
    [
        (),
        (Result(Question("q", ""), "missing", dict.fromkeys(("nDCG@10", "Success@1"), 0.0)),),
        (Result(Question("q", "?", ("x",)), "failed", {"nDCG@10": 0.0}, error="too long"),),
        (result("only", None, confidence=None, quote=None),),
    ],
)
def test_a_report_of_next_to_nothing_is_still_a_page(results: tuple[Result, ...]) -> None:
    page = render_report(Evaluation("set", results, 0.0))
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</html>\n")


def test_confident_mistakes_come_first_and_known_failures_not_at_all() -> None:
    assert [entry.question.id for entry in worst_first(EVALUATION.results)] == ["w", "f", "m"]


def test_recall_at_a_rank_by_hand() -> None:
    first = Result(Question("a", "?"), relevant=2, ranks=(1, 30))
    none = Result(Question("b", "?"), relevant=0)
    assert recall_at([first, none], 10) == pytest.approx(0.25)
    assert recall_at([first, none], 30) == pytest.approx(0.5)


def test_times_are_counted_between_their_limits() -> None:
    assert histogram([3.0, 4.9, 5.0, 60.0]) == [
        ("2–5", 2),
        ("5–10", 1),
        ("10–20", 0),
        ("20–50", 0),
        ("50–100", 1),
    ]
    assert histogram([5000.0, 0.1])[0] == ("<1", 1)
    assert histogram([5000.0])[-1] == ("≥1000", 1)


def test_points_stand_where_their_values_say() -> None:
    x, y = Axis("x", 1, 100, (1, 100), logarithmic=True), Axis("y", 0, 1, (0, 1))
    svg = line_chart("i", "t", "d", [Series("s", ((1, 0), (10, 0.5), (100, 1)))], x=x, y=y)
    # the plot is 480 wide from 64 and 242 high from 256 up; 10 is half-way on a logarithmic axis
    assert 'd="M64.0 256.0L304.0 135.0L544.0 14.0"' in svg
    bars = bar_chart("i", "t", "d", [("<&>", 2), ("b", 0)], label="ms")
    assert "&lt;&amp;&gt;" in bars
    ElementTree.fromstring(bars)
