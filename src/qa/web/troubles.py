"""What went wrong, in the reader's language; the error's own words, which are English, stand beside it."""

from __future__ import annotations

from dataclasses import dataclass

from qa.errors import (
    ConversationNotFound,
    DocumentNotFound,
    EncoderMismatch,
    LibraryCorrupt,
    LibraryGone,
    LibraryLocked,
    QAError,
    QuestionError,
    QuoteMismatch,
    ReadError,
    ScopeError,
)
from qa.web.strings import EN, Strings


@dataclass(frozen=True, slots=True)
class Trouble:
    """One clear sentence, and in ``details`` what English says more exactly, empty where there is nothing more."""

    sentence: str
    details: str = ""


def trouble_of(error: QAError, strings: Strings) -> Trouble:
    """Return what to show of an error."""
    sentences = (
        (QuestionError, strings.trouble_question),
        (ScopeError, strings.trouble_scope),
        (LibraryLocked, strings.trouble_locked),
        (LibraryCorrupt, strings.trouble_library),
        (LibraryGone, strings.trouble_gone),
        (EncoderMismatch, strings.trouble_model),
        (QuoteMismatch, strings.trouble_quote),
        (DocumentNotFound, strings.trouble_document),
        (ConversationNotFound, strings.trouble_conversation),
        (ReadError, strings.trouble_file),
    )
    sentence = next((words for kind, words in sentences if isinstance(error, kind)), strings.trouble_other)
    return told(sentence, str(error), strings)


def told(sentence: str, details: str, strings: Strings) -> Trouble:
    """Return a sentence with its English ``details``: for who reads English these say it all."""
    return Trouble(details) if strings is EN else Trouble(sentence, details)
