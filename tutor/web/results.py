"""A lab run in the chat: its step with progress and settings, its picture, its numbers. Pure functions."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from labs.base import LabResult
from tutor.web import markup


@dataclass(frozen=True)
class Picture:
    """A drawn chart: the file, its size in pixels, what it shows in words, and the file that is its dark twin."""

    path: str
    alt: str
    width: int = 0
    height: int = 0
    dark: str = ""


@dataclass
class RunView:
    """One lab run as the page follows it."""

    run_id: str
    title: str
    parameters: Mapping[str, Any]
    chosen: Mapping[str, Any]
    fraction: float = 0.0
    message: str = "starting"
    elapsed: float = 0.0
    result: LabResult | None = None
    pictures: Sequence[Picture] = ()


def number(value: Any) -> str:
    """A number short enough for a table; None and what is not finite as a dash."""
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 10_000 else f"{value:.4g}"
    return str(value)


def setting(value: Any) -> str:
    """A parameter's value as a student would write it."""
    if isinstance(value, (list, tuple)):
        return ", ".join(setting(item) for item in value) or "none"
    if isinstance(value, (dict, set)):
        return json.dumps(value, default=str)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return "none" if value is None else number(value) if isinstance(value, (float, bool)) else str(value)


def seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {int(value % 60)} s"


def run_step(run: RunView, turn_done: bool) -> dict[str, Any]:
    """The collapsible step of a lab: open with a bar while it runs, closed with its settings afterwards."""
    title = markup.label(run.title)
    if run.result is None and not turn_done:
        percent = round(100 * run.fraction)
        body = (
            f'<progress class="t-bar" max="100" value="{percent}" title="Progress of the run"></progress>'
            f'<div class="t-progress"><b>{percent}%</b> <span>{markup.label(run.message)}</span>'
            f"<time>{seconds(run.elapsed)}</time></div>"
        )
        return {
            "role": "assistant",
            "content": body + settings_html(run.parameters, run.chosen),
            "metadata": {"title": f"Running: {title}", "status": "pending"},
        }
    ended = run.result is not None
    return {
        "role": "assistant",
        "content": settings_html(run.parameters, run.chosen),
        "metadata": {
            "title": f"{'Ran' if ended else 'Stopped'}: {title}",
            "status": "done",
            "log": seconds(run.elapsed),
        },
    }


