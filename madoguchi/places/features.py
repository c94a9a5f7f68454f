"""The features of one layer, page by page: what OGC API and exports read. Apart from ``queries``, which looks at a
point across layers.

A feature is known by its key; each answer has at most one state of it. Without days that is how things are today, with
days the last state within them. Pages follow the keys, so what was added or ended meanwhile moves no page. The text of
a page is made by the database of named columns: a row with its shape as JSON would be eight times as slow.
"""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, BinaryIO, Final
from uuid import UUID

import psycopg.errors
import shapely
from django.db import DataError, InternalError, OperationalError, connection, transaction

from madoguchi.events.composing import planned
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.places.editions import NEWEST
from madoguchi.places.models import Edition
from madoguchi.places.rules.cql import box_shape
from madoguchi.places.rules.crs import Crs, clipped
from madoguchi.places.rules.filtering import VALID_FROM, VALID_UNTIL, Sql, all_of, attribute, joined, json_key, literal
from madoguchi.places.rules.layer import DRAWN, STORED, Audience, Layer

#: Milliseconds that a question with a filter, with days or for a number may take: nobody else waits for it.
MOST_TIME: Final = 5_000
#: Features of an export that are held at once.
BATCH: Final = 20_000

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of a layer. ``box``: what it meets, in a system (:func:`in_box`). ``days``: first and last (ISO),
    both within; none: today. ``filters``: conditions over ``f``. ``after``: the key behind which the page begins."""

    layer: Layer
    reader: Audience
    crs: Crs
    limit: int
    box: tuple[Box, Crs] | None = None
    days: tuple[str, str] | None = None
    filters: Sequence[Sql] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Features as GeoJSON, parted by commas; ``last``: the key of the last, ``more``: whether others follow."""

    text: str
    number: int
    last: str
    more: bool


def in_box(box: Box, crs: Crs) -> Sql:
    """That a feature meets the box (west, south, east, north in ``crs``); a box without area is a point or a line.

    In degrees, west may lie east of east: the box then goes around the antimeridian.
    """
    west, south, east, north = box
    boxes: list[Box] = [(west, south, 180.0, north), (-180.0, south, east, north)] if west > east else [box]
    parts = [_in_one(part, crs) for one in boxes if (part := clipped(one, crs.bounds)) is not None]
    if not parts:
        return Sql("FALSE")
    return joined("(" + " OR ".join("{}" for _ in parts) + ")", *parts)


def _in_one(box: Box, crs: Crs) -> Sql:
    west, south, east, north = box
    if crs.srid == STORED and west < east and south < north:
        return Sql(f"ST_Intersects(f.geom, ST_MakeEnvelope(%s, %s, %s, %s, {STORED}))", box)
    shape = shapely.geometry.shape(box_shape(box))
    wkb = shapely.to_wkb(shapely.set_srid(shape, crs.srid), hex=True, include_srid=True)
    if crs.srid == STORED:
        return Sql("ST_Intersects(f.geom, %s::geometry)", (wkb,))
    if crs.srid == DRAWN:  # a box there is one in degrees, too
        return Sql(
            "(f.geom && ST_Expand(ST_Transform(%s::geometry, 6668), 1e-9) AND ST_Intersects(f.drawn, %s::geometry))",
            (wkb, wkb),
        )
    return Sql(
        "(f.geom && ST_Expand(ST_Transform(ST_Segmentize(%s::geometry, 5000), 6668), 0.00001)"
        " AND ST_Intersects(ST_Transform(f.geom, %s), %s::geometry))",
        (wkb, crs.srid, wkb),
    )


def page(asked: Asked, edition: Edition) -> tuple[Page, UUID | None]:
    """A page of what is wanted, by ``edition``, and the key of the newest edition as it was read
    (:func:`madoguchi.places.editions.by_newest`). Raises Refused where it takes too long."""
    where, state = _where(asked, edition)
    order = "f.key, f.valid_from DESC, f.id" if state else "f.key"
    feature = feature_sql(asked.layer, asked.reader, asked.crs)
    sql = (
        f"WITH found AS (SELECT {'DISTINCT ON (f.key) ' if state else ''}"  # noqa: S608 -- of constants
        "f.key, f.geom, f.drawn, f.properties, f.valid_from, f.valid_until"
        f" FROM layer_feature f WHERE {where.text} ORDER BY {order} LIMIT %s::int),"
        " f AS (SELECT *, row_number() OVER (ORDER BY key) AS number FROM found)"
        f" SELECT string_agg({feature}, ',' ORDER BY number) FILTER (WHERE number <= %s::int),"
        f" count(*), max(key) FILTER (WHERE number <= %s::int), {NEWEST} FROM f"
    )
    params = (*where.params, asked.limit + 1, asked.limit, asked.limit, asked.layer.code)
    with _answered(bounded=bool(asked.filters or state)) as cursor:
        if _is_small(asked) and not state:
            [row] = planned(sql, params)
        else:
            cursor.execute(sql, params)
            row = cursor.fetchone()
    text, number, last, newest = row
    return Page(text or "", min(number, asked.limit), last or "", number > asked.limit), newest


