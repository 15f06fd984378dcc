"""Python source as highlighted HTML, by the standard library's own tokeniser: nothing is guessed, nothing is run."""

from __future__ import annotations

import html
import io
import keyword
import tokenize

_STRINGS = {tokenize.STRING} | {
    kind for name, kind in vars(tokenize).items() if name.startswith("FSTRING_") and isinstance(kind, int)
}


def highlighted(source: str) -> str:
    """The source as HTML: keywords `k`, strings `s`, comments `c`, numbers `n`, names that are defined `f`."""
    lines = source.splitlines(keepends=True)
    out: list[str] = []
    row, column, before = 1, 0, ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
                continue
            out.append(html.escape(_between(lines, (row, column), token.start), quote=False))
            text = html.escape(_between(lines, token.start, token.end), quote=False)
            kind = _kind(token, before)
            out.append(f'<span class="t-{kind}">{text}</span>' if kind and text.strip() else text)
            row, column = token.end
            before = token.string
    except (tokenize.TokenError, SyntaxError):
        return html.escape(source, quote=False)
    return "".join(out)


def _kind(token: tokenize.TokenInfo, before: str) -> str:
    if token.type == tokenize.COMMENT:
        return "c"
    if token.type in _STRINGS:
        return "s"
    if token.type == tokenize.NUMBER:
        return "n"
    if token.type == tokenize.NAME:
        if keyword.iskeyword(token.string):
            return "k"
        return "f" if before in ("def", "class") else ""
    return ""


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start >= end:
        return ""
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]] if start[0] <= len(lines) else ""
    middle = "".join(lines[start[0] : end[0] - 1])
    last = lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
    return lines[start[0] - 1][start[1] :] + middle + last
