"""The shipped price history: what it holds, how it is asked for, and what it says when it cannot answer."""

from __future__ import annotations

import sys
import threading
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from labs import prices
from labs.errors import BadParameterError, LabCancelled


def test_shipped_history_has_twenty_companies_over_more_than_twenty_years() -> None:
    dates, closes = prices.shipped()
    assert closes.shape == (len(dates), 20) == (8313, 20)
    assert (dates[-1] - dates[0]).astype(int) > 20 * 365
    assert (closes > 0).all()
    assert (np.diff(dates).astype(int) > 0).all()


def test_shipped_constants_agree_with_the_file() -> None:
    dates, _ = prices.shipped()
    assert (str(dates[0]), str(dates[-1])) == (str(prices.FIRST_DAY), str(prices.LAST_DAY))


def test_prices_show_days_that_made_the_news() -> None:
    apple = prices.get_closes("AAPL", "2000-09-28", "2000-09-29").closes[:, 0]
    procter = prices.get_closes("PG", "2000-03-06", "2000-03-07").closes[:, 0]
    assert apple[1] / apple[0] - 1 == pytest.approx(-0.519, abs=0.002)  # its profit warning
    assert procter[1] / procter[0] - 1 == pytest.approx(-0.30, abs=0.01)


@pytest.mark.parametrize(
    ("name", "ticker"),
    [
        ("Apple", "AAPL"),
        ("apple inc.", "AAPL"),
        ("Coca Cola", "KO"),
        ("J&J", "JNJ"),
        ("P&G", "PG"),
        ("msft", "MSFT"),
    ],
)
def test_company_names_lead_to_their_ticker(name: str, ticker: str) -> None:
    assert prices.ticker_of(name) == ticker


def test_columns_come_in_the_order_asked_for() -> None:
    both = prices.get_closes(["KO", "Apple"], "2015", "2015")
    alone = prices.get_closes("AAPL", "2015", "2015")
    assert both.tickers == ("KO", "AAPL")
    assert (both.closes[:, 1] == alone.closes[:, 0]).all()


def test_a_bare_year_means_all_of_it() -> None:
    found = prices.get_closes("KO", "2010", "2010")
    assert (str(found.dates[0]), str(found.dates[-1])) == ("2010-01-04", "2010-12-31")
    assert len(found.dates) == 252
    assert str(prices.get_closes("KO", 2021, 2022).dates[-1]) == "2022-12-28"  # type: ignore[arg-type]


def test_an_unknown_ticker_is_answered_with_those_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "can_download", lambda: False)
    with pytest.raises(BadParameterError, match=r"did you mean AAPL.*shipped are AAPL, AMD.*yfinance"):
        prices.get_closes("APPL")
    with pytest.raises(BadParameterError, match="TSLA"):
        prices.get_closes("Tesla")


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("1985", None, "start=1985-01-01 is outside .* from 1990-01-02 to 2022-12-28"),
        (None, "2024-03-01", "end=2024-03-01 is outside .*try end=2022-12-28"),
        ("2015", "2014", "not before the end"),
        ("2015-02-31", None, "not a day of the calendar"),
        ("soon", None, "not a date"),
    ],
)
def test_dates_that_cannot_be_had_are_refused_in_a_sentence(
    start: str | None, end: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prices, "can_download", lambda: False)
    with pytest.raises(BadParameterError, match=words):
        prices.get_closes("AAPL", start, end)


class _Columns:
    def __init__(self, closes: np.ndarray) -> None:
        self.closes = closes

    def __getitem__(self, names: list[str]) -> np.ndarray:
        return self.closes[:, : len(names)]


