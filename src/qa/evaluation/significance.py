"""How sure a figure is: bootstrap intervals, the paired randomisation test, and Holm's correction.

scipy draws; the seed is an argument, so that the same results always give the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 2000
PERMUTATIONS = 9999
LEVEL = 0.95
SEED = 0
_BATCH = 4_000_000
"""Numbers drawn at once: bounds the memory, not the result."""


def intervals(rows: ArrayLike, *, level: float = LEVEL, seed: int = SEED) -> list[tuple[float, float] | None]:
    """Return the percentile bootstrap interval of the mean of each row of ``rows`` (m, n); None for n < 2.

    All rows are resampled by the same draws, as the questions are the same (Efron and Tibshirani 1993, ch. 13).
    """
    from scipy.stats import bootstrap

    values = np.asarray(rows, dtype=np.float64)
    measures, questions = values.shape
    if questions < 2 or not measures:
        return [None] * measures
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=max(1, _BATCH // values.size),
        confidence_level=level,
        method="percentile",
        axis=-1,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    lows, highs = np.atleast_1d(found.low).tolist(), np.atleast_1d(found.high).tolist()
    return list(zip(lows, highs, strict=True))


def paired_test(differences: ArrayLike, *, seed: int = SEED) -> float:
    """Return the two-sided p of the paired randomisation test that ``differences`` (n,) have mean 0.

    Under the null hypothesis either system could have got either value of a question, so signs are flipped:
    all of them where that is at most ``PERMUTATIONS``, that many at random otherwise (Smucker, Allan and
    Carterette 2007). Questions without a difference change nothing and are left out of the draw.
    """
    from scipy.stats import permutation_test

    values = np.asarray(differences, dtype=np.float64)
    values = values[values != 0]
    if not len(values):
        return 1.0
    if len(values) == 1:
        return 1.0  # both signs are as far from 0
    found = permutation_test(
        (values,),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=max(1, _BATCH // len(values)),
        axis=-1,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each p corrected for the number of tests: the chance of one false alarm among all stays below it.

    The k-th smallest of m is multiplied by m - k + 1, and none is below a smaller one before it (Holm 1979).
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for place, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[number]))
        corrected[number] = highest
    return corrected
