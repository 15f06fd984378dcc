"""A term that a lecture introduces in bold can be looked up in that lecture's glossary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDERS = sorted((Path(__file__).resolve().parents[2] / "knowledge" / "lectures").glob("lecture_*"))
AROUND = re.compile(
    r"mistakes|lab|Exercises|Glossary|Further reading"
)  # headings of sections that introduce nothing

# What stands in bold for stress, or leads a paragraph, and is no term.
STRESSED = {
    1: {
        "when not to use it",
        "ask a question",
        "collect examples",
        "split them",
        "choose a model and train it",
        "use it, and keep watching",
        "lemon",
        "counting starts at 0",
        "indentation matters",
        "where does each axis start and end",
        "two things that move together",
    },
    2: {"together", "too small", "too large", "in between"},
    3: {
        "for two flats at the same distance",
        "from the training examples only",
        "every training error is zero",
        "three sets",
        "exactly",
    },
    4: {"random"},
    5: {"one quarter", "add", "what came in, times the error signal that came back"},
    6: {"ham", "is ham", "in the training set only", "work", "private", "test"},
    7: {"height", "width", "shift follows shift", "vertical edges", "fine-tune", "data augmentation"},
    8: {
        "guess what comes next",
        "characters",
        "words",
        "parts of words",
        "merges the commonest pair of neighbours",
        "lowest",
        "added",
        "never write the key into the code",
    },
    9: {"fixed", "costs", "tuning on the test", "one lucky seed", "return without risk"},
    10: {"random moves", "the best policy"},
    11: {
        "next character",
        "the same at every step",
        "sum",
        "at most 1",
        "before training",
        "without its gradient",
        "to write",
        "without it pytorch expects time first",
        "padded",
    },
    12: {"add up", "one day late", "weather", "electricity demand"},
}


def sections(folder: Path) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", (folder / "lecture.md").read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def terms(folder: Path) -> list[str]:
    """What the teaching sections have in bold, except for whole sentences."""
    told = "".join(text for heading, text in sections(folder).items() if not AROUND.search(heading))
    bold = re.findall(r"\*\*(.+?)\*\*", re.sub(r"```.*?```", "", told, flags=re.S))
    return [term.rstrip(":").lower() for term in bold if term[-1] not in ".?,"]


def stands_in(glossary: str, term: str) -> bool:
    """Whether each word of a term stands there, in whichever form: "episodes" in "Episode", "clipping" in "Clip"."""
    plain = re.sub(r"[^a-z0-9]+", " ", glossary.lower())
    return all(word.removesuffix("s")[:5] in plain for word in re.findall(r"[a-z0-9]+", term))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_term_in_bold_stands_in_the_glossary(folder):
    found, glossary = terms(folder), sections(folder)["Glossary"]
    assert len(found) >= 10
    unknown = {term for term in found if not stands_in(glossary, term)}
    assert unknown <= STRESSED[int(folder.name[-2:])]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_glossary_says_each_term_once_in_the_order_of_the_alphabet(folder):
    lines = [line for line in sections(folder)["Glossary"].splitlines() if line]
    assert all(re.match(r"- \*\*[^*]+\*\*.*[a-z0-9$)]\.$", line) for line in lines), lines
    names = [
        re.sub(r"[^a-z0-9 ]", "", name.lower().replace("r²", "r2"))
        for name in re.findall(r"^- \*\*([^*]+?):?\*\*", "\n".join(lines), re.M)
    ]
    assert names == sorted(set(names))


def test_a_missing_term_would_be_seen():
    assert stands_in("- **Episode:** one run.", "episodes")
    assert not stands_in("- **Episode:** one run.", "terminal")
