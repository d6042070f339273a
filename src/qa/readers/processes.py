"""Reading in processes of their own: a file that hangs, swells or crashes its reader costs only itself.

Each process is kept for many files, and some wait in line before each, so that a small file costs two messages and
no waiting. No threads: they would take turns with the one that stores. The messages are JSON: what comes from a
process that a hostile file has run in is data and nothing else.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import qa
from qa.errors import ReadError
from qa.readers import Outcome, ocr
from qa.readers.worker import Limits
from qa.types import Document, blocks_from_json

PROCESSES = 2
IN_LINE = 32
"""Files that wait before a process, if their requests are short enough for a pipe to hold them all."""
_SHORT = 1_000
_PIPE = 1 << 20
"""Bytes of replies that a process may be ahead, where the system lets a pipe hold more than its usual 64 KiB."""


@dataclass(slots=True, eq=False)
class Reading:
    """A file that is being read; ``result`` waits for what became of it."""

    path: Path
    source: str
    known: Mapping[str, str]
    readers: Readers
    outcomes: list[Outcome] = field(default_factory=list)
    done: bool = False

    def result(self) -> list[Outcome]:
        """Return as ``qa.readers.read_file`` does; what ended a process is a problem of the file it was reading."""
        self.readers.wait(self)
        return self.outcomes

    def request(self) -> bytes:
        fields = {
            "path": str(self.path.absolute()),
            "source": self.source,
            "known": dict(self.known),
            "skip": [outcome.member for outcome in self.outcomes],
        }
        return json.dumps(fields).encode() + b"\n"


class Readers:
    """A few processes that read files side by side; they start when they are first needed."""

    def __init__(
        self, limits: Limits | None = None, *, processes: int = PROCESSES, ocr_languages: str = ""
    ) -> None:
        self._ocr_languages = ocr_languages
        self._workers = [_Worker(limits or Limits(), ocr_languages) for _ in range(processes)]
        self._lock = threading.RLock()

    def described(self) -> str:
        """Return what reads files here: where it is another one, what could not be read is worth another try."""
        return f"qa {qa.__version__}, {ocr.described(self._ocr_languages)}"

    def read(self, path: Path, *, source: str, known: Mapping[str, str] | None = None) -> Reading:
        """Begin to read a file: the process with the shortest line takes it."""
        reading = Reading(path, source, known or {}, self)
        with self._lock:
            min(self._workers, key=lambda worker: len(worker.line)).take(reading)
        return reading

    def wait(self, reading: Reading) -> None:
        with self._lock:
            for worker in self._workers:
                while not reading.done and reading in worker.line:
                    worker.finish_first()
        if not reading.done:
            raise ReadError(reading.path, "was not read, for reading was stopped. Add it again.")

    def close(self) -> None:
        """End the processes; they start again when they are needed."""
        with self._lock:
            for worker in self._workers:
                worker.stop()

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


@cache
def shared_readers(ocr_languages: str = "") -> Readers:
    """Return the readers that all indexing of this process shares; scans are read in ``ocr_languages``."""
    readers = Readers(ocr_languages=ocr_languages)
    atexit.register(readers.close)
    return readers


class _Worker:
    """One process, and the files that it was sent, in their order."""

    def __init__(self, limits: Limits, ocr_languages: str) -> None:
        self._limits = limits
        self._ocr_languages = ocr_languages
        self._process: subprocess.Popen[bytes] | None = None
        self.line: deque[Reading] = deque()

    def take(self, reading: Reading) -> None:
        request = reading.request()
        while self.line and (len(self.line) >= IN_LINE or len(request) > _SHORT):
            self.finish_first()  # a pipe that is full would hold up both sides
        self.line.append(reading)
        self._send(request)
        if len(self.line) == 1:
            self._flush()

    def finish_first(self) -> None:
        """Read what the process says of the first file in line, until it is done with it or dies of it."""
        self._flush()
        reading = self.line[0]
        member, size = "", 0
        try:
            for reply in self._replies():
                if "end" in reply:
                    reading.done = True
                elif "begin" in reply:
                    member, size = reply["begin"], reply["size"]
                else:
                    reading.outcomes.append(_outcome(reply, reading.source))
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ):  # no reply of ours: a file has taken it over
            assert self._process is not None
            _kill(self._process)
        except BaseException:  # half a reply was read: the rest of it would be taken for the next
            self.stop()
            raise
        if not reading.done:
            with suppress(OSError):  # it may be gone
                size = size or reading.path.stat().st_size
            reading.outcomes.append(Outcome(member, problem=self._death(size)))
            reading.done = not member  # the other members of an archive are still to be read
        if reading.done:
            self.line.popleft()
        if self._process is None:
            for waiting in self.line:
                self._send(waiting.request())

    def stop(self) -> None:
        process, self._process = self._process, None
        self.line.clear()
        if process:
            _kill(process)
            process.communicate()

    def _send(self, request: bytes) -> None:
        if self._process is None:
            self._process = _start(self._limits, self._ocr_languages)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died; that shows when its replies are read
            self._process.stdin.write(request)

    def _flush(self) -> None:
        """Hand over what was sent; a few requests at a time, for each time wakes the process."""
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.flush()

    def _replies(self) -> Iterator[dict[str, Any]]:
        """Yield what the process says of one file, until it is done with it, or is no more."""
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.endswith(b"\n"):  # it died in the middle of a reply
                return
            reply = json.loads(line.decode("utf-8", "surrogatepass"))
            yield reply
            if "end" in reply:
                return

    def _death(self, size: int) -> str:
        """Return why the process ended, in a sentence."""
        process, self._process = self._process, None
        assert process is not None
        _kill(process)
        process.communicate()
        code = process.returncode
        if code == -signal.SIGALRM:
            return (
                f"takes longer than {self._limits.time(size)} seconds to be read and was stopped. Split it."
            )
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"exit status {code}"
        return f"brought its reader down ({name}); save it anew."


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started, tesseract, which would read on for nobody."""
    if process.returncode is None:  # till it is waited for, its number is of no other
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def _start(limits: Limits, ocr_languages: str) -> subprocess.Popen[bytes]:
    package = str(Path(qa.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    numbers = (limits.memory_mb, limits.seconds, limits.seconds_per_mb)
    process = subprocess.Popen(
        # -P: a folder "qa" where the user stands is not this package
        [sys.executable, "-P", "-m", "qa.readers.worker", *map(str, numbers), ocr_languages],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C is for the one who asked: it ends, and so does the input here
    )
    assert process.stdout is not None
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)
    return process


def _outcome(reply: Mapping[str, Any], source: str) -> Outcome:
    """Return what a reply says; the source of a document is what was asked for, whatever a hostile file may claim."""
    fields = reply["document"]
    document = fields and Document(
        **{
            **fields,
            "source": f"{source}/{reply['member']}".rstrip("/"),
            "blocks": blocks_from_json(fields["blocks"]),
            "warnings": tuple(fields["warnings"]),
        }
    )
    return Outcome(reply["member"], document, reply["problem"], reply["left_out"], reply["sha256"])
