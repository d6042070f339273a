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
from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import marisa_trie
import numpy as np
import regex
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.encoder import StaticEncoder
from qa.languages import Languages
from qa.types import Floats, Ints
from training import data as training_data
from training.export import write, write_pieces
from training.languages import write as write_languages
from training.words import APART, UNSPACED_LANGS, extend

FOLDER = Path(__file__).with_name("glosses")

SIZE = 500_000
"""Tokens in all: what the package has room for."""

DIM = 224
"""Dimensions: 32 fewer cost 0.2 points and make room for 180,000 tokens that share rows."""

SHARES = (1.0, 0.7, 0.5)
"""What the first, second and third meaning of a word count."""

MEANT = 0.75
"""Share of the glosses in the vector of a new token; the rest is the sum of its pieces, by which forms of a word are
alike."""

MEANT_ALREADY = 0.5
"""The same for a word that was a token before and is given a gloss because it stood far from all English words."""

RARE, RARE_ENGLISH = 4.6e-6, 5.8e-7
"""Frequency under which a token is given up; English is one side of every gloss, and is known further."""

NAMED = 20
"""A token that stands more often in the names across scripts is kept."""

LANGUAGES = ("en", "ar", "bg", "bn", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "nl",
             "pl", "pt", "ro", "ru", "sv", "tr", "uk", "vi")  # fmt: skip
"""Those with spaces and frequencies: only of their tokens it can be told which are rare."""

UNSPACED = ("zh", "ja", "ko")
"""Languages whose frequencies are known, but not of the pieces that their words are cut into."""

BONUS = 1.0
"""How much likelier a new token is than the pieces that it was cut into, as a logarithm."""

MOST_LIKELY, NO_PIECE = -5.0, -25.0
"""The most likely that a new token is, and what a character counts that is no piece."""

APART_IN_NAMES = 2
"""How often a new token must stand in a part of a name, among 1.2 million, to be left out."""

MOST_WORDS = 150_000
"""Words of each language that frequencies are looked up of."""

CLITICS = {
    "ar": ("و", "ف", "ب", "ل", "ك", "س", "ال", "لل", "ول", "وب", "وال", "فال", "بال", "كال", "ولل", "فلل", "وبال"),
    "he": ("ה", "ו", "ב", "ל", "מ", "כ", "ש", "וה", "שה", "מה", "כש", "וב", "ול", "ומ", "וש", "בה", "לה", "כשה"),
}  # fmt: skip
"""What is written together with the word that follows. A word behind them is a token that begins no word."""

LEAST_STEM, OFTEN_SHORT = 3, 1e-5
"""Letters of a word behind a clitic, and how often one of so few must stand there: the rest would cut names apart."""

STEMMED = (
    "ar",
    "bg",
    "bn",
    "cs",
    "de",
    "el",
    "es",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hu",
    "it",
    "ko",
    "pl",
    "pt",
    "ro",
    "ru",
    "tr",
    "uk",
)
"""Languages whose words have many endings."""

LEAST_SHARED, LONGEST_ENDING = 5, 3
"""Letters of a stem, and of what stands behind it."""

AGREED = 0.8
"""Length of the mean of unit vectors of words that begin alike, from which on they mean the same."""

LEAST_OF_STEM = 5e-7

FAR, FAR_NAMED = 0.55, 0.8
"""Cosine under which a token that was there moves towards its meaning: a word, and a name, which has only one."""

NEAR, NEAR_NAMED = 0.75, 0.95
"""Cosine from which on a token has the direction of another one: a word, and a name, which means nothing else."""

_AT_ONCE = 512

KNOWN = 2e-7
"""The least share of a language's running words that one has of which it is known that it is of that language."""

OF_NONE = 4.0
"""How far below its likeliest language a token is in each that is of none of them: it tells nothing."""

UNKNOWN = 1e-8
"""Share of a language's running words that one has of which nothing is known."""

_NAME = regex.compile(r"[\p{L}\p{M}ー]{2,24}")
_LETTERS = regex.compile(r"▁?[\p{L}\p{M}]{2,}")
_OF_OTHERS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Ethiopic}\p{Telugu}]|[ҚқҒғҢңҰұҮүҺһӘә]"
)


