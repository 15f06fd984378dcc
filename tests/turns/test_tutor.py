"""Whole turns: a message in, the events out, with everything real but the chat model."""

import threading

import pytest
from langchain_core.messages import AIMessage

from labs.own_data import keep
from labs.runner import LabRunner
from tutor.errors import ProviderError, SessionError
from tutor.events import Done, LabFinished, LabProgress, LabStarted, Notice, Sources, Text
from tutor.planning import own_files
from tutor.planning.router import Plan
from tutor.prompts import NOT_COVERED
from tutor.quiz.choose import find
from tutor.quiz.question import letter
from tutor.sessions import SessionStore
from tutor.turns.question import as_asked
from tutor.tutor import LONGEST_MESSAGE

pytestmark = pytest.mark.weights


def first(events, kind):
    return next(e for e in events if isinstance(e, kind))


def kinds(events):
    return [type(e) for e in events]


# --- questions ---------------------------------------------------------------------------------------------------


def test_without_a_model_a_question_is_answered_by_quoting_and_citing_the_lecture(desk):
    events = desk.say("why do we decay epsilon?")
    done = events[-1]
    assert kinds(events).index(Sources) < kinds(events).index(Text)
    assert "every exploring pull wastes reward" in done.answer
    assert "[1]" in done.answer
    assert done.sources[0].heading[-1] == "Why do we decay epsilon?"
    assert done.sources[0].path.endswith("lecture_09/lecture.md")
    assert not done.abstained
    assert done.intent == "question"


@pytest.mark.parametrize(
    "question", ["who won the football world cup in 1998?", "explain the kernel trick in SVMs"]
)
def test_what_the_course_lacks_is_said_and_not_made_up(desk, question):
    done = desk.say(question)[-1]
    assert done.abstained
    assert done.answer.startswith(NOT_COVERED)
    assert done.sources == ()


def test_a_models_answer_gets_checked_marks_and_loses_what_the_course_does_not_say(desk):
    chat = desk.use(
        "Early on the estimates are poor, so exploring pays [7]. Epsilon was invented by Napoleon in Paris."
    )
    events = desk.say("why do we decay epsilon?")
    done = events[-1]
    assert done.answer.startswith("Early on the estimates are poor, so exploring pays [1].")
    assert "Napoleon" not in done.answer
    assert "From the course" in done.answer
    taken = "1 sentence of the model's answer was taken out: the course does not bear it out."
    assert first(events, Notice).message == taken
    assert "".join(e.delta for e in events if isinstance(e, Text)).startswith("Early on")
    prompt = chat.seen[0][-1].content
    assert "Early on the estimates are poor" in prompt
    assert "Question: why do we decay epsilon?" in prompt


def test_a_model_that_says_nothing_the_course_bears_out_is_replaced_by_the_course(desk):
    desk.use("Bananas are a yellow fruit from warm countries.")
    events = desk.say("why do we decay epsilon?")
    assert "could not be tied to the course" in first(events, Notice).message
    assert "every exploring pull wastes reward" in events[-1].answer


def test_what_is_left_of_a_models_answer_beside_the_point_is_replaced_by_the_course(desk):
    told = "Every exploring pull wastes reward. Napoleon was born in Corsica. Bananas are a yellow fruit."
    desk.use(told)
    events = desk.say("why do we decay epsilon?")
    assert "beside the point" in first(events, Notice).message
    assert "> " in events[-1].answer
    desk.use(told.replace("Every", "With a fixed epsilon every"))
    assert "taken out" in first(desk.say("why should we decay epsilon?"), Notice).message


def test_a_model_that_fails_leaves_the_student_with_the_courses_own_words(desk):
    desk.use(ProviderError("The server is down. Try again."))
    events = desk.say("why do we decay epsilon?")
    assert first(events, Notice).message.startswith("The server is down. Try again.")
    assert "every exploring pull wastes reward" in events[-1].answer


