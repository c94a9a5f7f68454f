"""A layer that is counted from cases: how many people of each town, and so few words of it that nobody is told.

What is published of a town is the count rounded down to a multiple of the threshold: below it, only that it is below.
Whoever knows the whole city's exact total (the public figures say it) learns of a town below the threshold neither a
number nor that there is anybody; see ADR 0053 for what is assumed. This rests on three things, and each is kept here or
by the check: a person and a case stand in one figure only (no two layers count the same, periods do not overlap), a
figure is published once (a period that is over is never counted again), and totals are never published beside.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from madoguchi.ground.errors import Invalid

Period = Literal["month", "quarter", "year"]
"""Calendar months, the quarters of the calendar, fiscal years (from April)."""
Measure = Literal["applicants"]
"""applicants: persons of whom a request was received. Persons are counted, not cases: ten cases may be one person's."""

#: Below this nothing is said of anybody anywhere in the house (``cases.queries.opendata``).
LEAST: Final = 10
_MONTHS: Final[Mapping[Period, int]] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Counted:
    """What a layer counts: ``measure`` over these procedures, for periods that are over, from the day ``since`` on.

    ``threshold``: figures are multiples of it, at least ``LEAST``.
    """

    measure: Measure
    procedures: tuple[str, ...]
    period: Period
    since: dt.date
    threshold: int

    def overlaps(self, other: "Counted") -> bool:
        """Whether a case could stand in figures of both: from their difference a third figure would follow."""
        return not set(self.procedures).isdisjoint(other.procedures)

    def latest(self, today: dt.date) -> tuple[dt.date, dt.date] | None:
        """First day of the last period that is over, and the first day after it; None while none is."""
        until = _begin(self.period, today)
        since = _earlier(until, _MONTHS[self.period])
        return (since, until) if since >= self.since else None


def _begin(period: Period, day: dt.date) -> dt.date:
    """The first day of the period in which a day is."""
    match period:
        case "month":
            return day.replace(day=1)
        case "quarter":
            return dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "year":
            return dt.date(day.year if day.month >= 4 else day.year - 1, 4, 1)


def _earlier(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months before (the first days of months only)."""
    count = day.year * 12 + day.month - 1 - months
    return dt.date(count // 12, count % 12 + 1, day.day)


def rounded(counts: Mapping[str, int], threshold: int) -> dict[str, int]:
    """Each count (zeros among them) down to a multiple of ``threshold``; 0 says: below it.

    What was rounded off all together is what the exact total adds. A town may always have none of it, unless the others
    cannot hold it: then, and where there is one town only, the total would prove that somebody is there, and nothing
    can be published. Raises Invalid ``figures-too-tight``.
    """
    shown = {town: count // threshold * threshold for town, count in counts.items()}
    off = sum(counts.values()) - sum(shown.values())
    if len(counts) < 2 or off > (len(counts) - 1) * (threshold - 1):
        raise Invalid("figures-too-tight", "この区切りでは、合計から町ごとの人数が分かってしまうため、公表できません。")
    return shown


def band(shown: int, threshold: int) -> str:
    """A rounded figure as the range that it stands for: 0–9, 10–19."""
    return f"{shown}–{shown + threshold - 1}"