@dataclass(frozen=True, slots=True)
class Form:
    """A word form of a language, its share of running words, and what it means in English, the first meaning first.

    ``named``: it is a name or an international word, and its only meaning is the English form of it.
    """

    lang: str
    word: str
    frequency: float
    glosses: tuple[str, ...]
    named: bool = False


def load_forms(folder: Path = FOLDER) -> Iterator[Form]:
    """Yield the forms that the project's writers gave a gloss, by language, the most frequent first."""
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            word, times, meanings = line.split("\t")
            yield Form(path.stem, word, int(times) / 1e8, tuple(meanings.split("; ")))


def load_names(folder: Path = FOLDER / "names") -> Iterator[Form]:
    """Yield what the project's writers say that names and international words are in each language, by their English
    form; their frequencies are not known."""
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            key, *fields = line.split("\t")
            for field in fields:
                lang, *words = field.split(" ")
                yield from (Form(lang, word, 0.0, (key,), named=True) for word in words)


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
    """Return forms by the token that each is to be: names behind words, the most frequent one of a token first."""
    forms = list(forms)
    tokens: dict[str, list[Form]] = defaultdict(list)
    for form, plain in zip(forms, folded(tokenizer, [form.word for form in forms]), strict=True):
        if not form.named or _NAME.fullmatch(plain):
            tokens[_token(form, plain)].append(form)
    return {token: sorted(of, key=lambda form: (form.named, -form.frequency)) for token, of in tokens.items()}


def _token(form: Form, plain: str) -> str:
    """Return the token of a form as it is folded: a word begins with a mark where spaces part words."""
    return plain if form.lang in UNSPACED_LANGS else f"▁{plain}"


def with_frequencies(
    tokenizer: Tokenizer, names: Iterable[Form], frequencies: Mapping[str, Mapping[str, float]]
) -> Iterator[Form]:
    """Yield names with the share of running words that each has in its language, a tenth of that of the English form
    where it is not known, and the English forms; those not that are more frequent as an English word."""
    names = list(names)
    keys = list(dict.fromkeys(name.glosses[0] for name in names))
    english = {
        key: min((frequencies["en"].get(word, UNKNOWN) for word in plain.split()), default=UNKNOWN)
        for key, plain in zip(keys, folded(tokenizer, keys), strict=True)
    }
    yield from (Form("en", key, share, (key,), named=True) for key, share in english.items())
    for name, plain in zip(names, folded(tokenizer, [name.word for name in names]), strict=True):
        known = frequencies.get(name.lang, {}).get(plain, english[name.glosses[0]] / 10)
        if known > frequencies["en"].get(plain, 0.0):
            yield replace(name, frequency=known)


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


def of_other_languages(
    forms: Iterable[Form], tokenizer: Tokenizer, frequencies: Mapping[str, Mapping[str, float]]
) -> Iterator[Form]:
    """Yield forms, without those of languages that have no other data where the token is there already, or is a word
    of another language not much rarer: "je" stays French."""
    forms = list(forms)
    have = tokenizer.get_vocab()
    for form, plain in zip(forms, folded(tokenizer, [form.word for form in forms]), strict=True):
        if form.lang in (*LANGUAGES, *UNSPACED, "th"):
            yield form
        elif _token(form, plain) not in have and _NAME.fullmatch(plain):
            known = max(shares.get(plain, 0.0) for shares in frequencies.values())
            if form.frequency > 3 * known:
                yield form


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
            if len(stem) > LEAST_STEM or share >= OFTEN_SHORT:
                form = tokens[f"▁{stem}"][0]
                yield stem, Form(lang, form.word, share, form.glosses)


