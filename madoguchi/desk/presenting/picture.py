"""A picture of the city with a figure for each town: shades and a legend, to stand beside the table that says the same.

Drawn on the server as SVG, so that it needs no script, prints, and every town in it leads to what the table leads to.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from madoguchi.places.outlines import Outlines, outlines
from madoguchi.procedures import queries as procedures

#: Shades from 1 (least) on; a town without any is 0.
SHADES: Final = 4
#: A point is as wide as this part of the picture. Where points stand for several, those of the most are as wide as fits
#: into a cell (``cases.queries.areas.CELL``) and the others are less by area.
_POINT: Final = 0.006
_LEAST, _MOST = 0.004, 0.015


@dataclass(frozen=True, slots=True)
class Town:
    """A town as it is drawn. ``title`` is read out, and shown beneath the pointer; ``url`` may be empty."""

    path: str
    shade: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a point, in metres east and north; ``count`` of them where several are one. ``url`` may be empty."""

    east: float
    north: float
    title: str
    url: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Dot:
    """A point, in the units of the picture."""

    x: str
    y: str
    radius: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All that ``desk/_picture.html`` draws. ``box``: the SVG's viewBox; ``together``: a dot may stand for several;
    ``area``: the path of what is shown among the towns."""

    title: str
    box: str
    towns: Sequence[Town]
    rest: Sequence[str]
    dots: Sequence[Dot]
    together: bool
    legend: Sequence[tuple[int, str]]
    credit: str
    area: str = ""


def picture(
    title: str,
    figures: Mapping[str, int],
    url: Callable[[str], str],
    marks: Sequence[Mark] = (),
    unit: str = "",
) -> Picture | None:
    """Figures by 町字ID; ``url`` leads from a town to what is behind its figure. None where the layer of the towns has
    not been taken in: then the table says all.
    """
    city = procedures.city()
    shapes = outlines(procedures.gazetteer(), procedures.layers().values(), city.file.plane)
    if shapes is None:
        return None
    names = {one.id: one.name for one in city.towns}
    ends = bands(max(figures.values(), default=0))
    return Picture(
        title,
        _box(shapes),
        [
            Town(
                path,
                shade_of(figures.get(town, 0), ends),
                f"{names.get(town, town)}　{figures.get(town, 0):,}{unit}",
                url(town) if figures.get(town) else "",
            )
            for town, path in sorted(shapes.paths.items())
        ],
        shapes.rest,
        list(_dots(marks, shapes.box[2])),
        any(one.count > 1 for one in marks),
        _legend(ends, unit),
        shapes.credit,
    )


def _dots(marks: Sequence[Mark], width: float) -> Iterator[Dot]:
    """The largest first, so that none hides another."""
    most = max((one.count for one in marks), default=1)
    for one in sorted(marks, key=lambda one: -one.count):
        share = _LEAST + (_MOST - _LEAST) * math.sqrt(one.count / most) if most > 1 else _POINT
        yield Dot(f"{one.east:.0f}", f"{-one.north:.0f}", f"{share * width:.0f}", one.title, one.url)


def area_picture(title: str, *, towns: Collection[str] = (), path: str = "") -> Picture | None:
    """An area among the towns: some of them (町字ID), or a path in metres of the city's plane. None as above."""
    city = procedures.city()
    shapes = outlines(procedures.gazetteer(), procedures.layers().values(), city.file.plane)
    if shapes is None:
        return None
    names = {one.id: one.name for one in city.towns}
    drawn = [Town(one, 0, names.get(town, town), "") for town, one in sorted(shapes.paths.items())]
    area = path or " ".join(shapes.paths[one] for one in towns if one in shapes.paths)
    return Picture(title, _box(shapes), drawn, shapes.rest, (), False, (), shapes.credit, area)


def _box(shapes: Outlines) -> str:
    west, top, width, height = shapes.box
    margin = 0.01 * width
    return f"{west - margin:.0f} {top - margin:.0f} {width + 2 * margin:.0f} {height + 2 * margin:.0f}"


def bands(most: int) -> tuple[int, ...]:
    """The last figure of each shade, rising, the last of them ``most``; none for nothing."""
    ends = {math.ceil(most * number / SHADES) for number in range(1, SHADES + 1)}
    return tuple(sorted(ends - {0}))


def shade_of(figure: int, ends: Sequence[int]) -> int:
    """1 for the lowest band, and 0 for nothing; with fewer bands the darkest is still the last."""
    if figure <= 0:
        return 0
    band = next(number for number, end in enumerate(ends) if figure <= end)
    return band + 1 + (SHADES - len(ends))


def _legend(ends: Sequence[int], unit: str) -> list[tuple[int, str]]:
    found = [(0, gettext("なし"))]
    first = 1
    for end in ends:
        words = f"{first:,}{unit}" if first == end else f"{first:,}〜{end:,}{unit}"
        found.append((shade_of(end, ends), words))
        first = end + 1
    return found
