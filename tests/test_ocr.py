"""Scans and pictures: recognised as such, read where tesseract is, and marked as read by it."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from qa import indexing
from qa.errors import ReadError
from qa.readers import find_files, ocr, read_document
from qa.readers.building import Unreadable
from qa.readers.processes import Readers
from qa.readers.scan import scanned
from qa.readers.worker import Limits
from qa.splitter import split_document
from qa.web.page import offered
from tests.fakes import HashingEncoder, create
from tests.made_files import zip_of
from tests.made_pdf import SCAN, pdf_of

LINE = b"BT /L 12 Tf 72 700 Td (There is a line of text on this page.) Tj ET"


def png(pixels: bytes, width: int, height: int) -> bytes:
    """Return a grey PNG."""

    def part(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    rows = b"".join(b"\0" + pixels[row * width : (row + 1) * width] for row in range(height))
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    )


PICTURE = png(bytes([255]) * 64 * 64, 64, 64)
TABLE = """level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
1\t1\t0\t0\t0\t0\t0\t0\t800\t900\t-1\t
5\t1\t1\t1\t1\t1\t90\t100\t60\t30\t96.0\tThe
5\t1\t1\t1\t1\t2\t160\t100\t60\t30\t90.0\tharbour
5\t1\t1\t1\t1\t3\t230\t100\t60\t30\t90.0\topen-
5\t1\t1\t1\t2\t1\t90\t140\t60\t30\t90.0\ted
5\t1\t1\t1\t2\t2\t160\t140\t60\t30\t84.0\tagain.
5\t1\t1\t1\t2\t3\t160\t140\t60\t30\t0.0\t\x20
5\t1\t2\t1\t1\t1\t90\t300\t60\t30\t90.0\t港
5\t1\t2\t1\t1\t2\t120\t300\t60\t30\t90.0\t口
5\t1\t2\t1\t2\t1\t90\t340\t60\t30\t90.0\t开放
"""


def fake(folder: Path, body: str) -> Path:
    """Write a program in the place of tesseract; it is run by this Python."""
    program = folder / "bin" / "tesseract"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!{sys.executable}\nimport sys\n{body}")
    program.chmod(0o755)
    return program


@pytest.fixture
def tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tesseract that knows two languages and reads the same table in every picture."""
    program = fake(
        tmp_path,
        "if sys.argv[1] == '--list-langs':\n    print('List (3):\\nchi_sim\\neng\\nosd')\n"
        "else:\n    sys.stdin.buffer.read()\n    open(sys.argv[0] + '.log', 'a').write(' '.join(sys.argv))\n"
        f"    print({TABLE!r}, end='')\n",
    )
    monkeypatch.setenv("PATH", str(program.parent))
    ocr._installed.cache_clear()
    yield program
    ocr._installed.cache_clear()
    ocr.use_languages("")


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_scanned_page_is_read_and_marked(tmp_path: Path, tesseract: Path) -> None:
    pytest.importorskip("pypdfium2")
    document = read_document(write(tmp_path / "a.pdf", pdf_of(LINE, SCAN)))
    assert [(block.kind, block.page, block.span.of(document.text)) for block in document.blocks] == [
        ("paragraph", 1, "There is a line of text on this page."),
        ("ocr", 2, "The harbour opened again."),
        ("ocr", 2, "港口开放"),
    ]
    assert document.warnings == (
        "page 2 is a scan, read by tesseract (chi_sim+eng) with 89 % confidence; compare quotes with the picture.",
    )
    assert [block.reading_confidence for block in document.blocks] == [None, 0.892, 0.9]
    [passage] = split_document(document)
    assert passage.reading_confidence == 0.892, "that of its least sure paragraph"
    assert "-l chi_sim+eng" in Path(f"{tesseract}.log").read_text()


