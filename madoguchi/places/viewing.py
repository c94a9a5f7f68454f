"""What lies in a view of the map, feature by feature, and how long a line is: what eyes take from a map, in words.

Apart from queries, because it is about a picture of the map and not about a place: a list for those who cannot see it,
what was pointed at, what was measured.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args
from uuid import UUID

from django.db import connection

from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.places.models import Edition
from madoguchi.places.ordering import Order, value
from madoguchi.places.queries import Where
from madoguchi.places.rules.layer import STORED, Kind, Layer, Reader, includes

#: Features of a layer that are listed, and points of a line that is measured.
MOST: Final = 50
MOST_POINTS: Final = 500


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map: degrees of JGD2011. Raises Invalid where it is none, or outside of Japan."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        Where(self.west, self.south)
        Where(self.east, self.north)
        if not (self.west < self.east and self.south < self.north):
            raise Invalid("no-such-box", "地図の範囲が正しくありません。")

    @property
    def middle(self) -> Where:
        return Where((self.west + self.east) / 2, (self.south + self.north) / 2)


@dataclass(frozen=True, slots=True)
class InView:
    """A feature that is in the view: what the reader may know of it, a point on it, and metres from the middle."""

    id: UUID
    layer: str
    properties: Mapping[str, Any]
    at: Where
    metres: float


def in_view(
    layers: Sequence[Layer],
    box: Box,
    plane: int,
    *,
    reader: Reader,
    on: dt.date | None = None,
    most: int = MOST,
    orders: Mapping[str, Order] | None = None,
) -> dict[str, list[InView]]:
    """The features of these layers in the box as things were ``on`` that day (today), by layer, the nearest to its
    middle first, at most ``most`` of each and one more where there are more. Metres are of the ``plane``.

    ``orders``: of which layer (its code) they come in another order: the first of all that are in the box, what says
    nothing last. An order by what the reader may not know is none, because it would tell.
    """
    seen = {
        one.code: {each.key for each in one.seen_by(reader(one))} for one in layers if includes(one.see, reader(one))
    }
    if not seen:
        return {}
    ordered = {code: one for code, one in (orders or {}).items() if one.by.key in seen.get(code, ())}
    given: dict[str, Any] = {
        "box": [box.west, box.south, box.east, box.north],
        "layers": [code for code in seen if code not in ordered],
        "stored": STORED,
        "plane": plane,
        "day": on or clock.today(),
        "most": most + 1,
    }
    rows: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        if given["layers"]:
            cursor.execute(_IN_VIEW, given)
            rows += cursor.fetchall()
        for code, order in ordered.items():
            cursor.execute(_IN_ORDER[order.by.kind, order.down], given | order.given | {"layer": code})
            rows += cursor.fetchall()
    found: dict[str, list[InView]] = {code: [] for code in seen}
    for id_, layer, properties, lon, lat, metres in rows:
        told = {key: value for key, value in json.loads(properties).items() if key in seen[layer]}
        found[layer].append(InView(id_, layer, told, Where(lon, lat), metres))
    return found


_IN_VIEW: Final = """
    WITH view AS (
        SELECT ST_MakeEnvelope((%(box)s::float8[])[1], (%(box)s::float8[])[2], (%(box)s::float8[])[3],
                               (%(box)s::float8[])[4], %(stored)s) AS box
    ), middle AS (SELECT box, ST_Transform(ST_Centroid(box), %(plane)s) AS flat FROM view)
    SELECT near.id, asked.layer, near.properties::text, ST_X(near.at), ST_Y(near.at), near.metres
    FROM middle, unnest(%(layers)s::text[]) AS asked (layer), LATERAL (
        SELECT f.id, f.properties, ST_PointOnSurface(f.geom) AS at,
               ST_Distance(ST_Transform(f.geom, %(plane)s), middle.flat) AS metres
        FROM layer_feature f
        WHERE f.layer = asked.layer AND hashtext(f.layer) = hashtext(asked.layer)
          AND f.geom && middle.box AND ST_Intersects(f.geom, middle.box)
          AND f.dropped_in_id IS NULL AND f.valid_from <= %(day)s AND (f.valid_until IS NULL OR f.valid_until > %(day)s)
        ORDER BY metres, f.key LIMIT %(most)s
    ) AS near
