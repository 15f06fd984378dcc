"""What a follow-up changes in the values before it: one dropped, one put in place of another, one moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labs.fields import ParamInfo
from tutor.planning.text import Token

_LEAVES = ("drop", "remove", "skip", "ditch", "without", "lose", "delete", "minus", "forget", "except")


def leaves_out(texts: Sequence[str]) -> bool:
    """ "drop the 0.2", "leave out the svm": what is named goes."""
    return any(text in _LEAVES for text in texts[:4]) or any(
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


def swapped(values: list[Any], texts: Sequence[str], before: Any) -> list[Any]:
    """ "swap pfizer for merck": the list as it was, with one value in place of another."""
    swaps = any(one in ("swap", "replace", "substitute", "change", "switch") for one in texts)
    if not (swaps and len(values) == 2 and isinstance(before, list) and values[0] in before):
        return values
    if not any(one in ("for", "with", "by", "to") for one in texts) or values[1] in before:
        return values
    return [values[1] if one == values[0] else one for one in before]
