"""The settings room: who may change what, and what it says about it."""

import threading
from types import SimpleNamespace

import pytest
from page_fakes import FakeTutor

from knowledge.weights import WeightStore
from tutor.courses import Courses
from tutor.models.base import LoadedModel
from tutor.models.host import ModelHost
from tutor.models.scripted import ScriptedChatModel
from tutor.owners import Erased, Owners
from tutor.quiz.question import Question
from tutor.sessions import Turn
from tutor.settings import load_settings
from tutor.teaching.modes import get_mode, get_predict
from tutor.web import settings_views as views
from tutor.web.access import Access
from tutor.web.live import Conversations
from tutor.web.pictures import Pictures
from tutor.web.settings_room import ONLY_TEACHERS, SettingsRoom
from tutor.web.site import presented, valid

ME, OTHER = "mine" * 6, "your" * 6
A, B = "a" * 24, "b" * 24
KEY = "sk-typed-by-a-teacher-0123456789"
LOCAL = SimpleNamespace(
    headers={"host": "127.0.0.1:7860"}, client=SimpleNamespace(host="127.0.0.1"), username=None
)
REMOTE = SimpleNamespace(
    headers={"host": "tutor.school"}, client=SimpleNamespace(host="10.0.0.7"), username=None
)
PARTS = ("state", "form", "teaching", "course", "data")


class Made:
    """Makes a model of whatever it is asked for, and remembers with which settings."""

    def __init__(self):
        self.calls, self.go = [], threading.Event()
        self.go.set()

    def __call__(self, spec, settings, store, progress):
        progress(30_000_000, 100_000_000, "downloading the model")
        self.go.wait(10)
        self.calls.append((spec, settings))
        return LoadedModel(spec, ScriptedChatModel(answers=["hi"]), f"{spec.name} (made)")


@pytest.fixture
def made():
    return Made()


@pytest.fixture
def room(tmp_path, made):
    tutor = FakeTutor()
    settings = load_settings(home=tmp_path, model="none")
    host = ModelHost(settings, WeightStore(tmp_path), make=made)
    access = Access(frozenset({"teacher"}))
    access.launched("127.0.0.1", share=False, sign_in=False)
    site = SimpleNamespace(
        tutor=tutor, settings=settings, model_host=host, access=access,
        owners=Owners(tutor.sessions, tutor.progress), conversations=Conversations(tutor, Pictures(tmp_path)),
    )  # fmt: skip
    yield SettingsRoom(site)
    made.go.set()
    host.close()


def do(room, session=A, secret=ME, request=LOCAL, **wish):
    said = room.do(SimpleNamespace(_data=wish), presented(f"{session}~{secret}", room._site.owners), request)
    return {name: value for name, value in zip(PARTS, said, strict=True) if isinstance(value, str)}


def test_opening_fills_every_card(room):
    shown = do(room, do="open")
    assert set(shown) == set(PARTS)
    assert "No language model" in shown["state"]
    assert "The settings ask for none" in shown["state"]
    assert 'value="none" checked' in shown["form"]
    assert "1.1 GB, to be downloaded first." in shown["form"]
    assert 'value="explain" checked' in shown["teaching"]


PROXIED = SimpleNamespace(
    headers={**LOCAL.headers, "x-forwarded-for": "10.0.0.7"}, client=LOCAL.client, username=None
)


@pytest.mark.parametrize("request_", [REMOTE, None, PROXIED], ids=["remote", "nobody", "behind a proxy"])
def test_only_a_teacher_changes_the_model(room, made, request_):
    assert "data-settings" not in do(room, request=request_, do="open")["form"]
    for wish in ({"choice": "auto"}, {"choice": "server", "address": "http://x/v1", "key": KEY}):
        shown = do(room, request=request_, do="model", **wish)
        assert ONLY_TEACHERS.split(":")[0] in shown["state"]
    assert made.calls == []
    assert str(room._host.wanted) == "none"


