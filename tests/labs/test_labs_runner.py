"""The runner: progress, cancel, limits, crashes, recovery, and a clean end."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from labs.errors import (
    BadParameterError,
    LabCancelled,
    LabCrashed,
    LabError,
    LabOutOfMemory,
    LabTimeout,
    UnknownLabError,
)
from labs.runner import LabRunner

LONG = {"steps": 100_000}
WAIT = 60


@pytest.fixture(scope="module")
def runner():
    with LabRunner(labs="toy_labs:TOYS", memory_limit_mb=400) as made:
        made.warm_up()
        yield made


def pid(runner):
    return runner.submit("count", {}).result(WAIT).metrics["pid"]


def test_a_run_reports_progress_in_order_and_returns_its_result(runner):
    run = runner.submit("count", {"steps": 200})
    updates = list(run.events())
    assert [u.fraction for u in updates] == sorted(u.fraction for u in updates)
    assert updates[-1].fraction == 1.0
    assert run.result(WAIT).metrics["total"] == 100.0
    assert run.parameters["steps"] == 200


def test_a_run_lives_in_another_process_which_is_used_again(runner):
    first = pid(runner)
    assert first != os.getpid()
    assert pid(runner) == first


def test_bad_values_are_refused_before_anything_runs(runner):
    with pytest.raises(BadParameterError, match=r"steps=0 .* from 1 to 1000000"):
        runner.submit("count", {"steps": 0})
    with pytest.raises(UnknownLabError, match="count, dear"):
        runner.submit("nothing", {})


def test_a_cooperative_run_is_cancelled_and_the_same_worker_goes_on(runner):
    before = pid(runner)
    run = runner.submit("count", LONG)
    next(u for u in run.events() if u.fraction > 0)
    run.cancel()
    with pytest.raises(LabCancelled):
        run.result(WAIT)
    assert pid(runner) == before


def test_a_run_that_never_asks_is_killed_on_cancel_and_the_pool_recovers(runner):
    run = runner.submit("hang", {})
    next(u for u in run.events() if u.fraction > 0)
    run.cancel()
    with pytest.raises(LabCancelled):
        run.result(WAIT)
    assert pid(runner) > 0


def test_a_waiting_run_can_be_cancelled(runner):
    busy, waiting = runner.submit("count", LONG), runner.submit("count", {})
    waiting.cancel()
    busy.cancel()
    for run in (busy, waiting):
        with pytest.raises(LabCancelled):
            run.result(WAIT)


def test_a_crash_is_one_sentence_and_the_pool_recovers(runner):
    with pytest.raises(LabCrashed, match=r"segfault lab ended unexpectedly .*SIGSEGV"):
        runner.submit("segfault", {}).result(WAIT)
    assert pid(runner) > 0


def test_an_error_in_a_lab_is_reported_and_the_worker_survives(runner):
    before = pid(runner)
    with pytest.raises(LabCrashed, match="ZeroDivisionError"):
        runner.submit("divide", {}).result(WAIT)
    assert pid(runner) == before


def test_a_lab_may_refuse_in_its_own_words(runner):
    with pytest.raises(LabError, match="do something else"):
        runner.submit("refuse", {}).result(WAIT)


def test_a_run_over_the_memory_limit_is_stopped_and_the_pool_recovers(runner):
    with pytest.raises(LabOutOfMemory, match="limit of 400 MB"):
        runner.submit("eat", {}).result(WAIT)
    assert pid(runner) > 0


def test_a_run_over_the_time_limit_is_stopped_and_the_pool_recovers():
    with LabRunner(labs="toy_labs:TOYS", time_limit=1.0) as quick:
        with pytest.raises(LabTimeout, match="after 1 seconds"):
            quick.submit("hang", {}).result(WAIT)
        assert pid(quick) > 0


def test_runs_from_many_threads_queue_in_order_and_all_come_back(runner):
    results = {}

    def go(n):
        results[n] = runner.submit("count", {"steps": n}).result(WAIT).metrics["total"]

    threads = [threading.Thread(target=go, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: n * 0.5 for n in range(1, 9)}


def test_two_workers_run_side_by_side():
    with LabRunner(labs="toy_labs:TOYS", workers=2) as both:
        blocked = both.submit("hang", {})
        next(u for u in blocked.events() if u.fraction > 0)
        assert pid(both) > 0
        blocked.cancel()


def test_close_ends_runs_and_leaves_no_process_behind():
    runner = LabRunner(labs="toy_labs:TOYS")
    worker = int(pid(runner))
    run = runner.submit("count", LONG)
    runner.close()
    runner.close()
    with pytest.raises(LabCancelled):
        run.result(WAIT)
    assert not psutil.pid_exists(worker)
    with pytest.raises(LabError, match="closed"):
        runner.submit("count", {})


def test_a_worker_that_dies_while_idle_is_replaced():
    with LabRunner(labs="toy_labs:TOYS") as runner:
        worker = psutil.Process(int(pid(runner)))
        worker.kill()
        psutil.wait_procs([worker], timeout=WAIT)
        try:
            found = pid(runner)
        except LabCrashed:  # it was given the run in the very moment in which it died
            found = pid(runner)
        assert found != worker.pid


def test_a_program_that_forgets_to_close_ends_cleanly():
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from labs.runner import LabRunner\n"
        "runner = LabRunner(labs='toy_labs:TOYS')\n"
        "print(runner.submit('count', {}).result(60).metrics['total'])\n"
        "runner.submit('count', {'steps': 100000})\n"
    )  # no `if __name__ == '__main__'`: workers never import the main program
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.5\n", "")
