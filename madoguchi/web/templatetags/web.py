"""What templates need beyond Django: icons, days and times in the reader's language."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.web import words
from madoguchi.web.styles import joined

register = template.Library()

#: Icons that stand for words.
NAMED: Final = {
    "success": gettext_noop("できました"),
    "error": gettext_noop("エラー"),
    "warning": gettext_noop("注意"),
    "info": gettext_noop("お知らせ"),
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of ``icons.svg``. The four of the notices have a name; the others are decoration beside words."""
    return _drawn(name, gettext(NAMED[name]) if name in NAMED else "")


@lru_cache(maxsize=256)
def _drawn(name: str, said: str) -> SafeString:
    sheet = static("web/icons.svg")
    if said:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', said, sheet, name)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', sheet, name)


@register.simple_tag(takes_context=True)
def unread(context: Mapping[str, Any]) -> int:
    """How many lines of the inbox the resident who is signed in has not opened."""
    resident = context.get("resident")
    return cases.unread(resident) if isinstance(resident, Actor) else 0


@register.simple_tag
def styles_url() -> str:
    """The address of the style sheets, which changes when they do."""
    return reverse("styles", args=(joined().mark,))


@register.filter
def day(value: dt.datetime | dt.date | None) -> str:
    """「2026年11月30日（月）」."""
    return words.day_words(value) if value else ""


@register.filter
def short_day(value: dt.datetime | dt.date | None) -> str:
    """「11月30日（月）」, where the year goes without saying."""
    return words.short_day_words(value) if value else ""


@register.filter
def lately(value: dt.datetime | None) -> str:
    """「14:03」 of today, 「11月29日（日） 14:03」 of another day."""
    if not value:
        return ""
    time = words.time_words(value)
    return time if clock.day_of(value) == clock.today() else f"{words.short_day_words(value)} {time}"


@register.filter
def clock_time(value: dt.datetime | None) -> str:
    """「14:03」, Asia/Tokyo."""
    return words.time_words(value) if value else ""


@register.simple_tag
def bar(share: int) -> SafeString:
    """A bar of ``share`` percent; the figure itself stands beside it in words."""
    return format_html(
        '<svg aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 1">'
        '<rect width="100" height="1"/><rect width="{}" height="1"/></svg>',
        share,
    )
