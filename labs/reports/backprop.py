"""What a backprop run says: headline, notes, findings and charts, all from its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Finding
from labs.charts import Chart, Layer, Line, Panel, Regions, Rule, Scatter
from labs.cores.backprop import ReLU, Sigmoid

if TYPE_CHECKING:
    from labs.backprop import BackpropParams, Story

GRID = 80  # points along each side of the boundary pictures
CLASS_NAMES = {
    "spiral": ("arm A", "arm B", "arm C"),
    "moons": ("upper moon", "lower moon"),
    "circles": ("outer ring", "inner ring"),
    "xor": ("same signs", "opposite signs"),
}


def headline(p: BackpropParams, story: Story) -> str:
    shape = "-".join(str(size) for size in (2, *p.hidden, story.classes))
    right = f"gets {story.accuracy_test[-1]:.0%} of unseen {p.dataset} points right"
    if story.diverged is not None:
        return f"The {shape} network diverged in epoch {story.diverged} and {right}"
    return f"The {shape} network {right} after {p.epochs} {'epoch' if p.epochs == 1 else 'epochs'}"


def series(p: BackpropParams, story: Story) -> dict[str, np.ndarray]:
    """The arrays behind the charts."""
    found: dict[str, np.ndarray] = {
        "epoch": np.arange(len(story.loss_train)),
        "loss_train": np.array(story.loss_train),
        "loss_test": np.array(story.loss_test),
        "accuracy_train": np.array(story.accuracy_train),
        "accuracy_test": np.array(story.accuracy_test),
        "gradient_backprop": story.analytic,
        "gradient_numeric": story.numeric,
    }
    for layer, curve in enumerate(np.array(story.gradient_size).T, start=1):
        found[f"gradient_layer_{layer}"] = np.maximum(
            _smooth(curve), 1e-16
        )  # a zero has no place on a log axis
    for name, X, y in (("train", story.X_train, story.y_train), ("test", story.X_test, story.y_test)):
        for k in range(story.classes):
            found[f"{name}_x1[{k}]"], found[f"{name}_x2[{k}]"] = X[y == k].T
    everything = np.concatenate([story.X_train, story.X_test])
    low, high = everything.min(axis=0) - 0.15, everything.max(axis=0) + 0.15
    middle, reach = (
        (low + high) / 2,
        (high - low).max() / 2,
    )  # a square, so that one unit is as long in x as in y
    x1, x2 = (np.linspace(centre - reach, centre + reach, GRID) for centre in middle)
    found |= {"plane_x1": x1, "plane_x2": x2}
    plane = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    kept = story.net.theta.copy()
    for epoch, theta in story.snapshots.items():
        story.net.theta[:] = theta
        found[f"regions_{epoch}"] = story.net.forward(plane).argmax(axis=1).reshape(GRID, GRID)
    story.net.theta[:] = kept
    return found


def _smooth(curve: np.ndarray) -> np.ndarray:
    """Geometric mean over the last hundredth of the epochs (at least 1): one batch's gradient is a noisy
    thing.
    """
    window = max(1, len(curve) // 100)
    total = np.concatenate([[0.0], np.log(np.maximum(curve, 1e-300)).cumsum()])
    end = np.arange(1, len(curve) + 1)
    start = np.maximum(end - window, 0)
    return np.exp((total[end] - total[start]) / (end - start))


def charts(p: BackpropParams, story: Story) -> tuple[Chart, ...]:
    epochs = sorted(story.snapshots)
    names = CLASS_NAMES[p.dataset]
    panels = []
    for epoch in epochs:
        last = epoch == epochs[-1]
        which, size = ("test", 20.0) if last else ("train", 10.0)
        points = tuple(
            Scatter(f"{which}_x1[{k}]", f"{which}_x2[{k}]", names[k], tone=k, size=size)
            for k in range(story.classes)
        )
        right = story.accuracy_test[epoch] if last else story.accuracy_train[epoch]
        title = f"epoch {epoch}: {right:.0%} of {'unseen' if last else 'training'} right"
        layers: tuple[Layer, ...] = (Regions("plane_x1", "plane_x2", f"regions_{epoch}", names), *points)
        panels.append(Panel("x₁", "x₂", layers, title=title, equal=True, labels="none"))
    before, after = story.accuracy_test[0], story.accuracy_test[epochs[-1]]
    lowest = int(np.argmin(story.loss_test))
    guess = math.log(story.classes)
    loss = Panel(
        "",
        "cross-entropy (nats)",
        (
            Line("epoch", "loss_train", "training", tone=0),
            Line("epoch", "loss_test", "test", tone=1),
            Rule(guess, label="guessing"),
        ),
        y_scale="log" if min(story.loss_train) < 0.05 else "linear",
    )
    accuracy = Panel(
        "epoch",
        "classified right",
        (Line("epoch", "accuracy_train", "training", tone=0), Line("epoch", "accuracy_test", "test", tone=1)),
        percent=True,
        y_range=(min(0.3, *story.accuracy_train, *story.accuracy_test), 1.01),
    )
    count = len(p.hidden) + 1
    flow = tuple(
        Line("epoch", f"gradient_layer_{i}", f"layer {i}{' (output)' if i == count else ''}", tone=i - 1)
        for i in range(1, count + 1)
    )
    ratio = gradient_ratio(story)
    return (
        Chart(
            "boundary",
            f"Unseen points right: {before:.0%} before training, {after:.0%} after {epochs[-1]} epochs",
            tuple(panels),
            columns=2,
            overlay="panels",
            alt="Areas: what the network says. Points: those it trained on; in the last panel, unseen ones.",
        ),
        Chart(
            "learning",
            f"Loss on unseen points: {story.loss_test[-1]:.3f} at the end, {story.loss_test[lowest]:.3f} at "
            f"best (epoch {lowest})",
            (loss, accuracy),
        ),
        Chart(
            "gradients",
            f"Before training, the first layer's gradient is {_times(ratio)} the last layer's",
            (Panel("epoch", "gradient per weight (rms)", flow, y_scale="log"),),
            overlay="panels",
        ),
        Chart(
            "gradient_check",
            f"Backprop agrees with finite differences to {story.gradient_check:.0e} (relative)",
            (_check_panel(),),
            overlay="panels",
        ),
    )


def _check_panel() -> Panel:
    dots = Scatter("gradient_numeric", "gradient_backprop", "one parameter each", tone=0)
    return Panel("by finite differences", "by backprop", (dots,), equal=True)


def gradient_ratio(story: Story) -> float:
    """The first layer's gradient over the last layer's, before training, per weight; 1 for a single layer."""
    first, last = story.gradient_size[0][0], story.gradient_size[0][-1]
    return first / last if last > 0 else float("nan")


def _times(ratio: float) -> str:
    return f"{ratio:.2g} times" if 0.001 <= ratio < 1000 else f"{ratio:.0e} times"


def notes(p: BackpropParams, story: Story) -> tuple[str, ...]:
    n_train, n_test = len(story.y_train), len(story.y_test)
    wrong = round((1 - story.accuracy_test[-1]) * n_test)
    guess = math.log(story.classes)
    told = [
        f"With {len(story.net.theta)} parameters the network classifies {story.accuracy_train[-1]:.1%} of "
        f"the {n_train} points it "
        f"trained on and {story.accuracy_test[-1]:.1%} of the {n_test} it never saw ({wrong} wrong; one "
        "point is "
        f"{1 / n_test:.1%}, so differences of a few points mean little).",
        f"Before training, its gradients agree with finite differences to {story.gradient_check:.0e} "
        "(relative) over "
        f"{len(story.analytic)} parameters"
        + (
            ": the chain rule is applied right."
            if story.gradient_check < 1e-6
            else ", which is too much: something is off."
        ),
    ]
    final = story.loss_train[-1]
    if final < guess:
        half = int(np.argmax(np.array(story.loss_train) <= (story.loss_train[0] + min(story.loss_train)) / 2))
        told.append(
            f"Guessing costs ln {story.classes} = {guess:.2f} nats; the training loss went from "
            f"{story.loss_train[0]:.2f} to "
            f"{final:.3g}, and half of that gain was made by epoch {half} of {p.epochs}."
        )
    else:
        told.append(
            f"The training loss ended at {final:.3g}, no better than guessing, which costs ln "
            f"{story.classes} = {guess:.2f}: "
            f"this run has not learned."
        )
    lowest = int(np.argmin(story.loss_test))
    if (
        final < guess
        and story.diverged is None
        and story.loss_test[-1] > 1.1 * story.loss_test[lowest] + 0.02
    ):
        better = story.accuracy_test[-1] > story.accuracy_test[lowest]
        told.append(
            f"The test loss was lowest at epoch {lowest} ({story.loss_test[lowest]:.3f}) and ended at "
            f"{story.loss_test[-1]:.3f}, while the training loss went from {story.loss_train[lowest]:.3f} to "
            f"{final:.3f}; of the "
            f"unseen points it got {story.accuracy_test[lowest]:.1%} right then and "
            f"{story.accuracy_test[-1]:.1%} now, so the later "
            f"epochs made the network surer of itself{', and a little better' if better else ', not better'}."
        )
    told += _spike(story)
    ratio = gradient_ratio(story)
    if len(p.hidden) > 1 and np.isfinite(ratio):
        told.append(
            f"Before training, a weight of the first layer gets {_times(ratio)} the gradient of one in the "
            "last layer."
        )
    return tuple(told[:5])


def _spike(story: Story) -> list[str]:
    """The largest jump of the training loss, if training was rough."""
    curve = np.array(story.loss_train)
    if len(curve) < 10:
        return []
    jump = curve[1:] - curve[:-1]
    at = int(np.argmax(jump)) + 1
    if jump[at - 1] < 0.2 or curve[at] < 3 * curve[at - 1]:
        return []
    return [
        f"In epoch {at} the training loss jumped from {curve[at - 1]:.3f} to {curve[at]:.3f}: the steps are "
        "large enough to "
        f"throw the network out of a good place, and a smaller learning rate would be calmer."
    ]


def findings(p: BackpropParams, story: Story) -> tuple[Finding, ...]:
    found = [*_divergence(p, story), *_no_learning(p, story), *_units(p, story), *_vanishing(p, story)]
    return (*found, *_overfitting(p, story), *_overconfident(story))


def _divergence(p: BackpropParams, story: Story) -> list[Finding]:
    start, end = story.loss_train[0], story.loss_train[-1]
    worst = int(np.argmax(story.loss_train))
    if story.diverged is None and (end < 0.9 * start or story.loss_train[worst] < 3 * start):
        return []
    evidence = (
        f"The numbers stopped being finite in epoch {story.diverged}; the last finite training loss was "
        f"{end:.3g}."
        if story.diverged is not None
        else f"The training loss rose from {start:.2f} to {story.loss_train[worst]:.3g} in epoch {worst} and "
        f"ended at {end:.3g}."
    )
    advice = f"Take a smaller step: learning_rate={p.learning_rate / 10:.2g}" + (
        ", or optimizer=adam, which scales its steps by itself." if p.optimizer != "adam" else "."
    )
    return [Finding("divergence", evidence, advice)]


def _no_learning(p: BackpropParams, story: Story) -> list[Finding]:
    common = float(np.bincount(story.y_train).max() / len(story.y_train))
    right = story.accuracy_train[-1]
    if right > common + 0.1:
        if right >= 0.85:
            return []
        return [
            Finding(
                "underfitting",
                f"After {len(story.loss_train) - 1} epochs the network still gets {1 - right:.1%} of its own "
                "training points "
                f"wrong, with {sum(p.hidden)} hidden units.",
                f"Try twice the units (hidden=[{','.join(str(min(2 * size, 256)) for size in p.hidden)}]), "
                "more epochs, or another "
                f"seed: where a small network starts decides where it gets stuck.",
            )
        ]
    return [
        Finding(
            "no_learning",
            f"After {len(story.loss_train) - 1} epochs the network gets {right:.1%} of its own training "
            f"points right; always saying the commonest class gets {common:.1%}.",
            "Try more epochs, a learning rate ten times larger or smaller, or activation=tanh.",
        )
    ]


def _units(p: BackpropParams, story: Story) -> list[Finding]:
    """Dead ReLUs, and sigmoids or tanhs stuck at their ends, on the training points."""
    story.net.forward(story.X_train)
    bends = [layer for layer in story.net.layers if not hasattr(layer, "W")]
    found: list[Finding] = []
    for number, bend in enumerate(bends, start=1):
        A = bend.A  # (n, H)
        if isinstance(bend, ReLU):
            dead = int((A <= 0).all(axis=0).sum())
            if dead and dead >= 0.25 * A.shape[1] and not any(f.name == "dead_relu" for f in found):
                all_of = f"all {dead} units" if dead == A.shape[1] else f"{dead} of {A.shape[1]} units"
                found.append(
                    Finding(
                        "dead_relu",
                        f"In layer {number}, {all_of} are off for every training point: their gradient is 0 "
                        "and they cannot recover.",
                        f"Try learning_rate={p.learning_rate / 5:.2g}, or activation=tanh, whose slope is "
                        "never exactly 0.",
                    )
                )
            continue
        slope, steepest = (A * (1 - A), 0.25) if isinstance(bend, Sigmoid) else (1 - A**2, 1.0)
        flat = float((slope < 0.02 * steepest).mean())
        if flat > 0.5 and not any(f.name == "saturated_units" for f in found):
            found.append(
                Finding(
                    "saturated_units",
                    f"In layer {number}, {flat:.0%} of the activations sit where the {p.activation} is flat "
                    "(less than 2% of "
                    f"its steepest slope), so little gradient comes through.",
                    f"Try learning_rate={p.learning_rate / 5:.2g}, some weight decay (l2=0.001), or "
                    "activation=relu.",
                )
            )
    return found


def _vanishing(p: BackpropParams, story: Story) -> list[Finding]:
    ratio = gradient_ratio(story)
    if len(p.hidden) < 2 or not ratio < 0.02:
        return []
    per_layer = ratio ** (1 / len(p.hidden))
    cause = " A sigmoid's slope is at most 1/4." if p.activation == "sigmoid" else ""
    return [
        Finding(
            "vanishing_gradient",
            f"Before training, the first layer's gradient is {_times(ratio)} the last layer's: on the way "
            "back each layer "
            f"keeps about {per_layer:.0%}.{cause}",
            "Try activation=relu, or fewer layers in hidden.",
        )
    ]


def _overfitting(p: BackpropParams, story: Story) -> list[Finding]:
    lowest = int(np.argmin(story.loss_test))
    best, end = story.loss_test[lowest], story.loss_test[-1]
    if (
        story.diverged is not None
        or end < 1.25 * best + 0.02
        or story.loss_train[-1] >= story.loss_train[lowest]
    ):
        return []
    if story.loss_train[-1] > 0.9 * math.log(story.classes):
        return []
    return [
        Finding(
            "overfitting",
            f"From epoch {lowest} on, the test loss rose from {best:.3f} to {end:.3f} while the training "
            "loss fell from "
            f"{story.loss_train[lowest]:.3f} to {story.loss_train[-1]:.3f}.",
            f"Stop early (epochs={max(lowest, 1)}), add weight decay (l2=0.003), or draw more points "
            f"(samples={min(3 * p.samples, 5000)}).",
        )
    ]


def _overconfident(story: Story) -> list[Finding]:
    scores = story.net.forward(story.X_test)
    story.net.loss.forward(scores, story.y_test)
    P = story.net.loss.P  # type: ignore[union-attr]
    wrong = P.argmax(axis=1) != story.y_test
    if wrong.sum() < 3 or not (sure := float(P[wrong].max(axis=1).mean())) > 0.9:
        return []
    return [
        Finding(
            "saturated_softmax",
            f"On the {int(wrong.sum())} test points it got wrong, the network gave its answer {sure:.0%} on "
            "average: "
            f"its probabilities are far surer than it has a right to be.",
            "Add weight decay (l2=0.003) or stop earlier; both keep the scores small and the softmax soft.",
        )
    ]
