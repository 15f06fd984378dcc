"""Messages that point back at runs: "the second one", "compare the last two", "which of them was best?".

Asked before the router, which knows the words of a conversation but not the runs in it. Whatever names a run outright
("the first run", "run 2") counts anywhere; a bare "the second one" only right after a turn about runs, and only where
nothing else is said, for it may as well mean the second kind of pooling.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from labs.base import Lab
from tutor.planning.lexicon import Lexicon, of_lab
from tutor.planning.settings import read
from tutor.planning.text import tokens_of
from tutor.planning.vocabulary import words
from tutor.sessions import Outline, PastRun

Act = Literal["tell", "compare", "best", "explain", "show", "list", "rerun"]
Kind = Literal["number", "nth", "last", "before", "first_few", "last_few", "all", "any", "with", "that"]


@dataclass(frozen=True)
class Pointer:
    """What a message wants of which runs.

    `problem` is set where it points at runs that are not there: the one sentence to say. `order` is, for a rerun,
    the message with the run's name taken out: "run it again with 20 arms".
    """

    act: Act
    runs: tuple[PastRun, ...] = ()
    problem: str = ""
    order: str = ""


@dataclass(frozen=True)
class _Ref:
    """One mention of runs in message[start:end]. `clear`: it says run or experiment, so that nothing else is meant."""

    start: int
    end: int
    kind: Kind
    count: int
    clear: bool


_NUMBERS = {
    w: n
    for n, w in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], start=1)
}
_ORDINALS = {
    w: n
    for n, w in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"], start=1
    )
}
_N = rf"(?:\d{{1,3}}|{'|'.join(_NUMBERS)})"
_NTH = rf"(?:{'|'.join(_ORDINALS)}|\d{{1,3}}(?:st|nd|rd|th))"
_LAST = r"(?:very last|last|latest|newest|most recent|final)"
_NOT_OF = (
    r"(?! (?:time|length|parameter|setting|of (?!my|the (?:run|last|first))))"  # "the result of k-means"
)
_RUN = rf"(?:runs?|experiments?|attempts?|trials?|results?){_NOT_OF}"
_THING = rf"(?P<noun>{_RUN}|ones?)\b"
_ITS = r"(?:(?!(?:of|the|in|and|to|or|with|run|epoch|layer|step)\b)[\w-]+ ){0,2}?"  # "first BANDIT run"
_AND = r"(?:,| and| or| with| to| vs\.?| versus| against| than|, and)"
_ENDS = r"(?=\s*(?:$|[?.!,;:]|please\b|again\b|side\b|and\b|with\b|to\b|vs\b|versus\b|or\b|against\b|from\b|differ))"
_AFTER_NUMBER = (
    r"(?=\s*(?:$|[?.!,;:]|(?:and|or|with|to|than)\b(?! (?:run )?\d)|vs|versus|against|get|got|did|do\b|was|is\b|again|"
    r"better|best|come|go\b|ha[sd]|have|look|show|mean|please|differ|perform|score|reach|so\b|once|but\b))"
)

# In this order: what one pattern has taken, the next ones do not see.
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("number", re.compile(
        rf"\b(?:runs?|experiments?|attempts?|trials?) (?:number |no\.? |# ?)?(?P<list>{_N}(?:{_AND} (?:the )?(?:run )?"
        rf"(?:number |# ?)?{_N})*){_AFTER_NUMBER}")),
    ("before", re.compile(
        r"\b(?:the |my )?(?:(?:last but one|penultimate|second[- ](?:to[- ])?last)(?: (?P<noun>run|experiment|one))?"
        r"|(?:the )(?P<noun2>run|experiment|one) before(?: (?:that|it|last|this))?(?: one)?"
        r"|previous (?P<noun3>run|experiment|one|attempt|result))\b")),
    ("last_few", re.compile(
        rf"\b(?:the |my )?(?:last|latest|past|previous|most recent) (?P<count>{_N}) {_ITS}{_THING}"
        rf"|\b(?:the |my )?(?:last|latest|most recent) (?P<count2>{_N}){_ENDS}"
        rf"|\b(?:the|these|those|my|our) (?P<count3>two) {_ITS}(?P<noun2>{_RUN})\b"
        r"|\b(?:these|those) two\b|\bboth(?: of (?:them|these|those))?"
        r"(?: (?:the |my )?(?P<noun3>runs|experiments))?\b")),
    ("first_few", re.compile(rf"\b(?:the |my )?first (?P<count>{_N}) {_THING}|\bthe first (?P<count2>{_N}){_ENDS}")),
    ("nth", re.compile(
        rf"\b(?P<det>the |my )?(?P<list>(?:{_NTH}|{_LAST})(?:{_AND} (?:the |my )?(?:{_NTH}|{_LAST}))+)"
        rf"(?: {_ITS}{_THING}|{_ENDS})")),
    ("nth", re.compile(rf"\b(?P<det>the |my |that )?(?P<list>{_NTH}) {_ITS}{_THING}|\bthe (?P<list2>{_NTH}){_ENDS}")),
    ("last", re.compile(rf"\b(?:the |my |this |that )?{_LAST} {_ITS}{_THING}|\bthe (?:last|latest){_ENDS}")),
    ("with", re.compile(
        r"\b(?:the|my|that|your) (?P<noun>run|experiment|attempt|trial|one|ones) "
        r"(?:with|where|that had|that used|that has|which had|which used|using|at|on|for)\b")),
    ("all", re.compile(
        rf"\ball (?:of )?(?:my |the |these |those |our )?{_ITS}(?P<noun>{_RUN})\b"
        rf"|\b(?:my|these|those|our|the) {_ITS}(?P<noun2>runs|experiments|results|attempts|trials)\b"
        rf"(?! (?:parameter|setting|of\b))"
        r"|\b(?:all )?(?:of )?(?:them|these|those)\b")),
    ("any", re.compile(
        rf"\b(?:which|what) (?:{_ITS}(?P<noun>runs?|experiments?|attempts?|trials?)|one|ones)\b"
        rf"|\b(?:best|worst|better|highest|lowest)[\w-]* {_ITS}(?P<noun2>runs?|attempts?)\b"
        r"|^(?:and |so )?which (?:was|is|did|does|had|got|came|won)\b")),
    ("that", re.compile(
        rf"\b(?:that|this|the|my) {_ITS}(?P<noun>run|experiment|attempt|trial|result)\b"
        r"(?! (?:time|length|parameter|setting|of\b))"
        r"|\b(?:that|this|the)(?: last| latest)? (?:one|plot|graph|chart|figure)\b")),
)  # fmt: skip

_ELSEWHERE = re.compile(
    r"\b(?:lectures?|chapters?|weeks?|modules?|notebooks?|slides?|sections?|equations?|exercises?|quiz(?:zes)?|"
    r"questions?|course|papers?|books?|textbooks?|passages?)\b"
)
_LIST = re.compile(
    r"\b(?:list|show|see|give)(?: me)?(?: all| of| the)*(?:(?: my| our| past| earlier| previous)+ experiments"
    r"|(?: my| our| past| earlier| previous)* runs)$|"
    r"^(?:and |so )?(?:what|which)(?: (?:runs|experiments|labs|things))? (?:have|did|had) (?:i|we) "
    r"(?:run|done|do|try|tried|made)"
    r"(?: (?:so far|already|before|today|up to now|until now|earlier))*$|"
    r"\bhow many (?:runs|experiments) (?:have|did) (?:i|we)\b|"
    r"^my (?:past |earlier )?(?:runs|experiments)(?: so far)?$"
)
_POLITE = (
    r"(?:please |ok |okay |now |then |and |so |can you |could you |let'?s |let us |i want to |i'd like to "
    r"|just )*"
)
_RERUN = re.compile(rf"^{_POLITE}(?:re-?run|repeat|redo|run|try|do|use|reuse)\b")
_AS_BEFORE = re.compile(r"\b(?:same as|as in|like|back to)\b.*\bbut\b")
_CHANGES = re.compile(r" (?:with|but|and|using|at|on) ")
_ADVICE = re.compile(r"\b(?:should|can you|could|would|for (?:a|an|me|beginners?)|in general|usually)\b")
_BEST = re.compile(
    r"\b(?:best|better|worst|worse|highest|lowest|greatest|least|largest|smallest|biggest|won|wins|winner)\b"
)
_COMPARE = re.compile(
    r"\bcompar|\bcontrast|\bdiffer|\bvs\b|\bversus\b|side by side|\boverlay|\bagainst\b|\b(?:better|worse) than\b|"
    r"\bwhat changed\b"
)
_EXPLAIN = re.compile(
    r"\bexplain|\b(?:does|did|do)\b.*\b(?:show|tell)\b|\bwhy\b|\bhow come\b|what happened|"
    r"\bmeans?\b|\bunderstand|\binterpret|(?:talk|walk) me through|\bsense of\b"
)
_SHOW = re.compile(
    r"\bshow|\bdisplay|\bplots?\b|\bsee\b|\bbring\b|\bopen\b|\bview\b|look at|go(?:ing)? back|\bback to\b|\bagain\b|"
    r"\bdraw|\bgraph|\bchart|\bpicture|\brepeat\b"
)
_IT = re.compile(
    r"^(?:and |so |but )?(?:what (?:was|were|is) its \w+(?: \w+)?|"
    r"(?:what|how (?:well|much|many|good|far))(?: \w+){0,2} did it "
    r"(?:get|score|do|reach|achieve|make|lose|earn|end (?:up )?(?:with|at)))$"
)
# What may stand beside a bare "the second one" without changing what it means.
_FILLER = words(
    """
    a again and about against all also an any at back be been better best between bigger biggest both but by can chart
    compare compared come comparison contrast could curve describe did differ difference different differences
    display do does draw end ended explain figure for from get give go good got graph had happen happened has have
    highest how i in is it its just largest last least let lets like look lowest make me mean means more most my now
    of ok okay on one ones open or out picture please plot question result results run runs say score see show side
    smallest so tell than that the them then there these they thing this those to too two understand up us versus
    view vs was we well were what when where which who why with won worse worst would you your
    """
)
LONGEST = 40  # words; a longer message tells a story and points at nothing


class PastRuns:
    """Finds the runs that a message points at. Holds no conversation."""

    def __init__(self, labs: Mapping[str, Lab]) -> None:
        self._labs = dict(labs)
        self._lexicon = Lexicon(labs)

    def read(self, message: str, told: Sequence[Outline]) -> Pointer | None:
        """What `message` wants of the runs in the turns `told`; None where it points at none."""
        text = " ".join(re.sub(r"[’‘]", "'", message.lower()).split()).rstrip("?.! ")
        if not text or len(text.split()) > LONGEST or _ELSEWHERE.search(text) or "lab:" in text:
            return None
        runs = [run for turn in told for run in turn.runs]
        if _LIST.search(text):
            return Pointer("list", tuple(runs), "" if runs else none_yet())
        refs = _references(text)
        just = told[-1].about if told else ()
        if not refs:
            return self._it(text, runs, just)
        act = _act(text, refs)
        clear = any(ref.clear for ref in refs)
        if not told and act == "compare" and self._nothing_else(text, refs):
            return Pointer(act, (), none_yet())  # "compare the last two" as the very first message
        if not clear and not (
            just and self._nothing_else(_CHANGES.split(text)[0] if act == "rerun" else text, refs)
        ):
            return None
        if _ADVICE.search(text) if act == "best" else any(ref.kind == "any" for ref in refs):
            return None  # "which experiment should I try?"
        vague = all(ref.kind in ("that", "all", "any") for ref in refs)
        if act == "tell" and vague and not self._nothing_else(text, refs):
            return None  # "how do I export the run?"
        if act == "rerun" and (vague or (not runs and refs[0].start == 0)):
            return None  # "run the experiment": the router knows which
        if not runs:
            return None if vague or not self._nothing_else(text, refs) else Pointer(act, (), none_yet())
        return self._resolved(act, text, refs, runs, told)

    # ---- which runs

    def _it(self, text: str, runs: Sequence[PastRun], just: Sequence[int]) -> Pointer | None:
        """ "What was its regret?" right after a run."""
        if not just or not _IT.search(text):
            return None
        return Pointer("tell", tuple(run for run in runs if run.number == just[-1]))

    def _nothing_else(self, text: str, refs: Sequence[_Ref]) -> bool:
        """Whether a message says nothing beyond its references, everyday words and the names of a lab's numbers."""
        rest = list(text)
        for ref in refs:
            until = len(text) if ref.kind == "with" else ref.end
            rest[ref.start : until] = " " * (until - ref.start)
        left = set(re.findall(r"[a-z][a-z'-]*", "".join(rest))) - _FILLER
        return not left - {
            word for lab in self._labs.values() for name in lab.metrics for word in metric_words(lab, name)
        }

    def _resolved(
        self, act: Act, text: str, refs: Sequence[_Ref], runs: Sequence[PastRun], told: Sequence[Outline]
    ) -> Pointer | None:
        named = self._lab_named(text)
        pool = [run for run in runs if run.lab in named] if named else list(runs)
        if named and not pool:
            titles = " or ".join(f"*{self._labs[lab].title}*" for lab in named)
            definite = any(ref.kind in ("nth", "last", "last_few", "number") for ref in refs)
            return (
                Pointer(act, (), f"You have not run {titles} in this conversation. {_so_far(runs)}")
                if definite
                else None
            )
        focus = _focus(pool, told)
        chosen: list[PastRun] = []
        just = [run for run in pool if told and run.number in told[-1].about]
        for at, ref in enumerate(refs):
            until = refs[at + 1].start if at + 1 < len(refs) else len(text)
            part = pool
            if act != "rerun" and re.match(
                r" (?:with|where|that (?:had|used)|using|on)\b", text[ref.end :] + " "
            ):
                part = self._having(text[ref.end : until], pool) or pool
            if ref.kind == "with":
                if _BEST.search(text[ref.end : until]):
                    return Pointer("best", tuple(pool))
                found = self._having(text[ref.end : until], pool)
                if found is None:
                    return None
                if not found:
                    asked = text[ref.end : until].strip().removesuffix(" again").strip()
                    return Pointer(act, (), f"None of your runs has {asked}. {_so_far(runs)}")
                chosen += found if act == "compare" and len(refs) == 1 else found[-1:]
                continue
            several = (
                just
                if ref.kind in ("all", "any") and not ref.clear and len(just) > 1
                else _pick(ref, text, part, focus)
            )
            if several is None:
                return Pointer(act, (), _no_such(text[ref.start : ref.end], part, named, self._labs))
            chosen += several
        picked = tuple(dict.fromkeys(run.number for run in chosen))
        return self._fitting(
            act, text, refs, [run for n in picked for run in runs if run.number == n], pool, focus
        )

    def _fitting(
        self,
        act: Act,
        text: str,
        refs: Sequence[_Ref],
        chosen: list[PastRun],
        pool: Sequence[PastRun],
        focus: PastRun,
    ) -> Pointer | None:
        """As many runs as the act needs."""
        if act == "rerun":
            if len(chosen) != 1:
                return None
            order = f"{text[: refs[0].start]}it{text[refs[0].end :]}"
            return Pointer("rerun", tuple(chosen), order=order)
        if act == "best" and len(chosen) < 2:
            return Pointer("best", tuple(pool))
        if act == "compare" and len(chosen) < 2:
            rest = text[refs[-1].end :]
            if re.match(rf"{_AND} (?!it\b|that\b|this\b)\w", rest) and not _COMPARE.search(rest):
                return None  # "compare the last run with ucb": one that has yet to be run
            others = [focus, *reversed([run for run in pool if not chosen or run.number < chosen[0].number])]
            other = next((run for run in others if not chosen or run.number != chosen[0].number), None)
            if not chosen or other is None:
                return Pointer("compare", (), f"To compare I need two runs. {_so_far(pool)}")
            chosen = [*chosen, other] if refs[0].start > text.find("it ") >= 0 else [other, *chosen]
            chosen.sort(key=lambda run: run.number)
        return Pointer(act, tuple(chosen))

    def _lab_named(self, text: str) -> list[str]:
        tokens = self._lexicon.correct(tokens_of(text))
        return list(dict.fromkeys(h.entry.lab for h in self._lexicon.hits(tokens) if h.entry.kind == "lab"))

    def _having(self, words: str, pool: Sequence[PastRun]) -> list[PastRun] | None:
        """The runs with the settings that `words` name, oldest first; None where they name none."""
        tokens = self._lexicon.correct(tokens_of(f"with {words}"))
        hits = self._lexicon.hits(tokens)
        found: list[PastRun] = []
        named = False
        for lab in dict.fromkeys(run.lab for run in pool):
            if not any(of_lab(hits, lab, "field") + of_lab(hits, lab, "choice")):
                continue
            values = read(self._lexicon.labs[lab], tokens, hits, {}, set()).values
            named = named or bool(values)
            if values:
                found += [
                    run
                    for run in pool
                    if run.lab == lab and all(_has(run.parameters.get(k), v) for k, v in values.items())
                ]
        return sorted(found, key=lambda run: run.number) if named else None


