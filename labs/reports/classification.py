"""What a classification run says: headline, notes, findings, tables and charts, all from its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Finding, Table
from labs.charts import Bars, Chart, Heatmap, Images, Layer, Line, Panel, Regions, Rule, Scatter, Segments
from labs.cores.classification import mcnemar_p, precision_recall_f1, roc_curve
from labs.reports.own import own_columns_table, own_remarks

if TYPE_CHECKING:
    from labs.classification import ClassificationParams, Plane, Scored
    from labs.cores.classification_data import Rows

TITLES = {
    "logistic": "logistic regression",
    "knn": "k nearest neighbours",
    "tree": "decision tree",
    "forest": "random forest",
    "svm": "SVM",
    "naive_bayes": "naive Bayes",
}
SHORT = {
    "logistic": "logistic",
    "knn": "knn",
    "tree": "tree",
    "forest": "forest",
    "svm": "SVM",
    "naive_bayes": "naive Bayes",
}
THINGS = {
    "iris": "flowers",
    "wine": "wines",
    "breast_cancer": "tumours",
    "moons": "points",
    "digits": "digits",
    "own": "rows",
}


def ranking(scored: Sequence[Scored]) -> list[Scored]:
    """Best first: by accuracy on the test, and by ROC area among equals."""
    return sorted(scored, key=lambda s: (-s.metrics["accuracy"], -s.metrics["roc_auc"]))


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def headline(p: ClassificationParams, rows: Rows, scored: Sequence[Scored]) -> str:
    best = ranking(scored)[0]
    equals = [s for s in scored if s.metrics["accuracy"] == best.metrics["accuracy"]]
    share, what = f"{best.metrics['accuracy']:.1%}", f"of {len(rows.y_test)} unseen {THINGS[p.dataset]}"
    if len(scored) > 1 and len(equals) == len(scored):
        return f"All {len(scored)} classifiers get {share} {what} right"
    if len(equals) > 1:
        return f"{_first(_joined([SHORT[s.name] for s in equals]))} lead with {share} {what} right"
    if len(scored) > 1:
        return f"{_first(TITLES[best.name])} leads with {share} {what} right"
    return f"{_first(TITLES[best.name])} gets {share} {what} right"


def tables(rows: Rows, scored: Sequence[Scored]) -> tuple[Table, ...]:
    columns = (
        "model",
        "right",
        "accuracy",
        "95% interval",
        "precision",
        "recall",
        "F1",
        "ROC area",
        "training accuracy",
    )
    lines = []
    for s in ranking(scored):
        low, high = s.interval
        m = s.metrics
        right = f"{int(s.right.sum())} of {len(s.right)}"
        lines.append(
            (
                TITLES[s.name],
                right,
                m["accuracy"],
                f"{low:.1%} to {high:.1%}",
                m["precision"],
                m["recall"],
                m["f1"],
                m["roc_auc"],
                s.train_accuracy,
            )
        )
    best = ranking(scored)[0]
    by_class = tuple(
        (name, int(are), *(float(v) for v in values))
        for name, are, *values in zip(
            rows.classes, best.counts.sum(axis=1), *precision_recall_f1(best.counts), strict=True
        )
    )
    return (
        Table(
            "Scores on the test rows (precision, recall and F1 are means over the classes)",
            columns,
            tuple(lines),
        ),
        Table(
            f"Class by class: {TITLES[best.name]}",
            ("class", "test rows", "precision", "recall", "F1"),
            by_class,
        ),
        *([own_columns_table(rows.own)] if rows.own else []),
    )


def _interval_words(s: Scored) -> str:
    low, high = s.interval
    return f"{low:.1%} to {high:.1%}"


def notes(p: ClassificationParams, rows: Rows, scored: Sequence[Scored]) -> tuple[str, ...]:
    ranked = ranking(scored)
    best, worst, n = ranked[0], ranked[-1], len(rows.y_test)
    thing = THINGS[p.dataset]
    common = float(np.bincount(rows.y_test).max() / n)
    told = [
        f"{_first(TITLES[best.name])} gets {int(best.right.sum())} of {n} test {thing} right "
        f"({best.metrics['accuracy']:.1%}); from so "
        f"many rows the true accuracy may well lie anywhere from {_interval_words(best)}. Always saying the "
        "commonest "
        f"class gets {common:.1%}."
    ]
    if worst is not best:
        b = int((best.right & ~worst.right).sum())
        c = int((worst.right & ~best.right).sum())
        chance = mcnemar_p(best.right, worst.right)
        gap = best.metrics["accuracy"] - worst.metrics["accuracy"]
        lead = (
            f"{_first(TITLES[best.name])} and {TITLES[worst.name]}, first and last, are {gap:.1%} apart: "
            f"they differ in whether they are right on {b + c} of the {n} {thing}"
        )
        if b + c == 0:
            told.append(
                f"All {len(scored)} models are right on the very same {thing}: this test cannot rank them."
            )
        else:
            told.append(f"{lead} ({b} to {c}). {_verdict(chance, len(scored))}")
    told.append(_worst_mistake(p, rows, ranked))
    by_area = max(scored, key=lambda s: s.metrics["roc_auc"])
    if by_area.metrics["roc_auc"] > best.metrics["roc_auc"] + 1e-3:
        told.append(
            f"By ROC area another model wins: {TITLES[by_area.name]} with {by_area.metrics['roc_auc']:.3f}, "
            "against "
            f"{best.metrics['roc_auc']:.3f}. It puts the rows in a better order, although its cut-off gets "
            "fewer right."
        )
    forgetful = max(scored, key=lambda s: s.train_accuracy - s.metrics["accuracy"])
    fall = forgetful.train_accuracy - forgetful.metrics["accuracy"]
    if fall > 0.03:
        told.append(
            f"{_first(TITLES[forgetful.name])} gets {forgetful.train_accuracy:.1%} of its own training "
            f"rows right and {forgetful.metrics['accuracy']:.1%} of the unseen ones: the {fall:.1%} between them it "
            f"had remembered, not understood."
        )
    if rows.own:
        told = [*told[:4], *own_remarks(rows.own)]
    return tuple(told[:5])


def _verdict(chance: float, models: int) -> str:
    """What McNemar's p says, given that the pair was picked after the test from all pairs (Bonferroni)."""
    pairs = models * (models - 1) // 2
    told = (
        f"Two equally good models would be this lopsided with probability {chance:.2g} (McNemar's exact test)"
    )
    if chance > 0.05:
        return f"{told}: this test cannot rank them."
    if chance * pairs > 0.05:
        return f"{told}, but the pair was picked from {pairs} after the test: no proof yet."
    return (
        f"{told}{f', and that holds for a pair picked from {pairs}' if pairs > 1 else ''}: the gap is real."
    )


