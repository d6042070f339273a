"""Writes the script of each token, how its characters are read, and which tokens are a whole Chinese name in pinyin.

The readings are those of the package pypinyin (MIT), from Unihan. A Latin token is a name if a gloss of a Chinese word
holds it with a capital and the word's characters are read so: "Anhui Province" for 安徽省.
"""

from __future__ import annotations

import argparse
import unicodedata
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import regex
from pypinyin.pinyin_dict import pinyin_dict
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from qa.names import BEGINS, FILE, SCRIPTS
from qa.types import TokenIds

READINGS, LONGEST = 2, 4
"""Readings of a character, and characters of a token, that are kept."""

_LETTER = regex.compile(r"[\p{L}\p{M}ー]")
_OF = [regex.compile(rf"\p{{{name}}}" + (r"|ー" if name == "Katakana" else "")) for name in SCRIPTS]
_NAME = regex.compile(r"\p{Lu}\p{Latin}+")


def readings_of(character: str) -> list[str]:
    """Return the syllables that a character is read as, the commonest first, without tones: ü is written u, and sounds
    without a vowel (嗯) are no syllables of names."""
    marked = unicodedata.normalize("NFD", pinyin_dict.get(ord(character), ""))
    plain = "".join(letter for letter in marked if letter == "," or "a" <= letter <= "z")
    syllables = (syllable for syllable in plain.split(",") if set(syllable) & set("aeiou"))
    return list(dict.fromkeys(syllables))[:READINGS]


def known_names(data: Path, tokenizer: Tokenizer) -> TokenIds:
    """Return the tokens that stand with a capital in glosses of Chinese words that are read so."""
    frame = pd.read_parquet(data / "dictionary" / "zh.parquet").dropna(subset=["en", "text"])
    found: set[int] = set()
    for gloss, word in zip(frame.en, frame.text, strict=True):
        if not (2 <= len(word) <= 8):
            continue
        for name in _NAME.findall(gloss):
            token = tokenizer.token_to_id(f"▁{name.lower()}")
            if token is not None and token not in found and _is_read(word, name.lower()):
                found.add(token)
    return np.array(sorted(found), dtype=np.uint32)


def _is_read(word: str, name: str) -> bool:
    """Return whether two or more characters of a word that follow one another are read as a name."""
    ways = [readings_of(character) for character in word]
    return any(
        "".join(way) == name
        for start in range(len(word))
        for end in range(start + 2, min(len(word), start + LONGEST) + 1)
        for way in product(*ways[start:end])
    )


def kind_of(token: str) -> int:
    """Return the number of a token's script, 0 without a letter, and ``BEGINS`` more if it begins a word."""
    letters = token.lstrip("▁")
    found = _LETTER.match(letters)
    script = next((n for n, kind in enumerate(_OF, start=1) if found and kind.match(letters)), 0)
    return script + BEGINS * (token != letters)


def build(data: Path, model: Path) -> None:
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    vocabulary = {number: token for token, number in tokenizer.get_vocab().items()}
    han = {number: token for number, token in vocabulary.items() if all(map(readings_of, token))}
    often = Counter(character for token in han.values() for character in token)
    written = "".join(character for character, _ in often.most_common())
    syllables = sorted({syllable for character in written for syllable in readings_of(character)})
    number_of = {syllable: number for number, syllable in enumerate(syllables, start=1)}
    place_of = {character: place for place, character in enumerate(written, start=1)}
    readings = np.zeros((1 + len(written), READINGS), np.uint16)
    for character, place in place_of.items():
        own = [number_of[syllable] for syllable in readings_of(character)]
        readings[place, : len(own)] = own
    tokens = np.array(sorted(han), dtype=np.uint32)
    characters = np.zeros((len(tokens), LONGEST), np.uint16)
    for row, token in enumerate(tokens.tolist()):
        own = [place_of[character] for character in han[token][:LONGEST]]
        characters[row, : len(own)] = own
    kinds = np.array([kind_of(vocabulary[number]) for number in range(len(vocabulary))], dtype=np.uint8)
    arrays = {"kinds": kinds, "readings": readings, "tokens": tokens, "characters": characters}
    facts = {"syllables": " ".join(syllables), "written": written, "size": str(tokenizer.get_vocab_size())}
    save_file(arrays | {"known": known_names(data, tokenizer)}, model / FILE, metadata=facts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("src/qa/model"))
    args = parser.parse_args()
    build(args.data, args.model)


if __name__ == "__main__":
    main()
