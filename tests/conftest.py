"""What several test files need: the folders beside the checkout, and nothing from outside the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def seed() -> Path:
    """The newspaper page that stands beside the checkout; it is not part of the project."""
    folder = SHARED / "seed"
    if not folder.is_dir():
        pytest.skip(
            "NO NEWSPAPER PAGE: ../shared/seed is not beside this checkout; what is shown on it is not tested"
        )
    return folder
