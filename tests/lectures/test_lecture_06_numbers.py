"""Every worked number of lecture 6, worked out again and looked for in the text."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

NAMES = "ABCDEFGH"
MESSAGES = np.array([[0, 1], [1, 0], [1, 2], [3, 1], [2, 4], [4, 3], [3, 0], [0, 3]], dtype=float)
SPAM = np.array([0, 0, 0, 1, 1, 1, 0, 1])
NEW = np.array([2.0, 2.0])
WEIGHTS, BIAS = np.array([1.0, 1.5]), -4.25


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def gini(labels: np.ndarray) -> float:
    return 1 - float(np.sum((np.bincount(labels, minlength=2) / len(labels)) ** 2))


def letters(chosen: np.ndarray) -> str:
    return ", ".join(np.array(list(NAMES))[chosen])


def test_the_table_of_messages_holds_the_data_of_these_tests(says):
    for name, (a, b), spam in zip(NAMES, MESSAGES, SPAM, strict=True):
        says(6, f"| {name} | {a:g} | {b:g} | {'spam' if spam else 'ham'} |")
    says(6, "A new message has 2 links and 2 words in capitals")


def test_the_logistic_regression_by_hand_is_right(says):
    z = float(NEW @ WEIGHTS + BIAS)
    says(
        6,
        "$w_1 = 1$, $w_2 = 1.5$, $b = -4.25$",
        "$$z = w_1 x_1 + w_2 x_2 + b \\qquad p = \\frac{1}{1 + e^{-z}}$$",
    )
    says(
        6,
        f"$z = 1 \\times 2 + 1.5 \\times 2 - 4.25 = {z:g}$ and $p = 1/(1 + e^{{-{z:g}}}) = {sigmoid(z):.3f}$",
    )
    says(6, f"multiplies them by $e^{{1.5}} = {math.exp(1.5):.2f}$")
    more = sigmoid(z + 1.5)
    assert more / (1 - more) / (sigmoid(z) / (1 - sigmoid(z))) == pytest.approx(math.exp(1.5))
    assert ((MESSAGES @ WEIGHTS + BIAS > 0) == SPAM).all()  # "A line separates our eight messages perfectly"


def test_without_a_penalty_the_weights_grow_and_grow(says):
    from sklearn.linear_model import LogisticRegression

    says(
        6,
        "larger and larger weights fit ever better, without end",
        "scikit-learn applies one unless told otherwise",
    )
    sizes = [np.linalg.norm(LogisticRegression(C=C).fit(MESSAGES, SPAM).coef_) for C in (1, 100, 10_000)]
    assert sizes[0] * 4 < sizes[1] < sizes[2] / 1.5
    assert LogisticRegression().C == 1.0  # the default is a penalty


def test_the_vote_of_the_neighbours_is_right(says):
    says(6, "The distances from $(2, 2)$")
    distance = np.linalg.norm(MESSAGES - NEW, axis=1)
    shown = dict(zip(NAMES, distance, strict=True))
    says(6, f"to C $\\sqrt{{1^2 + 0^2}} = {shown['C']:g}$, to D $\\sqrt{{1^2 + 1^2}} = {shown['D']:.3f}$")
    says(6, f"to E $\\sqrt{{0^2 + 2^2}} = {shown['E']:g}$")
    nearest = np.argsort(distance, kind="stable")
    rest = distance[nearest[3:]]
    assert len(rest) == 5
    np.testing.assert_allclose(rest, rest[0])
    says(6, f"to the other five ${rest[0]:.3f}$")
    assert [NAMES[i] for i in nearest[:3]] == ["C", "D", "E"]
    assert SPAM[nearest[0]] == 0
    assert SPAM[nearest[:3]].sum() == 2
    says(6, "$k = 1$: C alone decides. **Ham.**")
    says(6, "$k = 3$: C, D and E vote, one ham and two spam. **Spam**, with a score of $2/3$")


def test_the_gini_impurities_by_hand_are_right_and_the_question_is_the_best(says):
    says(6, "$$G = 1 - \\sum_{k=1}^{K} p_k^2$$", "A pure group has $G = 0$")
    says(6, "two equal halves $G = 0.5$. Our eight start at $0.5$")
    assert gini(np.array([0, 1])) == gini(SPAM) == 0.5
    values = {}
    for name, feature, threshold in (("Links", 0, 1.5), ("Capitals", 1, 2.5)):
        yes = MESSAGES[:, feature] <= threshold
        values[name] = [gini(SPAM[yes]), gini(SPAM[~yes]), yes.mean()]
        says(6, f"*{name} at most {threshold}?* Yes: {letters(yes)}, ", f"No: {letters(~yes)}, ")
    a, b, _ = values["Links"]
    says(
        6,
        "three ham and one spam",
        f"$G = 1 - 0.75^2 - 0.25^2 = {a:g}$",
        f"${b:g}$ again. Mean: ${(a + b) / 2:g}$",
    )
    assert a == b == 1 - 0.75**2 - 0.25**2
    a, b, share = values["Capitals"]
    best = share * a + (1 - share) * b
    says(6, f"$G = 1 - 0.8^2 - 0.2^2 = {a:g}$", f"all spam, ${b:g}$")
    says(6, f"$\\frac{{5}}{{8}} \\times {a:g} + \\frac{{3}}{{8}} \\times {b:g} = {best:g}$")
    every = []
    for feature in (0, 1):
        for threshold in np.unique(MESSAGES[:, feature])[:-1]:
            yes = MESSAGES[:, feature] <= threshold
            every.append(yes.mean() * gini(SPAM[yes]) + (1 - yes.mean()) * gini(SPAM[~yes]))
    assert min(every) == pytest.approx(best)
    assert sorted(every)[1] > best + 0.1
    says(6, "lands among four ham and one spam: **ham**, with a score of $0.8$")


def test_the_tree_of_scikit_learn_asks_the_same_question():
    from sklearn.tree import DecisionTreeClassifier

    stump = DecisionTreeClassifier(max_depth=1).fit(MESSAGES, SPAM)
    assert (stump.tree_.feature[0], stump.tree_.threshold[0]) == (1, 2.5)
    np.testing.assert_allclose(stump.predict_proba([NEW])[0], [0.8, 0.2])


def test_the_vote_of_three_and_the_bootstrap_share_are_right(says):
    vote = sum(
        math.prod(0.7 if right else 0.3 for right in rights)
        for rights in itertools.product((True, False), repeat=3)
        if sum(rights) >= 2
    )
    says(6, f"$0.7^3 + 3 \\times 0.7^2 \\times 0.3 = {0.7**3:.3f} + {3 * 0.7**2 * 0.3:.3f} = {vote:.3f}$")
    says(6, f"about {1 - (1 - 1 / 1000) ** 1000:.0%} of the rows appear", "each right with probability $0.7$")


def test_the_widest_street_is_the_one_of_the_lecture(says):
    from sklearn.svm import SVC

    svm = SVC(kernel="linear", C=1e6, tol=1e-9).fit(MESSAGES, SPAM)
    np.testing.assert_allclose([*svm.coef_[0], svm.intercept_[0]], [4, 6, -17], atol=1e-3)
    assert [NAMES[i] for i in svm.support_] == ["C", "D", "H"]
    reach = dict(zip(NAMES, MESSAGES @ [4, 6], strict=True))
    says(
        6, "$4 x_1 + 6 x_2 = 17$", f"C reaches $4 + 12 = {reach['C']:g}$, D reaches $12 + 6 = {reach['D']:g}$"
    )
    says(6, f"and H ${reach['H']:g}$", f"The new message reaches ${NEW @ [4, 6]:g}$: **spam**")
    says(6, f"$2/\\sqrt{{4^2 + 6^2}} = {2 / math.hypot(4, 6):.3f}$")
    for gone in set(range(8)) - set(svm.support_):
        keep = np.arange(8) != gone
        without = SVC(kernel="linear", C=1e6, tol=1e-9).fit(MESSAGES[keep], SPAM[keep])
        np.testing.assert_allclose(without.coef_, svm.coef_, atol=1e-2)


def test_the_naive_bayes_by_hand_is_right(says):
    spam, ham = 0.2 * 0.5 * (1 - 0.05), (1 - 0.2) * 0.05 * (1 - 0.3)
    says(6, "20% of all mail is spam", "in 50% of spam and 5% of ham", "in 5% of spam and 30% of ham")
    says(
        6,
        f"spam: $0.2 \\times 0.5 \\times 0.95 = {spam:.3f}$",
        f"ham: $0.8 \\times 0.05 \\times 0.7 = {ham:.3f}$",
    )
    says(6, f"$0.095/(0.095 + 0.028) = {spam / (spam + ham):.3f}$")
    from sklearn.naive_bayes import BernoulliNB  # the same from counts of 200 messages, without smoothing

    rows, y, weight = [], [], []
    for label, count, prize, meeting in ((1, 40, 0.5, 0.05), (0, 160, 0.05, 0.3)):
        for a, b in itertools.product((0, 1), repeat=2):
            rows.append([a, b])
            y.append(label)
            weight.append(count * (prize if a else 1 - prize) * (meeting if b else 1 - meeting))
    model = BernoulliNB(alpha=1e-9, force_alpha=True).fit(rows, y, sample_weight=weight)
    assert model.predict_proba([[1, 0]])[0, 1] == pytest.approx(spam / (spam + ham), rel=1e-6)


def test_the_table_of_losses_is_right(says):
    for m, meaning in ((2, "right, clearly"), (0.5, "right, barely"), (-1, "wrong")):
        says(6, f"| {m:g} | {meaning} | {math.log(1 + math.exp(-m)):.3f} | {max(0, 1 - m):g} |")
    says(6, "\\ln\\left(1 + e^{-m}\\right)", "\\max(0,\\ 1 - m)$$")
    p = sigmoid(0.75)
    says(6, "Our new message has $z = 0.75$", f"$-\\ln {p:.3f} = {-math.log(p):.3f}$")
    says(6, f"$-\\ln {1 - p:.4f} = {-math.log(1 - p):.3f}$")
    assert math.log(1 + math.exp(-0.75)) == pytest.approx(-math.log(p))


def test_the_scores_of_the_confusion_matrix_are_right(says):
    from sklearn import metrics

    truth = np.repeat([1, 1, 0, 0], [30, 10, 5, 155])
    said = np.repeat([1, 0, 1, 0], [30, 10, 5, 155])
    assert metrics.confusion_matrix(truth, said).tolist() == [[155, 5], [10, 30]]
    says(6, f"tested on {len(truth)} messages, {truth.sum()} of them spam")
    says(
        6,
        "| 30 true positives (TP) | 10 false negatives (FN) |",
        "| 5 false positives (FP) | 155 true negatives (TN) |",
    )
    says(6, f"\\frac{{TP + TN}}{{200}} = \\frac{{185}}{{200}} = {metrics.accuracy_score(truth, said):.3f}$")
    says(6, f"\\frac{{30}}{{35}} = {metrics.precision_score(truth, said):.3f}$")
    says(6, f"\\frac{{30}}{{40}} = {metrics.recall_score(truth, said):.2f}$")
    false_alarms = metrics.recall_score(1 - truth, 1 - said)
    says(6, f"\\frac{{5}}{{160}} = {1 - false_alarms:.3f}$")
    says(
        6, f"\\frac{{2\\,TP}}{{2\\,TP + FP + FN}} = \\frac{{60}}{{75}} = {metrics.f1_score(truth, said):.1f}$"
    )
    says(6, "four squares, 30, 10, 5 and 155", "shows recall, 30 of 40", "shows precision, 30 of 35")


def test_the_rare_illness_has_the_stated_scores(says):
    people, ill = 1000, 10
    found, alarmed = 0.9 * ill, 0.1 * (people - ill)
    says(
        6,
        "One person in a hundred",
        f"has an accuracy of ${(people - ill) / people}$ and finds nobody: recall 0",
    )
    says(6, f"looks worse by accuracy (${(found + people - ill - alarmed) / people:g}$)")
    says(6, "finds 90% of the ill and wrongly alarms 10% of the healthy", "Among 1,000 people")
    says(6, f"alarms {found:g} of the {ill} ill and {alarmed:g} of the {people - ill} healthy")
    says(6, f"$9/108 = {found / (found + alarmed):.3f}$: eleven of twelve alarms are false")
    assert alarmed / (found + alarmed) == pytest.approx(11 / 12)


def test_the_macro_and_micro_averages_are_right(says):
    counts = np.array([[38, 2, 0], [2, 47, 1], [0, 5, 5]])
    recall = np.diag(counts) / counts.sum(axis=1)
    for name, row, r in zip(("work", "private", "spam"), counts, recall, strict=True):
        says(6, f"| **{name}** ({row.sum()}) | {row[0]} | {row[1]} | {row[2]} | {r:g} |")
    says(6, f"three folders, {counts.sum()} messages")
    says(
        6,
        f"$(0.95 + 0.94 + 0.5)/3 = {recall.mean():.3f}$",
        f"${np.trace(counts)}/100 = {np.trace(counts) / 100}$",
    )
    from sklearn import metrics

    truth = np.repeat(np.arange(9) // 3, counts.ravel())
    said = np.repeat(np.arange(9) % 3, counts.ravel())
    for score in (metrics.precision_score, metrics.recall_score, metrics.f1_score):
        assert score(truth, said, average="micro") == pytest.approx(0.9)


def test_the_threshold_of_the_costs_is_where_both_decisions_cost_the_same(says):
    threshold = 5 / (5 + 1)
    assert (1 - threshold) * 5 == pytest.approx(threshold * 1)
    says(6, "is five times as bad", f"the threshold is $5/6 = {threshold:.3f}$", "with $0.679$, is delivered")
    assert sigmoid(0.75) < threshold


def test_the_roc_area_of_the_six_messages_is_right_in_both_readings(says):
    from sklearn.metrics import roc_auc_score, roc_curve

    scores, spam = np.array([0.9, 0.8, 0.6, 0.5, 0.3, 0.1]), np.array([1, 1, 0, 1, 0, 0])
    says(6, "| score | " + " | ".join(f"{s:g}" for s in scores) + " |")
    says(6, "| class | " + " | ".join("spam" if s else "ham" for s in spam) + " |")
    says(6, ": " + ", ".join("up" if s else "right" for s in spam) + ".", "up by $1/3$", "right by $1/3$")
    area = roc_auc_score(spam, scores)
    right, up, _ = roc_curve(spam, scores, drop_intermediate=False)
    heights = [up[i] for i in range(1, len(up)) if right[i] > right[i - 1]]
    np.testing.assert_allclose(heights, [2 / 3, 1, 1])
    says(6, "$\\frac{1}{3} \\times \\frac{2}{3} + \\frac{1}{3} \\times 1 + \\frac{1}{3} \\times 1 = \\frac{8}{9} = "
         f"{area:.3f}$", f"the area under it is shaded, {area:.3f}")  # fmt: skip
    assert area == pytest.approx(8 / 9)
    lost = [(s, h) for s in scores[spam == 1] for h in scores[spam == 0] if s < h]
    assert lost == [(0.5, 0.6)]
    says(6, "Of the $3 \\times 3 = 9$ pairs, only the spam at $0.5$ loses, to the ham at $0.6$: $8/9$ again")


def test_choosing_features_on_all_rows_makes_noise_look_good(says, lecture_text):
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline

    rows, features, kept = 100, 2000, 20
    says(6, f'makes {rows} rows of pure noise, picks the {kept} "best" of {features:,} features on all rows')
    noise, coin = np.random.default_rng(0).normal(size=(rows, features)), np.arange(rows) % 2
    best = SelectKBest(f_classif, k=kept).fit(noise, coin).get_support()
    wrong = cross_val_score(LogisticRegression(), noise[:, best], coin, cv=5).mean()
    honest = make_pipeline(SelectKBest(f_classif, k=kept), LogisticRegression())
    right = cross_val_score(honest, noise, coin, cv=5).mean()
    quoted = re.search(
        r"cross-validates: (\d+)% right. With the picking inside each fold: (\d+)%", lecture_text(6)
    )
    assert quoted is not None
    # one row of the hundred may fall the other way on another machine
    assert [100 * wrong, 100 * right] == pytest.approx([float(q) for q in quoted.groups()], abs=1.01)


def test_the_folds_and_the_interval_are_right(says):
    scores = np.array([0.90, 0.85, 0.95, 0.90, 0.80])
    says(6, f"${', '.join(f'{s:.2f}' for s in scores)}$ have the mean ${scores.mean():.2f}$")
    says(6, f"a standard deviation of ${scores.std(ddof=1):.3f}$")
    says(6, f"$0.925 \\pm {2 * math.sqrt(0.925 * 0.075 / 200):.3f}$", "a \\pm 2 \\sqrt{\\frac{a(1 - a)}{n}}")
    inside, n = 0.0, 200  # how often that interval holds the truth, exactly, by the binomial distribution
    for k in range(n + 1):
        a = k / n
        if abs(a - 0.925) <= 2 * math.sqrt(a * (1 - a) / n):
            inside += math.comb(n, k) * 0.925**k * 0.075 ** (n - k)
    says(6, "in about 95 of 100 cases, fewer when $a$ is near 0 or 1")
    assert 0.92 < inside < 0.95


def test_the_exercises_of_lecture_6_have_right_answers(says):
    tp, fp, fn, tn = 8, 2, 8, 82
    says(6, f"$TP = {tp}$, $FP = {fp}$, $FN = {fn}$, $TN = {tn}$")
    says(6, f"${(tp + tn) / 100:g}$; $8/10 = {tp / (tp + fp):g}$; $8/16 = {tp / (tp + fn):g}$; "
         f"$16/26 = {2 * tp / (2 * tp + fp + fn):.3f}$")  # fmt: skip
    z = float(np.array([1, 3]) @ WEIGHTS + BIAS)
    says(6, "for 1 link and 3 words in capitals", f"$z = 1 + 4.5 - 4.25 = {z:g}$, $p = {sigmoid(z):.3f}$")
    from sklearn.metrics import roc_auc_score

    area = roc_auc_score([1, 1, 0, 0, 0], [0.9, 0.4, 0.6, 0.4, 0.2])
    says(
        6,
        "Spam scores $0.9, 0.4$, ham scores $0.6, 0.4, 0.2$",
        "Of 6 pairs, $0.9$ wins 3; $0.4$ wins 1 and ties 1",
        f"$(3 + 1 + 0.5)/6 = {area:g}$",
    )
    before, left, right = (gini(np.repeat([0, 1], n)) for n in ((4, 6), (1, 5), (3, 1)))
    says(6, "has 6 spam and 4 ham", "into 5 spam and 1 ham, and 1 spam and 3 ham")
    says(6, f"$1 - 0.36 - 0.16 = {before:.2f}$. After: ${left:.3f}$ and ${right:.3f}$")
    says(6, f"$0.6 \\times {left:.3f} + 0.4 \\times {right:.3f} = {0.6 * left + 0.4 * right:.3f}$")
    says(6, "is 19 times as bad as a false alarm", f"$1/(1 + 19) = {1 / 20:g}$")


def test_the_lab_shows_what_the_messages_of_lecture_6_promise(says):
    from labs.registry import get_lab

    lab = get_lab("classification")
    says(6, "`run the classification with dataset wine and scaling false`: k-NN and SVM fall far")
    wanted = ["knn", "svm", "tree", "forest", "naive_bayes"]
    scaled, raw = (
        lab.execute({"dataset": "wine", "models": wanted, "scale_features": on}).metrics
        for on in (True, False)
    )
    fall = {name: scaled[f"accuracy[{name}]"] - raw[f"accuracy[{name}]"] for name in wanted}
    assert min(fall["knn"], fall["svm"]) > 0.2
    assert max(abs(fall[name]) for name in ("tree", "forest", "naive_bayes")) < 0.03
    says(
        6,
        "`run the classification with dataset moons, models tree and depth 1, 3 and 20`: find the overfitting",
    )
    deep = lab.execute({"dataset": "moons", "models": ["tree"], "max_depth": 20})
    shallow = lab.execute({"dataset": "moons", "models": ["tree"], "max_depth": 3})
    assert any(finding.name == "overfitting" for finding in deep.findings)
    assert not any(finding.name == "overfitting" for finding in shallow.findings)
    says(6, "with dataset moons, models knn and k 1, 5 and 50`", "with dataset digits`")
    says(6, "`run the classification with dataset breast cancer`: which model misses the fewest malignant")
    notes = lab.execute({"dataset": "breast_cancer", "models": ["logistic", "tree"]}).notes
    assert any("malignant tumours in the test, called benign" in note for note in notes)
    says(6, "with dataset iris and seed 0, 1, 2, 3 and 4`: how much is luck of the split?")
    luck = [lab.execute({"models": ["logistic"], "seed": seed}).metrics["accuracy"] for seed in range(5)]
    assert max(luck) - min(luck) > 0.05