def _worst_mistake(p: ClassificationParams, rows: Rows, ranked: Sequence[Scored]) -> str:
    """The mistake behind the score: missed tumours, or the pair of classes that is mixed up most."""
    if p.dataset == "breast_cancer":  # class 0 is malignant
        missed = {s.name: int(s.counts[0, 1]) for s in ranked}
        total = int(ranked[0].counts[0].sum())
        told = ", ".join(f"{SHORT[name]} {count}" for name, count in missed.items())
        return (
            f"Of the {total} malignant tumours in the test, called benign: {told}. One accuracy hides which "
            "mistakes it is "
            f"made of, and these are the ones that matter."
        )
    total_counts = np.sum([s.counts for s in ranked], axis=0)
    off = total_counts - np.diag(np.diag(total_counts))
    if off.sum() == 0:
        models = "The model makes" if len(ranked) == 1 else f"All {len(ranked)} models make"
        return (
            f"{models} no mistake on these {len(rows.y_test)} rows: the test is easy, which is not to "
            f"say that they never err."
        )
    true, said = np.unravel_index(int(off.argmax()), off.shape)
    return (
        f"The commonest mistake is to say {rows.classes[said]} for {rows.classes[true]}: "
        f"{int(off[true, said])} of the "
        f"{int(off.sum())} mistakes of "
        f"{'the model' if len(ranked) == 1 else f'all {len(ranked)} models together'}."
    )


