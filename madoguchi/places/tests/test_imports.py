"""What comes in: the formats that departments have, and what bad input gets: a refusal that names row or column."""

import csv
import datetime as dt
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from django.db import connection

from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid
from madoguchi.ground.languages import LocalText
from madoguchi.places import actions
from madoguchi.places import reading as reader
from madoguchi.places.actions import load
from madoguchi.places.models import Edition, Feature
from madoguchi.places.queries import Located, Where
from madoguchi.places.reading import Raw, read, read_file
from madoguchi.places.rules.layer import Attribute, Layer, Sentences, Source, read_column, read_properties

SYSTEM = Actor("system", channel="console")
LON, LAT = 135.62, 34.71
DAY = dt.date(2024, 4, 1)

WELLS = Layer(
    code="test-wells",
    title=LocalText("井戸"),
    owner="crisis-management",
    legal_basis="試験用",
    source=Source("wells.csv", "試験用", "試験用", "試験用", DAY, "open"),
    shape="point",
    accuracy=30.0,
    near=200.0,
    attributes=(
        Attribute("name", LocalText("名前"), "text", "name", required=True),
        Attribute("depth", LocalText("深さ"), "number", "depth", unit=LocalText("m")),
    ),
    sentences=Sentences(LocalText("{name}まで{distance}。")),
    key=("name",),
)


def wells(
    path: Path, driver: str, *, x: float = LON, y: float = LAT, crs: str = "EPSG:6668", encoding: str = "utf-8"
) -> Path:
    """Two wells as that driver of GDAL writes them."""
    points = shapely.to_wkb(shapely.points([(x, y), (x + 0.001, y)]))
    names: Any = np.array(["住道の井戸", "野崎の井戸"], dtype=object)
    columns = [names, np.array([12.5, np.nan])]
    options = {"SPATIAL_INDEX": "NO"} if driver == "GPKG" else {}
    pyogrio.raw.write(
        str(path), geometry=points, field_data=columns, fields=["name", "depth"], crs=crs, geometry_type="Point",
        driver=driver, encoding=encoding, layer_options=options,
    )  # fmt: skip
    return path


