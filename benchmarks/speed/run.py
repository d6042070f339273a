"""Measures speed against yardsticks of the same machine and the same minute, so that a busy machine changes little.

start       ``qa ask`` as a whole process on an index of ``corpus/``, against ``import sentence_transformers``
indexing    documents of one passage each, and again files on disk, against only tokenising the same text once
question    a warm ``QA.ask`` on the library of the first of these, in a process that only asks, one after the other

    python -m benchmarks.speed.run [--passages 100000] [--only start indexing question] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import qa.answer
import qa.indexing
import qa.ranking
import qa.search
import qa.service
import qa.uploads
from benchmarks.speed.stopwatch import Stopwatch
from benchmarks.speed.texts import as_documents, passages, questions, write_files
from qa import QA
from qa.dense import DenseIndex
from qa.encoder import StaticEncoder, load_token_encoder
from qa.languages import Languages
from qa.lexical import LexicalIndex
from qa.library import Library
from qa.readers.processes import Reading
from qa.service import OnProgress
from qa.types import IndexReport, TokenIds
from qa.views import Views

Results = dict[str, Any]

START_LIMIT = 0.25
INDEXING_LIMIT = 5.0
QUESTION_LIMIT_MS = 20.0
SHARES = 20
"""Of the yardstick, each between two stretches of the run that it measures."""

INDEXING_PARTS: dict[str, list[tuple[Any, str]]] = {
    "read": [
        (qa.indexing._Run, "_begin"),
        (Reading, "result"),
        (qa.indexing, "find_files"),
        (qa.uploads, "sha256_of"),
    ],
    "split": [(qa.indexing, "split_document"), (qa.indexing, "search_text")],
    "wait for tokens": [(Future, "result")],  # a thread of its own tokenises
    "encode": [(StaticEncoder, "encode_ids"), (StaticEncoder, "encode_passages")],
    "sqlite": [(qa.indexing, "_store"), (Library, "transaction"), (Library, "checkpoint")],
    "lexical": [(Views, "catch_up_lexical"), (LexicalIndex, "close")],
    "dense": [(DenseIndex, "add"), (DenseIndex, "save"), (DenseIndex, "reshape"), (Views, "_replay_dense")],
}
QUESTION_PARTS: dict[str, list[tuple[Any, str]]] = {
    "catch up": [(Views, "catch_up")],
    "tokenise": [(StaticEncoder, "token_ids"), (StaticEncoder, "tokens")],
    "encode": [(StaticEncoder, "encode_queries")],
    "wait for the other thread": [(Future, "result")],  # vectors, and the words' shares
    "lexical": [(LexicalIndex, "search"), (LexicalIndex, "shares"), (qa.search, "words")],
    "fuse": [(qa.search, "fuse"), (qa.search, "top_k")],
    "read tokens": [(Library, "material")],
    "late interaction": [(qa.search, "interact"), (qa.search, "meet")],
    "language": [(Languages, "of")],
    "read passages": [(Library, "passages"), (Library, "sources")],
    "quote": [(qa.answer, "best_quote")],
    "verify": [(Library, "slice")],
    "reason": [(qa.answer, "reason_answered"), (qa.answer, "reason_abstained")],
}


def measure_start(corpus: Path, folder: Path, *, pairs: int) -> Results:
    """Time both processes in turn; the first of each warms the page cache and does not count."""
    with QA.open(folder) as library:
        library.sync(corpus)
    ask = [str(Path(sys.executable).with_name("qa")), "ask", "How long is the Suez Canal?"]
    commands = {
        "qa ask": [*ask, "--index", str(folder)],
        "import sentence_transformers": [sys.executable, "-c", "import sentence_transformers"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(pairs + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - began)
    medians = {name: median(times[1:]) for name, times in seconds.items()}
    ratio = medians["qa ask"] / medians["import sentence_transformers"]
    return {"median_seconds": medians, "pairs": pairs, "ratio": ratio, "limit": START_LIMIT}


class Yardstick:
    """Tokenises all texts once, a share at a time between the documents of a run: both meet the same machine.

    ``between(done, total, label)`` is the run's ``on_progress``. ``seconds`` and ``processor_seconds`` are its own.
    The run's thread that tokenises and the yardstick take turns; to wait for it is the run's time.
    """

    def __init__(self, texts: Sequence[str], clock: Stopwatch) -> None:
        size = -(-len(texts) // SHARES)
        self._shares = [texts[start : start + size] for start in range(0, len(texts), size)]
        self._tokenise = load_token_encoder().token_ids  # loaded before the run as well
        self._clock = clock
        self._turn = threading.Lock()
        self._done = 0
        self.seconds = self.processor_seconds = 0.0

    def between(self, done: int, total: int, label: str) -> None:
        while self._done < len(self._shares) and done * len(self._shares) >= self._done * total:
            with self._turn, self._clock.part("yardstick"):
                began, cpu_began = time.perf_counter(), time.process_time()
                self._tokenise(self._shares[self._done])
                self.seconds += time.perf_counter() - began
                self.processor_seconds += time.process_time() - cpu_began
            self._done += 1

    @contextmanager
    def taking_turns(self) -> Iterator[None]:
        original = StaticEncoder.token_ids

        def token_ids(encoder: StaticEncoder, texts: Sequence[str]) -> list[TokenIds]:
            with self._turn:
                return original(encoder, texts)

        StaticEncoder.token_ids = token_ids  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            StaticEncoder.token_ids = original  # type: ignore[method-assign]


def measure_indexing(
    index: Path, texts: Sequence[str], add: Callable[[QA, OnProgress], IndexReport]
) -> Results:
    """Time ``add`` on a new library, opening and closing included, and the yardstick in between."""
    clock = Stopwatch()
    yardstick = Yardstick(texts, clock)
    began, cpu_began = time.perf_counter(), time.process_time()
    with (
        yardstick.taking_turns(),
        clock.watching(INDEXING_PARTS),
        clock.part("other"),
        QA.open(index) as library,
    ):
        report = add(library, yardstick.between)
    seconds = time.perf_counter() - began - yardstick.seconds
    cpu_seconds = time.process_time() - cpu_began - yardstick.processor_seconds
    del clock.seconds["yardstick"]
    return {
        "passages": report.passages,
        "characters": sum(map(len, texts)),
        "seconds": seconds,
        "tokenise_seconds": yardstick.seconds,
        "cpu_seconds": cpu_seconds,
        "tokenise_cpu_seconds": yardstick.processor_seconds,
        "ratio": seconds / yardstick.seconds,
        "limit": INDEXING_LIMIT,
        "passages_per_second": report.passages / seconds,
        "parts_seconds": dict(clock.seconds),
    }


def measure_questions(index: Path, asked: Sequence[tuple[str, str]]) -> Results:
    """Time each question once after a few others have warmed the library, then once more by part."""
    with QA.open(index) as library:
        for _, question in asked[:20]:
            library.ask(question)
        times = np.array([_timed(lambda text=text: library.ask(text)) for _, text in asked]) * 1000  # type: ignore[misc]
        clock = Stopwatch()
        with clock.watching(QUESTION_PARTS), clock.part("other"):
            answers = [library.ask(question) for _, question in asked]
    by_lang: dict[str, list[float]] = {}
    for (lang, _), took in zip(asked, times.tolist(), strict=True):
        by_lang.setdefault(lang, []).append(took)
    middle, p90, p99 = np.percentile(times, [50, 90, 99]).tolist()
    return {
        "questions": len(asked),
        "answered": sum(answer.answered for answer in answers),
        "median_ms": middle,
        "p90_ms": p90,
        "p99_ms": p99,
        "limit_ms": QUESTION_LIMIT_MS,
        "parts_ms": {part: 1000 * spent / len(asked) for part, spent in clock.seconds.items()},
        "median_ms_by_language": {lang: median(took) for lang, took in by_lang.items()},
    }


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(args: argparse.Namespace, folder: Path) -> Results:
    results: Results = {}
    if "start" in args.only:
        results["start"] = measure_start(args.corpus, folder / "corpus", pairs=args.pairs)
        show_start(results["start"])
    if {"indexing", "files", "question"}.isdisjoint(args.only):
        return results
    texts = passages(args.data, args.passages)
    if {"indexing", "question"} & set(args.only):
        results["indexing"] = measure_indexing(
            folder / "documents",
            texts,
            lambda library, on_progress: library.add_documents(
                as_documents(texts), total=len(texts), on_progress=on_progress
            ),
        )
        show_indexing("indexing, documents of one passage", results["indexing"])
    if "files" in args.only:
        files = folder / "files"
        write_files(texts, files, per_file=args.per_file)
        results["files"] = measure_indexing(
            folder / "of_files",
            texts,
            lambda library, on_progress: library.add(files, on_progress=on_progress),
        )
        show_indexing(f"indexing, files of {args.per_file} passages", results["files"])
    if "question" in args.only:
        # Building leaves this process's memory in pieces: who asks has a process of his own.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            asking = other.submit(
                measure_questions, folder / "documents", questions(args.data, args.questions)
            )
            results["question"] = asking.result()
        show_questions(results["question"])
    return results


def show_start(found: Results) -> None:
    print("process start")
    for name, seconds in found["median_seconds"].items():
        print(f"  {name:<30}{seconds:9.3f} s")
    _show_ratio(found["ratio"], found["limit"])


def show_indexing(title: str, found: Results) -> None:
    print(f"{title}: {found['passages']:,} passages, {found['characters'] / 1e6:.1f} M characters")
    print(f"  {'end to end':<30}{found['seconds']:9.2f} s   {found['passages_per_second']:,.0f} passages/s")
    print(f"  {'tokenising once':<30}{found['tokenise_seconds']:9.2f} s")
    print(
        f"  {'processor time of both':<30}{found['cpu_seconds']:9.2f} s / {found['tokenise_cpu_seconds']:.2f} s"
    )
    _show_ratio(found["ratio"], found["limit"])
    _show_parts(found["parts_seconds"], "s")


def show_questions(found: Results) -> None:
    print(f"warm question: {found['questions']} questions, {found['answered']} answered")
    for name in ("median", "p90", "p99"):
        print(f"  {name:<30}{found[f'{name}_ms']:9.1f} ms")
    _show_ratio(found["median_ms"], found["limit_ms"])
    _show_parts(found["parts_ms"], "ms")


def _show_ratio(value: float, limit: float) -> None:
    print(f"  {'measured / allowed':<30}{value:9.3f} / {limit:g}  {'ok' if value <= limit else 'TOO SLOW'}")


def _show_parts(parts: dict[str, float], unit: str) -> None:
    whole = sum(parts.values())
    for part, spent in sorted(parts.items(), key=lambda item: -item[1]):
        print(f"    {part:<28}{spent:9.2f} {unit}  {spent / whole:6.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    modes = ("start", "indexing", "files", "question")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--per-file", type=int, default=10, help="passages a file in the files mode")
    parser.add_argument("--questions", type=int, default=280)
    parser.add_argument("--pairs", type=int, default=7, help="of processes in the start mode")
    parser.add_argument("--only", nargs="+", choices=modes, default=modes)
    parser.add_argument("--work", type=Path, help="folder that keeps the indexes; a temporary one without")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        results = measure(args, Path(folder))
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
