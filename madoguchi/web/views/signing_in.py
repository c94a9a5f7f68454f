"""Signing in: by card (デジタル認証アプリ, OpenID Connect) or, where a procedure allows it, by a confirmed address; and
signing out, here and at the provider.
"""

import hmac
from typing import Final
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from madoguchi.cases import actions as cases_of
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Kiosk
from madoguchi.events import Actor
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.ground.errors import Refused
from madoguchi.ground.ids import new_token
from madoguchi.people import actions as people
from madoguchi.people import rules
from madoguchi.people.models import Person
from madoguchi.people.ports import Claims, Transaction, identity_provider
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure as Row
from madoguchi.web import visiting
from madoguchi.web.words import said, words

BEGUN: Final = "sign-in"
ASKED: Final = "email-confirmation"
LEAVING: Final = "sign-out"
#: How sure the city is of a confirmed address.
WITHOUT_CARD: Final = ("none", "contact")


@never_cache
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """The ways to sign in; by address only where the procedure that one comes from allows it."""
    return _choose(request)


def _choose(
    request: HttpRequest,
    *,
    status: int = 200,
    email: str = "",
    problem: str = "",
    refused: str = "",
    target: str = "",
) -> HttpResponse:
    target = target or visiting.safe_next(request, reverse("web:my-cases"))
    row = _procedure_of(target)
    package = procedures.package(row) if row else None
    context = {
        "procedure": {"title": said(package.procedure.title)} if package else None,
        "card_url": f"{reverse('web:card')}?{urlencode({'next': target})}",
        "email_allowed": _email_allowed(target, package.procedure.identity if package else "none"),
        "next": target,
        "kept": visiting.KEPT in request.session,
        "email": email,
        "problem": problem,
        "refused": refused,
    }
    return render(request, "web/sign_in.html", context, status=status)


def _email_allowed(target: str, identity: str) -> bool:
    """Whether an address is enough for where the visitor goes. Of a part to be confirmed nothing else is said."""
    try:
        match = resolve(target.partition("?")[0])
    except Resolver404:
        return identity in WITHOUT_CARD
    if match.url_name == "cosign":
        one = cases.asked_cosigner(match.kwargs["cosigner_id"])
        identity = cases.level_for(one) if one is not None else identity
    return identity in WITHOUT_CARD


def _procedure_of(target: str) -> Row | None:
    """The procedure that the visitor is about to begin, if that is where they go."""
    try:
        match = resolve(target.partition("?")[0])
    except Resolver404:
        return None
    return procedures.current(match.kwargs["code"]) if match.url_name == "begin" else None


# -- by card ----------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def card(request: HttpRequest) -> HttpResponse:
    """Off to the provider; what must be remembered meanwhile stays in the session."""
    url, begun = identity_provider().begin(
        redirect_uri=settings.BASE_URL + reverse("web:card-return"), afresh=visiting.kiosk(request) is not None
    )
    request.session[BEGUN] = {
        "transaction": begun.as_json(),
        "next": visiting.safe_next(request, reverse("web:my-cases")),
    }
    return redirect(url)


@never_cache
@require_safe
def card_return(request: HttpRequest) -> HttpResponse:
    """Back from the provider: check with it, admit the person with what the card says."""
    held = request.session.pop(BEGUN, None) or {}
    begun = Transaction.from_json(held.get("transaction"))
    visitor = Actor("visitor", channel="web")
    target = str(held.get("next") or reverse("web:my-cases"))
    try:
        person, claims = facts.sign_in(identity_provider(), _said_once(request), begun, by=visitor)
    except Refused as refusal:
        return _choose(request, status=refusal.status, refused=words(refusal), target=target)
    here = visiting.kiosk(request)
    if here is not None and target == reverse("web:counter"):
        return _identified(request, here, person, claims)
    mark = rules.session_mark(claims.issuer, claims.session)
    visiting.welcome(request, person.pk, claims.level, provider_session=mark, proof=claims.proof)
    return redirect(target)


def _identified(request: HttpRequest, here: Kiosk, person: Person, claims: Claims) -> HttpResponse:
    """The tablet at the counter: the clerk's sitting knows who sits there; on the tablet nobody stays signed in, and at
    the provider neither."""
    try:
        actor = actor_of_person(person.pk, claims.level, channel="counter")
        cases_of.identify_by_card(here, facts.told_by(claims), by=actor)
    finally:
        visiting.goodbye(request)
    return _leaving(request, claims.proof) or redirect("web:counter")


def _said_once(request: HttpRequest) -> dict[str, str]:
    """The parameters of the address. One that comes twice says nothing (RFC 6749, 3.1), and so matches nothing."""
    return {name: values[0] if len(values) == 1 else "" for name, values in request.GET.lists()}


# -- by address -------------------------------------------------------------------------------------------------------


