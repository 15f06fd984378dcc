"""Run the benchmarks and write docs/benchmarks.md: `python -m benchmarks [SECTION ...]`, all of them by default.

`--soak MINUTES` makes the last part of `load` longer (20 for the long one).
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rows import Row, table

SECTIONS = {
    "page": "The page",
    "opening": "Opening the page",
    "model": "The default model",
    "search": "Search and routing",
    "ingest": "Ingest",
    "embedding": "Ways to embed",
    "labs": "Labs",
    "load": "Many students at once",
}
OUT = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main(arguments: list[str]) -> int:
    try:
        names = _take_soak(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(
            f"There is no benchmark {', '.join(unknown)}. Choose from: {', '.join(SECTIONS)}.",
            file=sys.stderr,
        )
        return 2
    parts = [_heading()]
    missed = 0
    for name in names or list(SECTIONS):
        rows: list[Row] = []
        for row in _measured(name):
            rows.append(row)
            print(table([row]).splitlines()[-1], flush=True)
            missed += row.met is False
        parts.append("\n\n".join([f"## {SECTIONS[name]}", *_notes(name), f"{table(rows)}\n"]))
        if not names:  # after each section, so that a run that is cut short keeps what it measured
            OUT.write_text("\n".join(parts), encoding="utf-8")
    if not names:
        print(f"Written: {OUT.relative_to(Path.cwd()) if OUT.is_relative_to(Path.cwd()) else OUT}")
    print(f"{missed} targets missed")
    return 0


def _take_soak(arguments: list[str]) -> list[str]:
    """The sections that are named; `--soak MINUTES` is taken out and noted. Raises ValueError."""
    if "--soak" not in arguments:
        return arguments
    at = arguments.index("--soak")
    try:
        minutes = float(arguments[at + 1])
    except (IndexError, ValueError):
        minutes = 0.0
    if not 0 < minutes <= 240:
        raise ValueError("--soak wants minutes, more than 0 and at most 240, as in: --soak 20")
    from benchmarks import load

    load.SOAK_MINUTES = minutes
    return [*arguments[:at], *arguments[at + 2 :]]


def _measured(section: str) -> Iterator[Row]:
    """The rows of a section; the labs' section gathers those of `labs.py` and of every `lab_<id>.py`."""
    modules = [section]
    if section == "labs":
        modules += sorted(path.stem for path in Path(__file__).parent.glob("lab_*.py"))
    for module in modules:
        yield from importlib.import_module(f"benchmarks.{module}").measure()


def _notes(section: str) -> list[str]:
    """What a reader of a section's table must know: the `NOTES` of its module."""
    notes: str = getattr(importlib.import_module(f"benchmarks.{section}"), "NOTES", "")
    return [notes] if notes else []


def _heading() -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d")
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {now}: {os.cpu_count()} cores, {_processor()}, "
        f"Python {platform.python_version()}, "
        f"{platform.system()}. A ratio is ours to the baseline of the same run (for labs: how "
        "many times faster); times are wall-clock.\n"
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
