"""From words to places and back: addresses with their lots, things with a name, crossings, what is near; and what a
point is called. All on this machine, from the layers; nothing is kept of what was asked.

How surely is always said. 大東市 has no 住居表示: an address is a lot (地番), found in the layer of parcels where that
is loaded; else in the block of lots with the same first number; else in its town, of which one knows how large it is.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal
from uuid import UUID

from django.db import connection

from madoguchi.ground.errors import Invalid
from madoguchi.places.models import Edition
from madoguchi.places.rules import asking
from madoguchi.places.rules.addressing import MAX_LENGTH, Found, Gazetteer
from madoguchi.places.rules.directions import JAPANESE, Direction, direction, rounded
from madoguchi.places.rules.layer import JAPAN, STORED, Audience, Layer, Reader, includes, reading_as
from madoguchi.places.rules.naming import Names

Level = Literal["lot", "block", "town", "area", "landmark"]
"""lot: the parcel itself; block: the parcels with the same first number, where this one is not known; town: the town
(丁目); area: one of several towns of a name; landmark: a thing with a name, or a crossing."""

#: The layers with the towns as areas, and with the parcels (attributes ``town`` 町名 and ``lot`` 地番 12-3).
TOWNS: Final = "towns"
PARCELS: Final = "parcels"
#: Candidates that are given back, and things beside a point.
MOST: Final = 8
MOST_BESIDE: Final = 3
#: Things of one name that are farther apart are two (metres): a bus stop has two sides.
APART: Final = 150.0
#: Roads that come nearer than this cross, although their lines were drawn short of each other (metres).
TOUCHING: Final = 10.0
#: How far around a place one looks for what is near (metres).
AROUND: Final = 4_000.0
#: Metres of a degree of latitude; of longitude at the south: for looking around, not for measuring.
LATITUDE: Final = 110_574.0


@dataclass(frozen=True, slots=True)
class Where:
    """A point: degrees of JGD2011 longitude and latitude. Raises Invalid outside of Japan."""

    lon: float
    lat: float

    def __post_init__(self) -> None:
        west, south, east, north = JAPAN
        if not (west <= self.lon <= east and south <= self.lat <= north):
            raise Invalid("out-of-japan", "日本の外の場所です。")


@dataclass(frozen=True, slots=True)
class Beside:
    """Seen from a thing with that name: so many metres in that direction of the city's plane."""

    name: str
    metres: float
    direction: Direction

    @property
    def words(self) -> str:
        """住道駅から北へ約200m"""
        return f"{self.name}から{JAPANESE[self.direction]}へ約{rounded(self.metres):,}m"


@dataclass(frozen=True, slots=True)
class Located:
    """A place that may be meant. ``error``: metres within which it lies; ``exact``: written so, but for spelling.

    ``town`` is its 町字ID where the text named a town; ``beside`` whence it was looked for (住道駅の近くの公園).
    """

    name: str
    at: Where
    level: Level
    error: float
    exact: bool
    credit: str
    town: str = ""
    beside: Beside | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """What a point is called. ``level``: lot, town, or nowhere (outside of the city); ``error`` in metres.

    ``sure``: no border is nearer than the layer's stated error. ``beside``: things with a name near by.
    """

    name: str
    level: Literal["lot", "town", "nowhere"]
    error: float
    sure: bool
    town: str = ""
    lot: str = ""
    beside: tuple[Beside, ...] = ()
    credits: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """谷川一丁目1番1、住道駅から北へ約200m; for staff and machines. Residents' pages say it in their language."""
        return "、".join(filter(None, (self.name, *(one.words for one in self.beside[:1]))))


@dataclass(frozen=True, slots=True)
class Middle:
    """Whence one looks for what has no name of its own, where a text names no place: the middle of the city or of a
    map, by the ``name`` that readers know."""

    name: str
    at: Where


