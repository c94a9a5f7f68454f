"""The same documents as plain pages: headings, lists of links, tables. No script, no map: a map is the portal's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

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
    return [Link(reverse("ogc-landing") + "?f=html", "地図データ")]


def _all() -> list[Link]:
    return [*_root(), Link(reverse("ogc-collections") + "?f=html", "データの一覧")]


def _of(layer: str, title: str) -> list[Link]:
    return [*_all(), Link(reverse("ogc-collection", args=[layer]) + "?f=html", title)]


def _address(links: Sequence[Mapping[str, str]], rel: str) -> str:
    return next((one["href"] for one in links if one["rel"] == rel), "")


def _json_of(said: Mapping[str, Any]) -> str:
    return _address(said["links"], "self")


def landing(said: Mapping[str, Any]) -> Page:
    """Where to begin."""
    links = [
        Link(reverse("ogc-collections") + "?f=html", "データの一覧"),
        Link(reverse("ogc-conformance") + "?f=html", "満たしている規格"),
        Link(reverse("ogc-api") + "?f=html", "このAPIの説明（OpenAPI 3.0）"),
        Link(reverse("open-catalog"), "オープンデータの目録（DCAT）"),
    ]
    return Page(said["title"], texts=[said["description"]], links=links, json=_json_of(said))


def conformance(said: Mapping[str, Any]) -> Page:
    """The classes of the standards."""
    rows = [[Cell(one.rsplit("/", 1)[-1]), Cell(one)] for one in said["conformsTo"]]
    table = Table("満たしている規格", ["適合クラス", "URI"], rows)
    return Page("満たしている規格", _root(), table=table, json=reverse("ogc-conformance") + "?f=json")


def api(said: Mapping[str, Any]) -> Page:
    """Every address with its parameters."""
    rows = [
        [
            Cell(path),
            Cell(ways["get"]["summary"]),
            Cell("、".join(one["name"] for one in ways["get"]["parameters"])),
            Cell("、".join(ways["get"]["responses"]["200"]["content"])),
        ]
        for path, ways in said["paths"].items()
    ]
    table = Table("アドレス", ["アドレス", "内容", "引数", "形式"], rows)
    return Page("このAPIの説明", _root(), [said["info"]["description"]], table, json=reverse("ogc-api") + "?f=json")


def collections(said: Mapping[str, Any]) -> Page:
    """The layers."""
    rows = [
        [Cell(one["title"], reverse("ogc-collection", args=[one["id"]]) + "?f=html"), Cell(one["description"])]
        for one in said["collections"]
    ]
    table = Table("公開しているデータ", ["データ", "説明"], rows)
    return Page("データの一覧", _root(), table=table, json=_json_of(said))


def collection(said: Mapping[str, Any]) -> Page:
    """One layer."""
    links = [
        Link(reverse("ogc-items", args=[said["id"]]) + "?f=html", "中身を表で見る"),
        Link(reverse("ogc-queryables", args=[said["id"]]) + "?f=html", "絞り込める属性"),
        *(Link(one["href"], f"{one['title']}で受け取る") for one in said["links"] if one["rel"] == "enclosure"),
    ]
    return Page(said["title"], _all(), [said["description"]], links=links, json=_json_of(said))


def queryables(layer: Layer, said: Mapping[str, Any]) -> Page:
    """The attributes by which a layer is filtered."""
    rows = [
        [Cell(name), Cell(one["title"]), Cell(one.get("type", one.get("format", ""))), Cell(one.get("description", ""))]
        for name, one in said["properties"].items()
    ]
    table = Table("絞り込める属性", ["属性", "意味", "型", "コード"], rows)
    json = reverse("ogc-queryables", args=[layer.code]) + "?f=json"
    return Page(f"{said['title']}：絞り込める属性", _of(layer.code, said["title"]), table=table, json=json)


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
            *(Cell(shown(attribute, one["properties"][attribute.key], "ja")) for attribute in attributes),
        ]
        for one in found
    ]
    title = layer.title["ja"]
    number = f"{len(found):,}件" if matched is None else f"{matched:,}件のうち{len(found):,}件"
    table = Table(f"{title}（{number}）", ["キー", *(one.title["ja"] for one in attributes)], rows)
    return Page(
        f"{title}：中身",
        _of(layer.code, title),
        [f"出典：{layer.source.credit}"],
        table,
        json=_address(links, "alternate"),
        further=_address(links, "next"),
    )


def item(layer: Layer, reader: Audience, one: Mapping[str, Any], links: Sequence[Mapping[str, str]]) -> Page:
    """One feature."""
    rows = [
        [Cell(attribute.title["ja"]), Cell(shown(attribute, one["properties"][attribute.key], "ja"))]
        for attribute in layer.seen_by(reader)
    ]
    days = {VALID_FROM: "この日から", VALID_UNTIL: "この日の前日まで"}
    rows += [[Cell(words), Cell(one["properties"].get(name) or "―")] for name, words in days.items()]
    title = layer.title["ja"]
    above = [*_of(layer.code, title), Link(reverse("ogc-items", args=[layer.code]) + "?f=html", "中身")]
    return Page(
        f"{title}：{one['id']}",
        above,
        [f"出典：{layer.source.credit}"],
        Table("属性", ["属性", "値"], rows),
        json=_address(links, "alternate"),
    )


# -- tiles ------------------------------------------------------------------------------------------------------------


def matrix_sets(said: Mapping[str, Any]) -> Page:
    """The tile matrix sets."""
    rows = [
        [Cell(one["id"], reverse("ogc-matrix-set") + "?f=html"), Cell(one["uri"])] for one in said["tileMatrixSets"]
    ]
    return Page("タイルの分け方", _root(), table=Table("タイルの分け方", ["名前", "URI"], rows), json=_json_of(said))


def matrix_set(said: Mapping[str, Any]) -> Page:
    """The zooms of one."""
    rows = [
        [Cell(one["id"]), Cell(f"{one['cellSize']:,.4f}"), Cell(f"1:{one['scaleDenominator']:,.0f}")]
        for one in said["tileMatrices"]
    ]
    table = Table("ズーム", ["ズーム", "1画素のメートル（赤道）", "縮尺"], rows)
    return Page(said["id"], _root(), [said["uri"]], table, json=reverse("ogc-matrix-set") + "?f=json")


def tilesets(layer: Layer, said: Mapping[str, Any]) -> Page:
    """The tilesets of a layer."""
    title = layer.title["ja"]
    links = [Link(reverse("ogc-tileset", args=[layer.code]) + "?f=html", "WebMercatorQuad（Mapbox Vector Tile）")]
    return Page(f"{title}：タイル", _of(layer.code, title), links=links, json=_json_of(said))


def tileset(layer: Layer, said: Mapping[str, Any]) -> Page:
    """Where the tiles are."""
    title = layer.title["ja"]
    template = next(one["href"] for one in said["links"] if one["rel"] == "item")
    zooms = f"ズーム{said['layers'][0]['minTileMatrix']}から{said['layers'][0]['maxTileMatrix']}まで"
    json = reverse("ogc-tileset", args=[layer.code]) + "?f=json"
    return Page(f"{title}：WebMercatorQuad", _of(layer.code, title), [f"アドレス：{template}", zooms], json=json)
