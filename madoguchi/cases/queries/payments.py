"""What is to be paid now, and what was paid."""

import datetime as dt
from dataclasses import dataclass

from madoguchi.cases.models import Case, Payment, Step
from madoguchi.cases.queries.found import course_of, scope_of
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import fees


@dataclass(frozen=True, slots=True)
class Bill:
    """What the applicant is asked to pay now. ``payment`` is the one that was begun, None before that.

    ``until`` is the end of the last day; ``lapses`` says that the request is taken as withdrawn then.
    """

    step: Step
    title: LocalText
    yen: int
    until: dt.datetime | None
    lapses: bool
    payment: Payment | None


def bill(case: Case) -> Bill | None:
    """The first open payment of a case that the caller may see; None where nothing is to be paid now."""
    step = case.steps.filter(kind="pay", done_at=None).order_by("token").first()
    if step is None:
        return None
    package = procedures.package(case.procedure)
    node = package.graph[step.node]
    begun = case.payments.filter(step=step, paid_at=None, over_at=None).first()
    owed = fees.amount(package.procedure, node, scope_of(case, package, course_of(case)))
    lapses = bool(node.deadline and node.deadline["then"] == "withdraw")
    yen = begun.yen if begun else owed
    return Bill(step, node.title or package.procedure.title, yen, step.due_at, lapses, begun)


def payments_of(case: Case) -> list[Payment]:
    """What was asked, paid and given back, oldest first; of a case that the caller may see."""
    return sorted(case.payments.all(), key=lambda one: one.asked_at)
