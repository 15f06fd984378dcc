"""Two commands: everything into one archive, and back; while the page runs, and from archives that mean harm."""

import hashlib
import io
import json
import tarfile
import threading

import pytest

from knowledge.embedding import HashEmbedder
from knowledge.paths import course_folder
from knowledge.refresh import refresh
from knowledge.search import KnowledgeBase
from knowledge.sources import added_folder, remembered, with_added
from tutor import backup
from tutor.backup import Places
from tutor.cli import main
from tutor.errors import BackupError
from tutor.sessions import SessionStore, Turn


def places(home):
    return Places(f"sqlite:///{home}/sessions.sqlite", home / "index", home / "own_data", "1")


@pytest.fixture
def home(tmp_path):
    """A data folder with a conversation, a student's table, and two courses; an added file in the default one."""
    home = tmp_path / "home"
    store = SessionStore(places(home).database_url)
    store.save("anna", Turn("what is regret?", "Regret is what exploring costs.", "question", "none"))
    store.choose("anna", "mode", "exam")
    store.close()
    (home / "own_data").mkdir()
    (home / "own_data" / "marks-0123456789.csv").write_text("a,b\n1,2\n")
    for course, animal in (("default", "walrus"), ("my zoo", "ibex")):
        folder, index = tmp_path / f"lectures {course}", course_folder(home / "index", course)
        folder.mkdir()
        (folder / "one.md").write_text(f"# Animals\n\nThe {animal} sleeps at noon.")
        if course == "default":
            added_folder(index).mkdir(parents=True)
            (added_folder(index) / "more (1).md").write_text("# More\n\nThe heron stands in the river.")
        refresh(with_added([folder], index), index, HashEmbedder())
    return home


def first(home, course, query):
    return KnowledgeBase.open(course_folder(home / "index", course), HashEmbedder()).search(query)[0].path


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_all_comes_back_in_an_empty_home(home, tmp_path):
    file, new = tmp_path / "b.tar.gz", tmp_path / "new"
    made = backup.make(file, places(home))
    assert (made.conversations, made.own_files) == (1, 1)
    assert [(c.name, c.files, c.added, c.index) for c in made.courses] == [
        ("default", 2, 1, True),
        ("my zoo", 1, 0, True),
    ]
    assert file.stat().st_mode & 0o077 == 0  # conversations are nobody else's business
    assert backup.restore(file, places(new)) == made
    store = SessionStore(places(new).database_url)
    assert [turn.answer for turn in store.turns("anna")] == ["Regret is what exploring costs."]
    assert store.settings_of("anna") == {"mode": "exam"}
    store.close()
    assert tree(new / "own_data") == tree(home / "own_data")
    assert tree(added_folder(new / "index")) == tree(added_folder(home / "index"))
    assert first(new, "default", "walrus noon") == "one.md"
    assert first(new, "default", "heron river") == "more (1).md"
    assert first(new, "my zoo", "ibex noon") == "one.md"
    for course in ("default", "my zoo"):
        before, after = (remembered(course_folder(h / "index", course)) for h in (home, new))
        assert after == before
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith(".")} == set()
    assert {path.name for path in new.iterdir()} == {"sessions.sqlite", "own_data", "index"}


def test_while_conversations_and_courses_change_each_archive_is_of_one_moment(home, tmp_path):
    store, index = SessionStore(places(home).database_url), home / "index"
    lectures, stop, count = tmp_path / "lectures default", threading.Event(), 0

    def write():
        nonlocal count
        while not stop.is_set():
            store.save("busy", Turn(f"q{count}", f"a{count}", "question", "none"))
            count += 1

    def ingest():
        edition = 0
        while not stop.is_set():
            edition += 1
            (lectures / "one.md").write_text(f"# Animals\n\nThe walrus sleeps. Edition {edition}.")
            refresh(with_added([lectures], index), index, HashEmbedder())

    threads = [threading.Thread(target=write), threading.Thread(target=ingest)]
    for thread in threads:
        thread.start()
    try:
        for number in range(4):
            file, new, before = tmp_path / f"{number}.tar.gz", tmp_path / f"new{number}", count
            backup.make(file, places(home))
            backup.restore(file, places(new))
            there = SessionStore(places(new).database_url)
            questions = [turn.question for turn in there.turns("busy")]
            there.close()
            assert questions == [f"q{n}" for n in range(len(questions))]
            assert before <= len(questions) <= count + 1
            assert first(new, "default", "walrus sleeps") == "one.md"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        store.close()


