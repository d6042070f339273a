"""A library that is used at random, in one process that is never restarted, loses nothing and does not grow.

The long form: ``python -m benchmarks.soak --seconds 3600``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_mixed_use_loses_nothing_and_takes_no_more_with_time(tmp_path: Path) -> None:
    done = subprocess.run(  # a process of its own: what the other tests left in memory does not count
        [sys.executable, "-m", "benchmarks.soak", "--seconds", "10", "--out", str(tmp_path / "figures.json")],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["problems"] == []
    assert {"add", "remove", "sync", "search", "compact", "restore", "mend"} <= set(figures["operations"])
    assert figures["asked_beside"] > 10
