"""Lecture 6: logistic regression, votes, Gini impurity, the confusion matrix and its scores, thresholds and AUC."""

from __future__ import annotations

import numpy as np

from labs.cores.backprop import Sigmoid
from labs.cores.classification import (
    accuracy,
    area_under,
    confusion_matrix,
    precision_recall_f1,
    roc_curve,
)
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import (
    choices,
    fixed,
    one_of,
    pick,
    plain,
    signed,
    sound,
    table,
    words_of,
)

TESTS = (  # what is looked for, how the rows and columns are called, in one case
    ("A spam filter", "spam", "no spam", "messages"),
    ("A test for an illness", "ill", "healthy", "people"),
    ("A program that looks for fraud", "fraud", "honest", "payments"),
)


def _counts(tp: int, fn: int, fp: int, tn: int) -> np.ndarray:
    """The core's confusion matrix of so many rows of each sort; class 1 is the positive one."""
    truth = np.repeat([1, 1, 0, 0], [tp, fn, fp, tn])
    said = np.repeat([1, 0, 1, 0], [tp, fn, fp, tn])
    return confusion_matrix(truth, said, 2)


@generator("class_logistic", 6, "How does logistic regression classify?", "probability of a class")
@sound
def logistic(rng: np.random.Generator) -> Made:
    """The sigmoid of w1 x1 + w2 x2 + b, by labs.cores.backprop.Sigmoid."""
    w1, w2 = pick(rng, 0.5, 1.5, 0.25), pick(rng, 0.5, 1.5, 0.25)
    links, capitals = int(rng.integers(2, 5)), int(rng.integers(2, 6))
    b = -pick(rng, 1, 9, 0.5)
    z = w1 * links + w2 * capitals + b
    if not 0.2 < abs(z) < 3:
        return logistic(rng)
    p = float(Sigmoid().forward(np.array([z]))[0])
    return Made(
        prompt=f"A spam filter by logistic regression has the weights $w_1 = {plain(w1)}$ (for the number of links) "
        f"and "
        f"$w_2 = {plain(w2)}$ (for words in capitals), and the bias $b = {plain(b)}$. Which probability of spam does "
        f"it "
        f"give to a message with {links} links and {capitals} words in capitals?",
        answer=p,
        hints=(
            "Two steps: a score, and then its sigmoid.",
            r"The score is $z = w_1x_1 + w_2x_2 + b$, and $p = \frac{1}{1 + e^{-z}}$.",
            f"${plain(w1)} \\times {links} + {plain(w2)} \\times {capitals} {signed(b)} = {plain(z)}$. Now the "
            f"sigmoid.",
        ),
        solution=f"$z = {plain(z)}$ and $p = 1/(1 + e^{{{plain(-z)}}}) = {p:.2f}$: "
        f"{'spam' if p > 0.5 else 'not spam'}, with the threshold at one half.",
        mistakes=(
            (z, "That is the score; a probability lies between 0 and 1."),
            (1 - p, "The sign in the exponent is turned: it is $e^{-z}$."),
            (float(1 / (1 + np.exp(b - z))), "The bias is missing from the score."),
            (float(np.exp(z)), "Those are the odds; the probability is odds over (1 + odds)."),
        ),
    )


@generator("class_vote", 6, "How do k nearest neighbours vote?", "k-nearest-neighbour vote")
@sound
def vote(rng: np.random.Generator) -> Made:
    """The labels of the three smallest distances; plain NumPy, after the lecture."""
    while True:
        points = rng.integers(0, 6, size=(5, 2))
        new = rng.integers(1, 5, size=2)
        square = ((points - new) ** 2).sum(axis=1)
        order = square.argsort(kind="stable")
        labels = np.array(["ham", "spam"])[
            rng.permutation([0, 0, 1, 1, 1] if rng.random() < 0.5 else [1, 1, 0, 0, 0])
        ]
        three = int((labels[order[:3]] == "spam").sum())
        if (
            square.min() > 0
            and square[order[2]] < square[order[3]]
            and 0 < three < 3
            and len(set(square)) >= 4
        ):
            break
    names = "ABCDE"
    near = [names[i] for i in order[:3]]
    texts = {
        3: "spam, by 3 votes to 0",
        2: "spam, by 2 votes to 1",
        1: "ham, by 2 votes to 1",
        0: "ham, by 3 votes to 0",
    }
    counted = (
        f"The three nearest are {', '.join(near)}, and {three} of them {'is' if three == 1 else 'are'} spam."
    )
    rows = [(names[i], *points[i].tolist(), labels[i]) for i in range(5)]
    i = int(order[0])
    return Made(
        prompt=f"Five messages are known. A new one has {new[0]} links and {new[1]} words in capitals. What do its "
        "$k = 3$ nearest neighbours say?\n\n" + table(("message", "links", "capitals", "class"), *rows),
        options=choices(
            (texts[three], counted),
            *((texts[n], counted) for n in (2, 1, 3, 0) if n != three),
        ),
        hints=(
            "Who is nearest? Only three of the five may vote.",
            "The squared distances are enough: squared difference in links plus squared difference in capitals.",
            f"Message {names[i]}: $({points[i][0]} - {new[0]})^2 + ({points[i][1]} - {new[1]})^2 = {square[i]}$. Do "
            f"this "
            "for all five.",
        ),
        solution="Squared distances: "
        + ", ".join(f"{names[j]} {square[j]}" for j in range(5))
        + f". {counted} So: {texts[three]}.",
    )


