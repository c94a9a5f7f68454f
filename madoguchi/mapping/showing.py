"""The page of the map: its layers with their legend, where it looks, and the same in words for those who see no map."""

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from madoguchi.asking.here import Answer, Asked, named, told, whom
from madoguchi.asking.words import day_words, language, said
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.mapping.base import FONT, base_file
from madoguchi.places import finding, viewing
from madoguchi.places import queries as places
from madoguchi.places.ordering import Order, order_of
from madoguchi.places.queries import Where
from madoguchi.places.rules.layer import Attribute, Audience, Layer, Reader, includes, shown
from madoguchi.places.viewing import Box, InView
from madoguchi.procedures import queries as procedures

Face = Literal["web", "desk"]
#: 地理院タイル (標準地図), only where a city has switched them on.
GSI_TILES: Final = "https://cyberjapandata.gsi.go.jp/xyz/std/{z}/{x}/{y}.png"
LEAST_ZOOM: Final = 9
MOST_ZOOM: Final = 20
#: Metres that a tap may be beside a point or line, for each pixel of them.
TOLERANCE: Final = 12


@dataclass(frozen=True, slots=True)
class View:
    """Where the map looks, which layers are on it, and on which day (None: today). ``sorts``: by which attribute the
    features of a layer are listed, as an address has it: layer → ``width``, or ``-width`` from the most."""

    centre: Where
    zoom: float
    codes: tuple[str, ...]
    on: dt.date | None = None
    sorts: Mapping[str, str] = field(default_factory=dict)

    @property
    def box(self) -> Box:
        """What a telephone shows of it: a tile of this zoom wide and high."""
        half = 180 / 2**self.zoom
        high = half * math.cos(math.radians(self.centre.lat))
        lon, lat = self.centre.lon, self.centre.lat
        return Box(lon - half, lat - high, lon + half, lat + high)

    @property
    def sorted(self) -> list[str]:
        """``sorts`` as an address has them."""
        return [f"{code}:{by}" for code, by in self.sorts.items()]


def layers_for(reader: Reader) -> list[Layer]:
    """The layers that this reader may see and of which something was taken in, as they lie on each other: areas below,
    points on top."""
    known = [one for one in procedures.layers().values() if includes(one.see, reader(one))]
    held = places.newest()
    order = {"polygon": 0, "line": 1, "point": 2}
    return sorted((one for one in known if one.code in held), key=lambda one: order[one.shape])


def view_of(asked: Mapping[str, str], codes: Sequence[str] | None, reader: Reader, sorts: Sequence[str] = ()) -> View:
    """The view that an address asks for: ``lat``, ``lon`` (degrees, JGD2011), ``zoom``, ``on``; each of ``sorts`` is a
    layer and its attribute (``roads:-width``). What cannot be listed by that comes as it would without. Raises Invalid.
    """
    of_city = procedures.city().file.map
    centre = of_city.centre if of_city is not None else (135.0, 35.0)
    zoom = _number(asked, "zoom", of_city.zoom if of_city is not None else 12)
    at = Where(_number(asked, "lon", centre[0]), _number(asked, "lat", centre[1]))
    first = of_city.shown if of_city is not None else ()
    wanted = first if codes is None else codes
    seen = [one.code for one in layers_for(reader) if one.code in wanted]
    by = dict(one.split(":", 1) for one in sorts if ":" in one)
    day = day_of(asked.get("on", ""))
    return View(
        at, min(max(zoom, LEAST_ZOOM), MOST_ZOOM), tuple(seen), day, {code: by[code] for code in seen if code in by}
    )


def _number(asked: Mapping[str, str], name: str, otherwise: float) -> float:
    try:
        value = float(asked[name]) if asked.get(name) else otherwise
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Invalid("not-a-number", "地図の場所を読み取れませんでした。")
    return value


def day_of(text: str) -> dt.date | None:
    """A day as ``2026-04-01``; None for today. Raises Invalid."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid("not-a-day", "日付を読み取れませんでした。") from None
    return None if day >= clock.today() else day


# -- the page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the legend: a colour and what it means."""

    colour: str
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A layer as it stands in the list: switched on or off, with its legend and whose data it is."""

    code: str
    title: str
    shape: str
    is_on: bool
    keys: Sequence[Key]
    opacity: float
    credit: str
    sample: bool
    inside: bool
    """Whether it is for staff alone."""


@dataclass(frozen=True, slots=True)
class Group:
    """The layers of one section."""

    owner: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Cell:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Line:
    """A feature in words, how far it is from the middle of the view, and (``opens``) its page for who works on it."""

    opens: str
    cells: Sequence[Cell]
    metres: str
    url: str


@dataclass(frozen=True, slots=True)
class Column:
    """What stands above a column. ``url`` lists the features by it (by it already: the other way round), ``sort`` is
    the same for the script; ``sorted``: ascending or descending, as ARIA has it, or empty."""

    key: str
    title: str
    sort: str
    url: str
    sorted: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The features of one layer that are in view. ``note`` says where there is nothing, or more than is listed."""

    code: str
    title: str
    columns: Sequence[Column]
    away: Column
    lines: Sequence[Line]
    note: str
    credit: str


