"""What can be set about the page. Light: the command line reads it without loading gradio."""

from __future__ import annotations

from dataclasses import dataclass

from qa.config import Config
from qa.readers.ocr import NONE


@dataclass(frozen=True, slots=True)
class PageSettings:
    """``examples`` are the questions offered; where none are given, the page offers titles."""

    examples: tuple[str, ...] = ()
    max_upload_mb: int = 50
    max_uploads: int = 50
    """Files in one upload."""
    pictures: bool = True
    """Whether scans and pictures are read where tesseract is installed."""

    @classmethod
    def of(cls, config: Config, *, examples: tuple[str, ...] = ()) -> PageSettings:
        """Return the settings of a page over a library that is opened with ``config``."""
        return cls(
            examples=examples,
            max_upload_mb=config.max_upload_mb,
            max_uploads=config.max_uploads,
            pictures=config.ocr_languages != NONE,
        )
