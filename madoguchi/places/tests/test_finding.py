"""From words to places and back, over a small city: lots and blocks, names, crossings, what is near."""

import datetime as dt
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground.languages import LocalText
from madoguchi.places.actions import load
from madoguchi.places.finding import Middle
from madoguchi.places.models import Place
from madoguchi.places.queries import Located, Where, lacks_place, locate, locate_many, reverse
from madoguchi.places.reading import read_file
from madoguchi.places.rules.addressing import Gazetteer
from madoguchi.places.rules.layer import Attribute, Audience, Layer, Sentences, Source

pytestmark = pytest.mark.django_db
SYSTEM = Actor("system", channel="console")
PLANE = 6674
DAY = dt.date(2026, 4, 1)
#: The south-west corner of the small city, and metres of a degree there (GRS80).
LON, LAT, EAST, NORTH = 135.62, 34.71, 91_611.0, 110_935.0
CITY = Gazetteer.of(
    [
        ("0025001", "谷川一丁目"),
        ("0025002", "谷川二丁目"),
        ("0003003", "寺川三丁目"),
        ("0054000", "大字寺川"),
        ("0026000", "曙町"),
        ("0058000", "大字龍間"),
        ("0045001", "氷野一丁目"),
    ],
    prefecture="大阪府",
    city="大東市",
    romaji="Daito",
    readings={"0025001": "タニガワ", "0026000": "アケボノチョウ", "0058000": "タツマ", "0045001": "ヒノ"},
)


def layer(code: str, shape: Any, *attributes: str, **more: Any) -> Layer:
    return Layer(
        code=code,
        title=LocalText("試験"),
        owner="city-planning",
        legal_basis="試験",
        source=Source(f"{code}.geojson", "試験用", "試験用", f"出典 {code}", DAY, "open"),
        shape=shape,
        accuracy=more.pop("accuracy", 2.0),
        attributes=tuple(Attribute(one, LocalText(one), "text", one) for one in attributes),
        sentences=Sentences(LocalText("試験")),
        **more,
    )


LAYERS = (
    layer("towns", "polygon", "name"),
    layer("parcels", "polygon", "town", "lot", accuracy=1.0),
    layer("stations", "line", "name", near=1_500.0, landmark="{name}駅", see="staff"),
    layer("shelters", "point", "name", "kind", near=2_000.0, landmark="{name}", words={"避難所": {}}, accuracy=30.0),
    layer("things", "point", "class", near=300.0, words={"公園": {"class": ("park",)}, "銀行": {"class": ("bank",)}}),
    layer("roads", "line", "name", near=20.0, landmark="{name}", accuracy=5.0),
)


def at(east: float, north: float) -> tuple[float, float]:
    return LON + east / EAST, LAT + north / NORTH


def field(west: float, south: float, east: float, north: float, **said: Any) -> dict[str, Any]:
    ring = [at(west, south), at(east, south), at(east, north), at(west, north), at(west, south)]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": said}


def line(*points: tuple[float, float], **said: Any) -> dict[str, Any]:
    way = [at(*one) for one in points]
    return {"type": "Feature", "geometry": {"type": "LineString", "coordinates": way}, "properties": said}


