"""The courses that live side by side on this computer, and which of them a conversation is in.

A conversation stays in the course in which it began. A new one begins in the course that its owner has chosen, or else
in the one that was named when the tutor was started. A course is opened when the first conversation in it needs it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from knowledge.errors import KnowledgeError
from knowledge.paths import DEFAULT, course_names
from tutor.errors import CourseError
from tutor.library import Library
from tutor.sessions import COURSE, SessionStore
from tutor.settings import Settings


class Courses:
    """Knows every course's library. Safe to share between threads.

    `first` is the library of the course in `settings`; `make` gives that of another one by its name ("" for the
    default course), and raises a KnowledgeError where there is none of that name.
    """

    def __init__(
        self, first: Library, settings: Settings, sessions: SessionStore, make: Callable[[str], Library]
    ) -> None:
        self._index = settings.index
        self.first = settings.course or ""  # where conversations begin when nobody has chosen
        self._sessions = sessions
        self._make = make
        self._open = {self.first: first}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """The courses that can be chosen, by the names that `--course` takes; the default one is "default"."""
        known = course_names(self._index)
        first = self.first or DEFAULT
        return known if first in known else [first, *known]

    def name_of(self, session_id: str) -> str:
        """The course that a conversation is in, or will begin in; "" for the default one."""
        return self._sessions.course_for(session_id)

    def of(self, session_id: str) -> Library:
        """The library of the course that a conversation is in; it may still be opening.

        Raises
        ------
        CourseError
            When that course is not on this computer any more.
        """
        return self._library(self.name_of(session_id))

    def chosen(self, session_id: str) -> str:
        """The course in which the owner's next conversation begins; "" for the default one."""
        chosen = self._sessions.settings_of(session_id).get(COURSE)
        return chosen if isinstance(chosen, str) else self.first

    def choose(self, session_id: str, name: str) -> None:
        """Begin the owner's conversations in another course from now on; those that there are stay where they are.

        Raises
        ------
        CourseError
            For a name that no course has.
        """
        if name not in self.names():
            raise CourseError(
                f"There is no course called {name[:64]!r} here. Choose one of: {', '.join(self.names())}."
            )
        name = "" if name == DEFAULT else name
        self._library(name)  # opened now: the next question need not wait for it
        for key in {session_id, self._sessions.person(session_id)}:
            self._sessions.choose(key, COURSE, name)

    def _library(self, name: str) -> Library:
        with self._lock:
            known = self._open.get(name)
            if known is None:
                try:
                    known = self._open[name] = self._make(name)
                except KnowledgeError as error:
                    raise CourseError(
                        f"This conversation belongs to the course {name!r}, which is not on this computer any more. "
                        "Begin a new conversation, or read the course in again: "
                        f"python ingest.py FOLDER --course {name}"
                    ) from error
        known.start()
        return known
