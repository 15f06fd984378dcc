"""Text that must only be read: no links to other places, no pictures, no HTML, no tool markup, no marks of its own,
no orders to a model.

A lecture, a file's header or a model that repeats them may hold all of these. The page escapes tags anyway; here an
answer is made plain for whoever shows it. Code and maths stay as they are: they are shown, never followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tutor.checking.orders import without_orders

_KEPT = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|\$\$.*?\$\$|\\\[.*?\\\]|\\\(.*?\\\)|\$[^$\n]+\$", re.DOTALL
)
_IMAGE = re.compile(r"!\[([^\]\n]*)\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\[[^\]\n]*\])")
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(\s*<?([^()\s>]*)>?[^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)")
_DEFINITION = re.compile(r"(?m)^[ ]{0,3}\[[^\]\n]+\]:\s*\S+.*$\n?")
_ADDRESS = re.compile(
    r"<?\b(?:https?|ftp|file|data|javascript)(?::|&colon;)(?://)?[^\s<>`\"')\]]+>?", re.IGNORECASE
)
_WWW = re.compile(r"(?<![\w/.])www\.[^\s<>`\"')\]]+", re.IGNORECASE)
_WHOLE = re.compile(
    r"<(script|style|iframe|object|svg|template|noscript)\b[^>]*>.*?(?:</\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(
    r"</?(?:a|abbr|audio|b|base|body|button|center|code|details|div|embed|font|form|h[1-6]|head|hr|html|i|iframe|img|"
    r"input|label|link|marquee|meta|object|option|p|pre|script|select|source|span|strong|style|sub|summary|sup|svg|table|"
    r"tbody|td|template|textarea|th|thead|tr|u|ul|li|ol|video)(?:\s[^<>]*=[^<>]*|\s*/)?>|<!--.*?(?:-->|\Z)|<![A-Za-z][^<>]*>",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_CALL = re.compile(r"</?(?:tool_call|tool_response|tool_use|function_calls?|function=[^<>\n]*)>")
_MARK = re.compile(r"\[(\^?\d+(?:\s*[,;]\s*\d+)*)\](?!\()")


def plain_answer(text: str) -> str:
    """What a model wrote, without anything that could be followed, fetched or run. Marks such as [1] stay."""
    return _outside(without_orders(text), _plain)


def plain_quote(text: str) -> str:
    """A passage as it may be quoted: as `plain_answer`, and its own "[1]" is no mark of ours, so it becomes "(1)"."""
    return _outside(without_orders(text), lambda part: _MARK.sub(r"(\1)", _plain(part)))


def _plain(part: str) -> str:
    part = _WHOLE.sub("", part)
    part = _IMAGE.sub(lambda m: m[1], part)
    part = _DEFINITION.sub("", part)
    part = _LINK.sub(lambda m: f"{m[1]} ({m[2]})" if "://" in m[2] else m[1], part)
    part = re.sub(r"<br\s*/?>", "\n", part, flags=re.IGNORECASE)
    part = _CALL.sub("", _TAG.sub("", part))
    # An address is shown as code: it can be read and copied, and no click or preview follows it.
    part = _ADDRESS.sub(lambda m: f"`{m[0].strip('<>').rstrip('.,;')}`{_tail(m[0])}", part)
    return _WWW.sub(lambda m: f"`{m[0].rstrip('.,;')}`{_tail(m[0])}", part)


def _tail(address: str) -> str:
    bare = address.strip("<>")
    return bare[len(bare.rstrip(".,;")) :]


def _outside(text: str, change: Callable[[str], str]) -> str:
    """`text` with `change` made outside code and maths."""
    out, done = [], 0
    for match in _KEPT.finditer(text):
        out += [change(text[done : match.start()]), match[0]]
        done = match.end()
    return "".join([*out, change(text[done:])])
