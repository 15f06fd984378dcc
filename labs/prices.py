"""Daily closing prices: 20 large US companies, 1990 to 2022, shipped; `yfinance` for the rest.

Everything works without a network on what is shipped (labs/data/SOURCES.md says where it comes from and what
is wrong with it). Another ticker, or a day outside the shipped history, needs the `yfinance` package and a
network; without them the answer is one clear sentence, never other data than was asked for.
"""

from __future__ import annotations

import calendar
import difflib
import gzip
import importlib
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from labs.errors import BadParameterError

# Each shipped ticker with the names people use for the company.
COMPANIES: dict[str, tuple[str, ...]] = {
    "AAPL": ("Apple",),
    "AMD": ("Advanced Micro Devices",),
    "BAC": ("Bank of America",),
    "BBY": ("Best Buy",),
    "CVX": ("Chevron",),
    "GE": ("General Electric",),
    "HD": ("Home Depot", "The Home Depot"),
    "JNJ": ("Johnson & Johnson", "Johnson and Johnson", "J&J"),
    "JPM": ("JPMorgan", "JPMorgan Chase", "JP Morgan", "JP Morgan Chase", "J.P. Morgan"),
    "KO": ("Coca-Cola", "Coca Cola", "Coke"),
    "LLY": ("Eli Lilly", "Lilly"),
    "MRK": ("Merck",),
    "MSFT": ("Microsoft",),
    "PEP": ("PepsiCo", "Pepsi"),
    "PFE": ("Pfizer",),
    "PG": ("Procter & Gamble", "Procter and Gamble", "P&G"),
    "RRC": ("Range Resources",),
    "UNH": ("UnitedHealth", "United Health", "UnitedHealth Group"),
    "WMT": ("Walmart", "Wal-Mart"),
    "XOM": ("Exxon", "ExxonMobil", "Exxon Mobil"),
}
# Well-known companies that are not shipped: the name alone should still lead to the right ticker.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "AMZN": ("Amazon",),
    "DIS": ("Disney", "Walt Disney"),
    "GOOGL": ("Google", "Alphabet"),
    "IBM": ("International Business Machines",),
    "INTC": ("Intel",),
    "MCD": ("McDonald's", "McDonalds"),
    "META": ("Facebook", "Meta Platforms"),
    "NFLX": ("Netflix",),
    "NKE": ("Nike",),
    "NVDA": ("Nvidia",),
    "SPY": ("S&P", "S&P 500", "S and P 500", "SP500"),
    "TSLA": ("Tesla",),
    "V": ("Visa",),
}
SYNONYMS = {ticker: names for known in (COMPANIES, ELSEWHERE) for ticker, names in known.items()}
FIRST_DAY, LAST_DAY = date(1990, 1, 2), date(2022, 12, 28)
SHIPPED = "adjusted daily closes shipped with the labs (from skfolio, BSD licence)"


@dataclass(frozen=True)
class Prices:
    """Closes of several companies on the same days, adjusted for splits and dividends, in US dollars."""

    tickers: tuple[str, ...]
    dates: np.ndarray  # (days,) datetime64[D], ascending
    closes: np.ndarray  # (days, tickers)
    source: str

    @property
    def period(self) -> str:
        """The first and the last day in words, for plots: "2 Jan 2013 to 28 Dec 2022"."""
        return f"{day_words(self.dates[0])} to {day_words(self.dates[-1])}"


def ticker_of(name: Any) -> str:
    """The ticker of a company name or of a ticker in any case: "Coca Cola" -> KO. Anything else comes back
    in capitals.
    """
    return _tickers_by_name().get(_plain(str(name)), str(name).strip().upper())


def company_of(ticker: str) -> str:
    """The usual name of the company: "AAPL" -> "Apple"; the ticker itself where it is not known."""
    return SYNONYMS.get(ticker, (ticker,))[0]


