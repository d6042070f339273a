from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qa.dense
from qa.dense import FLAT, ONE_BIT, TWO_BITS, DenseIndex, sync_folder
from qa.errors import LibraryCorrupt, QAError
from qa.types import Floats, Ints
from qa.vectors import VectorFile

DIM = 16


def unit(count: int, seed: int = 0) -> Floats:
    vectors = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def filled(count: int, seed: int = 0) -> DenseIndex:
    index = DenseIndex(DIM)
    index.add(np.arange(1, count + 1), unit(count, seed))
    return index


def exact(vectors: Floats, ids: Ints, query: Floats, k: int) -> list[int]:
    scores = vectors.astype(np.float16).astype(np.float32) @ query
    return ids[np.lexsort((ids, -scores))[:k]].tolist()  # type: ignore[no-any-return]


def test_nearest_first_with_their_inner_products() -> None:
    index = DenseIndex(2)
    index.add([10, 20, 30], np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32))
    ids, scores = index.search(np.array([0, 1], np.float32), 2)
    assert ids.tolist() == [20, 30]
    assert scores == pytest.approx([1.0, 0.8], abs=1e-3)


def test_no_more_than_there_are_and_never_minus_one() -> None:
    index = DenseIndex(DIM)
    assert index.search(unit(1)[0], 5)[0].tolist() == []
    index.add([7], unit(1))
    assert index.search(unit(1)[0], 5)[0].tolist() == [7]
    assert index.search(unit(1)[0], 0)[0].tolist() == []


def test_equal_scores_are_ordered_by_id() -> None:
    index = DenseIndex(DIM)
    index.add([5, 3, 9], np.repeat(unit(1), 3, axis=0))
    assert index.search(unit(1)[0], 3)[0].tolist() == [3, 5, 9]


def test_it_finds_what_exact_search_finds() -> None:
    vectors, index = unit(2000), filled(2000)
    ids = np.arange(1, 2001)
    for query in unit(10, seed=1):
        assert index.search(query, 100)[0].tolist() == exact(vectors, ids, query, 100)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove"]), st.lists(st.integers(1, 40), min_size=1, unique=True)),
        max_size=12,
    )
)
def test_any_order_of_adding_and_removing_equals_a_dict(steps: list[tuple[str, list[int]]]) -> None:
    index, truth = DenseIndex(DIM), dict[int, Floats]()
    for seed, (kind, ids) in enumerate(steps):
        if kind == "add":
            vectors = unit(len(ids), seed)
            index.add(ids, vectors)
            truth |= dict(zip(ids, vectors, strict=True))
        else:
            assert index.remove(ids) == len(truth.keys() & set(ids))
            truth = {key: vector for key, vector in truth.items() if key not in ids}
        assert index.ids().tolist() == sorted(truth)
        assert len(index) == len(truth)
    for key, vector in truth.items():
        assert index.vectors([key])[0] == pytest.approx(vector, abs=1e-3)
        assert index.search(vector, 1)[0].tolist() == [key]


def test_a_vector_that_is_gone_is_not_read() -> None:
    index = filled(3)
    index.remove([2])
    assert index.vectors([3, 2, 99]) == pytest.approx(unit(3)[[2]], abs=1e-3)


def test_a_passage_has_as_many_vectors_as_it_has_windows_and_counts_once() -> None:
    index = DenseIndex(2)
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [0, -1]], np.float32)
    index.add([5, 9], vectors, np.array([3, 1]))
    assert (len(index), index.count, index.ids().tolist()) == (2, 4, [5, 9])
    ids, scores = index.search(np.array([0, 1], np.float32), 2)
    assert ids.tolist() == [5, 9]
    assert scores == pytest.approx([1.0, -1.0], abs=1e-3)  # the best of each
    assert index.vectors([9, 5]) == pytest.approx(vectors[[3, 0, 1, 2]], abs=1e-3)
    index.add([5], vectors[3:])  # replaces all three
    assert (len(index), index.count) == (2, 2)
    assert index.remove([5, 5, 7]) == 1
    assert (len(index), index.count, index.ids().tolist()) == (1, 1, [9])
    for counts in ([0, 4], [65, 1]):
        with pytest.raises(ValueError):
            index.add([1, 2], np.zeros((sum(counts), 2), np.float32), np.array(counts))


