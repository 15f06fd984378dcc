"""The lstm_stock lab against PyTorch, arithmetic by hand, series with known answers, and its own promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labs import lstm_stock, prices
from labs.base import Context, LabResult
from labs.checks.lstm_stock import differences, outcome, random_walk
from labs.cores.lstm_stock import (
    build,
    coin_test,
    errors_by_lag,
    forecast,
    log_returns,
    lstm_step,
    lstm_written_out,
    rmse,
    scaler,
    skill_interval,
    split,
    train,
    windows_and_targets,
)
from labs.cores.lstm_stock_fit import fit, learn
from labs.errors import BadParameterError, LabCancelled
from labs.lstm_stock import LAB, LstmStockParams, load_prices

DAYS = np.arange(800)
SINE = 100 * np.exp(0.2 * np.sin(2 * np.pi * DAYS / 40))


def run_on(monkeypatch: pytest.MonkeyPatch, closes: np.ndarray, **values: object) -> LabResult:
    """The whole lab on made-up closes."""
    dates = np.datetime64("2015-01-01") + np.arange(len(closes))
    monkeypatch.setattr(
        lstm_stock, "load_prices", lambda p, wait=None: (dates, closes, "Made up (XYZ), by hand")
    )
    return LAB.execute(values)


def names(result: LabResult) -> set[str]:
    return {finding.name for finding in result.findings}


def evidence(result: LabResult, name: str) -> str:
    return next(finding.evidence for finding in result.findings if finding.name == name)


@pytest.fixture(scope="module")
def default_run() -> LabResult:
    return LAB.execute({})


# ------------------------------------------------------------------------------------------- the LSTM


def test_the_written_out_lstm_is_torch_lstm_in_outputs_and_gradients() -> None:
    outputs, gradients = differences()
    assert outputs < 1e-6
    assert gradients < 1e-6


def test_the_written_out_lstm_learns_the_same_weights_as_torch_lstm() -> None:
    """Five Adam steps each, from the same start: the weights stay equal."""
    import torch

    torch.manual_seed(1)
    theirs = build(4, 2).double()
    ours = build(4, 2).double()
    ours.load_state_dict(theirs.state_dict())
    windows = torch.randn(20, 9, dtype=torch.float64)
    targets = torch.randn(20, dtype=torch.float64)

    def written_out(model: torch.nn.ModuleDict) -> torch.Tensor:
        h = lstm_written_out(windows[:, :, None], [tuple(layer) for layer in model["lstm"].all_weights])
        return model["line"](h[:, -1])[:, 0]

    for model, said in ((ours, written_out), (theirs, lambda m: forecast(m, windows))):
        rule = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(5):
            rule.zero_grad()
            torch.nn.functional.mse_loss(said(model), targets).backward()
            rule.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(mine, other, rtol=0, atol=1e-6)


def test_one_step_is_torch_lstm_cell_and_the_gates_do_what_they_are_called() -> None:
    import torch

    torch.manual_seed(0)
    cell = torch.nn.LSTMCell(3, 4).double()
    x, h, c = (torch.randn(5, size, dtype=torch.float64) for size in (3, 4, 4))
    weights = (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    for mine, other in zip(lstm_step(x, h, c, *weights), cell(x, (h, c)), strict=True):
        assert torch.allclose(mine, other, rtol=0, atol=1e-12)
    shut = torch.zeros(16, dtype=torch.float64)
    shut[:4], shut[4:8] = -100.0, 100.0  # input gate shut, forget gate open: the cell keeps what it had
    _, kept = lstm_step(x, h, c, cell.weight_ih, cell.weight_hh, shut, torch.zeros_like(shut))
    assert torch.allclose(kept, c, rtol=0, atol=1e-12)


def test_the_fused_lstm_of_training_agrees_with_the_written_out_one_in_double_precision() -> None:
    import torch

    torch.manual_seed(2)
    model = build(16, 1)
    windows = torch.randn(64, 50)
    layers = [tuple(w.double() for w in layer) for layer in model["lstm"].all_weights]
    exact = lstm_written_out(windows[:, :, None].double(), layers)[:, -1]
    fused = model["lstm"](windows[:, :, None])[1][0][-1]
    assert float((fused.double() - exact).detach().abs().max()) < 1e-6


@pytest.mark.parametrize(("hidden", "layers"), [(16, 1), (5, 1), (8, 3)])
def test_parameters_are_those_of_the_formula(hidden: int, layers: int) -> None:
    inputs = [1] + [hidden] * (layers - 1)
    wanted = sum(4 * (hidden * (hidden + d) + 2 * hidden) for d in inputs) + hidden + 1
    assert sum(w.numel() for w in build(hidden, layers).parameters()) == wanted


def test_training_does_plain_adam_steps_on_each_shuffled_batch() -> None:
    import torch

    torch.manual_seed(3)
    windows, targets = torch.randn(50, 6), torch.randn(50)
    ours, theirs = build(4, 1), build(4, 1)
    theirs.load_state_dict(ours.state_dict())
    told = list(train(ours, windows, targets, 0.01, 2, 16, 5))
    assert [(epoch, share) for epoch, share, _ in told] == [(1, 1.0), (2, 1.0)]
    rule, order = torch.optim.Adam(theirs.parameters(), lr=0.01), torch.Generator().manual_seed(5)
    for _ in range(2):
        for rows in torch.randperm(50, generator=order).split(16):
            rule.zero_grad()
            (
                (theirs["line"](theirs["lstm"](windows[rows][:, :, None])[0][:, -1])[:, 0] - targets[rows])
                ** 2
            ).mean().backward()
            rule.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-6)


# ------------------------------------------------------------------------------------------- windows, split, scaler


def test_windows_are_views_and_the_target_is_the_next_value() -> None:
    import torch

    values = torch.arange(10.0)
    windows, targets = windows_and_targets(values, 4)
    assert windows.tolist() == [[float(i + k) for k in range(4)] for i in range(6)]
    assert targets.tolist() == [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert windows.data_ptr() == values.data_ptr()  # no copy


@pytest.mark.parametrize("predict", ["return", "price"])
def test_the_test_days_are_the_last_ones_and_the_same_for_both_targets(predict: str) -> None:
    first_validation, first_test = split(1000, 50, 0.2, predict)
    assert first_test == 800
    assert 0.14 < (first_test - first_validation) / (first_test - 50) < 0.16


def test_the_scaler_maps_prices_to_0_and_1_and_returns_to_mean_0_and_spread_1() -> None:
    values = np.array([3.0, 5.0, 4.0, 8.0])
    shift, size = scaler(values, "price")
    assert ((values - shift) / size).tolist() == [0.0, 0.4, 0.2, 1.0]
    shift, size = scaler(values, "return")
    scaled = (values - shift) / size
    assert (scaled.mean(), scaled.std()) == pytest.approx((0.0, 1.0))
    assert scaler(np.ones(4), "price") == (1.0, 1.0)  # nothing to scale by


@pytest.mark.parametrize("predict", ["return", "price"])
def test_no_forecast_knows_its_own_day_or_any_later_one(predict: str) -> None:
    """Change the closes from one test day on: forecasts up to and including that day stay as they were."""
    closes = random_walk(400)
    p = LstmStockParams(lookback=10, epochs=2, predict=predict)
    first_test = split(400, 10, 0.2, predict)[1]
    changed = closes.copy()
    changed[first_test + 30 :] *= 1.1
    before, after = learn(closes, p, Context()).forecast, learn(changed, p, Context()).forecast
    assert (before[:31] == after[:31]).all()
    assert (before[31:] != after[31:]).all()


def test_only_a_leaking_scaler_changes_with_the_test_days() -> None:
    closes = random_walk(400)
    changed = closes.copy()
    changed[-1] *= 3  # the last close is in no window, so only a scaler can know it
    for leak, same in ((False, True), (True, False)):
        p = LstmStockParams(lookback=10, epochs=2, predict="price", leak=leak)
        equal = learn(closes, p, Context()).forecast == learn(changed, p, Context()).forecast
        assert equal.all() == same


def test_validation_days_neither_train_nor_scale() -> None:
    closes = random_walk(400)
    first_validation, first_test = split(400, 10, 0.2, "return")
    changed = closes.copy()
    changed[first_validation:first_test] = changed[first_validation:first_test][::-1]
    p = LstmStockParams(lookback=10, epochs=3)
    a, b = learn(closes, p, Context()), learn(changed, p, Context())
    assert a.loss_train == b.loss_train
    assert a.loss_validation != b.loss_validation


# ------------------------------------------------------------------------------------------- measures


def test_rmse_and_log_returns_by_hand() -> None:
    assert rmse(np.array([1.0, 2.0]), np.array([4.0, 6.0])) == pytest.approx(np.sqrt(12.5))
    assert log_returns(np.array([1.0, np.e, 1.0])) == pytest.approx([1.0, -1.0])


@pytest.mark.parametrize(
    ("right", "n"), [(50, 100), (61, 100), (39, 100), (0, 7), (250, 251), (3, 3), (1600, 3300)]
)
def test_the_coin_test_is_scipys_exact_binomial_test(right: int, n: int) -> None:
    from scipy.stats import binomtest

    assert coin_test(right, n) == pytest.approx(binomtest(right, n).pvalue, rel=1e-9)


def test_the_coin_test_of_no_days_says_nothing() -> None:
    assert coin_test(0, 0) == 1.0


def test_the_skill_interval_covers_the_true_skill_about_as_often_as_it_says() -> None:
    """Independent errors of spread 0.95 and 1: the true skill is 5%, and 95% of the intervals should hold it."""
    rng = np.random.default_rng(0)
    hits = 0
    for i in range(200):
        error, naive = rng.normal(0, 0.95, 250), rng.normal(0, 1, 250)
        low, high = skill_interval(error, naive, seed=i, draws=400)
        hits += low <= 0.05 <= high
    assert 0.89 <= hits / 200 <= 0.99


def test_the_skill_interval_of_the_naive_forecast_itself_is_0() -> None:
    steps = np.random.default_rng(0).normal(size=100)
    assert skill_interval(steps, steps) == (0.0, 0.0)


def test_errors_by_lag_find_the_day_that_a_forecast_repeats() -> None:
    closes = random_walk(500)
    for lag in range(4):
        copied = closes[300 - lag : 500 - lag] - 7.0  # too low throughout, which must not matter
        found = errors_by_lag(copied, closes)
        assert int(found.argmin()) == lag
        assert found[lag] == pytest.approx(0.0, abs=1e-9)


# ------------------------------------------------------------------------------------------- known answers


def test_naive_error_of_the_defaults_is_the_one_computed_by_hand(default_run: LabResult) -> None:
    closes = prices.shipped()[1][:, list(prices.COMPANIES).index("AAPL")]
    daily = [closes[-k] - closes[-k - 1] for k in range(1, 252)]
    assert default_run.metrics["rmse_naive"] == pytest.approx(
        (sum(d * d for d in daily) / 251) ** 0.5, rel=1e-12
    )
    assert default_run.metrics["mae_naive"] == pytest.approx(sum(map(abs, daily)) / 251, rel=1e-12)


def test_metrics_are_those_of_the_series_that_the_charts_show(default_run: LabResult) -> None:
    m, s = default_run.metrics, default_run.series
    miss = s["forecast"] - s["truth"]
    assert m["rmse"] == pytest.approx(float(np.sqrt((miss**2).mean())), rel=1e-12)
    assert m["mae"] == pytest.approx(float(np.abs(miss).mean()), rel=1e-12)
    assert m["skill"] == pytest.approx(1 - m["rmse"] / m["rmse_naive"], rel=1e-12)
    moved = s["truth"] != s["naive"]
    right = ((s["forecast"] > s["naive"]) == (s["truth"] > s["naive"]))[moved]
    assert m["direction_accuracy"] == pytest.approx(float(right.mean()))
    assert m["always_up"] == pytest.approx(float((s["truth"] > s["naive"])[moved].mean()))
    assert s["lead"][-1] == pytest.approx(len(miss) * (m["rmse_naive"] ** 2 - m["rmse"] ** 2))
    assert s["recent"][-1] == pytest.approx(float(np.sqrt((miss[-20:] ** 2).mean())))
    np.testing.assert_array_equal(s["naive"][1:], s["truth"][:-1])


@pytest.mark.parametrize("predict", ["return", "price"])
def test_a_sine_wave_is_foreseen_without_a_lag(predict: str) -> None:
    m = outcome(SINE, epochs=20, predict=predict)
    assert m["skill"] > 0.8
    assert m["lag"] == 0
    assert m["direction_accuracy"] > 0.95
    assert m["p_value_coin"] < 1e-6


def test_a_random_walk_is_not_foreseen_and_its_naive_error_is_sigma() -> None:
    m = outcome(random_walk(3000, sigma=2.0), epochs=5)
    assert m["rmse_naive"] == pytest.approx(2.0, abs=3 * 2.0 / np.sqrt(2 * 600))
    assert m["skill"] < 0.01
    assert m["skill_low"] < 0


def test_errors_are_in_dollars_of_price_whatever_is_predicted() -> None:
    """Ten times the price is ten times the error, in both modes; the skill stays."""
    walk = random_walk(400)
    for predict in ("return", "price"):
        small, large = (outcome(k * walk, epochs=2, lookback=10, predict=predict) for k in (1, 10))
        assert large["rmse_naive"] == pytest.approx(10 * small["rmse_naive"], rel=1e-9)
        assert large["rmse"] == pytest.approx(10 * small["rmse"], rel=1e-3)


def test_verify_has_no_failing_check() -> None:
    assert [check for check in LAB.verify() if not check.ok] == []  # type: ignore[misc]


# ------------------------------------------------------------------------------------------- what it says


def test_the_default_run_says_how_much_worse_than_yesterdays_price_it_is(default_run: LabResult) -> None:
    m = default_run.metrics
    assert m["skill"] < 0  # an LSTM of this size learns noise on five years of Apple
    worse = f"{-m['skill']:.0%} worse"
    assert worse in default_run.title
    assert any(
        f"this LSTM is {worse} than predicting yesterday's price" in note for note in default_run.notes
    )
    assert any("28 Dec 2022" in note and "Apple (AAPL)" in note for note in default_run.notes)
    assert {"worse_than_naive", "overfitting", "lagging_forecast"} <= names(default_run)


def test_no_sentence_holds_a_dollar_sign_which_would_start_a_formula(default_run: LabResult) -> None:
    told = [default_run.title, *default_run.notes, *(c.title for c in default_run.charts)]
    told += [f.evidence + f.suggestion for f in default_run.findings]
    assert not any("$" in text for text in told)


def test_direction_note_compares_with_a_coin_and_with_always_up(
    monkeypatch: pytest.MonkeyPatch, default_run: LabResult
) -> None:
    note = next(note for note in run_on(monkeypatch, SINE, epochs=20).notes if "up or down" in note)
    assert "better than a coin" in note
    assert "it is better than that" in note
    note = next(note for note in default_run.notes if "up or down" in note)
    assert f"right on {default_run.metrics['direction_accuracy']:.1%} of 250 days" in note
    assert f"which a coin does as well (p = {default_run.metrics['p_value_coin']:.2g})" in note
    assert f"right on {default_run.metrics['always_up']:.1%}" in note


def test_p_values_of_random_walks_are_small_as_rarely_as_they_say() -> None:
    """Of 60 walks that cannot be foreseen, about 3 pass each test at 5%; 10 would be a miracle."""
    small = {"p_value_coin": 0, "p_value_always_up": 0}
    for k in range(60):
        walk = 1000 + np.cumsum(np.random.default_rng(k).normal(size=300))
        m = outcome(walk, epochs=1, lookback=5, hidden=2, learning_rate=0.05, test_fraction=0.5)
        for name in small:
            small[name] += m[name] < 0.05
    assert max(small.values()) < 10


def test_a_forecast_that_foresees_has_none_of_the_classic_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_on(monkeypatch, SINE, epochs=20)
    assert names(result) == set()
    assert "better" in result.title


def test_no_skill_is_found_on_a_random_walk_with_little_training(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_on(monkeypatch, random_walk(), epochs=5)
    assert "no_skill" in names(result)
    assert result.title.endswith("no more than chance")
    assert "worse_than_naive" not in names(result)


def test_a_flat_forecast_is_found_where_steps_are_tiny(
    monkeypatch: pytest.MonkeyPatch, default_run: LabResult
) -> None:
    result = run_on(monkeypatch, random_walk(), epochs=2, learning_rate=0.0005)
    assert "flat_forecast" in names(result)
    assert "flat_forecast" not in names(default_run)


def test_divergence_is_found_with_huge_steps_and_ends_the_list() -> None:
    result = LAB.execute({"learning_rate": 1, "epochs": 10})
    assert names(result) == {"divergence"}
    assert np.isfinite(result.metrics["rmse"])


def test_underfitting_is_found_where_prices_were_not_learnt_yet(default_run: LabResult) -> None:
    assert "underfitting" in names(LAB.execute({"predict": "price", "epochs": 2}))
    assert "underfitting" not in names(default_run)


def test_prices_beyond_the_training_range_are_found_and_counted() -> None:
    result = LAB.execute({"ticker": "exxon", "predict": "price", "epochs": 10})
    found = prices.get_closes("XOM", "2018-01-02").closes[:, 0]
    first_validation, first_test = split(len(found), 50, 0.2, "price")
    outside = (found[first_test:] > found[:first_validation].max()).mean()
    assert f"{outside:.0%} of the test prices" in evidence(result, "out_of_range")
    assert "out_of_range" not in names(
        LAB.execute({"ticker": "GE", "predict": "price", "epochs": 2, "start": "1995"})
    )


def test_a_leak_is_measured_on_pairs_of_runs_and_told() -> None:
    result = LAB.execute({"ticker": "XOM", "predict": "price", "epochs": 10, "leak": True})
    p = LstmStockParams(ticker="XOM", predict="price", epochs=10)
    dates, closes, name = load_prices(p)
    honest = [
        rmse(t.learnt.forecast, t.truth)
        for t in (fit(p.model_copy(update={"seed": k}), dates, closes, name, Context()) for k in range(3))
    ]
    m = result.metrics
    assert m["rmse_without_leak"] == pytest.approx(np.mean(honest), rel=1e-9)
    assert m["leak_gain"] == pytest.approx(1 - m["rmse_with_leak"] / m["rmse_without_leak"])
    note = next(note for note in result.notes if "The scaler saw the test days" in note)
    assert f"{m['rmse_without_leak']:.2f} dollars without it" in note
    assert f"{len(closes):,} days" in evidence(result, "leakage")
    assert "1,257 days, 251 of them test days" in evidence(result, "leakage")


def test_without_a_leak_nothing_is_said_of_one(default_run: LabResult) -> None:
    assert "leakage" not in names(default_run)
    assert "leak_gain" not in default_run.metrics
    assert not any("leak" in note for note in default_run.notes)


def test_a_leak_that_makes_no_difference_is_told_so() -> None:
    result = LAB.execute({"leak": True, "epochs": 2})
    note = next(note for note in result.notes if "The scaler saw the test days" in note)
    assert "hardly helps" in note


def test_a_comparison_says_first_how_many_runs_beat_the_naive_forecast() -> None:
    result = LAB.execute({"hidden": [4, 16]})
    worse = sum(result.metrics[f"skill_high[hidden={h}]"] < 0 for h in (4, 16))
    better = sum(result.metrics[f"skill_low[hidden={h}]"] > 0 for h in (4, 16))
    assert (better, worse) == (0, 1)
    assert result.notes[0].startswith(
        "Of 2 runs none beat “tomorrow = today” by more than chance, and 1 is clearly"
    )
    assert "would be a leak of its own" in result.notes[0]
    leaks = LAB.execute({"leak": [False, True], "epochs": 2})
    assert "The scaler saw the test days" in leaks.notes[1]


# ------------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(("said", "ticker"), [("Coca-Cola", "KO"), ("apple", "AAPL"), ("msft", "MSFT")])
def test_a_company_name_is_as_good_as_its_ticker(said: str, ticker: str) -> None:
    assert LAB.validate({"ticker": said}).params[0].ticker == ticker  # type: ignore[attr-defined]


def test_an_unknown_ticker_is_answered_with_those_shipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prices, "can_download", lambda: False)
    monkeypatch.setattr(prices, "cache_folder", lambda: tmp_path)
    with pytest.raises(
        BadParameterError, match=r"No prices of TSLA are shipped.*AAPL, AMD.*to 2022-12-28.*pip install"
    ):
        LAB.validate({"ticker": "Tesla", "end": "2021"})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"start": "2022-08"}, "about .* trading days, too few for windows of 50 days"),
        ({"start": "2020", "end": "2022", "test_fraction": 0.9}, "too few"),
        ({"start": "2021", "test_fraction": 0.01}, "20 test days"),
        ({"start": "soon"}, "not a date"),
        ({"start": "2019", "end": "2018"}, "not before the end"),
        ({"lookback": 1}, "from 2 to 250"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(values: dict[str, object], words: str) -> None:
    with pytest.raises(BadParameterError, match=words):
        LAB.validate(values)


def test_closes_that_are_no_prices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    closes = random_walk(400)
    closes[7] = 0.0
    with pytest.raises(BadParameterError, match="above 0"):
        run_on(monkeypatch, closes, epochs=1)
    with pytest.raises(BadParameterError, match="there are 90 trading days, too few"):
        run_on(monkeypatch, random_walk(90), epochs=1)


def test_a_price_that_never_moves_in_the_test_is_refused_and_one_that_rests_before_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closes = random_walk(400)
    with pytest.raises(BadParameterError, match="never moves on the test days"):
        run_on(monkeypatch, np.where(np.arange(400) < 300, closes, 50.0), epochs=1, lookback=10)
    for predict in ("return", "price"):
        result = run_on(
            monkeypatch, np.where(np.arange(400) < 320, 50.0, closes), epochs=1, lookback=10, predict=predict
        )
        assert None not in result.to_dict()["metrics"].values()


def test_prices_come_from_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_on(monkeypatch, random_walk(400), epochs=1, lookback=10)
    assert result.title.startswith("Made up (XYZ): the LSTM")
    assert result.notes[0].startswith("Made up (XYZ), by hand: it learnt from")


def test_a_run_can_be_cancelled_in_the_middle_of_training() -> None:
    calls = iter(range(1000))
    with pytest.raises(LabCancelled):
        LAB.execute({}, Context(cancelled=lambda: next(calls) > 20))
    assert next(calls) < 30


def test_torch_threads_and_random_state_are_left_as_they_were() -> None:
    import torch

    torch.manual_seed(5)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    LAB.execute({"epochs": 1})
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_cost_grows_with_every_size_parameter_and_with_the_leak() -> None:
    base = LAB.cost(LstmStockParams())  # type: ignore[misc]
    for values in (
        {"epochs": 120},
        {"hidden": 64},
        {"layers": 2},
        {"lookback": 100},
        {"batch_size": 16},
        {"start": "2000"},
        {"leak": True},
    ):
        assert LAB.cost(LstmStockParams(**values)) > base, values  # type: ignore[misc, arg-type]
    with pytest.raises(BadParameterError, match="over the limit"):
        LAB.validate({"hidden": 256, "layers": 4, "epochs": 500, "start": None})
