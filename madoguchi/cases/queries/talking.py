"""What applicant and office have said to each other, and what of it waits for whom."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Min

from madoguchi.cases.models import Case, Remark
from madoguchi.cases.rules import talking
from madoguchi.events import Actor
from madoguchi.events.composing import Asked, statement
from madoguchi.ground import clock

_WAITING: Final = """
    SELECT count(DISTINCT r.case_id) FROM case_remark r JOIN "case" c ON c.id = r.case_id
    WHERE r.read_at IS NULL AND r.account_id IS NULL AND c.section = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case of which the applicant waits for an answer: how many messages, the oldest of ``since``."""

    case: Case
    count: int
    since: dt.datetime


def remarks(case: Case) -> list[Remark]:
    """Everything said about a case that the caller may see, oldest first, with who said it."""
    if "remarks" in case.lacks:
        return []
    return list(case.remarks.select_related("account").order_by("written_at", "id"))


def may_write(case: Case) -> bool:
    """Whether the two sides may still write to each other about this case."""
    ended = case.closed_at or case.withdrawn_at
    return case.erased_at is None and talking.is_open(case.received_at, ended, clock.now())


def waiting_for_answer(by: Actor, limit: int = 200) -> list[Waiting]:
    """The cases of this member's sections of which the applicant waits for an answer, longest first."""
    if by.kind != "staff":
        return []
    rows = (
        Remark.objects.filter(read_at=None, account=None, case__section__in=by.sections)
        .values("case")
        .annotate(count=Count("pk"), since=Min("written_at"))
        .order_by("since")[:limit]
    )
    found = {row["case"]: row for row in rows}
    cases = Case.objects.filter(pk__in=found).select_related("procedure").defer("procedure__data", "procedure__graph")
    waiting = [Waiting(one, found[one.pk]["count"], found[one.pk]["since"]) for one in cases]
    return sorted(waiting, key=lambda one: one.since)


def count_waiting_for_answer(by: Actor) -> int:
    """How many cases :func:`waiting_for_answer` would show."""
    if by.kind != "staff" or not by.sections:
        return 0
    return int(waiting_asked(by).rows()[0][0])


def waiting_asked(by: Actor) -> Asked:
    """What :func:`count_waiting_for_answer` asks, beside every page of the desk."""
    return statement.of(_WAITING, [sorted(by.sections)])
