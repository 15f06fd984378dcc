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
