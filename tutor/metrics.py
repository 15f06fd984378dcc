"""Numbers for Prometheus: turns, seconds by stage, tokens, queues, labs, index. The only file that knows its client.

Counters grow with the events that `turn` and `lab_ended` are told of; what has a size at any moment (queues, sessions)
is looked at when somebody asks. Every label has few values, whatever students type, and none names a person.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, make_asgi_app
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from labs.errors import (
    BadParameterError,
    LabCancelled,
    LabCrashed,
    LabOutOfMemory,
    LabTimeout,
)
from tutor.facts import OUTCOMES, STAGES, TurnFacts

INTENTS = ("question", "lab", "quiz", "exercise", "prediction", "smalltalk", "meta")
OTHER = "other"
ACTIVE = 600.0  # seconds after its last turn for which a session counts as active
SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)
_ENDS = (
    (LabCancelled, "cancelled"),
    (LabTimeout, "too_slow"),
    (LabOutOfMemory, "too_large"),
    (LabCrashed, "crashed"),
    (BadParameterError, "refused"),
)


class Metrics:
    """What has been counted since the start. Safe to share between threads.

    `tutor` is the running one: its runner, models, library and intake are looked at when somebody asks.
    """

    def __init__(self, tutor: Any) -> None:
        self.registry = CollectorRegistry()
        self._labs = frozenset(tutor.labs)
        self._seen: OrderedDict[str, float] = OrderedDict()  # session hash: when its last turn ended
        self._lock = threading.Lock()
        self._turns = Counter(
            "tutor_turns", "Turns that are over.", ("intent", "outcome"), registry=self.registry
        )
        self._seconds = Histogram(
            "tutor_turn_stage_seconds",
            f"Seconds of each stage of a turn: {', '.join(STAGES)}.",
            ("stage",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._tokens = Counter(
            "tutor_model_tokens",
            "Tokens that the model read and wrote, where it counts them.",
            ("direction",),
            registry=self.registry,
        )
        self._runs = Counter(
            "tutor_lab_runs", "Lab runs that have ended.", ("lab", "outcome"), registry=self.registry
        )
        for outcome in OUTCOMES:  # so that a rate can be made before the first failure
            self._turns.labels(OTHER, outcome)
        for stage in STAGES:
            self._seconds.labels(stage)
        for lab in self._labs:
            self._runs.labels(lab, "done")
        self.registry.register(_Now(tutor, self._active))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def app(self) -> Any:
        """An ASGI application that answers with everything, in Prometheus' text format."""
        return make_asgi_app(self.registry)

    def turn(self, facts: TurnFacts) -> None:
        """Count a turn that is over."""
        intent = facts.intent if facts.intent in INTENTS else OTHER
        self._turns.labels(intent, facts.outcome if facts.outcome in OUTCOMES else OTHER).inc()
        for stage, seconds in facts.seconds.items():
            if stage in STAGES:
                self._seconds.labels(stage).observe(seconds)
        self._tokens.labels("read").inc(facts.tokens_read or 0)
        self._tokens.labels("written").inc(facts.tokens_written or 0)
        with self._lock:
            self._seen[facts.session] = time.monotonic()
            self._seen.move_to_end(facts.session)

    def lab_ended(self, run: Any) -> None:
        """Count a `LabRun` that has ended, however it ended."""
        lab = run.lab.id if run.lab.id in self._labs else OTHER
        self._runs.labels(lab, _outcome(run.error)).inc()

    def _active(self) -> int:
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < time.monotonic() - ACTIVE:
                self._seen.popitem(last=False)
            return len(self._seen)


def _outcome(error: Exception | None) -> str:
    if error is None:
        return "done"
    return next((name for kind, name in _ENDS if isinstance(error, kind)), "failed")


class _Now(Collector):
    """What is the case at this moment."""

    def __init__(self, tutor: Any, active: Callable[[], int]) -> None:
        self._tutor, self._active = tutor, active

    def collect(self) -> Iterator[Metric]:
        tutor = self._tutor
        line, runner = tutor.models.current.line, tutor.runner
        waiting = GaugeMetricFamily("tutor_queue_waiting", "How many wait.", labels=("queue",))
        running = GaugeMetricFamily("tutor_queue_running", "How many are served.", labels=("queue",))
        for name, queue in (("model", line), ("labs", runner)):
            waiting.add_metric((name,), queue.waiting if queue is not None else 0)
            running.add_metric((name,), queue.running if queue is not None else 0)
        yield waiting
        yield running
        yield GaugeMetricFamily(
            "tutor_work_under_way", "Turns and runs under way.", value=tutor.intake.under_way
        )
        yield GaugeMetricFamily(
            "tutor_active_sessions", "Sessions with a turn in the last ten minutes.", value=self._active()
        )
        yield GaugeMetricFamily(
            "tutor_model_ready",
            "1 where a language model answers, 0 where the lectures are quoted.",
            value=float(tutor.models.current.chat is not None),
        )
        base = tutor.library.ready
        yield GaugeMetricFamily(
            "tutor_index_passages", "Passages of the open index.", value=base.chunk_count if base else 0
        )
        info = InfoMetricFamily("tutor_index", "The generation of the index that answers.")
        info.add_metric((), {"generation": base.generation if base else ""})
        yield info

    def describe(self) -> Iterator[Metric]:
        """Nothing is looked at while it is being registered."""
        return iter(())
