"""Files made to use up time, memory or disk, or to bring in others: left out with a reason, and the rest is read."""

import io
import json
import zipfile
import zlib
from pathlib import Path

import docx
import pptx
import pytest
from watch import watched

from knowledge import office, pdf_reader
from knowledge.documents import read_document
from knowledge.errors import UnreadableError
from knowledge.files import find_files
from labs import own_data
from labs.errors import BadParameterError
from tutor import course_files

SECRET = "the teacher's own diary"


def why(path, data):
    """The reason for which a file is left out."""
    with watched(20.0), pytest.raises(UnreadableError) as refused:
        read_document(path, data)
    return str(refused.value)


def package(kind):
    stream = io.BytesIO()
    (docx.Document() if kind == ".docx" else pptx.Presentation()).save(stream)
    with zipfile.ZipFile(stream) as parts:
        return {name: parts.read(name) for name in parts.namelist()}


def zipped(parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


MAIN = {".docx": "word/document.xml", ".pptx": "ppt/presentation.xml"}
kinds = pytest.mark.parametrize("kind", MAIN)


@pytest.mark.parametrize(
    ("name", "size"), [("book.ipynb", 200_000_000), ("notes.md", 50_000_000), ("s.pdf", 10**9)]
)
def test_a_file_of_hundreds_of_megabytes_is_not_even_read(tmp_path, name, size):
    with (tmp_path / name).open("wb") as out:
        out.truncate(size)  # takes no room on the disk
    (found,), _ = find_files([tmp_path])
    with watched(1.0), pytest.raises(UnreadableError, match=r"too large: .* are read up to \d+ MB"):
        found.read()


@kinds
def test_a_package_that_unpacks_without_end_is_refused_before_it_is_unpacked(kind, monkeypatch):
    monkeypatch.setattr(office, "LARGEST", 5_000_000)  # a hundredth, to be quick
    monkeypatch.setattr(office, "LARGEST_PART", 600_000)
    assert "too large once unpacked" in why(f"a{kind}", zipped({MAIN[kind]: b" " * 700_000}))
    assert "too large once unpacked" in why(
        f"a{kind}", zipped({f"x{n}.png": b"\0" * 550_000 for n in range(10)})
    )
    assert "too large once unpacked" in why(f"a{kind}", zipped({f"x{n}": b"" for n in range(20_001)}))


@kinds
def test_a_package_that_lies_about_its_size_ends_where_it_said(kind):
    parts = package(kind)
    whole = zipped({**parts, MAIN[kind]: parts[MAIN[kind]] + b" " * 7_000_000})
    # The directory at the end names another size than what is there.
    length = len(parts[MAIN[kind]]) + 7_000_000
    forged = whole.replace(length.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert forged != whole
    assert why(f"a{kind}", forged)


@kinds
def test_entities_neither_grow_nor_fetch_files(kind, tmp_path):
    diary = tmp_path / "diary.txt"
    diary.write_text(SECRET)
    parts = package(kind)
    text = parts[MAIN[kind]]
    start = text.index(b"?>") + 2
    grown = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
    laughs = b'<!DOCTYPE x [<!ENTITY e0 "ha">' + grown + b"]>"
    fetch = f'<!DOCTYPE x [<!ENTITY e11 SYSTEM "file://{diary}">]>'.encode()
    for doctype in (laughs, fetch):
        at = text.index(b">", start) + 1
        changed = text[:start] + doctype + text[start:at] + b"&e11;" + text[at:]
        with watched(20.0):
            try:
                document = read_document(f"a{kind}", zipped({**parts, MAIN[kind]: changed}))
                said = "\n".join(section.text for section in document.sections)
            except UnreadableError as refused:
                said = str(refused)
        assert SECRET not in said
        assert len(said) < 100_000


def test_a_notebook_full_of_pictures_and_outputs_keeps_its_words():
    picture = "A" * 4_000_000
    cells = [
        {"cell_type": "markdown", "source": f"# Bandits\n\n![p](data:image/png;base64,{picture}) The words."},
        {
            "cell_type": "code", "source": "x = 1", "attachments": {"a.png": {"image/png": picture}},
            "outputs": [{"output_type": "stream", "text": ["line\n"] * 100_000}],
        },
    ]  # fmt: skip
    with watched(20.0):
        document = read_document("a.ipynb", json.dumps({"cells": cells}).encode())
    text = "\n".join(section.text for section in document.sections)
    assert "The words." in text
    assert len(text) < 5000


def endless(stream: bytes, packed: bool) -> bytes:
    body = zlib.compress(stream) if packed else stream
    how = b"/Filter /FlateDecode " if packed else b""
    return (
        b"%PDF-1.7\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n"
        b"2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj\n"
        b"3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R>> endobj\n"
        b"4 0 obj <<" + how + b"/Length " + str(len(body)).encode() + b">> stream\n" + body + b"\nendstream endobj\n"
        b"trailer <</Root 1 0 R>>\n%%EOF"
    )  # fmt: skip


CIRCLE = (
    b"%PDF-1.7\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n"
    b"2 0 obj <</Type /Pages /Kids [2 0 R 2 0 R] /Count 2>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF"
)
ENDLESS = {
    "a bomb": lambda: endless(b"q " * 40_000_000, True),  # 80 MB of drawing in 80 KB
    "a circle": lambda: CIRCLE,  # pages that hold themselves
    "a nest": lambda: b"%PDF-1.7\n" + b"1 0 obj [" * 200_000,
    "an echo": lambda: b"%PDF-1.7\nstartxref\n9\n%%EOF\n" * 20_000,
}


@pytest.mark.parametrize("made", ENDLESS.values(), ids=ENDLESS)
def test_a_pdf_that_never_ends_is_left_out_with_a_reason(made, monkeypatch):
    monkeypatch.setattr(pdf_reader, "TIME_LIMIT", 8.0)
    assert why("a.pdf", made())


def test_a_link_brings_in_nothing_from_outside(tmp_path):
    diary = tmp_path / "home" / "diary.md"
    diary.parent.mkdir()
    diary.write_text(SECRET)
    course = tmp_path / "course"
    course.mkdir()
    (course / "lecture.md").write_text("# Bandits\n\nText.")
    (course / "again.md").symlink_to(course / "lecture.md")
    (course / "diary.md").symlink_to(diary)
    (course / "far.md").symlink_to("../home/diary.md")
    (course / "home").symlink_to(tmp_path / "home", target_is_directory=True)
    found, skipped = find_files([course])
    assert {file.name for file in found} == {"lecture.md", "again.md"}
    assert {name for name, reason in skipped if "leads out" in reason} == {"diary.md", "far.md"}
    assert len(skipped) == 3


def test_archives_and_programs_are_not_taken_from_a_teacher_either(tmp_path):
    index = tmp_path / "index"
    index.mkdir()
    files = []
    for name, content in {
        "a.zip": b"PK",
        "a.tar.gz": b"x",
        "a.exe": b"MZ",
        "a.sh": b"#!",
        ".bashrc": b"x",
        "a.md": b"# A",
    }.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
    kept = course_files.keep(index, files)
    assert kept.names == ("a.md",)
    assert len(kept.refused) == 5


def test_a_students_files_have_room_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "own"))
    monkeypatch.setattr(own_data, "ROOM", 800)
    for n in range(3):
        (tmp_path / f"{n}.csv").write_text(f"a,b\n{n},1\n" + "1,2\n" * 80)
    own_data.keep(tmp_path / "0.csv")
    own_data.keep(tmp_path / "1.csv")
    own_data.keep(tmp_path / "1.csv")  # known already: takes no room
    with pytest.raises(BadParameterError, match="no room for more files"):
        own_data.keep(tmp_path / "2.csv")
    assert len(list(Path(tmp_path / "own").iterdir())) == 2
