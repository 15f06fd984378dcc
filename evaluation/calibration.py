"""`python -m evaluation.calibration`: fits the constants of `tutor/checking/coverage.py` on the dev questions.

Prints them with what they would do: the share of off-course questions that is caught, by ten-fold cross-validation,
where a given share of answerable ones is refused. Test questions are not looked at.
"""

from __future__ import annotations

import numpy as np

from evaluation.course import Course, indexed_course
from evaluation.questions import load_questions
from tutor.checking.coverage import COUNTED, Signs, signs
from tutor.turns.question import SEARCHED

NAMES = ("PER_SIMILARITY", "PER_SHARE", "PER_ODD", "PER_PLAIN", "PER_ELSEWHERE")
REFUSED = (0.02, 0.03, 0.04, 0.05)


def row(found: Signs) -> list[float]:
    odd, foreign = min(len(found.odd), COUNTED), min(len(found.foreign), COUNTED)
    return [found.similarity, found.share, odd, foreign, found.elsewhere]


def measured(course: Course, split: str = "dev") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, 5) signs, (n,) whether the course answers, (n,) whether a topic is missing by name."""
    base, questions = course.library.wait(), [q for q in load_questions() if q.split == split]
    found = [
        signs(
            q.text,
            base.telling(q.text),
            base.search(q.text, k=SEARCHED),
            course.embedder.is_word,
            course.library.embed,
        )
        for q in questions
    ]
    return (
        np.array([row(f) for f in found]),
        np.array([not q.off for q in questions]),
        np.array([bool(f.topics) for f in found]),
    )


def main() -> int:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    with indexed_course() as course:
        X, answers, by_name = measured(course)
    spread = X.std(axis=0)  # the ridge penalty must not depend on the units
    fitted = LogisticRegression().fit(X[~by_name] / spread, answers[~by_name])
    weights = dict(zip(NAMES, fitted.coef_[0] / spread, strict=True))
    print(f"OFFSET = {fitted.intercept_[0]:.2f}, " + ", ".join(f"{n} = {w:.2f}" for n, w in weights.items()))
    chance = np.zeros(len(X))
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    chance[~by_name] = cross_val_predict(
        LogisticRegression(), X[~by_name] / spread, answers[~by_name], cv=folds, method="predict_proba"
    )[:, 1]
    print(f"named topics that are missing: {by_name[~answers].mean():.1%} of the off-course questions, "
          f"{by_name[answers].mean():.1%} of the answerable ones")  # fmt: skip
    for share in REFUSED:
        bar = float(np.quantile(chance[answers], share))
        print(f"refusing {share:.0%} (below {bar:.2f}): {np.mean(chance[~answers] < bar):.1%} caught")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
