"""`tutor serve`: the page at once; the course and the chat model follow in the background."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.weights import WeightStore
from labs.runner import LabRunner
from tutor.commands.output import say, tell
from tutor.errors import LibraryError, TutorError
from tutor.library import Library
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
    """Serve until Ctrl-C. What is slow starts only when the page answers, so that it never delays the page.

    Raises
    ------
    TutorError
        The settings, the port, the password file or the database cannot be used.
    """
    from tutor.web.app import serve as serve_page

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    # They remark on proxies and on every index that is built; what fails is said in the page.
    for talkative in ("langchain_openai", "bm25s"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    sessions = SessionStore(settings.sessions_url, settings.course or "")
    host = ModelHost(settings, weights)
    tutor = Tutor(library, runner, host, sessions)

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
