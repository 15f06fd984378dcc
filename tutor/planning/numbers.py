"""Which number belongs to which parameter: "20 arms", "lr of 0.1", "0, 0.01 and 0.1", "half the epochs".

Works on one lab's field mentions and the number tokens of one message. Numbers and mentions are paired in
the order of the text so that as many of both as possible find a partner; bounds and types only break ties,
since a senseless value is the lab's business to refuse.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labs.fields import ParamInfo
from tutor.planning.text import Token, tidy
from tutor.planning.vocabulary import words

# Words that may stand between a parameter's name and its value.
LINKS = words(
    """
    = : ( [ of to at is was were be as with like around about roughly only just equal equals equalling set
    value rate the a up down say now by for use using fixed approximately exactly being went go each becomes
    became instead maybe than every turned
    """
)
# Words that may stand between a value and the parameter's name.
FILLERS = words(
    """
    the a of more extra training different total percent little hidden full whole good only in random
    separate single per each noisy for as additional chance held small simple worth simulated new
    """
)
SEPARATORS = words(", and versus or / then & to plus [ + ; through")
_TIMES = {
    **dict.fromkeys(("double", "doubled", "doubling", "twice"), 2),
    **dict.fromkeys(("triple", "tripled", "treble", "thrice"), 3),
    **dict.fromkeys(("halve", "halved", "halving"), 0.5),
    "quadruple": 4,
}
_OF = words(
    """
    the as many much of number my that amount our its current previous size and their a
    """
)
_OF_LAYERS = words("unit neuron each size node having containing width wide")
_MORE = words("more extra additional further")
_FEWER = words("fewer less")
_ENDS = words(", . ! and please ; this now then")
_ALSO = words("and versus or then with to compared once one again another time")
_APART = words("on with using at from by to where when but")
COMPARING = words("compare comparing comparison")
MOST = 60  # values after one name; more than any lab takes, so that it is the lab that refuses them
_RAISE = words("increase raise up bump boost")
_LOWER = words("decrease reduce lower drop cut")


@dataclass(frozen=True)
class Mention:
    """A parameter named in tokens[start:end]."""

    start: int
    end: int
    info: ParamInfo


@dataclass
class Assigned:
    """What the numbers of a message set, and which tokens that used up."""

    values: dict[str, Any]
    used: set[int]
    last: str | None = None
    repeated: bool = False


def numeric(info: ParamInfo) -> bool:
    inner = info.item or info
    return inner.kind in ("int", "float")


def fit(token: Token, info: ParamInfo) -> float | int:
    """The number as this parameter takes it: 20 percent is 0.2 where the range ends at 1."""
    inner = info.item or info
    value = token.value if token.value is not None else 0
    if token.percent and inner.kind == "float" and (inner.maximum is None or inner.maximum <= 1):
        return tidy(value / 100)
    return value


def suits(value: float | int, info: ParamInfo) -> bool:
    """Whether the value is one that the parameter could take."""
    inner = info.item or info
    if inner.kind == "int" and not float(value).is_integer():
        return False
    low, high = inner.minimum, inner.maximum
    return not ((low is not None and value < low) or (high is not None and value > high))


def assign(
    tokens: Sequence[Token],
    mentions: Sequence[Mention],
    taken: Collection[int],
    named: Collection[int] = (),
) -> Assigned:
    """Pair numbers with mentions, so that the most of both are used.

    `named` are the tokens of values chosen by name, which may stand between the two: "150 moons samples".
    """
    items: list[Mention | int] = [m for m in mentions if numeric(m.info)]
    items += [i for i, t in enumerate(tokens) if t.kind == "number" and i not in taken]
    items.sort(key=lambda item: (item, 0) if isinstance(item, int) else (item.start, item.end))
    count = len(items)
    best: list[tuple[float, tuple[tuple[Mention, list[int]], ...]]] = [(0.0, ())] * (count + 1)
    for at in range(count - 1, -1, -1):
        item = items[at]
        score, pairs = best[at + 1]
        best[at] = (score - (0.4 if isinstance(item, int) else 0.0), pairs)
        for mention, run, after in _pairs(items, at, tokens):
            gain = _worth(mention, run, tokens, named)
            if gain is None:
                continue
            score, pairs = best[after]
            if score + gain > best[at][0]:
                best[at] = (score + gain, ((mention, run), *pairs))
    result = Assigned({}, set())
    end = 0
    for mention, run in _merged(best[0][1], tokens):
        info = mention.info
        values = [fit(tokens[i], info) for i in run]
        if len(values) == 2 and tokens[run[0] + 1].text == "to":
            values = _span(values, tokens, run, info)
        if info.name in result.values:
            result.repeated = True
            earlier = result.values[info.name]
            listed = 0 < mention.start - end < 4 and all(t.text in _ALSO for t in tokens[end : mention.start])
            if info.kind == "list" or listed or any(t.text in ("versus", "compare") for t in tokens):
                earlier = earlier if isinstance(earlier, list) else [earlier]
                values = [*earlier, *(v for v in values if v not in earlier)]
        value: Any = values if info.kind == "list" or len(values) > 1 else values[0]
        result.values[info.name] = value
        result.used.update(run)
        result.used.update(range(mention.start, mention.end))
        result.last = info.name
        end = max(mention.end, run[-1] + 1)
    return result


def _merged(
    pairs: Sequence[tuple[Mention, list[int]]], tokens: Sequence[Token]
) -> list[tuple[Mention, list[int]]]:
    """ "costs of 0, 10 and 50 bps": one list of numbers that the parameter is named on both sides of."""
    found: list[tuple[Mention, list[int]]] = []
    for mention, run in pairs:
        last = found[-1] if found else None
        if last and last[0].info.name == mention.info.name and joined(tokens, last[1][-1], run[0]):
            found[-1] = (last[0], [*last[1], *run])
        else:
            found.append((mention, run))
    return found


def _pairs(
    items: Sequence[Mention | int], at: int, tokens: Sequence[Token]
) -> list[tuple[Mention, list[int], int]]:
    """Ways to use item `at` with what follows it: (mention, its numbers, next free item)."""
    item = items[at]
    found: list[tuple[Mention, list[int], int]] = []
    if isinstance(item, Mention):
        run: list[int] = []
        for nxt in range(at + 1, len(items)):
            number = items[nxt]
            if not isinstance(number, int) or (run and not joined(tokens, run[-1], number)):
                break
            if len(run) == MOST:
                break
            run = [*run, number]
            found.append((item, run, nxt + 1))
        return found
    run = [item]
    for nxt in range(at + 1, len(items)):
        other = items[nxt]
        if isinstance(other, Mention):
            if other.start > run[-1]:
                found.append((other, run, nxt + 1))
            break
        if len(run) == MOST or not joined(tokens, run[-1], other):
            break
        run = [*run, other]
    return found


def joined(tokens: Sequence[Token], one: int, two: int) -> bool:
    between = tokens[one + 1 : two]
    if len(between) > 1 and between[-1].text == "every":  # "every 1 and every 50 episodes"
        between = between[:-1]
    if tokens[two].vague and not between:  # "a degree 10 one"
        return False
    if tokens[two].vague and between[-1].text == "a":  # "zero, a tenth and a half"
        between = between[:-1]
    apart = {token.text for token in between} if len(between) <= 2 else {""}
    if apart <= SEPARATORS:
        return True
    return apart <= SEPARATORS | {"with"} and any(token.text in COMPARING for token in tokens[:one])


def _worth(
    mention: Mention, run: Sequence[int], tokens: Sequence[Token], named: Collection[int]
) -> float | None:
    """How good it is to give these numbers to this mention; None where the text between speaks against it."""
    after = mention.start < run[0]
    gap = tokens[mention.end : run[0]] if after else tokens[run[-1] + 1 : mention.start]
    allowed = LINKS if after else FILLERS
    between = range(mention.end, run[0]) if after else range(run[-1] + 1, mention.start)
    strange = [tokens[i] for i in between if tokens[i].text not in allowed and (after or i not in named)]
    if not after and any(t.text in _APART for t in strange):
        return None  # "0.1 on a drifting bandit"
    if len(gap) > 4 or len(strange) > 1 or any(t.kind != "word" or t.text in SEPARATORS for t in strange):
        return None
    inner = mention.info.item or mention.info
    letter = mention.end - mention.start == 1 and len(tokens[mention.start].text) == 1
    if letter and (not after or len(gap) > 2):
        return None
    first = tokens[run[0]]
    if (
        first.vague
        and len(run) == 1
        and gap
        and not (len(gap) == 1 and gap[0].text == "a")  # "dropout a quarter"
        and not any(t.text in ["=", "of", "to", "at", ":", "is", "the"] for t in gap)
    ):
        return None
    if not after and run[0] and tokens[run[0] - 1].text == "every":
        return None  # "every 50 episodes" is a period, not how many there are
    gain = 2.0 + 0.3 * len(run) - 0.25 * len(gap) - 0.6 * len(strange)
    if after:
        gain += 0.5 if any(t.text in ("=", ":", "of", "to", "at", "is", "[") for t in gap) else 0.0
        gain -= 0.15 if inner.kind == "int" else 0.0
        gain += 1.0 if tokens[run[0] - 1].text == "every" else 0.0  # "copied every 50 episodes" is a period
    else:
        gain += 0.4 if inner.kind == "int" else -0.2
    if len(run) > 1 and tokens[run[-1] - 1].text == "," and not after:
        gain -= 0.1  # "update 5 and 20, 200 episodes": a list ends in "and"
    for i in run:
        value = fit(tokens[i], mention.info)
        if inner.kind == "int" and not float(value).is_integer():
            gain -= 1.5
        elif not suits(value, mention.info):
            gain -= 0.6
    return gain


def _span(
    values: list[float | int], tokens: Sequence[Token], run: Sequence[int], info: ParamInfo
) -> list[float | int]:
    """Two numbers with "to" between: a change keeps the second, a short whole range is counted through."""
    words = {token.text for token in tokens}
    if words & (_RAISE | _LOWER | {"change", "go", "switch", "move"}):
        return values[1:]
    inner = info.item or info
    low, high = values
    if inner.kind == "int" and isinstance(low, int) and isinstance(high, int) and 0 < high - low < 12:
        return list(range(low, high + 1))
    return values


def changes(
    tokens: Sequence[Token], mentions: Sequence[Mention], base: Mapping[str, Any]
) -> tuple[dict[str, Any], set[int]]:
    """Relative changes ("double the arms", "10 more epochs") worked out from `base` or the defaults."""
    values: dict[str, Any] = {}
    used: set[int] = set()
    for mention in mentions:
        if not numeric(mention.info) or mention.info.name in values:
            continue
        found = _change(tokens, mention)
        if found is None:
            continue
        factor, plus, spot = found
        before = base.get(mention.info.name, mention.info.default)
        if before is None:
            continue
        low = (mention.info.item or mention.info).minimum
        if isinstance(before, int | float) and plus < -1 and low is not None and before + plus < low:
            factor, plus = -1 / plus, 0.0  # "cut the learning rate by 10" from 0.02
        changed = (
            [_moved(b, factor, plus, mention.info) for b in before] if isinstance(before, list) else None
        )
        values[mention.info.name] = _moved(before, factor, plus, mention.info) if changed is None else changed
        used |= spot | set(range(mention.start, mention.end))
    return values, used


def _change(tokens: Sequence[Token], mention: Mention) -> tuple[float, float, set[int]] | None:
    """(factor, addend, tokens used) of a change said just before or just after the mention."""
    at = mention.start - 1
    steps = 0
    while at >= 0 and steps < 5 and tokens[at].text in _OF:
        at -= 1
        steps += 1
    word = tokens[at].text if at >= 0 else ""
    before = tokens[at - 1] if at > 0 else None
    if word in _TIMES:
        return _TIMES[word], 0, {at}
    if at >= 0 and tokens[at].kind == "number" and tokens[at].vague and steps:
        value = float(tokens[at].value or 1)
        if 0 < value < 1:  # "half the", "a tenth of the"
            return value, 0, {at}
    if word in ("time", "x") and before is not None and before.value is not None:
        return float(before.value), 0, {at, at - 1}
    if (
        word in ("smaller", "lower", "bigger", "larger", "higher")
        and at > 1
        and tokens[at - 1].text in ("time", "x")
    ):
        number = tokens[at - 2].value
        if number:
            return (1 / number if word in ("smaller", "lower") else float(number)), 0, {at, at - 1, at - 2}
    if word in _MORE | _FEWER and at > 1 and tokens[at - 1].text in ("time", "x") and tokens[at - 2].value:
        number = float(tokens[at - 2].value or 1)  # "ten times fewer epochs"
        return (number if word in _MORE else 1 / number), 0, {at, at - 1, at - 2}
    if word in _MORE | _FEWER and before is not None and before.value is not None:
        sign = 1 if word in _MORE else -1
        return 1, sign * float(before.value), {at, at - 1}
    after = [token.text for token in tokens[mention.end : mention.end + 2]]
    counted = at >= 0 and not steps and tokens[at].kind == "number"
    if counted and after and after[0] in _MORE | _FEWER and (not after[1:] or after[1] in _ENDS):
        return 1, (1 if after[0] in _MORE else -1) * float(tokens[at].value or 0), {at}  # "one degree more"
    if at > 0 and tokens[at].kind == "number" and tokens[at - 1].text == "another":
        return 1, float(tokens[at].value or 0), {at}
    return _change_after(tokens, mention, word)


def _change_after(
    tokens: Sequence[Token], mention: Mention, verb: str
) -> tuple[float, float, set[int]] | None:
    end = mention.end
    while end < len(tokens) and tokens[end].text in ("should", "be", "to", "is", "are", "made", "must"):
        end += 1
    after = tokens[end : end + 4]
    texts = [token.text for token in after]
    if texts[:1] == ["in"] and after[1:] and (after[1].raw == "half" or after[1].value == 0.5):
        return 0.5, 0, {end + 1}  # "cut the steps in half"
    for i, text in enumerate(texts[:2]):
        if text in ("doubled", "halved", "tripled"):
            return _TIMES[text], 0, {end + i}
    for i, token in enumerate(after[:2]):
        comparing = texts[i + 1 : i + 3]
        if token.value and comparing[:1] in (["time"], ["x"]):
            if comparing[1:] and comparing[1] in ("smaller", "lower", "less", "fewer", "shorter"):
                return 1 / float(token.value), 0, {end + i}
            if comparing[1:] and comparing[1] in ("bigger", "larger", "higher", "more", "longer", "as"):
                return float(token.value), 0, {end + i}
        if comparing[:1] == ["as"] and (token.text in _TIMES or token.raw == "half"):
            return _TIMES.get(token.text, 0.5), 0, {end + i}
    if texts[:1] == ["by"] and (verb in _RAISE or verb in _LOWER):
        spot = end + 1
        if texts[1:5][:4] == ["a", "factor", "of"] and len(tokens) > end + 4:
            number = tokens[end + 4].value
            if number:
                return (float(number) if verb in _RAISE else 1 / number), 0, {end + 4}
        if len(after) > 1 and after[1].value is not None:
            value = float(after[1].value)
            sign = 1 if verb in _RAISE else -1
            if after[1].percent or after[1].vague:
                return 1 + sign * (value / 100 if after[1].percent else value), 0, {spot}
            return 1, sign * value, {spot}
    return None


def _moved(value: float, factor: float, plus: float, info: ParamInfo) -> float | int:
    moved = tidy(value * factor + plus)
    inner = info.item or info
    return round(moved) if inner.kind == "int" else moved


def _elsewhere(
    layer: Mention, mentions: Sequence[Mention], tokens: Sequence[Token]
) -> tuple[list[int], set[int]]:
    """The "six" of "six tanh neurons in one hidden layer": a size said away from the layers, and its tokens."""
    for other in mentions:
        if other.info.name != layer.info.name or other.start == layer.start:
            continue
        for at in range(other.start - 1, max(-1, other.start - 4), -1):
            token = tokens[at]
            if token.kind == "number" and isinstance(token.value, int) and not token.percent:
                apart = layer.start - 3 <= at < layer.end
                return ([], set()) if apart else ([token.value], {at, *range(other.start, other.end)})
            if token.kind != "word":
                break
    return [], set()


def layer_sizes(
    tokens: Sequence[Token], mentions: Sequence[Mention], base: Mapping[str, Any]
) -> tuple[dict[str, Any], set[int]]:
    """ "two hidden layers of 32 and 16" for a parameter that lists whole numbers "... per layer".

    The word after "per" in the parameter's unit is what the list counts.
    """
    for mention in mentions:
        unit = (mention.info.unit or "").split(" per ")
        inner = mention.info.item
        if inner is None or inner.kind != "int" or len(unit) != 2:
            continue
        if not any(token.text == unit[1] for token in tokens[mention.start : mention.end]):
            continue
        number_at = mention.start - 1
        while number_at >= 0 and tokens[number_at].text in FILLERS:
            number_at -= 1
        token = tokens[number_at] if number_at >= 0 else None
        if (
            token is None
            or token.kind != "number"
            or not isinstance(token.value, int)
            or not 0 < token.value < 11
        ):
            continue
        name, count = mention.info.name, token.value
        used = {number_at, *range(mention.start, mention.end)}
        sizes: list[int] = []
        counts = {m.start for m in mentions if numeric(m.info) and m.info.name != name}
        for at in range(mention.end, len(tokens)):
            other = tokens[at]
            if sizes and at + 1 in counts:
                break  # "2 layers of 10, 150 epochs"
            if other.kind == "number" and isinstance(other.value, int) and not other.percent:
                sizes.append(other.value)
                used.add(at)
                if len(sizes) == count:
                    break
            elif other.text not in LINKS | SEPARATORS | _OF_LAYERS or (
                sizes and other.text not in SEPARATORS
            ):
                break
        if sizes and len(sizes) not in (1, count):
            sizes = sizes[:1]
        if not sizes:
            sizes, more = _elsewhere(mention, mentions, tokens)
            used |= more
        if not sizes:
            earlier = base.get(name, mention.info.default) or [16]
            return {name: [earlier[0]] * count}, used
        return {name: sizes * count if len(sizes) == 1 else sizes}, used
    return {}, set()
