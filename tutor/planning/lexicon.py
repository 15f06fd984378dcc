"""Every phrase that the labs in the registry answer to, found in a message, typing mistakes forgiven.

Built from titles, synonyms, topics and parameter schemas only: a new lab needs no code here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from labs.base import Lab
from labs.fields import ParamInfo
from tutor.planning.glossary import NAMES, VALUES
from tutor.planning.text import NUMBER_WORDS, Token, tokens_of
from tutor.planning.vocabulary import COMMON, ELSEWHERE, FIELD, SUBJECT

Kind = Literal["lab", "topic", "field", "choice", "foreign"]
Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """What a phrase stands for: a lab, a word of its subject, one of its parameters, or a value of one."""

    lab: str
    kind: Kind
    field: str = ""
    value: Any = None


@dataclass(frozen=True)
class Hit:
    """A phrase found in tokens[start:end]."""

    start: int
    end: int
    entry: Entry
    plain: bool = False  # the value's own one-word name, which may be an everyday word ("line", "price")

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass
class LabWords:
    """One lab as the reader needs it."""

    lab: Lab
    infos: dict[str, ParamInfo]
    names: set[Phrase] = field(default_factory=set)


class Lexicon:
    def __init__(self, labs: Mapping[str, Lab]) -> None:
        self.labs: dict[str, LabWords] = {}
        self._entries: dict[Phrase, list[tuple[Entry, bool]]] = {}
        for lab in labs.values():
            self._add_lab(lab)
        self.words = frozenset(word for phrase in self._entries for word in phrase if not word.isdigit())
        self._longest = max(map(len, self._entries), default=1)
        for phrase in FIELD:
            key = phrase_of(phrase)
            if not self._offered(key):
                self._put(key, Entry("", "foreign"))
        field_words = {word for phrase in FIELD for word in phrase_of(phrase)}
        self._known = (
            self.words | COMMON | SUBJECT | ELSEWHERE | field_words | NUMBER_WORDS | frozenset(_ACTS) | _SLANG
        )
        self._targets: dict[str, list[tuple[str, str]]] = {}  # first letter -> (as typed, normal form)
        for word in sorted(self.words | frozenset(_ACTS)):
            if word.isalpha() and len(word) >= 3:
                for typed in (word, word + "s"):
                    if len(typed) >= 4:
                        self._targets.setdefault(typed[0], []).append((typed, word))
        self._corrected: dict[str, str] = {}

    def _offered(self, key: Phrase) -> bool:
        return key in self._entries

    def _add_lab(self, lab: Lab) -> None:
        infos = {info.name: info for info in lab.parameters}
        words = LabWords(lab, infos)
        self.labs[lab.id] = words
        for name in (lab.id.replace("_", " "), lab.title, *lab.synonyms):
            words.names.add(phrase_of(name))
            self._put(phrase_of(name), Entry(lab.id, "lab"))
        for topic in lab.topics:
            self._put(phrase_of(topic), Entry(lab.id, "topic"))
        for info in infos.values():
            for name in (info.name, *info.synonyms):
                self._put(phrase_of(name), Entry(lab.id, "field", info.name))
            unit = phrase_of(info.unit or "")
            taken = {phrase_of(name) for other in infos.values() for name in (other.name, *other.synonyms)}
            for name in NAMES.get(info.name, ()):
                if phrase_of(name) not in taken:
                    self._put(phrase_of(name), Entry(lab.id, "field", info.name))
            if info.kind == "int" and info.name.endswith("s") and "_" not in info.name:
                self._put((info.name[:-1] + "ed",), Entry(lab.id, "field", info.name))  # "a 5-armed ..."
            if len(unit) == 1 and len(unit[0]) >= 3 and unit not in taken and info.unit != "date":
                self._put(unit, Entry(lab.id, "field", info.name))  # "the last 60 days"
            inner = info.item or info
            for choice in inner.choices:
                if choice != "none":
                    self._put(phrase_of(choice), Entry(lab.id, "choice", info.name, choice), plain=True)
            for choice, names in {
                **VALUES.get(info.name, {}),
                **inner.choice_synonyms,
                **info.choice_synonyms,
            }.items():
                value = _value(choice, inner)
                if (
                    inner.kind == "text"
                    and choice.isupper()
                    and len(choice) >= 3
                    and choice.lower() not in COMMON
                ):
                    self._put(phrase_of(choice), Entry(lab.id, "choice", info.name, value))
                for name in names:
                    self._put(phrase_of(name), Entry(lab.id, "choice", info.name, value))

    def _put(self, key: Phrase, entry: Entry, plain: bool = False) -> None:
        if not key:
            return
        keys = [key]
        if 1 < len(key) <= 3 and all(len(word) > 1 for word in key) and entry.kind != "foreign":
            keys.append(("".join(key),))  # "gridworld" for "grid world"
        for one in keys:
            known = self._entries.setdefault(one, [])
            if all(entry != other for other, _ in known):
                known.append((entry, plain and len(one) == 1))

    # ---- reading

    def correct(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens, with unknown words replaced by the known one that they are a slip of."""
        return [
            replace(token, text=self._correct_word(token.text, token.raw)) if token.kind == "word" else token
            for token in tokens
        ]

    def _correct_word(self, word: str, raw: str) -> str:
        if len(word) == 3 and raw.lower() == word + "s" and word not in self._known:
            word = raw.lower()  # "naive bays": the plural that it seems to be is no word
        if len(word) < 4 or not word.isalpha() or (raw.isupper() and len(raw) <= 5) or self._knows(word):
            return word
        if word not in self._corrected:
            if len(self._corrected) > 5000:
                self._corrected.clear()
            self._corrected[word] = self._nearest(word)
        return self._corrected[word]

    def _knows(self, word: str) -> bool:
        """Whether the word, or what it is an inflection of, is known."""
        if word in self._known:
            return True
        for ending in ("ing", "ed", "er", "ly", "est", "d", "al", "able", "ness", "n"):
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                stem = word[: -len(ending)]
                if stem in self._known or stem + "e" in self._known or stem + "y" in self._known:
                    return True
                if ending in ("ing", "ed", "er") and stem[-1] == stem[-2] and stem[:-1] in self._known:
                    return True
        return False

    def _nearest(self, word: str) -> str:
        limit = 1 if len(word) < 8 else 2
        best, found, size = limit + 1, word, 0
        swapped = self._targets.get(word[1], []) if word[1] != word[0] else []
        for typed, target in self._targets.get(word[0], []) + [t for t in swapped if t[0][1] == word[0]]:
            if abs(len(typed) - len(word)) > limit:
                continue
            if len(word) == 4 and len(typed) == 4 and sorted(word) != sorted(typed):
                continue  # four letters with one replaced is too often another word
            distance = _distance(word, typed, best + 1)
            if distance < best or (distance == best and distance <= limit and len(typed) > size):
                best, found, size = distance, target, len(typed)
        return found

    def hits(self, tokens: Sequence[Token]) -> list[Hit]:
        """Every phrase found; one that lies inside a longer one of any lab is left out."""
        found: list[Hit] = []
        keys = [token.key for token in tokens]
        for start in range(len(tokens)):
            if tokens[start].kind in ("mark", "quote"):
                continue
            for end in range(start + 1, min(len(tokens), start + self._longest) + 1):
                for entry, plain in self._entries.get(tuple(keys[start:end]), ()):
                    found.append(Hit(start, end, entry, plain))
            if start + 1 < len(tokens) and len(keys[start]) + len(keys[start + 1]) > 5:
                joined = (keys[start] + keys[start + 1],)
                if tokens[start + 1].kind == "word" and (keys[start], keys[start + 1]) not in self._entries:
                    found += [Hit(start, start + 2, entry) for entry, _ in self._entries.get(joined, ())]
        spans = [hit for hit in found if hit.entry.kind != "topic"]
        return [hit for hit in found if self._counted(hit, tokens) or not _inside(hit, spans)]

    @staticmethod
    def _counted(hit: Hit, tokens: Sequence[Token]) -> bool:
        """Whether a parameter that a longer phrase holds has a number of its own beside it.

        "5 armed bandit" begins with what it counts; "optimistic initial values of 10" ends in what is set.
        """
        if hit.entry.kind != "field":
            return False
        if hit.start > 0 and tokens[hit.start - 1].kind == "number":
            return True
        after = tokens[hit.end : hit.end + 2]
        return len(after) == 2 and after[0].text in ("of", "=", ":") and after[1].kind == "number"


