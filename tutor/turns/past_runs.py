"""A turn about runs that are over: told, listed, shown again, compared, ranked, explained.

Every number is read from the stored runs or computed from them by the labs' own comparison, so these answers need no
model and no new run. Runs are called by their number in the conversation, counted from 1.
"""

from __future__ import annotations

import math
import re
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labs.base import Lab, LabResult, Metric
from labs.fields import as_text
from labs.overlay import variant_values
from labs.sweep import DATA, compare
from tutor.events import Event, LabFinished, Notice, Text
from tutor.library import Library
from tutor.models.base import LoadedModel
from tutor.planning.past_runs import Act, Pointer, metric_words
from tutor.sessions import PastRun, Run, SessionStore
from tutor.turns.draft import Draft
from tutor.turns.experiment import follow_ups, say_why
from tutor.turns.wording import result_answer

TOLD = 8  # metrics of one run, where none was named
LISTED = 30  # runs in one list
COMPARED = 6  # runs in one comparison: more cannot be told apart in one plot


def answer_past_runs(
    pointer: Pointer,
    draft: Draft,
    sessions: SessionStore,
    library: Library,
    model: LoadedModel,
    labs: Mapping[str, Lab],
    cancel: threading.Event,
) -> Iterator[Event]:
    """Yield the events of one such turn and fill in `draft`."""
    draft.intent = "question"
    runs = [run for run in pointer.runs if run.lab in labs]
    told = [run for turn in sessions.outline(draft.session_id) for run in turn.runs]
    if pointer.problem or not runs:
        draft.answer = pointer.problem or "The labs of these runs are no longer part of the course."
        _offer(draft, labs, (), pointer.act, told)
        yield Text(draft.answer)
        return
    draft.plan = {"past": [run.number for run in runs]}
    if pointer.act in ("compare", "tell") and len(runs) > 1:
        yield from _compared(runs[:COMPARED], len(runs), draft, sessions, labs)
    elif pointer.act == "best":
        draft.answer = best_words(runs, draft.question, labs)
        yield Text(draft.answer)
    elif pointer.act == "list":
        draft.answer = list_words(runs, labs)
        yield Text(draft.answer)
    elif pointer.act == "tell":
        draft.answer = run_words(runs[0], labs[runs[0].lab], draft.question)
        yield Text(draft.answer)
    else:
        yield from _shown(
            runs[:COMPARED], pointer.act == "explain", draft, sessions, library, model, labs, cancel
        )
    _offer(draft, labs, runs, pointer.act, told)


# ---- one run


def run_name(run: PastRun, labs: Mapping[str, Lab]) -> str:
    """ "Run 2 (The k-armed bandit; epsilons = [0.3])": what a student can tell it from the others by."""
    return f"Run {run.number} (*{labs[run.lab].title}*{settings_words(run)})"


def settings_words(run: PastRun) -> str:
    chosen = ", ".join(f"{name} = {_shown_value(value)}" for name, value in run.chosen.items())
    return f"; {chosen}" if chosen else ", with the lab's own settings"


def run_words(run: PastRun, lab: Lab, question: str = "") -> str:
    """The numbers of one run: those that the question names, else the leading ones."""
    asked = metrics_named(question, lab)
    shown = {name: value for name, value in run.metrics.items() if name.partition("[")[0] in asked}
    numbers = shown or dict(list(run.metrics.items())[:TOLD])
    rows = "\n".join(
        f"| {_label(name, lab)} | {_value(name, value, lab)} |" for name, value in numbers.items()
    )
    return f"{run_name(run, {lab.id: lab})}:\n\n| number | value |\n|---|---|\n{rows}"


def metrics_named(question: str, lab: Lab) -> set[str]:
    """The metrics of a lab that a message speaks of: those that share the most words with it."""
    said = set(re.findall(r"[a-z][\w²-]+", question.lower()))
    shared = {name: len(metric_words(lab, name) & said) for name in lab.metrics}
    most = max(shared.values(), default=0)
    return {name for name, count in shared.items() if count == most} if most else set()


