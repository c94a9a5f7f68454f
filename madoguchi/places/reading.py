"""Files of geodata as features: GDAL reads them (pyogrio carries its own), shapely looks at the shapes.

Apart from actions, because nothing is written here. What is wrong with a feature is told with its row (counted from 1)
and in words; the rest of the file is taken. A file of which nothing can be used is refused whole.
"""

import codecs
import gc
import hashlib
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from madoguchi.ground.errors import Invalid, Problem
from madoguchi.places import citygml
from madoguchi.places.queries import Located
from madoguchi.places.rules.layer import JAPAN, STORED, Attribute, Layer, Shape, read_column

#: Bytes of a file, and of a zip's contents; features of a layer.
MAX_BYTES: Final = 100 * 1024 * 1024
MAX_UNPACKED: Final = 500 * 1024 * 1024
MAX_FEATURES: Final = 1_000_000
#: Problems that a report tells one by one; beyond, only how many.
MAX_TOLD: Final = 200

#: What GDAL may take a file for.
DRIVERS: Final = frozenset(
    {"CSV", "DXF", "ESRI Shapefile", "FlatGeobuf", "GML", "GPKG", "GeoJSON", "GeoJSONSeq", "MapInfo File", "TopoJSON"}
)
#: Bytes of a file in which a format says what it is.
_HEAD: Final = 65_536

_DIMENSION: Final[Mapping[Shape, int]] = {"point": 0, "line": 1, "polygon": 2}


@dataclass(frozen=True, slots=True)
class Read:
    """A feature as a file has it: key, attributes by the layer's schema, shape (WKB in the file's CRS). ``text``: the
    attributes as JSON, where they have been written already."""

    key: str
    properties: Mapping[str, Any]
    wkb: bytes = field(repr=False)
    digest: str = ""
    text: str = field(default="", repr=False)


@dataclass(slots=True)
class Reading:
    """What a file holds. ``told``: row → what is wrong with it; ``refused`` and ``repaired`` count features.
    ``located``: how many addresses were found as lot, town, landmark.
    """

    features: list[Read]
    srid: int
    digest: str
    told: list[tuple[int, Problem]] = field(default_factory=list)
    located: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    repaired: int = 0
    left_out: int = 0

    def tell(self, row: int, problem: Problem) -> None:
        """Keep what is wrong with a row."""
        self.told.append((row, problem))


Locate = Callable[[str], Sequence[Located]]
"""The places that an address may mean."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Shapes beside the columns of a source, before a layer's schema was laid upon them. ``srid``: its EPSG code."""

    shapes: Any
    columns: Mapping[str, Sequence[Any]]
    srid: int
    digest: str


def read_file(layer: Layer, path: Path, locate: Locate | None = None) -> Reading:
    """The features of a file as the layer has them. Raises Invalid where nothing of it can be used, with why.

    ``locate`` finds the addresses of a file that has them instead of coordinates.
    """
    raw = _opened(layer, path)
    if not layer.source.address:
        return read(layer, raw)
    assert locate is not None
    return _by_address(layer, raw, locate)


def file_digest(layer: Layer, path: Path) -> str:
    """By what the same file, read in the same way, is known again (:attr:`Edition.digest`)."""
    return _read_as(layer, _digest_of_file(path))


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_as(layer: Layer, digest: str) -> str:
    said = (layer.attributes, layer.key, layer.source.where, layer.source.crs, layer.source.address, layer.source.part)
    return hashlib.sha256(f"{digest} {said!r}".encode()).hexdigest()


def read(layer: Layer, raw: Raw) -> Reading:
    """What a source holds as the layer has it. Raises Invalid where nothing of it can be used."""
    return _finished(layer, raw, Reading([], raw.srid, _read_as(layer, raw.digest)))


