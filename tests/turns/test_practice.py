"""Exercises, modes and predictions in the chat: what a student says, and what code answers, with no model at all."""

import pytest

from tutor.events import LabStarted
from tutor.library import Library
from tutor.quiz.choose import find
from tutor.quiz.question import letter
from tutor.sessions import SessionStore
from tutor.turns.practice import open_question

pytestmark = pytest.mark.weights

WITH_ANSWERS = """# Lecture 3: Multiple regression

## What are scaling and normalisation?

**Standardisation** subtracts the mean and divides by the standard deviation.

$$z = \\frac{x - \\mu}{\\sigma}$$

$x$ is the old value, $\\mu$ is the mean and $\\sigma$ is the standard deviation.

## What is overfitting?

**Overfitting** means that a flexible model learns the noise as well, since it has room for it.

## Exercises with worked answers

**1.** A model has the prediction 7 for the label 6. What is its error?

*Answer.* $7 - 6 = 1$.

**2.** Ages are $20, 30, 40$. Standardise an age of 50 with the standard deviation 10.

*Answer.* The mean is $30$. So $z = (50 - 30)/10 = 2$.

## Glossary

- **Error:** prediction minus label.
- **Standard deviation:** typical distance from the mean.
"""

WITHOUT = """# Lecture 5: Networks

## What is a neuron?

A **neuron** is a weighted sum plus a bias, passed through an activation function.

## Exercises

1. A neuron has the weights 1 and 2 and no bias. What is its weighted sum for the inputs 3 and 4?

2. Draw a network with two layers.
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory, minilm_dir):
    from knowledge.embedding import Embedder

    folder = tmp_path_factory.mktemp("school")
    for number, text in ((3, WITH_ANSWERS), (5, WITHOUT)):
        (folder / f"lecture_{number:02}").mkdir()
        (folder / f"lecture_{number:02}" / "lecture.md").write_text(text, encoding="utf-8")
    library = Library(
        tmp_path_factory.mktemp("school-index") / "i", None, course=(folder,), embedder=Embedder(minilm_dir)
    )
    library.wait()
    return library


@pytest.fixture
def desk(school, runner, tmp_path):
    from turns.conftest import Desk  # the desk of the other turns, on this course

    desk = Desk(school, runner, f"sqlite:///{tmp_path}/sessions.sqlite")
    yield desk
    desk.tutor.sessions.close()


def said(desk, message, **more):
    return desk.say(message, **more)[-1].answer


# --- exercises ---------------------------------------------------------------------------------------------------


def test_the_ladder_goes_from_nudge_to_solution_and_shows_no_rung_before_it_is_asked_for(desk):
    task = said(desk, "help me with exercise 2 of lecture 3")
    assert "Standardise an age of 50" in task
    nudge = said(desk, "hint")
    pointer = said(desk, "next hint")
    step = said(desk, "another hint please")
    assert nudge.startswith("**Hint 1 of 4: a nudge.**")
    assert "Standard deviation:** typical distance" in nudge  # from the lecture's glossary
    assert "What are scaling and normalisation?* [1]" in pointer
    assert "**Standardisation** subtracts the mean" in pointer
    assert "The mean is $30$." in step
    for rung in (task, nudge, pointer, step):
        assert "/10 = 2" not in rung
    solved = desk.say("next hint")[-1]
    assert "So $z = (50 - 30)/10 = 2$." in solved.answer
    assert solved.sources[0].heading == ("Exercises with worked answers",)


def test_the_solution_may_be_asked_for_at_once_and_then_the_next_exercise(desk):
    said(desk, "I'm stuck on exercise 1 of lecture 3")
    assert "$7 - 6 = 1$" in said(desk, "show the solution")
    assert "**Exercise 2 of lecture 3**" in said(desk, "next exercise")


def test_a_typed_number_is_checked_and_never_corrected_by_giving_the_answer(desk):
    said(desk, "exercise 2 of lecture 3")
    wrong = said(desk, "5")
    assert wrong.startswith("**Not yet")
    assert "2" not in wrong
    assert said(desk, "I get 2").startswith("**Right.**")


def test_the_lecture_is_that_of_the_conversation_and_is_asked_for_where_there_is_none(desk):
    done = desk.say("help me with exercise 2")[-1]
    assert "Which lecture is it in?" in done.answer
    assert done.suggestions[0] == "Help me with exercise 2 of lecture 3"
    said(desk, "what is overfitting?")
    assert "**Exercise 1 of lecture 3**" in said(desk, "i'm stuck on exercise 1")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("exercise 9 of lecture 3", "There is no exercise 9. These are the exercises of lecture 3"),
        (
            "exercise 1 of lecture 40",
            "I find no exercises in lecture 40. There are exercises in lectures 3 and 5.",
        ),
        ("which exercises are in lecture 3?", "- **2.** Ages are $20, 30, 40$."),
    ],
)
def test_what_is_not_there_is_said_with_what_is(desk, message, told):
    assert told in said(desk, message)


def test_without_a_worked_answer_there_are_two_hints_and_the_plain_truth(desk):
    said(desk, "help me with exercise 1 of lecture 5")
    assert said(desk, "hint").startswith("**Hint 1 of 2")
    assert "What is a neuron?" in said(desk, "hint")
    assert "gives no worked answer" in said(desk, "hint")
    assert "will not make one up" in said(desk, "show the solution")
    assert "no worked answer to compare with" in said(desk, "11")


def test_a_question_in_between_leaves_the_exercise_open(desk):
    said(desk, "exercise 1 of lecture 3")
    assert desk.say("what is overfitting?")[-1].intent == "question"
    assert said(desk, "hint").startswith("**Hint 1 of 4")


def test_a_pasted_exercise_is_not_answered_from_its_worked_answer(desk):
    done = desk.say("A model has the prediction 7 for the label 6. What is its error?")[-1]
    assert done.answer.startswith("**Exercise 1 of lecture 3**")
    assert "7 - 6" not in done.answer


def test_a_hint_with_nothing_open_asks_which_exercise_is_meant(desk):
    assert "No exercise or question is open" in said(desk, "hint")


def test_no_passage_with_worked_answers_is_quoted_for_a_question(desk):
    done = desk.say("what is the error of a model?")[-1]
    assert "7 - 6" not in done.answer
    assert all("Exercises" not in p.heading[-1] for p in done.sources)


# --- modes -------------------------------------------------------------------------------------------------------


def test_exam_mode_gives_one_nudge_and_no_solution_until_it_is_left(desk):
    assert "Exam mode is on" in said(desk, "exam mode please")
    said(desk, "exercise 2 of lecture 3")
    assert said(desk, "hint").startswith("**A nudge.**")
    assert "one nudge" in said(desk, "hint")
    assert "wait until the exam is over" in said(desk, "show the solution")
    assert "do not check" in said(desk, "2")
    assert "**Overfitting** means" in said(desk, "what is overfitting?")  # ideas are explained
    assert "The exam is over" in said(desk, "leave exam mode")
    assert "(50 - 30)/10 = 2" in said(desk, "exercise 2 of lecture 3") + said(desk, "show the solution")


def right_answer(question):
    if question.kind == "number":
        return f"{question.answer:.{question.decimals}f}"
    return letter(next(i for i, option in enumerate(question.options) if option.right))


def asked(desk):
    state = open_question(desk.tutor.history("s1"))
    return find(state["id"], state["seed"])


def test_an_exam_tells_marks_at_the_end_and_solutions_after_it(desk):
    said(desk, "exam mode")
    assert "5 questions, and your marks at the end" in said(desk, "quiz me on lecture 9")
    questions = []
    for number in range(5):
        questions.append(asked(desk))
        told = said(desk, right_answer(questions[-1]) if number < 4 else "next question")
        if number < 4:
            assert told.startswith("Noted.")
            assert questions[-1].solution not in told
    assert told.startswith("**Your marks: 4 of 5.**")
    assert not any(question.solution in told for question in questions)
    assert desk.tutor.progress.lectures("s1")[0].answered == 4  # what was not answered was not graded
    assert "**Your marks" not in said(desk, "show the solutions")
    said(desk, "leave exam mode")
    solved = said(desk, "show the solutions")
    assert all(question.solution in solved for question in questions)


def test_socratic_mode_asks_first_and_tells_after_an_attempt(desk):
    said(desk, "use socratic mode")
    back = said(desk, "what is overfitting?")
    assert "learns the noise" not in back
    told = said(desk, "when it fits too well")
    assert "**Overfitting** means that a flexible model learns the noise" in told
    said(desk, "what is a neuron?")
    assert "weighted sum plus a bias" in said(desk, "tell me")


def test_socratic_mode_asks_first_whatever_a_capable_model_would_say(desk):
    chat = desk.use("Overfitting means that a model learns the noise.", tool_calls=True)
    said(desk, "use socratic mode")
    assert "Before I explain" in said(desk, "what is overfitting?")
    assert chat.seen == []
    assert "learns the noise" in said(desk, "tell me")
    assert "Socratic" not in str(chat.seen[0])  # or it would ask back again


def test_the_mode_belongs_to_the_session_and_survives_a_restart(desk):
    said(desk, "use socratic mode")
    desk.tutor.sessions.close()
    desk.reopened()
    assert "Before I explain" in said(desk, "what is overfitting?")
    assert "learns the noise" in said(desk, "what is overfitting?", session="other")


# --- predictions -------------------------------------------------------------------------------------------------

RUN = "run the bandit with epsilon 0 and 0.1, 60 runs and 200 steps"


def test_a_guess_is_asked_for_before_the_run_compared_with_it_and_kept(desk):
    said(desk, "let me predict first")
    before = desk.say(RUN)
    assert not any(isinstance(e, LabStarted) for e in before)
    assert "highest final reward" in before[-1].answer
    after = desk.say("0.1")
    assert any(isinstance(e, LabStarted) for e in after)
    done = after[-1]
    run = done.results[0]
    best = run.metrics["reward_final[epsilon_greedy, epsilon=0.1]"]
    assert "You said *ε = 0.1*" in done.answer
    assert f"{best:.4g}" in done.answer
    assert [(p.lab, p.count) for p in desk.tutor.progress.predictions("s1")] == [("bandit", 1)]
    assert "predictions before runs" in said(desk, "how am I doing?")


def test_skip_runs_without_a_guess_and_keeps_no_score(desk):
    said(desk, f"predict then {RUN}")
    done = desk.say("skip")[-1]
    assert done.results[0].lab == "bandit"
    assert desk.tutor.progress.predictions("s1") == []
    assert desk.say("run the bandit with 5 arms, 20 runs and 100 steps")[-1].results  # only that once


def test_a_question_in_between_leaves_the_prediction_open_and_stop_drops_it(desk):
    said(desk, f"{RUN} but let me predict first")
    assert desk.say("what is overfitting?")[-1].intent == "question"
    assert "did not run" in said(desk, "never mind")
    assert open_question(desk.tutor.history("s1")) is None


def test_a_follow_up_goes_on_from_a_run_that_was_guessed(desk):
    said(desk, f"predict then {RUN}")
    said(desk, "b")
    events = desk.say("same with 5 arms")
    started = next(e for e in events if isinstance(e, LabStarted))
    assert started.chosen["arms"] == 5
    assert started.chosen["epsilons"] == [0, 0.1]


def test_a_refused_value_is_refused_and_nothing_is_asked(desk):
    said(desk, "let me predict first")
    done = desk.say("run the bandit with 9999 arms")[-1]
    assert done.failed
    assert "arms" in done.answer


def test_old_databases_get_the_new_table(tmp_path, school, runner):
    from tutor.progress import ProgressStore

    sessions = SessionStore(f"sqlite:///{tmp_path}/old.sqlite")
    sessions.close()
    again = SessionStore(f"sqlite:///{tmp_path}/old.sqlite")
    assert ProgressStore(again).predictions("s") == []
    again.close()
