import json

import pytest
from course_maker import code_cell, markdown_cell, notebook

from knowledge.documents import OUTPUT, read_document
from knowledge.errors import UnreadableError
from knowledge.notebook_reader import code_heading


def read(*cells, path="lecture_09/notebook.ipynb"):
    return read_document(path, notebook(*cells).encode())


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data):
    return {
        "output_type": "execute_result",
        "data": {f"text/{name}": text for name, text in data.items()},
    }


def of(*outputs, source="run()"):
    """What is kept of a cell's outputs: (kind, text) of each."""
    return [(block.kind, block.text) for block in read(code_cell(source, *outputs)).sections[0].blocks[1:]]


def test_sections_know_their_cell_and_the_heading_of_the_cells_before():
    document = read(markdown_cell("# Bandits\n\n## Play"), code_cell("x = 1"), markdown_cell("Then."))
    assert [(s.cell, s.heading) for s in document.sections] == [(1, ("Play",)), (2, ("Play",))]
    assert document.title == "Bandits"


def test_source_may_be_a_string_or_a_list_of_lines():
    one = read(code_cell("a = 1\nb = 2"))
    other = read(code_cell(["a = 1\n", "b = 2"]))
    assert one.sections == other.sections


def test_pictures_and_megabytes_of_output_are_dropped_and_short_results_kept():
    picture = {
        "output_type": "display_data",
        "data": {"image/png": "A" * 2_000_000, "text/plain": "<Figure size 6x4>"},
    }
    log = {
        "output_type": "stream",
        "name": "stdout",
        "text": [f"Epoch {n} loss {1 / n:.4f}\n" for n in range(1, 99999)],
    }
    result = {"output_type": "execute_result", "data": {"text/plain": ["0.9914"]}}
    text = read(code_cell("run()", picture, log, result)).sections[0].text
    assert "Epoch 1 loss" in text
    assert "Epoch 99998 loss" in text
    assert "0.9914" in text
    assert "Figure" not in text
    assert len(text) < 2000


def test_progress_bars_warnings_and_colours_are_dropped():
    bar = {
        "output_type": "stream",
        "name": "stdout",
        "text": " 10%|█   | 1/10\r100%|████| 10/10 [00:01<00:00]\n",
    }
    warning = {"output_type": "stream", "name": "stderr", "text": "FutureWarning: soon"}
    red = {"output_type": "stream", "name": "stdout", "text": "\x1b[31mdone\x1b[0m"}
    assert read(code_cell("go()", bar, warning, red)).sections[0].text.endswith("```text\ndone\n```")


def test_a_table_shown_only_as_html_is_kept_as_rows():
    html = "<table><tr><th>model</th><th>rmse</th></tr><tr><td>LSTM</td><td>0.05</td></tr></table>"
    text = read(code_cell("t", {"output_type": "display_data", "data": {"text/html": html}})).sections[0].text
    assert "model | rmse" in text
    assert "LSTM | 0.05" in text


def test_an_error_is_kept_as_one_line():
    error = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "shapes differ",
        "traceback": ["x" * 9999],
    }
    assert "ValueError: shapes differ" in read(code_cell("f()", error)).sections[0].text


def test_a_notebook_without_prose_takes_headings_from_its_code_and_a_title_from_its_name():
    document = read(
        code_cell("import os\n# Load the prices\nload()"),
        code_cell("class Agent:\n    pass"),
        path="week3/Practical_Example.ipynb",
    )
    assert document.title == "Practical Example"
    assert document.lecture == 3
    assert [section.heading for section in document.sections] == [("Load the prices",), ("Agent",)]


@pytest.mark.parametrize(
    ("source", "heading"),
    [
        ('#@title Choose a model { display-mode: "form" }\nx = 1', "Choose a model"),
        ("%matplotlib inline\n# Plot the loss ----", "Plot the loss"),
        ("# x = old(code)\ndef fit(x):\n    pass", "fit"),
        ("x = 1", ""),
        ("#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n# Train the net\nx = 1", "Train the net"),
        ("# YOUR CODE HERE\nraise NotImplementedError()", ""),
        ("### BEGIN SOLUTION\ndef fit(x):\n    pass", "fit"),
        ("#| label: fig-loss\nplot()", ""),
        ("#' Sum of squares\nf <- function(x) sum(x^2)", "Sum of squares"),
        ("# This Python 3 environment comes with many helpful analytics libraries installed\nx = 1", ""),
    ],
)
def test_what_a_code_cell_says_of_itself(source, heading):
    assert code_heading(source) == heading