def test_what_does_not_fit_is_refused() -> None:
    index = DenseIndex(DIM)
    for ids, vectors in (([1], unit(2)), ([1], unit(1)[:, :3]), ([1, 1], unit(2))):
        with pytest.raises(ValueError):
            index.add(ids, vectors)
    assert len(index) == 0


def test_searches_and_changes_go_on_at_once() -> None:
    index, errors = filled(3000), list[BaseException]()
    done = threading.Event()

    def search(seed: int) -> None:
        try:
            for query in unit(200, seed):
                ids, scores = index.search(query, 20)
                assert len(ids) == 20
                assert (np.diff(scores) <= 0).all()
                assert (ids <= 2000).sum() + (ids > 2000).sum() == 20
        except BaseException as error:
            errors.append(error)

    def change() -> None:
        number = 0
        while not done.is_set():
            ids = np.arange(3000, 3100) + 100 * number
            index.add(ids, unit(100, number))
            index.remove(ids if number % 2 else ids[::3])
            number += 1

    searching = [threading.Thread(target=search, args=(seed,)) for seed in range(3)]
    changing = threading.Thread(target=change)
    for thread in (*searching, changing):
        thread.start()
    for thread in searching:
        thread.join()
    done.set()
    changing.join()
    assert errors == []


# Snapshots


def saved(path: Path, count: int = 50) -> DenseIndex:
    index = filled(count)
    index.remove([3])
    index.change, index.stamp = 12, 345
    index.save(path)
    return index


def test_a_snapshot_comes_back_identical(tmp_path: Path) -> None:
    index = saved(tmp_path)
    loaded = DenseIndex.load(tmp_path)
    assert (loaded.change, loaded.stamp, loaded.dim, loaded.kind) == (12, 345, DIM, FLAT)
    assert np.array_equal(loaded.ids(), index.ids())
    assert np.array_equal(loaded.vectors(loaded.ids()), index.vectors(index.ids()))
    assert loaded.remove([4, 5]) == 2
    loaded.add([4, 900], unit(2, seed=5))
    assert len(loaded) == 49
    loaded.save(tmp_path)
    assert DenseIndex.load(tmp_path).ids().tolist() == loaded.ids().tolist()


def test_an_empty_snapshot_comes_back(tmp_path: Path) -> None:
    DenseIndex(DIM).save(tmp_path)
    assert len(DenseIndex.load(tmp_path)) == 0


def test_a_folder_name_in_any_script_works(tmp_path: Path) -> None:
    folder = tmp_path / "索引 📰"
    folder.mkdir()
    saved(folder)
    assert len(DenseIndex.load(folder)) == 49


