"""Many students at once, on this computer: answers, sessions that stay apart, how much longer they wait, memory.

Real HTTP clients (`students.py`) against a real `tutor serve` in a process of its own, with a home of its own, while
labs run. A class is `students` people who send a message, read for some seconds, and send the next one; every number
of turns is bounded. Baseline: one student alone at the same server, before the class comes in.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.model_server import ModelServer
from benchmarks.page import _free_port
from benchmarks.rows import Row
from benchmarks.setting import course
from benchmarks.students import Student, Turn, TurnError
from knowledge.weights import default_folder

SOAK_MINUTES = 1.5  # `--soak 20` for the long one
QUESTIONS = (
    "Why do we decay epsilon?",
    "What is regret?",
    "What is a partial derivative?",
    "Why can a learning rate be too large?",
    "What does the greedy policy get wrong?",
    "What is the difference between a feature and a label?",
    "How does UCB choose an arm?",
    "What is overfitting?",
    "What does a convolution do?",
    "What is the Bellman equation?",
)
LABS = ("Run the bandit with 100 runs and seed {n}, {word}", "Run the regression with seed {n}, {word}")
SEED = 7
WARM_UP = 0.3  # share of a soak before memory counts
BAD_WORDS = re.compile(r"went wrong|could not be saved|cannot be|lost its conversation", re.I)


@dataclass
class Class:
    """What came of many students at one server."""

    alone: list[Turn] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    labs: list[Turn] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    crossed: int = 0

    def rows(
        self, name: str, model_seconds: float | None = None, limit: float | None = None
    ) -> Iterator[Row]:
        alone = statistics.median(turn.whole for turn in self.alone)
        whole = sorted(turn.whole for turn in self.turns)
        added = percentile(whole, 0.95) - alone
        what = f"one alone: {alone:.2f} s" + (
            f", of which the model {model_seconds:g} s" if model_seconds else ""
        )
        yield Row(
            f"{name}: turns answered", len(self.turns), "turns", f"and {len(self.labs)} lab runs meanwhile"
        )
        yield Row(
            f"{name}: errors", len(self.errors), "", "; ".join(sorted(set(self.errors)))[:200], None, "none",
            not self.errors,
        )  # fmt: skip
        yield Row(f"{name}: crossed sessions", self.crossed, "", "", None, "none", not self.crossed)
        yield Row(f"{name}: whole turn, median", statistics.median(whole), "s", what)
        yield Row(
            f"{name}: first words, p95", percentile(sorted(t.first for t in self.turns), 0.95), "s", what
        )
        yield Row(
            f"{name}: whole turn, p95 added to one alone", added, "s", what, None,
            f"under {limit:g} s" if limit else "", added < limit if limit else None,
        )  # fmt: skip


def percentile(values: list[float], share: float) -> float:
    """`values` ascend."""
    return values[min(len(values) - 1, int(share * len(values)))]


def measure() -> Iterator[Row]:
    with course() as library:
        yield from _measured(library.index_dir)


def _measured(index: Path) -> Iterator[Row]:
    with served("none", index) as server:
        yield from asyncio.run(_class(server.url, 50, 6, (5, 15))).rows(
            "50 students, no model, reading 5 to 15 s", limit=0.5
        )
        yield from _at_once(server, 50)
    with (
        ModelServer(seconds=3.0) as model,
        served("openai:scripted", index, OPENAI_BASE_URL=model.url) as server,
    ):
        found = asyncio.run(_class(server.url, 20, 4, (5, 15)))
        yield from found.rows("20 students, a model server that takes 3 s, reading 5 to 15 s", 3.0)
    if has_default_model():
        with served("auto", index) as server:
            found = asyncio.run(_class(server.url, 4, 3, (2, 5)))
            yield from found.rows("4 students, default model on this computer, reading 2 to 5 s")
    yield from soak(SOAK_MINUTES, index)


def soak(minutes: float, index: Path) -> Iterator[Row]:
    """Ten students for some minutes: memory after the warm-up, and whether it grows."""
    with served("none", index) as server:
        samples: list[tuple[float, float]] = []
        began = time.monotonic()

        async def watch() -> None:
            while True:
                samples.append((time.monotonic() - began, server.memory_mb()))
                await asyncio.sleep(2.0)

        async def run() -> Class:
            watching = asyncio.create_task(watch())
            try:
                # new students come and old ones go: what is kept of a conversation counts as well
                found = Class()
                while time.monotonic() - began < minutes * 60:
                    part = await _class(server.url, 10, 5, (0.5, 1.5), alone=0)
                    found.turns += part.turns
                    found.labs += part.labs
                    found.errors += part.errors
                    found.crossed += part.crossed
                return found
            finally:
                watching.cancel()

        found = asyncio.run(run())
    after = [mb for at, mb in samples if at > WARM_UP * samples[-1][0]]
    third = max(1, len(after) // 3)
    first, last = statistics.median(after[:third]), statistics.median(after[-third:])
    name = f"soak of {minutes:g} minutes"
    yield Row(f"{name}: turns", len(found.turns), "turns", f"and {len(found.labs)} lab runs")
    wrong = len(found.errors) + found.crossed
    said = "; ".join(sorted(set(found.errors)))[:200]
    yield Row(f"{name}: errors and crossed sessions", wrong, "", said, None, "none", not wrong)
    yield Row(
        f"{name}: memory of the server and its workers, last third", last, "MB",
        f"first third after the warm-up: {first:.0f} MB", last / first, "at most 1.05", last / first <= 1.05,
    )  # fmt: skip


def _at_once(server: Server, count: int) -> Iterator[Row]:
    """Everybody presses Enter in the same moment: how long until the last one has the whole answer."""

    async def burst() -> tuple[list[Turn], list[str]]:
        async with _students(server.url, count) as students:
            await asyncio.gather(
                *(student.say(_question(student, 0)) for student in students)
            )  # known by now
            before = server.cpu_seconds()
            turns, errors = await _gathered(student.say(_question(student, 1)) for student in students)
            cost.append((server.cpu_seconds() - before) / count)
            errors += ["crossed" for student in students if student.crossed]
            return turns, errors

    cost: list[float] = []
    turns, errors = asyncio.run(burst())
    whole = sorted(turn.whole for turn in turns)
    name = f"{count} students who send in the same moment"
    yield Row(
        f"{name}: errors", len(errors), "", "; ".join(sorted(set(errors)))[:200], None, "none", not errors
    )
    yield Row(f"{name}: whole turn, median", statistics.median(whole), "s")
    yield Row(f"{name}: whole turn, p95", percentile(whole, 0.95), "s")
    yield Row(f"{name}: processor time of the server for one turn", cost[0] * 1000, "ms")


# ---- students


async def _class(
    url: str, count: int, turns: int, reading: tuple[float, float], labs: int = 2, alone: int = 5
) -> Class:
    """`count` students with `turns` messages each, `labs` more who run experiments until the others have finished."""
    found = Class()
    if alone:
        async with Student(url) as one:
            await one.say(_question(one, 0))  # the first one warms the server up
            for number in range(alone):
                found.alone.append(await one.say(_question(one, number + 1)))
            found.crossed += one.crossed
    over = asyncio.Event()
    async with _students(url, count) as students, _students(url, labs) as runners:
        running = [asyncio.create_task(_experiments(s, over, found)) for s in runners]
        await asyncio.gather(*(_chat(s, at, turns, reading, found) for at, s in enumerate(students)))
        over.set()
        await asyncio.gather(*running)
        found.crossed += sum(student.crossed for student in (*students, *runners))
    return found


async def _chat(student: Student, at: int, turns: int, reading: tuple[float, float], found: Class) -> None:
    rng = random.Random(SEED + at)
    await asyncio.sleep(rng.uniform(0, reading[1]))  # nobody comes in at the same second
    for number in range(turns):
        await _noted(student.say(_question(student, at + number)), found.turns, found)
        await asyncio.sleep(rng.uniform(*reading))
    await _noted(student.read_back(), [], found)


async def _experiments(student: Student, over: asyncio.Event, found: Class) -> None:
    number = 0
    while not over.is_set():
        text = LABS[number % len(LABS)].format(n=1000 + number, word=student.word())
        await _noted(student.say(text), found.labs, found)
        number += 1
        await asyncio.sleep(1.0)


async def _noted(work: Any, into: list[Any], found: Class) -> None:
    try:
        turn = await work
        into.append(turn)
        if isinstance(turn, Turn) and (bad := BAD_WORDS.search(str(turn.messages[-1]))):
            found.errors.append(f"said to a student: {bad[0]}")
    except (TurnError, httpx.HTTPError, OSError) as error:
        found.errors.append(f"{type(error).__name__}: {error}")


async def _gathered(work: Any) -> tuple[list[Turn], list[str]]:
    found = Class()
    await asyncio.gather(*(_noted(one, found.turns, found) for one in work))
    return found.turns, found.errors


def _question(student: Student, number: int) -> str:
    return f"{QUESTIONS[number % len(QUESTIONS)]} {student.word()}"


class _students:  # noqa: N801 - used like a function
    """Some students with their pages open; `async with` closes all of them."""

    def __init__(self, url: str, count: int) -> None:
        self._all = [Student(url) for _ in range(count)]

    async def __aenter__(self) -> list[Student]:
        return [await student.__aenter__() for student in self._all]

    async def __aexit__(self, *_: object) -> None:
        for student in self._all:
            await student.__aexit__()


# ---- the server


class Server:
    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        import psutil

        self.url = url
        self._process = psutil.Process(process.pid)

    def memory_mb(self) -> float:
        """Resident memory of the server and of its lab workers."""
        import psutil

        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.Error:  # ended meanwhile
                continue
        return total / 2**20

    def cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def served(model: str, index: Path, **environment: str) -> Iterator[Server]:
    """A `tutor serve` of our own with nobody's conversations in it; ready when the course is."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as home:
        settings = {
            "TUTOR_HOME": home, "TUTOR_INDEX": str(index), "TUTOR_WEIGHTS": str(default_folder()),
            "OPENAI_API_KEY": "bench", "TUTOR_TOOL_CALLS": "no", **environment,
        }  # fmt: skip
        if model != "openai:scripted":
            settings.pop("OPENAI_API_KEY")
        log = Path(home) / "serve.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tutor", "serve", "--model", model, "--port", str(port)],
                stdout=out, stderr=out, cwd=Path(__file__).parent.parent, env=os.environ | settings,
            )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, log)
            yield Server(url, process)
            if "Traceback" in log.read_text("utf-8"):
                sys.stderr.write(log.read_text("utf-8")[-4000:])
                raise RuntimeError("the server logged an error")
        finally:
            process.terminate()
            process.wait(30)


def wait_until_ready(url: str, log: Path, limit: float = 300.0) -> None:
    """Until the course is open and the model, where there is to be one, is there. Raises TimeoutError."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            said = httpx.get(f"{url}/readyz", timeout=5, trust_env=False).json()
        except (httpx.HTTPError, ValueError):
            said = {}
        if said.get("ready") and said.get("model") in ("none", "ready", "failed"):
            return
        time.sleep(0.2)
    raise TimeoutError(log.read_text("utf-8"))


def has_default_model() -> bool:
    from knowledge.weights import WeightStore
    from tutor.models.store import DEFAULT

    return WeightStore(default_folder(), offline=True).path(DEFAULT) is not None
