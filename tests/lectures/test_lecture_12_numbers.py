"""Every worked number of lecture 12, worked out again and looked for in the text.

What the `lstm_stock` lab found is read from the lab, with room for other processors: a trained network's last
digits are not the same everywhere.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import pytest

from labs import prices
from labs.base import LabResult

CLOSES = np.array([100.0, 102.0, 101.0, 104.0, 103.0, 105.0])
TRUTH, TODAY = CLOSES[1:], CLOSES[:-1]
MODEL = np.array([99.0, 103.0, 102.0, 105.0, 104.0])
FROM_2018 = "2018-01-02"
TRAINING, TEST = 863, 251  # closes of the lab's default run, counted in one of the tests below


def rmse(error: np.ndarray) -> float:
    return math.sqrt(float(np.mean(error**2)))


def bold(s: float, rho: float) -> float:
    return 1 - math.sqrt(1 + s**2 - 2 * rho * s)


def minus(value: float, digits: int) -> str:
    """As in the tables of the lecture: a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


@lru_cache(maxsize=4)
def closes_of(ticker: str) -> np.ndarray:
    return prices.get_closes(ticker, FROM_2018).closes[:, 0]


@lru_cache(maxsize=4)
def lab_run(**values: object) -> LabResult:
    from labs.registry import get_lab

    return get_lab("lstm_stock").execute(dict(values))


def said(text: str, sentence: str) -> tuple[float, ...]:
    """The numbers that stand at the gaps `{}` of a sentence of the lecture."""
    pattern = r"(-?\d+(?:\.\d+)?)".join(re.escape(part) for part in sentence.split("{}"))
    found = re.findall(pattern, text)
    assert len(found) == 1, sentence
    return tuple(map(float, found[0] if isinstance(found[0], tuple) else (found[0],)))


# ------------------------------------------------------------------------------- worked by hand


def test_the_closes_and_their_log_returns_are_right(says):
    says(12, "| close $p_t$ | " + " | ".join(f"{p:g}" for p in CLOSES) + " |")
    log_returns = np.log(TRUTH / TODAY)
    says(12, "| day $t$ | 1 | 2 | 3 | 4 | 5 | 6 |", "$$\\ell_t=\\ln\\frac{p_t}{p_{t-1}}$$")
    says(12, "| day | 2 | 3 | 4 | 5 | 6 |", "| $p_t/p_{t-1}$ | ")
    says(12, " | ".join(f"{b:g}/{a:g}" for a, b in zip(TODAY, TRUTH, strict=True)))
    says(12, "| $\\ell_t$ | " + " | ".join(minus(value, 5) for value in log_returns) + " |")
    assert log_returns.round(5).sum() == pytest.approx(math.log(105 / 100), abs=5e-6)
    says(12, f"the five make ${math.log(105 / 100):.5f}$, which is $\\ln(105/100)$")
    up, down = math.log(1.02), math.log(0.98)
    says(12, "Up 2%, then down 2%: ", "$\\hat p_{t+1}=p_t\\,e^{\\hat\\ell}$")
    says(12, f"$\\ln1.02+\\ln0.98={up:.5f}-{-down:.5f}={up + down:.5f}$")
    says(
        12,
        f"From $105$ with $\\hat\\ell=0.002$: $105\\times{math.exp(0.002):.6f}={105 * math.exp(0.002):.2f}$",
    )


def test_the_windows_are_cut_and_counted_right(says):
    from labs.cores.lstm_stock import split

    for i in range(3):
        says(12, f"| {', '.join(f'{p:g}' for p in CLOSES[i : i + 3])} | {CLOSES[i + 3]:g} |")
    says(12, f"$T-L$ windows, here $6-3={len(CLOSES) - 3}$")
    days = len(closes_of("AAPL"))
    windows = days - 1 - 50
    says(12, f"are {days:,} closes, so {days - 1:,} returns; with $L=50$ they make {windows:,} windows")
    says(12, f"share {50 - 1} of 50 values: far from {windows:,} independent")
    first_validation, first_test = split(days, 50, 0.2, "return")
    assert (first_validation, days - first_test) == (TRAINING, TEST)
    train = first_validation - 51
    says(
        12,
        f"first {train} of Apple's windows, watches the next {first_test - first_validation} (validation) and "
        f"tests on the last {days - first_test}.",
        f"It learns from {train} windows",
    )
    assert TRAINING / days == pytest.approx(2 / 3, abs=0.03)


