"""A conversation as a markdown file to keep: questions, answers, sources, and each lab run's settings and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from knowledge.search import Passage
from tutor.places import page_name
from tutor.sessions import Run, Turn

_FROM_THE_TUTOR = "Written by the ML Tutor. Answers can be wrong: open the sources."


def conversation_markdown(title: str, turns: Sequence[Turn], now: datetime | None = None) -> str:
    """The whole conversation, oldest turn first. `now` is when it was exported, in the reader's time zone."""
    day = f" Exported on {(now or datetime.now().astimezone()):%d %B %Y}."
    parts = [f"# {_line(title)}", f"*{_FROM_THE_TUTOR}{day}*"]
    for number, turn in enumerate(turns, start=1):
        parts += _turn(number, turn)
    return "\n\n".join(parts) + "\n"


def file_name(title: str) -> str:
    """A name for the file that every system takes: letters, digits and hyphens."""
    stem = re.sub(r"[^\w]+", "-", title.lower()).strip("-_")[:60].strip("-")
    return f"{stem or 'conversation'}.md"


def _turn(number: int, turn: Turn) -> list[str]:
    parts = [f"## {number}. {_line(turn.question)}"]
    if len(turn.question.splitlines()) > 1:
        parts.append("\n".join(f"> {line}".rstrip() for line in turn.question.splitlines()))
    parts += [f"*{message}*" for level, message in turn.notices if level != "info" and message != turn.answer]
    for run in turn.runs:
        parts += _run(run)
    if turn.answer.strip():
        parts.append(_dollars(turn.answer.strip()))
    if turn.sources:
        listed = "\n".join(f"{n}. {_source(passage)}" for n, passage in enumerate(turn.sources, start=1))
        parts.append(f"**Sources**\n\n{listed}")
    return parts


def _source(passage: Passage) -> str:
    """`lecture_09/notebook.ipynb`, cell 6: Multi-armed bandits › A decaying bandit."""
    spot = f", cell {passage.cell}" if passage.cell is not None else ""
    spot += f", {page_name(passage.path, passage.page)}" if passage.page is not None else ""
    heading = " › ".join(_line(part) for part in passage.heading if part.strip()) or _line(passage.title)
    return f"`{passage.path}`{spot}: {heading}"


def _run(run: Run) -> list[str]:
    result = run.result
    settings = [
        (f"`{name}`", _value(value) + (" (chosen)" if name in run.chosen else ""))
        for name, value in result.parameters.items()
    ]
    metrics = [(f"`{name}`", f"{value:.6g}") for name, value in result.metrics.items()]
    parts = [f"**Experiment: {_line(result.title)}** (`{result.lab}`, {result.seconds:.1f} s)"]
    if settings:
        parts.append(_table(("setting", "value"), settings))
    if metrics:
        parts.append(_table(("metric", "value"), metrics))
    notes = [_line(note) for note in result.notes]
    notes += [f"{_line(found.evidence)} {_line(found.suggestion)}".strip() for found in result.findings]
    if notes:
        parts.append("\n".join(f"- {note}" for note in notes))
    return parts


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return "\n".join(lines + [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or "none"
    return _line(str(value))


def _dollars(text: str) -> str:
    """Maths between dollars, which more readers of markdown draw than \\( and \\[."""
    text = re.sub(r"\\\((.+?)\\\)", r"$\1$", text, flags=re.S)
    return re.sub(r"\\\[(.+?)\\\]", r"$$\1$$", text, flags=re.S)


def _line(text: str) -> str:
    return " ".join(text.split())
