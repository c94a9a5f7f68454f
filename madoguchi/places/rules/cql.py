"""Filters in CQL2 (OGC 21-065r2), as text or as JSON, read into one tree.

Text is read into the JSON form first, so that both are checked once. What a filter may say: comparisons, LIKE, BETWEEN,
IN, IS NULL, CASEI, the spatial and the temporal functions, AND, OR, NOT. No arithmetic, no functions of ours. Length,
depth and number of positions are bounded. What cannot be read is refused with the place (counted from 1), never with
what was written there.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from madoguchi.ground.errors import Refused

#: Characters of a filter, how deep it may go, and positions of its shapes together.
MAX_LENGTH: Final = 8_000
MAX_DEPTH: Final = 24
MAX_NODES: Final = 400
MAX_POSITIONS: Final = 1_000
#: Values of one IN.
MAX_VALUES: Final = 200
#: An interval without a beginning, or without an end.
OPEN: Final = ".."
FIRST_DAY: Final = "0001-01-01"
LAST_DAY: Final = "9999-12-31"
_CITY: Final = ZoneInfo("Asia/Tokyo")

COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
SPATIAL: Final = frozenset(
    {
        "s_intersects",
        "s_equals",
        "s_disjoint",
        "s_touches",
        "s_within",
        "s_overlaps",
        "s_crosses",
        "s_contains",
    }
)
TEMPORAL: Final = frozenset(
    {
        "t_after",
        "t_before",
        "t_contains",
        "t_disjoint",
        "t_during",
        "t_equals",
        "t_finishedby",
        "t_finishes",
        "t_intersects",
        "t_meets",
        "t_metby",
        "t_overlappedby",
        "t_overlaps",
        "t_startedby",
        "t_starts",
    }
)


@dataclass(frozen=True, slots=True)
class Property:
    """An attribute by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day of Asia/Tokyo as ``2024-04-01``; of a point in time the day on which it falls."""

    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """From one day until and with another; either may be an attribute, or open (None)."""

    first: "Day | Property | None"
    last: "Day | Property | None"


@dataclass(frozen=True, slots=True)
class Geometry:
    """A shape as GeoJSON has it, checked: known type, numbers, rings that close. Axes as the filter's CRS has them."""

    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Op:
    """An operator over its arguments, by its name in the JSON form (``and``, ``=``, ``s_intersects``)."""

    name: str
    args: "tuple[Node, ...]"


Node = Op | Property | Day | Span | Geometry | str | float | bool


def read_text(text: str) -> Node:
    """The tree of a filter in cql2-text. Raises Refused (400) with the place that could not be read."""
    _measured(text)
    return _Reader().node(_Parser(text).whole(), 0)


def read_json(text: str) -> Node:
    """The tree of a filter in cql2-json. Raises Refused (400)."""
    _measured(text)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise unreadable(None) from None
    return _Reader().node(said, 0)


def unreadable(place: int | None) -> Refused:
    """A filter that is none; ``place``: at which character, where that is known."""
    if place is None:
        return Refused("filter-unreadable", "filter を読めません。CQL2の書き方を確かめてください。")
    return Refused(
        "filter-unreadable",
        "filter の%(place)s文字目を読めません。CQL2の書き方を確かめてください。",
        {"place": place},
    )


def too_large() -> Refused:
    """A filter longer or deeper than anybody needs."""
    return Refused("filter-too-large", "filter が長すぎるか、入れ子が深すぎます。")


