"""Trains the extractor: where in a passage the answer to a question begins and ends, or that it is not there.

Each step takes questions with a few passages that look alike, of which one holds the answer or none does; the softmax
goes over all tokens of all of them and "none" (shared normalisation, Clark and Gardner, ACL 2018), so that scores of
different passages can be compared. The token vectors stay as they are. Questions are asked partly in words of other
languages, taken from the nearest vectors, since nearly all the data ask in the passage's own language; those that were
written about sentences in many languages (half ``fit``) tell the sentence alone.
"""

from __future__ import annotations

import argparse
import pickle
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.numpy import save_file
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score
from torch import nn

from qa.encoder import StaticEncoder, load_token_encoder
from qa.extractor import DILATIONS, LEAST, SCALARS, token_scalars, unit_rows
from qa.languages import Languages
from qa.ranking import LONGEST_QUESTION, Question, interact, lay, meet
from qa.splitter import search_text, split_document
from qa.types import Document, Floats, Ints, Span, TokenIds
from training.dev import (
    Article,
    DevSet,
    as_document,
    bare,
    half_of,
    join_sentences,
    key_of,
    load_articles,
    load_asked,
    load_translations,
    load_written,
)

WIDTH = 96

NARROW = torch.bfloat16 if torch.backends.cpu.get_cpu_capability() == "AVX512" else torch.float32
"""What training multiplies in: half the numbers where the processor knows them, several times slower where not."""

NEIGHBOURS = 8
"""Passages that look alike, kept for each question."""

LONGEST = 256
"""Tokens of a passage at most."""

PASSAGES = 4
"""Passages that a question is asked of at a time."""

SWITCHED, UNANSWERED, TITLED, TABLED = 0.35, 0.3, 0.4, 0.15
"""Shares of the questions that are asked in words of other languages, whose passage is not among those read, that are
asked of passages with headings, and of passages some of which are laid out like tables."""

LIGHT = 0.55
"""The length of a token's vector under which it is a word that tables do without."""


@dataclass(slots=True)
class Piece:
    """A passage as the index has it: its tokens, their spans and its own in the whole text, that text, its words as
    answers are looked for in them, and its language."""

    ids: TokenIds
    spans: Ints
    span: Span
    whole: str
    bare: str
    lang: str


@dataclass(slots=True)
class Asked:
    """A question, the piece that answers it, the first and last token of the answer (-1: somewhere in the piece), and
    pieces that look like it and do not hold the answer. Unless it is ``exact`` the answer stands somewhere between
    these tokens."""

    ids: TokenIds
    lang: str
    piece: int
    first: int
    last: int
    others: list[int]
    exact: bool = True


@dataclass(slots=True)
class Group:
    """A question with ``PASSAGES`` passages; whether the first of them answers it, and by which tokens, or some between
    these."""

    question: Question
    texts: list[TokenIds]
    there: bool
    first: int
    last: int
    exact: bool = True


@dataclass(slots=True)
class Text:
    """A passage's tokens (t,), and which of them are the answer (t,)."""

    ids: TokenIds
    answer: NDArray[np.bool_]

    @classmethod
    def of(cls, ids: TokenIds) -> Text:
        return cls(ids, np.zeros(len(ids), np.bool_))

    def at(self, places: Ints) -> Text:
        return Text(self.ids[places], self.answer[places])

    def before(self, other: Text) -> Text:
        return Text(np.concatenate([self.ids, other.ids]), np.concatenate([self.answer, other.answer]))


