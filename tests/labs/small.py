"""Small but honest parameters per lab, so that tests of every lab stay quick."""

SMALL = {
    "regression": {"samples": 40, "epochs": 60},
    "backprop": {"samples": 60, "epochs": 5},
    "classification": {"models": ["logistic", "naive_bayes"]},
    "cnn": {"epochs": 1},
    "language_model": {"steps": 5, "layers": 1, "width": 16, "context": 16},
    "bandit": {"runs": 60, "steps": 80},
    "trading": {"random_strategies": 5},
    "mdp": {},
    "dqn": {"episodes": 3},
    "rnn": {"steps": 5},
    "lstm_stock": {"epochs": 1},
}
