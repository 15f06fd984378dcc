"""What a cnn run says and shows: headline, notes, findings, tables and charts, all from its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labs.base import Finding, Table
from labs.charts import Chart, Heatmap, Images, Line, Panel
from labs.cores.classification import confusion_matrix, wilson_interval
from labs.cores.cnn import grad_cam, predict

if TYPE_CHECKING:
    from labs.cnn import CnnParams, Trained

SHOWN = 8  # pictures in a row
NAMES = {"simple": "simple CNN", "lenet": "LeNet", "vgg": "small VGG", "resnet": "small ResNet"}
DIGITS = tuple("0123456789")


def headline(p: CnnParams, t: Trained) -> str:
    who = f"The {NAMES[p.architecture]}"
    if t.diverged is not None:
        return f"{who} diverged in epoch {t.diverged}: {t.accuracy_test[-1]:.1%} of unseen digits read right"
    epochs = "1 epoch" if p.epochs == 1 else f"{p.epochs} epochs"
    return f"{who} reads {t.accuracy_test[-1]:.1%} of {len(t.labels):,} unseen digits right after {epochs}"


def wrong_rows(t: Trained) -> np.ndarray:
    """The misread test images, the one that the network was surest of first."""
    wrong = np.flatnonzero(t.said != t.labels)
    return wrong[np.argsort(-t.probabilities[wrong].max(axis=1), kind="stable")]


def series(p: CnnParams, t: Trained) -> dict[str, np.ndarray]:
    """The arrays behind the charts."""
    found: dict[str, np.ndarray] = {
        "epoch": np.arange(1, len(t.loss_test) + 1),
        "loss_train": np.array(t.loss_train),
        "loss_test": np.array(t.loss_test),
        "accuracy_train": np.array(t.accuracy_train),
        "accuracy_test": np.array(t.accuracy_test),
        "confusion": confusion_matrix(t.labels, t.said, 10),
    }
    right = t.said == t.labels
    one_each = [int(rows[0]) for k in range(10) if len(rows := np.flatnonzero((t.labels == k) & right))]
    chosen = np.array(one_each or [0])
    found["digit"] = t.pictures(
        chosen[-3:-2] if len(chosen) >= 3 else chosen[:1]
    )  # the seven, where all are right
    found["filters"] = _filters(t)[:SHOWN]
    found["maps_first"], found["maps_last"] = _maps(t, chosen[-3] if len(chosen) >= 3 else chosen[0])
    found["looked"] = t.pictures(chosen)
    found["heat"] = _heat(t, chosen, t.said[chosen])
    wrong = wrong_rows(t)[:SHOWN]
    if len(wrong):
        found["mistakes"] = t.pictures(wrong)
        found["mistakes_heat"] = _heat(t, wrong, t.said[wrong])
    return found


def _filters(t: Trained) -> np.ndarray:
    first = next(layer for layer in t.model.modules() if layer.__class__.__name__ == "Conv2d")
    return np.asarray(first.weight.detach().cpu())[:, 0]


def _maps(t: Trained, row: int) -> tuple[np.ndarray, np.ndarray]:
    """What one image looks like after the first bend, and in the last feature maps: the strongest eight of
    each.
    """
    import torch

    t.model.eval()
    maps: list[Any] = []
    with torch.no_grad():
        x = t.test_images[row : row + 1]
        for layer in t.model[0]:
            x = layer(x)
            if layer.__class__.__name__ in ("ReLU", "Tanh") and not maps:
                maps.append(x)
        maps.append(x)
    picked = []
    for stack in maps:
        values = np.asarray(stack[0].cpu())
        picked.append(values[np.sort(np.argsort(-values.std(axis=(1, 2)), kind="stable")[:SHOWN])])
    return picked[0], picked[1]


def _heat(t: Trained, rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Grad-CAM of those test images for those classes, as large as the images, each from 0 to 1."""
    import torch

    images = t.test_images[rows]
    heat = grad_cam(t.model, images, torch.as_tensor(classes, device=images.device))
    heat = torch.nn.functional.interpolate(heat[:, None], size=t.size, mode="bilinear", align_corners=False)[
        :, 0
    ]
    values = np.nan_to_num(np.asarray(heat.cpu(), dtype=float))
    return values / np.maximum(values.max(axis=(1, 2), keepdims=True), 1e-12)


def tables(t: Trained) -> tuple[Table, ...]:
    counts = confusion_matrix(t.labels, t.said, 10)
    rows = []
    for k in range(10):
        others = counts[k].copy()
        others[k] = 0
        most = f"{others.argmax()} ({others.max()})" if others.max() else "none"
        rows.append(
            (
                str(k),
                int(counts[k].sum()),
                int(counts[k, k]),
                float(counts[k, k] / max(counts[k].sum(), 1)),
                most,
            )
        )
    return (
        Table(
            "Digit by digit", ("digit", "test images", "read right", "share", "most taken for"), tuple(rows)
        ),
    )


