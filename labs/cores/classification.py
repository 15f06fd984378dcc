"""What the scores of a classifier mean: each one counted by hand, in NumPy.

Sources: Fawcett, An introduction to ROC analysis (2006), Algorithms 1 and 2 and section 7 (area); Sokolova &
Lapalme (2009) for macro averages; Wilson (1927), in Newcombe (1998), method 3, for the interval; McNemar
(1947), in its exact form, for two classifiers on the same test rows. Left out: weighted and micro averages,
costs, calibration. Shapes: n test rows, K classes numbered 0 to K - 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def confusion_matrix(y_true: np.ndarray, y_said: np.ndarray, classes: int) -> np.ndarray:
    """Counts (K, K): row = what it is, column = what the model says. The diagonal holds what is right."""
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (y_true, y_said), 1)
    return counts


def accuracy(counts: np.ndarray) -> float:
    """The share of all rows that is right: the diagonal over everything."""
    return float(np.trace(counts) / counts.sum())


def precision_recall_f1(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three scores for each class, each (K,), 0 where there is nothing to count.

    precision: of the rows said to be this class, the share that is;
    recall:    of the rows that are this class, the share that is said to be;
    F1:        their harmonic mean, which is low as soon as one of them is. Their plain means over the classes
    are the
               macro averages, in which a rare class counts as much as a common one.
    """
    right = np.diag(counts).astype(float)  # (K,)
    said, are = counts.sum(axis=0), counts.sum(axis=1)
    precision = right / np.maximum(said, 1)
    recall = right / np.maximum(are, 1)
    f1 = 2 * right / np.maximum(said + are, 1)  # = 2 P R / (P + R)
    return precision, recall, f1


def roc_curve(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False-positive rate and true-positive rate as the threshold sinks (Fawcett, Algorithm 1).

    `positive` (n,) is true for the class looked for, `score` (n,) is higher the surer the model is of it.
    Rows with the same score pass the threshold together, so ties make a slope and no stairs.
    """
    order = np.argsort(-score, kind="stable")
    hit = positive[order].astype(float)
    last_of_tie = np.append(np.diff(score[order]) != 0, True)
    true = np.concatenate([[0.0], hit.cumsum()[last_of_tie]])
    false = np.concatenate([[0.0], (1 - hit).cumsum()[last_of_tie]])
    return false / max(false[-1], 1), true / max(true[-1], 1)


def area_under(x: np.ndarray, y: np.ndarray) -> float:
    """Area under a curve by trapezia (Fawcett, Algorithm 2).

    Of a ROC curve it is the chance that a random positive row scores higher than a random negative one: 0.5
    is a coin.
    """
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def roc_auc(y_true: np.ndarray, scores: np.ndarray) -> float:
    """The mean over the classes of "this class against the rest"; scores (n, K). For two classes the two
    are the same.
    """
    areas = [area_under(*roc_curve(y_true == k, scores[:, k])) for k in range(scores.shape[1])]
    return float(np.mean(areas))


def wilson_interval(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Where the true accuracy may well lie (95%) after `right` of `n` rows: it never leaves 0 to 1, even at
    n of n.
    """
    share = right / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def mcnemar_p(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """How likely a difference at least this lopsided is if two models are equally good (exact, two-sided).

    Only the rows that one model gets right and the other wrong can tell them apart; of b + c such rows, a
    fair coin decides each.
    """
    b = int(np.sum(first_right & ~second_right))
    c = int(np.sum(~first_right & second_right))
    tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c)
    return min(1.0, 2 * tail)


def make_model(name: str, k: int, max_depth: int | None, scale_features: bool, seed: int) -> Any:
    """The classifier of that name, from scikit-learn; with scaling, the scaler learns from the training
    rows only.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    if name == "logistic":  # a weighted sum of the features, squashed to a probability
        model = LogisticRegression(max_iter=2000)
    elif name == "knn":  # the vote of the k most similar training rows
        model = KNeighborsClassifier(n_neighbors=k)
    elif name == "tree":  # yes-or-no questions about one feature at a time
        model = DecisionTreeClassifier(max_depth=max_depth, random_state=seed)
    elif name == "forest":  # the vote of 100 trees, each grown on a random part
        model = RandomForestClassifier(n_estimators=100, max_depth=max_depth, random_state=seed, n_jobs=1)
    elif name == "svm":  # the widest street between the classes, bent by a Gaussian kernel
        model = SVC(kernel="rbf", decision_function_shape="ovr", random_state=seed)
    else:  # a normal curve for each feature in each class, as if features were independent
        model = GaussianNB()
    return make_pipeline(StandardScaler(), model) if scale_features else make_pipeline(model)


def class_scores(model: Any, X: np.ndarray) -> np.ndarray:
    """How much the model leans to each class, (n, K): probabilities, or distances from the boundary where
    it has none.
    """
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(X))
    scores = np.asarray(model.decision_function(X))
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores
