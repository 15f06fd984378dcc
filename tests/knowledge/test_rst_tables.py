"""Tables of reStructuredText become tables in Markdown, whichever way they are written."""

import pytest

from knowledge.documents import read_document

GRID = """
+------------+------------+-----------+
| Model      | Train      | Test      |
+============+============+===========+
| tree       | ``0.1``    | 0.3       |
+------------+------------+-----------+
| forest     | not measured           |
+------------+------------+-----------+
| row three  | spans two  | a         |
+------------+            +-----------+
| row four   |            | b         |
+------------+------------+-----------+
"""
SIMPLE = """
=====  =====  ======
   Inputs     Output
------------  ------
  A      B    A or B
=====  =====  ======
False  False  False

True   False  True
              really
=====  =====  ======

Text after it.
"""
LIST = """
.. list-table:: Scores
   :header-rows: 1
   :widths: 20 80

   * - Model
     - Error
   * - tree
     - :math:`0.3`
       or less
   * -
     - - a point
"""
CSV = """
.. csv-table::
   :header: "Model", "Error"

   "tree, deep", 0.3
"""


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        (GRID, ["| Model | Train | Test |", "| --- | --- | --- |", "| tree | `0.1` | 0.3 |",
                "| forest | not measured | not measured |", "| row three | spans two | a |",
                "| row four | spans two | b |"]),
        (SIMPLE, ["| Inputs | Inputs | Output |", "| --- | --- | --- |", "| A | B | A or B |",
                  "| False | False | False |", "| True | False | True really |"]),
        (LIST, ["| Model | Error |", "| --- | --- |", "| tree | $0.3$ or less |", "|  | - a point |"]),
        (CSV, ["| Model | Error |", "| --- | --- |", "| tree, deep | 0.3 |"]),
    ],
    ids=["grid", "simple", "list", "csv"],
)  # fmt: skip
def test_a_table_becomes_one_in_markdown(source, rows):
    blocks = read_document("a.rst", source.encode()).sections[0].blocks
    assert [block.text for block in blocks if block.kind == "table"] == ["\n".join(rows)]


def test_text_behind_a_table_with_empty_lines_is_text():
    assert read_document("a.rst", SIMPLE.encode()).sections[0].blocks[-1].text == "Text after it."


@pytest.mark.parametrize(
    "source",
    ["+-- drawn\nkept words", "+----+\n| kept words", "+----+\nkept words\n+----+", "=== ===\nkept words",
     "+----+\n| a  |\n+----+\n| kept words", ".. list-table::\n\n   kept words", '.. csv-table::\n\n   "kept words'],
)  # fmt: skip
def test_what_only_looks_like_a_table_keeps_its_words(source):
    assert "kept words" in read_document("a.rst", source.encode()).sections[0].text


def test_items_that_sphinx_numbers_have_numbers():
    sections = read_document("a.rst", b"#. One\n#. Two\n\n#. Alone").sections
    assert sections[0].text == "1. One\n2. Two\n\n- Alone"
