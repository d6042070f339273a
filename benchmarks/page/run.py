"""Measures the running page over a large library in headless Chromium: start, first paint, and Enter to the answer.

start    from the process to the address that it serves
paint    from the navigation, in a new browser, to the first words on the screen and to all of the page
answer   from Enter to the answer in the document, and to the frame that shows it; the first question loads the indexes
at once  so many people press Enter together, some rounds; one of them sits before the browser

Beside each wall time stands the processor time of the server, which a busy machine changes little.

    python -m benchmarks.page.run [--index FOLDER] [--passages 100000] [--people 20] [--out FILE]

Without ``--index`` a library is built of ``--data``; a folder that is named is copied, not touched.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from benchmarks.speed.texts import as_documents, passages, questions
from qa import QA
from tests.served import Server, Stranger

PAINT_LIMIT_MS = 2000.0
ANSWER_LIMIT_MS = 300.0
SECONDS = 60
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--lang=en",
)

# The page's own clock: from the key to the card in the document, and to the frame after it.
_WATCH = """
window.clock = { pressed: 0, there: 0, seen: 0 };
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter") window.clock = { pressed: performance.now(), there: 0, seen: 0 };
}, true);
new MutationObserver(() => {
  const clock = window.clock, turn = document.querySelector(".log > .turn:last-child .card");
  if (!clock.pressed || clock.there || !turn || turn.closest(".turn").id === window.lastTurn) return;
  window.lastTurn = turn.closest(".turn").id;
  clock.there = performance.now();
  requestAnimationFrame(() => requestAnimationFrame(() => { clock.seen = performance.now(); }));
}).observe(document.querySelector(".log"), { childList: true, subtree: true });
"""
_PAINT = """
const [paint] = performance.getEntriesByName("first-contentful-paint");
const bytes = performance.getEntriesByType("resource").reduce((sum, each) => sum + each.transferSize, 0);
return [paint ? paint.startTime : 0, performance.getEntriesByType("resource").length, bytes];
"""

Results = dict[str, Any]


class Timed(Server):
    """A server whose start and processor time are measured."""

    def __init__(self, *command: str) -> None:
        began = time.perf_counter()
        super().__init__(*command)
        assert self.address
        self.start_ms = 1000 * (time.perf_counter() - began)

    def cpu_ms(self) -> float:
        """Return the processor time of the process so far, in user and kernel."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def browser(folder: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={folder}", "--window-size=1280,900"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or ""))
    try:
        yield driver
    finally:
        driver.quit()


def measure_paint(driver: webdriver.Chrome, server: Timed) -> Results:
    """Open the page and say when its first words, its header and its examples are there."""
    cpu = server.cpu_ms()
    began = time.perf_counter()
    driver.get(server.address)
    wait_for(driver, ".masthead")
    header = 1000 * (time.perf_counter() - began)
    wait_for(driver, ".examples li, .empty, .alert, #documents .list li")
    whole = 1000 * (time.perf_counter() - began)
    wait_for(driver, ".scope")
    first, requests, size = driver.execute_script(_PAINT)  # type: ignore[no-untyped-call]
    return {
        "first_paint_ms": first,
        "header_ms": header,
        "whole_ms": whole,
        "requests": requests,
        "kilobytes": size / 1000,
        "server_cpu_ms": server.cpu_ms() - cpu,
    }


def ask(driver: webdriver.Chrome, question: str) -> tuple[float, float]:
    """Ask on the page; return the milliseconds from Enter to the answer in the document, and to its frame."""
    box = driver.find_element(By.CSS_SELECTOR, "#question textarea")
    box.send_keys(question)
    box.send_keys(Keys.ENTER)
    WebDriverWait(driver, SECONDS, 0.02).until(
        lambda _: driver.execute_script("return window.clock.seen > 0")
    )  # type: ignore[no-untyped-call]
    clock = driver.execute_script("return window.clock")  # type: ignore[no-untyped-call]
    return clock["there"] - clock["pressed"], clock["seen"] - clock["pressed"]


def measure_answers(driver: webdriver.Chrome, server: Timed, asked: list[tuple[str, str]]) -> Results:
    driver.execute_script(_WATCH)  # type: ignore[no-untyped-call]
    first, _ = ask(driver, asked[0][1])
    cpu = server.cpu_ms()
    times = []
    for _, question in asked[1:]:
        times.append(ask(driver, question))
        time.sleep(0.3)  # the document beside the answer and the suggestions are no part of it
    there, seen = ([pair[at] for pair in times] for at in (0, 1))
    return {
        "questions": len(times),
        "languages": sorted({lang for lang, _ in asked[1:]}),
        "first_question_ms": first,
        "answer_ms": spread(there),
        "frame_ms": spread(seen),
        "server_cpu_ms": (server.cpu_ms() - cpu) / len(times),
    }


