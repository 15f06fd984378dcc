"""The bandit against published values, closed forms and hand-worked steps."""

import numpy as np
import pytest

from labs.bandit import verify
from labs.base import Context
from labs.cores.bandit import epsilon_greedy, play, softmax, thompson, ucb
from labs.registry import LABS

lab = LABS["bandit"]


def names(result):
    return {finding.name for finding in result.findings}


@pytest.fixture(scope="module")
def default():
    return lab.execute({})


def test_every_published_value_is_reproduced():
    checks = verify()
    assert len(checks) == 8
    assert [check for check in checks if not check.ok] == []


def test_the_default_run_says_which_figure_it_matches_and_names_its_variants(default):
    assert any("Figure 2.2 (ε = 0, ε = 0.01, ε = 0.1)" in note for note in default.notes)
    assert default.metrics["optimal_final[epsilon_greedy, epsilon=0.1]"] == pytest.approx(0.79, abs=0.03)
    assert default.metrics["reward_final[epsilon_greedy, epsilon=0]"] == pytest.approx(1.02, abs=0.04)
    assert default.metrics["regret[epsilon_greedy, epsilon=0.01]"] > 0
    assert len(default.metrics) == 9


def test_the_title_states_the_share_that_came_out(default):
    share = default.metrics["optimal_final[epsilon_greedy, epsilon=0.1]"]
    assert default.title == f"ε = 0.1 finds the best of 10 arms in {share:.0%} of runs"


def test_a_single_variant_has_plain_metric_names():
    assert set(lab.execute({"policies": "ucb", "runs": 20, "steps": 30}).metrics) == {
        "reward_final",
        "optimal_final",
        "regret",
    }


def test_always_exploring_picks_the_best_arm_one_time_in_k_and_earns_nothing_on_average():
    out = play("epsilon_greedy", arms=5, steps=200, runs=1000, epsilon=1.0)
    assert out.optimal.mean() == pytest.approx(1 / 5, abs=0.01)
    assert out.reward.mean() == pytest.approx(0.0, abs=0.05)


def test_the_best_possible_mean_reward_of_ten_arms_is_the_expected_maximum_of_ten_normals():
    assert play("epsilon_greedy", 10, 1, 20_000).best == pytest.approx(1.5388, abs=0.015)


def test_no_epsilon_greedy_agent_beats_its_ceiling():
    out = play("epsilon_greedy", arms=4, steps=3000, runs=300, epsilon=0.2)
    ceiling = 1 - 0.2 + 0.2 / 4
    assert out.optimal[-500:].mean() == pytest.approx(ceiling, abs=0.06)
    assert out.optimal[-500:].mean() < ceiling + 0.01


@pytest.mark.parametrize("policy", ["optimistic", "ucb"])
def test_the_vectorised_agent_does_what_a_plain_loop_does(policy):
    arms, steps, runs, c, start = 6, 60, 7, 1.5, 5.0 if policy == "optimistic" else 0.0
    out = play(policy, arms, steps, runs, c=c, initial_value=start, seed=3)
    world, luck, _ = np.random.default_rng(3).spawn(3)
    truth = world.standard_normal((runs, arms))
    noise = luck.standard_normal((steps, runs))
    for run in range(runs):
        q, n = [start] * arms, [0] * arms
        for t in range(1, steps + 1):
            if policy == "optimistic":
                values = q
            else:
                values = [q[a] + c * (np.log(t) / n[a]) ** 0.5 if n[a] else float("inf") for a in range(arms)]
            arm = values.index(max(values))
            reward = truth[run][arm] + noise[t - 1][run]
            n[arm] += 1
            q[arm] += (reward - q[arm]) / n[arm]
        np.testing.assert_array_equal(out.pulls[run], n)
        np.testing.assert_allclose(out.q[run], q, rtol=1e-12)


def test_a_constant_step_size_weighs_rewards_exponentially():
    # equation 2.6: Q = (1-a)^n Q1 + sum of a (1-a)^(n-i) R_i
    out = play(
        "epsilon_greedy", arms=2, steps=40, runs=3, epsilon=0.0, step_size=0.3, initial_value=50.0, seed=1
    )
    world, luck, _ = np.random.default_rng(1).spawn(3)
    truth, noise = world.standard_normal((3, 2)), luck.standard_normal((40, 3))
    for run in range(3):
        rewards, q = {0: [], 1: []}, [50.0, 50.0]
        for t in range(40):
            arm = int(np.argmax(q))
            rewards[arm].append(truth[run, arm] + noise[t, run])
            n = len(rewards[arm])
            weighted = sum(0.3 * 0.7 ** (n - i) * r for i, r in enumerate(rewards[arm], start=1))
            q[arm] = 0.7**n * 50.0 + weighted
        np.testing.assert_allclose(out.q[run], q, rtol=1e-10)


