"""What the map knows: what applies at a point, and what a layer holds now, on a day, or as it was known then."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection

from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.places.models import Edition
from madoguchi.places.rules.applying import Applies, Hit, answer
from madoguchi.places.rules.layer import JAPAN, STORED, Audience, Layer, includes

#: Metres of a degree of latitude, and of longitude at the latitude of the south: for looking around, not for measuring.
_LATITUDE: Final = 110_574.0


@dataclass(frozen=True, slots=True)
class Where:
    """A point: degrees of JGD2011 longitude and latitude. Raises Invalid outside of Japan."""

    lon: float
    lat: float

    def __post_init__(self) -> None:
        west, south, east, north = JAPAN
        if not (west <= self.lon <= east and south <= self.lat <= north):
            raise Invalid("out-of-japan", "日本の外の場所です。")


def applies(
    layers: Iterable[Layer], at: Where, plane: int, *, reader: Audience = "public", on: dt.date | None = None
) -> list[Applies]:
    """What each of these layers says about the point, for this reader, as things were ``on`` that day (today).

    One statement for all of them. ``plane`` is the EPSG code of the city's plane rectangular system, in which metres
    are measured (大東市: 6674, JGD2011 系VI). Layers that are not for the reader are left out, and so are attributes.
    """
    asked = [one for one in layers if includes(one.see, reader)]
    if not asked:
        return []
    reach = [max(one.accuracy, one.near) for one in asked]
    with connection.cursor() as cursor:
        cursor.execute(
            _AT,
            {
                "lon": at.lon,
                "lat": at.lat,
                "stored": STORED,
                "plane": plane,
                "on": on or clock.today(),
                "layers": [one.code for one in asked],
                "reach": reach,
                "north": max(reach) / _LATITUDE,
                "east": max(reach) / (_LATITUDE * 0.75),
            },
        )
        rows = cursor.fetchall()
    hits: dict[str, list[Hit]] = {one.code: [] for one in asked}
    seen = {one.code: {attribute.key for attribute in one.seen_by(reader)} for one in asked}
    for layer, key, properties, inside, border in rows:
        told = {name: value for name, value in json.loads(properties).items() if name in seen[layer]}
        hits[layer].append(Hit(key, told, inside, border))
    known = loaded(one.code for one in asked)
    return [answer(one, hits[one.code]) for one in asked if one.code in known]


#: The box looks into the index; what is within reach is measured in metres of the plane, and of an area to its border.
_AT: Final = """
    WITH here AS (
        SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(stored)s) AS point,
               ST_Transform(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(stored)s), %(plane)s) AS flat
    ), asked AS (
        SELECT * FROM unnest(%(layers)s::text[], %(reach)s::float8[]) AS one (layer, reach)
    ), around AS (
        SELECT f.layer, f.key, f.properties, asked.reach, ST_Intersects(f.geom, here.point) AS inside,
               ST_Distance(CASE WHEN ST_Dimension(f.geom) = 2 THEN ST_Transform(ST_Boundary(f.geom), %(plane)s)
                                ELSE ST_Transform(f.geom, %(plane)s) END, here.flat) AS border
        FROM here, layer_feature f JOIN asked USING (layer)
        WHERE f.geom && ST_Expand(here.point, %(east)s, %(north)s)
          AND f.dropped_in_id IS NULL AND f.valid_from <= %(on)s AND (f.valid_until IS NULL OR f.valid_until > %(on)s)
    )
    SELECT layer, key, properties::text, inside, border FROM around WHERE inside OR border <= reach ORDER BY border, key
"""


def loaded(codes: Iterable[str]) -> frozenset[str]:
    """Those of these layers of which something was taken in."""
    return frozenset(Edition.objects.filter(layer__in=list(codes)).values_list("layer", flat=True).distinct())


def newest() -> Mapping[str, Edition]:
    """The newest edition of each layer."""
    return {one.layer: one for one in Edition.objects.order_by("layer", "-number").distinct("layer")}
