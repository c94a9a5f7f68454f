"""The applicant pays: asked for, confirmed by the provider's word, or over without having been paid.

Each act writes down what is known; who asks the provider is ``settling``. So a crash anywhere leaves a row from which
the rest can be found out, and no money without a row.
"""

from django.conf import settings
from django.db import IntegrityError, transaction

from madoguchi.cases.actions import driving
from madoguchi.cases.models import Case, Payment, PaymentNotice, Step, Why
from madoguchi.cases.ports import Asked, Notice, Seen
from madoguchi.cases.queries import course_of, scope_of
from madoguchi.cases.rules.permission import OWN_STEP
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Stale
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import fees


@act("payment.ask", allow=(OWN_STEP,))
def ask(step: Step, *, by: Actor) -> Payment:
    """納付の申出: the applicant is about to pay. Two windows get the same payment."""
    case = driving.locked(step.case)
    fresh = case.steps.get(pk=step.pk)
    if fresh.kind != "pay" or fresh.done_at is not None:
        raise Stale("nothing-to-pay", "いま、お支払いいただくものはありません。")
    mine = case.payments.filter(step=fresh, paid_at=None, over_at=None).first()
    if mine is not None:
        record(again=True)
        return mine
    package = procedures.package(case.procedure)
    yen = fees.amount(package.procedure, package.graph[fresh.node], scope_of(case, package, course_of(case)))
    payment = Payment.objects.create(case=case, step=fresh, yen=yen, provider=settings.PAYMENT_PROVIDER)
    record(step=fresh.node, payment=payment.pk)
    return payment


@act("payment.present", allow=(BY_SYSTEM,))
def present(payment: Payment, asked: Asked, *, by: Actor = SYSTEM) -> Payment:
    """納付画面の用意: the provider's page for this payment is ready."""
    fresh = _locked(payment)
    if fresh.reference == asked.reference:
        record(again=True)
        return fresh
    fresh.reference, fresh.url = asked.reference, asked.url
    fresh.save(update_fields=["reference", "url"])
    return fresh


@act("payment.hear", allow=(BY_SYSTEM,))
def hear(payment: Payment, provider: str, notice: Notice, *, by: Actor = SYSTEM) -> Payment:
    """納付の通知の受取り: the provider says that something has happened. The same notice is heard once."""
    try:
        with transaction.atomic():  # noqa: TID251 -- a savepoint inside the act
            PaymentNotice.objects.create(provider=provider, key=notice.key, kind=notice.kind, payment=payment)
    except IntegrityError:
        record(again=True)
    record(kind=notice.kind)
    return payment


@act("payment.pend", allow=(BY_SYSTEM,))
def pend(payment: Payment, *, by: Actor = SYSTEM) -> Payment:
    """納付の確認待ち: the applicant has done their part, the money is on its way (convenience store)."""
    fresh = _locked(payment)
    if fresh.pending_at is None and fresh.paid_at is None and fresh.over_at is None:
        fresh.pending_at = clock.now()
        fresh.save(update_fields=["pending_at"])
    return fresh


@act("payment.confirm", allow=(BY_SYSTEM,))
def confirm(payment: Payment, seen: Seen, *, by: Actor = SYSTEM) -> Payment:
    """納付の確認: the provider has the money; the case goes on. Told twice, it is confirmed once.

    Money that is no longer owed (withdrawn, paid twice) or of another amount is kept in the books and goes back.
    """
    case = driving.locked(payment.case)
    fresh = _locked(payment)
    if fresh.paid_at is not None:
        record(again=True)
        return fresh
    step = Step.objects.get(pk=fresh.step_id)
    fresh.paid_at, fresh.paid_yen, fresh.charge, fresh.over_at = clock.now(), seen.yen, seen.charge, None
    fresh.looked_at = fresh.paid_at
    owed = step.done_at is None and seen.yen == fresh.yen
    if not owed:  # in one statement, because a step is paid once and this is not that payment
        fresh.refund_asked_at, fresh.refund_why = fresh.paid_at, Why.LATE if step.done_at else Why.AMOUNT
    fresh.save()
    record(step=step.node, case=case.pk, owed=owed)
    if not owed:
        return fresh
    _promise_later(case, step)
    case.payable_at = None if not _others(case, step, kind="pay") else case.payable_at
    driving.complete(case, step, "paid")
    return fresh


@act("payment.expire", allow=(BY_SYSTEM,))
def expire(payment: Payment, *, by: Actor = SYSTEM) -> Payment:
    """納付なしの終了: this page can no longer be paid on, and was not. While the step is open, a new one may follow."""
    fresh = _locked(payment)
    if fresh.paid_at is not None or fresh.over_at is not None:
        record(again=True)
        return fresh
    fresh.over_at = fresh.looked_at = clock.now()
    fresh.save(update_fields=["over_at", "looked_at"])
    return fresh


# -- within -----------------------------------------------------------------------------------------------------------


def _locked(payment: Payment) -> Payment:
    return Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)


def _others(case: Case, step: Step, **which: str) -> bool:
    return case.steps.filter(done_at=None, **which).exclude(pk=step.pk).exists()


def _promise_later(case: Case, step: Step) -> None:
    """標準処理期間 does not run while only the payment is waited for: the promise moves by the business days of it."""
    if case.due_on is not None and not _others(case, step):
        waited = procedures.calendar().between(clock.day_of(step.opened_at), clock.today())
        case.due_on = procedures.calendar().add(case.due_on, waited) if waited else case.due_on
