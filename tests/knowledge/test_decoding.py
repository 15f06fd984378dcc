"""Files as they were saved: other encodings are read with a remark, what is no text is refused."""

import json

import pytest
from course_maker import BANDIT, code_cell, notebook

from knowledge.decoding import decode, printable
from knowledge.documents import read_document
from knowledge.errors import UnreadableError

TEXT = "Größe und Maß: der Schätzer ist erwartungstreu – “naïve” Bayes kostet 5 €.\n"


@pytest.mark.parametrize(
    ("encoding", "remark"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "saved as UTF-16"),
        ("utf-32", "saved as UTF-32"),
        ("cp1252", "not UTF-8: read as Windows-1252"),
    ],
)
def test_text_comes_out_the_same_however_it_was_saved(encoding, remark):
    assert decode(TEXT.encode(encoding)) == (TEXT, remark)


GREEK = (
    "Η παλινδρόμηση βρίσκει την ευθεία με το μικρότερο άθροισμα τετραγώνων. Άρα παραδίδεται στις 12 Μαΐου.\n"
)
RUSSIAN = "Градиентный спуск находит минимум функции потерь, и слишком большой шаг мешает сходимости.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GREEK, "windows-1253"),
        (GREEK, "iso-8859-7"),
        (f"```python\nimport numpy as np\nx = np.zeros(3)\n```\n\n{GREEK}", "windows-1253"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
    ],
)
def test_greek_and_russian_are_told_by_their_letters_where_a_file_does_not_name_its_encoding(text, encoding):
    assert decode(text.encode(encoding)) == (text, f"not UTF-8: read as {encoding.capitalize()}")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("ÄÖÜ und äöü, À côté: naïve", "cp1252"),  # in a row, and no words of another alphabet
        ("הלמידה העמוקה היא תת-תחום של למידת מכונה המבוסס על רשתות", "cp1255"),
        ("机器学习是人工智能的一个分支。第一讲：线性回归", "gb18030"),
    ],
)
def test_other_letters_are_not_taken_for_greek_or_russian(text, encoding):
    assert decode(text.encode(encoding))[1] == "not UTF-8: read as Windows-1252"


@pytest.mark.parametrize("name", ["a.md", "a.ipynb", "a.pdf", "a.docx", "a.pptx", "a.html"])
def test_a_git_lfs_pointer_is_told_as_such_whatever_its_ending(name):
    with pytest.raises(UnreadableError, match="git lfs pull"):
        read_document(name, b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 123\n")


def test_the_encoding_that_a_file_names_itself_is_believed():
    page = '<html><head><meta charset="koi8-r"></head><body><p>Привет, градиентный спуск</p></body></html>'
    document = read_document("a.html", page.encode("koi8-r"))
    assert document.sections[0].text == "Привет, градиентный спуск"
    assert document.remark == "not UTF-8: read as Koi8-r"
    script = "# -*- coding: no-such-thing -*-\n# Größe\nx = 1\n"
    assert read_document("a.py", script.encode("cp1252")).remark == "not UTF-8: read as Windows-1252"


def test_one_broken_character_in_a_long_text_costs_only_itself():
    text, remark = decode(TEXT.encode() * 3 + b"\xff end")
    assert text == TEXT * 3 + "\ufffd end"
    assert remark == "not quite UTF-8: 1 broken character"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\xff\xfe", "empty"),
        (b"\xff\xfea", "broken UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        (bytes(range(1, 32)) * 40, "binary"),
    ],
)
def test_what_is_no_text_is_refused_with_the_reason(data, why):
    with pytest.raises(UnreadableError, match=why):
        decode(data)


def test_line_ends_of_every_system_count():
    assert decode(b"a\r\nb\rc\nd")[0] == "a\nb\nc\nd"


def test_a_notebook_in_utf_16_is_read_with_a_remark():
    document = read_document("a.ipynb", notebook(code_cell("x = 'ε'")).encode("utf-16"))
    assert "x = 'ε'" in document.sections[0].text
    assert document.remark == "saved as UTF-16"


def test_characters_that_no_index_can_store_are_dropped():
    assert printable("a\x00b\x1b[0m\ud83d\ude00c") == "ab[0m\U0001f600c"
    assert printable("half \ud83d gone").encode() == "half \ufffd gone".encode()
    cells = [{"cell_type": "markdown", "source": "# A \ud83d half\n\nText \u0000 here \ud83d."}]
    document = read_document("a.ipynb", json.dumps({"cells": cells}).encode())
    assert document.title == "A \ufffd half"
    assert document.sections[0].text == "Text  here \ufffd."


def test_windows_1252_markdown_keeps_its_structure():
    document = read_document("a.md", BANDIT.replace("ε", "é").encode("cp1252"))
    assert document.title == "Bandits"
    assert "With probability é" in document.sections[1].text
