"""Settings that are neither a plain number nor a named value: shares, dates, symbols, quoted texts.

Each function adds what it finds for one lab to the `Reading`, and marks the tokens it used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from labs.fields import ParamInfo
from tutor.planning.lexicon import LabWords
from tutor.planning.numbers import Mention, numeric
from tutor.planning.text import Token, is_year
from tutor.planning.vocabulary import COMMON, SUBJECT, words

_MONTHS = {
    month: number
    for number, months in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for month in months.split()
}
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass
class Reading:
    """What one lab would take from the message."""

    values: dict[str, Any] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    weight: float = 0.0  # how much of the message speaks this lab's language
    loose: list[Token] = field(default_factory=list)  # numbers that nothing claimed
    last: str | None = None  # the parameter set last
    dropped: set[str] = field(default_factory=set)  # "with the default learning rate"
    compares: bool = False


def compares(found: Reading) -> bool:
    """Whether several values of one setting are put side by side: "ucb vs greedy"."""
    return any(isinstance(value, list) and len(value) > 1 for value in found.values.values())


def measures(found: Reading, infos: Mapping[str, ParamInfo]) -> bool:
    """Whether a number is set, or values are compared."""
    return compares(found) or any(numeric(infos[name]) for name in found.values)


def sets(found: Reading, infos: Mapping[str, ParamInfo]) -> bool:
    """Whether a value is set that is more than a name: a number, a switch, a comparison."""
    return any(
        infos[name].kind != "choice" or isinstance(value, list)
        for name, value in found.values.items()
        if infos[name].kind != "list" or not (infos[name].item or infos[name]).choices or len(value) > 1
    )


def shares(words: LabWords, tokens: Sequence[Token], mentions: Sequence[Mention], reading: Reading) -> None:
    """ "80/20 split" and "80% training" for the parameter that holds the share kept for testing."""
    info = next(
        (i for i in words.infos.values() if "test" in i.name and i.kind == "float" and (i.maximum or 9) <= 1),
        None,
    )
    if info is None:
        return
    for at, token in enumerate(tokens):
        if token.text == "<ratio>" and token.value is not None:
            reading.values[info.name] = token.value
            reading.used.add(at)
        elif (
            token.percent
            and token.value is not None
            and any(t.text in ("train", "training") for t in tokens[at + 1 : at + 5])
        ):
            if any(t.kind == "number" for t in tokens[at + 1 : at + 5]):
                continue
            reading.values[info.name] = round(1 - float(token.value) / 100, 6)
            reading.used.add(at)
        elif token.vague and token.text == "<number>" and float(token.value or 1) < 1:
            near = [t.text for t in tokens[at + 1 : at + 6]]
            held = near[:1] == ["held"] or (near[:1] == ["of"] and {"held", "hold", "kept"} & set(near[2:]))
            if held or (any(t in ("test", "testing") for t in near) and "the" not in near[:1]):
                reading.values[info.name] = token.value
                reading.used.add(at)


def dates(words: LabWords, tokens: Sequence[Token], reading: Reading) -> None:
    names = {
        info.name for info in words.infos.values() if info.unit == "date" or info.name in ("start", "end")
    }
    if not {"start", "end"} <= names:
        return
    spots = [i for i, t in enumerate(tokens) if (is_year(t) or t.text == "<date>") and i not in reading.used]
    dates: list[tuple[int, int, str, str]] = []  # first token, last token, earliest day, latest day
    for at in spots:
        token = tokens[at]
        if token.text == "<date>":
            dates.append((at, at, token.raw, token.raw))
            continue
        year = int(token.raw)
        month = _MONTHS.get(tokens[at - 1].text, 0) if at > 0 else 0
        on, first = _day_of(tokens, at)
        if on:
            day = f"{year}-{on[0]:02d}-{on[1]:02d}"
            dates.append((first, at, day, day))
        elif month:
            leap = month == 2 and year % 4 == 0
            last = _DAYS[month - 1] + int(leap)
            dates.append((at - 1, at, f"{year}-{month:02d}-01", f"{year}-{month:02d}-{last}"))
        else:
            dates.append((at, at, f"{year}-01-01", f"{year}-12-31"))
    for index, (first, last, opens, closes) in enumerate(dates[:2]):
        before = [t.text for t in tokens[max(0, first - 3) : first]]
        while (
            before
            and before[-1] in ("the", "of", "in", "beginning", "year", "=", ":", "at", "date")
            and len(before) > 1
        ):
            before.pop()
        word = before[-1] if before else ""
        if len(dates) >= 2:
            reading.values["start" if index == 0 else "end"] = opens if index == 0 else closes
        elif word in ("since", "from", "after", "start", "starting", "beginning", "onward"):
            reading.values["start"] = opens
        elif word == "before":
            reading.values["end"] = _day_before(opens)
        elif word in ("until", "till", "to", "through", "end", "ending", "til", "by"):
            reading.values["end"] = closes
        elif any(t.text in ("onward", "onwards") for t in tokens[last + 1 : last + 3]):
            reading.values["start"] = opens
        else:
            reading.values |= {"start": opens, "end": closes}
        reading.used.update(range(first, last + 1))
        reading.last = "start"


def _day_before(day: str) -> str:
    try:
        return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    except ValueError:
        return day  # 2015-02-31: the lab says so


def _day_of(tokens: Sequence[Token], year: int) -> tuple[tuple[int, int] | None, int]:
    """Month and day of "5 april 2016" and "april 5th, 2016", with the first token of the date; None without a day."""
    at = year - 1
    if at > 1 and tokens[at].text == ",":
        at -= 1
    before = [tokens[i] for i in (at - 1, at) if i >= 0]
    for word, number in (before, before[::-1]) if len(before) == 2 else ():
        month, day = _MONTHS.get(word.text, 0), number.value
        if (
            month
            and isinstance(day, int)
            and 0 < day <= _DAYS[month - 1] + (month == 2)
            and not number.percent
        ):
            return (month, day), at - 1
    return None, year


def names(words: LabWords, tokens: Sequence[Token], reading: Reading) -> None:
    """Symbols in capitals ("NFLX") for a text parameter whose known values are symbols in capitals."""
    if sum(t.raw.isupper() for t in tokens) > max(3, len(tokens) // 2):
        return
    for info in words.infos.values():
        inner = info.item or info
        symbols = {**inner.choice_synonyms, **info.choice_synonyms}
        if inner.kind != "text" or not symbols or not all(s.isupper() for s in symbols):
            continue
        named = reading.values.get(info.name)
        values: list[Any] = list(named) if isinstance(named, list) else [named] if named else []
        for at, token in enumerate(tokens):
            if token.kind != "word" or at in reading.used or not re.fullmatch(r"[A-Z]{1,5}", token.raw):
                continue
            low = token.text
            if token.raw in symbols or (
                len(low) > 2 and low not in COMMON | SUBJECT and low not in _NOT_SYMBOLS
            ):
                if len(token.raw) == 1 and token.raw not in symbols:
                    continue
                if token.raw not in values:
                    values.append(token.raw)
                reading.used.add(at)
        if values:
            reading.values[info.name] = values if info.kind == "list" or len(values) > 1 else values[0]


_NOT_SYMBOLS = words(
    """
    lstm rnn gru cnn ucb dqn mdp ols sgd relu knn svm vgg bps usa rmse roi api csv eps xor nyse
    """
)


_TO_GO_ON = words("from prompted finish complete continue beginning begin starting start opening say with")


def _begins(tokens: Sequence[Token], at: int) -> bool:
    """Whether a quoted text is one to go on from: "prompted with '...'", "let it finish '...'"."""
    before = [token.text for token in tokens[max(0, at - 3) : at]]
    return bool(_TO_GO_ON & set(before)) and not {"on", "text"} & set(before)


def texts(words: LabWords, tokens: Sequence[Token], mentions: Sequence[Mention], reading: Reading) -> None:
    """Quoted text goes to the free-text parameter named before it, or else to the first one."""
    takers = [
        i
        for i in words.infos.values()
        if i.kind == "text" and i.unit != "date" and i.name not in ("start", "end")
    ]
    takers = [i for i in takers if not any(symbol.isupper() for symbol in i.choice_synonyms)]
    if not takers:
        return
    for at, token in enumerate(tokens):
        if token.kind != "quote":
            continue
        near = [m for m in mentions if m.info in takers and 0 <= at - m.end <= 3]
        opens = [i for i in takers if i.name == "prompt"] if _begins(tokens, at) else []
        info = max(near, key=lambda m: m.end).info if near else next(iter(opens), takers[0])
        reading.values[info.name] = token.raw
        reading.used.add(at)
