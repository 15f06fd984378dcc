"""An answer for a beginner, cut from one section of a lecture: the idea, the formula with its symbols, a small number.

Every sentence is the course's own and whole. What is chosen and left out is decided by rules: the section's opening,
the sentence that the question is about, the first formula with the words that name its symbols, and a worked number
where the section has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.search import KnowledgeBase, Passage
from tutor.teaching.blocks import (
    Block,
    around,
    blocks_of,
    content_words,
    leans,
    opening,
    points_elsewhere,
    weight_of,
)
from tutor.teaching.choosing import mistake
from tutor.teaching.glossaries import compared_lines, compares, glossary_line
from tutor.teaching.nearness import Embed, closeness
from tutor.teaching.within import FOCUS, LISTED, first_items, kinds, own_question

NEAR = 0.5  # cosine from which a sentence is quoted for what it means, though it shares no word with the question
IDEA, SYMBOLS, EXAMPLE = 60, 95, 60  # words
SHORT = 25  # words; an opening below that takes the next block with it
WHY = 5.0  # what a sentence that gives a reason is worth to a question that asks why, in asked words
_NAMES = re.compile(
    r"\b(?:is|are|means?|counts?|stands? for|says?|number of|the \w+ of|called)\b|\(\"", re.IGNORECASE
)
# A computation with its result: an operator between numbers before the equals sign, a number behind it.
_WORKED = re.compile(
    r"\$[^$\n]*\d[^$\n=]*(?:[+/^]|-|\\times|\\cdot|\\sqrt|\\ln|\\frac)[^$\n=]*(?:=|\\approx)\s*-?[\d(][^$\n]*\$"
    r"|\$[^$\n=]*(?:\\sqrt|\\frac|\\ln|\\times)[^$\n=]*\d[^$\n=]*(?:=|\\approx)\s*-?[\d(][^$\n]*\$"
)
_OPENS = re.compile(
    r"^\W*(?:example|for (?:example|instance)|suppose|take|by hand|with|say|in our (?:example|run)|if|our|at|an?"
    r"|one)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|since|cannot|can not|so that|no straight|never|impossible|reason)\b", re.IGNORECASE
)
_EXAMPLE = re.compile(r"^\W*(?:for )?example\b", re.IGNORECASE)
_RUN_IN = re.compile(r"^\*\*[^*]{2,40}(?::\*\*|\*\*[:,.])")


@dataclass(frozen=True)
class Shape:
    """The parts of an answer, each in the course's own words; "" or empty where the section has none."""

    idea: str
    focus: str = ""
    formula: str = ""
    symbols: str = ""
    example: str = ""

    def formula_with_symbols(self) -> str:
        """The formula and what its symbols mean, where both are there; it may stand in the opening."""
        formula = self.formula or next((p for p in self.idea.split("\n\n") if p.startswith("$$")), "")
        return f"{formula}\n\n{self.symbols}" if formula and self.symbols else ""

    def words(self) -> str:
        """The answer as markdown."""
        # The names of the symbols follow their formula, also where that stands in the opening.
        parts = [self.idea, self.focus, self.formula, self.symbols]
        if not self.formula:
            parts = [self.idea, self.symbols, self.focus]
        if self.example:
            parts.append(
                self.example if self.example.startswith("**") else f"**With numbers.** {self.example}"
            )
        return "\n\n".join(part for part in parts if part)


def whole_section(base: KnowledgeBase | None, passage: Passage) -> str:
    """The text of the passage's section; of a notebook's cell or a page, the passage itself."""
    if base is None or passage.cell is not None or passage.page is not None or not passage.heading:
        return passage.text
    views = [view for view in base.section(passage.path) if view.heading == passage.heading]
    text = "\n\n".join(view.text.strip() for view in views)
    return text if passage.best_sentence in text or not passage.text.strip() else text or passage.text


