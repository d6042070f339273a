"""Texts that are nearly the same are told from those that are not, in any script, and at a cost of their own."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from qa import indexing, sketches
from qa.library import ALIKE
from qa.sketches import SHORT, STEP, bands, resemblance
from qa.types import Duplicate
from tests.fakes import ENCODER, create, make_document

SCRIPTS = {
    "en": "abcdefghijklmnopqrstuvwxyz",
    "zh": "".join(map(chr, range(0x4E00, 0x5200))),
    "ja": "".join(map(chr, range(0x3041, 0x3097))),
    "ko": "".join(map(chr, range(0xAC00, 0xB000))),
    "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "hi": "".join(map(chr, range(0x905, 0x93A))),
    "th": "".join(map(chr, range(0xE01, 0xE2F))),
}


def text_of(alphabet: str, *, characters: int = 6000, seed: int = 0) -> str:
    letters = random.Random(seed).choices(alphabet, k=characters)
    return " ".join("".join(letters[start : start + 6]) for start in range(0, characters, 6))


def changed(text: str, words: int) -> str:
    """Return the text with so many words, evenly spread, put into other letters."""
    parts = text.split()
    for place in range(0, len(parts), len(parts) // words):
        parts[place] = parts[place][::-1] + parts[place][:1]
    return " ".join(parts)


def test_resemblance_worked_out_by_hand() -> None:
    # of ten letters there are two shingles of nine; one of them is in both
    assert resemblance("abcdefghij", "abcdefghix") == pytest.approx(1 / 3)
    assert resemblance("abcdefghij", "xbcdefghix") == 0.0
    assert resemblance("abc", "abc") == 1.0
    assert resemblance("abc", "abd") == 0.0
    assert resemblance("ab c\n", "a bc") == 1.0
    assert resemblance("", "") == 1.0


@pytest.mark.parametrize("script", SCRIPTS)
def test_nearly_equal_texts_share_a_band_and_others_do_not(script: str) -> None:
    text = text_of(SCRIPTS[script])
    assert bands(text) == bands(text.replace(" ", "\n\n"))
    assert len(bands(text)) == 6
    near = changed(text, 10)
    assert resemblance(text, near) > 0.9
    assert set(bands(text)) & set(bands(near))
    other = text_of(SCRIPTS[script], seed=1)
    assert resemblance(text, other) < 0.1
    assert not set(bands(text)) & set(bands(other))


def test_bands_are_shared_as_often_as_the_formula_says() -> None:
    """Of pairs of resemblance r, a share of 1 - (1 - r^6)^6 has an equal band."""
    for words, least, most in ((5, 0.97, 1.0), (120, 0.0, 0.5)):
        pairs = [(text, changed(text, words)) for text in (text_of(SCRIPTS["en"], seed=n) for n in range(60))]
        expected = [1 - (1 - resemblance(*pair) ** 6) ** 6 for pair in pairs]
        shared = [bool(set(bands(one)) & set(bands(other))) for one, other in pairs]
        assert least <= sum(expected) / len(pairs) <= most
        assert sum(shared) / len(pairs) == pytest.approx(sum(expected) / len(pairs), abs=0.2)


def test_short_texts_are_compared_whole_and_white_space_is_nothing() -> None:
    short = text_of(SCRIPTS["en"], characters=SHORT - 10)
    assert len(bands(short)) == 1
    assert bands(short) == bands(short.replace(" ", ""))
    assert bands(short) != bands(changed(short, 1))
    assert bands(" \n") == []
    assert len(bands("\ud800x")) == 1  # half a surrogate pair


def test_copies_and_near_copies_are_reported_once_each_with_the_older_one(tmp_path: Path) -> None:
    text = text_of(SCRIPTS["en"])
    near, far = changed(text, 10), changed(text, 200)
    documents = [
        make_document(source, content)
        for source, content in {
            "a": text,
            "b": near,
            "c": text,
            "d": far,
            "e": text_of(SCRIPTS["zh"]),
            "f": "Short.",
            "g": "Short.",
        }.items()
    ]
    with create(tmp_path) as library:
        report = indexing.add_documents(library, documents, encoder=ENCODER, token_encoder=ENCODER)
        assert [(each.source, each.of) for each in report.duplicates] == [("b", "a"), ("c", "a"), ("g", "f")]
        shares = {each.source: each.share for each in report.duplicates}
        assert shares["c"] == shares["g"] == 1.0
        assert ALIKE < shares["b"] == resemblance(text, near) < 1.0
        again = indexing.add_documents(library, documents, encoder=ENCODER, token_encoder=ENCODER)
        assert again.duplicates == ()

        indexing.remove(library, "a")
        third = make_document("h", text)
        report = indexing.add_documents(library, [third], encoder=ENCODER, token_encoder=ENCODER)
        assert report.duplicates == (Duplicate("h", "c", 1.0),)

        indexing.reencode(library, encoder=ENCODER, token_encoder=ENCODER)
        fourth = make_document("i", text)
        report = indexing.add_documents(library, [fourth], encoder=ENCODER, token_encoder=ENCODER)
        assert report.duplicates == (Duplicate("i", "c", 1.0),)
        assert library.check() == []


def test_a_thousand_copies_cost_no_more_each_than_a_few(tmp_path: Path) -> None:
    with create(tmp_path) as library:
        copies = [make_document(f"{number:04}", "The same few words.") for number in range(1000)]
        report = indexing.add_documents(library, copies, encoder=ENCODER, token_encoder=ENCODER)
        assert len(report.duplicates) == 999
        assert {each.of for each in report.duplicates} == {"0000"}


def test_a_long_text_is_sketched_in_the_memory_of_a_step_and_as_a_whole() -> None:
    long = "".join(f"{number} of them, " for number in range(150_000))
    assert len(long) > 8 * STEP
    tracemalloc.start()
    try:
        found = bands(long)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * len(long) + 80 * STEP
    hashes = sketches._hashes("".join(long.split()))
    whole = hashes[np.searchsorted(hashes, sketches._PARTS) % len(hashes)]
    assert np.array_equal(sketches._least("".join(long.split())), whole)
    assert len(found) == sketches.BANDS
