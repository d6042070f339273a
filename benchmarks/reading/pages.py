"""Newspaper and report pages whose reading order is known, printed to PDF by Chromium and by reportlab.

The articles in ``articles/`` were written for this. A browser breaks the lines, fills the columns and shapes the
letters, so that nothing of the layout comes from the code that reads it.
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import regex
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.print_page_options import PrintOptions

from qa.text import sentences

ARTICLES = Path(__file__).parent / "articles"
LANGUAGES = ("en", "zh", "ja", "ar")
NAMES = {"en": "The Marlow Courier", "zh": "青溪日报", "ja": "みさき新聞", "ar": "صحيفة الميناء"}
SECTIONS = {"en": "Town and Country", "zh": "城乡新闻", "ja": "地域のページ", "ar": "المدينة والريف"}
CONTINUED = {
    "en": ("Continued on page 2", "Continued from page 1"),
    "zh": ("（下转第2版）", "（上接第1版）"),
    "ja": ("（２面に続く）", "（１面から続く）"),
    "ar": ("البقية في الصفحة 2", "بقية المنشور في الصفحة 1"),
}


@dataclass(frozen=True, slots=True)
class Article:
    """An article: its paragraphs as sentences, and what stands beside them."""

    headline: str
    byline: str
    paragraphs: tuple[tuple[str, ...], ...]
    caption: str = ""
    box: tuple[str, ...] = ()
    """The title of a box, then its paragraphs."""
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(sentence for paragraph in self.paragraphs for sentence in paragraph)


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF and what should be read from it: articles in any order, and what is part of none."""

    name: str
    language: str
    data: bytes
    articles: tuple[Article, ...]
    furniture: tuple[str, ...]
    """Running heads and the like, which no paragraph may hold."""


@cache
def articles(language: str) -> tuple[Article, ...]:
    """Return the articles of a language, the longest first."""
    text = (ARTICLES / f"{language}.txt").read_text(encoding="utf-8")
    return tuple(_article(part.strip().splitlines()) for part in text.split("# ") if part.strip())


def _article(lines: Sequence[str]) -> Article:
    marked = {mark: [line[1:].strip() for line in lines if line.startswith(mark)] for mark in ">!|"}
    plain = [line for line in lines[1:] if line and line[0] not in ">!|"]
    has_byline = len(plain[0]) < 40 and len(sentences(plain[0])) == 1 and plain[0][-1].isalpha()
    body = plain[1:] if has_byline else plain
    return Article(
        lines[0],
        plain[0] if has_byline else "",
        tuple(tuple(span.of(paragraph) for span in sentences(paragraph)) for paragraph in body),
        "".join(marked[">"]),
        tuple(marked["!"]),
        tuple(tuple(cell.strip() for cell in row.split("|")) for row in marked["|"]),
    )


def printed() -> Iterator[Printed]:
    """Yield all pages; needs Chromium and its driver, and Arabic, Chinese and Japanese fonts."""
    with Browser() as browser:
        for language in LANGUAGES:
            for name, page in (("report", _report), ("newspaper", _newspaper), ("continued", _continued)):
                yield browser.printed(name, language, page(language))
        for language in ("ja", "zh"):
            yield browser.printed("vertical", language, _vertical(language))


# --- Chromium ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    html: str
    articles: tuple[Article, ...]
    furniture: tuple[str, ...]


class Browser:
    """A headless Chromium that prints pages."""

    def __enter__(self) -> Browser:
        options = Options()
        options.binary_location = shutil.which("chromium") or ""
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        self._driver = webdriver.Chrome(options, Service(shutil.which("chromedriver") or ""))
        return self

    def __exit__(self, *exception: object) -> None:
        self._driver.quit()

    def printed(self, name: str, language: str, page: _Page) -> Printed:
        return Printed(name, language, self.pdf(page.html), page.articles, page.furniture)

    def pdf(self, html: str) -> bytes:
        """Return a page as it is printed on A4, without margins of the printer's own."""
        encoded = base64.b64encode(html.encode()).decode()
        self._driver.get(f"data:text/html;charset=utf-8;base64,{encoded}")
        options = PrintOptions()
        options.background = True
        options.page_width, options.page_height = 21.0, 29.7
        options.margin_top = options.margin_bottom = options.margin_left = options.margin_right = 0
        return base64.b64decode(self._driver.print_page(options))


