"""Paying a fee: from the bill to the provider's page and back. What became of it is asked of the provider alone."""

import logging
from contextlib import suppress

from django.contrib import messages as messages_of
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Payment
from madoguchi.cases.ports import NotPossible, TryLater
from madoguchi.events import Actor
from madoguchi.web.presenting.billing import billing
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.views.guard import for_residents, own

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def pay(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """What is to be paid, until when, and the way to the provider's page; a post has that page made.

    The page leads there by a link: a form of ours never goes to another site, not even by way of a redirect.
    """
    one = own(resident, key)
    bill = cases.bill(one)
    if bill is not None and bill.payment is not None and bill.payment.reference:
        begun = _settled(bill.payment)
        if begun.paid_at is not None:
            return _back(request, one, begun)
        bill = cases.bill(one)  # its page may be over: then a new one is made
    if bill is None:
        return redirect("web:case", key_of(one))
    if request.method != "POST":
        return render(request, "web/pay.html", {"pay": billing(one, bill)})
    payment = actions.ask_payment(bill.step, by=resident)
    problem, status = "", 200
    try:
        actions.open_page(payment, reverse("web:paid", args=(key_of(one),)))
    except TryLater as trouble:
        logger.warning("no page to pay on: %s", trouble)
        problem = gettext(
            "いま、支払いのページを開けません。時間をおいて、もう一度お試しください。手続きはそのまま残っています。"
        )
        status = 503
    except NotPossible as refusal:
        logger.error("payment %s: the provider makes no page (%s); somebody has to look", payment.pk, refusal.code)
        problem = gettext(
            "支払いのページを用意できませんでした。担当の課にお問い合わせください。手続きはそのまま残っています。"
        )
        status = 503
    if problem:
        return render(request, "web/pay.html", {"pay": billing(one, bill), "problem": problem}, status=status)
    return redirect("web:pay", key_of(one))


@require_safe
@for_residents
def paid(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """Back from the provider, whatever became of it there: we ask, say what we heard, and show the case."""
    one = own(resident, key)
    last = cases.payments_of(one)[-1:]
    return _back(request, one, _settled(last[0])) if last else redirect("web:case", key_of(one))


def _settled(payment: Payment) -> Payment:
    """The payment as the provider knows it; as we know it where the provider cannot be asked just now."""
    with suppress(TryLater, NotPossible):
        actions.settle(payment)
    return Payment.objects.get(pk=payment.pk)


def _back(request: HttpRequest, case: Case, payment: Payment) -> HttpResponse:
    if payment.paid_at is not None:
        messages_of.success(request, gettext("お支払いを確かめました。ありがとうございました。"))
        return redirect("web:case", key_of(case))
    if payment.pending_at is None and payment.over_at is None:
        messages_of.warning(request, gettext("お支払いは、まだ終わっていません。"))
    return redirect("web:pay", key_of(case))
