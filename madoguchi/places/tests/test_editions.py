"""What hangs on the newest edition is asked in one go with which that is, and never answered by another."""

import datetime as dt
from pathlib import Path

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from madoguchi.ground.ids import uuid7
from madoguchi.places import features
from madoguchi.places.editions import by_newest, newest_edition
from madoguchi.places.features import Asked, Page
from madoguchi.places.models import Edition, Feature
from madoguchi.places.rules.crs import CRS84, offered
from madoguchi.places.rules.layer import STORED
from madoguchi.places.tests.test_layers import DAY, LAT, LON, ZONING, taken_in, zone

pytestmark = pytest.mark.django_db

SYSTEM = offered(6674)[CRS84]
LATER = DAY + dt.timedelta(days=365)


def page() -> tuple[Edition, Page] | None:
    asked = Asked(ZONING, "public", SYSTEM, 10, box=((LON, LAT, LON + 0.001, LAT + 0.001), SYSTEM))
    return by_newest(ZONING.code, lambda edition: features.page(asked, edition))


def test_a_page_knows_in_the_same_question_that_it_is_of_the_newest(tmp_path: Path) -> None:
    first = taken_in(tmp_path, zone("1"), layer=ZONING)
    assert newest_edition(ZONING.code) == first
    with CaptureQueriesContext(connection) as trips:
        found = page()
    assert found is not None
    assert (found[0], found[1].number) == (first, 1)
    assert len(trips) == 1


def test_what_came_in_meanwhile_is_what_is_answered(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), layer=ZONING)
    page()
    second = taken_in(tmp_path, zone("1", use="2"), layer=ZONING, day=LATER)
    found = page()
    assert found is not None
    assert found[0] == second
    assert '"use":"2"' in found[1].text.replace(" ", "")


def test_of_what_was_never_taken_in_there_is_no_page() -> None:
    assert page() is None


def test_an_edition_that_was_taken_back_answers_nothing(tmp_path: Path) -> None:
    """As where somebody reads within a command that ends in a fault."""
    before = transaction.savepoint()
    taken_in(tmp_path, zone("1"), layer=ZONING)
    assert page() is not None
    transaction.savepoint_rollback(before)
    assert page() is None


def back_to(savepoint: str) -> None:
    transaction.set_rollback(False)
    transaction.savepoint_rollback(savepoint)


def test_a_feature_is_of_editions_that_there_are(tmp_path: Path) -> None:
    """Of a whole statement at once, by the database itself."""
    edition = taken_in(tmp_path, zone("1"), zone("2"), layer=ZONING)
    standing = sorted(Feature.objects.values_list("key", "added_in_id", "valid_until", "dropped_in_id"))
    for told in ({"added_in_id": uuid7()}, {"dropped_in_id": uuid7()}, {"ended_in_id": uuid7(), "valid_until": LATER}):
        before = transaction.savepoint()
        with pytest.raises(IntegrityError, match="names an edition that there is not"):
            Feature.objects.update(**told)
        back_to(before)
    before = transaction.savepoint()
    one = Feature(layer=ZONING.code, key="3", properties={}, geom=Point(LON, LAT, srid=STORED), valid_from=DAY)
    one.added_in_id = uuid7()
    with pytest.raises(IntegrityError, match="names an edition that there is not"):
        one.save(force_insert=True)
    back_to(before)
    with pytest.raises(IntegrityError, match="features name this edition"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM layer_edition WHERE id = %s", [edition.pk])
    back_to(before)
    assert sorted(Feature.objects.values_list("key", "added_in_id", "valid_until", "dropped_in_id")) == standing
