"""What Word and PowerPoint files hold beside plain text: code, merged cells, powers, notes, numbers, what is hidden."""

import io

import docx
import pptx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.shared import Pt
from lxml import etree
from pptx.util import Inches
from test_office_readers import bytes_of, png

from knowledge.documents import read_document
from knowledge.errors import UnreadableError
from knowledge.listings import in_listing

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PROGRAM = ["def fit(x, y):", "    s = 0", "    return s"]


def word_blocks(document):
    read = read_document("a.docx", bytes_of(document))
    return [(block.kind, block.text) for section in read.sections for block in section.blocks]


def slide_blocks(deck):
    read = read_document("a.pptx", bytes_of(deck))
    return [(block.kind, block.text) for section in read.sections for block in section.blocks]


def add_code(document, lines, font="Consolas"):
    for line in lines:
        document.add_paragraph().add_run(line).font.name = font


def box(text, deck=None):
    deck = deck or pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    shape = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(3))
    shape.text_frame.text = text
    return deck, shape


# --- code ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("font", ["Consolas", "Courier New", "Lucida Console", "DejaVu Sans Mono", "Monaco"])
def test_word_paragraphs_in_a_font_of_even_width_are_one_listing(font):
    document = docx.Document()
    document.add_paragraph("The model is fitted by this function here.")
    add_code(document, ["s = 0", "t = 1", "", "print(s)"], font)
    document.add_paragraph("It has two arguments.")
    assert word_blocks(document) == [
        ("prose", "The model is fitted by this function here."),
        ("code", "s = 0\nt = 1\n\nprint(s)"),
        ("prose", "It has two arguments."),
    ]


def test_a_listing_in_word_keeps_tabs_breaks_and_the_indents_of_the_ruler():
    document = docx.Document()
    document.add_paragraph("The loop is told in lines that the ruler moves.")
    add_code(document, ["for x in y:", "if x:", "print(x)\n\tprint(y)"])
    for paragraph, indent in zip(document.paragraphs[2:], (18, 36), strict=True):
        paragraph.paragraph_format.left_indent = Pt(indent)
    assert word_blocks(document)[1] == (
        "code",
        "for x in y:\n    if x:\n        print(x)\n            print(y)",
    )


def test_a_style_for_code_makes_a_listing_of_its_paragraphs():
    document = docx.Document()
    document.styles.add_style("Source Code", 1)
    document.add_paragraph("In words.")
    document.add_paragraph("pip install numpy", style="Source Code")
    assert word_blocks(document)[1] == ("code", "pip install numpy")


def test_code_in_no_special_font_is_told_by_how_it_reads():
    document = docx.Document()
    document.add_paragraph("It sums up:")
    for line in PROGRAM:
        document.add_paragraph(line)
    assert word_blocks(document) == [("prose", "It sums up:"), ("code", "\n".join(PROGRAM))]


def test_code_in_no_special_font_may_be_indented_by_the_ruler_or_by_levels():
    document, (deck, shape) = docx.Document(), box("for x in y:\nprint(x)")
    for line, paragraph in zip(("for x in y:", "print(x)"), shape.text_frame.paragraphs, strict=True):
        moved = line.startswith("print")
        document.add_paragraph(line).paragraph_format.left_indent = Pt(18 if moved else 0)
        paragraph.level = int(moved)
    assert word_blocks(document) == slide_blocks(deck) == [("code", "for x in y:\n    print(x)")]


def test_a_document_typed_on_a_typewriter_is_no_listing():
    document = docx.Document()
    add_code(document, ["Dear students,", "please read the first chapter."], "Courier New")
    assert {kind for kind, _ in word_blocks(document)} == {"prose"}


@pytest.mark.parametrize(
    "texts",
    [
        ["\tWe set x = 3,", "\tand y = 4."],
        ["Bias:", "    of the model;", "    of the data;"],
        ["for small samples", "  with replacement"],
        ["return = the sum of all rewards", "reward = what an arm pays"],
        ["import taxes are low", "x = 3"],
        ["\tThe rest is y = x + 3.", "\tif y = 4:"],
    ],
)
def test_indented_prose_is_no_listing(texts):
    assert not any(in_listing(texts, [False] * len(texts)))


def test_a_box_with_code_in_word_is_a_listing():
    document = docx.Document()
    document.add_paragraph("The table below holds code, in one cell.")
    cell = document.add_table(1, 1).cell(0, 0)
    cell.paragraphs[0].add_run("\n".join(PROGRAM)).font.name = "Consolas"
    assert word_blocks(document)[1] == ("code", "\n".join(PROGRAM))


@pytest.mark.parametrize("joint", ["\n", "\v"])
def test_code_on_a_slide_keeps_its_lines_and_indents(joint):
    deck, _ = box(joint.join(PROGRAM))
    assert slide_blocks(deck) == [("code", "\n".join(PROGRAM))]