def test_a_notebook_that_opens_with_a_second_level_lecture_heading_is_titled_by_it():
    assert (
        read(markdown_cell("## Lecture 8: Fine-tuning\n\nText.\n\n## More\n\nText.")).title
        == "Lecture 8: Fine-tuning"
    )


def test_the_old_format_with_worksheets_is_read():
    old = {
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "source": ["Old times"]},
                    {"cell_type": "code", "input": ["x = 1"], "outputs": []},
                ]
            }
        ]
    }
    document = read_document("a.ipynb", json.dumps(old).encode())
    assert (document.title, document.sections[0].cell) == ("Old times", 1)


def test_odd_cells_keep_the_numbering_and_stop_nothing():
    data = {
        "cells": [None, "text", {"cell_type": "code", "source": 7, "outputs": "no"}, markdown_cell("Here.")]
    }
    assert read_document("a.ipynb", json.dumps(data).encode()).sections[0].cell == 3


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b'{"cells": [', "JSON is broken"),
        (b"[1, 2]", "no list of cells"),
        (b'{"a": 1}', "no list of cells"),
        (b'{"cells": {}}', "no list of cells"),
        (b'{"cells": []}', "no text"),
        (b"\xff\xfe\x00ab", "UTF-16"),
        (b'{"cells": [\n<<<<<<< HEAD\n1]}', r"broken \(line 2\), Git has left conflict marks"),
        (b'{"worksheets": [{"cells": 5}, 7]}', "no text"),
        (b"[" * 100_000, "nested"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
    ],
)
def test_a_file_that_is_no_notebook_is_refused_with_the_reason(data, why):
    with pytest.raises(UnreadableError, match=why):
        read_document("a.ipynb", data)


def test_attachments_and_embedded_files_put_no_base64_into_a_passage():
    blob = "iVBORw0KGgo" + "A1b2C3d4" * 400
    text = (
        "# Pictures\n\n![a cat](attachment:cat.png)\n\n![](attachment:dog.png)\n\n"
        f"<img src='data:image/png;base64,{blob}'>"
        f"\n\n![plot][img]\n\n[img]: <data:image/png;base64,{blob}>\n"
    )
    cell = {**markdown_cell(text), "attachments": {"cat.png": {"image/png": blob}}}
    document = read(cell, code_cell(f'image = "{blob}"\nshow(image)'))
    told = "\n".join(section.text for section in document.sections)
    assert "[Picture: a cat]" in told
    assert 'image = "…"\nshow(image)' in told
    assert "A1b2C3d4A1b2C3d4" not in told


def test_cell_magics_and_forms_that_show_text_come_as_text():
    document = read(
        code_cell("%%markdown\n## The *update*\n\nIt moves the estimate."),
        code_cell("# @markdown Set the **rate** here.\nrate = 0.1 # @param"),
        code_cell("%%time\n!pip install numpy"),
    )
    assert [block.kind for section in document.sections for block in section.blocks] == [
        "prose", "prose", "code", "code",
    ]  # fmt: skip
    assert document.sections[1].blocks[0].text == "Set the **rate** here."
    assert document.sections[2].text == "```python\n%%time\n!pip install numpy\n```"


def test_sliders_say_nothing_and_a_styled_table_gives_its_rows():
    slider = {"output_type": "display_data", "data": {"text/plain": "HBox(children=(IntSlider(value=1),))"}}
    styled = {
        "output_type": "execute_result",
        "data": {
            "text/plain": "<pandas.io.formats.style.Styler at 0x7f00>",
            "text/html": "<style>td {color: red}</style><table><tr><th>model</th></tr><tr><td>LSTM</td></tr></table>",
        },
    }
    text = read(code_cell("show()", slider, styled)).sections[0].text
    assert "HBox" not in text
    assert "Styler" not in text
    assert "LSTM" in text


def test_links_in_a_terminal_are_dropped():
    link = {
        "output_type": "stream",
        "name": "stdout",
        "text": "see \x1b]8;;http://a.b\x07here\x1b]8;;\x07 now",
    }
    assert "see here now" in read(code_cell("go()", link)).sections[0].text


def test_a_title_in_front_matter_counts():
    raw = {"cell_type": "raw", "source": '---\ntitle: "Bandits"\nauthor: A\n---\n'}
    document = read(raw, markdown_cell("## Exploring\n\nText."))
    assert (document.title, document.sections[0].heading) == ("Bandits", ("Exploring",))