def test_a_picture_is_read_like_a_scan(tmp_path: Path, tesseract: Path) -> None:
    (tmp_path / "pictures").mkdir()
    path = write(tmp_path / "pictures" / "page.PNG", PICTURE)
    assert find_files(path.parent).paths == (path,)
    document = read_document(path)
    assert document.text == "The harbour opened again.\n\n港口开放"
    assert document.media_type == "image/png"
    assert {block.kind for block in document.blocks} == {"ocr"}


def test_the_languages_that_are_asked_for_are_read(tmp_path: Path, tesseract: Path) -> None:
    path = write(tmp_path / "page.jpg", PICTURE)
    with Readers(ocr_languages="eng", processes=1) as readers:
        [outcome] = readers.read(path, source="page.jpg").result()
    assert outcome.document is not None
    assert "read by tesseract (eng)" in outcome.document.warnings[0]
    assert "-l eng" in Path(f"{tesseract}.log").read_text()
    with Readers(ocr_languages=ocr.NONE, processes=1) as readers:
        [outcome] = readers.read(path, source="page.jpg").result()
    assert outcome.document is None


def test_pictures_without_text_are_not_read_again_until_another_language_is_there(
    tmp_path: Path, tesseract: Path
) -> None:
    body = tesseract.read_text().replace(repr(TABLE), repr("level\n"))
    tesseract.write_text(body)
    folder = tmp_path / "pictures"
    folder.mkdir()
    write(folder / "photo.png", PICTURE)
    write(folder / "scan.pdf", pdf_of(SCAN))
    write(folder / "box.zip", zip_of({"inner.png": PICTURE + b"2"}))
    encoder = HashingEncoder()

    def calls() -> int:
        log = Path(f"{tesseract}.log")
        log.unlink(missing_ok=True)
        ocr._installed.cache_clear()
        with create(tmp_path / "index") as library, Readers(processes=1) as readers:
            report = indexing.sync(library, folder, encoder=encoder, token_encoder=encoder, readers=readers)
        assert [Path(each.path).name for each in report.left_out] == ["inner.png", "photo.png"]
        assert [each.message for each in report.failed] == [
            f"has no text on any of its 1 pages; it is a scan, and tesseract found none (chi_sim+{last})."
        ]
        return log.read_text().count(" tsv") if log.exists() else 0

    last = "eng"
    assert [calls(), calls()] == [3, 0]
    tesseract.write_text(body.replace("eng", last := "fra"))
    assert [calls(), calls()] == [3, 0]


def test_without_tesseract_pictures_are_left_out_and_scans_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    folder = tmp_path / "pictures"
    folder.mkdir()
    write(folder / "page.png", PICTURE)
    assert [each.kind for each in find_files(folder).left_out] == [".png"]
    with pytest.raises(ReadError, match="or install tesseract"):
        read_document(write(tmp_path / "a.pdf", pdf_of(SCAN)))