@dataclass(slots=True)
class MapPage:
    """All that the template of either face shows, and ``config``, which the scripts read."""

    view: View
    groups: Sequence[Group]
    listed: Sequence[Listed]
    days: Sequence[tuple[str, str]]
    moves: Sequence[tuple[str, str]]
    config: Mapping[str, Any]
    credits: Sequence[str]
    scales: Sequence[int]
    said: str = ""
    problem: str = ""
    found: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def shown(self) -> str:
        return ",".join(self.view.codes)

    @property
    def on(self) -> str:
        """The day that is shown as an address has it; empty for today."""
        return f"{self.view.on:%Y-%m-%d}" if self.view.on is not None else ""


def map_page(face: Face, view: View, reader: Reader, own: Collection[str] = ()) -> MapPage:
    """The page at this view. ``own``: codes of the layers whose features the reader works on."""
    layers = layers_for(reader)
    on = [one for one in layers if one.code in view.codes]
    entries: dict[str, list[Entry]] = {}
    for one in sorted(layers, key=list(procedures.layers().values()).index):
        entries.setdefault(whom(one.owner)[0], []).append(_entry(one, reader(one), one.code in view.codes))
    days = viewing.days_of([one.code for one in layers])
    return MapPage(
        view=view,
        groups=sorted(
            (Group(owner, ones) for owner, ones in entries.items()),
            key=lambda one: not any(x.is_on for x in one.entries),
        ),
        listed=listed(face, on, view, view.box, reader, own),
        days=_days(days.values()),
        moves=_moves(face, view),
        config=_config(face, layers, days, reader),
        credits=[credit_of(one) for one in on],
        scales=(500, 1000, 2500),
    )


def _entry(layer: Layer, reader: Audience, is_on: bool) -> Entry:
    return Entry(
        code=layer.code,
        title=said(layer.title),
        shape=layer.shape,
        is_on=is_on,
        keys=keys_of(layer, reader),
        opacity=layer.style.opacity if layer.shape == "polygon" else 1.0,
        credit=credit_of(layer),
        sample=layer.source.sample,
        inside=layer.see != "public",
    )


def keys_of(layer: Layer, reader: Audience, values: Sequence[str] | None = None) -> list[Key]:
    """What its colours mean to this reader: those of ``values``, or all; one line where all are alike."""
    style = layer.style
    if not style.by or style.by not in {one.key for one in layer.drawn_by(reader)}:
        return [Key(style.colour, said(layer.title))]
    by = layer.attribute(style.by)
    there = style.colours if values is None else [one for one in style.colours if one in values]
    return [Key(style.colours[one], shown(by, one, language())) for one in there] or [
        Key(style.colour, said(layer.title))
    ]


def credit_of(layer: Layer) -> str:
    """出典, with the day as of which it is."""
    day = gettext("%(day)s現在") % {"day": day_words(layer.source.as_of)}
    return f"{layer.source.credit}（{day}）"


def _days(known: Any) -> list[tuple[str, str]]:
    """The days between which a map of the past can differ: none where nothing ever changed."""
    changed = sorted({day for days in known for day in days[1:]})
    if not changed:
        return []
    every = sorted({day for days in known for day in days})
    return [(f"{one:%Y-%m-%d}", day_words(one)) for one in every if one < clock.today()]


def _moves(face: Face, view: View) -> list[tuple[str, str]]:
    """Where one can go from here without a program."""
    half = view.box
    wide, high = half.east - half.west, half.north - half.south
    steps = (
        (gettext("北へ"), 0.0, high / 2, 0),
        (gettext("南へ"), 0.0, -high / 2, 0),
        (gettext("東へ"), wide / 2, 0.0, 0),
        (gettext("西へ"), -wide / 2, 0.0, 0),
        (gettext("近づく"), 0.0, 0.0, 1),
        (gettext("離れる"), 0.0, 0.0, -1),
    )
    return [
        (words, address(face, view, view.centre.lon + east, view.centre.lat + north, view.zoom + closer))
        for words, east, north, closer in steps
    ]


