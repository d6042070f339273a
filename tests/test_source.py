"""The source pane: a document in parts whose text is the stored text, opened at a quote, its pages as pictures."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from qa import QA
from qa.citing import Citation
from qa.errors import QuestionError
from qa.readers import read_document
from qa.readers.pages import Drawers, Words, find_runs, page_picture, page_sizes
from qa.types import Block, Document, Span
from qa.web import source
from qa.web.links import QuoteLink
from qa.web.routes import add_page_routes
from qa.web.service import Service
from qa.web.source import PART_CHARS, part_of, parts, render_part, render_source
from qa.web.strings import AR, EN
from tests.fakes import make_document
from tests.made_pdf import make_pdf
from tests.test_render import HOSTILE, _read
from tests.web_fakes import demo

CORPUS = Path(__file__).parent.parent / "corpus"


def shown(html: str, of: str = "part") -> str:
    return _read(html).text(of)


# --- the text -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: path.name)
def test_parts_of_a_document_read_as_its_text(path: Path) -> None:
    document = read_document(path)
    place = QuoteLink(document.id, Span(0, min(40, len(document.text))))
    text = "".join(shown(render_part(document, place, number, EN)) for number in range(len(parts(document))))
    assert text == document.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(text: str) -> None:
    document = make_document(text, f"before\n{text}\nafter", title=text)
    quote = Span(7, 7 + len(text))
    page = _read(render_part(document, QuoteLink(document.id, quote), 0, EN))
    assert page.text("quote") == text
    assert set(page.tags) <= {"div", "p", "span", "mark"}
    assert set(_read(render_source(document, QuoteLink(document.id, quote), EN)).tags) <= {
        *(
            "section",
            "header",
            "div",
            "h2",
            "bdi",
            "button",
            "span",
            "p",
            "mark",
            "details",
            "summary",
            "ol",
            "li",
        )
    }


def test_long_text_is_cut_between_blocks_or_else_between_lines_and_never_lost() -> None:
    line = "x" * 99 + "\n"
    document = make_document("long.txt", line * 500)
    cuts = parts(document)
    assert len(cuts) > 5
    assert all(
        len(cut) <= PART_CHARS and document.text[cut.start - 1 : cut.start] in ("", "\n") for cut in cuts
    )
    assert "".join(cut.of(document.text) for cut in cuts) == document.text
    unbroken = Document("1", "a", "", "y" * 50_000, (Block(Span(0, 50_000)),), "")
    assert [len(cut) for cut in parts(unbroken)] == [PART_CHARS] * 6 + [2_000]
    assert part_of(parts(unbroken), 16_000) == 2
    assert part_of(parts(unbroken), 15_999) == 1


def test_quote_over_two_blocks_and_two_parts_is_marked_in_each() -> None:
    text = "a" * 7_990 + "\n" + "b" * 7_000
    document = make_document("two.txt", text)
    place = QuoteLink(document.id, Span(7_980, 8_001), (Span(7_985, 7_988), Span(7_991, 7_993)))
    first, second = (_read(render_part(document, place, number, EN)) for number in (0, 1))
    assert (first.text("quote"), second.text("quote")) == ("a" * 10 + "\n", "b" * 10)


def test_page_is_named_where_it_begins() -> None:
    blocks = (Block(Span(0, 3), page=1), Block(Span(4, 7), page=2), Block(Span(8, 11), page=2))
    document = Document("1", "a.pdf", "A", "one two six", blocks, "")
    html = render_part(document, QuoteLink("1", Span(4, 7)), 0, EN)
    assert html.count("page-edge") == 2
    assert html.index('data-label="page 2"') < html.index("two")


def test_marks_of_markdown_stand_before_their_block_and_are_set_back(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# Title\n\nA line.\n\n- one\n- two\n\n> said\n", encoding="utf-8")
    document = read_document(path)
    page = _read(render_part(document, QuoteLink(document.id, Span(0, 0)), 0, EN))
    assert page.text("markup").split() == ["#", "-", "-", ">"]
    assert page.text("part") == document.text
    assert page.text("gap").strip() == ""


def test_headings_open_their_places() -> None:
    blocks = (
        Block(Span(0, 3), "heading", level=1),
        Block(Span(4, 7)),
        Block(Span(8, 11), "heading", level=9),
    )
    document = Document("1", "a.md", "A", "one two <b>", blocks, "")
    html = render_source(document, QuoteLink("1", Span(0, 0)), EN)
    assert "document=1&amp;start=8&amp;end=11&amp;of=a.md" in html
    assert html.count("<li") == 2
    assert _read(html).text("contents") == "Contentsone<b>"
    single = Document("1", "a.md", "A", "one two <b>", blocks[:2], "")
    assert "contents" not in render_source(single, QuoteLink("1", Span(0, 0)), EN)


def test_pane_runs_in_the_reader_s_direction_and_the_text_in_its_own() -> None:
    document = make_document("a.txt", "plain words")
    html = render_source(document, QuoteLink(document.id, Span(0, 5)), AR)
    assert 'dir="rtl"' in html
    assert 'dir="auto"' in html


@pytest.mark.parametrize(
    ("start", "end", "marks"), [(5, 2, ""), (0, 9, "3"), (0, 9, "a-b"), (0, 9, "3-12"), (0, 9, "-1-4")]
)
def test_link_that_names_no_place_is_refused(start: int, end: int, marks: str) -> None:
    with pytest.raises(QuestionError, match="names no place"):
        QuoteLink.of("1", start, end, marks)


def test_place_survives_its_way_through_a_link() -> None:
    place = QuoteLink("1f", Span(3, 90), (Span(4, 9), Span(80, 90)))
    assert place.query("a b&c.txt") == "document=1f&start=3&end=90&marks=4-9%2C80-90&of=a+b%26c.txt"
    assert QuoteLink.of("1f", 3, 90, "4-9,80-90") == place


# --- over HTTP ----------------------------------------------------------------------------------


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with client_of(demo(tmp_path)) as client:
        yield client


def client_of(service: Service) -> TestClient:
    app = FastAPI()
    add_page_routes(app, service)
    return TestClient(app)


def test_link_opens_the_quote_in_its_document(client: TestClient, tmp_path: Path) -> None:
    quote = demo(tmp_path).ask("How did the council vote?").quote
    assert quote
    answer = client.get(
        f"/page/source?{QuoteLink(quote.document_id, quote.span, quote.highlights).query(quote.source)}"
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert shown(answer.text, "quote") == quote.text
    assert shown(answer.text, "part") == demo(tmp_path).texts[quote.source]


def test_link_to_a_changed_or_removed_document_says_so(client: TestClient) -> None:
    changed = client.get("/page/source?document=0ld&start=0&end=5&of=reading-room.txt").text
    assert EN.link_changed in changed
    assert 'class="open"' in changed
    gone = client.get("/page/source?document=0ld&start=0&end=5&of=burnt.txt").text
    assert EN.link_gone in gone
    assert 'class="open"' not in gone


def test_span_outside_the_document_is_no_quote(client: TestClient, tmp_path: Path) -> None:
    document = demo(tmp_path).find("reading-room.txt")
    query = f"document={document.id}&start=5&end=99999"
    assert EN.link_gone in client.get(f"/page/source?{query}").text
    assert client.get(f"/page/part?{query}&part=0").status_code == 400
    assert client.get(f"/page/part?document={document.id}&start=0&end=5&part=7").status_code == 400
    assert client.get("/page/part?document=x&start=-1&end=5&part=0").status_code == 422


def test_nothing_but_a_pdf_has_pages(client: TestClient, tmp_path: Path) -> None:
    document = demo(tmp_path).find("reading-room.txt")
    query = f"document={document.id}&start=0&end=5"
    assert client.get(f"/page/pages?{query}&part=0").status_code == 404
    assert client.get(f"/page/picture?{query}&page=1").status_code == 404


# --- pages --------------------------------------------------------------------------------------

QUOTE = "The tower was built in 1832."


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    path = tmp_path / "tower.pdf"
    path.write_bytes(
        make_pdf([[(60, 700, 12, "Nothing here.")], [(60, 700, 12, QUOTE), (60, 600, 12, "It is tall.")]])
    )
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def marked(picture: bytes) -> list[tuple[int, int]]:
    """Return the pixels that are as yellow as the marker."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    width, height = image.size
    pixels = image.load()
    assert pixels is not None
    return [
        (x, y)
        for x in range(0, width, 4)
        for y in range(0, height, 4)
        if pixels[x, y][2] < 160 and pixels[x, y][0] > 220  # type: ignore[index]
    ]


