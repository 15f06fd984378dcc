"""Which of the passages found explains best what was asked."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from knowledge.search import Passage
from tutor.teaching.blocks import content_words, points_elsewhere
from tutor.teaching.exercises import is_answer_key
from tutor.teaching.glossaries import asks_what, compares
from tutor.teaching.nearness import name_of
from tutor.teaching.within import rejected

_SIDE = re.compile(
    r"glossary|further reading|what should i remember|in the lab\b|mistakes|what comes in|exercises|references",
    re.I,
)


# Words that only say what of the matter is wanted, or what is not.
_ASIDE = re.compile(
    r"(?<=\w)\s+(?:formula|equation|meaning|definition)\W*$|^(?!\W*why\b)(.*\bformula)\s+instead of\b.*$",
    re.IGNORECASE,
)
_HOW = re.compile(r"\W*(?:how|why|when|which|can|is|are|do|does)\b", re.IGNORECASE)
_NETWORKS = re.compile(r"\b(?:cnn|rnn|lstm|gru|dqn|transformer|convolutional|recurrent)s?\b", re.IGNORECASE)
_ANNOUNCES = re.compile(r"what you will (?:learn|be able to)|\bthe labs? for this\b|\byou need lecture", re.I)

# "What's inside an LSTM cell?" is answered by what an LSTM is.
_INSIDE = re.compile(
    r"\bwhat(?:'?s| is) (?:inside|in)( (?:an?|the) .+?)(?: (?:cell|block|unit|layer))?\W*$", re.IGNORECASE
)
# What somebody is asked to be given a reason for: "why does a DQN need a target network?"
_NEEDED = re.compile(r"\bwhy\b.*?\b(?:needs?|uses?|have|has|keeps?)\s+(?:an?\s+|the\s+)?(.+)", re.IGNORECASE)

# What acts in a question, where it has a name of two words.
_SUBJECT = re.compile(
    r"\W*(?:how|why|what|when) (?:does|do|did|can) (?:an?\s+|the\s+)?([a-z][\w-]+ [a-z][\w-]+)\b", re.I
)


def is_side_matter(passage: Passage) -> bool:
    """Whether a passage lists or points rather than explains: a glossary, the readings, the lab's settings."""
    name = passage.heading[-1] if passage.heading else ""
    return not name or _SIDE.search(name) is not None


def mistake(passage: Passage) -> str:
    """What a mistake in a lecture's list of mistakes is called, where the passage was found for one; else ""."""
    if not passage.heading or "mistakes" not in passage.heading[-1].lower():
        return ""
    named = re.match(r"\W*\*\*(.+?)\*\*", passage.best_sentence)
    return named[1] if named is not None else ""


def best_first(question: str, passages: Sequence[Passage]) -> list[Passage]:
    """The passages with the one that explains best in front: prose whose heading is the question, not code or keys.

    Passages with exercises or their answers are left out: they would give away what the student has not tried yet.
    """
    kept = [passage for passage in passages if not is_answer_key(passage)]
    if not kept:
        return []
    question = _INSIDE.sub(r"what is\1", _ASIDE.sub(r"\1", question))
    best = max(kept, key=lambda passage: _fitness(question, passage))
    return [best, *(passage for passage in kept if passage is not best)]


def _fitness(question: str, passage: Passage) -> float:
    """How well a passage explains, in log-odds."""
    # A lecture's preface is no section: its title names all that the lecture is about.
    heading = "" if not passage.heading and _ANNOUNCES.search(passage.text) else name_of(passage)
    asked, matter = _all_words(question), content_words(question)
    whole = len(asked & _all_words(heading)) / max(len(asked), 1)
    share = len(matter & content_words(heading)) / max(len(matter), 1)
    chance = min(max(passage.probability, 1e-4), 1 - 1e-4)
    value = math.log(chance / (1 - chance)) + 2.0 * whole + 2.0 * share
    subject = _SUBJECT.match(question)
    if subject is not None and _all(subject[1], heading):
        value += 2.0  # "how does gradient descent find the best line?" is not about finding lines
    spoken = content_words(f"{heading} {passage.title} {passage.text}")
    if passage.heading and len(matter) > 1 and matter <= content_words(heading):
        value += 1.5  # it is about both: a bandit, and trading
    elif len(matter & content_words(heading)) > 1 and matter <= spoken:
        value += 1.5  # it speaks of all: vanishing gradients, in recurrent networks
    terms = _bold(passage.text)
    if compares(question):
        if len(matter) > 1 and matter <= spoken and any(term and term <= matter for term in terms):
            value += 1.0  # it speaks of both, and defines one
    elif not content_words(" ".join(_NETWORKS.findall(question))) <= spoken:
        value -= 2.0  # fine-tuning, but not of a convolutional network
    named = [term for term in terms if term & matter]
    narrower = bool(named) and not any(term <= matter for term in named)
    if narrower and asks_what(question) and not mistake(passage):
        value -= 1.0  # it is about something narrower: a residual block is no residual
    elif matter and matter <= set().union(*terms):
        value += 1.5  # it says in bold what was asked: it defines it
    elif not _HOW.match(question) and any(term and term <= matter for term in _bold(passage.best_sentence)):
        value += 1.3  # the sentence that was found defines a part of it
    needed = _NEEDED.search(question)
    if needed is not None and content_words(needed[1]) in terms:
        value += 3.0  # it introduces what is needed
    other = rejected(question)
    if other and not other & spoken:
        value -= 1.0  # it cannot say why not
    if matter and not matter & content_words(f"{heading} {passage.text}"):
        value -= 2.0
    if points_elsewhere(passage.best_sentence):
        value -= 1.5  # "explained below": it is explained somewhere else
    if passage.kind == "code":
        value -= 6.0
    if passage.cell is not None:
        value -= 4.0
    if is_side_matter(passage):
        value -= 1.0 if matter & content_words(mistake(passage)) else 3.0
    return value


def _bold(text: str) -> list[set[str]]:
    return [content_words(term) for term in re.findall(r"\*\*(.+?)\*\*", text)]


def _all(words: str, text: str) -> bool:
    wanted = content_words(words)
    return len(wanted) > 1 and wanted <= content_words(text)


def _all_words(text: str) -> set[str]:
    return content_words(text) | set(
        re.findall(r"\b(?:what|why|how|when|which|is|are|do|does)\b", text.lower())
    )
