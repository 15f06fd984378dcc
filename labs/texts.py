"""Text to learn from: the course's own lectures, shipped as plain prose, or whatever a student pastes.

`load(text)` gives a `Corpus`; the `rnn` and `language_model` labs read the same one. The notes are made by
`scripts/notes_text.py`, and labs/data/SOURCES.md says what was left out of them. Nothing is fetched from
anywhere.
"""

from __future__ import annotations

import gzip
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files

import numpy as np

from labs.errors import BadParameterError

NOTES = "notes"
# what students call the notes and a text of their own, for the `text` parameter of the labs
SYNONYMS: dict[str, tuple[str, ...]] = {
    NOTES: ("course notes", "lecture notes", "the notes", "class notes"),
    "own": ("my own text", "own text", "own words"),
}
FEWEST_CHARACTERS = 500  # a tenth of them, 50, is then kept for validation
FEWEST_DIFFERENT = 5
VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Vocabulary:
    """The different characters of a text, sorted; each is known by its place, 0 to V - 1."""

    characters: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.characters)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {character: place for place, character in enumerate(self.characters)}

    def unknown(self, text: str) -> str:
        """The characters of `text` that are not in the vocabulary, each once, in their order."""
        return "".join(dict.fromkeys(c for c in text if c not in self._places))

    def encode(self, text: str) -> np.ndarray:
        """Characters to places, (n,) int64; ValueError names the characters that are not known."""
        if missing := self.unknown(text):
            raise ValueError(f"{missing!r} does not occur in the text that the vocabulary was made from.")
        return np.array([self._places[character] for character in text], dtype=np.int64)

    def decode(self, places: np.ndarray) -> str:
        """Places (n,) back to characters."""
        return "".join(self.characters[place] for place in np.asarray(places).tolist())


@dataclass(frozen=True)
class Corpus:
    """A text to learn from; `name` says in a sentence what it is ("the course's lecture notes")."""

    name: str
    text: str

    def split(self, share: float = VALIDATION_SHARE) -> tuple[str, str]:
        """Training and validation text: the last `share` of the characters is never trained on.

        The end and not random pieces, since neighbouring pieces of one paragraph would give the answers away.
        """
        cut = len(self.text) - round(share * len(self.text))
        return self.text[:cut], self.text[cut:]

    def vocabulary(self) -> Vocabulary:
        """Of the whole text, so that every character of the validation text has a place too."""
        return Vocabulary(tuple(sorted(set(self.text))))


def load(text: str) -> Corpus:
    """The notes for the word "notes" (or a synonym), else `text` itself as the student's own text.

    Line ends become newlines and spaces around the text are taken off; nothing else is changed. Raises
    BadParameterError, in one sentence, for a text that is too short or too uniform to learn from.
    """
    word = " ".join(text.lower().split())
    if word in (NOTES, *SYNONYMS[NOTES]):
        return Corpus("the course's lecture notes", notes())
    if word in ("own", *SYNONYMS["own"]):
        raise _refused(
            text,
            "text=own stands for a text of your own, and none came with it: give the text itself, "
            f"{FEWEST_CHARACTERS} characters or more, in place of the word, or take text={NOTES}.",
        )
    own = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(own) < FEWEST_CHARACTERS:
        raise _refused(
            text,
            f"The text has {len(own):,} characters, and at least {FEWEST_CHARACTERS} are needed to learn from; "
            f"paste a longer one, or take text={NOTES}.",
        )
    if (different := len(set(own))) < FEWEST_DIFFERENT:
        raise _refused(
            text,
            f"The text has {different} different characters, and at least {FEWEST_DIFFERENT} are needed to "
            f"have anything to predict; paste another one, or take text={NOTES}.",
        )
    return Corpus("your own text", own)


@lru_cache(maxsize=1)
def notes() -> str:
    """The lectures' prose as it ships."""
    data = (files("labs") / "data" / "notes.txt.gz").read_bytes()
    return gzip.decompress(data).decode("utf-8").strip()


def _refused(text: str, message: str) -> BadParameterError:
    return BadParameterError(
        message, field="text", value=text, allowed=f"{NOTES}, or {FEWEST_CHARACTERS} characters or more"
    )
