"""Tiles: what GDAL reads out of them is what stands in the layer, and nothing that is not for the reader."""

import datetime as dt
from dataclasses import replace
from math import asinh, pi, radians, tan
from pathlib import Path
from typing import Any

import pyogrio.raw
import pytest
import shapely
from django.db import connection

from madoguchi.ground.errors import NotFound
from madoguchi.places import tiles
from madoguchi.places.editions import newest_edition
from madoguchi.places.models import Edition
from madoguchi.places.rules.layer import Audience, Layer, Style
from madoguchi.places.tests.test_layers import DAY, LAT, LON, ZONING, taken_in, zone
from madoguchi.places.tiles import EXTENT, tile

pytestmark = pytest.mark.django_db

DRAWN = replace(ZONING, style=Style(by="use", colours={"1": "#112233"}, label="far", from_zoom=12))


def place_of(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    """The tile of the web's square that has the point."""
    x = (lon + 180) / 360 * 2**z
    y = (1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z
    return z, int(x), int(y)


def read(folder: Path, body: bytes) -> list[tuple[dict[str, Any], Any]]:
    """What GDAL finds in a tile: attributes and shape, in the tile's own units."""
    if not body:
        return []
    path = folder / "tile.mvt"
    path.write_bytes(body)
    meta, _, shapes, columns = pyogrio.raw.read(str(path))
    rows = zip(*columns, strict=True)
    named = [dict(zip(meta["fields"], row, strict=True)) for row in rows]
    return list(zip(named, shapely.from_wkb(shapes), strict=True))


def cut(layer: Layer, reader: Audience = "public", z: int = 15, **more: Any) -> bytes:
    found = tile(layer, place_of(LON + 0.0005, LAT + 0.0005, z), reader, **more)
    assert found is not None
    assert found[0] == newest_edition(layer.code)
    return found[1]


@pytest.mark.parametrize("reader", ["public", "staff", "section"])
def test_a_tile_has_the_features_with_what_the_reader_may_know(tmp_path: Path, reader: Audience) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.002, use="2", far=400), layer=DRAWN)
    found = read(tmp_path, cut(DRAWN, reader))
    assert sorted((row["id"], row["use"], row["far"]) for row, _ in found) == [("1", "1", 200), ("2", "2", 400)]
    assert {row.get("memo") for row, _ in found} == ({"覚え"} if reader == "section" else {None})
    assert all(shape.geom_type in ("Polygon", "MultiPolygon") for _, shape in found)


def test_what_is_not_for_the_reader_cannot_be_asked_for(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), layer=DRAWN)
    body = cut(DRAWN, attributes=[DRAWN.attribute("memo"), DRAWN.attribute("use")])
    assert "覚え".encode() not in body
    assert b"memo" not in body
    assert read(tmp_path, body)[0][0].keys() & {"use", "far", "id", "memo"} == {"use"}
    inside = replace(DRAWN, see="staff")
    with pytest.raises(NotFound):
        cut(inside)
    assert cut(inside, "staff")


def test_a_colour_tells_nothing_that_the_attribute_may_not() -> None:
    told = replace(DRAWN, style=replace(DRAWN.style, by="memo", label="memo"))
    assert told.drawn_by("public") == ()
    assert [one.key for one in told.drawn_by("section")] == ["memo"]


def test_a_tile_is_of_a_day_and_of_an_edition(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), layer=DRAWN)
    first = cut(DRAWN)
    later = DAY + dt.timedelta(days=365)
    taken_in(tmp_path, zone("1", use="2"), layer=DRAWN, day=later)
    assert [row["use"] for row, _ in read(tmp_path, cut(DRAWN))] == ["2"]
    assert [row["use"] for row, _ in read(tmp_path, cut(DRAWN, on=DAY))] == ["1"]
    assert [row["use"] for row, _ in read(tmp_path, first)] == ["1"]
    assert cut(DRAWN, on=DAY - dt.timedelta(days=1)) == b""
    assert Edition.objects.filter(layer=DRAWN.code).count() == 2