def _finished(layer: Layer, raw: Raw, reading: Reading) -> Reading:
    with _undisturbed():
        _fill(layer, reading, raw)
    reading.told.sort(key=lambda one: one[0])
    del reading.told[MAX_TOLD:]
    if not reading.features:
        row, why = reading.told[0] if reading.told else (1, Problem("no-shape", "形がありません。"))
        raise Invalid(
            "nothing-usable",
            "使える地物が一つもありませんでした。%(row)s件目：%(why)s"
            "座標の順序と座標系（レイヤーの source の crs）を確かめてください。",
            {"row": row, "why": str(why)},
        )
    return reading


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Of the hundred thousand objects that a file becomes, none stands in a circle: Python's search for circles takes a
    fourth of the time in which they are made."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _opened(layer: Layer, path: Path) -> Raw:
    _measured(path)
    source = layer.source
    encoding = source.encoding or _encoding(path)
    try:
        if models := citygml.models(path):
            return _of_models(layer, models, _digest_of_file(path))
        within = _within(path)
        part = _part(layer, [str(name) for name, _ in pyogrio.list_layers(within)])
        info = pyogrio.read_info(within, layer=part, encoding=encoding)
        if info["driver"] not in DRIVERS:
            raise _unread()
        tabular = (*source.address, *(source.lon_lat or ()))
        wanted = [*(one.column for one in layer.attributes), *source.where, *tabular]
        _all_there(wanted, info["fields"])
        if info["features"] > MAX_FEATURES:
            raise _too_many()
        meta, _, shapes, columns = pyogrio.raw.read(
            within,
            layer=part,
            columns=list(dict.fromkeys(wanted)),
            encoding=encoding,
            datetime_as_string=True,
            read_geometry=not tabular,
        )
    except (DataSourceError, DataLayerError, FieldError, UnicodeDecodeError, ValueError):
        raise _unread() from None
    named = dict(zip(meta["fields"], (one.tolist() for one in columns), strict=True))
    digest = _digest_of_file(path)
    if not len(columns[0]):
        raise Invalid("no-features", "ファイルに地物がありません。")
    if source.address:
        return Raw(np.full(len(columns[0]), None, dtype=object), named, STORED, digest)
    if source.lon_lat is not None:
        points = [_point(x, y) for x, y in zip(*(named[one] for one in source.lon_lat), strict=True)]
        return Raw(np.array(points, dtype=object), named, _srid(layer, None), digest)
    if shapes is None or not len(shapes):
        raise Invalid("no-features", "ファイルに地物がありません。")
    return Raw(shapely.from_wkb(shapes, on_invalid="ignore"), named, _srid(layer, meta.get("crs")), digest)


def _within(path: Path) -> str:
    """What GDAL opens: of a zip the folder in which its data lie. Raises Invalid where several have some."""
    if not zipfile.is_zipfile(path):
        return str(path)
    with zipfile.ZipFile(path) as packed:
        names = [one for one in packed.namelist() if one.lower().endswith(_GEODATA) and "__MACOSX" not in one]
    folders = sorted({one.rpartition("/")[0] for one in names})
    if len(folders) > 1 and folders[0]:
        raise Invalid(
            "which-folder",
            "zipの中のいくつかのフォルダーにデータがあります：%(folders)s。使うものだけをzipにしてください。",
            {"folders": "、".join(folders[:10])},
        )
    return f"/vsizip/{{{path}}}/{folders[0]}" if folders and folders[0] else str(path)


_GEODATA: Final = (".shp", ".gpkg", ".geojson", ".fgb", ".csv")


def _encoding(path: Path) -> str | None:
    """That of a table or of a Shapefile of which neither its layer nor itself says it: programs here write cp932 as
    often as UTF-8. None of whatever else, which GDAL knows."""
    try:
        if path.suffix.lower() == ".csv":
            return _either(path.read_bytes())
        if path.suffix.lower() == ".shp":
            return None if path.with_suffix(".cpg").exists() else _of_dbf(path.with_suffix(".dbf").read_bytes())
        if not zipfile.is_zipfile(path):
            return None
        with zipfile.ZipFile(path) as packed:
            parts = {one.lower(): one for one in packed.namelist()}
            tables = [parts[one] for one in parts if one.endswith(".dbf") and f"{one[:-4]}.cpg" not in parts]
            return _of_dbf(packed.read(tables[0])) if len(tables) == 1 else None
    except OSError:
        return None


def _of_dbf(content: bytes) -> str | None:
    if len(content) < 32 or content[29]:  # it has its code page
        return None
    start = int.from_bytes(content[8:10], "little")
    names = b" ".join(content[at : at + 11].rstrip(b"\0") for at in range(32, start - 1, 32))
    return _either(names + b" " + content[start:])


