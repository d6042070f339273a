"""The chat page end to end, in headless Chromium, with no network but the loopback."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from qa import QA
from qa.feedback import FeedbackStore
from qa.history import History
from qa.reasons import say
from qa.web.strings import LANGUAGES, Strings
from tests.served import ROOT, Server
from tests.web_fakes import EXAMPLES, HOSTILE, HOSTILE_NAME, demo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
SECONDS = 20
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

if not (CHROMIUM and DRIVER):
    REASON = "NO BROWSER, THE PAGE IS NOT TESTED: apt-get install chromium chromium-driver"
    if os.environ.get("QA_REQUIRE_BROWSER"):
        pytest.fail(REASON, pytrace=False)
    pytest.skip(REASON, allow_module_level=True)


# --- a server and a browser ---


@contextmanager
def _browser(folder: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*FLAGS, f"--user-data-dir={folder}", "--lang=en", "--window-size=1280,900"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"intl.accept_languages": "en"})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield browser
    finally:
        browser.quit()


class Reader:
    """Someone in front of the page."""

    def __init__(self, browser: webdriver.Chrome, address: str = "") -> None:
        self.browser = browser
        if address:
            self.open(address)

    def open(self, address: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.browser.get(address)
        self.wait_for(".masthead")
        self.wait_for(".examples, .empty")

    @contextmanager
    def speaking(self, language: str) -> Iterator[None]:
        """Let the browser ask for pages in another language."""
        own = {"userAgent": self.run("return navigator.userAgent")}
        self.browser.execute_cdp_cmd("Network.setUserAgentOverride", {**own, "acceptLanguage": language})
        try:
            yield
        finally:
            self.browser.execute_cdp_cmd("Network.setUserAgentOverride", {**own, "acceptLanguage": "en"})

    def wait_for(self, css: str) -> None:
        WebDriverWait(self.browser, SECONDS, poll_frequency=0.05).until(
            lambda browser: browser.find_elements(By.CSS_SELECTOR, css), f"nothing on the page is {css}"
        )

    def ask(self, question: str) -> str:
        """Ask by keyboard and return the selector of the finished turn."""
        self.go("ask")
        box = self.browser.find_element(By.CSS_SELECTOR, "#question textarea")
        number = len(self.browser.find_elements(By.CSS_SELECTOR, ".turn")) + 1
        box.send_keys(question, Keys.ENTER)
        self.wait_for(f"#turn-{number} .card")
        return f"#turn-{number}"

    def text(self, css: str) -> str:
        """Return the ``textContent``, as it is and not as it looks."""
        return str(self.run("return document.querySelector(arguments[0]).textContent", css))

    def count(self, css: str) -> int:
        return len(self.browser.find_elements(By.CSS_SELECTOR, css))

    def run(self, script: str, *arguments: object) -> object:
        return self.browser.execute_script(script, *arguments)

    def logged(self, kind: str) -> list[dict[str, Any]]:
        return list(self.browser.get_log(kind))  # type: ignore[no-untyped-call]

    def go(self, view: str) -> None:
        """Change to a view of the page."""
        if not self.count(f"[data-go={view}][aria-current]"):
            self.browser.find_element(By.CSS_SELECTOR, f"nav [data-go={view}]").send_keys(Keys.ENTER)

    def drag(self, files: list[Path], css: str) -> None:
        """Drag files over an element and let them go, as the desktop does: the browser makes the events of it."""
        middle = """const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]"""
        x, y = self.run(middle, css)  # type: ignore[misc]
        copying = 1
        dragged = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": copying}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.browser.execute_cdp_cmd(
                "Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": dragged}
            )

    def upload(self, *files: Path) -> None:
        self.go("documents")
        box = self.browser.find_element(By.CSS_SELECTOR, "#upload input[type=file]")
        box.send_keys("\n".join(map(str, files)))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


@pytest.fixture(scope="module")
def real_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real") / "index"


@pytest.fixture(scope="module", autouse=True)
def servers(library: Path, real_index: Path) -> Iterator[dict[str, Server]]:
    """Start the servers; the browser comes up meanwhile."""
    servers = {
        "demo": Server("-m", "tests.web_fakes", str(library)),
        "real": Server("app.py", "--index", str(real_index), "--port", "0"),
    }
    yield servers
    codes = {name: server.end() for name, server in servers.items()}
    assert codes == dict.fromkeys(codes, 0), "a server did not end in order"


@pytest.fixture(scope="module")
def browser(
    servers: dict[str, Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[webdriver.Chrome]:
    with _browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def address(servers: dict[str, Server], browser: webdriver.Chrome) -> str:
    return servers["demo"].address


@pytest.fixture
def fresh(browser: webdriver.Chrome, address: str) -> Reader:
    """A reader who has just opened the page."""
    reader = Reader(browser)
    reader.open(address)
    return reader


@pytest.fixture(scope="module")
def reader(browser: webdriver.Chrome, address: str) -> Reader:
    """A reader who goes on with the conversation of the tests before, or with a new one."""
    return Reader(browser, address)


# --- what is shown ---


@pytest.mark.parametrize("question", [*EXAMPLES, "What is the secret number?"])
def test_words_shown_as_the_quote_are_the_quote(reader: Reader, library: Path, question: str) -> None:
    turn = reader.ask(question)
    answer = demo(library).ask(question)
    assert answer.quote is not None
    assert reader.text(f"{turn} .quote") == answer.quote.text
    assert reader.text(f"{turn} blockquote") == answer.hits[0].text
    marked = "".join(
        mark.shift(-answer.quote.span.start).of(answer.quote.text) for mark in answer.quote.highlights
    )
    assert reader.text(f"{turn} mark") == marked
    assert reader.text(f"{turn} .where .source") == answer.quote.source
    assert reader.text(f"{turn} .reason") == answer.reason
    assert "%" not in reader.text(f"{turn} .confidence")


def test_place_is_source_page_and_heading(reader: Reader) -> None:
    turn = reader.ask(EXAMPLES[0])
    assert reader.text(f"{turn} .where") == "人民日报 第6版.txt · page 6 · “三新汇聚”塑造发展新动能新优势"


def test_hostile_document_stays_text(reader: Reader) -> None:
    turn = reader.ask("What is the secret number?")
    assert reader.text(f"{turn} .quote") == HOSTILE
    assert reader.text(f"{turn} .where .source") == HOSTILE_NAME
    time.sleep(0.3)
    assert reader.run("return window.hacked === undefined") is True
    inside = "#log :is(script, img, style, a, textarea), .documents :is(img, script), .examples img"
    assert reader.count(inside) == 0


def test_hostile_question_stays_text(reader: Reader) -> None:
    question = "<img src=x onerror=window.hacked=1> ${window.hacked=1} {{constructor}} **b**"
    turn = reader.ask(question)
    assert reader.text(f"{turn} .question") == question
    assert reader.run("return window.hacked === undefined") is True


def test_markup_that_got_into_the_page_could_run_no_script(reader: Reader) -> None:
    # The page escapes all it shows; this is what would hold if it once did not.
    attack = """<img src="data:,x" onerror="window.hacked=1"><a href="javascript:window.hacked=1">x</a>
        <iframe srcdoc="<script>parent.hacked=1</script>"></iframe><svg onload="window.hacked=1"></svg>
        <iframe src="javascript:parent.hacked=1"></iframe><base href="https://evil.example/">
        <object data="data:text/html,<script>parent.hacked=1</script>"></object>"""
    reader.run(
        """const holder = document.body.appendChild(document.createElement("div"));
        holder.innerHTML = arguments[0];
        holder.querySelector("a").click();
        const script = document.createElement("script");
        script.textContent = "window.hacked=1";
        holder.append(script);
        const foreign = document.createElement("script");
        foreign.src = "data:text/javascript,window.hacked=1";
        holder.append(foreign);""",
        attack,
    )
    time.sleep(0.5)
    assert reader.run("return window.hacked === undefined && !document.baseURI.includes('evil')") is True
    reader.logged("browser")  # the refusals, which are no faults of the page
    reader.open(str(reader.run("return location.href")))


def test_not_in_these_documents_looks_like_no_answer(reader: Reader) -> None:
    answered, abstained = reader.ask(EXAMPLES[1]), reader.ask("Who won the chess game?")
    assert reader.text(f"{abstained} h3") == "Not in these documents"
    assert reader.count(f"{abstained} :is(.quote, mark, blockquote)") == 0
    assert reader.count(f"{abstained} .hits .where") > 0
    style = """const style = getComputedStyle(document.querySelector(arguments[0]));
        return style.backgroundColor + style.borderStyle"""
    assert reader.run(style, f"{abstained} .card") != reader.run(style, f"{answered} .card")


def test_other_passages_unfold_and_stay_unfolded(reader: Reader) -> None:
    turn = reader.ask(EXAMPLES[1])
    summary = reader.browser.find_element(By.CSS_SELECTOR, f"{turn} .others summary")
    summary.send_keys(Keys.ENTER)
    reader.wait_for(f"{turn} .others[open]")
    reader.ask("Who won?")
    assert reader.count(f"{turn} .others[open]") == 1


def test_a_verdict_given_by_keyboard_is_kept_and_may_be_changed(reader: Reader, library: Path) -> None:
    turn = reader.ask(EXAMPLES[0])
    answer = demo(library).ask(EXAMPLES[0])
    assert answer.quote is not None
    for word in ("right", "wrong"):
        button = reader.browser.find_element(By.CSS_SELECTOR, f"{turn} [data-verdict={word}]")
        button.send_keys(Keys.ENTER)
        reader.wait_for(f"{turn} [data-verdict={word}][aria-pressed=true]")
        assert reader.count(f"{turn} [aria-pressed=true]") == 1
        assert reader.text(f"{turn} .verdict [role=status]") == "Noted, thank you."
    kept = FeedbackStore(library).read()[-2:]
    assert [feedback.verdict for feedback in kept] == ["right", "wrong"]
    assert kept[0].question == EXAMPLES[0]
    assert (kept[0].document_id, kept[0].span) == (answer.quote.document_id, answer.quote.span)
    assert kept[0].highlights == answer.quote.highlights
    field = reader.browser.find_element(By.CSS_SELECTOR, f"{turn} label.expected input")
    field.send_keys("<b>涨了 8%</b>", Keys.TAB, "ملاحظة", Keys.ENTER)
    reader.wait_for(f"{turn} .words[hidden]")
    last = FeedbackStore(library).read()[-1]
    assert (last.verdict, last.expected, last.note) == ("wrong", "<b>涨了 8%</b>", "ملاحظة")
    assert reader.count(f"{turn} [aria-pressed=true]") == 1
    assert [feedback.replaces for feedback in (kept[1], last)] == [kept[0].id, kept[1].id]
    silent = reader.ask("Who won the chess game?")
    reader.browser.find_element(By.CSS_SELECTOR, f"{silent} [data-verdict=right]").send_keys(Keys.ENTER)
    reader.wait_for(f"{silent} [aria-pressed=true]")
    assert not FeedbackStore(library).read()[-1].answered


def test_a_note_is_added_to_a_yes_by_keyboard(fresh: Reader, library: Path) -> None:
    turn = fresh.ask(EXAMPLES[1])
    assert fresh.count(f"{turn} .words[hidden]") == 1
    button = fresh.browser.find_element(By.CSS_SELECTOR, f"{turn} [data-verdict=right]")
    button.send_keys(Keys.ENTER)
    fresh.wait_for(f"{turn} .words:not([hidden])")
    assert fresh.count(f"{turn} label.expected[hidden]") == 1
    field = fresh.browser.find_element(By.CSS_SELECTOR, f"{turn} label.note input")
    field.send_keys("The minutes say <i>more</i>.", Keys.ENTER)
    fresh.wait_for(f"{turn} .words[hidden]")
    first, last = FeedbackStore(library).read()[-2:]
    assert (last.verdict, last.expected, last.note) == ("right", "", "The minutes say <i>more</i>.")
    assert last.replaces == first.id
    count = len(FeedbackStore(library).read())
    fresh.browser.switch_to.active_element.send_keys(Keys.ENTER)  # the pressed button: it says nothing new
    fresh.wait_for(f"{turn} .words:not([hidden])")
    assert len(FeedbackStore(library).read()) == count


def test_metrics_count_what_is_asked_on_the_page(reader: Reader, address: str) -> None:
    before = _answers_counted(address)
    reader.ask(EXAMPLES[1])
    assert _answers_counted(address) == before + 1


def _answers_counted(address: str) -> int:
    with urlopen(f"{address}/metrics") as response:
        lines = response.read().decode().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("qa_answers_total")))


def test_follow_up_shows_how_it_was_read(reader: Reader) -> None:
    turn = reader.ask("How did the council vote there?")
    assert reader.text(f"{turn} .read-as") == "Read as: How did the council vote in Anji?"


def test_reading_is_mended_by_keyboard_and_asked_as_it_is_written(fresh: Reader) -> None:
    turn = fresh.ask("How did the council vote there?")
    fresh.browser.find_element(By.CSS_SELECTOR, f"{turn} .reading summary").send_keys(Keys.ENTER)
    box = fresh.browser.find_element(By.CSS_SELECTOR, f"{turn} .mending input")
    assert box.get_attribute("value") == "How did the council vote in Anji?"
    box.clear()
    box.send_keys("How did the council over there vote?", Keys.ENTER)
    fresh.wait_for("#turn-2 .answered")
    assert fresh.text("#turn-2 .question") == "How did the council over there vote?"
    assert fresh.count("#turn-2 .reading") == 0


def test_bug_on_the_server_becomes_a_sentence_and_the_page_goes_on(reader: Reader) -> None:
    failed = reader.ask("please explode")
    assert "Something went wrong" in reader.text(f"{failed} .failed")
    assert reader.count(f"{reader.ask(EXAMPLES[1])} .quote") == 1


def test_question_is_typed_without_a_click(fresh: Reader) -> None:
    assert fresh.run("return document.activeElement === document.querySelector('#question textarea')") is True


def test_blank_question_asks_nothing(fresh: Reader) -> None:
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#question textarea")
    box.send_keys("   ", Keys.ENTER)
    time.sleep(0.5)
    assert fresh.count(".turn") == 0


# --- the source beside the answer ---


def test_answer_opens_its_document_at_the_quote_and_leaves_the_focus(fresh: Reader, library: Path) -> None:
    turn = fresh.ask(EXAMPLES[1])
    fresh.wait_for(".pane[open] .quote")
    quote = demo(library).ask(EXAMPLES[1]).quote
    assert quote is not None
    assert fresh.text(".pane .quote") == fresh.text(f"{turn} .quote") == quote.text
    assert fresh.text(".pane mark") == "voted 17 to 5"
    assert fresh.text(".pane .part") == demo(library).texts[quote.source]
    assert fresh.run("return document.activeElement.tagName") == "TEXTAREA"


def test_source_of_a_hostile_document_stays_text(fresh: Reader) -> None:
    fresh.ask("What is the secret number?")
    fresh.wait_for(".pane .quote")
    time.sleep(0.3)
    assert fresh.text(".pane .quote").replace("\r\n", "\n") == HOSTILE.replace("\r\n", "\n")
    assert fresh.run("return window.hacked === undefined") is True
    assert fresh.count(".pane :is(script, img, style, a, textarea)") == 0


def test_source_is_opened_and_closed_by_keyboard_and_is_a_sheet_on_a_phone(
    reader: Reader, address: str
) -> None:
    reader.open(address, width=390, height=800)
    turn = reader.ask(EXAMPLES[1])
    time.sleep(0.3)
    assert reader.count(".pane[open]") == 0, "a sheet came over the answer unasked"
    reader.browser.find_element(By.CSS_SELECTOR, f"{turn} .actions .open").send_keys(Keys.ENTER)
    reader.wait_for(".pane:modal .quote")
    inside = """const quote = document.querySelector('.pane .quote').getBoundingClientRect();
        return quote.top >= 0 && quote.top < innerHeight"""
    assert reader.run(inside) is True
    assert reader.run("return document.activeElement.className") == "close"
    reader.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    WebDriverWait(reader.browser, SECONDS).until(lambda _: reader.count(".pane[open]") == 0)
    assert reader.run("return document.activeElement.className") == "open"


def test_no_document_stays_beside_a_question_that_none_answers(fresh: Reader) -> None:
    fresh.ask(EXAMPLES[1])
    fresh.wait_for(".pane[open] .quote")
    assert fresh.text(".pane h2") == fresh.run("return document.querySelector('.pane').ariaLabel")
    fresh.ask("Who won the chess game?")
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: fresh.count(".pane[open]") == 0)
    assert fresh.run("return document.activeElement.tagName") == "TEXTAREA"


def test_other_passage_is_shown_in_its_document(fresh: Reader, library: Path) -> None:
    turn = fresh.ask("Who won the chess game?")
    button = fresh.browser.find_element(By.CSS_SELECTOR, f"{turn} .hits .open")
    button.send_keys(Keys.ENTER)
    fresh.wait_for(".pane .quote")
    assert fresh.text(".pane .quote") == fresh.text(f"{turn} .hits .passage")


def test_link_opens_the_same_quote_again_and_says_if_the_document_changed(
    fresh: Reader, address: str, library: Path
) -> None:
    turn = fresh.ask(EXAMPLES[3])
    words = fresh.text(f"{turn} .quote")
    query = str(fresh.run(f"return document.querySelector('{turn} .actions').dataset.query"))
    fresh.browser.get("about:blank")
    fresh.open(f"{address}/#{query}")
    fresh.wait_for(".pane .quote")
    assert fresh.text(".pane .quote") == words
    assert fresh.text(".pane mark") == "120席"
    fresh.browser.get("about:blank")
    fresh.open(f"{address}/#{query.replace('document=', 'document=0')}")
    fresh.wait_for(".pane .alert")
    assert "The document has changed since this link was made" in fresh.text(".pane .alert")
    assert fresh.count(".pane .quote") == 0
    fresh.browser.find_element(By.CSS_SELECTOR, ".pane .open").send_keys(Keys.ENTER)
    fresh.wait_for(".pane .part")
    assert fresh.text(".pane .part") == demo(library).texts["図書館.txt"]


def test_quote_is_copied_with_its_citation(fresh: Reader) -> None:
    fresh.browser.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    turn = fresh.ask(EXAMPLES[0])
    fresh.browser.find_element(By.CSS_SELECTOR, f"{turn} .cite summary").send_keys(Keys.ENTER)
    fresh.wait_for(f"{turn} .citation pre")
    forms = fresh.browser.find_elements(By.CSS_SELECTOR, f"{turn} .citation pre")
    quote = fresh.text(f"{turn} .quote")
    assert [quote in str(form.get_attribute("textContent")) for form in forms] == [True, False, True]
    fresh.browser.find_elements(By.CSS_SELECTOR, f"{turn} .copy-citation")[2].send_keys(Keys.ENTER)
    read = "const done = arguments[0]; navigator.clipboard.readText().then(done)"
    fresh.wait_for(f"{turn} .copy-citation[data-label]")
    copied = str(fresh.browser.execute_async_script(read))
    assert copied.replace("\r\n", "\n").endswith("[1] “三新汇聚”塑造发展新动能新优势[N]. 人民日报(6).")


# --- how it is used ---


def test_question_asked_while_another_is_searched_is_answered_after_it(fresh: Reader) -> None:
    # The page also swallowed what was asked before it had heard the end of an event whose answer was seen already.
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#question textarea")
    for number, question in enumerate(("Who won, slowly?", EXAMPLES[1]), 1):
        box.send_keys(question, Keys.ENTER)
        fresh.wait_for(f"#turn-{number}")
        WebDriverWait(fresh.browser, SECONDS, 0.01).until(lambda _: box.get_attribute("value") == "")
    assert fresh.count("#turn-1 .pending") == fresh.count("#turn-2 .pending") == 1
    fresh.wait_for("#turn-2 .answered")
    assert fresh.text("#turn-1 .question") == "Who won, slowly?"
    assert fresh.text("#turn-1 h3") == "Not in these documents"


def test_what_is_typed_right_after_enter_stays_in_the_box(fresh: Reader) -> None:
    # The empty box came from the server, and took along what was typed meanwhile.
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#question textarea")
    box.send_keys("Who won, slowly?", Keys.ENTER, "and the next")
    fresh.wait_for("#turn-1 .abstained")
    assert fresh.text("#turn-1 .question") == "Who won, slowly?"
    assert box.get_attribute("value") == "and the next"


def test_question_that_the_server_refuses_comes_back_into_the_box(fresh: Reader) -> None:
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#question textarea")
    fresh.run(
        """const fetched = window.fetch, full = { status: 503, headers: { "Content-Type": "application/json" } };
        window.fetch = (address, ...more) => String(address).includes("queue/join")
          ? Promise.resolve(new Response('{"detail": "Queue is full."}', full)) : fetched(address, ...more);
        window.hear = () => { window.fetch = fetched; };"""
    )
    box.send_keys("Who won?", Keys.ENTER)
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: box.get_attribute("value") == "Who won?")
    fresh.run("window.hear()")
    box.send_keys(Keys.ENTER)
    fresh.wait_for("#turn-1 .abstained")


@contextmanager
def _server_that_may_fall(folder: Path) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """Yield the address of a server, what kills it, and what starts it there again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running: list[Server] = []

    def start() -> None:
        running.append(Server("-m", "tests.web_fakes", str(folder), f"port={port}"))
        assert running[-1].address

    start()
    try:
        yield running[0].address, lambda: running[-1].kill(), start
    finally:
        running[-1].kill()


