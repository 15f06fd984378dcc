"""What a message sets for one lab: values chosen in words, numbers, switches, dates, names and quoted texts.

Everything is driven by the lab's parameter descriptions. `read` answers for one lab; the router decides
which lab.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from labs.fields import ParamInfo
from tutor.planning import details
from tutor.planning.acts import CHANGE, RUN
from tutor.planning.choices import choose, first_number
from tutor.planning.details import Reading
from tutor.planning.lexicon import Hit, LabWords, of_lab
from tutor.planning.numbers import Mention, assign, changes, fit, joined, layer_sizes, numeric, suits
from tutor.planning.revisions import left, moved_to
from tutor.planning.text import Token
from tutor.planning.vocabulary import words

_ARTICLES = words("the a any its")
NO = words("no not without off disable disabled skip remove minus non never zero")


def read(
    words: LabWords, tokens: Sequence[Token], hits: Sequence[Hit], base: Mapping[str, Any], blocked: set[int]
) -> Reading:
    """The settings in a message for one lab. `base` holds the values before it; `blocked` tokens set none."""
    lab = words.lab.id
    reading = Reading(used=set(blocked))
    texts = [token.text for token in tokens]
    reading.compares = any(
        text in ("versus", "compare", "comparing", "comparison", "both", "or") for text in texts
    )
    mentions = [
        Mention(hit.start, hit.end, words.infos[hit.entry.field])
        for hit in of_lab(hits, lab, "field")
        if not blocked & set(range(hit.start, hit.end)) and not _is_verb(hit, tokens, words)
    ]
    inside = {  # the "two" of "two moons" counts nothing
        i
        for hit in hits
        if hit.entry.kind in ("lab", "choice")
        for i in range(hit.start, hit.end)
        if tokens[i].kind == "number"
    }
    reading.used |= inside
    details.dates(words, tokens, reading)
    details.shares(words, tokens, mentions, reading)
    for name in _defaults_asked(tokens, mentions):
        reading.dropped.add(name)
    sizes, used = layer_sizes(tokens, mentions, base)
    reading.values |= sizes
    reading.used |= used
    free = [m for m in mentions if not used & set(range(m.start, m.end))]
    moved, used = changes(tokens, free, base)
    reading.values |= moved
    reading.used |= used
    free = [m for m in free if not reading.used & set(range(m.start, m.end))]
    if sizes or moved:
        free = [m for m in free if m.info.name not in reading.values]
    named = {i for hit in of_lab(hits, lab, "choice") for i in range(hit.start, hit.end)}
    given = assign(tokens, free, reading.used, named)
    for name, value in given.values.items():
        given.values[name] = left(
            words.infos[name], moved_to(words.infos[name], value, tokens, base), texts, base
        )
    reading.values |= given.values
    reading.used |= given.used
    reading.last = given.last or next(iter([*moved, *sizes]), None)
    _layers_of(words.infos, tokens, mentions, reading)
    _nearby(words.infos.values(), tokens, free, reading)
    reading.used -= inside
    choose(words, tokens, hits, mentions, reading, base)
    reading.used |= inside
    _switches(tokens, mentions, reading)
    details.names(words, tokens, reading)
    details.texts(words, tokens, mentions, reading)
    reading.loose = [
        t for i, t in enumerate(tokens) if t.kind == "number" and i not in reading.used and not t.vague
    ]
    return reading


def _is_verb(hit: Hit, tokens: Sequence[Token], words: LabWords) -> bool:
    """ "run", "test" and "start" are orders, unless written as a name: "runs", "20 test", "start = 2015"."""
    raw = tokens[hit.start].raw.lower()
    if hit.length > 1 or raw not in RUN | CHANGE or words.infos[hit.entry.field].kind == "bool":
        return False
    counted = hit.start > 0 and tokens[hit.start - 1].kind == "number"
    after = tokens[hit.end] if hit.end < len(tokens) else None
    named = after is not None and (after.text in ("=", ":") or after.percent)  # "test 10%"
    return not counted and not named


def _defaults_asked(tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[str]:
    return [
        m.info.name
        for m in mentions
        if m.start > 0 and tokens[m.start - 1].text in ("default", "normal", "usual", "original", "standard")
    ]


# ---- sizes of layers, and numbers left over


def _layers_of(
    infos: Mapping[str, ParamInfo], tokens: Sequence[Token], mentions: Sequence[Mention], reading: Reading
) -> None:
    """ "two layers of 32", where the lab has one size for all its layers."""
    size = infos.get("hidden") or infos.get("width")
    if "layers" not in reading.values or size is None or size.kind != "int" or size.name in reading.values:
        return
    for mention in mentions:
        at = mention.end + 1
        if (
            mention.info.name != "layers"
            or at >= len(tokens)
            or tokens[at - 1].text not in ("of", "with", "x")
        ):
            continue
        if tokens[at].kind == "number" and at not in reading.used and suits(fit(tokens[at], size), size):
            reading.values[size.name] = fit(tokens[at], size)
            reading.used.add(at)
            return


def _nearby(
    infos: Collection[ParamInfo], tokens: Sequence[Token], mentions: Sequence[Mention], reading: Reading
) -> None:
    """ "a different seed, 3", "more noise, say 0.4": a number and a parameter left over belong together."""
    loose = [i for i, t in enumerate(tokens) if t.kind == "number" and i not in reading.used and not t.vague]
    if not loose or any(not joined(tokens, one, two) for one, two in pairwise(loose)):
        return
    waiting = [
        m for m in mentions if numeric(m.info) and m.info.name not in reading.values and m.end <= loose[0]
    ]
    waiting = [
        m for m in waiting if len(tokens[m.start].text) > 1 and not reading.used & set(range(m.start, m.end))
    ]
    if len({m.info.name for m in waiting}) == 1:
        info = waiting[0].info
    elif len(loose) > 1 and loose[-1] - loose[0] == len(loose) - 1:  # "a 32-16 network"
        lists = [i for i in infos if i.kind == "list" and i.item is not None and i.item.kind == "int"]
        if len(lists) != 1 or lists[0].name in reading.values:
            return
        info = lists[0]
    else:
        return
    values = [fit(tokens[i], info) for i in loose]
    if all(suits(value, info) for value in values):
        reading.values[info.name] = values if info.kind == "list" or len(values) > 1 else values[0]
        reading.used.update(loose)
        reading.last = reading.last or info.name


# ---- switches, and parameters that are refused


def _switches(tokens: Sequence[Token], mentions: Sequence[Mention], reading: Reading) -> None:
    for mention in mentions:
        info = mention.info
        negated = _negated(tokens, mention)
        if info.name in reading.values and negated and reading.compares and numeric(info) and suits(0, info):
            _beside(info.name, 0, mention.start, tokens, reading)  # "dropout 0.3 versus no dropout"
        if info.name in reading.values and info.kind == "bool" and reading.compares:
            _beside(info.name, not negated, mention.start, tokens, reading)  # "double dqn versus plain dqn"
        if info.name in reading.values or reading.used & set(range(mention.start, mention.end)):
            continue
        if info.kind == "bool":
            before = [
                t.text for t in tokens[max(0, mention.start - 4) : mention.start] if t.text not in _ARTICLES
            ]
            both = _both_ways(tokens, mention)
            sides = before[-3:]
            if {"with", "without"} == {*sides[:1], *sides[2:]} and sides[1] in (
                "and",
                "versus",
                "or",
                "then",
            ):
                reading.values[info.name] = [True, False] if sides[0] == "with" else [False, True]
            elif both:
                reading.values[info.name] = both
            else:
                reading.values[info.name] = not negated
            reading.last = reading.last or info.name
        elif negated and info.kind == "choice" and "none" in info.choices:
            reading.values[info.name] = "none"
        elif negated and numeric(info) and info.kind != "list":
            if suits(0, info) and not (info.item or info).above:
                reading.values[info.name] = 0
            elif info.optional:
                reading.values[info.name] = None
            else:
                continue
        else:
            continue
        reading.used.update(range(mention.start, mention.end))


def _beside(name: str, value: Any, at: int, tokens: Sequence[Token], reading: Reading) -> None:
    """Put one more value beside those of a comparison, in the order in which they were said."""
    values = reading.values[name] if isinstance(reading.values[name], list) else [reading.values[name]]
    if value in values:
        return
    first = min(reading.used, default=-1) if isinstance(value, bool) else first_number(name, tokens, reading)
    reading.values[name] = [value, *values] if at < first else [*values, value]


_SIDES = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def _both_ways(tokens: Sequence[Token], mention: Mention) -> list[bool]:
    """ "scaling true and false", "scaling on vs off": the switch in both positions, in the order said."""
    after = [
        t.text
        for t in tokens[mention.end : mention.end + 5]
        if t.text not in ("=", ":", "is", "set", "to", "both")
    ]
    if (
        len(after) >= 3
        and after[0] in _SIDES
        and after[1] in ("and", "or", "versus", ",", "/")
        and after[2] in _SIDES
    ):
        sides = [_SIDES[after[0]], _SIDES[after[2]]]
        return sides if sides[0] is not sides[1] else []
    return []


def _negated(tokens: Sequence[Token], mention: Mention) -> bool:
    before = [t.text for t in tokens[max(0, mention.start - 4) : mention.start]]
    while before and before[-1] in ("the", "any", "all", "a", "of", "it", "with", "limit", "on", "to"):
        before.pop()
    after = [t.text for t in tokens[mention.end : mention.end + 3]]
    if before and before[-1] in NO:
        return True
    if len(before) > 1 and before[-2] == "not" and before[-1] in ("use", "do", "add", "turn"):
        return True
    while after and after[0] in ("=", ":", "is", "to", "turned", "set"):
        after.pop(0)
    return bool(after) and after[0] in (
        "off",
        "false",
        "disabled",
        "excluded",
        "removed",
        "gone",
        "forbidden",
    )


def place(
    loose: Sequence[Token], words: LabWords, base: Mapping[str, Any], last: str | None, texts: Sequence[str]
) -> dict[str, Any]:
    """A bare number in a correction ("make it 20") goes to the parameter set last that can take it."""
    order = ([last] if last else []) + [name for name in reversed(list(base)) if name != last]
    for strict in (True, False):
        for name in order:
            info = words.infos.get(name)
            if info is None or not numeric(info):
                continue
            values = [fit(token, info) for token in loose]
            if strict and not all(suits(value, info) for value in values):
                continue
            return {
                name: left(info, values, texts, base)
                if info.kind == "list" or len(values) > 1
                else left(info, values[0], texts, base)
            }
    # "bigger: 64 and 64" can only be the sizes of layers, though nothing was said of them before
    sizes = [i for i in words.infos.values() if i.item is not None and i.item.kind == "int"]
    if len(loose) > 1 and len(sizes) == 1 and all(suits(fit(token, sizes[0]), sizes[0]) for token in loose):
        return {sizes[0].name: [fit(token, sizes[0]) for token in loose]}
    return {}
