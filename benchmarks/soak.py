"""Uses one library for as long as is wanted, in one process that reads and writes, and looks for what is lost or grows.

    python -m benchmarks.soak [--seconds 3600] [--seed 0] [--out FILE]

Documents are added, changed, moved, removed and synced at random, searched and asked for; now and then all is
compacted, encoded anew, backed up, restored, exported, imported and checked. A plain dict says what must be there. A
second ``QA`` of the same library, opened once, asks all the time in a thread of its own. What the process takes of
memory, descriptors, threads and disk, at its highest after a first quarter of the time, may exceed the highest in
that quarter by no more than the ``CEILINGS``; the seconds are counted after ``WARM_UP`` operations. The figures so
far are written to ``--out`` every minute, so that a long run can be watched, and one that is ended says what it saw.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from qa import QA, Config, QAError
from qa.encoder import BUILTIN, load_token_encoder
from qa.readers import find_files, read_document
from qa.segmenting import WORTH

CORPUS = Path(__file__).parent.parent / "corpus"
MOST = 60
"""Documents of the library: it stays of one size, so that what grows is no document."""
WARM_UP = 80
SETTLING = 0.25
"""Share of the time in which each of malloc's arenas comes into use: 8 a core, and a writer of postings fills 16 MB of
the one that it gets. What is highest then is what may not be exceeded afterwards."""
CEILINGS = {"memory_mb": 64.0, "descriptors": 8, "threads": 4, "disk_mb": 64.0}
RARE = 0.04
"""Share of the turns that do something to the whole library."""
ANCHOR = "anchor.txt"
FIRST, CANDIDATES = 10, 100
"""What people see of a search, and what it looks at: a word that one document has is lost if it is not among these."""


@dataclass
class Soak:
    """One library under use; ``problems`` says what was wrong, in sentences."""

    root: Path
    seed: int
    problems: list[str] = field(default_factory=list)
    expected: dict[str, str] = field(
        default_factory=dict
    )  # sources of files in docs/ and of others: their word
    backed_up: dict[str, str] | None = None
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    asked_beside: int = 0
    low: list[int] = field(default_factory=list)  # ranks of passages that were found and not shown
    number: int = 0
    doing: str = ""
    warm: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    most: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def run(self, seconds: float, *, watch: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
        """Use the library for so many seconds after it is warm; return the figures, and tell ``watch`` each minute."""
        self._random = random.Random(self.seed)
        self._paragraphs = _paragraphs()
        self._docs, self._others = self.root / "docs", self.root / "others"
        for folder in (self._docs, self._others):
            folder.mkdir()
        self._write(self._docs, ANCHOR)
        usual: dict[str, Callable[[QA], None]] = {
            "sync": self._sync,
            "add": self._add,
            "remove": self._remove,
            "search": self._search,
            "ask": self._ask,
        }
        rare: dict[str, Callable[[QA], object]] = {
            "compact": QA.compact,
            "check": self._check,
            "backup": self._backup,
            "restore": self._restore,
            "export and import": self._export_and_import,
            "reencode": lambda qa: qa.reencode(BUILTIN),
            "mend": QA.mend,
        }
        first = [*usual, *rare]
        stop = threading.Event()
        load_token_encoder().token_ids(["a" * (WORTH + 1)])  # the tree of pieces, sooner or later, and once
        with QA.open(self.root / "index", config=Config(max_error=0.9)) as qa:
            qa.sync(self._docs)
            reading = threading.Thread(target=self._ask_beside, args=(stop,))
            reading.start()
            try:
                began, done = time.monotonic(), 0
                told = began
                while done < WARM_UP or time.monotonic() - began < seconds:
                    kinds = rare if self._random.random() < RARE else usual
                    name = first.pop(0) if first else self._random.choice(list(kinds))
                    start = time.monotonic()
                    self.doing = name
                    try:
                        {**usual, **rare}[name](qa)
                    except QAError as error:
                        self.problems.append(f"{name}: {error}")
                    self.times[name].append(time.monotonic() - start)
                    self._compare(qa)
                    done += 1
                    if done == WARM_UP:
                        began = time.monotonic()
                    if done >= WARM_UP:
                        settled = time.monotonic() - began > seconds * SETTLING
                        highest = self.most if settled else self.warm
                        for key, value in _resources(self.root / "index").items():
                            highest[key] = max(highest[key], value)
                    if watch and time.monotonic() - told > 60:
                        told = time.monotonic()
                        watch(self._figures(told - began))
            finally:
                stop.set()
                reading.join()
            self._check(qa)
            compacted = qa.compact().after
        for name, ceiling in CEILINGS.items():
            if self.most[name] - self.warm[name] > ceiling:
                self.problems.append(
                    f"{name} grew from {self.warm[name]:g} to {self.most[name]:g}, more than {ceiling:g}"
                )
        return {**self._figures(time.monotonic() - began), "compacted_mb": round(compacted / 1e6, 1)}

    def _figures(self, seconds: float) -> dict[str, Any]:
        return {
            "seconds": round(seconds, 1),
            "operations": {
                name: {"count": len(times), "median_ms": round(1000 * median(times), 1)}
                for name, times in sorted(self.times.items())
            },
            "asked_beside": self.asked_beside,
            "found_below_ten": self.low,
            "warm": dict(self.warm),
            "most": dict(self.most),
            "documents": len(self.expected),
            "problems": self.problems,
        }

    # What is done

    def _sync(self, qa: QA) -> None:
        """Some files are written, changed, moved or deleted before the library is made equal to them."""
        for _ in range(self._random.randint(1, 4)):
            there = [name for name in self.expected if (self._docs / name).exists() and name != ANCHOR]
            kind = self._random.choice(["new", "change", "move", "delete"]) if there else "new"
            if kind == "new" and len(self.expected) < MOST:
                self._write(self._docs, self._name())
            elif kind == "change" and there:
                self._write(self._docs, self._random.choice(there))
            elif kind == "move" and there:
                old, new = self._random.choice(there), self._name()
                (self._docs / old).rename(self._docs / new)
                self.expected[new] = self.expected.pop(old)
            elif there:
                name = self._random.choice(there)
                (self._docs / name).unlink()
                del self.expected[name]
        qa.sync(self._docs)

    def _add(self, qa: QA) -> None:
        if len(self.expected) >= MOST:
            self._remove(qa)
        name = self._name()
        self._write(self._others, name)
        qa.add(self._others / name)

    def _remove(self, qa: QA) -> None:
        others = [name for name in self.expected if (self._others / name).exists()]
        if not others:
            return
        name = self._random.choice(others)
        qa.remove(name, purge=self._random.random() < 0.1)
        (self._others / name).unlink()
        word = self.expected.pop(name)
        if any(word in hit.text for hit in qa.search(word)):
            self.problems.append(f"'{word}' of the removed '{name}' is found")

    def _search(self, qa: QA) -> None:
        name = self._random.choice(list(self.expected))
        self._find(qa, name, self.expected[name])

    def _ask(self, qa: QA) -> None:
        answer = qa.ask(self._random.choice(self._paragraphs)[:200])
        if answer.quote and qa.document(answer.quote.source).text.find(answer.quote.text) < 0:
            self.problems.append(f"a quote is not in '{answer.quote.source}'")

    def _check(self, qa: QA) -> None:
        self.problems += [f"check: {problem}" for problem in qa.check()]

    def _backup(self, qa: QA) -> None:
        shutil.rmtree(self.root / "backup", ignore_errors=True)
        qa.backup(self.root / "backup")
        self.backed_up = dict(self.expected)

    def _restore(self, qa: QA) -> None:
        """Restore the backup, then bring back what the files say: a sync mends what is older or gone."""
        if self.backed_up is None:
            return
        qa.restore(self.root / "backup", replace=True)
        there = {info.source for info in qa.documents()}
        if there != set(self.backed_up):
            self.problems.append(f"a restored backup holds {sorted(there ^ set(self.backed_up))} or not")
        qa.sync(self._docs)
        for info in qa.documents():
            if not Path(info.path).exists():
                qa.remove(info.id)
        qa.add(self._others)

    def _export_and_import(self, qa: QA) -> None:
        file = self.root / "all.jsonl"
        qa.export(file)
        report = qa.import_documents(file)
        if len(report.unchanged) != len(self.expected):
            self.problems.append(f"an export of {len(self.expected)} documents brought {report}")

    # What must be true

    def _compare(self, qa: QA) -> None:
        there = {info.source for info in qa.documents()}
        if there != set(self.expected):
            self.problems.append(f"there are, or are not, {sorted(there ^ set(self.expected))}")

    def _find(self, qa: QA, name: str, word: str) -> None:
        hits = qa.search(word, k=CANDIDATES)
        ranks = [hit.rank for hit in hits if name == hit.source and word in hit.text]
        if not ranks:
            self.problems.append(f"'{word}' of '{name}' is not found")
        elif ranks[0] > FIRST:
            self.low.append(ranks[0])
        if not all(hit.text in qa.document(hit.passage.document_id).text for hit in hits):
            self.problems.append(f"a passage found for '{word}' is not in its document")

    def _ask_beside(self, stop: threading.Event) -> None:
        chance = random.Random(self.seed + 1)  # a generator of its own: the other one stays reproducible
        word = self.expected[ANCHOR]
        with QA.open(self.root / "index") as qa:
            while not stop.is_set():
                try:
                    hits = qa.search(word, k=3)
                    qa.ask(chance.choice(self._paragraphs)[:200])
                except Exception as error:
                    self.problems.append(f"a reader beside: {type(error).__name__}: {error}")
                    continue
                if not any(hit.source == ANCHOR and word in hit.text for hit in hits):
                    self.problems.append(f"while '{self.doing}': a reader beside does not find '{word}'")
                self.asked_beside += 1
                time.sleep(0.02)

    # Documents

    def _name(self) -> str:
        self.number += 1
        return f"{self.number:05}.txt"

    def _write(self, folder: Path, name: str) -> None:
        """Write a file of some paragraphs of the sample corpus, and one word that no other has."""
        word = "".join(self._random.choices("bcdfghjklmnpqrstvwxz", k=12))
        chosen = self._random.sample(self._paragraphs, self._random.randint(2, 20))
        (folder / name).write_text("\n\n".join((f"The word here is {word}.", *chosen)), encoding="utf-8")
        self.expected[name] = word


def _paragraphs() -> list[str]:
    texts = [read_document(path).text for path in find_files(CORPUS).paths if path.suffix in {".txt", ".md"}]
    return [part for text in texts for part in text.split("\n\n") if len(part) > 60]


def _resources(index: Path) -> dict[str, float]:
    """Return the memory, open descriptors and threads of this process, and the size of the library."""
    status = Path("/proc/self/status").read_text()
    kilobytes = int(
        status.partition("RssAnon:")[2].split()[0]
    )  # without files that are mapped, as the model is
    return {
        "memory_mb": round(kilobytes * 1024 / 1e6, 1),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "disk_mb": round(_size(index) / 1e6, 1),
    }


def _size(folder: Path) -> int:
    size = 0
    for file in folder.rglob("*"):
        try:
            size += file.stat().st_size
        except FileNotFoundError:  # merged away meanwhile
            continue
    return size


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder).resolve(), options.seed)
        figures = soak.run(options.seconds, watch=lambda so_far: _write(options.out, so_far))
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    _write(options.out, figures)
    return 1 if figures["problems"] else 0


def _write(file: Path | None, figures: dict[str, Any]) -> None:
    if file:
        file.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
