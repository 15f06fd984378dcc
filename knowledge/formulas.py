"""Formulas of Word and PowerPoint (Office MathML) -> LaTeX, as far as lectures use it.

ECMA-376, part 1, section 22.1 names the elements. Knows nothing of the files they stand in.
"""

from __future__ import annotations

from typing import Any

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"

SIGNS = {
    "∑": r"\sum ", "∏": r"\prod ", "∫": r"\int ", "∞": r"\infty ", "∂": r"\partial ", "∇": r"\nabla ",
    "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "∈": r"\in ", "→": r"\to ", "←": r"\leftarrow ",
    "·": r"\cdot ", "⋅": r"\cdot ", "×": r"\times ", "±": r"\pm ", "∼": r"\sim ", "…": r"\dots ", "−": "-",
    "\u2061": "", "\u2062": "", "\u2063": "", "{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$",
}  # fmt: skip
_SMALL = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma tau "
    "upsilon phi chi psi omega"
)
_LARGE_TEXT = "Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega"
_LARGE = _LARGE_TEXT.split()
SIGNS |= {chr(0x3B1 + number): f"\\{name} " for number, name in enumerate(_SMALL.split())}
SIGNS |= {sign: f"\\{name} " for sign, name in zip(_LARGE[::2], _LARGE[1::2], strict=True)}
_ACCENTS = {
    "\u0302": "hat",
    "\u0305": "bar",
    "\u0304": "bar",
    "\u0303": "tilde",
    "\u20d7": "vec",
    "\u0307": "dot",
}
_FUNCTIONS_TEXT = "sin cos tan log ln exp max min lim sup inf arg det dim sinh cosh tanh"
FUNCTIONS = frozenset(_FUNCTIONS_TEXT.split())


def latex(node: Any) -> str:
    """A formula (`m:oMath`, or any element inside one) in LaTeX, without dollar signs."""
    return " ".join(_tex(node).split())


def _tex(node: Any) -> str:
    if not isinstance(node.tag, str):  # a comment
        return ""
    name = node.tag.removeprefix(M)
    make = _MAKERS.get(name)
    if make is not None:
        return make(node)
    if name.endswith("Pr") or not node.tag.startswith(M):
        return ""
    return _inside(node)


def _inside(node: Any) -> str:
    return "".join(_tex(child) for child in node) if node is not None else ""


def _part(node: Any, name: str) -> str:
    return _inside(node.find(f"{M}{name}")).strip()


def _value(node: Any, *path: str, default: str) -> str:
    for name in path:
        node = node.find(f"{M}{name}") if node is not None else None
    found = node.get(f"{M}val") if node is not None else None
    return default if found is None else str(found)


def _run(node: Any) -> str:
    text = "".join(child.text or "" for child in node.findall(f"{M}t"))
    if node.find(f"{M}rPr/{M}nor") is not None and len(text.strip()) > 1:
        return f"\\text{{{text}}}"
    return "".join(SIGNS.get(char, char) for char in text)


def _fraction(node: Any) -> str:
    return f"\\frac{{{_part(node, 'num')}}}{{{_part(node, 'den')}}}"


def _scripts(node: Any) -> str:
    base = _part(node, "e")
    low, high = _part(node, "sub"), _part(node, "sup")
    base = base if len(base) <= 1 or base.startswith("\\") else f"{{{base}}}"
    return f"{base}{f'_{{{low}}}' if low else ''}{f'^{{{high}}}' if high else ''}"


def _root(node: Any) -> str:
    degree = _part(node, "deg")
    return f"\\sqrt{f'[{degree}]' if degree else ''}{{{_part(node, 'e')}}}"


def _large(node: Any) -> str:
    sign = _value(node, "naryPr", "chr", default="∫")
    low, high = _part(node, "sub"), _part(node, "sup")
    sign = SIGNS.get(sign, sign).strip()
    return f"{sign}{f'_{{{low}}}' if low else ''}{f'^{{{high}}}' if high else ''} {_part(node, 'e')}"


def _fence(node: Any) -> str:
    left = _value(node, "dPr", "begChr", default="(")
    right = _value(node, "dPr", "endChr", default=")")
    between = _value(node, "dPr", "sepChr", default="|")
    inside = f" {between} ".join(_inside(part).strip() for part in node.findall(f"{M}e"))
    left, right = (SIGNS.get(side, side) or "." for side in (left, right))
    return f"\\left{left} {inside} \\right{right}"


def _function(node: Any) -> str:
    name = _part(node, "fName")
    return ("\\" if name in FUNCTIONS else "") + f"{name} {_part(node, 'e')}"


def _accent(node: Any) -> str:
    sign = _value(node, "accPr", "chr", default="\u0302")
    return f"\\{_ACCENTS.get(sign, 'hat')}{{{_part(node, 'e')}}}"


def _limit(node: Any) -> str:
    base = _part(node, "e")
    base = f"\\{base}" if base in FUNCTIONS else base
    return f"{base}{'_' if node.tag.endswith('limLow') else '^'}{{{_part(node, 'lim')}}}"


def _matrix(node: Any) -> str:
    rows = [
        " & ".join(_inside(cell).strip() for cell in row.findall(f"{M}e")) for row in node.findall(f"{M}mr")
    ]
    return r"\begin{matrix} " + r" \\ ".join(rows) + r" \end{matrix}"


def _lines(node: Any) -> str:
    rows = [_inside(row).replace("\\&", "&").strip() for row in node.findall(f"{M}e")]
    return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"


def _over(node: Any) -> str:
    return f"\\overline{{{_part(node, 'e')}}}"


_MAKERS = {
    "r": _run, "f": _fraction, "sSup": _scripts, "sSub": _scripts, "sSubSup": _scripts, "rad": _root, "nary": _large,
    "d": _fence, "func": _function, "acc": _accent, "bar": _over, "limLow": _limit, "limUpp": _limit, "m": _matrix,
    "eqArr": _lines,
}  # fmt: skip
