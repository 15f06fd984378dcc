"""Draw the diagrams of lecture 12 (stock prediction): `python scripts/diagrams/lecture_12.py`.

The prices are those that ship with the labs. Nothing is trained here: the only forecast that is drawn is
"tomorrow = today", and the two curves are the formulas of the lecture.
"""

from __future__ import annotations

from math import comb

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, axes, draw_all

from labs.prices import get_closes

START, END = "2018-01-02", "2022-12-28"
TRAINING, TEST = 863, 251  # closes that the lab trains on with its defaults, and those that it tests on
CLOSES = (100, 102, 101, 104, 103, 105)
DAYS, LOOKBACK = len(CLOSES), 3
PALE_BLUE, PALE_ORANGE = "#cfe3f1", "#fbe6bd"


def closes_of(ticker: str) -> np.ndarray:
    """Closes of 2018 to 2022, (1257,), in dollars."""
    return get_closes(ticker, START, END).closes[:, 0]


def box(ax: Axes, x: float, y: float, width: float, text: str, fill: str, edge: str) -> None:
    ax.add_patch(Rectangle((x, y), width, 0.8, facecolor=fill, edgecolor=edge, linewidth=1.5))
    ax.text(x + width / 2, y + 0.4, text, ha="center", va="center")


def windows() -> Figure:
    figure = Figure(figsize=(7.4, 4.0), layout="constrained")
    ax = figure.subplots()
    for row in range(DAYS - LOOKBACK):
        y = 4.6 - row
        for i in range(LOOKBACK):
            box(ax, row + i, y, 1, str(CLOSES[row + i]), PALE_BLUE, BLUE)
        box(ax, row + LOOKBACK, y, 1, str(CLOSES[row + LOOKBACK]), PALE_ORANGE, ORANGE)
    for day in range(DAYS):
        ax.text(day + 0.5, 5.65, f"day {day + 1}", ha="center", color=GREY, fontsize=10)
    ax.text(6.5, 5.0, "window: features", color=BLUE, va="center")
    ax.text(6.5, 4.4, "next close: label", color=ORANGE, va="center", weight="bold")
    left = 0.0
    for width, text, fill, edge in (
        (5.6, "training", PALE_BLUE, BLUE),
        (1.4, "validation", "#cdeade", GREEN),
        (2.0, "test", "#f6d5c2", RED),
    ):
        box(ax, left, 0.7, width, text, fill, edge)
        left += width
    ax.annotate("", (9.1, 0.35), (-0.1, 0.35), arrowprops={"arrowstyle": "-|>", "color": GREY})
    ax.text(4.5, -0.05, "time", ha="center", va="center", color=GREY)
    ax.set(xlim=(-0.2, 9.3), ylim=(-0.3, 6.1))
    ax.axis("off")
    return figure


def leaking_scaler() -> Figure:
    figure = Figure(figsize=(7.6, 3.5), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    price = closes_of("XOM")
    day = np.arange(len(price))
    first_test = len(price) - TEST
    for ax, known, title in (
        (panels[0], price[:TRAINING], "scaler fitted on training days"),
        (panels[1], price, "scaler fitted on all days: a leak"),
    ):
        scaled = (price - known.min()) / np.ptp(known)
        ax.axhspan(0, 1, color=PALE_BLUE, linewidth=0)
        for part, colour, name in (
            (slice(0, TRAINING), BLUE, "training"),
            (slice(TRAINING, first_test), GREEN, "validation"),
            (slice(first_test, None), RED, "test"),
        ):
            ax.plot(day[part], scaled[part], color=colour, linewidth=1, label=name)
        ax.set(title=title, xlabel="trading day, 2018 to 2022", ylim=(-0.1, 2.3))
    panels[0].set_ylabel("scaled price of Exxon")
    panels[0].legend(loc="upper left")
    return figure


def boldness() -> Figure:
    figure, ax = axes(x="boldness s: spread of predicted over spread of real returns", y="skill")
    s = np.linspace(0, 1, 201)
    ax.axhline(0, color=GREY, linewidth=1)
    for rho, colour in ((0.3, GREEN), (0.05, ORANGE), (0.0, BLUE)):
        skill = 1 - np.sqrt(1 + s**2 - 2 * rho * s)
        ax.plot(s, skill, color=colour)
        ax.text(1.02, skill[-1], f"ρ = {rho:g}", color=colour, va="center")
    peak = 1 - np.sqrt(1 - 0.3**2)
    ax.plot(0.3, peak, "o", color=GREEN, markersize=7)
    ax.annotate("best at s = ρ", (0.3, peak), xytext=(0.3, 0.075), color=GREEN, ha="center")
    ax.text(0.03, -0.31, "below 0: worse than\ntomorrow = today", color=GREY, va="center")
    ax.set(xlim=(0, 1.14), ylim=(-0.45, 0.13), xticks=[0, 0.2, 0.4, 0.6, 0.8, 1.0])
    return figure


def one_day_late() -> Figure:
    figure = Figure(figsize=(7.6, 3.5), layout="constrained")
    panels = figure.subplots(1, 2)
    price = closes_of("AAPL")
    for ax, days, title, marker in (
        (panels[0], TEST, "the last 251 days", ""),
        (panels[1], 20, "the last 20 days", "o"),
    ):
        day = np.arange(1 - days, 1)
        late = price[-days - 1 : -1]
        for line, colour, dashes, name in (
            (price[-days:], BLUE, "-", "truth"),
            (late, ORANGE, "--", "tomorrow = today"),
        ):
            ax.plot(day, line, dashes, color=colour, marker=marker, markersize=4, linewidth=1.6, label=name)
        ax.set(title=title, xlabel="trading day (0 is 28 Dec 2022)")
    panels[0].set_ylabel("Apple's close (dollars)")
    panels[1].legend(loc="lower left")
    panels[1].set_xticks([-20, -15, -10, -5, 0])
    return figure


def coins() -> Figure:
    figure, ax = axes(x="heads in 250 throws", y="chance")
    heads = np.arange(100, 151)
    chance = np.array([comb(250, int(k)) / 2**250 for k in heads])
    tails = (heads <= 109) | (heads >= 141)
    ax.bar(heads[~tails], chance[~tails], color=PALE_BLUE, edgecolor=BLUE, linewidth=0.6)
    ax.bar(heads[tails], chance[tails], color=RED, edgecolor=RED, linewidth=0.6)
    ax.axvline(130, ymax=0.86, color=ORANGE)
    ax.text(130.7, 0.0485, "130 heads: 52%", color=ORANGE, weight="bold")
    ax.text(142, 0.013, "5% of coins\nlie in the\ntwo red tails", color=RED, va="center", fontsize=10)
    ax.set(xlim=(99, 151.5), ylim=(0, 0.056))
    return figure


DRAWINGS = {
    "windows": windows,
    "leaking_scaler": leaking_scaler,
    "boldness": boldness,
    "one_day_late": one_day_late,
    "coins": coins,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_12" / "images"):
        print(written.name)
