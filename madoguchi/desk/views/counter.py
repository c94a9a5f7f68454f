"""窓口で受け付ける: the sitting, the form that a clerk fills in before its resident, the confirmation and the receipt.

The pages of the form are those of ``asking``, at the desk's addresses; every page works without a script.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.asking import filling
from madoguchi.asking.pages import Draft
from madoguchi.asking.questions import raw_of
from madoguchi.asking.words import time_words
from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.actions import writing
from madoguchi.cases.actions.drafting import section_digest
from madoguchi.cases.models import Case, Sitting
from madoguchi.desk.access import desk, look_at, words
from madoguchi.desk.presenting.counter import Here, sitting_page, state_of
from madoguchi.desk.views.files import file_response
from madoguchi.desk.views.listing import key_of
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Refused, Stale, fill
from madoguchi.mapping.serving import with_policy
from madoguchi.messages import queries as messages
from madoguchi.people.rules import normalise_address
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.form import FormSection

#: What is typed from a document, by the name of its attribute (``facts.rules.matching``).
_TOLD = ("name", "kana", "address", "born", "sex")
#: How often it is noted that the clerk is still there.
_NOTED_EVERY = timedelta(minutes=1)


def _at_counter(by: Actor) -> Actor:
    return replace(by, channel="counter")


def _own(key: UUID, by: Actor, *, used: bool = True) -> Sitting:
    """The clerk's own sitting, which goes on by being ``used``. Raises NotFound for any other, existing or not; the try
    leaves one event."""
    try:
        found = cases.own_sitting(key, by)
    except NotFound as refusal:
        refuse("case.read", refusal, by=by)
        raise
    if used and clock.now() - found.used_at > _NOTED_EVERY:
        found.used_at = actions.stay(found, by=_at_counter(by)).used_at
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def sittings(request: HttpRequest, by: Actor) -> HttpResponse:
    """The sittings that go on, and the next one."""
    if not cases.serves_counter(by):
        raise NotAllowed("not-allowed", "窓口を受け持つ職の方だけが使えます。")
    if request.method == "POST":
        return redirect("desk:sitting", actions.open_sitting(by=_at_counter(by)).pk)
    return render(request, "desk/counter.html", {"lines": [sitting_page(one) for one in cases.own_sittings(by)]})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def sitting(request: HttpRequest, by: Actor, key: UUID) -> HttpResponse:
    """Who sits there, and what they came for."""
    one, query = _own(key, by), request.GET.get("q", "").replace("\0", "").strip()[:100]
    if request.method != "POST":
        return render(request, "desk/sitting.html", {"page": sitting_page(one, query)})
    try:
        return _did(request, one, _at_counter(by))
    except NotAllowed:
        raise
    except Refused as refusal:
        page = sitting_page(_own(key, by))
        page.problem = words(refusal)
        page.problems = {name: fill(gettext(one.message), one.params) for name, one in refusal.fields.items()}
        page.given = {name: request.POST.get(name, "") for name in (*_TOLD, "shown")}
        return render(request, "desk/sitting.html", {"page": page}, status=refusal.status)


def _did(request: HttpRequest, one: Sitting, by: Actor) -> HttpResponse:
    todo, post, there = request.POST.get("_do", ""), request.POST, redirect("desk:sitting", one.pk)
    if todo == "code":
        actions.show_code(one, by=by)
    elif todo == "identify":
        told = {name: post.get(name, "").replace("\0", "") for name in _TOLD}
        actions.identify_by_document(one, post.get("shown", ""), told, by=by)
    elif todo == "agreed":
        actions.note_agreed(one, by=by)
    elif todo == "mistaken":
        actions.mistaken(one, by=by)
    elif todo == "begin":
        row = procedures.current(post.get("procedure", ""))
        if row is None:
            raise NotFound("procedure-unknown", "この手続きは、いまは受け付けていません。")
        return _resume(one, actions.begin_at_counter(one, row, by=by))
    elif todo == "take-up":
        wanted = key_of(post.get("case", ""))
        if wanted is None:
            raise NotFound("draft-unknown", "この手続きは見つからないか、いま直すところがありません。")
        return _resume(one, actions.take_up(one, wanted, by=by))
    elif todo == "end":
        actions.end_sitting(one, by=by)
        notices.success(request, gettext("受付を終わらせました。端末には何も残っていません。"))
        return redirect("desk:counter")
    return there


def _resume(one: Sitting, case: Case) -> HttpResponse:
    here, draft = Here(one), Draft(case, Here(one))
    section = next(iter(draft.sections()), None)
    return redirect(here.section(case, section) if section else here.review(case))


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def state(request: HttpRequest, by: Actor, key: UUID) -> HttpResponse:
    """By what the page notices that the tablet has answered, and in how many seconds it is over; posted by a page that
    is being used, which by itself asks no other."""
    one = _own(key, by, used=request.method == "POST")
    return JsonResponse({"state": state_of(one), "left": int((one.ends_at - clock.now()).total_seconds())})


# -- the form ---------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def section(request: HttpRequest, by: Actor, key: UUID, case_id: UUID, section_id: str) -> HttpResponse:
    """One section, as the resident's own page has it."""
    sat = _own(key, by)
    draft = Draft(_opened(sat, case_id, by), Here(sat))
    one = draft.form.section(section_id)
    if one is None:
        raise NotFound("section-unknown", "この手続にその項目はありません。")
    if draft.case.received_at is not None and draft.case.returned_at is None:
        return redirect("desk:sitting", sat.pk)
    if request.method != "POST":
        return _show(request, sat, draft, one, by)
    return _saved(request, sat, draft, one, _at_counter(by))


