"""The report room: for teachers only, and only where TUTOR_REPORT is on. The server decides, at every call."""

from __future__ import annotations

import html
import logging
from itertools import groupby
from typing import Any

from tutor.report import Disliked, ReportStore, TeachersReport, Unanswered, parse_since, place_words
from tutor.web import markup
from tutor.web.live import Conversations
from tutor.web.site import Site
from tutor.web.toolkit import gr

log = logging.getLogger(__name__)
TOLD = (
    "Your teacher sees, without names, what the course could not answer and which answers got a thumb down."
)
REFUSED = (
    "Only a teacher may read the report: somebody at this computer, or a name that TUTOR_TEACHERS lists."
)
SPANS = (("The last 7 days", "7d"), ("The last 30 days", "30d"), ("Everything", ""))


class ReportRoom:
    """Adds a tab of its own; it is hidden until a teacher opens the page, and its content is never sent before."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = ReportStore(site.tutor.sessions, site.settings.course or "")
        _note(site.conversations, self._store)

    def add(self, page: Any) -> None:
        """Create the tab inside the current `gr.Tabs`."""
        with (
            gr.Tab("Report", id="report", elem_id="room-report", visible=False) as self.tab,
            gr.Column(elem_id="report-room"),
        ):
            self.span = gr.Radio(
                SPANS,
                value=SPANS[1][1],
                label="What the report is about",
                elem_id="report-span",
                container=False,
            )
            self.view = gr.HTML("", elem_id="report-view")
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        page.load(self.open, None, [self.tab], queue=False, **quiet)
        self.tab.select(self.show, [self.span], [self.view], **quiet)
        self.span.change(self.show, [self.span], [self.view], **quiet)

    def open(self, request: gr.Request) -> Any:
        """The tab, for a teacher."""
        return gr.update(visible=self._site.access.teacher(request))

    def show(self, span: Any, request: gr.Request) -> str:
        """The report as it stands; one sentence for everybody else."""
        if not self._site.access.teacher(request):
            return f'<p class="t-report-note">{REFUSED}</p>'
        known = {value for _, value in SPANS}
        since = parse_since(span if span in known else SPANS[1][1])
        base = getattr(self._site.knowledge, "ready", None)
        return report_html(self._store.report(base, since))


def _note(conversations: Conversations, store: ReportStore) -> None:
    """Have every turn of the page noted; a fault there costs nobody an answer."""

    def note(session_id: str, turn: int, question: str, done: Any) -> None:
        try:
            store.record(session_id, turn, question, done)
        except Exception as error:
            log.warning("a turn could not be noted for the report (%s)", type(error).__name__)

    conversations.on_done.append(note)


def report_html(report: TeachersReport) -> str:
    """The report as the page shows it. Every word of a student or of the course is escaped."""
    count = "1 question" if report.turns == 1 else f"{report.turns} questions"
    since = f" since {report.since}" if report.since else ""
    parts = [
        f'<p class="t-report-note">{count} of the chat{since}. Nothing here says who asked. Students are told on the '
        "page that this report is made.</p>",
        "<h2>What the course could not answer</h2>",
        "".join(map(_group, report.unanswered)) or "<p>Nothing: every question found an answer.</p>",
        "<h2>Answers with a thumb down</h2>",
        f"<p>{report.thumbs_up} up, {report.thumbs_down} down.{_reasons(report.reasons)}</p>",
        _disliked(report.disliked),
    ]
    if report.sections:
        parts += [
            "<h2>What no answer has cited</h2>",
            f"<p>{len(report.never_cited)} of {report.sections} sections, {report.passages_never_cited} of "
            f"{report.passages} passages.</p>",
        ]
        for path, sections in groupby(report.never_cited, key=lambda one: one.path):
            named = list(sections)
            items = "".join(f"<li>{markup.label(one.heading or 'its beginning')}</li>" for one in named)
            parts.append(
                f"<details><summary>{html.escape(path)} ({len(named)})</summary><ul>{items}</ul></details>"
            )
    return f'<div class="t-report">{"".join(parts)}</div>'


def _group(group: Unanswered) -> str:
    items = "".join(f"<li>{_typed(question)}</li>" for question in group.questions)
    words = markup.label(place_words(group.lecture, group.heading))
    return f"<details open><summary>{words} ({group.count})</summary><ul>{items}</ul></details>"


def _reasons(reasons: dict[str, int]) -> str:
    told = ", ".join(f"{html.escape(reason)}: {count}" for reason, count in reasons.items())
    return f" {told}." if told else ""


def _disliked(answers: tuple[Disliked, ...]) -> str:
    items = "".join(
        f"<li>{_typed(one.question)} <i>{html.escape(one.reason or 'no reason given')}</i>, "
        f"answered from {markup.label(place_words(one.lecture, one.heading))}</li>"
        for one in answers
    )
    return f"<ul>{items}</ul>" if items else ""


def _typed(text: str) -> str:
    """Plain text: Gradio's HTML would take a dollar or a brace for something of its own."""
    return html.escape(text).replace("{", "&#123;").replace("$", "&#36;")
