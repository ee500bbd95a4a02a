"""How fast the visitor's page feels in a real Chromium: from key press to answer, a fresh load, bytes transferred."""

from __future__ import annotations

import dataclasses
import socket
import statistics
import threading
import time
from typing import TYPE_CHECKING

import uvicorn
from playwright.sync_api import sync_playwright

from bench.machine import describe
from kbot.evaluation import quantile
from kbot.service import Service
from kbot.settings import Settings
from kbot.web.app import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

CHROMIUM = "/usr/bin/chromium"
_LOADS = 7
_ROUNDS = 3
_QUESTIONS = (
    "What are the side effects?", "How many treatments will I need?", "Is ketamine safe during pregnancy?",
    "how long does a session take", "What is esketamine?", "Does it work for PTSD?", "What does it cost?",
    "Who should not take ketamine?", "Is ketamine FDA approved?", "Should I stop taking my antidepressant?",
)  # fmt: skip
# From the key press to the frame after the new answer is in the page, on the page's own clock.
_TIMED = """() => new Promise(done => {
    const box = document.querySelector("#question textarea");
    const before = document.querySelectorAll(".kb-answer").length;
    let start = 0;
    box.addEventListener("keydown", () => { start = performance.now(); }, {once: true, capture: true});
    new MutationObserver((_, observer) => {
        if (document.querySelectorAll(".kb-answer").length === before) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.tookMs = performance.now() - start; }));
    }).observe(document.querySelector("#conversation"), {childList: true, subtree: true});
    window.tookMs = null;
    done();
})"""


def loads(browser: Browser, address: str) -> tuple[list[float], list[float]]:
    """Return the seconds until a question can be typed and the KiB transferred, each time with an empty cache."""
    seconds, sizes = [], []
    for _ in range(_LOADS + 1):
        context = browser.new_context()
        page = context.new_page()
        received = _count_bytes(context.new_cdp_session(page))
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.locator("#question textarea").wait_for()
        seconds.append(time.perf_counter() - start)
        page.wait_for_load_state("networkidle")
        sizes.append(sum(received) / 1024)
        context.close()
    return seconds[1:], sizes[1:]  # the first one warms the server up


def _count_bytes(session: CDPSession) -> list[float]:
    received: list[float] = []
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(float(event["encodedDataLength"])))
    return received


def answers(browser: Browser, address: str) -> list[list[float]]:
    """Return the milliseconds from key press to answer, a list a round; the first round only warms up."""
    rounds = []
    for _ in range(_ROUNDS + 1):
        page = browser.new_page()
        page.goto(address)
        page.locator("#question textarea").wait_for()
        rounds.append([_ask(page, question) for question in _QUESTIONS])
        page.close()
    return rounds[1:]


def _ask(page: Page, question: str) -> float:
    page.locator("#question textarea").fill(question)
    page.evaluate(_TIMED)
    page.keyboard.press("Enter")
    page.wait_for_function("() => window.tookMs !== null")
    return float(page.evaluate("window.tookMs"))


def main() -> None:
    """Print the figures as Markdown."""
    service = Service.open(dataclasses.replace(Settings(), journal="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener, sync_playwright() as playwright:
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        seconds, sizes = loads(browser, address)
        rounds = answers(browser, address)
        print(f"Measured on {describe()}, Chromium {browser.version}\n")
        browser.close()
        server.should_exit = True
        thread.join(30)
    print("| what | median | least to most | runs |\n|---|---|---|---|")
    _row("fresh load until a question can be typed, s", seconds, "2f", f"{len(seconds)} loads")
    _row("transferred by a fresh load, KiB", sizes, "0f", f"{len(sizes)} loads")
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        values = [quantile(times, share) for times in rounds]
        _row(f"key press to answer {name}, ms", values, "0f", f"{len(values)} rounds of {len(_QUESTIONS)} questions")


def _row(what: str, values: list[float], form: str, runs: str) -> None:
    spread = f"{min(values):.{form}} to {max(values):.{form}}"
    print(f"| {what} | {statistics.median(values):.{form}} | {spread} | {runs} |")


if __name__ == "__main__":
    main()
