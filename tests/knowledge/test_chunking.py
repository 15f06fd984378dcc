import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.chunking import chunk_document, split_block
from knowledge.documents import Block, Document, Section, read_document
from knowledge.embedding import HashEmbedder

COUNT = HashEmbedder().count_tokens


def document(*sections: Section, path: str = "lecture_01/a.md", title: str = "Title") -> Document:
    return Document(path, title, 1, sections)


def chunks(*sections: Section):
    return chunk_document(document(*sections), COUNT)


BLOCKS = st.lists(
    st.builds(
        Block,
        st.sampled_from(["prose", "code", "maths", "table", "output"]),
        st.text(st.sampled_from("ab c.\n\\|$=ε(1_#`"), min_size=1, max_size=1500).filter(str.strip),
    ),
    min_size=1,
    max_size=5,
)
HEADINGS = st.lists(st.text(st.sampled_from("abc ε"), min_size=1, max_size=400).filter(str.strip), max_size=3)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.builds(lambda h, b: Section(tuple(h), tuple(b)), HEADINGS, BLOCKS), min_size=1, max_size=4)
)
def test_no_chunk_exceeds_the_window_and_nothing_is_lost(sections):
    made = chunk_document(document(*sections), COUNT)
    assert max(COUNT(chunk.embedded) for chunk in made) + 2 <= 256
    written = re.sub(r"\s", "", "".join(block.text for section in sections for block in section.blocks))
    letters = iter(re.sub(r"\s", "", "".join(chunk.text for chunk in made)))
    assert all(letter in letters for letter in written)  # in order; chunks may add fences and table heads


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.builds(lambda h, b: Section(tuple(h), tuple(b)), HEADINGS, BLOCKS), min_size=1, max_size=4)
)
def test_ids_are_distinct_and_the_same_every_time(sections):
    one, other = (chunk_document(document(*sections), COUNT) for _ in range(2))
    assert one == other
    assert len({chunk.id for chunk in one}) == len(one)


def test_the_heading_path_is_in_the_embedded_text_and_not_in_the_shown_one():
    (chunk,) = chunks(Section(("Bandits", "Decay of ε"), (Block("prose", "It falls."),)))
    assert chunk.embedded == "Title > Bandits > Decay of epsilon\nIt falls."
    assert chunk.text == "It falls."


def test_code_stays_with_the_prose_before_it():
    prose = Section(("A",), (Block("prose", "word " * 150), Block("prose", "This plots it:")), cell=3)
    code = Section(("A",), (Block("code", "plot(x)\n" * 25, "python"),), cell=4)
    first, second = chunks(prose, code)
    assert "This plots it:" not in first.text
    assert second.text.startswith("This plots it:\n\n```python\nplot(x)")
    assert [section for section, _ in second.parts] == [0, 1]


def test_the_same_text_in_the_same_place_twice_gets_two_ids():
    block = Block("prose", "word " * 200)
    assert len({chunk.id for chunk in chunks(Section((), (block, block)))}) == 2


def test_a_chunk_does_not_reach_across_headings_unless_the_first_says_almost_nothing():
    long = Block("prose", "word " * 80)
    assert len(chunks(Section(("A",), (long,)), Section(("B",), (long,)))) == 2
    (joined,) = chunks(
        Section(("A",), (Block("prose", "In short."),)), Section(("A", "B"), (Block("prose", "More."),))
    )
    assert joined.text == "In short.\n\n**B**\n\nMore."


def test_a_long_table_repeats_its_head_over_each_part():
    rows = "\n".join(f"| model {n} | {n}.5 |" for n in range(200))
    parts = split_block(Block("table", f"| name | rmse |\n|---|---|\n{rows}"), COUNT, hard=200, soft=150)
    assert len(parts) > 3
    assert all(part.text.startswith("| name | rmse |\n|---|---|\n| model") for part in parts)


def test_long_code_is_cut_between_functions_and_says_what_it_goes_on_with():
    source = "# The agent\n" + "".join(f"def step_{n}(a):\n    return a + {n}\n\n" for n in range(40))
    parts = split_block(Block("code", source, "python"), COUNT, hard=200, soft=150)
    assert all(part.text.startswith(("def ", "# The agent")) for part in parts)
    assert {part.label for part in parts[1:]} == {"The agent"}


def test_a_block_that_fits_the_window_is_not_split_even_above_the_target():
    block = Block("maths", "$$" + "a + " * 110 + "b$$")
    assert 220 < COUNT(block.text) < 240
    assert len(chunks(Section((), (block,)))) == 1


def test_cells_of_a_notebook_without_prose_are_packed_and_named_by_the_first_that_says_something():
    from course_maker import code_cell, notebook

    text = notebook(
        code_cell("import numpy"), code_cell("# Load the data\nload()"), code_cell("# Plot it now\nplot()")
    )
    made = chunk_document(read_document("week2/a.ipynb", text.encode()), COUNT)
    assert [(chunk.cell, chunk.heading) for chunk in made] == [(0, ("Load the data",))]


@pytest.mark.weights
def test_real_word_pieces_never_exceed_the_window(minilm):
    text = "# Über ε\n\n" + "𝜀 ≤ ∑ αβγ ﬁnal ☃ 漢字 " * 300 + "\n\n```\n" + "x_1=λ(y);" * 400 + "\n```\n"
    made = chunk_document(read_document("a.md", text.encode()), minilm.count_tokens, minilm.max_tokens)
    assert max(minilm.count_tokens(chunk.embedded) for chunk in made) + 2 <= 256
