"""`tutor serve`: the page at once; the course and the chat model follow in the background."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.weights import WeightStore
from labs.runner import LabRunner
from tutor.commands.output import say, tell
from tutor.errors import LibraryError, TutorError
from tutor.library import Library
from tutor.logs import set_up
from tutor.models.host import ModelHost
from tutor.sessions import SessionStore
from tutor.settings import Settings
from tutor.tutor import Tutor

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


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

    key = settings.openai_api_key
    set_up(settings.log == "json", settings.log_level, (key.get_secret_value(),) if key else ())
    sessions = SessionStore(settings.sessions_url, settings.course or "")
    host = ModelHost(settings, weights)
    tutor = Tutor(library, runner, host, sessions)
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
    from langchain_core.messages import HumanMessage, SystemMessage

    from tutor.prompts import SMALL_QUESTION

    with suppress(TutorError):
        chat.invoke([SystemMessage(SMALL_QUESTION), HumanMessage("Passages:")], max_tokens=1)
