"""Turns texts into vectors: the built-in static model with numpy alone, or any sentence-transformers model.

A static model is a table of token vectors; a text's vector is the unit mean of its tokens'. The folder is
an ordinary sentence-transformers folder (``StaticEmbedding`` + ``Normalize``), read here without torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa import names as naming
from qa.dense import WINDOWS
from qa.errors import EncoderNotFound
from qa.types import Encoder, Floats, Ints, Names, TokenEncoder, TokenIds, Tokens

if TYPE_CHECKING:
    from qa.segmenting import TextTokenizer

BUILTIN = "builtin"

STRIDE, OVERLAP = 24, 8
"""Tokens that a window takes in anew, and that it shares with the next."""

_MANY = 64
"""Texts from which one sparse product, and sharing them out among threads, is worth its start."""

_REMEMBERED = 16
"""Texts whose tokens are remembered: ranking, quote and reason each ask for the question's and the best passage's."""

_HUB_SECONDS = 10.0
"""In which the hub must say that it has a model."""

_BATCH = 4096
"""Texts tokenised at a time: enough for both cores, little enough memory for long ones."""


class StaticEncoder:
    """A table of token vectors (v, d): ``Encoder`` and ``TokenEncoder`` at once.

    The table is float, or int8 with a float for each token that its numbers are multiplied by. Tokens that mean the
    same may share a row (r of them): ``rows`` (v,) then tells which row is whose.
    """

    def __init__(
        self,
        name: str,
        tokenizer: TextTokenizer,
        table: np.ndarray[Any, Any],
        revision: str,
        scales: Floats | None = None,
        names: naming.NameTable | None = None,
        rows: NDArray[np.int32] | None = None,
    ) -> None:
        self.name = name
        self._tokenizer = tokenizer
        self._table = table
        self._scales = scales
        self._rows = rows
        self._names = names
        self._encoding = lru_cache(_REMEMBERED)(tokenizer.encode)
        self._revision = revision
        self._named = lru_cache(_REMEMBERED)(self._find_names)
        self.fingerprint = _fingerprint(name, revision, self.dim, {})

    @classmethod
    def load(cls, folder: Path, *, name: str) -> StaticEncoder:
        """Read tokenizer and ``model.safetensors`` of a StaticEmbedding folder.

        Raises:
            EncoderNotFound: a file is missing or damaged.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        from qa.segmenting import TextTokenizer

        tokenizer = TextTokenizer(folder)
        try:
            tensors = load_file(folder / "model.safetensors")
            rounded = "embedding.weight" not in tensors
            table = tensors["embeddings" if rounded else "embedding.weight"]
            scales = tensors["weights"].astype(np.float32) if rounded else None
            rows = tensors.get("mapping")
        except (OSError, SafetensorError, KeyError) as error:
            raise EncoderNotFound(
                f"'{folder / 'model.safetensors'}' cannot be loaded: {_first_line(error)}."
            ) from error
        tokens, known = len(tokenizer), len(table) if rows is None else len(rows)
        if tokens > known or (scales is not None and len(scales) != known):
            raise EncoderNotFound(f"'{folder}' has {tokens} tokens but {known} vectors.")
        if rows is not None and not (rows.min(initial=0) >= 0 and rows.max(initial=-1) < len(table)):
            raise EncoderNotFound(f"'{folder}' gives tokens rows that its {len(table)} vectors do not have.")
        return cls(name, tokenizer, table, _revision(folder), scales, naming.NameTable.load(folder), rows)

    @property
    def dim(self) -> int:
        return int(self._table.shape[1])

    @property
    def size(self) -> int:
        """How many tokens have a vector."""
        return len(self._table if self._rows is None else self._rows)

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        return self.encode_ids(self.token_ids(texts))

    def token_ids(self, texts: Sequence[str]) -> list[TokenIds]:
        if len(texts) < _MANY:
            encodings = [self._encoding(text) for text in texts]
            return [np.array(encoding.ids, dtype=np.uint32) for encoding in encodings]
        rows: list[TokenIds] = []
        for start in range(0, len(texts), _BATCH):
            rows.extend(self._unremembered(texts[start : start + _BATCH]))
        return rows

    def _unremembered(self, texts: Sequence[str]) -> list[TokenIds]:
        encodings = self._tokenizer.encode_many(texts)
        return [np.array(encoding.ids, dtype=np.uint32) for encoding in encodings]

    def encode_ids(self, rows: Sequence[TokenIds]) -> Floats:
        """Return unit means (n, d) of token sequences; a text without tokens is the zero vector."""
        if len(rows) >= _MANY:
            return unit(self._sums(rows))
        vectors = np.zeros((len(rows), self.dim), dtype=np.float32)
        for number, row in enumerate(rows):
            vectors[number] = self.vectors(row).sum(axis=0)
        return unit(vectors)

    def encode_windows(self, rows: Sequence[TokenIds]) -> tuple[Floats, Ints]:
        """Return unit means (w, d) of overlapping windows of token sequences (n), and how many are of each (n,).

        In the mean of a long passage its single words drown; in a window they are found, in another language too.
        """
        windows: list[TokenIds] = []
        counts = np.empty(len(rows), np.int64)
        for number, row in enumerate(rows):
            before = len(windows)
            starts = range(0, min(max(1, len(row) - OVERLAP), STRIDE * WINDOWS), STRIDE)
            windows.extend(row[start : start + STRIDE + OVERLAP] for start in starts)
            counts[number] = len(windows) - before
        return self.encode_ids(windows), counts

    def _sums(self, rows: Sequence[TokenIds]) -> Floats:
        """Return sums of token vectors (n, d) as one sparse product: four times as fast as a loop."""
        from scipy.sparse import csr_array

        flat = np.concatenate(rows)
        distinct, places = distinct_tokens(flat)
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        counts = csr_array(
            (np.ones(len(flat), np.float32), places, offsets),
            shape=(len(rows), len(distinct)),
        )
        return np.asarray(counts @ self.vectors(distinct), dtype=np.float32)

    def vectors(self, ids: TokenIds) -> Floats:
        vectors = self._rows_of(ids)
        if self._scales is not None:
            vectors *= self._scales[ids][:, None]
        return vectors

    def directions(self, ids: TokenIds) -> tuple[Floats, Floats, Floats]:
        directions = self._rows_of(ids)
        norms = np.sqrt(np.einsum("td,td->t", directions, directions))
        return directions, norms, norms if self._scales is None else norms * self._scales[ids]

    def _rows_of(self, ids: TokenIds) -> Floats:
        at = ids if self._rows is None else self._rows.take(ids)
        return self._table.take(at, axis=0).astype(np.float32, copy=False)

    def texts(self, ids: TokenIds) -> list[str]:
        return [self._tokenizer.text(token) for token in ids.tolist()]

    def tokens(self, text: str, ending: TokenIds | None = None) -> Tokens:
        if ending is not None and (read_off := self._tokenizer.read_off(text, ending)):
            return read_off
        encoding = self._encoding(text)
        ids = np.array(encoding.ids, dtype=np.uint32)
        spans: Ints = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        return Tokens(ids, spans)

    def without_names(self) -> StaticEncoder:
        """Return the same encoder, but for names in other letters, which it does not know."""
        return StaticEncoder(
            self.name, self._tokenizer, self._table, self._revision, self._scales, rows=self._rows
        )

    def names(self, text: str) -> Names | None:
        return self._named(text)

    def _find_names(self, text: str) -> Names | None:
        return (
            self._names.names(text, self.tokens(text), self._unremembered, self.vectors)
            if self._names
            else None
        )


