"""Filling in: begin, one section a page, photos and files. Every page works without JavaScript.

What was typed is stored before anything is said about it, so that neither a mistake, nor a second window, nor a
session that ran out loses a word.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages as messages_of
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from madoguchi.asking import filling
from madoguchi.asking.questions import raw_of
from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.actions.drafting import section_digest
from madoguchi.cases.models import Case
from madoguchi.cases.rules import uploads
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Stale
from madoguchi.mapping import serving as mapping
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.form import FormSection
from madoguchi.procedures.rules.linking import read_link
from madoguchi.procedures.rules.speaking import speakers
from madoguchi.web import visiting
from madoguchi.web.presenting import journeys
from madoguchi.web.presenting.cards import card, subject_words
from madoguchi.web.presenting.delegating import principals
from madoguchi.web.presenting.formpage import Draft, key_of, section_url
from madoguchi.web.presenting.journeys import Earlier
from madoguchi.web.presenting.linking import label_of, standing
from madoguchi.web.views.downloads import uploaded
from madoguchi.web.views.guard import for_residents, own
from madoguchi.web.words import language, said, time_words, words


@require_POST
def start(request: HttpRequest, code: str) -> HttpResponse:
    """始める: the draft, opened or found again; sign-in first where there is none strong enough."""
    row = procedures.current(code)
    if row is None:
        raise NotFound("procedure-unknown", gettext_noop("この手続きは、いまは受け付けていません。"))
    link = read_link(procedures.package(row).form, raw_of(request.POST))
    visiting.keep_link(request, code, link.raw)
    resident = visiting.resident(request)
    if resident is not None:
        try:
            return _opened(request, row, resident)
        except NotAllowed:
            pass
    return redirect(f"{reverse('web:sign-in')}?{urlencode({'next': reverse('web:begin', args=(code,))})}")


@require_safe
@for_residents
def begin(request: HttpRequest, resident: Actor, code: str) -> HttpResponse:
    """Back from the sign-in that 始める asked for. Opening the same draft twice opens one, so a GET may do it."""
    row = procedures.current(code)
    if row is None:
        raise NotFound("procedure-unknown", gettext_noop("この手続きは、いまは受け付けていません。"))
    try:
        return _opened(request, row, resident)
    except NotAllowed:
        return redirect(f"{reverse('web:sign-in')}?{urlencode({'next': request.path})}")


def _opened(request: HttpRequest, row: Procedure, resident: Actor) -> HttpResponse:
    """The draft, with what a link chose where nothing was answered yet; what it did not change is said."""
    raw = visiting.kept_link(request, row.code)
    case = actions.open_draft(row, by=resident, language=language(), linked=raw)
    found, form = standing(case, raw), procedures.package(case.procedure).form
    kept = [label_of(form, name) for name, same in found.items() if not same]
    if kept:
        said_ = gettext("すでに答えていたため、リンクの内容に変えていません：%(labels)s")
        messages_of.info(request, said_ % {"labels": gettext("、").join(kept)})
    visiting.keep_link(request, row.code, raw, str(case.pk))
    return redirect("web:case", key_of(case))


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def for_another(request: HttpRequest, resident: Actor, code: str) -> HttpResponse:
    """ほかの方の代わりに: in which relation, and the drafts that were begun for others before."""
    row = procedures.current(code)
    package = procedures.package(row) if row is not None else None
    relations = speakers(package.procedure) if package is not None else {}
    known = principals(row, resident) if row is not None else []
    whole = package is not None and package.procedure.kind == "journey" and package.procedure.applicant is None
    if row is None or package is None or not (relations or whole):
        raise NotFound("procedure-unknown", gettext_noop("この手続きは、いまは受け付けていません。"))
    problem = ""
    if request.method == "POST":
        try:
            case = _for_another(row, request.POST.get("relation", ""), resident)
            return redirect("web:case", key_of(case))
        except NotAllowed:
            return redirect(f"{reverse('web:sign-in')}?{urlencode({'next': request.path})}")
        except (Invalid, NotFound) as refusal:
            problem = words(refusal)
    context = {
        "principals": known,
        "strong": resident.level.startswith("card"),
        "title": said(package.procedure.title),
        "code": code,
        "relations": [(value, said(label)) for value, label in relations.items()],
        "drafts": [card(one) for one in cases.drafts_of(code, resident) if one.subject_id is not None],
        "problem": problem,
    }
    return render(request, "web/for_another.html", context, status=422 if problem else 200)


def _for_another(row: Procedure, chosen: str, resident: Actor) -> Case:
    """A draft for a principal (``by:`` and the delegation), or for somebody whom nobody has registered."""
    kind, _, delegation = chosen.partition("by:")
    if kind or not delegation:
        return actions.open_for_another(row, chosen, by=resident, language=language())
    try:
        key = UUID(delegation)
    except ValueError:
        raise Invalid("relation", "申し込む方との関係を選んでください。") from None
    return actions.open_for_principal(row, key, by=resident, language=language())


# -- one section ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def section(request: HttpRequest, resident: Actor, key: str, section_id: str) -> HttpResponse:
    """One section: shown, saved, and on to the next."""
    case = own(resident, key)
    draft = Draft(case)
    one = draft.form.section(section_id)
    if one is None:
        raise NotFound("section-unknown", gettext_noop("この手続きに、そのページはありません。"))
    if case.withdrawn_at or (case.received_at and not case.returned_at):
        return redirect("web:case", key_of(case))
    if request.method == "POST":
        return _post(request, resident, draft, one)
    kept = visiting.kept_typed(request)
    if kept is not None:
        return _show(request, draft, one, posted=kept, restored=True)
    return _show(request, draft, one)


def _post(request: HttpRequest, resident: Actor, draft: Draft, one: FormSection) -> HttpResponse:
    todo, _, what = request.POST.get("_do", "next").partition(":")
    case = draft.case
    try:
        read = forms.Read()
        if draft.asks_for_words(one):
            raw = raw_of(request.POST)
            read = actions.save_section(case, one.id, raw, by=resident, base=request.POST.get("_seen") or None)
        refusals = filling.add_documents(request, draft, by=resident)
        if todo == "add":
            actions.add_row(case, one.id, by=resident)
        elif todo == "remove":
            actions.remove_row(case, one.id, int(what) if re.fullmatch("[0-9]{1,3}", what) else -1, by=resident)
        elif todo == "one":
            actions.take_one(case, one.id, what, by=resident)
        elif todo == "remove-file":
            _remove_document(resident, case, what)
        elif todo == "drop-upload":
            _drop_upload(resident, case, what)
    except Stale as refusal:
        if not refusal.fields:
            raise
        return _conflict(request, draft, one, refusal)
    draft = Draft(case)
    if todo == "autosave":
        return JsonResponse({"saved_at": time_words(case.saved_at), "seen": section_digest(case, one)})
    if refusals:
        return _show(request, draft, one, problems={**read.problems, **refusals}, status=422)
    if todo == "back":
        before, _ = draft.neighbours(one)
        first = journeys.parts_url(case) or reverse("web:case", args=(key_of(case),))
        return redirect(section_url(case, before) if before else first)
    if todo == "later":
        return redirect("web:my-cases")
    if todo == "refresh":
        return _show(request, draft, one)
    if todo == "place":
        wrong = filling.of_places(draft, read.problems)
        return _show(request, draft, one, problems=wrong, status=422 if wrong else 200)
    if todo == "add":
        return HttpResponseRedirect(f"{request.get_full_path()}#row-{len(case.answers.get(one.each or '') or []) - 1}")
    if todo in ("one", "remove", "upload", "remove-file", "drop-upload"):
        return HttpResponseRedirect(f"{request.get_full_path()}#questions")
    return _next(request, draft, one, read.problems)


def _next(request: HttpRequest, draft: Draft, one: FormSection, unread: Mapping[str, Problem]) -> HttpResponse:
    """On, unless something is missing here; questions that the answers have brought up are asked first."""
    problems = filling.missing(draft, one, unread)
    if problems:
        if filling.is_new(request, draft, problems):
            return _show(request, draft, one, more=True)
        return _show(request, draft, one, problems=problems, status=422)
    if draft.gate(one) is not None:
        return _show(request, draft, one, status=422)
    returning = request.GET.get("then") == "review"
    if (onward := journeys.onward(draft, one, returning=returning)) is not None:
        return redirect(onward)
    _, after = draft.neighbours(one)
    if after is None or returning:
        return redirect("web:review", key_of(draft.case))
    return redirect(section_url(draft.case, after))


def _show(
    request: HttpRequest,
    draft: Draft,
    one: FormSection,
    *,
    problems: Mapping[str, Problem] | None = None,
    posted: Mapping[str, Sequence[str]] | None = None,
    elsewhere: Mapping[str, str] | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    case, progress = draft.case, journeys.progress(draft, one.id)
    drawn = filling.place_map(one, reverse("web:map-style"))
    unseen = cases.unseen_sections(case, case.part_of) if case.part_of is not None else set()
    context = {
        "form": {
            **progress,
            "procedure": journeys.whole_title(draft),
            "parts_url": journeys.parts_url(case),
            **filling.base(draft, one),
            "back": progress["number"] > 1,
            "returning": request.GET.get("then") == "review",
            "for_another": subject_words(case) if case.subject_id else "",
            "uploads_url": reverse("web:uploads", args=(key_of(case),)) if _takes_files(one) else "",
            "largest": uploads.MAX_BYTES,
            "map": drawn,
            "delete_url": "" if draft.correcting or case.part_of_id else reverse("web:withdraw", args=(key_of(case),)),
        },
        "section": draft.page(
            one, problems, posted, elsewhere, by=visiting.actor(request), linked=_linked(request, case)
        ),
        "problems": draft.links(problems or {}),
        "gate": draft.gate(one),
        "earlier": Earlier(case.opened_at, "") if one.id in unseen else None,
        **more,
    }
    answer = render(request, "web/section.html", context, status=status)
    return mapping.with_policy(answer) if drawn is not None else answer


def _linked(request: HttpRequest, case: Case) -> frozenset[str]:
    """The fields that still say what a link chose for this procedure."""
    raw = visiting.kept_link(request, case.procedure.code, str(case.pk)) if case.received_at is None else {}
    return frozenset(name for name, same in standing(case, raw).items() if same)


def _takes_files(one: FormSection) -> bool:
    return any(field.type in forms.UPLOADED for field in one.fields)


def _conflict(request: HttpRequest, draft: Draft, one: FormSection, refusal: Stale) -> HttpResponse:
    """Another window has saved the same section: both values are shown, and the next press decides."""
    case = own(visiting.actor(request), str(draft.case.pk))
    fresh = Draft(case)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"message": words(refusal)}, status=409)
    posted = dict(request.POST.lists())
    return _show(
        request, fresh, one, posted=posted, elsewhere=filling.elsewhere(fresh, refusal), status=409, stale=True
    )


# -- photos and files -------------------------------------------------------------------------------------------------


def _remove_document(resident: Actor, case: Case, what: str) -> None:
    try:
        key = UUID(what.rpartition(":")[2])
    except ValueError:
        return
    actions.remove_document(case, key, by=resident)


def _drop_upload(resident: Actor, case: Case, what: str) -> None:
    try:
        actions.drop_upload(cases.upload(case, UUID(what)), by=resident)
    except (ValueError, NotFound):  # it is gone already
        return


@require_safe
@for_residents
def document(request: HttpRequest, resident: Actor, key: str, document_id: UUID) -> HttpResponse:
    """A photograph or file of one's own case, never run by the browser."""
    return uploaded(*cases.content(own(resident, key), document_id))
