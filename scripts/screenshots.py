"""The pictures of the README, taken from the real page: `make screenshots` (needs Chromium).

Starts the tutor without a model on a free port with a home folder of its own, lives through the story that the README
tells, and writes docs/images/*.png. Every number in the pictures is one of that run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"
DESKTOP: Any = {"width": 1280, "height": 860}
PHONE: Any = {"width": 390, "height": 844}
LOADED = """(() => {  // a figure is fetched when it comes into the view of the conversation
  const view = document.querySelector('#chat [role="log"]').getBoundingClientRect();
  return [...document.querySelectorAll('#chat img')].filter((img) => {
    const box = img.getBoundingClientRect();
    return box.width && box.bottom > view.top && box.top < view.bottom;
  }).every((img) => img.naturalWidth > 0);
})()"""
QUESTION, RUN = "Why do we decay epsilon?", "Run the bandit with epsilon 0, 0.01 and 0.1"


@contextmanager
def served() -> Iterator[str]:
    """The address of a tutor of our own, gone afterwards with its folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "tutor", "serve", "--port", str(port), "--model", "none"]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TUTOR_HOME": home})
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    with httpx.Client(trust_env=False, timeout=2) as client:
        while process.poll() is None:
            try:
                client.get(url)
                return
            except httpx.HTTPError:
                time.sleep(0.3)
    raise SystemExit("The tutor did not start; see above.")


def ask(page: Page, text: str) -> None:
    """Say something and wait for the whole answer, pictures included."""
    rows = page.locator("#chat .user-row").count()
    page.fill("#ask textarea", text)
    page.press("#ask textarea", "Enter")
    page.wait_for_function(f"document.querySelectorAll('#chat .user-row').length > {rows}")
    page.wait_for_selector("#ask .submit-button", state="visible", timeout=300_000)
    page.wait_for_function(LOADED)
    page.wait_for_timeout(600)


def save(page: Page, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(IMAGES / f"{name}.png"))
    print(f"docs/images/{name}.png")


def room(page: Page, name: str) -> None:
    page.evaluate("(name) => window.tutorRoom(name)", name)
    page.wait_for_timeout(2500)


def main() -> None:
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=DESKTOP)
        page.goto(url)
        page.wait_for_selector("#ask textarea")
        ask(page, QUESTION)
        page.locator("#chat .t-cite").first.click()
        page.wait_for_selector("#passage-body mark")
        page.wait_for_timeout(600)
        save(page, "question")
        page.keyboard.press("Escape")
        ask(page, RUN)
        save(page, "chat")
        for name in ("labs", "course"):
            room(page, name)
            save(page, name)
        page.close()
        phone = browser.new_page(viewport=PHONE, color_scheme="dark")
        phone.goto(url)
        phone.wait_for_selector("#ask textarea")
        ask(phone, RUN)
        save(phone, "phone-dark")
        browser.close()


if __name__ == "__main__":
    main()
