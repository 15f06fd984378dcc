"""Every worked number of lecture 10, worked out again and looked for in the text."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

GAMMA = 0.8
BREW_FINE, BREW_WORN, REPAIR = 12, 3, -2  # rewards of the coffee machine
MACHINE = {  # (state, action) -> reward, chances of (fine, worn)
    ("F", "brew"): (BREW_FINE, (0.5, 0.5)),
    ("W", "brew"): (BREW_WORN, (0.0, 1.0)),
    ("W", "repair"): (REPAIR, (1.0, 0.0)),
}


def ahead(state: str, action: str, values: np.ndarray) -> float:
    """r + gamma times the mean value of what follows; `values` holds v(F), v(W)."""
    reward, chances = MACHINE[state, action]
    return float(reward + GAMMA * np.dot(chances, values))


def evaluate(repair: float) -> np.ndarray:
    """v(F), v(W) of the policy that repairs a worn machine with this chance, by linear algebra."""
    moves = np.array([[0.5, 0.5], [repair, 1 - repair]])
    rewards = np.array([BREW_FINE, repair * REPAIR + (1 - repair) * BREW_WORN])
    return np.linalg.solve(np.eye(2) - GAMMA * moves, rewards)


def sweeps(count: int) -> list[np.ndarray]:
    """v after 0, 1, ... `count` sweeps of value iteration."""
    path = [np.zeros(2)]
    for _ in range(count):
        v = path[-1]
        path.append(np.array([ahead("F", "brew", v), max(ahead("W", "brew", v), ahead("W", "repair", v))]))
    return path


def test_the_table_of_the_lecture_holds_the_machine_of_these_tests(says):
    says(10, f"| F | brew | {BREW_FINE} | F or W, each with chance 0.5 |")
    says(10, f"| W | brew | {BREW_WORN} | W |", f"| W | repair | {REPAIR} | F |", f"$\\gamma={GAMMA}$")


def test_the_return_is_right_both_ways(says):
    rewards = [BREW_FINE, BREW_WORN, REPAIR]
    total = sum(GAMMA**k * reward for k, reward in enumerate(rewards))
    later = BREW_WORN + GAMMA * REPAIR
    assert total == pytest.approx(BREW_FINE + GAMMA * later)
    says(10, f"$12, 3, -2$ are worth $12+0.8\\times3+{GAMMA**2:.2f}\\times(-2)={total:.2f}$")
    says(10, f"$3+0.8\\times(-2)={later:.1f}$, and $12+0.8\\times{later:.1f}={total:.2f}$")
    forever = [1 / (1 - gamma) for gamma in (0.8, 0.9, 0.99)]
    says(
        10,
        f"${forever[0]:.0f}$ for $\\gamma=0.8$, ${forever[1]:.0f}$ for $0.9$, ${forever[2]:.0f}$ for $0.99$",
    )


def test_the_two_policies_are_evaluated_right(says):
    brew, repair = evaluate(0), evaluate(1)
    np.testing.assert_allclose(brew, [30, 15])
    np.testing.assert_allclose(repair, [40, 30])
    says(10, f"so $0.2\\,v(W)=3$ and $v(W)={brew[1]:.0f}$")
    constant = BREW_FINE + GAMMA * 0.5 * brew[1]
    says(10, f"0.5\\times15)={constant:.0f}+{GAMMA * 0.5:.1f}\\,v(F)$, so $v(F)=18/0.6={brew[0]:.0f}$")
    says(10, "$$v(F)=12+0.4\\,v(F)+0.4\\,v(W)\\qquad v(W)=-2+0.8\\,v(F)$$")
    says(10, f"$v(F)=12+0.4\\,v(F)-{-0.4 * REPAIR:.1f}+{0.4 * 0.8:.2f}\\,v(F)$")
    right = BREW_FINE + 0.4 * REPAIR
    assert right / (1 - 0.4 - 0.32) == pytest.approx(repair[0])
    says(10, f"${1 - 0.4 - 0.32:.2f}\\,v(F)={right:.1f}$, which gives $v(F)={repair[0]:.0f}$")
    says(10, f"$v(W)=-2+{GAMMA * repair[0]:.0f}={repair[1]:.0f}$")
    says(
        10, f"earns {BREW_WORN - REPAIR} more *today*", f"from {repair[1]:.0f} to {brew[1]:.0f}. A reward is"
    )
    assert brew[1] == pytest.approx(repair[1] / 2)


def test_the_cost_of_one_more_digit_is_right(says):
    says(10, f"at most 22 sweeps, as $0.9^{{22}}={0.9**22:.3f}$")
    assert 0.9**21 > 0.1 > 0.9**22


def test_policy_iteration_by_hand_is_right(says):
    first, second = evaluate(0), evaluate(1)
    brew, repair = ahead("W", "brew", first), ahead("W", "repair", first)
    assert repair > brew
    says(10, f"brew $3+0.8\\times15={brew:.0f}$, or repair $-2+0.8\\times30={repair:.0f}$. Repair wins")
    says(10, f"Evaluate the new policy: ${second[0]:.0f}$ and ${second[1]:.0f}$")
    brew, repair = ahead("W", "brew", second), ahead("W", "repair", second)
    assert repair > brew
    says(10, f"brew $3+0.8\\times30={brew:.0f}$, repair $-2+0.8\\times40={repair:.0f}$. Nothing changes")


def test_value_iteration_by_hand_is_right(says):
    path, best = sweeps(200), evaluate(1)
    np.testing.assert_allclose(path[-1], best)
    errors = [float(np.abs(v - best).max()) for v in path]
    assert all(after <= GAMMA * before + 1e-12 for before, after in pairwise(errors))
    says(10, f"| 0 | 0 | 0 | {errors[0]:.0f} |")
    says(10, f"| 1 | ${path[1][0]:.0f}$ | brew $3$, repair $-2$: ${path[1][1]:.0f}$ | {errors[1]:.0f} |")
    brew, repair = ahead("W", "brew", path[1]), ahead("W", "repair", path[1])
    shown = f"brew ${brew:.1f}$, repair ${repair:.1f}$: ${path[2][1]:.1f}$ | {errors[2]:.1f} |"
    says(10, f"| 2 | $12+0.4\\times12+0.4\\times3={path[2][0]:.0f}$ | {shown}")
    says(10, f"$3+0.8\\times3={brew:.1f}$, repairing $-2+0.8\\times12={repair:.1f}$")
    for v in path[1:]:  # from sweep 2 on, repairing is the better choice
        assert ahead("W", "repair", v) > ahead("W", "brew", v)
    assert ahead("W", "repair", path[0]) < ahead("W", "brew", path[0])
    needed = next(k for k, error in enumerate(errors) if error < 0.5)
    says(10, "right from sweep 2 on", f"need {needed} sweeps to come within $0.5$ of $40$ and $30$")


def test_the_published_grid_values_are_those_of_the_text_and_of_the_lab(says):
    from labs.registry import get_lab

    lab = get_lab("mdp")
    moving = lab.execute({"method": "policy_evaluation"}).series["values"]
    best = lab.execute({}).series["values"]
    small = lab.execute({"world": "gridworld_4x4", "method": "policy_evaluation", "gamma": 1}).series[
        "values"
    ]
    # Sutton & Barto, 2nd ed., Examples 3.5, 3.8 and 4.1: the top rows as printed there
    np.testing.assert_allclose(moving[0], [3.3, 8.8, 4.4, 5.3, 1.5], atol=0.051)
    np.testing.assert_allclose(best[0], [22.0, 24.4, 22.0, 19.4, 17.5], atol=0.051)
    np.testing.assert_allclose(small[0], [0, -14, -20, -22], atol=0.05)
    says(10, f"A is worth ${moving[0, 1]:.1f}$, *less*", f"A is worth ${best[0, 1]:.1f}$. Check")
    says(10, f"on the left, for random moves, {moving[0, 1]:.1f} at A, {moving[0, 3]:.1f} at B")
    says(10, f"for the best policy, {best[0, 1]:.1f} at A")
    assert (moving[4] < 0).all()
    loop = 10 / (1 - 0.9**5)
    assert best[0, 1] == pytest.approx(loop, abs=1e-6)
    says(10, f"$v=10/(1-{0.9**5:.5f})={loop:.2f}$", f"$0.9\\times24.42={best[0, 0]:.2f}$")
    says(10, f"beside an end worth ${small[0, 1]:.0f}$ and the far corners ${small[0, 3]:.0f}$: 22 moves")


def test_one_step_of_q_learning_and_sarsa_is_right(says):
    old, brew, repair, alpha = 10, 5, 10, 0.1
    target = BREW_FINE + GAMMA * max(brew, repair)
    says(
        10, f"$Q(F,\\text{{brew}})={old}$, $Q(W,\\text{{brew}})={brew}$ and $Q(W,\\text{{repair}})={repair}$"
    )
    says(10, f"$12+0.8\\times\\max(5,10)={target:.0f}$")
    says(10, f"$10+{alpha}\\times({target:.0f}-10)={old + alpha * (target - old):.0f}$")
    target = BREW_FINE + GAMMA * brew
    says(
        10,
        f"$12+0.8\\times5={target:.0f}$, the new value $10+0.1\\times(16-10)={old + alpha * (target - old):.1f}$",
    )


def test_the_cliff_table_is_what_the_lab_finds(says):
    from labs.registry import get_lab

    for method, name, where in (
        ("q_learning", "Q-learning", "along the edge"),
        ("sarsa", "SARSA", "a row higher"),
    ):
        result = get_lab("mdp").execute({"world": "cliff", "gamma": 1, "method": method})
        row = set(result.series["path"][2:-2] // 12)  # which row of the grid the path runs along
        assert row == {2 if method == "q_learning" else 1}
        moves, earned = len(result.series["path"]) - 1, result.metrics["return_last_100"]
        says(10, f"| {name} | {moves} moves, {where} | {earned:.1f} |")


def test_other_seeds_tell_the_same_story_of_the_cliff():
    from labs.registry import get_lab

    lab = get_lab("mdp")
    for seed in (1, 2, 3):
        learner, careful = (
            lab.execute({"world": "cliff", "gamma": 1, "method": method, "seed": seed}).metrics
            for method in ("q_learning", "sarsa")
        )
        assert learner["return_greedy"] > careful["return_greedy"]
        assert learner["return_last_100"] < careful["return_last_100"]


def test_exploring_matters_as_the_lecture_says(says):
    from labs.registry import get_lab

    lab = get_lab("mdp")
    short, long = (
        lab.execute({"world": "frozen_lake", "gamma": 1, "method": "q_learning", "episodes": n}).metrics
        for n in (500, 5000)
    )
    truth = lab.execute({"world": "frozen_lake", "gamma": 1}).metrics["start_value"]
    assert truth == pytest.approx(14 / 17, abs=1e-6)  # 0.823529, FrozenLake-v1 solved exactly
    says(10, f"puts the start at ${short['start_value']:.2f}$; the truth is ${truth:.2f}$")
    says(10, f"After 5000 it says ${long['start_value']:.2f}$")
    bold = lab.execute({"world": "cliff", "gamma": 1, "method": "q_learning", "epsilon": 0}).metrics
    says(10, "Even $\\varepsilon=0$ finds a path of 13 moves")
    assert bold["return_last_100"] == -13


def test_the_number_of_screens_is_right(says):
    digits = math.floor(84 * 84 * math.log10(256)) + 1
    says(10, f"$256^{{{84 * 84}}}$", f"${digits // 1000}{{,}}{digits % 1000}$ digits")


def test_the_largest_of_two_coin_tosses_averages_a_half(says):
    tosses = [(a, b) for a in (1, -1) for b in (1, -1)]
    assert sum(max(pair) == 1 for pair in tosses) == 3
    says(10, f"$0.75-0.25={sum(max(pair) for pair in tosses) / 4}$")


def test_the_double_dqn_example_is_right(says):
    learning, target = np.array([5, 6]), np.array([7, 4])
    says(10, "learning network says $(5, 6)$, the target network $(7, 4)$", "$r=1$, $\\gamma=0.9$")
    says(10, f"$y=1+0.9\\times7={1 + 0.9 * target.max():.1f}$")
    says(10, f"$y=1+0.9\\times4={1 + 0.9 * target[learning.argmax()]:.1f}$", "the second action")
    assert learning.argmax() == 1


def test_the_facts_about_the_dqn_lab_are_those_of_its_code(says):
    from labs.cores.dqn import push, q_network
    from labs.dqn import SOLVED, DqnParams

    count = sum(weights.numel() for weights in q_network().parameters())
    says(10, f"$5\\times64+65\\times64+65\\times2={count}$")
    decay = DqnParams().epsilon_decay
    says(10, f"multiplied by ${decay}$", f"${decay**50:.2f}$ after 50, ${decay**100:.2f}$ after 100")
    says(10, f"$n={DqnParams().n_step}$ real rewards", f"a mean over {SOLVED} in 50 episodes")
    assert push((0, 0, math.radians(12.1), 0), True)[1]
    assert not push((0, 0, math.radians(11.9), 0), True)[1]


@pytest.mark.slow
def test_the_dqn_lab_learns_as_fast_as_the_lecture_says(says):
    from labs.registry import get_lab

    says(10, "after about 100 episodes; with $n=1$, as in 2015, 250 were not enough")
    many, one = (get_lab("dqn").execute({"n_step": n}).metrics for n in (20, 1))
    assert 75 <= many["episodes_to_solve"] <= 150
    assert math.isnan(one["episodes_to_solve"])


def test_the_lab_messages_have_the_outcomes_that_the_lecture_hints_at(says):
    from labs.registry import get_lab

    lab = get_lab("mdp")
    for gamma in (0.5, 0.9, 0.99):  # the corner is one step from A
        value = lab.execute({"gamma": gamma}).metrics["start_value"]
        assert value == pytest.approx(gamma * 10 / (1 - gamma**5), abs=1e-4)
    rounds = lab.execute({"method": "policy_iteration"}).metrics
    says(10, "the lab needs three policies")
    assert rounds["iterations"] == 3
    lake = [lab.execute({"world": "frozen_lake", "gamma": gamma}).metrics for gamma in (0.9, 0.99, 1)]
    says(10, "the value changes much more than the walk")
    assert lake[2]["start_value"] > 10 * lake[0]["start_value"]
    assert lake[2]["return_greedy"] < 1.02 * lake[0]["return_greedy"]
    rows = [
        {int(s) // 12 for s in lab.execute(
            {"world": "cliff", "gamma": 1, "method": "sarsa", "epsilon": epsilon}
        ).series["path"][3:-3]}
        for epsilon in (0.1, 0.5)
    ]  # fmt: skip
    says(10, "how far from the edge now?")
    assert rows == [{1}, {0}]


def test_the_exercises_of_lecture_10_have_right_answers(says):
    says(
        10,
        f"$1+0.5\\times0+0.25\\times4={1 + 0.5 * 0 + 0.25 * 4:.0f}$",
        "$1, 0, 4$ and then nothing; $\\gamma=0.5$",
    )
    coin = evaluate(0.5)
    says(10, f"$v(F)={coin[0]:.0f}$, $v(W)={coin[1]:.1f}$")
    two, three = sweeps(3)[2:]
    says(10, f"$v(F)=12+0.4\\times18+0.4\\times7.6={three[0]:.2f}$")
    says(
        10,
        f"$3+0.8\\times7.6={ahead('W', 'brew', two):.2f}$",
        f"$-2+0.8\\times18={ahead('W', 'repair', two):.1f}$",
    )
    says(10, f"so $v(W)={three[1]:.1f}$", f"$-12+0.8\\times30={-12 + 0.8 * 30:.0f}$, less than 15")
    says(10, "the values $3$ and $7$, $\\alpha=0.5$, $\\gamma=1$", "$Q(s,a)=2$, $r=-1$")
    says(10, f"$2+0.5\\times(-1+7-2)={2 + 0.5 * (-1 + 7 - 2):.0f}$")
    says(10, f"$2+0.5\\times(-1+3-2)={2 + 0.5 * (-1 + 3 - 2):.0f}$")
