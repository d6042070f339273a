"""More pages whose order is known, set by hand with reportlab: lines are drawn from the top of the page to its end.

A printer's driver writes a page so: the order in the file goes across the columns and tells nothing. The fonts are
those of the PDF standard, not embedded, but for Arabic, which is shaped beforehand.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import arabic_reshaper
from bidi.algorithm import get_display
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from benchmarks.reading.pages import CONTINUED, LANGUAGES, NAMES, SECTIONS, Article, Printed, articles

FONTS = {"en": "Times-Roman", "zh": "STSong-Light", "ja": "HeiseiMin-W3", "ar": "Arabic"}
TITLES = {**FONTS, "en": "Times-Bold"}
SANS = {**FONTS, "en": "Helvetica", "ja": "HeiseiKakuGo-W5"}
"""Of captions and boxes."""
WIDTH, HEIGHT = 595.0, 842.0
_FORBIDDEN = "，。、；：？！）」』”’…)]》"
"""Not at the beginning of a line."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A column, or a part of one, from its left upper corner."""

    x: float
    top: float
    width: float
    height: float


@dataclass(slots=True)
class _Sheet:
    """What is drawn on a page: lines of text, pictures and rules."""

    language: str
    lines: list[tuple[float, float, str, float, str, float]] = field(default_factory=list)
    """Baseline, x, font, size, text and extra space between words."""
    pictures: list[Frame] = field(default_factory=list)
    rules: list[Frame] = field(default_factory=list)

    def put(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        title: bool = False,
        spread: float = 0.0,
        sans: bool = False,
    ) -> None:
        font = _font(self.language, title=title, sans=sans)
        self.lines.append((y, x, font, size, _shaped(text, self.language), spread))

    def draw(self, canvas: Canvas) -> None:
        for each in (*self.pictures, *self.rules):
            canvas.setFillGray(0.7 if each in self.pictures else 0.0)
            canvas.rect(each.x, each.top - each.height, each.width, each.height, stroke=0, fill=1)
        canvas.setFillGray(0.0)
        for y, x, font, size, text, spread in sorted(self.lines, key=lambda line: (-round(line[0]), line[1])):
            drawn = canvas.beginText(x, y)
            drawn.setFont(font, size)
            drawn.setWordSpace(spread)
            drawn.textOut(text)
            canvas.drawText(drawn)
        canvas.showPage()


def printed() -> Iterator[Printed]:
    """Yield all pages; those in Arabic only where the DejaVu font is."""
    for language in LANGUAGES if _register_fonts() else LANGUAGES[:-1]:
        yield _bulletin(language)
        yield _journal(language)
        yield _front(language)


def _register_fonts() -> bool:
    """Make the fonts known, and tell whether there is one for Arabic."""
    for font in ("STSong-Light", "HeiseiMin-W3", "HeiseiKakuGo-W5"):
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    arabic = _font_file("DejaVu Sans")
    if arabic:
        pdfmetrics.registerFont(TTFont("Arabic", arabic))
    return bool(arabic)


class Printer:
    """One page on which lines are put by hand."""

    def __init__(self, language: str) -> None:
        _register_fonts()
        self._sheet = _Sheet(language)

    def wide(self, text: str, size: float) -> float:
        return _wide(text, self._sheet.language, size)

    def put(self, x: float, y: float, text: str, size: float) -> None:
        self._sheet.put(x, y, text, size)

    def paragraph(self, text: str, frame: Frame, size: float) -> float:
        """Set a paragraph, justified where words have spaces, and return the baseline of its last line."""
        flow = _Flow([(self._sheet, frame)], size, 1.2 * size)
        flow.add(text, indent=0)
        return flow.y

    def data(self) -> bytes:
        return _printed("", self._sheet.language, [self._sheet], (), ()).data


def _font_file(name: str) -> str:
    """Return where the system has a font, "" where it has not."""
    if not shutil.which("fc-match"):
        return ""
    found = subprocess.run(
        ["fc-match", "-f", "%{family}|%{file}", name], capture_output=True, text=True, check=True
    )
    family, file = found.stdout.split("|")
    return file if name in family.split(",") else ""


def _shaped(text: str, language: str) -> str:
    return str(get_display(arabic_reshaper.reshape(text))) if language == "ar" else text


def _font(language: str, *, title: bool = False, sans: bool = False) -> str:
    return (SANS if sans else TITLES if title else FONTS)[language]


