"""Adds whole words to the tokenizer: a word that is one token aligns across languages better than its pieces do.

The words are the most frequent ones of each language that the pieces cut apart, with the unigram score that their
frequency gives. Of scripts without spaces they are dictionary headwords and names that stand side by side as pieces.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import regex
from tokenizers import Tokenizer

from training import data as training_data
from training.tokenizer import UNSPACED

QUOTAS = {
    "en": 14_000, "zh": 8_000, "ja": 4_500, "th": 1_000, "ko": 3_500, "ru": 3_500, "ar": 3_500, "de": 3_500,
    "hi": 2_200, "fr": 2_600, "es": 2_600, "pt": 2_200, "it": 2_200, "tr": 3_000, "vi": 600, "fi": 3_000,
    "hu": 2_800, "pl": 2_800, "cs": 2_800, "uk": 2_800, "he": 2_800, "fa": 1_800, "el": 2_400, "bg": 2_000,
    "ro": 2_200, "nl": 2_200, "sv": 2_200, "da": 1_800, "id": 1_800, "bn": 1_500, "no": 800, "sw": 600,
    "te": 500, "kk": 400, "et": 400, "am": 300,
}  # fmt: skip
"""Words added of each language at most: more where words have many forms or the data are rich."""

NAMES = {"en": 4_000, "ru": 800, "ko": 600, "ar": 600, "he": 500, "zh": 1_200, "ja": 900}

NUMBERS = 3_000
"""Numbers of two to four digits, years above all: the same token in every language."""

LEAST = 3
"""How often a word must occur."""

UNSPACED_LANGS = ("zh", "ja", "th", "lo", "km", "my")
_WORD = regex.compile(rf"[^\s\p{{P}}\p{{S}}\p{{N}}{UNSPACED}]{{2,20}}")
_RUN = regex.compile(rf"[{UNSPACED}]+")
_NUMBER = regex.compile(r"(?<!\p{N})\p{N}{2,4}(?!\p{N})")
_BATCH = 2_000
APART = " \u241e "
"""What texts are joined with to be folded at once: a sign that is in no word."""

LONGEST = 40_000_000
"""Characters counted of a language at most."""


def texts_by_language(data: Path) -> dict[str, list[str]]:
    """Return the training texts of each language."""
    texts: dict[str, list[str]] = {}
    for kind in ("parallel", "dictionary", "multiparallel"):
        for pairs in training_data.aligned(data, kind):
            texts.setdefault(pairs.lang, []).extend(pairs.right)
            if kind == "parallel":
                texts.setdefault("en", []).extend(pairs.left)
    for pairs in training_data.question_passages(data):
        lang = training_data.SAME.get(pairs.lang, pairs.lang)
        texts.setdefault(lang, []).extend(dict.fromkeys(pairs.right))
        texts[lang].extend(pairs.left)
    return texts


def folded(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[str]:
    """Yield texts as the tokenizer folds them, many joined by a sign that is in no word."""
    batch: list[str] = []
    total = 0
    for text in texts:
        batch.append(text)
        total += len(text)
        if len(batch) == _BATCH:
            yield tokenizer.normalizer.normalize_str(APART.join(batch))
            batch = []
        if total > LONGEST:
            break
    yield tokenizer.normalizer.normalize_str(APART.join(batch))


def spaced_words(texts: Iterable[str]) -> Counter[str]:
    """Count words between spaces in folded texts, with the mark of a word's start."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_WORD.findall(text))
    return Counter({"▁" + word: count for word, count in counts.items()})


def unspaced_words(tokenizer: Tokenizer, texts: Iterable[str], known: frozenset[str]) -> Counter[str]:
    """Count ``known`` words that two or three neighbouring pieces make up in folded texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        runs = Counter(_RUN.findall(text))
        for run, times in runs.items():
            if len(run) < 2:
                continue
            pieces = [token.value for token in tokenizer.model.tokenize(run)]
            for size in (2, 3):
                for start in range(len(pieces) - size + 1):
                    word = "".join(pieces[start : start + size])
                    if word in known:
                        counts[word] += times
    return counts


def headwords(tokenizer: Tokenizer, data: Path, lang: str) -> frozenset[str]:
    """Return the dictionary's and the names' words of a language without spaces."""
    words: set[str] = set()
    for kind in ("dictionary", "names"):
        for pairs in training_data.aligned(data, kind):
            if pairs.lang == lang:
                for text in folded(tokenizer, pairs.right):
                    words.update(word for word in _RUN.findall(text) if 2 <= len(word) <= 8)
    return frozenset(words)


def chosen_words(tokenizer: Tokenizer, data: Path) -> dict[str, float]:
    """Return new words with their share of the running words of their language."""
    have = set(tokenizer.get_vocab())
    chosen: dict[str, float] = {}

    def take(counts: Counter[str], quota: int, total: int) -> None:
        fresh = ((word, count) for word, count in counts.most_common() if word not in have)
        for word, count in fresh:
            if quota == 0 or count < LEAST:
                break
            if word not in chosen:
                quota -= 1
            chosen[word] = max(chosen.get(word, 0.0), count / max(total, 200_000))

    numbers: Counter[str] = Counter()
    for lang, texts in sorted(texts_by_language(data).items()):
        plain = list(folded(tokenizer, texts))
        for text in plain:
            numbers.update(_NUMBER.findall(text))
        if lang in UNSPACED_LANGS:
            counts = unspaced_words(tokenizer, plain, headwords(tokenizer, data, lang))
            total = sum(map(len, texts)) // 2
        else:
            counts = spaced_words(plain)
            total = sum(counts.values())
        take(counts, QUOTAS.get(lang, 0), total)
        print(f"{lang} {len(chosen)}", flush=True)
    take(Counter({"▁" + number: count for number, count in numbers.items()}), NUMBERS, sum(numbers.values()))
    for pairs in training_data.aligned(data, "names"):
        for lang, side in (("en", pairs.left), (pairs.lang, pairs.right)):
            if lang in UNSPACED_LANGS:
                runs = Counter(run for text in folded(tokenizer, side) for run in _RUN.findall(text))
                counts = Counter({run: n for run, n in runs.items() if 2 <= len(run) <= 6})
            else:
                counts = spaced_words(folded(tokenizer, side))
            quota = NAMES[lang] // 5 if lang == "en" else NAMES[lang]
            take(counts, quota, 20 * sum(counts.values()))
    return chosen


def extend(tokenizer: Tokenizer, words: dict[str, float]) -> Tokenizer:
    """Return the tokenizer with ``words`` as further pieces; the old ones keep their ids."""
    state = json.loads(tokenizer.to_str())
    more = (
        (word, math.log(share)) for word, share in sorted(words.items(), key=lambda item: (-item[1], item[0]))
    )
    # two digits behind the point are enough, and make the file half as large
    state["model"]["vocab"] = [[word, round(score, 2)] for word, score in (*state["model"]["vocab"], *more)]
    return Tokenizer.from_str(json.dumps(state))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of pieces")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    pieces = Tokenizer.from_file(str(args.tokenizer))
    extended = extend(pieces, chosen_words(pieces, args.data))
    args.out.mkdir(parents=True, exist_ok=True)
    extended.save(str(args.out / "tokenizer.json"))
    print(f"{pieces.get_vocab_size()} pieces, {extended.get_vocab_size()} with whole words")


if __name__ == "__main__":
    main()
