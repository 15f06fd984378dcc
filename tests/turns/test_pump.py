import threading
import time

import pytest

from tutor.turns.pump import pump


def test_items_come_through_in_order_and_the_pump_ends_with_the_source():
    assert list(pump(iter(range(5)), threading.Event())) == [0, 1, 2, 3, 4]


def test_an_error_in_the_source_is_raised_to_the_reader():
    def source():
        yield 1
        raise ValueError("broken")

    items = pump(source(), threading.Event())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_cancel_ends_the_wait_for_a_silent_source_and_closes_it():
    release, closed = threading.Event(), threading.Event()

    def source():
        try:
            release.wait(30)
            yield "late"
        finally:
            closed.set()

    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    assert list(pump(source(), cancel)) == []
    assert not release.is_set()  # it did not wait for the source
    assert time.monotonic() - started < 30
    release.set()
    assert closed.wait(5)


def test_with_on_cancel_the_source_is_read_to_its_own_end():
    cancel, told = threading.Event(), threading.Event()

    def source():
        yield "working"
        assert told.wait(10)
        yield "stopped"

    seen = []
    for item in pump(source(), cancel, on_cancel=told.set):
        seen.append(item)
        cancel.set()
    assert seen == ["working", "stopped"]


def test_a_reader_that_leaves_early_stops_the_source():
    closed = threading.Event()

    def source():
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    reader = pump(source(), threading.Event())
    assert next(reader) == 0
    reader.close()
    assert closed.wait(10)
