from types import SimpleNamespace

import pytest

from labs.runner import LabRunner
from tutor.events import Done
from tutor.library import Library
from tutor.models.base import LoadedModel, no_model
from tutor.models.scripted import ScriptedChatModel
from tutor.models.spec import ModelSpec
from tutor.sessions import SessionStore
from tutor.tutor import Tutor

BANDITS = """# Bandits

## Why do we decay epsilon?

Early on the estimates are poor, so exploring pays. Later we know the best arm, and every exploring pull wastes reward.
Decaying epsilon over time gives much exploration at first and little at the end.

## What is regret?

Regret is the reward that was lost by not pulling the best arm from the start. It grows with every poor pull.

## What does the step size do?

A constant step size of 0.1 forgets old rewards, which helps when the arms drift.
"""

REGRESSION = """# Simple linear regression

## What is a loss?

The mean squared error is the average of the squared residuals. Squaring makes large errors count more.

## Why can a learning rate be too large?

A step that is too long jumps over the valley and lands higher up on the other side, so the loss grows.
"""


class Desk:
    """A tutor on a desk: everything real but the chat model."""

    def __init__(self, library, runner, database):
        self.library, self.runner, self.database = library, runner, database
        self.models = SimpleNamespace(current=no_model())
        self.tutor = self.reopened()

    def reopened(self):
        self.tutor = Tutor(self.library, self.runner, self.models, SessionStore(self.database))
        return self.tutor

    def use(self, *answers, tool_calls=False, capable=False, pause=0.0, context=16_384):
        chat = ScriptedChatModel(answers=list(answers), pause=pause)
        self.models.current = LoadedModel(
            ModelSpec("openai", "scripted"),
            chat,
            "Scripted",
            tool_calls=tool_calls,
            context_tokens=context,
            capable=capable or tool_calls,
        )
        return chat

    def say(self, message, session="s1", cancel=None):
        events = list(self.tutor.reply(message, session, cancel))
        assert isinstance(events[-1], Done)
        assert sum(isinstance(e, Done) for e in events) == 1
        return events


@pytest.fixture(scope="session")
def library(tmp_path_factory, minilm_dir):
    from knowledge.embedding import Embedder

    folder = tmp_path_factory.mktemp("course")
    for number, text in ((9, BANDITS), (2, REGRESSION)):
        (folder / f"lecture_{number:02}").mkdir()
        (folder / f"lecture_{number:02}" / "lecture.md").write_text(text, encoding="utf-8")
    library = Library(
        tmp_path_factory.mktemp("index") / "index", None, course=(folder,), embedder=Embedder(minilm_dir)
    )
    library.wait()
    return library


@pytest.fixture(scope="session")
def runner():
    runner = LabRunner(workers=1, time_limit=60)
    yield runner
    runner.close()


@pytest.fixture
def desk(library, runner, tmp_path):
    desk = Desk(library, runner, f"sqlite:///{tmp_path}/sessions.sqlite")
    yield desk
    desk.tutor.sessions.close()
