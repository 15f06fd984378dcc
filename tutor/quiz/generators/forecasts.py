"""Lecture 12: windows, log returns, scalers, naive forecasts, skill, direction and costs; and drawdown (lecture 9)."""

from __future__ import annotations

import math

import numpy as np

from labs.cores.lstm_stock import log_returns, rmse, scaler
from labs.cores.trading import drawdown, p_value
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import choices, fixed, one_of, pick, plain, signed, sound, table, total


def _closes(rng: np.random.Generator, count: int) -> list[int]:
    """Closing prices in whole dollars that wander up and down."""
    steps = rng.choice([-4, -3, -2, -1, 1, 2, 3, 4, 5], size=count - 1)
    start = int(rng.integers(40, 150))
    return [start, *(start + np.cumsum(steps)).tolist()]


@generator("trade_drawdown", 9, "What makes a backtest lie?", "maximum drawdown")
@sound
def maximum_drawdown(rng: np.random.Generator) -> Made:
    """The largest of 1 - wealth / highest so far, by labs.cores.trading.drawdown."""
    wealth = [100, *(int(v) for v in rng.choice(np.arange(70, 181, 5), size=5, replace=False))]
    fall = drawdown(np.array(wealth) / 100)
    at = int(fall.argmax())
    peak = max(wealth[: at + 1])
    if fall[at] < 0.1 or wealth.index(max(wealth)) > at or at == 5 or peak == 100:
        return maximum_drawdown(rng)
    low = min(wealth)
    return Made(
        prompt=f"The wealth of a strategy over six months was {', '.join(map(str, wealth))} pounds. What is its "
        f"maximum "
        "drawdown, the worst fall from a peak before it? Answer with a share, not with per cent.",
        answer=float(fall[at]),
        hints=(
            "Look for the deepest fall from a highest point so far, not from the start.",
            "Divide the loss by the wealth at the peak.",
            f"The peak is {peak}, and what follows it goes down to {wealth[at]}.",
        ),
        solution=f"From {peak} to {wealth[at]}: $({peak} - {wealth[at]}) / {peak} = {fall[at]:.2f}$.",
        mistakes=(
            ((peak - wealth[at]) / wealth[at], "Divide by the peak, not by the low."),
            (
                (100 - low) / 100,
                "That is measured from the start; a drawdown is measured from the peak before it.",
            ),
            (float(peak - wealth[at]), "That is the loss in pounds; divide it by the peak."),
            ((peak - wealth[5]) / peak, "The fall counts down to its lowest point, not to the last month."),
        ),
    )


@generator(
    "trade_p_value", 9, "How do we know that a strategy is better than chance?", "p-value against chance"
)
@sound
def chance(rng: np.random.Generator) -> Made:
    """(1 + j) / (1 + m), by labs.cores.trading.p_value (Davison & Hinkley 1997, equation 4.11)."""
    m, j = int(one_of(rng, (49, 99, 100, 199, 200, 499))), int(rng.integers(1, 40))
    p = p_value(1.0, np.repeat([2.0, 0.0], [j, m - j]))
    return Made(
        prompt=f"A strategy is compared with {m} random strategies on the same days; {j} of them did at least as "
        f"well. What "
        "is the p-value?",
        answer=p,
        decimals=3,
        hints=(
            "The p-value estimates how often pure chance would do at least this well.",
            "It is a share, with our own strategy counted as one of the draws: above and below.",
            f"Below stands $1 + {m} = {m + 1}$.",
        ),
        solution=f"$(1 + {j}) / (1 + {m}) = {j + 1} / {m + 1} = {p:.3f}$",
        mistakes=(
            (j / m, "Our own strategy counts as one of the draws: add 1 above and below."),
            (1 - p, "That is the share that did worse."),
            ((j + 1) / m, "Add the 1 below, too."),
        ),
    )