def test_one_gradient_step_is_the_textbook_one():
    # Two arms, preferences 0, so pi = (1/2, 1/2) and the baseline is 0: H += a R (1 - 1/2), and -a R / 2.
    out = play("gradient", arms=2, steps=1, runs=50, step_size=0.4, seed=5)
    np.testing.assert_allclose(np.abs(out.q[:, 0]), np.abs(out.q[:, 1]))
    np.testing.assert_allclose(out.q.sum(axis=1), 0, atol=1e-15)
    pulled = out.pulls.argmax(axis=1)
    mean_reward = (out.q[np.arange(50), pulled] / (0.4 * 0.5)).mean()
    assert mean_reward == pytest.approx(out.reward[0])


def test_softmax_is_a_distribution_even_of_huge_preferences():
    pi = softmax(np.array([[1e4, 0.0], [0.0, np.log(3)]]))
    np.testing.assert_allclose(pi, [[1, 0], [0.25, 0.75]])


def test_ucb_tries_every_arm_before_any_twice():
    q, n = np.array([[9.0, 0.0, 0.0]]), np.array([[1.0, 1.0, 0.0]])
    assert ucb(q, n, 3, 0.1).tolist() == [2]
    assert (play("ucb", 7, 7, 20).pulls == 1).all()


def test_thompson_prefers_arms_in_proportion_to_their_chance_of_being_best():
    # Two arms with posteriors N(0, 1/2) and N(1, 1/2): P(second > first) = Phi(1) = 0.8413.
    rng = np.random.default_rng(0)
    arm = thompson(np.tile([0.0, 1.0], (40_000, 1)), np.full((40_000, 2), 2.0), rng)
    assert arm.mean() == pytest.approx(0.8413, abs=0.006)


def test_epsilon_greedy_breaks_ties_for_the_first_arm():
    assert epsilon_greedy(np.zeros((3, 4)), 0.0, np.random.default_rng(0)).tolist() == [0, 0, 0]


def test_more_knowledge_pays_thompson_and_ucb_lose_less_than_greedy():
    chosen = {"policies": ["epsilon_greedy", "ucb", "thompson"], "epsilons": 0, "runs": 500, "steps": 500}
    metrics = lab.execute(chosen).metrics
    assert metrics["regret[thompson]"] < metrics["regret[ucb]"] < metrics["regret[epsilon_greedy, epsilon=0]"]


def test_findings_name_the_classic_failures():
    small = {"runs": 300, "steps": 300}
    assert "never_explored" in names(lab.execute({**small, "epsilons": 0}))
    assert "too_much_exploration" in names(lab.execute({**small, "epsilons": 0.5}))
    assert "optimism_forgotten" in names(lab.execute({**small, "policies": "optimistic"}))
    assert "optimism_forgotten" not in names(
        lab.execute({**small, "policies": "optimistic", "step_size": 0.1})
    )
    assert "run_too_short" in names(lab.execute({"runs": 1000, "steps": 100, "epsilons": 0.1}))
    assert "too_few_runs" in names(lab.execute({"runs": 5, "steps": 50, "epsilons": 0.1}))


def test_on_drifting_arms_a_sample_average_lags_and_a_constant_step_does_not():
    drifting = {"drift": 0.05, "runs": 200, "steps": 800, "epsilons": 0.1}
    average, constant = lab.execute(drifting), lab.execute({**drifting, "step_size": 0.1})
    assert "estimates_lag" in names(average)
    assert "estimates_lag" not in names(constant)
    assert constant.metrics["reward_final"] > average.metrics["reward_final"]


def test_a_run_that_is_not_the_published_one_does_not_claim_to_match():
    assert not any("matches" in note for note in lab.execute({"arms": 11, "runs": 1000}).notes)


def test_the_curves_hold_the_numbers_that_the_metrics_report(default):
    for epsilon in ("0", "0.01", "0.1"):
        key = f"[epsilon_greedy, epsilon={epsilon}]"
        assert default.series[f"reward{key}"][-100:].mean() == pytest.approx(
            default.metrics[f"reward_final{key}"]
        )
        assert default.series[f"regret_curve{key}"][-1] == pytest.approx(default.metrics[f"regret{key}"])


def test_a_run_of_one_step_and_one_of_two_arms_work():
    everything = ["epsilon_greedy", "decaying_epsilon", "optimistic", "ucb", "gradient", "thompson"]
    result = lab.run(lab.params(policies=everything, arms=2, steps=1, runs=1), Context())
    assert np.isfinite(list(result.metrics.values())).all()
