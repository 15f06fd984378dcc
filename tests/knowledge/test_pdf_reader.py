"""PDFs made by hand and by matplotlib: pages, headings, paragraphs, and what is refused or stopped."""

import io
import sys

import pytest
from pdf_maker import column, pdf

from knowledge import pdf_reader
from knowledge.documents import read_document
from knowledge.errors import UnreadableError

LONG = (
    "The learning rate decides how far each step of gradient descent goes, and a good one is found by trying."
)


def read(data, path="lecture_05/notes.pdf"):
    return read_document(path, data)


def texts(document):
    return {section.page: section.text for section in document.sections}


def test_each_page_is_a_section_with_its_number():
    document = read(pdf([column("Page one tells of bandits."), column("Page two tells of regression.")]))
    assert document.lecture == 5
    assert texts(document) == {1: "Page one tells of bandits.", 2: "Page two tells of regression."}


def test_hyphens_at_the_end_of_a_line_are_joined_and_those_of_compounds_kept():
    lines = column(
        "We use a well-known method: the regular-",
        "isation of weights. It is a well-",
        "known one, and it is simple to under-",
        "stand for everybody in the room.",
    )
    text = read(pdf([lines])).sections[0].text
    assert "the regularisation of weights" in text
    assert "a well-known one" in text
    assert "simple to understand" in text


def test_a_gap_ends_a_paragraph_and_bullets_make_a_list():
    lines = column(*LONG.split(", "), "", "", "• Early stopping", "• Dropout of units", "  that repeat")
    blocks = read(pdf([lines])).sections[0].blocks
    assert [block.text for block in blocks] == [
        LONG.replace(", ", " "),
        "- Early stopping\n- Dropout of units that repeat",
    ]


def test_running_headers_footers_and_page_numbers_are_dropped():
    pages = [
        [
            ("Machine Learning, spring term", 72, 810, 9, "F1"),
            *column(f"The text of part {word} stands here, and it is long enough.", LONG),
            (f"Department of Statistics    {number}", 250, 30, 9, "F1"),
        ]
        for number, word in enumerate(("one", "two", "three", "four"), start=1)
    ]
    for section in read(pdf(pages)).sections:
        assert section.text.startswith("The text of part")
        assert "spring term" not in section.text
        assert "Department" not in section.text


def test_larger_and_numbered_lines_are_headings_and_nest():
    body = [*column(LONG, LONG, top=700), *column(LONG, LONG, top=560), *column(LONG, LONG, top=430)]
    heads = [
        ("Optimisation for beginners", 72, 770, 22, "F3"),
        ("1 Gradient descent", 72, 730, 15, "F3"),
        ("1.1 The step size", 72, 590, 13, "F3"),
        ("2 Momentum", 72, 460, 15, "F3"),
    ]
    lines = sorted([*heads, *body], key=lambda line: -line[2])
    document = read(pdf([lines]))
    assert document.title == "Optimisation for beginners"
    assert [section.heading for section in document.sections] == [
        ("1 Gradient descent",), ("1 Gradient descent", "1.1 The step size"), ("2 Momentum",),
    ]  # fmt: skip


def test_a_heading_as_large_as_the_title_is_no_part_of_it():
    pages = [
        [
            ("Lecture 12:", 220, 770, 18, "F3"),
            ("Bayes", 250, 749, 18, "F3"),
            ("The rule", 72, 717, 18, "F3"),
            *column(LONG, LONG, top=690),
        ],
        [("Priors", 72, 770, 18, "F3"), *column(LONG, LONG, top=740)],
    ]
    document = read(pdf(pages))
    assert document.title == "Lecture 12: Bayes"
    assert [section.heading for section in document.sections] == [("The rule",), ("Priors",)]


def test_a_heading_without_a_number_stands_beside_numbered_ones_of_its_size():
    heads = ("1 Method", "2 Conclusion", "References")
    lines = [("Zebras and their margins", 72, 790, 22, "F3")]
    for number, head in enumerate(heads):
        top = 750 - 100 * number
        lines += [(head, 72, top, 14, "F3"), *column(LONG, LONG, top=top - 25)]
    document = read(pdf([lines]))
    assert [section.heading for section in document.sections] == [(head,) for head in heads]


def row(y, *cells, font="F1"):
    return [(cell, 72 + 90 * number, y, 11, font) for number, cell in enumerate(cells)]