def test_without_a_snapshot_there_is_nothing_to_load(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DenseIndex.load(tmp_path)
    assert DenseIndex.described(tmp_path) is None
    saved(tmp_path)
    assert DenseIndex.described(tmp_path) == (12, 49)
    DenseIndex.discard(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_byte_of_a_damaged_snapshot_reaches_faiss(tmp_path: Path) -> None:
    saved(tmp_path)
    file = tmp_path / "dense.faiss"
    good = file.read_bytes()
    for place in range(0, len(good), 37):
        file.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(LibraryCorrupt, match=r"not the file that dense\.json describes"):
            DenseIndex.load(tmp_path)
    for size in (0, 1, len(good) // 2, len(good) - 1):
        file.write_bytes(good[:size])
        with pytest.raises(LibraryCorrupt):
            DenseIndex.load(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"snapshots": 3}', '{"snapshots": [{"sha256": 1}]}', "\x00"]
)
def test_a_damaged_description_is_found(tmp_path: Path, content: str) -> None:
    saved(tmp_path)
    (tmp_path / "dense.json").write_text(content)
    with pytest.raises(LibraryCorrupt):
        DenseIndex.load(tmp_path)


def forge(path: Path, data: bytes, **changes: object) -> None:
    """Put a foreign file in place with a description that fits it."""
    (path / "dense.faiss").write_bytes(data)
    entry = {"change": 1, "stamp": 1, "count": 5, "dim": DIM, "type": FLAT}
    entry |= {"sha256": hashlib.sha256(data).hexdigest(), **changes}
    (path / "dense.json").write_text(json.dumps({"snapshots": [entry]}))


def test_a_foreign_index_with_a_fitting_sum_is_refused(tmp_path: Path) -> None:
    import faiss

    flat = faiss.IndexFlatIP(DIM)
    foreign = {
        "'IHNf'": faiss.IndexHNSWFlat(DIM, 8),
        "'IxM2'": faiss.IndexIDMap2(flat),
        "'IxMp' of 'IxFI'": faiss.IndexIDMap(flat),
        "'IxMp' of 'IxPT'": faiss.IndexIDMap(faiss.IndexPreTransform(flat)),
        "'IwFl'": faiss.IndexIVFFlat(flat, DIM, 2),
    }
    for kind, index in foreign.items():
        forge(tmp_path, faiss.serialize_index(index).tobytes())
        with pytest.raises(LibraryCorrupt, match=f"of the kind {kind}.*does not use"):
            DenseIndex.load(tmp_path)
    for data in (b"", b"IxMp", b"IxMp garbage" * 100):
        forge(tmp_path, data)
        with pytest.raises(LibraryCorrupt, match="of the kind"):
            DenseIndex.load(tmp_path)


@pytest.mark.parametrize("quantised", [False, True])
def test_an_index_whose_numbers_lie_is_refused_before_it_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantised: bool
) -> None:
    limit(monkeypatch, 100 if quantised else 1000)
    index = filled(400)
    index.reshape()
    index.change, index.stamp = 1, 1
    index.save(tmp_path)
    (entry,) = json.loads((tmp_path / "dense.json").read_text())["snapshots"]
    data = (tmp_path / "dense.faiss").read_bytes()
    facts = {name: entry[name] for name in ("count", "type", "vectors") if name in entry}
    forge(tmp_path, data, **facts)
    assert len(DenseIndex.load(tmp_path)) == 400

    def lies(numbers: dict[int, tuple[str, int]], said: str) -> None:
        forged = bytearray(data)
        for place, (form, value) in numbers.items():
            struct.pack_into(form, forged, place, value)
        forge(tmp_path, bytes(forged), **facts)
        with pytest.raises(LibraryCorrupt, match=said):
            DenseIndex.load(tmp_path)

    for count in (-1, 1 << 40, (1 << 63) - 1):
        lies({8: ("<q", count)}, "is said to hold")
    for dim in (0, -8, DIM + 1, 1 << 30):
        lies({4: ("<i", dim)}, "of dim")
    inner = 37  # where the index that the labels belong to begins
    lies({inner + 8: ("<q", 1 << 40)}, "cannot be read|does not fit together")
    lies({inner + 8: ("<q", 399)}, "cannot be read|does not fit together")
    lies({inner + 4: ("<i", DIM - 1)}, "cannot be read|does not fit together")
    lies({8: ("<q", 399), inner + 8: ("<q", 399)}, "cannot be read|does not fit together")
    forge(tmp_path, data + bytes(2_000_000), **facts)
    with pytest.raises(LibraryCorrupt, match="is said to hold 400 vectors"):
        DenseIndex.load(tmp_path)


@pytest.mark.parametrize("number", [-1, 1 << 63, 1.5, "1", None])
def test_a_description_with_a_number_that_is_none_is_found(tmp_path: Path, number: object) -> None:
    saved(tmp_path)
    data = (tmp_path / "dense.faiss").read_bytes()
    forge(tmp_path, data, change=number, count=49)
    with pytest.raises(LibraryCorrupt, match="describes"):
        DenseIndex.load(tmp_path)


def test_a_description_that_lies_is_found(tmp_path: Path) -> None:
    saved(tmp_path)
    data = (tmp_path / "dense.faiss").read_bytes()
    for lie in ({"count": 50}, {"dim": 8}, {"type": TWO_BITS}):
        forge(tmp_path, data, **{"count": 49, **lie})
        with pytest.raises(LibraryCorrupt, match="describes"):
            DenseIndex.load(tmp_path)


@pytest.mark.parametrize("change", ["flat", "grown", "quantised", "compacted"])
def test_a_kill_between_any_two_steps_of_saving_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    class Killed(BaseException):
        pass

    real = {"replace": Path.replace, "fsync": os.fsync}
    for last in range(30):
        folder = tmp_path / str(last)
        folder.mkdir()
        newer = saved(folder)
        if change in ("grown", "compacted"):
            newer._quantise(TWO_BITS)
            newer.save(folder)
        newer.add(range(100, 111), unit(11, seed=4))
        if change == "quantised":
            newer._quantise(TWO_BITS)
        if change == "compacted":
            newer.remove([100])
            newer.add([100], unit(1, seed=8))
            newer.compact()
        newer.change = 13
        steps = iter(range(last))

        def step(name: str, *arguments: object, steps: object = steps) -> object:
            if next(steps, None) is None:  # type: ignore[call-overload]
                raise Killed
            return real[name](*arguments)  # type: ignore[operator]

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", lambda *a, step=step: step("replace", *a))
            patch.setattr(os, "fsync", lambda *a, step=step: step("fsync", *a))
            try:
                newer.save(folder)
                finished = True
            except Killed:
                finished = False
        loaded = DenseIndex.load(folder)
        assert (loaded.change, len(loaded)) in {(12, 49), (13, 60)}
        assert np.array_equal(loaded.vectors([1, 49]), loaded.rounded(unit(50)[[0, 48]]))
        loaded.add([900], unit(1, seed=5))  # whatever the kill left, the next process mends
        loaded.change = 14
        loaded.save(folder)
        assert DenseIndex.load(folder).change == 14
        files = sorted(file.name for file in folder.iterdir() if file not in vector_files(folder))
        assert files == ["dense.faiss", "dense.json"]
        assert len(vector_files(folder)) == (loaded.kind != FLAT)
        if finished:
            assert last > 3
            return
    pytest.fail("saving never finished")


# Many vectors


def clustered(count: int, dim: int) -> Floats:
    random = np.random.default_rng(9)
    vectors = random.standard_normal((60, dim))[np.arange(count) % 60] + random.standard_normal((count, dim))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def limit(monkeypatch: pytest.MonkeyPatch, flat: int, two_bits: int = 10**6) -> None:
    monkeypatch.setattr(qa.dense, "LIMITS", {FLAT: flat, TWO_BITS: two_bits})


@pytest.mark.parametrize(("two_bits", "kind"), [(10**6, TWO_BITS), (5999, ONE_BIT)])
def test_above_the_limit_it_is_quantised_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_bits: int, kind: str
) -> None:
    vectors, ids = clustered(6000, 128), np.arange(1, 3001)
    index = DenseIndex(128)
    index.add(ids, vectors, np.full(3000, 2))
    limit(monkeypatch, 6000)
    assert not index.reshape()
    limit(monkeypatch, 5000, two_bits)
    assert index.reshape()
    assert index.kind == kind
    assert not index.reshape()
    assert (len(index), index.count) == (3000, 6000)
    queries = vectors[::100] + np.roll(vectors[::100], 1, axis=0)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    found = []
    for query in queries:
        best = list(dict.fromkeys(exact(vectors, ids.repeat(2), query, 120)))[:50]
        found.append(len(set(best) & set(index.search(query, 50)[0].tolist())) / 50)
    assert np.mean(found) > 0.98

    assert index.remove([1, 2, 99_999]) == 2
    assert (index.dead, index.count) == (4, 5996)
    for query in vectors[:4]:
        assert not {1, 2} & set(index.search(query, 100)[0].tolist())
    fresh = clustered(2, 128)[::-1]
    index.add([3, 7000], fresh)
    assert (len(index), index.dead) == (2999, 6)
    index.save(tmp_path)
    loaded = DenseIndex.load(tmp_path)
    assert (loaded.kind, len(loaded), loaded.dead) == (kind, 2999, 6)
    assert np.array_equal(loaded.ids(), index.ids())
    assert loaded.remove([3, 1]) == 1
    assert loaded.search(fresh[1], 1)[0].tolist() == [7000]
    assert np.array_equal(loaded.vectors([7000]), loaded.rounded(fresh[1:]))
    assert loaded.vectors([7000, 5]) == pytest.approx(np.concatenate([fresh[1:], vectors[8:10]]), abs=2e-3)
    loaded.compact()
    assert (loaded.dead, loaded.count, len(loaded)) == (0, 5995, 2998)
    for query in queries:
        assert (
            loaded.search(query, 20)[0].tolist()
            == [number for number in index.search(query, 21)[0].tolist() if number != 3][:20]
        )


