"""Names in other letters: a question asks about Tangyin or Rochester where the document says 汤阴 or Рочестер.

No vector tells this of a name that the training texts do not hold, and the pieces that a name is cut into are others in
each script. So a word that can be cut into syllables of pinyin meets the characters that are read so, two or three
characters meet the word that their syllables make, and a word that may be a name meets, as a whole, the whole word of
another script whose vector is most like its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, product
from pathlib import Path

import numpy as np
import regex
from numpy.typing import NDArray

from qa.text import words
from qa.types import Floats, Ints, Laid, Met, Span, TokenIds, Tokens

FILE = "names.safetensors"

SCRIPTS = (
    *(
        "Latin",
        "Cyrillic",
        "Greek",
        "Armenian",
        "Georgian",
        "Arabic",
        "Hebrew",
        "Devanagari",
        "Bengali",
        "Gurmukhi",
    ),
    *(
        "Gujarati",
        "Tamil",
        "Telugu",
        "Kannada",
        "Malayalam",
        "Sinhala",
        "Ethiopic",
        "Hangul",
        "Han",
        "Hiragana",
    ),
    *("Katakana", "Thai", "Lao", "Khmer", "Myanmar"),
)
"""Scripts that are told apart, numbered from 1."""

UNSPACED = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
"""Those in which a name may begin and end anywhere."""

BEGINS = 128
"""Added to the number of a token's script if it begins a word."""

READ, READ_LENGTH = 0.75, 1.5
"""The cosine of a name in pinyin and its characters, about that of a good translation, and the least length of its
tokens: names that are one token have about that."""

LEAST, NEAR, GAIN = 0.45, 0.03, 1.3
"""The least cosine of two words as wholes, how much less than the best it may be, and what it is multiplied by.
The median of the same names is 0.57, that of the best among a hundred passages without the name 0.42."""

MOST_COSINE = 0.9

_LONGEST_NAME = 5
"""Tokens of a whole word."""

_MOST_NAMES, _MOST_SMALL = 4, 2
"""Words of a question that are compared as wholes, the longest: with capitals, and of scripts without."""

_MAY_BE = regex.compile(r"[\p{L}\p{M}]++")
_NO_NAMES = regex.compile(r"\p{Han}|\p{Hiragana}|\p{Thai}|\p{Lao}|\p{Khmer}|\p{Myanmar}")

_WORD = regex.compile(r"\p{Latin}++(?:['’]\p{Latin}++)?+")

_LONGEST = 24
"""Letters of a word that is tried: a longer one is no name in pinyin."""

_LONGEST_SYLLABLE = 6

_WAYS = 4
"""Ways to cut or to read a name that are tried: most have one."""

_READINGS = 2
"""Readings of characters one after the other that are tried."""

_MOST_WORDS = 4
"""Words of one name at most."""

_MOST_CHARACTERS = 64
"""Characters of a question that are looked at for names."""

_COMMON = 24
"""Characters of a syllable that are looked up in the postings, the most frequent."""


@dataclass(frozen=True, slots=True)
class _Latin:
    """Words in Latin letters, by the tokens they are, and their syllables in each way that they can be cut."""

    tokens: Span
    ways: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Han:
    """Characters, by the tokens they are in, as a word of pinyin, and its tokens."""

    tokens: Span
    word: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    """A word that may be a name, the tokens it is, and its unit vector (d,)."""

    text: str
    tokens: Span
    script: int
    vector: Floats


