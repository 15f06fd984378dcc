"""The cart-pole against Gymnasium's transitions, and the deep Q-network piece by piece against hand-worked
targets.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from labs.base import Context
from labs.cores.dqn import (
    Episode,
    Memory,
    as_input,
    learn,
    play,
    push,
    q_network,
    reward_scale,
    train,
    values_of,
)
from labs.dqn import GYMNASIUM, LAB, DqnParams, discounted, means, run, solved_after
from labs.errors import BadParameterError, LabCancelled


@pytest.mark.parametrize(("state", "right", "wanted", "ended"), GYMNASIUM)
def test_one_push_moves_the_cart_as_in_gymnasium(
    state: tuple[float, float, float, float], right: bool, wanted: tuple[float, ...], ended: bool
) -> None:
    after, fallen = push(state, right)
    assert after == pytest.approx(wanted, abs=1e-12)
    assert fallen is ended


def test_pushing_in_turn_ends_where_gymnasium_ends() -> None:
    """23 steps of CartPole-v1 from a fixed state, pushing left and right in turn."""
    state, steps, fallen = (0.01, -0.02, 0.03, 0.04), 0, False
    while not fallen:
        state, fallen = push(state, steps % 2 == 1)
        steps += 1
    assert steps == 23
    assert state == pytest.approx(
        (-0.046728051794050006, -0.24497380243993103, 0.21568942494271184, 1.012645098481112), abs=1e-12
    )


def test_first_push_from_rest_is_worked_by_hand() -> None:
    """From rest, upright: f = 10/1.1, spin' = -f / (0.5 (4/3 - 0.1/1.1)), v' = f - 0.05 spin' / 1.1."""
    f = 10 / 1.1
    spin = -f / (0.5 * (4 / 3 - 0.1 / 1.1))
    (x, v, angle, w), fallen = push((0.0, 0.0, 0.0, 0.0), True)
    assert (x, angle, fallen) == (0.0, 0.0, False)
    assert w == pytest.approx(0.02 * spin)
    assert v == pytest.approx(0.02 * (f - 0.05 * spin / 1.1))


def test_left_and_right_mirror_each_other() -> None:
    state = (0.3, -0.7, 0.1, 0.4)
    right, _ = push(state, True)
    left, _ = push(tuple(-x for x in state), False)  # type: ignore[arg-type]
    assert left == pytest.approx([-x for x in right])


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        ((2.3999, 0.0, 0.0, 0.0), False),
        ((2.4001, 0.0, 0.0, 0.0), True),
        ((0, 0, 0.2094, 0), False),
        ((0, 0, -0.2096, 0), True),
    ],
)
def test_an_episode_ends_beyond_2_4_metres_or_12_degrees(
    state: tuple[float, float, float, float], ended: bool
) -> None:
    assert push(state, True)[1] is ended


def test_the_numpy_network_is_the_torch_network_and_follows_it() -> None:
    import torch

    network = q_network()
    q, inputs = values_of(network), np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    assert q(inputs) == pytest.approx(network(torch.from_numpy(inputs)).detach().numpy(), abs=1e-5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.0)
    assert q(inputs) == pytest.approx(network(torch.from_numpy(inputs)).detach().numpy(), abs=1e-4)


def _episode(length: int, fallen: bool) -> Episode:
    states = [(0.1 * i, 0.0, 0.0, 0.0) for i in range(length + 1)]
    return Episode(states, [i % 2 for i in range(length)], fallen)


def test_memory_holds_n_step_returns_worked_by_hand() -> None:
    memory = Memory(10)
    memory.remember(_episode(4, fallen=True), gamma=0.9, n=3)
    assert memory.count == 4
    assert memory.reward[:4] == pytest.approx([0.271, 0.271, 0.19, 0.1])  # 0.1 (1 + 0.9 + 0.81), ...
    assert memory.discount[:4] == pytest.approx(
        [0.729, 0.0, 0.0, 0.0]
    )  # only the first is 3 steps from a non-end
    assert memory.later[0] == pytest.approx(as_input((0.3, 0.0, 0.0, 0.0)))
    assert memory.action[:4, 0].tolist() == [0, 1, 0, 1]


def test_an_episode_stopped_at_the_limit_still_counts_on_what_would_come() -> None:
    memory = Memory(10)
    memory.remember(_episode(3, fallen=False), gamma=0.9, n=2)
    assert memory.discount[:3] == pytest.approx([0.81, 0.81, 0.9])


def test_memory_forgets_the_oldest_first() -> None:
    memory = Memory(3)
    memory.remember(_episode(5, fallen=False), gamma=0.9, n=1)
    assert memory.count == 5
    assert sorted(memory.state[:, 0] * 2.4) == pytest.approx([0.2, 0.3, 0.4])


