"""Which of the student's own files a message means, and which of its columns.

A file is added with the page's upload button, which says so in the conversation ("I have added my file
marks-3fa92c0b1d.csv."). The name is in the conversation and nowhere else, so a session knows only its own files. What
a message says about the file is taken out before the router reads the rest, which then is a message like any other:
"run the regression on my data with target mark" -> "run the regression", and {csv, target} beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from labs.base import Lab
from labs.errors import LabError
from labs.own_data import read

_NAME = r"[a-z0-9][a-z0-9_-]{0,40}-[0-9a-f]{10}\.csv\b"
_NAMED = re.compile(rf"(?<![\w/.-]){_NAME}")
_ADDED = re.compile(r"I have added my file (\S+\.csv)\.?\s*\Z")
_THINGS = r"(?:data(?:set)?|file|csv(?: file)?|spreadsheet|table|numbers|columns)"
_MINE = re.compile(
    rf"(?:\b(?:on|with|for|using|to|in|over|from|use)\s+)?(?:\bmy (?:own )?{_THINGS}\b|\b(?:the|that|this) "
    rf"(?:uploaded |added |csv )?(?:file|csv|spreadsheet|upload)\b|(?<![\w/.-]){_NAME})",
    re.I,
)
_JOIN = r"(?:\s*(?:,|and|&|plus)\s*|\s*,\s*and\s+)"


@dataclass(frozen=True)
class OwnFile:
    """What a message says about a file of this conversation."""

    rest: str  # the message without it, for the router
    values: dict[str, Any]  # csv, and target and features where they are named
    meant: bool  # the message speaks of the file, not just of a run that may have used it


def added(name: str) -> str:
    """What the upload says in the conversation."""
    return f"I have added my file {name}."


def just_added(message: str) -> str | None:
    """The file, when the message does nothing but add it."""
    found = _ADDED.fullmatch(message.strip())
    return found[1] if found and _NAMED.fullmatch(found[1]) else None


def speaks_of_own_data(message: str) -> bool:
    return bool(_MINE.search(message))


def read_message(message: str, earlier: Iterable[str]) -> OwnFile:
    """Take apart a message of a conversation whose earlier messages are `earlier`, oldest first."""
    name = _file(message, earlier)
    if name is None:
        return OwnFile(message, {}, False)
    values: dict[str, Any] = {"csv": name}
    rest, said = _MINE.sub(" ", message), bool(_MINE.search(message))
    columns = _columns(name)
    if columns:
        one = rf"[\"'`]?({'|'.join(columns)})[\"'`]?"
        rest, target = _take(
            rf"(?:\bwith\s+)?\b(?:target|predict(?:ing|s)?|forecast(?:ing)?)\b[\s:=]*(?:the\s+|is\s+)?{one}",
            rest,
        )
        rest, features = _take(
            rf"(?:\b(?:with|and)\s+)?\b(?:features?|from|using|only)\b[\s:=\[(]*(?:the\s+)?({one}(?:{_JOIN}{one})*)[\])]?",
            rest,
        )
        if target:
            values["target"] = target
        if features:
            values["features"] = re.findall(one, features, re.I)
        said = said or bool(target or features)
        if (target or features) and len(rest.split()) < 3:
            rest += " run it again"  # "now only with sleep": a change of the run before
    return OwnFile(" ".join(rest.split()), values, said)


def with_own_file(lab: Lab, chosen: dict[str, Any], own: OwnFile) -> dict[str, Any]:
    """What was chosen, and the file where the lab takes one and the message means it."""
    known = {info.name for info in lab.parameters}
    if not own.meant or "csv" not in known:
        return chosen
    kept = {name: value for name, value in chosen.items() if name != "dataset"}
    if kept.get("csv") != own.values["csv"]:  # another file has other columns
        kept = {name: value for name, value in kept.items() if name not in ("target", "features")}
    return kept | {name: value for name, value in own.values.items() if name in known}


def _file(message: str, earlier: Iterable[str]) -> str | None:
    """The file named in the message, else the newest one named before."""
    for text in (message, *reversed(list(earlier))):
        if named := _NAMED.findall(text):
            return str(named[-1])
    return None


def _columns(name: str) -> Sequence[str]:
    """The names of the columns as patterns, longest first; none where the file cannot be read any more."""
    try:
        names = read(name).columns
    except LabError:
        return ()
    return [rf"(?<!\w){re.escape(column)}(?!\w)" for column in sorted(names, key=len, reverse=True)]


def _take(pattern: str, text: str) -> tuple[str, str]:
    """The text without the first match of `pattern`, and what its first group held."""
    found = re.search(pattern, text, re.I)
    if found is None:
        return text, ""
    order = " run " if re.search("predict|forecast", found[0], re.I) else " "  # "predict mark" orders a run
    return f"{text[: found.start()]}{order}{text[found.end() :]}", found[1]
