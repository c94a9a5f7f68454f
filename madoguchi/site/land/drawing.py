"""The map of the sample city (見本データ): parcels with 地番, zoning, roads by owner, flood depths, landslide zones;
and what stands along its streets: lights, hydrants, trees, places where rubbish is collected.

Streets leave blocks; a block is cut into rows of lots along its longer side, with a lane behind every second row, so
that neighbours share their corners. Hills have large lots, works larger ones than homes. Zones end in the middle of
streets, as real ones do; floods follow rivers and low ground, landslides the foot of the hills. The same seed draws
the same city, whatever day it is; nothing is to be concluded from it about a real place.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from django.conf import settings
from numpy.typing import NDArray

from madoguchi.ground.errors import Invalid
from madoguchi.places.reading import Raw
from madoguchi.places.rules.layer import STORED
from madoguchi.procedures import queries as procedures
from madoguchi.site.land.ground import WIDTHS, Ground, ground, to_degrees

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Objects = NDArray[np.object_]

SEED: Final = 27218
#: Metres: what shapes are snapped to; below how many square metres a rest of a block is no parcel.
_GRID: Final = 0.01
_LEAST: Final = 15.0
#: How a block is cut: width and depth of a lot, breadth of the lanes (metres).
_HOMES: Final = (6.2, 11.5, 4.2)
_WORKS: Final = (19.0, 30.0, 6.0)
_HILLS: Final = (44.0, 50.0, 0.0)
#: Floods: side of a cell (metres) and cells along a mesh, because the published maps are cut into meshes, too; the
#: upper borders of the depths with their rank (洪水浸水想定区域図作成マニュアル: 0.5, 3, 5, 10 m).
_CELL: Final = 10.0
_MESH: Final = 10
_DEPTHS: Final = ((0.5, 1), (1.0, 2), (2.0, 2), (3.0, 2), (5.0, 3), (10.0, 4))
_ROADS: Final = {
    "state": "見本国道",
    "prefecture": "見本府道",
    "city": "市道{town}{nth}号線",
    "private": "{town}の私道",
}

#: Metres from one to the next along a street: lights, hydrants, trees (on either side), places for rubbish.
_LIGHTS, _HYDRANTS, _TREES, _RUBBISH = 50.0, 300.0, 14.0, 280.0
#: Days on which burnable rubbish, plastic and paper are collected, by part of the city.
_DAYS: Final = (("月・木", "水", "第1・第3金曜"), ("火・金", "水", "第2・第4木曜"), ("月・木", "金", "第2・第4火曜"))


def drawn(source: str) -> Raw:
    """The features that ``sample:<what>`` names, as a file would have them. Raises Invalid for what is not drawn."""
    draw = DRAWN.get(source.removeprefix("sample:"))
    if draw is None:
        raise Invalid("not-drawn", "見本の市にはこのデータがありません。")
    shapes, columns = draw(_city(settings.DATA_PACK, settings.SAMPLE_PARCELS))
    moved = shapely.transform(shapes, to_degrees)
    told = repr([(key, list(values)) for key, values in columns.items()]).encode()
    digest = hashlib.sha256(b"".join(shapely.to_wkb(moved)) + told).hexdigest()
    return Raw(moved, columns, STORED, digest)


@lru_cache(maxsize=1)
def _city(pack: Path | None, parcels: int) -> "Drawing":
    wide = (100_000 / parcels) ** 0.5
    return Drawing(ground(procedures.city().towns, procedures.gazetteer(), pack, wide, _rng(0)), wide)


def _rng(number: int) -> np.random.Generator:
    """Chance of its own for each part, so that a change of one leaves the others as they are."""
    return np.random.default_rng((SEED, number))


class Drawing:
    """What is drawn upon a ground; each part is made when it is asked for, once. Lots are ``wide`` times
    as wide and deep as in a real city, where there are to be fewer."""

    def __init__(self, on: Ground, wide: float) -> None:
        self.ground, self.wide = on, wide
        self.town_tree = shapely.STRtree(on.towns)
        self.waves = _rng(1).uniform(0, 2 * np.pi, (6, 2))

    def noise(self, metres: Floats, size: float) -> Floats:
        """A smooth value between about -1 and 1 at each point; its hills and hollows are some ``size`` metres wide."""
        total = np.zeros(len(metres))
        for at, (turn, shift) in enumerate(self.waves):
            along = metres @ np.array((np.cos(turn), np.sin(turn)))
            total += np.sin(along * (2 * np.pi / (size * (1 + 0.37 * at))) + shift) / len(self.waves)
        return 2 * total

    def town_of(self, shapes: Objects) -> Integers:
        """The number of the town in which most of a shape lies, or of the nearest."""
        return np.asarray(self.town_tree.nearest(shapely.centroid(shapes)), dtype=np.int64)

    # -- blocks and lots ----------------------------------------------------------------------------------------------

    @cached_property
    def blocks(self) -> tuple[Objects, NDArray[np.bool_]]:
        """What streets and rivers leave of the city, piece by piece; and which of them are in the hills."""
        widths = np.array([WIDTHS[one] for one in self.ground.classes])
        streets = shapely.buffer(self.ground.streets, widths / 2, quad_segs=2, cap_style="square")
        taken = shapely.union_all(np.append(streets, self.ground.water))
        land = shapely.difference(self.ground.outline, taken)
        plain = shapely.get_parts(shapely.difference(land, self.ground.hills))
        upper = shapely.get_parts(shapely.intersection(land, self.ground.hills))
        found = np.concatenate([plain, upper])
        hilly = np.arange(len(found)) >= len(plain)
        usable = (shapely.area(found) >= 3 * _LEAST) & (shapely.get_dimensions(found) == 2)
        return found[usable], hilly[usable]

    @cached_property
    def lots(self) -> tuple[Objects, Integers, Objects]:
        """Lots, the number of the block of each, and the lanes between them (lines)."""
        blocks, hilly = self.blocks
        rng = _rng(2)
        corners = shapely.get_coordinates(shapely.oriented_envelope(blocks)).reshape(-1, 5, 2)
        areas, middle = shapely.area(blocks), shapely.get_coordinates(shapely.centroid(blocks))
        works = (self.noise(middle, 900.0) - middle[:, 0] / 4_000 > 0.75) | (areas > 60_000)
        whole = (areas > 1_500) & (areas < 25_000) & (rng.random(len(blocks)) < 0.05)
        rings, of, lanes, lane_of = [], [], [], []
        for number, box in enumerate(corners):
            if whole[number] and not hilly[number]:
                continue
            width, depth, lane = _HILLS if hilly[number] else _WORKS if works[number] else _HOMES
            sides = box[[0, 1, 3]]
            if np.hypot(*(sides[1] - sides[0])) < np.hypot(*(sides[2] - sides[0])):
                sides = sides[[0, 2, 1]]
            along, across = sides[1] - sides[0], sides[2] - sides[0]
            length, breadth = np.hypot(*along), np.hypot(*across)
            axes = np.array((along / length, across / breadth))
            quads, streets = _rows(float(length), float(breadth), width * self.wide, depth * self.wide, lane, rng)
            rings.append(quads @ axes + sides[0])
            of.append(np.full(len(quads), number))
            lanes.append(streets @ axes + sides[0])
            lane_of.append(np.full(len(streets), number))
        corner, block = np.concatenate(rings), np.concatenate(of)
        steep = hilly[block]
        corner[steep] = self._bent(corner[steep])
        quads = shapely.polygons(np.round(np.concatenate([corner, corner[:, :1]], axis=1) / _GRID) * _GRID)
        shapes, block = _clipped(quads, block, blocks)
        alone = np.flatnonzero(whole & ~hilly)
        shapes, block = np.concatenate([shapes, blocks[alone]]), np.concatenate([block, alone])
        big = (shapely.area(shapes) >= _LEAST) & shapely.is_valid(shapes)
        inside = np.concatenate(lane_of)
        lines = shapely.intersection(shapely.linestrings(np.concatenate(lanes)), blocks[inside])
        lines = shapely.get_parts(lines)
        return shapes[big], block[big], lines[(shapely.get_dimensions(lines) == 1) & (shapely.length(lines) > 8.0)]

    def _bent(self, corners: Floats) -> Floats:
        """Corners as the slope of a hill leaves them: shifted by where they are, so that neighbours still meet."""
        flat = corners.reshape(-1, 2)
        shift = np.column_stack([self.noise(flat, 260.0), self.noise(flat + 5_000.0, 310.0)])
        return (flat + 9.0 * shift).reshape(corners.shape)

    # -- the layers ---------------------------------------------------------------------------------------------------

    def parcels(self) -> tuple[Objects, Mapping[str, Any]]:
        """Parcels, numbered in each town block by block from the north-west: block 12, third lot: 12-3."""
        shapes, block, _ = self.lots
        town = self.town_of(shapes)
        middle = shapely.get_coordinates(shapely.centroid(self.blocks[0]))
        rank = np.empty(len(middle), dtype=np.int64)
        rank[np.lexsort((middle[:, 0], -np.floor(middle[:, 1] / 90.0)))] = np.arange(len(middle))
        group = town * len(rank) + rank[block]
        order = np.argsort(group, kind="stable")
        groups, first, size = np.unique(group[order], return_index=True, return_counts=True)
        _, town_first, towns = np.unique(groups // len(rank), return_index=True, return_inverse=True)
        main = np.arange(len(groups)) - town_first[towns] + 1
        branch = np.arange(len(order)) - np.repeat(first, size) + 1
        lot = [
            f"{number}-{part}" if many > 1 else f"{number}"
            for number, part, many in zip(np.repeat(main, size), branch, np.repeat(size, size), strict=True)
        ]
        names = self.ground.names
        return shapes[order], {
            "town": [names[one][1] for one in town[order]],
            "town_id": [names[one][0] for one in town[order]],
            "lot": lot,
            "area": np.round(shapely.area(shapes[order]), 2),
        }

    def zoning(self) -> tuple[Objects, Mapping[str, Any]]:
        """Zones: the faces between the middles of the streets, those that say the same as one area."""
        on = self.ground
        plain = shapely.difference(on.outline, on.hills, grid_size=_GRID)
        lines = shapely.union_all(
            np.concatenate([on.streets, shapely.get_parts(shapely.boundary(plain))]), grid_size=_GRID
        )
        faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
        points = shapely.point_on_surface(faces)
        shapely.prepare(plain)
        faces = faces[shapely.intersects(plain, points)]
        use, coverage, floor = self._uses(faces)
        said = use * 1_000_000 + coverage * 1_000 + floor
        shapes, kinds = [], []
        for one in np.unique(said):
            parts = shapely.get_parts(shapely.union_all(faces[said == one], grid_size=_GRID))
            parts = parts[shapely.area(parts) > 50.0]
            shapes.append(parts)
            kinds.append(np.full(len(parts), one))
        kind = np.concatenate(kinds)
        return np.concatenate(shapes), {
            "use": kind // 1_000_000,
            "coverage": kind // 1_000 % 1_000,
            "floor_area": kind % 1_000,
        }

    def _uses(self, faces: Objects) -> tuple[Integers, Integers, Integers]:
        """Code of the zone (as 国土数値情報 A29 has them), 建ぺい率 and 容積率 of each face, by what is near it."""
        on, centres = self.ground, shapely.centroid(faces)
        at = shapely.get_coordinates(centres)
        station = np.min([shapely.distance(centres, one) for one in on.stations], axis=0)
        sumido = shapely.distance(centres, on.stations[0])
        main = np.array([one in ("trunk", "primary") for one in on.classes])
        _, road = shapely.STRtree(on.streets[main]).query_nearest(faces, return_distance=True, all_matches=False)
        foot = shapely.distance(centres, on.foot)
        quiet, busy = self.noise(at, 1_500.0), self.noise(at + 3_000.0, 1_100.0) - at[:, 0] / 4_000
        small = shapely.area(faces) < 15_000
        choices = [
            (sumido < 260, (9, 80, 400)),
            (station < 380, (8, 80, 300)),
            (sumido < 520, (8, 80, 200)),
            ((road < 12) & small & (foot > 300), (7, 60, 200)),
            (foot < 160, (1, 50, 100)),
            (foot < 420, (3, 60, 200)),
            (busy > 1.25, (12, 60, 200)),
            (busy > 1.0, (11, 60, 200)),
            (busy > 0.6, (10, 60, 200)),
            (quiet > 0.75, (4, 60, 200)),
            (quiet > 0.25, (3, 60, 200)),
            (quiet > -0.35, (5, 60, 200)),
            (quiet < -1.1, (2, 60, 150)),
            (np.ones(len(faces), dtype=bool), (6, 60, 200)),
        ]
        picked = np.argmax([mask for mask, _ in choices], axis=0)
        use, coverage, floor = np.array([kind for _, kind in choices], dtype=np.int64)[picked].T
        return use, coverage, floor

    def roads(self) -> tuple[Objects, Mapping[str, Any]]:
        """Streets and lanes with who looks after them, name and width."""
        on, rng = self.ground, _rng(3)
        lanes = self.lots[2]
        shapes = np.concatenate([on.streets, lanes])
        classes = np.array([*on.classes, *["lane"] * len(lanes)])
        private = ((classes == "minor") & (rng.random(len(shapes)) < 0.04)) | (
            (classes == "lane") & (rng.random(len(shapes)) < 0.35)
        )
        state, prefecture = classes == "trunk", np.isin(classes, ("primary", "secondary"))
        owner = np.where(state, "state", np.where(prefecture, "prefecture", np.where(private, "private", "city")))
        width = np.array([WIDTHS.get(one, _HOMES[2]) for one in classes]) + np.round(
            rng.uniform(-0.8, 0.8, len(shapes)), 1
        )
        town = self.town_of(shapes)
        counted: dict[tuple[str, int], int] = {}
        names = []
        for who, where in zip(owner.tolist(), town.tolist(), strict=True):
            nth = counted[who, where] = counted.get((who, where), 0) + 1
            called = on.names[where][1]
            names.append(_ROADS[who].format(town=called, nth=nth))
        return shapes, {
            "number": [f"R{at:05}" for at in range(1, len(shapes) + 1)],
            "owner": owner,
            "name": names,
            "width": np.round(width, 1),
        }

    # -- what stands along the streets --------------------------------------------------------------------------------

    def street_lights(self) -> tuple[Objects, Mapping[str, Any]]:
        """Lights along all streets and lanes, one side after the other, with the number on the post."""
        points, kinds = self._along(("", "lane"), _LIGHTS, 0.4)
        return points, {"number": self._numbered(points, "{town}-{nth:03}"), "lamp": _picked(5, kinds, _LAMPS)}

    def hydrants(self) -> tuple[Objects, Mapping[str, Any]]:
        """Hydrants in streets and lanes, and a tank now and then."""
        points, kinds = self._along(("", "lane"), _HYDRANTS, -1.0)
        return points, {"number": self._numbered(points, "消{town}-{nth}"), "kind": _picked(6, kinds, _FIRE)}

    def street_trees(self) -> tuple[Objects, Mapping[str, Any]]:
        """Trees on both sides of the main roads, of one kind along each."""
        points, kinds = self._along(("trunk", "primary", "secondary"), _TREES / 2, 1.2)
        return points, {"number": self._numbered(points, "街路樹{town}-{nth}"), "species": _picked(7, kinds, _SPECIES)}

    def rubbish(self) -> tuple[Objects, Mapping[str, Any]]:
        """Where rubbish is put out, in streets where people live, with the days of the part of the city."""
        points, _ = self._along(("minor", "tertiary", "lane"), _RUBBISH, 0.2)
        burnable, plastic, paper = zip(*(_DAYS[one % len(_DAYS)] for one in self.town_of(points)), strict=True)
        number = self._numbered(points, "{town}{nth}番")
        return points, {"number": number, "burnable": burnable, "plastic": plastic, "paper": paper}

    def _along(self, classes: Sequence[str], apart: float, aside: float) -> tuple[Objects, Integers]:
        """Points along streets of these classes ("": all of them; lanes are ``lane``), ``apart`` metres, ``aside`` of
        the border (below 0: within), on one side after the other; and which street each is in."""
        widths = np.array([*(WIDTHS[one] for one in self.ground.classes), *[_HOMES[2]] * len(self.lots[2])])
        kinds = np.array([*self.ground.classes, *["lane"] * len(self.lots[2])])
        lines = np.concatenate([self.ground.streets, self.lots[2]])
        chosen = np.flatnonzero(np.isin(kinds, classes) | ("" in classes))
        length = shapely.length(lines[chosen])
        ends = np.cumsum(length)
        # As if all were one street: a short one has its share, too.
        stations = np.arange(apart * self.wide / 2, ends[-1], apart * self.wide)
        piece = np.searchsorted(ends, stations, side="right")
        street, at = chosen[piece], stations - (ends - length)[piece]
        behind, on, ahead = (
            shapely.get_coordinates(shapely.line_interpolate_point(lines[street], np.maximum(at + more, 0.0)))
            for more in (-0.5, 0.0, 0.5)
        )
        along = (ahead - behind) / np.hypot(*(ahead - behind).T)[:, None]
        across = np.column_stack([-along[:, 1], along[:, 0]]) * np.where(np.arange(len(at)) % 2, 1.0, -1.0)[:, None]
        return np.asarray(shapely.points(on + across * (widths[street] / 2 + aside)[:, None])), street

    def _numbered(self, points: Objects, pattern: str) -> list[str]:
        """A number for each, counted in each town."""
        counted: dict[int, int] = {}
        numbers = []
        for town in self.town_of(points).tolist():
            counted[town] = counted.get(town, 0) + 1
            numbers.append(pattern.format(town=self.ground.names[town][1], nth=counted[town]))
        return numbers

    # -- what comes from rivers and hills -----------------------------------------------------------------------------

    def flood(self) -> tuple[Objects, Mapping[str, Any]]:
        """Depths in metres, cell by cell: what is alike in one mesh is one area."""
        on, side = self.ground, float(round(_CELL * self.wide))
        west, south, east, north = np.floor(np.array(shapely.bounds(on.outline)) / 100.0) * 100.0
        columns, rows = np.meshgrid(
            np.arange((east - west) // side + _MESH), np.arange((north - south) // side + _MESH)
        )
        cells = np.column_stack([columns.ravel(), rows.ravel()])
        centres = cells * side + (west + side / 2, south + side / 2)
        shapely.prepare([on.outline, on.hills])
        wet = shapely.contains_xy(on.outline, centres) & ~shapely.contains_xy(on.hills, centres)
        cells, centres = cells[wet].astype(np.int64), centres[wet]
        depth = self._depths(centres)
        band = np.searchsorted([upper for upper, _ in _DEPTHS], depth)
        wet = depth > 0.05
        cells, band = cells[wet], band[wet]
        mesh = cells // _MESH
        group = (mesh[:, 1] * 10_000 + mesh[:, 0]) * 10 + band
        order = np.argsort(group, kind="stable")
        x, y = (cells[order] * side + (west, south)).T
        squares = shapely.box(x, y, x + side, y + side)
        groups, first = np.unique(group[order], return_index=True)
        merged = [shapely.coverage_union_all(one) for one in np.split(squares, first[1:])]
        shapes, index = shapely.get_parts(np.array(merged, dtype=object), return_index=True)
        depths = np.array(_DEPTHS)[groups[index] % 10]
        return shapes, {"depth": depths[:, 1].astype(np.int64), "depth_max": depths[:, 0]}

    def _depths(self, points: Floats) -> Floats:
        """Deep near rivers and in the low west, shallow towards the hills; below nought it stays dry."""
        on, at = self.ground, shapely.points(points)
        banks = np.concatenate([_pieces(one) for one in on.rivers])
        _, river = shapely.STRtree(banks).query_nearest(at, return_distance=True, all_matches=False)
        shapely.prepare(on.foot)
        slope = np.clip(shapely.distance(on.foot, at) / 1_600.0, 0.0, 1.0)
        rough = 0.7 * self.noise(points, 700.0) + 0.25 * self.noise(points + 2_000.0, 160.0)
        depth: Floats = slope * (2.9 * np.exp(-river / 420.0) + 1.5 * slope + rough - 0.6) - 0.1
        return depth

    def landslide(self) -> tuple[Objects, Mapping[str, Any]]:
        """Zones along the foot of the hills and the roads in them; a red one lies in the upper part of a yellow."""
        on, rng = self.ground, _rng(4)
        foot = shapely.get_parts(on.foot)
        steps = np.concatenate(
            [shapely.line_interpolate_point(one, np.arange(10.0, shapely.length(one), 24.0)) for one in foot]
        )
        upper = on.streets[shapely.contains_properly(on.hills, on.streets)]
        valleys = shapely.line_interpolate_point(upper, rng.uniform(0.1, 0.9, len(upper)), normalized=True)[:160]
        centres = shapely.get_coordinates(np.concatenate([steps, valleys]))
        count = len(centres)
        centres += rng.normal((18.0, 0.0), (22.0, 8.0), (count, 2))
        debris = rng.random(count) < 0.35
        size = np.column_stack(
            [np.where(debris, rng.uniform(70, 130, count), rng.uniform(25, 55, count)), rng.uniform(16, 42, count)]
        )
        yellow = self._fans(centres, size, rng)
        red = rng.random(count) < 0.6
        inner = self._fans(centres[red] + (0.35, 0.0) * size[red], 0.5 * size[red], rng)
        numbers = [f"{'D' if one else 'S'}{at:03}" for at, one in enumerate(debris.tolist(), start=1)]
        cut = shapely.intersection(np.concatenate([yellow, shapely.intersection(inner, yellow[red])]), on.outline)
        kept = ~shapely.is_empty(cut) & (shapely.get_dimensions(cut) == 2)
        columns: Mapping[str, Objects] = {
            "number": np.array([*numbers, *[f"{numbers[at]}R" for at in np.flatnonzero(red)]], dtype=object),
            "kind": np.array([*["yellow"] * count, *["red"] * int(red.sum())], dtype=object),
            "phenomenon": np.array(
                ["debris" if one else "steep" for one in (*debris.tolist(), *debris[red].tolist())], dtype=object
            ),
        }
        return cut[kept], {key: values[kept] for key, values in columns.items()}

    @staticmethod
    def _fans(centres: Floats, size: Floats, rng: np.random.Generator) -> Objects:
        """Rounded areas of that half length (east to west) and half breadth, each of its own shape."""
        turns = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        rough = rng.uniform(0.86, 1.08, (len(centres), len(turns)))
        # Broader below (west) than above, as what comes down spreads.
        spread = 1.0 - 0.35 * np.cos(turns)
        x = centres[:, :1] + size[:, :1] * rough * np.cos(turns)
        y = centres[:, 1:] + size[:, 1:] * rough * np.sin(turns) * spread
        return np.asarray(shapely.polygons(np.dstack([x, y])))


#: What a street has of each kind, and how often.
_LAMPS: Final = {"led": 0.82, "fluorescent": 0.15, "sodium": 0.03}
_FIRE: Final = {"underground": 0.86, "above": 0.06, "tank": 0.08}
_SPECIES: Final = {"zelkova": 0.25, "ginkgo": 0.2, "camphor": 0.2, "cherry": 0.15, "dogwood": 0.2}


def _picked(number: int, street: Integers, shares: Mapping[str, float]) -> Objects:
    """Something of these for each: what a street has, it has for most of its length."""
    rng, kinds = _rng(number), np.array(list(shares), dtype=object)
    usual = rng.choice(kinds, int(street.max(initial=-1)) + 1, p=list(shares.values()))[street]
    other = rng.choice(kinds, len(street), p=list(shares.values()))
    return np.where(rng.random(len(street)) < 0.9, usual, other)


def _pieces(line: Any) -> Objects:
    """A line as its straight pieces: the nearest of many short ones is found faster than that of a few long ones."""
    corners = shapely.get_coordinates(line)
    return np.asarray(shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1)))


def _rows(
    length: float, breadth: float, width: float, depth: float, lane: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """A rectangle (from its corner, longer side first) as lots of four corners, and the lanes between them."""
    pairs = max(1, round((breadth + lane) / (2 * depth + lane)))
    tall = (breadth - (pairs - 1) * lane) / pairs
    halves = (0.0, tall / 2, tall) if tall > 1.4 * depth else (0.0, tall)
    quads, lanes, cuts = [], [], list[Floats]()
    for pair in range(pairs):
        low = pair * (tall + lane)
        if pair and lane:
            lanes.append(((0.0, low - lane / 2), (length, low - lane / 2)))
        runs = max(1, round(length / (14 * width)))
        ends = length / runs * (np.arange(1, runs) + rng.uniform(-0.2, 0.2, runs - 1))
        starts = np.concatenate([[0.0], ends + lane / 2])
        stops = np.concatenate([ends - lane / 2, [length]])
        lanes += [((one, low - lane / 2), (one, low + tall + lane / 2)) for one in ends.tolist() if lane]
        if pair == 0 or lane:  # without a lane between, the rows have their corners in common
            spans = zip(starts.tolist(), stops.tolist(), strict=True)
            cuts = [_fences(start, stop, width, rng) for start, stop in spans]
        left, right = np.concatenate([one[:-1] for one in cuts]), np.concatenate([one[1:] for one in cuts])
        for below, above in pairwise(halves):
            down, up = np.full(len(left), low + below), np.full(len(left), low + above)
            quads.append(
                np.stack(
                    [
                        np.column_stack([left, down]),
                        np.column_stack([right, down]),
                        np.column_stack([right, up]),
                        np.column_stack([left, up]),
                    ],
                    axis=1,
                )
            )
    return np.concatenate(quads), np.array(lanes, dtype=np.float64).reshape(-1, 2, 2)


def _fences(start: float, stop: float, width: float, rng: np.random.Generator) -> Floats:
    """Where one lot ends and the next begins between two lanes: lots of about that width, none like the next."""
    many = max(1, round((stop - start) / width))
    shares = np.cumsum(rng.uniform(0.75, 1.25, many))
    fences: Floats = np.concatenate([[start], start + (stop - start) * shares / shares[-1]])
    return fences


def _clipped(quads: Objects, block: Integers, blocks: Objects) -> tuple[Objects, Integers]:
    """What of the lots is in their block; one that a street parts is two."""
    shapely.prepare(blocks)
    ours = blocks[block]
    whole = shapely.covers(ours, quads)
    edge = np.flatnonzero(~whole & shapely.intersects(ours, quads))
    cut = shapely.intersection(quads[edge], ours[edge])
    parts, index = shapely.get_parts(cut, return_index=True)
    flat = shapely.get_dimensions(parts) == 2
    inside = np.flatnonzero(whole)
    shapes, origin = np.concatenate([quads[inside], parts[flat]]), np.concatenate([inside, edge[index[flat]]])
    in_order = np.argsort(origin, kind="stable")
    return shapes[in_order], block[origin[in_order]]


#: What ``source.file: sample:<what>`` may name.
DRAWN: Final[Mapping[str, Callable[[Drawing], tuple[Objects, Mapping[str, Any]]]]] = {
    "parcels": Drawing.parcels,
    "zoning": Drawing.zoning,
    "roads_by_owner": Drawing.roads,
    "flood": Drawing.flood,
    "landslide": Drawing.landslide,
    "street_lights": Drawing.street_lights,
    "hydrants": Drawing.hydrants,
    "street_trees": Drawing.street_trees,
    "rubbish": Drawing.rubbish,
}
