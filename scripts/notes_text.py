"""Make labs/data/notes.txt.gz, the lectures' prose for the text labs: `python scripts/notes_text.py`.

Whole sentences only. A symbol or number in a formula's place becomes a word ("eta", "x1", "0.5"); a sentence
with a real formula, with code or with a character outside plain English is left out, and so are tables,
pictures, code blocks, displayed formulas with the sentence that leads to them, the lines about the lab and
the further reading. The same lectures give the same text; SOURCES.md is brought up to date with it.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import sys
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from knowledge.documents import PROSE, Section  # noqa: E402
from knowledge.markdown_reader import TITLE_MARK, read_markdown  # noqa: E402

LECTURES = ROOT / "knowledge" / "lectures"
TARGET = ROOT / "labs" / "data" / "notes.txt.gz"
SOURCES = TARGET.with_name("SOURCES.md")
LEFT_OUT = (  # commands; sums without their formulas; names and titles
    "What can I try in the lab?",
    "Exercises with worked answers",
    "Further reading",
)
POINTS_BACK = ("It ", "Its ", "This ", "That ", "These ", "Those ", "They ", "Their ", "Both ", "The others")
NOT_PROSE = ("What you will be able to do:", "The lab for", "The labs for", "Try it:", "[Picture")
GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "theta", "eta"),
    *("lambda", "mu", "pi", "sigma", "Sigma", "nabla"),
)
PLAIN = re.compile(r"[A-Za-z0-9 .,:;?!'\"()%&/+-]+")
_MATHS = re.compile(r"\$([^$\n]+)\$")
_CODE = re.compile(r"`([^`\n]+)`")
_MARKER = re.compile(r"^\s*(?:[-*]|\d+\.)\s+")
_SYMBOL = re.compile(r"([A-Za-z]+)(?:_\{?([A-Za-z0-9]+)\}?)?")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?\\?%?")
_ABBREVIATIONS = ("e.g.", "i.e.", "vs.", "Dr.", "Mr.", "Mrs.", "St.")
_UNSURE = "\x00"  # stands where a formula was: its sentence goes


def notes_text(lectures: Path = LECTURES) -> str:
    """The prose of every lecture, in their order: headings and paragraphs, one to a line."""
    return "\n\n".join(
        lecture_text(path.read_text("utf-8")) for path in sorted(lectures.glob("*/lecture.md"))
    )


def lecture_text(markdown: str) -> str:
    """One lecture as lines: a blank line before each heading, a paragraph or a list item to a line."""
    lines: list[str] = []
    for section in read_markdown(markdown):
        heading = plain(section.heading[-1].removeprefix(TITLE_MARK)) if section.heading else ""
        told = section_lines(section)
        title = heading.startswith("Lecture ")  # kept in any case, and all others with what they head
        if heading in LEFT_OUT or not (told or title):
            continue
        if PLAIN.fullmatch(heading):
            lines += ["", heading]
        lines += told
    return "\n".join(lines).strip()


def section_lines(section: Section) -> list[str]:
    """The paragraphs and list items of a section that have whole plain sentences in them."""
    lines = []
    for number, block in enumerate(section.blocks):
        if block.kind != PROSE:
            continue
        after = section.blocks[number + 1].kind if number + 1 < len(section.blocks) else PROSE
        for item in items(block.text):
            told, kept = sentences(item), []
            gone = False  # the sentence before was left out
            for sentence in told:
                gone = not is_prose(sentence, after == PROSE) or (gone and sentence.startswith(POINTS_BACK))
                kept += [] if gone else [sentence]
            title_only = len(kept) < len(told) and len(" ".join(kept).split()) < 4
            if kept and not title_only:  # the title of an item whose rest is gone says nothing
                lines.append(" ".join(kept))
    return lines


def items(source: str) -> list[str]:
    """A paragraph as one string, a list as one string per item, without markdown's marks."""
    found: list[str] = []
    for line in source.split("\n"):
        if not found or _MARKER.match(line):
            found.append(_MARKER.sub("", line).strip())
        else:
            found[-1] += f" {line.strip()}"
    return [plain(item) for item in found]


