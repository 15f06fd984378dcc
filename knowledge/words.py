"""Text as words to look up: one spelling for ε, \\epsilon, "epsilon" and "eps"; code identifiers taken
apart; stems.

Used for BM25, for the hash embedder and for picking the best sentence. Knows nothing of files or indexes.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

ALIASES = {"eps": "epsilon"}

# Commands that only set type; the rest (\alpha, \sum, \nabla) name what is meant.
_LAYOUT_TEXT = (
    "frac dfrac tfrac left right begin end text textbf textit mathbf mathrm mathcal mathbb mathit "
    "boldsymbol big bigg quad qquad cdot times ldots cdots dots displaystyle limits nonumber label tag "
    "align aligned equation operatorname hspace vspace underbrace overbrace"
)
_LAYOUT = frozenset(_LAYOUT_TEXT.split())
_STOP_WORDS_TEXT = (
    "a an and are as at be been but by can could did do does for from had has have he her his how i if "
    "in into is it its just me my no not of on or our s she should so such t than that the their them "
    "then there these they this those to us was we were what when where which who whom why will with "
    "would you your about tell explain please mean means use used using actually really"
)
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())

_COMMAND = re.compile(r"\\(var)?([A-Za-z]+)")
_POWER = re.compile(r"\b([A-Za-z])\s*\^\s*\{?(\d)\}?")
_WORD = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?|[^\W\d_][\w']*|\d+\w+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# British and American spellings meet in one form. It need not be a word: question and passage
# both go through it.
_ISE = re.compile(r"is(?=(?:ations?|e|ed|es|er|ers|ing)$)")
_OUR = re.compile(r"our(?=(?:s|ed|ing|al|hoods?)?$)")
_stemmer = threading.local()  # PyStemmer's objects are not safe to share between threads


def plain_symbols(text: str) -> str:
    """Greek letters as their names, other compatibility forms (𝜀, ², ﬁ) as plain characters.

    >>> plain_symbols("decay ε by γ²")
    'decay epsilon by gamma2'
    """
    if text.isascii():
        return text
    return "".join(_letter(char) for char in text)


@lru_cache(maxsize=4096)
def _letter(char: str) -> str:
    if char.isascii():
        return char
    plain = unicodedata.normalize("NFKC", char)
    if len(plain) != 1:
        return plain
    name = unicodedata.name(plain, "")
    if name.startswith(("GREEK SMALL LETTER ", "GREEK CAPITAL LETTER ")) and " WITH " not in name:
        letter = name.rsplit(" ", 1)[1].lower()
        return {"final": "sigma", "lamda": "lambda"}.get(letter, letter)
    return plain


def tokens(text: str) -> list[str]:
    """The stems of `text`, in order; identifiers give their parts and the whole.

    >>> tokens("train_test_split with LSTMCell")
    ['train_test_split', 'train', 'test', 'split', 'lstmcel', 'lstm', 'cell']
    """
    text = _COMMAND.sub(lambda m: " " if m[2].lower() in _LAYOUT else f" {m[2]} ", plain_symbols(text))
    text = _POWER.sub(r"\1\2", text)
    found: list[str] = []
    for word in _WORD.findall(text):
        found.extend(_parts(word))
    return [_stem(word) for word in found if word not in STOP_WORDS]


def _parts(word: str) -> Iterable[str]:
    word = word.strip("_'")
    if word.endswith("'s"):
        word = word[:-2]
    lower = word.lower()
    if not lower:
        return
    yield _one_spelling(lower)
    if "_" not in word and (word.islower() or word.istitle() or word.isupper() or word[0].isdigit()):
        return
    parts = [part.lower() for piece in word.split("_") for part in _CAMEL.findall(piece)]
    if len(parts) > 1:
        yield from (_one_spelling(part) for part in parts)


def _one_spelling(word: str) -> str:
    if len(word) > 5:
        word = _OUR.sub("or", _ISE.sub("iz", word))
    return ALIASES.get(word, word)


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    if not hasattr(_stemmer, "english"):
        import Stemmer

        _stemmer.english = Stemmer.Stemmer("english")
    stem: str = _stemmer.english.stemWord(word)
    return stem


class Spelling:
    """Nearest known word for a misspelt one: one letter too many, too few, wrong, or two swapped.

    Words are found by what is left of them when one letter is dropped, so a look-up costs microseconds.
    """

    def __init__(self, vocabulary: dict[str, int]) -> None:
        """`vocabulary` maps stems to the number of passages that hold them."""
        self._known = vocabulary
        self._by_rest: dict[str, list[str]] = {}
        for word in vocabulary:
            if len(word) >= 5 and word.isalpha():
                for rest in {word, *_without_one(word)}:
                    self._by_rest.setdefault(rest, []).append(word)

    def correct(self, word: str) -> str:
        """`word` itself where it is known, short or without a neighbour; else the commonest neighbour."""
        if word in self._known or len(word) < 5 or not word.isalpha():
            return word
        near = {found for rest in {word, *_without_one(word)} for found in self._by_rest.get(rest, ())}
        return max(near, key=lambda found: (self._known[found], found), default=word)


def _without_one(word: str) -> Iterable[str]:
    return (word[:i] + word[i + 1 :] for i in range(len(word)))