def point(east: float, north: float, **said: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": at(east, north)}, "properties": said}


FEATURES: dict[str, list[dict[str, Any]]] = {
    "towns": [
        field(0, 0, 400, 400, name="谷川１丁目"),
        field(400, 0, 800, 400, name="谷川２丁目"),
        field(0, 400, 400, 800, name="曙町"),
        field(400, 400, 800, 800, name="寺川３丁目"),
        field(800, 0, 1_600, 800, name="大字寺川"),
        field(1_600, 0, 2_400, 800, name="大字竜間"),
    ],
    "parcels": [
        field(0, 0, 20, 20, town="谷川一丁目", lot="1-1"),
        field(20, 0, 40, 20, town="谷川一丁目", lot="1-2"),
        field(40, 0, 60, 20, town="谷川一丁目", lot="12"),
        field(100, 0, 120, 20, town="谷川一丁目", lot="121-3"),
        field(400, 0, 420, 20, town="谷川二丁目", lot="2-3"),
        field(420, 420, 440, 440, town="寺川三丁目", lot="5"),
        field(820, 20, 840, 40, town="大字寺川", lot="9-7"),
        field(1_620, 20, 1_640, 40, town="大字竜間", lot="1540"),
    ],
    "stations": [line((180, 600), (220, 600), name="住道")],
    "shelters": [
        point(200, 700, name="氷野小学校", kind="指定避難所"),
        point(201, 700, name="氷野小学校", kind="指定緊急避難場所"),
        point(600, 600, name="末広公民館", kind="指定避難所"),
        point(1_900, 400, name="末広公民館", kind="指定避難所"),
    ],
    "things": [
        point(200, 650, **{"class": "park"}),
        point(200, 300, **{"class": "park"}),
        point(210, 610, **{"class": "bank"}),
    ],
    "roads": [
        line((-100, 300), (400, 300), name="東西通り"),
        line((400, 300), (900, 300), name="東西通り"),
        line((300, -100), (300, 295), name="南北通り"),
        line((-100, 500), (900, 500), name="遠い通り"),
    ],
}


@pytest.fixture
def city(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Layer, ...]:
    """The layers, taken in; but for those that ``request.param`` leaves out."""
    without = getattr(request, "param", ())
    for one in LAYERS:
        if one.code not in without:
            path = tmp_path / one.source.file
            path.write_text(json.dumps({"type": "FeatureCollection", "features": FEATURES[one.code]}))
            load(one, read_file(one, path), DAY, by=SYSTEM)
    return LAYERS


def seen(text: str, reader: Audience = "staff") -> list[Located]:
    return locate(text, CITY, LAYERS, PLANE, reader=reader)


def metres(one: Located, east: float, north: float) -> float:
    return math.hypot((one.at.lon - LON) * EAST - east, (one.at.lat - LAT) * NORTH - north)


# -- addresses --------------------------------------------------------------------------------------------------------


def test_an_address_is_its_lot_where_the_parcels_are(city: Any) -> None:
    for text in ["谷川一丁目1番1号", "大阪府大東市谷川１−１−１　見本荘", "たにがわ1の1の1", "Tanigawa 1-1-1"]:
        [found] = [one for one in seen(text) if one.exact]
        assert (found.name, found.level, found.town) == ("谷川一丁目1番1", "lot", "0025001")
        assert metres(found, 10, 10) < 1
        assert 14 < found.error < 16  # to the corner of the lot, and the layer's own error
        assert found.credit == "出典 parcels"


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        *((one, True) for one in ("Tanigawa", "Tanigawa, Daito, Osaka", "Osaka-fu Daito-shi Tanigawa", "tanigawa")),
        *((one, True) for one in ("1-1-1 Tanigawa", "Tanigawa 1-1-1 Mihon-so", "Tanigawa 1-chome")),
        *((one, False) for one in ("Tanigawa station", "Tanigawa eki", "park of Tanigawa")),
    ],
)
def test_a_town_in_latin_letters_is_in_doubt_where_other_words_stand_with_it(text: str, exact: bool) -> None:
    """Whoever typed Suminodo station was asked which of two towns, and saw the station last."""
    assert {one.exact for one in CITY.find(text)} == {exact}


def test_the_level_says_how_surely(city: Any) -> None:
    for text, level, error in [
        ("谷川1-1-1-301", "lot", 16),
        ("谷川1-12-4", "block", 16),  # the lot 12 is not divided: 12-4 is somewhere in it
        ("谷川1-1-9", "block", 45),
        ("谷川1-77", "town", 300),
        ("谷川1-13", "town", 300),
        ("谷川一丁目", "town", 300),
        ("竜間1540番地", "lot", 16),
        ("大字龍間1540-2", "block", 16),
    ]:
        [found] = [one for one in seen(text) if one.exact]
        assert found.level == level
        assert 0 < found.error <= error


def test_in_doubt_the_lot_that_exists_is_meant(city: Any) -> None:
    here = seen("寺川3-5")
    assert [(one.town, one.level, one.exact) for one in here] == [("0003003", "lot", True), ("0054000", "town", False)]
    neither = seen("寺川3-8")
    assert {(one.town, one.exact) for one in neither} == {("0003003", True), ("0054000", True)}
    without_chome = seen("谷川2番3号")
    assert (without_chome[0].town, without_chome[0].level, without_chome[0].exact) == ("0025002", "lot", False)


@pytest.mark.parametrize("city", [("parcels",)], indirect=True)
def test_without_parcels_an_address_is_its_town(city: Any) -> None:
    [found] = seen("谷川1-1-1")
    assert (found.name, found.level, found.exact) == ("谷川一丁目1番1", "town", True)
    assert metres(found, 200, 200) < 5
    assert 250 < found.error < 300


