"""The pages of a PDF as pictures, with the words of a quote boxed; drawn in processes of their own.

The file is the one that was read, byte for byte, or nothing is drawn: a picture of another version would show other
words. Where the words cannot be told on the page beyond doubt, the page is drawn without a box.
"""

from __future__ import annotations

import atexit
import hashlib
import io
import json
import os
import queue
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import qa
from qa.readers.glyphs import readable
from qa.readers.worker import limit_process
from qa.types import Span

WIDTH = 1100
"""Pixels of a page's picture; one much higher than wide has fewer."""
HIGHEST = 4000
SECONDS = 20
MEMORY_MB = 2_000
AT_ONCE = 2
"""Pages that are drawn at a time: drawing is the work of a whole core."""
PIECES = 4
"""Runs of text, as columns and pages part them, that a quote may lie in."""
SURE = 8
"""Letters from which a run is more than a chance likeness."""
QUOTE, MARK, OUTLINE = "#dcefeb", "#ffe07a", "#0b6b62"
EDGE = 2
LONGEST_REPLY = 50_000_000
_LENGTH = 8

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points of a page."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words to box: their text, the answering ones as spans of it, and the page that they begin on."""

    text: str
    marks: tuple[Span, ...]
    page: int


def page_sizes(path: str, sha256: str) -> list[tuple[float, float]]:
    """Return width and height of every page in points; none if the file is gone, changed or cannot be drawn."""
    reply = _drawn({"path": path, "sha256": sha256})
    return [(width, height) for width, height in json.loads(reply)] if reply else []


def page_picture(path: str, sha256: str, page: int, words: Words | None = None) -> bytes:
    """Return a page (from 1) as a JPEG, empty if the file is gone, changed or cannot be drawn."""
    request: dict[str, Any] = {"path": path, "sha256": sha256, "page": page}
    if words and words.page <= page <= words.page + 1:
        marks = [(mark.start, mark.end) for mark in words.marks]
        request |= {"words": words.text, "marks": marks, "first": words.page}
    return _drawn(request)


def _drawn(request: dict[str, Any]) -> bytes:
    """Have a request answered by a process that a hostile file may bring down."""
    return _drawers().draw(request) if Path(request["path"]).is_file() else b""


class Drawers:
    """A few processes that draw pages; each starts when it is first needed, and anew after one that it died of."""

    def __init__(self, processes: int = AT_ONCE) -> None:
        self._idle: queue.SimpleQueue[_Drawer] = queue.SimpleQueue()
        for _ in range(processes):
            self._idle.put(_Drawer())

    def draw(self, request: dict[str, Any]) -> bytes:
        """Return the reply, empty if there is none; waits where all of them are at work."""
        drawer = self._idle.get()
        try:
            return drawer.draw(request)
        finally:
            self._idle.put(drawer)

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get().stop()


@cache
def _drawers() -> Drawers:
    drawers = Drawers()
    atexit.register(drawers.close)
    return drawers


class _Drawer:
    """One process: a line of JSON goes in, the number of bytes and the bytes come out."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def draw(self, request: dict[str, Any]) -> bytes:
        try:
            process = self._process = self._process or _start()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            length = int.from_bytes(process.stdout.read(_LENGTH), "big")
            reply = process.stdout.read(length) if length <= LONGEST_REPLY else b""
            if process.poll() is None and len(reply) == length:
                return reply
        except BrokenPipeError:
            pass
        self.stop()
        return b""

    def stop(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()


def _start() -> subprocess.Popen[bytes]:
    package = str(Path(qa.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "qa.readers.pages"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C is for the one who asked: it ends, and so does the input here
    )


# --- in the process -----------------------------------------------------------------------------


def main() -> None:
    """Answer the requests of standard input until it ends; an empty reply is that nothing can be drawn."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no picture
    limit_process(MEMORY_MB)
    for line in sys.stdin.buffer:
        signal.alarm(SECONDS)  # nothing handles it: it ends the process, also in the middle of C code
        reply = _answer(json.loads(line))
        signal.alarm(0)
        replies.write(len(reply).to_bytes(_LENGTH, "big") + reply)
        replies.flush()


def _answer(request: dict[str, Any]) -> bytes:
    try:
        data = Path(request["path"]).read_bytes()
        return _reply(data, request) if hashlib.sha256(data).hexdigest() == request["sha256"] else b""
    except Exception:  # a file that cannot be drawn, in whatever way; its text is shown
        return b""