@generator("class_gini", 6, "How does a decision tree choose its question?", "Gini impurity")
@sound
def gini(rng: np.random.Generator) -> Made:
    """1 - sum of p², of two groups weighted by their size (Breiman's Gini index, as in the lecture; plain NumPy)."""
    n = int(rng.choice([8, 10, 12, 20]))
    first = int(rng.integers(2, n - 2))
    spam1, spam2 = int(rng.integers(1, first)), int(rng.integers(0, n - first + 1))
    second = n - first

    def impurity(spam: int, size: int) -> float:
        return 1 - (spam / size) ** 2 - (1 - spam / size) ** 2

    g1, g2 = impurity(spam1, first), impurity(spam2, second)
    mean = (first * g1 + second * g2) / n
    return Made(
        prompt=f"A decision tree tries a question on {n} messages. {first} answer yes, {spam1} of them spam; "
        f"{second} answer no, {spam2} of them spam. What is the mean Gini impurity of the two groups, weighted "
        f"by "
        "their sizes?",
        answer=mean,
        decimals=3,
        hints=(
            "Work out the impurity of each group first, then their mean.",
            "A group's impurity is $1 - p_1^2 - p_2^2$ with the shares of its classes. The larger group counts more.",
            f"In the first group the shares are ${spam1}/{first}$ and ${first - spam1}/{first}$, so its impurity is "
            f"${plain(g1, 3)}$.",
        ),
        solution=f"Yes: ${plain(g1, 3)}$. No: ${plain(g2, 3)}$. Mean: $\\frac{{{first}}}{{{n}}} \\times "
        f"{plain(g1, 3)} + "
        f"\\frac{{{second}}}{{{n}}} \\times {plain(g2, 3)} = {mean:.3f}$.",
        mistakes=(
            ((g1 + g2) / 2, "The groups differ in size; weigh each impurity by its share of the messages."),
            (impurity(spam1 + spam2, n), "That is the impurity before the question was asked."),
            (1 - mean, "That is the purity; the impurity is 1 minus the squares."),
        ),
    )


@generator("class_split", 6, "How does a decision tree choose its question?", "choosing a split")
@sound
def split(rng: np.random.Generator) -> Made:
    """The question with the lowest weighted Gini impurity of three; plain NumPy, after the lecture."""
    n = 10
    while True:
        sizes = rng.integers(2, 9, size=3)
        spam = np.array([int(rng.integers(max(0, s - 5), min(s, 5) + 1)) for s in sizes])
        p, q = spam / sizes, (5 - spam) / (n - sizes)
        mean = (sizes * 2 * p * (1 - p) + (n - sizes) * 2 * q * (1 - q)) / n
        if np.diff(np.sort(mean)).min() > 0.04:
            break
    best = int(mean.argmin())
    names = ("links", "capitals", "exclamation marks")
    rows = [
        (f"many {names[i]}?", f"{spam[i]} of {sizes[i]}", f"{5 - spam[i]} of {n - sizes[i]}")
        for i in range(3)
    ]
    why = [f"The mean Gini impurity after it is ${mean[i]:.3f}$." for i in range(3)]
    return Made(
        prompt="Ten messages, five of them spam. A decision tree may ask one of three questions; the table says how "
        "many are spam among those that answer yes and among those that answer no. Which question does it choose by "
        "Gini impurity?\n\n" + table(("question", "spam among yes", "spam among no"), *rows),
        options=choices(
            (f"the one about {names[best]}", why[best]),
            *((f"the one about {names[i]}", why[i]) for i in range(3) if i != best),
        ),
        hints=(
            "A good question leaves two groups that are as pure as possible.",
            "For each question: impurity $1 - p_1^2 - p_2^2$ of both groups, then their mean weighted by size.",
            f"Impurity after the question about {names[(best + 1) % 3]}: ${mean[(best + 1) % 3]:.3f}$. Is another "
            f"lower?",
        ),
        solution=" ".join(f"{names[i].capitalize()}: ${mean[i]:.3f}$." for i in range(3))
        + f" The lowest is that of {names[best]}.",
    )


