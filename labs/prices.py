"""Daily closing prices: 20 large US companies, 1990 to 2022, shipped; `yfinance` for the rest.

Everything works without a network on what is shipped (labs/data/SOURCES.md says where it comes from and what
is wrong with it). Another ticker, or a day outside the shipped history, needs the `yfinance` package and a
network; without them the answer is one clear sentence, never other data than was asked for. What was fetched
is kept in a cache folder, so that the same request gets the same prices again, also without a network.
"""

from __future__ import annotations

import calendar
import difflib
import gzip
import hashlib
import importlib
import importlib.util
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
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
FETCH_LIMIT = 20.0  # seconds for a download, after which a student hears that it did not answer


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
    """Raise ValueError, with a sentence, for a request that cannot be answered here; fetches nothing."""
    unknown = [ticker for ticker in tickers if ticker not in COMPANIES]
    for ticker in unknown:
        if not re.fullmatch(r"[A-Z0-9.^=-]{1,12}", ticker):
            raise ValueError(f"{ticker[:40]!r} is not a ticker{_close(ticker)}; {_listing()}.")
    if start and end and start >= end:
        raise ValueError(
            f"The start {start} is not before the end {end}; choose an earlier start or a later end."
        )
    first, last = start or FIRST_DAY.isoformat(), end or LAST_DAY.isoformat()
    beyond = [(name, day) for name, day in (("start", first), ("end", last)) if not _is_shipped(day)]
    if (unknown or beyond) and (can_download() or _read_kept(tuple(tickers), start, end)):
        return
    if unknown:
        raise ValueError(
            f"No prices of {', '.join(unknown)} are shipped{_close(unknown[0])}; {_listing()}. "
            "Other tickers need a network and the yfinance package (pip install yfinance)."
        )
    for name, day in beyond:
        nearest = FIRST_DAY if day < FIRST_DAY.isoformat() else LAST_DAY
        raise ValueError(
            f"{name}={day} is outside the shipped prices, which run from {FIRST_DAY} to {LAST_DAY}; try "
            f"{name}={nearest}, or install yfinance for other days (pip install yfinance)."
        )
    if first >= last:
        raise ValueError(
            f"No prices are left between {first} and {last}; choose an earlier start or a later end."
        )


def get_closes(
    tickers: str | Sequence[str],
    start: str | None = None,
    end: str | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Prices:
    """Closes of one or several companies from `start` to `end` (both included; none means all there is).

    Parameters
    ----------
    tickers : ticker(s) or company name(s)
    start, end : "2015-03-31", "2015-03" or "2015"
    on_wait : called about ten times a second while a download is awaited; what it raises ends the wait

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
    beyond = any(day and not _is_shipped(day) for day in (first, last))
    if beyond or any(ticker not in COMPANIES for ticker in wanted):
        return _read_kept(wanted, first, last) or _download(wanted, first, last, on_wait)
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


def _is_shipped(day: str) -> bool:
    return FIRST_DAY.isoformat() <= day <= LAST_DAY.isoformat()


def can_download() -> bool:
    """Whether yfinance is installed; it is not a dependency, and nothing is fetched unless it has to be."""
    return importlib.util.find_spec("yfinance") is not None


def cache_folder() -> Path:
    """Where fetched prices are kept, one file per request; deleting it fetches anew."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("ml-tutor", appauthor=False)) / "prices"


def _kept_in(tickers: Sequence[str], start: str | None, end: str | None) -> Path:
    names = "-".join(tickers)
    if len(names) > 80:  # file systems have limits
        names = f"{names[:60]}-{hashlib.sha256(names.encode()).hexdigest()[:12]}"
    return cache_folder() / f"{names}_{start or 'first'}_{end or 'last'}.csv"


def _read_kept(tickers: tuple[str, ...], start: str | None, end: str | None) -> Prices | None:
    """What was fetched before for the same request; None where there is nothing, or nothing readable."""
    path = _kept_in(tickers, start, end)
    try:
        fetched, head, *rows = path.read_text(encoding="ascii").splitlines()
        if head.split(",")[1:] != list(tickers):
            return None
        dates = np.array([row[:10] for row in rows], dtype="datetime64[D]")
        closes = np.array([[float(x) for x in row[11:].split(",")] for row in rows])
        if closes.shape != (len(dates), len(tickers)) or not len(dates) or not (closes > 0).all():
            return None
        return Prices(tickers, dates, closes, _yahoo(date.fromisoformat(fetched)))
    except (OSError, ValueError):
        return None


def _keep(path: Path, found: Prices, today: date) -> None:
    """Write the file whole or not at all; prices that cannot be kept are still good for this run."""
    rows = [
        f"{day},{','.join(map(repr, row))}"
        for day, row in zip(found.dates, found.closes.tolist(), strict=True)
    ]
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("\n".join([f"{today}", f"date,{','.join(found.tickers)}", *rows]), encoding="ascii")
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _yahoo(fetched: date) -> str:
    return f"adjusted daily closes from Yahoo Finance, fetched on {day_words(fetched)}"


def _today() -> date:
    return datetime.now(UTC).date()


def _download(
    tickers: tuple[str, ...],
    start: str | None,
    end: str | None,
    on_wait: Callable[[], None] | None,
) -> Prices:
    """Fetch with yfinance: auto-adjusted closes of the days that are over and on which every ticker has one."""
    names, advice = ", ".join(tickers), f"check the ticker and the network, or use what ships: {_listing()}."
    answer: list[tuple[np.ndarray, np.ndarray]] = []
    failure: list[Exception] = []

    def fetch() -> None:
        try:
            yfinance = importlib.import_module("yfinance")
            after = None if end is None else str(np.datetime64(end) + 1)  # yfinance leaves the end out
            frame = yfinance.download(
                list(tickers),
                start=start or FIRST_DAY.isoformat(),
                end=after,
                auto_adjust=True,
                progress=False,
                timeout=FETCH_LIMIT / 2,
            )
            closes: Any = frame["Close"] if len(frame) else np.empty((0, len(tickers)))
            if len(frame) and getattr(closes, "ndim", 2) == 2:  # one ticker alone may come without its name
                closes = closes[list(tickers)]
            dates = np.asarray(frame.index, dtype="datetime64[D]")
            answer.append((dates, np.asarray(closes, dtype=float).reshape(len(dates), len(tickers))))
        except Exception as error:  # whatever a vendor raises, a student gets one sentence
            failure.append(error)

    thread = threading.Thread(target=fetch, name="prices", daemon=True)
    thread.start()
    deadline = time.monotonic() + FETCH_LIMIT
    while thread.is_alive() and time.monotonic() < deadline:
        thread.join(0.05)
        if on_wait:
            on_wait()
    if failure:
        raise BadParameterError(
            f"Prices of {names} could not be fetched ({type(failure[0]).__name__}); {advice}"
        ) from failure[0]
    if not answer:
        raise BadParameterError(
            f"Yahoo Finance sent no prices of {names} within {FETCH_LIMIT:g} seconds; {advice}"
        )
    dates, closes = answer[0]
    today = _today()
    # a price of nothing is a gap too, and today's close may still move
    whole = (np.isfinite(closes) & (closes > 0)).all(axis=1) & (dates < np.datetime64(today))
    if not whole.any():
        raise BadParameterError(f"No prices came back for {names} in these dates; {advice}")
    found = Prices(tickers, dates[whole], closes[whole], _yahoo(today))
    _keep(_kept_in(tickers, start, end), found, today)
    return found


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
    return f"shipped are {', '.join(COMPANIES)}, from {FIRST_DAY} to {LAST_DAY}"
