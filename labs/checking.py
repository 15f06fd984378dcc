"""Raw values in, a checked plan out; or one sentence that says what to do.

Knows parameters and their descriptions, and nothing of any single lab. What the values of a request would
cost is checked here too, before anything runs.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from labs.errors import BadParameterError
from labs.fields import ParamInfo, as_text

if TYPE_CHECKING:
    from labs.base import Lab, LabParams, Plan

MAX_SWEEP = 12


def make_plan(lab: Lab, values: Mapping[str, Any]) -> Plan:
    """Check values for a lab and spread a sweep; raises BadParameterError, and then nothing has run."""
    from labs.base import Plan

    infos = {info.name: info for info in lab.parameters}
    given = {}
    for name, value in values.items():
        if name not in infos:
            raise _unknown(lab, name, infos)
        given[name] = _tidy(infos[name], value)
    swept = [name for name, value in given.items() if infos[name].kind != "list" and isinstance(value, list)]
    if len(swept) > 1:
        raise BadParameterError(
            f"Only one parameter of the {lab.id} lab can be a list at a time, and {' and '.join(swept)} are; "
            f"keep the list for {swept[0]} and give {swept[1]} a single value.",
            field=swept[1],
            value=given[swept[1]],
        )
    if not swept:
        plan = Plan(lab.id, (_check(lab, infos, given),))
    else:
        name = swept[0]
        choices = list({json.dumps(value, default=str): value for value in given[name]}.values())
        if not 1 <= len(choices) <= MAX_SWEEP:
            raise BadParameterError(
                f"{name} got a list of {len(choices)} values for the {lab.id} lab, where 1 to {MAX_SWEEP} "
                f"can be "
                f"compared; try {name}={as_text(infos[name].default)}.",
                field=name,
                value=given[name],
                allowed=f"1 to {MAX_SWEEP} values",
            )
        runs = tuple(_check(lab, infos, {**given, name: choice}) for choice in choices)
        plan = Plan(lab.id, runs, name if len(runs) > 1 else None)
    _check_cost(lab, plan, given)
    return plan


def _tidy(info: ParamInfo, value: Any) -> Any:
    """Forgive what is clear: a single value for a list, "none", another spelling of a choice."""
    if isinstance(value, (list, tuple, set)):
        inner = info.item or info
        return [_tidy(inner, item) for item in value]
    if info.kind == "list" and info.item is not None and value is not None:
        return [_tidy(info.item, value)]
    if isinstance(value, str):
        text = value.strip()
        if info.optional and text.lower() in {"none", "null", ""} and "none" not in info.choices:
            return None
        if info.kind == "choice":
            return _choice(info, text)
    if value is None and info.kind == "choice" and "none" in info.choices:
        return "none"
    return value


def _choice(info: ParamInfo, text: str) -> str:
    plain = text.lower().replace("-", "_").replace(" ", "_")
    for choice in info.choices:
        names = (choice, *info.choice_synonyms.get(choice, ()))
        if plain in {name.lower().replace("-", "_").replace(" ", "_") for name in names}:
            return choice
    return text


def _check(lab: Lab, infos: Mapping[str, ParamInfo], given: Mapping[str, Any]) -> LabParams:
    for name, value in given.items():
        items = value if isinstance(value, list) else [value]
        numeric = (infos[name].item or infos[name]).kind in ("int", "float")
        if numeric and any(isinstance(item, bool) for item in items):
            raise _refused(lab, infos[name], value)
    try:
        return lab.params(**given)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"] and "error" in first.get(
            "ctx", {}
        ):  # a senseless combination, in the lab's own words
            raise BadParameterError(str(first["ctx"]["error"])) from None
        name = str(first["loc"][0])
        raise _refused(lab, infos[name], given.get(name)) from None


def _refused(lab: Lab, info: ParamInfo, value: Any) -> BadParameterError:
    instead = f"{info.name}={as_text(_close_choice(info, value) or info.nearest(value))}"
    return BadParameterError.out_of_range(lab.id, info.name, value, info.allowed, instead)


def _close_choice(info: ParamInfo, value: Any) -> str | list[str] | None:
    if not info.choices:
        return None
    wanted = [str(item) for item in (value if isinstance(value, list) else [value])]
    close = [
        match for word in wanted for match in difflib.get_close_matches(word, info.choices, n=1, cutoff=0.5)
    ]
    if not close:
        return None
    return list(dict.fromkeys(close)) if info.kind == "list" else close[0]


def _unknown(lab: Lab, name: str, infos: Mapping[str, ParamInfo]) -> BadParameterError:
    words = {word: info.name for info in infos.values() for word in (info.name, *info.synonyms)}
    close = difflib.get_close_matches(str(name).lower(), words, n=1, cutoff=0.6)
    hint = f" (did you mean {words[close[0]]}?)" if close else ""
    shown = str(name) if len(str(name)) <= 40 else f"{str(name)[:37]}..."
    return BadParameterError(
        f"The {lab.id} lab has no parameter {shown!r}{hint}; it takes {', '.join(infos)}.",
        field=str(name),
        allowed=", ".join(infos),
    )


def _check_cost(lab: Lab, plan: Plan, given: Mapping[str, Any]) -> None:
    if lab.cost is None:
        return
    seconds = sum(lab.cost(params) for params in plan.params)
    if seconds <= lab.cost_limit:
        return
    name, nearest = _affordable(lab, plan, given)
    product = f" ({lab.cost_of})" if lab.cost_of else ""
    instead = f"the nearest that fits is {name}={as_text(nearest)}" if name else "choose smaller values"
    raise BadParameterError(
        f"This run of the {lab.id} lab would take about {_duration(seconds)}{product}, over the limit of "
        f"{_duration(lab.cost_limit)}; {instead}.",
        field=name,
        value=given.get(name) if name else None,
        allowed=f"up to {as_text(nearest)}" if name else None,
    )


def _affordable(lab: Lab, plan: Plan, given: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """The whole-number parameter whose cut brings the cost under the limit with the smallest loss, and its
    value.
    """
    assert lab.cost is not None
    best: tuple[float, str, int] | None = None
    for info in lab.parameters:
        if info.kind != "int" or info.name in ("seed", plan.swept):
            continue
        current = getattr(plan.params[0], info.name)
        if current is None:
            continue
        low, high = int(info.minimum or 1), current  # low fits or nothing does; high does not fit

        def fits(value: int, name: str = info.name) -> bool:
            return (
                sum(lab.cost(p.model_copy(update={name: value})) for p in plan.params)  # type: ignore[misc]
                <= lab.cost_limit
            )

        if not fits(low):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        kept = _round_down(low) if fits(_round_down(low)) else low
        kept = max(kept, int(info.minimum or 1))
        if best is None or (kept / current, info.name in given) > (best[0], best[1] in given):
            best = (kept / current, info.name, kept)
    return (best[1], best[2]) if best else (None, None)


def _round_down(value: int) -> int:
    """Two leading digits are enough for advice: 16384 -> 16000."""
    unit = 10 ** max(len(str(value)) - 2, 0)
    return value // unit * unit


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.0f} hours"