@pytest.mark.parametrize("strings", [LANGUAGES["en"], LANGUAGES["ar"]], ids=["en", "ar"])
def test_question_whose_answer_was_lost_is_offered_again_with_its_conversation(
    browser: webdriver.Chrome, tmp_path: Path, strings: Strings
) -> None:
    with _server_that_may_fall(tmp_path) as (address, kill, start):
        reader = Reader(browser)
        with reader.speaking(strings.lang):
            reader.open(address)
            reader.ask(EXAMPLES[1])
            WebDriverWait(browser, SECONDS).until(lambda _: History(tmp_path).conversations(""))
            box = browser.find_element(By.CSS_SELECTOR, "#question textarea")
            box.send_keys("Who won, slowly?", Keys.ENTER)
            reader.wait_for("#turn-2 .pending")
            kill()
            box.send_keys("typed meanwhile")
            reader.wait_for("#turn-2 .lost")
            assert reader.text(".lost h3") == strings.connection_lost
            assert reader.text(".lost .again") == strings.ask_again
            assert reader.count(".pending") == 0
            toast = "const toast = document.querySelector('.toast-wrap'); return toast?.checkVisibility() ?? false"
            assert reader.run(toast) is False  # Gradio's own words, in English
            start()
            # Gradio loads the page anew: the conversation and the question are there again.
            WebDriverWait(browser, SECONDS).until(lambda _: reader.count(".turn:not([id]) .lost") == 1)
            assert reader.text("#turn-1 .question") == EXAMPLES[1]
            assert reader.text(".turn:not([id]) .question") == "Who won, slowly?"
            assert reader.text(".lost h3") == strings.connection_lost
            box = browser.find_element(By.CSS_SELECTOR, "#question textarea")
            assert box.get_attribute("value") == "typed meanwhile"
            browser.find_element(By.CSS_SELECTOR, ".again").send_keys(Keys.ENTER)
            reader.wait_for("#turn-2 .abstained:not(.lost)")
            assert reader.text("#turn-2 .question") == "Who won, slowly?"
            assert reader.count(".turn") == 2
        reader.logged("browser")  # what was refused meanwhile is no fault of the page


