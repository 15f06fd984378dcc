"""The default model: how fast it starts, reads and writes, against llama.cpp asked directly with the same prompts."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from benchmarks.page import QUESTIONS
from benchmarks.rows import Row
from benchmarks.setting import course
from knowledge.weights import WeightStore, default_folder
from labs.runner import LabRunner
from tutor.events import Done, Sources, Text
from tutor.models.factory import make_model
from tutor.sessions import SessionStore, new_session_id
from tutor.settings import load_settings
from tutor.tutor import Tutor


def measure() -> Iterator[Row]:
    """First word and words per second of a whole turn against the bare stream of the same model and prompt."""
    started = time.perf_counter()
    model = make_model("gguf:qwen2.5-coder-1.5b", load_settings(), WeightStore(default_folder()))
    yield Row("default model loaded and ready", time.perf_counter() - started, "s")
    runner = LabRunner()
    try:
        with course() as library:
            recorder = _Recorder(model.chat)
            current = replace(model, chat=cast(Any, recorder))
            tutor = Tutor(library, runner, SimpleNamespace(current=current), SessionStore("sqlite://"))
            turns = [_turn(tutor, question) for question in QUESTIONS]
            bare = [_bare(model.chat, messages) for messages in recorder.asked]
            yield from _rows(turns, bare)
    finally:
        runner.close()
        model.close()


def _rows(
    turns: list[tuple[float, float, int, float]], bare: list[tuple[float, int, float]]
) -> Iterator[Row]:
    sources = statistics.median(t[0] for t in turns)
    yield Row(
        f"sources found, median of {len(turns)} turns",
        sources * 1000,
        "ms",
        "",
        None,
        "at most 300 ms",
        sources <= 0.3,
    )
    first, raw_first = (statistics.median(x) for x in ([t[1] for t in turns], [b[0] for b in bare]))
    yield Row(
        f"first word of a turn, median of {len(turns)}", first, "s",
        "the same prompt asked of llama.cpp directly, read before", first / raw_first, "at most 5 s", first <= 5,
    )  # fmt: skip
    speed = sum(t[2] for t in turns) / sum(t[3] for t in turns)
    raw_speed = sum(b[1] for b in bare) / sum(b[2] for b in bare)
    yield Row(
        "pieces of text a second while answering", speed, "1/s", f"llama.cpp directly: {raw_speed:.3g}/s",
        speed / raw_speed, "at least 0.95", speed / raw_speed >= 0.95,
    )  # fmt: skip


class _Recorder:
    """Passes everything to the model and keeps the prompts, so that the baseline is asked the very same."""

    def __init__(self, chat: Any) -> None:
        self._chat = chat
        self.asked: list[Any] = []

    def stream(self, messages: Any, **how: Any) -> Iterator[Any]:
        self.asked.append(messages)
        return self._chat.stream(messages, **how)


def _turn(tutor: Tutor, question: str) -> tuple[float, float, int, float]:
    """Seconds to the sources, seconds to the first word, pieces after it, seconds that they took."""
    started = time.perf_counter()
    sources = first = last = 0.0
    pieces = 0
    for event in tutor.reply(question, new_session_id(), threading.Event()):
        now = time.perf_counter() - started
        if isinstance(event, Sources) and not sources:
            sources = now
        elif isinstance(event, Text):
            first = first or now
            last = now
            pieces += 1
        elif isinstance(event, Done) and not pieces:
            first = last = now
    return sources, first, pieces - 1, max(last - first, 1e-9)


def _bare(chat: Any, messages: Any) -> tuple[float, int, float]:
    started = time.perf_counter()
    first = last = 0.0
    pieces = 0
    for chunk in chat.stream(messages):
        if chunk.content:
            last = time.perf_counter() - started
            first = first or last
            pieces += 1
    return first, pieces - 1, max(last - first, 1e-9)
