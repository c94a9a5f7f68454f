"""A picture of the map as SVG, drawn in the plane of the city: what is 50 m there is 100 mm here at 1:500.

For paper. One unit of the picture is one millimetre; the middle of the frame is (0, 0), east is right and the north of
the plane (方眼北) is up, which in Osaka is within half a degree of true north.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from django.db import connection

from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.places.queries import Where
from madoguchi.places.rules.layer import STORED, Layer, Reader, everybody, includes

#: Scales that maps are printed at.
SCALES: Final = (500, 1000, 2500, 5000, 10_000)
#: Features of one picture, and names that are written into it.
MOST: Final = 30_000
MOST_LABELS: Final = 400
#: Millimetres of paper for a pixel of the screen.
PIXEL: Final = 0.25


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture shows: its middle, so many millimetres of paper, at 1:``scale``."""

    centre: Where
    scale: int
    width: float
    height: float

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise Invalid("no-such-scale", "この縮尺では印刷できません。")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A layer of which something is in the picture, and the values by which its features are coloured there."""

    layer: Layer
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """``svg`` has ``width`` and ``height`` in millimetres, a north arrow and a scale bar. ``drawn`` (and ``base``) say
    what is in it, the lowest first: for the legend, and because the credit (出典) of each has to be printed beside it.
    """

    svg: str
    width: float
    height: float
    drawn: tuple[Drawn, ...]
    base: tuple[Layer, ...]


def picture(
    frame: Frame,
    layers: Sequence[Layer],
    plane: int,
    *,
    reader: Reader = everybody,
    on: dt.date | None = None,
    base: Sequence[Layer] = (),
    marks: Sequence[Where] = (),
    outline: Mapping[str, Any] | None = None,
) -> Picture:
    """What this reader may see of ``layers`` (the lowest first) in the frame, as things were ``on`` that day (today).

    ``plane`` is the EPSG code of the city's plane rectangular system. ``base`` are drawn quietly below; ``marks`` are
    points with a cross, ``outline`` is a GeoJSON geometry (JGD2011 degrees) that is drawn on top: what was asked about.
    Raises Invalid where more lies in the frame than a page can show.
    """
    quiet = [one for one in base if includes(one.see, reader(one))]
    loud = [one for one in layers if includes(one.see, reader(one)) and one not in quiet]
    rows = _features(frame, [one.code for one in (*quiet, *loud)], plane, on)
    box = f'x="{-frame.width / 2}" y="{-frame.height / 2}" width="{frame.width}" height="{frame.height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{frame.width}mm" height="{frame.height}mm"'
        f' viewBox="{-frame.width / 2} {-frame.height / 2} {frame.width} {frame.height}">',
        f'<clipPath id="frame"><rect {box}/></clipPath><rect {box} fill="#ffffff"/><g clip-path="url(#frame)">',
    ]
    labels: list[str] = []
    for layer in quiet:
        parts += _quiet(rows.get(layer.code, ()))
    for layer in loud:
        parts += _drawn(layer, reader, rows.get(layer.code, ()), labels)
    parts += labels[:MOST_LABELS]
    if outline is not None or marks:
        parts += _asked(frame, plane, outline, marks)
    parts += [*_north(frame), *_bar(frame), "</g></svg>"]
    drawn = tuple(Drawn(one, _values(one, reader, rows[one.code])) for one in loud if rows.get(one.code))
    below = tuple(one for one in quiet if rows.get(one.code))
    return Picture("\n".join(parts), frame.width, frame.height, drawn, below)


def _values(layer: Layer, reader: Reader, rows: Sequence["_Row"]) -> tuple[str, ...]:
    """What the colours mean that are there, in the order of the layer's file."""
    if layer.style.by not in {one.key for one in layer.drawn_by(reader(layer))}:
        return ()
    there = {str(one.properties.get(layer.style.by)) for one in rows}
    return tuple(one for one in layer.style.colours if one in there)


@dataclass(frozen=True, slots=True)
class _Row:
    """A feature: its attributes, its path (or the place of a point), and where its name goes."""

    properties: Mapping[str, Any]
    dimension: int
    path: str
    points: Sequence[tuple[float, float]]
    at: tuple[float, float]


def _features(frame: Frame, codes: Sequence[str], plane: int, on: dt.date | None) -> dict[str, list[_Row]]:
    given = _given(frame, plane) | {"layers": list(codes), "day": on or clock.today(), "most": MOST + 1}
    with connection.cursor() as cursor:
        cursor.execute(_IN_FRAME, given)
        found = cursor.fetchall()
    if len(found) > MOST:
        raise Invalid(
            "too-much-to-print", "地物が多すぎて印刷できません。レイヤーを減らすか、縮尺を大きくしてください。"
        )
    rows: dict[str, list[_Row]] = {}
    for layer, properties, dimension, path, points, x, y in found:
        row = _Row(json.loads(properties), dimension, path or "", json.loads(points or "[]"), (x, -y))
        rows.setdefault(layer, []).append(row)
    return rows


