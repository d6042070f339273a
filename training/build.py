"""Rebuilds the built-in model from the data: tokenizer, token vectors, language table, ranking and confidence weights.

Every step is skipped where its result is there already, and training goes on at its last checkpoint.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

MODEL = Path("src/qa/model")


def run(module: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", f"training.{module}", *map(str, arguments)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".model"), help="checkpoints and tokenised texts")
    parser.add_argument("--vocab", type=int, default=96_000)
    parser.add_argument("--steps", type=int, default=25_000)
    args = parser.parse_args()

    args.work.mkdir(parents=True, exist_ok=True)
    if not (args.work / "tokenizer.json").exists():
        run(
            "tokenizer",
            "--data",
            args.data,
            "--out",
            args.work,
            "--vocab",
            args.vocab,
            "--characters",
            2_500_000,
        )
    run("train", "--data", args.data, "--work", args.work, "--steps", args.steps)
    run("export", "--work", args.work, "--out", MODEL)
    run("languages", "--work", args.work, "--out", MODEL)
    run("fit_ranking", "--data", args.data, "--out", MODEL / "ranking.json")
    run("fit_confidence", "--data", args.data, "--out", MODEL / "confidence.json")


if __name__ == "__main__":
    main()
