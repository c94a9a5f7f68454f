"""What the map knows: what applies at a point, and what a layer holds now, on a day, or as it was known then."""

import datetime as dt
import json
import math
import struct
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final
from uuid import UUID

import shapely
from django.contrib.gis.geos import Polygon as GEOSPolygon
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.lookups import Exact

from madoguchi.events.composing import Asked, Pending, answered, planned
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound, Problem
from madoguchi.places.finding import (
    LATITUDE,
    PARCELS,
    TOWNS,
    Beside,
    Called,
    Located,
    Where,
    lacks_place,
    locate,
    locate_many,
    reverse,
)
from madoguchi.places.kept import Index, index, was_asked
from madoguchi.places.models import Amendment, Change, ChangeState, Edition, Feature, Hashed, Photo, PhotoContent
from madoguchi.places.ordering import Order, in_order
from madoguchi.places.rules.applying import Applies, Hit, Known, Piece, answer, answer_area
from madoguchi.places.rules.area import Area
from madoguchi.places.rules.cql import Node
from madoguchi.places.rules.editing import MAX_ROWS, Grounds, Standing, as_geojson
from madoguchi.places.rules.filtering import condition
from madoguchi.places.rules.layer import (
    STORED,
    Attribute,
    Audience,
    Layer,
    Reader,
    includes,
    reading_as,
    shown,
)

__all__ = [
    "TOWNS",
    "Beside",
    "Called",
    "Located",
    "Where",
    "lacks_place",
    "locate",
    "locate_many",
    "reverse",
]

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


def was_taken_in(code: str, digest: str) -> bool:
    """Whether this file made an edition of the layer, however long ago."""
    return Edition.objects.filter(layer=code, digest=digest).exists()


def newest() -> Mapping[str, Edition]:
    """The newest edition of each layer."""
    return {one.layer: one for one in Edition.objects.order_by("layer", "-number").distinct("layer")}


# -- features and their changes ---------------------------------------------------------------------------------------


def standing(layer: str) -> QuerySet[Feature]:
    """The features of a layer as they are now."""
    return Feature.objects.filter(layer=layer, valid_until=None, dropped_in=None)


def counts(layers: Sequence[str]) -> Mapping[str, int]:
    """How many features each of these layers has now; none is not named."""
    rows = Feature.objects.filter(layer__in=list(layers), valid_until=None, dropped_in=None).values("layer")
    return dict(rows.annotate(count=Count("pk")).values_list("layer", "count").order_by())


def as_of(layer: str, on: dt.date, known: dt.datetime | None = None) -> QuerySet[Feature]:
    """The features as they were on a day; ``known``: as the city thought then that they were."""
    if known is None:
        return Feature.objects.filter(
            Q(valid_until=None) | Q(valid_until__gt=on), layer=layer, dropped_in=None, valid_from__lte=on
        )
    return Feature.objects.filter(
        Q(dropped_in=None) | Q(dropped_in__recorded_at__gt=known),
        Q(valid_until=None) | Q(valid_until__gt=on) | Q(ended_in__recorded_at__gt=known),
        layer=layer,
        added_in__recorded_at__lte=known,
        valid_from__lte=on,
    )


