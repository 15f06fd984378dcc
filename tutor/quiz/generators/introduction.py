"""Lecture 1: kinds of learning, nearest neighbours, baselines, and the tools: Python, means, slopes, dot products."""

from __future__ import annotations

import numpy as np

from labs.cores.classification import accuracy, confusion_matrix
from labs.cores.regression import closed_form, standardise
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import after, choices, fixed, pick, plain, sound, table, total, words_of

MATHS = "Which mathematics do I need?"


@generator("intro_spread", 1, MATHS, "mean and spread")
@sound
def spread(rng: np.random.Generator) -> Made:
    """The root of the mean squared distance from the mean; divided by n, as in the lecture and in NumPy."""
    while True:
        marks = [int(mark) for mark in rng.integers(1, 20, size=4)]
        if sum(marks) % 4 == 0 and len(set(marks)) == 4:
            break
    mean, away = sum(marks) // 4, [mark - sum(marks) // 4 for mark in marks]
    deviation = float(standardise(np.array(marks, dtype=float)[:, None])[2][0])
    squares = sum(a * a for a in away)
    return Made(
        prompt=f"Four students got the marks {marks[0]}, {marks[1]}, {marks[2]} and {marks[3]}. What is the standard "
        "deviation of these marks (dividing by how many there are, as NumPy does)?",
        answer=deviation,
        hints=(
            "It is the typical distance of a mark from the mean.",
            "Mean first; then the mean of the squared distances (the variance); then its square root.",
            f"The mean is ${mean}$, so the distances from it are ${', '.join(str(a) for a in away)}$. Square them.",
        ),
        solution=f"Mean ${mean}$. Squared distances: ${total(a * a for a in away)} = {squares}$; divided by 4 that is "
        f"the variance ${plain(squares / 4)}$. Its root is $\\sqrt{{{plain(squares / 4)}}} = {deviation:.2f}$.",
        mistakes=(
            (squares / 4, "That is the variance: the square root is still to come."),
            ((squares / 3) ** 0.5, "That divides by 3, one less than there are; here we divide by 4."),
            (sum(abs(a) for a in away) / 4, "That is the mean distance: the distances were not squared."),
            (squares**0.5, "The squares were added up, but not divided by 4."),
        ),
    )


@generator("intro_dot", 1, MATHS, "dot product")
@sound
def dot(rng: np.random.Generator) -> Made:
    """The sum of products place by place; plain NumPy, after the lecture's definition."""
    while True:
        a = [int(value) for value in rng.integers(-4, 6, size=3)]
        b = [int(value) for value in rng.integers(-4, 6, size=3)]
        products = [x * y for x, y in zip(a, b, strict=True)]
        if 0 not in a + b and any(product < 0 for product in products) and abs(sum(products)) > 1:
            break
    left, right = ", ".join(map(str, a)), ", ".join(map(str, b))
    return Made(
        prompt=f"What is the dot product of the two vectors $({left})$ and $({right})$?",
        answer=float(np.dot(a, b)),
        decimals=0,
        tolerance=0.0,
        hints=(
            "The answer is one number, not three.",
            "Multiply place by place, then add up.",
            f"The first places give ${a[0]} \\times {after(b[0])} = {products[0]}$. Two more products, then the sum.",
        ),
        solution="$"
        + " + ".join(f"{after(x)} \\times {after(y)}" for x, y in zip(a, b, strict=True))
        + f" = {total(products)} = {sum(products)}$",
        mistakes=(
            (sum(map(abs, products)), "A minus got lost: a negative times a positive number is negative."),
            (sum(a) * sum(b), "That multiplies the two sums; multiply place by place first."),
            (sum(a) + sum(b), "That adds everything; the places have to be multiplied first."),
        ),
    )


@generator("intro_slope", 1, MATHS, "slope of a line")
@sound
def slope(rng: np.random.Generator) -> Made:
    """Rise over run; the key is the weight of least squares through two points, which must be the same."""
    x1, y1 = int(rng.integers(0, 4)), int(rng.integers(-3, 8))
    run, rise = int(rng.integers(2, 6)), int(rng.choice([-7, -5, -3, 3, 4, 5, 6, 7, 9]))
    x2, y2 = x1 + run, y1 + rise
    weight, _ = closed_form(np.array([[x1], [x2]], dtype=float), np.array([y1, y2], dtype=float))
    return Made(
        prompt=f"A straight line goes through the points $({x1}, {y1})$ and $({x2}, {y2})$, where the first number is "
        "$x$ (to the right) and the second $y$ (up). What is its slope?",
        answer=float(weight[0]),
        hints=(
            "The slope says by how much $y$ changes when $x$ grows by one.",
            "Divide the rise (the change in $y$) by the run (the change in $x$).",
            f"From the first point to the second, $x$ grows by ${x2} - {x1} = {run}$. By how much does $y$ change?",
        ),
        solution=f"$\\frac{{{y2} - {after(y1)}}}{{{x2} - {x1}}} = \\frac{{{rise}}}{{{run}}} = {rise / run:.2f}$",
        mistakes=(
            (run / rise, "That is run over rise: the change in $y$ goes on top."),
            (
                -rise / run,
                "The sign is turned: a line that rises to the right has a positive slope, a falling one a negative.",
            ),
            (float(rise), "That is the whole rise; divide it by the run."),
        ),
    )


