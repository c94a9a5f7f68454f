"""The one clock: the only place that asks the machine for the time, so that tests and demos can travel.

Moments are aware and in UTC; days are days in Asia/Tokyo, because periods of law count days in Japan.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")

_travelled: ContextVar[datetime | None] = ContextVar("travelled", default=None)


def now() -> datetime:
    """This moment, aware, in UTC."""
    return _travelled.get() or datetime.now(UTC)  # noqa: TID251 -- the one place that may ask the machine


def today() -> date:
    """The calendar day it is now in Japan (Asia/Tokyo)."""
    return day_of(now())


def day_of(moment: datetime) -> date:
    """The calendar day in Japan on which an aware moment falls. Raises ValueError for a naive one."""
    return in_tokyo(moment).date()


def in_tokyo(moment: datetime) -> datetime:
    """The same moment on a Japanese wall clock. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no moment: attach a time zone")
    return moment.astimezone(TOKYO)


@contextmanager
def travel(at: datetime | date) -> Iterator[datetime]:
    """Let the clock stand still at a moment; a date means its noon in Japan. Journeys nest.

    Holds for the current context only: a thread started inside keeps the machine's time.
    """
    if not isinstance(at, datetime):
        at = datetime.combine(at, time(12), tzinfo=TOKYO)
    moment = in_tokyo(at).astimezone(UTC)
    token = _travelled.set(moment)
    try:
        yield moment
    finally:
        _travelled.reset(token)
