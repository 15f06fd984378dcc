import numpy as np
import pytest

from labs.base import Finding, LabResult, Table
from tutor.checking.numbers import guard_numbers


@pytest.fixture
def result():
    return LabResult(
        lab="bandit",
        title="t",
        parameters={"arms": 10, "epsilons": [0, 0.1], "steps": 1000},
        seed=0,
        metrics={"reward_final[epsilon_greedy, epsilon=0.1]": 1.3512, "optimal_final": 0.7949},
        series={"reward": np.array([0.02, 1.9, 1.4])},
        tables=(Table("t", ("a",), ((42.5,),)),),
        notes=("It took 317 steps.",),
        findings=(Finding("x", "reached 3.25", "y"),),
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "The reward ended at 1.35.",
        "It ended at 1.3512 after 1,000 steps.",
        "The best arm was picked in 79% of the runs.",
        "The best arm was picked in 79.5 per cent of the runs.",
        "With epsilon = 0.1 it does better.",
        "The table says 42.5 and the note 317, the finding 3.25.",
        "The curve peaks at 1.9.",
        "No number is said here.",
        "As passage [7] says, exploring helps.",
    ],
)
def test_a_sentence_with_numbers_of_the_run_stays(result, sentence):
    guarded = guard_numbers(sentence, [result])
    assert guarded.text == sentence
    assert guarded.removed == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "The reward ended at 1.36.",
        "The best arm was picked in 85% of the runs.",
        "There were 20 arms.",
        "It took 316 steps.",
        "The regret was 1e6.",
    ],
)
def test_a_sentence_with_a_foreign_number_goes(result, sentence):
    guarded = guard_numbers(f"Exploring helps. {sentence} That is the idea.", [result])
    assert guarded.removed == (sentence,)
    assert guarded.text == "Exploring helps. That is the idea."


def test_the_students_own_number_is_no_claim(result):
    assert guard_numbers("You asked for 20 arms.", [result], also="now with 20 arms").removed == ()


def test_code_is_left_alone(result):
    code = "```python\nx = 12345\n```"
    assert guard_numbers(code, [result]).text == code
