"""Files of geodata as features: GDAL reads them (pyogrio carries its own), shapely looks at the shapes.

Apart from actions, because nothing is written here. What is wrong with a feature is told with its row (counted from 1)
and in words; the rest of the file is taken. A file of which nothing can be used is refused whole.
"""

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from madoguchi.ground.errors import Invalid, Problem
from madoguchi.places.rules.layer import JAPAN, Layer, Shape, read_properties

#: Bytes of a file, and of a zip's contents; features of a layer.
MAX_BYTES: Final = 100 * 1024 * 1024
MAX_UNPACKED: Final = 500 * 1024 * 1024
MAX_FEATURES: Final = 1_000_000
#: Problems that a report tells one by one; beyond, only how many.
MAX_TOLD: Final = 200

_DIMENSION: Final[Mapping[Shape, int]] = {"point": 0, "line": 1, "polygon": 2}


@dataclass(frozen=True, slots=True)
class Read:
    """A feature as a file has it: key, attributes by the layer's schema, shape (WKB in the file's CRS)."""

    key: str
    properties: Mapping[str, Any]
    wkb: bytes = field(repr=False)
    digest: str = ""


@dataclass(slots=True)
class Reading:
    """What a file holds. ``told``: row → what is wrong with it; ``refused`` and ``repaired`` count features."""

    features: list[Read]
    srid: int
    digest: str
    told: list[tuple[int, Problem]] = field(default_factory=list)
    refused: int = 0
    repaired: int = 0
    left_out: int = 0

    def tell(self, row: int, problem: Problem) -> None:
        """Keep what is wrong with a row, up to what a person would read."""
        if len(self.told) < MAX_TOLD:
            self.told.append((row, problem))


def read_file(layer: Layer, path: Path) -> Reading:
    """The features of a file as the layer has them. Raises Invalid where nothing of it can be used, with why."""
    _measured(path)
    source = layer.source
    options = {}
    if source.lon_lat is not None:
        options = {"X_POSSIBLE_NAMES": source.lon_lat[0], "Y_POSSIBLE_NAMES": source.lon_lat[1]}
    try:
        info = pyogrio.read_info(str(path), encoding=source.encoding or None, **options)
        wanted = [one.column for one in layer.attributes] + list(source.where)
        if missing := sorted(set(wanted) - set(info["fields"])):
            raise Invalid(
                "columns-changed",
                "ファイルに列がありません：%(columns)s。レイヤーの attributes の column と見くらべてください。",
                {"columns": "、".join(missing)},
            )
        if info["features"] > MAX_FEATURES:
            raise Invalid("too-many-features", "地物が多すぎます（%(most)s件まで）。", {"most": f"{MAX_FEATURES:,}"})
        meta, _, shapes, columns = pyogrio.raw.read(
            str(path),
            columns=list(dict.fromkeys(wanted)),
            encoding=source.encoding or None,
            datetime_as_string=True,
            **options,
        )
    except (DataSourceError, DataLayerError, FieldError, UnicodeDecodeError, ValueError):
        raise Invalid(
            "file-unread",
            "ファイルを読めませんでした。形式と文字コード（UTF-8かcp932）を確かめてください。",
        ) from None
    if shapes is None or not len(shapes):
        raise Invalid("no-features", "ファイルに地物がありません。")
    schema = repr((layer.attributes, layer.key, source.where, source.crs)).encode()  # read otherwise, it says otherwise
    digest = hashlib.sha256(path.read_bytes() + schema).hexdigest()
    reading = Reading([], _srid(layer, meta.get("crs")), digest)
    rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*columns, strict=True)] if len(columns) else []
    _fill(layer, reading, shapely.from_wkb(shapes, on_invalid="ignore"), rows or [{}] * len(shapes))
    if not reading.features:
        raise Invalid("nothing-usable", "使える地物が一つもありませんでした。座標の順序と座標系を確かめてください。")
    return reading