def _given(frame: Frame, plane: int) -> dict[str, Any]:
    factor = 1000 / frame.scale  # millimetres of a metre
    return {
        "lon": frame.centre.lon,
        "lat": frame.centre.lat,
        "stored": STORED,
        "plane": plane,
        "east": frame.width / 2 / factor,
        "north": frame.height / 2 / factor,
        "factor": factor,
    }


#: ST_TransScale brings a shape of the plane onto the paper; ST_AsSVG turns the y axis down by itself.
_IN_FRAME: Final = """
    WITH frame AS (
        SELECT ST_Transform(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(stored)s), %(plane)s) AS middle
    ), box AS (
        SELECT middle, ST_Expand(middle, %(east)s, %(north)s) AS flat,
               ST_Expand(middle, %(east)s * 1.05, %(north)s * 1.05) AS wide FROM frame
    ), found AS (
        SELECT f.layer, f.properties, ST_Dimension(f.geom) AS dimension, middle, flat,
               CASE WHEN ST_Dimension(f.geom) = 0 THEN ST_Transform(f.geom, %(plane)s)
                    ELSE ST_ClipByBox2D(ST_Transform(f.geom, %(plane)s), wide::box2d) END AS shape
        FROM box, layer_feature f
        WHERE f.layer = ANY(%(layers)s) AND f.geom && ST_Transform(wide, %(stored)s) AND f.dropped_in_id IS NULL
          AND f.valid_from <= %(day)s AND (f.valid_until IS NULL OR f.valid_until > %(day)s)
        LIMIT %(most)s
    ), paper AS (
        SELECT layer, properties, dimension,
               ST_TransScale(shape, -ST_X(middle), -ST_Y(middle), %(factor)s, %(factor)s) AS shape
        FROM found WHERE NOT ST_IsEmpty(shape) AND shape && flat
    )
    SELECT layer, properties::text, dimension, CASE WHEN dimension > 0 THEN ST_AsSVG(shape, 0, 3) END,
           CASE WHEN dimension = 0 THEN (
               SELECT json_agg(json_build_array(ST_X(one.geom), -ST_Y(one.geom))) FROM ST_Dump(shape) AS one)::text END,
           ST_X(ST_PointOnSurface(shape)), ST_Y(ST_PointOnSurface(shape))
    FROM paper
"""


def _quiet(rows: Sequence[_Row]) -> Iterator[str]:
    """A layer of the base: grey, so that what was asked for stands out."""
    for row in rows:
        if row.dimension == 0:
            yield from (f'<circle cx="{x:.3f}" cy="{y:.3f}" r="0.5" fill="#9a9a9a"/>' for x, y in row.points)
        elif row.dimension == 1:
            yield f'<path d="{row.path}" fill="none" stroke="#b9b9b9" stroke-width="0.5" stroke-linecap="round"/>'
        else:
            yield f'<path d="{row.path}" fill="none" stroke="#9a9a9a" stroke-width="0.2"/>'


def _drawn(layer: Layer, reader: Reader, rows: Sequence[_Row], labels: list[str]) -> Iterator[str]:
    style, seen = layer.style, {one.key for one in layer.drawn_by(reader(layer))}
    width = style.width * PIXEL
    for row in rows:
        told = {key: value for key, value in row.properties.items() if key in seen}
        colour = style.colour_of(told)
        if row.dimension == 0:
            r = style.radius * PIXEL
            for x, y in row.points:
                rim = 'stroke="#ffffff" stroke-width="0.2"'
                yield f'<circle cx="{x:.3f}" cy="{y:.3f}" r="{r:.2f}" fill="{colour}" {rim}/>'
        elif row.dimension == 1:
            yield (
                f'<path d="{row.path}" fill="none" stroke="{colour}" stroke-width="{width:.2f}"'
                ' stroke-linecap="round" stroke-linejoin="round"/>'
            )
        else:
            yield (
                f'<path d="{row.path}" fill="{colour}" fill-opacity="{style.opacity}" fill-rule="evenodd"'
                f' stroke="{colour}" stroke-width="{width:.2f}" stroke-linejoin="round"/>'
            )
        if told.get(style.label) is not None:
            labels.append(_label(str(told[style.label]), row, style.radius * PIXEL))


