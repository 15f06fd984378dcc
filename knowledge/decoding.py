"""Bytes of a course file -> text, whatever program saved it."""

from __future__ import annotations

import codecs
import re

from knowledge.errors import UnreadableError

_MARKS = (  # UTF-32 first: its little-endian mark begins like the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_DECLARED = re.compile(rb"(?:charset\s*=\s*[\"']?|coding[:=]\s*|inputenc\}?\[?)([\w.\-]+)", re.I)
_ALLOWED = re.compile(r"(?:iso-?8859|latin|windows|cp|koi8|gb|big5|shift|sjis|euc|mac)[\w\-]*", re.I)
# Alphabets that may come undeclared, with their commonest small letters, two thirds of a text and more.
_GREEK, _RUSSIAN = "αοιετνσηρπκμλςίάόέή", "оеаинтсрвлкмдпу"
_ALPHABETS = {
    "windows-1253": _GREEK,
    "iso-8859-7": f"{_GREEK}Ά",
    "windows-1251": _RUSSIAN,
    "koi8-r": _RUSSIAN,
}
_FOREIGN = re.compile(
    rb"[\x80-\xff]{3,}"
)  # in a row: a word of another alphabet; German has an ü here and there
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


def refuse_pointer(data: bytes) -> None:
    """Raises UnreadableError for what Git LFS leaves in the place of a file that it has not fetched, of any format."""
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        raise UnreadableError("only a Git LFS pointer, the file itself is missing: run `git lfs pull`")


def decode(data: bytes) -> tuple[str, str]:
    """The text with plain line ends, and a remark for the report ("" where it was UTF-8).

    Raises
    ------
    UnreadableError
        The file is empty, or no text at all.
    """
    if not data.strip():
        raise UnreadableError("the file is empty")
    text, remark = _decoded(data)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\u2028", "\n")
    if not text.strip():
        raise UnreadableError("the file is empty")
    return text, remark


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, name in _MARKS:
        if data.startswith(mark):
            try:
                text = data.decode(name)
            except UnicodeDecodeError:
                raise UnreadableError(f"binary data, or broken {name.upper()} text") from None
            return _no_binary(text), f"saved as {name.upper()}"
    if b"\0" in data:
        raise UnreadableError("binary data, not text")
    try:
        return _no_binary(data.decode("utf-8-sig")), ""
    except UnicodeDecodeError:
        pass
    mostly = data.decode("utf-8-sig", errors="replace")
    bad = mostly.count("\ufffd")
    if sum(char > "\x7f" for char in mostly) - bad > 4 * bad:
        return _no_binary(mostly), f"not quite UTF-8: {bad} broken character{'s' * (bad != 1)}"
    name = _declared(data) or _guessed(data)
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        name = "windows-1252"
        text = data.decode(name, errors="replace")
    return _no_binary(text), f"not UTF-8: read as {name.capitalize()}"


def _declared(data: bytes) -> str:
    """What the first lines say (HTML, Python and LaTeX files do); "" where they say nothing of use."""
    found = _DECLARED.search(data[:2048])
    name = found[1].decode("ascii", errors="replace").lower() if found else ""
    if name in {"latin1", "latin-1", "iso-8859-1", "iso8859-1"} or not _ALLOWED.fullmatch(name):
        return ""  # what calls itself Latin-1 is Windows-1252 in practice, or is mistaken
    try:
        codecs.lookup(name)
    except LookupError:
        return ""
    return name


def _guessed(data: bytes) -> str:
    """Windows-1252, unless most letters beyond ASCII stand in whole words and are those of another alphabet."""
    words = _FOREIGN.findall(data[:200_000])
    foreign = b"".join(words)
    if len(foreign) < 0.8 * sum(byte > 0x7F for byte in data[:200_000]):
        return "windows-1252"
    shares = {
        name: sum(letter in common for letter in foreign.decode(name, errors="replace"))
        for name, common in _ALPHABETS.items()
    }
    best = max(shares, key=lambda name: shares[name])
    return best if 3 * shares[best] >= 2 * len(foreign) else "windows-1252"


def _no_binary(text: str) -> str:
    sample = text[:200_000]
    if len(_CONTROL.findall(sample)) > max(2, len(sample) // 200):
        raise UnreadableError("binary data, not text")
    return text


def printable(text: str) -> str:
    """Without control characters and halves of surrogate pairs, which no index can store."""
    if not _UNWANTED.search(text):
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # joins pairs that were cut
    return _UNWANTED.sub("", whole)