class _Frame:
    """As much of a data frame as is read: its length, its index, and the columns under "Close"."""

    def __init__(self, closes: np.ndarray, first: str = "2024-01-02") -> None:
        self.index = np.datetime64(first) + np.arange(len(closes))
        self.closes = closes

    def __len__(self) -> int:
        return len(self.closes)

    def __getitem__(self, name: str) -> _Columns | np.ndarray:
        assert name == "Close"
        return _Columns(self.closes) if self.closes.ndim == 2 else self.closes


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Fetched prices are kept here, and not in the folder of whoever runs the tests."""
    monkeypatch.setattr(prices, "cache_folder", lambda: tmp_path / "prices")
    monkeypatch.setattr(prices, "_today", lambda: date(2024, 6, 3))
    return tmp_path / "prices"


def _fake_yfinance(
    monkeypatch: pytest.MonkeyPatch, answer: object, first: str = "2024-01-02"
) -> list[dict[str, object]]:
    """A yfinance that answers with these closes, or raises, or does what it is given to do."""
    asked: list[dict[str, object]] = []

    def download(tickers: list[str], **options: object) -> object:
        asked.append({"tickers": tickers, **options})
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer()
        return _Frame(answer, first) if isinstance(answer, np.ndarray) else answer

    module = ModuleType("yfinance")
    module.download = download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "yfinance", module)
    monkeypatch.setattr(prices, "can_download", lambda: True)
    return asked


def _uninstall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yfinance", None)
    monkeypatch.setattr(prices, "can_download", lambda: False)


def test_other_tickers_come_from_yfinance_without_days_that_miss_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fake_yfinance(monkeypatch, np.array([[1.0, 2.0], [np.nan, 2.1], [1.2, 2.2], [0.0, 2.3]]))
    found = prices.get_closes(["Tesla", "AAPL"], "2024-01-02", "2024-01-05")
    assert asked[0]["tickers"] == ["TSLA", "AAPL"]
    assert asked[0]["start"] == "2024-01-02"
    assert asked[0]["end"] == "2024-01-06"  # yfinance leaves the last day out
    assert found.closes.tolist() == [[1.0, 2.0], [1.2, 2.2]]
    assert [str(day) for day in found.dates] == ["2024-01-02", "2024-01-04"]
    assert found.source == "adjusted daily closes from Yahoo Finance, fetched on 3 Jun 2024"


def test_closes_are_asked_for_adjusted_and_without_a_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fake_yfinance(monkeypatch, np.ones((3, 1)))
    prices.get_closes("TSLA", "2024-01-02")
    assert asked[0]["auto_adjust"] is True
    assert asked[0]["progress"] is False
    assert asked[0]["end"] is None


@pytest.mark.parametrize("named", [True, False])
def test_a_real_data_frame_is_read_with_and_without_the_tickers_name(
    monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    pandas = pytest.importorskip("pandas")
    columns = (
        pandas.MultiIndex.from_tuples([("Close", "TSLA"), ("Open", "TSLA")]) if named else ["Close", "Open"]
    )
    days = pandas.DatetimeIndex(["2024-01-02", "2024-01-03"])
    _fake_yfinance(monkeypatch, pandas.DataFrame([[10.5, 9.0], [11.25, 9.5]], index=days, columns=columns))
    found = prices.get_closes("TSLA", "2024-01-02")
    assert found.closes.tolist() == [[10.5], [11.25]]
    assert [str(day) for day in found.dates] == ["2024-01-02", "2024-01-03"]


def test_an_empty_data_frame_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    _fake_yfinance(monkeypatch, pandas.DataFrame())
    with pytest.raises(BadParameterError, match="No prices came back for TSLA"):
        prices.get_closes("TSLA", "2024-01-02")


def test_a_download_that_brings_nothing_is_one_sentence_that_says_what_ships(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    _fake_yfinance(monkeypatch, np.empty((0, 1)))
    with pytest.raises(
        BadParameterError, match=r"No prices came back for TSLA.*AAPL.*1990-01-02 to 2022-12-28"
    ):
        prices.get_closes("TSLA", "2024-01-02")
    assert not cache.exists()  # nothing is kept of a failure


def test_a_network_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    _fake_yfinance(monkeypatch, ConnectionError("no route to host"))
    with pytest.raises(
        BadParameterError, match=r"TSLA could not be fetched \(ConnectionError\); check .*shipped are"
    ):
        prices.get_closes("TSLA", "2024-01-02")
    assert not cache.exists()


def test_a_network_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    _fake_yfinance(monkeypatch, lambda: released.wait(30))
    monkeypatch.setattr(prices, "FETCH_LIMIT", 0.2)
    try:
        with pytest.raises(
            BadParameterError, match=r"sent no prices of TSLA within 0\.2 seconds; check .*shipped are"
        ):
            prices.get_closes("TSLA", "2024-01-02")
    finally:
        released.set()


def test_whoever_waits_can_give_up_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    released, waits = threading.Event(), iter(range(5))
    _fake_yfinance(monkeypatch, lambda: released.wait(30))

    def on_wait() -> None:
        if next(waits) == 2:
            raise LabCancelled

    try:
        with pytest.raises(LabCancelled):
            prices.get_closes("TSLA", "2024-01-02", on_wait=on_wait)
    finally:
        released.set()


def test_fetched_prices_are_kept_and_replay_to_the_last_digit_without_a_network(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    closes = np.random.default_rng(0).lognormal(5, 1, (40, 2))
    asked = _fake_yfinance(monkeypatch, closes)
    first = prices.get_closes(["TSLA", "NVDA"], "2024-01-02", "2024-03")
    assert prices.get_closes(["TSLA", "NVDA"], "2024-01-02", "2024-03").closes.tolist() == closes.tolist()
    assert len(asked) == 1
    _uninstall(monkeypatch)
    monkeypatch.setattr(prices, "_today", lambda: date(2025, 1, 1))
    again = prices.get_closes(["Tesla", "Nvidia"], "2024-01-02", "2024-03")
    np.testing.assert_array_equal(again.closes, first.closes)
    np.testing.assert_array_equal(again.dates, first.dates)
    assert again.source == first.source
    assert [path.suffix for path in cache.iterdir()] == [".csv"]


def test_another_request_is_fetched_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fake_yfinance(monkeypatch, np.ones((5, 1)))
    for ticker, start, end in (("TSLA", "2024", None), ("TSLA", "2024", "2024-02"), ("NVDA", "2024", None)):
        prices.get_closes(ticker, start, end)
    assert len(asked) == 3


def test_what_is_kept_is_no_answer_to_another_request(monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_yfinance(monkeypatch, np.ones((5, 1)))
    prices.get_closes("TSLA", "2024-01-02", "2024-02")
    _uninstall(monkeypatch)
    with pytest.raises(BadParameterError, match="pip install yfinance"):
        prices.get_closes("TSLA", "2024-01-02", "2024-03")
    with pytest.raises(BadParameterError, match="end=2024-02-29 is outside"):
        prices.get_closes("AAPL", "2020", "2024-02")


@pytest.mark.parametrize(
    "damage", ["", "2024-06-03\ndate,TSLA\n2024-01-02,x", "2024-06-03\ndate,KO\n2024-01-02,1"]
)
def test_a_damaged_file_is_fetched_again(monkeypatch: pytest.MonkeyPatch, cache: Path, damage: str) -> None:
    asked = _fake_yfinance(monkeypatch, np.full((3, 1), 7.0))
    prices.get_closes("TSLA", "2024")
    (path,) = cache.iterdir()
    path.write_text(damage)
    assert prices.get_closes("TSLA", "2024").closes.tolist() == [[7.0]] * 3
    assert len(asked) == 2


def test_todays_close_is_left_out_since_it_may_still_move(monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_yfinance(monkeypatch, np.arange(1.0, 6.0)[:, None], first="2024-05-31")  # today is 3 June
    found = prices.get_closes("TSLA", "2024-05-31")
    assert [str(day) for day in found.dates] == ["2024-05-31", "2024-06-01", "2024-06-02"]


def test_a_folder_that_cannot_be_written_costs_only_the_replay(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    asked = _fake_yfinance(monkeypatch, np.ones((3, 1)))
    cache.write_text("a file where the folder should be")
    for _ in range(2):
        assert len(prices.get_closes("TSLA", "2024").dates) == 3
    assert len(asked) == 2


def test_a_later_day_of_a_shipped_company_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fake_yfinance(monkeypatch, np.ones((3, 1)), first="2023-01-03")
    found = prices.get_closes("AAPL", "2022", "2023")
    assert asked[0]["end"] == "2024-01-01"
    assert "Yahoo" in found.source


def test_the_same_link_to_a_fetched_stock_replays_the_same_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the whole lab: run, link, and the link again when the network is gone."""
    from labs.lstm_stock import LAB
    from labs.permalink import parse_permalink

    walk = 200 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.02, 300)))
    _fake_yfinance(monkeypatch, walk[:, None], first="2023-01-02")
    first = LAB.execute({"ticker": "Tesla", "start": "2023", "lookback": 10, "epochs": 2})
    assert "Tesla (TSLA), adjusted daily closes from Yahoo Finance, fetched on 3 Jun 2024" in first.notes[0]
    _uninstall(monkeypatch)
    again = LAB.execute(parse_permalink(first.permalink())[1])
    assert again.metrics == first.metrics


def test_shipped_prices_are_never_fetched(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    asked = _fake_yfinance(monkeypatch, np.ones((3, 1)))
    prices.get_closes("AAPL", "2015", "2016")
    assert asked == []
    assert not cache.exists()