def test_the_title_stands_in_a_cell_of_its_own():
    document = read(
        markdown_cell("# Lecture 4: Kernels"), markdown_cell("# Introduction\nText."), path="a.ipynb"
    )
    assert (document.title, document.lecture) == ("Lecture 4: Kernels", 4)
    assert [section.heading for section in document.sections] == [("Introduction",)]
    alone = read(markdown_cell("# Lab 2: Clustering"), code_cell("# Exercise one\nx = 1"), path="a.ipynb")
    assert alone.title == "Lab 2: Clustering"


def test_a_title_in_front_matter_stays_where_level_1_is_for_sections():
    raw = {"cell_type": "raw", "source": '---\ntitle: "Bandits"\n---\n'}
    document = read(raw, markdown_cell("# Exploring\n\nText."), markdown_cell("# Earning\n\nMore."))
    assert (document.title, document.sections[0].heading) == ("Bandits", ("Exploring",))


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"name": "ir", "language": "R"}}, "r"),
        ({"kernelspec": {"name": "julia-1.10"}}, "julia"),
        ({"language_info": {"name": "IRkernel"}}, "r"),
        ({"language_info": {"name": "C++17"}}, "cpp"),
        ({"language_info": {"name": "ipython3"}}, "python"),
        ({"language_info": {"name": "no such language"}, "kernelspec": 7}, "python"),
        ({}, "python"),
    ],
)
def test_a_listing_has_the_language_of_the_kernel(metadata, language):
    data = {**json.loads(notebook(code_cell("x"))), "metadata": metadata}
    assert read_document("a.ipynb", json.dumps(data).encode()).sections[0].blocks[0].lang == language


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("%%bash\nls", "bash"),
        ("%%R -i x\nplot(x)", "r"),
        ("%%script perl\nprint 1", "perl"),
        ("%%writefile model.R\nx <- 1", "r"),
        ("%%writefile -a notes.dat\nwords", "text"),
        ("%%bigquery df\nSELECT 1", "sql"),
        ("%%time\nfit()", "python"),
        ("%%capture\nfit()", "python"),
    ],
)
def test_a_cell_magic_names_the_language_of_its_cell(source, language):
    assert read(code_cell(source)).sections[0].blocks[0].lang == language


def test_an_editor_may_give_a_cell_a_language_of_its_own():
    document = read(
        {**code_cell("SELECT 1"), "metadata": {"vscode": {"languageId": "sql"}}}, code_cell("x = 1")
    )
    assert [section.blocks[0].lang for section in document.sections] == ["sql", "python"]


def test_what_is_printed_piece_by_piece_is_shortened_as_one():
    ((kind, text),) = of(*(printed(f"step {n}\n") for n in range(400)))
    assert kind == OUTPUT
    assert text.startswith("step 0\nstep 1\n")
    assert text.endswith("step 398\nstep 399")
    assert len(text.split("\n")) <= 14


def test_of_very_many_outputs_the_first_and_the_last_are_kept():
    kept = of(*(shown(plain=f"table {n}") for n in range(40)))
    assert [text for _, text in kept] == [*(f"table {n}" for n in range(7)), "…", "table 38", "table 39"]


def test_a_bar_that_ends_in_losses_leaves_them():
    log = (
        "Epoch 1/2\n   1/1875 [....] - ETA: 5s - loss: 2.3\x08\x08\r"
        "1875/1875 [==============================] - 2s 1ms/step"
        " - loss: 0.2952\nEpoch 2/2\n"
        "\x1b[1m1875/1875\x1b[0m \x1b[32m━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m 3s 1ms/step - loss: 0.43\n"
    )
    assert of(printed(log)) == [
        (OUTPUT, "Epoch 1/2\n1875/1875 - loss: 0.2952\nEpoch 2/2\n1875/1875 - loss: 0.43")
    ]


def test_lines_that_end_as_windows_ends_them_are_kept():
    assert of(printed("Volume\r\nDirectory\r\n")) == [(OUTPUT, "Volume\nDirectory")]


def test_an_address_is_no_result_and_what_is_printed_below_it_is_one():
    assert of(printed("<keras.callbacks.History object at 0x7f00>\nAccuracy: 0.98\n")) == [
        (OUTPUT, "Accuracy: 0.98")
    ]
    assert of(shown(plain="<keras.callbacks.History at 0x7f00>")) == []


@pytest.mark.parametrize(
    "data",
    [
        {"plain": "Text(0.5, 1.0, 'Loss')"},
        {"plain": "(array([1., 2.]),\n array([0., 1.]),\n <BarContainer object of 10 artists>)"},
        {"plain": "<IPython.core.display.HTML object>", "html": "<div id='x'></div><script>draw()</script>"},
        {
            "plain": "<IPython.core.display.HTML object>",
            "html": "<svg><text>0.5</text><text>1.0</text></svg>",
        },
    ],
)
def test_what_a_plot_leaves_behind_says_nothing(data):
    assert of(shown(**data)) == []


