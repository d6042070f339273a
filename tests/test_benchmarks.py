"""What the benchmarks ask, and what they make of the answers."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.page.run import show
from benchmarks.paired import interval, p_value
from benchmarks.retrieval.model import mean, rank_of
from benchmarks.retrieval.tasks import run_of, translated, with_english
from benchmarks.scale.plot import draw
from benchmarks.scale.run import vectors
from benchmarks.scale.texts import PER_DOCUMENT, documents
from qa.evaluation.significance import holm
from qa.splitter import split_document


def test_holm_multiplies_by_the_tests_left_and_never_falls() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_nothing_differs_between_equal_values() -> None:
    assert p_value(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 1.0
    assert p_value(np.array([0.0]), np.array([1.0])) == 1.0


def test_paired_test_sees_a_steady_small_difference() -> None:
    values = np.linspace(0.0, 1.0, 20)
    steady = values + np.where(np.arange(20) % 2, 0.02, 0.04)
    assert p_value(steady, values) < 0.001


def test_interval_lies_around_the_mean_and_is_the_same_each_time() -> None:
    values = np.repeat([0.0, 1.0], 50)
    low, high = interval(values)
    assert 0.35 < low < 0.5 < high < 0.65
    assert interval(values) == (low, high)
    assert interval(np.ones(3)) == (1.0, 1.0)


def test_of_equal_scores_the_first_comes_first() -> None:
    scores = np.array([0.5, 0.9, 0.5, 0.1], np.float32)
    assert [rank_of(scores, right) for right in range(4)] == [1, 0, 2, 3]


def test_a_translation_is_asked_for_among_all_sentences_each_once() -> None:
    table = with_english(
        {"de": {"Yes.": "Ja.", "Yeah.": "Ja.", "No.": "Nein."}, "zh": {"Yes.": "是。", "No.": "不。"}}
    )
    collection = translated(table, "zh", "de", row="de")
    assert collection.texts == ["Nein.", "Ja."]
    assert [(asked.text, asked.right) for asked in collection.asked] == [("不。", 0), ("是。", 1)]
    assert translated(table, "de", "en", row="de").texts == ["No.", "Yeah.", "Yes."]


@pytest.mark.parametrize(
    ("lang", "text", "length"),
    [
        ("en", "one two three four five six seven eight nine ten", 8),
        ("ko", "하나 둘 셋 넷 다섯 여섯 일곱 여덟", 6),
        ("ar", "واحد اثنان", 2),
    ],
)
def test_a_span_is_a_run_of_words(lang: str, text: str, length: int) -> None:
    span = run_of(text, lang, random.Random(0))
    assert span in text
    assert len(span.split()) == length


def test_a_span_without_spaces_is_a_run_of_characters() -> None:
    text = "本月初《纽约时报》报道称，罗森斯坦讨论过使用窃听器"
    span = run_of(text, "zh", random.Random(0))
    assert span in text
    assert len(span) == 18


def test_a_mean_counts_rows_alike_and_leaves_out_a_column_that_few_have() -> None:
    section = {
        "en": {"late": {"final": np.array([1.0, 0.0])}, "MiniLM": {"final": np.array([1.0])}},
        "zh": {"late": {"final": np.array([1.0, 1.0, 1.0])}},
    }
    row = mean(section, ["en", "zh"])
    assert list(row) == ["late"]
    assert row["late"]["final"].tolist() == [0.5, 1.0]


def test_made_documents_have_ten_passages_each_and_are_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "parallel").mkdir()
    for lang in ("fr", "zh", "ru", "ar", "hi"):
        word = "还有一句话" if lang == "zh" else f"{lang} and more "
        rows = [{"en": f"{n} of them {9 * 'and more '}", "text": f"{n} {9 * word}"} for n in range(90)]
        pd.DataFrame(rows).to_parquet(tmp_path / "parallel" / f"{lang}.parquet")
    made = list(documents(tmp_path, 3, 8))
    assert [len(split_document(document)) for document in made] == [PER_DOCUMENT] * 5
    assert (
        len({passage.text for document in made for passage in split_document(document)}) == 5 * PER_DOCUMENT
    )
    assert made[2:] == list(documents(tmp_path, 5, 8))


def test_vectors_alone_are_measured_and_curves_are_drawn(tmp_path: Path) -> None:
    found = vectors(tmp_path / "vectors", 1000)
    assert (found["kind"], found["memory_mib"]["own"] > 1) == ("flat-fp16", True)
    times = {"ms": found["ms"], "cpu_ms": found["cpu_ms"]}
    answer = {**times, "opening": found["opening"], "memory_mib": found["memory_mib"]}
    size = {
        "build": {"memory_mib": found["memory_mib"], "disk_mib": found["disk_mib"], "peak_disk_mib": 9.0},
        "answer": answer,
        "small": answer,
        "change": {"add": times, "remove": times},
        "recall": times,
    }
    draw({"sizes": {"10000": size}}, tmp_path)
    assert not (tmp_path / "scale.svg").exists()  # one size is no curve
    draw({"sizes": {"10000": size, "100000": size}}, tmp_path)
    assert (tmp_path / "scale.svg").read_text().count("<title") == 4


def test_page_benchmark_of_one_person_tells_of_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    times = {"median": 60.0, "p90": 90.0, "longest": 95.0}
    paint = dict.fromkeys(
        ("first_paint_ms", "header_ms", "whole_ms", "requests", "kilobytes", "server_cpu_ms"), 1.0
    )
    answer = {"first_question_ms": 1.0, "answer_ms": times, "frame_ms": times, "server_cpu_ms": 1.0}
    crowd = {"people": 1, "browser_ms": times, "server_cpu_ms": 1.0}
    show({"start_ms": 1.0, "start_cpu_ms": 1.0, "paint": paint, "answer": answer, "at_once": crowd})
    shown = capsys.readouterr().out
    assert "1 at once, browser" in shown
    assert "others" not in shown