def _measured(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise too_large()


# -- text -------------------------------------------------------------------------------------------------------------

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<text>'(?:\\'|''|[^'])*')
    | (?P<quoted>"[^"]+")
    | (?P<name>[^\W\d][\w.:]*)
    | (?P<sign><>|<=|>=|[=<>(),])
    )""",
    re.VERBOSE,
)
_SHAPES: Final = {
    "POINT": ("Point", 0),
    "LINESTRING": ("LineString", 1),
    "POLYGON": ("Polygon", 2),
    "MULTIPOINT": ("MultiPoint", 1),
    "MULTILINESTRING": ("MultiLineString", 2),
    "MULTIPOLYGON": ("MultiPolygon", 3),
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int

    @property
    def word(self) -> str:
        """Of a name: in capitals, as keywords are compared."""
        return self.text.upper() if self.kind == "name" else self.text if self.kind == "sign" else ""


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            if not text[at:].strip():
                break
            raise unreadable(at + 1 + len(text[at:]) - len(text[at:].lstrip()))
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup) + 1)
        at = found.end()
    yield _Token("end", "", len(text) + 1)


class _Parser:
    """Recursive descent over the tokens, one method for each rule of the BNF; gives the JSON form."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.next
        self.at += token.kind != "end"
        return token

    def took(self, *words: str) -> bool:
        """Whether these words come next; then they are taken."""
        if [one.word for one in self.tokens[self.at : self.at + len(words)]] != list(words):
            return False
        self.at += len(words)
        return True

    def expect(self, word: str) -> None:
        if not self.took(word):
            raise unreadable(self.next.place)

    def whole(self) -> Any:
        found = self.either()
        if self.next.kind != "end":
            raise unreadable(self.next.place)
        return found

    def either(self) -> Any:
        """booleanExpression"""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_large()
        parts = [self.all_of()]
        while self.took("OR"):
            parts.append(self.all_of())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else {"op": "or", "args": parts}

    def all_of(self) -> Any:
        """booleanTerm"""
        parts = [self.factor()]
        while self.took("AND"):
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else {"op": "and", "args": parts}

    def factor(self) -> Any:
        """booleanFactor"""
        if self.took("NOT"):
            return {"op": "not", "args": [self.primary()]}
        return self.primary()

    def primary(self) -> Any:
        """booleanPrimary"""
        if self.took("("):
            found = self.either()
            self.expect(")")
            return found
        return self.predicate()

    def predicate(self) -> Any:
        left = self.operand()
        word = self.next.word
        if word in COMPARISONS:
            self.take()
            return {"op": word, "args": [left, self.operand()]}
        if self.took("IS", "NULL"):
            return {"op": "isNull", "args": [left]}
        if self.took("IS", "NOT", "NULL"):
            return {"op": "not", "args": [{"op": "isNull", "args": [left]}]}
        turned = self.took("NOT")
        if self.took("LIKE"):
            found: Any = {"op": "like", "args": [left, self.operand()]}
        elif self.took("BETWEEN"):
            low = self.operand()
            self.expect("AND")
            found = {"op": "between", "args": [left, low, self.operand()]}
        elif self.took("IN"):
            found = {"op": "in", "args": [left, self.listed(self.operand)]}
        elif turned:
            raise unreadable(self.next.place)
        else:
            return left
        return {"op": "not", "args": [found]} if turned else found

    def listed(self, one: Any) -> list[Any]:
        """``(one, one, …)``"""
        self.expect("(")
        found = [one()]
        while self.took(","):
            found.append(one())
        self.expect(")")
        return found

    def operand(self) -> Any:
        token = self.take()
        match token.kind:
            case "number":
                return _number(token.text)
            case "text":
                return _unquoted(token.text)
            case "quoted":
                return {"property": token.text[1:-1]}
            case "name":
                return self.named(token)
        raise unreadable(token.place)

    def named(self, token: _Token) -> Any:
        word = token.word
        if word in ("TRUE", "FALSE"):
            return word == "TRUE"
        if self.next.word == "(" or (word in _SHAPES and self.next.word == "Z"):
            return self.called(token)
        if word in ("AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL"):
            raise unreadable(token.place)
        return {"property": token.text}

    def called(self, token: _Token) -> Any:
        word, name = token.word, token.text.lower()
        if word in _SHAPES or word == "GEOMETRYCOLLECTION":
            return self.shape(token)
        if word == "BBOX":
            return {"bbox": self.listed(self.number)}
        if word in ("DATE", "TIMESTAMP"):
            self.expect("(")
            said = self.moment()
            self.expect(")")
            return {name: said}
        if word == "INTERVAL":
            return {"interval": self.listed(self.bound)}
        if name in SPATIAL or name in TEMPORAL or word == "CASEI":
            return {"op": name, "args": self.listed(self.operand)}
        raise unreadable(token.place)

    def moment(self) -> str:
        token = self.take()
        if token.kind != "text":
            raise unreadable(token.place)
        return _unquoted(token.text)

    def bound(self) -> Any:
        return self.moment() if self.next.kind == "text" else self.operand()

    def number(self) -> float:
        token = self.take()
        if token.kind != "number":
            raise unreadable(token.place)
        return _number(token.text)

    def shape(self, token: _Token) -> Any:
        """A shape as WKT has it, as GeoJSON has it."""
        if token.word == "GEOMETRYCOLLECTION":
            return {"type": "GeometryCollection", "geometries": self.listed(lambda: self.shape(self.take()))}
        if token.word not in _SHAPES:
            raise unreadable(token.place)
        self.took("Z")
        kind, depth = _SHAPES[token.word]
        if kind == "Point":
            self.expect("(")
            coordinates: Any = self.position()
            self.expect(")")
        elif kind == "MultiPoint":
            coordinates = self.listed(self.loose_position)
        else:
            coordinates = self.nested(depth)
        return {"type": kind, "coordinates": coordinates}

    def nested(self, depth: int) -> Any:
        return self.listed(self.position if depth == 1 else lambda: self.nested(depth - 1))

    def loose_position(self) -> list[float]:
        """Of a MULTIPOINT, with parentheses of its own or without."""
        inner = self.took("(")
        found = self.position()
        if inner:
            self.expect(")")
        return found

    def position(self) -> list[float]:
        found = [self.number(), self.number()]
        if self.next.kind == "number":
            found.append(self.number())
        return found