@generator("class_precision_recall", 6, "What is a confusion matrix?", "precision and recall")
@sound
def precision_or_recall(rng: np.random.Generator) -> Made:
    """One of the two scores, by labs.cores.classification.precision_recall_f1."""
    tp, fn, fp = int(rng.integers(10, 60)), int(rng.integers(3, 30)), int(rng.integers(3, 30))
    tn = 200 - tp - fn - fp
    if abs(fn - fp) < 4:
        return precision_or_recall(rng)
    who, yes, no, rows = TESTS[int(rng.integers(len(TESTS)))]
    what = words_of(rng, ("precision", "recall"))
    counts = _counts(tp, fn, fp, tn)
    precision, recall, _ = (float(score[1]) for score in precision_recall_f1(counts))
    key, other = (precision, recall) if what == "precision" else (recall, precision)
    below = tp + (fp if what == "precision" else fn)
    asks = {
        "precision": f"of all {rows} that it called “{yes}”, which share really is?",
        "recall": f"of all {rows} that really are “{yes}”, which share did it find?",
    }
    slip = {
        "precision": "That is the precision, the share of its alarms that are right.",
        "recall": "That is the recall, the share that was found.",
    }
    return Made(
        prompt=f"{who} was tried on 200 {rows}; “{yes}” is the positive class. What is its {what}?\n\n"
        + table(("", f"said “{yes}”", f"said “{no}”"), (f"is “{yes}”", tp, fn), (f"is “{no}”", fp, tn)),
        answer=key,
        hints=(
            f"The {tn} that were rightly called “{no}” play no part in it.",
            f"{what.capitalize()} asks: {asks[what]}",
            f"On top stand the {tp} that were rightly called “{yes}”. What do you divide by: a row or a column?",
        ),
        solution=f"${tp} / ({tp} + {below - tp}) = {tp}/{below} = {key:.2f}$",
        mistakes=(
            (other, slip["recall" if what == "precision" else "precision"]),
            (accuracy(counts), "That is the accuracy, the share of all that is right."),
            (1 - key, "That is the share that went wrong."),
            (tp / 200, "Divide by one row or one column of the table, not by all."),
        ),
    )


@generator("class_f1", 6, "What is a confusion matrix?", "F1 score")
@sound
def f1(rng: np.random.Generator) -> Made:
    """2 TP / (2 TP + FP + FN), by labs.cores.classification.precision_recall_f1."""
    tp, fn, fp = int(rng.integers(5, 40)), int(rng.integers(2, 40)), int(rng.integers(2, 40))
    counts = _counts(tp, fn, fp, 100)
    p, r, score = (float(values[1]) for values in precision_recall_f1(counts))
    if abs(p - r) < 0.2:
        return f1(rng)
    return Made(
        prompt=f"A spam filter has {tp} true positives, {fp} false positives, {fn} false negatives and 100 true "
        "negatives. What is its F1 score?",
        answer=score,
        hints=(
            "F1 puts precision and recall into one number, and is low as soon as one of them is.",
            r"$F_1 = \frac{2PR}{P + R} = \frac{2\,TP}{2\,TP + FP + FN}$.",
            f"On top stands $2 \\times {tp} = {2 * tp}$; the true negatives do not come in.",
        ),
        solution=f"$\\frac{{2 \\times {tp}}}{{2 \\times {tp} + {fp} + {fn}}} = {2 * tp} / {2 * tp + fp + fn} = "
        f"{score:.2f}$. (Precision {p:.2f}, recall {r:.2f}.)",
        mistakes=(
            ((p + r) / 2, "That is the plain mean of precision and recall; F1 is their harmonic mean."),
            (p, "That is the precision."),
            (r, "That is the recall."),
            (accuracy(counts), "That is the accuracy."),
            (tp / (tp + fp + fn), "The true positives count twice, above and below."),
        ),
    )