def _measured(path: Path) -> None:
    """A file of a size that can be worked on; a zip by what it holds."""
    if not path.is_file():
        raise Invalid("file-missing", "ファイルがありません。")
    if path.stat().st_size > MAX_BYTES:
        raise Invalid("file-too-large", "ファイルが大きすぎます（%(most)sMBまで）。", {"most": MAX_BYTES >> 20})
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > MAX_UNPACKED:
                raise Invalid(
                    "zip-too-large", "zipの中身が大きすぎます（%(most)sMBまで）。", {"most": MAX_UNPACKED >> 20}
                )


def _srid(layer: Layer, said: str | None) -> int:
    """The EPSG code of the file's coordinates: what it says, else what the layer says. WGS84 is taken as JGD2011."""
    if said and said.upper().startswith("EPSG:") and said[5:].isdigit():
        return int(said[5:])
    if layer.source.crs is not None:
        return layer.source.crs
    raise Invalid("crs-unknown", "座標系がわかりません。レイヤーの source に crs: 6674 のように書いてください。")


def _fill(layer: Layer, reading: Reading, shapes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    where = {column: set(values) for column, values in layer.source.where.items()}
    bounds = shapely.bounds(shapes)
    valid = shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    seen: Counter[str] = Counter()
    for number, (shape, row, box, whole) in enumerate(zip(shapes, rows, bounds, valid, strict=True), start=1):
        if any(str(row.get(column)).strip() not in values for column, values in where.items()):
            reading.left_out += 1
            continue
        if shape is None or shape.is_empty:
            _refuse(reading, number, Problem("no-shape", "形がありません。"))
            continue
        if reading.srid in _DEGREES and (problem := _outside(box)):
            _refuse(reading, number, problem)
            continue
        if not whole:
            shape = _repaired(shape, layer.shape)
            if shape is None:
                _refuse(reading, number, Problem("shape-broken", "形がこわれていて、直せません。"))
                continue
            reading.repaired += 1
            reading.tell(number, Problem("shape-repaired", "形が交差していたので直しました。"))
        if shapely.get_dimensions(shape) != _DIMENSION[layer.shape]:
            _refuse(reading, number, Problem("other-shape", "点・線・面の種類がレイヤーと違います。"))
            continue
        properties, problems = read_properties(layer, row)
        for problem in problems:
            reading.tell(number, problem)
        if any(one.code == "missing" for one in problems):
            reading.refused += 1
            continue
        wkb = shapely.to_wkb(shapely.force_2d(shape), output_dimension=2)
        digest = digest_of(properties, wkb)
        key = layer.key_of(properties) or digest
        seen[key] += 1
        if seen[key] > 1 and not layer.key:
            reading.left_out += 1  # the same thing twice
            continue
        reading.features.append(Read(key if seen[key] == 1 else f"{key}#{seen[key]}", properties, wkb, digest))


#: Geographic systems, whose numbers are longitude and latitude: WGS84, JGD2000, JGD2011.
_DEGREES: Final = frozenset({4326, 4612, 6668})


def _outside(box: Any) -> Problem | None:
    west, south, east, north = (float(one) for one in box)
    if not all(np.isfinite((west, south, east, north))):
        return Problem("shape-broken", "形がこわれていて、直せません。")
    if JAPAN[0] <= west and east <= JAPAN[2] and JAPAN[1] <= south and north <= JAPAN[3]:
        return None
    if JAPAN[0] <= south and north <= JAPAN[2] and JAPAN[1] <= west and east <= JAPAN[3]:
        return Problem("axes-swapped", "緯度と経度が入れかわっています。")
    return Problem("out-of-japan", "日本の外にあります。")


def _repaired(shape: Any, wanted: Shape) -> Any:
    """The shape without crossings, in the layer's dimension; None where nothing of it is left."""
    try:
        mended = shapely.make_valid(shape)
    except shapely.errors.GEOSException:
        return None
    parts = [one for one in shapely.get_parts(mended) if shapely.get_dimensions(one) == _DIMENSION[wanted]]
    parts = [one for part in parts for one in shapely.get_parts(part)]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def _refuse(reading: Reading, row: int, problem: Problem) -> None:
    reading.refused += 1
    reading.tell(row, problem)


def digest_of(properties: Mapping[str, Any], wkb: bytes) -> str:
    """What tells two features with other attributes or another shape apart."""
    said = json.dumps(properties, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(said + b"\0" + wkb).hexdigest()[:32]
