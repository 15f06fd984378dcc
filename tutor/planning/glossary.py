"""What beginners call the parameters that experiments in machine learning tend to have, whichever lab they
are in.

A lab's own synonyms come first: a phrase that means another parameter of the same lab there is not used
here. With this, a new lab that calls its step size `learning_rate` understands "lr" without saying so.
"""

from __future__ import annotations

_EPSILON = (
    *("epsilon", "eps", "exploration rate", "exploration", "explore", "chance of exploring", "explores"),
    *("exploration probability", "random actions", "exploring"),
)

NAMES: dict[str, tuple[str, ...]] = {
    "seed": ("random seed", "rng seed", "random state"),
    "learning_rate": (
        "lr",
        "eta",
        "step length",
        "learn rate",
        "learning rates",
        "step size",
        "rate of learning",
    ),
    "epochs": ("training epochs", "passes", "passes over the data", "iterations"),
    "batch_size": (
        "batch",
        "bs",
        "batches of",
        "batches",
        "minibatch",
        "mini batch",
        "minibatch size",
        "minibatches of",
    ),
    "samples": ("points", "data points", "examples", "observations", "sample size", "dataset size"),
    "noise": ("noise level", "noisiness", "amount of noise"),
    "test_fraction": (
        *(
            "test split",
            "test size",
            "test share",
            "test set",
            "testing",
            "for testing",
            "test data",
            "held out",
        ),
        *(
            "hold out",
            "held back",
            "hold back",
            "for the test",
            "test",
            "kept for testing",
            "test on",
            "tested on",
        ),
        *("testing on", "holding out", "holdout"),
    ),
    "hidden": (
        *("hidden units", "hidden size", "hidden neurons", "neurons", "units", "hidden nodes", "nodes"),
        *("hidden state", "hidden dimension", "hidden layer size"),
    ),
    "layers": ("layer", "number of layers", "stacked layers"),
    "temperature": ("temp", "sampling temperature"),
    "epsilon": _EPSILON,
    "epsilons": _EPSILON,
    "gamma": ("discount", "discount factor", "discount rate", "discounting"),
    "dropout": ("dropout rate", "drop out", "dropout probability"),
    "dataset": ("data set", "data"),
    "optimizer": ("optimiser",),
    "degree": ("polynomial degree", "order"),
    "steps": ("training steps", "time steps", "timesteps", "rounds", "turns", "goes"),
    "initial_value": ("optimistic start", "starting estimate", "initial estimates"),
    "episodes": ("episode", "games"),
    "heads": ("attention heads", "attention head", "head"),
    "regularisation": ("penalty", "regulariser"),
    "weight_decay": ("l2", "l2 penalty"),
    "scale_features": ("scaling", "feature scaling", "scale"),
    "augment": ("augmentation", "data augmentation", "augmenting", "augmented", "augment the data"),
    "activation": ("activation function", "activations", "nonlinearity"),
    "arms": ("slot machines", "machines", "levers"),
    "start": ("start date",),
    "end": ("end date",),
}

# Companies that a student may name and no price file has: the lab then says so by name, instead of passing it over.
_COMPANIES: dict[str, tuple[str, ...]] = {
    **{
        "ABNB": ("airbnb",),
        "ADBE": ("adobe",),
        "ADS.DE": ("adidas",),
        "AZN": ("astrazeneca",),
        "BA": ("boeing",),
    },
    **{"BABA": ("alibaba",), "BARC.L": ("barclays",), "BP": ("bp", "british petroleum"), "C": ("citigroup",)},
    **{
        "CAT": ("caterpillar",),
        "COST": ("costco",),
        "CRM": ("salesforce",),
        "CSCO": ("cisco",),
        "EBAY": ("ebay",),
    },
    **{"F": ("ford",), "FDX": ("fedex",), "GM": ("general motors",), "GS": ("goldman sachs", "goldman")},
    **{
        "GSK": ("glaxosmithkline", "glaxo"),
        "HPQ": ("hewlett packard",),
        "HSBC": ("hsbc",),
        "MA": ("mastercard",),
    },
    **{
        "MRNA": ("moderna",),
        "MS": ("morgan stanley",),
        "ORCL": ("oracle",),
        "PYPL": ("paypal",),
        "SHEL": ("shell",),
    },
    **{
        "QCOM": ("qualcomm",),
        "RIO": ("rio tinto",),
        "SBUX": ("starbucks",),
        "SONY": ("sony",),
        "SPOT": ("spotify",),
    },
    **{
        "T": ("at&t",),
        "TGT": ("target corporation",),
        "TM": ("toyota",),
        "TSCO.L": ("tesco",),
        "UBER": ("uber",),
    },
    **{
        "UL": ("unilever",),
        "VOD": ("vodafone",),
        "VZ": ("verizon",),
        "WFC": ("wells fargo",),
        "ZM": ("zoom video",),
    },
}

# Words that are a parameter's value by themselves.
VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    "ticker": _COMPANIES,
    "tickers": _COMPANIES,
    "degree": {"2": ("quadratic", "parabola"), "3": ("cubic",), "4": ("quartic",), "5": ("quintic",)},
    "noise": {"0": ("noiseless", "noise free")},
    "scale_features": {"false": ("unscaled", "raw features"), "true": ("scaled",)},
    "epsilon": {"0": ("pure greedy", "purely greedy", "no exploration", "fully greedy", "completely greedy")},
    "epsilons": {
        "0": ("pure greedy", "purely greedy", "no exploration", "fully greedy", "completely greedy")
    },
}
