"""Where one is signed in: seen, and ended from here."""

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions as cases_of
from madoguchi.cases import queries as cases
from madoguchi.desk.access import desk, words
from madoguchi.desk.presenting.sessions import kiosk_lines, session_lines
from madoguchi.desk.signin.gate import SIGN_IN
from madoguchi.desk.views.listing import key_of
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, Refused
from madoguchi.people import actions
from madoguchi.people.models import Account


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def sessions(request: HttpRequest, by: Actor) -> HttpResponse:
    """The list; posted with ``end`` = an id that one is ended, with ``end`` = others all but this one."""
    account, here = Account.objects.get(pk=by.who), str(request.session.get(SIGN_IN, ""))
    if request.method != "POST":
        return _show(request, by)
    said = request.POST.get("end", "")
    only = key_of(said)
    try:
        if said == "others":
            actions.end_sessions_of_account(account, by=by, but=key_of(here))
            notices.success(request, gettext("ほかの端末のサインインを、すべて終わらせました。"))
        elif only is not None:
            actions.end_sessions_of_account(account, by=by, only=only)
            notices.success(request, gettext("その端末のサインインを終わらせました。"))
    except Refused as refusal:
        notices.warning(request, words(refusal))
    return redirect("desk:sessions")


def _show(request: HttpRequest, by: Actor, problem: str = "", status: int = 200) -> HttpResponse:
    account, here = Account.objects.get(pk=by.who), str(request.session.get(SIGN_IN, ""))
    serves = cases.serves_counter(by)
    context = {
        "lines": session_lines(account, here),
        "serves_kiosks": serves,
        "kiosk_address": request.build_absolute_uri(reverse("web:kiosk")),
        "kiosks": kiosk_lines() if serves else [],
        "problem": problem,
    }
    return render(request, "desk/sessions.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def kiosks(request: HttpRequest, by: Actor) -> HttpResponse:
    """A device becomes a shared one by the code that follows; ``end`` = an id takes one back. The list stands with the
    sign-ins."""
    if request.method != "POST":
        return redirect(reverse("desk:sessions") + "#kiosks")
    try:
        if "end" in request.POST:
            found = next((one for one in cases.kiosks() if str(one.pk) == request.POST["end"]), None)
            if found is not None:
                cases_of.end_kiosk(found, by=by)
                notices.success(request, gettext("その端末の登録を取り消しました。"))
        else:
            cases_of.make_kiosk(request.POST.get("name", "").replace("\0", ""), by=by)
    except Invalid as refusal:
        return _show(request, by, words(refusal), refusal.status)
    return redirect(reverse("desk:sessions") + "#kiosks")
