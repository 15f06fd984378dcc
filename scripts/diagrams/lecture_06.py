"""Draw the diagrams of lecture 6 (classification): `python scripts/diagrams/lecture_06.py`.

The eight messages, the confusion matrix and the six scores are the lecture's own.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, axes, draw_all

NAMES = "ABCDEFGH"
MESSAGES = np.array([[0, 1], [1, 0], [1, 2], [3, 1], [2, 4], [4, 3], [3, 0], [0, 3]], dtype=float)
SPAM = np.array([0, 0, 0, 1, 1, 1, 0, 1])
NEW = np.array([2.0, 2.0])
SCORES, IS_SPAM = np.array([0.9, 0.8, 0.6, 0.5, 0.3, 0.1]), np.array([1, 1, 0, 1, 0, 0])


def messages(ax: Axes, side: np.ndarray, x1: np.ndarray, x2: np.ndarray, title: str) -> None:
    """The eight messages and the new one, over the areas where `side` is 1 (spam) or 0."""
    ax.contourf(x1, x2, side, levels=[-0.5, 0.5, 1.5], colors=[BLUE, ORANGE], alpha=0.18)
    for kind, colour, marker, name in ((0, BLUE, "o", "ham"), (1, ORANGE, "s", "spam")):
        chosen = MESSAGES[kind == SPAM]
        ax.plot(chosen[:, 0], chosen[:, 1], marker, color=colour, markersize=9, label=name, linestyle="none")
    for letter, (a, b) in zip(NAMES, MESSAGES, strict=True):
        ax.text(a + 0.16, b + 0.16, letter, fontsize=9)
    ax.plot(*NEW, "*", color=RED, markersize=14, label="new", linestyle="none")
    ax.set(xlim=(-0.6, 4.9), ylim=(-0.6, 4.9), xlabel="links", xticks=range(5), yticks=range(5))
    ax.set_title(title, fontsize=11)


def three_boundaries() -> Figure:
    figure = Figure(figsize=(9.2, 3.7), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    # an odd start and end, so that no point of the grid is equally far from two messages
    x1, x2 = np.meshgrid(np.linspace(-0.6137, 4.9071, 221), np.linspace(-0.6259, 4.9183, 221))
    plane = np.stack([x1, x2], axis=-1)
    nearest = np.linalg.norm(plane[..., None, :] - MESSAGES, axis=-1).argsort(axis=-1)[..., :3]
    messages(panels[0], (4 * x1 + 6 * x2 > 17) * 1.0, x1, x2, "a line: spam")
    ends = np.array([-0.6, 4.9])
    for level, style in ((16, ":"), (17, "-"), (18, ":")):
        panels[0].plot(ends, (level - 4 * ends) / 6, color=GREEN, linestyle=style, linewidth=1.2)
    messages(panels[1], (SPAM[nearest].sum(axis=-1) >= 2) * 1.0, x1, x2, "3 nearest neighbours: spam")
    messages(panels[2], (x2 > 2.5) * 1.0, x1, x2, "a tree's first question: ham")
    panels[0].set_ylabel("words in capitals")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10)
    return figure


def losses() -> Figure:
    figure, ax = axes(x="margin m: wrong on the left, right on the right", y="loss")
    m = np.linspace(-3, 3, 241)
    ax.plot(m, np.log1p(np.exp(-m)), color=BLUE)
    ax.plot(m, np.maximum(0, 1 - m), color=ORANGE)
    ax.step([-3, 0, 3], [1, 1, 0], where="pre", color=GREY, linestyle="--", linewidth=1.5)
    ax.text(-2.35, 3.55, "hinge loss (SVM)", color=ORANGE)
    ax.text(-2.95, 2.02, "log loss\n(logistic)", color=BLUE, va="center")
    ax.text(-2.95, 0.72, "counting mistakes", color=GREY, va="center")
    for at in (2.0, 0.5, -1.0):
        ax.plot(at, np.log1p(np.exp(-at)), "o", color=BLUE, markersize=6)
        ax.plot(at, max(0.0, 1 - at), "o", color=ORANGE, markersize=6)
    ax.set(ylim=(-0.15, 4.2))
    return figure


def confusion() -> Figure:
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    ax = figure.subplots()
    ax.set_aspect("equal")
    ax.axis("off")
    for column, row, count, name, colour in (
        (0, 1, 30, "true positives", GREEN),
        (1, 1, 10, "false negatives", RED),
        (0, 0, 5, "false positives", RED),
        (1, 0, 155, "true negatives", GREEN),
    ):
        corner = (2.6 * column, 1.5 * row)
        ax.add_patch(Rectangle(corner, 2.6, 1.5, facecolor=colour, alpha=0.18, edgecolor="none"))
        ax.add_patch(Rectangle(corner, 2.6, 1.5, fill=False, edgecolor=GREY, linewidth=1))
        ax.text(corner[0] + 1.3, corner[1] + 0.9, str(count), ha="center", va="center", fontsize=17)
        ax.text(corner[0] + 1.3, corner[1] + 0.38, name, ha="center", va="center", fontsize=9, color=GREY)
    for x, text in ((1.3, "said spam"), (3.9, "said ham")):
        ax.text(x, 3.2, text, ha="center")
    for y, text in ((2.25, "is spam"), (0.75, "is ham")):
        ax.text(-0.2, y, text, ha="right", va="center")
    ax.add_patch(Rectangle((0.08, 1.58), 5.04, 1.34, fill=False, edgecolor=BLUE, linewidth=2.5))
    ax.add_patch(Rectangle((0.16, -0.12), 2.28, 3.12, fill=False, edgecolor=ORANGE, linewidth=2.5))
    ax.text(5.4, 2.25, "recall:\n30 of 40", color=BLUE, va="center")
    ax.text(1.3, -0.45, "precision: 30 of 35", color=ORANGE, ha="center", va="center")
    ax.set(xlim=(-1.6, 7.0), ylim=(-0.8, 3.6))
    return figure


def roc() -> Figure:
    figure, ax = axes(5.2, 4.4, x="false-positive rate", y="true-positive rate")
    up = np.concatenate([[0], IS_SPAM.cumsum()]) / 3
    right = np.concatenate([[0], (1 - IS_SPAM).cumsum()]) / 3
    ax.fill_between(right, up, step=None, color=BLUE, alpha=0.15, linewidth=0)
    ax.plot(right, up, "o-", color=BLUE, markersize=6)
    ax.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1.2)
    for k, score in enumerate(SCORES, start=1):
        sideways = right[k] > right[k - 1]
        x, y = (right[k] + right[k - 1]) / 2, (up[k] + up[k - 1]) / 2
        label = f"{score:g} {'ham' if sideways else 'spam'}"
        ax.text(x if sideways else x + 0.025, y - 0.025 if sideways else y + 0.05, label, fontsize=9,
                ha="center" if sideways else "left", va="top" if sideways else "center")  # fmt: skip
    area = float(np.sum(np.diff(right) * (up[1:] + up[:-1]) / 2))
    ax.text(0.72, 0.3, f"area {area:.3f}", color=BLUE, ha="center")
    ax.text(0.56, 0.44, "a coin: 0.5", color=GREY, rotation=40, fontsize=9)
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.06))
    ax.set_xticks([0, 1 / 3, 2 / 3, 1], ["0", "1/3", "2/3", "1"])
    ax.set_yticks([0, 1 / 3, 2 / 3, 1], ["0", "1/3", "2/3", "1"])
    return figure


def folds() -> Figure:
    figure = Figure(figsize=(8.0, 3.3), layout="constrained")
    ax = figure.subplots()
    ax.axis("off")
    for turn in range(5):
        y = 4 - turn
        ax.text(-0.15, y + 0.36, f"turn {turn + 1}", ha="right", va="center")
        for part in range(5):
            held = part == turn
            ax.add_patch(Rectangle((1.2 * part, y), 1.1, 0.72, facecolor=ORANGE if held else BLUE,
                                   alpha=0.75 if held else 0.3, edgecolor="none"))  # fmt: skip
            ax.text(1.2 * part + 0.55, y + 0.36, "score" if held else "train", ha="center", va="center",
                    fontsize=9)  # fmt: skip
    ax.add_patch(Rectangle((6.6, 0), 1.3, 4.72, facecolor=GREY, alpha=0.25, edgecolor="none"))
    ax.text(7.25, 2.36, "test set:\nonce,\nat the end", ha="center", va="center", fontsize=10)
    ax.set(xlim=(-0.9, 8.0), ylim=(-0.1, 4.9))
    return figure


DRAWINGS = {
    "three_boundaries": three_boundaries,
    "losses": losses,
    "confusion": confusion,
    "roc": roc,
    "folds": folds,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_06" / "images"):
        print(written.name)