def test_where_people_sign_in_only_a_teacher_s_name_does(room, made):
    room._site.access.launched("127.0.0.1", share=False, sign_in=True)
    assert "Only a teacher" not in str(
        do(room, request=SimpleNamespace(username="teacher"), do="model", choice="auto")
    )
    assert room._host._ended.wait(10)
    assert len(made.calls) == 1
    for request in (LOCAL, SimpleNamespace(username="ada")):
        assert "only a teacher" in do(room, request=request, do="model", choice="none")["state"]
    assert room._host.current.chat is not None


def test_a_chosen_model_is_downloaded_with_its_progress_and_then_in_use(room, made):
    made.go.clear()
    shown = do(room, do="model", choice="gguf:qwen2.5-coder-0.5b")
    assert 'data-busy="true"' in shown["state"]
    while room._host.status.state != "downloading":
        room._host._ended.wait(0.01)
    assert 'value="30"' in do(room, do="state")["state"]
    assert "30 of 100 MB (30%)" in do(room, do="state")["state"]
    made.go.set()
    assert room._host._ended.wait(10)
    shown = do(room, do="state")["state"]
    assert "qwen2.5-coder-0.5b (made)" in shown
    assert "chosen here on the page" in shown
    assert "data-busy" not in shown


def test_a_typed_key_reaches_the_model_and_nothing_else(room, made, caplog, tmp_path):
    shown = do(room, do="model", choice="server", address="http://localhost:9/v1", name="m", key=KEY)
    assert room._host._ended.wait(10)
    spec, settings = made.calls[0]
    assert (spec.kind, settings.openai_api_key.get_secret_value()) == ("openai", KEY)
    everything = str(
        [shown, do(room, do="open"), do(room, do="state"), caplog.text, vars(room), vars(room._host)]
    )
    assert KEY not in everything
    assert room._site.settings.openai_api_key is None
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"choice": "gguf:/etc/passwd"}, "choose from"),
        ({"choice": ""}, "choose from"),
        ({"choice": "server", "address": "ftp://x", "key": KEY}, "no address"),
        ({"choice": "server"}, "Give the address"),
        ({"choice": {"a": 1}}, "choose from"),
    ],
)
def test_a_choice_that_is_none_is_refused_in_a_sentence(room, made, wish, word):
    shown = do(room, do="model", **wish)
    assert word in shown["state"]
    assert KEY not in shown["state"]
    assert made.calls == []


def test_the_mode_holds_for_this_conversation_and_for_those_to_come(room):
    sessions = room._site.owners.sessions
    shown = do(room, do="mode", value="exam")
    assert 'value="exam" checked' in shown["teaching"]
    assert get_mode(sessions, A) == "exam"
    assert valid(presented(f"{B}~{ME}", room._site.owners)) == B  # a new conversation of the same browser
    assert get_mode(sessions, B) == "exam"
    assert valid(presented(f"{'c' * 24}~{OTHER}", room._site.owners))
    assert get_mode(sessions, "c" * 24) == "explain"


def test_predicting_first_is_switched_on_and_off(room):
    sessions = room._site.owners.sessions
    assert "checked" in do(room, do="predict", value=True)["teaching"].partition('role="switch"')[2][:60]
    assert get_predict(sessions, A)
    do(room, do="predict", value=False)
    assert not get_predict(sessions, A)


def test_a_mode_that_is_none_is_refused_in_a_sentence(room):
    assert "There is no mode called" in do(room, do="mode", value="<b>")["teaching"]
    assert get_mode(room._site.owners.sessions, A) == "explain"


@pytest.mark.parametrize("wish", [{}, {"do": "format the disk"}, {"do": None}])
def test_an_unknown_wish_changes_nothing(room, wish):
    assert do(room, **wish) == {}


def test_clearing_removes_this_visitor_s_data_and_says_what(room):
    tutor, question = room._site.tutor, Question("q", 9, "number", "?", "!", "h", answer=1.0, skill="regret")
    for session, secret in ((A, ME), (B, ME), ("c" * 24, OTHER)):
        valid(presented(f"{session}~{secret}", room._site.owners))
        tutor.sessions.save(session, Turn("q", "a", "question", "none"))
        tutor.progress.record(session, question, True)
    shown = do(room, do="erase")["data"]
    assert "2 conversations and 2 quiz answers were removed for good." in shown
    assert 'data-erased="true"' in shown
    assert tutor.sessions.turns(A) == tutor.sessions.turns(B) == []
    assert len(tutor.sessions.turns("c" * 24)) == 1
    assert "nothing to remove" in do(room, session="d" * 24, do="erase")["data"]


