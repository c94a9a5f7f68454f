"""Areas: what may be asked about, what applies to how much of it, and how it was known on a day; shelters and lots."""

import datetime as dt
import json
import math
import random
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid
from madoguchi.ground.ids import uuid7
from madoguchi.ground.languages import LocalText
from madoguchi.places.actions import load
from madoguchi.places.models import Edition, Feature
from madoguchi.places.queries import Spot, Where, applies, lot_at, shelters, size
from madoguchi.places.reading import read_file
from madoguchi.places.rules.applying import Piece, answer_area, record
from madoguchi.places.rules.area import MAX_VERTICES, Area
from madoguchi.places.rules.layer import Attribute, Sentences, reader_of
from madoguchi.places.tests.test_layers import (
    DAY,
    LAT,
    LON,
    PLANE,
    SYSTEM,
    ZONING,
    feature,
    square,
    taken_in,
    written,
    zone,
)

ERROR = 2.5
STRIPS = replace(
    ZONING,
    accuracy=ERROR,
    attributes=(Attribute("use", LocalText("用途"), "text", "use"),),
    sentences=Sentences(LocalText("{use}です。"), LocalText("外です。")),
)


# -- the rule ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from(["甲", "乙", None]), st.integers(1, 60)), min_size=1, max_size=8),
    st.integers(-20, 120),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_shares_add_up_and_each_verdict_is_what_the_error_allows(
    strips: list[tuple[str | None, int]], west: int, width: int, height: int
) -> None:
    """Strips side by side; a share is the overlap of two stretches, and what is sure is one shrunk by the error."""
    east, at, runs = west + width, 0, []
    for use, group in groupby(strips, key=lambda one: one[0]):
        start, at = at, at + sum(one[1] for one in group)
        if use is not None:
            runs.append((use, start, at))
    pieces, x = [], 0
    for number, (use, wide) in enumerate(strips):
        if use is not None:
            pieces.append(Piece(str(number), {"use": use}, shapely.box(x, -500, x + wide, 500)))
        x += wide
    found = answer_area(STRIPS, shapely.box(west, 0, east, height), pieces)
    shares = {
        use: sum(max(0, min(b, east) - max(a, west)) for name, a, b in runs if name == use) / width
        for use in ("甲", "乙")
    }
    sure = {name for name, a, b in runs if b - a > 2 * ERROR and a + ERROR < east and b - ERROR > west}
    near = {name for name, a, b in runs if max(a - east, west - b, 0) < ERROR}
    told = {one.hits[0].properties["use"]: one for one in found.parts}
    assert told.keys() == sure | near
    assert {name for name, one in told.items() if one.sure} == sure
    for name, one in told.items():
        assert one.share == pytest.approx(shares[name], abs=1e-9)
        assert one.m2 == pytest.approx(shares[name] * width * height, abs=1e-6)
    if found.parts:
        assert sum(one.share for one in found.parts) + found.rest == pytest.approx(1, abs=1e-6)
    expected = ("applies", "") if sure else ("unknown", "border") if near else ("does_not", "")
    assert (found.verdict, found.why) == expected
    assert found.close or sure == near


def test_where_nothing_is_drawn_only_a_complete_layer_says_no() -> None:
    area = shapely.box(0, 0, 10, 10)
    assert answer_area(STRIPS, area, []).verdict == "does_not"
    found = answer_area(replace(STRIPS, complete=False, sentences=Sentences(LocalText("{use}"))), area, [])
    assert (found.verdict, found.why) == ("unknown", "no_data")


def test_two_that_lie_over_each_other_count_once() -> None:
    """Half of the area twice is half of it."""
    half = shapely.box(0, -50, 50, 150)
    found = answer_area(
        STRIPS, shapely.box(0, 0, 100, 100), [Piece("1", {"use": "甲"}, half), Piece("2", {"use": "乙"}, half)]
    )
    assert [one.share for one in found.parts] == [0.5, 0.5]
    assert found.rest == 0.5


# -- what may be asked about ------------------------------------------------------------------------------------------


def geojson(*rings: Any, kind: str = "Polygon") -> str:
    return json.dumps({"type": kind, "coordinates": rings})