def locate(
    text: str,
    towns: Gazetteer,
    layers: Iterable[Layer],
    plane: int,
    *,
    reader: Audience | Reader = "public",
    middle: Middle | None = None,
) -> list[Located]:
    """The places of the city that a text may mean, the likeliest first: addresses, things with that name, crossings of
    roads, and what is near something (住道駅の近くの公園). What says only what is looked for (図書館) means those that
    are nearest to the ``middle``."""
    text = text[:MAX_LENGTH].encode(errors="ignore").decode()  # half a character can come in JSON
    seen = _Seen.of(layers, reader)
    if both := asking.crossing(text):
        return _crossings(*both, towns, seen, plane)
    if asked := asking.near(text):
        places = locate(asked.place, towns, seen.layers, plane, reader=reader) if asked.place else []
        if places or not asked.place:
            return _nearest(asked.thing, places[0], towns, seen, plane) if places else []
    [addresses] = _addresses([text], towns, seen, plane)
    named = _named(text, towns, seen, plane)
    found = sorted([*addresses, *named], key=_likelihood)[:MOST]
    if found or middle is None or not asking.names_all(text, seen.layers):
        return found
    return _nearest(text, Located(middle.name, middle.at, "area", 0.0, False, ""), towns, seen, plane)


def lacks_place(text: str) -> bool:
    """Whether it asks for what is near without saying near what."""
    asked = asking.near(text)
    return asked is not None and not asked.place


def locate_many(
    texts: Sequence[str], towns: Gazetteer, layers: Iterable[Layer], plane: int, *, reader: Audience | Reader = "public"
) -> list[list[Located]]:
    """Of each of many addresses what it may mean, in a few statements for all: some thousand a second. Towns and lots
    alone; a list of addresses names no landmarks. One exact candidate is the answer, several are a doubt."""
    return _addresses(texts, towns, _Seen.of(layers, reader), plane)


def _likelihood(one: Located) -> int:
    if one.exact:
        return 0
    return {"lot": 1, "block": 1, "landmark": 2, "town": 3, "area": 3}[one.level]


# -- what there is ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seen:
    """The layers that this reader may see, and their newest editions."""

    layers: tuple[Layer, ...]
    editions: Mapping[str, UUID]
    reads: Reader

    @classmethod
    def of(cls, layers: Iterable[Layer], reader: Audience | Reader) -> "_Seen":
        reads = reading_as(reader)
        seen = tuple(one for one in layers if includes(one.see, reads(one)))
        editions = Edition.objects.order_by("layer", "-number").distinct("layer").values_list("layer", "pk")
        return cls(seen, dict(editions), reads)

    def holds(self, code: str, *attributes: str) -> Layer | None:
        """The layer of that code, where something was taken in and this reader may see these attributes."""
        layer = next((one for one in self.layers if one.code == code and code in self.editions), None)
        readable = {one.key for one in layer.seen_by(self.reads(layer))} if layer else set()
        return layer if readable.issuperset(attributes) else None

    def named(self) -> tuple["_Landmark", ...]:
        """The layers whose things have a name that this reader may see."""
        found = []
        for layer in self.layers:
            if layer.landmark and layer.code in self.editions:
                before, rest = layer.landmark.split("{", 1)
                attribute, behind = rest.split("}", 1)
                if self.holds(layer.code, attribute):
                    found.append(_Landmark(layer.code, self.editions[layer.code], before, attribute, behind))
        return tuple(found)

    def layer(self, code: str) -> Layer:
        return next(one for one in self.layers if one.code == code)


@dataclass(frozen=True, slots=True)
class _Landmark:
    """How the things of an edition of a layer are called: ``before`` + the attribute + ``behind``."""

    layer: str
    edition: UUID
    before: str
    attribute: str
    behind: str


@dataclass(frozen=True, slots=True)
class _Spot:
    """A point within something and how far that reaches from there (metres)."""

    at: Where
    error: float
    level: Level


# -- addresses --------------------------------------------------------------------------------------------------------