def test_nobody_clears_or_changes_another_s(room):
    valid(presented(f"{A}~{ME}", room._site.owners))
    room._site.tutor.sessions.save(A, Turn("q", "a", "question", "none"))
    for wish in ({"do": "erase"}, {"do": "mode", "value": "exam"}, {"do": "open"}):
        assert "lost its conversation" in str(do(room, session=A, secret=OTHER, **wish))
    assert len(room._site.tutor.sessions.turns(A)) == 1
    assert get_mode(room._site.owners.sessions, A) == "explain"


@pytest.fixture
def two_courses(room, tmp_path):
    """The default course and one more, as the room sees them."""
    settings = room._site.settings
    for folder in (settings.index, settings.index / "courses" / "stats <1>"):
        folder.mkdir(parents=True)
        (folder / "CURRENT").write_text("x")
    made = []

    def library(name):
        made.append(name)
        return SimpleNamespace(start=lambda: None)

    sessions = room._site.owners.sessions
    room._site.tutor.courses = Courses(SimpleNamespace(start=lambda: None), settings, sessions, library)
    return made


def test_a_course_is_chosen_for_the_conversations_to_come(room, two_courses):
    sessions, courses = room._site.owners.sessions, room._site.tutor.courses
    valid(presented(f"{A}~{ME}", room._site.owners))
    sessions.save(A, Turn("q", "a", "question", "none"))
    assert 'value="default" checked' in do(room, do="open")["course"]
    shown = do(room, do="course", value="stats <1>")["course"]
    assert 'value="stats &lt;1&gt;" checked' in shown
    assert "This conversation stays in" in shown
    assert "data-course-begin" in shown
    assert two_courses == ["stats <1>"]  # opened before anybody asks
    assert (courses.name_of(A), sessions.course_of(A)) == ("", "")
    valid(presented(f"{B}~{ME}", room._site.owners))  # the next conversation of the same browser
    assert courses.name_of(B) == "stats <1>"
    sessions.save(B, Turn("q", "a", "question", "none"))
    assert sessions.course_of(B) == "stats <1>"
    assert "stays in" not in do(room, session=B, do="open")["course"]
    do(room, session=B, do="course", value="default")
    assert sessions.course_of(B) == "stats <1>"
    valid(presented(f"{'c' * 24}~{OTHER}", room._site.owners))
    assert courses.name_of("c" * 24) == ""


def test_a_course_that_is_none_is_refused_in_a_sentence(room, two_courses):
    shown = do(room, do="course", value="<b>../x")["course"]
    assert "There is no course called" in shown
    assert "&lt;b&gt;" in shown
    assert two_courses == []


def test_a_tutor_that_was_started_for_one_course_stays_in_it_but_for_a_teacher(room, two_courses):
    room._site.settings = room._site.settings.model_copy(update={"course": "stats <1>"})
    assert "t-course" not in do(room, request=REMOTE, do="open")["course"]
    assert "a teacher can choose" in do(room, request=REMOTE, do="course", value="default")["course"]
    assert room._site.tutor.courses.chosen(A) == ""
    assert 'value="stats &lt;1&gt;"' in do(room, do="open")["course"]


def test_with_one_course_there_is_nothing_to_choose(room):
    shown = do(room, do="open")["course"]
    assert "comes with the tutor" in shown
    assert "radio" not in shown


def test_what_was_removed_is_counted_in_words():
    one = views.erased_words(Erased({"sessions": 1}))
    assert one.startswith("1 conversation was removed")
    many = views.erased_words(Erased({"sessions": 2, "answers": 5, "turns": 9}, ("marks.csv",)))
    assert many.startswith("2 conversations, 5 quiz answers and 1 file (marks.csv) were removed")
