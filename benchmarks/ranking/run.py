"""Measures what each part of the ranking brings, and whether it keeps what is demanded of it, on development data.

same      each language's dev questions among its dev passages: the ranking beside BM25 alone (its own first 100), and
          beside bm25s
ablation  each feature left out of either round, its weights fitted anew on half ``fit``; each alone, by its values as
          they are. Which candidates are read stays as shipped.
across    dev questions and spans of news whose passage is in another language: the ranking beside dense and late
          interaction over the dense candidates, without the lexical side
pooled    such questions with and without ten times as many texts in the question's language, or in the passages'
depth     how often the right passage is among the candidates, and nDCG@10, when 50, 100 or 200 are reranked

    python -m pip install -e ".[benchmarks,training]"
    python -m benchmarks.ranking.run --data ../shared/data [--langs zh en ...] [--only same ...] [--json OUT]

Figures are nDCG@10 in points unless said otherwise, "fit / final": the halves of the questions. Half ``fit`` is open to
fitting, ``final`` decides. p: two-sided paired t-test, Holm's over the rows of a table.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.paired import Values, p_value
from benchmarks.ranking.seen import DEPTH, DEPTHS, ROUNDS, Answered, Seen, ask, look, read_best, shipped
from benchmarks.ranking.sets import across_dev, crowds, shuffled
from benchmarks.retrieval.run import LANGS, ndcg, open_collection, open_sample
from benchmarks.retrieval.tasks import SPAN_LANGS, dev_collections, spans, with_english
from qa.evaluation.significance import holm
from qa.library import Library
from qa.ranking import RankingModel
from qa.search import Searcher
from qa.types import Floats
from training.dev import Half, SourcedQuestion, bare, load_dev, load_ntrex, load_sample_questions
from training.fit_ranking import NOT_ACROSS, SAMPLE_WEIGHT, SHARE, Labelled, fit, kept, news

HALVES: tuple[Half, Half] = ("fit", "final")
ALPHA = 0.05
MANY = 200
"""Dev questions from which a language decides something by itself."""
MOST_LOST = 10.0
"""Percent that a crowd may cost."""
FIT_MOST = 120
"""Dev questions a language, both halves, that weights are fitted on (as ``training.fit_ranking`` does)."""
SPANS = 60
"""Spans a pair of languages."""
DEEP = {"same": 100, "spans": 6, "xling": 100, "crowd": 12}
"""Questions a row and half that are asked at every depth."""

SCRIPTS = {
    "no spaces": ("zh", "zh_hant", "ja", "ko", "th"),
    "Arabic, Hebrew": ("ar", "fa", "he"),
    "Cyrillic": ("ru", "kk", "uk", "bg"),
    "Indic": ("hi", "bn", "te"),
    "Ethiopic": ("am",),
}
"""Languages by how they are written: Korean has spaces but is cut as those without. All others are Latin."""

TOGETHER = (("late", "content", "window"),)
"""Features that say nearly the same, left out together as well."""

Score = Callable[[Floats], Floats]
Figures = dict[str, Any]


def script_of(lang: str) -> str:
    return next((script for script, langs in SCRIPTS.items() if lang in langs), "Latin")


def column(name: str) -> Score:
    """Return the score of one feature alone."""
    number = ROUNDS["read"].index(name)
    return lambda features: features[:, number]


def dense_and_late(features: Floats) -> Floats:
    return np.asarray(column("dense")(features) + column("late")(features))


def gains(seen: Iterable[Seen], score: Score) -> Values:
    """Return nDCG@10 (n,) under a way of scoring."""
    return np.array([ndcg(one.rank(score(one.features))) for one in seen])


@dataclass(frozen=True, slots=True)
class Paired:
    """Values of the same questions (n,) twice, and which are of the half that decides."""

    values: Values
    others: Values
    final: np.ndarray[Any, np.dtype[np.bool_]]

    def half(self, half: Half) -> tuple[Values, Values]:
        chosen = self.final if half == "final" else ~self.final
        return self.values[chosen], self.others[chosen]

    def figures(self) -> Figures:
        """Return by half: questions, means, difference in points and p."""
        facts: Figures = {}
        for half in HALVES:
            ours, theirs = self.half(half)
            if len(ours):
                facts[half] = {
                    "n": len(ours),
                    "mean": 100 * float(ours.mean()),
                    "other": 100 * float(theirs.mean()),
                    "difference": 100 * float((ours - theirs).mean()),
                    "p": p_value(ours, theirs),
                }
        return facts


def corrected(rows: dict[str, Figures]) -> dict[str, Figures]:
    """Add Holm's p over the rows of each half."""
    for half in HALVES:
        facts = [row[half] for row in rows.values() if half in row]
        for fact, p in zip(facts, holm([fact["p"] for fact in facts]), strict=True):
            fact["p_holm"] = p
    return rows


