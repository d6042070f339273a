"""The training data as plain lists of pairs, with what is kept out of training named in one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

HELD_OUT = frozenset({"ntrex-128", "tico-19"})
"""Sources of sentence pairs that are the cross-language development set and never trained on."""

NOISY = {
    "coursera": 0.5,
    "multi30k-ext-mt": 0.5,
    "insuranceqa_zh_mt": 0.3,
    "stsb_multi_mt_train": 0.5,
    "omw": 0.5,
}
"""Share of a noisy source's rows that is used."""

NAMES_HELD_OUT = 0.02

SAME = {"zh_hant": "zh", "xling": "en"}
"""Which language a file of another name counts as."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Aligned texts of one kind and language: ``left[i]`` means ``right[i]``."""

    kind: str
    lang: str
    left: list[str]
    right: list[str]

    def __len__(self) -> int:
        return len(self.left)


def _thin(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Drop held-out sources and the named share of noisy ones."""
    frame = frame[~frame.source.isin(HELD_OUT)]
    for source, share in NOISY.items():
        rows = frame.index[frame.source == source]
        if len(rows):
            drop = frame.loc[rows].sample(frac=1 - share, random_state=seed).index
            frame = frame.drop(drop)
    return frame


def aligned(data: Path, kind: str, *, seed: int = 0) -> Iterator[Pairs]:
    """Yield the pairs of ``parallel``, ``multiparallel``, ``dictionary`` or ``names``, a language at a time."""
    for path in sorted((data / kind).glob("*.parquet")):
        frame = pd.read_parquet(path).dropna(subset=["en", "text"]).reset_index(drop=True)
        frame = _thin(frame, seed)
        if kind == "names":
            held = names_held_out(frame, seed=seed)
            frame = frame.drop(held.index)
        frame = frame[(frame.en.str.len() > 0) & (frame.text.str.len() > 0)]
        yield Pairs(kind, path.stem, frame.en.tolist(), frame.text.tolist())


def names_held_out(frame: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return the rows of one script's names that are kept for the benchmark."""
    return frame.sample(frac=NAMES_HELD_OUT, random_state=seed)


def parallel_questions(data: Path, *, seed: int = 0) -> Iterator[Pairs]:
    frame = _thin(pd.read_parquet(data / "parallel_questions.parquet").reset_index(drop=True), seed)
    for lang, rows in frame.groupby("lang"):
        yield Pairs("questions", str(lang), rows.en.tolist(), rows.text.tolist())


def question_passages(data: Path, *, split: str = "train") -> Iterator[Pairs]:
    """Yield (question, passage) pairs, a language at a time; ``xling`` pairs differ in language."""
    for path in sorted((data / "qa").glob("*.parquet")):
        frame = pd.read_parquet(path)
        frame = frame[frame.split == split].dropna(subset=["question", "passage"])
        if len(frame):
            yield Pairs("qa", path.stem, frame.question.tolist(), frame.passage.tolist())