_STYLE = """
@page { size: A4; margin: 18mm 15mm 18mm 15mm; @bottom-center { content: counter(page); font-size: 8pt } %s }
body { font: 9.5pt/1.35 'Noto Serif', 'Noto Serif CJK SC', 'DejaVu Serif', serif; margin: 0; width: 180mm }
:lang(ja) { font-family: 'Noto Serif CJK JP', serif } :lang(ar) { font-family: 'DejaVu Sans', sans-serif }
h1, h2 { line-height: 1.15; margin: 0 0 2mm; break-after: avoid } h1 { font-size: 24pt } h2 { font-size: 15pt }
p { margin: 0; text-indent: 1.2em; text-align: justify } p.by { font-size: 8pt; text-indent: 0; font-style: italic }
:lang(zh) p, :lang(ja) p { text-indent: 1em }
.name { font-size: 30pt; text-align: center; border-bottom: 1pt solid; margin-bottom: 3mm }
figure { margin: 2mm 0; break-inside: avoid; } figure div { background: #bbb; height: 26mm }
figcaption { font: 7.5pt/1.25 'Noto Sans', 'Noto Sans CJK SC', 'DejaVu Sans', sans-serif; margin-top: 1mm }
aside { border: 0.7pt solid; padding: 2mm; margin: 2mm 0; break-inside: avoid; background: #eee;
        font-family: 'Noto Sans', 'Noto Sans CJK SC', 'DejaVu Sans', sans-serif; font-size: 8.5pt }
aside b { display: block } aside p { text-indent: 0; text-align: start }
table { border-collapse: collapse; font-size: 8.5pt; margin: 2mm 0; break-inside: avoid; width: 100%% }
td { padding: 0.6mm 2mm 0.6mm 0; text-align: start }
.cols { column-gap: 6mm; column-fill: balance } .jump { text-indent: 0; text-align: end; font-style: italic }
"""


def _html(language: str, body: str, *, page: str = "", style: str = "") -> str:
    direction = "rtl" if language == "ar" else "ltr"
    return (
        f'<!DOCTYPE html><html lang="{language}" dir="{direction}"><meta charset="utf-8">'
        f"<style>{_STYLE % page}{style}</style><body>{body}<script>{_FILL}</script></body></html>"
    )


def _broken(text: str) -> str:
    """Return escaped text with soft hyphens where a word may be broken (roughly)."""
    return regex.sub(r"(?<=[a-z]{2}[aeiou])(?=[b-df-hj-np-tv-z][aeiou][a-z]{2})", "&shy;", escape(text))


def _paragraph(paragraph: Sequence[str], language: str, *, inside: str = "", at: float = 0.5) -> str:
    """Return a paragraph; ``inside`` interrupts its text, as a picture in a column does."""
    text = ("" if language in ("zh", "ja") else " ").join(paragraph)
    if not inside:
        return f"<p>{_broken(text)}</p>"
    cut = _cut(text, at)
    return f"{_CUT}{_broken(text[:cut])}</p>{inside}{_GOES_ON}{_broken(text[cut:])}</p>"


_CUT = '<p class="cut">'
_GOES_ON = '<p class="on" style="text-indent:0">'
_FILL = """
for (const cut of document.querySelectorAll('p.cut')) {
  const on = [...document.querySelectorAll('p.on')][[...document.querySelectorAll('p.cut')].indexOf(cut)];
  const words = () => on.textContent.match(/^\\s*(?:[a-z\u0600-\u06ff\u00ad.,;:'-]+\\s*|.)/iu);
  const lines = () => cut.getClientRects().length + cut.offsetHeight;
  for (let height = lines(), tries = 0, word; tries < 60 && (word = words()); tries++) {
    const text = cut.textContent;
    cut.textContent = text + word[0];
    if (lines() > height) { cut.textContent = text; break }
    on.textContent = on.textContent.slice(word[0].length);
  }
  cut.style.textAlignLast = 'justify';
}
"""
"""Fills the last line of a text that goes on elsewhere, as it is in print."""


def _cut(text: str, at: float) -> int:
    """Return where a text may be broken in the middle of a sentence."""
    place = int(len(text) * at)
    space = text.find(" ", place)
    return space + 1 if space > 0 else place


def _figure(article: Article) -> str:
    return (
        f"<figure><div></div><figcaption>{escape(article.caption)}</figcaption></figure>"
        if article.caption
        else ""
    )


def _box(article: Article) -> str:
    if not article.box:
        return ""
    title, *lines = map(escape, article.box)
    return f"<aside><b>{title}</b>{''.join(f'<p>{line}</p>' for line in lines)}</aside>"


def _table(article: Article) -> str:
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in article.rows)
    return f"<table>{rows}</table>" if rows else ""


def _set(article: Article, language: str, columns: int, level: int, *, interrupted: bool = True) -> str:
    """Return an article set in columns under a headline over all of them."""
    paragraphs = [
        _paragraph(paragraph, language, inside=_figure(article) if at == 1 and interrupted else "")
        for at, paragraph in enumerate(article.paragraphs)
    ]
    paragraphs[2:2] = [_box(article)]
    paragraphs[5:5] = [_table(article)]
    by = f'<p class="by">{escape(article.byline)}</p>' if article.byline else ""
    return (
        f"<section><h{level}>{escape(article.headline)}</h{level}>"
        f'<div class="cols" style="columns:{columns}">{by}{"".join(paragraphs)}</div></section>'
    )