def test_far_out_there_is_less_and_at_the_edge_it_is_cut(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), feature_over_the_city(), layer=DRAWN)
    assert cut(DRAWN, z=11) == b"", "below the layer's first zoom"
    wide = replace(DRAWN, style=replace(DRAWN.style, from_zoom=5))
    assert [row["id"] for row, _ in read(tmp_path, cut(wide, z=5))] == ["large"], "100 m are less than half a pixel"
    assert {row["id"] for row, _ in read(tmp_path, cut(wide, z=15))} == {"1", "large"}
    for _, shape in read(tmp_path, cut(DRAWN, z=15)):
        width = shape.bounds[2] - shape.bounds[0]
        assert width <= EXTENT * 1.05 or width < 1300, "in units of the tile or, where GDAL knows its place, in metres"


def feature_over_the_city() -> dict[str, Any]:
    one = zone("large", LON - 0.05, LAT - 0.05)
    west, south = LON - 0.05, LAT - 0.05
    ring = [[west, south], [west + 0.1, south], [west + 0.1, south + 0.1], [west, south + 0.1], [west, south]]
    return one | {"geometry": {"type": "Polygon", "coordinates": [ring]}}


@pytest.mark.parametrize("place", [(23, 0, 0), (-1, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0), (0, 0, 10**12)])
def test_there_are_no_other_tiles(tmp_path: Path, place: tuple[int, int, int]) -> None:
    taken_in(tmp_path, zone("1"), layer=DRAWN)
    with pytest.raises(NotFound):
        tile(DRAWN, place, "public")


@pytest.mark.parametrize("z", [15, 16])
def test_what_is_only_put_into_the_tiles_units_is_what_clipping_would_have_made(tmp_path: Path, z: int) -> None:
    """Whichever way around its border was given: the wrong way around it would be a hole (MVT 2.1, 4.3.3.3)."""
    rows = []
    for number in range(6):
        row = zone(str(number), LON - 0.001 - 0.0003 * number, LAT + 0.0003)
        if number % 2:
            row["geometry"]["coordinates"][0].reverse()
        rows.append(row)
    taken_in(tmp_path, *rows, layer=DRAWN)
    found = read(tmp_path, cut(DRAWN, z=z))
    assert len(found) == 6
    assert all(shape.is_valid and shape.geom_type == "Polygon" for _, shape in found)
    assert not any(shape.exterior.is_ccw for _, shape in found), "north is up in what GDAL reads"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Area(ST_AsMVTGeom(drawn, tile, 4096, 64, TRUE)), ST_IsPolygonCCW(ST_AsMVTGeom(drawn, tile))"
            " FROM layer_feature, ST_TileEnvelope(%s, %s, %s) AS tile WHERE layer = %s ORDER BY key",
            [*place_of(LON + 0.0005, LAT + 0.0005, z), DRAWN.code],
        )
        clipped = cursor.fetchall()
    assert all(turned for _, turned in clipped)
    unit = [area / shape.area for (area, _), (_, shape) in zip(clipped, sorted(found, key=by_id), strict=True)]
    assert max(unit) - min(unit) < 1e-6 * max(unit), "the same areas, in whatever units GDAL reads them"


def by_id(one: tuple[dict[str, Any], Any]) -> str:
    return str(one[0]["id"])


def test_what_is_kept_has_its_measure_and_the_empty_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "MOST_KEPT", 10 * tiles.KEY)
    kept = tiles._Kept()
    for number in range(100):
        kept.keep(number, b"")
    assert [number for number in range(100) if kept.get(number) is not None] == [*range(90, 100)], "the last"
    kept.keep("large", b"x" * 8 * tiles.KEY)
    assert kept.get("large") is not None
    assert kept.get(98) is None
    assert kept.get(99) == b""
