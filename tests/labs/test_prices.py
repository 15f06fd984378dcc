"""The shipped price history: what it holds, how it is asked for, and what it says when it cannot answer."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from labs import prices
from labs.errors import BadParameterError


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
    """As much of a data frame as is read: its index, and the columns under "Close"."""

    def __init__(self, closes: np.ndarray) -> None:
        self.index = np.datetime64("2024-01-02") + np.arange(len(closes))
        self.closes = closes

    def __getitem__(self, name: str) -> _Columns:
        assert name == "Close"
        return _Columns(self.closes)


def _fake_yfinance(monkeypatch: pytest.MonkeyPatch, closes: np.ndarray) -> list[dict[str, object]]:
    asked: list[dict[str, object]] = []

    def download(tickers: list[str], **options: object) -> _Frame:
        asked.append({"tickers": tickers, **options})
        return _Frame(closes)

    module = ModuleType("yfinance")
    module.download = download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "yfinance", module)
    monkeypatch.setattr(prices, "can_download", lambda: True)
    return asked


def test_other_tickers_come_from_yfinance_without_days_that_miss_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fake_yfinance(monkeypatch, np.array([[1.0, 2.0], [np.nan, 2.1], [1.2, 2.2]]))
    found = prices.get_closes(["Tesla", "AAPL"], "2024-01-02", "2024-01-04")
    assert asked[0]["tickers"] == ["TSLA", "AAPL"]
    assert asked[0]["end"] == "2024-01-05"  # yfinance leaves the last day out
    assert found.closes.tolist() == [[1.0, 2.0], [1.2, 2.2]]
    assert "Yahoo" in found.source


def test_a_download_that_brings_nothing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_yfinance(monkeypatch, np.empty((0, 1)))
    with pytest.raises(BadParameterError, match="No prices came back for TSLA"):
        prices.get_closes("TSLA", "2024-01-02")


def test_shipped_prices_are_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fake_yfinance(monkeypatch, np.ones((3, 1)))
    prices.get_closes("AAPL", "2015", "2016")
    assert asked == []