def worse(facts: Figures) -> bool:
    """Tell whether the half that decides is significantly lower."""
    final = facts.get("final")
    return final is not None and final["difference"] < 0 and final["p_holm"] < ALPHA


def mean_of(rows: Iterable[Paired]) -> Figures:
    """Return the figures of the rows' means as values: each row counts alike."""
    facts: Figures = {}
    each = list(rows)
    for half in HALVES:
        pairs = [pair for pair in (row.half(half) for row in each) if len(pair[0])]
        ours = np.array([values.mean() for values, _ in pairs])
        theirs = np.array([others.mean() for _, others in pairs])
        facts |= Paired(ours, theirs, np.full(len(ours), half == "final")).figures()
    return facts


def both(facts: Figures, name: str, form: str = ".1f") -> str:
    """Return a figure of both halves, "fit / final"."""
    return " / ".join(format(facts[half][name], form) if half in facts else "–" for half in HALVES)


def questions(facts: Figures) -> str:
    return both(facts, "n", "d")


def p_of(facts: Figures) -> str:
    final = facts.get("final", {})
    p = final.get("p_holm", final.get("p"))
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *notes: str) -> None:
    """Print a table in plain text, and what is to be said of it."""
    grid = [list(head), *map(list, rows)]
    widths = [max(map(len, cells)) for cells in zip(*grid, strict=True)]
    print(title)
    for line in grid:
        cells = zip(line, widths, strict=True)
        print("  ".join(c.ljust(w) if not at else c.rjust(w) for at, (c, w) in enumerate(cells)).rstrip())
    print(*notes, "", sep="\n", flush=True)


def listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


@dataclass(frozen=True, slots=True)
class Crowded:
    """The same questions without a crowd, in one in the question's language, and in one in the passages' languages."""

    alone: list[Answered]
    own: list[Answered]
    other: list[Answered]