class Net(nn.Module):
    """The network of ``qa.extractor``: the same numbers in torch."""

    def __init__(self, dim: int, width: int = WIDTH) -> None:
        super().__init__()
        self.project = nn.Linear(dim, width, bias=False)
        self.scalars = nn.Linear(SCALARS, width, bias=False)
        self.question_near = nn.Linear(3 * width, width)
        self.question_out = nn.Linear(width, width, bias=False)
        self.kinds = nn.Linear(width, 2, bias=False)
        self.meet = nn.Linear(width, width, bias=False)
        self.sharp = nn.Parameter(torch.tensor(5.0))
        self.asked = nn.Linear(2 * width, width)
        self.fuse = nn.Linear(4 * width, width)
        self.near = nn.ModuleList(nn.Linear(3 * width, width) for _ in DILATIONS)
        self.out = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in DILATIONS)
        self.whole = nn.Linear(width, width)
        self.ends = nn.Linear(width, 2)

    def forward(
        self,
        question: torch.Tensor,  # (b, q, dim)
        question_mask: torch.Tensor,  # (b, q)
        question_scalars: torch.Tensor,  # (b, q, 2): length, 1
        texts: torch.Tensor,  # (b, p, t, dim)
        mask: torch.Tensor,  # (b, p, t)
        scalars: torch.Tensor,  # (b, p, t, SCALARS)
        scores: torch.Tensor,  # (b, p, q, t)
        drop: float = 0.0,
    ) -> torch.Tensor:
        """Return log odds (b, p, t, 2) that the answer begins and ends at each token."""
        b, p, t, _ = texts.shape
        pad = question_mask.unsqueeze(-1)
        h = self.project(question) + self.scalars(F.pad(question_scalars, (SCALARS - 2, 0)))
        # whole channels are dropped, the same ones in question and texts: cheap, and they stay comparable
        kept = F.dropout(torch.ones(b, 1, h.shape[-1], dtype=h.dtype), drop, self.training)
        h = h * kept * pad
        h = (h + self.question_out(F.relu(self.question_near(_around(normed(h), 1))))) * pad
        pull = self.kinds(h).masked_fill(pad == 0, -1e4)
        u = torch.einsum("bqk,bqd->bkd", torch.softmax(pull, dim=1), h).reshape(b, -1)
        u = F.relu(self.asked(u))  # (b, d)

        x = self.project(texts) + self.scalars(scalars)  # (b, p, t, d)
        x = x * kept[:, None]
        keys = self.meet(h)
        logits = torch.einsum("bptd,bqd->bptq", x, keys) / x.shape[-1] ** 0.5
        logits = logits + self.sharp * scores.transpose(2, 3)
        logits = logits.masked_fill(question_mask[:, None, None, :] == 0, -1e4)
        c = torch.einsum("bptq,bqd->bptd", torch.softmax(logits, dim=-1), h)
        z = F.relu(self.fuse(torch.cat([x, c, x * c, x * u[:, None, None, :]], dim=-1)))
        keep = mask.unsqueeze(-1)
        z = (z * keep).reshape(b * p, t, -1)
        flat = keep.reshape(b * p, t, 1)
        for near, out, step in zip(self.near, self.out, DILATIONS, strict=True):
            y = F.relu(near(_around(normed(z), step)))
            z = (
                z + out(y * F.dropout(torch.ones(1, 1, y.shape[-1], dtype=y.dtype), drop, self.training))
            ) * flat
        top = z.masked_fill(flat == 0, -1e4).amax(dim=1, keepdim=True).clamp_min(LEAST)
        z = z + self.whole(normed(top)) * u.repeat_interleave(p, 0)[:, None, :]
        return self.ends(normed(z)).reshape(b, p, t, 2)