def test_nothing_is_replaced_without_force_and_an_open_page_sees_what_came_back(home, tmp_path):
    file = tmp_path / "b.tgz"
    backup.make(file, places(home))
    store = SessionStore(places(home).database_url)
    base = KnowledgeBase.open(home / "index", HashEmbedder())
    store.save("anna", Turn("later", "gone after the restore", "question", "none"))
    (added_folder(home / "index") / "later.md").write_text("# Later\n\nZebras.")
    refresh(with_added([tmp_path / "lectures default"], home / "index"), home / "index", HashEmbedder())
    assert base.search("zebras")[0].path == "later.md"
    before = tree(home / "index")
    with pytest.raises(
        BackupError, match=r"something here already .*conversations in .*the course 'my zoo'.*--force"
    ):
        backup.restore(file, places(home))
    assert tree(home / "index") == before
    assert store.count("anna") == 2
    backup.restore(file, places(home), force=True)
    assert [turn.question for turn in store.turns("anna")] == ["what is regret?"]
    store.save("anna", Turn("and on", "it goes", "question", "none"))
    assert store.count("anna") == 2
    assert "later.md" not in [known.path for known in base.files()]
    assert [path.name for path in added_folder(home / "index").iterdir()] == ["more (1).md"]
    store.close()


# --- archives that are damaged, or mean harm ---


def pack(file, members, promised=None, about=None):
    """An archive by hand: `members` are (name, bytes) or TarInfo."""
    contents = {
        "format": 1,
        "version": "1",
        "made": "2026-11-29T00:00:00+00:00",
        "conversations": 0,
        "courses": [],
    }
    listed = dict(member for member in members if not isinstance(member, tarfile.TarInfo)) | (promised or {})
    files = {n: {"size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in listed.items()}
    text = json.dumps({**contents, "files": files, **(about or {})}).encode()
    with tarfile.open(file, "w:gz") as archive:
        for member in [("backup.json", text), *members]:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member[0])
            data = b"" if isinstance(member, tarfile.TarInfo) else member[1]
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def link(name, target, kind):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


OWN = "own_data/a-0123456789.csv"
GOOD = (OWN, b"a,b\n1,2\n")


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "/evil", "own_data/../../evil", "own_data/..", "own_data/a/b.csv", "courses/../../added/evil",
        "courses/..\\..\\x/added/evil", "courses/default/added/../../evil", "courses/default/index/../../../evil",
        "courses/ /added/x", "own_data/.hidden", "own_data/C:evil", "own_data/a\0b", "evil", "sessions.sqlite/x",
        "courses/default/CURRENT", "own_data/a\nb", "",
    ],
)  # fmt: skip
def test_a_name_that_leads_out_of_its_place_is_refused(tmp_path, name):
    file, new = tmp_path / "b.tar.gz", tmp_path / "new"
    pack(file, [GOOD], promised={name: b"evil"})
    before = tree(tmp_path)
    with pytest.raises(BackupError, match="no whole back-up"):
        backup.restore(file, places(new), force=True)
    assert tree(tmp_path) == before
    assert not new.exists()


@pytest.mark.parametrize(
    ("members", "promised"),
    [
        ([GOOD, ("own_data/b.csv", b"more")], {"own_data/b.csv": b"mose"}),  # changed
        ([GOOD, ("own_data/b.csv", b"more")], {"own_data/b.csv": b"more and more"}),  # cut short
        ([GOOD], {"own_data/b.csv": b"missing"}),
        ([GOOD, GOOD], None),  # twice
        ([link(OWN, "/etc/passwd", tarfile.SYMTYPE)], {OWN: b""}),
        ([GOOD, link("own_data/b.csv", OWN, tarfile.LNKTYPE)], {"own_data/b.csv": b""}),
        ([link("own_data/b.csv", "", tarfile.FIFOTYPE)], {"own_data/b.csv": b""}),
    ],
)
def test_a_file_that_is_not_what_was_promised_is_refused(tmp_path, members, promised):
    file, new = tmp_path / "b.tar.gz", tmp_path / "new"
    pack(file, members, promised)
    with pytest.raises(BackupError, match="no whole back-up"):
        backup.restore(file, places(new))
    assert tree(new) == {}


