"""Slips that a message mends itself: "20, not 200", "0.5, no wait, 0.01", "three rates: 0.1, 0.2 and 0.3"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tutor.planning.text import Token
from tutor.planning.vocabulary import words

# What people say between a slip and what they meant; one of the first must be there.
_SLIPS = words("mind wait sorry mean meant scratch oops whoops rather actually typo should ought")
_AROUND = words(
    "no never i or hang on hold make it that let us to go with say um er be have been read , . - ; ! ("
)
_BEHIND = words("then please with and but on for at now again instead too pls")
FAR = 8  # words between a slip and what was meant


def repaired(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without what was taken back, and without what only fills a pause ("of, let us say, four")."""
    return _counted_lists(_taken_back(_no_counting_one(_without_pauses(tokens))))


def _no_counting_one(tokens: Sequence[Token]) -> list[Token]:
    """The "one" of "the big one, 5000 episodes" is a thing and no number."""
    found = list(tokens)
    for at, token in enumerate(found):
        ends = at + 1 == len(found) or found[at + 1].kind == "mark" or found[at + 1].text in _BEHIND
        named = at > 1 and found[at - 1].kind == "word" and found[at - 2].text in ("the", "that", "this")
        if token.vague and token.raw == "one" and ends and named:
            found[at] = replace(token, kind="word", text="one", value=None, vague=False)
    return found


def _without_pauses(tokens: Sequence[Token]) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        start = at + (tokens[at].text == ",")
        texts = [token.text for token in tokens[start : start + 3]]
        size = 3 if texts == ["let", "us", "say"] else 1 if texts[:1] == ["say"] and start > at else 0
        end = start + size
        end += size and end < len(tokens) and tokens[end].text == ","
        if size and at and end < len(tokens) and tokens[end].kind == "number":
            at = end
        else:
            found.append(tokens[at])
            at += 1
    return found


def _taken_back(tokens: Sequence[Token]) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        nxt = tokens[at + 1 : at + 3]
        if token.kind == "number" and not token.vague:
            meant = _meant(tokens, at)
            if meant:
                at = meant
                continue
            found.append(token)
            if len(nxt) == 2 and nxt[0].text in (",", "not") and _refused(tokens, at):
                at = _refused(tokens, at)
                continue
        else:
            found.append(token)
        at += 1
    return found


def _meant(tokens: Sequence[Token], at: int) -> int:
    """Where the number stands that replaces the one at `at`; 0 where none does."""
    slip = False
    for i in range(at + 1, min(len(tokens), at + 1 + FAR)):
        if tokens[i].kind == "number":
            return i if slip else 0
        if tokens[i].text not in _SLIPS | _AROUND:
            return 0
        slip = slip or tokens[i].text in _SLIPS
    return 0


def _refused(tokens: Sequence[Token], at: int) -> int:
    """Where the message goes on behind "20, not 200"; 0 where nothing is refused."""
    i = at + 1 + (tokens[at + 1].text == ",")
    if i + 1 < len(tokens) and tokens[i].text == "not" and tokens[i + 1].kind == "number":
        return i + 2
    return 0


def _counted_lists(tokens: Sequence[Token]) -> list[Token]:
    """ "three learning rates: 0.001, 0.01 and 0.1" without its "three"."""
    for at, token in enumerate(tokens):
        if token.kind != "number" or not isinstance(token.value, int) or not 2 <= token.value <= 6:
            continue
        colon = next((i for i in range(at + 1, min(at + 8, len(tokens))) if tokens[i].text == ":"), 0)
        if not colon or any(t.kind == "number" for t in tokens[at + 1 : colon]):
            continue
        listed, i = 0, colon + 1
        while i < len(tokens) and (tokens[i].kind == "number" or tokens[i].text in (",", "and", "or", "&")):
            listed += tokens[i].kind == "number"
            i += 1
        if listed == token.value:
            return [*tokens[:at], *tokens[at + 1 :]]
    return list(tokens)
