"""Cuts a few texts into the same tokens as the ``tokenizers`` library, at once after the start.

That library builds a tree of all pieces whenever it starts, which takes a second for 400,000 of them: right for an
index of many texts, long for one question. Here the pieces lie in a MARISA trie, which is read as it is, and folding
and cutting into words remain those of the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from threading import Lock

import marisa_trie
import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, PreTokenizedString, Token, Tokenizer

from qa.errors import EncoderNotFound
from qa.types import TokenIds, Tokens

FILE = "pieces.safetensors"

UNKNOWN_PENALTY = 10.0
"""How far below the least likely piece a character is that no piece holds, as in the library."""

HUNDREDTHS = 100
"""Scores are kept as whole numbers of this part of a natural logarithm."""

LONGEST = 64
"""Characters of a piece at most, and more: what is looked up need not be the rest of a line without spaces."""

KEPT = 20_000
"""Words whose pieces are kept: most of a text are common ones."""

SEPARATORS = "\x1c\x1d\x1e\x1f"
"""What Python calls white space and Unicode does not."""

BEGINS = "▁"
"""How a piece begins that begins a word between spaces."""

WORTH = 300_000
"""Characters that are cut here in the time in which the library starts: once so many were, it is started."""

FEW = 2_000
"""Characters of a question and its names at most. They are cut here as fast as by the library, and so many questions as
may come never start it: while it starts, which takes seconds, nothing else runs."""


class Segmenter:
    """The pieces of a unigram tokenizer and their log probabilities (v,), by number: those of the trie's keys.

    ``head`` is the library's tokenizer with no pieces: what folds texts and cuts them into words.
    """

    def __init__(
        self, trie: marisa_trie.Trie, scores: NDArray[np.int16], head: Tokenizer, unknown: int
    ) -> None:
        self._trie = trie
        # read one at a time, several times as fast as an array
        self._scores = (scores / HUNDREDTHS).data
        self._head = head
        self._unknown = unknown
        self._least = float(scores.min(initial=0)) / HUNDREDTHS - UNKNOWN_PENALTY
        self._pieces = lru_cache(KEPT)(self._likeliest)
        self._text = lru_cache(KEPT)(self.text)
        self._folded = lru_cache(KEPT)(head.normalizer.normalize_str)

    @classmethod
    def load(cls, folder: Path) -> Segmenter:
        """Read what ``training/glosses.py`` wrote beside ``tokenizer.json``.

        Raises:
            EncoderNotFound: it is damaged.
        """
        from safetensors import safe_open

        try:
            with safe_open(folder / FILE, framework="numpy") as file:
                facts = file.metadata()
                trie = marisa_trie.Trie().frombytes(file.get_tensor("trie").tobytes())
                scores = file.get_tensor("scores")
            return cls(trie, scores, Tokenizer.from_str(facts["head"]), int(facts["unknown"]))
        except Exception as error:  # three libraries, and tokenizers raises nothing narrower
            raise _unreadable(folder / FILE, error) from error

    def __len__(self) -> int:
        return len(self._trie)

    def text(self, piece: int) -> str:
        """Return a piece by its number."""
        return str(self._trie.restore_key(piece))

    def encode(self, text: str) -> Encoding:
        """Return the tokens of a text, with the places in it."""
        words = PreTokenizedString(text)
        words.normalize(self._head.normalizer.normalize)
        self._head.pre_tokenizer.pre_tokenize(words)
        words.tokenize(self._pieces)
        return words.to_encoding()

    def read_off(self, text: str, ids: TokenIds) -> Tokens | None:
        """Return the tokens of a text from ``ids`` (t,), which end with them, as those of a stored passage do: to lay
        them along the text takes a third of the time of finding them.

        None where they do not, or where folding moves characters or nobody knows a token.
        """
        folded = self._head.normalizer.normalize_str(text)
        if len(folded) != len(text) or any(
            was != now and self._folded(was) != now for was, now in zip(text, folded, strict=True)
        ):
            return None
        spans: list[tuple[int, int]] = []
        start = len(folded)
        first = len(ids)
        for token in reversed(ids.tolist()):
            end = _last(folded, start)
            if not end:
                break
            piece = self._text(token)
            bare = piece.removeprefix(BEGINS)
            start = end - len(bare) if bare else start
            if token == self._unknown or start < 0 or not folded.startswith(bare, start):
                return None
            # a mark by itself has no place of its own: the library gives it that of the next character
            spans.append((start, end) if bare else (start, start + 1))
            first -= 1
        if _last(folded, start):
            return None
        if first and self._text(int(ids[first - 1])) == BEGINS:  # of the first word: it stands before nothing
            spans.append((start, start + 1))
            first -= 1
        return Tokens(ids[first:], np.array(spans[::-1], dtype=np.int64).reshape(-1, 2))

    def _likeliest(self, word: str) -> list[Token]:
        """Cut a word into its likeliest pieces (Viterbi)."""
        prefixes, scores = self._trie.iter_prefixes_with_ids, self._scores
        best: list[tuple[float, int, int] | None] = [None] * (len(word) + 1)  # score, begin, piece
        best[0] = (0.0, 0, 0)
        for start in range(len(word)):
            till_here = best[start]
            assert till_here is not None  # every character is a piece or unknown
            alone = False
            for piece, number in prefixes(word[start : start + LONGEST]):
                end = start + len(piece)
                score = scores[number] + till_here[0]
                before = best[end]
                if before is None or score > before[0]:
                    best[end] = (score, start, number)
                alone = alone or end == start + 1
            before = best[start + 1]
            if not alone and (before is None or self._least + till_here[0] > before[0]):
                best[start + 1] = (self._least + till_here[0], start, self._unknown)
        return self._tokens(word, best)

    def _tokens(self, word: str, best: list[tuple[float, int, int] | None]) -> list[Token]:
        """Follow the best way back; unknown characters one after the other are one token."""
        found: list[tuple[int, int, int]] = []  # begin, end, piece
        end = len(word)
        while end > 0:
            node = best[end]
            assert node is not None
            _, start, piece = node
            if piece == self._unknown and found and found[-1][2] == piece and found[-1][0] == end:
                found[-1] = (start, found[-1][1], piece)
            else:
                found.append((start, end, piece))
            end = start
        tokens: list[Token] = []
        at = 0
        for start, end, piece in reversed(found):
            value = word[start:end]
            after = at + len(value.encode())
            tokens.append(Token(piece, value, (at, after)))
            at = after
        return tokens


def _last(text: str, end: int) -> int:
    """Return where the last character before ``end`` that is no white space ends, 0 without any."""
    while end and text[end - 1].isspace() and text[end - 1] not in SEPARATORS:
        end -= 1
    return end


class TextTokenizer:
    """The tokenizer of a model folder: the library's, and while that is not started, a ``Segmenter`` for few texts."""

    def __init__(self, folder: Path) -> None:
        """Read the folder's ``tokenizer.json``, or only the pieces, where they lie beside it.

        Raises:
            EncoderNotFound: there are none, or they are damaged.
        """
        self._file = folder / "tokenizer.json"
        self._segmenter = Segmenter.load(folder) if (folder / FILE).is_file() else None
        self._lock = Lock()
        self._cut = 0  # characters so far
        self._begun: Future[Tokenizer] | None = None
        if self._segmenter is None:
            self._library()

    def __len__(self) -> int:
        return len(self._segmenter) if self._segmenter else int(self._library().get_vocab_size())

    def text(self, piece: int) -> str:
        """Return a piece by its number, "" if there is none."""
        if self._segmenter:
            return self._segmenter.text(piece)
        return self._library().id_to_token(piece) or ""

    def encode(self, text: str) -> Encoding:
        """Return the tokens of a text, with the places in it."""
        segmenter = self._for([text])
        return segmenter.encode(text) if segmenter else self._library().encode(text, add_special_tokens=False)

    def encode_many(self, texts: Sequence[str]) -> list[Encoding]:
        """Return the tokens of texts, without places."""
        segmenter = self._for(texts)
        if segmenter:
            return [segmenter.encode(text) for text in texts]
        return list(self._library().encode_batch_fast(list(texts), add_special_tokens=False))

    def read_off(self, text: str, ids: TokenIds) -> Tokens | None:
        """Return the tokens of a text from ``ids`` (t,), which end with them; None where that cannot be told."""
        return self._segmenter.read_off(text, ids) if self._segmenter else None

    def _for(self, texts: Sequence[str]) -> Segmenter | None:
        """Return what cuts texts, None for the library: if it has started, or if so much is to be cut at once."""
        if self._segmenter is None or (self._begun and self._begun.done()):
            return None
        characters = sum(map(len, texts))
        if characters <= FEW:
            return self._segmenter
        with self._lock:
            self._cut += characters
            if self._cut > WORTH:
                self._begin()
        return None if characters > WORTH else self._segmenter

    def _begin(self) -> Future[Tokenizer]:
        """Start the library, in a thread."""
        if self._begun is None:
            pool = ThreadPoolExecutor(1)
            self._begun = pool.submit(_read, self._file)
            pool.shutdown(wait=False)
        return self._begun

    def _library(self) -> Tokenizer:
        with self._lock:
            begun = self._begin()
        return begun.result()


def _read(file: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing narrower
        raise _unreadable(file, error) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _unreadable(file: Path, error: Exception) -> EncoderNotFound:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return EncoderNotFound(f"'{file}' cannot be loaded: {reason}.")
