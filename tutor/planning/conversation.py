"""The plan for the last message of a conversation that is known by its messages alone: what `tutor route` prints.

In the tutor itself the runs of a session are in its database; here they are those that the earlier messages ask for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labs.base import Lab
from tutor.planning.past_runs import PastRuns, Pointer
from tutor.planning.plan import Plan
from tutor.planning.router import Router
from tutor.sessions import Outline, PastRun


def plan_of_past(pointer: Pointer, router: Router) -> Plan:
    """A message about runs that are over is a question, unless it orders one of them again."""
    if pointer.act != "rerun" or pointer.problem:
        return Plan("question", confidence=0.95, past=pointer)
    run = pointer.runs[0]
    plan = router.plan(pointer.order, [], run.lab, run.chosen)
    same = plan.intent == "lab" and plan.lab == run.lab
    return plan if same else Plan("lab", run.lab, dict(run.chosen))


def plan_last(turns: Sequence[str], router: Router, labs: Mapping[str, Lab], reader: PastRuns) -> Plan:
    """The plan for the last of `turns`, each of the earlier ones taken as done."""
    told: list[Outline] = []
    count = 0
    for at, text in enumerate(turns[:-1]):
        plan = router.plan(text, turns[:at])
        runs: tuple[PastRun, ...] = ()
        if plan.intent == "lab" and plan.lab is not None and reader.read(text, told) is None:
            count += 1
            chosen = dict(plan.parameters)
            runs = (PastRun(count, 0, 0, plan.lab, chosen, {**labs[plan.lab].defaults, **chosen}, {}),)
        told.append(Outline(text, "", plan.intent, runs, tuple(run.number for run in runs)))
    pointer = reader.read(turns[-1], told)
    return plan_of_past(pointer, router) if pointer is not None else router.plan(turns[-1], turns[:-1])
