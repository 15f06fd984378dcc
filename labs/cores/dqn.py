"""A deep Q-network learns to balance a pole on a cart.

Sources: the cart-pole of Barto, Sutton & Anderson, Neuronlike adaptive elements that can solve difficult
learning control problems (1983), with the constants that Gymnasium publishes for CartPole-v1; DQN after Mnih
et al., Human-level control through deep reinforcement learning, Nature 518 (2015), algorithm 1; double DQN
after van Hasselt, Guez & Silver (2016), equation 4; n-step returns as in Hessel et al., Rainbow (2018),
section 3, not corrected for exploration.
Differs from the papers: rewards are scaled (`reward_scale`), so that values lie near 0 to 1 and the network
need not grow to 100; and learning happens between episodes, a fixed number of minibatches each, which keeps
the time predictable.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

State = tuple[
    float, float, float, float
]  # position (m), velocity (m/s), angle (rad), angular velocity (rad/s)


def push(state: State, right: bool) -> tuple[State, bool]:
    """0.02 s under a force of 10 N to either side; returns the next state and whether the pole has fallen.

    The equations of motion without friction (Barto, Sutton & Anderson 1983, appendix), by Euler's method.
    """
    gravity, cart, pole, half_length, force, tau = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02  # m/s², kg, kg, m, N, s
    x, v, angle, spin = state
    total = cart + pole
    sin, cos = math.sin(angle), math.cos(angle)
    f = ((force if right else -force) + pole * half_length * spin**2 * sin) / total
    spin_change = (gravity * sin - cos * f) / (half_length * (4 / 3 - pole * cos**2 / total))
    v_change = f - pole * half_length * spin_change * cos / total
    after = (x + tau * v, v + tau * v_change, angle + tau * spin, spin + tau * spin_change)
    fallen = abs(after[0]) > 2.4 or abs(after[2]) > math.radians(12)
    return after, fallen


def q_network(hidden: int = 64) -> Any:
    """State (4) to the value of pushing left and right (2), by two hidden layers."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2)
    )


def as_input(state: Any) -> np.ndarray:
    """A state in units in which 1 is about as far as it goes: 2.4 m, 2 m/s, 12 degrees, 2 rad/s. (..., 4)"""
    return np.asarray(state, dtype=np.float32) / np.array([2.4, 2.0, 0.21, 2.0], dtype=np.float32)


