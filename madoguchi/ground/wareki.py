"""Japanese dates as people write and read them, ages and fiscal years as laws count them.

和暦 is a way of writing, never of storing: everything here goes from or to `datetime.date`.
Eras by 元号法 and the ordinances on the change of era;
Gregorian dates begin with 明治6年1月1日 (明治5年太政官布告第337号).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import Final, NamedTuple

from madoguchi.ground.errors import Invalid


class Era(NamedTuple):
    """An era (元号): its name, its letter on forms, its first day, the last day written in it."""

    name: str
    letter: str
    first: date
    last: date

    def year_one(self) -> int:
        """The Gregorian year that is 元年."""
        return 1868 if self.letter == "M" else self.first.year


# The day of a change belonged to both eras until 昭和; since 平成 the new era begins at midnight.
ERAS: Final = (
    Era("令和", "R", date(2019, 5, 1), date.max),
    Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    Era("大正", "T", date(1912, 7, 30), date(1926, 12, 25)),
    Era("明治", "M", date(1873, 1, 1), date(1912, 7, 30)),
)
_BY_SIGN: Final = {sign: era for era in ERAS for sign in (era.name, era.name[0], era.letter)}

_FORM: Final = re.compile(
    r"""(?:(?P<era>令和|平成|昭和|大正|明治|[令平昭大明RHSTM])(?P<era_year>元|\d{1,2})|(?P<year>\d{4}))
        (?:年|[-./])
        (?:(?P<month>\d{1,2})(?:月(?:(?P<day>\d{1,2})日)?|(?:[-./](?P<day2>\d{1,2}))?))?$""",
    re.VERBOSE | re.ASCII,
)
_COMPACT: Final = re.compile(
    r"(?:(?P<year>\d{4})|(?P<era>[RHSTM])(?P<era_year>\d{2}))(?P<month>\d{2})(?P<day>\d{2})(?P<day2>)$",
    re.ASCII,
)
_SEPARATORS: Final = str.maketrans({"‐": "-", "‑": "-", "–": "-", "−": "-", "ー": "-", "・": ".", "。": "."})


def _year_text(era: Era, year: int) -> str:
    number = year - era.year_one() + 1
    return f"{era.name}{'元' if number == 1 else number}年"


def era_of(day: date) -> Era | None:
    """The era in which a day is written; None before 明治6年1月1日, when the calendar was another."""
    return next((era for era in ERAS if day >= era.first), None)


def format_wareki(day: date) -> str:
    """`令和8年4月1日`, `令和元年5月1日`. Days before 1873, which 和暦 wrote in another calendar, come out as 西暦."""
    era = era_of(day)
    year = _year_text(era, day.year) if era else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def format_both(day: date) -> str:
    """`2026年4月1日（令和8年4月1日）`."""
    western = f"{day.year}年{day.month}月{day.day}日"
    return f"{western}（{format_wareki(day)}）" if era_of(day) else western


def parse_date(text: str) -> date:
    """A day from how people write it: `2026年4月1日`, `2026/4/1`, `20260401`, `令和8年4月1日`, `R8.4.1`,
    `R080401`, with ㋿, full or half width, with or without spaces. From 1873 on.

    Raises Invalid `date-form` (not a date), `date-partial` (day or month missing), `date-impossible` (2月30日),
    `date-era` (昭和65年: the message says which year it is), `date-too-early` (before 明治6年).
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper().translate(_SEPARATORS)
    found = _FORM.match(plain) or _COMPACT.match(plain)
    if not found:
        raise Invalid(
            "date-form", "日付として読めません。「2026年4月1日」「令和8年4月1日」「2026/4/1」のように入力してください。"
        )
    month, day = found["month"], found["day"] or found["day2"]
    if not (month and day):
        raise Invalid("date-partial", "年・月・日のすべてを入力してください。")
    era = _BY_SIGN[found["era"]] if found["era"] else None
    if era:
        number = 1 if found["era_year"] == "元" else int(found["era_year"])
        year = era.year_one() + number - 1
        if number == 0:
            raise Invalid("date-impossible", "0年はありません。最初の年は「元年」か「1年」と入力してください。")
    else:
        year = int(found["year"])
    try:
        result = date(year, int(month), int(day))
    except ValueError:
        raise Invalid("date-impossible", "その日はカレンダーにありません。月と日をお確かめください。") from None
    if result < ERAS[-1].first:
        raise Invalid("date-too-early", "1873年（明治6年）1月1日より前の日付は入力できません。")
    if era and not era.first <= result <= era.last:
        right = era_of(result)
        assert right is not None  # not before 1873
        raise Invalid(
            "date-era",
            "%(era)sにその日はありません。%(reading)sと入力してください。",
            {"era": era.name, "reading": _year_text(right, result.year)},
        )
    return result


def reaches_age_on(birth: date, years: int) -> date:
    """The day on which someone reaches an age (…歳に達する日): the day *before* the birthday.

    年齢計算ニ関する法律 counts the day of birth, 民法143条2項 ends a year of life the day before it returns; whoever
    was born on 29 February reaches it on 28 February.
    """
    year = birth.year + years
    if (birth.month, birth.day) == (2, 29):
        return date(year, 2, 28)
    return date(year, birth.month, birth.day) - timedelta(days=1)


def age_on(birth: date, on: date) -> int:
    """Completed years of life (満年齢) during a day: one more from the birthday on.

    The convention of forms and tables ("age < 3"): the birthday is the first day of the new age. The law's
    …歳に達する日 is one day earlier, see `reaches_age_on`. Born on 29 February: one more from 1 March in a common
    year. Negative before birth.
    """
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def fiscal_year(day: date) -> int:
    """The 年度 of a day: it begins on 1 April (地方自治法208条, 学校教育法施行規則59条)."""
    return day.year - (day.month < 4)


def age_at_fiscal_year_end(birth: date, on: date) -> int:
    """The age reached by 31 March of the fiscal year of `on`; reached on the 達する日, the day before the birthday.

    So `age_at_fiscal_year_end(b, on) <= 18` says that `on` is not after 「18歳に達する日以後の最初の3月31日」
    (児童手当法3条1項), and who is born on 1 April counts with those born in the March before (早生まれ).
    """
    return fiscal_year(on) + 1 - birth.year - ((birth.month, birth.day) > (4, 1))
