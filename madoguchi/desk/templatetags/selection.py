"""Where the desk's header leads beyond the cases: only where the reader has something to do there."""

from collections.abc import Mapping
from typing import Any

from django import template

from madoguchi.cases import queries as cases
from madoguchi.cases.actions.reasons import MAY_DELEGATE, MAY_EXPORT, MAY_REQUEST
from madoguchi.desk.access import whoever_asks
from madoguchi.desk.presenting.layers import concerned, refused_count, waiting_count
from madoguchi.facts.queries import keeps
from madoguchi.messages.queries import offices_of
from madoguchi.procedures import queries as procedures

register = template.Library()


@register.simple_tag(takes_context=True)
def runs_rounds(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff gives out the places of any procedure."""
    by = whoever_asks(context.get("request"))
    return by is not None and cases.runs_rounds(by)


@register.simple_tag(takes_context=True)
def hands_out(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff answers requests for all that is kept about a person."""
    by = whoever_asks(context.get("request"))
    return by is not None and MAY_EXPORT.holds(by, None)


@register.simple_tag(takes_context=True)
def requests_laws(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff makes wishes to the State of what a law keeps from the city."""
    by = whoever_asks(context.get("request"))
    return by is not None and MAY_REQUEST.holds(by, None)


@register.simple_tag(takes_context=True)
def sends_notices(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff sends notices to those who live in an area."""
    by = whoever_asks(context.get("request"))
    return by is not None and bool(offices_of(by))


@register.simple_tag(takes_context=True)
def records_delegations(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff records at the counter who may speak for whom."""
    by = whoever_asks(context.get("request"))
    return by is not None and MAY_DELEGATE.holds(by, None)


@register.simple_tag(takes_context=True)
def keeps_register(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff says who is who in a register."""
    by = whoever_asks(context.get("request"))
    return by is not None and keeps(by)


@register.simple_tag(takes_context=True)
def words_mails(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff may change the words of any section's mails."""
    by = whoever_asks(context.get("request"))
    return by is not None and bool(cases.sections_where_may(by, "texts"))


@register.simple_tag(takes_context=True)
def serves_counter(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff types for residents who sit before them."""
    by = whoever_asks(context.get("request"))
    return by is not None and cases.serves_counter(by)


@register.simple_tag(takes_context=True)
def layers_waiting(context: Mapping[str, Any]) -> tuple[int, int] | None:
    """How many changes of the map wait for this member's decision, and how many of their own were refused of late; None
    for whoever has no layer to do with."""
    by = whoever_asks(context.get("request"))
    if by is None or not any(concerned(one, by) for one in procedures.layers().values()):
        return None
    return waiting_count(by), refused_count(by)
