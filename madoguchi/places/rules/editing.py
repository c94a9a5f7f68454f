"""Features edited by hand: what a form or a table says, as attributes and a shape of the layer. Pure.

Whoever types hears of each field what to write instead. Nothing is mended here: whoever drew a crossed line is there
to draw it again, and is told where.
"""

import csv
import datetime as dt
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from madoguchi.ground.errors import Invalid, Problem, Refused
from madoguchi.ground.text import clean
from madoguchi.places.rules.layer import JAPAN, MAX_TEXT, Attribute, Layer, Shape, value_of

Kind = Literal["add", "change", "correct", "end", "drop", "restore"]
"""add: something new; change: it became other on a day; correct: it was recorded wrongly and never was so; end: it
ceased on a day; drop: recorded wrongly, it never was; restore: as it stood before what is undone."""

KINDS: Final[tuple[Kind, ...]] = ("add", "change", "correct", "end", "drop", "restore")
#: Those that say on which day the world changed.
DATED: Final[frozenset[Kind]] = frozenset({"add", "change", "end"})

MAX_WHY: Final = 500
#: Characters of a shape as text, and its vertices.
MAX_SHAPE: Final = 500_000
MAX_VERTICES: Final = 10_000
#: Bytes and rows of a table that is taken in, and features that one change may touch.
MAX_TABLE: Final = 1_000_000
MAX_ROWS: Final = 20_000
MAX_LINES: Final = 2_000
_DIMENSION: Final[Mapping[Shape, int]] = {"point": 0, "line": 1, "polygon": 2}
_KINDS: Final[Mapping[Shape, tuple[str, ...]]] = {
    "point": ("Point", "MultiPoint"),
    "line": ("LineString", "MultiLineString"),
    "polygon": ("Polygon", "MultiPolygon"),
}


@dataclass(frozen=True, slots=True)
class Grounds:
    """The city in which features stand: EPSG code of its plane (metres), and its municipality code."""

    plane: int
    code: str


@dataclass(frozen=True, slots=True)
class Line:
    """One feature in a change. ``feature`` is the row on which it was made, which is how the feature was then; None of
    what is added. ``given``: attributes as typed, None where they stay; ``shape``: WKB (EPSG:6668), None where it
    stays."""

    kind: Kind
    feature: UUID | None = None
    given: Mapping[str, str] | None = None
    shape: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph as it may be kept: looked at for viruses and encoded anew by whoever took it in."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    width: int
    height: int


#: Photographs that one feature may have.
MAX_PHOTOS: Final = 20


def typed(
    layer: Layer, given: Mapping[str, str], before: Mapping[str, Any], attributes: Sequence[Attribute]
) -> tuple[dict[str, Any], dict[str, Problem]]:
    """The attributes as they will be kept, and what is wrong with them by key.

    ``attributes`` are those that the reader may see: whatever else the feature says stays as it was before.
    """
    found = {key: value for key, value in before.items() if key not in {one.key for one in attributes}}
    wrong: dict[str, Problem] = {}
    for one in attributes:
        if one.key not in given:
            if one.key in before:
                found[one.key] = before[one.key]
            elif one.required:
                wrong[one.key] = _MISSING
            continue
        try:
            value = value_of(one, _said(one, given[one.key]))
        except Refused as refusal:
            wrong[one.key] = refusal.as_problem()
        except ValueError:
            wrong[one.key] = _INSTEAD[one.kind]
        else:
            if value is not None:
                found[one.key] = value
            elif one.required or one.key in layer.key:
                wrong[one.key] = _MISSING
    return found, wrong


_MISSING: Final = Problem("missing", "書いてください。")
_INSTEAD: Final[Mapping[str, Problem]] = {
    "number": Problem("not-number", "数を書いてください（例：4.5）。"),
    "integer": Problem("not-integer", "小数のない数を書いてください（例：12）。"),
    "code": Problem("not-code", "選択肢から選んでください。"),
    "yes_no": Problem("not-yes_no", "有か無を選んでください。"),
    "date": Problem("not-date", "年月日を2026-04-01のように書いてください。"),
    "text": Problem("not-text", "2,000字までで書いてください。"),
}


