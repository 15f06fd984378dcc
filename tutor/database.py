"""The database of the sessions: its address, and how it is opened. SQLite in a file, or what SQLAlchemy speaks to."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Engine, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from tutor.errors import DatabaseAwayError, SessionError
from tutor.migrations import bring_up_to_date

_POSTGRES = ("postgresql", "postgres")
log = logging.getLogger(__name__)


def open_engine(url: str) -> Engine:
    """The database at this address, with every table and change that this version knows.

    Raises
    ------
    SessionError
        When it cannot be opened, or a newer version of the tutor made it; the message says what to do.
    """
    parsed = _address(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    try:
        if file := sqlite_file(url):
            file.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, pool_pre_ping=not sqlite)
        if sqlite:
            event.listen(engine, "connect", _prepare_sqlite)
        try:
            bring_up_to_date(engine)
        except BaseException:
            engine.dispose()
            raise
    except ModuleNotFoundError as error:
        raise SessionError(
            f"TUTOR_DATABASE_URL names a database whose driver is not installed ({error.name}). For PostgreSQL: "
            "`pip install psycopg[binary]`."
        ) from error
    except (DBAPIError, NoSuchModuleError, OSError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise SessionError(
            f"The conversations in {parsed.render_as_string(hide_password=True)} cannot be opened ({reason}). "
            "Make the folder writable, or set TUTOR_DATABASE_URL to another database."
        ) from error
    if not sqlite:
        event.listen(engine, "handle_error", _in_words)
    return engine


def sqlite_file(url: str) -> Path | None:
    """The file behind the address of a database; None for a database server, or one in memory."""
    parsed = _address(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database)).absolute()


def _address(url: str) -> URL:
    """The database's address, taken apart; PostgreSQL means psycopg 3 where no driver is named.

    Raises SessionError, without the address: it may hold a password.
    """
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername="postgresql+psycopg") if parsed.drivername in _POSTGRES else parsed
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise SessionError(
            "TUTOR_DATABASE_URL is not the address of a database that can be used. "
            "Write it as postgresql+psycopg://user:password@host/name, or unset it to keep conversations in a file."
        ) from None
    return parsed


def _in_words(failed: ExceptionContext) -> None:
    """A database server that does not answer is one sentence wherever it shows, and names no address."""
    away = failed.is_disconnect or isinstance(failed.sqlalchemy_exception, OperationalError)
    if away and not failed.is_pre_ping:  # that one is only a look, and SQLAlchemy connects anew
        log.warning("the database does not answer: %s", type(failed.original_exception).__name__)
        raise DatabaseAwayError from failed.original_exception


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Readers beside a writer, a short wait for a lock, and no half-saved turn after a crash."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
