"""Does the course answer this question? What the question is about must be *in* the evidence.

The similarity of the best passage separates small talk and world knowledge well, but not machine learning that the
course lacks: "explain the kernel trick" looks close to everything. So two things are asked together: is some passage
about the same matter, and do the words that carry the question stand in one passage that came back? Spread over several
passages they prove little: "batch normalisation" finds "batch" in one and "normal" in another. A word that the course
never uses is the strongest sign that it lacks the subject.

Similarity says little about short questions (a bare "anscombe" has a cosine of 0.16 with the very passage that it
wants), so words decide most of it: a question all of whose words stand in one passage is covered unless every passage
is far off.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.search import Passage
from knowledge.words import tokens

# Set on the dev half of evaluation/questions.jsonl (`python -m evaluation answers` prints the scores).
FAR = 0.10  # cosine of MiniLM up to which no word helps
WORDS = 0.50  # what a full share of words is worth, in cosine
ENOUGH = 0.56  # cosine + WORDS * share; higher refuses more of what the course does answer
UNKNOWN = 1.1  # how much a word that the course never uses tells, in units of the rarest known one
LOOKED_AT = 4  # passages in which the words may stand
ALIKE = 0.8  # share of letters from which two long stems are one word, misspelt: "derivit" and "deriv"
LONG = 5  # letters

# Words that say what kind of answer is wanted or hold a sentence together, not what it is about.
_FRAME = frozenset(
    word
    for word in tokens(
        """
        explain explanation describe define definition difference differ between compare example show give work
        works idea intuition formula equation maths math mathematical simple simply easy words word step meaning
        purpose reason need needed better best good bad worse important matter matters help understand learn
        learning know thing things people student lecture course notebook cell chapter code write wrote
        calculate compute find choose pick make makes made happen happens first second last one two three both
        want get got like kind type types way ways much many lot something anything stuff bit question answer
        point exactly basically quickly briefly again still always never even also instead without machine model
        models data method methods algorithm algorithms technique problem problems big bigger small smaller
        large high low hand stand stands time times cant dont doesnt isnt whats can't don't doesn't isn't what's
        it's i'm i've where's how's that's let's tell told say said read look looks see seen come go goes keep
        put take took think thought sure right wrong true false really very more most less least some any all
        each every other another same different new old long short able call called name named stop start end
        because since while during before after over under up down out off am being done having quite rather
        maybe might may must shall someone somebody everyone world today now ever yet else only own per bot
        anyone anybody around about through top little fancy plain english beginner beginners algo please pls
        plz cos cuz gonna wanna kinda wat wot wtf hell heck eli5
        """
    )
)


@dataclass(frozen=True)
class Coverage:
    """Whether the course covers a question, with what was measured."""

    covered: bool
    similarity: float
    words: float  # share of what the question's own words tell that one passage holds, 0 to 1
    missing: tuple[str, ...]


def coverage(telling: Mapping[str, float], passages: Sequence[Passage]) -> Coverage:
    """Judge `passages` (best first) as evidence for a question.

    `telling` maps the question's stems, misspelt ones put right, to how much each tells in this course (0: never used);
    `KnowledgeBase.telling` gives it.
    """
    if not passages:
        return Coverage(False, 0.0, 0.0, tuple(telling))
    similarity = max(p.similarity for p in passages)
    subject = {w: t for w, t in telling.items() if w not in _FRAME and not _is_number(w)} or dict(telling)
    bags = [set(tokens(" ".join((p.title, *p.heading, p.text)))) for p in passages[:LOOKED_AT]]
    held = set().union(*bags)
    found = {w: _held_as(w, held) for w in subject}
    rarest = max(subject.values(), default=0.0) or 1.0
    weight = {w: t or UNKNOWN * rarest for w, t in subject.items()}
    total = sum(weight.values())
    share = max(sum(weight[w] for w in subject if found[w] in bag) for bag in bags) / total if total else 0.0
    covered = similarity > FAR and similarity + WORDS * share >= ENOUGH
    return Coverage(covered, similarity, share, tuple(w for w in subject if found[w] is None))


def _held_as(word: str, held: set[str]) -> str | None:
    """The stem in the passages that `word` is, or is a misspelling of; None where there is none."""
    if word in held or len(word) < LONG:
        return word if word in held else None
    near = difflib.get_close_matches(word, [h for h in held if h[0] == word[0]], n=1, cutoff=ALIKE)
    return near[0] if near else None


def _is_number(word: str) -> bool:
    return word[:1].isdigit()