#: Degrees of the sides of a box in which so little lies that it is always found by where it is; in a larger one the
#: planner has to see the box to know whether going through the keys is faster.
SMALL: Final = 0.005


def _is_small(asked: Asked) -> bool:
    if asked.box is None or asked.filters or asked.after:
        return False
    (west, south, east, north), crs = asked.box
    return crs.srid == STORED and 0 < east - west < SMALL and 0 < north - south < SMALL


def of_key(layer: Layer, reader: Audience, key: str, crs: Crs, days: tuple[str, str] | None) -> Asked:
    """The one feature of that key."""
    return Asked(layer, reader, crs, 1, days=days, filters=(Sql("f.key = %s", (key,)),))


def matched(asked: Asked, edition: Edition) -> int:
    """How many features there are of what is wanted, whatever the page."""
    if not (asked.box or asked.filters or asked.days):
        return _standing(asked.layer.code, edition.pk, clock.today())
    where, state = _where(asked, edition, paged=False)
    counted = "count(DISTINCT f.key)" if state else "count(*)"
    with _answered(bounded=True) as cursor:
        cursor.execute(f"SELECT {counted} FROM layer_feature f WHERE {where.text}", where.params)  # noqa: S608
        return int(cursor.fetchone()[0])


@lru_cache(maxsize=256)
def _standing(layer: str, edition: UUID, day: dt.date) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"layer": layer, "day": day})
        return int(cursor.fetchone()[0])


_COUNT: Final = """
    SELECT count(*) FROM layer_feature
    WHERE layer = %(layer)s AND dropped_in_id IS NULL
      AND valid_from <= %(day)s AND (valid_until IS NULL OR valid_until > %(day)s)
"""


@lru_cache(maxsize=256)
def extent(layer: str, edition: UUID) -> tuple[Box, dt.date] | None:
    """Where a layer has features (degrees: west, south, east, north) and since when; None of an empty one.

    ``edition`` is its newest: until the next nothing changes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXTENT, [layer])
        west, south, east, north, since = cursor.fetchone()
    return None if west is None else ((west, south, east, north), since)


_EXTENT: Final = """
    SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), since
    FROM (SELECT ST_Extent(geom) AS box, min(valid_from) AS since FROM layer_feature
          WHERE layer = %s AND dropped_in_id IS NULL) AS whole
"""


def feature_sql(layer: Layer, reader: Audience, crs: Crs) -> str:
    """A feature as the text of GeoJSON, with the attributes that the reader sees and no others."""
    return _feature_sql(tuple(one.key for one in layer.seen_by(reader)), crs)


@cache
def _feature_sql(own: tuple[str, ...], crs: Crs) -> str:
    values = [(name, f"coalesce((f.properties->{literal(name)})::text, 'null')") for name in own]
    values += [
        (name, f"coalesce('\"' || f.{name} || '\"', 'null')") for name in (VALID_FROM, VALID_UNTIL) if name not in own
    ]
    members = " || ".join(
        literal(("," if at else "") + json_key(name)) + f" || {value}" for at, (name, value) in enumerate(values)
    )
    shape = f"coalesce(ST_AsGeoJSON({geometry_sql(crs)}, {crs.digits}, 0), 'null')"
    head = """'{"type":"Feature","id":' || to_json(f.key)::text || ',"geometry":' || """
    return f"""{head}{shape} || ',"properties":{{' || {members} || '}}}}'"""


def geometry_sql(crs: Crs) -> str:
    """A feature's shape in this system, with its axes in order. Integers name the systems: by text each row would
    look the transformation up anew."""
    if crs.srid == DRAWN:
        return "f.drawn"
    inner = "f.geom" if crs.srid == STORED else f"ST_Transform(f.geom, {int(crs.srid)})"
    return f"ST_FlipCoordinates({inner})" if crs.flipped else inner


def _where(asked: Asked, edition: Edition, *, paged: bool = True) -> tuple[Sql, bool]:
    """The condition, and whether it may meet several states of one feature."""
    parts = [Sql("f.layer = %s AND f.dropped_in_id IS NULL", (asked.layer.code,))]
    today = clock.today()
    plain = asked.days is None and edition.as_of <= today
    if plain:
        parts.append(Sql("f.valid_until IS NULL"))  # as the index has it
    else:
        first, last = asked.days or (today.isoformat(), today.isoformat())
        parts.append(
            Sql(
                "f.valid_from <= %s::date AND (f.valid_until IS NULL OR f.valid_until > %s::date)"
                " AND f.valid_until IS DISTINCT FROM f.valid_from",
                (last, first),
            )
        )
    boxes = () if asked.box is None else (in_box(*asked.box),)
    if boxes or asked.filters:
        parts.append(Sql("hashtext(f.layer) = hashtext(%s)", (asked.layer.code,)))  # as the index of places has it
    if paged and asked.after:
        parts.append(Sql("f.key > %s", (asked.after,)))
    return all_of([*parts, *boxes, *asked.filters]), not plain


@contextmanager
def _answered(*, bounded: bool) -> Iterator[Any]:
    """A cursor; what PostGIS cannot compute, or not in time, is a refusal."""
    try:
        if not bounded:
            with connection.cursor() as cursor:
                yield cursor
            return
        with transaction.atomic(), connection.cursor() as cursor:  # noqa: TID251 -- reads only: the bound ends with it
            cursor.execute(f"SET LOCAL statement_timeout = {MOST_TIME}")
            yield cursor
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise Refused(
                "takes-too-long", "答えるのに時間がかかりすぎます。範囲（bbox）や条件をせまくしてください。"
            ) from None
        raise
    except (DataError, InternalError):
        raise Refused("filter-not-computable", "この条件は計算できません。値や図形を確かめてください。") from None


# -- whole layers -----------------------------------------------------------------------------------------------------


def write_geojson(layer: Layer, reader: Audience, crs: Crs, edition: Edition, into: BinaryIO) -> None:
    """All features of a layer as they are today, as GeoJSON: one a line, parted by commas."""
    comma = Sql("CASE WHEN row_number() OVER (ORDER BY f.key) > 1 THEN ',' ELSE '' END")
    _copy(layer, reader, edition, joined("{} || {}", comma, Sql(feature_sql(layer, reader, crs))), into)


def write_cells(layer: Layer, reader: Audience, edition: Edition, into: BinaryIO) -> None:
    """All features of a layer as they are today, as lines of a CSV in the order of :func:`cells`.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    columns = [_text_cell(Sql("f.key"))]
    for one in layer.seen_by(reader):
        value = attribute(layer, one.key)
        columns.append({"text": _text_cell, "code": _text_cell, "yes_no": _as_text}.get(one.kind, _as_is)(value))
        if one.codes:
            meanings = {code: said["ja"] for code, said in one.codes.items()}
            columns.append(_text_cell(joined("({}::jsonb->>{})", Sql("%s", (json.dumps(meanings),)), value)))
    columns.append(Sql("f.valid_from"))
    if layer.shape == "point":
        columns += [Sql(f"trim_scale(round(ST_{axis}(ST_Centroid(f.geom))::numeric, 7))") for axis in "XY"]
    else:
        columns.append(Sql("ST_AsText(f.geom, 7)"))
    _copy(layer, reader, edition, joined(", ".join("{}" for _ in columns), *columns), into, cells=True)


