"""What a layer of the map is: where its features come from, who may see them, and what it answers about a point.

A layer is data of the city (``cities/<city>/layers/<code>.yaml``); here is what such a file means once it has been
read. Geometry is JGD2011 longitude and latitude (EPSG:6668). Files say their own CRS or the layer says it for them.
JGD2011 and WGS84 are taken as one, as everybody does (they agree within a metre here); JGD2000 (EPSG:4612) is not:
between the two lies the earthquake of 2011, some centimetres in Osaka and five metres in Miyagi, so PROJ transforms it.
"""

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from madoguchi.events.rules import Actor
from madoguchi.ground.dates import format_day
from madoguchi.ground.errors import Problem
from madoguchi.ground.languages import LocalText
from madoguchi.places.rules.counted import Counted

Shape = Literal["point", "line", "polygon"]
Audience = Literal["public", "staff", "section"]
"""Who may see: everybody; every member of staff; the section that owns the layer."""
Kind = Literal["text", "number", "integer", "code", "yes_no", "date"]
Terms = Literal["open", "to_read", "closed"]
"""open: a licence that was read; to_read: the condition of this dataset was not read, so it stays inside; closed: the
publisher gives it out under a condition."""

#: Filled into a sentence whatever the layer: how far away a thing is, for points and lines.
DISTANCE: Final = "distance"
#: From the narrowest to the widest.
AUDIENCES: Final[tuple[Audience, ...]] = ("section", "staff", "public")
#: EPSG codes of what is stored and of what is drawn.
STORED: Final = 6668
DRAWN: Final = 3857
#: What is taken as it comes: WGS84 is taken as JGD2011.
AS_STORED: Final = frozenset({4326, STORED})
MAX_TEXT: Final = 2_000
#: Longitude and latitude of Japan with its sea (degrees): what lies outside has its axes swapped or a wrong CRS.
JAPAN: Final = (122.0, 20.0, 154.0, 46.0)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a layer's features. ``column`` is its name in the file, ``unit`` as it is printed (%, m, 人).

    ``unknown``: what the file writes where it has no value (-1); ``digits`` behind the point are printed of a number.
    ``codes``: what the file writes → what it means. ``see`` is narrower than the layer's where an attribute is not for
    all.
    """

    key: str
    title: LocalText
    kind: Kind
    column: str
    unit: LocalText | None = None
    codes: Mapping[str, LocalText] = field(default_factory=dict)
    see: Audience = "public"
    required: bool = False
    digits: int = 0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the features come from. ``file`` stands below the data pack, or names what the sample city draws.

    ``where`` keeps only features whose columns have one of these values; ``crs`` is the EPSG code where the file says
    none (shapefiles without .prj, CSV), ``lon_lat`` the two columns of a CSV, ``address`` those in which it has an
    address instead; ``part`` which part of a file with several (GeoPackage, zip). ``credit`` is printed wherever the
    layer is shown (出典). ``refresh``: after how many months the source has a newer state (0: it has none).
    """

    file: str
    name: str
    licence: str
    credit: str
    as_of: dt.date
    terms: Terms
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    encoding: str = ""
    crs: int | None = None
    url: str = ""
    sample: bool = False
    lon_lat: tuple[str, str] | None = None
    address: tuple[str, ...] = ()
    part: str = ""
    refresh: int = 0

    def due(self, as_of: dt.date) -> dt.date | None:
        """The day from which a state of ``as_of`` is too old; None where the source has no newer one."""
        if not self.refresh:
            return None
        years, month = divmod(as_of.month - 1 + self.refresh, 12)
        first = dt.date(as_of.year + years, month + 1, 1)
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        return min(first + dt.timedelta(days=as_of.day - 1), last)

    def is_overdue(self, as_of: dt.date, today: dt.date) -> bool:
        """Whether the source has had a newer state since."""
        due = self.due(as_of)
        return due is not None and due <= today