def _label(words: str, row: _Row, radius: float) -> str:
    x, y = row.at
    anchor, shift = ("start", radius + 0.6) if row.dimension == 0 else ("middle", 0.0)
    said = f'x="{x + shift:.2f}" y="{y + 0.9:.2f}" font-size="2.6" text-anchor="{anchor}"'
    font = 'font-family="BIZ UDPGothic"'
    text = escape(words[:40])
    halo = f'<text {said} {font} fill="none" stroke="#ffffff" stroke-width="0.7" stroke-linejoin="round">{text}</text>'
    return f'{halo}<text {said} {font} fill="#1a1a1a">{text}</text>'


def _asked(frame: Frame, plane: int, outline: Mapping[str, Any] | None, marks: Sequence[Where]) -> Iterator[str]:
    given = _given(frame, plane) | {
        "outline": json.dumps(outline) if outline is not None else None,
        "lons": [one.lon for one in marks],
        "lats": [one.lat for one in marks],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, given)
        path, points = cursor.fetchone()
    if path:
        yield f'<path d="{path}" fill="#c2185b" fill-opacity="0.08" stroke="#c2185b" stroke-width="0.6"/>'
    for x, y in json.loads(points or "[]"):
        cross = f"M{x - 3:.3f} {y:.3f}h6M{x:.3f} {y - 3:.3f}v6"
        yield f'<path d="{cross}" fill="none" stroke="#ffffff" stroke-width="1.2"/>'
        yield f'<path d="{cross}" fill="none" stroke="#c2185b" stroke-width="0.6"/>'
        yield f'<circle cx="{x:.3f}" cy="{y:.3f}" r="2" fill="none" stroke="#c2185b" stroke-width="0.6"/>'


_ASKED: Final = """
    WITH frame AS (
        SELECT ST_Transform(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(stored)s), %(plane)s) AS middle
    ), asked AS (
        SELECT ST_SetSRID(ST_GeomFromGeoJSON(%(outline)s), %(stored)s) AS outline,
               ST_SetSRID(ST_Collect(ARRAY(
                   SELECT ST_MakePoint(lon, lat) FROM unnest(%(lons)s::float8[], %(lats)s::float8[]) AS one (lon, lat)
               )), %(stored)s) AS marks
    ), paper AS (
        SELECT ST_TransScale(ST_Transform(outline, %(plane)s), -ST_X(middle), -ST_Y(middle), %(factor)s, %(factor)s)
                   AS outline,
               ST_TransScale(ST_Transform(marks, %(plane)s), -ST_X(middle), -ST_Y(middle), %(factor)s, %(factor)s)
                   AS marks
        FROM frame, asked
    )
    SELECT ST_AsSVG(outline, 0, 3),
           (SELECT json_agg(json_build_array(ST_X(one.geom), -ST_Y(one.geom))) FROM ST_Dump(marks) AS one)::text
    FROM paper
"""


def _north(frame: Frame) -> Iterator[str]:
    x, y = frame.width / 2 - 9, -frame.height / 2 + 4
    yield f'<rect x="{x - 5}" y="{y - 2}" width="10" height="17" rx="1" fill="#ffffff" fill-opacity="0.85"/>'
    yield f'<path d="M{x} {y}l3 9l-3 -2.2l-3 2.2z" fill="#1a1a1a"/>'
    yield f'<text x="{x}" y="{y + 13}" font-size="3.4" text-anchor="middle" font-family="BIZ UDPGothic">北</text>'


def _bar(frame: Frame) -> Iterator[str]:
    """The longest round length that takes at most 50 mm of paper, in two halves."""
    metres = next((one for one in (500, 200, 100, 50, 20) if one * 1000 / frame.scale <= 50), 10)
    half, x, y = metres * 500 / frame.scale, -frame.width / 2 + 6, frame.height / 2 - 5
    paper = 'rx="1" fill="#ffffff" fill-opacity="0.85"'
    yield f'<rect x="{x - 3}" y="{y - 6}" width="{half * 2 + 14}" height="9" {paper}/>'
    yield f'<rect x="{x}" y="{y}" width="{half * 2}" height="1.2" fill="#ffffff" stroke="#1a1a1a" stroke-width="0.2"/>'
    yield f'<rect x="{x}" y="{y}" width="{half}" height="1.2" fill="#1a1a1a"/>'
    for at, words in ((0.0, "0"), (half, f"{metres // 2}"), (half * 2, f"{metres}m")):
        said = f'x="{x + at}" y="{y - 1.2}" font-size="2.8" text-anchor="middle" font-family="BIZ UDPGothic"'
        yield f"<text {said}>{words}</text>"