@generator("class_macro", 6, "What are macro and micro averages?", "macro average")
@sound
def macro(rng: np.random.Generator) -> Made:
    """The plain mean of the recalls of three classes, by labs.cores.classification.precision_recall_f1."""
    sizes = np.array([40, 50, 10])
    right = np.array([int(rng.integers(30, 40)), int(rng.integers(38, 50)), int(rng.integers(2, 8))])
    wrong = sizes - right
    part = np.array([int(rng.integers(0, w + 1)) for w in wrong])
    counts = np.diag(right)
    for i in range(3):
        counts[i, (i + 1) % 3], counts[i, (i + 2) % 3] = part[i], wrong[i] - part[i]
    recall = precision_recall_f1(counts)[1]
    key, micro = float(recall.mean()), accuracy(counts)
    names = ("work", "private", "spam")
    rows = [(f"{names[i]} ({sizes[i]})", *counts[i].tolist()) for i in range(3)]
    return Made(
        prompt="A program sorts 100 messages into three folders. What is its macro recall?\n\n"
        + table(("is", *(f"said {name}" for name in names)), *rows),
        answer=key,
        hints=(
            "In a macro average every class counts the same, however rare it is.",
            "Work out the recall of each class (right ones over the row), then their plain mean.",
            f"The recall of “work” is ${right[0]}/40 = {plain(float(recall[0]))}$.",
        ),
        solution=f"$({' + '.join(plain(float(value)) for value in recall)}) / 3 = {key:.2f}$",
        mistakes=(
            (micro, "That is the accuracy, which is the micro average: there every message counts the same."),
            (
                float(precision_recall_f1(counts)[0].mean()),
                "That is the macro precision: you divided by columns.",
            ),
            (float(recall.sum()), "That is the sum of the three recalls; divide it by 3."),
        ),
    )


@generator("class_baseline", 6, "Why can accuracy mislead?", "accuracy and imbalance")
@sound
def imbalance(rng: np.random.Generator) -> Made:
    """Accuracy, recall and the accuracy of saying no always, by labs.cores.classification."""
    ill = int(one_of(rng, (10, 20, 30, 40, 50)))
    tp = int(rng.integers(round(ill * 0.6), ill))
    fp = int(rng.integers(1, 3 * ill))
    counts = _counts(tp, ill - tp, fp, 1000 - ill - fp)
    right, recall, lazy = accuracy(counts), float(precision_recall_f1(counts)[1][1]), (1000 - ill) / 1000
    if abs(lazy - right) < 0.004:
        return imbalance(rng)
    told = f"accuracy {plain(right)} against {plain(lazy)}, recall {plain(recall, 2)} against 0"
    ahead, behind = ("test", "rule") if right > lazy else ("rule", "test")
    true = {
        "rule": "The rule has the higher accuracy, but finds nobody who is ill.",
        "test": "The test has the higher accuracy, and finds most of the ill.",
    }
    return Made(
        prompt=f"Of 1,000 people {ill} are ill. A test alarms {tp} of the ill and {fp} of the healthy. Compare it with "
        "the rule “everybody is healthy”. Which sentence is true?",
        options=choices(
            (true[ahead], f"Indeed: {told}."),
            (true[behind], f"Look again: {told}."),
            (
                "The rule has the higher accuracy and the higher recall.",
                f"The rule finds nobody, so its recall is 0: {told}.",
            ),
            (
                "The two have the same accuracy, as both are right on most people.",
                f"Not quite the same: {told}.",
            ),
        ),
        hints=(
            "Work out two accuracies, and ask whom each of the two finds.",
            "The rule is wrong on the ill only; the test misses some of them and alarms some of the healthy.",
            f"The test is wrong on ${ill - tp} + {fp} = {ill - tp + fp}$ people, the rule on {ill}.",
        ),
        solution=f"The test: {told} for the rule. The rule's accuracy is high only because so few are ill.",
    )


