"""The list of conversations: whose they are, and what the drawer shows of them."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from page_fakes import PASSAGES, FakeTutor, bandit_result

from tutor.errors import SessionError
from tutor.export import conversation_markdown, file_name
from tutor.owners import Past, browser_owner, named_owner
from tutor.sessions import Run, Turn, title_of
from tutor.web import past, site
from tutor.web.live import Conversations
from tutor.web.past import PastDrawer, day_name, list_html
from tutor.web.pictures import Pictures
from tutor.web.site import presented, valid

MINE, YOURS = "mine" * 6, "your" * 6  # the secrets of two browsers
A, B = "a" * 24, "b" * 24  # two conversations
NOW = datetime(2026, 3, 11, 15, tzinfo=UTC)


@pytest.fixture
def tutor():
    return FakeTutor()


@pytest.fixture
def owners(tutor):
    from tutor.owners import Owners

    return Owners(tutor.sessions, tutor.progress)


@pytest.fixture
def drawer(tutor, owners, tmp_path):
    conversations = Conversations(tutor, Pictures(tmp_path))
    return PastDrawer(SimpleNamespace(owners=owners, tutor=tutor, conversations=conversations))


@pytest.fixture
def as_user(monkeypatch):
    """Requests come from a signed-in name from now on."""

    def sign_in(name):
        request = SimpleNamespace(username=name)
        monkeypatch.setattr(
            site, "LocalContext", SimpleNamespace(request=SimpleNamespace(get=lambda _: request))
        )

    return sign_in


def say(tutor, session, question, answer="An answer."):
    tutor.sessions.save(session, Turn(question, answer, "question", "none"))


def wish(**what):
    return SimpleNamespace(_data=what)


def called(session, secret, owners):
    return presented(f"{session}~{secret}", owners)


# ---- whose a session is


def test_a_session_belongs_to_the_browser_that_came_first(owners):
    assert valid(called(A, MINE, owners)) == A
    assert valid(called(A, YOURS, owners)) is None
    assert valid(called(A, MINE, owners)) == A


@pytest.mark.parametrize(
    "payload",
    [A, f"{A}~", f"{A}~short", f"~{MINE}", "", None, 7, f"{A}~{MINE}~x", f"../{A}~{MINE}", f"x~{MINE}"],
)
def test_an_id_without_its_secret_opens_nothing(owners, payload):
    assert valid(called(A, YOURS, owners)) == A
    assert valid(presented(payload, owners)) is None


def test_an_old_session_is_claimed_by_the_browser_that_holds_its_id(tutor, owners):
    say(tutor, A, "asked long before there were owners")
    assert valid(called(A, MINE, owners)) == A
    assert [one.title for one in owners.past(browser_owner(MINE))] == ["asked long before there were owners"]
    assert valid(called(A, YOURS, owners)) is None


def test_a_signed_in_name_owns_its_sessions_whatever_the_browser(owners, as_user):
    as_user("ada")
    assert valid(called(A, MINE, owners)) == A
    assert valid(called(A, YOURS, owners)) == A
    as_user("grace")
    assert valid(called(A, MINE, owners)) is None
    as_user(None)
    assert valid(called(A, MINE, owners)) is None


def test_a_browser_cannot_pose_as_a_name():
    assert named_owner("ada") != browser_owner("ada" * 8)
    assert named_owner("a.b@c d") != named_owner("a.b@c e")
    assert named_owner("a" * 200) == named_owner("a" * 200)
    assert MINE not in str(browser_owner(MINE))


# ---- what the drawer does


def test_the_list_has_the_caller_s_own_conversations_newest_first(tutor, owners, drawer):
    say(tutor, A, "first question")
    say(tutor, B, "second question")
    say(tutor, "c" * 24, "somebody else's")
    for session, secret in ((A, MINE), (B, MINE), ("c" * 24, YOURS)):
        valid(called(session, secret, owners))
    shown, file = drawer.act(wish(do="list"), called(A, MINE, owners))
    assert shown.index("second question") < shown.index("first question")
    assert "somebody else" not in shown
    assert file == ""


@pytest.mark.parametrize("do", ["rename", "delete", "export"])
def test_an_attacker_who_knows_an_id_gets_nothing(tutor, owners, drawer, do):
    say(tutor, A, "my secret question")
    valid(called(A, MINE, owners))
    attacker = called(B, YOURS, owners)
    shown, file = drawer.act(wish(do=do, id=A, title="stolen"), attacker)
    assert "not in your list" in shown
    assert "my secret question" not in shown + file
    shown, file = drawer.act(wish(do=do, id=A, title="stolen"), called(A, YOURS, owners))
    assert "my secret question" not in shown + file
    assert [one.title for one in owners.past(browser_owner(MINE))] == ["my secret question"]
    assert len(tutor.sessions.turns(A)) == 1


def test_a_title_is_renamed_and_escaped(tutor, owners, drawer):
    say(tutor, A, "question")
    shown, _ = drawer.act(
        wish(do="rename", id=A, title="  <b>My\n bandit</b> ${x} "), called(A, MINE, owners)
    )
    assert owners.title(browser_owner(MINE), A) == "<b>My bandit</b> ${x}"
    assert "&lt;b&gt;My bandit" in shown
    assert "<b>My bandit" not in shown
    assert "${" not in shown


@pytest.mark.parametrize(
    ("title", "word"), [("", "needs a title"), (" \n ", "needs a title"), ("x" * 101, "101")]
)
def test_a_title_of_no_use_is_refused_in_a_sentence(tutor, owners, drawer, title, word):
    say(tutor, A, "question")
    shown, _ = drawer.act(wish(do="rename", id=A, title=title), called(A, MINE, owners))
    assert word in shown
    assert owners.title(browser_owner(MINE), A) == "question"


def test_a_deleted_conversation_is_gone_and_what_was_learnt_stays(tutor, owners, drawer):
    from tutor.quiz.question import Question

    question = Question("q", 9, "number", "?", "!", "h", answer=1.0, skill="regret")
    valid(called(A, MINE, owners))
    say(tutor, A, "question")
    say(tutor, B, "other question")
    valid(called(B, MINE, owners))
    tutor.progress.record(A, question, True)
    shown, _ = drawer.act(wish(do="delete", id=A), called(B, MINE, owners))
    assert "was deleted" in shown
    assert tutor.sessions.turns(A) == []
    assert [one.session_id for one in owners.past(browser_owner(MINE))] == [B]
    assert tutor.progress.lectures(B)[0].answered == 1
    with pytest.raises(SessionError):
        owners.delete(browser_owner(MINE), A)


def test_the_export_holds_answers_sources_settings_and_numbers(tutor, owners, drawer):
    import json

    result = bandit_result()
    turn = Turn(
        "Why?", "Because \\(x\\) [1].", "lab", "none", sources=PASSAGES[:3],
        runs=(Run("r", {"epsilons": [0, 0.01, 0.1]}, result),),
    )  # fmt: skip
    tutor.turns[A].append(turn)
    tutor.sessions.save(A, turn)
    _, file = drawer.act(wish(do="export", id=A), called(A, MINE, owners))
    saved = json.loads(file)
    assert saved["name"] == "why.md"
    text = saved["text"]
    assert "## 1. Why?" in text
    assert "Because $x$ [1]." in text
    assert "3. `lecture_09/notebook.ipynb`, cell 6: A decaying bandit" in text
    assert "| `epsilons` | 0, 0.01, 0.1 (chosen) |" in text
    name = "reward_final[epsilon_greedy, epsilon=0.1]"
    assert f"| `{name}` | {result.metrics[name]:.6g} |" in text
    assert "settles on the first good arm" in text


def test_an_export_of_a_hostile_title_is_a_plain_file_name():
    assert file_name("../../etc/passwd <x>") == "etc-passwd-x.md"
    assert file_name("???") == "conversation.md"
    assert conversation_markdown("T", []).startswith("# T\n")


def test_erasing_removes_everything_of_one_person_and_nothing_of_another(
    tutor, owners, tmp_path, monkeypatch
):
    from labs import own_data
    from tutor.planning import own_files
    from tutor.quiz.question import Question

    monkeypatch.setenv(own_data.FOLDER_VARIABLE, str(tmp_path / "own"))
    names = []
    for title in ("marks", "shared"):
        source = tmp_path / f"{title}.csv"
        source.write_text(f"hours,{title}\n1,2\n3,4\n5,6\n")
        names.append(own_data.keep(source))
    question = Question("q", 9, "number", "?", "!", "h", answer=1.0, skill="regret")
    for session, secret in ((A, MINE), (B, YOURS)):
        valid(called(session, secret, owners))
        say(tutor, session, own_files.added(names[1]))
        tutor.progress.record(session, question, True)
        tutor.sessions.choose(tutor.sessions.person(session), "mode", "exam")
    say(tutor, A, own_files.added(names[0]))
    erased = owners.erase(browser_owner(MINE))
    assert (erased.conversations, erased.rows["answers"], erased.rows["cards"]) == (1, 1, 1)
    assert erased.files == ("marks.csv",)  # the other one is also somebody else's
    assert not own_data.is_kept(names[0])
    assert own_data.is_kept(names[1])
    assert owners.past(browser_owner(MINE)) == []
    assert tutor.sessions.turns(A) == []
    assert tutor.sessions.settings_of(A) == {}
    assert len(owners.past(browser_owner(YOURS))) == 1
    assert tutor.progress.lectures(B)[0].answered == 1
    assert tutor.sessions.settings_of(B) == {"mode": "exam"}


# ---- words


def test_titles_are_shortened_at_a_word():
    assert title_of("  why\n do we? ") == "why do we?"
    long = title_of("why do we decay epsilon over time in a bandit with ten arms and so on")
    assert long == "why do we decay epsilon over time in a bandit with ten arms…"
    assert len(title_of("x" * 500)) == 61


@pytest.mark.parametrize(
    ("ago", "name"),
    [(0, "Today"), (1, "Yesterday"), (3, "Sunday"), (20, "19 February"), (400, "4 February 2025")],
)
def test_days_are_named_as_people_do(ago, name):
    today = NOW.date()
    assert day_name(today - timedelta(days=ago), today) == name


def test_the_day_is_that_of_the_reader():
    late = Past(A, "late", 2, datetime(2026, 3, 10, 23, 30, tzinfo=UTC))
    assert "Yesterday" in list_html([late], "", NOW)
    ahead = NOW.astimezone(timezone(timedelta(hours=2)))
    assert "Today" in list_html([late], "", ahead)
    assert "01:30" in list_html([late], "", ahead)


@pytest.mark.parametrize("offset", [None, "x", 10_000, 1.5, [1]])
def test_a_clock_that_cannot_be_is_passed_over(tutor, owners, drawer, offset):
    say(tutor, A, "question")
    shown, _ = drawer.act(wish(do="list", offset=offset), called(A, MINE, owners))
    assert "Today" in shown
    assert past.EMPTY not in shown