def findings(p: ClassificationParams, rows: Rows, scored: Sequence[Scored]) -> tuple[Finding, ...]:
    found: list[Finding] = []
    fallen = [
        s for s in scored if s.train_accuracy - s.metrics["accuracy"] > 0.06 and s.train_accuracy > 0.95
    ]
    if fallen:
        worst = max(fallen, key=lambda s: s.train_accuracy - s.metrics["accuracy"])
        told = "; ".join(
            f"{SHORT[s.name]} {s.train_accuracy:.1%} to {s.metrics['accuracy']:.1%}" for s in fallen
        )
        advice = {
            "tree": "Let the tree ask fewer questions: max_depth=3.",
            "forest": "Let its trees ask fewer questions: max_depth=4.",
            "knn": f"Ask more neighbours: k={min(3 * p.k, 30)}.",
        }.get(worst.name, "Give it more rows to train on: a smaller test_fraction.")
        found.append(
            Finding("overfitting", f"From training rows to unseen ones, accuracy falls: {told}.", advice)
        )
    weak = [s for s in scored if s.train_accuracy < 0.85 and s.train_accuracy - s.metrics["accuracy"] < 0.06]
    for s in weak:
        advice = {
            "tree": "Allow more questions: a larger max_depth, or none.",
            "forest": "Allow more questions: a larger max_depth, or none.",
            "knn": f"Ask fewer neighbours: k={max(1, p.k // 4)}." if p.k > 4 else "Try scale_features=true.",
        }.get(s.name, "Try a model that can bend its boundary: svm or forest.")
        found.append(
            Finding(
                "underfitting",
                f"{_first(TITLES[s.name])} gets only {s.train_accuracy:.1%} of the rows right that it was "
                "trained on: it is too "
                f"simple for these data as set.",
                advice,
            )
        )
        break
    found += _unscaled(p, rows, scored)
    low, high = ranking(scored)[0].interval
    if high - low > 0.12:
        n = len(rows.y_test)
        found.append(
            Finding(
                "small_test",
                f"With {n} test rows one mistake is {1 / n:.1%}, and the best model's interval runs from "
                f"{low:.1%} to {high:.1%}: "
                f"smaller differences mean nothing.",
                "Compare over several seeds (seed=[0,1,2,3,4]), or keep back more rows (test_fraction=0.5).",
            )
        )
    late = [TITLES[s.name] for s in scored if not s.converged]
    if late:
        found.append(
            Finding(
                "not_converged",
                f"{_first(_joined(late))} had not finished after 2000 steps: the features' sizes differ too "
                "much.",
                "Set scale_features=true.",
            )
        )
    return tuple(found)


def _unscaled(p: ClassificationParams, rows: Rows, scored: Sequence[Scored]) -> list[Finding]:
    spread = rows.X_train.std(axis=0)
    spread = spread[spread > 0]
    touchy = [s for s in scored if s.name in ("knn", "svm")]
    if p.scale_features or not touchy or spread.max() < 20 * spread.min():
        return []
    widest = rows.features[int(rows.X_train.std(axis=0).argmax())]
    told = _joined([f"{SHORT[s.name]} {s.metrics['accuracy']:.1%}" for s in touchy])
    return [
        Finding(
            "unscaled_features",
            f"The spread of the features ranges from {spread.min():.2g} to {spread.max():.2g}, so distances "
            "are almost all "
            f"{widest}; right on unseen rows: {told}.",
            "Set scale_features=true and compare; trees do not care.",
        )
    ]


# ------------------------------------------------------------------------------------------- charts


def series(
    p: ClassificationParams, rows: Rows, scored: Sequence[Scored], plane: Plane | None
) -> dict[str, np.ndarray]:
    ranked = ranking(scored)
    found: dict[str, np.ndarray] = {
        "accuracy_test": np.array([s.metrics["accuracy"] for s in scored]),
        "accuracy_train": np.array([s.train_accuracy for s in scored]),
        "interval_low": np.array([s.interval[0] for s in scored]),
        "interval_high": np.array([s.interval[1] for s in scored]),
        "interval_x": np.arange(len(scored)) + 0.2,  # the middle of the second of two bars, each 0.4 wide
        "chance": np.array([0.0, 1.0]),
    }
    rates = np.linspace(0, 1, 201)
    for s in scored:
        found[f"confusion_{s.name}"] = s.counts
        curves = [roc_curve(rows.y_test == k, s.scores[:, k]) for k in range(s.scores.shape[1])]
        if len(curves) == 2:  # against each other the two classes have the same curve, mirrored
            found[f"false_{s.name}"], found[f"true_{s.name}"] = curves[1]
            continue
        heights = np.mean([np.interp(rates, *curve) for curve in curves], axis=0)
        found[f"false_{s.name}"] = np.concatenate([[0.0], rates])
        found[f"true_{s.name}"] = np.concatenate([[0.0], heights])
    if plane is not None:
        found |= {"plane_x1": plane.x1, "plane_x2": plane.x2}
        found |= {f"regions_{name}": said for name, said in plane.said.items()}
        for k in range(len(rows.classes)):
            found[f"points_x1[{k}]"], found[f"points_x2[{k}]"] = plane.points[plane.labels == k].T
    wrong = np.flatnonzero(~ranked[0].right)
    if p.dataset == "digits" and len(wrong):
        found["mistakes"] = rows.X_test[wrong[:8]].reshape(-1, 8, 8)
    return found


def charts(
    p: ClassificationParams, rows: Rows, scored: Sequence[Scored], plane: Plane | None
) -> tuple[Chart, ...]:
    ranked = ranking(scored)
    built = [_scores(p, rows, scored), _confusion(rows, ranked), _roc(scored)]
    if plane is not None:
        built.insert(1, _boundary(p, rows, plane))
    wrong = np.flatnonzero(~ranked[0].right)
    if p.dataset == "digits" and len(wrong):
        best = ranked[0]
        captions = tuple(f"{rows.y_test[i]} read\nas {best.said[i]}" for i in wrong[:8])
        title = f"{len(wrong)} of {len(best.right)} test digits are misread by {TITLES[best.name]}"
        built.append(
            Chart("mistakes", title, (Panel("", "", (Images("mistakes", captions),)),), overlay="panels")
        )
    return tuple(built)


