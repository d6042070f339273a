"""Gives the most frequent word forms of many languages a token of their own, which begins as what its glosses say.

``training/glosses/`` holds word forms with their frequency and their meanings in English, written for this project. The
data for most languages are too thin to teach a table what "and the city" is in Arabic, and cut it into pieces that mean
nothing; with a token and a gloss it stands where "city" stands. Room is made by tokens that are rarer in every language
(frequencies: the package wordfreq, by Robyn Speer) and of no use for names.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import regex
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.encoder import StaticEncoder
from qa.languages import Languages
from qa.types import Floats
from training import data as training_data
from training.export import write
from training.languages import write as write_languages
from training.words import APART, UNSPACED_LANGS, extend

FOLDER = Path(__file__).with_name("glosses")

SIZE = 218_000
"""Tokens in all: what the package has room for."""

SHARES = (1.0, 0.7, 0.5)
"""What the first, second and third meaning of a word count."""

MEANT = 0.75
"""Share of the glosses in the vector of a new token; the rest is the sum of its pieces, by which forms of a word are
alike."""

MEANT_ALREADY = 0.5
"""The same for a word that was a token before and is given a gloss because it stood far from all English words."""

RARE, RARE_ENGLISH = 1.6e-5, 2e-6
"""Frequency under which a token is given up; English is one side of every gloss, and is known further."""

NAMED = 20
"""A token that stands more often in the names across scripts is kept."""

LANGUAGES = ("en", "ar", "bg", "bn", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "nl",
             "pl", "pt", "ro", "ru", "sv", "tr", "uk", "vi")  # fmt: skip
"""Those with spaces and frequencies: only of their tokens it can be told which are rare."""

MOST_WORDS = 150_000
"""Words of each language that frequencies are looked up of."""

CLITICS = {
    "ar": ("و", "ف", "ب", "ل", "ك", "س", "ال", "لل", "ول", "وب", "وال", "فال", "بال", "كال", "ولل", "فلل", "وبال"),
    "he": ("ה", "ו", "ב", "ל", "מ", "כ", "ש", "וה", "שה", "מה", "כש", "וב", "ול", "ומ", "וש", "בה", "לה", "כשה"),
}  # fmt: skip
"""What is written together with the word that follows. A word behind them is a token that begins no word."""

LEAST_STEM = 3
"""Letters of a word behind a clitic."""

UNKNOWN = 1e-8
"""Share of a language's running words that one has of which nothing is known."""

_LETTERS = regex.compile(r"▁?[\p{L}\p{M}]{2,}")
_OF_OTHERS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Ethiopic}\p{Telugu}]|[ҚқҒғҢңҰұҮүҺһӘә]"
)


@dataclass(frozen=True, slots=True)
class Form:
    """A word form of a language, its share of running words, and what it means in English, the first meaning first."""

    lang: str
    word: str
    frequency: float
    glosses: tuple[str, ...]


def load_forms(folder: Path = FOLDER) -> Iterator[Form]:
    """Yield the forms that the project's writers gave a gloss, by language, the most frequent first."""
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            word, times, meanings = line.split("\t")
            yield Form(path.stem, word, int(times) / 1e8, tuple(meanings.split("; ")))


def folded(tokenizer: Tokenizer, words: Sequence[str]) -> list[str]:
    """Return words as the tokenizer folds them."""
    return list(tokenizer.normalizer.normalize_str(APART.join(words)).split(APART))


def known_frequencies(tokenizer: Tokenizer, lang: str) -> dict[str, float]:
    """Return the commonest folded words of a language with their share of running words."""
    import wordfreq

    found = wordfreq.get_frequency_dict(lang, "best")
    words = sorted(found, key=lambda word: (-found[word], word))[:MOST_WORDS]
    shares: dict[str, float] = defaultdict(float)
    for word, plain in zip(words, folded(tokenizer, words), strict=True):
        shares[plain] += found[word]
    return shares