"""


# What is in the box is put in order by its words alone; only of what is listed it is asked where it lies.
_ORDERED: Final = """
    WITH view AS (
        SELECT ST_MakeEnvelope((%(box)s::float8[])[1], (%(box)s::float8[])[2], (%(box)s::float8[])[3],
                               (%(box)s::float8[])[4], %(stored)s) AS box
    ), first AS (
        SELECT f.id, f.properties, f.geom, f.key, {value} AS value
        FROM layer_feature f, view
        WHERE f.layer = %(layer)s AND hashtext(f.layer) = hashtext(%(layer)s)
          AND f.geom && view.box AND ST_Intersects(f.geom, view.box)
          AND f.dropped_in_id IS NULL AND f.valid_from <= %(day)s AND (f.valid_until IS NULL OR f.valid_until > %(day)s)
        ORDER BY value {way} NULLS LAST, f.key, f.id LIMIT %(most)s
    )
    SELECT first.id, %(layer)s, first.properties::text, ST_X(place.at), ST_Y(place.at),
           ST_Distance(ST_Transform(first.geom, %(plane)s), ST_Transform(ST_Centroid(view.box), %(plane)s))
    FROM first, view, LATERAL (SELECT ST_PointOnSurface(first.geom) AS at) AS place
    ORDER BY first.value {way} NULLS LAST, first.key, first.id
"""
_IN_ORDER: Final = {
    (kind, down): _ORDERED.format(value=value(kind, "f"), way="DESC" if down else "ASC")
    for kind in get_args(Kind)
    for down in (False, True)
}


def days_of(codes: Sequence[str]) -> dict[str, list[dt.date]]:
    """Of each of these layers the days on which something changed, the first first."""
    found: dict[str, list[dt.date]] = {}
    rows = Edition.objects.filter(layer__in=codes).values_list("layer", "as_of").distinct().order_by("layer", "as_of")
    for layer, day in rows:
        found.setdefault(layer, []).append(day)
    return found


@dataclass(frozen=True, slots=True)
class Measured:
    """Metres along a line, and square metres within it where it was closed; both of the plane."""

    metres: float
    square_metres: float | None


def measure(points: Sequence[tuple[float, float]], plane: int, *, closed: bool) -> Measured:
    """How long the line through these points (longitude, latitude) is, and how much it encloses where it is ``closed``.

    Computed in the city's plane, whose error of scale is at most one in ten thousand (平面直角座標系). Raises Invalid.
    """
    if not (3 if closed else 2) <= len(points) <= MOST_POINTS:
        raise Invalid("points-too-few", "点の数が足りないか、多すぎます。")
    for lon, lat in points:
        Where(lon, lat)
    ring = [*points, points[0]] if closed else list(points)
    given: dict[str, Any] = {
        "lons": [one[0] for one in ring],
        "lats": [one[1] for one in ring],
        "stored": STORED,
        "plane": plane,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEASURED, given | {"closed": closed})
        metres, square, simple = cursor.fetchone()
    if closed and not simple:
        raise Invalid("line-crosses", "線が交わっているので、面積を測れません。")
    return Measured(metres, square)


_MEASURED: Final = """
    WITH line AS (
        SELECT ST_Transform(
                   ST_SetSRID(ST_MakeLine(ST_MakePoint(lon, lat) ORDER BY place), %(stored)s), %(plane)s) AS flat
        FROM unnest(%(lons)s::float8[], %(lats)s::float8[]) WITH ORDINALITY AS one (lon, lat, place)
    )
    SELECT ST_Length(flat), CASE WHEN %(closed)s AND ST_IsSimple(flat) THEN ST_Area(ST_MakePolygon(flat)) END,
           ST_IsSimple(flat)
    FROM line
"""