def test_answering_words_are_boxed_where_they_stand_on_the_page(tower: Path) -> None:
    words = Words(QUOTE, (Span(23, 27),), page=2)
    assert page_sizes(str(tower), digest(tower)) == [(595, 842), (595, 842)]
    spots = marked(page_picture(str(tower), digest(tower), 2, words))
    scale = 1100 / 595
    xs, ys = [x / scale for x, _ in spots], [842 - y / scale for _, y in spots]
    assert 60 + 110 < min(xs) < max(xs) < 60 + 175  # "1832" is 23 letters of Helvetica from the left
    assert 690 < min(ys) < max(ys) < 720
    assert marked(page_picture(str(tower), digest(tower), 1, words)) == []


def test_quote_over_two_columns_and_two_pages_is_boxed_in_all_of_them(tmp_path: Path) -> None:
    left = ["The tower of the old", "harbour was built when", "the trade with the is-"]
    right = ["lands began, and it", "burnt down twice before"]
    path = tmp_path / "columns.pdf"
    first = [
        *[(60.0, 700.0 - 14 * row, 12.0, line) for row, line in enumerate(left)],
        *[(330.0, 700.0 - 14 * row, 12.0, line) for row, line in enumerate(right)],
    ]
    path.write_bytes(make_pdf([first, [(60, 700, 12, "the harbour was filled in 1911.")]]))
    quote = (
        "The tower of the old harbour was built when the trade with the islands began, and it burnt down "
        "twice before the harbour was filled in 1911."
    )
    words = Words(quote, (Span(0, len(quote)),), page=1)
    scale = 1100 / 595
    spots = marked(page_picture(str(path), digest(path), 1, words))
    columns = {x / scale < 300 for x, _ in spots}
    assert columns == {True, False}
    assert {round((842 - y / scale - 700) / 14) for _, y in spots} >= {0, -1, -2}
    assert marked(page_picture(str(path), digest(path), 2, words))


