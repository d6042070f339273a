"""The built-in model: numpy and sentence-transformers agree; any other model goes the same way."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from qa.encoder import BUILTIN, StaticEncoder, load_encoder, load_token_encoder, model_of, window_encoder
from qa.errors import EncoderNotFound
from qa.segmenting import FILE as PIECES
from qa.segmenting import Segmenter

TEXTS = [
    "安吉县上半年地区生产总值增长7.6%。", "漢字繁體與简体", "How many households are there?", "كم عدد السكان؟", "Сколько жителей?",
    "サムライと新幹線", "한국의 차 문화", "ประเทศไทย", "भारत की चाय", "", "   ", "🎉", "naïve café", "Ａ１",
]  # fmt: skip

FOLDER = Path(str(resources.files("qa") / "model"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_sentence_transformers_gives_the_same_vectors() -> None:
    from sentence_transformers import SentenceTransformer

    texts = [text for text in TEXTS if text.strip()]  # theirs is 0 / 0 where there is no token
    theirs = SentenceTransformer(str(FOLDER), device="cpu").encode(texts, convert_to_numpy=True)
    ours = load_encoder().encode_passages(texts)
    np.testing.assert_allclose(ours, np.asarray(theirs, np.float32), atol=1e-5)


def test_one_at_a_time_and_in_bulk_agree() -> None:
    encoder = load_encoder()
    bulk = encoder.encode_passages(TEXTS * 10)
    single = np.concatenate([encoder.encode_passages([text]) for text in TEXTS])
    np.testing.assert_allclose(bulk[: len(TEXTS)], single, atol=1e-5)


def test_vectors_are_unit_and_an_empty_text_is_zero() -> None:
    lengths = np.linalg.norm(load_encoder().encode_queries(["中国", ""]), axis=1)
    assert lengths.tolist() == pytest.approx([1.0, 0.0], abs=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("漢語圖書館", "汉语图书馆"),
        ("ＡＢＣ１２３", "abc123"),
        ("STRASSE", "straße"),
        ("القُرْآن", "القرآن"),
        ("Ёлка", "елка"),
    ],
)
def test_variants_fold_to_the_same_tokens(one: str, other: str) -> None:
    first, second = load_token_encoder().token_ids([one, other])
    assert first.tolist() == second.tolist()


def test_windows_overlap_and_cover_the_whole_text() -> None:
    encoder = load_encoder()
    assert isinstance(encoder, StaticEncoder)
    rows = [np.arange(100, 100 + length, dtype=np.uint32) for length in (1, 32, 33, 60, 5000)]
    vectors, counts = encoder.encode_windows(rows)
    # tokens 0-31, 24-55, 48-79 …: one more for each 24 beyond the first 32; never more than a passage may have
    assert counts.tolist() == [1, 1, 2, 3, 64]
    expected = encoder.encode_ids([rows[3][:32], rows[3][24:56], rows[3][48:]])
    np.testing.assert_allclose(vectors[4:7], expected, atol=1e-5)


def test_only_what_the_built_in_model_made_is_cut_into_windows() -> None:
    own = load_encoder().fingerprint
    assert window_encoder(own, own) is load_encoder()
    other = own.replace("builtin", "/a/model")
    assert window_encoder(other, own) is window_encoder(other, other) is None
    assert window_encoder(own.replace('"dim": ', '"dim": 9'), own.replace('"dim": ', '"dim": 9')) is None


def _static_folder(folder: Path, tensors: dict[str, np.ndarray]) -> StaticEncoder:
    """Return the shipped tokenizer's folder with another table."""
    for name in ("modules.json", "config_sentence_transformers.json", "tokenizer.json", PIECES):
        (folder / name).write_bytes((FOLDER / name).read_bytes())
    save_file(tensors, folder / "model.safetensors")
    encoder = load_encoder(str(folder))
    assert isinstance(encoder, StaticEncoder)
    return encoder


@pytest.mark.parametrize("kind", ["wide", "rounded", "shared"])
def test_a_static_folder_is_read_alike_wide_rounded_or_with_shared_rows(tmp_path: Path, kind: str) -> None:
    size = len(Segmenter.load(FOLDER))
    rng = np.random.default_rng(0)
    rows = (
        np.arange(size, dtype=np.int32) if kind != "shared" else rng.integers(0, 1000, size, dtype=np.int32)
    )
    table = rng.integers(-127, 128, (int(rows.max()) + 1, 8)).astype(np.int8)
    factors = np.linspace(0.5, 2.0, size, dtype=np.float32) / 127
    wide = table[rows] * factors[:, None]
    tensors = {"embeddings": table, "weights": factors} if kind != "wide" else {"embedding.weight": wide}
    encoder = _static_folder(tmp_path, tensors | ({"mapping": rows} if kind == "shared" else {}))
    ids = np.array([5, 70_000], np.uint32)
    assert encoder.size == size
    np.testing.assert_allclose(encoder.vectors(ids), wide[ids], rtol=1e-6)
    directions, norms, lengths = encoder.directions(ids)
    np.testing.assert_allclose(directions / norms[:, None] * lengths[:, None], wide[ids], rtol=1e-5)


