"""GGUF models on this computer, through llama.cpp.

llama.cpp runs as a server in a child process on a loopback port (see `llamacpp_server.py`), spoken to with
OpenAI's protocol. It keeps the part of the prompt that two calls share, so what never changes belongs in
front. Native tool calls come back as text with models of this size: `tool_calls` is false unless the
settings insist.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import secrets
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from tutor.errors import ModelUnavailable
from tutor.models.base import CAPABLE_PARAMETERS, LoadedModel
from tutor.models.gguf import read_gguf
from tutor.models.line import ModelLine
from tutor.models.spec import ModelSpec
from tutor.settings import Settings

CONTEXT_TOKENS = 6144
ANSWER_TOKENS = 1024  # small models can loop: an answer ends here at the latest, unless a call says otherwise
CACHE_MB = 512  # for prompts that were read before
TEMPERATURE = 0.2  # answers stick to the passages
ANSWER_SECONDS = 300.0
LOAD_SECONDS = 300.0

# Threads that wait for each other by spinning are fine alone and ruinous beside a lab or a browser: two of them on two
# busy cores wrote 1 token a second. Asleep at once they wrote 9 there, but only 11 on idle cores, where spinning writes
# 18. A short spin and then sleep wrote 15 on idle cores.
PATIENT_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}

_running: weakref.WeakSet[LlamaServer] = weakref.WeakSet()


class LlamaServer:
    """One child process with one model. Ends with `close`, with the interpreter, or with this process."""

    def __init__(self, path: Path, name: str, context: int, threads: int, slots: int = 1) -> None:
        self.key = secrets.token_urlsafe(24)
        order = {
            "path": str(path),
            "name": name,
            "context": context,
            "threads": threads,
            "slots": slots,
            "answer_tokens": ANSWER_TOKENS,
            "cache_mb": CACHE_MB,
            "key": self.key,
        }
        # -P keeps this folder, whose files are named like the SDKs, off the child's import path
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("llamacpp_server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | PATIENT_THREADS,
            text=True,
            encoding="utf-8",
        )
        _running.add(self)
        try:
            self.address = self._start(order, path)
        except BaseException:
            self.close()
            raise

    def _start(self, order: dict[str, object], path: Path) -> str:
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:  # pragma: no cover - both were asked for
            raise RuntimeError("the server process has no pipes")
        with suppress(BrokenPipeError):
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=LOAD_SECONDS)
        except queue.Empty:
            raise ModelUnavailable(
                f"llama.cpp took too long to load {path.name}. Try a smaller model."
            ) from None
        reply = json.loads(line) if line else {"error": f"it ended with status {self.process.wait()}"}
        if "address" not in reply:
            raise ModelUnavailable(
                f"llama.cpp could not load {path.name}: the file may be damaged or of a newer kind, or "
                "memory ran out. Download it again, or try a smaller model."
            ) from RuntimeError(reply["error"])
        return str(reply["address"])

    def close(self) -> None:
        _running.discard(self)
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@atexit.register
def _close_all() -> None:
    for server in list(_running):
        server.close()


def physical_cores() -> int:
    """Cores this process may use; two threads on one core only get in each other's way."""
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def load(spec: ModelSpec, path: Path, settings: Settings, label: str = "") -> LoadedModel:
    """Start llama.cpp with the model in `path`.

    Raises
    ------
    ModelUnavailable
        When the file is missing, damaged or cut short, or does not fit in memory.
    """
    info = read_gguf(path)
    _check_memory(path)
    context = settings.context_tokens or CONTEXT_TOKENS
    if info.context:
        context = min(context, info.context)
    slots = settings.model_slots or 1
    server = LlamaServer(path, path.stem, context, settings.threads or physical_cores(), slots)
    try:
        from tutor.models.openai import LOCAL_PLACE, ServerClients, server_chat

        clients = ServerClients(ANSWER_SECONDS, direct=True)
        chat = server_chat(
            path.stem,
            f"{server.address}/v1",
            server.key,
            LOCAL_PLACE,
            clients,
            temperature=TEMPERATURE,
            max_retries=0,
            stream_usage=True,
        )
    except BaseException:
        server.close()
        raise

    def close() -> None:
        clients.close()
        server.close()

    return LoadedModel(
        spec=spec,
        chat=chat,
        label=label or f"{info.name} (on this computer)",
        tool_calls=settings.tool_calls == "yes",
        context_tokens=context,
        capable=info.parameters >= CAPABLE_PARAMETERS,
        line=ModelLine(slots),
        _close=close,
    )


def _check_memory(path: Path) -> None:
    import psutil

    size, free = path.stat().st_size, psutil.virtual_memory().available
    if size > free:
        raise ModelUnavailable(
            f"The model {path.name} needs {size / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free. "
            "Close other programs, or pick a smaller model."
        )
