"""Business days against the published holidays and against counting by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.calendar import JAPAN, Calendar, national_holidays

DAYS = st.dates(date(1950, 1, 1), date(2098, 12, 31))
ONE = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 1, 1), "元日"),
        (date(2026, 1, 2), "年末年始の休日"),
        (date(2026, 1, 3), "年末年始の休日"),
        (date(2026, 1, 5), None),
        (date(2025, 12, 28), "日曜日"),
        (date(2025, 12, 29), "年末年始の休日"),
        (date(2026, 5, 6), "振替休日"),
        (date(2026, 9, 22), "国民の休日"),
        (date(2026, 4, 29), "昭和の日"),
        (date(2026, 4, 30), None),
        (date(2026, 4, 4), "土曜日"),
        (date(2021, 7, 23), "スポーツの日"),  # moved for the Olympic Games
    ],
)
def test_known_days(day: date, why: str | None) -> None:
    assert JAPAN.why_closed(day) == why


def test_the_ten_days_of_the_enthronement() -> None:
    assert JAPAN.between(date(2019, 4, 26), date(2019, 5, 6)) == 0


def test_a_city_has_closed_days_of_its_own() -> None:
    founded = date(2026, 4, 1)
    city = Calendar(frozenset({founded}))
    assert city.why_closed(founded) == "市の休日"
    assert city.add(date(2026, 3, 31), 1) == date(2026, 4, 2)
    assert JAPAN.add(date(2026, 3, 31), 1) == founded


def test_over_the_golden_week() -> None:
    assert JAPAN.add(date(2026, 4, 28), 5) == date(2026, 5, 11)
    assert JAPAN.next_open(date(2026, 5, 3)) == date(2026, 5, 7)
    assert JAPAN.next_open(date(2026, 5, 7)) == date(2026, 5, 7)


@given(DAYS, st.integers(0, 40))
def test_adding_is_counting_open_days(day: date, n: int) -> None:
    def open_by_hand(each: date) -> bool:
        return (
            each.weekday() < 5
            and each not in national_holidays(each.year)
            and (each.month, each.day) not in {(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)}
        )

    following = [day + i * ONE for i in range(1, 120)]
    expected = [day, *(each for each in following if open_by_hand(each))][n]
    assert JAPAN.add(day, n) == expected
    assert JAPAN.between(day, expected) == n


@given(DAYS, st.integers(0, 60))
def test_between_is_additive(start: date, length: int) -> None:
    middle, end = start + timedelta(length // 2), start + timedelta(length)
    assert JAPAN.between(start, middle) + JAPAN.between(middle, end) == JAPAN.between(start, end)
    assert JAPAN.between(end, start) == -JAPAN.between(start, end)


def test_a_period_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="negative"):
        JAPAN.add(date(2026, 4, 1), -1)
