"""A PostgreSQL server of our own, from the distribution's package, in a folder and on a port of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from chroma import free_port

HOME = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)


def missing() -> str:
    """Why there can be no server here; empty where there can."""
    if HOME is None or not (HOME / "initdb").is_file():
        return "PostgreSQL is not installed: apt-get install postgresql"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "there is no user called postgres, and PostgreSQL does not run as root"
    return ""


class Postgres:
    """`url` is its address for SQLAlchemy."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ml-tutor-postgres-"))
        self.port = free_port()
        self.url = f"postgresql+psycopg://tutor@127.0.0.1:{self.port}/postgres"
        self._user = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        )
        if self._user:
            shutil.chown(self.folder, "postgres", "postgres")
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "tutor", "--auth=trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self.folder}"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-t", "60", "-l", str(self.folder / "log"),
                  "-o", options, "start")  # fmt: skip

    def stop(self) -> None:
        """As if the machine went away: no connection is closed in good order."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def new_database(self, name: str) -> str:
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tutor", name)
        return self.url.rpartition("/")[0] + f"/{name}"

    def close(self) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        assert HOME is not None
        subprocess.run([str(HOME / program), *arguments], check=True, timeout=120, cwd=self.folder,
                       stdout=subprocess.DEVNULL, **self._user)  # fmt: skip