def _addresses(texts: Sequence[str], towns: Gazetteer, seen: _Seen, plane: int) -> list[list[Located]]:
    areas, parcels = seen.holds(TOWNS, "name"), seen.holds(PARCELS, "town", "lot")
    known = _positions(towns, seen.editions[TOWNS], plane) if areas is not None else {}
    found = [towns.find(text) for text in texts]
    spots: Mapping[tuple[str, tuple[int, ...]], _Spot] = {}
    if parcels is not None:
        wanted = {(one.town, one.lot) for several in found for one in several if one.town and one.lot}
        spots = _lots(wanted, _written(towns, seen.editions[PARCELS]), plane)
    answers = []
    for several in found:
        located = []
        for one in several:
            if (spot := spots.get((one.town, one.lot))) is not None and parcels is not None:
                error, credit = spot.error + parcels.accuracy, parcels.source.credit
                located.append(Located(one.words, spot.at, spot.level, error, one.exact, credit, one.town))
                continue
            for id_ in [one.town] if one.town else towns.part_of(one.name):
                if (town := known.get(id_)) is not None and areas is not None:
                    level: Level = "town" if one.town else "area"
                    name = one.words if one.town else town.name
                    located.append(Located(name, town.at, level, town.error, one.exact, areas.source.credit, id_))
        answers.append(_weighed(located, several))
    return answers


def _weighed(located: list[Located], several: Sequence[Found]) -> list[Located]:
    """Of 寺川3-5, which may be the third 丁目 or 大字寺川, the one whose lot there is, is meant."""
    if len(several) > 1 and any(one.level == "lot" and one.exact for one in located):
        located = [one if one.level == "lot" else replace(one, exact=False) for one in located]
    order: Mapping[Level, int] = {"lot": 0, "block": 1}
    return sorted(located, key=lambda one: (not one.exact, order.get(one.level, 2)))[:MOST]


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
        if (town := _town_called(towns, name)) is not None:
            known[town.town] = _Town(town.name, Where(lon, lat), error)
    return known


def _town_called(towns: Gazetteer, name: str | None) -> Found | None:
    """The town that a layer calls so: 龍間 is 竜間 in some."""
    meant = [one for one in towns.find(name or "") if one.level == "town" and one.exact]
    return meant[0] if len(meant) == 1 else None


_WITHIN: Final = """
    SELECT name, ST_X(point), ST_Y(point),
           ST_MaxDistance(ST_Transform(point, %(plane)s), ST_Transform(geom, %(plane)s))
    FROM (SELECT properties->>'name' AS name, geom, ST_PointOnSurface(geom) AS point FROM layer_feature
          WHERE layer = %(layer)s AND valid_until IS NULL AND dropped_in_id IS NULL) AS town
"""


@lru_cache(maxsize=4)
def _written(towns: Gazetteer, edition: UUID) -> Mapping[str, tuple[str, ...]]:
    """町字ID → how this edition of the parcels writes the town."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT properties->>'town' FROM layer_feature"
            " WHERE layer = 'parcels' AND valid_until IS NULL AND dropped_in_id IS NULL"
        )
        names = [name for (name,) in cursor.fetchall()]
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        if (town := _town_called(towns, name)) is not None:
            found[town.town] = (*found.get(town.town, ()), name)
    return found


def _lots(
    wanted: Iterable[tuple[str, tuple[int, ...]]], written: Mapping[str, tuple[str, ...]], plane: int
) -> dict[tuple[str, tuple[int, ...]], _Spot]:
    """Where these lots are: the parcel, else the block. A third number is a room, where no lot has three."""
    wanted = list(wanted)
    exactly: dict[tuple[str, str], _Spot | None] = {}
    for id_, lot in wanted:
        for name in written.get(id_, ()):
            exactly |= dict.fromkeys(((name, _lot(lot)), (name, _lot(lot[:2]))))
    _look_up(_LOTS, exactly, "lot", plane)
    blocks: dict[tuple[str, str], _Spot | None] = {}
    found = {}
    for id_, lot in wanted:
        for name in written.get(id_, ()):
            if spot := exactly[name, _lot(lot)] or exactly[name, _lot(lot[:2])]:
                found[id_, lot] = spot
            else:
                blocks[name, str(lot[0])] = None
    _look_up(_BLOCKS, blocks, "block", plane)
    for id_, lot in wanted:
        for name in written.get(id_, ()):
            if (id_, lot) not in found and (spot := blocks.get((name, str(lot[0])))):
                found[id_, lot] = spot
    return found


def _lot(numbers: Sequence[int]) -> str:
    return "-".join(map(str, numbers))


def _look_up(statement: str, asked: dict[tuple[str, str], _Spot | None], level: Level, plane: int) -> None:
    """Fill in the spot of each (town as written, lot)."""
    keys = list(asked)
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "numbers": list(range(len(keys))),
                "towns": [town for town, _ in keys],
                "lots": [lot for _, lot in keys],
                "plane": plane,
            },
        )
        for number, lon, lat, error in cursor.fetchall():
            asked[keys[number]] = _Spot(Where(lon, lat), error, level)


#: By the index of lots, whose condition stands here word by word.
_LOTS: Final = """
    SELECT asked.number, ST_X(point), ST_Y(point),
           ST_MaxDistance(ST_Transform(point, %(plane)s), ST_Transform(geom, %(plane)s))
    FROM unnest(%(numbers)s::int[], %(towns)s::text[], %(lots)s::text[]) AS asked (number, town, lot),
    LATERAL (SELECT geom, ST_PointOnSurface(geom) AS point FROM layer_feature
             WHERE layer = 'parcels' AND valid_until IS NULL AND dropped_in_id IS NULL
               AND properties->>'town' = asked.town AND properties->>'lot' COLLATE "C" = asked.lot LIMIT 1) AS parcel
