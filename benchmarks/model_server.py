"""A small server of OpenAI's protocol that takes its time: it streams an answer over some seconds to everybody at once.

The answer is the first sentence of the passages in the prompt, so that it is borne out by what it cites.
"""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECES = 20  # in which an answer comes


class ModelServer:
    """`seconds` is what one answer takes."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def _answer(messages: list[dict[str, Any]]) -> str:
    prompt = str(messages[-1]["content"])
    sentences = re.findall(r"(?<=[.!?]\s)[A-Z][^.!?\n|`$#>*]{40,200}[.!?]", prompt)
    return " ".join(f"{sentence.strip()} [1]" for sentence in sentences[:2]) or "The lecture says so. [1]"


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self._whole({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked += 1
            text = _answer(body["messages"])
            if not body.get("stream"):
                time.sleep(server.seconds)
                message = {"role": "assistant", "content": text}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self._whole({"id": "c", "object": "chat.completion", "created": 0, "model": "scripted",
                             "choices": [choice]})  # fmt: skip
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            size = -(-len(text) // PIECES)
            for at in range(0, len(text), size):
                time.sleep(server.seconds / PIECES)
                self._event(_chunk({"content": text[at : at + size]}, None))
            self._event(_chunk({}, "stop"))
            self._write(b"data: [DONE]\n\n")
            self._write(b"")

        def _whole(self, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _event(self, body: Any) -> None:
            self._write(b"data: " + json.dumps(body).encode() + b"\n\n")

        def _write(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

    return Handler


def _chunk(delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [choice],
    }
