"""How many ended digitally, how long they really took, where they fell out: asked of the table, counted by the job."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import TruncDate

from madoguchi.cases.models import Case, Ease, Figures, Opinion, Step
from madoguchi.ground import clock
from madoguchi.ground.calendar import Calendar
from madoguchi.ground.clock import TOKYO
from madoguchi.messages.queries import unread_letters
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

#: The cases that count: begun in this long before now.
PERIOD: Final = dt.timedelta(days=365)
#: A draft that nobody has touched for this long is taken for given up.
GIVEN_UP: Final = dt.timedelta(days=30)

#: Answers that the city knew.
_KNOWN: Final = ("known_taken", "known_retyped")
#: A step that was executed off the screen.
BROKEN: Final = Q(done_at__isnull=False) & ~Q(channel="screen") & ~Q(outcome="cancelled")


def figures() -> dict[str, Figures]:
    """The figures of every procedure that has any, by code, as they were counted last."""
    return {one.code: one for one in Figures.objects.all()}


def count() -> list[Figures]:
    """Count everything anew, in six statements whatever the number of procedures."""
    now = clock.now()
    # A life event takes no step of its own: how it went is how its parts went.
    journeys = Procedure.objects.annotate(kind=KT("data__procedure__kind")).filter(kind="journey")
    cohort = Case.objects.filter(opened_at__gte=now - PERIOD).exclude(procedure__in=journeys.values("pk"))
    # Sets and not one question for each case: both are read once and hashed.
    broken = Q(pk__in=Step.objects.filter(BROKEN).values("case"))
    unread = Q(pk__in=unread_letters().values("about"))
    ended = Q(closed_at__isnull=False)
    lines = (
        cohort.annotate(broken=broken, unread=unread)
        .values("procedure__code")
        .annotate(
            started=Count("pk"),
            submitted=Count("pk", filter=Q(received_at__isnull=False)),
            decided=Count("pk", filter=Q(decided_at__isnull=False)),
            ended=Count("pk", filter=ended),
            digital=Count("pk", filter=ended & Q(broken=False)),
            received=Count("pk", filter=ended & Q(broken=False, unread=False)),
            abandoned=Count("pk", filter=Q(received_at=None) & Q(saved_at__lt=now - GIVEN_UP)),
            withdrawn=Count("pk", filter=Q(received_at__isnull=False, withdrawn_at__isnull=False)),
            known_taken=Sum("known_taken"),
            known_retyped=Sum("known_retyped"),
        )
        .order_by("procedure__code")
    )
    days, breaks, ease, channels = _days(now), _breaks(now), _ease(now), _channels(cohort)
    names = ("started", "submitted", "decided", "ended", "digital", "received", "abandoned", "withdrawn", *_KNOWN)
    result = []
    for line in lines:
        code = line["procedure__code"]
        median, slow = days.get(code, (None, None))
        there: Mapping[str, Any] = line
        counted = {name: there[name] for name in names}
        more = {
            "breaks": breaks.get(code, {}),
            "ease": ease.get(code, [0] * len(Ease)),
            "channels": channels.get(code, {}),
        }
        result.append(Figures(code=code, counted_at=now, median_days=median, slow_days=slow, **more, **counted))
    return result


def _days(now: dt.datetime) -> dict[str, tuple[int, int]]:
    """Procedure → business days from receipt to end: the median, and what nine in ten took at most."""
    pairs = (
        Case.objects.filter(opened_at__gte=now - PERIOD, closed_at__isnull=False)
        .annotate(first=TruncDate("received_at", tzinfo=TOKYO), last=TruncDate("closed_at", tzinfo=TOKYO))
        .values_list("procedure__code", "first", "last")
        .annotate(cases=Count("pk"))
        .order_by("procedure__code")
    )
    lasted: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    numbered = _numbered(procedures.calendar(), clock.day_of(now) - PERIOD, clock.day_of(now))
    for code, first, last, cases in pairs:
        lasted[code][max(0, numbered[last] - numbered[first])] += cases
    return {code: (_share(there, 0.5), _share(there, 0.9)) for code, there in lasted.items()}


def _numbered(calendar: Calendar, first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Each day with the number of business days up to it: the difference of two is what lies between."""
    result, number = {}, 0
    for offset in range((last - first).days + 2):
        day = first + dt.timedelta(days=offset)
        number += calendar.is_open(day)
        result[day] = number
    return result


def _share(lasted: dict[int, int], share: float) -> int:
    """The days within which this share of the cases was done."""
    most, so_far = share * sum(lasted.values()), 0
    for days in sorted(lasted):
        so_far += lasted[days]
        if so_far >= most:
            return days
    return max(lasted)


def _breaks(now: dt.datetime) -> dict[str, dict[str, list[str | int]]]:
    """Procedure → node → channel and how many cases left the screen there."""
    lines = (
        Step.objects.filter(BROKEN, case__opened_at__gte=now - PERIOD)
        .values_list("case__procedure__code", "node", "channel")
        .annotate(cases=Count("case", distinct=True))
        .order_by("case__procedure__code", "-cases")
    )
    result: dict[str, dict[str, list[str | int]]] = defaultdict(dict)
    for code, node, channel, cases in lines:
        result[code].setdefault(node, [channel, cases])
    return result


def _channels(cohort: QuerySet[Case]) -> dict[str, dict[str, int]]:
    """Procedure → by which channel the submitted came in → how many."""
    lines = (
        cohort.filter(received_at__isnull=False)
        .values_list("procedure__code", "channel")
        .annotate(cases=Count("pk"))
        .order_by("procedure__code", "-cases")
    )
    result: dict[str, dict[str, int]] = defaultdict(dict)
    for code, channel, cases in lines:
        result[code][channel] = cases
    return result


def _ease(now: dt.datetime) -> dict[str, list[int]]:
    """Procedure → answers to the question after the end, hardest first."""
    lines: Iterable[tuple[str, int, int]] = (
        Opinion.objects.filter(case__opened_at__gte=now - PERIOD)
        .values_list("case__procedure__code", "ease")
        .annotate(given=Count("pk"))
        .order_by("case__procedure__code")
    )
    result: dict[str, list[int]] = defaultdict(lambda: [0] * len(Ease))
    for code, ease, given in lines:
        result[code][ease - 1] = given
    return result