def _either(text: bytes) -> str:
    try:
        codecs.decode(text, "utf-8")
    except UnicodeDecodeError:
        return "cp932"
    return "utf-8"


def _of_models(layer: Layer, models: Sequence[citygml.Model], digest: str) -> Raw:
    """The features of CityGML, file after file. Raises Invalid for an attribute of which no file says anything."""
    columns = list(dict.fromkeys([*(one.column for one in layer.attributes), *layer.source.where]))
    shapes: list[Any] = []
    values: dict[str, list[Any]] = {one: [] for one in columns}
    for one in models:
        found, said = citygml.read(one, layer.source.part, columns)
        shapes += found
        for column, cells in said.items():
            values[column] += cells
        if len(shapes) > MAX_FEATURES:
            raise _too_many()
    if not shapes:
        raise Invalid("no-features", "ファイルに地物がありません。")
    _all_there(columns, [one for one in columns if any(cell is not None for cell in values[one])])
    return Raw(shapely.from_wkb(np.array(shapes, dtype=object), on_invalid="ignore"), values, STORED, digest)


def _all_there(wanted: Iterable[str], there: Iterable[str]) -> None:
    there = list(there)
    if missing := sorted(set(wanted) - set(there)):
        raise Invalid(
            "columns-changed",
            "ファイルに列がありません：%(columns)s。ファイルの列は、%(there)s。"
            "レイヤーの attributes の column と見くらべてください。",
            {"columns": "、".join(missing), "there": "、".join(there)[:500] or "ありません"},
        )


def _too_many() -> Invalid:
    return Invalid("too-many-features", "地物が多すぎます（%(most)s件まで）。", {"most": f"{MAX_FEATURES:,}"})


def _point(x: Any, y: Any) -> Any:
    """The point that two cells of a table say; None where they are no numbers."""
    try:
        return shapely.Point(float(x), float(y))
    except (TypeError, ValueError):
        return None


def _part(layer: Layer, parts: Sequence[str]) -> str:
    """Which part of the file is meant: the only one, the one that the layer names, or the one of its code."""
    meant = layer.source.part or (parts[0] if len(parts) == 1 else layer.code)
    if meant not in parts:
        raise Invalid(
            "which-part",
            "ファイルの中のどれを読むか決められません：%(parts)s。レイヤーの source に part: を書いて選んでください。",
            {"parts": "、".join(parts[:10])},
        )
    return meant


def _by_address(layer: Layer, raw: Raw, locate: Locate) -> Reading:
    """The features where their addresses are: those of which one place is meant, as surely as the layer claims."""
    reading = Reading([], raw.srid, _read_as(layer, raw.digest))
    shapes = raw.shapes.copy()
    known: dict[str, Located | Problem] = {}
    for at, parts in enumerate(zip(*(raw.columns[one] for one in layer.source.address), strict=True)):
        address = "".join(str(one) for one in parts if one is not None).strip()
        if address not in known:
            known[address] = _only(layer, locate(address)) if address else _NO_ADDRESS
        found = known[address]
        if isinstance(found, Problem):
            reading.tell(at + 1, found)
        else:
            reading.located[found.level] += 1
            shapes[at] = shapely.Point(found.at.lon, found.at.lat)
    return _finished(layer, replace(raw, shapes=shapes), reading)


def _only(layer: Layer, found: Sequence[Located]) -> Located | Problem:
    meant = {one.at: one for one in found if one.exact}
    if not found:
        return Problem("address-unknown", "住所の場所がわかりません。")
    if len(meant) != 1:
        return Problem("address-doubtful", "住所に当てはまる場所が一つに決まりません。")
    [only] = meant.values()
    if only.error > layer.accuracy:
        return Problem(
            "address-coarse",
            "住所の場所は約%(error)smまでしかわかりません（このレイヤーは%(accuracy)smまで）。",
            {"error": f"{only.error:,.0f}", "accuracy": f"{layer.accuracy:g}"},
        )
    return only


_NO_ADDRESS: Final = Problem("address-missing", "住所がありません。")


def _unread() -> Invalid:
    return Invalid("file-unread", "ファイルを読めませんでした。形式と文字コード（UTF-8かcp932）を確かめてください。")


