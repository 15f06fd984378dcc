import pytest
from course_maker import BANDIT

from knowledge.documents import read_document
from knowledge.errors import UnreadableError
from knowledge.markdown_reader import clean, plain_heading, read_markdown


def blocks(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for section in read_markdown(text) for block in section.blocks]


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


@pytest.mark.parametrize("label", ["{#eq-loss}", "(eq-loss)", "{#eq-loss} ."])
def test_the_label_behind_an_equation_is_no_part_of_it_and_opens_no_other(label):
    text = f"The loss is\n\n$$\nL\n=\ny^2\n$$ {label}\n\nas shown.\n\n$$ a = b $$ {label}\n\nDone."
    assert [(kind, text.rstrip(".")) for kind, text in blocks(text)] == [
        ("prose", "The loss is"),
        ("maths", "$$\nL\n=\ny^2\n$$"),
        ("prose", "as shown"),
        ("maths", "$$ a = b $$"),
        ("prose", "Done"),
    ]


def test_the_number_behind_an_equation_stays_since_the_text_refers_to_it():
    assert blocks("$$\na = b\n$$ (1)") == [("maths", "$$\na = b\n$$"), ("prose", "(1)")]


def test_an_equation_may_begin_at_the_end_of_a_line_and_text_go_on_behind_it():
    text = "See it. Then $$\na\n\n=\n\nb\n$$ (eq-a)\n\nAnd\n\n$$\nc\n=\nd\n$$ where d is small."
    assert blocks(text) == [
        ("prose", "See it. Then"),
        ("maths", "$$\na\n\n=\n\nb\n$$"),
        ("prose", "And"),
        ("maths", "$$\nc\n=\nd\n$$"),
        ("prose", "where d is small."),
    ]


def test_the_end_of_a_formula_inside_a_paragraph_opens_none():
    text = "The sum $$a +\n b$$\nis small.\n\n$$\nc\n$$"
    assert blocks(text) == [("prose", "The sum $$a +\n b$$\nis small."), ("maths", "$$\nc\n$$")]
    text = "The sum $$a\n$$ {#eq-a}\n\nis small.\n\n$$\nc\n$$"
    assert blocks(text)[1:] == [("prose", "is small."), ("maths", "$$\nc\n$$")]


def test_the_label_of_an_equation_in_a_list_is_no_text():
    assert blocks("- so $$a = b$$ {#eq-a}\n- and") == [("prose", "- so $$a = b$$\n- and")]


@pytest.mark.parametrize(
    ("text", "title", "lecture"),
    [
        ("# Lecture 4: Kernels\n\n---\n\n# Introduction\n\nText.", "Lecture 4: Kernels", 4),
        ("## Contents of it all\n\n# Kernels\n\n# Introduction\n\nText.", "Kernels", None),
        ("## Lecture 4: Kernels\n\n# Introduction\n\nText.", "Lecture 4: Kernels", 4),
    ],
)
def test_the_first_heading_is_the_title_with_nothing_below_it_too(text, title, lecture):
    document = read_document("a.md", text.encode())
    assert (document.title, document.lecture) == (title, lecture)
    assert document.sections[-1].heading == ("Introduction",)


def test_a_level_1_heading_below_sections_with_text_is_no_title():
    document = read_document("a.md", b"## One\n\nText.\n\n# Two\n\nMore.")
    assert (document.title, document.sections[1].heading) == ("A", ("Two",))


def test_the_title_in_front_matter_stays_where_level_1_is_for_sections():
    front = "---\ntitle: 'Lecture 3: Trees'\n---\n"
    document = read_document("a.md", f"{front}# Impurity\n\nText.\n\n# Pruning\n\nMore.".encode())
    assert (document.title, document.lecture) == ("Lecture 3: Trees", 3)
    assert [section.heading for section in document.sections] == [("Impurity",), ("Pruning",)]
    assert read_document("a.md", f"{front}# Impurity\n\nText.".encode()).lecture == 3
    unnumbered = front.replace("Lecture 3: ", "")
    assert read_document("a.qmd", f"{unnumbered}# Impurity\n\nText.".encode()).title == "Trees"
    assert read_document("a.md", f"{unnumbered}## A\n\nText.\n\n# Refs\n\nB.".encode()).title == "Trees"


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("---\ntitle: >\n  Ridge\n  regression\n---", "Ridge regression"),
        ("---\ntitle: |\n  Ridge\n---", "Ridge"),
        ('---\nlayout: post\ntitle: "Trees: an intro" # note\n---', "Trees: an intro"),
        ("---\ntitle: 'It''s logistic'\n---", "It's logistic"),
        ('---\ntitle: "The \\"best\\" tree"\n---', 'The "best" tree'),
        ("---\ntitle: Trees: an intro\n---", "Trees: an intro"),
        ("---\ntitle: 2024-01-02\n---", "2024-01-02"),
        ("\n\n---\ntitle: Late\n---", "Late"),
        ('+++\ntitle = "Hugo"\n[params]\nx = 1\n+++', "Hugo"),
        ("+++\ntitle = 'Hugo'\nbroken = \n+++", "Hugo"),
        (f"---\ntitle: x\na: {'[' * 5000}\n---", "x"),
    ],
)
def test_front_matter_is_read_as_yaml_or_toml(front, title):
    document = read_document("a.md", f"{front}\n\nBody.".encode())
    assert (document.title, document.sections[0].text) == (title, "Body.")