def test_page_that_is_turned_has_its_boxes_where_the_words_are(tower: Path) -> None:
    data = tower.read_bytes().replace(b"/MediaBox [0 0 595 842]", b"/Rotate 90 /MediaBox [0 0 595 842]")
    tower.write_bytes(data)
    assert page_sizes(str(tower), digest(tower))[1] == (842, 595)
    spots = marked(page_picture(str(tower), digest(tower), 2, Words(QUOTE, (Span(23, 27),), page=2)))
    scale = 1100 / 842
    xs, ys = [x / scale for x, _ in spots], [y / scale for _, y in spots]
    assert 690 < min(xs) < max(xs) < 720  # what was the height runs from left to right now
    assert 60 + 110 < min(ys) < max(ys) < 60 + 175


def test_words_that_stand_twice_or_not_at_all_are_not_boxed() -> None:
    assert find_runs("harbour", "theharbourwasopened") == list(range(3, 10))
    assert find_runs("harbour", "harbourandharbour") == []
    assert find_runs("harbour", "aharborwasopened") == []
    # two columns, or two pages: the words go on elsewhere
    assert find_runs("theharbourwasopened", "xxwasopenedyyyytheharbourzz") == [*range(15, 25), *range(2, 11)]
    assert find_runs("", "abc") == []


def test_file_that_changed_or_went_shows_no_page(tower: Path) -> None:
    sha256 = digest(tower)
    tower.write_bytes(make_pdf([[(60, 700, 12, "Another one.")]]))
    assert page_sizes(str(tower), sha256) == []
    assert page_picture(str(tower), sha256, 1) == b""
    tower.unlink()
    assert page_picture(str(tower), sha256, 1) == b""
    assert page_picture("", sha256, 1) == b""


def test_file_that_brings_its_process_down_costs_one_picture(tower: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "broken.pdf"
    pipe.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 50)
    drawers = Drawers(1)
    try:
        request = {"path": str(pipe), "sha256": digest(pipe), "page": 1}
        assert drawers.draw(request) == b""
        drawer = drawers._idle.get()
        drawers._idle.put(drawer)
        assert drawer._process
        drawer._process.kill()
        drawer._process.wait()
        assert (
            drawers.draw({**request, "path": str(tower)}) == b""
        )  # the one that was asked of the dead process
        assert drawers.draw({"path": str(tower), "sha256": digest(tower), "page": 1}).startswith(b"\xff\xd8")
    finally:
        drawers.close()


def test_pages_of_a_real_library_over_http(tower: Path, tmp_path: Path) -> None:
    with QA.open(tmp_path / "index") as qa:
        qa.add(tower)
        document = qa.document("tower.pdf")
        start = document.text.index(QUOTE)
        query = QuoteLink(document.id, Span(start, start + len(QUOTE))).query()
        with client_of(qa) as client:
            pane = client.get(f"/page/source?{query}").text
            assert 'data-pages="2" data-part="0"' in pane
            assert 'data-page="2"' in pane
            pages = client.get(f"/page/pages?{query}&part=0").text
            assert pages.count("<img") == 2
            picture = client.get(f"/page/picture?{query}&page=2")
            assert picture.headers["content-type"] == "image/jpeg"
            tower.unlink()
            assert client.get(f"/page/pages?{query}&part=0").status_code == 404
            assert 'data-pages="0"' in client.get(f"/page/source?{query}").text


