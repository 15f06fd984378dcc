"""Values that are chosen by name: which of a lab's choices a message means, refuses, or only mentions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from labs.fields import ParamInfo
from tutor.planning.acts import RUN
from tutor.planning.details import Reading
from tutor.planning.lexicon import Hit, LabWords, of_lab
from tutor.planning.numbers import Mention, numeric
from tutor.planning.revisions import leaves_out, swapped
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
_BACK = words("about and now back try instead again same with use switch")
METHODS = words("method policy policies cell architecture algorithm model strategy")


def choose(
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
        inside = inside or any(hit.start < start < hit.end for start, _ in twofold)  # "decision tree depth 3"
        if inside or not reading.used & set(range(hit.start, hit.end)):
            by_field.setdefault(hit.entry.field, []).append(hit)
    by_field = _one_meaning(words, by_field, reading)
    for name, found in by_field.items():
        info = words.infos[name]
        if name in reading.values:
            _join(info, name, found, tokens, reading)
            continue
        rivals = [hit for hit in found if any(other.entry.value != hit.entry.value for other in found)]
        wanted = [h for h in found if _meant(h, words, tokens, hits, bool(rivals))]
        refused = [
            h
            for h in wanted
            if _refused(h.start, tokens) or (info.kind == "list" and leaves_out(texts, h.start))
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
            if base.get(name, values[0]) == values[0] or not _BACK & set(texts):
                continue
            reading.values[name] = values[0]  # "what about value iteration", after another method
        elif info.kind == "list":
            gone = [h.entry.value for h in refused]
            reading.values[name] = swapped(_fix(values, tokens), texts, base.get(name), gone)
        else:
            values = _fix(values, tokens)
            # "run the rnn with cell rnn, gru and lstm": the first "rnn" names the lab, the list begins at the second
            latest = sorted({h.entry.value: h for h in wanted}.values(), key=lambda h: h.start)
            if reading.compares and "none" in info.choices and "none" in texts and "none" not in values:
                values.insert(0 if texts.index("none") < latest[0].start else len(values), "none")
                latest = []
            joined = len(values) > 1 and (reading.compares or _listed(latest, tokens))
            reading.values[name] = values if joined else values[-1]
        if name in reading.values:
            reading.last = reading.last or name
            for hit in (*wanted, *refused):
                reading.used.update(range(hit.start, hit.end))


def _one_meaning(
    words: LabWords, by_field: Mapping[str, list[Hit]], reading: Reading
) -> dict[str, list[Hit]]:
    """A phrase that is both a number and a name, read once.

    "greedy" beside "eps 0.1" is epsilon 0; beside "ucb" it is a policy; and "pure greedy" beside "ucb" is both.
    """
    numbers = {name for name in by_field if numeric(words.infos[name])}
    spans = {(h.start, h.end): name for name in numbers for h in by_field[name]}
    values = {(h.start, h.end): h.entry.value for name in numbers for h in by_field[name]}
    kept = {name: list(found) for name, found in by_field.items()}
    for name, found in by_field.items():
        for hit in found:
            number = spans.get((hit.start, hit.end))
            if number is None or name in numbers:
                continue
            rivals = any(other.entry.value != hit.entry.value for other in found)
            said, value = reading.values.get(number), values[(hit.start, hit.end)]
            beside = said is not None and (reading.compares or said in (value, [value]))
            if beside and not rivals:
                kept[name].remove(hit)
            elif hit.length == 1 and not (number in reading.values and reading.compares):
                kept[number] = [h for h in kept[number] if (h.start, h.end) != (hit.start, hit.end)]
            elif hit.length > 1 and not rivals:
                kept[name].remove(hit)
    return {name: found for name, found in kept.items() if found}


def _join(
    info: ParamInfo, name: str, found: Sequence[Hit], tokens: Sequence[Token], reading: Reading
) -> None:
    """ "no exploration versus epsilon 0.2": a value in words beside values in numbers."""
    if not (numeric(info) and reading.compares) or name in reading.dropped:
        return
    first = first_number(name, tokens, reading)
    values = reading.values[name] if isinstance(reading.values[name], list) else [reading.values[name]]
    for hit in found:
        if hit.entry.value not in values:
            values = [hit.entry.value, *values] if hit.start < first else [*values, hit.entry.value]
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
    own = [h for h in hits if h.entry.lab == words.lab.id and h.entry.kind == "choice"]
    first = min([hit.start, *(h.start for h in own if h.end == hit.start)])  # "predict rolls royce returns"
    near = set(range(min(first - 1, hit.start - 2), hit.start)) | set(range(hit.end, hit.end + 2))
    for other in hits:
        if other.entry.lab == words.lab.id and near & set(range(other.start, other.end)):
            if other.entry.kind == "field" and other.entry.field == hit.entry.field:
                return True
            if other.entry.kind in ("lab", "field") and other.start == hit.end:
                return True
    before = [t.text for t in tokens[max(0, hit.start - 2) : hit.start]]
    if hit.entry.field == "dataset" and (
        before[-1:] == ["noisy"] or (before[-1:] == ["the"] and _is_set(tokens))
    ):
        return True  # "fit the curve with degree 9", "a noisy line"
    if before[-1:] in (["the"], ["a"]):
        before.pop()
    after = tokens[hit.end].text if hit.end < len(tokens) else ""
    if hit.start == 0 and word == "optimistic" and any(t.kind == "number" for t in tokens):
        return True  # "optimistic start of 3"
    if before[-1:] == ["of"] and any(t.kind == "number" for t in tokens):
        return True  # "20 points of the curve"
    if (
        (before[-1:] == [","] or hit.start == 0)
        and after in ("", ",")
        and any(t.kind == "number" for t in tokens)
    ):
        return True  # "3 layers, lookback 25, return"
    return bool(before and before[-1] in INTRODUCES) or after in ("one", "instead", "data", "version")


def _is_set(tokens: Sequence[Token]) -> bool:
    """Whether a message holds a number or an order, so that "the curve" is data rather than a plot's."""
    return any(t.kind == "number" or t.text in RUN or t.text in ("overfit", "underfit") for t in tokens)


def _refused(start: int, tokens: Sequence[Token]) -> bool:
    """ "instead of X", "rather than X", "not X", "everything except X"."""
    before = [t.text for t in tokens[max(0, start - 5) : start]]
    while before and before[-1] in ("the", "a", "of", "just", "any"):
        before.pop()
    return (
        bool(before)
        and before[-1] in ("not", "instead", "without", "except", "excluding", "than", "no", "place")
        and (before[-1] != "than" or "rather" in before)
        and (before[-1] != "place" or "in" in before)
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


def first_number(name: str, tokens: Sequence[Token], reading: Reading) -> int:
    """Where the first number of a setting stands; -1 where none does."""
    values = reading.values[name] if isinstance(reading.values[name], list) else [reading.values[name]]
    return min(
        (i for i in reading.used if tokens[i].kind == "number" and tokens[i].value in values), default=-1
    )