def address(face: Face, view: View, lon: float, lat: float, zoom: float | None = None) -> str:
    """The page of this face with the same layers, looking at another place."""
    asked: list[tuple[str, str]] = [("lat", f"{lat:.6f}"), ("lon", f"{lon:.6f}")]
    asked += [("zoom", f"{view.zoom if zoom is None else zoom:g}"), ("chosen", "1")]
    asked += [("layer", code) for code in view.codes]
    if view.on is not None:
        asked.append(("on", f"{view.on:%Y-%m-%d}"))
    asked += [("sort", one) for one in view.sorted]
    return f"{reverse(f'{face}:city-map')}?{urlencode(asked)}"


def _config(
    face: Face, layers: Sequence[Layer], days: Mapping[str, Sequence[dt.date]], reader: Reader
) -> dict[str, Any]:
    """What the scripts need to know; no word of it is about a person."""
    of_city = procedures.city().file.map
    base = base_file()
    quiet = of_city.base_layers if of_city is not None and base is None else ()
    editions = places.newest()
    tile = reverse(f"{face}:map-tile", args=("layer", 0, 1, 2))
    return {
        "tile": tile.replace("/layer/0/1/2", "/{code}/{z}/{x}/{y}"),
        "style": reverse(f"{face}:map-style"),
        "at": reverse(f"{face}:map-at"),
        "list": reverse(f"{face}:map-list"),
        "measure": reverse(f"{face}:map-measure"),
        "here": reverse(f"{face}:here"),
        "gsi": GSI_TILES if of_city is not None and of_city.gsi else "",
        "font": FONT,
        "quiet": [one.code for one in layers if one.code in quiet],
        "layers": [_drawn(one, editions[one.code].number, days.get(one.code, ()), reader(one)) for one in layers],
        "words": {
            "canvas": gettext("地図。矢印キーで動かし、＋と－で大きさを変え、Enterキーで真ん中の場所を調べられます。"),
            "failed": gettext("この端末では地図を描けません。下の一覧をご利用ください。"),
            "opacity": gettext("濃さ"),
            "today": gettext("今日"),
            "metres": gettext("長さ"),
            "area": gettext("面積"),
            "offline": gettext("つながりませんでした。もう一度お試しください。"),
            "copied": gettext("リンクをコピーしました。"),
            "zoom_in": gettext("拡大"),
            "zoom_out": gettext("縮小"),
            "locate": gettext("いまいる場所へ"),
            "denied": gettext("いまいる場所がわかりませんでした。"),
            "draw": gettext("地図を押すと点が増えます。"),
            "gsi": gettext("地理院タイル"),
            "credits": gettext("出典"),
            "here": gettext("この地点"),
            "unknown": gettext("この日のデータはありません。"),
        },
    }


def _drawn(layer: Layer, number: int, days: Sequence[dt.date], reader: Audience) -> dict[str, Any]:
    style, seen = layer.style, {one.key for one in layer.drawn_by(reader)}
    return {
        "code": layer.code,
        "shape": layer.shape,
        "version": number,
        "from": style.from_zoom,
        "colour": style.colour,
        "by": style.by if style.by in seen else "",
        "colours": dict(style.colours) if style.by in seen else {},
        "width": style.width,
        "radius": style.radius,
        "opacity": style.opacity,
        "label": style.label if style.label in seen else "",
        "labelFrom": style.label_from,
        "credit": layer.source.credit,
        "days": [f"{one:%Y-%m-%d}" for one in days],
    }


# -- in words ---------------------------------------------------------------------------------------------------------


def listed(
    face: Face, layers: Sequence[Layer], view: View, box: Box, reader: Reader, own: Collection[str] = ()
) -> list[Listed]:
    """The features in the box, layer by layer: what the map shows, for those who do not see it."""
    near = [one for one in layers if view.zoom >= one.style.from_zoom]
    orders = {
        one.code: order
        for one in near
        if (order := order_of(one, reader(one), view.sorts.get(one.code, ""))) is not None
    }
    found = viewing.in_view(near, box, procedures.city().file.plane, reader=reader, on=view.on, orders=orders)
    days = viewing.days_of([one.code for one in layers]) if view.on is not None else {}
    unknown = {code for code, known in days.items() if view.on is not None and view.on < known[0]}
    return [
        _listed(face, one, view, found.get(one.code), reader(one), one.code in own, one.code in unknown)
        for one in layers
    ]


