"""Databases of every age open with all that is in them; two replicas, a kill or a newer version break none."""

import importlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

import tutor.feedback
from tutor import migrations
from tutor.errors import SessionError
from tutor.sessions import SessionStore, TableBase, Turn

ROOT = Path(__file__).parent.parent
for source in sorted((ROOT / "tutor").rglob("*.py")):  # every module with tables, so that they are compared
    if "(TableBase)" in source.read_text(encoding="utf-8"):
        importlib.import_module(".".join(source.relative_to(ROOT).with_suffix("").parts))
BEFORE = (Path(__file__).parent / "sessions_before_versions.sql").read_text(encoding="utf-8")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sessions.sqlite"


def old(file, script=BEFORE):
    with sqlite3.connect(file) as db:
        db.executescript(script)
    db.close()


def rows(file):
    with sqlite3.connect(file) as db:
        found = list(db.iterdump())
    db.close()
    return found


def differences(engine):
    """What Alembic would change to make the database what the classes say."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, TableBase.metadata)


@pytest.mark.parametrize("script", ["", BEFORE], ids=["new", "from before versions"])
def test_the_scripts_lead_to_the_tables_that_the_code_has(file, script):
    old(file, script)
    store = SessionStore(f"sqlite:///{file}")
    assert differences(store.engine) == []
    assert migrations.version_of(store.engine) == migrations.HEAD
    store.close()


def test_a_database_from_before_versions_keeps_everything(file):
    old(file)
    before = [line for line in rows(file) if line.startswith("INSERT")]
    store = SessionStore(f"sqlite:///{file}")
    (turn,) = store.turns("anna")
    assert (turn.question, turn.answer) == ("what is regret?", "Regret is what exploring costs [1].")
    assert (turn.suggestions, turn.plan) == (("more",), {"lab": "bandit", "parameters": {"arms": 2}})
    assert (store.course_of("anna"), store.settings_of("anna")) == ("stats", {"mode": "exam"})
    assert [verdict.verdict for verdict in tutor.feedback.FeedbackStore(store).of("anna")] == ["good"]
    store.close()
    after = [line for line in rows(file) if line.startswith("INSERT") and "alembic_version" not in line]
    assert after == before
    store = SessionStore(f"sqlite:///{file}")  # and once more, with nothing to do
    store.save("anna", Turn("and now?", "More.", "question", "none"))
    assert store.count("anna") == 2
    store.close()


def test_a_database_of_the_very_first_tables_gets_the_others(file):
    tables = ("sessions", "turns")
    parts = BEFORE.split(";\n")
    kept = [p for p in parts if any(f"TABLE {t} " in p or f'INTO "{t}"' in p for t in tables)]
    old(file, ";\n".join(kept) + ";")
    store = SessionStore(f"sqlite:///{file}")
    assert differences(store.engine) == []
    assert [turn.question for turn in store.turns("anna")] == ["what is regret?"]
    store.close()


def test_a_database_of_the_version_before_gets_only_what_is_new(file):
    old(file)
    SessionStore(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as db:
        db.executescript("DROP TABLE report_turns; UPDATE alembic_version SET version_num = '0001'")
    db.close()
    before = rows(file)
    store = SessionStore(f"sqlite:///{file}")
    assert (migrations.version_of(store.engine), differences(store.engine)) == (migrations.HEAD, [])
    store.close()
    assert [row for row in before if row not in rows(file)] == [
        "INSERT INTO \"alembic_version\" VALUES('0001');"
    ]


def test_a_database_of_a_newer_version_is_refused_in_a_sentence_and_left_alone(file):
    SessionStore(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    before = rows(file)
    with pytest.raises(SessionError, match=r"newer version of the tutor \(their format is 9999") as caught:
        SessionStore(f"sqlite:///{file}")
    assert "Install the newer version again" in str(caught.value)
    assert rows(file) == before


def test_a_file_that_is_no_database_says_what_to_do(file):
    file.write_text("these are not the conversations that you look for. " * 40)
    with pytest.raises(SessionError, match="TUTOR_DATABASE_URL"):
        SessionStore(f"sqlite:///{file}")


OPEN = """
import sys
sys.stdin.readline()
from tutor.sessions import SessionStore, Turn
store = SessionStore(sys.argv[1])
print("upgraded" if "alembic.command" in sys.modules else "nothing to do", flush=True)
store.save("all", Turn("q", "a", "question", "none"))
store.close()
"""


def start(code, url):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, url], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def open_at_once(url, count):
    replicas = [start(OPEN, url) for _ in range(count)]
    said = []
    for replica in replicas:
        replica.stdin.write("go\n")
        replica.stdin.flush()
    for replica in replicas:
        out, err = replica.communicate(timeout=120)
        assert (replica.returncode, err) == (0, "")
        said.append(out.strip())
    return said


@pytest.mark.parametrize("script", ["", BEFORE], ids=["new", "from before versions"])
def test_replicas_that_start_at_once_do_not_collide(file, script):
    old(file, script)
    said = open_at_once(f"sqlite:///{file}", 3)
    assert "upgraded" in said
    assert open_at_once(f"sqlite:///{file}", 1) == ["nothing to do"]  # and costs no import of Alembic
    store = SessionStore(f"sqlite:///{file}")
    assert store.count("all") == 4
    assert differences(store.engine) == []
    store.close()


DIE = """
import os, signal, sys
from tutor import migrations
from tutor.sessions import SessionStore
whole = migrations._upgrade
def upgrade(connection):
    whole(connection)
    os.kill(os.getpid(), signal.SIGKILL)
