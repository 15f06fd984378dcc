"""Search, routing and ingest on the course that ships."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.page import QUESTIONS
from benchmarks.rows import Row, median_seconds, seconds
from benchmarks.setting import course
from knowledge.paths import COURSE
from knowledge.refresh import refresh
from labs.registry import LABS
from tutor.planning.router import Router

MESSAGES = (
    "run the bandit with epsilon 0, 0.01 and 0.1",
    "now with twenty arms",
    "why do we decay epsilon?",
    "fit a curve of degree 9 with ridge and alpha of a half",
    "thanks!",
)


def measure() -> Iterator[Row]:
    with course() as library:
        base, embedder = library.wait(), library.embedder
        query = iter(QUESTIONS * 20)
        embed = median_seconds(lambda: embedder.embed([next(query)]), 30)
        query = iter(QUESTIONS * 20)
        search = median_seconds(lambda: base.search(next(query), k=8), 30)
        yield Row(
            f"search over {base.chunk_count} passages, median", search * 1000, "ms", "embedding the question alone",
            search / embed, "at most 30 ms", search <= 0.03,
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "index"
            scratch = seconds(lambda: refresh([COURSE], index, embedder))
            again = seconds(lambda: refresh([COURSE], index, embedder))
        yield Row("ingest of the shipped course from scratch", scratch, "s")
        yield Row(
            "the same again, unchanged",
            again,
            "s",
            "from scratch",
            again / scratch,
            "at most 0.05",
            again / scratch <= 0.05,
        )
    started = time.perf_counter()
    router = Router(LABS)
    yield Row("router ready", (time.perf_counter() - started) * 1000, "ms")
    message = iter(MESSAGES * 20)
    route = median_seconds(lambda: router.plan(next(message), MESSAGES[:1]), 50)
    yield Row("routing a message, median", route * 1000, "ms", "", None, "at most 20 ms", route <= 0.02)
