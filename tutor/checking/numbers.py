"""The numbers guard: a number said about a run must be one of that run's numbers.

A language model rounds, turns shares into percentages and sometimes invents. The first two are allowed, to the
precision said; a sentence with any other number is taken out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labs.base import LabResult
from tutor.checking.sentences import is_code, split_sentences

_NUMBER = re.compile(r"(?<![\w.])[-−+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?:\s*(%|per ?cent))?")
_LIST_MARK = re.compile(r"(?m)^\s*\d+[.)]\s")
_CITATION = re.compile(r"\[\d+(?:\s*,\s*\d+)*\]")


@dataclass(frozen=True)
class GuardedText:
    """`text` as it may be shown, and the sentences that were taken out of it."""

    text: str
    removed: tuple[str, ...]


def run_numbers(result: LabResult) -> list[float]:
    """Every number of a run: parameters, metrics, tables, notes, and the ends and extremes of each series."""
    found: list[float] = []
    _collect(result.parameters, found)
    _collect(result.metrics, found)
    for table in result.tables:
        _collect(table.rows, found)
    for finding in result.findings:
        _collect(finding.evidence, found)
    _collect(result.notes, found)
    _collect(tuple(result.metrics), found)  # a variant's name carries its parameter: "epsilon=0.1"
    for values in result.series.values():
        _collect(_landmarks(values), found)
    return found


def guard_numbers(text: str, results: Iterable[LabResult], also: str = "") -> GuardedText:
    """Take out each sentence of `text` that says a number which is in none of `results`, nor in the text `also`.

    `also` is what the student wrote: repeating the student's own number is no claim about the run.
    """
    allowed: list[float] = []
    for result in results:
        allowed += run_numbers(result)
    _collect(also, allowed)
    kept: list[str] = []
    removed: list[str] = []
    for sentence in split_sentences(text):
        if is_code(sentence) or all(_is_known(m, allowed) for m in _numbers_in(sentence)):
            kept.append(sentence)
        else:
            removed.append(sentence.strip())
    return GuardedText("".join(kept).strip(), tuple(removed))


def _numbers_in(sentence: str) -> list[re.Match[str]]:
    bare = _CITATION.sub(" ", _LIST_MARK.sub(" ", sentence))
    return list(_NUMBER.finditer(bare))


def _is_known(match: re.Match[str], allowed: list[float]) -> bool:
    said, precision = _parse(match.group())
    if said is None:
        return True
    percent = match.group(1) is not None
    # A half unit of the last digit said; a hair more, since 0.365 may be written 0.36 or 0.37.
    tolerance = 0.5 * precision * 1.02
    for value in allowed:
        candidates = (value * 100, value) if percent else (value, value * 100 if said > 1 else value)
        if any(abs(abs(c) - abs(said)) <= tolerance + 1e-9 * abs(c) for c in candidates):
            return True
    return False


def _parse(text: str) -> tuple[float | None, float]:
    """A number as written -> its value and the size of its last digit: "0.25" -> (0.25, 0.01)."""
    plain = re.sub(r"\s*(%|per ?cent)$", "", text).replace(",", "").replace("−", "-").rstrip(".")
    try:
        value = float(plain)
    except ValueError:
        return None, 0.0
    mantissa, _, exponent = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return value, 10.0 ** (int(exponent or 0) - decimals)


def _collect(value: Any, into: list[float]) -> None:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        if math.isfinite(value):
            into.append(float(value))
    elif isinstance(value, str):
        for match in _NUMBER.finditer(re.sub(r"(?<=[A-Za-z])=", " ", value)):
            number, _ = _parse(match.group())
            if number is not None:
                into.append(number / 100 if match.group(1) else number)
    elif isinstance(value, Mapping):
        for item in value.values():
            _collect(item, into)
    elif isinstance(value, Iterable):
        for item in value:
            _collect(item, into)


def _landmarks(values: Any) -> list[float]:
    """First, last, smallest and largest of a numeric series; anything else has none."""
    import numpy as np

    array = np.asarray(values)
    if array.size == 0 or array.dtype.kind not in "fiu":
        return []
    flat = array.ravel().astype(float)
    finite = flat[np.isfinite(flat)]
    if finite.size == 0:
        return []
    return [float(x) for x in (finite[0], finite[-1], finite.min(), finite.max())]
