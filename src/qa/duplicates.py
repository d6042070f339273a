"""A passage that several documents print is shown once, with the places of the others."""

from __future__ import annotations

from dataclasses import replace

from qa.types import Hit, Place, Retriever, Scope

COPIES = 4
"""Hits that are looked at besides those that are wanted: a copy or two costs no second search."""

DEEPEST = 16
"""So many times the hits that are wanted are searched at most, however many copies stand before the others."""


class Distinct:
    """A ``Retriever`` over another: hits of equal text are one hit, whose ``also`` names where else it is printed.

    Equal is what has the same characters but for white space: a difference of one figure is another passage.
    """

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]:
        """Return the ``k`` best passages that differ, best first; fewer where copies crowd them out (``DEEPEST``)."""
        wanted = k + COPIES
        while True:
            hits = self._retriever.search(question, k=wanted, scope=scope)
            groups: dict[str, list[Hit]] = {}
            for hit in hits:
                groups.setdefault("".join(hit.text.split()), []).append(hit)
            if len(groups) >= k or len(hits) < wanted or wanted >= DEEPEST * k:
                break
            wanted *= 4
        return [_one(rank, group) for rank, group in enumerate(list(groups.values())[:k], start=1)]


def _one(rank: int, group: list[Hit]) -> Hit:
    """Return the best hit of a group, explained as it was, with the places of the others."""
    best, *others = group
    if rank == best.rank and not others:
        return best
    also = tuple(Place(hit.source, hit.passage.document_id, hit.page, hit.passage.span) for hit in others)
    return replace(best, rank=rank, also=also).found_as(best)
