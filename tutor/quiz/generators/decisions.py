"""Lecture 10: returns, Bellman backups, value iteration, Q-learning, SARSA and the targets of deep Q-networks."""

from __future__ import annotations

import numpy as np

from labs.cores.mdp import action_values, value_iteration
from labs.cores.mdp_worlds import World
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import after, choices, fixed, one_of, pick, plain, signed, sound, table


def _machine(brew: float, worn: float, repair: float, breaks: float) -> World:
    """The lecture's coffee machine: state 0 fine, 1 worn; action 0 brews, 1 repairs (in state 0: brews, too)."""
    following = np.array([[[0, 0], [1, 0]], [[1, 1], [1, 0]]])  # (K, S, A)
    chance = np.array([[[1 - breaks, 1 - breaks], [1.0, 1.0]], [[breaks, breaks], [0.0, 0.0]]])
    pays = np.array([[brew, brew], [worn, repair]])
    everything, never = np.ones((2, 2), dtype=bool), np.zeros(2, dtype=bool)
    return World(
        "machine", 1, 2, following, chance, np.stack([pays, pays]), everything, never, 0, (0,), 100, {}
    )


@generator("mdp_return", 10, "What is the return, and what does the discount do?", "discounted return")
@sound
def discounted(rng: np.random.Generator) -> Made:
    """R1 + gamma R2 + gamma² R3 (Sutton & Barto, equation 3.8); plain arithmetic."""
    gamma = one_of(rng, (0.5, 0.8, 0.9))
    r = [int(value) for value in rng.choice([-6, -4, -2, 2, 3, 5, 8, 10, 12], size=3, replace=False)]
    value = r[0] + gamma * r[1] + gamma**2 * r[2]
    return Made(
        prompt=f"An episode brings the rewards ${r[0]}$, ${r[1]}$ and ${r[2]}$, one after the other, and ends. What "
        f"is "
        f"the return from its start, with the discount $\\gamma = {gamma}$?",
        answer=value,
        hints=(
            "A reward counts less the longer it takes to arrive.",
            r"$G = R_1 + \gamma R_2 + \gamma^2 R_3$: the first reward counts in full.",
            f"The second reward counts ${gamma} \\times {after(r[1])} = {plain(gamma * r[1])}$, the third "
            f"${gamma}^2 = {plain(gamma**2)}$ times its size.",
        ),
        solution=f"${r[0]} + {gamma} \\times {after(r[1])} + {plain(gamma**2)} \\times {after(r[2])} = "
        f"{fixed(value)}$",
        mistakes=(
            (float(sum(r)), "That is the plain sum, without a discount."),
            (gamma * value, "The first reward is not discounted: it comes at once."),
            (r[0] + gamma * (r[1] + r[2]), "The third reward is two steps away, so $\\gamma$ counts twice."),
        ),
    )


@generator("mdp_forever", 10, "What is the return, and what does the discount do?", "a reward for ever")
@sound
def forever(rng: np.random.Generator) -> Made:
    """r / (1 - gamma), the sum of the geometric series (Sutton & Barto, equation 3.10); plain arithmetic."""
    gamma, reward = one_of(rng, (0.5, 0.6, 0.75, 0.8, 0.9, 0.95, 0.99)), int(rng.integers(2, 13))
    value = reward / (1 - gamma)
    return Made(
        prompt=f"An agent gets a reward of {reward} at every step, for ever, the first one at the next step. What is "
        f"the "
        f"return, with the discount $\\gamma = {gamma}$?",
        answer=value,
        decimals=1,
        hints=(
            "The sum has no end, and yet it is a finite number.",
            "A reward of 1 at every step for ever is worth $1/(1 - \\gamma)$.",
            f"$1 - \\gamma = {plain(1 - gamma)}$. How much larger is this reward than 1?",
        ),
        solution=f"${reward} / (1 - {gamma}) = {reward} / {plain(1 - gamma)} = {value:.1f}$",
        mistakes=(
            (1 / (1 - gamma), f"That is for a reward of 1; here it is {reward}."),
            (gamma * value, "The first reward counts in full."),
            (reward / gamma, "Divide by $1 - \\gamma$."),
            (reward * (1 + gamma), "Those are the first two rewards; it goes on for ever."),
        ),
    )