def _report(language: str) -> _Page:
    """Two columns over several pages, with a running head and a page number on each."""
    found = articles(language)[:3]
    head = NAMES[language]
    body = "".join(
        f'<h2 style="column-span:none">{escape(article.headline)}</h2>'
        + "".join(
            _paragraph(paragraph, language, inside=_figure(article) if at == 1 else "")
            + (_box(article) if at == 2 else "")
            + (_table(article) if at == 3 else "")
            for at, paragraph in enumerate(article.paragraphs)
        )
        for article in found
    )
    html = _html(
        language,
        f'<div class="cols" style="columns:2">{body}</div>',
        page=f"@top-center {{ content: '{head}'; font-size: 8pt }}",
        style="body { font-size: 12.5pt } h2 { margin-top: 4mm }",
    )
    return _Page(html, found, (head,))


def _newspaper(language: str) -> _Page:
    """One page with a lead in three columns, briefs beside it, and two articles under it."""
    lead, second, third, *briefs = articles(language)
    side = "".join(_set(brief, language, 1, 2) for brief in briefs)
    body = (
        f'<div class="name">{NAMES[language]}</div>'
        f'<div style="display:flex;gap:7mm"><div style="flex:3.2">{_set(lead, language, 3, 1)}</div>'
        f'<div style="flex:1">{side}</div></div>'
        f'<div style="display:flex;gap:7mm;margin-top:5mm"><div style="flex:3">{_set(second, language, 3, 2)}</div>'
        f'<div style="flex:2">{_set(third, language, 2, 2)}</div></div>'
    )
    style = (
        "body { font-size: 8pt } h1 { font-size: 19pt } h2 { font-size: 12pt } figure div { height: 18mm }"
    )
    return _Page(_html(language, body, style=style), articles(language), (NAMES[language],))


def _continued(language: str) -> _Page:
    """Two articles on the first page that go on, in the middle of a sentence, on the second."""
    first, second, third = articles(language)[:3]
    onward, back = CONTINUED[language]
    parts = []
    for article, split in ((first, 2), (second, 1)):
        text = ("" if language in ("zh", "ja") else " ").join(article.paragraphs[split])
        cut = _cut(text, 0.6)
        before = "".join(_paragraph(paragraph, language) for paragraph in article.paragraphs[:split])
        after = "".join(_paragraph(paragraph, language) for paragraph in article.paragraphs[split + 1 :])
        parts.append(
            (
                f"{before}{_CUT}{_broken(text[:cut])}</p>",
                f"{_GOES_ON}{_broken(text[cut:])}</p>{after}",
            )
        )
    front = "".join(
        f'<section style="margin-bottom:6mm"><h1>{escape(article.headline)}</h1><div class="cols" style="columns:2">'
        f'{start}<p class="jump">{onward}</p></div></section>'
        for article, (start, _) in zip((first, second), parts, strict=True)
    )
    inner = "".join(
        f'<section style="margin-bottom:6mm"><h2>{escape(article.headline)}</h2><div class="cols" style="columns:2">'
        f'<p class="jump" style="text-align:start">{back}</p>{rest}</div></section>'
        for article, (_, rest) in zip((first, second), parts, strict=True)
    )
    body = (
        f'<div class="name">{NAMES[language]}</div>{front}<div style="break-before:page"></div>'
        f"{inner}{_set(third, language, 3, 2)}"
    )
    html = _html(
        language,
        body,
        page=f"@top-center {{ content: '{SECTIONS[language]}'; font-size: 8pt }}",
        style="body { font-size: 10.5pt }",
    )
    return _Page(html, (first, second, third), (NAMES[language], SECTIONS[language], onward, back))


def _vertical(language: str) -> _Page:
    """Vertical lines from right to left, in tiers from top to bottom."""
    found = articles(language)[:3]
    body = "".join(
        f"<h2>{escape(article.headline)}</h2>"
        + "".join(_paragraph(paragraph, language) for paragraph in article.paragraphs)
        for article in found
    )
    html = _html(
        language,
        f'<div class="tiers">{body}</div>',
        page=f"@top-center {{ content: '{NAMES[language]}'; font-size: 8pt }}",
        style=".tiers { writing-mode: vertical-rl; columns: 4; column-gap: 8mm; width: 180mm; height: 255mm;"
        " column-fill: auto; text-orientation: mixed } body { font-size: 11pt }"
        " h2 { margin: 0 4mm 0 3mm }",
    )
    return _Page(html, found, (NAMES[language],))
