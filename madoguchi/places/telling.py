"""What applies at a place: every layer's answer, and the shelters, from the database and from what is kept in memory.

Apart from the other queries, which look at one layer.
"""

import datetime as dt
import json
import math
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final
from uuid import UUID

import shapely
from django.db import connection

from madoguchi.events.composing import Asked, Pending, answered, planned
from madoguchi.ground import clock
from madoguchi.places.finding import LATITUDE, PARCELS, Where
from madoguchi.places.kept import Index, index, was_asked
from madoguchi.places.rules.applying import Applies, Hit, Known, Piece, answer, answer_area
from madoguchi.places.rules.area import Area
from madoguchi.places.rules.layer import STORED, Attribute, Audience, Layer, Reader, includes, reading_as

#: Where one asks: a point, or an area (a lot, or what somebody drew).
Spot = Where | Area


def applying(
    layers: Iterable[Layer],
    at: Spot,
    plane: int,
    *,
    reader: Audience | Reader = "public",
    on: dt.date | None = None,
    error: float = 0.0,
    known: Mapping[str, int] | None = None,
) -> Pending[list[Applies]]:
    """What each of these layers says about the place, for this reader, as things were ``on`` that day (today).

    One statement for all of them; what is kept in memory (:mod:`madoguchi.places.kept`) is not looked up. ``plane`` is
    the EPSG code of the city's plane rectangular system, in which metres are measured (大東市: 6674, JGD2011 系VI).
    Layers that are not for the reader are left out, and so are attributes.
    ``error``: how many metres from there a point may be (an address is known as far as its town): what is nearer to a
    border than that is not known. ``known``: layer → number of its edition, for the answer as it was then known.
    """
    asked = _Asked.of(layers, at, plane, reader, on, error, known)
    return Pending(asked.question(), lambda rows: asked.read(rows)[0])


