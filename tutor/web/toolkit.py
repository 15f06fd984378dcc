"""Gradio, imported once, quickly and quietly.

On import Gradio rewrites a type stub beside every component, reading and compiling each source file: three
of the five and a half seconds that the import takes on two cores. The stubs are of no use to a running
page, so while the import lasts `inspect.getfile` says of Gradio's classes that they have no file, which
Gradio takes for an answer. Usage reports are switched off before anything of it runs: nothing leaves this
machine.
"""

from __future__ import annotations

import inspect
import os
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def _without_stubs() -> Any:
    real = inspect.getfile

    def getfile(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("no stub wanted")
        return real(thing)

    inspect.getfile = getfile  # type: ignore[assignment]
    try:
        import gradio
    finally:
        inspect.getfile = real
    return gradio


gr = _without_stubs()
LocalContext: Any = gr.context.LocalContext  # the request of the handler that is running
