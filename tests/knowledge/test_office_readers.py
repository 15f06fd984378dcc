"""Word and PowerPoint files, made by the libraries that read them, with what those leave out put in by hand."""

import io
import struct
import zipfile
import zlib

import docx
import pptx
import pytest
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from knowledge.documents import read_document
from knowledge.errors import UnreadableError
from knowledge.formulas import latex

M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
UPDATE = (  # Q <- Q + (1/n)(r - Q_i)
    "<m:oMath xmlns:m='{m}'><m:r><m:t>Q←Q+</m:t></m:r><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>n"
    "</m:t></m:r></m:den></m:f><m:d><m:e><m:r><m:t>r−</m:t></m:r><m:sSub><m:e><m:r><m:t>Q</m:t></m:r></m:e><m:sub><m:r>"
    "<m:t>i</m:t></m:r></m:sub></m:sSub></m:e></m:d></m:oMath>"
).replace("{m}", M)


def bytes_of(document):
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def png():
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(b"\0\0")) + part(b"IEND", b"")
    )


# --- Word ------------------------------------------------------------------------------------------------------------


def lecture():
    document = docx.Document()
    document.add_heading("Bandits", 0)
    document.add_heading("Exploring", 1)
    document.add_paragraph("With probability ε the agent pulls a random arm.")
    document.add_paragraph("early it helps", style="List Bullet")
    document.add_paragraph("late it hurts", style="List Bullet")
    document.add_heading("Updating", 2)
    document.add_paragraph()._p.append(etree.fromstring(UPDATE))
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("method", "reward", "greedy", "1.0"), strict=True):
        cell.text = text
    picture = document.add_paragraph()
    picture.add_run().add_picture(png())
    next(picture._p.iter("{*}docPr")).set(
        "descr", "The reward rises over time\n\nDescription automatically generated"
    )
    return document


def test_word_headings_lists_tables_formulas_and_pictures():
    document = read_document("Week 9/notes.docx", bytes_of(lecture()))
    assert (document.title, document.lecture) == ("Bandits", 9)
    assert [(s.heading, [(b.kind, b.text) for b in s.blocks]) for s in document.sections] == [
        (
            ("Exploring",),
            [
                ("prose", "With probability ε the agent pulls a random arm."),
                ("prose", "- early it helps\n- late it hurts"),
            ],
        ),
        (
            ("Exploring", "Updating"),
            [
                ("prose", "$Q\\leftarrow Q+\\frac{1}{n}\\left( r-Q_{i} \\right)$"),
                ("table", "| method | reward |\n| --- | --- |\n| greedy | 1.0 |"),
                ("prose", "[Picture: The reward rises over time]"),
            ],
        ),
    ]


def test_word_text_that_was_inserted_counts_and_what_was_deleted_does_not():
    document = docx.Document()
    paragraph = document.add_paragraph("The step ")
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    paragraph._p.append(etree.fromstring(f"<w:ins xmlns:w='{w}'><w:r><w:t>is small</w:t></w:r></w:ins>"))
    paragraph._p.append(
        etree.fromstring(f"<w:del xmlns:w='{w}'><w:r><w:delText>is huge</w:delText></w:r></w:del>")
    )
    inside = "<w:p><w:r><w:t>In a content control.</w:t></w:r></w:p>"
    box = f"<w:sdt xmlns:w='{w}'><w:sdtContent>{inside}</w:sdtContent></w:sdt>"
    document.element.body.insert(1, etree.fromstring(box))
    assert (
        read_document("a.docx", bytes_of(document)).sections[0].text
        == "The step is small\n\nIn a content control."
    )


def test_word_lines_in_bold_are_headings_where_nobody_used_the_styles():
    document = docx.Document()
    for heading in ("Exploring", "Problem 2"):
        document.add_paragraph().add_run(heading).bold = heading == "Exploring"
        document.add_paragraph("A longer text that stands below it and is not bold.")
    headings = [section.heading for section in read_document("a.docx", bytes_of(document)).sections]
    assert headings == [("Exploring",), ("Problem 2",)]


# --- PowerPoint ------------------------------------------------------------------------------------------------------


