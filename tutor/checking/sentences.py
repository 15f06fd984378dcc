"""Split an answer into sentences without breaking maths, code, decimals or lists.

Everything that a check drops or keeps is a whole sentence, so the split must be lossless: joining the pieces gives
the text back.
"""

from __future__ import annotations

import re

# Spans in which a full stop ends nothing: code fences, inline code, display and inline maths.
_PROTECTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\$\$.*?\$\$|\\\[.*?\\\]|\\\(.*?\\\)|\$[^$\n]+\$",
    re.DOTALL,
)
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|cf|vs|approx|Fig|Eq|Sec|Ch|No|Dr|Prof|ed)|(?<![A-Za-z])[A-Z]|(?:^|\n)\s*\d+)\.\Z"
)
_END = re.compile(r"[.!?][\"”’)*_]*(?:\s*\[\d+(?:\s*,\s*\d+)*\])*(?=\s|\Z)|\n+")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of `text` in order, each with the white space that follows it.

    A citation such as `[2]` behind the full stop belongs to the sentence before it; a line break ends a sentence.
    `"".join(split_sentences(text)) == text` always holds.
    """
    protected = [m.span() for m in _PROTECTED.finditer(text)]
    pieces: list[str] = []
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if end <= start or any(a <= match.start() < b for a, b in protected):
            continue
        if match.group()[0] == "." and _ABBREVIATIONS.search(text[start : match.start() + 1]):
            continue
        while end < len(text) and text[end].isspace():
            end += 1
        pieces.append(text[start:end])
        start = end
    if start < len(text):
        pieces.append(text[start:])
    return pieces


def is_code(sentence: str) -> bool:
    """Whether a piece is (part of) a fenced code block, which no sentence check applies to."""
    return sentence.lstrip().startswith("```")
