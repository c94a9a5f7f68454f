"""What is kept in memory answers as the database does, and only for the edition that stands."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madoguchi.ground import clock
from madoguchi.places import kept, telling
from madoguchi.places.queries import Where, applies, told_at
from madoguchi.places.rules.layer import Layer
from madoguchi.places.tests.test_areas import SHELTERS
from madoguchi.places.tests.test_layers import DAY, LAT, LON, PLANE, ZONING, feature, taken_in, zone

pytestmark = pytest.mark.django_db

LINES = replace(ZONING, code="test-lines", shape="line", near=120.0, most=2)
LAYERS = (ZONING, LINES, SHELTERS)
#: Degrees around the features, some of them on a border of a zone.
EAST = st.one_of(st.sampled_from([LON, LON + 0.001, LON + 0.002]), st.floats(LON - 0.003, LON + 0.005))
NORTH = st.one_of(st.sampled_from([LAT, LAT + 0.001]), st.floats(LAT - 0.003, LAT + 0.004))


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    kept._asked.clear()
    with patch.object(kept, "_index", kept.Index(dt.date.min, {})):
        yield


@pytest.fixture
def city(tmp_path: Path) -> Path:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.001, use="2"), zone("3", LON + 0.002), layer=ZONING)
    lines = [
        feature(
            [[LON, LAT + north], [LON + 0.002, LAT + north + 0.001]], "LineString", id=f"{at}", use="1", far=at, memo=""
        )
        for at, north in enumerate((0.0, 0.0005, 0.002))
    ]
    taken_in(tmp_path, *lines, layer=LINES)
    points = [
        feature(
            [LON + 0.0004 * at + 0.000013 * at * at, LAT + 0.001],
            "Point",
            id=f"{at}",
            flood=f"{at % 2}",
            fire="1",
            inside="1",
        )
        for at in range(9)
    ]
    taken_in(tmp_path, *points, layer=SHELTERS)
    return tmp_path


def told(at: Where, layers: Sequence[Layer] = LAYERS) -> Any:
    """The answers, with metres as far as two ways of reckoning agree: on a border they differ by what rounding is."""
    found, sheltered = told_at(layers, at, PLANE).answer()
    answers = [
        (
            one.layer.code,
            (one.verdict, one.why, one.edition, one.as_of),
            sorted((round(hit.border, 5), hit.key, hit.inside, dict(hit.properties)) for hit in one.hits),
        )
        for one in found
    ]
    near = [(one.hazard.key, [(hit.key, hit.inside, round(hit.border, 5)) for hit in one.hits]) for one in sheltered]
    return answers, near


def by_database(at: Where, layers: Sequence[Layer] = LAYERS) -> Any:
    with patch.object(telling, "index", lambda *_: None), patch.object(telling, "was_asked", lambda *_: None):
        return told(at, layers)


def keep(*layers: Layer) -> None:
    for _ in range(kept.OFTEN + 1):
        told(Where(LON, LAT), layers)
    assert held().issuperset(one.code for one in layers)


def held() -> set[str]:
    found = kept.index(clock.today())
    return set() if found is None else {*found.editions}


@pytest.mark.usefixtures("city")
def test_the_same_is_answered_wherever_one_stands() -> None:
    keep(*LAYERS)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(EAST, NORTH)
    def same(lon: float, lat: float) -> None:
        assert told(Where(lon, lat)) == by_database(Where(lon, lat))

    same()


@pytest.mark.usefixtures("city")
def test_what_is_kept_is_not_looked_up() -> None:
    with CaptureQueriesContext(connection) as before:
        applies([ZONING], Where(LON, LAT), PLANE)
    keep(ZONING)
    with CaptureQueriesContext(connection) as after, patch.object(kept.Index, "near", lambda *_: {ZONING.code: []}):
        [one] = applies([ZONING], Where(LON + 0.0005, LAT + 0.0005), PLANE)
    assert len(before) == len(after) == 1
    assert one.verdict != "applies", "what stands there is in memory alone"


def test_another_edition_is_answered_from_at_once(city: Path) -> None:
    keep(*LAYERS)
    at, later = Where(LON + 0.0005, LAT + 0.0005), DAY + dt.timedelta(days=365)
    before = told(at)
    taken_in(city, zone("1", use="2"), zone("4", LON + 0.003), layer=ZONING, day=later, anyhow=True)
    point = feature([LON, LAT], "Point", id="neu", flood="1", fire="0", inside="1")
    taken_in(city, point, layer=SHELTERS, day=later, anyhow=True)
    assert told(at) == by_database(at) != before
    keep(*LAYERS)
    assert told(at) == by_database(at)


@pytest.mark.usefixtures("city")
def test_as_it_was_and_to_an_area_the_database_answers() -> None:
    keep(*LAYERS)
    at, first = Where(LON + 0.0005, LAT + 0.0005), DAY - dt.timedelta(days=1)
    with patch.object(kept.Index, "near", side_effect=AssertionError):
        assert applies([ZONING], at, PLANE, on=first)[0].why == "no_data"
        assert applies([ZONING], at, PLANE, known={ZONING.code: 1})[0].edition == 1


@pytest.mark.usefixtures("city")
def test_another_day_is_kept_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(ZONING)
    at, now = Where(LON + 0.0005, LAT + 0.0005), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(days=1))
    assert held() == set()
    assert told(at) == by_database(at)
    keep(ZONING)
    assert held() == {ZONING.code}


@pytest.mark.usefixtures("city")
def test_what_is_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    for _ in range(kept.OFTEN + 1):
        told(Where(LON, LAT), [ZONING])
    assert held() == set()
    with CaptureQueriesContext(connection) as asked:
        for _ in range(kept.OFTEN + 1):
            applies([ZONING], Where(LON, LAT), PLANE)
    assert len(asked) == kept.OFTEN + 1, "nor read again and again"
