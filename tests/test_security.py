"""A stranger attacks the running page and server; docs/security.md says what each of these tests holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import Server, Stranger, file_object


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


@pytest.fixture(scope="module")
def address(library: Path) -> Iterator[str]:
    server = Server("-m", "tests.web_fakes", str(library))
    yield server.address
    assert server.end() == 0


@pytest.fixture
def stranger(address: str) -> Iterator[Stranger]:
    stranger = Stranger(address)
    yield stranger
    stranger.client.close()


# --- files of this machine ---


def test_a_file_of_the_machine_cannot_be_passed_off_as_an_upload(
    stranger: Stranger, library: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the vault opens with 4711")
    stranger.send("upload", [[file_object(str(secret), "mine.txt")]])
    assert secret.exists()
    assert not (library / "uploads" / "mine.txt").exists()


def test_a_file_that_was_uploaded_is_taken(stranger: Stranger, library: Path) -> None:
    stranger.upload("note.txt", b"The weir was built in 1802.")
    assert (library / "uploads" / "note.txt").read_bytes() == b"The weir was built in 1802."