def metric_words(lab: Lab, name: str) -> set[str]:
    """The words by which a student names a metric of a lab."""
    told = f"{name.replace('_', ' ')} {lab.metrics[name].label}".lower()
    return {word for word in re.findall(r"[a-z][\w²-]+", told) if word not in _FILLER}


def none_yet() -> str:
    return "You have not run an experiment in this conversation yet, so there is no run to look back at."


# ---- reading the references


def _references(text: str) -> list[_Ref]:
    """Every mention of runs, in the order of the text."""
    left = text
    found: list[_Ref] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(left):
            groups = match.groupdict()
            noun = next((v for k, v in groups.items() if k.startswith("noun") and v), "")
            if kind == "nth" and not groups.get("det") and not noun and "list2" not in groups:
                continue
            if kind == "nth" and noun and not groups.get("det") and not _COMPARE.search(text):
                continue  # "first run the bandit"
            counted = next((v for k, v in groups.items() if k.startswith("count") and v), "")
            clear = kind == "number" or (bool(noun) and not noun.startswith("one"))
            found.append(_Ref(*match.span(), kind, _number(counted) or 2, clear))
            left = left[: match.start()] + "\0" * (match.end() - match.start()) + left[match.end() :]
    return sorted(found, key=lambda ref: ref.start)


