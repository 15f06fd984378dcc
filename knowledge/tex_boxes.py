r"""What stands apart from the running text of a LaTeX file: solutions, speaker notes, boxes, questions, units."""

from __future__ import annotations

import re

from knowledge.tex_macros import rewritten

_STATEMENTS_TEXT = (
    "theorem lemma definition proof corollary proposition example remark exercise algorithm block alertblock "
    "exampleblock"
)
STATEMENTS = _STATEMENTS_TEXT.split()
_APART_TEXT = "figure table wrapfigure tcolorbox mdframed abstract quote quotation column columns center"
_APART = frozenset([*STATEMENTS, *_APART_TEXT.split()])
_LISTS = frozenset(["itemize", "enumerate", "description"])
_EDGE = re.compile(r"\\(begin|end)\{([A-Za-z]{1,30})\*?\}")
_HEAD = re.compile(r"\\(begin|end)\{([A-Za-z]{1,30})\}(?:\s{0,9}\[([^\]]{0,300})\])?")
_SOLUTION = re.compile(
    r"\\(begin|end)\{(solutions?|soln|sol|solutionbox|solutionorbox|solutionorlines|solutionordottedlines|answers?|"
    r"hint)\*?\}(?:\[[^\]\n]{0,60}\])?",
    re.I,
)
_NOTE = re.compile(r"\\note(?![A-Za-z])\s{0,9}(?:<[^>\n]{0,20}>)?\s{0,9}(?:\[[^\]\n]{0,30}\])?\s{0,9}(?=\{)")
_NOTES_AFTER_FRAME = re.compile(r"\\end\{frame\}((?:\s{0,50}\x03[^\x03\x04]{1,20000}\x04){1,20})")
_TITLED_BOX = re.compile(r"\\begin\{(?:tcolorbox|mdframed)\}\s{0,9}\[([^\]]{0,1500})\]\s{0,20}")
_BOX_TITLE = re.compile(
    r"(?<![A-Za-z])(?:frame)?title\s{0,9}=\s{0,9}((?:[^,{}]|\{(?:[^{}]|\{[^{}]{0,200}\}){0,200}\}){1,300})"
)
_SETS = re.compile(
    r"\\(?:textcolor\s?\{[^{}]{0,60}\}|hspace\*?)\s?\{[^{}]{0,60}\}"
)  # in front of a title: a sign
_OWN_BOX = re.compile(
    r"\\(?:re)?newtcolorbox\s{0,9}(?:\[[^\]]{0,200}\])?\s{0,9}\{([A-Za-z]{1,30})\}\s{0,9}\["
)
_OWN_STATEMENT = re.compile(
    r"\\newtheorem\*?\s{0,9}\{([A-Za-z]{1,30})\}\s{0,9}(?:\[[^\]]{0,40}\])?\s{0,9}\{([^{}]{1,60})\}"
)
_LISTING_FILE = re.compile(
    r"\\(?:lstinputlisting|verbatiminput|VerbatimInput|inputminted(?:\[[^\]]{0,300}\])?\{[^{}]{0,40}\})"
    r"(?:\[[^\]]{0,300}\])?\{([^{}]{1,200})\}"
)
_QUESTION = re.compile(r"\\question(?![A-Za-z])(?:\[[^\]\n]{0,20}\])?")
_QUESTION_PART = re.compile(
    r"\\(?:(?:sub){0,2}part|(?:Correct)?[cC]hoice)(?![A-Za-z*])(?:\[[^\]\n]{0,20}\])?(?!\s{0,9}\{)"
)
_QUANTITY = re.compile(r"\\(SI|qty)(?![A-Za-z])(?:\[[^\]\n]{0,100}\])?(?=\{)")
_UNIT = re.compile(r"\\(?:si|unit)(?![A-Za-z])(?:\[[^\]\n]{0,100}\])?(?=\{)")
_NUMBER = re.compile(r"\\(num|ang)(?![A-Za-z])(?:\[[^\]\n]{0,100}\])?(?=\{)")
_UNIT_WORD = re.compile(r"\\([A-Za-z]+)|[^\\\s]+")
_UNITS = {
    "metre": "m", "meter": "m", "second": "s", "gram": "g", "kilogram": "kg", "ampere": "A", "kelvin": "K",
    "mole": "mol", "hertz": "Hz", "newton": "N", "joule": "J", "watt": "W", "volt": "V", "ohm": "Ω", "byte": "B",
    "bit": "bit", "percent": "%", "degree": "°", "celsius": "°C", "degreeCelsius": "°C", "minute": "min", "hour": "h",
    "day": "d", "litre": "l", "liter": "l", "electronvolt": "eV", "decibel": "dB", "pixel": "px", "pascal": "Pa",
    "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "milli": "m", "micro": "µ", "nano": "n", "centi": "c",
    "kibi": "Ki", "mebi": "Mi", "gibi": "Gi", "squared": "^2", "cubed": "^3", "per": "/",
}  # fmt: skip
_JOINED_TEXT = "kilo mega giga tera milli micro nano centi kibi mebi gibi per"
_JOINED = frozenset(_JOINED_TEXT.split())


