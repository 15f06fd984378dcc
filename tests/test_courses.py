"""Several courses side by side: each in an index of its own, chosen by --course or TUTOR_COURSE."""

import json
import shutil
from types import SimpleNamespace

import pytest

from knowledge.embedding import HashEmbedder
from knowledge.errors import BadCourseNameError, UnknownCourseError
from knowledge.paths import course_folder, course_names, known_course_folder
from knowledge.refresh import refresh
from tutor.cli import main
from tutor.courses import Courses
from tutor.errors import CourseError, SettingsError
from tutor.events import Notice
from tutor.library import Library
from tutor.models.base import no_model
from tutor.sessions import SessionStore, Turn
from tutor.settings import load_settings
from tutor.tutor import Tutor


@pytest.fixture
def run(capsys):
    def call(*arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        return status, out, err

    return call


def folder_of(tmp_path, name, text):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "notes.md").write_text(f"# {name}\n\n{text}\n", encoding="utf-8")
    return folder


def test_the_default_course_keeps_its_place_and_others_live_below_it(tmp_path):
    assert (
        course_folder(tmp_path, None)
        == course_folder(tmp_path, "")
        == course_folder(tmp_path, "default")
        == tmp_path
    )
    assert course_folder(tmp_path, "Stats 101") == tmp_path / "courses" / "Stats 101"


@pytest.mark.parametrize("name", ["../up", "a/b", "a\\b", ".hidden", "-x", "x ", "n" * 65, "a\nb", "C:"])
def test_a_name_that_is_no_folder_name_is_refused_in_one_sentence(tmp_path, name, run, monkeypatch):
    with pytest.raises(BadCourseNameError, match="cannot name a course"):
        course_folder(tmp_path, name)
    status, out, err = run("ingest", tmp_path, "--index", tmp_path / "index", f"--course={name}")
    assert (status, out) == (2, "")
    assert "letters, digits" in err
    monkeypatch.setenv("TUTOR_COURSE", name)
    with pytest.raises(SettingsError, match="TUTOR_COURSE cannot be"):
        load_settings()


def test_courses_do_not_mix_and_can_be_listed(tmp_path, run):
    index, embedder = tmp_path / "index", HashEmbedder()
    refresh([folder_of(tmp_path, "machines", "Bandits pull arms.")], index, embedder)
    refresh([folder_of(tmp_path, "music", "Violins have strings.")], course_folder(index, "music"), embedder)
    refresh([tmp_path / "machines"], index, embedder)
    assert course_names(index) == ["default", "music"]
    status, out, _ = run("ingest", "--list", "--json", "--index", index)
    assert status == 0
    assert [(c["name"], c["files"], c["chunks"]) for c in json.loads(out)["courses"]] == [
        ("default", 1, 1), ("music", 1, 1),
    ]  # fmt: skip
    assert (
        run("ingest", "--list", "--index", index)[1].splitlines()[1].startswith("music: 1 file, 1 passage,")
    )
    assert "no course" in run("ingest", "--list", "--index", tmp_path / "nothing")[1]


def test_a_course_that_is_not_there_is_named_with_those_that_are_and_the_command(tmp_path, run):
    refresh(
        [folder_of(tmp_path, "music", "Violins.")], course_folder(tmp_path / "index", "music"), HashEmbedder()
    )
    with pytest.raises(UnknownCourseError):
        known_course_folder(tmp_path / "index", "musik")
    for command in (
        ("search", "violins"),
        ("ask", "violins", "--model", "none"),
        ("serve", "--model", "none"),
    ):
        status, out, err = run(*command, "--course", "musik", "--index", tmp_path / "index")
        assert (status, out) == (2, "")
        assert "There are: music." in err
        assert "python ingest.py FOLDER --course musik" in err
        assert len(err.strip().splitlines()) == 1


def test_the_course_that_ships_is_never_ingested_under_another_name(tmp_path, run):
    status, _, err = run("ingest", "--course", "music", "--index", tmp_path / "index")
    assert status == 2
    assert "folder of the course 'music'" in err


def test_the_setting_names_the_course_and_the_command_line_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("TUTOR_INDEX", str(tmp_path))
    monkeypatch.setenv("TUTOR_COURSE", "music")
    assert load_settings().course_index == tmp_path / "courses" / "music"
    assert load_settings(course="art").course_index == tmp_path / "courses" / "art"
    assert load_settings(course="default").course_index == tmp_path


