"""Counts in which languages each token occurs: the table by which a text's language is told from its tokens."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from qa.types import Floats
from training.data import SAME

SMOOTHING = 0.2
STEP = 1 / 16
LEVELS = np.array([0, 4, 8, 12, 16, 24, 32, 40, 52, 64, 80, 96, 120, 144, 176, 216], np.uint8)
"""How far below its best language a token may be in another, in steps: half a byte tells which of these is nearest."""

COMMON = 150
"""How many of a language's commonest tokens are kept."""

LONGEST = 2_000_000
"""Tokens counted of one language: enough, and a large language is no better known than a small one."""


def count(work: Path, size: int) -> dict[str, NDArray[np.int64]]:
    """Return how often each token occurs in each language's training texts."""
    counts: dict[str, NDArray[np.int64]] = {}
    for kind in ("parallel", "multiparallel", "qa", "dictionary"):
        for path in sorted((work / "tokenised").glob(f"{kind}-*.safetensors")):
            lang = path.stem.removeprefix(f"{kind}-")
            if lang == "xling":
                continue
            arrays = load_file(path)
            for side, of in (("right", SAME.get(lang, lang)), ("left", lang if kind == "qa" else "en")):
                of = SAME.get(of, of)
                have = counts.setdefault(of, np.zeros(size, np.int64))
                if have.sum() < LONGEST:
                    have += np.bincount(arrays[f"{side}.ids"][:LONGEST], minlength=size)
    return counts


def build(work: Path, out: Path) -> None:
    """Write ``languages.safetensors``: how far below its best language each token is in each, the commonest
    tokens of each language (l, c), and which tokens are figures (v,)."""
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    size = tokenizer.get_vocab_size()
    counts = count(work, size)
    names = sorted(counts)
    table = np.stack([counts[name] for name in names], axis=1).astype(np.float64)
    known = table.sum(axis=0)
    logs = np.log((table + SMOOTHING) / (known + SMOOTHING * size))
    below = logs.max(axis=1, keepdims=True) - logs
    below[table.sum(axis=1) == 0] = 0  # a token never seen says nothing
    out.mkdir(parents=True, exist_ok=True)
    common = np.argsort(-table, axis=0, kind="stable")[:COMMON].T.astype(np.uint32)
    figures = np.zeros(size, np.uint8)
    for token, number in tokenizer.get_vocab().items():
        figures[number] = token.lstrip("▁").isdecimal()
    write(names, below, common, figures, out)


def write(
    names: Sequence[str], below: Floats, common: NDArray[np.uint32], figures: NDArray[np.uint8], out: Path
) -> None:
    """Write the table (v, l) of how far below its best language the log probability of each token is, and the rest."""
    borders = (LEVELS[1:].astype(np.float64) + LEVELS[:-1]) / 2 * STEP
    levels = np.digitize(below, borders).astype(np.uint8)
    levels = np.pad(levels, ((0, 0), (0, levels.shape[1] % 2)))
    packed = levels[:, 0::2] * 16 + levels[:, 1::2]
    distinct, rows = np.unique(packed, axis=0, return_inverse=True)  # a quarter of them
    kind = np.uint16 if len(distinct) <= 1 << 16 else np.uint32
    save_file(
        {
            "below": distinct,
            "rows": rows.ravel().astype(kind),
            "levels": LEVELS,
            "common": np.ascontiguousarray(common),
            "figures": figures,
        },
        out / "languages.safetensors",
        metadata={"names": " ".join(names), "step": str(STEP)},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("src/qa/model"))
    args = parser.parse_args()
    build(args.work, args.out)


if __name__ == "__main__":
    main()
