"""Fits the evidence network and the ranking model's weights on development questions of the half open to fitting.

Collections: all languages' dev passages together with passages of news sentences, asked for by a run of words of their
translation, and the sample corpus: so that passages in the question's language and in others are judged on one scale.
Nothing that the model itself was trained on is asked: its scores are too good there.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.linalg import block_diag
from torch import nn

from benchmarks.retrieval.run import LANGS, open_collection, open_documents, open_sample
from qa.evidence import ASKED, SCALE, SUMS, TOKEN, WHOLE_SCALE, Evidence, load_evidence
from qa.library import Library
from qa.ranking import FEATURES, READ, RankingModel, top_k
from qa.search import Searcher
from qa.types import Floats
from training.dev import (
    Half,
    SourcedQuestion,
    bare,
    cut_run,
    half_of,
    key_of,
    load_articles,
    load_asked,
    load_dev,
    load_sample_questions,
    load_translations,
    load_written,
)

SAMPLE_WEIGHT = 10
"""How often each question of the sample corpus counts: there are few, and they are like what people ask."""

ACROSS_WEIGHT, NEWS_WEIGHT, ARTICLES_WEIGHT, ASKED_WEIGHT = 3.0, 0.5, 3.0, 3.0
"""How often questions across languages, runs of words of news, and questions that were written about articles and about
passages count: few, many that are no questions, and few that are as people ask."""

COMPARED = 10
"""Candidates of a question that are read for the fit. More than a search reads: with its four the weights learn little
of what the rest is like, which they order too."""

HARDEST = 30
"""Candidates of a question that the evidence is fitted on, besides those that answer."""

OTHERS_LESS = 0.75
"""What a passage in another language than the question's has less in the end, in log odds: in the fit's collection the
one that answers is mostly the only one on its subject, where in people's documents a translation stands beside it."""

NETS = 4
"""Networks that are trained from different beginnings; what ships is their mean."""

LONGEST = 32
"""Question tokens that the evidence is fitted on."""

NEWS = {"ntrex-128": 4, "tico-19": 2}
"""Sources of news sentences, and how often each is cut into passages."""

NEWS_LANGS = ("zh", "en", "de", "fr", "ru", "ar", "ja", "ko", "es", "vi", "hi", "tr")
"""Languages that are drawn three times as often as others."""

RISING = frozenset({"dense", "late", "content", "window", "lexical", "evidence", "answer"})
"""What is no reason to put a passage lower. Left free, the fit takes away for likeness what evidence and reader give
for it, and a passage that is better in everything may stand behind another one."""

SHARE = "same_language"
NOT_ACROSS = "lexical"
"""What has no weight across languages: words shared there tell of a wrong guess at the language."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One question's candidates: features (n, f), whether each holds the answer (n,), how often the question counts;
    and what the evidence is taken from: ``qa.evidence.token_features`` (n, q, 11), the weights of the question's tokens
    (q,) and ``qa.evidence.asked_features``."""

    features: Floats
    right: NDArray[np.bool_]
    count: float = 1
    tokens: Floats | None = None
    weights: Floats | None = None
    asked: Floats | None = None


def kept(features: Floats, names: Sequence[str], without: Collection[str]) -> Floats:
    """Return features (…, f) with those left out the same for all: 0, or certainly one language."""
    values = features.copy()
    for name in without:
        values[..., names.index(name)] = 1.0 if name == SHARE else 0.0
    return values


def collect(
    library: Library,
    searcher: Searcher,
    questions: Iterable[tuple[SourcedQuestion, float]],
    *,
    found: RankingModel | None = None,
) -> list[Labelled]:
    """Ask questions of a collection and label their hardest candidates, or with ``found`` the best of them, which are
    read; questions without a right one are left out."""
    asked: list[Labelled] = []
    owner = {info.id: info.source for info in library.documents()}
    for question, count in questions:
        candidates = searcher.candidates(question.text, depth=100)
        features, ids = candidates.features, candidates.ids
        right = np.array(
            [
                owner[passage.document_id] in question.sources
                and any(bare(answer) in bare(passage.text) for answer in question.answers)
                for passage in library.passages(ids.tolist())
            ],
            dtype=np.bool_,
        )
        if not right.any():
            continue
        if found is None:
            like = features[:, [FEATURES.index(name) for name in LIKENESS]].sum(axis=1)
            chosen = np.union1d(top_k(like, ids, k=HARDEST), np.flatnonzero(right))
            ready = candidates.question
            tokens = candidates.tokens[chosen, :LONGEST].astype(np.float16)
            weights = ready.weights[:LONGEST]
            asked.append(Labelled(features[chosen], right[chosen], count, tokens, weights, candidates.kind))
        else:
            best = top_k(found.scores(features), ids, k=COMPARED)
            if right[best].any():
                asked.append(Labelled(searcher.read(candidates, best)[best], right[best], count))
    return asked


