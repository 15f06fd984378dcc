"""A real browser, and pages in processes of their own. Screenshots go to `artefacts/`, which git ignores."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pages import Server, Visitor, free_port, start

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        why = "no Chromium on this machine (apt install chromium)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def fake_page(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts pages over the scripted tutor. Those of one test share a folder: the second one is a restart."""
    started: list[Server] = []

    def run(state: str = "none", port: int | None = None) -> Server:
        port = port or free_port()
        script = str(Path(__file__).with_name("fake_server.py"))
        started.append(start([sys.executable, script, str(port), str(tmp_path), state], port, tmp_path))
        return started[-1]

    yield run
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def shared_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One page over the scripted tutor, for all tests that do not mind the others' visitors."""
    folder = tmp_path_factory.mktemp("shared")
    port = free_port()
    server = start(
        [sys.executable, str(Path(__file__).with_name("fake_server.py")), str(port), str(folder)],
        port,
        folder,
    )
    yield server
    server.stop()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visitor]]:
    visitors: list[Visitor] = []

    def come(url: str, **more: Any) -> Visitor:
        visitors.append(Visitor(browser, url, **more))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.context.close()
    for visitor in visitors:
        assert visitor.foreign == [], "a request left the machine"
        assert visitor.faults == [], "a script failed on the page"
