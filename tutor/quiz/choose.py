"""Which questions come next: of one lecture or of all, what is due first, and none twice in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tutor.quiz.authored import authored
from tutor.quiz.generators import generators
from tutor.quiz.question import Question


def lectures() -> list[int]:
    """The lectures that have questions."""
    return sorted({g.lecture for g in generators().values()} | {q.lecture for q in authored().values()})


def find(question_id: str, seed: int = 0) -> Question | None:
    """The question of that id and seed; None where the course has lost it."""
    if question_id in authored():
        return authored()[question_id]
    maker = generators().get(question_id)
    return maker.question(seed) if maker is not None else None


def choose(
    count: int,
    lecture: int | None = None,
    seed: int = 0,
    avoid: Iterable[str] = (),
    due: Sequence[tuple[int, str]] = (),
) -> list[Question]:
    """Up to `count` different questions.

    Parameters
    ----------
    lecture : only this one; None takes all lectures.
    seed : fixes the draw, and the numbers in questions that make their own.
    avoid : ids asked lately; they come again only when nothing else is left.
    due : (lecture, skill) pairs that spaced repetition asks for; their questions come first.
    """
    rng = np.random.default_rng([seed, 7])
    ids = [g.id for g in generators().values() if lecture in (None, g.lecture)]
    ids += [q.id for q in authored().values() if lecture in (None, q.lecture)]
    order = [ids[i] for i in rng.permutation(len(ids))]
    asked, wanted = set(avoid), set(due)

    def rank(question_id: str) -> tuple[bool, bool]:
        maker = generators().get(question_id)
        place = (maker.lecture, maker.skill) if maker else _place(authored()[question_id])
        return question_id in asked, place not in wanted

    chosen = sorted(order, key=rank)[: max(count, 0)]
    found = (find(question_id, int(rng.integers(1, 10_000))) for question_id in chosen)
    return [question for question in found if question is not None]


def _place(question: Question) -> tuple[int, str]:
    return question.lecture, question.skill
