"""Business days of a Japanese city hall: which days it is closed, and how deadlines in business days run.

Apart from the clock, because it is law, not time: 地方自治法4条の2 lets each city name its closed days by ordinance,
and every ordinance follows 行政機関の休日に関する法律1条: Saturdays, Sundays, national holidays, 12月29日–1月3日.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from typing import Final

from holidays import country_holidays

_DAY: Final = timedelta(days=1)
_WEEKEND: Final = {5: "土曜日", 6: "日曜日"}


@cache
def national_holidays(year: int) -> Mapping[date, str]:
    """The 国民の祝日 and 休日 of a year with their Japanese names (国民の祝日に関する法律, in force since 1948-07-20).

    Years to come follow the law as it stands; equinoxes after next February are computed, not yet announced.
    """
    return dict(sorted(country_holidays("JP", years=year, language="ja").items()))


@dataclass(frozen=True)
class Calendar:
    """The closed days of one city: the national ones and its own (`extra_closed`, such as a foundation day)."""

    extra_closed: frozenset[date] = frozenset()

    def why_closed(self, day: date) -> str | None:
        """The reason in Japanese why the city hall is closed on this day, None where it is open."""
        if holiday := national_holidays(day.year).get(day):
            return holiday
        if (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3):
            return "年末年始の休日"
        if day in self.extra_closed:
            return "市の休日"
        return _WEEKEND.get(day.weekday())

    def is_open(self, day: date) -> bool:
        """Whether this day counts as a business day (開庁日)."""
        return self.why_closed(day) is None

    def next_open(self, day: date) -> date:
        """The day itself or the next open one, on which a time limit ends that falls on it (地方自治法4条の2第4項)."""
        while not self.is_open(day):
            day += _DAY
        return day

    def add(self, day: date, n: int) -> date:
        """The n-th business day after a day, which itself is not counted (初日不算入, 民法140条).

        With n = 0 the day itself, open or not. Raises ValueError for a negative n.
        """
        if n < 0:
            raise ValueError("a period of business days runs forward: n must not be negative")
        while n:
            day += _DAY
            n -= self.is_open(day)
        return day

    def between(self, start: date, end: date) -> int:
        """How many business days lie after `start` up to and including `end`; negative where `end` is earlier.

        The inverse of `add`: `between(d, add(d, n)) == n`.
        """
        if end < start:
            return -self.between(end, start)
        whole = sum(_open_days(self, year)[-1] for year in range(start.year, end.year))
        return whole + _open_days(self, end.year)[_day_of(end)] - _open_days(self, start.year)[_day_of(start)]


def _day_of(day: date) -> int:
    return day.timetuple().tm_yday


@cache
def _open_days(calendar: Calendar, year: int) -> tuple[int, ...]:
    """How many days of the year up to its n-th (n from 0) are open: lists count days for each of their lines."""
    first = date(year, 1, 1)
    days = range((date(year, 12, 31) - first).days + 1)
    return (0, *accumulate(calendar.is_open(first + one * _DAY) for one in days))


JAPAN: Final = Calendar()
"""Closed on national closed days only."""
