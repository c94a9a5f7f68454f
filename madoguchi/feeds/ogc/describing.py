"""The documents of the OGC API as they leave: landing page, conformance, collections, queryables, pages of features."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from madoguchi.asking.words import said
from madoguchi.ground import clock
from madoguchi.ground.languages import LocalText
from madoguchi.places import features
from madoguchi.places.features import Page
from madoguchi.places.models import Edition
from madoguchi.places.rules.crs import CRS84, STORAGE
from madoguchi.places.rules.filtering import GEOMETRY, VALID_FROM, VALID_UNTIL
from madoguchi.places.rules.layer import Attribute, Audience, Layer, Shape
from madoguchi.procedures import queries as procedures

GEOJSON: Final = "application/geo+json"
JSON: Final = "application/json"
HTML: Final = "text/html"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA: Final = "application/schema+json"
MVT: Final = "application/vnd.mapbox-vector-tile"

_OGC: Final = "http://www.opengis.net/spec"
_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0"
CONFORMANCE: Final = (
    f"{_OGC}/ogcapi-common-1/1.0/conf/core",
    f"{_OGC}/ogcapi-common-2/1.0/conf/collections",
    *(f"{_OGC}/ogcapi-features-1/1.0/conf/{one}" for one in ("core", "oas30", "html", "geojson")),
    f"{_OGC}/ogcapi-features-2/1.0/conf/crs",
    *(
        f"{_OGC}/ogcapi-features-3/1.0/conf/{one}"
        for one in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"{_OGC}/ogcapi-tiles-1/1.0/conf/{one}"
        for one in ("core", "tileset", "tilesets-list", "geodata-tilesets", "oas30", "mvt")
    ),
    *(
        f"{_OGC}/cql2/1.0/conf/{one}"
        for one in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "property-property",
        )
    ),
)


def link(href: str, rel: str, media: str, title: str = "") -> dict[str, str]:
    """A link as OGC writes it."""
    found = {"href": href, "rel": rel, "type": media}
    return {**found, "title": title} if title else found


def address(request: HttpRequest, name: str, *parts: str, **query: str) -> str:
    """The whole address of one of ours, as the client reaches us."""
    path = reverse(f"ogc-{name}", args=parts)
    return request.build_absolute_uri(path + (f"?{urlencode(query)}" if query else ""))


def own_links(request: HttpRequest, media: str = JSON, *, html: bool = False) -> list[dict[str, str]]:
    """This document, and the same in the other form. ``html``: this is the page."""
    return [
        link(_in_form(request, "html" if html else "json"), "self", HTML if html else media),
        link(_in_form(request, "json" if html else "html"), "alternate", media if html else HTML),
    ]


def _in_form(request: HttpRequest, form: str, **changed: str) -> str:
    query: dict[str, Any] = {**dict(request.GET.lists()), "f": form, **changed}
    return request.build_absolute_uri(f"{request.path}?{urlencode(query, doseq=True)}")


def words(text: LocalText) -> str:
    """A text in the language of this answer: that of the reader on a page, Japanese for programs."""
    return said(text)


def credited(layer: Layer) -> str:
    """Whose data it is."""
    return gettext("出典：%(credit)s") % {"credit": layer.source.credit}


def landing(request: HttpRequest) -> dict[str, Any]:
    """Where to begin."""
    city = {"city": words(procedures.city().file.name)}
    return {
        "title": gettext("%(city)sの地図データ") % city,
        "description": gettext("%(city)sの地図のレイヤーを、OGC API – Features と Tiles で公開しています。") % city,
        "links": [
            *own_links(request),
            link(address(request, "api"), "service-desc", OPENAPI, "OpenAPI 3.0"),
            link(address(request, "api", f="html"), "service-doc", HTML, gettext("このAPIの説明")),
            link(address(request, "conformance"), "conformance", JSON, gettext("満たしている規格")),
            link(address(request, "conformance"), f"{_REL}/conformance", JSON, gettext("満たしている規格")),
            link(address(request, "collections"), "data", JSON, gettext("データの一覧")),
            link(address(request, "collections"), f"{_REL}/data", JSON, gettext("データの一覧")),
            link(address(request, "matrix-sets"), f"{_REL}/tiling-schemes", JSON, gettext("タイルの分け方")),
            link(f"{settings.BASE_URL}/open-data/catalog.jsonld", "describedby", "application/ld+json", "DCAT"),
        ],
    }


def collections(request: HttpRequest, seen: Iterable[tuple[Layer, Edition]], systems: Sequence[str]) -> dict[str, Any]:
    """All collections that the reader may see."""
    return {
        "links": own_links(request),
        "crs": list(systems),
        "collections": [
            {**collection(request, layer, edition), "crs": ["#/crs"]} for layer, edition in seen
        ],
    }  # fmt: skip


def collection(request: HttpRequest, layer: Layer, edition: Edition) -> dict[str, Any]:
    """One layer as a collection, without its systems."""
    described: dict[str, Any] = {
        "id": layer.code,
        "title": words(layer.title),
        "description": _description(layer, edition),
        "attribution": layer.source.credit,
        "itemType": "feature",
        "storageCrs": STORAGE,
        "links": [
            link(address(request, "collection", layer.code, f="json"), "self", JSON),
            link(address(request, "collection", layer.code, f="html"), "alternate", HTML),
            link(address(request, "items", layer.code, f="json"), "items", GEOJSON, f"{words(layer.title)}（GeoJSON）"),
            link(
                address(request, "items", layer.code, f="html"),
                "items",
                HTML,
                gettext("%(title)s（表）") % {"title": words(layer.title)},
            ),
            link(address(request, "queryables", layer.code), f"{_REL}/queryables", SCHEMA, gettext("絞り込める属性")),
            link(address(request, "tilesets", layer.code), f"{_REL}/tilesets-vector", JSON, gettext("ベクトルタイル")),
        ],
    }
    if layer.see == "public":
        base = f"{settings.BASE_URL}/open-data/layers/{layer.code}"
        described["links"] += [
            link(f"{base}.{ending}", "enclosure", media, ending)
            for ending, media in (
                ("geojson", GEOJSON),
                ("csv", "text/csv"),
                ("gpkg", "application/geopackage+sqlite3"),
            )
        ]
    if layer.source.url:
        described["links"].append(link(layer.source.url, "license", HTML, layer.source.licence))
    found = features.extent(layer.code, edition.pk)
    if found is not None:
        box, since = found
        described["extent"] = {
            "spatial": {"bbox": [[round(one, 6) for one in box]], "crs": CRS84},
            "temporal": {"interval": [[f"{since}T00:00:00+09:00", None]]},
        }
    return described


def _description(layer: Layer, edition: Edition) -> str:
    """What a reader has to know: source, day, licence, accuracy; and that it is drawn, where it is."""
    parts = [
        gettext("見本データ（実在しません）") if layer.source.sample else "",
        layer.legal_basis,
        credited(layer),
        gettext("利用条件：%(licence)s") % {"licence": layer.source.licence},
        gettext("%(day)s現在") % {"day": edition.as_of},
        gettext("位置の誤差は約%(metres)sm") % {"metres": f"{layer.accuracy:g}"},
        gettext("datetime を付けなければ今日の状態、付ければその期間の最後の状態"),
    ]
    return "".join(gettext("%(sentence)s。") % {"sentence": one} for one in parts if one).strip()


_FORMATS: Final[dict[Shape, str]] = {
    "point": "geometry-point-or-multipoint",
    "line": "geometry-linestring-or-multilinestring",
    "polygon": "geometry-polygon-or-multipolygon",
}


def queryables(request: HttpRequest, layer: Layer, reader: Audience) -> dict[str, Any]:
    """By what this reader may filter: JSON Schema (OGC 19-079r2, 6.2)."""
    day = {"type": "string", "format": "date"}
    common = {
        GEOMETRY: {"title": gettext("形"), "format": _FORMATS[layer.shape], "x-ogc-role": "primary-geometry"},
        VALID_FROM: {"title": gettext("この日から"), **day, "x-ogc-role": "primary-interval-start"},
        VALID_UNTIL: {"title": gettext("この日の前日まで"), **day, "x-ogc-role": "primary-interval-end"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address(request, "queryables", layer.code),
        "type": "object",
        "title": words(layer.title),
        "properties": common | attributes(layer, reader),
        "additionalProperties": False,
    }


def attributes(layer: Layer, reader: Audience) -> dict[str, Any]:
    """The attributes that the reader sees, each as JSON Schema."""
    return {one.key: _schema(one) for one in layer.seen_by(reader)}


def _schema(attribute: Attribute) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = {
        "text": {"type": "string"},
        "code": {"type": "string", "enum": list(attribute.codes)},
        "number": {"type": "number"},
        "integer": {"type": "integer"},
        "yes_no": {"type": "boolean"},
        "date": {"type": "string", "format": "date"},
    }
    schema = {"title": words(attribute.title), **kinds[attribute.kind]}
    if attribute.codes:
        schema["description"] = gettext("、").join(
            f"{code}：{words(meaning)}" for code, meaning in attribute.codes.items()
        )
    if attribute.unit is not None:
        schema["x-ogc-unit"] = words(attribute.unit)
    return schema


def items_links(request: HttpRequest, layer: Layer, page: Page, *, html: bool = False) -> list[dict[str, str]]:
    """Links of a page of features: itself, its other form, the next, its collection."""
    links = own_links(request, GEOJSON, html=html)
    if page.more:
        form = "html" if html else "json"
        links.append(link(_in_form(request, form, after=page.last), "next", HTML if html else GEOJSON))
    links.append(link(address(request, "collection", layer.code), "collection", JSON, words(layer.title)))
    return links


def timestamp() -> str:
    """When the answer was made."""
    return clock.now().isoformat(timespec="seconds")
