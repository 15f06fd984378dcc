"""Which streams draw into which browser tab, and how a tab is left: what belongs to an old conversation draws no more.

Gradio's own `cancels=` does not do here: it sends the cancelling and the new drawing at the same time, and on a busy
machine a last piece of the old conversation arrives after the new one was drawn, and stays.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

KEPT = 2000  # tabs whose left conversations are remembered


class TabStreams:
    """The streams of every open tab, by Gradio's session hash. Safe to share between threads."""

    def __init__(self) -> None:
        self._streams: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self._gone: OrderedDict[str, set[str]] = OrderedDict()
        self._news = threading.Condition()

    @contextmanager
    def drawing(self, tab: str, session: str) -> Iterator[threading.Event]:
        """A stream of a conversation into a tab, for as long as it draws; the event is set when it has to end.

        It is set from the start where the tab has left that conversation already: Gradio's calls can overtake each
        other, and what a page asked for as it opened may begin after the student has gone on.
        """
        left = threading.Event()
        with self._news:
            self._streams[tab].add(left)
            if session in self._gone.get(tab, ()):
                left.set()
        try:
            yield left
        finally:
            with self._news:
                self._streams[tab].discard(left)
                if not self._streams[tab]:
                    del self._streams[tab]
                self._news.notify_all()

    def leave(self, tab: str, session: str, wait: float = 5.0) -> bool:
        """The tab leaves a conversation: end what draws into it. False where `wait` seconds were not enough.

        A stream counts as ended when Gradio has sent its last piece and asked for the next one, so that whatever is
        sent to the tab afterwards arrives afterwards.
        """
        with self._news:
            self._gone.setdefault(tab, set()).add(session)
            self._gone.move_to_end(tab)
            while len(self._gone) > KEPT:
                self._gone.popitem(last=False)
            for left in self._streams.get(tab, ()):
                left.set()
            return self._news.wait_for(lambda: tab not in self._streams, timeout=wait)

    def enter(self, tab: str, session: str) -> None:
        """The tab shows this conversation from now on, and may have left it before."""
        with self._news:
            self._gone.get(tab, set()).discard(session)
