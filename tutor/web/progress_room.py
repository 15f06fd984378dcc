"""The progress room: what a student has shown to know, as pictures, and the buttons that go on from there.

Everything here is worked out from graded answers and from guesses before runs (`tutor/progress.py`), whenever the
room is opened. Each picture is drawn with the page's own means and says its numbers in words as well.
"""

from __future__ import annotations

from typing import Any

from knowledge.errors import KnowledgeError
from tutor.course import Course
from tutor.errors import CourseError
from tutor.quiz.choose import lectures
from tutor.web import progress_views as views
from tutor.web.in_course import library_of
from tutor.web.site import WITH_SESSION, Header, Session, Site, valid
from tutor.web.toolkit import gr

LOST = "This page has lost its conversation. Reload it to see your progress."


class ProgressRoom:
    """Builds the room inside the current tab and wires it."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def build(self, page: Any, session: Session, header: Header) -> None:
        """Create the components; nothing is read before the tab is opened, and again whenever it is."""
        with gr.Column(elem_id="progress-room"):
            self.view = gr.HTML(views.WAITING, elem_id="progress-view")
        self.bus = gr.HTML(
            "", elem_id="progress-bus", js_on_load="window.tutorBus('progress', element, trigger)"
        )
        self.bus.click(
            self.show,
            [session.id],
            [self.view],
            js=WITH_SESSION,
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="always_last",
        )

    def show(self, session_id: Any) -> str:
        """The room as it stands for the caller."""
        found = valid(session_id)
        if found is None:
            return views.sentence_html(LOST)
        store = self._site.tutor.progress
        known = views.Known(
            tuple(store.lectures(found)),
            tuple(store.coming(found)),
            tuple(store.predictions(found)),
            self._titles(found),
        )
        return views.room_html(known)

    def _titles(self, session_id: str) -> dict[int, str]:
        """What the lectures with questions are called; only their numbers while the course is not open."""
        titles = dict.fromkeys(lectures(), "")
        try:
            library = library_of(self._site, session_id)
            base = getattr(library, "ready", None)
            groups = Course(library).contents(base) if base is not None else ()
        except (CourseError, KnowledgeError, OSError):
            return titles
        named = {group.lecture: group.title for group in groups if group.lecture is not None}
        return {number: named.get(number, "") for number in titles}