"""
#: 12 and 12-1, 12-2 …: "." is the sign behind "-".
_BLOCKS: Final = """
    SELECT asked.number, ST_X(point), ST_Y(point),
           ST_MaxDistance(ST_Transform(point, %(plane)s), ST_Transform(geom, %(plane)s))
    FROM unnest(%(numbers)s::int[], %(towns)s::text[], %(lots)s::text[]) AS asked (number, town, lot),
    LATERAL (SELECT ST_Collect(geom) AS geom, ST_PointOnSurface(ST_Collect(geom)) AS point FROM layer_feature
             WHERE layer = 'parcels' AND valid_until IS NULL AND dropped_in_id IS NULL
               AND properties->>'town' = asked.town
               AND properties->>'lot' COLLATE "C" >= asked.lot
               AND properties->>'lot' COLLATE "C" < asked.lot || '.'
               AND split_part(properties->>'lot', '-', 1) = asked.lot) AS block
    WHERE geom IS NOT NULL
"""


# -- things with a name -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Thing:
    """A thing with a name, once, wherever the layers draw it in several pieces. ``x``, ``y``: metres of the plane."""

    name: str
    layer: str
    value: str
    at: Where
    x: float
    y: float
    error: float


@lru_cache(maxsize=4)
def _names(landmarks: tuple[_Landmark, ...], towns: Gazetteer, plane: int) -> Names[_Thing]:
    """The names of these editions; made anew when one of them is."""
    with connection.cursor() as cursor:
        cursor.execute(_THINGS, {**_columns(landmarks), "plane": plane, "apart": APART})
        rows = cursor.fetchall()
    return Names(
        [
            _Thing(name, layer, value, Where(lon, lat), x, y, error)
            for layer, value, name, lon, lat, x, y, error in rows
        ],
        towns.spoken,
    )


def _columns(landmarks: Sequence[_Landmark]) -> dict[str, list[str]]:
    return {
        "layers": [one.layer for one in landmarks],
        "before": [one.before for one in landmarks],
        "names": [one.attribute for one in landmarks],
        "behind": [one.behind for one in landmarks],
    }


_THINGS: Final = """
    WITH called AS (
        SELECT * FROM unnest(%(layers)s::text[], %(before)s::text[], %(names)s::text[], %(behind)s::text[])
            AS one (layer, before, attribute, behind)
    ), pieces AS (
        SELECT layer, f.properties->>called.attribute AS value, before, behind, ST_Transform(geom, %(plane)s) AS flat
        FROM layer_feature f JOIN called USING (layer)
        WHERE valid_until IS NULL AND dropped_in_id IS NULL AND f.properties->>called.attribute <> ''
    ), gathered AS (
        SELECT *, ST_ClusterDBSCAN(flat, %(apart)s, 1) OVER (PARTITION BY layer, value) AS one_of FROM pieces
    ), things AS (
        SELECT layer, value, before, behind, ST_Collect(flat) AS flat FROM gathered
        GROUP BY layer, value, before, behind, one_of
    ), placed AS (
        SELECT *, ST_PointOnSurface(ST_CollectionHomogenize(flat)) AS point FROM things
    )
    SELECT layer, value, normalize(before || value || behind, NFKC), ST_X(ST_Transform(point, 6668)),
           ST_Y(ST_Transform(point, 6668)), ST_X(point), ST_Y(point), ST_MaxDistance(point, flat)
    FROM placed ORDER BY layer, value
