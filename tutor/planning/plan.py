"""What a message comes to, the `Plan`; and the parts that need no weighing: links and lecture numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tutor.planning.text import Token
from tutor.planning.vocabulary import words

if TYPE_CHECKING:
    from tutor.planning.past_runs import Pointer

_LINK = re.compile(r"\blab:([a-z_]+)(?:\?(\S*))?")
KNOWN = 0.9  # the confidence of a plan whose phrase the grammar knows
_LECTURE_WORDS = words("lecture week lec chapter module unit session")
_NUMBERED = _LECTURE_WORDS | words(
    """
    question part section figure fig exercise example step table slide page problem run cell
    """
)


@dataclass(frozen=True)
class Plan:
    """What to do with a message.

    `intent` is one of lab, question, quiz, smalltalk, meta, other. `parameters` are those that the
    student set for this run. `alternative` is a second reading that is nearly as good: the tutor then
    asks one short question with both. `lecture` is set where one was named, or where a quiz is about one
    lab's subject; `topic` says what a question is about.
    """

    intent: str
    lab: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    confidence: float = 1.0
    alternative: Plan | None = None
    lecture: int | None = None
    topic: str = ""
    past: Pointer | None = None  # the runs of before that a question is about


def permalink(message: str, labs: Container[str]) -> Plan | None:
    """The run that a link such as `lab:bandit?epsilons=[0.1]&seed=7` asks for, if there is one."""
    found = _LINK.search(message)
    if found is None or found[1] not in labs:
        return None
    pairs = parse_qsl((found[2] or "").rstrip(".,;)"), keep_blank_values=True)
    return Plan("lab", found[1], {name: _json(text) for name, text in pairs})


def lecture_named(tokens: Sequence[Token]) -> tuple[int | None, set[int]]:
    """The lecture that is named, and the tokens of numbered things, which set nothing."""
    lecture, blocked = None, set()
    for at, token in enumerate(tokens[:-1]):
        nxt = tokens[at + 1]
        if (
            token.text in _NUMBERED
            and isinstance(nxt.value, int)
            and nxt.kind == "number"
            and (at == 0 or token.text != "step")
        ):
            if token.text in _LECTURE_WORDS:
                lecture = lecture or nxt.value
            elif token.text in ("run", "example", "cell", "problem", "unit", "step", "session"):
                continue  # "run 20 arms" orders something
            blocked |= {at, at + 1}
            if (
                at + 3 < len(tokens)
                and tokens[at + 2].text in ("to", "and", "&")
                and tokens[at + 3].kind == "number"
            ):
                blocked |= {at + 2, at + 3}
    return lecture, blocked


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        if text.startswith("[") and text.endswith("]"):
            return [_json(part.strip()) for part in text[1:-1].split(",") if part.strip()]
        return None if text.lower() == "none" else text
