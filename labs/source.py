"""The teaching code of a lab as text: what `--source` prints and what an exported notebook starts from."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from labs.base import Lab


def core_source(lab: Lab) -> str:
    """The source of the functions and classes named in `lab.core`, in that order, two blank lines apart."""
    return "\n\n".join(inspect.getsource(_find(name)).rstrip() + "\n" for name in lab.core)


def _find(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)
