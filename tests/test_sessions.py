import numpy as np
import pytest

from knowledge.search import Passage
from labs.base import Finding, LabResult, Table
from labs.charts import Chart, Line, Panel
from labs.codec import result_from_json, result_to_json
from tutor.errors import SessionError
from tutor.sessions import Run, SessionStore, Turn, new_session_id

PASSAGE = Passage(
    "p", "a/b.md", "T", ("T", "H"), 3, None, 9, "text", "prose", 0.5, 0.6, "text", (3,), ("c.md",)
)


def make_result():
    return LabResult(
        lab="bandit",
        title="T",
        parameters={"epsilons": [0, 0.1], "c": None},
        seed=1,
        metrics={"a": 1.5, "b": float("nan"), "c": float("inf")},
        charts=(Chart("c", "Title", (Panel("x", "y", (Line("s", "t", "label"),)),)),),
        series={"s": np.arange(3), "t": np.array([0.5, np.nan, 2.0]), "words": np.array(["a", "b"])},
        tables=(Table("t", ("a", "b"), ((1, "x"), (None, 2.5))),),
        notes=("n",),
        findings=(Finding("f", "e", "s"),),
        seconds=0.25,
    )


def test_a_result_survives_json_whole():
    import json

    before = make_result()
    after = result_from_json(json.loads(json.dumps(result_to_json(before), allow_nan=False)))
    assert (after.charts, after.tables, after.notes, after.findings) == (
        before.charts, before.tables, before.notes, before.findings,
    )  # fmt: skip
    assert after.parameters == before.parameters
    np.testing.assert_equal(after.metrics, before.metrics)
    for name, values in before.series.items():
        np.testing.assert_array_equal(after.series[name], values)


@pytest.mark.parametrize("junk", [{}, {"$type": "Popen"}, {"$type": "LabResult"}, {"$type": "Table"}, []])
def test_what_is_no_stored_result_is_refused(junk):
    with pytest.raises(ValueError, match="not a stored lab result"):
        result_from_json(junk)


def test_turns_come_back_in_order_after_reopening(tmp_path):
    url = f"sqlite:///{tmp_path}/deep/folder/sessions.sqlite"
    store = SessionStore(url)
    turn = Turn(
        "q1", "a1", "lab", "none", 1.5, sources=(PASSAGE,), runs=(Run("r", {"arms": 2}, make_result()),),
        notices=(("info", "hello"),), suggestions=("more",), plan={"lab": "bandit", "parameters": {"arms": 2}},
    )  # fmt: skip
    store.save("s", turn)
    store.save("s", Turn("q2", "a2", "question", "none"))
    store.save("other", Turn("q3", "a3", "question", "none"))
    store.close()
    store = SessionStore(url)
    first, second = store.turns("s")
    assert (first.question, second.question) == ("q1", "q2")
    assert first.sources == (PASSAGE,)
    assert first.runs[0].chosen == {"arms": 2}
    assert first.notices == (("info", "hello"),)
    assert store.last_plan("s") == {"lab": "bandit", "parameters": {"arms": 2}}
    assert [t.question for t in store.turns("s", last=1)] == ["q2"]
    assert store.last_plan("other") is None
    store.close()


def test_a_database_that_cannot_be_opened_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SessionError, match="TUTOR_DATABASE_URL"):
        SessionStore(f"sqlite:///{tmp_path}/file/sessions.sqlite")


def test_a_password_in_the_database_address_is_not_shown():
    with pytest.raises(SessionError) as caught:
        SessionStore("postgresql://anna:secret@localhost/db")
    assert "secret" not in str(caught.value)


def test_writers_in_several_threads_lose_nothing(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    store = SessionStore(f"sqlite:///{tmp_path}/s.sqlite")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: store.save(f"s{i % 4}", Turn(f"q{i}", "a", "question", "none")), range(40)))
    assert [store.count(f"s{i}") for i in range(4)] == [10] * 4
    store.close()


def test_session_ids_cannot_be_guessed_and_are_valid():
    ids = {new_session_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert min(len(i) for i in ids) >= 24


# --- runs of before, without their arrays --------------------------------------------------------------------------


def run_turn(**chosen):
    return Turn("q", "a", "lab", "none", runs=(Run("r", chosen, make_result()),), plan={"lab": "bandit"})


def test_runs_are_numbered_through_a_session_and_come_back_whole(tmp_path):
    store = SessionStore(f"sqlite:///{tmp_path}/s.sqlite")
    store.save("s", run_turn(arms=2))
    store.save("s", Turn("what is regret?", "It is ...", "question", "none"))
    again = Run("again", {"arms": 2}, make_result(), again=True)
    store.save("s", Turn("show it", "a", "question", "none", runs=(again,), plan={"past": [1]}))
    store.save("s", run_turn(arms=3))
    store.save("other", run_turn(arms=9))
    told = store.outline("s")
    assert [[(run.number, run.chosen["arms"]) for run in turn.runs] for turn in told] == [
        [(1, 2)],
        [],
        [],
        [(2, 3)],
    ]
    assert [turn.about for turn in told] == [(1,), (), (1,), (2,)]
    assert told[0].runs[0].metrics == {"a": 1.5, "b": None, "c": None}  # JSON knows no "not a number"
    assert store.load_run("s", told[3].runs[0]).chosen == {"arms": 3}
    assert store.turns("s")[2].runs[0].again
    with pytest.raises(SessionError, match="not in this conversation"):
        store.load_run("other", told[0].runs[0])
    store.close()


def test_runs_saved_before_they_were_listed_are_found_too(tmp_path):
    from sqlalchemy import text

    store = SessionStore(f"sqlite:///{tmp_path}/s.sqlite")
    store.save("s", run_turn(arms=2))
    with store.engine.begin() as db:
        db.execute(text("UPDATE turns SET facts = json_remove(facts, '$.runs')"))
    (turn,) = store.outline("s")
    assert turn.runs[0].chosen == {"arms": 2}
    assert store.load_run("s", turn.runs[0]).result.metrics["a"] == 1.5
    store.close()
