"""What a lab is made of: parameters, the context of a run, the result, and the lab itself.

A lab is one file that declares a `LabParams` model and a `run(params, context)` function, and joins them in a
`Lab`. Everything else (checking values, sweeps, worker processes, drawing, notebooks, links) is done once,
for all labs, in the other modules of this package. Nothing here knows any single lab, and nothing here draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from labs.charts import Chart, alt_text, chart_data, json_safe
from labs.errors import LabCancelled, UnknownLabError
from labs.fields import ParamInfo, describe, param


class LabParams(BaseModel):
    """The parameters of one run, already checked. Subclasses declare each field with `labs.fields.param`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seed: int = param(
        0,
        "Fixes every random draw: the same seed gives the same run.",
        synonyms=("random seed",),
        ge=0,
        le=2**31 - 1,
    )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, the fields in the lab's order and the seed last."""
        values = self.model_dump(mode="json")
        values["seed"] = values.pop("seed")
        return values


class Context:
    """Handed to a running lab: takes its progress, and tells it when to stop."""

    def __init__(
        self,
        on_report: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._on_report = on_report or (lambda _fraction, _message: None)
        self._cancelled = cancelled or (lambda: False)

    def report(self, fraction: float, message: str) -> None:
        """Say how far the run is (0 to 1); raises LabCancelled when it is to stop. Cheap: call it in every
        loop.
        """
        if self._cancelled():
            raise LabCancelled
        self._on_report(min(max(fraction, 0.0), 1.0), message)

    def part(self, start: float, end: float, prefix: str = "") -> Context:
        """A context whose 0 to 1 is the stretch from `start` to `end` of this one."""

        def on_report(fraction: float, message: str) -> None:
            self._on_report(start + (end - start) * fraction, f"{prefix}{message}")

        return Context(on_report, self._cancelled)


@dataclass(frozen=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Finding:
    """A classic failure seen in this run: its name, the evidence in numbers, and one thing to try."""

    name: str
    evidence: str
    suggestion: str


@dataclass(frozen=True)
class Metric:
    """A metric's short name for figures and sentences, and what it means. `better` is "higher", "lower" or
    "".
    """

    label: str
    meaning: str
    unit: str = ""
    better: str = ""
    percent: bool = False

    def shown(self, value: float) -> str:
        if self.percent:
            return f"{value:.1%}"
        return f"{value:,.0f}" if 1e3 <= abs(value) < 1e7 else f"{value:.4g}"


@dataclass(frozen=True)
class Check:
    """One reference check: what was published where, and what came out of the lab here."""

    name: str
    source: str
    published: float
    found: float
    tolerance: float

    @property
    def ok(self) -> bool:
        return bool(abs(self.found - self.published) <= self.tolerance)


@dataclass(frozen=True)
class LabResult:
    """A finished run. `series` are the arrays behind `charts`; `parameters` are as run, sweep values as a
    list.
    """

    lab: str
    title: str
    parameters: dict[str, Any]
    seed: int
    metrics: dict[str, float]
    charts: tuple[Chart, ...] = ()
    series: dict[str, np.ndarray] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe and small: everything but the arrays. A number that is not finite becomes None."""
        return json_safe(
            {
                "lab": self.lab,
                "title": self.title,
                "parameters": self.parameters,
                "seed": self.seed,
                "seconds": round(self.seconds, 4),
                "metrics": self.metrics,
                "tables": [{"title": t.title, "columns": t.columns, "rows": t.rows} for t in self.tables],
                "notes": self.notes,
                "findings": [vars(finding) for finding in self.findings],
                "charts": [
                    {"name": chart.name, "title": chart.title, "alt": alt_text(chart, self.series)}
                    for chart in self.charts
                ],
                "permalink": self.permalink(),
            }
        )

    def chart(self, name: str) -> Chart:
        """The chart of that name; KeyError where there is none."""
        return {chart.name: chart for chart in self.charts}[name]

    def chart_data(self, name: str) -> dict[str, Any]:
        """One chart as JSON-safe data, for interactive display."""
        return chart_data(self.chart(name), self.series)

    def permalink(self) -> str:
        """The run as a link that replays it: what differs from the defaults, and the seed."""
        from labs.permalink import format_permalink

        return format_permalink(self.lab, self.parameters)

    def compare(self, other: LabResult) -> LabResult:
        """This run and another of the same lab in one result: charts overlaid, differences in numbers."""
        from labs.registry import get_lab
        from labs.sweep import compare

        return compare(get_lab(self.lab), self, other)


@dataclass(frozen=True)
class Plan:
    """A checked request: one run, or one per value of the parameter `swept`."""

    lab: str
    params: tuple[LabParams, ...]
    swept: str | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of the swept parameter, in order; empty for a single run."""
        return tuple(params.to_dict()[self.swept] for params in self.params) if self.swept else ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter as run, in plain JSON types; the swept one as a list."""
        merged = self.params[0].to_dict()
        return {**merged, self.swept: list(self.values)} if self.swept else merged


@dataclass(frozen=True)
class Lab:
    """One teaching experiment: what it is, what it takes, and the function that runs it once.

    Required are the first six fields. The rest tells the router how students speak of it (`synonyms` name the
    lab, `topics` are words of its subject, `examples` are messages that run it), the page what its metrics
    mean (the first ones lead in comparisons), the guard what a run costs, and the notebook how to use the
    core.
    """

    id: str
    title: str
    lectures: tuple[int, ...]
    learn: str
    params: type[LabParams]
    run: Callable[[Any, Context], LabResult]
    synonyms: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    sweep_metrics: tuple[
        str, ...
    ] = ()  # drawn against the values of a swept parameter; default: the first metric
    core: tuple[str, ...] = ()  # dotted names of the core's functions, in reading order
    cost: Callable[[Any], float] | None = None  # estimated seconds of one run on two ordinary cores
    cost_of: str = ""  # what the cost is a product of, in words: "runs × steps × policies"
    cost_limit: float = 60.0  # seconds, for the whole request
    sweep_remarks: Callable[[str, tuple[LabResult, ...]], tuple[list[str], list[Finding]]] | None = None
    verify: Callable[[], tuple[Check, ...]] | None = None
    demo: str = ""  # notebook code that runs and plots the core from variables named as the parameters
    notebook_imports: tuple[
        str, ...
    ] = ()  # import lines the core needs beyond NumPy and the common standard library
    # notebook code that brings the data which only this run has, from its parameters; "" where there is none
    notebook_data: Callable[[Mapping[str, Any]], str] | None = None
    exercises: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()  # heavy modules that a warm worker imports ahead of the first run

    @property
    def parameters(self) -> tuple[ParamInfo, ...]:
        """Each parameter described, for forms, routers and help; the seed last."""
        infos = describe(self.params)
        return tuple(sorted(infos, key=lambda info: info.name == "seed"))

    def parameter(self, name: str) -> ParamInfo:
        return {info.name: info for info in self.parameters}[name]

    @property
    def defaults(self) -> dict[str, Any]:
        return self.params().to_dict()

    def validate(self, values: Mapping[str, Any]) -> Plan:
        """Check raw values (strings and lists from anywhere); raises BadParameterError with one sentence.

        A list for a parameter that takes a single value asks for a sweep: one run per value.
        """
        from labs.checking import make_plan

        return make_plan(self, values)

    def execute(self, values: Mapping[str, Any] | Plan, context: Context | None = None) -> LabResult:
        """Check and run here, in this process: the whole request, sweeps included."""
        from labs.sweep import run_plan

        plan = values if isinstance(values, Plan) else self.validate(values)
        return run_plan(self, plan, context or Context())

    def source(self) -> str:
        """The teaching code of the core, as text."""
        from labs.source import core_source

        return core_source(self)


__all__ = [
    "Chart",
    "Check",
    "Context",
    "Finding",
    "Lab",
    "LabParams",
    "LabResult",
    "Metric",
    "Plan",
    "Table",
    "UnknownLabError",
]
