"""What differences of paired values are worth: interval and test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ttest_rel

Values = NDArray[np.float64]


def interval(values: Values, *, resamples: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the mean of values (n,)."""
    chosen = np.random.default_rng(seed).integers(len(values), size=(resamples, len(values)))
    low, high = np.quantile(values[chosen].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def p_value(values: Values, others: Values) -> float:
    """Return the two-sided p of a paired t-test; 1 where nothing differs, or one pair alone could tell."""
    if len(values) < 2 or np.array_equal(values, others):
        return 1.0
    return float(ttest_rel(values, others).pvalue)
