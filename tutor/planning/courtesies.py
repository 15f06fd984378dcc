"""Courtesies before an order, and slips owned up to: whole clauses that say how something is asked, and not what."""

from __future__ import annotations

import re

# Courtesies before an order that are whole sentences in themselves.
_COURTEOUS = re.compile(
    r"""^(?:(?:please|and|so|ok|now|then|well|right|oh|but)\ )*(?:
    (?:would|could|will|can|might)\ (?:you|i|we)\ (?:please\ |perhaps\ |possibly\ )?(?:be\ (?:so\ (?:good|kind)(?:\ as)?
        |(?:good|kind)\ enough)\ to|trouble\ you\ to|ask\ you\ to|bother\ you\ to|persuade\ you\ to|beg\ you\ to
        |have\ (?:a\ )?(?:go|look)\ (?:at\ |of\ )?|do\ me\ (?:a|the)\ (?:favour|kindness)\ (?:and|of))
    |(?:i|we)\ (?:should|would|will)\ (?:be\ )?(?:(?:so|very|most|ever\ so|really)\ )*
        (?:grateful|obliged|glad|pleased|happy|delighted|thankful|appreciate\ it|like\ it|love\ it)\ (?:if|were)
        (?=\ (?:you|we))
    |it\ would\ be\ (?:\w+\ )?(?:good|nice|great|lovely|wonderful|kind|helpful|cool)\ (?:of\ you\ )?(?:if|to)
    |would\ it\ be\ (?:too\ much\ (?:trouble|bother)|possible|all\ right|alright|ok|okay|rude)\ (?:to|if)
    |would\ you\ mind\ (?:awfully|terribly|very\ much|dreadfully)?\ ?(?:just\ )?
    |(?:if\ )?(?:it\ is\ not|that\ is\ not)\ too\ much\ (?:trouble|bother|to\ ask)
    |(?:do|be)\ (?:me\ (?:a|the)\ favour\ and|a\ (?:love|dear|sport|pal|mate|star|legend|darling)\ and)
    |(?:i|we)\ (?:am|was|are|were)\ (?:keen|curious|eager|itching|dying)\ to
    |(?:i|we)\ (?:should|would)\ (?:very\ much\ |really\ |dearly\ |quite\ )*(?:like|love|care|enjoy)\ (?:you\ )?to)
    [\s,]*""",
    re.VERBOSE,
)
_PRESENT = {
    **{"ran": "run", "tried": "try", "used": "use", "trained": "train", "showed": "show", "did": "do"},
    **{
        "compared": "compare",
        "plotted": "plot",
        "simulated": "simulate",
        "repeated": "repeat",
        "made": "make",
    },
    **{"could": "", "would": "", "can": "", "might": "", "took": "take", "changed": "change", "set": "set"},
}
# A slip owned up to, and what was meant instead.
_CHOOSES = re.compile(
    r"^(?:(?:no|sorry|oh|oop|oops|actually|wait|ah|ok|i am (?:so|very|really|terribly)) )*"
    r"(?:i (?:mean|meant)\b"
    r"|(?:i was wrong|my (?:mistake|bad|error)|i made (?:a|an) (?:mistake|typo|error)|wrong \w+|by mistake)\b.*<"
    r"|.*\b(?:should|ought to) (?:be|have (?:been|said|read)) <number>$)"
)


_SORRY = re.compile(
    r"^(?:(?:i am|oh|ah|so|very|really|terribly) )*(?:sorry|apology|apologies|oops)(?: (?:again|about (?:it|that)))?$"
)


def apologises(text: str) -> bool:
    """Whether a clause is an apology and no more."""
    return _SORRY.match(text) is not None


def owns_up(text: str) -> bool:
    """Whether a clause mends what was said: "i meant 8 epochs", "my mistake, the rate should be 0.1"."""
    return _CHOOSES.match(text) is not None


def without_courtesies(text: str) -> str:
    """What is asked for, as an order: "i should be grateful if you ran it" -> "run it"."""
    courteous = _COURTEOUS.match(text)
    if courteous is None:
        return text
    said = text[courteous.end() :].strip()
    if said.startswith(("you ", "we ")):
        verb, _, rest = said.split(" ", 1)[1].partition(" ")
        return f"{_PRESENT.get(verb, verb)} {rest}".strip()
    return said