def _said(attribute: Attribute, text: str) -> str:
    if attribute.kind == "text":
        return clean(text, max_length=MAX_TEXT)
    plain = unicodedata.normalize("NFKC", text).strip()
    if attribute.kind in ("number", "integer"):
        return plain.replace(",", "")
    if attribute.kind == "date" and plain:
        return dt.date.fromisoformat(plain.replace("/", "-")).isoformat()
    return plain


def written(attribute: Attribute, value: Any) -> str:
    """A kept value as a form or a table writes it."""
    if value is None:
        return ""
    if attribute.kind == "yes_no":
        return "有" if value else "無"
    if attribute.kind == "number" and float(value).is_integer():
        return str(int(value))
    return str(value)


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two features say the same."""
    return {key: value for key, value in before.items() if value is not None} == dict(after)


# -- shapes -----------------------------------------------------------------------------------------------------------

_PAIR: Final = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*[,，\s]\s*(-?\d+(?:\.\d+)?)\s*$")


def drawn(layer: Layer, text: str) -> bytes:
    """The shape that a text says, as WKB in degrees of JGD2011: GeoJSON, WKT, or a line of 経度, 緯度 for each vertex.

    Raises Invalid where it is none, or none of this layer: in the user's words, with the place of what is wrong.
    """
    if not text.strip():
        raise Invalid("no-shape", "形を書いてください。")
    if len(text) > MAX_SHAPE:
        raise Invalid("shape-too-large", "形が大きすぎます（頂点%(most)s個まで）。", {"most": f"{MAX_VERTICES:,}"})
    return checked(layer, _parsed(layer.shape, unicodedata.normalize("NFKC", text).strip()))


#: Parentheses in parentheses beyond those of a MULTIPOLYGON: GEOS follows them until its stack is full, and the process
#: is gone.
_DEEP: Final = re.compile(r"(?:\([^()]*){4}")


def _parsed(shape: Shape, text: str) -> BaseGeometry:
    unread = Invalid(
        "shape-unread", "形を読めません。1行に一つずつ「経度, 緯度」を書くか、GeoJSONかWKTを貼り付けてください。"
    )
    try:
        if text.startswith("{"):
            said = json.loads(text)
            with np.errstate(all="ignore"):
                found: Any = shapely.from_geojson(json.dumps(said.get("geometry", said)))
        elif text[0].isalpha():
            if _DEEP.search(text):
                raise unread
            with np.errstate(all="ignore"):  # what is no number is refused below
                found = shapely.from_wkt(text.partition(";")[2] if text.upper().startswith("SRID=") else text)
        else:
            pairs = [_PAIR.match(line) for line in text.splitlines() if line.strip()]
            if not all(pairs):
                raise unread
            found = _of_points(shape, [(float(one[1]), float(one[2])) for one in pairs if one is not None])
    except (shapely.errors.GEOSException, ValueError, TypeError, AttributeError, RecursionError):
        raise unread from None
    if not isinstance(found, BaseGeometry):
        raise unread
    return found


def _of_points(shape: Shape, points: list[tuple[float, float]]) -> BaseGeometry:
    if shape == "point":
        return shapely.Point(points[0]) if len(points) == 1 else shapely.MultiPoint(points)
    return shapely.LineString(points) if shape == "line" else shapely.Polygon(points)


def checked(layer: Layer, shape: BaseGeometry) -> bytes:
    """WKB of a shape that the layer can have. Raises Invalid."""
    if shape.is_empty:
        raise Invalid("no-shape", "形を書いてください。")
    if shape.geom_type not in _KINDS[layer.shape]:
        kind = {"point": "点", "line": "線", "polygon": "面"}[layer.shape]
        raise Invalid("other-shape", "このレイヤーの形は%(kind)sです。", {"kind": kind})
    if shapely.count_coordinates(shape) > MAX_VERTICES:
        raise Invalid("shape-too-large", "形が大きすぎます（頂点%(most)s個まで）。", {"most": f"{MAX_VERTICES:,}"})
    flat = shapely.force_2d(shape)
    _in_japan(flat.bounds)
    if not flat.is_valid:
        why = shapely.is_valid_reason(flat)
        place = re.search(r"\[(-?[\d.]+) (-?[\d.]+)\]", why)
        raise Invalid(
            "shape-crossed",
            "形が自分と交わっているか、つぶれています（経度%(lon)s、緯度%(lat)sのあたり）。",
            {"lon": place[1][:10] if place else "?", "lat": place[2][:9] if place else "?"},
        )
    if (layer.shape == "line" and flat.length == 0) or (layer.shape == "polygon" and flat.area == 0):
        raise Invalid("shape-nothing", "長さか広さのない形です。")
    return bytes(shapely.to_wkb(flat, output_dimension=2, include_srid=False))


def _in_japan(box: tuple[float, ...]) -> None:
    west, south, east, north = box
    if JAPAN[0] <= west and east <= JAPAN[2] and JAPAN[1] <= south and north <= JAPAN[3]:
        return
    if JAPAN[0] <= south and north <= JAPAN[2] and JAPAN[1] <= west and east <= JAPAN[3]:
        raise Invalid("axes-swapped", "緯度と経度が入れかわっています。経度（135.6など）を先に書きます。")
    raise Invalid("out-of-japan", "日本の外にあります。")


def vertices(wkb: bytes) -> int:
    """How many points a shape has."""
    return int(shapely.count_coordinates(shapely.from_wkb(wkb)))


def as_geojson(wkb: bytes) -> str:
    """A shape as GeoJSON; longitude and latitude as they are kept."""
    return str(shapely.to_geojson(shapely.from_wkb(wkb)))


def as_wkt(wkb: bytes) -> str:
    """A shape as one cell of a table."""
    return str(shapely.to_wkt(shapely.from_wkb(wkb), rounding_precision=-1))


# -- tables -----------------------------------------------------------------------------------------------------------

#: Columns beside the attributes: the row that was written out, what to do with it, the shape (WKT).
ROW, DEED, SHAPE = "_id", "_do", "_shape"
#: What stands in ``_do``; empty: as the row says.
DEEDS: Final[Mapping[str, Kind]] = {"": "change", "終了": "end", "取消": "drop"}


@dataclass(frozen=True, slots=True)
class Standing:
    """A feature as it is now, as a table is compared with it."""

    id: UUID
    key: str
    properties: Mapping[str, Any]
    wkb: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a row of a table will do. ``row`` counts from 2, as a spreadsheet shows it."""

    row: int
    line: Line
    key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(slots=True)