migrations._upgrade = upgrade
SessionStore(sys.argv[1])
"""


def test_an_upgrade_that_is_killed_leaves_the_database_as_it_was_and_free(file):
    old(file)
    before = rows(file)
    process = start(DIE, f"sqlite:///{file}")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert rows(file) == before
    store = SessionStore(f"sqlite:///{file}")
    assert (store.count("anna"), differences(store.engine)) == (1, [])
    store.close()


def test_the_scripts_are_numbered_in_one_line():
    from alembic.script import ScriptDirectory

    revisions = list(ScriptDirectory(str(migrations.FOLDER)).walk_revisions())
    assert [revision.revision for revision in reversed(revisions)] == list(migrations.KNOWN)
    assert tuple(f"{n:04}" for n in range(1, len(revisions) + 1)) == migrations.KNOWN


@pytest.mark.slow
def test_the_scripts_ship_in_the_wheel(tmp_path):
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        tmp_path,
        ".",
    ]
    for part in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "requirements.lock", "ingest.py"):
        shutil.copy(ROOT / part, tmp_path / part)
    for package in ("tutor", "labs", "knowledge"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("lectures", "__pycache__")
        )
    subprocess.run(build, cwd=tmp_path, check=True, timeout=250)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    scripts = {
        f"tutor/migrations/versions/{file.name}" for file in (migrations.FOLDER / "versions").glob("*.py")
    }
    assert scripts | {"tutor/migrations/env.py"} <= names


@pytest.fixture
def postgres(tmp_path):
    """A PostgreSQL server of its own, where its programs are at hand."""
    pytest.importorskip("psycopg")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not programs:
        pytest.skip("PostgreSQL is not installed here")
    # It refuses to run as root.
    user = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    short = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    if user:
        shutil.chown(short, **user)
    subprocess.run(
        [programs[-1] / "initdb", "-D", short / "data", "-U", "tutor", "-A", "trust", "-E", "UTF8"],
        check=True, capture_output=True, cwd=short, timeout=120, **user,
    )  # fmt: skip
    server = subprocess.Popen(
        [programs[-1] / "postgres", "-D", short / "data", "-k", short, "-c", "listen_addresses=", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=short, **user,
    )  # fmt: skip
    url = f"postgresql+psycopg://tutor@/postgres?host={short}"
    engine = create_engine(url)
    for _ in range(100):
        try:
            engine.connect().close()
            break
        except Exception:
            assert server.poll() is None
            subprocess.run(["sleep", "0.2"], check=True)
    engine.dispose()
    yield url
    server.send_signal(signal.SIGINT)
    server.wait(60)
    shutil.rmtree(short, ignore_errors=True)


@pytest.mark.slow
def test_postgresql_is_brought_up_to_date_by_one_of_several_replicas(postgres):
    assert "upgraded" in open_at_once(postgres, 4)
    store = SessionStore(postgres)
    assert store.count("all") == 4
    assert differences(store.engine) == []
    with store.engine.begin() as db:  # as a version without versions left it, with one table missing
        db.execute(text("DROP TABLE alembic_version, feedback"))
    store.close()
    assert "upgraded" in open_at_once(postgres, 4)
    store = SessionStore(postgres)
    assert store.count("all") == 8
    assert "feedback" in inspect(store.engine).get_table_names()
    with store.engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(SessionError, match="newer version"):
        SessionStore(postgres)
