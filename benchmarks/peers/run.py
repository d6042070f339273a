"""Measures other libraries beside ours: the same passages, the same questions, the same model folder, the same minute.

Each runs in processes of its own: one builds, saves, asks and changes; another opens what was saved and asks once. The
processor's time is what is compared, since machines are busy. The others go into an environment of their own:

    python -m venv ENV
    ENV/bin/pip install -e ".[training]" bm25s langchain-core langchain-classic langchain-community rank-bm25 txtai \\
        llama-index-core llama-index-retrievers-bm25 haystack-ai lancedb
    ENV/bin/python -m benchmarks.peers.run --data ../shared/data --out FILE
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.peers import PEERS, K, Peer
from training.dev import load_dev

LANGS = frozenset({"en", "zh", "ru", "ar", "hi"})
CHANGES = 5
Results = dict[str, Any]


def material(data: Path, most: int) -> tuple[list[str], list[tuple[str, int]]]:
    """Return the dev passages of five languages, and questions with the number of the passage that answers each."""
    dev = load_dev(data, langs=LANGS, most=most)
    numbers = {key: number for number, key in enumerate(dev.passages)}
    return list(dev.passages.values()), [(each.text, numbers[each.passage]) for each in dev.questions]


def write(name: str, folder: Path, data: Path, most: int, asked: int) -> Results:
    texts, questions = material(data, most)
    questions = questions[:: max(1, len(questions) // asked)]
    peer = PEERS[name](Path(str(files("qa") / "model")), folder)
    before = _memory("VmRSS")
    building = _cpu(lambda: peer.build(texts))
    saving = _cpu(peer.save)
    for question, _ in questions[:5]:
        peer.search(question)
    times, gains, first = [], [], 0
    for question, right in questions:
        found: list[int] = []
        times.append(_cpu(lambda question=question, found=found: found.extend(peer.search(question))))
        rank = found.index(right) + 1 if right in found[:K] else 0
        gains.append(1 / math.log2(1 + rank) if rank else 0.0)
        first += rank == 1
    memory = _memory("VmRSS") - before
    results = {
        "passages": len(texts),
        "questions": len(questions),
        "build_seconds": building,
        "save_seconds": saving,
        "question_ms": 1000 * float(np.median(times)),
        "memory_mib": memory,
        "disk_mib": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / (1 << 20),
        "ndcg": 100 * float(np.mean(gains)),
        "first": first / len(questions),
    }
    for what, change in (("add", peer.add), ("remove", lambda number, _: peer.remove(number))):
        try:
            each = [
                _cpu(lambda number=number, change=change: _change(peer, change, number, texts[number % 7]))
                for number in range(10**6, 10**6 + CHANGES)
            ]
            results[f"{what}_ms"] = 1000 * float(np.median(each))
        except NotImplementedError:
            results[f"{what}_ms"] = 1000 * (building + saving)  # built anew
            results[f"{what}_rebuilds"] = True
    return results


def _change(peer: Peer, change: Callable[[int, str], None], number: int, text: str) -> None:
    change(number, f"{text} {number}")
    peer.search("What is new?")  # a change counts once it is seen


def start(name: str, folder: Path) -> Results:
    """Open what was saved, and ask a question: imports, model and index included."""
    peer = PEERS[name](Path(str(files("qa") / "model")), folder)
    peer.load()
    peer.search("How long is the Suez Canal?")
    return {"start_seconds": time.process_time()}


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _memory(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


def _step(*arguments: object) -> Results:
    command = [
        sys.executable,
        "-m",
        "benchmarks.peers.run",
        "--step",
        json.dumps([str(each) for each in arguments]),
    ]
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["?"])[-1]}
    found: Results = json.loads(done.stdout.splitlines()[-1])
    return found


ROWS = {
    "build, s": "build_seconds",
    "question, ms": "question_ms",
    "start to first answer, s": "start_seconds",
    "memory, MiB": "memory_mib",
    "disk, MiB": "disk_mib",
    "add one, ms": "add_ms",
    "remove one, ms": "remove_ms",
    "nDCG@10": "ndcg",
    "Success@1": "first",
}


def table(found: dict[str, Results]) -> str:
    """Return our figures and, for each peer, how many times ours its figure is."""
    names = [name for name in found if "failed" not in found[name]]
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "--:|" * len(names)]
    for row, field in ROWS.items():
        ours = found["qa"][field]
        cells = [f"{ours:.3g}"]
        for name in names[1:]:
            rebuilds = found[name].get(f"{field.removesuffix('_ms')}_rebuilds")
            mark = " (built anew)" if rebuilds else ""
            cells.append(f"× {found[name][field] / ours:.2g}{mark}")
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--most", type=int, default=1000, help="questions, and their passages, a language")
    parser.add_argument("--questions", type=int, default=400, help="of these are asked")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        what, name, folder, *rest = json.loads(args.step)
        if what == "write":
            print(json.dumps(write(name, Path(folder), Path(rest[0]), int(rest[1]), int(rest[2]))))
        else:
            print(json.dumps(start(name, Path(folder))))
        return
    found: dict[str, Results] = {}
    for name in args.only:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = _step("write", name, folder, args.data, args.most, args.questions)
            if "failed" not in found[name]:
                found[name] |= _step("start", name, folder)
        print(name, json.dumps(found[name]), flush=True)
        if args.out:
            args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if "qa" in found:
        print(table(found))


if __name__ == "__main__":
    main()
