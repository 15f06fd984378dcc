"""A place in a presentation is named by its slide, one in any other file by its page."""

import pytest

from knowledge.reading import Opened, OpenedSection
from knowledge.search import Passage
from tutor.commands import ask
from tutor.course import Doc
from tutor.events import Done
from tutor.export import _source
from tutor.turns import wording
from tutor.web import passage as web_passage
from tutor.web import render
from tutor.web.course_room import reader


@pytest.mark.parametrize(
    ("path", "name", "other"),
    [("a/deck.PPTX", "slide 3", "page 3"), ("a/notes.pdf", "page 3", "slide 3")],
)
def test_all_that_name_a_place_say_slide_or_page(path, name, other, capsys):
    text = "Explore early."
    found = Passage("id", path, "Bandits", ("Decay",), None, 3, None, text, "prose", 0.9, 0.9, text)
    doc = Doc(path, "Bandits", "Slides", None, (), 1, False, False)
    section = OpenedSection(("Decay",), None, 3, "prose", text, ("id",))
    ask._print_rest(Done(text, "question", "none", 0.1, sources=(found,)), text, {})
    printed = capsys.readouterr()
    told = [
        wording.place(found),
        _source(found),
        render.locator(found),
        web_passage._spot(found),
        reader.page(doc, Opened((section,)))[0],
        printed.out + printed.err,
    ]
    assert [name in words and other not in words for words in told] == [True] * len(told)
