"""An evaluation as one HTML file: nothing is loaded, no script runs, and every plot has its numbers in a table.

Questions and documents are written by others: they pass through ``escape`` and are shown as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from qa.evaluation.calibration import BINS, Judged, auroc, calibration_error, reliability, risk_coverage
from qa.evaluation.charts import SHARE, Axis, Series, bar_chart, escape, line_chart
from qa.evaluation.measures import DOCUMENT_SUCCESS
from qa.evaluation.run import (
    CORRECT_ABSTENTION,
    DEPTH,
    FAILED,
    FALSE_ANSWER,
    MISSED,
    MISSING,
    RIGHT,
    WRONG,
    Evaluation,
    Result,
    grouped,
    value_of,
)

WORST = 40
NARROW_MAP = 7
"""Languages of which two heat maps stand side by side."""
RANKS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, DEPTH)
LATENCIES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Upper limits of the bars, in milliseconds."""

# Nothing may be fetched or run, whatever a document says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_BADGES = {
    RIGHT: "good", CORRECT_ABSTENTION: "good", MISSED: "no", WRONG: "bad", FALSE_ANSWER: "bad", FAILED: "bad",
    MISSING: "bad",
}  # fmt: skip


def write_report(evaluation: Evaluation, path: str | Path) -> None:
    """Write the report of an evaluation as one file of HTML."""
    Path(path).write_text(render_report(evaluation), encoding="utf-8")


def render_report(evaluation: Evaluation) -> str:
    """Return the report of an evaluation as one page of HTML."""
    figures = evaluation.to_dict()
    title = f"Evaluation of {evaluation.name}"
    style = resources.files("qa.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    sections = [
        ("figures", "Figures", _figures(evaluation, figures)),
        ("pairs", "By language pair", _heat_maps(evaluation, figures)),
        ("ranking", "Ranking and time", _plots(_recall(evaluation), _latency(evaluation))),
        ("confidence", "Confidence and abstention", _confidence(evaluation)),
        ("known", "Known failures", _known(figures["known_failures"])),
        ("worst", "The worst questions", _worst(evaluation)),
    ]
    shown = [section for section in sections if section[2]]
    links = "".join(f'<li><a href="#{name}">{escape(heading)}</a></li>' for name, heading, _ in shown)
    body = "".join(
        f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(heading)}</h2>{content}</section>'
        for name, heading, content in shown
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{style}</style></head>\n"
        f'<body><main><h1 dir="auto">{escape(title)}</h1><p class="quiet">{_counts(figures)}</p>'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>{_cards(figures)}{body}</main></body></html>\n'
    )


# --- the figures ------------------------------------------------------------------------


def _counts(figures: dict[str, Any]) -> str:
    counts = figures["counts"]
    facts = [f"{counts['questions']:,} questions"]
    facts += [
        f"{counts[name]:,} {words}"
        for name, words in (
            ("unanswerable", "that the documents cannot answer"),
            ("failed", "refused by the service, counted as 0"),
            ("missing", "judged but without a query, counted as 0"),
        )
        if counts[name]
    ]
    return escape(", ".join(facts) + f"; {figures['seconds']:.0f} seconds.")


def _cards(figures: dict[str, Any]) -> str:
    abstention = figures["abstention"] or {}
    cards = [
        ("nDCG@10", _short(figures["nDCG@10"]), _spread(figures["intervals"]["nDCG@10"])),
        ("R@100", _short(figures["R@100"]), _spread(figures["intervals"]["R@100"])),
    ]
    if abstention:
        cards += [
            (
                "Right quotes, of answerable questions",
                _percent(figures["quote_accuracy"]),
                _spread(figures["intervals"]["quote_accuracy"]),
            ),
            (
                "Wrong, of the quotes shown",
                _percent(abstention["error_rate"]),
                f"{abstention['answered']:,} shown",
            ),
            (
                "Silent, of unanswerable questions",
                _percent(abstention["abstention_recall"]),
                f"{figures['counts']['unanswerable']:,} asked",
            ),
        ]
    median = figures["milliseconds_per_question"]["median"]
    if median is not None:
        p95 = figures["milliseconds_per_question"]["p95"]
        cards.append(("Median time", f"{median:.1f} ms", f"95th percentile {p95:.1f} ms"))
    items = "".join(
        f'<div><dt>{escape(name)}</dt><dd class="value">{escape(value)}</dd>'
        f'<dd class="quiet">{escape(note)}</dd></div>'
        for name, value, note in cards
    )
    return f'<dl class="cards">{items}</dl>'


