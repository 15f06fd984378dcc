"""How heavy the page is: bytes until it can be used, how long that takes, and what a message costs.

Measured in a real browser with an empty cache, on loopback, beside a bare Gradio chat page of the same run. Bytes are
as they come over the wire, compressed or not.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.page import BARE_PAGE, served
from benchmarks.rows import Row

OPENED = 5  # times that each page is opened
ASKED = ("What is regret?", "How does UCB choose an arm?", "What does the step size do?")
INTERACTIVE, MESSAGE_KB = 3.0, 30.0


def measure() -> Iterator[Row]:
    with _browser() as browser:
        with served([sys.executable, "-c", BARE_PAGE]) as url:
            bare_seconds, bare_kb = _opened(browser, url, "textarea")
        with served([sys.executable, "-m", "tutor", "serve", "--model", "none", "--port"]) as url:
            seconds, kilobytes = _opened(browser, url, "#ask textarea")
            message = _message_kb(browser, url)
    yield Row(
        f"page opened until a message can be typed, median of {OPENED}",
        seconds,
        "s",
        f"bare Gradio chat page: {bare_seconds:.2f} s",
        seconds / bare_seconds,
        f"at most {INTERACTIVE:.0f} s",
        seconds <= INTERACTIVE,
    )
    yield Row(
        "what the page weighs by then",
        kilobytes,
        "KB",
        f"bare Gradio chat page: {bare_kb:.0f} KB",
        kilobytes / bare_kb,
    )
    yield Row(
        f"traffic of a message and its answer, median of {len(ASKED)}",
        message,
        "KB",
        "",
        None,
        f"at most {MESSAGE_KB:.0f} KB",
        message <= MESSAGE_KB,
    )


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


class _Meter:
    """Counts what comes in."""

    def __init__(self, page: Any) -> None:
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.dataReceived", self._add)

    def _add(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"] or event["dataLength"]


def _opened(browser: Any, url: str, box: str) -> tuple[float, float]:
    times, sizes = [], []
    for _ in range(OPENED):
        page = browser.new_context().new_page()
        meter = _Meter(page)
        started = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(box, state="visible")
        page.fill(box, "typed")
        times.append(time.perf_counter() - started)
        sizes.append(meter.bytes / 1000)
        page.context.close()
    return statistics.median(times), statistics.median(sizes)


def _message_kb(browser: Any, url: str) -> float:
    page = browser.new_context().new_page()
    page.goto(url)
    page.wait_for_selector("#ask textarea")
    page.wait_for_timeout(20_000)  # the course is being opened
    sizes = []
    for number, text in enumerate(("hello", *ASKED)):
        meter = _Meter(page)
        page.fill("#ask textarea", text)
        page.press("#ask textarea", "Enter")
        page.wait_for_function(f"document.querySelectorAll('#chat .user-row').length > {number}")
        page.wait_for_selector("#ask .submit-button", state="visible", timeout=60_000)
        page.wait_for_timeout(1500)
        sizes.append(meter.bytes / 1000)
    page.context.close()
    return statistics.median(sizes[1:])