def table(path: Path, *rows: tuple[str, ...], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def geojson(path: Path, *geometries: Any, **said: Any) -> Path:
    """Features of these geometries, named by their number."""
    features = [
        {"type": "Feature", "geometry": one, "properties": {"name": f"{at}", "depth": 1, **said}}
        for at, one in enumerate(geometries, start=1)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    return path


# -- formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "driver"),
    [("w.gpkg", "GPKG"), ("w.fgb", "FlatGeobuf"), ("w.geojson", "GeoJSON"), ("w.shp", "ESRI Shapefile")],
)
def test_what_departments_have_is_read_alike(tmp_path: Path, name: str, driver: str) -> None:
    crs = "EPSG:4326" if driver == "GeoJSON" else "EPSG:6668"
    found = read_file(WELLS, wells(tmp_path / name, driver, crs=crs))
    # FlatGeobuf puts them in an order of its own.
    assert sorted((one.key, dict(one.properties)) for one in found.features) == [
        ("住道の井戸", {"name": "住道の井戸", "depth": 12.5}),
        ("野崎の井戸", {"name": "野崎の井戸"}),
    ]
    assert found.srid == int(crs[5:])


def test_a_zipped_shapefile_in_cp932_without_a_word_about_it(tmp_path: Path) -> None:
    wells(tmp_path / "w.shp", "ESRI Shapefile", encoding="cp932")
    (tmp_path / "w.cpg").unlink()
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as packed:
        for part in ("shp", "shx", "dbf", "prj"):
            packed.write(tmp_path / f"w.{part}", f"w.{part}")
    layer = replace(WELLS, source=replace(WELLS.source, encoding="cp932"))
    assert [one.key for one in read_file(layer, tmp_path / "w.zip").features] == ["住道の井戸", "野崎の井戸"]


@pytest.mark.parametrize("folder", ["", "納品/井戸/"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_shapefile_that_says_nothing_of_its_encoding_in_a_folder_of_a_zip(
    tmp_path: Path, encoding: str, folder: str
) -> None:
    wells(tmp_path / "w.shp", "ESRI Shapefile", encoding=encoding)
    (tmp_path / "w.cpg").unlink()
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as packed:
        for part in ("shp", "shx", "dbf", "prj"):
            packed.write(tmp_path / f"w.{part}", f"{folder}w.{part}")
    for path in (tmp_path / "w.zip", tmp_path / "w.shp"):
        assert [one.key for one in read_file(WELLS, path).features] == ["住道の井戸", "野崎の井戸"]
    with zipfile.ZipFile(tmp_path / "w.zip", "a") as packed:
        packed.writestr("ほかの納品/x.geojson", "{}")
    if folder:
        with pytest.raises(Invalid, match="ほかの納品、納品/井戸") as refused:
            read_file(WELLS, tmp_path / "w.zip")
        assert refused.value.code == "which-folder"


def test_columns_that_are_not_there_are_named_beside_those_that_are(tmp_path: Path) -> None:
    path = geojson(tmp_path / "w.geojson", POINT)
    renamed = replace(WELLS, attributes=(*WELLS.attributes, Attribute("built", LocalText("年"), "integer", "built_in")))
    with pytest.raises(Invalid, match=r"ファイルに列がありません：built_in。ファイルの列は、name、depth。"):
        read_file(renamed, path)


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_table_with_coordinates(tmp_path: Path, encoding: str) -> None:
    layer = replace(WELLS, source=replace(WELLS.source, encoding=encoding, crs=6668, lon_lat=("経度", "緯度")))
    path = table(
        tmp_path / "w.csv", ("name", "depth", "経度", "緯度"), ("住道の井戸", "3", f"{LON}", f"{LAT}"),
        ("逆の井戸", "3", f"{LAT}", f"{LON}"), ("場所のない井戸", "3", "", ""), encoding=encoding,
    )  # fmt: skip
    found = read_file(layer, path)
    assert [one.key for one in found.features] == ["住道の井戸"]
    assert [(row, problem.code) for row, problem in found.told] == [(2, "axes-swapped"), (3, "no-shape")]


def test_of_a_file_with_several_parts_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.gpkg"
    names: Any = np.array(["井戸"], dtype=object)
    for part in ("old", "new"):
        pyogrio.raw.write(
            str(path), geometry=shapely.to_wkb(shapely.points([(LON, LAT)])), field_data=[names, np.array([1.0])],
            fields=["name", "depth"], crs="EPSG:6668", geometry_type="Point", driver="GPKG", layer=part,
            append=path.exists(),
        )  # fmt: skip
    with pytest.raises(Invalid) as refused:
        read_file(WELLS, path)
    assert refused.value.code == "which-part"
    assert "old、new" in str(refused.value)
    assert len(read_file(replace(WELLS, source=replace(WELLS.source, part="new")), path).features) == 1
    assert len(read_file(replace(WELLS, code="old"), path).features) == 1


BUILDING = """
  <core:cityObjectMember><bldg:Building gml:id="{id}">
    <bldg:usage codeSpace="../../codelists/Building_usage.xml">411</bldg:usage>
    <bldg:measuredHeight uom="m">{height}</bldg:measuredHeight>{seen_from_above}
    <bldg:lod1Solid><gml:Solid><gml:exterior><gml:CompositeSurface>
      <gml:surfaceMember>{ground}</gml:surfaceMember><gml:surfaceMember>{roof}</gml:surfaceMember>
    </gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod1Solid>
    <uro:buildingIDAttribute><uro:BuildingIDAttribute><uro:buildingID>27218-{id}</uro:buildingID>
    </uro:BuildingIDAttribute></uro:buildingIDAttribute>
  </bldg:Building></core:cityObjectMember>"""
MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml"
    xmlns:bldg="http://www.opengis.net/citygml/building/2.0" xmlns:uro="https://www.geospatial.jp/iur/uro/3.0">
  <gml:boundedBy><gml:Envelope srsName="http://www.opengis.net/def/crs/EPSG/0/{crs}" srsDimension="3">
    <gml:lowerCorner>34.7 135.6 0</gml:lowerCorner><gml:upperCorner>34.8 135.7 20</gml:upperCorner>
  </gml:Envelope></gml:boundedBy>{members}
</core:CityModel>"""
TALL = Layer(
    code="test-buildings",
    title=LocalText("建物"),
    owner="urban-policy",
    legal_basis="試験用",
    source=Source("bldg.zip", "試験用", "試験用", "試験用", DAY, "open"),
    shape="polygon",
    accuracy=1.0,
    attributes=(
        Attribute("id", LocalText("番号"), "text", "buildingIDAttribute|BuildingIDAttribute|buildingID"),
        Attribute("height", LocalText("高さ"), "number", "measuredHeight", unit=LocalText("m")),
    ),
    sentences=Sentences(LocalText("{height}")),
    key=("id",),
)


def model(*names: str, crs: int = 6697, lod0: bool = True) -> str:
    """Buildings of PLATEAU, ten metres on from each other: latitude, longitude, height."""

    def polygon(at: int, height: float) -> str:
        south, west = LAT + at / 1e4, LON
        corners = [(south, west), (south, west + 5e-5), (south + 5e-5, west + 5e-5), (south + 5e-5, west)]
        told = " ".join(f"{lat:.7f} {lon:.7f} {height}" for lat, lon in [*corners, corners[0]])
        ring = f"<gml:LinearRing><gml:posList>{told}</gml:posList></gml:LinearRing>"
        return f"<gml:Polygon><gml:exterior>{ring}</gml:exterior></gml:Polygon>"

    members = ""
    for at, name in enumerate(names):
        surface = f"<gml:MultiSurface><gml:surfaceMember>{polygon(at, 8)}</gml:surfaceMember></gml:MultiSurface>"
        roof = f"<bldg:lod0RoofEdge>{surface}</bldg:lod0RoofEdge>" if lod0 else ""
        members += BUILDING.format(
            id=name, height=8.4 + at, seen_from_above=roof, ground=polygon(at, 0), roof=polygon(at, 8)
        )
    return MODEL.format(crs=crs, members=members)


def test_buildings_of_plateau_from_all_the_meshes_of_a_zip(tmp_path: Path) -> None:
    """CityGML: latitude comes first in it, solids stand beside outlines, and an element in an element has a path."""
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as packed:
        packed.writestr("udx/bldg/51357410_bldg_6697_op.gml", model("a", "b"))
        packed.writestr("udx/bldg/51357411_bldg_6697_op.gml", model("c"))
        packed.writestr("codelists/Building_usage.xml", "<gml:Dictionary xmlns:gml='http://www.opengis.net/gml'/>")
    found = read_file(TALL, tmp_path / "w.zip")
    assert (found.refused, found.told, found.srid) == (0, [], 6668)
    assert {one.key: one.properties["height"] for one in found.features} == {
        "27218-a": 8.4,
        "27218-b": 9.4,
        "27218-c": 8.4,
    }
    assert shapely.from_wkb(found.features[1].wkb).bounds == pytest.approx((LON, LAT + 1e-4, LON + 5e-5, LAT + 1.5e-4))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["w.zip"]  # GDAL leaves nothing beside it


def test_a_model_that_is_no_map_says_why(tmp_path: Path) -> None:
    path, lacks = tmp_path / "w.gml", replace(TALL.attributes[1], column="storeysAboveGround")
    laughs = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 12))
    bomb = model("a").replace("?>", f'?><!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>', 1).replace("411", "&a11;")
    for text, layer, code in (
        (model("a", crs=6674), TALL, "crs-unknown"),
        (model("a"), replace(TALL, attributes=(*TALL.attributes, lacks)), "columns-changed"),
        (model("a", lod0=False), TALL, "nothing-usable"),
        (model(), TALL, "file-unread"),
        (model("a")[:-300], TALL, "file-unread"),
        (bomb, TALL, "file-unread"),
    ):
        path.write_text(text)
        with pytest.raises(Invalid) as refused:
            read_file(layer, path)
        assert refused.value.code == code


def _places(address: str) -> list[Located]:
    def at(error: float, east: float = 0.0, *, exact: bool = True, level: Any = "lot") -> Located:
        return Located(address, Where(LON + east, LAT), level, error, exact, "試験用")

    return {
        "谷川一丁目1番1": [at(8.0)],
        "谷川一丁目": [at(120.0, level="town")],
        "深野": [at(5.0), at(5.0, 0.01)],
        "近い名前": [at(5.0, exact=False)],
    }.get(address, [])


@pytest.mark.django_db
def test_a_table_with_addresses_says_which_it_could_not_place_and_how_surely_the_others_are(tmp_path: Path) -> None:
    layer = replace(WELLS, source=replace(WELLS.source, address=("町", "番地")))
    path = table(
        tmp_path / "w.csv",
        ("name", "depth", "町", "番地"),
        ("一", "3", "谷川一丁目", "1番1"),
        ("二", "3", "谷川一丁目", ""),
        ("三", "3", "深野", ""),
        ("四", "3", "近い名前", ""),
        ("五", "3", "どこでもない町", "1"),
        ("六", "3", "", ""),
    )
    found = read_file(layer, path, _places)
    assert [one.key for one in found.features] == ["一"]
    assert shapely.from_wkb(found.features[0].wkb) == shapely.Point(LON, LAT)
    assert found.refused == 5
    assert [(row, problem.code) for row, problem in found.told] == [
        (2, "address-coarse"), (3, "address-doubtful"), (4, "address-doubtful"), (5, "address-unknown"),
        (6, "address-missing"),
    ]  # fmt: skip
    assert load(layer, found, DAY, by=SYSTEM).report["located"] == {"lot": 1}
    rough = read_file(replace(layer, accuracy=150.0), path, _places)
    assert rough.located == {"lot": 1, "town": 1}


# -- bad input --------------------------------------------------------------------------------------------------------


POINT = {"type": "Point", "coordinates": [LON, LAT]}


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ({"type": "Point", "coordinates": [LAT, LON]}, "axes-swapped"),
        ({"type": "Point", "coordinates": [-74.0, 40.7]}, "out-of-japan"),
        ({"type": "Point", "coordinates": [181.0, 34.7]}, "out-of-japan"),
        ({"type": "Point", "coordinates": [1e308, -1e308]}, "out-of-japan"),
        ({"type": "LineString", "coordinates": [[179.9, 34.7], [-179.9, 34.7]]}, "out-of-japan"),
        ({"type": "LineString", "coordinates": [[LON, LAT], [LON + 1, LAT]]}, "other-shape"),
        (None, "no-shape"),
    ],
)
def test_the_row_that_is_wrong_is_named(tmp_path: Path, geometry: Any, code: str) -> None:
    found = read_file(WELLS, geojson(tmp_path / "w.geojson", POINT, geometry, POINT))
    assert [(row, problem.code) for row, problem in found.told] == [(2, code)]
    assert [one.key for one in found.features] == ["1", "3"]
    assert found.refused == 1


@pytest.mark.parametrize("ring", [[[0, 0], [1, 1], [0, 0], [0, 0]], [[0, 0], [0, 0], [0, 0], [0, 0]]])
def test_a_shape_of_which_no_area_is_left_is_refused(tmp_path: Path, ring: list[list[float]]) -> None:
    areas = replace(WELLS, shape="polygon", near=0.0)
    broken = [[LON + x / 1000, LAT + y / 1000] for x, y in ring]
    good = [[LON, LAT], [LON + 0.001, LAT], [LON, LAT + 0.001], [LON, LAT]]
    path = geojson(tmp_path / "w.geojson", *({"type": "Polygon", "coordinates": [one]} for one in (good, broken)))
    found = read_file(areas, path)
    assert [(row, problem.code) for row, problem in found.told] == [(2, "shape-broken")]
    assert len(found.features) == 1


def test_the_first_of_many_wrong_rows_are_told_and_all_are_counted(tmp_path: Path) -> None:
    found = read_file(WELLS, geojson(tmp_path / "w.geojson", POINT, *[{"type": "Point", "coordinates": [0, 0]}] * 300))
    assert found.refused == 300
    assert [row for row, _ in found.told] == list(range(2, 2 + reader.MAX_TOLD))


def test_a_large_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.geojson"
    with path.open("wb") as file:
        file.truncate(reader.MAX_BYTES + 1)  # a hole: takes no room on the disk
    monkeypatch.setattr(pyogrio, "read_info", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(Invalid) as refused:
        read_file(WELLS, path)
    assert refused.value.code == "file-too-large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_table_is_read_as_it_was_saved(tmp_path: Path, encoding: str) -> None:
    layer = replace(WELLS, source=replace(WELLS.source, encoding="", crs=6668, lon_lat=("経度", "緯度")))
    rows = (("name", "depth", "経度", "緯度"), ("住道の井戸", "3", f"{LON}", f"{LAT}"))
    assert [one.key for one in read_file(layer, table(tmp_path / "w.csv", *rows, encoding=encoding)).features] == [
        "住道の井戸"
    ]
    with pytest.raises(Invalid) as refused:
        read_file(layer, table(tmp_path / "w.csv", *rows[:1], encoding=encoding))
    assert refused.value.code == "no-features"


def test_a_file_of_which_nothing_can_be_used_says_why_of_the_first(tmp_path: Path) -> None:
    swapped = {"type": "Point", "coordinates": [LAT, LON]}
    with pytest.raises(Invalid, match="1件目：緯度と経度が入れかわっています。"):
        read_file(WELLS, geojson(tmp_path / "w.geojson", swapped, swapped))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    layer = replace(WELLS, source=replace(WELLS.source, encoding="utf-8", crs=6668, lon_lat=("x", "y")))
    path = table(
        tmp_path / "w.csv", ("name", "depth", "x", "y"), ("住道の井戸", "3", f"{LON}", f"{LAT}"), encoding="cp932"
    )
    with pytest.raises(Invalid) as refused:
        read_file(layer, path)
    assert refused.value.code == "file-unread"


def test_a_file_that_only_points_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """GDAL would read what a VRT names: any file of this machine, any address."""
    secret = geojson(tmp_path / "secret.geojson", POINT)
    text = f'<OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
    text = f"<OGRVRTDataSource>{text}</OGRVRTDataSource>"
    path = tmp_path / "w.geojson"
    path.write_text(text)
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as packed:
        packed.writestr("w.vrt", text)
    for one in (path, tmp_path / "w.zip"):
        with pytest.raises(Invalid) as refused:
            read_file(WELLS, one)
        assert refused.value.code == "file-unread"


def test_a_broken_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("w.geojson", "{}" * 1000)
    content = bytearray(path.read_bytes())
    content[50] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        read_file(WELLS, path)
    assert refused.value.code == "file-unread"


HOSTILE = (
    "'; DROP TABLE layer_feature; --",
    "\\.",
    "a\tb\nc\\N",
    "<script>alert(1)</script>",
    "{name.__class__}",
    "𠮷" * 50,
)


@pytest.mark.django_db
def test_what_looks_like_code_is_a_name_like_any_other(tmp_path: Path) -> None:
    features = [{"type": "Feature", "geometry": POINT, "properties": {"name": one, "depth": 1}} for one in HOSTILE]
    path = tmp_path / "w.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    load(WELLS, read_file(WELLS, path), DAY, by=SYSTEM)
    kept = Feature.objects.filter(layer=WELLS.code)
    assert {one.properties["name"] for one in kept} == {one.strip() for one in HOSTILE}
    assert {one.key for one in kept} == {one.strip() for one in HOSTILE}


@pytest.mark.parametrize("said", ["a\0b", "\ud800", "x" * 2001])
def test_what_cannot_be_kept_does_not_fit(said: str) -> None:
    assert read_column(WELLS.attributes[0], ["良い", said, "良い"]) == (["良い", None, "良い"], [1])
    assert [one.code for one in read_properties(WELLS, {"name": said})[1]] == ["not-text"]


@pytest.mark.parametrize("said", ["inf", "nan", "1e999", "12a", "１２.5.1", "0x10"])
def test_a_number_is_a_number(said: str) -> None:
    whole = Attribute("n", LocalText("数"), "integer", "n")
    for attribute in (WELLS.attributes[1], whole):
        values, wrong = read_column(attribute, [said])
        assert values == [None]
        assert wrong == ([] if said == "nan" else [0])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("srid", "at", "code"),
    [
        (6669, (-34_000.0, -3_000_000.0), "crs-wrong"),
        (12_345, (0.0, 0.0), "crs-unknown"),
        (3857, (1e300, 1e300), "crs-wrong"),
    ],
)
def test_a_wrong_crs_changes_nothing(srid: int, at: tuple[float, float], code: str) -> None:
    raw = Raw(shapely.points([at]), {"name": ["井戸"], "depth": [1]}, srid, "")
    with pytest.raises(Invalid) as refused:
        load(WELLS, read(WELLS, raw), DAY, by=SYSTEM)
    assert refused.value.code == code
    assert not Edition.objects.exists()
    assert not Feature.objects.exists()


@pytest.mark.django_db
def test_a_metre_is_a_metre_whatever_the_crs_that_a_file_came_in() -> None:
    """JGD2000 is transformed, WGS84 is taken as it comes; both are within a metre of each other here."""
    for code, srid in (("one", 6668), ("two", 4326), ("three", 4612)):
        layer = replace(WELLS, code=code)
        load(layer, read(layer, Raw(shapely.points([(LON, LAT)]), {"name": ["井戸"]}, srid, "")), DAY, by=SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(ST_Distance(ST_Transform(a.geom, 6674), ST_Transform(b.geom, 6674)))"
            " FROM layer_feature a, layer_feature b"
        )
        assert cursor.fetchone()[0] < 2.0


def test_when_a_source_is_to_be_renewed() -> None:
    yearly = replace(WELLS.source, refresh=12)
    assert yearly.due(dt.date(2024, 2, 29)) == dt.date(2025, 2, 28)
    assert replace(yearly, refresh=1).due(dt.date(2025, 1, 31)) == dt.date(2025, 2, 28)
    assert replace(yearly, refresh=3).due(dt.date(2025, 11, 15)) == dt.date(2026, 2, 15)
    assert WELLS.source.due(DAY) is None


@pytest.mark.django_db
def test_what_comes_in_is_found_by_its_key(tmp_path: Path) -> None:
    """Without it a file of 100,000 is compared with what stands for minutes, and not in a second."""
    reading = read_file(WELLS, wells(tmp_path / "w.gpkg", "GPKG"))
    with connection.cursor() as cursor:
        actions._copy(cursor, reading)
        cursor.execute("SELECT indisunique FROM pg_index WHERE indrelid = 'incoming'::regclass")
        assert cursor.fetchall() == [(True,)]
        cursor.execute("DROP TABLE incoming")
