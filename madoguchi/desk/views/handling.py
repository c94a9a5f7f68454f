"""A case and what the desk does with it. Opening is an act; so is every form of the page, and one post is one act."""

from typing import Any
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.actions.handling import MAX_NOTE
from madoguchi.cases.models import Step
from madoguchi.desk.access import desk, opened_by, seen_by, words
from madoguchi.desk.presenting.casepage import case_page, life_event_page
from madoguchi.desk.presenting.editing import wanted_of
from madoguchi.desk.presenting.header import header_asked
from madoguchi.desk.presenting.panels import BECAUSE, DRAFT, FIX, NOTE, OUTCOME, REASONS, Posted, Typed, done_words
from madoguchi.desk.presenting.seals import outcome_of_seal
from madoguchi.desk.views.files import file_response
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.events.composing import asked_together
from madoguchi.ground.errors import Invalid, NotFound, Problem, Refused
from madoguchi.ground.text import clean
from madoguchi.messages.rules.binding import bind


@require_safe
@desk
def case(request: HttpRequest, by: Actor, number: str) -> HttpResponse:
    """The whole case on one page. The number of a life event leads to its parts that the reader may see."""
    try:
        found = cases.staff_case(number, by)
    except NotFound:
        parts = cases.staff_parts(number, by)
        if len(parts) == 1:
            return redirect("desk:case", parts[0].number)
        if parts:
            return render(request, "desk/life_event.html", {"page": life_event_page(parts)})
        found = seen_by(number, by)
    if found.number != number:
        return redirect("desk:case", found.number)
    actions.read(found, by=by)
    with asked_together(*cases.case_asked(found, by), *header_asked(by)):
        return render(request, "desk/case.html", {"page": case_page(found, by)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def act_on(request: HttpRequest, by: Actor, number: str, step_id: UUID) -> HttpResponse:
    """Do a step. What is refused changes nothing and comes back as it was typed, with what was wrong."""
    found = seen_by(number, by)
    if request.method != "POST":
        return redirect("desk:case", found.number)
    posted = posted_of(request.POST)
    try:
        step = cases.staff_step(found, step_id)
        outcome = _perform(step, posted, by)
    except NotFound:
        raise
    except Refused as refusal:
        typed = Typed(str(step_id), posted, refusal)
        page = case_page(opened_by(number, by), by, typed)
        return render(request, "desk/case.html", {"page": page}, status=refusal.status)
    notices.success(request, done_words(step.kind, outcome))
    return redirect("desk:case", found.number)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def draft(request: HttpRequest, by: Actor, number: str, step_id: UUID) -> HttpResponse:
    """The letter as it would go out with what is typed into the step's form (PDF). Nothing changes."""
    found = seen_by(number, by)
    if request.method != "POST":
        return redirect("desk:case", found.number)
    posted = posted_of(request.POST)
    try:
        found = opened_by(number, by)
        step = cases.open_steps(by).filter(case=found, pk=step_id).first()
        if step is None:
            raise NotFound("step-unknown", "この段階は見つかりません。画面を読み込み直してください。")
        letters = _drafts(step, posted)
    except Invalid as refusal:
        if request.accepts("text/html"):
            page = case_page(found, by, Typed(str(step_id), posted, refusal))
            return render(request, "desk/case.html", {"page": page}, status=refusal.status)
        return JsonResponse({"message": words(refusal)}, status=refusal.status)
    name = gettext("通知書の案（%(number)s）") % {"number": found.number}
    return file_response(b"".join(bind(letters)), "application/pdf", f"{name}.pdf", inline=False)


def _drafts(step: Step, posted: Posted) -> list[bytes]:
    typed = Typed(str(step.pk), posted, Refused("", ""))
    outcome = typed.said(OUTCOME) or ("approve" if step.kind == "approve" else "accept")
    if step.kind == "examine":
        return actions.draft_letters(step, outcome, **_found(typed, outcome))
    return actions.draft_letters(step, outcome)


def posted_of(post: QueryDict) -> Posted:
    """The inputs by name. The era of a date is joined to its year, as people say it: 令和8."""
    raw = {name: list(values) for name, values in post.lists()}
    for name in [name for name in raw if name.endswith(".era")]:
        era, year = raw.pop(name)[-1], name.removesuffix("era") + "year"
        if era and raw.get(year, [""])[-1].strip():
            raw[year] = [era + raw[year][-1].strip()]
    return raw


def _perform(step: Step, posted: Posted, by: Actor) -> str:
    """The act of this kind of step; returns its outcome."""
    typed = Typed(str(step.pk), posted, Refused("", ""))
    outcome, note = typed.said(OUTCOME), typed.said(NOTE)
    problem = _problem(step, typed, outcome) if step.done_at is None else None
    if problem is not None:
        verb = step.kind if step.kind in ("examine", "approve", "consult") else "do"
        refuse(f"case.{verb}", problem, by=by, subject=step)
        raise problem
    if step.kind == "examine":
        actions.examine(
            step,
            outcome,
            by=by,
            note=note,
            corrections=typed.notes if outcome == "return" else {},
            **_found(typed, outcome),
        )
    elif step.kind == "approve":
        actions.approve(step, outcome, by=by, note=note, because=typed.said(BECAUSE), draft=typed.said(DRAFT))
        return outcome_of_seal(step, by) if outcome == "approve" else outcome
    elif step.kind == "consult":
        actions.consult(step, by=by, note=note)
    else:
        actions.do(step, by=by, note=note)
    return outcome


def _found(typed: Typed, outcome: str) -> dict[str, Any]:
    """What the examination says beside its outcome."""
    return {
        "reasons": typed.said(REASONS).splitlines() if outcome == "refuse" else (),
        "findings": {name: values for name, values in typed.posted.items() if not name.startswith("_")},
        "wanted": wanted_of(typed.posted),
    }


def _problem(step: Step, typed: Typed, outcome: str) -> Invalid | None:
    """What the form itself can get wrong: nothing chosen, or sentences written that the choice would throw away, or
    that hold what cannot be kept. The acts would refuse most of it, too, but not name the place."""
    written = {FIX + path: words for path, words in typed.notes.items() if words.strip()}
    texts = {"note": typed.said(NOTE), "reasons": typed.said(REASONS), "because": typed.said(BECAUSE), **written}
    wrong = {name: problem for name, words in texts.items() if (problem := _unkeepable(words)) is not None}
    if wrong:
        first = next(iter(wrong.values()))
        return Invalid(first.code, first.message, first.params, fields=wrong)
    if step.kind not in ("examine", "approve"):
        return None
    if not outcome:
        problem = Problem("outcome-missing", "結果を選んでください。")
        return Invalid("outcome-missing", "結果を選んでください。", fields={"outcome": problem})
    if written and outcome != "return":
        message = "補正の文が書かれています。「補正を求める」を選ぶか、書いた文を消してください。"
        unsent = Problem("correction-unsent", "この結果では、この文は送られません。")
        return Invalid("correction-unsent", message, fields=dict.fromkeys(written, unsent))
    if typed.said(REASONS).strip() and outcome != "refuse":
        message = "認めない理由が書かれています。「認めない」を選ぶか、書いた文を消してください。"
        unsent = Problem("reason-unsent", "この結果では、この理由は使われません。")
        return Invalid("reason-unsent", message, fields={"reasons": unsent})
    return None


def _unkeepable(words: str) -> Problem | None:
    try:
        clean(words, multiline=True, max_length=MAX_NOTE)
    except Invalid as refusal:
        return refusal.as_problem()
    return None
