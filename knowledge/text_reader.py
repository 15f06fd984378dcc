"""Plain text -> sections: paragraphs under headings that are underlined, numbered or in capitals.

Lines that an editor wrapped are joined, since a sentence is quoted as a whole; columns and indented lists keep
their lines. Of the captions of a film the words are kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import mode
from textwrap import dedent

from knowledge.documents import OUTPUT, PROSE, Block, Reading, Section
from knowledge.errors import UnreadableError
from knowledge.markdown_reader import TITLE_MARK, heading_path, read_markdown

_UNDERLINE = re.compile(r"([=\-~^*#+\"'`:.])\1{2,}")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})[.):]?\s+(?=[A-Z])(.+)")
NAMED = re.compile(
    r"(?:chapter|part|lecture|section|unit|week|appendix|exercise|problem|question)\s+(?:\d+|[IVXLC]+|[A-Z])\b",
    re.I,
)
_ITEM = re.compile(r"\s*(?:[-*+•◦▪‣–]|\(?[0-9a-z]{1,2}[.)])\s+\S")
_COLUMNS = re.compile(r"\t|\S {3,}\S")
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|```)", re.M)
# When a caption of a film is shown: 00:00:01,000 --> 00:00:04,000
_TIMING = re.compile(r"\s*(?:\d{1,3}:)?\d\d:\d\d[.,]\d{3}\s+-->\s+(?:\d{1,3}:)?\d\d:\d\d[.,]\d{3}.*")
_CAPTION_TAG = re.compile(r"</?[a-z][^<>]{0,100}>|<[\d:.]{5,12}>|\{\\[^{}]{0,40}\}")
_SPOKEN = 600  # characters: from here on the end of a sentence ends a paragraph of a transcript
_DELIMITERS = ("\t", ";", ",", "|")


def read_text(reading: Reading) -> list[Section]:
    text = reading.text()
    if spoken := _transcript(text):  # more numbers than words, and yet no data
        return [Section((), tuple(spoken))]
    if why := not_prose(text):
        raise UnreadableError(why)
    if _MARKDOWN.search(text):
        return read_markdown(text)
    return sections_of(text)


def _transcript(text: str) -> list[Block]:
    """What is said in a film, from its captions (SRT, WebVTT): their words in paragraphs. [] for any other text."""
    lines = text.split("\n")
    timed = [number for number, line in enumerate(lines) if _TIMING.fullmatch(line)]
    if len(timed) < 3:
        return []
    # A caption has its number, or below an empty line a name, above its timing.
    silent = {
        at - 1 for at in timed if lines[at - 1].strip().isdigit() or not "".join(lines[at - 2 : at - 1])
    }
    silent.update(timed)
    said, last = [""], ""
    for number in range(timed[0], len(lines)):
        words = "" if number in silent else _CAPTION_TAG.sub("", lines[number]).strip()
        if not words or words == last:  # captions that roll up repeat their last line
            continue
        said[-1] = f"{said[-1]} {words}".lstrip()
        last = words
        # What a machine wrote down may have no sentences.
        if len(said[-1]) >= (_SPOKEN if words.endswith((".", "?", "!")) else 2 * _SPOKEN):
            said.append("")
    return [Block(PROSE, part) for part in said if part]


def sections_of(text: str) -> list[Section]:
    """Paragraphs and headings of a text, in order."""
    paragraphs = _paragraphs(text.expandtabs(8) if "\n\t" in text else text)
    sections: list[Section] = []
    levels: dict[int, str] = {}
    marks: list[str] = []  # characters that headings are underlined with, outermost first
    blocks: list[Block] = []
    for number, lines in enumerate(paragraphs):
        following = paragraphs[number + 1] if number + 1 < len(paragraphs) else []
        found = _heading(lines, following, marks, first=number == 0)
        if found:
            level, name, rest = found
            if blocks:
                sections.append(Section(heading_path(levels), tuple(blocks)))
                blocks = []
            levels = {known: other for known, other in levels.items() if known < level}
            levels[level] = f"{TITLE_MARK}{name}" if level == 1 else name
            lines = rest
        if lines:
            blocks.append(paragraph(lines))
    if blocks:
        sections.append(Section(heading_path(levels), tuple(blocks)))
    return sections


def _paragraphs(text: str) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip():
            found[-1].append(line.rstrip())
        elif found[-1]:
            found.append([])
    return [lines for lines in found if lines]


def _heading(
    lines: list[str], following: list[str], marks: list[str], first: bool
) -> tuple[int, str, list[str]] | None:
    """(level, name, the lines after it) where a paragraph begins with a heading or is one."""
    if len(lines) > 2 and lines[0] == lines[2] and _UNDERLINE.fullmatch(lines[0].strip()):
        lines = lines[1:]  # a line above it as well
    name = lines[0].strip()
    if len(lines) > 1 and len(name) <= 100 and _is_underline(lines[1].strip(), name):
        mark = lines[1].strip()[0]
        if mark not in marks:
            marks.append(mark)
        return (1 if first else marks.index(mark) + 2), name.rstrip(":"), lines[2:]
    if len(lines) > 1 or len(name) > 80 or lines[0][:1].isspace() or name.endswith((".", ",", ";")):
        return None
    if found := _NUMBERED.fullmatch(name):
        after = _NUMBERED.fullmatch(following[0].strip()) if len(following) == 1 else None
        if following and not (after and _depth(after) == _depth(found)):  # else: a list
            return 2 + _depth(found), name, []
        return None
    letters = [char for char in name if char.isalpha()]
    if following and (NAMED.match(name) or (len(letters) > 3 and name.isupper() and len(name) <= 60)):
        return 2, name.rstrip(":"), []
    return None


def _is_underline(line: str, name: str) -> bool:
    return _UNDERLINE.fullmatch(line) is not None and len(line) >= 0.6 * len(name) and name[:1].isalnum()


def _depth(found: re.Match[str]) -> int:
    return found[1].count(".")


def paragraph(lines: Sequence[str]) -> Block:
    """Wrapped lines joined, one line for each item of a list; columns and indented listings as they are."""
    listed = any(_ITEM.match(line) for line in lines)
    plain = dedent("\n".join(lines)).split("\n")
    if len(lines) > 1 and not listed and _is_layout(lines, plain):
        return Block(OUTPUT, "\n".join(lines), "text")
    if (
        not listed
        and len(plain) > 1
        and not plain[0][:1].isspace()
        and all(line[:2] == "  " for line in plain[1:])
    ):
        return Block(
            PROSE, f"{plain[0]}: {' '.join(line.strip() for line in plain[1:])}"
        )  # a term and what it means
    joined: list[str] = []
    for line in plain:
        if joined and not _ITEM.match(line):
            joined[-1] = f"{joined[-1]} {line.strip()}"
        else:
            joined.append(line.rstrip() if joined else line.strip())
    return Block(PROSE, "\n".join(joined))


def _is_layout(lines: Sequence[str], plain: Sequence[str]) -> bool:
    """Columns, or indented lines that are too short to be sentences."""
    if any(_COLUMNS.search(line.strip()) for line in lines):
        return True
    indented = [line for line in lines if line.startswith("    ")]
    return bool(indented) and sum(len(line.split()) for line in indented) < 5 * len(indented)


def not_prose(text: str) -> str:
    """Why a text is no course text: numbers, a table, a list of words; "" where it may be one."""
    lines = [line for line in text[:400_000].split("\n") if line.strip()][:3000]
    if len(lines) < 20:
        return ""
    characters = sum(not char.isspace() for line in lines for char in line)
    if sum(char.isalpha() for line in lines for char in line) < 0.35 * characters:
        return "mostly numbers and signs, taken for data"
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in lines]
        usual = mode(counts)
        if usual >= 2 and counts.count(usual) >= 0.9 * len(counts):
            return "a table of values, taken for data"
    if len(lines) >= 200 and sum(len(line.split()) <= 2 for line in lines) >= 0.95 * len(lines):
        return "a list of words, taken for data"
    return ""