#: The answer at once, for whoever asks nothing else.
applies = answered(applying)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked about a place: of which layers, by whom, of which day, and what of it is in memory."""

    layers: Mapping[str, Layer]
    at: Spot
    plane: int
    reads: Reader
    day: dt.date
    error: float
    known: Mapping[str, int] | None
    memory: Index | None

    @classmethod
    def of(
        cls,
        layers: Iterable[Layer],
        at: Spot,
        plane: int,
        reader: Audience | Reader,
        on: dt.date | None,
        error: float = 0.0,
        known: Mapping[str, int] | None = None,
    ) -> "_Asked":
        reads, day = reading_as(reader), on or clock.today()
        wanted = {one.code: one for one in layers if one.told and includes(one.see, reads(one))}
        if known is not None:
            wanted = {code: one for code, one in wanted.items() if code in known}
        memory = index(day) if isinstance(at, Where) and known is None else None
        return cls(wanted, at, plane, reads, day, error, known, memory)

    def reach(self, layer: Layer) -> float:
        """How many metres around the place a layer is looked at."""
        return max(layer.accuracy, layer.near + (self.error if layer.complete else 0), self.error)

    def question(self) -> Asked | None:
        if not self.layers:
            return None
        kept = self.memory.editions if self.memory is not None else {}
        return planned.of(
            _statement(_TO if isinstance(self.at, Area) else _AT, as_known=self.known is not None),
            {
                **_around(self.at),
                "plane": self.plane,
                "on": self.day,
                "layers": [*self.layers],
                "reach": [self.reach(one) for one in self.layers.values()],
                "most": [None if one.shape == "polygon" else one.most for one in self.layers.values()],
                "known": None if self.known is None else [self.known[code] for code in self.layers],
                "kept": [kept.get(code) for code in self.layers] if kept else None,
            },
        )

    def read(self, rows: list[Any]) -> tuple[list[Applies], "_Remembered | None"]:
        """The answers; and what of the memory is as the database has it now."""
        held: dict[str, _Held] = {}
        near: dict[str, list[Any]] = {}
        flat, is_area = None, isinstance(self.at, Area)
        for layer, number, as_of, first, key, properties, *measured in rows:
            if layer is None:
                flat = shapely.from_wkb(bytes(measured[0]))
                continue
            if layer not in held:
                held[layer] = _Held(number, as_of, first, *(() if is_area else measured[2:]))
                near[layer] = []
            if key is not None:
                said = self.said(layer, properties)
                near[layer].append(
                    Piece(key, said, shapely.from_wkb(bytes(measured[0]))) if is_area else Hit(key, said, *measured[:2])
                )
        remembered = self._remember(held)
        if remembered is not None:
            near |= remembered.near(self)
        answers = []
        for one in self.layers.values():
            edition = held.get(one.code)
            if edition is None:
                continue
            if self.day < edition.first:
                of_it = Applies(one, "unknown", "no_data", ())
            elif flat is None:
                of_it = answer(one, near[one.code], self.error)
            else:
                of_it = answer_area(one, flat, near[one.code])
            answers.append(of_it.told_to(self.reads(one), edition.number, edition.as_of))
        return answers, remembered

    def said(self, code: str, properties: str) -> Known:
        """What this reader may know of a feature."""
        return _known(self.layers[code], self.reads(self.layers[code]), properties)

    def _remember(self, held: Mapping[str, "_Held"]) -> "_Remembered | None":
        if isinstance(self.at, Area) or self.known is not None or not held:
            return None
        kept = self.memory.editions if self.memory is not None else {}
        codes = [code for code, one in held.items() if one.key == kept.get(code)]
        if self.day == clock.today():
            for code, one in held.items():
                if one.key != kept.get(code) and one.key is not None:
                    was_asked(code, one.key, self.day, self.plane)
        if self.memory is None or not codes:
            return None
        return _Remembered(self.memory, frozenset(codes), held[codes[0]].flat)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """The layers that are in memory as the database has them, and the place in metres of the plane."""

    memory: Index
    codes: frozenset[str]
    flat: tuple[float, float]

    def near(self, asked: _Asked) -> dict[str, list[Hit]]:
        """Of each of these layers the features at the place, the nearest first."""
        assert isinstance(asked.at, Where)
        reach = {code: asked.reach(asked.layers[code]) for code in self.codes}
        found: dict[str, list[Hit]] = {}
        for code, features in self.memory.near((asked.at.lon, asked.at.lat), self.flat, reach).items():
            layer = asked.layers[code]
            most = None if layer.shape == "polygon" else layer.most
            found[code] = [
                Hit(key, asked.said(code, properties), inside, border)
                for border, key, inside, properties in features[:most]
            ]
        return found


def told_at(
    layers: Collection[Layer], at: Where, plane: int, *, reader: Audience | Reader = "public", on: dt.date | None = None
) -> Pending[tuple[list[Applies], list["Shelters"]]]:
    """What :func:`applying` and :func:`sheltering` say of a point, in one question where the shelters are in memory."""
    asked = _Asked.of(layers, at, plane, reader, on)
    hazards = _hazards(layers, asked.reads)

    def read(rows: list[Any]) -> tuple[list[Applies], list[Shelters]]:
        found, remembered = asked.read(rows)
        if remembered is None or not remembered.codes.issuperset(one.code for one, _ in hazards):
            return found, shelters(layers, at, plane, reader=reader, on=on)
        places = {one.code: remembered.memory.by_distance(one.code, remembered.flat) for one, _ in hazards}
        near = []
        for layer, hazard in hazards:
            hits = (
                Hit(key, known, metres == 0, metres)
                for metres, key, properties in places[layer.code]
                if (known := asked.said(layer.code, properties)).get(hazard.key) is True
            )
            near.append(Shelters(layer, hazard, tuple(islice(hits, NEAREST))))
        return found, near

    return Pending(asked.question(), read)


@cache
def _statement(pattern: str, *, as_known: bool) -> str:
    return pattern.format(*(_AS_KNOWN if as_known else _NOW), asked=_ASKED)


@lru_cache(maxsize=4096)
def _known(layer: Layer, reader: Audience, properties: str) -> Known:
    """What the reader may know of a feature, of whose properties this is the JSON."""
    return Known(layer, layer.seen_by(reader), json.loads(properties))


@dataclass(frozen=True, slots=True)
class _Held:
    """The edition of a layer by which is answered, and the day before which the city knows nothing of it; where a point
    was asked for, the edition's key, and where the point is in metres of the plane."""

    number: int
    as_of: dt.date
    first: dt.date
    key: UUID | None = None
    x: float = 0.0
    y: float = 0.0

    @property
    def flat(self) -> tuple[float, float]:
        return self.x, self.y


def _around(at: Spot) -> dict[str, Any]:
    """The place for a statement, and how many metres a degree has there: for looking around, not for measuring."""
    wkb = at.wkb if isinstance(at, Area) else struct.pack("<BIdd", 1, 1, at.lon, at.lat)
    lat = at.within[1] if isinstance(at, Area) else at.lat
    return {"at": wkb, "stored": STORED, "north": LATITUDE, "east": LATITUDE * math.cos(math.radians(lat + 0.1))}


#: Of each layer of which something was taken in: the newest edition, or the one that was known then; and whether that
#: is the one that is kept in memory (:mod:`madoguchi.places.kept`), where nothing has to be looked up.
_ASKED: Final = """
    asked AS (
        SELECT one.layer, one.reach, one.most, edition.id, edition.number, edition.as_of, first.as_of AS first,
               one.kept IS NOT DISTINCT FROM edition.id AS is_kept
        FROM unnest(%(layers)s::text[], %(reach)s::float8[], %(most)s::int[], %(known)s::int[], %(kept)s::uuid[])
            AS one (layer, reach, most, known, kept)
        JOIN LATERAL (
            SELECT id, number, as_of FROM layer_edition
            WHERE layer = one.layer AND (one.known IS NULL OR number = one.known) ORDER BY number DESC LIMIT 1
        ) AS edition ON true
        JOIN layer_edition first ON first.layer = one.layer AND first.number = 1
    )"""