LIKENESS = ("dense", "late", "window", "lexical")
"""Features whose sum tells which candidates are hard."""


@dataclass(frozen=True, slots=True)
class News:
    """Sentences of news, four at a time in one random language, by key, and what is asked of them: ``runs`` of words of
    one sentence in another language, and the questions that were ``written`` about one. All passages with that
    sentence answer it."""

    passages: dict[str, str]
    runs: list[SourcedQuestion]
    written: list[SourcedQuestion]


def news(data: Path, *, seed: int = 0, half: Half = "fit") -> News:
    """Return the news of one half."""
    rng = random.Random(seed)
    passages: dict[str, str] = {}
    asked: list[tuple[str, str]] = []
    told_in: dict[str, dict[str, str]] = {}  # passages with a sentence, and it in their words
    for source, times in NEWS.items():
        table = load_translations(data, source)
        english = list(dict.fromkeys(sentence for texts in table.values() for sentence in texts))
        english = [sentence for sentence in english if half_of(key_of(sentence)) == half]
        table["en"] = {sentence: sentence for sentence in english}
        for start in [at for time in range(times) for at in range(time, len(english) - 3, 4)]:
            block = english[start : start + 4]
            langs = [lang for lang in table if all(sentence in table[lang] for sentence in block)]
            often = [3 if lang in NEWS_LANGS else 1 for lang in langs]
            told, *others = rng.choices(langs, often, k=3)
            passage = " ".join(table[told][sentence] for sentence in block)
            key = key_of(passage)
            passages[key] = passage
            for sentence in block:
                told_in.setdefault(sentence, {})[key] = table[told][sentence]
            for lang in others:
                sentence = rng.choice(block)
                if lang == told and rng.random() < 0.7:
                    continue
                text = table[lang][sentence]
                asked.append((some_words(text, lang, rng) if rng.random() < 0.75 else text, sentence))
    keys = {key_of(sentence): sentence for sentence in told_in}
    written = [(each.text, told_in[keys[each.sentence]]) for each in load_written() if each.sentence in keys]
    return News(
        passages,
        [
            SourcedQuestion(text, ("",), frozenset(told_in[sentence]), "news", half)
            for text, sentence in asked
        ],
        [
            SourcedQuestion(text, tuple(told.values()), frozenset(told), "written", half)
            for text, told in written
        ],
    )


def some_words(text: str, lang: str, rng: random.Random) -> str:
    """Return five to ten words in a row, or as many characters as make them in a script without spaces."""
    spaced = lang not in ("zh", "ja", "th")
    return cut_run(text, rng, length=rng.randint(5, 10) if spaced else rng.randint(10, 20), spaced=spaced)


class EvidenceNet(nn.Module):
    """The networks of ``qa.evidence``: the same numbers in torch."""

    def __init__(self, features: int, width: int = 24, whole_width: int = 16) -> None:
        super().__init__()
        self.token = _layers(len(TOKEN), width, 2)
        self.whole = _layers(features + len(SUMS) + ASKED, whole_width, 1)
        self.linear = nn.Parameter(torch.zeros(2, 1 + features))

    def forward(
        self,
        tokens: torch.Tensor,  # (b, n, q, t)
        weights: torch.Tensor,  # (b, q)
        asked: torch.Tensor,  # (b, ASKED)
        features: torch.Tensor,  # (b, n, f)
    ) -> torch.Tensor:
        """Return scores (b, n)."""
        worth = self.token(tokens)
        there = (weights > 0).float()
        words = SCALE * torch.einsum("bnq,bq->bn", worth[..., 0], weights)
        words = words + torch.einsum("bnq,bq->bn", worth[..., 1], there) / there.sum(1, keepdim=True).sqrt()
        means = torch.einsum("bnqc,bq->bnc", tokens[..., [TOKEN.index(name) for name in SUMS]], weights)
        asked = asked[:, None, :].expand(-1, features.shape[1], -1)
        whole = self.whole(torch.cat([features, means, asked], dim=-1))[..., 0]
        sides = features @ self.linear[:, 1:].T + self.linear[:, 0]
        same = tokens[:, :, 0, TOKEN.index("same")]
        return words + same * sides[..., 0] + (1 - same) * sides[..., 1] + WHOLE_SCALE * whole


