"""Pictures from a process of their own: the same ones, whatever becomes of that process."""

import os
import signal

import numpy as np
import pytest

from labs.artist import Artist
from labs.base import LabResult
from labs.charts import Chart, Line, Panel
from labs.colours import DARK
from labs.plotting import png_bytes

CHART = Chart("curve", "It rises", (Panel("steps", "reward", (Line("x", "y", label="ours"),)),))


@pytest.fixture
def artist():
    with_one = Artist()
    yield with_one
    with_one.close()


def run(**series):
    return LabResult("bandit", "Bandit", {}, 0, {}, (CHART,), series)


RISING = {"x": np.arange(5.0), "y": np.arange(5.0) ** 2, "unused": np.zeros((2000, 2000))}


def test_its_pictures_are_those_that_are_drawn_here(artist):
    result = run(**RISING)
    assert artist.png(result, CHART) == png_bytes(result, CHART)
    assert artist.png(result, CHART, dpi=60, look=DARK) == png_bytes(result, CHART, dpi=60, look=DARK)


def test_only_the_arrays_that_a_chart_names_are_sent(artist, monkeypatch):
    from labs.process import WorkerProcess

    sent = []
    send = WorkerProcess.send
    monkeypatch.setattr(WorkerProcess, "send", lambda self, *m: (sent.append(m), send(self, *m)))
    artist.png(run(**RISING), CHART, dpi=20)
    assert set(sent[0][2]) == {"x", "y"}


def test_a_chart_that_cannot_be_drawn_is_refused_and_the_next_one_is_drawn(artist):
    with pytest.raises(ValueError, match="KeyError"):
        artist.png(run(x=np.arange(3.0)), CHART)
    assert artist.png(run(**RISING), CHART, dpi=20).startswith(b"\x89PNG")


def test_a_picture_is_drawn_here_when_the_process_dies_and_the_next_one_in_a_new_process(artist):
    result = run(**RISING)
    artist.png(result, CHART, dpi=20)
    first = artist._process._popen.pid
    os.kill(first, signal.SIGKILL)
    assert artist.png(result, CHART, dpi=20) == png_bytes(result, CHART, dpi=20)
    assert artist.png(result, CHART, dpi=20) == png_bytes(result, CHART, dpi=20)
    assert artist._process._popen.pid != first


def test_a_picture_that_takes_too_long_is_drawn_here(artist, monkeypatch):
    result = run(**RISING)
    artist.warm_up()
    hanging = artist._process
    os.kill(hanging._popen.pid, signal.SIGSTOP)
    monkeypatch.setattr("labs.artist.PATIENCE", 0.2)
    assert artist.png(result, CHART, dpi=20) == png_bytes(result, CHART, dpi=20)
    assert not hanging.alive


def test_a_closed_one_leaves_no_process_and_draws_here(artist):
    artist.warm_up()
    process = artist._process
    artist.close()
    artist.close()
    assert not process.alive
    assert artist.png(run(**RISING), CHART, dpi=20).startswith(b"\x89PNG")
    assert artist._process is None
