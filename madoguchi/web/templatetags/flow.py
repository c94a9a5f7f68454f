"""The picture of a flow in a page: `{% load flow %}{% flow_picture page.flow %}`, upright on phones, lying on desks."""

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from madoguchi.procedures.rules.picture import Orientation, Progress, picture
from madoguchi.web.words import language

register = template.Library()


@register.simple_tag
def flow_picture(progress: Progress) -> SafeString:
    """Both pictures; flow.css shows the one that fits. Where it is wider than the page, the keyboard scrolls it."""
    both: tuple[tuple[str, Orientation], ...] = (("flow-wide", "horizontal"), ("flow-tall", "vertical"))
    return format_html_join(
        "",
        '<div class="flow {}" tabindex="0" role="region" aria-label="{}">{}</div>',
        (
            (
                shown,
                gettext("手続きの流れの図"),
                SafeString(picture(progress.graph, progress.done, progress.now, language(), orientation)),
            )
            for shown, orientation in both
        ),
    )