def _figures(evaluation: Evaluation, figures: dict[str, Any]) -> str:
    names = [*evaluation.measures, DOCUMENT_SUCCESS]
    if figures["abstention"]:
        names.append("quote_accuracy")
    parts = [("all", figures)]
    parts += [
        (f"{by} {label}", group)
        for by, groups in figures["by"].items()
        if by != "pair"  # the heat map's
        for label, group in groups.items()
    ]
    rows = [
        [label, f"{group['counts']['questions']:,}", *(_with_spread(group, name) for name in names)]
        for label, group in parts
    ]
    header = ["questions of", "number", *(name.replace("_", " ") for name in names)]
    caption = "Means with their 95 % bootstrap interval. Every question counts; what is not found is 0."
    return f'<div class="box">{_table(caption, header, rows, raw=True)}</div>'


def _with_spread(group: dict[str, Any], name: str) -> str:
    spread = group["intervals"].get(name)
    note = f'<br><span class="small">{escape(_spread(spread))}</span>' if spread else ""
    return escape(_short(group[name])) + note


# --- by language pair -------------------------------------------------------------------


def _heat_maps(evaluation: Evaluation, figures: dict[str, Any]) -> str:
    pairs = figures["by"].get("pair", {})
    if not pairs:
        return ""
    names = ["nDCG@10", "Success@1"] + (["quote_accuracy"] if figures["abstention"] else [])
    maps = "".join(_heat_map(name, pairs) for name in names)
    wide = " wide" if len({pair.partition(">")[2] for pair in pairs}) > NARROW_MAP else ""
    return (
        '<p class="quiet">Rows are languages of the question, columns of the passage that answers it. The stronger the '
        f'colour, the higher; below each value, the number of questions.</p><div class="plots{wide}">{maps}</div>'
    )


def _heat_map(name: str, pairs: dict[str, Any]) -> str:
    asked = sorted({pair.partition(">")[0] for pair in pairs})
    found = sorted({pair.partition(">")[2] for pair in pairs})
    head = "".join(f'<th scope="col">{escape(lang)}</th>' for lang in found)
    rows = ""
    for question in asked:
        cells = "".join(_heat_cell(name, pairs.get(f"{question}>{passage}")) for passage in found)
        rows += f'<tr><th scope="row">{escape(question)}</th>{cells}</tr>'
    words = name.replace("_", " ")
    return (
        f'<figure><h3>{escape(words)}</h3><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(words)} by language pair"><table class="heat">'
        f'<caption class="unseen">{escape(words)}, question language down, passage language across</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div></figure>"
    )


def _heat_cell(name: str, group: dict[str, Any] | None) -> str:
    value = group[name] if group else None
    if group is None or value is None:
        return '<td class="none">–</td>'
    number = group["counts"]["answerable"]
    return f'<td class="full" style="--v:{value:.3f}">{value:.2f}<span class="small">{number}</span></td>'


# --- plots ------------------------------------------------------------------------------


def _plots(*figures: str) -> str:
    shown = "".join(figures)
    return f'<div class="plots">{shown}</div>' if shown else ""


def _recall(evaluation: Evaluation) -> str:
    judged = [result for result in evaluation.results if result.values is not None]
    if not judged:
        return ""
    parts = {"all": judged, **grouped(judged, lambda question: question.crossing)}
    words = {"all": "all questions", "same": "same language", "across": "across languages"}
    series = [
        Series(words[name], tuple((rank, recall_at(parts[name], rank)) for rank in RANKS))
        for name in words
        if name in parts
    ]
    plot = line_chart(
        "recall",
        "Recall by rank",
        "Share of the relevant documents among the first documents: "
        + "; ".join(
            f"{each.name} {each.points[0][1]:.2f} at 1, {each.points[-1][1]:.2f} at {DEPTH}"
            for each in series
        )
        + ".",
        series,
        x=Axis("documents looked at", 1, DEPTH, (1, 2, 5, 10, 20, 50, 100), logarithmic=True),
        y=Axis("recall", 0, 1, SHARE),
    )
    table = _table(
        "Recall at each rank",
        ["rank", *(each.name for each in series)],
        [
            [str(rank), *(f"{each.points[place][1]:.3f}" for each in series)]
            for place, rank in enumerate(RANKS)
        ],
    )
    caption = "How many of the relevant documents are among the first ones."
    return _figure("Recall by rank", plot, caption, table)