def test_a_quantised_index_tells_the_inner_products_of_its_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clustered(300, 32)
    index = DenseIndex(32)
    index.add(np.arange(300), vectors)
    limit(monkeypatch, 200)
    index.reshape()
    ids, scores = index.search(vectors[7], 20)
    assert ids.tolist() == exact(vectors, np.arange(300), vectors[7], 20)
    assert scores == pytest.approx(vectors[ids] @ vectors[7], abs=5e-3)


def quantised(count: int) -> DenseIndex:
    index = filled(count)
    index._quantise(TWO_BITS)
    return index


def vector_files(path: Path) -> list[Path]:
    return sorted(path.glob("dense-*.int8"))


def test_the_file_of_vectors_grows_and_a_reader_of_the_older_snapshot_goes_on(tmp_path: Path) -> None:
    index = quantised(100)
    index.save(tmp_path)
    before = vector_files(tmp_path)[0].read_bytes()
    reader = DenseIndex.load(tmp_path)
    index.add(range(1000, 1050), unit(50, seed=3))
    index.remove([1, 1049])
    index.save(tmp_path)
    after = vector_files(tmp_path)[0].read_bytes()
    assert len(vector_files(tmp_path)) == 1
    assert (after[: len(before)], len(after)) == (before, 150 * (DIM + 4))
    assert reader.search(unit(100)[0], 1)[0].tolist() == [1]
    loaded = DenseIndex.load(tmp_path)
    assert np.array_equal(loaded.vectors(loaded.ids()), index.vectors(index.ids()))
    assert loaded.search(unit(50, seed=3)[7], 1)[0].tolist() == [1007]
    loaded.add([2000], unit(1, seed=9))  # to what is mapped, and saved by another process than the first
    loaded.save(tmp_path)
    assert DenseIndex.load(tmp_path).search(unit(1, seed=9)[0], 1)[0].tolist() == [2000]


