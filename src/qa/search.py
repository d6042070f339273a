"""The ``Retriever`` of one machine: dense and lexical candidates, fused, reranked by tokens."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from qa.errors import ScopeError
from qa.evidence import asked_features, load_evidence, token_features
from qa.explaining import explain
from qa.extractor import NOTHING, load_extractor
from qa.languages import Languages
from qa.library import Library
from qa.meanings import SAMPLED, Meanings, Meant
from qa.quotes import asked_kind
from qa.ranking import (
    FEATURES,
    Interaction,
    Question,
    fuse,
    interact,
    lay,
    load_ranking,
    meet,
    top_k,
    with_answers,
    worth_reading,
)
from qa.text import words
from qa.types import Encoder, Floats, Hit, Ints, Names, Scope, TokenEncoder, TokenIds
from qa.views import Views

SPOKEN = 0.01
"""Probability from which a language counts as spoken: most of them nobody speaks here."""

LEXICAL_WEIGHT = 0.5
"""What a lexical rank counts beside a dense one: across languages words find nothing, and should not take half the
places."""

MEANT_WEIGHT = 1.0
"""What a rank among passages with words of the question's meaning counts: they are found where the vectors are not."""

AGREED, FEWER = 15, 0.6
"""Where words and vectors agree, this share of the candidates is enough: where one in fifteen of so many of the first
of either are the same ones. Where they do not, mostly across languages, the right passage may stand further down."""

SEARCHED = "searched"
"""The feature of a hit that tells among how many passages it was found: it ranks none, and tells how sure to be."""

GROWN = 10
"""A library's languages are looked at again when a tenth of its passages are new or gone."""

TRIES = 3
"""How often a question is searched where a writer takes away at the same moment what it found."""

NAMED = 32
"""Passages that are looked for by the names alone: at their weight, those further down are no candidates."""

KEPT_SCOPES = 16
"""Scopes whose passages are kept: a reader asks several questions in one."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages in play for one question: ids (n,), a row of features (n, f) each, their tokens, how these meet the
    question's, and what the evidence is taken from: ``qa.evidence.token_features`` (n, q, 11) and
    ``qa.evidence.asked_features``. ``gone`` if some that were found are no longer in the library."""

    ids: Ints
    features: Floats
    question: Question
    texts: list[TokenIds]
    met: Interaction
    tokens: Floats
    kind: Floats
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """What languages say of a question's candidates: the probability (n,) that they share the question's language,
    the scores (n, q) that mere common words of theirs reach and those (q,) of the question's own language, and whether
    they hold a figure that is asked for (n,)."""

    same: Floats
    background: Floats
    own: Floats
    figures: Floats


