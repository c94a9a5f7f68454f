"""Where the cases of a list are: how many in each town, and those of which the point is known.

Exactly the cases of the list at the desk (``worklist.found``), but for whoever may not be found by place. So a figure
and the list behind it agree, and neither tells of anybody who is under 支援措置.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.contrib.gis.db.models.functions import Transform
from django.db.models import Count

from madoguchi.cases.queries.worklist import NO_FILTERS, Filters, View, by_place, found, in_order
from madoguchi.events import Actor
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures

#: Cases beyond which nothing is drawn: the list is to be narrowed first. Of each it is asked whether anybody is
#: protected, which takes a good part of a millisecond.
MOST_CASES: Final = 2_000
#: Points that are drawn.
MOST_POINTS: Final = 300


@dataclass(frozen=True, slots=True)
class AtPoint:
    """A case with its point in metres of the city's plane (``city.yaml``; 大東市: EPSG:6674), east and north."""

    number: str
    title: LocalText
    town: str
    east: float
    north: float


def by_town(view: View, by: Actor, filters: Filters = NO_FILTERS) -> Mapping[str, int] | None:
    """The cases of a list by town (町字ID), those without one left out; None where there are too many to draw."""
    cases = found(view, by, filters)
    if cases.order_by()[: MOST_CASES + 1].count() > MOST_CASES:
        return None
    rows = by_place(cases.exclude(town="")).values("town").order_by("town")
    return dict(rows.annotate(count=Count("pk")).values_list("town", "count"))


def points(view: View, by: Actor, filters: Filters = NO_FILTERS) -> list[AtPoint]:
    """Those of the list of which the point is known, in its order, at most ``MOST_POINTS``."""
    plane = procedures.city().file.plane
    cases = by_place(found(view, by, filters).filter(place__point__isnull=False))
    rows = in_order(view, cases, filters).annotate(at=Transform("place__point", plane))
    return [
        AtPoint(number or "", procedures.package_of(key).procedure.title, town, at.x, at.y)
        for number, key, town, at in rows.values_list("number", "procedure_id", "town", "at")[:MOST_POINTS]
    ]
