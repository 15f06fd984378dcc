"""A neural network from scratch, with its gradients checked (lectures 4 and 5).

The network and its training are in `labs.cores.backprop`, what is drawn and said of a run in
`labs.reports.backprop`; here are the parameters, the points to tell apart, and the run that puts them
together. NumPy only.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from labs.base import Context, Lab, LabParams, LabResult, Metric
from labs.checks.backprop import verify
from labs.cores.backprop import Network, make_points, numeric_gradient, relative_error, train
from labs.fields import param

TEST_SHARE = 0.25
CHECKED_EXAMPLES, CHECKED_PARAMETERS = (
    32,
    400,
)  # enough to find a wrong derivative, and done in a few hundredths of a second


class BackpropParams(LabParams):
    dataset: Literal["spiral", "moons", "circles", "xor"] = param(
        "spiral",
        "Points in the plane to tell apart: three spiral arms, two half moons, two rings, or the four "
        "corners of XOR.",
        synonyms=("data", "data set", "dataset"),
        choice_synonyms={
            "spiral": ("spirals", "spiral data", "three spirals", "spiral arms"),
            "moons": ("two moons", "half moons", "moon", "moons data"),
            "circles": ("rings", "concentric circles", "two circles", "circle"),
            "xor": ("exclusive or", "ex-or", "xor problem"),
        },
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=256)], ...] = param(
        (16, 16),
        "Units in each hidden layer, from the input on.",
        unit="neurons per layer",
        synonyms=(
            *(
                "hidden layers",
                "hidden layer",
                "hidden units",
                "hidden size",
                "hidden neurons",
                "hidden nodes",
            ),
            *("neurons", "units", "nodes", "layers", "layer sizes"),
        ),
        min_length=1,
        max_length=8,
    )
    activation: Literal["relu", "tanh", "sigmoid"] = param(
        "relu",
        "The bend in each hidden unit.",
        synonyms=("activation function", "activations", "nonlinearity", "non-linearity"),
        choice_synonyms={
            "relu": ("rectified linear", "rectifier", "relus"),
            "tanh": ("hyperbolic tangent",),
            "sigmoid": ("logistic function", "logistic", "sigmoids"),
        },
    )
    optimizer: Literal["sgd", "momentum", "adam"] = param(
        "adam",
        "The rule that turns a gradient into a step.",
        synonyms=("optimiser", "solver"),
        choice_synonyms={
            "sgd": (
                "plain sgd",
                "stochastic gradient descent",
                "vanilla sgd",
                "minibatch sgd",
                "gradient descent",
            ),
            "momentum": ("sgd with momentum", "momentum sgd", "heavy ball"),
            "adam": ("adam optimizer", "adam optimiser"),
        },
    )
    learning_rate: float = param(
        0.02,
        "Size of a step.",
        synonyms=("lr", "eta", "η", "step size", "step length"),
        scale="log",
        gt=0,
        le=10,
    )
    epochs: int = param(
        300,
        "Passes over the training points.",
        synonyms=("passes", "iterations", "training epochs"),
        scale="log",
        ge=1,
        le=5000,
    )
    batch_size: int = param(
        32,
        "Points per step.",
        unit="points",
        synonyms=("batch", "batches", "minibatch", "mini-batch", "minibatch size", "batches of"),
        scale="log",
        ge=1,
        le=1000,
    )
    l2: float = param(
        0.0,
        "Penalty on large weights: half this number times the sum of their squares joins the loss.",
        synonyms=("weight decay", "l2 penalty", "l2 regularisation", "l2 regularization", "regularisation"),
        ge=0,
        le=1,
    )
    samples: int = param(
        300,
        "Points drawn; a quarter of them is kept for the test.",
        unit="points",
        synonyms=("points", "data points", "examples", "observations", "sample size"),
        scale="log",
        ge=20,
        le=5000,
    )
    noise: float = param(
        0.2,
        "How far the points scatter (standard deviation; for the spiral, of the angle in radians).",
        synonyms=("noise level", "noisiness", "scatter", "sigma", "σ"),
        ge=0,
        le=2,
    )


@dataclass
class Story:
    """What was recorded while a network trained; every list has one entry per epoch, and one for the
    untrained net.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    net: Network
    gradient_check: float = 0.0
    analytic: np.ndarray = field(
        default_factory=lambda: np.zeros(0)
    )  # the gradients compared before training
    numeric: np.ndarray = field(default_factory=lambda: np.zeros(0))
    loss_train: list[float] = field(default_factory=list)
    loss_test: list[float] = field(default_factory=list)
    accuracy_train: list[float] = field(default_factory=list)
    accuracy_test: list[float] = field(default_factory=list)
    gradient_size: list[list[float]] = field(
        default_factory=list
    )  # per layer: root mean square over its weights
    snapshots: dict[int, np.ndarray] = field(default_factory=dict)  # epoch -> the parameters then
    diverged: int | None = None  # the epoch at which the numbers stopped being finite

    @property
    def classes(self) -> int:
        return int(self.y_train.max()) + 1


