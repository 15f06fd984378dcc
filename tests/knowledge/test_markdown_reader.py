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


def test_front_matter_gives_the_title_unless_the_text_has_one():
    front = "---\ntitle: 'From the front'\ndate: 2024-01-01\n---\n"
    document = read_document("a.md", f"{front}\n## Part\n\nText.".encode())
    assert (document.title, document.sections[0].heading) == ("From the front", ("Part",))
    assert "date" not in document.sections[0].text
    assert read_document("a.md", f"{front}\n# Its own\n\nText.".encode()).title == "Its own"
    assert read_document("a.md", b"---\n\nA line above.\n\n---\n").sections[0].text == "A line above."


def test_boxes_roles_and_labels_of_book_builders_become_text():
    text = (
        "# A {#sec:a}\n:label:`sec_a`\n\n```{note} Take care\n:class: tip\nThe **step** is small.\n```\n\n"
        "See {ref}`the bandits <bandits>` and :numref:`fig_reward_curve`, with {math}`x^2`.\n\n"
        "```{math}\n:label: eq\na = b\n```\n\n::: {.callout-tip}\nDecay it.\n:::\n\n```{python}\nx = 1\n```\n"
    )
    document = read_document("a.qmd", text.encode())
    assert document.title == "A"
    assert [(block.kind, block.text) for block in document.sections[0].blocks] == [
        ("prose", "**Take care**"),
        ("prose", "The **step** is small."),
        ("prose", "See the bandits and reward curve, with $x^2$."),
        ("maths", "$$\na = b\n$$"),
        ("prose", "Decay it."),
        ("code", "x = 1"),
    ]


def test_a_picture_without_alt_text_speaks_by_its_title_and_one_in_brackets_by_its_name():
    assert clean('![](images/p1.png "The loss falls")') == "[Picture: The loss falls]"
    assert clean("![[loss curve.png]] and [[Bandits|the bandits]]") == "[Picture: loss curve] and the bandits"
    assert (
        clean("<figure><img src='a.png'><figcaption>The loss falls</figcaption></figure>") == "The loss falls"
    )


def test_comments_and_scripts_that_never_end_lose_no_text():
    assert clean("before <!-- open\n\nafter") == "before   open\n\nafter"
    assert clean("a<script>x()</script>b<SCRIPT>c") == "a bc"