"""


def _named(text: str, towns: Gazetteer, seen: _Seen, plane: int) -> list[Located]:
    landmarks = seen.named()
    if not landmarks:
        return []
    return [_thing(one.thing, seen, exact=one.exact) for one in _names(landmarks, towns, plane).find(text, MOST)]


def _thing(one: _Thing, seen: _Seen, *, exact: bool, beside: Beside | None = None) -> Located:
    layer = seen.layer(one.layer)
    return Located(one.name, one.at, "landmark", one.error + layer.accuracy, exact, layer.source.credit, beside=beside)


def _crossings(one: str, other: str, towns: Gazetteer, seen: _Seen, plane: int) -> list[Located]:
    """Where two roads, or a road and a railway, cross."""
    lines = {layer.code for layer in seen.layers if layer.shape == "line"}
    names = _names(seen.named(), towns, plane)
    both = [[found.thing for found in names.find(text, MOST) if found.thing.layer in lines] for text in (one, other)]
    if not all(both):
        return []
    attributes = {landmark.layer: landmark.attribute for landmark in seen.named()}
    asked = [(side, thing) for side, things in enumerate(both) for thing in things]
    with connection.cursor() as cursor:
        cursor.execute(
            _WHERE_THEY_CROSS,
            {
                "sides": [side for side, _ in asked],
                "layers": [thing.layer for _, thing in asked],
                "names": [attributes[thing.layer] for _, thing in asked],
                "values": [thing.value for _, thing in asked],
                "shown": [thing.name for _, thing in asked],
                "touching": TOUCHING,
                "apart": APART / 3,
                "plane": plane,
                "most": MOST,
            },
        )
        rows = cursor.fetchall()
    error = max(seen.layer(thing.layer).accuracy for _, thing in asked)
    credit = "、".join(dict.fromkeys(seen.layer(thing.layer).source.credit for _, thing in asked))
    return [
        Located(f"{first}と{second}の交差点", Where(lon, lat), "landmark", error + spread, True, credit)
        for first, second, lon, lat, spread in rows
    ]


_WHERE_THEY_CROSS: Final = """
    WITH asked AS (
        SELECT * FROM unnest(%(sides)s::int[], %(layers)s::text[], %(names)s::text[], %(values)s::text[],
                             %(shown)s::text[]) AS one (side, layer, attribute, value, name)
    ), roads AS (
        SELECT DISTINCT asked.side, asked.name, f.id, ST_Transform(f.geom, %(plane)s) AS flat
        FROM asked JOIN layer_feature f USING (layer)
        WHERE f.valid_until IS NULL AND f.dropped_in_id IS NULL AND f.properties->>asked.attribute = asked.value
    ), points AS (
        SELECT a.name AS one, b.name AS other, ST_ClosestPoint(a.flat, b.flat) AS point
        FROM roads a JOIN roads b ON a.side = 0 AND b.side = 1 AND a.name <> b.name
            AND ST_DWithin(a.flat, b.flat, %(touching)s)
    ), gathered AS (
        SELECT *, ST_ClusterDBSCAN(point, %(apart)s, 1) OVER (PARTITION BY one, other) AS one_of FROM points
    ), crossings AS (
        SELECT one, other, ST_Centroid(ST_Collect(point)) AS point, ST_Collect(point) AS points
        FROM gathered GROUP BY one, other, one_of
    )
    SELECT one, other, ST_X(ST_Transform(point, 6668)), ST_Y(ST_Transform(point, 6668)), ST_MaxDistance(point, points)
    FROM crossings ORDER BY one, other LIMIT %(most)s
