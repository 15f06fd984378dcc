"""The parameter schemas of all eleven labs, with the words that students use for them, and nothing that runs.

The router is tuned on the whole contract, also while some labs are still to come; it never sees which.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NoReturn

from pydantic import Field

from labs.base import Lab, LabParams
from labs.fields import param

LR = ("learning rate", "lr", "eta", "step length", "learn rate")
EPOCHS = ("epochs", "training epochs", "passes", "passes over the data")
BATCH = ("batch size", "batch", "batches of", "batches", "minibatch", "mini batch", "minibatch size")
SAMPLES = ("samples", "points", "data points", "examples", "observations", "sample size", "dataset size")
NOISE = ("noise", "noise level", "noisiness", "amount of noise")
TEST = (
    *("test fraction", "test split", "test size", "test share", "test set", "testing", "for testing"),
    *(
        "test data",
        "held out",
        "hold out",
        "held back",
        "hold back",
        "for the test",
        "test",
        "test on",
        "tested on",
        "testing on",
        "kept for testing",
    ),
)
HIDDEN = (
    *("hidden", "hidden units", "hidden size", "hidden neurons", "neurons", "units", "hidden nodes", "nodes"),
    *("hidden state", "hidden dimension"),
)
LAYERS = ("layers", "layer", "depth", "number of layers", "stacked layers")
TEMPERATURE = ("temperature", "temp", "sampling temperature")
EPSILON = (
    *("epsilon", "eps", "exploration rate", "exploration", "explore", "chance of exploring"),
    *("exploration probability", "random actions", "explores", "exploring"),
)
GAMMA = ("gamma", "discount", "discount factor", "discount rate", "discounting")
DROPOUT = ("dropout", "dropout rate", "drop out", "dropout probability")
DATASET = ("dataset", "data set", "data")
OPTIMIZER = ("optimizer", "optimiser", "solver")
OPTIMIZERS = {
    "sgd": ("plain sgd", "stochastic gradient descent", "vanilla sgd", "minibatch sgd"),
    "momentum": ("sgd with momentum", "momentum sgd"),
    "adam": ("adam optimizer", "adam optimiser"),
}
START = ("start", "start date", "starting", "beginning")
END = ("end", "end date", "ending")
NOTES = ("course notes", "lecture notes", "the notes", "class notes")
OWN = ("my own text", "own text", "own words")
TEXT = ("training text", "corpus", "text", "train on", "trained on")
COMPANIES = {
    "AAPL": ("apple",),
    "AMD": ("advanced micro devices",),
    "AMZN": ("amazon",),
    "BAC": ("bank of america",),
    "BBY": ("best buy",),
    "CVX": ("chevron",),
    "DIS": ("disney", "walt disney"),
    "GE": ("general electric",),
    "GOOGL": ("google", "alphabet"),
    "HD": ("home depot",),
    "IBM": ("international business machines",),
    "INTC": ("intel",),
    "JNJ": ("johnson and johnson", "johnson & johnson", "j&j"),
    "JPM": ("jpmorgan", "jp morgan", "jp morgan chase", "jpmorgan chase"),
    "KO": ("coca cola", "coke"),
    "LLY": ("eli lilly", "lilly"),
    "MCD": ("mcdonalds", "mcdonald's"),
    "META": ("facebook", "meta platforms"),
    "MRK": ("merck",),
    "MSFT": ("microsoft",),
    "NFLX": ("netflix",),
    "NKE": ("nike",),
    "NVDA": ("nvidia",),
    "PEP": ("pepsi", "pepsico"),
    "PFE": ("pfizer",),
    "PG": ("procter and gamble", "procter & gamble", "p&g"),
    "RRC": ("range resources",),
    "SPY": ("s&p", "s&p 500", "s and p 500", "sp500"),
    "TSLA": ("tesla",),
    "UNH": ("unitedhealth", "united health", "unitedhealth group"),
    "V": ("visa",),
    "WMT": ("walmart", "wal mart"),
    "XOM": ("exxon", "exxon mobil", "exxonmobil"),
}

Policy = Literal["epsilon_greedy", "decaying_epsilon", "optimistic", "ucb", "gradient", "thompson"]
POLICIES = {
    "epsilon_greedy": ("epsilon greedy", "eps greedy", "e greedy", "greedy", "plain epsilon greedy"),
    "decaying_epsilon": ("decaying epsilon", "epsilon decay", "decaying eps", "decayed epsilon", "decaying"),
    "optimistic": ("optimistic initial values", "optimistic initialisation", "optimistic start", "optimism"),
    "ucb": ("upper confidence bound", "ucb1", "upper confidence bounds"),
    "gradient": ("gradient bandit", "gradient policy", "policy gradient bandit", "softmax policy"),
    "thompson": ("thompson sampling", "posterior sampling", "ts"),
}
BANDIT_POLICIES = POLICIES
REGRESSION_METHODS = {
    "gd": ("gradient descent",),
    "ols": (
        "ordinary least squares",
        "least squares",
        "closed form",
        "closed form solution",
        "normal equation",
    ),
}


class Regression(LabParams):
    dataset: Literal["line", "curve", "diabetes"] = param(
        "line",
        "data to fit",
        synonyms=DATASET,
        choice_synonyms={
            "line": ("line data", "straight line data", "line dataset", "linear data"),
            "curve": ("curve data", "curve dataset", "wavy data", "curved data"),
            "diabetes": ("diabetes data", "diabetes dataset"),
        },
    )
    method: Literal["gd", "ols"] = param(
        "gd", "how the weights are found", synonyms=("method",), choice_synonyms=REGRESSION_METHODS
    )
    degree: int = param(
        1,
        "degree of the polynomial",
        ge=1,
        le=15,
        synonyms=("degrees", "polynomial degree", "order", "polynomial order"),
        choice_synonyms={
            "2": ("quadratic", "parabola"),
            "3": ("cubic",),
            "4": ("quartic",),
            "5": ("quintic",),
        },
    )
    learning_rate: float = param(
        0.1, "size of a step", gt=0, le=10, synonyms=(*LR, "alpha step"), scale="log"
    )
    epochs: int = param(
        200,
        "passes over the data",
        ge=1,
        le=5000,
        synonyms=(*EPOCHS, "iterations", "gradient steps", "steps"),
    )
    regularisation: Literal["none", "ridge", "lasso"] = param(
        "none",
        "penalty on the weights",
        synonyms=("regularisation", "penalty", "regulariser", "shrinkage"),
        choice_synonyms={
            "ridge": ("ridge regression", "l2 penalty", "l2 regularisation", "l2"),
            "lasso": ("lasso regression", "l1 penalty", "l1 regularisation", "l1"),
            "none": ("unregularised",),
        },
    )
    alpha: float = param(
        0.1,
        "strength of the penalty",
        ge=0,
        le=1000,
        synonyms=("lambda", "penalty strength", "regularisation strength", "penalty of", "strength"),
    )
    scale_features: bool = param(
        True,
        "bring every feature to the same scale first",
        synonyms=("scaling", "feature scaling", "scale", "standardise", "standardisation", "normalise"),
        choice_synonyms={
            "false": ("unscaled", "raw features", "unscaled features"),
            "true": ("scaled features", "scaled", "standardised"),
        },
    )
    samples: int = param(100, "number of points", ge=10, le=5000, synonyms=SAMPLES)
    noise: float = param(
        1.0,
        "spread of the noise",
        ge=0,
        le=10,
        synonyms=NOISE,
        choice_synonyms={"0": ("noiseless", "noise free")},
    )
    test_fraction: float = param(0.25, "share kept for the test", gt=0, lt=1, synonyms=TEST)


class Backprop(LabParams):
    dataset: Literal["spiral", "moons", "circles", "xor"] = param(
        "spiral",
        "points to tell apart",
        synonyms=DATASET,
        choice_synonyms={
            "spiral": ("spirals", "spiral data"),
            "moons": ("two moons", "half moons", "moon"),
            "circles": ("rings", "concentric circles"),
            "xor": ("exclusive or",),
        },
    )
    hidden: list[Annotated[int, Field(ge=1, le=256)]] = param(
        [16, 16],
        "size of each hidden layer",
        unit="neurons per layer",
        synonyms=(*HIDDEN, "hidden layers", "hidden layer", "layer sizes", "layers"),
    )
    activation: Literal["relu", "tanh", "sigmoid"] = param(
        "relu",
        "the bend in each neuron",
        synonyms=("activation", "activation function", "nonlinearity", "activations"),
        choice_synonyms={
            "relu": ("rectified linear",),
            "sigmoid": ("logistic function",),
            "tanh": ("hyperbolic tangent",),
        },
    )
    optimizer: Literal["sgd", "momentum", "adam"] = param(
        "adam", "rule for the steps", synonyms=OPTIMIZER, choice_synonyms=OPTIMIZERS
    )
    learning_rate: float = param(0.02, "size of a step", gt=0, le=10, synonyms=LR, scale="log")
    epochs: int = param(300, "passes over the data", ge=1, le=5000, synonyms=(*EPOCHS, "iterations"))
    batch_size: int = param(32, "examples a step", ge=1, le=1000, synonyms=BATCH)
    l2: float = param(
        0.0, "weight decay", ge=0, le=1, synonyms=("weight decay", "l2 penalty", "l2 regularisation")
    )
    samples: int = param(300, "number of points", ge=20, le=5000, synonyms=SAMPLES)
    noise: float = param(
        0.2,
        "spread of the noise",
        ge=0,
        le=2,
        synonyms=NOISE,
        choice_synonyms={"0": ("noiseless", "noise free")},
    )


class Classification(LabParams):
    dataset: Literal["iris", "wine", "breast_cancer", "moons", "digits"] = param(
        "iris",
        "data to classify",
        synonyms=DATASET,
        choice_synonyms={
            "iris": ("irises", "flowers", "iris flowers", "iris data"),
            "wine": ("wines", "wine data"),
            "breast_cancer": ("breast cancer", "cancer", "cancer data", "tumours"),
            "moons": ("two moons", "half moons"),
            "digits": ("handwritten digits",),
        },
    )
    models: list[Literal["logistic", "knn", "tree", "forest", "svm", "naive_bayes"]] = param(
        ["logistic", "knn", "tree", "forest", "svm", "naive_bayes"],
        "classifiers to compare",
        synonyms=("models", "classifiers", "model", "classifier"),
        choice_synonyms={
            "logistic": ("logistic regression", "logreg", "log reg", "logit"),
            "knn": ("k nearest neighbours", "nearest neighbours", "k nn", "nearest neighbour", "kneighbours"),
            "tree": ("decision tree", "decision trees", "cart"),
            "forest": ("random forest", "random forests", "rf"),
            "svm": ("support vector machine", "support vector machines", "svc", "support vector classifier"),
            "naive_bayes": ("naive bayes", "bayes", "gaussian naive bayes", "nb"),
        },
    )
    test_fraction: float = param(0.25, "share kept for the test", gt=0, lt=1, synonyms=TEST)
    k: int = param(
        5, "neighbours asked", ge=1, le=100, synonyms=("neighbours", "nearest neighbours", "k value")
    )
    max_depth: int | None = param(
        None,
        "deepest level of a tree",
        ge=1,
        le=50,
        synonyms=(
            "max depth",
            "depth",
            "maximum depth",
            "levels",
            "level",
            "deep",
            "depth limit",
            "tree depth",
        ),
        choice_synonyms={"null": ("unlimited depth", "fully grown", "grow fully")},
    )


class Cnn(LabParams):
    dataset: Literal["digits", "mnist"] = param(
        "digits",
        "images to read",
        synonyms=DATASET,
        choice_synonyms={
            "digits": ("small digits", "sklearn digits", "8x8 digits"),
            "mnist": ("mnist digits", "mnist data"),
        },
    )
    architecture: Literal["simple", "lenet", "vgg", "resnet"] = param(
        "simple",
        "how the layers are put together",
        synonyms=("architecture", "network", "model"),
        choice_synonyms={
            "simple": (
                "simple architecture",
                "simple network",
                "simple model",
                "basic architecture",
                "simple one",
            ),
            "lenet": ("lenet5", "lenet 5", "le net"),
            "vgg": ("vgg style", "vgg net", "vggnet", "vgg16", "mini vgg"),
            "resnet": ("residual network", "res net", "resnets", "skip connections"),
        },
    )
    epochs: int = param(10, "passes over the data", ge=1, le=100, synonyms=EPOCHS)
    learning_rate: float = param(0.002, "size of a step", gt=0, le=1, synonyms=LR, scale="log")
    batch_size: int = param(64, "images a step", ge=1, le=1024, synonyms=BATCH)
    optimizer: Literal["adam", "sgd"] = param(
        "adam",
        "rule for the steps",
        synonyms=OPTIMIZER,
        choice_synonyms={"sgd": OPTIMIZERS["sgd"], "adam": OPTIMIZERS["adam"]},
    )
    dropout: float = param(0.1, "share of units switched off", ge=0, lt=1, synonyms=DROPOUT)
    augment: bool = param(
        False,
        "shift and turn the training images",
        synonyms=("augmentation", "data augmentation", "augmenting", "augmented", "augment the data"),
    )


class LanguageModel(LabParams):
    text: str = param(
        "notes",
        "what it reads",
        synonyms=TEXT,
        max_length=100_000,
        choice_synonyms={"notes": NOTES, "own": OWN},
    )
    tokenizer: Literal["char", "bpe"] = param(
        "char",
        "how text is cut up",
        synonyms=("tokenizer", "tokeniser", "tokenization", "tokens"),
        choice_synonyms={
            "char": ("character", "character level", "char level", "characters", "character tokens"),
            "bpe": ("byte pair encoding", "byte pair", "subword", "subwords", "bpe tokens"),
        },
    )
    layers: int = param(
        2, "blocks", ge=1, le=8, synonyms=(*LAYERS, "blocks", "transformer blocks", "transformer layers")
    )
    heads: int = param(
        4, "attention heads", ge=1, le=16, synonyms=("attention heads", "attention head", "head")
    )
    width: int = param(
        64,
        "numbers per token",
        ge=8,
        le=512,
        synonyms=("embedding size", "embedding dimension", "model width", "wide"),
    )
    context: int = param(
        64,
        "tokens it looks back on",
        ge=8,
        le=512,
        synonyms=("context length", "context window", "context size", "block size"),
    )
    steps: int = param(
        300, "training steps", ge=1, le=5000, synonyms=("training steps", "iterations", "updates")
    )
    learning_rate: float = param(0.003, "size of a step", gt=0, le=1, synonyms=LR, scale="log")
    temperature: float = param(0.8, "how bold the sampling is", gt=0, le=5, synonyms=TEMPERATURE)
    prompt: str = param(
        "The ",
        "where the sample starts",
        max_length=500,
        synonyms=(
            "prompt",
            "starting with",
            "start with",
            "beginning with",
            "prompted with",
            "start it with",
            "continue",
            "start it off with",
            "begin with",
            "prompt it with",
        ),
    )


class Bandit(LabParams):
    arms: int = param(
        10,
        "number of arms",
        ge=2,
        le=100,
        unit="arms",
        synonyms=("arm", "armed", "slot machines", "machines", "levers", "actions", "bandit arms", "choices"),
    )
    steps: int = param(
        1000,
        "pulls per run",
        ge=1,
        le=10_000,
        synonyms=("pulls", "plays", "time steps", "timesteps", "rounds", "turns"),
    )
    runs: int = param(
        2000,
        "runs to average",
        ge=1,
        le=5000,
        synonyms=("repeats", "repetitions", "simulations", "independent runs", "bandit problems", "trials"),
    )
    policies: list[Policy] = param(
        ["epsilon_greedy"],
        "ways to choose an arm",
        synonyms=("policies", "policy", "strategy", "strategies", "agents", "algorithms"),
        choice_synonyms=BANDIT_POLICIES,
    )
    epsilons: list[Annotated[float, Field(ge=0, le=1)]] = param(
        [0, 0.01, 0.1],
        "chances of exploring",
        synonyms=EPSILON,
        choice_synonyms={
            "0": ("pure greedy", "purely greedy", "no exploration", "fully greedy", "completely greedy"),
        },
    )
    c: float = param(
        2.0,
        "how much ucb explores",
        ge=0,
        le=100,
        synonyms=("ucb c", "confidence", "exploration constant", "c value"),
    )
    step_size: float | None = param(
        None,
        "step size of the estimates",
        gt=0,
        le=1,
        synonyms=("step size", "constant step size", "alpha"),
        choice_synonyms={"null": ("sample average", "sample averages", "sample averaging")},
    )
    initial_value: float | None = param(
        None,
        "first estimate of every arm",
        ge=-100,
        le=100,
        synonyms=(
            "initial values",
            "initial estimate",
            "initial estimates",
            "starting value",
            "q0",
            "start value",
        ),
    )
    drift: float = param(
        0.0,
        "spread of the arms' random walk",
        ge=0,
        le=1,
        synonyms=("drifting", "random walk", "nonstationarity"),
        choice_synonyms={"0": ("stationary",)},
    )


class Trading(LabParams):
    tickers: list[str] = param(
        ["AAPL", "MSFT"],
        "stocks to choose from",
        synonyms=("tickers", "ticker", "stocks", "shares", "companies"),
        choice_synonyms=COMPANIES,
    )
    start: str | None = param(None, "first day", unit="date", synonyms=START)
    end: str | None = param(None, "last day", unit="date", synonyms=END)
    epsilon: float = param(0.1, "chance of exploring", ge=0, le=1, synonyms=EPSILON)
    policy: Policy = param(
        "epsilon_greedy", "how a stock is chosen", synonyms=("policy", "strategy"), choice_synonyms=POLICIES
    )
    random_strategies: int = param(
        100,
        "random traders to compare with",
        ge=1,
        le=10_000,
        synonyms=("random strategies", "random traders", "monkeys", "random portfolios"),
    )
    cost_bps: float = param(
        0.0,
        "cost of a trade",
        ge=0,
        le=1000,
        unit="bps",
        synonyms=(
            *(
                "trading costs",
                "trading cost",
                "transaction costs",
                "transaction cost",
                "costs",
                "cost",
                "fees",
            ),
            *("basis points", "commission", "fee"),
        ),
    )


class Mdp(LabParams):
    world: Literal["gridworld_5x5", "gridworld_4x4", "cliff", "frozen_lake", "frozen_lake_8x8", "gambler"] = (
        param(
            "gridworld_5x5",
            "the world",
            synonyms=("world", "environment", "grid", "map"),
            choice_synonyms={
                "gridworld_5x5": (
                    "5x5 gridworld",
                    "5x5",
                    "5x5 grid",
                    "5x5 world",
                    "gridworld 5x5",
                    "big grid",
                ),
                "gridworld_4x4": (
                    "4x4 gridworld",
                    "4x4",
                    "4x4 grid",
                    "4x4 world",
                    "gridworld 4x4",
                    "small grid",
                ),
                "cliff": ("cliff walking", "cliff walk", "cliff world", "cliffwalking", "the cliff"),
                "frozen_lake": ("frozen lake", "frozen lake 4x4", "4x4 frozen lake", "icy lake", "lake"),
                "frozen_lake_8x8": (
                    "frozen lake 8x8",
                    "8x8 frozen lake",
                    "8x8",
                    "big frozen lake",
                    "8x8 lake",
                    "large frozen lake",
                ),
                "gambler": ("gambler's problem", "gamblers problem", "gambler problem", "gambling problem"),
            },
        )
    )
    method: Literal["policy_evaluation", "policy_iteration", "value_iteration", "q_learning", "sarsa"] = (
        param(
            "value_iteration",
            "how it is solved",
            synonyms=("method", "algorithm"),
            choice_synonyms={
                "policy_evaluation": (
                    "policy evaluation",
                    "iterative policy evaluation",
                    "evaluate the random policy",
                ),
                "policy_iteration": ("policy iteration",),
                "value_iteration": ("value iteration",),
                "q_learning": ("q learning", "tabular q learning"),
                "sarsa": ("on policy td control",),
            },
        )
    )
    gamma: float = param(0.9, "discount", ge=0, le=1, synonyms=GAMMA)
    theta: float = param(
        1e-8,
        "change at which it stops",
        gt=0,
        le=1,
        synonyms=("tolerance", "threshold", "stopping threshold", "convergence threshold"),
        scale="log",
    )
    episodes: int = param(
        500, "episodes of learning", ge=1, le=20_000, synonyms=("episode", "games", "rounds")
    )
    alpha: float = param(0.1, "step size", gt=0, le=1, synonyms=(*LR, "step size"))
    epsilon: float = param(0.1, "chance of exploring", ge=0, le=1, synonyms=EPSILON)
    slip: float | None = param(
        None,
        "chance of slipping",
        ge=0,
        le=1,
        synonyms=(
            "slip probability",
            "slipperiness",
            "slipping",
            "chance of slipping",
            "slippery",
            "slips",
            "slip chance",
        ),
        choice_synonyms={
            "0": ("not slippery", "isn't slippery", "non slippery", "no slipping", "no slip", "deterministic")
        },
    )


class Dqn(LabParams):
    episodes: int = param(
        250, "games played", ge=1, le=2000, synonyms=("episode", "games", "training episodes")
    )
    learning_rate: float = param(0.001, "size of a step", gt=0, le=1, synonyms=LR, scale="log")
    gamma: float = param(0.99, "discount", ge=0, le=1, synonyms=GAMMA)
    epsilon_decay: float = param(
        0.98,
        "factor on epsilon after each episode",
        gt=0,
        le=1,
        synonyms=("epsilon decay", "eps decay", "decay", "decay rate", "exploration decay", "decay factor"),
    )
    batch_size: int = param(64, "memories a step", ge=1, le=1024, synonyms=BATCH)
    target_update: int = param(
        10,
        "episodes between copies to the target network",
        ge=1,
        le=10_000,
        synonyms=(
            *("target update", "target updates", "target network every", "update the target network every"),
            *(
                "update the target every",
                "updating the target network every",
                "target network update",
                "target update every",
            ),
            *(
                "target network updates every",
                "target network updated every",
                "sync the target network every",
            ),
        ),
    )
    double: bool = param(
        True,
        "let one network choose and the other judge",
        synonyms=("double q", "double trick", "double q learning", "double dqn", "doubling"),
        choice_synonyms={
            "true": ("double deep q network", "ddqn", "double q network"),
            "false": (
                "single dqn",
                "vanilla dqn",
                "plain dqn",
                "ordinary dqn",
                "original dqn",
                "standard dqn",
            ),
        },
    )


class Rnn(LabParams):
    cell: Literal["rnn", "gru", "lstm"] = param(
        "rnn",
        "kind of memory cell",
        synonyms=("cell", "cell type", "cells", "unit type"),
        choice_synonyms={
            "rnn": ("vanilla rnn", "plain rnn", "rnn cell", "simple rnn", "elman"),
            "gru": ("gru cell", "gated recurrent unit"),
            "lstm": ("lstm cell", "long short term memory"),
        },
    )
    text: str = param(
        "notes",
        "what it reads",
        synonyms=TEXT,
        max_length=100_000,
        choice_synonyms={"notes": NOTES, "own": OWN},
    )
    hidden: int = param(64, "size of the hidden state", ge=1, le=512, synonyms=HIDDEN)
    layers: int = param(1, "layers on top of each other", ge=1, le=4, synonyms=(*LAYERS, "hidden layers"))
    sequence_length: int = param(
        40,
        "characters in one piece",
        ge=2,
        le=500,
        synonyms=(
            "sequence length",
            "sequences of",
            "seq length",
            "seq len",
            "sequences",
            "unroll",
            "bptt",
            "characters long",
        ),
    )
    steps: int = param(
        300, "training steps", ge=1, le=5000, synonyms=("training steps", "iterations", "updates")
    )
    learning_rate: float = param(0.005, "size of a step", gt=0, le=1, synonyms=LR, scale="log")
    clip: float = param(
        1.0,
        "longest gradient allowed",
        ge=0,
        le=100,
        synonyms=(
            "clipping",
            "gradient clipping",
            "clip gradients",
            "clip the gradients",
            "clip norm",
            "gradient clip",
            "clipped",
        ),
    )
    temperature: float = param(0.8, "how bold the sampling is", gt=0, le=5, synonyms=TEMPERATURE)


class LstmStock(LabParams):
    ticker: str = param(
        "AAPL", "stock", synonyms=("ticker", "stock", "company", "share"), choice_synonyms=COMPANIES
    )
    start: str | None = param(None, "first day", unit="date", synonyms=START)
    end: str | None = param(None, "last day", unit="date", synonyms=END)
    lookback: int = param(
        50,
        "days it looks back on",
        ge=2,
        le=250,
        unit="days",
        synonyms=(
            *(
                "look back",
                "lookback window",
                "window",
                "day window",
                "days of history",
                "days back",
                "window size",
            ),
            *("days lookback", "past days", "previous days", "day lookback", "history"),
        ),
    )
    hidden: int = param(16, "size of the hidden state", ge=1, le=256, synonyms=HIDDEN)
    layers: int = param(1, "layers on top of each other", ge=1, le=4, synonyms=LAYERS)
    epochs: int = param(60, "passes over the data", ge=1, le=500, synonyms=EPOCHS)
    learning_rate: float = param(0.01, "size of a step", gt=0, le=1, synonyms=LR, scale="log")
    batch_size: int = param(64, "windows a step", ge=1, le=1024, synonyms=BATCH)
    test_fraction: float = param(0.2, "share kept for the test", gt=0, lt=1, synonyms=TEST)
    predict: Literal["return", "price"] = param(
        "return",
        "what is predicted",
        synonyms=("predict", "target", "predicting", "prediction target"),
        choice_synonyms={
            "return": (
                "predict return",
                "predict the return",
                "predicting returns",
                "daily returns",
                "log returns",
                "target return",
            ),
            "price": (
                "predict price",
                "predict the price",
                "raw price",
                "price itself",
                "actual price",
                "price level",
                "target price",
            ),
        },
    )
    leak: bool = param(
        False,
        "let the scaler see the test set",
        synonyms=(
            "leak",
            "leakage",
            "leaking",
            "data leakage",
            "leaky",
            "leak the test set",
            "leak the test data",
            "cheat",
            "peek",
        ),
        choice_synonyms={"true": ("look ahead", "peeking at the test set"), "false": ("honestly", "honest")},
    )


def _never(params: Any, context: Any) -> NoReturn:
    raise AssertionError("these schemas are for reading, not for running")


def _lab(
    id: str,
    title: str,
    lectures: tuple[int, ...],
    params: type[LabParams],
    synonyms: tuple[str, ...],
    topics: tuple[str, ...],
) -> Lab:
    return Lab(
        id=id,
        title=title,
        lectures=lectures,
        learn=title,
        params=params,
        run=_never,
        synonyms=synonyms,
        topics=topics,
        examples=(f"run the {title.lower()} lab",),
    )


ELEVEN: dict[str, Lab] = {
    lab.id: lab
    for lab in (
        _lab(
            "regression",
            "Linear and polynomial regression",
            (1, 2, 3),
            Regression,
            (
                *(
                    "regression",
                    "linear regression",
                    "polynomial regression",
                    "multiple regression",
                    "line of best fit",
                ),
                *(
                    "gradient descent",
                    "fit a line",
                    "fit a straight line",
                    "straight line fit",
                    "curve fitting",
                ),
                *(
                    "simple regression",
                    "fit a polynomial",
                    "polynomial fit",
                    "polynomial",
                    "linear model",
                    "best fit line",
                ),
                *("simple linear regression", "multiple linear regression", "line fitting", "polynomials"),
            ),
            (
                "overfitting",
                "underfitting",
                "least squares",
                "mean squared error",
                "r squared",
                "cost function",
            ),
        ),
        _lab(
            "backprop",
            "A neural network from scratch",
            (4, 5),
            Backprop,
            (
                *(
                    "backprop",
                    "backpropagation",
                    "neural network",
                    "neural net",
                    "nn",
                    "mlp",
                    "multilayer perceptron",
                ),
                *(
                    "network",
                    "net",
                    "neural network from scratch",
                    "neural net from scratch",
                    "nn from scratch",
                ),
                *("feedforward network", "feed forward network", "perceptron", "network from scratch", "ann"),
                *(
                    "feedforward neural network",
                    "artificial neural network",
                    "back propagation",
                    "neural nets",
                ),
            ),
            ("chain rule", "hidden layer", "activation function", "gradient check", "decision boundary"),
        ),
        _lab(
            "classification",
            "Classifiers compared",
            (6,),
            Classification,
            (
                *(
                    "classification",
                    "classifiers",
                    "classifier comparison",
                    "compare classifiers",
                    "classifier",
                    "classify",
                ),
                *("compare the classifiers", "compare all the classifiers", "classifying"),
            ),
            ("precision", "recall", "f1", "roc", "auc", "confusion matrix", "accuracy"),
        ),
        _lab(
            "cnn",
            "A convolutional network reads digits",
            (7,),
            Cnn,
            (
                *(
                    "cnn",
                    "convnet",
                    "conv net",
                    "convolutional network",
                    "convolutional neural network",
                    "conv network",
                ),
                *(
                    "convolutional net",
                    "convolutional neural net",
                    "simple cnn",
                    "digit recognition",
                    "convolution network",
                ),
                *(
                    "recognise handwritten digits",
                    "handwritten digit recognition",
                    "digit recogniser",
                    "digit classifier",
                ),
                *("read handwritten digits", "image classifier", "basic cnn", "recognise digits"),
            ),
            (
                "convolution",
                "filters",
                "feature maps",
                "pooling",
                "kernel",
                "saliency",
                "handwritten digits",
                "padding",
            ),
        ),
        _lab(
            "language_model",
            "A small transformer language model",
            (8,),
            LanguageModel,
            (
                *("language model", "transformer", "gpt", "tiny gpt", "mini gpt", "llm", "small transformer"),
                *(
                    "large language model",
                    "transformer language model",
                    "nanogpt",
                    "small language model",
                    "lm",
                ),
            ),
            ("attention", "tokens", "next token", "perplexity", "temperature", "tokenizer", "self attention"),
        ),
        _lab(
            "bandit",
            "The k-armed bandit",
            (9,),
            Bandit,
            (
                *(
                    "bandit",
                    "k armed bandit",
                    "multi armed bandit",
                    "epsilon greedy bandit",
                    "armed bandit",
                    "testbed",
                ),
                *(
                    "epsilon greedy",
                    "eps greedy",
                    "eps greedy bandit",
                    "slot machine",
                    "mab",
                    "bandit testbed",
                ),
                *(
                    "bandit problem",
                    "bandit algorithm",
                    "exploration vs exploitation",
                    "one armed bandit",
                    "n armed bandit",
                ),
                *("multiarmed bandit", "armed testbed", "bandit simulation"),
            ),
            ("exploration", "exploitation", "regret", "optimal action", "non stationary", "nonstationary"),
        ),
        _lab(
            "trading",
            "A bandit that trades stocks",
            (9,),
            Trading,
            (
                *(
                    "trading",
                    "trading bandit",
                    "stock bandit",
                    "stock trading",
                    "stock trading bandit",
                    "stock picking",
                ),
                *(
                    "stock picking bandit",
                    "trade",
                    "trade stocks",
                    "trading stocks",
                    "bandit trading",
                    "pick stocks",
                ),
                *(
                    "bandit trader",
                    "trader",
                    "portfolio bandit",
                    "bandit on stocks",
                    "stock market bandit",
                    "trades",
                ),
            ),
            ("sharpe ratio", "drawdown", "buy and hold", "portfolio", "stock market", "stocks"),
        ),
        _lab(
            "mdp",
            "Grid worlds: planning and learning",
            (10,),
            Mdp,
            (
                *(
                    "mdp",
                    "gridworld",
                    "grid world",
                    "value iteration",
                    "dynamic programming",
                    "markov decision process",
                ),
                *(
                    "solve the gridworld",
                    "grid worlds",
                    "reinforcement learning in a gridworld",
                    "tabular rl",
                ),
            ),
            (
                "bellman equation",
                "discount factor",
                "state values",
                "policy",
                "td learning",
                "temporal difference",
            ),
        ),
        _lab(
            "dqn",
            "A deep Q-network balances CartPole",
            (10,),
            Dqn,
            (
                *(
                    "dqn",
                    "deep q network",
                    "deep q learning",
                    "cartpole",
                    "cart pole",
                    "balance the pole",
                    "deep q",
                ),
                *(
                    "balance the cartpole",
                    "deep q net",
                    "pole balancing",
                    "deep reinforcement learning",
                    "deep rl",
                ),
                *("cart pole balancing", "balancing pole", "deep q learning agent", "dqn agent"),
            ),
            ("experience replay", "replay buffer", "target network"),
        ),
        _lab(
            "rnn",
            "Recurrent networks and vanishing gradients",
            (11,),
            Rnn,
            (
                *(
                    "rnn",
                    "recurrent network",
                    "recurrent neural network",
                    "recurrent net",
                    "char rnn",
                    "character rnn",
                ),
                *(
                    "recurrent neural net",
                    "vanishing gradients lab",
                    "recurrent nets",
                    "simple rnn",
                    "recurrent",
                ),
            ),
            (
                "vanishing gradients",
                "exploding gradients",
                "vanishing gradient",
                "backpropagation through time",
                "gates",
            ),
        ),
        _lab(
            "lstm_stock",
            "An LSTM and tomorrow's price",
            (12,),
            LstmStock,
            (
                *(
                    "lstm stock",
                    "stock lstm",
                    "stock prediction",
                    "stock price prediction",
                    "predict stock prices",
                ),
                *(
                    "stock price",
                    "share price",
                    "price prediction",
                    "stock forecasting",
                    "predict the stock price",
                ),
                *(
                    "predict stock",
                    "forecast stock",
                    "lstm stock prediction",
                    "stock predictor",
                    "lstm stock predictor",
                ),
                *(
                    "stock price forecasting",
                    "predict the stock market",
                    "tomorrow's price",
                    "price forecasting",
                ),
                *(
                    "predict share price",
                    "forecast share price",
                    "stock market prediction",
                    "predict tomorrow's price",
                ),
                *(
                    "lstm price",
                    "stock price lstm",
                    "forecast prices",
                    "predict prices",
                    "lstm for stocks",
                    "lstm on stocks",
                ),
            ),
            (
                "forecast",
                "lstm",
                "leakage",
                "naive baseline",
                "time series",
                "persistence",
                "stock",
                "shares",
                "prices",
            ),
        ),
    )
}
