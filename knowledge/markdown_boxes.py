"""Boxes of text in Markdown: the lines that open them in MyST, Quarto, Pandoc and Docusaurus, and their titles.

::: {.callout-note title="Remember"}        :::{admonition} The zebra criterion        :::tip[Remember]
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# A line of colons, with the options of a directive below it.
BOX_LINE = re.compile(
    r"^[ \t]*:{3,}(?:[ \t]*\{[A-Za-z][\w:+.\-]{0,40}\}[^\n]*(?:\n[ \t]*:[\w\-]{1,40}:(?:[ \t][^\n]*)?$)*|[^\n]*)$",
    re.M,
)
_BOXES_TEXT = (
    "note warning tip hint important caution danger attention error info success question seealso admonition "
    "exercise solution exercise-start solution-start proof theorem lemma definition example remark corollary "
    "proposition algorithm axiom conjecture criterion property observation assumption dropdown margin sidebar "
    "epigraph topic card tab-item tab-set grid grid-item grid-item-card card-carousel table glossary aside div"
)
BOXES = frozenset(_BOXES_TEXT.split())
# What stands behind the name of these is no title.
_UNTITLED_TEXT = (
    "grid tab-set card-carousel div glossary code code-block code-cell sourcecode math image figure"
)
_UNTITLED = frozenset(_UNTITLED_TEXT.split())
# Directives whose inside is not Markdown: they are read whole.
WHOLE = frozenset(
    {
        "math",
        "image",
        "figure",
        "list-table",
        "csv-table",
        "code",
        "code-block",
        "code-cell",
        "sourcecode",
        "toctree",
    }
)
_DIRECTIVE = re.compile(r"\{([A-Za-z][\w:+.\-]{0,40})\}[ \t]*(.*)")
_DIV = re.compile(r"\{([^{}]*)\}")
_NAMED = re.compile(r"([\w\-]{1,40})(?:[ \t]*\[([^\]]*)\]|[ \t]+(.*))?")
_TITLE = re.compile(r"""\b(?:title|name)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
# In Quarto a heading that opens one of these is its title.
_HEADED = re.compile(
    r"\.callout-\w+|#(?:thm|lem|cor|prp|cnj|def|exm|exr|sol|rem|alg|tip|nte|wrn|imp|cau)-", re.I
)


@dataclass(frozen=True)
class BoxLine:
    name: str = ""  # of the directive, in lower case
    title: str = ""
    headed: bool = False  # a heading right below it is its title


def box_line(source: str) -> BoxLine:
    """What a line of colons opens; nothing where it closes a box."""
    line = source.split("\n", 1)[0].strip().strip(":").strip()
    if found := _DIRECTIVE.fullmatch(line):
        name = found[1].lower()
        return BoxLine(name, "" if name in _UNTITLED else found[2].strip())
    if found := _DIV.search(line):
        told = _TITLE.search(found[1])
        title = (told[1] or told[2] or "") if told else ""
        return BoxLine("", title, headed=not title and _HEADED.search(found[1]) is not None)
    if (found := _NAMED.fullmatch(line)) and found[1].lower() in BOXES:
        return BoxLine(found[1].lower(), (found[2] or found[3] or "").strip())
    return BoxLine()