def test_question_sent_to_a_server_that_is_gone_is_offered_again(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    with _server_that_may_fall(tmp_path) as (address, kill, start):
        reader = Reader(browser)
        reader.open(address)
        kill()
        box = browser.find_element(By.CSS_SELECTOR, "#question textarea")
        box.send_keys("Who won?", Keys.ENTER)
        reader.wait_for(".lost")
        assert reader.text(".turn .question") == "Who won?"
        reader.run("window.before = true")
        start()
        WebDriverWait(browser, SECONDS).until(lambda _: reader.run("return window.before === undefined"))
        reader.wait_for(".lost .again")
        browser.find_element(By.CSS_SELECTOR, ".again").send_keys(Keys.ENTER)
        reader.wait_for("#turn-1 .abstained:not(.lost)")
        assert reader.count(".turn") == 1
        reader.logged("browser")


def test_connection_that_dies_in_silence_is_noticed(fresh: Reader) -> None:
    # Nothing ends the stream of answers when a phone loses its network; the page asks whether the server is there.
    fresh.run(
        """const fetched = window.fetch;
        window.fetch = (address, ...more) => String(address).includes("healthz")
          ? Promise.reject(new TypeError("no network")) : fetched(address, ...more);"""
    )
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#question textarea")
    for _ in range(5):
        box.send_keys("How did the council vote, slowly?", Keys.ENTER)
    fresh.wait_for(".lost")
    # The network is back before the stream was given up: the answers take their places.
    fresh.wait_for("#turn-5 .answered")
    assert fresh.count(".turn") == 5
    assert fresh.count(".lost") == 0


def test_shift_and_enter_begin_a_line_and_the_button_asks(fresh: Reader) -> None:
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#question textarea")
    box.send_keys("How did", Keys.SHIFT, Keys.ENTER, Keys.NULL, "the council vote?")
    assert box.get_attribute("value") == "How did\nthe council vote?"
    fresh.browser.find_element(By.CSS_SELECTOR, "#question .submit-button").click()
    fresh.wait_for("#turn-1 .answered")
    assert fresh.count(".turn") == 1
    assert box.get_attribute("value") == ""


def test_answer_that_comes_late_stays_in_the_conversation_that_was_left(fresh: Reader) -> None:
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#question textarea")
    for _ in range(2):
        box.send_keys("How did the council vote, slowly?", Keys.ENTER)
    fresh.wait_for("#turn-2 .pending")
    fresh.run("document.querySelector('.anew').click()")
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: fresh.count(".turn") == 0)
    assert fresh.ask("Who won?") == "#turn-1"
    time.sleep(2.5)  # both answers are there by now
    assert fresh.count(".turn") == 1
    assert fresh.count(".pane[open]") == 0
    assert fresh.text("#turn-1 .question") == "Who won?"
    assert fresh.ask(EXAMPLES[3]) == "#turn-2"
    time.sleep(0.5)
    fresh.go("history")
    fresh.wait_for("#history .reopen")
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: fresh.text("#history .reopen") == "Who won?")
    assert "questions: 2" in fresh.text("#history .list li:nth-child(1) .facts")
    left = "#history .list li:nth-child(2)"
    assert fresh.text(f"{left} .reopen") == "How did the council vote, slowly?"
    assert "questions: 2" in fresh.text(f"{left} .facts")
    fresh.browser.find_element(By.CSS_SELECTOR, f"{left} .reopen").send_keys(Keys.ENTER)
    fresh.wait_for("#turn-2 .answered")
    assert fresh.ask("Who won?") == "#turn-3"


