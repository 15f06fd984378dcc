"""How numbers are drawn and written in questions, and a guard against draws that would make a poor question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps

import numpy as np

from tutor.quiz.generators import Made
from tutor.quiz.question import Option

Maker = Callable[[np.random.Generator], Made]


def plain(value: float, places: int = 4) -> str:
    """A number without needless zeros: 0.5, 3, -1.25."""
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def fixed(value: float, places: int = 2) -> str:
    """A number with so many places: 0.50. Never "-0.00"."""
    return f"{round(value, places) + 0.0:.{places}f}"


def after(value: float, places: int = 4) -> str:
    """A number that stands after a sign of calculation: 3, but (-3)."""
    text = plain(value, places)
    return f"({text})" if text.startswith("-") else text


def total(values: Iterable[float], places: int = 4) -> str:
    """A sum written out, with minus where a number is negative: 2 - 3 + 1."""
    first, *rest = (plain(value, places) for value in values)
    return first + "".join(f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in rest)


def signed(value: float, places: int = 4) -> str:
    """A number that goes on a sum: + 3 or - 3."""
    return total((0.0, value), places)[2:]


def small(value: float) -> str:
    """A number to two digits, inside $…$; a tiny one as a power of ten: 4.6 \\times 10^{-5}."""
    if abs(value) >= 0.001:
        return f"{value:.2g}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits} \\times 10^{{{int(power)}}}"


def pick(rng: np.random.Generator, low: float, high: float, step: float = 1.0) -> float:
    """One of low, low + step, ... up to high, each as likely; rounded, so that it is what is shown."""
    count = round((high - low) / step)
    return round(low + step * int(rng.integers(count + 1)), 6)


def one_of(rng: np.random.Generator, values: Sequence[float]) -> float:
    """One of the values, each as likely."""
    return values[int(rng.integers(len(values)))]


def words_of(rng: np.random.Generator, values: Sequence[str]) -> str:
    """One of the texts, each as likely."""
    return values[int(rng.integers(len(values)))]


def table(head: Sequence[object], *rows: Sequence[object]) -> str:
    """A markdown table; a number is written plainly, a negative one with a minus sign of mathematics."""

    def cell(value: object) -> str:
        text = plain(value) if isinstance(value, float) else str(value)
        return f"${text}$" if re.fullmatch(r"-[\d.]+", text) else text

    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def choices(right: tuple[str, str], *wrong: tuple[str, str]) -> tuple[Option, ...]:
    """Options from (text, why); a wrong one that reads like another is left out, so that no two are equal."""
    options = [Option(right[0], True, right[1])]
    for text, why in wrong:
        if all(text != option.text for option in options):
            options.append(Option(text, False, why))
    return tuple(options)


def sound(make: Maker) -> Maker:
    """Draw again while the question would be a poor one (see `_poor`). Stands below `@generator`."""

    @wraps(make)
    def draw(rng: np.random.Generator) -> Made:
        for _ in range(500):
            made = make(rng)
            if not _poor(made):
                return made
        raise RuntimeError(f"{make.__name__}: 500 draws, and none made a good question")

    return draw


def _poor(made: Made) -> bool:
    """True where a hint holds the key, where fewer than three options are left, or where the key is zero."""
    if made.options:
        return len(made.options) < 3
    if made.answer is None or round(made.answer, made.decimals) == 0:
        return True
    if made.decimals == 0 and abs(made.answer) < 10:  # so small a whole number may stand anywhere
        return False
    half = 0.5 * 10.0**-made.decimals + 1e-9
    said = re.sub(r"\{,\}|(?<=\d),(?=\d{3})", "", " ".join(made.hints))
    numbers = (float(found) for found in re.findall(r"\d+\.?\d*", said))
    return any(abs(number - abs(made.answer)) <= half for number in numbers)
