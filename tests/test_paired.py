"""What differences of paired values are worth, as the benchmarks say it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.paired import holm, interval, p_value


def test_holm_multiplies_by_the_tests_left_and_never_falls() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_nothing_differs_between_equal_values() -> None:
    assert p_value(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 1.0
    assert p_value(np.array([0.0]), np.array([1.0])) == 1.0


def test_paired_test_sees_a_steady_small_difference() -> None:
    values = np.linspace(0.0, 1.0, 20)
    steady = values + np.where(np.arange(20) % 2, 0.02, 0.04)
    assert p_value(steady, values) < 0.001


def test_interval_lies_around_the_mean_and_is_the_same_each_time() -> None:
    values = np.repeat([0.0, 1.0], 50)
    low, high = interval(values)
    assert 0.35 < low < 0.5 < high < 0.65
    assert interval(values) == (low, high)
    assert interval(np.ones(3)) == (1.0, 1.0)
