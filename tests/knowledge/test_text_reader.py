import pytest

from knowledge.documents import read_document
from knowledge.errors import UnreadableError

PROSE = "A wrapped paragraph that goes on over\nseveral lines, as editors make them,\nuntil it ends here.\n"


def read(text, path="notes.txt"):
    return read_document(path, text.encode())


def headings(text):
    return [section.heading for section in read(text).sections]


def test_wrapped_lines_are_joined_to_sentences():
    assert read(PROSE).sections[0].text == (
        "A wrapped paragraph that goes on over several lines, as editors make them, until it ends here."
    )


def test_underlined_headings_nest_in_the_order_in_which_their_lines_appear():
    text = f"Bandits\n=======\n\n{PROSE}\nExploring\n---------\n{PROSE}\nDecay\n~~~~~\n\n{PROSE}\nEnd\n---\n\n{PROSE}"
    document = read(text)
    assert document.title == "Bandits"
    assert headings(text) == [(), ("Exploring",), ("Exploring", "Decay"), ("End",)]


def test_numbered_and_capital_headings_count_and_a_numbered_list_does_not():
    text = (
        f"1. Introduction\n\n{PROSE}\n1.1 Why we explore\n\n{PROSE}\nRESULTS\n\n{PROSE}\nChapter 2: Memory\n\n{PROSE}\n"
        "1. First do this\n\n2. Then do that\n\n3. Then rest."
    )
    assert headings(text) == [
        ("1. Introduction",), ("1. Introduction", "1.1 Why we explore"), ("RESULTS",), ("Chapter 2: Memory",),
    ]  # fmt: skip
    assert "1. First do this" in read(text).sections[-1].text


def test_lists_keep_an_item_a_line_and_columns_keep_their_places():
    text = "Remember:\n\n- the first point\n  goes on here\n- the second\n\n"
    text += "name      age\nAnna       31\nBert       45\n"
    blocks = read(text).sections[0].blocks
    assert blocks[1].text == "- the first point goes on here\n- the second"
    assert blocks[2].text == "name      age\nAnna       31\nBert       45"


def test_text_that_is_markdown_in_disguise_is_read_as_such():
    document = read("# Bandits\n\n## Exploring\n\nText.\n")
    assert (document.title, document.sections[0].heading) == ("Bandits", ("Exploring",))


@pytest.mark.parametrize("dot", [",", "."])
def test_of_the_captions_of_a_film_the_words_are_kept(dot):
    said = [
        "Welcome to <i>lecture</i> three",
        "Welcome to <i>lecture</i> three",
        "on trees.",
        "We split the data.",
    ]
    cues = "\n".join(
        f"{n}\n00:00:0{n}{dot}000 --> 00:00:0{n + 1}{dot}000 align:start\n{words}\n"
        for n, words in enumerate(said, 1)
    )
    document = read(f"WEBVTT\nKind: captions\n\n{cues}")
    assert [block.text for block in document.sections[0].blocks] == [
        "Welcome to lecture three on trees. We split the data."
    ]
    assert document.sections[0].heading == ()


def test_a_long_transcript_has_paragraphs_that_end_with_a_sentence():
    cues = "".join(
        f"00:{n:02}.000 --> 00:{n + 1:02}.000\nHere is sentence {n} of what was\nsaid.\n\n" for n in range(60)
    )
    blocks = read(cues).sections[0].blocks
    assert len(blocks) > 2
    assert all(block.text.endswith("said.") and len(block.text) < 700 for block in blocks)


def test_captions_without_sentences_and_without_empty_lines_lose_no_word():
    cues = "".join(f"{n}\n00:{n % 60:02}.000 --> 00:{n % 60:02}.900\nword{n} and so on\n" for n in range(200))
    blocks = read(cues).sections[0].blocks
    assert " ".join(block.text for block in blocks) == " ".join(f"word{n} and so on" for n in range(200))
    assert max(len(block.text) for block in blocks) < 1300


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\n".join(f"{n}.5 {n}.25 -{n}" for n in range(40)), "numbers"),
        ("\n".join(f"name{n};city{n};street" for n in range(40)), "table"),
        ("\n".join(f"word{chr(97 + n % 26)}" for n in range(300)), "list of words"),
    ],
)
def test_data_in_a_text_file_are_told_from_prose(text, why):
    with pytest.raises(UnreadableError, match=why):
        read(text)