@dataclass(frozen=True, slots=True)
class Sentences:
    """What the layer says about a point, with ``{attribute}`` where a value goes. ``absent`` is said where no feature
    is, and only by a layer that is complete; without it nothing is known there. ``means``: attribute → its value → what
    follows from that for people, said once after what applies."""

    applies: LocalText
    absent: LocalText | None = None
    means: Mapping[str, Mapping[str, LocalText]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topology:
    """What must hold of the shapes of a layer. ``ends_meet``: within so many metres the end of a line is brought to a
    point of another; 0: it stays where it was drawn."""

    no_overlap: bool = False
    within_city: bool = False
    ends_meet: float = 0.0


@dataclass(frozen=True, slots=True)
class Editing:
    """Who edits the features by hand: everybody in one of these sections. ``deciders`` are posts: a change waits until
    one of their holders, and not who asked for it, approves it; none: it counts at once."""

    sections: tuple[str, ...]
    deciders: tuple[str, ...] = ()
    topology: Topology = Topology()


@dataclass(frozen=True, slots=True)
class Follows:
    """A procedure (``code``) that may be needed where the layer applies. ``when``: a condition over the feature's
    attributes (``depth_max >= 0.5``); empty, wherever it applies."""

    code: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """How the features are drawn, on the screen and on paper. Colours are ``#rrggbb``.

    ``by``: the attribute whose value chooses among ``colours`` (anything else has ``colour``). ``width`` of a line or
    border and ``radius`` of a circle are pixels of the screen, and a quarter of a millimetre each on paper;
    ``opacity`` is that of an area's inside. ``label``: the attribute that is written beside a feature. Below the zoom
    ``from_zoom`` nothing is drawn (of tiles of 512 pixels: at 14, a screen of a telephone is 2 km wide), below
    ``label_from`` nothing is written.
    """

    colour: str = "#2563a8"
    by: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)
    width: float = 1.5
    radius: float = 5.0
    opacity: float = 0.3
    label: str = ""
    from_zoom: int = 9
    label_from: int = 9

    def colour_of(self, properties: Mapping[str, Any]) -> str:
        """The colour of a feature with these attributes."""
        value = properties.get(self.by) if self.by else None
        return self.colours.get(str(value), self.colour) if value is not None else self.colour


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer, equal only to itself.

    ``accuracy`` is its stated error in metres: nearer to a border than that, the answer is "please ask".
    ``key`` are the attributes by which a feature is known from one file to the next; none: by its shape and all it
    says. ``complete``: the file has every such thing of the city, so that where nothing is drawn there is none.
    ``counted``: what it counts from cases, where it has no file; ``shows``: of which procedures it shows what their
    packages make public of cases, instead of a file.
    ``near``: of points and lines, up to how many metres away they are told of, and ``most`` of them.
    ``told``: it is among what applies at a point (a base map is not). ``refer``: who may not see it is told that its
    owner knows. ``landmark``: what people call the thing when they look for it, with ``{attribute}`` ({name}駅).
    ``words``: what people call all of its things (避難所), or those of which an attribute has one of some values
    (公園). ``hazards`` are those of its attributes (yes or no) that each say whether the thing is a shelter from that
    hazard; ``procedures`` what follows where it applies.
    """

    code: str
    title: LocalText
    owner: str
    legal_basis: str
    source: Source
    shape: Shape
    accuracy: float
    attributes: tuple[Attribute, ...]
    sentences: Sentences
    see: Audience = "public"
    key: tuple[str, ...] = ()
    complete: bool = False
    counted: Counted | None = None
    shows: tuple[str, ...] = ()
    near: float = 0.0
    most: int = 3
    told: bool = True
    refer: bool = False
    landmark: str = ""
    edit: Editing | None = None
    hazards: tuple[str, ...] = ()
    procedures: tuple[Follows, ...] = ()
    words: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    style: Style = field(default_factory=Style)

    def attribute(self, key: str) -> Attribute:
        """The attribute of that key. Raises KeyError."""
        return next(one for one in self.attributes if one.key == key)

    def key_of(self, properties: Mapping[str, Any]) -> str:
        """By what a feature is known in this layer; empty where that is its shape and all it says."""
        return "/".join(str(properties.get(one, "")) for one in self.key)

    def seen_by(self, audience: Audience) -> tuple[Attribute, ...]:
        """The attributes that this reader may see: none of a layer that is not for them."""
        return self._seen[audience]

    def drawn_by(self, audience: Audience) -> tuple[Attribute, ...]:
        """Those of them by which the features are coloured and named: a colour may tell what an attribute may not."""
        return tuple(one for one in self.seen_by(audience) if one.key in (self.style.by, self.style.label))

    @cached_property
    def _seen(self) -> Mapping[Audience, tuple[Attribute, ...]]:
        return {
            one: tuple(it for it in self.attributes if includes(it.see, one)) if includes(self.see, one) else ()
            for one in AUDIENCES
        }

    @cached_property
    def tells_distance(self) -> bool:
        """Whether its sentences say how far away a thing is."""
        return any(f"{{{DISTANCE}" in self.sentences.applies[language] for language in self.sentences.applies)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of all that is said here: another after any change of the layer's file."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


#: Who somebody is to a layer: of two layers, one may be their own section's.
Reader = Callable[[Layer], Audience]


def everybody(_: Layer) -> Audience:
    """The reader who is nobody in particular."""
    return "public"


def reader_of(actor: Actor) -> Reader:
    """Staff with a post today in the section that owns a layer read it as that section, any other layer as staff; who
    is no member of staff reads what is public."""

    def reader(layer: Layer) -> Audience:
        if actor.kind != "staff":
            return "public"
        return "section" if layer.owner in actor.sections else "staff"

    return reader


def reading_as(reader: Audience | Reader) -> Reader:
    """The reader of an audience: the same to every layer."""
    return reader if callable(reader) else lambda _: reader


def includes(see: Audience, reader: Audience) -> bool:
    """Whether what is for ``see`` is for this reader: the owning section reads all, staff what staff and public may."""
    return AUDIENCES.index(reader) <= AUDIENCES.index(see)


# -- attributes -------------------------------------------------------------------------------------------------------


def read_properties(layer: Layer, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The attributes of a feature as the layer's schema has them, from the columns of a file; and what does not fit.

    A value that does not fit is left out and told of. What is wrong is named by column, never by value.
    """
    found: dict[str, Any] = {}
    problems = []
    for one in layer.attributes:
        try:
            value = value_of(one, row.get(one.column))
        except ValueError:
            problems.append(
                Problem(f"not-{one.kind}", "%(column)s が決まりの形で書かれていません。", {"column": one.column})
            )
            continue
        if value is None and one.required:
            problems.append(Problem("missing", "%(column)s がありません。", {"column": one.column}))
        if value is not None:
            found[one.key] = value
    return found, problems


