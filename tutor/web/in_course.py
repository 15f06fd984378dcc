"""Which course a visitor's conversation is in, for the rooms that show a course."""

from __future__ import annotations

from typing import Any

from tutor.web.site import Site


def library_of(site: Site, session_id: str | None) -> Any:
    """The library of the course of a conversation; that of the page where there is only one, or no conversation.

    Raises
    ------
    CourseError
        When that course is not on this computer any more.
    """
    courses = getattr(site.tutor, "courses", None)
    return site.knowledge if courses is None or session_id is None else courses.of(session_id)


def course_name(site: Site, session_id: str | None) -> str:
    """Its name, "" for the default one."""
    courses = getattr(site.tutor, "courses", None)
    if courses is None or session_id is None:
        return getattr(site.settings, "course", None) or ""
    return str(courses.name_of(session_id))