def test_example_is_asked_by_click_and_by_keyboard(fresh: Reader, address: str) -> None:
    examples = fresh.browser.find_elements(By.CSS_SELECTOR, ".example")
    assert [example.text for example in examples] == list(EXAMPLES)
    examples[1].click()
    fresh.wait_for("#turn-1 .answered")
    assert fresh.text("#turn-1 .question") == EXAMPLES[1]
    fresh.open(address)
    fresh.browser.find_elements(By.CSS_SELECTOR, ".example")[3].send_keys(Keys.ENTER)
    fresh.wait_for("#turn-1 .answered")
    assert fresh.text("#turn-1 .question") == EXAMPLES[3]


def test_everything_is_reached_by_tab_with_the_focus_in_sight(fresh: Reader) -> None:
    fresh.ask(EXAMPLES[1])
    fresh.wait_for(".pane .quote")
    seen = set()
    for _ in range(24):
        fresh.browser.switch_to.active_element.send_keys(Keys.TAB)
        seen.add(
            fresh.run(
                """const e = document.activeElement, s = getComputedStyle(e);
                const name = e.getAttribute("aria-label") || e.textContent.trim() || e.placeholder;
                const ring = s.outlineStyle !== "none" || e.matches("#question textarea");
                return [e.tagName, e.className.split(" ")[0], Boolean(name), ring].join(":")"""
            )
        )
    named = {str(item).split(":", 1)[0] for item in seen if str(item).endswith(":true:true")}
    assert {"BUTTON", "SUMMARY", "TEXTAREA"} <= named
    assert any("submit-button" in str(item) and str(item).endswith("true:true") for item in seen)