def settings_html(parameters: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
    """Every parameter as run; those that the student set come first and stand out."""
    names = [name for name in parameters if name in chosen] + [
        name for name in parameters if name not in chosen
    ]
    items = ""
    for name in names:
        chose = ' class="t-chosen"' if name in chosen else ""
        shown = html.escape(name.replace("_", " "))
        items += f"<div{chose}><dt>{shown}</dt><dd>{html.escape(setting(parameters[name]))}</dd></div>"
    return f'<dl class="t-settings" aria-label="Settings of this run">{items}</dl>'


_VARIANT = re.compile(r"(?P<name>[^\[]+)\[(?P<variant>.+)\]\Z")


def metric_rows(metrics: Mapping[str, float]) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
    """Flat metrics as a table: one row a variant (`reward_final[epsilon=0.1]`), one column a metric."""
    columns: list[str] = []
    rows: dict[str, dict[str, float]] = {}
    for key, value in metrics.items():
        match = _VARIANT.match(key)
        name, variant = (match["name"], match["variant"]) if match else (key, "")
        if name not in columns:
            columns.append(name)
        rows.setdefault(variant, {})[name] = value
    return columns, [(variant, [row.get(name) for name in columns]) for variant, row in rows.items()]


def metrics_html(result: LabResult) -> str:
    """The metrics as a small table, with what each one means in its heading's tooltip."""
    if not result.metrics:
        return ""
    meanings = _metrics_of(result.lab)

    def head(name: str) -> str:
        known = meanings.get(name)
        tip = f' title="{html.escape(known.meaning, quote=True)}"' if known else ""
        return f'<th scope="col"{tip}>{html.escape(name.replace("_", " "))}</th>'

    def cell(name: str, value: float | None) -> str:
        known = meanings.get(name)
        finite = value is not None and value == value and abs(value) != float("inf")
        shown = known.shown(value) if known and finite else number(value)
        return f"<td>{html.escape(shown)}</td>"

    columns, rows = metric_rows(result.metrics)
    if len(rows) == 1 and not rows[0][0]:
        body = "".join(
            "<tr>" + head(name).replace("col", "row", 1) + cell(name, value) + "</tr>"
            for name, value in zip(columns, rows[0][1], strict=True)
        )
        return f'<table class="t-metrics t-narrow" aria-label="Metrics"><tbody>{body}</tbody></table>'
    body = "".join(
        f'<tr><th scope="row">{html.escape(variant.replace("_", " ")) or "whole run"}</th>'
        + "".join(cell(name, value) for name, value in zip(columns, values, strict=True))
        + "</tr>"
        for variant, values in rows
    )
    top = "".join(head(name) for name in columns)
    return (
        '<div class="t-scroll" tabindex="0" role="region" aria-label="Metrics"><table class="t-metrics">'
        f'<thead><tr><th scope="col"></th>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _metrics_of(lab: str) -> Mapping[str, Any]:
    from labs.errors import UnknownLabError
    from labs.registry import get_lab

    try:
        return get_lab(lab).metrics
    except UnknownLabError:  # a run of a lab that has been taken away since
        return {}


def tables_html(result: LabResult) -> str:
    """The lab's own tables, folded away: the metrics come first."""
    out = []
    for table in result.tables:
        top = "".join(f'<th scope="col">{html.escape(str(column))}</th>' for column in table.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(number(value))}</td>" for value in row) + "</tr>"
            for row in table.rows[:30]
        )
        more = f"<p>and {len(table.rows) - 30} more rows</p>" if len(table.rows) > 30 else ""
        out.append(
            f'<details class="t-table"><summary>{html.escape(table.title)}</summary>'
            '<div class="t-scroll" tabindex="0"><table class="t-metrics">'
            f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{more}</div></details>"
        )
    return "".join(out)


def picture_html(picture: Picture) -> str:
    """A chart as an image that opens in full. (A file in a chat message would lose its alternative text.)

    Of it and its dark twin the style sheet shows one, and a browser fetches a lazy image only when it is shown.
    """
    src = html.escape(f"gradio_api/file={quote(picture.path)}", quote=True)
    size = f' width="{picture.width}" height="{picture.height}"' if picture.width else ""
    alt = html.escape(picture.alt, quote=True).replace("\n", " ")
    shown = f'<img class="t-day" loading="lazy" src="{src}" alt="{alt}"{size}>'
    if picture.dark:
        dark = html.escape(f"gradio_api/file={quote(picture.dark)}", quote=True)
        shown += f'<img class="t-night" loading="lazy" src="{dark}" alt="{alt}"{size}>'
    else:
        shown = shown.replace(' class="t-day"', "")
    return (
        f'<a class="t-picture" href="{src}" target="_blank" rel="noopener" title="Open the picture in full">'
        f"{shown}</a>"
    )


def result_markdown(result: LabResult, said: str = "") -> str:
    """What came out of a run: metrics, what happened in words, classic failures, further tables.

    What the answer `said` already is not said twice.
    """
    parts = [metrics_html(result)]
    parts += [f"- {markup.markdown(note)}" for note in result.notes if note not in said]
    parts += [
        f'<div class="t-notice t-warning"><b>{html.escape(finding.name.replace("_", " ").capitalize())}.</b> '
        f"{html.escape(finding.evidence)} {html.escape(finding.suggestion)}</div>"
        for finding in result.findings
        if finding.evidence not in said
    ]
    parts.append(tables_html(result))
    text = "\n\n".join(part for part in parts if part)
    return re.sub(r"(?m)^(- .*)\n\n(?=- )", r"\1\n", text)
