"""Few texts are cut without the library's tree of pieces, and into the very tokens that the library cuts them into."""

from __future__ import annotations

import json
import random
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import marisa_trie
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Encoding, Tokenizer

from qa import segmenting
from qa.encoder import StaticEncoder
from qa.errors import EncoderNotFound
from qa.segmenting import FILE, Segmenter, TextTokenizer
from training.export import write_pieces

FOLDER = Path(str(resources.files("qa") / "model"))

SCRIPTS = "abcXYZ éöß 019 .,'-? абвЖЁ αβγ אבג ابتة देवनागरी কখগ ไทยภาษา 中国大學 カナひら 한국어 ქარհ🎉\u200c\u0301\n"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """Return the library's tokenizer of the shipped model."""
    return Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every hundredth piece of the shipped model, so that many characters are unknown."""
    folder = tmp_path_factory.mktemp("small")
    state = json.loads((FOLDER / "tokenizer.json").read_text(encoding="utf-8"))
    unknown = state["model"]["vocab"][state["model"]["unk_id"]]
    pieces = dict([unknown, *state["model"]["vocab"][::100], *([letter, -9.0] for letter in "abcde ▁中")])
    trie = marisa_trie.Trie(pieces)
    state["model"]["vocab"] = [[trie.restore_key(n), pieces[trie.restore_key(n)]] for n in range(len(pieces))]
    state["model"]["unk_id"] = trie.key_id(unknown[0])
    (folder / "tokenizer.json").write_text(json.dumps(state), encoding="utf-8")
    write_pieces(state, folder)
    return folder


def same(ours: Encoding, theirs: Encoding) -> bool:
    return (ours.ids, ours.offsets) == (theirs.ids, theirs.offsets)


@given(text=st.one_of(st.text(max_size=60), st.text(alphabet=SCRIPTS, max_size=60)))
def test_any_text_is_cut_as_the_library_cuts_it(text: str, small: Path) -> None:
    segmenter, library = Segmenter.load(small), Tokenizer.from_file(str(small / "tokenizer.json"))
    assert same(segmenter.encode(text), library.encode(text, add_special_tokens=False))


def test_the_shipped_pieces_cut_real_texts_as_the_library_does(tokenizer: Tokenizer) -> None:
    lines = Path("corpus/questions.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["question"] for line in lines]
    for path in sorted(Path("corpus").rglob("*.md")):
        texts.extend(path.read_text(encoding="utf-8").splitlines())
    draw = random.Random(0)
    texts.extend("".join(draw.choices(SCRIPTS, k=40)) for _ in range(500))
    segmenter = Segmenter.load(FOLDER)
    different = [
        text
        for text in texts
        if not same(segmenter.encode(text), tokenizer.encode(text, add_special_tokens=False))
    ]
    assert len(texts) > 800
    assert different == []


def test_pieces_are_numbered_as_in_the_library(tokenizer: Tokenizer) -> None:
    segmenter = Segmenter.load(FOLDER)
    assert len(segmenter) == tokenizer.get_vocab_size()
    numbers = range(0, len(segmenter), 997)
    assert [segmenter.text(number) for number in numbers] == [tokenizer.id_to_token(n) for n in numbers]


def test_the_library_is_started_once_much_was_cut_and_at_once_for_a_large_batch(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segmenting, "WORTH", 100)
    monkeypatch.setattr(segmenting, "FEW", 10)
    patient = TextTokenizer(small)
    for _ in range(9):
        patient.encode("abcde abcde")
    assert patient._begun is None  # 99 characters
    patient.encode("abcde abcde")
    assert patient._begun is not None
    patient._begun.result()
    texts = ["abcde", "中", "Ж"]
    hurried = TextTokenizer(small)
    whole = hurried.encode_many([*texts, "a" * 100])
    assert hurried._begun is not None
    assert [each.ids for each in whole[:3]] == [TextTokenizer(small).encode(text).ids for text in texts]
    assert [patient.encode(text).ids for text in texts] == [each.ids for each in whole[:3]]


@example(text="\x1f", title="")
@example(text="a\x1c b", title="ab")
@given(
    text=st.one_of(st.text(max_size=60), st.text(alphabet=SCRIPTS, max_size=60)),
    title=st.sampled_from(["", "中", "ab"]),
)
def test_tokens_that_are_known_are_laid_along_the_text_as_the_library_does(
    text: str, title: str, small: Path
) -> None:
    segmenter, library = Segmenter.load(small), Tokenizer.from_file(str(small / "tokenizer.json"))
    stored = library.encode(f"{title}\n{text}", add_special_tokens=False).ids
    right = library.encode(text, add_special_tokens=False)
    found = segmenter.read_off(text, np.array(stored, np.uint32))
    if found is not None:
        assert (found.ids.tolist(), [tuple(span) for span in found.spans.tolist()]) == (
            right.ids,
            right.offsets,
        )


def test_the_tokens_of_most_real_texts_are_read_off(tokenizer: Tokenizer) -> None:
    segmenter = Segmenter.load(FOLDER)
    lines = [line for path in sorted(Path("corpus").rglob("*.md")) for line in path.read_text().splitlines()]
    read = 0
    for line in filter(str.strip, lines):
        right = tokenizer.encode(line, add_special_tokens=False)
        found = segmenter.read_off(line, np.array([7, *right.ids], np.uint32))
        read += found is not None
        if found is not None:
            assert found.ids.tolist() == right.ids
            assert [tuple(span) for span in found.spans.tolist()] == right.offsets
    assert read > 0.8 * len(lines) / 2  # every other line is empty
    assert segmenter.read_off("canal", np.array([7, 8], np.uint32)) is None


def test_no_question_needs_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(file: Path) -> Any:
        raise AssertionError(file)

    monkeypatch.setattr(segmenting, "_read", fail)
    monkeypatch.setattr(segmenting, "WORTH", 1_000)
    encoder = StaticEncoder.load(FOLDER, name="builtin")
    for number in range(200):  # however many are asked
        encoder.encode_queries([f"How long is canal {number}?"])
    assert np.isfinite(encoder.encode_queries(["苏伊士运河是哪一年通航的？"])).all()
    assert encoder.texts(encoder.token_ids(["canal"])[0]) == ["▁canal"]


@pytest.mark.parametrize("name", [FILE, "tokenizer.json"])
def test_a_damaged_file_is_named(name: str, small: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "model"))
    (folder / name).write_bytes(b"{" * 64)
    with pytest.raises(EncoderNotFound, match=name):
        TextTokenizer(folder).encode_many(["a" * (segmenting.WORTH + 1)])
