"""A department on one computer, in real processes: Chroma, PostgreSQL, Dask with two workers, two replicas, nginx."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
from chroma import ChromaServer, free_port
from postgres import Postgres
from postgres import missing as no_postgres

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").is_file() else None)


def missing() -> str:
    """Why there can be no such department here; empty where there can."""
    if NGINX is None:
        return "nginx is not installed: apt-get install nginx-light"
    return no_postgres()


class Department:
    """`url` is nginx's address, `replicas` those behind it. Everything ends with `close`."""

    def __init__(self, folder: Path, weights: Path, course: Path) -> None:
        self.folder, self.course = folder, course
        self.index = folder / "home" / "data" / "index"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            (folder / "chroma").mkdir()
            self.chroma = ChromaServer(folder / "chroma")
            self.postgres = Postgres()
            self.scheduler = f"tcp://127.0.0.1:{free_port()}"
            self.environment = {
                **{k: v for k, v in os.environ.items() if not k.startswith(("TUTOR_", "OPENAI_", "LABS_"))},
                "PYTHONPATH": str(ROOT),
                "TUTOR_HOME": str(folder / "home"),
                "TUTOR_WEIGHTS": str(weights),
                "TUTOR_OFFLINE": "yes",
                "TUTOR_MODEL": "none",
                "TUTOR_CHROMA_URL": self.chroma.url,
                "TUTOR_DATABASE_URL": self.postgres.new_database("tutor"),
                "LABS_CLUSTER": self.scheduler,
                "GRADIO_ANALYTICS_ENABLED": "False",
                # as in compose.scale.yaml: a run whose worker dies is tried once more
                "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            }
            self.ingest()
            port = self.scheduler.rpartition(":")[2]
            self._dask("scheduler", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
            for number in (1, 2):
                self.start_worker(number)
            self.replicas = {number: f"http://127.0.0.1:{free_port()}" for number in (1, 2)}
            self._wait_for_scheduler()
            for number in self.replicas:
                self.start_replica(number)
            for number in self.replicas:
                self.wait_for_replica(number)
            self.url = self._start_nginx()
        except BaseException:
            self.close()
            raise

    def ingest(self) -> None:
        command = [sys.executable, str(ROOT / "ingest.py"), str(self.course), "--index", str(self.index)]
        subprocess.run(
            command, env=self.environment, cwd=self.folder, check=True, timeout=300, capture_output=True
        )

    def start_worker(self, number: int) -> None:
        self._dask(
            f"worker-{number}", "worker", self.scheduler, "--nthreads", "1", "--no-nanny", "--no-dashboard"
        )

    def start_replica(self, number: int) -> None:
        port = self.replicas[number].rpartition(":")[2]
        self._start(f"replica-{number}", [sys.executable, "-m", "tutor", "serve", "--port", port])

    def wait_for_replica(self, number: int, limit: float = 600.0) -> None:
        def ready() -> bool:
            try:
                return bool(
                    httpx.get(f"{self.replicas[number]}/readyz", timeout=5, trust_env=False).json()["ready"]
                )
            except (httpx.HTTPError, ValueError, KeyError):
                return False

        self._until(ready, limit, f"replica-{number}")

    def kill(self, name: str) -> None:
        """SIGKILL for a process and all that it started."""
        process = self.processes.pop(name)
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait(20)
        for child in family:
            if child.is_running():
                child.send_signal(signal.SIGKILL)

    def busy_worker(self) -> str | None:
        """The name of the worker that runs a lab just now."""
        import distributed

        with distributed.Client(self.scheduler, timeout=10, set_as_default=False) as client:
            running = [address for address, keys in client.processing().items() if keys]
            pids = client.run(os.getpid, workers=running) if running else {}
        names = {process.pid: name for name, process in self.processes.items()}
        return next((names[pid] for pid in pids.values() if pid in names), None)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        for server in ("chroma", "postgres"):
            made: Any = getattr(self, server, None)
            if made is not None:
                made.stop() if server == "chroma" else made.close()

    # ---- inside

    def _dask(self, name: str, kind: str, *arguments: str) -> None:
        self._start(name, [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments])

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdout=log, stderr=log
            )

    def _wait_for_scheduler(self) -> None:
        port = int(self.scheduler.rpartition(":")[2])

        def listening() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        self._until(listening, 120, "scheduler")

    def _start_nginx(self) -> str:
        """The configuration that ships, with this department's addresses in it."""
        port = free_port()
        site = (
            (ROOT / "docs" / "deploy" / "nginx.conf")
            .read_text("utf-8")
            .replace("listen 80;", f"listen {port};")
        )
        for number, url in self.replicas.items():
            site = site.replace(f"tutor-{number}:7860", url.removeprefix("http://"))
        site = site.replace(
            "add_header Set-Cookie", "add_header X-Replica $upstream_addr;\n        add_header Set-Cookie"
        )
        folder = self.folder / "nginx"
        folder.mkdir()
        temp = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        http = f"http {{\naccess_log off;\n{temp}{site}\n}}\n"
        main = f"pid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n{http}"
        (folder / "nginx.conf").write_text(main, encoding="utf-8")
        self._start(
            "nginx",
            [str(NGINX), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"],
        )
        self._until(lambda: self._answers(f"http://127.0.0.1:{port}/healthz"), 60, "nginx")
        return f"http://127.0.0.1:{port}"

    @staticmethod
    def _answers(url: str) -> bool:
        try:
            return httpx.get(url, timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _until(self, true: Any, limit: float, name: str) -> None:
        end = time.monotonic() + limit
        while not true():
            if time.monotonic() > end or (name in self.processes and self.processes[name].poll() is not None):
                raise TimeoutError(f"{name} did not come up: {self.log(name)[-3000:]}")
            time.sleep(0.2)
