"""What the desk's header shows of messages: how many applicants wait for an answer, what could not be told."""

from collections.abc import Mapping
from typing import Any

from django import template

from madoguchi.cases import queries as cases
from madoguchi.desk.access import whoever_asks
from madoguchi.people.queries import webhooks

register = template.Library()


@register.simple_tag(takes_context=True)
def waiting_for_answer(context: Mapping[str, Any]) -> int:
    """Cases of this member's sections of which the applicant waits for an answer."""
    by = whoever_asks(context.get("request"))
    return cases.count_waiting_for_answer(by) if by is not None else 0


@register.simple_tag(takes_context=True)
def untold(context: Mapping[str, Any]) -> int | None:
    """What other systems could not be told, for the sections that answer for any; None for all others."""
    by = whoever_asks(context.get("request"))
    return webhooks.count_dead_letters(by) if by is not None else None