def _measured(path: Path) -> None:
    """A file of a size that can be worked on, and of geodata; a zip by what it holds."""
    if not path.is_file():
        raise Invalid("file-missing", "ファイルがありません。")
    if not path.stat().st_size:
        raise Invalid("file-empty", "ファイルが空です。")
    if path.stat().st_size > MAX_BYTES:
        raise Invalid("file-too-large", "ファイルが大きすぎます（%(most)sMBまで）。", {"most": MAX_BYTES >> 20})
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            _leads_nowhere(file.read(_HEAD))
        return
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > MAX_UNPACKED:
                raise Invalid(
                    "zip-too-large", "zipの中身が大きすぎます（%(most)sMBまで）。", {"most": MAX_UNPACKED >> 20}
                )
            for one in packed.infolist():
                with packed.open(one) as file:
                    _leads_nowhere(file.read(_HEAD))
    except (zipfile.BadZipFile, RuntimeError, OSError, zlib.error):  # broken, or under a password
        raise _unread() from None


def _leads_nowhere(head: bytes) -> None:
    """Some formats of GDAL only say where to read instead: another file of this machine, a database, an address."""
    if b"<OGR" in head:
        raise _unread()


def _srid(layer: Layer, said: str | None) -> int:
    """The EPSG code of the file's coordinates: what it says, else what the layer says. WGS84 is taken as JGD2011."""
    if said and said.upper().startswith("EPSG:") and said[5:].isdigit():
        return int(said[5:])
    if layer.source.crs is not None:
        return layer.source.crs
    raise Invalid(
        "crs-unknown",
        "座標系がわかりません。レイヤーの source に、経度・緯度なら crs: 6668（JGD2011）、"
        "平面直角座標なら crs: 6674（第VI系）のように書いてください。",
    )


def _fill(layer: Layer, reading: Reading, raw: Raw) -> None:
    """Everything that can be said of all features at once is; one by one they are only put together."""
    shapes = np.array(raw.shapes, dtype=object)
    good = _meant(layer, raw, len(shapes))
    reading.left_out = int((~good).sum())
    for wrong, problem in _misplaced(shapes, raw.srid):
        if layer.source.address and problem.code == "no-shape":
            reading.refused += int((good & wrong).sum())  # told of its address
        else:
            _refuse(reading, good & wrong, problem)
        good &= ~wrong
    for at in np.flatnonzero(good & ~shapely.is_valid(shapes)):
        shapes[at] = _repaired(shapes[at], layer.shape)
        problem = Problem("shape-repaired", "形が交差していたので直しました。")
        if shapes[at] is None:
            good[at] = False
            reading.refused += 1
            problem = Problem("shape-broken", "形がこわれていて、直せません。")
        else:
            reading.repaired += 1
        reading.tell(int(at) + 1, problem)
    other = shapely.get_dimensions(shapes) != _DIMENSION[layer.shape]
    _refuse(reading, good & other, Problem("other-shape", "点・線・面の種類がレイヤーと違います。"))
    good &= ~other
    rows = _said(layer, reading, raw, good)
    kept = np.flatnonzero(good)
    wkbs = shapely.to_wkb(shapes[kept], output_dimension=2)
    seen: Counter[str] = Counter()
    for row, wkb, said in zip(kept.tolist(), wkbs.tolist(), rows, strict=True):
        properties = {key: value for key, value in said if value is not None}
        text = _JSON(properties)
        digest = _digest(text, wkb)
        key = layer.key_of(properties) or digest
        seen[key] += 1
        if seen[key] > 1 and not layer.key:
            reading.left_out += 1  # the same thing twice
            continue
        if seen[key] > 1:
            columns = "・".join(one.column for one in layer.attributes if one.key in layer.key)
            reading.tell(
                row + 1, Problem("key-twice", "%(column)s の同じものが、前にもあります。", {"column": columns})
            )
        own = key if seen[key] == 1 else f"{key}#{seen[key]}"
        reading.features.append(Read(own, properties, wkb, digest, text))


def _meant(layer: Layer, raw: Raw, count: int) -> NDArray[np.bool_]:
    """Which of the features are the layer's: those whose columns say what it wants."""
    meant = np.ones(count, dtype=bool)
    for column, values in layer.source.where.items():
        wanted = set(values)
        meant &= np.array([str(one).strip() in wanted for one in raw.columns[column]], dtype=bool)
    return meant


