"""What passes between us and the payment provider. Between acts, never inside one.

Written first, then called, then noted: the row is there before the provider hears of it, its id is the key under which
the provider does each thing once, and what the provider says is noted by an act of its own. Whatever is lost on the
way (an answer, a notice, this very process) is found again by :func:`look_after`, which asks about all that is open.
"""

import datetime as dt
import logging

from django.conf import settings
from django.db.models import Q

from madoguchi.cases.actions import paying, refunding
from madoguchi.cases.models import Payment
from madoguchi.cases.ports import Ask, NotPossible, Seen, TryLater, provider
from madoguchi.events import SYSTEM
from madoguchi.events.acting import within_act
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures

#: How often an open payment or a refund under way is asked about, where no notice has come.
LOOK_EVERY = dt.timedelta(minutes=5)

logger = logging.getLogger(__name__)


def open_page(payment: Payment, back: str) -> Payment:
    """Prepare the provider's page; ``back`` is the path here to which the person returns. Raises TryLater.

    Asked for again, it is the same page.
    """
    one = _outside(payment)
    if one.reference or one.over_at is not None:
        return one
    package = procedures.package(one.case.procedure)
    language = one.case.language
    title = package.procedure.title.get_for("ja" if language == "ja-simple" else language)
    asked = provider(one.provider).ask(
        Ask(
            key=str(one.pk),
            yen=one.yen,
            title=f"{procedures.city().name.get_for(language)} {title}",
            reference=one.case.number or "",
            language=language,
            back=f"{settings.BASE_URL}{back}",
        )
    )
    one = paying.present(one, asked, by=SYSTEM)
    return settle(one) if one.step.done_at is not None else one


def settle(payment: Payment) -> Payment:
    """Ask the provider what has become of a payment, and note it. Raises TryLater.

    A page whose step is done (withdrawn, say) is closed, so that nobody pays on it any more.
    """
    one = _outside(payment)
    if one.paid_at is not None:
        return one
    over = one.step.done_at is not None
    if not one.reference:
        return paying.expire(one, by=SYSTEM) if over else one
    there = provider(one.provider)
    seen = there.look(one.reference)
    if over and seen.state == "open":
        seen = there.close(one.reference)
    _looked(one)
    return _note(one, seen)


def send_back(payment: Payment) -> Payment:
    """Have the provider give the money back that was asked back. Raises TryLater."""
    one = _outside(payment)
    if one.refund_asked_at is None or one.refunded_at is not None:
        return one
    _looked(one)
    reference = provider(one.provider).refund(one.charge, one.paid_yen or 0, key=f"{one.pk}-refund")
    return refunding.given_back(one, reference, by=SYSTEM)


def look_after(limit: int = 50) -> int:
    """Ask about payments that are open and refunds that are under way, longest not asked first. The worker's duty.

    Returns how many were asked about. Where the provider cannot be reached the round ends, and is tried again.
    """
    before = clock.now() - LOOK_EVERY
    unasked = Q(looked_at=None, asked_at__lt=before) | Q(looked_at__lt=before)
    open_ = Q(paid_at=None, over_at=None) & (~Q(reference="") | Q(step__done_at__isnull=False))
    refunds = Q(refund_asked_at__lt=before, refunded_at=None)
    done = 0
    for one in Payment.objects.filter(unasked, open_ | refunds).order_by("looked_at", "asked_at")[:limit]:
        try:
            send_back(one) if one.refund_asked_at is not None else settle(one)
        except TryLater as trouble:
            logger.warning("the payment provider cannot be reached (%s); %d payments wait", trouble, limit - done)
            return 0
        except NotPossible as refusal:
            _looked(one)
            logger.error("payment %s: the provider refuses (%s); somebody has to look", one.pk, refusal.code)
        done += 1
    return done


# -- within -----------------------------------------------------------------------------------------------------------


def _outside(payment: Payment) -> Payment:
    """The payment as it is now. A program that calls a provider inside an act is wrong."""
    if within_act():
        raise RuntimeError("a payment provider is called inside an act: the transaction would wait for the network")
    return Payment.objects.select_related("case__procedure", "step").get(pk=payment.pk)


def _looked(one: Payment) -> None:
    """Not an act: when we last asked says nothing about the case."""
    Payment.objects.filter(pk=one.pk).update(looked_at=clock.now())


def _note(one: Payment, seen: Seen) -> Payment:
    if seen.state == "paid":
        return paying.confirm(one, seen, by=SYSTEM)
    if seen.state == "over":
        return one if one.over_at is not None else paying.expire(one, by=SYSTEM)
    if seen.state == "pending" and one.pending_at is None:
        return paying.pend(one, by=SYSTEM)
    return one
