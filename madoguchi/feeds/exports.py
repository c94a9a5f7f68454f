"""Open data of the map: each public layer whole, as GeoJSON, CSV and GeoPackage, with a catalogue (DCAT 3) of all that
the city gives out; and 自治体標準オープンデータセット where a layer is one of them.

Each is a file that is written when somebody first asks for it, and given out until the layer changes: GeoJSON and CSV
by the database itself, a GeoPackage by GDAL. Only what the public sees of a layer is in them.
"""

import csv
import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyogrio.raw
import shapely
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from madoguchi.feeds import problems
from madoguchi.feeds.opendata import LICENCE
from madoguchi.feeds.standard import STANDARD, Standard
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.places import features
from madoguchi.places import queries as places
from madoguchi.places.editions import newest_edition
from madoguchi.places.models import Edition
from madoguchi.places.rules.crs import CRS84, offered
from madoguchi.places.rules.filtering import VALID_FROM
from madoguchi.places.rules.layer import Layer, includes
from madoguchi.procedures import queries as procedures

#: What a layer is given out as: ending → media type.
FORMS: Final = {
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "gpkg": "application/geopackage+sqlite3",
}


@require_safe
def layer(request: HttpRequest, code: str, form: str) -> HttpResponseBase:
    """A public layer whole, as it is today."""
    found, edition = _public(code)
    write = _WRITE.get(form)
    if found is None or edition is None or write is None:
        return problems.answer(NotFound("collection-unknown", gettext_noop("このデータはありません。")))
    return _kept(request, f"{code}.{form}", FORMS[form], found, edition, write)


@require_safe
def standard(request: HttpRequest, name: str) -> HttpResponseBase:
    """A table of 自治体標準オープンデータセット, made of one of our layers."""
    form = STANDARD.get(name)
    found, edition = _public(form.layer) if form is not None else (None, None)
    if form is None or found is None or edition is None:
        return problems.answer(NotFound("collection-unknown", gettext_noop("このデータはありません。")))
    return _kept(request, f"{name}.csv", FORMS["csv"], found, edition, partial(_standard, form))


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


Write = Callable[[Layer, Edition, Path], None]
"""Writes a layer, as the public sees it today, to a file that is not there yet."""


def _kept(request: HttpRequest, name: str, kind: str, found: Layer, edition: Edition, write: Write) -> HttpResponseBase:
    """The file of this name, written once for each state of the layer: a hundred readers cost what one does, and a
    slow one holds no connection of the database."""
    # A later edition says now what will be; what the layer's file shows to the public may change without an edition.
    day = clock.today() if edition.as_of > clock.today() else ""
    state = hashlib.sha256(f"{edition.pk} {day} {found!r}".encode()).hexdigest()[:32]
    tag = f'"{state}"'
    if request.headers.get("If-None-Match") == tag:
        answer: HttpResponseBase = HttpResponse(status=304)
    else:
        file = (
            _passing(name, partial(write, found, edition))
            if found.shows
            else _written(Path(settings.VAR) / "open-data" / name, state, partial(write, found, edition))
        )
        answer = FileResponse(file, as_attachment=True, filename=name, content_type=kind)
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Access-Control-Allow-Origin"] = "*"  # it is public: any page may show it
    answer.headers["ETag"] = tag
    return answer