class Searcher:
    """Finds passages of a library, best first."""

    def __init__(
        self,
        library: Library,
        views: Views,
        encoder: Encoder,
        token_encoder: TokenEncoder,
        *,
        candidates: int = 100,
        languages: Languages | None = None,
    ) -> None:
        self._library = library
        self._views = views
        self._encoder = encoder
        self._token_encoder = token_encoder
        self._candidates = candidates
        self._languages = languages
        self._ranking = load_ranking()
        self._extractor = load_extractor()
        self._evidence = load_evidence()
        self._meanings = Meanings(token_encoder, languages) if languages else None
        self._spoken_by: tuple[int, Floats] | None = None
        self._scopes: dict[Scope, tuple[tuple[int, int], Ints]] = {}

    def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]:
        """Return the ``k`` best passages, those in ``scope``; equal scores are ordered by passage id, the older first.

        Raises:
            ScopeError: no document is in the scope.
        """
        for _ in range(TRIES):
            head = self._library.head()
            self._views.catch_up()
            hits, gone = self._hits(question, k, self._among(scope) if scope else None)
            if not gone or self._library.head() == head:
                break  # else what took the place of the gone was not found either
        return hits

    def _hits(self, question: str, k: int, among: Ints | None) -> tuple[list[Hit], bool]:
        """Return the best passages, and whether some that were found are gone from the library since."""
        found = self.candidates(question, depth=max(self._candidates, k), least=k, among=among)
        gone = found.gone
        if not len(found.ids):
            return [], gone
        searched = float(len(self._views.dense) if among is None else len(among))
        features = self.read(found)
        scores = self._ranking.read.scores(features)
        order = top_k(scores, found.ids, k=k)
        passages = {passage.id: passage for passage in self._library.passages(found.ids[order].tolist())}
        sources = self._library.sources([passage.document_id for passage in passages.values()])
        explained = partial(explain, question=question, model=self._ranking.read, encoder=self._token_encoder)
        hits: list[Hit] = []
        for position in order.tolist():
            passage = passages.get(int(found.ids[position]))
            # removed by a writer since the views caught up
            if passage is None or passage.document_id not in sources:
                gone = True
                continue
            hits.append(
                Hit(
                    rank=len(hits) + 1,
                    score=float(scores[position]),
                    passage=passage,
                    source=sources[passage.document_id],
                    features=self._ranking.read.named(features[position]) | {SEARCHED: searched},
                ).found_by(explained, found.texts[position])
            )
        return hits, gone

    def _among(self, scope: Scope) -> Ints:
        """Return the passages in a scope (n,), ascending; those of a few scopes are kept until the library changes."""
        head = self._library.head()
        kept = self._scopes.get(scope)
        if kept is None or kept[0] != head:
            inside = [info.id for info in self._library.documents() if scope.holds(info)]
            if not inside:
                raise ScopeError(f"No document is {_told(scope)}. See what there is: qa list")
            if len(self._scopes) >= KEPT_SCOPES:
                self._scopes.clear()
            kept = self._scopes[scope] = head, self._library.ids_of(inside)
        return kept[1]

    def candidates(
        self, question: str, *, depth: int, least: int = 1, among: Ints | None = None
    ) -> Candidates:
        """Return the fused best of both sides with their features: ``depth`` of them, or fewer where these are enough,
        but ``least``; with ``among`` (n,), of those passages."""
        query = self._encoder.encode_queries([question])[0]
        terms = list(dict.fromkeys(words(question)))
        names = self._token_encoder.names(question)
        # FAISS leaves Python to others: while it looks at the vectors, the words are looked for here
        near = _beside().submit(self._near, query, names, depth, among)
        found = self._views.lexical.search(terms, depth, among)
        meant, _ = self._views.lexical.search_meant(self._meant(question), depth, among)
        spelt = self._views.lexical.search(names.terms() if names else (), NAMED, among)[0]
        dense, named = near.result()
        weights = (1.0, LEXICAL_WEIGHT, MEANT_WEIGHT, LEXICAL_WEIGHT, LEXICAL_WEIGHT)
        few = max(least, int(FEWER * depth))
        if np.isin(dense[:few], found[0][:few]).sum() * AGREED >= few:
            depth = min(depth, few)
        fused = fuse([dense, found[0], meant, named, spelt], weights=weights, k=depth)
        ids, rows, vectors = self._library.material(fused.tolist())
        gone = len(ids) < len(fused)
        lexical = _beside().submit(self._views.lexical.shares, terms, ids, found)
        laid = lay(rows, self._token_encoder)
        asked = Question.asked(question, laid, self._token_encoder)
        met = interact(asked, laid)
        if not len(ids):
            nothing = np.zeros((0, len(FEATURES)), np.float32)
            return Candidates(ids, nothing, asked, rows, met, nothing, nothing, gone)
        cosines = vectors @ query
        spoken = self._spoken(asked, rows, figure=asked_kind(question) is not None)
        partners = meet(asked, met)
        late, window = partners.whole @ asked.weights, partners.near @ asked.weights
        content = partners.whole @ asked.without(spoken.own)
        length = np.log1p([len(row) for row in rows])
        background = spoken.background @ asked.weights
        told = (background, spoken.figures, spoken.same, length)
        columns = (cosines, late, content, window, lexical.result(), *told)
        features = np.stack(columns, axis=1).astype(np.float32)
        figure = self._figures(asked.ids)
        tokens = token_features(asked, partners, features[:, -2:], spoken.background, spoken.own, figure)
        kind = asked_features(asked, spoken.own)
        evidence = self._evidence.scores(tokens, asked.weights, kind, features)
        return Candidates(ids, np.column_stack([features, evidence]), asked, rows, met, tokens, kind, gone)

    def _meant(self, question: str) -> list[Meant]:
        """Return words of the library's other languages that mean what the question's mean."""
        if self._meanings is None:
            return []
        count = len(self._views.dense)
        if self._spoken_by is None or abs(self._spoken_by[0] - count) * GROWN > count:
            sample = self._library.sample(SAMPLED)
            self._spoken_by = count, self._meanings.spoken(sample)
        return self._meanings.of(self._token_encoder.token_ids([question])[0], self._spoken_by[1])

    def _near(self, query: Floats, names: Names | None, depth: int, among: Ints | None) -> tuple[Ints, Ints]:
        """Return passages that are near to a question, and those that are near to its names alone."""
        dense = self._views.dense
        found, _ = dense.search(query, depth, among)
        if not names or not (text := names.text()):
            return found, found[:0]
        return found, dense.search(self._encoder.encode_queries([text])[0], NAMED, among)[0]

    def read(self, found: Candidates, best: Ints | None = None) -> Floats:
        """Return the features (n, f) of candidates with what those at positions ``best``, or those that are worth it,
        say when they are read."""
        if best is None:
            best = worth_reading(self._ranking.found.scores(found.features), found.ids)
        texts = [found.texts[number] for number in best.tolist()]
        readings = self._extractor.extract(found.question, texts, found.met.of(best), self._token_encoder)
        answers = np.array([max(reading.score, NOTHING) for reading in readings], np.float32)
        return with_answers(found.features, best, answers)

    def _figures(self, ids: TokenIds) -> NDArray[np.bool_]:
        """Tell which tokens are figures (t,)."""
        if self._languages is None:
            return np.zeros(len(ids), np.bool_)
        return self._languages.figures[ids]

    def _spoken(self, question: Question, passages: list[TokenIds], *, figure: bool) -> Spoken:
        """Tell the languages of a question and of passages, and what they make of the question's tokens."""
        none = np.zeros(len(passages), np.float32)
        if self._languages is None:
            nothing = np.zeros((len(passages), len(question.ids)), np.float32)
            return Spoken(none + 1, nothing, np.zeros(len(question.ids), np.float32), none)
        figures = self._languages.have_figures(passages, besides=question.ids) if figure else none
        chances = self._languages.of([question.ids, *passages])
        spoken = np.flatnonzero(chances.max(axis=0) >= SPOKEN)
        chances = chances[:, spoken]
        met = self._languages.common_met(question, self._token_encoder, spoken)
        return Spoken(
            same=chances[1:] @ chances[0],
            background=chances[1:] @ met.T,
            own=met @ chances[0],
            figures=figures.astype(np.float32),
        )


@cache
def _beside() -> ThreadPoolExecutor:
    """Return the threads that look at vectors while those that were asked look for words."""
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="dense")


def _told(scope: Scope) -> str:
    """Return a scope in words."""
    parts = (
        f"in {' or '.join(map(repr, scope.within))}" if scope.within else "",
        f"in the language {' or '.join(scope.languages)}" if scope.languages else "",
        f"dated since {scope.since}" if scope.since else "",
        f"dated until {scope.until}" if scope.until else "",
    )
    return " and ".join(filter(None, parts))
