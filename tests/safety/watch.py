"""A case that does not end is broken off and shown where it was: by the time of the processor, not of the wall.

On a busy machine a case may wait long and do nothing; what counts as hanging is work without end. A case that waits for
ever without working is broken off as well, much later.
"""

import contextlib
import faulthandler
import signal
import sys
from collections.abc import Iterator
from types import FrameType

WORK = 2.0  # seconds of processor time for one case
WAIT = 60.0  # seconds on the wall


class HangError(BaseException):
    """Not an Exception: code that swallows those must not swallow this."""


def _broken_off(number: int, frame: FrameType | None) -> None:
    faulthandler.dump_traceback(sys.__stderr__)
    raise HangError(f"a case went on for more than {WORK if number == signal.SIGPROF else WAIT} s")


@contextlib.contextmanager
def watched(work: float = WORK) -> Iterator[None]:
    """Break off what goes on inside for too long. In the main thread only."""
    before = [signal.signal(kind, _broken_off) for kind in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, work)
    signal.setitimer(signal.ITIMER_REAL, WAIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for kind, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(kind, handler)
