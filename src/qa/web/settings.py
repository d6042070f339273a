"""What can be set about the page. Light: the command line reads it without loading gradio."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageSettings:
    """``examples`` are the questions offered; where none are given, the page offers titles."""

    examples: tuple[str, ...] = ()
    max_upload_mb: int = 50
    max_uploads: int = 50
    """Files in one upload."""
    pictures: bool = True
    """Whether scans and pictures are read where tesseract is installed."""
