"""Dates as people write them, and ages as the law counts them."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from madoguchi.ground import wareki
from madoguchi.ground.errors import Invalid

DAYS = st.dates(date(1873, 1, 1), date(2117, 12, 31))
BIRTHS = st.dates(date(1900, 1, 1), date(2050, 12, 31))


@given(DAYS)
@example(date(1912, 7, 30))
@example(date(1926, 12, 25))
@example(date(1989, 1, 7))
@example(date(2019, 4, 30))
@example(date(2019, 5, 1))
def test_what_is_written_is_read_back(day: date) -> None:
    era = wareki.era_of(day)
    assert era is not None
    year = day.year - era.year_one() + 1
    written = [
        wareki.format_wareki(day),
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y/%m/%d}",
        f"{day:%Y-%m-%d}",
        f"{day:%Y%m%d}",
        f"{era.letter}{year}.{day.month}.{day.day}",
        f"{era.letter}{year:02}{day:%m%d}",
        f"{era.name[0]}{year}/{day.month}/{day.day}",
    ]
    full_width = [text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}) for text in written]
    assert {wareki.parse_date(text) for text in written + full_width} == {day}
    assert wareki.format_both(day).startswith(written[1])


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 4, 1), "令和8年4月1日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1873, 1, 1), "明治6年1月1日"),
        (date(1868, 1, 25), "1868年1月25日"),
    ],
)
def test_format_wareki(day: date, text: str) -> None:
    assert wareki.format_wareki(day) == text


def test_format_both() -> None:
    assert wareki.format_both(date(2026, 4, 1)) == "2026年4月1日（令和8年4月1日）"
    assert wareki.format_both(date(1850, 4, 1)) == "1850年4月1日"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("昭和65年1月1日", "date-era"),
        ("平成31年5月1日", "date-era"),
        ("令和元年4月30日", "date-era"),
        ("大正15年12月26日", "date-era"),
        ("2026年2月29日", "date-impossible"),
        ("令和8年13月1日", "date-impossible"),
        ("2026/4/31", "date-impossible"),
        ("00000000", "date-impossible"),
        ("令和0年1月1日", "date-impossible"),
        ("2026年4月", "date-partial"),
        ("令和8年", "date-partial"),
        ("2026-04", "date-partial"),
        ("明治5年12月2日", "date-too-early"),
        ("1872-12-31", "date-too-early"),
        ("8.4.1", "date-form"),
        ("26/4/1", "date-form"),
        ("きのう", "date-form"),
        ("", "date-form"),
        ("2026年4月1日より前", "date-form"),
        ("١٤٤٧/٩/١", "date-form"),
        ("令和8年4月1日\x00", "date-form"),
    ],
)
def test_refused_dates(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        wareki.parse_date(text)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("text", "reading"),
    [("昭和65年1月1日", "平成2年"), ("平成31年5月1日", "令和元年"), ("平成元年1月7日", "昭和64年")],
)
def test_a_year_past_its_era_is_given_its_right_reading(text: str, reading: str) -> None:
    with pytest.raises(Invalid, match=reading):
        wareki.parse_date(text)


def test_the_day_of_a_change_belonged_to_both_eras_until_showa() -> None:
    assert wareki.parse_date("明治45年7月30日") == wareki.parse_date("大正元年7月30日") == date(1912, 7, 30)
    assert wareki.parse_date("㋿元年5月1日") == date(2019, 5, 1)


@given(st.text(max_size=12))
def test_nothing_else_breaks_it(text: str) -> None:
    try:
        day = wareki.parse_date(text)
    except Invalid:
        return
    assert day >= date(1873, 1, 1)


@given(BIRTHS, st.integers(0, 120))
@example(date(2004, 2, 29), 1)
@example(date(2004, 2, 29), 4)
@example(date(2004, 3, 1), 4)
def test_an_age_is_reached_the_day_before_it_is_had(birth: date, years: int) -> None:
    reached = wareki.reaches_age_on(birth, years)
    assert wareki.age_on(birth, reached) == years - 1
    assert wareki.age_on(birth, reached + timedelta(days=1)) == years


@given(BIRTHS, st.integers(0, 100 * 366))
@example(date(2008, 4, 1), 6574)
@example(date(2008, 4, 2), 6574)
def test_the_end_of_the_fiscal_year_is_the_laws(birth: date, days: int) -> None:
    on = birth + timedelta(days)
    for years in (3, 6, 18, 22):
        reached = wareki.reaches_age_on(birth, years)
        last = date(reached.year + (reached > date(reached.year, 3, 31)), 3, 31)  # 達する日以後の最初の3月31日
        assert (wareki.age_at_fiscal_year_end(birth, on) <= years) == (on <= last)


@pytest.mark.parametrize(
    ("birth", "on", "age", "at_year_end"),
    [
        (date(2008, 4, 1), date(2026, 3, 31), 17, 18),  # 早生まれ: reaches 18 on 31 March
        (date(2008, 4, 1), date(2026, 4, 1), 18, 19),
        (date(2008, 4, 2), date(2026, 4, 1), 17, 18),
        (date(2004, 2, 29), date(2026, 2, 28), 21, 22),
        (date(2004, 2, 29), date(2026, 3, 1), 22, 22),
        (date(2026, 6, 1), date(2026, 4, 1), -1, 0),
    ],
)
def test_ages(birth: date, on: date, age: int, at_year_end: int) -> None:
    assert (wareki.age_on(birth, on), wareki.age_at_fiscal_year_end(birth, on)) == (age, at_year_end)


def test_fiscal_years() -> None:
    assert [wareki.fiscal_year(date(2026, month, 1)) for month in (1, 3, 4, 12)] == [2025, 2025, 2026, 2026]