def refers_back(hit: Hit, tokens: Sequence[Token]) -> bool:
    """Whether "the network" or "this model" may mean that of the run before, though it also is a lab's name."""
    generic = (
        hit.entry.kind == "lab" and hit.length == 1 and tokens[hit.start].text in ("network", "net", "model")
    )
    return generic and hit.start > 0 and tokens[hit.start - 1].text in ("the", "this", "that", "same")


def _inside(hit: Hit, longer: Iterable[Hit]) -> bool:
    """Whether a longer phrase covers the hit, and is not just another lab's longer name for the same value."""
    return any(
        other.start <= hit.start
        and hit.end <= other.end
        and other.length > hit.length
        and not (
            hit.entry.kind == other.entry.kind == "choice"
            and hit.entry.lab != other.entry.lab
            and hit.entry.value == other.entry.value
        )
        for other in longer
    )


def phrase_of(text: str) -> Phrase:
    """A phrase as the keys of its tokens."""
    tokens = tokens_of(text.replace("_", " ").replace("-", " "), quotes=False)
    return tuple(token.key for token in tokens if token.kind != "mark")


def _value(choice: str, info: ParamInfo) -> Any:
    if info.kind in ("choice", "text"):
        return choice
    try:
        return json.loads("null" if choice.lower() == "none" else choice.lower())
    except ValueError:
        return choice


def _distance(one: str, two: str, limit: int) -> int:
    """Edit distance with swaps of neighbours; stops counting at `limit`."""
    before: list[int] = []
    last = list(range(len(two) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(two, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) >= limit:
            return limit
        before, last = last, row
    return last[-1]


def of_lab(hits: Iterable[Hit], lab: str, kind: Kind) -> list[Hit]:
    return [hit for hit in hits if hit.entry.lab == lab and hit.entry.kind == kind]


_SLANG = frozenset({"chuck", "bung", "stick"})  # no slips of "check", "bulk" or "stock"
# Words that carry the intent, so that "explian" and "simualte" are understood as well.
_ACTS = [
    "explain",
    "describe",
    "define",
    "summarise",
    "train",
    "simulate",
    "compare",
    "question",
    "quiz",
    "difference",
    "between",
    "please",
    "thanks",
    "predict",
    "forecast",
    "without",
    "instead",
    "actually",
    "again",
    "lecture",
    "example",
    "understand",
    "happen",
    "batch",
    "learning",
    "experiment",
    "which",
    "where",
    "could",
    "would",
    "should",
]
