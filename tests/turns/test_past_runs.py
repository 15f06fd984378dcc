"""Runs that are over are found, told, compared and ranked by code, from the stored numbers alone."""

from dataclasses import replace

import pytest

from labs.registry import LABS
from tutor.events import LabFinished, LabStarted, Notice
from tutor.planning.conversation import plan_last
from tutor.planning.past_runs import PastRuns
from tutor.planning.router import Router
from tutor.sessions import Outline, PastRun, Run, Turn

SMALL = {"runs": 20, "steps": 60}


@pytest.fixture(scope="module")
def results():
    """Three small runs: two of the bandit, one of the regression."""
    bandit, regression = LABS["bandit"], LABS["regression"]
    chosen = [("bandit", {"epsilons": [0.1], **SMALL}), ("bandit", {"epsilons": [0.3], **SMALL})]
    made = [(lab, values, bandit.execute(values)) for lab, values in chosen]
    made.append(("regression", {"degree": 2}, regression.execute({"degree": 2})))
    return made


def fill(desk, results, session="s1"):
    for n, (lab, values, result) in enumerate(results):
        run = Run(f"r{n}", dict(values), result)
        plan = {"lab": lab, "parameters": dict(values)}
        turn = Turn(f"run {lab}", "done", "lab", "none", runs=(run,), plan=plan)
        desk.tutor.sessions.save(session, turn)


@pytest.fixture
def lived(desk, results):
    fill(desk, results)
    return desk


# --- which runs a message points at --------------------------------------------------------------------------------

READ = PastRuns(LABS)


def past(number, lab="bandit", **chosen):
    return PastRun(number, number, 0, lab, chosen, {**LABS[lab].defaults, **chosen}, {})


RUNS = [
    past(1, epsilons=[0.1]),
    past(2, epsilons=[0.3]),
    past(3, "regression", degree=2),
    past(4, epsilons=[0, 0.1], arms=20),
]
JUST = [Outline("run it", "done", "lab", (run,), (run.number,)) for run in RUNS]
LATER = [*JUST, Outline("what types of pooling are there?", "Two.", "question")]


def read(message, told):
    found = READ.read(message, told)
    return None if found is None else (found.act, [run.number for run in found.runs])


@pytest.mark.parametrize(
    ("message", "act", "numbers"),
    [
        ("what did the first run get?", "tell", [1]),
        ("what was the regret of the second run?", "tell", [2]),
        ("run 2", "tell", [2]),
        ("what did run number two get", "tell", [2]),
        ("the first regression run", "tell", [3]),
        ("compare the last two runs", "compare", [3, 4]),
        ("compare the first and the third run", "compare", [1, 3]),
        ("compare first and second run", "compare", [1, 2]),
        ("compare runs 1 and 2", "compare", [1, 2]),
        ("what is the difference between run 1 and 4?", "compare", [1, 4]),
        ("how do these two runs differ?", "compare", [3, 4]),
        ("compare that with the first run", "compare", [1, 4]),
        ("compare the run with epsilon 0.1 and the run with epsilon 0.3", "compare", [4, 2]),
        ("which run was best?", "best", [1, 2, 3, 4]),
        ("which bandit run had the lowest regret?", "best", [1, 2, 4]),
        ("explain that run", "explain", [4]),
        ("why was the second run so bad?", "explain", [2]),
        ("show the run with epsilon 0.3 again", "show", [2]),
        ("go back to the first run", "show", [1]),
        ("list my runs", "list", [1, 2, 3, 4]),
        ("what have I run so far?", "list", [1, 2, 3, 4]),
        ("repeat the first run with 20 arms", "rerun", [1]),
        ("same as run 1 but with 20 arms", "rerun", [1]),
    ],
)
def test_a_run_that_is_named_is_found_anywhere_in_a_conversation(message, act, numbers):
    assert read(message, JUST) == (act, numbers)
    assert read(message, LATER) == (act, numbers)


@pytest.mark.parametrize(
    ("message", "act", "numbers"),
    [
        ("the second one", "tell", [2]),
        ("and the first?", "tell", [1]),
        ("compare the last two", "compare", [3, 4]),
        ("compare the first with the second", "compare", [1, 2]),
        ("which of them was best?", "best", [1, 2, 3, 4]),
        ("which was better?", "best", [1, 2, 3, 4]),
        ("show the one with epsilon 0.3", "show", [2]),
        ("what was its regret?", "tell", [4]),
        ("run the second one again with 20 arms", "rerun", [2]),
    ],
)
def test_a_bare_reference_counts_only_right_after_a_turn_about_runs(message, act, numbers):
    assert read(message, JUST) == (act, numbers)
    assert read(message, LATER) is None


