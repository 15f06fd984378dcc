"""What Word and PowerPoint files have in common: a zip with XML in it, tables, formulas inside the text."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from knowledge.documents import PROSE, TABLE, Block
from knowledge.errors import UnreadableError
from knowledge.formulas import M, latex

LARGEST = 500_000_000  # bytes unpacked: films inside a presentation count
LARGEST_PART = 60_000_000  # bytes of one XML part
MOST_PARTS = 20_000

_OLD = b"\xd0\xcf\x11\xe0"  # the container of .doc and .ppt, and of files under a password
_PASSED_OVER_TEXT = (
    "pPr rPr del moveFrom Fallback instrText txbxContent endParaRPr delText tblPr trPr tcPr sectPr "
    "bookmarkStart"
)
_PASSED_OVER = frozenset(_PASSED_OVER_TEXT.split())


def check_package(data: bytes, program: str) -> None:
    """Raises UnreadableError for what is no such file, is protected, or would unpack without end."""
    if data.startswith(_OLD):
        raise UnreadableError(
            f"protected by a password, or in the old {program} format: save it again without"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, zlib.error, EOFError):
        raise UnreadableError(f"not a {program} file, or a damaged one") from None
    sizes = [part.file_size for part in parts]
    xml = max((part.file_size for part in parts if part.filename.endswith((".xml", ".rels"))), default=0)
    if sum(sizes) > LARGEST or xml > LARGEST_PART or len(parts) > MOST_PARTS:
        raise UnreadableError(f"too large once unpacked ({sum(sizes) / 1e6:,.0f} MB)")


def local(node: Any) -> str:
    """An element's name without its namespace; "" for a comment."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def inline(node: Any) -> str:
    """The text inside an element: formulas in dollar signs, deleted text left out, pictures by their description."""
    return "".join(_inline(node))


def _inline(node: Any) -> Iterator[str]:
    for child in node:
        name = local(child)
        if name == "t" and not child.tag.startswith(M):
            yield child.text or ""
        elif name in ("tab", "cr", "br"):
            yield " " if name == "tab" else "\n"
        elif name == "noBreakHyphen":
            yield "-"
        elif name == "oMathPara":
            yield " ".join(f"$${latex(formula)}$$" for formula in child.iter(f"{M}oMath"))
        elif name == "oMath":
            yield f"${latex(child)}$"
        elif name in ("docPr", "cNvPr"):
            yield picture(child.get("descr"))
        elif name and name not in _PASSED_OVER and not (name == "fld" and child.get("type") == "slidenum"):
            yield from _inline(child)


def picture(description: str | None) -> str:
    """What a picture says: its description, without what Office adds to those that it wrote itself."""
    words = (description or "").split("\n")[0]
    words = " ".join(words.removesuffix("Description automatically generated").split()).strip(" ,.")
    # Many descriptions are the name of the file that was put in.
    return f"[Picture: {words}]" if " " in words and "/" not in words and "\\" not in words else ""


def lines(text: str) -> str:
    """The text with plain spaces and without empty lines."""
    return "\n".join(line for part in text.split("\n") if (line := " ".join(part.split())))


def table(rows: Iterable[Iterable[str]]) -> Block | None:
    """A Markdown table; a table of one cell is a box around text."""
    kept = [[" ".join(cell.split()) for cell in row] for row in rows]
    kept = [row for row in kept if any(row)]
    if not kept:
        return None
    if max(len(row) for row in kept) == 1:
        return Block(PROSE, "\n\n".join(row[0] for row in kept))
    told = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in kept]
    told.insert(1, "|" + " --- |" * len(kept[0]))
    return Block(TABLE, "\n".join(told))