@dataclass(frozen=True, slots=True)
class Asked:
    """The names in a question: ``qa.types.Names``."""

    latin: tuple[_Latin, ...]
    han: tuple[_Han, ...]
    words: tuple[_Word, ...]
    table: NameTable

    def met(self, texts: Laid) -> Iterator[Met]:
        found = [met for met in (*self._read(texts.tokens), *self._spelt(texts.tokens)) if len(met.places)]
        rest = [word for word in self.words if not any(met.asked.overlaps(word.tokens) for met in found)]
        return iter([*found, *self._alike(rest, texts)])

    def terms(self) -> list[str]:
        pairs = self.table.pairs({pair for name in self.latin for way in name.ways for pair in pairwise(way)})
        return [*pairs, *(term for name in self.han for term in words(name.word))]

    def text(self) -> str:
        words = [word.text for word in self.words if len(word.tokens) > 1]
        return " ".join(word for word in words if word[0].isupper() or word[0].islower())

    def _read(self, ids: TokenIds) -> Iterator[Met]:
        if self.latin:
            read, owners = self.table.read(ids)
            for name in self.latin:
                yield Met(name.tokens, _where_read(name.ways, read, owners), READ, READ_LENGTH)

    def _spelt(self, ids: TokenIds) -> Iterator[Met]:
        if self.han:
            begins = np.flatnonzero(np.isin(ids, [name.ids[0] for name in self.han]))
            for name in self.han:
                yield Met(name.tokens, _where_spelt(name.ids, ids, begins), READ, READ_LENGTH)

    def _alike(self, words: Sequence[_Word], texts: Laid) -> Iterator[Met]:
        """Yield words of the texts in other scripts that are as wholes nearly the most like ``words``."""
        kinds = self.table.kinds[texts.tokens]
        scripts = kinds % BEGINS
        words = [word for word in words if ((scripts > 0) & (scripts != word.script)).any()]
        if not words:
            return
        products = texts.directions @ np.stack([word.vector for word in words], axis=1)
        products /= (texts.norms + 1e-6)[:, None]
        # of the tokens of a word, whose cosine is that of the whole, one has a part of it that is not small
        seeds = np.append((products >= LEAST / np.sqrt(_LONGEST_NAME)).any(axis=1), False)[texts.row]
        for _ in range(_LONGEST_NAME - 1):
            seeds[:-1] |= seeds[1:]
        unspaced = self.table.unspaced[scripts]
        begins = kinds >= BEGINS
        begins[1:] |= scripts[1:] != scripts[:-1]
        goes_on = (unspaced | ~begins)[1:] & (scripts[1:] == scripts[:-1])
        own = {word.script for word in words}
        other = (scripts > 0) & (scripts != own.pop() if len(own) == 1 else True)
        starts = np.flatnonzero(seeds & other & (begins | unspaced))
        if not len(starts):
            return
        products *= texts.lengths[:-1, None]
        products = np.concatenate([products, np.zeros_like(products[:1])])[texts.row]  # (t, n)
        squares = np.square(texts.lengths)[texts.row]
        ends = starts.copy()
        dots, norms = products[starts], squares[starts]
        alike = [dots / np.sqrt(norms + 1e-6)[:, None]]
        alive = np.ones(len(starts), np.bool_)
        for _ in range(1, _LONGEST_NAME):
            alive = alive & (ends + 1 < len(kinds))
            alive[alive] = goes_on[ends[alive]]
            ends = np.where(alive, ends + 1, ends)
            dots = dots + np.where(alive[:, None], products[ends], 0.0)
            norms = norms + np.where(alive, squares[ends], 0.0)
            alike.append(np.where(alive[:, None], dots / np.sqrt(norms + 1e-6)[:, None], -1.0))
        best = np.stack(alike)  # (l, s, n)
        longest = best.argmax(axis=0)
        best = best.max(axis=0)
        for number, word in enumerate(words):
            found = np.where(scripts[starts] == word.script, -1.0, best[:, number])
            for at in np.flatnonzero(found >= max(LEAST, float(found.max()) - NEAR)).tolist():
                places = np.arange(starts[at], starts[at] + longest[at, number] + 1)
                yield Met(word.tokens, places, min(MOST_COSINE, GAIN * float(found[at])), 0.0)