def _passing(name: str, write: Callable[[Path], None]) -> BinaryIO:
    """A file that is gone once it was read: of cases that are shown nothing stays that may have to be forgotten."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).open("rb")  # what is open can be read when its name is gone


def _written(folder: Path, state: str, write: Callable[[Path], None]) -> BinaryIO:
    """The file of that state in the folder, open; whoever asks while it is being written waits for it. What states
    before have left goes."""
    try:
        return (folder / state).open("rb")
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / state).exists():
            with tempfile.TemporaryDirectory(dir=folder) as new:
                write(Path(new) / folder.name)
                for old in set(folder.iterdir()) - {folder / "lock", Path(new)}:
                    old.unlink() if old.is_file() else shutil.rmtree(old)  # of one that was killed
                (Path(new) / folder.name).rename(folder / state)
        return (folder / state).open("rb")


# -- forms ------------------------------------------------------------------------------------------------------------


def _geojson(found: Layer, edition: Edition, path: Path) -> None:
    """RFC 7946: longitude and latitude."""
    head = {"type": "FeatureCollection", "name": found.code, "attribution": found.source.credit}
    system = offered(procedures.city().file.plane)[CRS84]
    with path.open("wb") as file:
        file.write((json.dumps(head, ensure_ascii=False)[:-1] + ', "features":[\n').encode())
        features.write_geojson(found, "public", system, edition, file)
        file.write(b"]}\n")


def _csv(found: Layer, edition: Edition, path: Path) -> None:
    """UTF-8 with BOM, as spreadsheets of offices open it."""
    with path.open("wb") as file:
        file.write(f"\ufeff{','.join(features.cells(found, 'public'))}\n".encode())
        features.write_cells(found, "public", edition, file)


_NUMPY: Final = {"number": "float64", "integer": "int64", "yes_no": "bool", "date": "datetime64[D]"}
_GEOMETRY: Final = {"point": "Unknown", "line": "MultiLineString", "polygon": "MultiPolygon"}


def _geopackage(found: Layer, edition: Edition, path: Path) -> None:
    """A GeoPackage (OGC 12-128) in JGD2011."""
    attributes = found.seen_by("public")
    names = [f"{one.key}_" if one.key in ("fid", "key", "geom") else one.key for one in attributes]
    kinds = [*(one.kind for one in attributes), "date"]
    more: dict[str, Any] = {"layer_metadata": {"IDENTIFIER": found.title["ja"]}}
    for batch in features.rows(found, "public", edition):
        keys, shapes, *values = zip(*batch, strict=True)
        columns = [_column(kind, said) for kind, said in zip(kinds, values, strict=True)]
        pyogrio.raw.write(
            str(path),
            np.array(shapes, dtype=object),
            [np.array(keys, dtype=object), *(data for data, _ in columns)],
            ["key", *names, VALID_FROM],
            [None, *(mask for _, mask in columns)],
            layer=found.code,
            driver="GPKG",
            geometry_type=_GEOMETRY[found.shape],
            promote_to_multi=found.shape != "point",
            crs="EPSG:6668",
            **more,
        )
        more = {"append": True}
    if not path.exists():
        raise NotFound("collection-unknown", gettext_noop("このデータはありません。"))


def _column(kind: str, values: Sequence[Any]) -> tuple[Any, Any]:
    """A column as GDAL takes it, and which of its cells have no value."""
    empty = np.array([value is None for value in values])
    if kind not in _NUMPY:
        return np.array(values, dtype=object), empty
    nothing: Any = {"date": "1970-01-01"}.get(kind, 0)
    filled = [nothing if value is None else value for value in values]
    return np.array(filled, dtype=_NUMPY[kind]), empty


def _standard(form: Standard, found: Layer, edition: Edition, path: Path) -> None:
    names = [one.key for one in found.seen_by("public")]
    number, city = 0, procedures.city().file
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, form.columns)
        table.writeheader()
        for batch in features.rows(found, "public", edition):
            points = shapely.centroid(shapely.from_wkb(np.array([wkb for _, wkb, *_ in batch], dtype=object)))
            places = np.round(shapely.get_coordinates(points), 7).tolist()
            for (_, _, *said, _), (lon, lat) in zip(batch, places, strict=True):
                values = dict(zip(names, said, strict=True))
                if form.holds(values, city):
                    number += 1
                    table.writerow({key: _cell(one) for key, one in form.row(values, number, city, lon, lat).items()})


#: Spreadsheets take a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


_WRITE: Final[Mapping[str, Write]] = {"geojson": _geojson, "csv": _csv, "gpkg": _geopackage}


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
