"""A Chroma server of our own on this computer, which a test may stop and start again."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ChromaServer:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        # `chroma run` without its Python half, which takes seconds to import and adds nothing.
        run = "import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(sys.argv[1:])"
        command = [
            "chroma",
            "run",
            "--path",
            str(self.folder),
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        with (self.folder.parent / "chroma.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", run, *command], stdout=log, stderr=log, cwd=self.folder.parent
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/api/v2/heartbeat", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise TimeoutError((self.folder.parent / "chroma.log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
