import pytest

from knowledge.documents import read_document

PAGE = """<!DOCTYPE html><html><head><title>Week 3 &amp; more</title><style>p { color: red }</style>
<script>var secret = "<p>never shown</p>";</script></head><body>
<nav><a href="x">Menu that nobody reads</a></nav>
<h1>Bandits<a class="headerlink" href="#b">¶</a></h1>
<p>With <b>chance</b> ε the agent <code>explores</code>,<br>as we saw.</p>
<h2>Updates</h2>
<ul><li>early<ul><li>often</li></ul></li><li>late</ul>
<div class="highlight-python"><pre><span>def</span> pick(q):
    return q.argmax()</pre></div>
<p>\\[ Q \\leftarrow Q + \\alpha (r - Q) \\]</p>
<p>Inline <math><semantics><mrow><mi>x</mi></mrow><annotation encoding="application/x-tex">x^2</annotation></semantics>
</math> counts.</p>
<table><tr><th>method</th><th>reward</th></tr><tr><td>greedy</td><td>1.0</td></tr></table>
<img src="data:image/png;base64,AAAA" alt="The reward rises over time">
<img src="b.png">
<footer>Copyright nobody</footer></body></html>"""


def read(text, path="week3/page.html"):
    return read_document(path, text.encode())


def test_text_comes_by_headings_without_menus_scripts_and_styles():
    document = read(PAGE)
    assert (document.title, document.lecture) == ("Bandits", 3)
    assert [section.heading for section in document.sections] == [(), ("Updates",)]
    assert document.sections[0].text == "With **chance** ε the agent `explores`,\nas we saw."
    assert [(block.kind, block.text) for block in document.sections[1].blocks] == [
        ("prose", "- early\n  - often\n- late"),
        ("code", "def pick(q):\n    return q.argmax()"),
        ("maths", "\\[ Q \\leftarrow Q + \\alpha (r - Q) \\]"),
        ("prose", "Inline $x^2$ counts."),
        ("table", "| method | reward |\n| --- | --- |\n| greedy | 1.0 |"),
        ("prose", "[Picture: The reward rises over time]"),
    ]
    assert document.sections[1].blocks[1].lang == "python"


def test_the_title_of_the_page_serves_where_there_is_no_first_heading():
    assert read("<title>Week 3 &amp; more</title><p>Text.</p>").title == "Week 3 & more"


def test_only_the_main_part_counts_where_there_is_one():
    document = read("<p>Around.</p><main><h1>A</h1><p>Inside.</p></main><p>Below.</p>")
    assert [section.text for section in document.sections] == ["Inside."]


def test_slides_in_markdown_inside_a_page_are_read_as_markdown():
    slides = "\n## Greedy\n\nTake the best arm.\n---\n## Decay\n\nLater."
    page = f'<section data-markdown><script type="text/template">{slides}</script>'
    document = read(f"<h1>Slides</h1>{page}</section>")
    assert [(s.heading, s.text) for s in document.sections] == [
        (("Greedy",), "Take the best arm."),
        (("Decay",), "Later."),
    ]


def test_old_formulas_in_scripts_are_kept():
    text = read('<p>Since <script type="math/tex">a < b</script> holds.</p>').sections[0].text
    assert text == "Since $a < b$ holds."


def test_tags_that_are_never_closed_lose_no_text():
    text = read("<div><p>One<p>Two<ul><li>three<b>four<table><tr><td>five").sections[0].text
    assert all(word in text for word in ("One", "Two", "three", "four"))


def test_results_of_a_notebook_saved_as_a_page_are_shortened_as_in_a_notebook():
    log = "\n".join(f"Epoch {n} loss {1 / n:.4f}" for n in range(1, 3000))
    text = read(f'<div class="jp-OutputArea-output"><pre>{log}</pre></div>').sections[0].text
    assert "Epoch 1 loss" in text
    assert "Epoch 2999 loss" in text
    assert len(text) < 2000


def first_text(text):
    return read(text).sections[0].text


def test_a_page_whose_head_is_never_closed_is_read():
    document = read("<html><head><title>Old</title><meta charset=utf-8><body><h1>Nets</h1><p>They learn.")
    assert (document.title, document.sections[0].text) == ("Nets", "They learn.")
    assert first_text("<head><title>Old</title><style>p {}</style><p>They learn.") == "They learn."


