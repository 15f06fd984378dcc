"""Several runs in one result: a list for a parameter, or two runs compared.

The runs' metrics get the value in brackets (`rmse[hidden=32]`), their charts are overlaid or set side by
side, and the notes say in numbers what differed. Knows charts and metrics, and nothing of any single lab.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from labs.base import Context, Finding, Lab, LabResult, Metric, Plan, Table
from labs.charts import chart_keys
from labs.errors import BadParameterError
from labs.fields import as_text
from labs.overlay import bracket, overlay_charts, shown_in, summary_chart, variant_values

LONGEST_LABEL = 60  # characters of a run's name in a legend
# Parameters that say what a run learns from: errors on different data have different sizes.
DATA = frozenset({"dataset", "csv", "target", "text", "ticker", "tickers", "world"})


def run_plan(lab: Lab, plan: Plan, context: Context) -> LabResult:
    """Run what a plan asks for, here and now; `seconds` of the result is the time it took."""
    start = time.perf_counter()
    if not plan.swept:
        result = lab.run(plan.params[0], context)
    else:
        labels = [f"{plan.swept}={as_text(value)}" for value in plan.values]
        runs = []
        for i, (label, params) in enumerate(zip(labels, plan.params, strict=True)):
            part = context.part(i / len(labels), (i + 1) / len(labels), f"{label}: ")
            part.report(0.0, f"run {i + 1} of {len(labels)}")
            runs.append(lab.run(params, part))
        result = _merge(lab, labels, runs, plan.parameters, plan)
    context.report(1.0, "done")
    return replace(result, seconds=time.perf_counter() - start)


def compare(lab: Lab, first: LabResult, *others: LabResult) -> LabResult:
    """Finished runs of one lab in one result, named by what differs in their parameters."""
    runs = (first, *others)
    if other_lab := next((run.lab for run in others if run.lab != first.lab), None):
        raise BadParameterError(
            f"Only runs of the same lab can be compared, and these are of {first.lab} and {other_lab}; "
            f"choose two runs of one of them."
        )
    names = [
        name
        for name in first.parameters
        if any(run.parameters.get(name) != first.parameters[name] for run in others)
    ]
    labels = [", ".join(f"{name}={as_text(run.parameters.get(name))}" for name in names) for run in runs]
    if not names:
        labels = ["first run", "second run"] if len(runs) == 2 else [""] * len(runs)
    if len(set(labels)) < len(labels):  # the same settings twice: their numbers must not fall together
        labels = [f"run {i}{f', {label}' if label else ''}" for i, label in enumerate(labels, start=1)]
    legend = ""
    if max(map(len, labels)) > LONGEST_LABEL:  # too much differs for a name: said once, in a note
        legend = "; ".join(f"run {i}: {label}" for i, label in enumerate(labels, start=1))
        labels = [f"run {i}" for i in range(1, len(runs) + 1)]
    merged = {name: value for name, value in first.parameters.items() if name not in names}
    merged |= {name: [run.parameters.get(name) for run in runs] for name in names}
    result = _merge(lab, labels, runs, merged, None)
    notes = result.notes
    if other := [name for name in names if name in DATA]:
        told = f"The {'two ' if len(runs) == 2 else ''}runs used different data ({', '.join(other)})"
        caution = f"{told}: compare the story, not the size of the errors."
        notes = (caution, *notes[:4])
    if legend:
        notes = (f"{legend[:1].upper()}{legend[1:]}.", *notes)
    return replace(result, notes=notes, seconds=sum(run.seconds for run in runs))


def _merge(
    lab: Lab, labels: Sequence[str], runs: Sequence[LabResult], parameters: dict[str, Any], plan: Plan | None
) -> LabResult:
    metrics = {
        bracket(k, label): v for label, run in zip(labels, runs, strict=True) for k, v in run.metrics.items()
    }
    series = {
        bracket(k, label): v for label, run in zip(labels, runs, strict=True) for k, v in run.series.items()
    }
    heads = [name for name in (lab.sweep_metrics or tuple(lab.metrics)[:1]) if name in lab.metrics]
    title, notes = _differences(lab, heads, labels, runs)
    summary, more = summary_chart(lab, heads, labels, runs, plan, title)
    series |= more
    charts = [summary] if summary else []
    shared = [
        name
        for name in (c.name for c in runs[0].charts)
        if all(name in {c.name for c in r.charts} for r in runs)
    ]
    for name in shared:  # the result is stated once, above the first figure
        headline = shown_in(runs[0].chart(name), labels) if charts else title
        charts.append(overlay_charts([run.chart(name) for run in runs], labels, runs, headline))
    used = set().union(*(chart_keys(chart) for chart in charts)) if charts else set()
    findings = _findings(labels, runs)
    if plan and plan.swept and lab.sweep_remarks:
        extra_notes, extra_findings = lab.sweep_remarks(plan.swept, tuple(runs))
        notes = [*extra_notes, *notes]
        findings = [*extra_findings, *findings]
    return LabResult(
        lab=lab.id,
        title=title,
        parameters=parameters,
        seed=runs[0].seed,
        metrics=metrics,
        charts=tuple(charts),
        series={key: value for key, value in series.items() if key in used},
        tables=(_table(lab, heads, labels, runs), *_tables(labels, runs)),
        notes=tuple(notes[:5]),
        findings=tuple(findings),
    )


def _differences(
    lab: Lab, heads: Sequence[str], labels: Sequence[str], runs: Sequence[LabResult]
) -> tuple[str, list[str]]:
    """A title that states the result, and one sentence per leading metric (and variant) with the numbers."""
    told: list[str] = []
    title = f"{lab.title}: {labels[0]} to {labels[-1]}"
    for head in heads:
        metric = lab.metrics[head]
        table = [variant_values(head, run) for run in runs]
        variants = [v for v in table[0] if all(v in row for row in table)]
        if len(variants) > 1:  # one sentence over all of them first
            cells = [
                (f"{v.replace('_', ' ')}, {label}", row[v])
                for label, row in zip(labels, table, strict=True)
                for v in variants
            ]
            names, numbers = [name for name, _ in cells], np.array([value for _, value in cells], dtype=float)
            told.append(_sentence(metric, "", names, numbers))
        for variant in variants[:3]:
            told.append(
                _sentence(metric, variant, labels, np.array([row[variant] for row in table], dtype=float))
            )
    notes = [f"{sentence}." for sentence in told if sentence]
    if notes:  # a title that says what changed, where anything did
        telling = [note for note in notes if "is the same in every run" not in note]
        title = (telling or notes)[0].removesuffix(".")
    return title, notes


def _sentence(metric: Metric, variant: str, labels: Sequence[str], values: np.ndarray) -> str:
    if not np.isfinite(values).any():
        return ""
    low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
    subject = f"{metric.label[:1].upper()}{metric.label[1:]}" + (
        f" of {variant.replace('_', ' ')}" if variant else ""
    )
    if np.isfinite(values).all() and values[high] - values[low] <= 1e-9 * max(
        abs(values[high]), abs(values[low]), 1e-300
    ):
        return f"{subject} is the same in every run, {metric.shown(values[0])}"
    known = np.flatnonzero(np.isfinite(values))
    if len(known) == 1 and len(values) > 2:
        return f"{subject} is {metric.shown(values[known[0]])} with {labels[known[0]]}, and not a number elsewhere"
    if len(values) == 2:
        return _pair(metric, subject, labels, values)
    ends = [(low, "lowest"), (high, "highest")]
    (a, first), (b, second) = reversed(ends) if metric.better == "higher" else ends
    shown = metric.shown
    told = f"{subject} is {first} with {labels[a]} ({shown(values[a])})"
    return f"{told} and {second} with {labels[b]} ({shown(values[b])})"


def _pair(metric: Metric, subject: str, labels: Sequence[str], values: np.ndarray) -> str:
    """Two runs: both values, the better or higher one first, and how far apart they are."""
    shown, missing = metric.shown, ~np.isfinite(values)
    if missing.any():
        known = int(missing.argmin())
        return f"{subject} is {shown(values[known])} with {labels[known]}, and not a number with {labels[1 - known]}"
    lower_first = metric.better == "lower"
    a = int(values.argmin() if lower_first else values.argmax())
    b, gap = 1 - a, float(values.max() - values.min())
    apart = f"{100 * gap:.1f} percentage points" if metric.percent else shown(gap)
    apart += " less" if lower_first else " more"
    low, high = sorted(map(float, values))
    if low > 0 and high >= 10 * low:
        apart = f"{high / low:,.0f} times {'less' if lower_first else 'as much'}"
    elif not metric.percent and values[b] and gap < 10 * abs(values[b]):
        apart += f" ({gap / abs(values[b]):.0%})"
    return (
        f"{subject} is {shown(values[a])} with {labels[a]} and {shown(values[b])} with {labels[b]}: {apart}"
    )


def _table(lab: Lab, heads: Sequence[str], labels: Sequence[str], runs: Sequence[LabResult]) -> Table:
    names = list(runs[0].metrics)[:8]
    rows = tuple(
        (label, *(run.metrics.get(name) for name in names)) for label, run in zip(labels, runs, strict=True)
    )
    return Table("The runs compared", ("run", *names), rows)


def _tables(labels: Sequence[str], runs: Sequence[LabResult]) -> tuple[Table, ...]:
    merged = []
    for i, table in enumerate(runs[0].tables):
        others = [run.tables[i] for run in runs if len(run.tables) > i]
        if len(others) == len(runs) and all(other.columns == table.columns for other in others):
            rows = tuple(
                (label, *row) for label, other in zip(labels, others, strict=True) for row in other.rows
            )
            merged.append(Table(table.title, ("run", *table.columns), rows))
    return tuple(merged)


def _findings(labels: Sequence[str], runs: Sequence[LabResult]) -> list[Finding]:
    """Findings of the runs, one per name; the evidence says in which run it was seen."""
    found: dict[str, Finding] = {}
    seen: dict[str, int] = {}
    for label, run in zip(labels, runs, strict=True):
        for finding in run.findings:
            seen[finding.name] = seen.get(finding.name, 0) + 1
            if seen[finding.name] > 2:
                continue
            told = f"{label}: {finding.evidence}"
            known = found.get(finding.name)
            evidence = f"{known.evidence} {told}" if known else told
            # Advice may name a value of this very comparison that fails as well; then the other run's is kept.
            failing = {label for label, run in zip(labels, runs, strict=True) if _has(run, finding.name)}
            advice = known if known is not None and _names_none(known.suggestion, failing) else finding
            found[finding.name] = replace(advice, evidence=evidence)
    for name, count in seen.items():
        if count > 2:
            more = f"{found[name].evidence} The same in {count - 2} more of the runs."
            found[name] = replace(found[name], evidence=more)
    return list(found.values())


def _has(run: LabResult, name: str) -> bool:
    return any(finding.name == name for finding in run.findings)


def _names_none(advice: str, labels: set[str]) -> bool:
    """Whether none of the settings in `labels` ("learning_rate=1") is what the advice tells to try."""
    return not any(re.search(rf"(?<![\w]){re.escape(label)}(?![\d.]*\d)", advice) for label in labels)