def apart(text: str, whole: str) -> str:
    """The text with what stands apart in paragraphs of its own, under the names that readers see.

    Parameters
    ----------
    text
        What is between `\\begin{document}` and its end.
    whole
        The file with its preamble, which may name boxes and statements of its own.
    """
    text = _own_names(text, whole)
    text = _SOLUTION.sub(_solution, text)
    text = _with_notes(text)
    text = _TITLED_BOX.sub(_box, text)
    text = _LISTING_FILE.sub(lambda found: f"\n\n[Listing: {found[1]}]\n\n", text)
    if "\\begin{questions}" in text:
        text = _QUESTION_PART.sub(r"\\item ", _QUESTION.sub("\n\n", text))
    return _paragraphs(text)


def _own_names(text: str, whole: str) -> str:
    """Boxes and statements that the file names itself, as those that every file knows."""
    boxes = set(_OWN_BOX.findall(whole)) - _APART
    own = {name: said for name, said in _OWN_STATEMENT.findall(whole) if name not in _APART}
    if not boxes and not own:
        return text

    def head(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        if name in boxes:
            return f"\\{kind}{{block}}{f'[{found[3]}]' if found[3] else ''}"
        if name not in own:
            return found[0]
        title = f" ({found[3]})" if found[3] else ""
        return f"\n\n**{own[name]}{title}.** " if kind == "begin" else "\n\n"

    return _HEAD.sub(head, text)


def _solution(found: re.Match[str]) -> str:
    if found[1] == "end":
        return "\n\n"
    name = found[2].lower()
    said = "Hint" if name == "hint" else "Answer" if name.startswith("answer") else "Solution"
    return f"\n\n**{said}:** "


def _with_notes(text: str) -> str:
    """What beamer shows to the speaker, marked; notes that follow a slide belong to it."""
    if "\\note" not in text:
        return text
    text = rewritten(
        text.replace("\x03", "").replace("\x04", ""), _NOTE, 1, lambda _, groups: f"\x03{groups[0]}\x04"
    )
    text = _NOTES_AFTER_FRAME.sub(lambda found: f"{found[1]}\\end{{frame}}", text)
    return text.replace("\x03", "\n\nSpeaker notes: ").replace("\x04", "\n\n")


def _box(found: re.Match[str]) -> str:
    title = _BOX_TITLE.search(found[1])
    words = _SETS.sub(" ", title[1]).strip() if title else ""
    return f"\\begin{{tcolorbox}}\n**{words}**\n" if words else "\\begin{tcolorbox} "


def _paragraphs(text: str) -> str:
    """An empty line around boxes, and behind a list."""
    depth = 0

    def edge(found: re.Match[str]) -> str:
        nonlocal depth
        begins, name = found[1] == "begin", found[2]
        if name in _LISTS:
            depth = depth + 1 if begins else max(depth - 1, 0)
            return found[0] if begins or depth else f"{found[0]}\n\n"
        if name not in _APART:
            return found[0]
        return f"\n\n{found[0]}" if begins else f"{found[0]}\n\n"

    return _EDGE.sub(edge, text)


def with_units(text: str, formula: bool) -> str:
    """Numbers and units of siunitx written out, for a formula or for the running text."""
    if "\\" not in text:
        return text

    def unit(source: str) -> str:
        words = _unit(source)
        return (
            f"\\mathrm{{{words.replace('%', chr(92) + '%')}}}"
            if formula and words
            else words.replace("%", "\\%")
        )

    def quantity(_: re.Match[str], groups: list[str]) -> str:
        space = "\\," if formula else " "
        return f"{groups[0]}{space}{unit(groups[1])}"

    def number(found: re.Match[str], groups: list[str]) -> str:
        return groups[0] + ("" if found[1] == "num" else "^\\circ" if formula else "°")

    text = rewritten(text, _QUANTITY, 2, quantity)
    text = rewritten(text, _UNIT, 1, lambda _, groups: unit(groups[0]))
    return rewritten(text, _NUMBER, 1, number)


def _unit(source: str) -> str:
    told = ""
    follows = True  # what comes next is written without a space
    for found in _UNIT_WORD.finditer(source):
        name = found[1]
        word = found[0] if name is None else _UNITS.get(name, name)
        told += word if follows or word[:1] in "^/" else f" {word}"
        follows = name in _JOINED
    return told