def _number(word: str) -> int:
    digits = re.match(r"\d+", word)
    return int(digits[0]) if digits else _NUMBERS.get(word, _ORDINALS.get(word, 0))


def _act(text: str, refs: Sequence[_Ref]) -> Act:
    # The "run" of "run 2" is a noun, unless something is to be changed: "run 2 with 20 arms".
    ordered = (
        _RERUN.match(text)
        if refs[0].start > 0
        else re.match(r"(?:but )?with\b", text[refs[0].end :].lstrip())
    )
    if (ordered or _AS_BEFORE.search(text)) and not re.match(r"(?:use|do) (?:i|we|you|they)\b", text):
        return "rerun"
    several = len(refs) > 1 or refs[0].kind in ("last_few", "first_few")
    if (
        _BEST.search(text)
        and re.search(r"\b(?:which|what|who|best|worst|winner)\b", text)
        and (not re.search(r"\b(?:better|worse) than\b|\bwhy\b", text))
    ):
        return "best"
    if _COMPARE.search(text) and (several or not _EXPLAIN.search(text)):
        return "compare"
    if _EXPLAIN.search(text):
        return "compare" if several else "explain"
    return "show" if _SHOW.search(text) else "tell"


def _focus(pool: Sequence[PastRun], told: Sequence[Outline]) -> PastRun:
    """The run that was spoken of last."""
    known = {run.number: run for run in pool}
    return next((known[n] for turn in reversed(told) for n in reversed(turn.about) if n in known), pool[-1])


