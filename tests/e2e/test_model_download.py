"""A model fetched from the settings page: its progress is seen wherever one is, and it takes over when it is there."""

from __future__ import annotations

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pages import free_port, start

from knowledge.weights import WeightStore, default_folder

WEIGHTS = default_folder()  # now: a test's own environment names another one


class Hub:
    """A hub that sends a file in two halves, the second when it is told to."""

    def __init__(self, file: Path) -> None:
        self.go = threading.Event()
        size, hub = file.stat().st_size, self

        class Door(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(size))
                self.end_headers()

            def do_GET(self) -> None:
                self.do_HEAD()
                with file.open("rb") as data:
                    self.wfile.write(data.read(size // 2))
                    self.wfile.flush()
                    hub.go.wait(200)
                    self.wfile.write(data.read())

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.go.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def hub():
    folder = WeightStore(WEIGHTS, offline=True).path("smollm2-135m")
    if folder is None:
        why = "the small model is not here: run `python -m knowledge.weights fetch smollm2-135m`"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    made = Hub(folder if folder.is_file() else next(folder.glob("*.gguf")))
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.weights
def test_a_model_is_fetched_from_the_settings_page_and_takes_over(hub, tmp_path, visit):
    port = free_port()
    script = str(Path(__file__).with_name("rooms_server.py"))
    env = {"HF_ENDPOINT": hub.url, "PIP_NO_INDEX": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    server = start([sys.executable, script, str(port), str(tmp_path)], port, tmp_path, env)
    try:
        me = visit(server.url)
        page = me.page
        page.click("#room-settings-button")
        page.wait_for_selector("#settings-form input[value='gguf:smollm2-135m']")
        assert "98 MB, to be downloaded first." in page.inner_text("#settings-form")
        page.check("#settings-form input[value='gguf:smollm2-135m']")
        page.click("#settings-form button[type=submit]")
        page.wait_for_function(
            "document.querySelector('#settings-state progress')?.value >= 45", timeout=60_000
        )
        assert "of 98 MB" in page.inner_text("#settings-state")
        me.shot("settings-download")
        # The header says so in every room, and the tutor goes on meanwhile.
        page.click("#room-chat-button")
        page.wait_for_selector("#status .t-downloading progress")
        me.answered("why do we decay epsilon?")
        me.says("investment")
        hub.go.set()
        page.wait_for_selector("#status :is(.t-fresh, .t-ready)", timeout=120_000)
        assert "SmolLM2 135M (on this computer)" in page.inner_text("#status")
        page.click("#room-settings-button")
        page.wait_for_selector("#settings-state .t-ready")
        assert "It was chosen here on the page" in page.inner_text("#settings-state")
        assert "SmolLM2 135M" in page.inner_text("#settings-state")
    finally:
        server.stop()