def tokens_of(tokenizer: Tokenizer, forms: Iterable[Form]) -> dict[str, list[Form]]:
    """Return forms by the token that each is to be, the most frequent one of a token first."""
    forms = list(forms)
    tokens: dict[str, list[Form]] = defaultdict(list)
    for form, plain in zip(forms, folded(tokenizer, [form.word for form in forms]), strict=True):
        mark = "" if form.lang in UNSPACED_LANGS else "▁"
        tokens[mark + plain].append(form)
    return {token: sorted(of, key=lambda form: -form.frequency) for token, of in tokens.items()}


def rare_tokens(
    tokenizer: Tokenizer, frequencies: Mapping[str, Mapping[str, float]], data: Path
) -> NDArray[np.bool_]:
    """Tell which tokens (v,) are runs of letters that are rare in every language whose frequencies are known, and in
    names."""
    size = tokenizer.get_vocab_size()
    rare = np.zeros(size, np.bool_)
    for token, number in tokenizer.get_vocab().items():
        rare[number] = bool(_LETTERS.fullmatch(token)) and not _OF_OTHERS.search(token)
    for lang, shares in frequencies.items():
        uses = np.zeros(size)
        words = list(shares)
        for word, encoding in zip(
            words, tokenizer.encode_batch_fast(words, add_special_tokens=False), strict=True
        ):
            uses[encoding.ids] += shares[word]
        rare &= uses < (RARE_ENGLISH if lang == "en" else RARE)
    named = np.zeros(size, np.int64)
    for pairs in training_data.aligned(data, "names"):
        for side in (pairs.left, pairs.right):
            batch = tokenizer.encode_batch_fast(side, add_special_tokens=False)
            named += np.bincount([token for encoding in batch for token in encoding.ids], minlength=size)
    return np.asarray(rare & (named <= NAMED), dtype=np.bool_)


def behind_clitics(
    tokens: Mapping[str, list[Form]], have: Collection[str], frequencies: Mapping[str, Mapping[str, float]]
) -> Iterator[tuple[str, Form]]:
    """Yield words with a gloss that stand behind clitics in words without one, as tokens that begin no word."""
    for lang, clitics in CLITICS.items():
        times: Counter[str] = Counter()
        for word, share in frequencies[lang].items():
            if f"▁{word}" in tokens or f"▁{word}" in have:
                continue
            for clitic in sorted(clitics, key=len, reverse=True):
                stem = word.removeprefix(clitic)
                if stem != word and len(stem) >= LEAST_STEM and f"▁{stem}" in tokens:
                    times[stem] += share
                    break
        for stem, share in times.items():
            form = tokens[f"▁{stem}"][0]
            yield stem, Form(lang, form.word, share, form.glosses)


def meant(forms: Sequence[Form], encoder: StaticEncoder) -> Floats:
    """Return the vector (d,) of what forms mean: the weighted mean of their glosses, each a sum of its tokens."""
    glosses = [gloss for form in forms for gloss in form.glosses][: len(SHARES)]
    sums = [encoder.vectors(ids).sum(axis=0) for ids in encoder.token_ids(glosses)]
    return np.asarray(np.average(sums, axis=0, weights=SHARES[: len(sums)]), dtype=np.float32)


