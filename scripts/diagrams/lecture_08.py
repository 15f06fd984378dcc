"""Draw the diagrams of lecture 8 (large language models): `python scripts/diagrams/lecture_08.py`.

The words are those of Sennrich, Haddow & Birch (2016), algorithm 1, cut by the lab's own byte-pair encoding; the
three tokens, their vectors and the three logits are the lecture's own examples.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, arrow, axes, blank, draw_all

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from labs.cores.language_model_tokens import learn_merges, merged

WORDS = {"low_": 5, "lower_": 2, "newest_": 6, "widest_": 3}
MERGES = 6

TOKENS = ("Ada", "sang", "she")
QUERIES = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]])
KEYS = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.0]])

CANDIDATES, LOGITS = ("mat", "sofa", "moon"), np.array([3.0, 2.0, 0.0])


def box(ax: Axes, x: float, y: float, width: float, height: float, name: str, colour: str) -> None:
    """A rounded box with its middle at (x, y)."""
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height,
            boxstyle="round,pad=0,rounding_size=0.1", facecolor="white", edgecolor=colour, linewidth=2, zorder=2,
        )
    )  # fmt: skip
    ax.text(x, y, name, ha="center", va="center", color=colour, zorder=3)


def cut(word: str, merges: list[tuple[str, str]]) -> list[str]:
    """The word as tokens: the merges done one after the other."""
    symbols = list(word)
    for pair in merges:
        symbols = merged(symbols, pair)
    return symbols


def row_of_tokens(ax: Axes, x: float, y: float, tokens: list[str], unit: float = 0.5) -> None:
    """Boxes side by side from x on, each as wide as its letters; merged ones in blue."""
    for token in tokens:
        width = unit * len(token)
        colour = BLUE if len(token) > 1 else GREY
        ax.add_patch(
            Rectangle((x, y - 0.3), width - 0.06, 0.6, facecolor="white", edgecolor=colour, linewidth=1.8)
        )
        ax.text(x + width / 2 - 0.03, y, token, ha="center", va="center", color=colour, family="monospace")
        x += width


def merges() -> Figure:
    learned = learn_merges(WORDS, MERGES)
    figure, ax = blank(8.2, 3.7, (-1.2, 10.1), (-1.6, 3.9))
    for x, title in ((0.6, "single letters"), (5.9, f"after {MERGES} merges")):
        ax.text(x, 3.6, title, va="center")
    for line, (word, times) in enumerate(WORDS.items()):
        y = 2.9 - 0.85 * line
        ax.text(0.3, y, f"{times} times", ha="right", va="center", color=ORANGE)
        row_of_tokens(ax, 0.6, y, list(word))
        arrow(ax, (4.5, y), (5.5, y))
        row_of_tokens(ax, 5.9, y, cut(word, learned))
    ax.plot([-1.1, 9.9], [-0.3, -0.3], color=GREY, linewidth=0.8)
    ax.text(0.3, -0.95, "never seen", ha="right", va="center", color=RED)
    row_of_tokens(ax, 0.6, -0.95, list("lowest_"))
    arrow(ax, (4.5, -0.95), (5.5, -0.95))
    row_of_tokens(ax, 5.9, -0.95, cut("lowest_", learned))
    return figure


def causal_weights() -> np.ndarray:
    """Attention weights (3, 3) of the example, later tokens masked."""
    scores = QUERIES @ KEYS.T / np.sqrt(QUERIES.shape[1])
    powers = np.exp(np.where(np.tri(3, dtype=bool), scores, -np.inf))
    return powers / powers.sum(axis=1, keepdims=True)


def attention() -> Figure:
    weights = causal_weights()
    figure, ax = blank(5.4, 4.2, (-1.5, 3.6), (-0.2, 3.9))
    for i, looks in enumerate(TOKENS):
        ax.text(-0.15, 2.5 - i, looks, ha="right", va="center")
        ax.text(i + 0.5, 3.15, TOKENS[i], ha="center", va="bottom")
        for j in range(3):
            corner = (j, 2 - i)
            weight = float(weights[i, j])
            ax.add_patch(Rectangle(corner, 1, 1, facecolor=BLUE, alpha=0.75 * weight, linewidth=0))
            ax.add_patch(Rectangle(corner, 1, 1, facecolor="none", edgecolor=GREY, linewidth=1))
            if j > i:
                for ends in ([0, 1], [1, 0]):
                    ax.plot([j, j + 1], 2 - i + np.array(ends), color=GREY, linewidth=0.8)
            else:
                ax.text(j + 0.5, 2.5 - i, f"{weight:.3g}" if weight in (0.5, 1.0) else f"{weight:.3f}",
                        ha="center", va="center", fontsize=13)  # fmt: skip
    ax.text(1.5, 3.6, "is looked at", ha="center", va="bottom", color=GREY)
    ax.text(-1.35, 1.5, "looks", ha="center", va="center", color=GREY, rotation=90)
    return figure


def plus(ax: Axes, x: float, y: float) -> None:
    ax.plot(
        x, y, "o", markersize=15, markerfacecolor="white", markeredgecolor=GREEN, markeredgewidth=2, zorder=2
    )
    ax.text(x, y, "+", ha="center", va="center_baseline", color=GREEN, fontsize=14, zorder=3)


def block() -> Figure:
    figure, ax = blank(6.0, 6.6, (-3.4, 4.4), (-0.9, 9.6))
    box(ax, 0, 0, 4.2, 0.6, "token embedding + position", GREY)
    ax.add_patch(Rectangle((-2.2, 0.85), 4.6, 6.6, facecolor="#F5F5F5", edgecolor=GREY, zorder=0))
    ax.text(2.6, 4.15, "one block,\nN times", va="center", color=GREY)
    arrow(ax, (0, 0.32), (0, 1.65))
    for bottom, name, colour in ((1.4, "masked attention", BLUE), (4.6, "MLP", ORANGE)):
        box(ax, 0, bottom + 0.55, 2.4, 0.6, "norm", GREY)
        arrow(ax, (0, bottom + 0.87), (0, bottom + 1.16))
        box(ax, 0, bottom + 1.48, 2.4, 0.6, name, colour)
        arrow(ax, (0, bottom + 1.8), (0, bottom + 2.13))
        plus(ax, 0, bottom + 2.35)
        ax.plot([0, -1.75, -1.75], [bottom - 0.2, bottom - 0.2, bottom + 2.35], color=GREEN, zorder=1)
        arrow(ax, (-1.75, bottom + 2.35), (-0.26, bottom + 2.35), GREEN)
    arrow(ax, (0, 4.0), (0, 4.84))
    ax.text(-2.35, 2.8, "skip", ha="right", va="center", color=GREEN)
    ax.text(-2.35, 6.0, "skip", ha="right", va="center", color=GREEN)
    arrow(ax, (0, 7.2), (0, 7.68))
    box(ax, 0, 8.0, 2.4, 0.6, "norm", GREY)
    arrow(ax, (0, 8.32), (0, 8.68))
    box(ax, 0, 9.0, 3.4, 0.6, "a score for every token", RED)
    ax.text(0, -0.6, "Ada   sang   she", ha="center", va="center", color=GREY)
    return figure


def temperature() -> Figure:
    figure, ax = axes(6.6, 3.5, x="temperature", y="probability")
    places = np.arange(3)
    for which, (name, colour) in enumerate(zip(CANDIDATES, (BLUE, ORANGE, GREEN), strict=True)):
        heights = []
        for heat in (0.5, 1.0, 2.0):
            powers = np.exp(LOGITS / heat)
            heights.append(float(powers[which] / powers.sum()))
        at = places + 0.27 * (which - 1)
        ax.bar(at, heights, 0.25, color=colour, label=name)
        for x, height in zip(at, heights, strict=True):
            ax.text(x, height + 0.015, f"{height:.3f}", ha="center", va="bottom", fontsize=9.5)
    ax.set_xticks(places, ["0.5", "1", "2"])
    ax.set(ylim=(0, 1.0))
    ax.legend(loc="upper right", ncols=3)
    return figure


def rag() -> Figure:
    figure, ax = blank(9.0, 3.2, (-0.2, 13.4), (-0.6, 3.9))
    box(ax, 1.1, 2.6, 2.2, 0.8, "question", RED)
    box(ax, 1.1, 0.4, 2.2, 1.1, "lectures,\nin passages", GREY)
    box(ax, 4.5, 1.5, 2.2, 1.1, "search:\nmeaning, words", BLUE)
    box(ax, 7.9, 1.5, 2.2, 1.1, "language\nmodel", ORANGE)
    box(ax, 11.9, 1.5, 2.6, 1.1, "check of each\nsentence", GREEN)
    arrow(ax, (2.22, 2.5), (3.38, 1.75))
    arrow(ax, (2.22, 0.5), (3.38, 1.25))
    arrow(ax, (5.62, 1.5), (6.78, 1.5))
    ax.text(6.2, 0.6, "best\npassages", ha="center", va="center", color=GREY, fontsize=10)
    ax.plot([2.22, 7.9, 7.9], [2.8, 2.8, 2.3], color=RED, linewidth=1.5, zorder=1)
    arrow(ax, (7.9, 2.5), (7.9, 2.07), RED)
    arrow(ax, (9.02, 1.5), (10.58, 1.5))
    ax.text(9.8, 1.75, "draft", ha="center", va="bottom", color=GREY, fontsize=10)
    ax.plot([4.5, 4.5, 11.9], [0.93, -0.25, -0.25], color=GREY, linewidth=1.5, zorder=1)
    arrow(ax, (11.9, -0.25), (11.9, 0.93))
    ax.text(9.1, -0.15, "the same passages", ha="center", va="bottom", color=GREY, fontsize=10)
    arrow(ax, (11.9, 2.07), (11.9, 2.95))
    ax.text(11.9, 3.3, "answer with sources [1] [2]", ha="center", va="center", color=GREEN)
    return figure


DRAWINGS = {
    "merges": merges,
    "attention": attention,
    "block": block,
    "temperature": temperature,
    "rag": rag,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_08" / "images"):
        print(written.name)