def stems(
    tokens: Mapping[str, Sequence[Form]],
    have: Collection[str],
    frequencies: Mapping[str, Mapping[str, float]],
    encoder: StaticEncoder,
) -> Iterator[tuple[str, Form]]:
    """Yield what words without a gloss begin with as tokens, where the words with one that begin so agree in meaning.

    "причинах" has no gloss, "причина" and "причины" have one: "▁причин" means what these mean.
    """
    said = {token: meant(forms, encoder) for token, forms in tokens.items()}
    for lang in STEMMED:
        agreed: set[str] = set()
        words: dict[str, list[str]] = defaultdict(list)
        for token, forms in tokens.items():
            if forms[0].lang == lang and not forms[0].named and token.startswith("▁"):
                for end in range(LEAST_SHARED, len(token)):
                    words[token[1 : 1 + end]].append(token)
        for stem, members in words.items():
            longest = max(map(len, members)) - 1
            if len(members) > 1 and len(stem) >= longest - LONGEST_ENDING:
                units = [said[token] / _length(said[token]) for token in members]
                if _length(np.mean(units, axis=0)) >= AGREED:
                    agreed.add(stem)
        times: Counter[str] = Counter()
        for word, share in frequencies[lang].items():
            if f"▁{word}" not in tokens and f"▁{word}" not in have:
                ends = range(len(word), max(LEAST_SHARED, len(word) - LONGEST_ENDING) - 1, -1)
                found = next((word[:end] for end in ends if word[:end] in agreed), None)
                if found:
                    times[found] += share
        for stem, share in times.items():
            if share >= LEAST_OF_STEM and f"▁{stem}" not in tokens and f"▁{stem}" not in have:
                best = max((tokens[token][0] for token in words[stem]), key=lambda form: form.frequency)
                yield f"▁{stem}", Form(lang, stem, share, best.glosses)


def meant(forms: Sequence[Form], encoder: StaticEncoder) -> Floats:
    """Return the vector (d,) of what forms mean: the weighted mean of their glosses, each a sum of its tokens."""
    glosses = list(dict.fromkeys(gloss for form in forms for gloss in form.glosses))[: len(SHARES)]
    sums = [encoder.vectors(ids).sum(axis=0) for ids in encoder.token_ids(glosses)]
    return np.asarray(np.average(sums, axis=0, weights=SHARES[: len(sums)]), dtype=np.float32)


def extended(
    tokenizer: Tokenizer, given_up: NDArray[np.bool_], tokens: Mapping[str, Sequence[Form]]
) -> tuple[Tokenizer, list[str]]:
    """Return the tokenizer without what is given up and with the most frequent of ``tokens``, and which these are.

    A new token is as likely as the pieces that it was cut into, and ``BONUS`` more: it takes the place of these, and a
    longer word that they are no pieces of is cut as before. What stands behind clitics is as likely as it is frequent.
    """
    state = json.loads(tokenizer.to_str())
    kept = np.flatnonzero(~given_up)
    have = tokenizer.get_vocab()
    new = sorted(
        (token for token in tokens if token not in have),
        key=lambda token: (-tokens[token][0].frequency, token),
    )
    new = new[: SIZE - len(kept)]
    state["model"]["vocab"] = [state["model"]["vocab"][number] for number in kept.tolist()]
    known = dict(state["model"]["vocab"])
    before = Tokenizer.from_str(json.dumps(state))
    shares: dict[str, float] = {}
    for token in new:
        shares[token] = tokens[token][0].frequency
        if token.startswith("▁") or tokens[token][0].lang in UNSPACED_LANGS:
            pieces = before.model.tokenize(token)
            likely = sum(known.get(piece.value, NO_PIECE) for piece in pieces) + BONUS
            shares[token] = math.exp(min(likely, MOST_LIKELY))
    return extend(before, shares), new


def cut_apart(tokenizer: Tokenizer, new: Collection[str], data: Path) -> set[str]:
    """Return which new tokens that begin words stand in names as parts of longer words: they tell nothing of these."""
    begins = np.zeros(tokenizer.get_vocab_size(), np.bool_)
    asked = np.zeros(len(begins), np.bool_)
    for token, number in tokenizer.get_vocab().items():
        begins[number] = token.startswith("▁")
    asked[[tokenizer.token_to_id(token) for token in new]] = True
    asked &= begins
    times = np.zeros(len(begins), np.int64)
    for pairs in training_data.aligned(data, "names"):
        for side in (pairs.left, pairs.right):
            for encoding in tokenizer.encode_batch_fast(side, add_special_tokens=False):
                ids = np.array(encoding.ids, dtype=np.int64)
                whole = begins[ids] & np.append(begins[ids[1:]], True)
                np.add.at(times, ids[asked[ids] & ~whole], 1)
    return {str(tokenizer.id_to_token(number)) for number in np.flatnonzero(times >= APART_IN_NAMES).tolist()}