@generator("stock_log_return", 12, "Why learn returns instead of prices?", "log return")
@sound
def log_return(rng: np.random.Generator) -> Made:
    """ln of last over first price: the core's daily log returns add up (labs.cores.lstm_stock.log_returns)."""
    prices = _closes(rng, 3)
    if abs(prices[2] - prices[0]) < 2:
        return log_return(rng)
    value = float(log_returns(np.array(prices, dtype=float)).sum())
    daily = [math.log(prices[1] / prices[0]), math.log(prices[2] / prices[1])]
    return Made(
        prompt=f"A share closes at {prices[0]}, {prices[1]} and {prices[2]} dollars on three days. What is its log "
        f"return "
        "from the first to the third day?",
        answer=value,
        decimals=4,
        hints=(
            "A log return is the natural logarithm of a ratio of two prices.",
            "Log returns of several days add up, so the day between drops out.",
            f"The ratio is ${prices[2]} / {prices[0]} = {plain(prices[2] / prices[0], 5)}$. Your calculator's key is "
            f"ln.",
        ),
        solution=f"$\\ln({prices[2]} / {prices[0]}) = {fixed(value, 4)}$, the sum of the two daily ones, "
        f"${plain(daily[0], 5)} {signed(daily[1], 5)}$.",
        mistakes=(
            (prices[2] / prices[0] - 1, "That is the plain return; take the logarithm of the ratio."),
            (-value, "The ratio is upside down: the later price goes on top."),
            (math.log10(prices[2] / prices[0]), "That is the logarithm to base 10; use the key ln."),
            (daily[1], "That is the last day alone."),
            (daily[0], "That is the first of the two steps alone."),
        ),
    )