def tell(p: BackpropParams, context: Context) -> Story:
    """Draw the points, check the gradients, train, and keep a record."""
    rng = np.random.default_rng(p.seed)
    X, y = make_points(p.dataset, p.samples, p.noise, rng)
    order = rng.permutation(len(X))
    test, rest = np.split(order, [round(TEST_SHARE * len(X))])
    net = Network((2, *p.hidden, int(y.max()) + 1), p.activation, rng)
    story = Story(X[rest], y[rest], X[test], y[test], net)

    context.report(0.0, "checking the gradients against finite differences")
    some = slice(0, CHECKED_EXAMPLES)
    size = len(net.theta)
    which = np.sort(rng.choice(size, size=min(size, CHECKED_PARAMETERS), replace=False))
    analytic = net.loss_and_gradient(story.X_train[some], story.y_train[some], p.l2)[1][which]
    numeric = numeric_gradient(net, story.X_train[some], story.y_train[some], which, p.l2)
    smooth = np.isfinite(numeric)  # where the difference did not step over a kink
    story.analytic, story.numeric = analytic[smooth], numeric[smooth]
    story.gradient_check = relative_error(story.analytic, story.numeric)

    wanted = {0, max(1, p.epochs // 30), max(1, p.epochs // 6), p.epochs}
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is a result here, told in a finding
        record(story, 0, wanted)
        steps = train(
            net, story.X_train, story.y_train, p.optimizer, p.learning_rate, p.epochs, p.batch_size, p.l2, rng
        )
        kept = net.theta.copy()
        for epoch in steps:
            if not record(story, epoch, wanted):
                story.diverged = epoch
                net.theta[:] = kept
                break
            kept[:] = net.theta
            context.report(epoch / p.epochs, f"epoch {epoch} of {p.epochs}, loss {story.loss_train[-1]:.3f}")
    return story


def record(story: Story, epoch: int, wanted: set[int]) -> bool:
    """Add one epoch to the story; False, adding nothing, when the numbers are no longer finite."""
    net = story.net
    told = []
    for X, y in ((story.X_test, story.y_test), (story.X_train, story.y_train)):
        scores = net.forward(X)
        told.append((net.loss.forward(scores, y), float(np.mean(scores.argmax(axis=1) == y))))
    net.backward()  # of all training points, without the penalty
    sizes = [float(np.sqrt(np.mean(layer.dW**2))) for layer in net.dense]
    on_test, on_train = told
    if not np.isfinite([on_test[0], on_train[0], *sizes]).all():
        return False
    story.loss_train.append(on_train[0])
    story.accuracy_train.append(on_train[1])
    story.loss_test.append(on_test[0])
    story.accuracy_test.append(on_test[1])
    story.gradient_size.append(sizes)
    if epoch in wanted:
        story.snapshots[epoch] = net.theta.copy()
    return True


def run(p: BackpropParams, context: Context) -> LabResult:
    """Train the network, and say what came out."""
    from labs.reports.backprop import charts, findings, headline, notes, series

    story = tell(p, context)
    with np.errstate(over="ignore", invalid="ignore"):  # a network that diverged has huge weights
        return LabResult(
            lab="backprop",
            title=headline(p, story),
            parameters=p.to_dict(),
            seed=p.seed,
            metrics={
                "accuracy_train": story.accuracy_train[-1],
                "accuracy_test": story.accuracy_test[-1],
                "loss_final": story.loss_train[-1],
                "loss_test": story.loss_test[-1],
                "gradient_check": story.gradient_check,
            },
            series=series(p, story),
            charts=charts(p, story),
            notes=notes(p, story),
            findings=findings(p, story),
        )


def cost(p: BackpropParams) -> float:
    """Estimated seconds: a price per NumPy call, and one per multiplication."""
    sizes = (2, *p.hidden, 3)
    weights = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    points = p.samples * (1 - TEST_SHARE)
    steps = p.epochs * math.ceil(points / p.batch_size)
    layers = len(sizes) - 1
    step = 2.5e-5 * layers + 2e-5 + weights * (6 * min(p.batch_size, points) / 4e9 + 2e-8)
    epoch = 5e-5 * layers + 2 * weights * p.samples / 4e9
    return 0.2 + steps * step + p.epochs * epoch


METRICS = {
    "accuracy_test": Metric(
        "test accuracy",
        "share of the points kept for the test that are classified right",
        better="higher",
        percent=True,
    ),
    "accuracy_train": Metric(
        "training accuracy",
        "share of the training points that are classified right",
        better="higher",
        percent=True,
    ),
    "loss_final": Metric(
        "training loss",
        "mean cross-entropy of the training points after the last epoch, without the penalty",
        "nats",
        better="lower",
    ),
    "loss_test": Metric(
        "test loss", "mean cross-entropy of the test points after the last epoch", "nats", better="lower"
    ),
    "gradient_check": Metric(
        "gradient check",
        "relative difference between backprop's gradient and finite differences, before training",
        better="lower",
    ),
}

LAB = Lab(
    id="backprop",
    title="A neural network from scratch",
    lectures=(4, 5),
    learn="How a network finds its weights: the error goes back through each layer by the chain rule.",
    params=BackpropParams,
    run=run,
    synonyms=(
        *(
            "backprop",
            "backpropagation",
            "back propagation",
            "neural network",
            "neural net",
            "neural nets",
            "nn",
            "ann",
        ),
        *("mlp", "multilayer perceptron", "multi-layer perceptron", "perceptron", "network", "net"),
        *(
            "neural network from scratch",
            "neural net from scratch",
            "nn from scratch",
            "network from scratch",
        ),
        *(
            "feedforward network",
            "feed forward network",
            "feedforward neural network",
            "artificial neural network",
        ),
    ),
    topics=(
        *(
            "chain rule",
            "gradient check",
            "hidden layer",
            "activation function",
            "decision boundary",
            "dead relu",
        ),
        *("vanishing gradient", "cross-entropy", "softmax", "weight decay", "momentum", "adam"),
    ),
    examples=(
        "Train a neural network from scratch on the spiral",
        "Backprop on moons with relu, tanh and sigmoid so I can compare",
        "Can a tiny network learn XOR? Run it with 4 hidden units",
    ),
    metrics=METRICS,
    sweep_metrics=("accuracy_test", "loss_final"),
    core=tuple(
        f"labs.cores.backprop.{name}"
        for name in (
            *("Dense", "ReLU", "Tanh", "Sigmoid", "SoftmaxCrossEntropy", "HalfSquaredError", "Network"),
            *("SGD", "Momentum", "Adam", "train", "numeric_gradient", "relative_error", "make_points"),
        )
    ),
    cost=cost,
    cost_of="epochs × steps per epoch × weights",
    verify=verify,
    notebook_imports=("import itertools",),
    demo="""
rng = np.random.default_rng(seed)
X, y = make_points(dataset, samples, noise, rng)
held_back = len(X) // 4
order = rng.permutation(len(X))
test, rest = order[:held_back], order[held_back:]
net = Network((2, *hidden, y.max() + 1), activation, rng)

analytic = net.loss_and_gradient(X[rest], y[rest], l2)[1].copy()
numeric = numeric_gradient(net, X[rest], y[rest], np.arange(len(analytic)), l2)
smooth = np.isfinite(numeric)
print(f"gradient check: {relative_error(analytic[smooth], numeric[smooth]):.1e}")

losses = {"training": [], "test": []}
for epoch in train(net, X[rest], y[rest], optimizer, learning_rate, epochs, batch_size, l2, rng):
    for name, rows in (("training", rest), ("test", test)):
        losses[name].append(net.loss.forward(net.forward(X[rows]), y[rows]))
metrics = {
    name: float((net.forward(X[rows]).argmax(axis=1) == y[rows]).mean())
    for name, rows in (("accuracy_train", rest), ("accuracy_test", test))
}
print(metrics)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
for name, curve in losses.items():
    left.plot(curve, label=name)
left.set(xlabel="epoch", ylabel="cross-entropy (nats)", yscale="log")
left.legend()
side = np.linspace(-1.5, 1.5, 100)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
right.contourf(side, side, net.forward(plane).argmax(axis=1).reshape(100, 100), alpha=0.3, cmap="viridis")
right.scatter(*X[rest].T, c=y[rest], s=12, cmap="viridis")
right.set(xlabel="x1", ylabel="x2", aspect="equal")
""",
    exercises=(
        "Take the hidden layers away from the spiral one unit at a time. At how many does it stop working, "
        "and what does the boundary look like just before?",
        "Set `activation` to `sigmoid` and `hidden` to `[16, 16, 16, 16, 16]`. Compare the gradient of the "
        "first layer with the last, and explain the ratio with the largest slope of a sigmoid.",
        "Put a mistake into `Tanh.backward` (forget the square). What does the gradient check say, and does "
        "the network still learn?",
    ),
)