def test_paragraphs_on_a_slide_in_a_font_of_even_width_are_a_listing():
    deck, shape = box("Call the function like this:\nfit(x, y)\nprint(s)")
    for paragraph in shape.text_frame.paragraphs[1:]:
        paragraph.runs[0].font.name = "Courier New"
    assert slide_blocks(deck) == [
        ("prose", "- Call the function like this:"),
        ("code", "fit(x, y)\nprint(s)"),
    ]


def test_one_item_of_a_slide_in_a_font_of_even_width_stays_in_its_list():
    deck, shape = box("Calls\nfit(x, y)\nand nothing else")
    shape.text_frame.paragraphs[1].runs[0].font.name = "Courier New"
    assert slide_blocks(deck) == [("prose", "- Calls\n- fit(x, y)\n- and nothing else")]


def test_an_item_of_a_slide_keeps_its_breaks():
    deck, _ = box("Bias\vof the model\nVariance")
    assert slide_blocks(deck) == [("prose", "- Bias\n  of the model\n- Variance")]


# --- tables ----------------------------------------------------------------------------------------------------------


def fill(table):
    for at, text in enumerate(("Model", "", "Error", "Ridge", "L2", "0.35", "", "L1", "0.40")):
        table.cell(at // 3, at % 3).text = text


TOLD = "| Model |  | Error |\n| --- | --- | --- |\n| Ridge | L2 | 0.35 |\n| Ridge | L1 | 0.40 |"


def test_merged_cells_in_word_leave_each_row_its_columns():
    document = docx.Document()
    table = document.add_table(3, 3)
    fill(table)
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 0).merge(table.cell(2, 0))
    assert word_blocks(document) == [("table", TOLD)]


def test_merged_cells_on_a_slide_leave_each_row_its_columns():
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(3, 3, 0, 0, Inches(6), Inches(2)).table
    fill(table)
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 0).merge(table.cell(2, 0))
    assert slide_blocks(deck) == [("table", TOLD)]