def plain(text: str) -> str:
    """Emphasis and links off; a simple symbol or code word as itself, and a mark where a formula was."""
    text = _CODE.sub(lambda m: m[1] if re.fullmatch(r"[a-z]+", m[1]) else _UNSURE, text)
    text = _MATHS.sub(lambda m: spoken(m[1].strip()), text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?<!\w)(\*{1,3})(?=\S)(.*?\S)\1(?!\w)", r"\2", text)
    # η, then how it is said: once is enough
    text = re.sub(rf"\b({'|'.join(GREEK)}) (?:\1\b|\(\"\1\"\))", r"\1", text)
    text = re.sub(rf"\b({'|'.join(GREEK)}) \(\"\1\", ", r"\1 (", text)
    return " ".join(folded(text).split())


def spoken(formula: str) -> str:
    """A number or a single symbol as it is written in plain text; anything longer is a formula."""
    if _NUMBER.fullmatch(formula):
        return formula.replace("\\", "")
    name = formula.removeprefix("\\") if formula[:1] == "\\" and formula[1:] in GREEK else formula
    if name in GREEK:
        return name.removeprefix("var")
    found = _SYMBOL.fullmatch(formula)
    return found[1] + (found[2] or "") if found and len(found[1]) == 1 else _UNSURE


def folded(text: str) -> str:
    """Accents off, and typographic quotation marks and dashes as typed."""
    for fancy, typed in (
        ("“", '"'),
        ("”", '"'),
        ("‘", "'"),
        ("’", "'"),
        ("–", "-"),
        ("−", "-"),
        ("…", "..."),
    ):
        text = text.replace(fancy, typed)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def sentences(text: str) -> list[str]:
    """Cut after . ? ! where a new sentence begins; initials and abbreviations end none."""
    found = [""]
    for word in text.split(" "):
        found[-1] = f"{found[-1]} {word}".strip()
        stem = word.rstrip("\")'")
        if (
            stem.endswith((".", "?", "!"))
            and stem not in _ABBREVIATIONS
            and not re.fullmatch(r"[A-Z]\.", stem)
        ):
            found.append("")
    return [sentence for sentence in found if sentence]


def is_prose(sentence: str, prose_follows: bool) -> bool:
    """Whether a sentence can stand by itself: it begins and ends as one, and nothing in it was taken away."""
    if sentence.startswith(NOT_PROSE) or not PLAIN.fullmatch(sentence) or len(sentence.split()) < 2:
        return False
    if sentence.count('"') % 2 or sentence.count("(") != sentence.count(")"):
        return False
    ends = sentence.rstrip("\")'").endswith((".", "?", "!")) or (sentence.endswith(":") and prose_follows)
    return ends and not sentence.lstrip("\"('")[:1].islower()


def described(sources: str, text: str) -> str:
    """The text of SOURCES.md with the size, the lectures and the checksum of these notes in their two lines."""
    lectures = re.findall(r"^Lecture (\d+):", text, re.M)
    size = (
        f"- **Size:** {len(text):,} characters, {len(set(text))} of them different, from the prose of "
        f"{len(lectures)} lectures ({', '.join(lectures)})."
    )
    checksum = f"- **SHA-256 of the notes:** `{hashlib.sha256(text.encode('utf-8')).hexdigest()}`"
    for start, line in (("- **Size:**", size), ("- **SHA-256 of the notes:**", checksum)):
        sources, found = re.subn(rf"^{re.escape(start)}.*$", line, sources, flags=re.M)
        if found != 1:
            raise ValueError(
                f"{SOURCES.name} has {found} lines that start with {start!r}, where one is needed."
            )
    return sources


def main() -> None:
    text = notes_text()
    SOURCES.write_text(described(SOURCES.read_text("utf-8"), text), encoding="utf-8")
    TARGET.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
    print(f"{TARGET.name}: {len(text):,} characters, {len(set(text))} different; {SOURCES.name} says so")


if __name__ == "__main__":
    main()
