"""The course room: read, search, and for a teacher refresh and add. It shows what `tutor.course` says.

Two invisible elements carry what happens in the browser (assets/course.js) to the server: one for the reader, one for
the desk. What changes the course asks `Access` on the server each time, whatever the browser shows.
"""

from __future__ import annotations

import html
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from knowledge.errors import KnowledgeError
from knowledge.paths import COURSE
from knowledge.search import KnowledgeBase
from tutor import course_files
from tutor.course import Course, touched
from tutor.errors import CourseError, LibraryError, TutorError
from tutor.web.access import REFUSED
from tutor.web.course_room import desk, hits, reader
from tutor.web.in_course import course_name, library_of
from tutor.web.site import WITH_MESSAGE, WITH_SESSION, Header, Session, Site, valid
from tutor.web.toolkit import gr

log = logging.getLogger(__name__)
PACE = 0.25  # seconds between two looks at a refresh
PATIENCE = 900.0  # seconds that an open page waits for the course to be read for the first time
GONE = "That document is not in the course any more. Choose another one from the contents."
UNREADABLE = "The document cannot be opened just now. Try again; the log of the tutor says more."

Shown = tuple[Any, ...]


class CourseRoom:
    """Builds the room inside the current tab and wires it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._courses: dict[int, Course] = {}  # by library: each remembers its contents

    # ---- what is on the page

    def build(self, page: Any, session: Session, header: Header) -> None:
        """Create the components and wire them. Nothing of the course is read before the tab is opened."""
        with gr.Column(elem_id="course-room"):
            with gr.Column(elem_id="course-side"):
                self.contents = gr.HTML("", elem_id="course-contents")
            with gr.Column(elem_id="course-main"):
                with gr.Row(elem_id="course-top"):
                    gr.HTML(MENU, elem_id="course-menu")
                    self.query = gr.Textbox(
                        elem_id="course-query",
                        label="Search the course",
                        show_label=False,
                        container=False,
                        placeholder="Search the lectures",
                        lines=1,
                        max_lines=1,
                        submit_btn="Search",
                    )
                with gr.Column(elem_id="course-read"):
                    self.head = gr.HTML(WAITING, elem_id="course-head")
                    self.page = self._markdown("course-page")
                with gr.Column(elem_id="course-found"):
                    self.found = self._markdown("course-hits")
                with gr.Column(elem_id="course-desk"):
                    self._build_desk()
        self.bus = gr.HTML("", elem_id="course-bus", js_on_load="window.tutorCourseBus('reader', trigger)")
        self.desk_bus = gr.HTML("", elem_id="desk-bus", js_on_load="window.tutorCourseBus('desk', trigger)")
        self._wire(session)

    def _markdown(self, elem_id: str) -> Any:
        from tutor.web import markup

        return gr.Markdown(
            "",
            elem_id=elem_id,
            latex_delimiters=markup.DELIMITERS,
            sanitize_html=True,
            container=False,
        )

    def _build_desk(self) -> None:
        self.about = gr.HTML("", elem_id="course-about")
        with gr.Column(elem_id="course-teacher", visible=False) as self.teacher:
            with gr.Row(elem_id="course-acts"):
                self.refresh = gr.Button("Refresh the course", elem_id="course-refresh", variant="primary")
                self.upload = gr.UploadButton(
                    "Add files", elem_id="course-upload", file_count="multiple", variant="secondary"
                )
            gr.HTML(HELP, elem_id="course-help")
            with gr.Column(elem_id="course-local", visible=False) as self.local:
                self.folder = gr.Textbox(
                    elem_id="course-folder",
                    label="Add a folder of this computer",
                    placeholder="/home/me/my-course",
                    lines=1,
                    max_lines=1,
                    submit_btn="Add folder",
                )
            self.kept = gr.HTML("", elem_id="course-kept")
            self.doing = gr.HTML("", elem_id="course-doing")
            self.added = gr.HTML("", elem_id="course-added")
            self.report = gr.HTML("", elem_id="course-report")

    def _wire(self, session: Session) -> None:
        quiet: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "hidden",
            "concurrency_limit": 32,
            "concurrency_id": "course",
            "trigger_mode": "multiple",
        }
        reading = [self.contents, self.head, self.page]
        alone: dict[str, Any] = {"inputs": [session.id], "js": WITH_SESSION, **quiet}
        beside: dict[str, Any] = {"js": WITH_MESSAGE, **quiet}
        self.bus.click(self.read, outputs=reading, **alone)
        self.query.submit(self.search, [self.query, session.id], [self.found], **beside)
        desk_parts = [self.about, self.teacher, self.local, self.added, self.kept, self.doing, self.report]
        kept = [self.kept, self.doing, self.added, self.report, self.about, self.contents]
        self.desk_bus.click(self.open_desk, outputs=desk_parts, **alone)
        self.refresh.click(self.start_refresh, outputs=kept, **alone)
        self.upload.upload(self.add_files, [self.upload, session.id], kept, **beside)
        self.folder.submit(self.add_folder, [self.folder, session.id], [*kept, self.folder], **beside)
        # Removing is a wish like any other, and comes with the name of what is to go.
        self.remover = gr.HTML(
            "", elem_id="course-remover", js_on_load="window.tutorCourseBus('remove', trigger)"
        )
        self.remover.click(self.remove, outputs=kept, **alone)

    def _of(self, session_id: Any) -> Course:
        """The course of the visitor's conversation; raises CourseError where it is gone."""
        library = library_of(self._site, valid(session_id))
        return self._courses.setdefault(id(library), Course(library))

    # ---- reading

    def read(self, event: gr.EventData, session_id: Any = None) -> Iterator[Shown]:
        """Open a document at a place; on entering the room, the contents too."""
        wish = event._data if isinstance(event._data, dict) else {}
        name = course_name(self._site, valid(session_id))
        if wish.get("enter") and wish.get("have") == name:
            yield (gr.skip(),) * 3
            return
        try:
            course = self._of(session_id)
        except CourseError as error:
            yield "", f'<p class="t-notice t-error" role="alert">{_text(str(error))}</p>', ""
            return
        base = None
        for base in self._opened(course.library):
            if isinstance(base, str):
                yield gr.skip(), base, ""
        if not isinstance(base, KnowledgeBase):
            return
        groups = course.contents(base)
        entering = bool(wish.get("enter"))
        listed: Any = reader.contents(groups) if entering else gr.skip()
        path = str(wish.get("document") or "")
        known = course.doc(base, path)
        if known is None and path and not entering:
            gr.Warning(GONE)
        if known is None and entering and groups:
            known = (groups[0], groups[0].documents[0])
            wish = {}
        if known is None:
            yield listed, gr.skip(), gr.skip()
            return
        group, doc = known
        try:
            opened = course.open(doc.path)
            places = touched(opened.sections, str(wish.get("passage") or ""))
            section = wish.get("section")
            if not places and isinstance(section, int) and 0 <= section < len(opened.sections):
                places = [section]
            shown, target = reader.page(doc, opened, places, str(wish.get("mark") or "")[:2000])
        except (KnowledgeError, LibraryError, OSError, ValueError):
            log.exception("%s could not be opened", doc.path)
            gr.Warning(UNREADABLE)
            yield listed, gr.skip(), gr.skip()
            return
        visit = wish.get("visit")
        number = visit if isinstance(visit, int) else 0
        yield listed, reader.head(group, doc, opened, target, number, name), shown

    @staticmethod
    def _opened(library: Any) -> Iterator[KnowledgeBase | str]:
        """What is to be said while the course is not open yet, and then the course."""
        end = time.monotonic() + PATIENCE
        before = ""
        while (base := _base(library)) is None and time.monotonic() < end:
            status = library.status
            if status.state == "failed":
                yield f'<p class="t-notice t-error" role="alert">{_text(status.message)}</p>'
                return
            percent = f" {status.fraction:.0%}" if status.fraction else ""
            words = f"{status.message.rstrip('.… ')}…{percent}"
            if words != before:
                yield f'<p class="t-notice t-info" role="status">{_text(words)}</p>'
            before = words
            time.sleep(PACE)
        if base is not None:
            yield base

    def search(self, query: str, session_id: Any = None) -> Any:
        """The hits for a few words."""
        if not str(query).strip():
            return '<p class="t-found-head" role="status">Type a few words to look for, then press Enter.</p>'
        try:
            course = self._of(session_id)
            base = _base(course.library)
        except CourseError as error:
            return f'<p class="t-notice t-error" role="alert">{_text(str(error))}</p>'
        if base is None:
            return '<p class="t-found-head" role="status">The course is not ready yet. Try again in a moment.</p>'
        try:
            return hits.page(str(query), course.search(base, str(query)))
        except KnowledgeError as error:
            return f'<p class="t-notice t-error" role="alert">{_text(str(error))}</p>'

    # ---- the desk

    def _library(self, session_id: Any) -> Any:
        """The library that the desk changes; a visitor whose course is gone is told so when the room is opened."""
        try:
            return self._of(session_id).library
        except CourseError:
            return self._site.knowledge

    def open_desk(self, request: gr.Request, session_id: Any = None) -> Iterator[Shown]:
        """What is in the index; for a teacher also what can be done, and a refresh that is under way."""
        teacher = self._site.access.teacher(request)
        shown = [gr.update(visible=teacher), gr.update(visible=teacher and self._site.access.local(request))]
        library = self._library(session_id)
        about = self._about(session_id)
        if not teacher:
            yield about, *shown, "", "", "", ""
            return
        yield about, *shown, _added(library), "", *_progress(library)
        if library.refresher.state.running:
            for doing, report in _follow(library):
                skipped = [gr.skip()] * 4
                yield self._about(session_id) if report else gr.skip(), *skipped, doing, report

    def start_refresh(self, request: gr.Request, session_id: Any = None) -> Iterator[Shown]:
        """Read the course's folders again."""
        library = self._library(session_id)
        yield from self._changing(request, session_id, lambda: ("", library.sources))

    def add_files(self, files: Any, request: gr.Request, session_id: Any = None) -> Iterator[Shown]:
        """Keep uploaded files, then refresh."""
        library = self._library(session_id)

        def change() -> tuple[str, Sequence[Path] | None]:
            paths = [Path(str(file)) for file in (files if isinstance(files, list) else [files]) if file]
            kept = course_files.keep(library.index_dir, paths)
            return desk.kept(kept), library.sources if kept.names else None

        yield from self._changing(request, session_id, change)

    def add_folder(self, typed: str, request: gr.Request, session_id: Any = None) -> Iterator[Shown]:
        """Read one more folder of this computer with the course."""
        if not self._site.access.local(request):
            gr.Warning("A folder can be added only at the computer that serves this page. Add files instead.")
            yield (*[gr.skip()] * 6, gr.skip())
            return
        settings, library = self._site.settings, self._library(session_id)
        private = (settings.data_dir, settings.cache_dir, library.index_dir)

        def change() -> tuple[str, Sequence[Path] | None]:
            return "", course_files.with_folder(library.sources, str(typed), private)

        for shown in self._changing(request, session_id, change):
            yield *shown, gr.skip()
        yield (*[gr.skip()] * 6, "")

    def remove(self, event: gr.EventData, request: gr.Request, session_id: Any = None) -> Iterator[Shown]:
        """Take an added file or folder out of the course, then refresh."""
        wish = event._data if isinstance(event._data, dict) else {}
        file, folder = str(wish.get("file") or ""), str(wish.get("folder") or "")
        library = self._library(session_id)

        def change() -> tuple[str, Sequence[Path] | None]:
            if folder:
                return "", course_files.without_folder(library.sources, folder)
            course_files.remove(library.index_dir, file)
            return "", library.sources

        yield from self._changing(request, session_id, change)

    def _changing(
        self, request: Any, session_id: Any, change: Callable[[], tuple[str, Sequence[Path] | None]]
    ) -> Iterator[Shown]:
        """Do what a teacher asked for, then refresh: (kept, doing, added, report, about, contents) as they come.

        `change` gives what is to be said of it and what the course is made of now; None for nothing to refresh.
        """
        if not self._site.access.teacher(request):
            gr.Warning(REFUSED)
            yield (gr.skip(),) * 6
            return
        said: Any = gr.skip()
        library = self._library(session_id)
        try:
            said, sources = change()
            if sources is not None:
                library.refresher.start(sources)
        except (CourseError, TutorError) as error:
            problem = f'<p class="t-notice t-error" role="alert">{_text(str(error))}</p>'
            both = problem if not isinstance(said, str) else said + problem
            yield both, gr.skip(), _added(library), gr.skip(), gr.skip(), gr.skip()
            return
        yield said, gr.skip(), _added(library), "" if sources is not None else gr.skip(), gr.skip(), gr.skip()
        if sources is None:
            return
        for doing, report in _follow(library):
            yield gr.skip(), doing, gr.skip(), report, gr.skip(), gr.skip()
        base = _base(library)
        listed = reader.contents(self._of(session_id).contents(base)) if base is not None else gr.skip()
        yield gr.skip(), gr.skip(), _added(library), gr.skip(), self._about(session_id), listed

    def _about(self, session_id: Any) -> str:
        library = self._library(session_id)
        base = _base(library)
        if base is None:
            return '<p class="t-notice t-info">The course is not ready yet. Come back in a moment.</p>'
        return desk.about(Course(library).about(base), course_name(self._site, valid(session_id)))


