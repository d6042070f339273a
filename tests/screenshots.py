"""The screenshots of the README: the real page over the sample corpus, in a real browser (``make screenshots``)."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from qa import QA
from tests.test_page import ROOT, Reader, Server, _browser

ASKED = "苏伊士运河全长多少公里？"
FOLDER = ROOT / "docs" / "images"


def main() -> None:
    """Write every screenshot anew."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as work:
        index = Path(work) / "index"
        with QA.open(index) as qa:
            qa.sync(ROOT / "corpus")
        server = Server(
            "app.py", "--index", str(index), "--port", "0", "--examples", "corpus/questions.jsonl"
        )
        try:
            with _browser(Path(work) / "profile") as browser:
                take(Reader(browser), server.address)
        finally:
            server.end()


def take(reader: Reader, address: str) -> None:
    reader.open(address, width=1400, height=900)
    reader.ask("How long is the Suez Canal?")
    reader.wait_for(".pane .page img")
    reader.run("document.querySelector('.why').open = true")
    save(reader, "pages")
    with reader.speaking("zh-CN"):
        reader.open(address, width=1400, height=900)
        reader.ask(ASKED)
        reader.wait_for(".pane .quote")
        save(reader, "answer-zh")
    with reader.speaking("ar"):
        reader.open(address, width=390, height=844, dark=True)
        reader.ask("متى افتتحت قناة السويس؟")
        save(reader, "phone-ar")
    reader.open(address, width=1400, height=900)
    reader.ask("How many moons has Jupiter?")
    save(reader, "abstained")
    reader.go("documents")
    reader.browser.find_element(By.CSS_SELECTOR, ".choice input").send_keys("canal", Keys.TAB)
    reader.wait_for(".chosen .note")
    save(reader, "documents")


def save(reader: Reader, name: str) -> None:
    """Write what is seen, once the pictures have come and nothing moves."""
    reader.browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    reader.run("scrollTo({top: 0, behavior: 'instant'}); document.activeElement.blur()")
    time.sleep(1.5)
    taken = Image.open(io.BytesIO(reader.browser.get_screenshot_as_png())).convert("RGB")
    taken.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    sys.exit(main())
