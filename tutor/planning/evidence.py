"""What a message holds for each lab, and what it holds at all: computed once per message, then weighed by
the router."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from labs.fields import ParamInfo
from tutor.planning import acts
from tutor.planning.acts import Clause
from tutor.planning.daily_life import asks_how_to, chats, feels, is_chore
from tutor.planning.lexicon import Hit, Lexicon
from tutor.planning.numbers import numeric
from tutor.planning.settings import Reading
from tutor.planning.text import Token
from tutor.planning.vocabulary import COMMON, ELSEWHERE, SUBJECT, words

LONG_MESSAGE = 30  # words
NAME, CHOICE, TOPIC, SETTING, MENTION = 3.0, 2.2, 1.5, 0.8, 0.25
_OWN = words(
    """
    data dataset csv file photo picture image spreadsheet essay code script website screenshot excel
    """
)
_MARKS = words("please lab experiment again demo simulation now go testbed run")
_GLUE = words(
    "a an the and or of for to by my no it this that so can compare side each other some i we you me lets let us ok"
)
_FACTORS = {
    **{"double": 2.0, "doubled": 2.0, "twice": 2.0, "triple": 3.0, "tripled": 3.0},
    **{"halve": 0.5, "halved": 0.5, "half": 0.5},
}
_RESCALES = re.compile(
    rf"\b(?:({'|'.join(_FACTORS)}) (?:it|that|this)\b|(?:make|do|try) (?:it|that|this) ({'|'.join(_FACTORS)})\b"
    r"|(twice|half) as (?:many|much|long|big|large)$)"
)
_BEHIND = re.compile(
    r"^(?:and|plus) (?!(?:on|with|for|in|then|now|what|if|run|make|use|set|try|change|do|without)\b)"
)
_THROWN_IN = re.compile(
    r"\b(?:chuck|throw|put|bung|pop|stick|mix|bring) (?:[\w<>]+ ){1,4}in\b(?! (?:place|the)\b)"
)
_FACT = re.compile(r"<number> \w+ (?:are|is|were|was|get|have) (?!<number>)")
_RESETS = (
    "default setting",
    "the default",
    "default value",
    "default parameter",
    "start over",
    "standard setting",
    "all default",
)
_SETTING_WORDS = words("with on using use at only just but = without from versus , go for")


@dataclass(frozen=True)
class Evidence:
    """The facts about one message. A phrase that several labs share counts less for each."""

    tokens: Sequence[Token]
    hits: Sequence[Hit]
    clauses: Sequence[Clause]
    text: str
    infos: Mapping[str, Mapping[str, ParamInfo]]

    @cached_property
    def words(self) -> list[str]:
        return [token.text for token in self.tokens]

    # ---- labs

    @cached_property
    def sharing(self) -> dict[tuple[int, int], int]:
        """How many labs each phrase speaks of."""
        spans: dict[tuple[int, int], set[str]] = {}
        for hit in self.hits:
            if hit.entry.lab:
                spans.setdefault((hit.start, hit.end), set()).add(hit.entry.lab)
        return {span: len(labs) for span, labs in spans.items()}

    @cached_property
    def scores(self) -> dict[str, float]:
        best: dict[tuple[str, int], float] = {}
        for hit in self.hits:
            if not hit.entry.lab:
                continue
            share = self.sharing[(hit.start, hit.end)]
            weight = {
                "lab": NAME + 0.4 * (hit.length - 1),
                "choice": CHOICE if share == 1 else CHOICE / share + 0.2,
                "topic": TOPIC if share == 1 else TOPIC / share + 0.2,
                "field": MENTION / share,
            }[hit.entry.kind]
            if hit.entry.kind == "field" and len(self.tokens[hit.start].text) == 1:
                continue
            key = (hit.entry.lab, hit.start)
            best[key] = max(best.get(key, 0.0), weight)
        total: dict[str, float] = {}
        named: set[str] = set()
        for (lab, _), weight in sorted(best.items(), key=lambda item: -item[1]):
            if weight >= NAME:  # a second name of the same lab adds little
                weight = 1.0 if lab in named else weight
                named.add(lab)
            total[lab] = total.get(lab, 0.0) + weight
        return total

    def of_values(self, lab: str, values: Mapping[str, Any]) -> float:
        """What the settings that a lab could take say for it."""
        infos = self.infos[lab]
        weight = 0.0
        for name, value in values.items():
            sharers = sum(name in others for others in self.infos.values())
            if numeric(infos[name]) or infos[name].kind == "bool":
                weight += SETTING if sharers == 1 else SETTING * 0.6
            if (
                infos[name].kind == "list"
                and isinstance(value, list)
                and len(value) > 1
                and numeric(infos[name])
            ):
                weight += 0.4
        return weight

    def only_words(self, lab: str, values: Mapping[str, Any], everyday: frozenset[str]) -> int:
        """How many values of a lab are named only by an everyday word that sets nothing: the "char" of a char LSTM."""
        return sum(
            hit.entry.lab == lab
            and hit.entry.kind == "choice"
            and hit.plain
            and hit.entry.field not in values
            and self.tokens[hit.start].text in everyday
            and self.sharing[(hit.start, hit.end)] == 1
            for hit in self.hits
        )

    @cached_property
    def lab_named(self) -> bool:
        return any(hit.entry.kind == "lab" for hit in self.hits)

    @cached_property
    def named(self) -> bool:
        return any(hit.entry.kind in ("lab", "choice") for hit in self.hits)

    def names(self, lab: str) -> bool:
        return any(hit.entry.kind == "lab" and hit.entry.lab == lab for hit in self.hits)

    def speaks_of(self, lab: str) -> bool:
        """Whether more than a setting that it shares with others speaks for a lab: "225 examples, batches of 32"."""
        return any(
            hit.entry.lab == lab and (hit.entry.kind != "field" or self.sharing[(hit.start, hit.end)] == 1)
            for hit in self.hits
        )

    def names_with_choice(self, lab: str) -> bool:
        """ "lstm stock for nvidia", "ucb bandit": the lab's name and, elsewhere in the message, one of its values."""
        own = [hit for hit in self.hits if hit.entry.lab == lab]
        named = {at for hit in own if hit.entry.kind == "lab" for at in range(hit.start, hit.end)}
        return bool(named) and any(h.entry.kind == "choice" and h.start not in named for h in own)

    @cached_property
    def lab_marked(self) -> bool:
        """Whether a bare name comes with a word that asks for the run: "bandit please", "the cnn lab"."""
        return bool(_MARKS & set(self.words)) and not self.asked_by_mark

    @cached_property
    def asks_for_more(self) -> bool:
        """Whether a message without a verb says how to run what it names: "cnn on mnist"."""
        return self.numbers or self.lab_marked or bool(_SETTING_WORDS & set(self.words))

    @cached_property
    def numbers(self) -> bool:
        """Whether a number is said that can be nothing else."""
        return any(token.text.startswith("<") and not token.vague for token in self.tokens)

    @cached_property
    def is_passage(self) -> bool:
        """Whether the message is an exercise or a story with a question, far longer than an order."""
        return self.asked_by_mark and len(self.words) > LONG_MESSAGE

    @cached_property
    def sure_run(self) -> bool:
        """Whether a lab, a number or a word such as "please" makes an order of what could be a question."""
        return self.lab_named or self.numbers or self.lab_marked

    @cached_property
    def stray(self) -> int:
        """How many words belong neither to a lab nor to how a run is asked for: "circle with a *dot inside*"."""
        glue = _SETTING_WORDS | _MARKS | _GLUE
        return sum(
            token.kind == "word" and token.text not in glue and not self._covered(at)
            for at, token in enumerate(self.tokens)
        )

    @cached_property
    def on_our_data(self) -> bool:
        """Whether something that a lab offers is named: "a gan on mnist"."""
        return any(hit.entry.kind == "choice" for hit in self.hits)

    def runs_by_name(self, order: Clause) -> bool:
        """Whether a softer verb ("show", "do", "try") has the lab itself as its object."""
        return order.verb not in (
            "show",
            "see",
            "have",
            "get",
            "learn",
            "teach",
            "build",
            "implement",
            "create",
            "want",
            "check",
        )

    def settles(self, lab: str, found: Reading) -> bool:
        """Whether a follow-up really sets something, rather than mentioning it."""
        return bool(found.values) or bool(found.loose and len(self.words) <= 8)

    # ---- acts

    @cached_property
    def order(self) -> Clause | None:
        """The clause that orders something: a strong verb before a soft one."""
        for act in ("run", "change"):
            for clause in self.clauses:
                if clause.act == act and (act == "run" or self._soft_order(clause)):
                    return clause
        return None

    def _soft_order(self, clause: Clause) -> bool:
        """A soft verb in a message that asks something counts only where no clause is a question."""
        if not self.asks or clause is not self.clauses[0]:
            return True
        return not any(c.act == "question" for c in self.clauses)

    @cached_property
    def asks(self) -> bool:
        return any(clause.act in ("question", "report", "suppose", "watch") for clause in self.clauses)

    @cached_property
    def watches(self) -> bool:
        """ "show me what happens with 20 arms": an order, where a value is set for a lab that is named."""
        return any(clause.act == "watch" for clause in self.clauses)

    @cached_property
    def supposes(self) -> bool:
        return any(clause.act == "suppose" for clause in self.clauses) and not any(
            clause.act == "question" for clause in self.clauses
        )

    @cached_property
    def supposes_a_fact(self) -> bool:
        """ "what if two arms are equal": about something that happens, not about a setting."""
        return _FACT.search(self.text) is not None

    @cached_property
    def forbidden(self) -> bool:
        return acts.forbids_a_run(self.text) and not any(c.act == "run" for c in self.clauses)

    @cached_property
    def asked_by_mark(self) -> bool:
        return any(token.text == "?" for token in self.tokens)

    @cached_property
    def points(self) -> bool:
        return bool({"again", "same", "repeat", "rerun"} & set(self.words))

    @cached_property
    def resets(self) -> bool:
        return any(phrase in self.text for phrase in _RESETS)

    @cached_property
    def adds(self) -> bool:
        too = re.search(r"\btoo(?: please)?$", self.text) is not None  # not "that is too much"
        behind = _BEHIND.search(self.text) is not None and not self.asked_by_mark
        return (
            too
            or behind
            or self.beside
            or _THROWN_IN.search(self.text) is not None
            or bool({"add", "include"} & set(self.words))
            or "as well" in self.text
        )

    @cached_property
    def rescales(self) -> float:
        """The factor in "double it", "half that please"; 0 where there is none."""
        said = " ".join(token.raw.lower() for token in self.tokens)
        found = _RESCALES.search(said) if len(self.words) <= 7 and not self.asked_by_mark else None
        return _FACTORS[found[1] or found[2] or found[3]] if found else 0.0

    @cached_property
    def labs_named(self) -> int:
        """How many labs are named by a name that is theirs alone."""
        own = [h for h in self.hits if h.entry.kind == "lab" and self.sharing[(h.start, h.end)] == 1]
        return len({hit.entry.lab for hit in own})

    @cached_property
    def beside(self) -> bool:
        """ "compare that with ucb": what was run before stays, and what is named now stands beside it."""
        return re.search(r"\bcompare (?:(?:it|that|this) )?(?:with|to|versus)\b", self.text) is not None

    # ---- the subject

    @cached_property
    def of_a_lab(self) -> bool:
        """Whether something of a lab is named; a parameter's everyday name ("game") is not enough."""
        return any(hit.entry.kind != "field" or self.words[hit.start] not in COMMON for hit in self.hits)

    @cached_property
    def chats(self) -> bool:
        if self.asked_by_mark or self.numbers or self.on_subject:
            return False
        return feels(self.text) or (not self.elsewhere and chats(self.text))

    @cached_property
    def foreign(self) -> bool:
        """Whether an experiment, a method or a data set is named that no lab has."""
        return any(hit.entry.kind == "foreign" for hit in self.hits)

    @cached_property
    def unknown_data(self) -> bool:
        """ "on my own photos", "on the abalone dataset": data that no lab has."""
        for at, word in enumerate(self.words):
            if (
                word == "my"
                and set(self.words[at + 1 : at + 4]) & _OWN
                and "text" not in self.words[at + 1 : at + 4]
            ):
                return True
            if word in ("dataset", "data") and at > 1:
                before = self.tokens[at - 1]
                if (
                    before.kind == "word"
                    and before.text not in COMMON | SUBJECT
                    and not self._covered(at - 1)
                ):
                    return True
        return False

    @cached_property
    def unknown_words(self) -> bool:
        return any(
            t.kind == "word" and t.text.isalpha() and t.text not in COMMON | SUBJECT and not self._covered(i)
            for i, t in enumerate(self.tokens)
        )

    def runs_something_else(self, order: Clause) -> bool:
        """ "simulate traffic lights with q learning": what is to be run is named first, and no lab has it."""
        texts = self.words[order.start : order.end]
        at = order.start + texts.index(order.verb) + 1 if order.verb in texts else order.end
        means = next((i for i in range(at, order.end) if self.words[i] in ("with", "using", "via", "by")), at)
        named = [i for i in range(at, means) if self.tokens[i].kind == "word"]
        return (
            bool(named)
            and not any(map(self._covered, named))
            and any(self.words[i].isalpha() and self.words[i] not in COMMON | SUBJECT for i in named)
        )

    def _covered(self, at: int) -> bool:
        return any(hit.start <= at < hit.end for hit in self.hits)

    @cached_property
    def subject(self) -> int:
        return acts.subject(self.tokens)

    @cached_property
    def elsewhere(self) -> int:
        return sum(acts.elsewhere([token]) for at, token in enumerate(self.tokens) if not self._covered(at))

    @cached_property
    def on_subject(self) -> bool:
        """Whether any word is of the subject; a parameter's everyday name ("world") does not count."""
        return self.subject > 0 or any(
            hit.entry.kind != "field" or hit.length > 1 or self.words[hit.start] not in COMMON | ELSEWHERE
            for hit in self.hits
        )

    @cached_property
    def only_companies(self) -> bool:
        """Whether all that is named of the labs is a company: "who is the ceo of apple"."""
        return self.subject == 0 and all(
            hit.entry.field in ("ticker", "tickers") or hit.entry.kind in ("field", "foreign")
            for hit in self.hits
        )

    @cached_property
    def of_daily_life(self) -> bool:
        """ "how do i whistle with two fingers": a how-to without a word of the subject, with one of its own."""
        if {"it", "that", "this", "one"} & set(self.words):
            return False  # it goes on with what was said
        if not self.hits and is_chore(self.text):
            return True
        return asks_how_to(self.text) and any(
            t.kind == "word" and t.text.isalpha() and t.text not in COMMON | SUBJECT for t in self.tokens
        )

    @cached_property
    def off_subject(self) -> bool:
        return (self.elsewhere > 0 and self.elsewhere >= self.subject) or any(
            c.act == "favour" for c in self.clauses
        )

    @cached_property
    def topic(self) -> str:
        """The longest phrase of the subject, as typed."""
        ranked = sorted(
            (
                hit
                for hit in self.hits
                if hit.entry.kind != "field" or hit.length > 1 or len(self.words[hit.start]) > 3
            ),
            key=lambda hit: (-hit.length, hit.start),
        )
        raws = [t.raw for t in self.tokens[ranked[0].start : ranked[0].end]] if ranked else []
        return " ".join(dict.fromkeys(raws))  # "isn't" is two tokens of one word


def weigh(
    tokens: Sequence[Token], hits: Sequence[Hit], clauses: Sequence[Clause], text: str, lexicon: Lexicon
) -> Evidence:
    infos = {lab: words.infos for lab, words in lexicon.labs.items()}
    return Evidence(tokens, hits, clauses, text, infos)
