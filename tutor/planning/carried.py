"""What a run is set to: the settings of a message, on top of those that a follow-up carries on from the run before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tutor.planning.details import Reading
from tutor.planning.evidence import Evidence
from tutor.planning.lexicon import LabWords
from tutor.planning.revisions import added, scaled, switched, times
from tutor.planning.settings import place
from tutor.planning.vocabulary import CARRIES, MODIFIES


@dataclass
class State:
    """The conversation so far: the last run asked for, and the last lab that was only talked about."""

    lab: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    last: str | None = None
    talked: str | None = None
    talked_values: dict[str, Any] = field(default_factory=dict)
    turns: int = 0


def run_parameters(
    lab: str, own: LabWords, facts: Evidence, found: Reading, state: State
) -> tuple[dict[str, Any], str | None]:
    """The parameters of a run that a message asks for, and the name of the one that was set last."""
    values = dict(found.values)
    carries = (
        lab == state.lab
        and not (facts.resets and not found.dropped)  # "the default epsilon" leaves the rest
        and (
            not facts.names(lab)
            or bool(CARRIES & set(facts.words))
            or (facts.order is not None and facts.order.verb in MODIFIES)
            or facts.supposes
            or facts.words[0] in ("and", "also", "plus", "with", "but")
        )
    )
    before: dict[str, Any] = dict(state.parameters) if carries else {}
    last = found.last
    if carries and found.loose and not values:
        values = scaled(own.infos, before, state.last, facts.words, found.loose)
        values = values or place(found.loose, own, before, state.last, facts.words)
        last = next(iter(values), state.last)
    elif carries and not values:
        values = switched(own.infos, state.last, facts.words)
        values = values or times(own.infos, before, state.last, facts.rescales)
    if lab == state.talked and lab != state.lab and not facts.names(lab):
        before = {**state.talked_values, **before}
    if facts.adds and carries:
        values |= added(own.infos, values, before, facts.beside)
    for name in found.dropped:
        before.pop(name, None)
    return {**before, **values}, last or state.last
