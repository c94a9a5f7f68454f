"""合議 on the way: asking other sections, answering, dropping a question. What is refused comes back as typed."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.desk.access import desk, opened_by, seen_by, words
from madoguchi.desk.presenting.casepage import case_page
from madoguchi.desk.presenting.consulting import consulting_block
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, Refused, fill


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def ask(request: HttpRequest, by: Actor, number: str) -> HttpResponse:
    """Ask one or several sections the same."""
    case = seen_by(number, by)
    if request.method != "POST":
        return redirect("desk:case", case.number)
    said = request.POST
    days = said.get("days", "")

    def act() -> str:
        asked = actions.ask_opinion(
            case,
            said.getlist("section"),
            said.get("question", ""),
            int(days) if days.isascii() and days.isdigit() else 0,
            by=by,
        )
        return gettext("%(count)sつの課に合議を求めました。") % {"count": len(asked)}

    return _answer(request, case, by, "ask", act)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def question(request: HttpRequest, by: Actor, number: str, question_id: UUID) -> HttpResponse:
    """``_do`` answer: 異議なし or an opinion; drop: the answer is no longer awaited."""
    case = seen_by(number, by)
    if request.method != "POST":
        return redirect("desk:case", case.number)
    said = request.POST

    def act() -> str:
        if said.get("_do") == "drop":
            actions.drop_question(case, question_id, said.get("why", ""), by=by)
            return gettext("合議を取り下げました。")
        agreed = {"yes": True, "no": False}.get(said.get("agreed", ""))
        actions.give_opinion(case, question_id, agreed, said.get("answer", ""), by=by)
        return gettext("合議に回答しました。")

    return _answer(request, case, by, str(question_id), act)


def _answer(request: HttpRequest, case: Case, by: Actor, form: str, act: Callable[[], str]) -> HttpResponse:
    try:
        done = act()
    except Refused as refusal:
        page = case_page(opened_by(str(case.number), by), by)
        problems = {name: fill(gettext(one.message), one.params) for name, one in refusal.fields.items()}
        if isinstance(refusal, Invalid) and not problems:  # a text that cannot be kept
            field = "question" if form == "ask" else "why" if request.POST.get("_do") == "drop" else "answer"
            problems = {field: words(refusal)}
        anchor = (f"ask-{name}" if form == "ask" else f"q-{form}-{name}" for name in problems)
        page.refuse(words(refusal), refusal.status, anchor=next(anchor, "consulting"), label=gettext("合議"))
        page.consulting = consulting_block(case, by, (form, dict(request.POST.lists()), problems))
        return render(request, "desk/case.html", {"page": page}, status=refusal.status)
    notices.success(request, done)
    return redirect(reverse("desk:case", args=(case.number,)))