def _scores(p: ClassificationParams, rows: Rows, scored: Sequence[Scored]) -> Chart:
    names = tuple(f"{SHORT[s.name]}\n{s.metrics['accuracy']:.1%}" for s in scored)
    common = float(np.bincount(rows.y_test).max() / len(rows.y_test))
    layers: tuple[Layer, ...] = (
        Bars(names, "accuracy_train", "training rows", tone="muted", number_format=None),
        Bars(names, "accuracy_test", "unseen rows", tone=0, number_format=None),
        Segments("interval_x", "interval_low", "interval_high", tone="ink"),
        Rule(common, label="commonest class"),
    )
    panel = Panel("", "classified right", layers, percent=True, y_range=(0.0, 1.04))
    alt = "The sticks are as long as the 95% interval of each accuracy."
    return Chart("scores", headline(p, rows, scored), (panel,), alt=alt, overlay="panels")


def _boundary(p: ClassificationParams, rows: Rows, plane: Plane) -> Chart:
    points = tuple(
        Scatter(f"points_x1[{k}]", f"points_x2[{k}]", name, tone=k, size=10.0)
        for k, name in enumerate(rows.classes)
    )
    labels = ("x₁", "x₂") if plane.kept == 1 else ("1st component", "2nd component")
    panels = tuple(
        Panel(
            labels[0],
            labels[1],
            (Regions("plane_x1", "plane_x2", f"regions_{name}", rows.classes), *points),
            title=f"{SHORT[name]}: {plane.right[name]:.0%}",
            labels="none",
        )
        for name in p.models
    )
    best = max(plane.right, key=lambda name: plane.right[name])
    title = f"Boundaries: {TITLES[best]} gets {plane.right[best]:.0%} of the unseen {THINGS[p.dataset]} right"
    if plane.kept < 1:
        title += f" in a plane that keeps {plane.kept:.0%} of the variance"
    alt = "The coloured areas are what each model says, trained in this plane; the points are the test rows."
    return Chart("boundary", title, panels, alt=alt, columns=min(3, len(panels)), overlay="panels")


def _confusion(rows: Rows, ranked: Sequence[Scored]) -> Chart:
    chosen = [ranked[0]] if len(ranked) == 1 else [ranked[0], ranked[-1]]
    small = len(rows.classes) > 3
    names = tuple(name.split()[0] if small else name for name in rows.classes)
    panels = tuple(
        Panel(
            "what the model says",
            "what it is",
            (Heatmap(f"confusion_{s.name}", names, names, number_format="{:.0f}"),),
            title=f"{TITLES[s.name]}: {int((~s.right).sum())} wrong",
        )
        for s in chosen
    )
    best = chosen[0]
    off = best.counts - np.diag(np.diag(best.counts))
    if off.sum() == 0:
        title = f"{_first(TITLES[best.name])} makes no mistake on {len(best.right)} test rows"
    else:
        true, said = np.unravel_index(int(off.argmax()), off.shape)
        times = "once" if off[true, said] == 1 else f"{off[true, said]} times"
        title = f"{_first(TITLES[best.name])} takes {rows.classes[true]} for {rows.classes[said]} {times}"
    return Chart("confusion", title, panels, columns=len(panels), overlay="panels")


def _roc(scored: Sequence[Scored]) -> Chart:
    lines: list[Layer] = [
        Line(f"false_{s.name}", f"true_{s.name}", f"{SHORT[s.name]} {s.metrics['roc_auc']:.3f}", tone=i)
        for i, s in enumerate(scored)
    ]
    lines.append(Line("chance", "chance", "a coin 0.5", tone="muted", style="dashed"))
    best = max(scored, key=lambda s: s.metrics["roc_auc"])
    panel = Panel(
        "false-positive rate", "true-positive rate", tuple(lines), x_range=(-0.02, 1.0), y_range=(0.0, 1.02)
    )
    area = best.metrics["roc_auc"]
    equals = [SHORT[s.name] for s in scored if f"{s.metrics['roc_auc']:.3f}" == f"{area:.3f}"]
    puts = "puts" if len(equals) == 1 else "put"
    who = TITLES[best.name] if len(equals) == 1 else _joined(equals)
    title = f"{_first(who)} {puts} the classes in the best order: ROC area {area:.3f}"
    return Chart("roc", title, (panel,), overlay="panels")