def shape(
    question: str,
    passage: Passage,
    base: KnowledgeBase | None,
    telling: Mapping[str, float],
    embed: Embed | None = None,
) -> Shape:
    """Cut an answer from the passage's section. `telling` weighs the words of the question."""
    everything = blocks_of(whole_section(base, passage))
    blocks = [block for block in everything if block.kind not in ("picture", "invitation", "code")]
    if not blocks:
        return Shape("")
    weights = dict.fromkeys(content_words(question), 1.0)
    for word, weight in telling.items():
        for stem in content_words(word):
            weights[stem] = max(weight, weights.get(stem, 0.0))
    taken: set[int] = set()
    if told := _mistake(blocks, passage):
        pair = [line for line in compared_lines(question, base, [passage]) if line not in told]
        return Shape("\n\n".join([*pair, told]))
    why = re.match(r"\s*why\b", question, re.IGNORECASE) is not None
    # Under a heading that asks why, the reason comes first.
    reasons = why and bool(passage.heading) and passage.heading[-1].lower().startswith("why ")
    idea = _idea(blocks, taken, {} if reasons else weights, compares(question))
    if not _ends(idea) and idea.endswith(":"):  # all that it leads up to is code, so the code is what it says
        code = next((block.text for block in everything if block.kind == "code"), "")
        if code and code.count("\n") <= 25:
            return Shape(f"{idea}\n\n{code}")
    line = glossary_line(question, base, passage, _defined(idea, question))
    if line and not content_words(line) <= content_words(idea):
        where = f"lecture {passage.lecture}, glossary" if passage.lecture is not None else "glossary"
        idea = f"{line} *({where})*\n\n{idea}"
    pair = [told for told in compared_lines(question, base, [passage]) if told not in idea]
    idea = "\n\n".join([*pair, idea])
    begun = min(taken, default=0)
    named = content_words(passage.heading[-1].replace("-", " - ")) if passage.heading else set()
    beyond = {word: weight for word, weight in weights.items() if word not in named}
    focus = own_question(blocks, taken, question) or kinds(blocks, taken, question)
    focus = focus or _focus(blocks, taken, idea, passage, beyond, why)
    more = _nearest(question, blocks, taken, f"{idea}\n{focus}", embed)
    focus = "\n\n".join(part for part in (focus, more) if part)
    formula, symbols = _formula(blocks, taken, idea + focus)
    told = idea + focus + formula + symbols
    example = "" if _WORKED.search(f"{idea}\n{focus}") else _example(blocks[begun:], told)
    return Shape(idea, focus, formula, symbols, example)


def _idea(blocks: Sequence[Block], taken: set[int], weights: Mapping[str, float], both: bool = False) -> str:
    """How the section opens, or where it defines what was asked; with the list or formula that this leads up to."""
    at, told = _definition(blocks, weights, both)
    block = blocks[at]
    taken.add(at)
    if block.kind != "text":
        return told
    if _RUN_IN.match(block.text):
        return _run_ins(blocks, at, taken)
    follows = blocks[at + 1] if at + 1 < len(blocks) else None
    if not _ends(told):
        shown = follows is not None and follows.kind != "text" and not _RUN_IN.match(follows.text)
        if shown and follows is not None and (follows.kind == "formula" or follows.words <= LISTED):
            taken.add(at + 1)
            return "\n\n".join([told, follows.text, *_goes_on(blocks, at + 2, taken)])
        if (
            shown and follows is not None and follows.kind == "list"
        ):  # longer than can be read at once: its beginning
            taken.add(at + 1)
            return f"{told}\n\n{first_items(follows)}"
        kept = _sentences(told)[:-1]
        return " ".join(kept) if kept else told
    if follows is not None and len(told.split()) < SHORT:
        if follows.kind == "list":
            taken.add(at + 1)
            return f"{told}\n\n{first_items(follows)}"
        more = opening(follows, IDEA) if follows.kind == "text" else ""
        if more and not leans(more) and _ends(more):
            taken.add(at + 1)
            return f"{told}\n\n{more}"
    return told


def _goes_on(blocks: Sequence[Block], at: int, taken: set[int]) -> list[str]:
    """The sentence that runs on behind a formula to the next one ("and then passes the sum on: ...")."""
    if at + 1 >= len(blocks) or blocks[at].kind != "text" or blocks[at + 1].kind != "formula":
        return []
    text = blocks[at].text
    if not text[:1].islower() or _ends(text) or blocks[at].words > IDEA // 2:
        return []
    taken.update((at, at + 1))
    return [text, blocks[at + 1].text]


def _definition(blocks: Sequence[Block], weights: Mapping[str, float], both: bool) -> tuple[int, str]:
    """Where to begin, and the words: the opening, unless only a later sentence sets what was asked in bold.

    `both`: two things are asked for ("precision or recall?"), so the paragraph's or list's first is told as well.
    """
    first = blocks[0]
    lead = opening(first, IDEA) if first.kind == "text" else first.text
    if first.kind == "text" and _bold_weight(lead, weights) > 0:
        return 0, lead
    best = (_bold_weight(lead, weights) if first.kind == "text" else 0.0, 0, lead)
    for at, block in enumerate(blocks):
        if block.kind == "list":
            pieces = [(item, item) for item in block.items]
        elif block.kind == "text":
            sentences = block.sentences
            pieces = [(s, " ".join(_from(sentences, i))) for i, s in enumerate(sentences)]
        else:
            continue
        told_of = [told for piece, told in pieces if _bold_weight(piece, weights) > 0 and not leans(piece)]
        for piece, told in pieces:
            value = _bold_weight(piece, weights)
            if value > best[0] + 1e-9 and not leans(piece):
                best = (value, at, without_bullet(told))
                if both and block.kind == "list" and len(told_of) > 1:
                    best = (value, at, first_items(Block("list", "\n".join(told_of))))
                elif both:
                    best = (value, at, told_of[0])
        if (
            at == 1
            and best[1] == 1
            and block.kind == "list"
            and len(lead.split()) < SHORT
            and block.words <= LISTED
        ):
            return 0, lead  # a short opening and its list are one answer
    if best[1] == 0 and best[2] == lead and first.kind != "text":
        return 0, first.text if first.words <= 2 * LISTED else "\n".join(first.items[:4])
    return best[1], best[2]


