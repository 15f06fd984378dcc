r"""Formulas in MathML, as web pages hold them -> LaTeX, read piece by piece while a page is parsed.

The author's own LaTeX is taken where the page carries it: in an annotation (KaTeX, Wikipedia, pandoc), in `data-latex`
(MathJax 4), in `alttext` (LaTeXML). Else the elements are put into words of LaTeX, as far as lectures use them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from knowledge.formulas import FUNCTIONS, SIGNS

DEEPEST = 60  # elements within elements; those below are read as if they stood in the last one
LONGEST = 5000  # characters of a formula
LOST = "[formula]"  # what stands for one of which the page holds only the drawing

_NAMES_TEXT = (
    "math mi mo mn mtext ms mspace mrow mstyle mpadded mphantom merror menclose msup msub msubsup munder mover "
    "munderover mmultiscripts mprescripts none mfrac msqrt mroot mfenced mtable mtr mlabeledtr mtd semantics "
    "annotation annotation-xml maction"
)
NAMES = frozenset(_NAMES_TEXT.split())
_ACCENTS = {
    "^": "hat", "ˆ": "hat", "\u0302": "hat", "~": "tilde", "˜": "tilde", "\u0303": "tilde", "∼": "tilde",
    "¯": "bar", "‾": "bar", "―": "bar", "_": "bar", "\u0304": "bar", "\u0305": "bar", "→": "vec", "\u20d7": "vec",
    "˙": "dot", "\u0307": "dot", "¨": "ddot",
}  # fmt: skip
_VARIANTS = {"double-struck": "mathbb", "bold": "mathbf", "script": "mathcal", "fraktur": "mathfrak"}
_LIMITS = frozenset({"\\sum", "\\prod", "\\int", "⋃", "⋂", "∐", "\\lim", "\\max", "\\min", "\\sup", "\\inf"})
_OPERATORS = frozenset({"argmin", "argmax", "arg min", "arg max"})
_RUNS_ON = re.compile(r"(?:\\[A-Za-z]+|[_^]\w)\Z")
_ONE = re.compile(r".|\\[A-Za-z]+|\\.", re.S)


@dataclass
class _Element:
    name: str
    attributes: dict[str, str]
    parts: list[str] = field(
        default_factory=list
    )  # the LaTeX of what is inside, one for each element or text


class Formula:
    """Takes the calls of a parser between `<math>` and `</math>`, or inside MathJax's element around it."""

    def __init__(self, displayed: bool) -> None:
        self._displayed = displayed
        self._open: list[_Element] = []
        self._source = ""  # the author's LaTeX
        self._converted: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._source:
            self._source = attributes.get("data-latex", "").strip()
        if name == "math":
            self._displayed |= attributes.get("display") == "block"
            alternative = attributes.get("alttext", "")
            if not self._source and re.search(r"[\\^_]", alternative):
                self._source = alternative.strip()
        if name in NAMES and (self._open or name == "math") and len(self._open) < DEEPEST:
            self._open.append(_Element(name, attributes))

    def end(self, name: str) -> None:
        if not any(element.name == name for element in self._open):
            return
        while self._open:
            element = self._open.pop()
            self._close(element)
            if element.name == name:
                return

    def data(self, text: str) -> None:
        if self._open and text.strip():
            self._open[-1].parts.append(text)

    def markdown(self) -> str:
        """The formula between dollar signs; LOST where the page holds no more than a drawing of it."""
        while self._open:
            self._close(self._open.pop())
        source = _undressed(self._source) or " ".join(_joined(self._converted).split())
        if not source or len(source) > LONGEST:
            return LOST
        mark = "$$" if self._displayed else "$"
        return f"{mark}{source}{mark}"

    def _close(self, element: _Element) -> None:
        if element.name == "annotation":
            if "tex" in element.attributes.get("encoding", "") and not self._source:
                self._source = "".join(element.parts).strip()
            return
        latex = _latex(element)
        above = self._open[-1].parts if self._open else self._converted
        above.append(latex if len(latex) <= LONGEST else "")


def _undressed(source: str) -> str:
    r"""Wikipedia puts each formula into `{\displaystyle …}`."""
    if source.startswith("{\\displaystyle") and source.endswith("}"):
        source = source[len("{\\displaystyle") : -1]
    return source.strip()


def _joined(parts: list[str]) -> str:
    """Parts one after the other, with a space where a command or a script would run into a letter."""
    told = ""
    for part in parts:
        if part[:1].isalnum() and _RUNS_ON.search(told[-30:]):
            told += " "
        told += part
    return told


def _latex(element: _Element) -> str:
    make = _MAKERS.get(element.name)
    if make is not None:
        return make(element)
    return "" if element.name in ("annotation-xml", "mphantom", "none") else _joined(element.parts)


def _signs(text: str) -> str:
    return "".join("\\backslash " if char == "\\" else SIGNS.get(char, char) for char in text).replace(
        "|", "\\vert "
    )


