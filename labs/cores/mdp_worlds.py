"""The small worlds of lecture 10: Markov decision processes written out as arrays.

Sources: Sutton & Barto, Reinforcement Learning: An Introduction, 2nd ed. (Examples 3.5, 4.1, 4.3 and 6.6);
FrozenLake after the maps and the transition rule that Gymnasium publishes for FrozenLake-v1.
Knows states, moves and rewards; knows nothing of how they are solved (labs/cores/mdp.py) or drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class World:
    """A finite Markov decision process: S states, A actions, up to K outcomes of each action.

    `following[k, s, a]` is reached with chance `chance[k, s, a]` and pays `payoff[k, s, a]`; together they
    are the p(s', r | s, a) of section 3.1. A terminal state leads to itself and pays 0.
    """

    name: str
    rows: int
    columns: int
    following: np.ndarray  # (K, S, A) int
    chance: np.ndarray  # (K, S, A), sums to 1 over K
    payoff: np.ndarray  # (K, S, A)
    allowed: np.ndarray  # (S, A) bool: what a random player chooses from
    terminal: np.ndarray  # (S,) bool
    start: int  # the state whose value is reported
    starts: tuple[int, ...]  # where episodes of learning begin, each as likely as the other
    limit: int  # steps after which an episode of learning is broken off
    letters: dict[int, str]  # marks for the picture: the goal, the holes, the cliff

    @property
    def states(self) -> int:
        return len(self.terminal)

    @property
    def reward(self) -> np.ndarray:
        """r(s, a), the expected reward of an action, equation 3.5. (S, A)"""
        return (self.chance * self.payoff).sum(axis=0)


def grid_world(
    name: str,
    rows: int,
    columns: int,
    start: int,
    *,
    terminal: tuple[int, ...] = (),
    step: float = 0.0,
    wall: float | None = None,
    entering: dict[int, float] | None = None,
    jumps: dict[int, tuple[int, float]] | None = None,
    trap: tuple[tuple[int, ...], float] = ((), 0.0),
    slip: float = 0.0,
    random_start: bool = False,
    limit: int = 500,
    letters: dict[int, str] | None = None,
) -> World:
    """A grid with the moves up, right, down and left; cells are numbered row by row from the top left.

    A move off the grid stays put and pays `wall` (none: as any `step`); stepping on a cell of `entering` pays
    what it says; any move out of a cell of `jumps` leads to (cell, reward); stepping into the `trap` pays its
    reward and goes back to the start. With chance `slip` the move turns to one of the two sides instead, each
    as likely.
    """
    entering, jumps = entering or {}, jumps or {}
    moves = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left, as (rows, columns)

    def land(cell: int, move: tuple[int, int]) -> tuple[int, float]:
        if cell in terminal:
            return cell, 0.0
        if cell in jumps:
            return jumps[cell]
        row, column = cell // columns + move[0], cell % columns + move[1]
        if not (0 <= row < rows and 0 <= column < columns):
            return cell, step if wall is None else wall
        there = row * columns + column
        if there in trap[0]:
            return start, trap[1]
        return there, entering.get(there, step)

    # turns[k]: what becomes of the intended move: kept, turned left, turned right
    turns = ((0, 1.0),) if slip == 0 else ((0, 1 - slip), (-1, slip / 2), (1, slip / 2))
    states = rows * columns
    following = np.empty((len(turns), states, 4), dtype=np.intp)
    chance, payoff = np.empty((2, len(turns), states, 4))
    for k, (turn, probability) in enumerate(turns):
        chance[k] = probability
        for cell in range(states):
            for action in range(4):
                following[k, cell, action], payoff[k, cell, action] = land(cell, moves[(action + turn) % 4])
    ends = np.isin(np.arange(states), terminal)
    starts = tuple(int(s) for s in np.flatnonzero(~ends)) if random_start else (start,)
    everything = np.ones((states, 4), dtype=bool)
    return World(
        name,
        rows,
        columns,
        following,
        chance,
        payoff,
        everything,
        ends,
        start,
        starts,
        limit,
        dict(letters or {}),
    )


def gambler_world(heads: float = 0.4, goal: int = 100) -> World:
    """The gambler's problem (Example 4.3): stake 1 to min(s, 100 - s) on a coin; reaching 100 pays 1.

    Action a stakes a + 1. A stake larger than allowed counts as the largest allowed one, so every action does
    something; a random player chooses among the allowed stakes only. The book's stake of 0 is left out: it
    gains nothing.
    """
    capital, most = np.arange(goal + 1), goal // 2
    room = np.minimum(capital, goal - capital)[:, None]  # (S, 1)
    stake = np.minimum(np.arange(1, most + 1), room)  # (S, A)
    terminal = (capital == 0) | (capital == goal)
    following = np.stack([capital[:, None] + stake, capital[:, None] - stake])  # (2, S, A): heads, tails
    chance = np.stack([np.full(stake.shape, heads), np.full(stake.shape, 1 - heads)])
    payoff = ((following == goal) & ~terminal[:, None]).astype(float)
    allowed = np.arange(1, most + 1) <= np.maximum(room, 1)
    starts = tuple(range(1, goal))
    return World(
        "gambler", 1, goal + 1, following, chance, payoff, allowed, terminal, goal // 2, starts, 1000, {}
    )


def frozen_lake(name: str, plan: str, slip: float, limit: int) -> World:
    """A frozen lake, row by row: S start, F ice, H hole (the end, pays 0), G goal (the end, pays 1)."""
    rows = plan.split()
    cells = "".join(rows)
    holes = tuple(i for i, letter in enumerate(cells) if letter == "H")
    goal = cells.index("G")
    marks = {0: "S", goal: "G", **dict.fromkeys(holes, "H")}
    return grid_world(
        name,
        len(rows),
        len(rows[0]),
        0,
        terminal=(*holes, goal),
        entering={goal: 1.0},
        slip=slip,
        limit=limit,
        letters=marks,
    )


def make_world(name: str, slip: float | None = None) -> World:
    """The world of that name; `slip` None keeps its own: 2/3 on the frozen lakes, 0 elsewhere."""
    if name == "gridworld_5x5":  # Example 3.5: A pays 10 and leads to A', B pays 5 and leads to B'
        jumps, marks = {1: (21, 10.0), 3: (13, 5.0)}, {1: "A", 3: "B", 21: "A′", 13: "B′"}
        return grid_world(
            name,
            5,
            5,
            0,
            wall=-1.0,
            jumps=jumps,
            slip=slip or 0.0,
            random_start=True,
            limit=100,
            letters=marks,
        )
    if name == "gridworld_4x4":  # Example 4.1: -1 a move until one of two corners
        return grid_world(
            name, 4, 4, 12, terminal=(0, 15), step=-1.0, slip=slip or 0.0, letters={0: "end", 15: "end"}
        )
    if name == "cliff":  # Example 6.6: -1 a move; the cliff costs 100 and leads back to the start
        cliff = tuple(range(37, 47))
        marks = {36: "S", 47: "G", **dict.fromkeys(cliff, "cliff")}
        return grid_world(
            name, 4, 12, 36, terminal=(47,), step=-1.0, trap=(cliff, -100.0), slip=slip or 0.0, letters=marks
        )
    if name == "frozen_lake":
        return frozen_lake(name, "SFFF FHFH FFFH HFFG", 2 / 3 if slip is None else slip, 100)
    if name == "frozen_lake_8x8":
        plan = "SFFFFFFF FFFFFFFF FFFHFFFF FFFFFHFF FFFHFFFF FHHFFFHF FHFFHFHF FFFHFFFG"
        return frozen_lake(name, plan, 2 / 3 if slip is None else slip, 200)
    return gambler_world()
