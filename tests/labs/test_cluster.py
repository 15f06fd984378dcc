"""Labs on a real Dask cluster: a scheduler and two workers in processes of their own, on this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from labs.cluster import ClusterRunner
from labs.errors import BadParameterError, ClusterError, LabCancelled, LabCrashed, LabError, UnknownLabError

pytest.importorskip("distributed")

HERE = Path(__file__).parent
WAIT = 90
LONG = {"steps": 100_000}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    def __init__(self, folder):
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.log = (folder / "cluster.log").open("w")
        self.env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE)]),
            "LABS_OWN_DATA": str(folder / "there"),
        }
        port = self.address.rpartition(":")[2]
        self.scheduler = self.start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        self.workers = [self.worker() for _ in range(2)]

    def start(self, kind, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        return subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=self.env)

    def worker(self):
        return self.start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def close(self):
        for process in [*self.workers, self.scheduler]:
            family = [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
            for child in family:
                if child.is_running():
                    child.kill()
        self.log.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def runner(cluster):
    end = time.monotonic() + 60
    while True:
        try:
            made = ClusterRunner(cluster.address, time_limit=60, memory_limit_mb=400, labs="toy_labs:TOYS")
            break
        except ClusterError:
            if time.monotonic() > end:
                raise
    with made:
        yield made


def test_a_run_reports_progress_and_returns_what_it_returns_at_home(runner):
    run = runner.submit("count", {"steps": 300})
    updates = list(run.events())
    result = run.result(WAIT)
    assert result.metrics["total"] == 150.0
    assert result.metrics["pid"] != os.getpid()
    assert len(updates) >= 3
    assert max(update.fraction for update in updates) > 0.3


def test_bad_values_are_refused_here_before_anything_is_sent(runner):
    with pytest.raises(BadParameterError, match="steps"):
        runner.submit("count", {"steps": 0})
    with pytest.raises(UnknownLabError):
        runner.submit("nothing", {})


def test_what_the_lab_refuses_there_is_said_here(runner):
    with pytest.raises(LabError, match="do something else"):
        runner.submit("refuse", {}).result(WAIT)


def test_a_cancelled_run_ends_and_the_cluster_takes_the_next_one(runner):
    run = runner.submit("count", LONG)
    next(update for update in run.events() if update.fraction > 0)
    run.cancel()
    with pytest.raises(LabCancelled):
        run.result(WAIT)
    assert runner.submit("count", {}).result(WAIT).metrics["total"] == 1.5
    end = time.monotonic() + 20
    while not all(_run_on_each(runner, _is_idle)) and time.monotonic() < end:
        time.sleep(0.2)
    assert all(_run_on_each(runner, _is_idle))  # it does not go on where nobody sees it


def _run_on_each(runner, job):
    return list(runner._client.run(job).values())


def _is_idle():
    """On a worker of the cluster: whether no lab is being run there."""
    from labs import cluster

    return all(not made.busy for made in cluster._runners.values())


def test_a_crash_inside_a_run_leaves_the_cluster_s_worker_alive(runner, cluster):
    with pytest.raises(LabCrashed, match="SIGSEGV"):
        runner.submit("segfault", {}).result(WAIT)
    assert all(worker.poll() is None for worker in cluster.workers)
    assert runner.submit("count", {}).result(WAIT).metrics["total"] == 1.5


def test_a_run_survives_the_death_of_its_machine(runner, cluster):
    run = runner.submit("count", {"steps": 4000})
    next(update for update in run.events() if update.fraction > 0.02)
    parent = psutil.Process(int(_pid_of_busy(runner, cluster)))
    for process in [*parent.children(recursive=True), parent]:
        process.send_signal(signal.SIGKILL)
    assert run.result(WAIT).metrics["total"] == 2000.0
    assert sum(worker.poll() is None for worker in cluster.workers) == 1
    cluster.workers.append(cluster.worker())


def _pid_of_busy(runner, cluster):
    """The worker process that has a run: the one whose child is busy counting."""
    running = runner._client.processing()
    busy = next(address for address, keys in running.items() if keys)
    return runner._client.run(os.getpid, workers=[busy])[busy]


def test_an_own_file_travels_with_the_run(cluster, tmp_path, monkeypatch):
    from labs.own_data import keep
    from labs.registry import LABS

    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "here"))
    path = tmp_path / "marks.csv"
    path.write_text(
        "hours,mark\n" + "".join(f"{h},{40 + 5 * h + h % 3}\n" for h in range(14)), encoding="utf-8"
    )
    name = keep(path)
    with ClusterRunner(cluster.address) as runner:
        there = runner.submit("regression", {"csv": name}).result(WAIT)
    assert there.metrics == LABS["regression"].execute({"csv": name}).metrics


def test_a_scheduler_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr("labs.cluster._CONNECT", 0.5)
    with pytest.raises(ClusterError, match=r"no scheduler answers there.*unset LABS_CLUSTER"):
        ClusterRunner(f"tcp://127.0.0.1:{free_port()}")


def test_without_the_package_the_fix_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match="pip install distributed"):
        ClusterRunner("tcp://here:8786")