def _wide(text: str, language: str, size: float, *, title: bool = False, sans: bool = False) -> float:
    font = _font(language, title=title, sans=sans)
    return float(pdfmetrics.stringWidth(_shaped(text, language), font, size))


def _wrapped(
    text: str, language: str, size: float, width: float, *, title: bool = False, sans: bool = False
) -> list[str]:
    """Return text in lines, broken between words, or between characters that may be parted."""
    if language in ("zh", "ja"):
        parts = [""]
        for char in text:
            if char in _FORBIDDEN or (char.isascii() and parts[-1][-1:].isascii() and parts[-1]):
                parts[-1] += char
            else:
                parts.append(char)
        joint = ""
    else:
        parts, joint = text.split(" "), " "
    lines = [""]
    for part in filter(None, parts):
        longer = f"{lines[-1]}{joint}{part}" if lines[-1] else part
        if lines[-1] and _wide(longer, language, size, title=title, sans=sans) > width:
            lines.append(part)
        else:
            lines[-1] = longer
    return lines


class _Flow:
    """Text that runs through frames, on one page or several."""

    def __init__(self, frames: Sequence[tuple[_Sheet, Frame]], size: float, lead: float) -> None:
        self._frames = list(frames)
        self._size, self._lead = size, lead
        self._y = self._frames[0][1].top

    @property
    def y(self) -> float:
        """The baseline of the last line."""
        return self._y

    def add(self, text: str, *, title: bool = False, size: float = 0.0, indent: float = 1.2) -> None:
        size = size or self._size
        sheet, frame = self._frames[0]
        language = sheet.language
        first = 0.0 if title else indent * size
        # the first line is shorter, by characters that are not drawn
        filler = "\u3000" if language in ("zh", "ja") else ""
        lines = _wrapped(filler + text, language, size, frame.width - (0 if filler else first), title=title)
        for number, line in enumerate(lines):
            self._room()
            sheet, frame = self._frames[0]
            self._y -= self._lead if not title else 1.2 * size
            line = line.lstrip("\u3000")
            shift = first if number == 0 else 0.0
            wide = _wide(line, language, size, title=title)
            last = number == len(lines) - 1
            x = frame.x + (shift if language != "ar" else frame.width - wide - shift)
            spread = 0.0
            if language == "en" and not last and not title and line.count(" "):
                spread = max(0.0, frame.width - shift - wide) / line.count(" ")
            sheet.put(x, self._y, line, size, title=title, spread=spread)

    def drop_cap(self, text: str) -> None:
        """Put a paragraph that begins with a letter three lines high."""
        sheet, frame = self._frames[0]
        language, high = sheet.language, 3
        size = (high - 1) * self._lead / 0.66 + (self._size if language == "en" else 0.0)
        wide = _wide(text[0], language, size) + 2
        lines = _wrapped(text[1:], language, self._size, frame.width - wide)[:high]
        sheet.put(frame.x, self._y - high * self._lead, text[0], size)
        for line in lines:
            self._y -= self._lead
            sheet.put(frame.x + wide, self._y, line.strip("\u3000"), self._size)
        joint = "" if language in ("zh", "ja") else " "
        self.add(text[1 + len(joint.join(lines)) :].strip(), indent=0)

    def picture(self, caption: str) -> None:
        """Put a picture with its caption where the text is, in the middle of a paragraph or not."""
        sheet, frame = self._frames[0]
        if self._y - frame.top + frame.height < 90:
            return
        sheet.pictures.append(Frame(frame.x, self._y - 6, frame.width, 50))
        self._y -= 60
        for line in _wrapped(caption, sheet.language, 7, frame.width):
            self._y -= 8.5
            x = frame.x if sheet.language != "ar" else frame.x + frame.width - _wide(line, sheet.language, 7)
            sheet.put(x, self._y, line, 7)
        self._y -= 5

    def _room(self) -> None:
        _sheet, frame = self._frames[0]
        if self._y - self._lead < frame.top - frame.height and len(self._frames) > 1:
            del self._frames[0]
            self._y = self._frames[0][1].top


def _columns(sheet: _Sheet, frames: Sequence[Frame]) -> list[tuple[_Sheet, Frame]]:
    """Return frames in the order in which columns are read."""
    if sheet.language == "ar":
        frames = [
            Frame(WIDTH - frame.x - frame.width, frame.top, frame.width, frame.height) for frame in frames
        ]
    return [(sheet, frame) for frame in frames]


