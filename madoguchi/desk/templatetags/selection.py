"""The desk's header, and what only some readers are led to."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from madoguchi.cases import queries as cases
from madoguchi.desk.access import whoever_asks
from madoguchi.desk.presenting.header import Tools, tools_of

register = template.Library()


@register.simple_tag(takes_context=True)
def tools(context: Mapping[str, Any]) -> SafeString:
    """Where the header leads; for whoever has the same to do there it reads the same, and is written once."""
    return _written(tools_of(whoever_asks(context.get("request"))), get_language() or "ja")


@lru_cache(maxsize=512)
def _written(shown: Tools, language: str) -> SafeString:
    return render_to_string("desk/_tools.html", {"tools": shown})


@register.simple_tag(takes_context=True)
def words_mails(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff may change the words of any section's mails."""
    by = whoever_asks(context.get("request"))
    return by is not None and bool(cases.sections_where_may(by, "texts"))