def test_shuffled_days_make_the_improvement_that_the_lecture_says(says):
    says(12, f"$0.8^2={0.8**2:.2f}$", f"\\sigma/\\sqrt2={1 / math.sqrt(2):.3f}\\sigma$")
    says(12, "Draw 20% of the days at random for the test")
    says(12, f"an improvement of {1 - 1 / math.sqrt(2):.0%} made of nothing")
    walk = np.cumsum(np.random.default_rng(0).normal(size=200_000))
    assert rmse((walk[:-2] + walk[2:]) / 2 - walk[1:-1]) == pytest.approx(1 / math.sqrt(2), rel=0.01)


def test_the_scaled_closes_of_the_leak_are_right(says):
    says(
        12,
        "$(p-80)/20$",
        "$(p-80)/40$",
        "training closes run from 80 to 100, and the test later rises to 120",
    )
    for start, close in (
        ("80", 80),
        ("100, top of the training days", 100),
        ("120, top of the test days", 120),
    ):
        says(12, f"| {start} | {(close - 80) / 20:g} | {(close - 80) / 40:g} |")


def test_the_errors_of_the_two_forecasts_are_right(says):
    naive, model = TODAY - TRUTH, MODEL - TRUTH
    says(
        12,
        "**Skill** $=1-\\text{RMSE}/\\text{RMSE}_{\\text{naive}}=",
        "A skill of 1 is perfect, 0 is no gain",
    )
    for day, row in enumerate(zip(TRUTH, TODAY, naive, MODEL, model, strict=True), start=2):
        says(12, f"| {day} | " + " | ".join(minus(value, 0) for value in row) + " |")
    for name, error in (("Persistence: ", naive), ("The model: ", model)):
        squares = "+".join(f"{e**2:g}" for e in error)
        says(12, f"{name}$\\sqrt{{({squares})/5}}=\\sqrt{{{np.mean(error**2):.1f}}}={rmse(error):.3f}$")
    sizes = [float(np.abs(error).sum()) for error in (naive, model)]
    says(12, f"${sizes[0]:g}/5={sizes[0] / 5:g}$ against ${sizes[1]:g}/5={sizes[1] / 5:g}$")
    skill = 1 - rmse(model) / rmse(naive)
    says(12, f"=1-{rmse(model):.3f}/{rmse(naive):.3f}={skill:.3f}$", f"here by {-skill:.1%}")


def test_on_a_random_walk_a_move_adds_its_own_square(says):
    error = math.sqrt(1 + 2**2)
    says(
        12,
        "$$p_{t+1}=p_t+\\varepsilon_{t+1}$$",
        "With $\\sigma=2$, a forecast that predicts a move of 1 dollar",
    )
    says(12, "$$\\mathbb{E}[(m-\\varepsilon)^2]=\\mathbb{E}[m^2]-2\\,\\mathbb{E}[m\\,\\varepsilon]")
    says(12, "+\\mathbb{E}[\\varepsilon^2]=\\mathbb{E}[m^2]+\\sigma^2$$")
    says(12, f"has $\\sqrt{{1+4}}={error:.3f}$: skill ${1 - error / 2:.3f}$")
    rng = np.random.default_rng(1)
    surprise = rng.normal(0, 2, 400_000)
    assert rmse(surprise) == pytest.approx(2, rel=0.01)
    assert rmse(rng.choice([-1, 1], surprise.size) - surprise) == pytest.approx(error, rel=0.01)