@generator("intro_nearest", 1, "Can I see a model learn by hand?", "nearest neighbour")
@sound
def nearest(rng: np.random.Generator) -> Made:
    """The smallest distance by Pythagoras; plain NumPy, after the lecture's formula."""
    while True:
        known = rng.integers(3, 12, size=(4, 2))
        new = rng.integers(5, 10, size=2)
        distance = np.sqrt(((known - new) ** 2).sum(axis=1))
        order = np.sort(distance)
        one_way = int(np.abs(known - new).min(axis=1).argmin())  # close in one measure, but not in both
        if order[0] > 0 and np.diff(order).min() > 0.3 and one_way != distance.argmin():
            break
    best = int(distance.argmin())
    steps = [(int(k[0] - new[0]), int(k[1] - new[1])) for k in known]
    why = [
        f"Its distance is $\\sqrt{{{after(a)}^2 + {after(b)}^2}} = {distance[i]:.2f}$."
        for i, (a, b) in enumerate(steps)
    ]
    other = (best + 1) % 4
    return Made(
        prompt=f"A new fruit is {new[0]} cm wide and {new[1]} cm high. Which of the four known fruits is its nearest "
        "neighbour?\n\n"
        + table(
            ("fruit", "width in cm", "height in cm"),
            *(("ABCD"[i], *known[i].tolist()) for i in range(4)),
        ),
        options=choices(
            (f"fruit {'ABCD'[best]}", why[best]),
            *((f"fruit {'ABCD'[i]}", why[i]) for i in range(4) if i != best),
        ),
        hints=(
            "Close in width alone is not enough: both measures count.",
            "Use Pythagoras: the root of squared difference in width plus squared difference in height.",
            f"Fruit {'ABCD'[other]} differs by {abs(steps[other][0])} in width and {abs(steps[other][1])} in height: "
            f"distance ${distance[other]:.2f}$. Do the same for the others.",
        ),
        solution=" ".join(f"{'ABCD'[i]}: ${distance[i]:.2f}$." for i in range(4))
        + f" The smallest distance is that of fruit {'ABCD'[best]}.",
    )


