"""Answers as HTML: whatever a document, a name or a question holds, it is shown as text, and exactly."""

from __future__ import annotations

import dataclasses
import re
import string
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from qa import reasons
from qa.errors import LibraryLocked
from qa.ranking import READ
from qa.reasons import say
from qa.types import (
    Answer,
    DocumentInfo,
    Explanation,
    Hit,
    Meeting,
    Passage,
    Place,
    Quote,
    Reason,
    Share,
    Span,
)
from qa.web import render
from qa.web.render import Choice, FileOutcome
from qa.web.strings import EN, LANGUAGES, ZH_HANS, Strings, choose_strings
from qa.web.troubles import Trouble, told, trouble_of

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "</style></textarea></span></blockquote><h1>taken</h1>",
    "\"><svg/onload=alert(1)> ' onmouseover='alert(1)",
    "**bold** [link](javascript:alert(1)) `code` # title",
    "$x^2$ $$\\int$$ \\(y\\) {{constructor}} ${alert(1)} `${1}`",
    "&lt;b&gt; &amp; &#60; &copy",
    "\u202egpj.exe\u202c \u2066isolate\u2069 \u200f",
    "a\rb\r\nc\nd\te",
    "汉字\n\n漢字\nかな\n한글",
]


class _Page(HTMLParser):
    """Reads HTML as a browser would for our purposes: elements, and the text inside those of a class."""

    VOID = frozenset({"img", "br", "input", "hr", "meta", "link"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[tuple[str, str]] = []
        self.pieces: list[tuple[tuple[str, ...], str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.pieces.append((tuple(name for _, names in self.open for name in [*names.split(), ""]), data))

    def text(self, name: str) -> str:
        return "".join(data for classes, data in self.pieces if name in classes)

    def of_tag(self, tag: str) -> int:
        return self.tags.count(tag)


def _read(html: str) -> _Page:
    page = _Page(html)
    assert not page.open, f"left open: {page.open}"
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert not {"script", "img", "svg", "style", "a", "iframe", "textarea", "h1"} & set(page.tags)
    return page


def _answer(
    before: str = "Before. ",
    quote: str = "The council voted 17 to 5.",
    after: str = " After.",
    marks: tuple[tuple[int, int], ...] = (),
    source: str = "minutes.txt",
    headings: tuple[str, ...] = ("Chronicle", "1911"),
    reason: str = "It says so.",
    start: int = 100,
) -> Answer:
    text = before + quote + after
    passage = Passage("d", Span(start, start + len(text)), text, headings=headings, page=3, id=7)
    span = Span(start + len(before), start + len(before) + len(quote))
    shown = Quote(
        quote,
        span,
        "d",
        source,
        7,
        page=3,
        headings=headings,
        highlights=tuple(Span(span.start + a, span.start + b) for a, b in marks),
    )
    other = Passage("e", Span(0, 9), "Far away.", id=8)
    hits = (Hit(1, 0.731, passage, source), Hit(2, 0.5, other, "other.txt"))
    return Answer("Who voted?", shown, 0.97, reason, hits)


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_reads_back_exactly_and_makes_no_element(text: str) -> None:
    page = _read(f'<p class="x" title="{render.escape(text)}">{render.escape(text)}</p>')
    assert page.text("x") == text
    assert page.tags == ["p"]
    assert dict(page.attributes)["title"] == text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("strings", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_quote_in_the_card_is_the_quote_whatever_it_holds(text: str, strings: Strings) -> None:
    answer = _answer(
        before=text, quote=f"It says {text} here", after=text, source=text, headings=(text,), reason=text
    )
    page = _read(render.render_turn("turn-1", text, f"{text}!", answer, strings))
    assert page.text("quote") == f"It says {text} here"
    assert page.text("passage") == answer.hits[0].text + "Far away."
    assert page.text("question") == text
    assert page.text("reason") == text


def test_marks_cover_the_answering_words_and_nothing_else() -> None:
    page = _read(render.render_answer(_answer(marks=((12, 17), (18, 25))), EN))
    assert page.of_tag("mark") == 2
    html = render.render_answer(_answer(marks=((12, 17), (18, 25))), EN)
    assert "<mark>voted</mark> <mark>17 to 5</mark>." in html
    assert page.text("quote") == "The council voted 17 to 5."


def test_marks_of_a_quote_with_line_breaks_keep_every_character() -> None:
    quote = "- one\n- two\nfour hundred\nand five"
    page = _read(render.render_answer(_answer(quote=quote, marks=((2, 9), (12, 24))), EN))
    assert page.text("quote") == quote


def test_marks_of_markdown_are_set_back_and_stay_in_the_text() -> None:
    quote = "the **Mantaro** | `a`\n|---|:--|\n<b>|</b>"
    html = render.render_answer(_answer(quote=quote, source="rivers.md", marks=((6, 13),)), EN)
    page = _read(html)
    assert page.text("quote") == quote
    assert page.text("markup").startswith("****|``|---|:--|")
    assert "<mark>Mantaro</mark>" in html
    assert "markup" not in render.render_answer(_answer(quote=quote, source="rivers.txt"), EN)


def test_context_stands_before_and_after_the_quote() -> None:
    page = _read(render.render_answer(_answer(), EN))
    assert page.text("context") == "Before.  After."
    assert page.text("where").startswith("minutes.txt · page 3 · Chronicle › 1911")


def test_quote_across_two_passages_takes_context_from_both() -> None:
    first = Passage("d", Span(0, 10), "One. Two b", id=1)
    second = Passage("d", Span(10, 20), "egins. End", id=2)
    hits = (Hit(1, 2.0, first, "a.txt"), Hit(2, 1.0, second, "a.txt"))
    quote = Quote("Two begins.", Span(5, 16), "d", "a.txt", 1)
    assert render.surroundings(quote, hits) == ("One. ", " End")


def test_quote_without_its_passage_among_the_hits_stands_alone() -> None:
    quote = Quote("Two begins.", Span(5, 16), "gone", "a.txt", 99)
    assert render.surroundings(quote, _answer().hits) == ("", "")


def test_confidence_is_said_in_words_and_never_as_a_score() -> None:
    html = render.render_answer(_answer(), EN)
    assert EN.confidence[0] in html
    assert "%" not in html
    assert "0.97" not in html
    assert "0.731" not in html


def test_abstention_shows_the_nearest_passages_and_no_quote() -> None:
    answered = _answer()
    answer = Answer("Who?", None, 0.2, "Too far.", answered.hits, nearest=answered.quote)
    page = _read(render.render_answer(answer, EN))
    assert EN.not_found in page.text("abstained")
    assert EN.nearest in page.text("abstained")
    assert page.text("passage") == answered.hits[0].text + "Far away."
    assert page.text("quote") == ""
    assert page.of_tag("mark") == 0
    assert page.text("answered") == ""


def test_abstention_without_any_passage_says_so() -> None:
    page = _read(render.render_answer(Answer("Who?", None, 0.0, "Nothing is there.", ()), ZH_HANS))
    assert ZH_HANS.nothing_near in page.text("abstained")


@pytest.mark.parametrize("strings", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_the_place_of_a_scan_says_in_words_how_surely_it_was_read(strings: Strings) -> None:
    plain = _answer()
    assert _read(render.render_answer(plain, strings)).text("scanned") == ""
    for sure, words in zip((0.95, 0.8, 0.3), strings.scanned, strict=True):
        first, *rest = plain.hits
        passage = replace(first.passage, reading_confidence=sure)
        answer = replace(plain, hits=(replace(first, passage=passage), *rest))
        page = _read(render.render_answer(answer, strings))
        assert page.text("scanned") == words
        assert f" · {words}" in page.text("where")
        assert "%" not in page.text("answered")
        withheld = _read(render.render_answer(replace(answer, quote=None, nearest=plain.quote), strings))
        assert withheld.text("scanned") == words, "of the nearest passage"


@pytest.mark.parametrize("strings", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_the_other_places_of_a_passage_stand_below_its_own(strings: Strings) -> None:
    plain = _answer()
    assert _read(render.render_answer(plain, strings)).text("also") == ""
    names = ["a <b>.txt", "b.pdf", "c.txt", "d.txt", "e.txt"]
    places = tuple(Place(name, name, number or None, Span(0, 5)) for number, name in enumerate(names))
    hits = tuple(dataclasses.replace(hit, also=places[:1]) for hit in plain.hits)
    assert plain.quote
    quote = dataclasses.replace(plain.quote, also=places)
    page = _read(render.render_answer(dataclasses.replace(plain, quote=quote, hits=hits), strings))
    first, second = strings.page.format(page=1), strings.page.format(page=2)
    shown = f"{strings.also}a <b>.txtb.pdf · {first}c.txt · {second}+2"
    assert page.text("also") == f"{shown}{strings.also}a <b>.txt"  # of the quote, and of the other passage
    assert page.text("others").startswith(
        strings.others.format(count=1) + "other.txt" + strings.open_source + strings.also
    )


def test_other_passages_are_folded_and_the_quoted_one_is_not_repeated() -> None:
    page = _read(render.render_answer(_answer(), EN))
    assert "Far away." in page.text("others")
    assert "Before." not in page.text("others")
    assert "other.txt" in page.text("others")


def test_why_names_the_words_that_met_and_what_put_the_passage_ahead() -> None:
    met = (
        Meeting("Who", 0.2, "council", "title", None, 0.6),
        Meeting("<b>voted</b>", 0.6, "voted", "passage", Span(112, 117), 0.9),
        Meeting("Mars", 0.2, "", "", None, 0.1),
    )

    def explained(**points: float) -> Explanation:
        shares = tuple(Share(name, f"meaning of {name}", value, 1.0) for name, value in points.items())
        return Explanation(sum(points.values()), 0.0, shares, met)

    first, second = (
        explained(late=2.0, answer=1.0, length=0.5, new=3.0),
        explained(late=0.5, answer=0.95, length=0.9),
    )
    page = _read(render.render_answer(_answer(), EN, [first, second]))
    assert page.text("met") == (
        "Who meets council in the title or a heading<b>voted</b> meets votedMars meets nothing"
    )
    # what has no words yet goes by the meaning that the ranking gives it
    assert "ahead of the next passage: meaning of new, words met anywhere in it." in page.text("why")
    assert EN.why_close in _read(render.render_answer(_answer(), EN, [first, first])).text("why")
    assert "Why this passage" not in render.render_answer(_answer(), EN)


def test_every_feature_of_the_ranking_has_words_in_every_language() -> None:
    for strings in LANGUAGES.values():
        assert set(READ) <= set(strings.features), strings.lang


def test_quote_can_be_opened_copied_linked_and_cited() -> None:
    html = render.render_answer(_answer(marks=((12, 17),)), EN)
    query = "document=d&amp;start=108&amp;end=134&amp;marks=120-125&amp;of=minutes.txt"
    assert f'class="open" data-query="{query}"' in html
    assert "document=e&amp;start=0&amp;end=9&amp;of=other.txt" in html


def test_passages_of_one_document_stand_together_under_its_name() -> None:
    hits = tuple(
        Hit(rank, 1.0, Passage(source, Span(0, 5), f"text {rank}", page=rank, id=rank), f"{source}.txt")
        for rank, source in enumerate("abacb", start=1)
    )
    page = _read(render.render_answer(Answer("?", None, 0.1, "No.", hits), EN))
    nearest, others = "a.txtb.txt", "c.txtb.txt"
    assert page.text("source") == nearest + others
    assert page.text("passage") == "text 1text 3text 2" + "text 4text 5"


def test_follow_up_shows_how_it_was_read_and_a_plain_question_does_not() -> None:
    assert "and there (Who voted?)" in _read(
        render.render_turn("turn-1", "and there", "and there (Who voted?)", _answer(), EN)
    ).text("read-as")
    assert 'value="and there (Who &quot;voted&quot;?)"' in render.render_turn(
        "turn-1", "and there", 'and there (Who "voted"?)', _answer(), EN
    )
    assert "read-as" not in render.render_turn("turn-1", "Who voted?", "Who voted? ", _answer(), EN)


def test_every_piece_of_document_text_finds_its_own_direction() -> None:
    html = render.render_answer(_answer(quote="تضم المكتبة ثمانية ملايين كتاب.", before="", after=""), EN)
    assert '<blockquote class="passage" dir="auto" lang="ar">' in html
    assert '<p class="passage" dir="auto"' in html
    assert '<bdi dir="auto">minutes.txt</bdi>' in html


def test_name_cannot_turn_its_extension_around() -> None:
    page = _read(render.escape_name("invoice\u202efdp.exe\n"))
    assert page.text("") == "invoice\ufffdfdp.exe\ufffd"


def test_unsendable_characters_become_replacement_marks() -> None:
    assert render.escape("a\x00b\ud800c") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        # a column's edge broke these
        ("The council voted after a long debate\nto heat the room through the winter,\nall of it.", 1),
        ("作为绿水青山就是金山银山理念诞生地，安吉县坚持稳\n进立聚焦创改开，坚定不移走生态优先之路，在", 1),
        ("坚持产业集群化导向，全力打造覆盖33平方公里的“两\n\n山”未来科技城，在余村布局人才社区。", 1),
        ("It began in the first year. The town had\nno harbour then, and ships lay here.\nLater it had.", 1),
        # these were meant
        ("Opening hours:\n- Monday\n- Tuesday", 3),
        ("name\tyear\nAda Lovelace\t1815\nAlan Turing\t1912", 3),
        ("One paragraph ends here.\n\nAnother one begins.", 2),
        ("布局新经济\n挺进发展新赛道\n\n安吉县以落实3个“一号工程”为牵引，大力发展新经济产业，推动发展。", 3),
    ],
)  # fmt: skip
def test_lines_that_were_meant_are_kept_apart(text: str, lines: int) -> None:
    assert len(render.line_breaks(text)) == lines - 1


def test_break_between_han_characters_draws_no_space_and_between_latin_words_one() -> None:
    html = render.render_answer(
        _answer(quote="打造覆盖三十三平方公里的全国首个青年人才社区“两\n\n山”科技城"), ZH_HANS
    )
    assert '“两<span class="joint">\n\n</span>山”' in html
    assert "joint" not in render.render_answer(_answer(quote="hello old\nworld"), EN)


def _info(source: str, title: str = "", pages: int | None = None, added: str = "2026-01-01") -> DocumentInfo:
    return DocumentInfo("d", source, title, source, "text/plain", pages, 4, 100, "0", added)


@pytest.mark.parametrize("text", HOSTILE)
def test_document_list_shows_names_as_text(text: str) -> None:
    page = _read(render.render_documents([_info("a" + text, title=text)], EN))
    assert page.of_tag("li") == 1


def test_long_document_list_comes_in_parts() -> None:
    infos = [_info(f"{n}.txt", pages=2, added=f"2026-{n:04}") for n in range(250)]
    page = _read(render.render_documents(infos, EN))
    assert page.of_tag("li") == render.SHOWN_DOCUMENTS
    assert "Documents: 250 · passages: 1000" in page.text("documents")
    assert "249.txt" in page.text("documents")
    assert "page" in page.text("facts")
    parts = [render.render_list(infos, Choice(first=first), EN) for first in (0, 100, 200)]
    assert [part.count("<li>") for part in parts] == [100, 100, 50]
    assert ['data-first="100"' in parts[0], 'data-first="200"' in parts[1], "data-first" in parts[2]] == [
        True
    ] * 2 + [False]


def test_who_only_reads_is_offered_no_removal_and_no_evaluation() -> None:
    infos = [_info("a.txt")]
    assert 'class="remove"' in render.render_documents(infos, EN)
    assert 'class="remove"' not in render.render_documents(infos, EN, edits=False)
    assert EN.only_editors in render.render_evaluation(10, EN, edits=False)


def test_documents_are_chosen_by_folded_words_and_by_language() -> None:
    infos = [
        replace(_info("zh/臺灣.txt", title="高速鐵路"), language="zh", author="Élodie"),
        replace(_info("en/Taiwan.txt", title="Fast trains"), language="en"),
    ]

    def found(choice: Choice) -> list[str]:
        return [info.source for info in infos if choice.holds(info)]

    assert found(Choice("台湾")) == ["zh/臺灣.txt"]
    assert found(Choice("elodie 鐵路")) == ["zh/臺灣.txt"]
    assert found(Choice("TRAINS taiwan")) == ["en/Taiwan.txt"]
    assert found(Choice("train", "zh")) == []
    assert found(Choice(language="en")) == ["en/Taiwan.txt"]
    assert found(Choice("<b>")) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_scope_list_and_suggestions_show_names_as_text(text: str) -> None:
    info = replace(_info(f"{text}/{text}.txt", title=text), language=text, author=text, date=text)
    for html in (
        render.render_scope([info], EN),
        render.render_documents([info], EN),
        render.render_suggestions([text], text, EN),
    ):
        allowed = {
            "details",
            "summary",
            "span",
            "form",
            "label",
            "input",
            "datalist",
            "option",
            "select",
            "button",
        }
        assert set(_read(html).tags) <= allowed | {"section", "h2", "h4", "p", "div", "ul", "li", "bdi"}


def test_folders_are_offered_from_the_outermost_in() -> None:
    html = render.render_scope([_info("a/b/c.txt"), _info("a/d.txt"), _info("e.txt")], EN)
    assert re.findall(r'<option value="([^"]*)"></option>', html) == ["a", "a/b"]


@pytest.mark.parametrize("text", HOSTILE)
def test_upload_report_and_examples_show_names_as_text(text: str) -> None:
    trouble = Trouble(f"cannot be read: {text}", text)
    outcomes = [FileOutcome(text, "failed", trouble), FileOutcome("b.txt", "added")]
    page = _read(render.render_report(outcomes, EN, total=3, reading=text, note=text))
    assert f"cannot be read: {text}" in page.text("message")
    assert ("max", "3") in page.attributes
    assert ("value", "2") in page.attributes
    assert ("data-question", text) in _read(render.render_examples([text], EN)).attributes


def test_failure_is_a_sentence_in_the_page() -> None:
    page = _read(render.render_failure("turn-1", "Why?", Trouble("No library at '<b>'. Build one."), EN))
    assert "No library at '<b>'. Build one." in page.text("failed")


def test_error_is_told_in_the_reader_s_language_with_the_exact_english_beside_it() -> None:
    error = LibraryLocked("Process 7 is writing to '<b>'.")
    assert trouble_of(error, EN) == Trouble("Process 7 is writing to '<b>'.")
    for strings in LANGUAGES.values():
        if strings is not EN:
            trouble = trouble_of(error, strings)
            assert trouble == Trouble(strings.trouble_locked, "Process 7 is writing to '<b>'.")
            page = _read(render.render_failure("turn-1", "Why?", trouble, strings))
            assert page.text("details") == "Process 7 is writing to '<b>'."
    assert told("", "2 pages are pictures.", ZH_HANS).details == "2 pages are pictures."


def test_reason_follows_the_language_of_the_page_and_not_of_the_question() -> None:
    answer = replace(_answer(), why=Reason("but", "a.txt", ("council",), ("<b>",)))
    for strings in LANGUAGES.values():
        reason = _read(render.render_answer(answer, strings)).text("reason")
        assert reason == say(answer.why, strings.lang)
        assert "<b>" in reason
    assert _read(render.render_answer(_answer(reason="As it came."), ZH_HANS)).text("reason") == "As it came."


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK;q=0.8,en;q=0.7", "zh-Hant"),
        ("zh-Hant-CN", "zh-Hant"),
        ("zh-Hans-TW", "zh-Hans"),
        ("en-GB,en;q=0.9,zh;q=0.1", "en"),
        ("fi,zh;q=0.5,en;q=0.7", "en"),
        ("fi;q=0.9, ZH-Hans;q=0.4", "zh-Hans"),
        ("ja-JP", "ja"),
        ("ko", "ko"),
        ("es-419,es;q=0.9", "es"),
        ("fr-CA", "fr"),
        ("de-AT,en;q=0.5", "de"),
        ("ru", "ru"),
        ("ar-EG,ar;q=0.9", "ar"),
        ("zh;q=0, fi", "en"),
        ("*", "en"),
        ("", "en"),
        (None, "en"),
        (";;;q=x,,", "en"),
    ],
)
def test_interface_speaks_the_first_known_language_of_the_browser(header: str | None, expected: str) -> None:
    assert choose_strings(header).lang == expected


def test_language_that_was_chosen_goes_before_those_of_the_browser() -> None:
    assert choose_strings("de", "ar").lang == "ar"
    assert choose_strings("de", "tlh").lang == "de"
    assert choose_strings("de", "<script>").lang == "de"


def test_only_what_runs_from_right_to_left_says_so() -> None:
    assert [strings.lang for strings in LANGUAGES.values() if strings.direction == "rtl"] == ["ar"]
    assert tuple(LANGUAGES) == reasons.LANGUAGES


@pytest.mark.parametrize("strings", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_no_language_lacks_a_string_or_one_of_its_fields(strings: Strings) -> None:
    for item in dataclasses.fields(Strings):
        assert _shape(getattr(strings, item.name)) == _shape(getattr(EN, item.name)), item.name


def _shape(words: Any) -> Any:
    """Return the fields of a template, by place or by name where there are several."""
    if isinstance(words, str):
        assert words.strip()
        return sorted(name for _, name, _, _ in string.Formatter().parse(words) if name)
    if isinstance(words, dict):
        return {name: _shape(each) for name, each in words.items()}
    return [_shape(each) for each in words]


def test_no_two_languages_share_their_sentences() -> None:
    """A string that was copied instead of translated would stand in two languages."""
    for name in (
        "tagline",
        "not_found",
        "no_documents_note",
        "unexpected",
        "trouble_library",
        "verdict_lost",
        "history_note",
        "history_note_shared",
        "answer_gone",
    ):
        assert len({getattr(strings, name) for strings in LANGUAGES.values()}) == len(LANGUAGES), name


def test_every_string_is_used() -> None:
    web = Path(render.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in web.glob("*.py") if path.name != "strings.py")
    unused = [item.name for item in dataclasses.fields(Strings) if not re.search(rf"\.{item.name}\b", code)]
    assert unused == []
