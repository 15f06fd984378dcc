"""How well the router understands: intent, lab, exact parameters, and labs that it would run uninvited.

`python -m evaluation.routing [FILE ...]` scores files of JSON lines with `id`, `turns`, `intent`, `lab`,
`parameters`. Lines about a lab that the registry does not have are left out, and counted.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tutor.planning.router import Router

HERE = Path(__file__).parent
FITTED_TO = tuple(
    HERE / f"routing_{name}.jsonl"
    for name in ("dev", "test", "fresh", "calm_dev", "calm_test", "blind", "persons")
)
UNSEEN = HERE / "routing_unseen.jsonl"
FILES = (*FITTED_TO, UNSEEN)


def evaluate(router: Router, path: Path | str, labs: Sequence[str] | None = None) -> dict[str, Any]:
    """Scores and misses on one file.

    `intent` and `lab` are shares of all messages; `parameters` of the messages that ask for a lab (lab
    and all parameters exactly right); `uninvited` of those that do not. With `labs`, lines about others
    are skipped.
    """
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    return scored(router, rows, labs)


def scored(
    router: Router, rows: Sequence[Mapping[str, Any]], labs: Sequence[str] | None = None
) -> dict[str, Any]:
    """As `evaluate`, on lines that were read already."""
    known = rows if labs is None else [row for row in rows if row["lab"] is None or row["lab"] in labs]
    right = {"intent": 0, "lab": 0, "parameters": 0}
    orders = uninvited = 0
    misses: list[dict[str, Any]] = []
    times: list[float] = []
    for row in known:
        started = time.perf_counter()
        plan = router.plan(row["turns"][-1], row["turns"][:-1])
        times.append(time.perf_counter() - started)
        exact = plan.lab == row["lab"] and same(plan.parameters, row["parameters"])
        right["intent"] += plan.intent == row["intent"]
        right["lab"] += plan.lab == row["lab"]
        if row["intent"] == "lab":
            orders += 1
            right["parameters"] += exact
        else:
            uninvited += plan.intent == "lab"
        if plan.intent != row["intent"] or not exact:
            got = {"intent": plan.intent, "lab": plan.lab, "parameters": plan.parameters}
            misses.append({**row, "got": got})
    count, others = max(len(known), 1), max(len(known) - orders, 1)
    return {
        "messages": len(known),
        "skipped": len(rows) - len(known),
        "intent": right["intent"] / count,
        "lab": right["lab"] / count,
        "parameters": right["parameters"] / orders if orders else 1.0,
        "uninvited": uninvited / others,
        "milliseconds": 1000 * sum(times) / count,
        "milliseconds_worst": 1000 * max(times, default=0.0),
        "misses": misses,
    }


def same(one: Any, two: Any) -> bool:
    """Equal as JSON, with 1 and 1.0 equal and numbers compared to nine digits."""
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(two, (list, tuple)):
        return len(one) == len(two) and all(map(same, one, two))
    numbers = (int, float)
    if (
        isinstance(one, numbers)
        and isinstance(two, numbers)
        and not isinstance(one, bool) | isinstance(two, bool)
    ):
        return math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-12)
    return type(one) is type(two) and one == two


def report(name: str, scores: Mapping[str, Any]) -> str:
    lines = [
        f"{name}: {scores['messages']} messages ({scores['skipped']} skipped): "
        f"intent {scores['intent']:.1%}, lab {scores['lab']:.1%}, "
        f"parameters {scores['parameters']:.1%}, uninvited {scores['uninvited']:.1%}, "
        f"{scores['milliseconds']:.1f} ms each, {scores['milliseconds_worst']:.1f} ms at most"
    ]
    for miss in scores["misses"]:
        got = miss["got"]
        lines.append(
            f"  {miss['id']}  {' >> '.join(miss['turns'])}\n"
            f"      want {miss['intent']} {miss['lab']} {json.dumps(miss['parameters'])}\n"
            f"      got  {got['intent']} {got['lab']} {json.dumps(got['parameters'])}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    from knowledge.weights import WeightStore, default_folder
    from labs.registry import LABS
    from tutor.planning.sense import installed

    router = Router(LABS, installed(WeightStore(default_folder())))
    for path in [Path(argument) for argument in arguments] or [file for file in FILES if file.exists()]:
        sys.stdout.write(report(path.name, evaluate(router, path, labs=tuple(LABS))) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
