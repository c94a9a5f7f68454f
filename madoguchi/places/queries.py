"""What the map knows: what applies at a place (``telling``), where it is (``finding``), and what a layer holds now, on
a day, or as it was known then."""

import datetime as dt
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import shapely
from django.contrib.gis.geos import Polygon as GEOSPolygon
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.lookups import Exact

from madoguchi.ground.errors import NotFound, Problem
from madoguchi.places.finding import (
    LATITUDE,
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
from madoguchi.places.models import Amendment, Change, ChangeState, Edition, Feature, Hashed, Photo, PhotoContent
from madoguchi.places.ordering import Order, in_order
from madoguchi.places.rules.cql import Node
from madoguchi.places.rules.editing import MAX_ROWS, Grounds, Standing, as_geojson
from madoguchi.places.rules.filtering import condition
from madoguchi.places.rules.layer import (
    STORED,
    Audience,
    Layer,
    shown,
)
from madoguchi.places.telling import Lot, Shelters, Spot, applies, lot_at, shelters, size, told_at

__all__ = [
    "TOWNS",
    "Beside",
    "Called",
    "Located",
    "Lot",
    "Shelters",
    "Spot",
    "Where",
    "applies",
    "lacks_place",
    "locate",
    "locate_many",
    "lot_at",
    "reverse",
    "shelters",
    "size",
    "told_at",
]


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