def revise(
    tokenizer: Tokenizer,
    encoder: StaticEncoder,
    given_up: NDArray[np.bool_],
    tokens: Mapping[str, list[Form]],
) -> tuple[Tokenizer, Floats, Ints]:
    """Return the tokenizer without what is given up and with the most frequent of ``tokens``, its vectors (v, d), and
    the token whose direction each has (v,).

    Tokens that stay keep their order and, but for those with a gloss, their vectors. A new one has the direction of the
    token that is nearest to what it means, if one is near.
    """
    revised, new = extended(tokenizer, given_up, tokens)
    have = tokenizer.get_vocab()
    vectors = encoder.vectors(np.arange(len(have), dtype=np.uint32))
    kept = np.flatnonzero(~given_up)
    places = revised.get_vocab()
    table = np.concatenate([vectors[kept], np.zeros((len(new), vectors.shape[1]), np.float32)])
    for token in tokens.keys() & have.keys():
        if not given_up[have[token]]:
            far = FAR_NAMED if tokens[token][0].named else FAR
            table[places[token]] = _moved(vectors[have[token]], meant(tokens[token], encoder), far)
    for token in new:
        table[places[token]] = MEANT * meant(tokens[token], encoder)
    near = np.full(len(table), NEAR)
    near[[places[token] for token in new if tokens[token][0].named]] = NEAR_NAMED
    owners = share(table, np.arange(len(table)) < len(kept), near)
    by_language = Counter(tokens[token][0].lang for token in new)
    print(f"{len(have)} tokens, {int(given_up.sum())} given up, {len(new)} new: {by_language}")
    print(f"{len(table)} tokens in all, {len(np.unique(owners))} rows")
    return revised, table, owners


def in_trie_order(tokenizer: Tokenizer, table: Floats, owners: Ints) -> tuple[Tokenizer, Floats, Ints]:
    """Return a tokenizer whose pieces are numbered as the keys of the trie are that holds them, its table (v, d) and
    the owners (v,)."""
    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    trie = marisa_trie.Trie([piece for piece, _ in vocabulary])
    numbers = np.array([trie.key_id(piece) for piece, _ in vocabulary])
    order = np.argsort(numbers)
    state["model"]["vocab"] = [vocabulary[number] for number in order.tolist()]
    state["model"]["unk_id"] = int(numbers[state["model"]["unk_id"]])
    return Tokenizer.from_str(json.dumps(state)), table[order], numbers[owners[order]]


def reduced(table: Floats, owners: Ints) -> tuple[Floats, Floats]:
    """Return a table (v, d) in ``DIM`` dimensions (v, k), lengths kept, and what reduces it (d, k): onto the axes along
    which directions vary most, turned so that each number of a row says as much as any other (eight bits suffice)."""
    units = table[np.unique(owners)]
    units /= np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-6)
    axes = np.linalg.eigh(units.T @ units)[1][:, ::-1][:, :DIM]
    turned = np.linalg.qr(np.random.default_rng(0).standard_normal((axes.shape[1], axes.shape[1])))[0]
    onto = np.asarray(axes @ turned, dtype=np.float32)
    small = table @ onto
    lengths = [np.linalg.norm(each, axis=1, keepdims=True) for each in (table, small)]
    return np.asarray(small * lengths[0] / np.maximum(lengths[1], 1e-6), dtype=np.float32), onto


def _moved(before: Floats, said: Floats, far: float) -> Floats:
    """Return the vector of a token that was there, half way to what it means, unless it stands near that."""
    if before @ said >= far * _length(before) * _length(said):
        return before
    mixed = MEANT_ALREADY * said / _length(said) + (1 - MEANT_ALREADY) * before / _length(before)
    longest = 1.5 * _length(before)  # a word does not become weighty by being explained in many words
    return mixed * math.sqrt(_length(before) * min(_length(said), longest)) / _length(mixed)


