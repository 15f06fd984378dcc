"""`tutor report`: what teachers may know of the questions: see `tutor.report`."""

from __future__ import annotations

from itertools import groupby

from knowledge.errors import KnowledgeError
from knowledge.search import KnowledgeBase
from tutor.commands.output import put_json, say, tell
from tutor.errors import LibraryError
from tutor.library import Library
from tutor.report import ReportStore, TeachersReport, parse_since, place_words
from tutor.sessions import SessionStore
from tutor.settings import Settings

OFF = "The report is off, so nothing new is noted for it. Set TUTOR_REPORT=on and restart: the page tells students."


def print_report(settings: Settings, library: Library, since: str | None, as_json: bool) -> int:
    """Print the report of the course in use. What is never cited needs the index; the rest is told without."""
    moment = parse_since(since)
    if settings.report == "off":
        tell(OFF)
    sessions = SessionStore(settings.sessions_url)
    try:
        store = ReportStore(sessions, settings.course or "")
        report = store.report(_opened(library), moment)
    finally:
        sessions.close()
    if as_json:
        put_json(report.to_dict())
    else:
        _print(report)
    return 0


def _opened(library: Library) -> KnowledgeBase | None:
    try:
        return library.wait()
    except (LibraryError, KnowledgeError) as error:
        tell(f"Nothing is said of what is never cited: {error}")
        return None


def _print(report: TeachersReport) -> None:
    since = f" since {report.since}" if report.since else ""
    say(f"{report.turns} questions of the chat{since}.")
    say("\nQuestions that the course could not answer, by the nearest heading:")
    for group in report.unanswered:
        say(f"  {place_words(group.lecture, group.heading)} ({group.count})")
        for question in group.questions:
            say(f"    {question}")
    if not report.unanswered:
        say("  none")
    say(f"\nThumbs: {report.thumbs_up} up, {report.thumbs_down} down.")
    for reason, count in report.reasons.items():
        say(f"  {reason}: {count}")
    for one in report.disliked:
        say(f"  {place_words(one.lecture, one.heading)}: {one.question} ({one.reason or 'no reason given'})")
    if not report.sections:
        return
    say(
        f"\nNever cited: {len(report.never_cited)} of {report.sections} sections, "
        f"{report.passages_never_cited} of {report.passages} passages."
    )
    for path, sections in groupby(report.never_cited, key=lambda one: one.path):
        say(f"  {path}: {', '.join(one.heading or 'its beginning' for one in sections)}")
