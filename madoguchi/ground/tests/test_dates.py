"""Days, months and lists in the language of whoever reads."""

from datetime import date

import pytest

from madoguchi.ground.dates import format_date, format_day, format_month, format_short_day, listed
from madoguchi.ground.languages import READ

DAY = date(2026, 4, 1)


@pytest.mark.parametrize(
    ("language", "day", "month", "list_"),
    [
        ("ja", "2026年4月1日（令和8年4月1日）", "2026年4月", "白、茶"),
        ("ja-simple", "2026年4月1日（令和8年4月1日）", "2026年4月", "白、茶"),
        ("en", "1 April 2026", "April 2026", "白, 茶"),
        ("zh-hans", "2026年4月1日", "2026年4月", "白、茶"),
        ("ko", "2026년 4월 1일", "2026년 4월", "白, 茶"),
        ("vi", "1/4/2026", "tháng 4/2026", "白, 茶"),
        ("pt", "1 de abril de 2026", "abril de 2026", "白, 茶"),
    ],
)
def test_in_each_language(language: str, day: str, month: str, list_: str) -> None:
    assert (format_date(DAY, language), format_month(DAY, language), listed("白茶", language)) == (day, month, list_)


def test_weekday_and_day_are_those_of_the_calendar() -> None:
    said = {one: (format_day(DAY, one), format_short_day(DAY, one)) for one in READ}
    assert said["ja"] == ("2026年4月1日（水）", "4月1日（水）")
    assert said["pt"] == ("quarta-feira, 1 de abril de 2026", "quarta-feira, 1 de abril")
    assert len({day for day, _ in said.values()}) == len(READ) - 1, "やさしい日本語 is Japanese"
