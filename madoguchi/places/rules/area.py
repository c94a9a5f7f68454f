"""An area that somebody drew, or a lot: a polygon in degrees of JGD2011 longitude and latitude, small and whole.

It is refused rather than mended: what applies to a shape that nobody drew would be the answer to another question.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import shapely

from madoguchi.ground.errors import Invalid
from madoguchi.places.rules.layer import JAPAN

#: Vertices of an area, square metres of it, metres from side to side of it, and bytes of what says it.
MAX_VERTICES: Final = 1_000
MAX_AREA: Final = 250_000.0
MAX_SIDE: Final = 2_000.0
MAX_BYTES: Final = 200_000
#: Degrees to which it is kept: about a centimetre.
PRECISION: Final = 1e-7
#: Metres of a degree of latitude: for a bound, not for measuring.
_DEGREE: Final = 111_320.0


@dataclass(frozen=True, slots=True)
class Area:
    """A valid polygon (or several) in Japan. ``wkb``: degrees of JGD2011 longitude and latitude."""

    wkb: bytes

    @classmethod
    def read(cls, text: str) -> "Area":
        """The area of a GeoJSON Polygon, or of a Feature with one. Raises Invalid that says what is wrong with it."""
        if len(text) > MAX_BYTES:
            raise _too_detailed()
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, Mapping) and said.get("type") == "Feature":
            said = said.get("geometry")
        if not isinstance(said, Mapping) or said.get("type") not in ("Polygon", "MultiPolygon"):
            raise _unread()
        return cls.of(_shape(said))

    @classmethod
    def of(cls, shape: Any) -> "Area":
        """The area of a polygon of shapely. Raises Invalid that says what is wrong with it."""
        if shape.is_empty or shapely.get_dimensions(shape) != 2:
            raise _unread()
        if shapely.get_num_coordinates(shape) > MAX_VERTICES:
            raise _too_detailed()
        west, south, east, north = (float(one) for one in shape.bounds)
        _in_japan(west, south, east, north)
        if not shape.is_valid:
            raise Invalid("area-crosses", "区域の線がどこかで交わっています。交わらないように描き直してください。")
        squeeze = math.cos(math.radians((south + north) / 2))
        if (
            shape.area * _DEGREE**2 * squeeze > MAX_AREA
            or max((north - south) * _DEGREE, (east - west) * _DEGREE * squeeze) > MAX_SIDE
        ):
            raise Invalid("area-too-large", "区域が広すぎます（25ヘクタール、長さ2kmまで）。小さく分けてください。")
        kept = shapely.normalize(shapely.set_precision(shapely.force_2d(shape), PRECISION))
        if shapely.get_dimensions(kept) != 2 or kept.is_empty:
            raise Invalid("area-crosses", "区域の線がどこかで交わっています。交わらないように描き直してください。")
        return cls(shapely.to_wkb(kept, output_dimension=2))

    @property
    def geojson(self) -> str:
        """As GeoJSON (RFC 7946)."""
        return str(shapely.to_geojson(shapely.from_wkb(self.wkb)))

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of its box: longitude and latitude."""
        west, south, east, north = shapely.from_wkb(self.wkb).bounds
        return (west + east) / 2, (south + north) / 2

    @property
    def across(self) -> tuple[float, float]:
        """About how many metres it reaches from west to east and from south to north: for a frame."""
        west, south, east, north = shapely.from_wkb(self.wkb).bounds
        return (east - west) * _DEGREE * math.cos(math.radians(south)), (north - south) * _DEGREE

    @property
    def within(self) -> tuple[float, float]:
        """A point within it: longitude and latitude."""
        point = shapely.point_on_surface(shapely.from_wkb(self.wkb))
        return float(point.x), float(point.y)


def _shape(said: Mapping[str, Any]) -> Any:
    """What GeoJSON says, ring by ring: one with too few points, or with what is no number, is no area."""
    try:
        polygons = said["coordinates"] if said["type"] == "MultiPolygon" else [said["coordinates"]]
        if sum(len(ring) for rings in polygons for ring in rings) > MAX_VERTICES:
            raise _too_detailed()
        parts = [shapely.Polygon(_ring(rings[0]), [_ring(one) for one in rings[1:]]) for rings in polygons]
        return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, shapely.errors.ShapelyError):
        raise _unread() from None


def _ring(points: Any) -> list[tuple[float, float]]:
    ring = [(float(point[0]), float(point[1])) for point in points]
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in ring):
        raise ValueError
    return ring


def _in_japan(west: float, south: float, east: float, north: float) -> None:
    if JAPAN[0] <= west and east <= JAPAN[2] and JAPAN[1] <= south and north <= JAPAN[3]:
        return
    if JAPAN[0] <= south and north <= JAPAN[2] and JAPAN[1] <= west and east <= JAPAN[3]:
        raise Invalid("axes-swapped", "緯度と経度が入れかわっています。")
    raise Invalid("out-of-japan", "日本の外の場所です。")


def _unread() -> Invalid:
    return Invalid("area-unread", "区域を読めませんでした。GeoJSONのPolygonの形で渡してください。")


def _too_detailed() -> Invalid:
    return Invalid("area-too-detailed", "区域の点が多すぎます（%(most)s個まで）。", {"most": MAX_VERTICES})
