"""The same documents as plain pages: headings, lists of links, tables. No script, no map: a map is the portal's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.asking.words import language
from madoguchi.feeds.ogc.describing import credited, words
from madoguchi.places.rules.filtering import VALID_FROM, VALID_UNTIL
from madoguchi.places.rules.layer import Audience, Layer, shown


@dataclass(frozen=True, slots=True)
class Link:
    """Where one can go from here."""

    href: str
    title: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; with an address it is a link."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption; the first cell of each row is its head."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it stands (``above``), what it says, where it leads."""

    title: str
    above: Sequence[Link] = ()
    texts: Sequence[str] = ()
    table: Table | None = None
    links: Sequence[Link] = ()
    json: str = ""
    further: str = ""


def rendered(request: HttpRequest, page: Page) -> HttpResponse:
    """The page as HTML."""
    return render(request, "feeds/ogc.html", {"page": page})


def _root() -> list[Link]:
    return [Link(reverse("ogc-landing") + "?f=html", gettext("地図データ"))]


def _all() -> list[Link]:
    return [*_root(), Link(reverse("ogc-collections") + "?f=html", gettext("データの一覧"))]


def _of(layer: str, title: str) -> list[Link]:
    return [*_all(), Link(reverse("ogc-collection", args=[layer]) + "?f=html", title)]


def _address(links: Sequence[Mapping[str, str]], rel: str) -> str:
    return next((one["href"] for one in links if one["rel"] == rel), "")


def _about(thing: str, what: str) -> str:
    return gettext("%(thing)s：%(what)s") % {"thing": thing, "what": what}


def _json_of(said: Mapping[str, Any]) -> str:
    return _address(said["links"], "self")


def landing(said: Mapping[str, Any]) -> Page:
    """Where to begin."""
    links = [
        Link(reverse("ogc-collections") + "?f=html", gettext("データの一覧")),
        Link(reverse("ogc-conformance") + "?f=html", gettext("満たしている規格")),
        Link(reverse("ogc-api") + "?f=html", gettext("このAPIの説明（OpenAPI 3.0）")),
        Link(reverse("open-catalog"), gettext("オープンデータの目録（DCAT）")),
    ]
    return Page(said["title"], texts=[said["description"]], links=links, json=_json_of(said))


def conformance(said: Mapping[str, Any]) -> Page:
    """The classes of the standards."""
    rows = [[Cell(one.rsplit("/", 1)[-1]), Cell(one)] for one in said["conformsTo"]]
    table = Table(gettext("満たしている規格"), [gettext("適合クラス"), "URI"], rows)
    return Page(gettext("満たしている規格"), _root(), table=table, json=reverse("ogc-conformance") + "?f=json")


def api(said: Mapping[str, Any]) -> Page:
    """Every address with its parameters."""
    rows = [
        [
            Cell(path),
            Cell(ways["get"]["summary"]),
            Cell(gettext("、").join(one["name"] for one in ways["get"]["parameters"])),
            Cell(gettext("、").join(ways["get"]["responses"]["200"]["content"])),
        ]
        for path, ways in said["paths"].items()
    ]
    table = Table(gettext("アドレス"), [gettext("アドレス"), gettext("内容"), gettext("引数"), gettext("形式")], rows)
    return Page(
        gettext("このAPIの説明"), _root(), [said["info"]["description"]], table, json=reverse("ogc-api") + "?f=json"
    )


def collections(said: Mapping[str, Any]) -> Page:
    """The layers."""
    rows = [
        [Cell(one["title"], reverse("ogc-collection", args=[one["id"]]) + "?f=html"), Cell(one["description"])]
        for one in said["collections"]
    ]
    table = Table(gettext("公開しているデータ"), [gettext("データ"), gettext("説明")], rows)
    return Page(gettext("データの一覧"), _root(), table=table, json=_json_of(said))


def collection(said: Mapping[str, Any]) -> Page:
    """One layer."""
    links = [
        Link(reverse("ogc-items", args=[said["id"]]) + "?f=html", gettext("中身を表で見る")),
        Link(reverse("ogc-queryables", args=[said["id"]]) + "?f=html", gettext("絞り込める属性")),
        *(
            Link(one["href"], gettext("%(form)sで受け取る") % {"form": one["title"]})
            for one in said["links"]
            if one["rel"] == "enclosure"
        ),
    ]
    return Page(said["title"], _all(), [said["description"]], links=links, json=_json_of(said))


