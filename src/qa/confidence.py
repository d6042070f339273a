"""Features of a result to a probability; below the threshold the service abstains."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from qa.quotes import BestQuote
from qa.types import Hit

RANKED = ("dense", "late", "content", "window", "lexical", "background", "figures", "evidence", "answer")
FEATURES = (*RANKED, "quote", "weakest", "share", "margin", "lead", "alone", "size")
"""What the calibrator sees: features of the top hit that ranked it (see ``qa.ranking``), the score by which the quote
was chosen, its share of question tokens that met nothing and of the answer that is read, how far the best hit is ahead
of the second and of the last of ``COMPARED``, whether there is no second, when it is ahead of nothing, as where no
document answers, and how many powers of ten the passages that it was found among are above ``LARGE``: the more there
are, the nearer are those that do not answer."""

LARGE = 1000
"""Passages up to which their number says nothing."""

MARGIN_CAP, LEAD_CAP = 4.0, 8.0

COMPARED = 4
"""Hits that are compared."""

STEPS = (0.9, 0.75, 0.5)
"""From which probability on people are told "very likely", "likely" and "may answer"; below, "uncertain"."""

READING_STEPS = (0.9, 0.75)
"""From which confidence in the reading of a scan on people are told that it is high, or middling; below, low."""

UNMET = 0.35
"""Token score under which a question token met nothing."""


Limits = tuple[tuple[float, float], ...]
"""Shares of wrong answers, ascending, and the probability from which on no more than that share is wrong."""


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A logistic model of "this quote answers the question", fitted on development questions asked with and without
    the passage that answers them: one for passages in the question's language and one for others."""

    same: tuple[float, ...]
    cross: tuple[float, ...]
    """Intercept, then a weight for each of ``FEATURES``."""
    limits: tuple[Limits, Limits]
    """Of quotes in the question's language, and of others."""

    def probability(self, hits: Sequence[Hit], quote: BestQuote) -> float:
        """Return the probability (0 to 1) that ``quote``, of the first hit, answers the question."""
        values = (1.0, *features(hits, quote))
        same, cross = (
            sigmoid(sum(weight * value for weight, value in zip(weights, values, strict=True)))
            for weights in (self.same, self.cross)
        )
        return _mixed(hits, same, cross)

    def limit(self, hits: Sequence[Hit], max_error: float) -> float:
        """Return the probability from which quotes of the first hit are shown, so that at most ``max_error`` of those
        shown are wrong: of those in the question's language, and of those in others.

        Between the shares that ``limits`` names it is interpolated, towards 1 below and 0 above them.
        """
        same, cross = (limit_of(limits, max_error) for limits in self.limits)
        return _mixed(hits, same, cross)


def limit_of(limits: Limits, max_error: float) -> float:
    """Return the probability from which at most ``max_error`` of the quotes of one side are wrong."""
    errors, least = zip((0.0, 1.0), *limits, (1.0, 0.0), strict=True)
    return float(np.interp(max_error, errors, least))


def _mixed(hits: Sequence[Hit], same: float, cross: float) -> float:
    """Mix what holds in the question's language and across, by how sure it is that the first hit is in it."""
    share = hits[0].features["same_language"]
    return share * same + (1 - share) * cross


def features(hits: Sequence[Hit], quote: BestQuote) -> tuple[float, ...]:
    """Return the values of ``FEATURES``."""
    top = hits[0]
    ahead = [top.score - hit.score for hit in hits[:COMPARED]]
    margin, lead = min(ahead[:2][-1], MARGIN_CAP), min(ahead[-1], LEAD_CAP)
    named = tuple(top.features[name] for name in RANKED)
    unmet = float((quote.met < UNMET).mean())
    size = math.log10(max(1.0, top.features["searched"] / LARGE))
    return (*named, quote.score, unmet, quote.share, margin, lead, float(len(hits) == 1), size)


def step(probability: float) -> int:
    """Return 0 for "very likely", 1 for "likely", 2 for "may answer", 3 for "uncertain"."""
    return sum(probability < least for least in STEPS)


def reading_step(confidence: float) -> int:
    """Return 0 for a scan that was read with high confidence, 1 for middling, 2 for low."""
    return sum(confidence < least for least in READING_STEPS)


def sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, value))))


def load_calibrator() -> Calibrator:
    """Read the fitted weights that the package carries (``training/fit_confidence.py`` writes them)."""
    data = json.loads(resources.files("qa").joinpath("model/confidence.json").read_text(encoding="utf-8"))
    if tuple(data["names"]) != FEATURES:
        raise ValueError(f"confidence.json was fitted for {data['names']}, the code computes {FEATURES}.")
    same, cross = (tuple(map(tuple, data["limits"][side])) for side in ("same", "cross"))
    return Calibrator(tuple(data["same"]), tuple(data["cross"]), (same, cross))