def notes(p: CnnParams, t: Trained) -> tuple[str, ...]:
    n = len(t.labels)
    wrong = wrong_rows(t)
    low, high = wilson_interval(n - len(wrong), n)
    told = []
    if t.only_test_files:
        told.append(
            f"Only the {n + len(t.train_labels):,} test images of MNIST (t10k) were found, so the network "
            "trained on "
            f"{len(t.train_labels):,} of them and was tested on the other {n:,}: not comparable with "
            "published results, which "
            f"train on 60,000."
        )
    told.append(
        f"With {t.parameters:,} parameters, trained on {len(t.train_labels):,} images of {t.source}, it "
        f"misreads {len(wrong)} of "
        f"{n:,} that it never saw ({t.accuracy_test[-1]:.2%} right; 95% interval {low:.1%} to {high:.1%}) "
        "and "
        f"{1 - t.final_train_accuracy:.2%} of those it trained on."
    )
    counts = confusion_matrix(t.labels, t.said, 10)
    off = counts - np.diag(np.diag(counts))
    if off.any():
        true, said = np.unravel_index(int(off.argmax()), off.shape)
        sure = float(t.probabilities[wrong].max(axis=1).mean())
        top = float(t.probabilities[wrong].max())
        times = "once" if off[true, said] == 1 else f"{off[true, said]} times"
        told.append(
            f"Its commonest mistake is to take {true} for {said} ({times}). On what it misread it was "
            f"{sure:.0%} sure of its wrong "
            f"answer on average, and {top:.0%} at most: "
            + (
                "it does not know what it does not know."
                if sure > 0.7
                else "mostly it was in doubt, and a person could be asked."
            )
        )
    lowest = int(np.argmin(t.loss_test))
    last = len(t.loss_test) - 1
    if lowest < last and t.loss_test[last] > 1.05 * t.loss_test[lowest]:
        told.append(
            f"The test loss was lowest after epoch {lowest + 1} ({t.loss_test[lowest]:.4f}) and ended at "
            f"{t.loss_test[last]:.4f}: the "
            f"epochs since then bought {t.accuracy_test[last] - t.accuracy_test[lowest]:+.2%} accuracy."
        )
    elif last >= 2:
        told.append(
            f"The test loss fell from {t.loss_test[0]:.3f} after one epoch to {t.loss_test[last]:.3f}; the "
            "last epoch changed it "
            f"by {t.loss_test[last] - t.loss_test[last - 1]:+.4f}."
        )
    if p.dataset == "mnist" and not t.only_test_files and t.accuracy_test[-1] >= 0.985:
        told.append(
            "At 98.5% or more it matches what small convolutional networks reach on MNIST (LeCun et al. "
            "1998: LeNet-5, 99.05%)."
        )
    return tuple(told[:5])


def findings(p: CnnParams, t: Trained, shown: dict[str, np.ndarray]) -> tuple[Finding, ...]:
    found: list[Finding] = []
    right, seen = t.accuracy_test[-1], t.final_train_accuracy
    if t.diverged is not None or seen < 0.3:
        evidence = (
            f"The loss stopped being a finite number in epoch {t.diverged}."
            if t.diverged is not None
            else f"After {p.epochs} epochs it reads {seen:.1%} of its own training images; guessing gets 10%."
        )
        found.append(
            Finding(
                "divergence" if t.diverged is not None else "no_learning",
                evidence,
                f"Take a smaller step: learning_rate={min(p.learning_rate / 10, 0.002):.2g}."
                if p.learning_rate > 0.005
                else "Train longer, or take a larger step: learning_rate=0.002 with optimizer=adam.",
            )
        )
        return tuple(found)
    if seen < 0.95:
        longer = f"Train longer (epochs={min(3 * p.epochs, 100)})"
        other = (
            f"with less dropout than {p.dropout:g}"
            if p.dropout > 0.2
            else f"take a smaller step (learning_rate={p.learning_rate / 5:.2g})"
            if p.learning_rate > 0.01 or _dead_filters(t)  # too bold a step stops learning as well
            else f"take a larger step (learning_rate={3 * p.learning_rate:.2g})"
        )
        found.append(
            Finding(
                "underfitting",
                f"It reads only {seen:.1%} of its own training images right ({right:.1%} of the others).",
                f"{longer}, or {other}.",
            )
        )
    if seen - right > 0.02:
        found.append(
            Finding(
                "overfitting",
                f"It reads {seen:.1%} of its training images right and {right:.1%} of the others, "
                f"{seen - right:.1%} fewer.",
                "Set augment=true, or more dropout (dropout=0.4).",
            )
        )
    wrong = wrong_rows(t)
    if len(wrong) >= 3 and (sure := float(t.probabilities[wrong].max(axis=1).mean())) > 0.9:
        found.append(
            Finding(
                "saturated_softmax",
                f"It was {sure:.0%} sure on average of the {len(wrong)} digits that it misread.",
                "Fewer epochs or more dropout keep the scores small and the softmax soft.",
            )
        )
    dead = _dead_filters(t)
    if dead:
        found.append(
            Finding(
                "dead_relu",
                f"{dead} filters of the first layer answer 0 everywhere on every test image: they learn "
                "nothing any more.",
                f"Take a smaller step: learning_rate={p.learning_rate / 5:.2g}.",
            )
        )
    return tuple(found)


