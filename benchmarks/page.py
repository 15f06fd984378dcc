"""The page as a student meets it: time until it answers, until sources show, until the first word.

Everything is measured in a real browser against a real `tutor serve`, on a machine that is set up (weights fetched,
index built). Baselines of the same run: a bare Gradio chat page, and the model server asked directly.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.rows import Row

QUESTIONS = (
    "Why do we decay epsilon?",
    "What is regret?",
    "What is a partial derivative?",
    "Why can a learning rate be too large?",
    "What does the greedy policy get wrong?",
    "What is the difference between a feature and a label?",
    "How does UCB choose an arm?",
)
BARE_PAGE = """
import sys, gradio as gr
gr.ChatInterface(lambda m, h: "x").launch(server_port=int(sys.argv[1]), quiet=True, ssr_mode=False)
"""


def measure() -> Iterator[Row]:
    bare = statistics.median(_up([sys.executable, "-c", BARE_PAGE], None) for _ in range(3))
    ours = statistics.median(
        _up([sys.executable, "-m", "tutor", "serve", "--model", "none"], "--port") for _ in range(3)
    )
    yield Row(
        "`tutor serve` until the page answers",
        ours,
        "s",
        "bare Gradio chat page",
        ours / bare,
        "at most 5 s",
        ours <= 5,
    )
    for model in ("none", "auto"):
        yield from _chat(model)


def _chat(model: str) -> Iterator[Row]:
    with served([sys.executable, "-m", "tutor", "serve", "--model", model, "--port"]) as url:
        shown = _ask_in_browser(url)
        sources = statistics.median(s for s, _, _ in shown)
        worst = max(s for s, _, _ in shown)
        words = statistics.median(w for _, w, _ in shown)
        name = "no model" if model == "none" else "default model"
        yield Row(
            f"sources on screen after sending, median of {len(shown)} ({name})",
            sources,
            "s",
            "",
            None,
            "at most 0.3 s",
            sources <= 0.3,
        )
        yield Row(f"sources on screen after sending, worst of {len(shown)} ({name})", worst, "s")
        target = "" if model == "none" else "at most 5 s"
        yield Row(
            f"first word on screen, median of {len(shown)} ({name})",
            words,
            "s",
            "",
            None,
            target,
            words <= 5 if target else None,
        )


def _ask_in_browser(url: str) -> list[tuple[float, float, float]]:
    """(seconds to sources, to the first word, to the end) of each question, in one conversation."""
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        page = browser.new_page()
        page.goto(url)
        page.wait_for_selector("#ask textarea")
        _wait_for_model(page)
        for number, question in enumerate(QUESTIONS, start=1):
            times.append(_one_question(page, question, number))
        browser.close()
    return times


def _wait_for_model(page: Any) -> None:
    """Wait until course and model are ready: that they are still loading is another measure."""
    page.wait_for_function(
        "() => !document.querySelector('.t-downloading, .t-loading, .t-starting, .t-building')",
        timeout=120_000,
    )


# Watches the newest turn from inside the page, so that no round trip of the driver is in the times. A turn's words are
# what its row holds beside chips, notices and the sign that something is on its way.
WATCH = """
before => new Promise(resolve => {
  const started = performance.now(); let sources = null, word = null;
  const look = () => {
    const rows = document.querySelectorAll('#chat .bot-row');
    const row = rows[rows.length - 1], now = performance.now() - started;
    if (document.querySelectorAll('#chat .user-row').length > before && row) {
      if (sources === null && row.querySelector('.t-source')) sources = now;
      const copy = row.cloneNode(true);
      copy.querySelectorAll('.t-sources, .t-working, .t-notice, .t-hidden, button, style').forEach(x => x.remove());
      if (word === null && sources !== null && copy.textContent.trim().length > 1) word = now;
      const free = document.querySelector('#ask .submit-button')?.offsetParent;
      if (word !== null && free) return resolve([sources, word, now]);
    }
    now > 110000 ? resolve([sources ?? 1e9, word ?? 1e9, now]) : setTimeout(look, 30);  // rarely: looking costs too
  };
  look();
})
"""


def _one_question(page: Any, question: str, number: int) -> tuple[float, float, float]:
    page.fill("#ask textarea", question)
    page.evaluate(f"() => {{ window.watched = ({WATCH})({number - 1}) }}")  # begun, not waited for
    page.press("#ask textarea", "Enter")
    sources, word, end = page.evaluate("window.watched")
    return sources / 1000, word / 1000, end / 1000


@contextmanager
def served(command: list[str]) -> Iterator[str]:
    """The address of a page of our own; `command` is completed by the port."""
    port = _free_port()
    process = _start([*command, str(port)])
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _up(command: list[str], port_flag: str | None) -> float:
    port = _free_port()
    started = time.perf_counter()
    process = _start([*command, *([port_flag] if port_flag else []), str(port)])
    try:
        _wait_for(port)
        return time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(20)


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parent.parent,
        env=os.environ.copy(),
    )


def _wait_for(port: int, limit: float = 120.0) -> None:
    until = time.perf_counter() + limit
    while time.perf_counter() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise TimeoutError(f"nothing answered on port {port} within {limit:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