@never_cache
@require_POST
def email(request: HttpRequest) -> HttpResponse:
    """A code goes to the address; the page that takes it is the same for every address."""
    typed = request.POST.get("email", "").replace("\0", "").strip()[:254]
    visitor = Actor("visitor", channel="web")
    try:
        asked = people.request_email_confirmation(
            typed, client=get_adapter().get_client_ip(request), language=get_language() or "ja", by=visitor
        )
    except Refused as refusal:
        return _choose(request, status=refusal.status, email=typed, problem=words(refusal))
    request.session[ASKED] = {
        "id": str(asked.pk),
        "address": asked.address,
        "next": visiting.safe_next(request, reverse("web:my-cases")),
    }
    return redirect("web:email-code")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def email_code(request: HttpRequest) -> HttpResponse:
    """The six digits from the mail."""
    held = request.session.get(ASKED)
    if not isinstance(held, dict):
        return redirect("web:sign-in")
    problem, status = "", 200
    if request.method == "POST":
        try:
            person = people.confirm_email(
                UUID(held["id"]),
                code=request.POST.get("code", "").replace("\0", "")[:20],
                by=Actor("visitor", channel="web"),
            )
        except Refused as refusal:
            problem, status = words(refusal), refusal.status
        else:
            return _admitted(request, person, dict(held))
    context = {
        "email": held["address"],
        "minutes": int(rules.VALID_FOR.total_seconds() // 60),
        "again": f"{reverse('web:sign-in')}?{urlencode({'next': held['next']})}",
        "problem": problem,
    }
    return render(request, "web/email_code.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def email_link(request: HttpRequest, confirmation: UUID, token: str) -> HttpResponse:
    """The link of the mail. Mail programs open links by themselves, so only a press signs in."""
    if request.method != "POST":
        return render(request, "web/email_link.html")
    person = people.confirm_email(confirmation, token=token, by=Actor("visitor", channel="web"))
    held = request.session.get(ASKED)
    mine = isinstance(held, dict) and held.get("id") == str(confirmation)  # the link may be another request's
    return _admitted(request, person, dict(held or {}) if mine else {})


def _admitted(request: HttpRequest, person: Person, held: dict[str, str]) -> HttpResponse:
    request.session.pop(ASKED, None)
    visiting.welcome(request, person.pk, "contact")
    if held.get("address"):
        by = actor_of_person(person.pk, "contact")
        facts.state(person, {("person.email", ""): held["address"]}, Source.SELF, by=by)
    return redirect(held.get("next") or reverse("web:my-cases"))


# -- signing out ------------------------------------------------------------------------------------------------------


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Nothing stays behind here; then the provider is told, where it has a place for that.

    Its address is opened by the page that answers: a form may send nobody away (``form-action`` of our policy).
    """
    resident, proof = visiting.resident(request), str(request.session.get(visiting.PROOF, ""))
    visiting.goodbye(request)
    by_card = resident is not None and resident.level.startswith("card")
    if by_card and (leaving := _leaving(request, proof)) is not None:
        return leaving
    if visiting.kiosk(request) is not None:
        return redirect("web:kiosk-over")
    notices.success(request, gettext("サインアウトしました。"))
    return redirect("web:home")


def _leaving(request: HttpRequest, proof: str) -> HttpResponse | None:
    """The page that leads to the provider's own sign-out; None where it has none."""
    state, return_to = new_token(), settings.BASE_URL + reverse("web:left")
    url = identity_provider().leave(return_to=return_to, state=state, proof=proof)
    if url is None:
        return None
    request.session[LEAVING] = state
    return render(request, "web/leaving.html", {"url": url})


@never_cache
@require_safe
def left(request: HttpRequest) -> HttpResponse:
    """Back from the provider, where the visitor has signed out, too. Nobody is signed out by this address: a link to it
    may be anybody's."""
    begun = str(request.session.pop(LEAVING, ""))
    if not begun or not hmac.compare_digest(begun.encode(), _said_once(request).get("state", "").encode()):
        raise Refused(
            "sign-out-not-begun",
            "サインアウトの続きかどうかを確かめられませんでした。画面の上に「サインアウト」が出ているときは、"
            "まだサインインしています。",
        )
    if visiting.kiosk(request) is not None:
        return redirect("web:kiosk-over")
    notices.success(request, gettext("サインアウトしました。認証アプリの側のサインアウトも終わりました。"))
    return redirect("web:home")


@csrf_exempt  # no cookie is read: the proof is the provider's signature
@never_cache
@require_POST
def told(request: HttpRequest) -> HttpResponse:
    """The provider says who has signed out there (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8)."""
    try:
        people.hear_sign_out(
            identity_provider(), request.POST.get("logout_token", ""), by=Actor("system", channel="web")
        )
    except Refused as refusal:
        return JsonResponse({"error": "invalid_request", "error_description": refusal.code}, status=refusal.status)
    return HttpResponse(status=200)
