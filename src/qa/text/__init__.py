"""Script, sentences, words, folding: the only package that knows about CJK, Thai, Arabic and the rest.

Every function takes any text and runs in linear time. Spans are code points of the text given.
"""

from __future__ import annotations

from qa.text.boundaries import is_terminal, sentences
from qa.text.characters import script
from qa.text.folding import fold, is_traditional
from qa.text.lines import unwrap, unwrapped
from qa.text.terms import word_spans, words
from qa.text.weights import weight

__all__ = [
    "fold",
    "is_terminal",
    "is_traditional",
    "script",
    "sentences",
    "unwrap",
    "unwrapped",
    "weight",
    "word_spans",
    "words",
]