"""


# -- near a place -----------------------------------------------------------------------------------------------------


def _nearest(thing: str, place: Located, towns: Gazetteer, seen: _Seen, plane: int) -> list[Located]:
    """What people call so, the nearest to the place first; else things with that in their name (小学校)."""
    kinds = [
        (layer, word, where)
        for layer, word, where in asking.meant(thing, seen.layers)
        if seen.holds(layer.code, *where) is not None
    ]
    if not kinds:
        return _nearest_named(thing, place, towns, seen, plane)
    called = {one.layer: one for one in seen.named()}
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAREST,
            {
                **_place(place.at, plane),
                **_box(AROUND),
                "numbers": list(range(len(kinds))),
                "layers": [layer.code for layer, _, _ in kinds],
                "names": [called[layer.code].attribute if layer.code in called else None for layer, _, _ in kinds],
                "wheres": [json.dumps({key: list(values) for key, values in where.items()}) for _, _, where in kinds],
                "most": 3 * MOST,
            },
        )
        rows = cursor.fetchall()
    found: list[Located] = []
    for number, value, lon, lat, metres, east, north in rows:
        layer, word, _ = kinds[number]
        name = f"{called[layer.code].before}{value}{called[layer.code].behind}" if value else ""
        if name and any(one.name == name and abs(one.beside.metres - metres) < APART for one in found if one.beside):
            continue  # a thing that the layer has twice
        beside = Beside(place.name, metres, direction(east, north))
        name, credit = name or f"{word}（{beside.words}）", layer.source.credit
        found.append(Located(name, Where(lon, lat), "landmark", layer.accuracy, False, credit, beside=beside))
    return found[:MOST]


def _place(at: Where, plane: int) -> dict[str, float]:
    return {"lon": at.lon, "lat": at.lat, "stored": STORED, "plane": plane}


def _box(metres: float) -> dict[str, float]:
    return {"north": metres / LATITUDE, "east": metres / (LATITUDE * 0.75)}


_HERE: Final = """
    here AS (
        SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(stored)s) AS point,
               ST_Transform(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(stored)s), %(plane)s) AS flat
    )
"""
_NEAREST: Final = f"""
    WITH {_HERE}, asked AS (
        SELECT number, layer, attribute, wanted::jsonb AS wanted
        FROM unnest(%(numbers)s::int[], %(layers)s::text[], %(names)s::text[], %(wheres)s::text[])
            AS one (number, layer, attribute, wanted)
    ), around AS (
        SELECT asked.number, f.properties->>asked.attribute AS value, here.flat,
               ST_PointOnSurface(f.geom) AS point, ST_Transform(f.geom, %(plane)s) AS shape
        FROM here, layer_feature f JOIN asked ON f.layer = asked.layer AND hashtext(f.layer) = hashtext(asked.layer)
        WHERE f.geom && ST_Expand(here.point, %(east)s, %(north)s)
          AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
          AND NOT EXISTS (SELECT FROM jsonb_each(asked.wanted) AS one (key, allowed)
                          WHERE NOT coalesce(one.allowed ? (f.properties->>one.key), false))
    )
    SELECT number, value, ST_X(point), ST_Y(point), ST_Distance(shape, flat),
           ST_X(ST_Transform(point, %(plane)s)) - ST_X(flat), ST_Y(ST_Transform(point, %(plane)s)) - ST_Y(flat)
    FROM around ORDER BY 5, value LIMIT %(most)s
