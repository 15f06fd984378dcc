"""Students as a server sees them: HTTP clients that speak what the page in a browser speaks, and check what they get.

Every message of a student carries a word that nobody else knows. A word of somebody else in anything that the server
sends, or one of one's own that is missing, is a crossed session. Knows nothing of the tutor's code.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from gradio_client.utils import apply_diff

WORD = re.compile(r"\bzq[0-9a-f]{8}\b")
PREFIX = "/gradio_api"
RECENT = (
    20  # of one's own words that must be there; the page shows only the last turns of a long conversation
)
_GIVEN: set[str] = set()  # every word of every student


class TurnError(Exception):
    """The server failed a turn; the text is what it said."""


@dataclass(frozen=True)
class Turn:
    """Seconds until the first words of the answer were there, and until the turn was over."""

    first: float
    whole: float
    messages: list[dict[str, Any]]  # the conversation as the page shows it at the end


@dataclass(frozen=True)
class Page:
    """What a browser learns of the page before it can say anything."""

    ask: int
    ask_trigger: int
    restore: int
    box: int

    @classmethod
    async def open(cls, client: httpx.AsyncClient) -> Page:
        (await client.get("/")).raise_for_status()
        config = (await client.get("/config")).raise_for_status().json()
        ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        box, chat = ids["ask"], ids["chat"]
        found: dict[str, int] = {}
        for number, wire in enumerate(config["dependencies"]):
            at = wire.get("id", number)
            for target, event in wire["targets"]:
                if (target, event) == (box, "submit"):
                    found["ask"] = at
                elif event == "load" and wire["outputs"] == [chat, box]:
                    found["restore"] = at
        return cls(found["ask"], box, found["restore"], box)


@dataclass
class Student:
    """One browser with one conversation."""

    url: str
    timeout: float = 120.0
    session: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    words: list[str] = field(default_factory=list)
    crossed: int = 0  # answers with somebody else's word in them, or without the own ones

    async def __aenter__(self) -> Student:
        self.client = httpx.AsyncClient(base_url=self.url, timeout=self.timeout, trust_env=False)
        self.tab = secrets.token_hex(6)
        self.page = await Page.open(self.client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    def word(self) -> str:
        """A new word that only this student knows."""
        self.words.append(f"zq{secrets.token_hex(4)}")
        _GIVEN.add(self.words[-1])
        return self.words[-1]

    async def say(self, message: str) -> Turn:
        """One turn: send, follow the stream to its end. Raises TurnError or httpx.HTTPError."""
        turn = await self._call(self.page.ask, [message, self._claim()], self.page.ask_trigger)
        self._check(turn.messages)
        return turn

    async def read_back(self) -> list[dict[str, Any]]:
        """The conversation as the server shows it after a reload."""
        self.tab = secrets.token_hex(6)
        turn = await self._call(self.page.restore, [self._claim()], None)
        self._check(turn.messages)
        return turn.messages

    def _claim(self) -> str:
        return f"{self.session}~{self.secret}"

    def _check(self, messages: list[dict[str, Any]]) -> None:
        said = json.dumps([message for message in messages if message["role"] == "user"])
        # A small model that repeats a word may misspell it; what nobody was given is nobody's.
        everything = set(WORD.findall(json.dumps(messages))) & _GIVEN
        if everything - set(self.words) or set(self.words[-RECENT:]) - set(WORD.findall(said)):
            self.crossed += 1

    async def _call(self, fn: int, data: list[Any], trigger: int | None) -> Turn:
        started = time.perf_counter()
        body = {
            "data": data,
            "event_data": None,
            "fn_index": fn,
            "trigger_id": trigger,
            "session_hash": self.tab,
        }
        joined = await self.client.post(f"{PREFIX}/queue/join", json=body)
        if joined.status_code != 200:
            raise TurnError(f"{joined.status_code}: {joined.text[:200]}")
        event, first, shown = joined.json()["event_id"], 0.0, None
        async with self.client.stream(
            "GET", f"{PREFIX}/queue/data", params={"session_hash": self.tab}
        ) as stream:
            async for line in stream.aiter_lines():
                if not line.startswith("data:"):
                    continue
                told = json.loads(line[5:])
                if told.get("event_id") not in (None, event):
                    continue
                if told["msg"] in ("process_generating", "process_completed") and not told["success"]:
                    raise TurnError(str(told["output"].get("error")))
                if told["msg"] == "process_generating":
                    shown = _shown(shown, told["output"]["data"][0])
                    if not first and _answered(shown):
                        first = time.perf_counter() - started
                elif told["msg"] == "process_completed":
                    whole = time.perf_counter() - started
                    return Turn(first or whole, whole, shown or [])
                elif told["msg"] == "unexpected_error":
                    raise TurnError(str(told.get("message")))
        raise TurnError("the stream ended before the turn did")


def _shown(before: Any, now: Any) -> Any:
    """The chat after one more event: the first event has the whole of it, each later one what has changed."""
    if before is not None and isinstance(now, list):
        now = apply_diff(before, now)
    return before if isinstance(now, dict) else now  # a dictionary: nothing new


def _answered(messages: Any) -> bool:
    """Whether the newest turn has words in it, not only a sign that something is on its way."""
    if not messages or messages[-1]["role"] == "user":
        return False
    last = max(at for at, message in enumerate(messages) if message["role"] == "user")
    answer = json.dumps(messages[last + 1 :])
    return "t-working" not in answer and any(
        part.get("type") == "text" and re.match(r"[^<\s]", str(part.get("text", "")))
        for message in messages[last + 1 :]
        for part in message["content"]
        if isinstance(part, dict)
    )
