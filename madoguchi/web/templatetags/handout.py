"""What the file with all that is kept about a person needs to be readable: the log in that person's words."""

from django import template
from django.utils.translation import gettext

from madoguchi.cases.models import Ease, PaymentState, State
from madoguchi.cases.queries.handout import Happened
from madoguchi.facts.models import Source
from madoguchi.ground.languages import LocalText, tag
from madoguchi.web.presenting import mydata
from madoguchi.web.words import said

register = template.Library()


@register.filter
def did(one: Happened) -> str:
    """What was done."""
    return mydata.did_words(one)


@register.filter
def why(one: Happened) -> str:
    """Why it was allowed."""
    return mydata.why_words(one)


@register.filter
def who(one: Happened) -> str:
    """Who did it."""
    return mydata.who_words(one)


@register.filter
def local(text: LocalText) -> str:
    """A text of the catalogue in the language of the file."""
    return said(text)


@register.filter
def html_tag(language: str) -> str:
    """The language as HTML writes it."""
    return tag(language)


@register.filter
def state(code: str) -> str:
    """Where a case stands."""
    return gettext(str(State(code).label))


@register.filter
def ease(code: int) -> str:
    """How it was, as the applicant said."""
    return gettext(str(Ease(code).label))


@register.filter
def paid(code: str) -> str:
    """How far a payment is."""
    return gettext(str(PaymentState(code).label))


@register.filter
def source(code: str) -> str:
    """Where a fact comes from."""
    return gettext(str(Source(code).label))