BOW = [[LON, LAT], [LON + 0.001, LAT + 0.001], [LON + 0.001, LAT], [LON, LAT + 0.001], [LON, LAT]]
CIRCLE = [
    [LON + 0.001 * math.cos(one / 10_000 * math.tau), LAT + 0.001 * math.sin(one / 10_000 * math.tau)]
    for one in range(10_001)
]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (geojson(BOW), "area-crosses"),
        (geojson([[lat, lon] for lon, lat in square(LON, LAT)[0]]), "axes-swapped"),
        (geojson(*square(2.35, 48.85)), "out-of-japan"),
        (geojson(CIRCLE), "area-too-detailed"),
        (geojson(*square(LON, LAT, 0.01)), "area-too-large"),
        (geojson([[LON, LAT], [LON + 0.05, LAT], [LON, LAT + 0.000001], [LON, LAT]]), "area-too-large"),
        (geojson(*square(LON, LAT), [[LON - 1, LAT], [LON - 0.999, LAT], [LON - 1, LAT + 0.001]]), "area-crosses"),
        (geojson([[LON, LAT], [LON, LAT], [LON, LAT], [LON, LAT]]), "area-crosses"),
        (geojson([[LON, LAT], [LON + 0.001, LAT]]), "area-unread"),
        (geojson([]), "area-unread"),
        ('{"type": "Polygon"}', "area-unread"),
        ('{"type": "Polygon", "coordinates": [[[NaN, 34], [135, 34], [135, 35], [NaN, 34]]]}', "area-unread"),
        ('{"type": "Polygon", "coordinates": [[["1e999", 34], [135, 34], [135, 35], [135, 34]]]}', "area-unread"),
        (f'{{"type": "Polygon", "coordinates": [[[1{"0" * 400}, 34], [135, 34], [135, 35]]]}}', "area-unread"),
        ('{"type": "Polygon", "coordinates": "x"}', "area-unread"),
        ('{"type": "Point", "coordinates": [135, 34]}', "area-unread"),
        ("[" * 100_000, "area-unread"),
        ("", "area-unread"),
        ("'; DROP TABLE layer_feature; --", "area-unread"),
        (" " * 300_000, "area-too-detailed"),
    ],
)
def test_an_area_that_cannot_be_asked_about_is_refused_and_not_mended(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        Area.read(text)
    assert refused.value.code == code


def test_an_area_reads_back_as_it_was_drawn() -> None:
    hole = [[LON + 0.0002, LAT + 0.0002], [LON + 0.0004, LAT + 0.0002], [LON + 0.0004, LAT + 0.0004]]
    area = Area.read(json.dumps({"type": "Feature", "geometry": json.loads(geojson(*square(LON, LAT), hole))}))
    assert Area.read(area.geojson) == area
    assert shapely.get_num_coordinates(shapely.from_wkb(area.wkb)) <= MAX_VERTICES
    assert shapely.from_wkb(area.wkb).contains(shapely.Point(area.within))


# -- as the database has it -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_measured_is_what_the_database_measures_on_whole_shapes(tmp_path: Path) -> None:
    """Ours: cut out in degrees, measured by shapely. The oracle: whole shapes, all by PostGIS in the plane."""
    chance = random.Random(27218)
    zones = [
        zone(f"{row}-{column}", LON + column * 0.001, LAT + row * 0.001, use=str(1 + (row + column) % 2))
        for row in range(6)
        for column in range(6)
    ]
    taken_in(tmp_path, *zones)
    for _ in range(8):
        middle = chance.uniform(LON, LON + 0.006), chance.uniform(LAT, LAT + 0.006)
        corners = [
            [middle[0] + chance.uniform(0.0002, 0.002) * math.cos(one), middle[1] + 0.001 * math.sin(one)]
            for one in (0.2, 1.1, 2.0, 3.5, 4.4, 5.9)
        ]
        area = Area.read(geojson(corners))
        [found] = applies([ZONING], area, PLANE)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT properties->>'use', sum(ST_Area(ST_Intersection(ST_Transform(geom, 6674), area)))"
                " FROM layer_feature, (SELECT ST_Transform(ST_SetSRID(ST_GeomFromWKB(%s), 6668), 6674) AS area) AS here"
                " GROUP BY 1",
                [area.wkb],
            )
            oracle = dict(cursor.fetchall())
        ours = {one.hits[0].properties["use"]: one.m2 for one in found.parts}
        assert all(ours.get(use, 0) == pytest.approx(m2, abs=0.02) for use, m2 in oracle.items())
        assert sum(ours.values()) + found.rest * size(area, PLANE) == pytest.approx(size(area, PLANE), rel=1e-6)


@pytest.mark.django_db
def test_as_known_then_is_asked_again_by_its_editions(tmp_path: Path) -> None:
    first = taken_in(tmp_path, zone("1"), zone("2", LON + 0.001, use="2"))
    spots: list[Spot] = [
        Area.read(geojson(*square(LON + 0.0005, LAT + 0.0002, 0.0006))),
        Where(LON + 0.0005, LAT + 0.0005),
    ]
    day = DAY + dt.timedelta(days=3)
    then = [[record(one) for one in applies([ZONING], spot, PLANE, on=day)] for spot in spots]
    taken_in(tmp_path, zone("1", far=400), zone("3", LON + 0.002), day=DAY + dt.timedelta(days=1))  # known too late
    wrong = Edition.objects.create(layer=ZONING.code, number=3, as_of=DAY + dt.timedelta(days=1))
    Feature.objects.filter(layer=ZONING.code, key="1").update(dropped_in=wrong)
    now = [[record(one) for one in applies([ZONING], spot, PLANE, on=day)] for spot in spots]
    again = [
        [record(one) for one in applies([ZONING], spot, PLANE, on=day, known={ZONING.code: first.number})]
        for spot in spots
    ]
    assert again == then != now
    assert applies([ZONING], spots[1], PLANE, on=day, known={}) == []