def recall_at(results: Sequence[Result], rank: int) -> float:
    """Return the mean share of a question's relevant documents among the first ``rank``."""
    return fmean(
        sum(each <= rank for each in result.ranks) / result.relevant if result.relevant else 0.0
        for result in results
    )


def _confidence(evaluation: Evaluation) -> str:
    judged = [judged for result in evaluation.results if (judged := result.judged) is not None]
    if not judged:
        return ""
    right = sum(each for _, each in judged)
    note = (
        f"Over the best quote of each question, shown or withheld: {len(judged):,} quotes, {right:,} of them right. "
        f"Expected calibration error {_short(calibration_error(judged))}, AUROC {_short(auroc(judged))}."
    )
    return f"<p>{escape(note)}</p>" + _plots(_risk(judged), _reliability(judged))


def _risk(judged: Sequence[Judged]) -> str:
    points = risk_coverage(judged)
    at = [next(point for point in points if point.coverage >= share / 10 - 1e-9) for share in range(1, 11)]
    plot = line_chart(
        "risk",
        "Risk and coverage",
        "Share of wrong quotes when only the surest are shown: "
        + ", ".join(f"{point.risk:.2f} at a coverage of {point.coverage:.2f}" for point in at[::3])
        + ".",
        [Series("risk", tuple((point.coverage, point.risk) for point in points))],
        x=Axis("coverage: share of the questions answered", 0, 1, SHARE),
        y=Axis("risk: share of wrong quotes", 0, 1, SHARE),
    )
    table = _table(
        "Answering only from a probability on",
        ["coverage", "risk", "from probability"],
        [[f"{point.coverage:.2f}", f"{point.risk:.3f}", f"{point.least:.3f}"] for point in at],
    )
    caption = "The lower the line, the better: answering only the surest questions should make few mistakes."
    return _figure("Risk and coverage", plot, caption, table)


def _reliability(judged: Sequence[Judged]) -> str:
    bins = reliability(judged)
    full = [
        (each.stated, each.right, each.count)
        for each in bins
        if each.stated is not None and each.right is not None
    ]
    largest = max(count for _, _, count in full)
    series = Series(
        "right",
        tuple((stated, right) for stated, right, _ in full),
        tuple(count / largest for _, _, count in full),
    )
    plot = line_chart(
        "reliability",
        "Reliability",
        "Share of right quotes by stated probability: "
        + ", ".join(f"{right:.2f} right where {stated:.2f} was stated" for stated, right, _ in full)
        + ".",
        [series],
        x=Axis("stated probability", 0, 1, SHARE),
        y=Axis("share that is right", 0, 1, SHARE),
        ideal=((0, 0), (1, 1)),
    )
    table = _table(
        f"Quotes in {BINS} groups by stated probability",
        ["probability", "quotes", "stated (mean)", "right"],
        [
            [f"{each.low:.1f}–{each.high:.1f}", f"{each.count:,}", _short(each.stated), _short(each.right)]
            for each in bins
        ],
    )
    caption = (
        "On the dotted line, what is stated is what happens; below it, too much is promised. "
        "Large dots hold many quotes."
    )
    return _figure("Reliability", plot, caption, table)


def _latency(evaluation: Evaluation) -> str:
    times = [1000 * each.seconds for each in evaluation.results if each.outcome not in (FAILED, MISSING)]
    if not times:
        return ""
    bars = histogram(times)
    plot = bar_chart(
        "latency",
        "Time of an answer",
        ", ".join(f"{count:,} questions {name} ms" for name, count in bars if count) + ".",
        bars,
        label="milliseconds",
    )
    table = _table(
        "Questions by time", ["milliseconds", "questions"], [[name, f"{count:,}"] for name, count in bars]
    )
    caption = (
        "How long one question took, from text to quote."
        if evaluation.results[0].outcome
        else "How long one search took."
    )
    return _figure("Time of an answer", plot, caption, table)


def histogram(milliseconds: Sequence[float]) -> list[tuple[str, int]]:
    """Return how many are in each of ``LATENCIES``, empty ones before the first and after the last left out."""
    counts = [0] * (len(LATENCIES) + 1)
    for time in milliseconds:
        counts[sum(time >= limit for limit in LATENCIES)] += 1
    names = [f"<{LATENCIES[0]}"]
    names += [f"{low}–{high}" for low, high in pairwise(LATENCIES)]
    names.append(f"≥{LATENCIES[-1]}")
    full = [place for place, count in enumerate(counts) if count]
    return list(zip(names, counts, strict=True))[full[0] : full[-1] + 1]


