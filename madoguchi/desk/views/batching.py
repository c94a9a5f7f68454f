"""One deed for many cases: the preview that changes nothing, the confirmation that begins it, and what became of it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Step
from madoguchi.cases.queries import DEEDS, Deed
from madoguchi.desk.access import desk, look_at
from madoguchi.desk.presenting.batches import batch_page, preview_page
from madoguchi.desk.presenting.worklist import asked_of
from madoguchi.desk.views.files import streamed
from madoguchi.desk.views.listing import day_of, key_of
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound
from madoguchi.messages.rules.binding import bind
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
        note, day = request.POST.get("note", ""), day_of(request.POST.get("day", ""))
        deed, shown = request.POST.get("deed", ""), request.POST.getlist("draft")
        # Who decides has seen each draft: one that is not posted is none that was seen.
        seen = [*shown, *[""] * len(steps)][: len(steps)] if deed == "approve" else []
        actions.begin_batch(key, deed, steps, by=by, to=to, note=note, drafts=seen, day=day)
        return redirect("desk:batch", key)
    return render(request, "desk/batch.html", {"page": batch_page(cases.batch_of(key, by), by)})


@require_safe
@desk
def letters(request: HttpRequest, by: Actor, key: UUID) -> HttpResponse:
    """The letters that this batch has taken out for the printer, as one PDF that is written while it is read."""
    found = cases.batch_of(key, by)
    papers = cases.for_printer(found, by)
    for one in cases.printed(found, by):
        look_at(one.case, by)
    return streamed(papers, f"letters-{clock.today():%Y%m%d}.pdf")


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def drafts(request: HttpRequest, by: Actor) -> HttpResponse:
    """The letters that approving these steps would lead to, as drafts, one after the other. Changes nothing."""
    if request.method != "POST":
        return redirect("desk:work")
    keys = [key for one in request.POST.getlist("step") if (key := key_of(one))]
    if not keys or len(keys) > cases.MOST_AT_ONCE:
        raise Invalid("batch-size", "1件から%(most)s件までを選んでください。", {"most": cases.MOST_AT_ONCE})
    found = cases.open_steps(by).filter(pk__in=keys, kind="approve")
    steps = sorted(found, key=lambda one: keys.index(one.pk))
    if not steps:
        raise NotFound("step-unknown", "この段階は見つかりません。画面を読み込み直してください。")
    for step in steps:
        look_at(step.case, by)
    return streamed(bind(_drafts(steps)), f"drafts-{clock.today():%Y%m%d}.pdf")


def _drafts(steps: Sequence[Step]) -> Iterator[bytes]:
    for step in steps:
        with suppress(Invalid):  # a decision from which no letter follows
            yield from actions.draft_letters(step, "approve")


def _colleague(said: str) -> Account | None:
    key = key_of(said)
    return Account.objects.filter(pk=key, is_active=True).first() if key else None