def slides():
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text = "Lecture 9: Bandits"
    first.placeholders[1].text = "Spring"
    second = deck.slides.add_slide(deck.slide_layouts[1])
    second.shapes.title.text = "Exploring"
    body = second.placeholders[1].text_frame
    body.text = "With probability ε a random arm"
    body.add_paragraph().text = "early more often"
    body.paragraphs[1].level = 1
    box = second.shapes.add_textbox(Inches(1), Inches(6), Inches(3), Inches(1))
    box.text_frame.paragraphs[0]._p.append(etree.fromstring(UPDATE))
    second.notes_slide.notes_text_frame.text = "Ask who has played before."
    third = deck.slides.add_slide(deck.slide_layouts[5])
    third.shapes.title.text = "Results"
    table = third.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for at, text in enumerate(("method", "reward", "greedy", "1.0")):
        table.cell(at // 2, at % 2).text = text
    data = CategoryChartData()
    data.categories = ["0", "1000"]
    data.add_series("epsilon 0.1", (0.1, 1.3))
    chart = third.shapes.add_chart(XL_CHART_TYPE.LINE, Inches(1), Inches(4), Inches(4), Inches(2), data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Reward per step"
    third.shapes.add_picture(png(), Inches(6), Inches(5))._element.nvPicPr.cNvPr.set(
        "descr", "A row of machines"
    )
    return deck


def test_slides_have_numbers_titles_notes_tables_charts_and_formulas():
    document = read_document("slides.pptx", bytes_of(slides()))
    assert (document.title, document.lecture) == ("Lecture 9: Bandits", 9)
    assert [(s.page, s.heading, [(b.kind, b.text) for b in s.blocks]) for s in document.sections] == [
        (1, (), [("prose", "Spring")]),
        (
            2,
            ("Exploring",),
            [
                ("prose", "- With probability ε a random arm\n  - early more often"),
                ("prose", "$Q\\leftarrow Q+\\frac{1}{n}\\left( r-Q_{i} \\right)$"),
                ("prose", "Speaker notes: Ask who has played before."),
            ],
        ),
        (
            3,
            ("Results",),
            [
                ("table", "| method | reward |\n| --- | --- |\n| greedy | 1.0 |"),
                ("prose", "[Chart: Reward per step: epsilon 0.1]"),
                ("prose", "[Picture: A row of machines]"),
            ],
        ),
    ]


def test_shapes_are_read_from_top_to_bottom_and_from_left_to_right():
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for text, left, top in (("fourth", 5, 4), ("second", 5, 1), ("third", 1, 4), ("first", 1, 1)):
        slide.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1)).text_frame.text = text
    (section,) = read_document("a.pptx", bytes_of(deck)).sections
    assert section.text.split() == ["first", "second", "third", "fourth"]


# --- files that are none ---------------------------------------------------------------------------------------------


def zipped(name, data):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize("suffix", [".docx", ".pptx"])
@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"plain text", "not a .* file"),
        (b"PK\x03\x04" + b"\0" * 50, "not a .* file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password, or in the old"),
        (zipped("nothing.xml", "<a/>"), "that can be read"),
        (zipped("word/document.xml", b" " * 70_000_000), "too large once unpacked"),
    ],
)
def test_what_is_no_office_file_is_refused_with_the_reason(suffix, data, why):
    with pytest.raises(UnreadableError, match=why):
        read_document(f"a{suffix}", data)


@pytest.mark.parametrize(("make", "suffix"), [(lecture, ".docx"), (slides, ".pptx")])
def test_a_file_cut_short_is_refused(make, suffix):
    data = bytes_of(make())
    with pytest.raises(UnreadableError):
        read_document(f"a{suffix}", data[: len(data) // 2])


# --- formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("xml", "tex"),
    [
        ("<m:sSup><m:e>{x}</m:e><m:sup>{2}</m:sup></m:sSup>", "x^{2}"),
        ("<m:rad><m:deg/><m:e>{x}</m:e></m:rad>", r"\sqrt{x}"),
        (
            "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{i}</m:sub><m:sup>{n}</m:sup><m:e>{x}</m:e>"
            "</m:nary>",
            r"\sum_{i}^{n} x",
        ),
        ("<m:func><m:fName>{log}</m:fName><m:e>{x}</m:e></m:func>", r"\log x"),
        ("<m:acc><m:accPr><m:chr m:val='̅'/></m:accPr><m:e>{x}</m:e></m:acc>", r"\bar{x}"),
        (
            "<m:m><m:mr><m:e>{a}</m:e><m:e>{b}</m:e></m:mr><m:mr><m:e>{c}</m:e><m:e>{d}</m:e></m:mr></m:m>",
            r"\begin{matrix} a & b \\ c & d \end{matrix}",
        ),
        ("<m:limLow><m:e>{max}</m:e><m:lim>{a}</m:lim></m:limLow>", r"\max_{a}"),
        ("{ε≤Γ}", r"\epsilon \le \Gamma"),
    ],
)
def test_office_formulas_in_latex(xml, tex):
    import re

    run = re.sub(r"\{([^{}]+)\}", r"<m:r><m:t>\1</m:t></m:r>", xml)
    assert latex(etree.fromstring(f"<m:oMath xmlns:m='{M}'>{run}</m:oMath>")) == tex