def _saved(request: HttpRequest, sat: Sitting, draft: Draft, one: FormSection, by: Actor) -> HttpResponse:
    todo, _, what = request.POST.get("_do", "next").partition(":")
    case, read = draft.case, forms.Read()
    try:
        if draft.asks_for_words(one):
            raw = raw_of(request.POST)
            read = actions.save_section(case, one.id, raw, by=by, base=request.POST.get("_seen") or None)
        refusals = filling.add_documents(request, draft, by=by)
        if todo == "add":
            actions.add_row(case, one.id, by=by)
        elif todo == "remove":
            actions.remove_row(case, one.id, int(what) if what.isdigit() and len(what) < 4 else -1, by=by)
        elif todo == "one":
            actions.take_one(case, one.id, what, by=by)
        elif todo == "remove-file" and (document_id := key_of(what.rpartition(":")[2])) is not None:
            actions.remove_document(case, document_id, by=by)
    except Stale as refusal:
        if not refusal.fields:
            raise
        return _conflict(request, sat, draft, one, refusal, by)
    draft = Draft(cases.sitting_case(sat, case.pk), Here(sat))
    if todo == "autosave":
        return JsonResponse({"saved_at": time_words(draft.case.saved_at), "seen": section_digest(draft.case, one)})
    if refusals:
        return _show(request, sat, draft, one, by, problems={**read.problems, **refusals}, status=422)
    if todo == "refresh":
        return _show(request, sat, draft, one, by)
    if todo == "place":
        wrong = filling.of_places(draft, read.problems)
        return _show(request, sat, draft, one, by, problems=wrong, status=422 if wrong else 200)
    if todo == "back":
        before, _after = draft.neighbours(one)
        return redirect(draft.at.section(draft.case, before) if before else reverse("desk:sitting", args=(sat.pk,)))
    if todo in ("one", "add", "remove", "upload", "remove-file"):
        return HttpResponseRedirect(f"{request.get_full_path()}#questions")
    return _next(request, sat, draft, one, by, read.problems)


def _next(
    request: HttpRequest, sat: Sitting, draft: Draft, one: FormSection, by: Actor, unread: Mapping[str, Problem]
) -> HttpResponse:
    """On, unless something is missing here; questions that the answers have brought up are asked first."""
    problems = filling.missing(draft, one, unread)
    if problems:
        new = filling.is_new(request, draft, problems)
        return _show(request, sat, draft, one, by, problems=None if new else problems, status=200 if new else 422)
    if draft.gate(one) is not None:
        return _show(request, sat, draft, one, by, status=422)
    _before, after = draft.neighbours(one)
    if after is None or request.GET.get("then") == "review":
        return redirect(draft.at.review(draft.case))
    return redirect(draft.at.section(draft.case, after))


def _opened(sat: Sitting, case_id: UUID, by: Actor) -> Case:
    """A case of the sitting, of which something is about to be shown. Raises NotFound."""
    case = cases.sitting_case(sat, case_id)
    look_at(case, _at_counter(by))
    return case


