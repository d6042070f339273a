"""Asks questions of collections and keeps what the ranking sees, so that it is computed once and weighed many ways.

What is looked at and how it is scored as shipped is said here once: ``ROUNDS``, ``look``, ``shipped``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from benchmarks.retrieval.run import open_collection
from benchmarks.retrieval.tasks import Collection
from qa.dense import DenseIndex
from qa.encoder import load_encoder, load_token_encoder
from qa.languages import Languages
from qa.lexical import LexicalIndex
from qa.library import Library
from qa.ranking import FEATURES, READ, load_ranking, worth_reading
from qa.search import Searcher
from qa.text import words
from qa.types import Floats, Ints
from qa.views import Views
from training.dev import Half

ROUNDS = {"found": FEATURES, "read": READ}
"""What each round of the ranking sees: the first what the second does but its last features."""

DEPTH = 100
DEPTHS = (50, DEPTH, 200)


def look(searcher: Searcher, question: str, depth: int, *, read: bool = True) -> tuple[Ints, Floats]:
    """Return the ids (n,) of a question's candidates and what the second round, or the first, sees of them (n, f)."""
    found = searcher.candidates(question, depth=depth)
    return found.ids, searcher.read(found) if read and len(found.ids) else found.features


def shipped(round_name: str = "read") -> Callable[[Floats], Floats]:
    """Return the ranking ``all``, or its first round: features (n, f) -> scores (n,)."""
    ranking = load_ranking()
    model = {"found": ranking.found, "read": ranking.read}[round_name]
    return lambda features: model.scores(features[:, : len(model.names)])


def read_best(features: Floats, ids: Ints) -> Ints:
    """Return which candidates (<= k,) the second round reads."""
    return worth_reading(shipped("found")(features), ids)


@dataclass(frozen=True, slots=True)
class Seen:
    """Candidates of one question: a row of features (n, f) each, and the text (n,) that each is part of."""

    features: Floats
    owners: Ints
    right: int

    def rank(self, scores: Floats) -> int | None:
        return rank_of_text(scores, self.owners, self.right)

    @property
    def holds_right(self) -> bool:
        return bool((self.owners == self.right).any())


@dataclass(frozen=True, slots=True)
class Answered:
    """A question's candidates: fused, of the dense side alone and fused at other depths where these were asked for,
    and whether each side's own list holds the right text."""

    text: str
    row: str
    half: Half
    fused: Seen
    dense: Seen | None
    sides: dict[str, bool]
    deep: dict[int, Seen] = field(default_factory=dict)


def rank_of_text(scores: Floats, owners: Ints, right: int) -> int | None:
    """Return where a text stands, from 0, or None.

    It is as good as its best part, and of equals the first comes first, as in ``qa``.
    """
    parts = np.flatnonzero(owners == right)
    if not len(parts):
        return None
    best = parts[np.argmax(scores[parts])]
    earlier = np.arange(len(scores)) < best
    return len(np.unique(owners[(scores > scores[best]) | ((scores == scores[best]) & earlier)]))


class _Silent:
    """A lexical index that finds nothing but still tells what given passages share with a question."""

    def __init__(self, index: LexicalIndex) -> None:
        self.shares = index.shares

    def search(self, words: Sequence[str], k: int, among: Ints | None = None) -> tuple[Ints, Floats]:
        return np.empty(0, np.int64), np.empty(0, np.float32)

    search_meant = search  # of words that mean the question's it finds nothing either


@dataclass(frozen=True, slots=True)
class _DenseAlone:
    """Views whose candidates are the dense side's."""

    dense: DenseIndex
    lexical: _Silent


@contextmanager
def opened(
    texts: Sequence[str], *, names: bool = True
) -> Iterator[tuple[Library, Searcher, Searcher, Views]]:
    """Index texts under their numbers; lend the library, a searcher, one with dense candidates alone, and the views."""
    with (
        open_collection({str(number): text for number, text in enumerate(texts)}, names=names) as (
            library,
            searcher,
        ),
        Views(library) as views,
    ):
        alone = cast(Views, _DenseAlone(views.dense, _Silent(views.lexical)))
        encoder, tokens = load_encoder(), load_token_encoder()
        yield library, searcher, Searcher(library, alone, encoder, tokens, languages=Languages.load()), views


def ask(collection: Collection, *, dense: bool = False, deep: int = 0, names: bool = True) -> list[Answered]:
    """Ask all of a collection's questions, with ``dense`` also of the dense side alone; the first ``deep`` of each row
    and half at all ``DEPTHS``; names in other letters are met unless ``names`` is false."""
    encoder = load_encoder()
    answered: list[Answered] = []
    asked_so_far: Counter[tuple[str, Half]] = Counter()
    with opened(collection.texts, names=names) as (library, searcher, alone, views):
        sources = {info.id: int(info.source) for info in library.documents()}
        owner = np.zeros(int(library.ids().max()) + 1, np.int64)
        for passage in library.passages(library.ids().tolist()):
            owner[passage.id] = sources[passage.document_id]

        def see(by: Searcher, text: str, right: int, depth: int) -> Seen:
            ids, features = look(by, text, depth, read=by is searcher)
            return Seen(features, owner[ids], right)

        for asked in collection.asked:
            assert asked.half is not None
            text, right = asked.text, asked.right
            lists = {
                "dense": views.dense.search(encoder.encode_queries([text])[0], DEPTH)[0],
                "lexical": views.lexical.search(words(text), DEPTH)[0],
            }
            fused = see(searcher, text, right, DEPTH)
            asked_so_far[asked.row, asked.half] += 1
            deeper = asked_so_far[asked.row, asked.half] <= deep
            answered.append(
                Answered(
                    text,
                    asked.row,
                    asked.half,
                    fused,
                    see(alone, text, right, DEPTH) if dense else None,
                    {side: right in owner[ids] for side, ids in lists.items()},
                    {d: fused if d == DEPTH else see(searcher, text, right, d) for d in DEPTHS}
                    if deeper
                    else {},
                )
            )
    return answered
