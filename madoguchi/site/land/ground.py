"""The ground that the sample city stands on: outline, towns, rivers, hills and streets, in metres from the city hall.

Outline, towns, rivers and streets are real where the data pack has them, else drawn from what is stated here: the
outline of Daito and the courses of its rivers and main roads to about a hundred metres (国土数値情報 行政区域,
© OpenStreetMap contributors), and towns of the right names in invented places. What is drawn upon the ground
(:mod:`drawing`) is invented either way.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from madoguchi.places.rules.addressing import Gazetteer
from madoguchi.procedures.rules.city import Town

#: The city hall (degrees), from which metres are counted, and how many metres a degree is there (GRS80).
HALL: Final = (135.6235, 34.7119)
_METRES: Final = np.array((91_611.0, 110_935.0))

_OUTLINE: Final = (
    (135.640, 34.732), (135.650, 34.730), (135.656, 34.728), (135.657, 34.722), (135.665, 34.719), (135.672, 34.716),
    (135.675, 34.711), (135.673, 34.706), (135.672, 34.701), (135.664, 34.699), (135.657, 34.702), (135.645, 34.702),
    (135.636, 34.699), (135.632, 34.702), (135.627, 34.703), (135.618, 34.699), (135.614, 34.699), (135.606, 34.701),
    (135.595, 34.704), (135.596, 34.707), (135.607, 34.719), (135.615, 34.720), (135.623, 34.721), (135.622, 34.726),
    (135.630, 34.728), (135.632, 34.732),
)  # fmt: skip
#: 寝屋川 and 恩智川.
_RIVERS: Final = (
    (
        (135.624, 34.731), (135.626, 34.726), (135.628, 34.721), (135.628, 34.719), (135.623, 34.712),
        (135.622, 34.708), (135.614, 34.706), (135.610, 34.705), (135.607, 34.702), (135.595, 34.701),
    ),
    ((135.633, 34.697), (135.634, 34.700), (135.631, 34.706), (135.627, 34.708), (135.621, 34.707)),
)  # fmt: skip
#: Main roads with their class in OpenStreetMap: north to south at the foot of the hills, then west to east.
_MAIN: Final = (
    ("trunk", ((135.641, 34.735), (135.643, 34.724), (135.643, 34.712), (135.645, 34.707), (135.645, 34.698))),
    ("trunk", ((135.631, 34.734), (135.631, 34.728), (135.636, 34.719), (135.639, 34.711), (135.638, 34.697))),
    ("primary", ((135.590, 34.706), (135.607, 34.708), (135.618, 34.710), (135.631, 34.710), (135.648, 34.709))),
    ("primary", ((135.648, 34.709), (135.652, 34.705), (135.658, 34.707), (135.663, 34.712), (135.676, 34.716))),
    ("secondary", ((135.619, 34.722), (135.618, 34.710), (135.619, 34.694))),
)
#: Where the plain ends and the hills (生駒山地) begin, from north to south.
_FOOT: Final = (
    (135.650, 34.740), (135.648, 34.731), (135.647, 34.727), (135.646, 34.723), (135.645, 34.719), (135.646, 34.714),
    (135.649, 34.711), (135.649, 34.708), (135.650, 34.705), (135.653, 34.702), (135.655, 34.690),
)  # fmt: skip
#: 住道, 野崎, 四条畷.
_STATIONS: Final = ((135.6222, 34.7063), (135.6370, 34.7184), (135.6392, 34.7304))
#: Metres from border to border, by class in OpenStreetMap; others are no streets.
WIDTHS: Final[Mapping[str, float]] = {"trunk": 18.0, "primary": 14.0, "secondary": 11.0, "tertiary": 8.0, "minor": 5.0}
#: A river with its banks, a smaller stream (metres).
_WATER: Final[Mapping[str, float]] = {"river": 24.0, "stream": 5.0}
_MUNICIPALITY: Final = "27218"


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything in metres east and north of the city hall.

    ``towns`` are shapes beside ``names`` as (町字ID, name); ``streets`` are lines beside ``classes`` of OpenStreetMap;
    ``water`` and ``hills`` are areas, ``foot`` the line between plain and hills, ``rivers`` lines.
    """

    outline: Any
    towns: NDArray[np.object_]
    names: Sequence[tuple[str, str]]
    streets: NDArray[np.object_]
    classes: Sequence[str]
    rivers: NDArray[np.object_]
    water: Any
    hills: Any
    foot: Any
    stations: NDArray[np.object_]


def ground(
    towns: Sequence[Town], gazetteer: Gazetteer, pack: Path | None, wide: float, rng: np.random.Generator
) -> Ground:
    """The ground of the city: from the data pack where it has Daito, else as stated above, with blocks ``wide`` times
    as wide as usual."""
    files = pack / "daito" if pack is not None else None
    real = files is not None and (files / "municipalities.geojson").is_file()
    foot = shapely.linestrings(to_metres(_FOOT))
    hills = shapely.polygons(np.vstack([to_metres(_FOOT), [(9_000.0, -9_000.0), (9_000.0, 9_000.0)]]))
    if real and files is not None:
        outline = shapely.union_all([shape for shape, said in _features(files, "municipalities") if _ours(said)])
        shapes, names = _census(files, gazetteer)
        roads = [(shape, said) for shape, said in _features(files, "osm_roads_2021") if said.get("class") in WIDTHS]
        lines = [(shape, str(said["class"])) for shape, said in roads if said.get("brunnel") != "tunnel"]
        flows = [(shape, str(said["class"])) for shape, said in _features(files, "osm_waterways_2021")]
    else:
        outline = shapely.polygons(to_metres(_OUTLINE))
        shapes, names = _invented(outline, hills, towns, rng)
        lines = [(shapely.linestrings(to_metres(line)), kind) for kind, line in _MAIN]
        lines += [(one, "tertiary") for one in shapely.get_parts(shapely.union_all(shapely.boundary(shapes)))]
        lines += [(one, "minor") for one in _side_streets(shapely.difference(outline, hills), wide, rng)]
        flows = [(shapely.linestrings(to_metres(line)), "river") for line in _RIVERS]
    streets, classes = _within(outline, lines)
    rivers = np.array([line for line, kind in flows if kind == "river"], dtype=object)
    banks = [shapely.buffer(line, _WATER[kind] / 2, quad_segs=3) for line, kind in flows if kind in _WATER]
    return Ground(
        outline,
        shapes,
        names,
        streets,
        classes,
        rivers,
        shapely.union_all(banks),
        shapely.intersection(hills, outline),
        shapely.intersection(foot, outline),
        shapely.points(to_metres(_STATIONS)),
    )