def queryables(layer: Layer, said: Mapping[str, Any]) -> Page:
    """The attributes by which a layer is filtered."""
    rows = [
        [Cell(name), Cell(one["title"]), Cell(one.get("type", one.get("format", ""))), Cell(one.get("description", ""))]
        for name, one in said["properties"].items()
    ]
    table = Table(gettext("絞り込める属性"), [gettext("属性"), gettext("意味"), gettext("型"), gettext("コード")], rows)
    json = reverse("ogc-queryables", args=[layer.code]) + "?f=json"
    return Page(
        _about(said["title"], gettext("絞り込める属性")), _of(layer.code, said["title"]), table=table, json=json
    )


def items(
    layer: Layer,
    reader: Audience,
    found: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, str]],
    matched: int | None,
) -> Page:
    """A page of features as a table; the shapes are in the other form."""
    attributes = layer.seen_by(reader)
    rows = [
        [
            Cell(one["id"], reverse("ogc-item", args=[layer.code, one["id"]]) + "?f=html" if one["id"] else ""),
            *(Cell(shown(attribute, one["properties"][attribute.key], language())) for attribute in attributes),
        ]
        for one in found
    ]
    title = words(layer.title)
    some = gettext("%(count)s件") % {"count": f"{len(found):,}"}
    of_all = gettext("%(count)s件のうち%(some)s件")
    number = some if matched is None else of_all % {"count": f"{matched:,}", "some": f"{len(found):,}"}
    table = Table(
        gettext("%(title)s（%(number)s）") % {"title": title, "number": number},
        [gettext("キー"), *(words(one.title) for one in attributes)],
        rows,
    )
    return Page(
        _about(title, gettext("中身")),
        _of(layer.code, title),
        [credited(layer)],
        table,
        json=_address(links, "alternate"),
        further=_address(links, "next"),
    )


def item(layer: Layer, reader: Audience, one: Mapping[str, Any], links: Sequence[Mapping[str, str]]) -> Page:
    """One feature."""
    rows = [
        [Cell(words(attribute.title)), Cell(shown(attribute, one["properties"][attribute.key], language()))]
        for attribute in layer.seen_by(reader)
    ]
    days = {VALID_FROM: gettext("この日から"), VALID_UNTIL: gettext("この日の前日まで")}
    rows += [[Cell(words), Cell(one["properties"].get(name) or "―")] for name, words in days.items()]
    title = words(layer.title)
    above = [*_of(layer.code, title), Link(reverse("ogc-items", args=[layer.code]) + "?f=html", gettext("中身"))]
    return Page(
        _about(title, one["id"]),
        above,
        [credited(layer)],
        Table(gettext("属性"), [gettext("属性"), gettext("値")], rows),
        json=_address(links, "alternate"),
    )


# -- tiles ------------------------------------------------------------------------------------------------------------


def matrix_sets(said: Mapping[str, Any]) -> Page:
    """The tile matrix sets."""
    rows = [
        [Cell(one["id"], reverse("ogc-matrix-set") + "?f=html"), Cell(one["uri"])] for one in said["tileMatrixSets"]
    ]
    return Page(
        gettext("タイルの分け方"),
        _root(),
        table=Table(gettext("タイルの分け方"), [gettext("名前"), "URI"], rows),
        json=_json_of(said),
    )


def matrix_set(said: Mapping[str, Any]) -> Page:
    """The zooms of one."""
    rows = [
        [Cell(one["id"]), Cell(f"{one['cellSize']:,.4f}"), Cell(f"1:{one['scaleDenominator']:,.0f}")]
        for one in said["tileMatrices"]
    ]
    table = Table(gettext("ズーム"), [gettext("ズーム"), gettext("1画素のメートル（赤道）"), gettext("縮尺")], rows)
    return Page(said["id"], _root(), [said["uri"]], table, json=reverse("ogc-matrix-set") + "?f=json")


def tilesets(layer: Layer, said: Mapping[str, Any]) -> Page:
    """The tilesets of a layer."""
    title = words(layer.title)
    links = [Link(reverse("ogc-tileset", args=[layer.code]) + "?f=html", "WebMercatorQuad（Mapbox Vector Tile）")]
    return Page(_about(title, gettext("タイル")), _of(layer.code, title), links=links, json=_json_of(said))


def tileset(layer: Layer, said: Mapping[str, Any]) -> Page:
    """Where the tiles are."""
    title = words(layer.title)
    template = next(one["href"] for one in said["links"] if one["rel"] == "item")
    tiled = said["layers"][0]
    zooms = gettext("ズーム%(first)sから%(last)sまで") % {
        "first": tiled["minTileMatrix"],
        "last": tiled["maxTileMatrix"],
    }
    json = reverse("ogc-tileset", args=[layer.code]) + "?f=json"
    return Page(
        _about(title, "WebMercatorQuad"),
        _of(layer.code, title),
        [_about(gettext("アドレス"), template), zooms],
        json=json,
    )