#: Features of a page, and how far pages go in another order than that of the keys.
PAGE: Final = 50
MOST_SORTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for in a layer: ``words`` in anything that the reader may see, ``where`` a filter over it."""

    words: str = ""
    where: Node | None = None


EVERYTHING: Final = Wanted()


def listed(
    layer: Layer, reader: Audience, wanted: Wanted = EVERYTHING, after: str = "", *, order: Order | None = None
) -> tuple[list[Feature], bool]:
    """A page of the features as they are now, by key, and whether more follow. Raises Refused.

    ``after`` is the last key of the page before; in another ``order`` how many were before, up to ``MOST_SORTED``:
    each page puts all of them in order again (100,000 in a quarter of a second), and nobody turns twenty pages.
    """
    rows = _saying(layer, reader, wanted)
    if order is not None:
        before = min(int(after), MOST_SORTED - PAGE) if after.isascii() and after.isdigit() else 0
        ordered = rows.defer("geom", "drawn").order_by(in_order(order, "layer_feature"), "key")
        found = list(ordered[before : before + PAGE + 1])
        return found[:PAGE], len(found) > PAGE and before + PAGE < MOST_SORTED
    if after:
        rows = rows.filter(key__gt=after)
    found = list(rows.defer("geom", "drawn").order_by("key")[: PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def how_many(layer: Layer, reader: Audience, wanted: Wanted) -> int:
    """How many features there are of what is looked for."""
    return _saying(layer, reader, wanted).count()


def written_out(layer: Layer, reader: Audience, wanted: Wanted = EVERYTHING) -> QuerySet[Feature]:
    """The same, all of them with their shapes, as far as a table goes."""
    return _saying(layer, reader, wanted).defer("drawn").order_by("key")[:MAX_ROWS]


def _saying(layer: Layer, reader: Audience, wanted: Wanted) -> QuerySet[Feature]:
    rows, seen = standing(layer.code), [one.key for one in layer.seen_by(reader)]
    if words := unicodedata.normalize("NFKC", wanted.words).replace("\0", "").strip().lower()[:100]:
        rows = rows.extra(where=[_SAYS], params=[seen, words])  # noqa: S610 -- our own text
    if wanted.where is not None:
        said = condition(wanted.where, layer, reader)
        rows = rows.extra(where=[_WHERE.format(said.text)], params=[layer.code, *said.params])  # noqa: S610 -- ours, too
    return rows


_WHERE: Final = """layer_feature.id IN (SELECT f.id FROM layer_feature f
    WHERE f.layer = %s AND f.valid_until IS NULL AND f.dropped_in_id IS NULL AND {})"""

_SAYS: Final = """EXISTS (SELECT FROM jsonb_each_text(layer_feature.properties) said
    WHERE said.key = ANY(%s::text[]) AND strpos(lower(normalize(said.value, NFKC)), %s) > 0)"""


#: Features that a map shows around the one that is edited.
MOST_AROUND: Final = 500


def around(layer: Layer, box: tuple[float, float, float, float], apart_from: UUID | None = None) -> list[str]:
    """Shapes of a layer within a box (west, south, east, north in degrees), each as GeoJSON; no attributes."""
    within = GEOSPolygon.from_bbox(box)
    within.srid = STORED
    by_index = Exact(Hashed("layer"), Hashed(Value(layer.code)))
    rows = standing(layer.code).filter(by_index, geom__bboverlaps=within)
    if apart_from is not None:
        rows = rows.exclude(pk=apart_from)
    return [as_geojson(bytes(geom.wkb)) for geom in rows.values_list("geom", flat=True)[:MOST_AROUND]]


def feature(layer: Layer, key: UUID) -> Feature:
    """A feature as it is or was. Raises NotFound."""
    found = Feature.objects.select_related("added_in", "ended_in", "dropped_in").filter(pk=key, layer=layer.code)
    if (one := found.first()) is None:
        raise NotFound("feature-unknown", "地物が見つかりません。")
    return one


def life_of(one: Feature) -> list[Feature]:
    """All that was ever recorded of a feature under its key, newest first."""
    rows = Feature.objects.filter(layer=one.layer, key=one.key).select_related("added_in", "ended_in", "dropped_in")
    return list(rows.order_by("-added_in__number", "-valid_from"))


def photos(one: Feature) -> QuerySet[Photo]:
    """The photographs of a feature, in the order in which they came."""
    return Photo.objects.filter(layer=one.layer, key=one.key, removed_at=None).order_by("added_at")


def photo(layer: Layer, key: UUID) -> tuple[Photo, bytes]:
    """A photograph of a feature of this layer, with its content. Raises NotFound."""
    found = PhotoContent.objects.select_related("photo").filter(pk=key, photo__layer=layer.code).first()
    if found is None:
        raise NotFound("photo-unknown", "写真が見つかりません。")
    return found.photo, bytes(found.content)


def standings(layer: Layer, ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """These rows of the layer, and of each whether it is still what stands and whether a change of it waits."""
    waiting = Change.objects.filter(layer=layer.code, state=ChangeState.WAITING, lines__feature__in=ids)
    waits = set(waiting.values_list("lines__feature", flat=True))
    return {
        one.pk: Standing(
            one.pk, one.key, one.properties, bytes(one.geom.wkb),
            one.valid_until is None and one.dropped_in_id is None, one.pk in waits,
        )
        for one in Feature.objects.filter(pk__in=ids, layer=layer.code)
    }  # fmt: skip


def change(layer: Layer, key: UUID) -> Change:
    """A change of this layer. Raises NotFound."""
    found = Change.objects.select_related("edition", "undoes").filter(pk=key, layer=layer.code).first()
    if found is None:
        raise NotFound("change-unknown", "変更が見つかりません。")
    return found


def changes(layers: Iterable[str], state: ChangeState | None = None) -> QuerySet[Change]:
    """Changes of these layers, the newest first."""
    found = Change.objects.filter(layer__in=list(layers)).select_related("edition").order_by("-asked_at")
    return found.filter(state=state) if state is not None else found


def remade(change: Change, plane: int) -> dict[int, tuple[float, float]]:
    """Of each line of a change whose shape is another: how long a line was and will be (metres), how large an area
    (square metres), how far a point goes (0 and metres); computed in the city's ``plane``, by number of the line."""
    with connection.cursor() as cursor:
        cursor.execute(_REMADE, {"change": change.pk, "plane": plane})
        return {number: (was, will) for number, was, will in cursor.fetchall()}