def read_column(attribute: Attribute, said: Iterable[Any]) -> tuple[list[Any], list[int]]:
    """A whole column at once: its values, and the positions of those that do not fit (None there).

    What is written alike is read once: a city has 100,000 parcels in 124 towns.
    """
    known: dict[Any, Any] = {}
    values, wrong = [], []
    for position, one in enumerate(said):
        written = one if one.__class__ is str else (one.__class__, str(one))
        if written not in known:
            try:
                known[written] = value_of(attribute, one)
            except ValueError:
                known[written] = _WRONG
        value = known[written]
        if value is _WRONG:
            wrong.append(position)
            value = None
        values.append(value)
    return values, wrong


_WRONG: Final = object()
_YES: Final = {"1": True, "true": True, "○": True, "有": True, "0": False, "false": False, "×": False, "無": False}


def value_of(attribute: Attribute, said: Any) -> Any:
    """What a file or a form says of an attribute, as it is kept; None where it says nothing. Raises ValueError."""
    text = "" if said is None else str(said).strip()
    text.encode()  # half a character is a ValueError
    if "\0" in text:
        raise ValueError
    if text.lower() in ("", "nan", "none", "null", "nat") or text in attribute.unknown:
        return None
    match attribute.kind:
        case "number":
            number = float(text)
            if not math.isfinite(number):
                raise ValueError
            return number
        case "integer":
            number = float(text)
            if not number.is_integer():
                raise ValueError
            return int(number)
        case "yes_no":
            if text.lower() not in _YES:
                raise ValueError
            return _YES[text.lower()]
        case "date":
            return dt.date.fromisoformat(text[:10]).isoformat()
        case "code":
            code = text.removesuffix(".0")
            if code not in attribute.codes:
                raise ValueError
            return code
        case _:
            if len(text) > MAX_TEXT:
                raise ValueError
            return text


def shown(attribute: Attribute, value: Any, language: str) -> str:
    """A value as it is read: the meaning of a code, a number with its unit, 有 and 無."""
    if value is None:
        return "―"
    if attribute.kind == "code":
        meaning = attribute.codes.get(str(value))
        return meaning.get_for(language) if meaning is not None else str(value)
    if attribute.kind == "yes_no":
        return ("有" if value else "無") if language.startswith("ja") else ("yes" if value else "no")
    if attribute.kind in ("number", "integer"):
        unit = attribute.unit
        if unit is not None and unit["ja"] == "年":  # 2020年, not 2,020年
            number = f"{value:.{attribute.digits}f}"
        else:
            number = f"{value:,.{attribute.digits}f}"
        if unit is None:
            return number
        words = unit.get_for(language)
        return f"{number}{words}" if language.startswith("ja") or words == "%" else f"{number} {words}"
    if attribute.kind == "date":
        return format_day(dt.date.fromisoformat(value), language)
    return str(value)
