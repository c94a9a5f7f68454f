"""A layer that is counted from cases: what of them gets out, and what no edition, layer or query lets be known."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from madoguchi.cases import jobs
from madoguchi.cases.actions import computing
from madoguchi.cases.models import Case
from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.ground.errors import Stale
from madoguchi.ground.ids import new_reference
from madoguchi.people.models import Person
from madoguchi.places.actions import load
from madoguchi.places.models import Edition, Feature
from madoguchi.places.queries import Where, applies
from madoguchi.places.reading import read_file
from madoguchi.places.tests.test_layers import LAT, LON, feature, square, written
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

LAYER = procedures.layers()["dog-registrations"]
#: 町字IDs of 住道一丁目, 住道二丁目.
ONE, TWO = "0001001", "0001002"
AUGUST = dt.datetime(2026, 8, 20, 12, tzinfo=clock.TOKYO)
OCTOBER = dt.date(2026, 10, 5)


@pytest.fixture
def towns(tmp_path: Path) -> None:
    """Two towns side by side, and a shape that is no town of the city."""
    layer = procedures.layers()["towns"]

    def area(code: str, name: str, west: float) -> dict[str, Any]:
        said: dict[str, Any] = {
            "key_code": code,
            "name": name,
            "pop_2015": 500,
            "households_2015": 200,
            "code": "27218",
        }
        return feature(square(west, LAT, 0.01), **said)

    shapes = [area("1", "住道１丁目", LON), area("2", "住道２丁目", LON + 0.01), area("3", "水面", LON + 0.02)]
    load(layer, read_file(layer, written(tmp_path, *shapes)), layer.source.as_of, by=SYSTEM)


def asked(procedure: Procedure, town: str, count: int, at: dt.datetime = AUGUST, person: Person | None = None) -> None:
    """So many requests of as many people, or all of one."""
    for _ in range(count):
        Case.objects.create(
            procedure=procedure,
            person=person or Person.objects.create(),
            number=new_reference(at.year),
            received_at=at,
            opened_at=at,
            due_on=at.date(),
            section="environment",
            town=town,
        )


def said(day: dt.date = OCTOBER) -> dict[str, tuple[str, int]]:
    """What the layer says of each town on a day, as everything that serves features reads it."""
    rows = Feature.objects.filter(layer=LAYER.code, valid_from__lte=day, dropped_in=None)
    now = [one for one in rows if one.valid_until is None or one.valid_until > day]
    return {one.key: (one.properties["people"], one.properties["at_least"]) for one in now}


def test_persons_are_counted_rounded_down_and_below_ten_nothing_is_said(
    published: dict[str, Procedure], towns: None
) -> None:
    dog = published["dog-registration"]
    asked(dog, ONE, 23)
    asked(dog, TWO, 3)
    asked(dog, TWO, 9, person=Person.objects.create())  # one person, however often
    asked(dog, TWO, 8, at=AUGUST - dt.timedelta(days=60))  # before the period
    asked(published["child-allowance-claim"], TWO, 9)  # another procedure
    with clock.travel(OCTOBER):
        edition = computing.count_layer(LAYER, by=SYSTEM)
        [answer] = applies([replace(LAYER, told=True)], Where(LON + 0.015, LAT + 0.005), 6674)
    assert said() == {ONE: ("20–29", 20), TWO: ("0–9", 0)}
    assert answer.sentence("ja", LAYER.seen_by("public")) == (
        "住道二丁目で2026年7月1日（水）から2026年9月30日（水）までに犬の登録を申請した人は、0–9人です（10人ごとに切り捨て）。"
    )
    assert edition.as_of == dt.date(2026, 10, 1)
    assert Event.objects.get(verb="layer.count").data == {
        "layer": LAYER.code,
        "edition": 1,
        "procedures": ["dog-registration"],
        "since": "2026-07-01",
        "until": "2026-10-01",
    }
    stored = json.dumps(list(Feature.objects.filter(layer=LAYER.code).values("properties", "key", "digest")))
    assert "23" not in stored.replace("0.0", ""), "nothing but what is published is kept"


def test_what_came_later_changes_no_edition_and_the_next_has_other_cases(
    published: dict[str, Procedure], towns: None
) -> None:
    """Two editions that differ by one person would tell where that person lives."""
    dog = published["dog-registration"]
    asked(dog, ONE, 9)
    with clock.travel(OCTOBER):
        computing.count_layer(LAYER, by=SYSTEM)
        asked(dog, ONE, 1)  # found in a drawer: the tenth
        with pytest.raises(Stale):
            computing.count_layer(LAYER, by=SYSTEM)
        assert jobs.count_layers() == 0
    assert Edition.objects.filter(layer=LAYER.code).count() == 1
    assert said()[ONE] == ("0–9", 0)
    asked(dog, ONE, 4, at=AUGUST + dt.timedelta(days=90))
    with clock.travel(dt.date(2027, 1, 4)):
        jobs.count_layers()
    assert said(dt.date(2027, 1, 4))[ONE] == ("0–9", 0), "4 of the next period, not 14 of both"
    assert said()[ONE] == ("0–9", 0), "as it was"
    assert Edition.objects.filter(layer=LAYER.code).count() == 2


@pytest.mark.parametrize(
    ("counts", "next_time", "then"),
    [
        ({}, dt.date(2027, 1, 4), 12),  # by another name alone
        ({"procedures": ("child-allowance-claim", "dog-registration")}, dt.date(2027, 1, 4), 12),
        ({"period": "year"}, dt.date(2028, 4, 3), 0),  # the year to which what was published belongs is left out
    ],
)
def test_what_one_layer_published_no_other_counts_again(
    counts: dict[str, Any], next_time: dt.date, then: int, published: dict[str, Procedure], towns: None
) -> None:
    """Else the difference of the two figures, of one period, would be whoever was protected between the two days."""
    assert LAYER.counted is not None
    renamed = replace(LAYER, code="dogs-by-town", counted=replace(LAYER.counted, **counts))
    dog, hidden = published["dog-registration"], Person.objects.create()
    asked(dog, ONE, 9)
    asked(dog, ONE, 1, person=hidden)
    with clock.travel(OCTOBER):
        computing.count_layer(LAYER, by=SYSTEM)
        features = list(Feature.objects.values_list("pk", flat=True))
        state(hidden, {("person.confidential", ""): True}, Source.STAFF, by=SYSTEM)
    for day in (OCTOBER, next_time - dt.timedelta(days=40)):
        with clock.travel(day):
            assert not computing.is_due(renamed)
            with pytest.raises(Stale):
                computing.count_layer(renamed, by=SYSTEM)
    assert list(Feature.objects.values_list("pk", flat=True)) == features
    assert not Edition.objects.filter(layer=renamed.code).exists()
    asked(dog, ONE, 12, at=AUGUST + dt.timedelta(days=90))
    with clock.travel(next_time):
        computing.count_layer(renamed, by=SYSTEM)
    [figure] = Feature.objects.filter(layer=renamed.code, key=ONE)
    assert figure.properties["at_least"] == then // 10 * 10, "the next period alone"


def test_nobody_protected_is_counted(published: dict[str, Procedure], towns: None) -> None:
    dog = published["dog-registration"]
    hidden = Person.objects.create()
    state(hidden, {("person.confidential", ""): True}, Source.STAFF, by=SYSTEM)
    asked(dog, ONE, 9)
    asked(dog, ONE, 1, person=hidden)
    with clock.travel(OCTOBER):
        computing.count_layer(LAYER, by=SYSTEM)
    assert said()[ONE] == ("0–9", 0)


def test_without_towns_nothing_is_counted_and_nothing_is_left_behind(published: dict[str, Procedure]) -> None:
    asked(published["dog-registration"], ONE, 12)
    with clock.travel(OCTOBER):
        with pytest.raises(Stale):
            computing.count_layer(LAYER, by=SYSTEM)
        assert jobs.count_layers() == 0
    assert not Edition.objects.filter(layer=LAYER.code).exists()
    assert not Feature.objects.exists()
