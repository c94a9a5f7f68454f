"""A CQL2 filter as SQL with parameters, over the attributes that the reader sees and over nothing else.

An attribute that is not for the reader is refused like one that does not exist: the answer tells neither. What was
written goes into parameters only; the text of the statement is made of the constants below. What a file wrote in
another type than the schema now says is no value (NULL), not an error.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import shapely
import shapely.geometry

from madoguchi.ground.errors import Refused
from madoguchi.places.rules.cql import (
    COMPARISONS,
    FIRST_DAY,
    LAST_DAY,
    SPATIAL,
    TEMPORAL,
    Day,
    Geometry,
    Node,
    Op,
    Property,
    Span,
    moment,
    unreadable,
)
from madoguchi.places.rules.crs import Crs
from madoguchi.places.rules.layer import Audience, Kind, Layer

#: What a value is, whatever the schema calls it.
Type = Literal["text", "number", "truth", "day", "shape"]
_TYPES: Final[Mapping[Kind, Type]] = {
    "text": "text",
    "code": "text",
    "number": "number",
    "integer": "number",
    "yes_no": "truth",
    "date": "day",
}
GEOMETRY: Final = "geometry"
VALID_FROM: Final = "valid_from"
VALID_UNTIL: Final = "valid_until"
#: What every feature has beside its layer's own attributes, as SQL.
_COMMON: Final[Mapping[str, tuple[Type, str]]] = {
    GEOMETRY: ("shape", "f.geom"),
    VALID_FROM: ("day", "f.valid_from::text"),
    VALID_UNTIL: ("day", "f.valid_until::text"),
}


@dataclass(frozen=True, slots=True)
class Sql:
    """Part of a statement over ``layer_feature f``, and its parameters in their order."""

    text: str
    params: tuple[Any, ...] = ()


def literal(text: str) -> str:
    """A text as SQL writes it, in a statement that has parameters: a name of the catalogue, for which one statement is
    kept. What a client sends is a parameter."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def identifier(name: str) -> str:
    """A name as SQL writes it, in a statement that has parameters."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def joined(pattern: str, *parts: Sql) -> Sql:
    """The pattern with each ``{}`` filled in turn."""
    params = tuple(one for part in parts for one in part.params)
    return Sql(pattern.format(*(part.text for part in parts)), params)


def all_of(parts: Sequence[Sql]) -> Sql:
    """All of these conditions."""
    return joined(" AND ".join("{}" for _ in parts), *parts)


def queryable(layer: Layer, reader: Audience) -> Mapping[str, Type]:
    """By what this reader may filter the layer: what a layer's own attribute hides of the common ones is its own."""
    common = {name: kind for name, (kind, _) in _COMMON.items()}
    return common | {one.key: _TYPES[one.kind] for one in layer.seen_by(reader)}


def attribute(layer: Layer, key: str) -> Sql:
    """The value of a layer's attribute as a typed column."""
    wanted = layer.attribute(key).kind
    match _TYPES[wanted]:
        case "number":
            kind = "int8" if wanted == "integer" else "float8"
            return Sql(
                f"(CASE WHEN jsonb_typeof(f.properties->%s) = 'number' THEN (f.properties->>%s)::numeric::{kind} END)",
                (key, key),
            )
        case "truth":
            return Sql(
                "(CASE WHEN jsonb_typeof(f.properties->%s) = 'boolean' THEN (f.properties->>%s)::boolean END)",
                (key, key),
            )
        case _:
            return Sql("(f.properties->>%s)", (key,))


def shape_sql(data: Mapping[str, Any], crs: Crs) -> Sql:
    """A shape as a geometry in what is stored, from GeoJSON in the axes of ``crs``.

    Raises Refused (400) where it crosses itself or lies where no coordinates of that system are.
    """
    try:
        found = shapely.geometry.shape(data)
    except (ValueError, TypeError, shapely.errors.ShapelyError):
        raise unreadable(None) from None
    if crs.flipped:
        found = shapely.transform(found, lambda axes: axes[:, ::-1])
    if not shapely.is_valid(found):
        raise Refused("shape-broken", "filter の図形が交差しているか、点が足りません。")
    west, south, east, north = shapely.bounds(found)
    most_east, most_north = (180.0, 90.0) if crs.degrees else (20_037_509.0, 20_037_509.0)
    if crs.srid not in (6668, 3857):
        most_east = most_north = 2_000_000.0
    if max(abs(west), abs(east)) > most_east or max(abs(south), abs(north)) > most_north:
        raise Refused(
            "out-of-range", "座標がこの座標系の範囲にありません。座標系（crs）と座標の順序を確かめてください。"
        )
    wkb = shapely.to_wkb(shapely.set_srid(found, crs.srid), hex=True, include_srid=True)
    if crs.degrees:
        return Sql("%s::geometry", (wkb,))
    # A straight side of one system is bent in another: it is cut into pieces first.
    return Sql("ST_Transform(ST_Segmentize(%s::geometry, 5000), 6668)", (wkb,))