class NameTable:
    """Of which script each token of the built-in tokenizer is, and how its characters are read.

    ``kinds`` (v,) are the numbers of the scripts (0: no letter), with ``BEGINS`` added. ``syllables`` (s) are numbered
    from 1; ``readings`` (1 + c, r) are those of each character, the most frequent characters first, and ``characters``
    (v, m) those of each token: 0 stands for none. ``known`` are the tokens that are a whole name in pinyin.
    """

    def __init__(
        self,
        syllables: Sequence[str],
        written: str,
        readings: NDArray[np.uint16],
        characters: NDArray[np.uint16],
        known: TokenIds,
        kinds: NDArray[np.uint8],
    ) -> None:
        self._syllables = ("", *syllables)
        self._numbers = {syllable: number for number, syllable in enumerate(syllables, start=1)}
        self._written = written
        self._readings = readings
        self._characters = characters
        self._known = frozenset(known.tolist())
        self.kinds = kinds
        self.unspaced = np.array([name in UNSPACED for name in ("", *SCRIPTS)])

    @classmethod
    def load(cls, folder: Path) -> NameTable | None:
        """Read the table that a model's folder carries (``training/names.py`` writes it); None without one."""
        from safetensors import safe_open

        if not (folder / FILE).is_file():
            return None
        with safe_open(folder / FILE, framework="numpy") as file:
            facts = file.metadata()
            tokens = file.get_tensor("tokens")
            characters = np.zeros((int(facts["size"]), 4), np.uint16)
            characters[tokens] = file.get_tensor("characters")
            readings, known, kinds = (file.get_tensor(name) for name in ("readings", "known", "kinds"))
        return cls(facts["syllables"].split(), facts["written"], readings, characters, known, kinds)

    def names(
        self,
        text: str,
        tokens: Tokens,
        token_ids: Callable[[Sequence[str]], list[TokenIds]],
        vectors: Callable[[TokenIds], Floats],
    ) -> Asked | None:
        """Return what may be names in a question, None without any.

        ``token_ids`` gives the tokens of texts, ``vectors`` the vectors (t, d) of tokens.

        A word that is one token has a vector of its own and counts only if it is known as a name: "women" is not 我们.
        """
        latin = tuple(self._latin(text, tokens))
        spelt = list(self._han(tokens.ids[:_MOST_CHARACTERS]))
        rows = token_ids([word for _, word in spelt])
        han = tuple(
            _Han(span, word, tuple(row.tolist()))
            for (span, word), row in zip(spelt, rows, strict=True)
            if self._may_be(row)
        )
        words = tuple(self._words(text, tokens, vectors))
        return Asked(latin, han, words, self) if latin or han or words else None

    def _words(self, text: str, tokens: Tokens, vectors: Callable[[TokenIds], Floats]) -> Iterator[_Word]:
        """Yield words with capitals, the first of a question only if it is cut into several tokens; of scripts without
        capitals, and of a question without any, all that are cut."""
        plain = text.islower()
        found: list[tuple[str, Span]] = []
        for number, word in enumerate(_MAY_BE.finditer(text)):
            span = tokens.within(*word.span())
            letter = word[0][0]
            may_be = letter.isupper() or (len(span) > 1 and (plain or not letter.islower()))
            if may_be and len(span) > (number == 0) and not _NO_NAMES.search(word[0]):
                found.append((word[0], span))
        most = _MOST_NAMES if found and found[0][0][0].isupper() else _MOST_SMALL
        for own, span in sorted(found, key=lambda each: -len(each[0]))[:most]:
            ids = tokens.ids[span.start : span.end]
            scripts = self.kinds[ids] % BEGINS
            total = vectors(ids).sum(axis=0)
            vector = np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)
            yield _Word(own, span, int(scripts.max(initial=0)), vector)

    def read(self, ids: TokenIds) -> tuple[NDArray[np.uint16], Ints]:
        """Return the readings (c, r) of the characters of tokens (t,), and whose each is (c,); what holds none parts
        names, and counts as one that is not read."""
        characters = self._characters[ids]  # (t, m)
        there = characters > 0
        there[:, 0] = True
        return self._readings[characters[there]], np.repeat(np.arange(len(ids)), there.sum(axis=1))

    def pairs(self, syllables: set[tuple[int, int]]) -> list[str]:
        """Return pairs of characters that are read as one of some pairs of syllables."""
        of = {syllable: self._read_as(syllable) for pair in syllables for syllable in pair}
        both = (product(of[one], of[other]) for one, other in sorted(syllables))
        return list(dict.fromkeys(a + b for pairs in both for a, b in pairs))

    def _read_as(self, syllable: int) -> str:
        places = np.flatnonzero((self._readings == syllable).any(axis=1))[:_COMMON]
        return "".join(self._written[place - 1] for place in places.tolist())

    def _may_be(self, ids: TokenIds) -> bool:
        return len(ids) > 1 or (len(ids) == 1 and int(ids[0]) in self._known)

    def _latin(self, text: str, tokens: Tokens) -> Iterator[_Latin]:
        """Yield words of two syllables or more, and words that follow one another, with capitals if there are any."""
        plain = text.islower()
        row: list[_Latin] = []
        before = 0
        for word in _WORD.finditer(text):
            end, ways = self._cut(word[0])
            end += word.start()
            span = tokens.within(word.start(), end)
            if span.start >= span.end or not (plain or word[0][0].isupper()):
                ways = ()
            if row and not (ways and text[before : word.start()].isspace()):
                yield from _joined(row)
                row = []
            if ways:
                row.append(_Latin(span, ways))
            longer = tuple(way for way in ways if len(way) > 1)
            if longer and self._may_be(tokens.ids[span.start : span.end]):
                yield _Latin(span, longer)
            before = end
        yield from _joined(row)

    def _han(self, ids: TokenIds) -> Iterator[tuple[Span, str]]:
        """Yield two and three characters that follow one another, with the word of pinyin that they are."""
        read, owners = self.read(ids)
        for count in (2, 3):
            for start in range(len(read) - count + 1):
                here = read[start : start + count]
                if here[:, 0].all():
                    span = Span(int(owners[start]), int(owners[start + count - 1]) + 1)
                    ways = product(*(row[row > 0].tolist() for row in here))
                    for way in islice(ways, _READINGS):
                        yield span, "".join(self._syllables[number] for number in way)

    def _cut(self, word: str) -> tuple[int, tuple[tuple[int, ...], ...]]:
        """Return how much of a word is a name, and the ways to cut it into syllables: all of "Xi'an" and "Anjis", of
        "Anji's" what stands before the apostrophe."""
        stem, *ending = word.replace("’", "'").split("'")
        ways = self._ways(_letters(stem)) or self._ways(_letters(stem.removesuffix("s")))
        further = self._ways(_letters(ending[0])) if ending and ending[0][0] in "aeoAEO" else ()
        if ways and further:
            return len(word), tuple(islice((one + other for one, other in product(ways, further)), _WAYS))
        return len(stem), ways

    def _ways(self, letters: str) -> tuple[tuple[int, ...], ...]:
        """Return the ways to cut letters into syllables, that of the longest syllables first."""
        return tuple(islice(self._syllabified(letters), _WAYS)) if 0 < len(letters) <= _LONGEST else ()

    def _syllabified(self, letters: str) -> Iterator[tuple[int, ...]]:
        for end in range(min(len(letters), _LONGEST_SYLLABLE), 0, -1):
            number = self._numbers.get(letters[:end])
            if number is not None:
                rest = self._syllabified(letters[end:]) if end < len(letters) else iter([()])
                yield from ((number, *way) for way in rest)