def test_screen_readers_get_roles_and_names(fresh: Reader) -> None:
    fresh.ask(EXAMPLES[1])
    assert fresh.count("[role=log][aria-live=polite] .turn") == 1
    assert fresh.run("return document.documentElement.lang") == "en"
    label = "return document.querySelector('#question textarea').labels[0].textContent.trim()"
    assert fresh.run(label) == "Your question"
    assert fresh.count("h1") == 1


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 1400, False), ("ar", 390, True)])
def test_axe_finds_nothing_against_accessibility(
    reader: Reader, address: str, language: str, width: int, dark: bool
) -> None:
    axe = pytest.importorskip("axe_core_python.selenium").Axe()

    def violations() -> list[str]:
        found = axe.run(reader.browser)["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]

    with reader.speaking(language):
        reader.open(address, width=width, dark=dark)
        assert violations() == []
        reader.ask(EXAMPLES[1])
        reader.ask("Who won?")
        reader.ask("please explode")
        reader.run("for (const each of document.querySelectorAll('details')) each.open = true")
        reader.wait_for(".citation")
        assert violations() == []
        reader.browser.find_element(By.CSS_SELECTOR, "#turn-1 .actions .open").send_keys(Keys.ENTER)
        reader.wait_for(".pane .quote")
        assert violations() == []
        reader.browser.find_element(By.CSS_SELECTOR, ".pane .close").send_keys(Keys.ENTER)
        reader.go("documents")
        reader.browser.find_element(By.CSS_SELECTOR, ".remove").send_keys(Keys.ENTER)
        assert violations() == []
        reader.go("evaluation")
        assert violations() == []
        reader.go("history")
        reader.wait_for("#history .reopen")
        reader.browser.find_element(By.CSS_SELECTOR, "#history .remove").send_keys(Keys.ENTER)
        assert violations() == []


def test_right_to_left_text_runs_right_to_left(reader: Reader) -> None:
    turn = reader.ask(EXAMPLES[2])
    direction = "return getComputedStyle(document.querySelector(arguments[0])).direction"
    assert reader.run(direction, f"{turn} blockquote") == "rtl"
    assert reader.run(direction, f"{turn} .question") == "rtl"
    assert reader.run(direction, turn) == "ltr"
    assert reader.run("return document.querySelector('#question textarea').dir") == "auto"


@pytest.mark.parametrize(("width", "dark"), [(390, False), (768, True), (1600, False)])
def test_page_fits_its_window_in_light_and_dark(reader: Reader, address: str, width: int, dark: bool) -> None:
    reader.open(address, width=width, dark=dark)
    reader.ask(EXAMPLES[0])
    assert reader.run("return document.documentElement.scrollWidth <= innerWidth") is True
    bright = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0] > 128"
    assert reader.run(bright) is not dark
    box = "return document.querySelector('#question').getBoundingClientRect().bottom <= innerHeight + 1"
    assert reader.run(box) is True


def test_views_are_changed_by_keyboard_and_one_is_seen_at_a_time(fresh: Reader) -> None:
    seen = "return document.querySelector(arguments[0]).checkVisibility()"
    assert [fresh.run(seen, each) for each in ("#question", ".documents")] == [True, False]
    fresh.browser.find_element(By.CSS_SELECTOR, "[data-go=documents]").send_keys(Keys.ENTER)
    assert [fresh.run(seen, each) for each in ("#question", ".documents")] == [False, True]
    assert fresh.count("[data-go=documents][aria-current=page]") == fresh.count("[aria-current]") == 1


def test_contrast_of_every_text_is_at_least_that_of_wcag(reader: Reader, address: str) -> None:
    contrast = """
      const channel = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
      const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
      const colour = t => t.match(/[\\d.]+/g).map(Number);
      const ground = e => { for (; e; e = e.parentElement) {
        const c = colour(getComputedStyle(e).backgroundColor);
        if (c[3] !== 0) return c; } return [255, 255, 255]; };
      const poor = [];
      for (const e of document.querySelectorAll(".masthead *, .turn *, .pane *, .scope *, .documents *, .limits *")) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || !e.offsetParent) continue;
        const a = light(colour(getComputedStyle(e).color)), b = light(ground(e));
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) poor.push(e.className + " " + ratio.toFixed(2));
      } return poor;"""
    for dark in (False, True):
        reader.open(address, dark=dark)
        reader.ask(EXAMPLES[1])
        reader.ask("Who won?")
        reader.ask("please explode")
        assert reader.run(contrast) == []


