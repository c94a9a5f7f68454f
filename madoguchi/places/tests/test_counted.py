"""What can be told from figures by town: attacked by whoever knows the rule, all figures and the exact total."""

import datetime as dt
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.errors import Invalid
from madoguchi.places.rules.counted import Counted, Period, band, rounded

DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31))


def worlds(shown: dict[str, int], total: int, threshold: int) -> list[dict[str, int]]:
    """Every way in which it may be, to whoever sees the figures and knows the total."""
    ranges = (range(figure, figure + threshold) for figure in shown.values())
    return [dict(zip(shown, one, strict=True)) for one in product(*ranges) if sum(one) == total]


@given(st.data(), st.integers(2, 5), st.integers(2, 5))
def test_neither_a_small_number_nor_that_anybody_is_there_follows_from_the_total(
    data: st.DataObject, threshold: int, towns: int
) -> None:
    counts = {f"t{number}": data.draw(st.integers(0, 3 * threshold)) for number in range(towns)}
    total = sum(counts.values())
    try:
        shown = rounded(counts, threshold)
    except Invalid:
        there = {town: count // threshold * threshold for town, count in counts.items()}
        proved = [all(one[town] > there[town] for one in worlds(there, total, threshold)) for town in counts]
        assert any(proved), "refused where nothing would have been told"
        return
    possible = worlds(shown, total, threshold)
    assert counts in possible, "what is published is true"
    for town, figure in shown.items():
        values = {one[town] for one in possible}
        assert figure % threshold == 0
        if figure == 0:
            assert 0 in values, "somebody is there"
            assert values == {0} or len(values) > 1, "how many are there"
        if values == {0} and len(values) == 1 and figure == 0:
            assert total == sum(shown.values()), "known empty only where nothing was rounded off at all"


def test_one_town_alone_is_its_own_total() -> None:
    with pytest.raises(Invalid):
        rounded({"t": 25}, 10)


@given(st.sampled_from(["month", "quarter", "year"]), DAYS, DAYS)
def test_periods_are_over_and_never_overlap(period: Period, one: dt.date, other: dt.date) -> None:
    what = Counted("applicants", ("x",), period, dt.date(2000, 1, 1), 10)
    found = sorted({latest for day in (one, other) if (latest := what.latest(day)) is not None})
    assert all(until <= max(one, other) for _, until in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("period", "today", "since", "until"),
    [
        ("month", dt.date(2026, 1, 31), dt.date(2025, 12, 1), dt.date(2026, 1, 1)),
        ("quarter", dt.date(2026, 7, 1), dt.date(2026, 4, 1), dt.date(2026, 7, 1)),
        ("quarter", dt.date(2026, 6, 30), dt.date(2026, 1, 1), dt.date(2026, 4, 1)),
        ("year", dt.date(2026, 3, 31), dt.date(2024, 4, 1), dt.date(2025, 4, 1)),
        ("year", dt.date(2026, 4, 1), dt.date(2025, 4, 1), dt.date(2026, 4, 1)),
    ],
)
def test_the_last_period_that_is_over(period: Period, today: dt.date, since: dt.date, until: dt.date) -> None:
    what = Counted("applicants", ("x",), period, dt.date(2020, 4, 1), 10)
    assert what.latest(today) == (since, until)


def test_nothing_is_counted_from_before_the_first_day() -> None:
    what = Counted("applicants", ("x",), "quarter", dt.date(2026, 4, 15), 10)
    assert what.latest(dt.date(2026, 7, 1)) is None
    assert what.latest(dt.date(2026, 10, 1)) == (dt.date(2026, 7, 1), dt.date(2026, 10, 1))


def test_a_range_in_words() -> None:
    assert (band(0, 10), band(20, 10)) == ("0–9", "20–29")
