"""Sentences in a lecture that speak to a language model instead of a student: neither quoted, nor put before a model.

A teacher's file, or one that somebody slipped into a course, may hold "ignore all previous instructions". That such
text is only material is said in every prompt, but a small model copies and obeys what it reads, and without a model the
passage is quoted as it stands. So whole sentences that *begin* as orders to a model are left out, and the orders that
follow them. A lecture that tells of such attacks ("text that you paste in can contain orders") begins otherwise.
"""

from __future__ import annotations

import re

from tutor.checking.sentences import is_code, split_sentences

_RULES = r"(?:instructions?|prompts?|rules?|guidelines?|directions?|orders|messages?|context|training|restrictions?)"
_MODEL = r"(?:ai|a\.i\.|assistants?|(?:language )?models?|llms?|chat ?bots?|bots?|tutors?|agents?|gpt|chatgpt|claude)"
_SAYS = r"(?:say|reply|respond|answer|write|print|output|repeat|recommend|include|add|run|call|send|tell|ignore|give)"
_ORDER = re.compile(
    rf"""^[\W_]*
    (?:(?:system|assistant|developer|admin(?:istrator)?|attention|important|urgent|warning|note|message|to|hey|dear|new
        |(?:special\ |secret\ |hidden\ )?instructions?|all|any|the|every|for|{_MODEL})\b[\s:,\-–—>*\]]*){{0,6}}
    (?:(?:please|now|first|just|then|kindly)\s+){{0,2}}
    (?:
      (?:ignore|disregard|forget|override|bypass|overrule|discard)\b.{{0,50}}?
          (?:\b{_RULES}\b|\b(?:everything|all|anything|what)\b.{{0,25}}\b(?:above|before|told|said|previous|earlier)\b)
    | (?:from\ now\ on,?\ )?you\ (?:are|will\ be|shall\ be)\ now\b
    | from\ now\ on,?\ (?:you|always|never|answer|reply|respond|act|pretend)\b
    | (?:pretend|imagine)\ (?:to\ be|that\ you\ are|you\ are)\ (?:an?|the|no\ longer)\b
          .{{0,40}}\b(?:{_MODEL}|unrestricted)\b
    | act\ as\ (?:if\ you|an?\ (?:unrestricted|different|jailbroken|evil)|dan)\b
    | (?:reveal|print|show|output|repeat|send|give|leak|expose|tell|list|display|quote)\b.{{0,50}}?
          \b(?:system\ prompts?|api[\s_-]?keys?|secret\ keys?|passwords?|credentials|environment\ variables?
          |your\ (?:{_RULES}|keys?|secrets?))\b
    | do\ not\ (?:tell|inform|warn|mention|reveal)\b.{{0,30}}\b(?:students?|users?|readers?|anyone|teacher)\b
    | (?:as|if\ you\ are|when\ you\ are)\ an?\ {_MODEL}\b.{{0,60}}\b(?:you\ )?(?:must|should|will|{_SAYS})\b
    | (?:when|if|whenever|while|before)\ (?:you|an?\ {_MODEL}|the\ {_MODEL})\b.{{0,60}}
          \b(?:reads?|sees?|summari[sz]es?|process(?:es)?|answers?|quotes?)\b.{{0,60}}\b(?:must|should|always|{_SAYS})\b
    | {_MODEL}\b.{{0,40}}\b(?:you\ )?(?:must|should|shall|are\ (?:to|ordered|required|instructed))\b
          .{{0,20}}\b(?:{_SAYS}|obey|follow|do)\b
    | (?:your|the)\ new\ (?:task|instruction|role|goal|rule)s?\ (?:is|are)\b
    | you\ must\ (?:now\ |always\ |only\ )?{_SAYS}\b
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
# What stands behind an order and goes on with it.
_GOES_ON = re.compile(
    rf"^[\W_]*(?:(?:and|then|next|also|instead|after\ that|please|now|finally|you\ (?:must|should|will|are))\s*,?\s*)*"
    rf"(?:{_SAYS}|reveal|show|click|visit|open|execute|delete|download|forget|pretend|act|do\ not|never|always|obey"
    rf"|follow|begin|end|start|speak|talk|use|stop)\b",
    re.IGNORECASE | re.VERBOSE,
)


def gives_orders(sentence: str) -> bool:
    """Whether a sentence begins as an order to a language model."""
    return _ORDER.match(sentence) is not None


def without_orders(text: str) -> str:
    """The text without such sentences and the orders that follow them in the same paragraph; code stays as it is."""
    kept: list[str] = []
    obeying = False
    for piece in split_sentences(text):
        ordered = not is_code(piece) and (
            gives_orders(piece) or (obeying and _GOES_ON.match(piece) is not None)
        )
        if not ordered:
            kept.append(piece)
        elif "\n\n" in piece and kept:
            kept[-1] = kept[-1].rstrip() + "\n\n"  # the paragraph still ends here
        obeying = ordered and "\n\n" not in piece
    return "".join(kept)
