"""Rebuilds the built-in model from the data: tokenizer, vectors, language table, answer extractor and fitted weights.

Every step is skipped where its result is there already, and training goes on at its last checkpoint.
"""

from __future__ import annotations

import argparse
import shutil
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
    parser.add_argument("--pieces", type=int, default=96_000)
    parser.add_argument(
        "--steps",
        type=int,
        nargs=3,
        default=(25_000, 40_000, 72_000),
        help="over pieces, over words, and up to how many the second half of the shipped mean goes on",
    )
    parser.add_argument(
        "--trial",
        action="store_true",
        help="a few steps of everything, to see that it runs: git restore src/qa/model",
    )
    args = parser.parse_args()
    few, some, among = (("--steps", 40), ("--most", 20), ("--among", 2_000)) if args.trial else ((), (), ())
    if args.trial:
        args.steps = (40, 40, 60)

    first = args.work / "pieces"
    first.mkdir(parents=True, exist_ok=True)
    data = ("--data", args.data)
    if not (first / "tokenizer.json").exists():
        run("tokenizer", *data, "--out", first, "--vocab", args.pieces, "--characters", 2_500_000)
    run("train", *data, "--work", first, "--steps", args.steps[0])
    run("export", "--work", first, "--out", first / "model")
    # a word is one token from here on: its vector begins as the sum of its pieces'
    if not (args.work / "tokenizer.json").exists():
        run("words", *data, "--tokenizer", first / "tokenizer.json", "--out", args.work)
    start = ("--start", first / "model", "--rate", 0.05)
    run("train", *data, "--work", args.work, "--steps", args.steps[1], *start)
    further = args.work / "further"  # warmed up anew from there: the mean of both is better than either
    if not (further / "checkpoint.safetensors").exists():
        further.mkdir(exist_ok=True)
        for name in ("tokenizer.json", "checkpoint.safetensors", "checkpoint.json"):
            shutil.copy(args.work / name, further)
        (further / "tokenised").symlink_to((args.work / "tokenised").resolve())
    run("train", *data, "--work", further, "--steps", args.steps[2], "--rate", 0.07)
    run("export", "--work", args.work, further, "--out", MODEL)
    run("languages", "--work", args.work, "--out", MODEL)
    run("glosses", *data, "--model", MODEL)
    run("names", *data, "--model", MODEL)
    run("extractor", *data, "--work", args.work / "extractor", "--out", MODEL / "extractor.safetensors", *few)
    run("fit_ranking", *data, "--out", MODEL, *some)
    run("fit_confidence", *data, "--out", MODEL / "confidence.json", *some, *among)


if __name__ == "__main__":
    main()