def test_page_offers_pictures_where_they_are_read(tesseract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = {".jpg", ".png", ".tif"}
    assert pictures < set(offered(pictures=True))
    assert not pictures & set(offered(pictures=False))
    monkeypatch.setenv("PATH", "")
    assert not pictures & set(offered(pictures=True))


def test_a_picture_without_text_is_left_out(tmp_path: Path, tesseract: Path) -> None:
    ocr.use_languages("eng")
    fake(tmp_path, "sys.stdin.buffer.read()\nprint('level')\n")
    with pytest.raises(ReadError, match="is a picture without text"):
        read_document(write(tmp_path / "photo.png", PICTURE))


def test_what_tesseract_complains_of_is_told(tmp_path: Path, tesseract: Path) -> None:
    ocr.use_languages("tlh")
    fake(tmp_path, "sys.stdin.buffer.read()\nprint('no language tlh', file=sys.stderr)\nsys.exit(1)\n")
    with pytest.raises(ReadError, match=r"could not be read by tesseract in tlh \(no language tlh\)"):
        read_document(write(tmp_path / "page.png", PICTURE))


def test_a_scanned_page_that_cannot_be_read_leaves_the_others(tmp_path: Path, tesseract: Path) -> None:
    pytest.importorskip("pypdfium2")
    fake(tmp_path, "sys.stdin.buffer.read()\nprint('out of order', file=sys.stderr)\nsys.exit(1)\n")
    ocr.use_languages("eng")
    document = read_document(write(tmp_path / "a.pdf", pdf_of(LINE, SCAN)))
    assert document.text == "There is a line of text on this page."
    assert document.warnings == ("page 2 could not be read by tesseract in eng (out of order).",)
    with pytest.raises(
        ReadError, match=r"is a scan, and could not be read by tesseract in eng \(out of order\)\."
    ):
        read_document(write(tmp_path / "b.pdf", pdf_of(SCAN)))


def test_a_file_that_cannot_be_drawn_keeps_the_pages_that_have_text(
    tmp_path: Path, tesseract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:  # pdfium is stricter than pdfminer: found by fuzzing
        raise pypdfium2.PdfiumError("Data format error.")

    monkeypatch.setattr(pypdfium2, "PdfDocument", refuse)
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of(LINE, SCAN))
    found = read_document(path)
    assert found.text == "There is a line of text on this page."
    assert "page 2 cannot be drawn (Data format error.)." in found.warnings
    path.write_bytes(pdf_of(SCAN))
    with pytest.raises(ReadError, match="is a scan, and cannot be drawn"):
        read_document(path)


HANGS = "import time\ntime.sleep(60)\n"
"""What a program does that hangs; what it was given it leaves unread."""


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (HANGS, "takes tesseract longer than 1 seconds and was left out."),
        ("import os\nos.kill(os.getpid(), 9)\n", "could not be read: tesseract was ended by signal 9."),
        ("pass\n", "could not be read: tesseract wrote nothing; install it anew."),
        (
            "sys.stdout.buffer.write(bytes(range(256)) * 400)\n",
            "could not be read: tesseract wrote something else than words with their places; install it anew.",
        ),
        (
            "print('level\\n5\\t1\\t1\\t1\\t1\\t1\\t' + '9' * 400 + '\\t0\\t0\\t0\\t9.9.9\\tx')\n",
            "tesseract found no text",
        ),
        ("sys.exit(1)\n", "could not be read by tesseract in eng (exit status 1)."),
        ("import os\nos.remove(sys.argv[0])\n", "tesseract wrote nothing"),
    ],
    ids=["hangs", "is killed", "is silent", "writes bytes", "writes numbers", "fails", "removes itself"],
)
def test_a_page_on_which_tesseract_fails_leaves_the_others(
    tmp_path: Path, tesseract: Path, monkeypatch: pytest.MonkeyPatch, second: str, told: str
) -> None:
    """The program reads every page but the second of its calls."""
    monkeypatch.setattr(ocr, "MAX_SECONDS", 1)
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    ocr.use_languages("eng")
    fake(
        tmp_path,
        "open(sys.argv[0] + '.log', 'a').write('x')\n"
        "if len(open(sys.argv[0] + '.log').read()) == 2:\n    "
        + second.rstrip().replace("\n", "\n    ")
        + f"\nelse:\n    sys.stdin.buffer.read()\n    print({TABLE!r}, end='')\n",
    )
    document = read_document(write(tmp_path / "a.pdf", pdf_of(SCAN, SCAN, LINE)))
    [warning] = [warning for warning in document.warnings if warning.startswith("page 2")]
    assert told in warning
    assert [block.page for block in document.blocks] == [1, 1, 3]
    assert not list((tmp_path / "scratch").iterdir())