#: The box looks into the index, layer by layer; what is within reach is measured in metres of the plane, once each, and
#: of an area to its border. Of points and lines only those are wanted that are told of.
_AT: Final = """
    WITH here AS (
        SELECT point, ST_Transform(point, %(plane)s::int) AS flat
        FROM (SELECT ST_SetSRID(ST_GeomFromWKB(%(at)s), %(stored)s::int) AS point) AS given
    ), {asked}, around AS MATERIALIZED (
        SELECT f.layer, f.key, f.properties,
               ST_Dimension(f.geom) = 2 AND ST_Intersects(f.geom, here.point) AS inside,
               ST_Distance(CASE WHEN ST_Dimension(f.geom) = 2 THEN ST_Transform(ST_Boundary(f.geom), %(plane)s::int)
                                ELSE ST_Transform(f.geom, %(plane)s::int) END, here.flat) AS border
        FROM here, asked JOIN layer_feature f ON f.layer = asked.layer AND hashtext(f.layer) = hashtext(asked.layer) {0}
        WHERE NOT asked.is_kept AND {1}
          AND f.geom && ST_Expand(here.point, asked.reach / %(east)s::float8, asked.reach / %(north)s::float8)
    ), told AS (
        SELECT around.*, row_number() OVER (PARTITION BY layer ORDER BY border, key) AS at
        FROM around JOIN asked USING (layer) WHERE inside OR border <= asked.reach
    )
    SELECT asked.layer, asked.number, asked.as_of, asked.first, told.key, told.properties::text, told.inside,
           told.border, asked.id, ST_X(here.flat), ST_Y(here.flat)
    FROM here CROSS JOIN asked
    LEFT JOIN told ON told.layer = asked.layer AND (asked.most IS NULL OR told.at <= asked.most)
    ORDER BY told.border, told.key
"""
#: The area itself in metres is the row without a layer. Of large features only what is near comes out: twice the stated
#: error beyond the area, so that what is cut off changes nothing.
_TO: Final = """
    WITH here AS (
        SELECT ST_SetSRID(ST_GeomFromWKB(%(at)s), %(stored)s::int) AS area
    ), {asked}, around AS (
        SELECT f.layer, f.key, f.properties, f.geom,
               ST_Expand(here.area, (2 * asked.reach + 1) / %(east)s::float8,
                         (2 * asked.reach + 1) / %(north)s::float8) AS box
        FROM here, asked JOIN layer_feature f ON f.layer = asked.layer AND hashtext(f.layer) = hashtext(asked.layer) {0}
        WHERE f.geom && ST_Expand(here.area, asked.reach / %(east)s::float8, asked.reach / %(north)s::float8) AND {1}
    )
    SELECT asked.layer, asked.number, asked.as_of, asked.first, around.key, around.properties::text,
           ST_AsBinary(ST_Transform(
               CASE WHEN ST_Dimension(geom) = 2 THEN ST_CollectionExtract(ST_Intersection(geom, box), 3) ELSE geom END,
               %(plane)s::int))
    FROM asked LEFT JOIN around USING (layer)
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, ST_AsBinary(ST_Transform(area, %(plane)s::int)) FROM here
"""
#: What is joined, and which features count: how it was on that day as is known now, and as was known with an edition,
#: when what came after it was not yet so.
_NOW: Final = (
    "",
    "f.dropped_in_id IS NULL AND f.valid_from <= %(on)s AND (f.valid_until IS NULL OR f.valid_until > %(on)s)",
)
_AS_KNOWN: Final = (
    """
        JOIN layer_edition added ON added.id = f.added_in_id AND added.number <= asked.number
        LEFT JOIN layer_edition ended ON ended.id = f.ended_in_id AND ended.number <= asked.number
        LEFT JOIN layer_edition dropped ON dropped.id = f.dropped_in_id AND dropped.number <= asked.number
    """,
    "dropped.id IS NULL AND f.valid_from <= %(on)s AND (ended.id IS NULL OR f.valid_until > %(on)s)",
)


#: Shelters that are told of, of each hazard.
NEAREST: Final = 3


@dataclass(frozen=True, slots=True)
class Shelters:
    """The shelters from one hazard (an attribute of the layer), the nearest first."""

    layer: Layer
    hazard: Attribute
    hits: tuple[Hit, ...]


