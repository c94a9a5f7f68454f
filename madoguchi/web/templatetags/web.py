"""What templates need beyond Django: icons, days, times, money, texts of the catalogue in the reader's language."""

import datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from madoguchi.ground import wareki
from madoguchi.ground.clock import TOKYO
from madoguchi.ground.languages import LocalText

register = template.Library()

_ICON_NAMES = {"success", "error", "warning", "info"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of ``icons.svg``; decoration beside words, so hidden from screen readers (banners name theirs)."""
    if name in _ICON_NAMES:
        titles = {
            "success": gettext("できました"),
            "error": gettext("エラー"),
            "warning": gettext("注意"),
            "info": gettext("お知らせ"),
        }
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>',
            titles[name],
            static("web/icons.svg"),
            name,
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("web/icons.svg"), name)


def _local(value: datetime.datetime | datetime.date) -> datetime.datetime | datetime.date:
    return value.astimezone(TOKYO) if isinstance(value, datetime.datetime) else value


@register.filter
def day(value: datetime.datetime | datetime.date | None) -> str:
    """「11月30日（月）」 with the year where it is not this one's reader's: always, for a record is read years later."""
    if value is None:
        return ""
    local = _local(value)
    if (get_language() or "ja") == "en":
        return f"{local:%a} {local.day} {local:%B} {local.year}"
    return f"{local.year}年{local.month}月{local.day}日（{'月火水木金土日'[local.weekday()]}）"


@register.filter
def short_day(value: datetime.datetime | datetime.date | None) -> str:
    """「11月30日（月）」 where the year goes without saying."""
    if value is None:
        return ""
    local = _local(value)
    if (get_language() or "ja") == "en":
        return f"{local:%a} {local.day} {local:%B}"
    return f"{local.month}月{local.day}日（{'月火水木金土日'[local.weekday()]}）"


@register.filter
def clock_time(value: datetime.datetime | None) -> str:
    """「14:03」, Asia/Tokyo."""
    return f"{value.astimezone(TOKYO):%H:%M}" if value else ""


@register.filter
def both_eras(value: datetime.date | None) -> str:
    """2026年4月1日（令和8年4月1日）."""
    return wareki.format_both(value) if value else ""


@register.filter
def yen(value: int | None) -> str:
    """10,000円."""
    if value is None:
        return ""
    return f"{value:,} yen" if get_language() == "en" else f"{value:,}円"


@register.filter
def said(text: Any) -> str:
    """A text of the catalogue in the reader's language."""
    return text.get_for(get_language() or "ja") if isinstance(text, LocalText) else str(text or "")
