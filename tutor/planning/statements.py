"""Messages that look like a run and are none: statements, lines of code, formulas, things asked leave for.

A message without an order may still name a lab and a value ("dropout 0.5 means half the units are off"). What it says
about them gives it away: a verb that tells, a word that asks. Running a lab that nobody asked for is the costly error.
"""

from __future__ import annotations

import re

# "tanh or sigmoid, which one", "so q learning runs along the edge". ("its" is "it is" by now, so that says nothing.)
_STATES = re.compile(
    r"""^(?:my|our)\ \S+\ (?!(?:data|csv|file|text)\b)
    |\b(?:reached|collapsed|crashed|diverged|exploded|fell|dropped|rose|jumped|improved|converged|failed|learned|learnt)\b
    |^so\ (?!(?:<number>|i\ (?:can|could)\b))(?:\S+\ ){3,}\S+
    |\b(?:why|which|who|how\ (?:many|much|come|do|does|is|are|big|long|often)|what\ (?:is|are|do|does|now))\b
    |\bor\b
    |(?<!\bit\ )\b(?:is|are|was|were|am)\b(?!\ (?:<number>|equal\ to))
    |\b(?:do\ not|can\ not|does|has|had|will|would|ought|say(?!\ <number>)|seem|sound|feel|look\ like|lose|lost)\b
    |\bshould\b(?!\ be\ (?:set|doubled|halved|tripled|<number>(?!\ (?:for|because|so|since|if))))
    |\b(?:win|won|blow|went|ended|broke|came|gave|got|became|never|always)\b
    |\bit\ is\ (?:worse|better|lower|higher|more|less|bad|not|so|really|quite|wrong|odd|weird|strange|because|why)\b
    |\bmean\ (?:that|the|it|you|we|all|half|what|<number>)\b
    |\b(?:can|could|do|must|may)\ (?:i|we|it|they)\b
    |\bi\ (?:only\ )?(?:have|think|thought|guess|reckon|picked|tried)\b
    |\b(?:in|with)\ (?:simple|plain|easy|other|your|normal)\ (?:own\ )?(?:word|term|english)\b|\beli5\b
    |\b(?:intuition|explanation|explained|meaning|definition|difference)\b""",
    re.VERBOSE,
)
_SUFFICES = re.compile(
    r"<number> (?:\w+ ){0,2}(?:(?:is|are|should be|would be|will be|might be) (?:more than )?"
    r"(?:enough|plenty|fine|ok|okay|better|good|sufficient)|(?:will|should|would) do|would be (?:nice|great))\b"
)
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*\([^()]*\)?|\b[a-z]\w*\.[A-Z]\w+|\$[^$]+\$|\\[a-z]{2,}")
_ORDER_FIRST = re.compile(
    r"^\W*(?:(?:please|can|could|you|we|now|ok|then)\s+)*(?:run|train|try|compare|simulate|show|plot)\b",
    re.IGNORECASE,
)


# "if i ran this with 5 layers would it overfit": the run is imagined, and what it would do is asked.
_IMAGINES = re.compile(
    r"^(?:(?:so|and|but|ok|then|hm|hmm|right|well|wait|ah) )*(?:if|suppose|supposing|imagine)\b.*"
    r"\b(?:would|will|does|did|could|can|might|should|becomes?)\b(?! not \w+$)(?! be (?:good|nice|great|lovely)\b)"
)


def imagines(text: str) -> bool:
    """Whether a message asks what would come of something, with an "if" in front: no order. "What if ..." is one."""
    return (
        _IMAGINES.search(text) is not None
        and re.match(r".*\bif (?:you|we) (?:can|could|would)\b", text) is None
    )


def states(text: str) -> bool:
    """Whether a message without an order tells or asks something, rather than naming a run."""
    return _STATES.search(text) is not None


def suffices(text: str) -> bool:
    """ "3 epochs is enough", "500 steps will do": a value said as an opinion, and meant as a setting."""
    return _SUFFICES.search(text) is not None


def quotes_code(message: str) -> bool:
    """Whether the message, as typed, is about a line of code or a formula: "nn.Conv2d(32, 64, 3) how many weights"."""
    return _CODE.search(message) is not None and _ORDER_FIRST.match(message) is None


def asks_leave(text: str) -> bool:
    """ "can i leave out the relu?": about what is allowed, not an order."""
    return (
        re.match(
            r"(?:so |and |but |ok )*(?:(?:can|could|may|must|should) (?:i|we)(?! see)|is there \w+ way)\b",
            text,
        )
        is not None
    )


def is_noun(text: str) -> bool:
    """ "Training", "forecast": a word of the glossary, though a verb as well."""
    return text in ("forecast", "test") or re.fullmatch(r"\w+ing", text) is not None