def _pick(ref: _Ref, text: str, pool: Sequence[PastRun], focus: PastRun) -> list[PastRun] | None:
    """The runs of one reference; None where one of them does not exist."""
    said = text[ref.start : ref.end]
    match ref.kind:
        case "number":  # the number that answers show, whatever lab it is of
            wanted = [_number(word) for word in re.findall(rf"\b{_N}\b", said)]
            found = [run for n in wanted for run in pool if run.number == n]
            return found if len(found) == len(wanted) else None
        case "nth":
            places = [
                len(pool) if re.fullmatch(_LAST, word) else _number(word)
                for word in re.findall(rf"\b(?:{_NTH}|{_LAST})\b", said)
            ]
            return [pool[n - 1] for n in places] if all(1 <= n <= len(pool) for n in places) else None
        case "last":
            return [pool[-1]]
        case "before":
            return [pool[-2]] if len(pool) > 1 else None
        case "last_few":
            return list(pool[-ref.count :]) if len(pool) >= ref.count else None
        case "first_few":
            return list(pool[: ref.count]) if len(pool) >= ref.count else None
        case "all" | "any":
            return list(pool)
    return [focus]


def _has(held: Any, wanted: Any) -> bool:
    """Whether a parameter's value is, or contains, what was named."""
    if isinstance(wanted, list):
        return all(_has(held, one) for one in wanted)
    if isinstance(held, list):
        return any(_has(one, wanted) for one in held)
    if isinstance(held, int | float) and isinstance(wanted, int | float):
        return math.isclose(held, wanted, rel_tol=1e-9, abs_tol=1e-12)
    return bool(held == wanted)


def _so_far(runs: Sequence[PastRun]) -> str:
    if len(runs) == 1:
        return "There is 1 run so far."
    return f"There are {len(runs)} runs so far; ask *list my runs* to see them."


def _no_such(said: str, pool: Sequence[PastRun], named: Sequence[str], labs: Mapping[str, Lab]) -> str:
    """The sentence for a run that does not exist: how many there are."""
    count = len(pool)
    what = f"run of *{labs[named[0]].title}*" if named else "run"
    have = f"is 1 {what}" if count == 1 else f"are {count} {what.replace('run', 'runs', 1)}"
    return (
        f"There {have} in this conversation so far, so I cannot find “{said.strip()}”. Ask *list my runs* to see "
        "what there is."
    )
