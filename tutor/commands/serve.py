"""`tutor serve`: the page at once; the course and the chat model follow in the background."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.paths import known_course_folder
from knowledge.weights import WeightStore
from labs.runner import LabRunner
from tutor.commands.output import say, tell
from tutor.courses import Courses
from tutor.errors import LibraryError, SettingsError, TutorError
from tutor.library import Library
from tutor.logs import set_up
from tutor.models.host import ModelHost
from tutor.sessions import SessionStore
from tutor.settings import Settings
from tutor.tutor import Tutor

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def check_open(settings: Settings, share: bool) -> None:
    """Nobody serves a page to others without a password by mistake: it is asked, or must have been said.

    Raises
    ------
    SettingsError
        There is nobody to ask, or the answer was no.
    """
    from tutor.web.access import is_loopback

    if settings.auth_file is not None or (is_loopback(settings.host) and not share):
        return
    who = (
        "everybody on the internet" if share else f"everybody who can reach this computer at {settings.host}"
    )
    if settings.open:
        tell(f"The page is open to {who}: there is no password file.")
        return
    if sys.stdin.isatty():
        tell(f"Without a password file the page is open to {who}, who may chat, run labs and upload files.")
        print("Serve it all the same? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    raise SettingsError(
        f"Without a password file the page would be open to {who}. Give --auth-file FILE (make it with: tutor "
        "passwords add FILE NAME), or say that it is meant with --open or TUTOR_OPEN=yes."
    )


def one_core_for_products() -> None:
    """NumPy's matrix products on one core each: those of a search are small, and a second core waits busily for more.

    Of this process only; labs have processes and numbers of cores of their own.
    """
    import numpy  # noqa: F401 - only what is loaded can be told
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")


def serve(
    settings: Settings,
    library: Library,
    weights: WeightStore,
    runner: LabRunner,
    share: bool,
    auth_file: Path | None,
) -> int:
    """Serve until SIGTERM or Ctrl-C. What is slow starts only when the page answers, so that it never delays the page.

    Raises
    ------
    TutorError
        The settings, the port, the password file or the database cannot be used.
    """
    from tutor.web.app import serve as serve_page

    one_core_for_products()
    key = settings.openai_api_key
    set_up(settings.log == "json", settings.log_level, (key.get_secret_value(),) if key else ())
    sessions = SessionStore(settings.sessions_url, settings.course or "")
    host = ModelHost(settings, weights)

    def course(name: str) -> Library:
        index = known_course_folder(settings.index, name or None)
        return Library(index, weights, build=not name, beside=library)

    courses = Courses(library, settings, sessions, course)
    tutor = Tutor(library, runner, host, sessions, courses=courses)
    metrics = None
    if settings.metrics != "off":
        from tutor.metrics import Metrics

        counted = Metrics(tutor)
        tutor.watchers.append(counted.turn)
        runner.on_end = counted.lab_ended
        metrics = counted.app()

    def ready(url: str) -> None:
        say(f"The tutor is open at {url} (Ctrl-C ends it)")
        library.start()
        host.start()
        runner.warm_up()
        threading.Thread(target=_tell_when_ready, args=(library, host), daemon=True).start()

    try:
        serve_page(
            tutor, settings, library, host,
            host=settings.host, port=settings.port, share=share, auth_file=auth_file, on_ready=ready,
            metrics=metrics, tell=tell,
        )  # fmt: skip
    finally:
        host.close()
        runner.close()
        sessions.close()
    return 0


def _tell_when_ready(library: Library, host: ModelHost) -> None:
    """One line each on the console when the course and the model are there, or cannot be had."""
    try:
        library.wait()
        tell("The course is ready.")
    except LibraryError as error:
        tell(str(error))
    model = host.wait()
    tell(host.status.message)
    if model.spec.kind in ("gguf", "hf") and model.chat is not None:
        read_ahead(model.chat)


def read_ahead(chat: BaseChatModel) -> None:
    """Let a model on this computer read the fixed part of the prompt, so that the first question need not wait."""
    from langchain_core.messages import HumanMessage

    from tutor.turns.question import small_opening

    with suppress(TutorError):
        chat.invoke([*small_opening(), HumanMessage("Notes:")], max_tokens=1)
