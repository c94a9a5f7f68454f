"""Money goes back: asked for by staff with a reason, or by itself where the package says so.

Only the asking is here. The provider is told by the job that follows (``settling``), never inside an act.
"""

from madoguchi.cases.models import Case, Payment, Why
from madoguchi.cases.rules.permission import SECTION_OF_PAYMENT
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.procedures.rules.published import Published

MAX_NOTE = 2000


@act("payment.refund", allow=(SECTION_OF_PAYMENT, BY_SYSTEM))
def refund(payment: Payment, why: Why = Why.STAFF, *, by: Actor, note: str = "") -> Payment:
    """返金: what was paid goes back, whole; asked for twice, it goes back once. Staff say in ``note`` why."""
    said = clean(note, multiline=True, max_length=MAX_NOTE)
    if by.kind == "staff" and not said:
        raise Invalid(
            "note-missing",
            "返金する理由を書いてください。",
            fields={"note": Problem("note-missing", "理由を書いてください。")},
        )
    fresh = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    if fresh.paid_at is None:
        raise Stale("not-paid", "まだ納付されていないため、返金できません。画面を読み込み直してください。")
    if fresh.refund_asked_at is not None:
        record(again=True)
        return fresh
    fresh.refund_asked_at, fresh.refund_note = clock.now(), said
    fresh.refund_why = Why.STAFF if by.kind == "staff" else why
    fresh.refund_by_id = by.id if by.kind == "staff" else None
    fresh.save(update_fields=["refund_asked_at", "refund_why", "refund_note", "refund_by"])
    record(case=fresh.case_id, why=fresh.refund_why)
    return fresh


@act("payment.give_back", allow=(BY_SYSTEM,))
def given_back(payment: Payment, reference: str, *, by: Actor = SYSTEM) -> Payment:
    """返金の完了: the provider has given the money back. Told twice, it is noted once."""
    fresh = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    if fresh.refunded_at is not None:
        record(again=True)
        return fresh
    fresh.refunded_at, fresh.refund_reference = clock.now(), reference
    fresh.save(update_fields=["refunded_at", "refund_reference"])
    record(case=fresh.case_id)
    return fresh


def give_back(case: Case, package: Published, why: Why) -> None:
    """The case has been withdrawn or refused: ask for the refunds that the package promises then."""
    promised = [node.id for node in package.graph.steps if why in node.arguments.get("refund", ())]
    if not promised:
        return
    paid = case.payments.filter(step__node__in=promised, paid_at__isnull=False, refund_asked_at=None)
    for payment in paid.select_related("case"):
        refund(payment, why, by=SYSTEM)
