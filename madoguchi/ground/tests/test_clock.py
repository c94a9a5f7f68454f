"""The clock stands still where it is told to, and a day is a day in Japan."""

from datetime import UTC, date, datetime, timedelta

import pytest

from madoguchi.ground import clock


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_travel_nests_and_returns() -> None:
    with clock.travel(date(2026, 4, 1)) as noon:
        assert clock.now() == noon == datetime(2026, 4, 1, 3, tzinfo=UTC)
        with clock.travel(datetime(2026, 3, 31, 15, 0, tzinfo=UTC)):
            assert clock.today() == date(2026, 4, 1)
        assert clock.now() == noon
    assert clock.now() > noon or clock.now().year < 2026


def test_one_second_before_midnight_in_japan() -> None:
    with clock.travel(datetime(2026, 3, 31, 14, 59, 59, tzinfo=UTC)):
        assert clock.today() == date(2026, 3, 31)


def test_a_naive_moment_is_refused() -> None:
    naive = datetime(2026, 4, 1)  # noqa: DTZ001 -- the mistake under test
    with pytest.raises(ValueError, match="naive"), clock.travel(naive):
        pass
    with pytest.raises(ValueError, match="naive"):
        clock.day_of(naive)
