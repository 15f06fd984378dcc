"""What a follow-up changes in the values before it: one dropped, one put in place of another, one moved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from labs.fields import ParamInfo
from tutor.planning.text import Token, tidy

_LEAVES = ("drop", "remove", "skip", "ditch", "without", "lose", "delete", "minus", "forget", "except")


def leaves_out(texts: Sequence[str], before: int | None = None) -> bool:
    """ "drop the 0.2", "leave out the svm": what is named goes. With `before`, only what follows the word."""
    return any(text in _LEAVES for text in texts[: 4 if before is None else min(4, before)]) or any(
        (one in ("leave", "take", "cut", "leaving", "taking") and "out" in texts[at + 1 :])
        or (one == "rid" and at + 1 < len(texts) and texts[at + 1] == "of")
        for at, one in enumerate(texts)
    )


def left(info: ParamInfo, value: Any, texts: Sequence[str], base: Mapping[str, Any]) -> Any:
    """The values of a comparison that stay when some are dropped: [0.1, 0.2] without 0.2."""
    before = base.get(info.name)
    gone = value if isinstance(value, list) else [value]
    if not isinstance(before, list) or not leaves_out(texts) or any(one not in before for one in gone):
        return value
    kept = [one for one in before if one not in gone]
    if not kept or "to" in texts:
        return value
    return kept if info.kind == "list" or len(kept) > 1 else kept[0]


def moved_to(info: ParamInfo, value: Any, tokens: Sequence[Token], base: Mapping[str, Any]) -> Any:
    """ "epsilon from 0.1 to 0.01", where it is 0.1 now: a change, not a comparison."""
    texts = [token.text for token in tokens]
    before = base.get(info.name, info.default)
    two = isinstance(value, list) and len(value) == 2 and info.kind != "list"
    return value[1] if two and "from" in texts and "to" in texts and value[0] == before else value


def swapped(values: list[Any], texts: Sequence[str], before: Any, refused: Sequence[Any] = ()) -> list[Any]:
    """ "swap pfizer for merck", "merck, not pfizer": the list as it was, with one value in place of another."""
    one_for_one = len(values) == len(refused) == 1 and not {"only", "just"} & set(texts)
    if one_for_one and isinstance(before, list) and refused[0] in before and values[0] not in before:
        return [values[0] if one == refused[0] else one for one in before]
    swaps = any(one in ("swap", "replace", "substitute", "change", "switch") for one in texts)
    if not (swaps and len(values) == 2 and isinstance(before, list) and values[0] in before):
        return values
    if not any(one in ("for", "with", "by", "to") for one in texts) or values[1] in before:
        return values
    return [values[1] if one == values[0] else one for one in before]


def added(
    infos: Mapping[str, ParamInfo], values: Mapping[str, Any], base: Mapping[str, Any], beside: bool
) -> dict[str, Any]:
    """ "add ucb", "compare that with a learning rate of 0.1": new values behind those of the run before."""
    found = {}
    for name, value in values.items():
        info = infos[name]
        named = (info.item or info).choices and (beside or info.kind == "list")
        usual = info.default if named else None  # "compare it with 500 random traders" sets one number
        earlier = base.get(name, list(usual) if isinstance(usual, tuple) else usual)
        if isinstance(earlier, list) and isinstance(value, list):
            found[name] = [*earlier, *(v for v in value if v not in earlier)]
        elif beside and earlier is not None and not isinstance(value, list) and info.kind != "list":
            before = earlier if isinstance(earlier, list) else [earlier]
            found[name] = value if value in before else [*before, value]
    return found


def scaled(
    infos: Mapping[str, ParamInfo],
    base: Mapping[str, Any],
    last: str | None,
    texts: Sequence[str],
    loose: Sequence[Token],
) -> dict[str, Any]:
    """ "make it three times bigger": the value that was set last, multiplied; {} for anything else."""
    info = infos.get(last or "")
    before = base.get(last or "", info.default if info is not None else None)
    if info is None or len(loose) != 1 or not loose[0].value or isinstance(before, bool | str | list | None):
        return {}
    said = " ".join(texts)
    more = re.search(
        r"<number> time (?:as )?(?:big|large|larger|bigger|high|higher|more|long|longer|as)", said
    )
    less = re.search(r"<number> time (?:smaller|lower|less|shorter|fewer)", said)
    if not (more or less):
        return {}
    value = tidy(before * loose[0].value if more else before / loose[0].value)
    return {info.name: round(value) if info.kind == "int" else value}


def times(
    infos: Mapping[str, ParamInfo], base: Mapping[str, Any], last: str | None, factor: float
) -> dict[str, Any]:
    """ "double it": the value that was set last, multiplied."""
    info, before = infos.get(last or ""), base.get(last or "")
    if info is None or not factor or isinstance(before, bool | str | list | None):
        return {}
    value = tidy(before * factor)
    return {info.name: round(value) if info.kind == "int" else value}


def switched(infos: Mapping[str, ParamInfo], last: str | None, texts: Sequence[str]) -> dict[str, Any]:
    """ "turn it off again", where a switch was set last."""
    info = infos.get(last or "")
    if info is None or info.kind != "bool" or not {"it", "that", "this"} & set(texts):
        return {}
    sides = [text for text in texts if text in ("on", "off")]
    return {info.name: sides[-1] == "on"} if sides else {}
