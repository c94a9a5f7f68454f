"""What the desk's header shows of messages: how many applicants wait for an answer."""

from collections.abc import Mapping
from typing import Any

from django import template

from madoguchi.cases import queries as cases
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_account

register = template.Library()


@register.simple_tag(takes_context=True)
def waiting_for_answer(context: Mapping[str, Any]) -> int:
    """Cases of this member's sections of which the applicant waits for an answer."""
    account = context.get("user")
    return cases.count_waiting_for_answer(actor_of_account(account)) if isinstance(account, Account) else 0
