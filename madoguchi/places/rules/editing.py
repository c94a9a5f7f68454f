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
from collections import Counter
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
    if attribute.kind == "date" and (day := _DAY.fullmatch(plain)):
        return dt.date(*map(int, day.groups())).isoformat()
    return _coded(attribute, plain) if attribute.kind == "code" else plain


#: 2026-04-01, and as a spreadsheet writes it: 2026/4/1, 2026年4月1日.
_DAY: Final = re.compile(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?")


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
    """A feature as a table is compared with it. ``is_now``: nothing has changed since; ``waits``: a change of it waits
    for whoever decides."""

    id: UUID
    key: str
    properties: Mapping[str, Any]
    wkb: bytes = field(repr=False)
    is_now: bool = True
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a row of a table will do. ``row`` counts from 2, as a spreadsheet shows it."""

    row: int
    line: Line
    key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a row; ``feature``: the row of the layer that it was written on, where it has changed."""

    row: int
    problem: Problem
    feature: UUID | None = None


@dataclass(slots=True)
class Table:
    """A table as it was read: what will happen, how many rows say nothing new, and what is wrong, by row. ``missing``:
    attributes that have no column, and stay as they are."""

    foreseen: list[Foreseen] = field(default_factory=list)
    unchanged: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    missing: list[Attribute] = field(default_factory=list)


def headings(attributes: Sequence[Attribute]) -> dict[str, Attribute]:
    """The attributes as a table calls them: by their titles, with the unit; by the key where two have one title."""
    titles = {one.key: _titled(one) for one in attributes}
    taken = Counter([ROW, DEED, SHAPE, *titles, *(title for key, title in titles.items() if title != key)])
    return {titles[one.key] if taken[titles[one.key]] == 1 else one.key: one for one in attributes}


def _titled(one: Attribute) -> str:
    return one.title["ja"].strip() + (f"（{one.unit['ja']}）" if one.unit is not None else "")


def cells(attributes: Sequence[Attribute], properties: Mapping[str, Any]) -> list[str]:
    """What a table says of a feature: words for codes, so that nobody has to know these."""
    return [spoken(one, properties.get(one.key)) for one in attributes]


def spoken(attribute: Attribute, value: Any) -> str:
    """A kept value as a table writes it; a code by its meaning, where that means no other."""
    meaning = attribute.codes.get(str(value)) if attribute.kind == "code" and value is not None else None
    if meaning is not None and _coded(attribute, meaning["ja"]) == str(value):
        return meaning["ja"]
    return written(attribute, value)


def _coded(attribute: Attribute, text: str) -> str:
    """The code that somebody means who writes it or its meaning; what means none as it stands."""
    if text in attribute.codes:
        return text
    meant = [code for code, words in attribute.codes.items() if _plainly(words["ja"]) == _plainly(text)]
    return meant[0] if len(meant) == 1 else text


def _plainly(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def text_of(content: bytes) -> str:
    """A table's text, of UTF-8 or cp932. Raises Invalid."""
    if len(content) > MAX_TABLE:
        raise too_large()
    if content.startswith(b"PK\x03\x04"):
        raise Invalid(
            "table-workbook",
            "Excelのブック（.xlsx）は、そのままでは読めません。「CSV UTF-8（コンマ区切り）」で保存しなおしてください。",
        )
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("table-unread", "文字コードを読めません。UTF-8かcp932のCSVにしてください。")


def too_large() -> Invalid:
    """The refusal of a table that is more than one can look through."""
    return Invalid("table-too-large", "ファイルが大きすぎます（1MBまで）。直したい行だけにしてください。")


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV by column, those in which nothing stands too: a row is known by where it stands.

    Columns without a heading in which nothing stands are what a spreadsheet leaves where something was deleted. A row
    with fewer or more cells has the key or the value None. Raises Invalid.
    """
    unread = Invalid("table-unread", "CSVとして読めません。書き出したファイルを直して使ってください。")
    try:
        head, *lines = csv.reader(io.StringIO(text), strict=True)
    except (csv.Error, ValueError):
        raise unread from None
    names = [one.strip() for one in head]
    while names and not names[-1]:
        names.pop()
    if len(names) == 1 and re.search(r"[\t;]", names[0]):
        raise Invalid(
            "table-separator",
            "カンマ区切りのCSVではありません。「CSV UTF-8（コンマ区切り）」で保存しなおしてください。",
        )
    if not lines or not all(names) or len(set(names)) != len(names):
        raise unread
    if len(lines) > MAX_ROWS:
        raise Invalid("table-too-large", "行が多すぎます（%(most)s行まで）。", {"most": f"{MAX_ROWS:,}"})
    return [_row_of(names, line) for line in lines]


def _row_of(names: Sequence[str], line: list[str]) -> dict[Any, Any]:
    if not any(one.strip() for one in line):
        return dict.fromkeys(names, "")
    row: dict[Any, Any] = {name: line[at] if at < len(line) else None for at, name in enumerate(names)}
    if any(line[len(names) :]):
        row[None] = line[len(names) :]
    return row


def written_on(rows: Iterable[Mapping[str, str]]) -> list[UUID]:
    """The features on which the rows of a table were written."""
    return [one for one in (_uuid(row.get(ROW)) for row in rows) if one is not None]


def read_table(
    layer: Layer,
    rows: Sequence[Mapping[str, Any]],
    known: Mapping[UUID, Standing],
    attributes: Sequence[Attribute],
    *,
    mistake: bool,
) -> Table:
    """What a table would do. ``known`` are the features that it names, as they were when it was written out;
    ``mistake``: what differs was recorded wrongly; else it changed in the world.

    A column is an attribute's title, with its unit or without, or its key. Raises Invalid.
    """
    columns = _columns(rows[0], attributes)
    table, seen = Table(missing=[one for one in attributes if one.key not in columns]), dict[UUID, int]()
    for number, row in enumerate(rows, 2):
        for one in _read_row(layer, number, row, known, attributes, columns, seen, mistake=mistake):
            if isinstance(one, Wrong):
                table.wrong.append(one)
            elif one is None:
                table.unchanged += 1
            else:
                table.foreseen.append(one)
    if len(table.foreseen) > MAX_LINES:
        raise Invalid("too-many-lines", "一度に変えられるのは%(most)s件までです。", {"most": f"{MAX_LINES:,}"})
    return table


def _columns(row: Mapping[Any, Any], attributes: Sequence[Attribute]) -> dict[str, str]:
    """The column in which a table says an attribute, by key. Raises Invalid."""
    titles = headings(attributes)
    meant = {_plainly(one.title["ja"]): one.key for name, one in titles.items() if name != one.key}
    meant |= {_plainly(name): one.key for name, one in titles.items()} | {one.key: one.key for one in attributes}
    said = [one for one in row if one is not None and one not in (ROW, DEED, SHAPE)]
    if unknown := sorted(one for one in said if _plainly(one) not in meant):
        raise Invalid(
            "table-columns",
            "知らない列があります：%(columns)s。このレイヤーの列は、%(known)sです。",
            {"columns": "、".join(unknown)[:200], "known": "、".join(titles)[:500]},
        )
    if ROW not in row:
        raise Invalid("table-columns", "「_id」の列がありません。書き出したファイルを直して使ってください。")
    columns = {meant[_plainly(one)]: one for one in said}
    if len(columns) != len(said):
        raise Invalid("table-columns", "同じ項目の列が二つあります：%(columns)s。", {"columns": "、".join(said)[:200]})
    return columns


def _read_row(
    layer: Layer,
    number: int,
    row: Mapping[str, Any],
    known: Mapping[UUID, Standing],
    attributes: Sequence[Attribute],
    columns: Mapping[str, str],
    seen: dict[UUID, int],
    *,
    mistake: bool,
) -> Iterator[Foreseen | Wrong | None]:
    if None in row or None in row.values():
        yield Wrong(number, Problem("row-cells", "列の数が見出しと合いません。"))
        return
    if not any(text.strip() for text in row.values()):
        yield None
        return
    said, deed = row[ROW].strip(), row.get(DEED, "").strip()
    if deed not in DEEDS:
        yield Wrong(number, Problem("row-deed", "「_do」は空か、終了か、取消です。"))
        return
    now = known.get(_uuid(said) or UUID(int=0))
    if said and (problem := _not_now(now, seen)) is not None:
        yield Wrong(number, problem, now.id if now is not None and problem.code != "row-twice" else None)
        return
    if now is not None:
        seen[now.id] = number
    if DEEDS[deed] in ("end", "drop"):
        if now is None:
            yield Wrong(number, Problem("row-deed", "「_id」のない行は、終了や取消にできません。"))
        else:
            yield Foreseen(number, Line(DEEDS[deed], now.id), now.key, now.properties, {})
        return
    before = now.properties if now is not None else {}
    given = {key: _plain(row[name]) for key, name in columns.items()}
    after, wrong = typed(layer, given, before, attributes)
    for one in attributes:
        if one.key in columns and (problem := _mangled(one, before.get(one.key), after.get(one.key))) is not None:
            wrong[one.key] = problem
        if one.key in wrong:
            column = columns.get(one.key, one.title["ja"])
            yield Wrong(number, _of_column(column, one, given.get(one.key, ""), wrong[one.key]))
    shape = None
    if text := row.get(SHAPE, "").strip():
        try:
            shape = drawn(layer, text)
        except Invalid as refusal:
            message = "「_shape」：" + refusal.message + ("形を変えない行では空にします。" if now is not None else "")
            yield Wrong(number, Problem(refusal.code, message, refusal.params))
            return
    if wrong:
        return
    if now is None:
        if shape is None:
            yield Wrong(number, Problem("no-shape", "新しい行には「_shape」に形を書いてください。"))
        else:
            yield Foreseen(number, Line("add", None, given, shape), layer.key_of(after), {}, after)
    elif same(now.properties, after) and shape in (None, now.wkb):
        yield None
    else:
        moved = shape if shape != now.wkb else None
        line = Line("correct" if mistake else "change", now.id, given, moved)
        yield Foreseen(number, line, now.key, now.properties, after)


def _not_now(now: Standing | None, seen: Mapping[UUID, int]) -> Problem | None:
    """Why a row that names a feature cannot be taken for what it is now."""
    if now is None:
        return Problem("row-unknown", "「_id」の地物は、このレイヤーにありません。書き出したときのままにしてください。")
    if now.id in seen:
        return Problem(
            "row-twice", "同じ地物が%(row)s行目にもあります。一方だけを残してください。", {"row": seen[now.id]}
        )
    if not now.is_now:
        return Problem(
            "row-changed",
            "書き出した後に、ほかの人がこの地物（%(key)s）を変えました。"
            "この行を消して残りを保存し、この地物はいまの内容を見て直してください。",
            {"key": now.key},
        )
    if now.waits:
        return Problem(
            "row-waits",
            "この地物（%(key)s）には、承認を待っている変更があります。この行を消して残りを保存してください。",
            {"key": now.key},
        )
    return None


def _of_column(name: str, attribute: Attribute, said: str, problem: Problem) -> Problem:
    """What is wrong with a cell, by its column; of a code, which words there are."""
    if problem.code == "not-code":
        there = "・".join(words["ja"] for words in attribute.codes.values())
        words = "%(column)s：「%(said)s」は選べません。%(there)sのどれかを書いてください。"
        return Problem(problem.code, words, {"column": name, "said": said[:40], "there": there[:600]})
    return Problem(problem.code, "%(column)s：" + problem.message, {"column": name, **problem.params})


#: What a spreadsheet takes for a day, and how it writes one.
_LIKE_DAY: Final = re.compile(r"\d{1,4}([-/])\d{1,2}(\1\d{1,2})?")
_AS_DAY: Final = re.compile(
    r"(\d{4}[年/])?\d{1,2}[月/]\d{1,2}日?|\d{4}年\d{1,2}月|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}"
)


def _mangled(attribute: Attribute, before: Any, after: Any) -> Problem | None:
    """What a spreadsheet makes of a text when it opens a table, unasked: of 12-3 a day in December, of 007 a 7."""
    if attribute.kind != "text" or before is None or after is None or before == after:
        return None
    as_day = _LIKE_DAY.fullmatch(before) and _AS_DAY.fullmatch(after)
    as_number = before.isdigit() and before.startswith("0") and before.lstrip("0") == after
    if not as_day and not as_number:
        return None
    return Problem(
        "cell-mangled",
        "「%(before)s」が「%(after)s」になっています。表計算ソフトが開くときに変えたようです。"
        "この列を直さないなら、列ごと消します。",
        {"before": before, "after": after},
    )


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text).strip())
    except ValueError:
        return None


def _plain(text: str) -> str:
    """A cell without the mark that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@\t\r" else text
