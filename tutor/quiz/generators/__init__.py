"""Questions that make their own numbers: each generator draws a case and has a lab's core compute the key.

A generator is a function `make(rng) -> Made` under `@generator(id, lecture, heading, skill)`; the same seed makes the
same question. Numbers are drawn so that a student can work with a pocket calculator, and rounded before the key is
computed, so that the key belongs to the numbers that are shown.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from tutor.quiz.question import Kind, Option, Question

MODULES = (
    "introduction",
    "regression",
    "networks",
    "training",
    "classification",
    "images",
    "language",
    "bandits",
    "decisions",
    "sequences",
    "forecasts",
)


@dataclass(frozen=True)
class Made:
    """What a generator draws: a question without its place in the course."""

    prompt: str
    solution: str
    answer: float | None = None
    decimals: int = 2
    unit: str = ""
    options: tuple[Option, ...] = ()
    hints: tuple[str, ...] = ()
    mistakes: tuple[tuple[float, str], ...] = ()
    tolerance: float | None = (
        None  # None: half of the last place asked for, and a little for rounding on the way
    )


@dataclass(frozen=True)
class Generator:
    """One kind of question: where it belongs, and how it is made."""

    id: str
    lecture: int
    heading: str
    skill: str
    make: Callable[[np.random.Generator], Made]
    source: str

    def question(self, seed: int) -> Question:
        """The question of that seed; the same seed makes the same one."""
        made = self.make(np.random.default_rng([seed, *self.id.encode()]))
        kind: Kind = "choice" if made.options else "number"
        rng = np.random.default_rng([seed, 1])
        options = tuple(made.options[i] for i in rng.permutation(len(made.options)))
        tolerance = 0.6 * 10.0**-made.decimals if made.tolerance is None else made.tolerance
        apart: list[tuple[float, str]] = []
        for wrong, why in made.mistakes:  # only a slip that changes something, and each number is one slip
            known = [] if made.answer is None else [made.answer, *(other for other, _ in apart)]
            if all(abs(wrong - other) > 2 * tolerance for other in known):
                apart.append((wrong, why))
        return Question(
            id=self.id,
            lecture=self.lecture,
            kind=kind,
            prompt=made.prompt,
            solution=made.solution,
            heading=self.heading,
            answer=made.answer,
            tolerance=0.0 if made.decimals == 0 and made.tolerance is None else tolerance,
            unit=made.unit,
            decimals=made.decimals,
            options=options,
            hints=made.hints,
            mistakes=tuple(apart),
            skill=self.skill,
            seed=seed,
            source=self.source,
        )


_FOUND: dict[str, Generator] = {}


def generator(
    id: str, lecture: int, heading: str, skill: str
) -> Callable[[Callable[[np.random.Generator], Made]], Callable[[np.random.Generator], Made]]:
    """Register a function as the maker of questions with this id. `heading` is a heading of the lecture."""

    def register(make: Callable[[np.random.Generator], Made]) -> Callable[[np.random.Generator], Made]:
        if id in _FOUND and _FOUND[id].make.__module__ != make.__module__:
            raise ValueError(f"two generators are called {id}")
        _FOUND[id] = Generator(id, lecture, heading, skill, make, f"computed in {make.__module__}")
        return make

    return register


@cache
def generators() -> dict[str, Generator]:
    """Every generator by id, in the order of the lectures."""
    for module in MODULES:
        importlib.import_module(f"tutor.quiz.generators.{module}")
    return dict(sorted(_FOUND.items(), key=lambda pair: (pair[1].lecture, pair[0])))