@pytest.mark.timeout(20)
def test_front_matter_of_comments_that_never_ends_costs_no_more_than_its_length():
    assert read_document("a.md", ("---\n" + "#\n" * 60 + "text").encode()).sections


def test_a_syllabus_of_headings_is_read_as_one_list():
    document = read_document(
        "a.md", b"# Syllabus\n\n## Exam: 12 June\n\n## Trees\n\n### Bring a calculator\n"
    )
    assert [(section.heading, section.text) for section in document.sections] == [
        ((), "**Exam: 12 June**"),
        (("Trees",), "**Bring a calculator**"),
    ]
    assert read_document("a.md", b"# S\n\n## Trees\n\n## Nets").sections[1].text == "**Nets**"
    with pytest.raises(UnreadableError):
        read_document("a.md", b"# Syllabus\n")


def test_a_heading_with_nothing_below_it_is_found_and_one_above_others_is_none():
    text = (
        "# Rules\n\nWelcome.\n\n## Late work loses marks\n\n## Weeks\n\n### One\n\nText.\n\n### Two\n\n"
        "## The exam is in June"
    )
    sections = read_document("a.md", text.encode()).sections
    assert [(section.heading, section.text) for section in sections] == [
        ((), "Welcome."),
        ((), "**Late work loses marks**"),
        (("Weeks", "One"), "Text."),
        ((), "**The exam is in June**"),
    ]


def test_a_lone_heading_between_sections_with_text_swallows_neither():
    text = "# T\n\n## A\n\nText.\n\n## Bring a calculator\n\n## C\n\nMore.\n\n## See you in June"
    assert headings(text) == [("A",), ("Bring a calculator",), ("C",), ()]


@pytest.mark.parametrize(
    "box",
    [
        ":::{admonition} The zebra rule\n:class: tip\nSplit here.\n:::",
        '::: {.callout-important title="The zebra rule"}\nSplit here.\n:::',
        "::: {.callout-tip}\n## The zebra rule\n\nSplit here.\n:::",
        "::: {#thm-zebra}\n## The zebra rule\nSplit here.\n:::",
        "::::{prf:theorem} The zebra rule\n:label: thm-z\n\nSplit here.\n::::",
        "::::{grid} 2\n:::{grid-item-card} The zebra rule\nSplit here.\n:::\n::::",
        ":::tip[The zebra rule]\nSplit here.\n:::",
        ":::note The zebra rule\nSplit here.\n:::",
        "```{prf:theorem} The zebra rule\n:label: thm-z\nSplit here.\n```",
        "````{tab-set}\n```{tab-item} The zebra rule\n:sync: a\nSplit here.\n```\n````",
        "```{note}\n# The zebra rule\nSplit here.\n```",
        "> [!note] The zebra rule\n> Split here.",
        "> [!tip]- The zebra rule\n>\n> Split here.",
    ],
)
def test_the_title_of_a_box_is_kept_and_its_options_are_not(box):
    sections = read_markdown(f"## Part\n\nBefore.\n{box}\n\nAfter.")
    assert [section.heading for section in sections] == [("Part",)]
    told = [block.text for block in sections[0].blocks]
    assert told == ["Before.", "**The zebra rule**", "Split here.", "After."]


def test_the_title_of_a_box_in_a_list_is_kept():
    assert (
        clean("- one\n\n  :::{tip} Take care\n  :class: x\n  two\n  :::") == "- one\n\n**Take care**\n  two"
    )


def test_tables_cells_and_figures_of_book_builders_are_read():
    text = (
        "```{list-table} Frequencies\n:header-rows: 1\n* - Model\n  - Accuracy\n* - CNN\n  - 0.97\n    here\n```\n\n"
        ':::{csv-table}\n:header: a, b\n1, "2, 3"\n:::\n\n'
        "```{code-cell} ipython3\n---\ntags: [hide]\nmystnb:\n"
        "  figure:\n    caption: |\n      A curve\n---\nx = 1\n```\n\n"
        ":::{math}\n:label: m\na = b\n:::\n\n```{toctree}\none\n```\n\n```{code-block} r\n:name: y\ny\n```"
    )
    assert blocks(text) == [
        ("prose", "**Frequencies**"),
        ("table", "| Model | Accuracy |\n| --- | --- |\n| CNN | 0.97 here |"),
        ("table", "| a | b |\n| --- | --- |\n| 1 | 2, 3 |"),
        ("code", "x = 1"),
        ("prose", "[Picture: A curve]"),
        ("maths", "$$\na = b\n$$"),
        ("code", "y"),
    ]
    assert [block.lang for block in read_markdown(text)[0].blocks if block.kind == "code"] == ["python", "r"]