def test_a_tesseract_that_is_gone_between_two_pages_is_told(tmp_path: Path, tesseract: Path) -> None:
    ocr.use_languages("eng")
    fake(
        tmp_path,
        f"import os\nsys.stdin.buffer.read()\nprint({TABLE!r}, end='')\nos.remove(sys.argv[0])\n",
    )
    document = read_document(write(tmp_path / "a.pdf", pdf_of(SCAN, SCAN, LINE)))
    assert [block.page for block in document.blocks] == [1, 1, 3]
    assert (
        "page 2 could not be read: tesseract cannot be started (No such file or directory)."
        in document.warnings
    )


def test_a_tesseract_that_hangs_on_page_after_page_is_asked_no_more(
    tmp_path: Path, tesseract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "MAX_SECONDS", 0.2)
    ocr.use_languages("eng")
    fake(tmp_path, HANGS)
    document = read_document(write(tmp_path / "a.pdf", pdf_of(LINE, *[SCAN] * 9)))
    assert [warning[:34] for warning in document.warnings] == [
        *(f"page {page} takes tesseract longer than" for page in (2, 3, 4)),
        "pages 5–10 could not be read by te",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "sys.exit(1)\n",
        "sys.stdout.buffer.write(bytes(range(256)) * 9)\n",
        "import os\nos.kill(os.getpid(), 9)\n",
        None,
    ],
    ids=["fails", "writes bytes", "is killed", "is no program"],
)
def test_a_tesseract_that_names_no_language_is_told(
    tmp_path: Path, tesseract: Path, body: str | None
) -> None:
    fake(tmp_path, body or "")
    if body is None:
        tesseract.write_bytes(b"\x7fELF")
    assert ocr.described("") == "tesseract in all of "
    folder = tmp_path / "documents"
    folder.mkdir()
    paths = [write(folder / "a.pdf", pdf_of(LINE, SCAN)), write(folder / "b.pdf", pdf_of(SCAN))]
    paths.append(write(folder / "c.txt", b"A text."))
    with Readers(processes=1) as readers:
        found = [readers.read(path, source=path.name).result()[0] for path in paths]
    what = "could not be read: tesseract names no language that it has; install one, or it anew."
    assert found[0].document
    assert found[0].document.warnings == (f"page 2 {what}",)
    assert found[1].problem == f"is a scan, and {what}"
    assert found[2].document


def test_a_tesseract_that_writes_without_an_end_costs_its_page(tmp_path: Path, tesseract: Path) -> None:
    fake(tmp_path, "while True:\n    sys.stdout.write('level ' * 100_000)\n")
    path = write(tmp_path / "a.pdf", pdf_of(LINE, SCAN))
    with Readers(Limits(memory_mb=700), ocr_languages="eng", processes=1) as readers:
        [outcome] = readers.read(path, source="a.pdf").result()
    assert outcome.document is not None
    assert outcome.document.warnings == (
        "page 2 could not be read: tesseract wrote more than the memory for a file holds.",
    )