def test_pages_of_a_long_pdf_come_in_parts() -> None:
    place = QuoteLink("1", Span(0, 5))
    sizes = [(600.0, 800.0)] * 45
    assert [source.render_pages(place, sizes, part, EN).count("<img") for part in range(3)] == [20, 20, 5]
    with pytest.raises(QuestionError, match="45 pages"):
        source.render_pages(place, sizes, 3, EN)


# --- citations ----------------------------------------------------------------------------------


def test_citation_in_three_forms() -> None:
    citation = Citation(
        "全长约193公里",
        "运河/suez_50%.pdf",
        "苏伊士运河",
        "王 & 李",
        "2024-05",
        "zh",
        page=6,
        headings=("概况",),
    )
    assert (
        citation.plain() == "“全长约193公里”\n— 王 & 李, 苏伊士运河, 2024-05, p. 6, 概况 [运河/suez_50%.pdf]"
    )
    assert citation.gbt7714() == "“全长约193公里”[1]\n[1] 王 & 李. 苏伊士运河[Z]. 2024-05: 6."
    assert citation.bibtex() == "\n".join(
        (
            "@misc{suez-50-2024,",
            r"  author = {{王 \& 李}},",
            "  title = {{苏伊士运河}},",
            "  year = {2024},",
            "  month = {5},",
            "  pages = {6},",
            "  language = {zh},",
            r"  howpublished = {运河/suez\_50\%.pdf},",
            "  annote = {“全长约193公里”}",
            "}",
        )
    )


def test_citation_makes_nothing_up() -> None:
    bare = Citation("words", "мост.txt", "мост.txt")
    assert bare.plain() == "“words”\n— мост.txt"
    assert bare.gbt7714() == "“words”[1]\n[1] мост.txt[Z]."
    assert bare.bibtex().startswith("@misc{document,\n  title = {{мост.txt}},\n  howpublished")


@pytest.mark.parametrize(
    ("source", "title", "media_type", "date", "entry"),
    [
        ("人民日报 第6版.txt", "新动能", "text/plain", "", "新动能[N]. 人民日报(6)."),
        ("报/湖州日报_2024-07-19_第03版.pdf", "新动能", "application/pdf", "", "新动能[N]. 湖州日报, 2024-07-19(3)."),
        ("人民日報20240719第6版.txt", "新動能", "text/plain", "2024", "新動能[N]. 人民日報, 2024(6)."),
        ("工作报告 第6章.txt", "第6版说明", "text/plain", "", "第6版说明[Z]."),
        ("a.epub", "北方植物", "application/epub+zip", "2019", "北方植物[M]. 2019."),
        ("a.csv", "Rainfall", "text/csv", "", "Rainfall[DS]."),
        ("a.pdf", "2023 Annual Report", "application/pdf", "2024", "2023 Annual Report[R]. 2024."),
        ("a.pdf", "图书馆工作报告", "application/pdf", "", "图书馆工作报告[R]."),
        ("a.pdf", "Reporting on floods", "application/pdf", "", "Reporting on floods[Z]."),
        ("a.pdf", "古籍保护论文集", "application/pdf", "", "古籍保护论文集[C]."),
        ("page.html", "Opening hours", "text/html", "2024-05", "Opening hours[Z]. 2024-05."),
        ("https://lib.example/hours", "Opening hours", "text/html", "2024-05",
         "Opening hours[EB/OL]. (2024-05). https://lib.example/hours."),
    ],
)  # fmt: skip
def test_kind_of_publication_is_told_from_what_is_known_only(
    source: str, title: str, media_type: str, date: str, entry: str
) -> None:
    citation = Citation("words", source, title, date=date, media_type=media_type)
    assert citation.gbt7714() == f"“words”[1]\n[1] {entry}"


def test_citation_takes_page_and_heading_from_the_block_of_the_quote(tower: Path) -> None:
    document = read_document(tower)
    start = document.text.index(QUOTE)
    citation = Citation.of(document, Span(start, start + len(QUOTE)))
    assert (citation.text, citation.page, citation.source) == (QUOTE, 2, "tower.pdf")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_citation_is_shown_as_text(tmp_path: Path, text: str) -> None:
    service = demo(tmp_path)
    service.texts[text] = text
    with client_of(service) as client:
        html = client.get(
            "/page/citations", params={"document": service.find(text).id, "start": 0, "end": len(text)}
        ).text
    page = _read(html)
    assert f"“{text}”" in page.text("citation") or "\r" in text or "\x00" in text
    assert set(page.tags) <= {"div", "h4", "pre", "button"}