def test_a_session_stays_in_the_course_in_which_it_began(tmp_path):
    url = f"sqlite:///{tmp_path}/sessions.sqlite"
    turn = Turn("q", "a", "question", "none")
    SessionStore(url).save("plain", turn)
    SessionStore(url, "music").save("violin", turn)
    later = SessionStore(url, "art")
    later.save("violin", turn)
    assert [later.course_of(name) for name in ("plain", "violin", "new")] == ["", "music", None]


@pytest.mark.weights
def test_search_and_ask_answer_from_the_course_that_was_asked_for(tmp_path, run, monkeypatch, minilm_dir):
    monkeypatch.setenv("TUTOR_WEIGHTS", str(minilm_dir.parent))
    index = tmp_path / "index"
    for name, text in (
        ("music", "A violin has four strings."),
        ("art", "A fresco is painted on wet plaster."),
    ):
        assert run("ingest", folder_of(tmp_path, name, text), "--course", name, "--index", index)[0] == 0
    status, out, _ = run("search", "how many strings", "--course", "music", "--index", index, "--json")
    assert status == 0
    assert "four strings" in json.loads(out)["chunks"][0]["text"]
    ask = (
        "ask",
        "What is a fresco painted on?",
        "--model",
        "none",
        "--json",
        "--index",
        index,
        "--session",
        "s",
    )
    first = run(*ask, "--course", "art")
    assert "wet plaster" in json.loads(first[1])["sources"][0]["text"]
    again = run(*ask)  # the session knows its course
    assert "wet plaster" in json.loads(again[1])["sources"][0]["text"]
    status, _, err = run(*ask, "--course", "music")
    assert status == 2
    assert "began in the course 'art'" in err


@pytest.fixture
def two(tmp_path):
    """A tutor over the default course and one about music, with no model."""
    index, embedder = tmp_path / "index", HashEmbedder()
    refresh([folder_of(tmp_path, "plain", "Herons stand on one leg.")], index, embedder)
    refresh(
        [folder_of(tmp_path, "music", "Violins have four strings.")], course_folder(index, "music"), embedder
    )
    settings = load_settings(home=tmp_path, index=index)
    sessions = SessionStore(f"sqlite:///{tmp_path / 'sessions.sqlite'}")
    first = Library(index, None, embedder=embedder)
    first.wait()

    def make(name):
        return Library(known_course_folder(index, name or None), None, build=False, beside=first)

    models = SimpleNamespace(current=no_model())
    yield Tutor(first, None, models, sessions, courses=Courses(first, settings, sessions, make))
    sessions.close()


def sources(tutor, question, session):
    tutor.courses.of(session).wait()
    done = list(tutor.reply(question, session))[-1]
    return {passage.text.split("\n")[-1] for passage in done.sources}, done


def test_a_conversation_is_answered_from_the_course_in_which_it_began(two):
    me, later = "me-0123456789abcdef", "later-0123456789abcdef"
    assert any("Herons" in text for text in sources(two, "how do herons stand?", me)[0])
    two.courses.choose(me, "music")
    assert any("Herons" in text for text in sources(two, "how do herons stand?", me)[0])
    two.sessions.choose(later, "course", "music")  # as a choice of its owner would
    found, _ = sources(two, "how many strings do violins have?", later)
    assert any("Violins" in text for text in found)
    assert not any("Herons" in text for text in found)
    assert (two.sessions.course_of(me), two.sessions.course_of(later)) == ("", "music")


def test_a_conversation_whose_course_is_gone_ends_in_one_sentence(two, tmp_path):
    me = "me-0123456789abcdef"
    two.sessions.choose(me, "course", "music")
    shutil.rmtree(tmp_path / "index" / "courses")
    events = list(two.reply("how many strings do violins have?", me))
    notices = [event.message for event in events if isinstance(event, Notice)]
    assert len(notices) == 1
    assert "the course 'music', which is not on this computer any more" in notices[0]
    assert events[-1].failed
    with pytest.raises(CourseError, match="Choose one of: default"):
        two.courses.choose(me, "music")
