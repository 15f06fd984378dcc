"""A message as tokens: words in one spelling, numbers as numbers, whatever way they were typed.

Knows English number words, percent signs, "1k", "1e-3", "80/20" and years; knows nothing of labs or intents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from tutor.planning.vocabulary import words

MAX_CHARACTERS = 1200  # what a student asks stands at the front; a pasted book is not read to the end

Kind = Literal["word", "number", "mark", "quote"]


@dataclass(frozen=True)
class Token:
    """One word, number, punctuation mark or quoted text.

    `text` is the normal form that phrases are matched by; `raw` is what was typed. `value` is set for
    numbers, `percent` where it was said in percent, `vague` where the word may not be a number at all
    ("one", "half").
    """

    kind: Kind
    text: str
    raw: str
    value: float | int | None = None
    percent: bool = False
    vague: bool = False

    @property
    def key(self) -> str:
        """What phrases are matched by: numbers by their value, so that "lenet 5" can be one."""
        return str(self.value) if self.kind == "number" else self.text


_GREEK = {"ε": "epsilon", "ϵ": "epsilon", "α": "alpha", "γ": "gamma", "θ": "theta", "λ": "lambda", "η": "eta"}
_FRACTIONS = {"½": "0.5", "¼": "0.25", "¾": "0.75", "⅓": "0.3333"}
_UNITS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {"nought": 0, "naught": 0, "nil": 0, "single": 1, "dozen": 12}
_TENS = {
    word: 10 * number
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
} | {"fourty": 40}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "grand": 1000}
_PARTS = {"half": 0.5, "third": 0.3333, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1, "hundredth": 0.01}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        start=1,
    )
}
NUMBER_WORDS = frozenset((*_UNITS, *_TENS, *_SCALES, *_PARTS, "halves", "thirds", "quarters", "point"))

# Contractions and texting, in one spelling each. "cant" and friends matter: they mark questions and refusals.
_SPELLINGS = {
    **dict.fromkeys(("whats", "wats", "what's", "wat's", "whts", "wots"), "what is"),
    **dict.fromkeys(("hows", "how's"), "how is"),
    **dict.fromkeys(("whys", "why's"), "why is"),
    **dict.fromkeys(("whos", "who's"), "who is"),
    **dict.fromkeys(("wheres", "where's"), "where is"),
    **dict.fromkeys(("its", "it's", "that's", "thats"), "it is"),
    **dict.fromkeys(("wat", "wut", "wot"), "what"),
    **dict.fromkeys(("u", "ya"), "you"),
    **dict.fromkeys(("ur",), "your"),
    **dict.fromkeys(("r",), "are"),
    **dict.fromkeys(("y", "wy"), "why"),
    **dict.fromkeys(("pls", "plz", "plse", "plez"), "please"),
    **dict.fromkeys(("wanna", "wana"), "want to"),
    **dict.fromkeys(("gonna",), "going to"),
    **dict.fromkeys(("gimme",), "give me"),
    **dict.fromkeys(("lemme",), "let me"),
    **dict.fromkeys(("lets", "let's"), "let us"),
    **dict.fromkeys(("dont", "don't", "doesnt", "doesn't", "didnt", "didn't"), "do not"),
    **dict.fromkeys(("cant", "can't", "cannot", "couldnt", "couldn't"), "can not"),
    **dict.fromkeys(("wont", "won't", "wouldnt", "wouldn't"), "would not"),
    **dict.fromkeys(("isnt", "isn't", "aint", "wasnt", "wasn't"), "is not"),
    **dict.fromkeys(("arent", "aren't"), "are not"),
    **dict.fromkeys(("im", "i'm"), "i am"),
    **dict.fromkeys(("id", "i'd"), "i would"),
    **dict.fromkeys(("ill", "i'll"), "i will"),
    **dict.fromkeys(("ive", "i've"), "i have"),
    **dict.fromkeys(("youre", "you're"), "you are"),
    **dict.fromkeys(("theyre", "they're"), "they are"),
    **dict.fromkeys(("cos", "cuz", "coz"), "because"),
    **dict.fromkeys(("vs", "versus", "v", "against"), "versus"),
    **dict.fromkeys(("w", "wiv", "wth"), "with"),
    **dict.fromkeys(("w/o", "wo", "witout", "withot"), "without"),
    "b": "be",
    "thx": "thanks",
    "teh": "the",
    "nvm": "never mind",
    "rerun": "run again",
    "redo": "do again",
}
_TOKEN = re.compile(
    r"""
    (?P<date>\b(?:19|20)\d\d-\d\d-\d\d\b)
  | (?P<ratio>\b\d{1,2}\s?[/:]\s?\d{1,2}\b(?!\s?/)|\b\d{2}-\d{2}(?=\s+(?:split|train)))
  | (?P<grid>\b\d+\s?(?:x|×|by)\s?\d+\b)
  | (?P<number>(?<!\w)(?<!\d\.)[-−]?(?:\d{1,3}(?:,\d{3})+(?![\d.])|\d+(?:\.\d+)?|\.\d+)(?:e[-−+]?\d+)?)
    (?P<suffix>\s?%|k(?![a-z])|m(?![a-z])|(?:st|nd|rd|th)\b)?
  | (?P<word>w/o|w/|s&p|j&j|p&g|[a-z]+(?:'[a-z]+)?(?:\d(?![\d.])[a-z\d]*)?)
  | (?P<mark>(?:(?!(?<!\.)\.\d)[=:;,.?!()\[\]/&+~\n>\-])+|×)
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r"[\"“”]([^\"“”]{1,400})[\"“”]|(?<!\w)['‘]([^'‘’]{2,400})['’](?!\w)")
_SLASHED = re.compile(
    r"\b(0?[1-9]|[12]\d|3[01])[/.](0?[1-9]|1[0-2])[/.]((?:19|20)\d\d)\b"
)  # British: the day first
_YEAR = re.compile(r"(19|20)\d\d")


def tokens_of(message: str, quotes: bool = True) -> list[Token]:
    """The tokens of a message. With `quotes`, a quoted text is one token."""
    text = message[:MAX_CHARACTERS].replace("’", "'").replace("−", "-")
    found: list[Token] = []
    at = 0
    if quotes:
        for quoted in _QUOTED.finditer(text):
            found += _plain(text[at : quoted.start()])
            inside = quoted.group(1) or quoted.group(2)
            found.append(Token("quote", "<quote>", inside))
            at = quoted.end()
    found += _plain(text[at:])
    return _number_words(found)


def _plain(text: str) -> list[Token]:
    for greek, name in _GREEK.items():
        text = text.replace(greek, f" {name} ")
    for sign, number in _FRACTIONS.items():
        text = text.replace(sign, f" {number} ")
    found: list[Token] = []
    text = _SLASHED.sub(lambda d: f"{d[3]}-{int(d[2]):02d}-{int(d[1]):02d}", text)
    text = re.sub(r"(?<![\d.,])0,(\d+)(?![\d,]|\.\d)", r"0.\1", text)  # "0,01", as most of Europe writes it
    text = re.sub(r"(?<=[A-Za-z]{2})(?=\d*\.\d)", " ", text)  # "eps0.1"
    text = re.sub(r"\b(\d{1,3})[- ]?nn\b", r"knn k \1", text, flags=re.IGNORECASE)  # "3-nn"
    low = text.lower()
    for match in _TOKEN.finditer(low):
        raw = text[match.start() : match.end()]
        if match["date"] is not None:
            found.append(Token("word", "<date>", raw))
        elif match["number"] is not None:
            found.append(_number(match["number"], match["suffix"] or "", raw))
        elif match["ratio"] is not None:
            first, second = (int(part) for part in re.split(r"\s?[/:-]\s?", match["ratio"]))
            if first + second == 100:
                found.append(Token("word", "<ratio>", raw, value=min(first, second) / 100))
            else:
                found += [
                    _number(str(first), "", str(first)),
                    Token("mark", "/", "/"),
                    _number(str(second), "", str(second)),
                ]
        elif match["grid"] is not None:
            found.append(Token("word", re.sub(r"\s?(?:x|×|by)\s?", "x", match["grid"]), raw))
        elif match["mark"] is not None:
            if (
                match["mark"][0] == "-"
            ):  # "epsilon-greedy" is two words; a dash between spaces parts like a comma
                if found and low[match.start() - 1] == " " and low[match.end() : match.end() + 1] == " ":
                    found.append(Token("mark", ",", raw))
                continue
            sign = match["mark"][0]
            found.append(Token("word", "and", raw) if sign == "&" else Token("mark", sign, raw))
        else:
            found += _words(match["word"], raw)
    return found


def _words(word: str, raw: str) -> list[Token]:
    """One typed word as tokens: contractions opened, "eps0" and "seed7" taken apart."""
    if word in _SPELLINGS or word == "w/":
        return [Token("word", part, raw) for part in _SPELLINGS.get(word, "with").split()]
    glued = re.fullmatch(r"([a-z]{3,})(\d+)", word)
    if glued and glued[1] not in (
        "gpt",
        "bert",
        "cifar",
        "lenet",
        "vgg",
        "resnet",
        "ucb",
        "sp",
        "gemma",
        "llama",
    ):
        return [Token("word", normal(glued[1]), glued[1]), _number(glued[2], "", glued[2])]
    drawn = re.sub(r"([a-z])\1+$", r"\1", re.sub(r"([a-z])\1{2,}", r"\1", word))  # "heyyy", "sooo"
    if drawn != word and (drawn in _DRAWN or re.search(r"([a-z])\1{2,}", word)):
        word = drawn
    return [Token("word", normal(word), raw)]


def normal(word: str) -> str:
    """One spelling: no possessive, no plural, British -ise and -our."""
    word = re.sub(r"'s$|'$", "", word.lower())
    word = re.sub(r"(\w{3})iz(e|ed|er|ing|ation|es|ers)$", r"\1is\2", word)
    word = {
        "neighbor": "neighbour",
        "neighbors": "neighbours",
        "color": "colour",
        "behavior": "behaviour",
    }.get(word, word)
    if word in _KEEP or len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is", "as")):
        return word
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1]


