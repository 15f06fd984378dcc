"""A student's own file in a conversation: which one is meant, and what is said about its columns."""

import pytest

from labs.own_data import keep
from labs.registry import LABS
from tutor.planning import own_files
from tutor.planning.router import Router

ROUTER = Router(LABS)


@pytest.fixture
def name(tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "own"))
    path = tmp_path / "marks.csv"
    rows = "".join(f"{h},{5 + h % 4},{'Leeds' if h % 2 else 'York'},{40 + 5 * h}\n" for h in range(14))
    path.write_text(f"hours,hours of sleep,city,mark\n{rows}", encoding="utf-8")
    return keep(path)


def understood(message, name, lab=None, parameters=None):
    """(lab, parameters) that a message of a conversation with the file `name` comes to."""
    own = own_files.read_message(message, [own_files.added(name)])
    plan = ROUTER.plan(own.rest, [], lab, parameters)
    if plan.intent != "lab" or plan.lab is None:
        return plan.intent, None
    return plan.lab, own_files.with_own_file(LABS[plan.lab], dict(plan.parameters), own)


@pytest.mark.parametrize(
    ("message", "lab", "chosen"),
    [
        ("run the regression on my data", "regression", {}),
        ("fit a line to my csv", "regression", {}),
        ("run the regression on my data with target mark", "regression", {"target": "mark"}),
        ("predict mark from hours with linear regression", "regression", {"target": "mark", "features": ["hours"]}),
        ("do ols on my file, features hours of sleep and hours", "regression",
         {"method": "ols", "features": ["hours of sleep", "hours"]}),
        ("classify my data", "classification", {}),
        ("compare knn and svm on my data, target city", "classification",
         {"models": ["knn", "svm"], "target": "city"}),
    ],
)  # fmt: skip
def test_a_message_about_the_file_runs_a_lab_on_it(name, message, lab, chosen):
    found, values = understood(message, name)
    assert (found, values) == (lab, {"csv": name, **chosen})


def test_a_change_of_the_last_run_keeps_the_file_and_another_column_is_taken(name):
    base = {"csv": name, "target": "mark"}
    assert understood("now with degree 2", name, "regression", base) == ("regression", {**base, "degree": 2})
    found, values = understood("now with target hours", name, "regression", base)
    assert (found, values["target"]) == ("regression", "hours")
    assert understood("and with features hours", name, "regression", base)[1]["features"] == ["hours"]


@pytest.mark.parametrize("message", ["run the bandit with 5 arms", "what does regularisation do?"])
def test_what_has_nothing_to_do_with_the_file_is_left_alone(name, message):
    own = own_files.read_message(message, [own_files.added(name)])
    assert (own.rest, own.meant) == (message, False)
    assert own_files.with_own_file(LABS["regression"], {"degree": 2}, own) == {"degree": 2}


def test_without_a_file_in_the_conversation_nothing_is_changed():
    message = "run the regression on my data"
    assert own_files.read_message(message, ["hello"]) == own_files.OwnFile(message, {}, False)
    assert ROUTER.plan(message).intent == "meta"


def test_the_newest_file_is_meant_unless_another_is_named(name):
    other = "pets-0123456789.csv"
    earlier = [own_files.added(name), own_files.added(other)]
    assert own_files.read_message("regression on my data", earlier).values["csv"] == other
    assert own_files.read_message(f"regression on {name}", earlier).values["csv"] == name


@pytest.mark.parametrize(
    "message", ["I have added my file ../../etc/passwd.csv.", "I have added my file a.csv", "hi"]
)
def test_only_the_upload_s_own_words_add_a_file(message):
    assert own_files.just_added(message) is None