def _number(text: str) -> float:
    return int(text) if text.lstrip("+-").isdigit() and len(text) < 16 else float(text)


def _unquoted(text: str) -> str:
    return re.sub(r"\\'|''", "'", text[1:-1])


# -- the tree ---------------------------------------------------------------------------------------------------------

#: How many arguments an operator has.
_ARGUMENTS: Final[Mapping[str, tuple[int, int]]] = {
    "and": (1, MAX_NODES),
    "or": (1, MAX_NODES),
    "not": (1, 1),
    "like": (2, 2),
    "between": (3, 3),
    "in": (2, 2),
    "isNull": (1, 1),
    "casei": (1, 1),
    **dict.fromkeys((*COMPARISONS, *SPATIAL, *TEMPORAL), (2, 2)),
}


class _Reader:
    """From the JSON form to the tree, with what it may cost."""

    def __init__(self) -> None:
        self.nodes = 0
        self.positions = 0

    def node(self, said: Any, depth: int) -> Node:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise too_large()
        if isinstance(said, str | bool):
            return said
        if isinstance(said, int | float):
            return self.finite(said)
        if not isinstance(said, dict):
            raise unreadable(None)
        if "op" in said:
            return self.op(said, depth)
        if isinstance(said.get("property"), str):
            return Property(said["property"])
        if "date" in said:
            return _day(said["date"])
        if "timestamp" in said:
            return _instant(said["timestamp"])
        if "interval" in said:
            return self.span(said["interval"])
        if "bbox" in said:
            return Geometry(self.box(said["bbox"]))
        if "type" in said:
            return Geometry(self.shape(said))
        raise unreadable(None)

    def op(self, said: Mapping[str, Any], depth: int) -> Op:
        name, args = said["op"], said.get("args")
        if not isinstance(name, str) or name not in _ARGUMENTS or not isinstance(args, list):
            raise unreadable(None)
        least, most = _ARGUMENTS[name]
        if not least <= len(args) <= most:
            raise unreadable(None)
        if name == "in":
            values = args[1]
            if not isinstance(values, list) or not values:
                raise unreadable(None)
            if len(values) > MAX_VALUES:
                raise too_large()
            args = [args[0], *values]
        return Op(name, tuple(self.node(one, depth + 1) for one in args))

    def span(self, said: Any) -> Span:
        if not isinstance(said, list) or len(said) != 2:
            raise unreadable(None)
        first, last = (self.end(one) for one in said)
        if isinstance(first, Day) and isinstance(last, Day) and first.text > last.text:
            raise Refused("interval-turned", "期間の始まりが終わりより後です。")
        return Span(first, last)

    def end(self, said: Any) -> Day | Property | None:
        if said == OPEN:
            return None
        found = self.node(said, 0) if isinstance(said, dict) else moment(said)
        if not isinstance(found, Day | Property):
            raise unreadable(None)
        return found

    def box(self, said: Any) -> dict[str, Any]:
        if not isinstance(said, list) or len(said) not in (4, 6):
            raise unreadable(None)
        numbers = [self.finite(one) for one in said]
        half = len(numbers) // 2
        return box_shape((numbers[0], numbers[1], numbers[half], numbers[half + 1]))

    def shape(self, said: Mapping[str, Any]) -> dict[str, Any]:
        kind = said.get("type")
        if kind == "GeometryCollection":
            parts = said.get("geometries")
            if not isinstance(parts, list) or not parts:
                raise unreadable(None)
            # A collection in a collection is not what any client writes, and has no bound.
            if any(not isinstance(one, dict) or one.get("type") == kind for one in parts):
                raise unreadable(None)
            return {"type": kind, "geometries": [self.shape(one) for one in parts]}
        depth = next((depth for name, depth in _SHAPES.values() if name == kind), None)
        if depth is None:
            raise unreadable(None)
        coordinates = self.coordinates(said.get("coordinates"), depth)
        _closed(str(kind), coordinates)
        return {"type": kind, "coordinates": coordinates}

    def coordinates(self, said: Any, depth: int) -> Any:
        if not isinstance(said, list) or not said:
            raise unreadable(None)
        if depth:
            return [self.coordinates(one, depth - 1) for one in said]
        self.positions += 1
        if self.positions > MAX_POSITIONS:
            raise too_large()
        if len(said) not in (2, 3):
            raise unreadable(None)
        return [self.finite(one) for one in said[:2]]

    def finite(self, said: Any) -> float:
        if isinstance(said, bool) or not isinstance(said, int | float):
            raise unreadable(None)
        if not -1e300 < said < 1e300:  # also what is not a number
            raise unreadable(None)
        return said