def _letters(word: str) -> str:
    """Return a word in small letters without marks."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word.lower()) if letter.isalpha())


def _joined(row: Sequence[_Latin]) -> Iterator[_Latin]:
    """Yield words in a row as one name: "Yang Weidong"."""
    if 1 < len(row) <= _MOST_WORDS:
        ways = islice(product(*(word.ways for word in row)), _WAYS)
        yield _Latin(Span(row[0].tokens.start, row[-1].tokens.end), tuple(sum(way, ()) for way in ways))


def _where_read(ways: Sequence[tuple[int, ...]], read: NDArray[np.uint16], owners: Ints) -> Ints:
    """Return the tokens (m,) whose characters, read as ``read`` (c, r), are one of ``ways``, one after the other."""
    places: set[int] = set()
    for way in ways:
        here = np.ones(max(len(read) - len(way) + 1, 0), np.bool_)
        for at, syllable in enumerate(way):
            here &= (read[at : at + len(here)] == syllable).any(axis=1)
        for start in np.flatnonzero(here).tolist():
            places.update(owners[start : start + len(way)].tolist())
    return np.array(sorted(places), dtype=np.int64)


def _where_spelt(name: tuple[int, ...], ids: TokenIds, begins: Ints) -> Ints:
    """Return the places (m,) of a row of tokens in another, where it begins at one of ``begins``."""
    starts = begins[ids[begins] == name[0]]
    starts = starts[starts + len(name) <= len(ids)]
    for at, token in enumerate(name):
        starts = starts[ids[starts + at] == token]
    return np.asarray((starts[:, None] + np.arange(len(name))).ravel(), dtype=np.int64)