_DRAWN = words(
    """
    hey hi hello bye no yes so thank please cool wow ok yeah run mate cheer lol ha yo
    """
)
_KEEP = words(
    """
    chaos cos does was this yes less always perhaps sometimes thanks cheers news maths physics does bayes
    gas
    """
)


def _number(digits: str, suffix: str, raw: str) -> Token:
    value: float | int = float(digits.replace(",", "").replace("−", "-"))
    percent = suffix.strip() == "%"
    if suffix == "k":
        value *= 1000
    elif suffix == "m":
        value *= 1_000_000
    return Token("number", "<number>", raw, value=tidy(value), percent=percent)


def tidy(value: float | int) -> float | int:
    """Whole numbers as int, and no binary dust: 0.30000000000000004 is 0.3."""
    if isinstance(value, int):
        return value
    value = float(f"{value:.12g}")
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _number_words(tokens: list[Token]) -> list[Token]:
    """Join "a thousand", "two hundred and fifty", "nought point one" and "20 per cent" into numbers."""
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        read = _spoken(tokens, at)
        if read is not None:
            number, at = read
            out.append(number)
            continue
        if token.text in ("percent", "percentage") and out and out[-1].kind == "number":
            out[-1] = replace(out[-1], percent=True)
        elif token.text == "cent" and len(out) > 1 and out[-1].text == "per" and out[-2].kind == "number":
            out.pop()
            out[-1] = replace(out[-1], percent=True)
        else:
            out.append(token)
        at += 1
    return _grids(out)