def condition(node: Node, layer: Layer, reader: Audience, crs: Crs | None = None) -> Sql:
    """The tree as a condition. ``crs``: that of its shapes, where it may name some. Raises Refused (400)."""
    return _Compiler(layer, reader, crs).truth(node)


def equals(layer: Layer, reader: Audience, name: str, said: str) -> Sql:
    """That an attribute has this value, as a parameter of an address writes it. Raises Refused (400)."""
    kind = queryable(layer, reader)[name]
    value: Node = said
    if kind == "number":
        try:
            value = float(said)
        except ValueError:
            value = float("nan")
        if value - value != 0:
            raise _other_type()
    elif kind == "truth":
        if said not in ("true", "false"):
            raise _other_type()
        value = said == "true"
    elif kind == "shape":
        raise _other_type()
    return _Compiler(layer, reader, None).truth(Op("=", (Property(name), value)))


def _other_type() -> Refused:
    return Refused("type-differs", "属性の型と、くらべる値の型が合いません。queryables を確かめてください。")


#: CQL2's temporal functions over (a, b) from first to last day (OGC 21-065r2, table 9).
_WHEN: Final[Mapping[str, str]] = {
    "t_after": "{a0} > {b1}",
    "t_before": "{a1} < {b0}",
    "t_contains": "{a0} < {b0} AND {a1} > {b1}",
    "t_disjoint": "({a1} < {b0} OR {a0} > {b1})",
    "t_during": "{a0} > {b0} AND {a1} < {b1}",
    "t_equals": "{a0} = {b0} AND {a1} = {b1}",
    "t_finishedby": "{a0} < {b0} AND {a1} = {b1}",
    "t_finishes": "{a0} > {b0} AND {a1} = {b1}",
    "t_intersects": "{a0} <= {b1} AND {a1} >= {b0}",
    "t_meets": "{a1} = {b0}",
    "t_metby": "{a0} = {b1}",
    "t_overlappedby": "{a0} > {b0} AND {a0} < {b1} AND {a1} > {b1}",
    "t_overlaps": "{a0} < {b0} AND {a1} > {b0} AND {a1} < {b1}",
    "t_startedby": "{a0} = {b0} AND {a1} > {b1}",
    "t_starts": "{a0} = {b0} AND {a1} < {b1}",
}
assert set(_WHEN) == TEMPORAL


