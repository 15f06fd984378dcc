"""The page as it is served, in processes of their own (tests/programs), and a listener that nothing should call."""

import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("e2e", "web", "knowledge")]

from programs.conftest import guarded_url, home, url  # noqa: E402, F401 - fixtures


class Canary:
    """An address on this computer that writes down who calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        canary = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.calls.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"canary")

            do_HEAD = do_POST = do_GET  # noqa: N815 - names of the library

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def canary() -> Iterator[Canary]:
    listening = Canary()
    yield listening
    listening.close()
