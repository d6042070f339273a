"""A library struck at any system call is as it was before or after, and can be used at once.

The short form strikes a few calls of each operation; ``QA_FAULTS=100000`` strikes all of them (some minutes).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import FAULTS, OPERATIONS, build

FEW = 3


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is loaded below everything that writes."""
    made = build(tmp_path_factory.mktemp("faults"))
    if made is None:
        pytest.skip("NO C COMPILER: cc is not installed; what a failing disk does is not tested")
    return made


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_fault_at_any_system_call_leaves_the_state_before_or_after(operation: str, below: Path) -> None:
    command = [sys.executable, "-m", "tests.faults", operation, os.environ.get("QA_FAULTS", str(FEW))]
    done = subprocess.run(
        command,
        env=os.environ | {"LD_PRELOAD": str(below)},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    struck = [f"struck {operation}: {fault.name}" for fault in FAULTS]
    assert done.stdout.splitlines() == struck, done.stdout