def _set(flow: _Flow, article: Article, *, picture: bool) -> None:
    language_joint = "" if flow._frames[0][0].language in ("zh", "ja") else " "
    for number, paragraph in enumerate(article.paragraphs):
        text = language_joint.join(paragraph)
        if picture and number == 1 and article.caption:
            flow.add(text)
            flow.picture(article.caption)
        else:
            flow.add(text)


def _headline(sheet: _Sheet, frame: Frame, text: str, size: float) -> None:
    y = frame.top
    for line in _wrapped(text, sheet.language, size, frame.width, title=True):
        y -= 1.15 * size
        wide = _wide(line, sheet.language, size, title=True)
        x = frame.x
        if sheet.language == "ar":
            x = WIDTH - frame.x - wide
        sheet.put(x, y, line, size, title=True)


def _bulletin(language: str) -> Printed:
    """Five narrow columns: the lead over three with a headline over two of them, two articles beside and under it."""
    sheet = _Sheet(language)
    first, second, third, fourth, fifth = articles(language)
    width, gap, left = 98.0, 10.0, 30.0

    def column(number: int, top: float, height: float) -> Frame:
        return Frame(left + number * (width + gap), top, width, height)

    name = NAMES[language]
    sheet.put((WIDTH - _wide(name, language, 34, title=True)) / 2, 795, name, 34, title=True)
    _headline(sheet, Frame(left, 780, 3 * width + 2 * gap, 60), first.headline, 18)
    flow = _Flow(_columns(sheet, [column(number, 722, 330) for number in range(3)]), 8.5, 10.5)
    _set(flow, first, picture=True)
    _headline(sheet, Frame(left + 3 * (width + gap), 780, 2 * width + gap, 60), second.headline, 18)
    _set(
        _Flow(_columns(sheet, [column(number, 722, 330) for number in (3, 4)]), 8.5, 10.5),
        second,
        picture=False,
    )
    sheet.rules.append(Frame(left, 384, 5 * width + 4 * gap, 0.7))
    _headline(sheet, Frame(left, 378, 3 * width + 2 * gap, 40), third.headline, 15)
    _set(
        _Flow(_columns(sheet, [column(number, 338, 200) for number in range(3)]), 8.5, 10.5),
        third,
        picture=False,
    )
    for number, brief in ((3, fourth), (4, fifth)):
        flow = _Flow(_columns(sheet, [column(number, 378, 300)]), 8.5, 10.5)
        flow.add(brief.headline, title=True, size=12)
        _set(flow, brief, picture=False)
    return _printed("bulletin", language, [sheet], articles(language), (name,))


def _journal(language: str) -> Printed:
    """Two columns on two pages with other running heads left and right, and a note under the first column."""
    sheets = [_Sheet(language), _Sheet(language)]
    frames = []
    notes = articles(language)[0].box[1:]
    for number, sheet in enumerate(sheets):
        head = (NAMES, SECTIONS)[number][language]
        sheet.put(60 if number else 420, 806, head, 8)
        sheet.put(300, 30, str(number + 11), 8)
        heights = (560, 650) if number == 0 else (730, 730)
        top = 700 if number == 0 else 785
        frames += _columns(
            sheet, [Frame(60 + at * 245, top, 230, height) for at, height in enumerate(heights)]
        )
    first, second, third = articles(language)[:3]
    _headline(sheets[0], Frame(60, 775, 475, 60), first.headline, 22)
    for number, line in enumerate(_wrapped("".join(notes), language, 7, 230)):
        x = 60 if language != "ar" else WIDTH - 60 - _wide(line, language, 7)
        sheets[0].put(x, 105 - 9 * number, line, 7)
    flow = _Flow(frames, 10, 13.5)
    _set(flow, first, picture=False)
    for article in (second, third):
        flow.add(article.headline, title=True, size=13)
        _set(flow, article, picture=True)
    return _printed(
        "journal", language, sheets, (first, second, third), (NAMES[language], SECTIONS[language])
    )