def distinct_tokens(ids: TokenIds) -> tuple[TokenIds, NDArray[np.int32]]:
    """Return the distinct ones of token ids (t,), ascending, and which of them each is (t,).

    Ids are small numbers: to mark them is four times as fast as to sort them.
    """
    there = np.zeros(int(ids.max(initial=0)) + 1, np.bool_)
    there[ids] = True
    distinct = np.flatnonzero(there)
    places = np.empty(len(there), np.int32)
    places[distinct] = np.arange(len(distinct), dtype=np.int32)
    return distinct.astype(np.uint32), places[ids]


class SentenceTransformerEncoder:
    """Any sentence-transformers model, with its own prompts for questions and for passages."""

    def __init__(self, name: str) -> None:
        is_here = _is_folder(name) or _is_cached(name)
        if not is_here:
            _check_on_hub(name)
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(name, local_files_only=is_here)
        except Exception as error:  # the library raises many kinds for "no such model"
            raise EncoderNotFound(
                f"No sentence-transformers model '{name}' can be loaded ({_first_line(error)}). "
                f"Give a model folder, a hub id, or '{BUILTIN}'."
            ) from error
        self.name = name
        revision = _revision(Path(name)) if _is_folder(name) else "hub"
        self.fingerprint = _fingerprint(name, revision, self.dim, self._model.prompts)

    @property
    def dim(self) -> int:
        dim = self._model.get_embedding_dimension()
        assert dim is not None
        return int(dim)

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        return self._unit(self._model.encode_query(list(texts), show_progress_bar=False))

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        return self._unit(self._model.encode_document(list(texts), show_progress_bar=False))

    def _unit(self, vectors: Any) -> Floats:
        return unit(np.asarray(vectors, dtype=np.float32).reshape(-1, self.dim))


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # longer than a name can be
        return False


