"""Days, times, refusals and texts of the catalogue in the reader's language; used by views and templates alike."""

import datetime as dt
from typing import Final

from django.utils.html import conditional_escape
from django.utils.translation import get_language, gettext

from madoguchi.ground.clock import TOKYO
from madoguchi.ground.dates import format_day, format_short_day
from madoguchi.ground.errors import Problem, Refused, fill
from madoguchi.ground.languages import LocalText, tag

#: Around a text of another language, from the template to the finished page (``web.annotating``): private-use
#: characters, which nobody can type (``ground.text`` refuses them).
OPEN: Final = "\uf8f0"
NAMED: Final = "\uf8f1"
CLOSE: Final = "\uf8f2"


def mark(safe: str, language: str) -> str:
    """HTML-safe text of another language, for ``web.annotating`` to wrap."""
    return f"{OPEN}{language}{NAMED}{safe}{CLOSE}"


def language() -> str:
    """The language of this answer, one of ``ground.languages.READ``."""
    return get_language() or "ja"


class Said(str):
    """A text of the catalogue that knows its language. Where that is not the page's, the page says so (``lang``)."""

    __slots__ = ("language",)
    language: str

    def __html__(self) -> str:
        """Django asks for this where the text is put into a page."""
        safe = conditional_escape(str(self))
        return safe if tag(self.language) == tag(language()) else mark(safe, tag(self.language))


def said(text: LocalText | None) -> str:
    """A text of the catalogue in the reader's language, or in the nearest that there is."""
    if text is None:
        return ""
    spoken = Said(text.get_for(language()))
    spoken.language = text.language_for(language())
    return spoken


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
    return format_day(day, language())


def short_day_words(moment: dt.datetime | dt.date) -> str:
    """「11月30日（月）」, where the year goes without saying."""
    return format_short_day(local(moment), language())


def time_words(moment: dt.datetime) -> str:
    """「14:03」, Asia/Tokyo."""
    return f"{moment.astimezone(TOKYO):%H:%M}"
