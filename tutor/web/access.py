"""Who may change the course: whoever sits at this computer, or has signed in under a teacher's name.

Where people sign in (`--auth-file`), their names decide, and nothing else. Where nobody signs in, a visitor may only
if the page is served to this computer alone, and the request says in every way that it comes from here: a proxy in
front of the page, or another site that points its name at this address, is somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from tutor.errors import LibraryError
from tutor.plain import for_programs

REFUSED = (
    "Only a teacher may change the course: somebody at the computer that serves this page, or a name that "
    "TUTOR_TEACHERS lists, after signing in."
)
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass
class Access:
    """Closed until the page has been launched, since only then is it known who can reach it."""

    teachers: frozenset[str] = frozenset()
    _local: bool = field(default=False, init=False)
    _sign_in: bool = field(default=True, init=False)

    def launched(self, host: str, share: bool, sign_in: bool) -> None:
        """Note how the page is served."""
        self._local = is_loopback(host) and not share
        self._sign_in = sign_in

    def local(self, request: Any) -> bool:
        """Whether this comes from somebody at this computer, on a page that is for nobody else."""
        if self._sign_in or not self._local or request is None:
            return False
        headers = request.headers
        client = getattr(request.client, "host", "")
        host = str(headers.get("host", "")).rsplit(":", 1)[0]
        return is_loopback(client) and is_loopback(host) and not any(headers.get(name) for name in FORWARDED)

    @property
    def programs(self) -> bool:
        """Whether programs may refresh the course: they are somebody at this computer, on a page for nobody else."""
        return self._local and not self._sign_in

    def teacher(self, request: Any) -> bool:
        """Whether whoever sent this may refresh the course and add files to it."""
        if self._sign_in and request is not None:
            return getattr(request, "username", None) in self.teachers
        return self.local(request)


def programs_refresh(
    knowledge: Any, access: Access
) -> Callable[[Callable[[float, str], None]], dict[str, Any]] | None:
    """What programs call to refresh the course; None where there is nothing to refresh."""
    if not hasattr(knowledge, "refresh_now"):
        return None

    def refresh(tell: Callable[[float, str], None]) -> dict[str, Any]:
        if not access.programs:
            raise LibraryError(REFUSED)
        report: dict[str, Any] = for_programs(knowledge.refresh_now(tell))
        return report

    return refresh


def teacher_names(settings: Any) -> frozenset[str]:
    names: Iterable[str] = getattr(settings, "teacher_names", ())
    return frozenset(names)


def is_loopback(host: str) -> bool:
    name = host.strip().strip("[]")
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
