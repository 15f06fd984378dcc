"""The evaluation messages, on the labs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from evaluation.routing import evaluate, same  # noqa: E402
from tutor.planning.router import Router  # noqa: E402

FILES = sorted((ROOT / "evaluation").glob("routing_*.jsonl"))


PEOPLE = [path for path in FILES if path.stem in ("routing_persons", "routing_unseen")]
MANY = ("routing_persons", "routing_blind")  # nearly two thousand messages each, half a minute to a minute


@pytest.mark.parametrize("path", [path for path in FILES if path not in PEOPLE], ids=lambda path: path.stem)
def test_the_grammar_alone_stays_above_the_bar_on_what_it_was_read_with(router: Router, path: Path) -> None:
    above_the_bar(evaluate(router, path))


@pytest.mark.weights
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow if path.stem in MANY else ()) for path in FILES],
    ids=lambda path: path.stem,
)
def test_with_the_second_opinion_the_router_stays_above_its_bar(sensing: Router, path: Path) -> None:
    # People's messages are scored near the bars (docs/evaluation.md), and vectors differ a little between processors.
    near = {"intent": 0.96, "parameters": 0.9} if path in PEOPLE else {}
    above_the_bar(evaluate(sensing, path), **near)


def above_the_bar(scores: dict[str, Any], intent: float = 0.97, parameters: float = 0.92) -> None:
    assert scores["intent"] >= intent
    assert scores["lab"] >= 0.98
    assert scores["parameters"] >= parameters
    assert scores["uninvited"] <= 0.02


def test_no_message_is_in_two_evaluation_files() -> None:
    seen: dict[str, str] = {}
    for path in FILES:
        for line in path.read_text(encoding="utf-8").splitlines():
            turns = json.dumps(json.loads(line)["turns"])
            assert seen.setdefault(turns, path.name) == path.name


def test_scores_count_what_they_say(router: Router, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "turns": ["run the bandit"], "intent": "lab", "lab": "bandit", "parameters": {}},
        {"id": "2", "turns": ["run the bandit"], "intent": "lab", "lab": "bandit", "parameters": {"arms": 3}},
        {"id": "3", "turns": ["run the bandit"], "intent": "question", "lab": None, "parameters": {}},
        {"id": "4", "turns": ["hi"], "intent": "smalltalk", "lab": None, "parameters": {}},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    scores = evaluate(router, path)
    assert (scores["intent"], scores["lab"]) == (0.75, 0.75)
    assert (scores["parameters"], scores["uninvited"]) == (0.5, 0.5)
    assert [miss["id"] for miss in scores["misses"]] == ["2", "3"]


def test_one_and_one_point_nought_are_the_same_value_but_true_is_not() -> None:
    assert same({"a": [1, 0.1]}, {"a": [1.0, 0.1]})
    assert not same(1, True)
    assert not same({"a": 1}, {"a": 1, "b": 2})