def merged(nets: Sequence[EvidenceNet]) -> dict[str, NDArray[np.float32]]:
    """Return one network that gives the mean of what ``nets`` give: they lie side by side in it."""
    states = [{name: value.numpy() for name, value in net.state_dict().items()} for net in nets]
    weights: dict[str, NDArray[np.float32]] = {
        "linear": np.mean([state["linear"] for state in states], axis=0)
    }
    for name in states[0].keys() - {"linear"}:
        parts = [state[name] for state in states]
        if name.endswith("0.weight") or (name.endswith("bias") and "4." not in name):
            weights[name] = np.concatenate(parts)
        elif name.endswith("2.weight"):
            weights[name] = block_diag(*parts)
        elif name.endswith("4.weight"):
            weights[name] = np.concatenate(parts, axis=1) / np.float32(len(parts))
        else:
            weights[name] = np.mean(parts, axis=0)
    return weights


def with_evidence(one: Labelled, evidence: Evidence) -> Labelled:
    """Put what the fitted networks say in the last column of the features."""
    assert one.tokens is not None
    assert one.weights is not None
    assert one.asked is not None
    values = one.features[:, :-1]
    scores = evidence.scores(one.tokens.astype(np.float32), one.weights, one.asked, values)
    return replace(one, features=np.column_stack([values, scores]))


def _layers(size: int, width: int, out: int) -> nn.Sequential:
    layers = nn.Sequential(
        nn.Linear(size, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, out)
    )
    nn.init.zeros_(layers[4].weight)
    nn.init.zeros_(layers[4].bias)
    return layers