def _misplaced(shapes: Any, srid: int) -> Iterator[tuple[NDArray[np.bool_], Problem]]:
    """Which shapes are none, or are not where Japan is."""
    yield shapely.is_missing(shapes) | shapely.is_empty(shapes), Problem("no-shape", "形がありません。")
    west, south, east, north = shapely.bounds(shapes).T
    yield (
        ~(np.isfinite(west) & np.isfinite(south) & np.isfinite(east) & np.isfinite(north)),
        Problem("shape-broken", "形がこわれていて、直せません。"),
    )
    if srid in _DEGREES:
        inside = (west >= JAPAN[0]) & (east <= JAPAN[2]) & (south >= JAPAN[1]) & (north <= JAPAN[3])
        swapped = (south >= JAPAN[0]) & (north <= JAPAN[2]) & (west >= JAPAN[1]) & (east <= JAPAN[3])
        yield ~inside & swapped, Problem("axes-swapped", "緯度と経度が入れかわっています。")
        yield ~inside, Problem("out-of-japan", "日本の外にあります。")


#: Geographic systems, whose numbers are longitude and latitude: WGS84, JGD2000, JGD2011.
_DEGREES: Final = frozenset({4326, 4612, 6668})


def _said(layer: Layer, reading: Reading, raw: Raw, good: NDArray[np.bool_]) -> Iterator[Iterable[tuple[str, Any]]]:
    """What each good feature says, attribute by attribute; one that lacks what is required is good no more."""
    columns = []
    complete = good.copy()
    for one in layer.attributes:
        values, wrong = read_column(one, raw.columns.get(one.column, [None] * len(good)))
        unfit = np.zeros(len(good), dtype=bool)
        unfit[wrong] = True
        problem = _unfit(one)
        said = sum(value is not None for value, fits in zip(values, good.tolist(), strict=True) if fits)
        if not said and int((good & unfit).sum()) > 1:
            raise Invalid(
                "column-unfit",
                "どの行もそうです：%(why)sレイヤーの attributes と見くらべてください。",
                {"why": str(problem)},
            )
        for at in np.flatnonzero(good & unfit)[:MAX_TOLD]:
            reading.tell(int(at) + 1, problem)
        if one.required:
            lacking = np.array([value is None for value in values], dtype=bool) & ~unfit
            problem = Problem("missing", "%(column)s がありません。", {"column": one.column})
            for at in np.flatnonzero(good & lacking)[:MAX_TOLD]:
                reading.tell(int(at) + 1, problem)
            complete &= ~lacking
        columns.append(values)
    reading.refused += int((good & ~complete).sum())
    good &= complete
    keys = [one.key for one in layer.attributes]
    everything = zip(*columns, strict=True) if columns else iter([()] * len(good))
    return (zip(keys, row, strict=True) for row, whole in zip(everything, good.tolist(), strict=True) if whole)


def _unfit(one: Attribute) -> Problem:
    """What is wrong with a cell that does not fit: what should stand there, never what does."""
    params = {"column": one.column, "codes": "、".join(one.codes)[:300]}
    return Problem(f"not-{one.kind}", "%(column)s が、" + _WANTED[one.kind], params)


_WANTED: Final[Mapping[str, str]] = {
    "code": "決まった値（%(codes)s）のどれでもありません。",
    "number": "数ではありません。",
    "integer": "小数のない数ではありません。",
    "date": "年月日（2026-04-01）ではありません。",
    "yes_no": "有・無（1・0、true・false、○・×）のどれでもありません。",
    "text": "長すぎるか、文字でないものを含みます。",
}


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


def _refuse(reading: Reading, rows: NDArray[np.bool_], problem: Problem) -> None:
    """Leave these features out, and tell of the first of them."""
    reading.refused += int(rows.sum())
    for at in np.flatnonzero(rows)[:MAX_TOLD]:
        reading.tell(int(at) + 1, problem)


def digest_of(properties: Mapping[str, Any], wkb: bytes) -> str:
    """What tells two features with other attributes or another shape apart."""
    return _digest(_JSON(properties), wkb)


def _digest(text: str, wkb: bytes) -> str:
    return hashlib.sha256(text.encode() + b"\0" + wkb).hexdigest()[:32]


_JSON: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode
