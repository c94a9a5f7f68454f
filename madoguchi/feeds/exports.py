"""Open data of the map: each public layer whole, as GeoJSON, CSV and GeoPackage, with a catalogue (DCAT 3) of all that
the city gives out; and 自治体標準オープンデータセット where a layer is one of them.

GeoJSON and CSV leave as they are read, some thousand features at a time; a GeoPackage is a database, so it is written
to a file first, by GDAL. Only what the public sees of a layer is in them.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio.raw
import shapely
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from madoguchi.feeds import problems
from madoguchi.feeds.opendata import LICENCE
from madoguchi.feeds.standard import STANDARD, Standard
from madoguchi.ground.errors import NotFound
from madoguchi.places import features
from madoguchi.places import queries as places
from madoguchi.places.features import Row
from madoguchi.places.models import Edition
from madoguchi.places.rules.crs import CRS84, offered
from madoguchi.places.rules.filtering import VALID_FROM
from madoguchi.places.rules.layer import Attribute, Layer, Shape, includes
from madoguchi.places.tiles import newest_edition
from madoguchi.procedures import queries as procedures

#: What a layer is given out as: ending → media type.
FORMS: Final = {
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "gpkg": "application/geopackage+sqlite3",
}
#: Spreadsheets take a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@require_safe
def layer(request: HttpRequest, code: str, form: str) -> HttpResponseBase:
    """A public layer whole, as it is today."""
    found, edition = _public(code)
    if found is None or edition is None or form not in FORMS:
        return problems.answer(NotFound("collection-unknown", gettext_noop("このデータはありません。")))
    tag = f'"{edition.pk}"'
    if request.headers.get("If-None-Match") == tag:
        return _open(HttpResponse(status=304), tag)
    name = f"{code}.{form}"
    if form == "gpkg":
        file = _geopackage(found, edition)
        answer: HttpResponseBase = FileResponse(file, as_attachment=True, filename=name, content_type=FORMS[form])
    else:
        chunks = _geojson(found, edition) if form == "geojson" else _csv(found, edition)
        answer = StreamingHttpResponse(chunks, content_type=FORMS[form])
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return _open(answer, tag)


@require_safe
def standard(request: HttpRequest, name: str) -> HttpResponseBase:
    """A table of 自治体標準オープンデータセット, made of one of our layers."""
    form = STANDARD.get(name)
    found, edition = _public(form.layer) if form is not None else (None, None)
    if form is None or found is None or edition is None:
        return problems.answer(NotFound("collection-unknown", gettext_noop("このデータはありません。")))
    answer = StreamingHttpResponse(_standard(form, found, edition), content_type=FORMS["csv"])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return _open(answer, f'"{edition.pk}"')


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """All open data of the city, as DCAT in JSON-LD."""
    answer = JsonResponse(
        catalogue_document(), content_type="application/ld+json", json_dumps_params={"ensure_ascii": False}
    )
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _public(code: str) -> tuple[Layer | None, Edition | None]:
    found = procedures.layers().get(code)
    if found is None or not includes(found.see, "public"):
        return None, None
    return found, newest_edition(code)


def _open(answer: HttpResponseBase, tag: str) -> HttpResponseBase:
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Access-Control-Allow-Origin"] = "*"  # it is public: any page may show it
    answer.headers["ETag"] = tag
    return answer


# -- forms ------------------------------------------------------------------------------------------------------------


def _geojson(found: Layer, edition: Edition) -> Iterator[str]:
    """RFC 7946: longitude and latitude."""
    head = {"type": "FeatureCollection", "name": found.code, "attribution": found.source.credit}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "features":['
    plane = procedures.city().file.plane
    for at, text in enumerate(features.texts(found, "public", offered(plane)[CRS84], edition)):
        yield ("," if at else "") + text
    yield "]}"


def _csv(found: Layer, edition: Edition) -> Iterator[str]:
    """UTF-8 with BOM, as spreadsheets of offices open it. Points have ``lon`` and ``lat``, other shapes ``wkt``; of a
    code there is its meaning, too."""
    attributes = found.seen_by("public")
    place = ["lon", "lat"] if found.shape == "point" else ["wkt"]
    head = ["key"]
    for one in attributes:
        head += [one.key, f"{one.key}_name"] if one.codes else [one.key]
    yield "\ufeff" + _lines([[*head, VALID_FROM, *place]])
    for batch in features.rows(found, "public", edition):
        places = _places(found.shape, batch)
        yield _lines([[row.key, *_cells(attributes, row), *place] for row, place in zip(batch, places, strict=True)])


def _cells(attributes: Sequence[Attribute], row: Row) -> Iterator[Any]:
    for one, value in zip(attributes, row.values, strict=False):
        yield value
        if one.codes:
            meaning = one.codes.get(str(value))
            yield meaning["ja"] if meaning is not None else ""
    yield row.values[-1]


def _places(shape: Shape, batch: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Where each feature is: longitude and latitude, or WKT. All at once, which shapely does much faster."""
    found = shapely.from_wkb(np.array([row.wkb for row in batch], dtype=object))
    if shape == "point":
        points = shapely.centroid(found)
        east, north = (np.round(one, 7).tolist() for one in (shapely.get_x(points), shapely.get_y(points)))
        return list(zip(east, north, strict=True))
    return [(one,) for one in shapely.to_wkt(found, rounding_precision=7).tolist()]


