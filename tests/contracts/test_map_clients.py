"""Programs that nobody here wrote read the map as it comes: GDAL (its drivers OAPIF and MVT) and OWSLib.

GDAL runs in a process of its own, as a client does: in ours it would hold the interpreter while the server wants it.
"""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from madoguchi.feeds.tests.mapping import LAYERS, STEP, WELLS, ZONES, drawn
from madoguchi.places.tests.test_layers import LAT, LON
from madoguchi.procedures import queries as procedures

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

#: What GDAL is asked; each line of the answer is one of them.
GDAL = """
import json, sys, tempfile, urllib.request
from pathlib import Path
import pyogrio, pyogrio.raw, shapely
base, wells, zones, lon, lat = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])
source = f"OAPIF:{base}/ogc"

def read(layer, **how):
    meta, _, shapes, columns = pyogrio.raw.read(source, layer=layer, **how)
    found = shapely.from_wkb(shapes)
    rows = [dict(zip(meta["fields"].tolist(), (str(one) for one in row))) for row in zip(*columns)]
    return meta, found, rows

print(json.dumps(sorted(pyogrio.list_layers(source)[:, 0].tolist())))
info = pyogrio.read_info(source, layer=wells, force_feature_count=True)
kinds = dict(zip(info["fields"].tolist(), (str(one) for one in info["dtypes"])))
print(json.dumps([info["features"], info["geometry_type"], kinds]))
_, found, rows = read(wells)
print(json.dumps([len(rows), [round(found[0].x, 6), round(found[0].y, 6)], rows[0]["name"]]))
_, found, rows = read(wells, bbox=(lon + 0.0015, lat, lon + 0.0035, lat + 1))
print(json.dumps(sorted(one["number"] for one in rows)))
_, found, rows = read(wells, where="number >= 4 AND kind = '1'")
print(json.dumps(sorted(one["number"] for one in rows)))
meta, found, rows = read(wells, CRS="EPSG:6674", PAGE_SIZE="3")
where = [round(found[0].x, 1), round(found[0].y, 1)]
print(json.dumps([meta["crs"], len(rows), sorted(one["number"] for one in rows)[0], where]))
z, y, x = sys.argv[6].rsplit("/", 3)[1:]  # row before column; GDAL takes where a tile is from the path of a file
folder = tempfile.TemporaryDirectory()
tile = Path(folder.name) / z / x / f"{y}.mvt"
tile.parent.mkdir(parents=True)
tile.write_bytes(urllib.request.urlopen(base + sys.argv[6]).read())
meta, _, shapes, columns = pyogrio.raw.read(str(tile))
found = shapely.from_wkb(shapes)
names = columns[meta["fields"].tolist().index("name")].tolist()
where = found[names.index("Well 1")]
print(json.dumps([meta["crs"], sorted(names), [round(where.x), round(where.y)]]))
_, found, rows = read(zones)
print(json.dumps([len(rows), found[0].geom_type, rows[0]["use"]]))
"""


@pytest.fixture(autouse=True)
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procedures, "layers", lambda: LAYERS)
    drawn(tmp_path)


def tile_of(lon: float, lat: float, z: int = 18) -> tuple[int, int, int]:
    """The tile of the web in which a point lies."""
    x = (lon + 180) / 360 * (1 << z)
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * (1 << z)
    return z, int(x), int(y)


def asked_gdal(site: str) -> list[Any]:
    z, x, y = tile_of(LON + STEP, LAT + 0.0005)
    tile = reverse("ogc-tile", args=[WELLS.code, z, y, x])
    run = subprocess.run(
        [sys.executable, "-c", GDAL, site, WELLS.code, ZONES.code, str(LON), str(LAT), tile],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [json.loads(one) for one in run.stdout.splitlines()]


def test_gdal_and_owslib_read_it_as_it_comes(live_server: "LiveServer") -> None:
    site = str(live_server.url)
    layers, described, whole, boxed, filtered, metres, tile, zones = asked_gdal(site)
    assert layers == sorted([WELLS.code, ZONES.code])
    assert described[:2] == [10, "Point"]
    assert described[2]["depth"] == "float64"
    assert described[2]["number"] in ("int32", "int64")
    assert whole == [10, [pytest.approx(LON + STEP), pytest.approx(LAT + 0.0005)], "Well 1"]
    assert boxed == ["2", "3"]
    assert filtered == ["5", "7", "9"]
    assert metres[:3] == ["EPSG:6674", 10, "1"]
    east, north = metres[3]
    assert (-36_000 < east < -33_000, -144_000 < north < -142_000) == (True, True)  # of the origin of system VI
    assert tile[:2] == ["EPSG:3857", ["Well 1", "Well 2"]]  # the second in the margin
    assert tile[2] == [pytest.approx(15_097_261, abs=2), pytest.approx(4_124_609, abs=2)]
    assert zones == [2, "Polygon", "1"]

    from owslib.ogcapi.features import Features

    service = Features(f"{site}/ogc/")
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in service.conformance()["conformsTo"]
    assert sorted(service.feature_collections()) == sorted([WELLS.code, ZONES.code])
    assert service.collection(WELLS.code)["id"] == WELLS.code
    assert "depth" in service.collection_queryables(WELLS.code)["properties"]
    page = service.collection_items(WELLS.code, bbox=[LON + 0.0015, LAT, LON + 0.0035, LAT + 1], limit=5)
    assert [one["id"] for one in page["features"]] == ["2", "3"]
    assert service.collection_item(WELLS.code, "3")["properties"]["name"] == "Well 3"
    text = service.collection_items(WELLS.code, filter="name LIKE '%4'")
    assert [one["id"] for one in text["features"]] == ["4"]
