"""Stand-ins for all that the page is handed: a tutor that plays a script, sections, a model that arrives."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from knowledge.search import Passage
from labs.base import Finding, LabResult, Table
from labs.charts import Chart, Line, Panel
from tutor.events import Done, Event, LabFinished, LabProgress, LabStarted, Notice, Sources, Text
from tutor.progress import ProgressStore
from tutor.sessions import Run, SessionStore, Turn

WHY = (
    "At first our estimates $Q_t(a)$ rest on a handful of pulls, so trying every arm is worth its price. "
    "Later we know more, and each random pull costs the gap between the best arm and the one that chance "
    "picks. A constant $\\epsilon$ therefore pays forever for what it learnt long ago."
)
HALF = "Here $\\tau$ is how many pulls it takes to halve $\\epsilon$."
FORMULA = f"$$\\epsilon_t = \\frac{{\\epsilon_0}}{{1 + t / \\tau}}$$\n\n{HALF}"
CODE = """```python
epsilon = epsilon0 / (1 + t / tau)
if rng.random() < epsilon:
    arm = rng.integers(k)  # explore
```"""
EVIL = (
    'A picture ![tracker](https://example.org/pixel.png) and <img src=x onerror="window.hacked=1">, '
    "<script>window.hacked=1</script> and <style>body{display:none}</style>"
)


def passage(
    n: int, text: str, best: str, heading: tuple[str, ...], cell: int | None = None, **more: object
) -> Passage:
    values: dict[str, object] = {
        "id": f"p{n}",
        "path": "lecture_09/notebook.ipynb" if cell is not None else "lecture_09/lecture.md",
        "title": "Multi-armed bandits",
        "heading": heading,
        "cell": cell,
        "page": None,
        "lecture": 9,
        "text": text,
        "kind": "code" if cell is not None else "prose",
        "score": 1.0 / n,
        "similarity": 0.8 - 0.1 * n,
        "best_sentence": best,
    }
    return Passage(**{**values, **more})  # type: ignore[arg-type]


PASSAGES = (
    passage(
        1, WHY, "A constant $\\epsilon$ therefore pays forever for what it learnt long ago.",
        ("Exploration", "Decaying epsilon"),
    ),
    passage(2, FORMULA, HALF, ("Exploration", "A schedule")),
    passage(3, CODE, "", ("A decaying bandit",), cell=6),
    passage(4, EVIL, "A picture", ("Things found in the wild <b>bold</b>",)),
)  # fmt: skip

ANSWER = (
    "We decay $\\epsilon$ because **exploring is an investment**: it pays early, while the "
    "estimates $Q_t(a)$ are still rough, and costs later, when they are good [1]. "
    "With \\(\\epsilon_t = \\epsilon_0/(1+t/\\tau)\\) the price falls over time [2]:\n\n"
    "$$\\lim_{t\\to\\infty} \\epsilon_t = 0$$\n\nIn code [3]:\n\n"
    + CODE
    + "\n\nA coffee for $5 and a cake for $6 are not maths."
)


def bandit_result(arms: int = 10, seconds: float = 1.2) -> LabResult:
    steps = np.arange(1, 501)
    series = {"step": steps.astype(float)}
    lines, metrics = [], {}
    for epsilon, level in ((0, 1.02), (0.01, 1.28), (0.1, 1.36)):
        key = f"reward_{epsilon}"
        series[key] = level * (1 - np.exp(-steps / (40 + 200 * (0.1 - epsilon)))) - 0.005 * (arms - 10)
        lines.append(Line("step", key, label=f"epsilon {epsilon}"))
        name = f"[epsilon_greedy, epsilon={epsilon}]"
        metrics[f"reward_final{name}"] = float(series[key][-1])
        metrics[f"optimal_final{name}"] = 0.36 + epsilon * 4
        metrics[f"regret{name}"] = 512.3 - 1000 * epsilon
    return LabResult(
        lab="bandit",
        title="The k-armed bandit",
        parameters={
            "arms": arms, "steps": 1000, "runs": 2000, "policies": ["epsilon_greedy"],
            "epsilons": [0, 0.01, 0.1], "seed": 0,
        },
        seed=0,
        metrics=metrics,
        charts=(
            Chart("reward", "Exploring a little wins", (Panel("step", "mean reward", tuple(lines)),)),
        ),
        series=series,
        tables=(Table("Reward by step", ("step", "epsilon 0"), ((1, 0.01), (1000, 1.0))),),
        notes=(
            "With $\\epsilon = 0.1$ the mean reward ends at 1.36, the best of the three.",
            "The greedy policy stops at 1.02: it settles on the first good arm.",
        ),
        findings=(
            Finding("too_greedy", "With epsilon 0 the best arm is found in 36%.", "Try epsilon 0.05."),
        ),
        seconds=seconds,
    )  # fmt: skip


def new_store() -> SessionStore:
    """A database of its own, in a folder that goes when the process does."""
    folder = tempfile.mkdtemp(prefix="tutor-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return SessionStore(f"sqlite:///{folder}/sessions.sqlite")


@dataclass
class FakeTutor:
    """Answers by the first word: `run` a lab, `slow` one to be stopped, `boom` a fault."""

    pause: float = 0.02
    turns: dict[str, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    asked: list[tuple[str, str]] = field(default_factory=list)
    cancelled_after: list[float] = field(default_factory=list)
    sessions: SessionStore = field(default_factory=lambda: new_store())

    def __post_init__(self) -> None:
        self.progress = ProgressStore(self.sessions)

    def history(self, session_id: str) -> list[Turn]:
        return list(self.turns[session_id])

    def reply(self, message: str, session_id: str, cancel: threading.Event | None = None) -> Iterator[Event]:
        self.asked.append((session_id, message))
        cancel = cancel or threading.Event()
        word = message.strip().split(" ")[0].lower() if message.strip() else ""
        if not word:
            yield from self._refuse(
                "There was nothing in that message. Type a question, or click an example."
            )
        elif len(message) > 20_000:
            yield from self._refuse(
                f"That message has {len(message):,} characters; please keep it under 20,000."
            )
        elif word == "boom":
            raise RuntimeError("a fault for the test")
        elif word in ("run", "now"):
            yield from self._lab(
                message, session_id, cancel, 12 if self.pause else 2, arms=20 if "20" in message else 10
            )
        elif word == "slow":
            yield from self._lab(message, session_id, cancel, 2000)
        else:
            yield from self._question(message, session_id, cancel)

    def _refuse(self, sentence: str) -> Iterator[Event]:
        yield Notice(sentence, "warning")
        yield Done(answer=sentence, intent="other", model="none", seconds=0.0, failed=True)

    def _question(self, message: str, session_id: str, cancel: threading.Event) -> Iterator[Event]:
        yield Sources(PASSAGES)
        time.sleep(10 * self.pause)
        said = ""
        for word in ANSWER.split(" "):
            if cancel.is_set():
                break
            time.sleep(self.pause)
            said += word + " "
            yield Text(word + " ")
        answer = said.strip() if cancel.is_set() else ANSWER
        suggestions = ("Run the bandit with epsilon 0, 0.01 and 0.1", "What is regret?")
        self.turns[session_id].append(
            Turn(message, answer, "question", "fake", sources=PASSAGES, suggestions=suggestions)
        )
        yield Done(answer, "question", "fake", 1.0, sources=PASSAGES, suggestions=suggestions)

    def _lab(
        self, message: str, session_id: str, cancel: threading.Event, ticks: int, arms: int = 10
    ) -> Iterator[Event]:
        result = bandit_result(arms)
        run_id = f"{session_id}-{len(self.turns[session_id])}"
        chosen = {"epsilons": [0, 0.01, 0.1]}
        yield LabStarted(run_id, "bandit", result.title, result.parameters, chosen)
        for tick in range(ticks):
            if cancel.is_set():
                yield Notice("The run was stopped.", "info")
                yield Done("I stopped the experiment.", "lab", "fake", 0.1)
                return
            time.sleep(max(self.pause, 0.01) * 4)
            yield LabProgress(run_id, tick / ticks, f"step {tick * 80:,} of 1,000", 0.1 * tick)
        yield LabFinished(run_id, result)
        text = "With epsilon 0.1 the reward ends highest, at 1.36. "
        yield Text(text)
        self.turns[session_id].append(
            Turn(
                message,
                text,
                "lab",
                "fake",
                runs=(Run(run_id, chosen, result),),
                suggestions=("Now with 20 arms",),
            )
        )
        yield Done(text, "lab", "fake", 1.0, results=(result,), suggestions=("Now with 20 arms",))


class FakeKnowledge:
    def section(self, path: str) -> list[SimpleNamespace]:
        if path.endswith("ipynb"):
            return [
                section("First the imports.", "A decaying bandit", cell=5),
                section(CODE, "A decaying bandit", cell=6),
            ]
        return [
            section("Exploring costs; not exploring costs more.", "Exploration"),
            section(WHY, "Exploration", "Decaying epsilon"),
            section(FORMULA, "Exploration", "A schedule"),
            section(EVIL, "Wild"),
        ]


def section(text: str, *heading: str, cell: int | None = None) -> SimpleNamespace:
    return SimpleNamespace(heading=heading, cell=cell, page=None, kind="mixed", text=text)


@dataclass
class FakeModelHost:
    """`state` can be set by a test: none, downloading, loading, ready, failed."""

    state: str = "none"
    fraction: float = 0.0
    message: str = ""
    label: str = "Qwen2.5-Coder 1.5B (on this computer)"

    @property
    def status(self) -> SimpleNamespace:
        return SimpleNamespace(state=self.state, fraction=self.fraction, message=self.message)

    @property
    def current(self) -> SimpleNamespace:
        return SimpleNamespace(label=self.label)


def build_page(tutor: FakeTutor, settings: object, model_host: FakeModelHost | None = None) -> object:
    """The page over stand-ins. Gradio opens an event loop and leaves it open unless one is running."""
    from aside import alone

    from tutor.web import app

    async def make() -> object:
        return app.build(tutor, settings, FakeKnowledge(), model_host or FakeModelHost())  # type: ignore[arg-type]

    return alone(make())
