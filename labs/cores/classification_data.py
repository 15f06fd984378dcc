"""The rows that the classifiers are compared on: scikit-learn's own sets, two half moons, or a student's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labs.own_columns import OwnTable, fill
from labs.own_params import own_table

if TYPE_CHECKING:
    from labs.classification import ClassificationParams

ROWS = {"iris": 150, "wine": 178, "breast_cancer": 569, "moons": 400, "digits": 1797}
MOONS_NOISE = 0.3
MAX_OWN_ROWS = 4000  # of a student's file: an SVM's time grows with their square


@dataclass(frozen=True)
class Rows:
    """A data set, split: features (n, D), classes (n,), and the names of both."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    classes: tuple[str, ...]
    features: tuple[str, ...]
    own: OwnTable | None = None  # where the rows come from a student's file


def load(p: ClassificationParams) -> Rows:
    """The rows of the data set, each class split in the same proportion."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    classes: tuple[str, ...]
    features: tuple[str, ...]
    own = None
    if p.dataset == "own":
        own = own_table(p, "class", MAX_OWN_ROWS)
        X, y, classes, features = own.X, own.y, own.classes, own.names
    elif p.dataset == "moons":
        X, y = datasets.make_moons(ROWS["moons"], noise=MOONS_NOISE, random_state=p.seed)
        classes, features = ("upper moon", "lower moon"), ("x₁", "x₂")
    else:
        loaders = {
            "iris": datasets.load_iris,
            "wine": datasets.load_wine,
            "breast_cancer": datasets.load_breast_cancer,
            "digits": datasets.load_digits,
        }
        data = loaders[p.dataset]()
        X, y = data.data, data.target
        classes = tuple(str(name).replace("class_", "wine ") for name in data.target_names)
        features = tuple(str(name) for name in data.feature_names)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=p.test_fraction, stratify=y, random_state=p.seed
    )
    if own:  # gaps are filled with what the training rows know
        both = fill(np.concatenate([X_train, X_test]), np.arange(len(X)) < len(X_train))
        X_train, X_test = both[: len(X_train)], both[len(X_train) :]
    return Rows(X_train, y_train, X_test, y_test, classes, features, own)