def test_a_file_that_nobody_promised_is_refused(tmp_path):
    file = tmp_path / "b.tar.gz"
    pack(file, [GOOD], about={"files": {}})
    with pytest.raises(BackupError, match=r"not what backup\.json says"):
        backup.restore(file, places(tmp_path / "new"))


@pytest.mark.parametrize("keep", [0, 10, 200, 5000, -1000])
def test_an_archive_that_is_cut_short_changes_nothing(home, tmp_path, keep):
    file, new = tmp_path / "b.tar.gz", tmp_path / "new"
    backup.make(file, places(home))
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(BackupError, match=r"no whole back-up"):
        backup.restore(file, places(new))
    assert tree(new) == {}


@pytest.mark.parametrize(
    "about",
    [
        {"format": "x"},
        {"files": []},
        {"files": {OWN: {"size": -1, "sha256": "0" * 64}}},
        {"courses": 7},
        {"made": None},
    ],
)
def test_contents_that_make_no_sense_are_refused(tmp_path, about):
    file = tmp_path / "b.tar.gz"
    pack(file, [GOOD], about=about)
    with pytest.raises(BackupError, match="no whole back-up"):
        backup.restore(file, places(tmp_path / "new"))


def test_a_newer_format_and_a_full_disk_are_said(tmp_path):
    file = tmp_path / "b.tar.gz"
    pack(file, [GOOD], about={"format": 2, "version": "9.0"})
    with pytest.raises(BackupError, match=r"newer version of the tutor \(9\.0\)"):
        backup.restore(file, places(tmp_path / "new"))
    pack(file, [GOOD], about={"files": {OWN: {"size": 10**18, "sha256": "0" * 64}}})
    with pytest.raises(BackupError, match="free some disk space"):
        backup.restore(file, places(tmp_path / "new"))


# --- the commands ---


def test_the_commands_say_what_they_did(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TUTOR_INDEX", str(home / "index"))
    monkeypatch.setenv("TUTOR_DATABASE_URL", places(home).database_url)
    monkeypatch.setenv("LABS_OWN_DATA", str(home / "own_data"))
    file = tmp_path / "b.tar.gz"
    assert main(["backup", str(file), "--no-index"]) == 0
    said = capsys.readouterr().out
    assert (
        "1 conversation, 1 table of students, the default course (2 files, 1 of them added, without its"
        in said
    )
    assert f"the course 'my zoo' was read from: {tmp_path / 'lectures my zoo'}" in said
    assert main(["backup", str(file)]) == 2
    assert "There is a file" in capsys.readouterr().err
    assert main(["backup", str(tmp_path / "b.zip")]) == main(["restore", str(tmp_path / "none.tar.gz")]) == 2
    monkeypatch.setenv("TUTOR_INDEX", str(tmp_path / "new" / "index"))
    monkeypatch.setenv("TUTOR_DATABASE_URL", places(tmp_path / "new").database_url)
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "new" / "own_data"))
    capsys.readouterr()
    assert main(["restore", str(file)]) == 0
    assert f"python ingest.py '{tmp_path / 'lectures my zoo'}' --course 'my zoo'" in capsys.readouterr().out
    assert main(["restore", str(file), "--json"]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["restore", str(file), "--json", "--force"]) == 0
    assert json.loads(capsys.readouterr().out)["conversations"] == 1


def test_a_database_server_is_left_to_its_own_tool(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TUTOR_INDEX", str(home / "index"))
    monkeypatch.setenv("TUTOR_DATABASE_URL", "postgresql://tutor:secret@db/tutor")
    monkeypatch.setenv("LABS_OWN_DATA", str(home / "own_data"))
    assert main(["backup", str(tmp_path / "b.tar.gz")]) == 0
    out = capsys.readouterr()
    assert "pg_dump" in out.out
    assert "secret" not in out.out + out.err
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        assert "sessions.sqlite" not in archive.getnames()