def _shown(
    runs: Sequence[PastRun],
    explain: bool,
    draft: Draft,
    sessions: SessionStore,
    library: Library,
    model: LoadedModel,
    labs: Mapping[str, Lab],
    cancel: threading.Event,
) -> Iterator[Event]:
    """The plots once more, with what the lab said of them; and why it came out so, where that was asked."""
    for past in runs:
        run = sessions.load_run(draft.session_id, past)
        draft.runs.append(Run(f"again-{secrets.token_hex(6)}", run.chosen, run.result, again=True))
        yield LabFinished(draft.runs[-1].run_id, run.result)
        told = f"{run_name(past, labs)}. {result_answer(run.result, None)}"
        delta = f"\n\n{told}" if draft.answer else told
        draft.answer += delta
        yield Text(delta)
    if explain and len(runs) == 1 and not cancel.is_set():
        yield from say_why(labs[runs[0].lab], run, draft, library, model, cancel)


# ---- several runs


def _compared(
    runs: Sequence[PastRun],
    asked: int,
    draft: Draft,
    sessions: SessionStore,
    labs: Mapping[str, Lab],
) -> Iterator[Event]:
    """Runs of one lab overlaid, with the differences in numbers; of several labs, each one's own numbers."""
    kinds = list(dict.fromkeys(run.lab for run in runs))
    if len(kinds) > 1:
        draft.answer = f"{_two_labs(runs, labs)}\n\n{list_words(runs, labs)}"
        yield Text(draft.answer)
        return
    if asked > len(runs):
        yield Notice(
            f"You asked for {asked} runs; these are the first {COMPARED} of them, which one plot can hold."
        )
    lab = labs[kinds[0]]
    result = compared(draft.session_id, runs, sessions, lab)
    draft.runs.append(Run(f"compared-{secrets.token_hex(6)}", {}, result, again=True))
    yield LabFinished(draft.runs[-1].run_id, result)
    draft.answer = comparison_words(runs, result, labs)
    yield Text(draft.answer)


def compared(session_id: str, runs: Sequence[PastRun], sessions: SessionStore, lab: Lab) -> LabResult:
    """The runs of one lab in one result: charts overlaid, metrics side by side."""
    first, *others = [sessions.load_run(session_id, run).result for run in runs]
    return compare(lab, first, *others)


def comparison_words(runs: Sequence[PastRun], result: LabResult, labs: Mapping[str, Lab]) -> str:
    """What differs between runs of one lab: their settings, then their numbers."""
    lab = labs[runs[0].lab]
    changed = _changed(runs)
    if not changed:
        same = "have the same settings, so their numbers are the same too."
        return f"{_numbers(runs)} {same}\n\n{run_words(runs[0], lab)}"
    head = f"{_numbers(runs)} of *{lab.title}* differ in {_listed([name.replace('_', ' ') for name in changed])}."
    columns = [f"{name} = {_shown_value(value)}" for name, value in _alike(runs, changed).items()]
    alike = f" Both had {', '.join(columns)}." if columns and len(runs) == 2 else ""
    words = " ".join(result.notes)
    if not words and (name := _measure(runs, "", lab)):  # each compares something else within itself
        words = _winner(runs, name, "", lab)
    return "\n\n".join(part for part in (head + alike, words, _table(runs, changed, lab)) if part)


def _table(runs: Sequence[PastRun], changed: Sequence[str], lab: Lab) -> str:
    """One row a setting that differs and a metric; one column a run. Of a comparison in a run, its best variant."""
    rows = [(name, [_shown_value(run.parameters.get(name)) for run in runs]) for name in changed]
    for name in list(lab.metrics)[:TOLD]:
        cells = [_leading(run, name, lab) for run in runs]
        if any(cells):
            rows.append((lab.metrics[name].label, [cell or "–" for cell in cells]))
    top = " | ".join(f"run {run.number}" for run in runs)
    body = "\n".join(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)
    return f"| | {top} |\n|---|{'---|' * len(runs)}\n{body}"


def _leading(run: PastRun, name: str, lab: Lab) -> str:
    """A metric of a run for one cell: the value, or the best variant's with its name."""
    values = _variants(run, name)
    if not values:
        return ""
    metric = lab.metrics[name]
    at = _best_of(values, metric)
    return f"{metric.shown(values[at])}{f' ({_variant_words(at)})' if at else ''}"


