"""What the glossaries of the lectures say of the things that a question names."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from knowledge.search import KnowledgeBase, Passage
from tutor.teaching.blocks import content_words

_ASKS_WHAT = re.compile(r"\W*(?:what|define|explain)\b", re.IGNORECASE)
_COMPARES = re.compile(
    r"\b(?:vs\.?|versus|or|and|compared (?:to|with)|against|from|to|between|different to|differ)\b",
    re.IGNORECASE,
)
_COMPARISON = re.compile(
    r"\b(?:vs\.?|versus|differ\w*|compared?|or)\b|^\W*(?:[\w-]+\W+){1,3}and(?:\W+[\w-]+){1,3}\W*$"
    r"|\bwhat(?: even)?(?:'s| is| are)\b.+\band what(?:'s| is| are)\b",
    re.IGNORECASE,
)
_ENTRY = re.compile(r"(?=\*\*[^*]+:\*\*)(?<!^)")  # a line may hold several: "**Feature:** ... **Label:** ..."
_SHORT = re.compile(r"\*\*([A-Z]{2,})\*\* \(([^)]+)\)")  # "**BPTT** (back-propagation through time): ..."
LINES = 2  # of a comparison


def glossary_line(
    question: str, base: KnowledgeBase | None, passage: Passage, defined: Set[str] = frozenset()
) -> str:
    """The line of the lecture's glossary on what a "what is ...?" asks about; "" where there is none.

    `defined` are the words of the question that are explained already.
    """
    matter = content_words(question)
    if base is None or not matter or not asks_what(question):
        return ""
    entries = [
        (_until(question, name), line)
        for names, line in _entries(base, passage.path)
        for name in names
        if name <= matter and not name <= defined
    ]
    return min(entries, key=lambda entry: entry[0])[1] if entries else ""


def _until(question: str, name: Set[str]) -> int:
    """After how many words of a question a thing is named: "a filter in a CNN" is about the filter."""
    words = question.split()
    return next((n for n in range(1, len(words)) if name <= content_words(" ".join(words[:n]))), len(words))


def asks_what(question: str) -> bool:
    """Whether a question asks what something is."""
    return _ASKS_WHAT.match(question) is not None


def compares(question: str) -> bool:
    """Whether a question asks about two things beside each other: "epoch vs batch", "how do they differ"."""
    return _COMPARISON.search(question) is not None


def compared_lines(question: str, base: KnowledgeBase | None, passages: Sequence[Passage]) -> list[str]:
    """The glossary lines on both sides of a comparison ("reward vs value"); [] where one side has none.

    The glossaries of the passages' own lectures are looked at first, then those of the lectures around them: "value" is
    one thing in lecture 9 and another in lecture 8.
    """
    if base is None or not passages or not compares(question):
        return []
    sides = [words for part in _COMPARES.split(question) if (words := content_words(part))]
    if len(sides) < 2:
        return []
    here = _number(passages[0].path)
    paths = dict.fromkeys([p.path for p in passages if p.cell is None])
    paths |= dict.fromkeys(sorted((i.path for i in base.files()), key=lambda path: abs(_number(path) - here)))
    entries = [entry for path in paths for entry in _entries(base, path)]
    found: list[str] = []
    for side in sides[:3]:
        line = _line_on(side, entries)
        if line:
            found.append(line)
    both = len(found) >= 2 or (len(found) == 1 and sum(side <= content_words(found[0]) for side in sides) > 1)
    return list(dict.fromkeys(found))[:LINES] if both else []


def _line_on(side: Set[str], entries: Sequence[tuple[list[set[str]], str]]) -> str:
    """The entry on one side of a comparison: of just its words, else of the most of them ("recall, for spam")."""
    part = max((len(name) for names, _ in entries for name in names if name <= side), default=0)
    return next(
        (line for names, line in entries if part and any(len(n) == part and n <= side for n in names)), ""
    )


def _number(path: str) -> int:
    """The number of the lecture that a file belongs to, by its path; 0 where there is none."""
    found = re.search(r"\d+", path)
    return int(found[0]) if found is not None else 0


def _matter(name: str) -> set[str]:
    """What an entry is about: without what stands in brackets, "Ridge (L2)", and with numbers, "1×1 convolution"."""
    bare = re.sub(r"\(.*?\)", " ", name)
    return content_words(bare) | set(re.findall(r"(?<![\w.])\d+", bare))


def _entries(base: KnowledgeBase, path: str) -> list[tuple[list[set[str]], str]]:
    """The entries of a document's glossary: the names of each, as content words, and its text."""
    entries: list[tuple[list[set[str]], str]] = []
    for view in base.section(path):
        if not (view.heading and "lossary" in view.heading[-1]):
            continue
        for line in view.text.splitlines():
            found = re.match(r"\s*[-*]\s+(\*\*.+)", line)
            for entry in _ENTRY.split(found[1]) if found is not None else []:
                bold = re.findall(r"\*\*(.+?)\*\*", entry)
                names = [_matter(name) for term in bold for name in re.split(r"\s/\s|,", term)]
                names += [content_words(other) for term in bold for other in re.findall(r"\((.*?)\)", term)]
                entries.append(([name for name in names if name], entry.strip()))
    short = {
        m[1].lower(): content_words(m[2]) for _, entry in entries if (m := _SHORT.match(entry)) is not None
    }
    for names, _ in entries:  # "truncated BPTT" is asked for as "truncated back-propagation through time"
        names += [name - {one} | words for name in names for one, words in short.items() if one in name]
    return entries
