"""Does the course answer this question? What the question is about must be *in* the evidence.

The similarity of the best passage separates small talk and world knowledge well, but not machine learning that the
course lacks: "explain the kernel trick" looks close to everything. So two things are asked.

First, by name: a topic of machine learning that the question names (`topics.py`) must stand in the passages that came
back, under that name or another. Then, by degrees: how near is the nearest passage, how much of what the question's
words tell stands in *one* passage (spread over several they prove little: "batch normalisation" finds "batch" in one
and "normal" in another), and how many of its words does the course never use? A word that no dictionary has either
("xgboost", "tesco") tells most; and how near is the question to what else people ask about (`daily.py`)? A logistic
regression weighs these five; a vague question ("what went wrong there?")
has no foreign word, and is given the benefit of the doubt.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.search import Passage
from knowledge.words import tokens
from tutor.checking.daily import Embed, elsewhere
from tutor.checking.topics import joined, plain, stands_in, topics_in

# Fitted on the dev half of evaluation/questions.jsonl by `python -m evaluation.calibration`, which prints them anew.
OFFSET, PER_SIMILARITY, PER_SHARE, PER_ODD, PER_PLAIN, PER_ELSEWHERE = 2.10, 11.37, 1.48, -3.41, -2.75, -12.12
ENOUGH = 0.60  # chance that the course answers; higher refuses more of what it does answer

USUAL = 0.30  # nearness of a question of the course to subjects elsewhere, where it cannot be measured
FAR = 0.10  # cosine of MiniLM up to which no word helps
UNKNOWN = 1.1  # how much a word that the course never uses tells, in units of the rarest known one
NEUTRAL = 1.0  # share of the words, where the question has none of its own: it is vague, not foreign
COUNTED = 2  # foreign words of one kind; more add nothing
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
        want get got like kind type types ways way much many lot something anything stuff bit question answer
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
        myself yourself himself herself itself ourselves yourselves themselves mine yours ours theirs mate lol tbh idk
        imo innit bro dude yeah yep nope yes hey hello thanks thx sorry hmm umm ugh help earth wots thru
        anymore anyway anyways somehow somewhere anywhere nowhere afterwards besides otherwise although though
        whether surely certainly obviously clearly honestly seriously literally simply nearly almost hardly barely
        possibly perhaps apparently usually often sometimes rarely always suddenly finally eventually together apart
        alone twice once enough quite rather pretty fairly totally completely entirely roughly brilliant rubbish
        awful terrible horrible amazing awesome great perfect fine nice lovely weird odd strange crazy mad stupid
        silly clever smart funny scary scared afraid confused stuck lost tricky hard harder hardest difficult easier
        easiest huge gigantic enormous massive tiny giant expensive cheap cheaper costly useful useless pointless
        sensible honest fake real serious safe risky certain possible impossible usual common special main whole
        full empty single extra spare proper decent tall taller tallest longer longest shorter shortest higher
        highest lower lowest bigger biggest smallest quick quicker quickest slow slower slowest fast faster fastest
        early earlier late later decide decided deciding ask asked asking hear heard feel felt try tried trying fail
        failed seem seems seemed appear appears became become becomes stay stays stayed turn turned change changed
        changes changing fix fixed check checked worry worried care bother bothered wonder wondered believe believed
        remember notice noticed prefer hate love hope wish allow allowed let lets leave leaves left bring brings
        follow follows throw throws thrown end ends ended begin begins began finish finished keeps kept gone getting
        putting taking making saying doing using used uses cause causes caused turns comes goes means meant supposed
        borrow wouldnt couldnt shouldnt arent wasnt werent havent hasnt hadnt didnt mustnt neednt thats hows wheres
        whos whys theres heres youre theyre ive youve theyve wouldn't couldn't shouldn't aren't wasn't weren't
        haven't hasn't didn't
        """
    )
)
_LETTERS = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class Coverage:
    """Whether the course covers a question, with what was measured."""

    covered: bool
    similarity: float  # of the nearest passage, -1 to 1
    words: float  # share of what the question's own words tell that one passage holds, 0 to 1
    missing: tuple[
        str, ...
    ]  # what the question names and the passages do not: topics, else words of no dictionary
    chance: float = 0.0  # that the course answers it, 0 to 1; 0 where a topic is missing


