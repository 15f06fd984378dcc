"""Many students and one model: who waits is told the place, may leave at once, and nobody is passed over."""

import threading
from dataclasses import replace

from tutor.models.line import ModelLine, waiting_words


def test_a_free_model_is_asked_at_once_and_a_busy_one_in_turn():
    line = ModelLine(1)
    never = threading.Event()
    with line.join("ada") as first:
        assert list(first.places(never)) == []
        assert first.admitted
        second, third = line.join("bob"), line.join("cyd")
        steps = second.places(never)
        assert next(steps) == 1
        assert next(third.places(never)) == 2
        assert (line.waiting, line.running) == (2, 1)
    assert list(steps) == []  # the model is free, and bob's
    assert second.admitted
    assert not third.admitted
    with second, third:
        pass
    assert (line.waiting, line.running) == (0, 0)


def test_whoever_stops_leaves_the_line_at_once_and_the_others_move_up():
    line = ModelLine(1)
    stop = threading.Event()
    with line.join("ada"):
        with line.join("bob") as bob:
            cyd = line.join("cyd").places(threading.Event())
            assert next(cyd) == 2
            stop.set()
            assert list(bob.places(stop)) == []
            assert not bob.admitted
        assert next(cyd) == 1


def test_one_who_asks_much_takes_turns():
    line = ModelLine(1)
    holder = line.join("ada")
    much = [line.join("ada") for _ in range(3)]
    other = line.join("bob")
    order = []
    current = holder
    while line.running:
        with current:
            pass
        rest = [t for t in (*much, other) if t.admitted and t not in order]
        if not rest:
            break
        order.append(current := rest[0])
    assert [ticket.owner for ticket in order] == ["bob", "ada", "ada", "ada"]


def test_two_slots_serve_two():
    line = ModelLine(2)
    assert [line.join(name).admitted for name in "abc"] == [True, True, False]


def test_a_turn_says_its_place_while_another_is_answered_and_stop_ends_the_wait(desk):
    chat = desk.use("The loss grows when a step is too long.", "Regret is lost reward.", capable=True)
    line = ModelLine(1)
    desk.models.current = replace(desk.models.current, line=line)
    stop, events = threading.Event(), []
    busy = line.join("somebody else")
    for event in desk.tutor.reply("What is regret?", "s-waits", stop):
        events.append(event)
        if getattr(event, "message", "") == waiting_words(1):
            stop.set()
    assert stop.is_set()
    assert chat.seen == []  # the model was never asked
    assert (line.waiting, line.running) == (0, 1)
    assert desk.tutor.history("s-waits")[0].notices == (
        ("info", "Stopped. Nothing is lost: ask again, or change something."),
    )
    with busy:
        pass
    answered = desk.say("Why can a learning rate be too large?", "s-next")
    assert not [e for e in answered if getattr(e, "message", "").startswith("One moment")]
    assert answered[-1].answer
    assert (line.waiting, line.running) == (0, 0)


def test_a_failing_model_gives_its_place_back(desk):
    desk.use(RuntimeError("broken"), capable=True)
    line = ModelLine(1)
    desk.models.current = replace(desk.models.current, line=line)
    desk.say("What is regret?", "s-fails")
    assert line.running == 0


def test_an_agent_waits_for_each_call_of_the_model(desk):
    desk.use("Regret is lost reward.", tool_calls=True)
    line = ModelLine(1)
    desk.models.current = replace(desk.models.current, line=line)
    busy = line.join("somebody else")
    said = []
    for event in desk.tutor.reply("What is regret?", "s-agent"):
        said.append(getattr(event, "message", ""))
        if said[-1] == waiting_words(1):
            busy.__exit__()
    assert waiting_words(1) in said
    assert (line.waiting, line.running) == (0, 0)