def share(table: Floats, own: NDArray[np.bool_], least: NDArray[np.float64]) -> Ints:
    """Return the token (v,) whose direction each token of a table (v, d) has: ``own`` (v,) have their own, each of the
    others that of the nearest one, or where none has a cosine of ``least`` (v,) its own, which later ones may have as
    well."""
    units = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    owners = np.arange(len(table))
    index = faiss.IndexFlatIP(table.shape[1])
    index.add(units[own])
    leaders = np.flatnonzero(own)
    others = np.flatnonzero(~own)
    cosines, nearest = index.search(units[others], 1)
    near = cosines[:, 0] >= least[others]
    owners[others[near]] = leaders[nearest[near, 0]]
    index.reset()
    leaders = leaders[:0]
    others = others[~near]
    for start in range(0, len(others), _AT_ONCE):
        some = others[start : start + _AT_ONCE]
        cosines, nearest = index.search(units[some], 1)
        alike = units[some] @ units[some].T
        new: list[int] = []
        for number, token in enumerate(some.tolist()):
            if cosines[number, 0] >= least[token]:
                owners[token] = leaders[nearest[number, 0]]
            elif new and alike[number, new].max() >= least[token]:
                owners[token] = some[new[int(alike[number, new].argmax())]]
            else:
                new.append(number)
        leaders = np.concatenate([leaders, some[new]])
        index.add(units[some[new]])
    return owners


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
        told = [form for form in tokens[token] if form.lang in shares]
        for form in told:
            shares[form.lang] = max(shares[form.lang], form.frequency, KNOWN)
        logs = np.log(list(shares.values()))
        below[place] = logs.max() - logs if told else OF_NONE
    return below, moved[languages.common], figures


def build(data: Path, model: Path) -> None:
    """Rewrite the tokenizer, the table and the table of languages in ``model``."""
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    encoder = StaticEncoder.load(model, name="before")
    languages = Languages.read(model / "languages.safetensors")
    frequencies = {lang: known_frequencies(tokenizer, lang) for lang in (*LANGUAGES, *UNSPACED)}
    names = with_frequencies(tokenizer, load_names(), frequencies)
    forms = of_other_languages(load_forms(), tokenizer, frequencies)
    tokens = tokens_of(tokenizer, [*forms, *names])
    for stem, form in behind_clitics(tokens, tokenizer.get_vocab().keys(), frequencies):
        tokens.setdefault(stem, [form])
    more = list(stems(tokens, tokenizer.get_vocab().keys(), frequencies, encoder))
    print(len(more), "stems", Counter(form.lang for _, form in more), more[:: len(more) // 60 + 1])
    tokens |= {stem: [form] for stem, form in more}
    unknown = [number for number, name in enumerate(languages.names) if name not in LANGUAGES]
    of_others = np.isin(languages.likeliest(np.arange(len(languages.figures), dtype=np.uint32)), unknown)
    given_up = (
        rare_tokens(tokenizer, {lang: frequencies[lang] for lang in LANGUAGES}, data)
        & ~of_others
        & ~np.isin(
            np.arange(tokenizer.get_vocab_size()),
            [tokenizer.token_to_id(token) for token in tokens.keys() & tokenizer.get_vocab().keys()],
        )
    )
    apart = cut_apart(*extended(tokenizer, given_up, tokens), data)
    print(len(apart), "new tokens are parts of names", sorted(apart)[:: len(apart) // 40 + 1])
    tokens = {token: of for token, of in tokens.items() if token not in apart}
    revised, table, owners = in_trie_order(*revise(tokenizer, encoder, given_up, tokens))
    write_languages(languages.names, *languages_of(languages, tokenizer, revised, tokens, frequencies), model)
    write(json.loads(revised.to_str()), reduced(table, owners)[0], model, owners=owners)
    write_pieces(json.loads(revised.to_str()), model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("src/qa/model"))
    args = parser.parse_args()
    build(args.data, args.model)


if __name__ == "__main__":
    main()