@generator("mdp_backup", 10, "What does the Bellman equation say?", "Bellman backup")
@sound
def backup(rng: np.random.Generator) -> Made:
    """r + gamma (mean value of what follows), by labs.cores.mdp.action_values (Sutton & Barto, equation 4.6)."""
    gamma, breaks = one_of(rng, (0.5, 0.8, 0.9)), one_of(rng, (0.1, 0.2, 0.25, 0.4))
    brew, fine, worn = int(rng.integers(4, 15)), int(pick(rng, 20, 40, 5)), int(pick(rng, 5, 15, 5))
    world = _machine(brew, 0, 0, breaks)
    value = float(action_values(world, np.array([fine, worn], dtype=float), gamma)[0, 0])
    mean = (1 - breaks) * fine + breaks * worn
    return Made(
        prompt=f"A fine coffee machine (F) earns {brew} a day by brewing. The next day it is still fine with "
        f"probability "
        f"{plain(1 - breaks)} and worn (W) with probability {breaks}. The values of the states are so far $v(F) = "
        f"{fine}$ and $v(W) = {worn}$, and the discount is $\\gamma = {gamma}$. What is brewing in F worth by the "
        "Bellman equation?",
        answer=value,
        hints=(
            "Two parts: the reward now, and what the next state is worth on average.",
            r"$q = r + \gamma \times$ the mean value of the next state, weighted by the probabilities.",
            f"The next state is worth ${plain(1 - breaks)} \\times {fine} + {breaks} \\times {worn} = {plain(mean)}$ "
            f"on "
            "average.",
        ),
        solution=f"${brew} + {gamma} \\times {plain(mean)} = {value:.2f}$",
        mistakes=(
            (brew + mean, "The discount is missing."),
            (gamma * mean, "The reward of the day itself is missing."),
            (gamma * (brew + mean), "The reward now is not discounted; only what follows is."),
            (brew + gamma * (fine + worn) / 2, "The two next states are not equally likely."),
            (brew + gamma * fine, "The machine may be worn the next day; that state counts too."),
        ),
    )


@generator("mdp_greedy", 10, "What is the Bellman optimality equation?", "best action by values")
@sound
def greedy(rng: np.random.Generator) -> Made:
    """argmax over a of r + gamma v(s'), for three sure actions (Sutton & Barto, equation 4.9); plain NumPy."""
    gamma = one_of(rng, (0.5, 0.8, 0.9))
    reward, value = rng.integers(-3, 11, size=3), rng.integers(0, 25, size=3)
    q = reward + gamma * value
    apart = np.sort(q)
    if apart[2] - apart[1] < 0.5 or q.argmax() == reward.argmax() or len(set(reward.tolist())) < 3:
        return greedy(rng)
    best, names = int(q.argmax()), ("left", "right", "wait")
    why = [
        f"It is worth ${reward[i]} + {gamma} \\times {value[i]} = {plain(float(q[i]))}$." for i in range(3)
    ]
    other = (best + 1) % 3
    rows = [(names[i], int(reward[i]), int(value[i])) for i in range(3)]
    return Made(
        prompt=f"In some state an agent has three actions, each with a certain result. The discount is $\\gamma = "
        f"{gamma}$."
        " Which action is best?\n\n" + table(("action", "reward", "value of the next state"), *rows),
        options=choices(
            (names[best], why[best]),
            *((names[i], why[i]) for i in range(3) if i != best),
        ),
        hints=(
            "It is not the action with the largest reward.",
            "Compare reward plus discount times the value of the next state.",
            f"“{names[other]}”: ${reward[other]} + {gamma} \\times {value[other]} = {plain(float(q[other]))}$. Do "
            f"the same "
            "for the others.",
        ),
        solution=" ".join(f"{names[i].capitalize()}: ${plain(float(q[i]))}$." for i in range(3))
        + f" The largest is that of “{names[best]}”.",
    )


@generator("mdp_sweep", 10, "How does value iteration work?", "value iteration sweep")
@sound
def sweep(rng: np.random.Generator) -> Made:
    """The values after two sweeps, by labs.cores.mdp.value_iteration (Sutton & Barto, equation 4.10)."""
    gamma = one_of(rng, (0.5, 0.8, 0.9))
    brew, worn, repair = int(rng.integers(8, 16)), int(rng.integers(1, 6)), -int(rng.integers(1, 5))
    seen = value_iteration(_machine(brew, worn, repair, 0.5), gamma, 0.01).snapshots
    value = float(seen[2][1])
    q_brew, q_repair = worn + gamma * worn, repair + gamma * brew
    if abs(q_brew - q_repair) < 0.3:
        return sweep(rng)
    better = "repairing" if q_repair > q_brew else "brewing"
    return Made(
        prompt=f"A coffee machine is fine (F) or worn (W). Brewing in F pays {brew} and leads to F or W, each with "
        f"chance "
        f"0.5. Brewing in W pays {worn} and stays in W; repairing in W pays ${repair}$ and leads to F. The discount "
        f"is "
        f"$\\gamma = {gamma}$. Value iteration starts with zeros; its first sweep gives $v(F) = {brew}$ and $v(W) = "
        f"{worn}$. What is $v(W)$ after the second sweep (all new values are made from the old ones)?",
        answer=value,
        hints=(
            "A worn machine can do two things; value iteration takes the better one.",
            r"For each action: reward plus $\gamma$ times the old value of the state it leads to. Then the larger.",
            f"Work out brewing, ${worn} + {gamma} \\times {worn}$, and repairing, ${repair} + {gamma} \\times "
            f"{brew}$.",
        ),
        solution=f"Brewing: ${worn} + {gamma} \\times {worn} = {plain(q_brew)}$. Repairing: ${repair} + {gamma} "
        f"\\times "
        f"{brew} = {plain(q_repair)}$. The larger, by {better}, is $v(W) = {value:.2f}$.",
        mistakes=(
            (
                min(q_brew, q_repair),
                "That is the worse of the two actions; value iteration takes the better one.",
            ),
            (
                (q_brew + q_repair) / 2,
                "That is the mean of the actions; value iteration takes the better one.",
            ),
            (float(seen[2][0]), "That is the new value of F."),
            (float(seen[3][1]), "That is one sweep further on."),
            (repair + float(brew), "The discount is missing."),
        ),
    )


