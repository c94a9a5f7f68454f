"""What was asked, paid and given back, as the page of a case shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Payment
from madoguchi.cases.models.payment import PaymentState, Why
from madoguchi.cases.rules.permission import SECTION_OF_CASE
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.events import Actor
from madoguchi.ground.errors import Refused
from madoguchi.procedures import queries as procedures


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment. ``url``: where it is given back; empty where that is not possible, or not the reader's."""

    id: str
    title: str
    amount: str
    state: str
    words: Sequence[str]
    note: str
    url: str
    typed: str = ""
    problem: str = ""


def payments_block(
    case: Case, by: Actor, *, refused: Payment | None = None, typed: str = "", refusal: Refused | None = None
) -> list[PaymentLine]:
    """All payments of a case; ``typed`` is the reason that was written for ``refused``."""
    return [
        _line(case, one, by, typed, refusal) if refused is not None and one.pk == refused.pk else _line(case, one, by)
        for one in cases.payments_of(case)
    ]


def _line(case: Case, one: Payment, by: Actor, typed: str = "", refusal: Refused | None = None) -> PaymentLine:
    said = [(gettext("納付を求めた"), one.asked_at), (gettext("納付された"), one.paid_at)]
    said += [(gettext("返金することとした"), one.refund_asked_at), (gettext("返金した"), one.refunded_at)]
    can = one.paid_at is not None and one.refund_asked_at is None and SECTION_OF_CASE.holds(by, case)
    why = Why(one.refund_why).label if one.refund_why else ""
    problem = refusal.fields.get("note") if refusal is not None else None
    return PaymentLine(
        id=str(one.pk),
        title=str(procedures.package(case.procedure).graph[one.step.node].title),
        amount=gettext("%(yen)s円") % {"yen": f"{one.paid_yen if one.paid_yen is not None else one.yen:,}"},
        state=PaymentState(one.state).label,
        words=[f"{what}：{day_words(at)} {time_words(at)}" for what, at in said if at is not None]
        + ([gettext("返金の理由：%(why)s") % {"why": why}] if why else []),
        note=one.refund_note,
        url=reverse("desk:refund", args=(case.number, one.pk)) if can else "",
        typed=typed,
        problem=str(problem or ""),
    )
