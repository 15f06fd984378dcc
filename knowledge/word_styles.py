"""What the styles and the numbering of a Word document say of a paragraph: heading, code, hidden, item of which list.

ECMA-376, part 1, sections 17.7 (styles) and 17.9 (numbering). Knows nothing of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from knowledge.listings import is_even

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DEEPEST = 8  # of the levels of a list, counted from 0

_HEADING = re.compile(r"heading (\d)", re.I)
_CODE = re.compile(r"\b(?:code|listing|preformatted|verbatim|program)\b", re.I)
_NO_CODE = re.compile(r"caption|title|heading|list\b", re.I)
_LIST = re.compile(r"list(?: bullet| number| continue)?(?: (\d))?", re.I)


@dataclass(frozen=True)
class Style:
    level: int = 0  # 0: no heading; 1: the title; -1: of the table of contents
    code: bool = False  # by its name
    even: bool | None = None  # set in letters of equal width; None: it names no font
    hidden: bool = False
    item: int = 0  # 0: no item of a list; 1 and deeper
    numbering: tuple[str, int] | None = None  # (list, depth from 0)


PLAIN = Style()


def styles(root: Any) -> dict[str, Style]:
    """The styles by their ids; "" is that of paragraphs that name none. A style counts as what it is based on."""
    elements = {node.get(f"{W}styleId", ""): node for node in root.iter(f"{W}style")}
    found = {name: _style(name, list(_chain(name, elements))) for name in elements}
    usual = next(
        (
            name
            for name, node in elements.items()
            if node.get(f"{W}default") in ("1", "true") and node.get(f"{W}type") == "paragraph"
        ),
        "",
    )
    return {"": found.get(usual, PLAIN), **found}


def _chain(name: str, elements: dict[str, Any]) -> Iterator[Any]:
    for _ in range(10):
        if name not in elements:
            return
        yield elements[name]
        name = value(elements[name], "basedOn")


def _style(name: str, chain: list[Any]) -> Style:
    names = [value(node, "name").lower() for node in chain]
    fonts = [font for node in chain if (font := font_of(node.find(f"{W}rPr")))]
    hidden = next(
        (is_on(mark) for node in chain if (mark := node.find(f"{W}rPr/{W}vanish")) is not None), False
    )
    numbers = next((mark for node in chain if (mark := node.find(f"{W}pPr/{W}numPr")) is not None), None)
    listed = next((found for found in map(_LIST.fullmatch, names) if found), None)
    return Style(
        level=next((level for at, node in zip(names, chain, strict=True) if (level := _level(at, node))), 0),
        code=any(_CODE.search(at) and not _NO_CODE.search(at) for at in names),
        even=is_even(fonts[0]) if fonts else None,
        hidden=hidden,
        item=max(int(listed[1] or 1), 1) if listed else 0,
        numbering=numbering_of(numbers),
    )


def _level(name: str, node: Any) -> int:
    if name == "title":
        return 1
    if found := _HEADING.fullmatch(name):
        return int(found[1]) + 1
    if level := outline_level(node.find(f"{W}pPr")):
        return level
    # The table of contents says nothing that the headings do not say.
    return -1 if name.startswith("toc ") else 0


def value(node: Any, *path: str) -> str:
    """The value of an element inside another, "" where there is none."""
    found = node.find("/".join(W + name for name in path)) if node is not None else None
    return "" if found is None else str(found.get(f"{W}val", ""))


def is_on(mark: Any) -> bool:
    return mark is not None and mark.get(f"{W}val", "1") not in ("0", "false", "none", "off")


def outline_level(properties: Any) -> int:
    level = value(properties, "outlineLvl")
    return int(level) + 2 if level.isdecimal() and int(level) < 9 else 0


def font_of(properties: Any) -> str:
    fonts = properties.find(f"{W}rFonts") if properties is not None else None
    return "" if fonts is None else str(fonts.get(f"{W}ascii") or fonts.get(f"{W}hAnsi") or "")


def numbering_of(mark: Any) -> tuple[str, int] | None:
    """(list, depth) that a `w:numPr` names."""
    name, depth = value(mark, "numId"), value(mark, "ilvl")
    return (name, min(int(depth), DEEPEST) if depth.isdecimal() else 0) if name else None


# --- numbers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Level:
    form: str = "bullet"  # decimal, lowerLetter, …
    text: str = ""  # "%1.", "Problem %1:"
    start: int = 1


class Numbering:
    """Counts the items of a document's lists, in the order in which they are asked for."""

    def __init__(self, root: Any | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}  # by definition
        self._definition: dict[str, str] = {}  # of each list: some lists share one, and count on
        self._starts: dict[str, dict[int, int]] = {}  # where a list begins anew
        self._begun: set[tuple[str, int]] = set()
        self._counts: dict[str, dict[int, int]] = {}
        if root is None:
            return
        for node in root.iter(f"{W}abstractNum"):
            self._levels[node.get(f"{W}abstractNumId", "")] = dict(map(_numbered, node.iter(f"{W}lvl")))
        for node in root.iter(f"{W}num"):
            name, definition = node.get(f"{W}numId", ""), value(node, "abstractNumId")
            own = dict(map(_numbered, node.iter(f"{W}lvl")))
            if own:  # levels of its own: a definition of its own
                self._levels[f"list {name}"] = {**self._levels.get(definition, {}), **own}
                definition = f"list {name}"
            self._definition[name] = definition
            starts = ((mark.get(f"{W}ilvl", ""), value(mark, "startOverride")) for mark in node)
            self._starts[name] = {
                int(depth): int(first) for depth, first in starts if depth.isdecimal() and first.isdecimal()
            }

    def label(self, name: str, depth: int) -> str:
        """The label of the next item: "2.", "(b)", "Problem 3"; "" for a bullet."""
        definition = self._definition.get(name, "")
        levels, counts = self._levels.get(definition, {}), self._counts.setdefault(definition, {})
        level = levels.get(depth)
        if level is None:
            return ""
        if depth in self._starts.get(name, {}) and (name, depth) not in self._begun:
            counts[depth] = self._starts[name][depth]
        else:
            counts[depth] = counts[depth] + 1 if depth in counts else level.start
        self._begun.add((name, depth))
        for deeper in [known for known in counts if known > depth]:
            del counts[deeper]
        if level.form in ("bullet", "none"):
            return ""

        def number(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            other = levels.get(at, level)
            return _number(counts.get(at, other.start), other.form)

        return " ".join(re.sub(r"%([1-9])", number, level.text).split())


def _numbered(node: Any) -> tuple[int, _Level]:
    depth, start = node.get(f"{W}ilvl", ""), value(node, "start")
    level = _Level(
        value(node, "numFmt") or "decimal",
        value(node, "lvlText")[:100],
        int(start) if start.isdecimal() else 1,
    )
    return int(depth) if depth.isdecimal() else 0, level


def _number(count: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and 0 < count <= 780:
        letter = chr(ord("a") + (count - 1) % 26) * (1 + (count - 1) // 26)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman") and 0 < count < 4000:
        roman = _roman(count)
        return roman.lower() if form == "lowerRoman" else roman
    return str(count)


_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def _roman(count: int) -> str:
    told = ""
    for worth, sign in _ROMAN:
        told += sign * (count // worth)
        count %= worth
    return told