def measure_at_once(
    driver: webdriver.Chrome, server: Timed, asked: list[tuple[str, str]], *, people: int, rounds: int
) -> Results:
    """Let people press Enter together; the first of them sits before the browser, the rest speak as the page does."""
    ready = threading.Barrier(people)
    cpu = server.cpu_ms()

    def converse(number: int) -> list[float]:
        stranger = Stranger(server.address)
        with stranger.client:
            stranger.event("ask")
            return [
                timed(lambda at=at: stranger.ask(asked[(number * rounds + at) % len(asked)][1]), ready)  # type: ignore[misc]
                for at in range(rounds)
            ]

    def watch() -> list[float]:
        found = []
        for at in range(rounds):
            ready.wait(SECONDS)
            found.append(ask(driver, asked[at][1])[0])
        return found

    with ThreadPoolExecutor(people) as pool:
        others = [pool.submit(converse, number) for number in range(1, people)]
        seen = pool.submit(watch).result()
        heard = [ms for other in others for ms in other.result()]
    return {
        "people": people,
        "rounds": rounds,
        "browser_ms": spread(seen),
        **({"others_ms": spread(heard)} if heard else {}),
        "server_cpu_ms": (server.cpu_ms() - cpu) / (people * rounds),
    }


def timed(work: Callable[[], object], ready: threading.Barrier) -> float:
    ready.wait(SECONDS)
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"median": median(times), "p90": ordered[int(0.9 * (len(ordered) - 1))], "longest": ordered[-1]}


def wait_for(driver: webdriver.Chrome, css: str) -> None:
    WebDriverWait(driver, SECONDS, 0.02).until(lambda _: driver.find_elements(By.CSS_SELECTOR, css), css)


def measure(args: argparse.Namespace, folder: Path) -> Results:
    index = folder / "index"
    if args.index:
        shutil.copytree(args.index, index)
    else:
        with QA.open(index) as library:
            texts = passages(args.data, args.passages)
            library.add_documents(as_documents(texts), total=len(texts))
    asked = questions(args.data, args.questions + 1)
    server = Timed("app.py", "--index", str(index), "--port", "0")
    try:
        with browser(folder / "profile") as driver:
            return {
                "start_ms": server.start_ms,
                "start_cpu_ms": server.cpu_ms(),
                "paint": measure_paint(driver, server),
                "answer": measure_answers(driver, server, asked),
                "at_once": measure_at_once(driver, server, asked, people=args.people, rounds=args.rounds),
            }
    finally:
        server.end()


def show(found: Results) -> None:
    paint, answer, crowd = found["paint"], found["answer"], found["at_once"]
    print(f"start to listening   {found['start_ms']:8.0f} ms   (processor {found['start_cpu_ms']:.0f} ms)")
    print(
        f"first paint          {paint['first_paint_ms']:8.0f} ms   (limit {PAINT_LIMIT_MS:.0f}; "
        f"header {paint['header_ms']:.0f}, all {paint['whole_ms']:.0f}; {paint['requests']} requests, "
        f"{paint['kilobytes']:.0f} kB; server's processor {paint['server_cpu_ms']:.0f} ms)"
    )
    print(f"first question       {answer['first_question_ms']:8.0f} ms   (loads the indexes)")
    for name, times, cpu in (
        ("Enter to answer", answer["answer_ms"], answer["server_cpu_ms"]),
        ("Enter to frame", answer["frame_ms"], answer["server_cpu_ms"]),
        (f"{crowd['people']} at once, browser", crowd["browser_ms"], crowd["server_cpu_ms"]),
        (f"{crowd['people']} at once, others", crowd.get("others_ms"), crowd["server_cpu_ms"]),
    ):
        if times is None:  # nobody else was there
            continue
        print(
            f"{name:<20} {times['median']:8.0f} ms   (p90 {times['p90']:.0f}, longest {times['longest']:.0f}; "
            f"server's processor {cpu:.0f} ms a question; limit {ANSWER_LIMIT_MS:.0f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", type=Path, help="a library to measure a copy of")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, help="where the library is put meanwhile")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        found = measure(args, Path(folder))
    show(found)
    if args.out:
        args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