_REMADE: Final = """
    WITH flat AS (
        SELECT a.number, ST_Transform(f.geom, %(plane)s) AS was, ST_Transform(a.geom, %(plane)s) AS will
        FROM layer_amendment a JOIN layer_feature f ON f.id = a.feature_id
        WHERE a.change_id = %(change)s AND a.kind IN ('change', 'correct') AND a.geom IS NOT NULL
          AND ST_AsBinary(a.geom) <> ST_AsBinary(f.geom)
    )
    SELECT number,
           CASE ST_Dimension(was) WHEN 0 THEN 0 WHEN 1 THEN ST_Length(was) ELSE ST_Area(was) END,
           CASE ST_Dimension(will) WHEN 0 THEN ST_Distance(was, will) WHEN 1 THEN ST_Length(will) ELSE ST_Area(will) END
    FROM flat
"""


def refused(who: UUID, since: dt.datetime) -> QuerySet[Change]:
    """Changes that somebody asked for and that were refused since, the newest first; without those of whose features
    there is a newer one."""
    newer = Amendment.objects.filter(
        change__layer=OuterRef(OuterRef("layer")),
        change__asked_at__gt=OuterRef(OuterRef("refused_at")),
        key=OuterRef("key"),
    )
    left = Amendment.objects.filter(~Exists(newer), change=OuterRef("pk"))
    found = Change.objects.filter(Exists(left), state=ChangeState.REFUSED, asked_by=who, refused_at__gte=since)
    return found.order_by("-refused_at")


def changes_of(one: Feature) -> list[Change]:
    """The changes of a feature under its key, newest first."""
    touched = Q(lines__key=one.key) | Q(lines__feature__key=one.key)
    return list(changes([one.layer]).filter(touched).distinct())


def waits_on(features: Sequence[UUID]) -> Change | None:
    """A change of one of these rows on which nobody has decided yet."""
    return Change.objects.filter(state=ChangeState.WAITING, lines__feature__in=features).first()


def key_taken(made: Change) -> str | None:
    """A key of the change that another feature has, now or in the same change."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, {"change": made.pk, "layer": made.layer})
        row = cursor.fetchone()
    return row[0] if row else None


_TAKEN: Final = """
    WITH coming AS (
        SELECT key FROM layer_amendment WHERE change_id = %(change)s AND geom IS NOT NULL AND until IS NULL
    )
    SELECT key FROM coming GROUP BY key HAVING count(*) > 1
    UNION ALL
    SELECT f.key FROM layer_feature f JOIN coming USING (key)
    WHERE f.layer = %(layer)s AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
      AND NOT EXISTS (SELECT FROM layer_amendment a WHERE a.change_id = %(change)s AND a.feature_id = f.id)
    LIMIT 1
