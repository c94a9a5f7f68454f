"""Where one is signed in: seen, and ended from here."""

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.desk.access import desk, words
from madoguchi.desk.presenting.sessions import session_lines
from madoguchi.desk.signin.gate import SIGN_IN
from madoguchi.desk.views.listing import key_of
from madoguchi.events import Actor
from madoguchi.ground.errors import Refused
from madoguchi.people import actions
from madoguchi.people.models import Account


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def sessions(request: HttpRequest, by: Actor) -> HttpResponse:
    """The list; posted with ``end`` = an id that one is ended, with ``end`` = others all but this one."""
    account, here = Account.objects.get(pk=by.who), str(request.session.get(SIGN_IN, ""))
    if request.method != "POST":
        return render(request, "desk/sessions.html", {"lines": session_lines(account, here)})
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
