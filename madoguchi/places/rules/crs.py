"""The coordinate reference systems in which features are asked for and given (OGC API – Features, Part 2).

Each by its URI, with the order of axes that its authority defines: EPSG writes latitude first in 4326 and 6668, and
north first in the Japanese plane rectangular systems; CRS84 and 3857 have east first. JGD2011 and WGS84 are taken as
one (:mod:`rules.layer`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from madoguchi.places.rules.layer import DRAWN, JAPAN, STORED

_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
STORAGE: Final = f"{_EPSG}{STORED}"


@dataclass(frozen=True, slots=True)
class Crs:
    """One system. ``srid``: EPSG code under which the database computes; ``flipped``: north comes before east.

    ``bounds``: what is looked at, east before north (west, south, east, north): Japan with its sea, in degrees or
    metres. Nothing lies outside, so a larger box asks for no more. ``digits`` behind the point: a centimetre.
    """

    uri: str
    srid: int
    flipped: bool
    bounds: tuple[float, float, float, float]
    digits: int

    @property
    def degrees(self) -> bool:
        return self.srid == STORED


def offered(plane: int) -> Mapping[str, Crs]:
    """The systems of a city whose metres are measured in ``plane`` (EPSG code), by URI; the default first."""
    #: A plane rectangular system serves a prefecture; a thousand kilometres around its origin is all of Japan.
    around = (-1_000_000.0, -1_000_000.0, 1_000_000.0, 1_000_000.0)
    mercator = (13_500_000.0, 2_200_000.0, 17_200_000.0, 5_800_000.0)
    found = (
        Crs(CRS84, STORED, False, JAPAN, 7),
        Crs(f"{_EPSG}4326", STORED, True, JAPAN, 7),
        Crs(STORAGE, STORED, True, JAPAN, 7),
        Crs(f"{_EPSG}{plane}", plane, True, around, 2),
        Crs(f"{_EPSG}{DRAWN}", DRAWN, False, mercator, 2),
    )
    return {one.uri: one for one in found}


def clipped(
    box: tuple[float, float, float, float], within: tuple[float, float, float, float]
) -> tuple[float, float, float, float] | None:
    """The part of a box inside another; None where they do not meet."""
    west, south = max(box[0], within[0]), max(box[1], within[1])
    east, north = min(box[2], within[2]), min(box[3], within[3])
    return (west, south, east, north) if west <= east and south <= north else None
