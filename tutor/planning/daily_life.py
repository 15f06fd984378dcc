"""Questions about the world and about daily life, by how they begin."""

from __future__ import annotations

import re

_WORLD = re.compile(
    r"^(?:who (?:won|win|is|was|invented|wrote|sang|played|scored|will|discovered|painted)|where (?:is"
    r"|can|are|was|do)|when (?:is|was|did|does|will)"
    r"|how (?:tall|old|far|long is the|deep is the|big is the|much does|much is|cold|hot|many people)"
    r"|what (?:time|day|date) (?:is|are)|what year)\b"
)
_HOW_TO = re.compile(
    r"^(?:how (?:do|can|should|would|to|many|much|long)\b"
    r"|(?:what is )?(?:the |a )?(?:best|good|nice|easiest|cheapest)\b"
    r"|recommend\b|any (?:tip|advice|recommendation)|is it (?:ok|safe|legal|normal|bad)\b"
    r"|can (?:i|you) (?:eat|wear|drink))"
)


def asks_about_the_world(text: str) -> bool:
    return _WORLD.search(text) is not None


def asks_how_to(text: str) -> bool:
    """Whether a message asks for advice on how something is done, or what is best."""
    return _HOW_TO.search(text) is not None
