"""What the labs room adds to a lab's own definition: which settings come first, and settings that tell a story.

A preset is a handful of values with the one sentence that a student is to check against the run. Everything else of
a form is read from the lab itself; a lab that is not named here has its first settings on top and no stories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labs.base import Lab

FIRST = 5  # settings on top, of a lab that says nothing here


@dataclass(frozen=True)
class Preset:
    """Values to run with: what differs from the lab's defaults, its name, and what will be seen."""

    name: str
    story: str
    values: Mapping[str, Any]


def common(lab: Lab) -> tuple[str, ...]:
    """The settings that most students want to change, in the order of the form."""
    return COMMON.get(lab.id) or tuple(info.name for info in lab.parameters[:FIRST])


def presets(lab: Lab) -> tuple[Preset, ...]:
    """The stories of a lab; empty where there are none."""
    return PRESETS.get(lab.id, ())


COMMON: Mapping[str, tuple[str, ...]] = {
    "regression": ("dataset", "method", "degree", "learning_rate", "epochs"),
    "backprop": ("dataset", "hidden", "activation", "learning_rate", "epochs"),
    "classification": ("dataset", "models", "k", "max_depth", "scale_features"),
    "cnn": ("dataset", "architecture", "epochs", "learning_rate", "dropout"),
    "language_model": ("text", "steps", "context", "temperature", "prompt"),
    "bandit": ("policies", "epsilons", "arms", "steps", "drift"),
    "trading": ("tickers", "policy", "epsilon", "cost_bps", "start"),
    "mdp": ("world", "method", "gamma", "slip", "episodes"),
    "dqn": ("episodes", "learning_rate", "gamma", "epsilon_decay", "n_step"),
    "rnn": ("cell", "text", "hidden", "steps", "clip"),
    "lstm_stock": ("ticker", "predict", "leak", "lookback", "epochs"),
}

