"""``qa index`` takes memory for the text of its longest document and no more, however its lines are broken.

The whole: ``QA_CHARACTERS=10000000 pytest tests/test_memory.py -s``; a tenth of it is the short form.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from qa.library import Library
from tests.conftest import ROOT

CHARACTERS = int(os.environ.get("QA_CHARACTERS", "1000000"))
EMPTY_MB = 950
"""What the processes take before there is a document: the interpreter, the model, its tree of pieces (400) and the
libraries."""
BYTES = 90
"""More for each character: the text in both processes, its passages, their tokens and vectors."""

PARAGRAPHS = (
    "The county council met on day {0} and spoke of the mill at Anji. It has {0} rooms, and nobody lives in them.",
    "安吉县第{0}次会议讨论了白茶的种植。全县共有居民{0}户，其中半数以种茶为生。",
    "اجتمع مجلس المقاطعة في اليوم {0} وتحدث عن القناة. يبلغ طولها {0} كيلومترا.",
)


def text(separator: str) -> str:
    """Return ``CHARACTERS`` characters in three scripts, no paragraph like another."""
    parts: list[str] = []
    length = number = 0
    while length < CHARACTERS:
        parts.append(PARAGRAPHS[number % len(PARAGRAPHS)].format(number))
        length += len(parts[-1]) + len(separator)
        number += 1
    return separator.join(parts)[:CHARACTERS]


def tree(pid: int) -> Iterator[int]:
    """Yield a process and those that it started, and they in turn."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from tree(int(child))


def resident_kb(pid: int) -> int:
    """Return the most that a process has had resident so far, as the kernel counts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0  # it has ended, and nobody has asked for its status


def peaks(process: subprocess.Popen[str]) -> dict[int, int]:
    """Wait for a process; return the most that it and each one below it had resident, in KiB."""
    highest: dict[int, int] = {}
    while process.poll() is None:
        with suppress(OSError):  # one that ended while it was looked at
            for pid in tree(process.pid):
                # the last count, not the highest: before a child runs its program it has what its parent has
                highest[pid] = resident_kb(pid) or highest.get(pid, 0)
        time.sleep(0.02)
    return highest


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of other processes is told by /proc")
@pytest.mark.parametrize(
    "separator", [pytest.param("\n\n", id="paragraphs"), pytest.param(" ", id="a single line")]
)
def test_a_long_document_is_indexed_in_bounded_memory(tmp_path: Path, separator: str) -> None:
    whole = text(separator)
    (tmp_path / "long.txt").write_text(whole, encoding="utf-8")
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "qa.cli", "index", "long.txt", "--index", "index"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        highest = peaks(process)
        assert process.stdout
        assert process.returncode == 0, process.stdout.read()
    each = ", ".join(f"{kb / 1000:.0f}" for kb in highest.values())
    with Library.open(tmp_path / "index") as library:
        (document,) = library.documents()
        print(
            f"{len(whole):,} characters, {document.passages:,} passages: {sum(highest.values()) / 1000:.0f} MB"
            f" ({each}) in {time.perf_counter() - started:.0f} s"
        )
        assert library.document(document.id).text == whole
    assert sum(highest.values()) / 1000 < EMPTY_MB + BYTES * len(whole) / 1e6
