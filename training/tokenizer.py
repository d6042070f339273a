"""Trains the tokenizer: folding of width, case and traditional characters, then unigram pieces of words.

Folding happens inside ``tokenizer.json`` (a precompiled character map), so that every loader of the
folder folds alike and offsets still point into the original text.
"""

from __future__ import annotations

import argparse
import base64
import random
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from training import data as training_data

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts written without spaces: their pieces carry no word-start mark."""

_DROPPED = (
    {0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x0640}
    | set(range(0x064B, 0x0660))
    | {0x0670}
    | set(range(0x0591, 0x05BE))
    | {0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7}
    | {0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E}
)
"""Soft hyphen, zero-width and direction marks, tatweel, Arabic tashkeel, Hebrew points."""

_LETTERS = {
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ۀ": "ه", "ہ": "ه",
    "ё": "е", "ά": "α", "έ": "ε", "ή": "η", "ί": "ι", "ό": "ο", "ύ": "υ", "ώ": "ω", "ϊ": "ι", "ϋ": "υ", "ΐ": "ι",
    "ΰ": "υ", "ς": "σ", "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-",
}  # fmt: skip


def _traditional_to_simplified() -> dict[str, str]:
    table = resources.files("opencc").joinpath("dictionary/TSCharacters.txt").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if "\t" in line)
    return {row[0]: row[1].split(" ")[0] for row in rows if len(row[0]) == 1}


def folding_rules() -> dict[str, str]:
    """Return every character (and canonical two-character sequence) that folding changes, with its result."""
    simplified = _traditional_to_simplified()

    def fold(text: str) -> str:
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(simplified.get(char, char) for char in text)
        text = "".join(_LETTERS.get(char, char) for char in text)
        return "".join(char for char in text if ord(char) not in _DROPPED)

    rules: dict[str, str] = {}
    for code in range(0x20, 0x30000):
        if 0xD800 <= code <= 0xDFFF or 0xAC00 <= code <= 0xD7A3:
            continue
        char = chr(code)
        folded = fold(char)
        if folded != char:
            rules[char] = folded
        decomposition = unicodedata.normalize("NFD", char)
        if (
            len(decomposition) > 1
            and decomposition != char
            and unicodedata.normalize("NFC", decomposition) == char
        ):
            rules[decomposition] = folded
    for code in (0x09, 0x0A, 0x0D, 0x0B, 0x0C, 0x85, 0x2028, 0x2029):
        rules[chr(code)] = " "
    return rules


def compile_rules(rules: dict[str, str]) -> bytes:
    """Compile folding rules to sentencepiece's character map, which ``tokenizers`` runs in one pass."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "rules.tsv")
        lines = (
            " ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in target)
            for source, target in sorted(rules.items())
        )
        table.write_text("\n".join(lines) + "\n", encoding="utf-8")
        prefix = str(Path(folder, "empty"))
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c d e f g h"] * 10),
            model_prefix=prefix,
            vocab_size=12,
            hard_vocab_limit=False,
            normalization_rule_tsv=str(table),
            minloglevel=2,
        )
        from sentencepiece import sentencepiece_model_pb2 as pb2

        proto = pb2.ModelProto()
        proto.ParseFromString(Path(prefix + ".model").read_bytes())
        return bytes(proto.normalizer_spec.precompiled_charsmap)


def untrained(model: models.Model, charsmap: bytes) -> Tokenizer:
    """Return a tokenizer around ``model`` that folds, cuts words, and marks the start of spaced words."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Precompiled(charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Split(Regex(rf"[{UNSPACED}]+|[\p{{P}}\p{{S}}]|\p{{N}}+"), "isolated"),
            pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(rf"^▁(?=[{UNSPACED}\p{{P}}\p{{S}}])"), "removed"),
        ]
    )
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def sample_texts(data: Path, *, characters: int, seed: int) -> Iterator[str]:
    """Yield about ``characters`` characters for each language, dictionary headwords included."""
    rng = random.Random(seed)
    by_lang: dict[str, list[str]] = {}
    for kind in ("parallel", "multiparallel", "dictionary", "names"):
        for pairs in training_data.aligned(data, kind):
            by_lang.setdefault(pairs.lang, []).extend(pairs.right)
            if kind != "names":
                by_lang.setdefault("en", []).extend(rng.sample(pairs.left, len(pairs) // 8))
    for pairs in training_data.question_passages(data):
        lang = training_data.SAME.get(pairs.lang, pairs.lang)
        by_lang.setdefault(lang, []).extend(dict.fromkeys(pairs.right))
        by_lang[lang].extend(pairs.left)
    weights = {"zh": 2.0, "en": 2.0, "ja": 1.4}
    for lang, texts in sorted(by_lang.items()):
        rng.shuffle(texts)
        budget = characters * weights.get(lang, 1.0)
        if lang in ("zh", "ja", "ko", "th"):
            budget *= 0.6
        for text in texts:
            budget -= len(text)
            if budget < 0:
                break
            yield text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocab", type=int, default=96_000)
    parser.add_argument("--characters", type=int, default=3_000_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    charsmap = compile_rules(folding_rules())
    tokenizer = untrained(models.Unigram(), charsmap)
    trainer = trainers.UnigramTrainer(
        vocab_size=args.vocab,
        unk_token="[UNK]",
        special_tokens=["[UNK]"],
        max_piece_length=14,
        n_sub_iterations=2,
        shrinking_factor=0.7,
        show_progress=sys.stderr.isatty(),
    )
    tokenizer.train_from_iterator(
        sample_texts(args.data, characters=args.characters, seed=args.seed), trainer
    )
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out / "tokenizer.json"))
    print(f"{tokenizer.get_vocab_size()} pieces; character map {len(base64.b64encode(charsmap)) // 1024} KiB")


if __name__ == "__main__":
    main()