def test_rows_of_numbers_are_a_table():
    rows = [
        *row(700, "Model", "Error", "Time", font="F3"),
        *row(686, "Ridge", "0.31", "2 s"),
        *row(672, "Lasso", "0.29", "5 s"),
    ]
    blocks = read(pdf([[*column(LONG, top=716), *rows, *column(LONG, top=655)]])).sections[0].blocks
    assert [(block.kind, block.text) for block in blocks] == [
        ("prose", LONG),
        (
            "table",
            "| Model | Error | Time |\n| --- | --- | --- |\n| Ridge | 0.31 | 2 s |\n| Lasso | 0.29 | 5 s |",
        ),
        ("prose", LONG),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        (("A. Author", "B. Writer"), ("Oslo", "Paris"), ("a@x.no", "b@x.fr")),
        (("y = 3x", "(1)"), ("z = 4x", "(2)"), ("w = 5x", "(3)")),
        (("1.", "Take 3 arms"), ("2.", "Pull 2 of them"), ("3.", "Keep 1")),
        (("Ridge", "0.31"), ("Lasso", "0.29")),
        (("Ridge", "0.31", "2"), ("Lasso", "0.29"), ("Tree", "0.40", "1")),
    ],
)
def test_what_stands_apart_and_is_no_table_is_none(rows):
    lines = [line for number, cells in enumerate(rows) for line in row(700 - 14 * number, *cells)]
    kinds = {
        block.kind for section in read(pdf([[*column(LONG), *lines]])).sections for block in section.blocks
    }
    assert kinds == {"prose"}


def test_the_bullets_of_the_standard_fonts_are_bullets():
    """Some programs write them as the code 127, which the fonts draw as a bullet."""
    blocks = read(pdf([column(LONG, "", "\x7f Early stopping", "\x7f Dropout")])).sections[0].blocks
    assert blocks[-1].text == "- Early stopping\n- Dropout"


def test_bookmarks_name_headings_that_are_no_larger_than_the_text():
    pages = [
        column("Perceptrons", LONG, LONG),
        column("Backpropagation", LONG, LONG),
        column("Summary", LONG),
    ]
    document = read(
        pdf(pages, outline=[("Perceptrons", 0), ("Backpropagation", 1), ("Summary", 2), ("Index", 2)])
    )
    assert [section.heading for section in document.sections] == [
        ("Perceptrons",),
        ("Backpropagation",),
        ("Summary",),
    ]


def test_a_sentence_that_runs_over_the_page_stays_whole_on_the_page_where_it_begins():
    pages = [
        column(LONG, "The gradient points to where the loss"),
        column("grows fastest, so we go the other way.", LONG),
    ]
    first, second = read(pdf(pages)).sections
    assert first.text.endswith("The gradient points to where the loss grows fastest, so we go the other way.")
    assert second.page == 2
    assert "fastest" not in second.text


def test_code_keeps_its_lines_and_indents():
    code = [
        ("def step(w):", 72, 700, 10, "F2"), ("return w - 0.1 * grad(w)", 96, 688, 10, "F2"),
    ]  # fmt: skip
    blocks = read(pdf([[*column(LONG), *code]])).sections[0].blocks
    assert (blocks[1].kind, blocks[1].text) == ("code", "def step(w):\n    return w - 0.1 * grad(w)")


def test_slides_take_their_title_from_the_top_whatever_was_drawn_first():
    def slide(title, *items, number):
        return [
            *column(*(f"• {item}" for item in items), top=300, size=18),
            (title, 72, 380, 30, "F1"),
            (f"Anna Example, spring   {number}", 300, 12, 9, "F1"),
        ]

    pages = [
        [("Lecture 4", 200, 300, 20, "F1"), ("Exploration", 150, 220, 40, "F1")],
        slide("Greedy choice", "take the best arm", "never look back", number=2),
        slide("Epsilon-greedy", "mostly greedy", "sometimes random", number=3),
        slide("Decay", "explore early", "earn later", number=4),
    ]
    document = read(pdf(pages, size=(720, 405)), path="slides.pdf")
    assert (document.title, document.lecture) == ("Lecture 4: Exploration", 4)
    assert [(section.page, section.heading, section.text) for section in document.sections[-2:]] == [
        (3, ("Epsilon-greedy",), "- mostly greedy\n- sometimes random"),
        (4, ("Decay",), "- explore early\n- earn later"),
    ]


