"""Choosing a model on the page: what there is to choose from, what was typed, and why the one in use is in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from knowledge.weights import WeightStore
from tutor.errors import SettingsError
from tutor.models.spec import ModelSpec, parse_spec
from tutor.models.store import label_of, list_rows
from tutor.settings import Settings

SERVER = "server"  # the choice that comes with an address, a name and a key
LONGEST = 500  # characters of an address, a name or a key


@dataclass(frozen=True)
class Choice:
    """A model to choose. `bytes` is 0 for what is no file; `here` says whether that file has been fetched."""

    value: str
    title: str
    line: str
    bytes: int = 0
    here: bool = True


def choices(store: WeightStore) -> tuple[Choice, ...]:
    """What can be chosen, in the order in which it is offered."""
    found = [
        Choice(
            "auto",
            "Let the tutor choose",
            "A server that the settings name, else the model on this computer.",
        ),
        Choice(
            "none",
            "No language model",
            "Passages are quoted, labs run, quizzes are graded: fast, and all here.",
        ),
    ]
    found += [
        Choice(row.spec, label_of(row.name), _sentence(row.note), row.bytes, row.here)
        for row in list_rows(store)
        if row.spec and row.use == "chat"
    ]
    found.append(
        Choice(
            SERVER,
            "A server of your choice",
            "Any that speaks OpenAI's protocol: Ollama, vLLM, OpenAI itself.",
        )
    )
    return tuple(found)


def chosen(value: str, store: WeightStore) -> ModelSpec:
    """The model behind a choice of the list, other than a server.

    Raises
    ------
    SettingsError
        When the list has no such choice: a page is no way to open any file of this computer.
    """
    known = [choice.value for choice in choices(store) if choice.value != SERVER]
    if value not in known:
        raise SettingsError(f"{value[:60]!r} is not one of the models to choose from: {', '.join(known)}.")
    return parse_spec(value)


def server(settings: Settings, address: str, name: str, key: str) -> tuple[ModelSpec, Settings]:
    """The model and the settings for a server that was typed in, for `ModelHost.choose`.

    Only what was typed goes there: a key of the environment is never sent to another address.

    Raises
    ------
    SettingsError
        One sentence that says what cannot be used. It repeats no key.
    """
    address, name, key = address.strip(), name.strip(), key.strip()
    if max(map(len, (address, name, key))) > LONGEST:
        raise SettingsError(f"The address, the name and the key have {LONGEST} characters at most.")
    if not address and not key:
        raise SettingsError("Give the address of a server, or a key for OpenAI itself.")
    if address and not _is_address(address):
        raise SettingsError(
            f"{address[:80]!r} is no address of a server. One looks like http://localhost:11434/v1."
        )
    if not name and not address:
        raise SettingsError("Name the model that OpenAI shall answer with, gpt-4.1-mini for instance.")
    typed: dict[str, Any] = {
        "openai_base_url": address or None,
        "openai_api_key": SecretStr(key) if key else None,
        "openai_model": name or None,
    }
    return ModelSpec("openai", name), settings.model_copy(update=typed)


def why(wanted: ModelSpec, current: ModelSpec, chosen_here: bool) -> str:
    """One or two sentences: why this model answers, and where what is asked goes."""
    who = "It was chosen here on the page" if chosen_here else "The settings name it"
    if wanted.kind == "none":
        who = "Going without one was chosen here on the page" if chosen_here else "The settings ask for none"
    if wanted.kind == "auto":
        who = {
            "openai": "The settings hold a key or an address of a server, so the tutor chose that",
            "none": "No model could be had, so the tutor goes on without one",
        }.get(current.kind, "No server is set, so the tutor chose the small model that runs on this computer")
    where = {
        "openai": "What you ask goes to that server.",
        "none": "Nothing you ask leaves this computer.",
    }.get(current.kind, "Nothing you ask leaves this computer.")
    return f"{who}. {where}"


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}." if note else ""
