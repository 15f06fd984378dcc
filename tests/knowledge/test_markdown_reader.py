from course_maker import BANDIT

from knowledge.documents import read_document
from knowledge.markdown_reader import clean, plain_heading, read_markdown


def headings(text: str) -> list[tuple[str, ...]]:
    return [section.heading for section in read_document("a.md", text.encode()).sections]


def test_a_document_takes_its_title_from_the_first_heading_and_its_lecture_from_the_folder():
    document = read_document("lecture_09/lecture.md", BANDIT.encode())
    assert (document.title, document.lecture) == ("Bandits", 9)
    assert [section.heading for section in document.sections] == [(), ("Exploring",), ("Updating",)]


def test_a_hash_inside_code_is_no_heading():
    text = "# A\n\n```python\n# load the data\nx = 1\n```\n\n    # indented\n"
    assert headings(text) == [()]
    assert "# load the data" in read_document("a.md", text.encode()).sections[0].text


def test_underlined_headings_count():
    assert headings("Title\n=====\n\nText.\n\nPart\n----\n\nMore.") == [(), ("Part",)]


def test_an_equation_with_blank_lines_and_a_lonely_equals_sign_stays_one_block():
    text = "Before.\n\n$$\na\n=\nb\n\n# not a heading\n$$\n\nAfter."
    blocks = read_markdown(text)[0].blocks
    assert [block.kind for block in blocks] == ["prose", "maths", "prose"]
    assert blocks[1].text == "$$\na\n=\nb\n\n# not a heading\n$$"


def test_an_equation_that_is_never_closed_loses_nothing():
    assert "and so on" in read_markdown("$$ a = b\n\nand so on")[0].text


def test_text_after_a_displayed_formula_on_its_line_is_kept():
    assert "which is small" in read_markdown("$$a$$ which is small")[0].text


def test_deeper_headings_nest_and_shallower_ones_close_them():
    text = "# T\n\n## A\n\n### B\n\nx\n\n## C\n\ny"
    assert headings(text) == [("A", "B"), ("C",)]


def test_html_becomes_text_and_its_headings_count():
    text = '<h1 align="center">Networks</h1>\n\n<div>\n<img src="relu_plot.png">\none<br>two\n</div>\n'
    document = read_document("a.md", text.encode())
    assert document.title == "Networks"
    assert document.sections[0].text.split("\n") == ["[Picture: relu plot]", "one", "two"]


def test_comparisons_and_inline_code_are_not_taken_for_html():
    assert clean("if a < b and c > d then `<div>` stays") == "if a < b and c > d then `<div>` stays"


def test_a_picture_speaks_by_its_alt_text_and_an_embedded_one_not_at_all():
    assert clean("![A loss curve](images/loss.png)") == "[Picture: A loss curve]"
    assert clean(f"![](data:image/png;base64,{'A' * 5000})") == ""


def test_headings_lose_their_markup():
    assert (
        plain_heading("**The _chain_ rule** with `relu` [here](http://a.b/c):")
        == "The chain rule with relu here"
    )


def test_tables_are_tables():
    text = "| a | b |\n|---|---|\n| 1 | 2 |"
    assert read_markdown(text)[0].blocks[0].kind == "table"
