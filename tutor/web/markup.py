r"""Text from students, models and lectures, made ready for Gradio's Markdown. Pure functions.

Gradio takes the delimiters of maths out of a text before it reads the Markdown, code blocks included, and
does not know a price from a formula. So the maths is found here, and handed on in one spelling only:
`\(…\)` and `\[…\]` (`DELIMITERS`). A lone `$` then never means anything, and nothing inside code is
touched. HTML is shown, not obeyed, and pictures from other places become their alternative text: a lecture
cannot make the browser call anybody.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

DELIMITERS: list[dict[str, str | bool]] = [
    {"left": r"\[", "right": r"\]", "display": True},
    {"left": r"\(", "right": r"\)", "display": False},
]

_TOKEN = re.compile(
    r"""
    (?P<fence>^(?P<indent>[ ]{0,8})(?P<bar>`{3,}|~{3,})[^\n]*\n(?:.*?^[ ]{0,8}(?P=bar)[`~]*[ ]*$|.*\Z))
  | (?P<code>(?<!`)(?P<ticks>`+)(?!`)[^\n]*?(?:\n(?!\n)[^\n]*?)*?(?<!`)(?P=ticks)(?!`))
  | (?P<escaped>\\\$)
  | \$\$(?P<dollars>[^$]+?)\$\$
  | \\\[(?P<square>.+?)\\\]
  | \\\((?P<round>.+?)\\\)
  | (?P<environment>\\begin\{(?P<name>equation|align|gather|aligned|cases|pmatrix|bmatrix)\*?\}
        .+?\\end\{(?P=name)\*?\})
  | (?<![\\$\w])\$(?P<single>[^\s$](?:[^$\n]|\n(?!\s*\n)){0,400}?(?<![\s\\])|[^\s$\\])\$(?![\d$])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_PRICE = re.compile(r"\d[\d,.]*(\s|-)+[A-Za-z]{2,}|\d[\d,.]*\s*(?:[,;]|$)\s*[A-Za-z]{2,}")
_OPEN_MATHS = re.compile(
    r"(\\\[|\\\(|\$\$)(?!.*(\\\]|\\\)|\$\$)).*\Z|(?<![\\$\w])\$(?=[^\s\d$])[^$\n]{0,120}\Z", re.DOTALL
)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\((?!https?://)(?:[^()\n]|\([^()\n]*\))*\)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
CITATION = re.compile(r"\[(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\](?!\(|:\s*https?:)")


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut a text into (kind, content): "text", "code", or maths without delimiters, "inline" or "block"."""
    done = 0
    for match in _TOKEN.finditer(text):
        if match["single"] is not None and _PRICE.match(match["single"]):
            continue
        kind, content = _kind(match)
        if match.start() > done:
            yield "text", text[done : match.start()]
        yield kind, content
        done = match.end()
    if done < len(text):
        yield "text", text[done:]


def _kind(match: re.Match[str]) -> tuple[str, str]:
    if match["fence"] is not None or match["code"] is not None:
        return "code", match[0]
    if match["escaped"] is not None:
        return "text", match[0]
    for name, kind in (
        ("dollars", "block"),
        ("square", "block"),
        ("environment", "block"),
        ("round", "inline"),
    ):
        if match[name] is not None:
            return kind, match[name].strip()
    return "inline", match["single"].strip()


def markdown(text: str, cite: Callable[[int], str | None] | None = None, growing: bool = False) -> str:
    """Markdown that somebody wrote, safe to show.

    Parameters
    ----------
    text : str
        Markdown with maths between `$…$`, `$$…$$`, `\\(…\\)` or `\\[…\\]`.
    cite : function, optional
        Gives the HTML for citation `n`, or None where there is no such source.
    growing : bool
        More is to come: a formula that is still open at the end is held back.
    """
    out = []
    for kind, content in pieces(text):
        if kind == "code":
            out.append(_code(content))
        elif kind == "inline":
            out.append(rf"\({content}\)")
        elif kind == "block":
            out.append(rf"\[{content}\]")
        else:
            if growing:
                content = _OPEN_MATHS.sub("", content)
            out.append(_words(content, cite))
    return "".join(out)


def _words(text: str, cite: Callable[[int], str | None] | None) -> str:
    text = _IMAGE.sub(lambda m: f"*(picture: {m[1]})*" if m[1] else "", text)
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub("&lt;", _BREAK.sub("\n", text))
    text = re.sub(r"\\(?=[()\[\]])", "&#92;", text)
    if cite is None:
        return text

    def link(match: re.Match[str]) -> str:
        found = [cite(int(n)) for n in re.findall(r"\d+", match[1])]
        return match[0] if None in found else "".join(str(f) for f in found)

    return re.sub(rf"[ ]?{CITATION.pattern}", link, text)


def _code(text: str) -> str:
    r"""Code as it is, but where it has an opening `\(` without its end, which would swallow what follows."""
    rest = re.sub(r"\\\(.*?\\\)|\\\[.*?\\\]", "", text, flags=re.DOTALL)
    if r"\(" not in rest and r"\[" not in rest:
        return text
    fenced = re.match(r"\s*[`~]{3,}[^\n]*\n(.*?)\n?\s*[`~]*\s*\Z", text, re.DOTALL)
    body = fenced[1] if fenced else text.strip("`")
    shown = html.escape(body, quote=False).replace("\\", "&#92;").replace("\n", "&#10;")
    return f"<pre><code>{shown}</code></pre>" if fenced else f"<code>{shown}</code>"


def typed(text: str, limit: int = 4000) -> str:
    """A student's message as it was typed: maths and code as such, everything else letter by letter."""
    if len(text) > limit:
        text = f"{text[:400]} … ({len(text):,} characters)"
    out = []
    for kind, content in pieces(text.strip()):
        if kind == "code":
            out.append(_code(content))
        elif kind == "inline":
            out.append(rf"\({content}\)")
        elif kind == "block":
            out.append(rf"\[{content}\]")
        else:
            out.append(_letters(content))
    return "".join(out)


def _letters(text: str) -> str:
    text = html.escape(text, quote=False)
    text = re.sub(r"([\\`*_\[\]#|~!])", lambda m: f"&#{ord(m[1])};", text)
    text = re.sub(r"(?m)^(\s*)([-+=]|\d+(?=[.)]))", lambda m: f"{m[1]}&#8203;{m[2]}", text)
    return text.replace("\n", "<br>\n")


def label(text: str) -> str:
    """One line of plain text for inside HTML: no Markdown, no tags, maths left as its source."""
    return html.escape(re.sub(r"\s+", " ", text.replace("$", "")).strip())