@pytest.mark.parametrize(
    "message",
    [
        "what does epsilon do?",
        "run it again",
        "run 20 arms",
        "run 20 and 30 arms",
        "run the bandit with 10 arms",
        "first run the bandit with 5 arms",
        "run the experiment",
        "compare epsilon 0.1 and 0.3",
        "compare ucb and greedy",
        "compare the last run with ucb",
        "which one is better, relu or tanh?",
        "which experiment should I try?",
        "what experiments can you run?",
        "what is the best experiment for a beginner?",
        "what is the best learning rate?",
        "what is the difference between the first and second moment in Adam?",
        "explain the first layer",
        "explain the first result of lecture 3",
        "what is the result of k-means?",
        "why does each run give different results?",
        "how many runs does the bandit average over?",
        "what is the last step of backprop?",
        "now with epsilon 0.3",
        "quiz me",
        "how do I export the run?",
        "twice the runs",
        "the loss goes up every single step, what have I done?",
        "lab:bandit?epsilons=[0.1]",
    ],
)
def test_what_points_at_no_run_is_left_to_the_router(message):
    assert read(message, JUST) is None
    assert read(message, []) is None


@pytest.mark.parametrize(
    "message", ["compare the last two", "what did the first run get?", "list my runs", "show run 3 again"]
)
def test_without_runs_one_sentence_says_so(message):
    found = READ.read(message, [])
    assert found.runs == ()
    assert found.problem.startswith("You have not run an experiment in this conversation yet")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("what did run 7 get?", "There are 4 runs in this conversation so far"),
        ("explain the fifth run", "There are 4 runs in this conversation so far"),
        ("compare the second and third bandit run and the fourth bandit run", "There are 3 runs of *"),
        ("show the run with epsilon 0.7", "None of your runs has epsilon 0.7. There are 4 runs so far"),
        ("the first cnn run", "You have not run *A convolutional network reads digits*"),
    ],
)
def test_a_run_that_does_not_exist_is_said_with_how_many_there_are(message, said):
    found = READ.read(message, JUST)
    assert found.runs == ()
    assert found.problem.startswith(said)


def test_one_run_cannot_be_compared_with_itself():
    assert READ.read("compare the last two runs", JUST[:1]).problem.startswith("There is 1 run")


# --- what is answered ----------------------------------------------------------------------------------------------

pytestmark = pytest.mark.weights


def test_two_runs_are_compared_with_their_own_numbers_and_their_curves_overlaid(lived, results):
    events = lived.say("compare the first and the second run")
    done = events[-1]
    (shown,) = [e for e in events if isinstance(e, LabFinished)]
    first, second = results[0][2], results[1][2]
    reward = LABS["bandit"].metrics["reward_final"]
    assert done.intent == "question"
    assert not any(isinstance(e, LabStarted) for e in events)
    assert f"| final reward | {reward.shown(first.metrics['reward_final'])} |" in done.answer
    assert reward.shown(second.metrics["reward_final"]) in done.answer
    assert "| epsilons | 0.1 | 0.3 |" in done.answer
    labels = {layer.label for panel in shown.result.chart("learning").panels for layer in panel.layers}
    assert {"epsilons=[0.1]", "epsilons=[0.3]"} <= labels
    assert shown.result.metrics["regret[epsilons=[0.3]]"] == second.metrics["regret"]


def test_a_comparison_is_no_new_run_and_the_next_message_goes_on_from_the_last_real_one(lived):
    lived.say("compare the first and the second run")
    assert [run.number for turn in lived.tutor.sessions.outline("s1") for run in turn.runs] == [1, 2, 3]
    assert lived.tutor.plan("now with degree 3", "s1").parameters == {"degree": 3}
    assert lived.tutor.plan("now with degree 3", "s1").lab == "regression"


def test_runs_of_different_labs_are_not_ranked_against_each_other(lived):
    done = lived.say("compare the first and the third run")[-1]
    assert "different experiments" in done.answer
    assert done.results == ()
    both = lived.say("which run was best?")[-1].answer
    assert "final reward" in both
    assert "there is only run 3" in both


