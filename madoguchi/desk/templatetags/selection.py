"""Where the desk's header leads beyond the cases: only where the reader has something to do there."""

from collections.abc import Mapping
from typing import Any

from django import template

from madoguchi.cases import queries as cases
from madoguchi.cases.actions.reasons import MAY_EXPORT
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_account

register = template.Library()


@register.simple_tag(takes_context=True)
def runs_rounds(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff gives out the places of any procedure."""
    account = context.get("user")
    return isinstance(account, Account) and cases.runs_rounds(actor_of_account(account))


@register.simple_tag(takes_context=True)
def hands_out(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff answers requests for all that is kept about a person."""
    account = context.get("user")
    return isinstance(account, Account) and MAY_EXPORT.holds(actor_of_account(account), None)


@register.simple_tag(takes_context=True)
def words_mails(context: Mapping[str, Any]) -> bool:
    """Whether this member of staff may change the words of any section's mails."""
    account = context.get("user")
    return isinstance(account, Account) and bool(cases.sections_where_may(actor_of_account(account), "texts"))