def _lines(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([[_cell(one) for one in row] for row in rows])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


_NUMPY: Final = {"number": "float64", "integer": "int64", "yes_no": "bool", "date": "datetime64[D]"}
_GEOMETRY: Final = {"point": "Unknown", "line": "MultiLineString", "polygon": "MultiPolygon"}


def _geopackage(found: Layer, edition: Edition) -> Any:
    """A GeoPackage (OGC 12-128) in JGD2011, open for reading; gone from the disk once it is closed."""
    attributes = found.seen_by("public")
    with tempfile.TemporaryDirectory(prefix="gpkg-") as folder:
        path = Path(folder) / f"{found.code}.gpkg"
        names = [f"{one.key}_" if one.key in ("fid", "key", "geom") else one.key for one in attributes]
        written = False
        for batch in features.rows(found, "public", edition):
            columns = [_column(one.kind, [row.values[at] for row in batch]) for at, one in enumerate(attributes)]
            columns.append(_column("date", [row.values[-1] for row in batch]))
            keys = np.array([row.key for row in batch], dtype=object)
            pyogrio.raw.write(
                str(path),
                np.array([row.wkb for row in batch], dtype=object),
                [keys, *(data for data, _ in columns)],
                ["key", *names, VALID_FROM],
                [None, *(mask for _, mask in columns)],
                layer=found.code,
                driver="GPKG",
                geometry_type=_GEOMETRY[found.shape],
                promote_to_multi=found.shape != "point",
                crs="EPSG:6668",
                append=written,
                **({} if written else {"layer_metadata": {"IDENTIFIER": found.title["ja"]}}),
            )
            written = True
        if not written:
            raise NotFound("collection-unknown", gettext_noop("このデータはありません。"))
        return path.open("rb")  # what is open can be read when its name is gone


def _column(kind: str, values: Sequence[Any]) -> tuple[Any, Any]:
    """A column as GDAL takes it, and which of its cells have no value."""
    empty = np.array([value is None for value in values])
    if kind not in _NUMPY:
        return np.array(values, dtype=object), empty
    nothing: Any = {"date": "1970-01-01"}.get(kind, 0)
    filled = [nothing if value is None else value for value in values]
    return np.array(filled, dtype=_NUMPY[kind]), empty


def _standard(form: Standard, found: Layer, edition: Edition) -> Iterator[str]:
    names = [one.key for one in found.seen_by("public")]
    yield "\ufeff" + _lines([form.columns])
    number, city = 0, procedures.city().file
    for batch in features.rows(found, "public", edition):
        lines = []
        for row, (lon, lat) in zip(batch, _places("point", batch), strict=True):
            values = dict(zip(names, row.values, strict=False))
            if not form.holds(values, city):
                continue
            number += 1
            said = form.row(values, number, city, lon, lat)
            lines.append([said.get(column, "") for column in form.columns])
        yield _lines(lines)


# -- the catalogue ----------------------------------------------------------------------------------------------------

_CONTEXT: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def catalogue_document() -> dict[str, Any]:
    """DCAT 3 (W3C): a dataset for each public layer that was taken in, and for procedures and figures."""
    city = procedures.city().file
    base = settings.BASE_URL
    held = places.newest()
    layers = [
        (one, held[code]) for code, one in procedures.layers().items() if code in held and includes(one.see, "public")
    ]
    return {
        "@context": _CONTEXT,
        "@id": f"{base}/open-data/catalog.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": _texts({"ja": f"{city.name['ja']}のオープンデータ", "en": f"Open data of {city.name['en']}"}),
        "dct:publisher": {
            "@type": "foaf:Organization",
            "foaf:name": city.name["ja"],
            "foaf:homepage": city.contact.url,
        },
        "dct:language": ["ja", "en"],
        "dcat:dataset": [
            *(_dataset(one, edition) for one, edition in layers),
            *_own_datasets(),
        ],
        "dcat:service": {
            "@id": f"{base}/ogc/",
            "@type": "dcat:DataService",
            "dct:title": _texts({"ja": "地図データ（OGC API – Features、Tiles）"}),
            "dcat:endpointURL": f"{base}/ogc/",
            "dcat:endpointDescription": f"{base}/ogc/api",
            "dct:conformsTo": "http://www.opengis.net/doc/IS/ogcapi-features-1/1.0",
        },
    }


def _dataset(found: Layer, edition: Edition) -> dict[str, Any]:
    base = f"{settings.BASE_URL}/open-data/layers/{found.code}"
    said: dict[str, Any] = {
        "@id": f"{settings.BASE_URL}/ogc/collections/{found.code}",
        "@type": "dcat:Dataset",
        "dct:identifier": found.code,
        "dct:title": _texts(dict(found.title)),
        "dct:description": f"{'見本データ。' if found.source.sample else ''}{found.legal_basis}。{found.source.name}",
        "dct:license": found.source.licence,
        "dct:rights": found.source.credit,
        "dct:issued": found.source.as_of.isoformat(),
        "dct:modified": {"@value": edition.recorded_at.isoformat(), "@type": "xsd:dateTime"},
        "dct:provenance": found.source.name,
        "dcat:spatialResolutionInMeters": found.accuracy,
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": ending,
                "dcat:downloadURL": f"{base}.{ending}",
                "dcat:mediaType": media.partition(";")[0],
                "dct:license": found.source.licence,
            }
            for ending, media in FORMS.items()
        ],
    }
    said["dcat:distribution"] += [
        {
            "@type": "dcat:Distribution",
            "dct:title": form.title,
            "dcat:downloadURL": f"{settings.BASE_URL}/open-data/standard/{name}.csv",
            "dcat:mediaType": "text/csv",
            "dct:conformsTo": "自治体標準オープンデータセット",
        }
        for name, form in STANDARD.items()
        if form.layer == found.code
    ]
    where = features.extent(found.code, edition.pk)
    if where is not None:
        (west, south, east, north), since = where
        ring = f"{west} {south},{east} {south},{east} {north},{west} {north},{west} {south}"
        said["dct:spatial"] = {"@type": "dct:Location", "dcat:bbox": f"POLYGON(({ring}))"}
        said["dct:temporal"] = {"@type": "dct:PeriodOfTime", "dcat:startDate": since.isoformat()}
    return said


def _own_datasets() -> Iterator[dict[str, Any]]:
    for name, title in (("procedures", "手続の一覧"), ("figures", "手続の実績")):
        base = f"{settings.BASE_URL}/open-data/{name}"
        yield {
            "@id": base,
            "@type": "dcat:Dataset",
            "dct:identifier": name,
            "dct:title": _texts({"ja": title}),
            "dct:license": LICENCE,
            "dcat:distribution": [
                {"@type": "dcat:Distribution", "dcat:downloadURL": f"{base}.{ending}", "dcat:mediaType": media}
                for ending, media in (("json", "application/json"), ("csv", "text/csv"))
            ],
        }


def _texts(said: dict[str, str]) -> list[dict[str, str]]:
    return [{"@value": text, "@language": language} for language, text in said.items() if language != "ja-simple"]
