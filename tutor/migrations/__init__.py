"""The shape of the sessions' database, by version: brought up to date when it is opened.

`versions/` holds one Alembic script for each change, named by its number (`v0001_...py` has the revision "0001"), and
the database keeps the number of the last one that it has seen. Nothing to do costs one query; Alembic is imported only
where there is something to do. A database from before there were versions holds the tables of version 0001, or some of
them, and is adopted by it. An upgrade is one transaction under a lock: of two replicas that start at once, one does it
and the other waits; one that is killed leaves the database as it was.

To change a table: change its class, add the next script, and run `tests/test_migrations.py`, which compares the two.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection, Engine

from tutor.errors import SessionError

FOLDER = Path(__file__).parent
KNOWN = tuple(sorted(file.name[1:5] for file in (FOLDER / "versions").glob("v[0-9][0-9][0-9][0-9]_*.py")))
HEAD = KNOWN[-1]
_LOCK_KEY = 7_203_115_401  # of the advisory lock in PostgreSQL; any number that nobody else takes
_WAIT = 60_000  # ms for another's upgrade; a question waits less
_ALONE = threading.Lock()  # Alembic keeps the migration that is running in a global


def bring_up_to_date(engine: Engine) -> None:
    """Give the database every table and change up to HEAD; one query where it has them.

    Raises
    ------
    SessionError
        The database is of a newer version of the tutor.
    sqlalchemy.exc.DBAPIError
        It cannot be read, or not be changed.
    """
    with engine.connect() as connection:
        version = _version(connection)
    if version == HEAD:
        return
    with _ALONE, _locked(engine) as connection:
        version = _version(connection)  # another replica may have done it meanwhile
        if version is not None and version not in KNOWN:
            shown = engine.url.render_as_string(hide_password=True)
            raise SessionError(
                f"The conversations in {shown} were kept by a newer version of the tutor (their format is {version}, "
                f"this version knows up to {HEAD}). Install the newer version again, or set TUTOR_DATABASE_URL to "
                "another database."
            )
        if version != HEAD:
            _upgrade(connection)


def version_of(engine: Engine) -> str | None:
    """The number of the last change that a database has seen; None for one that has no versions yet."""
    with engine.connect() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT max(version_num) FROM alembic_version"))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that no second upgrade can be in at the same time."""
    if engine.dialect.name == "sqlite":
        with _sqlite_alone(engine) as connection:
            yield connection
        return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        yield connection


@contextmanager
def _sqlite_alone(engine: Engine) -> Iterator[Connection]:
    """Python's driver begins a transaction before rows are changed, but not before tables are: it is begun by hand."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        waited = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_WAIT}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={waited}")
