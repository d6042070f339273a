"""Trains the static token vectors: pooled contrast and late-interaction contrast over the same table.

One step takes one batch of one kind from one language pair (so that negatives are of the right
language), tokens of only the rows it touches are updated (lazy Adam). Checkpoints are resumable.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

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
        ids, inverse = torch.unique(torch.cat([bag.ids for bag in bags]), return_inverse=True)
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


def pool(vectors: torch.Tensor, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return unit means (n, d) of token vectors."""
    offsets = torch.cumsum(lengths, 0) - lengths
    return F.normalize(F.embedding_bag(ids, vectors, offsets, mode="mean"), dim=-1)


def contrast(scores: torch.Tensor, same: torch.Tensor, scale: float = SCALE) -> torch.Tensor:
    """Return the symmetric InfoNCE of scores (n, n); ``same`` marks equal texts off the diagonal."""
    logits = scores.masked_fill(same, -1e4 / scale) * scale
    target = torch.arange(len(scores))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def twins(task: Task, rows: NDArray[np.int64]) -> torch.Tensor:
    left, right = task.left.keys[rows], task.right.keys[rows]
    same = (left[:, None] == left[None, :]) | (right[:, None] == right[None, :])
    np.fill_diagonal(same, False)
    return torch.from_numpy(same)


def pad(vectors: torch.Tensor, ids: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return vectors (n, t, d) and mask (n, t)."""
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    padded = vectors.new_zeros(*mask.shape, vectors.shape[-1])
    padded[mask] = vectors[ids]
    return padded, mask


def blend(tokens: torch.Tensor) -> torch.Tensor:
    """Mix half of the two neighbours on either side into each token: (n, t, d) -> (n, t, d).

    The length is set as if neighbours were at right angles, so that searching needs only stored norms
    (``qa.ranking.maxsim`` uses the same formula).
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


def late_scores(
    left: torch.Tensor, left_mask: torch.Tensor, right: torch.Tensor, right_mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weighted MaxSim (n, m) from left tokens and from right tokens; a token's norm is its weight."""
    n, t, d = left.shape
    m, s, _ = right.shape
    unit_left = blend(left).reshape(n * t, d)
    unit_right = blend(right).reshape(m * s, d)
    cosine = (unit_left @ unit_right.T).view(n, t, m, s)
    weight_left = left.norm(dim=-1) * left_mask
    weight_right = right.norm(dim=-1) * right_mask
    # -1, the lowest cosine: padding must never be the best partner of a token
    best_left = cosine.masked_fill(~right_mask[None, None], -1.0).amax(dim=3)
    best_right = cosine.masked_fill(~left_mask[:, :, None, None], -1.0).amax(dim=1)
    from_left = torch.einsum("ntm,nt->nm", best_left, weight_left / weight_left.sum(1, keepdim=True))
    from_right = torch.einsum("nms,ms->nm", best_right, weight_right / weight_right.sum(1, keepdim=True))
    return from_left, from_right


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of step: which tasks, how many pairs, how long, which loss, how often."""

    name: str
    tasks: tuple[Task, ...]
    batch: int
    longest: tuple[int, int]
    late: bool
    share: float
    power: float = 0.5

    def probabilities(self) -> NDArray[np.float64]:
        sizes = np.array([len(task) for task in self.tasks], dtype=np.float64) ** self.power
        return np.asarray(sizes / sizes.sum())


def step(stage: Stage, table: Table, rng: np.random.Generator, *, rate: float) -> float:
    """Take one batch of ``stage``, move the rows it touches, and return the loss."""
    task = stage.tasks[rng.choice(len(stage.tasks), p=stage.probabilities())]
    rows = rng.choice(len(task), size=min(stage.batch, len(task)), replace=False)
    left = task.left.bag(rows, stage.longest[0], rng)
    right = task.right.bag(rows, stage.longest[1], rng)
    ids, vectors, (left_ids, right_ids) = table.rows(left, right)
    same = twins(task, rows)
    pooled = contrast(pool(vectors, left_ids, left.lengths) @ pool(vectors, right_ids, right.lengths).T, same)
    loss = pooled
    if stage.late:
        left_tokens, left_mask = pad(vectors, left_ids, left.lengths)
        right_tokens, right_mask = pad(vectors, right_ids, right.lengths)
        forward, backward = late_scores(left_tokens, left_mask, right_tokens, right_mask)
        loss = 0.3 * pooled + contrast(forward, same)
        if (
            stage.longest[0] == stage.longest[1]
        ):  # a passage says more than its question: only equals score both ways
            loss = loss + 0.5 * contrast(backward, same)
    loss.backward()
    assert vectors.grad is not None
    table.update(ids, vectors.grad, rate=rate)
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
            sides = (Ragged(*(arrays[f"{side}.{part}"] for part in _PARTS)) for side in ("left", "right"))
            return Task(name, *sides)
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
    tasks["qa"] = tuple(encode(pairs, 400) for pairs in training_data.question_passages(data))
    rng = np.random.default_rng(seed)
    cut = (sentences_as_questions(task, task.name.replace("qa/", "cut/"), rng) for task in tasks["qa"])
    tasks["cut"] = tuple(task for task in cut if len(task) >= 100)
    return tasks


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
        Stage("sentences", sentences, 1536, (48, 48), False, 0.28),
        Stage("software", tasks["multiparallel"], 1024, (32, 32), False, 0.06),
        Stage("words", tasks["dictionary"], 2048, (16, 16), False, 0.16),
        Stage("names", tasks["names"], 1536, (12, 12), False, 0.04),
        Stage("questions", tasks["qa"], 384, (32, 256), False, 0.14, 0.6),
        Stage("cut", tasks["cut"], 384, (24, 256), False, 0.04),
        Stage("late sentences", sentences, 96, (24, 24), True, 0.14),
        Stage("late questions", tasks["qa"], 56, (20, 128), True, 0.18, 0.6),
    )


def train(
    table: Table,
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
            yield number, {}
            return
        rng = np.random.default_rng((seed, number))  # by step: a resumed run takes the same batches
        stage = stages[rng.choice(len(stages), p=shares / shares.sum())]
        losses.setdefault(stage.name, []).append(step(stage, table, rng, rate=rate))
        if (number + 1) % 500 == 0 or number + 1 == steps:
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
    checkpoint, start = args.work / "checkpoint.safetensors", 0
    if checkpoint.exists():
        for name, array in load_file(checkpoint).items():
            setattr(table, name, torch.from_numpy(array))
        start = json.loads(checkpoint.with_suffix(".json").read_text())["done"]
    began = time.time()
    rates = by_clock(args.rate, args.minutes * 60) if args.minutes else by_steps(args.rate, args.steps)
    for done, losses in train(table, plan(tasks), steps=args.steps, start=start, rates=rates, seed=args.seed):
        seconds = time.time() - began
        shown = "  ".join(f"{name} {value:.3f}" for name, value in sorted(losses.items()))
        print(f"{done:>6} {seconds:6.0f} s  {shown}", flush=True)
        if done % 1000 == 0 or done == args.steps or not losses:
            save_checkpoint(checkpoint, table, done)


if __name__ == "__main__":
    main()
