"""Times come from PostgreSQL as Django would read them."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection

from madoguchi.site.times import TimeLoader

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-11-30 09:05:07.123456+09", datetime(2026, 11, 30, 0, 5, 7, 123456, UTC)),
        ("2026-11-30 09:05:07.5Z", datetime(2026, 11, 30, 9, 5, 7, 500000, UTC)),
        ("0645-07-17 00:00:00+00", datetime(645, 7, 17, tzinfo=UTC)),
        ("9999-12-31 23:59:59.999999+00", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    ],
)
def test_a_moment_is_read_in_utc(said: str, moment: datetime) -> None:
    with connection.cursor() as cursor:
        assert cursor.connection.adapters.get_loader(1184, 0) is TimeLoader, "or it is not this one that is tested"
        cursor.execute("SELECT %s::timestamptz, NULL::timestamptz", [said])
        found, nothing = cursor.fetchone()
    assert (found, found.tzinfo, nothing) == (moment, UTC, None)


@pytest.mark.parametrize("said", ["infinity", "0044-03-15 00:00:00+00 BC", "10001-01-01 00:00:00+00"])
def test_what_python_cannot_say_is_refused_as_before(said: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [said])
        with pytest.raises(DataError):
            cursor.fetchone()
