"""What applicants said after the end: whether one may still answer, and the words for the section in charge."""

from django.db.models import QuerySet

from madoguchi.cases.models import Case, Opinion
from madoguchi.events import Actor


def may_rate(case: Case) -> bool:
    """Whether the question is still open: the case has ended in its own way, and nobody has answered."""
    return case.closed_at is not None and not Opinion.objects.filter(case=case).exists()


def opinions_for(by: Actor) -> QuerySet[Opinion]:
    """The answers with words about cases of the member's sections, newest first."""
    given = Opinion.objects.filter(case__section__in=by.sections if by.kind == "staff" else ()).exclude(words="")
    return (
        given.select_related("case__procedure")
        .defer("case__procedure__data", "case__procedure__graph")
        .order_by("-given_at")
    )
