"""Figures for everybody, by procedure, without numbers so small that they would be about somebody."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, Final

from madoguchi.cases.models import Figures
from madoguchi.ground import clock

#: A number of cases below this (but zero) is not published: in a small town it would be somebody.
HIDDEN_BELOW: Final = 10


@dataclass(frozen=True, slots=True)
class Measured:
    """One procedure over the last twelve months, as counted on ``counted_on``; None where the number is too small."""

    code: str
    counted_on: dt.date
    submitted: int | None
    ended: int | None
    digital: int | None
    median_business_days: int | None
    slow_business_days: int | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"counted_on": self.counted_on.isoformat()}


def measured() -> list[Measured]:
    """All procedures that were counted, by code."""
    return [publishable(one) for one in Figures.objects.order_by("code")]


def publishable(one: Figures) -> Measured:
    """What may be published of one procedure.

    Nor is a number that gives a small one away when it is taken from its neighbour: so few that were not digital
    hide how many were; so few that have not ended hide how many were submitted.
    """

    def small(count: int) -> bool:
        return 0 < count < HIDDEN_BELOW

    ended = None if small(one.ended) else one.ended
    digital = None if ended is None or small(one.digital) or small(one.ended - one.digital) else one.digital
    told = small(one.submitted) or (ended is not None and small(one.submitted - one.ended))
    days = ended is not None and one.ended >= HIDDEN_BELOW
    return Measured(
        code=one.code,
        counted_on=clock.day_of(one.counted_at),
        submitted=None if told else one.submitted,
        ended=ended,
        digital=digital,
        median_business_days=one.median_days if days else None,
        slow_business_days=one.slow_days if days else None,
    )