def test_raised_and_lowered_figures_stay_so():
    assert clean("10<sup>-3</sup>, x<sup>2</sup>, H<sub>2</sub>O, {sub}`2`, e<sup>x + 1</sup>") == (
        "10^-3, x^2, H_2O, _2, e^(x + 1)"
    )


@pytest.mark.parametrize(
    "table", ["<table></table>", "<table><td>one</td><td>two</td></table>", "<table>loose</table>"]
)
def test_a_table_in_html_without_rows_keeps_its_words(table):
    text = " ".join(text for _, text in blocks(f"Before.\n\n{table}\n\nAfter."))
    told = [word for word in ("one", "two", "loose") if word in table]
    assert text.replace("|", " ").split() == ["Before.", *told, "After."]


def test_a_table_in_html_keeps_its_rows_and_columns():
    text = (
        "Before.\n\n<table>\n<caption>Scores</caption>\n\n<tr><th>Model<th>Accuracy</tr>\n\n"
        '<tr><td rowspan="2">CNN</td><td>0.97<br>x<sup>2</sup></td></tr>\n'
        "<tr><td><b>0|95</b></td></tr>\n</table>\nAfter."
    )
    assert blocks(text) == [
        ("prose", "Before."),
        ("prose", "Scores"),
        ("table", "| Model | Accuracy |\n| --- | --- |\n| CNN | 0.97 x^2 |\n| CNN | 0/95 |"),
        ("prose", "After."),
    ]
    wide = "<table><tr><td colspan=2>a<td>b<tr><td>1<td>2<td>3</table>"
    assert blocks(wide) == [("table", "| a |  | b |\n| --- | --- | --- |\n| 1 | 2 | 3 |")]
    layout = f"<table><tr><td>{'word ' * 100}</td><td>other</td></tr></table>"
    assert blocks(layout) == [("prose", f"{'word ' * 100} | other")]
    listing = "<table><tr><td>\n\n```python\nx = 1\n```\n\n</td></tr></table>"
    assert blocks(listing) == [("code", "x = 1")]


def test_a_line_break_in_a_cell_breaks_no_row():
    assert blocks("| a | b |\n|---|---|\n| x<br>y | 2 |") == [("table", "| a | b |\n|---|---|\n| x y | 2 |")]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            '<img src="a.png" alt="A curve where x > 0 falls" width="300">',
            "[Picture: A curve where x > 0 falls]",
        ),
        ("<img src='a.png' alt='x < 0'/> there", "[Picture: x < 0] there"),
        ('![Age](s.png){#fig-s fig-alt="A tree" width=50%}', "[Picture: Age. A tree]"),
        ("![Age](s.png){width=50%} there", "[Picture: Age] there"),
        ("![A split][ref]", "[Picture: A split]"),
        ("[![Binder](b.svg)](https://a.b/c)", "[Picture: Binder]"),
    ],
)
def test_a_picture_speaks_whatever_its_attributes_are(source, text):
    assert clean(source) == text


def test_links_of_obsidian_are_words_and_a_matrix_is_none():
    assert clean("[[02 Trees]], [[Δέντρα]], [[Κεφάλαιο 3|Κεφάλαιο]], [[Ridge#Penalty]], [[#Penalty]]") == (
        "02 Trees, Δέντρα, Κεφάλαιο, Ridge: Penalty, Penalty"
    )
    for matrix in ("[[1, 2], [3, 4]]", "[[0.5]]", "[[1 2 3]]", "$[[y = k]]$"):
        assert clean(matrix) == matrix


def test_marks_between_cells_and_inside_listings_are_told_apart():
    assert blocks('One.\n\n+++ {"a": []}\n\n+++\nTwo.') == [("prose", "One."), ("prose", "Two.")]
    assert blocks("::::{code-block} text\n::: opens\n:::\n::::") == [("code", "::: opens\n:::")]
    assert blocks(":::{code-block} text\n::: opens\n:::") == [("code", "::: opens")]


def test_comments_of_obsidian_are_not_published():
    text = (
        "One %%the answer is 42%% two.\n\n%% hidden %%\n\n%%\na\n\nb\n%%\n\n"
        "Use %%time or %%timeit, 5%% and 6%%.\n\n%%time it\n\n%% open"
    )
    assert blocks(text) == [
        ("prose", "One  two."),
        ("prose", "Use %%time or %%timeit, 5%% and 6%%."),
        ("prose", "%%time it"),
        ("prose", "%% open"),
    ]
    assert blocks("%%time it\n\nkept\n\n%%")[1] == ("prose", "kept")
