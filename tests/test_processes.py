"""A file that hangs, swells or crashes its reader costs itself, and none of the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.errors import ReadError
from qa.readers import processes, read_file
from qa.readers.processes import Readers, Reading
from qa.readers.worker import Limits
from tests.made_files import FILES, write, zip_of

HANGS = b"{\\rtf1 {\\field{\\*\\fldinst{" + b'HYPERLINK "a"}}{' + b" " * 5_000
"""A link without an end: the library's pattern tries every way to find one."""


@pytest.fixture
def readers() -> Iterator[Readers]:
    with Readers(Limits(memory_mb=900, seconds=2, seconds_per_mb=0)) as readers:
        yield readers


def begin(readers: Readers, folder: Path, name: str, data: bytes) -> Reading:
    (folder / name).write_bytes(data)
    return readers.read(folder / name, source=name)


@pytest.mark.parametrize("name", FILES)
def test_every_format_comes_out_as_it_does_in_this_process(
    readers: Readers, tmp_path: Path, name: str
) -> None:
    path = write(tmp_path, name)
    assert readers.read(path, source="x/名.y").result() == list(read_file(path, source="x/名.y"))


def test_what_hangs_is_stopped_and_those_in_line_behind_it_are_read(readers: Readers, tmp_path: Path) -> None:
    started = time.perf_counter()
    readings = [begin(readers, tmp_path, "hangs.rtf", HANGS)]
    readings += [begin(readers, tmp_path, f"{at}.txt", f"Text {at}.".encode()) for at in range(20)]
    first, *others = [reading.result() for reading in readings]
    assert first[0].problem == "takes longer than 2 seconds to be read and was stopped. Split it."
    assert [each.document.text for (each,) in others if each.document] == [f"Text {at}." for at in range(20)]
    assert time.perf_counter() - started < 15


def test_a_member_that_hangs_leaves_the_rest_of_its_archive(readers: Readers, tmp_path: Path) -> None:
    data = zip_of({"a.txt": b"The first.", "b/hangs.rtf": HANGS, "c.txt": b"The last."})
    found = {each.member: each for each in begin(readers, tmp_path, "a.zip", data).result()}
    assert list(found) == ["a.txt", "b/hangs.rtf", "c.txt"]
    assert "takes longer than 2 seconds" in found["b/hangs.rtf"].problem
    assert found["c.txt"].document


def test_what_swells_is_refused(tmp_path: Path) -> None:
    with Readers(Limits(memory_mb=500), processes=1) as readers:
        (outcome,) = begin(readers, tmp_path, "big.json", b"[" + b"{}," * 10_000_000 + b"{}]").result()
        assert "needs more memory" in outcome.problem
        (after,) = begin(readers, tmp_path, "a.txt", b"A text.").result()
        assert after.document


def test_a_reader_that_dies_is_named_with_its_file_and_started_again(tmp_path: Path) -> None:
    with Readers(processes=1) as readers:
        begin(readers, tmp_path, "a.txt", b"A text.").result()
        process = readers._workers[0]._process
        assert process
        os.kill(process.pid, signal.SIGSTOP)
        readings = [begin(readers, tmp_path, f"{at}.txt", b"More.") for at in range(3)]
        os.kill(process.pid, signal.SIGKILL)
        (first,), (second,), (third,) = [reading.result() for reading in readings]
        assert first.problem == "brought its reader down (SIGKILL); save it anew."
        assert second.document
        assert third.document


def test_time_in_which_nobody_takes_the_reply_does_not_count(readers: Readers, tmp_path: Path) -> None:
    rows = "Name,Place\n" + "Anna,a town of many words and people\n" * 60_000  # more than a pipe holds
    readings = [begin(readers, tmp_path, f"{at}.csv", rows.encode()) for at in range(2)]
    time.sleep(3)
    assert [bool(reading.result()[0].document) for reading in readings] == [True, True]


def test_a_file_that_is_gone_is_told_so(readers: Readers, tmp_path: Path) -> None:
    (outcome,) = readers.read(tmp_path / "gone.txt", source="gone.txt").result()
    assert "No such file" in outcome.problem


def test_what_is_no_reply_ends_the_process_and_is_no_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_over(limits: Limits, ocr_languages: str) -> subprocess.Popen[bytes]:
        monkeypatch.undo()  # the next one is as it should be
        code = (
            """import sys; print('{"member": "", "document": {"text": 1}}', flush=True); sys.stdin.read()"""
        )
        return subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    monkeypatch.setattr(processes, "_start", taken_over)
    with Readers(processes=1) as readers:
        readings = [begin(readers, tmp_path, f"{at}.txt", b"More.") for at in range(2)]
        (first,), (second,) = [reading.result() for reading in readings]
        assert first.problem == "brought its reader down (SIGKILL); save it anew."
        assert second.document


def test_a_reading_that_was_stopped_is_no_empty_result(readers: Readers, tmp_path: Path) -> None:
    reading = begin(readers, tmp_path, "a.txt", b"A text.")
    readers.close()
    with pytest.raises(ReadError, match="was not read"):
        reading.result()


def test_requests_longer_than_a_pipe_holds_come_through(readers: Readers, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({f"{at}.txt": f"Text {at}.".encode() for at in range(50)}))
    known = {f"{at}.txt": "0" * 64 for at in range(5_000)}
    readings = [readers.read(tmp_path / "a.zip", source="a.zip", known=known) for _ in range(10)]
    assert [len(reading.result()) for reading in readings] == [50] * 10


def test_a_reader_opens_no_connection() -> None:
    code = (
        "import sys, socket; from qa.readers.worker import _refuse_network; sys.addaudithook(_refuse_network)\n"
        "try: socket.create_connection(('127.0.0.1', 9))\n"
        "except PermissionError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