def _two_labs(runs: Sequence[PastRun], labs: Mapping[str, Lab]) -> str:
    titles = [f"*{labs[lab].title}*" for lab in dict.fromkeys(run.lab for run in runs)]
    return (
        f"{_numbers(runs)} are of different experiments ({_listed(titles)}): their numbers measure different things, "
        "so there is no better or worse among them. Here is what each one got."
    )


def best_words(runs: Sequence[PastRun], question: str, labs: Mapping[str, Lab]) -> str:
    """Which run did best, lab by lab, by the metric that the question names or else the lab's leading one."""
    parts = []
    for lab_id in dict.fromkeys(run.lab for run in runs):
        of_lab = [run for run in runs if run.lab == lab_id]
        parts.append(_ranking(of_lab, question, labs[lab_id]))
    return "\n\n".join(parts)


def _ranking(runs: Sequence[PastRun], question: str, lab: Lab) -> str:
    name = _measure(runs, question, lab)
    if name is None:
        return f"The runs of *{lab.title}* have no number in common to rank them by."
    metric = lab.metrics[name]
    if len(runs) == 1 and len(_variants(runs[0], name)) == 1:
        return f"Of *{lab.title}* there is only run {runs[0].number}: {metric.label} {_leading(runs[0], name, lab)}."
    table = _values_table(runs, name, lab)
    if not _wanted(question, metric):
        return f"For {metric.label} there is no better or worse. Here are the values.\n\n{table}"
    meaning = f"{metric.label[:1].upper()}{metric.label[1:]} means: {metric.meaning.rstrip('.')}."
    return f"{_winner(runs, name, question, lab)} {meaning}\n\n{table}{_caution(runs)}"


def _measure(runs: Sequence[PastRun], question: str, lab: Lab) -> str | None:
    """The metric to rank by: the one that the question names, else the first leading one that has a better end."""
    named = metrics_named(question, lab)
    order = [name for name in (*lab.sweep_metrics, *lab.metrics) if _any(runs, name)]
    return next((n for n in order if n in named), None) or next(
        (n for n in order if lab.metrics[n].better), None
    )


def _winner(runs: Sequence[PastRun], name: str, question: str, lab: Lab) -> str:
    metric = lab.metrics[name]
    better = _wanted(question, metric)
    rows = [(value, run, variant) for run in runs for variant, value in _variants(run, name).items()]
    rows.sort(key=lambda row: row[0], reverse=better == "higher")
    top, run, variant = rows[0]
    which = f", with {_variant_words(variant)}," if variant else ""
    word = "highest" if better == "higher" else "lowest"
    settings = settings_words(run).lstrip("; ,")
    told = f"**Run {run.number}**{which} has the {word} {metric.label}: {metric.shown(top)} ({settings})."
    ties = [
        r for value, r, _ in rows[1:] if math.isclose(value, top, rel_tol=1e-9) and r.number != run.number
    ]
    if ties:
        told += f" {_numbers(ties)} got the same."
    if metric.better and better != metric.better and not re.search(r"\bwors[et]", question.lower()):
        told += f" Mind that for {metric.label}, {'more' if metric.better == 'higher' else 'less'} is better."
    return told


def _wanted(question: str, metric: Metric) -> str:
    """Whether the student looks for the highest or the lowest value."""
    text = question.lower()
    if re.search(r"\b(?:highest|largest|biggest|greatest|most)\b", text):
        return "higher"
    if re.search(r"\b(?:lowest|smallest|least|fewest)\b", text):
        return "lower"
    worse = re.search(r"\b(?:worst|worse)\b", text)
    return {"higher": "lower", "lower": "higher"}.get(metric.better, "") if worse else metric.better


def _values_table(runs: Sequence[PastRun], name: str, lab: Lab) -> str:
    metric = lab.metrics[name]
    rows = "\n".join(
        f"| {run.number} | {settings_words(run).lstrip('; ,')}{f'; {_variant_words(variant)}' if variant else ''} "
        f"| {metric.shown(value)} |"
        for run in runs
        for variant, value in _variants(run, name).items()
    )
    return f"| run | settings | {metric.label} |\n|---|---|---|\n{rows}"


