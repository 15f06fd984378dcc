"""What the log says of a turn, and what it never says."""

import io
import json
import logging
import threading

import pytest

from tutor import logs
from tutor.facts import TurnFacts, short


@pytest.fixture
def log():
    """Set the log up into a text; put it back afterwards."""
    root = logging.getLogger()
    before = root.level, [logging.getLogger(name).level for name in logs.OWN]
    out = io.StringIO()

    def set_up(**how):
        logs.set_up(stream=out, **how)
        return lambda: out.getvalue().splitlines()

    yield set_up
    root.handlers = [one for one in root.handlers if not getattr(one, "of_the_tutor", False)]
    root.setLevel(before[0])
    for name, level in zip(logs.OWN, before[1], strict=True):
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(False)


FACTS = TurnFacts(
    short("a-session-of-ada"),
    "lab",
    "answered",
    "none",
    "bandit",
    {"route": 0.002, "lab": 1.5, "turn": 1.6},
    50,
    7,
)


def test_a_turn_is_one_line_for_people_with_the_ids_of_its_context(log):
    lines = log()
    with logs.request("a-session-of-ada") as made:
        logging.getLogger("tutor.turn").info("%s", FACTS.sentence(), extra={"turn": FACTS})
    logging.getLogger("labs.runner").warning("outside")
    first, second = lines()
    assert first.endswith(
        f"INFO tutor.turn [{made} {short('a-session-of-ada')}] lab bandit answered in 1.60 s · route 0.002 · lab 1.500 "
        "· none · 50 tokens read, 7 written"
    )
    assert second.endswith("WARNING labs.runner outside")
    assert "a-session-of-ada" not in first


def test_json_lines_hold_the_facts_and_a_traceback(log):
    lines = log(as_json=True)
    with logs.request("s1") as made:
        logging.getLogger("tutor.turn").info("%s", FACTS.sentence(), extra={"turn": FACTS})
        try:
            raise ValueError("sk-abcdefgh12345678 was refused")
        except ValueError:
            logging.getLogger("tutor").exception("a turn failed")
    turn, fault = map(json.loads, lines())
    assert turn["seconds"] == {"route": 0.002, "lab": 1.5, "turn": 1.6}
    assert (turn["intent"], turn["lab"], turn["outcome"], turn["tokens_written"]) == (
        "lab",
        "bandit",
        "answered",
        7,
    )
    assert turn["request"] == fault["request"] == made
    assert "Traceback" in fault["error"]
    assert "sk-abc" not in fault["error"]


def test_the_ids_belong_to_the_thread_that_has_the_turn(log):
    lines = log()
    ready = threading.Barrier(2)

    def turn(name):
        with logs.request(name):
            ready.wait(30)
            logging.getLogger("tutor").info("of %s", name)

    threads = [threading.Thread(target=turn, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for line in lines():
        assert short(line.rpartition(" ")[2]) in line


@pytest.mark.parametrize(
    "text",
    [
        "the key sk-proj-0123456789abcdef is wrong",
        "Authorization: Bearer topsecret99",
        "postgresql://ada:topsecret99@host/db failed",
        "short but known: topsecret99",
    ],
)
def test_keys_are_blotted_out(text):
    shown = logs.blotted(text, ("topsecret99",))
    assert "0123456789" not in shown
    assert "topsecret99" not in shown
    assert logs.BLOT in shown


def test_levels_are_of_the_tutor_and_others_speak_of_trouble_only(log):
    lines = log(level="error")
    logging.getLogger("tutor.x").warning("not wanted")
    logging.getLogger("httpx").info("GET http://…")
    bm25s = logging.getLogger("bm25s")
    bm25s.setLevel(logging.DEBUG)  # as it does when it is imported
    bm25s.warning("chatter")
    logging.getLogger("httpx").warning("trouble")
    assert [line.rpartition(" ")[2] for line in lines()] == ["trouble"]
