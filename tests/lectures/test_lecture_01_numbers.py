"""Every worked number of lecture 1, worked out again and looked for in the text."""

from __future__ import annotations

import contextlib
import io
import re

import numpy as np
import pytest

NAMES = "ABCDEF"
KNOWN = np.array([[7, 7], [8, 8], [9, 8], [5, 8], [5, 9], [4, 7]])
LABELS = np.array(["orange"] * 3 + ["lemon"] * 3)
TEST = np.array([[6, 8], [8, 7], [7, 9]])
TRUTH = np.array(["lemon", "orange", "lemon"])


def distances(fruit: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, np.sqrt(((KNOWN - fruit) ** 2).sum(axis=1)).tolist(), strict=True))


def say(fruit: np.ndarray, k: int) -> tuple[str, str]:
    """The nearest k fruits, nearest first, and what most of them are."""
    order = np.argsort(list(distances(fruit).values()), kind="stable")[:k]
    kinds, votes = np.unique(LABELS[order], return_counts=True)
    return "".join(NAMES[i] for i in order), str(kinds[votes.argmax()])


def test_the_table_of_fruits_holds_the_data_of_these_tests(says):
    rows = zip(NAMES, KNOWN, LABELS, strict=True)
    says(1, *(f"| {name} | {width} | {height} | {label} |" for name, (width, height), label in rows))
    says(1, "A new fruit is 6 cm wide and 8 cm high")


def test_the_distances_and_the_answer_by_hand_are_right(says):
    d = distances(TEST[0])
    says(1, f"$\\sqrt{{(6-7)^2 + (8-7)^2}} = \\sqrt{{2}} = {d['A']:.3f}$")
    shown = ", ".join(f"{name} ${d[name]:.4g}$" for name in "BCDEF")
    says(1, f"The others: {shown}.")
    assert say(TEST[0], 1) == ("D", "lemon")
    assert say(TEST[0], 3) == ("DAE", "lemon")
    assert sorted(d.values())[3] > d["E"]  # no fourth fruit is as near as the third
    says(1, "The nearest is D, a lemon. The three nearest are D, A and E: two lemons to one orange")


def test_the_score_on_the_test_fruits_is_right_and_equals_the_baseline(says):
    d = distances(TEST[1])
    assert d["A"] == d["B"] == 1 == min(d.values())
    assert say(TEST[1], 3)[1] == "orange"
    says(1, "an orange of 8 by 7 cm, and a lemon of 7 by 9 cm", "A and B, both at distance $1$")
    assert say(TEST[2], 1) == ("B", "orange")
    assert say(TEST[2], 3) == ("BAE", "orange")
    says(1, f"its nearest is B, an orange, at distance ${distances(TEST[2])['B']:.3f}$")
    for k in (1, 3):
        right = [say(fruit, k)[1] == truth for fruit, truth in zip(TEST, TRUTH, strict=True)]
        assert right == [True, True, False]
    says(1, f"2 right out of 3, or ${2 / 3:.3f}$", "also right on 2 of these 3")
    assert (TRUTH == "lemon").sum() == 2


def test_scikit_learn_gives_the_same_answers_for_the_fruits():
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(3).fit(KNOWN, LABELS)
    assert model.predict(TEST).tolist() == [say(fruit, 3)[1] for fruit in TEST]


def test_the_code_of_the_lecture_prints_what_its_remarks_say(lecture_text):
    blocks = re.findall(r"```python\n(.+?)```", lecture_text(1), re.S)
    assert len(blocks) == 2
    for block in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block, {})
        assert printed.getvalue().splitlines() == re.findall(r"# shows (.+)", block)


def test_the_mathematics_section_is_right(says):
    marks = np.array([4, 6, 8, 10])
    parts = (marks - marks.mean()) ** 2
    says(1, f"$28/4 = {marks.mean():g}$", f"$({' + '.join(f'{p:g}' for p in parts)})/4 = {marks.var():g}$")
    says(1, f"is ${marks.std():.3f}$", f"its **slope** is $4/2 = {(7 - 3) / (3 - 1):g}$")
    says(1, f"$(1, 2, 3) \\cdot (4, 0, -1) = 4 + 0 - 3 = {np.dot([1, 2, 3], [4, 0, -1])}$")
    says(
        1,
        f"$3/6 = {(LABELS == 'lemon').mean():g}$",
        f"$\\log_{{10}} 1000 = {np.log10(1000):g}$",
        "$e \\approx 2.718$",
    )


def test_the_numbers_of_the_diagrams_are_those_of_the_text(says):
    says(1, "lower left cell says that 8 good messages were called spam")
    assert (94 - 90) / (91 - 90) == 4
    says(1, "Bars of 91% and 94% look as if one were four times the other when the axis starts at 90")


def test_the_exercises_of_lecture_1_have_right_answers(says):
    d = distances(np.array([8, 9]))
    assert say(np.array([8, 9]), 3) == ("BCA", "orange")
    says(1, f"$\\sqrt{{0 + 1}} = {d['B']:g}$", f"$\\sqrt{{9 + 0}} = {d['E']:g}$")
    says(1, f"B (${d['B']:g}$), C (${d['C']:.3f}$) and A (${d['A']:.3f}$): orange")
    x = np.array([1, 3, 5])
    says(
        1,
        f"Mean ${x.mean():g}$; variance $(4 + 0 + 4)/3 = {x.var():.3f}$; standard deviation ${x.std():.3f}$",
    )
    says(1, f"$1 + 4 + 9 = {sum(i**2 for i in range(1, 4))}$, and $6 - 4 = {np.dot([2, -1], [3, 4])}$")
    says(1, f"$980/1000 = {(1000 - 20) / 1000:g}$")


def test_the_lab_shows_what_the_messages_of_lecture_1_promise(says):
    from labs.registry import get_lab

    lab = get_lab("regression")

    def score(**values: object) -> float:
        return lab.execute(values).metrics["r2_test"]

    says(1, "`run the regression with noise 0 and 5`", "(1 is perfect)")
    assert score(noise=0) == pytest.approx(1, abs=1e-6)
    assert score(noise=5) < 0.8
    says(1, "`run the regression with epochs 1, 10 and 100`", "`run the regression with seed 1, 2 and 3`")
    assert score(epochs=1) < score(epochs=10) < score(epochs=100)
    assert len({score(seed=seed) for seed in (1, 2, 3)}) == 3
    says(1, "`run the regression with dataset curve and degree 1 and 5`")
    assert score(dataset="curve") < score(dataset="curve", degree=5)