def _is_cached(name: str) -> bool:
    """Say whether a model of the hub was downloaded before; then no network is used for it."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    files = [(each, file) for each in _hub_names(name) for file in ("modules.json", "config.json")]
    try:
        return any(isinstance(try_to_load_from_cache(each, file), str) for each, file in files)
    except HFValidationError:
        return False


def _check_on_hub(name: str) -> None:
    """Raise ``EncoderNotFound`` unless the hub has a model, within seconds.

    sentence-transformers asks for one file after the other, each again and again: without a network for minutes.
    """
    from huggingface_hub import model_info

    reasons = []
    for each in _hub_names(name):
        try:
            model_info(each, timeout=_HUB_SECONDS)
            return
        except Exception as error:  # of the hub, of its client, of the network
            reasons.append(_first_line(error))
    raise EncoderNotFound(
        f"There is no folder '{name}', and the hub gives no such model ({reasons[0]}). "
        f"Give a model folder, a hub id, or '{BUILTIN}'."
    )


def _hub_names(name: str) -> tuple[str, ...]:
    """Return the ids that sentence-transformers looks a name up by."""
    return (name,) if "/" in name else (f"sentence-transformers/{name}", name)


def unit(vectors: Floats) -> Floats:
    """Return vectors (n, d) scaled to length 1; the zero vector stays what it is."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.asarray(vectors / lengths, dtype=np.float32)


def load_encoder(name: str = BUILTIN) -> Encoder:
    """Load the built-in model, a static or other sentence-transformers folder, or a hub id.

    Raises:
        EncoderNotFound: there is no such model, or it is damaged.
    """
    if name == BUILTIN:
        return _builtin()
    folder = Path(name)
    if not _is_folder(name):
        return SentenceTransformerEncoder(name)
    name = str(folder.resolve())  # a library finds its model again from any working directory
    return StaticEncoder.load(folder, name=name) if _is_static(folder) else SentenceTransformerEncoder(name)


def load_token_encoder() -> TokenEncoder:
    """Load the built-in model's token vectors: they rerank, quote and highlight, whatever embeds the passages."""
    return _builtin()


def window_encoder(fingerprint: str, token_fingerprint: str) -> StaticEncoder | None:
    """Return the encoder that cuts passages into windows: the built-in one, if it made both vectors and tokens."""
    if fingerprint != token_fingerprint or model_of(fingerprint) != BUILTIN:
        return None
    encoder = _builtin()
    return encoder if encoder.fingerprint == fingerprint else None


def model_of(fingerprint: str) -> str:
    """Return the name under which the model of a fingerprint can be loaded again.

    Raises:
        EncoderNotFound: the fingerprint names no model.
    """
    try:
        return str(json.loads(fingerprint)["model"])
    except (ValueError, KeyError, TypeError) as error:
        raise EncoderNotFound(
            f"The library's encoder {fingerprint!r} names no model. Index the documents anew."
        ) from error


def _fingerprint(name: str, revision: str, dim: int, prompts: Mapping[str, str | None]) -> str:
    facts = {"model": name, "revision": revision, "dim": dim, "prompts": dict(prompts)}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


_loaded: dict[str, StaticEncoder] = {}


def _builtin() -> StaticEncoder:
    if BUILTIN not in _loaded:
        _loaded[BUILTIN] = StaticEncoder.load(Path(str(resources.files("qa") / "model")), name=BUILTIN)
    return _loaded[BUILTIN]


def _is_static(folder: Path) -> bool:
    """Tell whether a folder is a table of token vectors and nothing more, without prompts."""
    types = [str(module.get("type", "")).rpartition(".")[2] for module in _json(folder / "modules.json", [])]
    if types not in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"]):
        return False
    prompts = _json(folder / "config_sentence_transformers.json", {}).get("prompts", {})
    if any(prompts.values()) or not (folder / "tokenizer.json").is_file():
        return False
    # a damaged table is named when it is loaded
    return _tensors(folder / "model.safetensors") in (
        None,
        {"embedding.weight"},
        {"embeddings", "weights"},
        {"embeddings", "weights", "mapping"},
    )


def _tensors(file: Path) -> set[str] | None:
    """Return the names of a safetensors file's tensors, None if it cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as tensors:
            return set(tensors.keys())
    except (OSError, SafetensorError):
        return None


def _json(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return default


_WITHOUT_EFFECT = {".md", ".txt", ".png", ".gitattributes"}
_OURS = {
    "ranking.json",
    "evidence.safetensors",
    "extractor.safetensors",
    "confidence.json",
    "languages.safetensors",
    "pieces.safetensors",
    naming.FILE,
}
"""What a model folder may hold that changes no vector."""


def _revision(folder: Path) -> str:
    """Return a short hash of a model folder: its small files whole, its large ones by size and both ends."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if (
            not path.is_file()
            or path.suffix in _WITHOUT_EFFECT
            or path.name in _OURS
            or path.name.startswith(".")
        ):
            continue
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}:{size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 16))
            file.seek(max(0, size - (1 << 16)))
            digest.update(file.read(1 << 16))
    return digest.hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
