"""The layers of docs/architecture.md: imports point down, and the edge alone is heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "qa"

LAYERS = {
    "errors": 0, "types": 0,
    "config": 1, "text": 1, "threads": 1, "tables": 1,
    "readers": 2, "splitter": 2, "encoder": 2, "dense": 2, "lexical": 2, "ranking": 2, "languages": 2, "quotes": 2, "reasons": 2, "extractor": 2, "evidence": 2,
    "sketches": 2, "names": 2, "meanings": 2, "segmenting": 2,
    "citing": 1,
    "vectors": 2,
    "explaining": 2, "followups": 2, "rewriting": 2,
    "confidence": 2, "evaluation": 2, "feedback": 2, "users": 2, "history": 2,
    "library": 3, "views": 3, "answer": 3,
    "indexing": 4, "uploads": 4, "upkeep": 4, "duplicates": 4, "search": 4, "chat": 4,
    "service": 5,
    "server": 6, "web": 6, "guard": 6, "evaluating": 6,
    "cli": 7,
}  # fmt: skip


def imports(path: Path) -> Iterator[str]:
    """Yield the first part of every ``qa.…`` import, those under TYPE_CHECKING and in functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module] if node.module != "qa" else [f"qa.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("qa."):
                yield name.split(".")[1]


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


MODULES = sorted(path for path in SOURCE.rglob("*.py") if part_of(path) != "__init__")


def test_every_part_has_a_layer() -> None:
    assert {part_of(path) for path in MODULES} == set(LAYERS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    own = LAYERS[part_of(path)]
    upward = {name for name in imports(path) if name != part_of(path) and LAYERS[name] > own}
    assert not upward, f"{part_of(path)} (layer {own}) imports {sorted(upward)}"


def test_training_and_benchmarks_are_imported_by_nothing_that_ships() -> None:
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not any(module.split(".")[0] in {"training", "benchmarks", "tests"} for module in modules), (
            path
        )


@pytest.mark.parametrize("statement", ["import qa", "from qa import QA, retrieve", "import qa.cli"])
def test_importing_is_light(statement: str) -> None:
    heavy = "{'torch', 'gradio', 'sentence_transformers', 'transformers', 'faiss', 'pandas', 'sklearn'}"
    check = f"{statement}; import sys; loaded = {heavy} & set(sys.modules); assert not loaded, loaded"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_asking_loads_nothing_that_reads_files() -> None:
    check = "import qa.service; import sys; assert not {'qa.readers', 'lxml', 'openpyxl', 'pptx'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_no_pickle_anywhere() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        for word in ("import pickle", "allow_pickle=True", "joblib", "torch.load(", "marshal"):
            assert word not in text, f"{path} uses {word}"
