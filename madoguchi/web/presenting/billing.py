"""What is to be paid, as the applicant reads it."""

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases.models import Case
from madoguchi.cases.queries import Bill
from madoguchi.ground.clock import in_tokyo
from madoguchi.procedures import queries as procedures
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.words import said


@dataclass(frozen=True, slots=True)
class Billing:
    """``page`` is the provider's address, empty until it was made; ``pending``: the money is on its way.

    ``until`` is the last day on which it can be paid; ``lapses`` says that the request ends then.
    """

    procedure: str
    number: str
    title: str
    amount: str
    until: dt.date | None
    lapses: bool
    page: str
    pending: bool
    url: str
    case_url: str


def billing(case: Case, bill: Bill) -> Billing:
    """The bill of a case that the reader may see."""
    key, begun = key_of(case), bill.payment
    return Billing(
        procedure=said(procedures.package(case.procedure).procedure.title),
        number=case.number or "",
        title=said(bill.title),
        amount=gettext("%(yen)s円") % {"yen": f"{bill.yen:,}"},
        until=last_day(bill.until),
        lapses=bill.lapses,
        page=begun.url if begun else "",
        pending=begun is not None and begun.pending_at is not None,
        url=reverse("web:pay", args=(key,)),
        case_url=reverse("web:case", args=(key,)),
    )


def last_day(due_at: dt.datetime | None) -> dt.date | None:
    """Deadlines end with the last moment of a day (Asia/Tokyo); the day itself is what a person is told."""
    return None if due_at is None else in_tokyo(due_at - dt.timedelta(seconds=1)).date()
