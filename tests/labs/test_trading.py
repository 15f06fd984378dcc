"""The trading bandit: no look-ahead, arithmetic worked out by hand, and honest comparisons."""

from __future__ import annotations

import numpy as np
import pytest

from labs.base import Context
from labs.cores.trading import drawdown, earned, p_value, random_traders, sharpe_ratio, trade, wealth
from labs.errors import BadParameterError, LabCancelled
from labs.trading import LAB, TradingParams, run

POLICIES = ("epsilon_greedy", "decaying_epsilon", "optimistic", "ucb", "gradient", "thompson")
SHORT = {"start": "2019-01-01", "end": "2019-06-30", "random_strategies": 20}


def _market(days: int = 120, stocks: int = 4) -> np.ndarray:
    return np.random.default_rng(5).normal(0.0005, 0.012, (days, stocks))


@pytest.mark.parametrize("policy", POLICIES)
def test_no_decision_knows_its_own_day_or_any_later_one(policy: str) -> None:
    returns, day = _market(), 60
    changed = returns.copy()
    changed[day:] = -5 * changed[day:] - 0.03
    before, after = trade(returns, policy, agents=6, seed=3), trade(changed, policy, agents=6, seed=3)
    assert (before[: day + 1] == after[: day + 1]).all()  # day's own return comes after its choice
    assert (before[day + 1 :] != after[day + 1 :]).any()


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_finds_a_stock_that_always_rises(policy: str) -> None:
    returns = np.full((1200, 3), -0.02)
    returns[:, 1] = 0.03
    held = trade(returns, policy, agents=20, seed=0)
    assert (held[-200:] == 1).mean() > 0.8


def test_an_agent_learns_only_from_the_stocks_it_holds() -> None:
    returns = _market()
    held = trade(returns, "epsilon_greedy", 0.1, seed=7)
    unseen = returns + 0.5
    rows = np.arange(len(returns))
    unseen[rows, held[:, 0]] = returns[rows, held[:, 0]]  # only what it never saw is changed
    assert (trade(unseen, "epsilon_greedy", 0.1, seed=7) == held).all()


def test_each_switch_costs_and_the_first_purchase_does_not() -> None:
    flat, held = np.zeros((5, 2)), np.array([[0], [1], [1], [0], [1]])
    assert wealth(earned(flat, held, 100.0))[-1, 0] == pytest.approx(0.99**3)
    assert earned(flat, held, 100.0)[0, 0] == 0.0


def test_wealth_compounds_the_returns_of_what_is_held() -> None:
    returns = np.array([[0.1, -0.5], [0.2, 0.25], [-0.5, 1.0]])
    assert wealth(earned(returns, np.array([[0], [1], [1]])))[:, 0] == pytest.approx([1.1, 1.375, 2.75])


def test_drawdown_counts_from_the_highest_wealth_so_far_or_the_start() -> None:
    assert drawdown(np.array([0.8, 1.2, 0.9, 1.5, 0.75])) == pytest.approx([0.2, 0.0, 0.25, 0.0, 0.5])


def test_sharpe_ratio_agrees_with_its_definition() -> None:
    daily = _market()[:, 0]
    by_hand = daily.mean() / np.sqrt(((daily - daily.mean()) ** 2).sum() / (len(daily) - 1)) * 252**0.5
    assert sharpe_ratio(daily) == pytest.approx(by_hand)
    assert sharpe_ratio(np.zeros(10)) == 0.0


def test_p_value_counts_itself_among_the_random_traders() -> None:
    others = np.array([0.1, 0.2, 0.3])
    assert [p_value(x, others) for x in (0.4, 0.25, 0.0)] == pytest.approx([0.25, 0.5, 1.0])


def test_blind_traders_have_uniform_p_values() -> None:
    rng, returns = np.random.default_rng(1), _market(60)
    chance = random_traders(returns, 500, 0.0, rng)[-1]
    blind = wealth(earned(returns, trade(returns, epsilon=1.0, agents=500, seed=2)))[-1]
    found = np.array([p_value(x, chance) for x in blind])
    assert (found <= 0.1).mean() == pytest.approx(0.1, abs=0.05)
    assert found.mean() == pytest.approx(0.5, abs=0.05)


def test_a_run_has_the_promised_metrics_and_repeats_exactly() -> None:
    first, second = LAB.execute(SHORT), LAB.execute(SHORT)
    assert {"return_total", "sharpe", "max_drawdown", "p_value_vs_random"} <= first.metrics.keys()
    assert first.metrics == second.metrics
    assert first.metrics.keys() == LAB.metrics.keys()


def test_holding_is_the_mean_growth_of_the_stocks_in_the_file() -> None:
    from labs.prices import get_closes

    result = LAB.execute({**SHORT, "tickers": ["KO", "XOM"]})
    closes = get_closes(["KO", "XOM"], SHORT["start"], SHORT["end"]).closes  # type: ignore[arg-type]
    assert result.metrics["return_hold"] == pytest.approx((closes[-1] / closes[0]).mean() - 1)
    assert result.series["wealth"][-1] - 1 == pytest.approx(result.metrics["return_total"])


def test_costs_are_the_same_path_made_poorer() -> None:
    free, paid = LAB.execute(SHORT), LAB.execute({**SHORT, "cost_bps": 50})
    kept = 1 - paid.metrics["cost_paid"]
    assert 1 + paid.metrics["return_total"] == pytest.approx((1 + free.metrics["return_total"]) * kept)
    assert paid.metrics["p_value_before_costs"] == pytest.approx(free.metrics["p_value_vs_random"])


def test_the_agent_of_a_seed_does_not_depend_on_how_many_rivals_there_are() -> None:
    few, many = LAB.execute(SHORT), LAB.execute({**SHORT, "random_strategies": 700})
    assert few.metrics["return_total"] == many.metrics["return_total"]
    assert len(many.series["random_returns"]) == 700


def test_notes_and_findings_say_the_uncomfortable_thing() -> None:
    result = LAB.execute({**SHORT, "tickers": ["KO", "XOM", "GE"], "epsilon": 0, "cost_bps": 20})
    text = " ".join(result.notes)
    assert "blindly did at least as well" in text
    assert "other seeds" in text
    worse = result.metrics["return_total"] < result.metrics["return_hold"]
    assert ("worse than holding" in {f.name for f in result.findings}) == worse


def test_company_names_and_years_are_understood() -> None:
    plan = LAB.validate({"tickers": "Apple, Coca-Cola", "start": 2015, "end": "2016-03"})
    assert plan.parameters["tickers"] == ["AAPL", "KO"]
    assert (plan.parameters["start"], plan.parameters["end"]) == ("2015-01-01", "2016-03-31")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tickers": ["AAPL", "WIBBLE"]}, "WIBBLE"),
        ({"tickers": ["AAPL"]}, "2 to 20"),
        ({"start": "1970"}, "outside the shipped prices"),
        ({"start": "tomorrow"}, "not a date"),
        ({"start": "2019-01-01", "end": "2019-01-10"}, "too few trading days"),
        ({"epsilon": 1.5}, "epsilon"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(
    values: dict[str, object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labs.prices.can_download", lambda: False)
    with pytest.raises(BadParameterError, match=words):
        LAB.validate(values)


def test_a_cancelled_run_stops() -> None:
    with pytest.raises(LabCancelled):
        run(TradingParams(**SHORT), Context(cancelled=lambda: True))  # type: ignore[arg-type]


def test_every_reference_check_holds() -> None:
    assert LAB.verify is not None
    assert [check.name for check in LAB.verify() if not check.ok] == []
