"""One deed for many cases: the preview that changes nothing, the confirmation that begins it, and what became of it."""

from typing import cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.queries import DEEDS, Deed
from madoguchi.desk.access import desk
from madoguchi.desk.presenting.batches import batch_page, preview_page
from madoguchi.desk.presenting.worklist import asked_of
from madoguchi.desk.views.listing import key_of
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid
from madoguchi.people.models import Account


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def preview(request: HttpRequest, by: Actor) -> HttpResponse:
    """What would happen to each chosen case (``case``), or to all of the list (``all``), if it were confirmed."""
    if request.method != "POST":
        return redirect("desk:work")
    deed = request.POST.get("deed", "")
    if deed not in DEEDS:
        raise Invalid("batch-deed", "まとめて行う操作を選んでください。")
    keys = [key for one in request.POST.getlist("case") if (key := key_of(one))]
    if request.POST.get("all"):
        view, filters = asked_of({name: request.POST.get(name, "") for name in request.POST})
        keys = [one.case.pk for one in cases.listing(view, by, filters, limit=cases.MOST_AT_ONCE)]
    if not keys or len(keys) > cases.MOST_AT_ONCE:
        raise Invalid("batch-size", "1件から%(most)s件までを選んでください。", {"most": cases.MOST_AT_ONCE})
    page = preview_page(cast(Deed, deed), keys, by, _colleague(request.POST.get("to", "")))
    return render(request, "desk/batch_preview.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def batch(request: HttpRequest, by: Actor, key: UUID) -> HttpResponse:
    """Confirm the preview of this key; then, and whenever it is opened, how far it is and what became of each."""
    if request.method == "POST":
        steps = [one for said in request.POST.getlist("step") if (one := key_of(said))]
        to = _colleague(request.POST.get("to", ""))
        note = request.POST.get("note", "")
        actions.begin_batch(key, request.POST.get("deed", ""), steps, by=by, to=to, note=note)
        return redirect("desk:batch", key)
    return render(request, "desk/batch.html", {"page": batch_page(cases.batch_of(key, by))})


def _colleague(said: str) -> Account | None:
    key = key_of(said)
    return Account.objects.filter(pk=key, is_active=True).first() if key else None
