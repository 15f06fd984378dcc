"""Whatever is in a file: it is read, or refused with a reason, and nothing else ever comes out of a reader."""

import io
import json
import random
import zipfile
from contextlib import suppress

import docx
import pptx
import pytest
from course_maker import BANDIT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pdf_maker import column, pdf

from knowledge.chunking import chunk_document
from knowledge.documents import Document, read_document, readers
from knowledge.duplicates import sketch
from knowledge.errors import UnreadableError
from knowledge.pdf_text import records

SUFFIXES = sorted(set(readers()) - {".pdf"})  # a PDF is read by a process of its own: see below
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PIECES = (
    "# A\n", "\n", "text ", "$$", "\\[", "```", "<div>", "</div>", "<!--", "-->", "<script", "![", "](", "[[", "*",
    "\\begin{align}", "\\section{", "}", "{", "===\n", "# %%\n", '"""', "def f(:\n", ".. note::\n", "\x1b[31m", "- ",
    "\\title{", "<table><tr><td>", "<math>", "<pre>", "'", ":a:`b`", "---\n", "title: x\n", "é", "\ud83d", "\0", "`",
    "    ", "|a|b|\n",
)  # fmt: skip


def read(path, data):
    """A document that could be stored, or None where it was refused with a reason."""
    try:
        document = read_document(path, data)
    except UnreadableError as refused:
        if not str(refused):
            pytest.fail("refused without a reason")
        return None
    check(document)
    return document


def check(document: Document):
    assert document.title
    assert document.sections
    for section in document.sections:
        assert section.blocks
        assert all(block.text.strip() for block in section.blocks)
        "".join(
            (section.text, *section.heading)
        ).encode()  # no halves of characters: they could not be written
        assert "\0" not in section.text
    chunk_document(document, lambda text: len(text) // 4)
    sketch(document)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_bytes_are_read_or_refused(suffix):
    @quick
    @given(st.binary(max_size=3000))
    @example(b"\xff\xfe")
    @example(b"\xef\xbb\xbf")
    @example(b"PK\x03\x04")
    @example(b"\x00" * 50)
    def attempt(data):
        read(f"lecture_3/a{suffix}", data)

    attempt()


@pytest.mark.parametrize("suffix", sorted(set(SUFFIXES) - {".docx", ".pptx", ".ipynb"}))
def test_random_marks_are_read_or_refused(suffix):
    @quick
    @given(st.lists(st.sampled_from(PIECES), max_size=60))
    def attempt(pieces):
        read(f"a{suffix}", "".join(pieces).encode("utf-8", "surrogatepass"))

    attempt()


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(PIECES)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
names = st.sampled_from((
    "output_type", "text", "data", "name", "ename", "evalue", "text/plain", "text/html", "text/markdown", "image/png",
))  # fmt: skip
outputs = st.lists(st.dictionaries(names, anything, max_size=5) | anything, max_size=3) | anything
kinds = st.sampled_from(("markdown", "code", "raw", "heading", "strange")) | anything
cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": kinds,
        "source": anything | st.lists(st.sampled_from(PIECES), max_size=20),
        "input": anything,
        "outputs": outputs,
        "level": anything,
        "attachments": anything,
    },
)
books = st.fixed_dictionaries(
    {}, optional={"cells": st.lists(cells | anything, max_size=6) | anything, "metadata": anything}
)
sheets = st.fixed_dictionaries({"worksheets": st.lists(books | anything, max_size=2)})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books | sheets | anything)
def test_random_notebooks_are_read_or_refused(book):
    read("a.ipynb", json.dumps(book).encode())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_changes_to_a_pdf_end_in_pages_or_a_refusal(data):
    whole = bytearray(
        pdf([column(*BANDIT.encode("ascii", "ignore").decode().split("\n")), column("Two.")], title="Bandits")
    )
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(10, len(whole)))
    told = []
    with suppress(Exception):  # the process turns whatever pypdf raises into a reason
        told = list(records(bytes(whole[:cut])))
    assert not told or "why" in told[0] or told[-1] == {"end": True}


@pytest.mark.parametrize("seed", range(3))
def test_a_pdf_of_noise_is_refused_by_the_process_itself(seed):
    assert read("a.pdf", b"%PDF-1.7\n" + random.Random(seed).randbytes(5000)) is None


def office(kind):
    stream = io.BytesIO()
    if kind == ".docx":
        document = docx.Document()
        document.add_heading("Bandits", 0)
        document.add_paragraph("Text of the lecture.")
        document.add_paragraph("The first question.", style="List Number")
        document.add_paragraph().add_run("for x in y:\n    print(x)").font.name = "Consolas"
        table = document.add_table(2, 2)
        table.cell(0, 0).merge(table.cell(1, 0)).text = "merged"
        power = document.add_paragraph("x").add_run("2").font
        power.superscript = power.hidden = True
        document.save(stream)
    else:
        deck = pptx.Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = "Bandits"
        slide.placeholders[1].text = "for x in y:\n    print(x)"
        table = slide.shapes.add_table(2, 2, 0, 0, 900, 900).table
        table.cell(0, 0).merge(table.cell(1, 1))
        deck.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("suffix", [".docx", ".pptx"])
def test_random_changes_to_the_parts_of_an_office_file_end_in_text_or_a_refusal(suffix):
    with zipfile.ZipFile(io.BytesIO(office(suffix))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    texts = [name for name in parts if name.endswith((".xml", ".rels"))]

    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(texts), st.floats(0, 1), st.binary(max_size=12), st.integers(0, 40))
    def attempt(name, place, put_in, drop):
        at = int(place * len(parts[name]))
        changed = {**parts, name: parts[name][:at] + put_in + parts[name][at + drop :]}
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as package:
            for part, content in changed.items():
                package.writestr(part, content)
        read(f"a{suffix}", stream.getvalue())

    attempt()


def test_a_deep_nest_in_any_format_is_no_crash():
    deep = 30_000
    for path, data in {
        "a.ipynb": b'{"cells": ' + b"[" * deep,
        "a.html": b"<div>" * deep + b"text",
        "a.md": b"> " * deep + b"text",
        "a.tex": b"\\textbf{" * deep + b"text" + b"}" * deep,
        "a.py": b"x = " + b"(" * deep + b")" * deep,
    }.items():
        read(path, data)