def _from(sentences: Sequence[str], start: int) -> list[str]:
    kept: list[str] = []
    for sentence in sentences[start:]:
        if kept and sum(len(s.split()) for s in kept) + len(sentence.split()) > IDEA:
            break
        kept.append(sentence)
    return kept


def _bold_weight(text: str, weights: Mapping[str, float]) -> float:
    return max((weight_of(term, weights) for term in re.findall(r"\*\*(.+?)\*\*", text)), default=0.0)


def _defined(text: str, question: str) -> set[str]:
    """What of the question a text sets in bold, and nothing narrower: a "dead ReLU" is no "ReLU"."""
    asked = content_words(question.replace("-", " "))
    terms = (content_words(term.replace("-", " ")) for term in re.findall(r"\*\*(.+?)\*\*", text))
    return set().union(*(term for term in terms if term <= asked))


def _mistake(blocks: Sequence[Block], passage: Passage) -> str:
    """The one mistake, of a lecture's list of them, that the passage was found for; "" elsewhere."""
    if not mistake(passage):
        return ""
    found = passage.best_sentence.strip()
    items = (without_bullet(item) for block in blocks if block.kind == "list" for item in block.items)
    return next((item for item in items if item.startswith(without_bullet(found)[:40])), "")


def _run_ins(blocks: Sequence[Block], at: int, taken: set[int]) -> str:
    """Paragraphs side by side that each begin with a word in bold: "**Too small:** ..." and "**Too large:** ..."."""
    parts: list[str] = []
    for i in range(at, len(blocks)):
        block = blocks[i]
        told = opening(block, IDEA)
        size = sum(len(part.split()) for part in parts)
        if (
            block.kind != "text"
            or not _RUN_IN.match(block.text)
            or (parts and size + len(told.split()) > LISTED)
        ):
            break
        parts.append(told)
        taken.add(i)
    if parts[-1].endswith(":") and len(_sentences(parts[-1])) > 1:
        parts[-1] = " ".join(_sentences(parts[-1])[:-1])
    return "\n\n".join(parts)


def _focus(
    blocks: Sequence[Block],
    taken: set[int],
    idea: str,
    passage: Passage,
    weights: Mapping[str, float],
    asks_why: bool,
) -> str:
    """The sentence or list item that the question is about, where the opening is not it already."""
    have = weight_of(idea, weights) + (WHY if asks_why and _REASON.search(idea) else 0.0)
    best: tuple[float, int, str] = (have + 0.5, -1, "")
    wanted = passage.best_sentence.strip()
    for at, block in enumerate(blocks):
        for piece, told in _pieces(block):
            if (
                not told
                or without_bullet(told) in idea
                or leans(told)
                or any(s in idea for s in _sentences(told))
            ):
                continue
            value = weight_of(piece, weights) + (
                0.4 if wanted and (wanted in piece or piece in wanted) else 0.0
            )
            if asks_why and _REASON.search(piece):
                value += WHY
            if value > best[0] + 1e-9:
                best = (value, at, told)
    if best[1] >= 0:
        taken.add(best[1])
    return best[2]


def _pieces(block: Block) -> list[tuple[str, str]]:
    """The sentences or items of a block that may be told, each with the words in which it would be."""
    if block.kind == "list":
        return [(item, item) for item in block.items if len(item.split()) <= FOCUS]
    if block.kind != "text":
        return []
    # The last sentence of an example makes no sense without it, and the example is told as one.
    shown = block.sentences[: 1 if _EXAMPLE.match(block.text) else None]
    return [(sentence, _without_lead_in(around(block, sentence, FOCUS))) for sentence in shown]