def fit_evidence(labelled: Sequence[Labelled], *, epochs: int = 20, batch: int = 256) -> EvidenceNet:
    """Train the networks: softmax over a question's candidates, as in ``fit``; they begin with its weights."""
    names = FEATURES[:-1]
    most = max(len(one.right) for one in labelled)
    rows, size = len(labelled), len(names)
    tokens = torch.zeros(rows, most, LONGEST, len(TOKEN), dtype=torch.float16)
    features = torch.zeros(rows, most, size)
    weights, asked = torch.zeros(rows, LONGEST), torch.zeros(rows, ASKED)
    right, there = torch.zeros(rows, most, dtype=torch.bool), torch.zeros(rows, most, dtype=torch.bool)
    for row, one in enumerate(labelled):
        assert one.tokens is not None
        n, q, _ = one.tokens.shape
        tokens[row, :n, :q] = torch.from_numpy(one.tokens)
        features[row, :n] = torch.from_numpy(one.features[:, :size])
        weights[row, :q], asked[row] = torch.from_numpy(one.weights), torch.from_numpy(one.asked)
        right[row, :n], there[row, :n] = torch.from_numpy(one.right), True
    counts = torch.tensor([one.count for one in labelled])
    net = EvidenceNet(size)
    start = fit(labelled, names)
    net.linear.data = torch.tensor([start.same, start.cross])
    slow = [*net.token.parameters(), *net.whole.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": slow, "weight_decay": 1e-3}, {"params": [net.linear], "weight_decay": 0.0}]
    )
    steps = epochs * (rows // batch + 1)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, [3e-3, 1.5e-2], total_steps=steps, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for part in torch.randperm(rows).split(batch):
            longest = int((weights[part] > 0).sum(1).max())
            scores = net(
                tokens[part, :, :longest].float(), weights[part, :longest], asked[part], features[part]
            )
            everything = torch.logsumexp(scores.masked_fill(~there[part], -1e9), 1)
            losses = everything - torch.logsumexp(scores.masked_fill(~right[part], -1e9), 1)
            loss = (losses * counts[part]).sum() / counts[part].sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rates.step()
            total += loss.item() * len(part)
        print(f"epoch {epoch + 1}: {total / rows:.4f}", flush=True)
    return net


def fit(
    labelled: Sequence[Labelled],
    names: Sequence[str],
    *,
    without: Collection[str] = (),
    rising: Collection[str] = (),
) -> RankingModel:
    """Return the weights that give the right candidates of each question the most of a softmax over all of them.

    Only comparisons within a question count (a conditional logit): how high the words of a question can score at all
    differs from question to question. Of features (n, f) those after ``names`` are not looked at; no weight of those in
    ``rising`` is negative.
    """
    most = max(len(one.right) for one in labelled)
    values = np.zeros((len(labelled), most, len(names)), np.float32)
    right = np.zeros((len(labelled), most), np.bool_)
    there = np.zeros_like(right)
    for row, one in enumerate(labelled):
        count = len(one.right)
        values[row, :count], right[row, :count], there[row, :count] = (
            one.features[:, : len(names)],
            one.right,
            True,
        )
    features = torch.from_numpy(kept(values, names, without))
    missing, wrong = torch.from_numpy(~there), torch.from_numpy(~right)
    counts = torch.tensor([one.count for one in labelled], dtype=torch.float32)
    used = torch.ones(2, len(names) + 1)
    used[1, 1 + names.index(NOT_ACROSS)] = 0.0
    for name in {SHARE, *without}:
        used[:, 1 + names.index(name)] = 0.0
    up = torch.tensor([False, *(name in rising for name in names)])
    # a weight, or its root where it may only rise
    free = torch.where(up, 0.3, 0.0).repeat(2, 1).requires_grad_()
    optimiser = torch.optim.LBFGS([free], max_iter=300, line_search_fn="strong_wolfe")
    same = features[..., names.index(SHARE)]

    def weights() -> torch.Tensor:
        return torch.where(up, free.square(), free) * used

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        now = weights()
        sides = features @ now[:, 1:].T + now[:, 0]
        scores = same * sides[..., 0] + (1 - same) * sides[..., 1]
        everything = torch.logsumexp(scores.masked_fill(missing, -torch.inf), 1)
        losses = everything - torch.logsumexp(scores.masked_fill(wrong, -torch.inf), 1)
        total = (losses * counts).sum() / counts.sum() + 1e-4 * now.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        result = weights().numpy().copy()
    result[:, 0] -= result[0, 0]  # only the difference of the two intercepts means anything
    return RankingModel(tuple(names), *(tuple(round(value, 4) for value in row) for row in result.tolist()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("src/qa/model"))
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--most", type=int, default=1000, help="questions a language, both halves")
    args = parser.parse_args()
    torch.manual_seed(0)

    dev = load_dev(args.data, langs=frozenset(LANGS), most=args.most)
    across = load_dev(args.data, langs=frozenset(["xling"]))
    about = load_asked(args.data)
    told = news(args.data)
    some = [(question.sourced(), 1.0) for question in dev.questions if question.half == "fit"]
    some += [(question.sourced(), ACROSS_WEIGHT) for question in across.questions if question.half == "fit"]
    some += [(question.sourced(), ASKED_WEIGHT) for question in about.questions if question.half == "fit"]
    # not those about sentences: with them it got worse at the sample corpus and was no better at their other half
    some += [(question, NEWS_WEIGHT) for question in told.runs]
    passages = dev.passages | across.passages | about.passages | told.passages
    ours = load_sample_questions(args.corpus)
    sample = [(question, float(SAMPLE_WEIGHT)) for question in ours if question.half == "fit"]
    articles = load_articles("fit")
    plain = [(question, ARTICLES_WEIGHT) for article in articles for question in article.sourced()]

    def asked(found: RankingModel | None = None) -> list[Labelled]:
        # one collection: passages in the question's language stand beside those that answer in another; the sample
        # corpus has titles and headings, and the same subjects in several languages; what names bring is not learned
        # here, where runs of words are mostly no names and few questions hang on one
        load_evidence.cache_clear()
        with (
            open_collection(passages, names=False) as (library, searcher),
            open_sample(args.corpus, names=False) as (sample_library, sample_searcher),
            open_documents((each.document() for each in articles), names=False) as (written, of_written),
        ):
            own = collect(sample_library, sample_searcher, sample, found=found)
            own += collect(written, of_written, plain, found=found)
            return collect(library, searcher, some, found=found) + own

    first = asked()
    print(f"{len(first)} questions", flush=True)
    weights = merged([fit_evidence(first) for _ in range(NETS)])
    save_file(weights, args.out / "evidence.safetensors")
    evidence = Evidence(weights)
    found = fit([with_evidence(one, evidence) for one in first], FEATURES)
    read = fit(asked(found), READ, rising=RISING)
    for side in (*(asdict(found).items()), *(asdict(read).items())):
        print(*side)
    read = replace(read, cross=(read.cross[0] - OTHERS_LESS, *read.cross[1:]))
    result = {"found": asdict(found), "read": asdict(read)}
    (args.out / "ranking.json").write_text(json.dumps(result) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
