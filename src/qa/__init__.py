"""Question answering over your own documents, in any language, that quotes instead of writing.

>>> from qa import QA
>>> with QA.open("index") as qa:
...     answer = qa.ask("How many households does the county have?")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qa.config import Config
    from qa.errors import QAError
    from qa.service import QA, retrieve
    from qa.types import Answer, Document, Hit, Passage, Quote, Scope, Span, Turn

__all__ = [
    "QA",
    "Answer",
    "Config",
    "Document",
    "Hit",
    "Passage",
    "QAError",
    "Quote",
    "Scope",
    "Span",
    "Turn",
    "retrieve",
]
__version__ = "0.1.0"

_HOMES = {
    "QA": "service",
    "retrieve": "service",
    "Config": "config",
    "QAError": "errors",
    **dict.fromkeys(("Answer", "Document", "Hit", "Passage", "Quote", "Scope", "Span", "Turn"), "types"),
}


def __getattr__(name: str) -> Any:
    # lazily: ``import qa`` costs nothing, and never loads torch or gradio
    if name not in _HOMES:
        raise AttributeError(f"module 'qa' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"qa.{_HOMES[name]}"), name)
