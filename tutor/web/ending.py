"""How the server ends: first in peace, at the second wish at once.

SIGTERM or Ctrl-C: nothing new is taken, `/readyz` says 503, and what is under way gets a while to finish. Again: the
process ends there and then. Neither way leaves a worker behind: lab workers and the model's server end when the pipe
from this process does.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tutor.intake import Intake

STOPPING = 2.0  # seconds for what is broken off to be saved as far as it came
LAST_WORDS = 1.0  # seconds for the end of the last answer to reach its page


@contextmanager
def watched(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at the first SIGTERM or SIGINT inside, end the process at the second. In the main thread only;
    elsewhere (tests, notebooks) signals are somebody else's and nothing is changed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def finish(
    intake: Intake, seconds: float, tell: Callable[[str], None], stop: Callable[[], None] = lambda: None
) -> bool:
    """Take nothing new, and wait at most so long for what is under way; whether all of it was finished.

    What was not is asked to end by `stop`, so that an answer is kept as far as it came.
    """
    intake.close()
    count = intake.under_way
    if not count:
        return True
    what = "1 answer or run is" if count == 1 else f"{count} answers and runs are"
    tell(f"{what} still under way: waiting up to {seconds:g} s for that. Press Ctrl-C again to end at once.")
    done = intake.wait(seconds)
    if done:
        threading.Event().wait(LAST_WORDS)
    else:
        tell(f"{intake.under_way} of that did not finish in time and is broken off.")
        stop()
        intake.wait(STOPPING)
    return done
