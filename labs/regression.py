"""Linear regression: simple, multiple and polynomial; gradient descent against the closed form (lectures 1 to
3).

The algorithms are in `labs.cores.regression`, the data and the split in `labs.cores.regression_fit`; what is said
and drawn of a run in `labs.reports.regression` and `labs.reports.regression_charts`; here are the parameters, the
data, and the run that puts them together.
Data: points drawn along a line or a curve, the diabetes data of Efron et al., Least Angle Regression (2004), as
they ship with scikit-learn, or a student's own CSV file.
"""

from __future__ import annotations

from math import comb
from typing import Any, Literal

from pydantic import model_validator

from labs.base import Context, Finding, Lab, LabParams, LabResult, Metric
from labs.checks.regression import verify
from labs.cores.regression_fit import FEATURES, fit, scores
from labs.fields import param
from labs.own_params import csv_param, own_cells, own_file_first, own_table, target_param

MAX_COLUMNS = 300


class RegressionParams(LabParams):
    dataset: Literal["line", "curve", "diabetes", "own"] = param(
        "line",
        "What is fitted: points along a line, along a curve, real data of 442 diabetes patients, or your own "
        "CSV file.",
        synonyms=("data", "data set", "dataset"),
        choice_synonyms={
            "line": ("line data", "straight line data", "linear data"),
            "curve": (
                "curved",
                "curved data",
                "curve data",
                "wavy data",
                "sine",
                "sine wave",
                "nonlinear",
                "wave",
            ),
            "diabetes": ("diabetes data", "diabetes dataset", "patients", "real data"),
        },
    )
    csv: str | None = csv_param()
    target: str | None = target_param("number")
    method: Literal["gd", "ols"] = param(
        "gd",
        "How the weights are found: gradient descent, or the closed form (ordinary least squares).",
        synonyms=("solver", "fitting method"),
        choice_synonyms={
            "gd": ("gradient descent", "batch gradient descent", "descent"),
            "ols": (
                "closed form",
                "closed-form",
                "normal equation",
                "normal equations",
                "closed form solution",
                "least squares",
                "ordinary least squares",
                "exact",
            ),
        },
    )
    degree: int = param(
        1,
        "Highest power in the model: 1 is a line, 2 a parabola.",
        synonyms=("degrees", "polynomial degree", "polynomial order", "order", "power"),
        choice_synonyms={
            "2": ("quadratic", "parabola"),
            "3": ("cubic",),
            "4": ("quartic",),
            "5": ("quintic",),
        },
        ge=1,
        le=15,
    )
    learning_rate: float = param(
        0.1,
        "Step size of gradient descent.",
        synonyms=("lr", "step size", "step length", "learn rate", "eta", "η"),
        scale="log",
        gt=0,
        le=10,
    )
    epochs: int = param(
        200,
        "Gradient-descent steps, each over all training rows.",
        synonyms=(
            "iterations",
            "steps",
            "passes",
            "passes over the data",
            "training epochs",
            "gradient steps",
        ),
        scale="log",
        ge=1,
        le=20_000,
    )
    regularisation: Literal["none", "ridge", "lasso"] = param(
        "none",
        "Penalty on large weights: ridge on their squares, lasso on their sizes.",
        synonyms=("regularization", "penalty", "shrinkage", "regulariser", "regularizer"),
        choice_synonyms={
            "none": (
                "no regularisation",
                "no regularization",
                "without regularisation",
                "no penalty",
                "unregularised",
            ),
            "ridge": ("l2", "l2 penalty", "l2 regularisation", "tikhonov", "ridge regression"),
            "lasso": ("l1", "l1 penalty", "l1 regularisation", "lasso regression"),
        },
    )
    alpha: float = param(
        0.1,
        "Strength of the penalty, for ridge and lasso.",
        synonyms=(
            "lambda",
            "λ",
            "α",
            "penalty strength",
            "penalty of",
            "strength",
            "regularisation strength",
            "regularization strength",
            *("ridge", "lasso"),
        ),
        scale="log",
        ge=0,
        le=1000,
    )
    scale_features: bool = param(
        True,
        "Bring every feature to mean 0 and spread 1 before fitting.",
        synonyms=(
            "scaling",
            "standardise",
            "standardize",
            "normalise",
            "normalize",
            "feature scaling",
            "standardisation",
            "scale",
        ),
        choice_synonyms={
            "true": ("scaled features", "scaled", "standardised"),
            "false": ("unscaled features", "unscaled", "raw features"),
        },
    )
    samples: int = param(
        100,
        "Points drawn for line and curve.",
        synonyms=(
            "points",
            "n",
            "data points",
            "examples",
            "rows",
            "observations",
            "sample size",
            "dataset size",
        ),
        scale="log",
        ge=5,
        le=20_000,
    )
    noise: float = param(
        1.0,
        "Standard deviation of the noise on line and curve.",
        unit="units of y",
        synonyms=("sigma", "σ", "noise level", "amount of noise", "noisiness", "scatter"),
        choice_synonyms={"0": ("noiseless", "noise free")},
        ge=0,
        le=50,
    )
    test_fraction: float = param(
        0.25,
        "Share of the rows held out for testing; 0 fits all of them.",
        synonyms=(
            *("test size", "test share", "test split", "test set", "test data", "test", "testing", "holdout"),
            *(
                "hold-out",
                "hold out",
                "hold back",
                "held out",
                "held back",
                "kept for testing",
                "for testing",
            ),
            *("for the test", "test on", "tested on", "testing on"),
        ),
        ge=0,
        le=0.9,
    )
    features: tuple[str, ...] | None = param(
        None,
        "Columns to learn from, of the diabetes data or of your own file; none means all that can be used.",
        synonyms=("columns", "predictors", "feature"),
        choice_synonyms={
            "bmi": ("bmi", "body mass index"),
            "bp": ("bp", "blood pressure"),
            **{name: (name,) for name in ("s1", "s2", "s3", "s4", "s5", "s6")},
        },
        min_length=1,
        max_length=40,
    )

    @model_validator(mode="before")
    @classmethod
    def _own_file(cls, values: Any) -> Any:
        return own_file_first(values)

    @model_validator(mode="after")
    def _sensible(self) -> RegressionParams:
        if self.method == "ols" and self.regularisation == "lasso":
            raise ValueError(
                "The lasso has no closed form; use method=gd with it, or regularisation=ridge with ols."
            )
        self._check_names()
        rows, width = self.shape
        held_out = round(rows * self.test_fraction)
        if self.test_fraction and not 2 <= held_out <= rows - 3:
            raise ValueError(
                f"test_fraction={self.test_fraction:g} would split {rows} rows into {rows - held_out} for "
                f"training and "
                f"{held_out} for testing, and it takes at least 3 and 2; change test_fraction or take more "
                f"samples."
            )
        columns = comb(width + self.degree, self.degree) - 1
        if columns > MAX_COLUMNS:
            most = max(d for d in range(1, 16) if comb(width + d, d) - 1 <= MAX_COLUMNS)
            raise ValueError(
                f"degree={self.degree} on {width} features makes {columns} columns for {rows} rows, over "
                f"the limit of "
                f"{MAX_COLUMNS}; use degree={most} or less, or fewer features."
            )
        return self

    def _check_names(self) -> None:
        if self.dataset == "own":
            own_table(self, "number")  # says what is wrong with the file before anything runs
        elif self.target is not None:
            raise ValueError(
                f"target={self.target} goes with your own file (csv=...); the {self.dataset} data have their own."
            )
        elif self.features is not None and self.dataset != "diabetes":
            raise ValueError(
                f"features goes with dataset=diabetes or your own file; the {self.dataset} data have one, x."
            )
        elif unknown := [name for name in self.features or () if name not in FEATURES]:
            raise ValueError(
                f"features={unknown[0]} is not a column of the diabetes data; choose from {', '.join(FEATURES)}."
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features before the polynomial."""
        if self.dataset == "own":
            rows, width = own_table(self, "number").X.shape
            return int(rows), int(width)
        if self.dataset == "diabetes":
            return 442, len(self.features or FEATURES)
        return self.samples, 1


def run(p: RegressionParams, context: Context) -> LabResult:
    """Fit, score, and say what came out."""
    from labs.reports.regression import report

    f = fit(p, context)
    metrics = scores(f)
    w, intercept = f.plain
    metrics["intercept"] = intercept
    if len(f.names) <= 15:
        metrics |= {f"weight[{name}]": float(value) for name, value in zip(f.names, w, strict=True)}
    said = report(p, f, metrics)
    return LabResult(
        lab="regression",
        title=said.title,
        parameters=p.to_dict(),
        seed=p.seed,
        metrics=metrics,
        charts=said.charts,
        series=said.series,
        tables=said.tables,
        notes=said.notes,
        findings=said.findings,
    )


def cost(p: RegressionParams) -> float:
    """Estimated seconds: reading the data, the closed form, and a price per epoch and cell of the data."""
    rows, width = p.shape
    cells = rows * (comb(width + p.degree, p.degree) - 1)
    return 0.05 + 1e-7 * cells + (p.epochs * (3e-5 + 3e-9 * cells) if p.method == "gd" else 0.0)


def sweep_remarks(swept: str, runs: tuple[LabResult, ...]) -> tuple[list[str], list[Finding]]:
    from labs.reports.regression import degree_remarks

    return degree_remarks(runs) if swept == "degree" else ([], [])


LAB = Lab(
    id="regression",
    title="Linear regression",
    lectures=(1, 2, 3),
    learn="How gradient descent and the closed form fit a model, and when it fits too little or too much.",
    params=RegressionParams,
    run=run,
    synonyms=(
        *(
            "regression",
            "linear regression",
            "polynomial regression",
            "multiple regression",
            "simple regression",
        ),
        *("multiple linear regression", "simple linear regression", "linear model", "gradient descent"),
        *(
            "line fit",
            "straight line fit",
            "line fitting",
            "fit a line",
            "fit a straight line",
            "best fit line",
        ),
        *(
            "line of best fit",
            "fit a polynomial",
            "polynomial fit",
            "polynomial",
            "polynomials",
            "curve fitting",
        ),
    ),
    topics=(
        "normal equation",
        "least squares",
        "cost function",
        "r squared",
        "overfitting",
        "underfitting",
        "ridge",
        "lasso",
        "feature scaling",
        "mean squared error",
        "learning rate",
    ),
    examples=(
        "Fit a line with gradient descent and learning rate 0.05",
        "Run polynomial regression on the curve with degrees 1, 3, 9 and 15",
        "Compare ridge and lasso on the diabetes data",
    ),
    metrics={
        "mse_train": Metric(
            "training MSE", "mean squared error on the rows it was fitted to", "squared units of y", "lower"
        ),
        "mse_test": Metric(
            "test MSE", "mean squared error on the rows held out", "squared units of y", "lower"
        ),
        "r2_train": Metric(
            "training R²", "share of the variance explained on the training rows", better="higher"
        ),
        "r2_test": Metric("test R²", "share of the variance explained on the rows held out", better="higher"),
        "intercept": Metric("intercept", "the prediction where every column is 0", "units of y"),
        "weight": Metric(
            "weight", "change of the prediction per unit of a column, in its own units", "units of y"
        ),
    },
    sweep_metrics=("mse_test", "mse_train"),
    core=(
        "labs.cores.regression.Descent",
        "labs.cores.regression.standardise",
        "labs.cores.regression.polynomial",
        "labs.cores.regression.closed_form",
        "labs.cores.regression.gradient_descent",
        "labs.own_columns.fill",
    ),
    notebook_data=own_cells("number"),
    cost=cost,
    cost_of="epochs × rows × columns",
    sweep_remarks=sweep_remarks,
    verify=verify,
    preload=("sklearn.datasets",),
    demo="""
rng = np.random.default_rng([seed, 0])
if dataset == "diabetes":
    from sklearn.datasets import load_diabetes

    everything = load_diabetes()
    columns = [everything.feature_names.index(name) for name in features or everything.feature_names]
    x, y = everything.data[:, columns], everything.target
elif dataset == "own":
    x, y = own_rows()
elif dataset == "line":
    x = rng.uniform(0, 10, samples)[:, None]
    y = 3 + 2 * x[:, 0] + noise * rng.standard_normal(samples)
else:
    x = rng.uniform(-3, 3, samples)[:, None]
    y = 3 * np.sin(1.5 * x[:, 0]) + x[:, 0] + noise * rng.standard_normal(samples)

train = np.ones(len(y), dtype=bool)
train[np.random.default_rng([seed, 1]).permutation(len(y))[: round(len(y) * test_fraction)]] = False
X = polynomial(fill(x, train), degree)
mean, spread = standardise(X[train])[1:] if scale_features else (0.0, 1.0)
Z = (X - mean) / spread
ridge, lasso = alpha * (regularisation == "ridge"), alpha * (regularisation == "lasso")
if method == "ols":
    w, b = closed_form(Z[train], y[train], ridge)
else:
    descent = gradient_descent(Z[train], y[train], learning_rate, epochs, ridge, lasso)
    w, b = descent.weights[-1], descent.bias[-1]

predicted = Z @ w + b
metrics = {"mse_train": ((y - predicted)[train] ** 2).mean()}
if not train.all():
    metrics["mse_test"] = ((y - predicted)[~train] ** 2).mean()
print(metrics)

figure, axes = plt.subplots(figsize=(7, 4))
if x.shape[1] == 1:
    order = x[:, 0].argsort()
    axes.scatter(x[train], y[train], s=14, label="training")
    axes.scatter(x[~train], y[~train], s=14, label="test")
    axes.plot(x[order], predicted[order], color="black", label="fit")
    axes.set(xlabel="x", ylabel="y", ylim=(y.min() - 1, y.max() + 1))
else:
    axes.scatter(y[train], predicted[train], s=14, label="training")
    axes.scatter(y[~train], predicted[~train], s=14, label="test")
    axes.set(xlabel="true y", ylabel="predicted y")
axes.legend()
""",
    exercises=(
        "Halve and double `learning_rate` until the descent breaks. Which is the largest that works, and why "
        "that one?",
        "Set `scale_features = False`. How many epochs does it take now to come as close to the closed form?",
        "On the curve with 20 samples, find the `degree` with the lowest test error. Then add ridge: does it "
        "move?",
    ),
)
