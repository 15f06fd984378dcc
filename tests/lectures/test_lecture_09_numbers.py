"""Every worked number of lecture 9, worked out again and looked for in the text."""

from __future__ import annotations

import numpy as np
import pytest

from labs.prices import get_closes

T = np.arange(1, 1001)


def test_the_incremental_mean_example_is_right(says):
    q, seen = 0.0, []
    for n, reward in enumerate([2, 4, 9], start=1):
        q += (reward - q) / n
        seen.append(q)
    assert seen[-1] == np.mean([2, 4, 9])
    says(9, f"are ${seen[0]:g}$, then $2 + \\frac{{1}}{{2}}(4 - 2) = {seen[1]:g}$")
    says(9, f"then $3 + \\frac{{1}}{{3}}(9 - 3) = {seen[2]:g}$")
    says(9, f"$15/3 = {15 / 3:g}$")


def test_the_ceiling_of_epsilon_greedy_is_right(says):
    says(9, f"$\\varepsilon = 0.1$ and $k = 10$ that is ${1 - 0.1 + 0.1 / 10:g}$")


def test_the_run_by_hand_has_the_right_choices_estimates_and_regret(says):
    true, names = np.array([1.0, 1.5, 2.0]), "ABC"
    q, n, regret, total = np.zeros(3), np.zeros(3), 0.0, 0.0
    script = [
        ("greedy (tie)", 0, 1),
        ("explore", 1, 2),
        ("greedy", 1, 0),
        ("greedy (tie)", 0, 3),
        ("explore", 2, 4),
        ("greedy", 2, 1),
    ]
    for step, (why, arm, reward) in enumerate(script, start=1):
        if why.startswith("greedy"):
            assert arm == q.argmax(), step
            assert ("tie" in why) == ((q == q.max()).sum() > 1), step
        old = q[arm]
        n[arm] += 1
        q[arm] += (reward - old) / n[arm]
        regret += true.max() - true[arm]
        total += reward
        sum_shown = f"${old:g} + ({reward} - {old:g})/{n[arm]:g} = {q[arm]:g}$"
        says(9, f"| {step} | {why} | {names[arm]} | {reward} | {sum_shown} |")
    says(9, f"estimates are ${q[0]:g}$, ${q[1]:g}$ and ${q[2]:g}$", f"total reward is ${total:g}$")
    says(9, f"each pull of A costs $2.0 - 1.0 = {true[2] - true[0]:g}$")
    says(9, f"each pull of B costs ${true[2] - true[1]:g}$")
    says(9, f"$2 \\times 1 + 2 \\times 0.5 = {regret:g}$", "true values $1.0$, $1.5$ and $2.0$")
    assert n.tolist() == [2, 2, 2]


def test_the_exploring_steps_of_each_schedule_are_right(says):
    for shown, epsilons in (
        ("0.1", np.full(1000, 0.1)),
        ("1/\\sqrt{t}", T**-0.5),
        ("\\min(1, 10/t)$, as in the lab", np.minimum(1, 10 / T)),
        ("1/t", 1 / T),
        ("1/t^2", 1.0 / T**2),
    ):
        dollar = "" if "$" in shown else "$"
        says(9, f"| $\\varepsilon_t = {shown}{dollar} | {epsilons.sum():.1f} |")
    assert (1.0 / np.arange(1, 2_000_000) ** 2.0).sum() < 1.65  # the limit is pi²/6 = 1.645
    assert (1 / T).sum() / 10 < 1
    says(9, "never passes $1.65$", "under one random try per arm")


def test_the_decaying_policy_of_the_lab_follows_the_schedule_that_the_lecture_names():
    from labs.bandit import play

    arms = 10  # for the first `arms` steps the lab explores always: every arm is equally likely
    optimal = play("decaying_epsilon", arms, steps=arms, runs=20_000).optimal
    assert optimal.mean() == pytest.approx(1 / arms, abs=0.005)


def test_optimism_falls_as_the_lecture_says(says):
    says(9, f"$5 + 0.1 \\times (1 - 5) = {5 + 0.1 * (1 - 5):g}$")


def test_the_ucb_example_is_right(says):
    bonus = 2 * np.sqrt(np.log(100) / np.array([80, 19]))
    score = np.array([1.2, 1.0]) + bonus
    says(9, f"$2\\sqrt{{{np.log(100):.3f}/80}} = {bonus[0]:.3f}$, score ${score[0]:.3f}$")
    says(9, f"bonus ${bonus[1]:.3f}$, score ${score[1]:.3f}$. UCB pulls B")
    says(
        9,
        "Example at $t = 100$ with $c = 2$. Arm A: estimate $1.2$, 80 pulls",
        "Arm B: estimate $1.0$, 19 pulls",
    )
    assert score.argmax() == 1
    assert 80 + 19 == 100 - 1  # the pulls before step 100


def test_the_gradient_bandit_example_is_right(says):
    pi, pulled = np.full(3, 1 / 3), np.array([0, 0, 1])
    h = 0.1 * (4 - 1) * (pulled - pi)
    says(9, "each $\\pi = 1/3$. Pull C, with reward $4$, baseline $1$ and $\\alpha = 0.1$")
    new = np.exp(h) / np.exp(h).sum()
    says(9, f"$0.1 \\times 3 \\times 2/3 = {h[2]:.1f}$", f"$0.1 \\times 3 \\times 1/3 = {-h[0]:.1f}$")
    says(9, f"from ${pi[2]:.3f}$ to ${new[2]:.3f}$")


def test_the_thompson_example_is_right(says):
    says(9, f"Beta(4, 2), mean $4/6 = {4 / 6:.3f}$", f"mean is $31/42 = {31 / 42:.3f}$")

    def spread(a: float, b: float) -> float:
        return float(np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1))))

    assert spread(31, 11) < spread(4, 2) / 2