def test_nothing_is_fetched_from_elsewhere_and_no_policy_is_broken(reader: Reader, address: str) -> None:
    reader.logged("performance")
    reader.logged("browser")
    reader.open(address)
    reader.ask(EXAMPLES[0])
    asked = set()
    for entry in reader.logged("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.add(message["params"]["request"]["url"])
    assert len(asked) > 10
    own = (address, "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert [entry for entry in reader.logged("browser") if entry["level"] == "SEVERE"] == []


# --- files ---


def test_upload_reports_every_file_and_lists_what_was_added(
    reader: Reader, library: Path, tmp_path: Path
) -> None:
    contents = {
        "报告（终稿） 😀.txt": "海港图书馆馆藏42000册。".encode(),
        "broken.txt": b"\xff\xfe\x00\xd8",
        "big.txt": b"x" * 1_500_000,
        "fourth.txt": b"one too many",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    reader.upload(*(tmp_path / name for name in contents))
    reader.wait_for(".report progress[value='3']")
    lines = [line.text for line in reader.browser.find_elements(By.CSS_SELECTOR, ".report li")]
    assert lines[0] == "报告（终稿） 😀.txt added"
    assert lines[1].startswith("broken.txt not added")
    assert "broken.txt: this is no text." in lines[1]
    assert lines[2].startswith("big.txt not added")
    assert "larger than 1 MB" in lines[2]
    assert len(lines) == 3
    assert "4 files are too many" in reader.text(".report .note")
    assert [file.name for file in (library / "uploads").iterdir()] == ["报告（终稿） 😀.txt"]
    assert "报告（终稿） 😀.txt" in reader.text(".documents .list")
    (tmp_path / "报告（终稿） 😀.txt").write_bytes("海港图书馆馆藏43000册。".encode())
    reader.upload(tmp_path / "报告（终稿） 😀.txt")
    reader.wait_for(".report li.updated")


def test_files_dragged_from_the_desktop_are_added(fresh: Reader, library: Path, tmp_path: Path) -> None:
    names = ("港口.txt", "ميناء.txt")
    for name in names:
        (tmp_path / name).write_text("The harbour was dredged in 1931.", encoding="utf-8")
    fresh.go("documents")
    fresh.wait_for("#upload input[type=file]")
    fresh.drag([tmp_path / name for name in names], "#upload button")
    fresh.wait_for(".report progress[value='2']")
    assert fresh.text(".report li:nth-child(1)").startswith(names[0])
    for name in names:
        assert (library / "uploads" / name).read_bytes() == (tmp_path / name).read_bytes()
        assert name in fresh.text(".documents .list")


def test_file_dropped_beside_the_box_does_not_take_the_place_of_the_page(
    fresh: Reader, tmp_path: Path
) -> None:
    # What a page leaves to the browser, the browser opens.
    (tmp_path / "beside.txt").write_text("x", encoding="utf-8")
    fresh.ask("Who won?")
    fresh.run("window.addEventListener('dragover', (event) => { window.held = event.defaultPrevented; })")
    fresh.drag([tmp_path / "beside.txt"], "#turn-1 .question")
    assert fresh.run("return window.held") is True
    assert fresh.count("#turn-1") == 1


# --- documents and what is asked of them ---


def test_documents_are_filtered_and_removed_with_a_receipt(
    reader: Reader, address: str, library: Path, tmp_path: Path
) -> None:
    reader.open(address)
    extra = tmp_path / "<b>extra {passages}.txt"
    extra.write_text("One paragraph.\n\n\nAnother one.", encoding="utf-8")
    reader.upload(extra)
    reader.wait_for(".report li.added, .report li.unchanged")
    before = reader.text(".chosen .note")
    box = reader.browser.find_element(By.CSS_SELECTOR, ".choice input")
    box.send_keys("EXTRA")
    WebDriverWait(reader.browser, SECONDS).until(lambda _: reader.count(".documents .list li") == 1)
    name = reader.text(".documents .list .source")
    assert name.startswith("_b_extra {passages}")
    assert reader.text(".chosen .note") == "Found: 1"
    reader.browser.find_element(By.CSS_SELECTOR, ".remove").send_keys(Keys.ENTER)
    assert "Remove this document" in reader.text(".doubt")
    reader.browser.find_element(By.CSS_SELECTOR, ".doubt button:not(.sure)").send_keys(Keys.ENTER)
    assert reader.count(".doubt") == 0
    assert reader.count(".documents .list li") == 1
    reader.browser.find_element(By.CSS_SELECTOR, ".remove").send_keys(Keys.ENTER)
    reader.browser.find_element(By.CSS_SELECTOR, ".remove.sure").send_keys(Keys.ENTER)
    reader.wait_for(".receipt:not(:empty)")
    assert reader.text(".receipt") == (
        f"Removed {name}. Gone with it – passages: 2, vectors: 2, entries of the word index: 2."
    )
    WebDriverWait(reader.browser, SECONDS).until(lambda _: reader.count(".documents .list li") == 0)
    box.send_keys(Keys.BACKSPACE * len("EXTRA"))
    reader.wait_for(".documents .list li")
    count, left = (int(note.split()[1]) for note in (before, reader.text(".chosen .note")))
    assert left == count - 1


def test_only_the_documents_that_were_chosen_are_asked(fresh: Reader) -> None:
    fresh.wait_for(".scope")
    fresh.browser.find_element(By.CSS_SELECTOR, ".scope summary").send_keys(Keys.ENTER)
    box = fresh.browser.find_element(By.CSS_SELECTOR, ".scope [name=within]")
    box.send_keys("図書館.txt")
    assert fresh.text(".scope-told") == "図書館.txt"
    turn = fresh.ask(EXAMPLES[1])
    assert fresh.count(f"{turn} .abstained") == 1
    assert fresh.count(f"{turn} .hits .where") == 1
    assert fresh.text(f"{turn} .hits .source") == "図書館.txt"
    box.clear()
    box.send_keys("nowhere")
    assert "No document is there." in fresh.text(f"{fresh.ask(EXAMPLES[1])} .failed")
    fresh.browser.find_element(By.CSS_SELECTOR, ".scope [type=reset]").send_keys(Keys.ENTER)
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: fresh.text(".scope-told") == "all documents")
    assert fresh.count(f"{fresh.ask(EXAMPLES[1])} .answered") == 1


def test_one_document_is_asked_from_where_it_is_seen(fresh: Reader) -> None:
    fresh.ask(EXAMPLES[3])
    fresh.wait_for(".pane .ask-this")
    fresh.browser.find_element(By.CSS_SELECTOR, ".pane .ask-this").send_keys(Keys.ENTER)
    assert fresh.text(".scope-told") == "図書館.txt"
    assert fresh.run("return document.activeElement.tagName") == "TEXTAREA"
    assert fresh.count(f"{fresh.ask(EXAMPLES[1])} .abstained") == 1


def test_document_is_shown_from_the_list(fresh: Reader) -> None:
    fresh.go("documents")
    fresh.browser.find_element(By.CSS_SELECTOR, ".documents .list .open").send_keys(Keys.ENTER)
    fresh.wait_for(".pane .part")
    assert fresh.run("return document.querySelector('.pane').checkVisibility()") is True


def test_conversation_is_saved_as_text(fresh: Reader, library: Path) -> None:
    fresh.run(
        """window.saved = null; const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blob.text().then((text) => (window.saved = text)); return make(blob); }"""
    )
    fresh.ask(EXAMPLES[1])
    fresh.ask("Who won?")
    fresh.browser.find_element(By.CSS_SELECTOR, ".save").send_keys(Keys.ENTER)
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: fresh.run("return window.saved") is not None)
    saved, quote = str(fresh.run("return window.saved")), demo(library).ask(EXAMPLES[1]).quote
    assert quote is not None
    first, second = saved.split("\n\n")
    assert first.startswith(f"{EXAMPLES[1]}\n“{quote.text}”\n— reading-room.txt")
    assert f"#document={quote.document_id}&start={quote.span.start}" in first
    assert second.startswith("Who won?\nNot in these documents")


def test_conversation_is_opened_again_goes_on_and_is_removed_by_keyboard(fresh: Reader, address: str) -> None:
    fresh.ask(EXAMPLES[1])
    fresh.ask("Who won?")
    quoted = fresh.text("#turn-1 .quote")
    time.sleep(0.5)
    fresh.open(address)
    assert fresh.count(".turn") == 0
    fresh.go("history")
    fresh.wait_for("#history .reopen")
    assert fresh.text("#history .reopen") == EXAMPLES[1]
    assert "questions: 2" in fresh.text("#history .facts")
    local = (
        "const time = document.querySelector('#history time'); return new Date(time.dateTime).toLocaleString"
    )
    style = "('en', { dateStyle: 'medium', timeStyle: 'short' })"
    assert fresh.text("#history time") == fresh.run(local + style)
    fresh.browser.find_element(By.CSS_SELECTOR, "#history .reopen").send_keys(Keys.ENTER)
    fresh.wait_for("#turn-2 .abstained")
    assert fresh.text("#turn-1 .quote") == quoted
    assert fresh.text("#turn-1 mark") == "voted 17 to 5"
    assert fresh.run("return document.activeElement.tagName") == "TEXTAREA"
    assert fresh.ask(EXAMPLES[3]) == "#turn-3"
    fresh.wait_for(".pane[open] .quote")
    time.sleep(0.5)
    fresh.go("history")
    fresh.run("document.querySelector('#turn-3').dataset.before = ''")
    fresh.run("document.querySelector('#history .reopen').click()")  # the list is being fetched anew
    fresh.wait_for("#turn-3:not([data-before]) .answered")
    fresh.wait_for(".pane[open] .quote")
    assert fresh.text(".pane .quote") == fresh.text("#turn-3 .quote")
    fresh.browser.find_element(By.CSS_SELECTOR, ".of-conversation .anew").send_keys(Keys.ENTER)
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: fresh.count(".turn") == 0)
    assert fresh.ask("Who won?") == "#turn-1"
    time.sleep(0.5)  # a turn is kept once it is on the screen
    fresh.go("history")
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: fresh.text("#history .reopen") == "Who won?")
    second = "#history .list li:nth-child(2)"
    assert "questions: 3" in fresh.text(f"{second} .facts")
    count = fresh.count("#history .list li")
    fresh.browser.find_element(By.CSS_SELECTOR, f"{second} .remove").send_keys(Keys.ENTER)
    assert "for good" in fresh.text("#history .doubt")
    fresh.browser.find_element(By.CSS_SELECTOR, "#history .remove.sure").send_keys(Keys.ENTER)
    fresh.wait_for("#history .receipt:not(:empty)")
    assert fresh.text("#history .receipt") == "The conversation is gone."
    assert fresh.count("#history .list li") == count - 1


