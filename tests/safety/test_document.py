"""docs/security.md names tests that there are."""

import re
from pathlib import Path

from cases import TARGETS
from test_fuzz import FEW

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_is_there():
    named = set(re.findall(r"`((?:\w+/)?test_\w+\.py)`", DOCUMENT))
    assert len(named) > 15
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []


def test_the_numbers_of_cases_are_those_of_the_fuzzing():
    assert f"{len(TARGETS)} targets | {sum(target.many for target in TARGETS):,} |" in DOCUMENT
    assert f"(hypothesis) | {FEW * sum(not target.needs for target in TARGETS)} |" in DOCUMENT