def test_a_compacted_index_leaves_nothing_of_what_was_removed_in_any_file(tmp_path: Path) -> None:
    index = quantised(100)
    index.save(tmp_path)
    row = rows_of(unit(100)[6:7])
    assert row in vector_files(tmp_path)[0].read_bytes()
    index.remove([7])
    index.compact()
    index.save(tmp_path)
    assert len(vector_files(tmp_path)) == 1
    assert row not in vector_files(tmp_path)[0].read_bytes()
    index.remove(index.ids())
    index.compact()
    index.save(tmp_path)
    assert vector_files(tmp_path) == []
    assert (DenseIndex.load(tmp_path).kind, len(DenseIndex.load(tmp_path))) == (FLAT, 0)


def rows_of(vectors: Floats) -> bytes:
    file = VectorFile(vectors.shape[1])
    file.add(vectors.astype(np.float16).astype(np.float32))  # as the library stores them
    return file._held[1].tobytes()


def test_a_file_of_vectors_is_not_needed_once_it_is_open(tmp_path: Path) -> None:
    quantised(100).save(tmp_path)
    index = DenseIndex.load(tmp_path)
    DenseIndex.discard(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert index.search(unit(100)[6], 1)[0].tolist() == [7]
    index.save(tmp_path)
    assert np.array_equal(DenseIndex.load(tmp_path).vectors([7]), index.vectors([7]))


def test_damaged_vectors_are_found_wherever_it_is(tmp_path: Path) -> None:
    quantised(100).save(tmp_path)
    file = vector_files(tmp_path)[0]
    good = file.read_bytes()
    bad = [good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :] for place in range(0, len(good), 97)]
    for content in (*bad, good[:-1], b"", bytes(len(good))):
        file.write_bytes(content)
        with pytest.raises(LibraryCorrupt, match=r"not the file that dense\.json describes"):
            DenseIndex.load(tmp_path)
    file.write_bytes(good + b"what a killed writer left")
    assert len(DenseIndex.load(tmp_path)) == 100
    file.unlink()
    with pytest.raises(LibraryCorrupt, match="lost"):
        DenseIndex.load(tmp_path)


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"file": "../secret"},
        {"file": "dense-00000000.int8"},
        {"count": 99},
        {"count": -1},
        {"count": "many"},
        {"sums": []},
        {"sums": 3},
        {"sums": ["0"]},
    ],
)
def test_a_description_of_other_vectors_is_refused(tmp_path: Path, lie: dict[str, object]) -> None:
    quantised(100).save(tmp_path)
    described = json.loads((tmp_path / "dense.json").read_text())
    entry = described["snapshots"][0]
    entry["vectors"] = {**entry["vectors"], **lie} if lie else None
    (tmp_path / "dense.json").write_text(json.dumps(described))
    with pytest.raises(LibraryCorrupt):
        DenseIndex.load(tmp_path)