"""

#: The layer with the areas of municipalities, and its attribute with their codes.
BOUNDARY: Final = "municipal-boundary"
#: Square metres, metres of a line and metres between points that are no overlap but rounding.
_SLIVER: Final = 0.1


def in_the_way(layer: Layer, made: Change, grounds: Grounds) -> Problem | None:
    """What keeps the shapes of a change from being: outside of the city, or on another feature, which is named.

    A shape that stays as it was is not asked: whoever corrects a name does not answer for the outline. Measured in the
    plane. Where the boundary was not taken in, nobody can say what is outside.
    """
    topology = layer.edit.topology if layer.edit is not None else None
    asked: dict[str, Any] = {
        "change": made.pk,
        "layer": layer.code,
        "plane": grounds.plane,
        "boundary": BOUNDARY,
        "code": grounds.code,
        "error": layer.accuracy,
        "within": bool(topology and topology.within_city),
        "sliver": _SLIVER,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OUTSIDE, asked)
        if (row := cursor.fetchone()) is not None:
            words = "市の外にはみ出しています（%(name)s）。" if row[1] else "市の外にあります（%(name)s）。"
            return Problem("out-of-city", words, {"name": _named(layer, row[0])})
        if topology is None or not topology.no_overlap:
            return None
        cursor.execute(_OVERLAP, asked)
        row = cursor.fetchone()
    if row is None:
        return None
    mine, other, amount, lon, lat = row
    unit = {"polygon": "㎡重なっています", "line": "m重なっています", "point": "mしか離れていません"}[layer.shape]
    return Problem(
        "overlaps",
        "「%(name)s」が「%(other)s」と%(amount)s%(unit)s（経度%(lon)s、緯度%(lat)sのあたり）。",
        {
            "name": _named(layer, mine),
            "other": _named(layer, other),
            "amount": f"{amount:,.1f}",
            "unit": unit,
            "lon": f"{lon:.6f}",
            "lat": f"{lat:.6f}",
        },
    )


def _named(layer: Layer, said: str) -> str:
    """A feature by what its layer is called, and what is public of it."""
    return called(layer, json.loads(said), "public")


def called(layer: Layer, properties: Mapping[str, Any], reader: Audience) -> str:
    """A feature in a few words: what its key says, or else the first of its attributes that the reader may see."""
    seen = {one.key for one in layer.seen_by(reader)}
    named = [one for one in layer.attributes if one.key in seen and properties.get(one.key) not in (None, "")]
    keyed = [one for one in named if one.key in layer.key]
    texts = [one for one in named if one.kind in ("text", "code")]
    parts = [shown(one, properties[one.key], "ja") for one in keyed or texts[:1] or named[:1]]
    return " ".join(parts) or layer.title["ja"]


_OUTSIDE: Final = """
    WITH city AS (
        SELECT ST_Union(geom) AS geom FROM layer_feature
        WHERE layer = %(boundary)s AND properties->>'code' = %(code)s AND valid_until IS NULL AND dropped_in_id IS NULL
    )
    SELECT a.properties::text, ST_Intersects(a.geom, city.geom)
    FROM city, layer_amendment a LEFT JOIN layer_feature was ON was.id = a.feature_id
    WHERE a.change_id = %(change)s AND a.geom IS NOT NULL AND city.geom IS NOT NULL
      AND (was.id IS NULL OR a.kind = 'restore' OR NOT a.geom = was.geom)
      AND (NOT ST_Intersects(a.geom, city.geom)
           OR (%(within)s AND NOT ST_CoveredBy(ST_Transform(a.geom, %(plane)s),
                                               ST_Buffer(ST_Transform(city.geom, %(plane)s), %(error)s))))
    ORDER BY a.number LIMIT 1