"""  # noqa: S608 -- both are written above


def _nearest_named(thing: str, place: Located, towns: Gazetteer, seen: _Seen, plane: int) -> list[Located]:
    landmarks = seen.named()
    if not landmarks:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {_HERE} SELECT ST_X(flat), ST_Y(flat) FROM here", _place(place.at, plane))  # noqa: S608
        x, y = cursor.fetchone()
    found = [one.thing for one in _names(landmarks, towns, plane).find(thing, 10 * MOST)]
    apart = sorted((math.hypot(one.x - x, one.y - y), at, one) for at, one in enumerate(found))
    return [
        _thing(one, seen, exact=False, beside=Beside(place.name, metres, direction(one.x - x, one.y - y)))
        for metres, _, one in apart
        if one.name != place.name
    ][:MOST]


# -- and back ---------------------------------------------------------------------------------------------------------


def reverse(
    at: Where, towns: Gazetteer, layers: Iterable[Layer], plane: int, *, reader: Audience | Reader = "public"
) -> Called:
    """What a point is called: its lot where the parcels are loaded, else its town; and the things with a name near by,
    the nearest of each layer, by metres."""
    seen = _Seen.of(layers, reader)
    areas, parcels = seen.holds(TOWNS, "name"), seen.holds(PARCELS, "town", "lot")
    inside: dict[str, tuple[str | None, str | None, str | None, float]] = {}
    with connection.cursor() as cursor:
        codes = [one.code for one in (areas, parcels) if one is not None]
        cursor.execute(_AT, {**_place(at, plane), "layers": codes})
        for layer, town, lot, name, border in cursor.fetchall():
            inside.setdefault(layer, (town, lot, name, border))
    beside = _beside(at, seen, plane)
    if parcels is not None and PARCELS in inside:
        written, lot, _, border = inside[PARCELS]
        found = towns.find(f"{written}{lot}")
        name = found[0].words if found and found[0].lot else f"{written}{lot}"
        credit, sure = parcels.source.credit, border >= parcels.accuracy
        id_ = found[0].town if found else ""
        return Called(name, "lot", parcels.accuracy, sure, id_, lot or "", beside, (credit,))
    if areas is not None and TOWNS in inside:
        *_, name, border = inside[TOWNS]
        town = _town_called(towns, name)
        credit, sure = areas.source.credit, border >= areas.accuracy
        id_, name = (town.town, town.name) if town else ("", name or "")
        return Called(name, "town", areas.accuracy, sure, id_, beside=beside, credits=(credit,))
    return Called("", "nowhere", 0.0, False, beside=beside)


def _beside(at: Where, seen: _Seen, plane: int) -> tuple[Beside, ...]:
    landmarks = seen.named()
    reach = [seen.layer(one.layer).near or APART for one in landmarks]
    if not landmarks:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(
            _BESIDE,
            {**_place(at, plane), **_box(max(reach)), **_columns(landmarks), "reach": reach, "most": MOST_BESIDE},
        )
        rows = cursor.fetchall()
    return tuple(Beside(name, metres, direction(east, north)) for name, metres, east, north in rows)


_AT: Final = f"""
    WITH {_HERE}
    SELECT f.layer, f.properties->>'town', f.properties->>'lot', f.properties->>'name',
           ST_Distance(ST_Transform(ST_Boundary(f.geom), %(plane)s), here.flat) AS border
    FROM here, layer_feature f
    WHERE f.layer = ANY(%(layers)s::text[]) AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
      AND ST_Intersects(f.geom, here.point)
    ORDER BY border DESC
"""  # noqa: S608 -- both are written above
#: From the thing to the point: of a line or area, from its nearest part; within it, from its middle.
_BESIDE: Final = f"""
    WITH {_HERE}, called AS (
        SELECT * FROM unnest(%(layers)s::text[], %(before)s::text[], %(names)s::text[], %(behind)s::text[],
                             %(reach)s::float8[]) AS one (layer, before, attribute, behind, reach)
    ), around AS (
        SELECT f.layer, reach, here.flat, ST_Transform(f.geom, %(plane)s) AS shape,
               normalize(before || (f.properties->>called.attribute) || behind, NFKC) AS name
        FROM here, layer_feature f JOIN called ON f.layer = called.layer AND hashtext(f.layer) = hashtext(called.layer)
        WHERE f.geom && ST_Expand(here.point, %(east)s, %(north)s)
          AND f.valid_until IS NULL AND f.dropped_in_id IS NULL AND f.properties->>called.attribute <> ''
    ), nearest AS (
        SELECT DISTINCT ON (layer) layer, name, flat, ST_Distance(shape, flat) AS metres,
               CASE WHEN ST_Distance(shape, flat) > 1 THEN ST_ClosestPoint(shape, flat) ELSE ST_Centroid(shape) END
                   AS seen_from
        FROM around WHERE ST_DWithin(shape, flat, reach) ORDER BY layer, ST_Distance(shape, flat), name
    )
    SELECT name, metres, ST_X(flat) - ST_X(seen_from), ST_Y(flat) - ST_Y(seen_from)
    FROM nearest ORDER BY metres, name LIMIT %(most)s
"""  # noqa: S608 -- both are written above