def _front(language: str) -> Printed:
    """Four columns: a drop cap, a picture over two columns with text above and below it, a box without a frame in the
    middle of a column, and a lead that goes on in the middle of the next page under half of its headline."""
    front, inner = _Sheet(language), _Sheet(language)
    first, second, third, fourth, fifth = articles(language)
    size, lead = (10.0, 13.0) if language in ("zh", "ja") else (8.5, 10.5)
    width, gap, left = 125.0, 12.0, 30.0
    two, three = 2 * width + gap, 3 * width + 2 * gap

    def column(number: int, top: float, bottom: float) -> Frame:
        return Frame(left + number * (width + gap), top, width, top - bottom)

    name = NAMES[language]
    front.put((WIDTH - _wide(name, language, 34, title=True)) / 2, 800, name, 34, title=True)
    _headline(front, Frame(left, 785, three, 60), first.headline, 19)
    lead_frames = [
        column(0, 735, 475),
        column(1, 735, 645),
        column(1, 535, 475),
        column(2, 735, 645),
        column(2, 535, 475),
    ]
    onward, back = (text.replace("2", "3").replace("２", "３") for text in CONTINUED[language])
    inner_frames = [column(0, 560, 400), column(1, 560, 400)]
    flow = _Flow([*_columns(front, lead_frames), *_columns(inner, inner_frames)], size, lead)
    joint = "" if language in ("zh", "ja") else " "
    for number, paragraph in enumerate(first.paragraphs):
        if number or language == "ar":
            flow.add(joint.join(paragraph))
        else:
            flow.drop_cap(joint.join(paragraph))
    _picture(front, Frame(left + width + gap, 640, two, 75), first.caption)
    _small(front, column(2, 471, 460), onward, size)
    _small(inner, column(0, 578, 566), back, size)
    _headline(inner, Frame(left, 610, two, 30), first.headline[: len(first.headline) // 2], 15)

    front.rules.append(Frame(left, 450, 4 * width + 3 * gap, 0.7))
    _headline(front, Frame(left, 446, two, 60), second.headline, 15)
    frames = [column(0, 400, 190), column(1, 400, 330), column(1, 260, 60)]
    _set(_Flow(_columns(front, frames), size, lead), second, picture=False)
    _box_in(front, column(1, 318, 262), first.box)
    _headline(front, Frame(left + two + gap, 446, two, 60), third.headline, 15)
    frames = [column(number, 400, 250) for number in (2, 3)]
    _set(_Flow(_columns(front, frames), size, lead), third, picture=False)
    flow = _Flow(_columns(front, [column(3, 785, 470)]), size, lead)
    flow.add(fourth.headline, title=True, size=12)
    _set(flow, fourth, picture=False)

    inner.put(60, 806, SECTIONS[language], 8)
    inner.put(300, 30, "3", 8)
    _headline(inner, Frame(left, 780, two, 60), fifth.headline, 15)
    _set(_Flow(_columns(inner, [column(0, 740, 640)]), size, lead), fifth, picture=False)
    return _printed(
        "front", language, [front, inner], articles(language), (name, SECTIONS[language], onward, back)
    )


def _placed(sheet: _Sheet, frame: Frame, text: str, size: float) -> float:
    """Return where a line begins, from the right in Arabic; the frame is that of a page from left to right."""
    if sheet.language != "ar":
        return frame.x
    return WIDTH - frame.x - _wide(text, sheet.language, size)


def _small(sheet: _Sheet, frame: Frame, text: str, size: float) -> None:
    sheet.put(_placed(sheet, frame, text, size - 1), frame.top, text, size - 1)


def _picture(sheet: _Sheet, frame: Frame, caption: str) -> None:
    x = frame.x if sheet.language != "ar" else WIDTH - frame.x - frame.width
    sheet.pictures.append(Frame(x, frame.top, frame.width, frame.height))
    for number, line in enumerate(_wrapped(caption, sheet.language, 7, frame.width, sans=True)):
        y = frame.top - frame.height - 9 - 8.5 * number
        sheet.put(_placed(sheet, frame, line, 7), y, line, 7, sans=True)


def _box_in(sheet: _Sheet, frame: Frame, box: Sequence[str]) -> None:
    """Put a box of which nothing but space and its type tells that it is one."""
    y = frame.top
    for number, paragraph in enumerate(box):
        for line in _wrapped(paragraph, sheet.language, 7, frame.width, title=number == 0, sans=number > 0):
            y -= 8.5
            sheet.put(_placed(sheet, frame, line, 7), y, line, 7, title=number == 0, sans=number > 0)


def _printed(
    name: str, language: str, sheets: Sequence[_Sheet], found: Sequence[Article], furniture: tuple[str, ...]
) -> Printed:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT))
    for sheet in sheets:
        sheet.draw(canvas)
    canvas.save()
    return Printed(name, language, stream.getvalue(), tuple(found), furniture)