def _grids(tokens: list[Token]) -> list[Token]:
    """ "four by four" as the one word "4x4", as it is where it was typed in digits."""
    out: list[Token] = []
    for token in tokens:
        sides = [*out[-2:], token]
        if [t.text for t in sides] == ["<number>", "by", "<number>"] and all(t.raw.isalpha() for t in sides):
            out[-2:] = [Token("word", f"{sides[0].value}x{token.value}", _typed(sides, 0, 3))]
        else:
            out.append(token)
    return out


def _spoken(tokens: list[Token], at: int) -> tuple[Token, int] | None:
    """The number said in words from token `at` on, and where it ends; None where none starts."""
    start = at
    if (
        tokens[at].text in _ORDINALS
        and at + 1 < len(tokens)
        and tokens[at + 1].text in ("degree", "order", "power")
    ):
        return Token("number", "<number>", tokens[at].raw, value=_ORDINALS[tokens[at].text]), at + 1
    if tokens[at].text == "a" and at + 1 < len(tokens) and tokens[at + 1].text in _SCALES:
        at += 1
    total: float = 0
    current: float | None = None
    vague = False
    while at < len(tokens):
        word = tokens[at].text
        token = tokens[at]
        if token.kind == "number" and current is None and token.value is not None and at == start:
            following = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if following not in _SCALES:
                return None
            current = token.value
        elif at == start and word in _UNITS and _part(tokens, at + 1):
            value = _UNITS[word] * _part(tokens, at + 1)  # "one tenth", "two thirds"
            return Token("number", "<number>", _typed(tokens, at, at + 2), value=round(value, 4)), at + 2
        elif word in _UNITS and (
            current is None or current % 100 == 0 or current % 100 in range(20, 100, 10)
        ):
            vague = current is None and word in ("one", "single")
            current = (current or 0) + _UNITS[word]
        elif word in _TENS and (current is None or current >= 100):
            current = (current or 0) + _TENS[word]
        elif word in _SCALES:
            scale = _SCALES[word]
            current = (1 if current is None else current) * scale
            vague = False
            if scale >= 1000:
                total, current = total + current, None
                if at + 1 < len(tokens) and tokens[at + 1].text not in (*_UNITS, *_TENS, "and"):
                    at += 1
                    break
        elif word == "and" and (total or (current or 0) >= 100) and at + 1 < len(tokens):
            if tokens[at + 1].text not in (*_UNITS, *_TENS):
                break
        elif word == "point" and at + 1 < len(tokens) and tokens[at + 1].text in _UNITS:
            digits, at = "", at + 1
            while at < len(tokens) and tokens[at].text in _UNITS:
                digits += str(_UNITS[tokens[at].text])
                at += 1
            value = float(f"{int(total + (current or 0))}.{digits}")
            return Token("number", "<number>", _typed(tokens, start, at), value=tidy(value)), at
        elif word in _PARTS and at == start:
            following = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if word in _ORDINALS and following in (
                "layer",
                "layers",
                "arm",
                "head",
                "epoch",
            ):  # "and a third layer"
                return Token("number", "<number>", tokens[at].raw, value=_ORDINALS[word]), at + 1
            article_before = start > 0 and tokens[start - 1].text in ("a", "one")
            shares = at + 1 < len(tokens) and tokens[at + 1].text in ("test", "testing", "held", "for")
            if word != "half" and not article_before and not shares:
                return None
            return Token("number", "<number>", tokens[at].raw, value=_PARTS[word], vague=True), at + 1
        else:
            break
        at += 1
    if at == start or (current is None and not total):
        return None
    value = total + (current or 0)
    return Token("number", "<number>", _typed(tokens, start, at), value=tidy(value), vague=vague), at


def _part(tokens: list[Token], at: int) -> float:
    """The fraction that a word names behind a number ("tenth", "thirds"); 0 where it names none."""
    word = tokens[at].text if at < len(tokens) else ""
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if word == "halves" or following in ("degree", "order", "power"):
        return 0.0
    return _PARTS.get(word.removesuffix("s"), 0.0)


def _typed(tokens: list[Token], start: int, end: int) -> str:
    return " ".join(token.raw for token in tokens[start:end])


def is_year(token: Token) -> bool:
    return token.kind == "number" and _YEAR.fullmatch(token.raw) is not None
