"""Measures one library as it grows: building, opening, answering, changing, memory, disk, and what dense search finds.

Every step is a process of its own, so that its memory is its own; what answers reads nothing but the library and a list
of questions. The machine may be busy: beside the time on the clock stands the processor's.

    nice -n 10 python -m benchmarks.scale.run --data ../shared/data --work build/scale [--sizes 10000 100000 1000000]
    nice -n 10 python -m benchmarks.scale.run --work build/scale --sizes --vectors 10000000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale.plot import draw
from benchmarks.speed.stopwatch import Stopwatch
from qa import QA, Config
from qa.dense import DenseIndex
from qa.encoder import window_encoder
from qa.library import Library
from qa.threads import use_one_thread
from qa.types import Floats, Ints
from qa.views import Views, batches

Results = dict[str, Any]
WARMING = 30
CHANGES = 10  # documents that are added, and removed again
K = 100
QUERIES = 60  # to vectors alone
MIB = 1 << 20


# Steps


def build(index: Path, data: Path, before: int, size: int) -> Results:
    """Let a library grow from ``before`` to ``size`` passages."""
    from benchmarks.scale.texts import PER_DOCUMENT, documents  # what reads the data takes much memory

    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.5):
            peak = max(peak, sum(_files(index).values()))

    watching = threading.Thread(target=watch)
    watching.start()
    with _timed() as took, QA.open(index) as library:
        report = library.add_documents(documents(data, before // PER_DOCUMENT, size // PER_DOCUMENT))
    done.set()
    watching.join()
    return {
        "passages": report.passages,
        **took,
        "passages_per_second": report.passages / took["seconds"],
        "passages_per_cpu_second": report.passages / took["cpu_seconds"],
        "disk_mib": {name: size / MIB for name, size in _files(index).items()},
        "peak_disk_mib": peak / MIB,
        "memory_mib": _memory(),
    }


def answer(index: Path, asked: Sequence[str], *, small: bool) -> Results:
    """Open a library, ask it a first question, then many."""
    with _timed() as opening:
        library = QA.open(index, config=Config(small=small))
        library.ask(asked[0])
    opened = _memory()
    for question in asked[:WARMING]:
        library.ask(question)
    wall, cpu = [], []
    for question in asked[WARMING:]:
        with _timed() as took:
            library.ask(question)
        wall.append(took["seconds"])
        cpu.append(took["cpu_seconds"])
    memory = _memory()
    from benchmarks.speed.run import QUESTION_PARTS  # which reads data, too

    clock = Stopwatch()
    with clock.watching(QUESTION_PARTS), clock.part("other"):
        for question in asked[WARMING:]:
            library.ask(question)
    library.close()
    return {
        "opening": opening,
        "ms": _milliseconds(wall),
        "cpu_ms": _milliseconds(cpu),
        "parts_ms": {part: 1000 * spent / (len(asked) - WARMING) for part, spent in clock.seconds.items()},
        "memory_when_open_mib": opened,
        "memory_mib": memory,
    }


def change(index: Path, data: Path, question: str) -> Results:
    """Add a document of ten passages and remove it, over and over, and ask after each change."""
    from benchmarks.scale.texts import documents

    times: dict[str, list[dict[str, float]]] = {
        "add": [],
        "ask_after_add": [],
        "remove": [],
        "ask_after_remove": [],
    }
    with QA.open(index) as library:
        library.ask(question)
        for document in documents(data, 10**7, 10**7 + CHANGES):
            steps: dict[str, Callable[[], object]] = {
                "add": lambda document=document: library.add_documents([document]),  # type: ignore[misc]
                "ask_after_add": lambda: library.ask(question),
                "remove": lambda document=document: library.remove(document.source),  # type: ignore[misc]
                "ask_after_remove": lambda: library.ask(question),
            }
            for name, step in steps.items():
                with _timed() as took:
                    step()
                times[name].append(took)
    return {
        name: {
            "ms": _milliseconds([took["seconds"] for took in each]),
            "cpu_ms": _milliseconds([took["cpu_seconds"] for took in each]),
        }
        for name, each in times.items()
    }


def recall(index: Path, questions: Sequence[str]) -> Results:
    """Compare dense search with the exact search of all vectors."""
    use_one_thread()
    with Library.open(index) as library, Views(library) as views:
        encoder = window_encoder(library.fingerprint, library.token_fingerprint)
        assert encoder is not None
        asked = encoder.encode_queries(questions)
        ids, scores = _exact(library, encoder.encode_windows, asked)
        shares, times, cpu = [], [], []
        for query, best_ids, best in zip(asked, ids, scores, strict=True):
            with _timed() as took:
                found, _ = views.dense.search(query, K)
            times.append(took["seconds"])
            cpu.append(took["cpu_seconds"])
            shares.append(np.isin(found, best_ids[best >= best[K - 1]]).mean())
        return {
            "kind": views.dense.kind,
            "vectors": views.dense.count,
            "recall": float(np.mean(shares)),
            "worst": float(np.min(shares)),
            "ms": _milliseconds(times),
            "cpu_ms": _milliseconds(cpu),
        }


def vectors(folder: Path, size: int) -> Results:
    """Fill a dense index with vectors alone, save, open and search it; compare it with the exact search of them.

    They point in random directions, which is harder than text: nothing is much nearer to a query than anything else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    use_one_thread()
    chance = np.random.default_rng(0)
    dim, at_once = 256, min(size, 50_000)
    asked = _directions(chance, QUERIES, dim)
    best_ids, best = np.zeros((QUERIES, 0), np.int64), np.zeros((QUERIES, 0), np.float32)
    building = {"seconds": 0.0, "cpu_seconds": 0.0}
    index = DenseIndex(dim)
    for start in range(0, size, at_once):
        made = _directions(chance, min(at_once, size - start), dim)
        ids = np.arange(start, start + len(made))
        with _timed() as took:
            index.add(ids, made)
            index.reshape()
        building = {name: seconds + took[name] for name, seconds in building.items()}
        best_ids, best = _best(best_ids, best, ids, asked @ made.T)
    with _timed() as saving:
        index.save(folder)
    del index
    with _timed() as opening:
        index = DenseIndex.load(folder)
    wall, cpu, shares = [], [], []
    for query, nearest in zip(asked, best_ids, strict=True):
        with _timed() as took:
            found, _ = index.search(query, K)
        wall.append(took["seconds"])
        cpu.append(took["cpu_seconds"])
        shares.append(np.isin(found, nearest).mean())
    with _timed() as adding:
        index.add([size], made[:1])
    with _timed() as removing:
        index.remove([size // 2])
    return {
        "kind": index.kind,
        "building": building,
        "saving": saving,
        "opening": opening,
        "ms": _milliseconds(wall),
        "cpu_ms": _milliseconds(cpu),
        "recall": float(np.mean(shares)),
        "worst": float(np.min(shares)),
        "add_ms": 1000 * adding["seconds"],
        "remove_ms": 1000 * removing["seconds"],
        "disk_mib": {name: size / MIB for name, size in _files(folder).items()},
        "memory_mib": _memory(),
    }


def _directions(chance: np.random.Generator, count: int, dim: int) -> Floats:
    """Return unit vectors (count, dim)."""
    made = chance.standard_normal((count, dim), np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


def _best(best_ids: Ints, best: Floats, ids: Ints, scores: Floats) -> tuple[Ints, Floats]:
    """Return ids and scores (q, K) of the best so far, (q, k) with k up to K, and of those with ``scores`` (q, n)."""
    all_ids = np.hstack([best_ids, np.broadcast_to(ids, scores.shape)])
    both = np.hstack([best, scores])
    first = np.argpartition(-both, min(K, both.shape[1]) - 1, axis=1)[:, :K]
    return np.take_along_axis(all_ids, first, axis=1), np.take_along_axis(both, first, axis=1)


# Measures


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    took: dict[str, float] = {}
    began, cpu_began = time.perf_counter(), time.process_time()
    yield took
    took["seconds"] = time.perf_counter() - began
    took["cpu_seconds"] = time.process_time() - cpu_began


def _milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    median, p90, p99 = (1000 * np.percentile(seconds, [50, 90, 99])).tolist()
    return {"median": median, "p90": p90, "p99": p99, "least": 1000 * min(seconds)}


def _memory() -> dict[str, float]:
    """Return resident memory: all, what only this process holds, what is mapped from files, and the highest of all."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    named = {"resident": "VmRSS", "own": "RssAnon", "files": "RssFile", "highest": "VmHWM"}
    return {name: int(status[field][0]) / 1024 for name, field in named.items()}


def _files(folder: Path) -> dict[str, int]:
    """Return bytes by the first part of the path below a folder; files of a view may vanish meanwhile."""
    sizes: dict[str, int] = {}
    for path in folder.rglob("*"):
        try:
            name = path.relative_to(folder).parts[0]
            sizes[name] = sizes.get(name, 0) + (path.stat().st_blocks * 512 if path.is_file() else 0)
        except FileNotFoundError:
            continue
    return sizes


def _exact(
    library: Library, encode_windows: Callable[[list[Any]], tuple[Floats, Ints]], asked: Floats
) -> tuple[list[Ints], list[Floats]]:
    """Return for each question (q, dim) its best passages, more than ``K`` where some are equal, and their scores."""
    found: list[tuple[Ints, Floats]] = []
    for batch in batches(library.ids().tolist()):
        tokens = library.tokens(batch)
        windows, counts = encode_windows(list(tokens.values()))
        held = windows.astype(np.float16).astype(np.float32)
        best = np.maximum.reduceat(asked @ held.T, np.cumsum(counts) - counts, axis=1)
        top = np.argpartition(-best, min(2 * K, best.shape[1] - 1), axis=1)[:, : 2 * K]
        ids = np.fromiter(tokens, np.int64)
        found.append((ids[top], np.take_along_axis(best, top, axis=1)))
    every = (
        np.concatenate([ids for ids, _ in found], axis=1),
        np.concatenate([score for _, score in found], axis=1),
    )
    order = np.argsort(-every[1], axis=1, kind="stable")[:, : 2 * K]
    return list(np.take_along_axis(every[0], order, axis=1)), list(
        np.take_along_axis(every[1], order, axis=1)
    )


# The program


def step(name: str, *arguments: object) -> Results:
    """Run a step in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.scale.run",
        "--step",
        json.dumps([name, *map(str, arguments)]),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: Results = json.loads(done.stdout.splitlines()[-1])
    return found


def _asked(file: str) -> list[str]:
    asked: list[str] = json.loads(Path(file).read_text(encoding="utf-8"))
    return asked


def run_step(name: str, *arguments: str) -> Results:
    if name == "build":
        index, data, before, size = arguments
        return build(Path(index), Path(data), int(before), int(size))
    if name in ("answer", "small"):
        return answer(Path(arguments[0]), _asked(arguments[1]), small=name == "small")
    if name == "change":
        return change(Path(arguments[0]), Path(arguments[1]), _asked(arguments[2])[0])
    if name == "recall":
        return recall(Path(arguments[0]), _asked(arguments[1])[WARMING::2])
    return vectors(Path(arguments[0]), int(arguments[1]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("build/scale"),
        help="folder of the library, the results and the plots",
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--vectors", type=int, default=0, help="as many vectors alone, beside the library")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        print(json.dumps(run_step(*json.loads(args.step))))
        return
    args.work.mkdir(parents=True, exist_ok=True)
    from benchmarks.scale.texts import questions

    index, results, asked = (args.work / name for name in ("library", "results.json", "questions.json"))
    if args.sizes:
        asked.write_text(json.dumps([text for _, text in questions(args.data, args.questions + WARMING)]))
    found: Results = (
        json.loads(results.read_text()) if results.exists() else {"processors": os.cpu_count(), "sizes": {}}
    )
    before = 0
    for size in args.sizes:
        steps = {
            "build": (index, args.data, before, size),
            "answer": (index, asked),
            "small": (index, asked),
            "change": (index, args.data, asked),
            "recall": (index, asked),
        }
        there = found["sizes"].setdefault(str(size), {})
        for name, arguments in steps.items():
            if name not in there:  # an interrupted run goes on with the step that it was at
                there[name] = step(name, *arguments)
                there[name]["load"] = os.getloadavg()[1]
                results.write_text(json.dumps(found, indent=1) + "\n")
                print(size, name, json.dumps(there[name]), flush=True)
        before = size
    if args.vectors and "vectors" not in found:
        found["vectors"] = {str(args.vectors): step("vectors", args.work / "vectors", args.vectors)}
        results.write_text(json.dumps(found, indent=1) + "\n")
    if found["sizes"]:
        draw(found, args.work)


if __name__ == "__main__":
    main()
