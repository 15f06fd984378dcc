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
