"""One frozen ``Config``: defaults < ``qa.toml`` < ``QA_*`` variables < flags, read once at the edge."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from qa.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting there is."""

    index: str = "index"
    """Folder of the library."""
    model: str = ""
    """``builtin``, a sentence-transformers folder, or a hub id; empty is the library's own, built-in for a new one."""
    k: int = 10
    """Hits shown for a question."""
    candidates: int = 100
    """Passages that are reranked by their tokens."""
    small: bool = False
    """Hold as little of the library in memory as can be, for somewhat slower answers: the same ones."""
    max_error: float = 0.2
    """Answer only where at most this share of the quotes shown is expected to be wrong; abstain otherwise."""
    host: str = "127.0.0.1"
    port: int = 7860
    max_upload_mb: int = 50
    max_uploads: int = 50
    """Files in one upload."""
    hosts: str = ""
    """Further names that the server answers to, parted by commas: ``qa.example.org``; ``*`` is any."""
    trusted_proxies: str = ""
    """Addresses or networks, parted by commas, whose word about a caller is believed: ``127.0.0.1``."""
    user_header: str = ""
    """The header in which a trusted proxy says who is there: ``X-Forwarded-User``."""
    certificate: str = ""
    """File of the certificates (PEM) with which the server speaks https; ``key`` is that of their key."""
    key: str = ""
    requests_per_minute: int = 600
    """Of one caller, to the page and ``/v1``; as many at once."""
    ocr_languages: str = ""
    """Languages of scans, as tesseract names them (``chi_sim+eng``); empty: those of its script; ``none``: no scans."""

    def __post_init__(self) -> None:
        if not 1 <= self.k <= 1000:
            raise ConfigError(f"k is {self.k}; give a number of hits from 1 to 1000.")
        if not 1 <= self.candidates <= 10_000:
            raise ConfigError(f"candidates is {self.candidates}; give a number from 1 to 10000.")
        if not 0.0 < self.max_error < 1.0:
            raise ConfigError(
                f"max_error is {self.max_error}; give a share of wrong answers between 0 and 1."
            )
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port is {self.port}; give a port from 0 to 65535.")
        for name in ("max_upload_mb", "max_uploads", "requests_per_minute"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; give a number from 1 on.")
        if bool(self.certificate) != bool(self.key):
            raise ConfigError("certificate and key belong together; give both files, or neither.")


def _truth(value: object) -> bool:
    """Return what a setting says, or raise ``ValueError``."""
    if isinstance(value, bool):
        return value
    word = str(value).casefold()
    if word not in ("1", "true", "yes", "0", "false", "no"):
        raise ValueError(word)
    return word in ("1", "true", "yes")


_TYPES: dict[str, Callable[[Any], Any]] = {"str": str, "int": int, "float": float, "bool": _truth}
_KINDS = {"str": "text", "int": "a whole number", "float": "a number such as 0.1", "bool": "true or false"}


def load_config(
    *, file: Path | None = None, environment: Mapping[str, str] | None = None, **flags: Any
) -> Config:
    """Return the settings of ``file`` (default ``qa.toml`` here, if it is there), environment and flags.

    A flag that is None counts as not given.

    Raises:
        ConfigError: an unknown name or a value of the wrong kind; the message names where it stood.
    """
    environment = os.environ if environment is None else environment
    path = Path("qa.toml") if file is None else file
    config = Config()
    if path.is_file():
        try:
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}.") from error
        config = _with(config, settings, place=str(path))
    elif file is not None:
        raise ConfigError(f"There is no settings file at '{path}'.")
    names = {field.name for field in fields(Config)}
    variables = {
        name: environment[f"QA_{name.upper()}"] for name in names if f"QA_{name.upper()}" in environment
    }
    config = _with(config, variables, place="the environment (QA_*)")
    return _with(config, {name: value for name, value in flags.items() if value is not None}, place="flags")


def _with(config: Config, settings: Mapping[str, Any], *, place: str) -> Config:
    kinds = {field.name: str(field.type) for field in fields(Config)}
    values: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in kinds:
            raise ConfigError(f"{place}: unknown setting '{name}'; known are {', '.join(kinds)}.")
        try:
            values[name] = _TYPES[kinds[name]](value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{place}: {name} is {value!r}; it must be {_KINDS[kinds[name]]}.") from error
    return replace(config, **values)
