"""Small Markov decision processes against the book's tables, Gymnasium's lakes, closed forms and linear
algebra.
"""

from __future__ import annotations

import numpy as np
import pytest

from labs.base import Context
from labs.cores.mdp import (
    action_values,
    expected_return,
    greedy,
    policy_evaluation,
    policy_iteration,
    random_policy,
    td_control,
    value_iteration,
)
from labs.cores.mdp_worlds import World, make_world
from labs.errors import BadParameterError, LabCancelled
from labs.mdp import LAB, MdpParams, bold_play, run

WORLDS = ("gridworld_5x5", "gridworld_4x4", "cliff", "frozen_lake", "frozen_lake_8x8", "gambler")
METHODS = ("policy_evaluation", "policy_iteration", "value_iteration", "q_learning", "sarsa")


def _transitions(world: World) -> np.ndarray:
    """P(s' | s, a) as one array, (S, A, S)."""
    dense = np.zeros((*world.allowed.shape, world.states))
    for k, s, a in np.ndindex(*world.following.shape):
        dense[s, a, world.following[k, s, a]] += world.chance[k, s, a]
    return dense


@pytest.mark.parametrize("name", WORLDS)
def test_worlds_are_probabilities_and_their_ends_are_final(name: str) -> None:
    world = make_world(name)
    assert _transitions(world).sum(axis=2) == pytest.approx(np.ones(world.allowed.shape))
    ends = np.flatnonzero(world.terminal)
    assert (world.following[:, ends] == ends[None, :, None]).all()
    assert not world.payoff[:, ends].any()


@pytest.mark.parametrize(
    ("state", "action", "wanted"),
    [  # from the transition tables of FrozenLake-v1 in Gymnasium; our order is up, right, down, left
        (1, "left", {1: 1 / 3, 0: 1 / 3, 9: 1 / 3}),
        (1, "down", {0: 1 / 3, 9: 1 / 3, 2: 1 / 3}),
        (1, "right", {9: 1 / 3, 2: 1 / 3, 1: 1 / 3}),
        (1, "up", {2: 1 / 3, 1: 1 / 3, 0: 1 / 3}),
    ],
)
def test_frozen_lake_slips_as_gymnasiums_does(state: int, action: str, wanted: dict[int, float]) -> None:
    row = _transitions(make_world("frozen_lake_8x8"))[state, ("up", "right", "down", "left").index(action)]
    assert {int(s): float(row[s]) for s in np.flatnonzero(row)} == pytest.approx(wanted)


def test_every_published_value_is_reproduced() -> None:
    assert LAB.verify is not None
    checks = LAB.verify()
    assert [(check.name, check.found) for check in checks if not check.ok] == []
    assert len(checks) >= 10


def test_random_policy_of_the_5x5_grid_is_example_3_5() -> None:
    values = LAB.execute({"method": "policy_evaluation"}).series["values"].round(1)
    assert values[0].tolist() == [3.3, 8.8, 4.4, 5.3, 1.5]
    assert values[4].tolist() == [-1.9, -1.3, -1.2, -1.4, -2.0]


@pytest.mark.parametrize("method", ["value_iteration", "policy_iteration"])
def test_best_values_of_the_5x5_grid_are_example_3_8(method: str) -> None:
    result = LAB.execute({"method": method})
    assert result.series["values"][0].round(1).tolist() == [22.0, 24.4, 22.0, 19.4, 17.5]
    assert any("Example 3.8" in note for note in result.notes)


def test_values_of_a_policy_solve_the_linear_bellman_equations() -> None:
    world, gamma = make_world("frozen_lake"), 0.95
    policy = random_policy(world)
    p = (policy[:, :, None] * _transitions(world)).sum(axis=1)  # (S, S)
    exact = np.linalg.solve(np.eye(world.states) - gamma * p, (policy * world.reward).sum(axis=1))
    assert policy_evaluation(world, policy, gamma, 1e-12).values == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("name", WORLDS)
def test_policy_iteration_and_value_iteration_agree(name: str) -> None:
    world = make_world(name)
    one, other = value_iteration(world, 0.9, 1e-10), policy_iteration(world, 0.9, 1e-10)
    assert one.values == pytest.approx(other.values, abs=1e-7)
    assert one.converged
    assert other.converged


def test_policy_iteration_escapes_a_random_policy_that_hardly_ever_ends() -> None:
    found = policy_iteration(make_world("cliff"), 1.0, 1e-8)
    assert found.values[36] == pytest.approx(-13.0)  # 13 moves along the edge


def test_gambler_plays_as_well_as_bold_play_from_every_capital() -> None:
    values = value_iteration(make_world("gambler"), 1.0, 1e-12).values
    wanted = [bold_play(s / 100) for s in range(1, 100)]
    assert values[1:100] == pytest.approx(wanted, abs=1e-9)
    assert bold_play(0.75) == pytest.approx(0.4 + 0.6 * 0.4)


def test_frozen_lake_without_slipping_is_gamma_to_the_five() -> None:
    result = LAB.execute({"world": "frozen_lake", "slip": 0})
    assert result.metrics["start_value"] == pytest.approx(0.9**5)
    assert result.metrics["return_greedy"] == 1.0


