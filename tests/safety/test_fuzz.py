"""Whatever is thrown at the tutor: one sentence comes back, never a trace, and no case goes on without end."""

from collections.abc import Callable
from typing import Any

import pytest
from cases import TARGETS, NoRunner, Target
from hypothesis import HealthCheck, Phase, given, seed, settings
from turns.conftest import Desk, library  # noqa: F401 - a fixture
from watch import HangError, watched

FEW = 40  # of each target, with every change of the code


def fuzz(target: Target, many: int, *more: Any) -> int:
    """Throw that many cases; how many were thrown."""
    thrown = 0

    @seed(20261129)
    @settings(
        max_examples=many,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(target.cases)
    def attempt(case: Any) -> None:
        nonlocal thrown
        with watched(target.work if thrown else 60.0):  # the first one loads libraries
            target.throw(case, *more)
        thrown += 1

    attempt()
    return thrown


@pytest.mark.parametrize("target", [one for one in TARGETS if not one.needs], ids=lambda target: target.name)
def test_a_few_cases_of_each_end_in_a_sentence(target):
    assert fuzz(target, FEW) >= FEW // 2


def test_the_long_run_throws_more_than_ten_thousand():
    assert sum(target.many for target in TARGETS) > 10_000


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_ten_thousand_cases_end_in_a_sentence(target, request, tmp_path):
    more = []
    if target.needs:
        desk = Desk(request.getfixturevalue("library"), NoRunner(), f"sqlite:///{tmp_path}/sessions.sqlite")
        request.addfinalizer(desk.tutor.sessions.close)
        more = [desk.tutor]
    assert fuzz(target, target.many, *more) >= 0.9 * target.many


@pytest.mark.parametrize("hangs", ["work", "swallow"])
def test_the_watch_breaks_off_what_does_not_end(hangs: str) -> None:
    def work() -> None:
        while True:
            pass

    def swallow() -> None:
        while True:
            try:
                work()
            except Exception:
                continue

    which: Callable[[], None] = {"work": work, "swallow": swallow}[hangs]
    with pytest.raises(HangError), watched(0.05):
        which()
