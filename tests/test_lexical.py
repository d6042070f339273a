from __future__ import annotations

import json
import math
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qa.lexical
from qa import text
from qa.errors import LibraryCorrupt, LibraryLocked
from qa.lexical import MAX_QUERY_WORDS, LexicalIndex
from qa.text import weight

WORDS = {
    1: ["全", "县", "全县", "居民", "2142", "户"],
    2: ["東京", "タワー", "333", "メートル"],
    3: ["서울", "인구", "940만"],
    4: ["القاهرة", "العاصمة", "7.6"],
    5: ["दिल्ली", "भारत", "राजधानी"],
    6: ["กรุ", "รุง", "งเท"],
    7: ["население", "города", "12", "тысяч"],
    8: ["strasse", "3,5", "km", "the", "the", "the"],
    9: ["the", "city", "km"],
}


def filled(path: Path | None = None) -> LexicalIndex:
    index = LexicalIndex.create(path) if path else LexicalIndex.in_memory()
    index.add(list(WORDS), list(WORDS.values()))
    index.commit(1, 11)
    return index


def found(index: LexicalIndex, *words: str) -> list[int]:
    return index.search(words, 10)[0].tolist()  # type: ignore[no-any-return]


def test_every_word_of_every_script_is_found() -> None:
    index = filled()
    for key, words in WORDS.items():
        for word in words:
            assert key in found(index, word)
    assert found(index, "nothing") == found(index) == []


def test_scores_are_bm25() -> None:
    index = LexicalIndex.in_memory()
    index.add([1, 2, 3], [["a", "b", "a"], ["b", "c"], ["c"]])
    index.commit(1)
    ids, scores = index.search(["a"], 10)
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 2 * 2.2 / (2 + 1.2 * (1 - 0.75 + 0.75 * 3 / 2))  # two of three words; mean length 2
    assert ids.tolist() == [1]
    assert scores == pytest.approx([expected], rel=1e-4)


def test_a_word_weighs_once_however_often_it_is_asked() -> None:
    index = filled()
    once, often = index.search(["the", "city"], 10), index.search(["the", "city", "the", "the"], 10)
    assert once[0].tolist() == often[0].tolist() == [9, 8]
    assert once[1] == pytest.approx(often[1])


def test_a_word_that_asks_weighs_less_than_one_that_tells() -> None:
    index = LexicalIndex.in_memory()
    index.add([1, 2, 3], [["when", "rain"], ["mill", "snow"], ["else"]])
    index.commit(1)
    ids, scores = index.search(["when", "mill"], 10)
    assert ids.tolist() == [2, 1]
    assert scores[1] == pytest.approx(weight("when") * scores[0], rel=1e-4)
    assert index.scores(["when", "mill"], ids) == pytest.approx(scores)


def test_a_share_is_of_the_most_that_the_weighted_words_could_score() -> None:
    index = LexicalIndex.in_memory()
    index.add([1, 2], [["when"] * 1000, ["mill"] * 1000])
    index.commit(1)
    often = 2.2 * 1000 / (1000 + 1.2) / 2.2  # both as long as the mean
    first = index.search(["when", "mill"], 1)  # the other is not among what was found
    share = index.shares(["when", "mill"], np.array([1, 2], np.int64), first)
    asking = weight("when") / (weight("when") + 1)
    assert share == pytest.approx([asking * often, (1 - asking) * often], rel=1e-3)
    assert index.shares(["mill"], np.array([2], np.int64), index.search(["mill"], 1)) == pytest.approx(
        [often], rel=1e-3
    )


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [
        ("中國的首都是哪裡？", "首都北京位于中国北方。", "哪里有水，哪里就有生命。"),
        ("日本の首都はどこですか", "東京は日本の首都である。", "どこでも買えるものですか。"),
        ("대한민국의 수도는 어디인가?", "서울은 대한민국의 수도이다.", "어디서나 보이는 산이 있다."),
        ("ما هي عاصمة مصر؟", "القاهرة هي العاصمة المصرية.", "ما هي الكتب التي قرأها."),
        ("भारत की राजधानी क्या है?", "नई दिल्ली भारत की राजधानी है।", "क्या है और क्या नहीं है।"),
        ("เมืองหลวงของไทยคืออะไร", "กรุงเทพเป็นเมืองหลวงของไทย", "อะไรก็ตามที่คือสิ่งนั้น"),
        (
            "Какой город столица России?",
            "Столицей России является Москва.",
            "Какой прекрасный день, какой вид.",
        ),
        (
            "Welcher Minister leitet die Landwirtschaft?",
            "Der Landwirtschaftsminister heißt Ott.",
            "Welcher von allen?",
        ),
        (
            "Who invented the telephone?",
            "The inventor of telephones was Bell.",
            "Who was there, and who was not?",
        ),
    ],
)
def test_a_question_finds_its_passage_in_every_language(question: str, answer: str, other: str) -> None:
    index = LexicalIndex.in_memory()
    index.add([1, 2, 3], [text.words(other), text.words(answer), ["nothing"]])
    index.commit(1)
    asked = text.words(question)
    assert found(index, *asked)[0] == 2
    shares = index.shares(asked, np.array([1, 2, 3], np.int64), index.search(asked, 1))
    assert 0 == shares[2] <= shares[0] < shares[1] <= 1