def test_the_cost_of_boldness_is_right(says):
    says(12, "$$\\text{skill}=1-\\sqrt{1+s^2-2\\rho s}$$", "the skill is $1-\\sqrt{1-\\rho^2}$")
    says(12, "| no knowledge, $\\rho=0$ | a little, $\\rho=0.05$ |")
    for s in (0.05, 0.5, 1):
        says(12, f"| {s:g} | {minus(bold(s, 0), 3)} | {minus(bold(s, 0.05), 3)} |")
    says(12, f"just ${bold(0.05, 0.05):.5f}$ for $\\rho=0.05$")
    assert bold(0.05, 0.05) == pytest.approx(1 - math.sqrt(1 - 0.05**2))
    grid = np.linspace(0, 1, 1001)
    skills = [bold(float(s), 0.3) for s in grid]
    assert grid[int(np.argmax(skills))] == pytest.approx(0.3)
    says(12, f"for 0 and 0.05 the curves fall to about minus {-(bold(1, 0) + bold(1, 0.05)) / 2:.1f};")
    says(12, "for 0.3 it peaks just above 0 at boldness 0.3 and is negative beyond 0.6")
    assert (bold(0.599, 0.3) > 0, bold(0.601, 0.3) > 0) == (True, False)
    rng = np.random.default_rng(2)  # the formula, against forecasts with this spread and correlation
    real, other = rng.normal(size=(2, 400_000))
    forecast = 0.5 * (0.3 * real + math.sqrt(1 - 0.3**2) * other)
    assert 1 - rmse(forecast - real) / rmse(real) == pytest.approx(bold(0.5, 0.3), abs=0.005)


def test_52_percent_of_250_days_is_as_little_as_the_lecture_says(says):
    from scipy.stats import binomtest

    error = math.sqrt(0.5 * 0.5 / 250)
    says(12, "A coin gets 50% on average", "$$\\sqrt{\\frac{0.5\\times0.5}{250}}=", "How long must 52% last")
    says(12, "each number of heads in 250 throws", "and 130, or 52 per cent, lies well inside")
    says(12, f"=\\sqrt{{0.001}}={error:.4f}$$", f"Say 52% of 250 days, that is {0.52 * 250:.0f}.")
    says(12, f"$0.02/{error:.4f}={0.02 / error:.2f}$ standard errors")
    says(12, f"Of fair coins, {binomtest(130, 250).pvalue:.0%} end at least this far")
    needed = next(k for k in range(125, 251) if binomtest(k, 250).pvalue < 0.05)
    says(12, f"takes {needed} of 250, that is {needed / 250:.1%}")
    says(12, f"the tails, up to {250 - needed} and from {needed}, are coloured")
    days = (2 * 0.5 / 0.02) ** 2
    says(12, f"$n=(2\\times0.5/0.02)^2={days:.0f}$ days, about ten years")
    assert days / 252 == pytest.approx(10, abs=0.2)


def test_what_is_left_of_a_gradient_and_the_parameters_are_right(says):
    import torch

    says(12, "Over a window of 50 days a factor of $0.9$ leaves", "a gate of $0.99$ leaves")
    says(12, "With $H=16$ units and 1 input")
    says(12, f"$0.9^{{50}}={0.9**50:.4f}$", f"$0.99^{{50}}={0.99**50:.3f}$")
    lstm, line = torch.nn.LSTM(1, 16, batch_first=True), torch.nn.Linear(16, 1)
    counts = [sum(w.numel() for w in part.parameters()) for part in (lstm, line)]
    assert counts[0] == 4 * 16 * (1 + 16 + 2)
    says(12, f"$4\\times16\\times(1+16+2)={counts[0]}$", f"${counts[0]}+{counts[1]}={sum(counts)}$")


def test_early_stopping_ends_where_the_lecture_says(says):
    losses, best, waited, epoch = (1.00, 0.97, 0.99, 1.03, 1.06), 0, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if best == 0 or loss < losses[best - 1]:
            best, waited = epoch, 0
        else:
            waited += 1
            if waited == 2:
                break
    says(
        12, "With patience 2 and the validation losses $" + ", ".join(f"{loss:.2f}" for loss in losses) + "$"
    )
    says(12, f"training ends after epoch {epoch} with the weights of epoch {best}")


def test_survivors_costs_and_tries_are_counted_right(says):
    says(12, "Ten companies: eight rise by 10%, two go bankrupt (−100%).")
    mean = (8 * 10 - 2 * 100) / 10
    says(12, f"$(8\\times10-2\\times100)/10={mean:g}\\%$", "Of those still there it is $+10\\%$")
    says(12, "about $(2a-1)\\,m$ a day", "With $a=0.52$", "$c=0.1\\%$ turns", "$$a=\\frac12+\\frac{c}{2m}=")
    gain = (2 * 0.52 - 1) * 1.5
    says(12, f"$0.04\\times1.5\\%={gain:.2f}\\%$", f"turns that into ${gain - 0.1:.2f}\\%$ a day")
    says(12, f"=0.5+\\frac{{0.1}}{{3}}={0.5 + 0.1 / (2 * 1.5):.3f}$$")
    says(
        12,
        f"Try 20 tickers with 5 lookbacks: {20 * 5} tests at the 5% level.",
        f"If nothing can be foreseen, {0.05 * 100:.0f} are expected",
    )
    says(12, f"$1-0.95^{{100}}={1 - 0.95**100:.3f}$", f"$0.05/100={0.05 / 100:.4f}$")