@pytest.mark.django_db
def test_before_the_first_edition_nothing_is_known(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    for spot in (Where(LON + 0.01, LAT), Area.read(geojson(*square(LON, LAT)))):
        [found] = applies([ZONING], spot, PLANE, on=DAY - dt.timedelta(days=1))
        assert (found.verdict, found.why) == ("unknown", "no_data")


@pytest.mark.django_db
def test_nobody_is_told_of_an_area_what_is_not_for_them(tmp_path: Path) -> None:
    """Two zones that differ in what only the section reads are one to everybody else: not even the border is told."""
    one, other = zone("1"), zone("2", LON + 0.001)
    other["properties"]["memo"] = "別の覚え"
    taken_in(tmp_path, one, other)
    area = Area.read(geojson(*square(LON + 0.0007, LAT + 0.0002, 0.0006)))
    clerk = Actor("staff", uuid7(), sections=frozenset({"city-planning"}))
    colleague = Actor("staff", uuid7(), sections=frozenset({"children"}))
    for actor, parts in ((Actor("visitor"), 1), (Actor("resident", uuid7()), 1), (colleague, 1), (clerk, 2)):
        [found] = applies([ZONING], area, PLANE, reader=reader_of(actor))
        assert len(found.parts) == parts
        assert ("覚え" in json.dumps(record(found), ensure_ascii=False)) is (actor is clerk)
    hidden = replace(ZONING, see="section")
    assert [len(applies([hidden], area, PLANE, reader=reader_of(one))) for one in (colleague, clerk)] == [0, 1]


# -- shelters and lots ------------------------------------------------------------------------------------------------

SHELTERS = replace(
    ZONING,
    code="test-shelters",
    shape="point",
    near=500.0,
    complete=False,
    attributes=(
        Attribute("id", LocalText("番号"), "text", "id", required=True),
        Attribute("flood", LocalText("洪水"), "yes_no", "flood"),
        Attribute("fire", LocalText("火事"), "yes_no", "fire"),
        Attribute("inside", LocalText("庁内"), "yes_no", "inside", see="staff"),
    ),
    sentences=Sentences(LocalText("{id}まで{distance}。")),
    hazards=("flood", "fire", "inside"),
)


@pytest.mark.django_db
def test_the_shelters_of_each_hazard_are_the_nearest_in_metres(tmp_path: Path) -> None:
    """In degrees the north would come first. There is none from fire; who may not know of a hazard is not told."""
    points = [
        feature([LON + 0.001, LAT], "Point", id="東", flood="1", fire="0", inside="1"),
        feature([LON, LAT + 0.00095], "Point", id="北", flood="1", fire="", inside="0"),
        feature([LON, LAT + 0.0001], "Point", id="近", flood="0", fire="0", inside="0"),
        *(
            feature([LON + 0.02 + n / 1000, LAT], "Point", id=f"遠{n}", flood="1", fire="", inside="0")
            for n in range(3)
        ),
    ]
    load(SHELTERS, read_file(SHELTERS, written(tmp_path, *points)), DAY, by=SYSTEM)
    found = {one.hazard.key: [hit.key for hit in one.hits] for one in shelters([SHELTERS], Where(LON, LAT), PLANE)}
    assert found == {"flood": ["東", "北", "遠0"], "fire": []}
    inside = {one.hazard.key for one in shelters([SHELTERS], Where(LON, LAT), PLANE, reader="staff")}
    assert inside == {"flood", "fire", "inside"}
    area = Area.read(geojson(*square(LON - 0.0005, LAT - 0.0005, 0.001)))
    [near, *_] = shelters([SHELTERS], area, PLANE)
    assert [round(hit.border) for hit in near.hits][:2] == [46, 50], "from the edge of an area"


@pytest.mark.django_db
def test_the_lot_under_a_point(tmp_path: Path) -> None:
    parcels = replace(
        ZONING,
        code="parcels",
        attributes=(
            Attribute("town", LocalText("町"), "text", "town"),
            Attribute("lot", LocalText("地番"), "text", "lot"),
        ),
        key=("town", "lot"),
        sentences=Sentences(LocalText("{town}{lot}"), LocalText("ない")),
    )
    load(
        parcels,
        read_file(parcels, written(tmp_path, feature(square(LON, LAT), town="谷川一丁目", lot="12-3"))),
        DAY,
        by=SYSTEM,
    )
    found = lot_at({"parcels": parcels}, Where(LON + 0.0005, LAT + 0.0005))
    assert found is not None
    assert found.name == "谷川一丁目12-3"
    assert size(found.area, PLANE) == pytest.approx(10_160, rel=0.01)
    assert lot_at({"parcels": parcels}, Where(LON + 0.5, LAT)) is None
    assert lot_at({}, Where(LON + 0.0005, LAT + 0.0005)) is None
    inside = replace(parcels, attributes=(parcels.attributes[0], replace(parcels.attributes[1], see="staff")))
    assert lot_at({"parcels": inside}, Where(LON + 0.0005, LAT + 0.0005)) is None
    assert lot_at({"parcels": inside}, Where(LON + 0.0005, LAT + 0.0005), reader="staff") is not None
