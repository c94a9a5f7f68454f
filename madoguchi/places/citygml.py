"""CityGML 2.0 as PLATEAU gives it out (3D都市モデル標準製品仕様書): a file for each mesh, often many of them in a zip.

GDAL reads it, but by itself makes solids of buildings, which are no shape of a map. So each file is read with a
template that says which shape and which elements are wanted, and nothing else of it is looked at. Coordinates are
latitude, longitude and height of JGD2011 (EPSG:6697); GDAL puts longitude first, the height is dropped.
"""

import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from xml.sax.saxutils import escape

import pyogrio.raw

from madoguchi.ground.errors import Invalid

#: What a feature is where the layer does not say it.
BUILDING: Final = "Building"
#: What the head of such a file says, within so many bytes.
_NAMESPACE: Final = b"opengis.net/citygml"
_HEAD: Final = 4_096
#: The shapes of a feature as seen from above, in the order in which they are looked for: its outline on the ground,
#: that of its roof, its surface.
_SHAPES: Final = ("lod0FootPrint", "lod0RoofEdge", "lod1MultiSurface", "lod2MultiSurface")
#: JGD2011 in degrees, with height and without.
_SYSTEM: Final = re.compile(rb"srsName\s*=\s*[\"'][^\"']*\b(?:6697|6668)\b")
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Model:
    """A file of CityGML, or (``member``) one in a zip."""

    path: Path
    member: str = ""

    def open(self) -> IO[bytes]:
        """The file."""
        return zipfile.ZipFile(self.path).open(self.member) if self.member else self.path.open("rb")

    @property
    def for_gdal(self) -> str:
        """What GDAL calls it."""
        return f"/vsizip/{{{self.path}}}/{self.member}" if self.member else str(self.path)


def models(path: Path) -> list[Model]:
    """The files of CityGML that this one is, or holds; none where it is of another format."""
    if not zipfile.is_zipfile(path):
        found = [Model(path)]
    else:
        with zipfile.ZipFile(path) as packed:
            names = sorted(packed.namelist())
        found = [Model(path, one) for one in names if one.lower().endswith((".gml", ".xml"))]
    return [one for one in found if _NAMESPACE in _start(one)]


def _start(model: Model) -> bytes:
    with model.open() as file:
        return file.read(_HEAD)


def read(model: Model, element: str, columns: Sequence[str]) -> tuple[list[Any], Mapping[str, list[Any]]]:
    """The shapes of the features of a file (WKB, longitude and latitude of JGD2011; None where one has no shape as seen
    from above), and what they say under each column.

    ``element`` is what a feature is called (Road; without it Building); a column is an element in it (measuredHeight),
    or the path to one (buildingIDAttribute|BuildingIDAttribute|buildingID), or gml_id. Raises Invalid for coordinates
    in another system.
    """
    shape = _shape(model)
    with tempfile.NamedTemporaryFile("w", suffix=".gfs", encoding="utf-8") as template:
        template.write(_template(element or BUILDING, shape, columns))
        template.flush()
        meta, _, shapes, values = pyogrio.raw.read(
            model.for_gdal, layer=0, columns=columns, GFS_TEMPLATE=template.name, WRITE_GFS="NO"
        )
    return shapes.tolist(), dict(zip(meta["fields"], (one.tolist() for one in values), strict=True))


def _shape(model: Model) -> str:
    """The first of the shapes of which there is one in the file; the first of all where there is none."""
    there, located, before = set[str](), False, b""
    with model.open() as file:
        while piece := file.read(_PIECE):
            looked_at = before + piece
            located = located or _SYSTEM.search(looked_at) is not None
            there |= {one for one in _SHAPES if one.encode() in looked_at}
            before = piece[-200:]
    if not located:
        raise Invalid(
            "crs-unknown", "CityGMLの座標系がEPSG:6697（JGD2011の緯度・経度・標高）ではありません。変換してください。"
        )
    return next((one for one in _SHAPES if one in there), _SHAPES[0])


def _template(element: str, shape: str, columns: Sequence[str]) -> str:
    """What GDAL is to make of the file (its .gfs)."""
    properties = "".join(
        f"<PropertyDefn><Name>{path}</Name><ElementPath>{path}</ElementPath><Type>String</Type></PropertyDefn>"
        for path in (escape(one) for one in columns if one != "gml_id")
    )
    return (
        f"<GMLFeatureClassList><GMLFeatureClass><Name>{escape(element)}</Name>"
        f"<ElementPath>{escape(element)}</ElementPath>"
        f"<GeomPropertyDefn><Name>{shape}</Name><ElementPath>{shape}</ElementPath><Type>MultiPolygon</Type>"
        "</GeomPropertyDefn><SRSName>http://www.opengis.net/def/crs/EPSG/0/6697</SRSName>"
        f"{properties}</GMLFeatureClass></GMLFeatureClassList>"
    )