def test_a_table_inside_a_table_comes_after_it():
    document = docx.Document()
    outer = document.add_table(1, 2)
    outer.cell(0, 0).text, outer.cell(0, 1).text = "a", "b"
    inner = outer.cell(0, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "c", "d"
    assert [text.split("\n")[0] for _, text in word_blocks(document)] == ["| a | b |", "| c | d |"]


# --- powers and indices ----------------------------------------------------------------------------------------------


def test_powers_and_indices_in_word_have_their_signs():
    document = docx.Document()
    paragraph = document.add_paragraph("10")
    raised, lowered = ("-", "3", "st"), ("1",)
    for text in ("-", "3", " and a", "1", ", the 1", "st"):
        font = paragraph.add_run(text).font
        if text in (*raised, *lowered):
            setattr(font, "superscript" if text in raised else "subscript", True)
    assert word_blocks(document) == [("prose", "10^-3 and a_1, the 1st")]


def test_powers_and_indices_on_a_slide_have_their_signs():
    deck, shape = box("x")
    for text, height in (("2", "30000"), (" + a", "0"), ("1", "-25000")):
        run = shape.text_frame.paragraphs[0].add_run()
        run.text = text
        run.font._element.set("baseline", height)
    assert slide_blocks(deck) == [("prose", "x^2 + a_1")]


# --- notes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["footnote", "endnote"])
def test_a_note_in_word_stands_in_brackets_behind_its_paragraph(kind):
    document = docx.Document()
    run = document.add_paragraph("A penalty is added").add_run()
    run._r.append(etree.fromstring(f"<w:{kind}Reference xmlns:w='{W}' w:id='2'/>"))
    document.paragraphs[0].add_run(" to the loss.")
    text = "<w:p><w:r><w:t>Tikhonov, 1943.</w:t></w:r></w:p>"
    notes = f"<w:{kind}s xmlns:w='{W}'><w:{kind} w:id='2'>{text}</w:{kind}></w:{kind}s>".encode()
    part = Part(PackURI(f"/word/{kind}s.xml"), "application/xml", notes, document.part.package)
    document.part.relate_to(part, getattr(RELATIONSHIP_TYPE, f"{kind}s".upper()))
    assert word_blocks(document) == [("prose", "A penalty is added to the loss. (Tikhonov, 1943.)")]


# --- numbers ---------------------------------------------------------------------------------------------------------


def numbering(document, *levels):
    """A new list with levels of (format, text); its number."""
    root = document.part.numbering_part.element
    lvls = "".join(
        f"<w:lvl w:ilvl='{at}'><w:start w:val='1'/><w:numFmt w:val='{form}'/><w:lvlText w:val='{text}'/></w:lvl>"
        for at, (form, text) in enumerate(levels)
    )
    root.insert(
        0, etree.fromstring(f"<w:abstractNum xmlns:w='{W}' w:abstractNumId='90'>{lvls}</w:abstractNum>")
    )
    root.append(etree.fromstring(f"<w:num xmlns:w='{W}' w:numId='90'><w:abstractNumId w:val='90'/></w:num>"))
    restart = "<w:lvlOverride w:ilvl='0'><w:startOverride w:val='1'/></w:lvlOverride>"
    root.append(
        etree.fromstring(f"<w:num xmlns:w='{W}' w:numId='91'><w:abstractNumId w:val='90'/>{restart}</w:num>")
    )


def add_item(document, text, depth=0, number=90, style=None):
    properties = document.add_paragraph(text, style=style)._p.get_or_add_pPr()
    mark = f"<w:numPr xmlns:w='{W}'><w:ilvl w:val='{depth}'/><w:numId w:val='{number}'/></w:numPr>"
    properties.append(etree.fromstring(mark))


def test_numbered_lists_in_word_keep_their_numbers():
    document = docx.Document()
    for text in ("Scale", "Fit"):
        document.add_paragraph(text, style="List Number")
    document.add_paragraph("Between them stands text.")
    document.add_paragraph("Test", style="List Number")
    document.add_paragraph("often", style="List Bullet 2")
    assert [text for _, text in word_blocks(document)] == [
        "1. Scale\n2. Fit",
        "Between them stands text.",
        "3. Test\n   - often",
    ]


def test_the_levels_of_a_list_in_word_are_counted_each_and_a_list_may_begin_anew():
    document = docx.Document()
    numbering(document, ("decimal", "%1)"), ("lowerLetter", "(%2)"), ("lowerRoman", "%1.%3"))
    for text, depth in (("A", 0), ("B", 1), ("C", 1), ("D", 2), ("E", 0), ("F", 1)):
        add_item(document, text, depth)
    add_item(document, "G", number=91)
    (told,) = word_blocks(document)
    assert told[1].split("\n") == [
        "1) A", "   - (a) B", "   - (b) C", "      - 1.i D", "2) E", "   - (a) F", "1) G",
    ]  # fmt: skip


def test_a_heading_that_word_numbers_as_a_problem_says_so():
    document = docx.Document()
    numbering(document, ("decimal", "Problem %1:"))
    for name in ("Bias", "Variance"):
        add_item(document, name, style="Heading 1")
        document.add_paragraph("What is it?")
    headings = [section.heading for section in read_document("a.docx", bytes_of(document)).sections]
    assert headings == [("Problem 1: Bias",), ("Problem 2: Variance",)]


def test_numbered_items_of_a_slide_keep_their_numbers():
    deck, shape = box("Scale\nFit\nTest")
    for paragraph in shape.text_frame.paragraphs[:2]:
        etree.SubElement(
            paragraph._p.get_or_add_pPr(),
            "{http://schemas.openxmlformats.org/drawingml/2006/main}buAutoNum",
            type="arabicPeriod",
        )
    assert slide_blocks(deck) == [("prose", "1. Scale\n2. Fit\n- Test")]


# --- what is hidden --------------------------------------------------------------------------------------------------


def test_hidden_text_in_word_is_left_out_with_a_remark():
    document = docx.Document()
    document.styles.add_style("Solution", 1).font.hidden = True
    document.add_paragraph("What is seven?").add_run(" A number.").font.hidden = True
    document.add_paragraph("It is prime.", style="Solution")
    read = read_document("a.docx", bytes_of(document))
    assert [section.text for section in read.sections] == ["What is seven?"]
    assert read.remark == "2 hidden passages left out"


def test_hidden_slides_and_shapes_are_left_out_with_a_remark():
    deck, _ = box("The first one is seen.")
    _, second = box("The answer is 7.", deck)
    second.part.slide.element.set("show", "0")
    _, third = box("Closed by the eye.", deck)
    third._element.nvSpPr.cNvPr.set("hidden", "1")
    box("The last one is seen.", deck)
    read = read_document("a.pptx", bytes_of(deck))
    assert [(section.page, section.text) for section in read.sections] == [
        (1, "The first one is seen."),
        (4, "The last one is seen."),
    ]
    assert read.remark == "1 hidden slide left out; 1 hidden shape left out"


def test_a_deck_of_hidden_slides_is_refused_for_that():
    deck, shape = box("The answer is 7.")
    shape.part.slide.element.set("show", "0")
    with pytest.raises(UnreadableError, match="all its slides are hidden"):
        read_document("a.pptx", bytes_of(deck))


@pytest.mark.parametrize("suffix", [".docx", ".pptx"])
def test_a_file_of_pictures_says_that_it_holds_nothing_else(suffix):
    if suffix == ".docx":
        made = docx.Document()
        made.add_picture(png())
    else:
        made = pptx.Presentation()
        made.slides.add_slide(made.slide_layouts[6]).shapes.add_picture(png(), 0, 0)
    stream = io.BytesIO()
    made.save(stream)
    with pytest.raises(UnreadableError, match="pictures only"):
        read_document(f"a{suffix}", stream.getvalue())
