"""The fair line against a model of it, and the runner that queues by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.errors import LabCancelled
from labs.line import FairLine
from labs.runner import LabRunner

WAIT = 60
OWNERS = st.lists(st.sampled_from("abc"), max_size=12)


def served(line):
    """One at a time, each done before the next is taken."""
    order = []
    while len(line):
        item, owner = line.take()
        order.append(item)
        line.done(owner)
    return order


def filled(owners):
    line = FairLine()
    for n, owner in enumerate(owners):
        line.join((owner, n), owner)
    return line


def test_one_thing_each_is_first_come_first_served():
    assert [n for _, n in served(filled("dacb"))] == [0, 1, 2, 3]


def test_whoever_wants_much_takes_turns_with_the_others():
    assert "".join(owner for owner, _ in served(filled("aaaaabcb"))) == "abcabaaa"


@given(OWNERS)
def test_nobody_waits_for_more_than_one_round_of_the_others(owners):
    order = served(filled(owners))
    assert sorted(order) == sorted((owner, n) for n, owner in enumerate(owners))
    for owner in set(owners):
        mine = [n for o, n in order if o == owner]
        assert mine == sorted(mine)
        for k, (o, _) in enumerate(order):
            if o == owner:  # before somebody's i-th come at most i of each other one's
                before = [p for p, _ in order[:k]]
                assert all(before.count(p) <= before.count(owner) + 1 for p in set(owners))


@given(OWNERS, OWNERS)
def test_the_places_that_are_told_come_true_where_one_is_served_at_a_time(first, then):
    line = filled(first)
    at_work = line.take()[1] if first else None
    for n, owner in enumerate(then, start=len(first)):
        line.join((owner, n), owner)
    told = line.in_order()
    if at_work:
        line.done(at_work)
    assert served(line) == told


def test_with_two_places_the_second_goes_to_whoever_has_none():
    line = filled("aab")
    assert [line.take()[1], line.take()[1]] == ["a", "b"]


def test_whoever_leaves_makes_room():
    line = filled("abc")
    assert line.leave(("a", 0))
    assert not line.leave(("a", 0))
    assert served(line) == [("b", 1), ("c", 2)]


def test_waiting_runs_are_told_their_place_as_it_changes_and_take_turns():
    with LabRunner(labs="toy_labs:TOYS") as runner:
        ended = []
        runner.on_end = lambda run: ended.append(run)
        busy = runner.submit("hang", {}, "ada")
        next(u for u in busy.events() if u.fraction > 0)
        adas = [runner.submit("count", {}, "ada") for _ in range(2)]
        bobs = runner.submit("count", {}, "bob")
        assert (runner.waiting, runner.running) == (3, 1)
        busy.cancel()
        for run in (*adas, bobs):
            run.result(WAIT)
        assert ended == [busy, bobs, *adas]
        said = [u.message for u in adas[1].events() if u.fraction == 0.0]
        assert [m for m in said if "queue" in m] == [
            "You are number 2 in the queue for labs",
            "You are number 3 in the queue for labs",
            "You are number 2 in the queue for labs",
            "You are number 1 in the queue for labs",
        ]
        assert not runner.busy


def test_a_run_that_is_cancelled_while_it_waits_ends_at_once_and_the_others_move_up():
    with LabRunner(labs="toy_labs:TOYS") as runner:
        busy = runner.submit("hang", {})
        next(u for u in busy.events() if u.fraction > 0)
        first, second = runner.submit("count", {}), runner.submit("count", {})
        first.cancel()
        with pytest.raises(LabCancelled):
            first.result(0)  # no worker was free meanwhile, and none is needed
        assert [u.message for u in second._updates][-1] == "You are number 1 in the queue for labs"
        assert not busy.done