@pytest.mark.parametrize("end", ["close", "limit"])
def test_no_tesseract_outlives_its_reader(tmp_path: Path, tesseract: Path, end: str) -> None:
    pid = tmp_path / "pid"
    fake(tmp_path, f"import os\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\n{HANGS}")
    path = write(tmp_path / "a.png", PICTURE)
    with Readers(ocr_languages="eng", processes=1) as readers:
        reading = readers.read(path, source="a.png")
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.02)
        if end == "limit":  # its time is up
            process = readers._workers[0]._process
            assert process
            os.kill(process.pid, signal.SIGALRM)
            assert "takes longer than 60 seconds" in reading.result()[0].problem
            assert is_gone(int(pid.read_text()))
    assert is_gone(int(pid.read_text()))


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, within a second; it may still wait to be counted by its parent."""
    for _ in range(50):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_a_page_of_a_picture_that_cannot_be_read_leaves_the_others(tmp_path: Path, tesseract: Path) -> None:
    ocr.use_languages("eng")
    fake(
        tmp_path,
        "open(sys.argv[0] + '.log', 'a').write('x')\nsys.stdin.buffer.read()\n"
        f"print('' if len(open(sys.argv[0] + '.log').read()) == 2 else {TABLE!r}, end='')\n",
    )
    frames = [Image.new("L", (64, 64), 255) for _ in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    document = read_document(tmp_path / "a.tif")
    assert [block.page for block in document.blocks] == [1, 1, 3, 3]
    assert document.warnings[0].startswith("pages 1, 3 are scans, read by tesseract (eng)")
    assert document.warnings[1] == "page 2 could not be read: tesseract wrote nothing; install it anew."


@pytest.mark.skipif(not shutil.which("tesseract"), reason="NO TESSERACT: apt-get install tesseract-ocr")
def test_the_real_program_reads_a_page(tmp_path: Path) -> None:
    pypdfium2 = pytest.importorskip("pypdfium2")
    text = b"BT /L 20 Tf 72 700 Td (The harbour was opened again in May.) Tj ET"
    drawn = pypdfium2.PdfDocument(pdf_of(text))[0].render(scale=3, grayscale=True)
    rows = bytes(drawn.buffer)
    pixels = b"".join(rows[at * drawn.stride : at * drawn.stride + drawn.width] for at in range(drawn.height))
    document = read_document(write(tmp_path / "page.png", png(pixels, drawn.width, drawn.height)))
    assert "harbour was opened again in May" in document.text


def tsv(*words: tuple[str, str, tuple[int, int, int, int]]) -> str:
    """Return words as tesseract's table has them: block, paragraph and line, the text, and left, top, right, bottom."""
    rows = (
        f"5\t1\t{place.replace('.', chr(9))}\t1\t{x0}\t{y0}\t{x1 - x0}\t{y1 - y0}\t90.0\t{text}"
        for place, text, (x0, y0, x1, y1) in words
    )
    return "\n".join(("level", *rows))


def texts(table: str, picture: np.ndarray | None = None) -> list[str]:
    paper = np.full((400, 800), 255, dtype=np.uint8) if picture is None else picture
    return [paragraph.text for paragraph in scanned(table, paper, "").paragraphs]


def test_a_space_in_korean_is_as_wide_in_the_picture() -> None:
    picture = np.full((100, 400), 255, dtype=np.uint8)
    for left in (10, 54, 120):  # three syllables of 40 pixels: 4 apart, then 26
        picture[20:60, left : left + 40] = 0
    table = tsv(
        ("1.1.1", "서", (10, 20, 40, 60)),
        ("1.1.1", "울", (60, 20, 90, 60)),
        ("1.1.1", "역", (115, 20, 160, 60)),
    )
    assert texts(table, picture) == ["서울 역"]
    upright = table.replace("\t1\t10\t20\t30\t40\t", "\t1\t20\t10\t40\t30\t")
    upright = upright.replace("\t1\t60\t20\t30\t40\t", "\t1\t20\t60\t40\t30\t")
    upright = upright.replace("\t1\t115\t20\t45\t40\t", "\t1\t20\t115\t40\t45\t")
    assert texts(upright, picture.T) == ["서울 역"]


def test_marks_of_chinese_are_full_width_and_without_spaces() -> None:
    words = ("長度", ":", "193", "公里", ",", "深", "24.5", "米", "「", "運河", "」", "(", "ATC", ")", "車")
    table = tsv(*(("1.1.1", word, (40 * at, 0, 40 * at + 38, 40)) for at, word in enumerate(words)))
    assert texts(table) == ["長度：193公里，深24.5米「運河」( ATC )車"]
    table = tsv(
        *(("1.1.1", word, (40 * at, 0, 40 * at + 38, 40)) for at, word in enumerate(("Port", ",", "OK")))
    )
    assert texts(table) == ["Port , OK"], "only where it is Chinese"


def test_items_of_a_list_are_paragraphs() -> None:
    lines = ("Bring:", "• warm clothes", "- a lamp", "1. bread", "2. The end of", "the list.")
    table = tsv(
        *((f"1.1.{at}", line, (0, 50 * at, 20 * len(line), 50 * at + 30)) for at, line in enumerate(lines, 1))
    )
    assert texts(table) == ["Bring:", "• warm clothes", "- a lamp", "1. bread", "2. The end of the list."]