def normed(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt((x * x).mean(dim=-1, keepdim=True) + 1e-4)


def _around(x: torch.Tensor, step: int) -> torch.Tensor:
    """Put each token's neighbours ``step`` away beside it: (n, t, d) -> (n, t, 3 d)."""
    left = F.pad(x, (0, 0, step, 0))[:, : x.shape[1]]
    right = F.pad(x, (0, 0, 0, step))[:, step:]
    return torch.cat([left, x, right], dim=-1)


def prepare(
    data: Path, encoder: StaticEncoder, *, split: str = "train", most: int = 0
) -> tuple[list[Piece], list[Asked]]:
    """Cut the passages as the index does, find the answers' tokens, and the passages that look alike."""
    pieces: list[Piece] = []
    asked: list[Asked] = []
    for path in sorted((data / "qa").glob("*.parquet")):
        frame = pd.read_parquet(path)
        frame = frame[frame.split == split].dropna(subset=["question", "passage"])
        if split == "dev":  # nothing is looked at in the half that is reported
            frame = frame[[half_of(key_of(passage)) == "fit" for passage in frame.passage]]
        if most and len(frame) > most:
            frame = frame.sample(n=most, random_state=0)
        if len(frame):
            own = _cut(frame, path.stem, encoder)
            asked.extend(_ask(frame, path.stem, own, encoder, first=len(pieces)))
            pieces.extend(own)
            print(f"{path.stem}: {len(asked)} questions, {len(pieces)} passages", flush=True)
    _add_foreign(pieces, asked, encoder)
    if split == "train":
        _add_written(data, pieces, asked, encoder)
        print(f"written: {len(asked)} questions, {len(pieces)} passages", flush=True)
        add_asked(load_asked(data, split=split), pieces, asked, encoder)
        print(f"asked: {len(asked)} questions, {len(pieces)} passages", flush=True)
        add_articles(load_articles("fit"), pieces, asked, encoder)
        print(f"articles: {len(asked)} questions, {len(pieces)} passages", flush=True)
    return pieces, asked


def _add_foreign(pieces: list[Piece], asked: list[Asked], encoder: StaticEncoder) -> None:
    """Put the nearest passages of other languages beside the passages that a question is asked of."""
    langs = sorted({piece.lang for piece in pieces})
    told = np.array([langs.index(piece.lang) for piece in pieces])
    questions = encoder.encode_ids([one.ids for one in asked])
    passages = encoder.encode_ids([piece.ids for piece in pieces])
    own = told[[one.piece for one in asked]]
    nearest = _nearest(questions, passages, k=FOREIGN, apart=(own, told))
    for one, (_, near) in zip(asked, nearest, strict=True):
        one.others[NEIGHBOURS - FOREIGN :] = near.tolist()


def _add_written(data: Path, pieces: list[Piece], asked: list[Asked], encoder: StaticEncoder) -> None:
    """Ask the questions that were written about sentences of passages with their translations, in some languages."""
    rng = np.random.default_rng(0)
    written = [one for one in load_written() if one.half == "fit"]
    for source in sorted({one.source for one in written}):
        table = load_translations(data, source)
        english = sorted({sentence for texts in table.values() for sentence in texts})
        english = [sentence for sentence in english if half_of(key_of(sentence)) == "fit"]
        table[ENGLISH] = {sentence: sentence for sentence in english}
        for lang, texts in table.items():
            there = [sentence for sentence in rng.permutation(english).tolist() if sentence in texts]
            own, place = _joined(there, texts, lang, encoder)
            some = [one for one in written if one.sentence in place and rng.random() < ASKED_IN / len(table)]
            rows = encoder.token_ids([one.text for one in some])
            nearest = _nearest(encoder.encode_ids(rows), encoder.encode_ids([one.ids for one in own]), k=32)
            for one, ids, (_, around) in zip(some, rows, nearest, strict=True):
                number, span = place[one.sentence]
                held = _holder([own[number]], span)
                if held is None or not len(ids):
                    continue
                others = [other for other in around.tolist() if other != number]
                order = _alike(Question.of(ids, encoder), [own[other] for other in others], encoder)
                near = [len(pieces) + others[other] for other in order[:NEIGHBOURS]]
                asked.append(Asked(ids, WRITTEN, len(pieces) + number, *held[1:], near, exact=False))
            pieces.extend(own)


def add_asked(found: DevSet, pieces: list[Piece], asked: list[Asked], encoder: StaticEncoder) -> None:
    """Ask the questions that were written about passages, beside passages in the same language that look alike."""
    there = np.array([piece.lang for piece in pieces])
    for lang in sorted(set(found.langs.values())):
        beside = np.flatnonzero(there == lang)
        vectors = encoder.encode_ids([pieces[number].ids for number in beside.tolist()])
        questions = [one for one in found.questions if one.passage_lang == lang]
        rows = encoder.token_ids([one.text for one in questions])
        nearest = _nearest(encoder.encode_ids(rows), vectors, k=32)
        cut: dict[str, range] = {}
        for one, ids, (_, around) in zip(questions, rows, nearest, strict=True):
            whole = found.passages[one.passage]
            if one.passage not in cut:
                first = len(pieces)
                pieces.extend(_pieces(whole, lang, encoder))
                cut[one.passage] = range(first, len(pieces))
            own = cut[one.passage]
            start = whole.find(one.answer)
            held = _holder([pieces[number] for number in own], Span(start, start + len(one.answer)))
            if held is None or not len(ids):
                continue
            others = [*(number for number in own if number != own[held[0]]), *beside[around.numpy()].tolist()]
            others = [number for number in others if bare(one.answer) not in pieces[number].bare]
            order = _alike(Question.of(ids, encoder), [pieces[number] for number in others], encoder)
            near = [others[number] for number in order[:NEIGHBOURS]]
            asked.append(Asked(ids, ASKED, own[held[0]], *held[1:], near))


def add_articles(
    articles: Sequence[Article], pieces: list[Piece], asked: list[Asked], encoder: StaticEncoder
) -> None:
    """Ask the questions about articles of their passages, once with the title and once without."""
    documents = [article.document() for article in articles]
    for titled in (False, True):
        first = len(pieces)
        of: list[range] = []
        for document, article in zip(documents, articles, strict=True):
            start = len(pieces)
            pieces.extend(_under_title(document, article.lang, encoder, titled=titled))
            of.append(range(start, len(pieces)))
        vectors = encoder.encode_ids([piece.ids for piece in pieces[first:]])
        for article, own in zip(articles, of, strict=True):
            rows = encoder.token_ids([each.text for each in article.questions])
            nearest = _nearest(encoder.encode_ids(rows), vectors, k=32)
            for question, ids, (_, around) in zip(article.questions, rows, nearest, strict=True):
                answer = question.answers[0]
                start = pieces[own[0]].whole.find(answer)
                held = _holder([pieces[number] for number in own], Span(start, start + len(answer)))
                if held is None or not len(ids):
                    continue
                answers = [bare(each) for each in question.answers]
                others = [*own, *(first + number for number in around.tolist() if first + number not in own)]
                others = [n for n in others if not any(each in pieces[n].bare for each in answers)]
                beside = [number for number in others if number in own]
                order = _alike(Question.of(ids, encoder), [pieces[number] for number in others], encoder)
                near = [*beside, *(others[n] for n in order if others[n] not in own)][:NEIGHBOURS]
                asked.append(Asked(ids, ARTICLES, own[held[0]], *held[1:], near))


def _under_title(document: Document, lang: str, encoder: StaticEncoder, *, titled: bool) -> Iterator[Piece]:
    """Yield the passages of a document, the tokens of its title before theirs if so wished."""
    for passage in split_document(document):
        tokens = encoder.tokens(passage.text)
        above = encoder.token_ids([search_text(replace(passage, text=""))])[0] if titled else tokens.ids[:0]
        spans = np.concatenate([np.zeros((len(above), 2), np.int64), tokens.spans + passage.span.start])
        ids = np.concatenate([above, tokens.ids])
        yield Piece(ids[:LONGEST], spans[:LONGEST], passage.span, document.text, bare(passage.text), lang)


def _joined(
    sentences: list[str], texts: dict[str, str], lang: str, encoder: StaticEncoder
) -> tuple[list[Piece], dict[str, tuple[int, Span]]]:
    """Return passages of four translated sentences, and in which of them, and where, each sentence stands."""
    pieces: list[Piece] = []
    place: dict[str, tuple[int, Span]] = {}
    for whole, spans in join_sentences(sentences, texts):
        place |= {key: (len(pieces), span) for key, span in spans.items()}
        tokens = encoder.tokens(whole)
        pieces.append(
            Piece(tokens.ids[:LONGEST], tokens.spans[:LONGEST], Span(0, len(whole)), whole, bare(whole), lang)
        )
    return pieces, place


ENGLISH, WRITTEN, ASKED, ARTICLES = "en", "written", "asked", "articles"
POWERS = {"xling": 0.65, WRITTEN: 0.7, ASKED: 0.85, ARTICLES: 0.75}
"""To which power of their number these questions are drawn; those of one language to its root."""

ASKED_IN = 8
"""In how many languages' passages a written question is asked for."""

FOREIGN = 2
"""Passages of other languages among those that look alike."""


def _cut(frame: pd.DataFrame, lang: str, encoder: StaticEncoder) -> list[Piece]:
    """Return the passages that the index would make of each text."""
    return [piece for whole in frame.passage.unique() for piece in _pieces(whole, lang, encoder)]


def _pieces(whole: str, lang: str, encoder: StaticEncoder) -> Iterator[Piece]:
    """Yield the passages that the index would make of a text."""
    for piece in split_document(as_document(key_of(whole), whole)):
        tokens = encoder.tokens(piece.text)
        spans = tokens.spans[:LONGEST] + piece.span.start
        yield Piece(tokens.ids[:LONGEST], spans, piece.span, whole, bare(piece.text), lang)


def _ask(
    frame: pd.DataFrame, lang: str, pieces: list[Piece], encoder: StaticEncoder, *, first: int
) -> Iterator[Asked]:
    """Yield the questions of one language; passages are numbered from ``first``."""
    of_whole: dict[str, list[int]] = {}
    for number, piece in enumerate(pieces):
        of_whole.setdefault(piece.whole, []).append(number)
    rows = encoder.token_ids(frame.question.tolist())
    nearest = _nearest(encoder.encode_ids(rows), encoder.encode_ids([piece.ids for piece in pieces]), k=32)
    for row, ids, (_, around) in zip(frame.itertuples(), rows, nearest, strict=True):
        own = of_whole.get(row.passage, [])
        if not len(ids) or not own:
            continue
        question = Question.of(ids, encoder)
        answer = row.answer or ""
        at = -1 if pd.isna(row.answer_start) else int(row.answer_start)
        if answer and at >= 0 and row.passage[at : at + len(answer)] == answer:
            held = _holder([pieces[number] for number in own], Span(at, at + len(answer)))
            if held is None:  # over the border of two passages
                continue
            place, begin, end = held
            rest = [number for number in own if number != own[place]]
        else:  # the whole text answers: what looks most like the question stands for it
            place = _alike(question, [pieces[number] for number in own], encoder)[0]
            begin, end, rest = -1, -1, []
        others = [number for number in around.tolist() if number not in own] + rest
        others = [number for number in others if not answer or bare(answer) not in pieces[number].bare]
        order = _alike(question, [pieces[number] for number in others], encoder)[:NEIGHBOURS]
        yield Asked(ids, lang, first + own[place], begin, end, [first + others[number] for number in order])


def _nearest(
    vectors: Floats, others: Floats, *, k: int, apart: tuple[Ints, Ints] | None = None
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield for each of ``vectors`` (n, d) the products with the nearest of ``others`` (m, d), and their numbers (k,).

    ``apart`` numbers the languages of both, (n,) and (m,): only other languages' are near.
    """
    right = torch.from_numpy(others).to(NARROW).T
    for at in range(0, len(vectors), 256):
        close = torch.from_numpy(vectors[at : at + 256]).to(NARROW) @ right
        if apart is not None:
            own, told = (torch.from_numpy(langs) for langs in apart)
            close[own[at : at + 256, None] == told[None, :]] = -1.0
        yield from zip(*torch.topk(close, min(k, len(others)), dim=1), strict=True)


def _holder(pieces: list[Piece], answer: Span) -> tuple[int, int, int] | None:
    """Return which passage holds an answer, and its first and last token there."""
    for number, piece in enumerate(pieces):
        if piece.span.contains(answer):
            inside = np.flatnonzero((piece.spans[:, 1] > answer.start) & (piece.spans[:, 0] < answer.end))
            if len(inside):
                return number, int(inside[0]), int(inside[-1])
    return None


def _alike(question: Question, pieces: list[Piece], encoder: StaticEncoder) -> list[int]:
    """Return the numbers of passages, that first which meets the question best."""
    found = interact(question, lay([piece.ids for piece in pieces], encoder))
    late = meet(question, found).whole @ question.weights
    return [int(number) for number in np.argsort(-late, kind="stable")]


def partners(
    encoder: StaticEncoder, languages: Languages, used: Ints, *, count: int = 8
) -> dict[int, list[int]]:
    """Return tokens of other languages that mean what each of ``used`` means, by the vectors."""
    rows = np.arange(encoder.size, dtype=np.uint32)
    table, _ = unit_rows(encoder.vectors(rows))
    told = languages.likeliest(rows)
    found: dict[int, list[int]] = {}
    nearest = _nearest(table[used], table, k=count, apart=(told[used], told))
    for token, (values, others) in zip(used.tolist(), nearest, strict=True):
        good = others[values.float() > max(SAME_MEANING, float(values[0]) - 0.2)]
        if len(good):
            found[token] = good.tolist()
    return found


SAME_MEANING = 0.45
"""Cosine of two tokens from which one may stand for the other."""


class Batches:
    """Draws batches of questions with passages, as arrays for ``Net``."""

    def __init__(
        self,
        pieces: list[Piece],
        asked: list[Asked],
        encoder: StaticEncoder,
        figures: NDArray[np.bool_],
        other_words: dict[int, list[int]],
        *,
        seed: int,
    ) -> None:
        self.pieces, self.asked, self.encoder = pieces, asked, encoder
        self.figures = figures
        self.other_words = other_words
        self.rng = np.random.default_rng(seed)
        self.bar = int(encoder.token_ids(["a | b"])[0][1])
        names = sorted({one.lang for one in asked})
        groups = {name: [n for n, one in enumerate(asked) if one.lang == name] for name in names}
        weight = np.zeros(len(asked))
        for name, rows in groups.items():
            weight[rows] = len(rows) ** POWERS.get(name, 0.5) / len(rows)  # thin languages are not starved
            weight[[n for n in rows if asked[n].first < 0]] *= 0.3
        self.weight = np.cumsum(weight / weight.sum())

    def switched(self, ids: TokenIds) -> TokenIds:
        """Return a question in words of other languages, each of any."""
        row = ids.copy()
        for place, token in enumerate(row.tolist()):
            others = self.other_words.get(token)
            if others and self.rng.random() < 0.85:  # names and rare words may stay as they are
                row[place] = others[int(self.rng.integers(len(others)))]
        return row

    def batches(self, size: int, *, pool: int = 8) -> Iterator[dict[str, torch.Tensor]]:
        """Yield batches for ever, of passages about as long as each other, so that little is padding."""
        while True:
            rows = np.searchsorted(self.weight, self.rng.random(size * pool))
            groups = [self.group(self.asked[row]) for row in rows.tolist()]
            groups.sort(key=lambda group: max(map(len, group.texts)))
            for at in self.rng.permutation(pool).tolist():
                yield arrays(groups[at * size : (at + 1) * size], self.encoder, self.figures, half=True)

    def group(self, one: Asked) -> Group:
        """Return a question with its passages as training sees them: partly in words of other languages, partly with
        words left out, partly with headings, partly without the passage that answers."""
        rng = self.rng
        ids = one.ids[:LONGEST_QUESTION]
        if one.lang not in POWERS and rng.random() < SWITCHED:
            ids = self.switched(ids)
        if len(ids) > 4 and rng.random() < 0.3:
            kept = rng.random(len(ids)) > 0.12
            ids = ids[kept] if kept.any() else ids
        others = [one.others[n] for n in rng.permutation(len(one.others)).tolist()]
        while len(others) < PASSAGES:
            others.append(int(rng.integers(len(self.pieces))))
        there = rng.random() >= UNANSWERED
        numbers = [one.piece, *others[: PASSAGES - 1]] if there else others[:PASSAGES]
        texts = [Text.of(self.pieces[number].ids) for number in numbers]
        if there and one.first >= 0:
            texts[0].answer[one.first : one.last + 1] = True
        if one.exact and rng.random() < TABLED:
            texts = [self.tabled(text, one.ids) if rng.random() < 0.6 else text for text in texts]
        if rng.random() < TITLED:
            if rng.random() < 0.5:
                texts = [self.titled(text, self.title(text.ids)) for text in texts]
            else:  # passages of one document
                title = self.title(self.pieces[one.piece].ids)
                texts = [self.titled(text, title, instead=rng.random() < 0.5) for text in texts]
        inside = np.flatnonzero(texts[0].answer)
        first, last = (int(inside[0]), int(inside[-1])) if len(inside) else (-1, -1)
        return Group(
            Question.of(ids, self.encoder),
            [text.ids[:LONGEST] for text in texts],
            there,
            first,
            last,
            one.exact,
        )

    def title(self, ids: TokenIds) -> TokenIds:
        """Return a heading for a passage: some of its own words, mostly the first: titles name subjects."""
        if len(ids) < 12:
            return ids[:0]
        count = int(self.rng.integers(1, 5))
        start = 0 if self.rng.random() < 0.6 else int(self.rng.integers(0, len(ids) - count))
        return ids[start : start + count]

    def titled(self, text: Text, title: TokenIds, *, instead: bool = False) -> Text:
        """Put a heading before a passage, maybe instead of the same words in it: it tells of "her" and "the canal"."""
        if instead:
            text = text.at(np.flatnonzero(~np.isin(text.ids, title) | text.answer))
        return Text.of(title).before(text)

    def tabled(self, text: Text, asked: TokenIds) -> Text:
        """Lay a passage out like a table: cells without light words, under names of columns, one of which is often a
        word of the question that stood beside the answer."""
        rng = self.rng
        light = np.linalg.norm(self.encoder.vectors(text.ids), axis=1) < LIGHT
        text = text.at(np.flatnonzero(~light | text.answer | (rng.random(len(light)) < 0.2)))
        if len(text.ids) < 12:
            return text
        others = np.flatnonzero(~text.answer)
        named = others[np.isin(text.ids[others], asked)][: 1 if rng.random() < 0.6 else 0]
        columns = rng.permutation(np.union1d(named, rng.choice(others, size=min(3, len(others)))))
        bar = Text.of(np.array([self.bar], text.ids.dtype))
        cells = [text.at(columns[n : n + 1]) for n in range(len(columns))]
        rest = text.at(np.setdiff1d(np.arange(len(text.ids)), columns))
        start = 0
        while start < len(rest.ids):
            end = start + int(rng.integers(1, 5))
            while end < len(rest.ids) and rest.answer[end - 1] and rest.answer[end]:
                end += 1  # an answer stands in one cell
            cells.append(rest.at(np.arange(start, min(end, len(rest.ids)))))
            start = end
        laid = cells[0]
        for cell in cells[1:]:
            laid = laid.before(bar).before(cell)
        return laid


def plain(one: Asked, pieces: list[Piece], encoder: StaticEncoder, *, there: bool) -> Group:
    """Return a question with the passages that look most like it, as they are."""
    others = [*one.others, *range(PASSAGES)][:PASSAGES]
    numbers = [one.piece, *others[:-1]] if there else others
    return Group(
        Question.of(one.ids[:LONGEST_QUESTION], encoder),
        [pieces[number].ids[:LONGEST] for number in numbers],
        there,
        one.first,
        one.last,
    )


def arrays(
    groups: list[Group], encoder: StaticEncoder, figures: NDArray[np.bool_], *, half: bool = False
) -> dict[str, torch.Tensor]:
    """Lay questions and passages out for ``Net`` and ``loss_of``."""
    b, p, dim = len(groups), PASSAGES, encoder.dim
    longest = max(len(text) for group in groups for text in group.texts)
    q = max(len(group.question.ids) for group in groups)
    out = {
        "question": np.zeros((b, q, dim), np.float32),
        "question_mask": np.zeros((b, q), np.float32),
        "question_scalars": np.zeros((b, q, 2), np.float32),
        "texts": np.zeros((b, p, longest, dim), np.float32),
        "mask": np.zeros((b, p, longest), np.float32),
        "scalars": np.zeros((b, p, longest, SCALARS), np.float32),
        "scores": np.zeros((b, p, q, longest), np.float32),
        "begin": np.zeros((b, p, longest), np.bool_),
        "end": np.zeros((b, p, longest), np.bool_),
        "none": np.zeros(b, np.bool_),
    }
    for n, group in enumerate(groups):
        question, texts = group.question, group.texts
        count = len(question.ids)
        vectors, lengths = unit_rows(encoder.vectors(question.ids))
        out["question"][n, :count], out["question_mask"][n, :count] = vectors, 1
        out["question_scalars"][n, :count] = np.stack([np.minimum(lengths, 3.0), np.ones(count)], axis=1)
        found = interact(question, lay(texts, encoder))
        for m, text in enumerate(texts):
            t = len(text)
            if not t:
                continue
            scores = found.scores[:, found.starts[m] : found.ends[m]]
            vectors, lengths = unit_rows(encoder.vectors(text))
            out["texts"][n, m, :t], out["mask"][n, m, :t] = vectors, 1
            out["scalars"][n, m, :t] = token_scalars(question, text, scores, lengths, figures[text])
            out["scores"][n, m, :count, :t] = scores
        if not group.there:
            out["none"][n] = True
        elif group.first >= 0 and not group.exact:
            out["begin"][n, 0, group.first : group.last + 1] = True
            out["end"][n, 0, group.first : group.last + 1] = True
        elif group.first >= 0 and group.last < len(texts[0]):
            out["begin"][n, 0, group.first] = out["end"][n, 0, group.last] = True
        else:
            out["begin"][n, 0, : len(texts[0])] = out["end"][n, 0, : len(texts[0])] = True
    return {
        name: tensor if tensor.dtype == torch.bool or not half else tensor.to(NARROW)
        for name, tensor in ((name, torch.from_numpy(value)) for name, value in out.items())
    }


def loss_of(
    odds: torch.Tensor, mask: torch.Tensor, begin: torch.Tensor, end: torch.Tensor, none: torch.Tensor
) -> torch.Tensor:
    """Return the mean loss of beginnings and ends, each a softmax over all tokens of a question's passages and "none"
    (log odds 0): odds (b, p, t, 2), mask and targets (b, p, t), none (b,)."""
    b = len(odds)
    losses = []
    for side, right in enumerate((begin, end)):
        flat = odds[..., side].float().masked_fill(mask == 0, -1e4).reshape(b, -1)
        flat = torch.cat([flat, torch.zeros(b, 1)], dim=1)
        good = torch.cat([right.reshape(b, -1), none[:, None]], dim=1)
        losses.append(torch.logsumexp(flat, 1) - torch.logsumexp(flat.masked_fill(~good, -1e4), 1))
    return torch.stack(losses).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, required=True, help="what is prepared, and the checkpoint")
    parser.add_argument("--out", type=Path, default=Path("src/qa/model/extractor.safetensors"))
    parser.add_argument("--start", type=Path, help="a trained network to go on from, the rate risen again")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop by then, the rate fallen")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)

    encoder, languages = load_token_encoder(), Languages.load()
    assert isinstance(encoder, StaticEncoder)
    prepared = args.work / "prepared.pkl"
    if not prepared.exists():
        train, held = prepare(args.data, encoder), prepare(args.data, encoder, split="dev", most=300)
        used = np.unique(np.concatenate([one.ids for one in train[1]])).astype(np.int64)
        prepared.write_bytes(pickle.dumps((train, held, partners(encoder, languages, used))))
    train, held, other_words = pickle.loads(prepared.read_bytes())
    drawn = Batches(*train, encoder, languages.figures, other_words, seed=args.seed)
    net = fit(drawn, held_out(*held, encoder, languages.figures), args)
    save_file({name: value.numpy().astype(np.float16) for name, value in net.state_dict().items()}, args.out)


def held_out(
    pieces: list[Piece],
    asked: list[Asked],
    encoder: StaticEncoder,
    figures: NDArray[np.bool_],
    *,
    count: int = 900,
) -> list[dict[str, torch.Tensor]]:
    """Return development questions in batches, a third of them without their passage."""
    asked = [one for one in asked if one.first >= 0 and one.others]
    chosen = np.random.default_rng(0).permutation(len(asked))[:count].tolist()
    groups = [
        plain(asked[number], pieces, encoder, there=place % 3 > 0) for place, number in enumerate(chosen)
    ]
    groups.sort(key=lambda group: max(map(len, group.texts)))
    return [arrays(groups[at : at + 30], encoder, figures) for at in range(0, len(groups), 30)]


def fit(drawn: Batches, held: list[dict[str, torch.Tensor]], args: argparse.Namespace) -> Net:
    """Train from the last checkpoint on until the steps or the minutes are over."""
    coming: queue.Queue[dict[str, torch.Tensor] | Exception] = queue.Queue(maxsize=8)

    def draw() -> None:
        try:
            for batch in drawn.batches(args.batch):
                coming.put(batch)
        except Exception as error:  # whatever it is: the training waits for a batch, and would for ever
            coming.put(error)

    threading.Thread(target=draw, daemon=True).start()
    net = Net(drawn.encoder.dim)
    if args.start:
        net.load_state_dict({name: value.float() for name, value in load_file(args.start).items()})
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.02, betas=(0.9, 0.98))
    checkpoint = args.work / "extractor.pt"
    step = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        net.load_state_dict(saved["net"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
    begun, losses = time.time(), [0.0]
    while (gone := max(step / args.steps, (time.time() - begun) / 60 / args.minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1.0, (step + 1) / 300) * max(0.02, 1 - gone)
        batch = coming.get()
        if isinstance(batch, Exception):
            raise batch
        inputs, targets = _parts(batch)
        net.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=torch.bfloat16 == NARROW):
            odds = net(**inputs, drop=0.12)
        loss = loss_of(odds, batch["mask"], **targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        step += 1
        if step % 500 == 0:
            minutes = (time.time() - begun) / 60
            print(
                f"step {step}, {minutes:.1f} min, loss {np.mean(losses[-500:]):.3f}; {report(net, held)}",
                flush=True,
            )
            torch.save(
                {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, checkpoint
            )
    print(f"step {step}; {report(net, held)}", flush=True)
    return net


def _parts(batch: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Part what the network sees from what it is to say."""
    targets = {name: batch[name] for name in TARGETS}
    return {name: value for name, value in batch.items() if name not in TARGETS}, targets


TARGETS = ("begin", "end", "none")


@torch.no_grad()
def report(net: Net, held: list[dict[str, torch.Tensor]]) -> str:
    """Say how often the right passage of four is first, how often the answer is met in it, and how well the score tells
    whether it is there."""
    net.eval()
    losses, first, met, there, top = [], [], [], [], []
    for batch in held:
        inputs, targets = _parts(batch)
        odds = net(**inputs)
        losses.append(float(loss_of(odds, batch["mask"], **targets)))
        odds = odds.masked_fill(batch["mask"].unsqueeze(-1) == 0, -1e4)
        best = odds.amax(dim=2).sum(dim=-1)  # (b, p)
        right = ~batch["none"]
        begins = batch["begin"][right, 0].int().argmax(dim=1)
        ends = batch["end"][right, 0].int().argmax(dim=1)
        at = odds[right, 0, :, 0].argmax(dim=1)
        first += (best[right].argmax(dim=1) == 0).tolist()
        met += ((at >= begins) & (at <= ends)).tolist()
        there += right.tolist()
        top += best.amax(dim=1).tolist()
    return (
        f"held out: loss {np.mean(losses):.3f}, passage first {np.mean(first):.3f}, answer met {np.mean(met):.3f}, "
        f"area {roc_auc_score(there, top):.3f}"
    )


if __name__ == "__main__":
    main()
