"""What a clerk does beside the steps of a case: ticks what was looked at, writes notes."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from madoguchi.cases import actions
from madoguchi.desk.access import desk, opened_by, seen_by, words
from madoguchi.desk.presenting.casepage import case_page
from madoguchi.desk.presenting.evidence import ticks
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, Refused
from madoguchi.procedures import queries as procedures


@require_POST
@desk
def check(request: HttpRequest, by: Actor, number: str) -> HttpResponse:
    """Tick one thing as looked at, or take the tick away. A script gets what stands there now as JSON."""
    case = seen_by(number, by)
    subject, _, seen = (request.POST.get("check") or request.POST.get("uncheck") or "").partition(" ")
    wants_json = request.headers.get("Accept") == "application/json"
    try:
        if "uncheck" in request.POST:
            actions.uncheck(case, subject, by=by)
        else:
            actions.check(case, subject, seen=seen, by=by)
    except Refused as refusal:
        if not wants_json:
            raise
        return JsonResponse({"message": words(refusal)}, status=refusal.status)
    ticked = ticks(case, procedures.package(case.procedure))
    now = ticked.get(subject)
    if wants_json:
        left = [{"id": one.id, "what": one.what} for one in ticked.values() if not one.done]
        return JsonResponse({"done": bool(now and now.done), "words": now.words if now else "", "left": left})
    return redirect(reverse("desk:case", args=(case.number,)) + (f"#{now.id}" if now else ""))


@require_POST
@desk
def note(request: HttpRequest, by: Actor, number: str, note_id: UUID | None = None) -> HttpResponse:
    """Write a note, or mend one's own of just now."""
    case = seen_by(number, by)
    text = request.POST.get("text", "")
    try:
        if note_id is None:
            actions.note(case, text, by=by)
        else:
            actions.amend_note(case, note_id, text, by=by)
    except Invalid as refusal:
        page = case_page(opened_by(number, by), by)
        page.refuse(words(refusal), refusal.status, anchor="memo-text", label=gettext("庁内メモ"))
        page.memo = text
        return render(request, "desk/case.html", {"page": page}, status=refusal.status)
    notices.success(request, gettext("メモを残しました。"))
    return redirect(reverse("desk:case", args=(case.number,)) + "#memos")
