"""What the desk's header shows of messages: how many applicants wait for an answer."""

from collections.abc import Mapping
from typing import Any

from django import template

from madoguchi.cases import queries as cases
from madoguchi.desk.access import whoever_asks

register = template.Library()


@register.simple_tag(takes_context=True)
def waiting_for_answer(context: Mapping[str, Any]) -> int:
    """Cases of this member's sections of which the applicant waits for an answer."""
    by = whoever_asks(context.get("request"))
    return cases.count_waiting_for_answer(by) if by is not None else 0