def test_of_many_words_the_rarest_count() -> None:
    index = LexicalIndex.in_memory()
    common = [f"common{number}" for number in range(MAX_QUERY_WORDS)]
    index.add([1, 2, 3], [common, common, [*common, "rare"]])
    index.commit(1)
    ids, scores = index.search([*common, "rare"], 10)
    assert ids[0] == 3
    assert scores[1] > 0
    alone = index.search(["rare", *common[: MAX_QUERY_WORDS - 1]], 10)[1]
    assert scores == pytest.approx(alone)


def test_scores_of_given_passages_are_those_of_the_search() -> None:
    index = filled()
    ids, scores = index.search(["km", "the", "333"], 10)
    asked = np.array([*ids.tolist(), 1, 12345], np.int64)
    assert index.scores(["km", "the", "333"], asked) == pytest.approx([*scores.tolist(), 0, 0])
    assert index.scores(["nothing"], asked).tolist() == [0] * len(asked)
    assert index.scores(["km"], np.empty(0, np.int64)).tolist() == []


def test_equal_scores_are_ordered_by_id() -> None:
    index = LexicalIndex.in_memory()
    index.add([3, 1, 2], [["x"]] * 3)
    index.commit(1)
    assert found(index, "x") == [1, 2, 3]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "remove", "commit", "clear"]),
            st.lists(st.integers(1, 15), min_size=1, unique=True),
        ),
        max_size=10,
    )
)
def test_any_order_of_adding_and_removing_equals_a_dict(steps: list[tuple[str, list[int]]]) -> None:
    index, truth = LexicalIndex.in_memory(), dict[int, list[str]]()
    for number, (kind, ids) in enumerate(steps):
        if kind == "add":
            words = [f"step{number}", "w"]
            index.add(ids, [words for _ in ids])
            truth |= dict.fromkeys(ids, words)
        elif kind == "remove":
            index.remove(ids)
            truth = {key: words for key, words in truth.items() if key not in ids}
        elif kind == "clear":
            index.clear()
            truth = {}
        else:
            index.commit(number)
    index.commit(len(steps))
    assert index.ids().tolist() == sorted(truth)
    for number in range(len(steps)):
        word = f"step{number}"
        assert sorted(index.search([word], 99)[0].tolist()) == sorted(
            k for k, w in truth.items() if word in w
        )


def test_removal_counts_what_was_there() -> None:
    index = filled()
    assert index.remove([1, 2, 99]) == 2
    index.commit(2)
    assert index.removed == 2
    assert found(index, "東京") == []
    assert index.holds([1, 2, 3]) == 1


def test_nothing_is_seen_before_the_commit_and_all_of_it_after() -> None:
    index = filled()
    index.add([50], [["new"]])
    index.remove([1])
    assert found(index, "new") == []
    assert found(index, "全县") == [1]
    index.commit(2)
    assert found(index, "new") == [50]
    assert found(index, "全县") == []
    index.add([51], [["other"]])
    index.rollback()
    index.commit(3)
    assert found(index, "other") == []


# On the disk


def test_it_comes_back_with_its_change(tmp_path: Path) -> None:
    filled(tmp_path / "lexical").close()
    index = LexicalIndex.open(tmp_path / "lexical")
    assert (index.change, index.stamp, len(index)) == (1, 11, 9)
    assert found(index, "दिल्ली") == [5]
    index.add([5], [["replaced"]])
    index.commit(2, 22)
    assert found(index, "दिल्ली") == []
    assert found(index, "replaced") == [5]
    index.close()


def test_readers_follow_the_writer_without_opening_again(tmp_path: Path) -> None:
    writer = filled(tmp_path / "lexical")
    reader = LexicalIndex.open(tmp_path / "lexical")
    for number in range(20, 30):  # enough commits for merges to happen
        writer.add([number], [[f"new{number}"]])
        writer.commit(number, number)
        assert found(reader, f"new{number}") == []
        reader.refresh()
        assert (found(reader, f"new{number}"), reader.change) == ([number], number)
    writer.close()


def test_only_one_writes(tmp_path: Path) -> None:
    writer = filled(tmp_path / "lexical")
    other = LexicalIndex.open(tmp_path / "lexical")
    with pytest.raises(LibraryLocked):
        other.add([99], [["x"]])
    writer.close()
    other.add([99], [["x"]])
    other.close()


def test_clearing_leaves_no_old_word_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "lexical"
    index = filled(path)
    index.remove([5])
    index.commit(2)
    assert "दिल्ली" in dictionary(path), "the test would prove nothing"
    before = {file.name for file in path.iterdir() if len(file.stem) == 32}
    index.clear()
    index.add([9], [WORDS[9]])
    index.commit(3)
    index.close()
    assert dictionary(path) == set(WORDS[9])
    assert not before & {file.name for file in path.iterdir()}


def dictionary(path: Path) -> set[str]:
    """Return all words in the files, those of dead passages too."""
    searcher = LexicalIndex.open(path)._searcher
    return {word for word, _ in searcher.terms_with_prefix("words", "")}


