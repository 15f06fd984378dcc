"""Conversations, owners, progress and feedback in a real PostgreSQL server, as they are in SQLite."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from postgres import Postgres, missing
from sqlalchemy import inspect

from labs.registry import LABS
from tutor.errors import DatabaseAwayError, SessionError
from tutor.feedback import BAD, GOOD, FeedbackStore
from tutor.owners import Owners, browser_owner
from tutor.progress import ProgressStore
from tutor.quiz.question import Question
from tutor.sessions import Run, SessionStore, Turn, new_session_id

ROOT = Path(__file__).parents[2]
QUESTION = Question("regret-9", 9, "number", "?", "!", "h", answer=1.0, skill="regret")
ME, OTHER = browser_owner("a" * 40), browser_owner("b" * 40)


@pytest.fixture(scope="module")
def server():
    if why := missing():
        pytest.skip(why)
    made = Postgres()
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sessions.sqlite'}"
    server = request.getfixturevalue("server")
    return server.new_database(f"test_{request.node.callspec.indices['url']}_{new_session_id()[:6].lower()}")


@pytest.fixture
def store(url):
    made = SessionStore(url)
    yield made
    made.close()


def test_a_conversation_with_a_run_comes_back_as_it_was(store):
    result = LABS["bandit"].execute({"runs": 5, "steps": 20, "seed": 3})
    run = Run("bandit-1", {"seed": 3}, result)
    long_name = "gguf:/" + "folder/" * 60 + "model.gguf"
    store.save(
        "conversation-1",
        Turn("Ask ε∇\0 now", "An answer\0", "lab", long_name, runs=(run,), plan={"lab": "bandit"}),
    )
    store.save("conversation-1", Turn("And then?", "More", "question", "none", notices=(("info", "n"),)))
    first, second = store.turns("conversation-1")
    assert (first.question, first.answer, second.notices) == ("Ask ε∇ now", "An answer", (("info", "n"),))
    assert first.runs[0].result.metrics == result.metrics
    outline = store.outline("conversation-1")
    assert store.load_run("conversation-1", outline[0].runs[0]).result.metrics == result.metrics
    assert store.last_plan("conversation-1")["lab"] == "bandit"


def test_owners_progress_feedback_and_choices_work_and_are_erased_together(store):
    progress, feedback = ProgressStore(store), FeedbackStore(store)
    owners = Owners(store, progress)
    for session, owner in (("mine-1", ME), ("mine-2", ME), ("theirs-1", OTHER)):
        assert owners.claim(session, owner)
        store.save(session, Turn(f"question in {session}", "answer", "question", "none"))
        progress.record(session, QUESTION, right=session != "mine-1")
        feedback.rate(session, 0, GOOD)
        feedback.rate(session, 0, BAD)
        store.choose(session, "mode", "socratic")
    assert not owners.claim("mine-1", OTHER)
    assert [past.session_id for past in owners.past(ME)] == ["mine-2", "mine-1"]
    assert progress.lectures("mine-2")[0].answered == 2
    assert len(progress.coming("mine-1")) == 1
    assert [v.verdict for v in feedback.of("mine-1")] == [BAD]
    assert owners.rename(ME, "mine-1", "Another title") == "Another title"
    owners.delete(ME, "mine-1")
    assert store.turns("mine-1") == []
    assert progress.lectures("mine-2")[0].answered == 2
    erased = owners.erase(ME)
    assert erased.conversations == 1
    assert (store.turns("mine-2"), progress.lectures("mine-2")) == ([], [])
    assert len(store.turns("theirs-1")) == 1


def test_forty_turns_from_sixteen_threads_are_all_kept_and_none_strays(store):
    def one(number):
        store.save(f"session-{number % 8}", Turn(f"q{number}", f"a{number}", "question", "none"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(40)))
    for session in range(8):
        kept = {(turn.question, turn.answer) for turn in store.turns(f"session-{session}")}
        assert kept == {(f"q{n}", f"a{n}") for n in range(session, 40, 8)}


@pytest.mark.slow
def test_copies_that_start_together_on_an_empty_database_all_come_up(server):
    url = server.new_database("together")
    code = (
        "import sys; from tutor.sessions import SessionStore; from tutor.progress import ProgressStore\n"
        "from tutor.feedback import FeedbackStore\n"
        "sys.stdin.readline(); s = SessionStore(sys.argv[1]); ProgressStore(s); FeedbackStore(s); print('up')"
    )
    copies = [
        subprocess.Popen([sys.executable, "-c", code, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, cwd=ROOT)
        for _ in range(4)
    ]  # fmt: skip
    for copy in copies:
        copy.stdin.write(b"\n")
        copy.stdin.flush()
    ended = [copy.communicate(timeout=120) for copy in copies]
    assert [(out.strip(), err) for out, err in ended] == [(b"up", b"")] * 4


def test_a_server_that_goes_away_and_comes_back_costs_no_restart(server):
    store = SessionStore(server.new_database("away"))
    store.save("conversation-1", Turn("before", "a", "question", "none"))
    server.stop()
    for _ in range(3):
        with pytest.raises(DatabaseAwayError, match="does not answer just now"):
            store.turns("conversation-1")
    server.start()
    store.save("conversation-1", Turn("after", "b", "question", "none"))
    assert [turn.question for turn in store.turns("conversation-1")] == ["before", "after"]
    store.close()


def test_the_plain_word_postgresql_means_the_driver_that_the_extra_installs(server):
    url = server.new_database("plain").replace("+psycopg", "")
    store = SessionStore(url)
    assert "turns" in inspect(store.engine).get_table_names()
    store.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://tutor:secret@127.0.0.1:9/tutor", "cannot be opened"),
        ("no address", "TUTOR_DATABASE_URL is not the address"),
        ("strange://here/tutor", "is not the address"),
        ("postgresql+pg8000://here/tutor", "driver is not installed"),
    ],
)
def test_a_database_that_cannot_be_had_is_one_sentence_without_the_password(url, said):
    with pytest.raises(SessionError, match=said) as error:
        SessionStore(url)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
