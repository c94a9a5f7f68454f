"""The towns of the city as shapes for a picture: a page draws them by itself, without script or base map.

Apart from queries, because it is about drawing: metres of the city's plane with north up, as SVG writes paths.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

import shapely
from django.db import connection

from madoguchi.places.queries import TOWNS, newest
from madoguchi.places.rules.addressing import Gazetteer
from madoguchi.places.rules.layer import Audience, Layer, includes

#: Metres by which a border may be drawn beside where it is.
COARSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Outlines:
    """The shapes of towns. ``box``: west, top, width, height of all (metres; y goes down). ``paths``: by 町字ID.

    ``rest``: what of the layer is no town that is known, so that the city has no hole. ``credit``: 出典, to be shown.
    """

    box: tuple[float, float, float, float]
    paths: Mapping[str, str]
    rest: tuple[str, ...]
    credit: str


def outlines(towns: Gazetteer, layers: Iterable[Layer], plane: int, *, reader: Audience = "public") -> Outlines | None:
    """Of the newest edition of the layer of towns; None where there is none for this reader."""
    layer = next((one for one in layers if one.code == TOWNS and includes(one.see, reader)), None)
    edition = newest().get(TOWNS)
    if layer is None or edition is None:
        return None
    return _drawn(towns, edition.pk, plane, layer.source.credit)


@lru_cache(maxsize=4)
def _drawn(towns: Gazetteer, edition: UUID, plane: int, credit: str) -> Outlines | None:
    with connection.cursor() as cursor:
        cursor.execute(_PATHS, {"layer": TOWNS, "plane": plane, "coarse": COARSE})
        rows = cursor.fetchall()
    if not rows:
        return None
    parts: dict[str, list[str]] = defaultdict(list)
    for name, path, *_ in rows:
        parts[town_named(towns, name or "")].append(path)
    rest = tuple(parts.pop("", []))
    west, south = min(one[2] for one in rows), min(one[3] for one in rows)
    east, north = max(one[4] for one in rows), max(one[5] for one in rows)
    return Outlines(
        (west, -north, east - west, north - south), {key: " ".join(some) for key, some in parts.items()}, rest, credit
    )


def areas(towns: Gazetteer) -> dict[str, bytes]:
    """By 町字ID: the area of the town (WKB, JGD2011), of all that the layer of towns has of it."""
    with connection.cursor() as cursor:
        cursor.execute(_AREAS, {"layer": TOWNS})
        rows = cursor.fetchall()
    parts: dict[str, list[bytes]] = defaultdict(list)
    for name, wkb in rows:
        if town := town_named(towns, name or ""):
            parts[town].append(bytes(wkb))
    return {town: shapely.to_wkb(shapely.union_all(shapely.from_wkb(some))) for town, some in parts.items()}


def town_named(towns: Gazetteer, name: str) -> str:
    """The 町字ID of the town that the layer calls so (its names are written otherwise); empty where it is none."""
    meant = [one for one in towns.find(name) if one.level == "town" and one.exact]
    return meant[0].town if len(meant) == 1 else ""


_PATHS: Final = """
    SELECT name, ST_AsSVG(flat, 1, 0), ST_XMin(flat), ST_YMin(flat), ST_XMax(flat), ST_YMax(flat)
    FROM (SELECT properties->>'name' AS name,
                 ST_SimplifyPreserveTopology(ST_Transform(geom, %(plane)s), %(coarse)s) AS flat
          FROM layer_feature WHERE layer = %(layer)s AND valid_until IS NULL AND dropped_in_id IS NULL
          ORDER BY key) AS town
"""
_AREAS: Final = """
    SELECT properties->>'name', ST_AsBinary(geom) FROM layer_feature
    WHERE layer = %(layer)s AND valid_until IS NULL AND dropped_in_id IS NULL ORDER BY key
"""
