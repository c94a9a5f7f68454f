"""Signing with the card: what is signed and with what, off to the app, back, and sent. One review, one signature.

Between the review and the app stands a page, because a form of ours never leads to another site, and because the
password that the app will ask for is another one than that of the sign-in.
"""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.ground.errors import Refused
from madoguchi.people.ports import SIGNED_PATH, Signing
from madoguchi.web.presenting.formpage import Draft, key_of
from madoguchi.web.views.guard import for_residents, own
from madoguchi.web.words import words

SIGNING: Final = "signing"


def keep_for_signing(request: HttpRequest, case: Case, email: str) -> None:
    """Remember what the review has asked, until the signature is there."""
    request.session[SIGNING] = {"case": str(case.pk), "email": email}


@never_cache
@require_safe
@for_residents
def sign(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """電子署名: what is signed, with which password, and the way to the app."""
    case = own(resident, key)
    if not _waits(case):
        return redirect("web:case" if case.received_at and not case.returned_at else "web:review", key_of(case))
    return _page(request, case)


@never_cache
@require_safe
@for_residents
def start(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """Off to the app; what must be remembered meanwhile stays in the session."""
    case = own(resident, key)
    if not _waits(case):
        return redirect("web:sign", key)
    try:
        url, begun = actions.begin_signing(case, redirect_uri=f"{settings.BASE_URL}{SIGNED_PATH}")
    except Refused as refusal:
        return _page(request, case, refusal)
    request.session[SIGNING] = {**_held(request, case), "case": str(case.pk), "begun": begun.as_json()}
    return redirect(url)


@never_cache
@require_safe
@for_residents
def document(request: HttpRequest, resident: Actor, key: str) -> HttpResponse:
    """What is signed, byte for byte; of a life event the cover and behind it the texts that it names."""
    found = cases.signable(own(resident, key))
    texts = [found.content, *(one for one in found.texts.values() if one != found.content)]
    response = HttpResponse(b"\n\n".join(texts), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="document.txt"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@never_cache
@require_safe
@for_residents
def signed(request: HttpRequest, resident: Actor) -> HttpResponse:
    """Back from the app: checked, kept, and sent at once. Where it is not accepted, nothing was sent."""
    held: dict[str, Any] = request.session.pop(SIGNING, None) or {}
    if "case" not in held:
        return redirect("web:my-cases")
    case = own(resident, held["case"])
    correcting, together = case.received_at is not None, case.received_at is None and cases.is_journey(case)
    if correcting and not case.returned_at:
        return redirect("web:received", key_of(case))
    try:
        actions.complete_signing(case, request.GET.dict(), Signing.from_json(held.get("begun")), by=resident)
        (actions.submit_parts if together else actions.submit)(case, by=resident, email=held.get("email", ""))
    except Refused as refusal:
        keep_for_signing(request, case, held.get("email", ""))
        return _page(request, own(resident, str(case.pk)), refusal)
    return redirect("web:case" if correcting else "web:received", key_of(case))


def _waits(case: Case) -> bool:
    open_ = case.withdrawn_at is None and (case.received_at is None or case.returned_at is not None)
    alone = case.part_of_id is None or case.received_at is not None
    return open_ and alone and cases.demands_signature(case) and not cases.is_signed(case)


def _held(request: HttpRequest, case: Case) -> dict[str, Any]:
    held = request.session.get(SIGNING)
    return held if isinstance(held, dict) and held.get("case") == str(case.pk) else {}


def _page(request: HttpRequest, case: Case, refusal: Refused | None = None) -> HttpResponse:
    key = key_of(case)
    parts = len(cases.journey_parts(case)) if case.received_at is None and cases.is_journey(case) else 0
    context = {
        "procedure": Draft(case).title,
        "problem": words(refusal) if refusal else "",
        "parts": parts,
        "start_url": reverse("web:sign-start", args=(key,)),
        "document_url": reverse("web:sign-document", args=(key,)),
        "review_url": reverse("web:review", args=(key,)),
        "app": gettext("デジタル認証アプリ"),
    }
    return render(request, "web/sign.html", context, status=refusal.status if refusal else 200)
