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
from tutor.planning.details import Reading
from tutor.planning.lexicon import Hit, LabWords, of_lab
from tutor.planning.numbers import Mention, assign, changes, fit, joined, layer_sizes, numeric, suits
from tutor.planning.revisions import leaves_out, left, moved_to, swapped
from tutor.planning.text import Token
from tutor.planning.vocabulary import words

# Values whose own name is an everyday word count only where the text marks them as a setting.
EVERYDAY = words(
    """
    line curve simple price return note own none gradient optimistic character char
    """
)
INTRODUCES = words(
    """
    with using use via by = : on to as and versus or than try just only for in instead switch about same be add
    include plus also
    """
)
METHOD_INTRODUCES = words("with using use via by = : to versus or and than , plus as")
# Parameters whose usual value is what the lab is also called by.
METHODS = words("method policy policies cell architecture algorithm model strategy")
NO = words("no not without off disable disabled skip remove minus non never zero")


def read(
    words: LabWords, tokens: Sequence[Token], hits: Sequence[Hit], base: Mapping[str, Any], blocked: set[int]
) -> Reading:
    """The settings in a message for one lab. `base` holds the values before it; `blocked` tokens set none."""
    lab = words.lab.id
    reading = Reading(used=set(blocked))
    texts = [token.text for token in tokens]
    reading.compares = any(text in ("versus", "compare", "comparison", "both", "or") for text in texts)
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
    _choices(words, tokens, hits, mentions, reading, base)
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
    named = hit.end < len(tokens) and tokens[hit.end].text in ("=", ":")
    return not counted and not named


