"""`python -m evaluation.ranking INDEX QUESTIONS [INDEX QUESTIONS ...]`: fits the weights of `knowledge/ranking.py`.

Prints the weights under which the passages that hold the evidence come out on top (softmax over the candidates of a
question, each course as much as any other, ridge penalty towards the weights there are), and what they would do. Of a
public course (`evaluation/looked.py`) it takes the questions that the question encoder was not trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from evaluation.looked import Looked, courses_of, read
from ingest import make_embedder
from knowledge.ranking import WEIGHTS

RIDGE = 1.0  # nats for a weight that moves by one spread of its measure times one
NAMES = tuple(WEIGHTS)
_Question = tuple[np.ndarray, np.ndarray]  # (candidates, measures), (candidates,) bool: holds evidence


def question_of(one: Looked) -> _Question:
    return np.stack([one.measures[name] for name in NAMES], 1).astype(np.float64), one.right


def fit(courses: Sequence[Sequence[_Question]], start: np.ndarray) -> np.ndarray:
    """The best weights, (measures,)."""
    spread = np.concatenate([x for course in courses for x, _ in course]).std(axis=0) + 1e-9

    def loss(moved: np.ndarray) -> tuple[float, np.ndarray]:
        weights = start + moved / spread
        total, slope = RIDGE * float(moved @ moved), 2 * RIDGE * moved
        for course in courses:
            for x, right in course:
                scores = x @ weights
                all_, held = np.exp(scores - scores.max()), np.exp(scores - scores.max()) * right
                total += float(np.log(all_.sum() / held.sum())) / len(course) / len(courses)
                steep = (all_ / all_.sum() - held / held.sum()) @ x / spread
                slope = slope + steep / len(course) / len(courses)
        return total, slope

    found = minimize(loss, np.zeros(len(start)), jac=True, method="L-BFGS-B")
    best: np.ndarray = start + found.x / spread
    return best


def hit_at_1(course: Sequence[_Question], weights: np.ndarray) -> float:
    return float(np.mean([right[np.argmax(x @ weights)] for x, right in course]))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    _, named = courses_of(parser, argv)
    embedder = make_embedder(lambda *_: None)
    courses = [
        [question_of(one) for one in read(Path(index), questions, embedder, held_back=True).looked]
        for index, questions in named
    ]
    before = np.array([WEIGHTS[name] for name in NAMES])
    after = fit(courses, before)
    for name, weight in zip(NAMES, after, strict=True):
        print(f'    "{name}": {weight:.2f},')
    for (_, questions), course in zip(named, courses, strict=True):
        print(
            f"{questions}: {len(course)} questions, first of the candidates {hit_at_1(course, before):.3f} -> "
            f"{hit_at_1(course, after):.3f}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