@generator("mdp_q_learning", 10, "What is Q-learning?", "Q-learning update")
@sound
def q_learning(rng: np.random.Generator) -> Made:
    """Q + alpha (r + gamma max Q' - Q) (Sutton & Barto, equation 6.8); plain arithmetic, as one line of the core."""
    alpha, gamma = one_of(rng, (0.1, 0.2, 0.5)), one_of(rng, (0.5, 0.8, 0.9))
    old, reward = int(rng.integers(2, 16)), int(rng.integers(-4, 13))
    q1, q2 = (int(v) for v in rng.choice(np.arange(1, 21), size=2, replace=False))
    target = reward + gamma * max(q1, q2)
    new = old + alpha * (target - old)
    if abs(target - old) < 1 or reward == 0:
        return q_learning(rng)
    return Made(
        prompt=f"An agent in state $s$ takes action $a$, gets the reward ${reward}$ and lands in $s'$. So far $Q(s, "
        f"a) = "
        f"{old}$, and its two actions in $s'$ have the values ${q1}$ and ${q2}$. What is $Q(s, a)$ after one step of "
        f"Q-learning, with $\\alpha = {alpha}$ and $\\gamma = {gamma}$?",
        answer=new,
        hints=(
            "First find the target: the reward, and what is still to come.",
            r"The target is $r + \gamma \max Q(s', a')$; then new = old + α × (target - old).",
            f"Of the two values in $s'$ the larger counts, ${max(q1, q2)}$: the target is ${reward} + {gamma} "
            f"\\times "
            f"{max(q1, q2)} = {plain(target)}$.",
        ),
        solution=f"${old} + {alpha} \\times ({plain(target)} - {old}) = {fixed(new)}$",
        mistakes=(
            (target, "That is the target; the estimate only moves a part of the way towards it."),
            (
                old + alpha * (reward + gamma * min(q1, q2) - old),
                "Q-learning counts on the best next action.",
            ),
            (old + alpha * target, "The old estimate is to be taken off the target first."),
            (old + alpha * (reward - old), "What is still to come after the reward is missing."),
            (old + alpha * (reward + max(q1, q2) - old), "The discount is missing."),
        ),
    )


@generator("mdp_sarsa", 10, "What is SARSA, and how does it differ?", "SARSA against Q-learning")
@sound
def sarsa(rng: np.random.Generator) -> Made:
    """The same step by both rules (Sutton & Barto, equations 6.7 and 6.8); plain arithmetic."""
    alpha, gamma = one_of(rng, (0.1, 0.2, 0.5)), one_of(rng, (0.5, 0.8, 0.9))
    old, reward = int(rng.integers(2, 16)), int(rng.integers(1, 13))
    low, high = (int(v) for v in np.sort(rng.choice(np.arange(1, 21), size=2, replace=False)))
    by_q = old + alpha * (reward + gamma * high - old)
    by_sarsa = old + alpha * (reward + gamma * low - old)
    mean = old + alpha * (reward + gamma * (low + high) / 2 - old)
    if abs(by_q - by_sarsa) < 0.2:
        return sarsa(rng)

    def said(first: float, second: float) -> str:
        return f"Q-learning ${fixed(first)}$, SARSA ${fixed(second)}$"

    return Made(
        prompt=f"$Q(s, a) = {old}$. The agent takes $a$, gets the reward {reward} and lands in $s'$, where its two "
        f"actions "
        f"have the values {high} and {low}. It explores, and takes the action worth {low} next. With $\\alpha = "
        f"{alpha}$ "
        f"and $\\gamma = {gamma}$, what do the two methods make of $Q(s, a)$?",
        options=choices(
            (
                said(by_q, by_sarsa),
                "Q-learning counts on the best next action, SARSA on the one really taken.",
            ),
            (said(by_sarsa, by_q), "They are swapped: it is SARSA that counts on the action really taken."),
            (said(by_q, by_q), "SARSA counts on the action that is really taken, and that is not the best."),
            (said(by_q, mean), "SARSA counts on the one action taken, not on the mean of both."),
        ),
        hints=(
            "The two differ only in what they count on for the next state.",
            "Q-learning takes the largest value in $s'$; SARSA that of the action which is really taken.",
            f"The targets are ${reward} + {gamma} \\times {high}$ for Q-learning and ${reward} + {gamma} \\times "
            f"{low}$ for "
            "SARSA.",
        ),
        solution=f"Q-learning: ${old} + {alpha} \\times ({plain(reward + gamma * high)} - {old}) = {fixed(by_q)}$. "
        f"SARSA: "
        f"${old} + {alpha} \\times ({plain(reward + gamma * low)} - {old}) = {fixed(by_sarsa)}$.",
    )


def _networks(learning: list[int], target: list[int]) -> str:
    """The values of two networks for three actions, as a table."""
    return table(("network", "left", "right", "wait"), ("learning", *learning), ("target", *target))


def _two_networks(rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Values of three actions by two networks that do not agree on the best one."""
    while True:
        both = rng.choice(np.arange(1, 13), size=(2, 3), replace=False)
        if both[0].argmax() != both[1].argmax():
            return both[0].tolist(), both[1].tolist()


@generator("dqn_target", 10, "How does a deep Q-network keep learning stable?", "target of a DQN")
@sound
def dqn_target(rng: np.random.Generator) -> Made:
    """y = r + gamma max Q(s', a'; target), or y = r at the end (Mnih et al. 2015, algorithm 1); plain arithmetic."""
    learning, target = _two_networks(rng)
    gamma, reward, ends = one_of(rng, (0.5, 0.9, 0.99)), int(rng.integers(1, 6)), bool(rng.random() < 0.25)
    follows = gamma * max(target)
    y = reward + (0.0 if ends else follows)
    where = "The step ended the episode" if ends else "The episode went on"
    return Made(
        prompt=f"A deep Q-network takes a step from its replay memory: reward {reward}, then the state $s'$. "
        f"{where}. The "
        f"table says what its two networks make of $s'$. What is the target $y$, with $\\gamma = {gamma}$ (plain "
        f"DQN, not "
        f"double)?\n\n{_networks(learning, target)}",
        answer=y,
        hints=(
            "Which of the two networks stays still for a while, and why?",
            "The target is the reward, plus the discounted best value of $s'$ by the target network, if the episode "
            "went on.",
            f"The reward is {reward}. Look whether anything followed; if so, use the row “target” of the table.",
        ),
        solution=f"$y = r = {y:.2f}$: after the end nothing follows."
        if ends
        else f"$y = {reward} + {gamma} \\times {max(target)} = {y:.2f}$",
        mistakes=(
            (reward + follows, "The episode is over: nothing follows, so the target is the reward alone."),
            (reward + gamma * max(learning), "The target comes from the target network."),
            (reward + gamma * target[int(np.argmax(learning))], "That is double DQN's target."),
            (float(reward + max(target)), "The discount is missing."),
        ),
    )


@generator("dqn_double", 10, "What is double DQN?", "target of double DQN")
@sound
def dqn_double(rng: np.random.Generator) -> Made:
    """y = r + gamma Q(s', argmax by the learning network; target) (van Hasselt et al. 2016, equation 4)."""
    learning, target = _two_networks(rng)
    gamma, reward = one_of(rng, (0.5, 0.8, 0.9)), int(rng.integers(-3, 6))
    at = int(np.argmax(learning))
    y = reward + gamma * target[at]
    name = ("left", "right", "wait")[at]
    return Made(
        prompt=f"A step brought the reward ${reward}$ and the state $s'$; the episode goes on. The table says what "
        f"the two "
        f"networks make of $s'$. What is the target of double DQN, with $\\gamma = {gamma}$?\n\n"
        + _networks(learning, target),
        answer=y,
        hints=(
            "One network chooses, the other one judges.",
            "The learning network chooses the action; the target network says what that action is worth.",
            f"The learning network likes “{name}” best. What does the target network say of it?",
        ),
        solution=f"The learning network chooses “{name}”; the target network gives it ${target[at]}$. So "
        f"$y = {reward} {signed(gamma * target[at])} = {fixed(y)}$.",
        mistakes=(
            (
                reward + gamma * max(target),
                "That is plain DQN: here the learning network chooses the action.",
            ),
            (reward + gamma * max(learning), "The target network judges the action that was chosen."),
            (reward + gamma * learning[int(np.argmax(target))], "The two networks have swapped their parts."),
            (float(reward + target[at]), "The discount is missing."),
        ),
    )
