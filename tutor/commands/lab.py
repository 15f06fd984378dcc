"""`tutor lab list`, `show`, `run`, `compare`, `verify`: the lab engine from a shell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labs import own_data
from labs.base import LabResult
from labs.codec import result_from_json, result_to_json
from labs.fields import as_text
from labs.notebook import write_notebook
from labs.permalink import PREFIX, parse_permalink, parse_value
from labs.registry import LABS, get_lab
from labs.runner import LabRunner
from tutor.commands.figures import save_figures
from tutor.commands.output import Progress, WrongCallError, put_json, say, tell
from tutor.plain import lab_json

RUN_FILE = "run.json"  # what --out leaves for compare


def list_labs(as_json: bool) -> int:
    if as_json:
        put_json({"labs": [lab_json(lab) for lab in LABS.values()]})
        return 0
    for lab in LABS.values():
        lectures = ", ".join(str(n) for n in lab.lectures)
        say(f"{lab.id:16} {lab.title} (lecture {lectures})\n{'':16} {lab.learn}")
    return 0


def show_lab(lab_id: str, source: bool, as_json: bool) -> int:
    lab = get_lab(lab_id)
    if as_json:
        put_json(
            {
                **lab_json(lab, parameters=True),
                "source": lab.source() if source else None,
            }
        )
        return 0
    if source:
        say(lab.source())
        return 0
    say(f"{lab.title}\n{lab.learn}\n\nParameters (name = default):")
    for info in lab.parameters:
        unit = f" [{info.unit}]" if info.unit else ""
        say(
            f"  {info.name} = {as_text(info.default)}{unit}\n      {info.description} Allowed: {info.allowed}."
        )
    if lab.examples:
        say("\nIn the chat: " + " · ".join(f'"{example}"' for example in lab.examples))
    say(
        f"From here: tutor lab run {lab.id} "
        + " ".join(f"{i.name}={as_text(i.default)}" for i in lab.parameters[:2])
    )
    return 0


def run_lab(
    runner: LabRunner,
    lab_id: str,
    assignments: Sequence[str],
    *,
    out: Path | None,
    notebook: Path | None,
    as_json: bool,
) -> int:
    """Run one lab, named by its id or by a link that replays a run; a Ctrl-C stops it cleanly."""
    values: dict[str, Any] = {}
    if lab_id.startswith(PREFIX):
        lab_id, values = parse_permalink(lab_id)
    values |= parse_assignments(assignments)
    result = _run(runner, lab_id, _adopt_files(lab_id, values), as_json)
    figures = _save(result, out) if out is not None else {}
    if notebook is not None:
        notebook.parent.mkdir(parents=True, exist_ok=True)
        write_notebook(result, notebook)
    if as_json:
        put_json({**result.to_dict(), "figures": figures, "notebook": str(notebook) if notebook else None})
        return 0
    _print_result(result, figures, notebook)
    return 0


def compare_runs(runner: LabRunner, first: str, second: str, *, out: Path | None, as_json: bool) -> int:
    """Two runs of one lab, overlaid and told apart in numbers; each is a link, or a folder that `--out` filled."""
    one, two = (_finished(runner, text, as_json) for text in (first, second))
    result = one.compare(two)
    figures = _save(result, out) if out is not None else {}
    if as_json:
        put_json({**result.to_dict(), "figures": figures})
        return 0
    _print_result(result, figures, None, again=f"tutor lab compare '{one.permalink()}' '{two.permalink()}'")
    return 0


def _run(runner: LabRunner, lab_id: str, values: dict[str, Any], quiet: bool) -> LabResult:
    """Run with progress on standard error; a Ctrl-C stops the run cleanly."""
    run = runner.submit(lab_id, values)
    progress = Progress(quiet=quiet)
    try:
        for update in run.events():
            progress(update.fraction, update.message)
        return run.result()
    except KeyboardInterrupt:
        run.cancel()
        raise
    finally:
        progress.clear()


def _finished(runner: LabRunner, text: str, quiet: bool) -> LabResult:
    if text.startswith(PREFIX):
        return _run(runner, *parse_permalink(text), quiet)
    path = Path(text)
    path = path / RUN_FILE if path.is_dir() else path
    try:
        return result_from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise WrongCallError(
            f"{text!r} is neither a link (lab:bandit?seed=7) nor a folder that `tutor lab run ... --out DIR` filled; "
            "give two of these."
        ) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise WrongCallError(f"{path} holds no stored run ({error}); make one with --out.") from None


def _adopt_files(lab_id: str, values: dict[str, Any]) -> dict[str, Any]:
    """A path given for `csv` becomes the name under which the file is kept; said on standard error."""
    wants = any(info.name == "csv" for info in get_lab(lab_id).parameters)
    given = values.get("csv")
    if not wants or not isinstance(given, str) or own_data.is_kept(given):
        return values
    name = own_data.keep(Path(given).expanduser())
    tell(f"{given} is kept as {name}; that name replays this run.")
    return {**values, "csv": name}


def _save(result: LabResult, folder: Path) -> dict[str, str]:
    """The pictures, and the whole run beside them, for `tutor lab compare`."""
    figures = save_figures(result, folder)
    (folder / RUN_FILE).write_text(json.dumps(result_to_json(result)), encoding="utf-8")
    return figures


def _print_result(
    result: LabResult, figures: dict[str, str], notebook: Path | None, again: str | None = None
) -> None:
    say(f"{result.title} ({result.seconds:.2f} s)\n")
    for name, value in result.metrics.items():
        say(f"  {name} = {value:.6g}" if value is not None else f"  {name} = not a number")
    say("\n" + "\n".join(result.notes))
    for finding in result.findings:
        say(f"\n{finding.name}: {finding.evidence}\n  Try: {finding.suggestion}")
    for path in figures.values():
        say(f"picture: {path}")
    if notebook is not None:
        say(f"notebook: {notebook}")
    say(f"\nAgain: {again or result.permalink()}")


def verify(lab_id: str | None, as_json: bool) -> int:
    """Run the reference checks on this machine; exit status 1 where one fails."""
    labs = [get_lab(lab_id)] if lab_id else list(LABS.values())
    rows: list[dict[str, Any]] = []
    for lab in labs:
        for check in lab.verify() if lab.verify else ():
            rows.append(
                {
                    "lab": lab.id,
                    "check": check.name,
                    "source": check.source,
                    "published": check.published,
                    "found": check.found,
                    "tolerance": check.tolerance,
                    "ok": check.ok,
                }
            )
            if not as_json:
                mark = "ok  " if check.ok else "FAIL"
                say(
                    f"{mark} {lab.id}: {check.name}: published {check.published:g}, here {check.found:.6g} "
                    f"(within {check.tolerance:g}); {check.source}"
                )
    if as_json:
        put_json({"checks": rows})
    return 0 if all(row["ok"] for row in rows) else 1


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """`name=value` words -> values, as JSON where they are: `epsilons=[0,0.1]`, `dataset=line`, `method=[gd,ols]`."""
    values: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise WrongCallError(f"{text!r} sets nothing. Write name=value, for example: epsilons=[0,0.1]")
        values[name.strip()] = parse_value(value.strip())
    return values
