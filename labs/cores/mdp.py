"""Dynamic programming and temporal-difference learning on a small Markov decision process.

Source: Sutton & Barto, Reinforcement Learning: An Introduction, 2nd ed., chapters 4 and 6; the boxes named
below.
Differs from the book: a sweep uses two arrays (all new values are made from the old ones, page 75), which
NumPy does at once; and ties between actions are broken at random while learning, so that an agent that knows
nothing wanders.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from labs.cores.mdp_worlds import World


@dataclass
class Solution:
    """What a method of dynamic programming ends with."""

    values: np.ndarray  # (S,) v(s)
    changes: list[float]  # largest change of a value, one per sweep
    converged: bool
    snapshots: dict[int, np.ndarray] = field(
        default_factory=dict
    )  # sweep -> values (S,), for the first few sweeps
    improvements: list[int] = field(default_factory=list)  # sweeps after which the policy was improved
    policy: np.ndarray | None = None  # (S,) the policy that policy iteration ended with


def expected_next(world: World, values: np.ndarray) -> np.ndarray:
    """Mean value of what follows: sum over k of chance[k, s, a] v(following[k, s, a]). (S,) -> (S, A)"""
    return np.einsum("ksa,ksa->sa", world.chance, values.take(world.following))


def action_values(world: World, values: np.ndarray, gamma: float) -> np.ndarray:
    """q(s, a) = sum over s', r of p(s', r | s, a) [r + gamma v(s')], equation 4.6. (S,) -> (S, A)"""
    return world.reward + gamma * expected_next(world, values)


def greedy(q: np.ndarray, tie: float = 1e-9) -> np.ndarray:
    """The first of the best actions in each state; all within `tie` of the best count as best. (S, A) -> (S,)

    Planned values are equal up to rounding where they are equal; learnt ones differ for a reason: there, tie=0.
    """
    return (q >= q.max(axis=1, keepdims=True) - tie).argmax(axis=1)


def random_policy(world: World) -> np.ndarray:
    """Every allowed action equally likely. (S, A)"""
    return world.allowed / world.allowed.sum(axis=1, keepdims=True)


def sweep_until_still(
    world: World,
    value_of: Callable[[np.ndarray], np.ndarray],
    gamma: float,
    theta: float,
    values: np.ndarray | None = None,
    on_sweep: Callable[[int, float], None] | None = None,
    most_sweeps: int = 20_000,
) -> Solution:
    """Sweep v(s) <- value_of(q(s, .)) over all states at once until no value moves by theta or more.

    `value_of` turns q, (S, A), into values, (S,): a mean under a policy, or the maximum.
    """
    v = np.zeros(world.states) if values is None else values.copy()  # (S,)
    reward = world.reward  # (S, A)
    solution = Solution(v, [], False, {0: v.copy()})
    for sweep in range(1, most_sweeps + 1):
        new = value_of(reward + gamma * expected_next(world, v))
        change = float(np.abs(new - v).max())
        v = new
        solution.changes.append(change)
        if sweep <= 3 or sweep in (10, 32, 100):
            solution.snapshots[sweep] = v
        if on_sweep and sweep % 50 == 0:
            on_sweep(sweep, change)
        if change < theta:
            solution.converged = True
            break
    solution.values = v
    return solution


def policy_evaluation(
    world: World,
    policy: np.ndarray,
    gamma: float,
    theta: float,
    values: np.ndarray | None = None,
    on_sweep: Callable[[int, float], None] | None = None,
    most_sweeps: int = 20_000,
) -> Solution:
    """Iterative policy evaluation (section 4.1): v(s) <- sum over a of pi(a|s) q(s, a), equation 4.5.

    `policy` holds the chances pi(a|s), (S, A).
    """
    return sweep_until_still(
        world, lambda q: (policy * q).sum(axis=1), gamma, theta, values, on_sweep, most_sweeps
    )


def value_iteration(
    world: World, gamma: float, theta: float, on_sweep: Callable[[int, float], None] | None = None
) -> Solution:
    """Value iteration (section 4.4): v(s) <- max over a of q(s, a), equation 4.10."""
    return sweep_until_still(world, lambda q: q.max(axis=1), gamma, theta, None, on_sweep)


def policy_iteration(
    world: World, gamma: float, theta: float, on_sweep: Callable[[int, float], None] | None = None
) -> Solution:
    """Policy iteration (section 4.3): evaluate the policy, make it greedy, until it no longer changes.

    Starts from the random policy. The exact values of a hopeless policy are not worth waiting for, so each
    evaluation stops after 1000 sweeps at most (section 4.6). An action is kept while it is as good as any
    other, so that ties end the loop.
    """
    everyone = np.arange(world.states)
    chances = random_policy(world)
    solution = Solution(np.zeros(world.states), [], False, {0: np.zeros(world.states)})
    while True:
        step = policy_evaluation(world, chances, gamma, theta, solution.values, on_sweep, 1000)
        solution.values, solution.converged = step.values, step.converged
        solution.changes += step.changes
        solution.improvements.append(len(solution.changes))
        q = action_values(world, solution.values, gamma)
        better = greedy(q)
        stable = False
        if solution.policy is not None:
            old = solution.policy
            keep = q[everyone, old] >= q.max(axis=1) - 1e-9 * max(1.0, float(np.abs(q).max()))
            better = np.where(keep, old, better)
            stable = bool(keep.all())
        solution.policy = better
        solution.snapshots[len(solution.improvements)] = solution.values
        if (stable and step.converged) or len(solution.changes) >= 20_000:
            solution.converged = stable and step.converged
            return solution
        chances = np.eye(q.shape[1])[better]  # (S, A) one-hot


def best_moves(world: World, q: np.ndarray, gamma: float) -> np.ndarray:
    """The greedy action of each state; of equally good ones the quickest. (S, A) -> (S,)

    Without discounting, a detour is worth as much as the straight way, so the first of the best actions may walk in
    circles for ever. Values discounted by 0.999 tell which of them gets there sooner.
    """
    if gamma < 1 or world.rows * world.columns <= 1 or world.name.startswith("gambler"):
        return greedy(q)
    sooner = action_values(world, value_iteration(world, 0.999, 1e-10).values, 0.999)
    tied = q >= q.max(axis=1, keepdims=True) - 1e-9
    return np.where(tied, sooner, -np.inf).argmax(axis=1)


@dataclass
class Learned:
    """What an agent that learns from episodes ends with; the curves have shape (episodes,)."""

    q: np.ndarray  # (S, A) estimated action values
    returns: np.ndarray  # sum of the rewards of each episode, not discounted
    lengths: np.ndarray  # steps of each episode
    start_values: np.ndarray  # max over a of q(start, a) after each episode
    visits: np.ndarray  # (S,) how often each state was left
    falls: np.ndarray  # how often an episode was paid -100, the fall off the cliff


def choose(q: list[float], legal: int, epsilon: float, rng: random.Random) -> int:
    """An epsilon-greedy action among the first `legal` ones; ties between the best are broken at random."""
    if rng.random() < epsilon:
        return int(rng.random() * legal)
    row = q[:legal]
    best = max(row)
    if row.count(best) == 1:
        return row.index(best)
    return rng.choice([a for a, value in enumerate(row) if value == best])


def outcomes(world: World) -> list[list[list[tuple[float, int, float]]]]:
    """For each state and action the list of (chance, next state, reward), as plain numbers: quick to step
    through.
    """
    k, states, actions = world.following.shape
    return [
        [
            [
                (float(world.chance[i, s, a]), int(world.following[i, s, a]), float(world.payoff[i, s, a]))
                for i in range(k)
            ]
            for a in range(actions)
        ]
        for s in range(states)
    ]


def sample(possible: list[tuple[float, int, float]], rng: random.Random) -> tuple[int, float]:
    """One step of the world: the next state and the reward, drawn by their chances."""
    if len(possible) > 1:
        dice = rng.random()
        for chance, state, reward in possible:
            if dice < chance:
                return state, reward
            dice -= chance
    return possible[-1][1], possible[-1][2]


def td_control(
    world: World,
    on_policy: bool,
    gamma: float,
    episodes: int,
    alpha: float,
    epsilon: float,
    seed: int = 0,
    on_episode: Callable[[int], None] | None = None,
) -> Learned:
    """Learn action values from experience: Sarsa (section 6.4) if `on_policy`, else Q-learning (section 6.5).

    The two differ only in what they count on for the next state. An episode that is broken off after
    `world.limit` steps has not ended:
    its last step still counts on what would have come next.
    """
    rng = random.Random(seed)
    dynamics, legal = outcomes(world), world.allowed.sum(axis=1).tolist()
    terminal = world.terminal.tolist()
    q = [[0.0] * world.following.shape[2] for _ in range(world.states)]  # (S, A)
    visits = [0] * world.states
    returns, lengths, start_values, falls = np.zeros((4, episodes))
    for episode in range(episodes):
        s = rng.choice(world.starts)
        a = choose(q[s], legal[s], epsilon, rng)
        for _step in range(world.limit):
            s2, r = sample(dynamics[s][a], rng)
            if on_policy:  # Sarsa counts on the action that it will really take, equation 6.7
                a2 = choose(q[s2], legal[s2], epsilon, rng)
                ahead = q[s2][a2]
            else:  # Q-learning counts on the best action, whatever it will take, equation 6.8
                ahead = max(q[s2][: legal[s2]])
            q[s][a] += alpha * (r + gamma * ahead - q[s][a])  # q of a terminal state stays 0
            visits[s] += 1
            returns[episode] += r
            lengths[episode] += 1
            falls[episode] += r == -100
            if terminal[s2]:
                break
            s, a = s2, a2 if on_policy else choose(q[s2], legal[s2], epsilon, rng)
        start_values[episode] = max(q[world.start][: legal[world.start]])
        if on_episode:
            on_episode(episode + 1)
    return Learned(np.array(q), returns, lengths, start_values, np.array(visits), falls)


def expected_return(world: World, policy: np.ndarray) -> float:
    """What an episode from the start pays on average, not discounted and cut off after `world.limit` steps.

    `policy` holds the chances pi(a|s), (S, A). Exact: one sweep of equation 4.5 with gamma 1 per step that is
    left.
    """
    v, reward = np.zeros(world.states), world.reward
    for _step in range(world.limit):
        v = (policy * (reward + expected_next(world, v))).sum(axis=1)
    return float(v[world.start])


def walk(world: World, actions: np.ndarray, seed: int = 0) -> list[int]:
    """The states of one episode under a policy, from the start; ends early where a sure world repeats
    itself.
    """
    rng = random.Random(seed)
    dynamics = outcomes(world)
    path, sure = [world.start], len(world.chance) == 1
    while not world.terminal[path[-1]] and len(path) <= world.limit:
        state, _reward = sample(dynamics[path[-1]][int(actions[path[-1]])], rng)
        path.append(state)
        if sure and state in path[:-1]:
            break
    return path
