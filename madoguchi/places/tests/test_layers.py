"""Layers: what of a file gets onto the map and what is said of the rest; editions; what applies at a point."""

import datetime as dt
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.ground.languages import LocalText
from madoguchi.places.actions import load
from madoguchi.places.models import Edition, Feature
from madoguchi.places.queries import Where, applies, newest
from madoguchi.places.reading import read_file
from madoguchi.places.rules.applying import Applies, Hit
from madoguchi.places.rules.layer import Attribute, Audience, Layer, Sentences, Source, shown

SYSTEM = Actor("system", channel="console")
PLANE = 6674
#: A corner in the middle of the city; a metre is about 0.00001 degrees.
LON, LAT = 135.62, 34.71
DAY = dt.date(2024, 4, 1)

ZONES = {"1": LocalText("第一種住居地域"), "2": LocalText("商業地域")}
ZONING = Layer(
    code="test-zoning",
    title=LocalText("用途地域"),
    owner="city-planning",
    legal_basis="都市計画法第8条",
    source=Source("zoning.geojson", "試験用", "試験用", "試験用", DAY, "open"),
    shape="polygon",
    accuracy=2.0,
    attributes=(
        Attribute("id", LocalText("番号"), "text", "id", required=True),
        Attribute("use", LocalText("用途"), "code", "use", codes=ZONES),
        Attribute("far", LocalText("容積率"), "integer", "far", unit=LocalText("%")),
        Attribute("memo", LocalText("課の覚え"), "text", "memo", see="section"),
    ),
    sentences=Sentences(LocalText("{use}です（容積率{far}）。{memo}"), LocalText("用途地域の外です。")),
    key=("id",),
    complete=True,
)


def square(west: float, south: float, side: float = 0.001) -> list[list[list[float]]]:
    return [[[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]]


def feature(ring: Any, kind: str = "Polygon", **said: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": ring}, "properties": said}


def zone(number: str, west: float = LON, south: float = LAT, use: str = "1", far: int = 200) -> dict[str, Any]:
    return feature(square(west, south), id=number, use=use, far=far, memo="覚え")


def written(folder: Path, *features: Mapping[str, Any], name: str = "layer.geojson") -> Path:
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    return path


def taken_in(
    folder: Path, *features: Mapping[str, Any], layer: Layer = ZONING, day: dt.date = DAY, **more: Any
) -> Edition:
    return load(layer, read_file(layer, written(folder, *features)), day, by=SYSTEM, **more)


def told(
    lon: float, lat: float, reader: Audience = "public", on: dt.date | None = None, layer: Layer = ZONING
) -> tuple[str, str]:
    [found] = applies([layer], Where(lon, lat), PLANE, reader=reader, on=on)
    return found.verdict, found.sentence("ja", layer.seen_by(reader))


def test_what_a_value_means_is_said_once_and_only_of_what_surely_applies() -> None:
    means = {"use": {"1": LocalText({"ja": "店は小さければ建てられます。", "en": "Small shops may be built."})}}
    meant = replace(ZONING, sentences=replace(ZONING.sentences, means=means))
    hit = Hit("a", {"id": "a", "use": "1", "far": 200}, True, 40.0)
    surely = Applies(meant, "applies", "", (hit, replace(hit, properties={**hit.properties, "far": 80})))
    assert surely.sentence("ja").count("店は小さければ建てられます。") == 1
    assert surely.sentence("en").endswith(" Small shops may be built.")
    assert "店は" not in replace(surely, verdict="unknown").sentence("ja")
    hidden = replace(meant, attributes=tuple(replace(one, see="section") for one in meant.attributes))
    assert "店は" not in replace(surely, layer=hidden).sentence("ja"), "a meaning would tell what an attribute may not"


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (feature(square(LAT, LON), id="x", use="1", far=1, memo=""), "axes-swapped"),
        (feature(square(2.35, 48.85), id="x", use="1", far=1, memo=""), "out-of-japan"),
        (feature([LON, LAT], "Point", id="x", use="1", far=1, memo=""), "other-shape"),
        (feature(square(LON, LAT), id=None, use="1", far=1, memo=""), "missing"),
        (
            {"type": "Feature", "geometry": None, "properties": {"id": "x", "use": "1", "far": 1, "memo": ""}},
            "no-shape",
        ),
    ],
)
def test_what_cannot_be_used_is_told_by_its_row_and_the_rest_is_taken(tmp_path: Path, bad: Any, code: str) -> None:
    reading = read_file(ZONING, written(tmp_path, zone("1"), bad, zone("2", LON + 0.01)))
    assert [one.key for one in reading.features] == ["1", "2"]
    assert reading.refused == 1
    assert [(row, problem.code) for row, problem in reading.told] == [(2, code)]


