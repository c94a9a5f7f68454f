"""Messages with applicants: answering on the case page, and the list of those who wait."""

from dataclasses import replace
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.desk.access import desk, opened_by, seen_by, words
from madoguchi.desk.presenting.casepage import case_page
from madoguchi.desk.presenting.thread import waiting
from madoguchi.events import Actor
from madoguchi.ground.errors import NotAllowed, Refused


@require_safe
@desk
def unanswered(request: HttpRequest, by: Actor) -> HttpResponse:
    """未対応のメッセージ: whoever waits for an answer, longest first."""
    return render(request, "desk/messages.html", {"lines": waiting(by)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def say(request: HttpRequest, by: Actor, number: str) -> HttpResponse:
    """Answer, or say that no answer is needed. What is refused comes back as it was typed."""
    case = seen_by(number, by)
    there = f"{reverse('desk:case', args=(case.number,))}#thread"
    if request.method != "POST":
        return redirect(there)
    body = request.POST.get("body", "").replace("\0", "")
    try:
        if request.POST.get("_do") == "read":
            actions.read_thread(case, by=by)
            notices.success(request, gettext("メッセージを対応ずみにしました。"))
        else:
            actions.answer(case, body, by=by, once=_uuid(request.POST.get("once", "")))
            notices.success(request, gettext("メッセージを送りました。"))
    except NotAllowed:
        raise
    except Refused as refusal:
        page = case_page(opened_by(number, by), by)
        page.thread = replace(page.thread, typed=body, problem=words(refusal))
        return render(request, "desk/case.html", {"page": page}, status=refusal.status)
    return redirect(there)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
