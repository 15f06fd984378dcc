"""What Word and PowerPoint files have in common: a zip with XML in it, tables with merged cells, formulas and raised or
lowered characters inside the text.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from knowledge.documents import PROSE, TABLE, Block
from knowledge.errors import UnreadableError
from knowledge.formulas import M, latex

LARGEST = 500_000_000  # bytes unpacked: films inside a presentation count
LARGEST_PART = 60_000_000  # bytes of one XML part
MOST_PARTS = 20_000
MOST_COLUMNS = 63  # of a table in Word

_OLD = b"\xd0\xcf\x11\xe0"  # the container of .doc and .ppt, and of files under a password
_PASSED_OVER_TEXT = (
    "pPr rPr del moveFrom Fallback instrText txbxContent endParaRPr delText tblPr trPr tcPr sectPr "
    "bookmarkStart"
)
_PASSED_OVER = frozenset(_PASSED_OVER_TEXT.split())
_ONLY_RAISED = frozenset({"st", "nd", "rd", "th", "™", "®"})  # 1st is no power


@dataclass(frozen=True)
class Cell:
    text: str
    width: int = 1  # columns that it takes
    below: bool = False  # it is the lower part of the cell above


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
    """The text inside an element: formulas in dollar signs, deleted text left out, pictures by their description.

    Tabs and breaks of lines are kept. What is raised or lowered has a sign in front: 10^-3, a_1.
    """
    return "".join(_inline(node))


def _inline(node: Any) -> Iterator[str]:
    before = ""  # the sign of the run before: a power may be cut into several
    for child in node:
        name = local(child)
        if name == "r":
            sign, text = _sign(child), inline(child)
            yield _signed(text, sign) if sign != before else text
            before = sign if text.strip() or not sign else before
        elif name == "t" and not child.tag.startswith(M):
            yield child.text or ""
        elif name in ("tab", "cr", "br"):
            yield "\t" if name == "tab" else "\n"
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


def _sign(run: Any) -> str:
    """ "^" for a run that stands higher, "_" for one that stands lower, else ""."""
    properties = next((child for child in run if local(child) == "rPr"), None)
    if properties is None:
        return ""
    height = (properties.get("baseline") or "0").rstrip("%")  # PowerPoint
    if height.strip("0-."):
        return "_" if height.startswith("-") else "^"
    align = next((child for child in properties if local(child) == "vertAlign"), None)  # Word
    value = next(iter(align.attrib.values()), "") if align is not None else ""
    return {"superscript": "^", "subscript": "_"}.get(value, "")


def _signed(text: str, sign: str) -> str:
    if not sign or not text.strip() or text.strip().lower() in _ONLY_RAISED:
        return text
    bare = text.lstrip()
    return f"{text[: len(text) - len(bare)]}{sign}{bare}"


def picture(description: str | None) -> str:
    """What a picture says: its description, without what Office adds to those that it wrote itself."""
    words = (description or "").split("\n")[0]
    words = " ".join(words.removesuffix("Description automatically generated").split()).strip(" ,.")
    # Many descriptions are the name of the file that was put in.
    return f"[Picture: {words}]" if " " in words and "/" not in words and "\\" not in words else ""


def lines(text: str) -> str:
    """The text with plain spaces and without empty lines."""
    return "\n".join(line for part in text.split("\n") if (line := " ".join(part.split())))


def spread(rows: Iterable[Iterable[Cell]]) -> list[list[str]]:
    """The texts of a table's cells, each in its column. What goes over some rows is told in each of them, so that a row
    makes sense alone; what goes over some columns stands in the first."""
    told: list[list[str]] = []
    for row in rows:
        texts: list[str] = []
        for cell in row:
            above = told[-1][len(texts)] if cell.below and told and len(texts) < len(told[-1]) else ""
            more = max(min(cell.width, MOST_COLUMNS - len(texts)) - 1, 0)
            texts += [cell.text or above, *[""] * more]
        told.append(texts)
    return told


def table(rows: Iterable[Iterable[str]]) -> Block | None:
    """A Markdown table, all rows equally long; a table of one column is a box around text."""
    kept = [[" ".join(cell.split()) for cell in row] for row in rows]
    kept = [row for row in kept if any(row)]
    if not kept:
        return None
    used = sorted({column for row in kept for column, cell in enumerate(row) if cell})
    kept = [[row[column] if column < len(row) else "" for column in used] for row in kept]
    if len(used) == 1:
        return Block(PROSE, "\n\n".join(row[0] for row in kept))
    told = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in kept]
    told.insert(1, "|" + " --- |" * len(used))
    return Block(TABLE, "\n".join(told))