@pytest.mark.parametrize("double", [True, False])
def test_one_step_of_learning_is_autograd_on_the_hand_made_target(double: bool) -> None:
    import torch

    torch.manual_seed(0)
    network, target = q_network(8), q_network(8)
    memory = Memory(16)
    memory.remember(_episode(10, fallen=True), gamma=0.9, n=2)
    chosen = np.random.default_rng(3).integers(0, 10, (1, 5))[0]
    inputs, later = torch.from_numpy(memory.state[chosen]), torch.from_numpy(memory.later[chosen])
    judged = target(later).detach().numpy()
    best = (network(later).detach().numpy() if double else judged).argmax(axis=1)
    y = memory.reward[chosen] + memory.discount[chosen] * judged[np.arange(5), best]
    q = network(inputs)[torch.arange(5), torch.from_numpy(memory.action[chosen, 0])]
    error = q - torch.from_numpy(y.astype(np.float32))
    loss = torch.where(error.abs() < 1, 0.5 * error**2, error.abs() - 0.5).mean()
    loss.backward()
    wanted = [p.detach() - 0.1 * p.grad for p in network.parameters()]  # type: ignore[operator]
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    found = learn(network, target, optimiser, memory, 1, 5, double, np.random.default_rng(3))
    assert found == pytest.approx(float(loss.detach()), abs=1e-6)
    for parameter, after in zip(network.parameters(), wanted, strict=True):
        assert parameter.detach().numpy() == pytest.approx(after.numpy(), abs=1e-6)


def test_blind_play_lasts_about_22_steps() -> None:
    """The mean of CartPole-v1 under random pushes is 22 (a figure quoted in many tutorials)."""
    rng = np.random.default_rng(0)
    lengths = [len(play(lambda _: np.zeros(2), 1.0, rng)) for _ in range(600)]
    assert np.mean(lengths) == pytest.approx(22.2, abs=1.5)


def test_solved_counts_the_first_fifty_episodes_over_400() -> None:
    lengths = np.array([0.0] * 20 + [500.0] * 80)
    assert solved_after(lengths) == 20 + 41  # 41 of 50 episodes with 500 steps pass 400
    assert math.isnan(solved_after(lengths[:49]))
    assert means(np.array([1.0, 3.0])).tolist() == [2.0]


def test_value_of_an_episode_is_the_geometric_series() -> None:
    assert float(discounted(3, 0.5)) == 1.75
    assert float(discounted(500, 1.0)) == 500
    assert reward_scale(1.0) == 0.002


SMALL = {"episodes": 12, "batch_size": 16, "seed": 1}


def test_a_short_run_has_its_metrics_and_repeats_exactly() -> None:
    first, second = LAB.execute(SMALL), LAB.execute(SMALL)
    assert {"reward_mean_last_50", "episodes_to_solve"} <= first.metrics.keys()
    np.testing.assert_equal(first.metrics, second.metrics)
    np.testing.assert_equal(first.series["length"], second.series["length"])
    assert first.to_dict()["metrics"]["episodes_to_solve"] is None
    assert 2 <= len(first.notes) <= 5


def test_learning_pauses_while_it_balances_and_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = iter([500] * 12 + [100] * 3)
    monkeypatch.setattr("labs.cores.dqn.play", lambda *_: _episode(next(lengths), fallen=False))
    monkeypatch.setattr("labs.cores.dqn.learn", lambda *_: 0.0)
    assert train(episodes=15).learnt.tolist() == [True] * 9 + [False] * 3 + [True] * 3
    lengths = iter([500] * 12)
    assert train(episodes=12, pause=False).learnt.all()


def test_a_run_leaves_torchs_threads_and_random_state_as_they_were() -> None:
    import torch

    torch.manual_seed(5)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    LAB.execute({"episodes": 3})
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("values", [{"batch_size": 4}, {"gamma": 1.5}, {"episodes": 0}, {"epsilon_decay": 0}])
def test_senseless_values_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(BadParameterError, match=next(iter(values))):
        LAB.validate(values)


def test_students_words_for_double_are_understood() -> None:
    assert LAB.validate({"double": False}).parameters["double"] is False


def test_a_cancelled_run_stops() -> None:
    with pytest.raises(LabCancelled):
        run(DqnParams(episodes=5), Context(cancelled=lambda: True))


@pytest.mark.slow
def test_the_defaults_solve_the_cart_pole() -> None:
    assert LAB.verify is not None
    assert [(check.name, check.found) for check in LAB.verify() if not check.ok] == []
