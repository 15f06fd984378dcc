"""A small HTTP server that speaks OpenAI's protocol from a script: answers, tool calls, refusals, breaks.

    server.say("Epsilon decays because …")         server.call(("run_lab", {"lab": "bandit"}), ("search", {}))
    server.fail(429, "slow down")                   server.break_off("Epsilon de")

Each request takes the next line of the script; `server.requests` holds the bodies that came in.
"""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Line:
    text: str = ""
    calls: tuple[tuple[str, dict[str, Any] | str], ...] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    broken: str = ""  # "reset": the connection drops; "quiet": the stream just ends; "error": an error event
    pause: float = 0.0
    gate: threading.Event | None = None  # the answer is written when it is set


class OpenAIServer:
    def __init__(self, key: str = "test-key", models: tuple[str, ...] = ("scripted-1",)) -> None:
        self.key, self.models = key, models
        self.script: deque[Line] = deque()
        self.requests: list[dict[str, Any]] = []
        self.left = threading.Event()  # a client went away in the middle of a stream
        self.over = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def say(self, text: str, pause: float = 0.0, gate: threading.Event | None = None) -> None:
        self.script.append(Line(text, pause=pause, gate=gate))

    def call(self, *calls: tuple[str, dict[str, Any] | str], text: str = "") -> None:
        self.script.append(Line(text, calls=calls))

    def fail(self, status: int, message: str = "no", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.append(Line(message, status=status, headers=named))

    def break_off(self, text: str, how: str = "reset") -> None:
        self.script.append(Line(text, broken=how))

    def close(self) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(server: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.endswith("/models") and self._allowed():
                rows = [
                    {"id": name, "object": "model", "created": 0, "owned_by": "us"} for name in server.models
                ]
                self._json(200, {"object": "list", "data": rows})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self._allowed():
                return
            if body["model"] not in server.models:
                self._refuse(404, f"The model `{body['model']}` does not exist")
                return
            server.requests.append(body)
            line = server.script.popleft() if server.script else Line("The script is over.")
            if line.status != 200:
                self._refuse(line.status, line.text, line.headers)
            elif body.get("stream"):
                self._stream(line)
            else:
                self._json(200, _whole(line))

        def _allowed(self) -> bool:
            given = self.headers.get("Authorization", "")
            if given != f"Bearer {server.key}":
                self._refuse(401, f"Incorrect API key provided: {given.removeprefix('Bearer ')}.")
                return False
            return True

        def _refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
            self._json(status, {"error": {"message": message, "type": "error", "code": None}}, headers or {})

        def _json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, line: Line) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.close_connection = True
            if line.gate is not None:
                line.gate.wait(120)
            try:
                for delta in _deltas(line):
                    if server.over.wait(line.pause):
                        return
                    self._event(_chunk(delta, None))
                if line.broken == "reset":
                    return  # no last chunk: the other side sees the connection drop
                if line.broken == "error":
                    self._event({"error": {"message": "the GPU caught fire", "type": "server_error"}})
                elif not line.broken:
                    self._event(_chunk({}, "tool_calls" if line.calls else "stop"))
                    self._write(b"data: [DONE]\n\n")
                self._write(b"")
            except (BrokenPipeError, ConnectionResetError):
                server.left.set()

        def _event(self, body: Any) -> None:
            self._write(b"data: " + json.dumps(body).encode() + b"\n\n")

        def _write(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

    return Handler


def _calls(line: Line) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": name, "arguments": _written(arguments)},
        }
        for index, (name, arguments) in enumerate(line.calls)
    ]


def _written(arguments: dict[str, Any] | str) -> str:
    """Arguments as they go over the wire; a text goes as it is, broken or not."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _deltas(line: Line) -> list[dict[str, Any]]:
    """Text in pieces of five letters; each tool call as its name, then its arguments in two halves."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": line.text[at : at + 5]} for at in range(0, len(line.text), 5)]
    for call in _calls(line):
        arguments = call["function"]["arguments"]
        deltas.append({"tool_calls": [call | {"function": {**call["function"], "arguments": ""}}]})
        for half in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            deltas.append({"tool_calls": [{"index": call["index"], "function": {"arguments": half}}]})
    return deltas


def _chunk(delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted-1",
        "choices": [choice],
    }


def _whole(line: Line) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": line.text}
    if line.calls:
        message["tool_calls"] = _calls(line)
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if line.calls else "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {
        **{"id": "c", "object": "chat.completion", "created": 0, "model": "scripted-1"},
        "choices": [choice],
        "usage": usage,
    }
