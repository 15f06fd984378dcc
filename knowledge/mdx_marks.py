"""The marks of MDX in a text: where one begins, and where it ends. What becomes of them is told by `mdx`."""

from __future__ import annotations

import re

LONGEST = 20_000  # characters of a tag, a comment or a statement: one that is still open then is none

NAME = r"[A-Z][\w.]*+|hfoptions?\b"  # of a component: Hugging Face has tabs with a small letter
# Quantifiers are possessive: a file that is all marks costs no more than its length.
MARK = re.compile(
    r"""
    (?P<kept>
        ^[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)?(?P<fence>`{3,}+(?=[^`\n]*$)|~{3,}+)[^\n]*+
        (?:\n(?![ \t>]*+(?P=fence)[`~]*+[ \t]*$)[^\n]*+)*+(?:\n[^\n]*+)?
        | (?P<ticks>`++)(?:(?!\n[ \t]*\n).){1,5000}?(?<!`)(?P=ticks)(?!`) | `++
        | \\\\\((?P<formula>(?:[^\\\n]|\\(?!\\[()])|\n(?![ \t]*\n))++)\\\\\)  # as Hugging Face writes it
        | ^(?P<heading>\#{1,6}[ \t][^\n\[]*+(?:\[(?!\[)[^\n\[]*+)*+)\[\[[\w\-]++\]\][ \t]*+$  # … and its anchors
        | \\[!-/:-@\[-`{-~]
        | \$\$[^$]*+(?:\$(?!\$)[^$]*+)*+\$\$
        | \$(?![\s$])(?:[^$\\\n]|\\.|\n(?![ \t]*\n))++(?<=\S)\$(?!\d)  # "$5 or $6" is no formula
    )
    | (?P<mark> \{(?:\#(?:if|each|await|key)\s[^{}\n]*|:(?:else|then|catch)(?:\s[^{}\n]*)?|/(?:if|each|await|key))\}
        | \[\[open-in-colab\]\]
        | ^import\b\s*+(?:(?:type\s++)?
          (?:(?:[\w$]++(?:\s*+,\s*+)?)?(?:\{[^{}]*+\}|\*\s*+as\s++[\w$]++)?)\s*+from\b\s*+)?
          (?:"[^"\n]++"|'[^'\n]++')[ \t]*+;?[ \t]*$ )
    | (?P<comment> \{\s*+/\* )
    | (?P<export> ^export\s++(?:(?:const|let|var)\s[^\n=]{1,300}=
        |(?:default\s++)?(?:async\s++)?function\b[*\s]*+[\w$]*+\s*+\(
        |(?:default\s++)?class\b[^\n{]{0,200}\{|type\s++\w++[^\n=]{0,99}=|interface\s++\w[^\n{]{0,200}\{
        |default\s++(?:[\w$.]++(?:\(|[ \t]*+(?:;|=>|$))|[\[{<]|\([^()\n]{0,200}\)\s*+=>)|\{|\*[^\n]{0,99}\bfrom\b) )
    | (?P<lead>^[ \t>]*+)?<(?P<slash>/?)(?P<name>NAME)
    """.replace("NAME", NAME),
    re.M | re.S | re.X,
)
_TOKEN = re.compile(r"""[{}()\[\]\n]|"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`""", re.S)
_ATTRIBUTE = re.compile(r"""\s*+(?:([\w:@.\-]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|(?=\{)))?|(?=\{))""")
_TAG_END = re.compile(r"\s*+(/?)>")
_COMMENT_END = re.compile(r"\*/\s*+\}")
_GOES_ON = ("=", ">", ",", "?", ":", "&", "|", "+")  # a line that ends so does not end a statement


def end_of(text: str, found: re.Match[str]) -> tuple[int, int, str]:
    """Where it ends (-1: it is still open, 0: it is none), how much deeper it leads, the title of a box."""
    start, position, title = found.start(), found.end(), ""
    if found["comment"]:
        closing = _COMMENT_END.search(text, position, start + LONGEST)
        return closing.end() if closing else -1, 0, ""
    if found["export"]:
        return _close(text, start, "\n"), 0, ""
    while attribute := _ATTRIBUTE.match(text, position):
        value, position = attribute[2] or "", attribute.end()
        if not value and text.startswith("{", position):
            close = _close(text, position, "}")
            if close < 0:
                return -1, 0, ""
            value, position = text[position + 1 : close - 1].strip(), close
        if attribute[1] in ("title", "label", "summary") and value[:1] in ('"', "'", "`"):
            title = value[1:-1]
    closing = _TAG_END.match(text, position)
    if not closing or closing.end() - start > LONGEST:
        return 0, 0, ""
    return closing.end(), -1 if found["slash"] else 0 if closing[1] else 1, title


def _close(text: str, start: int, mark: str) -> int:
    """Where the bracket at `start` is closed, or (for a line break) where the statement there ends; else -1."""
    depth, line = 0, start
    for token in _TOKEN.finditer(text, start, start + LONGEST):
        depth += (token[0] in "{[(") - (token[0] in "}])")
        if token[0] == mark and depth <= 0:
            if mark == "}":
                return token.end()
            if not text[line : token.start()].rstrip().endswith(_GOES_ON):  # a blank line ends it, too
                return token.start()
        line = token.end() if token[0] == "\n" else line
    return len(text) if mark == "\n" and depth <= 0 and len(text) - start < LONGEST else -1
