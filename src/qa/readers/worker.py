"""The process that reads files for ``processes``: one request a line comes in, one outcome a line goes out.

It limits itself before it reads anything: what a hostile file can take is memory up to a limit, which is an
error, and time up to a limit, which ends the process. It opens no connection.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.readers import Outcome, ocr, read_file
from qa.types import blocks_to_json


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take."""

    memory_mb: int = 4_000
    """Of address space; the interpreter and its libraries take some 400 of it."""
    seconds: int = 60
    seconds_per_mb: int = 60
    """More for each megabyte: a page of a PDF takes a tenth of a second, and a megabyte may hold a thousand."""

    def time(self, size: int) -> int:
        """Return the seconds for a file of ``size`` bytes."""
        return self.seconds + self.seconds_per_mb * size // 1_000_000


NETWORK = frozenset(("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname"))


def main(limits: Limits, ocr_languages: str = "") -> None:
    """Answer the requests of standard input until it ends."""
    ocr.use_languages(ocr_languages)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no reply
    limit_process(limits.memory_mb)

    def reply(fields: dict[str, Any]) -> None:
        signal.setitimer(
            signal.ITIMER_REAL, 0
        )  # the one who reads this may be busy, which is no fault of the file
        line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        replies.write(line.encode("utf-8", "surrogatepass") + b"\n")
        if "begin" in fields or "end" in fields:
            replies.flush()

    def begin(member: str, size: int) -> None:
        if member:  # which one it was if this is the end
            reply({"begin": member, "size": size})
        # nothing handles the signal: it ends the process, also in the middle of a library's C code
        signal.setitimer(signal.ITIMER_REAL, limits.time(size))

    for line in sys.stdin.buffer:
        request = json.loads(line)
        outcomes = read_file(
            Path(request["path"]),
            source=request["source"],
            known=request["known"],
            skip=frozenset(request["skip"]),
            begin=begin,
        )
        for fields in _fields(outcomes):
            reply(fields)
        reply({"end": True})


def limit_process(memory_mb: int) -> None:
    """Let this process have so much memory, and no connection."""
    size = memory_mb * 1_000_000
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    size = size if hard == resource.RLIM_INFINITY else min(size, hard)
    with suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse_network)


def _fields(outcomes: Iterator[Outcome]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        document = outcome.document
        yield {
            "member": outcome.member,
            "problem": outcome.problem,
            "left_out": outcome.left_out,
            "sha256": outcome.sha256,
            "document": document
            and {
                "id": document.id,
                "title": document.title,
                "text": document.text,
                "blocks": blocks_to_json(document.blocks),
                "sha256": document.sha256,
                "media_type": document.media_type,
                "pages": document.pages,
                "warnings": document.warnings,
                "author": document.author,
                "date": document.date,
                "language": document.language,
            },
        }


def _refuse_network(event: str, _: tuple[object, ...]) -> None:
    if event in NETWORK:
        raise PermissionError("A reader opens no connection.")


if __name__ == "__main__":
    main(Limits(*map(int, sys.argv[1:4])), *sys.argv[4:])