def test_a_crossed_shape_is_mended_and_said(tmp_path: Path) -> None:
    bow = [[[LON, LAT], [LON + 0.001, LAT + 0.001], [LON + 0.001, LAT], [LON, LAT + 0.001], [LON, LAT]]]
    reading = read_file(ZONING, written(tmp_path, feature(bow, id="1", use="1", far=1, memo="")))
    assert reading.repaired == 1
    assert [problem.code for _, problem in reading.told] == ["shape-repaired"]
    assert shapely.from_wkb(reading.features[0].wkb).is_valid


def test_a_value_that_does_not_fit_is_left_out_and_never_repeated(tmp_path: Path) -> None:
    reading = read_file(
        ZONING, written(tmp_path, feature(square(LON, LAT), id="1", use="9", far=1.5, memo="秘密の言葉"))
    )
    assert reading.features[0].properties == {"id": "1", "memo": "秘密の言葉"}
    assert [(row, str(problem)) for row, problem in reading.told] == [
        (1, "use が、決まった値（1、2）のどれでもありません。"),
        (1, "far が、小数のない数ではありません。"),
    ]


def test_a_column_of_which_no_row_fits_is_another_column(tmp_path: Path) -> None:
    words = [zone(str(n), LON + n / 100, use="商業地域") for n in range(3)]
    with pytest.raises(Invalid, match=r"use が、決まった値（1、2）のどれでもありません。") as refused:
        read_file(ZONING, written(tmp_path, *words))
    assert refused.value.code == "column-unfit"
    assert "商業" not in str(refused.value)
    assert read_file(ZONING, written(tmp_path, zone("9"), *words)).features[0].properties["use"] == "1"


def test_a_key_that_stands_there_twice_is_told(tmp_path: Path) -> None:
    reading = read_file(ZONING, written(tmp_path, zone("1"), zone("2", LON + 0.01), zone("1", LON + 0.02)))
    assert [one.key for one in reading.features] == ["1", "2", "1#2"]
    assert [(row, str(problem)) for row, problem in reading.told] == [(3, "id の同じものが、前にもあります。")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no geodata at all", "file-unread"),
        (b'{"type": "FeatureCollection", "features": []}', "no-features"),
        (
            json.dumps({"type": "FeatureCollection", "features": [feature(square(LON, LAT), other=1)]}).encode(),
            "columns-changed",
        ),
        (json.dumps({"type": "FeatureCollection", "features": [zone("1", 2.0, 48.0)]}).encode(), "nothing-usable"),
        (b"", "file-empty"),
    ],
)
def test_a_file_of_which_nothing_can_be_used_is_refused_whole(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "layer.geojson"
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        read_file(ZONING, path)
    assert refused.value.code in {code, "columns-changed" if code == "no-features" else code}


def test_a_zip_that_would_burst_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("layer.geojson", "w", force_zip64=True) as inner,
    ):
        block = b" " * (1 << 20)
        for _ in range(501):
            inner.write(block)
    assert path.stat().st_size < 2_000_000
    with pytest.raises(Invalid) as refused:
        read_file(ZONING, path)
    assert refused.value.code == "zip-too-large"


def _shapefile(path: Path, x: float, y: float, side: float, encoding: str) -> None:
    ring = shapely.Polygon([(x, y), (x + side, y), (x + side, y + side), (x, y + side)])
    columns: Sequence[Any] = [np.array([one], dtype=object) for one in ("1", "1", "200", "表参道の覚え")]
    pyogrio.raw.write(
        str(path), geometry=shapely.to_wkb(np.array([ring])), field_data=columns, fields=["id", "use", "far", "memo"],
        crs="EPSG:6674", geometry_type="Polygon", driver="ESRI Shapefile", encoding=encoding,
    )  # fmt: skip