def test_conversation_is_saved_for_a_spreadsheet(fresh: Reader, tmp_path: Path) -> None:
    fresh.ask(EXAMPLES[0])
    time.sleep(0.5)
    fresh.go("history")
    fresh.wait_for("#history .list .export")
    place = {"behavior": "allow", "downloadPath": str(tmp_path)}
    fresh.browser.execute_cdp_cmd("Browser.setDownloadBehavior", place)
    fresh.browser.find_element(By.CSS_SELECTOR, "#history .list .export[href$=csv]").send_keys(Keys.ENTER)
    WebDriverWait(fresh.browser, SECONDS).until(lambda _: list(tmp_path.glob("*.csv")))
    [file] = tmp_path.glob("*.csv")
    rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
    assert [row["question"] for row in rows] == [EXAMPLES[0]]
    assert rows[0]["source"] == "人民日报 第6版.txt"


# --- evaluation ---


def test_question_set_is_run_and_its_report_shown(fresh: Reader, tmp_path: Path) -> None:
    lines = [
        {"id": "1", "question": EXAMPLES[1], "answers": ["voted 17 to 5"], "source": "reading-room.txt"},
        {"id": "2", "question": "<img src=x onerror=parent.hacked=1>", "answers": []},
    ]
    path = tmp_path / "<b>set.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    fresh.go("evaluation")
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#questions input[type=file]")
    box.send_keys(str(path))
    fresh.wait_for(".evaluated iframe")
    assert fresh.text(".evaluated h2") == "Report <b>set.jsonl"
    fresh.browser.switch_to.frame(fresh.browser.find_element(By.CSS_SELECTOR, ".evaluated iframe"))
    assert "2 questions" in fresh.browser.find_element(By.CSS_SELECTOR, "main").text
    assert fresh.count("img, script") == 0
    fresh.browser.switch_to.default_content()
    assert fresh.run("return window.hacked === undefined") is True
    path.write_text("no question", encoding="utf-8")
    box = fresh.browser.find_element(By.CSS_SELECTOR, "#questions input[type=file]")
    box.send_keys(str(path))
    fresh.wait_for("#evaluation .failed")
    assert "<b>set.jsonl" in fresh.text("#evaluation .failed")


# --- languages ---