def _dead_filters(t: Trained) -> int:
    """Maps of the first layer that are 0 on every test image (up to 500 of them)."""
    first = next((i for i, layer in enumerate(t.model[0]) if layer.__class__.__name__ == "ReLU"), None)
    if first is None:
        return 0
    answers = predict(t.model[0][: first + 1], t.test_images[:500])
    return int((answers.amax(dim=(0, 2, 3)) <= 0).sum())


# ------------------------------------------------------------------------------------------- charts


def charts(p: CnnParams, t: Trained, shown: dict[str, np.ndarray]) -> tuple[Chart, ...]:
    wrong = wrong_rows(t)
    built = [_learning(t, headline(p, t)), _looks(t, shown), _inside(t, shown), _confusion(t)]
    if len(wrong):
        built.append(_mistakes(t, wrong[:SHOWN], len(wrong)))
    return tuple(built)


def _learning(t: Trained, title: str) -> Chart:
    few = len(t.loss_test) <= 20
    loss = Panel(
        "",
        "cross-entropy (nats)",
        (
            Line("epoch", "loss_train", "training, while learning", tone=0, markers=few),
            Line("epoch", "loss_test", "test", tone=1, markers=few),
        ),
        y_scale="log",
    )
    lowest = min(*t.accuracy_test, *t.accuracy_train)
    accuracy = Panel(
        "epoch",
        "read right",
        (
            Line("epoch", "accuracy_train", "training, while learning", tone=0, markers=few),
            Line("epoch", "accuracy_test", "test", tone=1, markers=few),
        ),
        percent=True,
        y_range=(max(0.0, lowest - 0.03), 1.005),
    )
    return Chart("learning", title, (loss, accuracy))


def _looks(t: Trained, shown: dict[str, np.ndarray]) -> Chart:
    blank = int((shown["heat"].max(axis=(1, 2)) <= 0).sum())
    title = "What raises the score of each digit (Grad-CAM)"
    if blank:  # the mean over the picture, equation 1, can cancel what single places say
        title += f"; for {blank} of {len(shown['heat'])} the method finds nothing"
    said = tuple(str(k) for k in range(10)) if len(shown["looked"]) == 10 else ()
    panel = Panel("", "", (Images("looked", said, heat="heat"),))
    alt = "Digits that were read right, one of each, with what raises the score of that digit glowing in red."
    return Chart("grad_cam", title, (panel,), alt=alt, overlay="panels")


def _inside(t: Trained, shown: dict[str, np.ndarray]) -> Chart:
    first, last = shown["maps_first"], shown["maps_last"]
    panels = (
        Panel(
            "",
            "",
            (Images("filters", diverging=True),),
            title=f"{len(shown['filters'])} filters of the first layer: red adds, blue subtracts",
        ),
        Panel(
            "",
            "",
            (Images("maps_first"),),
            title=f"one digit through the first layer ({first.shape[1]} x {first.shape[2]})",
        ),
        Panel(
            "",
            "",
            (Images("maps_last"),),
            title=f"the same digit in the last feature maps ({last.shape[1]} x {last.shape[2]})",
        ),
    )
    pixels, maps = (" x ".join(str(side) for side in stack.shape[1:]) for stack in (first, last))
    title = f"From strokes to parts: {pixels} pixels become maps of {maps}"
    if first.shape[1:] == last.shape[1:]:
        title = "Filters, and what they make of one digit"
    return Chart("inside", title, panels, overlay="panels")


def _confusion(t: Trained) -> Chart:
    wrong = int((t.said != t.labels).sum())
    counts = confusion_matrix(t.labels, t.said, 10)
    off = counts - np.diag(np.diag(counts))
    title = f"{wrong} of {len(t.labels):,} test digits misread"
    if wrong:
        true, said = np.unravel_index(int(off.argmax()), off.shape)
        title += f", most often {true} as {said}"
    panel = Panel(
        "what the network says", "what it is", (Heatmap("confusion", DIGITS, DIGITS, number_format="{:.0f}"),)
    )
    return Chart("confusion", title, (panel,), overlay="panels")


def _mistakes(t: Trained, wrong: np.ndarray, total: int) -> Chart:
    sure = t.probabilities[wrong].max(axis=1)
    captions = tuple(
        f"{t.labels[i]} read as {t.said[i]}\n{s:.0%} sure" for i, s in zip(wrong, sure, strict=True)
    )
    panels = (
        Panel("", "", (Images("mistakes", captions),)),
        Panel("", "", (Images("mistakes", heat="mistakes_heat"),), title="what made it say so (Grad-CAM)"),
    )
    shown = f"{len(wrong)} of {total}" if total > len(wrong) else str(total)
    return Chart(
        "mistakes",
        f"{shown} misread digits, the surest first: {sure[0]:.0%} sure, and wrong",
        panels,
        overlay="panels",
    )