def _identifier(element: _Element) -> str:
    text = " ".join("".join(element.parts).split())
    if text in FUNCTIONS:
        return f"\\{text} "
    if text in _OPERATORS:
        return f"\\operatorname*{{{text}}}"
    command = _VARIANTS.get(element.attributes.get("mathvariant", ""))
    if command:
        return f"\\{command}{{{_signs(text).strip()}}}"
    return f"\\mathrm{{{text}}}" if len(text) > 1 and text.isalnum() and text.isascii() else _signs(text)


def _operator(element: _Element) -> str:
    text = "".join(element.parts).strip()
    return _identifier(element) if len(text) > 1 and text.isalpha() else _signs(text)


def _words(element: _Element) -> str:
    text = " ".join("".join(element.parts).replace("\\", "").split())
    text = re.sub(r"([{}$%&#_])", r"\\\1", text)
    return f"\\text{{{text}}}" if text else " "


def _argument(element: _Element, place: int) -> str:
    return element.parts[place].strip() if place < len(element.parts) else ""


def _script(mark: str, text: str) -> str:
    if not text:
        return ""
    return f"{mark}{text}" if _ONE.fullmatch(text) else f"{mark}{{{text}}}"


def _base(text: str) -> str:
    single = _ONE.fullmatch(text) or re.fullmatch(r"\\[a-z]+\*?\{[^{}]*\}", text)
    return text if single or not text else f"{{{text}}}"


def _superscript(element: _Element) -> str:
    high = _argument(element, 1)
    base = _base(_argument(element, 0))
    prime = high.replace("′", "'").replace("″", "''")
    return base + (prime if prime and set(prime) == {"'"} else _script("^", high))


def _subscript(element: _Element) -> str:
    return _base(_argument(element, 0)) + _script("_", _argument(element, 1))


def _both(element: _Element) -> str:
    low, high = _argument(element, 1), _argument(element, 2)
    return _base(_argument(element, 0)) + _script("_", low) + _script("^", high)


def _under(element: _Element) -> str:
    base, low = _argument(element, 0), _argument(element, 1)
    if base in _LIMITS or base.startswith("\\operatorname*"):
        return base + _script("_", low)
    return f"\\underbrace{{{base}}}" if low == "⏟" else f"\\underset{{{low}}}{{{base}}}"


def _over(element: _Element) -> str:
    base, high = _argument(element, 0), _argument(element, 1)
    sign = {"\\to": "→", "\\sim": "~"}.get(high, high)
    if sign in _ACCENTS:
        wide = {"bar": "overline", "vec": "overrightarrow", "hat": "widehat", "tilde": "widetilde"}
        name = _ACCENTS[sign]
        return f"\\{name if _ONE.fullmatch(base) else wide.get(name, name)}{{{base}}}"
    if base in _LIMITS:
        return base + _script("^", high)
    return f"\\overbrace{{{base}}}" if high == "⏞" else f"\\overset{{{high}}}{{{base}}}"


def _fraction(element: _Element) -> str:
    over, under = _argument(element, 0), _argument(element, 1)
    if re.fullmatch(r"0(?:\.0+)?\s*(?:px|pt|em)?", element.attributes.get("linethickness", "")):
        return f"\\genfrac{{}}{{}}{{0pt}}{{}}{{{over}}}{{{under}}}"
    return f"\\frac{{{over}}}{{{under}}}"


def _root(element: _Element) -> str:
    if element.name == "msqrt":
        return f"\\sqrt{{{_joined(element.parts).strip()}}}"
    return f"\\sqrt[{_argument(element, 1)}]{{{_argument(element, 0)}}}"


def _fenced(element: _Element) -> str:
    left, right = element.attributes.get("open", "("), element.attributes.get("close", ")")
    between = element.attributes.get("separators", ",").strip()[:1]
    inside = between.join(part.strip() for part in element.parts)
    return f"{_signs(left)}{inside}{_signs(right)}"


def _table(element: _Element) -> str:
    rows = [part.strip().removesuffix("&").strip() for part in element.parts]
    name = "aligned" if "right left" in element.attributes.get("columnalign", "") else "matrix"
    return f"\\begin{{{name}}} " + r" \\ ".join(rows) + f" \\end{{{name}}}"


def _row(element: _Element) -> str:
    return "".join(element.parts)


def _cell(element: _Element) -> str:
    return f"{_joined(element.parts).strip()} & "


_MAKERS: dict[str, Callable[[_Element], str]] = {
    "mi": _identifier, "mo": _operator, "mn": lambda element: _signs("".join(element.parts).strip()),
    "mtext": _words, "ms": _words, "mspace": lambda _: " ", "msup": _superscript, "msub": _subscript,
    "msubsup": _both, "munder": _under, "mover": _over, "munderover": _both, "mfrac": _fraction, "msqrt": _root,
    "mroot": _root, "mfenced": _fenced, "mtable": _table, "mtr": _row, "mlabeledtr": _row, "mtd": _cell,
}  # fmt: skip
