"""Layers as files: what is in them is what the public sees, and GDAL and spreadsheets read it."""

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyogrio
import pyogrio.raw
import pytest
import shapely
from django.conf import LazySettings
from django.test import Client

from madoguchi.feeds.tests.mapping import INSIDE, LAYERS, STEP, WELLS, ZONES, drawn, well
from madoguchi.places import features
from madoguchi.places.tests.test_layers import LAT, LON, taken_in
from madoguchi.procedures import queries as procedures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procedures, "layers", lambda: LAYERS)
    drawn(tmp_path)


def got(path: str, **headers: str) -> Any:
    answer = Client().get(f"/open-data/{path}", headers=headers)
    return answer, b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]


def table(content: bytes) -> list[Mapping[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_geojson_is_one_document_with_longitude_first() -> None:
    answer, content = got(f"layers/{WELLS.code}.geojson")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/geo+json")
    body = json.loads(content)
    assert len(body["features"]) == 10
    assert body["features"][0]["geometry"]["coordinates"][0] == pytest.approx(LON + STEP)
    assert b"\xe4\xbf\x82\xe5\x93\xa1" not in content  # 係員: for staff


def test_csv_has_meanings_of_codes_and_coordinates() -> None:
    rows = table(got(f"layers/{WELLS.code}.csv")[1])
    assert rows[0].keys() == {
        *("key", "number", "name", "depth", "kind", "kind_name", "open", "dug", "valid_from", "lon", "lat"),
    }
    [one] = [row for row in rows if row["number"] == "2"]
    assert (one["kind"], one["kind_name"], one["open"], one["dug"]) == ("2", "消火栓", "true", "2002-04-01")
    assert [float(one["lon"]), float(one["lat"])] == pytest.approx([LON + 2 * STEP, LAT + 0.0005])
    zones = table(got(f"layers/{ZONES.code}.csv")[1])
    assert shapely.from_wkt(zones[0]["wkt"]).is_valid
    assert [row["far"] for row in zones] == ["200", "600"]  # as things are today


def test_a_cell_that_begins_like_a_formula_is_text() -> None:
    from madoguchi.places.models import Feature

    row = Feature.objects.get(layer=WELLS.code, key="1")
    row.properties["name"] = "=HYPERLINK(1)"
    row.save(update_fields=["properties"])
    [one] = [row for row in table(got(f"layers/{WELLS.code}.csv")[1]) if row["number"] == "1"]
    assert one["name"] == "'=HYPERLINK(1)"


def test_geopackage_is_read_back_by_gdal(tmp_path: Path) -> None:
    for layer, number, kind in ((WELLS, 10, "Point"), (ZONES, 2, "MultiPolygon")):
        answer, content = got(f"layers/{layer.code}.gpkg")
        assert answer["Content-Type"] == "application/geopackage+sqlite3"
        path = tmp_path / "layer.gpkg"
        path.write_bytes(content)
        info = pyogrio.read_info(str(path))
        assert (info["features"], info["crs"]) == (number, "EPSG:6668")
        meta, _, shapes, columns = pyogrio.raw.read(str(path))
        assert shapely.from_wkb(shapes[0]).geom_type == kind
        data = dict(zip(meta["fields"], columns, strict=True))
        assert {"keeper", "memo"}.isdisjoint(data)
    meta, _, shapes, columns = pyogrio.raw.read(str(_saved(tmp_path, WELLS.code)))
    data = dict(zip(meta["fields"], columns, strict=True))
    by_key = {key: at for at, key in enumerate(data["key"])}
    assert data["depth"][by_key["2"]] == 3.0
    assert data["depth"][by_key["10"]] != data["depth"][by_key["10"]]  # nothing is no number
    assert data["number"][by_key["10"]] == 10
    assert str(data["dug"][by_key["3"]])[:10] == "2003-04-01"


def _saved(folder: Path, code: str) -> Path:
    path = folder / "saved.gpkg"
    path.write_bytes(got(f"layers/{code}.gpkg")[1])
    return path


def test_what_is_not_public_is_not_there() -> None:
    for path in (f"{INSIDE.code}.csv", "nothing.gpkg", f"{WELLS.code}.xlsx", "../standard/nothing.csv"):
        answer, content = got(f"layers/{path}")
        assert answer.status_code == 404, path
        assert "秘密" not in content.decode()


def test_a_file_is_written_once_for_each_state_and_sent_once_to_each_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.VAR = tmp_path / "var"
    written: list[str] = []
    real = features.write_cells

    def writing(*what: Any) -> None:
        written.append("csv")
        real(*what)

    monkeypatch.setattr(features, "write_cells", writing)
    answer, first = got(f"layers/{WELLS.code}.csv")
    assert got(f"layers/{WELLS.code}.csv")[1] == first
    again, content = got(f"layers/{WELLS.code}.csv", **{"if-none-match": answer["ETag"]})
    assert (again.status_code, content, written) == (304, b"", ["csv"])
    taken_in(tmp_path, well(1, name="新しい井戸"), layer=WELLS, day=dt.date(2025, 4, 1), anyhow=True)
    later, content = got(f"layers/{WELLS.code}.csv", **{"if-none-match": answer["ETag"]})
    assert (later.status_code, "新しい井戸" in content.decode()) == (200, True)
    # What the layer's file shows to the public no more is gone at once, without an edition.
    narrower = [replace(one, see="staff") if one.key == "name" else one for one in WELLS.attributes]
    monkeypatch.setitem(LAYERS, WELLS.code, replace(WELLS, attributes=tuple(narrower)))
    assert "新しい井戸" not in got(f"layers/{WELLS.code}.csv", **{"if-none-match": later["ETag"]})[1].decode()
    assert len(written) == 3
    assert len(list((tmp_path / "var" / "open-data" / f"{WELLS.code}.csv").iterdir())) == 2  # the lock, and the newest


def test_the_catalogue_names_every_public_layer_and_no_other() -> None:
    answer = Client().get("/open-data/catalog.jsonld")
    assert answer["Content-Type"] == "application/ld+json"
    body = answer.json()
    found = {one["dct:identifier"]: one for one in body["dcat:dataset"]}
    assert found.keys() == {ZONES.code, WELLS.code, "procedures", "figures"}
    wells = found[WELLS.code]
    assert wells["dct:license"] == "試験用の利用条件"
    for one in wells["dcat:distribution"]:
        path = one["dcat:downloadURL"].partition("/open-data/")[2]
        assert got(path)[0].status_code == 200, path
    box = shapely.from_wkt(wells["dct:spatial"]["dcat:bbox"])
    assert box.bounds[0] == pytest.approx(LON + STEP)


def test_shelters_are_the_standard_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """指定緊急避難場所一覧: only what is designated for a hazard and of this city, and nothing that nobody said."""
    monkeypatch.undo()
    layer = procedures.layers()["shelters"]
    names = {one.key: one.column for one in layer.attributes}
    common = {names["address"]: "大東市谷川一丁目1番1号", names["kind"]: "指定緊急避難場所"}
    unsaid = ("flood", "landslide", "earthquake", "fire", "inland_flood", "also_shelter")
    empty = {names[one]: None for one in unsaid}
    ground = {
        **empty,
        **common,
        names["name"]: "広場",
        names["flood"]: "1",
        names["fire"]: "0",
        names["also_shelter"]: "1",
    }
    shelter = {**empty, **common, names["name"]: "会館"}
    there = {**ground, names["name"]: "隣の市の公園", names["address"]: "大阪府東大阪市加納2-14"}
    found = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [LON, LAT + at / 100]}, "properties": one}
        for at, one in enumerate((ground, shelter, there))
    ]
    taken_in(tmp_path, *found, layer=layer)
    [row] = table(got("standard/evacuation_space.csv")[1])
    assert (row["名称"], row["災害種別_洪水"], row["災害種別_大規模な火事"]) == ("広場", "1", "")
    assert row["指定避難所との重複"] == "1"
    assert list(row)[20:25] == [
        "連絡先備考（その他、SNSなど）",
        "郵便番号",
        "市区町村コード",
        "地方公共団体名",
        "災害種別_洪水",
    ]
    assert (row["全国地方公共団体コード"], row["所在地_市区町村"]) == ("272183", "大東市")
    assert (row["市区町村コード"], row["地方公共団体名"]) == ("272183", "大阪府大東市")
    assert [float(row["緯度"]), float(row["経度"])] == pytest.approx([LAT, LON])
    assert row["想定収容人数"] == ""
