"""What a layer of the map counts of cases, by town. Nobody is shown these figures: they are rounded first."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

from django.db.models import Count

from madoguchi.cases.models import Case
from madoguchi.cases.queries.worklist import by_place
from madoguchi.ground import clock
from madoguchi.places.rules.counted import Counted, Measure


def counted(what: Counted, since: dt.date, until: dt.date) -> dict[str, int]:
    """By 町字ID, of a period (``until`` is the first day after it). Nobody under 支援措置 is among them."""
    cases = Case.objects.filter(
        procedure__code__in=what.procedures, received_at__gte=_midnight(since), received_at__lt=_midnight(until)
    )
    rows = by_place(cases.exclude(town="")).values("town").order_by("town")
    return dict(rows.annotate(count=_MEASURES[what.measure]()).values_list("town", "count"))


_MEASURES: Final[Mapping[Measure, Callable[[], Count]]] = {"applicants": lambda: Count("person", distinct=True)}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), clock.TOKYO)
