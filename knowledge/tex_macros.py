r"""Macros that a LaTeX file defines itself, written out: `\newcommand`, `\def`, `\DeclareMathOperator` and the like.

Only what words and formulas need: a macro that tests something, or that redefines the structure, stays as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_GROUP = 20_000  # characters between two braces
LONGEST_BODY = 400  # of a macro
LONGEST_ARGUMENT = 2000
MOST_PASSES = 5  # macros in macros
GROWTH = 100_000  # characters that a file may become longer than three times its length

# In front of a macro written out behind a brace: what it stands for is no further argument of a command before it.
SEAM = "\x05"

_BRACE = re.compile(r"\\.|[{}]", re.S)
_NAME = r"\s{0,9}\{?\s{0,9}\\([A-Za-z]+)\s{0,9}\}?\s{0,9}"
_DEFINITIONS = (
    re.compile(
        rf"\\(?:new|renew|provide)command\*?{_NAME}(?:\[(\d)\])?\s{{0,9}}(?:\[([^\]]{{0,100}})\])?\s{{0,9}}(?=\{{)"
    ),
    re.compile(r"\\[gex]?def\s{0,9}\\([A-Za-z]+)\s{0,9}((?:#\d){0,9})\s{0,9}(?=\{)"),
    re.compile(rf"\\DeclareMathOperator(\*?){_NAME}(?=\{{)"),
    re.compile(rf"\\DeclarePairedDelimiter{_NAME}(?=\{{)"),
)
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)|.)", re.S)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[^\s{}]", re.S)
_LAST_WORD = re.compile(r"\\[A-Za-z]+\Z")
_NOT_SIMPLE = re.compile(r"@|##|\\(?:if|else|fi|csname|def|let|newcommand|renewcommand|catcode|global)")
# What is no value by itself, and is not set in braces.
_BARE = re.compile(
    r"&|\\\\|\\(?:begin|end|operatorname|left|right|item|section|subsection|par|xspace)(?![A-Za-z])"
)
_STRUCTURE_TEXT = (
    "part chapter section subsection subsubsection paragraph frametitle title item begin end cite ref eqref label "
    "footnote caption includegraphics input include maketitle frac sqrt text textbf emph note"
)
_STRUCTURE = frozenset(_STRUCTURE_TEXT.split())


@dataclass(frozen=True)
class Macro:
    body: str  # with #1, #2, … for the arguments
    arguments: int = 0
    default: str | None = None  # of the first argument, which is optional then
    starred: bool = False  # a star after its name changes nothing, and its argument stands in braces


# Of packages that no browser knows; a file may define them otherwise.
_KNOWN = {
    "norm": Macro(r"\lVert #1\rVert", 1, starred=True),
    "abs": Macro(r"\lvert #1\rvert", 1, starred=True),
    "mathbbm": Macro(r"\mathbb{#1}", 1),
    "mathds": Macro(r"\mathbb{#1}", 1),
    "nicefrac": Macro(r"{#1}/{#2}", 2),
}


def braces(text: str) -> dict[int, int]:
    """The place of each opening brace and of its partner."""
    pairs: dict[int, int] = {}
    open_: list[int] = []
    for found in _BRACE.finditer(text):
        if found[0] == "{":
            open_.append(found.start())
        elif found[0] == "}" and open_:
            pairs[open_.pop()] = found.start()
    return pairs


def group(text: str, at: int, pairs: dict[int, int]) -> tuple[str, int]:
    """What stands between the brace at `at` and its partner, and the place behind it."""
    end = pairs.get(at)
    if end is None or end - at > LONGEST_GROUP:
        return "", at + (text[at : at + 1] == "{")
    return text[at + 1 : end], end + 1


def rewritten(
    text: str, pattern: re.Pattern[str], count: int, make: Callable[[re.Match[str], list[str]], str]
) -> str:
    """Each command that `pattern` finds, with `count` groups in braces behind it, replaced by what `make` says.

    A command without them stays. Groups are looked for behind what the pattern matches.
    """
    parts: list[str] = []
    position = 0
    pairs: dict[int, int] | None = None
    for found in pattern.finditer(text):
        if found.start() < position:
            continue
        pairs = braces(text) if pairs is None else pairs
        groups, after = groups_at(text, found.end(), count, pairs)
        if len(groups) == count:
            parts += [text[position : found.start()], make(found, groups)]
            position = after
    return "".join([*parts, text[position:]])


def groups_at(text: str, at: int, count: int, pairs: dict[int, int]) -> tuple[list[str], int]:
    """Up to `count` groups in braces, one after the other, and the place behind them."""
    groups: list[str] = []
    while len(groups) < count:
        while text[at : at + 1].isspace() or text[at : at + 1] == SEAM:
            at += 1
        inside, after = group(text, at, pairs)
        if at not in pairs or after != pairs[at] + 1:
            break
        groups.append(inside)
        at = after
    return groups, at


def definitions(text: str) -> tuple[dict[str, Macro], str]:
    """The macros of a file, and the file without their definitions."""
    macros = dict(_KNOWN)
    for number, pattern in enumerate(_DEFINITIONS):
        groups = 2 if number == len(_DEFINITIONS) - 1 else 1

        def take(found: re.Match[str], bodies: list[str], number: int = number) -> str:
            name, macro = _macro(number, found, bodies)
            if name not in _STRUCTURE and _simple(name, macro.body):
                macros[name] = macro
            return ""

        text = rewritten(text, pattern, groups, take)
    return macros, text


def _macro(number: int, found: re.Match[str], bodies: list[str]) -> tuple[str, Macro]:
    if number == 0:
        return found[1], Macro(bodies[0], int(found[2] or 0), found[3])
    if number == 1:
        return found[1], Macro(bodies[0], len(found[2]) // 2)
    if number == 2:
        return found[2], Macro(f"\\operatorname{found[1]}{{{bodies[0]}}}")
    left, right = (f"{side} " if side[-1:].isalpha() else side for side in bodies)
    return found[1], Macro(f"{left}#1{right}", 1, starred=True)


def _simple(name: str, body: str) -> bool:
    itself = re.search(rf"\\{name}(?![A-Za-z])", body)
    return len(body) <= LONGEST_BODY and not itself and not _NOT_SIMPLE.search(body)


def expanded(text: str, macros: dict[str, Macro]) -> str:
    """The text with its macros written out, within bounds: where they would grow without end, they stay."""
    most = 3 * len(text) + GROWTH
    for _ in range(MOST_PASSES):
        longer = _pass(text, macros, most)
        if longer == text:
            break
        text = longer
    return text.replace("\\xspace", "")


def _pass(text: str, macros: dict[str, Macro], most: int) -> str:
    parts: list[str] = []
    position = size = 0
    pairs = braces(text)
    for found in _COMMAND.finditer(text):
        macro = macros.get(found[1] or "")
        if macro is None or found.start() < position:
            continue
        arguments, after = _arguments(text, found.end(), macro, pairs)
        if len(arguments) < macro.arguments:
            continue
        body = _filled(macro.body, arguments)
        if body and not _BARE.search(body):
            seam = SEAM if text[found.start() - 1 : found.start()] == "}" else ""
            body = f"{seam}{{{body}}}"
        elif _LAST_WORD.search(body[-30:]) and text[after : after + 1].isalpha():
            body += " "
        parts += [text[position : found.start()], body]
        position = after
        size += len(body)
        if size > most:
            return text
    longer = "".join([*parts, text[position:]])
    return longer if len(longer) <= most else text


def _arguments(text: str, at: int, macro: Macro, pairs: dict[int, int]) -> tuple[list[str], int]:
    found: list[str] = []
    if macro.starred and text[at : at + 1] == "*":
        at += 1
    if macro.default is not None:
        end = text.find("]", at, at + 500) if text[at : at + 1] == "[" else -1
        found.append(text[at + 1 : end] if end > 0 else macro.default)
        at = end + 1 if end > 0 else at
    while len(found) < macro.arguments:
        inside, after = groups_at(text, at, 1, pairs)
        if not inside and macro.starred:
            break
        if not inside:
            token = _TOKEN.match(text, after)
            if token is None:
                break
            inside, after = [token[0]], token.end()
        if len(inside[0]) > LONGEST_ARGUMENT:
            break
        found.append(inside[0])
        at = after
    return found, at


def _filled(body: str, arguments: list[str]) -> str:
    """The body with its arguments put in; a command before one does not run into its letters."""

    def put(found: re.Match[str]) -> str:
        number = int(found[1])
        argument = arguments[number - 1] if 0 < number <= len(arguments) else ""
        before = body[max(found.start() - 30, 0) : found.start()]
        return f" {argument}" if argument[:1].isalpha() and _LAST_WORD.search(before) else argument

    return re.sub(r"#(\d)", put, body)