def _nearest(
    question: str,
    blocks: Sequence[Block],
    taken: set[int],
    told: str,
    embed: Embed | None,
) -> str:
    """The sentence or list item not yet told that means what was asked, where one is near enough; else ""."""
    if embed is None or not question.strip():
        return ""
    pieces = [(at, piece, words) for at, block in enumerate(blocks) for piece, words in _pieces(block)]
    # Without the heading: it is near to the question already, and would lend that to every sentence under it.
    near = closeness(question, [piece for _, piece, _ in pieces], embed)
    ranked = sorted(zip(near, pieces, strict=True), key=lambda pair: -pair[0])
    for cosine, (at, piece, words) in ranked:
        if cosine < NEAR or without_bullet(piece) in told:
            return ""  # what is nearest was told already, or nothing is near
        if words and not leans(words) and not any(s in told for s in _sentences(words)):
            taken.add(at)
            return words
    return ""


def _ends(text: str) -> bool:
    """Whether a text ends as a sentence does, and leads up to nothing."""
    return re.search(r"[.!?][\"”’)*_]*\Z", text.rstrip()) is not None


def _without_lead_in(text: str) -> str:
    kept = _sentences(text)
    while kept and not _ends(kept[-1]):
        kept.pop()
    return " ".join(kept)


def without_bullet(text: str) -> str:
    return re.sub(r"\A\s*(?:[-*+]|\d+[.)])\s+", "", text) if "\n-" not in text else text


def _formula(blocks: Sequence[Block], taken: set[int], told: str) -> tuple[str, str]:
    """The formula that belongs to what was told, with its lead-in, and the sentences after it that name its symbols."""
    places = [i for i, block in enumerate(blocks) if block.kind == "formula"]
    if not places:
        return "", ""
    near = max(taken, default=0)
    at = next((i for i in reversed(places) if i in taken), next((i for i in places if i > near), places[0]))
    lead = ""
    if at > 0 and blocks[at - 1].kind == "text":
        last = blocks[at - 1].sentences[-1]
        if last not in told and not leans(last):
            lead = last
        elif last not in told:
            lead = _lead_before(blocks[at - 1], told)
    text = "" if blocks[at].text in told else "\n\n".join(p for p in (lead, blocks[at].text) if p)
    symbols = _symbols(blocks, at, taken, told)
    if text and not lead and not symbols:
        return "", ""  # a bare formula frightens and explains nothing
    taken.add(at)
    return text, symbols


def _lead_before(block: Block, told: str) -> str:
    """A lead-in that leans on the sentence before it, together with that one."""
    text = around(block, block.sentences[-1], FOCUS)
    return "" if leans(text) or any(s in told for s in _sentences(text)) else text


def _symbols(blocks: Sequence[Block], at: int, taken: set[int], told: str) -> str:
    kept: list[str] = []
    for i in range(at + 1, min(at + 3, len(blocks))):
        block = blocks[i]
        if block.kind == "list" and block.text.count("$") >= 2 and block.words <= SYMBOLS and not kept:
            taken.add(i)
            return "" if block.text in told else block.text
        if block.kind != "text":
            break
        for sentence in block.sentences:
            enough = sum(len(s.split()) for s in kept) + len(sentence.split()) > SYMBOLS
            if "$" not in sentence or not _NAMES.search(sentence) or sentence in told or enough:
                break
            if not _ends(sentence) or _WORKED.search(sentence):
                break
            kept.append(sentence)
        if kept:
            taken.add(i)
            break
    return " ".join(kept)


def _example(blocks: Sequence[Block], told: str) -> str:
    """A worked number that stands by itself: whole sentences of one paragraph."""
    for block in blocks:
        if block.kind != "text":
            continue
        pieces = block.sentences
        at = next((i for i, s in enumerate(pieces) if _WORKED.search(s) and s not in told), None)
        if at is None:
            continue
        start = at
        while start > 0 and (leans(pieces[start]) or not _OPENS.match(pieces[start])):
            start -= 1
        chosen = pieces[start : at + 1]
        if (
            leans(chosen[0])
            or sum(len(s.split()) for s in chosen) > EXAMPLE
            or any(s in told for s in chosen)
        ):
            chosen = [pieces[at]] if not leans(pieces[at]) and len(pieces[at].split()) <= EXAMPLE else []
        whole = bool(chosen) and chosen[0].startswith("Example")
        for more in pieces[at + 1 :]:
            room = EXAMPLE + (EXAMPLE // 3 if whole else 0)
            if not chosen or sum(len(s.split()) for s in (*chosen, more)) > room or not _ends(more):
                break
            if not (whole or _WORKED.search(more) or leans(more)):
                break
            chosen.append(more)
        if chosen and _ends(chosen[-1]) and not points_elsewhere(" ".join(chosen)):
            return " ".join(chosen)
    return ""


def _sentences(text: str) -> list[str]:
    return Block("text", text).sentences
