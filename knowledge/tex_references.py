r"""References in LaTeX put into words: `\ref` by the heading or the caption that it means, `\cite` by its key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from knowledge.tex_macros import braces, group

LONGEST_NAME = 80  # characters of a heading or a caption: a longer one is not repeated

_ENVIRONMENTS = {
    "figure": "figure", "wrapfigure": "figure", "subfigure": "figure", "table": "table", "wraptable": "table",
    "longtable": "table", "algorithm": "algorithm", "listing": "listing", "equation": "equation", "align": "equation",
    "gather": "equation", "multline": "equation", "eqnarray": "equation", "theorem": "theorem", "lemma": "lemma",
    "definition": "definition", "proposition": "proposition", "corollary": "corollary", "example": "example",
}  # fmt: skip
_PREFIXES = {
    "fig": "figure", "tab": "table", "tbl": "table", "alg": "algorithm", "lst": "listing", "eq": "equation",
    "eqn": "equation", "sec": "section", "subsec": "section", "ch": "chapter", "chap": "chapter", "thm": "theorem",
    "lem": "lemma", "def": "definition", "prop": "proposition", "cor": "corollary", "ex": "example", "app": "appendix",
}  # fmt: skip
_KINDS = frozenset({*_ENVIRONMENTS.values(), *_PREFIXES.values(), "appendix"})
_PLACE = re.compile(
    r"\\label\s{0,9}\{([^{}]{1,100})\}|\\(begin|end)\s{0,9}\{([A-Za-z]{1,20})\*?\}"
    r"|\\(caption|part|chapter|section|subsection|subsubsection)\*?\s{0,9}(?:\[[^\]]{0,300}\]\s{0,9})?(?=\{)"
)
_REFERENCE = re.compile(
    r"(?:(?<![A-Za-z\\])([A-Za-z]{2,12}\.?)(?:~|\\ |[ \n]))?(\()?"
    r"\\(eqref|ref|[cC]ref|autoref|nameref|vref)\*?\s{0,9}\{([^{}]{1,200})\}(?(2)\))"
)
_PAGE = re.compile(r"[~ ]?(?:\bon[~ ])?(?:\bpage[~ ])?\\pageref\{[^{}]{1,100}\}")
_CITE = re.compile(
    r"\\(?:cite|[cC]ite[tp]|citealp|citealt|citeauthor|citeyear|parencite|textcite|autocite|footcite)\*?"
    r"(?:\[([^\]]{0,200})\])?(?:\[([^\]]{0,200})\])?\s{0,9}\{([^{}]{1,300})\}"
)
_SECTIONS = frozenset(["section", "chapter", "appendix"])
_SHORT = {"sec": "section", "fig": "figure", "tab": "table", "eq": "equation", "eqn": "equation", "chap": "chapter",
          "alg": "algorithm", "thm": "theorem", "def": "definition", "app": "appendix", "ch": "chapter"}  # fmt: skip


@dataclass
class _Place:
    """What a label may stand in."""

    kind: str
    name: str = ""
    labels: list[str] = field(default_factory=list)


def labelled(text: str) -> dict[str, tuple[str, str]]:
    """Label -> (kind, name): `{"fig:a": ("figure", "A margin."), "eq:b": ("equation", "")}`."""
    known: dict[str, tuple[str, str]] = {}
    section, heading_end = _Place(""), 0
    around: list[_Place] = []
    pairs: dict[int, int] | None = None

    def leave(place: _Place) -> None:
        known.update((label, (place.kind, place.name)) for label in place.labels)

    for found in _PLACE.finditer(text):
        here = around[-1] if around else section
        if found[1]:
            between = text[max(heading_end, found.start() - 200) : found.start()]
            if around or not between.strip():  # else it names some other thing in the section
                here.labels.append(found[1].strip())
        elif found[2] == "begin" and found[3] in _ENVIRONMENTS:
            around.append(_Place(_ENVIRONMENTS[found[3]]))
        elif found[2] == "end" and found[3] in _ENVIRONMENTS and around:
            leave(around.pop())
        elif found[4]:
            pairs = braces(text) if pairs is None else pairs
            name, after = group(text, found.end(), pairs)
            name = " ".join(re.sub(r"\\label\{[^{}]{1,100}\}", "", name[:500]).split()).rstrip(".")
            name = name if len(name) <= LONGEST_NAME else ""
            if found[4] == "caption":
                here.name = here.name or (name if around else "")
            else:
                leave(section)
                section, heading_end = _Place("chapter" if found[4] == "chapter" else "section", name), after
    for place in (section, *around):
        leave(place)
    return known


def with_references(text: str, known: dict[str, tuple[str, str]]) -> str:
    """The text with words in the place of `\\ref`, `\\cref`, `\\eqref`, `\\pageref` and `\\cite`.

    Parameters
    ----------
    known
        What `labelled` found.
    """
    text = _PAGE.sub("", text)
    text = _CITE.sub(_cited, text)
    return _REFERENCE.sub(lambda found: _meant(found, known), text)


def _cited(found: re.Match[str]) -> str:
    note = (found[2] or found[1] or "").strip()
    keys = ", ".join(key.strip() for key in found[3].split(",") if key.strip())
    return f"[{keys}, {note}]" if note else f"[{keys}]"


def _meant(found: re.Match[str], known: dict[str, tuple[str, str]]) -> str:
    before, command = found[1] or "", found[3]
    word = before.rstrip(".").lower()
    word = _SHORT.get(word, word if word in _KINDS else word.removesuffix("s"))
    word = word if word in _KINDS else ""
    told = []
    for key in (key.strip() for key in found[4].split(",")):
        kind, name = known.get(key, ("", ""))
        kind = word or kind or _PREFIXES.get(key.partition(":")[0].lower(), "")
        kind = "equation" if command == "eqref" else kind
        if name:
            told.append(
                f"{'' if word or command in ('ref', 'nameref') else kind.capitalize() + ' '}``{name}''"
            )
        elif kind and (word or not before[:1].isupper() or command != "ref"):
            elsewhere = key not in known and kind in _SECTIONS
            told.append(f"another {kind}" if elsewhere else f"the {kind}")
        else:
            told.append(f"[{key}]")
    words = " and ".join(dict.fromkeys(told))
    if word and words.startswith(("the ", "another ")):  # it takes the place of the word before
        before = ""
    if (before == "" and _starts_a_sentence(found)) or command == "Cref":
        words = words[:1].upper() + words[1:]
    if found[2] and not words.lower().startswith("the equation"):
        words = f"({words})"
    return f"{before} {words}" if before else words


def _starts_a_sentence(found: re.Match[str]) -> bool:
    earlier = found.string[max(found.start() - 40, 0) : found.start()]
    return (
        not earlier.strip() or earlier.rstrip().endswith((".", "!", "?", ":", "}")) or "\n\n" in earlier[-3:]
    )
