"""連署: the page of whoever was named, which shows their part and nothing else, and what the applicant may do then.

The address holds an id and nothing about anybody. Before the sign-in the page says nothing; to whoever is somebody else
it does not exist.
"""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Cosigner
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import Invalid, NotFound, Refused
from madoguchi.web.presenting.casepage import case_page
from madoguchi.web.presenting.cosigning import Refusal, part_page
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.views.downloads import uploaded
from madoguchi.web.views.guard import for_residents, own
from madoguchi.web.words import words


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def part(request: HttpRequest, resident: Actor, cosigner_id: UUID) -> HttpResponse:
    """One's part of another one's request: read it, confirm it, or say what is wrong."""
    if _needs_more(cosigner_id, resident):
        return redirect(f"{reverse('web:sign-in')}?{urlencode({'next': request.path})}")
    one = _own_part(cosigner_id, resident)
    if request.method != "POST":
        actions.show_part(one, by=resident)
        return render(request, "web/cosign.html", {"part": part_page(one)})
    typed = request.POST.get("words", "").replace("\0", "")
    try:
        if request.POST.get("_do") == "decline":
            actions.decline(one, typed, request.POST.getlist("wrong"), by=resident)
        else:
            actions.cosign(one, seen=request.POST.get("_seen", ""), by=resident)
    except NotFound:
        raise
    except Refused as refusal:
        fresh = _own_part(cosigner_id, resident)
        problem = words(refusal.fields.get("words", refusal))
        marked = request.POST.getlist("wrong")
        page = part_page(fresh, typed=typed, marked=marked, problem=problem, of_words=isinstance(refusal, Invalid))
        return render(request, "web/cosign.html", {"part": page}, status=refusal.status)
    return redirect("web:cosign", cosigner_id)


@require_safe
@for_residents
def document(request: HttpRequest, resident: Actor, cosigner_id: UUID, document_id: UUID) -> HttpResponse:
    """A photograph or file of one's own part, never run by the browser."""
    if _needs_more(cosigner_id, resident):
        return redirect(f"{reverse('web:sign-in')}?{urlencode({'next': reverse('web:cosign', args=(cosigner_id,))})}")
    one = _own_part(cosigner_id, resident)
    found = cases.content_of_part(one, document_id)
    actions.show_part(one, by=resident)
    return uploaded(*found)


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def ask(request: HttpRequest, resident: Actor, key: str, cosigner_id: UUID) -> HttpResponse:
    """The applicant sends the link again, or to another address. A refusal is said beside the address."""
    case = own(resident, key)
    there = f"{reverse('web:case', args=(key_of(case),))}#cosigners"
    one = next((one for one in cases.cosigners(case) if one.pk == cosigner_id), None)
    if request.method != "POST" or one is None:
        return redirect(there)
    typed = request.POST.get("address", "").replace("\0", "").strip()[:254]
    try:
        actions.ask_cosigner(one, by=resident, address=typed)
    except NotFound:
        raise
    except Refused as refusal:
        page = case_page(own(resident, key), asked=Refusal(cosigner_id, typed, words(refusal)))
        return render(request, "web/case.html", {"case": page}, status=refusal.status)
    return redirect(there)


def _needs_more(cosigner_id: UUID, resident: Actor) -> bool:
    """Whether a stronger sign-in has to come first; who is asked is not told by that."""
    one = cases.asked_cosigner(cosigner_id)
    return one is not None and not cases.is_sure_enough(one, resident)


def _own_part(cosigner_id: UUID, resident: Actor) -> Cosigner:
    """Raises NotFound for whoever was not named, existing or not; leaves one event."""
    try:
        return cases.own_part(cosigner_id, resident)
    except NotFound as refusal:
        refuse("case.cosign", refusal, by=resident)
        raise
