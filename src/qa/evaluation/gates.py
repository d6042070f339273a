"""Limits that a figure must reach, for continuous integration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa.errors import QuestionError
from qa.evaluation.measures import DOCUMENT_SUCCESS, parse_measures
from qa.evaluation.run import LABELS

_OTHERS = (DOCUMENT_SUCCESS, "quote_accuracy", "abstention_precision", "abstention_recall")


@dataclass(frozen=True, slots=True)
class Gate:
    """``figure`` must be at least ``least``, over all questions or over one group: ``pair en>zh``."""

    figure: str
    least: float
    by: str = ""
    label: str = ""

    @property
    def name(self) -> str:
        return f"{self.figure} ({self.by} {self.label})" if self.by else self.figure

    def failure(self, figures: Mapping[str, Any]) -> str | None:
        """Say in a sentence how the figures of an evaluation fail; None where they pass."""
        group = figures
        if self.by:
            found = figures["by"].get(self.by, {}).get(self.label)
            if found is None:
                return f"{self.name} should be at least {self.least:g}, but no question is in that group."
            group = found
        value = group.get(self.figure, (group["abstention"] or {}).get(self.figure))
        if value is None:
            return f"{self.name} should be at least {self.least:g}, but no question measures it."
        if value < self.least:
            return f"{self.name} is {value:.4f}, below the {self.least:g} that --fail-under demands."
        return None


def parse_gate(text: str) -> Gate:
    """Return the gate of ``nDCG@10=0.8``, or of ``pair:en>zh:nDCG@10=0.5`` for one group.

    Raises:
        QuestionError: the figure, the group or the number is not known.
    """
    named, equals, number = text.rpartition("=")
    by, label = "", ""
    if named.count(":") >= 2:
        by, _, rest = named.partition(":")
        label, _, named = rest.rpartition(":")
        if by not in LABELS or not label:
            raise QuestionError(f"'{text}': '{by}' is no group; known are {', '.join(LABELS)}.")
    try:
        least = float(number)
    except ValueError as error:
        raise QuestionError(f"'{text}' is no limit; write it as nDCG@10=0.8.") from error
    if not equals or not named.strip() or least != least:
        raise QuestionError(f"'{text}' is no limit; write it as nDCG@10=0.8.")
    figure = named.strip()
    return Gate(figure if figure in _OTHERS else parse_measures(figure)[0], least, by, label)


def measures_of(gates: Sequence[Gate]) -> tuple[str, ...]:
    """Return the ranking measures that the gates need."""
    return tuple(gate.figure for gate in gates if gate.figure not in _OTHERS)
