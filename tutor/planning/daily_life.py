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
    r"|what should (?:i|we) (?!try|do|use|set|learn|study|read|revise|look|expect|change|pick|choose|run)"
    r"|(?:what is )?(?:the |a )?(?:best|good|nice|easiest|cheapest)\b"
    r"|recommend\b|any (?:tip|advice|recommendation)|is it (?:ok|safe|legal|normal|bad)\b"
    r"|can (?:i|you) (?:eat|wear|drink))"
)


_THANKS = re.compile(r"\b(?:thanks|thank|cheers|ta|cya|appreciate)\b")
_ASKS = re.compile(
    r"\b(?:what|why|how|when|where|which|who|can|could|would|explain|tell|show|give|but|please|do you|is it)\b"
)
_PRAISE = re.compile(
    r"^(?:happy|great|good|nice|lovely|brilliant|amazing|awesome|cool|well) (?:\w+ ?){1,2}$"
    r"|^you are (?:\w+ ){0,4}(?:good|great|best|awesome|clever|smart|amazing|helpful|funny|nice|kind|brilliant"
    r"|star|legend|genius)\b"
)


_FEELS = re.compile(
    r"^(?:(?:oh|wow|aw|ok|well|so) )*(?:i am (?:so |really |very |a bit |just )*"
    r"(?:tired|bored|happy|sad|excited|stressed|back|here|impressed)"
    r"|i (?:really )?(?:love|like|enjoy|enjoyed|loved|liked) (?:this|it|you|that)"
    r"|you (?:rock|rule)|hola|bonjour"
    r"|(?:that|this|it) (?:was|is) (?:so |really |very |quite |such )*"
    r"(?:fun|great|cool|nice|brilliant|amazing|awesome|lovely|hard work))(?: \w+){0,2}$"
)


def feels(text: str) -> bool:
    """Whether a short message only says how somebody feels: "that was fun"."""
    return _FEELS.search(text) is not None


def chats(text: str) -> bool:
    """Whether a message without a word of the subject thanks, praises or wishes well, and asks nothing."""
    if _ASKS.search(text) or len(text.split()) > 14:
        return False
    return _THANKS.search(text) is not None or _PRAISE.search(text) is not None


def asks_about_the_world(text: str) -> bool:
    return _WORLD.search(text) is not None


_CHORE = re.compile(
    r"^how (?:do|can|should|would) (?:i|you|we) (?!(?:work|start|use|know|see|tell|do|choose|pick|read|find|look|try"
    r"|understand|improve|practise|revise|remember|prepare|check|get|make|set|change|stop|go|run|add|put|decide"
    r"|compare|handle|avoid|fix|show|measure|name|write|explain|solve|split|plot|test|think|deal|begin|save|load|open"
    r"|close|turn|reach|end|increase|reduce|raise|lower|move|update|keep|apply|count|cut|spot|mean|help|call)\b)"
    r"\w+ (?:\w+ ?)+$"
)


def is_chore(text: str) -> bool:
    """ "how do i tie a tie": a how-to whose verb is none of those that a student asks about the course with."""
    return _CHORE.search(text) is not None


def asks_how_to(text: str) -> bool:
    """Whether a message asks for advice on how something is done, or what is best."""
    return _HOW_TO.search(text) is not None
