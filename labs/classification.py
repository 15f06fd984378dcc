"""Classifiers compared, and what their scores mean (lecture 6).

The scores are counted by hand in `labs.cores.classification`; the classifiers are scikit-learn's. What is
drawn and said of a run is in `labs.reports.classification`. Data: scikit-learn's own sets, and two half moons
drawn with the run's seed.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from pydantic import field_validator, model_validator

from labs.base import Context, Lab, LabParams, LabResult, Metric
from labs.checks.classification import verify
from labs.cores.classification import (
    accuracy,
    class_scores,
    confusion_matrix,
    make_model,
    precision_recall_f1,
    roc_auc,
    wilson_interval,
)
from labs.cores.classification_data import MAX_OWN_ROWS, ROWS, Rows, load
from labs.fields import param
from labs.own_params import csv_param, own_cells, own_file_first, own_table, target_param

ModelName = Literal["logistic", "knn", "tree", "forest", "svm", "naive_bayes"]
MODELS: tuple[ModelName, ...] = ("logistic", "knn", "tree", "forest", "svm", "naive_bayes")
GRID = 70  # points along each side of the boundary pictures


class ClassificationParams(LabParams):
    dataset: Literal["iris", "wine", "breast_cancer", "moons", "digits", "own"] = param(
        "iris",
        "What is classified: flowers, wines, tumours, two half moons, handwritten digits of 8 by 8 pixels, "
        "or your own CSV file.",
        synonyms=("data", "data set", "dataset"),
        choice_synonyms={
            "iris": ("irises", "flowers", "iris flowers", "iris data", "flower data"),
            "wine": ("wines", "wine data"),
            "breast_cancer": (
                "breast cancer",
                "cancer",
                "cancer data",
                "tumours",
                "tumors",
                "breast cancer data",
            ),
            "moons": ("two moons", "half moons", "moon"),
            "digits": ("handwritten digits", "numerals", "digit images"),
        },
    )
    csv: str | None = csv_param()
    target: str | None = target_param("class")
    features: tuple[str, ...] | None = param(
        None,
        "Columns of your own file to learn from; none means all that can be used.",
        synonyms=("columns", "predictors", "feature"),
        min_length=1,
        max_length=40,
    )
    models: tuple[ModelName, ...] = param(
        MODELS,
        "The classifiers to compare on the same rows.",
        synonyms=("model", "classifiers", "classifier", "algorithms", "methods"),
        choice_synonyms={
            "logistic": ("logistic regression", "logreg", "log reg", "logit"),
            "knn": (
                *(
                    "k nearest neighbours",
                    "k-nearest neighbours",
                    "nearest neighbours",
                    "nearest neighbour",
                    "k nn",
                ),
                *("k nearest neighbors", "nearest neighbors", "kneighbours"),
            ),
            "tree": ("decision tree", "decision trees", "cart", "trees"),
            "forest": ("random forest", "random forests", "rf", "forests"),
            "svm": ("support vector machine", "support vector machines", "svc", "support vector classifier"),
            "naive_bayes": ("naive bayes", "naïve bayes", "bayes", "gaussian naive bayes", "nb"),
        },
        min_length=1,
        max_length=6,
    )
    test_fraction: float = param(
        0.25,
        "Share of the rows kept back for the test.",
        synonyms=(
            *(
                "test size",
                "test share",
                "test split",
                "test set",
                "test data",
                "held out",
                "hold out",
                "holdout",
            ),
            *("held back", "testing", "for testing", "test"),
        ),
        ge=0.05,
        le=0.9,
    )
    k: int = param(
        5,
        "Neighbours that vote, for knn.",
        unit="neighbours",
        synonyms=("neighbours", "neighbors", "nearest neighbours", "k value", "n_neighbors", "knn"),
        ge=1,
        le=100,
    )
    max_depth: int | None = param(
        None,
        "Most questions in a row that a tree may ask, for tree and forest; none lets it grow fully.",
        unit="levels",
        synonyms=("depth", "tree depth", "maximum depth", "depth limit", "levels", "level", "deeper than"),
        choice_synonyms={
            "none": ("unlimited depth", "full depth", "fully grown", "grow fully", "grow freely")
        },
        ge=1,
        le=50,
    )
    scale_features: bool = param(
        True,
        "Bring every feature to mean 0 and spread 1 first, as seen in the training rows.",
        synonyms=(
            "scaling",
            "standardise",
            "standardize",
            "normalise",
            "normalize",
            "feature scaling",
            "scale",
        ),
        choice_synonyms={"false": ("unscaled", "raw features"), "true": ("scaled", "standardised")},
    )

    @field_validator("models")
    @classmethod
    def _once_each(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(values))

    @model_validator(mode="before")
    @classmethod
    def _own_file(cls, values: Any) -> Any:
        return own_file_first(values)

    @property
    def rows(self) -> int:
        return len(own_table(self, "class", MAX_OWN_ROWS).y) if self.dataset == "own" else ROWS[self.dataset]

    @model_validator(mode="after")
    def _enough_rows(self) -> ClassificationParams:
        if self.dataset != "own" and (self.target or self.features):
            raise ValueError(
                f"target and features go with your own file (csv=...); the {self.dataset} data have their own."
            )
        rows = self.rows
        tested = math.ceil(rows * self.test_fraction)
        left = rows - tested
        if self.dataset == "own":
            table = own_table(self, "class", MAX_OWN_ROWS)
            if min(tested, left) < len(table.classes):
                raise ValueError(
                    f"test_fraction={self.test_fraction:g} would split the {rows} rows of {table.title} into {left} "
                    f"and {tested}, too few for its {len(table.classes)} classes; choose one nearer to 0.3."
                )
        if "knn" in self.models and self.k > left:
            raise ValueError(
                f"knn cannot ask k={self.k} neighbours, since test_fraction={self.test_fraction:g} leaves "
                f"{left} of the {rows} "
                f"rows to train on; choose k up to {left}, or a smaller test_fraction."
            )
        return self


@dataclass(frozen=True)
class Scored:
    """One classifier after its test."""

    name: str
    counts: np.ndarray  # (K, K) confusion matrix of the test rows
    right: np.ndarray  # (n,) whether each test row was right
    said: np.ndarray  # (n,) what it said
    scores: np.ndarray  # (n, K)
    train_accuracy: float
    converged: bool = True
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(int(self.right.sum()), len(self.right))


def score(name: str, p: ClassificationParams, rows: Rows) -> Scored:
    """Train one classifier and count what it gets right."""
    from sklearn.exceptions import ConvergenceWarning

    model = make_model(name, p.k, p.max_depth, p.scale_features, p.seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(rows.X_train, rows.y_train)
    said = model.predict(rows.X_test)
    counts = confusion_matrix(rows.y_test, said, len(rows.classes))
    scores = class_scores(model, rows.X_test)
    precision, recall, f1 = precision_recall_f1(counts)
    return Scored(
        name,
        counts,
        said == rows.y_test,
        said,
        scores,
        float(np.mean(model.predict(rows.X_train) == rows.y_train)),
        not any(issubclass(warning.category, ConvergenceWarning) for warning in caught),
        {
            "accuracy": accuracy(counts),
            "precision": float(precision.mean()),
            "recall": float(recall.mean()),
            "f1": float(f1.mean()),
            "roc_auc": roc_auc(rows.y_test, scores),
        },
    )


@dataclass(frozen=True)
class Plane:
    """The rows in two dimensions, and what each classifier, trained there, says at every point of a grid."""

    x1: np.ndarray  # (GRID,)
    x2: np.ndarray  # (GRID,)
    points: np.ndarray  # (n, 2) the test rows
    labels: np.ndarray  # (n,)
    said: dict[str, np.ndarray]  # model -> (GRID, GRID)
    right: dict[str, float]  # model -> test accuracy in the plane
    kept: float  # share of the variance that the plane keeps; 1 for data that is flat already


def project(p: ClassificationParams, rows: Rows, context: Context) -> Plane:
    """Train every classifier once more in a plane that can be drawn: the first two principal components."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    train, test, kept = rows.X_train, rows.X_test, 1.0
    if train.shape[1] > 2:
        scaler = StandardScaler().fit(train)
        pca = PCA(2, random_state=p.seed).fit(scaler.transform(train))
        kept = float(pca.explained_variance_ratio_.sum())
        train, test = pca.transform(scaler.transform(train)), pca.transform(scaler.transform(test))
    everything = np.concatenate([train, test])
    low, high = everything.min(axis=0), everything.max(axis=0)
    margin = 0.06 * (high - low)
    x1, x2 = (np.linspace(a - m, b + m, GRID) for a, b, m in zip(low, high, margin, strict=True))
    grid = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    said: dict[str, np.ndarray] = {}
    right: dict[str, float] = {}
    for i, name in enumerate(p.models):
        context.report(i / len(p.models), f"drawing the boundary of {name}")
        model = make_model(name, p.k, p.max_depth, p.scale_features, p.seed).fit(train, rows.y_train)
        said[name] = model.predict(grid).reshape(GRID, GRID)
        right[name] = float(np.mean(model.predict(test) == rows.y_test))
    return Plane(x1, x2, test, rows.y_test, said, right, kept)


