"""What the labs room shows, as HTML and as data for its figures. Pure functions; every text is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from labs.base import Lab, LabResult
from labs.charts import chart_data
from labs.overlay import variant_values
from labs.registry import get_lab
from tutor.lab_presets import Preset, common, presets
from tutor.sessions import Run
from tutor.teaching.prediction import Outcome, Prediction
from tutor.web.lab_room import form
from tutor.web.lab_room.code import highlighted
from tutor.web.looks import ASSETS
from tutor.web.results import metrics_html, seconds, setting, settings_html, tables_html

DIGITS = 5  # significant ones of a coordinate: more than any screen shows
POINTS = 600  # of a curve on the page; a CSV has them all


# ---- the gallery


def gallery_html(labs: Iterable[Lab], said: str = "") -> str:
    """A card for each lab, in the order of the lectures."""
    ordered = sorted(labs, key=lambda lab: lab.lectures[0])
    cards = "".join(_card(lab) for lab in ordered)
    return (
        '<header class="t-lab-top"><h2 tabindex="-1">Labs</h2>'
        f"<p>{_count(len(ordered))} experiments of the course, run for real on this computer. "
        "Change one thing, guess what will happen, and look.</p></header>"
        + notice_html(said)
        + f'<div class="t-cards">{cards}</div>'
    )


def _card(lab: Lab) -> str:
    return (
        f'<button type="button" class="t-card" data-lab="{lab.id}">'
        f'<span class="t-shot" aria-hidden="true">{picture(lab.id)}</span>'
        f'<span class="t-words"><strong>{html.escape(lab.title)}</strong>'
        f"<span>{html.escape(lab.learn)}</span><i>{lectures(lab)}</i></span></button>"
    )


@lru_cache(maxsize=32)
def picture(lab_id: str) -> str:
    """The picture that a real run drew (scripts/lab_pictures.py); empty for a lab that has none yet."""
    path = ASSETS / "labs" / f"{lab_id}.svg"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def lectures(lab: Lab) -> str:
    """ "Lecture 9", "Lectures 4 and 5", "Lectures 1 to 3"."""
    first, last = lab.lectures[0], lab.lectures[-1]
    if first == last:
        return f"Lecture {first}"
    return f"Lectures {first} {'and' if len(lab.lectures) == 2 else 'to'} {last}"


def _count(number: int) -> str:
    words = (
        "No",
        "One",
        "Two",
        "Three",
        "Four",
        "Five",
        "Six",
        "Seven",
        "Eight",
        "Nine",
        "Ten",
        "Eleven",
        "Twelve",
    )
    return words[number] if number < len(words) else str(number)


# ---- one lab


def lab_html(lab: Lab, chosen: Mapping[str, Any]) -> str:
    """The room of one lab: its stories, its form, and the place where results appear."""
    stories = "".join(_story(i, preset) for i, preset in enumerate(presets(lab)))
    told = (
        f'<section class="t-stories" aria-label="Stories to begin with"><h3>Begin with a story</h3>'
        f'<div class="t-story-row">{stories}</div></section>'
        if stories
        else ""
    )
    return (
        '<header class="t-lab-top"><button type="button" class="t-back" data-do="back">'
        '<span aria-hidden="true">←</span> All labs</button>'
        f'<h2 tabindex="-1">{html.escape(lab.title)}</h2>'
        f"<p>{html.escape(lab.learn)} <i>{lectures(lab)}</i></p></header>"
        f"{told}"
        '<div class="t-bench"><form class="t-form" novalidate aria-label="Settings of the run">'
        f'<div class="t-fields" data-part="fields">{form.form_html(lab, common(lab), chosen)}</div>'
        '<div class="t-run" ><p class="t-refusal" role="alert" data-part="refusal"></p>'
        '<label class="t-guess"><input type="checkbox" data-part="guess"> Guess before it runs</label>'
        '<div class="t-run-row"><button type="submit" class="t-primary" data-part="run">Run</button>'
        '<button type="button" class="t-quiet" data-do="reset">Reset</button></div></div></form>'
        '<p class="t-hidden" role="status" data-part="status"></p>'
        '<div class="t-outcome"><div data-part="progress"></div><div data-part="question"></div>'
        '<div data-part="result">'
        '<p class="t-empty">Press <b>Run</b>, or begin with a story. The figure appears here.</p></div>'
        '<section class="t-history" data-part="history" aria-label="Your runs"></section></div></div>'
        '<details class="t-core" data-part="core"><summary>The code that runs</summary>'
        '<div class="t-core-body">Loading …</div></details>'
    )


def _story(number: int, preset: Preset) -> str:
    return (
        f'<button type="button" class="t-story" data-preset="{number}">'
        f"<strong>{html.escape(preset.name)}</strong><span>{html.escape(preset.story)}</span></button>"
    )


def core_html(lab: Lab) -> str:
    """The teaching code of a lab, highlighted."""
    return (
        '<p class="t-core-bar">The algorithm as it runs here, without plots and forms.'
        '<button type="button" class="t-quiet" data-do="copy-code">Copy</button></p>'
        f'<pre tabindex="0" aria-label="Source code"><code>{highlighted(lab.source())}</code></pre>'
    )


# ---- a guess


def question_html(asked: Prediction) -> str:
    """The question before a run, with a button for each answer, or a box for a number."""
    words = strong(asked.question.split("\n\n")[0])
    if asked.options:
        choices = "".join(
            f'<button type="button" class="t-answer" data-guess="{html.escape(_letter(i), quote=True)}">'
            f"<b>{_letter(i)}</b> {html.escape(option)}</button>"
            for i, option in enumerate(asked.options)
        )
        answer = f'<div class="t-answers">{choices}</div>'
    else:
        unit = "%" if asked.percent else ""
        answer = (
            '<div class="t-answers"><label class="t-hidden" for="lab-guess">Your guess</label>'
            f'<input id="lab-guess" type="text" inputmode="decimal" autocomplete="off">{unit}'
            '<button type="button" class="t-primary" data-guess="">Run and compare</button></div>'
        )
    return (
        f'<div class="t-ask-first"><h3>What do you think?</h3><p>{words}</p>{answer}'
        '<button type="button" class="t-quiet" data-do="skip-guess">Run without a guess</button></div>'
    )


def outcome_html(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    kind = "t-right" if outcome.score == 1 else "t-close" if outcome.score else "t-surprise"
    return f'<div class="t-notice {kind}">{strong(outcome.said)}</div>'


def _letter(at: int) -> str:
    return "ABCDEFGHI"[at]


# ---- a result


def result_html(run: Run | None, result: LabResult, outcome: Outcome | None) -> str:
    """What came out: figures' places, what happened in words, the numbers, and what can be done with it.

    `run` is None for a comparison, which is drawn from kept runs and is none itself.
    """
    figures = "".join(
        f'<figure class="t-figure" data-chart="{i}"></figure>' for i in range(len(result.charts))
    )
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in result.notes)
    findings = "".join(
        f'<div class="t-notice t-warning"><b>{html.escape(finding.name.replace("_", " ").capitalize())}.</b> '
        f"{html.escape(finding.evidence)} {html.escape(finding.suggestion)}</div>"
        for finding in result.findings
    )
    head = f"{len(result.charts)} figure{'s' if len(result.charts) != 1 else ''}"
    told = f'<p class="t-took">{head}, {seconds(result.seconds)}</p>' if run is not None else ""
    chosen = settings_html(result.parameters, run.chosen) if run is not None else ""
    return (
        f"{outcome_html(outcome)}{_actions(run)}"
        f'<div class="t-figures">{figures}</div>'
        f'<section class="t-read"><h3>What happened</h3>{findings}<ul>{notes}</ul></section>'
        f'<section class="t-read"><h3>The numbers</h3>{metrics_html(result)}{tables_html(result)}</section>'
        f"{chosen}{told}"
    )


def _actions(run: Run | None) -> str:
    if run is None:
        return ""
    ident = html.escape(run.run_id, quote=True)
    return (
        f'<div class="t-actions" role="group" aria-label="What to do with this run" data-run="{ident}">'
        '<button type="button" class="t-primary" data-do="ask">Ask the tutor about this run</button>'
        '<button type="button" class="t-quiet" data-do="copy-link">Copy link</button>'
        '<button type="button" class="t-quiet" data-do="file" data-kind="csv">CSV</button>'
        '<button type="button" class="t-quiet" data-do="file" data-kind="notebook">Notebook</button></div>'
    )


def charts_json(result: LabResult) -> list[dict[str, Any]]:
    """The charts as data for the page's figures, rounded to what a screen can show."""
    return [_rounded(chart_data(chart, result.series, POINTS)) for chart in result.charts]


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        short = float(f"{value:.{DIGITS}g}")
        return int(short) if short.is_integer() and abs(short) < 1e9 else short
    return value


