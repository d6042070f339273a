"""Writes a trained table as the sentence-transformers folder that the package ships."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import marisa_trie
import numpy as np
from safetensors.numpy import load_file, save_file

from qa.segmenting import FILE, HUNDREDTHS, LONGEST
from qa.types import Floats, Ints

MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"},
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
]
SETTINGS = {
    "model_type": "SentenceTransformer",
    "prompts": {"query": "", "document": ""},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}


def export(works: Sequence[Path], out: Path) -> None:
    """Write a tokenizer and checkpoint to ``out``, the table as int8 with a factor for each token.

    Of several ``works``, stages of one training, the mean of their tables is written: better than any of them (Wortsman
    et al., Model soups, ICML 2022). The names of the tensors are those under which sentence-transformers reads a
    rounded table.
    """
    tokenizer = json.loads((works[0] / "tokenizer.json").read_text(encoding="utf-8"))
    write(tokenizer, mean_length_one(sum(table_of(work) for work in works)), out)
    (out / "1_Normalize").mkdir(exist_ok=True)
    (out / "1_Normalize" / "config.json").write_text("{}\n")
    (out / "modules.json").write_text(json.dumps(MODULES, indent=2) + "\n")
    (out / "config_sentence_transformers.json").write_text(json.dumps(SETTINGS, indent=2) + "\n")


def write(tokenizer: Any, table: Floats, out: Path, *, owners: Ints | None = None) -> None:
    """Write a tokenizer, as its JSON says it, and its vectors (v, d).

    ``owners`` (v,) are the tokens whose direction each token has: tokens with one owner share a row of the file.
    """
    weight = table.copy()
    generator = np.random.default_rng(0)
    # the unknown token all but says nothing; a row of zeros would make a text of unknowns 0 / 0
    weight[tokenizer["model"]["unk_id"]] = generator.standard_normal(weight.shape[1]) * 1e-3
    distinct, rows = np.unique(np.arange(len(table)) if owners is None else owners, return_inverse=True)
    directions = weight[distinct]
    directions *= 127 / np.maximum(np.abs(directions).max(axis=1, keepdims=True), 1e-9)
    rounded = np.round(directions).astype(np.int8)
    lengths = np.linalg.norm(rounded.astype(np.float32), axis=1)
    factors = np.linalg.norm(weight, axis=1) / np.maximum(lengths, 1.0)[rows]
    out.mkdir(parents=True, exist_ok=True)
    tensors = {"embeddings": rounded, "weights": factors.astype(np.float16), "mapping": rows.astype(np.int32)}
    save_file(tensors, out / "model.safetensors")
    compact = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (out / "tokenizer.json").write_text(compact, encoding="utf-8")


def write_pieces(tokenizer: Any, out: Path) -> None:
    """Write what ``qa.segmenting`` reads: pieces as a trie, by whose keys they are numbered, and their scores (v,)."""
    pieces, scores = zip(*tokenizer["model"]["vocab"], strict=True)
    trie = marisa_trie.Trie(pieces)
    assert list(pieces) == [trie.restore_key(number) for number in range(len(pieces))]
    assert max(map(len, pieces)) <= LONGEST
    unknown = tokenizer["model"]["unk_id"]
    alone = tokenizer["model"] | {"vocab": [[pieces[unknown], 0.0]], "unk_id": 0}
    facts = {"head": json.dumps(tokenizer | {"model": alone}), "unknown": str(unknown)}
    whole = np.round(np.array(scores) * HUNDREDTHS).astype(np.int16)
    save_file({"trie": np.frombuffer(trie.tobytes(), np.uint8), "scores": whole}, out / FILE, metadata=facts)


def table_of(work: Path) -> Floats:
    return mean_length_one(load_file(work / "checkpoint.safetensors")["weight"].astype(np.float32))


def mean_length_one(table: Floats) -> Floats:
    """Scale rows (v, d) so that the mean of their squared lengths is 1."""
    return np.asarray(table / np.sqrt(np.mean(np.square(table).sum(axis=1))), dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=Path("src/qa/model"))
    args = parser.parse_args()
    export(args.work, args.out)


if __name__ == "__main__":
    main()