def test_the_best_run_is_the_one_with_the_better_number(lived, results):
    rewards = [result.metrics["reward_final"] for _, _, result in results[:2]]
    regrets = [result.metrics["regret"] for _, _, result in results[:2]]
    best = 1 + max((0, 1), key=lambda i: rewards[i])
    assert lived.say("which bandit run was best?")[-1].answer.startswith(
        f"**Run {best}** has the highest final"
    )
    least = 1 + min((0, 1), key=lambda i: regrets[i])
    answer = lived.say("which bandit run had the lowest regret?")[-1].answer
    assert answer.startswith(
        f"**Run {least}** has the lowest regret: {LABS['bandit'].metrics['regret'].shown(min(regrets))}"
    )


def test_one_number_of_one_run_is_told_exactly(lived, results):
    answer = lived.say("what was the regret of the first run?")[-1].answer
    shown = LABS["bandit"].metrics["regret"].shown(results[0][2].metrics["regret"])
    assert f"| regret | {shown} |" in answer
    assert "final reward" not in answer


def test_a_run_is_shown_again_and_explained_from_the_lecture(lived, results):
    events = lived.say("show the run with epsilon 0.3 again")
    assert next(e for e in events if isinstance(e, LabFinished)).result.metrics == results[1][2].metrics
    explained = lived.say("explain that run")[-1]
    assert results[1][2].notes[0] in explained.answer
    assert "From the course" in explained.answer


def test_runs_are_found_after_a_restart_and_never_in_another_session(lived):
    lived.tutor.sessions.close()
    lived.reopened()
    assert "| epsilons | 0.1 | 0.3 |" in lived.say("compare run 1 and run 2")[-1].answer
    other = lived.say("compare run 1 and run 2", session="s2")
    assert "You have not run an experiment" in other[-1].answer
    assert not any(isinstance(e, LabFinished) for e in other)


def test_a_past_run_is_run_again_with_a_change(lived):
    events = lived.say("repeat the first run with 20 arms")
    started = next(e for e in events if isinstance(e, LabStarted))
    assert (started.lab, started.chosen) == ("bandit", {"epsilons": [0.1], **SMALL, "arms": 20})


def test_a_small_model_is_not_asked_about_numbers_that_code_has(lived):
    chat = lived.use("The first run got 99.")
    assert "99" not in lived.say("what did the first run get?")[-1].answer
    assert chat.seen == []


def test_the_same_settings_twice_are_said_to_be_the_same(desk, results):
    fill(desk, [results[0], results[0]])
    assert "have the same settings" in desk.say("compare the last two runs")[-1].answer


def test_many_runs_are_compared_in_one_figure_and_more_than_fit_are_said(desk, results):
    _, values, result = results[0]
    other = [
        ("bandit", {**values, "arms": n}, replace(result, parameters={**result.parameters, "arms": n}))
        for n in range(2, 10)
    ]
    fill(desk, other)
    events = desk.say("compare all my runs")
    assert any("You asked for 8 runs" in e.message for e in events if isinstance(e, Notice))
    (shown,) = [e for e in events if isinstance(e, LabFinished)]
    assert shown.result.parameters["arms"] == [2, 3, 4, 5, 6, 7]


def test_the_plan_of_such_a_message_is_a_question(lived):
    assert lived.tutor.plan("compare run 1 and run 2", "s1").intent == "question"
    assert lived.tutor.plan("show the run with epsilon 0.1 again", "s1").intent == "question"


@pytest.mark.parametrize(
    ("message", "intent", "parameters"),
    [
        ("compare the last two", "question", {}),
        ("compare run 1 and run 2", "question", {}),
        ("show the run with epsilon 0.1 again", "question", {}),
        ("run the first one again with 20 arms", "lab", {"epsilons": [0.1], "arms": 20}),
        ("now with 20 arms", "lab", {"epsilons": [0.3], "arms": 20}),
    ],
)
def test_the_route_of_a_conversation_knows_the_runs_that_it_asked_for(message, intent, parameters):
    turns = ["run the bandit with epsilon 0.1", "now with epsilon 0.3", message]
    plan = plan_last(turns, Router(LABS), LABS, READ)
    assert (plan.intent, plan.parameters) == (intent, parameters)
