"""代理人: given, accepted and ended online; and what an agent has handed in, for its principal to read."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.facts.queries import given_by, given_to, held_back, open_invitations
from madoguchi.facts.rules.delegating import Delegation, plain_code
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused
from madoguchi.messages import actions as messages
from madoguchi.messages import queries as said_of
from madoguchi.people.queries import person_of
from madoguchi.web.presenting import delegating
from madoguchi.web.views.downloads import pdf
from madoguchi.web.views.guard import for_residents
from madoguchi.web.words import words

_FIELDS = ("kind", "name", "office", "number", "months", "shows", "letters")


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def proxies(request: HttpRequest, resident: Actor) -> HttpResponse:
    """Who speaks for me, for whom I speak, whom I have invited; posted, an invitation or the end of something."""
    if not _with_card(resident):
        return render(request, "web/my_proxies.html", {"card_url": _card(request)}, status=_weak(request))
    if request.method != "POST":
        return _page(request, resident, delegating.form())
    todo, _, what = request.POST.get("_do", "").partition(":")
    try:
        if todo == "give":
            return _give(request, resident)
        if todo == "end":
            _end(resident, what)
            notices.success(request, gettext("代理権を取り消しました。すでに提出された手続きは、そのまま進みます。"))
        if todo == "withdraw":
            _withdraw(resident, what)
            notices.success(request, gettext("招待を取り消しました。"))
    except Invalid:
        raise
    except Refused as refusal:
        notices.warning(request, words(refusal))
    return redirect("web:my-proxies")


def _give(request: HttpRequest, resident: Actor) -> HttpResponse:
    typed = {name: request.POST.get(name, "").replace("\0", "")[:200] for name in _FIELDS}
    scope = [one[:100] for one in request.POST.getlist("scope")[:200]]
    months = typed["months"]
    wish = actions.Wish(
        kind=typed["kind"], procedures=delegating.chosen(scope), shows=typed["shows"] == "1",
        letters=typed["letters"] == "1", months=int(months) if months.isascii() and months.isdigit() else 0,
        name=typed["name"], office=typed["office"], number=typed["number"],
    )  # fmt: skip
    try:
        actions.give(person_of(resident), wish, by=resident)
    except Refused as refusal:
        problems = {name: gettext(one.message) % dict(one.params) for name, one in refusal.fields.items()}
        return _page(request, resident, delegating.form(typed, scope, words(refusal), problems), status=refusal.status)
    notices.success(request, gettext("招待コードを作りました。代理人になる方に渡してください。"))
    return redirect(f"{reverse('web:my-proxies')}#invitations")


def _page(request: HttpRequest, resident: Actor, form: delegating.Form, *, status: int = 200) -> HttpResponse:
    context = {
        "given": delegating.given(resident),
        "received": delegating.received(resident),
        "invitations": [(one, request.build_absolute_uri(one.path)) for one in delegating.invitations(resident)],
        "form": form,
    }
    return render(request, "web/my_proxies.html", context, status=status)


def _end(resident: Actor, what: str) -> None:
    one = next((one for one in _of(resident) if str(one.id) == what), None)
    if one is None:
        refusal = cases.no_delegation()
        refuse("delegation.end", refusal, by=resident)
        raise refusal
    actions.end_delegation(one, by=resident)


def _of(resident: Actor) -> list[Delegation]:
    return [*given_by(resident.who), *held_back(resident.who), *given_to(resident.who)]


def _withdraw(resident: Actor, what: str) -> None:
    one = next((one for one in open_invitations(resident.who) if str(one.pk) == what), None)
    if one is None:
        refusal = NotFound("invitation-unknown", "この招待は、期限が過ぎたか、すでに終わっています。")
        refuse("delegation.withdraw", refusal, by=resident)
        raise refusal
    actions.withdraw_invitation(one, by=resident)


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def enter_code(request: HttpRequest, resident: Actor) -> HttpResponse:
    """招待コードを入力する: for whoever was told the code and has no link."""
    typed = request.POST.get("code", "")[:40]
    if request.method == "POST" and plain_code(typed):
        return redirect("web:accept-proxy", plain_code(typed))
    problem = gettext("招待コードは、英字と数字12文字です。") if request.method == "POST" else ""
    context = {"enter": True, "typed": typed, "problem": problem}
    return render(request, "web/accept_proxy.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def accept(request: HttpRequest, resident: Actor, code: str) -> HttpResponse:
    """What one is invited to, and by whom; posted, it is accepted. Opening the link accepts nothing."""
    if not _with_card(resident):
        return render(request, "web/accept_proxy.html", {"card_url": _card(request)}, status=_weak(request))
    try:
        one = actions.invited(code, by=resident)
        if request.method == "POST":
            actions.accept(one, by=resident)
            said_ = gettext(
                "%(name)sさんの代理人になりました。手続きの始めの「ほかの方の代わりに申し込む」で選べます。"
            )
            notices.success(request, said_ % {"name": one.own_name})
            return redirect("web:my-proxies")
    except Refused as refusal:
        return render(request, "web/accept_proxy.html", {"over": words(refusal)}, status=refusal.status)
    return render(request, "web/accept_proxy.html", {"line": delegating.invited_words(one)})


@require_safe
@for_residents
def by_proxy(request: HttpRequest, resident: Actor, number: str) -> HttpResponse:
    """How a case stands that an agent has handed in for the resident. Read-only: the agent answers for it."""
    one = _represented(number, resident)
    return render(request, "web/by_proxy.html", {"case": delegating.by_proxy(one)})


@require_safe
@for_residents
def by_proxy_letter(request: HttpRequest, resident: Actor, number: str, letter_id: UUID) -> HttpResponse:
    """A letter of such a case: it is about the resident, whoever has received it."""
    one = _represented(number, resident)
    found = said_of.letters_about(one.pk).filter(pk=letter_id).first()
    if found is None:
        raise NotFound("letter-unknown", gettext_noop("この通知書は見つかりません。"))
    issued = said_of.file_of(found)
    if found.person_id == resident.id:
        messages.read_letter(found, by=resident)
    return pdf(issued, f"{found.title}-{found.number}")


def _represented(number: str, resident: Actor) -> Case:
    try:
        if actions.too_weak(person_of(resident), resident):
            raise NotAllowed(
                "level-too-low", gettext_noop("見るには、マイナンバーカードでサインインし直してください。")
            )
        return cases.represented_case(number, resident)
    except Refused as refusal:
        refuse("case.read", refusal, by=resident)
        raise


def _with_card(resident: Actor) -> bool:
    return resident.level.startswith("card")


def _card(request: HttpRequest) -> str:
    return f"{reverse('web:card')}?{urlencode({'next': request.path})}"


def _weak(request: HttpRequest) -> int:
    return 403 if request.method == "POST" else 200
