"""Tiny labs that behave and misbehave, for the tests of the engine."""

import ctypes
import os
import time

import numpy as np

from labs.base import Finding, Lab, LabParams, LabResult, Metric
from labs.charts import Chart, Line, Panel
from labs.errors import LabError
from labs.fields import param


class ToyParams(LabParams):
    steps: int = param(3, "How many steps to count.", ge=1, le=1_000_000)
    rate: float = param(0.5, "A number.", gt=0, le=1)


def count(p, context):
    for step in range(p.steps):
        context.report(step / p.steps, f"step {step}")
        time.sleep(0.001)
    print("noise on standard output", flush=True)
    x = np.arange(p.steps)
    return LabResult(
        lab="count",
        title="counted",
        parameters=p.to_dict(),
        seed=p.seed,
        metrics={"total": float(p.steps * p.rate), "pid": float(os.getpid())},
        series={"x": x, "y": x * p.rate},
        charts=(Chart("line", "A line", (Panel("x", "y", (Line("x", "y"),)),)),),
        notes=("It counted.",),
        findings=(Finding("slow", "It took its time.", "Count less."),),
    )


def hang(p, context):
    context.report(0.1, "about to hang")
    while True:
        time.sleep(0.05)  # never asks whether it should stop


def segfault(p, context):
    context.report(0.1, "about to crash")
    ctypes.string_at(
        0
    )  # a real fault: a signal sent to oneself may be blocked where a thread started the process


def divide(p, context):
    return 1 / (p.steps - p.steps)


def refuse(p, context):
    raise LabError("This cannot be done; do something else.")


def eat(p, context):
    kept = []
    while True:
        kept.append(np.ones(4_000_000))
        context.report(0.5, f"{len(kept)} blocks")
        time.sleep(0.01)


def toy(lab_id, run, **more):
    metrics = {"total": Metric("total", "what was counted", better="higher")}
    return Lab(lab_id, lab_id.title(), (1,), "Nothing.", ToyParams, run, metrics=metrics, **more)


TOYS = {
    lab.id: lab
    for lab in (
        toy("count", count),
        toy("hang", hang),
        toy("segfault", segfault),
        toy("divide", divide),
        toy("refuse", refuse),
        toy("eat", eat),
        toy("dear", count, cost=lambda p: p.steps / 1000, cost_limit=10, cost_of="steps"),
    )
}