def _closed(kind: str, coordinates: Any) -> None:
    lines = {"LineString": [coordinates], "MultiLineString": coordinates}.get(kind, [])
    rings: Sequence[Any] = []
    if kind == "Polygon":
        rings = coordinates
    elif kind == "MultiPolygon":
        rings = [ring for one in coordinates for ring in one]
    if any(len(one) < 2 for one in lines) or any(len(one) < 4 or one[0] != one[-1] for one in rings):
        raise Refused("shape-broken", "filter の図形の輪が閉じていないか、点が足りません。")


def box_shape(box: tuple[float, float, float, float]) -> dict[str, Any]:
    """A box (two lower, two upper coordinates) as GeoJSON: a point or a line where it has no area.

    Raises Refused where an upper coordinate is below its lower one.
    """
    left, low, right, high = box
    if left > right or low > high:
        raise Refused("box-turned", "範囲（bbox）の小さいほうの座標と大きいほうの座標が入れかわっています。")
    if left == right and low == high:
        return {"type": "Point", "coordinates": [left, low]}
    if left == right or low == high:
        return {"type": "LineString", "coordinates": [[left, low], [right, high]]}
    ring = [[left, low], [right, low], [right, high], [left, high], [left, low]]
    return {"type": "Polygon", "coordinates": [ring]}


# -- time -------------------------------------------------------------------------------------------------------------


def moment(said: Any) -> Day:
    """A day or a point in time, as RFC 3339 writes them. Raises Refused."""
    return _instant(said) if isinstance(said, str) and "T" in said.upper() else _day(said)


def _day(said: Any) -> Day:
    if isinstance(said, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", said, re.ASCII):
        try:
            return Day(dt.date.fromisoformat(said).isoformat())
        except ValueError:
            pass
    raise _no_time()


def _instant(said: Any) -> Day:
    form = r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})"
    if isinstance(said, str) and re.fullmatch(form, said, re.ASCII):
        try:
            whole = re.sub(r"\.\d+", "", said.upper()).replace("Z", "+00:00")
            return Day(dt.datetime.fromisoformat(whole).astimezone(_CITY).date().isoformat())
        except (ValueError, OverflowError):
            pass
    raise _no_time()


def _no_time() -> Refused:
    return Refused(
        "time-unreadable",
        "日付や時刻を読めません。2024-04-01 または 2024-04-01T00:00:00Z のように書いてください。",
    )


def interval(said: str) -> tuple[str, str]:
    """The days of a ``datetime`` parameter: first and last, both within. ``2024-04-01``, ``2024-04-01/..``, ``../…``.

    Raises Refused (400) for anything else, and for an end before its beginning.
    """
    parts = said.split("/")
    if len(parts) > 2 or all(one in ("", OPEN) for one in parts):
        raise _no_time()
    ends = [None if len(parts) == 2 and one in ("", OPEN) else moment(one).text for one in parts]
    first, last = (ends[0] or FIRST_DAY, ends[-1] or LAST_DAY)
    if first > last:
        raise Refused("interval-turned", "期間の始まりが終わりより後です。")
    return first, last