def test_a_short_follow_up_is_searched_with_the_question_before_it(desk):
    desk.say("what is regret?")
    done = desk.say("and why does it grow?")[-1]
    assert done.sources[0].heading[-1] == "What is regret?"


# --- experiments -------------------------------------------------------------------------------------------------


def test_a_lab_runs_with_progress_and_its_numbers_are_told(desk):
    events = desk.say("run the bandit with epsilon 0 and 0.1, 100 runs and 200 steps")
    started, finished, done = first(events, LabStarted), first(events, LabFinished), events[-1]
    assert started.lab == "bandit"
    assert started.chosen == {"epsilons": [0, 0.1], "runs": 100, "steps": 200}
    assert any(isinstance(e, LabProgress) for e in events)
    assert finished.result.metrics
    assert done.results == (finished.result,)
    assert finished.result.notes[0] in done.answer


def test_a_follow_up_changes_one_thing_and_says_the_difference(desk):
    desk.say("run the bandit with epsilon 0.1, 100 runs and 200 steps")
    events = desk.say("now with 20 arms")
    assert first(events, LabStarted).chosen == {"epsilons": [0.1], "runs": 100, "steps": 200, "arms": 20}
    assert "arms 10 → 20" in events[-1].answer


def test_a_follow_up_works_after_a_restart(desk):
    desk.say("run the bandit with epsilon 0.1, 100 runs and 200 steps")
    desk.tutor.sessions.close()
    desk.reopened()
    assert first(desk.say("now with 20 arms"), LabStarted).chosen["arms"] == 20


def test_two_sessions_never_see_each_other(desk):
    desk.say("run the bandit with epsilon 0.1, 100 runs and 200 steps", session="anna")
    events = desk.say("now with 20 arms", session="ben")
    assert first(events, LabStarted).chosen == {"arms": 20}
    assert "Compared with" not in events[-1].answer
    assert [t.question for t in desk.tutor.history("ben")] == ["now with 20 arms"]


def test_a_parameter_out_of_range_is_one_sentence_and_the_next_message_starts_clean(desk):
    desk.say("run the bandit with 100 runs and 200 steps")
    events = desk.say("now with epsilon 7")
    notice = first(events, Notice)
    assert notice.level == "error"
    assert "epsilon" in notice.message
    assert "7" in notice.message
    assert events[-1].failed
    assert not any(isinstance(e, LabStarted) for e in events)
    again = first(desk.say("now with 20 arms"), LabStarted)
    assert again.chosen == {"runs": 100, "steps": 200, "arms": 20}


def test_a_small_model_is_not_asked_about_a_run_but_the_lecture_is_quoted(desk):
    chat = desk.use("never asked")
    done = desk.say("run the bandit with epsilon 0.1, 100 runs and 200 steps")[-1]
    assert chat.seen == []
    assert "From the course" in done.answer
    assert done.sources[0].lecture == 9


def test_a_capable_models_comment_loses_its_foreign_numbers(desk):
    desk.use(
        "Exploring found the best arm more often. It reached a reward of 98.76 in the end.", capable=True
    )
    events = desk.say("run the bandit with epsilon 0.1, 100 runs and 200 steps")
    assert "98.76" not in events[-1].answer
    assert "Exploring found the best arm more often" in events[-1].answer
    assert any("taken out" in e.message for e in events if isinstance(e, Notice))


@pytest.mark.parametrize(
    ("message", "leans"),
    [
        ("and what about the second one?", True),
        ("why?", True),
        ("why does it grow?", True),
        ("how does UCB choose an arm?", False),
        ("why do we decay epsilon?", False),
        ("what is the difference between this course's regression and that of statistics textbooks?", False),
    ],
)
def test_only_a_message_that_leans_on_the_one_before_is_searched_with_it(message, leans):
    asked = as_asked(message, ["what is regret?"])
    assert (asked.earlier is not None) == leans


