"""A life event: what applies is shown with its reason and chosen, and all of it is reviewed on one page."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, NotFound, Stale
from madoguchi.people.queries import confirmed_address
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.web.presenting import companies as company_pages
from madoguchi.web.presenting import journeys
from madoguchi.web.presenting.formpage import Draft, key_of, section_url
from madoguchi.web.views.guard import for_residents, own
from madoguchi.web.words import words


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def parts(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """必要な手続き: what applies, and why. Whoever does not want one leaves it out."""
    case = own(resident, key)
    if not cases.is_journey(case):
        raise NotFound("section-unknown", gettext_noop("この手続きに、そのページはありません。"))
    if case.received_at is not None or case.withdrawn_at is not None:
        return redirect("web:case", key_of(case))
    draft = Draft(case)
    if (first := draft.first_open()) is not None or draft.gate() is not None:
        return redirect(section_url(case, first or draft.sections()[-1]))
    problem = ""
    if request.method == "POST":
        try:
            actions.open_parts(case, request.POST.getlist("part"), by=resident)
            return redirect(journeys.next_page(case))
        except Invalid as refusal:
            problem = words(refusal)
    marks = journeys.steps(draft, "parts")
    context = {
        "form": _progress(draft, "parts"),
        "choices": journeys.choices(case, request.POST.getlist("part") if problem else None),
        "elsewhere": journeys.elsewhere(case),
        "besides": journeys.besides(case),
        "problem": problem,
        "back_url": section_url(case, draft.sections()[-1]) if marks else "",
        "delete_url": reverse("web:withdraw", args=(key_of(case),)),
    }
    return render(request, "web/parts.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def companies(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """会社への連絡: who could be told, what each would get. Nothing is ticked beforehand."""
    case = own(resident, key)
    if not cases.is_journey(case) or not cases.may_tell_companies(case):
        raise NotFound("section-unknown", gettext_noop("この手続きに、そのページはありません。"))
    if case.received_at is not None or case.withdrawn_at is not None:
        return redirect("web:case", key_of(case))
    draft = Draft(case)
    if not journeys.drafts(case) or draft.missing() or draft.gate() is not None:
        return redirect("web:parts", key_of(case))
    typed, problems, problem = None, {}, ""
    if request.method == "POST":
        typed = {one: request.POST.get(f"number-{one}", "") for one in request.POST.getlist("company")}
        try:
            actions.choose_companies(case, typed, by=resident)
            return redirect("web:review", key_of(case))
        except Invalid as refusal:
            problem = words(refusal)
            problems = {one: words(said) for one, said in refusal.fields.items()}
    context = {
        "form": _progress(draft, "companies"),
        "groups": company_pages.groups(case, typed, problems),
        "problem": problem,
        "back_url": journeys.parts_url(case),
        "for_another": case.subject_id is not None,
    }
    return render(request, "web/companies.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def call_off(request: HttpRequest, resident: Actor, key: str, service_id: UUID) -> HttpResponse:
    """会社への申込みの取りやめ: posted, the company that has fetched it is told that it is not wanted any more."""
    case = own(resident, key)
    if request.method == "POST":
        try:
            actions.call_off_service(cases.own_service(service_id, resident), by=resident)
            notices.success(request, gettext("会社に取りやめを伝えます。返事があれば、お知らせします。"))
        except Stale as refusal:
            notices.warning(request, words(refusal))
    return redirect(reverse("web:case", args=(key_of(case),)) + "#told")


def review_of_parts(
    request: HttpRequest,
    case: Case,
    resident: Actor,
    *,
    status: int = 200,
    email: str = "",
    email_problem: str = "",
    refusal: str = "",
) -> HttpResponse:
    """Everything once more, part by part; what is told in all is read once."""
    draft = Draft(case)
    found = list(journeys.review(case, resident))
    if not found or draft.missing() or draft.gate() is not None:
        return redirect("web:parts", key_of(case))
    days = [
        one.procedure.standard_period.business_days
        for one in (procedures.package(part.procedure) for part in cases.journey_parts(case))
        if one.procedure.standard_period
    ]
    told = [forms.get(part.answers, "person.email") for part in (case, *cases.journey_parts(case))]
    context = {
        "form": _progress(draft, "review"),
        "own": draft.answers(),
        "parts": found,
        "told": company_pages.review(case),
        "companies_url": company_pages.companies_url(case),
        "missing": sum(one.missing for one in found),
        "stopped": any(one.gate for one in found),
        "refusal": refusal,
        "longest": max(days, default=None),
        "submit_url": reverse("web:submit", args=(key_of(case),)),
        "parts_url": journeys.parts_url(case),
        "ask_email": not any(told) and procedures.package(case.procedure).form.field_at("person.email") is None,
        "signs": cases.demands_signature(case) and not cases.is_signed(case),
        "email": email or case.email or confirmed_address(case.person_id),
        "email_problem": email_problem,
    }
    return render(request, "web/review_of_parts.html", context, status=status)


def _progress(draft: Draft, current: str) -> dict[str, object]:
    return journeys.progress(draft, current) | {"procedure": draft.title}
