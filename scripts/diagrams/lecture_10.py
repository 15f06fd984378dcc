"""Draw the diagrams of lecture 10 (Markov decision processes): `python scripts/diagrams/lecture_10.py`.

The coffee machine is the lecture's own; the grid is Sutton & Barto's Example 3.5, solved here by linear
equations and by plain value iteration, which is not how the `mdp` lab does it.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, axes, draw_all

PALE_ORANGE, PALE_RED = "#fbe6bd", "#f3cdb8"
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # up, right, down, left, as (row, column)
JUMPS = {(0, 1): ((4, 1), 10.0), (0, 3): ((2, 3), 5.0)}  # A and B: where they lead, and what they pay


def blank(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure for a drawing in plain units: no axes, and round circles."""
    figure = Figure(figsize=(width, height), layout="constrained")
    ax = figure.subplots()
    ax.set_aspect("equal")
    ax.axis("off")
    return figure, ax


def bend(ax: Axes, start: tuple[float, float], end: tuple[float, float], curve: float, colour: str) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops={**style, "connectionstyle": f"arc3,rad={curve}"})


def coffee_machine() -> Figure:
    figure, ax = blank(8.0, 2.7)
    for x, letter, name in ((0.0, "F", "fine"), (5.0, "W", "worn")):
        ax.add_patch(Circle((x, 0), 0.75, facecolor="white", edgecolor=BLUE, linewidth=2.5, zorder=2))
        ax.text(x, 0.08, letter, ha="center", va="center", fontsize=18, color=BLUE, zorder=3)
        ax.text(x, -0.42, name, ha="center", va="center", fontsize=10, color=BLUE, zorder=3)
    bend(ax, (0.62, 0.42), (4.38, 0.42), -0.28, GREEN)  # brewing wears it out
    bend(ax, (4.38, -0.42), (0.62, -0.42), -0.28, RED)  # repairing
    bend(ax, (-0.66, 0.36), (-0.66, -0.36), 1.9, GREEN)  # brewing leaves it fine
    bend(ax, (5.66, 0.36), (5.66, -0.36), -1.9, ORANGE)  # brewing when worn
    for x, y, text, colour in (
        (2.5, 1.45, "brew: +12, chance 0.5", GREEN),
        (2.5, -1.45, "repair: −2", RED),
        (-2.35, 0.0, "brew: +12,\nchance 0.5", GREEN),
        (7.2, 0.0, "brew: +3", ORANGE),
    ):
        ax.text(x, y, text, ha="center", va="center", color=colour)
    ax.set(xlim=(-3.5, 8.2), ylim=(-1.9, 1.9))
    return figure


def value_iteration() -> Figure:
    figure, ax = axes(6.8, 3.8, x="sweep of value iteration", y="value")
    path = [(0.0, 0.0)]
    for _ in range(24):
        fine, worn = path[-1]
        path.append((12 + 0.4 * fine + 0.4 * worn, max(3 + 0.8 * worn, -2 + 0.8 * fine)))
    values = np.array(path)
    for column, best, colour, name in ((0, 40, BLUE, "fine"), (1, 30, ORANGE, "worn")):
        ax.axhline(best, color=colour, linestyle="--", linewidth=1)
        ax.plot(values[:, column], "o-", color=colour, markersize=4)
        ax.text(24.3, best + 1.2, f"{name}: {best}", color=colour, ha="right")
    for sweep, column, text, place in (
        (1, 1, "sweep 1: brew (3)\nbeats repair (−2)", (2.2, 0.5)),
        (2, 1, "sweep 2: repair (7.6)\nbeats brew (5.4)", (4.4, 8.2)),
    ):
        ax.annotate(text, (sweep, values[sweep, column]), xytext=place, color=GREY, fontsize=9,
                    arrowprops={"arrowstyle": "->", "color": GREY})  # fmt: skip
    ax.set(xlim=(-0.5, 24.5), ylim=(-1.5, 45))
    return figure


def step(row: int, column: int, move: np.ndarray) -> tuple[tuple[int, int], float]:
    """Where a move leads in the 5x5 grid, and what it pays."""
    if (row, column) in JUMPS:
        return JUMPS[row, column]
    there = row + int(move[0]), column + int(move[1])
    return (there, 0.0) if 0 <= there[0] < 5 and 0 <= there[1] < 5 else ((row, column), -1.0)


def backups(values: np.ndarray) -> np.ndarray:
    """r + 0.9 v(s') of every move in every cell. (5, 5) -> (5, 5, 4)"""
    q = np.empty((5, 5, 4))
    for row, column, k in np.ndindex(q.shape):
        there, reward = step(row, column, MOVES[k])
        q[row, column, k] = reward + 0.9 * values[there]
    return q


def random_values() -> np.ndarray:
    """The 25 Bellman equations of random moves, solved at once. (5, 5)"""
    matrix, right = np.eye(25), np.zeros(25)
    for row, column, k in np.ndindex(5, 5, 4):
        there, reward = step(row, column, MOVES[k])
        matrix[5 * row + column, 5 * there[0] + there[1]] -= 0.9 / 4
        right[5 * row + column] += reward / 4
    return np.linalg.solve(matrix, right).reshape(5, 5)


def best_values() -> np.ndarray:
    values = np.zeros((5, 5))
    for _ in range(400):
        values = backups(values).max(axis=-1)
    return values


