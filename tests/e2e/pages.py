"""What the browser tests stand on: servers in processes of their own, and somebody who visits them."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts"


@dataclass
class Server:
    url: str
    process: subprocess.Popen[str]
    log: Path

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    command: list[str], port: int, folder: Path, env: dict[str, str] | None = None, timeout: float = 240
) -> Server:
    """Start a server and wait until its page answers."""
    import httpx

    log = folder / f"server-{port}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(env or {})},
        )
    url = f"http://127.0.0.1:{port}/"
    end = time.monotonic() + timeout
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < end:
            if process.poll() is not None:
                pytest.fail(f"the server ended by itself:\n{log.read_text()}")
            try:
                if client.get(url, timeout=2).status_code == 200:
                    return Server(url, process, log)
            except httpx.HTTPError:
                time.sleep(0.1)
    process.kill()
    pytest.fail(f"the page did not answer in {timeout} s:\n{log.read_text()}")


class Visitor:
    """Somebody at the page: types, waits, looks. Notes requests to other hosts, and faults in scripts."""

    def __init__(
        self,
        browser: Any,
        url: str,
        width: int = 1280,
        dark: bool = False,
        name: tuple[str, str] | None = None,
    ) -> None:
        height = 844 if width < 500 else 860
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.url = url
        self.foreign: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        if name is None:
            self.open()
        else:
            self.sign_in(*name)

    def sign_in(self, name: str, password: str) -> None:
        """Open a page that asks for a name and a password first."""
        self.context.clear_cookies()
        self.page.goto(self.url)
        self.page.get_by_label("username").fill(name)
        self.page.get_by_label("password").fill(password)
        self.page.get_by_role("button", name="Login").click()
        self.page.wait_for_selector("#ask textarea")
        self.page.wait_for_selector("#passage-close", state="attached")

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self) -> None:
        self.page.goto(self.url)
        self.page.wait_for_selector("#ask textarea")
        self.page.wait_for_selector("#passage-close", state="attached")

    def ask(self, text: str) -> None:
        self.page.fill("#ask textarea", text)
        self.page.press("#ask textarea", "Enter")

    def finished(self) -> None:
        """Wait until the tutor has finished its turn."""
        self.page.wait_for_selector("#ask .submit-button", state="visible")

    def answered(self, text: str) -> None:
        """Ask, and wait until the tutor has answered."""
        rows = self.page.locator("#chat .user-row").count()
        self.ask(text)
        self.page.wait_for_function(f"document.querySelectorAll('#chat .user-row').length > {rows}")
        self.finished()

    def still(self, selector: str) -> None:
        """Wait until something is shown there and has not changed for a second."""
        self.page.wait_for_function(
            """(selector) => { const room = document.querySelector(selector), seen = (window.stillSeen ??= {});
                 const now = room.offsetParent || room.offsetHeight ? room.innerHTML : '';
                 if (seen.now !== now) { Object.assign(seen, { now, at: performance.now() }); return false; }
                 return room.innerText.trim().length > 20 && performance.now() - seen.at > 1000; }""",
            arg=selector,
        )

    def says(self, words: str) -> None:
        """Wait until the conversation shows these words: Gradio draws an answer a moment after it has arrived."""
        self.page.wait_for_function(
            "(words) => document.querySelector('#chat').innerText.includes(words)", arg=words
        )

    def chat(self) -> str:
        return str(self.page.inner_text("#chat"))

    def shot(self, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=str(ARTEFACTS / f"{name}.png"))

    def overflow(self) -> list[str]:
        """What sticks out of the page sideways, unless something around it scrolls."""
        found: list[str] = self.page.evaluate(
            """() => [...document.querySelectorAll('main *')].filter((el) => {
                 const box = el.getBoundingClientRect();
                 if (!box.width || !box.height) return false;
                 if (el.closest('#passage') && !document.body.classList.contains('t-open')) return false;
                 if (box.right <= innerWidth + 1 && box.left >= -1) return false;
                 for (let up = el.parentElement; up; up = up.parentElement)
                   if (up !== document.body && up !== document.documentElement
                       && ['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX)) return false;
                 return true;
               }).map((el) => `${el.tagName}.${el.className}`)"""
        )
        return found