@generator("class_threshold", 6, "Where should I put the threshold?", "threshold from costs")
@sound
def threshold(rng: np.random.Generator) -> Made:
    """c_FP / (c_FP + c_FN), where the two mean costs are equal; plain arithmetic, after the lecture."""
    false_alarm, missed = (int(value) for value in rng.choice(np.arange(1, 13), size=2, replace=False))
    cut = false_alarm / (false_alarm + missed)
    return Made(
        prompt=f"A false alarm of a fraud detector costs {false_alarm} pounds, a fraud that it misses costs {missed} "
        "pounds, and a right decision costs nothing. Above which probability of fraud should it raise the alarm?",
        answer=cut,
        hints=(
            "At the threshold, alarm and no alarm cost the same on average.",
            "An alarm costs $(1 - p) \\times$ the price of a false alarm; no alarm costs $p \\times$ that of a miss.",
            f"Solve $(1 - p) \\times {false_alarm} = p \\times {missed}$ for $p$.",
        ),
        solution=f"$p = \\frac{{c_{{FP}}}}{{c_{{FP}} + c_{{FN}}}} = {false_alarm} / ({false_alarm} + {missed}) = "
        f"{cut:.2f}$",
        mistakes=(
            (1 - cut, "The costs are swapped: the dearer a miss, the lower the threshold."),
            (false_alarm / missed, "That is the ratio of the costs; divide by their sum."),
            (0.5, "One half is right only where both mistakes cost the same."),
        ),
    )


@generator("class_auc", 6, "What are the ROC curve and AUC?", "area under ROC")
@sound
def auc(rng: np.random.Generator) -> Made:
    """The area under labs.cores.classification.roc_curve, by its area_under."""
    spam = rng.permutation([1, 1, 1, 0, 0, 0]) if rng.random() < 0.5 else rng.permutation([1, 1, 1, 1, 0, 0])
    score = np.sort(rng.choice(np.arange(5, 100, 5), size=6, replace=False))[::-1] / 100
    area = float(area_under(*roc_curve(spam == 1, score)))
    if not 0.3 < area < 0.99 or abs(area - 0.5) < 0.01:
        return auc(rng)
    pairs, wins = int(spam.sum() * (6 - spam.sum())), 0
    for i in range(6):
        wins += int(spam[i] * (1 - spam[i + 1 :]).sum())
    best_ham = int(np.flatnonzero(spam == 0)[0])
    above = int(spam[:best_ham].sum())
    return Made(
        prompt="A filter gives six test messages these scores (higher: more like spam). What is the AUC, the area "
        "under "
        "the ROC curve?\n\n"
        + table(("score", *map(plain, score)), ("class", *("spam" if s else "ham" for s in spam))),
        answer=area,
        hints=(
            "There is a way without drawing: count pairs.",
            "The AUC is the share of all pairs (one spam, one ham) in which the spam has the higher score.",
            f"There are {int(spam.sum())} × {6 - int(spam.sum())} = {pairs} pairs. Of the spam messages, {above} "
            f"stand "
            "above the highest ham.",
        ),
        solution=f"In {wins} of {pairs} pairs the spam scores higher: ${wins}/{pairs} = {fixed(area)}$.",
        mistakes=(
            (1 - area, "Those are the pairs in the wrong order."),
            (wins / 6, "Divide by the number of pairs, not by the number of messages."),
            (wins / 9, f"There are {pairs} pairs here, not 9."),
        ),
    )


@generator("class_bayes", 6, "How does naive Bayes decide?", "Bayes' rule")
@sound
def bayes(rng: np.random.Generator) -> Made:
    """prior × likelihood of spam over the sum for both classes (Bayes' rule, as in the lecture; plain arithmetic)."""
    prior = one_of(rng, (0.1, 0.2, 0.3, 0.4))
    spam, ham = one_of(rng, (0.3, 0.4, 0.5, 0.6, 0.8)), one_of(rng, (0.02, 0.05, 0.1, 0.2))
    up, other = prior * spam, (1 - prior) * ham
    p = up / (up + other)
    return Made(
        prompt=f"Of all mail {plain(100 * prior)}% is spam; the rest is ham. The word “prize” is in "
        f"{plain(100 * spam)}% of the spam and in {plain(100 * ham)}% of the ham. A message has the word. "
        "What is the probability that it is spam? Answer with a share, not with per cent.",
        answer=p,
        hints=(
            "Think of 1,000 messages: how many with the word are spam, how many are ham?",
            "For each class multiply how common it is by how often it has the word; then divide by the sum of both.",
            f"Spam with the word: ${prior} \\times {spam} = {plain(up)}$. Ham with the word: ${plain(1 - prior)} "
            f"\\times "
            f"{ham} = {plain(other)}$.",
        ),
        solution=f"${plain(up)} / ({plain(up)} + {plain(other)}) = {p:.2f}$",
        mistakes=(
            (spam / (spam + ham), "That forgets how common spam and ham are to begin with."),
            (spam, "That is how often spam has the word; the question is the other way round."),
            (up, "That is the share of all mail; divide by all mail that has the word."),
            (up / other, "Divide by the sum of both, not by the ham alone."),
        ),
    )