def test_a_shapefile_in_cp932_and_the_citys_plane(tmp_path: Path, db: None) -> None:
    path = tmp_path / "zoning.shp"
    _shapefile(path, -34_000.0, -143_000.0, 100.0, "cp932")
    (tmp_path / "zoning.cpg").unlink(missing_ok=True)
    layer = replace(ZONING, source=replace(ZONING.source, encoding="cp932", crs=6674))
    (tmp_path / "zoning.prj").unlink()
    edition = load(layer, read_file(layer, path), DAY, by=SYSTEM)
    assert edition.report["read"] == 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Area(ST_Transform(geom, 6674)), ST_SRID(geom), properties->>'memo' FROM layer_feature"
        )
        area, srid, memo = cursor.fetchone()
    assert area == pytest.approx(10_000.0, rel=1e-6)
    assert (srid, memo) == (6668, "表参道の覚え")


def test_without_a_crs_nothing_is_guessed(tmp_path: Path) -> None:
    _shapefile(tmp_path / "zoning.shp", -34_000.0, -143_000.0, 100.0, "utf-8")
    (tmp_path / "zoning.prj").unlink()
    with pytest.raises(Invalid) as refused:
        read_file(ZONING, tmp_path / "zoning.shp")
    assert refused.value.code == "crs-unknown"


# -- editions ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_goes_ends_and_what_changes_begins_anew(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01), zone("3", LON + 0.02))
    later = DAY + dt.timedelta(days=365)
    edition = taken_in(tmp_path, zone("1"), zone("2", LON + 0.01, far=400), zone("4", LON + 0.03), day=later)
    assert {key: edition.report[key] for key in ("new", "changed", "gone")} == {"new": 1, "changed": 1, "gone": 1}
    assert edition.number == 2
    assert told(LON + 0.0105, LAT + 0.0005, on=later) == ("applies", "第一種住居地域です（容積率400%）。―")
    assert told(LON + 0.0105, LAT + 0.0005, on=later - dt.timedelta(days=1)) == (
        "applies",
        "第一種住居地域です（容積率200%）。―",
    )
    assert told(LON + 0.0205, LAT + 0.0005, on=later) == ("does_not", "用途地域の外です。")
    assert told(LON + 0.0205, LAT + 0.0005, on=DAY)[0] == "applies"
    assert told(LON + 0.0005, LAT + 0.0005, on=DAY - dt.timedelta(days=1))[0] == "unknown", "nothing was known before"
    assert Event.objects.filter(verb="layer.load", outcome="done").count() == 2


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    first = taken_in(tmp_path, zone("1"), zone("2", LON + 0.01))
    before = list(Feature.objects.order_by("pk").values())
    assert taken_in(tmp_path, zone("1"), zone("2", LON + 0.01)) == first
    assert list(Feature.objects.order_by("pk").values()) == before
    assert Edition.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["most-would-go", "older-than-known"])
def test_a_file_that_looks_wrong_changes_nothing(tmp_path: Path, why: str) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01), zone("3", LON + 0.02))
    before = list(Feature.objects.order_by("pk").values())
    day = DAY + dt.timedelta(days=1 if why == "most-would-go" else -1)
    with pytest.raises((Stale, Invalid)) as refused:
        taken_in(tmp_path, zone("9"), day=day)
    assert refused.value.code == why
    assert list(Feature.objects.order_by("pk").values()) == before
    assert newest()[ZONING.code].number == 1
    if why == "most-would-go":
        assert taken_in(tmp_path, zone("9"), day=day, anyhow=True).report["gone"] == 3


# -- what applies -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_three_answers_and_the_border(tmp_path: Path) -> None:
    """1 m is 0.0000109 degrees of longitude here."""
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.001, use="2"), zone("3", LON, LAT + 0.001))
    assert told(LON + 0.0005, LAT + 0.0005)[0] == "applies"
    assert told(LON - 0.0005, LAT + 0.0005) == ("does_not", "用途地域の外です。")
    verdict, words = told(LON + 0.00101, LAT + 0.0005)  # 0.9 m beyond the border to another zone
    assert verdict == "unknown"
    assert "第一種住居地域" in words
    assert "商業地域" in words
    assert told(LON - 0.00001, LAT + 0.0005)[0] == "unknown"  # 0.9 m outside
    assert told(LON + 0.00001, LAT + 0.0005)[0] == "unknown"  # 0.9 m inside, with nothing on the other side
    assert told(LON + 0.0005, LAT + 0.00101)[0] == "applies"  # the border of two parts that say the same


