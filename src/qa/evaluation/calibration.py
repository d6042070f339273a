"""How far a stated probability can be trusted, and what answering less buys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

BINS = 10

Judged = tuple[float, bool]
"""The probability stated for the best quote of a question, and whether that quote is right."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The quotes whose stated probability is in ``[low, high)``: how many, what was stated, what was right."""

    low: float
    high: float
    count: int
    stated: float | None
    right: float | None


def reliability(judged: Sequence[Judged], *, bins: int = BINS) -> list[Bin]:
    """Return bins of equal width; the last one holds probability 1, too."""
    rows: list[list[Judged]] = [[] for _ in range(bins)]
    for probability, right in judged:
        rows[min(int(probability * bins), bins - 1)].append((probability, right))
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(row),
            fmean(probability for probability, _ in row) if row else None,
            fmean(right for _, right in row) if row else None,
        )
        for number, row in enumerate(rows)
    ]


def calibration_error(judged: Sequence[Judged], *, bins: int = BINS) -> float | None:
    """Return the expected calibration error: the mean gap between stated and right (Naeini et al. 2015)."""
    if not judged:
        return None
    gaps = (
        each.count * abs(each.stated - each.right)
        for each in reliability(judged, bins=bins)
        if each.stated is not None and each.right is not None
    )
    return sum(gaps) / len(judged)


@dataclass(frozen=True, slots=True)
class Risk:
    """Answering only from probability ``least`` on: the share of questions answered, and of those wrong."""

    least: float
    coverage: float
    risk: float


def risk_coverage(judged: Sequence[Judged]) -> list[Risk]:
    """Return a point for each stated probability as the limit, the surest first.

    Questions with equal probability are answered together: no order among them favours the service
    (El-Yaniv and Wiener 2010).
    """
    ordered = sorted(judged, key=lambda pair: -pair[0])
    points: list[Risk] = []
    wrong = 0
    for place, (probability, right) in enumerate(ordered, start=1):
        wrong += not right
        if place == len(ordered) or ordered[place][0] != probability:
            points.append(Risk(probability, place / len(ordered), wrong / place))
    return points


def auroc(judged: Sequence[Judged]) -> float | None:
    """Return the chance that a right quote was given a higher probability than a wrong one; a tie is a half.

    Mann and Whitney 1947; None unless there are both.
    """
    from scipy.stats import rankdata

    right = sum(each for _, each in judged)
    wrong = len(judged) - right
    if not right or not wrong:
        return None
    ranks = rankdata([probability for probability, _ in judged])
    above = sum(rank for rank, (_, each) in zip(ranks, judged, strict=True) if each)
    return float((above - right * (right + 1) / 2) / (right * wrong))