def test_the_best_of_twenty_coins_is_as_good_as_the_lecture_says(says):
    chance = np.array([math.comb(250, k) for k in range(251)], dtype=float) / 2.0**250
    best = np.diff(np.concatenate([[0.0], np.cumsum(chance) ** 20]))  # chance that the best shows k heads
    expected = float(best @ np.arange(251)) / 250
    says(12, f"Throw 20 coins 250 times each: the best of them is expected to show {expected:.1%} heads")
    normal = NormalDist(0.5, math.sqrt(0.25 / 250))
    draws = np.random.default_rng(0).random((20_000, 20)).max(axis=1)
    assert np.mean([normal.inv_cdf(float(u)) for u in draws]) == pytest.approx(expected, abs=0.002)


def test_a_sine_wave_follows_from_two_values(says):
    factor = 2 * math.cos(math.radians(360 / 12))
    says(
        12,
        "$y_{t+1}=2\\cos(\\omega)\\,y_t-y_{t-1}$",
        "With 12 steps to the round",
        "after $0$ and $0.5$ comes",
    )
    says(12, f"$2\\cos30^\\circ={factor:.3f}$", f"$1.732\\times0.5-0={factor * 0.5:.3f}$")
    assert factor * 0.5 == pytest.approx(math.sin(math.radians(60)))


def test_the_published_comparison_gives_the_skill_that_is_printed(says):
    says(12, "(an LSTM, 100 epochs) has an RMSE of 0.0526 in scaled units, against 0.0491 for")
    says(12, f"$1-0.0526/0.0491={1 - 0.0526 / 0.0491:.2f}$")


def test_the_exercises_of_lecture_12_have_right_answers(says):
    closes = np.array([50.0, 52.0, 51.0, 53.0])
    error = closes[:-1] - closes[1:]
    says(
        12,
        "The closes are " + ", ".join(f"{p:g}" for p in closes),
        "$" + ", ".join(f"{e:g}" for e in error) + "$",
    )
    says(12, f"$\\sqrt{{{(error**2).sum():g}/3}}={rmse(error):.3f}$", f"$5/3={np.abs(error).mean():.3f}$")
    says(
        12, "A model has an RMSE of 1.8 on", "goes from 80 to 84 and back to 80", "right on 540 of 1000 days"
    )
    says(12, "has the boldness $s=0.4$ and the correlation $\\rho=0.1$")
    skill = 1 - 1.8 / rmse(error)
    says(12, f"$1-1.8/{rmse(error):.3f}={skill:.3f}$: {-skill:.1%} worse")
    says(12, f"$\\ln1.05={math.log(84 / 80):.5f}$ and ${math.log(80 / 84):.5f}$")
    error_of_share = math.sqrt(0.25 / 1000)
    says(12, f"$\\sqrt{{0.25/1000}}={error_of_share:.4f}$, so $0.04/0.0158={0.04 / 0.0158:.2f}$")
    assert 0.04 / error_of_share == pytest.approx(0.04 / 0.0158, abs=0.005)
    says(12, f"$1-\\sqrt{{1+0.16-0.08}}=1-\\sqrt{{1.08}}={bold(0.4, 0.1):.3f}$")


# ------------------------------------------------------------------------------- the shipped prices