# --- questions --------------------------------------------------------------------------


def _known(known: dict[str, list[dict[str, str]]]) -> str:
    if not known["failing"] and not known["mended"]:
        return ""
    parts = []
    for name, words in (("mended", "Mended: take the mark off"), ("failing", "Still failing, as expected")):
        items = "".join(
            f'<li dir="auto">{escape(entry["id"])}: {escape(entry["reason"])}</li>' for entry in known[name]
        )
        if items:
            parts.append(f'<h3>{words} ({len(known[name])})</h3><ul class="list">{items}</ul>')
    note = '<p class="quiet">These questions count in every figure like all others.</p>'
    return f'{note}<div class="box">{"".join(parts)}</div>'


def _worst(evaluation: Evaluation) -> str:
    failing = worst_first(evaluation.results)
    if not failing:
        return ""
    shown = failing[:WORST]
    note = (
        f"{len(failing):,} questions went wrong; the first {len(shown)} of them, confident mistakes before the rest. "
        "Known failures are left out."
    )
    return f'<p class="quiet">{escape(note)}</p>' + "".join(map(_question, shown))


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Return what went wrong: wrong quotes by falling confidence, then silence, then rankings by their measure."""
    failing = [
        result
        for result in results
        if result.question.known_failure is None
        and (not result.succeeded if result.outcome else value_of(result, "nDCG@10") < 1.0)
    ]

    def order(result: Result) -> tuple[bool, float, float]:
        silent = result.outcome in (MISSED, None)
        return silent, -(result.confidence or 0.0) if not silent else 0.0, value_of(result, "nDCG@10")

    return sorted(failing, key=order)


def _question(result: Result) -> str:
    question = result.question
    outcome = result.outcome or "ranking"
    facts: list[tuple[str, str]] = []
    if question.answers:
        facts.append(("Answers", " · ".join(_text(answer) for answer in question.answers)))
    elif result.outcome not in (None, FAILED, MISSING):
        facts.append(("Answers", "none: the documents cannot answer it"))
    if question.sources:
        facts.append(("Found in", " · ".join(_text(source) for source in question.sources)))
    if result.values is not None:
        facts.append(("Ranked", _ranked(result)))
    if result.nearest:
        place = f' <span class="quiet">{_text(result.nearest_source or "")}</span>'
        facts.append(
            (
                "Quoted" if result.quote else "Withheld",
                f'<blockquote dir="auto">{escape(result.nearest)}</blockquote>{place}',
            )
        )
    if result.confidence is not None:
        facts.append(("Probability", f"{result.confidence:.2f}"))
    if result.error:
        facts.append(("Error", _text(result.error)))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    label = " · ".join(filter(None, (question.id, question.pair or question.lang or "", question.kind or "")))
    return (
        f'<article><header><span class="badge {_BADGES.get(outcome, "no")}">{escape(outcome)}</span>'
        f'<span class="quiet">{_text(label)}</span></header>'
        f'<h3 class="asked" dir="auto">{escape(question.question) or "(no query)"}</h3><dl>{listed}</dl></article>'
    )


def _ranked(result: Result) -> str:
    if result.ranks:
        where = f"first relevant document at rank {result.ranks[0]}"
    else:
        where = f"no relevant document among {len(result.documents)}"
    first = " · ".join(_text(source) for source, _ in result.documents[:3])
    return where + (f'; first: <span class="quiet">{first}</span>' if first else "")


# --- pieces -----------------------------------------------------------------------------


def _figure(title: str, plot: str, caption: str, table: str) -> str:
    return (
        f"<figure><h3>{escape(title)}</h3>{plot}<figcaption>{escape(caption)}</figcaption>"
        f"<details><summary>The numbers</summary>{table}</details></figure>"
    )


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, raw: bool = False) -> str:
    """Return a table whose first cells name the rows; with ``raw`` the other cells are HTML."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{_text(row[0])}</th>'
        + "".join(f"<td>{cell if raw else escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _text(text: str) -> str:
    """Return a run of text in its own direction."""
    return f'<bdi dir="auto">{escape(text)}</bdi>'


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _spread(spread: tuple[float, float] | None) -> str:
    return "–" if spread is None else f"{spread[0]:.3f} to {spread[1]:.3f}"
