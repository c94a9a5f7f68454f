"""OGC API – Tiles: what tilesets there are of a layer, and their tiles (Mapbox Vector Tiles).

One tile matrix set, that of the web: WebMercatorQuad of OGC 17-083r4. Tiles are cut by ``places.tiles``, by the same
release policy as features.
"""

import hashlib
import math
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from madoguchi.feeds.ogc import describing, paging
from madoguchi.feeds.ogc.describing import JSON, MVT, address, link, own_links, words
from madoguchi.feeds.ogc.reading import Reader, collection, known_only, layer_of, unknown
from madoguchi.feeds.ogc.views import answered, as_asked
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.places import features, tiles
from madoguchi.places.models import Edition
from madoguchi.places.rules.crs import CRS84
from madoguchi.places.rules.layer import Layer

MATRIX_SET: Final = "WebMercatorQuad"
_URI: Final = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{MATRIX_SET}"
_CRS: Final = "http://www.opengis.net/def/crs/EPSG/0/3857"
_SCHEME: Final = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
#: Half the side of the world in metres of EPSG:3857, and metres of a pixel as the standard counts scale.
_HALF: Final = 20_037_508.342789244
_PIXEL: Final = 0.00028
_SIDE: Final = 256
#: The Earth as 3857 has it: a sphere (radius in metres), with latitudes up to which it is square.
_RADIUS: Final = 6_378_137.0
_DIMENSION: Final = {"point": 0, "line": 1, "polygon": 2}


@answered
def matrix_sets(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The tile matrix sets in which there are tiles."""
    known_only(request)
    one = {
        "id": MATRIX_SET,
        "title": MATRIX_SET,
        "uri": _URI,
        "crs": _CRS,
        "links": [link(address(request, "matrix-set"), "self", JSON)],
    }
    return as_asked(request, {"links": own_links(request), "tileMatrixSets": [one]}, paging.matrix_sets)


@answered
def matrix_set(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The one that there is, in full."""
    known_only(request)
    said = {
        "id": MATRIX_SET,
        "title": MATRIX_SET,
        "uri": _URI,
        "crs": _CRS,
        "orderedAxes": ["E", "N"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(z) for z in range(tiles.MOST_ZOOM + 1)],
    }
    return as_asked(request, said, paging.matrix_set)


def _matrix(z: int) -> dict[str, Any]:
    cell = 2 * _HALF / _SIDE / (1 << z)
    return {
        "id": str(z),
        "scaleDenominator": cell / _PIXEL,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-_HALF, _HALF],
        "tileWidth": _SIDE,
        "tileHeight": _SIDE,
        "matrixWidth": 1 << z,
        "matrixHeight": 1 << z,
    }


@answered
def tilesets(request: HttpRequest, reader: Reader, code: str) -> HttpResponse:
    """The tilesets of a layer."""
    layer, _ = collection(code, reader)
    known_only(request)
    said = {"links": own_links(request), "tilesets": [_tileset(request, layer)]}
    return as_asked(request, said, lambda one: paging.tilesets(layer, one))


@answered
def tileset(request: HttpRequest, reader: Reader, code: str) -> HttpResponse:
    """One tileset: where its tiles are, which there are, and what is in them."""
    layer, edition = collection(code, reader)
    known_only(request)
    first = min(layer.style.from_zoom, tiles.DEEPEST)
    said = {
        **_tileset(request, layer),
        "attribution": layer.source.credit,
        "layers": [
            {
                "id": layer.code,
                "title": words(layer.title),
                "dataType": "vector",
                "geometryDimension": _DIMENSION[layer.shape],
                "minTileMatrix": str(first),
                "maxTileMatrix": str(tiles.DEEPEST),
                "propertiesSchema": {
                    "type": "object",
                    "properties": describing.attributes(layer, reader.audience(layer)),
                },
            }
        ],
    }
    where = features.extent(layer.code, edition.pk)
    if where is not None:
        (west, south, east, north), _ = where
        said["boundingBox"] = {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84}
        said["tileMatrixSetLimits"] = [
            _limits(z, (west, south, east, north)) for z in range(first, tiles.DEEPEST + 1)
        ]  # fmt: skip
    return as_asked(request, said, lambda one: paging.tileset(layer, one))


def _tileset(request: HttpRequest, layer: Layer) -> dict[str, Any]:
    own = address(request, "tileset", layer.code)
    return {
        "title": words(layer.title),
        "dataType": "vector",
        "crs": _CRS,
        "tileMatrixSetURI": _URI,
        "links": [
            link(f"{own}?f=json", "self", JSON),
            link(address(request, "matrix-set"), _SCHEME, JSON),
            {**link(f"{own}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", MVT), "templated": True},
        ],
    }


def _limits(z: int, box: features.Box) -> dict[str, Any]:
    west, south, east, north = box
    return {
        "tileMatrix": str(z),
        "minTileRow": _row(north, z),
        "maxTileRow": _row(south, z),
        "minTileCol": _column(west, z),
        "maxTileCol": _column(east, z),
    }


def _column(lon: float, z: int) -> int:
    return min(int((lon + 180) / 360 * (1 << z)), (1 << z) - 1)


def _row(lat: float, z: int) -> int:
    across = math.asinh(math.tan(math.radians(lat))) / math.pi
    return min(max(int((1 - across) / 2 * (1 << z)), 0), (1 << z) - 1)


@answered
def tile(request: HttpRequest, reader: Reader, code: str, z: int, row: int, column: int) -> HttpResponse:
    """A tile. Row before column, as OGC counts; other maps write x before y."""
    layer = layer_of(code, reader)
    known_only(request)
    audience = reader.audience(layer)
    if not tiles.is_tile(z, column, row):
        raise NotFound("tile-unknown", "このタイルはありません。")

    def stamped(edition: Edition) -> str:
        said = repr((edition.pk, layer.digest, audience, z, row, column, clock.today()))
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'

    held = request.headers.get("If-None-Match")
    if held is not None and held == stamped(collection(code, reader)[1]):
        return HttpResponseNotModified(headers={"ETag": held})
    found = tiles.tile(layer, (z, column, row), audience)
    if found is None:
        raise unknown()
    edition, body = found
    return HttpResponse(body, content_type=MVT, headers={"ETag": stamped(edition)})
