"""The OpenAPI 3.0 document of the OGC API: made from the layers that the reader sees and from what their parameters
may be. Written here and not by Ninja, because the standard says word for word how its parameters are declared.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext

from madoguchi.feeds.ogc.describing import GEOJSON, HTML, JSON, MVT, OPENAPI, SCHEMA, words
from madoguchi.feeds.ogc.reading import DEFAULT_LIMIT, MOST, SCOPE
from madoguchi.feeds.problems import MEDIA_TYPE, TITLES
from madoguchi.places import tiles
from madoguchi.places.rules import cql
from madoguchi.places.rules.layer import Layer
from madoguchi.procedures import queries as procedures


def _query(name: str, schema: Mapping[str, Any], text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": dict(schema), **more}


_LIST: Final = {"style": "form", "explode": False}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": cql.MAX_LENGTH}
_F: Final = _query("f", {"type": "string", "enum": ["json", "html"]}, "json か html。なければ Accept による。")
_NUMBERS: Final = {
    "type": "array",
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
    "items": {"type": "number"},
}


def document(layers: Iterable[Layer], systems: Sequence[str]) -> dict[str, Any]:
    """The whole document, for a reader who sees these layers."""
    codes = [one.code for one in layers]
    uri = {"type": "string", "format": "uri", "enum": list(systems)}
    code = {
        "name": "collectionId",
        "in": "path",
        "required": True,
        "description": "データの名前。",
        "schema": {"type": "string", **({"enum": codes} if codes else {})},
    }
    key = {
        "name": "featureId",
        "in": "path",
        "required": True,
        "description": "地物の名前（キー）。",
        "schema": {"type": "string", "minLength": 1, "maxLength": 2_000},
    }
    page = [
        _query(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
            f"一度に受け取る数。{MOST}より大きければ{MOST}。",
            **_LIST,
        ),
        _query("bbox", _NUMBERS, "この範囲に重なるもの。面積のない範囲は点か線。", **_LIST),
        _query("bbox-crs", uri, "bbox の座標系。"),
        _query("crs", uri, "答えの座標系。"),
        _query("datetime", _TEXT, "この日、またはこの期間（2024-04-01/..）の最後の状態。なければ今日。", **_LIST),
        _query("filter", _TEXT, "CQL2 の条件。使える属性は queryables にある。"),
        _query("filter-lang", {"type": "string", "enum": ["cql2-text", "cql2-json"]}, "filter の書き方。"),
        _query("filter-crs", uri, "filter の図形の座標系。"),
        _query("after", {"type": "string", "maxLength": 2_000}, "このキーの次から。next のリンクが使う。"),
        _query("count", {"type": "boolean", "default": False}, "全部でいくつあるか（numberMatched）を数える。"),
    ]
    paths = {
        "/ogc/": _get("landing", gettext("はじめに"), {JSON: "Landing", HTML: None}),
        "/ogc/conformance": _get("conformance", gettext("満たしている規格"), {JSON: "Conformance", HTML: None}),
        "/ogc/api": _get("api", gettext("このAPIの説明"), {OPENAPI: "Any", HTML: None}),
        "/ogc/collections": _get("collections", gettext("データの一覧"), {JSON: "Collections", HTML: None}),
        "/ogc/collections/{collectionId}": _get(
            "collection", gettext("データの説明"), {JSON: "Collection", HTML: None}, code, missing=True
        ),
        "/ogc/collections/{collectionId}/queryables": _get(
            "queryables", gettext("絞り込める属性"), {SCHEMA: "Any", HTML: None}, code, missing=True
        ),
        "/ogc/collections/{collectionId}/items": _get(
            "items", gettext("地物"), {GEOJSON: "FeatureCollection", HTML: None}, code, *page, missing=True
        ),
        "/ogc/collections/{collectionId}/items/{featureId}": _get(
            "item", gettext("地物ひとつ"), {GEOJSON: "Feature", HTML: None}, code, key, page[3], page[4], missing=True
        ),
    }
    z, row, column = (
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": text,
            "schema": {"type": "integer", "minimum": 0, "maximum": most},
        }
        for name, text, most in (
            ("tileMatrix", "ズーム。", tiles.MOST_ZOOM),
            ("tileRow", "北から数えた行。", (1 << tiles.MOST_ZOOM) - 1),
            ("tileCol", "西から数えた列。", (1 << tiles.MOST_ZOOM) - 1),
        )
    )
    paths |= {
        "/ogc/tileMatrixSets": _get("matrixSets", gettext("タイルの分け方"), {JSON: "Any", HTML: None}),
        "/ogc/tileMatrixSets/WebMercatorQuad": _get(
            "matrixSet", gettext("ウェブ地図の分け方"), {JSON: "Any", HTML: None}
        ),
        "/ogc/collections/{collectionId}/tiles": _get(
            "tilesets", gettext("タイルの種類"), {JSON: "Any", HTML: None}, code, missing=True
        ),
        "/ogc/collections/{collectionId}/tiles/WebMercatorQuad": _get(
            "tileset", gettext("タイルの説明"), {JSON: "Any", HTML: None}, code, missing=True
        ),
        "/ogc/collections/{collectionId}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": _get(
            "tile", gettext("タイル"), {MVT: None}, code, z, row, column, missing=True
        ),
    }
    city = words(procedures.city().file.name)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": gettext("%(city)sの地図データ") % {"city": city},
            "version": "1.0",
            "description": gettext("OGC API – Features（Part 1〜3）と Tiles。公開データに認証はいりません。"),
        },
        "servers": [{"url": settings.BASE_URL}],
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "OAuth2": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": f"{settings.BASE_URL}/oauth/token",
                            "scopes": {SCOPE: "職員向けのレイヤーを読む"},
                        }
                    },
                }
            },
        },
    }


def _get(
    name: str, title: str, gives: Mapping[str, str | None], *parameters: Mapping[str, Any], missing: bool = False
) -> dict[str, Any]:
    """One address. ``gives``: media type → the schema of what is answered (None: a page)."""
    ok = {
        media: {"schema": {"type": "string"} if schema is None else {"$ref": f"#/components/schemas/{schema}"}}
        for media, schema in gives.items()
    }
    refusals = (400, 401, 403, 404, 429, 503) if missing else (400, 401, 403, 429)
    return {
        "get": {
            "operationId": name,
            "summary": title,
            "tags": ["ogc"],
            "security": [{}, {"OAuth2": [SCOPE]}],
            "parameters": [*parameters, *([] if MVT in gives else [_F])],
            "responses": {
                "200": {"description": title, "content": ok},
                "304": {"description": "unchanged"},
                **{
                    str(status): {
                        "description": TITLES[status],
                        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    }
                    for status in refusals
                },
            },
        }
    }


_LINKS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title")},
    },
}
_FEATURE: Final = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "string"},
        "geometry": {"type": "object", "nullable": True},
        "properties": {"type": "object"},
        "links": _LINKS,
    },
}
_COLLECTION: Final = {
    "type": "object",
    "required": ["id", "title", "links", "crs"],
    "properties": {
        **{name: {"type": "string"} for name in ("id", "title", "description", "itemType", "storageCrs")},
        "links": _LINKS,
        "crs": {"type": "array", "items": {"type": "string"}},
        "extent": {"type": "object"},
    },
}
_SCHEMAS: Final[Mapping[str, Any]] = {
    "Any": {"type": "object"},
    "Landing": {
        "type": "object",
        "required": ["links"],
        "properties": {"title": {"type": "string"}, "description": {"type": "string"}, "links": _LINKS},
    },
    "Conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}},
    },
    "Collection": _COLLECTION,
    "Collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {"links": _LINKS, "collections": {"type": "array", "items": _COLLECTION}},
    },
    "Feature": _FEATURE,
    "FeatureCollection": {
        "type": "object",
        "required": ["type", "features", "links", "numberReturned", "timeStamp"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": _FEATURE},
            "links": _LINKS,
            "numberReturned": {"type": "integer", "minimum": 0},
            "numberMatched": {"type": "integer", "minimum": 0},
            "timeStamp": {"type": "string", "format": "date-time"},
        },
    },
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            **{name: {"type": "string"} for name in ("type", "title", "code", "detail")},
            "status": {"type": "integer"},
        },
    },
}