def values_of(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The network as a NumPy function, (..., 4) to (..., 2): for single states much quicker than torch.

    It reads the network's own memory, so it follows the network as it learns.
    """
    w1, b1, w2, b2, w3, b3 = (parameter.detach().numpy() for parameter in network.parameters())

    def q(inputs: np.ndarray) -> np.ndarray:
        h = np.maximum(inputs @ w1.T + b1, 0)
        h = np.maximum(h @ w2.T + b2, 0)
        return h @ w3.T + b3

    return q


def reward_scale(gamma: float) -> float:
    """What a step is worth to the network: 1 - gamma, so that balancing for ever is worth 1; at least
    1/500.
    """
    return max(1 - gamma, 1 / 500)


@dataclass
class Episode:
    """One game: states s_0 ... s_L, the L actions, and whether it ended in a fall (else it was stopped at
    the limit).
    """

    states: list[State]
    actions: list[int]
    fallen: bool

    def __len__(self) -> int:
        return len(self.actions)


def play(
    q: Callable[[np.ndarray], np.ndarray], epsilon: float, rng: np.random.Generator, limit: int = 500
) -> Episode:
    """One episode, epsilon-greedy; every step is worth 1."""
    start = rng.uniform(-0.05, 0.05, 4)
    state: State = (float(start[0]), float(start[1]), float(start[2]), float(start[3]))
    episode = Episode([state], [], False)
    while len(episode) < limit and not episode.fallen:
        if rng.random() < epsilon:
            action = int(rng.random() < 0.5)
        else:
            left, right = q(as_input(state))
            action = int(right > left)
        state, episode.fallen = push(state, bool(action))
        episode.states.append(state)
        episode.actions.append(action)
    return episode


class Memory:
    """The replay memory: transitions (s, a, R, s', d) in arrays; the newest overwrite the oldest."""

    def __init__(self, size: int = 50_000) -> None:
        self.size, self.count = size, 0
        self.state, self.later = np.zeros((2, size, 4), dtype=np.float32)
        self.action = np.zeros((size, 1), dtype=np.int64)
        self.reward, self.discount = np.zeros((2, size), dtype=np.float32)

    def remember(self, episode: Episode, gamma: float, n: int) -> None:
        """Store each step with the reward R of the next n steps and the state s' that follows them.

        `discount` is what the value of s' counts for: gamma^n, or 0 after a fall. An episode stopped at the
        limit has not failed, so its last state still counts (Pardo et al., Time limits in reinforcement
        learning, 2018).
        """
        inputs, length = as_input(episode.states), len(episode)
        worth = reward_scale(gamma) * np.cumsum(gamma ** np.arange(n))  # of 1, 2, ... n more steps
        for t in range(length):
            m = min(n, length - t)
            i = self.count % self.size
            self.state[i], self.action[i], self.later[i] = inputs[t], episode.actions[t], inputs[t + m]
            self.reward[i] = worth[m - 1]
            self.discount[i] = 0.0 if episode.fallen and t + m == length else gamma**m
            self.count += 1


def learn(
    network: Any,
    target: Any,
    optimiser: Any,
    memory: Memory,
    batches: int,
    batch_size: int,
    double: bool,
    rng: Any,
) -> float:
    """Minibatches of gradient descent on the loss of Mnih et al. (2015), algorithm 1; returns the mean loss.

    The target of a transition is y = R + d * v(s'), where v takes the best action of the target network; with
    `double` the learning network chooses that action and the target network judges it.
    """
    import torch
    from torch.nn.functional import smooth_l1_loss

    chosen = rng.integers(0, min(memory.count, memory.size), (batches, batch_size))
    arrays = (memory.state, memory.action, memory.reward, memory.later, memory.discount)
    drawn = [torch.from_numpy(array[chosen]) for array in arrays]
    total = 0.0
    for state, action, reward, later, discount in zip(
        *drawn, strict=True
    ):  # (B, 4), (B, 1), (B,), (B, 4), (B,)
        with torch.no_grad():
            judged = target(later)  # (B, 2)
            best = network(later).argmax(1, keepdim=True) if double else judged.argmax(1, keepdim=True)
            y = reward + discount * judged.gather(1, best).squeeze(1)  # (B,)
        q = network(state).gather(1, action).squeeze(1)  # (B,)
        loss = smooth_l1_loss(q, y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += float(loss.detach())
    return total / batches


@dataclass
class Training:
    """What training ends with; the curves have shape (episodes,)."""

    network: Any
    lengths: np.ndarray  # steps balanced, which is the reward of the episode
    epsilons: np.ndarray
    predicted: np.ndarray  # value of the first state as the network saw it, in discounted steps
    losses: np.ndarray  # mean loss of the minibatches after the episode; nan where nothing was learnt
    learnt: np.ndarray  # bool: whether the network learnt after the episode


def train(
    episodes: int = 250,
    learning_rate: float = 0.001,
    gamma: float = 0.99,
    epsilon_decay: float = 0.98,
    batch_size: int = 64,
    target_update: int = 10,
    double: bool = True,
    n_step: int = 20,
    pause: bool = True,
    seed: int = 0,
    on_episode: Callable[[int, int], None] | None = None,
) -> Training:
    """Play, remember, learn; copy the network into its target every `target_update` episodes.

    epsilon starts at 1, is multiplied by `epsilon_decay` after each episode, and stays at 0.01 or above. With
    `pause` the network is left alone while the last ten episodes average 475 steps or more, since learning on
    from a memory full of success can make it forget.
    """
    import torch

    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, target = q_network(), q_network()
    target.load_state_dict(network.state_dict())
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    q, memory, epsilon = values_of(network), Memory(), 1.0
    lengths, epsilons, predicted, losses = np.full((4, episodes), np.nan)
    for i in range(episodes):
        episode = play(q, epsilon, rng)
        lengths[i], epsilons[i] = len(episode), epsilon
        predicted[i] = q(as_input(episode.states[0])).max() / reward_scale(gamma)
        epsilon = max(0.01, epsilon * epsilon_decay)
        memory.remember(episode, gamma, n_step)
        good = pause and i >= 9 and lengths[i - 9 : i + 1].mean() >= 475
        if memory.count >= batch_size and not good:
            losses[i] = learn(network, target, optimiser, memory, 100, batch_size, double, rng)
        if (i + 1) % target_update == 0:
            target.load_state_dict(network.state_dict())
        if on_episode:
            on_episode(i + 1, len(episode))
    return Training(network, lengths, epsilons, predicted, losses, np.isfinite(losses))