def cells(layer: Layer, reader: Audience) -> list[str]:
    """The head of such a CSV: the key, what the reader sees (beside a code its meaning, ``<attribute>_name``), since
    when, and where: ``lon`` and ``lat`` of points, else ``wkt``."""
    seen = [(one.key, f"{one.key}_name") if one.codes else (one.key,) for one in layer.seen_by(reader)]
    place = ("lon", "lat") if layer.shape == "point" else ("wkt",)
    return ["key", *(name for names in seen for name in names), VALID_FROM, *place]


def _text_cell(value: Sql) -> Sql:
    return joined(r"regexp_replace({}, '^([=+@\t\r-])', '''\1')", value)


def _as_text(value: Sql) -> Sql:
    return joined("{}::text", value)


def _as_is(value: Sql) -> Sql:
    return value


def _copy(
    layer: Layer, reader: Audience, edition: Edition, columns: Sql, into: BinaryIO, *, cells: bool = False
) -> None:
    """Write what the database says of each feature, in the order of their keys: one statement, so one state, and never
    more than some rows at once in our memory."""
    where, _ = _where(Asked(layer, reader, _STORED, 0), edition)
    # What is written bare has no such characters: JSON does not.
    form = "FORMAT csv" if cells else r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"
    sql = joined(
        f"COPY (SELECT {{}} FROM layer_feature f WHERE {{}} ORDER BY f.key) TO STDOUT ({form})",  # noqa: S608
        columns,
        where,
    )
    with connection.cursor() as cursor, cursor.copy(sql.text, sql.params) as rows:
        into.writelines(rows)


Row = tuple[Any, ...]


def rows(layer: Layer, reader: Audience, edition: Edition) -> Iterator[list[Row]]:
    """All features of a layer as they are today, some thousands at a time: the key, the shape as WKB (degrees, JGD2011,
    east first), the attributes that the reader sees in their order, and from when they are valid."""
    wanted = [attribute(layer, one.key) for one in layer.seen_by(reader)]
    listed = joined("".join(", {}" for _ in wanted), *wanted)
    after = ""
    while True:
        where, _ = _where(Asked(layer, reader, _STORED, BATCH, after=after), edition)
        sql = (
            f"SELECT f.key, ST_AsBinary(f.geom){listed.text}, f.valid_from FROM layer_feature f"  # noqa: S608
            f" WHERE {where.text} ORDER BY f.key LIMIT {BATCH}"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [*listed.params, *where.params])
            found = cursor.fetchall()
        if found:
            yield found
        if len(found) < BATCH:
            return
        after = found[-1][0]


_STORED: Final = Crs("", STORED, False, (-180.0, -90.0, 180.0, 90.0), 7)
