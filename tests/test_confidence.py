"""The probability that a quote answers, worked out by hand, and how it is said."""

from __future__ import annotations

import json
import math
from importlib import resources

import numpy as np
import pytest

from qa.confidence import FEATURES, RANKED, Calibrator, features, load_calibrator, step
from qa.quotes import BestQuote
from qa.types import Hit, Passage, Span


def hit(rank: int, score: float, *, same: float = 1.0, searched: float = 10_000.0) -> Hit:
    named = dict.fromkeys(RANKED, 0.5) | {"same_language": same, "searched": searched}
    return Hit(rank, score, Passage("d", Span(0, 4), "text"), "a.txt", named)


QUOTE = BestQuote(Span(0, 4), 0.6, (), np.float32([0.9, 0.2, 0.8, 0.1]), 0.7)


def test_features_of_a_result() -> None:
    values = features([hit(1, 7.0), hit(2, 5.5)], QUOTE)
    assert dict(zip(FEATURES, values, strict=True)) == pytest.approx(
        dict.fromkeys(RANKED, 0.5)
        | {"quote": 0.6, "weakest": 0.5, "share": 0.7, "margin": 1.5, "lead": 1.5, "alone": 0.0, "size": 1.0}
    )


def test_the_same_quote_is_less_sure_among_more_passages() -> None:
    calibrator = load_calibrator()
    few, many = (
        calibrator.probability([hit(1, 7.0, searched=searched)], QUOTE) for searched in (100.0, 100_000.0)
    )
    assert few > many


def test_who_is_alone_is_ahead_of_nothing() -> None:
    values = dict(zip(FEATURES, features([hit(1, 7.0)], QUOTE), strict=True))
    assert (values["margin"], values["lead"], values["alone"]) == (0.0, 0.0, 1.0)


def test_the_lead_is_over_the_last_that_is_compared() -> None:
    hits = [hit(1, 7.0), hit(2, 5.5), hit(3, 5.0), hit(4, 4.0), hit(5, -9.0)]
    values = dict(zip(FEATURES, features(hits, QUOTE), strict=True))
    assert (values["margin"], values["lead"]) == (1.5, 3.0)


def test_the_two_models_are_mixed_by_how_sure_the_language_is() -> None:
    nothing = (0.0,) * len(FEATURES)
    calibrator = Calibrator(same=(math.log(3), *nothing), cross=(-math.log(3), *nothing), limits=((), ()))
    assert calibrator.probability([hit(1, 1.0)], QUOTE) == pytest.approx(0.75)
    assert calibrator.probability([hit(1, 1.0, same=0.0)], QUOTE) == pytest.approx(0.25)
    assert calibrator.probability([hit(1, 1.0, same=0.5)], QUOTE) == pytest.approx(0.5)


def test_the_limit_is_the_one_fitted_for_the_share_of_wrong_quotes_that_is_allowed() -> None:
    nothing = (0.0,) * (len(FEATURES) + 1)
    calibrator = Calibrator(nothing, nothing, limits=(((0.1, 0.8), (0.3, 0.4)), ((0.1, 1.0),)))
    asked = [hit(1, 1.0)]
    assert calibrator.limit(asked, 0.1) == pytest.approx(0.8)
    assert calibrator.limit(asked, 0.2) == pytest.approx(0.6)
    assert calibrator.limit(asked, 0.05) == pytest.approx(0.9)  # halfway to certainty
    assert calibrator.limit(asked, 0.65) == pytest.approx(0.2)


def test_a_quote_in_another_language_has_a_limit_of_its_own() -> None:
    nothing = (0.0,) * (len(FEATURES) + 1)
    calibrator = Calibrator(nothing, nothing, limits=(((0.1, 0.8),), ((0.1, 0.9),)))
    assert calibrator.limit([hit(1, 1.0, same=0.0)], 0.1) == pytest.approx(0.9)
    assert calibrator.limit([hit(1, 1.0, same=0.5)], 0.1) == pytest.approx(0.85)


def test_a_smaller_risk_is_never_a_lower_limit() -> None:
    for same in (0.0, 0.5, 1.0):
        limits = [load_calibrator().limit([hit(1, 1.0, same=same)], share / 100) for share in range(1, 100)]
        assert limits == sorted(limits, reverse=True)


def test_the_shipped_weights_are_numbers_for_each_feature() -> None:
    stored = json.loads(resources.files("qa").joinpath("model/confidence.json").read_text(encoding="utf-8"))
    calibrator = load_calibrator()
    assert calibrator.same == tuple(stored["same"])
    assert len(calibrator.same) == len(calibrator.cross) == len(FEATURES) + 1


@pytest.mark.parametrize(
    ("probability", "place"), [(1.0, 0), (0.9, 0), (0.89, 1), (0.75, 1), (0.5, 2), (0.49, 3), (0.0, 3)]
)
def test_how_sure_is_said_in_four_steps(probability: float, place: int) -> None:
    assert step(probability) == place
