"""A lab run as a notebook that a student can go on with.

The notebook stands alone: it needs NumPy and matplotlib (and what the lab's core needs), not this project.
Its first cell holds the parameters, then come the core's source to play with, the run and its plot, what was
found, and exercises.
"""

from __future__ import annotations

import hashlib
import json
import pprint
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from labs.base import Lab, LabResult
from labs.charts import json_safe
from labs.source import core_source

IMPORTS = """\
%matplotlib inline
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any

import matplotlib.pyplot as plt
import numpy as np"""


def to_notebook(result: LabResult, lab: Lab | None = None) -> dict[str, Any]:
    """The run as nbformat-4 JSON. A sweep becomes its first value, with a loop to write as an exercise.

    `lab` is looked up in the registry where it is not given.
    """
    if lab is None:
        from labs.registry import get_lab

        lab = get_lab(result.lab)
    kinds = {info.name: info.kind for info in lab.parameters}
    swept = [
        name
        for name, value in result.parameters.items()
        if isinstance(value, list) and kinds.get(name) != "list"
    ]
    parameters = {name: value[0] if name in swept else value for name, value in result.parameters.items()}
    cells = [
        _code(
            _assignments(lab, parameters, {name: result.parameters[name] for name in swept}),
            tags=["parameters"],
        ),
        _markdown(_introduction(lab, result)),
        _code(_imports(lab)),
        _markdown("## The algorithm\n\nThis is the code that ran. Change it and see what happens."),
        _code(core_source(lab).strip()),
        _markdown("## The run"),
        *([_code(data)] if lab.notebook_data and (data := lab.notebook_data(parameters)) else []),
        _code(lab.demo.strip()),
        _markdown(_outcome(result)),
        _markdown(_exercises(lab, swept)),
        _code("# Your own experiments go here."),
    ]
    for i, cell in enumerate(cells):
        cell["id"] = hashlib.sha256(f"{lab.id} {i}".encode()).hexdigest()[:12]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": cells,
    }


def write_notebook(result: LabResult, path: Path, lab: Lab | None = None) -> Path:
    """Write the notebook, whole or not at all, and return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(
            json.dumps(to_notebook(result, lab), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _imports(lab: Lab) -> str:
    """`from __future__` must lead its cell, so the magic comes after it."""
    lines = IMPORTS.splitlines()
    extra = [line for line in lab.notebook_imports if line not in lines]
    return "\n".join([lines[1], "", *lines[3:], *extra, "", lines[0]])


def _assignments(lab: Lab, parameters: dict[str, Any], swept: dict[str, list[Any]]) -> str:
    lines = ["# The parameters of the run: change them, then run all cells."]
    for info in lab.parameters:
        if info.name not in parameters:
            continue
        comment = f"  # {info.description}"
        if info.name in swept:
            comment += f" (the run compared {', '.join(map(repr, swept[info.name]))})"
        lines.append(f"{info.name} = {pprint.pformat(parameters[info.name])}{comment}")
    return "\n".join(lines)


def _introduction(lab: Lab, result: LabResult) -> str:
    lectures = " and ".join(str(number) for number in lab.lectures)
    heading = f"# {lab.title}\n\n{lab.learn}"
    return f"{heading}\n\nLecture {lectures}. This run again, in the tutor: `{result.permalink()}`"


def _outcome(result: LabResult) -> str:
    metrics = {name: value for name, value in json_safe(result.metrics).items() if value is not None}
    rows = "\n".join(f"| {_escaped(name)} | {value:.6g} |" for name, value in list(metrics.items())[:24])
    parts = ["## What the tutor found in this run", _bullets(result.notes)]
    parts += [f"**{f.name.replace('_', ' ')}**: {f.evidence} {f.suggestion}" for f in result.findings]
    parts.append(f"| metric | value |\n|---|---|\n{rows}")
    return "\n\n".join(part for part in parts if part)


def _exercises(lab: Lab, swept: list[str]) -> str:
    tasks = list(lab.exercises)
    if swept:
        tasks.insert(
            0, f"Put the run into a loop over the values of `{swept[0]}` and draw the results together."
        )
    return "## Exercises\n\n" + "\n".join(f"{i}. {task}" for i, task in enumerate(tasks, start=1))


def _bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _escaped(name: str) -> str:
    return name.replace("|", "\\|")


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text: str, tags: list[str] | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "",
        "metadata": {"tags": tags} if tags else {},
        "execution_count": None,
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }
