"""Lecture 9: estimates, exploring, UCB, gradient bandits and regret."""

from __future__ import annotations

import numpy as np

from labs.cores.bandit import softmax, ucb
from tutor.quiz.generators import Made, generator
from tutor.quiz.question import Option


@generator(
    "bandit_update", 9, "How can we update a mean without storing every reward?", "updating an estimate"
)
def update(rng: np.random.Generator) -> Made:
    """Q_{n+1} = Q_n + (R_n - Q_n) / n (Sutton & Barto, equation 2.3)."""
    n = int(rng.integers(3, 9))
    old, reward = round(float(rng.uniform(0.2, 2.0)), 1), round(float(rng.uniform(-1.0, 3.0)), 1)
    if abs(reward - old) < 0.3:
        reward = round(reward + 0.5, 1)
    new = old + (reward - old) / n
    return Made(
        prompt=f"After {n - 1} pulls the estimate of an arm is $Q = {old}$. Pull number {n} brings the reward "
        f"{reward}. What is the new estimate, if it is the mean of all rewards?",
        answer=new,
        hints=(
            "Only the old estimate, the new reward and the count are needed.",
            "The rule is new = old + step × (reward − old). Which step makes a plain mean?",
            f"The step is $1/{n}$, and the surprise is ${reward} - {old} = {reward - old:.1f}$.",
        ),
        solution="$Q_{new} = Q + \\frac{1}{n}(R - Q) = "
        f"{old} + \\frac{{1}}{{{n}}}({reward} - {old}) = {new:.2f}$",
        mistakes=(
            (
                old + (reward - old) / (n - 1),
                f"That divides by the {n - 1} pulls before; this one is number {n}.",
            ),
            (
                (old + reward) / 2,
                "That is the middle of old estimate and reward: it forgets how many pulls there were.",
            ),
            (reward, "That is the last reward alone."),
        ),
    )


@generator("bandit_constant_step", 9, "What changes when the rewards drift over time?", "constant step size")
def constant_step(rng: np.random.Generator) -> Made:
    """Q_{n+1} = Q_n + alpha (R_n - Q_n) (Sutton & Barto, equation 2.5), twice."""
    alpha = float(rng.choice([0.1, 0.2, 0.5]))
    old = round(float(rng.uniform(0, 1.5)), 1)
    first, second = (round(float(r), 1) for r in rng.uniform(1.0, 4.0, size=2))
    middle = old + alpha * (first - old)
    new = middle + alpha * (second - middle)
    return Made(
        prompt=f"An agent uses the constant step size $\\alpha = {alpha}$. Its estimate is $Q = {old}$; then come the "
        f"rewards {first} and {second}. What is the estimate after both?",
        answer=new,
        hints=(
            "Do one reward after the other.",
            "Each time: new = old + α × (reward − old).",
            f"After the first reward: ${old} + {alpha} \\times ({first} - {old}) = {middle:.3f}$.",
        ),
        solution=f"After {first}: ${middle:.3f}$. After {second}: "
        f"${middle:.3f} + {alpha}({second} - {middle:.3f}) = {new:.2f}$",
        mistakes=((middle, "That is the estimate after the first reward only."),),
    )


@generator(
    "bandit_best_share", 9, "What is epsilon-greedy, and how does the algorithm work?", "exploring by chance"
)
def best_share(rng: np.random.Generator) -> Made:
    """The most often that epsilon-greedy can pull the best arm: 1 - eps + eps/k."""
    arms = int(rng.choice([4, 5, 8, 10, 20]))
    epsilon = float(rng.choice([0.05, 0.1, 0.2, 0.3]))
    share = 1 - epsilon + epsilon / arms
    return Made(
        prompt=f"An $\\varepsilon$-greedy agent with $\\varepsilon = {epsilon}$ knows which of its {arms} arms is "
        "best. With what probability does it pull the best arm at the next step?",
        answer=share,
        decimals=3,
        hints=(
            "There are two ways to end on the best arm.",
            "It can be greedy, or explore and hit the best arm by luck.",
            f"Greedy: $1 - {epsilon}$. Exploring and lucky: ${epsilon} \\times 1/{arms}$.",
        ),
        solution=f"$1 - \\varepsilon + \\varepsilon/k = 1 - {epsilon} + {epsilon}/{arms} = {share:.3f}$",
        mistakes=((1 - epsilon, "That forgets that a random pull can hit the best arm too."),),
    )


@generator("bandit_ucb", 9, "How does UCB choose an arm?", "upper confidence bound")
def ucb_choice(rng: np.random.Generator) -> Made:
    """A_t = argmax Q + c sqrt(ln t / N) (Sutton & Barto, equation 2.10)."""
    while True:
        q = np.round(rng.uniform(0.2, 1.6, size=3), 1)
        n = rng.integers(2, 40, size=3)
        t, c = int(n.sum()) + 1, 1.0
        bound = q + c * np.sqrt(np.log(t) / n)
        apart = np.sort(bound)
        if apart[-1] - apart[-2] > 0.1 and bound.argmax() != q.argmax():
            break
    best = int(ucb(q[None], n[None], t, c)[0])
    rows = "\n".join(f"| {i + 1} | {q[i]} | {n[i]} |" for i in range(3))
    why = [f"Its bound is ${q[i]} + \\sqrt{{\\ln {t} / {n[i]}}} = {bound[i]:.2f}$." for i in range(3)]
    return Made(
        prompt=f"UCB with $c = 1$ is about to make pull number $t = {t}$. Which arm does it choose?\n\n"
        f"| arm | estimate | pulls so far |\n|---|---|---|\n{rows}",
        options=tuple(Option(f"arm {i + 1}", i == best, why[i]) for i in range(3)),
        hints=(
            "It is not the arm with the highest estimate.",
            "An arm that was pulled rarely gets a large bonus.",
            f"The bonus is $\\sqrt{{\\ln {t} / N}}$; for arm {(best + 1) % 3 + 1} it is "
            f"${np.sqrt(np.log(t) / n[(best + 1) % 3]):.2f}$.",
        ),
        solution=" ".join(f"Arm {i + 1}: {bound[i]:.2f}." for i in range(3))
        + f" The highest is arm {best + 1}.",
    )


@generator("bandit_softmax", 9, "What is a gradient bandit?", "preferences to probabilities")
def preferences(rng: np.random.Generator) -> Made:
    """pi(a) = exp H(a) / sum exp H(b) (Sutton & Barto, equation 2.11)."""
    h = np.round(rng.choice([0.0, 0.5, 1.0, 1.5, 2.0], size=3, replace=False), 1)
    share = softmax(h[None])[0]
    at = int(rng.integers(3))
    return Made(
        prompt=f"A gradient bandit has the preferences $H = ({h[0]}, {h[1]}, {h[2]})$ for its three arms. With what "
        f"probability does it pull arm {at + 1}?",
        answer=float(share[at]),
        hints=(
            "Preferences become probabilities by the softmax.",
            "Take $e^H$ of each, and divide by their sum.",
            f"The sum is $e^{{{h[0]}}} + e^{{{h[1]}}} + e^{{{h[2]}}} = {np.exp(h).sum():.2f}$.",
        ),
        solution=f"$e^{{{h[at]}}} / {np.exp(h).sum():.2f} = {share[at]:.2f}$",
        mistakes=(
            (
                float(h[at] / h.sum()),
                "That divides the preferences themselves; the softmax takes $e^H$ first.",
            ),
        ),
    )


@generator("bandit_regret", 9, "What is regret?", "regret")
def regret(rng: np.random.Generator) -> Made:
    """The sum of q* - q(a) over the pulls."""
    values = np.round(np.sort(rng.uniform(0.2, 2.0, size=3))[::-1], 1)
    if len(set(values.tolist())) < 3:
        values = np.array([1.6, 1.1, 0.4])
    order = rng.permutation(3)
    values = values[order]
    pulls = rng.integers(3, 20, size=3)
    lost = float(((values.max() - values) * pulls).sum())
    rows = "\n".join(f"| {i + 1} | {values[i]} | {pulls[i]} |" for i in range(3))
    earned = float((values * pulls).sum())
    return Made(
        prompt=f"An agent has pulled three arms as often as the table says. How much regret is that?\n\n"
        f"| arm | true value | pulls |\n|---|---|---|\n{rows}",
        answer=lost,
        decimals=1,
        hints=(
            "Regret counts what was lost against always pulling the best arm.",
            "A pull of the best arm loses nothing.",
            f"The best arm is worth {values.max()}; each pull of another loses the difference.",
        ),
        solution=" + ".join(f"{pulls[i]} × {values.max() - values[i]:.1f}" for i in range(3))
        + f" = {lost:.1f}",
        mistakes=((earned, "That is the reward that was earned, not what was lost."),),
    )