class Answers:
    """What all parts share: each set is asked once, when a part first needs it."""

    def __init__(self, data: Path, langs: Sequence[str], corpus: Path, *, deep: bool) -> None:
        self.data = data
        self.langs = langs
        self.corpus = corpus
        self._deep = DEEP if deep else dict.fromkeys(DEEP, 0)
        self.shipped = shipped()

    @cached_property
    def same(self) -> dict[str, list[Answered]]:
        """Dev questions by language, in the order of the data."""
        answered: dict[str, list[Answered]] = {}
        for lang in self.langs:
            (collection,) = dev_collections(load_dev(self.data, langs=frozenset([lang])))
            answered[lang] = ask(collection, deep=self._deep["same"])
        return answered

    @cached_property
    def xling(self) -> list[Answered]:
        """Dev questions asked among all dev passages of another language."""
        deep = self._deep["xling"]
        return [one for each in across_dev(self.data) for one in ask(each, dense=True, deep=deep)]

    @cached_property
    def spans(self) -> list[Answered]:
        """Runs of words of news, asked among the same news in another language."""
        table = with_english(load_ntrex(self.data))
        collections = [shuffled(spans(table, told, count=SPANS, distractors=[])) for told in SPAN_LANGS]
        deep = self._deep["spans"]
        return [one for each in collections for one in ask(each, dense=True, deep=deep)]

    @cached_property
    def crowds(self) -> dict[str, Crowded]:
        """Questions by the language they are asked in, alone and in crowds."""
        table = with_english(load_ntrex(self.data))
        deep = self._deep["crowd"]
        return {
            each.lang: Crowded(ask(each.alone), ask(each.own, deep=deep), ask(each.other))
            for each in crowds(self.data, table)
        }

    @cached_property
    def groups(self) -> dict[str, list[Answered]]:
        """All of them by what they try: a way of writing, other languages, other languages in a crowd."""
        groups: dict[str, list[Answered]] = {script: [] for script in ("no spaces", "Latin")}
        for lang, answered in self.same.items():
            groups.setdefault(script_of(lang), []).extend(answered)
        crowd = [one for each in self.crowds.values() for one in each.own]
        groups |= {"across: xling": self.xling, "across: news": self.spans, "across: crowded": crowd}
        return {name: answered for name, answered in groups.items() if answered}

    @cached_property
    def labelled(self) -> dict[str, list[Labelled]]:
        """What each round's weights are fitted on, half ``fit`` of it (see ``training.fit_ranking``)."""
        dev = load_dev(self.data, langs=frozenset(LANGS), most=FIT_MOST)
        told = news(self.data)
        some = [question.sourced() for question in dev.questions if question.half == "fit"] + told.runs
        sample = [question for question in load_sample_questions(self.corpus) if question.half == "fit"]
        with open_collection(dev.passages | told.passages) as (library, searcher):
            pairs = list(label(library, searcher, some, count=1))
        with open_sample(self.corpus) as (library, searcher):
            pairs += label(library, searcher, sample, count=SAMPLE_WEIGHT)
        rounds = zip(ROUNDS, zip(*pairs, strict=True), strict=True)
        return {name: [one for one in each if one.right.any()] for name, each in rounds}


def label(
    library: Library, searcher: Searcher, asked: Iterable[SourcedQuestion], *, count: int
) -> Iterator[tuple[Labelled, Labelled]]:
    """Yield questions' candidates, and those of them that are read, with which hold the answer."""
    owner = {info.id: info.source for info in library.documents()}
    for question in asked:
        ids, features = look(searcher, question.text, DEPTH)
        answers = [bare(answer) for answer in question.answers]
        right = np.array(
            [
                owner[passage.document_id] in question.sources
                and any(answer in bare(passage.text) for answer in answers)
                for passage in library.passages(ids.tolist())
            ],
            np.bool_,
        )
        best = read_best(features, ids)
        yield Labelled(features, right, count), Labelled(features[best], right[best], count)


