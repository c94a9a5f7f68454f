"""Reviewing and sending: everything once more, then one press. Sent twice it is one case."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Refused
from madoguchi.people.queries import confirmed_address
from madoguchi.people.rules import normalise_address
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.web.presenting import journeys
from madoguchi.web.presenting.cosigning import to_ask
from madoguchi.web.presenting.formpage import Draft, key_of, section_url
from madoguchi.web.presenting.offers import public_words
from madoguchi.web.views.guard import for_residents, own
from madoguchi.web.views.journeying import review_of_parts
from madoguchi.web.views.signing import keep_for_signing
from madoguchi.web.words import words


@require_safe
@for_residents
def review(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """Everything once more before it is sent, with a way back to each answer."""
    case = own(resident, key)
    if case.withdrawn_at or (case.received_at and not case.returned_at):
        return redirect("web:case", key_of(case))
    if case.received_at is None and case.part_of_id is not None:
        return redirect("web:review", str(case.part_of_id))
    if case.received_at is None and cases.is_journey(case):
        return review_of_parts(request, case, resident)
    return _review(request, Draft(case))


def _review(
    request: HttpRequest, draft: Draft, *, status: int = 200, email: str = "", email_problem: str = ""
) -> HttpResponse:
    case, problems, shown = draft.case, draft.missing(), draft.sections()
    period = draft.package.procedure.standard_period
    promise = procedures.calendar().add(clock.today(), period.business_days) if period else None
    first = draft.first_open()
    context = {
        "form": {
            "number": len(shown) + 1,
            "total": len(shown) + 1,
            "procedure": draft.title,
            "steps": draft.steps("review"),
            "back_url": section_url(case, shown[-1]) if shown else "",
        },
        "sections": draft.answers(problems),
        "problems": draft.links(problems),
        "first_problem_url": section_url(case, first) if first else "",
        "gate": draft.gate(),
        "submit_url": reverse("web:submit", args=(key_of(case),)),
        "paper_url": reverse("web:case-paper", args=(key_of(case),)),
        "ask_email": not draft.correcting and not forms.get(case.answers, "person.email"),
        "email": email or case.email or confirmed_address(case.person_id),
        "email_problem": email_problem,
        "promise": None if draft.correcting else promise,
        "public": public_words(draft.package.procedure),
        "correction": draft.correcting,
        "signs": cases.demands_signature(case) and not cases.is_signed(case),
        "to_ask": [] if problems or draft.correcting else to_ask(case),
    }
    return render(request, "web/review.html", context, status=status)


@require_POST
@for_residents
def submit(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """申し込む. Pressed twice, in two windows or sent again after a lost answer, it is one case."""
    case = own(resident, key)
    if case.received_at and not case.returned_at:
        return redirect("web:received", key_of(case))
    if case.received_at is None and case.part_of_id is not None:
        return redirect("web:review", str(case.part_of_id))
    draft = Draft(case)
    correcting = draft.correcting
    together = not correcting and cases.is_journey(case)
    if draft.gate() is not None:
        return _review(request, draft, status=422)
    typed = request.POST.get("email", "").replace("\0", "").strip()[:254]
    try:
        email = normalise_address(typed) if typed else ""
    except Invalid as refusal:
        if together:
            return review_of_parts(request, case, resident, status=422, email=typed, email_problem=words(refusal))
        return _review(request, draft, status=422, email=typed, email_problem=words(refusal))
    if cases.demands_signature(case) and not cases.is_signed(case) and _is_whole(case, draft):
        keep_for_signing(request, case, email)
        return redirect("web:sign", key_of(case))
    try:
        (actions.submit_parts if together else actions.submit)(case, by=resident, email=email)
    except Refused as refusal:
        if together:
            return review_of_parts(
                request, own(resident, str(case.pk)), resident, status=refusal.status, refusal=words(refusal)
            )
        if not refusal.fields:
            raise
        return _review(request, Draft(own(resident, str(case.pk))), status=refusal.status)
    return redirect("web:case" if correcting else "web:received", key_of(case))


def _is_whole(case: Case, draft: Draft) -> bool:
    """Whether nothing is missing, in none of the parts: only then is there something to sign."""
    return not draft.missing() and not any(one.missing() for one in journeys.drafts(case))