def sheltering(
    layers: Iterable[Layer],
    at: Spot,
    plane: int,
    *,
    reader: Audience | Reader = "public",
    on: dt.date | None = None,
    most: int = NEAREST,
) -> Pending[list[Shelters]]:
    """Of each hazard that a layer names, the ``most`` nearest places that are shelters from it, by metres of the plane.

    A hazard of which the city has no shelter is told of, too: with none.
    """
    reads = reading_as(reader)
    asked = _hazards(layers, reads)
    by_code = {one.code: one for one, _ in asked}

    def read(rows: list[Any]) -> list[Shelters]:
        hits: dict[tuple[str, str], Hit] = {}
        near: dict[tuple[str, str], list[Hit]] = {}
        for layer, hazard, key, properties, away in rows:
            here = near.setdefault((layer, hazard), [])
            if key is None:
                continue
            if (layer, key) not in hits:
                said = _known(by_code[layer], reads(by_code[layer]), properties)
                hits[layer, key] = Hit(key, said, away == 0, away)
            here.append(hits[layer, key])
        return [
            Shelters(one, hazard, tuple(near[one.code, hazard.key]))
            for one, hazard in asked
            if (one.code, hazard.key) in near
        ]

    if not asked:
        return Pending(None, read)
    question = planned.of(
        _SHELTERS.format(_NOW[1]),
        {
            **_around(at),
            "plane": plane,
            "on": on or clock.today(),
            "once": list(by_code),
            "layers": [one.code for one, _ in asked],
            "hazards": [hazard.key for _, hazard in asked],
            "most": most,
        },
    )
    return Pending(question, read)


def _hazards(layers: Iterable[Layer], reads: Reader) -> list[tuple[Layer, Attribute]]:
    """The hazards of which the reader may know, with the layers that name shelters from them."""
    return [(one, attribute) for one in layers for attribute in one.seen_by(reads(one)) if attribute.key in one.hazards]


#: The answer at once, too.
shelters = answered(sheltering)


#: Each place is measured once, whatever it is a shelter from; a hazard from which there is none is a row without a key,
#: one of a layer of which nothing was taken in is none.
_SHELTERS: Final = """
    WITH here AS (
        SELECT ST_Transform(ST_SetSRID(ST_GeomFromWKB(%(at)s), %(stored)s::int), %(plane)s::int) AS flat
    ), asked AS (
        SELECT * FROM unnest(%(layers)s::text[], %(hazards)s::text[]) AS one (layer, hazard)
        WHERE EXISTS (SELECT FROM layer_edition WHERE layer_edition.layer = one.layer)
    ), place AS MATERIALIZED (
        SELECT f.layer, f.key, f.properties, ST_Distance(ST_Transform(f.geom, %(plane)s::int), here.flat) AS away
        FROM here, layer_feature f WHERE f.layer = ANY(%(once)s::text[]) AND {0}
    )
    SELECT asked.layer, asked.hazard, near.key, near.properties::text, near.away
    FROM asked LEFT JOIN LATERAL (
        SELECT place.key, place.properties, place.away FROM place
        WHERE place.layer = asked.layer AND place.properties -> asked.hazard = 'true'::jsonb
        ORDER BY place.away, place.key LIMIT %(most)s::int
    ) AS near ON true
    ORDER BY near.away, near.key
"""


def size(area: Area, plane: int) -> float:
    """Square metres of an area, in the city's plane."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Area(ST_Transform(ST_SetSRID(ST_GeomFromWKB(%s), %s), %s::int))", [area.wkb, STORED, plane]
        )
        return float(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot (筆) of the layer of parcels: what it is called, and its area."""

    name: str
    area: Area


_LOT: Final = ("town", "lot")


def lot_at(
    layers: Mapping[str, Layer], at: Where, *, reader: Audience | Reader = "public", on: dt.date | None = None
) -> Lot | None:
    """The lot on which a point lies; None where there is none, or the layer of lots is not for this reader."""
    layer = layers.get(PARCELS)
    seen = {one.key for one in layer.seen_by(reading_as(reader)(layer))} if layer is not None else set()
    if not seen.issuperset(_LOT):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_LOT_AT.format(_NOW[1]), {**_around(at), "layer": PARCELS, "on": on or clock.today()})
        row = cursor.fetchone()
    if row is None:
        return None
    properties = json.loads(row[0])
    return Lot("".join(str(properties.get(key, "")) for key in _LOT), Area(bytes(row[1])))


_LOT_AT: Final = """
    SELECT f.properties::text, ST_AsBinary(f.geom)
    FROM layer_feature f, (SELECT ST_SetSRID(ST_GeomFromWKB(%(at)s), %(stored)s) AS point) AS here
    WHERE f.layer = %(layer)s AND hashtext(f.layer) = hashtext(%(layer)s) AND ST_Intersects(f.geom, here.point) AND {0}
    ORDER BY f.key LIMIT 1
"""
