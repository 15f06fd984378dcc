"""What the text labs learn from: the shipped notes, a student's own text, and the script that makes the notes."""

import gzip
import hashlib
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from labs import texts
from labs.errors import BadParameterError
from labs.texts import FEWEST_CHARACTERS, Corpus, load

ROOT = Path(__file__).resolve().parents[2]
OWN = "The quick brown fox jumps over the lazy dog. " * 20


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("notes_text", ROOT / "scripts" / "notes_text.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ------------------------------------------------------------------------------------------- the notes


@pytest.mark.parametrize("word", ["notes", "Notes ", "the notes", "lecture  notes", "COURSE NOTES"])
def test_the_word_notes_and_its_synonyms_give_the_lectures(word):
    corpus = load(word)
    assert corpus.name == "the course's lecture notes"
    assert corpus.text == load("notes").text
    assert corpus.text.startswith("Lecture 1: Introduction to machine learning")


def test_the_notes_are_plain_english_prose_of_some_size():
    text = load("notes").text
    assert len(text) > 30_000
    assert not re.search(r"[^A-Za-z0-9 \n.,:;?!'\"()%&/+-]", text)
    assert "  " not in text
    letters_and_spaces = sum(c.isalpha() or c.isspace() for c in text)
    assert letters_and_spaces / len(text) > 0.93  # English prose, not numbers and symbols
    shares = {c: text.lower().count(c) / len(text) for c in "etq"}
    assert shares["e"] > shares["t"] > 20 * shares["q"]  # the order of English letters
    lines = [line for line in text.split("\n") if line]
    assert sum(line.endswith((".", "?", "!", '"', ")", ":")) for line in lines) / len(lines) > 0.97


def test_the_shipped_notes_are_the_ones_that_sources_describes():
    data = gzip.decompress((ROOT / "labs" / "data" / "notes.txt.gz").read_bytes())
    sources = (ROOT / "labs" / "data" / "SOURCES.md").read_text("utf-8")
    assert hashlib.sha256(data).hexdigest() in sources
    assert f"**Size:** {len(data):,} characters, {len(set(data.decode()))} of them different" in sources
    assert load("notes").text == data.decode()


def test_the_script_brings_sources_up_to_date(script):
    sources = "# Data\n\n- **Size:** old\n- **SHA-256 of the notes:** old\n- rest"
    told = script.described(sources, "Lecture 3: A\nText.\n\nLecture 12: B\nMore text.").split("\n")
    assert told[2] == "- **Size:** 44 characters, 19 of them different, from the prose of 2 lectures (3, 12)."
    assert told[3] == (
        "- **SHA-256 of the notes:** `"
        + hashlib.sha256(b"Lecture 3: A\nText.\n\nLecture 12: B\nMore text.").hexdigest()
        + "`"
    )
    assert told[4] == "- rest"
    with pytest.raises(ValueError, match="has 0 lines that start with"):
        script.described("# Data", "Lecture 3: A")


# ------------------------------------------------------------------------------------------- own text


def test_an_own_text_is_kept_as_it_is_but_for_line_ends_and_the_spaces_around_it():
    corpus = load(f"\n  {OWN}\r\nZwei Äpfel.\rEnd  ")
    assert corpus == Corpus("your own text", f"{OWN}\nZwei Äpfel.\nEnd")


def test_a_composed_and_a_decomposed_accent_are_one_character():
    assert "é" in load(OWN + "e\u0301").text


@pytest.mark.parametrize("text", ["", "   \n ", "too short", OWN[: FEWEST_CHARACTERS - 1]])
def test_a_short_text_is_refused_with_what_was_received_and_what_is_needed(text):
    with pytest.raises(BadParameterError) as caught:
        load(text)
    assert f"The text has {len(text.strip())} characters" in str(caught.value)
    assert f"at least {FEWEST_CHARACTERS}" in str(caught.value)
    assert caught.value.field == "text"


def test_the_shortest_allowed_text_is_taken():
    assert len(load((OWN * 2)[:FEWEST_CHARACTERS].rstrip() + "." * 9).text) >= FEWEST_CHARACTERS


def test_the_word_own_alone_asks_for_the_text_itself():
    for word in ("own", "my own text", "OWN"):
        with pytest.raises(BadParameterError, match="none came with it"):
            load(word)


def test_a_text_of_one_letter_is_refused():
    with pytest.raises(BadParameterError, match="1 different characters"):
        load("a" * 1000)


# ------------------------------------------------------------------------------------------- split, vocabulary


def test_the_last_tenth_is_validation_and_nothing_is_lost():
    corpus = Corpus("digits", "0123456789" * 10 + "abc")
    training, validation = corpus.split()
    assert training + validation == corpus.text
    assert len(validation) == 10
    assert [len(part) for part in corpus.split(0.5)] == [51, 52]


def test_a_vocabulary_takes_text_to_numbers_and_back():
    vocabulary = Corpus("word", "hello world").vocabulary()
    assert vocabulary.characters == tuple(" dehlorw")
    places = vocabulary.encode("hello")
    assert places.dtype == np.int64
    assert places.tolist() == [3, 2, 4, 4, 5]
    assert vocabulary.decode(places) == "hello"
    notes = load("notes")
    full = notes.vocabulary()
    assert len(full) == len(set(notes.text))
    assert full.decode(full.encode(notes.text)) == notes.text


def test_an_unknown_character_is_named():
    vocabulary = Corpus("word", "hello world").vocabulary()
    assert vocabulary.unknown("why hello, why") == "y,"
    with pytest.raises(ValueError, match=re.escape("'y,' does not occur")):
        vocabulary.encode("why hello, why")


# ------------------------------------------------------------------------------------------- the script

LECTURE = """# Lecture 7: Convolutional networks

**What you will be able to do:** explain a filter.

**The lab for this lecture:** `cnn`. Try it: ask the tutor `run the cnn`.

## Why does $K$ matter?

A filter has **few** weights, here $9$. Its output is $z = w x + b$. It is small. The rate $\\eta$ ("eta") is $0.01$,
and $x_1$ comes first. Use `predict`, not `y[0]`. See [the paper](https://example.org/a). The cost is

$$J = \\sum_i e_i^2$$

where $e_i$ is an error. Szepesvári's book says “so”.

![A picture](images/filter.svg)

| a | b |
|---|---|
| 1 | 2 |

Two things follow:

- **Edges** are found first. The sum of $a + b$ is not.
- **Corners.** They have $2 \\times 2$ parts.

1. Count them
   with care.

```python
print("no prose")
```

## What can I try in the lab?

- `run the cnn`: does it read?

## Further reading

- A. Author, *A Title of a Book*.
"""


def test_the_script_keeps_whole_plain_sentences_and_nothing_else(script):
    assert script.lecture_text(LECTURE).split("\n") == [
        "Lecture 7: Convolutional networks",
        "",
        "Why does K matter?",
        "A filter has few weights, here 9. The rate eta is 0.01, and x1 comes first. See the paper.",
        'Szepesvari\'s book says "so".',
        "Two things follow:",
        "Edges are found first.",
        "Count them with care.",
    ]


def test_the_script_reads_lectures_in_order_and_writes_the_same_text_again(script, tmp_path):
    for number in (2, 1):
        folder = tmp_path / f"lecture_{number:02}"
        folder.mkdir()
        (folder / "lecture.md").write_text(
            f"# Lecture {number}: Words\n\nThis is lecture number {number}.\n", "utf-8"
        )
    wanted = "Lecture 1: Words\nThis is lecture number 1.\n\nLecture 2: Words\nThis is lecture number 2."
    assert script.notes_text(tmp_path) == wanted == script.notes_text(tmp_path)


def test_a_lecture_keeps_its_title_when_its_first_lines_are_no_prose(script):
    assert script.lecture_text(
        "# Lecture 4: Nets\n\nYou need $X w + b$.\n\n## Why?\n\nIt is good to know."
    ) == ("Lecture 4: Nets\n\nWhy?\nIt is good to know.")


def test_initials_and_abbreviations_end_no_sentence(script):
    assert script.sentences("R. Sutton, e.g. in chapter 2, says so. Really? Yes.") == [
        "R. Sutton, e.g. in chapter 2, says so.",
        "Really?",
        "Yes.",
    ]


def test_labs_read_no_lecture_files():
    assert "knowledge" not in Path(texts.__file__).read_text("utf-8")