"""
_OVERLAP: Final = """
    WITH coming AS (
        SELECT a.number, a.properties, a.geom,
               was.id IS NULL OR a.kind = 'restore' OR NOT a.geom = was.geom AS asked
        FROM layer_amendment a LEFT JOIN layer_feature was ON was.id = a.feature_id
        WHERE a.change_id = %(change)s AND a.geom IS NOT NULL AND a.until IS NULL
    ), beside AS NOT MATERIALIZED (
        SELECT 0 AS number, properties, geom, FALSE AS asked FROM layer_feature f
        WHERE layer = %(layer)s AND hashtext(layer) = hashtext(%(layer)s)
          AND valid_until IS NULL AND dropped_in_id IS NULL
          AND NOT EXISTS (SELECT FROM layer_amendment a WHERE a.change_id = %(change)s AND a.feature_id = f.id)
        UNION ALL SELECT number, properties, geom, asked FROM coming
    ), touching AS (
        SELECT coming.number, coming.properties, beside.properties AS other,
               ST_Transform(coming.geom, %(plane)s) AS flat, ST_Transform(beside.geom, %(plane)s) AS stands
        FROM coming JOIN beside ON beside.geom && ST_Expand(coming.geom, 0.000002) AND beside.number <> coming.number
        WHERE coming.asked AND (beside.number < coming.number OR NOT beside.asked)
    ), shared AS (
        SELECT *, ST_Dimension(flat) AS dimension, ST_Intersection(flat, stands) AS part FROM touching
    )
    SELECT properties::text, other::text, amount, ST_X(place), ST_Y(place)
    FROM shared, LATERAL (
        SELECT CASE dimension WHEN 2 THEN ST_Area(part) WHEN 1 THEN ST_Length(part)
                              ELSE ST_Distance(flat, stands) END AS amount,
               ST_Transform(ST_PointOnSurface(CASE WHEN ST_IsEmpty(part) THEN flat ELSE part END), 4326) AS place
    ) AS measured
    WHERE CASE dimension WHEN 0 THEN amount < %(sliver)s ELSE amount > %(sliver)s END
    ORDER BY number LIMIT 1
"""


def brought_together(layer: Layer, shape: bytes, row: Feature | None, plane: int) -> bytes:
    """A line with its ends at points of other lines of the layer, where they lie within ``ends_meet`` metres."""
    reach = layer.edit.topology.ends_meet if layer.edit is not None else 0.0
    line = shapely.from_wkb(shape)
    if not reach or line.geom_type != "LineString":
        return shape
    points = [tuple(one) for one in shapely.get_coordinates(line)]
    with connection.cursor() as cursor:
        for end in (0, -1):
            asked = {"lon": points[end][0], "lat": points[end][1], "stored": STORED, "plane": plane, "reach": reach,
                     "layer": layer.code, "own": row.pk if row is not None else None,
                     "around": reach / (LATITUDE * 0.75)}  # fmt: skip
            cursor.execute(_NEAREST, asked)
            if (found := cursor.fetchone()) is not None:
                points[end] = found
    together = shapely.LineString(points)
    return bytes(shapely.to_wkb(together)) if together.is_valid and together.length else shape


_NEAREST: Final = """
    WITH here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(stored)s) AS point)
    SELECT ST_X(vertex.geom), ST_Y(vertex.geom)
    FROM here, layer_feature f, LATERAL ST_DumpPoints(f.geom) AS vertex
    WHERE f.layer = %(layer)s AND hashtext(f.layer) = hashtext(%(layer)s)
      AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
      AND f.id IS DISTINCT FROM %(own)s::uuid AND f.geom && ST_Expand(here.point, %(around)s)
      AND ST_Distance(ST_Transform(vertex.geom, %(plane)s), ST_Transform(here.point, %(plane)s)) <= %(reach)s
    ORDER BY ST_Distance(ST_Transform(vertex.geom, %(plane)s), ST_Transform(here.point, %(plane)s)) LIMIT 1
"""