def test_many_addresses_are_each_as_alone(city: Any) -> None:
    texts = ["谷川1-1-1", "寺川3-5", "京都市中京区", "谷川", "曙町4-6", "", "谷川1-1-1"]
    many = locate_many(texts, CITY, LAYERS, PLANE, reader="staff")
    assert many == [locate_many([one], CITY, LAYERS, PLANE, reader="staff")[0] for one in texts]
    assert [len(one) for one in many] == [1, 2, 0, 2, 1, 0, 1]


def test_a_reader_is_shown_only_what_is_for_them(city: Any) -> None:
    inside = tuple(replace(one, see="staff") if one.code == "parcels" else one for one in LAYERS)
    [found] = locate("谷川1-1-1", CITY, inside, PLANE)
    assert found.level == "town"
    assert seen("住道駅")[0].name == "住道駅"
    assert seen("住道駅", "public") == []
    lot_is_inside = tuple(
        replace(one, attributes=(one.attributes[0], replace(one.attributes[1], see="section")))
        if one.code == "parcels"
        else one
        for one in LAYERS
    )
    assert locate("谷川1-1-1", CITY, lot_is_inside, PLANE)[0].level == "town"
    called = reverse(Where(*at(10, 10)), CITY, lot_is_inside, PLANE)
    assert (called.level, called.lot) == ("town", "")


# -- things with a name -----------------------------------------------------------------------------------------------


def test_a_thing_is_found_by_its_name_however_it_is_typed(city: Any) -> None:
    for text, exact in [
        ("住道駅", True),
        ("すみのどうえき", True),
        ("Suminodo Station", True),
        ("suminodo eki", True),
        ("氷野小学校", True),
        ("ひのしょうがっこう", True),
        ("氷野小", False),
        ("大東市立氷野小学校", False),
        ("氷野小学教", False),
        ("東西通り", True),
    ]:
        found = [one for one in seen(text) if one.level == "landmark"]
        assert found[0].exact == exact
        assert found[0].name in ("住道駅", "氷野小学校", "東西通り")
        assert len([one for one in found if one.name == found[0].name]) == 1


def test_two_things_of_one_name_are_two(city: Any) -> None:
    west, east = sorted(one.at.lon for one in seen("末広公民館"))
    assert (round(west, 4), round(east, 4)) == (round(at(600, 0)[0], 4), round(at(1_900, 0)[0], 4))


def test_where_two_roads_cross(city: Any) -> None:
    for text in ["東西通りと南北通りの交差点", "南北通り×東西通り", "東西通り と 南北通り の交わる所"]:
        [found] = seen(text)
        assert metres(found, 300, 300) < 6
        assert found.name.endswith("の交差点")
        assert found.exact
        assert seen("東西通りと遠い通りの交差点") == []


# -- near something ---------------------------------------------------------------------------------------------------


def test_what_is_near_comes_by_metres(city: Any) -> None:
    for text in [
        "住道駅の近くの公園",
        "住道駅 近く 公園",
        "住道駅から一番近い公園",
        "住道駅の 近くに ある 公園",
        "住道駅周辺の公園はどこ",
    ]:
        found = seen(text)
        assert [one.name for one in found] == ["公園（住道駅から北へ約50m）", "公園（住道駅から南へ約300m）"]
        assert [one.beside.words for one in found if one.beside] == ["住道駅から北へ約50m", "住道駅から南へ約300m"]
        assert not any(one.exact for one in found)


def test_near_an_address_and_by_a_part_of_a_name(city: Any) -> None:
    shelters = seen("曙町の近くの避難所")
    assert [one.name for one in shelters] == ["氷野小学校", "末広公民館", "末広公民館"]
    assert [one.name for one in seen("住道駅の近くの小学校")] == ["氷野小学校"]
    assert seen("谷川1-1-1の最寄りの避難所", "public")[0].name == "氷野小学校"


def test_near_what_has_to_be_said(city: Any) -> None:
    for text in ("近くの避難所", "ここの近くの公園", "最寄りの避難所"):
        assert seen(text) == []
        assert lacks_place(text)
    assert not lacks_place("曙町の近くの避難所")


def test_what_is_looked_for_alone_is_sought_from_the_middle(city: Any) -> None:
    """市役所, トイレ: whoever types no more than that is not told that the city has none."""
    middle = Middle("市の中心", seen("住道駅")[0].at)
    for text in ("公園", "こうえん", "公 園"):
        found = locate(text, CITY, LAYERS, PLANE, reader="staff", middle=middle)
        assert [one.name for one in found] == ["公園（市の中心から北へ約50m）", "公園（市の中心から南へ約300m）"]
        assert not any(one.exact for one in found)
    for text in ("公園前の店", "そんな所", ""):
        assert locate(text, CITY, LAYERS, PLANE, reader="staff", middle=middle) == []
    assert seen("公園") == []
    assert locate("住道駅", CITY, LAYERS, PLANE, reader="staff", middle=middle) == seen("住道駅")