def run(p: ClassificationParams, context: Context) -> LabResult:
    """Train and test every classifier on the same rows, and say what came out."""
    from labs.reports.classification import charts, findings, headline, notes, series, tables

    context.report(0.0, f"loading {p.dataset}")
    rows = load(p)
    training = context.part(0.0, 0.6)
    scored = []
    for i, name in enumerate(p.models):
        training.report(i / len(p.models), f"training {name}")
        scored.append(score(name, p, rows))
    # many classes squeezed into a plane teach nothing; for digits the misread ones are shown instead
    plane = (
        None
        if p.dataset == "digits" or len(rows.features) < 2 or len(rows.classes) > 8
        else project(p, rows, context.part(0.6, 1.0))
    )
    metrics: dict[str, float] = {}
    for entry in scored:
        end = f"[{entry.name}]" if len(scored) > 1 else ""
        metrics |= {f"{name}{end}": value for name, value in entry.metrics.items()}
    return LabResult(
        lab="classification",
        title=headline(p, rows, scored),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics=metrics,
        tables=tables(rows, scored),
        series=series(p, rows, scored, plane),
        charts=charts(p, rows, scored, plane),
        notes=notes(p, rows, scored),
        findings=findings(p, rows, scored),
    )


def cost(p: ClassificationParams) -> float:
    """Estimated seconds; the forest and the digits are what takes long."""
    size = p.rows / 150
    price = {"logistic": 0.02, "knn": 0.02, "tree": 0.01, "forest": 0.4, "svm": 0.03, "naive_bayes": 0.01}
    return 0.1 + sum(price[name] * (1 + 0.05 * size) + 0.01 * size for name in p.models)