def _show(
    request: HttpRequest,
    sat: Sitting,
    draft: Draft,
    one: FormSection,
    by: Actor,
    *,
    problems: Mapping[str, Problem] | None = None,
    posted: Mapping[str, Sequence[str]] | None = None,
    elsewhere: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    marks, drawn = draft.steps(one.id), filling.place_map(one, reverse("desk:map-style"))
    number = next((place for place, mark in enumerate(marks, 1) if mark.state == "editing"), 1)
    context = {
        "form": {
            "number": number,
            "total": len(marks),
            "procedure": draft.title,
            "steps": marks,
            "map": drawn,
            **filling.base(draft, one),
        },
        "sitting": sitting_page(sat),
        "section": draft.page(one, problems, posted, elsewhere, by=_at_counter(by)),
        "problems": draft.links(problems or {}),
        "gate": draft.gate(one),
        "stale": elsewhere is not None,
    }
    answer = render(request, "desk/counter_section.html", context, status=status)
    return with_policy(answer) if drawn is not None else answer


def _conflict(
    request: HttpRequest, sat: Sitting, draft: Draft, one: FormSection, refusal: Stale, by: Actor
) -> HttpResponse:
    """Another window has saved the same section: both values are shown, and the next press decides."""
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"message": words(refusal)}, status=409)
    fresh = Draft(cases.sitting_case(sat, draft.case.pk), Here(sat))
    posted = dict(request.POST.lists())
    return _show(request, sat, fresh, one, by, posted=posted, elsewhere=filling.elsewhere(fresh, refusal), status=409)


@require_safe
@desk
def document(request: HttpRequest, by: Actor, key: UUID, case_id: UUID, document_id: UUID) -> HttpResponse:
    """A photograph or file that was given here."""
    case = _opened(_own(key, by), case_id, by)
    found, content = cases.opened(case, document_id)
    return file_response(content, found.media_type, found.name, inline=found.media_type in ("image/jpeg", "image/png"))


# -- the confirmation and the receipt ---------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def review(request: HttpRequest, by: Actor, key: UUID, case_id: UUID) -> HttpResponse:
    """Everything once more; put before the resident, confirmed by them, handed in."""
    sat = _own(key, by)
    case = _opened(sat, case_id, by)
    if case.received_at is not None and case.returned_at is None:
        return redirect("desk:sitting", sat.pk)
    if request.method != "POST":
        return _review(request, sat, case)
    actor, todo = _at_counter(by), request.POST.get("_do", "")
    try:
        if todo == "ask":
            actions.ask_resident(case, by=actor)
        elif todo == "spoken":
            if not request.POST.get("heard"):
                raise Invalid(
                    "not-read-aloud", "読み上げるか画面を見せて、ご本人が「このとおり」と言ったことを確かめてください。"
                )
            actions.note_confirmed(case, by=actor)
        elif todo == "submit":
            typed = request.POST.get("email", "").replace("\0", "").strip()[:254]
            actions.submit(case, by=actor, email=normalise_address(typed) if typed else "")
            notices.success(request, gettext("受け付けました。"))
            return redirect("desk:sitting", sat.pk)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _review(request, sat, cases.sitting_case(sat, case_id), refusal)
    return redirect("desk:counter-review", sat.pk, case.pk)


def _review(request: HttpRequest, sat: Sitting, case: Case, refusal: Refused | None = None) -> HttpResponse:
    draft = Draft(case, Here(sat))
    problems, shown = draft.missing(), draft.sections()
    asked, confirmed = cases.to_confirm(sat), cases.confirmation_of(case)
    context: dict[str, Any] = {
        "form": {
            "number": len(shown) + 1,
            "total": len(shown) + 1,
            "procedure": draft.title,
            "steps": draft.steps("review"),
            "back_url": draft.at.section(case, shown[-1]) if shown else "",
        },
        "sitting": sitting_page(sat),
        "sections": draft.answers(problems),
        "problems": draft.links(problems),
        "gate": draft.gate(),
        "refusal": words(refusal) if refusal is not None else "",
        "asked": asked is not None and asked.case_id == case.pk,
        "confirmed": confirmed,
        "name": confirmed.name if confirmed is not None else "",
        "signature_url": draft.at.document(case, confirmed.signature)
        if confirmed is not None and confirmed.signature is not None
        else "",
        "correction": draft.correcting,
        "ask_email": not draft.correcting and not forms.get(case.answers, "person.email"),
        "email": request.POST.get("email", "")[:254],
    }
    return render(request, "desk/counter_review.html", context, status=refusal.status if refusal is not None else 200)


@require_safe
@desk
def receipt(request: HttpRequest, by: Actor, key: UUID, case_id: UUID) -> HttpResponse:
    """受付票, to be printed and handed over."""
    case = cases.sitting_case(_own(key, by), case_id)
    if case.received_at is None:
        raise NotFound("receipt-not-yet", "まだ受け付けていません。")
    data = writing.receipt_data(case, procedures.package(case.procedure), case.language)
    made = messages.receipt(data, status_path=writing.status_path(case))
    return file_response(made, "application/pdf", f"{gettext('受付票')}-{case.number}.pdf", inline=True)