def final_of(answered: Iterable[Answered]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array([one.half == "final" for one in answered])


def measure_same(answers: Answers) -> Figures:
    """Each language by itself, beside BM25 alone and bm25s."""
    from benchmarks.lexical.run import measure  # bm25s is needed for nothing else

    against: dict[str, dict[str, Paired]] = {"ours": {}, "bm25s": {}}
    for lang, answered in answers.same.items():
        dev = load_dev(answers.data, langs=frozenset([lang]))
        assert [question.text for question in dev.questions] == [one.text for one in answered]
        values = gains([one.fused for one in answered], answers.shipped)
        lexical = measure(dev, lang)
        for name, rows in against.items():
            rows[lang] = Paired(values, lexical[name], final_of(answered))
    found = {
        name: corrected({lang: row.figures() for lang, row in rows.items()}) for name, rows in against.items()
    }
    means = {name: mean_of(rows.values()) for name, rows in against.items()}
    ours, theirs = found["ours"], found["bm25s"]
    head = ("", "questions", "all", "BM25", "difference", "p", "bm25s", "difference", "p")
    lines = [
        (
            lang,
            questions(ours[lang]) if lang in ours else "",
            both(a, "mean"),
            both(a, "other"),
            both(a, "difference", "+.1f"),
            p_of(a),
            both(b, "other"),
            both(b, "difference", "+.1f"),
            p_of(b),
        )
        for lang, a, b in [
            *((lang, ours[lang], theirs[lang]) for lang in ours),
            (f"mean of {len(ours)}", means["ours"], means["bm25s"]),
        ]
    ]
    many = [lang for lang in ours if len(answers.same[lang]) >= MANY]
    print_table(
        "Same language: the ranking beside its own BM25 alone and bm25s",
        head,
        lines,
        f"of those with {MANY} questions or more significantly worse than BM25: "
        + listed(lang for lang in many if worse(ours[lang])),
        f"and than bm25s: {listed(lang for lang in many if worse(theirs[lang]))}",
        "lower than BM25 in figures on final: "
        + listed(lang for lang in ours if ours[lang].get("final", {"difference": 0.0})["difference"] < 0),
    )
    return {"beside": found, "mean": means}


def measure_ablation(answers: Answers) -> Figures:
    """Each feature left out of either round, and alone."""
    groups = answers.groups
    final = {group: final_of(answered) for group, answered in groups.items()}
    head = ("", *groups)

    def values(score: Score) -> dict[str, Values]:
        return {group: gains([one.fused for one in each], score) for group, each in groups.items()}

    def beside(row: dict[str, Values], others: dict[str, Values]) -> dict[str, Figures]:
        return {group: Paired(row[group], others[group], final[group]).figures() for group in groups}

    report: Figures = {}
    for name, names in ROUNDS.items():
        labelled = answers.labelled[name]
        whole = values(scores_without(fit(labelled, names), ()))
        out: dict[str, dict[str, Figures]] = {}
        for left in [*((each,) for each in names), *TOGETHER]:
            less = values(scores_without(fit(labelled, names, without=left), left))
            out[", ".join(left)] = beside(less, whole)
        for group in groups:
            corrected({row: figures[group] for row, figures in out.items()})
        as_shipped = beside(values(shipped(name)), whole)
        print_table(
            f"Round '{name}', each part left out, the weights fitted anew: difference from all of it",
            head,
            [
                ("questions", *(questions(as_shipped[group]) for group in groups)),
                ("all of it", *(both(as_shipped[group], "other") for group in groups)),
                ("as shipped", *(both(as_shipped[group], "mean") for group in groups)),
                *(
                    (f"without {row}", *(changed(figures[group]) for group in groups))
                    for row, figures in out.items()
                ),
            ],
            f"*: Holm's p below {ALPHA} on final, over a column; without {SHARE} one set of weights serves all",
        )
        report[name] = {"without": out, "shipped": as_shipped}
    whole = values(answers.shipped)
    reading = {
        group: corrected({"": figures})[""]
        for group, figures in beside(whole, values(shipped("found"))).items()
    }
    alone = {each: beside(values(column(each)), whole) for each in ROUNDS["read"] if each != SHARE}
    print_table(
        "Each part alone, by its values as they are; and what the second round brings to the first, as shipped",
        head,
        [
            *((row, *(both(figures[group], "mean") for group in groups)) for row, figures in alone.items()),
            ("second round", *(changed(reading[group]) for group in groups)),
        ],
        f"{NOT_ACROSS} has no weight across languages; what is not read has the least answer of what is",
    )
    return report | {"alone": alone, "reading": reading}


def scores_without(model: RankingModel, names: Sequence[str]) -> Score:
    return lambda features: model.scores(kept(features[:, : len(model.names)], model.names, names))


def changed(facts: Figures) -> str:
    final = facts.get("final")
    mark = "*" if final is not None and final["p_holm"] < ALPHA else " "
    return both(facts, "difference", "+.1f") + mark


def measure_across(answers: Answers) -> Figures:
    """Questions whose passage is in another language, beside dense and late interaction alone."""
    pairs: dict[str, Paired] = {}
    by_pair: dict[str, list[Answered]] = {}
    for one in [*answers.xling, *answers.spans]:
        by_pair.setdefault(one.row, []).append(one)
    for pair, answered in by_pair.items():
        fused = gains([one.fused for one in answered], answers.shipped)
        alone = gains([one.dense for one in answered if one.dense is not None], dense_and_late)
        pairs[pair] = Paired(fused, alone, final_of(answered))
    found = corrected({pair: row.figures() for pair, row in pairs.items()})
    dev = list(dict.fromkeys(one.row for one in answers.xling))
    told = list(dict.fromkeys(one.row for one in answers.spans))
    sums = {"dev questions": dev}
    sums |= {f"news into {lang}": [pair for pair in told if pair.endswith(f">{lang}")] for lang in SPAN_LANGS}
    sums |= {
        f"news out of {lang}": [pair for pair in told if pair.startswith(f"{lang}>")] for lang in SPAN_LANGS
    }
    sums |= {"news": told}
    summed = corrected({name: joined(pairs[pair] for pair in each).figures() for name, each in sums.items()})
    below = [
        pair for pair, facts in found.items() if facts.get("final", {"difference": 0.0})["difference"] < 0
    ]
    print_table(
        "Across languages: the ranking beside dense and late interaction alone",
        ("", "questions", "all", "dense+late", "difference", "p"),
        [
            (name, questions(f), both(f, "mean"), both(f, "other"), both(f, "difference", "+.1f"), p_of(f))
            for name, f in [*found.items(), *summed.items()]
        ],
        f"pairs below in figures on final: {len(below)} of {len(found)}: {listed(below)}",
        f"significantly below: {listed(pair for pair, facts in found.items() if worse(facts))}",
        f"summed rows significantly below: {listed(name for name, facts in summed.items() if worse(facts))}",
    )
    return {"pairs": found, "sums": summed}


def joined(rows: Iterable[Paired]) -> Paired:
    """Return rows laid end to end: each question counts alike."""
    each = list(rows)
    return Paired(
        np.concatenate([row.values for row in each]),
        np.concatenate([row.others for row in each]),
        np.concatenate([row.final for row in each]),
    )


def lost(facts: Figures) -> float:
    """Return how many percent a half's mean is below the other."""
    return -100 * float(facts["difference"]) / float(facts["other"]) if facts["other"] else 0.0


def held_right(answered: Iterable[Answered], half: Half) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return whether the right passage is a candidate (n,) of a half's questions."""
    return np.array([one.fused.holds_right for one in answered if one.half == half], np.bool_)


def measure_pooled(answers: Answers) -> Figures:
    """The same questions without and with a crowd of texts in the question's language, or in the passages'."""
    own: dict[str, Paired] = {}
    other: dict[str, Paired] = {}
    for lang, each in answers.crowds.items():
        alone, in_own, in_other = (
            gains([one.fused for one in answered], answers.shipped)
            for answered in (each.alone, each.own, each.other)
        )
        own[lang] = Paired(in_own, alone, final_of(each.alone))
        other[lang] = Paired(in_other, alone, final_of(each.alone))
    found = corrected({lang: row.figures() for lang, row in own.items()})
    beside = corrected({lang: row.figures() for lang, row in other.items()})
    for lang, each in answers.crowds.items():
        for half in HALVES:
            if half not in found[lang]:
                continue
            held = held_right(each.own, half)
            after, before = own[lang].half(half)
            less = before - after
            found[lang][half]["R@100"] = 100 * float(held.mean())
            found[lang][half]["no candidate"] = (
                100 * float(less[~held].sum() / less.sum()) if less.sum() else 0.0
            )
            beside[lang][half]["R@100"] = 100 * float(held_right(each.other, half).mean())
    kinds = {"news": [lang for lang in found if lang in SPAN_LANGS]}
    kinds["dev questions"] = [lang for lang in found if lang not in SPAN_LANGS]
    means, means_beside = (
        {
            f"{kind}, mean of {len(langs)}": mean_of(rows[lang] for lang in langs)
            for kind, langs in kinds.items()
        }
        for rows in (own, other)
    )
    for figures in [*found.values(), *beside.values(), *means.values(), *means_beside.values()]:
        for facts in figures.values():
            facts["lost"] = lost(facts)
    over = [lang for lang, facts in found.items() if facts.get("final", {"lost": 0.0})["lost"] > MOST_LOST]
    head = ("asked in", "questions", "without", "own", "lost %", "p", "R@100", "no candidate %")
    print_table(
        "Pooled: questions across languages, without and with ten times as many texts, in the question's own language "
        "or in the passages' languages",
        (*head, "others", "lost %", "R@100"),
        [
            (
                name,
                questions(f),
                both(f, "other"),
                both(f, "mean"),
                both(f, "lost"),
                p_of(f),
                *(both(f, each) if name in found else "" for each in ("R@100", "no candidate")),
                both(g, "mean"),
                both(g, "lost"),
                both(g, "R@100") if name in beside else "",
            )
            for (name, f), g in zip(
                [*found.items(), *means.items()], [*beside.values(), *means_beside.values()], strict=True
            )
        ],
        "no candidate: how much of what is lost in the own crowd is of questions whose passage is no candidate there",
        f"more than {MOST_LOST:.0f} percent lost on final in the own crowd: {listed(over)}",
    )
    return {"own": found, "others": beside, "mean": means, "mean others": means_beside}


def measure_depth(answers: Answers) -> Figures:
    """The right passage among the candidates, by how many are reranked; and in the 100 of either side."""
    sets: dict[str, list[Answered]] = dict(answers.same) | answers.groups
    found: Figures = {}
    for name, answered in sets.items():
        deep = [one for one in answered if one.deep]
        found[name] = {}
        for half in HALVES:
            chosen = [one for one in deep if one.half == half]
            if not chosen:
                continue
            facts: Figures = {"n": len(chosen)}
            for side in ("dense", "lexical"):
                facts[side] = 100 * float(np.mean([one.sides[side] for one in chosen]))
            for depth in DEPTHS:
                seen = [one.deep[depth] for one in chosen]
                facts[f"R {depth}"] = 100 * float(np.mean([one.holds_right for one in seen]))
                facts[f"nDCG {depth}"] = 100 * float(gains(seen, answers.shipped).mean())
            found[name][half] = facts
    columns = [
        "dense",
        "lexical",
        *(f"R {depth}" for depth in DEPTHS),
        *(f"nDCG {depth}" for depth in DEPTHS),
    ]
    print_table(
        f"Depth: right passage in the {DEPTH} of either side, in so many fused candidates (R), and nDCG@10 of these",
        ("", "questions", *columns),
        [(name, questions(facts), *(both(facts, each) for each in columns)) for name, facts in found.items()],
        "the first questions of each half and row or pair: "
        + ", ".join(f"{name} {count}" for name, count in DEEP.items()),
    )
    return found


PARTS: dict[str, Callable[[Answers], Figures]] = {
    "same": measure_same,
    "ablation": measure_ablation,
    "across": measure_across,
    "pooled": measure_pooled,
    "depth": measure_depth,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--langs", nargs="*", default=LANGS, help="of the dev questions in one language")
    parser.add_argument("--only", nargs="*", choices=[*PARTS], default=[*PARTS])
    parser.add_argument("--json", type=Path, help="where all figures go, each half's p among them")
    args = parser.parse_args()

    answers = Answers(args.data, args.langs, args.corpus, deep="depth" in args.only)
    report: Figures = {}
    for part in [part for part in PARTS if part in args.only]:
        began = time.perf_counter()
        report[part] = PARTS[part](answers)
        print(f"{part}: {time.perf_counter() - began:.0f} s\n", flush=True)
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