def test_a_dimension_that_cannot_be_halved_is_quantised_too(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).standard_normal((400, 9)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = DenseIndex(9)
    index.add(np.arange(1, 401), vectors)
    limit(monkeypatch, 300, 350)  # of one bit a dimension it cannot be
    assert index.reshape()
    assert index.kind == TWO_BITS
    assert not index.reshape()
    assert index.search(vectors[6], 1)[0].tolist() == [7]


def test_a_removal_takes_the_windows_of_its_passages_only_wherever_they_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors, counts = clustered(600, 16), np.tile([1, 2, 3], 100)
    for flat in (600, 500):  # flat, quantised
        limit(monkeypatch, flat)
        index = DenseIndex(16)
        index.add(np.arange(1, 301), vectors, counts)
        assert index.reshape() == (flat == 500)
        assert index.remove([300, 1, 1, 150, 999]) == 3
        assert (len(index), index.count) == (297, 600 - 3 - 1 - 3)
        assert index.ids().tolist() == [n for n in range(1, 301) if n not in {1, 150, 300}]
        owners = np.arange(1, 301).repeat(counts)
        for key in (2, 149, 151, 297, 298, 299):
            assert index.vectors([key]) == pytest.approx(vectors[owners == key], abs=5e-3)


def test_a_removal_from_a_quantised_index_looks_at_few_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    real = qa.dense._first_label
    monkeypatch.setattr(qa.dense, "_first_label", lambda label: looked.append(label) or real(label))
    index = filled(2000)
    index.remove(range(500, 600))  # the last ones take their places: the labels no longer ascend
    limit(monkeypatch, 1000)
    index.reshape()
    index.remove([100, 101, 1999])
    index.add([2001, 2002], unit(2))
    index.save(tmp_path)
    for each in (index, DenseIndex.load(tmp_path)):
        looked.clear()
        assert each.remove([99, 100, 101, 102, 300]) == 3
        assert each.remove([2001, 5000]) == 1
        assert 0 < len(looked) <= 4 * 11
        there = [*range(1, 99), *range(103, 300), *range(301, 500), *range(600, 1999), 2000, 2002]
        assert each.ids().tolist() == there
        vectors = np.concatenate([unit(2000)[[1999, 97]], unit(2)[1:]])
        assert np.array_equal(each.vectors([2000, 98, 2002]), each.rounded(vectors))


def test_an_index_whose_labels_do_not_ascend_is_searched_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, 100)
    index = filled(200)
    index.reshape()
    index.remove([50, 200])
    index.add([50], unit(1))  # at the end, after those with higher ids
    index.save(tmp_path)
    for each in (index, DenseIndex.load(tmp_path)):
        assert each.remove([50, 51, 200]) == 2
        each.add([200], unit(1))
        assert each.remove([199, 200]) == 2
        assert each.ids().tolist() == [*range(1, 50), *range(52, 199)]


def test_a_folder_that_the_disk_refuses_is_named(tmp_path: Path) -> None:
    loop = tmp_path / "index"
    loop.symlink_to(loop)
    with pytest.raises(QAError, match=r"index' cannot be used: .*the disk"):
        sync_folder(loop)