def test_stop_ends_a_lab_and_the_turn_says_so(desk):
    cancel = threading.Event()
    events = []
    for event in desk.tutor.reply("run the bandit with 20000 steps and 2000 runs", "s1", cancel):
        events.append(event)
        if isinstance(event, LabStarted):
            cancel.set()
    assert not any(isinstance(e, LabFinished) for e in events)
    assert isinstance(events[-1], Done)
    assert any("stopped" in e.message.lower() for e in events if isinstance(e, Notice))


def test_stop_ends_a_models_answer_in_the_middle(desk):
    desk.use(" ".join(["word"] * 500), pause=0.02)
    cancel = threading.Event()
    said = 0
    for event in desk.tutor.reply("why do we decay epsilon?", "s1", cancel):
        if isinstance(event, Text):
            said += 1
            cancel.set()
    assert 1 <= said < 100


# --- a model with tools ------------------------------------------------------------------------------------------


def call(name, number=1, **arguments):
    return {"name": name, "args": arguments, "id": f"call_{number}", "type": "tool_call"}


def test_an_agent_searches_then_answers_with_checked_marks(desk):
    chat = desk.use(
        AIMessage("", tool_calls=[call("search_course", query="decay epsilon")]),
        "Early on the estimates are poor, so exploring pays.",
        tool_calls=True,
    )
    events = desk.say("why do we decay epsilon?")
    assert events[-1].answer == "Early on the estimates are poor, so exploring pays [1]."
    assert events[-1].sources[0].heading[-1] == "Why do we decay epsilon?"
    assert kinds(events).index(Sources) < kinds(events).index(Text)
    assert {"search_course", "bandit", "regression"} <= set(chat.tools[0])


def test_an_agent_runs_a_lab_and_its_foreign_numbers_go(desk):
    desk.use(
        AIMessage("", tool_calls=[call("bandit", epsilons=[0.1], runs=100, steps=200)]),
        "Exploring paid off. The reward was 77.7 at last.",
        tool_calls=True,
    )
    events = desk.say("show me the bandit please")
    assert first(events, LabFinished).result.lab == "bandit"
    assert events[-1].answer == "Exploring paid off."
    assert events[-1].intent == "lab"


def test_an_agent_is_handed_back_what_a_lab_refuses(desk):
    chat = desk.use(
        AIMessage("", tool_calls=[call("bandit", arms=1)]), "That many arms cannot be run.", tool_calls=True
    )
    events = desk.say("bandit with one arm")
    refusal = chat.seen[1][-1].content
    assert refusal.startswith("The lab did not run:")
    assert "arms" in refusal
    assert not any(isinstance(e, LabStarted) for e in events)


def test_an_agent_may_call_two_tools_at_once(desk):
    desk.use(
        AIMessage(
            "",
            tool_calls=[
                call("search_course", 1, query="regret"),
                call("bandit", 2, epsilons=[0.1], runs=50, steps=100),
            ],
        ),
        "Regret is the reward that was lost by not pulling the best arm from the start.",
        tool_calls=True,
    )
    events = desk.say("what is regret? then run it")
    assert any(isinstance(e, Sources) for e in events)
    assert any(isinstance(e, LabFinished) for e in events)
    assert events[-1].answer.endswith("[1].")


def test_an_agent_that_never_stops_is_stopped_politely(desk):
    searches = [AIMessage("", tool_calls=[call("search_course", i, query="regret")]) for i in range(20)]
    desk.use(*searches, tool_calls=True)
    events = desk.say("what is regret?")
    assert any("I stopped after" in e.message for e in events if isinstance(e, Notice))


def test_when_the_agents_server_refuses_the_turn_goes_on_without_it(desk):
    desk.use(ProviderError("The server refused the API key. Check OPENAI_API_KEY."), tool_calls=True)
    events = desk.say("why do we decay epsilon?")
    assert "refused the API key" in first(events, Notice).message
    assert "every exploring pull wastes reward" in events[-1].answer


def test_an_agent_remembers_the_turn_before(desk):
    chat = desk.use("Hello Anna, nice to meet you.", "You are Anna.", tool_calls=True)
    desk.say("hi, I am Anna")
    desk.say("who am I?")
    assert any("I am Anna" in str(m.content) for m in chat.seen[1])


