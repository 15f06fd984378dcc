"""What a web page shows: menus and hidden text left out, but for what a click opens: tabs, accordions, later slides.

A page is read without its scripts, so whether something is ever shown is judged by its names: of a panel, or of what
a control or a script on the page speaks of.
"""

from __future__ import annotations

import re
from bisect import bisect_left

_SKIPPED_TEXT = (
    "script style noscript template nav footer select svg iframe object canvas audio video head title "
    "aside-form"
)
_SKIPPED = frozenset(_SKIPPED_TEXT.split())
_SKIPPED_CLASS = re.compile(
    r"(?:^|[\s_-])(?:sidebar|navbar|breadcrumbs?|headerlink|anchor-link|katex-html|MathJax_?\w*|InputPrompt|"
    r"OutputPrompt|input_prompt|output_prompt|toctree-wrapper|sphinxsidebar|related|sr-only|visually-hidden|copybtn|quarto-nav\w*)(?:$|\s)"
)
_UNSHOWN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.I)
# What opens on a click, and the slides of a deck that are not its first.
_PANEL = re.compile(
    r"(?:^|[\s_-])(?:ans|answers?|sol|solutions?|hints?|toggle\w*|collaps\w*|accordions?|tabs?|panels?|tabpanel|tabcontent|"
    r"spoilers?|reveal\w*|fold\w*|expand\w*|details|past|future|slides?|fragment|steps?|exercise|mwe-math\S*|katex)"
    r"(?:$|[\s_-])",
    re.I,
)
_NO_PANEL = re.compile(
    r"(?:^|[\s_-])(?:modal|dialog|offcanvas|menu|nav|drawer|popup|cookies?|search|dropdown|toc)(?:$|[\s_-])",
    re.I,
)
# Attributes and scripts by which a page opens something; each value is bounded.
_CONTROL = re.compile(
    r"\b(?:(?:aria-controls|data-(?:bs-)?target|for|on[a-z]{3,20})\s{0,9}=\s{0,9}[\"']|href\s{0,9}=\s{0,9}[\"']#)([^\"<>]{1,400})",
    re.I,
)
_SCRIPT = re.compile(r"<(/?)script\b", re.I)
_FORM = re.compile(r"<(/?)form(?=[\s/>])([^<>]{0,2000}>)?", re.I)
_FORM_OF_PAGE = re.compile(r"<(?:h[1-6]|p|pre|table|ul|ol|article|main|section)\b", re.I)
_FORM_ASIDE = re.compile(r"search|log-?in|sign-?in|sign-?up|subscribe|newsletter|comment", re.I)
_ACCORDION = re.compile(r"\b(?:accordion|collapsible)", re.I)
_GROUP = re.compile(r"(?:^|[\s_-])(?:accordions?|collapse|collapsible|toggles?|faq|tabs)(?:$|[\s_-])", re.I)
_DRAWN = frozenset(["MathJax", "MathJax_CHTML", "MathJax_SVG", "MathJax_Display", "MJX_Assistive_MathML"])
_INLINE_TEXT = "span a i b em strong small img abbr"
_INLINE = frozenset(_INLINE_TEXT.split())
SKIPPED_FORM = "aside-form"  # the name that a form gets which is no part of the text


def with_forms_told_apart(source: str) -> str:
    """The page with forms for searching and the like renamed to SKIPPED_FORM.

    A form around paragraphs or headings holds the text: ASP.NET and SharePoint wrap a whole page into one.
    """
    marks = list(_FORM.finditer(source))
    if not marks:
        return source
    ends = [mark.start() for mark in marks if mark[1]] + [len(source)]
    texts = [found.start() for found in _FORM_OF_PAGE.finditer(source)] + [len(source) + 1]
    parts: list[str] = []
    position, aside = 0, False
    for mark in marks:
        if not mark[1]:
            end = ends[bisect_left(ends, mark.start())]
            no_text = texts[bisect_left(texts, mark.start())] > end
            aside = no_text or _FORM_ASIDE.search(_names(mark[2] or "")) is not None
            aside = aside and end < len(source)  # one that never ends would take the page with it
        if aside:
            parts += [source[position : mark.start()], f"<{mark[1]}{SKIPPED_FORM}{mark[2] or ''}"]
            position = mark.end()
    return "".join([*parts, source[position:]])


def _names(attributes: str) -> str:
    """Values of `class`, `id` and `role`."""
    return " ".join(re.findall(r"\b(?:class|id|role)\s*=\s*[\"']?([^\"'>]{1,200})", attributes, re.I))


class Visibility:
    """Judges the elements of one page.

    Parameters
    ----------
    source
        The page as it is in the file, scripts included.
    """

    def __init__(self, source: str) -> None:
        spoken = [found[1] for found in _CONTROL.finditer(source)]
        self._spoken_of = {name for text in spoken for name in re.findall(r"[\w-]{2,60}", text)}
        start = -1
        for found in _SCRIPT.finditer(source):
            if not found[1]:
                start = found.end()
            elif start >= 0:
                self._spoken_of.update(re.findall(r"(?<=[#.'\"])[\w-]{2,60}", source[start : found.start()]))
                start = -1
        # MathJax 2 leaves the LaTeX in a script beside what it draws; a tool that saved the page may have dropped it.
        self._drawn_formulas = "math/tex" not in source

    def hides(self, tag: str, attributes: dict[str, str], in_title: bool, near_control: bool) -> bool:
        """Whether the page leaves out what is in this element.

        Parameters
        ----------
        in_title
            It stands in a heading: a button there is the name of an accordion's part.
        near_control
            It follows what a click works on, or stands in a group of parts that open.
        """
        classes = attributes.get("class", "")
        if tag == "button":
            return not (in_title or _ACCORDION.search(classes))
        if tag in _SKIPPED or attributes.get("role") in ("navigation", "search", "contentinfo"):
            return True
        if self._drawn_formulas and not _DRAWN.isdisjoint(classes.split()):
            return False
        if _SKIPPED_CLASS.search(classes) or (tag == "span" and classes == "prompt"):
            return True
        ornament = attributes.get("aria-hidden") == "true" and tag in _INLINE
        closed = "hidden" in attributes or attributes.get("aria-hidden") == "true"
        if not closed and not _UNSHOWN.search(attributes.get("style", "")):
            return False
        return ornament or not self._opens(attributes, near_control)

    def _opens(self, attributes: dict[str, str], near_control: bool) -> bool:
        """Whether a hidden element is shown later: a panel, a slide, or what a control speaks of."""
        names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
        if _NO_PANEL.search(names) or attributes.get("role") in ("dialog", "menu", "alert"):
            return False
        if near_control or attributes.get("role") in ("tabpanel", "region"):
            return True
        return _PANEL.search(names) is not None or not self._spoken_of.isdisjoint(names.split())


def is_control(tag: str, attributes: dict[str, str]) -> bool:
    """Whether a click on this element opens something."""
    link = attributes.get("href", "")
    return (
        tag == "button"
        or attributes.get("role") in ("button", "tab")
        or "onclick" in attributes
        or (tag == "a" and (link == "#" or link.startswith("javascript:")))
        or _ACCORDION.search(attributes.get("class", "")) is not None
    )


def is_group(attributes: dict[str, str]) -> bool:
    """Whether an element holds parts that open one after the other."""
    return _GROUP.search(attributes.get("class", "")) is not None