@pytest.mark.parametrize("row", [-1, 10])
def test_a_row_that_is_not_there_is_refused(tmp_path: Path, row: int) -> None:
    size = len(Segmenter.load(FOLDER))
    rows = np.zeros(size, np.int32)
    rows[7] = row
    tensors = {"embeddings": np.ones((10, 8), np.int8), "weights": np.ones(size, np.float32), "mapping": rows}
    with pytest.raises(EncoderNotFound, match="rows that its 10 vectors do not have"):
        _static_folder(tmp_path, tensors)


def test_token_spans_point_into_the_original_text() -> None:
    text = "ＧＤＰ增长 7.6%,\nnaïve"
    tokens = load_token_encoder().tokens(text)
    covered = {text[start:end] for start, end in tokens.spans.tolist()}
    assert any("ＧＤＰ" in piece or piece == "Ｇ" for piece in covered)
    assert all(0 <= start <= end <= len(text) for start, end in tokens.spans.tolist())


def test_a_name_that_leads_nowhere_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderNotFound, match="empty"):
        load_encoder(str(tmp_path / "empty"))


def test_a_damaged_static_folder_says_which_file(tmp_path: Path) -> None:
    for name in ("modules.json", "config_sentence_transformers.json"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 16)
    with pytest.raises(EncoderNotFound, match=r"tokenizer\.json"):
        load_encoder(str(tmp_path))


def test_the_fingerprint_names_the_model() -> None:
    assert model_of(load_encoder().fingerprint) == BUILTIN
    with pytest.raises(EncoderNotFound):
        model_of("garbage")


def _small_model(folder: Path) -> Path:
    """Make a sentence-transformers folder with a transformer of one layer and prompts of its own."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "query",
        "passage",
        ":",
        "tea",
        "grows",
        "in",
        "hills",
        "ships",
        "where",
    ]
    tokenizer = Tokenizer(
        models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    raw = folder / "raw"
    BertModel(config).save_pretrained(raw)
    fast.save_pretrained(raw)
    transformer = Transformer(str(raw))
    model = SentenceTransformer(
        modules=[transformer, Pooling(16)],
        prompts={"query": "query: ", "document": "passage: "},
        device="cpu",
    )
    model.save(str(folder / "small"))
    return folder / "small"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_any_sentence_transformers_folder_with_its_prompts(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = _small_model(tmp_path)
    encoder = load_encoder(str(folder))
    asked, told = encoder.encode_queries(["tea"]), encoder.encode_passages(["tea"])
    assert asked.shape == told.shape == (1, 16)
    assert not np.allclose(asked, told), "question and passage prompts must differ"
    plain = SentenceTransformer(str(folder), device="cpu").encode(
        ["query: tea"], normalize_embeddings=True, prompt=""
    )
    np.testing.assert_allclose(asked, plain, atol=1e-5)
    assert json.loads(encoder.fingerprint)["prompts"]["query"] == "query: "


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_a_library_made_with_another_model(tmp_path: Path) -> None:
    from qa import QA
    from qa.errors import EncoderMismatch

    folder = _small_model(tmp_path)
    (tmp_path / "tea.txt").write_text("Tea grows in hills. Ships carry it to other lands.", encoding="utf-8")
    with QA.open(tmp_path / "index", model=str(folder)) as qa:
        assert qa.add(tmp_path / "tea.txt").added == ("tea.txt",)
    with QA.open(tmp_path / "index") as qa:  # the library knows its model
        assert qa.search("where grows tea", k=1)[0].source == "tea.txt"
    with pytest.raises(EncoderMismatch, match="--model"):
        QA.open(tmp_path / "index", model="builtin")


@pytest.mark.parametrize("name", ["no-such/model", "no-such-model", "../no/such", "no such?", "x" * 300])
def test_unknown_model_without_a_network_is_an_error_within_seconds(name: str) -> None:
    code = """if True:
        import sys, time, huggingface_hub
        from qa.encoder import load_encoder
        from qa.errors import EncoderNotFound
        started = time.monotonic()
        try:
            load_encoder(sys.argv[1])
        except EncoderNotFound as error:
            print(error)
        assert time.monotonic() - started < 10, time.monotonic() - started
        assert "torch" not in sys.modules
    """
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    settings = {**os.environ, "HF_ENDPOINT": nobody}
    done = subprocess.run(
        [sys.executable, "-c", code, name], env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"no folder '{name}'" in done.stdout
    assert "builtin" in done.stdout