def test_a_picture_that_counts_visits_does_not_end_the_head():
    page = "<head><noscript><img src=count.png></noscript><title>Menu</title></head><p>Text.</p>"
    assert first_text(page) == "Text."


def test_a_form_around_the_page_is_read_and_one_for_searching_is_not():
    search = '<form class="search-form"><p>Find</p><input></form>'
    login = "<form><label>Password</label><input></form>"
    body = "<h1>Nets</h1><p>They learn.</p>"
    assert first_text(f'<form id="aspnetForm" action="x">{body}</form>') == "They learn."
    assert first_text(f"{search}{login}{body}") == "They learn."
    assert first_text(f'<form class="search"><input>{body}') == "They learn."


MATHJAX = """<p>So <mjx-container class="MathJax" jax="CHTML"><mjx-math class="MJX-TEX" aria-hidden="true"><mjx-mi>
<mjx-c>seen</mjx-c></mjx-mi></mjx-math>{}</mjx-container> holds.</p>"""
READ_ALOUD = (
    '<mjx-assistive-mml unselectable="on"><math display="{}"><mi>L</mi><mo>=</mo><msup><mi>w</mi><mn>2</mn>'
    "</msup></math></mjx-assistive-mml>"
)


@pytest.mark.parametrize(
    ("inside", "formula"),
    [
        (READ_ALOUD.format("inline"), "$L=w^2$"),
        (READ_ALOUD.format("block"), "$$L=w^2$$"),
        ('<svg><g data-latex="L=w^{2}"><text>L</text></g></svg>', "$L=w^{2}$"),
        ("<svg><text>L</text></svg>", "[formula]"),
    ],
    ids=["read aloud", "displayed", "MathJax 4", "only drawn"],
)
def test_formulas_that_mathjax_drew_are_kept(inside, formula):
    assert first_text(MATHJAX.format(inside)) == f"So {formula} holds."


def test_a_formula_of_mathjax_2_is_told_once():
    drawn = '<span class="MathJax"><nobr aria-hidden="true">Lw</nobr><span class="MJX_Assistive_MathML">'
    drawn += "<math><mi>L</mi></math></span></span>"
    assert first_text(f"<p>So {drawn} holds.</p>") == "So $L$ holds."
    script = '<script type="math/tex">L_w</script>'
    assert first_text(f"<p>So {drawn}{script} holds.</p>") == "So $L_w$ holds."


def test_the_formulas_of_wikipedia_are_told_once():
    maths = '<math><semantics><mi>x</mi><annotation encoding="application/x-tex">{\\displaystyle x_{i}}</annotation>'
    hidden = f'<span class="mwe-math-mathml-inline" style="display: none;">{maths}</semantics></math></span>'
    picture = '<img alt="{\\displaystyle x_{i}}" aria-hidden="true">'
    assert first_text(f"<p>The {hidden}{picture} here.</p>") == "The $x_{i}$ here."


