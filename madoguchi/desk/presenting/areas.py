"""The cases of a list on the map of the city, and the same as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.queries import Filters, View
from madoguchi.desk.presenting.picture import Mark, Picture, picture
from madoguchi.desk.presenting.words import section_names
from madoguchi.desk.presenting.worklist import Choice, named, narrow, query_of, titles, url_of
from madoguchi.events import Actor
from madoguchi.procedures import queries as procedures


@dataclass(frozen=True, slots=True)
class TownLine:
    """A town with its figures, which lead to the cases behind them."""

    name: str
    count: int
    url: str
    late: int
    late_url: str

    @property
    def figures(self) -> tuple[str, str]:
        """Cases and late ones, as people read them."""
        return f"{self.count:,}", f"{self.late:,}"


@dataclass(frozen=True, slots=True)
class PointLine:
    """A case of which the point is known."""

    number: str
    procedure: str
    town: str
    url: str


@dataclass(frozen=True, slots=True)
class Towns:
    """Cases by town: picture (None without the layer of towns) and table."""

    picture: Picture | None
    lines: Sequence[TownLine]
    total: str
    late: bool


@dataclass(frozen=True, slots=True)
class MapPage:
    """All that ``desk/map.html`` shows. ``points`` is None where they are too many for a table of them."""

    title: str
    where: str
    view: str
    views: Sequence[Choice]
    procedures: Sequence[Choice]
    narrow: Mapping[str, Sequence[Choice]]
    days: Mapping[str, str]
    order: Sequence[tuple[str, str]]
    list_url: str
    clear_url: str
    towns: Towns
    points: Sequence[PointLine] | None
    most_points: int
    is_narrowed: bool


def map_page(by: Actor, view: View, filters: Filters) -> MapPage:
    """The list that was asked for, on the map. A town is what the map itself shows, so it narrows nothing here."""
    filters = replace(filters, town="", words="", sort=None, newest_first=None)
    views = titles()
    shown = cases.by_town(view, by, filters)
    points = cases.points(view, by, filters)
    names = {one.id: one.name for one in procedures.city().towns}
    said = named(view, filters)
    return MapPage(
        title=views[view],
        where=section_names(by.sections),
        view=view,
        views=[Choice(one, title, one == view) for one, title in views.items()],
        procedures=[Choice(key, title["ja"], key == filters.code) for key, title in cases.procedures_at(by)],
        narrow={name: choices for name, choices in narrow(view, filters, by).items() if name != "town"},
        days={name: value for name, value in said.items() if name in ("from", "until", "due")},
        order=[(name, value) for name, value in said.items() if name == "node"],
        list_url=url_of(view, filters),
        clear_url=reverse("desk:map") + query_of(view, Filters()),
        towns=_towns(views[view], shown, view, filters, _marks(points, view, by, filters)),
        points=[PointLine(one.number, one.title["ja"], names.get(one.town, ""), _case(one.number)) for one in points]
        if points is not None
        else None,
        most_points=cases.MOST_POINTS,
        is_narrowed=filters != Filters(),
    )


def towns_of_section(by: Actor) -> Towns:
    """The running cases of the section by town, and those of its list that are late."""
    running, late = cases.by_town("section", by), cases.by_town("late", by)
    return _towns(titles()["section"], running, "section", Filters(), [], late)


# -- within -----------------------------------------------------------------------------------------------------------


def _towns(
    title: str,
    shown: Mapping[str, int],
    view: View,
    filters: Filters,
    marks: Sequence[Mark],
    late: Mapping[str, int] = MappingProxyType({}),
) -> Towns:
    def url(town: str, of: View = view) -> str:
        return url_of(of, replace(filters, town=town))

    lines = [
        TownLine(one.name, shown.get(one.id, 0), url(one.id), late.get(one.id, 0), url(one.id, "late"))
        for one in procedures.city().towns
        if one.id in shown or one.id in late
    ]
    words = gettext("%(title)s（町ごとの件数）") % {"title": title}
    return Towns(
        picture(words, shown, url, marks, gettext("件")),
        sorted(lines, key=lambda one: -one.count),
        f"{sum(one.count for one in lines):,}",
        bool(late),
    )


def _marks(points: Sequence[cases.AtPoint] | None, view: View, by: Actor, filters: Filters) -> list[Mark]:
    """Each case that has a point; of many those that are near each other as one."""
    if points is None:
        near = cases.cells(view, by, filters)
        return [Mark(one.east, one.north, f"{one.count:,}{gettext('件')}", count=one.count) for one in near]
    return [Mark(one.east, one.north, f"{one.number} {one.title['ja']}", _case(one.number)) for one in points]


def _case(number: str) -> str:
    return reverse("desk:case", args=(number,))