@pytest.mark.parametrize("strings", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_interface_follows_the_browser_and_fits_a_phone(
    reader: Reader, address: str, strings: Strings
) -> None:
    with reader.speaking(strings.lang):
        reader.open(address, width=390)
        assert reader.text("h1") == strings.title
        assert reader.run("return [document.documentElement.lang, document.documentElement.dir]") == [
            strings.lang,
            strings.direction,
        ]
        assert reader.text(f"{reader.ask('Who won?')} h3") == strings.not_found
        assert reader.run("return document.documentElement.scrollWidth <= innerWidth") is True
        assert reader.run("return document.querySelector('.language').value") == strings.lang
        box = "return getComputedStyle(document.querySelector('#question .input-container')).direction"
        assert reader.run(box) == strings.direction


def test_language_is_switched_by_keyboard_the_conversation_stays_and_the_choice_lasts(
    reader: Reader, address: str
) -> None:
    reader.open(address)
    quoted, silent = reader.ask(EXAMPLES[1]), reader.ask("Who won?")
    words = reader.text(f"{quoted} .quote")
    try:
        reader.browser.find_element(By.CSS_SELECTOR, ".language").send_keys("العربية")
        reader.wait_for("html[dir=rtl]")
        reader.wait_for(f"{silent}[lang=ar]")
        assert reader.text(f"{silent} h3") == LANGUAGES["ar"].not_found
        assert reader.text(f"{quoted} .quote") == words
        assert reader.count(".turn") == 2
        reader.open(address)
        assert reader.text("h1") == LANGUAGES["ar"].title
        assert reader.text(f"{reader.ask('Who won?')} h3") == LANGUAGES["ar"].not_found
    finally:
        reader.browser.delete_all_cookies()


def test_verdict_and_what_is_unfolded_outlast_another_language(
    reader: Reader, address: str, library: Path
) -> None:
    reader.open(address)
    reader.ask("Who won?")
    turn = reader.ask(EXAMPLES[1])
    reader.wait_for(".pane [lang=en] .quote")
    try:
        reader.run(f"document.querySelector('{turn} .others').open = true")
        reader.browser.find_element(By.CSS_SELECTOR, f"{turn} [data-verdict=wrong]").send_keys(Keys.ENTER)
        reader.wait_for(f"{turn} [data-verdict=wrong][aria-pressed=true]")
        reader.browser.find_element(By.CSS_SELECTOR, f"{turn} label.note input").send_keys("half a no")
        reader.browser.find_element(By.CSS_SELECTOR, ".language").send_keys("Deutsch")
        reader.wait_for(f"{turn}[lang=de]")
        assert reader.count(f"{turn} [data-verdict=wrong][aria-pressed=true]") == 1
        assert reader.count(f"{turn} [aria-pressed=true]") == 1
        assert reader.text(f"{turn} .verdict [role=status]") == LANGUAGES["de"].verdict_kept
        note = reader.browser.find_element(By.CSS_SELECTOR, f"{turn} label.note input")
        assert note.get_attribute("value") == "half a no"
        assert reader.count(f"{turn} .others[open]") == 1
        reader.wait_for(".pane[open] [lang=de] .quote")
        reader.browser.find_element(By.CSS_SELECTOR, f"{turn} [data-verdict=right]").send_keys(Keys.ENTER)
        reader.wait_for(f"{turn} [data-verdict=right][aria-pressed=true]")
        first, second = FeedbackStore(library).read()[-2:]
        assert (first.verdict, second.verdict) == ("wrong", "right")
        assert second.replaces == first.id  # one verdict, not two
    finally:
        reader.browser.delete_all_cookies()


# --- the real thing ---


def test_app_starts_empty_takes_files_and_answers_from_them(
    servers: dict[str, Server], real_index: Path, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    reader = Reader(browser, servers["real"].address)
    assert reader.text(".empty h2") == "No documents yet"
    assert "No documents yet" in reader.text(f"{reader.ask('Anything?')} .failed")

    lighthouse, library, noise = (
        tmp_path / "lighthouse.txt",
        tmp_path / "图书馆 （一）.txt",
        tmp_path / "noise.pdf",
    )
    lighthouse.write_text(
        "The lighthouse of Port Ellen was built in 1832.\n\nIt is 18 metres tall and painted white.",
        encoding="utf-8",
    )
    library.write_text("海港图书馆于1911年开馆。馆藏图书42000册。", encoding="utf-8")
    noise.write_bytes(b"%PDF-1.7 this is none")
    reader.upload(lighthouse, library, noise)
    reader.wait_for(".report progress[value='3']")
    assert reader.count(".report li.added") == 2
    assert reader.text(".report li.failed .source") == "noise.pdf"
    assert "图书馆 （一）.txt" in reader.text(".documents .list")

    reader.go("ask")
    with QA.open(real_index) as qa:
        for question in ("When was the lighthouse of Port Ellen built?", "海港图书馆哪一年开馆？"):
            turn, answer = reader.ask(question), qa.ask(question)
            assert reader.count(f"{turn} .answered") == int(answer.answered)
            assert answer.why is not None
            assert reader.text(f"{turn} .reason") == say(answer.why, "en")
            if answer.quote:
                assert reader.text(f"{turn} .quote") == answer.quote.text
                assert answer.quote.span.of(qa.document(answer.quote.source).text) == answer.quote.text


def test_heading_of_the_document_is_asked_of_it_by_keyboard(
    servers: dict[str, Server], browser: webdriver.Chrome, tmp_path: Path
) -> None:
    reader = Reader(browser, servers["real"].address)
    mill = tmp_path / "mill.md"
    mill.write_text(
        "# The mill of Kern\n\nThe mill of Kern by the river was built in 1784.\n\n## Owners of the mill\n\n"
        "The owners of the mill were the Kern family until 1951.\n",
        encoding="utf-8",
    )
    reader.upload(mill)
    reader.wait_for(".report progress[value='1']")
    turn = reader.ask("When was the mill of Kern built?")
    assert reader.count(f"{turn} .answered") == 1
    assert reader.count(f"{turn} .met li") > 0
    reader.wait_for(".suggestion")
    assert reader.text(".suggestion") == "Owners of the mill"
    reader.browser.find_element(By.CSS_SELECTOR, ".suggestion").send_keys(Keys.ENTER)
    reader.wait_for("#turn-2 .card")
    assert reader.text("#turn-2 .quote") == "The owners of the mill were the Kern family until 1951."
    assert reader.text(".scope-told") == "all documents"


def test_server_that_is_ended_before_open_pages_says_nothing(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    with (tmp_path / "errors").open("w+") as errors:
        server = Server("-m", "tests.web_fakes", str(tmp_path), errors=errors)
        Reader(browser, server.address).ask("Who won?")
        assert server.end() == 0
        browser.get("about:blank")
        errors.seek(0)
        assert errors.read() == ""  # a page holds a stream open, which is let go


def test_app_says_which_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "app.py", "--index", str(tmp_path), "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in ended.stderr
    assert "Traceback" not in ended.stderr