def test_expected_return_agrees_with_simulated_walks() -> None:
    world = make_world("frozen_lake")
    actions = greedy(action_values(world, value_iteration(world, 0.99, 1e-10).values, 0.99))
    exact = expected_return(world, np.eye(4)[actions])
    chances = _transitions(world)[np.arange(16), actions].cumsum(axis=1)  # (S, S)
    rng, at = np.random.default_rng(0), np.zeros(4000, dtype=int)
    for _step in range(world.limit):
        at = (chances[at] < rng.random((4000, 1))).sum(axis=1).clip(max=15)
    assert exact == pytest.approx((at == 15).mean(), abs=0.025)


def test_q_learning_finds_the_best_values_of_a_sure_world() -> None:
    learned = td_control(make_world("gridworld_4x4"), False, 0.9, 2000, 0.5, 0.5, seed=0)
    truth = value_iteration(make_world("gridworld_4x4"), 0.9, 1e-10).values
    assert learned.q.max(axis=1)[4:12] == pytest.approx(truth[4:12], abs=0.05)


def test_sarsa_without_exploration_is_q_learning() -> None:
    """With epsilon 0 the action taken is the best one; ties fall apart, so values agree where both have
    settled.
    """
    world = make_world("gridworld_4x4")
    both = [td_control(world, on, 0.9, 3000, 0.5, 0.0, seed=1).start_values[-1] for on in (True, False)]
    assert both[0] == pytest.approx(both[1], abs=1e-6)
    assert both[0] == pytest.approx(-2.71, abs=1e-6)


def test_on_the_cliff_sarsa_earns_more_while_learning_and_q_learning_walks_the_edge() -> None:
    """Sutton & Barto, Example 6.6, averaged over ten seeds."""
    world = make_world("cliff")
    earned = {True: 0.0, False: 0.0}
    for on_policy in earned:
        for seed in range(10):
            earned[on_policy] += (
                td_control(world, on_policy, 1.0, 500, 0.5, 0.1, seed).returns[-100:].mean() / 10
            )
    assert earned[True] == pytest.approx(-25, abs=6)  # Sarsa in the book's figure
    assert earned[False] == pytest.approx(-47, abs=9)  # Q-learning
    q = LAB.execute({"world": "cliff", "method": "q_learning", "gamma": 1, "alpha": 0.5})
    assert q.metrics["return_greedy"] == -13.0


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("method", METHODS)
def test_every_world_runs_with_every_method_and_repeats_exactly(world: str, method: str) -> None:
    values = {"world": world, "method": method, "episodes": 30, "seed": 3}
    first, second = LAB.execute(values), LAB.execute(values)
    assert first.metrics == second.metrics
    assert {"iterations", "start_value", "max_residual"} <= first.metrics.keys()
    assert 2 <= len(first.notes) <= 5
    assert all(key in first.series for chart in first.charts for key in _keys(chart))


def _keys(chart: object) -> set[str]:
    from labs.charts import chart_keys

    return chart_keys(chart)  # type: ignore[arg-type]


def test_a_learner_that_never_meets_the_goal_says_so() -> None:
    result = LAB.execute({"world": "frozen_lake_8x8", "method": "q_learning", "episodes": 5})
    assert "never found the goal" in {finding.name for finding in result.findings}


def test_values_that_do_not_settle_are_reported() -> None:
    result = LAB.execute({"world": "cliff", "method": "policy_evaluation", "gamma": 1})
    assert "not converged" in {finding.name for finding in result.findings}


def test_methods_can_be_compared_in_one_run() -> None:
    result = LAB.execute({"world": "cliff", "method": ["sarsa", "q_learning"], "episodes": 50})
    assert {"return_greedy[method=sarsa]", "return_greedy[method=q_learning]"} <= result.metrics.keys()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"gamma": 1}, "never ends"),
        ({"world": "gambler", "slip": 0.1}, "slip"),
        ({"world": "moon"}, "one of gridworld_5x5"),
        ({"gamma": 1.2}, "from 0 to 1"),
        ({"world": "cliff", "method": "sarsa", "episodes": 10**6}, "episodes"),
    ],
)
def test_what_cannot_be_solved_is_refused_in_a_sentence(values: dict[str, object], words: str) -> None:
    with pytest.raises(BadParameterError, match=words):
        LAB.validate(values)


def test_students_words_for_worlds_are_understood() -> None:
    plan = LAB.validate({"world": "Cliff walking", "method": "Q-learning"})
    assert (plan.parameters["world"], plan.parameters["method"]) == ("cliff", "q_learning")


def test_a_cancelled_run_stops() -> None:
    with pytest.raises(LabCancelled):
        run(MdpParams(method="sarsa"), Context(cancelled=lambda: True))


@pytest.mark.parametrize("seed", [0, 1])
def test_an_agent_that_learnt_the_straight_way_is_seen_to_take_it(seed):
    """Learnt values that differ by less than rounding are no ties: the greedy walk must not circle."""
    result = LAB.execute(
        {"world": "cliff", "method": "q_learning", "epsilon": 0, "gamma": 1, "alpha": 0.5, "seed": seed}
    )
    assert result.metrics["return_greedy"] == result.metrics["return_last_100"] == -13


def test_without_discounting_the_greedy_walk_still_arrives():
    result = LAB.execute({"world": "frozen_lake", "gamma": 1, "slip": 0})
    assert result.metrics["return_greedy"] == 1
    assert len(result.series["path"]) == 7  # six moves, as many as the goal is away
