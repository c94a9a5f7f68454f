"""Small layers, kept in memory as they are in their newest edition: zones, towns, shelters, stations.

What applies at a point is asked all day of the same few hundred features, and most of the time of the answer went into
finding them anew. Only for points, and for how things are today; whoever asks says which editions are kept, and the
database looks up itself what has a newer one. So nothing here can be out of date.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final
from uuid import UUID

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray

#: Features of a layer that is kept, at most: of a larger one an index of the database finds them faster.
MOST: Final = 5_000
#: How often an edition is asked for before it is kept: what is asked once is not read whole for that.
OFTEN: Final = 10

#: A feature near a point: metres of the plane to its border or, of a point or line, to itself; its key; whether the
#: point lies in it (areas); its properties as JSON.
Near = tuple[float, str, bool, str]


@dataclass(frozen=True, slots=True)
class _Layer:
    """The features of a layer: ``shapes`` in degrees, ``flat`` in metres of the plane."""

    edition: UUID
    keys: list[str]
    properties: list[str]
    shapes: NDArray[Any]
    flat: NDArray[Any]


class Index:
    """Layers as they are on a day, in one index, so that a point is looked up once for all of them."""

    def __init__(self, day: dt.date, layers: Mapping[str, _Layer]) -> None:
        self.day, self.layers = day, layers
        self.editions = {code: one.edition for code, one in layers.items()}
        self._codes = [*layers]
        of_layer = np.repeat(np.arange(len(layers)), [len(one.keys) for one in layers.values()])
        keys = [key for one in layers.values() for key in one.keys]
        properties = [said for one in layers.values() for said in one.properties]
        said = np.array([*zip(self._codes_of(of_layer), keys, properties, strict=True)], dtype=object).reshape(-1, 3)
        shapes = np.concatenate([[], *(one.shapes for one in layers.values())])
        flat = np.concatenate([[], *(one.flat for one in layers.values())])
        points = shapely.get_type_id(flat) == shapely.GeometryType.POINT
        self._of_point, self._said_of_point = of_layer[points], said[points].tolist()
        self._x, self._y = shapely.get_x(flat[points]), shapely.get_y(flat[points])
        self._have_shapes = np.isin(np.arange(len(layers)), of_layer[~points])
        self._of_shape, self._said_of_shape = of_layer[~points], said[~points].tolist()
        self._shapes, flat = shapes[~points], flat[~points]
        shapely.prepare(self._shapes)
        self._areas = shapely.get_dimensions(flat) == 2
        self._borders = np.where(self._areas, shapely.boundary(flat), flat)
        self._tree = shapely.STRtree(flat)

    def _codes_of(self, of_layer: NDArray[Any]) -> list[str]:
        return [self._codes[one] for one in of_layer.tolist()]

    def near(
        self, at: tuple[float, float], flat: tuple[float, float], reach: Mapping[str, float]
    ) -> dict[str, list[Near]]:
        """Of each of these layers what the point lies in, and what is within so many metres of it: the nearest first.

        ``at`` is the point in degrees, ``flat`` the same in metres of the plane.
        """
        x, y = flat
        metres = np.array([reach.get(code, -1.0) for code in self._codes])
        found: dict[str, list[Near]] = {code: [] for code in reach}
        away = np.hypot(self._x - x, self._y - y)
        for at_ in np.flatnonzero(away <= metres[self._of_point]).tolist():
            code, key, said = self._said_of_point[at_]
            found[code].append((float(away[at_]), key, False, said))
        several = np.unique(metres[self._have_shapes & (metres >= 0)])
        which, shapes = self._tree.query(shapely.box(x - several, y - several, x + several, y + several))
        within = metres[self._of_shape[shapes]]
        shapes, within = (one[within == several[which]] for one in (shapes, within))
        borders = shapely.distance(self._borders[shapes], shapely.points(x, y))
        inside = self._areas[shapes] & shapely.intersects_xy(self._shapes[shapes], *at)
        near = inside | (borders <= within)
        for at_, border, lies in zip(shapes[near].tolist(), borders[near].tolist(), inside[near].tolist(), strict=True):
            code, key, said = self._said_of_shape[at_]
            found[code].append((border, key, lies, said))
        for one in found.values():
            one.sort()
        return found

    def by_distance(self, code: str, flat: tuple[float, float]) -> list[tuple[float, str, str]]:
        """Of every feature of a layer, the nearest first: metres to it (none within it), key, properties as JSON."""
        layer = self.layers[code]
        metres = shapely.distance(layer.flat, shapely.points(*flat)).tolist()
        return sorted(zip(metres, layer.keys, layer.properties, strict=True))


_lock: Final = Lock()
_index = Index(dt.date.min, {})
#: By layer, an edition that is not kept and how often it was asked for; None where it is too large.
_asked: Final[dict[str, tuple[UUID, int | None]]] = {}


def index(day: dt.date) -> Index | None:
    """What is kept for that day; None where nothing is."""
    return _index if _index.day == day else None


def was_asked(layer: str, edition: UUID, day: dt.date, plane: int) -> None:
    """Somebody asked for a layer that is not kept in its newest edition: often enough, and it is.

    ``day`` is today, ``plane`` the EPSG code of the city's plane system.
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
    _asked[layer] = edition, 0 if rows and len(rows) <= MOST else None
    if not rows or len(rows) > MOST:
        return
    keys, properties, *shapes = zip(*rows, strict=True)
    degrees, flat = (shapely.from_wkb([bytes(shape) for shape in one]) for one in shapes)
    _keep(layer, day, _Layer(edition, [*keys], [*properties], degrees, flat))


def _keep(code: str, day: dt.date, layer: _Layer) -> None:
    global _index
    with _lock:
        others = _index.layers if _index.day == day else {}
        _index = Index(day, {**others, code: layer})


#: Nothing where another edition has come meanwhile.
_ALL: Final = """
    SELECT key, properties::text, ST_AsBinary(geom), ST_AsBinary(ST_Transform(geom, %(plane)s))
    FROM layer_feature
    WHERE layer = %(layer)s AND dropped_in_id IS NULL
      AND valid_from <= %(day)s AND (valid_until IS NULL OR valid_until > %(day)s)
      AND %(edition)s = (SELECT id FROM layer_edition WHERE layer = %(layer)s ORDER BY number DESC LIMIT 1)
    LIMIT %(most)s
"""
