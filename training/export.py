"""Writes a trained table as the sentence-transformers folder that the package ships."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from qa.types import Floats

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
    """Write a tokenizer and checkpoint to ``out``, the table as int8 with a factor for each row.

    Of several ``works``, stages of one training, the mean of their tables is written: better than any of them (Wortsman
    et al., Model soups, ICML 2022). The names of the two tensors are those under which sentence-transformers reads a
    rounded table.
    """
    tokenizer = json.loads((works[0] / "tokenizer.json").read_text(encoding="utf-8"))
    write(tokenizer, sum(table_of(work) for work in works), out)
    (out / "1_Normalize").mkdir(exist_ok=True)
    (out / "1_Normalize" / "config.json").write_text("{}\n")
    (out / "modules.json").write_text(json.dumps(MODULES, indent=2) + "\n")
    (out / "config_sentence_transformers.json").write_text(json.dumps(SETTINGS, indent=2) + "\n")


def write(tokenizer: Any, table: Floats, out: Path) -> None:
    """Write a tokenizer, as its JSON says it, and its vectors (v, d)."""
    weight = mean_length_one(table)
    generator = np.random.default_rng(0)
    # the unknown token all but says nothing; a row of zeros would make a text of unknowns 0 / 0
    weight[0] = generator.standard_normal(weight.shape[1]) * 1e-3
    factors = np.maximum(np.abs(weight).max(axis=1), 1e-9) / 127
    out.mkdir(parents=True, exist_ok=True)
    rounded = np.round(weight / factors[:, None]).astype(np.int8)
    save_file({"embeddings": rounded, "weights": factors.astype(np.float32)}, out / "model.safetensors")
    compact = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (out / "tokenizer.json").write_text(compact, encoding="utf-8")


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