@dataclass(frozen=True)
class Signs:
    """What the decision rests on."""

    similarity: float
    share: float
    odd: tuple[str, ...]  # words that neither the passages nor the dictionary has
    foreign: tuple[str, ...]  # words that the dictionary has and the course does not
    topics: tuple[str, ...]  # topics that are named and do not stand in the passages
    elsewhere: float = USUAL  # cosine with the nearest subject of daily life and other sciences

    @property
    def chance(self) -> float:
        """That the course answers the question, by the signs that have degrees."""
        total = OFFSET + PER_SIMILARITY * self.similarity + PER_SHARE * self.share
        total += PER_ODD * min(len(self.odd), COUNTED) + PER_PLAIN * min(len(self.foreign), COUNTED)
        total += PER_ELSEWHERE * self.elsewhere
        return 1 / (1 + math.exp(-total))


def coverage(
    question: str,
    telling: Mapping[str, float],
    passages: Sequence[Passage],
    is_word: Callable[[str], bool] = lambda word: True,
    embed: Embed | None = None,
) -> Coverage:
    """Judge `passages` (best first) as evidence for a question.

    `telling` maps the question's stems, misspelt ones put right, to how much each tells in this course (0: never used);
    `KnowledgeBase.telling` gives it. `is_word` knows plain English: what it does not know is a technical term, a name,
    or misspelt beyond recognition. Without `embed`, what else people ask about does not count.
    """
    if not passages:
        return Coverage(False, 0.0, 0.0, ())
    found = signs(question, telling, passages, is_word, embed)
    chance = 0.0 if found.topics or found.similarity <= FAR else found.chance
    return Coverage(chance >= ENOUGH, found.similarity, found.share, found.topics or found.odd, chance)


def signs(
    question: str,
    telling: Mapping[str, float],
    passages: Sequence[Passage],
    is_word: Callable[[str], bool],
    embed: Embed | None = None,
) -> Signs:
    """Measure the passages (at least one) against the question."""
    subject = {w: t for w, t in telling.items() if w not in _FRAME and not _is_number(w)}
    texts = [" ".join((p.title, *p.heading, p.text)) for p in passages]
    bags = [set(tokens(text)) for text in texts[:LOOKED_AT]]
    held = set().union(*bags)
    words = _words(question)
    spelt = {stem for word in words if is_word(word) for stem in tokens(word)}
    standing = {w: _held_as(w, held, misspelt=w not in spelt) for w in subject}
    rarest = max(subject.values(), default=0.0) or 1.0
    weight = {w: t or UNKNOWN * rarest for w, t in subject.items()}
    total = sum(weight.values())
    best = max(sum(weight[w] for w in subject if standing[w] in bag) for bag in bags)
    plainly = [plain(text) for text in texts]
    known = {word for text in plainly for word in text}
    topics = topics_in(question, known, is_word)
    missing = [topic for topic in topics if not stands_in(topic, plainly)]
    # A topic that stands under another name has brought its words along: "chatgpt", where the course says GPT.
    brought = {word for topic in topics if topic not in missing for word in topic.named.split()}
    unknown = [
        w
        for w in words
        if _never_used(w, subject, standing) and not set(plain(w)) <= brought and not joined(w, known)
    ]
    return Signs(
        similarity=max(p.similarity for p in passages),
        share=best / total if total else NEUTRAL,
        odd=tuple(word for word in unknown if not is_word(word)),
        foreign=tuple(word for word in unknown if is_word(word)),
        topics=tuple(dict.fromkeys(topic.named for topic in missing)),
        elsewhere=elsewhere(question, embed) if embed is not None else USUAL,
    )


def _words(question: str) -> list[str]:
    return list(dict.fromkeys(word.lower() for word in _LETTERS.findall(question)))


def _never_used(word: str, subject: Mapping[str, float], standing: Mapping[str, str | None]) -> bool:
    """Whether a word of the question is its own (it was not put right), and the course never uses it."""
    stems = tokens(word)
    return bool(stems) and subject.get(stems[0]) == 0.0 and standing[stems[0]] is None


def _held_as(word: str, held: set[str], misspelt: bool) -> str | None:
    """The stem in the passages that `word` is, or, where it may be misspelt, that it resembles; None without one."""
    if word in held:
        return word
    if not misspelt or len(word) < LONG:
        return None
    near = difflib.get_close_matches(word, [h for h in held if h[0] == word[0]], n=1, cutoff=ALIKE)
    return near[0] if near else None


def _is_number(word: str) -> bool:
    return word[:1].isdigit()
