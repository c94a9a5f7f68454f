"""After sending: receipt, わたしの手続き, the status of a case, its letters and flow, and taking it back."""

from uuid import UUID

from django.contrib import messages as messages_of
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from madoguchi.cases import actions
from madoguchi.cases.actions import too_weak, writing
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, NotFound
from madoguchi.messages import actions as messages
from madoguchi.messages import queries as said_of
from madoguchi.people.queries import person_of
from madoguchi.procedures import queries as procedures
from madoguchi.web.presenting import cards, journeys, wholes
from madoguchi.web.presenting.casepage import case_page
from madoguchi.web.presenting.cosigning import own_parts
from madoguchi.web.presenting.delegating import cases_by_proxy, left_cases
from madoguchi.web.presenting.formpage import Draft, key_of, section_url
from madoguchi.web.presenting.paper import paper
from madoguchi.web.views.downloads import pdf
from madoguchi.web.views.guard import for_residents, own
from madoguchi.web.views.talking import note_opened
from madoguchi.web.words import language, said, words


@require_safe
@for_residents
def my_cases(request: HttpRequest, resident: Actor) -> HttpResponse:
    """わたしの手続き: everything, by whose turn it is."""
    groups = cards.groups(resident)
    parts = own_parts(resident)
    there = any(group.cases for group in groups) or parts
    represented = [] if too_weak(person_of(resident), resident) else cases_by_proxy(resident)
    left = left_cases(resident)
    context = {
        "groups": groups, "cases": there or represented or left, "parts": parts, "represented": represented,
        "left": left,
    }  # fmt: skip
    return render(request, "web/my_cases.html", context)


@require_safe
@for_residents
def case(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """Where a case stands; a draft goes on where it was left."""
    one = own(resident, key)
    if one.received_at is None:
        draft = Draft(one)
        if (onward := journeys.resume(draft)) is not None:
            return redirect(onward)
        section = draft.first_open()
        if one.revision == 0 and draft.sections():
            section = draft.sections()[0]
        return redirect(section_url(one, section) if section else reverse("web:review", args=(key_of(one),)))
    page = case_page(one)
    note_opened(one, resident)
    return render(request, "web/case.html", {"case": page})


@require_safe
@for_residents
def received(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """受け付けました: the number, the promised day, what happens now."""
    one = own(resident, key)
    if one.received_at is None:
        return redirect("web:review", key_of(one))
    return render(
        request,
        "web/received.html",
        {"case": case_page(one), "receipt_url": reverse("web:receipt", args=(key_of(one),))},
    )


@require_safe
@for_residents
def receipt(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """受付票 as PDF."""
    one = own(resident, key)
    if one.received_at is None:
        raise NotFound("receipt-not-yet", gettext_noop("まだ申し込まれていません。"))
    package = procedures.package(one.procedure)
    data = writing.receipt_data(one, package, language())
    made = said_of.receipt(data, status_path=writing.status_path(one))
    return pdf(made, f"{gettext('受付票')}-{one.number}")


@require_safe
@for_residents
def letter(request: HttpRequest, resident: Actor, key: str, letter_id: UUID) -> HttpResponse:
    """A signed letter, byte for byte as issued; opening it is noted as its receipt."""
    one = own(resident, key)
    found = said_of.letters_about(one.pk).filter(pk=letter_id, person_id=one.person_id).first()
    if found is None:
        raise NotFound("letter-unknown", gettext_noop("この通知書は見つかりません。"))
    issued = said_of.file_of(found)
    messages.read_letter(found, by=resident)
    return pdf(issued, f"{found.title}-{found.number}")


@require_safe
@for_residents
def paper_form(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """What has been filled in so far, on paper."""
    one = own(resident, key)
    return pdf(paper(one.procedure, one), f"{one.procedure.code}-{one.number or ''}")


@require_POST
@for_residents
def opinion(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """The one question after the end. A wrong or late answer is said on the status page, beside the question."""
    one = own(resident, key)
    try:
        actions.rate(one, request.POST.get("ease", ""), request.POST.get("words", ""), by=resident)
    except Invalid as refusal:
        context = {"case": case_page(one), "problem": words(refusal), "typed": request.POST.get("words", "")[:1000]}
        return render(request, "web/case.html", context, status=422)
    messages_of.success(request, gettext("ありがとうございました。いただいた感想は、手続きの改善に使います。"))
    return redirect("web:case", key_of(one))


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def withdraw(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """取り下げ, asked once more; of a draft: 消す."""
    one = own(resident, key)
    if request.method == "POST":
        was_draft = one.received_at is None
        actions.withdraw(one, by=resident)
        return redirect("web:my-cases") if was_draft else redirect("web:case", key_of(one))
    title = said(procedures.package(one.procedure).procedure.title)
    context = {"title": title, "number": one.number or "", "url": reverse("web:case", args=(key_of(one),))}
    return render(request, "web/withdraw.html", {"case": context, "means": wholes.what_it_means(one)})