def to_metres(degrees: Any) -> NDArray[np.float64]:
    """Longitude and latitude → metres from the city hall. No projection: lengths are right to some parts in 10,000."""
    metres: NDArray[np.float64] = (np.asarray(degrees, dtype=np.float64) - HALL) * _METRES
    return metres


def to_degrees(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """The way back, to a tenth of a millimetre: points that were one stay one."""
    degrees: NDArray[np.float64] = np.round(metres / _METRES + HALL, 9)
    return degrees


def _features(files: Path, name: str) -> list[tuple[Any, Mapping[str, Any]]]:
    read = json.loads((files / f"{name}.geojson").read_text(encoding="utf-8"))["features"]
    shapes = shapely.from_geojson([json.dumps(one["geometry"]) for one in read])
    moved = shapely.transform(shapes, to_metres)
    return [(shape, one["properties"]) for shape, one in zip(moved, read, strict=True)]


def _ours(said: Mapping[str, Any]) -> bool:
    return bool(said["code"] == _MUNICIPALITY)


def _census(files: Path, gazetteer: Gazetteer) -> tuple[NDArray[np.object_], list[tuple[str, str]]]:
    """The towns of the census, by the names that the city writes."""
    shapes, names = [], []
    for shape, said in _features(files, "towns_census2015"):
        if not _ours(said) or not said.get("name"):
            continue
        meant = [one for one in gazetteer.find(said["name"]) if one.level == "town" and one.exact]
        shapes.append(shape)
        names.append((meant[0].town, meant[0].name) if len(meant) == 1 else ("", said["name"]))
    return np.array(shapes, dtype=object), names


def _invented(
    outline: Any, hills: Any, towns: Sequence[Town], rng: np.random.Generator
) -> tuple[NDArray[np.object_], list[tuple[str, str]]]:
    """Towns of the right names: the 大字 in the hills, the others in the plain, as large as chance has it."""
    upper = [one for one in towns if one.name.startswith("大字")]
    lower = [one for one in towns if not one.name.startswith("大字")]
    points = np.vstack(
        [
            _spread(shapely.intersection(outline, hills), len(upper), rng),
            _spread(shapely.difference(outline, hills), len(lower), rng),
        ]
    )
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=outline))
    seeds, owners = shapely.STRtree(cells).query(shapely.points(points), predicate="intersects")
    shapes = shapely.intersection(cells[owners[np.argsort(seeds, kind="stable")]], outline)
    return shapes, [(one.id, one.name) for one in (*upper, *lower)]


def _spread(area: Any, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """``count`` points within an area, from west to east, none nearer to another than their number allows."""
    west, south, east, north = shapely.bounds(area)
    apart = 0.6 * (shapely.area(area) / max(count, 1)) ** 0.5
    found: list[NDArray[np.float64]] = []
    shapely.prepare(area)
    while len(found) < count:
        one = rng.uniform((west, south), (east, north))
        if shapely.contains_xy(area, *one) and all(np.hypot(*(one - other)) > apart for other in found):
            found.append(one)
        apart *= 0.999
    return np.array(sorted(found, key=lambda one: one[0])).reshape(-1, 2)


def _side_streets(plain: Any, wide: float, rng: np.random.Generator) -> NDArray[np.object_]:
    """Streets around blocks of about 120 metres times ``wide``, none like the next."""
    west, south, east, north = shapely.bounds(plain)
    x, y = np.meshgrid(np.arange(west, east, 120.0 * wide), np.arange(south, north, 95.0 * wide))
    points = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-28.0 * wide, 28.0 * wide, (x.size, 2))
    cells = shapely.voronoi_polygons(shapely.multipoints(points), only_edges=True)
    return np.asarray(shapely.get_parts(shapely.intersection(cells, plain)))


def _within(outline: Any, lines: Sequence[tuple[Any, str]]) -> tuple[NDArray[np.object_], list[str]]:
    """The parts of these lines that are in the city, from one crossing to the next."""
    cut = np.array([line for line, _ in lines], dtype=object)
    shapely.prepare(outline)
    over = ~shapely.contains_properly(outline, cut)
    cut[over] = shapely.intersection(cut[over], outline)
    parts, index = shapely.get_parts(cut, return_index=True)
    flat = shapely.get_dimensions(parts) == 1
    parts, index = parts[flat], index[flat]
    pieces = shapely.get_parts(shapely.line_merge(shapely.union_all(parts)))
    pieces = pieces[shapely.length(pieces) > 2.0]
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    nearest = shapely.STRtree(parts).nearest(middles)
    return pieces, [lines[at][1] for at in index[nearest]]