def _defaults_asked(tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[str]:
    return [
        m.info.name
        for m in mentions
        if m.start > 0 and tokens[m.start - 1].text in ("default", "normal", "usual", "original", "standard")
    ]


# ---- values chosen by name


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


def _choices(
    words: LabWords,
    tokens: Sequence[Token],
    hits: Sequence[Hit],
    mentions: Sequence[Mention],
    reading: Reading,
    base: Mapping[str, Any],
) -> None:
    lab = words.lab.id
    texts = [token.text for token in tokens]
    twofold = [
        (m.start, m.end) for m in mentions
    ]  # "7 nearest neighbours" names a model and counts something
    by_field: dict[str, list[Hit]] = {}
    for hit in of_lab(hits, lab, "choice"):
        inside = any(hit.start <= start and end <= hit.end for start, end in twofold)
        if inside or not reading.used & set(range(hit.start, hit.end)):
            by_field.setdefault(hit.entry.field, []).append(hit)
    for name, found in by_field.items():
        info = words.infos[name]
        if name in reading.values:
            _join(info, name, found, tokens, reading)
            continue
        rivals = [hit for hit in found if any(other.entry.value != hit.entry.value for other in found)]
        wanted = [h for h in found if _meant(h, words, tokens, hits, bool(rivals))]
        refused = [
            h for h in wanted if _refused(h.start, tokens) or (info.kind == "list" and leaves_out(texts))
        ]
        wanted = [h for h in wanted if h not in refused]
        wanted.sort(key=lambda h: h.start)
        values = list(dict.fromkeys(_hashable(h.entry.value) for h in wanted))
        if info.kind == "bool":
            if values and not refused:
                reading.values[name] = values if reading.compares and len(values) > 1 else values[-1]
        elif not values:
            offered = base.get(name) or info.default
            if refused and info.kind == "list" and isinstance(offered, list) and len(offered) > 1:
                out = {h.entry.value for h in refused}
                reading.values[name] = [value for value in offered if value not in out]
            elif refused and "none" in info.choices:
                reading.values[name] = "none"
            else:
                continue
        elif len(values) == 1 and _names_the_lab(wanted[0], info, words, tokens, hits):
            continue
        elif info.kind == "list":
            reading.values[name] = swapped(_fix(values, tokens), texts, base.get(name))
        else:
            values = _fix(values, tokens)
            # "run the rnn with cell rnn, gru and lstm": the first "rnn" names the lab, the list begins at the second
            latest = sorted({h.entry.value: h for h in wanted}.values(), key=lambda h: h.start)
            joined = len(values) > 1 and (reading.compares or _listed(latest, tokens))
            reading.values[name] = values if joined else values[-1]
        if name in reading.values:
            reading.last = reading.last or name
            for hit in wanted:
                reading.used.update(range(hit.start, hit.end))


def _join(
    info: ParamInfo, name: str, found: Sequence[Hit], tokens: Sequence[Token], reading: Reading
) -> None:
    """ "no exploration versus epsilon 0.2": a value in words beside values in numbers."""
    if not (numeric(info) and reading.compares) or name in reading.dropped:
        return
    numbers = [i for i in reading.used if tokens[i].kind == "number"]
    values = reading.values[name] if isinstance(reading.values[name], list) else [reading.values[name]]
    for hit in found:
        if hit.entry.value not in values:
            values = (
                [hit.entry.value, *values]
                if hit.start < min(numbers, default=0)
                else [*values, hit.entry.value]
            )
    reading.values[name] = values


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _fix(values: list[Any], tokens: Sequence[Token]) -> list[Any]:
    """After "sorry" or "i mean" only what was said last counts, where just one value was corrected."""
    texts = [token.text for token in tokens]
    corrected = any(a == "i" and b in ("meant", "mean") for a, b in pairwise(texts))
    return (
        values[-1:]
        if corrected and len(values) == 2 and "versus" not in texts and "and" not in texts
        else values
    )


def _listed(hits: Sequence[Hit], tokens: Sequence[Token]) -> bool:
    """Whether the values stand in one enumeration: only commas, "and", "then" and the like between them."""
    for one, two in pairwise(hits):
        between = tokens[one.end : two.start]
        if len(between) > 3 or not any(t.text in (",", "and", "then", "/", "&", "+", "or") for t in between):
            return False
    return True


def _meant(hit: Hit, words: LabWords, tokens: Sequence[Token], hits: Sequence[Hit], rivals: bool) -> bool:
    """Whether a value's everyday name is meant as a value here."""
    word = tokens[hit.start].text
    counted = hit.start > 0 and tokens[hit.start - 1].kind == "number" and not tokens[hit.start - 1].vague
    if counted and word in EVERYDAY and tokens[hit.start].raw.lower().endswith("s"):
        return False  # "a context of 32 characters"
    if not hit.plain or word not in EVERYDAY or rivals:
        return True
    near = set(range(hit.start - 2, hit.start)) | set(range(hit.end, hit.end + 2))
    for other in hits:
        if other.entry.lab == words.lab.id and near & set(range(other.start, other.end)):
            if other.entry.kind == "field" and other.entry.field == hit.entry.field:
                return True
            if other.entry.kind in ("lab", "field") and other.start == hit.end:
                return True
    before = [t.text for t in tokens[max(0, hit.start - 2) : hit.start]]
    if before[-1:] in (["the"], ["a"]):
        before.pop()
    after = tokens[hit.end].text if hit.end < len(tokens) else ""
    if hit.start == 0 and word == "optimistic" and any(t.kind == "number" for t in tokens):
        return True  # "optimistic start of 3"
    if before[-1:] == ["of"] and any(t.kind == "number" for t in tokens):
        return True  # "20 points of the curve"
    if before[-1:] == [","] and after in ("", ",") and any(t.kind == "number" for t in tokens):
        return True  # "3 layers, lookback 25, return"
    return bool(before and before[-1] in INTRODUCES) or after in ("one", "instead", "data", "version")


def _refused(start: int, tokens: Sequence[Token]) -> bool:
    """ "instead of X", "rather than X", "not X", "everything except X"."""
    before = [t.text for t in tokens[max(0, start - 3) : start]]
    while before and before[-1] in ("the", "a", "of", "just", "any"):
        before.pop()
    return (
        bool(before)
        and before[-1] in ("not", "instead", "without", "except", "excluding", "than", "no")
        and (before[-1] != "than" or "rather" in before)
    )


def _names_the_lab(
    hit: Hit, info: ParamInfo, words: LabWords, tokens: Sequence[Token], hits: Sequence[Hit]
) -> bool:
    """Whether the usual method only names the lab: "run value iteration", "the epsilon-greedy bandit"."""
    usual = info.default if not isinstance(info.default, list) else (info.default or [None])[0]
    if hit.entry.value != usual or (isinstance(info.default, list) and len(info.default) != 1):
        return False
    at = hit.start - 1
    while at >= 0 and tokens[at].text in ("the", "a", "an", "plain", "normal", "simple"):
        at -= 1
    if at >= 0 and tokens[at].text in METHOD_INTRODUCES:
        return False
    if info.name not in METHODS:
        return False
    phrase = tuple(token.key for token in tokens[hit.start : hit.end])
    beside = any(
        h.entry.kind == "lab"
        and h.entry.lab == words.lab.id
        and h.start in (hit.end, hit.end + 1)
        and h.start != hit.start
        for h in hits
    )
    suffixes = {phrase[i:] for i in range(len(phrase))}
    alone = not any(h.entry.kind == "lab" and h.entry.lab == words.lab.id for h in hits)
    return alone or beside or bool(suffixes & words.names)


# ---- switches, and parameters that are refused


def _switches(tokens: Sequence[Token], mentions: Sequence[Mention], reading: Reading) -> None:
    for mention in mentions:
        info = mention.info
        if info.name in reading.values or reading.used & set(range(mention.start, mention.end)):
            continue
        negated = _negated(tokens, mention)
        if info.kind == "bool":
            before = [t.text for t in tokens[max(0, mention.start - 3) : mention.start]]
            both = _both_ways(tokens, mention)
            if before[-3:] == ["with", "and", "without"] or before[-3:] == ["without", "and", "with"]:
                reading.values[info.name] = [True, False] if before[-3] == "with" else [False, True]
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
    before = [t.text for t in tokens[max(0, mention.start - 3) : mention.start]]
    while before and before[-1] in ("the", "any", "all", "a", "of", "it", "with"):
        before.pop()
    after = [t.text for t in tokens[mention.end : mention.end + 3]]
    if before and before[-1] in NO:
        return True
    if len(before) > 1 and before[-2] == "not" and before[-1] in ("use", "do", "add", "turn"):
        return True
    while after and after[0] in ("=", ":", "is", "to", "turned", "set"):
        after.pop(0)
    return bool(after) and after[0] in ("off", "false", "disabled")


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
