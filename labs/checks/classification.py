"""The classification lab's reference checks: published examples, and scikit-learn's own scores."""

from __future__ import annotations

import numpy as np

from labs.base import Check
from labs.cores.classification import area_under, roc_curve, wilson_interval


def verify() -> tuple[Check, ...]:
    """Fawcett's worked ROC example, Newcombe's table of intervals, and scikit-learn's own scores on a run."""
    from sklearn import metrics

    from labs.classification import ClassificationParams, load, score

    fawcett = "Fawcett (2006), An introduction to ROC analysis, Figure 3"
    positive = np.array([c == "p" for c in "ppnpppnnpnpnpnnnpnpn"])
    score_of = np.array(
        [
            0.9,
            0.8,
            0.7,
            0.6,
            0.55,
            0.54,
            0.53,
            0.52,
            0.51,
            0.505,
            0.4,
            0.39,
            0.38,
            0.37,
            0.36,
            0.35,
            0.34,
            0.33,
            0.3,
            0.1,
        ]
    )
    false, true = roc_curve(positive, score_of)
    best = int(np.argmax(true - false))  # as many positive as negative rows: the most accurate threshold
    low, high = wilson_interval(81, 263)
    newcombe = "Newcombe (1998), Table I, method 3, 81 of 263"

    p = ClassificationParams(dataset="wine", models=("tree",), max_depth=2)
    rows = load(p)
    tree = score("tree", p, rows)
    macro = metrics.precision_recall_fscore_support(rows.y_test, tree.said, average="macro", zero_division=0)
    area = metrics.roc_auc_score(rows.y_test, tree.scores, multi_class="ovr")
    here = "scikit-learn's metrics, a tree of depth 2 on wine"
    return (
        Check(
            "highest accuracy of the 20 rows", fawcett, 0.70, float((true[best] + 1 - false[best]) / 2), 1e-12
        ),
        Check("false-positive rate there", fawcett, 0.1, float(false[best]), 1e-12),
        Check("true-positive rate there", fawcett, 0.5, float(true[best]), 1e-12),
        Check(
            "area: 68 of 100 pairs in order",
            f"{fawcett}, pairs counted by hand",
            0.68,
            area_under(false, true),
            1e-12,
        ),
        Check("lower end of the interval", newcombe, 0.2553, low, 5e-5),
        Check("upper end of the interval", newcombe, 0.3662, high, 5e-5),
        Check("macro precision", here, float(macro[0]), tree.metrics["precision"], 1e-12),
        Check("macro recall", here, float(macro[1]), tree.metrics["recall"], 1e-12),
        Check("macro F1", here, float(macro[2]), tree.metrics["f1"], 1e-12),
        Check("ROC area, one class against the rest", here, float(area), tree.metrics["roc_auc"], 1e-12),
    )
