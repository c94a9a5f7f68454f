"""Vector tiles of a layer (Mapbox Vector Tile 2.1), cut by PostGIS from the shapes that are kept for drawing.

Apart from queries, because the answer is bytes for a map and not something that a program reads on. Tiles are those of
the web's square (WebMercatorQuad of OGC 17-083r4): ``z`` from 0 to 22, ``x`` from the west, ``y`` from the north.
"""

import datetime as dt
import math
from collections.abc import Hashable, Sequence
from functools import cache
from threading import Lock
from typing import Final
from uuid import UUID

from madoguchi.events.composing import planned
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.places.editions import NEWEST, by_newest, newest_edition
from madoguchi.places.models import Edition
from madoguchi.places.rules.filtering import identifier, literal
from madoguchi.places.rules.layer import STORED, Attribute, Audience, Layer, includes

#: Deeper than that nothing new is seen: a unit of a tile of this zoom is 15 cm, so maps enlarge it.
DEEPEST: Final = 16
MOST_ZOOM: Final = 22
#: Units of a tile's side, and how many of them a shape may reach over its border.
EXTENT: Final = 4096
BUFFER: Final = 64
#: Features of a tile: what is smallest is left out beyond.
MOST: Final = 20_000
#: Bytes of tiles that each process keeps, and how many of them a tile takes beside what is in it: most tiles of the
#: world are empty.
MOST_KEPT: Final = 64 * 1024 * 1024
KEY: Final = 1_024
_WORLD: Final = 40_075_016.685578488


def is_tile(z: int, x: int, y: int) -> bool:
    """Whether there is such a tile."""
    return 0 <= z <= MOST_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z


def tile(
    layer: Layer,
    place: tuple[int, int, int],
    reader: Audience,
    *,
    on: dt.date | None = None,
    attributes: Sequence[Attribute] | None = None,
) -> tuple[Edition, bytes] | None:
    """The layer's features in the tile ``place`` (z, x, y) as things were ``on`` that day (today), empty where none is,
    with the newest edition, by which it is kept in memory; None of a layer of which nothing was taken in.

    ``attributes`` are those of the reader's that are wanted (all); none else is ever in it. Below the layer's first
    zoom it is empty; further out what is smaller than half a pixel is left out, and shapes are simplified to as much.
    Raises NotFound where there is no such tile, or the layer is not for this reader.
    """
    if not is_tile(*place) or not includes(layer.see, reader):
        raise NotFound("no-such-tile", "その地図はありません。")
    seen = layer.seen_by(reader)
    columns = tuple((one.key, one.kind) for one in seen if attributes is None or one in attributes)
    day = on or clock.today()

    def read(edition: Edition) -> tuple[bytes, UUID | None]:
        key = (edition.pk, place, columns, day)
        kept = _kept.get(key)
        if kept is not None:
            newest = newest_edition(layer.code)
            return kept, newest.pk if newest is not None else None
        # The index of what stands now knows nothing of what a later day ends.
        now = on is None and edition.as_of <= day
        found, newest_key = _cut(layer.code, place, columns, day, now)
        if newest_key == edition.pk:
            _kept.keep(key, found)
        return found, newest_key

    if place[0] < min(layer.style.from_zoom, DEEPEST):
        edition = newest_edition(layer.code)
        return (edition, b"") if edition is not None else None
    return by_newest(layer.code, read)


class _Kept:
    """The tiles that were cut last, as many as fit."""

    def __init__(self) -> None:
        self._tiles: dict[Hashable, bytes] = {}
        self._size = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> bytes | None:
        return self._tiles.get(key)

    def keep(self, key: Hashable, tile: bytes) -> None:
        with self._lock:
            if key in self._tiles:  # another thread was faster
                return
            self._tiles[key] = tile
            self._size += KEY + len(tile)
            while self._size > MOST_KEPT:
                self._size -= KEY + len(self._tiles.pop(next(iter(self._tiles))))


_kept: Final = _Kept()


@cache
def _statement(columns: tuple[tuple[str, str], ...], *, far: bool, now: bool) -> str:
    """The statement that cuts tiles with these attributes. It is one for all of them, so that it is planned once."""
    values = "".join(
        f", (properties->>{literal(key)}){_TYPES.get(kind, '')} AS {identifier(key)}" for key, kind in columns
    )
    return _TILE.format(
        values=values,
        shape=_FAR if far else _NEAR,
        there=_NOW if now else _ON,
        size=_LARGE if far else "TRUE",
        first="ORDER BY ST_Area(ST_Envelope(drawn)) DESC" if far else "",
        newest=NEWEST % "%(layer)s",
    )


def _cut(
    code: str, place: tuple[int, int, int], columns: tuple[tuple[str, str], ...], day: dt.date, now: bool
) -> tuple[bytes, UUID | None]:
    z, x, y = place
    far = z < DEEPEST - 1
    given = {**_degrees(place), "layer": code, "z": z, "x": x, "y": y, "day": day}
    side = _WORLD / (1 << z)
    if far:
        given["half"] = side / 1024  # of a pixel: a tile is drawn 512 pixels wide
    else:
        unit = side / EXTENT
        given |= {"left": _WORLD / 2 - x * side, "top": y * side - _WORLD / 2, "scale": 1 / unit, "tiny": 64 * unit**2}
    [(found, newest)] = planned(_statement(columns, far=far, now=now), given)
    return bytes(found), newest


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
_IN_TILE: Final = f"ST_AsMVTGeom({{}}, tile, {EXTENT}, {BUFFER}, TRUE)"
_FAR: Final = _IN_TILE.format(
    "CASE WHEN ST_NPoints(drawn) > 12 THEN ST_Simplify(drawn, %(half)s / 2, TRUE) ELSE drawn END"
)
#: Clipping and looking for what rounding has tangled takes most of the time of a tile of parcels. What lies inside, has
#: few corners and is not tiny is only put into the tile's units, with its border as tiles have it.
_NEAR: Final = f"""
    CASE WHEN drawn @ tile AND ST_NPoints(drawn) <= 6 AND ST_Area(drawn) > %(tiny)s
         THEN ST_ForcePolygonCCW(ST_SnapToGrid(
            ST_TransScale(drawn, %(left)s, %(top)s, %(scale)s, -%(scale)s::float8), 1))
         ELSE {_IN_TILE.format("drawn")} END"""
_TILE: Final = f"""
    WITH square AS MATERIALIZED (
        SELECT ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int) AS tile
    ), feature AS (
        SELECT {{shape}} AS _shape{{values}}
        FROM square, layer_feature
        WHERE layer = %(layer)s AND hashtext(layer) = hashtext(%(layer)s)
          AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, {STORED})
          AND dropped_in_id IS NULL AND {{there}} AND {{size}}
        {{first}}
        LIMIT {MOST}
    )
    SELECT coalesce(ST_AsMVT(feature, %(layer)s, {EXTENT}, '_shape'), ''), {{newest}}
    FROM feature WHERE _shape IS NOT NULL
"""  # noqa: S608 -- of constants
