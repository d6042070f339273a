"""Texts that are nearly the same: a few numbers of a text that are likely equal for both.

The resemblance of two texts is the share of their shingles (runs of ``SHINGLE`` characters, white space left out) that
both have (Broder, On the resemblance and containment of documents, 1997). Of all shingles the smallest hash in each of
36 parts of the range of hashes is kept (one permutation hashing, an empty part served by the next one: Shrivastava and
Li, 2014), six of these make a band, and texts with an equal band are worth comparing: two of resemblance 0.9 have one
with a probability of 0.99, of 0.8 with 0.84, of 0.5 with 0.09.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

SHINGLE = 9
BANDS, ROWS = 6, 6
SHORT = 1000
"""Characters below which a text has one band, which only the same text has: a note, a row, a form are soon alike."""

STEP = 1 << 18
"""Characters that are hashed together: the memory is that of a step, not of the text."""

Hashes = NDArray[np.uint64]

_MIX, _MIX_TOO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)  # odd, with bits all over
_HALF = np.uint64(32)
_HIGHEST = np.uint64(0xFFFFFFFFFFFFFFFF)
_PARTS = np.array([(part << 64) // (BANDS * ROWS) for part in range(BANDS * ROWS)], np.uint64)


def bands(text: str) -> list[int]:
    """Return numbers below 2**32 of which a text that is nearly the same has one, too; none for white space."""
    bare = _bare(text)
    if len(bare) < SHORT:
        digest = hashlib.blake2b(bare.encode("utf-8", "surrogatepass"), digest_size=4).digest()
        return [int.from_bytes(digest)] if bare else []
    mixed = np.arange(BANDS, dtype=np.uint64)
    for column in _least(bare).reshape(BANDS, ROWS).T:
        mixed = _mixed((mixed ^ column) * _MIX)
    return [int(band) for band in mixed >> _HALF]


def resemblance(one: str, other: str) -> float:
    """Return the share (0 to 1) of the shingles of two texts that both have; 1 if they differ in white space only."""
    bare, bare_other = _bare(one), _bare(other)
    if bare == bare_other:
        return 1.0
    hashes, hashes_other = np.unique(_hashes(bare)), np.unique(_hashes(bare_other))
    both = len(np.intersect1d(hashes, hashes_other, assume_unique=True))
    return both / (len(hashes) + len(hashes_other) - both)


def _bare(text: str) -> str:
    """Return a text without its white space."""
    return "".join("".join(text[at : at + STEP].split()) for at in range(0, len(text), STEP))


def _least(bare: str) -> Hashes:
    """Return the smallest hash (36,) in or behind each part of the range, the smallest of all behind the last."""
    least = np.full(len(_PARTS), _HIGHEST)
    for at in range(0, len(bare) - SHINGLE + 1, STEP):
        hashes = _hashes(bare[at : at + STEP + SHINGLE - 1])
        least = np.minimum(least, np.append(hashes, _HIGHEST)[np.searchsorted(hashes, _PARTS)])
    return np.where(least == _HIGHEST, least[0], least)


def _hashes(bare: str) -> Hashes:
    """Return the hashes (n,) of all shingles, ascending; of a text that is shorter than one, its own."""
    codes = np.frombuffer(bare.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    codes = np.pad(codes, (0, max(0, SHINGLE - len(codes))))
    count = len(codes) - SHINGLE + 1
    hashes = np.zeros(count, np.uint64)
    for place in range(SHINGLE):
        hashes *= _MIX
        hashes += codes[place : place + count]
    return np.sort(_mixed(hashes))


def _mixed(hashes: Hashes) -> Hashes:
    """Spread numbers evenly over their range."""
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX_TOO
    return hashes ^ (hashes >> _HALF)
