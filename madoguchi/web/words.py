"""Days, times and refusals in the reader's language; used by views and templates alike."""

import datetime as dt

from django.utils.translation import get_language, gettext

from madoguchi.ground.clock import TOKYO
from madoguchi.ground.errors import Problem, Refused, fill
from madoguchi.ground.languages import LocalText

_WEEKDAYS = "月火水木金土日"


def language() -> str:
    """The language of this answer: ja, ja-simple or en."""
    return get_language() or "ja"


def said(text: LocalText | None) -> str:
    """A text of the catalogue in the reader's language."""
    return text.get_for(language()) if text is not None else ""


def words(refusal: Refused | Problem) -> str:
    """A refusal or a problem in the reader's language, its places filled; words among the params, too."""
    params = {
        name: gettext(value) if isinstance(value, str) and value else value for name, value in refusal.params.items()
    }
    return fill(gettext(refusal.message), params)


def local(moment: dt.datetime | dt.date) -> dt.datetime | dt.date:
    """A moment on the clock of the city (Asia/Tokyo); a day is a day."""
    return moment.astimezone(TOKYO) if isinstance(moment, dt.datetime) else moment


def day_words(moment: dt.datetime | dt.date) -> str:
    """「2026年11月30日（月）」."""
    day = local(moment)
    if language() == "en":
        return f"{day:%a} {day.day} {day:%B} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"


def short_day_words(moment: dt.datetime | dt.date) -> str:
    """「11月30日（月）」, where the year goes without saying."""
    day = local(moment)
    if language() == "en":
        return f"{day:%a} {day.day} {day:%B}"
    return f"{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"


def time_words(moment: dt.datetime) -> str:
    """「14:03」, Asia/Tokyo."""
    return f"{moment.astimezone(TOKYO):%H:%M}"
