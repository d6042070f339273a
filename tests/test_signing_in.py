"""Signing in and out in headless Chromium, as a reader and as an editor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from qa.users import Users
from tests.served import Server
from tests.test_page import Reader, _browser
from tests.web_fakes import EXAMPLES

PASSWORD = "tall green reeds"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    library = tmp_path_factory.mktemp("index")
    Users(library).put("anna", "editor", PASSWORD)
    Users(library).put("<i>ben</i>", "reader", PASSWORD)
    server = Server("-m", "tests.web_fakes", str(library))
    yield server.address
    assert server.end() == 0


@pytest.fixture(scope="module")
def browser(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with _browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def sign_in(reader: Reader, address: str, name: str, password: str = PASSWORD) -> None:
    reader.browser.get(address)
    reader.wait_for("form input[name=name]")
    assert reader.run("return document.activeElement.name") == "name"
    reader.browser.switch_to.active_element.send_keys(name, Keys.TAB, password, Keys.ENTER)


def test_editor_signs_in_by_keyboard_asks_uploads_and_signs_out(
    browser: webdriver.Chrome, address: str, tmp_path: Path
) -> None:
    reader = Reader(browser)
    with reader.speaking("de"):
        sign_in(reader, address, "anna", "wrong")
        reader.wait_for("[role=alert]")
        assert reader.text("[role=alert]") == "Name oder Passwort ist falsch."
        assert reader.run("return document.documentElement.lang") == "de"
    sign_in(reader, address, "anna")
    reader.wait_for(".masthead .user")
    assert "anna" in reader.text(".masthead .user")
    assert reader.run("return document.cookie") == ""
    assert reader.count(f"{reader.ask(EXAMPLES[1])} .answered") == 1
    (tmp_path / "weir.txt").write_text("The weir was built in 1802.")
    reader.upload(tmp_path / "weir.txt")
    reader.wait_for(".report li.added")
    browser.find_element(By.CSS_SELECTOR, ".masthead .user button").click()
    reader.wait_for("form input[name=password]")
    browser.get(address)
    reader.wait_for("form input[name=password]")


def test_reader_finds_nothing_to_upload_with(browser: webdriver.Chrome, address: str) -> None:
    reader = Reader(browser)
    sign_in(reader, address, "<i>ben</i>")
    reader.wait_for(".masthead .user")
    assert reader.count(".masthead i") == 0
    assert reader.count(f"{reader.ask(EXAMPLES[1])} .answered") == 1
    assert reader.count("#upload input") == 0
    assert reader.count("div.limits") == 0
