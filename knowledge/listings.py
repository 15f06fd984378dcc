"""Which paragraphs of a Word or PowerPoint file are the lines of a program, and the listing that they make.

Neither knows listings: code is text in a font of even width, or text that reads like a program. Knows nothing of XML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import dedent

_SPACES = " \t\xa0"
LONGEST_LINE = 160  # characters; a longer paragraph is prose, whatever its font
_EVEN = re.compile(
    r"\bmono\b|\b(?:courier|consolas|menlo|monaco|inconsolata|source code|fira code|lucida console|typewriter|cascadia"
    r"|andale|fixedsys|letter gothic|hack)\b",
    re.I,
)
# How a line of code may begin that is not indented …
_BEGINS = re.compile(
    r"\s*(?:(?:def|class|import|from|return|elif|else|try|except|finally|with|raise|yield|assert|lambda|function"
    r"|public|private|static|void|int|float|double|const|let|var|for|while|if|pass|break|continue)\b|#|//|@\w|>>>"
    r"|\"\"\"|'''|[)\]}]|[\w.,\[\] ]+[+\-*/%]?(?:=(?!=)|<-)|[\w.]+\(.*[)({\[,:;]$)"
)
_SIGNS = re.compile(r"\w[(\[]|[)\]{};,]$|[^=<>!]=[^=]|<-|[+\-*/]=")  # … and what may stand in one that is
_REMARK = re.compile(r"\s*(?:#|//|\"\"\"|'''|/?\*)")
_SURE = re.compile(
    r"\s*(?:def \w+\(|class \w+[(:]|(?:for|while|if|elif|else|try|except|with)\b.*:$|import \w|from [\w.]+ import\b"
    r"|return\b|print\(|(?:public|private|static|void|int|double|const|let|var|function) \w+|#include\b"
    r"|[\w.\[\] ]+[=(][^.]*;$)|.*[{}]$"
)


def is_even(font: str) -> bool:
    """Whether all letters of a font are equally wide: the fonts that programs are set in."""
    return _EVEN.search(font) is not None


def font_tells(texts: Sequence[str], even: Sequence[bool]) -> bool:
    """Whether a font of even width marks code here: it does not where nearly everything is set in it."""
    letters = sum(len(text.strip()) for text in texts)
    return sum(len(text.strip()) for text, is_so in zip(texts, even, strict=True) if is_so) <= 0.9 * letters


def in_listing(texts: Sequence[str | None], even: Sequence[bool]) -> list[bool]:
    """Of paragraphs in order, which belong to a listing: those in a font of even width, and those that read like one.

    A text of None parts what stands before it from what comes after; an empty one does so only beside prose.
    """
    code = [
        text is not None and mono and all(len(line) <= LONGEST_LINE for line in text.split("\n"))
        for text, mono in zip(texts, even, strict=True)
    ]
    for start, end in _runs([None if is_so else text for text, is_so in zip(texts, code, strict=True)]):
        lines = [line for text in texts[start:end] for line in (text or "").split("\n") if line.strip()]
        if _reads_like_code(lines):
            code[start:end] = [True] * (end - start)
    for at in range(1, len(code) - 1):  # an empty line inside a listing
        if not code[at] and texts[at] is not None and not (texts[at] or "").strip() and code[at - 1]:
            after = next((n for n in range(at, min(at + 4, len(texts))) if (texts[n] or " ").strip()), at)
            code[at] = code[after] and None not in texts[at:after]
    return code


def _runs(texts: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """(start, end) of neighbours in which every line may be code."""
    start: int | None = None
    for at, text in enumerate([*texts, None]):
        fits = bool(text) and all(_may_be_code(line) for line in (text or "").split("\n"))
        if fits and start is None:
            start = at
        elif not fits and start is not None:
            yield start, at
            start = None


def _may_be_code(line: str) -> bool:
    if len(line) > LONGEST_LINE or (line.rstrip().endswith(".") and not _REMARK.match(line)):
        return False  # a sentence
    indented = line[:1] in _SPACES
    return not line.strip() or bool(_BEGINS.match(line)) or (indented and bool(_SIGNS.search(line.rstrip())))


def _reads_like_code(lines: Sequence[str]) -> bool:
    indented = any(line[:1] in _SPACES for line in lines)
    return len(lines) > 1 and indented and any(_SURE.match(line.rstrip()) for line in lines)


def listing(texts: Sequence[str], indents: Sequence[int]) -> str:
    """The paragraphs as a listing. What was moved to the right by a ruler or a level gets four spaces a step."""
    steps = {indent: step for step, indent in enumerate(sorted(set(indents)))}
    lines = [
        "    " * min(steps[indent], 20) + line.replace("\xa0", " ").expandtabs(4).rstrip()
        for text, indent in zip(texts, indents, strict=True)
        for line in text.split("\n")
    ]
    return dedent("\n".join(lines)).strip("\n")
