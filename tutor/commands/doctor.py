"""`tutor doctor`: what works on this machine, and how to put right what does not. Keys are never printed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict

from knowledge.weights import WeightStore
from tutor.checkup import course, machine, services
from tutor.checkup.base import Check
from tutor.commands.output import put_json, say, tell
from tutor.errors import SettingsError
from tutor.settings import Settings


def doctor(load: Callable[[], Settings], store: Callable[[Settings], WeightStore], as_json: bool) -> int:
    """Run every check; exit status 0 when all are well, 1 otherwise, 2 where the settings cannot be read at all."""
    checks = []
    unread: SettingsError | None = None
    for check in _checks(load, store):
        if isinstance(check, SettingsError):
            unread = check
            check = Check("settings", False, str(check), "Correct it in the environment or in .env.")
        checks.append(check)
        if not as_json:
            _show(check)
    if as_json:
        put_json({"checks": [asdict(check) for check in checks]})
    if unread is not None:
        tell(str(unread))
        return 2
    return 0 if all(check.ok for check in checks) else 1


def _checks(
    load: Callable[[], Settings], store: Callable[[Settings], WeightStore]
) -> Iterator[Check | SettingsError]:
    yield machine.python()
    try:
        settings = load()
    except SettingsError as error:  # nothing else can be looked at: not even the folders are known
        yield error
        return
    weights = store(settings)
    yield machine.settings_names(os.environ)
    yield machine.folders(settings)
    yield machine.disk(settings)
    yield machine.memory(settings, weights)
    yield machine.port(settings)
    yield course.embedding(weights)
    yield course.index(settings, weights)
    yield course.locks(settings, weights)
    yield services.chat_model(settings, weights)
    yield services.sessions(settings)
    for optional in (services.chroma(settings), services.cluster(settings)):
        if optional is not None:
            yield optional
    yield services.labs()


def _show(check: Check) -> None:
    word = "FAIL" if not check.ok else "soon" if check.fix else "ok  "
    say(f"{word} {check.name}: {check.detail}")
    if check.fix:
        say(f"     to do: {check.fix}")
