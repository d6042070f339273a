"""README.md and docs/ are true: every ``sh`` and ``python`` block runs, offline, on a copy of the sample corpus.

A block marked ``no-test`` (it serves until interrupted, or needs a network) is not run. The lines of a ``text`` block
must stand in the output of the block before it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.test_layers import LAYERS

ROOT = Path(__file__).parent.parent
RUN = ("README.md", "docs/python.md", "docs/cli.md", "docs/security.md")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
)

OFFLINE = """
import os, sys

def _refuse(event, arguments):
    reaches_out = event == "socket.connect" and isinstance(arguments[1], tuple)
    if reaches_out or event == "socket.getaddrinfo":
        os.write(2, f"NETWORK: {event} {arguments[-1]}".encode())
        os._exit(97)

sys.addaudithook(_refuse)
"""
"""Ends any Python process that reaches for a network, loudly: a library may swallow an exception."""

_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the words after it, its text, and the line it begins on."""

    kind: str
    marks: tuple[str, ...]
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    content = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(content):
        kind, *marks = match["info"].split() or [""]
        line = content.count("\n", 0, match.start()) + 1
        found.append(Block(kind, tuple(marks), match["body"], line))
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a copy of the corpus and its index, as after ``make run``."""
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    (tmp_path / "offline").mkdir()
    (tmp_path / "offline" / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    settings |= {
        "PATH": os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"])),
        "PYTHONPATH": str(folder / "offline"),
        "HF_HUB_OFFLINE": "1",
    }
    return subprocess.run(
        command, cwd=folder, env=settings, capture_output=True, text=True, encoding="utf-8", timeout=120
    )


def runnable(page: str) -> list[Block]:
    """Return the blocks to run and to compare; Python blocks that follow one another are one program."""
    found: list[Block] = []
    for block in blocks(page):
        if block.kind not in ("sh", "python", "text") or "no-test" in block.marks:
            continue
        if found and block.kind == found[-1].kind == "python":
            found[-1] = replace(found[-1], text=found[-1].text + block.text)
        else:
            found.append(block)
    return found


def run_blocks(page: str, folder: Path) -> None:
    """Run the blocks of a page in order."""
    output = ""
    for block in runnable(page):
        place = f"{page}, line {block.line}"
        if block.kind == "text":
            for line in block.text.splitlines():
                assert line in output, f"{place}: '{line}' is not in:\n{output}"
            continue
        shell = ["sh", "-eu", "-c"] if block.kind == "sh" else [sys.executable, "-W", "error", "-c"]
        done = run([*shell, block.text], folder)
        assert done.returncode == 0, f"{place}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        output = done.stdout


def test_readme_runs(project: Path) -> None:
    run_blocks("README.md", project)


@pytest.mark.parametrize("page", RUN[1:])
def test_documentation_runs(page: str, project: Path) -> None:
    done = run(["qa", "index", "corpus/", "--quiet"], project)
    assert done.returncode == 0, done.stderr
    run_blocks(page, project)


def test_a_process_that_reaches_for_a_network_is_caught(project: Path) -> None:
    reach = "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError: pass"
    done = run([sys.executable, "-c", reach], project)
    assert done.returncode == 97
    assert "NETWORK" in done.stderr


@pytest.mark.parametrize("page", RUN)
def test_blocks_are_run_unless_they_say_why_not(page: str) -> None:
    found = blocks(page)
    assert {block.kind for block in found} <= {"sh", "python", "text", "json", "toml", ""}
    skipped = [block for block in found if "no-test" in block.marks]
    for block in skipped:
        assert re.search(r"make |qa serve|app\.py|curl |--model ", block.text), block
    assert len(skipped) < sum(block.kind in ("sh", "python") for block in found) / 2 + 1


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    content = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", content):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_the_architecture_names_every_part_at_its_layer() -> None:
    content = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = {name: int(layer) for layer, name in re.findall(r"^\| (\d) \| `(\w+)` \|", content, re.MULTILINE)}
    assert rows == LAYERS


def test_the_architecture_names_tests_that_exist() -> None:
    content = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`(test_\w+)`", content):
        assert (ROOT / "tests" / f"{name}.py").is_file(), name