class Table:
    """A table as it was read: what will happen, how many rows say nothing new, and what is wrong, by row."""

    foreseen: list[Foreseen] = field(default_factory=list)
    unchanged: int = 0
    wrong: list[tuple[int, Problem]] = field(default_factory=list)


def text_of(content: bytes) -> str:
    """A table's text, of UTF-8 or cp932. Raises Invalid."""
    if len(content) > MAX_TABLE:
        raise Invalid("table-too-large", "ファイルが大きすぎます（1MBまで）。直したい行だけにしてください。")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("table-unread", "文字コードを読めません。UTF-8かcp932のCSVにしてください。")


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV by column. Raises Invalid."""
    try:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        rows = list(reader)
    except csv.Error:
        raise Invalid("table-unread", "CSVとして読めません。書き出したファイルを直して使ってください。") from None
    if not rows or reader.fieldnames is None or len(set(reader.fieldnames)) != len(reader.fieldnames):
        raise Invalid("table-unread", "CSVとして読めません。書き出したファイルを直して使ってください。")
    if len(rows) > MAX_ROWS:
        raise Invalid("table-too-large", "行が多すぎます（%(most)s行まで）。", {"most": f"{MAX_ROWS:,}"})
    return rows


def written_on(rows: Iterable[Mapping[str, str]]) -> list[UUID]:
    """The features on which the rows of a table were written."""
    return [one for one in (_uuid(row.get(ROW)) for row in rows) if one is not None]


def read_table(
    layer: Layer,
    rows: Sequence[Mapping[str, Any]],
    standing: Mapping[UUID, Standing],
    attributes: Sequence[Attribute],
    *,
    mistake: bool,
) -> Table:
    """What a table would do. ``standing`` are the features that it names and that are still as they were;
    ``mistake``: what differs was recorded wrongly; else it changed in the world."""
    columns = set(rows[0]) - {None}
    known = {one.key for one in attributes} | {ROW, DEED, SHAPE}
    if unknown := sorted(str(one) for one in columns - known):
        raise Invalid("table-columns", "知らない列があります：%(columns)s。", {"columns": "、".join(unknown)[:200]})
    if ROW not in columns:
        raise Invalid("table-columns", "「_id」の列がありません。書き出したファイルを直して使ってください。")
    table, seen = Table(), set[UUID]()
    for number, row in enumerate(rows, 2):
        for one in _read_row(layer, number, row, standing, attributes, seen, mistake=mistake):
            if isinstance(one, Problem):
                table.wrong.append((number, one))
            elif one is None:
                table.unchanged += 1
            else:
                table.foreseen.append(one)
    if len(table.foreseen) > MAX_LINES:
        raise Invalid("too-many-lines", "一度に変えられるのは%(most)s件までです。", {"most": f"{MAX_LINES:,}"})
    return table


def _read_row(
    layer: Layer,
    number: int,
    row: Mapping[str, Any],
    standing: Mapping[UUID, Standing],
    attributes: Sequence[Attribute],
    seen: set[UUID],
    *,
    mistake: bool,
) -> Iterator[Foreseen | Problem | None]:
    if None in row or None in row.values():
        yield Problem("row-cells", "列の数が見出しと合いません。")
        return
    said, deed = row[ROW].strip(), row.get(DEED, "").strip()
    if deed not in DEEDS:
        yield Problem("row-deed", "「_do」は空か、終了か、取消です。")
        return
    now = standing.get(_uuid(said) or UUID(int=0))
    if said and (now is None or now.id in seen):
        yield Problem(
            "row-changed", "書き出した後に変わったか、なくなったか、二度出てきます。書き出しなおしてください。"
        )
        return
    if now is not None:
        seen.add(now.id)
    if not said and not any(row.get(one.key, "").strip() for one in attributes) and not row.get(SHAPE, "").strip():
        yield None
        return
    if DEEDS[deed] in ("end", "drop"):
        if now is None:
            yield Problem("row-deed", "「_id」のない行は、終了や取消にできません。")
        else:
            yield Foreseen(number, Line(DEEDS[deed], now.id), now.key, now.properties, {})
        return
    given = {one.key: _plain(row[one.key]) for one in attributes if one.key in row}
    after, wrong = typed(layer, given, now.properties if now else {}, attributes)
    for key, problem in wrong.items():
        words = Problem(problem.code, "%(column)s：" + problem.message, {"column": key, **problem.params})
        yield words
    shape = None
    if text := row.get(SHAPE, "").strip():
        try:
            shape = drawn(layer, text)
        except Invalid as refusal:
            yield refusal.as_problem()
            return
    if wrong:
        return
    if now is None:
        if shape is None:
            yield Problem("no-shape", "新しい行には「_shape」に形を書いてください。")
        else:
            yield Foreseen(number, Line("add", None, given, shape), layer.key_of(after), {}, after)
    elif same(now.properties, after) and shape in (None, now.wkb):
        yield None
    else:
        moved = shape if shape != now.wkb else None
        line = Line("correct" if mistake else "change", now.id, given, moved)
        yield Foreseen(number, line, now.key, now.properties, after)


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text).strip())
    except ValueError:
        return None


def _plain(text: str) -> str:
    """A cell without the mark that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@\t\r" else text