@generator("intro_baseline", 1, "How do I know whether the model is any good?", "accuracy against a baseline")
@sound
def baseline(rng: np.random.Generator) -> Made:
    """Accuracy of a model less that of always naming the commoner class, both from labs.cores.classification."""
    n = int(rng.choice([20, 25, 50]))
    spam = int(rng.integers(n // 10 + 1, n // 2 - 1))
    right = int(rng.integers(n // 2, n))
    truth = np.repeat([0, 1], [n - spam, spam])
    said = np.where(np.arange(n) < right, truth, 1 - truth)
    model = accuracy(confusion_matrix(truth, said, 2))
    lazy = accuracy(confusion_matrix(truth, np.zeros(n, dtype=int), 2))
    return Made(
        prompt=f"A spam filter is tested on {n} messages, of which {spam} are spam. It judges {right} of the {n} "
        "correctly. By how much is its accuracy above that of the simplest rule, always saying “not spam”? Answer "
        "with a share, not with per cent; a negative number means that the filter is worse than the rule.",
        answer=model - lazy,
        hints=(
            "Work out two accuracies, and take one from the other.",
            "Accuracy is the number of right answers over the number of all. When is “not spam” right?",
            f"Always saying “not spam” is right on the ${n} - {spam} = {n - spam}$ messages that are not spam.",
        ),
        solution=f"Filter: ${right}/{n} = {plain(model)}$. Rule: ${n - spam}/{n} = {plain(lazy)}$. Difference: "
        f"${plain(model)} - {plain(lazy)} = {fixed(model - lazy)}$.",
        mistakes=(
            (lazy - model, "The sign is turned: take the rule's accuracy from the filter's."),
            (model, "That is the filter's own accuracy; the rule's is still to be taken off."),
            (model - spam / n, "The rule “not spam” is right on the messages that are not spam."),
            (model - 0.5, "That compares with a coin; the rule here is right more often than that."),
        ),
    )


_KINDS = {
    "supervised learning: regression": "Regression predicts a number from examples that come with the right number.",
    "supervised learning: classification": "Classification predicts a category from examples with known categories.",
    "unsupervised learning": "Unsupervised learning gets examples without any answers, and looks for structure.",
    "reinforcement learning": "Reinforcement learning learns from rewards for its own actions.",
}
_TASKS = (
    ("From past flats with their rents, a program learns to predict the rent of a new flat in pounds.", 0),
    (
        "A power company predicts how many megawatts will be needed tomorrow, from past days and their weather.",
        0,
    ),
    ("From photographs with known ages, a program learns to estimate a person's age in years.", 0),
    ("A bakery predicts how many loaves it will sell, from the records of the last three years.", 0),
    ("From messages that people have marked, a program learns to tell spam from other mail.", 1),
    ("A program learns to read postcodes: each handwritten digit becomes one of the ten digits.", 1),
    ("From X-ray pictures that doctors have labelled, a program learns to say “broken” or “not broken”.", 1),
    ("A bank's program learns from past payments, each known to be honest or fraud, to spot fraud.", 1),
    (
        "A shop has a list of what customers bought, with no labels, and looks for groups of similar customers.",
        2,
    ),
    (
        "A newspaper sorts old articles into heaps of similar ones; nobody has told it which heaps there are.",
        2,
    ),
    (
        "A program gets thousands of star spectra without any labels and looks for types that belong together.",
        2,
    ),
    ("A robot tries out movements and gets a point for every second that it stays upright.", 3),
    ("A program plays draughts against itself; all that it is told is whether it won.", 3),
    ("A website tries different headlines and is rewarded with a click whenever one works.", 3),
)


@generator("intro_kind", 1, "Which kinds of machine learning are there?", "kinds of learning")
@sound
def kind(rng: np.random.Generator) -> Made:
    """One of fourteen tasks; which kind of learning it is, after the lecture's table."""
    task, at = _TASKS[int(rng.integers(len(_TASKS)))]
    names = list(_KINDS)
    given = ("a known number", "a known category", "no answer at all", "a reward for what it did")[at]
    clue = (
        "Here each example comes with a right answer.",
        "Here each example comes with a right answer.",
        "Here no example comes with a right answer, and nothing that the program does is rewarded.",
        "Here nobody shows the right answer; the program acts, and finds out how well it went.",
    )[at]
    return Made(
        prompt=f"{task} Which kind of machine learning is this?",
        options=choices(
            (names[at], _KINDS[names[at]]),
            *((name, _KINDS[name]) for i, name in enumerate(names) if i != at),
        ),
        hints=(
            "Ask what the program is given to learn from.",
            "Is there a right answer with each example? If so, is it a number or a category?",
            clue,
        ),
        solution=f"What comes with each example or action is {given}. {_KINDS[names[at]]}",
    )


@generator("intro_python", 1, "How much Python do I need?", "reading Python")
@sound
def python(rng: np.random.Generator) -> Made:
    """What three lines of Python print; the key is what Python itself makes of them."""
    values = [int(value) for value in rng.choice(np.arange(2, 13), size=4, replace=False)]
    at, factor = int(rng.integers(1, 3)), int(pick(rng, 2, 3))
    what = words_of(rng, ("place", "loop", "last"))
    rule = "The indented line is done once for each number." if what == "loop" else "Counting starts at 0."
    if what == "place":
        code, shown = f"marks = {values}\nprint(marks[{at}])", values[at]
        hint = "`marks[0]` is the first number in the list."
        right = f"Place {at}, counted from 0, holds {shown}."
        wrong = (
            (str(values[at - 1]), "Counting starts at 0, so this number stands one place earlier."),
            (str(at), "That is the place, not the number that stands there."),
            (str(len(values)), "That is how many numbers there are: `len(marks)`."),
        )
    elif what == "loop":
        code = f"total = 0\nfor m in {values[:3]}:\n    total = total + {factor} * m\nprint(total)"
        shown = sum(factor * m for m in values[:3])
        hint = f"After the first round, `total` is {factor} × {values[0]} = {factor * values[0]}."
        right = f"The loop adds {factor} × {values[0]}, {factor} × {values[1]} and {factor} × {values[2]}."
        wrong = (
            (str(factor * values[2]), "That is the last round alone; `total` keeps what it had."),
            (str(sum(values[:3])), f"The factor {factor} got lost."),
            (str(factor + sum(values[:3])), f"The {factor} is multiplied in each round, not added once."),
        )
    else:
        code, shown = f"marks = {values}\nprint(marks[len(marks) - 1])", values[-1]
        hint = "The list has four numbers, so `len(marks)` is 4."
        right = f"Place 4 - 1 = 3, counted from 0, is the last one: {shown}."
        wrong = (
            (str(values[2]), "Counting starts at 0, so place 3 is the fourth number."),
            (str(len(values) - 1), "That is the place, not the number that stands there."),
            (str(values[0]), "That is `marks[0]`, the first number."),
        )
    return Made(
        prompt=f"What does this program print?\n\n```python\n{code}\n```",
        options=choices((str(shown), right), *wrong),
        hints=("Be the computer: go through it line by line.", rule, hint),
        solution=f"{hint} {right} The program prints {shown}.",
    )