def list_words(runs: Sequence[PastRun], labs: Mapping[str, Lab]) -> str:
    """The runs as a table: number, experiment, what was set, its leading number."""
    rows = []
    for run in runs[-LISTED:]:
        lab = labs[run.lab]
        name = next((n for n in (*lab.sweep_metrics, *lab.metrics) if _variants(run, n)), None)
        lead = f"{lab.metrics[name].label} {_leading(run, name, lab)}" if name else "–"
        rows.append(f"| {run.number} | {lab.title} | {settings_words(run).lstrip('; ,')} | {lead} |")
    before = f"The newest {LISTED} of {len(runs)} runs:\n\n" if len(runs) > LISTED else ""
    return f"{before}| run | experiment | settings | result |\n|---|---|---|---|\n" + "\n".join(rows)


# ---- small things


def _shown_value(value: Any) -> str:
    """A setting as a student would say it: 0.1 rather than [0.1]."""
    return as_text(value[0]) if isinstance(value, list) and len(value) == 1 else as_text(value)


def _variants(run: PastRun, name: str) -> dict[str, float]:
    """The finite values of one metric by variant: {"": 1.2} or {"epsilon=0.1": 1.2, ...}."""
    holder: Any = run  # only its metrics are read
    return {k: v for k, v in variant_values(name, holder).items() if v is not None and math.isfinite(v)}


def _variant_words(variant: str) -> str:
    return variant.replace("_", " ").replace("=", " = ")


def _any(runs: Sequence[PastRun], name: str) -> bool:
    return any(_variants(run, name) for run in runs)


def _best_of(values: Mapping[str, float], metric: Metric) -> str:
    pick = min if metric.better == "lower" else max
    return pick(values, key=lambda variant: values[variant])


def _changed(runs: Sequence[PastRun]) -> list[str]:
    first = runs[0].parameters
    return [name for name in first if any(run.parameters.get(name) != first[name] for run in runs[1:])]


def _alike(runs: Sequence[PastRun], changed: Sequence[str]) -> dict[str, Any]:
    """What the student set the same in all of the runs."""
    first = runs[0].chosen
    return {
        name: value
        for name, value in first.items()
        if name not in changed and all(run.chosen.get(name) == value for run in runs[1:])
    }


def _caution(runs: Sequence[PastRun]) -> str:
    if any(name in DATA for name in _changed(runs)):
        return "\n\nThese runs used different data: compare the story, not the size of the numbers."
    return ""


def _label(name: str, lab: Lab) -> str:
    base, _, variant = name.partition("[")
    label = lab.metrics[base].label if base in lab.metrics else base.replace("_", " ")
    return f"{label} ({variant.rstrip(']')})" if variant else label


def _value(name: str, value: float | None, lab: Lab) -> str:
    metric = lab.metrics.get(name.partition("[")[0])
    if value is None:
        return "not a number"
    return metric.shown(value) if metric else f"{value:.4g}"


def _numbers(runs: Sequence[PastRun]) -> str:
    """ "Run 2", "Runs 1 and 3"."""
    return f"{'Run' if len(runs) == 1 else 'Runs'} {_listed([str(run.number) for run in runs])}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _offer(
    draft: Draft, labs: Mapping[str, Lab], runs: Sequence[PastRun], act: Act, told: Sequence[PastRun]
) -> None:
    """What fits next. `told` are all runs of the conversation."""
    if not told:
        draft.suggest(*(lab.examples[0] for lab in labs.values() if lab.examples))
    elif not runs:
        draft.suggest("List my runs")
    elif len(runs) == 1:
        run = runs[0]
        if act != "explain":
            draft.suggest(f"Explain run {run.number}")
        other = next((r for r in reversed(told) if r.lab == run.lab and r.number != run.number), None)
        if other is not None:
            first, second = sorted((run.number, other.number))
            draft.suggest(f"Compare run {first} and run {second}")
    elif act != "best" and len({run.lab for run in runs}) == 1:
        draft.suggest("Which of them was best?")
    if draft.runs:
        draft.suggest(*follow_ups(labs[runs[-1].lab], draft.runs[-1].result)[:1])