class _Compiler:
    def __init__(self, layer: Layer, reader: Audience, crs: Crs | None) -> None:
        self.layer, self.crs, self.known = layer, crs, queryable(layer, reader)
        self.own = {one.key for one in layer.seen_by(reader)}

    def truth(self, node: Node) -> Sql:
        """A condition."""
        if isinstance(node, bool):
            return Sql("TRUE" if node else "FALSE")
        if isinstance(node, Property):
            sql, kind = self.value(node)
            if kind != "truth":
                raise _other_type()
            return sql
        if not isinstance(node, Op):
            raise unreadable(None)
        name, args = node.name, node.args
        if name in ("and", "or"):
            parts = [self.truth(one) for one in args]
            return joined("(" + f" {name.upper()} ".join("{}" for _ in parts) + ")", *parts)
        if name == "not":
            return joined("(NOT {})", self.truth(args[0]))
        if name == "isNull":
            return joined("({} IS NULL)", self.value(args[0])[0])
        if name in COMPARISONS:
            left, right, _ = self.pair(args[0], args[1])
            return joined("({} " + name + " {})", left, right)
        if name == "between":
            value, low, kind = self.pair(args[0], args[1])
            _, high, _ = self.pair(args[0], args[2])
            if kind not in ("number", "day"):
                raise _other_type()
            return joined("({} BETWEEN {} AND {})", value, low, high)
        if name == "in":
            pairs = [self.pair(args[0], one) for one in args[1:]]
            return joined("({} IN (" + ", ".join("{}" for _ in pairs) + "))", pairs[0][0], *(one[1] for one in pairs))
        if name == "like":
            return self.like(args[0], args[1])
        if name in SPATIAL:
            return joined(f"ST_{name[2:].capitalize()}({{}}, {{}})", *(self.shape(one) for one in args))
        if name in TEMPORAL:
            return self.when(name, args[0], args[1])
        raise unreadable(None)

    def value(self, node: Node) -> tuple[Sql, Type]:
        """Something that can be compared, and what it is."""
        match node:
            case bool():
                return Sql("TRUE" if node else "FALSE"), "truth"
            case str():
                return Sql("%s::text", (_storable(node),)), "text"
            case int() | float():
                return Sql("%s::float8", (float(node),)), "number"
            case Day(text):
                return Sql("%s::text", (text,)), "day"
            case Property(name):
                return self.property(name)
            case Op("casei", (inner,)):
                sql, kind = self.value(inner)
                if kind != "text":
                    raise _other_type()
                return joined("lower({})", sql), "text"
        raise _other_type()

    def property(self, name: str) -> tuple[Sql, Type]:
        kind = self.known.get(name)
        if kind is None:
            raise Refused(
                "attribute-unknown", "filter に、このデータにない属性があります。queryables を確かめてください。"
            )
        if name not in self.own:
            return Sql(_COMMON[name][1]), kind
        return attribute(self.layer, name), kind

    def pair(self, left: Node, right: Node) -> tuple[Sql, Sql, Type]:
        """Two values of one type; text beside a day is read as a day."""
        one, kind = self.value(left)
        other, its = self.value(right)
        if {kind, its} == {"text", "day"}:
            if isinstance(right, str):
                other, its = self.value(moment(right))
            elif isinstance(left, str):
                one, kind = self.value(moment(left))
        if kind != its or kind == "shape":
            raise _other_type()
        if kind == "text":
            return joined('{} COLLATE "C"', one), other, kind
        return one, other, kind

    def like(self, value: Node, pattern: Node) -> Sql:
        inner = pattern.args[0] if isinstance(pattern, Op) and pattern.name == "casei" else pattern
        if not isinstance(inner, str):
            raise _other_type()
        if (len(inner) - len(inner.rstrip("\\"))) % 2:
            raise unreadable(None)  # what is escaped at the end is nothing
        left, right, kind = self.pair(value, pattern)
        if kind != "text":
            raise _other_type()
        return joined("({} LIKE {})", left, right)

    def shape(self, node: Node) -> Sql:
        if isinstance(node, Geometry) and self.crs is not None:
            return shape_sql(node.data, self.crs)
        if isinstance(node, Property):
            sql, kind = self.property(node.name)
            if kind == "shape":
                return sql
        raise _other_type()

    def when(self, name: str, left: Node, right: Node) -> Sql:
        ends = {**self.ends("a", left), **self.ends("b", right)}
        pattern = _WHEN[name]
        order = [ends[piece] for piece in _pieces(pattern)]
        for key in ends:
            pattern = pattern.replace("{" + key + "}", "{}")
        return joined(f"({pattern})", *order)

    def ends(self, name: str, node: Node) -> dict[str, Sql]:
        """First and last day of what is a day or a span."""
        if isinstance(node, Span):
            first, last = self.day(node.first, FIRST_DAY), self.day(node.last, LAST_DAY)
        else:
            if isinstance(node, str):
                node = moment(node)
            first = last = self.day(node, "")
        return {f"{name}0": first, f"{name}1": last}

    def day(self, node: Node | None, otherwise: str) -> Sql:
        if node is None:
            return Sql("%s::text", (otherwise,))
        sql, kind = self.value(node)
        if kind != "day":
            raise _other_type()
        return joined("coalesce({}, {})", sql, Sql("%s::text", (otherwise,))) if otherwise else sql


def _pieces(pattern: str) -> list[str]:
    return [one[:2] for one in pattern.split("{")[1:]]


def _storable(text: str) -> str:
    """Text that the database can hold: a NUL or half a character is in no value."""
    if "\0" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise unreadable(None)
    return text


def json_key(key: str) -> str:
    """A member's name as JSON writes it, with the colon."""
    return json.dumps(key, ensure_ascii=False) + ":"
