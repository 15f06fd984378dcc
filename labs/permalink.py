"""A run as a short link, `lab:bandit?epsilons=[0,0.1]&seed=7`, and back.

The chat, the form and the command line accept the same link; replaying it gives the same metrics. Only what
differs from the lab's defaults is written, and always the seed. A link carries raw values: the lab checks
them like any others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from labs.errors import BadPermalinkError, UnknownLabError
from labs.fields import as_text

PREFIX = "lab:"
MAX_LENGTH = 4000
_PLAIN = "[],:.-_"  # readable in a link and free of meaning there


def format_permalink(lab_id: str, parameters: Mapping[str, Any]) -> str:
    """The link of a run; for a lab that is not in the registry every parameter is written."""
    from labs.registry import get_lab

    try:
        defaults = get_lab(lab_id).defaults
    except UnknownLabError:
        defaults = {}
    parts = [
        f"{name}={quote(_written(value), safe=_PLAIN)}"
        for name, value in parameters.items()
        if name == "seed" or name not in defaults or value != defaults[name]
    ]
    return f"{PREFIX}{lab_id}" + (f"?{'&'.join(parts)}" if parts else "")


def parse_permalink(text: str) -> tuple[str, dict[str, Any]]:
    """The lab id and the raw values of a link; raises BadPermalinkError. The lab checks the values."""
    link = text.strip()
    if not link.startswith(PREFIX):
        raise BadPermalinkError(text, "it does not start with lab:")
    if len(link) > MAX_LENGTH:
        raise BadPermalinkError(text, f"it is longer than {MAX_LENGTH} characters")
    lab_id, _, query = link[len(PREFIX) :].partition("?")
    if not lab_id:
        raise BadPermalinkError(text, "it names no lab")
    values: dict[str, Any] = {}
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if not equals or not name:
            raise BadPermalinkError(text, f"{part!r} is not of the form name=value")
        if name in values:
            raise BadPermalinkError(text, f"{name} is given twice")
        values[name] = parse_value(unquote(value))
    return lab_id, values


def parse_value(text: str) -> Any:
    """A value as typed by a person: JSON where it is JSON, lists of bare words too ([gd,ols]), else the text
    itself.
    """
    stripped = text.strip()
    try:
        value = json.loads(stripped)
    except (json.JSONDecodeError, RecursionError):
        if stripped.startswith("[") and stripped.endswith("]") and "[" not in stripped[1:]:
            inside = stripped[1:-1].strip()
            return [parse_value(item.strip()) for item in inside.split(",")] if inside else []
        return {"none": None, "True": True, "False": False}.get(stripped, text)
    return value


def _written(value: Any) -> str:
    """Bare where that reads back as itself, JSON where it does not ("10" as text, a text with a comma in a
    list).
    """
    if value is None:
        return "null"
    plain = as_text(value)
    back = parse_value(plain)
    if isinstance(back, list):  # a lab reads none in a list of choices as the choice it is
        back = ["none" if item is None else item for item in back]
    return plain if back == value else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
