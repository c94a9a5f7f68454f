"""Where the cases of a list are: how many in each town, and those of which the point is known.

Exactly the cases of the list at the desk (``worklist.found``), but for whoever may not be found by place. So a figure
and the list behind it agree, and neither tells of anybody who is under 支援措置.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.contrib.gis.db.models import PointField
from django.contrib.gis.db.models.functions import Transform
from django.db.models import Avg, Count, F, FloatField, Func, QuerySet
from django.db.models.functions import Floor

from madoguchi.cases.models import Case
from madoguchi.cases.queries.worklist import NO_FILTERS, Filters, View, by_place, found, in_order
from madoguchi.events import Actor
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures

#: Cases that are points of their own on the map; of more those of a cell are one.
MOST_POINTS: Final = 300
#: A cell, in degrees of longitude and latitude: some 230 metres each way.
CELL: Final = (0.0025, 0.002)


@dataclass(frozen=True, slots=True)
class AtPoint:
    """A case with its point in metres of the city's plane (``city.yaml``; 大東市: EPSG:6674), east and north."""

    number: str
    title: LocalText
    town: str
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class InCell:
    """So many cases near each other, and their middle in metres of the city's plane."""

    count: int
    east: float
    north: float


def by_town(view: View, by: Actor, filters: Filters = NO_FILTERS) -> Mapping[str, int]:
    """The cases of a list by town (町字ID), those without one left out."""
    rows = by_place(found(view, by, filters).exclude(town="")).values("town").order_by("town")
    return dict(rows.annotate(count=Count("pk")).values_list("town", "count"))


def points(view: View, by: Actor, filters: Filters = NO_FILTERS) -> list[AtPoint] | None:
    """Those of the list of which the point is known, in its order; None where they are more than ``MOST_POINTS``."""
    rows = in_order(view, _placed(view, by, filters), filters).annotate(at=Transform("place__point", _plane()))
    some = rows.values_list("number", "procedure_id", "town", "at")[: MOST_POINTS + 1]
    seen = [
        AtPoint(number or "", procedures.package_of(key).procedure.title, town, at.x, at.y)
        for number, key, town, at in some
    ]
    return seen if len(seen) <= MOST_POINTS else None


def cells(view: View, by: Actor, filters: Filters = NO_FILTERS) -> list[InCell]:
    """The same, however many they are, counted by cell (``CELL``)."""
    lon, lat = (Func(F("place__point"), function=f"ST_{axis}", output_field=FloatField()) for axis in "XY")
    rows = _placed(view, by, filters).annotate(column=Floor(lon / CELL[0]), row=Floor(lat / CELL[1]))
    counted = rows.values("column", "row").order_by("column", "row").annotate(count=Count("pk"))
    middles = counted.annotate(at=_Middle(Avg(lon), Avg(lat), plane=_plane()))
    return [InCell(count, at.x, at.y) for count, at in middles.values_list("count", "at")]


class _Middle(Func):
    """A point of degrees in metres of the city's plane."""

    template = "ST_Transform(ST_Point(%(expressions)s, 4326), %(plane)s)"
    output_field = PointField()


def _placed(view: View, by: Actor, filters: Filters) -> QuerySet[Case]:
    return by_place(found(view, by, filters).filter(place__point__isnull=False))


def _plane() -> int:
    return procedures.city().file.plane
