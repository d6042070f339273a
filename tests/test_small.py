"""The small mode: the same answers from less memory."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.config import Config, load_config
from qa.dense import TWO_BITS, DenseIndex
from qa.errors import ConfigError
from qa.library import CACHE, SMALL_CACHE, Library
from tests.fakes import create, make_document, put

DIM, COUNT = 256, 8000
SOME = 100


def resident(name: str) -> int:
    """Return how many bytes of the files of this name are mapped and in the memory of this process."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-", line):
            inside = line.endswith(name)
        elif inside and line.startswith("Rss:"):
            found += 1024 * int(line.split()[1])
    return found


def test_a_small_index_finds_the_same_and_keeps_nothing_of_the_file_in_memory(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((COUNT, DIM), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = DenseIndex(DIM)
    index.add(np.arange(1, COUNT + 1), vectors)
    index._quantise(TWO_BITS)
    index.save(tmp_path)
    del index
    (file,) = tmp_path.glob("*.int8")
    found = {}
    for small in (True, False):
        loaded = DenseIndex.load(tmp_path, small=small)
        assert resident(file.name) == 0
        found[small] = [loaded.search(query, SOME)[0].tolist() for query in vectors[:20]]
        assert (resident(file.name) == 0) == small
        del loaded
    assert found[True] == found[False]

    before = len(list(Path("/proc/self/fd").iterdir()))
    small_one = DenseIndex.load(tmp_path, small=True)
    small_one.add([COUNT + 1], vectors[:1])
    assert small_one.search(vectors[0], 2)[0].tolist() == [1, COUNT + 1]  # in the file, and not yet
    small_one.save(tmp_path)
    assert small_one.search(vectors[0], 2)[0].tolist() == [1, COUNT + 1]
    assert resident(file.name) == 0
    file.unlink()  # what is open goes on
    assert small_one.search(vectors[3], 1)[0].tolist() == [4]
    del small_one
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_every_connection_of_a_small_library_keeps_few_pages(tmp_path: Path) -> None:
    with create(tmp_path) as library:
        put(library, make_document("a", "One."))
    for small, size in ((True, SMALL_CACHE), (False, CACHE)):
        for write in (True, False):
            with Library.open(tmp_path, small=small, write=write) as library:
                assert library._rows("PRAGMA cache_size") == [(-size,)]
                with library._reader() as one, library._reader() as other:
                    sizes = [each.execute("PRAGMA cache_size").fetchone() for each in (one, other)]
                assert sizes == [(-size,), (-size,)]


def test_the_setting_makes_the_service_small(tmp_path: Path) -> None:
    with QA.open(tmp_path, config=Config(small=True)) as qa:
        qa.add_documents([make_document("mill", "The mill at the river was built in 1784.")])
        assert qa.search("When was the mill built?")[0].source == "mill"
        assert qa._read().small
        assert qa._running().views.dense._small
        with qa._write() as library:
            assert library.small


@pytest.mark.parametrize(
    ("said", "small"),
    [("1", True), ("true", True), ("Yes", True), ("0", False), ("FALSE", False), ("no", False)],
)
def test_the_environment_says_it(said: str, small: bool) -> None:
    assert load_config(environment={"QA_SMALL": said}).small is small


def test_the_file_of_settings_says_it_and_nonsense_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "qa.toml"
    file.write_text("small = true\n")
    assert load_config(file=file, environment={}).small is True
    for wrong in ("", "2", "small"):
        with pytest.raises(ConfigError, match=r"small is .*; it must be true or false"):
            load_config(environment={"QA_SMALL": wrong})