PRESETS: Mapping[str, tuple[Preset, ...]] = {
    "regression": (
        Preset(
            "Too large a step",
            "Every step overshoots the valley by more than it came from: the loss grows without end.",
            {"learning_rate": 1.1, "epochs": 60},
        ),
        Preset(
            "Too small a step",
            "Gradient descent goes the right way, and 200 steps later it is still far from the line.",
            {"learning_rate": 0.001},
        ),
        Preset(
            "Too many bends",
            "With 15 powers and few points the curve hits what it has seen and misses what it has not.",
            {"dataset": "curve", "method": "ols", "degree": 15, "samples": 24},
        ),
        Preset(
            "Ridge to the rescue",
            "The same 15 powers, with a price on large weights: the curve calms down and the unseen points fit.",
            {
                "dataset": "curve",
                "method": "ols",
                "degree": 15,
                "samples": 24,
                "regularisation": "ridge",
                "alpha": 1.0,
            },
        ),
        Preset(
            "Forgot to scale",
            "Ten medical features as they come: without scaling the same steps hardly get anywhere.",
            {"dataset": "diabetes", "scale_features": [True, False]},
        ),
    ),
    "backprop": (
        Preset(
            "One unit is not enough",
            "A single hidden unit can only cut the plane once, and two rings need more than one cut.",
            {"dataset": "circles", "hidden": [1]},
        ),
        Preset(
            "Too large a step",
            "Steps of Adam that are fifty times too long: the network never finds its way back.",
            {"learning_rate": 1.0, "epochs": 100},
        ),
        Preset(
            "The gradient fades away",
            "Six layers of sigmoids: hardly any gradient reaches the first one, and nothing is learnt.",
            {
                "hidden": [16, 16, 16, 16, 16, 16],
                "activation": "sigmoid",
                "optimizer": "sgd",
                "learning_rate": 0.1,
            },
        ),
        Preset(
            "Learning the noise by heart",
            "A large network, few and noisy points: all of the training, and less of the test.",
            {"dataset": "moons", "noise": 0.5, "samples": 80, "hidden": [64, 64], "epochs": 1000},
        ),
    ),
    "classification": (
        Preset(
            "Forgot to scale",
            "Distances in wine are ruled by one large column until every column gets the same spread.",
            {"dataset": "wine", "models": ["knn", "svm", "tree"], "scale_features": [True, False]},
        ),
        Preset(
            "How many neighbours?",
            "Among a hundred neighbours of a handwritten digit are many others, and they outvote the right one.",
            {"dataset": "digits", "models": ["knn"], "k": [1, 5, 100]},
        ),
        Preset(
            "A tree that may ask one question",
            "One question can only name two of the ten digits; left alone, the tree asks what it needs.",
            {"dataset": "digits", "models": ["tree"], "max_depth": [1, 4, None]},
        ),
        Preset(
            "Hardly anything to learn from",
            "Nine rows in ten are kept back: see which of the six still learn from the rest.",
            {"dataset": "breast_cancer", "test_fraction": 0.9},
        ),
    ),
    "cnn": (
        Preset(
            "After one pass",
            "One look at each image is enough for most digits, and for some odd mistakes.",
            {"epochs": 1},
        ),
        Preset(
            "Too large a step",
            "The first steps wreck the filters, and the network ends as a coin with ten sides.",
            {"learning_rate": 1.0, "epochs": 5},
        ),
        Preset(
            "Nine units in ten asleep",
            "So much dropout leaves the network behind: in three passes it does not catch up.",
            {"dropout": [0.0, 0.9], "epochs": 3},
        ),
        Preset(
            "Two ways to build it",
            "The same three passes through LeNet and through a small ResNet.",
            {"architecture": ["lenet", "resnet"], "epochs": 3},
        ),
    ),
    "language_model": (
        Preset(
            "It has hardly read anything",
            "After twenty steps it knows which letters are common, and not one word.",
            {"steps": 20},
        ),
        Preset(
            "Always the likeliest letter",
            "At temperature 0 it writes safe words, and then the same words again.",
            {"temperature": 0.0, "steps": 200},
        ),
        Preset(
            "Throwing dice",
            "At temperature 2 nearly every letter is possible, and few words are real.",
            {"temperature": 2.0, "steps": 200},
        ),
        Preset(
            "Eight letters of memory",
            "A surprise: after 150 steps the short memory is ahead. Looking further back takes longer to learn.",
            {"context": [8, 64], "steps": 150},
        ),
    ),
    "bandit": (
        Preset(
            "No exploration at all",
            "The greedy agent falls for the first arm that looks good and seldom finds the best one.",
            {"epsilons": [0]},
        ),
        Preset(
            "A pinch of curiosity",
            "One random pull in ten finds the best arm early; one in a hundred finds it late.",
            {"epsilons": [0, 0.01, 0.1]},
        ),
        Preset(
            "Curious for ever",
            "Half of all pulls stay random: it knows the best arm and does not use it.",
            {"epsilons": [0.1, 0.5]},
        ),
        Preset(
            "Five ways to explore",
            "From blind chance to doubt that is measured: compare what each of them loses.",
            {"policies": ["epsilon_greedy", "optimistic", "ucb", "gradient", "thompson"], "epsilons": [0.1]},
        ),
        Preset(
            "The world moves on",
            "The arms wander: an average of all the past is out of date, a constant step keeps up.",
            {"drift": 0.05, "epsilons": [0.1], "step_size": [None, 0.1], "steps": 2000, "runs": 500},
        ),
    ),
    "trading": (
        Preset(
            "Luck looks like skill",
            "The bandit on eight large stocks: count how many random traders did as well.",
            {"random_strategies": 1000},
        ),
        Preset(
            "The broker wins",
            "The same trades, with a cost for each switch: watch the return go.",
            {"cost_bps": [0, 10, 50]},
        ),
        Preset(
            "Dice instead of learning",
            "A random stock every day, and the broker is paid for every change of mind.",
            {"epsilon": [0.1, 1.0], "cost_bps": 20},
        ),
    ),
    "mdp": (
        Preset(
            "How far ahead?",
            "The smaller gamma is, the less a reward that is some steps away is worth now.",
            {"gamma": [0.5, 0.9, 0.99]},
        ),
        Preset(
            "Along the cliff",
            "Q-learning learns the short way along the edge and falls off while it learns; SARSA keeps away.",
            {"world": "cliff", "method": ["q_learning", "sarsa"], "gamma": 1.0, "alpha": 0.5},
        ),
        Preset(
            "Ice that slips",
            "The best plan on dry ground and on ice: on ice even the best plan often ends in a hole.",
            {"world": "frozen_lake", "slip": [0.0, 0.67], "gamma": 0.99},
        ),
        Preset(
            "Never off the beaten track",
            "Without a single random move the learner on the large lake never sees the goal in 500 episodes.",
            {"world": "frozen_lake_8x8", "method": "q_learning", "epsilon": 0.0, "slip": 0.0},
        ),
    ),
    "dqn": (
        Preset(
            "Too few games",
            "After twenty games most pushes are still random, and the pole falls within a second.",
            {"episodes": 20},
        ),
        Preset(
            "Short-sighted",
            "With gamma 0.5 a fall that is ten steps away is worth next to nothing.",
            {"gamma": 0.5, "episodes": 120},
        ),
        Preset(
            "One reward at a time",
            "The network of 2013 counted one reward before it guessed the rest; with twenty, news travels faster.",
            {"n_step": [1, 20], "episodes": 80},
        ),
    ),
    "rnn": (
        Preset(
            "Gates against forgetting",
            "How much of the gradient is left twenty characters back: a plain cell beside an LSTM.",
            {"cell": ["rnn", "lstm"], "steps": 150},
        ),
        Preset(
            "No brakes",
            "A step far too long and no clipping: the loss jumps instead of falling.",
            {"learning_rate": 0.3, "clip": 0.0, "steps": 150},
        ),
        Preset(
            "A very small memory",
            "Four numbers have to hold all that has been read; sixty-four hold much more.",
            {"hidden": [4, 64], "steps": 150},
        ),
    ),
    "lstm_stock": (
        Preset(
            "Beaten by yesterday",
            "Taught on prices, it draws a curve that looks right, and loses against yesterday's price.",
            {"predict": "price"},
        ),
        Preset(
            "A peek at the future",
            "With a leak the scaler has seen the test days: compare what that does to the error.",
            {"predict": "price", "leak": [False, True]},
        ),
        Preset(
            "Learning the noise by heart",
            "A larger network and more passes: the past fits better, and tomorrow does not.",
            {"hidden": 64, "epochs": 150, "lookback": 20},
        ),
    ),
}