def rewrite(file: Path, data: bytes) -> None:
    file.unlink()  # a new file: the old one may be mapped into memory
    file.write_bytes(data)


def test_none_is_told_from_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LexicalIndex.open(tmp_path / "lexical")


@pytest.mark.filterwarnings("ignore")
def test_truncated_and_foreign_files_are_found_on_opening(tmp_path: Path) -> None:
    path = tmp_path / "lexical"
    filled(path).close()
    segment_files = [file for file in path.iterdir() if len(file.stem) == 32]
    assert len(segment_files) >= 5
    for file in [*segment_files, path / "meta.json"]:
        good = file.read_bytes()
        for bad in (b"", good[: len(good) // 2], b"\xff" * len(good)):
            rewrite(file, bad)
            with pytest.raises(LibraryCorrupt, match="lexical/"):
                LexicalIndex.open(path)
        rewrite(file, good)
    assert found(LexicalIndex.open(path), "km")


def test_a_changed_byte_anywhere_is_found_by_the_check(tmp_path: Path) -> None:
    path = tmp_path / "lexical"
    filled(path).close()
    index = LexicalIndex.open(path)
    index.check()
    for file in [file for file in path.iterdir() if len(file.stem) == 32]:
        good = file.read_bytes()
        rewrite(file, bytes([good[0] ^ 1]) + good[1:])
        with pytest.raises(LibraryCorrupt, match=file.name):
            index.check()
        rewrite(file, good)


def test_without_its_state_file_everything_will_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "lexical"
    filled(path).close()
    other_words = '{"words": 1, "change": 1, "stamp": 11, "removed": 0}'
    for content in ("", "{}", "[1]", '{"change": "x"}', other_words):
        (path / "state.json").write_text(content)
        assert LexicalIndex.open(path).change == 0
    (path / "state.json").unlink()
    assert LexicalIndex.open(path).change == 0


def test_threads_search_while_one_writes(tmp_path: Path) -> None:
    index, errors = filled(tmp_path / "lexical"), list[BaseException]()

    def search() -> None:
        try:
            for _ in range(300):
                assert set(found(index, "km", "the")) >= {8, 9}
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(100, 120):
        index.add([number], [["km", f"w{number}"]])
        index.remove([number - 3])
        index.commit(number)
    for thread in threads:
        thread.join()
    index.close()
    assert errors == []


def test_what_a_killed_commit_left_neither_alarms_nor_stands_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "lexical"
    index = LexicalIndex.create(path)
    index.add([1, 2], [["one"], ["two"]])
    index.commit(1)
    index.close()
    meta = json.loads((path / "meta.json").read_text())
    prefix = meta["segments"][0]["segment_id"].replace("-", "")
    managed = json.loads((path / ".managed.json").read_text())
    for opstamp in range(meta["opstamp"], meta["opstamp"] + 10):  # one of these is the next deletion's
        left = f"{prefix}.{opstamp}.del"
        (path / left).write_bytes(b"half a file")
        managed.append(left)
    (path / ".managed.json").write_text(json.dumps(managed))
    again = LexicalIndex.open(path)
    again.check()
    again.remove([1])
    again.commit(2)
    assert again.ids().tolist() == [2]
    again.close()


def test_postings_that_were_checked_are_not_read_again_until_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = qa.lexical._check_footer

    def reading(file: Path, *, whole: bool) -> None:
        read.append(file.name)
        real(file, whole=whole)

    monkeypatch.setattr(qa.lexical, "_check_footer", reading)
    filled(tmp_path / "lexical").close()
    LexicalIndex.open(tmp_path / "lexical")
    first, read[:] = set(read), []
    LexicalIndex.open(tmp_path / "lexical").check()  # which reads all
    assert len(first) > 3
    assert set(read) == first
    read.clear()
    index = LexicalIndex.open(tmp_path / "lexical")
    assert read == []
    index.add([100], [["new"]])
    index.commit(2)
    index.close()
    LexicalIndex.open(tmp_path / "lexical")
    assert read
    assert not first & set(read)

    file = tmp_path / "lexical" / next(name for name in sorted(first) if name.endswith(".idx"))
    data = bytearray(file.read_bytes())
    data[5] ^= 1
    rewrite(file, bytes(data))
    with pytest.raises(LibraryCorrupt, match=file.name):
        LexicalIndex.open(tmp_path / "lexical")


def test_a_passage_that_was_committed_before_is_replaced_after_opening(tmp_path: Path) -> None:
    filled(tmp_path).close()
    index = LexicalIndex.open(tmp_path)
    index.add([7, 50], [["mill"], ["mill"]])  # as a replay does whose state lags behind the postings
    index.commit(2)
    assert (found(index, "mill"), found(index, "тысяч"), len(index)) == ([7, 50], [], len(WORDS) + 1)
    index.clear()
    index.add([7], [["snow"]])
    index.rollback()
    index.add([7], [["lake"]])
    index.commit(3)
    assert (found(index, "lake"), found(index, "mill"), len(index)) == ([7], [50], len(WORDS) + 1)
