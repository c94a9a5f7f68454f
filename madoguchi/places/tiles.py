"""Vector tiles of a layer (Mapbox Vector Tile 2.1), cut by PostGIS from the shapes that are kept for drawing.

Apart from queries, because the answer is bytes for a map and not something that a program reads on. Tiles are those of
the web's square (WebMercatorQuad of OGC 17-083r4): ``z`` from 0 to 22, ``x`` from the west, ``y`` from the north.
"""

import datetime as dt
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db import connection
from psycopg import sql

from madoguchi.events.composing import planned
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.places.models import Edition
from madoguchi.places.rules.layer import Attribute, Audience, Layer, includes

#: Deeper than that nothing new is seen: a unit of a tile of this zoom is 15 cm, so maps enlarge it.
DEEPEST: Final = 16
MOST_ZOOM: Final = 22
#: Units of a tile's side, and how many of them a shape may reach over its border.
EXTENT: Final = 4096
BUFFER: Final = 64
#: Features of a tile: what is smallest is left out beyond.
MOST: Final = 20_000
_WORLD: Final = 40_075_016.685578488


def newest_edition(code: str) -> Edition | None:
    """The newest edition of a layer; None of one of which nothing was taken in."""
    rows = planned(_NEWEST, [code])
    return Edition.from_db(connection.alias, _SAID, rows[0]) if rows else None


_SAID: Final = ("id", "layer", "number", "as_of", "recorded_at")
_NEWEST: Final = """
    SELECT id, layer, number, as_of, recorded_at FROM layer_edition WHERE layer = %s ORDER BY number DESC LIMIT 1
"""


def is_tile(z: int, x: int, y: int) -> bool:
    """Whether there is such a tile."""
    return 0 <= z <= MOST_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z


def tile(
    layer: Layer,
    edition: Edition,
    place: tuple[int, int, int],
    reader: Audience,
    *,
    on: dt.date | None = None,
    attributes: Sequence[Attribute] | None = None,
) -> bytes:
    """The layer's features in the tile ``place`` (z, x, y) as things were ``on`` that day (today); empty where none is.

    ``edition`` is the newest, from :func:`newest_edition`: tiles are kept in memory by it. ``attributes`` are those of
    the reader's that are wanted (all); none else is ever in it. Below the layer's first zoom it is empty; further out
    what is smaller than half a pixel is left out, and shapes are simplified to as much. Raises NotFound where there is
    no such tile, or the layer is not for this reader.
    """
    if not is_tile(*place) or not includes(layer.see, reader):
        raise NotFound("no-such-tile", "その地図はありません。")
    seen = layer.seen_by(reader)
    wanted = seen if attributes is None else [one for one in attributes if one in seen]
    if place[0] < min(layer.style.from_zoom, DEEPEST):
        return b""
    day = on or clock.today()
    # The index of what stands now knows nothing of what a later day ends.
    now = on is None and edition.as_of <= day
    return _cut(layer.code, edition.pk, place, tuple((one.key, one.kind) for one in wanted), day, now)


@lru_cache(maxsize=1024)
def _cut(
    code: str, edition: UUID, place: tuple[int, int, int], columns: tuple[tuple[str, str], ...], day: dt.date, now: bool
) -> bytes:
    z = place[0]
    values = sql.SQL("").join(
        sql.SQL(", (properties->>{}){} AS {}").format(
            sql.Literal(key), sql.SQL(_TYPES.get(kind, "")), sql.Identifier(key)
        )
        for key, kind in columns
    )
    statement = sql.SQL(_TILE).format(
        values=values,
        shape=sql.SQL(_FAR if z < DEEPEST - 1 else "drawn"),
        there=sql.SQL(_NOW if now else _ON),
        size=sql.SQL(_LARGE if z < DEEPEST - 1 else "TRUE"),
        first=sql.SQL("ORDER BY ST_Area(ST_Envelope(drawn)) DESC" if z < DEEPEST - 1 else ""),
    )
    given = {
        **_degrees(place),
        "layer": code,
        "z": z,
        "x": place[1],
        "y": place[2],
        "extent": EXTENT,
        "buffer": BUFFER,
        "half": _WORLD / (1 << z) / 1024,  # of a pixel: a tile is drawn 512 pixels wide
        "day": day,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, given)  # type: ignore[arg-type]  # psycopg composes; Django's stub knows strings only
        return bytes(cursor.fetchone()[0])


def _degrees(place: tuple[int, int, int]) -> dict[str, float]:
    """The tile with what may reach into it, as a box of degrees: the index knows where things are in those."""
    z, x, y = place
    side, margin = 1 << z, BUFFER / EXTENT

    def lat(at: float) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * at / side))))

    def lon(at: float) -> float:
        return at / side * 360 - 180

    return {
        "west": lon(x - margin),
        "east": lon(x + 1 + margin),
        "south": lat(y + 1 + margin),
        "north": lat(y - margin),
    }


_TYPES: Final = {"number": "::float8", "integer": "::float8::int8", "yes_no": "::boolean"}
_NOW: Final = "valid_until IS NULL AND valid_from <= %(day)s"
_ON: Final = "valid_from <= %(day)s AND (valid_until IS NULL OR valid_until > %(day)s)"
_LARGE: Final = """(ST_Dimension(drawn) = 0
            OR greatest(ST_XMax(drawn) - ST_XMin(drawn), ST_YMax(drawn) - ST_YMin(drawn)) >= %(half)s)"""
_FAR: Final = "CASE WHEN ST_NPoints(drawn) > 12 THEN ST_Simplify(drawn, %(half)s / 2, TRUE) ELSE drawn END"
_TILE: Final = """
    WITH square AS (
        SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS tile
    ), feature AS (
        SELECT ST_AsMVTGeom({shape}, tile, %(extent)s, %(buffer)s, TRUE) AS _shape{values}
        FROM square, layer_feature
        WHERE layer = %(layer)s AND hashtext(layer) = hashtext(%(layer)s)
          AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 6668)
          AND dropped_in_id IS NULL AND {there} AND {size}
        {first}
        LIMIT %(most)s
    )
    SELECT coalesce(ST_AsMVT(feature, %(layer)s, %(extent)s, '_shape'), '') FROM feature WHERE _shape IS NOT NULL
"""