# --- bad input and saving ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "said"), [("", "empty"), ("  \n ", "empty"), ("x" * 100_000, "100,000 characters")]
)
def test_an_empty_or_endless_message_gets_one_sentence_and_is_not_saved(desk, message, said):
    events = desk.say(message)
    assert said in first(events, Notice).message
    assert len(events) == 2
    assert events[-1].failed
    assert desk.tutor.history("s1") == []


def test_the_longest_message_is_still_read(desk):
    assert not desk.say(("what is regret? " * 400)[:LONGEST_MESSAGE])[-1].failed


def test_a_session_id_that_is_a_path_is_refused(desk):
    with pytest.raises(SessionError, match="cannot name a session"):
        desk.say("hello", session="../../etc/passwd")


def test_a_bug_becomes_an_apology_and_the_next_message_works(desk, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr(desk.tutor.router, "plan", lambda *_: 1 / 0)
        events = desk.say("hello")
    assert events[-1].failed
    assert "Sorry" in first(events, Notice).message
    assert "ZeroDivisionError" in caplog.text
    assert not desk.say("hello")[-1].failed


def test_a_turn_that_cannot_be_saved_is_still_answered(desk, monkeypatch, caplog):
    monkeypatch.setattr(SessionStore, "save", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    events = desk.say("why do we decay epsilon?")
    assert "could not be saved" in [e for e in events if isinstance(e, Notice)][-1].message
    assert "every exploring pull wastes reward" in events[-1].answer


def test_a_saved_turn_comes_back_whole(desk):
    done = desk.say("run the bandit with epsilon 0.1, 100 runs and 200 steps")[-1]
    turn = desk.tutor.history("s1")[0]
    assert turn.answer == done.answer
    assert turn.runs[0].result.metrics == done.results[0].metrics
    assert turn.runs[0].result.charts == done.results[0].charts
    key = next(iter(done.results[0].series))
    assert turn.runs[0].result.series[key] == pytest.approx(done.results[0].series[key], rel=1e-6)
    assert turn.suggestions == done.suggestions


# --- small things ------------------------------------------------------------------------------------------------


def test_small_talk_and_abilities_are_answered_without_a_model(desk):
    assert desk.say("hi there!")[-1].intent == "smalltalk"
    able = desk.say("what can you do?")[-1]
    assert able.intent == "meta"
    assert "bandit" in able.answer


def test_an_experiment_that_no_lab_offers_is_said(desk):
    done = desk.say("train a GAN on cat pictures")[-1]
    assert not done.results
    assert "bandit" in done.answer


# --- a student's own file ------------------------------------------------------------------------------------------


@pytest.fixture
def marks(tmp_path, monkeypatch, desk):
    """The name of a kept file; the lab's worker is a new one, which knows the folder."""
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "own"))
    path = tmp_path / "marks.csv"
    rows = "".join(f"{h},{'Leeds' if h % 2 else '<b>York</b>'},{40 + 5 * h + h % 3}\n" for h in range(14))
    path.write_text(f"hours,city,mark\n{rows}", encoding="utf-8")
    desk.tutor.runner = LabRunner(workers=1, time_limit=60)
    yield keep(path)
    desk.tutor.runner.close()


def test_a_file_is_described_and_then_used_by_what_the_student_asks_for(desk, marks):
    done = desk.say(own_files.added(marks))[-1]
    assert "| hours | numbers from 0 to 13 |" in done.answer
    assert "<b>" not in done.answer
    assert done.suggestions[0] == "Run the regression on my data"
    first = desk.say(done.suggestions[0])[-1].results[0]
    assert first.parameters["csv"] == marks
    assert "marks.csv: 14 rows" in first.notes[-1]
    second = desk.say("now with degree 2")[-1].results[0]
    assert (second.parameters["csv"], second.parameters["degree"]) == (marks, 2)
    other = desk.say("run the regression on my data", session="s2")[-1]
    assert other.results == ()
    assert "add a CSV file" in other.answer