def revise(
    tokenizer: Tokenizer,
    encoder: StaticEncoder,
    given_up: NDArray[np.bool_],
    tokens: Mapping[str, list[Form]],
) -> tuple[Tokenizer, Floats]:
    """Return the tokenizer without what is given up and with the most frequent of ``tokens``, and its vectors (v, d).

    Tokens that stay keep their order and, but for those with a gloss, their vectors.
    """
    state = json.loads(tokenizer.to_str())
    old = state["model"]["vocab"]
    vectors = encoder.vectors(np.arange(len(old), dtype=np.uint32))
    kept = np.flatnonzero(~given_up)
    have = tokenizer.get_vocab()
    new = sorted(
        (token for token in tokens if token not in have),
        key=lambda token: (-tokens[token][0].frequency, token),
    )
    new = new[: SIZE - len(kept)]
    state["model"]["vocab"] = [old[number] for number in kept.tolist()]
    revised = extend(
        Tokenizer.from_str(json.dumps(state)), {token: tokens[token][0].frequency for token in new}
    )
    table = np.concatenate([vectors[kept], np.zeros((len(new), vectors.shape[1]), np.float32)])
    places = revised.get_vocab()
    for token in new:
        said = meant(tokens[token], encoder)
        pieces = vectors[[piece.id for piece in tokenizer.model.tokenize(token)]].sum(axis=0)
        table[places[token]] = MEANT * said + (1 - MEANT) * pieces * min(1.0, _length(said) / _length(pieces))
    for token in tokens.keys() & have.keys():
        if not given_up[have[token]]:
            said, before = meant(tokens[token], encoder), vectors[have[token]]
            mixed = MEANT_ALREADY * said / _length(said) + (1 - MEANT_ALREADY) * before / _length(before)
            longest = 1.5 * _length(before)  # a word does not become weighty by being explained in many words
            length = math.sqrt(_length(before) * min(_length(said), longest))
            table[places[token]] = mixed * length / _length(mixed)
    by_language = Counter(tokens[token][0].lang for token in new)
    print(f"{len(old)} tokens, {int(given_up.sum())} given up, {len(new)} new: {by_language}")
    return revised, table


def _length(vector: Floats) -> float:
    return max(float(np.linalg.norm(vector)), 1e-6)


def languages_of(
    languages: Languages,
    tokenizer: Tokenizer,
    revised: Tokenizer,
    tokens: Mapping[str, list[Form]],
    frequencies: Mapping[str, Mapping[str, float]],
) -> tuple[Floats, NDArray[np.uint32], NDArray[np.uint8]]:
    """Return what ``languages.safetensors`` says of the revised tokenizer's tokens: how far below its best language
    each is in each (v, l), the commonest of each (l, c), and which are figures (v,).

    A new token is as likely in a language as its forms are frequent there.
    """
    have, places = tokenizer.get_vocab(), revised.get_vocab()
    before = languages.below(np.arange(len(have), dtype=np.uint32))
    below = np.zeros((len(places), before.shape[1]), np.float32)
    moved = np.zeros(len(have), np.uint32)
    figures = np.zeros(len(places), np.uint8)
    for token, place in places.items():
        if token in have:
            below[place], figures[place] = before[have[token]], languages.figures[have[token]]
            moved[have[token]] = place
            continue
        shares = dict.fromkeys(languages.names, UNKNOWN)
        for lang in shares.keys() & frequencies.keys():
            shares[lang] += frequencies[lang].get(token.removeprefix("▁"), 0.0)
        for form in tokens[token]:
            shares[form.lang] = max(shares[form.lang], form.frequency)
        logs = np.log(list(shares.values()))
        below[place] = logs.max() - logs
    return below, moved[languages.common], figures


def build(data: Path, model: Path) -> None:
    """Rewrite the tokenizer, the table and the table of languages in ``model``."""
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    encoder = StaticEncoder.load(model, name="before")
    languages = Languages.read(model / "languages.safetensors")
    frequencies = {lang: known_frequencies(tokenizer, lang) for lang in LANGUAGES}
    tokens = tokens_of(tokenizer, load_forms())
    for stem, form in behind_clitics(tokens, tokenizer.get_vocab().keys(), frequencies):
        tokens.setdefault(stem, [form])
    unknown = [number for number, name in enumerate(languages.names) if name not in LANGUAGES]
    of_others = np.isin(languages.likeliest(np.arange(len(languages.figures), dtype=np.uint32)), unknown)
    given_up = rare_tokens(tokenizer, frequencies, data) & ~of_others
    revised, table = revise(tokenizer, encoder, given_up, tokens)
    write_languages(languages.names, *languages_of(languages, tokenizer, revised, tokens, frequencies), model)
    write(json.loads(revised.to_str()), table, model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("src/qa/model"))
    args = parser.parse_args()
    build(args.data, args.model)


if __name__ == "__main__":
    main()