def test_what_the_lecture_says_of_apples_closes_is_so(says):
    closes = closes_of("AAPL")
    truth, today = closes[-TEST:], closes[-TEST - 1 : -1]
    says(
        12,
        f"test on the last fifth: {np.mean(truth > closes[:TRAINING].max()):.0%} of the test prices are higher",
    )
    r2 = 1 - np.sum((today - truth) ** 2) / np.sum((truth - truth.mean()) ** 2)
    says(
        12,
        f"a correlation of ${np.corrcoef(today, truth)[0, 1]:.2f}$ with the truth and an $R^2$ of ${r2:.2f}$",
    )
    says(12, f"For Apple's last {TEST} closes")
    moved = truth != today
    says(12, f"right on {np.mean(np.diff(closes) > 0):.1%} of the days of 2018 to 2022")
    says(12, f"and on {np.mean((truth > today)[moved]):.1%} of the test days on which the price moved")
    says(
        12,
        f"$m={np.abs(closes[1:] / closes[:-1] - 1).mean():.1%}".replace("%", "\\%")
        + "$ (Apple's mean in 2018",
    )
    says(12, f'"tomorrow = today" by {rmse(truth - today):.2f}. Its skill')


def test_exxons_scaled_closes_lie_where_the_picture_shows_them(says):
    closes = closes_of("XOM")
    training = closes[:TRAINING]
    assert (closes[-TEST:].max() - training.min()) / np.ptp(training) > 2
    assert (training.max() - closes.min()) / np.ptp(closes) == pytest.approx(0.5, abs=0.05)
    says(12, "they lie between 0 and 1 there and climb past 2 in the test", "fills only the lower half")
    says(12, f'"Tomorrow = today" misses Exxon by {rmse(np.diff(closes)[-TEST:]):.2f}.')


def test_what_the_lecture_says_of_all_twenty_companies_is_so(says):
    _, closes = prices.shipped()
    says(12, f"For the lab's {closes.shape[1]} companies")
    moves = np.diff(np.log(closes), axis=0)
    following = [float(np.corrcoef(r[1:], r[:-1])[0, 1]) for r in moves.T]
    sizes = [float(np.corrcoef(np.abs(r[1:]), np.abs(r[:-1]))[0, 1]) for r in moves.T]
    says(12, f"is ${np.mean(following):.2f}$ on average", f"of the two moves it is ${np.mean(sizes):.2f}$")
    growth = closes[-1] / closes[0]
    best = int(np.argmax(growth))
    assert list(prices.COMPANIES)[best] == "UNH"
    assert (prices.FIRST_DAY.isoformat(), prices.LAST_DAY.isoformat()) == ("1990-01-02", "2022-12-28")
    says(
        12,
        "on 2 January 1990, dividends reinvested",
        "by 28 December 2022",
        f"The {len(growth)} companies shipped",
    )
    tens = [round(float(money), -1) for money in (growth.sum(), growth[best])]  # early prices are rounded too
    says(12, f"became about {tens[0]:,.0f} dollars", f"{tens[1]:,.0f} of them from UnitedHealth alone")
    assert not {"ENE", "LEH"} & set(prices.COMPANIES)


# ------------------------------------------------------------------------------- code and lab


def test_the_code_of_the_lecture_runs_and_forecasts_a_season(lecture_text):
    import torch

    (code,) = re.findall(r"```python\n(.+?)```", lecture_text(12), re.S)
    days = torch.arange(500)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        names = {"returns": torch.sin(2 * torch.pi * days / 12), "L": 6, "first_val": 320, "first_test": 400}
        exec(code, names)
    x, y, b = names["x"], names["y"], names["b"]
    assert x.shape == (494, 6)
    assert (len(y[b:]), names["a"]) == (100, 314)
    with torch.no_grad():
        miss = float(((names["model"](x[b:]) - y[b:]) ** 2).mean())
    assert miss < 0.02 * float(((x[b:, -1] - y[b:]) ** 2).mean())  # far better than "tomorrow = today"


