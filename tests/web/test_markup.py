import pytest

from tutor.web.markup import markdown, pieces, typed


def link(n: int) -> str | None:
    return f"<a>{n}</a>" if n <= 3 else None


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("the value $Q_t(a)$ grows", r"the value \(Q_t(a)\) grows"),
        (r"the value \(Q_t(a)\) grows", r"the value \(Q_t(a)\) grows"),
        ("so $$x^2$$ it is", r"so \[x^2\] it is"),
        (r"so \[x^2\] it is", r"so \[x^2\] it is"),
        (r"$\epsilon$", r"\(\epsilon\)"),
        ("$n$th and $k$-armed", r"\(n\)th and \(k\)-armed"),
        ("$2 \\times 3$", r"\(2 \times 3\)"),
        ("\\begin{align}a &= b\\end{align}", "\\[\\begin{align}a &= b\\end{align}\\]"),
        ("$a < b$ and $c_1 * d_1$", r"\(a < b\) and \(c_1 * d_1\)"),
    ],
)
def test_maths_in_any_spelling_comes_out_in_one(written, shown):
    assert markdown(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "a coffee for $5 and a cake for $6",
        "from $5-$10",
        "$5 apples cost 10$ more",
        "it costs $5.",
        "US$3 and US$4",
        "5$ or 6$",
    ],
)
def test_a_price_is_no_maths(text):
    assert markdown(text) == text
    assert [kind for kind, _ in pieces(text)] == ["text"]


def test_a_price_beside_a_formula_leaves_the_formula_alone():
    assert markdown("$5 for $x$ and $6 for $y$") == r"$5 for \(x\) and $6 for \(y\)"


def test_code_is_left_as_it_is_dollars_tags_and_marks_included():
    text = "```python\nprint('$x$', a < b, '<img>', x[1])  # [2]\n```\nand `$y$ <b> [1]` too"
    assert markdown(text, link) == text


def test_an_open_bracket_of_maths_inside_code_cannot_swallow_what_follows():
    shown = markdown("```python\nre.compile('\\(')\n```\nthen \\(x\\)")
    assert shown == "<pre><code>re.compile('&#92;(')</code></pre>\nthen \\(x\\)"


@pytest.mark.parametrize("growing", [True, False])
def test_a_code_block_that_is_still_open_stays_code(growing):
    assert markdown("look:\n```python\nx = '$1 <b>'", growing=growing).endswith("x = '$1 <b>'")


def test_tags_are_shown_and_not_obeyed():
    shown = markdown("<script>x()</script> <img src=x onerror=y> a < b <b>bold</b>")
    assert "<script" not in shown
    assert "<img" not in shown
    assert "<b>" not in shown
    assert "&lt;script>" in shown
    assert "a < b" in shown


def test_pictures_from_elsewhere_become_their_alternative_text():
    shown = markdown("see ![the curve](https://example.org/x(1).png) and ![](a.png)")
    assert "example.org" not in shown
    assert "a.png" not in shown
    assert "the curve" in shown


def test_links_into_the_course_become_text_and_links_to_the_web_stay():
    shown = markdown("[next](../lecture_10/lecture.md) and [the book](https://example.org/book)")
    assert shown == "next and [the book](https://example.org/book)"


def test_citations_become_links_and_others_stay_as_they_are():
    assert markdown("so [1], and so [2, 3]: yes [4].", link) == "so<a>1</a>, and so<a>2</a><a>3</a>: yes [4]."


def test_citations_in_maths_are_not_touched():
    assert markdown("$x[1]$ holds [1]", link) == r"\(x[1]\) holds<a>1</a>"


@pytest.mark.parametrize("tail", [r"\(a_", "$$\\frac{1}{", r"\[x", "$\\epsil"])
def test_a_formula_that_is_still_being_written_is_held_back(tail):
    assert markdown(f"We know that {tail}", growing=True) == "We know that "


def test_a_lone_dollar_is_not_held_back_when_the_answer_is_over():
    assert markdown("it was $") == "it was $"


def test_what_a_student_typed_is_shown_letter_by_letter():
    shown = typed("# not a *heading*\n1. <b>x</b>\n$x_1$")
    assert "<b>" not in shown
    assert "&#42;heading&#42;" in shown
    assert "&#35; not" in shown
    assert r"\(x_1\)" in shown
    assert "<br>" in shown


def test_a_very_long_message_is_shown_short():
    assert len(typed("word " * 20_000)) < 1000
    assert "100,000 characters" in typed("a" * 100_000)


@pytest.mark.parametrize(
    "text", ["$" * 3000, "`" * 3000, "\\(" * 3000, "[" * 3000, "<" * 3000, "![" * 2000, "$a " * 2000]
)
def test_odd_input_takes_no_long_time(text):
    import time

    started = time.process_time()
    markdown(text, link)
    typed(text, limit=10**6)
    assert time.process_time() - started < 5  # a runaway regular expression would take minutes
