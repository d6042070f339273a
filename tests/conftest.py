"""What several test files need: the folders beside the checkout, and nothing from outside the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


def beside(name: str, missing: str) -> Path:
    """Return a folder beside the checkout; where it is absent, skip and say what is ``missing``."""
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(missing)
    return folder


@pytest.fixture(scope="session")
def seed() -> Path:
    """The newspaper page."""
    return beside(
        "seed",
        "NO NEWSPAPER PAGE: ../shared/seed is not beside this checkout; what is shown on it is not tested",
    )


@pytest.fixture(scope="session")
def data() -> Path:
    """The training and development data."""
    return beside(
        "data", "NO DATA: ../shared/data is not beside this checkout; where the answers stand is not tested"
    )