def test_the_default_run_of_the_lab_ends_about_as_the_lecture_says(lecture_text):
    m, text = lab_run().metrics, lecture_text(12)
    miss, naive = said(text, 'It misses by {} dollars (RMSE), "tomorrow = today" by {}. Its skill')
    skill, low, high = said(text, "Its skill is $-{}$, with a 95% interval from $-{}$ to $-{}$")
    assert naive == pytest.approx(m["rmse_naive"], abs=0.005)
    assert miss == pytest.approx(m["rmse"], rel=0.1)
    assert -skill == pytest.approx(1 - miss / naive, abs=0.005)
    assert -skill == pytest.approx(m["skill"], abs=0.1)
    assert m["skill_low"] < m["skill"] < m["skill_high"] < 0.02
    assert [-low, -high] == pytest.approx([m["skill_low"], m["skill_high"]], abs=0.1)
    (right,) = said(text, "It calls {}% of 250 days right, as a coin does")
    assert right / 100 == pytest.approx(m["direction_accuracy"], abs=0.05)
    assert right * 2.5 == pytest.approx(round(right * 2.5))  # a share of 250 days
    assert m["p_value_coin"] > 0.05
    assert m["lag"] == 1
    assert "- Its `lag` is 1." in text
    spread, rho = said(text, "The spread $s$ is ${}$ and the correlation $\\rho$ is ${}$")
    assert spread == pytest.approx(m["spread"], abs=0.2)
    assert rho == pytest.approx(m["correlation"], abs=0.1)
    (formula,) = said(text, "in the formula for bold guessing they give ${}$")
    assert formula == round(bold(spread, rho), 2)
    assert m["skill"] == pytest.approx(
        bold(m["spread"], m["correlation"]), abs=0.02
    )  # so the formula explains it
    (overrun,) = said(text, "60 epochs (the default) ${}$ and")
    assert overrun == -skill


def test_a_short_training_of_the_lab_loses_as_little_as_the_lecture_says(lecture_text):
    (short,) = said(lecture_text(12), "5 epochs gave a skill of ${}$")
    assert short == pytest.approx(lab_run(epochs=5).metrics["skill"], abs=0.02)


@pytest.mark.slow
def test_a_long_training_of_the_lab_loses_as_much_as_the_lecture_says(lecture_text):
    (long,) = said(lecture_text(12), "and 200 epochs ${}$")
    assert long == pytest.approx(lab_run(epochs=200).metrics["skill"], abs=0.25)
    assert lab_run(epochs=200).metrics["skill"] < lab_run(epochs=5).metrics["skill"]


@pytest.mark.slow
def test_no_seed_of_the_lab_beats_tomorrow_is_today(lecture_text):
    text = lecture_text(12)
    worst, best = said(text, "Over the seeds 0 to 4 the skill lay between ${}$ and ${}$")
    worst_early, best_early = said(text, "best validation epoch between ${}$ and ${}$: never above zero")
    m = lab_run(seed=(0, 1, 2, 3, 4)).metrics
    late, early = ([m[f"{name}[seed={seed}]"] for seed in range(5)] for name in ("skill", "skill_best_epoch"))
    assert max(late) < 0.01
    assert max(early) < 0.01
    assert [worst, best] == pytest.approx([min(late), max(late)], abs=0.06)
    assert [worst_early, best_early] == pytest.approx([min(early), max(early)], abs=0.06)
    right, behind = said(text, "Seed 4 called {}% of the days right and was still {}% worse")
    assert right / 100 == pytest.approx(m["direction_accuracy[seed=4]"], abs=0.05)
    assert right * 2.5 == pytest.approx(round(right * 2.5))  # a share of 250 days
    assert -behind / 100 == pytest.approx(m["skill[seed=4]"], abs=0.08)


@pytest.mark.slow
@pytest.mark.parametrize("ticker", ["XOM", "AAPL"])
def test_the_leak_makes_the_difference_that_the_lecture_says(lecture_text, ticker):
    text = lecture_text(12)
    m = lab_run(ticker=ticker, predict="price", leak=True).metrics
    if ticker == "XOM":
        honest, leaking, gain = said(
            text, "missed by {} dollars without the leak and {} with it: {}% less, by cheating"
        )
        (naive,) = said(text, '"Tomorrow = today" misses Exxon by {}.')
        assert gain / 100 == pytest.approx(1 - leaking / honest, abs=0.005)
        assert [honest, leaking] == pytest.approx([m["rmse_without_leak"], m["rmse_with_leak"]], rel=0.25)
        assert m["rmse_naive"] == pytest.approx(naive, abs=0.005)
        assert m["leak_gain"] > 0.2
    else:
        (gain,) = said(text, "For Apple it was {}% less, no more than seeds differ by chance")
        assert gain / 100 == pytest.approx(m["leak_gain"], abs=0.2)
    assert m["rmse_with_leak"] > m["rmse_naive"]  # the cheating does not even pay
