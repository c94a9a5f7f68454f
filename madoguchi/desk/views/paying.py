"""A fee is given back, with a reason."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.desk.access import desk, opened_by, seen_by, words
from madoguchi.desk.presenting.casepage import case_page
from madoguchi.desk.presenting.payments import payments_block
from madoguchi.events import Actor
from madoguchi.ground.errors import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def refund(request: HttpRequest, by: Actor, number: str, payment_id: UUID) -> HttpResponse:
    """The whole of a payment goes back. What is refused is shown as typed."""
    case = seen_by(number, by)
    payment = next((one for one in cases.payments_of(case) if one.pk == payment_id), None)
    if request.method != "POST" or payment is None:
        return redirect(_place(case))
    note = request.POST.get("note", "").replace("\0", "")
    try:
        actions.refund(payment, by=by, note=note)
    except Refused as refusal:
        page = case_page(opened_by(number, by), by)
        page.refuse(words(refusal), refusal.status, anchor="payments", label=gettext("手数料"))
        page.payments = payments_block(case, by, refused=payment, typed=note, refusal=refusal)
        return render(request, "desk/case.html", {"page": page}, status=refusal.status)
    notices.success(request, gettext("返金することとしました。払った方法で返ると、申請者にお知らせが届きます。"))
    return redirect(_place(case))


def _place(case: Case) -> str:
    return reverse("desk:case", args=(case.number,)) + "#payments"