def test_a_file_that_is_gone_is_said_and_the_conversation_goes_on(desk, marks, tmp_path):
    desk.say(own_files.added(marks))
    (tmp_path / "own" / marks).unlink()
    done = desk.say("run the regression on my data")[-1]
    assert done.failed
    assert "not on this computer any more" in done.answer
    assert desk.say("run the bandit with 5 arms")[-1].results


# --- quizzes -------------------------------------------------------------------------------------------------------


def asked(desk, session="s1"):
    """The question that is open, from the saved state."""
    state = desk.tutor.history(session)[-1].quiz
    return find(state["id"], state["seed"])


def right_answer(question):
    if question.kind == "number":
        return f"{question.answer:.{question.decimals}f}"
    return letter(next(i for i, option in enumerate(question.options) if option.right))


def test_a_quiz_asks_hints_grades_by_code_and_keeps_the_score(desk):
    chat = desk.use("The answer is 42.")  # a model is there, and is never asked
    first = desk.say("quiz me on lecture 9")[-1]
    assert first.intent == "quiz"
    assert "**Question 1** (lecture 9" in first.answer
    assert "Give me a hint" in first.suggestions
    question = asked(desk)
    assert "Hint 1 of 3" in desk.say("give me a hint")[-1].answer
    assert "Hint 2 of 3" in desk.say("another hint please")[-1].answer
    told = desk.say(right_answer(question))[-1].answer
    assert told.startswith("Right")
    assert question.solution in told
    assert "1 of 1 right so far" in told
    assert desk.tutor.progress.lectures("s1")[0].mastery == 0.125  # half, since two hints were needed
    again = desk.say("next question")[-1]
    assert asked(desk).id != question.id
    assert "**Question 2**" in again.answer
    assert "1 of 1 right so far" in desk.say("stop")[-1].answer
    assert chat.seen == []


def test_a_question_about_something_else_leaves_the_quiz_open_and_an_answer_finds_it_again(desk):
    desk.say("quiz me on lecture 9")
    question = asked(desk)
    assert desk.say("why do we decay epsilon?")[-1].intent == "question"
    assert desk.say("run the bandit with 5 arms and 50 steps")[-1].intent == "lab"
    assert desk.say(right_answer(question))[-1].answer.startswith("Right")


def test_the_solution_may_be_asked_for_and_counts_as_not_known(desk):
    desk.say("quiz me on lecture 9")
    question = asked(desk)
    assert question.solution in desk.say("show the solution")[-1].answer
    assert desk.tutor.progress.lectures("s1")[0].right == 0
    assert desk.say("3")[-1].intent != "quiz"  # answered: a number is no answer any more


def test_a_lecture_without_questions_is_said_and_another_session_sees_nothing_of_a_quiz(desk):
    assert "no questions on lecture 77" in desk.say("quiz me on lecture 77")[-1].answer
    desk.say("quiz me on lecture 9")
    assert desk.say("0.5", session="s2")[-1].intent != "quiz"
    assert "have not answered a quiz question yet" in desk.say("how am I doing?", session="s2")[-1].answer
    desk.say("stop the quiz")
    assert desk.say("0.5")[-1].intent != "quiz"


# --- what only sounds like talk ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "confidence", "covered", "answered"),
    [
        ("smalltalk", 0.85, True, "question"),  # the course answers it
        ("meta", 0.6, True, "question"),
        ("smalltalk", 0.85, False, "smalltalk"),
        ("smalltalk", 0.95, True, "smalltalk"),  # the grammar knows the phrase
    ],
)
def test_what_only_sounds_like_talk_is_answered_where_the_course_answers_it(
    desk, monkeypatch, intent, confidence, covered, answered
):
    monkeypatch.setattr(desk.tutor.router, "plan", lambda *_: Plan(intent, confidence=confidence))
    monkeypatch.setattr("tutor.tutor.surely_covered", lambda message, library: covered)
    assert desk.say("what is regret")[-1].intent == answered