# ---- history


def history_html(runs: Sequence[Run], shown: str = "") -> str:
    """The runs of a visitor, newest first: open one, or tick several and lay them over each other."""
    if not runs:
        return ""
    rows = "".join(_past(n, run, run.run_id == shown) for n, run in reversed(list(enumerate(runs, start=1))))
    hint = (
        '<button type="button" class="t-quiet" data-do="compare" disabled>Compare ticked runs</button>'
        if len(runs) > 1
        else ""
    )
    return f'<div class="t-history-head"><h3>Your runs</h3>{hint}</div><ol class="t-past">{rows}</ol>'


def _past(number: int, run: Run, current: bool) -> str:
    ident = html.escape(run.run_id, quote=True)
    told = ", ".join(
        f"{name.replace('_', ' ')} {setting(value)}"
        for name, value in run.result.parameters.items()
        if name in run.chosen
    )
    lead = _lead(run.result)
    now = ' aria-current="true"' if current else ""
    return (
        f'<li{now}><input type="checkbox" value="{ident}" aria-label="Compare run {number}">'
        f'<button type="button" data-open="{ident}"><b>{number}</b> <span>{html.escape(told or "defaults")}</span>'
        f"<i>{html.escape(lead)}</i></button></li>"
    )


def _lead(result: LabResult) -> str:
    """The number by which a run is remembered: the lab's first leading metric, in its best variant."""
    lab = get_lab(result.lab)
    for name in (*lab.sweep_metrics, *lab.metrics):
        values = [v for v in variant_values(name, result).values() if v is not None and v == v]
        if values and name in lab.metrics:
            metric = lab.metrics[name]
            best = min(values) if metric.better == "lower" else max(values)
            return f"{metric.label} {metric.shown(best)}"
    return ""


def notice_html(said: str, kind: str = "t-warning") -> str:
    return f'<div class="t-notice {kind}" role="alert">{html.escape(said)}</div>' if said else ""


def strong(text: str) -> str:
    """Escaped, with **words** bold and *words* in italics."""
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(text))
    return re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"<em>\1</em>", bold)