def gridworld() -> Figure:
    figure = Figure(figsize=(8.4, 4.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    marks = {(0, 1): "A", (0, 3): "B", (4, 1): "A′", (2, 3): "B′"}
    for ax, values, title in (
        (left, random_values(), "moving at random"),
        (right, best_values(), "moving as well as can be"),
    ):
        ax.set_aspect("equal")
        ax.axis("off")
        ax.text(2.5, 5.3, title, ha="center", va="center")
        best = backups(values)
        for row, column in np.ndindex(5, 5):
            mark = marks.get((row, column), "")
            colour = PALE_ORANGE if mark else "white"
            ax.add_patch(Rectangle((column, 4 - row), 1, 1, facecolor=colour, edgecolor=GREY, linewidth=1))
            x, y = column + 0.5, 4.5 - row
            ax.text(column + 0.07, 4.93 - row, mark, va="top", fontsize=10, color=RED)
            if ax is left:
                ax.text(x, y - 0.08, f"{values[row, column]:.1f}".replace("-", "−"), ha="center", va="center")
                continue
            ax.text(x, y + 0.16, f"{values[row, column]:.1f}", ha="center", va="center")
            if (row, column) in JUMPS:
                ax.text(x, y - 0.24, "any", ha="center", va="center", fontsize=9, color=BLUE)
                continue
            good = MOVES[best[row, column] > best[row, column].max() - 1e-9]
            for move in good:
                dx, dy = 0.2 * move[1], -0.2 * move[0]
                middle = (x, y - 0.24)
                ax.annotate("", (middle[0] + dx, middle[1] + dy), middle,
                            arrowprops={"arrowstyle": "->", "color": BLUE, "shrinkA": 0, "shrinkB": 0})  # fmt: skip
        ax.set(xlim=(-0.05, 5.05), ylim=(-0.05, 5.6))
    return figure


def cliff() -> Figure:
    figure, ax = blank(8.4, 3.2)
    for row, column in np.ndindex(4, 12):
        over = row == 3 and 0 < column < 11
        colour = PALE_RED if over else "white"
        ax.add_patch(Rectangle((column, 3 - row), 1, 1, facecolor=colour, edgecolor=GREY, linewidth=0.8))
    ax.text(6, 0.45, "the cliff: −100, and back to the start", ha="center", va="center", color=RED,
            bbox={"facecolor": PALE_RED, "edgecolor": "none", "pad": 1.5})  # fmt: skip
    ax.text(0.5, 0.3, "S", ha="center", va="center", fontsize=15)
    ax.text(11.5, 0.3, "G", ha="center", va="center", fontsize=15)
    edge = np.array([(0.62, 0.6), (0.62, 1.4), (11.38, 1.4), (11.38, 0.6)])
    higher = np.array([(0.38, 0.6), (0.38, 2.5), (11.62, 2.5), (11.62, 0.6)])
    for path, colour, text, y in (
        (edge, ORANGE, "Q-learning: along the edge, 13 moves", 1.72),
        (higher, BLUE, "SARSA: a row higher, 15 moves", 2.8),
    ):
        ax.plot(path[:, 0], path[:, 1], color=colour, linewidth=2.5)
        ax.annotate(
            "", path[3] - (0, 0.12), path[3] + (0, 0.2), arrowprops={"arrowstyle": "-|>", "color": colour}
        )
        plate = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        ax.text(6, y, text, ha="center", va="center", color=colour, bbox=plate)
    ax.set(xlim=(-0.1, 12.1), ylim=(-0.1, 4.1))
    return figure


def dqn() -> Figure:
    figure, ax = blank(8.4, 3.8)
    boxes = {
        "environment": (0.0, 4.0, "environment\n(pole on a cart)", GREY),
        "agent": (0.0, 0.9, "agent\nepsilon-greedy", BLUE),
        "memory": (4.6, 4.0, "replay memory\n(s, a, r, s′), …", GREEN),
        "network": (4.6, 0.9, "network\nQ(s, a; w)", BLUE),
        "target": (9.2, 0.9, "target network\nQ(s, a; w⁻)", ORANGE),
        "loss": (9.2, 4.0, "loss\n(y − Q(s, a; w))²", RED),
    }
    for x, y, text, colour in boxes.values():
        frame = FancyBboxPatch((x - 1.35, y - 0.55), 2.7, 1.1, boxstyle="round,pad=0.05",
                               facecolor="white", edgecolor=colour, linewidth=2)  # fmt: skip
        ax.add_patch(frame)
        ax.text(x, y, text, ha="center", va="center", color=colour, fontsize=10)
    for start, end, text, place in (
        ((-0.5, 1.5), (-0.5, 3.4), "action", (-0.65, 2.45, "right")),
        ((0.5, 3.4), (0.5, 1.5), "state, reward", (0.65, 2.75, "left")),
        ((1.4, 4.0), (3.2, 4.0), "store", (2.3, 4.2, "center")),
        ((3.2, 0.9), (1.4, 0.9), "values", (2.3, 1.1, "center")),
        ((4.6, 3.4), (4.6, 1.5), "random\nmini-batch", (4.75, 2.45, "left")),
        ((6.0, 0.9), (7.8, 0.9), "copy now\nand then", (6.9, 0.2, "center")),
        ((9.2, 1.5), (9.2, 3.4), "target y", (9.35, 2.45, "left")),
        ((7.8, 3.6), (6.0, 1.35), "gradient\nstep on w", (7.05, 2.35, "left")),
    ):
        ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.4})
        x, y, side = place
        ax.text(x, y, text, ha=side, va="center", color=GREY, fontsize=9)
    ax.set(xlim=(-1.6, 11.2), ylim=(-0.1, 4.7))
    return figure


DRAWINGS = {
    "coffee_machine": coffee_machine,
    "value_iteration": value_iteration,
    "gridworld": gridworld,
    "cliff": cliff,
    "dqn": dqn,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_10" / "images"):
        print(written.name)