def _base(library: Any) -> KnowledgeBase | None:
    base = getattr(library, "ready", None)
    return base if isinstance(base, KnowledgeBase) else None


def _follow(library: Any) -> Iterator[tuple[str, str]]:
    """How far the refresh is, as it changes, and at the end its report."""
    before = None
    while True:
        state = library.refresher.state
        if state != before:
            yield desk.progress(state), desk.report(state.report)
        if not state.running:
            return
        before = state
        time.sleep(PACE)


def _progress(library: Any) -> tuple[str, str]:
    state = library.refresher.state
    return desk.progress(state), desk.report(state.report)


def _added(library: Any) -> str:
    added = course_files.added_folder(library.index_dir)
    folders = [str(path) for path in library.sources if path != added]
    return desk.added(course_files.added(library.index_dir), folders, str(COURSE), len(library.sources) > 1)


def _text(text: str) -> str:
    return html.escape(text).replace("{", "&#123;").replace("$", "&#36;")


MENU = (
    '<button type="button" class="t-menu" data-course-drawer="open" aria-expanded="false" '
    'aria-controls="course-side">Contents</button>'
    '<button type="button" class="t-return" data-course-view="read">'
    'Back<span class="t-wide"> to the lecture</span></button>'
)

WAITING = '<p class="t-notice t-info" role="status">Opening the course…</p>'

HELP = (
    f'<p class="t-hint-left">Files that can be read: {", ".join(e.lstrip(".") for e in course_files.READ)}; '
    f"and the pictures that they show. Up to {course_files.LARGEST // 1_000_000} MB each, "
    f"{course_files.AT_ONCE} at once. The course that ships is never changed.</p>"
)
