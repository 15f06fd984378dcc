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
    "would you your about tell explain please mean means use used using actually really "
    "whats hows theres wheres whos thats dont doesnt isnt arent cant wont didnt im ive"
)
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())

# Signs that stand for a word: the one that the LaTeX command for it is made of.
SIGNS = {
    "∑": "sum", "∏": "prod", "∂": "partial", "∇": "nabla", "√": "sqrt", "∞": "infty", "∫": "int",
    "⊙": "odot", "≈": "approx", "≤": "leq", "≥": "geq", "≠": "neq", "∝": "propto", "ŷ": "y hat",
    "ȳ": "y bar", "x̄": "x bar", "x̂": "x hat",
}  # fmt: skip
_SIGN = re.compile("|".join(SIGNS))
_COMMAND = re.compile(r"\\(?:var|wide)?([A-Za-z]+)")
_EXTREME = re.compile(r"\barg\s*(?:\\[,;!]\s*)?\\?(max|min)(?![a-z])", re.I)
_POWER = re.compile(r"\b([A-Za-z])\s*\^\s*\{?(\d)\}?")
_CALL = re.compile(r"(?<![A-Za-z_])[A-Za-z]\s*\(\s*[a-z]'?(?:\s*,\s*[a-z]'?){0,3}\s*\)")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_HYPHEN = re.compile(r"(?<![\w-])([A-Za-z]{2,})-([A-Za-z]{3,})(?![\w-])")
_NUMBER = re.compile(r"\d*\.?\d+(?:e[+-]?\d+)?", re.I)
_WORD = re.compile(r"(?<![\w.])\.\d+|\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\w)|[^\W\d_][\w']*|\d\w*", re.I)
ROUNDED = "~"  # in front of a number of many digits, rounded to three
# LLMs, or llms as students write it: a stemmer takes no "s" from a word without vowels.
_ACRONYMS = re.compile(r"[A-Z]{2,}s|[b-df-hj-np-tv-xz]+[b-df-hj-np-rtv-xz]s")
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
    """The stems of `text`, in order; identifiers give their parts and the whole, long numbers a rounded form.

    >>> tokens("train_test_split with LSTMCell")
    ['train_test_split', 'train', 'test', 'split', 'lstmcel', 'lstm', 'cell']
    >>> tokens("0.10, 20,000 and 0.66524")
    ['0.1', '20000', '0.66524', '~0.665']
    >>> tokens("back-propagation")
    ['back', 'propag', 'backpropag']
    >>> tokens("LLMs, rnns and GPUs")
    ['llm', 'rnn', 'gpu']
    >>> tokens("J(w, b)")
    ['j', 'w', 'b', 'j(w,b)']
    """
    if not text.isascii():
        text = plain_symbols(_SIGN.sub(lambda found: f" {SIGNS[found[0]]} ", text))
    if "\\" in text:
        text = _EXTREME.sub(r" arg\1 ", text.replace("\\arg", " arg"))
        text = _COMMAND.sub(lambda m: " " if m[1].lower() in _LAYOUT else f" {m[1]} ", text)
        calls = text.replace("{", " ").replace("}", " ")
    else:
        text = calls = _EXTREME.sub(r" arg\1 ", text)
    text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), _POWER.sub(r"\1\2", text))
    stems = [stem for word in _WORD.findall(text) for stem in _stems(word)]
    # One word or two, with a hyphen or without: back-propagation, backpropagation.
    stems += [stem(_one_spelling((one + two).lower())) for one, two in _HYPHEN.findall(text)]
    # A function as mathematics writes it is a word of its own: J(w,b), Q(s, a).
    return stems + ["".join(call[0].split()).lower() for call in _CALL.finditer(calls)]


@lru_cache(maxsize=65536)  # a course uses the same words again and again
def _stems(word: str) -> tuple[str, ...]:
    written = _number(word) if word[0] in ".0123456789" else _parts(word)
    return tuple(stem(part) for part in written if part not in STOP_WORDS)


def _number(word: str) -> Iterable[str]:
    """One spelling for a number (79.0 is 79, 5.0e-4 is 0.0005); one of many digits also to three of them."""
    if not _NUMBER.fullmatch(word):
        yield word.lower()
        return
    value = float(word)
    yield f"{value:.12g}"
    if len(re.sub(r"e.*|\D", "", word).strip("0")) > (3 if "." in word else 4):
        yield f"{ROUNDED}{value:.3g}"


def _parts(word: str) -> Iterable[str]:
    word = word.strip("_'")
    if word.endswith("'s"):
        word = word[:-2]
    if _ACRONYMS.fullmatch(word):
        word = word[:-1]
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


def stem(word: str) -> str:
    """The stem of an English word in lower case (Snowball): "plotting" and "plots" become "plot"."""
    if not hasattr(_stemmer, "english"):
        import Stemmer

        _stemmer.english = Stemmer.Stemmer("english")
    return str(_stemmer.english.stemWord(word))


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
        near = {found for found in near if found[0] == word[0]}  # the first letter is seldom the wrong one
        return max(near, key=lambda found: (self._known[found], found), default=word)


def _without_one(word: str) -> Iterable[str]:
    return (word[:i] + word[i + 1 :] for i in range(len(word)))