# -- and back ---------------------------------------------------------------------------------------------------------


def test_a_point_is_called_by_its_lot_and_what_is_near(city: Any) -> None:
    called = reverse(Where(*at(30, 10)), CITY, LAYERS, PLANE, reader="staff")
    assert (called.name, called.level, called.town, called.lot) == ("谷川一丁目1番2", "lot", "0025001", "1-2")
    assert called.sure
    assert called.error == 1
    by_the_fence = reverse(Where(*at(39.5, 10)), CITY, LAYERS, PLANE, reader="staff")
    assert (by_the_fence.lot, by_the_fence.sure) == ("1-2", False)
    north_of_the_station = reverse(Where(*at(200, 790)), CITY, LAYERS, PLANE, reader="staff")
    assert (north_of_the_station.name, north_of_the_station.level) == ("曙町", "town")
    assert [one.words for one in north_of_the_station.beside] == ["氷野小学校から北へ約90m", "住道駅から北へ約190m"]
    public = reverse(Where(*at(200, 790)), CITY, LAYERS, PLANE)
    assert [one.name for one in public.beside] == ["氷野小学校"]


def test_outside_of_the_city_a_point_has_no_name(city: Any) -> None:
    called = reverse(Where(140.0, 36.0), CITY, LAYERS, PLANE, reader="staff")
    assert (called.name, called.level, called.beside) == ("", "nowhere", ())


def test_before_a_layer_is_loaded_nothing_is_found_and_nothing_breaks() -> None:
    assert seen("谷川1-1-1") == []
    assert seen("住道駅の近くの公園") == []
    assert seen("東西通りと南北通りの交差点") == []
    assert reverse(Where(*at(30, 10)), CITY, LAYERS, PLANE).level == "nowhere"


def test_a_new_edition_is_found_at_once(city: Any, tmp_path: Path) -> None:
    assert seen("谷川1-77")[0].level == "town"
    parcels = LAYERS[1]
    more = [*FEATURES["parcels"], field(200, 200, 220, 220, town="谷川一丁目", lot="77")]
    path = tmp_path / "more.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": more}))
    load(parcels, read_file(parcels, path), DAY, by=SYSTEM)
    assert seen("谷川1-77")[0].level == "lot"


# -- hostile input ----------------------------------------------------------------------------------------------------


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.text(max_size=300)
    | st.text("谷川寺曙町一二三1-9番地号丁目の近くと交差点×駅 ", max_size=40)
    | st.sampled_from(
        ["の近くの" * 60, "近くの近くの近くの公園", "'; DROP TABLE layer_feature; --", "\0", "%s%(a)s{name}", "×" * 200]
    )
)
def test_nothing_that_is_typed_breaks_it_or_is_kept(city: Any, text: str) -> None:
    before = Event.objects.count()
    for one in seen(text):
        assert one.error > 0
        assert len(one.name) < 200
    locate_many([text], CITY, LAYERS, PLANE)
    assert Event.objects.count() == before
    assert not Place.objects.exists()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.sampled_from([("谷川", 1, (1, 1)), ("谷川", 1, (121, 3)), ("谷川", 2, (2, 3)), ("大字寺川", 0, (9, 7))]),
    st.sampled_from(
        [
            "{n}丁目{a}番{b}号",
            "{n}-{a}-{b}",
            "{k}丁目{a}番地{b}",
            "{n}ノ{a}ノ{b}",
            "{n} 丁目 {a} 番 {b}",
            "{n}ー{a}ー{b}",
        ]
    ),
    st.sampled_from(["", "大東市", "大阪府大東市", "〒574-0000 大東市", "住所は"]),
    st.sampled_from(["", " 見本荘201", "　A棟3階", "（見本）"]),
    st.booleans(),
)
def test_every_spelling_leads_to_the_same_lot(
    city: Any, lot: tuple[str, int, tuple[int, int]], form: str, before: str, behind: str, wide: bool
) -> None:
    name, chome, (a, b) = lot
    written = form.format(n=chome, k="〇一二"[chome], a=a, b=b)
    if not chome:
        written = written.replace(form.split("{a}")[0].format(n=chome, k="〇"), "", 1)
    text = f"{before}{name}{written}{behind}"
    if wide:
        text = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    [found] = [one for one in seen(text) if one.exact]
    assert found.level == "lot"
    assert found.name == f"{name}{'〇一二'[chome] + '丁目' if chome else ''}{a}番{b}"
