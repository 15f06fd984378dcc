"""A section of a lecture as blocks and sentences that can be quoted whole: paragraphs, formulas, lists, tables.

Pictures, code, and invitations to the lab ("Try it: ask the tutor ...") are told apart, since an answer in words leaves
them out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.words import stem
from tutor.checking.sentences import split_sentences

Kind = Literal["text", "formula", "list", "table", "code", "picture", "invitation"]

_INVITATION = re.compile(r"^\W*(?:try it|your turn)\b|\bask the tutor\b", re.IGNORECASE)
_PICTURE = re.compile(r"^!?\[(?:Picture:|[^\]]*\]\()")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
# A sentence that begins like this leans on the one before it.
_LEANS = re.compile(
    r"^(?:\W*)(?:it|its|this|that|these|those|they|their|he|she|so|but|then|hence|thus|therefore|also|still|here|there|now"
    r"|such|both|another|the same|the other|the first|the second|the latter|the former|instead|otherwise|however|and|or"
    r"|even|again|why|which|only|for it|in it|with it|without it|as before|after that|in the (?:example|run|table)"
    r"|the (?:target|new|upper|lower|links?|middle|last|result|distances))\b",
    re.IGNORECASE,
)
_POINTS_ELSEWHERE = re.compile(
    r"\b(?:above|below|figure|picture|diagram|left panel|right panel|this section|last section|next section)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Block:
    """`text` is markdown, as it stands in the lecture."""

    kind: Kind
    text: str

    @property
    def words(self) -> int:
        return len(self.text.split())

    @property
    def sentences(self) -> list[str]:
        return [piece.strip() for piece in split_sentences(self.text) if piece.strip()]

    @property
    def items(self) -> list[str]:
        """The items of a list, each with what is indented under it."""
        found: list[str] = []
        for line in self.text.splitlines():
            if (_ITEM.match(line) and not line.startswith("  ")) or not found:
                found.append(line.rstrip())
            else:
                found[-1] += f"\n{line.rstrip()}"
        return found


def blocks_of(text: str) -> list[Block]:
    """The blocks of a markdown text, in order; a fenced block is one, whatever is in it."""
    found: list[Block] = []
    held: list[str] = []
    fence = ""
    for line in [*text.splitlines(), ""]:
        mark = line.strip()[:3]
        if fence:
            held.append(line)
            if mark == fence:
                found.append(Block("code", "\n".join(held)))
                held, fence = [], ""
        elif mark in ("```", "~~~"):
            found += _blocks(held)
            held, fence = [line], mark
        elif not line.strip() and not _open_formula(held):
            found += _blocks(held)
            held = []
        else:
            held.append(line)
    return found + (_blocks(held) if not fence else [Block("code", "\n".join(held))])


def _open_formula(lines: Sequence[str]) -> bool:
    return sum(line.count("$$") for line in lines) % 2 == 1


def _blocks(lines: Sequence[str]) -> list[Block]:
    text = "\n".join(lines).strip()
    if not text:
        return []
    first = text.splitlines()[0].strip()
    if _PICTURE.match(first):
        return [Block("picture", text)]
    if first.startswith("|"):
        return [Block("table", text)]
    if first.startswith("#"):
        return _blocks(lines[1:])
    if text.startswith("$$") and text.endswith("$$"):
        return [Block("formula", text)]
    if _ITEM.match(first):
        return [Block("list", "\n".join(lines).rstrip())]
    if _INVITATION.search(first) and len(text.split()) < 45:
        return [Block("invitation", text)]
    # A paragraph may run into its list without an empty line between them.
    for at, line in enumerate(lines):
        if (
            at
            and _ITEM.match(line)
            and all(_ITEM.match(rest) or rest.startswith("  ") for rest in lines[at:])
        ):
            return [*_blocks(lines[:at]), *_blocks(lines[at:])]
    return [Block("text", text)]


def leans(sentence: str) -> bool:
    """Whether a sentence makes no sense by itself: it leans on the one before, or points at something not quoted."""
    return _LEANS.match(sentence) is not None or points_elsewhere(sentence)


def points_elsewhere(text: str) -> bool:
    """Whether a text speaks of something that stands somewhere else, which who reads a quotation cannot see."""
    return _POINTS_ELSEWHERE.search(text) is not None


def opening(block: Block, words: int) -> str:
    """The first whole sentences of a paragraph, about so many words, always at least one."""
    return " ".join(_until(block.sentences, words))


def around(block: Block, sentence: str, words: int) -> str:
    """The sentence of a paragraph with those before it that it leans on; the beginning where it is not found."""
    pieces = block.sentences
    at = next((i for i, piece in enumerate(pieces) if sentence in piece or piece in sentence), 0)
    start = at
    while start > 0 and leans(pieces[start]):
        start -= 1
    after = _until(pieces[start:], words)
    return " ".join(after if len(after) > at - start else pieces[start : at + 1])


def _until(pieces: Sequence[str], words: int) -> list[str]:
    kept: list[str] = []
    for piece in pieces:
        if kept and sum(len(one.split()) for one in kept) + len(piece.split()) > words:
            break
        kept.append(piece)
    return kept


_R2 = re.compile(r"\br(?:2|[ -]?squared?)\b")
_BACKPROP = re.compile(r"\bback[ -]?prop(?:agation)?\b")  # students and lectures spell it in five ways


_SPELT_OUT = {
    "ml": "machine learning",
    "cnn": "convolutional network",
    "rnn": "recurrent network",
    "llm": "language model",
    "mdp": "markov decision process",
}
_ACRONYMS = re.compile(r"^([bcdfghjklmnpqrtvwxz]{2,})s$")  # "rnns", "llms"


def content_words(text: str) -> set[str]:
    """The words of a text that carry its matter, cut to their stems."""
    one_name = _BACKPROP.sub(
        "backpropagation", re.sub(r"\bback-prop", "backprop", _R2.sub("r²", text.lower()))
    )
    bare = re.sub(r"\\[a-zA-Z]+|[^\w²']", " ", one_name)  # "fine-tuning" is "fine tuning"
    words = [_ACRONYMS.sub(r"\1", word) for word in re.findall(r"[a-z0-9²][a-z0-9²']*", bare)]
    spelt = " ".join(_SPELT_OUT.get(word, word) for word in words).split()
    return {_stem(word) for word in spelt if word not in _STOP and len(word) > 1}


def weight_of(text: str, telling: Mapping[str, float]) -> float:
    """How much of what is asked a text holds: the weights of the asked words that it has."""
    have = content_words(text)
    return sum(weight for word, weight in telling.items() if word in have)


def _stem(word: str) -> str:
    return stem(word.strip("'").removesuffix("'s"))


_STOP = frozenset(
    re.findall(
        r"\w+",
        """a an the and or of for to in on at by with from as is are was were be been do does did has have
        had it its this that these those they them their he she we us our you your i me my mine what which
        who whom whose when where why how can could will would should may might must not no yes so than then
        there here if but about into over out up down very much many more most some any each one two use
        used using get gets work works mean means explain tell show give please difference between differ
        versus vs like just also only same lecture course example define whats hows whys cant dont""",
    )
)