@pytest.mark.parametrize(
    ("mathml", "latex"),
    [
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mi>b</mi></mfrac>", r"\frac{a+1}{b}"),
        ("<msqrt><mi>&#x3B2;</mi></msqrt><mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt{\beta}\sqrt[3]{x}"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><msub><mi>x</mi><mi>i</mi></msub>", r"\sum_i^n x_i"),
        ("<mi>log</mi><mo>&#x2061;</mo><mi>p</mi>", r"\log p"),
        ("<mover><mi>w</mi><mo>^</mo></mover><mo>∈</mo><mi mathvariant='double-struck'>R</mi>",
         r"\hat{w}\in \mathbb{R}"),
        ("<msup><mrow><mo>(</mo><mi>x</mi><mo>)</mo></mrow><mo>′</mo></msup>", "{(x)}'"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mi>x</mi></mtd></mtr><mtr><mtd><mn>0</mn></mtd></mtr></mtable>",
         r"\begin{matrix} 1 & x \\ 0 \end{matrix}"),
        ("<munder><mi>lim</mi><mi>t</mi></munder><mtext>50% of</mtext><mi>p</mi>", r"\lim_t\text{50\% of}p"),
    ],
)  # fmt: skip
def test_mathml_becomes_latex(mathml, latex):
    assert first_text(f"<p><math>{mathml}</math></p>") == f"${latex}$"


def test_a_formula_that_is_never_closed_takes_no_paragraph_with_it():
    assert [block.text for block in read("<p>So <math><mi>q</mi><p>Then.</p>").sections[0].blocks] == [
        "So $q$",
        "Then.",
    ]


def test_merged_cells_are_told_in_every_column_and_row_they_cover():
    page = """<table><caption>Errors</caption><tr><th rowspan=2>Model</th><th colspan=2>Error</th></tr>
<tr><th>train</th><th>test</th></tr><tr><td>NB</td><td>0.1</td><td>0.2</td></tr>
<tr><td>kNN</td><td colspan=2>none</td></tr><tr><td colspan=3>Both are low.</td></tr><tr><td>SVM</td></tr></table>"""
    assert [block.text for block in read(page).sections[0].blocks] == [
        "Errors",
        "| Model | Error | Error |\n| --- | --- | --- |\n| Model | train | test |\n| NB | 0.1 | 0.2 |\n"
        "| kNN | none |  |\n| Both are low. |  |  |\n| SVM |  |  |",
    ]


def test_a_table_that_claims_a_million_columns_is_read():
    cells = "<tr><td colspan=9999 rowspan=9999>a</td><td>b</td></tr>" * 100
    text = first_text(f"<table>{cells}</table>")
    assert "| b |" in text
    assert len(text) < 50_000


def test_the_bar_of_a_formula_in_a_table_stays_a_bar():
    assert r"$\vert x\vert $ / y" in first_text("<table><tr><td>$|x|$ | y</td></tr></table>")


@pytest.mark.parametrize(
    "page",
    [
        '<div style="color: red; display:none">Hidden</div>',
        "<p hidden>Hidden</p>",
        '<p>A <span aria-hidden="true" class="toggle">Hidden</span></p>',
        '<div class="modal" id="m" hidden>Hidden</div><a href="#m">Open</a>',
    ],
)
def test_what_a_page_never_shows_is_left_out(page):
    assert "Hidden" not in first_text(f"{page}<p>Text.</p>")


@pytest.mark.parametrize(
    "page",
    [
        '<div class="answer" style="display:none">Kept</div>',
        '<p><a href="#" onclick="show()">Show</a></p><div style="display:none">Kept</div>',
        '<a href="#more">More</a><div id="more" style="display:none">Kept</div>',
        '<script>$("#why").toggle()</script><div id="why" style="display:none">Kept</div>',
        '<div class="accordion"><h3>Why?</h3><div style="display:none">Kept</div></div>',
        '<div role="tabpanel" hidden>Kept</div>',
        '<section class="future" hidden aria-hidden="true"><p>Kept</p></section>',
        "<details><summary>Hint</summary>Kept</details>",
    ],
)
def test_what_a_click_shows_is_kept(page):
    assert "Kept" in first_text(f"{page}<p>Text.</p>")


def test_the_name_of_a_part_of_an_accordion_is_a_heading_and_other_buttons_are_left_out():
    document = read('<h2><button class="x">Why naive?</button></h2><p>Since.<button>Copy</button></p>')
    assert [(section.heading, section.text) for section in document.sections] == [(("Why naive?",), "Since.")]


def test_only_the_prompts_of_a_notebook_are_left_out():
    page = '<div class="prompt input_prompt">In [1]:</div><div class="prompt">Discuss: why?</div>'
    assert first_text(page) == "Discuss: why?"


def test_a_schedule_with_much_to_say_of_one_day_stays_a_table():
    days = "".join(f"<tr><td>Lecture {n}</td><td>9/{n}</td><td>Trees</td></tr>" for n in range(4))
    long_day = f"<tr><td>Lecture 5</td><td>9/5</td><td>{'Nets. ' * 100}</td></tr>"
    assert "| Lecture 0 | 9/0 | Trees |" in first_text(f"<table>{days}{long_day}</table>")
    assert "|" not in first_text(f"<table><tr><td>Menu</td><td>{'Nets. ' * 100}</td></tr></table>")