def _listed(
    face: Face,
    layer: Layer,
    view: View,
    found: Sequence[InView] | None,
    reader: Audience,
    own: bool,
    unknown: bool,
) -> Listed:
    order = order_of(layer, reader, view.sorts.get(layer.code, ""))
    if unknown:
        note = gettext("この日のデータはありません。")
    elif found is None:
        note = gettext("もっと近づくと出ます。")
    elif not found:
        note = gettext("この範囲にはありません。")
    elif len(found) <= viewing.MOST:
        note = gettext("%(count)s件") % {"count": len(found)}
    elif order is None:
        note = gettext("真ん中に近い%(count)s件です。もっと近づくと、ほかのものも出ます。") % {"count": viewing.MOST}
    else:
        note = gettext("「%(title)s」の順で先の%(count)s件です。もっと近づくと、ほかのものも出ます。") % {
            "title": said(order.by.title),
            "count": viewing.MOST,
        }
    return Listed(
        code=layer.code,
        title=said(layer.title),
        columns=[_column(face, layer, view, one, order) for one in layer.seen_by(reader)],
        away=_column(face, layer, view, None, order),
        lines=[_line(face, layer, view, one, reader, own) for one in (found or ())[: viewing.MOST]],
        note=note,
        credit=credit_of(layer),
    )


def _column(face: Face, layer: Layer, view: View, one: Attribute | None, order: Order | None) -> Column:
    """Above an attribute, or (None) above how far away things are, which is the order where no other is asked for."""
    is_sorted = (order.by.key if order is not None else None) == (one.key if one is not None else None)
    down = is_sorted and order is not None and order.down
    sort = "" if one is None else one.key if not is_sorted or down else f"-{one.key}"
    other = replace(
        view,
        sorts={**view.sorts, layer.code: sort} if sort else {k: v for k, v in view.sorts.items() if k != layer.code},
    )
    return Column(
        key=f"{layer.code}:{one.key if one is not None else ''}",
        title=said(one.title) if one is not None else gettext("真ん中から"),
        sort=f"{layer.code}:{sort}",
        url=f"{address(face, other, view.centre.lon, view.centre.lat)}#list-{layer.code}",
        sorted="" if not is_sorted else "descending" if down else "ascending",
    )


def _line(face: Face, layer: Layer, view: View, one: InView, reader: Audience, own: bool) -> Line:
    return Line(
        opens=reverse(f"{face}:feature", args=(layer.code, one.id)) if own else "",
        cells=cells_of(layer, one.properties, reader),
        metres=f"{one.metres:,.0f}m",
        url=address(face, view, one.at.lon, one.at.lat, max(view.zoom, 17)),
    )


def cells_of(layer: Layer, properties: Mapping[str, Any], reader: Audience) -> list[Cell]:
    """What there is to say of a feature to this reader, in the order of the layer's file."""
    return [Cell(said(one.title), shown(one, properties.get(one.key), language())) for one in layer.seen_by(reader)]


# -- a point ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AtPage:
    """What was pointed at: the features of the layers on the map, and what applies there."""

    point: str
    sentences: Sequence[Answer]
    features: Sequence[Listed]
    whole: str


def at_page(face: Face, view: View, reader: Reader, own: Collection[str] = ()) -> AtPage:
    """What stands at the middle of the view: the same sentences as the page of what applies gives."""
    at = view.centre
    layers = layers_for(reader)
    reach = TOLERANCE * 156543 / 2 / 2**view.zoom / 111_000  # pixels of a tile of 512, in degrees
    box = Box(at.lon - reach, at.lat - reach, at.lon + reach, at.lat + reach)
    on = [one for one in layers if one.code in view.codes and (not one.told or one.code in own)]
    features = [one for one in listed(face, on, view, box, reader, own) if one.lines]
    where = gettext("緯度%(lat)s 経度%(lon)s") % {"lat": f"{at.lat:.5f}", "lon": f"{at.lon:.5f}"}
    asked = urlencode({"lat": f"{at.lat:.6f}", "lon": f"{at.lon:.6f}"})
    return AtPage(
        point=where,
        sentences=told(Asked(at, on=view.on), reader).answers,
        features=features,
        whole=f"{reverse(f'{face}:here')}?{asked}",
    )


# -- finding ----------------------------------------------------------------------------------------------------------


def find(face: Face, page: MapPage, text: str, reader: Reader) -> None:
    """Put the places that a text may mean onto the page. Nothing is kept of what was asked."""
    middle = finding.Middle(gettext("地図の真ん中"), page.view.centre)
    found = finding.locate(
        text,
        procedures.gazetteer(),
        procedures.layers().values(),
        procedures.city().file.plane,
        reader=reader,
        middle=middle,
    )
    page.said = text
    page.found = [(_named(one), address(face, page.view, one.at.lon, one.at.lat, 17)) for one in found]
    if not found:
        page.problem = gettext(
            "この市の中に見つかりませんでした。町の名前から書くか、近くの駅や学校の名前でさがしてください。"
        )


def _named(one: finding.Located) -> str:
    name, beside = named(one)
    return f"{name}（{beside}）" if beside else name