def test_the_weights_of_a_constant_step_size_are_right(says):
    weights = 0.1 * 0.9 ** np.arange(11)
    says(9, f"newest counts ${weights[0]:g}$ and the one ten pulls earlier ${weights[10]:.3f}$")
    rewards = np.random.default_rng(0).normal(size=11)
    q = 0.0
    for reward in rewards:
        q += 0.1 * (reward - q)
    assert q == pytest.approx(weights @ rewards[::-1])


def test_the_bandit_lab_reproduces_the_table_of_the_lecture(says):
    from labs.registry import get_lab

    lab = get_lab("bandit")
    greedy = lab.execute({"epsilons": [0, 0.01, 0.1]}).metrics
    optimistic = lab.execute({"policies": ["optimistic"], "step_size": 0.1}).metrics
    for row, reward, share, metrics, key in (
        ("greedy, $\\varepsilon = 0$", 1.02, 36.5, greedy, "[epsilon_greedy, epsilon=0]"),
        ("$\\varepsilon = 0.01$", 1.32, 58.7, greedy, "[epsilon_greedy, epsilon=0.01]"),
        ("$\\varepsilon = 0.1$", 1.35, 79.0, greedy, "[epsilon_greedy, epsilon=0.1]"),
        ("optimistic, start 5, step size 0.1", 1.49, 85.3, optimistic, ""),
    ):
        says(9, f"| {row} | {reward:.2f} | {share}% |")
        assert metrics[f"reward_final{key}"] == pytest.approx(reward, abs=0.04)
        assert 100 * metrics[f"optimal_final{key}"] == pytest.approx(share, abs=4)  # five standard errors


def test_the_best_possible_reward_is_the_mean_of_the_largest_of_ten_normals(says):
    grid = np.linspace(-8, 8, 20_001)
    density = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
    below = np.cumsum(density) * (grid[1] - grid[0])
    best = (grid * 10 * density * below**9).sum() * (grid[1] - grid[0])  # a random pull is worth 0 on average
    says(9, f"falls ${best:.2f}$ short", f"$0.1 \\times {best:.2f} = {0.1 * best:.2f}$")
    says(9, f"do better than ${best:.2f}$")


def test_the_trading_arithmetic_is_right(says):
    says(9, f"From $100$ to $102$ is $+{100 * (102 / 100 - 1):.0f}\\%$")
    says(9, f"$1.02 \\times 0.98 = {1.02 * 0.98:.4f}$")
    days = (2 * 0.02 / 0.0005) ** 2
    says(9, f"about ${days:.0f}$ days, some {days / 252:.0f} years")
    says(9, f"$0.999^{{250}} = {0.999**250:.3f}$: {1 - 0.999**250:.0%} of the money")
    says(9, f"from 120 to 90 is {1 - 90 / 120:.0%}")


def test_the_p_values_are_right(says):
    says(
        9,
        f"$8/101 = {(1 + 7) / (1 + 100):.3f}$",
        f"$1/101 = {1 / 101:.4f}$",
        f"$1 - 0.95^{{20}} = {1 - 0.95**20:.2f}$",
    )


def test_the_results_on_real_prices_are_those_of_the_shipped_prices(says):
    prices = get_closes(["JNJ", "JPM", "KO", "WMT", "XOM"], "2018-01-02", "2022-12-28").closes
    returns = prices[1:] / prices[:-1] - 1
    rng, q, money = np.random.default_rng(42), np.zeros(5), 1.0
    for today in returns:
        arm = rng.integers(5) if rng.random() < 0.1 else q.argmax()
        money *= 1 + today[arm]
        q[arm] += 0.05 * (today[arm] - q[arm])
    hold = np.mean(prices[-1] / prices[0])
    dice, days = np.random.default_rng(0), np.arange(len(returns))
    chance = np.array([np.prod(1 + returns[days, dice.integers(5, size=len(days))]) for _ in range(500)])
    says(9, f"the p-value (next section) is about {(1 + np.sum(chance >= money)) / 501:.1f}")
    says(9, f"epsilon-greedy turns 1.00 into {money:.2f}", f"holding all five turns it into {hold:.2f}")
    says(9, f"turns 1.00 into {np.prod(1 + returns.max(axis=1)) / 1e6:.1f} million")


def test_the_exercises_of_lecture_9_have_right_answers(says):
    says(9, f"$3 + (8 - 3)/5 = {3 + (8 - 3) / 5:g}$", f"$1 - 0.2 + 0.2/5 = {1 - 0.2 + 0.2 / 5:g}$")
    says(9, "estimate $3$ after four pulls. The fifth reward is $8$", "With $k = 5$ and $\\varepsilon = 0.2$")
    says(9, "$1$, $2$ and $4$, and an agent pulled the arms 3, 2 and 5 times", "Two of 99 random strategies")
    regret = 3 * (4 - 1) + 2 * (4 - 2) + 5 * 0
    says(9, f"$3 \\times 3 + 2 \\times 2 + 5 \\times 0 = {regret}$", f"$(1 + 2)/(1 + 99) = {3 / 100:g}$")


def test_a_small_epsilon_overtakes_a_large_one_in_a_long_run(says):
    from labs.registry import get_lab

    says(9, "given many more steps, $0.01$ overtakes $0.1$")
    metrics = get_lab("bandit").execute({"epsilons": [0.01, 0.1], "steps": 5000, "runs": 500}).metrics
    assert (
        metrics["reward_final[epsilon_greedy, epsilon=0.01]"]
        > metrics["reward_final[epsilon_greedy, epsilon=0.1]"]
    )