def iso_day(value: Any, *, last: bool = False) -> str | None:
    """A date as YYYY-MM-DD. "2015" and "2015-03" mean their first day, or their last one with `last`.

    Raises ValueError, with a sentence, for what is not a date.
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "none", "null")):
        return None
    text = value.isoformat()[:10] if isinstance(value, date) else str(value).strip()
    parts = re.fullmatch(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?", text)
    if not parts:
        raise ValueError(f"{text[:40]!r} is not a date; write it as 2015-03-31, 2015-03 or 2015.")
    year, month, day = (int(part) if part else None for part in parts.groups())
    month = month or (12 if last else 1)
    try:
        whole = date(year or 1, month, day or (calendar.monthrange(year or 1, month)[1] if last else 1))
    except (ValueError, calendar.IllegalMonthError):
        raise ValueError(f"{text!r} is not a day of the calendar; write a date as 2015-03-31.") from None
    # "to 2022" asks for what there is of 2022, so a bare year or month ends with the shipped history
    if (
        last
        and day is None
        and (whole.year, whole.month) >= (LAST_DAY.year, LAST_DAY.month)
        and year == LAST_DAY.year
    ):
        whole = min(whole, LAST_DAY)
    if not last and day is None and year == FIRST_DAY.year and month == FIRST_DAY.month:
        whole = FIRST_DAY
    return whole.isoformat()


def check(tickers: Sequence[str], start: str | None, end: str | None) -> None:
    """Raise ValueError, with a sentence, for a request that cannot be answered here; costs no reading of
    files.
    """
    unknown = [ticker for ticker in tickers if ticker not in COMPANIES]
    for ticker in unknown:
        if not re.fullmatch(r"[A-Z0-9.^=-]{1,12}", ticker):
            raise ValueError(f"{ticker[:40]!r} is not a ticker{_close(ticker)}; {_listing()}.")
    if unknown and not can_download():
        raise ValueError(
            f"No prices of {', '.join(unknown)} are shipped{_close(unknown[0])}; {_listing()}. "
            "Other tickers need a network and the yfinance package (pip install yfinance)."
        )
    first, last = start or FIRST_DAY.isoformat(), end or LAST_DAY.isoformat()
    if start and end and start >= end:
        raise ValueError(
            f"The start {start} is not before the end {end}; choose an earlier start or a later end."
        )
    if unknown or can_download():
        return
    for name, day in (("start", first), ("end", last)):
        if not FIRST_DAY.isoformat() <= day <= LAST_DAY.isoformat():
            nearest = FIRST_DAY if day < FIRST_DAY.isoformat() else LAST_DAY
            raise ValueError(
                f"{name}={day} is outside the shipped prices, which run from {FIRST_DAY} to {LAST_DAY}; try "
                f"{name}={nearest}, or install yfinance for later days (pip install yfinance)."
            )
    if first >= last:
        raise ValueError(
            f"No prices are left between {first} and {last}; choose an earlier start or a later end."
        )


def get_closes(tickers: str | Sequence[str], start: str | None = None, end: str | None = None) -> Prices:
    """Closes of one or several companies from `start` to `end` (both included; none means all there is).

    Parameters
    ----------
    tickers : ticker(s) or company name(s)
    start, end : "2015-03-31", "2015-03" or "2015"

    Raises
    ------
    BadParameterError
        One sentence: an unknown ticker (lists those shipped), dates out of range, or a download that failed.
    """
    wanted = tuple(dict.fromkeys(ticker_of(t) for t in ([tickers] if isinstance(tickers, str) else tickers)))
    try:
        first, last = iso_day(start), iso_day(end, last=True)
        check(wanted, first, last)
    except ValueError as error:
        raise BadParameterError(str(error)) from None
    beyond = any(d and not FIRST_DAY.isoformat() <= d <= LAST_DAY.isoformat() for d in (first, last))
    if beyond or any(ticker not in COMPANIES for ticker in wanted):
        return _download(wanted, first, last)
    dates, closes = shipped()
    inside = (dates >= np.datetime64(first or FIRST_DAY)) & (dates <= np.datetime64(last or LAST_DAY))
    columns = [list(COMPANIES).index(ticker) for ticker in wanted]
    return Prices(wanted, dates[inside], closes[inside][:, columns], SHIPPED)


@lru_cache(maxsize=1)
def shipped() -> tuple[np.ndarray, np.ndarray]:
    """The whole shipped history: days (8313,) and closes (8313, 20), columns in the order of COMPANIES."""
    packed = files("labs").joinpath("data", "prices.csv.gz").read_bytes()
    head, *rows = gzip.decompress(packed).decode("ascii").split()
    if tuple(head.split(",")[1:]) != tuple(COMPANIES):
        raise RuntimeError("labs/data/prices.csv.gz does not hold the companies that labs/prices.py lists.")
    dates = np.array([row[:10] for row in rows], dtype="datetime64[D]")
    closes = np.loadtxt([row[11:] for row in rows], delimiter=",")
    dates.flags.writeable = closes.flags.writeable = False
    return dates, closes


def can_download() -> bool:
    """Whether yfinance is installed; it is not a dependency, and nothing is fetched unless it has to be."""
    return importlib.util.find_spec("yfinance") is not None


def _download(tickers: tuple[str, ...], start: str | None, end: str | None) -> Prices:
    """Fetch with yfinance: auto-adjusted closes of the days on which every ticker has one."""
    names = ", ".join(tickers)
    advice = (
        f"check the ticker and the network, or use what is shipped ({FIRST_DAY} to {LAST_DAY}): {_listing()}."
    )
    try:
        yfinance = importlib.import_module("yfinance")
        after = None if end is None else str(np.datetime64(end) + 1)  # yfinance leaves the end out
        frame = yfinance.download(
            list(tickers), start=start or FIRST_DAY.isoformat(), end=after, auto_adjust=True, progress=False
        )
        closes = np.asarray(frame["Close"][list(tickers)], dtype=float).reshape(-1, len(tickers))
        dates = np.asarray(frame.index, dtype="datetime64[D]")
    except Exception as error:  # whatever a vendor raises, a student gets one sentence
        raise BadParameterError(
            f"Prices of {names} could not be fetched ({type(error).__name__}); {advice}"
        ) from error
    whole = np.isfinite(closes).all(axis=1)
    if not whole.any():
        raise BadParameterError(f"No prices came back for {names} in these dates; {advice}")
    return Prices(tickers, dates[whole], closes[whole], "adjusted daily closes from Yahoo Finance")


def day_words(day: Any) -> str:
    """A day as "28 Dec 2022", for titles and notes."""
    whole = np.datetime64(day, "D").astype(date)
    return f"{whole.day} {calendar.month_abbr[whole.month]} {whole.year}"


def _plain(name: str) -> str:
    """ "Coca-Cola Inc." and "coca cola" are the same company."""
    text = re.sub(r"[^a-z0-9&]+", " ", name.lower().replace("'", "")).strip()
    return re.sub(r"\s+(inc|corp|corporation|company|co|plc|ltd)$", "", text)


@lru_cache(maxsize=1)
def _tickers_by_name() -> dict[str, str]:
    return {_plain(name): ticker for ticker, names in SYNONYMS.items() for name in (ticker, *names)}


def _close(ticker: str) -> str:
    known = {_plain(name): ticker for ticker, names in COMPANIES.items() for name in (ticker, *names)}
    found = difflib.get_close_matches(_plain(ticker), known, n=1, cutoff=0.75)
    return f" (did you mean {known[found[0]]}?)" if found else ""


def _listing() -> str:
    return f"shipped are {', '.join(COMPANIES)}"
