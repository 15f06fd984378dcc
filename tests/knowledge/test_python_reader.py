import warnings

from knowledge.documents import read_document

SCRIPT = '''"""Epsilon-greedy bandits.

Play many bandits side by side; see :func:`play`.
"""

import numpy as np

# Settings of the run
ARMS = 10
STEPS = 1000


# How an arm is picked.
@np.vectorize
def pick(values, epsilon):
    """With chance epsilon a random arm, else the best one.

    Parameters
    ----------
    epsilon : float
        Chance of exploring.
    """
    return values.argmax()


class Agent:
    """Remembers what each arm gave."""

    def update(self, arm, reward):
        """Move the estimate towards the reward."""
        self.q[arm] += (reward - self.q[arm]) / self.n[arm]


if __name__ == "__main__":
    print(Agent())
'''


def read(text, path="lecture_09/bandit.py"):
    return read_document(path, text.encode())


def test_docstring_functions_classes_and_statements_are_sections():
    document = read(SCRIPT)
    assert (document.title, document.lecture) == ("bandit.py", 9)
    assert [section.heading for section in document.sections] == [
        (), (), ("Settings of the run",), ("pick",), ("Agent",), (),
    ]  # fmt: skip
    assert document.sections[0].text.startswith(
        "Epsilon-greedy bandits.\n\nPlay many bandits side by side; see `play`."
    )


def test_a_docstring_comes_as_text_and_the_code_without_it():
    (section,) = (section for section in read(SCRIPT).sections if section.heading == ("pick",))
    kinds = [block.kind for block in section.blocks]
    assert kinds == ["prose", "prose", "code"]
    assert section.blocks[0].text == "With chance epsilon a random arm, else the best one."
    assert section.blocks[1].text.startswith("**Parameters**\nepsilon : float")
    assert section.blocks[2].text == (
        "# How an arm is picked.\n@np.vectorize\ndef pick(values, epsilon):\n    return values.argmax()"
    )


def test_nothing_but_white_space_and_quotes_is_lost():
    words = sorted(SCRIPT.replace('"""', "").replace(":func:", "").replace("----------", "").split())
    found = "\n".join(block.text for section in read(SCRIPT).sections for block in section.blocks)
    assert sorted(found.replace("**", "").replace('"""', "").split()) == words


def test_a_long_class_gives_a_section_for_each_method():
    methods = "\n".join(
        f"    def step_{n}(self):\n        'Step {n}.'\n" + "        self.x += 1\n" * 10 for n in range(8)
    )
    document = read(f"class Trainer:\n    'Trains.'\n\n    rate = 0.1\n\n{methods}\n    last = 1\n")
    names = [section.heading for section in document.sections]
    assert names[0] == ("Trainer",)
    assert ("Trainer", "step_3") in names
    assert "last = 1" in document.sections[-1].text


def test_a_script_that_does_not_parse_is_cut_at_its_definitions():
    document = read("import os\n\ndef fit(x):\n    print 'old Python', x\n\nclass Net(:\n    pass\n")
    assert document.remark == "Python that does not parse, read as text"
    assert [section.heading for section in document.sections] == [(), ("fit",), ("Net",)]


def test_odd_escapes_raise_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "regex" in read("regex = '\\d+'\n").sections[0].text


def test_cells_with_marks_are_read_as_cells():
    text = (
        "# %% [markdown]\n# # Bandits\n# ## Exploring\n# We pull a random arm.\n\n# %%\nx = 1\n\n"
        "# %% Plot the result\n# The curve rises.\nplot(x)\n"
    )
    document = read(text)
    assert document.title == "Bandits"
    assert [section.heading for section in document.sections] == [
        ("Exploring",), ("Exploring",), ("Plot the result",), ("Plot the result",),
    ]  # fmt: skip
    assert document.sections[0].text == "We pull a random arm."


def test_a_notebook_that_jupyter_exported_gives_back_its_text_cells():
    text = (
        "#!/usr/bin/env python\n# coding: utf-8\n\n# # Regression\n# \n# A line through points.\n\n# In[1]:\n\n\n"
        "import numpy as np\n\n\n# ## The slope\n# It is the covariance over the variance.\n\n# In[2]:\n\n\nslope = 2\n"
    )
    document = read(text)
    assert document.title == "Regression"
    told = {section.heading: section.text for section in document.sections if section.kind == "prose"}
    assert told[("The slope",)] == "It is the covariance over the variance."
