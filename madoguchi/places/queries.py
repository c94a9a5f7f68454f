"""What the map knows: what applies at a point, and what a layer holds now, on a day, or as it was known then."""

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal
from uuid import UUID

from django.db import connection

from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.places.models import Edition
from madoguchi.places.rules.addressing import MAX_LENGTH, Gazetteer
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
    layers: Iterable[Layer],
    at: Where,
    plane: int,
    *,
    reader: Audience = "public",
    on: dt.date | None = None,
    error: float = 0.0,
) -> list[Applies]:
    """What each of these layers says about the point, for this reader, as things were ``on`` that day (today).

    One statement for all of them. ``plane`` is the EPSG code of the city's plane rectangular system, in which metres
    are measured (大東市: 6674, JGD2011 系VI). Layers that are not for the reader are left out, and so are attributes.
    ``error``: how many metres from there it may be (an address is known as far as its town): what is nearer to a border
    than that is not known.
    """
    asked = [one for one in layers if one.told and includes(one.see, reader)]
    if not asked:
        return []
    reach = [max(one.accuracy, one.near, error) for one in asked]
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
    return [answer(one, hits[one.code], error) for one in asked if one.code in known]


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


# -- finding places ---------------------------------------------------------------------------------------------------

#: Candidates that are given back.
MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Located:
    """A place that may be meant. ``error``: metres within which it lies; ``exact``: written so, but for spelling.

    ``level``: lot, town, area as :mod:`rules.addressing` has them; landmark for a thing with a name.
    """

    name: str
    at: Where
    level: Literal["lot", "town", "area", "landmark"]
    error: float
    exact: bool
    credit: str


def locate(
    text: str, towns: Gazetteer, layers: Iterable[Layer], plane: int, *, reader: Audience = "public"
) -> list[Located]:
    """The places of the city that a text may mean: addresses by town, then things with that name.

    Nothing is kept of what was asked. A lot is found as far as its town: ``error`` says how large that is.
    """
    seen = [one for one in layers if includes(one.see, reader)]
    areas = next((one for one in seen if one.code == TOWNS), None)
    edition = newest().get(TOWNS)
    found = []
    if areas is not None and edition is not None:
        known = _positions(towns, edition.pk, plane)
        for one in towns.find(text):
            for town in filter(None, map(known.get, [one.town] if one.town else towns.part_of(one.name))):
                words = one.words if one.town else town.name
                found.append(Located(words, town.at, one.level, town.error, one.exact, areas.source.credit))
    return sorted([*found, *_landmarks(text, seen)], key=lambda one: not one.exact)[:MOST]


#: The layer with the towns as areas.
TOWNS: Final = "towns"


@dataclass(frozen=True, slots=True)
class _Town:
    """A town with a point within it and how far its border is from there (metres)."""

    name: str
    at: Where
    error: float


@lru_cache(maxsize=4)
def _positions(towns: Gazetteer, edition: UUID, plane: int) -> Mapping[str, _Town]:
    """By 町字ID. ``edition`` is the newest of the layer of towns."""
    with connection.cursor() as cursor:
        cursor.execute(_WITHIN, {"layer": TOWNS, "plane": plane})
        rows = cursor.fetchall()
    known = {}
    for name, lon, lat, error in rows:
        meant = [one for one in towns.find(name or "") if one.level == "town" and one.exact]
        if len(meant) == 1:
            known[meant[0].town] = _Town(meant[0].name, Where(lon, lat), error)
    return known


_WITHIN: Final = """
    SELECT name, ST_X(point), ST_Y(point),
           ST_MaxDistance(ST_Transform(point, %(plane)s), ST_Transform(geom, %(plane)s))
    FROM (SELECT properties->>'name' AS name, geom, ST_PointOnSurface(geom) AS point FROM layer_feature
          WHERE layer = %(layer)s AND valid_until IS NULL AND dropped_in_id IS NULL) AS town
"""


def _landmarks(text: str, layers: Iterable[Layer]) -> list[Located]:
    """Things whose name has all of the text in it, the shortest name first."""
    named = {one.code: one for one in layers if one.landmark}
    wanted = unicodedata.normalize("NFKC", text[:MAX_LENGTH]).replace("\0", "").strip()
    if len(wanted) < 2 or not named:
        return []
    with connection.cursor() as cursor:
        parts = [re.split(r"\{(\w+)\}", one.landmark) for one in named.values()]
        before, names, behind = (list(one) for one in zip(*parts, strict=True))
        asked = {"layers": list(named), "before": before, "names": names, "behind": behind}
        cursor.execute(_NAMED, {**asked, "text": wanted, "most": MOST})
        rows = cursor.fetchall()
    return [
        Located(name, Where(lon, lat), "landmark", named[layer].accuracy, name == wanted, named[layer].source.credit)
        for layer, name, lon, lat in rows
    ]


_NAMED: Final = """
    SELECT DISTINCT ON (length(name), name) f.layer, name, ST_X(ST_Centroid(f.geom)), ST_Y(ST_Centroid(f.geom))
    FROM layer_feature f
    JOIN unnest(%(layers)s::text[], %(before)s::text[], %(names)s::text[], %(behind)s::text[])
        AS one (layer, before, attribute, behind) USING (layer),
    LATERAL (SELECT normalize(one.before || (f.properties->>one.attribute) || one.behind, NFKC) AS name) AS called
    WHERE f.valid_until IS NULL AND f.dropped_in_id IS NULL AND strpos(name, %(text)s) > 0
    ORDER BY length(name), name LIMIT %(most)s
"""
