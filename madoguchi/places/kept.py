"""Small layers, kept in memory as they are in their newest edition: zones, towns, shelters, stations.

What applies at a point is asked all day of the same few hundred features, and most of the time of the answer went into
finding them anew. Only for points, and for how things are today; whoever asks says which edition is kept, and the
database looks up itself what has a newer one. So nothing here can be out of date.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final
from uuid import UUID

import numpy as np
import shapely
from django.db import connection

#: Features of a layer that is kept, at most: of a larger one an index finds them faster.
MOST: Final = 5_000
#: How often an edition is asked for before it is kept: what is asked once is not read whole for that.
OFTEN: Final = 10


@dataclass(frozen=True, slots=True)
class Near:
    """A feature near a point: its properties as JSON, whether the point lies in it (areas), and metres of the plane to
    its border or, of a point or line, to itself."""

    key: str
    properties: str
    inside: bool
    border: float


class Kept:
    """The features of one layer as they are on a day, each by its number: ``shapes`` in degrees, ``flat`` in metres."""

    def __init__(self, edition: UUID, day: dt.date, rows: Sequence[tuple[str, str, Any, Any]]) -> None:
        self.edition, self.day = edition, day
        self.keys = [key for key, _, _, _ in rows]
        self.properties = [said for _, said, _, _ in rows]
        self.flat = shapely.from_wkb([bytes(one) for _, _, _, one in rows])
        self.points = bool((shapely.get_type_id(self.flat) == shapely.GeometryType.POINT).all())
        if self.points:
            self.x, self.y = shapely.get_x(self.flat), shapely.get_y(self.flat)
            return
        self.shapes = shapely.from_wkb([bytes(one) for _, _, one, _ in rows])
        shapely.prepare(self.shapes)
        self.areas = shapely.get_dimensions(self.flat) == 2
        self.borders = np.where(self.areas, shapely.boundary(self.flat), self.flat)
        self.tree = shapely.STRtree(self.flat)

    def near(self, at: tuple[float, float], flat: tuple[float, float], reach: float, most: int | None) -> list[Near]:
        """What the point lies in, and what is within ``reach`` metres of it: the nearest first, ``most`` of them.

        ``at`` is the point in degrees, ``flat`` the same in metres of the plane.
        """
        x, y = flat
        if self.points:
            metres = np.hypot(self.x - x, self.y - y)
            found = np.flatnonzero(metres <= reach)
            borders, inside = metres[found].tolist(), repeat(False)
        else:
            found = self.tree.query(shapely.box(x - reach, y - reach, x + reach, y + reach))
            borders = shapely.distance(self.borders[found], shapely.points(x, y)).tolist()
            inside = (self.areas[found] & shapely.intersects_xy(self.shapes[found], *at)).tolist()
        near = [
            (border, self.keys[one], one, lies)
            for one, border, lies in zip(found.tolist(), borders, inside, strict=False)
            if lies or border <= reach
        ]
        near.sort()
        return [Near(key, self.properties[one], lies, border) for border, key, one, lies in near[:most]]

    def by_distance(self, flat: tuple[float, float]) -> list[tuple[float, str, str]]:
        """Of every feature, the nearest first: metres to it (none within it), key, properties as JSON."""
        metres = (
            np.hypot(self.x - flat[0], self.y - flat[1])
            if self.points
            else shapely.distance(self.flat, shapely.points(*flat))
        )
        return sorted(zip(metres.tolist(), self.keys, self.properties, strict=True))


_kept: Final[dict[str, Kept]] = {}
#: By layer, the edition that is not kept and how often it was asked for; None where it is too large.
_asked: Final[dict[str, tuple[UUID, int | None]]] = {}


def kept(layer: str, day: dt.date) -> Kept | None:
    """What is kept of a layer for that day; None where nothing is."""
    found = _kept.get(layer)
    return found if found is not None and found.day == day else None


def was_asked(layer: str, edition: UUID, day: dt.date, plane: int) -> None:
    """Somebody asked for a layer that is not kept in its newest edition: often enough, and it is.

    ``plane`` is the EPSG code of the city's plane system.
    """
    asked, times = _asked.get(layer, (edition, 0))
    if asked != edition:
        times = 0
    elif times is None:
        return
    if times < OFTEN:
        _asked[layer] = edition, times + 1
        return
    with connection.cursor() as cursor:
        cursor.execute(_ALL, {"layer": layer, "edition": edition, "day": day, "plane": plane, "most": MOST + 1})
        rows = cursor.fetchall()
    _asked[layer] = edition, None if len(rows) > MOST else 0
    if rows and len(rows) <= MOST:
        _kept[layer] = Kept(edition, day, rows)
    else:
        _kept.pop(layer, None)


#: Nothing where another edition has come meanwhile.
_ALL: Final = """
    SELECT key, properties::text, ST_AsBinary(geom), ST_AsBinary(ST_Transform(geom, %(plane)s))
    FROM layer_feature
    WHERE layer = %(layer)s AND dropped_in_id IS NULL
      AND valid_from <= %(day)s AND (valid_until IS NULL OR valid_until > %(day)s)
      AND %(edition)s = (SELECT id FROM layer_edition WHERE layer = %(layer)s ORDER BY number DESC LIMIT 1)
    LIMIT %(most)s
"""
