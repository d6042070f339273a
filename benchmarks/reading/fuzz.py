"""Damaged files for each reader, by atheris: what raises anything but ``Unreadable``, hangs, or is no sound document.

    python -m benchmarks.reading.fuzz --minutes 10 [--readers pdf docx] [--out findings/]

Each reader runs in a process of its own, with a limit of memory and of time for one file. It begins with sound files
of its format (``tests.made_files`` and the like); of formats that are packed a part is changed and packed again,
since a damaged archive is refused before its reader sees it. A file that was found is written to ``--out``, and the
exit status is 1. Needs atheris (pip install atheris). A short form of it runs with the tests (``test_formats.py``).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

ARCHIVES = frozenset(("docx", "xlsx", "pptx", "odt", "epub"))
"""Of which a part is changed. What the reader of ``zip`` looks at is the archive itself."""
FORMATS = (
    "pdf",
    "docx",
    "rtf",
    "eml",
    "html",
    "md",
    "xlsx",
    "pptx",
    "odt",
    "epub",
    "zip",
    "json",
    "jsonl",
    "csv",
    "txt",
)
SECONDS = 60
"""For one file."""
MEGABYTES = 3_000


def seeds(kind: str) -> list[bytes]:
    """Return sound files of a format."""
    from benchmarks.reading.make import MADE, paragraphs
    from tests.made_files import FILES, made
    from tests.made_pdf import NOTES, SCAN, make_pdf, pdf_of

    found = [MADE[kind](paragraphs(6))] if kind in MADE and kind != "pdf" else []
    found += [made(name) for name in FILES if name == f"a.{kind}"]
    if kind == "pdf":
        found += [
            make_pdf([[(60, 700 - 14 * row, 11, f"Line {row} of 一个 page") for row in range(9)]]),
            pdf_of(SCAN),
            pdf_of(b"BT /L 12 Tf -1 0 0 -1 500 700 Tm (On its head.) Tj ET", notes=NOTES),
        ]
    return found


def check(kind: str) -> Callable[[bytes], None]:
    """Return what reads bytes as a format: all is well if it returns."""
    from qa.readers import _MEDIA_TYPES, _PARSERS
    from qa.readers.building import Unreadable

    parser = _PARSERS[_MEDIA_TYPES[f".{kind}"]]

    def read(data: bytes) -> None:
        try:
            parsed = parser(data)
        except (Unreadable, MemoryError, RecursionError):
            return
        end = 0
        for block in parsed.blocks:
            text = block.span.of(parsed.text)
            assert end <= block.span.start < block.span.end <= len(parsed.text), (end, block)
            assert text.strip(), block
            end = block.span.end
        parsed.text.encode("utf-8")
        for member in parsed.members:
            with contextlib.suppress(Unreadable):
                member.unpack()

    return read


def changed_part(data: bytes, mutate: Callable[[bytes, int], bytes], most: int, seed: int) -> bytes:
    """Return an archive with one of its parts changed, or the bytes changed if they are none."""
    chance = random.Random(seed)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {
                entry.filename: archive.read(entry) for entry in archive.infolist() if entry.file_size < 1e6
            }
    except Exception:  # whatever the last change made of it
        return mutate(data, most)
    if not parts:
        return mutate(data, most)
    name = chance.choice(sorted(parts))
    parts[name] = mutate(parts[name], most)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return stream.getvalue()


def fuzz(kind: str, arguments: list[str]) -> None:
    """Run libFuzzer on one reader, in this process, until its time is over."""
    import atheris

    with atheris.instrument_imports(include=["qa.readers"]):
        read = check(kind)
        for data in seeds(kind):  # what is loaded when it is first used would not be watched
            read(data)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        if kind in ARCHIVES and seed % 8:
            return changed_part(data, atheris.Mutate, most, seed)
        return bytes(atheris.Mutate(data, most))

    atheris.Setup(["fuzz", *arguments], read, custom_mutator=mutate)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", nargs="+", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each reader")
    parser.add_argument("--out", type=Path, default=Path("findings"))
    parser.add_argument("--only", choices=FORMATS, help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if not find_spec("atheris"):
        parser.exit(2, "atheris is not installed; install it: pip install atheris\n")
    if options.only:
        fuzz(options.only, rest)
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    failed = [kind for kind in options.readers if not _is_sound(kind, options.minutes, options.out)]
    print(
        f"found in: {', '.join(failed)}; the files are in {options.out}/" if failed else "nothing was found"
    )
    return 1 if failed else 0


def _is_sound(kind: str, minutes: float, out: Path) -> bool:
    folder = Path(tempfile.mkdtemp())
    for number, data in enumerate(seeds(kind)):
        (folder / f"{number}.{kind}").write_bytes(data)
    command = [
        *(sys.executable, "-m", "benchmarks.reading.fuzz", "--only", kind, str(folder)),
        f"-max_total_time={round(60 * minutes)}",
        f"-timeout={SECONDS}",
        f"-rss_limit_mb={MEGABYTES}",
        "-max_len=300000",
        "-print_final_stats=1",
        f"-artifact_prefix={out}/{kind}-",
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    log = done.stdout.decode("utf-8", "replace")
    (out / f"{kind}.log").write_text(log, encoding="utf-8")
    runs = [line.split()[-1] for line in log.splitlines() if "number_of_executed_units" in line]
    print(
        f"{kind:5} {''.join(runs) or '?':>9} files, {'nothing found' if not done.returncode else 'FOUND'}",
        flush=True,
    )
    shutil.rmtree(folder)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