@generator("stock_windows", 12, "How does a series become training examples?", "counting windows")
@sound
def windows(rng: np.random.Generator) -> Made:
    """T - L windows of T values; returns are one fewer than closes (plain arithmetic, after the lecture)."""
    days, back = int(rng.integers(40, 400)), int(rng.choice([5, 10, 20, 30]))
    returns = bool(rng.random() < 0.5)
    count = days - back - returns
    what = "the daily *returns* of" if returns else "the closing prices of"
    first = f"The {days} closes make {days - 1} returns." if returns else f"There are {days} values."
    return Made(
        prompt=f"A network learns from {what} {days} trading days, with the lookback $L = {back}$: each example has "
        f"{back} "
        "values as features, and the next one as its label. How many examples are there?",
        answer=float(count),
        decimals=0,
        tolerance=0.0,
        hints=(
            "Try it with six values and $L = 3$: how many windows have a next value?",
            "$T$ values make $T - L$ windows with a label. And mind that a return needs two prices.",
            first,
        ),
        solution=f"{first} So there are ${days - returns} - {back} = {count}$ examples.",
        mistakes=(
            (float(count + 1), "The last window has no next value, or a return too many was counted."),
            (float(count - 1), "That is one too few: count with six values and $L = 3$, which makes 3."),
            (float((days - returns) // back), "The windows overlap: each starts one day after the other."),
            (float(days), "The first days have no full window before them."),
        ),
    )


@generator("stock_scaler", 12, "What does a leaking scaler tell the network?", "scaling without a leak")
@sound
def scaling(rng: np.random.Generator) -> Made:
    """(p - min) / (max - min) of the training closes, by labs.cores.lstm_stock.scaler."""
    low, high = int(pick(rng, 40, 90, 5)), int(pick(rng, 100, 140, 5))
    top = high + int(pick(rng, 10, 50, 5))
    price = high + int(rng.integers(3, top - high))
    shift, size = scaler(np.array([low, high], dtype=float), "price")
    value, leak = (price - shift) / size, (price - low) / (top - low)
    return Made(
        prompt=f"In the training days a share's closes run from {low} to {high} dollars; in the test days they rise "
        f"to {top}."
        f" Prices are scaled by $(p - \\min)/(\\max - \\min)$, and nothing may leak from the future. What becomes of "
        f"a test "
        f"day's close of {price}?",
        answer=value,
        hints=(
            "Of which days may the smallest and largest price be taken?",
            "Fit the scaler on the training days only. A test price may then lie outside 0 to 1.",
            f"$\\min = {low}$ and $\\max = {high}$, so divide by ${high} - {low} = {high - low}$.",
        ),
        solution=f"$({price} - {low}) / ({high} - {low}) = {price - low} / {high - low} = {value:.2f}$, above 1: the "
        f"price "
        "was never so high in training.",
        mistakes=(
            (leak, "That takes the largest price of the test days: the future has leaked."),
            (
                1.0,
                "It need not be cut off at 1: a test price may lie outside the range of the training days.",
            ),
            ((price - high) / (high - low), "Take off the smallest training price, not the largest."),
            (price / high, "Take off the smallest training price first, above and below."),
        ),
    )


@generator("stock_naive", 12, "What must every forecast beat?", "naive forecast's RMSE")
@sound
def naive(rng: np.random.Generator) -> Made:
    """The RMSE of "tomorrow = today", by labs.cores.lstm_stock.rmse."""
    p = np.array(_closes(rng, 5), dtype=float)
    key = rmse(p[:-1], p[1:])
    moves = np.diff(p)
    if len(set(np.abs(moves).tolist())) < 2 or abs(moves.sum()) == np.abs(moves).sum():
        return naive(rng)
    misses = [float(-m) for m in moves]
    return Made(
        prompt="What is the RMSE (root mean squared error) of the naive forecast “tomorrow = today” on days 2 to "
        "5?\n\n" + table(("day", 1, 2, 3, 4, 5), ("close", *map(plain, p))),
        answer=key,
        hints=(
            "The forecast for each day is the close of the day before.",
            "Errors of four days; square them, take the mean, then the root.",
            f"On day 2 the forecast is {plain(p[0])} and the truth {plain(p[1])}: the error is ${plain(misses[0])}$.",
        ),
        solution=f"Errors ${', '.join(map(plain, misses))}$, squares ${total(m * m for m in misses)} = "
        f"{plain(sum(m * m for m in misses))}$; $\\sqrt{{{plain(sum(m * m for m in misses))} / 4}} = {key:.2f}$.",
        mistakes=(
            (key**2, "That is the mean squared error; its root is still to come."),
            (float(np.abs(moves).mean()), "That is the mean absolute error: the errors were not squared."),
            (float(np.sqrt((moves**2).sum() / 5)), "There are four forecasts: day 1 has no day before."),
            (float(np.sqrt((moves**2).sum())), "The mean is missing: divide by the four days."),
        ),
    )


@generator("stock_skill", 12, "What must every forecast beat?", "skill of a forecast")
@sound
def skill(rng: np.random.Generator) -> Made:
    """1 - RMSE / RMSE of the naive forecast; plain arithmetic, after the lecture."""
    lazy = one_of(rng, (1.6, 2.0, 2.5, 4.0, 5.0))
    model = round(lazy * one_of(rng, (0.85, 0.9, 0.95, 1.05, 1.1, 1.2, 1.3)), 2)
    value = 1 - model / lazy
    word = "better" if value > 0 else "worse"
    size, less = plain(abs(value)), "smaller" if value > 0 else "larger"
    return Made(
        prompt=f"A network forecasts a share's price with an RMSE of {plain(model)} dollars; “tomorrow = today” has "
        f"{plain(lazy)} dollars on the same days. What is the network's skill?",
        options=choices(
            (
                f"${plain(value)}$: {word} than “tomorrow = today”",
                f"Its error is {less} than the naive one by a share of {size}.",
            ),
            (
                f"${plain(-value)}$: {'worse' if value > 0 else 'better'} than “tomorrow = today”",
                "The sign is turned: a larger error than the naive one means a negative skill.",
            ),
            (f"${plain(model / lazy)}$, since skill is the ratio of the errors", "Take that ratio from 1."),
            (
                f"${plain(lazy - model)}$, since skill is the difference of the errors",
                "Skill is a share of the naive error, without a unit.",
            ),
        ),
        hints=(
            "Skill compares a forecast with the simplest one.",
            r"Skill $= 1 - \text{RMSE} / \text{RMSE}_{\text{naive}}$; 0 is no gain, negative is worse than nothing.",
            f"The ratio of the errors is ${plain(model)} / {plain(lazy)} = {plain(model / lazy)}$.",
        ),
        solution=f"$1 - {plain(model)} / {plain(lazy)} = 1 - {plain(model / lazy)} = {plain(value)}$.",
    )


@generator("stock_direction", 12, "What do 52% right directions prove?", "direction against a coin")
@sound
def direction(rng: np.random.Generator) -> Made:
    """(share - 0.5) / √(0.25 / n), standard errors above a coin; plain arithmetic, after the lecture."""
    n = int(one_of(rng, (100, 225, 400, 625, 900, 2500)))
    right = round(n * one_of(rng, (0.48, 0.51, 0.52, 0.53, 0.54, 0.56)))
    share, error = right / n, math.sqrt(0.25 / n)
    z = (share - 0.5) / error
    told = "no more than chance may well do" if abs(z) < 2 else "more than chance does at the usual 5% level"
    return Made(
        prompt=f"A forecast calls up or down right on {right} of {n} days. How many standard errors does its share "
        f"of right "
        "days lie above that of a coin, 0.5 (negative if below)?",
        answer=z,
        tolerance=0.02,
        hints=(
            "How much may a coin's share differ from one half just by chance?",
            r"The standard error of a coin's share is $\sqrt{0.5 \times 0.5 / n}$.",
            f"$\\sqrt{{0.25 / {n}}} = {plain(error)}$, and the share is ${right} / {n} = {plain(share)}$.",
        ),
        solution=f"$({plain(share)} - 0.5) / {plain(error)} = {fixed(z)}$: {told}.",
        mistakes=(
            ((share - 0.5) / (0.25 / n), "The root is missing: the standard error is $\\sqrt{0.25/n}$."),
            (share - 0.5, "That is how far the share lies above one half; divide by the standard error."),
            (share / error, "Take off the coin's 0.5 first."),
            ((share - 0.5) / 0.5, "Divide by the standard error of the share, which shrinks with $n$."),
        ),
    )


@generator("stock_costs", 12, "What do transaction costs leave?", "profit after costs")
@sound
def costs(rng: np.random.Generator) -> Made:
    """(2 a - 1) m - c a day; plain arithmetic, after the lecture."""
    a, m = one_of(rng, (0.51, 0.52, 0.53, 0.54, 0.55)), one_of(rng, (1.0, 1.5, 2.0))
    c = one_of(rng, (0.05, 0.1, 0.15, 0.2))
    gross = (2 * a - 1) * m
    net = gross - c
    if abs(net) < 0.005 or abs(a * m - c - net) < 0.01:
        return costs(rng)

    def said(value: float) -> str:
        return f"it {'earns' if value > 0 else 'loses'} about {plain(abs(value), 3)}% a day"

    return Made(
        prompt=f"A forecast calls the direction right on a share $a = {a}$ of the days. The mean size of a daily move "
        f"is "
        f"{plain(m)}%, and being right does not depend on it. Acting on it costs {c}% every day. What remains?",
        options=choices(
            (
                said(net),
                f"Before costs $(2 \\times {a} - 1) \\times {plain(m)}\\% = {plain(gross, 3)}\\%$, less "
                f"{c}%.",
            ),
            (said(gross), "That is before costs."),
            (said(a * m - c), "On the other days it loses as much: the factor is $2a - 1$, not $a$."),
            (said(gross + c), "Costs are taken off, not added."),
            (said(-net), "The sign is turned: compare what is earned before costs with the cost."),
        ),
        hints=(
            "Right days earn, wrong days lose; costs come every day.",
            "Before costs it earns $(2a - 1)$ times the mean size of a move.",
            f"$2 \\times {a} - 1 = {plain(2 * a - 1)}$. Times {plain(m)}%, less {c}%.",
        ),
        solution=f"${plain(2 * a - 1)} \\times {plain(m)}\\% - {c}\\% = {plain(net, 3)}\\%$ a day: {said(net)}.",
    )