@pytest.mark.django_db
def test_a_layer_that_is_not_complete_knows_nothing_where_nothing_is(tmp_path: Path) -> None:
    layer = replace(ZONING, complete=False, sentences=Sentences(ZONING.sentences.applies))
    taken_in(tmp_path, zone("1"), layer=layer)
    [found] = applies([layer], Where(LON + 0.5, LAT), PLANE)
    assert (found.verdict, found.why) == ("unknown", "no_data")


@pytest.mark.django_db
def test_nobody_is_told_what_is_not_for_them(tmp_path: Path) -> None:
    inside = replace(ZONING, code="inside", see="staff", attributes=ZONING.attributes)
    taken_in(tmp_path, zone("1"))
    taken_in(tmp_path, zone("1"), layer=inside)
    at = Where(LON + 0.0005, LAT + 0.0005)
    assert [one.layer.code for one in applies([ZONING, inside], at, PLANE)] == [ZONING.code]
    assert [one.layer.code for one in applies([ZONING, inside], at, PLANE, reader="staff")] == [ZONING.code, "inside"]
    for reader, sees in (("public", False), ("staff", False), ("section", True)):
        [found] = applies([ZONING], at, PLANE, reader=reader)  # type: ignore[arg-type]  # one of them
        assert ("memo" in found.hits[0].properties) is sees
        assert ("覚え" in found.sentence("ja", ZONING.seen_by(reader))) is sees  # type: ignore[arg-type]  # as above


@pytest.mark.django_db
def test_the_nearest_is_nearest_in_metres(tmp_path: Path) -> None:
    """In degrees, the one to the north would come first: a degree of longitude is 0.82 of one of latitude here."""
    wells = replace(
        ZONING, code="wells", shape="point", near=200.0, key=("id",), complete=False,
        attributes=(Attribute("id", LocalText("番号"), "text", "id"),),
        sentences=Sentences(LocalText("{id}まで{distance}。")),
    )  # fmt: skip
    north, east = feature([LON, LAT + 0.00095], "Point", id="north"), feature([LON + 0.001, LAT], "Point", id="east")
    taken_in(tmp_path, north, east, feature([LON + 0.01, LAT], "Point", id="far"), layer=wells)
    [found] = applies([wells], Where(LON, LAT), PLANE)
    assert [one.key for one in found.hits] == ["east", "north"]
    assert found.sentence("ja", wells.attributes) == "eastまで92m。northまで105m。"
    for _ in range(6):  # so often asked, PostgreSQL has planned it for good
        [found] = applies([replace(wells, most=1)], Where(LON, LAT), PLANE)
        assert [one.key for one in found.hits] == ["east"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%told.border%'")
        assert cursor.fetchone() != (0,)


@pytest.mark.parametrize(("lon", "lat"), [(LAT, LON), (0.0, 0.0), (float("nan"), LAT), (1e300, 1e300)])
def test_a_point_outside_of_japan_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(Invalid):
        Where(lon, lat)


#: Text as the database can have it.
STORABLE = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)


@given(STORABLE, STORABLE)
def test_a_sentence_says_what_was_written_and_runs_nothing(use: str, memo: str) -> None:
    from madoguchi.places.rules.applying import Hit, filled

    layer = replace(ZONING, attributes=(Attribute("use", LocalText("用途"), "text", "use"), ZONING.attributes[3]))
    words = filled(layer, Hit("1", {"use": use, "memo": memo}, inside=True, border=1.0), "ja", layer.attributes)
    assert words == f"{use}です（容積率―）。{memo}"


def test_a_year_is_not_written_as_a_number_of_things() -> None:
    year = Attribute("edited", LocalText("調べた年"), "integer", "y", unit=LocalText("年"))
    people = Attribute("people", LocalText("人口"), "integer", "p", unit=LocalText("人"))
    assert [shown(year, 2020, "ja"), shown(people, 2020, "ja")] == ["2020年", "2,020人"]