def test_a_widget_says_nothing_whatever_it_is_called():
    widget = {
        "text/plain": "Checkbox(value=False)",
        "application/vnd.jupyter.widget-view+json": {"model_id": "x"},
    }
    assert of({"output_type": "display_data", "data": widget}) == []


def test_a_kernel_that_sends_a_table_in_every_format_is_quoted_in_the_plain_one():
    table = shown(
        plain=" Row | a\n   1 | 2", latex="\\begin{tabular}{r}\n2\n\\end{tabular}", markdown="| a |\n|---|\n| 2 |",
        html="<table><tr><td>2</td></tr></table>",
    )  # fmt: skip
    assert of(table) == [(OUTPUT, " Row | a\n   1 | 2")]


def test_a_formula_is_kept_as_one():
    assert of(shown(plain="x**2/2", latex="$\\displaystyle \\frac{x^{2}}{2}$")) == [
        ("prose", "$\\displaystyle \\frac{x^{2}}{2}$")
    ]


def test_markdown_that_a_cell_shows_keeps_its_sentences_and_its_headings_in_bold():
    sentence = "An answer that goes on. " * 20
    markdown = f"## Answer\n\n{sentence}\n\n```r\nx <- 1\n```\n\n### More\n\nEnd."
    kept = of(shown(plain="<IPython.core.display.Markdown object>", markdown=markdown))
    assert kept == [
        ("prose", f"**Answer**\n\n{sentence.strip()}"), ("code", "x <- 1"), ("prose", "**More**\n\nEnd."),
    ]  # fmt: skip


def test_text_that_a_cell_shows_as_html_is_kept():
    html = "<div style='color: red'><b>Test MSE</b>: 0.31</div>"
    assert of(shown(plain="<IPython.core.display.HTML object>", html=html)) == [("prose", "Test MSE: 0.31")]


def test_solutions_and_hidden_tests_are_for_no_student():
    document = read(
        code_cell(
            "def f(x):\n    ### BEGIN SOLUTION\n    return x**2\n    ### END SOLUTION\n\nf(2)",
            shown(plain="4"),
        ),
        code_cell(
            "assert f(2) == 4\n### BEGIN HIDDEN TESTS\nassert f(3) == 9\n### END HIDDEN TESTS\nprint('ok')"
        ),
        code_cell("# BEGIN SOLUTION\nsecret = 1"),
    )
    assert [section.blocks[0].text for section in document.sections] == [
        "def f(x):\n    # YOUR CODE HERE\n\nf(2)",
        "assert f(2) == 4\nprint('ok')",
        "# YOUR CODE HERE",
    ]
    assert len(document.sections[0].blocks) == 1
    assert document.remark == "solutions and hidden tests between their marks are left out"


def test_cells_that_a_book_removes_are_removed_and_the_numbers_stay():
    document = read(
        {**code_cell("glue()"), "metadata": {"tags": ["remove-cell"]}},
        {**code_cell("plot()", printed("kept")), "metadata": {"tags": ["remove-input"]}},
        {**code_cell("x = 1", printed("gone")), "metadata": {"tags": ["remove_output"]}},
        {**code_cell("y = 2", printed("there")), "metadata": {"tags": ["hide-input"]}},
    )
    assert [(section.cell, [block.text for block in section.blocks]) for section in document.sections] == [
        (1, ["kept"]), (2, ["x = 1"]), (3, ["y = 2", "there"]),
    ]  # fmt: skip
    assert document.remark == "cells tagged remove-cell are left out"


def test_badges_of_services_and_commands_in_raw_cells_are_no_text():
    document = read(
        {
            **markdown_cell("![Open In Colab](https://colab.x/badge.svg)"),
            "metadata": {"id": "view-in-github"},
        },
        {"cell_type": "raw", "source": "\\newpage\n\\vspace{1cm}"},
        {"cell_type": "raw", "source": "# BEGIN QUESTION\nname: q1"},
        {"cell_type": "raw", "source": "Pseudo code."},
        {**markdown_cell("Created in Deepnote"), "metadata": {"created_in_deepnote_cell": True}},
    )
    assert [(section.cell, section.heading, section.text) for section in document.sections] == [
        (3, (), "Pseudo code.")
    ]


def test_a_line_between_the_texts_of_a_form_is_no_text():
    document = read(code_cell("#@markdown Set the **rate**.\n#@markdown ---\nrate = 1"))
    assert document.sections[0].blocks[0].text == "Set the **rate**."