def test_a_slide_that_is_built_up_step_by_step_counts_once():
    steps = [["take the best arm"], ["take the best arm", "never look back"]]
    pages = [
        [("Greedy choice", 72, 380, 30, "F1"), *column(*(f"• {item}" for item in items), top=300, size=18)]
        for items in steps
    ]
    (section,) = read(pdf(pages, size=(720, 405))).sections
    assert (section.page, section.text) == (2, "- take the best arm\n- never look back")


def test_greek_and_accents_survive_in_what_matplotlib_draws():
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5))
    figure.text(0.1, 0.85, "Exploring", fontsize=28)
    figure.text(0.1, 0.5, "With probability ε the agent — naïve as it is — pulls a random arm", fontsize=14)
    stream = io.BytesIO()
    FigureCanvasPdf(figure).print_pdf(stream)
    document = read(stream.getvalue(), "exploring.pdf")
    assert document.title == "Exploring"
    assert "With probability ε the agent — naïve as it is — pulls a random arm" in document.sections[-1].text


def test_letters_that_are_placed_one_by_one_still_make_words():
    from pypdf import PdfReader

    words = "every single letter of this sentence has been given a place of its own in the file by the program that"
    words += " wrote it"
    lines, x = [], 20.0
    for letter in words:
        if letter != " ":
            lines.append((letter, round(x, 1), 700, 9, "F4"))
        x += 4.5 if letter != " " else 2.0
    data = pdf([lines])
    assert (
        len(PdfReader(io.BytesIO(data)).pages[0].extract_text().split()) < 15
    )  # what pypdf makes of it unasked
    assert read(data).sections[0].text == words


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"hello, I am a text", "not a PDF"),
        (b"%PDF-1.4\n" + b"\x00garbage" * 50, "^a broken PDF: export it once more, or fetch it again$"),
        (pdf([[], []]), r"^no text in it \(2 pages\): blank"),
        (pdf([[], []], picture=True), r"without a text layer \(2 pages\).*OCR"),
        (pdf([column("7")], picture=True), "without a text layer"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data, why):
    with pytest.raises(UnreadableError, match=why):
        read(data)


def test_a_protected_file_is_refused_and_one_that_only_forbids_printing_is_read():
    from pypdf import PdfReader, PdfWriter

    def locked(password):
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([column("A secret of bandits.")]))))
        writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
        stream = io.BytesIO()
        writer.write(stream)
        return stream.getvalue()

    with pytest.raises(UnreadableError, match="protected by a password"):
        read(locked("user"))
    assert read(locked("")).sections[0].text == "A secret of bandits."


def test_pages_without_text_among_others_are_counted_in_a_remark():
    document = read(pdf([column(LONG), [], column(LONG.upper())], picture=True))
    assert document.remark == "1 of 3 pages have no text layer"


def test_a_file_that_never_ends_is_stopped_and_what_was_read_is_kept(monkeypatch):
    endless = (
        "import json, time\n"
        "print(json.dumps({'pages': 9, 'title': '', 'maker': '', 'outline': []}))\n"
        "line = ['The first page was read in good time.', 72, 700, 11, 0]\n"
        "page = {'page': 1, 'width': 595, 'height': 842, 'images': False, 'lines': [line]}\n"
        "print(json.dumps(page), flush=True)\n"
        "time.sleep(600)"
    )
    monkeypatch.setattr(pdf_reader, "COMMAND", (sys.executable, "-c", endless))
    monkeypatch.setattr(pdf_reader, "TIME_LIMIT", 3.0)
    document = read(pdf([column("x")]))
    assert document.sections[0].text == "The first page was read in good time."
    assert document.remark == "only 1 of 9 pages, the rest takes longer than 3 s"
    monkeypatch.setattr(pdf_reader, "COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(pdf_reader, "TIME_LIMIT", 0.5)
    with pytest.raises(UnreadableError, match="longer than"):
        read(pdf([column("x")]))


def test_a_page_tree_that_leads_back_to_itself_ends():
    data = pdf([column("x")]).replace(b"/Kids [9 0 R]", b"/Kids [2 0 R]")
    with pytest.raises(UnreadableError):
        read(data)


def test_only_so_many_pages_are_read(monkeypatch):
    from knowledge.pdf_text import records

    told = list(records(pdf([column("a"), column("b"), column("c")]), most_pages=2))
    assert told[0]["pages"] == 3
    assert [record["page"] for record in told if "page" in record] == [1, 2]
