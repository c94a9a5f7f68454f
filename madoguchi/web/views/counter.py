"""At a shared device: becoming one, leaving it, and what the resident sees of a sitting at the counter.

The tablet at the counter is known by its cookie alone. It has no session of its own: what stands on it follows from the
sitting that it serves, and when the clerk ends that, it knows nobody.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Kiosk
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Refused, Stale
from madoguchi.web import visiting
from madoguchi.web.kiosk import become
from madoguchi.web.presenting.counter import CounterPage, counter_page
from madoguchi.web.views.downloads import uploaded
from madoguchi.web.words import words

#: Whoever stands before the tablet, as the log names them.
_SOMEBODY = Actor("visitor", channel="counter")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def kiosk(request: HttpRequest) -> HttpResponse:
    """What this device is; and the code by which staff make it a shared one."""
    problem, status = "", 200
    if request.method == "POST":
        typed, by = request.POST.get("code", "").replace("\0", "")[:40], _SOMEBODY
        try:
            found = actions.find_kiosk(typed)
        except Refused as refusal:
            refuse("kiosk.join", refusal, by=by)
            problem, status = words(refusal), refusal.status
        else:
            try:
                made = actions.join_kiosk(found, typed, request.headers.get("User-Agent", ""), by=by)
            except Refused as refusal:
                problem, status = words(refusal), refusal.status
            else:
                visiting.goodbye(request)
                response = redirect("web:kiosk")
                become(response, made)
                return response
    return render(request, "web/kiosk.html", {"problem": problem}, status=status)


@never_cache
@require_POST
def stay(request: HttpRequest) -> HttpResponse:
    """つづける: this request itself is the use."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def over(request: HttpRequest) -> HttpResponse:
    """Nobody is here any more. Also reached by a page that was left alone without a script, hence by GET; on somebody's
    own device nobody is signed out by it, because a link to it may be anybody's."""
    here = visiting.kiosk(request)
    if here is not None:
        visiting.goodbye(request)
    if here is not None and cases.sitting_on(here) is not None:
        return redirect("web:counter")
    return render(request, "web/kiosk_over.html")


# -- a sitting at the counter -----------------------------------------------------------------------------------------


def _here(request: HttpRequest) -> Kiosk:
    here = visiting.kiosk(request)
    if here is None:
        raise Http404
    return here


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def counter(request: HttpRequest) -> HttpResponse:
    """The tablet: the code, then whatever the sitting asks of the resident now."""
    here = visiting.kiosk(request)
    if here is None:
        return redirect("web:kiosk")
    sitting = cases.sitting_on(here)
    if request.method != "POST":
        if sitting is None:
            return render(request, "web/counter_code.html", {"name": here.name})
        return _show(request, counter_page(sitting))
    try:
        _answer(request, here)
    except Refused as refusal:
        if sitting is None:
            context = {"name": here.name, "problem": words(refusal)}
            return render(request, "web/counter_code.html", context, status=refusal.status)
        fresh = cases.sitting_on(here)
        if fresh is None:
            return redirect("web:counter")
        return _show(request, counter_page(fresh), refusal)
    return redirect("web:counter")


def _answer(request: HttpRequest, here: Kiosk) -> None:
    todo = request.POST.get("_do", "")
    if todo == "pair":
        actions.pair(here, request.POST.get("code", "").replace("\0", "")[:20], by=_SOMEBODY)
        visiting.goodbye(request)  # whoever used the device before is nobody here
    elif todo == "agree":
        actions.agree(here, by=_SOMEBODY)
    elif todo == "confirm":
        sitting = cases.sitting_on(here)
        asked = cases.to_confirm(sitting) if sitting is not None else None
        if asked is None:
            raise Stale("shown-changed", gettext_noop("画面の内容が変わりました。もう一度お確かめください。"))
        if not request.POST.get("read"):
            raise Invalid("not-read", gettext_noop("内容を読んで、「このとおり申し込みます」に印を付けてください。"))
        drawn, name = request.POST.get("drawn", ""), request.POST.get("name", "").replace("\0", "")
        actions.confirm_typed(asked.case, here, request.POST.get("seen", ""), by=_SOMEBODY, drawn=drawn, name=name)


def _show(request: HttpRequest, page: CounterPage, refusal: Refused | None = None) -> HttpResponse:
    context: dict[str, Any] = {
        "page": page,
        "problem": words(refusal) if refusal is not None else "",
        "card_url": f"{reverse('web:card')}?next={reverse('web:counter')}",
    }
    return render(request, "web/counter.html", context, status=refusal.status if refusal is not None else 200)


#: How often it is noted that the resident is still there.
_NOTED_EVERY = timedelta(minutes=1)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def state(request: HttpRequest) -> HttpResponse:
    """By what the tablet notices that the clerk has gone on, and in how many seconds it is over. It says nothing but
    that. Posted where somebody has touched it."""
    here = _here(request)
    sitting = cases.sitting_on(here)
    if sitting is None:
        return JsonResponse({"state": ""})
    if request.method == "POST" and clock.now() - sitting.used_at > _NOTED_EVERY:
        sitting.used_at = actions.stay_at_kiosk(here, by=_SOMEBODY).used_at
    left = int((sitting.ends_at - clock.now()).total_seconds())
    return JsonResponse({"state": counter_page(sitting).state, "left": left})


@never_cache
@require_safe
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """A photograph of what is shown to be confirmed."""
    sitting = cases.sitting_on(_here(request))
    asked = cases.to_confirm(sitting) if sitting is not None else None
    if asked is None:
        raise Http404
    return uploaded(*cases.content(asked.case, document_id))