def _reply(data: bytes, request: dict[str, Any]) -> bytes:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    if "page" not in request:
        return json.dumps([document.get_page_size(number) for number in range(len(document))]).encode()
    number = request["page"] - 1
    boxes: list[tuple[Box, bool]] = []
    if "words" in request:
        boxes = _boxes(document, number, request)
    page = document[number]
    scale = min(WIDTH / page.get_width(), HIGHEST / page.get_height())
    picture = page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB")
    _paint(picture, boxes, page)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def _boxes(document: Any, number: int, request: dict[str, Any]) -> list[tuple[Box, bool]]:
    """Return the boxes of the words on page ``number``, and of each whether it holds answering words."""
    first = request["first"] - 1
    letters: list[tuple[str, int, int]] = []  # a letter, its page, its place among the page's characters
    texts = {each: document[each].get_textpage() for each in range(first, min(first + 2, len(document)))}
    for each, text in texts.items():
        letters += [(letter, each, place) for letter, place in _letters(_characters(text))]
    asked = list(_letters(enumerate(request["words"])))
    found = find_runs("".join(letter for letter, _ in asked), "".join(letter for letter, *_ in letters))
    marks = [Span(start, end) for start, end in request["marks"]]
    boxes: list[tuple[Box, bool]] = []
    for (_, place), at in zip(asked, found, strict=False):
        _, page, character = letters[at]
        if page == number:
            is_mark = any(mark.start <= place < mark.end for mark in marks)
            boxes.append((texts[page].get_charbox(character, loose=True), is_mark))
    return list(_joined(boxes))


def _characters(text: Any) -> Iterator[tuple[int, str]]:
    import pypdfium2.raw as pdfium

    for place in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(text.raw, place)
        if code and not 0xD800 <= code < 0xE000:
            yield place, chr(code)


def _letters(characters: Iterable[tuple[int, str]]) -> Iterator[tuple[str, int]]:
    """Yield letters and digits as they compare, each with the place of its character."""
    for place, character in characters:
        for letter in unicodedata.normalize("NFKC", readable(character)).casefold():
            if letter.isalnum():
                yield letter, place


def find_runs(words: str, text: str) -> list[int]:
    """Return the place of each letter of ``words`` in ``text``, none of them unless all are told beyond doubt.

    Columns and pages may part the words into a few runs; each must stand in the text once, or go on where the last
    one ended.
    """
    places: list[int] = []
    for _ in range(PIECES):
        rest = words[len(places) :]
        if not rest:
            break
        run = _longest_run(rest, text)
        after = places[-1] + 1 if places else 0
        if text.count(run) == 1:
            at = text.index(run)
        elif places and text.startswith(run, after):
            at = after
        else:
            return []
        if len(run) < SURE and len(places) + len(run) < len(words):
            return []
        places += range(at, at + len(run))
    return places if len(places) == len(words) else []


def _longest_run(words: str, text: str) -> str:
    """Return the longest beginning of ``words`` that ``text`` holds."""
    least, most = 0, len(words)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if words[:middle] in text else (least, middle - 1)
    return words[:least]


def _joined(characters: Iterable[tuple[Box, bool]]) -> Iterator[tuple[Box, bool]]:
    """Join the boxes of characters that stand on one line."""
    last: Box | None = None
    was_mark = False
    for box, is_mark in characters:
        if last and is_mark == was_mark and _on_one_line(last, box):
            last = (min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
            continue
        if last:
            yield last, was_mark
        last, was_mark = box, is_mark
    if last:
        yield last, was_mark


def _on_one_line(one: Box, other: Box) -> bool:
    height = min(one[3] - one[1], other[3] - other[1])
    apart = max(other[0] - one[2], one[0] - other[2])
    return min(one[3], other[3]) - max(one[1], other[1]) > 0.5 * height and apart < 1.5 * max(height, 1.0)


def _paint(picture: Any, boxes: Sequence[tuple[Box, bool]], page: Any) -> None:
    """Tint the boxes as a marker would: what is dark stays readable."""
    from PIL import Image, ImageChops, ImageDraw

    tint = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(tint)
    for (x0, y0, x1, y1), is_mark in sorted(boxes, key=lambda box: box[1]):
        (left, top), (right, bottom) = _pixel(page, picture, x0, y1), _pixel(page, picture, x1, y0)
        xs, ys = sorted((left, right)), sorted((top, bottom))
        place = (xs[0] - EDGE, ys[0] - EDGE, xs[1] + EDGE, ys[1] + EDGE)
        draw.rectangle(place, fill=MARK if is_mark else QUOTE, outline=OUTLINE, width=2)
    picture.paste(ImageChops.multiply(picture, tint))


def _pixel(page: Any, picture: Any, x: float, y: float) -> tuple[int, int]:
    """Return where a point of a page, turned or cut to its crop box, is drawn."""
    from ctypes import byref, c_int

    import pypdfium2.raw as pdfium

    across, down = c_int(), c_int()
    pdfium.FPDF_PageToDevice(page.raw, 0, 0, *picture.size, 0, x, y, byref(across), byref(down))
    return across.value, down.value


if __name__ == "__main__":
    main()