def test_a_paragraph_that_goes_on_in_the_next_column_is_one() -> None:
    table = tsv(
        ("1.1.1", "The harbour was", (0, 0, 300, 30)),
        ("1.1.2", "opened by the", (0, 50, 298, 80)),
        ("2.1.1", "king in May.", (400, 0, 600, 30)),
        ("2.2.1", "A new one", (400, 50, 700, 80)),
        ("2.2.2", "begins here and", (400, 100, 700, 130)),
        ("3.1.1", "Heading", (0, 200, 300, 230)),
    )
    assert texts(table) == [
        "The harbour was opened by the king in May.",
        "A new one begins here and",
        "Heading",
    ]


def test_a_page_that_lies_on_its_side_is_turned_and_read_in_the_language_of_its_script(
    tmp_path: Path, tesseract: Path
) -> None:
    """The program says how to turn the page, and reads only what is upright, surest in German."""
    fake(
        tmp_path,
        "if sys.argv[1] == '--list-langs':\n    print('List (5):\\neng\\ndeu\\nrus\\njpn_vert\\nosd')\n    sys.exit()\n"
        "width, height = map(int, sys.stdin.buffer.read().split()[1:3])\n"
        "if 'osd' in sys.argv:\n"
        "    print('Rotate: 90\\nOrientation confidence: 12\\nScript: Latin\\nScript confidence: 3')\n"
        "    sys.exit()\n"
        "language = sys.argv[sys.argv.index('-l') + 1]\n"
        "sure = {'eng': 80, 'deu': 95}[language] if width > height else 20\n"
        "print('level')\nfor at in range(4):\n"
        "    print('5', 1, 1, 1, 1, at, 60 * at, 0, 50, 30, sure, language + 'isch', sep='\\t')\n",
    )
    ocr._installed.cache_clear()
    path = write(tmp_path / "page.png", png(bytes(200 * 400), 200, 400))
    ocr.use_languages("")
    assert ocr.languages_of("Latin", ocr.installed()) == ("eng", "deu")
    document = read_document(path)
    assert document.text == "deuisch deuisch deuisch deuisch"
    assert "read by tesseract (deu) with 95 % confidence" in document.warnings[0]


def test_a_page_in_a_language_that_is_not_installed_is_left_out(tmp_path: Path, tesseract: Path) -> None:
    pytest.importorskip("pypdfium2")
    tesseract.write_text(tesseract.read_text().replace("9", "2"))
    document = read_document(write(tmp_path / "a.pdf", pdf_of(LINE, SCAN)))
    assert document.text == "There is a line of text on this page."
    assert "page 2 was left out: tesseract, reading chi_sim+eng, is only" in document.warnings[0]


def test_many_latin_languages_are_read_by_one_model() -> None:
    names = ("eng", "deu", "fra", "chi_sim", "chi_tra", "chi_tra_vert", "script/Latin")
    assert ocr.languages_of("Latin", names) == ("eng", "deu", "fra")
    assert ocr.languages_of("Latin", (*names, "spa")) == ("script/Latin",)
    assert ocr.languages_of("Han", names) == ("chi_sim", "chi_tra")
    assert ocr.languages_of("Thai", names) == ()


def test_a_picture_says_how_it_was_held_and_small_ones_are_enlarged() -> None:
    held = Image.new("L", (300, 200), 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    held.save(stream, "JPEG", exif=exif, dpi=(150, 150))
    [frame] = ocr._frames(stream.getvalue())
    assert frame.size == (400, 600)
    with pytest.raises(Unreadable, match=r"^is no picture, or a damaged one; save it anew\.$"):
        list(ocr._frames(b"\x89PNG\r\n\x1a\n"))