CORE = (
    *("confusion_matrix", "accuracy", "precision_recall_f1", "roc_curve", "area_under", "roc_auc"),
    *("wilson_interval", "mcnemar_p", "make_model", "class_scores"),
)
METRICS = {
    "accuracy": Metric(
        "accuracy", "share of the test rows that are classified right", better="higher", percent=True
    ),
    "precision": Metric(
        "precision",
        "of the rows said to be a class, the share that is; the mean over the classes",
        better="higher",
        percent=True,
    ),
    "recall": Metric(
        "recall",
        "of the rows of a class, the share that is found; the mean over the classes",
        better="higher",
        percent=True,
    ),
    "f1": Metric(
        "F1",
        "harmonic mean of precision and recall; the mean over the classes",
        better="higher",
        percent=True,
    ),
    "roc_auc": Metric(
        "ROC area",
        "chance that a row of a class scores higher for it than a row of another; the mean over the classes",
        better="higher",
    ),
}

LAB = Lab(
    id="classification",
    title="Classifiers compared",
    lectures=(6,),
    learn="How six classifiers draw their boundaries, and what accuracy, precision, recall and ROC say.",
    params=ClassificationParams,
    run=run,
    synonyms=(
        *(
            "classification",
            "classifiers",
            "classifier comparison",
            "compare classifiers",
            "classifier",
            "classify",
        ),
        *("compare the classifiers", "compare all the classifiers", "classifying", "classification models"),
    ),
    topics=(
        *(
            "precision",
            "recall",
            "f1",
            "roc",
            "auc",
            "confusion matrix",
            "accuracy",
            "decision tree",
            "random forest",
        ),
        *("support vector machine", "nearest neighbours", "naive bayes", "logistic regression"),
    ),
    examples=(
        "Compare all the classifiers on wine",
        "SVM vs random forest on breast cancer",
        "Run knn with k = 1, 5 and 50 on the moons",
    ),
    metrics=METRICS,
    sweep_metrics=("accuracy",),
    core=(
        *(f"labs.cores.classification.{name}" for name in CORE),
        "labs.own_columns.fill",
    ),
    notebook_data=own_cells("class", MAX_OWN_ROWS),
    cost=cost,
    cost_of="models × rows",
    verify=verify,
    demo="""
from sklearn import datasets
from sklearn.model_selection import train_test_split

if dataset == "own":
    X, y = own_rows()
    y = y.astype(int)
elif dataset == "moons":
    X, y = datasets.make_moons(400, noise=0.3, random_state=seed)
else:
    X, y = getattr(datasets, f"load_{dataset}")(return_X_y=True)
parts = train_test_split(X, y, test_size=test_fraction, stratify=y, random_state=seed)
X_train, X_test, y_train, y_test = parts
both = fill(np.concatenate([X_train, X_test]), np.arange(len(X)) < len(X_train))
X_train, X_test = both[: len(X_train)], both[len(X_train) :]

metrics = {}
for name in models:
    model = make_model(name, k, max_depth, scale_features, seed).fit(X_train, y_train)
    counts = confusion_matrix(y_test, model.predict(X_test), len(set(y)))
    precision, recall, f1 = precision_recall_f1(counts)
    metrics[name] = {
        "accuracy": accuracy(counts), "precision": precision.mean(), "recall": recall.mean(), "f1": f1.mean(),
        "roc_auc": roc_auc(y_test, class_scores(model, X_test)),
    }
    low, high = wilson_interval(int(np.trace(counts)), len(y_test))
    print(f"{name:12s} accuracy {metrics[name]['accuracy']:.1%} (95% interval {low:.1%} to {high:.1%})")

figure, axes = plt.subplots(figsize=(7, 3.5))
axes.bar(list(metrics), [row["accuracy"] for row in metrics.values()])
axes.set(ylabel="accuracy on the test rows", ylim=(0, 1))
""",
    exercises=(
        "Set `models` to `[knn]` and try `k` = 1, 5, 25 and 100 on the moons. Which boundary is too wild, "
        "which too smooth?",
        "Set `scale_features` to false on wine. Which models fall, which do not move at all, and why?",
        "On breast cancer, write the number of malignant tumours called benign for each model. Would you "
        "choose by accuracy?",
    ),
    preload=(
        "sklearn.ensemble",
        "sklearn.svm",
        "sklearn.neighbors",
        "sklearn.linear_model",
        "sklearn.datasets",
    ),
)
